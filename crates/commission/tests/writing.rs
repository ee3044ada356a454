//! Writing and proving: what is reported as confirmed stands in the meter, whatever the line does.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use commission::{
    Action, Bus, Doubt, Fault, JournalEntry, JournalFault, Mark, MemoryJournal, Obstacle, Outcome, Plan,
    PortFault, StageError, Staged, StepReport, commands, report_text, standing, writable_settings,
    write_plan,
};
use common::{Adapter, Bench, Cut, Slave, Wire, bench, block_on, entry, parity_value};
use modbus::{Exception, LineParams, Parity};
use proptest::prelude::*;
use schema::{Access, CommandId, SettingId, Source};

const SERIAL: u32 = 13_070_002;

/// Another value than the one at birth for each setting that can be written.
fn all_changed() -> Staged {
    let mut staged = Staged::new();
    for setting in writable_settings(entry()) {
        let other =
            (0..1_000_000).find(|value| setting.accepts(*value) && *value != setting.default).unwrap();
        let value = if setting.id == SettingId::ModbusId { 7 } else { other };
        staged.stage(entry(), setting.id, i64::from(value)).unwrap();
    }
    staged
}

fn stage(changes: &[&str]) -> Staged {
    let mut staged = Staged::new();
    for change in changes {
        staged.stage_change(entry(), change).unwrap();
    }
    staged
}

fn plan_of(staged: &Staged, commands: &[CommandId], bus: &Bench) -> Plan {
    Plan::new(entry(), staged, commands, Some(SERIAL), bus.place()).unwrap()
}

fn whole_plan(bus: &Bench) -> Plan {
    plan_of(&all_changed(), &commands(entry()).collect::<Vec<_>>(), bus)
}

fn write(bus: &mut Bench, plan: &Plan) -> (Vec<StepReport>, MemoryJournal) {
    let mut journal = MemoryJournal::default();
    let reports = block_on(write_plan(bus, plan, &mut journal, &mut |_| {}));
    assert_eq!(reports.len(), plan.steps.len());
    (reports, journal)
}

/// What the meter has for a step.
fn stands(wire: &Rc<RefCell<Wire>>, action: &Action) -> i64 {
    let mut wire = wire.borrow_mut();
    match action {
        Action::Set { setting, .. } => i64::from(wire.slave().settings[&setting.id]),
        Action::Give(command) => {
            let row = entry()
                .def
                .all_registers()
                .find(|row| matches!(row.access, Access::Command(it, _) if it == *command))
                .unwrap();
            wire.slave().value(row.source)
        }
    }
}

/// Every value that is reported stands in the meter; nothing after an unknown step was sent.
fn check(
    plan: &Plan,
    reports: &[StepReport],
    wire: &Rc<RefCell<Wire>>,
    all_values: bool,
) -> Result<(), TestCaseError> {
    let mut stopped = false;
    for (step, report) in plan.steps.iter().zip(reports) {
        let stands = stands(wire, &report.action);
        let wanted = match step.action {
            Action::Set { value, .. } => i64::from(value),
            Action::Give(_) => 0,
        };
        let text = report.sentence(plan);
        prop_assert!(!stopped || matches!(report.outcome, Outcome::NotSent { .. }), "{text}");
        match &report.outcome {
            Outcome::Confirmed { read } => {
                prop_assert_eq!(*read, stands, "{}", text);
                prop_assert_eq!(wanted, stands, "{}", text);
            }
            Outcome::NotTaken { reads: value, .. } | Outcome::Refused { still: Some(value), .. }
                if all_values =>
            {
                prop_assert_eq!(*value, stands, "{}", text);
            }
            Outcome::Unknown { .. } | Outcome::NotSent { .. } => stopped = true,
            _ => {}
        }
    }
    Ok(())
}

