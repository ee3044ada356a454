//! Phase readings and metered time in; energies, readings and pulses out.
//!
//! [`Metering::advance`] is closed form over one constant load: a millisecond and a year cost the same, and however
//! the same time is cut into pieces, every counter and every pulse comes out the same to the last bit. The caller cuts
//! where the load, the tariff or a setting changes.
//!
//! All arithmetic is in integers. A power in mW times a time in µs is an energy in mW·µs; what does not fill a whole
//! Wh is carried in the counter, so nothing is ever rounded away.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod counter;
mod flow;
mod load;
mod metering;
mod output;
mod polyphase;
mod pulse;
mod reading;
mod s0;

#[cfg(test)]
mod tests;

pub use counter::Counter;
pub use load::{Load, PhaseReading};
pub use metering::Metering;
pub use output::{Edge, PulseOutput, PulseSource};
pub use polyphase::{POLYPHASE, Polyphase};
pub use pulse::{Pulses, Train};
