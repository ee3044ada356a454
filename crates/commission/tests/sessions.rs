//! Whole sessions: rehearse, write, lose the line at any byte, read the journal again, settle, put back as found. What the
//! tool says of a setting stands in the meter, or the tool says that it does not know.

#[path = "stage/cut.rs"]
mod cut;
mod stage;

use std::cell::RefCell;
use std::rc::Rc;

use commission::boot::Facts;
use commission::mbus::{self, MbusMemory};
use commission::record::{LinesJournal, Record, Where, settings_of};
use commission::rehearse::{rehearse, rehearse_mbus};
use commission::session::put_back;
use commission::settle::settle;
use commission::{
    Action, LineMemory, Mark, Outcome, Plan, Staged, commands, names, writable_settings, write_plan,
};
use cut::{Cut, CutPort, Meter};
use models::Entry;
use rig::{Twin, WireFaults};
use schema::{Access, PortId, SettingId};
use stage::{
    Dice, Rail, START, line, mbus_line, mbus_place, place, rail, random_twin, read, read_mbus, run, wire,
    with,
};

const NOW: &str = "a day in November";

/// What the meter has for an action.
fn stands(rail: &Rail, action: &Action) -> i64 {
    let bench = rail.borrow();
    let twin = &bench.twins()[0];
    match action {
        Action::Set { setting, .. } => i64::from(twin.device().setting(setting.id).unwrap()),
        Action::Give(command) => {
            let gives = |access: Access| matches!(access, Access::Command(it, _) if it == *command);
            let row = twin.entry().def.all_registers().find(|row| gives(row.access)).unwrap();
            // As its register tells it, which may keep fewer digits than the meter counts.
            let (unit, form) =
                (twin.entry().def.unit(row.source), twin.device().setting(SettingId::DataType));
            let codec = row.codec.in_form(form);
            codec.decode(codec.encode(twin.device().works().source(row.source), unit), unit).unwrap()
        }
    }
}

/// Another value for so many settings of a model.
fn changes(entry: &'static Entry, rail: &Rail, dice: &mut Dice, most: usize) -> Staged {
    let mut staged = Staged::new();
    for setting in writable_settings(entry) {
        let now = stands(rail, &Action::Set { setting, value: 0 });
        let last = |value: &i64| i32::try_from(*value).is_ok_and(|value| setting.is_lasting(value));
        let value = (0..200).map(|_| dice.value(setting)).find(|value| *value != now && !last(value));
        if let Some(value) = value
            && staged.len() < most
        {
            staged.stage(entry, setting.id, value).unwrap();
        }
    }
    staged
}

/// Every mark of a record that says what the meter has is true.
fn honest(rail: &Rail, record: &Record, what: &str) {
    assert!(record.bad.is_empty(), "{what}: {:?}", record.bad);
    for meter in &record.meters {
        for (key, mark) in &meter.marks {
            let Some(action) = commission::record::action(meter.entry, key, 0) else { panic!("{key}") };
            let stands = stands(rail, &action);
            match mark {
                Mark::Proven { read } | Mark::NotTaken { reads: read } => {
                    assert_eq!(*read, stands, "{what}: {key} {mark:?}")
                }
                Mark::Refused { still: Some(still), .. } => {
                    assert_eq!(*still, stands, "{what}: {key} {mark:?}")
                }
                _ => {}
            }
        }
    }
}

struct Written {
    text: String,
    bytes: usize,
}

/// Writes a plan with a journal, on a line that may be cut.
fn write(rail: &Rail, facts: &commission::ReadOut, plan: &Plan, cut: Option<(usize, Cut)>) -> Written {
    let text = Rc::new(RefCell::new(String::new()));
    let meter = Rc::new(RefCell::new(Meter { carried: 0, cut }));
    let mut memory = LineMemory::default();
    let port = CutPort { port: wire(rail, PortId::Modbus), meter: meter.clone() };
    let mut bus = line(port, plan.place, &mut memory);
    let work = async {
        let lines = Shared(text.clone());
        let mut journal = LinesJournal::begin(lines, true, NOW).await.unwrap();
        let serial = facts.serial.unwrap();
        journal.found(plan.entry, serial, Where::Modbus(plan.place), &settings_of(facts)).await.unwrap();
        write_plan(&mut bus, plan, &mut journal, &mut |_| {}).await
    };
    // A program that died is polled no more; what it has written so far stands.
    let reports = rig::block_on_within(rail, units::Duration::from_secs(900), work);
    for report in reports.iter().flatten() {
        let has = stands(rail, &report.action);
        if let Outcome::Confirmed { read } | Outcome::NotTaken { reads: read, .. } = report.outcome {
            assert_eq!(read, has, "{cut:?}: {}", report.sentence(plan));
        }
    }
    // Only a program that died does not come to its end, unless the byte of its death was the last that it waited for.
    let died = matches!(cut, Some((at, Cut::Crash)) if meter.borrow().carried >= at);
    assert!(died || reports.is_some(), "{cut:?}");
    let text = text.borrow().clone();
    Written { text, bytes: meter.borrow().carried }
}

