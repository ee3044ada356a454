//! Numbers in a payload, little end first. Nothing panics: what does not fit says so.

/// Writes numbers one after another into a slice.
#[derive(Debug)]
pub struct Writer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Writer<'a> {
    /// A writer that begins at the first byte of `into`.
    #[must_use]
    pub fn new(into: &'a mut [u8]) -> Self {
        Self { rest: into }
    }

    // Not one for each length: a small core has no flash for that.
    #[inline(never)]
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let rest = core::mem::take(&mut self.rest);
        let (head, tail) = rest.split_at_mut_checked(bytes.len())?;
        head.copy_from_slice(bytes);
        self.rest = tail;
        Some(())
    }

    /// Writes bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        self.put(bytes)
    }

    /// Writes one byte; `None` where it does not fit, and nothing more fits then.
    pub fn u8(&mut self, value: u8) -> Option<()> {
        self.put(&[value])
    }

    /// Writes two bytes.
    pub fn u16(&mut self, value: u16) -> Option<()> {
        self.put(&value.to_le_bytes())
    }

    /// Writes four bytes.
    pub fn u32(&mut self, value: u32) -> Option<()> {
        self.put(&value.to_le_bytes())
    }

    /// Writes the lower six bytes. Range: below 2^48; `None`, and nothing is written, where it is more.
    pub fn u48(&mut self, value: u64) -> Option<()> {
        if value >> 48 != 0 {
            return None;
        }
        self.put(value.to_le_bytes().get(..6)?)
    }

    /// Writes eight bytes.
    pub fn u64(&mut self, value: u64) -> Option<()> {
        self.put(&value.to_le_bytes())
    }
}

/// Reads numbers one after another from a slice.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader that begins at the first byte of `from`.
    #[must_use]
    pub fn new(from: &'a [u8]) -> Self {
        Self { rest: from }
    }

    #[inline(never)]
    fn take(&mut self, count: usize) -> Option<u64> {
        let (head, tail) = self.rest.split_at_checked(count)?;
        self.rest = tail;
        Some(head.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// Reads so many bytes as they are; `None` at the end.
    pub fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.rest.split_first_chunk::<N>()?;
        self.rest = tail;
        Some(*head)
    }

    /// Reads one byte; `None` at the end.
    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).and_then(|value| u8::try_from(value).ok())
    }

    /// Reads two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.take(2).and_then(|value| u16::try_from(value).ok())
    }

    /// Reads four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.take(4).and_then(|value| u32::try_from(value).ok())
    }

    /// Reads six bytes.
    pub fn u48(&mut self) -> Option<u64> {
        self.take(6)
    }

    /// Reads eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.take(8)
    }
}
