//! Our M-Bus decoder beside `m-bus-parser`: the same telegrams, value by value. Where the two differ the reason stands
//! in this file, and nothing else may differ.

mod common;

use m_bus_parser::WiredFrame;
use m_bus_parser::mbus_data::MbusData;
use m_bus_parser::user_data::data_information::{DataType, FunctionField, SingleEveryOrInvalid};
use m_bus_parser::user_data::value_information::ValueLabel;
use mbus::{
    Application, Control, Data, Direction, Frame, Function, Header, Identity, Phase, Place, Unit, Value,
    Writer,
};
use proptest::prelude::*;

/// What both say of one record.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    function: Function,
    storage: u64,
    tariff: u64,
    subunit: u64,
    unit: String,
    scale: i64,
    phase: Option<Phase>,
    direction: Direction,
    value: Read,
}

#[derive(Clone, Debug, PartialEq)]
enum Read {
    Nothing,
    Number(f64),
    Text(String),
    /// Day, month, year, hour, minute, second; -1 for "every", -2 for what is not in it.
    When([i32; 6]),
    Bytes,
}

/// The records of a frame as we read them, and whether one was refused.
fn ours(frame: &[u8]) -> (Vec<Seen>, bool) {
    let Ok(Frame::Long { ci, data, .. }) = Frame::parse(frame) else { panic!("no frame: {frame:02X?}") };
    let Ok(Application::Variable { records, .. }) = Application::parse(ci, data) else {
        return (Vec::new(), false);
    };
    let (mut all, mut refused) = (Vec::new(), false);
    for record in records {
        let Ok(record) = record else {
            refused = true;
            continue;
        };
        let every = |value: u16, all: u16| if value == all { -1 } else { i32::from(value) };
        let day = |date: mbus::value::Date| {
            [
                every(date.day.into(), 0),
                if matches!(date.month, 1..=12) { date.month.into() } else { -2 },
                every(date.year, 0),
            ]
        };
        all.push(Seen {
            function: record.function,
            storage: record.storage,
            tariff: record.tariff.into(),
            subunit: record.subunit.into(),
            unit: our_unit(record.unit).to_owned(),
            scale: record.scale.into(),
            phase: record.phase,
            direction: record.direction,
            value: match record.value {
                Value::None | Value::Missing => Read::Nothing,
                Value::Int(value) | Value::Bcd { value, .. } => Read::Number(value as f64),
                Value::Unsigned(value) => Read::Number(value as f64),
                Value::Real(value) => Read::Number(value.into()),
                Value::Text(text) => Read::Text(text.to_string()),
                Value::Date(date) => {
                    let [day, month, year] = day(date);
                    Read::When([day, month, year, -2, -2, -2])
                }
                Value::DateTime { date, time, .. } => {
                    let [day, month, year] = day(date);
                    let second = if record.data.len() == 6 { every(time.second.into(), 63) } else { -2 };
                    Read::When([
                        day,
                        month,
                        year,
                        every(time.hour.into(), 31),
                        every(time.minute.into(), 63),
                        second,
                    ])
                }
                _ => Read::Bytes,
            },
        });
    }
    (all, refused)
}

