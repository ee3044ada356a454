//! Meters on a simulated bench, random ones too, and what reads them.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use commission::boot::Facts;
use commission::mbus::{Address, MbusLine, MbusMemory, MbusTiming};
use commission::{
    Line, LineMemory, Place, Port, ReadOut, ReadRow, RowFault, SimulatedPort, Timing, Transport, names,
    read_out,
};
use device::Door;
use modbus::RegisterAccess;
use models::Entry;
use rig::{Bench, Counter, Twin};
use schema::{Kind, PortId, Rule, SettingDef, SettingId, Source};
use units::Instant;

pub const START: Instant = Instant::from_millis(1_000);

/// Chance that can be repeated.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides.max(1)
    }

    /// One of the values of a setting.
    pub fn value(&mut self, setting: &SettingDef) -> i64 {
        match setting.kind {
            Kind::Int { min, max } => {
                i64::from(min) + i64::try_from(self.below(u64::try_from(max - min).unwrap() + 1)).unwrap()
            }
            Kind::OneOf(choices) => {
                i64::from(choices[usize::try_from(self.below(choices.len() as u64)).unwrap()].value)
            }
            Kind::Digits(count) => i64::try_from(self.below(10u64.pow(u32::from(count)))).unwrap(),
            Kind::Ratio => i64::try_from((self.below(1_999) + 1) * 50 + 5).unwrap(),
        }
    }
}

pub fn with(port: PortId) -> impl Iterator<Item = &'static Entry> {
    models::ALL.iter().filter(move |entry| entry.def.has(port))
}

/// True where some register shows the setting.
pub fn shown(entry: &'static Entry, id: SettingId) -> bool {
    entry.def.register_of(id).is_some()
}

/// What a change of the line asks of the bus is done before anybody listens.
pub fn drain(twin: &mut Twin) {
    for port in PortId::ALL {
        while twin.device_mut().port_poll(port, START).is_some() {}
    }
    twin.device_mut().take_reading();
}

/// Makes changes through the factory's door.
pub fn change(twin: &mut Twin, changes: &[(SettingId, i64)]) {
    twin.device_mut().apply(Door::Factory, changes).unwrap();
    drain(twin);
}

/// Counters of a meter with sums below `most` Wh.
pub fn fill(twin: &mut Twin, dice: &mut Dice, most: u64) {
    let metering = &twin.entry().def.metering;
    let energies = usize::from(metering.phases) * usize::from(metering.tariffs) * metering.slots();
    let all = energies + metering.trip_counters();
    let each = most / all as u64;
    let directions = metering.trip.directions();
    twin.device_mut().registers().restore_counters(|counters| {
        for (at, cell) in counters.iter_mut().enumerate().take(all) {
            // A resettable counter has counted one way: what it shows does not say more.
            let second = at >= energies && (at - energies) % directions == 1;
            *cell = Counter::new(if second { 0 } else { dice.below(each) }, 0);
        }
    });
}

/// A meter with random settings that its registers show, random energies and power-downs.
pub fn random_twin(entry: &'static Entry, seed: u64, most: u64) -> Twin {
    let mut dice = Dice(seed);
    let mut twin = Twin::new(entry, None, START);
    if entry.def.metering.tariffs > 2 {
        // A meter that has energy in a high tariff has counted it once.
        change(&mut twin, &[(SettingId::Tariff, 3)]);
    }
    for setting in entry.def.all_settings().filter(|it| shown(entry, it.id)) {
        let value = dice.value(setting);
        change(&mut twin, &[(setting.id, value)]);
    }
    fill(&mut twin, &mut dice, most);
    let downs = u16::try_from(dice.below(9_999)).unwrap();
    twin.device_mut().registers().set_power_downs(downs);
    drain(&mut twin);
    twin
}

