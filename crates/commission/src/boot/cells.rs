//! The counters of a meter from what it tells of them: sums over phases, over tariffs and over both.
//!
//! A meter keeps a counter for each phase, tariff and direction, and tells sums of them, cut off at its last digit. Any
//! counters with these sums make a meter that tells the same, so they are filled from the first on, in a thousandth of
//! what is counted whole, so that what was cut off adds up too.

use alloc::vec;
use alloc::vec::Vec;

use rig::Counter;
use schema::{Combination, ModelDef, Source, TripOf};
use units::{EnergyKind, Flow, Phase, Point, Tariff};

use super::facts::Facts;

/// Parts of a Wh or varh that are told apart.
const PARTS: i64 = 1_000;
/// What a counter counts in one such part, in mW·µs.
const REST_OF_PART: u64 = 3_600_000_000;
/// More than any sum.
const ENDLESS: i64 = 1 << 60;

const PHASES: [Phase; 3] = [Phase::L1, Phase::L2, Phase::L3];
const TARIFFS: [Tariff; 4] = [Tariff::T1, Tariff::T2, Tariff::T3, Tariff::T4];

/// How often sums that do not fit are tried to be made fit.
const ROUNDS: usize = 2_000;
/// How far within what was told a sum is brought, in parts.
const INSIDE: i64 = 8;

/// From and to, both included, in parts.
type Span = (i64, i64);

fn told(facts: &Facts, kind: EnergyKind, flow: Flow, phase: Phase, tariff: Tariff) -> Option<Span> {
    let fact = facts.get(Source::Point(Point::Energy { kind, flow, phase, tariff }))?;
    let (low, high) = fact.span();
    Some((low.max(0).saturating_mul(PARTS), high.max(0).saturating_mul(PARTS).saturating_add(PARTS - 1)))
}

/// Fills `spans` so that they add up to `sum`: each gets its least, then from the first on what is missing. What does
/// not fit goes to the last.
fn fill(spans: &[Span], sum: i64) -> Vec<i64> {
    let mut all: Vec<i64> = spans.iter().map(|(low, _)| *low).collect();
    let mut missing = sum - all.iter().sum::<i64>();
    for (own, (low, high)) in all.iter_mut().zip(spans) {
        let more = missing.clamp(0, high - low);
        *own += more;
        missing -= more;
    }
    if let Some(last) = all.last_mut() {
        *last = last.saturating_add(missing).max(0);
    }
    all
}

fn sums(spans: &[Span]) -> Span {
    let sum = |end: fn(&Span) -> i64| spans.iter().map(end).fold(0, i64::saturating_add).min(ENDLESS);
    (sum(|span| span.0), sum(|span| span.1))
}

/// A table with these sums of rows and columns, filled from its first corner on.
fn corner(rows: &[i64], columns: &[i64]) -> Vec<Vec<i64>> {
    let mut table = vec![vec![0; columns.len()]; rows.len()];
    let mut left: Vec<i64> = columns.to_vec();
    let many = rows.len();
    for (number, (row, sum)) in table.iter_mut().zip(rows).enumerate() {
        let mut sum = *sum;
        for (cell, left) in row.iter_mut().zip(left.iter_mut()) {
            // The last row has all that is left, so that tariffs are right where phases cannot be.
            *cell = if number + 1 == many { *left } else { sum.min(*left) };
            sum -= *cell;
            *left -= *cell;
        }
    }
    table
}

fn counter(parts: i64) -> Counter {
    let parts = parts.max(0).unsigned_abs();
    let part = PARTS.unsigned_abs();
    Counter::new(parts / part, parts % part * REST_OF_PART)
}