/// The records of a frame as `m-bus-parser` reads them; `None` for one it refuses.
fn theirs(frame: &[u8]) -> Vec<Option<Seen>> {
    let parsed = MbusData::<WiredFrame>::try_from(frame).expect("a frame for both");
    let mut all = Vec::new();
    for record in parsed.data_records.into_iter().flatten() {
        let Ok(record) = record else {
            all.push(None);
            continue;
        };
        let (Some(place), Some(named)) = (record.data_information(), record.value_information()) else {
            continue;
        };
        let phases = [
            (ValueLabel::AtPhaseL1, Phase::L1),
            (ValueLabel::AtPhaseL2, Phase::L2),
            (ValueLabel::AtPhaseL3, Phase::L3),
            (ValueLabel::AtNeutral, Phase::N),
            (ValueLabel::BetweenPhasesL1L2, Phase::L12),
            (ValueLabel::BetweenPhasesL2L3, Phase::L23),
            (ValueLabel::BetweenPhasesL3L1, Phase::L31),
        ];
        let directions = [
            (ValueLabel::AccumulationOnlyIfValueIsPositive, Direction::Forward),
            (ValueLabel::AccumulationOnlyIfValueIsNegative, Direction::Backward),
            (ValueLabel::DeltaBetweenImportAndExport, Direction::Difference),
            (ValueLabel::AccumulationOfAbsoluteValueBothPositiveAndNegativeContribution, Direction::Both),
        ];
        let units: Vec<String> =
            named.units().map(|unit| format!("{:?}{}", unit.name, unit.exponent)).collect();
        all.push(Some(Seen {
            function: match place.function_field {
                FunctionField::InstantaneousValue => Function::Instantaneous,
                FunctionField::MaximumValue => Function::Maximum,
                FunctionField::MinimumValue => Function::Minimum,
                _ => Function::DuringError,
            },
            storage: place.storage_number,
            tariff: place.tariff,
            subunit: place.device,
            unit: units.join(" "),
            scale: named.decimal_scale_exponent as i64,
            phase: phases.iter().find(|(label, _)| named.has_label(*label)).map(|(_, phase)| *phase),
            direction: directions
                .iter()
                .find(|(label, _)| named.has_label(*label))
                .map_or(Direction::Unstated, |(_, d)| *d),
            value: their_value(record.value(), letters(record.raw_bytes()).as_deref()),
        }));
    }
    all
}

/// The letters at the end of a record of variable length, which are stored the last one first.
fn letters(record: &[u8]) -> Option<String> {
    let Ok(record) = mbus::Records::new(record).next()? else { return None };
    match record.value {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

fn their_value(value: Option<&DataType<'_>>, expected: Option<&str>) -> Read {
    fn part<T: Copy + Into<i32>>(part: &SingleEveryOrInvalid<T>) -> i32 {
        match part {
            SingleEveryOrInvalid::Single(value) => (*value).into(),
            SingleEveryOrInvalid::Every() => -1,
            _ => -2,
        }
    }
    use SingleEveryOrInvalid as S;
    let month = |month: &S<m_bus_parser::user_data::data_information::Month>| match month {
        S::Single(month) => *month as i32 + 1,
        _ => -2,
    };
    match value {
        None => Read::Nothing,
        Some(DataType::Number(value) | DataType::LossyNumber(value)) => Read::Number(*value),
        Some(DataType::Text(text)) => {
            // Without std the other gives no letters, it only compares: what it carries is tried on ours.
            Read::Text(expected.filter(|letters| *text == **letters).unwrap_or("other letters").to_owned())
        }
        Some(DataType::Date(d, m, y)) => Read::When([part(d), month(m), part(y), -2, -2, -2]),
        Some(DataType::DateTime(d, m, y, h, min)) => {
            Read::When([part(d), month(m), part(y), part(h), part(min), -2])
        }
        Some(DataType::DateTimeWithSeconds(d, m, y, h, min, s)) => {
            Read::When([part(d), month(m), part(y), part(h), part(min), part(s)])
        }
        Some(_) => Read::Bytes,
    }
}

/// Our units in their words.
fn our_unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Wh => "Watt1 Hour1",
        Unit::Joule => "Joul1",
        Unit::Calorie => "Calorie1",
        Unit::Varh => "ReactiveWatt1 Hour1",
        Unit::Vah => "ApparentWatt1 Hour1",
        Unit::W => "Watt1",
        Unit::JoulePerHour => "Joul1 Hour-1",
        Unit::Var => "ReactiveWatt1",
        Unit::Va => "ApparentWatt1",
        Unit::Volt => "Volt1",
        Unit::Ampere => "Ampere1",
        Unit::Hertz => "Hertz1",
        Unit::Degree => "Degree1",
        Unit::CubicMetre => "Meter3",
        Unit::CubicFoot => "Feet3",
        Unit::Kilogram => "Kilogram1",
        Unit::CubicMetrePerHour => "Meter3 Hour-1",
        Unit::CubicMetrePerMinute => "Meter3 Minute-1",
        Unit::CubicMetrePerSecond => "Meter3 Second-1",
        Unit::KilogramPerHour => "Kilogram1 Hour-1",
        Unit::Celsius => "Celsius1",
        Unit::Kelvin => "Kelvin1",
        Unit::Fahrenheit => "Fahrenheit1",
        Unit::Percent => "Percent1",
        Unit::Bar => "Bar1",
        Unit::Second => "Second1",
        Unit::Minute => "Minute1",
        Unit::Hour => "Hour1",
        Unit::Day => "Day1",
        Unit::Month => "Month1",
        Unit::Year => "Year1",
        Unit::Currency => "LocalMoneyCurrency1",
        Unit::BitTime => "BitTime1",
        Unit::Baud => "Symbol1 Second-1",
        Unit::Dbm => "DecibelMilliWatt1",
        Unit::Gallon => "AmericanGallon1",
        Unit::GallonPerMinute => "AmericanGallon1 Minute-1",
        Unit::GallonPerHour => "AmericanGallon1 Hour-1",
        _ => "",
    }
}

