//! What is connected to a meter's outputs: eyes on its lamp, and a circuit at the terminals of its pulse output.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};

use metering::{PulseOutput, PulseSource};
use schema::{ModelDef, PulseOutputDef, SettingId};
use units::Duration;
use units::decimal::Decimal;

/// An output of the meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The test LED.
    Led,
    /// The pulse output (S0), the first where there are two, as a counter at its terminals sees it.
    S0,
    /// The second pulse output.
    SecondS0,
    /// The lamp for reactive energy, where there is one.
    ReactiveLed,
}

/// Why no pulses come at the terminals of the pulse output, whatever the meter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S0Fault {
    /// The meter has no such output.
    Missing,
    /// Nobody supplies it.
    NoSupply,
    /// The supply is below what it needs.
    TooLow,
    /// The supply is above what it stands. What that does to a real one for good is not simulated.
    TooHigh,
}

/// A change of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When, in metered time since the twin was made.
    pub at: Duration,
    /// True where the lamp lights or current begins to flow at the terminals.
    pub on: bool,
}

/// One output and what was seen of it.
#[derive(Debug, Default)]
struct Trace {
    output: PulseOutput,
    level: bool,
    changes: VecDeque<Change>,
    /// Pulses that the meter began, and those that waited when its supply went.
    begun: u64,
    /// Those that were seen from outside.
    pulses: u64,
}

impl Trace {
    /// Puts down what changed otherwise than by a pulse: the supply of one side or the other.
    fn settle(&mut self, at: Duration, level: bool, seen: bool) -> bool {
        let changed = self.level != level;
        if changed && seen {
            self.changes.push_back(Change { at, on: level });
        }
        self.level = level;
        changed && level
    }
}

/// The outputs of one meter, in metered time, and what is connected to them.
///
/// A factory-new twin has nothing at its pulse output, as a meter out of its box: it counts, and no pulse is seen.
#[derive(Debug)]
pub struct Outputs {
    defs: &'static [PulseOutputDef],
    supply_mv: Option<u32>,
    led: Trace,
    s0: [Trace; 2],
    reactive: Trace,
    now: Duration,
    window: Duration,
}

impl Outputs {
    pub(crate) fn new(defs: &'static [PulseOutputDef]) -> Self {
        Self {
            defs,
            supply_mv: None,
            led: Trace::default(),
            s0: [Trace::default(), Trace::default()],
            reactive: Trace::default(),
            now: Duration::ZERO,
            window: Duration::ZERO,
        }
    }

    const fn trace(&self, output: Output) -> &Trace {
        match output {
            Output::Led => &self.led,
            Output::S0 => {
                let [first, _] = &self.s0;
                first
            }
            Output::SecondS0 => {
                let [_, second] = &self.s0;
                second
            }
            Output::ReactiveLed => &self.reactive,
        }
    }

    /// All of them, in the order in which a device tells what they show; true for the terminals, which somebody has to
    /// supply.
    fn all(&mut self) -> impl Iterator<Item = (&mut Trace, bool)> {
        let [first, second] = &mut self.s0;
        [(&mut self.led, false), (first, true), (second, true), (&mut self.reactive, false)].into_iter()
    }

