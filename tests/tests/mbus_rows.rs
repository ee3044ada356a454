//! The M-Bus of every model that has one: the example of the manual to the byte, each record that is said, each record
//! that can be written, and who is meant by an address.

mod common;

use common::{Meter, families, hex};
use device::{Door, MbusQuirks, NvPart, PortOutput};
use mbus::{Header, Records, Writer};
use models::Entry;
use schema::{CommandId, Kind, MbusDef, ModelDef, PortId, RecordWriteDef, SettingDef, SettingId, Target};
use units::{Duration, Flow, Instant, Point, Tariff};

const ACK: &[u8] = &[0xE5];

/// The models with M-Bus, and how they behave there.
fn with_mbus() -> impl Iterator<Item = (&'static Entry, MbusDef)> {
    families().filter_map(|entry| Some((entry, entry.def.mbus?)))
}

/// A meter in which hardly a value is 0, and the telegrams of its model.
fn meter(entry: &'static Entry) -> Meter {
    Meter::of(&format!(
        "{} load=\"L1 231.4V 7.5A pf 0.83 lag\" energy.forward=1234.56 energy.reverse.t2=7.89 energy.trip=5.86",
        entry.def.slug
    ))
}

fn short(control: u8, address: u8) -> Vec<u8> {
    vec![0x10, control, address, control.wrapping_add(address), 0x16]
}

fn long(address: u8, ci: u8, data: &[u8]) -> Vec<u8> {
    let body = [&[0x53, address, ci][..], data].concat();
    let length = u8::try_from(body.len()).unwrap();
    let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    [&[0x68, length, length, 0x68][..], &body, &[sum, 0x16]].concat()
}

/// Sends a frame and waits for two seconds at most: what is answered, nothing for silence, and the speed at which it left.
fn ask(meter: &mut Meter, frame: &[u8]) -> (Vec<u8>, u32) {
    let now = meter.now;
    meter.twin.device_mut().rx(PortId::Mbus, now, frame);
    for _ in 0..200 {
        meter.pass(Duration::from_millis(10));
        let now = meter.now;
        let speed = meter.twin.device().port_line(PortId::Mbus).unwrap().baud;
        let mut answer = Vec::new();
        while let Some(output) = meter.twin.device_mut().port_poll(PortId::Mbus, now) {
            if let PortOutput::Transmit(bytes) = output {
                answer = bytes.to_vec();
                break;
            }
        }
        if !answer.is_empty() {
            meter.twin.device_mut().tx_done(PortId::Mbus, now);
            while meter.twin.device_mut().port_poll(PortId::Mbus, now).is_some() {}
            return (answer, speed);
        }
    }
    (Vec::new(), 0)
}

fn own(meter: &Meter) -> u8 {
    meter.twin.device().address(PortId::Mbus).unwrap().1
}

/// What is answered to a frame with these data at the meter's own address.
fn send(meter: &mut Meter, ci: u8, data: &[u8]) -> Vec<u8> {
    let frame = long(own(meter), ci, data);
    ask(meter, &frame).0
}

/// A read-out at `address`: who answers, with which header and which records.
#[track_caller]
fn read_at(meter: &mut Meter, address: u8) -> (u8, Header, Vec<u8>) {
    let (frame, _) = ask(meter, &short(0x5B, address));
    let Ok(mbus::Frame::Long { control, address, ci: 0x72, data }) = mbus::Frame::parse(&frame) else {
        panic!("no telegram: {frame:02X?}")
    };
    assert_eq!(control.0, 0x08);
    let (header, records) = data.split_first_chunk().unwrap();
    (address, Header::parse_long(*header), records.to_vec())
}

#[track_caller]
fn read(meter: &mut Meter) -> (Header, Vec<u8>) {
    let address = own(meter);
    let (_, header, records) = read_at(meter, address);
    (header, records)
}

