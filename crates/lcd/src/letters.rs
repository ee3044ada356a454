//! The fonts of the dot matrix, and text on it.

use core::iter;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::primitives::Rectangle;
use embedded_graphics::text::Baseline;
use embedded_graphics::text::renderer::{TextMetrics, TextRenderer};

use crate::Mono;
use crate::sheet;

/// A font of one size. Its digits are all of one width, so that numbers do not jump.
#[derive(Debug)]
pub struct Font {
    chars: &'static [char],
    widths: &'static [u8],
    rows: &'static [u16],
    /// Rows of a glyph.
    height: u8,
    /// Rows above the base line: the height of capitals and digits.
    ascent: u8,
    /// Pixels between glyphs.
    gap: u8,
    /// Pixels of a blank, beside the gap before it.
    blank: u8,
}

/// A font out of a drawing.
macro_rules! font {
    ($art:literal, ascent: $ascent:literal, gap: $gap:literal, blank: $blank:literal) => {{
        const ART: &str = include_str!($art);
        const SIZE: (usize, usize) = sheet::size(ART);
        static SHEET: sheet::Sheet<{ SIZE.0 }, { SIZE.0 * SIZE.1 }> = sheet::sheet(ART);
        Font {
            chars: &SHEET.chars,
            widths: &SHEET.widths,
            rows: &SHEET.rows,
            height: SIZE.1.to_le_bytes()[0],
            ascent: $ascent,
            gap: $gap,
            blank: $blank,
        }
    }};
}

/// Capitals of 7 pixels with thin strokes: labels.
pub static SMALL: Font = font!("fonts/small.txt", ascent: 7, gap: 1, blank: 3);
/// Capitals of 7 pixels with upright strokes of two: titles, and the line that is chosen.
pub static BOLD: Font = font!("fonts/bold.txt", ascent: 7, gap: 1, blank: 4);
/// Capitals of 11 pixels, strokes of two: units, words in place of values, decimals of energies.
pub static MEDIUM: Font = font!("fonts/medium.txt", ascent: 11, gap: 2, blank: 4);
/// Digits of 15 pixels, strokes of two: energies.
pub static LARGE: Font = font!("fonts/large.txt", ascent: 15, gap: 2, blank: 6);
/// Digits of 20 pixels, strokes of three, with A to F and the Q of quadrants: the one value that is read from afar.
pub static WIDE: Font = font!("fonts/wide.txt", ascent: 20, gap: 2, blank: 8);

/// A glyph that a font has not: what is drawn in its place is a box of this width.
const BOX: u8 = 5;

/// One glyph, ready to be drawn.
#[derive(Clone, Copy)]
struct Glyph {
    width: u8,
    rows: Option<&'static [u16]>,
}

impl Font {
    /// Rows above the base line: the height of its capitals and digits, in pixels.
    #[must_use]
    pub const fn ascent(&self) -> i32 {
        self.ascent as i32
    }

