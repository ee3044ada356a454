//! Rehearsals: what a twin of the meter did is what the meter does.

mod stage;

use commission::boot::Facts;
use commission::mbus::{self, MbusMemory};
use commission::rehearse::{Neighbour, rehearse, rehearse_mbus};
use commission::{
    LineMemory, MemoryJournal, Obstacle, Outcome, Place, Plan, Staged, commands, writable_settings,
    write_plan,
};
use expect_test::expect;
use rig::Twin;
use schema::{PortId, SettingId};
use stage::{
    Dice, START, line, mbus_line, mbus_place, place, rail, random_twin, read, read_mbus, run, wire, with,
};

/// A change of every setting that can be written, to a value that can be left again.
fn all_changed(entry: &'static models::Entry, dice: &mut Dice) -> Staged {
    let mut staged = Staged::new();
    for setting in writable_settings(entry) {
        let value = (0..).map(|_| dice.value(setting)).find(|it| *it != i64::from(setting.default)).unwrap();
        staged.stage(entry, setting.id, value).unwrap();
    }
    staged
}

fn plan(rail: &stage::Rail, changes: &[&str]) -> Plan {
    let (entry, serial) = {
        let bench = rail.borrow();
        (bench.twins()[0].entry(), bench.twins()[0].serial())
    };
    let mut staged = Staged::new();
    for change in changes {
        staged.stage_change(entry, change).unwrap();
    }
    Plan::new(entry, &staged, &[], Some(serial), place(rail)).unwrap()
}

#[test]
fn what_the_twin_did_the_meter_does() {
    for entry in with(PortId::Modbus) {
        for seed in 0..6 {
            let mut meter = random_twin(entry, seed, 16_000_000);
            stage::change(&mut meter, &[(SettingId::CombinationCode, 1)]);
            let rail = rail(meter);
            let facts = Facts::of_registers(&read(&rail));
            let staged = all_changed(entry, &mut Dice(seed + 1_000));
            let all: Vec<_> = commands(entry).collect();
            let plan = Plan::new(entry, &staged, &all, facts.serial, place(&rail)).unwrap();
            let before = rail.borrow().now();
            let rehearsal = rehearse(&facts, plan.clone(), &[]).unwrap();
            assert_eq!(rail.borrow().now(), before, "nothing happens on the meter's line");
            let mut memory = LineMemory::default();
            let mut bus = line(wire(&rail, PortId::Modbus), place(&rail), &mut memory);
            let mut journal = MemoryJournal::default();
            let reports = run(&rail, write_plan(&mut bus, &plan, &mut journal, &mut |_| {}));
            for (step, report) in rehearsal.steps.iter().zip(&reports) {
                assert_eq!(step.report.outcome, report.outcome, "{} {seed}", entry.def.slug);
                assert_eq!(step.report.sentence(&plan), report.sentence(&plan));
            }
            assert_eq!(rehearsal.steps.len(), reports.len());
            assert_eq!(rehearsal.to, commission::Bus::place(&bus));
            let told: Vec<u8> = rehearsal.uses.iter().map(|(_, after)| after.left).collect();
            let real: Vec<u8> =
                commission::uses::uses(&rail.borrow().twins()[0]).iter().map(|it| it.left).collect();
            assert_eq!(told, real);
        }
    }
}

