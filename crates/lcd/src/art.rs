//! A picture of the glass in text, for a terminal and for tests.

use core::fmt::{self, Write as _};

use schema::{Cell, SegmentGlass};

use crate::{SegmentFrame, dot, point, segment, tariff};

/// Each position as five rows: a letter is the segment that is drawn there.
const WIDE: [&str; 5] = [" aaa ", "fijkb", " g h ", "enmlc", " ddd "];
const NARROW: [&str; 5] = [" a ", "f b", " g ", "e c", " d "];

/// A picture of lit segments: a row for the dots, which show their letter, with the tariff's digit at its end, and five
/// rows for the digits, without blanks at the ends of rows.
#[derive(Clone, Copy, Debug)]
pub struct Art<'a> {
    glass: &'a SegmentGlass,
    lit: u128,
}

/// Draws the segments of `lit`, as [`crate::visible`] gives them.
#[must_use]
pub const fn art(glass: &SegmentGlass, lit: u128) -> Art<'_> {
    Art { glass, lit }
}

const fn rows(kind: Cell) -> [&'static str; 5] {
    match kind {
        Cell::Fourteen => WIDE,
        Cell::Seven => NARROW,
    }
}

const fn stroke(letter: u8) -> char {
    match letter {
        b'a' | b'd' | b'g' | b'h' => '-',
        b'i' | b'l' => '\\',
        b'k' | b'n' => '/',
        _ => '|',
    }
}

/// Holds blanks back until something follows them.
struct Row<'a, 'b> {
    out: &'a mut fmt::Formatter<'b>,
    blanks: usize,
}

impl Row<'_, '_> {
    fn put(&mut self, c: char) -> fmt::Result {
        if c == ' ' {
            self.blanks += 1;
            return Ok(());
        }
        for _ in 0..core::mem::take(&mut self.blanks) {
            self.out.write_char(' ')?;
        }
        self.out.write_char(c)
    }

    fn end(&mut self) -> fmt::Result {
        self.blanks = 0;
        self.out.write_char('\n')
    }
}

impl fmt::Display for Art<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lit = |segment: Option<u8>| segment.is_some_and(|n| self.lit >> n & 1 == 1);
        let mut row = Row { out: f, blanks: 0 };
        // The dots stand at equal distances, the first over the first digit, the last over the last.
        let width: usize = self.glass.cells.iter().map(|kind| rows(*kind)[0].len() + 1).sum();
        let gaps = self.glass.dots.len().saturating_sub(1).max(1);
        let mut column = 0;
        for (n, which) in self.glass.dots.iter().enumerate() {
            let at = 1 + n * width.saturating_sub(4) / gaps;
            while column < at {
                row.put(' ')?;
                column += 1;
            }
            row.put(if lit(dot(self.glass, *which)) { which.letter() } else { '.' })?;
            column += 1;
        }
        if self.glass.tariff_digit {
            let frame = SegmentFrame { on: self.lit, blink: 0 };
            row.put(' ')?;
            row.put(tariff(&frame, self.glass).unwrap_or('.'))?;
        }
        row.end()?;
        for line in 0..5 {
            for (cell, kind) in self.glass.cells.iter().enumerate() {
                for letter in rows(*kind).get(line).copied().unwrap_or("").bytes() {
                    let on = letter != b' ' && lit(segment(self.glass, cell, letter));
                    row.put(if on { stroke(letter) } else { ' ' })?;
                }
                let after = u8::try_from(cell + 1).ok().and_then(|after| point(self.glass, after));
                row.put(if line == 4 && lit(after) { '.' } else { ' ' })?;
            }
            row.end()?;
        }
        Ok(())
    }
}
