//! The panel of a meter with a dot matrix and three keys: what stands in its three parts, and its menu.

mod paint;
mod view;

pub use paint::{Unfit, paint};
pub use view::{
    ChoiceRow, Digits, Editor, Face, Figure, Header, HeaderItem, MAX_MENU, MatrixView, MenuRow, Notice, Page,
    Part3, Register, Screen,
};
