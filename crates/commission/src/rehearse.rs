//! Rehearsals: what is staged is written to a twin of the meter first, by the same workflow that writes to the meter, on a
//! simulated wire in virtual time. Nothing is sent to the meter.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;

use device::Door;
use models::Entry;
use rig::{Bench, PageText, Twin, block_on, page_of};
use schema::{Access, CommandId, Keep, PortId, SettingId, Source};
use units::{Duration, Instant};

use crate::boot::{self, Boot, BootReport, Facts};
use crate::bus::{Line, LineMemory, Place, Timing, Transport};
use crate::identify::serial_text;
use crate::journal::MemoryJournal;
use crate::mbus::{Address, MbusLine, MbusMemory, MbusTiming, Place as MbusPlace, Plan as MbusPlan};
use crate::names;
use crate::plan::{Action, Plan};
use crate::report::{Ended, Outcome, Report, Way, WriteProgress};
use crate::simulated::SimulatedPort;
use crate::uses::{OneWay, uses};
use crate::write::write_plan;

/// The bench begins here, so that nothing happens at its very first moment.
const START: Instant = Instant::from_millis(1_000);
/// How long a meter gets for what it does after its last answer.
const AFTER: Duration = Duration::from_millis(500);

/// A meter that is known to be on the same line.
#[derive(Clone, Copy, Debug)]
pub struct Neighbour {
    /// Its model.
    pub entry: &'static Entry,
    /// The last eight digits of its serial number.
    pub serial: u32,
    /// Where it is spoken to.
    pub place: Place,
}

/// One step of a rehearsal.
#[derive(Clone, Debug)]
pub struct Step<W: Way> {
    /// What became of it on the twin.
    pub report: Report<W>,
    /// What the meter's display shows of it before, where it does.
    pub before: Option<PageText>,
    /// The same afterwards.
    pub after: Option<PageText>,
}

/// What came of a rehearsal.
#[derive(Debug)]
pub struct Rehearsal<W: Way> {
    /// The plan, as it is written to the meter when it comes to that.
    pub plan: W,
    /// Its steps on the twin.
    pub steps: Vec<Step<W>>,
    /// What the meter has only a few of, before and after.
    pub uses: Vec<(OneWay, OneWay)>,
    /// Where the meter is spoken to before.
    pub from: W::Place,
    /// Where it will be found afterwards.
    pub to: W::Place,
    /// What is to be known before it is written, a sentence each.
    pub warnings: Vec<String>,
    /// In what the twin is the meter.
    pub boot: BootReport,
    /// How long the writing took on the wire.
    pub took: Duration,
    /// The twin as it stands afterwards.
    pub twin: Twin,
}

impl<W: Way> Rehearsal<W> {
    /// True where every step was confirmed on the twin, or acknowledged where no more can be had.
    #[must_use]
    pub fn went_well(&self) -> bool {
        let good = |ended: &Ended<W>| matches!(ended, Outcome::Confirmed { .. } | Outcome::Acknowledged);
        self.steps.iter().all(|step| good(&step.report.outcome))
    }

    /// Everything for a terminal: a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for step in &self.steps {
            let word = step.report.outcome.word();
            lines.push(format!("{word:<12} {}", step.report.sentence(&self.plan)));
            if let (Some(before), Some(after)) = (&step.before, &step.after) {
                lines.push(format!("{:<12} Display: {} -> {}", "", before.sentence, after.sentence));
            }
        }
        for (before, after) in &self.uses {
            if before.left == after.left {
                lines.push(after.sentence());
            } else {
                lines.push(format!("{} Before: {}.", after.sentence(), before.left));
            }
        }
        if self.from == self.to {
            lines.push(format!("The meter stays at {}.", self.to));
        } else {
            lines.push(format!("The meter is now at {} and will be found at {}.", self.from, self.to));
        }
        lines.extend(self.warnings.iter().map(|warning| format!("Note: {warning}")));
        lines
    }
}

/// The row that shows what a command sets to zero.
fn command_source(entry: &'static Entry, command: CommandId) -> Option<Source> {
    let gives = |access: Access| matches!(access, Access::Command(it, _) if it == command);
    entry.def.all_registers().find(|row| gives(row.access)).map(|row| row.source)
}

fn source(entry: &'static Entry, action: &Action) -> Option<Source> {
    match action {
        Action::Set { setting, .. } => Some(Source::Setting(setting.id)),
        Action::Give(command) => command_source(entry, *command),
    }
}

/// A bench with the twin of a meter on it.
struct Stage {
    bench: Rc<RefCell<Bench>>,
    boot: BootReport,
    before: Vec<OneWay>,
    /// What the display shows of each step, before it and behind it.
    shown: Vec<[Option<PageText>; 2]>,
}

impl Stage {
    fn new(facts: &Facts) -> Self {
        let Boot { twin, report } = boot::boot(facts, START);
        let before = uses(&twin);
        let bench = Rc::new(RefCell::new(Bench::new(START)));
        bench.borrow_mut().add(twin);
        Self { bench, boot: report, before, shown: Vec::new() }
    }