#[test]
fn a_whole_plan_is_proven_in_a_safe_order_over_every_bad_adapter() {
    for adapter in [
        Adapter::Clean,
        Adapter::Chunks,
        Adapter::Hole,
        Adapter::Echo,
        Adapter::Noise,
        Adapter::Tail,
        Adapter::Late,
    ] {
        let (mut bus, wire) = bench(Wire::new([Slave::new(SERIAL)]).adapter(adapter));
        let plan = whole_plan(&bus);
        let order: Vec<&str> = plan.steps.iter().map(|step| step.action.key()).collect();
        assert_eq!(
            order,
            [
                "s0-rate",
                "combination-code",
                "scroll-time",
                "tariff",
                "reset.power-downs",
                "reset.trip",
                "modbus-id",
                "parity",
                "baud"
            ]
        );
        let (reports, journal) = write(&mut bus, &plan);
        for report in &reports {
            let text = report.sentence(&plan);
            assert!(matches!(report.outcome, Outcome::Confirmed { .. }), "{adapter:?}: {text}");
            assert!(report.sent, "{adapter:?}: {text}");
        }
        check(&plan, &reports, &wire, true).unwrap();
        assert_eq!(wire.borrow().nodes[0].slave.writes, 9, "{adapter:?}");
        assert_eq!(bus.place(), wire.borrow().nodes[0].slave.place(), "{adapter:?}");
        assert!(standing(&journal.entries).values().all(|mark| matches!(mark, Mark::Proven { .. })));
        assert_eq!(journal.entries.len(), 18, "{adapter:?}");
    }
}

#[test]
fn no_two_registers_of_a_plan_are_read_with_the_same_length() {
    let (bus, _) = bench(Wire::new([]));
    let plan = whole_plan(&bus);
    let mut lengths: Vec<u16> = plan.steps.iter().map(|step| step.proof.span.count).collect();
    lengths.push(2);
    lengths.sort_unstable();
    let all = lengths.len();
    lengths.dedup();
    assert_eq!(lengths.len(), all, "{lengths:?}");
}

#[test]
fn a_report_tells_what_was_proven() {
    let (mut bus, _) = bench(Wire::new([Slave::new(SERIAL)]));
    let plan = plan_of(&stage(&["scroll-time=15", "baud=4800", "tariff=1"]), &[], &bus);
    let (reports, _) = write(&mut bus, &plan);
    assert_eq!(
        report_text(&plan, &reports),
        "inepro Metering PRO1-Mod, serial 13070002, at first id 1 at 9600 8E1\n\
         confirmed    Scroll time is 15 s, read back from the meter.\n\
         confirmed    Tariff was 1 already; nothing was sent.\n\
         confirmed    Baud rate is 4800 Bd: the meter was found again at id 1 at 4800 8E1.\n\
         3 of 3 confirmed.\n"
    );
}

#[test]
fn what_cannot_be_written_is_not_staged() {
    let mut staged = Staged::new();
    let mut refuse = |change: &str| staged.stage_change(entry(), change).unwrap_err().to_string();
    assert_eq!(refuse("serial=1"), "serial can only be changed through the infrared window");
    assert_eq!(refuse("password=1234"), "password can only be changed with the key on the meter");
    assert_eq!(refuse("scroll-time=300"), "scroll-time cannot be 300: expected 1 to 30 s");
    assert_eq!(
        refuse("scroll-time"),
        "\"scroll-time\" is no change: expected KEY=VALUE, such as scroll-time=15"
    );
    assert_eq!(
        refuse("colour=1"),
        "there is no setting \"colour\": expected one of s0-rate, combination-code, scroll-time, tariff, modbus-id, \
         baud, parity"
    );
    assert!(staged.is_empty());
    assert!(matches!(staged.stage(entry(), SettingId::Baud, 19_200), Err(StageError::Range(_))));
}

#[test]
fn a_refusal_says_what_the_meter_still_has() {
    let mut slave = Slave::new(SERIAL);
    slave.refuses = Some(Exception::IllegalDataValue);
    let (mut bus, wire) = bench(Wire::new([slave]));
    let plan = plan_of(&stage(&["scroll-time=15", "parity=none"]), &[], &bus);
    let (reports, journal) = write(&mut bus, &plan);
    assert_eq!(
        reports[0].sentence(&plan),
        "The meter refused to set scroll time to 15 s. It still has 10 s. Allowed: 1 to 30 s. (exception 03)"
    );
    assert_eq!(
        reports[1].outcome,
        Outcome::Refused {
            why: Exception::IllegalDataValue,
            still: Some(i64::from(parity_value(Parity::Even)))
        }
    );
    assert_eq!(bus.place(), wire.borrow().nodes[0].slave.place());
    assert_eq!(journal.entries[1].mark, Mark::Refused { code: 3, still: Some(10) });
}

