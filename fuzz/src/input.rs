//! Bytes read as the steps of a story: numbers, pieces and pauses, never running out.

use std::borrow::Cow;

/// What is left of an input. At its end every number is 0 and every piece empty.
#[derive(Clone, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of `data`.
    #[must_use]
    pub const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// True at the end.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    /// The next so many bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        for (place, byte) in array.iter_mut().zip(self.piece(N)) {
            *place = *byte;
        }
        array
    }

    /// Two bytes, high one first.
    pub fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    /// Four bytes, high one first.
    pub fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.array())
    }

    /// Eight bytes, high one first.
    pub fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.array())
    }

    /// At most `n` bytes.
    pub fn piece(&mut self, n: usize) -> &'a [u8] {
        let (piece, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        piece
    }

    /// A piece whose length stands before it.
    pub fn counted(&mut self) -> &'a [u8] {
        let n = self.byte();
        self.piece(usize::from(n))
    }

    /// One of several, by the next byte. There must be one.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.piece(self.0.len())
    }

    /// All that is left, as text.
    pub fn text(&mut self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.rest())
    }
}

/// `bytes` in pieces as `cuts` says, none longer than its byte and one more.
pub fn chunks<'a>(mut bytes: &'a [u8], cuts: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut cuts = cuts.iter().cycle();
    while !bytes.is_empty() {
        let n = cuts.next().map_or(1, |cut| usize::from(*cut) + 1).min(bytes.len());
        let (piece, rest) = bytes.split_at(n);
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}
