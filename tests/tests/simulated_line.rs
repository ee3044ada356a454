//! The configurator and the meter on the simulated wire, in virtual time: the same code that speaks to real ones.

use std::cell::RefCell;
use std::rc::Rc;

use commission::{
    Bus as _, Fault, Line, LineMemory, MemoryJournal, Outcome, Place, Plan, PortFault, ReadOut,
    SimulatedPort, Staged, Timing, Traffic, Transport, factory_place, identify, read_out, writable_settings,
    write_plan,
};
use modbus::Request;
use models::Entry;
use rig::{Bench, Circuit, Flow, Supply, Twin, WireFaults, block_on};
use schema::{Kind, PortId, SettingId, Source};
use units::{Duration, Instant, Point};

type Shared = Rc<RefCell<Bench>>;
type Wire<'m> = Line<'m, SimulatedPort>;

/// The models that a master speaks Modbus to.
fn with_modbus() -> impl Iterator<Item = &'static Entry> {
    models::ALL.iter().filter(|entry| entry.def.modbus.is_some())
}

fn bench(entry: &'static Entry) -> Shared {
    let mut bench = Bench::new(Instant::ZERO);
    bench.add(Twin::new(entry, None, Instant::ZERO));
    let mut supply = Supply::default();
    supply.phases[0] = Circuit { flow: Flow::Current { ma: 5_000 }, pf_milli: 900, ..supply.phases[0] };
    bench.set_supply(0, supply);
    bench.run_until(Instant::from_millis(2_000));
    Rc::new(RefCell::new(bench))
}

fn wire<'m>(bench: &Shared, memory: &'m mut LineMemory, place: Place) -> Wire<'m> {
    bench.borrow_mut().set_master_line(PortId::Modbus, place.line);
    Line::new(
        SimulatedPort::new(bench.clone(), PortId::Modbus),
        memory,
        Transport::Rtu,
        place,
        Timing::default(),
        (),
    )
}

#[track_caller]
fn run<F: Future>(bench: &Shared, future: F) -> F::Output {
    block_on(bench, future).expect("the future waits for something that never comes")
}

/// Every value that a setting can have, a few of the many.
fn values(setting: &'static schema::SettingDef) -> Vec<i32> {
    match setting.kind {
        Kind::OneOf(choices) => choices.iter().map(|choice| choice.value).collect(),
        Kind::Int { min, max } => vec![min, max, (min + max) / 2],
        Kind::Digits(_) => vec![0, 1],
        Kind::Ratio => vec![55, 5_005, 99_991],
    }
}

#[test]
fn a_meter_is_identified_and_read_out_as_it_is() {
    for entry in with_modbus() {
        let bench = bench(entry);
        let mut memory = LineMemory::default();
        let mut wire = wire(&bench, &mut memory, factory_place(entry));
        let identity = run(&bench, identify(&mut wire)).expect("an identity");
        assert_eq!(identity.entry.map(|entry| entry.def.slug), Some(entry.def.slug));
        let read: ReadOut = run(&bench, read_out(&mut wire, entry, &mut |_| {})).expect("a read-out");
        assert_eq!(read.serial, identity.serial);
        let bench = bench.borrow();
        let works = bench.twin(0).unwrap().device().works();
        for row in &read.rows {
            let source = row.row.def.source;
            let unit = entry.def.unit(source);
            // A register has the resolution of its codec.
            let words = row.row.def.codec.encode(works.source(source), unit);
            let value = row.row.def.codec.decode(words, unit);
            assert_eq!(row.value.as_ref().ok(), value.as_ref().ok(), "{}", row.key);
        }
    }
}

#[test]
fn a_read_out_takes_the_fewest_requests_and_hardly_more_time_than_the_wire() {
    for entry in with_modbus() {
        let bench = bench(entry);
        let mut memory = LineMemory::default();
        let mut wire = wire(&bench, &mut memory, factory_place(entry));
        let before = bench.borrow().now();
        let read = run(&bench, read_out(&mut wire, entry, &mut |_| {})).expect("a read-out");
        let most = usize::from(entry.def.modbus.expect("a Modbus").max_read);
        let fewest: usize = entry.def.registers.iter().map(|block| block.image_words().div_ceil(most)).sum();
        assert_eq!(read.requests, u32::try_from(fewest).unwrap());
        let took = bench.borrow().now() - before;
        assert!(took < Duration::from_millis(900), "{took}");
    }
}

