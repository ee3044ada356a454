//! What a meter counted, asked at every door that it has: its display, its registers in each of their forms, its telegram,
//! the counter at its pulse outputs. Over random histories all of them say the same, each as finely as it can.
//!
//! Every door is a real one: requests go over the simulated wire at the meter's own speed, telegrams are decoded record by
//! record, the display is walked through by its keys and read as it stands there, and pulses are counted at the
//! terminals. While somebody asks, the loads are off, so that nothing is counted between two answers.

mod common;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use commission::mbus::{MbusLine, MbusMemory, MbusTiming};
use commission::{
    Bus as _, Line, LineMemory, SimulatedPort, Timing, Transport, factory_place, mbus, read_out,
};
use common::{glass, matrix};
use device::Door;
use modbus::Request;
use models::Entry;
use panel::matrix::MatrixView;
use proptest::prelude::*;
use rig::{Bench, Circuit, Connection, Flow as Current, Output, Supply, Twin, block_on};
use schema::{
    Codec, Combination, CommandId, KeyId, Kind, MatrixDef, PortId, RegisterDef, SettingDef, SettingId, Source,
};
use units::{CtRatio, Duration, Flow, Instant, Phase, Point, Tariff};

/// Longer than any output needs for the pulses that wait.
const DRAIN: Duration = Duration::from_secs(1_000_000_000);

/// What happens to a meter. What a model does not have does not happen to it.
#[derive(Clone, Debug)]
enum Event {
    /// Other loads: of each phase mV, mA, thousandths of power factor, leading, to the network.
    Load([(u32, u32, u16, bool, bool); 3], usize),
    /// A setting gets one of its values, by its number.
    Set(SettingId, usize),
    /// Voltage at the tariff input comes or goes.
    Input(bool),
    /// The mains is off for so many ms.
    Cut(u64),
    /// The resettable counters are set to zero.
    ResetTrip,
    /// So many ms go by under the loads, then everything is compared.
    Pass(u64),
}

/// Settings that say what is counted, where it is counted, and what is shown of it.
const SETTINGS: [SettingId; 6] = [
    SettingId::Tariff,
    SettingId::CombinationCode,
    SettingId::CtRatio,
    SettingId::S0Rate,
    SettingId::PulseType,
    SettingId::PulseWidth,
];

fn event() -> impl Strategy<Value = Event> {
    let current = prop_oneof![0u32..25, Just(20), 20u32..6_000];
    let phase = (190_000u32..260_000, current, 0u16..=1_000, any::<bool>(), any::<bool>());
    let loads = (prop::array::uniform3(phase), 0..Connection::ALL.len());
    prop_oneof![
        3 => loads.prop_map(|(phases, wiring)| Event::Load(phases, wiring)),
        4 => (prop::sample::select(SETTINGS.to_vec()), any::<usize>()).prop_map(|(id, n)| Event::Set(id, n)),
        1 => any::<bool>().prop_map(Event::Input),
        1 => (1u64..100_000_000).prop_map(Event::Cut),
        1 => Just(Event::ResetTrip),
        4 => prop_oneof![1u64..3_000, 1u64..20_000_000].prop_map(Event::Pass),
    ]
}

/// A value of a setting by its number; none where it has to come from elsewhere.
fn value(setting: &SettingDef, n: usize) -> Option<i64> {
    match setting.kind {
        Kind::OneOf(choices) => choices.get(n % choices.len()).map(|choice| choice.value.into()),
        Kind::Int { min, max } => {
            let all = usize::try_from(max - min).unwrap() + 1;
            Some(i64::from(min) + i64::try_from(n % all).unwrap())
        }
        // Small ratios and large ones, so that a counter neither stands still nor goes round in one step.
        Kind::Ratio => [(5, 5), (100, 5), (3, 1), (2_500, 5), (500, 1)]
            .map(|(primary, secondary)| CtRatio::new(primary, secondary).unwrap().value().into())
            .get(n % 5)
            .copied(),
        Kind::Digits(_) => None,
    }
}

/// What a door says of an energy: that the exact one lies between two numbers of Wh, both included.
struct Said {
    door: &'static str,
    text: String,
    low: i64,
    high: i64,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} say {}, so {} to {} Wh", self.door, self.text, self.low, self.high)
    }
}

