//! What a client is told and what it tells.

use crate::Framing;
use crate::pdu::{Exception, FrameFault, Response};
use crate::{LineError, LineParams};
use core::fmt;
use units::Duration;

/// How a client treats its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientConfig {
    /// [`Framing::PredictClient`] on serial lines, [`Framing::Mbap`] on TCP.
    pub framing: Framing,
    /// Pause kept between the last byte heard and the next request: t3.5 of the line.
    pub idle: Duration,
    /// Silence that must be heard after an exchange that failed, before the next request goes out.
    pub quiet: Duration,
    /// Time for all devices to do what a write to unit 0 asks (serial line V1.02 §2.4.1: 100 to 200 ms).
    pub turnaround: Duration,
}

impl ClientConfig {
    /// A serial line: t3.5 between frames, 50 ms of silence after a failure, 100 ms after a broadcast.
    #[must_use]
    pub const fn serial(line: LineParams) -> Self {
        Self {
            framing: Framing::PredictClient,
            idle: line.t35(),
            quiet: Duration::from_millis(50),
            turnaround: Duration::from_millis(100),
        }
    }

    /// Modbus TCP: no pauses, and unit 0 is an ordinary address.
    #[must_use]
    pub const fn tcp() -> Self {
        Self {
            framing: Framing::Mbap,
            idle: Duration::ZERO,
            quiet: Duration::ZERO,
            turnaround: Duration::ZERO,
        }
    }
}

/// Whether the adapter hands back what it sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Echo {
    /// No exchange has told yet.
    #[default]
    Unknown,
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The exchange before is still under way.
    Busy,
    /// The request makes no frame.
    Frame(FrameFault),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the request before is still under way"),
            Self::Frame(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for RequestError {}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was heard until the deadline.
    NoAnswer,
    /// Only the own request was heard.
    OnlyEcho,
    /// Bytes were heard, but no answer is among them.
    Damaged {
        /// How many, the echo left out.
        bytes: u16,
    },
    /// A whole answer of this function came from another unit.
    WrongUnit(u8),
    /// The right unit gave a whole answer that does not fit the request.
    Misfit,
    /// The line reported damaged characters, and no answer was whole.
    Line(LineError),
    /// The TCP stream cannot be followed any more: close the connection.
    Stream(FrameFault),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer => f.write_str("nothing was heard"),
            Self::OnlyEcho => f.write_str("only the echo of the request was heard"),
            Self::Damaged { bytes: 1 } => f.write_str("1 byte was heard, but no whole answer"),
            Self::Damaged { bytes } => write!(f, "{bytes} bytes were heard, but no whole answer"),
            Self::WrongUnit(unit) => write!(f, "unit {unit} answered instead"),
            Self::Misfit => f.write_str("the answer does not fit the request"),
            Self::Line(error) => write!(f, "the answer was damaged: {error}"),
            Self::Stream(fault) => write!(f, "the connection is out of step: {fault}"),
        }
    }
}

impl core::error::Error for Fault {}

/// What an exchange left behind, whatever its outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Bytes heard, the echo left out.
    pub bytes: u16,
    /// The request was heard back.
    pub echo: bool,
    /// The first damaged character the line reported.
    pub line: Option<LineError>,
    /// Another unit whose whole answer was heard.
    pub wrong_unit: Option<u8>,
    /// A whole answer of the right unit did not fit the request.
    pub misfit: bool,
    /// An answer began as the one that was asked for, and came to no whole one.
    pub head: bool,
}

impl Evidence {
    /// The one fault that explains most.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        if self.misfit {
            Fault::Misfit
        } else if let Some(unit) = self.wrong_unit {
            Fault::WrongUnit(unit)
        } else if let Some(error) = self.line {
            Fault::Line(error)
        } else if self.bytes > 0 {
            Fault::Damaged { bytes: self.bytes }
        } else if self.echo {
            Fault::OnlyEcho
        } else {
            Fault::NoAnswer
        }
    }
}

/// An answer that fits its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// Who answered; with a request to unit 0 this is how the device is found.
    pub unit: u8,
    /// The answer. Never an exception: that is [`Outcome::Refused`].
    pub response: Response<'a>,
    /// The request was heard back before it.
    pub echo: bool,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The answer.
    Reply(Reply<'a>),
    /// The device refused.
    Refused {
        /// Who refused.
        unit: u8,
        /// Why.
        exception: Exception,
        /// The request was heard back before it.
        echo: bool,
    },
    /// One copy of a write was heard that is its answer or its own echo: read back to know.
    Unconfirmed {
        /// The unit that was asked.
        unit: u8,
    },
    /// A write to all units went out; nobody answers such a write.
    Sent,
    /// What came after a raw frame.
    Raw {
        /// All bytes heard, the echo left out.
        bytes: &'a [u8],
        /// The frame was heard back.
        echo: bool,
    },
    /// No answer until the deadline.
    Failed {
        /// The fault that explains most.
        fault: Fault,
        /// All that was seen.
        evidence: Evidence,
    },
}
