//! A batch over Modbus.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use schema::{SettingDef, SettingId, Source};
use units::Duration;

use super::work::{Here, LOOKS, PAUSE, Stop, agreed, left, lost, port};
use super::{Batch, BatchFault, Desk, Ended, Event, Over, noted};
use crate::bus::{Bus, Fault, Place};
use crate::diagnosis::{Symptoms, Tally, diagnose};
use crate::guard::Guard;
use crate::identify::{identify, serial_text};
use crate::names;
use crate::plan::{Action, Plan};
use crate::profile::ProfileFault;
use crate::read::{self, ReadOut, Span, read_settings};
use crate::record::{Lines, LinesJournal, Where, settings_of};
use crate::report::{Obstacle, Outcome, WriteProgress};
use crate::settle::settle;
use crate::write::{Doubt, StepReport, write_plan};

/// How long meters get to give up what they did not understand, where the line changes.
const SETTLE: Duration = Duration::from_millis(100);

/// Where the serial number stands; every model with a Modbus that is known has it at one of these.
fn serial_span() -> Option<Span> {
    let mut with = models::ALL.iter().filter(|entry| entry.def.modbus.is_some());
    let row = with.find_map(|entry| entry.def.register_of(SettingId::Serial))?;
    Some(Span { addr: row.addr, count: row.codec.words() })
}

async fn go<B: Bus>(bus: &mut B, place: Place) -> Result<(), Fault> {
    if bus.place().line != place.line {
        bus.reconfigure(place.line).await?;
        bus.wait(SETTLE).await?;
    }
    bus.set_unit(place.unit);
    Ok(())
}

/// One short question to a place where nobody may be.
async fn knock<B: Bus>(bus: &mut B) -> Result<Vec<u16>, Fault> {
    let Some(span) = serial_span() else { return Err(Fault::Unconfirmed) };
    bus.hope_for_silence(true);
    let heard = read::words(bus, span, 1).await;
    bus.hope_for_silence(false);
    heard
}

fn is_silence(fault: &Fault) -> bool {
    matches!(fault, Fault::Silent { evidence, .. } if evidence.bytes == 0 && evidence.line.is_none())
}

impl Batch {
    /// Takes one meter: waits until one comes up, gives it its line, writes, proves and reads back.
    ///
    /// Dropping the future loses nothing: what went out before stands in the journal.
    ///
    /// # Errors
    /// [`BatchFault`] where nothing can go on; the same batch may be continued once that is mended.
    pub async fn next<B: Bus, L: Lines, D: Desk>(
        &mut self,
        bus: &mut B,
        journal: &mut LinesJournal<L>,
        desk: &mut D,
    ) -> Result<Ended, BatchFault> {
        if self.list.over() != Over::Modbus {
            return Err(BatchFault::OtherBus);
        }
        let (mut told, began) = (false, bus.now());
        loop {
            if self.all_over() {
                return Ok(Ended::All);
            }
            for (place, begun) in self.places() {
                let Where::Modbus(place) = place else { continue };
                if let Some(here) = self.look(bus, place, begun, desk).await? {
                    return self.take(bus, journal, desk, &here).await;
                }
            }
            if !self.waits_on(&mut told, bus.now().since(began), desk) {
                return Ok(Ended::Nobody);
            }
            bus.wait(PAUSE).await.map_err(port)?;
        }
    }

    /// Looks whether a meter is at a place with which something is to be done; where a begun one may be, that one only.
    async fn look<B: Bus, D: Desk>(
        &mut self,
        bus: &mut B,
        place: Place,
        begun: Option<u32>,
        desk: &mut D,
    ) -> Result<Option<Here<Place>>, BatchFault> {
        let at = Where::Modbus(place);
        go(bus, place).await.map_err(port)?;
        let mut tally = Tally::default();
        let mut serials: Vec<u32> = Vec::new();
        let mut last = None;
        for look in 0..LOOKS {
            let heard = knock(bus).await;
            let heard = match heard {
                Ok(_) | Err(Fault::Refused(_)) => identify(bus).await,
                Err(fault) => Err(fault),
            };
            match heard {
                Ok(identity) => {
                    let (Some(serial), Some(entry)) = (identity.serial, identity.entry) else {
                        if !self.put_aside(at, identity.serial) {
                            desk.tell(&self.list, &Event::Stranger(identity.sentence()));
                        }
                        return Ok(None);
                    };
                    // One that answers like this twice is no piece of two answers that fell on each other.
                    if serials.contains(&serial) {
                        let row = self.judge(at, begun, serial, entry, desk);
                        return Ok(row.map(|row| Here { entry, serial, row, place }));
                    }
                    serials.push(serial);
                }
                Err(Fault::Port(fault)) => return Err(BatchFault::Port(fault)),
                Err(fault) if look == 0 && is_silence(&fault) => {
                    self.aside.retain(|(place, _)| *place != at);
                    return Ok(None);
                }
                Err(fault) => {
                    tally.note(&Err(fault.clone()));
                    last = Some(fault);
                }
            }
        }
        if !self.put_aside(at, None) {
            let symptoms = Symptoms { serials, ..Symptoms::of(place, tally, last.as_ref()) };
            let told = diagnose(&symptoms).to_string();
            desk.tell(&self.list, &Event::Disturbed(format!("{told} Connect the meters one by one.")));
        }
        Ok(None)
    }

