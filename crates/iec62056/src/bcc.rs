//! The block check character: the exclusive or of all characters behind the first SOH or STX, ETX or EOT included.

use crate::FormFault;

/// A block check character in the making, with the sum that some makes send in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bcc {
    xor: u8,
    sum: u8,
}

impl Bcc {
    /// Takes one character in; bit 7 does not count.
    pub const fn add(&mut self, character: u8) {
        self.xor ^= character & 0x7F;
        self.sum = self.sum.wrapping_add(character) & 0x7F;
    }

    /// Of all of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut bcc = Self::default();
        for byte in bytes {
            bcc.add(*byte);
        }
        bcc
    }

    /// The check character.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.xor
    }

    /// Compares with the check character that was received.
    ///
    /// # Errors
    /// [`FormFault::Summed`] where it is the sum modulo 128, otherwise [`FormFault::Check`].
    pub const fn check(self, found: u8) -> Result<(), FormFault> {
        let found = found & 0x7F;
        if found == self.xor {
            Ok(())
        } else if found == self.sum {
            Err(FormFault::Summed)
        } else {
            Err(FormFault::Check { found, expected: self.xor })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        for (bytes, value) in [
            (b"P0\x02(1234567)\x03".as_slice(), 0x50),
            (b"P1\x02(0000)\x03", 0x61),
            (b"R1\x021.8.0()\x03", 0x5A),
            (b"B0\x03", 0x71),
            (b"1.8.0(001234.56*kWh)\x03", 0x6C),
        ] {
            assert_eq!(Bcc::of(bytes).value(), value, "{}", bytes.escape_ascii());
            let parity: Vec<u8> = bytes.iter().map(|b| b | 0x80).collect();
            assert_eq!(Bcc::of(&parity).check(value | 0x80), Ok(()));
        }
    }

    #[test]
    fn a_sum_is_named_and_never_right() {
        // 'B' + '0' + ETX = 42 + 30 + 03 = 75.
        assert_eq!(Bcc::of(b"B0\x03").check(0x75), Err(FormFault::Summed));
        assert_eq!(Bcc::of(b"B0\x03").check(0x70), Err(FormFault::Check { found: 0x70, expected: 0x71 }));
    }
}
