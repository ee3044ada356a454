//! Records: the manuals' telegrams, every data type, damaged bytes.

use super::*;
use crate::value::Text;
use crate::{Application, Data, Frame, Header, Identity, Manufacturer, Place, Writer};
use proptest::prelude::*;

/// The frame of the table "Read" of the Ambition 2PU CT manual, A2.2, its last record with the DIF its three bytes need.
fn two_pu(last_dif: u8) -> Vec<u8> {
    let mut user = vec![0x08, 0x01, 0x72];
    user.extend([0x46, 0x02, 0x02, 0x19, 0xCD, 0x25, 0x01, 0x02, 0x04, 0x00, 0x00, 0x00]);
    let energy = [0x15, 0xCD, 0x5B, 0x07];
    let power = [0x87, 0xD6, 0x12];
    for vib in [&[0x03][..], &[0x83, 0x3C]] {
        for dib in [&[0x04][..], &[0x84, 0x10], &[0x84, 0x20], &[0x84, 0x30], &[0x84, 0x80, 0x10]] {
            user.extend([dib, vib, &energy].concat());
        }
    }
    for vib in [&[0x83, 0xFC, 0x10][..], &[0xFB, 0x82, 0x73], &[0xFB, 0x82, 0xF3, 0x3C]] {
        user.extend([&[0x04], vib, &energy].concat());
    }
    for phase in 1..=3 {
        user.extend([0x02, 0xFD, 0xC7, 0xFC, phase, 0xE4, 0x59]);
    }
    for phase in 1..=3 {
        user.extend([0x03, 0xFD, 0xD9, 0xFC, phase, 0x1B, 0x87, 0x01]);
    }
    user.extend([&[0x03, 0x2B][..], &power].concat());
    user.extend([&[0x03, 0xAB, 0xFC, 0x01][..], &power].concat());
    user.extend([&[0x03, 0xAB, 0xFC, 0x02][..], &power].concat());
    user.extend([0x03, 0xAB, 0xFC, 0x03, 0x79, 0x29, 0xED]);
    user.extend([&[0x03, 0xFB, 0x14][..], &power].concat());
    for phase in 1..=3 {
        user.extend([&[0x03, 0xFB, 0x94, 0xFC, phase][..], &power].concat());
    }
    user.extend([&[0x03, 0xFB, 0x34][..], &power].concat());
    user.extend([0x0A, 0xFD, 0x3A, 0x00, 0x01]);
    user.extend([0x03, 0xFB, 0x2C, 0x37, 0xC7, 0x00]);
    user.extend([0x09, 0x7C, 0x01, 0x54, 0x01]);
    user.extend([last_dif, 0xFD, 0x3A, 0x05, 0x95, 0x99]);
    let len = u8::try_from(user.len()).unwrap();
    let sum = user.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    [&[0x68, len, len, 0x68][..], &user, &[sum, 0x16]].concat()
}

fn records(frame: &[u8]) -> (Header, Records<'_>) {
    let Ok(Frame::Long { ci, data, .. }) = Frame::parse(frame) else { panic!("no frame") };
    match Application::parse(ci, data) {
        Ok(Application::Variable { header, records }) => (header, records),
        other => panic!("{other:?}"),
    }
}

fn only(bytes: &[u8]) -> Record<'_> {
    let mut all = Records::new(bytes);
    let record = all.next().unwrap().unwrap();
    assert!(all.next().is_none(), "{:02X?} is left", all.rest());
    assert_eq!(record.bytes, bytes);
    record
}

