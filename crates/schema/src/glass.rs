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

/// A round dot above the digits, and what it says when it is lit.
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
}

impl Dot {
    /// The letter that stands for it in text: `R`, `Q`, `T` or `C`.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Reverse => 'R',
            Self::Reactive => 'Q',
            Self::Tariff2 => 'T',
            Self::Communication => 'C',
        }
    }
}

/// A glass of digits. Its segments are numbered cell by cell from the left, then the points, then the dots.
#[derive(Clone, Copy, Debug)]
pub struct SegmentGlass {
    /// The positions from the left.
    pub cells: &'static [Cell],
    /// After which positions, counted from 1, a decimal point stands.
    pub points: &'static [u8],
    /// The dots from the left.
    pub dots: &'static [Dot],
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
