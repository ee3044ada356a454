//! What went wrong, told apart from the evidence: what happened, why, and what to do next.
//!
//! A diagnosis says whether the evidence proves its cause or only makes it the likely one. Nothing is asked here: a line
//! keeps a [`Tally`], a search ([`crate::find`]) adds what it met elsewhere.

mod tally;
mod words;

pub use tally::Tally;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use modbus::Exception;

use crate::bus::{Fault, Place};
use crate::port::PortFault;
use words::told;

/// A meter that a search has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Where it answers.
    pub place: Place,
    /// Its serial number, where it told that.
    pub serial: Option<u32>,
}

/// All that is known about what went wrong.
#[derive(Clone, Debug)]
pub struct Symptoms<'a> {
    /// Where the meter was asked.
    pub place: Place,
    /// What became of the questions.
    pub tally: Tally,
    /// The last fault, where there was one.
    pub last: Option<&'a Fault>,
    /// What a refusal means, in words; empty for its plain name.
    pub refusal: String,
    /// The serial number of the meter that should answer here, where it is known.
    pub wanted: Option<u32>,
    /// Who answers, as a search has found.
    pub found: Vec<Neighbour>,
    /// A search has asked at all speeds, in all formats and all ids.
    pub searched: bool,
    /// Serial numbers that were read at this very place.
    pub serials: Vec<u32>,
    /// What all meters of one id answer with the same bytes came whole, while other answers did not.
    pub equal_came_whole: bool,
    /// Units that somebody else asked.
    pub masters: Vec<u8>,
}

impl<'a> Symptoms<'a> {
    /// The symptoms of one fault.
    #[must_use]
    pub fn of(place: Place, tally: Tally, last: Option<&'a Fault>) -> Self {
        Self {
            place,
            tally,
            last,
            refusal: String::new(),
            wanted: None,
            found: Vec::new(),
            searched: false,
            serials: Vec::new(),
            equal_came_whole: false,
            masters: Vec::new(),
        }
    }

    /// Who answers elsewhere and is, or may be, the meter that does not answer here; and whether that is sure: its serial
    /// number is the one that is looked for or, where none is, its id is.
    fn elsewhere(&self) -> Option<(Neighbour, bool)> {
        let mut others = self.found.iter().copied().filter(|other| other.place != self.place);
        let same_id = |other: &Neighbour| other.place.unit == self.place.unit;
        if let Some(wanted) = self.wanted {
            let it = others.clone().find(|other| other.serial == Some(wanted));
            let it = it.map(|it| (it, true));
            // Whose serial number is another one is another meter.
            return it.or_else(|| others.find(|it| it.serial.is_none() && same_id(it)).map(|it| (it, false)));
        }
        if let Some(it) = others.clone().find(same_id) {
            return Some((it, true));
        }
        let only = others.next()?;
        others.next().is_none().then_some((only, false))
    }
}

/// What is the matter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Nothing answers.
    NoAnswer,
    /// Nothing answers, and the adapter repeats what is sent.
    OnlyEcho,
    /// The meter refuses.
    Refused(Exception),
    /// Characters are damaged on their way: noise, or reflections on a line without its resistors.
    Disturbed,
    /// The meter speaks in another format.
    OtherFormat,
    /// The meter speaks at another speed.
    OtherSpeed,
    /// The meter has another id.
    OtherId,
    /// Several meters have one id.
    SeveralOnOneId,
    /// Several meters answered a question to all.
    SeveralAtOnce,
    /// Somebody else asks on this line.
    SecondMaster,
    /// Others talk on the line, and nothing of it can be read.
    ForeignTraffic,
    /// Answers come later than they are waited for.
    LateAnswers,
    /// The line is held low.
    LineHeld,
    /// The line does not come to rest while nobody speaks.
    Restless,
    /// Not even the echo comes back, of an adapter that repeats what is sent.
    EchoGone,
    /// This computer lost characters.
    LostCharacters,
    /// The port does not work.
    Port(PortFault),
    /// What was heard proves nothing.
    NoProof,
    /// The question makes no frame.
    NoQuestion,
    /// Nothing is wrong.
    Nothing,
}

