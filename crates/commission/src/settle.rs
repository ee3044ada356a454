//! Settling: what a record leaves unknown is asked of the meter, at its new place and at its old one. Nothing is written to
//! the meter.

use alloc::vec::Vec;

use crate::bus::{Bus, Fault, Place};
use crate::journal::Journal;
use crate::plan::{Action, Plan, PlanError};
use crate::record::{MeterRecord, Where};
use crate::report::Outcome;
use crate::write::{self, Doubt, StepReport, Writer, is_done};

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

/// A plan of what is open.
fn plan(meter: &MeterRecord, place: Place) -> Result<Plan, PlanError> {
    let mut staged = crate::Staged::new();
    let mut commands = Vec::new();
    for (_, action) in meter.open() {
        match action {
            // A value that was sent was one of the setting's.
            Action::Set { setting, value } => {
                let _ = staged.stage(meter.entry, setting.id, i64::from(value));
            }
            Action::Give(command) => commands.push(command),
        }
    }
    Plan::new(meter.entry, &staged, &commands, Some(meter.serial), place)
}

/// Asks the meter of a record about everything that is open there, wherever it may be, and writes the answers down. The bus
/// is left where the meter was found, else where it was before.
///
/// # Errors
/// [`PlanError`] where the model has no register for what is open.
pub async fn settle<B: Bus, J: Journal>(
    bus: &mut B,
    meter: &MeterRecord,
    journal: &mut J,
) -> Result<Settled, PlanError> {
    let start = bus.place();
    let places: Vec<Place> = meter
        .places()
        .into_iter()
        .filter_map(|place| match place {
            Where::Modbus(place) => Some(place),
            Where::Mbus(_) => None,
        })
        .collect();
    let plan = plan(meter, places.first().copied().unwrap_or(start))?;
    let mut writer = Writer { bus, journal, plan: &plan, serial: meter.serial };
    let mut place = None;
    let mut last = Fault::Unconfirmed;
    for candidate in &places {
        match writer.is_there(*candidate).await {
            Ok(true) => {
                place = Some(*candidate);
                break;
            }
            Ok(false) => {}
            Err(fault @ Fault::Port(_)) => {
                last = fault;
                break;
            }
            Err(fault) => last = fault,
        }
    }
    let mut reports = Vec::new();
    for step in &plan.steps {
        let old = plan.place;
        let at = place.unwrap_or(old);
        let from = meter.from(step.action.key());
        let why = Doubt::NoReadBack(last.clone());
        let outcome = Outcome::Unknown { why };
        let new = if step.action.moves() { at } else { old };
        let mut report = StepReport { action: step.action, from, sent: true, old, new, outcome };
        if place.is_some() {
            report.outcome = match writer.settled(step, &report).await {
                write::ReadBack::Seen(seen) if is_done(step, &seen, from) => {
                    if step.action.place_after(at) == at {
                        Outcome::Confirmed { read: seen.value }
                    } else {
                        Outcome::Unknown { why: Doubt::NotInForce { reads: seen.value } }
                    }
                }
                write::ReadBack::Seen(seen) => Outcome::NotTaken { reads: seen.value, accepted: false },
                write::ReadBack::Other(serial) => Outcome::Unknown { why: Doubt::OtherMeter { serial } },
                write::ReadBack::Unreadable => Outcome::Unknown { why: Doubt::Unreadable },
                write::ReadBack::Failed(fault) => Outcome::Unknown { why: Doubt::NoReadBack(fault) },
            };
            writer.note(step, &mut report).await;
        }
        reports.push(report);
    }
    if place.is_none() {
        // Where nobody was found the line stays as the caller had it, as far as it can.
        let _ = writer.go(start).await;
    }
    Ok(Settled { place, plan, reports })
}
