//! A batch over M-Bus.
//!
//! A telegram shows number, address and speed, and a few settings more on some models; those are read back. What no telegram
//! shows is acknowledged at best, and the line of such a meter says so.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ::mbus::Identity;
use schema::SettingId;
use units::{LineParams, bcd};

use super::work::{Here, LOOKS, PAUSE, Stop, agreed, left, lost};
use super::{Batch, BatchFault, Desk, Ended, Event, Over, noted};
use crate::boot::Facts;
use crate::bus::Observer;
use crate::guard::Guard;
use crate::identify::serial_text;
use crate::mbus::{
    Address, Doubt, Fault, MbusLine, MbusReadOut, Obstacle, Outcome, Place, Plan, StepReport, WriteProgress,
    place_after, sentence,
};
use crate::names;
use crate::plan::Action;
use crate::port::{Port, PortFault};
use crate::profile::ProfileFault;
use crate::record::{Lines, LinesJournal, Where};

fn port(fault: Fault) -> BatchFault {
    match fault {
        Fault::Port(fault) => BatchFault::Port(fault),
        fault => BatchFault::Port(PortFault::Failed(fault.to_string())),
    }
}

/// The number of a meter, as its label has it.
fn number(read: &MbusReadOut) -> Option<(Identity, u32)> {
    let identity = read.header.identity?;
    Some((identity, bcd::decode(identity.id, 8)?))
}

async fn tune<P: Port, O: Observer>(bus: &mut MbusLine<'_, P, O>, line: LineParams) -> Result<(), Fault> {
    if bus.line() == line { Ok(()) } else { bus.reconfigure(line).await }
}

/// The settings that the telegrams show, in their own units.
fn shown(read: &MbusReadOut, place: Place) -> Vec<(SettingId, i64)> {
    let Some(facts) = Facts::of_telegrams(read, place) else { return Vec::new() };
    let settings = facts.entry.def.all_settings();
    settings.filter_map(|setting| Some((setting.id, i64::from(facts.setting(setting.id)?)))).collect()
}

impl Batch {
    /// Takes one meter: waits until one comes up, gives it its line, writes, proves and reads back.
    ///
    /// Dropping the future loses nothing: what went out before stands in the journal.
    ///
    /// # Errors
    /// [`BatchFault`] where nothing can go on; the same batch may be continued once that is mended.
    pub async fn next_mbus<P: Port, O: Observer, L: Lines, D: Desk>(
        &mut self,
        bus: &mut MbusLine<'_, P, O>,
        journal: &mut LinesJournal<L>,
        desk: &mut D,
    ) -> Result<Ended, BatchFault> {
        if self.list.over() != Over::Mbus {
            return Err(BatchFault::OtherBus);
        }
        let (mut told, began) = (false, bus.now());
        loop {
            if self.all_over() {
                return Ok(Ended::All);
            }
            for (place, begun) in self.places() {
                let Where::Mbus(place) = place else { continue };
                if let Some((here, identity)) = self.look_mbus(bus, place, begun, desk).await? {
                    self.arrived(&here, desk);
                    let mut last = place;
                    let ended = self.work_mbus(bus, journal, desk, &here, identity, &mut last).await;
                    return self.ended(&here, Where::Mbus(last), ended, desk);
                }
            }
            if !self.waits_on(&mut told, bus.now().since(began), desk) {
                return Ok(Ended::Nobody);
            }
            bus.wait(PAUSE).await.map_err(port)?;
        }
    }

    /// Models that tell the same of themselves are told apart by the profiles of the list, where those are for one of them only.
    fn take_for_listed(&self, read: &mut MbusReadOut) {
        let mut listed =
            read.models.iter().filter(|model| self.list.rows().iter().any(|row| row.is_for(model)));
        if let (Some(entry), None) = (listed.next(), listed.next()) {
            read.choose(entry);
        }
    }

