//! M-Bus without I/O: the link layer of EN 13757-2 and the records of EN 13757-3, both ways.
//!
//! [`Slave`] answers, [`Master`] asks, [`Search`] finds the meters of a line by their secondary address. The two
//! machines have one shape: bytes and the time go in through `handle_*`, the caller sleeps until `poll_at()` and takes
//! what there is to do from `poll()` until it yields nothing. No clock, no allocation; every buffer is borrowed from
//! the caller.
//!
//! What a slave says is the caller's, see [`RecordSource`]. Without a machine, frames are read and written by
//! [`link`], telegrams by [`application`], [`record`] and [`writer`].

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

pub mod application;
pub mod header;
pub mod link;
pub mod master;
mod raw;
pub mod record;
pub mod search;
mod slave;
pub mod value;
pub mod vif;
pub mod writer;

pub use application::Application;
pub use header::{Header, Identity, Manufacturer, Mask};
pub use link::{Control, Frame, FrameFault};
pub use master::{Garble, Master, MasterConfig, Outcome, RequestError};
pub use raw::{RawRecord, RawRecords};
pub use record::{Direction, Function, Phase, Record, RecordFault, Records};
pub use search::{Finding, Heard, Search, Step};
pub use slave::{Command, Event, RecordSource, Refused, Slave, SlaveConfig};
pub use units::{LineError, LineParams};
pub use value::Value;
pub use vif::{Quantity, Unit};
pub use writer::{Data, Place, Writer};

/// The least size in bytes of the two buffers a [`Slave`] borrows and of the transmit buffer of a [`Master`]:
/// the longest frame there is (EN 13757-2: 255 counted bytes and six around them).
pub const FRAME_BUFFER: usize = link::MAX_FRAME;

/// The least size in bytes of the receive buffer of a [`Master`]: the echo of the longest request and the longest answer.
pub const LISTEN_BUFFER: usize = 2 * FRAME_BUFFER;

/// What a machine wants done next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output<'a, E = Event> {
    /// Send these bytes, then call `handle_tx_done` when the last stop bit has left.
    Transmit(&'a [u8]),
    /// Set the line to these parameters now.
    Reconfigure(LineParams),
    /// Something happened.
    Event(E),
}
