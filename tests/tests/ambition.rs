//! The Ambition 2PU CT beyond its rows: the frames that its manual prints, the life of its ratio, the forms of its
//! registers, its error byte and its two pulse outputs.

mod common;

use common::{Meter, hex};
use device::{Door, NvPart, PortOutput};
use models::{AMBITION_2PU_CT, AMBITION_4PS, AMBITION_4PU};
use rig::Output;
use schema::{MenuEdit, PortId, SettingId, Source};
use units::{Duration, EnergyKind, Flow, Instant, Phase, Point, StateOf, Tariff};

const SLUG: &str = "ambition-2pu-ct";

fn meter(words: &str) -> Meter {
    Meter::of(&format!("{SLUG} {words}"))
}

/// The single that two registers hold, high word first.
fn single(words: &[u16]) -> f32 {
    f32::from_bits(u32::from(words[0]) << 16 | u32::from(words[1]))
}

/// The commands of the table of writes in A3.2, byte by byte without their check sums, and what they set. The frames of
/// function 06 are answered by themselves.
#[test]
fn the_frames_of_the_manual() {
    for (pdu, id, value) in [
        ("06 40 03 00 0A", SettingId::ModbusId, 10),
        ("06 40 04 00 06", SettingId::Baud, 9_600),
        ("10 40 0D 00 02 04 41 20 00 00", SettingId::S0Rate, 1_000),
        ("06 40 0F 00 04", SettingId::CombinationCode, 4),
        ("06 40 10 00 25", SettingId::ScrollTime, 25),
        ("06 40 11 00 02", SettingId::Parity, 2),
        ("06 60 48 00 02", SettingId::Tariff, 2),
        ("10 40 1F 00 02 04 99 95 00 05", SettingId::CtRatio, 99_955),
        ("06 40 21 00 30", SettingId::PulseWidth, 30),
        ("06 40 22 00 02", SettingId::PulseType, 2),
        ("06 40 26 00 02", SettingId::DataType, 2),
        ("06 40 32 00 01", SettingId::ScreenDirection, 1),
        ("06 40 33 00 01", SettingId::Obis, 1),
    ] {
        let mut meter = meter("");
        let asked = hex(pdu);
        // An address that changes is answered from the old one.
        let frame = [&[1][..], &asked].concat();
        let answer = meter.send(&[&frame[..], &common::crc(&frame)].concat());
        let length = if asked[0] == 6 { 6 } else { 6.min(frame.len()) };
        assert_eq!(answer[..length], frame[..length], "{pdu}");
        assert_eq!(meter.twin.device().setting(id), Some(value), "{pdu}");
    }
    // The two resets.
    for (pdu, addr, count) in [("06 40 16 00 00", 0x4016, 1), ("10 60 49 00 02 04 00 00 00 00", 0x6049, 2)] {
        let mut meter = meter("energy.trip=5.86");
        let now = meter.now;
        meter.twin.device_mut().power(now, false);
        meter.twin.device_mut().power(now, true);
        assert_ne!(meter.read(addr, count), Ok(vec![0; count.into()]), "{pdu}");
        meter.ask(&hex(pdu));
        assert_eq!(meter.read(addr, count), Ok(vec![0; count.into()]), "{pdu}");
    }
}

