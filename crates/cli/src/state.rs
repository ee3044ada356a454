//! The state file: the non-volatile memories of the meters that are served, from one run to the next.
//!
//! Layout, little end first: `MTWSTATE`, version (u16), number of meters (u16); for each meter the length of its model's
//! name (u8), the name, its serial number (u32), the length of its memory (u32), the memory; at the end the CRC-32 of
//! all that stands before it. A file is replaced by another one at once, never written into.

use core::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crc::{CRC_32_ISO_HDLC, Crc};

const MAGIC: &[u8; 8] = b"MTWSTATE";
const VERSION: u16 = 1;
const CHECK: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The memory of one meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The name of its model.
    pub model: String,
    /// The last eight digits of its serial number.
    pub serial: u32,
    /// The image of its memory.
    pub image: Vec<u8>,
}

/// Why a file is no state that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFault {
    /// It does not begin as one.
    Foreign,
    /// It is of another version of this program.
    Version(u16),
    /// It ends too early, or has more than it says.
    Length,
    /// Its check sum is wrong.
    Check,
}

impl fmt::Display for StateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("it is no state file of this program"),
            Self::Version(version) => {
                write!(f, "it has layout {version}, and this program reads layout {VERSION}")
            }
            Self::Length => f.write_str("it is damaged: its length does not fit what it says"),
            Self::Check => f.write_str("it is damaged: its check sum is wrong"),
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], StateFault> {
        let (front, rest) = self.0.split_at_checked(count).ok_or(StateFault::Length)?;
        self.0 = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StateFault> {
        self.take(N)?.try_into().map_err(|_| StateFault::Length)
    }
}

/// Reads the bytes of a state file.
pub fn parse(bytes: &[u8]) -> Result<Vec<Kept>, StateFault> {
    if bytes.first_chunk::<8>() != Some(MAGIC) {
        return Err(StateFault::Foreign);
    }
    let (body, check) = bytes.split_last_chunk::<4>().ok_or(StateFault::Length)?;
    let mut reader = Reader(body.get(MAGIC.len()..).ok_or(StateFault::Length)?);
    let version = u16::from_le_bytes(reader.array()?);
    if version != VERSION {
        return Err(StateFault::Version(version));
    }
    if CHECK.checksum(body) != u32::from_le_bytes(*check) {
        return Err(StateFault::Check);
    }
    let count = u16::from_le_bytes(reader.array()?);
    let mut kept = Vec::new();
    for _ in 0..count {
        let [name] = reader.array()?;
        let model = String::from_utf8_lossy(reader.take(usize::from(name))?).into_owned();
        let serial = u32::from_le_bytes(reader.array()?);
        let length = u32::from_le_bytes(reader.array()?);
        let image = reader.take(usize::try_from(length).map_err(|_| StateFault::Length)?)?.to_vec();
        kept.push(Kept { model, serial, image });
    }
    if reader.0.is_empty() { Ok(kept) } else { Err(StateFault::Length) }
}

/// The bytes of a state file.
pub fn emit(kept: &[Kept]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&u16::try_from(kept.len()).unwrap_or(u16::MAX).to_le_bytes());
    for meter in kept.iter().take(usize::from(u16::MAX)) {
        let name: Vec<u8> = meter.model.bytes().take(255).collect();
        bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(&name);
        bytes.extend_from_slice(&meter.serial.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(meter.image.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&meter.image);
    }
    let check = CHECK.checksum(&bytes);
    bytes.extend_from_slice(&check.to_le_bytes());
    bytes
}

/// Reads a state file; nothing where there is none yet. The text of the error is a sentence that names the file.
pub fn load(path: &Path) -> Result<Vec<Kept>, String> {
    match fs::read(path) {
        Ok(bytes) => parse(&bytes).map_err(|why| {
            format!(
                "{}: {why}. It was left as it is: move it away to begin with new meters, or name another file.",
                path.display()
            )
        }),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(why) => Err(format!("{} cannot be read: {why}.", path.display())),
    }
}

/// Puts a new state file in the place of the old one.
pub fn save(path: &Path, kept: &[Kept]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = PathBuf::from(name);
    let written = File::create(&fresh).and_then(|mut file| {
        file.write_all(&emit(kept))?;
        file.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&fresh, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<Kept> {
        let meter = |serial, image: &[u8]| Kept { model: "a-meter".into(), serial, image: image.to_vec() };
        vec![meter(13_070_001, &[1, 2, 3]), meter(13_070_002, &[])]
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(parse(&emit(&two())), Ok(two()));
        assert_eq!(parse(&emit(&[])), Ok(vec![]));
    }

    #[test]
    fn the_layout_stays() {
        let one = emit(&two()[..1]);
        assert_eq!(&one[..20], b"MTWSTATE\x01\0\x01\0\x07a-meter".get(..20).unwrap());
        assert_eq!(one.len(), 8 + 2 + 2 + 1 + 7 + 4 + 4 + 3 + 4);
    }

    #[test]
    fn every_damaged_byte_and_every_cut_is_noticed() {
        let good = emit(&two());
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert!(parse(&bad).is_err(), "byte {at}");
            assert!(parse(&good[..at]).is_err(), "cut at {at}");
        }
        assert_eq!(parse(b"something else"), Err(StateFault::Foreign));
        assert_eq!(parse(b"MTWSTATE\x02\0\0\0\0\0\0\0"), Err(StateFault::Version(2)));
    }
}
