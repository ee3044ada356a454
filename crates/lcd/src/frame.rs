//! Segment memory: which segments are on, which of them blink, and writing text into it.

use core::fmt;
use core::ops::Range;

use schema::{Cell, Dot, SegmentGlass};

use crate::font;

/// The picture on a segment glass: bit n is segment n of the glass, cells from the left, then points, then dots, then the
/// digit of the tariff.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct SegmentFrame {
    /// Segments that are on.
    pub on: u128,
    /// Those of them that go dark in the second part of each blink.
    pub blink: u128,
}

/// A glyph that a position cannot show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlyphFault {
    /// The glyph.
    pub glyph: char,
    /// The position, counted from 0; the number of positions where the text is longer than the glass.
    pub cell: usize,
}

impl fmt::Display for GlyphFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {} cannot show '{}'", self.cell + 1, self.glyph)
    }
}

impl core::error::Error for GlyphFault {}

fn index(n: usize) -> Option<u8> {
    u8::try_from(n).ok().filter(|n| *n < 128)
}

fn base(glass: &SegmentGlass, cell: usize) -> usize {
    glass.cells.iter().take(cell).map(|cell| usize::from(cell.segments())).sum()
}

fn bit(segment: Option<u8>) -> u128 {
    segment.map_or(0, |n| 1 << n)
}

/// The number of a segment of a position counted from 0, its letter from `b'a'`; `None` where there is none.
#[must_use]
pub fn segment(glass: &SegmentGlass, cell: usize, letter: u8) -> Option<u8> {
    let segments = glass.cells.get(cell)?.segments();
    let offset = letter.checked_sub(b'a').filter(|offset| *offset < segments)?;
    index(base(glass, cell) + usize::from(offset))
}

/// The number of the decimal point behind a position counted from 1; `None` where the glass has none there.
#[must_use]
pub fn point(glass: &SegmentGlass, after: u8) -> Option<u8> {
    let place = glass.points.iter().position(|at| *at == after)?;
    index(base(glass, glass.cells.len()) + place)
}

/// The number of a dot; `None` where the glass has none of that meaning.
#[must_use]
pub fn dot(glass: &SegmentGlass, dot: Dot) -> Option<u8> {
    let place = glass.dots.iter().position(|other| *other == dot)?;
    index(base(glass, glass.cells.len()) + glass.points.len() + place)
}

/// Where the segments of the tariff's digit begin; `None` where the glass has none.
fn tariff_base(glass: &SegmentGlass) -> Option<usize> {
    glass.tariff_digit.then(|| base(glass, glass.cells.len()) + glass.points.len() + glass.dots.len())
}

/// All segments of the tariff's digit, and the number of the first; `None` where the glass has none.
pub(crate) fn tariff_segments(glass: &SegmentGlass) -> Option<(u128, u8)> {
    let start = index(tariff_base(glass)?)?;
    Some((((1u128 << Cell::Seven.segments()) - 1) << start, start))
}

/// How many segments the glass has.
#[must_use]
pub fn segment_count(glass: &SegmentGlass) -> usize {
    let tariff = if glass.tariff_digit { usize::from(Cell::Seven.segments()) } else { 0 };
    base(glass, glass.cells.len()) + glass.points.len() + glass.dots.len() + tariff
}

/// A segment as a drawing names it: `1a` for segment a of position 1, `p4` for the point behind position 4, `d1` for
/// the first dot, `ta` for segment a of the tariff's digit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SegmentName {
    /// A bar of a digit.
    Bar {
        /// The position, counted from 1.
        cell: usize,
        /// The letter of the segment.
        letter: char,
    },
    /// A decimal point behind a position counted from 1.
    Point(u8),
    /// A dot, counted from 1.
    Dot(usize),
    /// A bar of the tariff's digit, by its letter.
    Tariff(char),
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bar { cell, letter } => write!(f, "{cell}{letter}"),
            Self::Point(after) => write!(f, "p{after}"),
            Self::Dot(n) => write!(f, "d{n}"),
            Self::Tariff(letter) => write!(f, "t{letter}"),
        }
    }
}

