//! The ratio of current transformers, and the energies that its changes end.

use super::*;
use proptest::prelude::*;
use units::{CtRatio, StateOf};

fn ratio(primary: u16, secondary: u8) -> i32 {
    CtRatio::new(primary, secondary).unwrap().value()
}

fn history(slot: u8, flow: Flow, tariff: Tariff) -> Point {
    Point::History { slot, flow, tariff }
}

fn state(meter: &mut Metering<'_>, of: StateOf) -> Option<i64> {
    now(meter, Point::State(of))
}

#[test]
fn readings_are_of_the_primary_side_and_the_starting_current_of_the_terminals() {
    let mut meter = meter(&TRANSFORMED);
    meter.set_ct_ratio(ratio(500, 5));
    let small = PhaseReading { current_ma: 1, ..phase(230, 0) };
    meter.set_load(Load {
        phases: [phase(230_000, -40_000), phase(-115_000, 20_000), small],
        ..Load::default()
    });
    meter.sample();
    for (what, expected) in [
        (What::U, [0, 230_000, 230_000, 230_000]),
        (What::I, [0, 100_000, -100_000, 0]),
        (What::P, [11_500_000, 23_000_000, -11_500_000, 0]),
        (What::Q, [-2_000_000, -4_000_000, 2_000_000, 0]),
        (What::S, [35_018_000, 23_345_000, 11_673_000, 0]),
        (What::Pf, [990, 990, 990, 1_000]),
    ] {
        let values = [Of::All, Of::L1, Of::L2, Of::L3].map(|of| meter.value(reading(what, of)));
        assert_eq!(values, expected.map(Some), "{what:?}");
    }
    meter.advance(HOUR);
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(23_000));
    assert_eq!(now(&mut meter, active(Flow::Reverse)), Some(11_500));
    assert_eq!(now(&mut meter, active(Flow::Trip)), Some(23_000));
}

#[test]
fn each_change_ends_the_energies_of_now_and_the_first_goes_on_for_ever() {
    let mut meter = meter(&TRANSFORMED);
    meter.set_load(loads([(1_000_000, 500_000), (1_000_000, 0), (-500_000, 0)]));
    meter.advance(HOUR);
    assert_eq!(state(&mut meter, StateOf::CtRatio), Some(55));
    assert_eq!(state(&mut meter, StateOf::CtChanges), Some(0));
    assert_eq!(now(&mut meter, Point::HistoryRatio(1)), Some(0));
    // One hour of each ratio.
    let factors: [u16; 7] = [2, 30, 400, 1, 9_999, 6, 7];
    for (n, factor) in (0u8..).zip(factors) {
        meter.set_ct_ratio(ratio(factor, 1));
        assert_eq!(state(&mut meter, StateOf::CtRatio), Some(i64::from(factor) * 10 + 1));
        assert_eq!(state(&mut meter, StateOf::CtChanges), Some(i64::from(n) + 1));
        assert_eq!(now(&mut meter, active(Flow::Forward)), Some(0), "change {n}");
        assert_eq!(now(&mut meter, Point::active(Flow::Reverse, Tariff::T1)), Some(0));
        meter.advance(HOUR);
        assert_eq!(now(&mut meter, active(Flow::Forward)), Some(i64::from(factor) * 2_000));
    }
    // Slot 1 has an hour of its own and the seven after it, at the terminals.
    let forward = |meter: &mut Metering<'_>, slot| now(meter, history(slot, Flow::Forward, Tariff::T1));
    assert_eq!(forward(&mut meter, 1), Some(8 * 2_000));
    assert_eq!(now(&mut meter, history(1, Flow::Reverse, Tariff::All)), Some(8 * 500));
    assert_eq!(now(&mut meter, Point::HistoryRatio(1)), Some(55));
    for (slot, factor) in (2u8..).zip(factors).take(6) {
        assert_eq!(forward(&mut meter, slot), Some(i64::from(factor) * 2_000), "slot {slot}");
        assert_eq!(now(&mut meter, history(slot, Flow::Reverse, Tariff::T2)), Some(0));
        assert_eq!(now(&mut meter, Point::HistoryRatio(slot)), Some(i64::from(factor) * 10 + 1));
    }
    // Reactive energy and the resettable counter go on through all of them.
    let primary: i64 = 1 + factors.iter().map(|factor| i64::from(*factor)).sum::<i64>();
    assert_eq!(now(&mut meter, Point::reactive(Flow::Q1, Tariff::T1)), Some(500 * primary));
    assert_eq!(now(&mut meter, active(Flow::Trip)), Some(2_000 * primary));
    // The eighth changes nothing.
    let before = (meter.counters().to_vec(), meter.stored_steps());
    meter.set_ct_ratio(ratio(100, 5));
    assert_eq!((meter.counters().to_vec(), meter.stored_steps()), before);
    assert_eq!(state(&mut meter, StateOf::CtRatio), Some(71));
}

