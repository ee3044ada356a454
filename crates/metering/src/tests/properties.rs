use super::*;
use crate::{Pulses, Train};
use proptest::prelude::*;

fn powers() -> impl Strategy<Value = (i64, i64)> {
    let power = prop_oneof![-12_000_000i64..12_000_000, -3i64..3, any::<i64>()];
    (power.clone(), power)
}

fn codes() -> impl Strategy<Value = Combination> {
    prop::sample::select(vec![
        Combination::Forward,
        Combination::Reverse,
        Combination::Sum,
        Combination::ReverseLessForward,
        Combination::ForwardLessReverse,
        Combination::Netted,
    ])
}

/// Pieces of time from a microsecond to weeks, some of them empty.
fn pieces() -> impl Strategy<Value = Vec<u64>> {
    let piece = prop_oneof![0u64..10, 0u64..3_000_000, 0u64..3_000_000_000_000];
    prop::collection::vec(piece, 1..12)
}

fn total(pieces: &[u64]) -> Duration {
    Duration::from_micros(pieces.iter().sum())
}

proptest! {
    #[test]
    fn cutting_time_changes_nothing(
        powers in [powers(), powers(), powers()],
        code in codes(),
        rate in prop_oneof![Just(100_000u32), 0u32..2_000_000, any::<u32>()],
        pieces in pieces(),
    ) {
        let [mut whole, mut cut] = [(); 2].map(|()| {
            let mut meter = meter(&THREE);
            meter.set_combination(code);
            meter.set_s0_rate(rate);
            meter.set_load(loads(powers));
            meter
        });
        let expected = whole.advance(total(&pieces));
        let mut joined = Pulses::default();
        let mut passed = Duration::ZERO;
        for us in pieces {
            let piece = Duration::from_micros(us);
            let pulses = cut.advance(piece);
            for train in [pulses.led, pulses.s0] {
                prop_assert_eq!(train.first.is_some(), train.count > 0);
                prop_assert!(train.first <= train.last);
                prop_assert!(train.last.is_none_or(|last| last <= piece && !last.is_zero()));
            }
            joined = joined.then(passed, pulses);
            passed += piece;
        }
        prop_assert_eq!(joined, expected);
        prop_assert_eq!(whole.counters(), cut.counters());
    }

    #[test]
    fn counters_hold_what_flowed(
        steps in prop::collection::vec((powers(), 0u64..40_000_000_000_000, any::<bool>()), 1..8),
    ) {
        let mut meter = meter(&ONE);
        // Forward and reverse, active and reactive, of two tariffs, in mW·µs; then the resettable counter.
        let mut sums = [0u128; 9];
        for ((p, q), us, second) in steps {
            meter.set_tariff(if second { Tariff::T2 } else { Tariff::T1 });
            meter.set_load(load(p, q));
            meter.advance(Duration::from_micros(us));
            let limit = 1_000_000_000_000;
            for (slot, power) in [(0, p), (1, p.saturating_neg()), (2, q), (3, q.saturating_neg())] {
                let energy = u128::try_from(power.clamp(0, limit)).unwrap() * u128::from(us);
                sums[slot + if second { 4 } else { 0 }] += energy;
                if slot == 0 {
                    sums[8] += energy;
                }
            }
        }
        let wh = 3_600_000_000_000;
        for (counter, sum) in meter.counters().iter().zip(sums) {
            let held = u128::from(counter.wh()) * wh + u128::from(counter.rest());
            prop_assert_eq!(held, sum % (1_000_000_000 * wh));
        }
    }

    #[test]
    fn pulses_are_the_energy_over_changing_loads(
        rate in 1u32..10_000_000,
        steps in prop::collection::vec((0i64..20_000_000, 0u64..100_000_000_000), 1..20),
    ) {
        let mut meter = meter(&ONE);
        meter.set_s0_rate(rate);
        let (mut led, mut s0, mut energy) = (0, 0, 0u128);
        for (mw, us) in steps {
            meter.set_load(load(mw, 0));
            let pulses = meter.advance(Duration::from_micros(us));
            led += u128::from(pulses.led.count);
            s0 += u128::from(pulses.s0.count);
            energy += u128::try_from(mw).unwrap() * u128::from(us);
        }
        prop_assert_eq!(led, energy * 10_000 / 3_600_000_000_000_000);
        prop_assert_eq!(s0, energy * u128::from(rate) / 360_000_000_000_000_000);
    }

    #[test]
    fn nothing_given_is_too_large(
        powers in [powers(), powers(), powers()],
        code in codes(),
        currents in any::<[u32; 3]>(),
        rate in any::<u32>(),
        times in any::<[u64; 3]>(),
        stored in any::<[(u64, u64); 3]>(),
    ) {
        let mut meter = meter(&THREE);
        for (counter, (wh, rest)) in meter.counters_mut().iter_mut().zip(stored) {
            *counter = Counter::new(wh, rest);
        }
        meter.restart();
        meter.set_combination(code);
        meter.set_s0_rate(rate);
        let mut load = loads(powers);
        for (phase, current) in load.phases.iter_mut().zip(currents) {
            phase.current_ma = current;
        }
        meter.set_load(load);
        for us in times {
            let pulses = meter.advance(Duration::from_micros(us));
            prop_assert_eq!(pulses.s0 == Train::default(), pulses.s0.count == 0);
        }
        meter.sample();
        let ring = 1_000_000_000;
        for point in (0..=u16::MAX).filter_map(Point::from_code) {
            let value = meter.value(point);
            if let Point::Energy { .. } = point {
                prop_assert!(value.is_none_or(|wh| -ring < wh && wh < ring), "{} {:?}", point, value);
            }
            if let Point::Now { what: What::Pf, .. } = point {
                prop_assert!(value.is_none_or(|pf| (0..=1_000).contains(&pf)), "{:?}", value);
            }
        }
    }
}