#[test]
fn a_rehearsal_tells_everything_before_it_is_sent() {
    let entry = with(PortId::Modbus).next().unwrap();
    let rail = rail(Twin::new(entry, None, START));
    let facts = Facts::of_registers(&read(&rail));
    let rehearsal = rehearse(
        &facts,
        plan(&rail, &["scroll-time=15", "combination-code=9", "parity=none", "modbus-id=7"]),
        &[],
    );
    let rehearsal = rehearsal.unwrap();
    assert!(rehearsal.went_well());
    expect![[r#"
        confirmed    Combination code is 9, read back from the meter.
                     Display: Combination code, shown, 1 -> Combination code, shown, 9
        confirmed    Scroll time is 15 s, read back from the meter.
                     Display: Scroll time, 10 s -> Scroll time, 15 s
        confirmed    Modbus address is 7: the meter was found again at id 7 at 9600 8E1.
                     Display: Modbus address, 1 -> Modbus address, 7
        confirmed    Parity is none: the meter was found again at id 7 at 9600 8N1.
                     Display: Parity, shown, even -> Parity, shown, none
        The meter is now at id 1 at 9600 8E1 and will be found at id 7 at 9600 8N1.
        Note: Another combination code makes all totals anew at once; forward and reverse stay.
        Note: The meter speaks 9600 8N1 afterwards: other masters and meters on this bus that still speak 9600 8E1 do not hear it any more.
        Note: Other masters that ask id 1 no longer find the meter, which has id 7 then."#]].assert_eq(&rehearsal.lines().join("\n"));
}

#[test]
fn what_can_be_done_a_few_times_is_counted() {
    let entry = with(PortId::Modbus).find(|entry| entry.def.metering.ct.is_some()).unwrap();
    let rail = rail(Twin::new(entry, None, START));
    let facts = Facts::of_registers(&read(&rail));
    let rehearsal =
        rehearse(&facts, plan(&rail, &["ct-ratio=500/5", "tariff=3", "combination-code=5"]), &[]).unwrap();
    assert!(rehearsal.went_well());
    expect![[r#"
        confirmed    Combination code is 5, read back from the meter.
        confirmed    Tariff is 3, read back from the meter.
                     Display: Tariff, 1 -> Tariff, 3
        confirmed    CT ratio is 500/5, read back from the meter.
                     Display: CT ratio, 5/5 -> CT ratio, 500/5
        Combination code 5, from which there is no way back: 0 of 1 left. Before: 1.
        CT ratio changes: at most 6 of 7 left (the meter does not tell over its bus what was used before; its display does). Before: 7.
        First use of a tariff above 2, shown for ever: 0 of 1 left. Before: 1.
        The meter stays at id 1 at 9600 8E1.
        Note: From combination code 5 there is no way back.
        Note: Another combination code makes all totals anew at once; forward and reverse stay.
        Note: Once a tariff above 2 was used, the display shows the energies of tariffs 3 and 4 for ever.
        Note: A new CT ratio ends the active energies: they go into the history and start again at zero."#]].assert_eq(&rehearsal.lines().join("\n"));
}

#[test]
fn an_id_that_a_known_meter_has_is_taken() {
    let entry = with(PortId::Modbus).next().unwrap();
    let rail = rail(Twin::new(entry, None, START));
    let facts = Facts::of_registers(&read(&rail));
    let at = place(&rail);
    let known = Neighbour { entry, serial: 99, place: Place { unit: 7, ..at } };
    let rehearsal = rehearse(&facts, plan(&rail, &["modbus-id=7"]), &[known]).unwrap();
    assert_eq!(rehearsal.steps[0].report.outcome, Outcome::NotSent { why: Obstacle::Taken });
    assert_eq!(rehearsal.to, at);
    assert!(!rehearsal.went_well());
    let free = rehearse(&facts, plan(&rail, &["modbus-id=8"]), &[known]).unwrap();
    assert!(free.went_well());
}

#[test]
fn a_plan_for_the_mbus_is_rehearsed_too() {
    let entry = with(PortId::Mbus).next().unwrap();
    let rail = rail(Twin::new(entry, None, START));
    let facts = read_mbus(&rail);
    let changes = ["mbus-id=5", "mbus-baud=2400", "tariff=2", "combination-code=9"];
    let actions = changes.into_iter().filter_map(|change| mbus::change(entry, change).ok());
    let plan = mbus::Plan::new(entry, None, mbus_place(&rail), actions);
    let rehearsal = rehearse_mbus(&facts, plan.clone()).unwrap();
    expect![[r#"
        acknowledged The meter acknowledged: set tariff to 2. An acknowledge is no proof, and tariff cannot be read back over M-Bus: look at the meter's display to be sure.
        acknowledged The meter acknowledged: set combination code to 9. An acknowledge is no proof, and combination code cannot be read back over M-Bus: look at the meter's display to be sure.
                     Display: Combination code, shown, 1 -> Combination code, shown, 9
        confirmed    M-Bus address is 5: the meter was found again at address 5 at 9600 8E1.
                     Display: M-Bus address, 0 -> M-Bus address, 5
        confirmed    Baud rate is 2400 Bd: the meter was found again at address 5 at 2400 8E1.
                     Display: Baud rate, shown, 9600 Bd -> Baud rate, shown, 2400 Bd
        The meter is now at address 0 at 9600 8E1 and will be found at address 5 at 2400 8E1.
        Note: Another combination code makes all totals anew at once; forward and reverse stay.
        Note: The meter speaks 2400 8E1 afterwards: other masters and meters on this bus that still speak 9600 8E1 do not hear it any more.
        Note: Other masters that ask address 0 no longer find the meter, which has address 5 then."#]].assert_eq(&rehearsal.lines().join("\n"));
    let mut memory = MbusMemory::default();
    let mut bus = mbus_line(wire(&rail, PortId::Mbus), mbus_place(&rail), &mut memory);
    let (reports, to) = run(&rail, bus.write_plan(&plan, &mut MemoryJournal::default(), &mut |_| {}));
    for (step, report) in rehearsal.steps.iter().zip(&reports) {
        assert_eq!(step.report.outcome, report.outcome);
    }
    assert_eq!(rehearsal.to, to);
}
