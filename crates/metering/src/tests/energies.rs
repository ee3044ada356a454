use super::*;

#[test]
fn a_hundred_watts_for_ten_hours_are_a_kilowatt_hour_in_one_step() {
    let mut meter = meter(&ONE);
    meter.set_load(load(100_000, 0));
    meter.advance(HOUR.times(10));
    assert_eq!(meter.counters()[0], Counter::new(1_000, 0));
}

#[test]
fn a_hundred_watts_for_ten_hours_are_a_kilowatt_hour_in_steps_of_a_millisecond() {
    let mut meter = meter(&ONE);
    meter.set_load(load(100_000, 0));
    for _ in 0..36_000_000 {
        meter.advance(Duration::from_millis(1));
    }
    assert_eq!(meter.counters()[0], Counter::new(1_000, 0));
}

#[test]
fn a_milliwatt_counts_too() {
    let mut meter = meter(&ONE);
    meter.set_load(load(-1, 0));
    meter.advance(HOUR.times(999));
    assert_eq!(now(&mut meter, active(Flow::Reverse)), Some(0));
    meter.advance(HOUR);
    assert_eq!(now(&mut meter, active(Flow::Reverse)), Some(1));
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(0));
}

#[test]
fn each_direction_has_its_counter() {
    let mut meter = meter(&ONE);
    for (p, q) in [(1_000_000, 2_000_000), (-3_000_000, 4_000_000), (-5_000_000, -6_000_000)] {
        meter.set_load(load(p, q));
        meter.advance(HOUR);
    }
    let values = [
        active(Flow::Forward),
        active(Flow::Reverse),
        Point::reactive(Flow::Forward, Tariff::All),
        Point::reactive(Flow::Reverse, Tariff::All),
    ]
    .map(|point| now(&mut meter, point));
    assert_eq!(values, [Some(1_000), Some(8_000), Some(6_000), Some(6_000)]);
    let quadrants = [Flow::Q1, Flow::Q2, Flow::Q3, Flow::Q4].map(|flow| now(&mut meter, active(flow)));
    assert_eq!(quadrants, [None; 4]);
}

#[test]
fn the_combination_code_makes_every_total() {
    let mut meter = meter(&ONE);
    for (p, q) in [(10_000_000, 1_000_000), (-12_000_000, -4_000_000)] {
        meter.set_load(load(p, q));
        meter.advance(HOUR);
    }
    meter.sample();
    for (code, active_total, reactive_total) in [
        (Combination::Forward, 10_000, 1_000),
        (Combination::Reverse, 12_000, 4_000),
        (Combination::Sum, 22_000, 5_000),
        (Combination::ReverseLessForward, 2_000, 3_000),
        (Combination::ForwardLessReverse, -2_000, -3_000),
        (Combination::Netted, -2_000, -3_000),
    ] {
        meter.set_combination(code);
        let total = |kind, phase, tariff| meter.value(energy(kind, Flow::Total, phase, tariff));
        assert_eq!(total(EnergyKind::Active, Phase::All, Tariff::All), Some(active_total), "{code:?}");
        assert_eq!(total(EnergyKind::Active, Phase::L1, Tariff::T1), Some(active_total), "{code:?}");
        assert_eq!(total(EnergyKind::Reactive, Phase::All, Tariff::All), Some(reactive_total), "{code:?}");
        assert_eq!(total(EnergyKind::Active, Phase::All, Tariff::T2), Some(0), "{code:?}");
    }
}

#[test]
fn a_difference_is_cut_off_towards_zero_rests_and_all() {
    // 1.25 Wh forward, 2 Wh and 0.5 Wh reverse.
    let quarter = 900_000_000_000;
    assert_eq!(Counter::new(1, quarter).less(Counter::new(2, 0)), 0);
    assert_eq!(Counter::new(1, quarter).less(Counter::new(2, 2 * quarter)), -1);
    assert_eq!(Counter::new(2, 0).less(Counter::new(0, quarter)), 1);
    assert_eq!(Counter::new(2, 0).less(Counter::new(2, 0)), 0);
    assert_eq!(Counter::new(0, 0).less(Counter::new(u64::MAX, 0)), -i64::MAX);
    assert_eq!(Counter::new(1, 5 * quarter), Counter::new(2, quarter));
}

#[test]
fn phases_count_for_themselves_and_are_summed() {
    let mut meter = meter(&THREE);
    meter.set_load(loads([(5_000_000, 0), (5_000_000, 0), (-12_000_000, 0)]));
    meter.advance(HOUR);
    let mut of = |flow, phase| now(&mut meter, energy(EnergyKind::Active, flow, phase, Tariff::All));
    assert_eq!(of(Flow::Forward, Phase::All), Some(10_000));
    assert_eq!(of(Flow::Reverse, Phase::All), Some(12_000));
    assert_eq!(of(Flow::Forward, Phase::L2), Some(5_000));
    assert_eq!(of(Flow::Reverse, Phase::L3), Some(12_000));
    assert_eq!(of(Flow::Forward, Phase::L3), Some(0));
}

