//! The glass of the family: six slanted digits, the two at the left with fourteen segments, and four dots above.

use schema::{Cell, Dot, GlassDef, SegmentGlass};

/// Six positions, points after the fourth and the fifth, four dots (§7.4, §7.5).
pub const GLASS: GlassDef = GlassDef::Segments(SegmentGlass {
    cells: &[Cell::Fourteen, Cell::Fourteen, Cell::Seven, Cell::Seven, Cell::Seven, Cell::Seven],
    points: &[4, 5],
    dots: &[Dot::Reverse, Dot::Reactive, Dot::Tariff2, Dot::Communication],
    tariff_digit: false,
});
