//! Messages of the programming mode: SOH, command, STX and data if any, ETX, check character.

use crate::control::{ETX, SOH, STX};
use crate::{Bcc, FormFault, put, text};

/// A message of the programming mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Letter and digit of the command, such as `R1`.
    pub command: [u8; 2],
    /// The data behind STX, with their brackets; `None` where there is no STX.
    pub data: Option<&'a str>,
}

impl<'a> Message<'a> {
    /// Ends the session, from either side.
    pub const BREAK: Self = Message { command: *b"B0", data: None };

    /// Reads a message from its SOH to its check character.
    ///
    /// # Errors
    /// [`FormFault::Message`], [`FormFault::Check`], [`FormFault::Summed`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormFault> {
        let fault = FormFault::Message;
        let [SOH, checked @ .., found] = bytes else { return Err(fault) };
        Bcc::of(checked).check(*found)?;
        let [letter, digit, data @ .., ETX] = checked else { return Err(fault) };
        let data = match data {
            [] => None,
            [STX, data @ ..] if data.is_ascii() => Some(text(data)),
            _ => return Err(fault),
        };
        if !letter.is_ascii_uppercase() || !digit.is_ascii_digit() {
            return Err(fault);
        }
        Ok(Self { command: [*letter, *digit], data })
    }

    /// Writes the message to the front of `into` and returns its length.
    ///
    /// # Errors
    /// [`FormFault::Character`] for a control character in the data, [`FormFault::Buffer`].
    pub fn emit(&self, into: &mut [u8]) -> Result<usize, FormFault> {
        match self.data {
            Some(data) => Self::emit_pieces(self.command, &[data], into),
            None => seal(into, &[&[SOH], &self.command, &[ETX]]),
        }
    }

    /// The same with the data in up to four pieces.
    pub(crate) fn emit_pieces(command: [u8; 2], data: &[&str], into: &mut [u8]) -> Result<usize, FormFault> {
        let wrong = |c: &u8| !matches!(*c, b' '..=b'~' | b'\r' | b'\n');
        if let Some(character) = data.iter().find_map(|piece| piece.bytes().find(wrong)) {
            return Err(FormFault::Character(character));
        }
        let piece = |n: usize| data.get(n).map_or(&[][..], |piece| piece.as_bytes());
        seal(into, &[&[SOH], &command, &[STX], piece(0), piece(1), piece(2), piece(3), &[ETX]])
    }
}

/// Writes pieces, the first of which is the uncounted start, and their check character behind them.
pub(crate) fn seal(into: &mut [u8], pieces: &[&[u8]]) -> Result<usize, FormFault> {
    let n = put(into, pieces)?;
    let bcc = Bcc::of(into.get(1..n).unwrap_or_default());
    *into.get_mut(n).ok_or(FormFault::Buffer { needed: n + 1 })? = bcc.value();
    Ok(n + 1)
}

/// Takes data of the form `address(inner)` apart.
pub(crate) fn split(data: &str) -> Option<(&str, &str)> {
    let (address, rest) = data.split_once('(')?;
    Some((address, rest.strip_suffix(')')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_both_ways() {
        for (bytes, command, data) in [
            (b"\x01P0\x02(1234567)\x03\x50".as_slice(), b"P0", Some("(1234567)")),
            (b"\x01P1\x02(0000)\x03\x61", b"P1", Some("(0000)")),
            (b"\x01R1\x021.8.0()\x03\x5A", b"R1", Some("1.8.0()")),
            (b"\x01B0\x03\x71", b"B0", None),
        ] {
            let message = Message { command: *command, data };
            assert_eq!(Message::parse(bytes), Ok(message));
            let mut into = [0; 40];
            let n = message.emit(&mut into).unwrap();
            assert_eq!(&into[..n], bytes);
            assert_eq!(
                message.emit(&mut into[..bytes.len() - 1]),
                Err(FormFault::Buffer { needed: bytes.len() })
            );
        }
    }

    #[test]
    fn what_is_no_message() {
        assert_eq!(Message::parse(b"\x01B0\x03\x70"), Err(FormFault::Check { found: 0x70, expected: 0x71 }));
        assert_eq!(Message::parse(b"\x01B0\x03\x75"), Err(FormFault::Summed));
        assert_eq!(Message::parse(b"\x02B0\x03\x71"), Err(FormFault::Message));
        assert_eq!(Message::parse(b""), Err(FormFault::Message));
        assert_eq!(Message::parse(b"\x01\x03\x03"), Err(FormFault::Message));
        assert_eq!(Message::parse(b"\x01bb\x03\x03"), Err(FormFault::Message));
        let odd = Message { command: *b"W1", data: Some("a(\x03)") };
        assert_eq!(odd.emit(&mut [0; 40]), Err(FormFault::Character(3)));
    }

    #[test]
    fn data_come_apart_at_their_brackets() {
        assert_eq!(split("1018(01)"), Some(("1018", "01")));
        assert_eq!(split("(0000)"), Some(("", "0000")));
        assert_eq!(split("1018"), None);
        assert_eq!(split("1018(01"), None);
    }
}
