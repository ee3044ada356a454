//! Register words where they stand.

use core::fmt;

#[derive(Clone, Copy)]
enum Source<'a> {
    Wire(&'a [u8]),
    Host(&'a [u16]),
}

/// Register words, either as big-endian pairs where they stand in a frame or as numbers of this machine.
#[derive(Clone, Copy)]
pub struct Words<'a>(Source<'a>);

impl<'a> Words<'a> {
    /// The words in `bytes`, two bytes each, high byte first; an odd last byte is left out.
    #[must_use]
    pub const fn from_wire(bytes: &'a [u8]) -> Self {
        Self(Source::Wire(bytes))
    }

    /// The words in `words`.
    #[must_use]
    pub const fn from_slice(words: &'a [u16]) -> Self {
        Self(Source::Host(words))
    }

    /// How many words there are.
    #[must_use]
    pub const fn len(self) -> usize {
        match self.0 {
            Source::Wire(bytes) => bytes.len() / 2,
            Source::Host(words) => words.len(),
        }
    }

    /// True where there is no word.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Word number `index`, counted from 0.
    #[must_use]
    pub fn get(self, index: usize) -> Option<u16> {
        match self.0 {
            Source::Wire(bytes) => {
                let tail = bytes.get(index.checked_mul(2)?..)?;
                tail.first_chunk::<2>().map(|pair| u16::from_be_bytes(*pair))
            }
            Source::Host(words) => words.get(index).copied(),
        }
    }

    /// The words from first to last.
    #[must_use]
    pub const fn iter(self) -> WireWords<'a> {
        WireWords { words: self, next: 0 }
    }

    pub(super) fn emit(self, out: &mut [u8]) {
        for (pair, word) in out.chunks_exact_mut(2).zip(self.iter()) {
            pair.copy_from_slice(&word.to_be_bytes());
        }
    }
}

impl<'a> IntoIterator for Words<'a> {
    type Item = u16;
    type IntoIter = WireWords<'a>;
    fn into_iter(self) -> WireWords<'a> {
        self.iter()
    }
}

impl PartialEq for Words<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Words<'_> {}

impl fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, word) in self.iter().enumerate() {
            write!(f, "{}{word:04X}", if i == 0 { "" } else { " " })?;
        }
        f.write_str("]")
    }
}

/// The words of a [`Words`], first to last.
#[derive(Clone, Debug)]
pub struct WireWords<'a> {
    words: Words<'a>,
    next: usize,
}

impl Iterator for WireWords<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some(word)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.words.len().saturating_sub(self.next);
        (left, Some(left))
    }
}

impl ExactSizeIterator for WireWords<'_> {}
