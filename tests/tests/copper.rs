//! What copper does to a line of many meters, in virtual time: read-outs, noise, swapped wires, collisions, cuts, and a
//! meter that is handed out to a real port.

use std::cell::RefCell;
use std::rc::Rc;

use commission::{
    Fault, Line, LineMemory, Place, SimulatedPort, Timing, Transport, factory_place, identify, read_out,
};
use models::Entry;
use rig::{Bench, MasterEvent, MeterSpec, OutletOutput, Supply, WireChange, WireFaults, Wiring, block_on};
use schema::{PortId, SettingId};
use units::{Duration, Instant, LineParams};

type Shared = Rc<RefCell<Bench>>;

fn entry() -> &'static Entry {
    models::ALL.iter().find(|entry| entry.def.modbus.is_some()).unwrap()
}

fn bench(count: u8) -> Shared {
    let mut bench = Bench::new(Instant::ZERO);
    for id in 1..=count {
        let text = format!("{} serial={} modbus-id={id}", entry().def.slug, 70_000 + u32::from(id));
        bench.add(MeterSpec::parse(&text).unwrap().build(None, Instant::ZERO).unwrap());
    }
    bench.run_until(Instant::from_millis(2_000));
    Rc::new(RefCell::new(bench))
}

fn line<'m>(bench: &Shared, memory: &'m mut LineMemory, unit: u8) -> Line<'m, SimulatedPort> {
    let place = Place { unit, ..factory_place(entry()) };
    bench.borrow_mut().set_master_line(PortId::Modbus, place.line);
    let port = SimulatedPort::new(bench.clone(), PortId::Modbus);
    Line::new(port, memory, Transport::Rtu, place, Timing::default(), ())
}

/// The read request of the serial number, with its check sum.
fn request(unit: u8) -> Vec<u8> {
    let mut frame = vec![unit, 3, 0x40, 0, 0, 2];
    let sum = modbus::crc::wire(&frame);
    frame.extend(sum);
    frame
}

/// All bytes that the master's end has heard, and how many damaged characters.
fn heard(bench: &mut Bench) -> (Vec<u8>, usize) {
    let (mut bytes, mut errors) = (Vec::new(), 0);
    while let Some(event) = bench.master_take(PortId::Modbus) {
        match event {
            MasterEvent::Bytes(more) => bytes.extend(more),
            MasterEvent::LineError(_) => errors += 1,
            MasterEvent::Sent | MasterEvent::Lost => {}
        }
    }
    (bytes, errors)
}

fn ask(bench: &mut Bench, unit: u8, ms: u64) -> (Vec<u8>, usize) {
    bench.set_master_line(PortId::Modbus, factory_place(entry()).line);
    bench.master_send(PortId::Modbus, &request(unit));
    bench.jump(Duration::from_millis(ms));
    heard(bench)
}

#[test]
fn sixty_meters_are_read_out_over_one_wire() {
    let bench = bench(60);
    bench.borrow_mut().set_latency(PortId::Modbus, Duration::from_millis(16));
    for unit in 1..=60 {
        let mut memory = LineMemory::default();
        let mut wire = line(&bench, &mut memory, unit);
        let read = block_on(&bench, read_out(&mut wire, entry(), &mut |_| {})).unwrap().unwrap();
        assert_eq!(read.serial, Some(70_000 + u32::from(unit)));
    }
}

#[test]
fn noise_costs_retries_and_never_gives_a_wrong_value() {
    let (mut right, mut lost) = (0, 0);
    for seed in 0..40 {
        let bench = bench(2);
        bench.borrow_mut().set_seed(seed);
        let faults = WireFaults { noise: 20, ..WireFaults::default() };
        bench.borrow_mut().set_faults(PortId::Modbus, faults);
        let mut memory = LineMemory::default();
        let mut wire = line(&bench, &mut memory, 2);
        match block_on(&bench, identify(&mut wire)).unwrap() {
            Ok(identity) => {
                assert_eq!(identity.serial, Some(70_002), "seed {seed}");
                right += 1;
            }
            Err(Fault::Silent { evidence, .. }) => {
                assert!(evidence.bytes > 0 || evidence.line.is_some(), "seed {seed}");
                lost += 1;
            }
            Err(other) => panic!("seed {seed}: {other:?}"),
        }
    }
    assert!(right > lost, "{right} right, {lost} lost");
}

#[test]
fn swapped_wires_and_open_ones_silence_one_meter_and_are_said() {
    let bench = bench(2);
    let bench = &mut *bench.borrow_mut();
    let (whole, _) = ask(bench, 1, 300);
    assert_eq!(whole.len(), 9);
    for wiring in [Wiring::Swapped, Wiring::Open] {
        assert!(bench.set_wiring(0, PortId::Modbus, wiring));
        assert_eq!(ask(bench, 1, 300), (vec![], 0));
        assert_eq!(ask(bench, 2, 300).0.len(), 9);
        let said = bench.wire_sentences(PortId::Modbus);
        assert!(said.len() == 1 && said[0].starts_with("Meter 1 ("), "{said:?}");
    }
    bench.set_wiring(0, PortId::Modbus, Wiring::Good);
    assert_eq!(bench.wire_sentences(PortId::Modbus), Vec::<String>::new());
    assert_eq!(ask(bench, 1, 300).0.len(), 9);
}

