//! What went wrong, told apart from the evidence: what happened, why, and what to do next.
//!
//! A diagnosis says whether the evidence proves its cause or only makes it the likely one. Nothing is asked here: a line
//! keeps a [`Tally`], a search ([`crate::find`]) adds what it met elsewhere.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use modbus::{Exception, LineError, Parity};

use crate::bus::{Answer, Fault, Place};
use crate::identify::serial_text;
use crate::port::PortFault;

/// What became of questions, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Questions that went out.
    pub asked: u32,
    /// Whole answers.
    pub good: u32,
    /// Refusals.
    pub refused: u32,
    /// Questions behind which nothing was heard.
    pub silent: u32,
    /// Questions behind which only their own echo was heard.
    pub only_echo: u32,
    /// Questions behind which bytes were heard that make no answer, and no character was reported as damaged.
    pub damaged: u32,
    /// Damaged answers that began as they should.
    pub heads: u32,
    /// Damaged answers in which the parity of a character was wrong first.
    pub parity: u32,
    /// Damaged answers in which the stop bit of a character was missing first.
    pub framing: u32,
    /// Questions behind which the line was held low.
    pub breaks: u32,
    /// Answers of which characters were lost in this computer.
    pub overruns: u32,
    /// Whole answers of a unit that was not asked.
    pub foreign: u32,
    /// Whole answers of the right unit to another question.
    pub misfits: u32,
    /// Questions that did not go out, since others kept talking.
    pub busy: u32,
}

impl Tally {
    /// Counts what became of a question.
    pub fn note(&mut self, outcome: &Result<Answer, Fault>) {
        let count = |number: &mut u32| *number = number.saturating_add(1);
        match outcome {
            Ok(_) => count(&mut self.good),
            Err(Fault::Refused(_)) => count(&mut self.refused),
            Err(Fault::NeverQuiet) => return count(&mut self.busy),
            Err(Fault::Port(_) | Fault::NoFrame(_)) => return,
            Err(Fault::Unconfirmed) => {}
            Err(Fault::Silent { fault, evidence, .. }) => {
                if evidence.head {
                    count(&mut self.heads);
                }
                count(match fault {
                    modbus::Fault::NoAnswer => &mut self.silent,
                    modbus::Fault::OnlyEcho => &mut self.only_echo,
                    modbus::Fault::WrongUnit(_) => &mut self.foreign,
                    modbus::Fault::Misfit => &mut self.misfits,
                    modbus::Fault::Line(LineError::Parity) => &mut self.parity,
                    modbus::Fault::Line(LineError::Framing) => &mut self.framing,
                    modbus::Fault::Line(LineError::Break) => &mut self.breaks,
                    modbus::Fault::Line(LineError::Overrun) => &mut self.overruns,
                    modbus::Fault::Damaged { .. } | modbus::Fault::Stream(_) => &mut self.damaged,
                });
            }
        }
        count(&mut self.asked);
    }