/// A telegram of one record.
fn telegram(place: Place, vib: &[u8], data: Data<'_>) -> Vec<u8> {
    let mut buffer = [0; 252];
    let mut writer = Writer::new(&mut buffer);
    let identity = Identity { id: 0x1307_0001, manufacturer: mbus::Manufacturer::INM, version: 1, medium: 2 };
    writer.header(&Header { identity: Some(identity), access: 1, status: 0, signature: 0 }).unwrap();
    writer.record(place, vib, data).unwrap();
    let mut frame = [0; 261];
    let long =
        Frame::Long { control: Control::RSP_UD, address: 1, ci: Application::LONG, data: writer.bytes() };
    let n = long.emit(&mut frame).unwrap();
    frame[..n].to_vec()
}

/// The frames of `telegrams.txt` with their names.
fn foreign() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    include_str!("../peers/telegrams.txt").lines().filter(|line| !line.starts_with('#')).map(|line| {
        let [name, _, hex] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("`{line}`") };
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (name, (0..hex.len()).step_by(2).map(byte).collect())
    })
}

/// Why the two name the quantity of a code differently; `None` where they must agree. The tables are those of
/// EN 13757-3: 10 (one byte), 12 (behind FB), 14 (behind FD).
fn known_difference(vif: &[u8]) -> Option<&'static str> {
    Some(match vif {
        [0x6D] => "type F has two bits of the century; the other reads 20xx always",
        [0x6F] => "reserved: the other refuses the record, here it keeps its bytes",
        [0xFD, 0x2B..=0x3F] => {
            "time points, spans of tariffs and periods: the other has another table, or none"
        }
        [0xFD, 0x6F] => "years: the other says hours",
        [0xFD, 0x70] => "date of a battery change: the other says seconds",
        [0xFD, 0x74] => "days of battery left: the other names no unit",
        [0xFB, 0x06] => "coefficient of performance, of a later edition: reserved here",
        [0xFB, 0x18 | 0x19] => "tonnes there, kilograms here: the scale differs by 1000",
        [0xFB, 0x22..=0x26] => "gallons of older editions: not in the other, or reused",
        [0xFB, 0x68..=0x6F] => "rating factors of heat cost allocators, of a later edition: reserved here",
        _ => return None,
    })
}

/// Every code of the three tables, as far as a code names a quantity by itself.
fn every_vif() -> Vec<Vec<u8>> {
    // 7B and 7D extend, 7C takes letters, 7E is for masters, 7F is the maker's.
    let primary = (0..0x7B).map(|code| vec![code]);
    let behind = |first: u8| (0..0x80).map(move |code| vec![first, code]);
    primary.chain(behind(0xFD)).chain(behind(0xFB)).collect()
}