#[test]
fn netted_phases_count_what_is_left_of_them() {
    for (powers, phases, forward, reverse) in [
        ([5, 5, -12], [0, 0, -2], 0, 2),
        ([5, 5, -2], [3, 5, 0], 8, 0),
        ([-4, 9, -5], [0, 0, 0], 0, 0),
        ([-1, 4, 2], [0, 3, 2], 5, 0),
        ([-7, -3, 8], [0, -2, 0], 0, 2),
    ] {
        let mut meter = meter(&THREE);
        meter.set_load(loads(powers.map(|kw: i64| (kw * 1_000_000, -kw * 1_000_000))));
        meter.set_combination(Combination::Netted);
        meter.advance(HOUR);
        let mut of =
            |kind, flow, phase| now(&mut meter, energy(kind, flow, phase, Tariff::T1)).unwrap() / 1_000;
        assert_eq!(of(EnergyKind::Active, Flow::Forward, Phase::All), forward, "{powers:?}");
        assert_eq!(of(EnergyKind::Active, Flow::Reverse, Phase::All), reverse, "{powers:?}");
        assert_eq!(of(EnergyKind::Reactive, Flow::Forward, Phase::All), reverse, "{powers:?}");
        assert_eq!(of(EnergyKind::Reactive, Flow::Reverse, Phase::All), forward, "{powers:?}");
        let totals =
            [Phase::L1, Phase::L2, Phase::L3].map(|phase| of(EnergyKind::Active, Flow::Total, phase));
        assert_eq!(totals, phases, "{powers:?}");
    }
}

#[test]
fn a_counter_starts_again_at_a_million_kilowatt_hours() {
    let mut meter = meter(&ONE);
    assert!(meter.set_counter(Point::active(Flow::Forward, Tariff::T1), 999_999_999));
    meter.set_load(load(3_600_000, 0));
    meter.advance(Duration::from_micros(999_999));
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(999_999_999));
    meter.advance(Duration::from_micros(1));
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(0));
    meter.advance(Duration::from_secs(3));
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(3));
}

#[test]
fn a_sum_of_tariffs_rolls_over_where_they_do() {
    let mut meter = meter(&ONE);
    for (flow, tariff, wh) in [
        (Flow::Forward, Tariff::T1, 600_000_000),
        (Flow::Forward, Tariff::T2, 700_000_000),
        (Flow::Reverse, Tariff::T1, 800_000_000),
    ] {
        assert!(meter.set_counter(Point::active(flow, tariff), wh));
    }
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(300_000_000));
    meter.set_combination(Combination::Sum);
    assert_eq!(now(&mut meter, active(Flow::Total)), Some(100_000_000));
    meter.set_combination(Combination::ForwardLessReverse);
    assert_eq!(now(&mut meter, active(Flow::Total)), Some(-500_000_000));
}

#[test]
fn the_largest_power_for_four_hundred_days_turns_the_counter_many_times() {
    let mut meter = meter(&ONE);
    // 1 GW less 1 mW.
    meter.set_load(load(999_999_999_999, i64::MIN));
    meter.advance(HOUR.times(24 * 400));
    // 9600 GWh less 9.6 Wh, a ring of 1 GWh.
    assert_eq!(meter.counters()[0], Counter::new(999_999_990, 1_440_000_000_000));
    assert_eq!(meter.counters()[3], Counter::ZERO);
}

#[test]
fn below_the_starting_current_nothing_counts() {
    let mut meter = meter(&ONE);
    let mut small = load(4_370, 1_000);
    small.phases[0].current_ma = 19;
    meter.set_load(small);
    assert_eq!(meter.advance(HOUR.times(1_000)), crate::Pulses::default());
    assert!(meter.counters().iter().all(|counter| *counter == Counter::ZERO));
    small.phases[0].current_ma = 20;
    meter.set_load(small);
    meter.advance(HOUR.times(1_000));
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(4_370));
}

#[test]
fn the_tariff_decides_which_counter_runs() {
    let mut meter = meter(&ONE);
    meter.set_load(load(1_000_000, -500_000));
    meter.advance(HOUR);
    meter.set_tariff(Tariff::T2);
    assert_eq!(meter.tariff(), Tariff::T2);
    meter.advance(HOUR.times(2));
    // Tariffs that the meter does not have are not taken.
    meter.set_tariff(Tariff::T3);
    meter.set_tariff(Tariff::All);
    assert_eq!(meter.value(Point::State(units::StateOf::Tariff)), Some(2));
    let mut of = |flow, tariff| now(&mut meter, Point::active(flow, tariff));
    assert_eq!(of(Flow::Forward, Tariff::T1), Some(1_000));
    assert_eq!(of(Flow::Forward, Tariff::T2), Some(2_000));
    assert_eq!(of(Flow::Total, Tariff::T2), Some(2_000));
    assert_eq!(of(Flow::Forward, Tariff::All), Some(3_000));
    assert_eq!(of(Flow::Forward, Tariff::T3), None);
    assert_eq!(now(&mut meter, Point::reactive(Flow::Reverse, Tariff::T2)), Some(1_000));
}