#[test]
fn every_record_of_the_2pu_table_with_its_meaning() {
    use Direction as D;
    use Quantity as Q;
    let frame = two_pu(0x0B);
    assert_eq!((frame[1], frame[248]), (0xF4, 0xAC), "length and check sum");
    let (header, records) = records(&frame);
    let meter = Identity { id: 0x1902_0246, manufacturer: Manufacturer::INM, version: 1, medium: 2 };
    assert_eq!(header, Header { identity: Some(meter), access: 4, status: 0, signature: 0 });
    let all: Vec<_> = records.map(Result::unwrap).collect();
    assert_eq!(all.len(), 32);
    for (i, record) in all.iter().enumerate().take(10) {
        assert_eq!((record.quantity, record.unit, record.scale), (Q::Energy, Unit::Wh, 0));
        assert_eq!(record.tariff, u32::try_from(i % 5).unwrap());
        assert_eq!(record.direction, if i < 5 { D::Unstated } else { D::Backward });
        assert_eq!(record.value.as_int(), Some(123_456_789));
    }
    assert_eq!((all[10].quantity, all[10].direction), (Q::Energy, D::Both));
    for (record, direction) in [(all[11], D::Unstated), (all[12], D::Backward)] {
        assert_eq!((record.quantity, record.unit, record.scale), (Q::ReactiveEnergy, Unit::Varh, 0));
        assert_eq!((record.value.as_int(), record.direction), (Some(123_456_789), direction));
    }
    for (i, phase) in [Phase::L1, Phase::L2, Phase::L3].into_iter().enumerate() {
        let seen = |record: &Record<'_>| {
            assert_eq!(record.phase, Some(phase));
            (record.quantity, record.unit, record.scale, record.value.as_int().unwrap())
        };
        assert_eq!(seen(&all[13 + i]), (Q::Voltage, Unit::Volt, -2, 23_012));
        assert_eq!(seen(&all[16 + i]), (Q::Current, Unit::Ampere, -3, 100_123));
        let power = if i == 2 { -1_234_567 } else { 1_234_567 };
        assert_eq!(seen(&all[20 + i]), (Q::Power, Unit::W, 0, power));
        assert_eq!(seen(&all[24 + i]), (Q::ReactivePower, Unit::Var, 0, 1_234_567));
    }
    let total = |i: usize| {
        let r = &all[i];
        assert_eq!((r.phase, r.tariff), (None, 0));
        (r.quantity, r.unit, r.scale, r.value.as_int().unwrap())
    };
    assert_eq!(total(19), (Q::Power, Unit::W, 0, 1_234_567));
    assert_eq!(total(23), (Q::ReactivePower, Unit::Var, 0, 1_234_567));
    assert_eq!(total(27), (Q::ApparentPower, Unit::Va, 0, 1_234_567));
    assert_eq!(total(28), (Q::Dimensionless, Unit::None, 0, 100));
    assert_eq!(total(29), (Q::Frequency, Unit::Hertz, -3, 50_999));
    assert_eq!(total(30), (Q::PlainText, Unit::None, 0, 1));
    assert_eq!(all[30].text.to_string(), "T");
    assert_eq!(total(31), (Q::Dimensionless, Unit::None, 0, 999_505));
}

#[test]
fn the_misprint_costs_its_own_record_only() {
    let frame = two_pu(0x0A);
    assert_eq!(frame[248], 0xAB, "check sum as printed");
    let (_, mut records) = records(&frame);
    let all: Vec<_> = records.by_ref().collect();
    assert_eq!(all.len(), 33);
    assert_eq!(all[31].unwrap().value.as_int(), Some(9505));
    assert_eq!(all[32], Err(RecordFault::Truncated { at: 228 }));
    assert_eq!(records.rest(), [0x99]);
}

#[test]
fn the_pro1_example_is_written_and_read_to_the_byte() {
    use Function::{Instantaneous, Maximum, Minimum};
    // PRO1 manual A2.2, the nine records of REQ_UD2.
    let values = [
        (Instantaneous, [1_604_814, 358_023, 1_246_791]),
        (Maximum, [691_346, 123_456, 567_890]),
        (Minimum, [913_468, 234_567, 678_901]),
    ];
    let mut buffer = [0; 252];
    let mut writer = Writer::new(&mut buffer);
    let identity = Identity { id: 0, manufacturer: Manufacturer::INM, version: 1, medium: 2 };
    writer.header(&Header { identity: Some(identity), access: 2, status: 0, signature: 0 }).unwrap();
    for (function, row) in values {
        for (tariff, value) in (0..).zip(row) {
            let place = Place::tariff(tariff).of(function);
            writer.record(place, &[0x04], Data::Bcd { value, digits: 8 }).unwrap();
        }
    }
    let mut frame = [0; 261];
    let control = crate::Control::RSP_UD;
    let n = Frame::Long { control, address: 0, ci: 0x72, data: writer.bytes() }.emit(&mut frame).unwrap();
    let golden: [u8; 81] = [
        0x68, 0x4B, 0x4B, 0x68, 0x08, 0x00, 0x72, 0x00, 0x00, 0x00, 0x00, 0xCD, 0x25, 0x01, 0x02, 0x02, 0x00,
        0x00, 0x00, 0x0C, 0x04, 0x14, 0x48, 0x60, 0x01, 0x8C, 0x10, 0x04, 0x23, 0x80, 0x35, 0x00, 0x8C, 0x20,
        0x04, 0x91, 0x67, 0x24, 0x01, 0x1C, 0x04, 0x46, 0x13, 0x69, 0x00, 0x9C, 0x10, 0x04, 0x56, 0x34, 0x12,
        0x00, 0x9C, 0x20, 0x04, 0x90, 0x78, 0x56, 0x00, 0x2C, 0x04, 0x68, 0x34, 0x91, 0x00, 0xAC, 0x10, 0x04,
        0x67, 0x45, 0x23, 0x00, 0xAC, 0x20, 0x04, 0x01, 0x89, 0x67, 0x00, 0x7C, 0x16,
    ];
    assert_eq!(frame[..n], golden);
    let (_, records) = records(&golden);
    let read: Vec<_> = records
        .map(|record| record.unwrap())
        .map(|r| {
            assert_eq!((r.quantity, r.unit, r.scale), (Quantity::Energy, Unit::Wh, 1));
            (r.function, r.tariff, r.value.as_int().unwrap())
        })
        .collect();
    let written: Vec<_> =
        values.iter().flat_map(|(f, row)| (0u32..).zip(row).map(move |(t, v)| (*f, t, *v))).collect();
    assert_eq!(read, written);
}

