//! Outputs edge by edge, against a model that knows nothing of portions, rests and closed forms: it multiplies
//! energies out in integers of 128 bits and walks from pulse to pulse.

use super::*;
use crate::{Edge, PulseOutput, PulseSource};
use proptest::prelude::*;
use std::collections::VecDeque;

/// mW·µs in 100 kWh: a rate of 0.01 imp/kWh gives one pulse for it.
const HUNDRED_KWH: u128 = 360_000_000_000_000_000;

/// One stretch under one load.
#[derive(Clone, Debug)]
struct Stretch {
    mw: i64,
    rate: u32,
    code: Combination,
    /// The supply goes and comes before it.
    cut: bool,
    us: u64,
}

fn stretches(longest_us: u64) -> impl Strategy<Value = Vec<Stretch>> {
    let mw = prop_oneof![
        Just(0),
        Just(5_625_000i64),
        -12_000_000i64..12_000_000,
        Just(16_071_429),
        -60_000_000i64..60_000_000,
        -1_000i64..1_000,
    ];
    let rate = prop_oneof![
        4 => prop::sample::select(vec![1u32, 10, 100, 1_000, 10_000, 100_000, 200_000, 1_000_000]),
        1 => 0u32..3_000_000,
    ];
    let code = prop::sample::select(vec![
        Combination::Forward,
        Combination::Reverse,
        Combination::Sum,
        Combination::ReverseLessForward,
        Combination::ForwardLessReverse,
        Combination::Netted,
    ]);
    let us = prop_oneof![0u64..100, 0u64..200_000, 0..longest_us];
    let one = (mw, rate, code, prop::bool::weighted(0.15), us)
        .prop_map(|(mw, rate, code, cut, us)| Stretch { mw, rate, code, cut, us });
    prop::collection::vec(one, 1..10)
}

/// What the model knows of a meter of one phase: its energies, in mW·µs.
#[derive(Default)]
struct Model {
    forward: u128,
    reverse: u128,
}

impl Model {
    /// Energy and power that an output shows, in mW·µs and mW.
    fn shown(&self, stretch: &Stretch) -> (u128, u128) {
        let (p, n) = (stretch.mw.max(0).unsigned_abs().into(), (-stretch.mw).max(0).unsigned_abs().into());
        match stretch.code {
            Combination::Forward => (self.forward, p),
            Combination::Reverse => (self.reverse, n),
            _ => (self.forward + self.reverse, p + n),
        }
    }

    fn pass(&mut self, stretch: &Stretch) {
        let energy = u128::from(stretch.mw.unsigned_abs()) * u128::from(stretch.us);
        if stretch.mw > 0 { self.forward += energy } else { self.reverse += energy }
    }
}

/// The microsecond of a stretch in which `energy`, growing by `power`, reaches pulse number `k` of a rate.
fn due_at(k: u128, rate: u128, energy: u128, power: u128) -> u128 {
    // The least t for which (energy + power * t) * rate >= k * HUNDRED_KWH.
    (k * HUNDRED_KWH - energy * rate).div_ceil(power * rate)
}

/// What an output gave: counted and last pulse, and all edges.
#[derive(Debug, Default, PartialEq, Eq)]
struct Given {
    edges: Vec<(u128, bool)>,
    waiting: usize,
}

/// Walks from pulse to pulse: what is due, and when the output is free for it.
#[derive(Default)]
struct Walk {
    waiting: VecDeque<u128>,
    free: u128,
    off: Option<u128>,
    given: Given,
}

impl Walk {
    fn cut(&mut self) {
        *self = Self { given: core::mem::take(&mut self.given), ..Self::default() };
    }

    /// `width` holds for all pulses that begin after `from`, up to `to`.
    fn walk(&mut self, from: u128, to: u128, width: u128) {
        loop {
            if let Some(off) = self.off {
                if off > to {
                    return;
                }
                self.given.edges.push((off, false));
                self.off = None;
            }
            let Some(due) = self.waiting.front() else { return };
            let begins = (*due).max(self.free);
            if begins > to {
                return;
            }
            assert!(begins > from || from == 0);
            self.waiting.pop_front();
            self.given.edges.push((begins, true));
            self.off = Some(begins + width);
            self.free = begins + 2 * width;
        }
    }
}

