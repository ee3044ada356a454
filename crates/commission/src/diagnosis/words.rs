//! Each cause in words.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use modbus::Parity;

use super::{Cause, Diagnosis, Neighbour, Symptoms};
use crate::bus::Place;
use crate::identify::serial_text;

fn of(count: u32, asked: u32, what: &str) -> String {
    let questions = if asked == 1 { "question" } else { "questions" };
    format!("{count} of {asked} {questions} {what}.")
}

pub(super) fn told(symptoms: &Symptoms<'_>, cause: Cause, certain: bool) -> Diagnosis {
    let Symptoms { place, tally, .. } = symptoms;
    let unit = place.unit;
    let asked = tally.asked.max(1);
    let mut code = String::new();
    let elsewhere = symptoms.elsewhere();
    let (what, why, next) = match &cause {
        Cause::NoAnswer => no_answer(symptoms),
        Cause::OnlyEcho => {
            let (elsewhere, search) = other_settings(symptoms);
            (
                format!("No answer from {place}: only our own words came back."),
                format!(
                    "The adapter echoes, so it works as far as its own terminals, and A and B do not touch there. The meter \
                     {elsewhere}has no power, A and B are swapped, or a wire is off, the likely one first."
                ),
                format!("{search}{WIRES}"),
            )
        }
        Cause::EchoGone => (
            format!("No answer from {place}, and not even our own words came back, which this adapter repeats."),
            "A and B touch, the adapter's own plug is loose, or it has lost its power, the likely one first; a meter that is off \
             would not silence the echo."
                .to_string(),
            "Take the wires off the adapter and ask again: where the echo is back, A and B touch behind it, so put the meters \
             back one by one; where it is not, it is the adapter."
                .to_string(),
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
        Cause::OtherFormat | Cause::OtherSpeed | Cause::OtherId if elsewhere.is_some() => {
            elsewhere.map_or_else(Default::default, |(it, sure)| answers_elsewhere(symptoms, it, sure))
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
                [] if tally.strange > 0 => {
                    let count = tally.strange;
                    let answers = if count == 1 { "answer" } else { "answers" };
                    format!("{count} whole {answers} came that no question of ours has asked for.")
                }
                [] => format!("An answer came from another id than {unit}, which was asked."),
                units if certain => format!("Somebody else asks {} on this line.", ids(units)),
                units => format!("A question to {} was heard that is not ours.", ids(units)),
            },
            if certain {
                "A second master, such as a charger or an inverter, is connected.".to_string()
            } else {
                "A second master, such as a charger or an inverter, is probably connected: each hears the answers to the other."
                    .to_string()
            },
            if certain {
                "Disconnect it, then try again: two masters break each other's questions.".to_string()
            } else {
                "Listen for a while without asking: who asks beside us is heard then. Disconnect it, then try again.".to_string()
            },
        ),
        Cause::ForeignTraffic => (
            format!("The line did not fall quiet, so nothing was sent at {}.", place.line),
            if certain {
                "Others keep talking: another master asks at another speed or in another format, or the line is disturbed all \
                 the time, the likely one first."
            } else {
                "Another master asks at another speed or in another format, A and B are swapped at the adapter, or the line is \
                 disturbed all the time."
            }
            .to_string(),
            "Disconnect the other master, such as a charger or an inverter, then try again; where there is none, swap A and B at \
             the adapter."
                .to_string(),
        ),
        Cause::LateAnswers => (
            if tally.misfits > 0 {
                format!("Id {unit} answered, but not what was asked last.")
            } else {
                format!("Id {unit} was asked, and the answer of one came that was asked before.")
            },
            "Answers come later than they are waited for, or another master asks at the same time.".to_string(),
            "Wait longer for each answer, then try again.".to_string(),
        ),
        Cause::LineHeld => (
            format!("The line is held low; nothing from {place} can be read."),
            "A and B are swapped at the adapter, or something holds the line, the likely one first.".to_string(),
            "Swap A and B at the adapter; if that does not help, take the meters off one by one.".to_string(),
        ),
        Cause::Restless => (
            format!(
                "The line is not at rest: {} damaged characters came while nobody asked at {}.",
                tally.idle, place.line
            ),
            "A and B are swapped at the adapter, nothing holds the resting line at a level, or another master asks at another \
             speed or in another format, the likely one first."
                .to_string(),
            "Swap A and B at the adapter and ask again. If that does not help, measure between A and B while nothing is sent: a \
             voltage that wavers about zero wants bias resistors. Otherwise look for another master."
                .to_string(),
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

/// How the faults that all make a line silent are told apart by hand.
const WIRES: &str = "Look whether the meter's display is on. Swap A and B at the meter and ask again. Measure between A and B \
                     while nothing is sent, at the adapter and at the meter: a voltage at the adapter only means that a wire is \
                     off, none at both that A and B touch or that the line has no bias.";

fn no_answer(symptoms: &Symptoms<'_>) -> (String, String, String) {
    let place = symptoms.place;
    if symptoms.found.iter().any(|it| it.place == place) {
        return (
            format!("No answer came from {place}, but when it was looked at again a meter answered there."),
            "A contact is loose, or the meter had no power meanwhile.".to_string(),
            "Try again; if it comes back, check the meter's supply and the screws of A and B.".to_string(),
        );
    }
    if !symptoms.found.is_empty() {
        return (
            format!("No answer from {place}, but others answer: {}.", neighbours(&symptoms.found)),
            "So the adapter and the line to them are right. The meter has no power, its own A and B are swapped or off, or it has \
             another id, speed or format."
                .to_string(),
            "Look whether its display is on, then swap A and B at this meter and ask again. Compare the serial numbers: one of \
             the others may be this meter."
                .to_string(),
        );
    }
    let (elsewhere, search) = other_settings(symptoms);
    (
        format!("No answer from {place}."),
        format!(
            "A silent line does not tell why. The meter {elsewhere}has no power, A and B are swapped, a wire is off, or A and B \
             touch, the likely one first."
        ),
        format!("{search}{WIRES}"),
    )
}

/// That the meter may have other settings, and how to find out: nothing where that was tried.
const fn other_settings(symptoms: &Symptoms<'_>) -> (&'static str, &'static str) {
    if symptoms.searched {
        ("", "")
    } else {
        ("has another id, speed or format, it ", "Let a search try other settings. ")
    }
}

fn neighbours(found: &[Neighbour]) -> String {
    let one = |it: &Neighbour| match it.serial {
        Some(serial) => format!("serial {} as {}", serial_text(serial), it.place),
        None => it.place.to_string(),
    };
    let all: Vec<String> = found.iter().map(one).collect();
    all.join(", ")
}

/// What differs between two places: "The id is", "The id and the speed are".
fn differs(one: Place, other: Place) -> (String, &'static str) {
    let parts = [
        ("id", one.unit != other.unit),
        ("speed", one.line.baud != other.line.baud),
        ("format", one.line.parity != other.line.parity),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(_, differs)| *differs).map(|(name, _)| format!("the {name}")).collect();
    let is = if parts.len() > 1 { "are other ones" } else { "is another one" };
    (parts.join(" and "), is)
}

fn answers_elsewhere(symptoms: &Symptoms<'_>, it: Neighbour, sure: bool) -> (String, String, String) {
    let (place, found) = (symptoms.place, it.place);
    let serial = it.serial.map(serial_text);
    let who = match &serial {
        Some(serial) if symptoms.wanted == it.serial => format!("the meter with serial {serial}"),
        Some(serial) => format!("a meter with serial {serial}"),
        None => "a meter".to_string(),
    };
    let what = format!("No answer from {place}, but {who} answers as {found}.");
    let (parts, is) = differs(place, found);
    if sure {
        let why = format!("T{} {is}.", parts.trim_start_matches('t'));
        return (what, why, format!("Connect as {found}, or change the meter from there."));
    }
    let compare = serial.map_or_else(
        || "Read that meter's serial number and compare it with the nameplate".to_string(),
        |serial| format!("Compare serial {serial} with the nameplate"),
    );
    (
        what,
        format!(
            "Probably {parts} {is}. It may also be another meter, while the one that was asked has no power or is not connected."
        ),
        format!(
            "{compare}: if it is this meter, connect as {found}; if not, check the meter's power and its wires."
        ),
    )
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
