//! Frames of the Modbus line, byte for byte: those of the PRO1 manual, those that programs send to meters of its
//! family, and their answers.

mod common;

use common::{Meter, crc, hex};
use schema::PortId;

/// Sends a frame as it stands and holds the answer against the expected one as it stands.
#[track_caller]
fn exchange(meter: &mut Meter, request: &str, answer: &str) {
    let (request, answer) = (hex(request), hex(answer));
    for frame in [&request, &answer] {
        let (body, check) = frame.split_at(frame.len().saturating_sub(2));
        assert!(frame.is_empty() || check == crc(body), "{frame:02X?} has a bad CRC in this test");
    }
    assert_eq!(meter.send(&request), answer, "{request:02X?}");
}

#[test]
fn the_serial_number_is_read() {
    exchange(&mut Meter::of("pro1-mod"), "01 03 40 00 00 02 D1 CB", "01 03 04 13 07 00 01 8E B6");
}

#[test]
fn a_read_of_id_0_is_answered_with_the_own_id() {
    // Example 1 of the Modbus manual of the family: the older map, id 00, answered by 01.
    let mut meter = Meter::of("pro1-mod serial=15060001");
    exchange(&mut meter, "00 03 10 00 00 02 C1 1A", "01 03 04 15 06 00 01 DF FE");
    exchange(&mut meter, "00 03 40 00 00 02 D0 1A", "01 03 04 15 06 00 01 DF FE");
}

#[test]
fn active_power_is_read_from_the_older_map() {
    // A library for the PRO1-Mod asks everything of id 00. 1.15 kW is 3F933333h.
    let mut meter = Meter::of("pro1-mod load=\"L1 230V 5A\" modbus-id=3");
    exchange(&mut meter, "00 03 20 80 00 02 CF F2", "03 03 04 3F 93 33 33 71 2F");
}

#[test]
fn a_charger_polls_three_currents() {
    // A PRO1 has one phase: 16 A is 41800000h, the others are 0.
    let mut meter = Meter::of("pro1-mod load=\"L1 230V 16A\"");
    exchange(&mut meter, "01 03 50 0C 00 06 14 CB", "01 03 0C 41 80 00 00 00 00 00 00 00 00 00 00 C6 4E");
}

#[test]
fn readings_come_at_their_resolution() {
    // 1.261 A is shown as 1.26, 230.07 V as 230.1.
    let mut meter = Meter::of("pro1-mod load=\"L1 230.07V 1.261A\"");
    exchange(&mut meter, "01 03 50 0A 00 02 F5 09", "01 03 04 3F A1 47 AE 15 89");
    exchange(&mut meter, "01 03 50 00 00 02 D5 0B", "01 03 04 43 66 19 9A 84 53");
}

#[test]
fn writes_of_the_manual_are_done() {
    // PRO1 manual A3: scroll time 25 s, tariff 2, pulse rate 10 imp/kWh, resettable counter to zero.
    let mut meter = Meter::of("pro1-mod energy.trip=5.86");
    exchange(&mut meter, "01 06 40 10 00 25 5C 14", "01 06 40 10 00 25 5C 14");
    assert_eq!(meter.read(0x4010, 1), Ok(vec![0x0025]));
    exchange(&mut meter, "01 06 60 48 00 02 96 1D", "01 06 60 48 00 02 96 1D");
    assert_eq!(meter.read(0x6048, 1), Ok(vec![2]));
    exchange(&mut meter, "01 10 40 0D 00 02 04 41 20 00 00 16 03", "01 10 40 0D 00 02 C5 CB");
    assert_eq!(meter.read(0x400D, 2), Ok(vec![0x4120, 0]));
    assert_eq!(meter.read(0x6049, 2), Ok(vec![0x40BB, 0x851F]), "5.86 kWh");
    exchange(&mut meter, "01 10 60 49 00 02 04 00 00 00 00 9F F7", "01 10 60 49 00 02 8E 1E");
    assert_eq!(meter.read(0x6049, 2), Ok(vec![0, 0]));
}

