//! Non-volatile records: each in a main and a backup copy, with sequence number and CRC, safe against a supply that
//! goes at any byte.
//!
//! A record is written whole into its main copy and then whole into its backup. Whatever byte the supply goes at, one
//! of the two is untouched: the restart finds the old payload or the new one, never a mixture, and never nothing.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod bytes;
mod record;
mod store;

#[cfg(test)]
mod tests;

pub use bytes::{Reader, Writer};
pub use record::{
    Found, HEADER, Lost, NotWritten, Other, RecordDef, Writing, check_sum, load, load_part, rewrite, spoil,
    store, store_part,
};
pub use store::{CutNv, Nv, NvError, RamNv};
