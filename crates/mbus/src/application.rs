//! What an answer carries, by its CI field (EN 13757-3 §5).

use crate::header::{Header, Identity, Manufacturer};
use crate::record::Records;
use crate::vif::{self, Meaning, Quantity, Unit};
use core::fmt;

/// The user data of an answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Application<'a> {
    /// Records behind a header, or behind none (CI 72, 7A, 78).
    Variable {
        /// The header; empty but for CI 72 and 7A.
        header: Header,
        /// The records.
        records: Records<'a>,
    },
    /// Two counters in the fixed form of old meters (CI 73).
    Fixed(Fixed),
    /// An application error (CI 70); 0 where the meter does not say which.
    Error(u8),
    /// An alarm status (CI 71).
    Alarm(u8),
    /// Anything else, as it came.
    Other {
        /// The CI field.
        ci: u8,
        /// The data behind it.
        data: &'a [u8],
    },
}

/// Why user data cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplicationFault {
    /// Fewer bytes than the header has.
    Header {
        /// Bytes there are.
        found: usize,
        /// Bytes a header of this CI has.
        expected: usize,
    },
    /// The fixed form has sixteen bytes.
    Fixed {
        /// Bytes there are.
        found: usize,
    },
}

impl fmt::Display for ApplicationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { found, expected } => {
                write!(f, "the header has {found} bytes: expected {expected}")
            }
            Self::Fixed { found } => {
                write!(f, "the fixed data structure has {found} bytes: expected {}", Fixed::LEN)
            }
        }
    }
}

impl core::error::Error for ApplicationFault {}

impl<'a> Application<'a> {
    /// CI of records behind a long header, low byte first.
    pub const LONG: u8 = 0x72;
    /// CI of the fixed form.
    pub const FIXED: u8 = 0x73;
    /// CI of records without a header.
    pub const BARE: u8 = 0x78;
    /// CI of records behind a short header.
    pub const SHORT: u8 = 0x7A;

    /// Reads the user data behind `ci`.
    ///
    /// # Errors
    /// [`ApplicationFault`] where a header or the fixed form is cut short.
    #[inline]
    pub fn parse(ci: u8, data: &'a [u8]) -> Result<Self, ApplicationFault> {
        let found = data.len();
        Ok(match ci {
            Self::LONG => {
                let (header, rest) = data
                    .split_first_chunk()
                    .ok_or(ApplicationFault::Header { found, expected: Header::LONG })?;
                Self::Variable { header: Header::parse_long(*header), records: Records::new(rest) }
            }
            Self::SHORT => {
                let (header, rest) = data
                    .split_first_chunk()
                    .ok_or(ApplicationFault::Header { found, expected: Header::SHORT })?;
                Self::Variable { header: Header::parse_short(*header), records: Records::new(rest) }
            }
            Self::BARE => Self::Variable { header: Header::default(), records: Records::new(data) },
            Self::FIXED => {
                let bytes = data.try_into().map_err(|_| ApplicationFault::Fixed { found })?;
                Self::Fixed(Fixed::parse(bytes))
            }
            0x70 => Self::Error(data.first().copied().unwrap_or(0)),
            0x71 => Self::Alarm(data.first().copied().unwrap_or(0)),
            _ => Self::Other { ci, data },
        })
    }
}

/// One of the two counters of the fixed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Six bits that name the unit (EN 13757-3 annex on the fixed structure).
    pub code: u8,
    /// What it counts.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
    /// The value counts in 10^scale of the unit.
    pub scale: i8,
    /// The count; `None` where it is coded in BCD and a digit is none.
    pub value: Option<u32>,
}

/// The fixed data structure (CI 73): two counters of eight digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// Identification number, BCD digits read as hexadecimal ones.
    pub id: u32,
    /// Counts the answers.
    pub access: u8,
    /// Status; bit 0 tells binary counters, bit 1 values of a fixed date.
    pub status: u8,
    /// Medium, four bits.
    pub medium: u8,
    /// The two counters.
    pub counters: [Counter; 2],
}

impl Fixed {
    /// Bytes of the structure.
    pub const LEN: usize = 16;

    /// Reads the structure.
    #[must_use]
    pub fn parse(bytes: [u8; Self::LEN]) -> Self {
        let [a, b, c, d, access, status, u1, u2, v1 @ .., e, f, g, h] = bytes;
        let binary = status & 1 != 0;
        let counter = |unit: u8, value: [u8; 4]| {
            let raw = u32::from_le_bytes(value);
            let Meaning { quantity, unit: word, scale, .. } = fixed_unit(unit & 0x3F);
            let value = if binary { Some(raw) } else { units::bcd::decode(raw, 8) };
            Counter { code: unit & 0x3F, quantity, unit: word, scale, value }
        };
        let first = counter(u1, v1);
        let mut second = counter(u2, [e, f, g, h]);
        if second.code == 0x3E {
            // The same as the first counter, of another time.
            second = Counter { value: second.value, code: 0x3E, ..first };
        }
        Self {
            id: u32::from_le_bytes([a, b, c, d]),
            access,
            status,
            medium: u1 >> 6 | u2 >> 6 << 2,
            counters: [first, second],
        }
    }

    /// Identification as far as this form has it.
    #[must_use]
    pub const fn identity(&self) -> Identity {
        Identity { id: self.id, manufacturer: Manufacturer(0), version: 0, medium: self.medium }
    }
}

/// Units of the fixed structure by their six bits, as the primary table has them where it can.
const fn fixed_unit(code: u8) -> Meaning {
    match code {
        // Wh to 100 MWh in decades.
        0x02..=0x0A => scaled(0x03, code, 0x02),
        // kJ to 100 GJ.
        0x0B..=0x13 => scaled(0x0B, code, 0x0B),
        // W to 100 MW.
        0x14..=0x1C => scaled(0x2B, code, 0x14),
        // kJ/h to 100 GJ/h.
        0x1D..=0x25 => scaled(0x33, code, 0x1D),
        // ml to 100 m³.
        0x26..=0x2E => scaled(0x10, code, 0x26),
        // ml/h to 100 m³/h.
        0x2F..=0x37 => scaled(0x38, code, 0x2F),
        0x38 => vif::primary(0x64),
        0x39 => vif::primary(0x6E),
        0x00 | 0x01 => vif::primary(0x6D),
        0x3F => vif::extension_fd(0x3A),
        _ => vif::primary(0x6F),
    }
}

const fn scaled(base: u8, code: u8, first: u8) -> Meaning {
    let meaning = vif::primary(base);
    Meaning { scale: meaning.scale + (code - first).cast_signed(), ..meaning }
}
