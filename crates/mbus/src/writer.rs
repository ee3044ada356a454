//! Writes the user data of a telegram: header and records (EN 13757-3 §6).

use crate::header::Header;
use crate::record::{Function, MAX_EXTENSIONS};
use core::fmt;

/// Where a record stands: what of DIF and DIFEs is not the type of its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Which of the values over time.
    pub function: Function,
    /// Storage number, below 2^41; 0 is now.
    pub storage: u64,
    /// Tariff, below 2^20; 0 is the total.
    pub tariff: u32,
    /// Subunit, below 2^10.
    pub subunit: u16,
}

impl Place {
    /// Instantaneous value of a tariff, 0 for the total.
    #[must_use]
    pub const fn tariff(tariff: u32) -> Self {
        Self { function: Function::Instantaneous, storage: 0, tariff, subunit: 0 }
    }

    /// The same for another of the values over time.
    #[must_use]
    pub const fn of(self, function: Function) -> Self {
        Self { function, ..self }
    }
}

/// The data of a record to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Data<'a> {
    /// No data.
    None,
    /// A number in two's complement.
    Int {
        /// The number.
        value: i64,
        /// Its bytes: 1, 2, 3, 4, 6 or 8.
        bytes: u8,
    },
    /// A decimal number; a negative one has F for its top digit.
    Bcd {
        /// The number.
        value: i64,
        /// Its digits: 2, 4, 6, 8 or 12.
        digits: u8,
    },
    /// A floating point number.
    Real(f32),
    /// ISO 8859-1 letters in reading order, at most 191.
    Text(&'a [u8]),
    /// Up to 15 bytes, low byte first.
    Bytes(&'a [u8]),
}

impl Data<'_> {
    /// The data field of the DIF, if there is one for this width.
    const fn field(&self) -> Option<u8> {
        Some(match self {
            Self::None => 0,
            Self::Int { bytes: bytes @ (1..=4 | 6), .. } => *bytes,
            Self::Int { bytes: 8, .. } => 7,
            Self::Bcd { digits: digits @ (2 | 4 | 6 | 8), .. } => 8 + *digits / 2,
            Self::Bcd { digits: 12, .. } => 14,
            Self::Real(_) => 5,
            Self::Text(text) if text.len() <= 0xBF => 13,
            Self::Bytes(bytes) if bytes.len() <= 15 => 13,
            _ => return None,
        })
    }
}

/// Why a record was not written; the writer is as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteFault {
    /// The buffer is full.
    Full,
    /// There is no type of data of this width.
    Width,
    /// The number has more digits or bits than its width.
    Range,
    /// Storage, tariff or subunit is beyond what ten extensions hold.
    Place,
    /// Value information must end with the first byte below 80, behind at most ten extensions.
    ValueInformation,
}

impl fmt::Display for WriteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the telegram is full",
            Self::Width => "there is no data type of this width: expected 1, 2, 3, 4, 6 or 8 bytes, 2, 4, 6, 8 or 12 digits",
            Self::Range => "the number does not fit the width of its data",
            Self::Place => "storage number, tariff or subunit is beyond what ten extensions hold",
            Self::ValueInformation => {
                "value information must end with its first byte below 80, behind at most ten extensions"
            }
        })
    }
}

impl core::error::Error for WriteFault {}

