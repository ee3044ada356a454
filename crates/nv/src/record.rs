//! Records: header, payload and CRC, twice.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | kind of the record |
//! | 1 | layout version of the payload |
//! | 4 | sequence number, one more at each writing, little end first |
//! | 2 | length of the payload, little end first |
//! | n | payload |
//! | 4 | CRC-32 of all before, little end first |

use core::fmt;

#[cfg(target_os = "none")]
use crc::NoTable as Tables;
#[cfg(not(target_os = "none"))]
use crc::Table;
use crc::{CRC_32_ISO_HDLC, Crc, Digest};

use crate::{Nv, NvError, Reader, Writer};

/// Tables make the CRC fast where there is room for them. A small core has none to spare, and to a page they are
/// sixteen kilobytes that no compression makes smaller.
#[cfg(not(any(target_os = "none", target_arch = "wasm32")))]
type Tables = Table<16>;
#[cfg(target_arch = "wasm32")]
type Tables = Table<1>;

/// CRC-32: a record has up to a kilobyte, and two of its copies decide about somebody's bill.
static CRC: Crc<u32, Tables> = Crc::<u32, Tables>::new(&CRC_32_ISO_HDLC);

/// Bytes in front of the payload.
pub const HEADER: usize = 8;
const TRAILER: usize = 4;

/// Where a record stands, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordDef {
    /// Kind of the record. Range: 0 to 254.
    pub kind: u8,
    /// Version of the payload's layout.
    pub version: u8,
    /// Bytes of the payload. Range: 0 to 65535.
    pub len: usize,
    /// Where its main copy begins; the backup follows it.
    pub at: usize,
}

impl RecordDef {
    /// Bytes of one copy.
    #[must_use]
    pub const fn copy_size(&self) -> usize {
        HEADER + self.len + TRAILER
    }

    /// Where the backup begins.
    #[must_use]
    pub const fn backup(&self) -> usize {
        self.at + self.copy_size()
    }

    /// Where the next record can begin.
    #[must_use]
    pub const fn end(&self) -> usize {
        self.at + 2 * self.copy_size()
    }
}

/// What reading a record found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing was ever written there.
    Blank,
    /// The payload, from the newer good copy.
    Record {
        /// Its sequence number.
        sequence: u32,
        /// False where one copy is damaged or older.
        both: bool,
    },
    /// A good copy of another layout version; the payload was not read.
    Version {
        /// The version found.
        found: u8,
    },
}

/// Both copies are damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Kind of the record.
    pub kind: u8,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "main and backup copy of record {} are damaged", self.kind)
    }
}

impl core::error::Error for Lost {}

/// What one copy is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copy {
    Blank,
    Good { sequence: u32 },
    Other { version: u8 },
    Damaged,
}

/// Feeds `len` bytes of memory from `at` on into a CRC, and tells whether all of them are `FFh`.
fn digest(
    nv: &impl Nv,
    digest: &mut Digest<'_, u32, Tables>,
    at: usize,
    len: usize,
) -> Result<bool, NvError> {
    let mut blank = true;
    let mut piece = [0; 64];
    let mut done = 0;
    while done < len {
        let take = (len - done).min(piece.len());
        let bytes = piece.get_mut(..take).ok_or(NvError::OutOfRange)?;
        nv.read(at + done, bytes)?;
        digest.update(bytes);
        blank &= bytes.iter().all(|byte| *byte == 0xFF);
        done += take;
    }
    Ok(blank)
}

fn examine(nv: &impl Nv, def: &RecordDef, at: usize) -> Result<Copy, NvError> {
    let mut header = [0; HEADER];
    nv.read(at, &mut header)?;
    let mut reader = Reader::new(&header);
    let (Some(kind), Some(version), Some(sequence), Some(len)) =
        (reader.u8(), reader.u8(), reader.u32(), reader.u16())
    else {
        return Ok(Copy::Damaged);
    };
    let mut crc = CRC.digest();
    // A copy of another layout has its own length; it must lie within the memory to be looked at.
    let fits = kind == def.kind && at + HEADER + usize::from(len) + TRAILER <= nv.len();
    let len = if fits { usize::from(len) } else { def.len };
    let blank = digest(nv, &mut crc, at, HEADER + len)?;
    let mut stored = [0; TRAILER];
    nv.read(at + HEADER + len, &mut stored)?;
    if blank && stored == [0xFF; TRAILER] {
        return Ok(Copy::Blank);
    }
    if !fits || u32::from_le_bytes(stored) != crc.finalize() {
        return Ok(Copy::Damaged);
    }
    if version != def.version || len != def.len {
        return Ok(Copy::Other { version });
    }
    Ok(Copy::Good { sequence })
}