/// The name of a segment; `None` from [`segment_count`] on.
#[must_use]
pub fn segment_name(glass: &SegmentGlass, index: usize) -> Option<SegmentName> {
    let mut rest = index;
    for (n, cell) in glass.cells.iter().enumerate() {
        let segments = usize::from(cell.segments());
        if rest < segments {
            let letter = char::from(b'a' + u8::try_from(rest).ok()?);
            return Some(SegmentName::Bar { cell: n + 1, letter });
        }
        rest -= segments;
    }
    if let Some(after) = glass.points.get(rest) {
        return Some(SegmentName::Point(*after));
    }
    rest -= glass.points.len();
    if rest < glass.dots.len() {
        return Some(SegmentName::Dot(rest + 1));
    }
    rest -= glass.dots.len();
    let letter = u8::try_from(rest).ok().filter(|n| glass.tariff_digit && *n < Cell::Seven.segments())?;
    Some(SegmentName::Tariff(char::from(b'a' + letter)))
}

/// Puts `text` on the glass from `at_cell` on, counted from 0, and returns how many positions it took.
///
/// A `.` lights the point behind the glyph before it and takes no position. What stood on those positions goes.
///
/// # Errors
/// [`GlyphFault`] names the first glyph that its position cannot show, or that finds no position; then the frame is
/// as it was.
pub fn write(
    frame: &mut SegmentFrame,
    glass: &SegmentGlass,
    at_cell: usize,
    text: &str,
) -> Result<usize, GlyphFault> {
    let mut next = *frame;
    let mut cell = at_cell;
    for glyph in text.chars() {
        if glyph == '.' {
            let after = u8::try_from(cell).ok().filter(|_| cell > at_cell);
            let point = after.and_then(|after| point(glass, after)).ok_or(GlyphFault { glyph, cell })?;
            next.on |= 1 << point;
            continue;
        }
        let fault = GlyphFault { glyph, cell };
        let kind: Cell = *glass.cells.get(cell).ok_or(fault)?;
        let shape = font::shape(kind, glyph).ok_or(fault)?;
        let start = segment(glass, cell, b'a').ok_or(fault)?;
        let own = ((1u128 << kind.segments()) - 1) << start | bit(point_behind(glass, cell));
        next.on = next.on & !own | u128::from(shape) << start;
        next.blink &= !own;
        cell += 1;
    }
    *frame = next;
    Ok(cell - at_cell)
}

fn point_behind(glass: &SegmentGlass, cell: usize) -> Option<u8> {
    u8::try_from(cell + 1).ok().and_then(|after| point(glass, after))
}

/// Whether the glass can show `text` from `at_cell` on, counted from 0.
///
/// # Errors
/// [`GlyphFault`] names the first glyph that it cannot show.
pub fn check(glass: &SegmentGlass, at_cell: usize, text: &str) -> Result<usize, GlyphFault> {
    write(&mut SegmentFrame::default(), glass, at_cell, text)
}

/// Lets what is lit on the positions of `range`, counted from 0, blink together with the points behind them.
pub fn blink_cells(frame: &mut SegmentFrame, glass: &SegmentGlass, range: Range<usize>) {
    for cell in range {
        if let (Some(kind), Some(start)) = (glass.cells.get(cell), segment(glass, cell, b'a')) {
            let own = ((1u128 << kind.segments()) - 1) << start | bit(point_behind(glass, cell));
            frame.blink |= frame.on & own;
        }
    }
}

/// Lights a dot, where the glass has it.
pub fn light_dot(frame: &mut SegmentFrame, glass: &SegmentGlass, which: Dot) {
    frame.on |= bit(dot(glass, which));
}

/// Puts a number below 10 on the tariff's digit, where the glass has it.
pub fn write_tariff(frame: &mut SegmentFrame, glass: &SegmentGlass, number: u8) {
    let digit = char::from_digit(number.into(), 10).and_then(|digit| font::shape(Cell::Seven, digit));
    if let (Some((own, start)), Some(shape)) = (tariff_segments(glass), digit) {
        frame.on = frame.on & !own | u128::from(shape) << start;
    }
}

/// What stands on the tariff's digit; `None` where it is dark, or the glass has none.
#[must_use]
pub fn tariff(frame: &SegmentFrame, glass: &SegmentGlass) -> Option<char> {
    let (own, start) = tariff_segments(glass)?;
    let shape = u16::try_from((frame.on & own) >> start).ok().filter(|shape| *shape != 0)?;
    font::SEVEN.iter().find(|(_, other)| *other == shape).map(|(digit, _)| *digit)
}

/// The segments that are seen: all in the first part of a blink, those that do not blink in the second.
#[must_use]
pub const fn visible(frame: SegmentFrame, blink_phase_on: bool) -> u128 {
    if blink_phase_on { frame.on } else { frame.on & !frame.blink }
}
