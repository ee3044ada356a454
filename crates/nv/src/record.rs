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
//!
//! What belongs to another record but is not worth two copies stands in an area of two slots ([`store_part`]): each
//! writing takes the slot that the writing before it did not, and carries the sequence number of its record.

use core::fmt;

#[cfg(any(target_os = "none", target_arch = "wasm32"))]
use crc::NoTable as Tables;
use crc::{CRC_32_ISO_HDLC, Crc, Digest};

use crate::{Nv, NvError, Writer};

/// Tables make the CRC fast where there is room for them. A small core has none to spare, and a page loads them over the
/// network: no compression makes them smaller.
#[cfg(not(any(target_os = "none", target_arch = "wasm32")))]
type Tables = crc::Table<16>;

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
    /// Where its main copy begins.
    pub at: usize,
    /// Where its backup begins.
    pub backup: usize,
}

impl RecordDef {
    /// A record whose backup stands right behind its main copy.
    #[must_use]
    pub const fn new(kind: u8, version: u8, len: usize, at: usize) -> Self {
        Self { kind, version, len, at, backup: at + HEADER + len + TRAILER }
    }

    /// Bytes of one copy.
    #[must_use]
    pub const fn copy_size(&self) -> usize {
        HEADER + self.len + TRAILER
    }

    /// The first byte behind both copies.
    #[must_use]
    pub const fn end(&self) -> usize {
        (if self.at > self.backup { self.at } else { self.backup }) + self.copy_size()
    }

    /// The slot of an area of two that holds what belongs to a sequence number.
    const fn slot(&self, sequence: u32) -> usize {
        if sequence & 1 == 0 { self.at } else { self.backup }
    }
}

/// What the copy that was not believed is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// It says the same.
    Same,
    /// It is blank or older, or its writing was cut: what a supply that goes leaves behind.
    Unfinished,
    /// It was written to its end and has changed since. The value: it is the main copy.
    Damaged {
        /// It is the main copy, else the backup.
        main: bool,
    },
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
        /// The copy it came from is the main one, else the backup.
        main: bool,
        /// What the other copy is like.
        other: Other,
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

/// A copy that could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotWritten {
    /// It is the main copy, else the backup.
    pub main: bool,
    /// Why.
    pub why: NvError,
}

impl fmt::Display for NotWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let copy = if self.main { "main" } else { "backup" };
        write!(f, "the {copy} copy was not written: {}", self.why)
    }
}

impl core::error::Error for NotWritten {}

/// What one copy is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copy {
    Blank,
    Good {
        sequence: u32,
    },
    Other {
        version: u8,
    },
    /// Without a header of this layout: never written to its end.
    Torn,
    /// With what stands in its header and as its CRC.
    Damaged {
        sequence: u32,
        crc: u32,
    },
}

