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

    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Option<()> {
        let rest = core::mem::take(&mut self.rest);
        let (head, tail) = rest.split_first_chunk_mut::<N>()?;
        *head = bytes;
        self.rest = tail;
        Some(())
    }

    /// Writes one byte; `None` where it does not fit, and nothing more fits then.
    pub fn u8(&mut self, value: u8) -> Option<()> {
        self.put([value])
    }

    /// Writes two bytes.
    pub fn u16(&mut self, value: u16) -> Option<()> {
        self.put(value.to_le_bytes())
    }

    /// Writes four bytes.
    pub fn u32(&mut self, value: u32) -> Option<()> {
        self.put(value.to_le_bytes())
    }

    /// Writes eight bytes.
    pub fn u64(&mut self, value: u64) -> Option<()> {
        self.put(value.to_le_bytes())
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

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.rest.split_first_chunk::<N>()?;
        self.rest = tail;
        Some(*head)
    }

    /// Reads one byte; `None` at the end.
    pub fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(u8::from_le_bytes)
    }

    /// Reads two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    /// Reads four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// Reads eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}