/// Lines that outlive who writes them.
#[derive(Clone)]
struct Shared(Rc<RefCell<String>>);

impl commission::record::Lines for Shared {
    async fn add(&mut self, line: &str) -> Result<(), commission::JournalFault> {
        let mut text = self.0.borrow_mut();
        text.push_str(line);
        text.push('\n');
        Ok(())
    }
}

/// After whatever happened: the line is plugged in again, the meter is asked, and then put back as it was found.
fn recover(rail: &Rail, text: &str, what: &str) -> String {
    let mut text = text.to_owned();
    let record = Record::parse(&text);
    honest(rail, &record, what);
    let Some(meter) = record.meters.first() else { return text };
    let serial = meter.serial;
    let start = meter.modbus_place().unwrap();
    let mut memory = LineMemory::default();
    rail.borrow_mut().set_master_line(PortId::Modbus, start.line);
    let mut bus = line(wire(rail, PortId::Modbus), start, &mut memory);
    let mut journal = run(rail, LinesJournal::begin(std::mem::take(&mut text), false, NOW)).unwrap();
    let settled = run(rail, settle(&mut bus, meter, &mut journal)).unwrap();
    text = journal.into_lines();
    let record = Record::parse(&text);
    honest(rail, &record, what);
    let meter = record.meter(serial).unwrap();
    let open: Vec<&str> = meter.open().map(|(key, _)| key).collect();
    assert_eq!(open, Vec::<&str>::new(), "{what}: a meter that answers settles everything: {text}");
    let here = settled.place.unwrap_or(start);
    assert_eq!(here, place(rail), "{what}");
    let mut back = put_back(meter);
    let plan = back.plan(meter, here).unwrap();
    let mut journal = run(rail, LinesJournal::begin(std::mem::take(&mut text), false, NOW)).unwrap();
    let reports = run(rail, write_plan(&mut bus, &plan, &mut journal, &mut |_| {}));
    for report in &reports {
        assert!(matches!(report.outcome, Outcome::Confirmed { .. }), "{what}: {}", report.sentence(&plan));
    }
    text = journal.into_lines();
    let record = Record::parse(&text);
    honest(rail, &record, what);
    let meter = record.meter(serial).unwrap();
    for (key, was) in &meter.was {
        let left = back.left.iter().any(|it| it.key == *key);
        let action = commission::record::action(meter.entry, key, 0).unwrap();
        assert!(left || stands(rail, &action) == *was, "{what}: {key} was {was}");
    }
    text
}

/// A meter, what was read of it, and a plan that was rehearsed.
fn session(entry: &'static Entry, seed: u64, steps: usize) -> (Rail, commission::ReadOut, Plan) {
    let mut meter = random_twin(entry, seed, 16_000_000);
    stage::change(&mut meter, &[(SettingId::CombinationCode, 1)]);
    let rail = rail(meter);
    let out = read(&rail);
    let mut dice = Dice(seed ^ 0x5EED);
    let staged = changes(entry, &rail, &mut dice, steps);
    let plan =
        Plan::new(entry, &staged, &commands(entry).collect::<Vec<_>>(), out.serial, place(&rail)).unwrap();
    let rehearsal = rehearse(&Facts::of_registers(&out), plan.clone(), &[]).unwrap();
    assert!(rehearsal.went_well(), "{:#?}", rehearsal.lines());
    (rail, out, plan)
}

/// The largest plan that a model takes: ten settings and more where it has so many.
fn largest() -> &'static Entry {
    with(PortId::Modbus).max_by_key(|entry| writable_settings(entry).count()).unwrap()
}

