//! A meter with two pulse outputs: what each gives pulses for, and how long these last.

use super::*;

/// Power that the two outputs show, in kW and kvar, and the pulses of an hour at 1000 imp/kWh.
fn shown(meter: &Metering<'_>, pulse_type: i32) -> [(u64, u64); 2] {
    [0, 1].map(|n| {
        let mut source = meter.output_source(n, Some(pulse_type), Some(Duration::from_millis(30)));
        (source.power_mw() / 1_000_000, source.advance(HOUR).count)
    })
}

#[test]
fn each_output_shows_what_the_type_and_the_code_say() {
    // 5 kW forward with 2 kvar, 3 kW reverse with 1 kvar capacitive: quadrants 1 and 3.
    for (code, active_reactive, forward_reverse) in [
        (Combination::Forward, [5, 2], [5, 0]),
        (Combination::Reverse, [3, 1], [0, 3]),
        (Combination::Sum, [8, 3], [5, 3]),
        (Combination::ForwardLessReverse, [8, 3], [5, 3]),
        // 2 kW forward and 1 kvar inductive are left.
        (Combination::Netted, [2, 1], [2, 0]),
    ] {
        let mut meter = meter(&TRANSFORMED);
        meter.set_s0_rate(100_000);
        meter.set_combination(code);
        meter.set_load(loads([(5_000_000, 2_000_000), (-3_000_000, -1_000_000), (0, 0)]));
        let pulses = |kilo: [u64; 2]| kilo.map(|kilo| (kilo, kilo * 1_000));
        assert_eq!(shown(&meter, 1), pulses(active_reactive), "{code:?}");
        assert_eq!(shown(&meter, 2), pulses(forward_reverse), "{code:?}");
    }
    let meter = meter(&TRANSFORMED);
    assert_eq!(meter.output_source(2, Some(1), None).power_mw(), 0, "there is no third");
}

#[test]
fn a_pulse_stands_for_energy_on_the_primary_side() {
    let mut meter = meter(&TRANSFORMED);
    meter.set_s0_rate(100);
    meter.set_ct_ratio(1_005);
    meter.set_load(load(1_000_000, -500_000));
    let mut first = meter.output_source(0, Some(1), None);
    assert_eq!(first.power_mw(), 20_000_000);
    assert_eq!(first.advance(HOUR).count, 20);
    // Reverse reactive energy is left out under code 1.
    assert_eq!(meter.output_source(1, Some(1), None).power_mw(), 0);
    meter.set_combination(Combination::Sum);
    assert_eq!(meter.output_source(1, Some(1), None).power_mw(), 10_000_000);
}

#[test]
fn the_part_of_a_pulse_is_that_of_the_counters() {
    let mut meter = meter(&TRANSFORMED);
    meter.set_s0_rate(100_000);
    meter.set_load(load(3_600_000, 0));
    // A pulse each second: after 2.5 s half of one is gathered, for whoever asks.
    meter.advance(Duration::from_millis(2_500));
    let mut source = meter.output_source(0, Some(2), None);
    assert_eq!(source.next_due(), Some(Duration::from_millis(500)));
    assert_eq!(source.advance(Duration::from_millis(600)).first, Some(Duration::from_millis(500)));
    // Another type, and back: nothing is lost.
    assert_eq!(meter.output_source(0, Some(1), None).next_due(), Some(Duration::from_millis(500)));
    assert_eq!(meter.output_source(1, Some(2), None).next_due(), None);
}

#[test]
fn a_pulse_is_as_long_as_chosen_or_as_its_pause_and_never_shorter_than_the_table_says() {
    let mut meter = meter(&TRANSFORMED);
    let mut width = |rate: u32, mw: i64, chosen: u64| {
        meter.set_s0_rate(rate);
        meter.set_load(load(mw, 0));
        let source = meter.output_source(0, Some(1), Some(Duration::from_millis(chosen)));
        source.width().as_micros()
    };
    // 3.6 kW at 10000 imp/kWh are a pulse each 100 ms.
    assert_eq!(width(1_000_000, 3_600_000, 30), 30_000);
    assert_eq!(width(1_000_000, 3_600_000, 99), 50_000);
    assert_eq!(width(1_000_000, 36_000_000, 30), 5_000);
    assert_eq!(width(1_000_000, 360_000_000, 30), 2_000);
    assert_eq!(width(1, 3_600_000, 99), 99_000);
    assert_eq!((width(1_000_000, 0, 99), width(0, 3_600_000, 99)), (99_000, 99_000), "no pulses");
}