impl Said {
    /// A number of kWh with decimals, behind which was cut off.
    #[track_caller]
    fn decimal(door: &'static str, text: &str) -> Self {
        let decimals = text.split_once('.').map_or(0, |(_, behind)| behind.len());
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let number: i64 = digits.parse().unwrap_or_else(|_| panic!("{door}: {text:?} is no number"));
        let step = 10i64.pow(3u32.checked_sub(u32::try_from(decimals).unwrap()).expect("Wh at the finest"));
        let (near, far) = (number * step, number * step + step - 1);
        let (low, high) = match (number, text.starts_with('-')) {
            (0, _) => (-far, far),
            (_, false) => (near, far),
            (_, true) => (-far, -near),
        };
        Self { door, text: text.to_owned(), low, high }
    }

    /// Eight digits have no place left for the minus and what stands behind it.
    fn no_room(door: &'static str) -> Self {
        Self { door, text: "nothing".to_owned(), low: i64::MIN, high: -100_000_000 }
    }

    /// A whole number of Wh.
    fn whole(door: &'static str, wh: i64) -> Self {
        Self { door, text: wh.to_string(), low: wh, high: wh }
    }

    /// The float nearest to a number of kWh that was cut off behind some decimals.
    fn float(door: &'static str, bits: u32, decimals: u8) -> Self {
        let kwh = f64::from(f32::from_bits(bits));
        // Half a step of a single with its 24 bits, and what was cut off.
        let power = kwh.abs().log2().floor().max(-126.0);
        let half = 2f64.powf(power - 24.0) * 1_000.0;
        let cut = 1_000.0 / 10f64.powi(decimals.into());
        let (near, far) = ((kwh.abs() * 1_000.0 - half).max(0.0), kwh.abs() * 1_000.0 + half + cut);
        // Exact values are whole Wh.
        let (near, far) = (near.ceil() as i64, far.ceil() as i64 - 1);
        let (low, high) = match kwh {
            0.0 => (-far, far),
            _ if kwh > 0.0 => (near, far),
            _ => (-far, -near),
        };
        Self { door, text: kwh.to_string(), low, high }
    }
}

/// What all doors say, by the key of the energy.
type Told = BTreeMap<String, Vec<Said>>;

fn tell(told: &mut Told, point: Point, said: Said) {
    told.entry(point.to_string()).or_default().push(said);
}

/// An energy of a source.
fn energy(source: Source) -> Option<Point> {
    match source {
        Source::Point(point @ Point::Energy { .. }) => Some(point),
        _ => None,
    }
}

/// A meter on the rail of a bench, with masters at both wires and a counter at its pulse outputs.
struct Stage {
    entry: &'static Entry,
    bench: Rc<RefCell<Bench>>,
    loads: Supply,
    /// Where the pulses that are counted now began, with what each output shows.
    runs: Vec<Run>,
    /// How many energies two doors or more were asked for.
    compared: usize,
}

/// Pulses of an output under settings that did not change.
struct Run {
    output: Output,
    /// The energies that it shows, and how often each of them has gone round since.
    shows: Vec<(Point, i64)>,
    /// What was said of them in the end, Wh.
    last: Vec<(i64, i64)>,
    /// In hundredths of a pulse for each kWh.
    rate: i64,
    begun: (i64, i64),
    pulses: u64,
    /// Where the phases are netted for the pulses: no counter shows that, so it is added up from pass to pass.
    netted: Option<Netted>,
}

/// What an output with netted phases has to show.
#[derive(Clone, Copy, Default)]
struct Netted {
    forward: bool,
    reverse: bool,
    /// What is left of both flows, Wh.
    least: i64,
    most: i64,
    /// A pulse may be in hand at the end of each.
    passes: i64,
}

impl Stage {
    fn new(entry: &'static Entry, start: u64) -> Self {
        let mut bench = Bench::new(Instant::ZERO);
        let mut twin = Twin::new(entry, None, Instant::ZERO);
        let forward = Point::active(Flow::Forward, Tariff::T1);
        assert!(twin.device_mut().set_energy(forward, start));
        twin.set_s0_supply(Some(24_000));
        bench.add(twin);
        bench.set_master_line(PortId::Modbus, factory_place(entry).line);
        bench.set_master_line(PortId::Mbus, mbus::factory_place(entry).line);
        let loads = Supply::of(entry.def);
        let bench = Rc::new(RefCell::new(bench));
        let mut stage = Self { entry, bench, loads, runs: Vec::new(), compared: 0 };
        stage.settle();
        stage
    }

    fn pass(&self, span: Duration) {
        let mut bench = self.bench.borrow_mut();
        let until = bench.now() + span;
        bench.run_until(until);
    }