#[test]
fn fillers_and_what_the_maker_keeps_to_himself() {
    let mut records = Records::new(&[0x2F, 0x2F, 0x01, 0x7A, 0x05, 0x2F, 0x1F, 0xAA, 0xBB]);
    assert_eq!(records.next().unwrap().unwrap().value, Value::Unsigned(5));
    assert_eq!((records.next(), records.more_follows()), (None, true));
    assert_eq!(records.manufacturer_data(), Some(&[0xAA, 0xBB][..]));
    let mut records = Records::new(&[0x0F]);
    assert_eq!((records.next(), records.more_follows()), (None, false));
    assert_eq!(records.manufacturer_data(), Some(&[][..]));
}

#[test]
fn storage_tariff_and_subunit_of_many_extensions() {
    let record = only(&[0xC1, 0x9A, 0xF5, 0x01, 0x7A, 0x07]);
    assert_eq!(
        (record.storage, record.tariff, record.subunit),
        (1 | 0xA << 1 | 5 << 5 | 1 << 9, 1 | 3 << 2, 2)
    );
    assert_eq!(record.dib(), [0xC1, 0x9A, 0xF5, 0x01]);
    let ten = [&[0x81][..], &[0xFF; 9], &[0x7F, 0x7A, 0x07]].concat();
    let record = only(&ten);
    assert_eq!((record.storage, record.tariff, record.subunit), (((1 << 40) - 1) << 1, 0xF_FFFF, 0x3FF));
    let eleven = [&[0x81][..], &[0xFF; 10], &[0x7F, 0x7A, 0x07]].concat();
    assert_eq!(Records::new(&eleven).next(), Some(Err(RecordFault::Extensions { at: 0 })));
}

#[test]
fn ten_vifes_are_read_and_eleven_refused() {
    let ten = [&[0x01, 0x83][..], &[0xF6; 9], &[0x76, 0x07]].concat();
    let record = only(&ten);
    assert_eq!((record.scale, record.value), (0, Value::Int(7)));
    let eleven = [&[0x01, 0x83][..], &[0xF6; 10], &[0x76, 0x07]].concat();
    assert_eq!(Records::new(&eleven).next(), Some(Err(RecordFault::Extensions { at: 0 })));
}

#[test]
fn letters_of_a_unit_behind_the_vifes_or_before_them() {
    let standard = only(&[0x03, 0xFC, 0x20, 0x03, 0x43, 0x42, 0x41, 0x15, 0x31, 0x00]);
    assert_eq!(standard.text.to_string(), "ABC");
    assert_eq!((standard.vifes, standard.value), (&[0x20][..], Value::Int(0x3115)));
    assert_eq!(standard.modifiers().collect::<Vec<_>>(), [Modifier::Per(0x20)]);
    let older = only(&[0x02, 0xFC, 0x03, 0x48, 0x52, 0x25, 0x74, 0x22, 0x15]);
    assert_eq!(older.text.to_string(), "%RH");
    assert_eq!((older.vifes, older.scale, older.value), (&[0x74][..], -2, Value::Int(0x1522)));
}

