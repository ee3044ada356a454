//! What the work on a meter has in common, whatever its bus.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use models::Entry;
use units::Duration;

use super::{BatchFault, Desk, Row};
use crate::bus::Fault;
use crate::guard::Guard;
use crate::journal::JournalFault;
use crate::mbus;
use crate::port::PortFault;

/// How long nobody is asked between two rounds of looking for a meter.
pub const PAUSE: Duration = Duration::from_millis(250);
/// How often a place is asked at which something was heard that is no answer.
pub const LOOKS: u8 = 3;
/// What is said behind why a meter is not done.
pub const AGAIN: &str = "What is certain is written down. Disconnect it, then connect it again to go on.";

/// A meter that is there and is to be done; `P` is where it is spoken to.
pub struct Here<P> {
    pub entry: &'static Entry,
    pub serial: u32,
    pub row: usize,
    pub place: P,
}

/// How the work on a meter ended that is not done.
pub enum Stop {
    /// The batch cannot go on.
    Fault(BatchFault),
    /// The meter is left; whether it still answers where it was heard last, and why.
    Left { answers: bool, why: String },
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Port(fault) => Self::Fault(BatchFault::Port(fault)),
            fault => Self::Left { answers: false, why: fault.to_string() },
        }
    }
}

impl From<mbus::Fault> for Stop {
    fn from(fault: mbus::Fault) -> Self {
        match fault {
            mbus::Fault::Port(fault) => Self::Fault(BatchFault::Port(fault)),
            fault => Self::Left { answers: false, why: fault.to_string() },
        }
    }
}

pub fn left<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Left { answers: true, why: why.into() })
}

pub fn lost(fault: JournalFault) -> Stop {
    Stop::Fault(BatchFault::Journal(fault))
}

pub fn port(fault: Fault) -> BatchFault {
    match fault {
        Fault::Port(fault) => BatchFault::Port(fault),
        fault => BatchFault::Port(PortFault::Failed(fault.to_string())),
    }
}

/// Lets nothing through that cannot be undone unless somebody has given the digits of this very meter.
pub async fn agreed<D: Desk>(row: &Row, guard: &Guard, desk: &mut D) -> Result<(), Stop> {
    if !guard.is_needed() {
        return Ok(());
    }
    let typed = match &row.confirm {
        Some(digits) => Some(digits.clone()),
        None => desk.digits(row, guard).await,
    };
    let acts: Vec<&str> = guard.acts().iter().map(|act| act.text.as_str()).collect();
    let acts = acts.join(" ");
    match typed.map(|typed| guard.consent(&typed)) {
        Some(Ok(consent)) if guard.is_satisfied(Some(&consent)) => Ok(()),
        Some(Err(why)) => left(format!("Nothing was written: {why}. {acts}")),
        _ => left(format!(
            "Nothing was written, since nobody has agreed to what cannot be undone. {acts} {}",
            guard.question()
        )),
    }
}
