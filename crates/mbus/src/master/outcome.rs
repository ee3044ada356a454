//! What becomes of a request.

use crate::link::{ACK, Control, FrameFault};
use crate::{LineError, LineParams};
use core::fmt;
use units::Duration;

/// How a master treats its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterConfig {
    /// The line as it is now.
    pub line: LineParams,
    /// Time a slave has for the first byte of its answer in bit times: 330 by EN 13757-2.
    pub answer_bits: u16,
    /// What comes on top of them: 50 ms by EN 13757-2; more for adapters and networks that deliver late.
    pub margin: Duration,
    /// Pause that ends an answer, 33 bit times at least; more for adapters that deliver in chunks.
    pub quiet: Duration,
    /// What lies between hands a telegram out when it is whole, as gateways do: its first byte has the time of the
    /// longest frame on top.
    pub whole_frames: bool,
}

impl MasterConfig {
    /// The times of the standard on `line`.
    #[must_use]
    pub const fn new(line: LineParams) -> Self {
        Self {
            line,
            answer_bits: 330,
            margin: Duration::from_millis(50),
            quiet: Duration::from_millis(20),
            whole_frames: false,
        }
    }

    /// From the end of a request to the latest first byte of its answer.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.line.bits(self.answer_bits) + self.margin
    }

    /// From the end of a question for a telegram to the latest time at which its first byte is heard.
    #[must_use]
    pub fn patience_for_data(&self) -> Duration {
        let gathered =
            if self.whole_frames { self.line.wire_time(crate::FRAME_BUFFER) } else { Duration::ZERO };
        self.patience() + gathered
    }

    /// The pause that ends an answer and must pass after a fault.
    #[must_use]
    pub fn pause(&self) -> Duration {
        self.quiet.max(self.line.bits(33))
    }
}

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// Another one is under way.
    Busy,
    /// It makes no frame.
    Frame(FrameFault),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("another request is under way"),
            Self::Frame(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for RequestError {}

/// What bytes are that make no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garble {
    /// Several slaves at once: the first byte is what a space of any of them leaves of the expected one, or the
    /// line reported damaged characters, or more than one answer came.
    Collision,
    /// Bytes no overlap of answers can make: an answer starts with E5 or 68, and a second slave can only turn
    /// ones of it into zeros.
    Noise,
    /// A good frame, but not an answer to this request.
    Misfit,
}

impl Garble {
    /// Judges what was heard instead of an answer that starts with `start`.
    #[must_use]
    pub(crate) fn judge(bytes: &[u8], start: u8, line: Option<LineError>) -> Self {
        match bytes {
            [] => Self::Collision,
            [first, ..] if first & !start == 0 || first & !ACK == 0 => Self::Collision,
            _ if line.is_some() => Self::Collision,
            _ => Self::Noise,
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// Exactly one E5. It names nobody: several equal ones can overlap to one.
    Ack,
    /// A frame with user data.
    Response {
        /// The C field.
        control: Control,
        /// The A field.
        address: u8,
        /// The CI field.
        ci: u8,
        /// The user data behind it, see [`crate::Application::parse`].
        data: &'a [u8],
    },
    /// The request went to everybody; nobody answers it.
    Sent,
    /// Nobody answered in time.
    Silence,
    /// Something was heard that is no answer.
    Garbled {
        /// What it looks like.
        kind: Garble,
        /// The bytes, without the echo.
        bytes: &'a [u8],
        /// What the line reported, if it did.
        line: Option<LineError>,
    },
    /// The answer to a raw request: whatever came until the line fell silent, without the echo.
    Raw(&'a [u8]),
}