/// The edges of both outputs, as the model has them.
fn expected(stretches: &[Stretch]) -> [Given; 2] {
    let mut model = Model::default();
    let mut walks = [Walk::default(), Walk::default()];
    let mut at = 0u128;
    for stretch in stretches {
        if stretch.cut {
            walks.iter_mut().for_each(Walk::cut);
        }
        let end = at + u128::from(stretch.us);
        let all = (model.forward + model.reverse, u128::from(stretch.mw.unsigned_abs()));
        let s0 = model.shown(stretch);
        let s0_width = if s0.1 <= 5_625_000 { 32_000 } else { 11_200 };
        let outputs = [(all, 1_000_000, 10_000), (s0, u128::from(stretch.rate), s0_width)];
        for (walk, ((energy, power), rate, width)) in walks.iter_mut().zip(outputs) {
            let before = energy * rate / HUNDRED_KWH;
            let after = (energy + power * u128::from(stretch.us)) * rate / HUNDRED_KWH;
            walk.waiting.extend((before + 1..=after).map(|k| at + due_at(k, rate, energy, power)));
            walk.walk(at, end, width);
        }
        model.pass(stretch);
        at = end;
    }
    walks.map(|mut walk| {
        walk.given.waiting = walk.waiting.len();
        walk.given
    })
}

/// A meter with a lamp and a switching output, and how its time is cut.
struct Bench {
    meter: Metering<'static>,
    outputs: [PulseOutput; 2],
    at: u128,
}

impl Bench {
    fn new() -> Self {
        Self { meter: meter(&ONE), outputs: [PulseOutput::OPEN; 2], at: 0 }
    }

    /// Plays a stretch in pieces of time that `cut` gives; `step` lets one output pass one piece.
    fn play(
        &mut self,
        stretch: &Stretch,
        mut cut: impl FnMut(u64) -> u64,
        mut step: impl FnMut(usize, &mut PulseOutput, &mut PulseSource, u128, Duration),
    ) {
        if stretch.cut {
            let stored = self.meter.counters().to_vec();
            self.meter = meter(&ONE);
            self.meter.counters_mut().copy_from_slice(&stored);
            self.meter.restart();
            self.outputs = [PulseOutput::OPEN; 2];
        }
        self.meter.set_combination(stretch.code);
        self.meter.set_s0_rate(stretch.rate);
        self.meter.set_load(load(stretch.mw, 0));
        let mut left = stretch.us;
        while left > 0 {
            let piece = cut(left).clamp(1, left);
            let dt = Duration::from_micros(piece);
            let sources = [self.meter.led_source(), self.meter.s0_source()];
            let before = sources;
            let pulses = self.meter.advance(dt);
            for (index, (output, mut source)) in self.outputs.iter_mut().zip(sources).enumerate() {
                step(index, output, &mut source, self.at, dt);
            }
            for (mut source, train) in before.into_iter().zip([pulses.led, pulses.s0]) {
                assert_eq!(source.advance(dt), train, "the source foretells what the meter counts");
            }
            self.at += u128::from(piece);
            left -= piece;
        }
    }
}

/// Pieces that `seeds` give, one after the other and from the first again: tiny ones, middle ones, all that is left.
fn cutter(seeds: &[u64]) -> impl FnMut(u64) -> u64 {
    let mut index = 0;
    move |left| {
        let seed = seeds.get(index % seeds.len()).copied().unwrap_or(1);
        index += 1;
        match seed % 8 {
            0 => 1,
            1 | 2 => seed % 1_000,
            3 | 4 => seed % 40_000,
            5 | 6 => seed % 5_000_000,
            _ => left,
        }
        // Never more than some hundred pieces a stretch.
        .max(left / 200)
    }
}