#[test]
fn what_is_no_change_changes_nothing() {
    let mut meter = meter(&TRANSFORMED);
    meter.set_load(load(1_000_000, 0));
    meter.set_ct_ratio(ratio(100, 1));
    meter.advance(HOUR);
    let before = meter.counters().to_vec();
    for value in [ratio(100, 1), 0, 17, -1, i32::MAX] {
        meter.set_ct_ratio(value);
        assert_eq!(meter.counters(), before, "{value}");
    }
    for slot in [0, 8] {
        assert_eq!(now(&mut meter, Point::HistoryRatio(slot)), None);
        assert_eq!(now(&mut meter, history(slot, Flow::Forward, Tariff::T1)), None);
    }
    assert_eq!(now(&mut meter, history(1, Flow::Total, Tariff::T1)), None);
    assert_eq!(now(&mut meter, history(2, Flow::Forward, Tariff::T1)), Some(0));
    // A meter without transformers has none of it.
    let mut direct = super::meter(&THREE);
    direct.set_ct_ratio(ratio(100, 1));
    direct.set_load(load(1_000_000, 0));
    direct.advance(HOUR);
    assert_eq!(now(&mut direct, active(Flow::Forward)), Some(1_000));
    for point in [Point::State(StateOf::CtRatio), Point::State(StateOf::CtChanges), Point::HistoryRatio(1)] {
        assert_eq!(now(&mut direct, point), None);
    }
}

