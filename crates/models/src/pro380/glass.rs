//! The glass of the family: eight digits of seven segments, and a row of signs below them (p. 12).

use schema::{Cell, Dot, GlassDef, SegmentGlass};

/// Eight positions, points after the fifth, sixth and seventh, thirteen signs and the digit of the tariff.
pub const GLASS: GlassDef = GlassDef::Segments(SegmentGlass {
    cells: &[Cell::Seven; 8],
    points: &[5, 6, 7],
    dots: &[
        Dot::Communication,
        Dot::Reverse,
        Dot::Sum,
        Dot::Tariff,
        Dot::Contactor,
        Dot::PowerFactor,
        Dot::Hertz,
        Dot::Kilo,
        Dot::HalfWatt,
        Dot::Volt,
        Dot::Ampere,
        Dot::Var,
        Dot::Hour,
    ],
    tariff_digit: true,
});
