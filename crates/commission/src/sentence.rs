//! Messages: what happened, its likely cause, the next step, and last the code.

use alloc::format;
use alloc::string::{String, ToString};

use modbus::{Exception, LineError, Parity, Request};
use models::Entry;
use units::Duration;

use crate::bus::{Counts, Fault, Place};
use crate::identify::serial_text;
use crate::meaning;
use crate::names;
use crate::plan::{Action, Plan};
use crate::report::Way;
use crate::write::{Doubt, StepReport};

/// What a fault happened to.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Where the meter was spoken to.
    pub place: Place,
    /// The model, where it is known.
    pub entry: Option<&'static Entry>,
    /// What was asked, where that is known.
    pub request: Option<&'a Request<'a>>,
}

/// What is said once when an adapter is found to hand back what it sends.
pub const ECHO_SEEN: &str = "Your adapter repeats what we send. The echo is now filtered.";

/// How many failures are worth a word, and at which share of all questions, in percent.
const OFTEN: (u32, u32) = (5, 10);

impl Counts {
    /// A sentence on a line that damages many answers; `None` for a good one.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let (least, percent) = OFTEN;
        let often = u64::from(self.bad) * 100 >= u64::from(self.sent) * u64::from(percent);
        (self.bad >= least && often).then(|| {
            format!(
                "{} of {} questions had no whole answer. Two meters on one id, a missing 120 ohm end resistor or a wrong \
                 parity are the usual causes.",
                self.bad, self.sent
            )
        })
    }
}

/// A fault in a sentence: what happened, the likely cause, the next step.
#[must_use]
pub fn sentence(fault: &Fault, context: &Context<'_>) -> String {
    match fault {
        Fault::Port(fault) => fault.to_string(),
        Fault::Silent { fault, tries, waited, .. } => silence(*fault, context.place, *tries, *waited),
        Fault::Refused(exception) => {
            let why = meaning::refusal(context.entry, context.request, *exception);
            format!("The meter refused: {why}.")
        }
        Fault::Unconfirmed => {
            "What came back may be the echo of our own write, so it proves nothing. Reading the value \
                               back tells."
                .to_string()
        }
        Fault::NeverQuiet => {
            "Others keep talking on this line, so nothing was sent. Disconnect the other master, such as \
                              a charger or an inverter, then try again."
                .to_string()
        }
        Fault::NoFrame(fault) => format!("Nothing was sent: {fault}."),
    }
}

/// Why no whole answer came.
pub(crate) fn silence(fault: modbus::Fault, place: Place, tries: u8, waited: Duration) -> String {
    if place.line.is_radio() {
        return over_the_radio(fault, place, tries);
    }
    let unit = place.unit;
    let times = if tries == 1 { String::new() } else { format!(" ({tries} tries)") };
    match fault {
        modbus::Fault::NoAnswer => format!(
            "No answer from {place} in {} ms{times}. Check the A and B wires and the meter's power, or try other speeds, \
             parities and ids.",
            waited.as_millis()
        ),
        modbus::Fault::OnlyEcho => format!(
            "No answer from {place} in {} ms{times}: only our own words came back, since this adapter echoes. Check the A \
             and B wires and the meter's power.",
            waited.as_millis()
        ),
        modbus::Fault::Damaged { bytes } => format!(
            "Damaged answer from {place}: {bytes} {}, none of them a whole frame (checksum){times}. Two meters on one id, \
             a missing 120 ohm end resistor or a wrong speed or parity are the usual causes.",
            if bytes == 1 { "byte" } else { "bytes" }
        ),
        modbus::Fault::WrongUnit(other) => format!(
            "Id {other} answered where id {unit} was asked{times}. Another master on this line probably asks at the same time; \
             disconnect it, then try again."
        ),
        modbus::Fault::Misfit => format!(
            "Id {unit} answered, but not what was asked{times}. It is the late answer to an older question, or another \
             master asks at the same time. Try again."
        ),
        modbus::Fault::Line(LineError::Parity) => format!(
            "Something answers id {unit}, but its characters fail the parity check at {}{times}. The meter probably \
             speaks {}: set the line to that, then try again.",
            place.line,
            others(place)
        ),
        modbus::Fault::Line(LineError::Framing | LineError::Break) => format!(
            "Something answers id {unit}, but its characters do not end where they should at {}{times}. The speed or the \
             parity is wrong, or A and B are swapped: try {}, then other speeds.",
            place.line,
            others(place)
        ),
        modbus::Fault::Line(LineError::Overrun) => format!(
            "Characters from id {unit} were lost in this computer{times}. Close other programs that use the adapter, then \
             try again."
        ),
        modbus::Fault::Stream(fault) => {
            format!("The connection is out of step: {fault}. Close it and open it again.")
        }
    }
}