#[test]
fn the_ratio_changes_seven_times_and_the_eighth_is_exception_04() {
    let mut meter = meter("energy.forward.t1=1.5");
    assert_eq!(meter.read(0x400C, 1), Ok(vec![0x0005]));
    assert_eq!(meter.read(0x401F, 2), Ok(vec![0x0005, 0x0005]));
    for change in 1..=7u16 {
        let words = [change << 4, 0x0005];
        assert_eq!(meter.write_many(0x401F, &words), Ok(()), "change {change}");
        assert_eq!(meter.write_many(0x401F, &words), Ok(()), "the same again is no change");
        assert_eq!(meter.read(0x401F, 2), Ok(words.to_vec()));
        assert_eq!(meter.read(0x400C, 1), Ok(vec![words[0]]));
        // The energies of the second part of the display start again.
        assert_eq!(meter.read(0x600C, 2), Ok(vec![0, 0]), "change {change}");
    }
    for words in [[0x0005, 0x0005], [0x0500, 0x0005], [0x0500, 0x0001]] {
        assert_eq!(meter.write_many(0x401F, &words), Err(4), "{words:04X?}");
        assert_eq!(meter.read(0x401F, 2), Ok(vec![0x0070, 0x0005]));
    }
    // What is no ratio is no value, as ever.
    for words in [[0x0007, 0x0005], [0x0500, 0x0002], [0x05A0, 0x0001], [0x0000, 0x0001]] {
        assert_eq!(meter.write_many(0x401F, &words), Err(3), "{words:04X?}");
    }
    assert_eq!(meter.twin.device().value(Point::HistoryRatio(1)), Some(55));
    let first = Point::History { slot: 1, flow: Flow::Forward, tariff: Tariff::T1 };
    assert_eq!(meter.twin.device().value(first), Some(1_500));
}

#[test]
fn from_the_last_combination_code_there_is_no_way_back() {
    let mut meter = meter("");
    for code in [1, 4, 2, 3, 5, 5] {
        assert_eq!(meter.write(0x400F, code), Ok(()));
    }
    for code in 1..=4 {
        assert_eq!(meter.write(0x400F, code), Err(4));
    }
    // A request that would do more does nothing either.
    assert_eq!(meter.write_many(0x400F, &[1, 0x0025]), Err(4));
    assert_eq!((meter.read(0x400F, 1), meter.read(0x4010, 1)), (Ok(vec![5]), Ok(vec![0x0005])));
}

#[test]
fn the_data_type_changes_energies_and_nothing_else() {
    let energies = "energy.forward.t1=1234.567 energy.reverse.t2=2000.001 energy.reactive.q3=7.5";
    let mut meter = meter(&format!("combination-code=4 load=\"L1 230V 2A\" {energies}"));
    let floats = [0x6000, 0x600C, 0x6018, 0x6077].map(|addr| meter.read(addr, 2).unwrap());
    assert_eq!(floats.each_ref().map(|words| single(words)), [-765.434, 1_234.567, 2_000.001, 7.5]);
    let (readings, tariff) = (meter.read(0x5000, 56), meter.read(0x6048, 1));
    assert_eq!(meter.write(0x4026, 2), Ok(()));
    let whole = [0x6000, 0x600C, 0x6018, 0x6077].map(|addr| {
        let words = meter.read(addr, 2).unwrap();
        (u32::from(words[0]) << 16 | u32::from(words[1])).cast_signed()
    });
    assert_eq!(whole, [-765_434, 1_234_567, 2_000_001, 7_500]);
    assert_eq!((meter.read(0x5000, 56), meter.read(0x6048, 1)), (readings, tariff));
    // Zero stands alike in both forms: the counter is reset as before.
    assert_eq!(meter.write_many(0x6049, &[0, 0]), Ok(()));
    assert_eq!(meter.write_many(0x6049, &[0, 1]), Err(3));
    assert_eq!(meter.write(0x4026, 1), Ok(()));
    assert_eq!(meter.read(0x600C, 2).as_ref(), Ok(&floats[1]));
}

/// The byte in register 4015h after a power cut in which parts of the memory came to harm, and whether the meter measures.
#[test]
fn the_error_byte_has_the_bits_of_the_manual() {
    let cases: [(&[NvPart], u16, bool); 5] = [
        (&[], 0x00, false),
        (&[NvPart::Main], 0x40, false),
        (&[NvPart::Backup], 0x20, false),
        (&[NvPart::Mantissa], 0x10, false),
        (&[NvPart::Main, NvPart::Backup], 0x61, true),
    ];
    for (parts, byte, stops) in cases {
        let mut meter = meter("energy.forward.t1=12");
        let now = meter.now;
        meter.twin.device_mut().power(now, false);
        parts.iter().for_each(|part| meter.twin.damage(*part));
        meter.twin.device_mut().power(now, true);
        assert_eq!(meter.read(0x4015, 1), Ok(vec![byte]), "{parts:?}");
        assert_eq!(meter.twin.device().works().is_stopped(), stops, "{parts:?}");
        let write = meter.write(0x4010, 0x0025);
        assert_eq!(write, if stops { Err(4) } else { Ok(()) }, "{parts:?}");
    }
}