#[test]
fn two_meters_with_one_address_garble_each_other() {
    let bench = bench(2);
    let bench = &mut *bench.borrow_mut();
    let id = SettingId::ModbusId;
    bench.twin_mut(1).unwrap().device_mut().apply(device::Door::Bus, &[(id, 1)]).unwrap();
    bench.jump(Duration::from_millis(100));
    let (bytes, errors) = ask(bench, 1, 300);
    // Serial numbers 70001 and 70002 and their check sums differ; all before is said in step.
    assert_eq!(bytes.get(..3), Some(&[1, 3, 4][..]));
    assert!(errors > 0 || !modbus::crc::holds(&bytes), "{bytes:02X?}");
}

#[test]
fn a_wrong_speed_is_heard_as_something_else_and_not_answered() {
    let bench = bench(1);
    let bench = &mut *bench.borrow_mut();
    let own = factory_place(entry()).line;
    for baud in [1_200, 4_800, 19_200, 38_400] {
        bench.set_master_line(PortId::Modbus, LineParams { baud, ..own });
        bench.master_send(PortId::Modbus, &request(1));
        bench.jump(Duration::from_millis(500));
        assert_eq!(heard(bench), (vec![], 0), "{baud}");
    }
}

#[test]
fn a_cut_supply_ends_an_answer_in_its_middle() {
    let bench = bench(1);
    let bench = &mut *bench.borrow_mut();
    let (whole, _) = ask(bench, 1, 300);
    bench.master_send(PortId::Modbus, &request(1));
    let mut got = Vec::new();
    while got.len() < 4 {
        bench.jump(Duration::from_millis(1));
        got.extend(heard(bench).0);
    }
    bench.set_supply(0, Supply { mains: false, ..Supply::default() });
    bench.jump(Duration::from_millis(300));
    got.extend(heard(bench).0);
    assert!((4..9).contains(&got.len()), "{got:02X?}");
    assert_eq!(got.get(..4), whole.get(..4));
}

#[test]
fn an_adapter_with_a_latency_hands_over_in_pieces() {
    let bench = bench(1);
    let bench = &mut *bench.borrow_mut();
    bench.set_latency(PortId::Modbus, Duration::from_millis(1_000));
    assert_eq!(ask(bench, 1, 300), (vec![], 0));
    bench.jump(Duration::from_millis(1_000));
    assert_eq!(heard(bench).0.len(), 9);
}

#[test]
fn a_meter_handed_out_answers_at_the_real_port_only() {
    const PORT: PortId = PortId::Modbus;
    let bench = bench(2);
    let bench = &mut *bench.borrow_mut();
    assert!(bench.hand_out(1, PORT));
    assert_eq!(bench.outlet_poll(PORT), Some(OutletOutput::Line(factory_place(entry()).line)));
    assert_eq!(ask(bench, 2, 300), (vec![], 0));
    let exchange = |bench: &mut Bench, frame: &[u8]| {
        for chunk in frame.chunks(3) {
            bench.outlet_rx(PORT, chunk);
            bench.jump(Duration::from_millis(16));
        }
        bench.jump(Duration::from_millis(200));
        std::iter::from_fn(|| bench.outlet_poll(PORT)).collect::<Vec<_>>()
    };
    let said = exchange(bench, &request(2));
    assert!(matches!(said.as_slice(), [OutletOutput::Send(bytes)] if modbus::crc::holds(bytes)), "{said:?}");
    assert_eq!(exchange(bench, &request(1)), []);
    // A change of its speed is answered at the old one, then the port follows.
    let id = SettingId::Baud;
    bench.twin_mut(1).unwrap().device_mut().apply(device::Door::Bus, &[(id, 4_800)]).unwrap();
    bench.jump(Duration::from_millis(100));
    assert!(matches!(bench.outlet_poll(PORT), Some(OutletOutput::Line(line)) if line.baud == 4_800));
    assert!(bench.take_back(1, PORT));
    assert_eq!(bench.outlet_poll(PORT), None);
}

#[test]
fn a_converter_feeds_only_so_many_meters() {
    let entry = models::ALL.iter().find(|entry| entry.def.mbus.is_some()).unwrap();
    let mut bench = Bench::new(Instant::ZERO);
    for id in 1..=3 {
        let text = format!("{} mbus-id={id}", entry.def.slug);
        bench.add(MeterSpec::parse(&text).unwrap().build(None, Instant::ZERO).unwrap());
    }
    bench.run_until(Instant::from_millis(2_000));
    let line = bench.twin(0).unwrap().device().port_line(PortId::Mbus).unwrap();
    bench.set_master_line(PortId::Mbus, line);
    let mut acks = |change: WireChange| {
        bench.change_wire(0, PortId::Mbus, change);
        bench.master_send(PortId::Mbus, &[0x10, 0x40, 1, 0x41, 0x16]);
        bench.jump(Duration::from_millis(500));
        let heard: Vec<MasterEvent> = std::iter::from_fn(|| bench.master_take(PortId::Mbus)).collect();
        heard.iter().filter(|event| **event == MasterEvent::Bytes(vec![0xE5])).count()
    };
    let found = [WireChange::Capacity(3), WireChange::Capacity(2), WireChange::Capacity(64)].map(&mut acks);
    assert_eq!(found, [1, 0, 1]);
    assert_eq!(acks(WireChange::Wiring(Wiring::Swapped)), 1, "an M-Bus has no polarity");
    assert_eq!(acks(WireChange::Short(true)), 0);
}