    /// What the pulse outputs need: all of a meter are alike.
    fn def(&self) -> Option<&'static PulseOutputDef> {
        self.defs.first()
    }

    /// The supply of the pulse outputs from outside, in mV; `None` where nothing is connected.
    #[must_use]
    pub const fn s0_supply(&self) -> Option<u32> {
        self.supply_mv
    }

    /// Why no pulses come at the terminals, where none can.
    #[must_use]
    pub fn s0_fault(&self) -> Option<S0Fault> {
        match (self.def(), self.supply_mv) {
            (None, _) => Some(S0Fault::Missing),
            (_, None) => Some(S0Fault::NoSupply),
            (Some(def), Some(mv)) if mv < def.min_mv => Some(S0Fault::TooLow),
            (Some(def), Some(mv)) if mv > def.max_mv => Some(S0Fault::TooHigh),
            _ => None,
        }
    }

    /// The same as a sentence, with what the output needs.
    #[must_use]
    pub fn s0_sentence(&self) -> Option<String> {
        let (needs, given) = (self.def().map(range), volts(self.supply_mv.unwrap_or(0)));
        Some(match (self.s0_fault()?, needs) {
            (S0Fault::NoSupply, Some(needs)) => {
                format!("Nothing supplies the pulse output: it gives pulses with {needs} from outside.")
            }
            (S0Fault::TooLow, Some(needs)) => {
                format!("{given} is too little for the pulse output: it needs {needs}.")
            }
            (S0Fault::TooHigh, Some(needs)) => {
                format!("{given} is too much for the pulse output and may destroy it: it stands {needs}.")
            }
            _ => "This meter has no pulse output.".to_string(),
        })
    }

    /// Pulses that came at the terminals of a pulse output since the twin was made: what a counter there shows; flashes
    /// of the lamp.
    #[must_use]
    pub const fn pulses(&self, output: Output) -> u64 {
        self.trace(output).pulses
    }

    /// Pulses that were due at an output since the twin was made, whether or not they came at its terminals.
    #[must_use]
    pub const fn due(&self, output: Output) -> u64 {
        self.trace(output).begun.saturating_add(self.waiting(output))
    }

    /// Pulses of an output that are due and still wait until it is free.
    #[must_use]
    pub const fn waiting(&self, output: Output) -> u64 {
        self.trace(output).output.waiting()
    }

    /// True while the lamp is lit, or current flows at the terminals.
    #[must_use]
    pub const fn is_on(&self, output: Output) -> bool {
        self.trace(output).level
    }

    /// The metered time since the twin was made: where a strip of changes ends.
    #[must_use]
    pub const fn now(&self) -> Duration {
        self.now
    }

    /// How far back changes are kept; zero while nobody listens.
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// The changes of an output within the window, the oldest first.
    pub fn changes(&self, output: Output) -> impl DoubleEndedIterator<Item = Change> + use<'_> {
        self.trace(output).changes.iter().copied()
    }

    /// Whether an output was on at a time within the window.
    #[must_use]
    pub fn was_on(&self, output: Output, at: Duration) -> bool {
        let before = self.changes(output).rev().find(|change| change.at <= at).map(|change| change.on);
        let first = || self.changes(output).next().map(|change| !change.on);
        before.or_else(first).unwrap_or_else(|| self.is_on(output))
    }

    /// How many pulses of an output began after `from` and up to `to`, within the window: what stands between two
    /// cursors.
    #[must_use]
    pub fn begun_between(&self, output: Output, from: Duration, to: Duration) -> usize {
        self.changes(output).filter(|change| change.on && from < change.at && change.at <= to).count()
    }

    pub(crate) fn listen(&mut self, window: Duration) {
        self.window = window;
        self.forget();
    }

    pub(crate) fn set_s0_supply(&mut self, mv: Option<u32>) {
        self.supply_mv = mv;
        self.settle();
    }

    /// The meter lost its supply: lamp and output open at once, and what waited is forgotten.
    pub(crate) fn cut(&mut self) {
        for (trace, _) in self.all() {
            trace.begun = trace.begun.saturating_add(trace.output.waiting());
            trace.output = PulseOutput::OPEN;
        }
        self.settle();
    }

    fn settle(&mut self) {
        let seen = !self.window.is_zero();
        let live = self.s0_fault().is_none();
        let now = self.now;
        for (trace, terminal) in self.all() {
            let on = (live || !terminal) && trace.output.is_on();
            let begins = trace.settle(now, on, seen);
            // A supply that comes during a pulse makes an edge, and a counter counts it.
            trace.pulses += u64::from(begins && terminal);
        }
    }

    /// Drops what is older than the window.
    fn forget(&mut self) {
        let from = self.now.saturating_sub(self.window);
        let window = self.window;
        for (trace, _) in self.all() {
            let old = trace.changes.iter().take_while(|change| change.at <= from).count();
            trace.changes.drain(..old);
            if window.is_zero() {
                trace.changes.clear();
            }
        }
    }

    /// Lets `dt` pass in which the outputs have this to show.
    pub(crate) fn pass(&mut self, sources: [PulseSource; 4], dt: Duration) {
        let live = self.s0_fault().is_none();
        // What leaves the window before anybody can look is passed over in one step.
        let seen = dt.min(self.window);
        let unseen = dt.saturating_sub(seen);
        let from = self.now + unseen;
        for ((trace, terminal), mut source) in self.all().zip(sources) {
            let live = live || !terminal;
            let Trace { output, level, changes, .. } = trace;
            let mut begun = output.advance(&mut source, unseen).count;
            if !unseen.is_zero() {
                changes.clear();
                *level = live && output.is_on();
            }
            if !seen.is_zero() {
                let train = output.edges(&mut source, seen, |edge| {
                    if live {
                        *level = edge.on;
                        changes.push_back(Change { at: from + edge.at, on: edge.on });
                    }
                });
                begun = begun.saturating_add(train.count);
            }
            trace.begun = trace.begun.saturating_add(begun);
            if live {
                trace.pulses = trace.pulses.saturating_add(begun);
            }
        }
        self.now += dt;
        self.settle();
        self.forget();
    }
}