/// True where `a` was written after `b`; the number may have turned over.
const fn newer(a: u32, b: u32) -> bool {
    a != b && a.wrapping_sub(b) < u32::MAX / 2
}

/// Which copy is to be believed: its place, its sequence number, and whether the other one says the same.
fn choose(def: &RecordDef, main: Copy, backup: Copy) -> Option<(usize, u32, bool)> {
    match (main, backup) {
        (Copy::Good { sequence: m }, Copy::Good { sequence: b }) if newer(b, m) => {
            Some((def.backup(), b, false))
        }
        (Copy::Good { sequence: m }, Copy::Good { sequence: b }) => Some((def.at, m, m == b)),
        (Copy::Good { sequence }, _) => Some((def.at, sequence, false)),
        (_, Copy::Good { sequence }) => Some((def.backup(), sequence, false)),
        _ => None,
    }
}

/// Reads a record's payload into `into`, from the newest good copy.
///
/// # Errors
/// [`Lost`] where there is no good copy and something was written once; `into` is not changed then.
pub fn load(nv: &impl Nv, def: &RecordDef, into: &mut [u8]) -> Result<Found, Lost> {
    let lost = Lost { kind: def.kind };
    let main = examine(nv, def, def.at).map_err(|_| lost)?;
    let backup = examine(nv, def, def.backup()).map_err(|_| lost)?;
    if let Some((at, sequence, both)) = choose(def, main, backup) {
        let payload = into.get_mut(..def.len).ok_or(lost)?;
        nv.read(at + HEADER, payload).map_err(|_| lost)?;
        return Ok(Found::Record { sequence, both });
    }
    match (main, backup) {
        (Copy::Blank, Copy::Blank) => Ok(Found::Blank),
        // The supply went during the very first writing: the record was never there.
        (Copy::Damaged, Copy::Blank) => Ok(Found::Blank),
        (Copy::Other { version }, _) | (_, Copy::Other { version }) => Ok(Found::Version { found: version }),
        _ => Err(lost),
    }
}

fn write_copy(nv: &mut impl Nv, at: usize, header: &[u8; HEADER], payload: &[u8]) -> Result<(), NvError> {
    let mut crc = CRC.digest();
    crc.update(header);
    crc.update(payload);
    nv.write(at, header)?;
    nv.write(at + HEADER, payload)?;
    nv.write(at + HEADER + payload.len(), &crc.finalize().to_le_bytes())
}

/// Writes a record: the copy that is not to be believed first, so that a good one is left at every moment.
///
/// # Errors
/// [`NvError`]; where the supply went, a restart finds the old payload or the new one.
pub fn store(nv: &mut impl Nv, def: &RecordDef, payload: &[u8]) -> Result<(), NvError> {
    let len = u16::try_from(payload.len()).map_err(|_| NvError::OutOfRange)?;
    if payload.len() != def.len || def.end() > nv.len() {
        return Err(NvError::OutOfRange);
    }
    let main = examine(nv, def, def.at)?;
    let backup = examine(nv, def, def.backup())?;
    let believed = choose(def, main, backup);
    let sequence = believed.map_or(1, |(_, sequence, _)| sequence.wrapping_add(1));
    let mut header = [0; HEADER];
    let mut writer = Writer::new(&mut header);
    let written = [writer.u8(def.kind), writer.u8(def.version), writer.u32(sequence), writer.u16(len)];
    if written.contains(&None) {
        return Err(NvError::OutOfRange);
    }
    // Usually main, then backup. Where only the main copy is good, the backup goes first.
    let (first, second) = match believed {
        Some((at, _, false)) if at == def.at => (def.backup(), def.at),
        _ => (def.at, def.backup()),
    };
    write_copy(nv, first, &header, payload)?;
    write_copy(nv, second, &header, payload)
}
