//! [`Metering`]: load and time in, energies, readings and pulses out.

use schema::{Combination, MeteringDef};
use units::{Duration, EnergyKind, Flow, Phase, Point, StateOf, Tariff};

use crate::flow::{Rates, s0_shows};
use crate::pulse::Pulser;
use crate::reading::{Resolution, read};
use crate::{Counter, Load, PulseSource, Pulses};

/// Counters of one phase and tariff: active forward and reverse, reactive forward and reverse.
const SLOTS: usize = 4;

/// The metering of one meter.
///
/// # Counters
/// It counts in a slice that the caller owns and keeps over a power cut: for each phase, for each tariff, active
/// forward, active reverse, reactive forward and reactive reverse; behind them the resettable counter. Totals are made
/// from these. Where the slice is shorter than [`MeteringDef::counters`], what has no place is not counted and reads
/// as zero; what is behind is left alone.
///
/// # Assumed
/// What the manuals do not tell, and is decided here:
/// - without a load (or below the starting current) the power factor is 1 and the quadrant 0;
/// - the LED shows the amount of the sum of the phases' active powers, forward and reverse alike;
/// - the one pulse output shows forward energy under the code "forward only", reverse energy under "reverse only",
///   and both under every other code;
/// - a pulse is due whenever the counted energy that the output shows passes a multiple of what the rate gives for a
///   pulse: part of a pulse is the fraction of the counters and outlives a power cut, another rate and another code
///   with them; so does the LED's, where phases do not flow against each other;
/// - where phases are netted, those that flow against the sum count nothing, and what they take away is taken from
///   the others, from the first on;
/// - a sum of counters rolls over where each of them does.
#[derive(Debug)]
pub struct Metering<'a> {
    def: &'static MeteringDef,
    counters: &'a mut [Counter],
    sampled: &'a mut [Counter],
    load: Load,
    combination: Combination,
    tariff: Tariff,
    /// Where the counters of the tariff begin within those of a phase.
    tariff_at: usize,
    rates: Rates,
    led: Pulser,
    s0: Pulser,
    resolution: Resolution,
    sampled_load: Load,
    stored_steps: u64,
}

/// Which of all phases or tariffs are meant: from the first, so many.
fn span(number: usize, all: u8) -> Option<(usize, usize)> {
    match number.checked_sub(1) {
        None => Some((0, usize::from(all))),
        Some(index) => (index < usize::from(all)).then_some((index, 1)),
    }
}

impl<'a> Metering<'a> {
    /// A meter without load, with the counters as they stand, counting tariff 1 and showing forward as the total; its
    /// pulse output is silent until [`Metering::set_s0_rate`]. `sampled` is as long as `counters`.
    #[must_use]
    pub fn new(def: &'static MeteringDef, counters: &'a mut [Counter], sampled: &'a mut [Counter]) -> Self {
        let mut metering = Self {
            def,
            counters,
            sampled,
            load: Load::default(),
            combination: Combination::Forward,
            tariff: Tariff::T1,
            tariff_at: 0,
            rates: Rates::default(),
            led: Pulser::new(u64::from(def.led_imp_per_kwh) * 100),
            s0: Pulser::new(0),
            resolution: Resolution::new(def),
            sampled_load: Load::default(),
            stored_steps: 0,
        };
        metering.restart();
        metering
    }

    /// Starts as after a power cut: both outputs go on where the counters stand that were filled again, and the sample
    /// is taken anew from them.
    pub fn restart(&mut self) {
        self.align();
        self.sample();
    }

    /// Lets both outputs go on where the counters stand.
    fn align(&mut self) {
        self.led.align(self.counted(true, true));
        self.align_s0();
    }

    fn align_s0(&mut self) {
        let (forward, reverse) = s0_shows(self.combination);
        self.s0.align(self.counted(forward, reverse));
    }

    /// Active energy of all phases and tariffs as it stands now.
    fn counted(&self, forward: bool, reverse: bool) -> Counter {
        let mut sum = Counter::ZERO;
        for counters in self.counters.chunks_exact(SLOTS).take(self.trip_place() / SLOTS) {
            if let [active, back, ..] = counters {
                for counter in [forward.then_some(active), reverse.then_some(back)].into_iter().flatten() {
                    sum = sum.plus(*counter);
                }
            }
        }
        sum
    }

    /// Changes what flows, from now on.
    pub fn set_load(&mut self, load: Load) {
        self.load = load;
        self.rerate();
    }

    /// What flows now.
    #[must_use]
    pub const fn load(&self) -> &Load {
        &self.load
    }

    /// Changes how forward and reverse make the total, from now on; totals so far are made anew at once.
    pub fn set_combination(&mut self, combination: Combination) {
        self.combination = combination;
        self.align_s0();
        self.rerate();
    }

