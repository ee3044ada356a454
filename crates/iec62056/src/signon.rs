//! How a session begins: sign-on, identification, option select. All at 300 Bd.

use crate::control::ACK;
use crate::{FormFault, put, text};

/// The most characters of an address in a sign-on.
pub const MAX_ADDRESS: usize = 32;
/// The most characters of the text of an identification.
pub const MAX_TEXT: usize = 16;

/// The speed in Bd a character stands for in mode C, `0` to `6`.
#[must_use]
pub const fn baud_of(character: u8) -> Option<u32> {
    match character {
        b'0'..=b'6' => Some(300 << (character - b'0')),
        _ => None,
    }
}

/// The character of a speed in Bd in mode C.
#[must_use]
pub fn character_of(baud: u32) -> Option<u8> {
    (b'0'..=b'6').find(|character| baud_of(*character) == Some(baud))
}

const fn printable(character: u8) -> bool {
    matches!(character, b' '..=b'~') && !matches!(character, b'/' | b'!')
}

/// The line without its CR LF.
fn line(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_suffix(b"\r\n")
}

/// A head's call: `/?address!` CR LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignOn<'a> {
    /// Whom it calls; empty: anyone.
    pub address: &'a str,
}

impl<'a> SignOn<'a> {
    /// Reads a sign-on from its `/` to its LF.
    ///
    /// # Errors
    /// [`FormFault::SignOn`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormFault> {
        let address = line(bytes)
            .and_then(|line| line.strip_prefix(b"/?"))
            .and_then(|line| line.strip_suffix(b"!"))
            .filter(|address| address.len() <= MAX_ADDRESS && address.iter().all(|c| printable(*c)))
            .ok_or(FormFault::SignOn)?;
        Ok(Self { address: text(address) })
    }

    /// Writes the sign-on to the front of `into` and returns its length.
    ///
    /// # Errors
    /// [`FormFault::SignOn`] for an address that is too long, [`FormFault::Character`], [`FormFault::Buffer`].
    pub fn emit(&self, into: &mut [u8]) -> Result<usize, FormFault> {
        let address = self.address.as_bytes();
        if address.len() > MAX_ADDRESS {
            return Err(FormFault::SignOn);
        }
        if let Some(character) = address.iter().find(|c| !printable(**c)) {
            return Err(FormFault::Character(*character));
        }
        put(into, &[b"/?", address, b"!\r\n"])
    }

    /// True where the device at `own` is called. Leading zeros do not count, no address calls anyone.
    #[must_use]
    pub fn calls(&self, own: &str) -> bool {
        self.address.is_empty() || self.address.trim_start_matches('0') == own.trim_start_matches('0')
    }
}

/// How a device goes on after its identification, by the character of its speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Mode A: it reads out at 300 Bd without being asked.
    A,
    /// Mode B: it reads out without being asked, at this speed in Bd.
    B(u32),
    /// Mode C: it waits for the option select and proposes this speed in Bd. A device of mode D, which sends at
    /// 2400 Bd from the beginning, names `3` as well.
    C(u32),
}

/// A device's answer to a sign-on: `/XXXZtext` CR LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identification<'a> {
    /// The maker's three letters. A small third one: the device turns round within 20 ms instead of 200 ms.
    pub manufacturer: [u8; 3],
    /// The character of the speed.
    pub baud: u8,
    /// What the maker says of the type, at most 16 characters. Pairs of `\` and a character before it name further
    /// abilities and are left in.
    pub text: &'a str,
}

impl<'a> Identification<'a> {
    /// Reads an identification from its `/` to its LF.
    ///
    /// # Errors
    /// [`FormFault::Identification`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormFault> {
        let fault = FormFault::Identification;
        let [b'/', a, b, c, baud, rest @ ..] = line(bytes).ok_or(fault)? else { return Err(fault) };
        let manufacturer = [*a, *b, *c];
        let letters = manufacturer.iter().all(u8::is_ascii_alphabetic);
        // Two characters for each of the pairs that stand before the text.
        let pairs = rest.chunks_exact(2).take_while(|pair| pair.first() == Some(&b'\\')).count();
        let fits = rest.len() <= MAX_TEXT + 2 * pairs && rest.iter().chain([baud]).all(|c| printable(*c));
        if !letters || !fits {
            return Err(fault);
        }
        Ok(Self { manufacturer, baud: *baud, text: text(rest) })
    }

    /// Writes the identification to the front of `into` and returns its length.
    ///
    /// # Errors
    /// [`FormFault::Identification`] where it is none, [`FormFault::Buffer`].
    pub fn emit(&self, into: &mut [u8]) -> Result<usize, FormFault> {
        let n = put(into, &[b"/", &self.manufacturer, &[self.baud], self.text.as_bytes(), b"\r\n"])?;
        Identification::parse(into.get(..n).unwrap_or_default())?;
        Ok(n)
    }

    /// How the device goes on.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        match self.baud {
            b'A'..=b'F' => Mode::B(600 << (self.baud - b'A')),
            character => match baud_of(character) {
                Some(baud) => Mode::C(baud),
                None => Mode::A,
            },
        }
    }

    /// True where the device turns round within 20 ms: its third letter is a small one.
    #[must_use]
    pub const fn is_quick(&self) -> bool {
        let [_, _, third] = self.manufacturer;
        third.is_ascii_lowercase()
    }
}