fn settings(meter: &Meter) -> Vec<Option<i32>> {
    let ids = meter.twin.entry().def.all_settings().map(|setting| setting.id);
    ids.map(|id| meter.twin.device().setting(id)).collect()
}

/// The record that asks for a value of a setting, as its row says.
fn record(row: &RecordWriteDef, setting: &SettingDef, value: i64) -> Vec<u8> {
    let mut buffer = [0; 32];
    let mut writer = Writer::new(&mut buffer);
    writer.coded(row.dib, row.vib, setting.unit.at(value, row.decimals)).unwrap();
    writer.bytes().to_vec()
}

/// Rows that change settings.
fn setting_rows(
    def: &'static ModelDef,
    bus: &MbusDef,
) -> impl Iterator<Item = (&'static RecordWriteDef, &'static SettingDef)> {
    bus.writes.iter().filter_map(|row| match row.target {
        Target::Setting(id) => Some((row, row.takes.unwrap_or(def.setting(id)?.1))),
        Target::Command(_) => None,
    })
}

/// The telegram that A2.2 prints, its check sum included. Its totals are sums, as under combination code 5; its header
/// has version 01, where the table beside it says that the version is the major one of the software, so this meter is
/// the model with another version.
#[test]
fn the_example_of_the_manual_to_the_byte() {
    let (entry, bus) = with_mbus().next().unwrap();
    for (version, sum) in [(1, 0x7C), (bus.version, 0x7B + bus.version)] {
        let bus = MbusDef { version, ..bus };
        let def: &'static ModelDef = Box::leak(Box::new(ModelDef { mbus: Some(bus), ..*entry.def }));
        let entry: &'static Entry = Box::leak(Box::new(Entry { def, notes: entry.notes }));
        let mut meter = Meter::new(entry);
        let device = meter.twin.device_mut();
        device.apply(Door::Factory, &[(SettingId::Serial, 0), (SettingId::CombinationCode, 5)]).unwrap();
        for (flow, tariff, wh) in [
            (Flow::Forward, Tariff::T1, 1_234_560),
            (Flow::Forward, Tariff::T2, 5_678_900),
            (Flow::Reverse, Tariff::T1, 2_345_670),
            (Flow::Reverse, Tariff::T2, 6_789_010),
        ] {
            assert!(device.set_energy(Point::active(flow, tariff), wh));
        }
        device.ports_mut().mbus.as_mut().unwrap().set_access(2);
        let mut expected = hex(&format!(
            "68 4B 4B 68 08 00 72 00 00 00 00 CD 25 {version:02X} 02 02 00 00 00 \
             0C 04 14 48 60 01  8C 10 04 23 80 35 00  8C 20 04 91 67 24 01 \
             1C 04 46 13 69 00  9C 10 04 56 34 12 00  9C 20 04 90 78 56 00 \
             2C 04 68 34 91 00  AC 10 04 67 45 23 00  AC 20 04 01 89 67 00"
        ));
        expected.extend([sum, 0x16]);
        assert_eq!(ask(&mut meter, &hex("10 5B 00 5B 16")), (expected, 9_600));
    }
}

#[test]
fn every_record_of_every_telegram_is_said_as_its_row_says() {
    for (entry, bus) in with_mbus() {
        let mut meter = meter(entry);
        let quirks = MbusQuirks { selection: true, ..MbusQuirks::default() };
        meter.twin.device_mut().ports_mut().mbus.as_mut().unwrap().set_quirks(quirks);
        for telegram in bus.telegrams {
            assert_eq!(send(&mut meter, telegram.ci, &[]), ACK, "{:02X}", telegram.ci);
            let (header, said) = read(&mut meter);
            let identity = header.identity.unwrap();
            assert_eq!((identity.version, identity.medium), (bus.version, bus.medium));
            assert_eq!((identity.manufacturer.0, header.status, header.signature), (bus.manufacturer, 0, 0));
            let mut records = Records::new(&said);
            for row in telegram.records {
                let record = records.next().unwrap().unwrap();
                let head = [row.dib, row.vib].concat();
                assert!(record.bytes.starts_with(&head), "{:02X?} for {head:02X?}", record.bytes);
                let value = meter.twin.device().works().source(row.source);
                let value = entry.def.unit(row.source).at(value, row.decimals);
                assert_eq!(record.value.as_int(), Some(row.form.number(value)), "{head:02X?}");
            }
            assert!(records.next().is_none(), "nothing beyond the rows");
        }
    }
}

