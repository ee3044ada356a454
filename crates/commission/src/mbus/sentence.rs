//! Messages of the M-Bus: what happened, its likely cause, the next step, and last the code.

use alloc::format;
use alloc::string::{String, ToString};

use ::mbus::Identity;

use super::line::{Address, Fault, Place};
use super::plan::Plan;
use super::rows::identity_text;
use super::write::{Doubt, Obstacle, Outcome, StepReport};
use crate::names;
use crate::plan::Action;

fn times(tries: u8) -> String {
    if tries == 1 { String::new() } else { format!(" ({tries} tries)") }
}

/// A fault in a sentence: what happened, the likely cause, the next step.
#[must_use]
pub fn sentence(fault: &Fault, place: Place) -> String {
    match fault {
        Fault::Port(fault) => fault.to_string(),
        Fault::Silent { tries, waited, echo } => {
            let heard = format!("No answer from {place} in {} ms{}", waited.as_millis(), times(*tries));
            let next = match place.address {
                Address::Primary(_) => {
                    "Search by secondary address, or scan the primary addresses at other speeds."
                }
                Address::Secondary(_) => "Search for it again, also at other speeds.",
            };
            if *echo {
                format!(
                    "{heard}: only our own words came back, so the level converter has power. Check the two wires of the \
                     M-Bus. {next}"
                )
            } else {
                format!(
                    "{heard}. Check that the level converter has power and that the two wires of the M-Bus are connected; \
                     they may be swapped. {next}"
                )
            }
        }
        Fault::Collision { tries } => match place.address {
            Address::Primary(address) => format!(
                "Several meters answered at once at address {address}{}, or one answer came damaged. New meters all have \
                 address 0: search by secondary address, and give each an address of its own.",
                times(*tries)
            ),
            Address::Secondary(_) => format!(
                "Several meters answered at once at {place}{}, or one answer came damaged. Where two meters have the same \
                 secondary address, connect one of them alone and give it another.",
                times(*tries)
            ),
        },
        Fault::Damaged { bytes, tries, .. } => format!(
            "A damaged answer from {place}: {bytes} {}, and {fault}{}. Too many meters for the level converter, a long or \
             loose cable, or a wrong speed are the usual causes.",
            if *bytes == 1 { "byte" } else { "bytes" },
            times(*tries)
        ),
        Fault::Misfit => format!(
            "What answered at {place} does not fit the question. Another master may ask at the same time: disconnect it, \
             then try again."
        ),
        Fault::NoData => format!("The meter at {place} acknowledges, but has no data to tell."),
        Fault::Application(code) => {
            format!("The meter at {place} cannot do what was asked (application error {code}).")
        }
        Fault::Unreadable(ci) => format!(
            "The meter at {place} tells data of a kind that this program cannot read, encrypted ones perhaps (CI {ci:02X})."
        ),
        Fault::NeverQuiet => {
            "Others keep talking on this line, so nothing was sent. Disconnect the other master, then try again."
                .to_string()
        }
        Fault::NoFrame(fault) => format!("Nothing was sent: {fault}."),
    }
}

impl Outcome {
    /// One word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Confirmed { .. } => "confirmed",
            Self::Acknowledged => "acknowledged",
            Self::Refused { .. } => "refused",
            Self::NotTaken { .. } => "not taken",
            Self::Unknown { .. } => "unknown",
            Self::NotSent { .. } => "not sent",
        }
    }
}

fn capital(mut text: String) -> String {
    if let Some(head) = text.get_mut(..1) {
        head.make_ascii_uppercase();
    }
    text
}

