//! The M-Bus master and meters on the simulated wire, in virtual time.

use std::cell::RefCell;
use std::rc::Rc;

use commission::mbus::{
    self, Address, Doubt, Fault, Found, Mask, MbusLine, MbusMemory, MbusTiming, Obstacle, Outcome, Place,
    Plan, SearchEvent, Seen, StepReport, change, commands, writable_settings,
};
use commission::{Mark, MemoryJournal, SimulatedPort};
use models::Entry;
use rig::{Bench, MeterSpec, Supply, WireFaults, block_on};
use schema::{Kind, PortId, SettingId, Source};
use units::{Instant, LineParams};

type Shared = Rc<RefCell<Bench>>;
type Wire<'m> = MbusLine<'m, SimulatedPort>;

const LINE: LineParams = LineParams::even(9_600);

/// The models with M-Bus.
fn entries() -> impl Iterator<Item = &'static Entry> {
    models::ALL.iter().filter(|entry| entry.def.mbus.is_some())
}

fn entry() -> &'static Entry {
    entries().next().unwrap()
}

/// Meters, each by what stands behind its model.
fn bench<S: AsRef<str>>(meters: impl IntoIterator<Item = S>) -> Shared {
    let mut bench = Bench::new(Instant::ZERO);
    for meter in meters {
        let text = format!("{} {}", entry().def.slug, meter.as_ref());
        bench.add(MeterSpec::parse(&text).unwrap().build(None, Instant::ZERO).unwrap());
    }
    bench.run_until(Instant::from_millis(2_000));
    Rc::new(RefCell::new(bench))
}

fn many(count: u32) -> Shared {
    bench((0..count).map(|n| format!("serial={} mbus-id={}", 19_020_246 + 37 * n, n + 1)))
}

fn wire<'m>(bench: &Shared, memory: &'m mut MbusMemory) -> Wire<'m> {
    bench.borrow_mut().set_master_line(PortId::Mbus, LINE);
    MbusLine::new(SimulatedPort::new(bench.clone(), PortId::Mbus), memory, LINE, MbusTiming::default(), ())
}

#[track_caller]
fn run<F: Future>(bench: &Shared, future: F) -> F::Output {
    block_on(bench, future).expect("the future waits for something that never comes")
}

fn serials(found: &[Found]) -> Vec<u32> {
    let mut serials: Vec<u32> = found.iter().map(|found| found.serial().unwrap()).collect();
    serials.sort_unstable();
    serials
}

fn setting(bench: &Shared, index: usize, id: SettingId) -> i32 {
    bench.borrow().twin(index).unwrap().device().works().setting_value(id).unwrap()
}

fn primary(address: u8) -> Place {
    Place { line: LINE, address: Address::Primary(address) }
}

#[test]
fn a_scan_finds_every_primary_address_and_two_at_one() {
    let bench =
        bench((0..8).map(|n| format!("serial={} mbus-id={}", 70_000 + n, if n == 7 { 3 } else { n })));
    let mut memory = MbusMemory::default();
    let mut wire = wire(&bench, &mut memory);
    let mut seen = Vec::new();
    let found =
        run(&bench, wire.primary_scan(0, 12, &mut |event| seen.push((event.address, event.seen, event.of))))
            .unwrap();
    assert_eq!(serials(&found), [70_000, 70_001, 70_002, 70_004, 70_005, 70_006]);
    assert!(found.iter().all(|found| u32::from(found.address) + 70_000 == found.serial().unwrap()));
    assert!(
        found.iter().all(|found| found.models.one().map(|entry| entry.def.slug) == Some(entry().def.slug))
    );
    assert_eq!(seen.len(), 13);
    for (address, seen, of) in seen {
        let right = match address {
            3 => matches!(seen, Seen::Collision),
            0..=6 => matches!(seen, Seen::Meter(_)),
            _ => matches!(seen, Seen::Silence),
        };
        assert!(right && of == 13, "{address}: {seen:?}");
    }
}