/// A voltage as it is written in scripts.
pub(crate) fn volts(mv: u32) -> String {
    if mv.is_multiple_of(1_000) { format!("{}V", mv / 1_000) } else { format!("{mv}mV") }
}

fn range(def: &PulseOutputDef) -> String {
    format!("{} to {} DC", volts(def.min_mv), volts(def.max_mv))
}

/// Up to which power the pulses of a rate, in 0.01 imp/kWh, stay apart, as a sentence; `None` for a meter without
/// pulses.
#[must_use]
pub fn pulse_limit_text(def: &ModelDef, rate: i32) -> Option<String> {
    let centi = u32::try_from(rate).ok()?;
    let limit = def.metering.pulse_limit_mw(centi)?;
    Some(format!("{} fits up to {}.", rate_text(def, rate)?, kilowatts(limit)))
}

/// What goes wrong where a rate, in 0.01 imp/kWh, is too fast for the `power_mw` that the output shows; `None` where
/// its pulses stay apart.
///
/// No rate of a PRO1 is too fast within its measuring range. At 10000 imp/kWh a pulse stands for 360 J: up to 5625 W that
/// leaves 64 ms or more for 32 ms of pulse and 32 ms of pause, above it 11.2 ms and 11.2 ms fit up to 16.071 kW, and 45 A
/// at 253 V are 11.385 kW. The warning is for loads beyond that, which a script can give, and for other meters.
#[must_use]
pub fn pulse_warning(def: &ModelDef, rate: i32, power_mw: u64) -> Option<String> {
    let centi = u32::try_from(rate).ok()?;
    if def.metering.pulses_fit(centi, power_mw) {
        return None;
    }
    let limit = def.metering.pulse_limit_mw(centi)?;
    Some(format!(
        "{} fits only up to {}: at {} pulses wait for each other and come late. Choose a lower rate.",
        rate_text(def, rate)?,
        kilowatts(limit),
        kilowatts(power_mw),
    ))
}

fn rate_text(def: &ModelDef, rate: i32) -> Option<String> {
    let (_, setting) = def.setting(SettingId::S0Rate)?;
    Some(format!("{} {}", setting.text(rate), setting.unit.symbol()))
}

