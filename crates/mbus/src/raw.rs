//! Records split into their parts, without what they mean.
//!
//! [`super::record::Records`] splits by itself: with the meaning of a value looked up on the way it reads twice as many
//! telegrams a second as on top of this.

use crate::record::{MAX_EXTENSIONS, RecordFault, Vib, value_information};
use crate::value;
use crate::vif::Kind;

/// One record split into its parts, without what they mean: all that a slave needs, which knows by heart what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawRecord<'a> {
    /// All bytes of the record as they came.
    pub bytes: &'a [u8],
    /// The first byte of the data information.
    pub dif: u8,
    /// The bytes that name the quantity: VIF, and the code behind FB or FD.
    pub vif: &'a [u8],
    /// The data as they came, without a length byte.
    pub data: &'a [u8],
}

impl<'a> RawRecord<'a> {
    /// Splits the record at the front of `start` off, which stands `at` bytes behind the first one.
    #[inline]
    fn split(start: &'a [u8], at: usize) -> Result<(Self, &'a [u8]), RecordFault> {
        let cut = RecordFault::Truncated { at };
        let (&dif, rest) = start.split_first().ok_or(cut)?;
        let (difes, rest) = if dif & 0x80 == 0 {
            (&[][..], rest)
        } else {
            let last = rest.iter().position(|byte| byte & 0x80 == 0).ok_or(cut)?;
            rest.split_at_checked(last + 1).ok_or(cut)?
        };
        if difes.len() > MAX_EXTENSIONS {
            return Err(RecordFault::Extensions { at });
        }
        let Vib { vif, vifes, mut rest, .. } = value_information(rest).ok_or(cut)?;
        if vif.len() + vifes.len() > MAX_EXTENSIONS + 1 {
            return Err(RecordFault::Extensions { at });
        }
        let len = match dif & 15 {
            0 | 8 => 0,
            code @ 1..=4 => usize::from(code),
            5 => 4,
            6 | 14 => 6,
            7 => 8,
            code @ 9..=12 => usize::from(code - 8),
            13 => {
                let (&byte, tail) = rest.split_first().ok_or(cut)?;
                rest = tail;
                value::variable_len(byte).ok_or(RecordFault::Reserved { at, byte })?
            }
            _ => return Err(RecordFault::Reserved { at, byte: dif }),
        };
        let (data, rest) = rest.split_at_checked(len).ok_or(cut)?;
        let bytes = start.get(..start.len() - rest.len()).ok_or(cut)?;
        Ok((Self { bytes, dif, vif, data }, rest))
    }

    /// The whole number in the data: decimal digits as they stand, bytes without a sign; `None` for anything else.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self.dif & 15 {
            1..=4 | 6 | 7 => value::binary(self.data, Kind::Unsigned).as_int(),
            9..=12 | 14 => value::bcd(self.data).as_int(),
            _ => None,
        }
    }
}

/// Splits the records of a telegram off one by one, without what they mean. After a fault it yields nothing more.
#[derive(Clone, Debug)]
pub struct RawRecords<'a> {
    all: &'a [u8],
    rest: &'a [u8],
    manufacturer: Option<&'a [u8]>,
}

impl<'a> RawRecords<'a> {
    /// The records in `bytes`, which start behind the header.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { all: bytes, rest: bytes, manufacturer: None }
    }

    /// The maker's own data behind DIF 0F or 1F; known once the iterator has ended.
    #[must_use]
    pub const fn manufacturer_data(&self) -> Option<&'a [u8]> {
        self.manufacturer
    }
}

impl<'a> Iterator for RawRecords<'a> {
    type Item = Result<RawRecord<'a>, RecordFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match *self.rest {
                [] => return None,
                [0x2F | 0x7F, ref rest @ ..] => self.rest = rest,
                [0x0F | 0x1F, ref rest @ ..] => {
                    self.manufacturer = Some(rest);
                    self.rest = &[];
                }
                ref start => {
                    let split = RawRecord::split(start, self.all.len() - start.len());
                    self.rest = split.as_ref().map_or(&[], |(_, rest)| rest);
                    return Some(split.map(|(record, _)| record));
                }
            }
        }
    }
}