    /// The characters it has, without the blank.
    pub fn chars(&self) -> impl Iterator<Item = char> + '_ {
        self.chars.iter().copied()
    }

    /// The first character of a text that this font cannot show.
    #[must_use]
    pub fn first_missing(&self, text: &str) -> Option<char> {
        text.chars().find(|character| *character != ' ' && self.chars.binary_search(character).is_err())
    }

    fn glyph(&self, character: char) -> Glyph {
        let found = self.chars.binary_search(&character).ok().and_then(|n| {
            let height = usize::from(self.height);
            Some(Glyph { width: *self.widths.get(n)?, rows: self.rows.get(n * height..(n + 1) * height) })
        });
        found.unwrap_or(Glyph { width: BOX, rows: None })
    }

    /// Pixels from one glyph's left edge to the next one's.
    fn advance(&self, character: char) -> i32 {
        if character == ' ' {
            return self.blank.into();
        }
        i32::from(self.glyph(character).width) + i32::from(self.gap)
    }

    /// How many pixels a text is wide, without a gap behind it.
    #[must_use]
    pub fn width(&self, text: &str) -> i32 {
        let wide: i32 = text.chars().map(|character| self.advance(character)).sum();
        if text.is_empty() || text.ends_with(' ') { wide } else { wide - i32::from(self.gap) }
    }

    /// The pixels of a glyph that are dark, its upper left corner at `at`.
    fn pixels(&self, character: char, at: Point) -> impl Iterator<Item = Point> {
        let glyph = self.glyph(character);
        let columns = if character == ' ' { 0 } else { glyph.width };
        let ascent = self.ascent;
        let rows = if glyph.rows.is_some() { self.height } else { ascent };
        iter::successors(Some(0u8), |y| y.checked_add(1)).take_while(move |y| *y < rows).flat_map(move |y| {
            let edge = (1u16 << (columns.max(1) - 1)) | 1;
            let row = match glyph.rows {
                Some(rows) => rows.get(usize::from(y)).copied().unwrap_or(0),
                None if y == 0 || y + 1 == ascent => (1 << columns) - 1,
                None => edge,
            };
            (0..columns).filter(move |x| row >> x & 1 == 1).map(move |x| at + Point::new(x.into(), y.into()))
        })
    }

    /// Draws a line of text, the top of its capitals at `at`, and returns where the next glyph would stand. A
    /// character that the font has not becomes a box.
    ///
    /// # Errors
    /// Those of the target.
    pub fn draw<D: DrawTarget<Color = BinaryColor>>(
        &self,
        text: &str,
        at: Point,
        color: BinaryColor,
        target: &mut D,
    ) -> Result<Point, D::Error> {
        let mut at = at;
        for character in text.chars() {
            target.draw_iter(self.pixels(character, at).map(|point| Pixel(point, color)))?;
            at.x += self.advance(character);
        }
        Ok(at)
    }
}

/// A font with a colour: the style of embedded-graphics' `Text`.
#[derive(Clone, Copy, Debug)]
pub struct Lettering {
    /// The font.
    pub font: &'static Font,
    /// The colour of its strokes; what is between them stays.
    pub color: BinaryColor,
}

impl Lettering {
    fn top(&self, position: Point, baseline: Baseline) -> Point {
        let rise = match baseline {
            Baseline::Top => 0,
            Baseline::Bottom => i32::from(self.font.height) - 1,
            Baseline::Middle => (i32::from(self.font.ascent) - 1) / 2,
            Baseline::Alphabetic => i32::from(self.font.ascent) - 1,
        };
        position - Point::new(0, rise)
    }
}

impl TextRenderer for Lettering {
    type Color = BinaryColor;

    fn draw_string<D>(
        &self,
        text: &str,
        position: Point,
        baseline: Baseline,
        target: &mut D,
    ) -> Result<Point, D::Error>
    where
        D: DrawTarget<Color = BinaryColor>,
    {
        let next = self.font.draw(text, self.top(position, baseline), self.color, target)?;
        Ok(Point::new(next.x, position.y))
    }

    fn draw_whitespace<D>(
        &self,
        width: u32,
        position: Point,
        _: Baseline,
        _: &mut D,
    ) -> Result<Point, D::Error>
    where
        D: DrawTarget<Color = BinaryColor>,
    {
        Ok(Point::new(position.x.saturating_add_unsigned(width), position.y))
    }

    fn measure_string(&self, text: &str, position: Point, baseline: Baseline) -> TextMetrics {
        let width = self.font.width(text);
        let size = Size::new(u32::try_from(width).unwrap_or(0), self.font.height.into());
        TextMetrics {
            bounding_box: Rectangle::new(self.top(position, baseline), size),
            next_position: position + Point::new(width, 0),
        }
    }

    fn line_height(&self) -> u32 {
        u32::from(self.font.height) + 1
    }
}

/// Which side of a text stands at the place that is given for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// Its left edge.
    Left,
    /// Its middle.
    Center,
    /// The pixel behind its right edge.
    Right,
}

impl Mono<'_> {
    /// Writes a line of text, the top of its capitals at `y`.
    pub fn text(&mut self, font: &Font, text: &str, x: i32, y: i32, align: Align, color: BinaryColor) {
        let left = match align {
            Align::Left => x,
            Align::Center => x - font.width(text) / 2,
            Align::Right => x - font.width(text),
        };
        let Ok(_) = font.draw(text, Point::new(left, y), color, self);
    }
}