    /// Looks whether a meter is at a place with which something is to be done; where a begun one may be, that one only.
    async fn look_mbus<P: Port, O: Observer, D: Desk>(
        &mut self,
        bus: &mut MbusLine<'_, P, O>,
        place: Place,
        begun: Option<u32>,
        desk: &mut D,
    ) -> Result<Option<(Here<Place>, Identity)>, BatchFault> {
        let at = Where::Mbus(place);
        tune(bus, place.line).await.map_err(port)?;
        if let Address::Primary(address) = place.address {
            // One short question to a place where nobody may be.
            match bus.ping(address).await {
                Err(Fault::Port(fault)) => return Err(BatchFault::Port(fault)),
                Err(Fault::Silent { .. }) => {
                    self.aside.retain(|(place, _)| *place != at);
                    return Ok(None);
                }
                _ => {}
            }
        }
        let mut before: Option<Identity> = None;
        let mut numbers: Vec<String> = Vec::new();
        let mut last = None;
        for _ in 0..LOOKS {
            match bus.read_out(place.address, &mut |_| {}).await {
                Ok(mut read) => {
                    self.take_for_listed(&mut read);
                    let known = number(&read);
                    let Some(((identity, serial), entry)) = known.zip(read.models.one()) else {
                        if !self.put_aside(at, known.map(|(_, serial)| serial)) {
                            let which = read.models.refusal().unwrap_or_default();
                            desk.tell(
                                &self.list,
                                &Event::Stranger(
                                    format!("{} {which}", read.sentence()).trim_end().to_string(),
                                ),
                            );
                        }
                        return Ok(None);
                    };
                    // One that tells the same twice is no piece of two telegrams that fell on each other.
                    if before == Some(identity) {
                        let row = self.judge(at, begun, serial, entry, desk);
                        return Ok(row.map(|row| (Here { entry, serial, row, place }, identity)));
                    }
                    before = Some(identity);
                    numbers.push(serial_text(serial));
                }
                Err(Fault::Port(fault)) => return Err(BatchFault::Port(fault)),
                Err(fault) => last = Some(fault),
            }
        }
        if !self.put_aside(at, None) {
            let told = match (numbers.as_slice(), last) {
                ([_, _, ..], _) => format!("Several meters answer at {place}: {}.", numbers.join(", ")),
                (_, Some(fault)) => sentence(&fault, place),
                (_, None) => format!("What answers at {place} is no meter that could be read."),
            };
            desk.tell(&self.list, &Event::Disturbed(format!("{told} Connect the meters one by one.")));
        }
        Ok(None)
    }

