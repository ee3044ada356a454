//! Reading a frame back: as characters for people, and as shapes for a comparison.

use core::fmt::{self, Write as _};

use schema::{Cell, SegmentGlass};

use crate::frame::tariff_segments;
use crate::{SegmentFrame, dot, font, point, segment, tariff, write};

/// The most positions that [`glyphs`] reads.
pub const MAX_CELLS: usize = 16;

/// What stands on the digits, read back through the font; written with its points and blanks.
///
/// Some glyphs share a shape. It is read as the digit, except where the neighbourhood speaks for a letter: S instead
/// of 5 beside a letter or where the last position is blank (numbers stand at the right), I instead of 1 before a letter other than F and r, O instead of 0 before a letter that is no hexadecimal digit.
/// A shape that is no glyph is read as `?`. To compare, use [`matches()`]: it does not guess.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Glyphs {
    glyphs: [char; MAX_CELLS],
    points: u32,
    len: usize,
}

impl Glyphs {
    /// The characters without the points, from the left.
    pub fn chars(&self) -> impl Iterator<Item = char> + '_ {
        self.glyphs.iter().copied().take(self.len)
    }
}

impl fmt::Display for Glyphs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, glyph) in self.chars().enumerate() {
            f.write_char(glyph)?;
            if self.points >> n & 1 == 1 {
                f.write_char('.')?;
            }
        }
        Ok(())
    }
}

fn lit(frame: &SegmentFrame, glass: &SegmentGlass, cell: usize, kind: Cell) -> u16 {
    let shift = segment(glass, cell, b'a').unwrap_or(127);
    let mask = (1u128 << kind.segments()) - 1;
    u16::try_from(frame.on >> shift & mask).unwrap_or(0)
}

/// Whether a glyph is the letter of a shape that is a digit too.
const fn letter_twin(digit: char, kind: Cell) -> Option<char> {
    match (digit, kind) {
        ('0', _) => Some('O'),
        ('5', _) => Some('S'),
        ('1', Cell::Seven) => Some('I'),
        _ => None,
    }
}

/// Reads what stands on the digits, blinking or not.
#[must_use]
pub fn glyphs(frame: &SegmentFrame, glass: &SegmentGlass) -> Glyphs {
    let mut read = Glyphs { glyphs: [' '; MAX_CELLS], points: 0, len: glass.cells.len().min(MAX_CELLS) };
    for (n, (kind, out)) in glass.cells.iter().zip(read.glyphs.iter_mut()).enumerate() {
        let shape = lit(frame, glass, n, *kind);
        *out = font::table(*kind).iter().find(|(_, other)| *other == shape).map_or('?', |(glyph, _)| *glyph);
        let behind = u8::try_from(n + 1).ok().and_then(|after| point(glass, after));
        if behind.is_some_and(|point| frame.on >> point & 1 == 1) {
            read.points |= 1 << n;
        }
    }
    let word = read.chars().last() == Some(' ');
    // From right to left, so that a letter found here speaks for the one before it.
    for n in (0..read.len).rev() {
        let at = |n: Option<usize>| n.and_then(|n| read.glyphs.get(n)).copied().unwrap_or(' ');
        let (left, here, right) = (at(n.checked_sub(1)), at(Some(n)), at(Some(n + 1)));
        let Some(letter) = glass.cells.get(n).and_then(|kind| letter_twin(here, *kind)) else { continue };
        let is_letter = match letter {
            'S' => word || left.is_ascii_alphabetic() || right.is_ascii_alphabetic(),
            // `1F` and `1r` are a phase and its direction.
            'I' => right.is_ascii_alphabetic() && !matches!(right, 'F' | 'r'),
            _ => right.is_ascii_alphabetic() && !right.is_ascii_hexdigit(),
        };
        if let Some(out) = read.glyphs.get_mut(n).filter(|_| is_letter) {
            *out = letter;
        }
    }
    read
}

/// True where the digits show exactly `text`, compared by its segments: `0` and `O` are the same. A text shorter than
/// the glass stands at the left before blanks; one that the glass cannot show is never there.
#[must_use]
pub fn matches(frame: &SegmentFrame, glass: &SegmentGlass, text: &str) -> bool {
    let mut expected = SegmentFrame::default();
    if write(&mut expected, glass, 0, text).is_err() {
        return false;
    }
    let dots = glass.dots.iter().filter_map(|which| dot(glass, *which)).fold(0u128, |mask, n| mask | 1 << n);
    let beside = dots | tariff_segments(glass).map_or(0, |(own, _)| own);
    frame.on & !beside == expected.on
}

/// The dots as text: the letter of each lit one, `-` for the others, such as `R-T-`; behind them the tariff's digit, or
/// `-`, where the glass has one.
#[derive(Clone, Copy, Debug)]
pub struct Dots<'a> {
    frame: SegmentFrame,
    glass: &'a SegmentGlass,
}

impl fmt::Display for Dots<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for which in self.glass.dots {
            let on = dot(self.glass, *which).is_some_and(|n| self.frame.on >> n & 1 == 1);
            f.write_char(if on { which.letter() } else { '-' })?;
        }
        if self.glass.tariff_digit {
            f.write_char(tariff(&self.frame, self.glass).unwrap_or('-'))?;
        }
        Ok(())
    }
}

/// The dots of a frame, to be written.
#[must_use]
pub const fn dots<'a>(frame: &SegmentFrame, glass: &'a SegmentGlass) -> Dots<'a> {
    Dots { frame: *frame, glass }
}