#[test]
fn every_setting_is_changed_to_every_value_and_proven() {
    for entry in with_modbus() {
        for setting in writable_settings(entry) {
            let bench = bench(entry);
            let mut memory = LineMemory::default();
            let mut wire = wire(&bench, &mut memory, factory_place(entry));
            let mut all = values(setting);
            // From some values there is no way back.
            all.sort_by_key(|value| setting.is_lasting(*value));
            for value in all {
                let identity = run(&bench, identify(&mut wire)).expect("an identity");
                let mut staged = Staged::new();
                staged.stage(entry, setting.id, i64::from(value)).unwrap();
                let plan = Plan::new(entry, &staged, &[], identity.serial, wire_place(&wire)).unwrap();
                let mut journal = MemoryJournal::default();
                let reports = run(&bench, write_plan(&mut wire, &plan, &mut journal, &mut |_| {}));
                let outcome = &reports[0].outcome;
                assert!(
                    matches!(outcome, Outcome::Confirmed { .. }),
                    "{} {value}: {outcome:?}",
                    setting.id.key()
                );
                let bench = bench.borrow();
                assert_eq!(bench.twin(0).unwrap().device().setting(setting.id), Some(value));
            }
        }
    }
}

fn wire_place(wire: &Wire<'_>) -> Place {
    wire.place()
}

#[test]
fn an_echoing_adapter_changes_nothing_but_the_traffic() {
    let entry = with_modbus().next().unwrap();
    let bench = bench(entry);
    bench.borrow_mut().set_faults(PortId::Modbus, WireFaults { echo: true, ..WireFaults::default() });
    let mut memory = LineMemory::default();
    let mut wire = wire(&bench, &mut memory, factory_place(entry));
    let identity = run(&bench, identify(&mut wire)).expect("an identity");
    let setting = writable_settings(entry).find(|setting| matches!(setting.kind, Kind::Int { .. })).unwrap();
    let mut staged = Staged::new();
    staged.stage(entry, setting.id, 7).unwrap();
    let plan = Plan::new(entry, &staged, &[], identity.serial, wire_place(&wire)).unwrap();
    let reports = run(&bench, write_plan(&mut wire, &plan, &mut MemoryJournal::default(), &mut |_| {}));
    assert!(matches!(reports[0].outcome, Outcome::Confirmed { .. }), "{:?}", reports[0].outcome);
}

#[test]
fn a_meter_without_supply_is_silence_and_a_pulled_adapter_is_said_so() {
    let entry = with_modbus().next().unwrap();
    let bench = bench(entry);
    let mut memory = LineMemory::default();
    let mut wire = wire(&bench, &mut memory, factory_place(entry));
    bench.borrow_mut().set_supply(0, Supply { mains: false, ..Supply::default() });
    assert!(matches!(run(&bench, identify(&mut wire)), Err(Fault::Silent { .. })));
    bench.borrow_mut().set_faults(PortId::Modbus, WireFaults { unplugged: true, ..WireFaults::default() });
    assert!(matches!(run(&bench, identify(&mut wire)), Err(Fault::Port(PortFault::Lost))));
}

#[test]
fn a_meter_at_another_parity_is_not_heard_and_not_harmed() {
    let entry = with_modbus().next().unwrap();
    let bench = bench(entry);
    let mut memory = LineMemory::default();
    let mut place = factory_place(entry);
    place.line.parity = modbus::Parity::Odd;
    let mut wire = wire(&bench, &mut memory, place);
    let writes = bench.borrow().twin(0).unwrap().image().writes();
    assert!(matches!(run(&bench, identify(&mut wire)), Err(Fault::Silent { .. })));
    assert_eq!(bench.borrow().twin(0).unwrap().image().writes(), writes);
}

#[test]
fn two_meters_answer_for_themselves_and_on_one_id_not_at_all() {
    let entry = with_modbus().next().unwrap();
    let bench = bench(entry);
    let id = entry.def.setting(SettingId::ModbusId).unwrap().1;
    let mut second = Twin::new(entry, None, Instant::ZERO);
    let serial = (SettingId::Serial, 13_070_002);
    second.device_mut().apply(device::Door::Factory, &[serial, (id.id, 2)]).unwrap();
    bench.borrow_mut().add(second);
    let mut memory = LineMemory::default();
    let place = factory_place(entry);
    let mut line = wire(&bench, &mut memory, Place { unit: 2, ..place });
    assert_eq!(run(&bench, identify(&mut line)).unwrap().serial, Some(13_070_002));
    drop(line);
    let mut line = wire(&bench, &mut memory, place);
    assert_eq!(run(&bench, identify(&mut line)).unwrap().serial, Some(13_070_001));
    bench.borrow_mut().twin_mut(1).unwrap().device_mut().apply(device::Door::Bus, &[(id.id, 1)]).unwrap();
    let now = bench.borrow().now();
    bench.borrow_mut().run_until(now + Duration::from_secs(1));
    assert!(matches!(run(&bench, identify(&mut line)), Err(Fault::Silent { .. })), "both answer at once");
}

