//! The search of an M-Bus speed by speed, on simulated copper.

use std::cell::RefCell;
use std::rc::Rc;

use commission::SimulatedPort;
use commission::find::{
    Control, FindEnd, FindEvent, Finding, Leash, MbusScope, find_mbus, list_json, list_table,
};
use commission::mbus::{MbusLine, MbusMemory, MbusTiming, SearchEvent};
use rig::{Bench, MeterSpec, block_on, block_on_within};
use schema::PortId;
use units::{Duration, Instant, LineParams};

type Shared = Rc<RefCell<Bench>>;

fn bench() -> Shared {
    let model = models::ALL.iter().find(|entry| entry.def.mbus.is_some()).unwrap().def.slug;
    let mut bench = Bench::new(Instant::ZERO);
    for text in [
        format!("{model} serial=13070001 mbus-id=3 mbus-baud=2400"),
        format!("{model} serial=13070002 mbus-id=7"),
        format!("{model} serial=13070017 mbus-id=7"),
    ] {
        bench.add(MeterSpec::parse(&text).unwrap().build(None, Instant::ZERO).unwrap());
    }
    bench.run_until(Instant::from_millis(2_000));
    Rc::new(RefCell::new(bench))
}

fn line<'m>(
    bench: &Shared,
    memory: &'m mut MbusMemory,
    control: &Control,
) -> MbusLine<'m, Leash<SimulatedPort>> {
    let home = LineParams::even(9_600);
    bench.borrow_mut().set_master_line(PortId::Mbus, home);
    let port = Leash::new(SimulatedPort::new(bench.clone(), PortId::Mbus), control.clone());
    MbusLine::new(port, memory, home, MbusTiming::default(), ())
}

fn meters(found: &[Finding]) -> Vec<(u32, u32)> {
    let meters = found.iter().map(|finding| match finding {
        Finding::Mbus { line, meter } => (line.baud, meter.serial().unwrap()),
        Finding::Modbus { .. } => panic!("no Modbus was searched"),
    });
    meters.collect()
}

#[test]
fn all_speeds_are_searched_and_told_in_one_list() {
    let bench = bench();
    let (control, mut memory) = (Control::default(), MbusMemory::default());
    let mut line = line(&bench, &mut memory, &control);
    let scope = MbusScope::default();
    assert_eq!(&scope.speeds[..3], [2_400, 9_600, 4_800]);
    let (mut stage, mut found, mut speeds) = (0, Vec::new(), Vec::new());
    let end = block_on(
        &bench,
        find_mbus(&mut line, &scope, &control, &mut stage, &mut found, &mut |event| {
            if let FindEvent::Speed(line) = event {
                speeds.push(line.baud);
            }
        }),
    );
    assert_eq!(end, Some(Ok(FindEnd::Done)));
    assert_eq!((speeds, stage), (scope.speeds.clone(), scope.speeds.len()));
    let mut all = meters(&found);
    all.sort_unstable();
    assert_eq!(all, [(2_400, 13_070_001), (9_600, 13_070_002), (9_600, 13_070_017)]);
    let table = list_table(&found);
    assert!(table.contains("M-Bus  2400 8E1   3  13070001  "), "{table}");
    assert!(
        list_json(&found)
            .contains("{\"bus\": \"mbus\", \"baud\": 2400, \"address\": 3, \"number\": \"13070001\"")
    );
    assert!(
        found[0].sentence().starts_with("Address 3 at 2400 8E1: 13070001 INM"),
        "{}",
        found[0].sentence()
    );
}

#[test]
fn a_search_is_stopped_within_a_speed_and_goes_on_there() {
    let bench = bench();
    let (control, mut memory) = (Control::default(), MbusMemory::default());
    let mut line = line(&bench, &mut memory, &control);
    let scope = MbusScope { speeds: vec![2_400, 9_600], ..MbusScope::default() };
    let (mut stage, mut found) = (0, Vec::new());
    let stop = |event: FindEvent<'_>| {
        if matches!(event, FindEvent::Found(Finding::Mbus { line, .. }) if line.baud == 9_600) {
            control.stop();
        }
    };
    let end = block_on(&bench, find_mbus(&mut line, &scope, &control, &mut stage, &mut found, &mut { stop }));
    assert_eq!((end, stage), (Some(Ok(FindEnd::Stopped)), 1));
    assert_eq!(found.len(), 2);
    // Paused, it sends nothing.
    control.resume();
    control.pause();
    let before = line.counts().sent;
    let mut asks = 0;
    let waited = block_on_within(
        &bench,
        Duration::from_secs(5),
        find_mbus(&mut line, &scope, &control, &mut stage, &mut found, &mut |event| {
            asks += usize::from(matches!(event, FindEvent::Node(SearchEvent::Node(_))));
        }),
    );
    assert!(waited.is_none() && asks == 0 && line.counts().sent <= before + 1);
    control.resume();
    let end = block_on(&bench, find_mbus(&mut line, &scope, &control, &mut stage, &mut found, &mut |_| {}));
    assert_eq!((end, stage), (Some(Ok(FindEnd::Done)), 2));
    assert_eq!(found.len(), 3, "each is told once");
}

#[test]
fn primary_addresses_are_asked_behind_all_numbers() {
    let scope = MbusScope { speeds: vec![2_400, 9_600], primary: Some((0, 10)), ..MbusScope::default() };
    let stages: Vec<(u32, bool)> = scope.stages().collect();
    assert_eq!(stages, [(2_400, false), (9_600, false), (2_400, true), (9_600, true)]);
    let bench = bench();
    let (control, mut memory) = (Control::default(), MbusMemory::default());
    let mut line = line(&bench, &mut memory, &control);
    let scope = MbusScope { secondary: None, ..scope };
    let (mut stage, mut found) = (0, Vec::new());
    let end = block_on(&bench, find_mbus(&mut line, &scope, &control, &mut stage, &mut found, &mut |_| {}));
    assert_eq!(end, Some(Ok(FindEnd::Done)));
    // Two share an address, so that neither can be read there.
    assert_eq!(meters(&found), [(2_400, 13_070_001)]);
}

#[test]
fn what_a_stage_takes_on_a_silent_bus_is_known_beforehand() {
    let bench: Shared = Rc::new(RefCell::new(Bench::new(Instant::ZERO)));
    let (control, mut memory) = (Control::default(), MbusMemory::default());
    let mut line = line(&bench, &mut memory, &control);
    let scope = MbusScope { primary: Some((0, 250)), ..MbusScope::default() };
    let (mut stage, mut found, mut begun) = (0, Vec::new(), Vec::new());
    let end = block_on(
        &bench,
        find_mbus(&mut line, &scope, &control, &mut stage, &mut found, &mut |event| {
            if let FindEvent::Speed(_) = event {
                begun.push(bench.borrow().now());
            }
        }),
    );
    assert_eq!(end, Some(Ok(FindEnd::Done)));
    begun.push(bench.borrow().now());
    // All of it is a search that somebody waits for.
    assert!(begun[begun.len() - 1].since(begun[0]) < Duration::from_secs(13 * 60));
    let stages: Vec<(u32, bool)> = scope.stages().collect();
    assert_eq!(begun.len(), stages.len() + 1);
    for (stage, times) in stages.iter().zip(begun.windows(2)) {
        let took = times[1].since(times[0]).as_micros();
        let said = scope.silent_time(*stage, MbusTiming::default()).as_micros();
        assert!(said.abs_diff(took) * 20 <= took, "{stage:?}: said {said} us, took {took} us");
    }
}