#[test]
fn every_code_of_the_tables_means_the_same_to_both() {
    let mut agreed = 0;
    for vib in every_vif() {
        for data in [Data::Int { value: 0x0123_4567, bytes: 4 }, Data::Int { value: 7, bytes: 1 }] {
            if matches!((&vib[..], data), ([0x6C | 0x6D], Data::Int { bytes: 1, .. })) {
                continue; // A date has two bytes and more.
            }
            if matches!((&vib[..], data), ([0x6C], Data::Int { bytes: 4, .. })) {
                continue; // The other reads two of the four.
            }
            let frame = telegram(Place::default(), &vib, data);
            let (ours, theirs) = (ours(&frame), theirs(&frame));
            assert!(!ours.1 && ours.0.len() == 1, "{vib:02X?} is refused");
            if known_difference(&vib).is_none() {
                assert_eq!(theirs[0].as_ref(), Some(&ours.0[0]), "{vib:02X?}");
                agreed += 1;
            }
        }
    }
    assert!(agreed > 600, "{agreed} rows of the tables agree");
}

#[test]
fn a_tonne_is_a_thousand_kilograms_to_both() {
    for code in [0x18, 0x19] {
        let frame = telegram(Place::default(), &[0xFB, code], Data::Int { value: 5, bytes: 2 });
        let (ours, theirs) = (ours(&frame).0.remove(0), theirs(&frame).remove(0).unwrap());
        assert_eq!((ours.unit.as_str(), theirs.unit.as_str()), ("Kilogram1", "Tonne1"));
        assert_eq!(ours.scale, theirs.scale + 3);
    }
}

#[test]
fn the_telegrams_of_the_manuals_are_read_alike_record_by_record() {
    for name in ["PRO1", "2PU"] {
        let (_, frame) = foreign().find(|(found, _)| *found == name).unwrap();
        let (ours, theirs) = (ours(&frame), theirs(&frame));
        assert_eq!((ours.0.len(), ours.1), (if name == "PRO1" { 9 } else { 32 }, false));
        assert_eq!(theirs, ours.0.into_iter().map(Some).collect::<Vec<_>>(), "{name}");
    }
}

/// Records of foreign meters that the two read differently: telegram, number of the record, why.
const FOREIGN: [(&str, usize, &str); 13] = [
    ("example_plain_text_placement", 0, "a VIFE \"per second\" is a modifier here, a unit there"),
    ("abb_f95", 2, "BCD with digits above 9 while there is an error: kept as digits here, refused there"),
    ("abb_f95", 3, "as before"),
    ("abb_f95", 12, "day 31 of type F is \"every day\" to the other"),
    (
        "landis+gyr_ultraheat_t230",
        19,
        "VIFE 6F makes the value the time of the maximum; the other reads a number",
    ),
    ("landis+gyr_ultraheat_t230", 20, "as before"),
    ("landis+gyr_ultraheat_t230", 21, "as before"),
    ("landis+gyr_ultraheat_t230", 22, "as before"),
    ("EFE_Engelmann-WaterStar", 11, "a VIFE \"per input pulse\" is a modifier here, a unit there"),
    ("example_binary16_lvar", 0, "16 bytes are bytes here, a rounded number there"),
    ("test_hyd", 7, "BCD with digits above 9 while there is an error"),
    ("test_hyd", 8, "as before"),
    ("test_variable_data_record-2", 2, "ISO 8859-1 letters above 7F, which the other compares as UTF-8"),
];

/// Telegrams that the other gives up: how many of their records it read.
const GIVEN_UP: [(&str, usize); 4] = [
    // The maker's code 0000 is refused there.
    ("electricity-meter-2", 0),
    // Letters of a unit between VIF and VIFEs, as older meters send them: a switch at compile time there.
    ("annotate", 3),
    ("test_elvaco_cma10", 2),
    ("test_variable_data_record", 2),
];

