//! [`Metering`]: load and time in, energies, readings and pulses out.

use schema::{Combination, MeteringDef, TripOf};
use units::{Duration, EnergyKind, Flow, Phase, Point, StateOf, Tariff};

use crate::flow::{Rates, s0_shows};
use crate::pulse::Pulser;
use crate::reading::{Resolution, read};
use crate::{Counter, Load, Polyphase, PulseSource, Pulses};

/// The metering of one meter.
///
/// # Counters
/// It counts in a slice that the caller owns and keeps over a power cut, in the order of [`MeteringDef::counters`].
/// Totals are made from these. Where the slice is shorter, what has no place is not counted and reads as zero; what is
/// behind is left alone.
///
/// # Current transformers
/// A [`Load`] is what flows at the terminals, and so is the starting current. Readings and counters are of the primary
/// side: times the factor of the ratio, which is always whole.
///
/// # Assumed
/// What the manuals do not tell, and is decided here:
/// - without a load (or below the starting current) the power factor is 1 and the quadrant 0;
/// - the LED shows the amount of the sum of the phases' active powers at the terminals, forward and reverse alike: its
///   rate is that of the rating plate, and at 9999/1 no eye and no head could follow it on the primary side;
/// - the one pulse output shows forward energy under the code "forward only", reverse energy under "reverse only",
///   and both under every other code; where the code nets pulses and not counters, what is left of the phases, and the
///   next pulse is due when the difference of what was counted reaches the next multiple;
/// - a pulse is due whenever the counted energy that the output shows passes a multiple of what the rate gives for a
///   pulse: part of a pulse is the fraction of the counters and outlives a power cut, another rate and another code
///   with them; so does the LED's, where phases do not flow against each other;
/// - where phases are netted, those that flow against the sum count nothing, and what they take away is taken from
///   the others, from the first on;
/// - a sum of counters rolls over where each of them does;
/// - a phase's reactive energy is that of the quadrant in which the phase stands, so that quadrants 1 and 2 make forward
///   and 3 and 4 reverse; netted phases stand where their sums do;
/// - a resettable counter that follows the total is the total of what flowed each way since it was set to zero: another
///   code makes it anew at once, as it does all totals.
#[derive(Debug)]
pub struct Metering<'a> {
    pub(crate) def: &'static MeteringDef,
    pub(crate) counters: &'a mut [Counter],
    pub(crate) sampled: &'a mut [Counter],
    /// What only a meter of several phases has, where the program is built for one.
    polyphase: Option<&'static dyn Polyphase>,
    /// What readings and energies at the terminals are multiplied by.
    pub(crate) factor: u32,
    load: Load,
    pub(crate) combination: Combination,
    pub(crate) tariff: Tariff,
    /// Where the counters of the tariff begin within those of a phase.
    tariff_at: usize,
    pub(crate) rates: Rates,
    led: Pulser,
    pub(crate) s0: Pulser,
    pub(crate) resolution: Resolution,
    pub(crate) sampled_load: Load,
    sampled_factor: u32,
    stored_steps: u64,
}

