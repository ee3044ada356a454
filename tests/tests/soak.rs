//! Ten years of every model: loads, keys, frames, tariffs, combination codes, ratios of current
//! transformers and power cuts by the die, a script each time. The energies are what the loads of the script add up to,
//! to the last mW·µs, in integers of 128 bits that know nothing of the metering.

mod common;

use common::{Meter, crc, families};
use device::Door;
use metering::{Load, PhaseReading};
use models::Entry;
use rig::Twin;
use schema::{
    Combination, CtDef, Kind, MeteringDef, ModelDef, Permission, PortId, SettingDef, SettingId, TripDef,
    TripOf,
};
use units::{CtRatio, Duration, EnergyKind, Flow, Phase, Point, StateOf, Tariff};

/// mW·µs in a Wh.
const WATT_HOUR: i128 = 3_600_000_000_000;
/// Ten years, in µs.
const TEN_YEARS: u64 = 3_653 * 86_400 * 1_000_000;

/// One thing that happens to a meter.
#[derive(Clone, Debug)]
enum Event {
    Load(Load),
    Pass(u64),
    /// Bytes on the bus.
    Frame(Vec<u8>),
    /// A key of the model is held for so many µs, then let go or left.
    Key(usize, u64, bool),
    /// A value of the tariff's setting.
    Tariff(i32),
    Code(i32, Combination),
    /// A ratio of the current transformers.
    Ratio(CtRatio),
    /// The supply is away for so many µs.
    Cut(u64),
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same script on every machine.
struct Die(u64);

impl Die {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    /// Up to `most` either way, small ones as likely as large ones.
    fn power(&mut self, most: u64) -> i64 {
        let scale = 10u64.pow(u32::try_from(self.below(5)).unwrap());
        let power = i64::try_from(self.below(most / scale)).unwrap();
        if self.below(3) == 0 { -power } else { power }
    }

    fn load(&mut self, starting_ma: u32) -> Load {
        let phases = [(); 3].map(|()| PhaseReading {
            voltage_mv: 230_000,
            // Now and then just below what the meter starts at, where nothing counts.
            current_ma: self.of(&[
                starting_ma,
                starting_ma + 1,
                5_000,
                45_000,
                starting_ma.saturating_sub(1),
            ]),
            active_mw: self.power(40_000_000),
            reactive_mvar: self.power(40_000_000),
        });
        Load { phases, lines_mv: None, frequency_mhz: 50_000 }
    }

    fn span(&mut self) -> u64 {
        const DAY: u64 = 86_400_000_000;
        match self.below(100) {
            0..70 => self.below(2_000_000),
            70..90 => self.below(3_600_000_000),
            90..99 => self.below(DAY),
            // Half a year at once.
            _ => self.below(180 * DAY),
        }
    }

    /// Noise, or a well-made request that leaves the tariff alone.
    fn frame(&mut self, model: &ModelDef) -> Vec<u8> {
        match (self.below(2), model.wired()) {
            (0, _) | (_, None | Some(PortId::Optical | PortId::Radio)) => {
                (0..self.below(40)).map(|_| self.roll().to_le_bytes()[0]).collect()
            }
            (_, Some(PortId::Mbus)) => self.mbus_frame(),
            (_, Some(PortId::Modbus)) => self.modbus_frame(model),
        }
    }

    /// A read-out, a link reset, another telegram, or a record with a value of any size; the tariff is not among them.
    fn mbus_frame(&mut self) -> Vec<u8> {
        let address = self.of(&[0, 0, 0, 1, 0xFD, 0xFE, 0xFF]);
        let data: Vec<u8> = (0..self.below(6)).map(|_| self.roll().to_le_bytes()[0] & 0x0F).collect();
        let record = |head: &[u8]| [head, &data].concat();
        let (ci, data) = match self.below(8) {
            0 => return short(0x40, address),
            1..4 => return short(self.of(&[0x5B, 0x7B, 0x5A]), address),
            4 => (self.of(&[0x50, 0xB1, 0xB4, 0xBD]), Vec::new()),
            5 => (0x51, record(&[0x0C, 0xFD, 0x3A])),
            6 => (0x51, record(&[0x0A, 0xFD, 0x60])),
            _ => (0x51, record(&[0x0C, 0x04])),
        };
        let body = [&[0x53, address, ci][..], &data].concat();
        let length = u8::try_from(body.len()).unwrap();
        let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        [&[0x68, length, length, 0x68][..], &body, &[sum, 0x16]].concat()
    }

