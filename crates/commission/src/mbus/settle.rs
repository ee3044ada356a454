//! Settling over M-Bus: what a record leaves unknown is asked of the meter, as far as its telegram shows it. Nothing is
//! written to the meter.

use alloc::vec::Vec;

use ::mbus::Identity;
use units::bcd;

use super::candidates::fits;
use super::line::{Fault, MbusLine, Place};
use super::plan::Plan;
use super::write::{Doubt, Head, Outcome, Seen, StepReport, Writer, wanted};
use crate::bus::Observer;
use crate::journal::{Journal, Mark};
use crate::plan::Action;
use crate::port::Port;
use crate::record::{MeterRecord, Where};

/// What the meter was asked.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Where it was found; `None` where it answers nowhere.
    pub place: Option<Place>,
    /// What was open, as a plan, for the words of its steps.
    pub plan: Plan,
    /// What is known of each now.
    pub reports: Vec<StepReport>,
}

/// True for the meter of a record: by its number, also the one that it may have been given.
fn is_meant(meter: &MeterRecord, identity: Identity) -> bool {
    let numbers = meter.open().filter_map(|(_, action)| match action {
        Action::Set { setting, value } if setting.id == schema::SettingId::Serial => {
            u32::try_from(value).ok()
        }
        _ => None,
    });
    let number = bcd::decode(identity.id, 8);
    fits(meter.entry, identity) && numbers.chain([meter.serial]).any(|own| Some(own) == number)
}

impl<P: Port, O: Observer> MbusLine<'_, P, O> {
    /// Asks the meter of a record about everything that is open there, wherever it may be, and writes the answers down.
    /// What no telegram shows stays as it was. The line is left where the meter was found.
    pub async fn settle<J: Journal>(&mut self, meter: &MeterRecord, journal: &mut J) -> Settled {
        let places: Vec<Place> = meter
            .places()
            .into_iter()
            .filter_map(|place| match place {
                Where::Mbus(place) => Some(place),
                Where::Modbus(_) => None,
            })
            .collect();
        let line = self.line();
        let mut found: Option<(Place, Head)> = None;
        let mut last = Fault::Misfit;
        let first = places.first().copied();
        let start = first.unwrap_or_else(|| super::factory_place(meter.entry));
        let mut writer = Writer { line: self, journal, entry: meter.entry, identity: None, place: start };
        for place in &places {
            let seen = match writer.go(*place).await {
                Ok(()) => writer.head(place.address).await,
                Err(fault) => Seen::Failed(fault),
            };
            match seen {
                Seen::Head(head) if is_meant(meter, head.identity) => {
                    found = Some((*place, head));
                    break;
                }
                Seen::Head(_) | Seen::Nameless => {}
                Seen::Failed(fault) => {
                    let gone = matches!(fault, Fault::Port(_));
                    last = fault;
                    if gone {
                        break;
                    }
                }
            }
        }
        let place = found.map(|(place, _)| place);
        writer.identity = found.map(|(_, head)| head.identity);
        writer.place = place.unwrap_or(start);
        let plan = Plan::new(meter.entry, writer.identity, start, meter.open().map(|(_, action)| action));
        let mut reports = Vec::new();
        for action in plan.steps.iter().copied() {
            let key = action.key();
            let acknowledged = meter.marks.get(key) == Some(&Mark::Acknowledged);
            let outcome = Outcome::Unknown { why: Doubt::NoReadBack(last.clone()) };
            let new = writer.place;
            let mut report =
                StepReport { action, from: meter.from(key), sent: true, old: start, new, outcome };
            if let Some((_, head)) = &found {
                let told = writer.value(&action, head).zip(wanted(&action));
                report.outcome = match told {
                    Some((read, wanted)) if read == wanted => Outcome::Confirmed { read },
                    Some((reads, _)) => Outcome::NotTaken { reads, accepted: false },
                    None if acknowledged => Outcome::Acknowledged,
                    None => Outcome::Unknown { why: Doubt::NotAcknowledged },
                };
                if told.is_some() {
                    writer.note(&mut report).await;
                }
            }
            reports.push(report);
        }
        if place.is_none() && self.line() != line {
            // Where nobody was found the line stays as the caller had it, as far as it can.
            let _ = self.reconfigure(line).await;
        }
        Settled { place, plan, reports }
    }
}
