//! Quantities with their unit in the name, decimal text, binary coded decimal, time, the serial line, and [`Point`]:
//! the words in which every room of the house speaks about a measured value.
//!
//! Nothing here holds state, reads a clock or allocates.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

pub mod bcd;
mod ct;
pub mod decimal;
mod line;
mod point;
mod time;

pub use ct::CtRatio;
pub use line::{DataBits, LineError, LineParams, Parity};
pub use point::{EnergyKind, Flow, Of, Phase, Point, PointKeyError, StateOf, Tariff, Unit, What};
pub use time::{Duration, Instant};