#[test]
fn every_type_of_data() {
    assert_eq!(only(&[0x00, 0x03]).value, Value::None);
    assert_eq!(only(&[0x08, 0x03]).value, Value::None);
    assert_eq!(only(&[0x05, 0x2B, 0, 0, 0x80, 0x3F]).value, Value::Real(1.0));
    assert_eq!(only(&[0x06, 0x03, 1, 0, 0, 0, 0, 0x80]).value, Value::Int(-0x7FFF_FFFF_FFFF));
    assert_eq!(only(&[0x07, 0x79, 1, 0, 0, 0, 0, 0, 0, 0x80]).value, Value::Unsigned(1 << 63 | 1));
    assert_eq!(only(&[0x0E, 0x03, 0x21, 0x43, 0x65, 0x87, 0x09, 0x10]).value.as_int(), Some(100_987_654_321));
    assert_eq!(only(&[0x0D, 0xFD, 0x11, 0x03, b'c', b'b', b'a']).value, Value::Text(Text(b"cba")));
    let lvar =
        only(&[0x0D, 0x7C, 0x02, 0x57, 0x50, 0xF0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    assert_eq!((lvar.data.len(), lvar.text.to_string()), (16, "PW".into()));
    assert!(matches!(only(&[0x42, 0x6C, 0x5F, 0x1C]).value, Value::Date(_)));
    assert!(matches!(only(&[0x04, 0x6D, 0x2D, 0x13, 0x95, 0x35]).value, Value::DateTime { .. }));
    // The day of a maximum is a date, not an energy.
    assert!(matches!(only(&[0x02, 0x83, 0x39, 0x5F, 0x1C]).value, Value::Date(_)));
    assert_eq!(
        Records::new(&[0x0D, 0x03, 0xFF]).next(),
        Some(Err(RecordFault::Reserved { at: 0, byte: 0xFF }))
    );
    assert_eq!(Records::new(&[0x3F, 0x03]).next(), Some(Err(RecordFault::Reserved { at: 0, byte: 0x3F })));
}

#[test]
fn what_extensions_say() {
    let record = only(&[0x01, 0x83, 0x15, 0x00]);
    assert_eq!(record.error, 0x15);
    assert_eq!(record.modifiers().collect::<Vec<_>>(), [Modifier::Error(0x15)]);
    let record = only(&[0x01, 0x83, 0xC8, 0xFC, 0x89, 0xFE, 0xFF, 0x11, 0x00]);
    let all =
        [Modifier::Condition(0x48), Modifier::Quadrant(2), Modifier::Future, Modifier::Manufacturer(0x11)];
    assert_eq!(record.modifiers().collect::<Vec<_>>(), all);
    let record = only(&[0x01, 0xFF, 0x7D, 0x05]);
    assert_eq!((record.quantity, record.scale), (Quantity::ManufacturerSpecific, 0));
    let unknown = only(&[0x01, 0xFD, 0xFD, 0x3C, 0x05]);
    assert_eq!((unknown.quantity, unknown.direction), (Quantity::Reserved, Direction::Unstated));
    assert_eq!(unknown.vif, [0xFD, 0xFD, 0x3C]);
    assert_eq!(only(&[0x01, 0x83, 0x3D, 0x05]).unit, Unit::NonMetric);
}

#[test]
fn the_fixed_form_of_old_meters() {
    // m³ in litres, BCD, and the same of a fixed date.
    let bytes = [0x78, 0x56, 0x34, 0x12, 0x0A, 0x00, 0xE9, 0x7E, 0x01, 0, 0, 0, 0x35, 0x01, 0, 0];
    let Ok(Application::Fixed(fixed)) = Application::parse(0x73, &bytes) else { panic!() };
    assert_eq!((fixed.id, fixed.medium), (0x1234_5678, 0b0111));
    let [first, second] = fixed.counters;
    assert_eq!((first.unit, first.scale, first.value), (Unit::CubicMetre, -3, Some(1)));
    assert_eq!((second.unit, second.scale, second.value), (Unit::CubicMetre, -3, Some(135)));
    let short = Application::parse(0x73, &bytes[1..]).unwrap_err();
    assert_eq!(short.to_string(), "the fixed data structure has 15 bytes: expected 16");
    let header = Application::parse(0x72, &bytes[..5]).unwrap_err();
    assert_eq!(header.to_string(), "the header has 5 bytes: expected 12");
}

#[test]
fn other_headers_and_unknown_codes_are_kept() {
    let short = Application::parse(0x7A, &[9, 2, 0, 0, 0x01, 0x7A, 0x05]).unwrap();
    let Application::Variable { header, mut records } = short else { panic!() };
    assert_eq!((header.access, header.status, header.identity), (9, 2, None));
    assert_eq!(records.next().unwrap().unwrap().quantity, Quantity::PrimaryAddress);
    let bare = Application::parse(0x78, &[0x01, 0x7A, 0x05]).unwrap();
    let Application::Variable { mut records, .. } = bare else { panic!() };
    assert_eq!(records.next().unwrap().unwrap().value, Value::Unsigned(5));
    assert!(matches!(Application::parse(0xA0, &[1]), Ok(Application::Other { ci: 0xA0, data: [1] })));
    assert!(matches!(Application::parse(0x70, &[3]), Ok(Application::Error(3))));
}

#[test]
fn what_cannot_be_written_leaves_the_writer_as_it_was() {
    use crate::writer::WriteFault as W;
    let mut buffer = [0; 12];
    let mut writer = Writer::new(&mut buffer);
    let at = Place::tariff(1);
    let mut fails = |place, vib: &[u8], data| {
        let fault = writer.record(place, vib, data).unwrap_err();
        assert!(writer.is_empty());
        fault
    };
    assert_eq!(fails(at, &[0x04], Data::Bcd { value: 100_000_000, digits: 8 }), W::Range);
    assert_eq!(fails(at, &[0x04], Data::Bcd { value: -10_000_000, digits: 8 }), W::Range);
    assert_eq!(fails(at, &[0x04], Data::Bcd { value: 1, digits: 10 }), W::Width);
    assert_eq!(fails(at, &[0x04], Data::Int { value: 128, bytes: 1 }), W::Range);
    assert_eq!(fails(at, &[0x04], Data::Int { value: 1, bytes: 5 }), W::Width);
    assert_eq!(fails(at, &[0x84], Data::None), W::ValueInformation);
    assert_eq!(fails(at, &[0x7C, 2, b'T'], Data::None), W::ValueInformation);
    assert_eq!(fails(at, &[0x04], Data::Text(&[b'x'; 40])), W::Full);
    assert_eq!(fails(Place::tariff(1 << 20), &[0x04], Data::None), W::Place);
}

fn any_data() -> impl Strategy<Value = (i64, u8, bool)> {
    (any::<i64>(), prop::sample::select(vec![1u8, 2, 3, 4, 6, 8]), any::<bool>())
}

proptest! {
    #[test]
    fn any_bytes_end_and_keep_what_was_not_read(bytes in prop::collection::vec(any::<u8>(), 0..255)) {
        let mut records = Records::new(&bytes);
        let mut read = 0;
        for record in records.by_ref().flatten() {
            prop_assert!(!record.bytes.is_empty());
            prop_assert!(record.modifiers().count() <= MAX_EXTENSIONS);
            read += record.bytes.len();
        }
        prop_assert!(read + records.rest().len() <= bytes.len());
        for ci in [0x70, 0x72, 0x73, 0x78, 0x7A, 0x00] {
            let _ = Application::parse(ci, &bytes);
        }
    }

    #[test]
    fn numbers_there_and_back(
        (raw, bytes, decimal) in any_data(),
        storage in 0u64..1 << 41, tariff in 0u32..1 << 20, subunit in 0u16..1 << 10,
    ) {
        let unused = 64 - 8 * u32::from(bytes);
        let value = raw << unused >> unused;
        let digits = if bytes == 8 { 12 } else { 2 * bytes };
        let data = if decimal {
            Data::Bcd { value: raw.rem_euclid(10i64.pow(u32::from(digits) - 1)) * raw.signum(), digits }
        } else {
            Data::Int { value, bytes }
        };
        let place = Place { function: Function::Minimum, storage, tariff, subunit };
        let mut buffer = [0; 40];
        let mut writer = Writer::new(&mut buffer);
        if writer.record(place, &[0x04], data).is_err() {
            // Only twelve digits have no eight-byte sister.
            prop_assert!(decimal && bytes == 6 && digits != 12);
            return Ok(());
        }
        let record = only(writer.bytes());
        prop_assert_eq!((record.function, record.storage, record.tariff, record.subunit),
            (Function::Minimum, storage, tariff, subunit));
        match data {
            Data::Bcd { value, digits } => prop_assert_eq!(record.value, Value::Bcd { value, digits }),
            _ if value == i64::MIN >> unused => prop_assert_eq!(record.value, Value::Missing),
            _ => prop_assert_eq!(record.value, Value::Int(value)),
        }
    }

    #[test]
    fn letters_there_and_back(text in "[ -~]{0,60}", bits: u32) {
        let mut buffer = [0; 255];
        let mut writer = Writer::new(&mut buffer);
        writer.record(Place::default(), &[0xFD, 0x11], Data::Text(text.as_bytes())).unwrap();
        writer.record(Place::default(), &[0x7C, 1, b'x'], Data::Real(f32::from_bits(bits))).unwrap();
        let all: Vec<_> = Records::new(writer.bytes()).map(Result::unwrap).collect();
        let Value::Text(read) = all[0].value else { panic!() };
        prop_assert_eq!(read.to_string(), text);
        prop_assert!(matches!(all[1].value, Value::Real(r) if r.to_bits() == bits));
    }
}
