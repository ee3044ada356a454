//! What a master may tell a slave, and what stands behind the slave.

use crate::header::Identity;
use crate::raw::RawRecord;
use core::fmt;

/// One thing a master asks for, in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// Another speed in Bd (CI B8 to BF). The slave changes its line after the answer, at the old speed.
    Baud(u32),
    /// Application reset, with its subcode if one came (CI 50). The read-out starts over.
    ApplicationReset(Option<u8>),
    /// Selection of a telegram by CI B0 to B7. The read-out starts over.
    SelectTelegram(u8),
    /// A record (CI 51). What it changes, the source knows by its data and value information.
    Record(RawRecord<'a>),
    /// The maker's own data (DIF 0F or 1F).
    Manufacturer(&'a [u8]),
    /// Data behind another CI field.
    Other {
        /// The CI field.
        ci: u8,
        /// The data.
        data: &'a [u8],
    },
}

impl<'a> Command<'a> {
    /// What a CI field without records asks for.
    #[must_use]
    pub const fn of_ci(ci: u8, data: &'a [u8]) -> Self {
        match (ci, data) {
            (0x50, &[]) => Self::ApplicationReset(None),
            (0x50, &[sub, ..]) => Self::ApplicationReset(Some(sub)),
            (0xB0..=0xB7, &[]) => Self::SelectTelegram(ci),
            (0xB8, &[]) => Self::Baud(300),
            (0xB9, &[]) => Self::Baud(600),
            (0xBA, &[]) => Self::Baud(1200),
            (0xBB, &[]) => Self::Baud(2400),
            (0xBC, &[]) => Self::Baud(4800),
            (0xBD, &[]) => Self::Baud(9600),
            (0xBE, &[]) => Self::Baud(19_200),
            (0xBF, &[]) => Self::Baud(38_400),
            _ => Self::Other { ci, data },
        }
    }
}

/// The source does not do what was asked: the value is out of range, or nothing of this kind can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value is out of range, or this cannot be written")
    }
}

impl core::error::Error for Refused {}

/// What a [`super::Slave`] tells and what it can be told.
pub trait RecordSource {
    /// The secondary address, part of every header and what selection compares with.
    fn identity(&self) -> Identity;

    /// Primary address, 0 to 250. The slave takes it over after each write.
    fn address(&self) -> u8;

    /// Status byte of the header: 0 for none of its conditions. The slave adds 02 after a refused write.
    fn status(&self) -> u8;

    /// Writes the records of telegram `index` to the front of `into` and returns their length and whether another
    /// telegram follows; `None` where there is no such telegram. At most 239 bytes fit one telegram.
    fn telegram(&self, index: u8, into: &mut [u8]) -> Option<(usize, bool)>;

    /// Says whether `command` would be done, and changes nothing.
    ///
    /// # Errors
    /// [`Refused`]: a record is acknowledged all the same and shows in the status of the next telegram; another CI
    /// costs silence.
    fn check(&self, command: &Command<'_>) -> Result<(), Refused>;

    /// Does `command`, which [`RecordSource::check`] has allowed, together with all others of its frame.
    fn write(&mut self, command: &Command<'_>);
}
