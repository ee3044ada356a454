//! Records of a telegram: data information, value information, data (EN 13757-3 §6).
//!
//! Nothing is dropped: an unknown code leaves [`Quantity::Reserved`] and its bytes, a record that cannot be read
//! leaves the bytes from it on.

use crate::value::{self, Value};
use crate::vif::{self, Kind, Meaning, Quantity, Unit};
use core::fmt;

/// The most extensions a data or value information block has (EN 13757-3 §6.3, §6.4).
pub const MAX_EXTENSIONS: usize = 10;

/// Which of the values over time (DIF bits 4 and 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Function {
    /// The value now.
    #[default]
    Instantaneous,
    /// The greatest value.
    Maximum,
    /// The least value.
    Minimum,
    /// The value while there is an error.
    DuringError,
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instantaneous => "instantaneous",
            Self::Maximum => "maximum",
            Self::Minimum => "minimum",
            Self::DuringError => "during error",
        })
    }
}

/// Conductor the value belongs to (EN 13757-3 table 16: VIFE FC 01 to FC 07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Phase L1.
    L1,
    /// Phase L2.
    L2,
    /// Phase L3.
    L3,
    /// Neutral.
    N,
    /// Between L1 and L2.
    L12,
    /// Between L2 and L3.
    L23,
    /// Between L3 and L1.
    L31,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
            Self::N => "N",
            Self::L12 => "L1-L2",
            Self::L23 => "L2-L3",
            Self::L31 => "L3-L1",
        })
    }
}

/// Which contributions were accumulated (EN 13757-3 tables 15 and 16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The record does not say.
    #[default]
    Unstated,
    /// Positive contributions only: forward flow (VIFE 3B).
    Forward,
    /// Negative contributions only, without their sign: backward flow (VIFE 3C).
    Backward,
    /// Both, without their sign (VIFE FC 10).
    Both,
    /// Import less export (VIFE FC 0C).
    Difference,
}

/// What a value information extension says, beyond what the fields of [`Record`] hold already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Modifier {
    /// Record error code 1 to 1F (EN 13757-3 table 17).
    Error(u8),
    /// The value is per this: code 20 to 38 (per second … multiplied by s/A).
    Per(u8),
    /// Limit, overflow or duration of it: code 39, 3A, 3E, 3F, 40 to 6F.
    Condition(u8),
    /// Something to be added, which [`Record::scale`] cannot hold: 10^ this power of the unit.
    Offset(i8),
    /// A future value.
    Future,
    /// Power or energy in quadrant 1 to 4.
    Quadrant(u8),
    /// A code of the extension table behind FC that has no meaning here.
    Extended(u8),
    /// A code behind 7F: the maker's own.
    Manufacturer(u8),
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record<'a> {
    /// All bytes of the record as they came.
    pub bytes: &'a [u8],
    /// The bytes that name the quantity: VIF, and the code behind FB or FD.
    pub vif: &'a [u8],
    /// The extensions that qualify it, as they came.
    pub vifes: &'a [u8],
    /// Unit in plain text, empty for none.
    pub text: value::Text<'a>,
    /// The data as they came, without a length byte.
    pub data: &'a [u8],
    /// Which of the values over time.
    pub function: Function,
    /// Storage number; 0 is now.
    pub storage: u64,
    /// Tariff; 0 is the total.
    pub tariff: u32,
    /// Subunit of the meter.
    pub subunit: u16,
    /// What the value is.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
    /// The value counts in 10^scale of the unit.
    pub scale: i8,
    /// Conductor, where the record names one.
    pub phase: Option<Phase>,
    /// What was accumulated.
    pub direction: Direction,
    /// Error code of the record, 0 for none (EN 13757-3 table 17).
    pub error: u8,
    /// The value before its power of ten.
    pub value: Value<'a>,
}

