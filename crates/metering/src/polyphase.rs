//! What only a meter of several phases behind current transformers has: voltages between its phases, a ratio with a
//! history, and the mark of the higher tariffs. A program for a single phase does not name [`POLYPHASE`], and its linker
//! leaves all of this out.

use core::fmt;

use schema::MeteringDef;
use units::{CtRatio, Flow, Of, Point, StateOf, Tariff, What};

use crate::metering::{Cells, span, whole};
use crate::reading::{root, round};
use crate::{Counter, Metering};

/// The part of a [`Metering`] that a program may be built without. There is one: [`POLYPHASE`].
pub trait Polyphase: fmt::Debug + Sync {
    /// A reading or an energy that this part has; `None` for every other point.
    fn value(&self, metering: &Metering<'_>, point: Point) -> Option<i64>;

    /// The factor of the ratio with which the energies of now are counted.
    fn factor(&self, metering: &Metering<'_>) -> u32;

    /// Active energy at the terminals, where it is counted apart from that of the primary side.
    fn at_terminals(&self, metering: &Metering<'_>) -> Option<Counter>;

    /// Counts what has a counter of its own here. True where one passed a step after which energies are to be stored.
    fn advance(&self, metering: &mut Metering<'_>, us: u64) -> bool;

    /// Notes that the tariff of now has counted.
    fn note_tariff(&self, metering: &mut Metering<'_>);

    /// As [`Metering::set_ct_ratio`].
    fn set_ratio(&self, metering: &mut Metering<'_>, value: i32);
}

/// Everything that a meter of several phases has.
pub static POLYPHASE: &dyn Polyphase = &Whole;

#[derive(Debug)]
struct Whole;

/// Where the cells behind the counters stand ([`MeteringDef::counters`]).
struct Places {
    /// Whether one of the higher tariffs ever counted.
    mark: Option<usize>,
    /// The ratio that each change brought.
    ratios: usize,
    /// How many changes there may be.
    changes: usize,
    /// What each change ended: forward and reverse of each tariff.
    history: usize,
    /// Counters of each change.
    each: usize,
}

impl Places {
    fn of(def: &MeteringDef) -> Self {
        let changes = def.ct.map_or(0, |ct| usize::from(ct.changes));
        let each = def.history_counters();
        let ratios = def.counters() - changes * (1 + each);
        let mark = (def.tariffs > 2).then(|| ratios - 1);
        Self { mark, ratios, changes, history: ratios + changes, each }
    }

    /// Where the energies of a change begin, counted from 0.
    fn energies(&self, change: usize) -> usize {
        self.history + change * self.each
    }

    /// The ratios that were set, one after another.
    fn set<'c>(&self, counters: &'c [Counter]) -> impl Iterator<Item = CtRatio> + use<'c> {
        counters.iter().skip(self.ratios).take(self.changes).map_while(|cell| {
            let value = i32::try_from(cell.wh()).ok()?;
            CtRatio::from_value(value)
        })
    }
}

impl Polyphase for Whole {
    fn value(&self, metering: &Metering<'_>, point: Point) -> Option<i64> {
        let def = metering.def;
        let (places, cells) = (Places::of(def), &*metering.sampled);
        let used = || places.set(cells).count();
        match point {
            Point::Now { what: What::U, of } => line_voltage(metering, of),
            Point::State(StateOf::HighTariffs) => cells.get(places.mark?).copied().map(whole),
            Point::State(StateOf::Directions) if def.phases > 1 => Some(directions(metering)),
            _ if def.ct.is_none() => None,
            Point::State(state @ (StateOf::CtRatio | StateOf::CtPrimary)) => {
                let ratio = places.set(cells).last().unwrap_or(CtRatio::UNITY);
                let primary = state == StateOf::CtPrimary;
                Some(if primary { i64::from(ratio.primary) } else { i64::from(ratio.value()) })
            }
            Point::State(StateOf::CtChanges) => i64::try_from(used()).ok(),
            Point::HistoryRatio(slot) => {
                let slot = change(slot, &places)?;
                let mut ratios = core::iter::once(CtRatio::UNITY).chain(places.set(cells));
                Some(if slot < used() {
                    ratios.nth(slot).map_or(0, |ratio| i64::from(ratio.value()))
                } else {
                    0
                })
            }
            Point::History { slot, flow, tariff } => {
                let direction = match flow {
                    Flow::Forward => 0,
                    Flow::Reverse => 1,
                    _ => return None,
                };
                let (first, count) = span(tariff as usize, def.tariffs)?;
                let at = places.energies(change(slot, &places)?) + first * 2 + direction;
                let kept = cells.iter().skip(at).step_by(2).take(count);
                let sum = kept.fold(Counter::ZERO, |sum, counter| sum.plus(*counter));
                Some(whole(sum.wrapped(metering.rollover())))
            }
            _ => None,
        }
    }

    fn factor(&self, metering: &Metering<'_>) -> u32 {
        Places::of(metering.def).set(metering.counters).last().map_or(1, CtRatio::factor)
    }

    fn at_terminals(&self, metering: &Metering<'_>) -> Option<Counter> {
        let places = Places::of(metering.def);
        places.set(metering.counters).next()?;
        let counters = metering.counters.iter().skip(places.history).take(places.each);
        Some(counters.fold(Counter::ZERO, |sum, counter| sum.plus(*counter)))
    }

    fn advance(&self, metering: &mut Metering<'_>, us: u64) -> bool {
        let places = Places::of(metering.def);
        if places.set(metering.counters).next().is_none() {
            return false;
        }
        // The first of the kept energies is that at the terminals, and goes on.
        let (rollover, step) = (metering.rollover(), metering.store_step());
        let tariff = (metering.tariff as usize).saturating_sub(1);
        let counters = metering.counters.iter_mut().skip(places.history + tariff * 2).take(2);
        let mut passed = false;
        for (direction, counter) in counters.enumerate() {
            for power in metering.rates.phases.iter().filter_map(|rates| rates.get(direction)) {
                passed |= *power > 0 && counter.add(*power, us, rollover, step);
            }
        }
        passed
    }

    fn note_tariff(&self, metering: &mut Metering<'_>) {
        if let (Some(mark), Tariff::T3 | Tariff::T4) = (Places::of(metering.def).mark, metering.tariff)
            && metering.counters.get(mark).is_some_and(|cell| cell.wh() == 0)
        {
            metering.put(mark, 1);
        }
    }

    fn set_ratio(&self, metering: &mut Metering<'_>, value: i32) {
        let def = metering.def;
        let places = Places::of(def);
        let Some(ratio) = CtRatio::from_value(value) else { return };
        let (used, last) = places.set(metering.counters).fold((0, CtRatio::UNITY), |(n, _), it| (n + 1, it));
        if ratio == last || used >= places.changes || metering.counters.len() < def.counters() {
            return;
        }
        let phases = usize::from(def.phases);
        let phase_step = usize::from(def.tariffs) * def.slots();
        for n in 0..places.each {
            // Forward and reverse of a tariff stand in its first two slots.
            let first = n / 2 * def.slots() + n % 2;
            let cells = Cells { first, phases, phase_step, tariffs: 1, slots: 1 };
            let energy = metering.sum(metering.counters, &cells);
            // What the first change ends goes on in its place.
            if let Some(kept) = metering.counters.get_mut(places.energies(used) + n) {
                *kept = energy;
            }
        }
        for row in metering.counters.chunks_exact_mut(def.slots()).take(phases * usize::from(def.tariffs)) {
            for counter in row.iter_mut().take(2) {
                *counter = Counter::ZERO;
            }
        }
        metering.put(places.ratios + used, u64::from(ratio.value().unsigned_abs()));
        metering.factor = ratio.factor();
        metering.rerate();
        metering.align_s0();
    }
}

/// The number of a slot, counted from 0, where the meter has it.
fn change(slot: u8, places: &Places) -> Option<usize> {
    usize::from(slot).checked_sub(1).filter(|change| *change < places.changes)
}

/// The directions of the three phases, a hexadecimal digit each.
fn directions(metering: &Metering<'_>) -> i64 {
    [Of::L1, Of::L2, Of::L3].into_iter().fold(0, |digits, of| {
        let digit = match metering.value(Point::Now { what: What::Direction, of }) {
            Some(1..) => 1,
            Some(..=-1) => 2,
            Some(0) | None => 0,
        };
        digits << 4 | digit
    })
}

/// The voltage between two phases.
fn line_voltage(metering: &Metering<'_>, of: Of) -> Option<i64> {
    let (place, a, b) = match of {
        Of::L12 => (0, 0, 1),
        Of::L13 => (1, 0, 2),
        Of::L23 => (2, 1, 2),
        _ => return None,
    };
    if b >= usize::from(metering.def.phases) {
        return None;
    }
    let load = &metering.sampled_load;
    let mv = match load.lines_mv {
        Some(lines) => u64::from(lines.get(place).copied().unwrap_or(0)),
        None => {
            let of = |phase: usize| load.phases.get(phase).map_or(0, |phase| u64::from(phase.voltage_mv));
            let (a, b) = (of(a), of(b));
            // Phases of 120° have a cosine of -1/2 between them. Voltages of 32 bits may not fit by a little.
            root((a * a).saturating_add(b * b).saturating_add(a * b))
        }
    };
    Some(round(i64::try_from(mv).unwrap_or(i64::MAX), metering.resolution.mv))
}