    fn modbus_frame(&mut self, model: &ModelDef) -> Vec<u8> {
        let rows: Vec<u16> = model.all_registers().map(|row| row.addr).collect();
        // What the sums must know of is changed by the script alone.
        let of_phases = model.metering.phases > 1;
        let known = [SettingId::Tariff, SettingId::CtRatio, SettingId::CombinationCode];
        let known: Vec<u16> = (known.into_iter().take(if of_phases { 3 } else { 1 }))
            .filter_map(|id| model.register_of(id).map(|row| row.addr))
            .collect();
        let addr = match (self.below(4), rows.is_empty()) {
            (0, _) | (_, true) => {
                u16::from_le_bytes([self.roll().to_le_bytes()[0], self.roll().to_le_bytes()[0]])
            }
            _ => self.of(&rows),
        };
        let count = u16::try_from(1 + self.below(8)).unwrap();
        let touched = addr.saturating_sub(1)..=addr.saturating_add(count);
        let function =
            if known.iter().any(|at| touched.contains(at)) { 3 } else { self.of(&[3, 4, 6, 16, 16, 8, 43]) };
        let unit = self.of(&[0, 1, 1, 1, 2]);
        let mut frame = vec![unit, function];
        frame.extend(addr.to_be_bytes());
        match function {
            16 => {
                frame.extend(count.to_be_bytes());
                frame.push(u8::try_from(2 * count).unwrap());
                frame.extend((0..2 * count).map(|_| self.roll().to_le_bytes()[0] & 0x0F));
            }
            _ => frame.extend(count.to_be_bytes()),
        }
        frame.extend(crc(&frame));
        frame
    }
}

/// A frame of the M-Bus without data.
fn short(control: u8, address: u8) -> Vec<u8> {
    vec![0x10, control, address, control.wrapping_add(address), 0x16]
}

/// A script that lasts ten years.
fn script(model: &ModelDef, seed: u64) -> Vec<Event> {
    let (mut die, mut passed, mut script) = (Die(seed), 0, Vec::new());
    let tariffs = model.setting(SettingId::Tariff).map(|(_, setting)| setting);
    while passed < TEN_YEARS {
        // Few: the meter takes seven, and then no more.
        if model.metering.ct.is_some() && die.below(30) == 0 {
            let small = u16::try_from(die.below(20)).unwrap();
            let ratios = [(small + 1, 1), (9_999, 1), (5 * small + 5, 5), (9_995, 5), (5, 5)];
            let (primary, secondary) = die.of(&ratios);
            script.push(Event::Ratio(CtRatio::new(primary, secondary).unwrap()));
        }
        let event = match die.below(20) {
            0..5 => Event::Load(die.load(model.metering.starting_current_ma)),
            5..11 => Event::Pass(die.span()),
            11..14 => Event::Frame(die.frame(model)),
            14..17 if !model.keys.is_empty() => {
                let key = usize::try_from(die.below(model.keys.len() as u64)).unwrap();
                Event::Key(key, die.of(&[50_000, 100_000, 100_000, 3_100_000, 5_200_000]), die.below(10) > 0)
            }
            17 => match tariffs {
                Some(setting) => {
                    let all: Vec<i32> = (0..100).filter(|value| setting.accepts(*value)).collect();
                    Event::Tariff(die.of(&all))
                }
                None => continue,
            },
            18 => match model.metering.combinations {
                [] => continue,
                all => {
                    let (code, meaning) = die.of(all);
                    Event::Code(code, meaning)
                }
            },
            19 => Event::Cut(die.span()),
            _ => continue,
        };
        if let Event::Pass(us) = event {
            passed += us;
        }
        script.push(event);
    }
    script
}

/// What the loads add up to, in mW·µs: by tariff, active forward and reverse, reactive forward and reverse, of all phases
/// together.
#[derive(Default)]
struct Sums {
    /// On the primary side; the active ones since the ratio last changed.
    tariffs: [[i128; 4]; 4],
    /// At the terminals.
    terminals: [[i128; 4]; 4],
    /// What the changes of the ratio ended.
    ended: Vec<(CtRatio, [[i128; 4]; 4])>,
    /// The ratio of now.
    ratio: Option<CtRatio>,
    rates: [i128; 4],
    /// The tariff that counts, from 0.
    tariff: usize,
    /// The one that comes back after a cut.
    stored: usize,
    /// Energy at the terminals, of either direction, when the supply last came.
    at_start: i128,
}

impl Sums {
    fn load(&mut self, load: &Load, model: &ModelDef) {
        self.rates = [0; 4];
        for phase in load.phases.iter().take(model.metering.phases.into()) {
            if phase.current_ma < model.metering.starting_current_ma {
                continue;
            }
            let (p, q) = (i128::from(phase.active_mw), i128::from(phase.reactive_mvar));
            for (rate, power) in self.rates.iter_mut().zip([p, -p, q, -q]) {
                *rate += power.max(0);
            }
        }
    }