impl<'a> Record<'a> {
    /// Data information: DIF and DIFEs as they came.
    #[must_use]
    pub fn dib(&self) -> &'a [u8] {
        let n = self.bytes.iter().position(|byte| byte & 0x80 == 0).unwrap_or(0);
        self.bytes.get(..=n).unwrap_or_default()
    }

    /// What the extensions say beyond scale, phase and direction, one by one.
    pub fn modifiers(&self) -> impl Iterator<Item = Modifier> + 'a {
        let mut rest = self.vifes;
        let mut own = matches!(self.quantity, Quantity::ManufacturerSpecific);
        core::iter::from_fn(move || {
            loop {
                let (&byte, tail) = rest.split_first()?;
                rest = tail;
                let code = byte & 0x7F;
                if own {
                    return Some(Modifier::Manufacturer(code));
                }
                return Some(match code {
                    0x01..=0x1F => Modifier::Error(code),
                    0x20..=0x38 => Modifier::Per(code),
                    0x39 | 0x3A | 0x3E..=0x6F => Modifier::Condition(code),
                    0x78..=0x7B => Modifier::Offset((code & 3).cast_signed() - 3),
                    0x7E => Modifier::Future,
                    0x7F => {
                        own = true;
                        continue;
                    }
                    0x7C => {
                        let Some((&byte, tail)) = rest.split_first() else { continue };
                        rest = tail;
                        match byte & 0x7F {
                            0x01..=0x07 | 0x0C | 0x10 => continue,
                            code @ 0x08..=0x0B => Modifier::Quadrant(code - 7),
                            code => Modifier::Extended(code),
                        }
                    }
                    _ => continue,
                });
            }
        })
    }
}

/// Why a record cannot be read; the bytes from it on are kept by [`Records::rest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordFault {
    /// The telegram ends inside the record.
    Truncated {
        /// Where the record starts, counted from the first record.
        at: usize,
    },
    /// More than ten extensions.
    Extensions {
        /// Where the record starts.
        at: usize,
    },
    /// A data field or length byte without a meaning.
    Reserved {
        /// Where the record starts.
        at: usize,
        /// The byte.
        byte: u8,
    },
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { at } => {
                write!(f, "the telegram ends inside the record that starts at byte {at}")
            }
            Self::Extensions { at } => {
                write!(f, "the record at byte {at} has more than {MAX_EXTENSIONS} extensions")
            }
            Self::Reserved { at, byte } => {
                write!(f, "the record at byte {at} has the reserved code {byte:02X}")
            }
        }
    }
}

impl core::error::Error for RecordFault {}

/// Reads the records of a telegram one by one. After a fault it yields nothing more.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    all: &'a [u8],
    rest: &'a [u8],
    manufacturer: Option<&'a [u8]>,
    more: bool,
    done: bool,
}