/// The slots of a phase and tariff that make a direction, and what each is when it is told alone.
fn slots(def: &ModelDef, kind: EnergyKind, flow: Flow) -> Vec<(usize, Option<Flow>)> {
    match (kind, flow, def.metering.quadrants) {
        (EnergyKind::Active, Flow::Forward, _) => Vec::from([(0, None)]),
        (EnergyKind::Active, ..) => Vec::from([(1, None)]),
        (EnergyKind::Reactive, Flow::Forward, true) => Vec::from([(2, Some(Flow::Q1)), (3, Some(Flow::Q2))]),
        (EnergyKind::Reactive, _, true) => Vec::from([(4, Some(Flow::Q3)), (5, Some(Flow::Q4))]),
        (EnergyKind::Reactive, Flow::Forward, false) => Vec::from([(2, None)]),
        (EnergyKind::Reactive, _, false) => Vec::from([(3, None)]),
    }
}

/// The parts in the counters of one direction: a first table with the right sums where all that was told is whole.
fn direction(def: &ModelDef, facts: &Facts, kind: EnergyKind, flow: Flow, parts: &mut [i64]) {
    let metering = &def.metering;
    let phases = usize::from(metering.phases);
    let tariffs = || TARIFFS.iter().take(usize::from(metering.tariffs)).enumerate();
    // Tariff, slot, and what their sum over the phases may be. What is told of no tariff is the first one's.
    let mut columns: Vec<(usize, usize, Span)> = Vec::new();
    for (slot, quadrant) in slots(def, kind, flow) {
        let flow = quadrant.unwrap_or(flow);
        let of = |tariff| told(facts, kind, flow, Phase::All, tariff);
        let none = tariffs().all(|(_, tariff)| of(*tariff).is_none());
        for (n, tariff) in tariffs() {
            let first = if n == 0 { of(Tariff::All).unwrap_or((0, ENDLESS)) } else { (0, 0) };
            columns.push((n, slot, if none { first } else { of(*tariff).unwrap_or((0, ENDLESS)) }));
        }
    }
    let spans: Vec<Span> = columns.iter().map(|(_, _, span)| *span).collect();
    let of_phase = |phase: &Phase| told(facts, kind, flow, *phase, Tariff::All).unwrap_or((0, ENDLESS));
    let alone = Vec::from([(0, ENDLESS)]);
    let rows = if phases == 1 { alone } else { PHASES.iter().take(phases).map(of_phase).collect() };
    let all = told(facts, kind, flow, Phase::All, Tariff::All).unwrap_or((0, ENDLESS));
    let (by_column, by_row) = (sums(&spans), sums(&rows));
    let least = all.0.max(by_column.0).max(by_row.0);
    // Where they do not agree, the tariffs are believed: they are what is paid for.
    let sum = least.min(by_column.1).max(by_column.0);
    let table = corner(&fill(&rows, sum), &fill(&spans, sum));
    let per_phase = usize::from(metering.tariffs) * metering.slots();
    for (phase, row) in table.iter().enumerate() {
        for ((tariff, slot, _), value) in columns.iter().zip(row) {
            if let Some(cell) = parts.get_mut(phase * per_phase + tariff * metering.slots() + slot) {
                *cell = *value;
            }
        }
    }
}

/// Something that was told of a sum of counters, some of them taken away.
struct Told {
    cells: Vec<(usize, i64)>,
    span: Span,
}