/// A head's choice: ACK `V Z Y` CR LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionSelect {
    /// V: the protocol; `0` is the normal one.
    pub protocol: u8,
    /// Z: the speed to go on with; `0` stays at 300 Bd.
    pub baud: u8,
    /// Y: `0` reads out, `1` programs.
    pub mode: u8,
}

impl OptionSelect {
    /// Its length in bytes.
    pub const LEN: usize = 6;

    /// Reads an option select from its ACK to its LF.
    ///
    /// # Errors
    /// [`FormFault::OptionSelect`].
    pub const fn parse(bytes: &[u8]) -> Result<Self, FormFault> {
        match *bytes {
            [ACK, protocol, baud, mode, b'\r', b'\n'] => Ok(Self { protocol, baud, mode }),
            _ => Err(FormFault::OptionSelect),
        }
    }

    /// The bytes of it.
    #[must_use]
    pub const fn bytes(self) -> [u8; Self::LEN] {
        [ACK, self.protocol, self.baud, self.mode, b'\r', b'\n']
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_ons_both_ways() {
        for (bytes, address) in [(b"/?!\r\n".as_slice(), ""), (b"/?19020246!\r\n", "19020246")] {
            let sign_on = SignOn { address };
            assert_eq!(SignOn::parse(bytes), Ok(sign_on));
            let mut into = [0; 40];
            let n = sign_on.emit(&mut into).unwrap();
            assert_eq!(&into[..n], bytes);
        }
        for bad in ["/?!\n", "/!\r\n", "?!\r\n", "/?a/b!\r\n", "/?123456789012345678901234567890123!\r\n", ""]
        {
            assert_eq!(SignOn::parse(bad.as_bytes()), Err(FormFault::SignOn), "{bad:?}");
        }
        let mut into = [0; 40];
        assert_eq!(SignOn { address: "1!2" }.emit(&mut into), Err(FormFault::Character(b'!')));
        assert_eq!(SignOn { address: "12" }.emit(&mut [0; 6]), Err(FormFault::Buffer { needed: 7 }));
    }

    #[test]
    fn leading_zeros_do_not_count() {
        let calls = |address, own| SignOn { address }.calls(own);
        assert!(calls("", "19020246"));
        assert!(calls("0019020246", "19020246"));
        assert!(calls("246", "000246"));
        assert!(calls("0", "00000000"));
        assert!(!calls("0", "246"));
        assert!(!calls("9020246", "19020246"));
        assert!(!calls("19020246", ""));
    }

    #[test]
    fn identifications_both_ways() {
        for (bytes, manufacturer, baud, text, mode) in [
            (b"/INM5PRO1-S\r\n".as_slice(), b"INM", b'5', "PRO1-S", Mode::C(9600)),
            (b"/LGz6\\2ZMD3104407.B32\r\n", b"LGz", b'6', "\\2ZMD3104407.B32", Mode::C(19_200)),
            (b"/ABCDx\r\n", b"ABC", b'D', "x", Mode::B(4800)),
            (b"/ABCz\r\n", b"ABC", b'z', "", Mode::A),
            (b"/ABC0\r\n", b"ABC", b'0', "", Mode::C(300)),
        ] {
            let identification = Identification { manufacturer: *manufacturer, baud, text };
            assert_eq!(Identification::parse(bytes), Ok(identification));
            assert_eq!(identification.mode(), mode);
            assert_eq!(identification.is_quick(), manufacturer == b"LGz");
            let mut into = [0; 40];
            let n = identification.emit(&mut into).unwrap();
            assert_eq!(&into[..n], bytes);
        }
        for bad in ["/IN5PRO1\r\n", "/INM\r\n", "/INM5PRO1\n", "/?!\r\n", "/INM512345678901234567\r\n"] {
            assert_eq!(Identification::parse(bad.as_bytes()), Err(FormFault::Identification), "{bad:?}");
        }
        let long = Identification { manufacturer: *b"INM", baud: b'5', text: "12345678901234567" };
        assert_eq!(long.emit(&mut [0; 40]), Err(FormFault::Identification));
    }

    #[test]
    fn speeds_both_ways() {
        let speeds: Vec<_> = (b'0'..=b'9').map(baud_of).collect();
        let [a, b, c, d, e, f, g] = [300, 600, 1200, 2400, 4800, 9600, 19_200].map(Some);
        assert_eq!(speeds, [a, b, c, d, e, f, g, None, None, None]);
        assert_eq!(character_of(9600), Some(b'5'));
        assert_eq!(character_of(38_400), None);
    }

    #[test]
    fn option_selects_both_ways() {
        let option = OptionSelect { protocol: b'0', baud: b'5', mode: b'1' };
        assert_eq!(option.bytes(), *b"\x06051\r\n");
        assert_eq!(OptionSelect::parse(b"\x06051\r\n"), Ok(option));
        assert_eq!(OptionSelect::parse(b"\x06051\n\r"), Err(FormFault::OptionSelect));
    }
}
