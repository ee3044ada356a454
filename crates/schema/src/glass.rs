//! What a display can show: positions, points and dots of a segment glass, or the dots of a matrix.

use crate::MatrixGlass;

/// One position of a segment glass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Fourteen segments, `a` to `n`: letters and digits.
    Fourteen,
    /// Seven segments, `a` to `g`: digits and some letters.
    Seven,
}

impl Cell {
    /// How many segments the position has.
    #[must_use]
    pub const fn segments(self) -> u8 {
        match self {
            Self::Fourteen => 14,
            Self::Seven => 7,
        }
    }
}

/// A sign beside the digits, a round dot or a drawn one, and what it says when it is lit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dot {
    /// The value shown is a reverse one.
    Reverse,
    /// The value shown is a reactive energy.
    Reactive,
    /// Tariff 2: counting now, or of the value shown.
    Tariff2,
    /// The meter has just answered on its bus.
    Communication,
    /// The value shown is a total, as the combination code makes it.
    Sum,
    /// The number behind it is that of the tariff whose value is shown.
    Tariff,
    /// A switch in the line.
    Contactor,
    /// The value shown is a power factor.
    PowerFactor,
    /// Hz.
    Hertz,
    /// k, in front of another unit.
    Kilo,
    /// The left half of a W that is drawn as two V; [`Dot::Volt`] is the right one.
    HalfWatt,
    /// V, alone or as part of W and VA.
    Volt,
    /// A.
    Ampere,
    /// var.
    Var,
    /// h, behind another unit.
    Hour,
}

impl Dot {
    /// The letter that stands for it in text. It is the only one of its kind on a glass.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Reverse => 'R',
            Self::Reactive => 'Q',
            Self::Tariff2 => 'T',
            Self::Communication => 'C',
            Self::Sum => 'S',
            Self::Tariff => 'T',
            Self::Contactor => 'O',
            Self::PowerFactor => 'P',
            Self::Hertz => 'Z',
            Self::Kilo => 'k',
            Self::HalfWatt => 'W',
            Self::Volt => 'V',
            Self::Ampere => 'A',
            Self::Var => 'r',
            Self::Hour => 'h',
        }
    }
}

/// A glass of digits. Its segments are numbered cell by cell from the left, then the points, then the dots, then those of
/// the tariff's digit.
#[derive(Clone, Copy, Debug)]
pub struct SegmentGlass {
    /// The positions from the left.
    pub cells: &'static [Cell],
    /// After which positions, counted from 1, a decimal point stands.
    pub points: &'static [u8],
    /// The dots from the left.
    pub dots: &'static [Dot],
    /// A small digit of seven segments stands behind [`Dot::Tariff`], with the number of the tariff.
    pub tariff_digit: bool,
}

/// The display of a meter.
#[derive(Clone, Copy, Debug)]
pub enum GlassDef {
    /// Digits made of segments.
    Segments(SegmentGlass),
    /// Dots.
    Matrix(MatrixGlass),
}

impl GlassDef {
    /// The positions of a segment glass, `None` on a meter with a dot matrix.
    #[must_use]
    pub const fn segments(&self) -> Option<&SegmentGlass> {
        match self {
            Self::Segments(glass) => Some(glass),
            Self::Matrix(_) => None,
        }
    }
}