#[test]
fn telegrams_of_foreign_meters_are_read_alike_but_for_what_is_listed() {
    let (mut records, mut listed) = (0, Vec::new());
    for (name, frame) in foreign() {
        let (ours, theirs) = (ours(&frame), theirs(&frame));
        assert!(!ours.1, "{name}: no record may be refused");
        records += ours.0.len();
        if let Some((_, read)) = GIVEN_UP.iter().find(|(given_up, _)| *given_up == name) {
            assert_eq!(theirs.len(), *read, "{name}");
            assert!(ours.0.len() > theirs.len(), "{name}");
            continue;
        }
        assert_eq!(ours.0.len(), theirs.len(), "{name}");
        for (number, (ours, theirs)) in ours.0.iter().zip(&theirs).enumerate() {
            if theirs.as_ref() != Some(ours) {
                listed.push((name, number));
            }
        }
    }
    let expected: Vec<_> = FOREIGN.iter().map(|(name, number, _)| (*name, *number)).collect();
    assert_eq!(listed, expected);
    assert!(records > 380, "{records} records");
}

fn any_place() -> impl Strategy<Value = Place> {
    let function = prop::sample::select(vec![
        Function::Instantaneous,
        Function::Maximum,
        Function::Minimum,
        Function::DuringError,
    ]);
    let storage = prop_oneof![Just(0u64), 0u64..64, 0u64..1 << 41];
    let tariff = prop_oneof![Just(0u32), 0u32..16, 0u32..1 << 20];
    (function, storage, tariff, prop_oneof![Just(0u16), 0u16..1 << 10])
        .prop_map(|(function, storage, tariff, subunit)| Place { function, storage, tariff, subunit })
}

/// Numbers of every width a record has. The least number of a width means "no value", as does -0.
fn any_number() -> impl Strategy<Value = Data<'static>> {
    let int = (any::<i64>(), prop::sample::select(vec![1u8, 2, 3, 4, 6, 8])).prop_map(|(raw, bytes)| {
        let unused = 64 - 8 * u32::from(bytes);
        Data::Int { value: (raw << unused >> unused).max(-(i64::MAX >> unused)), bytes }
    });
    let bcd = (any::<i64>(), prop::sample::select(vec![2u8, 4, 6, 8, 12])).prop_map(|(raw, digits)| {
        // The sign takes a digit.
        Data::Bcd { value: raw % 10i64.pow(u32::from(digits) - 1), digits }
    });
    let real = prop::num::f32::NORMAL.prop_map(Data::Real);
    prop_oneof![int, bcd, real, Just(Data::None)]
}

/// Value information of quantities that are measured, with what may qualify them in a meter of ours.
fn any_measured() -> impl Strategy<Value = Vec<u8>> {
    let measured: Vec<Vec<u8>> = every_vif()
        .into_iter()
        .filter(|vif| {
            known_difference(vif).is_none()
                && matches!(vif[..], [0x00..=0x6B] | [0xFD, 0x3A..=0x5F] | [0xFB, 0x00..=0x3F | 0x70..=0x7F])
        })
        .collect();
    let qualified = prop::sample::select(vec![
        &[][..],
        &[0x3B],
        &[0x3C],
        &[0xFC, 0x01],
        &[0xFC, 0x02],
        &[0xFC, 0x03],
        &[0xFC, 0x04],
        &[0xFC, 0x05],
        &[0xFC, 0x06],
        &[0xFC, 0x07],
        &[0xFC, 0x0C],
        &[0xFC, 0x10],
        &[0x73],
        &[0x7D],
        &[0xF3, 0x3C],
        &[0xBC, 0xFC, 0x02],
    ]);
    (prop::sample::select(measured), qualified).prop_map(|(mut vib, vifes)| {
        if let (Some(last), false) = (vib.last_mut(), vifes.is_empty()) {
            *last |= 0x80;
        }
        vib.extend_from_slice(vifes);
        vib
    })
}