/// What went wrong. [`fmt::Display`] writes it as one text, the code last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The cause.
    pub cause: Cause,
    /// What happened.
    pub what: String,
    /// Why: what the cause is, or the likely ones.
    pub why: String,
    /// The next step.
    pub next: String,
    /// The code of the protocol; empty where there is none.
    pub code: String,
    /// The evidence proves the cause. Where it does not, the cause is the likely one.
    pub certain: bool,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        for part in [&self.what, &self.why, &self.next] {
            if !part.is_empty() {
                write!(f, "{space}{part}")?;
                space = " ";
            }
        }
        if self.code.is_empty() { Ok(()) } else { write!(f, " ({})", self.code) }
    }
}

impl Cause {
    /// The diagnosis of a cause that is known for certain.
    #[must_use]
    pub fn told(self, symptoms: &Symptoms<'_>) -> Diagnosis {
        told(symptoms, self, true)
    }
}

/// How many damaged answers are too many for chance.
const OFTEN: u32 = 2;

/// What the symptoms show.
#[must_use]
pub fn diagnose(symptoms: &Symptoms<'_>) -> Diagnosis {
    let (cause, certain) = cause(symptoms);
    told(symptoms, cause, certain)
}

fn cause(symptoms: &Symptoms<'_>) -> (Cause, bool) {
    let Symptoms { place, tally, last, serials, .. } = symptoms;
    match last {
        Some(Fault::Port(fault)) => return (Cause::Port(fault.clone()), true),
        Some(Fault::NoFrame(_)) => return (Cause::NoQuestion, true),
        _ => {}
    }
    if !symptoms.masters.is_empty() {
        // One question may be noise whose check holds by chance; none means that a search counted them.
        return (Cause::SecondMaster, tally.questions != 1);
    }
    if serials.iter().any(|serial| Some(serial) != serials.first()) {
        return (Cause::SeveralOnOneId, true);
    }
    let broken = tally.broken();
    let whole = tally.good + tally.refused;
    if whole == 0 && tally.heads >= OFTEN && 2 * tally.heads >= broken {
        // Bits that are equal come through, those that differ fight; but noise may choose the same answers by chance.
        return (Cause::SeveralOnOneId, false);
    }
    if whole == 0
        && let Some((other, sure)) = symptoms.elsewhere()
    {
        let cause = if other.place.unit != place.unit {
            Cause::OtherId
        } else if other.place.line.baud != place.line.baud {
            Cause::OtherSpeed
        } else {
            Cause::OtherFormat
        };
        return (cause, sure);
    }
    if tally.strange > 0 || tally.foreign > tally.late {
        return (Cause::SecondMaster, false);
    }
    let restless = whole == 0 && tally.idle >= OFTEN;
    if restless && 2 * tally.idle_breaks >= tally.idle {
        return (Cause::LineHeld, true);
    }
    if tally.busy > 0 || matches!(last, Some(Fault::NeverQuiet)) {
        return (Cause::ForeignTraffic, !restless);
    }
    if restless {
        return (Cause::Restless, false);
    }
    if tally.overruns > 0 && tally.overruns >= broken {
        return (Cause::LostCharacters, true);
    }
    if tally.breaks > 0 && tally.breaks >= broken && whole == 0 {
        return (Cause::LineHeld, true);
    }
    if broken > 0 {
        if whole > 0 || tally.silent >= broken {
            // What is there speaks our language, or nobody does.
            return (Cause::Disturbed, whole > 0);
        }
        let reported = tally.parity + tally.framing;
        return match reported {
            0 => (Cause::Disturbed, false),
            _ if tally.parity >= tally.framing => (Cause::OtherFormat, false),
            _ => (Cause::OtherSpeed, false),
        };
    }
    if tally.misfits > 0 || tally.late > 0 {
        return (Cause::LateAnswers, false);
    }
    match last {
        Some(Fault::Refused(exception)) => return (Cause::Refused(*exception), true),
        Some(Fault::Unconfirmed) => return (Cause::NoProof, true),
        _ => {}
    }
    if tally.mute > 0 {
        return (Cause::EchoGone, false);
    }
    match (tally.only_echo > 0, tally.silent > 0) {
        (true, _) => (Cause::OnlyEcho, true),
        (_, true) => (Cause::NoAnswer, true),
        _ => (Cause::Nothing, true),
    }
}

#[cfg(test)]
mod tests;