/// Appends to the user data of a telegram in a buffer of the caller.
#[derive(Debug)]
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> Writer<'b> {
    /// Starts at the front of `buffer`.
    #[must_use]
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True before the first byte.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What was written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Appends a long header.
    ///
    /// # Errors
    /// [`WriteFault::Full`].
    pub fn header(&mut self, header: &Header) -> Result<(), WriteFault> {
        self.raw(&header.long())
    }

    /// Appends bytes as they are.
    ///
    /// # Errors
    /// [`WriteFault::Full`].
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), WriteFault> {
        let room = self.buffer.get_mut(self.len..).and_then(|room| room.get_mut(..bytes.len()));
        room.ok_or(WriteFault::Full)?.copy_from_slice(bytes);
        self.len += bytes.len();
        Ok(())
    }

    /// Appends a record. `vib` is VIF and VIFEs, and the length and letters of a unit in plain text behind them.
    ///
    /// # Errors
    /// Any [`WriteFault`]; nothing was appended then.
    pub fn record(&mut self, place: Place, vib: &[u8], data: Data<'_>) -> Result<(), WriteFault> {
        let before = self.len;
        let written = self.try_record(place, vib, data);
        if written.is_err() {
            self.len = before;
        }
        written
    }

    /// Appends a record whose data and value information are given as they stand on the wire; the data field of the DIF
    /// says how `value` is coded. A number that does not fit is written as none: all bits set.
    ///
    /// # Errors
    /// [`WriteFault::Full`], and [`WriteFault::Width`] for a data field that is no whole number; nothing was appended then.
    pub fn coded(&mut self, dib: &[u8], vib: &[u8], value: i64) -> Result<(), WriteFault> {
        let before = self.len;
        let written = self.try_coded(dib, vib, value);
        if written.is_err() {
            self.len = before;
        }
        written
    }

    fn try_coded(&mut self, dib: &[u8], vib: &[u8], value: i64) -> Result<(), WriteFault> {
        let data = match dib.first().ok_or(WriteFault::Width)? & 0x0F {
            bytes @ (1..=4 | 6) => Data::Int { value, bytes },
            7 => Data::Int { value, bytes: 8 },
            code @ 9..=12 => Data::Bcd { value, digits: 2 * (code - 8) },
            14 => Data::Bcd { value, digits: 12 },
            _ => return Err(WriteFault::Width),
        };
        self.raw(dib)?;
        self.raw(vib)?;
        match (self.data(data), data) {
            (Err(WriteFault::Range), Data::Int { bytes, .. }) => self.nothing(bytes),
            (Err(WriteFault::Range), Data::Bcd { digits, .. }) => self.nothing(digits / 2),
            (written, _) => written,
        }
    }

    fn nothing(&mut self, bytes: u8) -> Result<(), WriteFault> {
        (0..bytes).try_for_each(|_| self.raw(&[0xFF]))
    }

    fn try_record(&mut self, place: Place, vib: &[u8], data: Data<'_>) -> Result<(), WriteFault> {
        let end = vib.iter().position(|byte| byte & 0x80 == 0).ok_or(WriteFault::ValueInformation)?;
        let tail = vib.get(end + 1..).unwrap_or_default();
        let plain = matches!(vib.first(), Some(0x7C | 0xFC));
        let whole = match tail {
            [] => !plain,
            [len, text @ ..] => plain && usize::from(*len) == text.len(),
        };
        if end > MAX_EXTENSIONS || !whole {
            return Err(WriteFault::ValueInformation);
        }
        let field = data.field().ok_or(WriteFault::Width)?;
        let function = match place.function {
            Function::Instantaneous => 0,
            Function::Maximum => 0x10,
            Function::Minimum => 0x20,
            Function::DuringError => 0x30,
        };
        if place.storage >> 41 != 0 || place.tariff >> 20 != 0 || place.subunit >> 10 != 0 {
            return Err(WriteFault::Place);
        }
        let (mut storage, mut tariff, mut subunit) = (place.storage >> 1, place.tariff, place.subunit);
        let mut byte = field | function | if place.storage & 1 != 0 { 0x40 } else { 0 };
        while storage != 0 || tariff != 0 || subunit != 0 {
            self.raw(&[byte | 0x80])?;
            byte = low(storage, 15) | low(tariff.into(), 3) << 4 | low(subunit.into(), 1) << 6;
            (storage, tariff, subunit) = (storage >> 4, tariff >> 2, subunit >> 1);
        }
        self.raw(&[byte])?;
        self.raw(vib)?;
        self.data(data)
    }

    fn data(&mut self, data: Data<'_>) -> Result<(), WriteFault> {
        match data {
            Data::None => Ok(()),
            Data::Int { value, bytes } => {
                let unused = 64 - 8 * u32::from(bytes.min(8));
                if value << unused >> unused != value {
                    return Err(WriteFault::Range);
                }
                self.raw(value.to_le_bytes().get(..usize::from(bytes)).ok_or(WriteFault::Width)?)
            }
            Data::Bcd { value, digits } => {
                let mut rest = value.unsigned_abs();
                let mut packed = [0; 6];
                let bytes = packed.get_mut(..usize::from(digits / 2)).ok_or(WriteFault::Width)?;
                for byte in bytes.iter_mut() {
                    let two = low(rest % 100, 0xFF);
                    *byte = ((two / 10) << 4) | (two % 10);
                    rest /= 100;
                }
                if value < 0 {
                    // The sign takes the place of the top digit, which must be free.
                    match bytes.last_mut() {
                        Some(top) if *top < 0x10 => *top |= 0xF0,
                        _ => return Err(WriteFault::Range),
                    }
                }
                if rest != 0 {
                    return Err(WriteFault::Range);
                }
                self.raw(bytes)
            }
            Data::Real(value) => self.raw(&value.to_le_bytes()),
            Data::Text(text) => {
                self.raw(&[low(text.len() as u64, 0xFF)])?;
                text.iter().rev().try_for_each(|letter| self.raw(&[*letter]))
            }
            Data::Bytes(bytes) => {
                self.raw(&[0xE0 | low(bytes.len() as u64, 15)])?;
                self.raw(bytes)
            }
        }
    }
}

/// The bits of `value` under `mask`, as a byte.
const fn low(value: u64, mask: u8) -> u8 {
    let [byte, ..] = value.to_le_bytes();
    byte & mask
}
