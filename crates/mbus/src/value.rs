//! Values: the data types of EN 13757-3 annex A.

use crate::vif::Kind;
use core::fmt;

/// Day, month and year; 0 for "every" (type G).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Date {
    /// The year, 1981 to 2080; 0 for every year.
    pub year: u16,
    /// The month, 1 to 12 in a real date.
    pub month: u8,
    /// The day of the month.
    pub day: u8,
}

impl Date {
    const fn read(low: u8, high: u8) -> Self {
        let two = (high & 0xF0) >> 1 | low >> 5;
        Self { year: year(two, 0), month: high & 15, day: low & 31 }
    }
}

const fn year(two: u8, century: u8) -> u16 {
    let two = two as u16;
    match (two, century) {
        (127, _) => 0,
        (0..=80, 0) => 2000 + two,
        (_, 0) => 1900 + two,
        _ => 1900 + 100 * century as u16 + two,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    /// Hour; 31 for every hour.
    pub hour: u8,
    /// Minute; 63 for every minute.
    pub minute: u8,
    /// Second; 0 where the type has none.
    pub second: u8,
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }
}

/// ISO 8859-1 characters as they stand on the wire: the last one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text<'a>(pub &'a [u8]);

impl<'a> Text<'a> {
    /// The characters in reading order.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        self.0.iter().rev().map(|byte| char::from(*byte))
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|c| fmt::Write::write_char(f, c))
    }
}

/// The value of a record before its power of ten.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// The record carries no data.
    None,
    /// The meter says that it has no value.
    Missing,
    /// A binary number with a sign.
    Int(i64),
    /// A binary number without one: an address, a version, a set of bits.
    Unsigned(u64),
    /// A decimal number: F in the top digit is its minus sign.
    Bcd {
        /// The number.
        value: i64,
        /// Its digits on the wire, leading zeros and sign included.
        digits: u8,
    },
    /// A binary coded decimal one of whose digits is A to F, low byte first as it came.
    Digits(&'a [u8]),
    /// A floating point number.
    Real(f32),
    /// A date (type G).
    Date(Date),
    /// A time of day (type J).
    Time(Time),
    /// A date with a time of day (types F and I).
    DateTime {
        /// The date.
        date: Date,
        /// The time.
        time: Time,
        /// Summer time is in force.
        summer: bool,
    },
    /// Text of variable length.
    Text(Text<'a>),
    /// Bytes of variable length, low byte first as they came.
    Bytes(&'a [u8]),
}

impl Value<'_> {
    /// The whole number in it, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match *self {
            Self::Int(value) | Self::Bcd { value, .. } => Some(value),
            Self::Unsigned(value) => i64::try_from(value).ok(),
            _ => None,
        }
    }
}

/// Low byte first, without a sign. At most eight bytes count.
#[inline]
fn unsigned(bytes: &[u8]) -> u64 {
    match *bytes {
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c] => u64::from(u32::from_le_bytes([a, b, c, 0])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => bytes.iter().take(8).rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    }
}

/// Reads a binary number of 1 to 8 bytes.
#[inline]
pub(crate) fn binary<'a>(bytes: &'a [u8], kind: Kind) -> Value<'a> {
    match kind {
        Kind::Signed => {
            let Ok(width @ 1..=8) = u32::try_from(bytes.len()) else { return Value::Bytes(bytes) };
            let shift = 64 - 8 * width;
            let value = (unsigned(bytes) << shift).cast_signed();
            if value == i64::MIN { Value::Missing } else { Value::Int(value >> shift) }
        }
        Kind::Unsigned => Value::Unsigned(unsigned(bytes)),
        Kind::Time => time(bytes),
    }
}