    fn twin<T>(&self, of: impl FnOnce(&mut Twin) -> T) -> T {
        of(self.bench.borrow_mut().twin_mut(0).unwrap())
    }

    fn supply(&self, supply: Supply) {
        self.bench.borrow_mut().set_supply(0, supply);
    }

    /// The mains with the loads off.
    fn still(&self) -> Supply {
        let phases = self.loads.phases.map(|circuit| Circuit { flow: Current::Off, ..circuit });
        Supply { phases, ..self.loads }
    }

    /// All loads off, no pulse waiting, and a reading taken.
    fn settle(&mut self) {
        self.supply(self.still());
        self.pass(DRAIN);
        self.twin(|twin| twin.device_mut().take_reading());
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Load(phases, wiring) => {
                let count = usize::from(self.entry.def.metering.phases);
                for (circuit, (voltage_mv, ma, pf_milli, lead, export)) in
                    self.loads.phases.iter_mut().zip(phases).take(count)
                {
                    *circuit = Circuit { voltage_mv, flow: Current::Current { ma }, pf_milli, lead, export };
                }
                if count > 1 {
                    self.loads.connection = Connection::ALL[wiring];
                }
                self.supply(self.still());
            }
            Event::Set(id, n) => {
                let Some((_, setting)) = self.entry.def.setting(id) else { return };
                let Some(value) = value(setting, n) else { return };
                // What a meter no longer takes, such as the eighth ratio, changes nothing.
                let _ = self.twin(|twin| twin.device_mut().apply(Door::Bus, &[(id, value)]));
                self.twin(|twin| twin.device_mut().take_reading());
                self.runs.clear();
            }
            Event::Input(on) if self.entry.def.tariff_input.is_some() => {
                self.loads.tariff_input = on;
                self.supply(self.still());
            }
            Event::Input(_) => {}
            Event::Cut(ms) => {
                self.supply(Supply { mains: false, ..self.still() });
                self.pass(Duration::from_millis(ms));
                self.settle();
            }
            Event::ResetTrip => {
                self.twin(|twin| twin.device_mut().command(CommandId::ResetTrip)).unwrap();
                self.settle();
            }
            Event::Pass(ms) => {
                if self.runs.is_empty() {
                    let told = self.doors();
                    self.begin(&told);
                }
                self.supply(self.loads);
                self.pass(Duration::from_millis(ms));
                self.settle();
                let told = self.doors();
                self.count(&told);
            }
        }
    }

    /// What every door says now; those of one energy have to agree.
    fn doors(&mut self) -> Told {
        let mut told = Told::new();
        self.registers(&mut told);
        self.telegram(&mut told);
        match self.entry.def.matrix {
            Some(def) => self.matrix(def, &mut told),
            None => self.glass(&mut told),
        }
        for (key, said) in &told {
            let low = said.iter().map(|said| said.low).max().unwrap();
            let high = said.iter().map(|said| said.high).min().unwrap();
            let all = || said.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            assert!(low <= high, "{} {key}: {}", self.entry.def.slug, all());
            self.compared += usize::from(said.len() > 1);
        }
        told
    }

    /// The registers, in each form that they have.
    fn registers(&self, told: &mut Told) {
        if self.entry.def.modbus.is_none() {
            return;
        }
        let place = factory_place(self.entry);
        let mut memory = LineMemory::default();
        let port = SimulatedPort::new(self.bench.clone(), PortId::Modbus);
        let mut line = Line::new(port, &mut memory, Transport::Rtu, place, Timing::default(), ());
        let form = self.entry.def.register_of(SettingId::DataType);
        let forms: Vec<(Option<i32>, &'static str)> = match form {
            Some(_) => {
                vec![(Some(2), "the registers in whole numbers"), (Some(1), "the registers in floats")]
            }
            None => vec![(None, "the registers")],
        };
        for (data_type, door) in forms {
            if let (Some(row), Some(value)) = (form, data_type) {
                let value = u16::try_from(value).unwrap();
                // Whoever has read once knows that this line does not echo, and takes the answer of a write for one.
                let read = Request::ReadHolding { address: row.addr, count: 1 };
                let write = Request::WriteSingle { address: row.addr, value };
                for request in [read, write] {
                    block_on(&self.bench, line.exchange(&request, 1)).expect("an end").expect("an answer");
                }
            }
            let read = block_on(&self.bench, read_out(&mut line, self.entry, &mut |_| {}));
            for row in read.expect("an end").expect("a read-out").rows {
                let def: &RegisterDef = row.row.def;
                let Some(point) = energy(def.source) else { continue };
                let [high, low] = row.words[..] else { panic!("{}: {:?}", row.key, row.value) };
                let raw = u32::from(high) << 16 | u32::from(low);
                let said = match def.codec.in_form(data_type) {
                    Codec::U32 => Said::whole(door, raw.into()),
                    Codec::I32 => Said::whole(door, raw.cast_signed().into()),
                    Codec::F32 { decimals } | Codec::Counter { decimals } | Codec::Total { decimals } => {
                        Said::float(door, raw, decimals)
                    }
                    other => panic!("an energy as {other:?}"),
                };
                tell(told, point, said);
            }
        }
    }

    /// The telegrams, record by record.
    fn telegram(&self, told: &mut Told) {
        if self.entry.def.mbus.is_none() {
            return;
        }
        let place = mbus::factory_place(self.entry);
        let mut memory = MbusMemory::default();
        let port = SimulatedPort::new(self.bench.clone(), PortId::Mbus);
        let mut line = MbusLine::new(port, &mut memory, place.line, MbusTiming::default(), ());
        let read = block_on(&self.bench, line.read_out(place.address, &mut |_| {}));
        for row in read.expect("an end").expect("a telegram").rows {
            if let Ok(point @ Point::Energy { .. }) = row.key.parse::<Point>() {
                let door = "the telegrams";
                let none = row.value.is_empty();
                tell(told, point, if none { Said::no_room(door) } else { Said::decimal(door, &row.value) });
            }
        }
    }

    /// A glass of digits, page by page.
    fn glass(&self, told: &mut Told) {
        let bench = self.bench.borrow();
        let twin = bench.twin(0).unwrap();
        for (id, page) in self.entry.def.all_pages() {
            let Some((source, text)) = glass::number_on(twin, id, page) else { continue };
            let Some(point) = energy(source) else { continue };
            let said = match text.as_str() {
                "------" => Said::no_room("the pages"),
                // A negative total has one decimal less, and too little for that is no minus.
                text if text.parse() == Ok(0.0) => Said { low: -99, ..Said::decimal("the pages", text) },
                text => Said::decimal("the pages", text),
            };
            tell(told, point, said);
        }
    }

    /// A dot matrix, by its keys.
    fn matrix(&mut self, def: &'static MatrixDef, told: &mut Told) {
        for (source, text) in matrix::shown(self, def) {
            if let Some(point) = energy(source) {
                tell(told, point, Said::decimal("the pages", &text));
            }
        }
    }

    /// Pulses are counted from here on.
    fn begin(&mut self, told: &Told) {
        let metering = &self.entry.def.metering;
        let setting = |id| self.twin(|twin| twin.device().setting(id));
        let code = setting(SettingId::CombinationCode);
        let combination = metering.combinations.iter().find(|(own, _)| Some(*own) == code);
        let (forward, reverse) = match combination.expect("a combination code").1 {
            Combination::Forward => (true, false),
            Combination::Reverse => (false, true),
            _ => (true, true),
        };
        let rate = setting(SettingId::S0Rate).expect("a rate of pulses").into();
        let pulse_type = setting(SettingId::PulseType);
        let outputs = metering.pulse_outputs.iter().zip([Output::S0, Output::SecondS0]);
        self.runs = outputs
            .map(|(def, output)| {
                let shown = def.shown(pulse_type).expect("an output that shows something");
                let netted =
                    (combination.expect("a combination code").1 == Combination::NettedPulses).then_some(
                        Netted { forward: shown.forward, reverse: shown.reverse, ..Netted::default() },
                    );
                let both = netted.is_some();
                let flows = [
                    (both || forward && shown.forward, Flow::Forward),
                    (both || reverse && shown.reverse, Flow::Reverse),
                ];
                let shows: Vec<_> = flows
                    .into_iter()
                    .filter(|(counts, _)| *counts)
                    .map(|(_, flow)| {
                        let (phase, tariff) = (Phase::All, Tariff::All);
                        (Point::Energy { kind: shown.kind, flow, phase, tariff }, 0)
                    })
                    .collect();
                let last: Vec<_> = shows.iter().map(|(point, _)| between(told, *point)).collect();
                let begun = last.iter().fold((0, 0), |sum, said| (sum.0 + said.0, sum.1 + said.1));
                let pulses = self.twin(|twin| twin.outputs().pulses(output));
                Run { output, shows, last, rate, begun, pulses, netted }
            })
            .collect();
    }

    /// The pulses that came since are those of the energy that was counted since.
    fn count(&mut self, told: &Told) {
        let rollover = i64::try_from(self.entry.def.metering.rollover_wh).unwrap();
        let slug = self.entry.def.slug;
        for run in &mut self.runs {
            let mut now = (0, 0);
            let mut flowed = Vec::new();
            for ((point, turns), last) in run.shows.iter_mut().zip(&mut run.last) {
                let said = between(told, *point);
                // No stretch of a history counts half of what a counter holds.
                let turned = i64::from(said.1 + rollover / 2 < last.0);
                *turns += turned;
                flowed.push((said.0 + turned * rollover - last.1, said.1 + turned * rollover - last.0));
                *last = said;
                now = (now.0 + said.0 + *turns * rollover, now.1 + said.1 + *turns * rollover);
            }
            let pulses =
                i128::from(self.bench.borrow().twin(0).unwrap().outputs().pulses(run.output) - run.pulses);
            if let (Some(netted), [forward, reverse]) = (&mut run.netted, flowed.as_slice()) {
                // The load is the same for all of a pass, and so is the side that is left of it.
                let left = (forward.0 - reverse.1, forward.1 - reverse.0);
                let side = |shown: bool, left: (i64, i64)| {
                    if shown { (left.0.max(0), left.1.max(0)) } else { (0, 0) }
                };
                let (onward, back) = (side(netted.forward, left), side(netted.reverse, (-left.1, -left.0)));
                netted.least += onward.0 + back.0;
                netted.most += onward.1 + back.1;
                netted.passes += 1;
                let Netted { least, most, passes, .. } = *netted;
                let spare = i128::from(passes) * 100_000 + i128::from(2 * passes) * i128::from(run.rate);
                let wh = pulses * 100_000;
                assert!(
                    wh + spare > i128::from(least) * i128::from(run.rate)
                        && wh - spare < i128::from(most) * i128::from(run.rate),
                    "{slug} {:?}: {pulses} pulses at {}/100 imp/kWh for {least} to {most} Wh that are left in {passes} passes",
                    run.output,
                    run.rate,
                );
                continue;
            }
            // Fractions of a Wh are behind both numbers, and one pulse may be in hand at either end.
            let flows = i64::try_from(run.shows.len()).unwrap();
            let least = i128::from(now.0 - run.begun.1 - flows) * i128::from(run.rate);
            let most = i128::from(now.1 - run.begun.0 + flows) * i128::from(run.rate);
            let pulses_wh = |pulses: i128| pulses * 100_000;
            assert!(
                pulses_wh(pulses + 1) > least && pulses_wh(pulses - 1) < most,
                "{slug} {:?}: {pulses} pulses at {}/100 imp/kWh for {:?} to {now:?} Wh of {:?}",
                run.output,
                run.rate,
                run.begun,
                run.shows,
            );
        }
    }
}