proptest! {
    /// One by one, in random slices: the same edges in the same microseconds as the model's.
    #[test]
    fn edges_are_those_of_the_energy(
        stretches in stretches(3_000_000),
        seeds in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let mut bench = Bench::new();
        let mut given = [Given::default(), Given::default()];
        let mut cut = cutter(&seeds);
        for stretch in &stretches {
            bench.play(stretch, &mut cut, |index, output, source, at, dt| {
                output.edges(source, dt, |edge| {
                    given[index].edges.push((at + u128::from(edge.at.as_micros()), edge.on));
                });
            });
        }
        for (given, output) in given.iter_mut().zip(bench.outputs) {
            given.waiting = usize::try_from(output.waiting()).unwrap();
        }
        prop_assert_eq!(given, expected(&stretches));
    }

    /// In one jump, in random slices and edge by edge: the same pulses, and the same output afterwards.
    #[test]
    fn a_jump_gives_what_edges_give(
        stretches in stretches(60_000_000),
        seeds in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let (mut jumps, mut slices, mut walked) = (Bench::new(), Bench::new(), Bench::new());
        let mut cut = cutter(&seeds);
        for stretch in &stretches {
            let mut trains = [[crate::Train::default(); 2]; 3];
            let from = jumps.at;
            let passed = |at: u128| Duration::from_micros(u64::try_from(at - from).unwrap());
            jumps.play(stretch, |left| left, |index, output, source, at, dt| {
                trains[0][index] = trains[0][index].then(passed(at), output.advance(source, dt));
            });
            slices.play(stretch, &mut cut, |index, output, source, at, dt| {
                trains[1][index] = trains[1][index].then(passed(at), output.advance(source, dt));
            });
            let mut rises = [0u64; 2];
            walked.play(stretch, |left| left, |index, output, source, at, dt| {
                let train = output.edges(source, dt, |edge| rises[index] += u64::from(edge.on));
                trains[2][index] = trains[2][index].then(passed(at), train);
            });
            prop_assert_eq!(trains[0], trains[1]);
            prop_assert_eq!(trains[0], trains[2]);
            prop_assert_eq!(trains[0].map(|train| train.count), rises);
            prop_assert_eq!(jumps.outputs, slices.outputs);
            prop_assert_eq!(jumps.outputs, walked.outputs);
        }
    }

    /// Years: the count is that of the energy, the remainder too, and so are the first and the last pulse.
    #[test]
    fn years_lose_and_invent_nothing(
        stretches in stretches(40_000_000_000_000),
        seeds in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let mut model = Model::default();
        let (mut jumps, mut slices) = (Bench::new(), Bench::new());
        let mut cut = cutter(&seeds);
        for stretch in &stretches {
            let (mut due, mut cut_due) = (crate::Train::default(), crate::Train::default());
            let from = jumps.at;
            let mut after = None;
            jumps.play(stretch, |left| left, |index, output, source, _, dt| {
                let mut all = *source;
                output.advance(source, dt);
                if index == 1 {
                    due = all.advance(dt);
                    after = Some((all.next_due(), *output));
                }
            });
            let mut cut_after = None;
            slices.play(stretch, &mut cut, |index, output, source, at, dt| {
                let mut all = *source;
                output.advance(source, dt);
                if index == 1 {
                    let passed = Duration::from_micros(u64::try_from(at - from).unwrap());
                    cut_due = cut_due.then(passed, all.advance(dt));
                    cut_after = Some((all.next_due(), *output));
                }
            });
            prop_assert_eq!(due, cut_due);
            prop_assert_eq!(after, cut_after);
            let (energy, power) = model.shown(stretch);
            let rate = u128::from(stretch.rate);
            let before = energy * rate / HUNDRED_KWH;
            let total = (energy + power * u128::from(stretch.us)) * rate / HUNDRED_KWH;
            let at = |k| Some(Duration::from_micros(u64::try_from(due_at(k, rate, energy, power)).unwrap()));
            prop_assert_eq!(u128::from(due.count), total - before);
            prop_assert_eq!(due.first, (total > before).then(|| at(before + 1)).flatten());
            prop_assert_eq!(due.last, (total > before).then(|| at(total)).flatten());
            model.pass(stretch);
        }
    }

    /// Where the description says that pulses fit, none ever waits; a mW more, and they do.
    #[test]
    fn the_limit_is_the_largest_power_that_fits(rate in 1u32..100_000_000, p in 0.0f64..1.0) {
        let limit = ONE.pulse_limit_mw(rate).unwrap();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let below = (limit as f64 * p) as u64;
        prop_assert!(ONE.pulses_fit(rate, limit));
        prop_assert!(ONE.pulses_fit(rate, below));
        prop_assert!(!ONE.pulses_fit(rate, limit + 1));
        for (mw, fits) in [(limit, true), (below, true), (limit + limit / 1_000 + 1, false)] {
            if i64::try_from(mw).is_ok_and(|mw| mw < 1_000_000_000_000) && ONE.pulses_fit(rate, mw) == fits {
                let mut meter = meter(&ONE);
                meter.set_s0_rate(rate);
                meter.set_load(load(i64::try_from(mw).unwrap(), 0));
                let mut output = PulseOutput::OPEN;
                let year = Duration::from_secs(365 * 86_400);
                output.advance(&mut meter.s0_source(), year);
                prop_assert_eq!(output.waiting() == 0, fits, "{} mW", mw);
            }
        }
    }
}