/// Every telegram that a meter of the family says, asked for as a master asks, with the values its description gives.
#[test]
fn every_telegram_of_every_model_is_read_alike() {
    use device::PortOutput;
    use schema::PortId;
    let mut telegrams = 0;
    for entry in common::families() {
        let Some(def) = entry.def.mbus else { continue };
        for (chosen, load) in
            (0..def.telegrams.len()).flat_map(|at| ["off", "230.12V 5.005A pf 0.9 lag"].map(|l| (at, l)))
        {
            let spec = format!(
                "{} telegram-selection=on load=\"L1 {load}\" energy.forward.t1=999999.99 energy.reverse.t2=0.01",
                entry.def.slug
            );
            let mut twin = common::Meter::of(&spec).twin;
            let mut now = units::Instant::ZERO;
            let mut ask = |frame: Frame<'_>| {
                let mut bytes = [0; 261];
                let n = frame.emit(&mut bytes).unwrap();
                let device = twin.device_mut();
                device.rx(PortId::Mbus, now, &bytes[..n]);
                now += units::Duration::from_millis(100);
                let mut answer = Vec::new();
                while let Some(output) = device.port_poll(PortId::Mbus, now) {
                    if let PortOutput::Transmit(bytes) = output {
                        answer = bytes.to_vec();
                        device.tx_done(PortId::Mbus, now);
                    }
                }
                answer
            };
            let ci = def.telegrams[chosen].ci;
            assert_eq!(ask(Frame::Long { control: Control::SND_UD, address: 0, ci, data: &[] }), [0xE5]);
            let frame = ask(Frame::Short { control: Control::REQ_UD2, address: 0 });
            let (ours, theirs) = (ours(&frame), theirs(&frame));
            assert!(!ours.1, "{spec}: {frame:02X?}");
            let numbers: Vec<_> = def.telegrams[chosen]
                .records
                .iter()
                .map(|record| {
                    let value = twin.device().works().source(record.source);
                    let kept = entry.def.unit(record.source).decimals();
                    let value = record.form.number(units::decimal::rescale(value, kept, record.decimals));
                    Read::Number(value as f64)
                })
                .collect();
            assert_eq!(ours.0.iter().map(|seen| seen.value.clone()).collect::<Vec<_>>(), numbers, "{spec}");
            assert_eq!(theirs, ours.0.into_iter().map(Some).collect::<Vec<_>>(), "{spec}");
            telegrams += 1;
        }
    }
    assert!(telegrams >= 6, "{telegrams} telegrams");
}

proptest! {
    #[test]
    fn what_the_writer_writes_is_read_alike(place in any_place(), vib in any_measured(), data in any_number()) {
        let frame = telegram(place, &vib, data);
        let (ours, theirs) = (ours(&frame), theirs(&frame));
        prop_assert!(!ours.1);
        prop_assert_eq!(&theirs, &ours.0.iter().cloned().map(Some).collect::<Vec<_>>(), "{:02X?}", frame);
        let seen = &ours.0[0];
        prop_assert_eq!((seen.storage, seen.tariff, seen.subunit), (place.storage, place.tariff.into(), place.subunit.into()));
        let written = match data {
            Data::Int { value, .. } | Data::Bcd { value, .. } => Read::Number(value as f64),
            Data::Real(value) => Read::Number(value.into()),
            _ => Read::Nothing,
        };
        prop_assert_eq!(&seen.value, &written);
    }

    #[test]
    fn letters_the_writer_writes_are_read_alike(text in "[ -~]{0,60}") {
        let frame = telegram(Place::default(), &[0xFD, 0x11], Data::Text(text.as_bytes()));
        let (ours, theirs) = (ours(&frame), theirs(&frame));
        prop_assert_eq!(&ours.0[0].value, &Read::Text(text));
        prop_assert_eq!(theirs, vec![Some(ours.0[0].clone())]);
    }
}
