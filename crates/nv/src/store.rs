//! The memory itself: bytes that stay.

use core::fmt;

/// Why bytes could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NvError {
    /// The place lies outside the memory, or a slice has the wrong length.
    OutOfRange,
    /// The memory did not take the bytes: the supply is gone, or it is worn out.
    NotTaken,
}

impl fmt::Display for NvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfRange => "the place lies outside the memory",
            Self::NotTaken => "the memory did not take the bytes",
        })
    }
}

impl core::error::Error for NvError {}

/// Bytes that stay without supply. Never written, they read `FFh`. Writing goes on byte by byte, from the first.
pub trait Nv {
    /// Size in bytes.
    fn len(&self) -> usize;

    /// True for a memory without a byte.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads `into.len()` bytes from `at` on.
    ///
    /// # Errors
    /// [`NvError::OutOfRange`] where they do not all lie within the memory; `into` is not changed then.
    fn read(&self, at: usize, into: &mut [u8]) -> Result<(), NvError>;

    /// Writes `bytes` from `at` on.
    ///
    /// # Errors
    /// [`NvError::OutOfRange`] where they do not all lie within the memory, nothing is written then;
    /// [`NvError::NotTaken`] where the supply went: some bytes may be written then.
    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), NvError>;
}

impl<M: Nv> Nv for &mut M {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn read(&self, at: usize, into: &mut [u8]) -> Result<(), NvError> {
        (**self).read(at, into)
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), NvError> {
        (**self).write(at, bytes)
    }
}

/// `N` bytes of ordinary memory that play a non-volatile one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RamNv<const N: usize>([u8; N]);

impl<const N: usize> RamNv<N> {
    /// Blank memory.
    #[must_use]
    pub const fn new() -> Self {
        Self([0xFF; N])
    }

    /// Memory with these bytes in it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The bytes, to damage them on purpose.
    pub fn bytes_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> Default for RamNv<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Nv for RamNv<N> {
    fn len(&self) -> usize {
        N
    }

    fn read(&self, at: usize, into: &mut [u8]) -> Result<(), NvError> {
        let end = at.checked_add(into.len()).ok_or(NvError::OutOfRange)?;
        into.copy_from_slice(self.0.get(at..end).ok_or(NvError::OutOfRange)?);
        Ok(())
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), NvError> {
        let end = at.checked_add(bytes.len()).ok_or(NvError::OutOfRange)?;
        self.0.get_mut(at..end).ok_or(NvError::OutOfRange)?.copy_from_slice(bytes);
        Ok(())
    }
}

/// A memory whose supply goes after so many more written bytes: for tests of what a restart finds.
#[derive(Clone, Debug)]
pub struct CutNv<M> {
    inner: M,
    bytes_left: usize,
}

impl<M: Nv> CutNv<M> {
    /// `inner`, which takes `bytes_left` more bytes.
    pub fn new(inner: M, bytes_left: usize) -> Self {
        Self { inner, bytes_left }
    }

    /// True once the supply has gone.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.bytes_left == 0
    }

    /// The memory as the restart finds it.
    #[must_use]
    pub fn into_inner(self) -> M {
        self.inner
    }
}

impl<M: Nv> Nv for CutNv<M> {
    fn len(&self) -> usize {
        self.inner.len()
    }

    fn read(&self, at: usize, into: &mut [u8]) -> Result<(), NvError> {
        self.inner.read(at, into)
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), NvError> {
        let taken = bytes.len().min(self.bytes_left);
        self.inner.write(at, bytes.get(..taken).unwrap_or_default())?;
        self.bytes_left -= taken;
        if taken < bytes.len() { Err(NvError::NotTaken) } else { Ok(()) }
    }
}