/// What a head reads by address, one register row after another: every model has that map, with a bus or without.
pub fn read_directly(twin: &mut Twin) -> ReadOut {
    let entry = twin.entry();
    let form = twin.device().setting(SettingId::DataType);
    let works = twin.device_mut().registers();
    works.refresh_image();
    let secret = |source| match source {
        Source::Setting(id) => names::setting(entry, id).is_some_and(|setting| setting.secret),
        _ => false,
    };
    let rows = names::rows(entry).filter(|row| row.of.rule == Rule::Contiguous);
    let rows = rows.filter(|row| row.def.source != Source::Zero && !secret(row.def.source));
    let rows: Vec<ReadRow> = rows
        .map(|row| {
            let words = works.words(row.def.addr, row.def.codec.words()).unwrap().to_vec();
            let value = names::decode_in(entry, row.def, &words, form).map_err(RowFault::Codec);
            let text = names::value_text(entry, row.def, *value.as_ref().unwrap_or(&0));
            ReadRow {
                row,
                key: names::key(entry, &row),
                label: names::label(entry, &row),
                words,
                value,
                text,
            }
        })
        .collect();
    let mut read = ReadOut { rows, ..ReadOut::empty(entry, START) };
    read.serial = read.value(Source::Setting(SettingId::Serial)).map(|it| u32::try_from(it).unwrap());
    read
}

pub type Rail = Rc<RefCell<Bench>>;

/// A bench with this meter on it, and the master's end of each wire where the meter speaks.
pub fn rail(twin: Twin) -> Rail {
    let mut bench = Bench::new(START);
    for port in [PortId::Modbus, PortId::Mbus] {
        if let Some((line, _)) = twin.device().address(port) {
            bench.set_master_line(port, line);
        }
    }
    bench.add(twin);
    Rc::new(RefCell::new(bench))
}

pub fn place(rail: &Rail) -> Place {
    let (line, unit) = rail.borrow().twins()[0].device().address(PortId::Modbus).unwrap();
    Place { line, unit }
}

pub fn mbus_place(rail: &Rail) -> commission::mbus::Place {
    let (line, address) = rail.borrow().twins()[0].device().address(PortId::Mbus).unwrap();
    commission::mbus::Place { line, address: Address::Primary(address) }
}

pub fn wire(rail: &Rail, port: PortId) -> SimulatedPort {
    SimulatedPort::new(rail.clone(), port)
}

pub fn line<P: Port>(port: P, place: Place, memory: &mut LineMemory) -> Line<'_, P> {
    Line::new(port, memory, Transport::Rtu, place, Timing::default(), ())
}

pub fn mbus_line<P: Port>(
    port: P,
    place: commission::mbus::Place,
    memory: &mut MbusMemory,
) -> MbusLine<'_, P> {
    MbusLine::new(port, memory, place.line, MbusTiming::default(), ())
}

/// Runs a workflow to its end in the bench's time.
pub fn run<T>(rail: &Rail, future: impl Future<Output = T>) -> T {
    rig::block_on(rail, future).expect("a workflow ends")
}

/// Reads the meter over its Modbus.
pub fn read(rail: &Rail) -> ReadOut {
    let entry = rail.borrow().twins()[0].entry();
    let mut memory = LineMemory::default();
    let mut bus = line(wire(rail, PortId::Modbus), place(rail), &mut memory);
    run(rail, read_out(&mut bus, entry, &mut |_| {})).unwrap()
}

/// Reads the meter over its M-Bus.
pub fn read_mbus(rail: &Rail) -> Facts {
    let place = mbus_place(rail);
    let mut memory = MbusMemory::default();
    let mut bus = mbus_line(wire(rail, PortId::Mbus), place, &mut memory);
    let mut read = run(rail, bus.read_out(place.address, &mut |_| {})).unwrap();
    // Models that say the same on the M-Bus are told apart by who reads the nameplate.
    assert!(read.choose(rail.borrow().twins()[0].entry()), "{}", read.sentence());
    Facts::of_telegrams(&read, place).unwrap()
}
