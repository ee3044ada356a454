//! Modbus without I/O: the application protocol (V1.1b3) over serial lines (RTU, V1.02) and TCP (MBAP).
//!
//! [`Server`] answers, [`Client`] asks, [`Sniffer`] listens. All three have one shape: bytes and the time go in
//! through `handle_*`, the caller sleeps until `poll_at()` and takes what there is to do from `poll()` until it
//! yields nothing. No clock, no allocation; every buffer is borrowed from the caller.
//!
//! Where a frame ends is a policy, see [`Framing`]. What stands behind the registers is the caller's, see
//! [`RegisterAccess`]. Frames are read and written without a machine by [`pdu`], [`rtu`] and [`mbap`].

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

pub mod client;
pub mod crc;
pub mod mbap;
pub mod pdu;
pub mod rtu;
mod server;
pub mod sniffer;

pub use client::{Client, ClientConfig, Echo, Evidence, Fault, Outcome, Reply, RequestError};
pub use pdu::{Exception, FrameFault, Request, Response, WireWords, Words};
pub use server::{Event, RegisterAccess, Server, ServerConfig, Unit0, WriteKind};
pub use sniffer::{Heard, Sniffer};
pub use units::{LineError, LineParams, Parity};

use units::Duration;

/// The least size in bytes of the two buffers a [`Server`] borrows: the longest frame of all, a TCP ADU
/// (Modbus messaging on TCP/IP V1.0b §3.1.3).
pub const FRAME_BUFFER: usize = 260;

/// The least size in bytes of the receive buffer of a [`Client`] or [`Sniffer`]: the echo of the longest
/// request, the longest answer and some noise.
pub const LISTEN_BUFFER: usize = 2 * FRAME_BUFFER;

/// Silence that ends a frame where no timer sees the bytes themselves: browser, USB adapter, pty, TCP.
pub const PREDICT_GAP: Duration = Duration::from_millis(30);

/// How a machine finds where a frame ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// By silence on a UART that delivers each byte at its time (Modbus serial line V1.02 §2.5.1.1).
    /// Both spans count from the arrival of one byte to the arrival of the next; [`Framing::silence`] sets them.
    Silence {
        /// A longer pause inside a frame spoils it.
        t15: Duration,
        /// A pause as long as this ends the frame.
        t35: Duration,
    },
    /// By length and CRC, for a server whose bytes come in chunks: the bytes are tried as a request and as the
    /// answer of a neighbour; where neither fits, everything is dropped until a pause of `gap`.
    PredictServer {
        /// Pause that gives an unfinished frame up; [`PREDICT_GAP`] unless there is a reason.
        gap: Duration,
    },
    /// By length and CRC, for a client: only the request's deadline ends an answer.
    PredictClient,
    /// By the length in the header of Modbus TCP.
    Mbap,
}

impl Framing {
    /// Framing by silence at the speed of `line`. One character time is added to t1.5, since the pause is seen
    /// only when the next character is complete.
    #[must_use]
    pub fn silence(line: LineParams) -> Self {
        Self::Silence { t15: line.t15() + line.char_time(), t35: line.t35() }
    }

    /// Framing by length and CRC for a server, with the usual [`PREDICT_GAP`].
    #[must_use]
    pub const fn predict_server() -> Self {
        Self::PredictServer { gap: PREDICT_GAP }
    }

    /// The same at the speed of `line`: below 1200 Bd the next character of a frame can come later than [`PREDICT_GAP`],
    /// so that no pause below 3.5 characters ends it.
    #[must_use]
    pub fn predict_server_at(line: LineParams) -> Self {
        Self::PredictServer { gap: PREDICT_GAP.max(line.t35()) }
    }
}

/// What a machine wants done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output<'a, E = Event> {
    /// Send these bytes, then call `handle_tx_done` when the last stop bit has left.
    Transmit(&'a [u8]),
    /// Set the line to these parameters now.
    Reconfigure(LineParams),
    /// Something happened.
    Event(E),
}