/// What one told energy says of the counters; `None` for what is no sum of them.
fn sum_of(def: &ModelDef, combination: Combination, point: Point, (low, high): (i64, i64)) -> Option<Told> {
    let Point::Energy { kind, flow, phase, tariff } = point else { return None };
    let metering = &def.metering;
    let signs: [(Flow, i64); 2] = match (flow, combination) {
        (Flow::Trip, _) => return None,
        (Flow::Total, Combination::Forward) => [(Flow::Forward, 1), (Flow::Reverse, 0)],
        (Flow::Total, Combination::Reverse) => [(Flow::Forward, 0), (Flow::Reverse, 1)],
        (Flow::Total, Combination::Sum) => [(Flow::Forward, 1), (Flow::Reverse, 1)],
        (Flow::Total, Combination::ReverseLessForward) => [(Flow::Forward, -1), (Flow::Reverse, 1)],
        (Flow::Total, _) => [(Flow::Forward, 1), (Flow::Reverse, -1)],
        (Flow::Forward | Flow::Q1 | Flow::Q2, _) => [(Flow::Forward, 1), (Flow::Reverse, 0)],
        _ => [(Flow::Forward, 0), (Flow::Reverse, 1)],
    };
    let single = matches!(flow, Flow::Q1 | Flow::Q2 | Flow::Q3 | Flow::Q4).then_some(flow);
    let mut cells = Vec::new();
    for (way, sign) in signs.into_iter().filter(|(_, sign)| *sign != 0) {
        let meant = |it: &(usize, Option<Flow>)| single.is_none() || it.1 == single;
        for (slot, _) in slots(def, kind, way).into_iter().filter(meant) {
            for (n, own) in PHASES.iter().take(usize::from(metering.phases)).enumerate() {
                for (t, counts) in TARIFFS.iter().take(usize::from(metering.tariffs)).enumerate() {
                    let meant = matches!(phase, Phase::All) || phase == *own;
                    if meant && (matches!(tariff, Tariff::All) || tariff == *counts) {
                        cells.push(((n * usize::from(metering.tariffs) + t) * metering.slots() + slot, sign));
                    }
                }
            }
        }
    }
    // Numbers are cut off towards zero.
    let low =
        if low > 0 { low.saturating_mul(PARTS) } else { low.saturating_mul(PARTS).saturating_sub(PARTS - 1) };
    let high = if high < 0 {
        high.saturating_mul(PARTS)
    } else {
        high.saturating_mul(PARTS).saturating_add(PARTS - 1)
    };
    Some(Told { cells, span: (low, high) })
}

/// Moves the counters until all that was told fits, as far as it can: each sum that does not is brought to its nearest
/// end by all of its counters alike, again and again.
fn settle(all: &[Told], parts: &mut [i64]) {
    for _ in 0..ROUNDS {
        let mut moved = false;
        for told in all {
            let at = |cell: usize, parts: &[i64]| parts.get(cell).copied().unwrap_or(0);
            let sum: i64 = told.cells.iter().map(|(cell, sign)| sign * at(*cell, parts)).sum();
            let (low, high) = told.span;
            let inside = ((high - low) / 4).min(INSIDE);
            let missing = if sum < low {
                low + inside - sum
            } else if sum > high {
                high - inside - sum
            } else {
                continue;
            };
            moved = true;
            let mut left = missing;
            for (n, (cell, sign)) in told.cells.iter().enumerate() {
                let many = i64::try_from(told.cells.len() - n).unwrap_or(1);
                let step = left / many;
                if let Some(own) = parts.get_mut(*cell) {
                    let new = (*own + sign * step).max(0);
                    left -= sign * (new - *own);
                    *own = new;
                }
            }
        }
        if !moved {
            return;
        }
    }
}

/// The two counters behind a resettable counter that shows `value`: forward and reverse.
const fn trip(follows: TripOf, combination: Combination, value: i64) -> (i64, i64) {
    match (follows, combination) {
        (TripOf::Total, Combination::Reverse) => (0, value),
        (TripOf::Total, Combination::ReverseLessForward) if value >= 0 => (0, value),
        (TripOf::Total, Combination::ReverseLessForward) => (-value, 0),
        (
            TripOf::Total,
            Combination::ForwardLessReverse | Combination::Netted | Combination::NettedPulses,
        ) if value < 0 => (0, -value),
        _ => (value, 0),
    }
}

