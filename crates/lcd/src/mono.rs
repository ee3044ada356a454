//! The picture on a dot-matrix glass: one bit a pixel, in borrowed memory.

use core::convert::Infallible;
use core::fmt::{self, Write as _};

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::primitives::Rectangle;

/// A picture of dark and light pixels; everything of embedded-graphics draws on it, `BinaryColor::On` being dark.
///
/// Rows stand one after the other from the top, a byte holds eight pixels, the leftmost in its highest bit: as in PNG
/// and PBM. What is drawn outside the glass is left out.
#[derive(PartialEq, Eq, Debug)]
pub struct Mono<'a> {
    width: u16,
    height: u16,
    bits: &'a mut [u8],
}

impl<'a> Mono<'a> {
    /// How many bytes a glass of this size takes.
    #[must_use]
    pub const fn bytes(width: u16, height: u16) -> usize {
        width as usize / 8 * height as usize
    }

    /// A picture over `bits`, which keep what stands in them; `None` where the width is no multiple of eight, as the
    /// columns of display controllers are, or the memory is smaller than [`Mono::bytes`].
    #[must_use]
    pub fn new(width: u16, height: u16, bits: &'a mut [u8]) -> Option<Self> {
        if !width.is_multiple_of(8) {
            return None;
        }
        let bits = bits.get_mut(..Self::bytes(width, height))?;
        Some(Self { width, height, bits })
    }

    /// Pixels from left to right.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Pixels from top to bottom.
    #[must_use]
    pub const fn height(&self) -> u16 {
        self.height
    }

    /// All pixels, row after row.
    #[must_use]
    pub const fn bits(&self) -> &[u8] {
        self.bits
    }

    /// The byte of a pixel and its bit there; `None` outside the glass.
    fn place(&self, x: i32, y: i32) -> Option<(usize, u8)> {
        let x = u16::try_from(x).ok().filter(|x| *x < self.width)?;
        let y = u16::try_from(y).ok().filter(|y| *y < self.height)?;
        let byte = usize::from(y) * usize::from(self.width / 8) + usize::from(x / 8);
        Some((byte, 0x80 >> (x % 8)))
    }

    /// Whether a pixel is dark; outside the glass none is.
    #[must_use]
    pub fn get(&self, x: i32, y: i32) -> bool {
        self.place(x, y).and_then(|(byte, bit)| Some(self.bits.get(byte)? & bit != 0)).unwrap_or(false)
    }

    /// Makes a pixel dark or light.
    pub fn set(&mut self, x: i32, y: i32, color: BinaryColor) {
        if let Some((byte, bit)) = self.place(x, y)
            && let Some(byte) = self.bits.get_mut(byte)
        {
            *byte = if color.is_on() { *byte | bit } else { *byte & !bit };
        }
    }

    /// Makes all pixels of a rectangle dark or light.
    pub fn fill(&mut self, x: i32, y: i32, width: u16, height: u16, color: BinaryColor) {
        let area = Rectangle::new(Point::new(x, y), Size::new(width.into(), height.into()));
        let Ok(()) = self.fill_solid(&area, color);
    }

    /// Makes all pixels light.
    pub fn wipe(&mut self) {
        self.bits.fill(0);
    }

    /// Turns the picture upside down, as on a meter that hangs the other way round.
    pub fn rotate_180(&mut self) {
        self.bits.reverse();
        for byte in self.bits.iter_mut() {
            *byte = byte.reverse_bits();
        }
    }
}

impl OriginDimensions for Mono<'_> {
    fn size(&self) -> Size {
        Size::new(self.width.into(), self.height.into())
    }
}

impl DrawTarget for Mono<'_> {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<BinaryColor>>,
    {
        for Pixel(at, color) in pixels {
            self.set(at.x, at.y, color);
        }
        Ok(())
    }

    fn fill_solid(&mut self, area: &Rectangle, color: BinaryColor) -> Result<(), Infallible> {
        let within = |from: i32, length: u32, limit: u16| {
            let end = from.saturating_add_unsigned(length).clamp(0, i32::from(limit));
            let [start, end] = [from.clamp(0, end), end].map(|n| usize::try_from(n).unwrap_or(0));
            start..end
        };
        let columns = within(area.top_left.x, area.size.width, self.width);
        let rows = within(area.top_left.y, area.size.height, self.height);
        let stride = usize::from(self.width / 8).max(1);
        for row in self.bits.chunks_exact_mut(stride).take(rows.end).skip(rows.start) {
            for (n, byte) in row.iter_mut().enumerate().take(columns.end.div_ceil(8)).skip(columns.start / 8)
            {
                let first = columns.start.saturating_sub(n * 8);
                let kept = 8usize.saturating_sub(columns.end.saturating_sub(n * 8));
                let bits = (0xFF >> first) & (0xFFu16 << kept).to_le_bytes()[0];
                *byte = if color.is_on() { *byte | bits } else { *byte & !bits };
            }
        }
        Ok(())
    }

    fn clear(&mut self, color: BinaryColor) -> Result<(), Infallible> {
        self.bits.fill(if color.is_on() { 0xFF } else { 0 });
        Ok(())
    }
}

/// The picture in half blocks, two rows of pixels a line, without blanks at the ends of lines: in the letters of a
/// terminal, which are twice as high as wide, it keeps its proportions.
impl fmt::Display for Mono<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for y in (0..i32::from(self.height)).step_by(2) {
            let mut blanks = 0;
            for x in 0..i32::from(self.width) {
                let block = match (self.get(x, y), self.get(x, y + 1)) {
                    (false, false) => {
                        blanks += 1;
                        continue;
                    }
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (true, true) => '█',
                };
                for _ in 0..core::mem::take(&mut blanks) {
                    f.write_char(' ')?;
                }
                f.write_char(block)?;
            }
            f.write_char('\n')?;
        }
        Ok(())
    }
}
