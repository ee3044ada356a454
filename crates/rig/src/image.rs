//! The file that carries memories of meters from one run, one page or one program to the next.
//!
//! Layout, little end first: `MTWSTATE`, version (u16), number of meters (u16); for each meter the length of its model's
//! name (u8), the name, its serial number (u32), the length of its memory (u32), the memory; at the end the CRC-32 of
//! all that stands before it. The records inside a memory carry layout versions of their own.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use device::{NvPart, image_size};
use models::Entry;

use crate::{Twin, VecNv};

const MAGIC: &[u8; 8] = b"MTWSTATE";
const VERSION: u16 = 1;

/// The names by which a part of the memory is damaged.
pub const PARTS: &[(&str, NvPart)] = &[
    ("main", NvPart::Main),
    ("backup", NvPart::Backup),
    ("mantissa", NvPart::Mantissa),
    ("init", NvPart::Init),
];

/// The part of the memory of a name of [`PARTS`].
#[must_use]
pub fn part(name: &str) -> Option<NvPart> {
    PARTS.iter().find(|(other, _)| *other == name).map(|(_, part)| *part)
}

/// The memory of one meter, as a file carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The name of its model.
    pub model: String,
    /// The last eight digits of its serial number.
    pub serial: u32,
    /// The image of its memory.
    pub image: Vec<u8>,
}

/// Why a file is none that a meter can use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageFault {
    /// It does not begin as one.
    Foreign,
    /// It is of another version of this program.
    Version(u16),
    /// It ends too early, or has more than it says.
    Length,
    /// Its check sum is wrong.
    Check,
    /// It carries so many meters where one is wanted.
    Many(usize),
    /// It is the memory of another model.
    Model {
        /// Whose memory it is.
        found: String,
        /// Whose is wanted.
        expected: &'static str,
    },
    /// The memory is shorter or longer than the model's.
    Size {
        /// Its bytes.
        found: usize,
        /// The model's.
        expected: usize,
    },
}

impl fmt::Display for ImageFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("it is no file of meters' memories"),
            Self::Version(version) => {
                write!(f, "it has layout {version}, and this program reads layout {VERSION}")
            }
            Self::Length => f.write_str("it is damaged: its length does not fit what it says"),
            Self::Check => f.write_str("it is damaged: its check sum is wrong"),
            Self::Many(count) => write!(f, "it carries {count} meters, and one is wanted"),
            Self::Model { found, expected } => {
                write!(f, "it is the memory of the model {found}, and this meter is a {expected}")
            }
            Self::Size { found, expected } => {
                write!(f, "its memory has {found} bytes, and this model's has {expected}")
            }
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ImageFault> {
        let (front, rest) = self.0.split_at_checked(count).ok_or(ImageFault::Length)?;
        self.0 = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ImageFault> {
        self.take(N)?.try_into().map_err(|_| ImageFault::Length)
    }
}

impl core::error::Error for ImageFault {}

impl Kept {
    /// The memory of a meter as it is now.
    #[must_use]
    pub fn of(twin: &Twin) -> Self {
        Self {
            model: twin.entry().def.slug.to_string(),
            serial: twin.serial(),
            image: twin.image().bytes().to_vec(),
        }
    }

    /// The memory for a meter of a model.
    ///
    /// # Errors
    /// [`ImageFault::Model`] or [`ImageFault::Size`] where it is none of that model's.
    pub fn memory(&self, entry: &'static Entry) -> Result<VecNv, ImageFault> {
        let (slug, expected) = (entry.def.slug, image_size(entry.def));
        if self.model != slug {
            return Err(ImageFault::Model { found: self.model.clone(), expected: slug });
        }
        if self.image.len() != expected {
            return Err(ImageFault::Size { found: self.image.len(), expected });
        }
        Ok(VecNv::from_bytes(self.image.clone()))
    }

    /// Damages a part of the memory. A part that was damaged before stays as it is.
    ///
    /// # Errors
    /// As [`Kept::memory`].
    pub fn damage(&mut self, entry: &'static Entry, part: NvPart) -> Result<(), ImageFault> {
        let mut memory = self.memory(entry)?;
        // The memory has the model's size and takes every byte: there is nothing to fail.
        let _ = device::damage(&mut memory, entry.def, part);
        self.image = memory.bytes().to_vec();
        Ok(())
    }
}

