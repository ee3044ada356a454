//! Three phases: combination codes, quadrants and resettable counters as both families' manuals have them.

use super::*;
use units::StateOf;

/// The example of both manuals: 5 kWh forward in L1 and L2, 12 kWh reverse in L3.
fn example(def: &'static MeteringDef, code: Combination) -> Metering<'static> {
    let mut meter = meter(def);
    meter.set_combination(code);
    meter.set_s0_rate(100_000);
    meter.set_load(loads([(5_000_000, 0), (5_000_000, 0), (-12_000_000, 0)]));
    meter
}

#[test]
fn the_combination_codes_are_those_of_both_manuals() {
    // Total, forward and reverse in kWh (Ambition §7.6.15, PRO380 §6.10), pulses of the output in kWh. Reverse energy is
    // shown with a minus there and is positive here, as in every register. C-06 is reverse less forward: the 22 that one
    // manual prints for it is a misprint.
    for (code, total, forward, reverse, s0) in [
        (Combination::Forward, 10, 10, 12, 10),
        (Combination::Reverse, 12, 10, 12, 12),
        (Combination::Sum, 22, 10, 12, 22),
        (Combination::ReverseLessForward, 2, 10, 12, 22),
        (Combination::ForwardLessReverse, -2, 10, 12, 22),
        (Combination::Netted, -2, 0, 2, 2),
        (Combination::NettedPulses, -2, 10, 12, 2),
    ] {
        for def in [&THREE, &TRANSFORMED] {
            let mut meter = example(def, code);
            let pulses = meter.advance(HOUR);
            let values =
                [Flow::Total, Flow::Forward, Flow::Reverse].map(|flow| now(&mut meter, active(flow)));
            assert_eq!(values, [total, forward, reverse].map(|kwh| Some(kwh * 1_000)), "{code:?}");
            assert_eq!(pulses.s0.count, s0 * 1_000, "{code:?}");
        }
    }
}

/// Two outputs, the first for forward and the second for reverse energy.
static BOTH_WAYS: MeteringDef = MeteringDef {
    pulse_outputs: &[
        output(&[(0, PulseOf { reverse: false, ..ACTIVE })]),
        output(&[(0, PulseOf { forward: false, ..ACTIVE })]),
    ],
    ..THREE
};

#[test]
fn an_output_for_each_direction_gives_the_pulses_of_the_table() {
    // PRO380 §6.10: pulses in kWh of the forward and the reverse output.
    for (code, forward, reverse) in [
        (Combination::Forward, 10, 0),
        (Combination::Reverse, 0, 12),
        (Combination::Sum, 10, 12),
        (Combination::ReverseLessForward, 10, 12),
        (Combination::ForwardLessReverse, 10, 12),
        (Combination::Netted, 0, 2),
        (Combination::NettedPulses, 0, 2),
    ] {
        let meter = example(&BOTH_WAYS, code);
        let pulses = [0, 1].map(|n| meter.output_source(n, None, None).advance(HOUR).count);
        assert_eq!(pulses, [forward * 1_000, reverse * 1_000], "{code:?}");
    }
}

#[test]
fn netted_pulses_go_on_where_the_difference_of_the_counters_stands() {
    let mut meter = meter(&BOTH_WAYS);
    meter.set_combination(Combination::NettedPulses);
    meter.set_s0_rate(100_000);
    // A pulse a Wh. Forward less reverse: 1.5, then 0.5, then 2.75, then -0.25 Wh, the last but for what two phases share.
    let mut given = Vec::new();
    for (powers, minutes) in [
        ([(30_000, 0), (0, 0), (0, 0)], 3),
        ([(0, 0), (-20_000, 0), (0, 0)], 3),
        ([(50_000, 0), (0, 0), (-5_000, 0)], 3),
        ([(40_000, 0), (-100_000, 0), (0, 0)], 3),
    ] {
        meter.set_load(loads(powers));
        let span = Duration::from_secs(minutes * 60);
        given.push([0, 1].map(|n| meter.output_source(n, None, None).advance(span).count));
        meter.advance(span);
    }
    // What runs back passes 1 Wh on its way to 0.5, and 2, 1 and 0 Wh on its way to -0.25.
    assert_eq!(given, [[1, 0], [0, 1], [2, 0], [0, 3]]);
}

#[test]
fn the_directions_of_three_phases_are_a_digit_each() {
    let mut meter = meter(&THREE);
    let directions = Point::State(StateOf::Directions);
    let mut load = loads([(-1_000, 0), (1_000, 0), (0, 0)]);
    meter.set_load(load);
    assert_eq!(now(&mut meter, directions), Some(0x211));
    load.phases[2].voltage_mv = 0;
    meter.set_load(load);
    assert_eq!(now(&mut meter, directions), Some(0x210));
    assert_eq!(now(&mut self::meter(&ONE), directions), None);
}

#[test]
fn the_resettable_counter_of_the_second_family_follows_the_code_in_each_phase() {
    for (code, all, phases) in [
        (Combination::Forward, 10, [5, 5, 0]),
        (Combination::Reverse, 12, [0, 0, 12]),
        (Combination::Sum, 22, [5, 5, 12]),
        (Combination::ForwardLessReverse, -2, [5, 5, -12]),
        (Combination::Netted, -2, [0, 0, -2]),
    ] {
        let mut meter = example(&TRANSFORMED, code);
        let trip = |phase| energy(EnergyKind::Active, Flow::Trip, phase, Tariff::All);
        let points = [Phase::All, Phase::L1, Phase::L2, Phase::L3].map(trip);
        let expected = |hours: i64| {
            let [a, b, c] = phases;
            [all, a, b, c].map(|kwh| Some(kwh * hours * 1_000))
        };
        meter.advance(HOUR);
        meter.set_tariff(Tariff::T3);
        meter.advance(HOUR);
        assert_eq!(points.map(|point| now(&mut meter, point)), expected(2), "{code:?}");
        meter.reset_trip();
        assert_eq!(points.map(|point| now(&mut meter, point)), expected(0), "{code:?}");
        meter.advance(HOUR);
        assert_eq!(points.map(|point| now(&mut meter, point)), expected(1), "{code:?}");
        assert!(meter.set_counter(trip(Phase::All), 1_000));
        assert!(meter.set_counter(trip(Phase::L3), 7));
        meter.set_combination(Combination::ForwardLessReverse);
        assert_eq!(points.map(|point| now(&mut meter, point)), [673, 333, 333, 7].map(Some), "{code:?}");
    }
}

#[test]
fn the_resettable_counter_of_the_first_family_counts_forward_of_all_phases() {
    let mut meter = example(&THREE, Combination::Reverse);
    meter.advance(HOUR);
    assert_eq!(now(&mut meter, active(Flow::Trip)), Some(10_000));
    let of_phase = energy(EnergyKind::Active, Flow::Trip, Phase::L1, Tariff::All);
    assert_eq!(now(&mut meter, of_phase), None);
    assert!(!meter.set_counter(of_phase, 1));
}

#[test]
fn reactive_energy_stands_in_the_quadrant_of_its_phase() {
    let mut meter = meter(&TRANSFORMED);
    let quadrants = [Flow::Q1, Flow::Q2, Flow::Q3, Flow::Q4];
    for (tariff, powers) in [
        (Tariff::T1, [(1, 2), (-1, 3), (-1, -4)]),
        (Tariff::T2, [(1, -5), (0, 6), (0, -7)]),
        (Tariff::T4, [(-9, 8), (9, 9), (1, 0)]),
    ] {
        meter.set_tariff(tariff);
        meter.set_load(loads(powers.map(|(p, q)| (p * 1_000_000, q * 1_000_000))));
        meter.advance(HOUR);
    }
    let mut of = |flow, phase, tariff| now(&mut meter, energy(EnergyKind::Reactive, flow, phase, tariff));
    for (tariff, expected) in [
        (Tariff::T1, [2, 3, 4, 0]),
        (Tariff::T2, [6, 0, 0, 12]),
        (Tariff::T3, [0; 4]),
        (Tariff::T4, [9, 8, 0, 0]),
        (Tariff::All, [17, 11, 4, 12]),
    ] {
        let values = quadrants.map(|flow| of(flow, Phase::All, tariff));
        assert_eq!(values, expected.map(|kvarh| Some(kvarh * 1_000)), "{tariff:?}");
        let [q1, q2, q3, q4] = expected;
        assert_eq!(of(Flow::Forward, Phase::All, tariff), Some((q1 + q2) * 1_000));
        assert_eq!(of(Flow::Reverse, Phase::All, tariff), Some((q3 + q4) * 1_000));
    }
    assert_eq!(of(Flow::Reverse, Phase::L1, Tariff::All), Some(5_000));
    assert_eq!(of(Flow::Q2, Phase::L1, Tariff::All), Some(8_000));
    assert_eq!(now(&mut meter, active(Flow::Q1)), None);
}

#[test]
fn netted_phases_stand_in_the_quadrant_of_their_sums() {
    let mut meter = meter(&TRANSFORMED);
    meter.set_combination(Combination::Netted);
    meter.set_load(loads([(5, 4), (5, -1), (-12, 2)].map(|(p, q)| (p * 1_000_000, q * 1_000_000))));
    meter.advance(HOUR);
    let quadrants = [Flow::Q1, Flow::Q2, Flow::Q3, Flow::Q4]
        .map(|flow| now(&mut meter, Point::reactive(flow, Tariff::T1)));
    assert_eq!(quadrants, [Some(0), Some(5_000), Some(0), Some(0)]);
}

#[test]
fn a_counter_of_reactive_energy_is_set_in_its_first_quadrant() {
    let mut meter = meter(&TRANSFORMED);
    assert!(meter.set_counter(Point::reactive(Flow::Reverse, Tariff::T2), 10));
    assert!(meter.set_counter(Point::reactive(Flow::Q4, Tariff::T2), 5));
    let values =
        [Flow::Q3, Flow::Q4, Flow::Reverse].map(|flow| now(&mut meter, Point::reactive(flow, Tariff::All)));
    assert_eq!(values, [Some(10), Some(5), Some(15)]);
}

#[test]
fn sums_of_phases_and_quadrants_roll_over_where_counters_do() {
    let mut meter = meter(&TRANSFORMED);
    for phase in [Phase::L1, Phase::L2, Phase::L3] {
        assert!(meter.set_counter(energy(EnergyKind::Active, Flow::Forward, phase, Tariff::T4), 999_999_999));
        for flow in [Flow::Q1, Flow::Q2] {
            assert!(meter.set_counter(energy(EnergyKind::Reactive, flow, phase, Tariff::T1), 999_999_999));
        }
    }
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(999_999_997));
    assert_eq!(now(&mut meter, Point::reactive(Flow::Forward, Tariff::All)), Some(999_999_994));
    meter.set_tariff(Tariff::T4);
    meter.set_load(loads([(3_600_000, 0); 3]));
    meter.advance(Duration::from_secs(1));
    let l2 = energy(EnergyKind::Active, Flow::Forward, Phase::L2, Tariff::All);
    assert_eq!(now(&mut meter, l2), Some(0), "999999.999 kWh, and on to zero");
    assert_eq!(now(&mut meter, active(Flow::Forward)), Some(0));
}

#[test]
fn a_higher_tariff_leaves_its_mark_for_ever() {
    let mut meter = meter(&TRANSFORMED);
    let mark = Point::State(StateOf::HighTariffs);
    meter.set_tariff(Tariff::T2);
    assert_eq!(now(&mut meter, mark), Some(0));
    let steps = meter.stored_steps();
    meter.set_tariff(Tariff::T3);
    assert_ne!(meter.stored_steps(), steps, "it is to be stored at once");
    meter.set_tariff(Tariff::T1);
    assert_eq!(now(&mut meter, mark), Some(1));
    let steps = meter.stored_steps();
    meter.set_tariff(Tariff::T4);
    assert_eq!(meter.stored_steps(), steps);
    let mut two = super::meter(&ONE);
    assert_eq!(now(&mut two, mark), None);
}