    /// Questions behind which something damaged was heard.
    #[must_use]
    pub const fn broken(&self) -> u32 {
        self.damaged.saturating_add(self.parity).saturating_add(self.framing)
    }
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
    /// Where meters answer, as a search has found.
    pub found: Vec<Place>,
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
            found: Vec::new(),
            serials: Vec::new(),
            equal_came_whole: false,
            masters: Vec::new(),
        }
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
    let Symptoms { place, tally, last, found, serials, .. } = symptoms;
    match last {
        Some(Fault::Port(fault)) => return (Cause::Port(fault.clone()), true),
        Some(Fault::NoFrame(_)) => return (Cause::NoQuestion, true),
        _ => {}
    }
    if !symptoms.masters.is_empty() {
        return (Cause::SecondMaster, true);
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
        && let Some(other) = found.iter().find(|other| *other != place)
    {
        let cause = if other.line.baud != place.line.baud {
            Cause::OtherSpeed
        } else if other.line.parity != place.line.parity {
            Cause::OtherFormat
        } else {
            Cause::OtherId
        };
        return (cause, true);
    }
    if tally.foreign > 0 {
        return (Cause::SecondMaster, false);
    }
    if tally.busy > 0 || matches!(last, Some(Fault::NeverQuiet)) {
        return (Cause::ForeignTraffic, true);
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
    if tally.misfits > 0 {
        return (Cause::LateAnswers, false);
    }
    match last {
        Some(Fault::Refused(exception)) => return (Cause::Refused(*exception), true),
        Some(Fault::Unconfirmed) => return (Cause::NoProof, true),
        _ => {}
    }
    match (tally.only_echo > 0, tally.silent > 0) {
        (true, _) => (Cause::OnlyEcho, true),
        (_, true) => (Cause::NoAnswer, true),
        _ => (Cause::Nothing, true),
    }
}

fn of(count: u32, asked: u32, what: &str) -> String {
    let questions = if asked == 1 { "question" } else { "questions" };
    format!("{count} of {asked} {questions} {what}.")
}

fn told(symptoms: &Symptoms<'_>, cause: Cause, certain: bool) -> Diagnosis {
    let Symptoms { place, tally, .. } = symptoms;
    let unit = place.unit;
    let asked = tally.asked.max(1);
    let mut code = String::new();
    let other = symptoms.found.iter().find(|other| *other != place);
    let (what, why, next) = match &cause {
        Cause::NoAnswer => (
            format!("No answer from {place}."),
            "The meter has no power, a wire is off, A and B are swapped or touch, or it has another id, speed or \
             format."
                .to_string(),
            "Check A and B and the meter's power, or let a search try other settings.".to_string(),
        ),
        Cause::OnlyEcho => (
            format!("No answer from {place}: only our own words came back."),
            "The adapter echoes, so it works as far as its own terminals.".to_string(),
            "Check A and B and the meter's power, or let a search try other settings.".to_string(),
        ),
        Cause::Refused(exception) => {
            code = format!("exception {:02}", exception.code());
            let why = match symptoms.refusal.as_str() {
                "" => exception.to_string(),
                words => words.to_string(),
            };
            (format!("The meter refused: {why}."), String::new(), "Line and id are right.".to_string())
        }
        Cause::Disturbed => (
            of(tally.broken(), asked, "had a damaged answer"),
            "Noise, a missing 120 ohm resistor at an end of the line, or a long line without ground are the usual causes."
                .to_string(),
            "Check the resistors at both ends and keep the line away from motors and frequency converters; a lower speed \
             helps meanwhile."
                .to_string(),
        ),
        Cause::OtherFormat | Cause::OtherSpeed | Cause::OtherId if other.is_some() => {
            let found = other.map_or_else(String::new, ToString::to_string);
            let which = match cause {
                Cause::OtherFormat => "The format is another one",
                Cause::OtherSpeed => "The speed is another one",
                _ => "The id is another one",
            };
            (
                format!("No answer from {place}, but a meter answers as {found}."),
                format!("{which}."),
                format!("Connect as {found}, or change the meter from there."),
            )
        }
        Cause::OtherFormat => (
            format!("Something answers id {unit}, but its characters fail the parity check at {}.", place.line),
            format!("It probably speaks {}.", formats(place.line.parity)),
            "Set the line to that, or let a search try it.".to_string(),
        ),
        Cause::OtherSpeed | Cause::OtherId => (
            format!("Something answers id {unit}, but its characters do not end where they should at {}.", place.line),
            format!("The speed is wrong, or it speaks {}, or A and B are swapped.", formats(place.line.parity)),
            "Let a search try other speeds and formats; then swap A and B.".to_string(),
        ),
        Cause::SeveralOnOneId => {
            let serials: Vec<String> = symptoms.serials.iter().map(|serial| serial_text(*serial)).collect();
            let what = if serials.len() > 1 {
                format!("Meters with serials {} answer at {place}.", serials.join(" and "))
            } else if symptoms.equal_came_whole {
                format!("Answers from {place} begin well and end damaged; those that all meters give alike come whole.")
            } else {
                format!("Answers from {place} begin well and end damaged.")
            };
            let sure = if certain { "Two meters have" } else { "Two meters probably have" };
            (
                what,
                format!("{sure} the same id and speak at once."),
                "Take one of them off the line and give the other a new id.".to_string(),
            )
        }
        Cause::SeveralAtOnce => (
            format!("Several meters answer a question to all at {}.", place.line),
            "They speak at once, so that none of them can be read.".to_string(),
            "Ask the ids at this speed and in this format one by one.".to_string(),
        ),
        Cause::SecondMaster => (
            match symptoms.masters.as_slice() {
                [] => format!("An answer came from another id than {unit}, which was asked."),
                units => format!("Somebody else asks {} on this line.", ids(units)),
            },
            "A second master, such as a charger or an inverter, is connected.".to_string(),
            "Disconnect it, then try again: two masters break each other's questions.".to_string(),
        ),
        Cause::ForeignTraffic => (
            format!("Others keep talking on this line, so nothing was sent at {}.", place.line),
            "Another master asks at another speed or format, or the line is disturbed all the time.".to_string(),
            "Disconnect the other master, such as a charger or an inverter, then try again.".to_string(),
        ),
        Cause::LateAnswers => (
            format!("Id {unit} answered, but not what was asked last."),
            "Its answers come later than they are waited for, or another master asks at the same time.".to_string(),
            "Wait longer for each answer, then try again.".to_string(),
        ),
        Cause::LineHeld => (
            format!("The line is held low; nothing from {place} can be read."),
            "A and B are swapped at the adapter, or something holds the line.".to_string(),
            "Swap A and B at the adapter; if that does not help, take the meters off one by one.".to_string(),
        ),
        Cause::LostCharacters => (
            of(tally.overruns, asked, "lost characters of the answer in this computer"),
            "Other programs take too much of its time, or the adapter has a small buffer.".to_string(),
            "Close other programs that use the adapter, then try again.".to_string(),
        ),
        Cause::Port(fault) => (fault.to_string(), String::new(), String::new()),
        Cause::NoProof => (
            "What came back may be the echo of our own write, so it proves nothing.".to_string(),
            String::new(),
            "Read the value back.".to_string(),
        ),
        Cause::NoQuestion => (
            "Nothing was sent: the question makes no frame.".to_string(),
            String::new(),
            "Ask for less at once.".to_string(),
        ),
        Cause::Nothing => (format!("Nothing went wrong at {place}."), String::new(), String::new()),
    };
    Diagnosis { cause, what, why, next, code, certain }
}

/// Ids as a part of a sentence.
fn ids(units: &[u8]) -> String {
    let list: Vec<String> = units.iter().map(ToString::to_string).collect();
    format!("{} {}", if units.len() == 1 { "id" } else { "ids" }, list.join(", "))
}

/// The two formats that are not the line's own.
fn formats(parity: Parity) -> &'static str {
    match parity {
        Parity::Even => "8N1 or 8O1",
        Parity::None => "8E1 or 8O1",
        Parity::Odd => "8E1 or 8N1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use modbus::{Evidence, LineParams};
    use units::Duration;

    fn place(baud: u32, parity: Parity, unit: u8) -> Place {
        Place { line: LineParams::new(baud, parity), unit }
    }

    fn silent(evidence: Evidence) -> Result<Answer, Fault> {
        Err(Fault::Silent { fault: evidence.fault(), evidence, tries: 1, waited: Duration::from_millis(600) })
    }

    fn tally(outcomes: &[Result<Answer, Fault>]) -> Tally {
        let mut tally = Tally::default();
        for outcome in outcomes {
            tally.note(outcome);
        }
        tally
    }

    #[test]
    fn each_kind_of_evidence_has_its_own_cause() {
        let home = place(9_600, Parity::Even, 1);
        let none = Evidence::default();
        let line = |error| Evidence { line: Some(error), bytes: 4, ..none };
        let damaged = Evidence { bytes: 7, ..none };
        let head = Evidence { head: true, ..damaged };
        let good = Ok(Answer::default());
        type Case<'a> = (&'a [Result<Answer, Fault>], Cause, bool, &'a str);
        let cases: &[Case<'_>] = &[
            (
                &[silent(none)],
                Cause::NoAnswer,
                true,
                "No answer from id 1 at 9600 8E1. The meter has no power",
            ),
            (
                &[silent(Evidence { echo: true, ..none })],
                Cause::OnlyEcho,
                true,
                "only our own words came back",
            ),
            (
                &[good.clone(), good.clone(), silent(damaged)],
                Cause::Disturbed,
                true,
                "1 of 3 questions had a damaged answer. Noise, a missing 120 ohm",
            ),
            (&[silent(damaged), silent(damaged)], Cause::Disturbed, false, "2 of 2 questions"),
            (&[silent(line(LineError::Parity))], Cause::OtherFormat, false, "It probably speaks 8N1 or 8O1."),
            (
                &[silent(line(LineError::Framing))],
                Cause::OtherSpeed,
                false,
                "The speed is wrong, or it speaks",
            ),
            (&[silent(line(LineError::Break))], Cause::LineHeld, true, "A and B are swapped at the adapter"),
            (&[silent(line(LineError::Overrun))], Cause::LostCharacters, true, "lost characters"),
            (
                &[silent(head), silent(head)],
                Cause::SeveralOnOneId,
                false,
                "Two meters probably have the same id",
            ),
            (
                &[silent(Evidence { wrong_unit: Some(3), ..none })],
                Cause::SecondMaster,
                false,
                "An answer came from another id than 1",
            ),
            (
                &[silent(Evidence { misfit: true, ..none })],
                Cause::LateAnswers,
                false,
                "not what was asked last",
            ),
            (&[Err(Fault::NeverQuiet)], Cause::ForeignTraffic, true, "Others keep talking"),
            (
                &[Err(Fault::Refused(Exception::IllegalDataAddress))],
                Cause::Refused(Exception::IllegalDataAddress),
                true,
                "(exception 02)",
            ),
            (&[Err(Fault::Port(PortFault::Lost))], Cause::Port(PortFault::Lost), true, "unplugged"),
            (&[Err(Fault::Unconfirmed)], Cause::NoProof, true, "proves nothing. Read the value back."),
            (&[good], Cause::Nothing, true, "Nothing went wrong"),
        ];
        let mut told: Vec<String> = Vec::new();
        for (outcomes, cause, certain, words) in cases {
            let last = outcomes.last().and_then(|outcome| outcome.as_ref().err());
            let found = diagnose(&Symptoms::of(home, tally(outcomes), last));
            let text = found.to_string();
            assert_eq!((&found.cause, found.certain), (cause, *certain), "{text}");
            assert!(text.contains(words), "{text}");
            assert!(!told.contains(&text), "said twice: {text}");
            told.push(text);
        }
    }

    #[test]
    fn what_a_search_has_met_makes_it_certain() {
        let home = place(9_600, Parity::Even, 1);
        let nothing = tally(&[silent(Evidence::default())]);
        let at =
            |found: Place| diagnose(&Symptoms { found: vec![found], ..Symptoms::of(home, nothing, None) });
        for (found, cause, words) in [
            (place(4_800, Parity::Even, 1), Cause::OtherSpeed, "The speed is another one."),
            (place(9_600, Parity::None, 1), Cause::OtherFormat, "The format is another one."),
            (place(9_600, Parity::Even, 7), Cause::OtherId, "The id is another one."),
        ] {
            let told = at(found);
            assert_eq!((&told.cause, told.certain), (&cause, true));
            let text = told.to_string();
            assert!(text.contains(words) && text.contains(&format!("Connect as {found}")), "{text}");
        }
        let serials = Symptoms { serials: vec![13_070_001, 13_070_002], ..Symptoms::of(home, nothing, None) };
        let told = diagnose(&serials);
        assert_eq!(
            told.to_string(),
            "Meters with serials 13070001 and 13070002 answer at id 1 at 9600 8E1. Two meters have the same id and \
             speak at once. Take one of them off the line and give the other a new id."
        );
        let masters = Symptoms { masters: vec![2, 3], ..Symptoms::of(home, nothing, None) };
        let told = diagnose(&masters);
        assert!(told.certain && told.what == "Somebody else asks ids 2, 3 on this line.", "{told}");
        let head = silent(Evidence { head: true, bytes: 5, ..Evidence::default() });
        let head = tally(&[head.clone(), head]);
        let told = diagnose(&Symptoms { equal_came_whole: true, ..Symptoms::of(home, head, None) });
        assert!(!told.certain && told.cause == Cause::SeveralOnOneId, "{told}");
        assert!(told.what.ends_with("those that all meters give alike come whole."), "{told}");
    }
}
