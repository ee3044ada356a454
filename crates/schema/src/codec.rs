//! How a value stands in registers, both ways.

use core::fmt;

use units::{Unit, bcd, decimal};

/// How an integer value stands in one or two registers (Modbus registers are 16 bits wide, high byte first).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// One register, unsigned. Range: 0 to 65535.
    U16,
    /// One register, decimal digits in hexadecimal (`0025h` is 25). Range: 0 to 9999.
    Bcd16,
    /// One register whose hexadecimal digits are the value's own.
    Hex16,
    /// One register, the number of a speed in Bd: 1 is 300, 2 is 600 and so on to 10, which is 115200.
    Speed,
    /// One register, two characters: the number of the phase and `F` or `R`; zero where there is no such phase.
    Direction {
        /// Number of the phase. Range: 1 to 9.
        phase: u8,
    },
    /// Two registers, eight decimal digits in hexadecimal, high word first. Range: 0 to 99 999 999.
    Bcd32,
    /// Two registers of decimal digits in hexadecimal, the primary and the secondary current of a ratio in the form of
    /// [`Kind::Ratio`](crate::Kind::Ratio): `9995h 0005h` is 9995/5.
    Ratio,
    /// Two registers whose hexadecimal digits are the value's own, high word first.
    Hex32,
    /// Two registers, a whole number of what the value is kept in (Wh, varh), high word first. Range: 0 to 4 294 967 295.
    U32,
    /// The same in two's complement. Range: ±2 147 483 647.
    I32,
    /// Two registers, IEEE 754 single precision, high word first, of a value with so many decimals.
    F32 {
        /// The meter's resolution: digits behind the point of the unit people read.
        decimals: u8,
    },
    /// Two registers whose form [`SettingId::DataType`](crate::SettingId::DataType) chooses ([`Codec::in_form`]): a float
    /// as [`Codec::F32`], or [`Codec::U32`].
    Counter {
        /// Digits behind the point of the float.
        decimals: u8,
    },
    /// The same for a number that can be negative: [`Codec::F32`] or [`Codec::I32`].
    Total {
        /// Digits behind the point of the float.
        decimals: u8,
    },
}

/// Why registers hold no value of a codec, or a value does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecError {
    /// A hexadecimal digit above 9 stands where a decimal digit must.
    NoDecimalDigit {
        /// The registers as one number.
        raw: u32,
    },
    /// Not a number, infinite, or beyond what the value can hold.
    NoNumber {
        /// The bits of the float.
        raw: u32,
    },
    /// Characters that name no direction.
    NoDirection {
        /// The register.
        raw: u16,
    },
    /// A secondary current that is no decimal digit.
    NoRatio {
        /// The registers as one number.
        raw: u32,
    },
    /// A number that stands for no speed.
    NoSpeed {
        /// The register.
        raw: u16,
    },
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDecimalDigit { raw } => {
                write!(f, "{raw:04X}h has a digit above 9 where decimal digits stand")
            }
            Self::NoNumber { raw } => write!(f, "{raw:08X}h is no finite number of a usable size"),
            Self::NoDirection { raw } => write!(f, "{raw:04X}h is no direction"),
            Self::NoRatio { raw } => {
                write!(f, "{raw:08X}h is no ratio: its secondary current is one decimal digit")
            }
            Self::NoSpeed { raw } => write!(f, "{raw:04X}h is the number of no speed: expected 1 to 10"),
        }
    }
}

impl core::error::Error for CodecError {}

/// The value of [`SettingId::DataType`](crate::SettingId::DataType) that makes whole numbers of counters.
const WHOLE_NUMBERS: i32 = 2;

/// Hundreds of Bd, in the order of their numbers from 1 on.
const SPEEDS: [u16; 10] = [3, 6, 12, 24, 48, 96, 192, 384, 576, 1_152];

