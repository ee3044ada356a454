//! Who speaks: the header of a telegram, a secondary address and the mask that selects by it (EN 13757-3 §6, §11).

use core::fmt;

/// Three letters of a maker, five bits each (EN 13757-3 §6.3.1). INM is 25CD, on the wire CD 25.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Manufacturer(pub u16);

impl Manufacturer {
    /// inepro metering.
    pub const INM: Self = Self(0x25CD);

    /// The code of three capital letters; `None` for anything else.
    #[must_use]
    pub const fn of(letters: [u8; 3]) -> Option<Self> {
        let [a, b, c] = letters;
        if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_uppercase() {
            Some(Self(((a - 64) as u16) << 10 | ((b - 64) as u16) << 5 | (c - 64) as u16))
        } else {
            None
        }
    }

    /// The three letters, or what the five bits make of them in ASCII from `@` on.
    #[must_use]
    pub const fn letters(self) -> [u8; 3] {
        let [high, low] = self.0.to_be_bytes();
        [64 + (high >> 2 & 31), 64 + (high << 3 & 24 | low >> 5), 64 + (low & 31)]
    }
}

impl fmt::Display for Manufacturer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters().iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

/// The secondary address of a meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Identification number, eight BCD digits read as hexadecimal ones: 1307_0001h is the number 13070001.
    pub id: u32,
    /// The maker.
    pub manufacturer: Manufacturer,
    /// Version, also called generation.
    pub version: u8,
    /// Medium, also called device type: 2 is electricity.
    pub medium: u8,
}

impl Identity {
    /// Reads the eight bytes as they stand on the wire.
    #[must_use]
    pub const fn parse(bytes: [u8; 8]) -> Self {
        let [a, b, c, d, m0, m1, version, medium] = bytes;
        Self {
            id: u32::from_le_bytes([a, b, c, d]),
            manufacturer: Manufacturer(u16::from_le_bytes([m0, m1])),
            version,
            medium,
        }
    }

    /// The eight bytes as they stand on the wire.
    #[must_use]
    pub const fn wire(self) -> [u8; 8] {
        let [a, b, c, d] = self.id.to_le_bytes();
        let [m0, m1] = self.manufacturer.0.to_le_bytes();
        [a, b, c, d, m0, m1, self.version, self.medium]
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08X} {} version {} medium {}", self.id, self.manufacturer, self.version, self.medium)
    }
}

/// Selects meters by their secondary address: digit F stands for any digit, byte FF for any byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mask(pub [u8; 8]);

impl Mask {
    /// Every meter.
    pub const ANY: Self = Self([0xFF; 8]);

    /// Exactly this meter, as far as none of its bytes is FF and no digit F.
    #[must_use]
    pub const fn exactly(identity: Identity) -> Self {
        Self(identity.wire())
    }

    /// True where `identity` is among those selected.
    #[must_use]
    pub fn matches(self, identity: Identity) -> bool {
        let [a, b, c, d, rest @ ..] = self.0;
        let id = u32::from_le_bytes([a, b, c, d]);
        // A nibble of all ones becomes a nibble of ones: the digits that do not count.
        let ones = id & id >> 1 & id >> 2 & id >> 3 & 0x1111_1111;
        let any = ones | ones << 1 | ones << 2 | ones << 3;
        let [_, _, _, _, others @ ..] = identity.wire();
        (id ^ identity.id) & !any == 0
            && rest.iter().zip(others).all(|(wanted, own)| *wanted == 0xFF || *wanted == own)
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, m0, m1, version, medium] = self.0;
        write!(f, "{d:02X}{c:02X}{b:02X}{a:02X} {m1:02X}{m0:02X} {version:02X} {medium:02X}")
    }
}

/// The header of a telegram (EN 13757-3 §6): the long one, whose first part is the secondary address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Header {
    /// The secondary address; `None` behind a short header, where the link layer tells who speaks.
    pub identity: Option<Identity>,
    /// Counts the answers, wraps at 255.
    pub access: u8,
    /// Status, 0 for none of its conditions; bit 1 and 0 are application errors.
    pub status: u8,
    /// Signature or configuration, 0 for plain data.
    pub signature: u16,
}

impl Header {
    /// Bytes of a long header.
    pub const LONG: usize = 12;
    /// Bytes of a short header.
    pub const SHORT: usize = 4;

    /// Reads a long header.
    #[must_use]
    pub const fn parse_long(bytes: [u8; Self::LONG]) -> Self {
        let [a, b, c, d, e, f, g, h, access, status, s0, s1] = bytes;
        Self {
            identity: Some(Identity::parse([a, b, c, d, e, f, g, h])),
            access,
            status,
            signature: u16::from_le_bytes([s0, s1]),
        }
    }

    /// Reads a short header.
    #[must_use]
    pub const fn parse_short(bytes: [u8; Self::SHORT]) -> Self {
        let [access, status, s0, s1] = bytes;
        Self { identity: None, access, status, signature: u16::from_le_bytes([s0, s1]) }
    }

    /// The long header as it stands on the wire; without an identity its first eight bytes are 0.
    #[must_use]
    pub fn long(self) -> [u8; Self::LONG] {
        let [a, b, c, d, e, f, g, h] = self.identity.map_or([0; 8], Identity::wire);
        let [s0, s1] = self.signature.to_le_bytes();
        [a, b, c, d, e, f, g, h, self.access, self.status, s0, s1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const METER: Identity =
        Identity { id: 0x1307_0001, manufacturer: Manufacturer::INM, version: 2, medium: 2 };

    #[test]
    fn the_maker_and_the_number_on_the_wire() {
        assert_eq!(METER.wire(), [0x01, 0x00, 0x07, 0x13, 0xCD, 0x25, 0x02, 0x02]);
        assert_eq!(Manufacturer::of(*b"INM"), Some(Manufacturer::INM));
        assert_eq!(Manufacturer::of(*b"inm"), None);
        assert_eq!(METER.to_string(), "13070001 INM version 2 medium 2");
        assert_eq!(Mask::exactly(METER).to_string(), "13070001 25CD 02 02");
    }

    #[test]
    fn wildcards_are_digits_of_the_number_and_whole_bytes_of_the_rest() {
        let with = |bytes: [u8; 8]| Mask(bytes).matches(METER);
        assert!(Mask::ANY.matches(METER) && Mask::exactly(METER).matches(METER));
        assert!(with([0xF1, 0xFF, 0x0F, 0x13, 0xFF, 0xFF, 0xFF, 0xFF]));
        assert!(!with([0xF2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]));
        assert!(with([0xFF, 0xFF, 0xFF, 0xFF, 0xCD, 0xFF, 0xFF, 2]));
        assert!(!with([0xFF, 0xFF, 0xFF, 0xFF, 0xCD, 0x25, 0xF2, 2]), "half a byte is no wildcard");
        assert!(!with([0xFF, 0xFF, 0xFF, 0xFF, 0x25, 0xCD, 0xFF, 2]));
    }

    proptest! {
        #[test]
        fn headers_there_and_back(bytes: [u8; 12], letters in "[A-Z]{3}") {
            prop_assert_eq!(Header::parse_long(bytes).long(), bytes);
            let maker = Manufacturer::of(letters.as_bytes().try_into().unwrap()).unwrap();
            prop_assert_eq!(maker.to_string(), letters);
        }
    }
}