    fn rerate(&mut self) {
        let (active, reactive) = self.load.powers(self.def.phases, self.def.starting_current_ma);
        self.rates = Rates::new(active, reactive, self.combination);
    }

    /// Changes the tariff that counts, from now on. [`Tariff::All`] and tariffs the meter has not change nothing.
    pub fn set_tariff(&mut self, tariff: Tariff) {
        if let (index, 1) = span(tariff as usize, self.def.tariffs).unwrap_or_default()
            && tariff != Tariff::All
        {
            self.tariff = tariff;
            self.tariff_at = index * SLOTS;
        }
    }

    /// The tariff that counts now.
    #[must_use]
    pub const fn tariff(&self) -> Tariff {
        self.tariff
    }

    /// Changes the rate of the pulse output, in 0.01 imp/kWh; 0 is silence.
    pub fn set_s0_rate(&mut self, centi_imp_per_kwh: u32) {
        self.s0 = Pulser::new(u64::from(centi_imp_per_kwh));
        self.align_s0();
    }

    /// Lets `dt` pass under the load of now and counts. Range: any time.
    pub fn advance(&mut self, dt: Duration) -> Pulses {
        let us = dt.as_micros();
        let (rollover, step) = (self.rollover(), self.def.store_step_wh.max(1));
        let per_phase = usize::from(self.def.tariffs) * SLOTS;
        let mut passed = false;
        let phases = self.rates.phases.iter().take(usize::from(self.def.phases));
        for (rates, counters) in phases.zip(self.counters.chunks_mut(per_phase.max(1))) {
            for (counter, rate) in counters.iter_mut().skip(self.tariff_at).zip(rates) {
                if *rate > 0 {
                    passed |= counter.add(*rate, us, rollover, step);
                }
            }
        }
        if self.rates.trip > 0
            && let Some(trip) = self.counters.get_mut(self.trip_place())
        {
            passed |= trip.add(self.rates.trip, us, rollover, step);
        }
        self.stored_steps = self.stored_steps.wrapping_add(u64::from(passed));
        Pulses { led: self.led.advance(self.rates.led_mw, us), s0: self.s0.advance(self.rates.s0_mw, us) }
    }

    fn rollover(&self) -> u64 {
        self.def.rollover_wh.max(1)
    }

    const fn trip_place(&self) -> usize {
        self.def.phases as usize * self.def.tariffs as usize * SLOTS
    }

    /// Takes a reading of everything: what [`Metering::value`] says until the next one.
    pub fn sample(&mut self) {
        for (to, from) in self.sampled.iter_mut().zip(self.counters.iter()) {
            *to = *from;
        }
        self.sampled_load = self.load;
    }

    /// What a point read when the last [`Metering::sample`] was taken, in the unit it is kept in ([`Point::unit`]):
    /// readings at the meter's resolution, counters in whole Wh. `None` where this meter has no such point, and for
    /// states other than the tariff.
    #[must_use]
    pub fn value(&self, point: Point) -> Option<i64> {
        match point {
            Point::Energy { kind: EnergyKind::Active, flow: Flow::Trip, phase, tariff } => {
                let trip = self.sampled.get(self.trip_place()).copied().unwrap_or_default();
                let is_it = phase == Phase::All && tariff == Tariff::All;
                is_it.then(|| whole(trip.wrapped(self.rollover())))
            }
            Point::Energy { kind, flow, phase, tariff } => {
                let phases = span(phase as usize, self.def.phases)?;
                let tariffs = span(tariff as usize, self.def.tariffs)?;
                let of = |reverse| self.sum(phases, tariffs, slot(kind, reverse));
                match flow {
                    Flow::Forward => Some(whole(of(false))),
                    Flow::Reverse => Some(whole(of(true))),
                    Flow::Total => Some(self.total(of)),
                    Flow::Q1 | Flow::Q2 | Flow::Q3 | Flow::Q4 | Flow::Trip => None,
                }
            }
            Point::Now { what, of } => read(self.def, &self.resolution, &self.sampled_load, what, of),
            Point::State(StateOf::Tariff) => i64::try_from(self.tariff as usize).ok(),
            Point::State(_) | Point::History { .. } | Point::HistoryRatio(_) => None,
        }
    }

    /// What the combination code makes of forward and reverse, each of which is summed only where it counts.
    fn total(&self, of: impl Fn(bool) -> Counter) -> i64 {
        match self.combination {
            Combination::Forward => whole(of(false)),
            Combination::Reverse => whole(of(true)),
            Combination::Sum => whole(of(false).plus(of(true)).wrapped(self.rollover())),
            Combination::ReverseLessForward => of(true).less(of(false)),
            Combination::ForwardLessReverse | Combination::Netted => of(false).less(of(true)),
        }
    }

