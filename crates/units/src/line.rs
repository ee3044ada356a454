//! The serial line: its parameters, the times that follow from them, and what goes wrong on it. Modbus, M-Bus and the
//! optical port all speak over such a line.

use crate::Duration;
use core::fmt;

/// The parity bit of a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Parity {
    /// Even parity, 11 bits a character: the default of the Modbus serial line specification (V1.02 §2.5.1).
    #[default]
    Even,
    /// No parity bit, 10 bits a character.
    None,
    /// Odd parity, 11 bits a character.
    Odd,
}

impl fmt::Display for Parity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Even => "even",
            Self::None => "none",
            Self::Odd => "odd",
        })
    }
}

/// How many data bits a character has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DataBits {
    /// Seven: the optical port (IEC 62056-21).
    Seven,
    /// Eight: everything else.
    #[default]
    Eight,
}

/// Speed and character format of a line with one stop bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineParams {
    /// Speed in Bd; 0 is treated as 1.
    pub baud: u32,
    /// The parity bit.
    pub parity: Parity,
    /// Data bits of a character.
    pub data_bits: DataBits,
}

impl LineParams {
    /// `baud` Bd with `parity`, eight data bits, one stop bit.
    #[must_use]
    pub const fn new(baud: u32, parity: Parity) -> Self {
        Self { baud, parity, data_bits: DataBits::Eight }
    }

    /// `baud` Bd, eight data bits, even parity, one stop bit: the only format of M-Bus (EN 13757-2).
    #[must_use]
    pub const fn even(baud: u32) -> Self {
        Self::new(baud, Parity::Even)
    }

    /// `baud` Bd, seven data bits, even parity, one stop bit: the format of the optical port (IEC 62056-21).
    #[must_use]
    pub const fn optical(baud: u32) -> Self {
        Self { baud, parity: Parity::Even, data_bits: DataBits::Seven }
    }

    /// What times the bytes of a radio, which has neither speed nor parity: so many of them pass in a second as at
    /// 100 000 Bd without a parity bit, a speed that no serial line of meters has. It is that pace and not a line:
    /// nobody can be at another one, and no setting changes it.
    pub const RADIO: Self = Self::new(100_000, Parity::None);

    /// True for what is carried by a radio, [`LineParams::RADIO`].
    #[must_use]
    pub fn is_radio(self) -> bool {
        self == Self::RADIO
    }

    /// Bits of one character: start, seven or eight data, parity if any, one stop.
    #[must_use]
    pub const fn char_bits(self) -> u32 {
        let data = match self.data_bits {
            DataBits::Seven => 7,
            DataBits::Eight => 8,
        };
        match self.parity {
            Parity::None => data + 2,
            Parity::Even | Parity::Odd => data + 3,
        }
    }

    /// The time of `bits` bits, rounded up to whole microseconds.
    #[must_use]
    pub const fn bits(self, bits: u16) -> Duration {
        self.short_time(2 * bits as u32)
    }

    /// The time of one character on the wire, rounded up to whole microseconds.
    #[must_use]
    pub const fn char_time(self) -> Duration {
        self.short_time(2 * self.char_bits())
    }

    /// The time `bytes` characters take on the wire without a pause, rounded up to whole microseconds.
    #[must_use]
    pub const fn wire_time(self, bytes: usize) -> Duration {
        let half_bits = (bytes as u64).saturating_mul(2 * self.char_bits() as u64);
        Duration::from_micros(half_bits.saturating_mul(500_000).div_ceil(self.divisor() as u64))
    }

    /// Longest pause inside a frame: 1.5 characters of 11 bits, 750 us above 19200 Bd
    /// (Modbus serial line V1.02 §2.5.1.1). The parity is left out on purpose: 11 bits are the safe count.
    #[must_use]
    pub const fn t15(self) -> Duration {
        if self.baud > 19_200 {
            return Duration::from_micros(750);
        }
        self.short_time(33)
    }

    /// Pause between frames: 3.5 characters of 11 bits, 1.75 ms above 19200 Bd (Modbus serial line V1.02 §2.5.1.1).
    #[must_use]
    pub const fn t35(self) -> Duration {
        if self.baud > 19_200 {
            return Duration::from_micros(1_750);
        }
        self.short_time(77)
    }

    /// The time of a few half bits, in 32-bit arithmetic: a 64-bit division costs 900 bytes on a small core.
    const fn short_time(self, half_bits: u32) -> Duration {
        Duration::from_micros(half_bits.saturating_mul(500_000).div_ceil(self.divisor()) as u64)
    }

    const fn divisor(self) -> u32 {
        if self.baud == 0 { 1 } else { self.baud }
    }
}

impl fmt::Display for LineParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_radio() {
            return f.write_str("the radio");
        }
        let letter = match self.parity {
            Parity::Even => 'E',
            Parity::None => 'N',
            Parity::Odd => 'O',
        };
        let data = match self.data_bits {
            DataBits::Seven => 7,
            DataBits::Eight => 8,
        };
        write!(f, "{} {data}{letter}1", self.baud)
    }
}

/// What a UART reports instead of a good character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineError {
    /// The parity bit was wrong.
    Parity,
    /// The stop bit was missing.
    Framing,
    /// A character was lost because nobody fetched it in time.
    Overrun,
    /// The line stayed low for longer than a character.
    Break,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parity => "a character had the wrong parity",
            Self::Framing => "a character had no stop bit",
            Self::Overrun => "a character was lost",
            Self::Break => "the line was held low",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_9600_8e1() {
        let line = LineParams::new(9600, Parity::Even);
        assert_eq!(line.char_time().as_micros(), 1146);
        assert_eq!(line.t15().as_micros(), 1719);
        assert_eq!(line.t35().as_micros(), 4011);
        assert_eq!(line.wire_time(17).as_micros(), 19_480);
        assert_eq!(line.to_string(), "9600 8E1");
    }

    #[test]
    fn silence_ignores_the_parity_and_is_fixed_above_19200() {
        assert_eq!(LineParams::new(9600, Parity::None).t35(), LineParams::new(9600, Parity::Even).t35());
        assert_eq!(LineParams::new(9600, Parity::None).char_time().as_micros(), 1042);
        assert_eq!(LineParams::new(19_200, Parity::Even).t35().as_micros(), 2006);
        assert_eq!(LineParams::new(38_400, Parity::Even).t35().as_micros(), 1750);
        assert_eq!(LineParams::new(115_200, Parity::Odd).t15().as_micros(), 750);
    }

    #[test]
    fn times_of_an_m_bus_and_of_an_optical_head() {
        let line = LineParams::even(2400);
        assert_eq!(line.char_time().as_micros(), 4584);
        assert_eq!(line.bits(330).as_micros(), 137_500);
        assert_eq!(line.wire_time(255).as_micros(), 1_168_750);
        assert_eq!(line.to_string(), "2400 8E1");
        let head = LineParams::optical(300);
        assert_eq!(head.char_bits(), 10);
        assert_eq!(head.wire_time(24).as_micros(), 800_000);
        assert_eq!(head.to_string(), "300 7E1");
    }

    #[test]
    fn a_radio_has_a_pace_and_no_speed() {
        assert!(LineParams::RADIO.is_radio() && !LineParams::even(9_600).is_radio());
        assert_eq!(LineParams::RADIO.to_string(), "the radio");
        assert_eq!(LineParams::RADIO.wire_time(20).as_micros(), 2_000);
    }

    #[test]
    fn no_speed_divides_by_nothing() {
        assert_eq!(LineParams::new(0, Parity::Even).char_time().as_secs(), 11);
    }
}
