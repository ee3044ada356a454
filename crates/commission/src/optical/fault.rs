//! Why a request at the window came to nothing, and what to do next.

use alloc::string::String;
use core::fmt;

use iec62056::{FormFault, HeadFault, RequestError, Step};
use schema::OpticalRefusal;

use crate::PortFault;

/// Why there is no answer, or not the one that was hoped for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpticalFault {
    /// The port does not work.
    Port(PortFault),
    /// No good answer came.
    Head(HeadFault),
    /// The meter answered with an error, such as `(ERR03)`.
    Refused(String),
    /// The request cannot be sent; nothing was.
    Request(RequestError),
}

impl From<PortFault> for OpticalFault {
    fn from(fault: PortFault) -> Self {
        Self::Port(fault)
    }
}

impl From<RequestError> for OpticalFault {
    fn from(fault: RequestError) -> Self {
        Self::Request(fault)
    }
}

/// The reason behind `(ERRnn)`, where it is one of ours.
pub(super) fn reason(text: &str) -> Option<OpticalRefusal> {
    let digits = text.strip_prefix("(ERR")?.strip_suffix(')')?;
    OpticalRefusal::from_number(digits.parse().ok()?)
}

impl fmt::Display for OpticalFault {
    /// A sentence with the next step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Port(fault) => return fault.fmt(f),
            Self::Request(fault) => return write!(f, "Nothing was sent: {fault}."),
            Self::Refused(text) => {
                write!(f, "The meter refused with {text}")?;
                return match reason(text) {
                    Some(why) => write!(f, ": {why}."),
                    None => f.write_str("."),
                };
            }
            Self::Head(HeadFault::Silence(Step::Identification)) => {
                "No answer at 300 Bd. Put the head on the window, cable down, shade it from bright light, and try again."
            }
            Self::Head(HeadFault::Silence(Step::ReadOut | Step::Operand)) => {
                "The meter answered at 300 Bd and was silent after the change of speed. Does the adapter do seven data bits \
                 with even parity at that speed? Try again staying at 300 Bd."
            }
            Self::Head(HeadFault::Silence(_)) => {
                "The meter stopped answering. Is the head still on the window? Sign on again."
            }
            Self::Head(HeadFault::Form(FormFault::Summed)) => {
                "The meter closes its messages with the sum of their characters, where the standard has their exclusive or. \
                 Nothing of it counts as proven: this meter speaks another dialect."
            }
            Self::Head(HeadFault::Ended) => {
                "The meter ended the session, as it does after a wrong password. It is the one that opens the protected \
                 pages at the key."
            }
            Self::Head(HeadFault::Mode) => {
                "The meter can be read out but not programmed this way: it is of mode A or B."
            }
            Self::Head(HeadFault::Nak) => {
                "The meter does not take the message (NAK). Is the head straight on the window? Try again."
            }
            Self::Head(fault @ (HeadFault::Cut(_) | HeadFault::Line(_) | HeadFault::Form(_))) => {
                return write!(
                    f,
                    "The answer came damaged: {fault}. Put the head straight on the window, shade it, and try again."
                );
            }
            Self::Head(fault) => return write!(f, "The answer is of no use: {fault}."),
        })
    }
}

impl core::error::Error for OpticalFault {}
