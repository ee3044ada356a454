//! The panel of a meter with a dot matrix and three keys: what stands in its three parts, and its menu.
//!
//! The left and the right key go through pages, rows, values and digits, the middle key confirms; held, it opens the
//! choice between the radio and the settings, and leaves from wherever it is.

mod deed;
mod lines;
mod machine;
mod paint;
mod show;
#[cfg(test)]
mod tests;
mod view;

pub use machine::MatrixPanel;
pub use paint::{Unfit, paint};
pub use view::{
    ChoiceRow, Digits, Editor, Face, Figure, Header, HeaderItem, MAX_MENU, MAX_TOGETHER, MatrixView, MenuRow,
    Notice, Page, Part3, Register, Screen,
};
