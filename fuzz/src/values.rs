use crate::input::Input;
use rig::{LoadChange, MeterSpec, Quirk, Supply, parse_span};
use schema::Codec;
use units::decimal::{self, Decimal};
use units::{Point, Unit, bcd};

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    if input.byte() & 1 == 0 {
        registers(&mut input);
    } else {
        texts(&input.text());
    }
}

const UNITS: [Unit; 4] = [Unit::None, Unit::Second, Unit::ImpulsePerKilowattHour, Unit::Volt];

fn registers(input: &mut Input<'_>) {
    let digits = u32::from(input.byte() % 8) + 1;
    let raw = input.u32();
    if let Some(value) = bcd::decode(raw, digits) {
        assert_eq!(bcd::encode(value, digits), Some(raw));
    }
    if let Some(coded) = bcd::encode(raw, digits) {
        assert_eq!(bcd::decode(coded, digits), Some(raw));
    }
    if let Some(point) = Point::from_code(input.u16()) {
        assert_eq!(point.to_string().parse(), Ok(point));
    }
    let unit = input.pick(&UNITS);
    let wide = i64::from_be_bytes(input.array());
    let words = [input.u16(), input.u16()];
    let decimals = input.byte() % 19;
    let codecs = [
        Codec::U16,
        Codec::Bcd16,
        Codec::Bcd32,
        Codec::Hex16,
        Codec::Hex32,
        Codec::F32 { decimals },
        Codec::F32 { decimals: unit.decimals() },
        Codec::Direction { phase: decimals },
        Codec::U32,
        Codec::I32,
        Codec::Counter { decimals: unit.decimals() },
        Codec::Total { decimals },
        Codec::Speed,
        Codec::Ratio,
    ];
    for codec in codecs {
        let _ = codec.encode(wide, unit);
        let _ = codec.matches(words, wide, unit);
        let Ok(value) = codec.decode(words, unit) else { continue };
        let again = codec.encode(value, unit);
        let exact = match codec {
            Codec::F32 { decimals } | Codec::Counter { decimals } | Codec::Total { decimals } => decimals == unit.decimals() && value.unsigned_abs() < 1 << 24,
            _ => true,
        };
        if exact {
            assert_eq!(codec.decode(again, unit), Ok(value), "{codec:?} of {words:04X?}");
            assert!(codec.matches(again, value, unit), "{codec:?} of {words:04X?}");
        }
    }
    for model in models::ALL {
        for setting in model.def.all_settings() {
            if let Ok(value) = setting.check(wide >> (decimals * 3)) {
                assert!(setting.accepts(value));
                assert_eq!(setting.parse(&setting.text(value).to_string()).ok(), Some(value));
            }
        }
    }
}

fn texts(text: &str) {
    for decimals in [0, 1, 2, 3, 9, 18] {
        if let Ok(value) = decimal::parse(text, decimals) {
            assert_eq!(decimal::parse(&Decimal { value, decimals }.to_string(), decimals), Ok(value));
        }
    }
    if let Ok(point) = text.parse::<Point>() {
        assert_eq!(Point::from_code(point.code()), Some(point));
        assert_eq!(point.to_string().parse(), Ok(point));
    }
    let _ = parse_span(text);
    let _ = Quirk::parse(text);
    if let Ok(spec) = MeterSpec::parse(text) {
        assert!(!spec.gives_serial() || spec.serial() <= 99_999_999);
    }
    for model in models::ALL {
        if let Ok(change) = LoadChange::parse(model.def, text) {
            assert_eq!(LoadChange::parse(model.def, &change.to_string()).as_ref(), Ok(&change));
            let mut supply = Supply::default();
            change.apply(&mut supply);
            let _ = supply.load();
        }
        for setting in model.def.all_settings() {
            if let Ok(value) = setting.parse(text) {
                assert_eq!(setting.check(i64::from(value)).ok(), Some(value));
                assert_eq!(setting.parse(&setting.text(value).to_string()).ok(), Some(value));
            }
        }
    }
}

/// Registers of a voltage and a text of each kind.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        [&[0, 3, 0, 0, 0, 0x25, 0x40, 0x00, 3][..], &2301i64.to_be_bytes(), &[0x43, 0x66, 0x1A, 0x9E, 1]].concat(),
        [&[0, 7, 0x22, 0x09, 0x10, 0x39, 0, 0, 1][..], &[0; 8], &[0x31, 0x46, 0, 0, 2]].concat(),
    ];
    for text in ["-12.50", "energy.reactive.reverse.t1", "10s", "L1 230V 5A pf 0.9 lag export", "L1 2.3kW", "9600", "even"] {
        seeds.push([b"\x01", text.as_bytes()].concat());
    }
    for model in models::ALL {
        let line = format!("\x01{} serial=13070002 modbus-id=2 load=\"L1 230V 5A\" energy.forward=12.5", model.def.slug);
        seeds.push(line.into_bytes());
    }
    seeds
}