#[test]
fn nothing_shows_the_password() {
    let def = &AMBITION_2PU_CT;
    let password = Source::Setting(SettingId::Password);
    assert!(def.all_registers().all(|row| row.source != password));
    assert!(def.mbus.unwrap().all_records().all(|record| record.source != password));
    assert!(def.mbus.unwrap().write_of(SettingId::Password).is_none());
    let mut meter = meter("");
    let refused = meter.twin.device_mut().apply(Door::Bus, &[(SettingId::Password, 1)]).unwrap_err();
    assert_eq!(refused.to_string(), "password can be changed with the key on the meter only");
}

#[test]
fn voltage_at_the_input_is_tariff_2_and_without_it_the_set_one_counts() {
    let mut meter = meter("tariff=3");
    let now = meter.now;
    let tariff = |meter: &Meter| meter.twin.device().works().tariff();
    assert_eq!(tariff(&meter), Tariff::T3);
    meter.twin.device_mut().set_tariff_input(true);
    assert_eq!(tariff(&meter), Tariff::T2);
    assert_eq!(meter.write(0x6048, 4), Ok(()));
    assert_eq!(tariff(&meter), Tariff::T4, "what is written counts");
    meter.twin.device_mut().power(now, false);
    meter.twin.device_mut().power(now, true);
    assert_eq!(tariff(&meter), Tariff::T2, "the voltage is still there");
    meter.twin.device_mut().set_tariff_input(false);
    assert_eq!(tariff(&meter), Tariff::T4);
}

#[test]
fn two_outputs_give_pulses_for_what_the_type_says() {
    // 3200 W forward with 2400 var, and 1600 W reverse: at 10000 imp/kWh a pulse for each 360 J.
    let loads = "load=\"L1 230V 3200W pf 0.8 lag\" load=\"L2 230V 1600W export\"";
    for (pulse_type, expected) in [("active-reactive", [24, 12]), ("forward-reverse", [16, 8])] {
        let mut meter = meter(&format!("combination-code=3 s0-rate=10000 pulse-type={pulse_type} {loads}"));
        meter.twin.set_s0_supply(Some(24_000));
        meter.twin.listen(Duration::from_secs(10));
        meter.pass(Duration::from_millis(1_800));
        let outputs = meter.twin.outputs();
        let seen = [Output::S0, Output::SecondS0].map(|output| outputs.pulses(output));
        assert_eq!(seen, expected, "{pulse_type}");
        let edges =
            [Output::S0, Output::SecondS0].map(|output| outputs.changes(output).filter(|it| it.on).count());
        assert_eq!(edges.map(|count| count as u64), expected, "{pulse_type}");
    }
}

#[test]
fn reactive_energy_is_counted_by_quadrant() {
    let def = &AMBITION_2PU_CT;
    for flow in [Flow::Q1, Flow::Q2, Flow::Q3, Flow::Q4] {
        let point =
            Point::Energy { kind: EnergyKind::Reactive, flow, phase: Phase::All, tariff: Tariff::All };
        assert!(def.all_registers().any(|row| row.source == Source::Point(point)), "{point}");
    }
    let mut meter = meter("load=\"L1 230V 2A pf 0.5 lag\" load=\"L2 230V 2A pf 0.5 lead export\"");
    meter.pass(Duration::from_secs(3_600));
    // 460 VA for an hour at each phase: 398 varh imported inductive, and as much exported the other way.
    let quadrants = [0x6063, 0x606D, 0x6077, 0x6081].map(|addr| single(&meter.read(addr, 2).unwrap()));
    assert_eq!([quadrants[1], quadrants[3]], [0.0, 0.0]);
    assert!((quadrants[0] - 0.398).abs() < 0.002 && (quadrants[2] - 0.398).abs() < 0.002, "{quadrants:?}");
}