/// Fills all counters of a model that follow from what is known; those behind them, such as a history, are left alone.
pub(super) fn restore(def: &ModelDef, facts: &Facts, combination: Combination, cells: &mut [Counter]) {
    let metering = &def.metering;
    let counters = usize::from(metering.phases) * usize::from(metering.tariffs) * metering.slots();
    let mut parts = vec![0; counters];
    for kind in [EnergyKind::Active, EnergyKind::Reactive] {
        for flow in [Flow::Forward, Flow::Reverse] {
            direction(def, facts, kind, flow, &mut parts);
        }
    }
    let sums: Vec<Told> = facts
        .facts
        .iter()
        .filter_map(|fact| match fact.source {
            Source::Point(point) => sum_of(def, combination, point, fact.span()),
            _ => None,
        })
        .collect();
    settle(&sums, &mut parts);
    for (cell, parts) in cells.iter_mut().zip(&parts) {
        *cell = counter(*parts);
    }
    let trip_of = |phase| {
        let point = Point::Energy { kind: EnergyKind::Active, flow: Flow::Trip, phase, tariff: Tariff::All };
        facts.get(Source::Point(point)).map(|fact| fact.value)
    };
    let all = trip_of(Phase::All);
    let each = metering.trip;
    let phases = if each.per_phase { usize::from(metering.phases) } else { 1 };
    let of_phases: Vec<Option<i64>> = if phases == 1 {
        Vec::from([all])
    } else {
        PHASES.iter().take(phases).map(|it| trip_of(*it)).collect()
    };
    let known = of_phases.iter().any(Option::is_some);
    for (number, value) in of_phases.iter().enumerate() {
        // Where only the sum was told, the first phase has all of it.
        let value = if known { *value } else { all.filter(|_| number == 0) };
        let (forward, reverse) = trip(each.follows, combination, value.unwrap_or(0));
        let place = counters + number * each.directions();
        for (slot, wh) in [forward, reverse].into_iter().enumerate().take(each.directions()) {
            if let Some(cell) = cells.get_mut(place + slot) {
                *cell = counter(wh.saturating_mul(PARTS));
            }
        }
    }
    let high = TARIFFS.iter().skip(2).any(|tariff| {
        [Flow::Forward, Flow::Reverse].iter().any(|flow| {
            [EnergyKind::Active, EnergyKind::Reactive]
                .iter()
                .any(|kind| told(facts, *kind, *flow, Phase::All, *tariff).is_some_and(|(low, _)| low > 0))
        })
    });
    let mark = counters + metering.trip_counters();
    if high
        && metering.tariffs > 2
        && let Some(cell) = cells.get_mut(mark)
    {
        *cell = Counter::new(1, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_the_sums_it_was_made_for() {
        let (rows, columns) = ([5, 0, 7], [3, 4, 5]);
        let table = corner(&rows, &columns);
        for (row, sum) in table.iter().zip(rows) {
            assert_eq!(row.iter().sum::<i64>(), sum);
        }
        for (column, sum) in columns.iter().enumerate() {
            assert_eq!(table.iter().map(|row| row[column]).sum::<i64>(), *sum);
        }
        assert_eq!(corner(&[9], &[4, 5]), [[4, 5]]);
    }

    #[test]
    fn what_was_cut_off_adds_up() {
        // Two tariffs of 10 and 20 Wh whose sum was told as 31: each has some of what was cut off.
        assert_eq!(fill(&[(10_000, 10_999), (20_000, 20_999)], 31_000), [10_999, 20_001]);
        assert_eq!(fill(&[(1, 2), (3, 4)], 9), [2, 7], "more than fits goes to the last");
        assert_eq!(counter(10_999), Counter::new(10, 999 * REST_OF_PART));
    }

    #[test]
    fn a_resettable_counter_leads_back_to_its_directions() {
        assert_eq!(trip(TripOf::Forward, Combination::Reverse, 5), (5, 0));
        assert_eq!(trip(TripOf::Total, Combination::Reverse, 5), (0, 5));
        assert_eq!(trip(TripOf::Total, Combination::ReverseLessForward, -5), (5, 0));
        assert_eq!(trip(TripOf::Total, Combination::ForwardLessReverse, -5), (0, 5));
        assert_eq!(trip(TripOf::Total, Combination::NettedPulses, -5), (0, 5));
        assert_eq!(trip(TripOf::Total, Combination::NettedPulses, 5), (5, 0));
        assert_eq!(trip(TripOf::Total, Combination::Sum, 5), (5, 0));
    }
}
