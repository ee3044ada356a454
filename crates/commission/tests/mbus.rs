//! The M-Bus master and meters on the simulated wire, in virtual time.

use std::cell::RefCell;
use std::rc::Rc;

use commission::mbus::{
    Address, Fault, Found, Mask, MbusLine, MbusMemory, MbusTiming, Outcome, Place, Plan, SearchEvent, Seen,
    StepReport, change, writable_settings,
};
use commission::{Mark, MemoryJournal, SimulatedPort};
use models::Entry;
use rig::{Bench, MeterSpec, WireFaults, block_on};
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
    assert!(found.iter().all(|found| found.entry.map(|entry| entry.def.slug) == Some(entry().def.slug)));
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
        assert_eq!(collisions > 0, count > 1);
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
        let entry = read.entry.unwrap();
        let bench = bench.borrow();
        let works = bench.twin(0).unwrap().device().works();
        let telegram = &entry.def.mbus.unwrap().telegrams[0];
        assert_eq!(read.rows.len(), telegram.records.len());
        for ((row, def), note) in read.rows.iter().zip(telegram.records).zip(entry.notes.telegrams[0]) {
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
    let text = commission::mbus::sentence(&fault, primary(9));
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