#[test]
fn an_answer_without_a_deed_is_not_confirmed() {
    let mut slave = Slave::new(SERIAL);
    slave.forgets = true;
    let (mut bus, _) = bench(Wire::new([slave]));
    let plan = whole_plan(&bus);
    let (reports, _) = write(&mut bus, &plan);
    for report in &reports {
        assert!(matches!(report.outcome, Outcome::NotTaken { accepted: true, .. }), "{report:?}");
    }
    assert_eq!(
        reports[2].sentence(&plan),
        "Wrote 1 s for scroll time, the meter accepted it, but it reports 10 s. Not confirmed; nothing else was \
         changed."
    );
}

#[test]
fn a_meter_that_waits_for_its_next_start_is_unknown() {
    let mut slave = Slave::new(SERIAL);
    slave.sluggish = true;
    let (mut bus, _) = bench(Wire::new([slave]));
    let plan = plan_of(&stage(&["modbus-id=7", "baud=4800"]), &[], &bus);
    let (reports, _) = write(&mut bus, &plan);
    assert_eq!(reports[0].outcome, Outcome::Unknown { why: Doubt::NotInForce { reads: 7 } });
    assert_eq!(reports[1].outcome, Outcome::NotSent { why: Obstacle::StoppedBefore });
}

#[test]
fn another_meter_gets_nothing() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(99)]));
    let plan = whole_plan(&bus);
    let (reports, journal) = write(&mut bus, &plan);
    assert!(reports.iter().all(|r| r.outcome == Outcome::NotSent { why: Obstacle::OtherMeter(99) }));
    assert_eq!((wire.borrow().nodes[0].slave.writes, journal.entries.len()), (0, 0));
    assert_eq!(
        reports[0].sentence(&plan).split_once(". ").unwrap().1,
        "A meter with serial 00000099 answers, not the one that was meant (13070002). Read the meter again first."
    );
}

#[test]
fn an_id_that_is_taken_is_not_given_away() {
    let mut neighbour = Slave::new(99);
    neighbour.settings.insert(SettingId::ModbusId, 7);
    neighbour.redraw();
    let (mut bus, wire) = bench(Wire::new([Slave::new(SERIAL), neighbour]));
    let plan = plan_of(&stage(&["modbus-id=7"]), &[], &bus);
    let (reports, _) = write(&mut bus, &plan);
    assert_eq!(reports[0].outcome, Outcome::NotSent { why: Obstacle::Taken });
    assert_eq!(wire.borrow().nodes[0].slave.writes, 0);
    assert_eq!(bus.place().unit, 1);
}

#[test]
fn a_neighbour_at_the_new_speed_is_not_taken_for_the_meter() {
    // Ours forgets the change; a neighbour with the same id speaks the new speed already.
    let mut neighbour = Slave::new(99);
    neighbour.settings.insert(SettingId::Baud, 4_800);
    neighbour.redraw();
    let mut ours = Slave::new(SERIAL);
    ours.forgets = true;
    let (mut bus, _) = bench(Wire::new([ours, neighbour]));
    let plan = plan_of(&stage(&["baud=4800"]), &[], &bus);
    let (reports, _) = write(&mut bus, &plan);
    assert_eq!(reports[0].outcome, Outcome::NotTaken { reads: 9_600, accepted: true });
    assert_eq!(bus.place().line, LineParams::new(9_600, Parity::Even));
}

#[test]
fn a_port_that_cannot_change_over_leaves_the_step_unknown() {
    let mut wire = Wire::new([Slave::new(SERIAL)]);
    wire.rigid = true;
    let (mut bus, _) = bench(wire);
    let plan = plan_of(&stage(&["parity=none"]), &[], &bus);
    let (reports, journal) = write(&mut bus, &plan);
    let why = match &reports[0].outcome {
        Outcome::Unknown { why: Doubt::NoReadBack(Fault::Port(PortFault::Failed(why))) } => why.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(why, "this adapter cannot change its parity");
    assert_eq!(journal.entries.last().unwrap().mark, Mark::Unknown);
}

#[test]
fn a_journal_that_cannot_be_written_stops_the_first_write() {
    struct Full;
    impl commission::Journal for Full {
        async fn record(&mut self, _entry: &JournalEntry) -> Result<(), JournalFault> {
            Err(JournalFault("no space is left".into()))
        }
    }
    let (mut bus, wire) = bench(Wire::new([Slave::new(SERIAL)]));
    let plan = whole_plan(&bus);
    let reports = block_on(write_plan(&mut bus, &plan, &mut Full, &mut |_| {}));
    assert_eq!(wire.borrow().nodes[0].slave.writes, 0);
    assert!(reports[0].sentence(&plan).ends_with("The journal could not be written: no space is left."));
}

#[test]
fn reads_of_id_0_find_the_meter_and_writes_go_to_its_own_id() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(SERIAL)]));
    bus.set_unit(0);
    let plan = plan_of(&stage(&["scroll-time=15"]), &[], &bus);
    let (reports, _) = write(&mut bus, &plan);
    // The meter answers reads of id 0 with its own id; a write to id 0 would reach every meter, without an answer.
    assert_eq!(reports[0].outcome, Outcome::Confirmed { read: 15 });
    assert_eq!((bus.place().unit, wire.borrow().nodes[0].slave.writes), (1, 1));
}