/// Reads a date or time by its width.
fn time(bytes: &[u8]) -> Value<'_> {
    match *bytes {
        [0xFF, 0xFF] => Value::Missing,
        [low, high] => Value::Date(Date::read(low, high)),
        [second, minute, hour] => {
            Value::Time(Time { hour: hour & 31, minute: minute & 63, second: second & 63 })
        }
        [minute, ..] if bytes.len() == 4 && minute & 0x80 != 0 => Value::Missing,
        [minute, hour, low, high] => {
            let two = (high & 0xF0) >> 1 | low >> 5;
            let date = Date { year: year(two, hour >> 5 & 3), month: high & 15, day: low & 31 };
            let time = Time { hour: hour & 31, minute: minute & 63, second: 0 };
            Value::DateTime { date, time, summer: hour & 0x80 != 0 }
        }
        [_, minute, _, _, _, _] if minute & 0x80 != 0 => Value::Missing,
        [second, minute, hour, low, high, _] => Value::DateTime {
            date: Date::read(low, high),
            time: Time { hour: hour & 31, minute: minute & 63, second: second & 63 },
            summer: second & 0x40 != 0,
        },
        _ => binary(bytes, Kind::Signed),
    }
}

/// Reads up to sixteen digits of binary coded decimal.
#[inline]
pub(crate) fn bcd(bytes: &[u8]) -> Value<'_> {
    let (Ok(width @ 1..=8), Some(top)) = (u8::try_from(bytes.len()), bytes.last()) else {
        return Value::Digits(bytes);
    };
    let minus = *top >= 0xF0;
    let mut raw = unsigned(bytes);
    if minus {
        raw &= !(0xF0 << (8 * (u32::from(width) - 1)));
    }
    // Digits above 9 have the eight and one of four and two set.
    if raw & 0x8888_8888_8888_8888 & (raw << 1 | raw << 2) != 0 {
        return if bytes.iter().all(|byte| *byte == 0xFF) { Value::Missing } else { Value::Digits(bytes) };
    }
    let pairs = (raw & 0x0F0F_0F0F_0F0F_0F0F) + 10 * (raw >> 4 & 0x0F0F_0F0F_0F0F_0F0F);
    let fours = (pairs & 0x00FF_00FF_00FF_00FF) + 100 * (pairs >> 8 & 0x00FF_00FF_00FF_00FF);
    let eights = (fours & 0x0000_FFFF_0000_FFFF) + 10_000 * (fours >> 16 & 0x0000_FFFF_0000_FFFF);
    let number = ((eights & 0xFFFF_FFFF) + 100_000_000 * (eights >> 32)).cast_signed();
    Value::Bcd { value: if minus { -number } else { number }, digits: 2 * width }
}

/// The bytes behind a length byte LVAR (EN 13757-3 table 6): how many, and what they are.
pub(crate) const fn variable_len(lvar: u8) -> Option<usize> {
    match lvar {
        0x00..=0xBF => Some(lvar as usize),
        0xC0..=0xC9 => Some((lvar - 0xC0) as usize),
        0xD0..=0xD9 => Some((lvar - 0xD0) as usize),
        0xE0..=0xEF => Some((lvar - 0xE0) as usize),
        0xF0..=0xF4 => Some(4 * (lvar - 0xEC) as usize),
        0xF5 => Some(48),
        0xF6 => Some(64),
        _ => None,
    }
}

