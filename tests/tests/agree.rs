//! The whole meter over random histories: display, registers and values agree, and the counters are what integers
//! without end make of the same history.

mod common;

use common::{Meter, glass};
use device::Door;
use models::{ALL, Entry};
use proptest::prelude::*;
use rig::{Circuit, Flow as Current, Supply};
use schema::{Codec, CommandId, Format, PageDef, PageId, Rule, SettingId, Source};
use units::{Duration, EnergyKind, Flow, Phase, Point, Tariff, What};

/// mW·µs in a Wh.
const WATT_HOUR: i128 = 3_600_000_000_000;

/// What happens to a meter.
#[derive(Clone, Debug)]
enum Event {
    /// Another load: mV, mA, thousandths of power factor, leading, to the network.
    Load(u32, u32, u16, bool, bool),
    /// The register of the tariff is written.
    Tariff(i32),
    /// The combination code is changed.
    Combination(usize),
    /// The mains is off for so many ms.
    Cut(u64),
    /// So many ms go by.
    Pass(u64),
    /// The resettable counter is set to zero.
    ResetTrip,
}

fn event() -> impl Strategy<Value = Event> {
    // Below the starting current of 20 mA, at it, and all that the meter is made for.
    let current = prop_oneof![0u32..25, Just(20), 20u32..45_000];
    let load = (190_000u32..260_000, current, 0u16..=1_000, any::<bool>(), any::<bool>());
    prop_oneof![
        3 => load.prop_map(|(mv, ma, pf, lead, export)| Event::Load(mv, ma, pf, lead, export)),
        1 => prop::sample::select(vec![1, 2, 11, 12]).prop_map(Event::Tariff),
        1 => (0usize..6).prop_map(Event::Combination),
        1 => (1u64..100_000_000).prop_map(Event::Cut),
        5 => prop_oneof![1u64..3_000, 1u64..200_000_000].prop_map(Event::Pass),
        1 => Just(Event::ResetTrip),
    ]
}

/// The same meter in integers without end: counters in mW·µs by tariff, then active forward, active reverse, reactive
/// forward, reactive reverse.
struct Reference {
    counters: [[i128; 4]; 2],
    trip: i128,
    rollover: i128,
    /// The code and the tariff's register, now and as it is stored.
    code: i32,
    tariff: i32,
    stored: i32,
    rates: [i128; 4],
}

impl Reference {
    fn load(&mut self, circuit: &Circuit, starting_ma: u32) {
        let reading = circuit.reading();
        let counts = i128::from(reading.current_ma >= starting_ma);
        let (p, q) = (i128::from(reading.active_mw) * counts, i128::from(reading.reactive_mvar) * counts);
        self.rates = [p.max(0), (-p).max(0), q.max(0), (-q).max(0)];
    }

    fn pass(&mut self, us: u64) {
        let which = usize::from(self.tariff % 10 == 2);
        for (counter, rate) in self.counters[which].iter_mut().zip(self.rates) {
            *counter = (*counter + rate * i128::from(us)) % self.rollover;
        }
        self.trip = (self.trip + self.rates[0] * i128::from(us)) % self.rollover;
    }

    /// The value of an energy in whole Wh, or `None` for what one phase has not.
    fn value(&self, point: Point) -> Option<i128> {
        let Point::Energy { kind, flow, phase: Phase::All, tariff } = point else { return None };
        let of = |reverse: bool| {
            let place = 2 * usize::from(kind == EnergyKind::Reactive) + usize::from(reverse);
            let [t1, t2] = self.counters.map(|counters| counters[place]);
            match tariff {
                Tariff::All => Some((t1 + t2) % self.rollover),
                Tariff::T1 => Some(t1),
                Tariff::T2 => Some(t2),
                _ => None,
            }
        };
        let exact = match flow {
            Flow::Forward => of(false)?,
            Flow::Reverse => of(true)?,
            Flow::Trip => self.trip,
            // PRO1 manual §7.11.
            Flow::Total => match self.code {
                1 => of(false)?,
                4 => of(true)?,
                5 => (of(false)? + of(true)?) % self.rollover,
                6 => of(true)? - of(false)?,
                9 | 10 => of(false)? - of(true)?,
                other => panic!("code {other}"),
            },
            _ => return None,
        };
        Some(exact / WATT_HOUR)
    }
}

/// A page as somebody sees it who looks at it now: what it shows, the number, and how many decimals that has.
fn number_on(meter: &Meter, id: PageId, page: &PageDef) -> Option<(Source, f64, u32)> {
    let (source, text) = glass::number_on(&meter.twin, id, page)?;
    if text == "------" {
        // No place is left for the minus.
        let kwh = meter.twin.device().works().source(source) / 1_000;
        let counter = page.fields.iter().all(|field| field.format == Format::Counter);
        assert!(counter && kwh <= -100_000, "{kwh} kWh has its place");
        return Some((source, kwh as f64, 0));
    }
    let decimals = text.split_once('.').map_or(0, |(_, behind)| behind.len());
    let number = text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"));
    Some((source, number, u32::try_from(decimals).unwrap()))
}

