//! The meters themselves, as constant tables: one folder a family, its artwork in `art/`.
//!
//! Nothing here behaves. A model is a [`ModelDef`], which the firmware holds, and beside it its [`ModelNotes`]: labels,
//! reasons and sources for people, which the firmware leaves out.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

use schema::{ModelDef, ModelNotes};

pub mod pro1;

pub use pro1::{PRO1_MOD, PRO1_MOD_NOTES};

/// A model with what is said about it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The description.
    pub def: &'static ModelDef,
    /// The notes on it, table by table.
    pub notes: &'static ModelNotes,
}

/// Every model there is.
pub const ALL: &[Entry] = &[Entry { def: &PRO1_MOD, notes: &PRO1_MOD_NOTES }];