/// Reads data of variable length.
pub(crate) fn variable(lvar: u8, bytes: &[u8]) -> Value<'_> {
    match lvar {
        0x00..=0xBF => Value::Text(Text(bytes)),
        0xC0..=0xC9 => bcd(bytes),
        0xD0..=0xD9 => match bcd(bytes) {
            Value::Bcd { value: value @ 0.., digits } => Value::Bcd { value: -value, digits },
            _ => Value::Digits(bytes),
        },
        _ => Value::Bytes(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_any_width() {
        let int = |bytes: &'static [u8]| binary(bytes, Kind::Signed);
        assert_eq!(int(&[0x79, 0x29, 0xED]), Value::Int(-1_234_567));
        assert_eq!(int(&[0x87, 0xD6, 0x12]), Value::Int(1_234_567));
        assert_eq!(int(&[0xFF]), Value::Int(-1));
        assert_eq!(int(&[0x00, 0x80]), Value::Missing);
        assert_eq!(int(&[0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), Value::Int(-2));
        assert_eq!(int(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]), Value::Int(i64::MAX));
        assert_eq!(binary(&[0xFF; 8], Kind::Unsigned), Value::Unsigned(u64::MAX));
    }

    #[test]
    fn decimals_with_minus_nothing_and_errors() {
        assert_eq!(bcd(&[0x14, 0x48, 0x60, 0x01]), Value::Bcd { value: 1_604_814, digits: 8 });
        assert_eq!(bcd(&[0x23, 0xF1]), Value::Bcd { value: -123, digits: 4 });
        assert_eq!(
            bcd(&[0x56, 0x34, 0x12, 0x90, 0x78, 0xF6]),
            Value::Bcd { value: -67_890_123_456, digits: 12 }
        );
        assert_eq!(bcd(&[0xFF, 0xFF, 0xFF]), Value::Missing);
        assert_eq!(bcd(&[0x1A]), Value::Digits(&[0x1A]));
        assert_eq!(bcd(&[0xF0, 0x00]), Value::Digits(&[0xF0, 0x00]), "a minus inside");
        assert_eq!(bcd(&[0x99; 8]), Value::Bcd { value: 9_999_999_999_999_999, digits: 16 });
    }

    #[test]
    fn dates_and_times_by_their_width() {
        let t = |bytes: &'static [u8]| time(bytes);
        assert_eq!(t(&[0x5F, 0x1C]), Value::Date(Date { year: 2010, month: 12, day: 31 }));
        assert_eq!(t(&[0xFF, 0xFF]), Value::Missing);
        let Value::DateTime { date, time: at, summer } = t(&[0x2D, 0x93, 0x95, 0x35]) else { panic!() };
        assert_eq!(
            (date.to_string(), at.to_string(), summer),
            ("2028-05-21".into(), "19:45:00".into(), true)
        );
        assert_eq!(t(&[0x80, 0, 0, 0]), Value::Missing);
        let Value::DateTime { date, time: at, summer } = t(&[0x1E, 0x2D, 0x13, 0x95, 0x35, 0x00]) else {
            panic!()
        };
        assert_eq!(
            (date.to_string(), at.to_string(), summer),
            ("2028-05-21".into(), "19:45:30".into(), false)
        );
        assert_eq!(t(&[30, 45, 19]), Value::Time(Time { hour: 19, minute: 45, second: 30 }));
    }

    #[test]
    fn variable_lengths() {
        assert_eq!(variable(3, b"CBA").to_text(), "ABC");
        assert_eq!(variable(0xD2, &[0x34, 0x12]), Value::Bcd { value: -1234, digits: 4 });
        assert_eq!(variable_len(0xF0), Some(16));
        assert_eq!(variable_len(0xCA), None);
    }

    impl Value<'_> {
        fn to_text(self) -> String {
            match self {
                Value::Text(text) => text.to_string(),
                other => format!("{other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn decimals_are_what_their_digits_say(digits in "[0-9]{16}") {
            let mut bytes = [0; 8];
            for (byte, two) in bytes.iter_mut().rev().zip(digits.as_bytes().chunks(2)) {
                *byte = (two[0] - b'0') << 4 | (two[1] - b'0');
            }
            prop_assert_eq!(bcd(&bytes), Value::Bcd { value: digits.parse().unwrap(), digits: 16 });
        }

        #[test]
        fn no_bytes_upset_a_type(bytes in prop::collection::vec(any::<u8>(), 0..70), lvar: u8) {
            let _ = (bcd(&bytes), time(&bytes), variable(lvar, &bytes));
            let _ = (binary(&bytes, Kind::Unsigned), binary(&bytes, Kind::Signed).as_int());
        }
    }
}