/// Why no whole answer came from where there are no wires.
fn over_the_radio(fault: modbus::Fault, place: Place, tries: u8) -> String {
    let times = if tries == 1 { String::new() } else { format!(" ({tries} tries)") };
    match fault {
        modbus::Fault::NoAnswer => format!(
            "No answer from {place}{times}. Is the meter's Bluetooth on? It is switched on at the keys and goes off by \
             itself; and the id must be that of the meter."
        ),
        other => {
            format!("No whole answer from {place}{times}: {other}. Go nearer to the meter, then try again.")
        }
    }
}

/// The two parities that are not the line's own.
fn others(place: Place) -> &'static str {
    match place.line.parity {
        Parity::Even => "8N1 or 8O1",
        Parity::None => "8E1 or 8O1",
        Parity::Odd => "8E1 or 8N1",
    }
}

impl Way for Plan {
    type Place = Place;
    type Refusal = Exception;
    type Doubt = Doubt;
    type Fault = Fault;
    type Meter = u32;
    const NAME: &'static str = "Modbus";

    fn entry(&self) -> &'static Entry {
        self.entry
    }

    fn count(&self) -> usize {
        self.steps.len()
    }

    fn action(&self, number: usize) -> Option<Action> {
        self.steps.get(number).map(|step| step.action)
    }

    fn after(&self, action: &Action, place: Place) -> Place {
        action.place_after(place)
    }

    fn start(&self) -> Place {
        self.place
    }

    fn meter(&self) -> Option<String> {
        self.serial.map(|serial| format!("serial {}", serial_text(serial)))
    }

    fn value(&self, action: &Action, value: i64) -> String {
        match *action {
            Action::Set { setting, .. } => names::setting_text(setting, value).to_string(),
            Action::Give(_) => {
                let step = self.steps.iter().find(|step| step.action.key() == action.key());
                step.map_or_else(
                    || value.to_string(),
                    |step| names::value_text(self.entry, step.register, value).to_string(),
                )
            }
        }
    }

    fn refused(&self, why: &Exception, still: Option<&str>) -> (String, String) {
        let has = match still {
            Some(value) => format!("It still has {value}."),
            None => "What it has now could not be read.".to_string(),
        };
        let locked = self.place.line.is_radio() && *why == Exception::IllegalFunction;
        let reason = if locked { ": its writes are locked, the password comes first" } else { "" };
        (has, format!("exception {:02}{reason}", why.code()))
    }

    fn code(why: &Exception) -> u8 {
        why.code()
    }

    fn fault(&self, fault: &Fault, at: Place) -> String {
        sentence(fault, &Context { place: at, entry: Some(self.entry), request: None })
    }

    fn doubt(&self, report: &StepReport, why: &Doubt) -> String {
        let text = |value: i64| self.value(&report.action, value);
        let before = report.from.map_or_else(|| "its old value".to_string(), text);
        let both = format!(
            "If the meter took it, it has {}; if not, {before}. Read the settings again to know.",
            report.wanted(self)
        );
        match why {
            Doubt::NoReadBack(fault) => {
                format!("It could not be read back. {} {both}", self.fault(fault, report.old))
            }
            Doubt::OtherMeter { serial } => format!(
                "Now a meter with serial {} answers instead. Two meters share this id, or the line was changed over. \
                 Connect one meter only. {both}",
                serial_text(*serial)
            ),
            Doubt::SilentAtBoth { new, old } => format!(
                "If the meter took it, it speaks {} now; asked there, {new}. If not, it still speaks {}; asked there, \
                 {old}. Check the A and B wires and the meter's power, then ask at both.",
                report.new, report.old
            ),
            Doubt::NotInForce { reads } => format!(
                "The meter reports {} but still answers as {}. Perhaps it changes over when its supply is switched off \
                 and on.",
                text(*reads),
                report.old
            ),
            Doubt::Unreadable => format!("Its registers hold no readable value. {both}"),
        }
    }

    fn other(&self, serial: &u32) -> String {
        format!(
            "A meter with serial {} answers, not the one that was meant{}. Read the meter again first.",
            serial_text(*serial),
            self.serial.map_or_else(String::new, |serial| format!(" ({})", serial_text(serial)))
        )
    }

    fn nameless(&self) -> String {
        "The meter shows no serial number, so no change could be proven.".to_string()
    }

    fn taken(&self, report: &StepReport) -> String {
        format!(
            "Something answers at id {} already. Two meters on one id disturb each other: choose another id.",
            report.new.unit
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_damages_many_answers_is_told_of() {
        let counts = |sent, bad| Counts { sent, good: sent - bad, bad, ..Counts::default() };
        assert_eq!(counts(50, 4).sentence(), None);
        assert_eq!(counts(1_000, 14).sentence(), None);
        let text = counts(50, 14).sentence().unwrap();
        assert!(text.starts_with("14 of 50 questions had no whole answer. "), "{text}");
    }
}