#[test]
fn a_choice_of_telegram_is_acknowledged_and_made_where_the_meter_does_so_or_a_twin_is_told_to() {
    for (entry, bus) in with_mbus() {
        let [first, second, ..] = bus.telegrams else { continue };
        let begins = |records: &[u8], telegram: &schema::TelegramDef| {
            let row = &telegram.records[0];
            records.starts_with(&[row.dib, row.vib].concat())
        };
        if !bus.selection {
            let mut meter = meter(entry);
            assert_eq!(send(&mut meter, second.ci, &[]), ACK);
            assert!(begins(&read(&mut meter).1, first));
        }
        let told = if bus.selection { "" } else { " telegram-selection=on" };
        let mut meter = Meter::of(&format!("{}{told}", entry.def.slug));
        assert_eq!(send(&mut meter, second.ci, &[]), ACK);
        assert!(begins(&read(&mut meter).1, second));
        assert_eq!(send(&mut meter, 0x50, &[]), ACK, "application reset");
        assert!(begins(&read(&mut meter).1, first));
        assert_eq!(send(&mut meter, 0xB7, &[]), [], "a telegram that there is not");
    }
}

/// The commands as A2.2 prints them, for a meter at address 1.
#[test]
fn the_writes_of_the_manual() {
    for (frame, id, value) in [
        ("68 06 06 68 53 01 51 01 7A 01 21 16", SettingId::MbusId, 1),
        ("68 08 08 68 53 01 51 09 7C 01 54 02 81 16", SettingId::Tariff, 2),
        ("68 07 07 68 53 01 51 09 FD 3A 05 EA 16", SettingId::CombinationCode, 5),
        ("68 0A 0A 68 53 01 51 0C FD 3A 00 00 01 00 E9 16", SettingId::S0Rate, 10_000),
        ("68 09 09 68 53 01 51 0C 79 15 01 23 45 A8 16", SettingId::Serial, 45_230_115),
        ("68 03 03 68 53 01 BB 0F 16", SettingId::MbusBaud, 2_400),
    ] {
        let (entry, _) = with_mbus().next().unwrap();
        let mut meter = Meter::of(&format!("{} mbus-id=1", entry.def.slug));
        assert_eq!(ask(&mut meter, &hex(frame)), (ACK.to_vec(), 9_600), "{frame}");
        assert_eq!(meter.twin.device().setting(id), Some(value), "{frame}");
        assert_eq!(read(&mut meter).0.status, 0, "{frame}");
    }
    // As the remark beside the secondary address prints it.
    let (entry, _) = with_mbus().next().unwrap();
    let mut meter = Meter::of(&format!("{} mbus-id=1 secondary-order=printed", entry.def.slug));
    assert_eq!(ask(&mut meter, &hex("68 09 09 68 53 01 51 0C 79 15 01 23 45 A8 16")).0, ACK);
    assert_eq!(meter.twin.device().setting(SettingId::Serial), Some(15_012_345));
    // The resets take any value.
    for (frame, point) in [
        ("68 09 09 68 53 01 51 0C 04 12 34 56 78 C9 16", Point::State(units::StateOf::PowerDowns)),
        ("68 08 08 68 53 01 51 0A FD 60 99 99 3E 16", Point::active(Flow::Trip, Tariff::All)),
    ] {
        let mut meter = Meter::of(&format!("{} mbus-id=1 energy.trip=5.86", entry.def.slug));
        let now = meter.now;
        meter.twin.device_mut().power(now, false);
        meter.twin.device_mut().power(now, true);
        let other = |meter: &Meter| meter.twin.device().value(point);
        let was = other(&meter);
        assert_ne!(was, Some(0));
        assert_eq!(ask(&mut meter, &hex(frame)).0, ACK, "{frame}");
        assert_eq!(other(&meter), was, "{frame} resets one thing");
    }
}