#[test]
fn a_search_finds_all_whatever_their_number_and_draws_its_tree() {
    for count in [1, 2, 8, 64] {
        let bench = many(count);
        let mut memory = MbusMemory::default();
        let mut wire = wire(&bench, &mut memory);
        let (mut rounds, mut new, mut collisions, mut last) = (0, 0, 0, 0);
        let found = run(
            &bench,
            wire.secondary_search(Mask::ANY, false, &mut |event| match event {
                SearchEvent::Round(round) => (rounds, last) = (round, 0),
                SearchEvent::Asks { mask, depth } => assert_eq!(mask == Mask::ANY, depth == 0),
                SearchEvent::Node(node) => {
                    new += u32::from(node.new);
                    collisions += u32::from(matches!(node.seen, Seen::Collision));
                    assert!(last <= node.permille && node.permille <= 1_000);
                    last = node.permille;
                }
            }),
        )
        .unwrap();
        let wanted: Vec<u32> = (0..count).map(|n| 19_020_246 + 37 * n).collect();
        assert_eq!(serials(&found), wanted);
        assert_eq!((new, rounds, last), (count, 2, 1_000));
        // Two whose telegrams differ in their numbers alone may be heard as one at first: bits fall on each other.
        assert!(collisions > 0 || count <= 2, "{count} meters never collide");
        assert!(collisions == 0 || count > 1, "one meter collides");
        assert!(
            bench.borrow().twins().iter().all(|twin| { twin.device().port_line(PortId::Mbus).is_some() })
        );
    }
}

#[test]
fn a_search_of_a_line_without_meters_ends_at_once() {
    let bench = bench::<&str>([]);
    let mut memory = MbusMemory::default();
    let mut wire = wire(&bench, &mut memory);
    let found = run(&bench, wire.secondary_search(Mask::ANY, false, &mut |_| {})).unwrap();
    assert!(found.is_empty());
    // One question for everybody, and one that nobody stays selected.
    assert_eq!(wire.counts().sent, 2);
}

#[test]
fn a_search_that_is_given_up_leaves_a_line_that_works() {
    let bench = many(8);
    let mut memory = MbusMemory::default();
    let mut wire = wire(&bench, &mut memory);
    for steps in [1, 5, 9] {
        let mut left = steps;
        {
            let mut nothing = |_: SearchEvent| {};
            let mut search = std::pin::pin!(wire.secondary_search(Mask::ANY, false, &mut nothing));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            while left > 0 && search.as_mut().poll(&mut context).is_pending() {
                let next = bench.borrow().next_event().unwrap();
                bench.borrow_mut().run_until(next);
                left -= 1;
            }
        }
        let read = run(&bench, wire.read_out(Address::Primary(3), &mut |_| {})).unwrap();
        assert_eq!((read.address, read.header.identity.unwrap().id), (3, 0x1902_0320));
    }
}

#[test]
fn a_read_out_tells_what_the_meter_counts() {
    let bench = bench([
        "serial=70001 mbus-id=1 load=\"L1 230V 5A pf 0.9\" energy.forward=1234.56 energy.reverse.t2=7.89",
        "serial=70002 mbus-id=2",
    ]);
    let mut memory = MbusMemory::default();
    let mut wire = wire(&bench, &mut memory);
    let found = run(&bench, wire.primary_scan(1, 1, &mut |_| {})).unwrap();
    let by_number = Address::Secondary(found[0].identity);
    for address in [Address::Primary(1), by_number, Address::Primary(1), by_number] {
        let mut told = Vec::new();
        let read = run(&bench, wire.read_out(address, &mut |progress| told.push(progress.rows))).unwrap();
        assert_eq!((read.address, read.telegrams, read.cut), (1, 1, false));
        assert_eq!(told, [read.rows.len()]);
        let entry = read.models.one().unwrap();
        let bench = bench.borrow();
        let works = bench.twin(0).unwrap().device().works();
        let telegram = &entry.def.mbus.unwrap().telegrams[0];
        assert_eq!(read.rows.len(), telegram.records.len());
        for ((row, def), note) in
            read.rows.iter().zip(telegram.records).zip(commission::names::words(entry).telegrams[0])
        {
            let Source::Point(point) = def.source else { panic!("{def:?}") };
            let value = entry.def.unit(def.source).at(works.source(def.source), def.decimals);
            let wanted = units::decimal::Decimal { value, decimals: def.decimals }.to_string();
            assert_eq!((&row.value, row.unit.as_str()), (&wanted, point.unit().symbol()));
            assert_eq!((row.key.as_str(), row.label.as_str()), (point.to_string().as_str(), note.label));
            assert_eq!(row.quantity, "energy");
        }
        assert_eq!(read.rows[3].value, "1234.56");
    }
}