    fn with<T>(&self, of: impl FnOnce(&Twin) -> T) -> Option<T> {
        self.bench.borrow().twin(0).map(of)
    }

    /// Looks at the display as the steps begin and end.
    fn look<W: Way>(&mut self, plan: &W, progress: &WriteProgress<'_, Report<W>>) {
        let (number, behind) = match progress {
            WriteProgress::Begins { step, .. } => (*step, false),
            WriteProgress::Ended { step, .. } => (*step, true),
        };
        let Some(action) = plan.action(number) else { return };
        let shows = source(plan.entry(), &action);
        let page = shows.and_then(|source| self.with(|twin| page_of(twin, source))?);
        if behind {
            if let Some([_, after]) = self.shown.last_mut() {
                *after = page;
            }
        } else {
            self.shown.push([page, None]);
        }
    }

    fn end<W: Way>(
        self,
        plan: W,
        reports: Vec<Report<W>>,
        to: W::Place,
        warnings: Vec<String>,
    ) -> Option<Rehearsal<W>> {
        let took = self.bench.borrow().now().since(START);
        // What the meter does after its last answer, it has done then.
        let until = self.bench.borrow().now() + AFTER;
        self.bench.borrow_mut().run_until(until);
        let after = self.with(uses).unwrap_or_default();
        let from = plan.start();
        let steps = reports.into_iter().zip(self.shown);
        let steps = steps.map(|(report, [before, after])| Step { report, before, after }).collect();
        let twin = self.bench.borrow_mut().take(0)?;
        let uses = self.before.into_iter().zip(after).collect();
        Some(Rehearsal { plan, steps, uses, from, to, warnings, boot: self.boot, took, twin })
    }
}

/// What every rehearsal warns of, whichever way it is written.
fn warn<W: Way>(plan: &W, boot: &BootReport, warnings: &mut Vec<String>) {
    let entry = plan.entry();
    for number in 0..plan.count() {
        match plan.action(number) {
            Some(Action::Give(command)) => warnings.push(format!(
                "{} is lost for good when the {} is reset.",
                crate::report::capital(names::command_loss(command)),
                names::command_label(command)
            )),
            Some(Action::Set { setting, value }) => {
                let label = names::inside(names::setting_label(entry, setting.id));
                if entry.def.metering.ct.is_some_and(|ct| ct.setting == setting.id) {
                    warnings.push(format!(
                        "A new {label} ends the active energies: they go into the history and start again at zero."
                    ));
                }
                match setting.choice(value).map(|choice| choice.keep) {
                    Some(Keep::Final) => {
                        let value = names::setting_text(setting, i64::from(value));
                        warnings.push(format!("From {label} {value} there is no way back."));
                    }
                    Some(Keep::Marked) => warnings.push(
                        "Once a tariff above 2 was used, the display shows the energies of tariffs 3 and 4 for ever."
                            .to_string(),
                    ),
                    _ => {}
                }
                match setting.id {
                    SettingId::CombinationCode => warnings.push(
                        "Another combination code makes all totals anew at once; forward and reverse stay."
                            .to_string(),
                    ),
                    SettingId::DataType => warnings.push(
                        "Other masters that read the counters in the old form read nonsense from then on."
                            .to_string(),
                    ),
                    _ => {}
                }
            }
            None => {}
        }
    }
    let versions = boot.differs.iter().filter(|it| {
        entry
            .def
            .all_registers()
            .any(|row| boot::is_version(row.source) && names::identity_of(row.source) == it.key)
    });
    for it in versions {
        warnings.push(format!(
            "{}: the meter has {}, the twin {}; the meter may act otherwise than the twin did.",
            it.label, it.meter, it.twin
        ));
    }
}

fn warn_modbus(plan: &Plan, to: Place, neighbours: &[Neighbour], warnings: &mut Vec<String>) {
    let from = plan.place;
    if to.line != from.line {
        warnings.push(format!(
            "The meter speaks {} afterwards: other masters and meters on this bus that still speak {} do not hear it any \
             more.",
            to.line, from.line
        ));
    }
    if to.unit != from.unit {
        warnings.push(format!(
            "Other masters that ask id {} no longer find the meter, which has id {} then.",
            from.unit, to.unit
        ));
    }
    let taken = neighbours.iter().filter(|it| Some(it.serial) != plan.serial && it.place.unit == to.unit);
    for it in taken.filter(|_| to != from) {
        let same = if it.place.line == to.line { "" } else { " at another speed or parity" };
        warnings.push(format!(
            "Id {} is that of {} {}, serial {}{same}: two meters with one id on one line disturb each other.",
            to.unit,
            it.entry.notes.maker,
            it.entry.notes.name,
            serial_text(it.serial)
        ));
    }
}