const fn halves(raw: u32) -> [u16; 2] {
    let [a, b, c, d] = raw.to_be_bytes();
    [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
}

const fn whole(words: [u16; 2]) -> u32 {
    let [high, low] = words;
    (high as u32) << 16 | low as u32
}

impl Codec {
    /// How many registers the value takes: 1 or 2.
    #[must_use]
    pub const fn words(self) -> u16 {
        if matches!(self, Self::U16 | Self::Bcd16 | Self::Hex16 | Self::Speed | Self::Direction { .. }) {
            1
        } else {
            2
        }
    }

    /// The codec that holds while [`SettingId::DataType`](crate::SettingId::DataType) has this value, or the meter has no
    /// such setting.
    #[must_use]
    pub const fn in_form(self, data_type: Option<i32>) -> Self {
        match (self, data_type) {
            (Self::Counter { .. }, Some(WHOLE_NUMBERS)) => Self::U32,
            (Self::Total { .. }, Some(WHOLE_NUMBERS)) => Self::I32,
            _ => self,
        }
    }

    /// The registers of `value`, which is kept in `unit`. One-register codecs use the first of the two.
    ///
    /// What does not fit is held at the end of the range, as a real counter's register would be.
    #[must_use]
    pub fn encode(self, value: i64, unit: Unit) -> [u16; 2] {
        let small = || u32::try_from(value.max(0)).unwrap_or(u32::MAX);
        match self {
            Self::U16 => [u16::try_from(value.max(0)).unwrap_or(u16::MAX), 0],
            Self::Bcd16 => {
                [bcd::encode(small(), 4).and_then(|raw| u16::try_from(raw).ok()).unwrap_or(0x9999), 0]
            }
            Self::Bcd32 => halves(bcd::encode(small(), 8).unwrap_or(0x9999_9999)),
            Self::Hex16 => [u16::try_from(value & 0xFFFF).unwrap_or(0), 0],
            // Counters start again at zero long before they need more than 31 bits.
            Self::Hex32 | Self::U32 | Self::I32 => halves(u32::try_from(value & 0xFFFF_FFFF).unwrap_or(0)),
            Self::F32 { decimals } | Self::Counter { decimals } | Self::Total { decimals } => {
                halves(float_bits(unit.at(value, decimals), decimals))
            }
            Self::Speed => {
                let number = (1..).zip(SPEEDS).find(|(_, hundreds)| i64::from(*hundreds) * 100 == value);
                [number.map_or(0, |(number, _)| number), 0]
            }
            // The last digit of the value is the secondary current.
            Self::Ratio => {
                let [_, a, b, c] = bcd::encode(small(), 5).unwrap_or(0x9_9999).to_be_bytes();
                [u16::from_be_bytes([a << 4 | b >> 4, b << 4 | c >> 4]), u16::from(c & 0xF)]
            }
            Self::Direction { phase } => match value {
                0 => [0, 0],
                v => [u16::from_be_bytes([b'0' + phase % 10, if v > 0 { b'F' } else { b'R' }]), 0],
            },
        }
    }

    /// The value, kept in `unit`, that stands in the registers. One-register codecs read the first of the two.
    ///
    /// # Errors
    /// [`CodecError`] where the registers hold no value of this kind.
    pub fn decode(self, words: [u16; 2], unit: Unit) -> Result<i64, CodecError> {
        let [first, second] = words;
        let raw = whole(words);
        let digits = match self {
            Self::U16 | Self::Hex16 => return Ok(i64::from(first)),
            Self::Hex32 | Self::U32 => return Ok(i64::from(raw)),
            Self::I32 => return Ok(i64::from(raw.cast_signed())),
            Self::Bcd16 => u32::from(first),
            Self::Bcd32 => raw,
            Self::Ratio if second < 10 => u32::from(first) << 4 | u32::from(second),
            Self::Ratio => return Err(CodecError::NoRatio { raw }),
            Self::Speed => {
                let place = SPEEDS.get(usize::from(first).wrapping_sub(1));
                let hundreds = place.ok_or(CodecError::NoSpeed { raw: first })?;
                return Ok(i64::from(u32::from(*hundreds) * 100));
            }
            Self::F32 { decimals } | Self::Counter { decimals } | Self::Total { decimals } => {
                let fine = float_value(raw, decimals).ok_or(CodecError::NoNumber { raw })?;
                return Ok(decimal::rescale(fine, decimals, unit.decimals()));
            }
            Self::Direction { .. } => {
                return match first.to_be_bytes() {
                    [0, 0] => Ok(0),
                    [_, b'F'] => Ok(1),
                    [_, b'R'] => Ok(-1),
                    _ => Err(CodecError::NoDirection { raw: first }),
                };
            }
        };
        bcd::decode(digits, 8).map(i64::from).ok_or(CodecError::NoDecimalDigit { raw: digits })
    }

    /// True where `words` is `value` within 1 ppm: what a master may write for it.
    #[must_use]
    pub fn matches(self, words: [u16; 2], value: i64, unit: Unit) -> bool {
        let (Self::F32 { .. } | Self::Counter { .. } | Self::Total { .. }) = self else {
            return self.decode(words, unit) == Ok(value);
        };
        // Six more decimals than the unit's hold one ppm of its smallest value.
        let fine = unit.decimals().saturating_add(6);
        match float_value(whole(words), fine) {
            Some(written) => {
                let wanted = decimal::rescale(value, unit.decimals(), fine);
                written.abs_diff(wanted) <= wanted.unsigned_abs() / 1_000_000
            }
            None => false,
        }
    }
}

/// The IEEE 754 single nearest to `value` with `decimals` digits behind the point, ties to even.
///
/// In integers, because the smallest target has neither a floating-point unit nor flash for a double division.
fn float_bits(value: i64, decimals: u8) -> u32 {
    let sign = if value < 0 { 1u32 << 31 } else { 0 };
    let divisor = decimal::power_of_ten(decimals).unsigned_abs();
    let mut numerator = value.unsigned_abs();
    if numerator == 0 {
        return 0;
    }
    let mut exponent: i32 = 0;
    // One bit more than the mantissa's 24, for rounding; what is lost below it goes into `sticky`.
    while numerator / divisor < 1 << 24 && numerator.leading_zeros() > 0 {
        numerator <<= 1;
        exponent -= 1;
    }
    let mut quotient = numerator / divisor;
    let mut sticky = !numerator.is_multiple_of(divisor);
    while quotient >= 1 << 25 {
        sticky |= quotient & 1 == 1;
        quotient >>= 1;
        exponent += 1;
    }
    let up = quotient & 1 == 1 && (sticky || quotient & 2 == 2);
    let mut mantissa = (quotient >> 1) + u64::from(up);
    exponent += 1;
    if mantissa == 1 << 24 {
        mantissa >>= 1;
        exponent += 1;
    }
    let biased = u32::try_from(exponent + 23 + 127).unwrap_or(0);
    let fraction = u32::try_from(mantissa & 0x7F_FFFF).unwrap_or(0);
    sign | biased << 23 | fraction
}

/// The single `bits` as an integer with `decimals` digits behind the point, rounded half away from zero.
fn float_value(bits: u32, decimals: u8) -> Option<i64> {
    let biased = i32::try_from(bits >> 23 & 0xFF).ok()?;
    let fraction = u64::from(bits & 0x7F_FFFF);
    let (mantissa, exponent) = match biased {
        0xFF => return None,
        0 => (fraction, -149),
        _ => (fraction | 1 << 23, biased - 150),
    };
    let scaled = mantissa.checked_mul(decimal::power_of_ten(decimals).unsigned_abs());
    let magnitude = if exponent >= 0 {
        let shift = u32::try_from(exponent).ok()?;
        let scaled = scaled?;
        if shift > scaled.leading_zeros() {
            return None;
        }
        scaled << shift
    } else {
        let shift = exponent.unsigned_abs();
        let scaled = scaled?;
        // Half up by its own bit: adding the half first would overflow where the number is finest.
        if shift > 63 { 0 } else { (scaled >> shift) + (scaled >> (shift - 1) & 1) }
    };
    let magnitude = i64::try_from(magnitude).ok()?;
    Some(if bits >> 31 == 1 { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn floats_as_captured_from_real_meters() {
        // Real meters of the family: 16 A, 1.261 A, 0.07 V; the manual's S0 10 imp/kWh.
        let a = Codec::F32 { decimals: 3 };
        assert_eq!(a.encode(16_000, Unit::Ampere), [0x4180, 0x0000]);
        assert_eq!(a.encode(1_261, Unit::Ampere), [0x3FA1, 0x6873]);
        assert_eq!(Codec::F32 { decimals: 2 }.encode(70, Unit::Volt), [0x3D8F, 0x5C29]);
        let s0 = Codec::F32 { decimals: 2 };
        assert_eq!(s0.encode(1_000, Unit::ImpulsePerKilowattHour), [0x4120, 0x0000]);
        assert_eq!(s0.decode([0x447A, 0], Unit::ImpulsePerKilowattHour), Ok(100_000));
    }

    #[test]
    fn digits_in_hexadecimal() {
        assert_eq!(Codec::Bcd16.encode(25, Unit::Second), [0x0025, 0]);
        assert_eq!(Codec::Bcd16.decode([0x0025, 7], Unit::Second), Ok(25));
        assert_eq!(Codec::Bcd32.encode(22_091_039, Unit::None), [0x2209, 0x1039]);
        assert_eq!(
            Codec::Bcd16.decode([0x002A, 0], Unit::Second),
            Err(CodecError::NoDecimalDigit { raw: 0x2A })
        );
        assert_eq!(Codec::Bcd16.encode(-3, Unit::Second), [0, 0]);
        assert_eq!(Codec::Bcd16.encode(12_345, Unit::Second), [0x9999, 0]);
    }

    #[test]
    fn directions_are_two_characters() {
        let l3 = Codec::Direction { phase: 3 };
        assert_eq!(l3.encode(-1, Unit::None), [0x3352, 0]);
        assert_eq!(Codec::Direction { phase: 1 }.encode(1, Unit::None), [0x3146, 0]);
        assert_eq!(l3.encode(0, Unit::None), [0, 0]);
        assert_eq!(l3.decode([0x3352, 0], Unit::None), Ok(-1));
        assert_eq!(l3.decode([0x3353, 0], Unit::None), Err(CodecError::NoDirection { raw: 0x3353 }));
    }

    #[test]
    fn speeds_have_numbers() {
        let speeds = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200];
        for (number, baud) in (1..).zip(speeds) {
            assert_eq!(Codec::Speed.encode(baud, Unit::Baud), [number, 0]);
            assert_eq!(Codec::Speed.decode([number, 7], Unit::Baud), Ok(baud));
            assert!(Codec::Speed.matches([number, 7], baud, Unit::Baud));
        }
        // The register of the PRO1 has the speed itself: it is not taken for a number.
        for raw in [0, 11, 9_600, u16::MAX] {
            assert_eq!(Codec::Speed.decode([raw, 0], Unit::Baud), Err(CodecError::NoSpeed { raw }));
        }
        assert_eq!(Codec::Speed.encode(56_700, Unit::Baud), [0, 0], "a speed that has no number");
        assert_eq!(
            CodecError::NoSpeed { raw: 0x2580 }.to_string(),
            "2580h is the number of no speed: expected 1 to 10"
        );
    }

    #[test]
    fn ratios_are_two_words_of_digits() {
        // The manual of the Ambition prints `9995 0005` for 9995/5; a factory-new meter has 5/5.
        for (value, words) in [
            (99_955, [0x9995, 0x0005]),
            (55, [0x0005, 0x0005]),
            (99_991, [0x9999, 0x0001]),
            (11, [0x0001, 0x0001]),
        ] {
            assert_eq!(Codec::Ratio.encode(value, Unit::None), words);
            assert_eq!(Codec::Ratio.decode(words, Unit::None), Ok(value));
        }
        for words in [[0x05F0, 0x0005], [0xFFFF, 0x0009]] {
            let raw = u32::from(words[0]) << 4 | u32::from(words[1]);
            assert_eq!(Codec::Ratio.decode(words, Unit::None), Err(CodecError::NoDecimalDigit { raw }));
        }
        for words in [[0x0500, 0x000A], [0x0500, 0x0015], [0x0000, 0xFFFF]] {
            let raw = whole(words);
            assert_eq!(Codec::Ratio.decode(words, Unit::None), Err(CodecError::NoRatio { raw }));
        }
        assert_eq!(Codec::Ratio.encode(1_000_005, Unit::None), [0x9999, 0x0009], "held at the end");
        assert_eq!(Codec::Ratio.encode(-1, Unit::None), [0, 0]);
    }

    #[test]
    fn counters_have_the_form_that_the_setting_says() {
        let (total, forward) = (Codec::Total { decimals: 3 }, Codec::Counter { decimals: 3 });
        for data_type in [None, Some(1), Some(0), Some(3)] {
            assert_eq!((total.in_form(data_type), forward.in_form(data_type)), (total, forward));
        }
        assert_eq!((total.in_form(Some(2)), forward.in_form(Some(2))), (Codec::I32, Codec::U32));
        assert_eq!(Codec::U16.in_form(Some(2)), Codec::U16);
        // 2 Wh back, and the last reading before 1 000 000 kWh.
        let unit = Unit::KilowattHour;
        assert_eq!(total.encode(-2, unit), [0xBB03, 0x126F]);
        assert_eq!(forward.encode(123_456, unit), Codec::F32 { decimals: 3 }.encode(123_456, unit));
        assert_eq!(Codec::I32.encode(-2, unit), [0xFFFF, 0xFFFE]);
        assert_eq!(Codec::I32.decode([0xFFFF, 0xFFFE], unit), Ok(-2));
        assert_eq!(Codec::U32.encode(999_999_999, unit), [0x3B9A, 0xC9FF]);
        assert_eq!(Codec::U32.decode([0xFFFF, 0xFFFF], unit), Ok(4_294_967_295));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for bits in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
            let raw = bits.to_bits();
            let decoded = Codec::F32 { decimals: 2 }.decode(halves(raw), Unit::Volt);
            assert_eq!(decoded, Err(CodecError::NoNumber { raw }), "{bits}");
        }
    }

    #[test]
    fn a_written_rate_may_be_off_by_one_ppm() {
        let s0 = Codec::F32 { decimals: 2 };
        let unit = Unit::ImpulsePerKilowattHour;
        for (text, value) in [(0.01f32, 1), (0.1, 10), (1.0, 100), (10_000.0, 1_000_000)] {
            assert!(s0.matches(halves(text.to_bits()), value, unit), "{text}");
            assert!(!s0.matches(halves((text * 1.000_01).to_bits()), value, unit), "{text} + 10 ppm");
        }
        assert!(!s0.matches(halves(f32::NAN.to_bits()), 100, unit));
    }

    #[test]
    fn the_finest_number_that_fits_does_not_overflow() {
        // 3.5013 pico is 4.
        assert_eq!(float_value(2_893_433_446, 12), Some(-4));
        assert_eq!(float_value(0x4B7F_FFFF, 12), None, "too large for the integer it would become");
    }

    proptest! {
        #[test]
        fn floats_are_the_nearest_ones(value in -99_999_999i64..=99_999_999, decimals in 0u8..=6) {
            let text = decimal::Decimal { value, decimals }.to_string();
            let nearest: f32 = text.parse().unwrap();
            prop_assert_eq!(float_bits(value, decimals) & 0x7FFF_FFFF, nearest.to_bits() & 0x7FFF_FFFF);
        }

        #[test]
        fn floats_come_back_within_seven_digits(value in -9_999_999i64..=9_999_999, decimals in 0u8..=6) {
            prop_assert_eq!(float_value(float_bits(value, decimals), decimals), Some(value));
        }

        #[test]
        fn whole_numbers_come_back(raw in any::<u32>()) {
            for (codec, signed) in [(Codec::U32, false), (Codec::I32, true)] {
                let value = codec.decode(halves(raw), Unit::KilovarHour).unwrap();
                prop_assert_eq!(codec.encode(value, Unit::KilovarHour), halves(raw));
                prop_assert_eq!(value < 0, signed && raw >> 31 == 1);
            }
        }

        #[test]
        fn ratios_come_back(primary in 0i64..=9_999, secondary in 0i64..=9, raw in any::<u32>()) {
            let value = primary * 10 + secondary;
            prop_assert_eq!(Codec::Ratio.decode(Codec::Ratio.encode(value, Unit::None), Unit::None), Ok(value));
            if let Ok(value) = Codec::Ratio.decode(halves(raw), Unit::None) {
                prop_assert_eq!(Codec::Ratio.encode(value, Unit::None), halves(raw));
            }
        }

        #[test]
        fn a_speed_has_one_number(raw in any::<u16>()) {
            match Codec::Speed.decode([raw, 0], Unit::Baud) {
                Ok(baud) => prop_assert_eq!(Codec::Speed.encode(baud, Unit::Baud), [raw, 0]),
                Err(_) => prop_assert!(!(1..=10).contains(&raw)),
            }
        }

        #[test]
        fn no_bits_panic(bits in any::<u32>(), decimals in 0u8..=18) {
            let value = float_value(bits, decimals);
            if let (Some(v), 0) = (value, decimals) {
                let float = f64::from(f32::from_bits(bits));
                prop_assert!((float - v as f64).abs() <= 0.5);
            }
        }
    }
}