#[test]
fn the_fastest_rate_fits_up_to_what_half_the_time_leaves() {
    assert_eq!(ONE.pulse_limit_mw(1_000_000), Some(16_071_428));
    assert_eq!(ONE.pulse_limit_mw(100_000), Some(160_714_285));
    assert_eq!(ONE.pulse_limit_mw(2_000_000), Some(2_812_500));
    assert_eq!(ONE.pulse_limit_mw(0), None);
    assert!(ONE.pulses_fit(0, u64::MAX));
    // At 2 × 10000 imp/kWh the longer pulses are too long, the shorter ones fit again.
    assert!(!ONE.pulses_fit(2_000_000, 5_000_000) && ONE.pulses_fit(2_000_000, 5_700_000));
    static NONE: MeteringDef = MeteringDef { pulse_widths: &[], ..SINGLE };
    assert_eq!(NONE.pulse_limit_mw(1_000_000), None);
    assert!(NONE.pulses_fit(1_000_000, u64::MAX));
}

#[test]
fn pulses_that_come_too_fast_wait_and_come_later() {
    let mut meter = meter(&ONE);
    meter.set_s0_rate(1_000_000);
    // 36 kW are a pulse each 10 ms; the output can give one each 22.4 ms.
    meter.set_load(load(36_000_000, 0));
    let mut output = PulseOutput::OPEN;
    let mut edges = Vec::new();
    let mut source = meter.s0_source();
    output.edges(&mut source, Duration::from_millis(50), |edge| edges.push(edge));
    let edge = |us, on| Edge { at: Duration::from_micros(us), on };
    assert_eq!(edges, [edge(10_000, true), edge(21_200, false), edge(32_400, true), edge(43_600, false)]);
    assert_eq!((output.waiting(), output.is_on()), (3, false));
    meter.advance(Duration::from_millis(50));
    // The load goes, the three that wait come, each as wide as suits the power of now.
    meter.set_load(load(0, 0));
    edges.clear();
    let train = output.edges(&mut meter.s0_source(), HOUR, |edge| edges.push(edge));
    assert_eq!(train.count, 3);
    assert_eq!(edges[..3], [edge(4_800, true), edge(36_800, false), edge(68_800, true)]);
    assert_eq!((output.waiting(), output.is_on()), (0, false));
}

#[test]
fn every_microsecond_apart_gives_the_same() {
    let source = |mw| {
        let mut meter = meter(&ONE);
        meter.set_s0_rate(1_000_000);
        meter.set_load(load(mw, 0));
        meter.s0_source()
    };
    // Pulses that wait for each other, then none that are due but those that wait, then pulses that just fit.
    let (mut by_edge, mut by_us) = (PulseOutput::OPEN, PulseOutput::OPEN);
    for mw in [36_000_000, 0, 16_000_000, 5_625_000] {
        let start = source(mw);
        let (mut rises, mut first, mut second) = (Vec::new(), start, start);
        by_edge.edges(&mut first, Duration::from_millis(150), |edge| {
            rises.extend(edge.on.then(|| edge.at.as_micros()));
        });
        let before = by_us;
        let mut begun = Vec::new();
        for us in 1..=150_000 {
            let train = by_us.advance(&mut second, Duration::from_micros(1));
            assert!(train.count <= 1 && train.first == train.last);
            begun.extend(train.first.map(|_| us));
            // From the start up to here in one jump.
            let jump = { before }.advance(&mut { start }, Duration::from_micros(us));
            assert_eq!(usize::try_from(jump.count), Ok(begun.len()));
            assert_eq!(jump.last.map(Duration::as_micros), begun.last().copied());
        }
        assert_eq!(begun, rises, "{mw}");
        assert_eq!(by_us, by_edge, "{mw}");
    }
}

#[test]
fn an_output_without_widths_gives_nothing() {
    static NONE: MeteringDef = MeteringDef { pulse_widths: &[], ..SINGLE };
    let mut meter = meter(&NONE);
    meter.set_s0_rate(1_000_000);
    meter.set_load(load(36_000_000, 0));
    let mut output = PulseOutput::OPEN;
    let mut none = 0;
    output.edges(&mut meter.s0_source(), HOUR, |_| none += 1);
    assert_eq!((output, none), (PulseOutput::OPEN, 0));
    let mut silent = PulseSource::SILENT;
    assert_eq!(output.advance(&mut silent, HOUR).count, 0);
}
