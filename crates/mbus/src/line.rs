//! The line: its speed, the times that follow from it, and what goes wrong on it.

use core::fmt;
use units::Duration;

/// Speed of a line. The character is always eight data bits, even parity and one stop bit (EN 13757-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineParams {
    /// Speed in Bd; 0 is treated as 1.
    pub baud: u32,
}

impl LineParams {
    /// A line at `baud` Bd.
    #[must_use]
    pub const fn new(baud: u32) -> Self {
        Self { baud }
    }

    /// The time of `bits` bits, rounded up to whole microseconds.
    #[must_use]
    pub const fn bits(self, bits: u16) -> Duration {
        let baud = if self.baud == 0 { 1 } else { self.baud };
        // 32 bits suffice for the times of the standard: a 64-bit division costs 900 bytes on a small core.
        Duration::from_micros((bits as u32).saturating_mul(1_000_000).div_ceil(baud) as u64)
    }

    /// The time of one character: eleven bits.
    #[must_use]
    pub const fn char_time(self) -> Duration {
        self.bits(11)
    }

    /// The time `bytes` characters take on the wire without a pause, rounded up to whole microseconds.
    #[must_use]
    pub const fn wire_time(self, bytes: usize) -> Duration {
        let baud = if self.baud == 0 { 1 } else { self.baud };
        Duration::from_micros((bytes as u64).saturating_mul(11_000_000).div_ceil(baud as u64))
    }
}

impl fmt::Display for LineParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} 8E1", self.baud)
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
    fn times_of_2400_baud() {
        let line = LineParams::new(2400);
        assert_eq!(line.char_time().as_micros(), 4584);
        assert_eq!(line.bits(330).as_micros(), 137_500);
        assert_eq!(line.wire_time(255).as_micros(), 1_168_750);
        assert_eq!(line.to_string(), "2400 8E1");
        assert_eq!(LineParams::new(0).char_time().as_secs(), 11);
    }
}
