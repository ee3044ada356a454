//! What a meter says through its infrared window.

use core::fmt;

use units::decimal::{self, Decimal};
use units::{Duration, Unit};

use crate::{Codec, SettingId, Source};

/// One line of the read-out (IEC 62056-21 §5): an identifier, a value, its unit.
#[derive(Clone, Copy, Debug)]
pub struct ObisDef {
    /// The identifier, such as `1.8.0`.
    pub code: &'static str,
    /// Where the value comes from.
    pub source: Source,
    /// Digits in front of the point, filled with zeros. Range: 1 to 9.
    pub digits: u8,
    /// Digits behind the point.
    pub decimals: u8,
    /// The unit as it is sent; nothing where the value has none.
    pub unit: &'static str,
}

/// How the meter behaves at an optical head (IEC 62056-21 mode C).
#[derive(Clone, Copy, Debug)]
pub struct OpticalDef {
    /// The maker's three letters.
    pub manufacturer: &'static str,
    /// What follows the speed in the identification, in front of the software version.
    pub ident: &'static str,
    /// Speed of the sign-on, in Bd.
    pub sign_on_baud: u32,
    /// Speed that the meter proposes, in Bd.
    pub baud: u32,
    /// Time from the end of a message to the start of its answer. Range: 20 to 1500 ms.
    pub reaction: Duration,
    /// The setting whose digits open the programming mode.
    pub password: SettingId,
    /// The lines of the read-out, in their order.
    pub lines: &'static [ObisDef],
}

/// Why a meter does not do what a message of the programming mode asks: the number of its `(ERRnn)`. The standard leaves
/// the numbers to the maker, and no source gives this maker's: ours are assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpticalRefusal {
    /// Nothing stands at this address.
    Unknown,
    /// It can be read and not written.
    ReadOnly,
    /// It takes no such value.
    Range,
    /// Nothing is written before the password.
    Locked,
    /// The memory is damaged: the meter takes no changes.
    Memory,
}

impl OpticalRefusal {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::ReadOnly, Self::Range, Self::Locked, Self::Memory];

    /// The number. Range: 1 to 5.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Unknown => 1,
            Self::ReadOnly => 2,
            Self::Range => 3,
            Self::Locked => 4,
            Self::Memory => 5,
        }
    }

    /// What a number means.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.number() == number)
    }
}

impl fmt::Display for OpticalRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "nothing stands at this address",
            Self::ReadOnly => "it can be read and not written this way",
            Self::Range => "it takes no such value",
            Self::Locked => "nothing is written before the password",
            Self::Memory => "the meter's memory is damaged, it takes no changes",
        })
    }
}

/// The value of a register as a data set of the infrared port has it: numbers in the unit people read, with the register's
/// digits behind the point; a serial number with its zeros; hexadecimal digits and the two characters of a direction as
/// they are. That it is so is assumed.
#[derive(Clone, Copy, Debug)]
pub struct ValueText {
    codec: Codec,
    unit: Unit,
    value: i64,
}

impl ValueText {
    /// Of a value that is kept in `unit` and stands in registers as `codec` says.
    #[must_use]
    pub const fn new(codec: Codec, unit: Unit, value: i64) -> Self {
        Self { codec, unit, value }
    }
}

impl fmt::Display for ValueText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.codec.encode(self.value, self.unit);
        match self.codec {
            Codec::U16 => write!(f, "{first}"),
            Codec::Bcd16 => write!(f, "{first:X}"),
            Codec::Hex16 => write!(f, "{first:04X}"),
            Codec::Bcd32 | Codec::Hex32 | Codec::Ratio => write!(f, "{first:04X}{second:04X}"),
            Codec::Speed => write!(f, "{}", self.value),
            Codec::U32 | Codec::I32 => Decimal { value: self.value, decimals: self.unit.decimals() }.fmt(f),
            Codec::F32 { decimals } | Codec::Counter { decimals } | Codec::Total { decimals } => {
                Decimal { value: self.unit.at(self.value, decimals), decimals }.fmt(f)
            }
            Codec::Direction { .. } => match first.to_be_bytes() {
                [0, _] => f.write_str("0"),
                [phase, letter] => write!(f, "{}{}", char::from(phase), char::from(letter)),
            },
        }
    }
}