/// Both copies, and which is to be believed: whether it is the main one, and its sequence number.
struct Survey {
    main: Copy,
    backup: Copy,
    believed: Option<(bool, u32)>,
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

#[inline(never)]
fn examine(nv: &impl Nv, def: &RecordDef, at: usize) -> Result<Copy, NvError> {
    let mut header = [0; HEADER];
    nv.read(at, &mut header)?;
    let [kind, version, a, b, c, d, low, high] = header;
    let sequence = u32::from_le_bytes([a, b, c, d]);
    let len = usize::from(u16::from_le_bytes([low, high]));
    let mut sum = CRC.digest();
    // A copy of another layout has its own length; it must lie within the memory to be looked at.
    let fits = kind == def.kind && at + HEADER + len + TRAILER <= nv.len();
    let len = if fits { len } else { def.len };
    let blank = digest(nv, &mut sum, at, HEADER + len)?;
    let mut stored = [0; TRAILER];
    nv.read(at + HEADER + len, &mut stored)?;
    let crc = u32::from_le_bytes(stored);
    Ok(if blank && crc == u32::MAX {
        Copy::Blank
    } else if !fits || crc != sum.finalize() {
        let framed = fits && version == def.version && len == def.len;
        if framed { Copy::Damaged { sequence, crc } } else { Copy::Torn }
    } else if version != def.version || len != def.len {
        Copy::Other { version }
    } else {
        Copy::Good { sequence }
    })
}

/// True where `a` was written after `b`; the number may have turned over.
const fn newer(a: u32, b: u32) -> bool {
    a != b && a.wrapping_sub(b) < u32::MAX / 2
}

/// Which copy is to be believed: whether it is the main one, and its sequence number.
fn choose(main: Copy, backup: Copy) -> Option<(bool, u32)> {
    match (main, backup) {
        (Copy::Good { sequence: m }, Copy::Good { sequence: b }) if newer(b, m) => Some((false, b)),
        (Copy::Good { sequence }, _) => Some((true, sequence)),
        (_, Copy::Good { sequence }) => Some((false, sequence)),
        _ => None,
    }
}

#[inline(never)]
fn survey(nv: &impl Nv, def: &RecordDef) -> Result<Survey, NvError> {
    let main = examine(nv, def, def.at)?;
    let backup = examine(nv, def, def.backup)?;
    Ok(Survey { main, backup, believed: choose(main, backup) })
}

/// Reads a record's payload into `into`, from the newest good copy.
///
/// # Errors
/// [`Lost`] where there is no good copy and something was written once; `into` is not changed then.
pub fn load(nv: &impl Nv, def: &RecordDef, into: &mut [u8]) -> Result<Found, Lost> {
    let lost = Lost { kind: def.kind };
    let Survey { main, backup, believed } = survey(nv, def).map_err(|_| lost)?;
    if let Some((is_main, sequence)) = believed {
        let (at, beside) = if is_main { (def.at, backup) } else { (def.backup, main) };
        let payload = into.get_mut(..def.len).ok_or(lost)?;
        let mut crc = [0; TRAILER];
        let read = nv.read(at + HEADER, payload).and_then(|()| nv.read(at + HEADER + def.len, &mut crc));
        read.map_err(|_| lost)?;
        let other = match beside {
            Copy::Good { sequence: same } if same == sequence => Other::Same,
            // It was written to its end: a writing that was cut has another sequence number in front or another CRC
            // behind.
            Copy::Damaged { sequence: same, crc: end }
                if same == sequence && end == u32::from_le_bytes(crc) =>
            {
                Other::Damaged { main: !is_main }
            }
            _ => Other::Unfinished,
        };
        return Ok(Found::Record { sequence, main: is_main, other });
    }
    match (main, backup) {
        (Copy::Blank, Copy::Blank) => Ok(Found::Blank),
        // The supply went during the very first writing: the record was never there.
        (Copy::Damaged { .. } | Copy::Torn, Copy::Blank) => Ok(Found::Blank),
        (Copy::Other { version }, _) | (_, Copy::Other { version }) => Ok(Found::Version { found: version }),
        _ => Err(lost),
    }
}

fn write_copy(
    nv: &mut impl Nv,
    def: &RecordDef,
    at: usize,
    sequence: u32,
    payload: &[u8],
    header_last: bool,
) -> Result<(), NvError> {
    let len = u16::try_from(payload.len()).map_err(|_| NvError::OutOfRange)?;
    if payload.len() != def.len {
        return Err(NvError::OutOfRange);
    }
    let mut header = [0; HEADER];
    let mut writer = Writer::new(&mut header);
    let written = [writer.u8(def.kind), writer.u8(def.version), writer.u32(sequence), writer.u16(len)];
    if written.contains(&None) {
        return Err(NvError::OutOfRange);
    }
    let mut crc = CRC.digest();
    crc.update(&header);
    crc.update(payload);
    if !header_last {
        nv.write(at, &header)?;
    }
    nv.write(at + HEADER, payload)?;
    nv.write(at + HEADER + payload.len(), &crc.finalize().to_le_bytes())?;
    if header_last { nv.write(at, &header) } else { Ok(()) }
}

/// The next writing of a record: its sequence number, and which copy goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writing {
    sequence: u32,
    main_first: bool,
}

