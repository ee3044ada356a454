//! The one door to the outside: bytes in and out of a line, real or simulated.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use modbus::{LineError, LineParams};
use units::{Duration, Instant};

/// Bytes in and out of a line. A simulated wire, a serial device, a TCP connection and Web Serial each have one.
///
/// Its futures are polled by whoever owns the port; dropping one between two calls loses nothing but its bytes.
pub trait Port {
    /// Sends `bytes`. It resolves when the last of them has left, as well as the port can know.
    ///
    /// # Errors
    /// [`PortFault`]; some of the bytes may have left then.
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault>;

    /// The next thing heard, or [`Received::Quiet`] when `until` is reached. Bytes that came since the last call, a
    /// transmission included, are handed out at once.
    ///
    /// # Errors
    /// [`PortFault`] where nothing can be heard any more.
    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault>;

    /// Sets speed and parity. Where that needs a close and an open, both happen here.
    ///
    /// # Errors
    /// [`PortFault`] where the line is not at the new parameters afterwards.
    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault>;

    /// Lets `span` pass without losing what is heard meanwhile.
    ///
    /// # Errors
    /// [`PortFault`] where the port goes meanwhile.
    async fn wait(&mut self, span: Duration) -> Result<(), PortFault>;

    /// The time by the port's own clock. It never goes backwards.
    fn now(&self) -> Instant;
}

/// What a port heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Bytes, in any chunking.
    Bytes(Vec<u8>),
    /// A damaged character.
    LineError(LineError),
    /// Nothing until the time that was given.
    Quiet,
}

/// Why a port does not work. Its text says what happened, why perhaps, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortFault {
    /// The adapter was unplugged, or the connection was closed.
    Lost,
    /// Somebody else holds it.
    Busy,
    /// The system does not allow it.
    Denied,
    /// Anything else, in the system's words.
    Failed(String),
}

impl fmt::Display for PortFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str(
                "The adapter was unplugged or the connection was closed. Plug it in again, then connect.",
            ),
            Self::Busy => f.write_str(
                "Another program or tab holds this adapter. Close it there, then try again.",
            ),
            Self::Denied => f.write_str(
                "The system refused the port. On Linux your user needs the group dialout (or uucp); a browser in a \
                 sandbox package cannot open it.",
            ),
            Self::Failed(why) => write!(f, "The port failed: {why}. Close it and open it again."),
        }
    }
}

impl core::error::Error for PortFault {}

/// A port that is lent: whoever owns it has it back afterwards.
impl<P: Port> Port for &mut P {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        (**self).transmit(bytes).await
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        (**self).receive(until).await
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        (**self).reconfigure(line).await
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        (**self).wait(span).await
    }

    fn now(&self) -> Instant {
        (**self).now()
    }
}