impl matrix::Hand for Stage {
    fn view(&self) -> MatrixView {
        let bench = self.bench.borrow();
        bench.twin(0).unwrap().device().matrix_view(bench.now()).unwrap()
    }

    fn key(&mut self, key: KeyId, down: bool) {
        let now = self.bench.borrow().now();
        self.twin(|twin| {
            let device = twin.device_mut();
            if down { device.key_down(now, key) } else { device.key_up(now, key) }
        });
    }

    fn pass(&mut self, span: Duration) {
        Self::pass(self, span);
    }
}

/// Between which numbers of Wh all doors together say that an energy is.
#[track_caller]
fn between(told: &Told, point: Point) -> (i64, i64) {
    let said = told.get(&point.to_string()).unwrap_or_else(|| panic!("no door says {point}"));
    let low = said.iter().map(|said| said.low).max().unwrap();
    let high = said.iter().map(|said| said.high).min().unwrap();
    // A counter is not negative, whatever a zero stands for.
    (low.max(0), high)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_door_says_what_was_counted(
        start in prop_oneof![Just(0), 0u64..1_000_000_000, 524_000_000u64..525_000_000, 999_999_000u64..1_000_000_000],
        events in prop::collection::vec(event(), 1..16),
    ) {
        for entry in models::ALL {
            let mut stage = Stage::new(entry, start);
            for event in events.iter().chain([&Event::Pass(3_600_000)]) {
                stage.happen(event);
            }
            let doors = usize::from(entry.def.modbus.is_some()) + usize::from(entry.def.mbus.is_some());
            prop_assert!(stage.compared >= 5 * doors, "{}: {} energies", entry.def.slug, stage.compared);
            prop_assert_eq!(stage.runs.len(), entry.def.metering.pulse_outputs.len());
        }
    }
}