/// The record of the ratio ends the telegram: 9995/5 as the manual prints it, and as a decoder can read it.
#[test]
fn the_record_of_the_ratio_is_readable_or_as_printed() {
    for (quirk, dif) in [("", 0x0B), ("ct-record=readable", 0x0B), ("ct-record=printed", 0x0A)] {
        let mut meter = meter(&format!("ct-ratio=9995/5 {quirk}"));
        let device = meter.twin.device_mut();
        device.rx(PortId::Mbus, Instant::ZERO, &hex("10 5B 00 5B 16"));
        let later = Instant::ZERO + Duration::from_millis(100);
        let Some(PortOutput::Transmit(telegram)) = device.port_poll(PortId::Mbus, later) else {
            panic!("{quirk}")
        };
        let records = &telegram[..telegram.len() - 2];
        assert!(records.ends_with(&[dif, 0xFD, 0x3A, 0x05, 0x95, 0x99]), "{quirk}: {telegram:02X?}");
        assert_eq!(telegram.len(), 0xF4 + 6, "{quirk}: as long as the manual's");
    }
}

/// A meter through which the current flows has nothing of a ratio, wherever one would look for it.
#[test]
fn a_direct_meter_knows_no_ratio() {
    for (def, code) in [(&AMBITION_4PU, 0x1111), (&AMBITION_4PS, 0x1112)] {
        let mut meter = Meter::of(&format!("{} load=\"L1 230V 10A\"", def.slug));
        assert_eq!(meter.read(0x4002, 1), Ok(vec![code]));
        assert_eq!(meter.read(0x400B, 2), Ok(vec![65, 0]), "amps and primary current");
        assert_eq!(meter.read(0x401F, 2), Ok(vec![0, 0]));
        assert_eq!(meter.write_many(0x401F, &[0x0500, 0x0005]), Err(2));
        assert_eq!(meter.read(0x401F, 2), Ok(vec![0, 0]));
        assert_eq!(meter.read(0x500C, 2).map(|words| single(&words)), Ok(10.0), "amperes as they flow");
        let shown = meter.twin.device().matrix_view(meter.now).unwrap().to_string();
        assert!(shown.contains("SW 102") && !shown.contains("CT"), "{shown}");
        let records = def.mbus.unwrap().telegrams.iter().flat_map(|telegram| telegram.records);
        let ratio = Source::Point(Point::State(StateOf::CtRatio));
        assert!(records.clone().all(|record| record.source != ratio));
        assert_eq!(records.count() + 1, AMBITION_2PU_CT.mbus.unwrap().telegrams[0].records.len());
        let face = def.matrix.unwrap();
        assert!(face.history.is_none());
        assert_eq!(face.menu.len(), AMBITION_2PU_CT.matrix.unwrap().menu.len() - 1);
        assert!(!face.menu.iter().any(|row| matches!(row.edit, MenuEdit::Ratio(_))));
    }
}

/// At three times 65 A every flash of the LED has still its pause, and so has every pulse.
#[test]
fn a_direct_meter_flashes_at_full_load() {
    let mut meter = Meter::of(
        "ambition-4pu s0-rate=10000 load=\"L1 230V 65A\" load=\"L2 230V 65A\" load=\"L3 230V 65A\"",
    );
    meter.pass(Duration::from_secs(3_600));
    let forward = Point::active(Flow::Forward, Tariff::All);
    let counted = meter.twin.device().value(forward).unwrap();
    assert!((44_840..=44_851).contains(&counted), "{counted} Wh");
    let led = &AMBITION_4PU.metering;
    let period = Duration::from_micros(3_600_000_000_000 / (44_850 * u64::from(led.led_imp_per_kwh)));
    assert!(led.led_width < period, "{period:?}");
}