#[test]
fn every_setting_takes_its_values_and_no_others() {
    for (entry, bus) in with_mbus() {
        for (row, setting) in setting_rows(entry.def, &bus) {
            let mut meter = meter(entry);
            let most = match row.data_field() {
                1 => 255,
                9 => 99,
                0xA => 9_999,
                _ => 99_999_999,
            };
            let fine = |value: i64| setting.unit.at(value, row.decimals);
            let values: Vec<i64> = match setting.kind {
                Kind::Digits(_) => vec![0, 1, 12_345_678, 99_999_999],
                // Every number that the record can carry, or those around each value that is good.
                _ if most < 256 => (0..=most).collect(),
                Kind::OneOf(all) => {
                    all.iter().flat_map(|it| [-1, 0, 1].map(|by| i64::from(it.value) + by)).collect()
                }
                Kind::Ratio => vec![54, 55, 99_955, 99_956],
                Kind::Int { min, max } => {
                    vec![i64::from(min) - 1, min.into(), max.into(), i64::from(max) + 1]
                }
            };
            let mut refused = 0;
            for value in values.into_iter().filter(|value| (0..=most).contains(&fine(*value))) {
                let context = format!("{} = {value}", setting.id.key());
                let before = settings(&meter);
                // The value is coded without a sign.
                let record = match row.data_field() {
                    1 => [row.dib, row.vib, &[u8::try_from(fine(value)).unwrap()]].concat(),
                    _ => record(row, setting, value),
                };
                assert_eq!(send(&mut meter, 0x51, &record), ACK, "{context}");
                if setting.check(value).is_ok() {
                    let kept = meter.twin.device().setting(setting.id).map(i64::from);
                    assert_eq!(kept, Some(value), "{context}");
                    assert_eq!(read(&mut meter).0.status, 0, "{context}");
                    if kept.is_some_and(|kept| i32::try_from(kept).is_ok_and(|it| setting.is_lasting(it))) {
                        meter = self::meter(entry);
                    }
                } else {
                    refused += 1;
                    assert_eq!(settings(&meter), before, "{context}");
                    assert_eq!(read(&mut meter).0.status, 2, "{context}");
                    assert_eq!(read(&mut meter).0.status, 0, "{context}, told once");
                }
            }
            assert!(refused > 0 || matches!(setting.kind, Kind::Digits(_)), "{}", setting.id.key());
            // Digits that are none, too few bytes, another coding.
            let good = record(row, setting, setting.default.into());
            let before = settings(&meter);
            let mut broken = good.clone();
            *broken.last_mut().unwrap() = 0xAB;
            if row.data_field() >= 9 {
                assert_eq!(send(&mut meter, 0x51, &broken), ACK);
                assert_eq!(read(&mut meter).0.status, 2, "{}: digits", setting.id.key());
            }
            let mut other = good.clone();
            other[0] = 0x02;
            send(&mut meter, 0x51, &other);
            send(&mut meter, 0x51, &good[..good.len() - 1]);
            assert_eq!(settings(&meter), before, "{}", setting.id.key());
        }
    }
}