    /// The sum of one kind of counter over phases and tariffs. Rests are summed too: a total may show a Wh more than
    /// the sum of what its phases and tariffs show.
    fn sum(&self, phases: (usize, usize), tariffs: (usize, usize), slot: usize) -> Counter {
        let all = usize::from(self.def.tariffs);
        let mut sum = Counter::ZERO;
        for phase in (0..phases.1).map(|n| phases.0 + n) {
            for tariff in (0..tariffs.1).map(|n| tariffs.0 + n) {
                if let Some(counter) = self.sampled.get((phase * all + tariff) * SLOTS + slot) {
                    sum = sum.plus(*counter);
                }
            }
        }
        sum.wrapped(self.rollover())
    }

    /// Sets the resettable counter to zero.
    pub fn reset_trip(&mut self) {
        self.put(self.trip_place(), 0);
    }

    /// Gives a counter a value in whole Wh or varh, as the factory could; without a tariff all of it is tariff 1's.
    /// False, and nothing changed, where the point is no counter (a total, a quadrant, all of several phases) or where
    /// `wh` is not below the rollover.
    pub fn set_counter(&mut self, point: Point, wh: u64) -> bool {
        let Point::Energy { kind, flow, phase, tariff } = point else { return false };
        if wh >= self.rollover() {
            return false;
        }
        let reverse = match flow {
            Flow::Forward => false,
            Flow::Reverse => true,
            Flow::Trip if point == Point::active(Flow::Trip, Tariff::All) => {
                return self.put(self.trip_place(), wh);
            }
            _ => return false,
        };
        let Some((phase, 1)) = span(phase as usize, self.def.phases) else { return false };
        let Some((first, count)) = span(tariff as usize, self.def.tariffs) else { return false };
        let tariffs = usize::from(self.def.tariffs);
        let put = (0..count).all(|n| {
            let place = (phase * tariffs + first + n) * SLOTS + slot(kind, reverse);
            self.put(place, if n == 0 { wh } else { 0 })
        });
        self.align();
        put
    }

    fn put(&mut self, place: usize, wh: u64) -> bool {
        let Some(counter) = self.counters.get_mut(place) else { return false };
        *counter = Counter::new(wh, 0);
        self.stored_steps = self.stored_steps.wrapping_add(1);
        true
    }

    /// The counters, to be stored.
    #[must_use]
    pub fn counters(&self) -> &[Counter] {
        self.counters
    }

    /// The counters, to be filled from memory; [`Metering::restart`] follows.
    pub fn counters_mut(&mut self) -> &mut [Counter] {
        self.counters
    }

    /// A number that changes whenever a counter has passed a multiple of [`MeteringDef::store_step_wh`] or was set:
    /// the energies are to be stored then.
    #[must_use]
    pub const fn stored_steps(&self) -> u64 {
        self.stored_steps
    }

    /// Flashes of the test LED in 1000 s under the load of now.
    #[must_use]
    pub fn led_rate_mhz(&self) -> u64 {
        self.led.rate_mhz(self.rates.led_mw)
    }

    /// Pulses of the pulse output in 1000 s under the load of now.
    #[must_use]
    pub fn s0_rate_mhz(&self) -> u64 {
        self.s0.rate_mhz(self.rates.s0_mw)
    }

    /// How long a pulse of the pulse output lasts at the power that it shows now; zero without a table of widths.
    #[must_use]
    pub fn s0_width(&self) -> Duration {
        self.def.pulse_width(self.rates.s0_mw)
    }

    /// What the pulse output has to show under the load of now, for a [`crate::PulseOutput`].
    #[must_use]
    pub fn s0_source(&self) -> PulseSource {
        PulseSource::new(self.s0, self.rates.s0_mw, self.s0_width())
    }

    /// What the test LED has to show under the load of now, for a [`crate::PulseOutput`].
    #[must_use]
    pub fn led_source(&self) -> PulseSource {
        PulseSource::new(self.led, self.rates.led_mw, self.def.led_width)
    }
}

/// What a counter shows: its whole Wh.
fn whole(counter: Counter) -> i64 {
    i64::try_from(counter.wh()).unwrap_or(i64::MAX)
}

/// Which of the counters of a phase and tariff.
const fn slot(kind: EnergyKind, reverse: bool) -> usize {
    match (kind, reverse) {
        (EnergyKind::Active, false) => 0,
        (EnergyKind::Active, true) => 1,
        (EnergyKind::Reactive, false) => 2,
        (EnergyKind::Reactive, true) => 3,
    }
}
