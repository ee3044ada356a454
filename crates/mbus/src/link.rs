//! Frames of the link layer (EN 13757-2, format class FT 1.2): a single character, a short frame, a long frame.
//!
//! What the standard calls a control frame is a long frame without user data.

use core::fmt;

/// The longest frame in bytes: L counts at most 255 bytes, six stand around them.
pub const MAX_FRAME: usize = 261;

/// The most bytes of user data behind the CI field.
pub const MAX_DATA: usize = 252;

/// The single character that acknowledges.
pub const ACK: u8 = 0xE5;

const START_SHORT: u8 = 0x10;
const START_LONG: u8 = 0x68;
const STOP: u8 = 0x16;

/// Primary addresses with a meaning of their own (EN 13757-2, EN 13757-3 §11).
pub mod address {
    /// The greatest address a meter can have; 0 is that of a meter nobody has configured yet.
    pub const LAST: u8 = 250;
    /// The meter selected by its secondary address.
    pub const SELECTED: u8 = 253;
    /// Every meter, each with an answer: for a line of one.
    pub const TEST: u8 = 254;
    /// Every meter, none with an answer.
    pub const BROADCAST: u8 = 255;
}

/// The C field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Control(pub u8);

impl Control {
    /// Reset of the link layer, to a slave.
    pub const SND_NKE: Self = Self(0x40);
    /// User data to a slave, FCB = 0.
    pub const SND_UD: Self = Self(0x53);
    /// Request for class 1 data (alarms), FCB = 0.
    pub const REQ_UD1: Self = Self(0x5A);
    /// Request for class 2 data (the telegram), FCB = 0.
    pub const REQ_UD2: Self = Self(0x5B);
    /// User data from a slave.
    pub const RSP_UD: Self = Self(0x08);

    const FCB: u8 = 0x20;
    const FCV: u8 = 0x10;
    const FROM_MASTER: u8 = 0x40;

    /// The same with the frame count bit set to `fcb`.
    #[must_use]
    pub const fn with_fcb(self, fcb: bool) -> Self {
        Self(if fcb { self.0 | Self::FCB } else { self.0 & !Self::FCB })
    }

    /// The frame count bit, where it counts.
    #[must_use]
    pub const fn fcb(self) -> Option<bool> {
        if self.0 & Self::FCV != 0 && self.0 & Self::FROM_MASTER != 0 {
            Some(self.0 & Self::FCB != 0)
        } else {
            None
        }
    }

    /// True where it comes from a master.
    #[must_use]
    pub const fn is_request(self) -> bool {
        self.0 & 0xC0 == Self::FROM_MASTER
    }

    /// True for [`Control::RSP_UD`] with any access demand or data flow bit.
    #[must_use]
    pub const fn is_rsp_ud(self) -> bool {
        self.0 & 0xCF == Self::RSP_UD.0
    }

    /// True for `other` whatever the frame count bits are.
    #[must_use]
    pub const fn is(self, other: Self) -> bool {
        self.0 & !(Self::FCB | Self::FCV) == other.0 & !(Self::FCB | Self::FCV)
    }
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The single character E5.
    Ack,
    /// A frame of fixed length.
    Short {
        /// The C field.
        control: Control,
        /// The A field: primary address.
        address: u8,
    },
    /// A frame of variable length; without data it is a control frame.
    Long {
        /// The C field.
        control: Control,
        /// The A field: primary address.
        address: u8,
        /// The CI field: what the data are.
        ci: u8,
        /// The user data, at most [`MAX_DATA`] bytes.
        data: &'a [u8],
    },
}

/// Why bytes are no frame, or a frame cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameFault {
    /// The bytes end before the frame does.
    Truncated {
        /// Bytes there are.
        found: usize,
    },
    /// The first byte starts no frame.
    Start(u8),
    /// A long frame has no second 68.
    SecondStart(u8),
    /// The two length bytes differ.
    Lengths {
        /// The first of them.
        first: u8,
        /// The second.
        second: u8,
    },
    /// L is below 3: there is no room for C, A and CI.
    TooShort(u8),
    /// The sum of the bytes is another one.
    Checksum {
        /// The byte in the frame.
        found: u8,
        /// The sum of the bytes.
        computed: u8,
    },
    /// The last byte is not 16.
    Stop(u8),
    /// Bytes follow behind the frame.
    Surplus {
        /// How many.
        bytes: usize,
    },
    /// More user data than a frame takes.
    TooLong {
        /// How many bytes.
        bytes: usize,
    },
    /// The buffer is too small.
    Buffer {
        /// Bytes needed.
        needed: usize,
    },
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated { found } => write!(f, "the frame breaks off after {found} bytes"),
            Self::Start(byte) => write!(f, "no frame starts with {byte:02X}: expected E5, 10 or 68"),
            Self::SecondStart(byte) => write!(f, "the fourth byte is {byte:02X}: expected 68"),
            Self::Lengths { first, second } => {
                write!(f, "the two length bytes are {first:02X} and {second:02X}: expected equal ones")
            }
            Self::TooShort(length) => write!(f, "the length is {length}: expected 3 or more"),
            Self::Checksum { found, computed } => {
                write!(f, "the check sum is {found:02X}: expected {computed:02X}")
            }
            Self::Stop(byte) => write!(f, "the last byte is {byte:02X}: expected 16"),
            Self::Surplus { bytes } => write!(f, "{bytes} bytes follow behind the frame"),
            Self::TooLong { bytes } => write!(f, "{bytes} bytes of data: a frame takes {MAX_DATA}"),
            Self::Buffer { needed } => write!(f, "the buffer is too small: {needed} bytes are needed"),
        }
    }
}