/// A2.2 gives the tariff two values; those that the register of a sister model takes as well are none of this bus.
#[test]
fn a_tariff_that_is_not_stored_is_none_of_the_m_bus() {
    for (entry, bus) in with_mbus() {
        let row = bus.write_of(SettingId::Tariff).unwrap();
        let (_, setting) = entry.def.setting(SettingId::Tariff).unwrap();
        let mut meter = meter(entry);
        if setting.check(11).is_err() {
            continue;
        }
        for volatile in [11, 12] {
            assert_eq!(send(&mut meter, 0x51, &record(row, setting, volatile)), ACK);
            assert_eq!(meter.twin.device().setting(SettingId::Tariff), Some(1));
            assert_eq!(read(&mut meter).0.status, 2);
        }
        assert_eq!(bus.written(setting).allowed().to_string(), "one of 1, 2");
    }
}

#[test]
fn the_resets_ignore_their_value_and_reset_one_thing_each() {
    for (entry, bus) in with_mbus() {
        let mut commands = 0;
        for row in bus.writes {
            let Target::Command(command) = row.target else { continue };
            commands += 1;
            let trip = Point::active(Flow::Trip, Tariff::All);
            let downs = Point::State(units::StateOf::PowerDowns);
            let (mine, other) = match command {
                CommandId::ResetTrip => (trip, downs),
                CommandId::ResetPowerDowns => (downs, trip),
            };
            for digits in [0, 42] {
                let mut meter = Meter::of(&format!("{} energy.trip=5.86", entry.def.slug));
                let now = meter.now;
                meter.twin.device_mut().power(now, false);
                meter.twin.device_mut().power(now, true);
                let was = meter.twin.device().value(other);
                assert_ne!(meter.twin.device().value(mine), Some(0));
                let mut buffer = [0; 32];
                let mut writer = Writer::new(&mut buffer);
                writer.coded(row.dib, row.vib, digits).unwrap();
                assert_eq!(send(&mut meter, 0x51, writer.bytes()), ACK);
                assert_eq!(meter.twin.device().value(mine), Some(0), "{mine}");
                assert_eq!(meter.twin.device().value(other), was, "{other}");
                assert_eq!(read(&mut meter).0.status, 0);
            }
        }
        assert_eq!(commands, 2);
    }
}

#[test]
fn several_records_are_all_done_or_none() {
    for (entry, bus) in with_mbus() {
        let row = |id| bus.write_of(id).map(|row| (row, entry.def.setting(id).unwrap().1)).unwrap();
        let (tariff, code) = (row(SettingId::Tariff), row(SettingId::CombinationCode));
        let mut meter = meter(entry);
        let before = settings(&meter);
        let both = [record(tariff.0, tariff.1, 2), record(code.0, code.1, 7)].concat();
        assert_eq!(send(&mut meter, 0x51, &both), ACK);
        assert_eq!(settings(&meter), before, "code 7 is none");
        assert_eq!(read(&mut meter).0.status, 2);
        assert_eq!(read(&mut meter).0.status, 0);
        let both = [record(tariff.0, tariff.1, 2), record(code.0, code.1, 4)].concat();
        assert_eq!(send(&mut meter, 0x51, &both), ACK);
        assert_eq!(meter.twin.device().setting(SettingId::Tariff), Some(2));
        assert_eq!(meter.twin.device().setting(SettingId::CombinationCode), Some(4));
        assert_eq!(read(&mut meter).0.status, 0);
        // A record that cannot be written spoils the others as well.
        let both = [record(tariff.0, tariff.1, 1), vec![0x01, 0x13, 0x00]].concat();
        assert_eq!(send(&mut meter, 0x51, &both), ACK);
        assert_eq!(meter.twin.device().setting(SettingId::Tariff), Some(2));
        assert_eq!(read(&mut meter).0.status, 2);
    }
}