impl Writing {
    /// The first writing of a record whose place holds something that must outlast it in one half: the copy that goes
    /// first is named, and the sequence number is one whose part stands in the slot of the same half.
    #[must_use]
    pub const fn over(main_first: bool) -> Self {
        Self { sequence: if main_first { 2 } else { 1 }, main_first }
    }

    /// Looks which copy of a record is not to be believed: it goes first, so that a good one is left at every moment.
    ///
    /// # Errors
    /// [`NvError`] where the memory cannot be read.
    pub fn next(nv: &impl Nv, def: &RecordDef) -> Result<Self, NvError> {
        let Survey { main, backup, believed } = survey(nv, def)?;
        // Usually main, then backup. Where only the main copy is good, the backup goes first.
        let main_first = main == backup || !matches!(believed, Some((true, _)));
        Ok(Self { sequence: believed.map_or(1, |(_, sequence)| sequence.wrapping_add(1)), main_first })
    }

    /// Its sequence number.
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Writes both copies.
    ///
    /// # Errors
    /// [`NotWritten`] names the copy; the other one was not touched any more, or is written. Where the supply went, a
    /// restart finds the old payload or the new one.
    pub fn write(self, nv: &mut impl Nv, def: &RecordDef, payload: &[u8]) -> Result<(), NotWritten> {
        for main in [self.main_first, !self.main_first] {
            let at = if main { def.at } else { def.backup };
            write_copy(nv, def, at, self.sequence, payload, false).map_err(|why| NotWritten { main, why })?;
        }
        Ok(())
    }
}

/// Writes one copy again, as the other one has it. Its header goes last: what tells that its writing was cut stays until
/// all behind it is right, so a cut here is not taken for damage either.
///
/// # Errors
/// [`NotWritten`] where the memory did not take it.
pub fn rewrite(
    nv: &mut impl Nv,
    def: &RecordDef,
    main: bool,
    sequence: u32,
    payload: &[u8],
) -> Result<(), NotWritten> {
    let at = if main { def.at } else { def.backup };
    write_copy(nv, def, at, sequence, payload, true).map_err(|why| NotWritten { main, why })
}

/// Writes a record: the copy that is not to be believed first, so that a good one is left at every moment.
///
/// # Errors
/// As [`Writing::write`]; a memory that cannot be read fails as its main copy.
pub fn store(nv: &mut impl Nv, def: &RecordDef, payload: &[u8]) -> Result<(), NotWritten> {
    Writing::next(nv, def).map_err(|why| NotWritten { main: true, why })?.write(nv, def, payload)
}

/// Writes what belongs to a record's writing of this sequence number, before that writing itself.
///
/// # Errors
/// [`NvError`]; what belongs to the number before stands untouched.
pub fn store_part(nv: &mut impl Nv, def: &RecordDef, sequence: u32, payload: &[u8]) -> Result<(), NvError> {
    write_copy(nv, def, def.slot(sequence), sequence, payload, false)
}

/// Reads what belongs to a record of this sequence number. False, and `into` is not changed, where it is damaged.
pub fn load_part(nv: &impl Nv, def: &RecordDef, sequence: u32, into: &mut [u8]) -> bool {
    let at = def.slot(sequence);
    let good = matches!(examine(nv, def, at), Ok(Copy::Good { sequence: found }) if found == sequence);
    good && into.get_mut(..def.len).is_some_and(|payload| nv.read(at + HEADER, payload).is_ok())
}

/// Flips a bit in the payload of one copy where that is good, to damage it on purpose. False where it was not good.
///
/// # Errors
/// [`NvError`] where the memory cannot be read or written.
pub fn spoil(nv: &mut impl Nv, def: &RecordDef, main: bool) -> Result<bool, NvError> {
    let at = if main { def.at } else { def.backup };
    let good = matches!(examine(nv, def, at)?, Copy::Good { .. });
    if good {
        let mut byte = [0];
        nv.read(at + HEADER, &mut byte)?;
        nv.write(at + HEADER, &byte.map(|byte| byte ^ 0x10))?;
    }
    Ok(good)
}

/// The check sum of the records, for files that carry a whole memory: CRC-32 (ISO-HDLC).
#[must_use]
pub fn check_sum(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes)
}
