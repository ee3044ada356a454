//! [`CtRatio`]: what a current transformer makes of a current.

use core::fmt;

/// The ratio of the current transformers in front of a meter: so many ampere on their primary side give 1 A or 5 A at
/// the meter's terminals.
///
/// Behind 5 A the primary current is a multiple of 5 A, so that what it multiplies by is always whole (Ambition manual
/// §7.6.17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CtRatio {
    /// Current on the primary side, in A. Range: 1 to 9999; with 5 A behind it, 5 to 9995 in steps of 5.
    pub primary: u16,
    /// Current at the terminals of the meter, in A: 1 or 5.
    pub secondary: u8,
}

impl CtRatio {
    /// 5/5, at which a meter is born: what flows at the terminals is what is measured.
    pub const UNITY: Self = Self { primary: 5, secondary: 5 };

    /// The ratio of a primary and a secondary current in A, or `None` where there is no such ratio.
    #[must_use]
    pub const fn new(primary: u16, secondary: u8) -> Option<Self> {
        let there = match secondary {
            1 => primary >= 1 && primary <= 9_999,
            5 => primary >= 5 && primary <= 9_995 && primary.is_multiple_of(5),
            _ => false,
        };
        if there { Some(Self { primary, secondary }) } else { None }
    }

    /// The ratio of a value that [`CtRatio::value`] gave, or `None` where no ratio has it.
    #[must_use]
    pub fn from_value(value: i32) -> Option<Self> {
        let (primary, secondary) = (u16::try_from(value / 10).ok()?, u8::try_from(value % 10).ok()?);
        Self::new(primary, secondary)
    }

    /// Both currents as one number: ten times the primary one and the secondary one.
    #[must_use]
    pub const fn value(self) -> i32 {
        self.primary as i32 * 10 + self.secondary as i32
    }

    /// What currents, powers and energies at the terminals are multiplied by. Range: 1 to 9999.
    #[must_use]
    pub const fn factor(self) -> u32 {
        match (self.primary as u32).checked_div(self.secondary as u32) {
            Some(factor) => factor,
            None => 1,
        }
    }
}

impl fmt::Display for CtRatio {
    /// As on a rating plate: `500/5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.primary, self.secondary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ratio_leads_back_from_its_value_and_is_whole() {
        let mut count = 0;
        for ratio in (-20..110_000).filter_map(CtRatio::from_value) {
            assert_eq!(CtRatio::from_value(ratio.value()), Some(ratio));
            assert_eq!(ratio.factor() * u32::from(ratio.secondary), u32::from(ratio.primary));
            assert!((1..=9_999).contains(&ratio.factor()));
            count += 1;
        }
        assert_eq!(count, 9_999 + 9_995 / 5);
    }

    #[test]
    fn what_is_no_ratio_is_none() {
        for (primary, secondary) in
            [(0, 1), (10_000, 1), (0, 5), (4, 5), (7, 5), (9_996, 5), (10_000, 5), (100, 0), (100, 2)]
        {
            assert_eq!(CtRatio::new(primary, secondary), None, "{primary}/{secondary}");
        }
        for value in [0, 1, 5, 75, 52, 99_965, 100_001, -55, i32::MAX, i32::MIN] {
            assert_eq!(CtRatio::from_value(value), None, "{value}");
        }
    }

    #[test]
    fn a_ratio_reads_as_on_its_plate() {
        let ratio = CtRatio::from_value(99_955).unwrap();
        assert_eq!((ratio.to_string().as_str(), ratio.factor()), ("9995/5", 1_999));
        assert_eq!((CtRatio::UNITY.value(), CtRatio::UNITY.factor()), (55, 1));
        assert_eq!(CtRatio::new(9_999, 1).unwrap().factor(), 9_999);
    }
}