impl<'a> Records<'a> {
    /// The records in `bytes`, which start behind the header.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { all: bytes, rest: bytes, manufacturer: None, more: false, done: false }
    }

    /// The maker's own data behind DIF 0F or 1F; known once the iterator has ended.
    #[must_use]
    pub const fn manufacturer_data(&self) -> Option<&'a [u8]> {
        self.manufacturer
    }

    /// True where more records follow in another telegram (DIF 1F); known once the iterator has ended.
    #[must_use]
    pub const fn more_follows(&self) -> bool {
        self.more
    }

    /// The bytes not read yet: after a fault those from the faulty record on.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    fn record(&self, start: &'a [u8]) -> Result<(Record<'a>, &'a [u8]), RecordFault> {
        let at = self.all.len() - start.len();
        let cut = RecordFault::Truncated { at };
        let (&dif, mut rest) = start.split_first().ok_or(cut)?;
        let mut storage = u64::from(dif >> 6 & 1);
        let (mut tariff, mut subunit) = (0u32, 0u16);
        let mut byte = dif;
        let mut n = 0u32;
        while byte & 0x80 != 0 {
            (byte, rest) = rest.split_first().map(|(byte, rest)| (*byte, rest)).ok_or(cut)?;
            if n == 10 {
                return Err(RecordFault::Extensions { at });
            }
            storage |= u64::from(byte & 15) << (4 * n + 1);
            tariff |= u32::from(byte >> 4 & 3) << (2 * n);
            subunit |= u16::from(byte >> 6 & 1) << n;
            n += 1;
        }
        let Vib { vif, vifes, text, mut rest } = value_information(rest).ok_or(cut)?;
        if vif.len() + vifes.len() > MAX_EXTENSIONS + 1 {
            return Err(RecordFault::Extensions { at });
        }
        let mut meaning = Named::of(vif);
        if !vifes.is_empty() {
            meaning.extend(vifes);
        }
        let kind = meaning.is.kind;
        let mut fixed = |n: usize| {
            let (data, tail) = rest.split_at_checked(n).ok_or(cut)?;
            rest = tail;
            Ok(data)
        };
        let (data, value) = match dif & 15 {
            0 | 8 => (&[][..], Value::None),
            code @ 1..=4 => {
                let data = fixed(usize::from(code))?;
                (data, value::binary(data, kind))
            }
            5 => {
                let data = fixed(4)?;
                let bytes = data.first_chunk::<4>().ok_or(cut)?;
                (data, Value::Real(f32::from_le_bytes(*bytes)))
            }
            6 => {
                let data = fixed(6)?;
                (data, value::binary(data, kind))
            }
            7 => {
                let data = fixed(8)?;
                (data, value::binary(data, kind))
            }
            code @ (9..=12 | 14) => {
                let data = fixed(usize::from(if code == 14 { 6 } else { code - 8 }))?;
                (data, value::bcd(data))
            }
            13 => {
                let lvar = fixed(1)?.first().copied().ok_or(cut)?;
                let len = value::variable_len(lvar).ok_or(RecordFault::Reserved { at, byte: lvar })?;
                let data = fixed(len)?;
                (data, value::variable(lvar, data))
            }
            _ => return Err(RecordFault::Reserved { at, byte: dif }),
        };
        let record = Record {
            bytes: start.get(..start.len() - rest.len()).ok_or(cut)?,
            vif,
            vifes,
            text: value::Text(text),
            data,
            function: match dif >> 4 & 3 {
                0 => Function::Instantaneous,
                1 => Function::Maximum,
                2 => Function::Minimum,
                _ => Function::DuringError,
            },
            storage,
            tariff,
            subunit,
            quantity: meaning.is.quantity,
            unit: meaning.is.unit,
            scale: meaning.is.scale,
            phase: meaning.phase,
            direction: meaning.direction,
            error: meaning.error,
            value,
        };
        Ok((record, rest))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordFault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            match *self.rest {
                [] => break,
                // A filler, and the request for everything, which only masters send.
                [0x2F | 0x7F, ref rest @ ..] => self.rest = rest,
                [dif @ (0x0F | 0x1F), ref rest @ ..] => {
                    self.manufacturer = Some(rest);
                    self.more = dif == 0x1F;
                    self.rest = &[];
                }
                ref start => {
                    let read = self.record(start);
                    match read {
                        Ok((record, rest)) => {
                            self.rest = rest;
                            return Some(Ok(record));
                        }
                        Err(fault) => {
                            self.done = true;
                            return Some(Err(fault));
                        }
                    }
                }
            }
        }
        None
    }
}

/// Value information and what follows it.
pub(crate) struct Vib<'a> {
    pub(crate) vif: &'a [u8],
    pub(crate) vifes: &'a [u8],
    pub(crate) text: &'a [u8],
    pub(crate) rest: &'a [u8],
}

/// Splits value information off the front of `bytes`.
#[inline]
pub(crate) fn value_information(bytes: &[u8]) -> Option<Vib<'_>> {
    let (vif, vifes, rest) = match *bytes {
        [0x7C | 0xFC, ..] => return plain_text(bytes),
        [vif, ..] if vif & 0x80 == 0 => {
            let (vif, rest) = bytes.split_at_checked(1)?;
            (vif, &[][..], rest)
        }
        // The table behind FD FD has no codes here yet; its code is no qualifier all the same.
        [0xFD, 0xFD, ..] => chain(bytes, 3)?,
        [0xFB | 0xFD, ..] => chain(bytes, 2)?,
        _ => chain(bytes, 1)?,
    };
    Some(Vib { vif, vifes, text: &[], rest })
}

/// Splits `named` bytes and the extensions behind them off the front of `bytes`.
#[inline]
fn chain(bytes: &[u8], named: usize) -> Option<(&[u8], &[u8], &[u8])> {
    let last = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let (vib, rest) = bytes.split_at_checked(last + 1)?;
    let (vif, vifes) = vib.split_at_checked(named.min(vib.len()))?;
    Some((vif, vifes, rest))
}