impl core::error::Error for FrameFault {}

/// How long the frame at the front of some bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameLen {
    /// Not enough bytes to tell.
    Unclear,
    /// So many bytes in all.
    Exactly(usize),
    /// No frame starts so.
    Never,
}

/// Tells the length of a frame from its first bytes.
#[must_use]
pub fn frame_len(bytes: &[u8]) -> FrameLen {
    match *bytes {
        [] => FrameLen::Unclear,
        [ACK, ..] => FrameLen::Exactly(1),
        [START_SHORT, ..] => FrameLen::Exactly(5),
        [START_LONG] => FrameLen::Unclear,
        [START_LONG, first] if first >= 3 => FrameLen::Unclear,
        [START_LONG, first, second] if first >= 3 && first == second => FrameLen::Unclear,
        [START_LONG, first, second, START_LONG, ..] if first >= 3 && first == second => {
            FrameLen::Exactly(usize::from(first) + 6)
        }
        _ => FrameLen::Never,
    }
}

/// The sum of bytes without carry.
#[must_use]
#[inline]
pub fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

impl<'a> Frame<'a> {
    /// Reads exactly one frame.
    ///
    /// # Errors
    /// The first thing that is wrong with the bytes; [`FrameFault::Truncated`] where more of them may help.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FrameFault> {
        let truncated = FrameFault::Truncated { found: bytes.len() };
        match *bytes {
            [] => Err(truncated),
            [ACK] => Ok(Self::Ack),
            [ACK, ..] => Err(FrameFault::Surplus { bytes: bytes.len() - 1 }),
            [START_SHORT, control, address, sum, stop] => {
                check(sum, control.wrapping_add(address), stop)?;
                Ok(Self::Short { control: Control(control), address })
            }
            [START_SHORT, ..] if bytes.len() > 5 => Err(FrameFault::Surplus { bytes: bytes.len() - 5 }),
            [START_SHORT, ..] | [START_LONG] => Err(truncated),
            [START_LONG, first, ..] if first < 3 => Err(FrameFault::TooShort(first)),
            [START_LONG, first, second, ..] if first != second => Err(FrameFault::Lengths { first, second }),
            [START_LONG, _, _, other, ..] if other != START_LONG => Err(FrameFault::SecondStart(other)),
            [START_LONG, length, _, _, ref rest @ ..] => {
                let Some((counted, tail)) = rest.split_at_checked(usize::from(length)) else {
                    return Err(truncated);
                };
                match (counted, tail) {
                    (&[control, address, ci, ref data @ ..], &[sum, stop]) => {
                        check(sum, checksum(counted), stop)?;
                        Ok(Self::Long { control: Control(control), address, ci, data })
                    }
                    (_, tail) if tail.len() > 2 => Err(FrameFault::Surplus { bytes: tail.len() - 2 }),
                    _ => Err(truncated),
                }
            }
            [START_LONG, ..] => Err(truncated),
            [other, ..] => Err(FrameFault::Start(other)),
        }
    }

    /// Bytes the frame takes on the wire.
    #[must_use]
    pub const fn emitted_len(&self) -> usize {
        match self {
            Self::Ack => 1,
            Self::Short { .. } => 5,
            Self::Long { data, .. } => 9 + data.len(),
        }
    }

    /// Writes the frame to the front of `into` and returns its length.
    ///
    /// # Errors
    /// [`FrameFault::TooLong`] or [`FrameFault::Buffer`]; nothing was written then.
    pub fn emit(&self, into: &mut [u8]) -> Result<usize, FrameFault> {
        let needed = self.emitted_len();
        if let Self::Long { data, .. } = self
            && data.len() > MAX_DATA
        {
            return Err(FrameFault::TooLong { bytes: data.len() });
        }
        let place = into.get_mut(..needed).ok_or(FrameFault::Buffer { needed })?;
        match *self {
            Self::Ack => place.fill(ACK),
            Self::Short { control: Control(control), address } => {
                place.copy_from_slice(&[START_SHORT, control, address, control.wrapping_add(address), STOP]);
            }
            Self::Long { control, address, ci, data } => {
                if let Some(room) = place.get_mut(7..7 + data.len()) {
                    room.copy_from_slice(data);
                }
                return seal(control, address, ci, data.len(), into).ok_or(FrameFault::Buffer { needed });
            }
        }
        Ok(needed)
    }
}

/// Puts the rest of a long frame around `data` bytes that stand at `buffer[7..]` already; returns the frame's length.
pub(crate) fn seal(control: Control, address: u8, ci: u8, data: usize, buffer: &mut [u8]) -> Option<usize> {
    let length = u8::try_from(data + 3).ok()?;
    let frame = buffer.get_mut(..data + 9)?;
    frame
        .first_chunk_mut::<7>()?
        .copy_from_slice(&[START_LONG, length, length, START_LONG, control.0, address, ci]);
    let sum = checksum(frame.get(4..data + 7)?);
    frame.last_chunk_mut::<2>()?.copy_from_slice(&[sum, STOP]);
    Some(data + 9)
}

const fn check(found: u8, computed: u8, stop: u8) -> Result<(), FrameFault> {
    if stop != STOP {
        Err(FrameFault::Stop(stop))
    } else if found != computed {
        Err(FrameFault::Checksum { found, computed })
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