    /// Does all that is to be done with a meter.
    async fn take<B: Bus, L: Lines, D: Desk>(
        &mut self,
        bus: &mut B,
        journal: &mut LinesJournal<L>,
        desk: &mut D,
        here: &Here<Place>,
    ) -> Result<Ended, BatchFault> {
        self.arrived(here, desk);
        let ended = self.work(bus, journal, desk, here).await;
        self.ended(here, Where::Modbus(bus.place()), ended, desk)
    }

    async fn work<B: Bus, L: Lines, D: Desk>(
        &mut self,
        bus: &mut B,
        journal: &mut LinesJournal<L>,
        desk: &mut D,
        here: &Here<Place>,
    ) -> Result<(), Stop> {
        let Here { entry, serial, row, place } = *here;
        let Some(of) = self.list.rows().get(row).cloned() else { return left("Its line is gone.") };
        let read = read_settings(bus, entry).await?;
        if read.serial != Some(serial) {
            return left("It could not be read.");
        }
        let mut log = noted(&mut self.record, journal);
        log.seat(serial, of.id).await.map_err(lost)?;
        log.found(entry, serial, Where::Modbus(place), &settings_of(&read)).await.map_err(lost)?;
        let open =
            log.lines_mut().record.meter(serial).filter(|meter| meter.open().next().is_some()).cloned();
        if let Some(meter) = open {
            let settled = settle(bus, &meter, &mut log).await;
            if settled.is_ok_and(|settled| settled.place.is_none()) {
                return Err(Stop::Left { answers: false, why: "It does not answer any more.".into() });
            }
        }
        let staged = match of.staged(entry) {
            Ok(staged) => staged,
            Err(why) => return left(why.iter().map(ProfileFault::what).collect::<Vec<_>>().join("; ")),
        };
        let plan = match Plan::new(entry, &staged, &[], Some(serial), bus.place()) {
            Ok(plan) => plan,
            Err(why) => return left(format!("{why}.")),
        };
        let actions: Vec<Action> = plan.steps.iter().map(|step| step.action).collect();
        let guard = Guard::read(bus, entry, Some(serial), &actions).await?;
        agreed(&of, &guard, desk).await?;
        let end = plan.steps.iter().fold(plan.place, |place, step| step.action.place_after(place));
        if end != plan.place {
            is_free(bus, &plan, end).await?;
        }
        let list = &self.list;
        let reports = write_plan(bus, &plan, &mut log, &mut |progress| {
            let event = match progress {
                WriteProgress::Begins { step, of } => Event::Writing { row, step, of },
                WriteProgress::Ended { report, .. } => {
                    Event::Written { row, word: report.outcome.word(), sentence: report.sentence(&plan) }
                }
            };
            desk.tell(list, &event);
        })
        .await;
        proven(&plan, &reports)?;
        desk.tell(&self.list, &Event::Verifying { row });
        let read = read_settings(bus, entry).await?;
        if read.serial != Some(serial) || bus.place() != end {
            return left(format!("It was written, but could not be read back at {end}."));
        }
        let mut values = Vec::new();
        for (id, value) in staged.iter() {
            let Some(setting) = names::setting(entry, id) else { continue };
            if !stands(&read, setting, value) {
                let label = names::setting_label(entry, id);
                let has = read.value(Source::Setting(id));
                let has = has.map_or_else(
                    || "nothing that can be read".into(),
                    |has| names::setting_text(setting, has).to_string(),
                );
                return left(format!("{label} was proven, and a moment later it reads {has}."));
            }
            values.push((id.key().to_string(), i64::from(value)));
        }
        let time = desk.time();
        log.verified(serial, of.id, &time, &values).await.map_err(lost)
    }
}

/// Makes sure that nobody else is where the meter is to go, before anything is written.
async fn is_free<B: Bus>(bus: &mut B, plan: &Plan, end: Place) -> Result<(), Stop> {
    go(bus, end).await?;
    let heard = knock(bus).await;
    go(bus, plan.place).await?;
    let whom = match heard {
        Err(Fault::Port(fault)) => return Err(Stop::Fault(BatchFault::Port(fault))),
        Err(fault) if is_silence(&fault) => return Ok(()),
        Ok(words) => match names::decode(plan.entry, plan.serial_row, &words).map(u32::try_from) {
            Ok(Ok(serial)) => format!("the meter {}", serial_text(serial)),
            _ => "somebody".to_string(),
        },
        Err(_) => "somebody".to_string(),
    };
    left(format!(
        "Nothing was written: {whom} answers at {end} already. Disconnect it, or give the line another id."
    ))
}

/// Nothing where every step is confirmed; else why the meter is left.
fn proven(plan: &Plan, reports: &[StepReport]) -> Result<(), Stop> {
    let is_open = |report: &&StepReport| !matches!(report.outcome, Outcome::Confirmed { .. });
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
    Err(Stop::Left { answers: fault.is_none(), why: first.sentence(plan) })
}

/// True where the registers that were read hold the value of a setting.
fn stands(read: &ReadOut, setting: &'static SettingDef, value: i32) -> bool {
    let row = read.rows.iter().find(|row| row.row.def.source == Source::Setting(setting.id));
    row.is_some_and(|row| {
        let pair = [row.words.first().copied().unwrap_or(0), row.words.get(1).copied().unwrap_or(0)];
        row.value == Ok(i64::from(value))
            || row.value.is_ok() && row.row.def.codec.matches(pair, i64::from(value), setting.unit)
    })
}
