//! How a head treats its line, and what becomes of its requests.

use crate::{FormFault, Identification, LineError};
use core::fmt;
use units::Duration;

/// How a head treats its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadConfig {
    /// Pause from the last character heard to the next message, 200 ms at least. A device whose third letter is a
    /// small one gets 20 ms, unless this is less.
    pub reaction: Duration,
    /// How long the first character of an answer may take. The standard has 1500 ms; adapters add to it.
    pub answer_within: Duration,
    /// The longest pause between two characters of an answer.
    pub gap: Duration,
    /// How often a sign-on, or by NAK a damaged answer, is asked for again.
    pub retries: u8,
    /// Stay at 300 Bd, whatever the device proposes.
    pub slow: bool,
}

impl Default for HeadConfig {
    /// 200 ms, 2 s, 1500 ms, twice, the speed the device proposes.
    fn default() -> Self {
        Self {
            reaction: Duration::from_millis(200),
            answer_within: Duration::from_secs(2),
            gap: Duration::from_millis(1500),
            retries: 2,
            slow: false,
        }
    }
}

/// Why a request was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// Another one is under way.
    Busy,
    /// No session is in programming mode.
    Closed,
    /// It makes no message.
    Form(FormFault),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("another request is under way: fetch its end, or cancel it"),
            Self::Closed => {
                f.write_str("the programming mode is not open: expected a sign-on with it before")
            }
            Self::Form(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for RequestError {}

/// What a head was waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The identification.
    Identification,
    /// The read-out.
    ReadOut,
    /// The demand for a password.
    Operand,
    /// An acknowledgement.
    Acknowledge,
    /// A value.
    Data,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identification => "the identification",
            Self::ReadOut => "the read-out",
            Self::Operand => "the demand for a password (P0)",
            Self::Acknowledge => "the acknowledgement",
            Self::Data => "the data",
        })
    }
}

/// Why a request came to nothing. No line of a read-out that ended so is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadFault {
    /// Nothing came.
    Silence(Step),
    /// The answer broke off.
    Cut(Step),
    /// The line reported a damaged character in the answer.
    Line(LineError),
    /// The answer has not the form it should have.
    Form(FormFault),
    /// A line or a message is longer than the receive buffer.
    TooLong,
    /// The device does not take the message, however often (NAK).
    Nak,
    /// The device ended the session (`B0`); as an answer to a password: it was wrong.
    Ended,
    /// The device is of mode A or B, which has no programming mode behind an option select.
    Mode,
}

impl fmt::Display for HeadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence(step) => write!(f, "nothing came, expected {step}"),
            Self::Cut(step) => write!(f, "{step} broke off, expected the rest of it"),
            Self::Line(error) => error.fmt(f),
            Self::Form(fault) => fault.fmt(f),
            Self::TooLong => f.write_str("the answer is longer than the buffer"),
            Self::Nak => f.write_str("the meter does not take the message (NAK)"),
            Self::Ended => f.write_str("the meter ended the session (B0), as it does after a wrong password"),
            Self::Mode => f.write_str("the meter is of mode A or B, expected mode C for programming"),
        }
    }
}

impl core::error::Error for HeadFault {}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Done<'a> {
    /// The read-out came whole and its check characters are right. The session is over.
    ReadOut {
        /// How many lines it has, those that came again counted once.
        lines: u16,
    },
    /// The programming mode is open.
    Open {
        /// What the device says with its demand for a password, without brackets.
        operand: &'a str,
    },
    /// A password or a value was acknowledged.
    Acknowledged,
    /// The data set a read was answered with, see [`crate::DataSets`].
    Data(&'a str),
    /// The device answered a read, a write or a password with an error, such as `(ERR07)`.
    Refused(&'a str),
    /// The session was ended.
    Left,
    /// It came to nothing. Where the session is over, [`super::Head::is_open`] says so.
    Failed(HeadFault),
}

/// What a head has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadEvent<'a> {
    /// The device said who it is; the request goes on.
    Identified(Identification<'a>),
    /// A line of a read-out without its CR LF, not proven before [`Done::ReadOut`].
    Line(&'a str),
    /// The answer came damaged, or not at all, and is asked for again.
    Again {
        /// What was wrong with it.
        fault: HeadFault,
        /// How many of the lines told so far stay, since an earlier block proves them; the rest comes again.
        keep: u16,
    },
    /// The request is done.
    Done(Done<'a>),
}