#[test]
fn a_free_id_that_nobody_answers_at_is_no_bad_answer() {
    let entry = with_modbus().next().unwrap();
    let bench = bench(entry);
    let mut memory = LineMemory::default();
    let mut wire = wire(&bench, &mut memory, factory_place(entry));
    let serial = run(&bench, identify(&mut wire)).unwrap().serial;
    let mut staged = Staged::new();
    staged.stage(entry, SettingId::ModbusId, 9).unwrap();
    let plan = Plan::new(entry, &staged, &[], serial, wire_place(&wire)).unwrap();
    let reports = run(&bench, write_plan(&mut wire, &plan, &mut MemoryJournal::default(), &mut |_| {}));
    assert!(matches!(reports[0].outcome, Outcome::Confirmed { .. }));
    assert_eq!(wire.counts().bad, 0);
}

/// Pulls the adapter after every step of virtual time of a whole plan: what is then called confirmed is in the meter.
#[test]
fn pulled_at_any_moment_nothing_false_is_confirmed() {
    let entry = with_modbus().next().unwrap();
    let settings: Vec<_> = writable_settings(entry).collect();
    let mut confirmed = 0;
    let mut unknown = 0;
    for moment in (0..6_000).step_by(37) {
        let bench = bench(entry);
        let mut memory = LineMemory::default();
        let mut wire = wire(&bench, &mut memory, factory_place(entry));
        let serial = run(&bench, identify(&mut wire)).unwrap().serial;
        let mut staged = Staged::new();
        for setting in &settings {
            let value = values(setting).into_iter().find(|value| *value != setting.default).unwrap();
            staged.stage(entry, setting.id, i64::from(value)).unwrap();
        }
        let plan = Plan::new(entry, &staged, &[], serial, wire_place(&wire)).unwrap();
        let mut journal = MemoryJournal::default();
        let reports = {
            let mut progress = |_: commission::WriteProgress<'_>| {};
            let mut work = Box::pin(write_plan(&mut wire, &plan, &mut journal, &mut progress));
            let span = Duration::from_millis(moment);
            match rig::block_on_within(&bench, span, &mut work) {
                Some(reports) => reports,
                None => {
                    bench
                        .borrow_mut()
                        .set_faults(PortId::Modbus, WireFaults { unplugged: true, ..WireFaults::default() });
                    run(&bench, work)
                }
            }
        };
        let bench = bench.borrow();
        let device = bench.twin(0).unwrap().device();
        for report in &reports {
            let commission::Action::Set { setting, value } = report.action else { continue };
            match &report.outcome {
                Outcome::Confirmed { .. } => {
                    confirmed += 1;
                    assert_eq!(
                        device.setting(setting.id),
                        Some(value),
                        "{} at {moment} ms",
                        setting.id.key()
                    );
                }
                Outcome::NotSent { .. } => {
                    assert_eq!(device.setting(setting.id), Some(setting.default), "{}", setting.id.key());
                }
                Outcome::Acknowledged
                | Outcome::Unknown { .. }
                | Outcome::Refused { .. }
                | Outcome::NotTaken { .. } => unknown += 1,
            }
        }
    }
    assert!(
        confirmed > 0 && unknown > 0,
        "{confirmed} confirmed, {unknown} unknown: the moments hit nothing"
    );
}

/// What the read-out calls an energy is what the display counts.
#[test]
fn display_and_registers_agree_on_the_energy() {
    let entry = with_modbus().next().unwrap();
    let bench = bench(entry);
    bench.borrow_mut().set_factor(3_600);
    let now = bench.borrow().now();
    bench.borrow_mut().run_until(now + Duration::from_secs(36));
    bench.borrow_mut().set_factor(1);
    let mut memory = LineMemory::default();
    let mut wire = wire(&bench, &mut memory, factory_place(entry));
    let read = run(&bench, read_out(&mut wire, entry, &mut |_| {})).unwrap();
    let point = Point::active(units::Flow::Forward, units::Tariff::All);
    let counted = bench.borrow().twin(0).unwrap().device().value(point).unwrap();
    assert_eq!(read.value(Source::Point(point)).map(|wh| wh / 10), Some(counted / 10));
    assert!(counted > 37_000, "36 hours of 1.035 kW are more than {counted} Wh");
}