/// Which of all phases or tariffs are meant: from the first, so many.
pub(crate) fn span(number: usize, all: u8) -> Option<(usize, usize)> {
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
            polyphase: None,
            factor: 1,
            load: Load::default(),
            combination: Combination::Forward,
            tariff: Tariff::T1,
            tariff_at: 0,
            rates: Rates::default(),
            led: Pulser::new(u64::from(def.led_imp_per_kwh) * 100),
            s0: Pulser::new(0),
            resolution: Resolution::new(def),
            sampled_load: Load::default(),
            sampled_factor: 1,
            stored_steps: 0,
        };
        metering.restart();
        metering
    }

    /// The same meter, with what only one of several phases has: [`crate::POLYPHASE`].
    #[must_use]
    pub fn extended(mut self, polyphase: Option<&'static dyn Polyphase>) -> Self {
        self.polyphase = polyphase;
        self.restart();
        self
    }

    /// Starts as after a power cut: both outputs go on where the counters stand that were filled again, and the sample
    /// is taken anew from them.
    pub fn restart(&mut self) {
        if let Some(polyphase) = self.polyphase {
            self.factor = polyphase.factor(self);
            self.rerate();
        }
        self.align();
        self.sample();
    }

    /// Lets both outputs go on where the counters stand.
    fn align(&mut self) {
        let shown = self.polyphase.and_then(|polyphase| polyphase.at_terminals(self));
        self.led.align(shown.unwrap_or_else(|| self.counted(true, true)));
        self.align_s0();
    }

    pub(crate) fn align_s0(&mut self) {
        let (forward, reverse) = s0_shows(self.combination);
        self.s0.align(self.counted(forward, reverse));
    }

    /// Active energy of all phases and tariffs as it stands now.
    fn counted(&self, forward: bool, reverse: bool) -> Counter {
        let mut sum = Counter::ZERO;
        let slots = self.def.slots();
        for counters in self.counters.chunks_exact(slots).take(self.trip_place() / slots) {
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

    pub(crate) fn rerate(&mut self) {
        let (active, reactive) = self.load.powers(self.def.phases, self.def.starting_current_ma, 1);
        self.rates = Rates::new(active, reactive, self.combination, self.def.quadrants);
        self.rates.s0_mw *= u64::from(self.factor);
    }

    /// Changes the tariff that counts, from now on. [`Tariff::All`] and tariffs the meter has not change nothing.
    pub fn set_tariff(&mut self, tariff: Tariff) {
        if let (index, 1) = span(tariff as usize, self.def.tariffs).unwrap_or_default()
            && tariff != Tariff::All
        {
            self.tariff = tariff;
            self.tariff_at = index * self.def.slots();
            if let Some(polyphase) = self.polyphase {
                polyphase.note_tariff(self);
            }
        }
    }

    /// Tells the meter the ratio of its current transformers, as [`units::CtRatio::value`]. Another one than that of now
    /// ends the energies of now: they go into the history and start again at zero. Nothing happens where the value is no
    /// ratio, or where the ratio was changed as often as the description allows.
    ///
    /// # Assumed
    /// All active energies start again, those of the phases too, since totals are made from them, and what the history
    /// keeps of them is what the manual lists: forward and reverse of each tariff. Reactive energies and the resettable
    /// counters go on: no history would keep them, and what they count is of the primary side before and after.
    pub fn set_ct_ratio(&mut self, value: i32) {
        if let Some(polyphase) = self.polyphase {
            polyphase.set_ratio(self, value);
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

    /// How often the ratio of the current transformers was changed.
    #[must_use]
    pub fn ct_changes(&self) -> u8 {
        let changes =
            self.polyphase.and_then(|polyphase| polyphase.value(self, Point::State(StateOf::CtChanges)));
        changes.and_then(|changes| u8::try_from(changes).ok()).unwrap_or(0)
    }

    /// Lets `dt` pass under the load of now and counts. Range: any time; behind current transformers 58 years.
    pub fn advance(&mut self, dt: Duration) -> Pulses {
        let us = dt.as_micros();
        // So many times the power is the same as for so many times the time.
        let counted_us = us.saturating_mul(u64::from(self.factor));
        let (rollover, step) = (self.rollover(), self.store_step());
        let per_phase = usize::from(self.def.tariffs) * self.def.slots();
        let directions = self.def.trip.directions();
        let (mut at, mut trip_at) = (self.tariff_at, self.trip_place());
        let mut passed = false;
        for rates in self.rates.phases.iter().take(usize::from(self.def.phases)) {
            for (slot, rate) in rates.iter().enumerate().filter(|(_, rate)| **rate > 0) {
                let trip = (slot < directions).then_some(trip_at + slot);
                for place in [Some(at + slot), trip].into_iter().flatten() {
                    if let Some(counter) = self.counters.get_mut(place) {
                        passed |= counter.add(*rate, counted_us, rollover, step);
                    }
                }
            }
            at += per_phase;
            trip_at += if self.def.trip.per_phase { directions } else { 0 };
        }
        if let Some(polyphase) = self.polyphase {
            passed |= polyphase.advance(self, us);
        }
        self.stored_steps = self.stored_steps.wrapping_add(u64::from(passed));
        Pulses { led: self.led.advance(self.rates.led_mw, us), s0: self.s0.advance(self.rates.s0_mw, us) }
    }

    pub(crate) fn rollover(&self) -> u64 {
        self.def.rollover_wh.max(1)
    }

    pub(crate) fn store_step(&self) -> u64 {
        self.def.store_step_wh.max(1)
    }

    /// Where the resettable counters begin.
    pub(crate) const fn trip_place(&self) -> usize {
        self.def.phases as usize * self.def.tariffs as usize * self.def.slots()
    }

    /// The counters that make an energy; a total has those of what flowed forward. `None` where this meter has no such
    /// energy.
    fn cells(&self, kind: EnergyKind, flow: Flow, phase: Phase, tariff: Tariff) -> Option<Cells> {
        let def = self.def;
        let (index, phases) = span(phase as usize, def.phases)?;
        if let Flow::Trip = flow {
            let trip = def.trip;
            let of_phases = trip.per_phase || phase == Phase::All;
            let there = of_phases && (kind, tariff) == (EnergyKind::Active, Tariff::All);
            let phase_step = trip.directions();
            let first = self.trip_place() + index * phase_step;
            let phases = if trip.per_phase { phases } else { 1 };
            return there.then_some(Cells { first, phases, phase_step, tariffs: 1, slots: 1 });
        }
        let (tariff, tariffs) = span(tariff as usize, def.tariffs)?;
        let (slot, slots) = slots(def.quadrants, kind, flow)?;
        let phase_step = usize::from(def.tariffs) * def.slots();
        let first = index * phase_step + tariff * def.slots() + slot;
        Some(Cells { first, phases, phase_step, tariffs, slots })
    }

    /// Takes a reading of everything: what [`Metering::value`] says until the next one.
    pub fn sample(&mut self) {
        for (to, from) in self.sampled.iter_mut().zip(self.counters.iter()) {
            *to = *from;
        }
        self.sampled_load = self.load;
        self.sampled_factor = self.factor;
    }

    /// What a point read when the last [`Metering::sample`] was taken, in the unit it is kept in ([`Point::unit`]):
    /// readings at the meter's resolution, counters in whole Wh. `None` where this meter has no such point, and for
    /// states other than the tariff.
    #[must_use]
    pub fn value(&self, point: Point) -> Option<i64> {
        let own = match point {
            Point::Energy { kind, flow, phase, tariff } => {
                let mut cells = self.cells(kind, flow, phase, tariff)?;
                let forward = self.sum(self.sampled, &cells);
                let follows_total = flow == Flow::Trip && self.def.trip.follows == TripOf::Total;
                Some(if flow == Flow::Total || follows_total {
                    cells.first += cells.slots;
                    self.total(forward, self.sum(self.sampled, &cells))
                } else {
                    whole(forward)
                })
            }
            Point::Now { what, of } => {
                read(self.def, &self.resolution, &self.sampled_load, self.sampled_factor, what, of)
            }
            Point::State(StateOf::Tariff) => i64::try_from(self.tariff as usize).ok(),
            Point::State(_) | Point::History { .. } | Point::HistoryRatio(_) => None,
        };
        own.or_else(|| self.polyphase?.value(self, point))
    }

    /// What the combination code makes of forward and reverse.
    fn total(&self, forward: Counter, reverse: Counter) -> i64 {
        match self.combination {
            Combination::Forward => whole(forward),
            Combination::Reverse => whole(reverse),
            Combination::Sum => whole(forward.plus(reverse).wrapped(self.rollover())),
            Combination::ReverseLessForward => reverse.less(forward),
            Combination::ForwardLessReverse | Combination::Netted | Combination::NettedPulses => {
                forward.less(reverse)
            }
        }
    }

    /// The sum of some of `counters`. Rests are summed too: a total may show a Wh more than the sum of what its phases
    /// and tariffs show.
    pub(crate) fn sum(&self, counters: &[Counter], cells: &Cells) -> Counter {
        let mut sum = Counter::ZERO;
        cells.each(self.def.slots(), |place| {
            if let Some(counter) = counters.get(place) {
                sum = sum.plus(*counter);
            }
        });
        sum.wrapped(self.rollover())
    }

    /// Sets the resettable counters to zero.
    pub fn reset_trip(&mut self) {
        for n in 0..self.def.trip_counters() {
            self.put(self.trip_place() + n, 0);
        }
    }

    /// Gives a counter a value in whole Wh or varh, as the factory could. Where it is made from several, phases share it,
    /// and the first tariff and the first quadrant have all of it. False, and nothing changed, where the point is no
    /// counter of this meter, or a total, or where `wh` is not below the rollover.
    pub fn set_counter(&mut self, point: Point, wh: u64) -> bool {
        let Point::Energy { kind, flow, phase, tariff } = point else { return false };
        if flow == Flow::Total || wh >= self.rollover() {
            return false;
        }
        let Some(cells) = self.cells(kind, flow, phase, tariff) else { return false };
        if flow == Flow::Trip && phase == Phase::All {
            self.reset_trip();
        }
        let each = cells.tariffs * cells.slots;
        let (mut n, mut put) = (0, true);
        cells.each(self.def.slots(), |place| {
            let part = if n % each == 0 { share(wh, n / each, cells.phases) } else { 0 };
            put &= self.put(place, part);
            n += 1;
        });
        self.align();
        put
    }

    pub(crate) fn put(&mut self, place: usize, wh: u64) -> bool {
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
        self.def.pulse_width(self.s0.rate(), self.rates.s0_mw)
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
pub(crate) fn whole(counter: Counter) -> i64 {
    i64::try_from(counter.wh()).unwrap_or(i64::MAX)
}

/// Some of the counters: of so many phases, tariffs and slots in a row.
pub(crate) struct Cells {
    pub(crate) first: usize,
    pub(crate) phases: usize,
    pub(crate) phase_step: usize,
    pub(crate) tariffs: usize,
    pub(crate) slots: usize,
}

impl Cells {
    /// Calls `each` with the place of every one; counters of the next tariff stand `tariff_step` on.
    fn each(&self, tariff_step: usize, mut each: impl FnMut(usize)) {
        for phase in 0..self.phases {
            for tariff in 0..self.tariffs {
                for slot in 0..self.slots {
                    each(self.first + phase * self.phase_step + tariff * tariff_step + slot);
                }
            }
        }
    }
}

/// The part of `wh` that is the `n`th of `count`, which is at least 1: all of them together are `wh`.
const fn share(wh: u64, n: usize, count: usize) -> u64 {
    let (n, count) = (n as u64, count as u64);
    wh * (n + 1) / count - wh * n / count
}

/// The counters of a phase and tariff that make a flow, those that flowed forward for a total: the first, and how many.
fn slots(quadrants: bool, kind: EnergyKind, flow: Flow) -> Option<(usize, usize)> {
    let each = if quadrants { 2 } else { 1 };
    match (kind, flow) {
        (EnergyKind::Active, Flow::Forward | Flow::Total) => Some((0, 1)),
        (EnergyKind::Active, Flow::Reverse) => Some((1, 1)),
        (EnergyKind::Reactive, Flow::Forward | Flow::Total) => Some((2, each)),
        (EnergyKind::Reactive, Flow::Reverse) => Some((2 + each, each)),
        (EnergyKind::Reactive, Flow::Q1 | Flow::Q2 | Flow::Q3 | Flow::Q4) if quadrants => {
            Some((2 + flow as usize - Flow::Q1 as usize, 1))
        }
        _ => None,
    }
}