/// Compares everything there is, after a reading.
fn check(meter: &mut Meter, reference: &Reference) {
    meter.twin.device_mut().take_reading();
    let model = meter.twin.entry().def;
    // Energies against the reference, to the Wh.
    let rows = || {
        let blocks = model.registers.iter().filter(|block| block.rule == Rule::Contiguous);
        blocks.flat_map(|block| block.rows).filter_map(|row| match row.source {
            Source::Point(point) => Some((row, point)),
            _ => None,
        })
    };
    let mut energies = 0;
    for (row, point) in rows() {
        let value = meter.twin.device().value(point);
        if let Some(expected) = reference.value(point) {
            assert_eq!(value.map(i128::from), Some(expected), "{point} at {:04X}h", row.addr);
            energies += 1;
        }
    }
    assert_eq!(energies, 19, "two kinds, three flows, three tariffs, and the resettable counter");
    // Registers against values: every float, within what it shows.
    for (row, point) in rows() {
        let Codec::F32 { decimals } = row.codec else { continue };
        let registers = meter.twin.device_mut().registers();
        let words = modbus::RegisterAccess::words(registers, row.addr, 2).unwrap();
        let read = f64::from(f32::from_bits(u32::from(words[0]) << 16 | u32::from(words[1])));
        let value = meter.twin.device().value(point).unwrap();
        let exact = value as f64 / 10f64.powi(point.unit().decimals().into());
        let resolution = 10f64.powi(-i32::from(decimals));
        // A single has 24 bits: at 100 000 kWh its steps are coarser than the last digit.
        let single = read.abs() / f64::from(1 << 23);
        assert!((read - exact).abs() < resolution + single, "{:04X}h: {read}, not {exact}", row.addr);
        if matches!(point, Point::Energy { .. }) {
            assert!(read.abs() <= exact.abs() + single, "{:04X}h: {read} was never counted", row.addr);
        }
    }
    // Display against values: the digits that are there.
    let mut pages = 0;
    for (id, page) in model.all_pages() {
        let Some((source, shown, decimals)) = number_on(meter, id, page) else { continue };
        let value = meter.twin.device().works().source(source);
        let exact = value as f64 / 10f64.powi(model.unit(source).decimals().into());
        // Power and current show their direction as a dot.
        let exact = match source {
            Source::Point(Point::Now { what: What::P | What::I, .. }) => exact.abs(),
            _ => exact,
        };
        // A negative total has one decimal less, and too little for that is no minus.
        let energy = matches!(source, Source::Point(Point::Energy { .. }));
        let decimals = if energy && exact < 0.0 { decimals.min(1) } else { decimals };
        let resolution = 10f64.powi(-i32::try_from(decimals).unwrap());
        assert!((shown - exact).abs() < resolution * 1.000_001, "{id:?}: {shown}, not {exact}");
        pages += 1;
    }
    // Where an input chooses the tariff, forward and reverse energies have pages of their own for each tariff.
    let of_tariffs = if model.tariff_input.is_some() { 8 } else { 0 };
    assert_eq!(pages, 14 + of_tariffs, "seven energies and seven readings");
}

fn play(entry: &'static Entry, start: u64, events: &[Event]) {
    let mut meter = Meter::new(entry);
    let metering = &entry.def.metering;
    let rollover = i128::from(metering.rollover_wh) * WATT_HOUR;
    let mut reference =
        Reference { counters: [[0; 4]; 2], trip: 0, rollover, code: 1, tariff: 1, stored: 1, rates: [0; 4] };
    let forward = Point::active(Flow::Forward, Tariff::All);
    assert!(meter.twin.device_mut().set_energy(forward, start));
    reference.counters[0][0] = i128::from(start) * WATT_HOUR;
    for event in events {
        match *event {
            Event::Load(voltage_mv, ma, pf_milli, lead, export) => {
                let mut supply = *meter.twin.supply();
                supply.phases[0] =
                    Circuit { voltage_mv, flow: Current::Current { ma }, pf_milli, lead, export };
                reference.load(&supply.phases[0], metering.starting_current_ma);
                let now = meter.now;
                meter.twin.set_supply(now, supply);
            }
            Event::Tariff(value) => {
                let change = [(SettingId::Tariff, i64::from(value))];
                meter.twin.device_mut().apply(Door::Bus, &change).unwrap();
                reference.tariff = value;
                if value < 10 {
                    reference.stored = value;
                }
            }
            Event::Combination(index) => {
                let (code, _) = metering.combinations[index];
                let change = [(SettingId::CombinationCode, i64::from(code))];
                meter.twin.device_mut().apply(Door::Bus, &change).unwrap();
                reference.code = code;
            }
            Event::Cut(ms) => {
                let supply = *meter.twin.supply();
                let now = meter.now;
                meter.twin.set_supply(now, Supply { mains: false, ..supply });
                meter.pass(Duration::from_millis(ms));
                let now = meter.now;
                meter.twin.set_supply(now, supply);
                // What was written holds until the supply goes, where an input chooses the tariff.
                reference.tariff =
                    entry.def.tariff_input.and_then(|input| input.off).unwrap_or(reference.stored);
            }
            Event::Pass(ms) => {
                meter.pass(Duration::from_millis(ms));
                reference.pass(ms * 1_000);
            }
            Event::ResetTrip if entry.def.modbus.is_some() => {
                assert_eq!(meter.write_many(0x6049, &[0, 0]), Ok(()));
                // The request and its answer took their time; only then was it zero.
                reference.pass(6 * 15_000);
                reference.trip =
                    meter.twin.device().works().counters().last().map_or(0, |counter| {
                        i128::from(counter.wh()) * WATT_HOUR + i128::from(counter.rest())
                    });
                let most = reference.rates[0] * 6 * 15_000;
                assert!(reference.trip <= most, "what was counted since");
            }
            Event::ResetTrip => {
                meter.twin.device_mut().command(CommandId::ResetTrip).unwrap();
                reference.trip = 0;
            }
        }
        check(&mut meter, &reference);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn display_registers_and_counters_agree(
        start in prop_oneof![Just(0), 0u64..1_000_000_000, 999_999_000u64..1_000_000_000],
        events in prop::collection::vec(event(), 1..30),
    ) {
        // The reference has one phase; three of them have theirs in `metering`.
        for entry in ALL.iter().filter(|entry| entry.def.metering.phases == 1) {
            play(entry, start, &events);
        }
    }
}
