//! What stands behind a tariff device.

use core::fmt;

/// The source does not do what was asked, with the number of the reason: the answer is `(ERRnn)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(
    /// 0 to 99; its last two digits are sent.
    pub u8,
);

impl Refused {
    /// The answer to the head.
    #[must_use]
    pub const fn text(self) -> [u8; 7] {
        [b'(', b'E', b'R', b'R', b'0' + self.0 / 10 % 10, b'0' + self.0 % 10, b')']
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the meter refuses with error {:02}", self.0)
    }
}

impl core::error::Error for Refused {}

/// What a [`super::TariffDevice`] tells and what it can be told.
///
/// Text is written to the front of the buffer that is handed in, in printable seven-bit characters, and its length
/// returned; what is longer than the buffer is cut off.
pub trait ObisSource {
    /// The maker's three letters; a small third one promises to turn round within 20 ms.
    fn manufacturer(&self) -> [u8; 3];

    /// The character of the speed the device proposes, see [`crate::signon::baud_of`].
    fn baud(&self) -> u8;

    /// Writes the text of the identification, at most 16 characters without `/` and `!`.
    fn identification(&self, into: &mut [u8]) -> usize;

    /// Writes the address of the device, at most 32 characters. Without one it answers to no address only.
    fn address(&self, into: &mut [u8]) -> usize;

    /// Writes the operand of the demand for a password (P0), without its brackets.
    fn operand(&self, into: &mut [u8]) -> usize {
        self.address(into)
    }

    /// Writes line `index` of the read-out without its CR LF, such as `1.8.0(001234.56*kWh)`, at most
    /// [`crate::MAX_LINE`] bytes; `None` where there are no more.
    fn line(&self, index: u16, into: &mut [u8]) -> Option<usize>;

    /// Says whether `password` opens the device for writing (P1).
    fn unlock(&mut self, password: &str) -> bool;

    /// Answers R1: writes the data set, such as `1.8.0(001234.56*kWh)` or `(19020246)`.
    ///
    /// # Errors
    /// [`Refused`]: there is nothing at `address`, or it cannot be read so, or not before the password.
    fn read(
        &mut self,
        address: &str,
        operand: &str,
        unlocked: bool,
        into: &mut [u8],
    ) -> Result<usize, Refused>;

    /// Does W1.
    ///
    /// # Errors
    /// [`Refused`]: nothing was changed, since there is nothing at `address`, or it takes no such value, or not
    /// before the password.
    fn write(&mut self, address: &str, value: &str, unlocked: bool) -> Result<(), Refused>;
}