    fn pass(&mut self, us: u64) {
        let factor = i128::from(self.ratio.unwrap_or(CtRatio::UNITY).factor());
        let both = self.tariffs[self.tariff].iter_mut().zip(&mut self.terminals[self.tariff]);
        for ((sum, terminal), rate) in both.zip(self.rates) {
            *sum += rate * i128::from(us) * factor;
            *terminal += rate * i128::from(us);
        }
    }

    /// True where the meter is to take the ratio.
    fn change(&mut self, ratio: CtRatio, changes: u8) -> bool {
        let now = self.ratio.unwrap_or(CtRatio::UNITY);
        if ratio == now {
            return true;
        }
        if self.ended.len() == usize::from(changes) {
            return false;
        }
        self.ended.push((now, self.tariffs));
        for [forward, reverse, ..] in &mut self.tariffs {
            (*forward, *reverse) = (0, 0);
        }
        self.ratio = Some(ratio);
        true
    }

    fn active(&self) -> i128 {
        self.terminals.iter().map(|[forward, reverse, ..]| forward + reverse).sum()
    }
}

/// Compares every energy and every counter with the sums.
fn check(meter: &mut Meter, sums: &Sums, code: Combination, step: usize) {
    meter.twin.device_mut().take_reading();
    let metering = &meter.twin.entry().def.metering;
    let rollover = i128::from(metering.rollover_wh) * WATT_HOUR;
    let (phases, tariffs) = (usize::from(metering.phases), usize::from(metering.tariffs));
    let device = meter.twin.device();
    // To the last mW·µs.
    for (tariff, sum) in sums.tariffs.iter().enumerate().take(tariffs) {
        for (slot, sum) in sum.iter().enumerate() {
            // Reactive energy may stand in quadrants: two of them make forward, and two reverse.
            let each = if metering.quadrants && slot >= 2 { 2 } else { 1 };
            let first = if slot < 2 { slot } else { 2 + (slot - 2) * each };
            let counters = (0..phases).flat_map(|phase| {
                let row = (phase * tariffs + tariff) * metering.slots() + first;
                &device.works().counters()[row..row + each]
            });
            let counted: i128 =
                counters.map(|it| i128::from(it.wh()) * WATT_HOUR + i128::from(it.rest())).sum();
            assert_eq!(
                counted % rollover,
                sum % rollover,
                "event {step}, tariff {}, slot {slot}",
                tariff + 1
            );
        }
    }
    // To the Wh, as everybody reads them.
    let mut compared = 0;
    for kind in [EnergyKind::Active, EnergyKind::Reactive] {
        for tariff in
            [Tariff::All, Tariff::T1, Tariff::T2, Tariff::T3, Tariff::T4].into_iter().take(tariffs + 1)
        {
            let of = |reverse: usize| {
                let slot = if kind == EnergyKind::Active { 0 } else { 2 } + reverse;
                match tariff as usize {
                    0 => sums.tariffs.iter().map(|sum| sum[slot] % rollover).sum::<i128>() % rollover,
                    number => sums.tariffs[number - 1][slot] % rollover,
                }
            };
            let (forward, reverse) = (of(0), of(1));
            let total = match code {
                Combination::Forward => forward,
                Combination::Reverse => reverse,
                Combination::Sum => (forward + reverse) % rollover,
                Combination::ReverseLessForward => reverse - forward,
                Combination::ForwardLessReverse | Combination::Netted | Combination::NettedPulses => {
                    forward - reverse
                }
            };
            for (flow, exact) in [(Flow::Forward, forward), (Flow::Reverse, reverse), (Flow::Total, total)] {
                let point = Point::Energy { kind, flow, phase: Phase::All, tariff };
                let read = device.value(point).map(i128::from);
                assert_eq!(read, Some(exact / WATT_HOUR), "event {step}: {point} under {code:?}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 2 * 3 * (tariffs + 1));
    // What each change of the ratio ended; the first goes on, at the terminals.
    for (slot, (ratio, ended)) in (1u8..).zip(&sums.ended) {
        let ended = if slot == 1 { &sums.terminals } else { ended };
        assert_eq!(device.value(Point::HistoryRatio(slot)), Some(i64::from(ratio.value())), "event {step}");
        for (tariff, sum) in [Tariff::T1, Tariff::T2, Tariff::T3, Tariff::T4].into_iter().zip(ended) {
            for (flow, sum) in
                [Flow::Forward, Flow::Reverse].into_iter().zip(sum).take_while(|_| tariff as usize <= tariffs)
            {
                let point = Point::History { slot, flow, tariff };
                let read = device.value(point).map(i128::from);
                assert_eq!(read, Some(sum % rollover / WATT_HOUR), "event {step}: {point}");
            }
        }
    }
    if metering.ct.is_some() {
        let changes = i64::try_from(sums.ended.len()).unwrap();
        assert_eq!(device.value(Point::State(StateOf::CtChanges)), Some(changes), "event {step}");
    }
    // Lamp and counters never part, whatever was cut in between; where phases may flow against each other the lamp
    // shows something else.
    if phases == 1 {
        let each = 1_000 * WATT_HOUR / i128::from(metering.led_imp_per_kwh);
        let flashes = sums.active() / each - sums.at_start / each;
        assert_eq!(i128::from(device.led().flashes), flashes, "event {step}");
    }
}

/// Returns how many frames the meter answered.
fn live(entry: &'static Entry, seed: u64) -> usize {
    let model = entry.def;
    let script = script(model, seed);
    let mut meter = Meter::new(entry);
    let setting = model.setting(SettingId::Tariff).map(|(_, setting)| setting);
    let place =
        |value: i32| setting.map_or(0, |setting| usize::try_from(setting.acts_as(value) - 1).unwrap());
    let tariff = setting.map_or(0, |setting| place(setting.default));
    let mut sums = Sums { tariff, stored: tariff, ..Sums::default() };
    let several = model.metering.phases > 1;
    if several && model.setting(SettingId::Password).is_some() {
        // Keys pressed by chance do not find a code or a ratio behind it.
        meter.twin.device_mut().apply(Door::Factory, &[(SettingId::Password, 7_391)]).unwrap();
    }
    let mut load = *meter.twin.device().load();
    let (mut now_code, mut checked, mut answered) = (None, 0, 0);
    for (step, event) in script.iter().enumerate() {
        match event {
            Event::Load(next) => {
                load = *next;
                meter.twin.device_mut().set_load(load);
                sums.load(&load, model);
            }
            Event::Pass(us) => {
                meter.pass(Duration::from_micros(*us));
                sums.pass(*us);
            }
            Event::Frame(bytes) => {
                let before = meter.now;
                answered += usize::from(!meter.send(bytes).is_empty());
                sums.pass(meter.now.since(before).as_micros());
            }
            Event::Key(key, us, let_go) => {
                let key = model.keys[*key].id;
                let now = meter.now;
                meter.twin.device_mut().key_down(now, key);
                meter.pass(Duration::from_micros(*us));
                let now = meter.now;
                if *let_go {
                    meter.twin.device_mut().key_up(now, key);
                } else {
                    meter.twin.device_mut().key_cancel(now, key);
                }
                sums.pass(*us);
            }
            Event::Tariff(value) => {
                let change = [(SettingId::Tariff, i64::from(*value))];
                meter.twin.device_mut().apply(Door::Factory, &change).unwrap();
                sums.tariff = place(*value);
                // A choice that is forgotten without supply acts as another value.
                if setting.is_some_and(|setting| setting.acts_as(*value) == *value) {
                    sums.stored = sums.tariff;
                }
            }
            // What netting makes of phases that flow against each other is a matter of its own.
            Event::Code(_, Combination::Netted) if several => {}
            Event::Code(code, meaning) => {
                let change = [(SettingId::CombinationCode, i64::from(*code))];
                meter.twin.device_mut().apply(Door::Factory, &change).unwrap();
                // Keys and frames may choose another code: totals are compared where the script has just said which.
                now_code = Some(*meaning);
            }
            Event::Ratio(ratio) => {
                let changes = model.metering.ct.map_or(0, |ct| ct.changes);
                let change = [(SettingId::CtRatio, i64::from(ratio.value()))];
                let taken = meter.twin.device_mut().apply(Door::Bus, &change).is_ok();
                assert_eq!(taken, sums.change(*ratio, changes), "event {step}: {ratio}");
            }
            Event::Cut(us) => {
                let now = meter.now;
                meter.twin.device_mut().power(now, false);
                meter.pass(Duration::from_micros(*us));
                let now = meter.now;
                if step % 2 == 0 {
                    meter.twin.device_mut().power(now, true);
                } else {
                    // Nothing but the non-volatile memory outlives this one.
                    let image = meter.twin.image().clone();
                    meter.twin = Twin::new(entry, Some(image), now);
                    meter.twin.device_mut().set_load(load);
                }
                // What was written holds until the supply goes, where an input chooses the tariff.
                sums.tariff = model.tariff_input.and_then(|input| input.off).map_or(sums.stored, place);
                sums.at_start = sums.active();
            }
        }
        if let Some(code) = now_code.take() {
            check(&mut meter, &sums, code, step);
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
    // No counter stood still.
    assert_eq!(sums.ended.len(), model.metering.ct.map_or(0, |ct| usize::from(ct.changes)));
    for sums in sums.terminals.iter().take(model.metering.tariffs.into()) {
        assert!(setting.is_none() || sums.iter().all(|sum| *sum > 0), "{sums:?}");
    }
    assert!(sums.active() > 100_000 * 1_000 * WATT_HOUR);
    answered
}

#[test]
fn ten_years_lose_and_invent_nothing() {
    for entry in families() {
        let answered: usize = (1..=8).map(|seed| live(entry, seed)).sum();
        assert!(answered > 100 || entry.def.wired().is_none(), "{}: {answered}", entry.def.slug);
    }
}

/// A meter of three phases behind current transformers, with the panel and the bus of one that is small.
static TRANSFORMED: ModelDef = ModelDef {
    slug: "transformed",
    metering: MeteringDef {
        phases: 3,
        quadrants: true,
        trip: TripDef { follows: TripOf::Total, per_phase: true },
        ct: Some(CtDef { setting: SettingId::CtRatio, changes: 7 }),
        ..models::PRO1_MOD.metering
    },
    settings: &[
        models::PRO1_MOD.settings[0],
        models::PRO1_MOD.settings[1],
        models::PRO1_MOD.settings[2],
        &[SettingDef {
            id: SettingId::CtRatio,
            kind: Kind::Ratio,
            default: CtRatio::UNITY.value(),
            permission: Permission::Everyone,
            ..models::PRO1_MOD.settings[0][0]
        }],
    ],
    ..models::PRO1_MOD
};

#[test]
fn ten_years_over_changes_of_the_ratio_lose_and_invent_nothing() {
    static ENTRY: Entry = Entry { def: &TRANSFORMED, notes: models::ALL[0].notes };
    assert_eq!(schema::first_fault(&TRANSFORMED), None);
    let answered: usize = (1..=8).map(|seed| live(&ENTRY, seed)).sum();
    assert!(answered > 100, "{answered}");
}
