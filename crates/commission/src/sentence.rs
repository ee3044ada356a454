//! Messages: what happened, its likely cause, the next step, and last the code.

use alloc::format;
use alloc::string::{String, ToString};

use modbus::{LineError, Parity, Request};
use models::Entry;
use units::Duration;

use crate::bus::{Counts, Fault, Place};
use crate::identify::serial_text;
use crate::meaning;
use crate::names;
use crate::plan::{Action, Plan};
use crate::write::{Doubt, Obstacle, Outcome, StepReport};

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
            "Id {other} answered where id {unit} was asked{times}. Another master on this line asks at the same time; \
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

/// The two parities that are not the line's own.
fn others(place: Place) -> &'static str {
    match place.line.parity {
        Parity::Even => "8N1 or 8O1",
        Parity::None => "8E1 or 8O1",
        Parity::Odd => "8E1 or 8N1",
    }
}

impl Outcome {
    /// One word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Confirmed { .. } => "confirmed",
            Self::Refused { .. } => "refused",
            Self::NotTaken { .. } => "not taken",
            Self::Unknown { .. } => "unknown",
            Self::NotSent { .. } => "not sent",
        }
    }
}

impl StepReport {
    /// What became of the step, in sentences.
    #[must_use]
    pub fn sentence(&self, plan: &Plan) -> String {
        let entry = plan.entry;
        let label = capital(&self.label(entry));
        let text = |value: i64| self.text(plan, value);
        let wanted = self.wanted(plan);
        match &self.outcome {
            Outcome::Confirmed { read } if !self.sent => {
                format!("{label} was {} already; nothing was sent.", text(*read))
            }
            Outcome::Confirmed { read } if self.new != self.old => {
                format!("{label} is {}: the meter was found again at {}.", text(*read), self.new)
            }
            Outcome::Confirmed { read } => format!("{label} is {}, read back from the meter.", text(*read)),
            Outcome::Refused { exception, still } => {
                let still = match still {
                    Some(value) => format!("It still has {}.", text(*value)),
                    None => "What it has now could not be read.".to_string(),
                };
                let allowed = match self.action {
                    Action::Set { setting, .. } => format!(" Allowed: {}.", setting.allowed()),
                    Action::Give(_) => String::new(),
                };
                format!(
                    "The meter refused to {}. {still}{allowed} (exception {:02})",
                    self.action.text(entry),
                    exception.code()
                )
            }
            Outcome::NotTaken { reads, accepted } => {
                let said = if *accepted { "the meter accepted it" } else { "no answer came" };
                let place = if self.new == self.old { String::new() } else { format!(" at {}", self.old) };
                format!(
                    "Wrote {wanted} for {}, {said}, but it reports {}{place}. Not confirmed; nothing else was \
                     changed.",
                    names::inside(&self.label(entry)),
                    text(*reads)
                )
            }
            Outcome::Unknown { why } => {
                format!("Sent: {}. {}", self.action.text(entry), self.doubt(plan, why))
            }
            Outcome::NotSent { why } => {
                format!("Not sent: {}. {}", self.action.text(entry), self.obstacle(plan, why))
            }
        }
    }

    fn label(&self, entry: &'static Entry) -> String {
        match self.action {
            Action::Set { setting, .. } => names::setting_label(entry, setting.id).to_string(),
            Action::Give(command) => names::command_label(command).to_string(),
        }
    }

    fn wanted(&self, plan: &Plan) -> String {
        match self.action {
            Action::Set { value, .. } => self.text(plan, i64::from(value)),
            Action::Give(_) => "zero".to_string(),
        }
    }

    fn text(&self, plan: &Plan, value: i64) -> String {
        match self.action {
            Action::Set { setting, .. } => names::setting_text(setting, value).to_string(),
            Action::Give(_) => {
                let step = plan.steps.iter().find(|step| step.action.key() == self.action.key());
                step.map_or_else(
                    || value.to_string(),
                    |step| names::value_text(plan.entry, step.register, value).to_string(),
                )
            }
        }
    }

    fn doubt(&self, plan: &Plan, why: &Doubt) -> String {
        let at = |place: Place, fault: &Fault| {
            sentence(fault, &Context { place, entry: Some(plan.entry), request: None })
        };
        let before = self.from.map_or_else(|| "its old value".to_string(), |value| self.text(plan, value));
        let both = format!(
            "If the meter took it, it has {}; if not, {before}. Read the settings again to know.",
            self.wanted(plan)
        );
        match why {
            Doubt::NoReadBack(fault) => format!("It could not be read back. {} {both}", at(self.old, fault)),
            Doubt::OtherMeter { serial } => format!(
                "Now a meter with serial {} answers instead. Two meters share this id, or the line was changed over. \
                 Connect one meter only. {both}",
                serial_text(*serial)
            ),
            Doubt::SilentAtBoth { new, old } => format!(
                "If the meter took it, it speaks {} now; asked there, {new}. If not, it still speaks {}; asked there, \
                 {old}. Check the A and B wires and the meter's power, then ask at both.",
                self.new, self.old
            ),
            Doubt::NotInForce { reads } => format!(
                "The meter reports {} but still answers as {}. Perhaps it changes over when its supply is switched off \
                 and on.",
                self.text(plan, *reads),
                self.old
            ),
            Doubt::Unreadable => format!("Its registers hold no readable value. {both}"),
        }
    }

    fn obstacle(&self, plan: &Plan, why: &Obstacle) -> String {
        match why {
            Obstacle::Fault(fault) => {
                sentence(fault, &Context { place: self.old, entry: Some(plan.entry), request: None })
            }
            Obstacle::OtherMeter { serial } => format!(
                "A meter with serial {} answers, not the one that was meant{}. Read the meter again first.",
                serial_text(*serial),
                plan.serial.map_or_else(String::new, |serial| format!(" ({})", serial_text(serial)))
            ),
            Obstacle::NoSerial => {
                "The meter shows no serial number, so no change could be proven.".to_string()
            }
            Obstacle::IdTaken => format!(
                "Something answers at id {} already. Two meters on one id disturb each other: choose another id.",
                self.new.unit
            ),
            Obstacle::Journal(fault) => format!("{}.", capital(&fault.to_string())),
            Obstacle::StoppedBefore => "The step before it did not come to a certain end.".to_string(),
        }
    }
}

/// The whole report as text to copy: one line a step, what the meter said of itself first.
#[must_use]
pub fn report_text(plan: &Plan, reports: &[StepReport]) -> String {
    let notes = plan.entry.notes;
    let serial = plan.serial.map_or_else(String::new, |serial| format!(", serial {}", serial_text(serial)));
    let mut text = format!("{} {}{serial}, at first {}\n", notes.maker, notes.name, plan.place);
    for report in reports {
        text.push_str(&format!("{:<10} {}\n", report.outcome.word(), report.sentence(plan)));
    }
    let confirmed =
        reports.iter().filter(|report| matches!(report.outcome, Outcome::Confirmed { .. })).count();
    text.push_str(&format!("{confirmed} of {} confirmed.\n", plan.steps.len()));
    text
}

fn capital(text: &str) -> String {
    let mut text = text.to_string();
    if let Some(head) = text.get_mut(..1) {
        head.make_ascii_uppercase();
    }
    text
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
