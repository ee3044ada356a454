//! What is wrong with the form of something heard, or to be sent.

use core::fmt;

/// Why bytes are not what they should be, or text cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormFault {
    /// No sign-on.
    SignOn,
    /// No identification.
    Identification,
    /// No option select message.
    OptionSelect,
    /// No programming message.
    Message,
    /// No data set.
    DataSet,
    /// No OBIS code.
    Obis,
    /// The check character is another one.
    Check {
        /// What was received.
        found: u8,
        /// What the bytes make by exclusive or.
        expected: u8,
    },
    /// The check character is the sum of the bytes modulo 128, not their exclusive or.
    Summed,
    /// A character that may not stand there.
    Character(u8),
    /// The buffer is too small.
    Buffer {
        /// The bytes it must hold.
        needed: usize,
    },
}

impl fmt::Display for FormFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignOn => "not a sign-on: expected /?, up to 32 characters of address, !, CR LF",
            Self::Identification => {
                "not an identification: expected /, three letters, the character of the speed, up to 16 characters, CR LF"
            }
            Self::OptionSelect => "not an option select message: expected ACK, three characters, CR LF",
            Self::Message => {
                "not a programming message: expected SOH, a letter and a digit, STX and data if any, ETX, check character"
            }
            Self::DataSet => "not a data set: expected an address if any, ( value ) or ( value * unit )",
            Self::Obis => "not an OBIS code: expected numbers up to 255 as in 1.8.0 or 1-0:1.8.0*255",
            Self::Summed => {
                "the check character is the sum of the bytes: expected their exclusive or (the meter's make adds)"
            }
            Self::Check { found, expected } => {
                return write!(f, "the check character is {found:02X}, expected {expected:02X}");
            }
            Self::Character(character) => {
                return write!(f, "the character {character:02X} may not stand in data: expected printable ones, no brackets, / or !");
            }
            Self::Buffer { needed } => return write!(f, "the buffer is too small, expected {needed} bytes"),
        })
    }
}

impl core::error::Error for FormFault {}