#[test]
fn everybody_is_told_in_silence_and_the_test_address_only_reads() {
    for (entry, bus) in with_mbus() {
        let row = bus.write_of(SettingId::Tariff).unwrap();
        let (_, setting) = entry.def.setting(SettingId::Tariff).unwrap();
        let mut meter = Meter::of(&format!("{} mbus-id=7", entry.def.slug));
        let written = record(row, setting, 2);
        assert_eq!(ask(&mut meter, &long(0xFE, 0x51, &written)).0, []);
        assert_eq!(meter.twin.device().setting(SettingId::Tariff), Some(1), "to FE");
        assert_eq!(ask(&mut meter, &long(6, 0x51, &written)).0, []);
        assert_eq!(meter.twin.device().setting(SettingId::Tariff), Some(1), "to somebody else");
        assert_eq!(ask(&mut meter, &long(0xFF, 0x51, &written)).0, []);
        assert_eq!(meter.twin.device().setting(SettingId::Tariff), Some(2), "to everybody");
        assert_eq!(ask(&mut meter, &short(0x5B, 0xFF)).0, [], "nobody answers a read-out of everybody");
        assert_eq!(read_at(&mut meter, 0xFE).0, 7, "the answer carries its own address");
        assert_eq!(read_at(&mut meter, 7).0, 7);
        assert_eq!(ask(&mut meter, &short(0x5B, 6)).0, []);
        assert_eq!(ask(&mut meter, &short(0x40, 7)).0, ACK);
        let mut spoiled = short(0x5B, 7);
        spoiled[3] ^= 1;
        assert_eq!(ask(&mut meter, &spoiled).0, [], "a wrong check sum");
    }
}

#[test]
fn a_new_speed_is_acknowledged_at_the_old_one() {
    for (entry, _) in with_mbus() {
        let mut meter = meter(entry);
        let mut was = meter.twin.device().port_line(PortId::Mbus).unwrap().baud;
        for (ci, baud) in
            [(0xB8, 300), (0xBD, 9_600), (0xB9, 600), (0xBA, 1_200), (0xBB, 2_400), (0xBC, 4_800)]
        {
            let frame = long(own(&meter), ci, &[]);
            assert_eq!(ask(&mut meter, &frame), (ACK.to_vec(), was), "{baud}");
            assert_eq!(meter.twin.device().port_line(PortId::Mbus).unwrap().baud, baud);
            let kept = meter.twin.device().setting(SettingId::MbusBaud);
            assert_eq!(kept.map(i64::from), Some(baud.into()));
            assert_eq!(ask(&mut meter, &short(0x40, 0)), (ACK.to_vec(), baud), "it speaks at {baud}");
            was = baud;
        }
        for ci in [0xBE, 0xBF] {
            assert_eq!(send(&mut meter, ci, &[]), [], "19200 and 38400 are none of its speeds");
            assert_eq!(meter.twin.device().port_line(PortId::Mbus).unwrap().baud, 4_800);
        }
        // It outlives a power cut.
        let now = meter.now;
        meter.twin.device_mut().power(now, false);
        meter.twin.device_mut().power(now, true);
        assert_eq!(ask(&mut meter, &short(0x40, 0)), (ACK.to_vec(), 4_800));
    }
}

#[test]
fn a_new_primary_address_holds_from_the_answer_on() {
    for (entry, bus) in with_mbus() {
        let row = bus.write_of(SettingId::MbusId).unwrap();
        let mut meter = meter(entry);
        for address in [1u8, 5, 250, 0] {
            assert_eq!(send(&mut meter, 0x51, &[row.dib, row.vib, &[address]].concat()), ACK);
            assert_eq!(own(&meter), address);
            assert_eq!(read_at(&mut meter, address).0, address);
        }
        assert_eq!(ask(&mut meter, &short(0x5B, 250)).0, []);
    }
}

/// `Some` for a mask that means the meter: the digits of its number, F for any, then maker, version and medium.
fn select(meter: &mut Meter, mask: &str) -> bool {
    let answer = ask(meter, &long(0xFD, 0x52, &hex(mask))).0;
    let selected = answer == ACK;
    assert!(selected || answer.is_empty());
    assert_eq!(meter.twin.device().ports().mbus.as_ref().unwrap().is_selected(), selected, "{mask}");
    let read = ask(meter, &short(0x5B, 0xFD)).0;
    assert_eq!(!read.is_empty(), selected, "{mask}");
    selected
}