/// Counters stand in registers as a setting says; a read-out reads that setting too.
#[test]
fn counters_are_read_in_the_form_that_the_setting_says() {
    let forms = |entry: &&'static Entry| entry.def.setting(SettingId::DataType).is_some();
    let mut read = 0;
    for entry in models::ALL.iter().filter(forms) {
        for data_type in [1, 2] {
            let bench = bench(entry);
            let forward = Point::active(units::Flow::Forward, units::Tariff::T1);
            let device_energy = |bench: &Shared| {
                let mut bench = bench.borrow_mut();
                let device = bench.twin_mut(0).unwrap().device_mut();
                device.apply(device::Door::Factory, &[(SettingId::DataType, data_type)]).unwrap();
                assert!(device.set_energy(forward, 123_456));
            };
            device_energy(&bench);
            let mut memory = LineMemory::default();
            let mut line = wire(&bench, &mut memory, factory_place(entry));
            let out = run(&bench, read_out(&mut line, entry, &mut |_| {})).unwrap();
            assert_eq!(out.value(Source::Point(forward)), Some(123_456), "data type {data_type}");
            assert_eq!(out.value(Source::Setting(SettingId::DataType)), Some(data_type));
            read += 1;
        }
    }
    assert!(read >= 2, "a model that has the setting");
}

/// The words of the traffic follow the meter's data type: nothing but registers until it was read, then numbers.
#[test]
fn the_words_of_the_traffic_know_the_data_type_that_went_over_the_line() {
    let two = with_modbus().filter(|entry| entry.def.setting(SettingId::DataType).is_some());
    for entry in two {
        let bench = bench(entry);
        let forward = Point::active(units::Flow::Forward, units::Tariff::T1);
        let mut supply = Supply::default();
        supply.phases[0].flow = Flow::Off;
        bench.borrow_mut().set_supply(0, supply);
        let door = device::Door::Factory;
        let change = [(SettingId::DataType, 2)];
        {
            let mut bench = bench.borrow_mut();
            let device = bench.twin_mut(0).unwrap().device_mut();
            assert!(device.set_energy(forward, 1_234_567) && device.apply(door, &change).is_ok());
            device.take_reading();
        }
        let row = entry.def.all_registers().find(|row| row.source == Source::Point(forward)).unwrap();
        let form = entry.def.register_of(SettingId::DataType).unwrap();
        let read = Request::ReadHolding { address: row.addr, count: 2 };
        let place = factory_place(entry);
        let said = RefCell::new(String::new());
        let mut memory = LineMemory::default();
        bench.borrow_mut().set_master_line(PortId::Modbus, place.line);
        let port = SimulatedPort::new(bench.clone(), PortId::Modbus);
        let observer = |traffic: &Traffic<'_>| said.replace(traffic.meaning.clone()).clear();
        let mut wire = Line::new(port, &mut memory, Transport::Rtu, place, Timing::default(), observer);
        wire.set_entry(Some(entry));
        let mut ask = |request: &Request<'_>| {
            run(&bench, wire.exchange(request, 1)).expect("an answer");
            said.borrow().clone()
        };
        assert!(ask(&read).starts_with("0012 D687 ("), "{}", said.borrow());
        ask(&Request::ReadHolding { address: form.addr, count: 1 });
        assert_eq!(ask(&read), "1234.567 kWh");
        ask(&Request::WriteSingle { address: form.addr, value: 1 });
        assert_eq!(ask(&read), "1234.567 kWh", "what was written is known");
        // Another id is another meter, of which nothing was read.
        wire.set_unit(place.unit + 1);
        wire.set_unit(place.unit);
        run(&bench, wire.exchange(&read, 1)).expect("an answer");
        assert!(said.borrow().starts_with("449A 5225 ("), "{}", said.borrow());
        run(&bench, read_out(&mut wire, entry, &mut |_| {})).expect("a read-out");
        run(&bench, wire.exchange(&read, 1)).expect("an answer");
        assert_eq!(*said.borrow(), "1234.567 kWh");
    }
}