/// The memory for a meter of a model from a file with one meter, or from the bare bytes of such a memory.
///
/// # Errors
/// [`ImageFault`] says what is wrong with the file, as a sentence without a subject.
pub fn import(entry: &'static Entry, bytes: &[u8]) -> Result<VecNv, ImageFault> {
    if bytes.first_chunk::<8>() != Some(MAGIC) && bytes.len() == image_size(entry.def) {
        return Ok(VecNv::from_bytes(bytes.to_vec()));
    }
    match parse(bytes)?.as_slice() {
        [one] => one.memory(entry),
        other => Err(ImageFault::Many(other.len())),
    }
}

/// Reads the bytes of a file.
///
/// # Errors
/// [`ImageFault`] says what is wrong with them.
pub fn parse(bytes: &[u8]) -> Result<Vec<Kept>, ImageFault> {
    if bytes.first_chunk::<8>() != Some(MAGIC) {
        return Err(ImageFault::Foreign);
    }
    let (body, check) = bytes.split_last_chunk::<4>().ok_or(ImageFault::Length)?;
    let mut reader = Reader(body.get(MAGIC.len()..).ok_or(ImageFault::Length)?);
    let version = u16::from_le_bytes(reader.array()?);
    if version != VERSION {
        return Err(ImageFault::Version(version));
    }
    if nv::check_sum(body) != u32::from_le_bytes(*check) {
        return Err(ImageFault::Check);
    }
    let count = u16::from_le_bytes(reader.array()?);
    let mut kept = Vec::new();
    for _ in 0..count {
        let [name] = reader.array()?;
        let model = String::from_utf8_lossy(reader.take(usize::from(name))?).into_owned();
        let serial = u32::from_le_bytes(reader.array()?);
        let length = u32::from_le_bytes(reader.array()?);
        let image = reader.take(usize::try_from(length).map_err(|_| ImageFault::Length)?)?.to_vec();
        kept.push(Kept { model, serial, image });
    }
    if reader.0.is_empty() { Ok(kept) } else { Err(ImageFault::Length) }
}

/// The bytes of a file.
#[must_use]
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
    let check = nv::check_sum(&bytes);
    bytes.extend_from_slice(&check.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};
    use units::Instant;

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
        assert_eq!(parse(b"something else"), Err(ImageFault::Foreign));
        assert_eq!(parse(b"MTWSTATE\x02\0\0\0\0\0\0\0"), Err(ImageFault::Version(2)));
    }

    #[test]
    fn a_meter_comes_back_from_its_file() {
        let entry = &models::ALL[0];
        let twin = Twin::new(entry, None, Instant::ZERO);
        let file = emit(&[Kept::of(&twin)]);
        assert_eq!(import(entry, &file).unwrap().bytes(), twin.image().bytes());
        assert_eq!(import(entry, twin.image().bytes()).unwrap().bytes(), twin.image().bytes(), "bare bytes");
    }

    #[test]
    fn what_is_no_memory_of_the_meter_is_named() {
        let entry = &models::ALL[0];
        let own = Kept::of(&Twin::new(entry, None, Instant::ZERO));
        let told = |bytes: &[u8]| import(entry, bytes).unwrap_err().to_string();
        let other = Kept { model: "a-meter".into(), ..own.clone() };
        let short = Kept { image: vec![0xFF; 9], ..own.clone() };
        let size = own.image.len();
        assert_eq!(
            told(&emit(&[other])),
            format!("it is the memory of the model a-meter, and this meter is a {}", entry.def.slug)
        );
        assert_eq!(told(&emit(&[short])), format!("its memory has 9 bytes, and this model's has {size}"));
        assert_eq!(told(&emit(&[own.clone(), own])), "it carries 2 meters, and one is wanted");
        assert_eq!(told(&emit(&[])), "it carries 0 meters, and one is wanted");
        assert_eq!(told(b"a picture"), "it is no file of meters' memories");
        assert_eq!(told(b""), "it is no file of meters' memories");
    }
}
