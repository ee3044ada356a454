//! [`Conditions`]: what is wrong inside a meter, and [`ErrorDef`]: what it says about it.

use core::ops::{BitOr, BitOrAssign};

/// What is wrong inside a meter, a bit each. The lower eight are those of the memory, in the order of the error byte in
/// the manual of the Ambition 2PU CT, §8.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions(u16);

impl Conditions {
    /// Nothing is wrong.
    pub const NONE: Self = Self(0);
    /// Main and backup copy of the energies are damaged, or cannot be operated (bit 0).
    pub const ENERGY_LOST: Self = Self(1);
    /// The area of the energies' fractions does not take bytes (bit 1).
    pub const MANTISSA_DEAD: Self = Self(1 << 1);
    /// The backup area of the energies does not take bytes (bit 2).
    pub const BACKUP_DEAD: Self = Self(1 << 2);
    /// The main area of the energies does not take bytes (bit 3).
    pub const MAIN_DEAD: Self = Self(1 << 3);
    /// The fractions of the energies were damaged (bit 4).
    pub const MANTISSA_DATA: Self = Self(1 << 4);
    /// The backup copy of the energies was damaged (bit 5).
    pub const BACKUP_DATA: Self = Self(1 << 5);
    /// The main copy of the energies was damaged (bit 6).
    pub const MAIN_DATA: Self = Self(1 << 6);
    /// The memory cannot be brought into use: settings or counters are lost, or cannot be written (bit 7).
    pub const INIT: Self = Self(1 << 7);
    /// The check sum of the program is wrong. No condition of the memory.
    pub const PROGRAM: Self = Self(1 << 8);

    /// All that can be wrong with the memory.
    pub const MEMORY: Self = Self(0xFF);

    /// These conditions and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These conditions without those.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those of these conditions that are among `others`.
    #[must_use]
    pub const fn only(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// True where one of `others` holds.
    #[must_use]
    pub const fn any_of(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// What holds, one by one with a few words for people.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        WORDS.iter().filter(move |(condition, _)| self.any_of(*condition)).map(|(_, words)| *words)
    }
}

const WORDS: &[(Conditions, &str)] = &[
    (Conditions::ENERGY_LOST, "main and backup copy of the energies are lost"),
    (Conditions::MANTISSA_DEAD, "the area of the energies' fractions cannot be operated"),
    (Conditions::BACKUP_DEAD, "the backup area of the energies cannot be operated"),
    (Conditions::MAIN_DEAD, "the main area of the energies cannot be operated"),
    (Conditions::MANTISSA_DATA, "the fractions of the energies were damaged"),
    (Conditions::BACKUP_DATA, "the backup copy of the energies was damaged"),
    (Conditions::MAIN_DATA, "the main copy of the energies was damaged"),
    (Conditions::INIT, "the memory cannot be initialised"),
    (Conditions::PROGRAM, "the check sum of the program is wrong"),
];

impl BitOr for Conditions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

impl BitOrAssign for Conditions {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.and(other);
    }
}

/// An error that a meter shows. Of several that hold, the first of the table is shown, and what joins it.
#[derive(Clone, Copy, Debug)]
pub struct ErrorDef {
    /// Its number.
    pub number: u8,
    /// One of these conditions is enough for it.
    pub when: Conditions,
    /// The meter no longer measures, takes no change and writes nothing, and its display shows the error.
    pub stops: bool,
    /// Its number is a bit, which is told together with those of the others that hold.
    pub joins: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_the_bits_of_the_manual_and_have_words() {
        let all = [
            Conditions::ENERGY_LOST,
            Conditions::MANTISSA_DEAD,
            Conditions::BACKUP_DEAD,
            Conditions::MAIN_DEAD,
            Conditions::MANTISSA_DATA,
            Conditions::BACKUP_DATA,
            Conditions::MAIN_DATA,
            Conditions::INIT,
            Conditions::PROGRAM,
        ];
        for (bit, condition) in all.into_iter().enumerate() {
            assert_eq!(condition.bits(), 1 << bit);
            assert_eq!(condition.words().count(), 1);
        }
        let both = Conditions::MAIN_DATA | Conditions::BACKUP_DATA;
        assert_eq!(both.bits(), 0x60);
        assert!(both.any_of(Conditions::MEMORY) && !both.any_of(Conditions::INIT));
        assert_eq!(both.without(Conditions::MAIN_DATA), Conditions::BACKUP_DATA);
        assert!(!Conditions::PROGRAM.any_of(Conditions::MEMORY));
        assert_eq!(Conditions::NONE.words().count(), 0);
    }
}
