//! The panel of a meter: keys go in with the time, pictures and [`Intent`]s come out.
//!
//! The pages, their texts and the grammar of the key are data of the model; this crate is the machine that walks
//! them. It never changes a setting: it says what the person asked for and is told whether it was done.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod deed;
mod draw;
mod entry;
mod extent;
mod keys;
mod layout;
mod machine;
pub mod matrix;
mod pair;
#[cfg(test)]
mod tests;
mod view;

pub use deed::{Deed, LetGo};
pub use draw::{Unshowable, draw, first_unshowable};
pub use extent::{Every, Extent, OneKey};
pub use keys::Keyed;
pub use machine::{Intent, Panel, Values};
pub use view::{MAX_FIELDS, Marks, MessageKind, Mode, PageView, Screen, Shown, marks_of};