#[test]
fn selection_by_secondary_address() {
    for (entry, bus) in with_mbus() {
        let mut meter = Meter::of(&format!("{} serial=13070001 mbus-id=9", entry.def.slug));
        let tail = format!("CD 25 {:02X} {:02X}", bus.version, bus.medium);
        for (mask, meant) in [
            (format!("01 00 07 13 {tail}"), true),
            (format!("FF FF FF FF {tail}"), true),
            ("FF FF FF 1F FF FF FF FF".to_string(), true),
            ("F1 FF FF FF FF FF FF FF".to_string(), true),
            (format!("02 00 07 13 {tail}"), false),
            ("FF FF FF 2F FF FF FF FF".to_string(), false),
            (format!("01 00 07 13 CE 25 {:02X} {:02X}", bus.version, bus.medium), false),
            (format!("01 00 07 13 CD 25 {:02X} {:02X}", bus.version + 1, bus.medium), false),
            (format!("01 00 07 13 CD 25 {:02X} {:02X}", bus.version, bus.medium + 1), false),
        ] {
            assert_eq!(select(&mut meter, &mask), meant, "{mask}");
        }
        // A link reset of the selected one lets go of it; its primary address goes on.
        assert!(select(&mut meter, "FF FF FF FF FF FF FF FF"));
        assert_eq!(ask(&mut meter, &short(0x40, 0xFD)).0, ACK);
        assert_eq!(ask(&mut meter, &short(0x5B, 0xFD)).0, []);
        assert_eq!(read_at(&mut meter, 9).0, 9);
        // A written secondary address is the one that selects from then on.
        let row = bus.write_of(SettingId::Serial).unwrap();
        assert!(select(&mut meter, &format!("01 00 07 13 {tail}")));
        let written = [row.dib, row.vib, &hex("15 01 23 45")].concat();
        assert_eq!(ask(&mut meter, &long(0xFD, 0x51, &written)).0, ACK);
        assert!(!select(&mut meter, &format!("01 00 07 13 {tail}")));
        assert!(select(&mut meter, &format!("15 01 23 45 {tail}")));
        assert_eq!(read(&mut meter).0.identity.unwrap().id, 0x4523_0115);
    }
}

#[test]
fn the_access_number_counts_telegrams() {
    for (entry, _) in with_mbus() {
        let mut meter = meter(entry);
        for expected in 0..=255 {
            assert_eq!(read(&mut meter).0.access, expected);
        }
        assert_eq!(read(&mut meter).0.access, 0, "after 255");
        assert_eq!(ask(&mut meter, &short(0x40, 0)).0, ACK);
        assert_eq!(read(&mut meter).0.access, 1, "a link reset is no access");
        let now: Instant = meter.now;
        meter.twin.device_mut().power(now, false);
        meter.twin.device_mut().power(now, true);
        assert_eq!(read(&mut meter).0.access, 0, "after a power cut");
    }
}

#[test]
fn an_error_of_the_meter_stands_in_the_status_and_stops_writing() {
    for (entry, bus) in with_mbus() {
        let mut meter = meter(entry);
        let now = meter.now;
        meter.twin.device_mut().power(now, false);
        for part in [NvPart::Main, NvPart::Backup] {
            meter.twin.damage(part);
        }
        meter.twin.device_mut().power(now, true);
        assert_eq!(read(&mut meter).0.status, 2);
        assert_eq!(read(&mut meter).0.status, 2, "for as long as it lasts");
        let before = settings(&meter);
        for (row, setting) in setting_rows(entry.def, &bus) {
            let record = record(row, setting, setting.default.into());
            assert_eq!(send(&mut meter, 0x51, &record), ACK);
        }
        assert_eq!(settings(&meter), before);
    }
}