#[test]
fn a_restart_finds_ratio_history_and_pulses_where_they_were() {
    let run = |cut: bool| {
        let mut meter = meter(&TRANSFORMED);
        meter.set_s0_rate(1_000);
        meter.set_load(loads([(1_234_567, 7_654), (765_432, -1), (3, 3)]));
        let mut pulses = crate::Pulses::default();
        for value in [ratio(100, 1), ratio(3_000, 5), ratio(5, 5)] {
            for _ in 0..3 {
                pulses = pulses.then(Duration::ZERO, meter.advance(Duration::from_secs(1_234)));
                if cut {
                    // All that a restart has is its counters.
                    meter.restart();
                }
            }
            meter.set_ct_ratio(value);
            if cut {
                meter.restart();
            }
        }
        (meter.counters().to_vec(), pulses.led.count, pulses.s0.count)
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn the_lamp_flashes_for_the_terminals_and_the_output_for_the_primary_side() {
    let mut meter = meter(&TRANSFORMED);
    meter.set_s0_rate(100_000);
    meter.set_ct_ratio(ratio(1_000, 5));
    meter.set_load(loads([(100_000, 0); 3]));
    let pulses = meter.advance(HOUR);
    assert_eq!((pulses.led.count, pulses.s0.count), (3_000, 60_000));
    assert_eq!(meter.s0_source().power_mw(), 60_000_000);
}

#[test]
fn a_program_without_the_part_counts_without_it() {
    let counters = || vec![Counter::ZERO; TRANSFORMED.counters()].leak();
    let mut meter = Metering::new(&TRANSFORMED, counters(), counters());
    meter.set_ct_ratio(ratio(100, 1));
    meter.set_load(load(1_000_000, 0));
    meter.advance(HOUR);
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(1_000));
    assert_eq!(now(&mut meter, Point::HistoryRatio(1)), None);
    assert_eq!(now(&mut meter, reading(What::U, Of::L12)), None);
}

fn power() -> impl Strategy<Value = (i64, i64)> {
    (-20_000_000i64..20_000_000, -20_000_000i64..20_000_000)
}

fn ratios() -> impl Strategy<Value = i32> {
    prop_oneof![(1u16..=9_999).prop_map(|a| ratio(a, 1)), (1u16..=1_999).prop_map(|n| ratio(n * 5, 5))]
}

proptest! {
    /// Sums in 128 bits that know nothing of the metering, over changes of ratio, tariff and code: every counter to the
    /// last mW·µs.
    #[test]
    fn energies_hold_what_flowed_over_changes_of_the_ratio(
        steps in prop::collection::vec(
            (
                [power(), power(), power()],
                0u64..400_000_000_000,
                prop::option::weighted(0.4, ratios()),
                0usize..4,
                any::<bool>(),
            ),
            1..20,
        ),
    ) {
        const WH: u128 = 3_600_000_000_000;
        let ring = 1_000_000_000 * WH;
        let mut meter = meter(&TRANSFORMED);
        let mut now_energies = [[[0u128; 2]; 4]; 3];
        let mut terminals = [[0u128; 2]; 4];
        let mut slots = [[[0u128; 2]; 4]; 7];
        let mut reactive = [[0u128; 2]; 4];
        let mut trips = [[0u128; 2]; 3];
        let (mut factor, mut present, mut changes) = (1u128, 55, 0);
        for (powers, us, change, tariff, restarted) in steps {
            if let Some(value) = change.filter(|value| *value != present && changes < 7) {
                let total = |tariff: usize, way: usize| now_energies.iter().map(|it| it[tariff][way] % ring).sum::<u128>();
                slots[changes] = [0, 1, 2, 3].map(|tariff| [total(tariff, 0), total(tariff, 1)]);
                if changes == 0 {
                    terminals = slots[0];
                }
                now_energies = [[[0; 2]; 4]; 3];
                (present, changes) = (value, changes + 1);
                factor = CtRatio::from_value(value).unwrap().factor().into();
            }
            if let Some(value) = change {
                meter.set_ct_ratio(value);
            }
            if restarted {
                meter.restart();
            }
            meter.set_tariff([Tariff::T1, Tariff::T2, Tariff::T3, Tariff::T4][tariff]);
            meter.set_load(loads(powers));
            meter.advance(Duration::from_micros(us));
            for (phase, (p, q)) in powers.into_iter().enumerate() {
                let way = usize::from(p < 0);
                let energy = u128::from(p.unsigned_abs()) * u128::from(us);
                now_energies[phase][tariff][way] += energy * factor;
                trips[phase][way] += energy * factor;
                terminals[tariff][way] += energy;
                reactive[tariff][usize::from(q < 0)] += u128::from(q.unsigned_abs()) * u128::from(us) * factor;
            }
        }
        let held = |place: usize| {
            let counter = meter.counters()[place];
            u128::from(counter.wh()) * WH + u128::from(counter.rest())
        };
        for tariff in 0..4 {
            for way in 0..2 {
                for (phase, energies) in now_energies.iter().enumerate() {
                    prop_assert_eq!(held((phase * 4 + tariff) * 6 + way), energies[tariff][way] % ring);
                }
                let quadrants = (0..3).flat_map(|phase| [0, 1].map(|n| (phase * 4 + tariff) * 6 + 2 + 2 * way + n));
                prop_assert_eq!(quadrants.map(held).sum::<u128>() % ring, reactive[tariff][way] % ring);
                for (slot, ended) in slots.iter().enumerate() {
                    let expected = if slot == 0 && changes > 0 { &terminals } else { ended };
                    let place = 72 + 6 + 1 + 7 + slot * 8 + tariff * 2 + way;
                    prop_assert_eq!(held(place), expected[tariff][way] % ring, "slot {}", slot + 1);
                }
            }
        }
        for (phase, ways) in trips.into_iter().enumerate() {
            for (way, sum) in ways.into_iter().enumerate() {
                prop_assert_eq!(held(72 + phase * 2 + way), sum % ring);
            }
        }
    }
}
