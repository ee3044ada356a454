//! The PRO380 beyond its rows: what a real one shows under a load, the widths of its pulses, and its two telegrams.

mod common;

use common::{Meter, hex};
use metering::{Load, PhaseReading};
use models::PRO380_MOD;
use units::{Duration, Point, StateOf};

/// The register image of a PRO380-Mod in use, with where it comes from.
const IMAGE: &str = include_str!("../peers/pro380_image.csv");

fn image(addr: u16) -> u16 {
    let row = format!("0x{addr:04X},0x");
    let line =
        IMAGE.lines().find_map(|line| line.strip_prefix(&row)).unwrap_or_else(|| panic!("{addr:04X}h"));
    u16::from_str_radix(line, 16).unwrap()
}

fn float(words: [u16; 2]) -> f64 {
    f32::from_bits(u32::from(words[0]) << 16 | u32::from(words[1])).into()
}

const fn phase(voltage_mv: u32, current_ma: u32, active_mw: i64, reactive_mvar: i64) -> PhaseReading {
    PhaseReading { voltage_mv, current_ma, active_mw, reactive_mvar }
}

/// What flowed through it.
const LOAD: Load = Load {
    phases: [
        phase(234_300, 4_050, 900_000, -244_000),
        phase(233_400, 1_620, -232_000, -258_500),
        phase(234_400, 2_150, -492_500, -66_000),
    ],
    lines_mv: None,
    frequency_mhz: 49_980,
};

#[test]
fn under_the_load_of_a_real_one_it_shows_what_that_one_showed() {
    let mut meter = Meter::of("pro380-mod serial=22091039");
    meter.twin.device_mut().set_load(LOAD);
    meter.twin.device_mut().take_reading();
    let who = meter.read(0x4000, 32).unwrap();
    for (addr, word) in (0x4000..).zip(who) {
        // How often the supply has gone is the one thing that they do not share.
        if addr != 0x4016 {
            assert_eq!(word, image(addr), "{addr:04X}h");
        }
    }
    let readings = meter.read(0x5000, 50).unwrap();
    let mut compared = 0;
    for (addr, words) in (0x5000..).step_by(2).zip(readings.chunks(2)) {
        let (ours, theirs) = (float([words[0], words[1]]), float([image(addr), image(addr + 1)]));
        // Powers, and power factors at two decimals, are rounded from what nobody has recorded.
        let close = if addr < 0x5012 {
            0.001
        } else if addr < 0x502A {
            0.002
        } else {
            0.0101
        };
        assert!((ours - theirs).abs() < close, "{addr:04X}h: {ours} instead of {theirs}");
        compared += usize::from(theirs != 0.0);
    }
    assert_eq!(compared, 23, "all but the two that only a meter of one phase has");
    let directions = Point::State(StateOf::Directions);
    let value = meter.twin.device().value(directions).unwrap();
    assert_eq!(value, 0x122);
    let text = commission::names::source_text(meter.twin.entry(), schema::Source::Point(directions), value);
    assert_eq!(text.to_string(), "L1 forward, L2 reverse, L3 reverse");
}

#[test]
fn pulses_are_as_wide_as_rate_and_power_allow() {
    // Page 7 of the manual: rate in imp/kWh, power in W, width in µs.
    let metering = &PRO380_MOD.metering;
    for (rate, watt, us) in [
        (1_000, 0, 40_000),
        (1_000, 2_500, 40_000),
        (2_000, 2_501, 20_000),
        (10_000, 10_000, 20_000),
        (10_000, 10_001, 10_000),
        (1_000, 20_000, 10_000),
        (1_000, 40_000, 5_000),
        (10_000, 40_001, 2_500),
        (100, 50_000, 40_000),
        (100, 50_001, 20_000),
        (10, 76_000, 40_000),
        (1, 0, 40_000),
    ] {
        let width = metering.pulse_width(rate * 100, watt * 1_000);
        assert_eq!(width, Duration::from_micros(us), "{rate} imp/kWh at {watt} W");
    }
    // At the fastest rate the ends of the table's rows leave less than a pulse of pause.
    assert_eq!(metering.pulse_limit_mw(1_000_000), Some(9_000_000));
    for (rate, watt, fits) in [
        (10_000, 2_500, true),
        (10_000, 9_000, true),
        (10_000, 9_001, false),
        (10_000, 18_000, true),
        (10_000, 20_000, false),
        (10_000, 72_000, true),
        (2_000, 76_000, true),
        (1_000, 76_000, true),
        (100, 76_000, true),
    ] {
        assert_eq!(metering.pulses_fit(rate * 100, watt * 1_000), fits, "{rate} imp/kWh at {watt} W");
    }
}

#[test]
fn an_empty_send_chooses_what_the_next_read_out_says() {
    let mut meter = Meter::of("pro380-mb serial=22091039");
    meter.twin.device_mut().set_load(LOAD);
    meter.twin.device_mut().take_reading();
    let ask = hex("10 5B 00 5B 16");
    let energies = meter.send(&ask);
    assert_eq!(meter.send(&hex("68 03 03 68 53 00 B4 07 16")), [0xE5]);
    let readings = meter.send(&ask);
    assert_ne!(energies.len(), readings.len());
    // Phases 1 to 3 as storage numbers: voltages, currents, powers, the last two of them for export.
    for record in [
        "4B FD 47 30 34 02",
        "8B 01 FD 47 40 33 02",
        "CB 01 FD 47 40 34 02",
        "4B FD 59 50 40 00",
        "8B 01 FD 59 20 16 F0",
        "CB 01 FD 59 50 21 F0",
        "4C 2A 00 90 00 00",
        "8C 01 2A 20 23 00 F0",
        "CC 01 2A 30 49 00 F0",
    ] {
        let record = hex(record);
        let found = readings.windows(record.len()).any(|window| window == record);
        assert!(found, "{record:02X?} in {readings:02X?}");
    }
    assert_eq!(meter.send(&hex("68 03 03 68 53 00 B1 04 16")), [0xE5]);
    let again = meter.send(&ask);
    assert_eq!(again.len(), energies.len());
}