#[test]
fn wherever_the_line_is_cut_the_record_is_honest_and_the_meter_can_be_put_back() {
    let entry = largest();
    let (rail, out, plan) = session(entry, 3, 10);
    assert!(plan.steps.len() >= 10, "{}", plan.steps.len());
    let whole = write(&rail, &out, &plan, None);
    recover(&rail, &whole.text, "no cut");
    let every: usize = std::env::var("METERTWIN_CUT_STEP").ok().and_then(|it| it.parse().ok()).unwrap_or(97);
    let mut cuts = 0;
    for cut in [Cut::Unplugged, Cut::Wire, Cut::Crash] {
        for at in (1..whole.bytes).step_by(every) {
            let (rail, out, plan) = session(entry, 3, 10);
            let written = write(&rail, &out, &plan, Some((at, cut)));
            recover(&rail, &written.text, &format!("{cut:?} after byte {at}"));
            cuts += 1;
        }
    }
    println!("{cuts} cuts of {} bytes, {} steps", whole.bytes, plan.steps.len());
}

#[test]
fn a_journal_that_was_cut_with_the_line_says_no_more_than_it_did() {
    let entry = with(PortId::Modbus).next().unwrap();
    let (rail, out, plan) = session(entry, 1, 4);
    let written = write(&rail, &out, &plan, None);
    for at in 0..written.text.len() {
        let record = Record::parse(&written.text[..at]);
        honest(&rail, &record, &format!("journal cut at {at}"));
    }
}

/// How many random sessions a run plays; the suite plays a few, `METERTWIN_FAULT_RUNS` says how many more.
fn runs() -> (u64, u64) {
    let number = |name: &str, other| std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(other);
    (number("METERTWIN_FAULT_FROM", 0), number("METERTWIN_FAULT_RUNS", 40))
}

fn noisy(rail: &Rail, port: PortId, dice: &mut Dice) {
    let noise = u16::try_from([0, 0, 2, 8, 20][usize::try_from(dice.below(5)).unwrap()]).unwrap();
    let faults = WireFaults { noise, echo: dice.below(4) == 0, ..WireFaults::default() };
    let mut bench = rail.borrow_mut();
    bench.set_seed(dice.below(u64::MAX >> 40) + 1);
    bench.set_faults(port, faults);
}

fn cut_of(dice: &mut Dice) -> Option<(usize, Cut)> {
    let at = usize::try_from(dice.below(1_200)).unwrap() + 1;
    match dice.below(5) {
        0 => None,
        1 | 2 => Some((at, Cut::Wire)),
        3 => Some((at, Cut::Unplugged)),
        _ => Some((at, Cut::Crash)),
    }
}

#[test]
fn no_fault_of_a_session_over_modbus_is_taken_for_a_proof() {
    let models: Vec<_> = with(PortId::Modbus).collect();
    let (from, many) = runs();
    for seed in from..from + many {
        let mut dice = Dice(seed);
        let entry = models[usize::try_from(dice.below(models.len() as u64)).unwrap()];
        let steps = usize::try_from(dice.below(12)).unwrap() + 1;
        let (rail, out, plan) = session(entry, seed, steps);
        noisy(&rail, PortId::Modbus, &mut dice);
        let cut = cut_of(&mut dice);
        let written = write(&rail, &out, &plan, cut);
        rail.borrow_mut().set_faults(PortId::Modbus, WireFaults::default());
        recover(&rail, &written.text, &format!("seed {seed}, {cut:?}"));
    }
}

/// The settings that a telegram shows, and their marks in a record, against the meter.
fn honest_mbus(rail: &Rail, text: &str, what: &str) {
    let record = Record::parse(text);
    assert!(record.bad.is_empty(), "{what}: {:?}", record.bad);
    for (key, mark) in record.meters.iter().flat_map(|meter| &meter.marks) {
        let bench = rail.borrow();
        let device = bench.twins()[0].device();
        let Some(stands) = SettingId::from_key(key).and_then(|id| device.setting(id)) else { continue };
        if let Mark::Proven { read } = mark {
            assert_eq!(*read, i64::from(stands), "{what}: {key}\n{text}");
        }
    }
}