/// Splits value information with a unit in plain text off. By the standard its letters follow the last VIFE; older
/// meters send them between VIF and VIFEs. The place is taken where the length fits and each letter can be printed.
fn plain_text(bytes: &[u8]) -> Option<Vib<'_>> {
    fn letters(from: &[u8]) -> Option<(&[u8], &[u8])> {
        let (len, rest) = from.split_first()?;
        rest.split_at_checked(usize::from(*len))
    }
    fn printable(vib: &Vib<'_>) -> bool {
        !vib.text.iter().any(|letter| char::from(*letter).is_control())
    }
    let behind = || {
        let (vif, vifes, rest) = chain(bytes, 1)?;
        let (text, rest) = letters(rest)?;
        Some(Vib { vif, vifes, text, rest })
    };
    let between = || {
        let (vif, rest) = bytes.split_at_checked(1)?;
        let (text, rest) = letters(rest)?;
        let last = rest.iter().position(|byte| byte & 0x80 == 0)?;
        let (vifes, rest) = rest.split_at_checked(last + 1)?;
        Some(Vib { vif, vifes, text, rest })
    };
    let extended = bytes.first().is_some_and(|vif| vif & 0x80 != 0);
    let standard = behind();
    if !extended || standard.as_ref().is_some_and(printable) {
        return standard;
    }
    between().filter(printable).or(standard)
}

/// What value information means, extensions included.
struct Named {
    is: Meaning,
    phase: Option<Phase>,
    direction: Direction,
    error: u8,
}

impl Named {
    #[inline]
    fn of(vif: &[u8]) -> Self {
        let is = match *vif {
            [0xFD, code, ..] => vif::extension_fd(code),
            [0xFB, code, ..] => vif::extension_fb(code),
            [code, ..] => vif::primary(code),
            [] => vif::primary(0x6F),
        };
        Self { is, phase: None, direction: Direction::Unstated, error: 0 }
    }

    #[inline]
    fn extend(&mut self, vifes: &[u8]) {
        if matches!(self.is.quantity, Quantity::ManufacturerSpecific) {
            return;
        }
        let mut rest = vifes.iter().map(|byte| byte & 0x7F);
        while let Some(code) = rest.next() {
            match code {
                0x01..=0x1F => self.error = code,
                // The unit is one of annex C, whose scale may differ too.
                0x3D => (self.is.unit, self.is.scale) = (Unit::NonMetric, 0),
                0x3B => self.direction = Direction::Forward,
                0x3C => self.direction = Direction::Backward,
                0x39 => self.time(),
                0x42 | 0x43 | 0x46 | 0x47 | 0x4A | 0x4B | 0x4E | 0x4F | 0x6A | 0x6B | 0x6E | 0x6F => {
                    self.time()
                }
                0x50..=0x67 => (self.is.unit, self.is.scale) = (vif::span(code), 0),
                0x70..=0x77 => self.is.scale += (code & 7).cast_signed() - 6,
                0x7D => self.is.scale += 3,
                0x7C => match rest.next() {
                    Some(0x01) => self.phase = Some(Phase::L1),
                    Some(0x02) => self.phase = Some(Phase::L2),
                    Some(0x03) => self.phase = Some(Phase::L3),
                    Some(0x04) => self.phase = Some(Phase::N),
                    Some(0x05) => self.phase = Some(Phase::L12),
                    Some(0x06) => self.phase = Some(Phase::L23),
                    Some(0x07) => self.phase = Some(Phase::L31),
                    Some(0x0C) => self.direction = Direction::Difference,
                    Some(0x10) => self.direction = Direction::Both,
                    Some(0x11 | 0x12) => self.is.kind = Kind::Unsigned,
                    _ => {}
                },
                // The rest is the maker's own.
                0x7F => break,
                _ => {}
            }
        }
    }

    /// The value is the date or time of an event, not the quantity itself.
    const fn time(&mut self) {
        self.is.kind = Kind::Time;
        self.is.unit = Unit::None;
        self.is.scale = 0;
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