#[test]
fn a_meter_is_taken_for_what_it_is_and_for_what_says_the_same() {
    let mut told = Vec::new();
    for entry in entries() {
        let twin = MeterSpec::parse(&format!("{} serial=70001 mbus-id=1", entry.def.slug)).unwrap();
        let mut own = Bench::new(Instant::ZERO);
        own.add(twin.build(None, Instant::ZERO).unwrap());
        let bench = Rc::new(RefCell::new(own));
        bench.borrow_mut().run_until(Instant::from_millis(2_000));
        let line = mbus::factory_place(entry).line;
        bench.borrow_mut().set_master_line(PortId::Mbus, line);
        let mut memory = MbusMemory::default();
        let port = SimulatedPort::new(bench.clone(), PortId::Mbus);
        let mut wire = MbusLine::new(port, &mut memory, line, MbusTiming::default(), ());
        let scanned = run(&bench, wire.primary_scan(1, 1, &mut |_| {})).unwrap();
        let searched = run(&bench, wire.secondary_search(Mask::ANY, false, &mut |_| {})).unwrap();
        let mut read = run(&bench, wire.read_out(Address::Primary(1), &mut |_| {})).unwrap();
        assert_eq!((scanned[0].models, searched[0].models), (read.models, read.models));
        told.push(format!("{}: {}", entry.def.slug, read.sentence()));
        let keys = read.rows.iter().filter(|row| row.key.starts_with("record.")).count();
        assert_eq!(keys, 0, "{}: every record has its key, whichever of the models it is", entry.def.slug);
        let other = entries().find(|other| read.models.choose(other).is_none()).unwrap();
        let before = read.models;
        assert!(!read.choose(other) && read.models == before);
        assert!(read.choose(entry));
        assert_eq!(read.models.one().map(|one| one.def.slug), Some(entry.def.slug));
    }
    expect_test::expect![[r#"
        pro1-mb: inepro Metering PRO1-Mb, number 00070001, at address 1.
        pro380-mb: inepro Metering PRO380-Mb, number 00070001, at address 1.
        ambition-2pu-ct: inepro Metering Ambition 2PU CT, number 00070001, at address 1.
        ambition-4pu: One of inepro Metering Ambition 4PU, inepro Metering Ambition 4PS, number 00070001, at address 1.
        ambition-4ps: One of inepro Metering Ambition 4PU, inepro Metering Ambition 4PS, number 00070001, at address 1."#]].assert_eq(&told.join("\n"));
}

#[test]
fn a_converter_that_echoes_is_heard_through() {
    let bench = many(2);
    bench.borrow_mut().set_faults(PortId::Mbus, WireFaults { echo: true, ..WireFaults::default() });
    let mut memory = MbusMemory::default();
    let mut wire = wire(&bench, &mut memory);
    let found = run(&bench, wire.secondary_search(Mask::ANY, false, &mut |_| {})).unwrap();
    assert_eq!(found.len(), 2);
    assert!(wire.heard_echo());
    let fault = run(&bench, wire.read_out(Address::Primary(9), &mut |_| {})).unwrap_err();
    assert!(matches!(fault, Fault::Silent { echo: true, tries: 3, .. }), "{fault:?}");
    let text = mbus::sentence(&fault, primary(9));
    assert!(text.contains("only our own words came back"), "{text}");
}

fn write(bench: &Shared, plan: &Plan) -> (Vec<StepReport>, Place, MemoryJournal) {
    let mut memory = MbusMemory::default();
    let mut wire = wire(bench, &mut memory);
    let mut journal = MemoryJournal::default();
    bench.borrow_mut().set_master_line(PortId::Mbus, plan.place.line);
    let (reports, place) = run(bench, wire.write_plan(plan, &mut journal, &mut |_| {}));
    assert_eq!(wire.line(), place.line);
    (reports, place, journal)
}

fn plan(place: Place, changes: &[&str]) -> Plan {
    let changes = changes.iter().map(|text| change(entry(), text).unwrap());
    Plan::new(entry(), None, place, changes)
}

#[test]
fn every_setting_takes_every_value_and_what_is_shown_is_proven() {
    for by_number in [false, true] {
        for setting in writable_settings(entry()) {
            let values: Vec<i32> = match setting.kind {
                Kind::OneOf(choices) => choices.iter().map(|choice| choice.value).collect(),
                Kind::Int { min, max } => vec![max, min, 7],
                Kind::Digits(_) => vec![0, 99_999_999, 12_345_678],
                Kind::Ratio => vec![55, 99_955, 99_991],
            };
            for value in values {
                let bench = bench(["serial=70001 mbus-id=5"]);
                let mut place = primary(5);
                if by_number {
                    let mut memory = MbusMemory::default();
                    let mut wire = wire(&bench, &mut memory);
                    let read = run(&bench, wire.read_out(place.address, &mut |_| {})).unwrap();
                    place.address = Address::Secondary(read.header.identity.unwrap());
                }
                let key = setting.id.key();
                let plan = plan(place, &[&format!("{key}={}", setting.text(value))]);
                let (reports, after, journal) = write(&bench, &plan);
                let report = &reports[0];
                let works_value = self::setting(&bench, 0, setting.id);
                let (mark, outcome) = (journal.entries.last().map(|entry| entry.mark), &report.outcome);
                let shown = matches!(setting.id, SettingId::MbusId | SettingId::Serial | SettingId::MbusBaud);
                if shown {
                    assert_eq!(outcome, &Outcome::Confirmed { read: i64::from(value) }, "{key} {value}");
                    assert!(!report.sent || mark == Some(Mark::Proven { read: i64::from(value) }));
                    assert_eq!(after, report.new);
                } else {
                    assert_eq!(outcome, &Outcome::Acknowledged, "{key} {value}");
                    assert_eq!(mark, Some(Mark::Acknowledged));
                    assert!(report.sentence(&plan).contains("cannot be read back"));
                }
                assert_eq!(works_value, value, "{key}");
            }
        }
    }
}

#[test]
fn commands_are_done_and_end_as_acknowledged() {
    for command in commands(entry()) {
        let bench = bench(["serial=70001 mbus-id=5"]);
        let plan = plan(primary(5), &[commission::names::command_key(command)]);
        assert_eq!(plan.steps.len(), 1);
        let (reports, _, journal) = write(&bench, &plan);
        assert_eq!(reports[0].outcome, Outcome::Acknowledged);
        assert_eq!(
            journal.entries.iter().filter(|entry| matches!(entry.mark, Mark::Intend { .. })).count(),
            1
        );
    }
}

#[test]
fn several_changes_go_out_in_a_safe_order_and_the_meter_is_followed() {
    let bench = bench(["serial=70001 mbus-id=5"]);
    let plan = plan(primary(5), &["mbus-baud=2400", "mbus-id=6", "serial=70009", "tariff=2"]);
    let (reports, place, journal) = write(&bench, &plan);
    let words: Vec<&str> = reports.iter().map(|report| report.outcome.word()).collect();
    assert_eq!(words, ["acknowledged", "confirmed", "confirmed", "confirmed"]);
    assert_eq!(place, Place { line: LineParams::even(2_400), address: Address::Primary(6) });
    let keys: Vec<&str> = journal.entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(
        keys,
        ["tariff", "tariff", "serial", "serial", "mbus-id", "mbus-id", "mbus-baud", "mbus-baud"]
    );
    assert_eq!(bench.borrow().twin(0).unwrap().device().address(PortId::Mbus), Some((place.line, 6)));
}

#[test]
fn an_address_or_number_that_somebody_has_is_not_given_away() {
    let bench = bench(["serial=70001 mbus-id=5", "serial=70002 mbus-id=6"]);
    for change in ["mbus-id=6", "serial=70002"] {
        let (reports, _, journal) = write(&bench, &plan(primary(5), &[change]));
        assert_eq!(reports[0].outcome, Outcome::NotSent { why: Obstacle::Taken });
        assert!(journal.entries.is_empty());
    }
}

#[test]
fn another_meter_than_the_one_that_was_meant_gets_nothing() {
    let bench = bench(["serial=70001 mbus-id=5", "serial=70002 mbus-id=6"]);
    let mut memory = MbusMemory::default();
    let identity = {
        let mut wire = wire(&bench, &mut memory);
        run(&bench, wire.read_out(Address::Primary(6), &mut |_| {})).unwrap().header.identity
    };
    let plan = Plan { identity, ..plan(primary(5), &["tariff=2", "mbus-id=7"]) };
    let (reports, place, journal) = write(&bench, &plan);
    assert!(matches!(reports[0].outcome, Outcome::NotSent { why: Obstacle::OtherMeter(_) }));
    assert_eq!(reports[1].outcome, Outcome::NotSent { why: Obstacle::StoppedBefore });
    assert_eq!((place, journal.entries.len()), (plan.place, 0));
    assert_eq!(setting(&bench, 0, SettingId::Tariff), 1);
}

#[test]
fn a_refusal_is_told_by_the_status_of_the_next_telegram() {
    // Whatever a meter takes beyond its own list of values it refuses: here the description promises more than it takes.
    let bench = bench(["serial=70001 mbus-id=5"]);
    let mut memory = MbusMemory::default();
    let mut wire = wire(&bench, &mut memory);
    let mut journal = MemoryJournal::default();
    let mut plan = plan(primary(5), &["combination-code=4", "mbus-id=9"]);
    for step in &mut plan.steps {
        if let commission::Action::Set { value, .. } = step {
            *value = if *value == 4 { 3 } else { 251 };
        }
    }
    let (reports, place) = run(&bench, wire.write_plan(&plan, &mut journal, &mut |_| {}));
    for report in &reports {
        assert_eq!(report.outcome, Outcome::Refused { why: 2, still: report.from });
        assert!(report.sentence(&plan).contains("Nothing was changed."));
    }
    assert_eq!(place, plan.place);
    assert_eq!(setting(&bench, 0, SettingId::CombinationCode), 1);
    assert_eq!(setting(&bench, 0, SettingId::MbusId), 5);
}

/// Writes `change` to the meter at `place` while something happens after `steps` events; `None` where it was done before that.
fn disturbed(
    place: Place,
    change: &str,
    steps: usize,
    disturb: &dyn Fn(&Shared),
) -> Option<(Shared, StepReport, MemoryJournal)> {
    let bench = bench(["serial=70001 mbus-id=5"]);
    let plan = plan(place, &[change]);
    let mut memory = MbusMemory::default();
    let mut wire = wire(&bench, &mut memory);
    let mut journal = MemoryJournal::default();
    let reports = {
        let mut nothing = |_: mbus::WriteProgress<'_>| {};
        let mut writing = std::pin::pin!(wire.write_plan(&plan, &mut journal, &mut nothing));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut passed = 0;
        loop {
            if let std::task::Poll::Ready((reports, _)) = writing.as_mut().poll(&mut context) {
                if passed <= steps {
                    return None;
                }
                break reports;
            }
            passed += 1;
            if passed == steps + 1 {
                disturb(&bench);
                continue;
            }
            let next = bench.borrow().next_event().unwrap();
            bench.borrow_mut().run_until(next);
        }
    };
    Some((bench, reports.into_iter().next().unwrap(), journal))
}

/// What a report says must be so, and the journal must say no more than the report.
fn honest(bench: &Shared, change: &str, report: &StepReport, journal: &MemoryJournal) {
    let (key, value) = change.split_once('=').unwrap();
    let value: i32 = value.parse().unwrap();
    let has = setting(bench, 0, SettingId::from_key(key).unwrap());
    match &report.outcome {
        Outcome::Confirmed { .. } => assert_eq!(has, value, "{report:?}"),
        Outcome::NotTaken { reads, .. } => {
            assert!(i64::from(has) == *reads && has != value, "{report:?}");
        }
        Outcome::Refused { .. } => assert_ne!(has, value, "{report:?}"),
        Outcome::Acknowledged => assert_eq!(has, value, "{report:?}"),
        Outcome::Unknown { .. } => {}
        Outcome::NotSent { .. } => assert!(has != value && !report.sent, "{report:?}"),
    }
    let proven = journal.entries.iter().any(|entry| matches!(entry.mark, Mark::Proven { .. }));
    assert_eq!(proven, report.sent && matches!(report.outcome, Outcome::Confirmed { .. }));
}

#[test]
fn a_power_cut_at_any_moment_of_a_write_never_makes_a_false_proof() {
    let cut = |bench: &Shared| {
        let now = bench.borrow().now();
        bench.borrow_mut().set_supply(0, Supply { mains: false, ..Supply::default() });
        bench.borrow_mut().run_until(now + units::Duration::from_millis(300));
        bench.borrow_mut().set_supply(0, Supply::default());
    };
    for change in ["mbus-id=9", "tariff=2", "serial=70009", "mbus-baud=4800"] {
        let mut unknown = 0;
        for steps in 0.. {
            let Some((bench, report, journal)) = disturbed(primary(5), change, steps, &cut) else { break };
            honest(&bench, change, &report, &journal);
            unknown += u32::from(matches!(report.outcome, Outcome::Unknown { .. }));
        }
        // The line is asked again long enough to outlast such a cut, or the doubt is told.
        assert!(unknown < 20, "{change}: {unknown}");
    }
}

#[test]
fn an_adapter_that_goes_at_any_moment_leaves_a_doubt_and_no_proof() {
    let pull = |bench: &Shared| {
        bench.borrow_mut().set_faults(PortId::Mbus, WireFaults { unplugged: true, ..WireFaults::default() });
    };
    let mut memory = MbusMemory::default();
    let bench = bench(["serial=70001 mbus-id=5"]);
    let identity = run(&bench, wire(&bench, &mut memory).secondary_search(Mask::ANY, false, &mut |_| {}));
    let by_number = Place { address: Address::Secondary(identity.unwrap()[0].identity), ..primary(5) };
    let places = [primary(5), by_number];
    let changes = ["mbus-id=9", "tariff=2", "mbus-baud=4800"];
    for (place, change) in places.into_iter().flat_map(|place| changes.map(|change| (place, change))) {
        let mut lost = 0;
        for steps in 0.. {
            let Some((bench, report, journal)) = disturbed(place, change, steps, &pull) else { break };
            // What was not sent is not open afterwards.
            assert_eq!(report.sent, !journal.entries.is_empty(), "{report:?}");
            honest(&bench, change, &report, &journal);
            let why = Doubt::NoReadBack(Fault::Port(commission::PortFault::Lost));
            lost += u32::from(report.outcome == Outcome::Unknown { why });
        }
        assert!(lost > 0, "{change}");
    }
}
