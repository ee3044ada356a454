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
    /// Two registers, eight decimal digits in hexadecimal, high word first. Range: 0 to 99 999 999.
    Bcd32,
    /// One register whose hexadecimal digits are the value's own.
    Hex16,
    /// Two registers whose hexadecimal digits are the value's own, high word first.
    Hex32,
    /// Two registers, IEEE 754 single precision, high word first, of a value with so many decimals.
    F32 {
        /// The meter's resolution: digits behind the point of the unit people read.
        decimals: u8,
    },
    /// One register, two characters: the number of the phase and `F` or `R`; zero where there is no such phase.
    Direction {
        /// Number of the phase. Range: 1 to 9.
        phase: u8,
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
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDecimalDigit { raw } => {
                write!(f, "{raw:04X}h has a digit above 9 where decimal digits stand")
            }
            Self::NoNumber { raw } => write!(f, "{raw:08X}h is no finite number of a usable size"),
            Self::NoDirection { raw } => write!(f, "{raw:04X}h is no direction"),
        }
    }
}

impl core::error::Error for CodecError {}

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
        match self {
            Self::U16 | Self::Bcd16 | Self::Hex16 | Self::Direction { .. } => 1,
            Self::Bcd32 | Self::Hex32 | Self::F32 { .. } => 2,
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
            Self::Hex32 => halves(u32::try_from(value & 0xFFFF_FFFF).unwrap_or(0)),
            Self::F32 { decimals } => halves(float_bits(unit.at(value, decimals), decimals)),
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
        let [first, _] = words;
        let raw = whole(words);
        match self {
            Self::U16 | Self::Hex16 => Ok(i64::from(first)),
            Self::Hex32 => Ok(i64::from(raw)),
            Self::Bcd16 => bcd::decode(u32::from(first), 4)
                .map(i64::from)
                .ok_or(CodecError::NoDecimalDigit { raw: u32::from(first) }),
            Self::Bcd32 => bcd::decode(raw, 8).map(i64::from).ok_or(CodecError::NoDecimalDigit { raw }),
            Self::F32 { decimals } => {
                let fine = float_value(raw, decimals).ok_or(CodecError::NoNumber { raw })?;
                Ok(decimal::rescale(fine, decimals, unit.decimals()))
            }
            Self::Direction { .. } => match first.to_be_bytes() {
                [0, 0] => Ok(0),
                [_, b'F'] => Ok(1),
                [_, b'R'] => Ok(-1),
                _ => Err(CodecError::NoDirection { raw: first }),
            },
        }
    }

    /// True where `words` is `value` within 1 ppm: what a master may write for it.
    #[must_use]
    pub fn matches(self, words: [u16; 2], value: i64, unit: Unit) -> bool {
        let Self::F32 { .. } = self else {
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
        fn no_bits_panic(bits in any::<u32>(), decimals in 0u8..=18) {
            let value = float_value(bits, decimals);
            if let (Some(v), 0) = (value, decimals) {
                let float = f64::from(f32::from_bits(bits));
                prop_assert!((float - v as f64).abs() <= 0.5);
            }
        }
    }
}
