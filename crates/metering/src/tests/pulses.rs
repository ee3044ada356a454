use super::*;
use crate::{Pulses, Train};

fn train(count: u64, first_us: u64, last_us: u64) -> Train {
    Train { count, first: Some(Duration::from_micros(first_us)), last: Some(Duration::from_micros(last_us)) }
}

#[test]
fn the_led_flashes_ten_thousand_times_a_kilowatt_hour() {
    let mut meter = meter(&ONE);
    meter.set_load(load(1_000_000, 0));
    assert_eq!(meter.led_rate_mhz(), 2_777);
    assert_eq!(meter.advance(HOUR).led, train(10_000, 360_000, 3_600_000_000));
    // Export flashes too.
    meter.set_load(load(-1_000_000, 0));
    assert_eq!(meter.advance(Duration::from_millis(359)), Pulses::default());
    assert_eq!(meter.advance(Duration::from_millis(362)).led, train(2, 1_000, 361_000));
    assert_eq!(meter.advance(Duration::from_millis(358)), Pulses::default());
    assert_eq!(meter.advance(Duration::from_millis(1)).led, train(1, 1_000, 1_000));
}

#[test]
fn the_pulse_output_gives_what_makes_up_the_total() {
    for (code, forward, reverse) in [
        (Combination::Forward, 1_000, 0),
        (Combination::Reverse, 0, 1_000),
        (Combination::Sum, 1_000, 1_000),
        (Combination::ReverseLessForward, 1_000, 1_000),
        (Combination::ForwardLessReverse, 1_000, 1_000),
        (Combination::Netted, 1_000, 1_000),
    ] {
        for (p, expected) in [(1_000_000, forward), (-1_000_000, reverse)] {
            let mut meter = meter(&ONE);
            meter.set_s0_rate(100_000);
            meter.set_combination(code);
            meter.set_load(load(p, 300_000));
            assert_eq!(meter.advance(HOUR).s0.count, expected, "{code:?} {p}");
        }
    }
}

#[test]
fn phases_that_flow_against_each_other_flash_for_their_sum_and_pulse_by_the_code() {
    let mut meter = meter(&THREE);
    meter.set_s0_rate(100_000);
    meter.set_load(loads([(5_000_000, 0), (5_000_000, 0), (-12_000_000, 0)]));
    for (code, s0) in [
        (Combination::Forward, 10_000),
        (Combination::Reverse, 12_000),
        (Combination::Sum, 22_000),
        (Combination::Netted, 2_000),
    ] {
        meter.restart();
        meter.set_combination(code);
        let pulses = meter.advance(HOUR);
        assert_eq!((pulses.led.count, pulses.s0.count), (20_000, s0), "{code:?}");
    }
}

#[test]
fn a_rate_that_does_not_divide_a_kilowatt_hour_is_exact() {
    let mut meter = meter(&ONE);
    // 0.07 imp/kWh.
    meter.set_s0_rate(7);
    meter.set_load(load(1_000_000, 0));
    let mut counted = 0;
    for _ in 0..100 {
        counted += meter.advance(HOUR.times(1_000)).s0.count;
    }
    assert_eq!(counted, 7_000);
}

#[test]
fn another_rate_goes_on_from_the_counters_and_the_same_rate_changes_nothing() {
    let mut meter = meter(&ONE);
    // A Wh a second, 1 imp/Wh.
    meter.set_load(load(3_600_000, 0));
    assert_eq!(meter.advance(HOUR).s0, Train::default());
    meter.set_s0_rate(100_000);
    meter.advance(Duration::from_millis(600));
    meter.set_s0_rate(100_000);
    assert_eq!(meter.advance(Duration::from_millis(500)).s0, train(1, 400_000, 400_000));
    // 0.1 Wh of the next pulse is there already.
    meter.set_s0_rate(200_000);
    assert_eq!(meter.advance(Duration::from_millis(500)).s0, train(1, 400_000, 400_000));
    assert_eq!(meter.s0_rate_mhz(), 2_000);
    meter.set_s0_rate(0);
    assert_eq!(meter.advance(HOUR).s0, Train::default());
    assert_eq!(meter.s0_rate_mhz(), 0);
}

#[test]
fn a_power_cut_keeps_part_of_a_pulse() {
    let mut before = meter(&ONE);
    before.set_s0_rate(100_000);
    before.set_load(load(1_000_000, 0));
    before.advance(Duration::from_millis(3_300));
    let mut after = meter(&ONE);
    after.counters_mut().copy_from_slice(before.counters());
    after.restart();
    after.set_s0_rate(100_000);
    after.set_load(load(1_000_000, 0));
    // A flash each 360 ms, the tenth is due at 3600 ms.
    let pulses = after.advance(Duration::from_millis(300));
    assert_eq!((pulses.led, pulses.s0), (train(1, 300_000, 300_000), train(1, 300_000, 300_000)));
}

#[test]
fn a_counter_that_rolls_over_keeps_the_step() {
    let mut meter = meter(&ONE);
    assert!(meter.set_counter(energy(EnergyKind::Active, Flow::Forward, Phase::L1, Tariff::T1), 999_999_999));
    meter.set_s0_rate(1);
    meter.set_load(load(3_600_000, 0));
    // 1 000 000 kWh are a whole number of pulses of 100 kWh.
    assert_eq!(meter.advance(Duration::from_secs(1)).s0, train(1, 1_000_000, 1_000_000));
    meter.restart();
    let next = Duration::from_secs(100_000);
    assert_eq!(meter.advance(next).s0, Train { count: 1, first: Some(next), last: Some(next) });
}

#[test]
fn the_width_follows_the_power_that_the_output_shows() {
    let mut meter = meter(&ONE);
    meter.set_combination(Combination::Sum);
    for (mw, width_us) in [
        (0, 32_000),
        (5_625_000, 32_000),
        (-5_625_000, 32_000),
        (5_625_001, 11_200),
        (-9_000_000, 11_200),
        (99_000_000, 11_200),
    ] {
        meter.set_load(load(mw, 0));
        assert_eq!(meter.s0_width(), Duration::from_micros(width_us), "{mw}");
    }
}

#[test]
fn more_than_a_pulse_a_microsecond_is_counted() {
    let mut meter = meter(&THREE);
    meter.set_s0_rate(u32::MAX);
    meter.set_load(loads([(i64::MAX, 0); 3]));
    // 3 GW for a second at 42 949 672.95 imp/kWh.
    let s0 = meter.advance(Duration::from_secs(1)).s0;
    assert_eq!(s0, train(3_000_000 * 4_294_967_295 / 360_000, 1, 1_000_000));
}