#[test]
fn a_total_has_the_rests_of_its_tariffs() {
    let mut meter = meter(&ONE);
    meter.set_load(load(500, 0));
    for tariff in [Tariff::T1, Tariff::T2] {
        meter.set_tariff(tariff);
        meter.advance(HOUR);
    }
    assert_eq!(now(&mut meter, Point::active(Flow::Forward, Tariff::T1)), Some(0));
    assert_eq!(now(&mut meter, Point::active(Flow::Forward, Tariff::T2)), Some(0));
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(1));
}

#[test]
fn the_resettable_counter_counts_forward_energy_of_all_tariffs() {
    let mut meter = meter(&ONE);
    meter.set_combination(Combination::Reverse);
    for (p, tariff) in [(1_000_000, Tariff::T1), (-9_000_000, Tariff::T1), (2_000_000, Tariff::T2)] {
        meter.set_load(load(p, 700_000));
        meter.set_tariff(tariff);
        meter.advance(HOUR);
    }
    assert_eq!(now(&mut meter, active(Flow::Trip)), Some(3_000));
    let steps = meter.stored_steps();
    meter.reset_trip();
    assert_ne!(meter.stored_steps(), steps);
    assert_eq!(now(&mut meter, active(Flow::Trip)), Some(0));
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(3_000));
    assert_eq!(now(&mut meter, Point::active(Flow::Trip, Tariff::T1)), None);
    assert_eq!(now(&mut meter, Point::reactive(Flow::Trip, Tariff::All)), None);
}

#[test]
fn a_store_is_asked_for_at_each_whole_step() {
    let mut meter = meter(&ONE);
    meter.set_load(load(-3_600_000, 0));
    let mut asked = Vec::new();
    for second in 1..=35 {
        let before = meter.stored_steps();
        meter.advance(Duration::from_secs(1));
        if meter.stored_steps() != before {
            asked.push(second);
        }
    }
    assert_eq!(asked, [10, 20, 30]);
    // A jump of just one turn of the counter passes steps too.
    let before = meter.stored_steps();
    meter.set_load(load(-1_000_000_000_000, 0));
    meter.advance(HOUR);
    assert_eq!(meter.counters()[1], Counter::new(35, 0));
    assert_ne!(meter.stored_steps(), before);
}

#[test]
fn a_counter_can_be_set_and_a_total_cannot() {
    let mut meter = meter(&THREE);
    let l2 = |flow, tariff| energy(EnergyKind::Reactive, flow, Phase::L2, tariff);
    assert!(meter.set_counter(l2(Flow::Reverse, Tariff::T3), 7));
    assert_eq!(now(&mut meter, l2(Flow::Reverse, Tariff::T3)), Some(7));
    assert!(meter.set_counter(l2(Flow::Reverse, Tariff::All), 9));
    assert_eq!(now(&mut meter, l2(Flow::Reverse, Tariff::T1)), Some(9));
    assert_eq!(now(&mut meter, l2(Flow::Reverse, Tariff::All)), Some(9));
    assert!(meter.set_counter(active(Flow::Trip), 11));
    assert_eq!(now(&mut meter, active(Flow::Trip)), Some(11));
    assert!(meter.set_counter(active(Flow::Forward), 1_000), "phases share it");
    let share = [Phase::L1, Phase::L2, Phase::L3]
        .map(|phase| energy(EnergyKind::Active, Flow::Forward, phase, Tariff::T1));
    assert_eq!(share.map(|point| now(&mut meter, point)), [Some(333), Some(333), Some(334)]);
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(1_000));
    let (counters, steps) = (meter.counters().to_vec(), meter.stored_steps());
    for (point, wh) in [
        (l2(Flow::Total, Tariff::T1), 1),
        (l2(Flow::Q2, Tariff::T1), 1),
        (l2(Flow::Trip, Tariff::All), 1),
        (l2(Flow::Forward, Tariff::T1), 1_000_000_000),
        (active(Flow::Total), 1),
        (active(Flow::Trip), 1_000_000_000),
        (Point::now(What::P), 1),
    ] {
        assert!(!meter.set_counter(point, wh), "{point} {wh}");
    }
    assert_eq!((meter.counters(), meter.stored_steps()), (counters.as_slice(), steps));
}

#[test]
fn what_has_no_place_in_the_memory_is_not_counted() {
    let mut counters = [Counter::ZERO; 3];
    let mut sampled = [Counter::ZERO; 2];
    let mut meter = Metering::new(&THREE, &mut counters, &mut sampled);
    meter.set_load(loads([(1_000_000, 1_000_000), (-1_000_000, 1_000_000), (0, 0)]));
    meter.advance(HOUR);
    meter.set_tariff(Tariff::T4);
    meter.advance(HOUR);
    meter.reset_trip();
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(1_000));
    assert_eq!(now(&mut meter, active(Flow::Reverse)), Some(0));
    assert_eq!(now(&mut meter, active(Flow::Trip)), Some(0));
    assert_eq!(counters, [Counter::new(1_000, 0), Counter::ZERO, Counter::new(1_000, 0)]);
}