#[test]
fn a_new_id_is_answered_at_the_old_one_and_holds_from_then_on() {
    let mut meter = Meter::of("pro1-mod");
    exchange(&mut meter, "01 06 40 03 00 0A EC 0D", "01 06 40 03 00 0A EC 0D");
    exchange(&mut meter, "01 03 40 00 00 02 D1 CB", "");
    exchange(&mut meter, "0A 03 40 00 00 02 D0 B0", "0A 03 04 13 07 00 01 34 76");
}

#[test]
fn a_new_speed_is_answered_at_the_old_one() {
    let mut meter = Meter::of("pro1-mod baud=4800");
    exchange(&mut meter, "01 06 40 04 25 80 C6 FB", "01 06 40 04 25 80 C6 FB");
    assert_eq!(meter.twin.device().port_line(PortId::Modbus).unwrap().baud, 9_600);
    assert_eq!(meter.read(0x4004, 1), Ok(vec![0x2580]));
}

#[test]
fn a_write_to_everybody_is_done_in_silence() {
    let mut meter = Meter::of("pro1-mod");
    exchange(&mut meter, "00 06 40 10 00 25 5D C5", "");
    assert_eq!(meter.read(0x4010, 1), Ok(vec![0x0025]));
}

#[test]
fn a_bad_crc_and_another_id_are_met_with_silence() {
    let mut meter = Meter::of("pro1-mod");
    assert_eq!(meter.send(&hex("01 06 40 10 00 25 5C 15")), []);
    exchange(&mut meter, "02 06 40 10 00 25 5C 27", "");
    assert_eq!(meter.read(0x4010, 1), Ok(vec![0x0010]));
}

#[test]
fn requests_out_of_range_are_refused_by_their_count_first() {
    let mut meter = Meter::of("pro1-mod");
    for (pdu, answer) in [
        // Quantity 0 and 126, even where nothing is; one register past the last one.
        ("03 5000 0000", "83 03"),
        ("03 5000 007E", "83 03"),
        ("03 0100 0000", "83 03"),
        ("04 5000 007E", "84 03"),
        ("03 0100 0002", "83 02"),
        ("03 FFFF 0002", "83 02"),
        ("03 5000 0033", "83 02"),
        ("03 5031 0002", "83 02"),
        // Half a float, and the older map with another length than its own.
        ("06 400D 447A", "86 03"),
        ("06 400E 0000", "86 03"),
        ("10 400E 0001 02 0000", "90 03"),
        ("06 6049 0000", "86 03"),
        ("03 1000 0001", "83 02"),
        ("03 1000 0003", "83 02"),
        ("03 1001 0001", "83 02"),
        ("03 1018 0002", "83 02"),
        // Function 16 with quantity 0, with 124, with a byte count that is not twice the quantity.
        ("10 4010 0000 00", "90 03"),
        ("10 4010 0001 04 0015 0001", ""),
        ("10 4010 0002 02 0015", "90 03"),
        // Functions that this meter has not.
        ("01 0000 0001", "81 01"),
        ("05 0000 FF00", "85 01"),
        ("41 0000 0000", "C1 01"),
    ] {
        let mut frame = vec![1];
        frame.extend(hex(pdu));
        frame.extend(crc(&frame));
        let answered = meter.send(&frame);
        if answer.is_empty() {
            // The quantity says how long the frame is: what follows is no frame, and both are dropped or refused.
            assert!(answered.is_empty() || answered[..3] == [1, 0x90, 3], "{pdu}: {answered:02X?}");
        } else {
            let mut expected = vec![1];
            expected.extend(hex(answer));
            expected.extend(crc(&expected));
            assert_eq!(answered, expected, "{pdu}");
        }
        meter.pass(units::Duration::from_millis(50));
    }
    assert_eq!(meter.read(0x4010, 1), Ok(vec![0x0010]), "nothing has changed");
}