    async fn work_mbus<P: Port, O: Observer, L: Lines, D: Desk>(
        &mut self,
        bus: &mut MbusLine<'_, P, O>,
        journal: &mut LinesJournal<L>,
        desk: &mut D,
        here: &Here<Place>,
        identity: Identity,
        at: &mut Place,
    ) -> Result<(), Stop> {
        let Here { entry, serial, row, place } = *here;
        let Some(of) = self.list.rows().get(row).cloned() else { return left("Its line is gone.") };
        let actions = match of.actions(entry, Over::Mbus) {
            Ok(actions) => actions,
            Err(why) => return left(why.iter().map(ProfileFault::what).collect::<Vec<_>>().join("; ")),
        };
        let renumbers = |action: &Action| matches!(action, Action::Set { setting, .. } if setting.id == SettingId::Serial);
        if actions.iter().any(renumbers) {
            return left(
                "Nothing was written: its line gives it another number, by which it would not be known again. Expected a list \
                 without a setting \"serial\".",
            );
        }
        let mut read = bus.read_out(place.address, &mut |_| {}).await?;
        self.take_for_listed(&mut read);
        if number(&read) != Some((identity, serial)) {
            return left("It could not be read.");
        }
        let mut log = noted(&mut self.record, journal);
        log.seat(serial, of.id).await.map_err(lost)?;
        log.found(entry, serial, Where::Mbus(place), &shown(&read, place)).await.map_err(lost)?;
        let open =
            log.lines_mut().record.meter(serial).filter(|meter| meter.open().next().is_some()).cloned();
        if let Some(meter) = open {
            match bus.settle(&meter, &mut log).await.place {
                Some(found) => *at = found,
                None => {
                    return Err(Stop::Left { answers: false, why: "It does not answer any more.".into() });
                }
            }
        }
        let plan = Plan::new(entry, Some(identity), *at, actions.iter().copied());
        if plan.steps.len() != actions.len() {
            return left("Nothing was written: its line holds what this model does not take over the M-Bus.");
        }
        // A telegram tells too little of what was used before: every change of that kind counts as the first one.
        let guard = Guard::new(entry, Some(serial), plan.steps.iter().copied(), |_| None);
        agreed(&of, &guard, desk).await?;
        let end = plan.steps.iter().fold(plan.place, |place, step| place_after(step, place));
        if end != plan.place {
            is_free(bus, plan.place, end).await?;
        }
        let list = &self.list;
        let (reports, after) = bus
            .write_plan(&plan, &mut log, &mut |progress| {
                let event = match progress {
                    WriteProgress::Begins { step, of } => Event::Writing { row, step, of },
                    WriteProgress::Ended { report, .. } => {
                        Event::Written { row, word: report.outcome.word(), sentence: report.sentence(&plan) }
                    }
                };
                desk.tell(list, &event);
            })
            .await;
        *at = after;
        proven(&plan, &reports)?;
        desk.tell(&self.list, &Event::Verifying { row });
        let mut read = bus.read_out(after.address, &mut |_| {}).await?;
        read.choose(entry);
        if number(&read) != Some((identity, serial)) || after != end {
            return left(format!("It was written, but could not be read back at {end}."));
        }
        let has = shown(&read, after);
        let mut values = Vec::new();
        for action in &plan.steps {
            let Action::Set { setting, value } = *action else { continue };
            // What no telegram shows was acknowledged, and stands as that in the journal.
            let Some((_, has)) = has.iter().find(|(id, _)| *id == setting.id) else { continue };
            if *has != i64::from(value) {
                let label = names::setting_label(entry, setting.id);
                let has = names::setting_text(setting, *has);
                return left(format!("{label} was written, and a moment later it reads {has}."));
            }
            values.push((setting.id.key().to_string(), *has));
        }
        let time = desk.time();
        log.verified(serial, of.id, &time, &values).await.map_err(lost)
    }
}

/// Makes sure that nobody else is where the meter is to go, before anything is written.
async fn is_free<P: Port, O: Observer>(
    bus: &mut MbusLine<'_, P, O>,
    start: Place,
    end: Place,
) -> Result<(), Stop> {
    let Address::Primary(address) = end.address else { return Ok(()) };
    if start.line == end.line && start.address == end.address {
        return Ok(());
    }
    tune(bus, end.line).await?;
    // The meter itself is heard at its old speed alone.
    let heard = bus.ping(address).await;
    tune(bus, start.line).await?;
    match heard {
        Err(Fault::Silent { .. }) => Ok(()),
        Err(Fault::Port(fault)) => Err(Stop::Fault(BatchFault::Port(fault))),
        _ => left(format!(
            "Nothing was written: somebody answers at {end} already. Disconnect it, or give the line another id."
        )),
    }
}

/// Nothing where every step is confirmed or acknowledged; else why the meter is left.
fn proven(plan: &Plan, reports: &[StepReport]) -> Result<(), Stop> {
    let is_open =
        |report: &&StepReport| !matches!(report.outcome, Outcome::Confirmed { .. } | Outcome::Acknowledged);
    let Some(first) = reports.iter().find(is_open) else { return Ok(()) };
    let fault = match &first.outcome {
        Outcome::NotSent { why: Obstacle::Journal(fault) } => return Err(lost(fault.clone())),
        Outcome::NotSent { why: Obstacle::Fault(fault) }
        | Outcome::Unknown { why: Doubt::NoReadBack(fault) } => Some(fault),
        Outcome::Unknown { why: Doubt::SilentAtBoth { new, .. } } => Some(new),
        _ => None,
    };
    if let Some(Fault::Port(fault)) = fault {
        return Err(Stop::Fault(BatchFault::Port(fault.clone())));
    }
    let why: String = first.sentence(plan);
    Err(Stop::Left { answers: fault.is_none(), why })
}