#[test]
fn no_fault_of_a_session_over_mbus_is_taken_for_a_proof() {
    let models: Vec<_> = with(PortId::Mbus).collect();
    let (from, many) = runs();
    for seed in from..from + many {
        let mut dice = Dice(seed);
        let entry = models[usize::try_from(dice.below(models.len() as u64)).unwrap()];
        let mut meter = Twin::new(entry, None, START);
        stage::fill(&mut meter, &mut dice, 16_000_000);
        stage::change(&mut meter, &[(SettingId::MbusId, 1 + i64::try_from(dice.below(200)).unwrap())]);
        let rail = rail(meter);
        let facts = read_mbus(&rail);
        let mut actions = Vec::new();
        for setting in mbus::writable_settings(entry).filter(|it| it.id != SettingId::CombinationCode) {
            let value = i32::try_from(dice.value(setting)).unwrap();
            let value = if setting.id == SettingId::MbusId { value.max(1) } else { value };
            actions.push(Action::Set { setting, value });
        }
        let at = mbus_place(&rail);
        let plan = mbus::Plan::new(entry, None, at, actions);
        let rehearsal = rehearse_mbus(&facts, plan.clone()).unwrap();
        assert!(rehearsal.went_well(), "seed {seed}: {:#?}", rehearsal.lines());
        noisy(&rail, PortId::Mbus, &mut dice);
        let cut = cut_of(&mut dice);
        let what = format!("seed {seed}, {cut:?}");
        let text = Rc::new(RefCell::new(String::new()));
        let bytes = Rc::new(RefCell::new(Meter { carried: 0, cut }));
        let mut memory = MbusMemory::default();
        let port = CutPort { port: wire(&rail, PortId::Mbus), meter: bytes };
        let mut bus = mbus_line(port, at, &mut memory);
        let work = async {
            let mut journal = LinesJournal::begin(Shared(text.clone()), true, NOW).await.unwrap();
            let was = [(SettingId::MbusId, i64::from(facts.setting(SettingId::MbusId).unwrap()))];
            journal.found(entry, facts.serial.unwrap(), Where::Mbus(at), &was).await.unwrap();
            bus.write_plan(&plan, &mut journal, &mut |_| {}).await
        };
        let reports = rig::block_on_within(&rail, units::Duration::from_secs(900), work);
        for report in reports.iter().flat_map(|(reports, _)| reports) {
            if let mbus::Outcome::Confirmed { read } = report.outcome {
                assert_eq!(read, stands(&rail, &report.action), "{what}: {}", report.sentence(&plan));
            }
        }
        let text = text.borrow().clone();
        honest_mbus(&rail, &text, &what);
        // The line is whole again: what the telegram shows is settled.
        rail.borrow_mut().set_faults(PortId::Mbus, WireFaults::default());
        let record = Record::parse(&text);
        let Some(meter) = record.meters.first() else { continue };
        let Where::Mbus(now) = meter.now else { panic!("{what}") };
        rail.borrow_mut().set_master_line(PortId::Mbus, now.line);
        let mut memory = MbusMemory::default();
        let mut bus = mbus_line(wire(&rail, PortId::Mbus), now, &mut memory);
        let mut journal = run(&rail, LinesJournal::begin(text, false, NOW)).unwrap();
        let settled = run(&rail, bus.settle(meter, &mut journal));
        let text = journal.into_lines();
        honest_mbus(&rail, &text, &what);
        assert!(settled.place.is_some(), "{what}: {text}");
        let record = Record::parse(&text);
        let shown = ["mbus-id", "mbus-baud", "serial"];
        let open: Vec<&str> =
            record.meters[0].open().map(|(key, _)| key).filter(|key| shown.contains(key)).collect();
        assert_eq!(open, Vec::<&str>::new(), "{what}: {text}");
    }
}

#[test]
fn what_cannot_be_put_back_is_named() {
    let entry = with(PortId::Modbus).find(|entry| entry.def.metering.ct.is_some()).unwrap();
    let rail = rail(Twin::new(entry, None, START));
    let out = read(&rail);
    let mut staged = Staged::new();
    for change in ["ct-ratio=500/5", "combination-code=5", "tariff=3", "scroll-time=9"] {
        staged.stage_change(entry, change).unwrap();
    }
    let plan =
        Plan::new(entry, &staged, &commands(entry).collect::<Vec<_>>(), out.serial, place(&rail)).unwrap();
    let written = write(&rail, &out, &plan, None);
    let record = Record::parse(&written.text);
    let back = put_back(record.meters.first().unwrap());
    let keys: Vec<&str> = back.actions.iter().map(Action::key).collect();
    assert_eq!(keys, ["scroll-time", "tariff"]);
    expect_test::expect![[r#"
        Combination code stays: it was 1, and there is no way back from what was written.
        CT ratio stays: it was 5/5; another change would use up one of the few there are, and would not bring the energies back.
        Display of tariffs 3 and 4 stays: once they were used, they are shown for ever."#]].assert_eq(&back.sentences().join("\n"));
    let names: Vec<&str> = back
        .actions
        .iter()
        .filter_map(|action| match action {
            Action::Set { setting, .. } => Some(names::setting_label(entry, setting.id)),
            Action::Give(_) => None,
        })
        .collect();
    assert_eq!(names.len(), 2);
}