/// Puts a known meter on the bench where the plan would move ours, as the real line has it there.
fn seat(bench: &mut Bench, it: &Neighbour, line: units::LineParams) {
    let mut twin = Twin::new(it.entry, None, START);
    let changes = [
        (SettingId::Serial, i64::from(it.serial)),
        (SettingId::ModbusId, i64::from(it.place.unit)),
        (SettingId::Baud, i64::from(line.baud)),
    ];
    for change in changes {
        // One that the model cannot have leaves it where it is born; the warning names it all the same.
        let _ = twin.device_mut().apply(Door::Factory, &[change]);
    }
    if let Some(setting) = names::setting(it.entry, SettingId::Parity)
        && let Some(value) = crate::plan::parity_value(setting, line.parity)
    {
        let _ = twin.device_mut().apply(Door::Factory, &[(SettingId::Parity, i64::from(value))]);
    }
    for port in PortId::ALL {
        while twin.device_mut().port_poll(port, START).is_some() {}
    }
    bench.add(twin);
}

/// Writes `plan` to a twin of the meter that told `facts`. `neighbours` are the meters known to be on the same line.
///
/// `None` only where the model has no Modbus.
#[must_use]
pub fn rehearse(facts: &Facts, plan: Plan, neighbours: &[Neighbour]) -> Option<Rehearsal<Plan>> {
    let facts = facts.clone().at(plan.place);
    let mut stage = Stage::new(&facts);
    let (line, unit) = stage.with(|twin| twin.device().address(PortId::Modbus))??;
    let place = Place { line, unit };
    {
        let mut bench = stage.bench.borrow_mut();
        bench.set_master_line(PortId::Modbus, line);
        let to = plan.steps.iter().fold(place, |place, step| step.action.place_after(place));
        for it in
            neighbours.iter().filter(|it| Some(it.serial) != plan.serial && it.place.line == plan.place.line)
        {
            // At the end of the way, and at each id on it.
            if it.place.unit == to.unit && to.unit != place.unit {
                seat(&mut bench, it, line);
            }
        }
    }
    let mut rehearsed = plan.clone();
    rehearsed.place = place;
    let port = SimulatedPort::new(stage.bench.clone(), PortId::Modbus);
    let mut memory = Box::<LineMemory>::default();
    let mut bus = Line::new(port, &mut memory, Transport::Rtu, place, Timing::default(), ());
    let mut journal = MemoryJournal::default();
    let bench = stage.bench.clone();
    let reports = block_on(
        &bench,
        write_plan(&mut bus, &rehearsed, &mut journal, &mut |progress| stage.look(&rehearsed, &progress)),
    )?;
    let moved = crate::bus::Bus::place(&bus);
    drop(bus);
    // Behind a gateway the line is another one than the place says; what changes, changes by the same steps.
    let confirmed = |report: &&crate::StepReport| matches!(report.outcome, Outcome::Confirmed { .. });
    let to = reports.iter().filter(confirmed).fold(plan.place, |at, report| report.action.place_after(at));
    let to = if plan.place == place { moved } else { to };
    let mut warnings = Vec::new();
    warn(&plan, &stage.boot, &mut warnings);
    warn_modbus(&plan, to, neighbours, &mut warnings);
    stage.end(plan, reports, to, warnings)
}

/// The same over the M-Bus.
///
/// `None` only where the model has no M-Bus.
#[must_use]
pub fn rehearse_mbus(facts: &Facts, plan: MbusPlan) -> Option<Rehearsal<MbusPlan>> {
    let mut stage = Stage::new(facts);
    let (line, _) = stage.with(|twin| twin.device().address(PortId::Mbus))??;
    let mut rehearsed = plan.clone();
    rehearsed.place.line = line;
    stage.bench.borrow_mut().set_master_line(PortId::Mbus, line);
    let port = SimulatedPort::new(stage.bench.clone(), PortId::Mbus);
    let mut memory = Box::<MbusMemory>::default();
    let mut bus = MbusLine::new(port, &mut memory, line, MbusTiming::default(), ());
    let mut journal = MemoryJournal::default();
    let bench = stage.bench.clone();
    let (reports, to) = block_on(
        &bench,
        bus.write_plan(&rehearsed, &mut journal, &mut |progress| stage.look(&rehearsed, &progress)),
    )?;
    drop(bus);
    let to = if plan.place.line == line { to } else { MbusPlace { line: plan.place.line, ..to } };
    let mut warnings = Vec::new();
    warn(&plan, &stage.boot, &mut warnings);
    if to.line != plan.place.line {
        warnings.push(format!(
            "The meter speaks {} afterwards: other masters and meters on this bus that still speak {} do not hear it any \
             more.",
            to.line, plan.place.line
        ));
    }
    if let (Address::Primary(old), Address::Primary(new)) = (plan.place.address, to.address)
        && old != new
    {
        warnings.push(format!(
            "Other masters that ask address {old} no longer find the meter, which has address {new} then."
        ));
    }
    stage.end(plan, reports, to, warnings)
}