impl StepReport {
    /// What became of the step, in sentences.
    #[must_use]
    pub fn sentence(&self, plan: &Plan) -> String {
        let entry = plan.entry;
        let label = match self.action {
            Action::Set { setting, .. } => names::setting_label(entry, setting.id),
            Action::Give(command) => names::command_label(command),
        };
        let (label, inside) = (capital(label.to_string()), names::inside(label));
        let text = |value: i64| self.text(value);
        let doing = self.action.text(entry);
        match &self.outcome {
            Outcome::Confirmed { read } if !self.sent => {
                format!("{label} was {} already; nothing was sent.", text(*read))
            }
            Outcome::Confirmed { read } if self.new != self.old => {
                format!("{label} is {}: the meter was found again at {}.", text(*read), self.new)
            }
            Outcome::Confirmed { read } => format!("{label} is {}, read back from the meter.", text(*read)),
            Outcome::Acknowledged => format!(
                "The meter acknowledged: {doing}. An acknowledge is no proof, and {inside} cannot be read back over M-Bus: \
                 look at the meter's display to be sure."
            ),
            Outcome::Refused { status } => {
                let allowed = match self.action {
                    Action::Set { setting, .. } => format!(" Allowed: {}.", setting.allowed()),
                    Action::Give(_) => String::new(),
                };
                format!("The meter refused to {doing}. Nothing was changed.{allowed} (status {status:02X})")
            }
            Outcome::NotTaken { reads, acknowledged } => {
                let said = if *acknowledged { "the meter acknowledged" } else { "no acknowledge came" };
                format!(
                    "Wrote {} for {inside}, {said}, but it still has {} at {}. Not confirmed; nothing else was changed.",
                    self.wanted(),
                    text(*reads),
                    self.old
                )
            }
            Outcome::Unknown { why } => format!("Sent: {doing}. {}", self.doubt(why)),
            Outcome::NotSent { why } => format!("Not sent: {doing}. {}", self.obstacle(plan, why)),
        }
    }

    fn wanted(&self) -> String {
        match self.action {
            Action::Set { value, .. } => self.text(i64::from(value)),
            Action::Give(_) => "zero".to_string(),
        }
    }

    fn text(&self, value: i64) -> String {
        match self.action {
            Action::Set { setting, .. } => names::setting_text(setting, value).to_string(),
            Action::Give(_) => value.to_string(),
        }
    }

    fn doubt(&self, why: &Doubt) -> String {
        let both = "Whether the meter took it is not known: look at its display.";
        match why {
            Doubt::NoReadBack(fault) => {
                format!("The meter could not be read afterwards. {} {both}", sentence(fault, self.old))
            }
            Doubt::OtherMeter(identity) => format!(
                "Now another meter answers: {}. Connect one meter only, then read it again. {both}",
                identity_text(*identity)
            ),
            Doubt::SilentAtBoth { new, old } => format!(
                "If the meter took it, it is at {} now; asked there, {new}. If not, it is still at {}; asked there, {old}. \
                 Check the wires and the meter's power, then ask at both.",
                self.new, self.old
            ),
            Doubt::AnswersTwice => format!(
                "The meter answers at {} and still at {}. Switch its supply off and on, then search again.",
                self.new, self.old
            ),
            Doubt::NotAcknowledged => format!("Nobody acknowledged. {both}"),
            Doubt::StatusLost => format!(
                "The meter acknowledged, but the telegram in which it would tell a refusal was lost. {both}"
            ),
            Doubt::StatusBefore => format!(
                "The meter acknowledged, but it tells an error all the time, so that a refusal cannot be told from it. \
                 {both}"
            ),
        }
    }

    fn obstacle(&self, plan: &Plan, why: &Obstacle) -> String {
        match why {
            Obstacle::Fault(fault) => sentence(fault, self.old),
            Obstacle::OtherMeter(identity) => format!(
                "Another meter answers than the one that was meant{}: {}. Read the meter again first.",
                plan.identity
                    .map_or_else(String::new, |wanted: Identity| format!(" ({})", identity_text(wanted))),
                identity_text(*identity)
            ),
            Obstacle::NoIdentity => {
                "The answer tells no secondary address, so nobody knows which meter it is.".to_string()
            }
            Obstacle::Taken => format!(
                "Something answers to {} already. Two meters with one address disturb each other: choose another.",
                self.wanted()
            ),
            Obstacle::Journal(fault) => format!("{}.", capital(fault.to_string())),
            Obstacle::StoppedBefore => "The step before it did not come to a certain end.".to_string(),
        }
    }
}

/// The whole report as text to copy: one line a step.
#[must_use]
pub fn report_text(plan: &Plan, reports: &[StepReport]) -> String {
    let notes = plan.entry.notes;
    let who = plan.identity.map_or_else(String::new, |identity| format!(", {}", identity_text(identity)));
    let mut text = format!("{} {}{who}, at first {}\n", notes.maker, notes.name, plan.place);
    for report in reports {
        text.push_str(&format!("{:<12} {}\n", report.outcome.word(), report.sentence(plan)));
    }
    let confirmed =
        reports.iter().filter(|report| matches!(report.outcome, Outcome::Confirmed { .. })).count();
    text.push_str(&format!("{confirmed} of {} confirmed.\n", plan.steps.len()));
    text
}