/// Reads what [`ValueText`] writes, leading zeros or none: the value, kept in `unit`. `None` where the text is no value
/// of the codec, or is finer than its register.
#[must_use]
pub fn parse_value_text(codec: Codec, unit: Unit, text: &str) -> Option<i64> {
    let hex = |digits: usize| {
        let fits = (1..=digits).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_hexdigit());
        if fits { u32::from_str_radix(text, 16).ok().map(i64::from) } else { None }
    };
    let decimals = match codec {
        Codec::Hex16 => return hex(4),
        Codec::Hex32 => return hex(8),
        Codec::Direction { .. } => {
            return match text.as_bytes() {
                [b'0'] => Some(0),
                [_, b'F'] => Some(1),
                [_, b'R'] => Some(-1),
                _ => None,
            };
        }
        Codec::Ratio => {
            let raw = u32::try_from(hex(8)?).ok()?.to_be_bytes();
            let [a, b, c, d] = raw;
            return codec.decode([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])], unit).ok();
        }
        Codec::U16 | Codec::Bcd16 | Codec::Bcd32 | Codec::Speed => 0,
        Codec::U32 | Codec::I32 => unit.decimals(),
        Codec::F32 { decimals } | Codec::Counter { decimals } | Codec::Total { decimals } => decimals,
    };
    if text.starts_with('+') {
        return None;
    }
    let value = decimal::parse(text, decimals).ok()?;
    Some(match codec {
        Codec::F32 { .. } | Codec::Counter { .. } | Codec::Total { .. } => {
            decimal::rescale(value, decimals, unit.decimals())
        }
        _ => value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_text_both_ways() {
        let rate = Unit::ImpulsePerKilowattHour;
        for (codec, unit, value, text) in [
            (Codec::U16, Unit::Baud, 9_600, "9600"),
            (Codec::Bcd16, Unit::Second, 25, "25"),
            (Codec::Speed, Unit::Baud, 9_600, "9600"),
            (Codec::Ratio, Unit::None, 99_955, "99950005"),
            (Codec::Total { decimals: 3 }, Unit::KilowattHour, -1_234_567, "-1234.567"),
            (Codec::U32, Unit::KilovarHour, 7, "0.007"),
            (Codec::I32, Unit::KilovarHour, -7, "-0.007"),
            (Codec::Bcd32, Unit::None, 1_234, "00001234"),
            (Codec::Hex16, Unit::None, 0x0101, "0101"),
            (Codec::Hex32, Unit::None, 0x0D01_2D35, "0D012D35"),
            (Codec::F32 { decimals: 2 }, rate, 1_000, "10.00"),
            (Codec::F32 { decimals: 2 }, rate, 1, "0.01"),
            (Codec::Direction { phase: 1 }, Unit::None, -1, "1R"),
            (Codec::Direction { phase: 2 }, Unit::None, 0, "0"),
        ] {
            assert_eq!(ValueText::new(codec, unit, value).to_string(), text);
            assert_eq!(parse_value_text(codec, unit, text), Some(value), "{text}");
        }
        let volts = Codec::F32 { decimals: 1 };
        assert_eq!(ValueText::new(volts, Unit::Volt, -230_149).to_string(), "-230.1");
        assert_eq!(parse_value_text(Codec::F32 { decimals: 2 }, rate, "1000"), Some(100_000));
        assert_eq!(parse_value_text(Codec::Bcd32, Unit::None, "0013070042"), Some(13_070_042));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let rate = Codec::F32 { decimals: 2 };
        for (codec, text) in [
            (Codec::U16, ""),
            (Codec::U16, "+5"),
            (Codec::U16, "1.5"),
            (Codec::U16, "25*s"),
            (Codec::U16, "A"),
            (Codec::U16, "99999999999999999999"),
            (rate, "0.001"),
            (rate, " 1"),
            (Codec::Hex16, "12345"),
            (Codec::Hex16, "+1"),
            (Codec::Hex32, "0x12"),
            (Codec::Direction { phase: 1 }, "1X"),
        ] {
            assert_eq!(parse_value_text(codec, Unit::None, text), None, "{text}");
        }
    }

    #[test]
    fn numbers_lead_back_to_their_refusal() {
        for refusal in OpticalRefusal::ALL {
            assert_eq!(OpticalRefusal::from_number(refusal.number()), Some(refusal));
        }
        assert_eq!(OpticalRefusal::from_number(0), None);
    }
}