/// A power with three decimals, cut off.
fn kilowatts(mw: u64) -> String {
    let value = i64::try_from(mw / 1_000).unwrap_or(i64::MAX);
    format!("{} kW", Decimal { value, decimals: 3 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Circuit, Flow, Supply, Twin};
    use units::Instant;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// The first meter with a pulse output, at 10000 imp/kWh, under 3.6 kW: a pulse each 100 ms.
    fn twin() -> Twin {
        let entry = models::ALL.iter().find(|entry| !entry.def.metering.pulse_outputs.is_empty()).unwrap();
        let mut twin = Twin::new(entry, None, Instant::ZERO);
        twin.device_mut().apply(device::Door::Bus, &[(SettingId::S0Rate, 1_000_000)]).unwrap();
        twin.set_supply(Instant::ZERO, supply(3_600_000));
        twin
    }

    fn supply(mw: u64) -> Supply {
        let circuit = Circuit { voltage_mv: 230_000, flow: Flow::Power { mw }, ..Circuit::default() };
        Supply { phases: [circuit, Circuit::default(), Circuit::default()], ..Supply::default() }
    }

    fn changes(twin: &Twin, output: Output) -> Vec<(u64, bool)> {
        twin.outputs().changes(output).map(|change| (change.at.as_millis(), change.on)).collect()
    }

    #[test]
    fn without_a_supply_the_meter_counts_and_nothing_comes() {
        let mut twin = twin();
        twin.poll(Instant::from_millis(1_000), MS(1_000));
        assert_eq!((twin.outputs().due(Output::S0), twin.outputs().pulses(Output::S0)), (10, 0));
        assert_eq!(twin.outputs().s0_fault(), Some(S0Fault::NoSupply));
        for (mv, says) in [
            (None, "Nothing supplies the pulse output: it gives pulses with 5V to 27V DC from outside."),
            (Some(4_999), "4999mV is too little for the pulse output: it needs 5V to 27V DC."),
            (
                Some(27_001),
                "27001mV is too much for the pulse output and may destroy it: it stands 5V to 27V DC.",
            ),
        ] {
            twin.set_s0_supply(mv);
            assert_eq!(twin.outputs().s0_sentence().as_deref(), Some(says));
            twin.poll(Instant::from_millis(1_000), MS(1_000));
            assert_eq!(twin.outputs().pulses(Output::S0), 0);
        }
        for mv in [5_000, 27_000] {
            twin.set_s0_supply(Some(mv));
            assert_eq!(twin.outputs().s0_sentence(), None);
        }
        twin.poll(Instant::from_millis(1_000), MS(1_000));
        assert_eq!(twin.outputs().pulses(Output::S0), 11, "ten, and one that lasted when the supply came");
    }

    /// Which pulses an output gives is a matter of the pulse type: forward and reverse, or active and reactive energy.
    #[test]
    fn each_output_has_its_own_pulses() {
        for (pulse_type, due) in [(1, [15, 7]), (2, [10, 5])] {
            let spec = format!("ambition-4pu pulse-type={pulse_type} s0-rate=1000 combination-code=3");
            let mut twin = crate::MeterSpec::parse(&spec).unwrap().build(None, Instant::ZERO).unwrap();
            let circuit = |mw, pf_milli, export| {
                let flow = Flow::Power { mw };
                Circuit { voltage_mv: 230_000, flow, pf_milli, export, ..Circuit::default() }
            };
            // In an hour 10 Wh come, with 7.5 varh, and 5 Wh go.
            let phases = [circuit(10_000, 800, false), circuit(5_000, 1_000, true), Circuit::default()];
            twin.set_supply(Instant::ZERO, Supply { phases, ..Supply::default() });
            twin.poll(Instant::from_millis(3_601_000), MS(3_601_000));
            let outputs = twin.outputs();
            assert_eq!([Output::S0, Output::SecondS0].map(|it| outputs.due(it)), due, "type {pulse_type}");
            assert_eq!([Output::S0, Output::SecondS0].map(|it| outputs.pulses(it)), [0, 0], "no supply");
            assert_eq!(outputs.due(Output::Led), twin.device().led().flashes);
        }
    }

    /// A second lamp flashes for reactive energy, whichever way it goes, and a meter without one has none.
    #[test]
    fn the_second_lamp_is_for_reactive_energy() {
        for entry in models::ALL {
            let spec = format!("{} energy.reactive.forward=0.0", entry.def.slug);
            let Ok(spec) = crate::MeterSpec::parse(&spec) else { continue };
            let mut twin = spec.build(None, Instant::ZERO).unwrap();
            let circuit = |mw, export| {
                let flow = Flow::Power { mw };
                Circuit { voltage_mv: 230_000, flow, pf_milli: 800, export, ..Circuit::default() }
            };
            // In an hour 200 Wh with 150 varh, of which a third goes.
            let phases = match entry.def.metering.phases {
                1 => [circuit(200_000, false), Circuit::default(), Circuit::default()],
                _ => [circuit(100_000, false), circuit(33_333, false), circuit(66_667, true)],
            };
            twin.set_supply(Instant::ZERO, Supply { phases, ..Supply::default() });
            twin.poll(Instant::from_millis(3_601_000), MS(3_601_000));
            let outputs = twin.outputs();
            let rate = twin.pulse_rate(Output::ReactiveLed);
            let due = rate.map_or(0, |rate| u64::try_from(rate).unwrap() / 100 * 150 / 1_000);
            let seen = outputs.due(Output::ReactiveLed);
            assert!(seen.abs_diff(due) <= 1, "{}: {seen} of {due}", entry.def.slug);
            assert_eq!(outputs.pulses(Output::ReactiveLed), seen, "nobody has to supply a lamp");
            assert_eq!(rate.is_some(), entry.def.metering.led_imp_per_kvarh > 0);
        }
    }

    #[test]
    fn a_listener_sees_every_edge_and_only_the_window() {
        let mut twin = twin();
        twin.set_s0_supply(Some(24_000));
        twin.listen(MS(250));
        twin.poll(Instant::from_millis(210), MS(210));
        assert_eq!(changes(&twin, Output::S0), [(100, true), (132, false), (200, true)]);
        assert_eq!(changes(&twin, Output::Led), [(100, true), (110, false), (200, true), (210, false)]);
        assert!(twin.outputs().is_on(Output::S0) && !twin.outputs().is_on(Output::Led));
        // A year in one step leaves the last quarter of a second.
        let year = Duration::from_secs(365 * 86_400);
        twin.poll(Instant::from_millis(220), year);
        let end = year.as_millis() + 210;
        assert_eq!(twin.outputs().now().as_millis(), end);
        let back = [(210, true), (178, false), (110, true), (78, false), (10, true)];
        assert_eq!(changes(&twin, Output::S0), back.map(|(back, on)| (end - back, on)));
        assert_eq!(twin.outputs().pulses(Output::S0), 2 + 10 * 365 * 86_400);
        assert!(twin.outputs().was_on(Output::S0, MS(end)));
        assert!(!twin.outputs().was_on(Output::S0, MS(end - 20)));
        assert!(!twin.outputs().was_on(Output::S0, MS(end - 249)));
        assert!(twin.outputs().was_on(Output::S0, MS(end - 200)));
        assert_eq!(twin.outputs().begun_between(Output::S0, MS(end - 200), MS(end)), 2);
        // Nobody listens: nothing is kept.
        twin.listen(Duration::ZERO);
        twin.poll(Instant::from_millis(230), MS(500));
        assert_eq!(twin.outputs().changes(Output::Led).count(), 0);
    }

    #[test]
    fn what_cuts_a_pulse_short_is_an_edge() {
        let mut twin = twin();
        twin.set_s0_supply(Some(12_000));
        twin.listen(MS(1_000));
        twin.poll(Instant::from_millis(105), MS(105));
        twin.set_s0_supply(None);
        twin.poll(Instant::from_millis(110), MS(5));
        twin.set_s0_supply(Some(12_000));
        twin.poll(Instant::from_millis(205), MS(95));
        twin.set_supply(Instant::from_millis(205), Supply { mains: false, ..supply(3_600_000) });
        twin.poll(Instant::from_millis(305), MS(100));
        twin.set_supply(Instant::from_millis(305), supply(3_600_000));
        // 5 ms of the third pulse were gathered before the cut, and its fraction is kept.
        twin.poll(Instant::from_millis(405), MS(100));
        assert_eq!(
            changes(&twin, Output::S0),
            [(100, true), (105, false), (110, true), (132, false), (200, true), (205, false), (400, true)]
        );
        assert_eq!(twin.outputs().pulses(Output::S0), 4);
    }

    #[test]
    fn a_rate_that_is_too_fast_is_said() {
        let def = twin().entry().def;
        let limit = pulse_limit_text(def, 1_000_000);
        assert_eq!(limit.as_deref(), Some("10000 imp/kWh fits up to 16.071 kW."));
        // The largest power of the longer pulses, of the measuring range, and of all.
        for fits in [5_625_000, 11_385_000, 16_071_428] {
            assert_eq!(pulse_warning(def, 1_000_000, fits), None);
        }
        assert!(pulse_warning(def, 1_000_000, 16_071_429).is_some());
        assert_eq!(
            pulse_warning(def, 1_000_000, 20_000_000).as_deref(),
            Some(
                "10000 imp/kWh fits only up to 16.071 kW: at 20.000 kW pulses wait for each other and come late. \
                 Choose a lower rate."
            )
        );
        assert_eq!((pulse_limit_text(def, -1), pulse_warning(def, 0, u64::MAX)), (None, None));
    }
}
