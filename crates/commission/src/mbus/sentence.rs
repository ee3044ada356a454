//! Messages of the M-Bus: what happened, its likely cause, the next step, and last the code.

use alloc::format;
use alloc::string::{String, ToString};

use ::mbus::Identity;
use models::Entry;

use super::line::{Address, Fault, Place};
use super::plan::{Plan, place_after};
use super::rows::identity_text;
use super::write::{Doubt, StepReport};
use crate::names;
use crate::plan::Action;
use crate::report::Way;

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

impl Way for Plan {
    type Place = Place;
    type Refusal = u8;
    type Doubt = Doubt;
    type Fault = Fault;
    type Meter = Identity;
    const NAME: &'static str = "M-Bus";

    fn entry(&self) -> &'static Entry {
        self.entry
    }

    fn count(&self) -> usize {
        self.steps.len()
    }

    fn action(&self, number: usize) -> Option<Action> {
        self.steps.get(number).copied()
    }

    fn after(&self, action: &Action, place: Place) -> Place {
        place_after(action, place)
    }

    fn start(&self) -> Place {
        self.place
    }

    fn meter(&self) -> Option<String> {
        self.identity.map(identity_text)
    }

    fn value(&self, action: &Action, value: i64) -> String {
        match action {
            Action::Set { setting, .. } => names::setting_text(setting, value).to_string(),
            Action::Give(_) => value.to_string(),
        }
    }

    fn refused(&self, status: &u8, _still: Option<&str>) -> (String, String) {
        ("Nothing was changed.".to_string(), format!("status {status:02X}"))
    }

    fn code(status: &u8) -> u8 {
        *status
    }

    fn fault(&self, fault: &Fault, at: Place) -> String {
        sentence(fault, at)
    }

    fn doubt(&self, report: &StepReport, why: &Doubt) -> String {
        let both = "Whether the meter took it is not known: look at its display.";
        match why {
            Doubt::NoReadBack(fault) => {
                format!("The meter could not be read afterwards. {} {both}", sentence(fault, report.old))
            }
            Doubt::OtherMeter(identity) => format!(
                "Now another meter answers: {}. Connect one meter only, then read it again. {both}",
                identity_text(*identity)
            ),
            Doubt::SilentAtBoth { new, old } => format!(
                "If the meter took it, it is at {} now; asked there, {new}. If not, it is still at {}; asked there, {old}. \
                 Check the wires and the meter's power, then ask at both.",
                report.new, report.old
            ),
            Doubt::AnswersTwice => format!(
                "The meter answers at {} and still at {}. Switch its supply off and on, then search again.",
                report.new, report.old
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

    fn other(&self, identity: &Identity) -> String {
        format!(
            "Another meter answers than the one that was meant{}: {}. Read the meter again first.",
            self.identity.map_or_else(String::new, |wanted| format!(" ({})", identity_text(wanted))),
            identity_text(*identity)
        )
    }

    fn nameless(&self) -> String {
        "The answer tells no secondary address, so nobody knows which meter it is.".to_string()
    }

    fn taken(&self, report: &StepReport) -> String {
        format!(
            "Something answers to {} already. Two meters with one address disturb each other: choose another.",
            report.wanted(self)
        )
    }
}