#[test]
fn wherever_the_line_is_cut_nothing_false_is_confirmed() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(SERIAL)]));
    let plan = whole_plan(&bus);
    write(&mut bus, &plan);
    let bytes = wire.borrow().carried;
    let mut unknown = 0;
    for cut in [Cut::Unplugged, Cut::Wire] {
        for at in 0..bytes {
            let mut wire = Wire::new([Slave::new(SERIAL)]);
            wire.cut = Some((at, cut));
            let (mut bus, wire) = bench(wire);
            let (reports, journal) = write(&mut bus, &plan);
            check(&plan, &reports, &wire, true)
                .unwrap_or_else(|fault| panic!("{cut:?} after byte {at}: {fault}"));
            let open =
                reports.iter().filter(|report| matches!(report.outcome, Outcome::Unknown { .. })).count();
            assert!(open <= 1, "{cut:?} after byte {at}");
            unknown += open;
            // The journal alone tells the same: what was executed was intended there before.
            let journal = standing(&journal.entries);
            for report in &reports {
                let mark = journal.get(&(SERIAL, report.action.key().to_string()));
                match report.outcome {
                    Outcome::Confirmed { read } => assert_eq!(mark, Some(&Mark::Proven { read })),
                    Outcome::NotSent { .. } => assert_eq!(mark, None),
                    _ => assert!(mark.is_some()),
                }
            }
        }
    }
    // Nine writes of at least eight bytes, and their answers: many of the cuts must have hit one.
    assert!(unknown > 100, "{unknown} of {} cuts left a step unknown", 2 * bytes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_fault_makes_a_false_confirmation(
        seed in any::<u64>(),
        latest in prop_oneof![Just(300u64), Just(900), Just(5_000)],
        neighbour in 0u8..4,
        forgets in prop::bool::weighted(0.2),
        refuses in prop::bool::weighted(0.1),
        cut in prop::option::weighted(0.3, 0usize..1_500),
    ) {
        let mut ours = Slave::new(SERIAL);
        ours.forgets = forgets;
        if refuses {
            ours.refuses = Some(Exception::DeviceFailure);
        }
        let mut slaves = vec![ours];
        let mut other = Slave::new(99);
        for (id, value) in all_changed().iter() {
            // A neighbour that has all the wanted values already.
            other.settings.insert(id, value);
        }
        match neighbour {
            1 => { other.settings.insert(SettingId::Baud, 9_600); other.settings.insert(SettingId::Parity, 1); }
            2 => { other.settings.insert(SettingId::Baud, 9_600); }
            3 => {}
            _ => { other.settings.insert(SettingId::ModbusId, 200); }
        }
        other.redraw();
        slaves.push(other);
        let mut wire = Wire::new(slaves).random(seed, latest);
        wire.cut = cut.map(|at| (at, if seed & 1 == 0 { Cut::Unplugged } else { Cut::Wire }));
        let (mut bus, wire) = bench(wire);
        let plan = whole_plan(&bus);
        let (reports, _) = write(&mut bus, &plan);
        check(&plan, &reports, &wire, latest <= 900)?;
    }
}

#[test]
fn a_setting_shown_by_no_register_makes_no_plan() {
    assert!(entry().def.all_registers().all(|row| row.source != Source::Setting(SettingId::Backlight)));
    let mut staged = Staged::new();
    assert!(matches!(staged.stage(entry(), SettingId::Backlight, 1), Err(StageError::NotWritable { .. })));
}
