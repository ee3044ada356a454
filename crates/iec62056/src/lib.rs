//! IEC 62056-21 mode C without I/O: the optical port of a meter and the reading head before it.
//!
//! [`TariffDevice`] answers for one meter, [`Head`] asks. The two machines have one shape: bytes and the time go in
//! through `handle_*`, the caller sleeps until `poll_at()` and takes what there is to do from `poll()` until it yields
//! nothing. No clock, no allocation; every buffer is borrowed from the caller.
//!
//! What the device says is the caller's, see [`ObisSource`]. Without a machine, what goes over the line is read and
//! written by [`signon`], [`message`] and [`data`].
//!
//! # A session
//!
//! | head | device | line |
//! |---|---|---|
//! | `/?address!` CR LF | `/XXXZtext` CR LF | 300 Bd 7E1 |
//! | ACK `0 Z 0` CR LF | STX lines `!` CR LF ETX BCC | the speed of Z from the end of the ACK on |
//! | ACK `0 Z 1` CR LF | SOH `P0` STX `(operand)` ETX BCC | the same |
//! | SOH `P1` STX `(password)` ETX BCC | ACK, or SOH `B0` ETX BCC | |
//! | SOH `R1` STX `address(operand)` ETX BCC | STX `address(value*unit)` ETX BCC, or STX `(ERRnn)` ETX BCC | |
//! | SOH `W1` STX `address(value)` ETX BCC | ACK, or STX `(ERRnn)` ETX BCC | |
//! | SOH `B0` ETX BCC | nothing | back to 300 Bd |
//!
//! # Characters
//!
//! The line is 7E1. A transport of 8-bit characters (TCP, a pty, a port set to 8N1) carries the same characters: bit 7
//! is ignored on input and clear on output, since a port at 7E1 adds the parity itself.
//!
//! # Assumed
//!
//! The standard's text leaves these open, or the field differs:
//!
//! - An ACK that names an unknown protocol or mode counts as none: the device reads out at 300 Bd. One that names a
//!   speed above the proposed one, or no speed of mode C, stays at 300 Bd and does what it asks.
//! - A wrong password ends the session (`B0`), so that a head can tell it from a damaged message;
//!   [`DeviceConfig::wrong_password`] has the NAK that others send.
//! - A message whose command the device does not know, or that is longer than its buffer, is answered with NAK.
//! - A sign-on is heard in every state, at the speed the line has: behind TCP a head comes anew without a word.
//! - After a read-out the device listens for so long as for an ACK, at the speed of the read-out: NAK repeats it.
//! - Secondary procedures (V other than 0), modes D and E, reading in partial blocks by command (R3, W3) and
//!   encryption are left out. A head takes partial blocks (EOT) in a read-out.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

pub mod bcc;
pub mod data;
mod device;
mod fault;
pub mod head;
pub mod message;
pub mod signon;

pub use bcc::Bcc;
pub use data::{DataSet, DataSets, ObisCode};
pub use device::{
    DeviceConfig, DeviceEvent, End, ObisSource, Refused, Rejection, TariffDevice, WrongPassword,
};
pub use fault::FormFault;
pub use head::{Done, Head, HeadConfig, HeadEvent, HeadFault, RequestError, Step};
pub use message::Message;
pub use signon::{Identification, Mode, OptionSelect, SignOn};
pub use units::{LineError, LineParams};

/// The line of a sign-on, and of everything when no session is open.
pub const SIGN_ON_LINE: LineParams = LineParams::optical(300);

/// A buffer for one message: the least size in bytes of the two buffers a [`TariffDevice`] borrows and of the
/// transmit buffer of a [`Head`]. Room for an address, a value of 128 characters and what stands around them.
pub const MESSAGE_BUFFER: usize = 192;

/// The least size in bytes of the receive buffer of a [`Head`]: a message, and what comes in while it is looked at.
pub const LISTEN_BUFFER: usize = 2 * MESSAGE_BUFFER;

/// The longest line of a read-out in bytes, without its CR LF.
pub const MAX_LINE: usize = 78;

/// What a machine wants done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output<'a, E = DeviceEvent> {
    /// Send these bytes, then call `handle_tx_done` when the last stop bit has left. Another `Transmit` may follow
    /// at once: it goes on without a pause.
    Transmit(&'a [u8]),
    /// Set the line to these parameters now.
    Reconfigure(LineParams),
    /// Something happened.
    Event(E),
}

/// Control characters (ISO/IEC 646).
pub mod control {
    /// Start of a programming message.
    pub const SOH: u8 = 0x01;
    /// Start of data.
    pub const STX: u8 = 0x02;
    /// End of the last or only block.
    pub const ETX: u8 = 0x03;
    /// End of a partial block: another follows once this one is acknowledged.
    pub const EOT: u8 = 0x04;
    /// Acknowledged.
    pub const ACK: u8 = 0x06;
    /// Repeat.
    pub const NAK: u8 = 0x15;
}

/// Seven-bit characters as text; empty where they are none.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

/// Writes pieces one after the other to the front of `into` and returns their length.
fn put(into: &mut [u8], pieces: &[&[u8]]) -> Result<usize, FormFault> {
    let needed = pieces.iter().map(|piece| piece.len()).sum();
    let mut rest = into.get_mut(..needed).ok_or(FormFault::Buffer { needed })?;
    for piece in pieces {
        let Some((front, tail)) = rest.split_at_mut_checked(piece.len()) else { break };
        front.copy_from_slice(piece);
        rest = tail;
    }
    Ok(needed)
}
