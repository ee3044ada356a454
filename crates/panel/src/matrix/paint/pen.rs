//! What the screens are drawn with: text that must find room, numbers, frames.

use core::fmt::{self, Write as _};

use lcd::icons::Icon;
use lcd::{Align, BOLD, BinaryColor, Font, LARGE, MEDIUM, Mono, SMALL, WIDE};

use units::{Unit, decimal};

use crate::matrix::Figure;

/// Dark on light.
pub const ON: BinaryColor = BinaryColor::On;
/// Light on dark.
pub const OFF: BinaryColor = BinaryColor::Off;

/// Letters of the longest text.
const LETTERS: usize = 48;

/// A text of the face, written out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Line {
    bytes: [u8; LETTERS],
    len: usize,
}

impl Line {
    /// `what`, written out.
    pub fn of(what: impl fmt::Display) -> Self {
        let mut line = Self { bytes: [0; LETTERS], len: 0 };
        let _ = write!(line, "{what}");
        line
    }

    pub fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

impl fmt::Write for Line {
    // What is longer than the longest line does not fit the glass either, which the drawing of it finds.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let end = self.len + character.len_utf8();
            if let Some(room) = self.bytes.get_mut(self.len..end) {
                character.encode_utf8(room);
                self.len = end;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A text that the glass cannot show where it belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unfit {
    text: Line,
    /// The character that its font has not; `None` where it is only too long.
    pub character: Option<char>,
    /// Pixels that there are for it.
    pub room: i32,
}

impl Unfit {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_str()
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.character {
            Some(character) => write!(f, "\"{}\": the font has no '{character}'", self.text()),
            None => write!(f, "\"{}\" finds no room in {} pixels", self.text(), self.room),
        }
    }
}

impl core::error::Error for Unfit {}

/// How a figure is set: what stands in front of the point, what stands behind it, and the unit.
#[derive(Clone, Copy)]
pub struct Setting {
    whole: &'static Font,
    rest: &'static Font,
    unit: &'static Font,
}

/// From the largest to the smallest. Energies have small decimals, as on mechanical registers.
pub const SETTINGS: [Setting; 6] = [
    Setting { whole: &WIDE, rest: &WIDE, unit: &MEDIUM },
    Setting { whole: &LARGE, rest: &MEDIUM, unit: &MEDIUM },
    Setting { whole: &LARGE, rest: &MEDIUM, unit: &SMALL },
    Setting { whole: &MEDIUM, rest: &MEDIUM, unit: &MEDIUM },
    Setting { whole: &MEDIUM, rest: &MEDIUM, unit: &SMALL },
    Setting { whole: &BOLD, rest: &BOLD, unit: &BOLD },
];

/// Pixels between a figure and its unit.
const BEFORE_UNIT: i32 = 4;

impl Setting {
    /// The height of its digits.
    pub const fn ascent(&self) -> i32 {
        self.whole.ascent()
    }

    /// How wide a number is, without a unit.
    pub fn number_width(&self, text: &str) -> i32 {
        match text.split_once('.') {
            Some((whole, rest)) => {
                // A point and the gap behind it are as wide as the point twice, in any of the fonts.
                self.whole.width(whole) + 3 * self.whole.width(".") + self.rest.width(rest)
            }
            None => self.whole.width(text),
        }
    }

    /// How wide a number is with its unit.
    pub fn width(&self, text: &str, unit: &str) -> i32 {
        let behind = if unit.is_empty() { 0 } else { BEFORE_UNIT + self.unit.width(unit) };
        self.number_width(text) + behind
    }

    fn can_show(&self, text: &str, unit: &str) -> bool {
        self.whole.first_missing(text).is_none()
            && self.rest.first_missing(text).is_none()
            && self.unit.first_missing(unit).is_none()
    }
}

/// The glass under the pen, and the first text that did not fit.
pub struct Pen<'p, 'm> {
    pub mono: &'p mut Mono<'m>,
    pub unfit: Option<Unfit>,
}

impl Pen<'_, '_> {
    pub fn complain(&mut self, text: &str, character: Option<char>, room: i32) {
        if self.unfit.is_none() {
            self.unfit = Some(Unfit { text: Line::of(text), character, room });
        }
    }

    /// Writes a text that has `room` pixels, the top of its capitals at `y`.
    #[allow(clippy::too_many_arguments, reason = "a text, its font, its place, its room and its colour")]
    pub fn text(
        &mut self,
        font: &Font,
        text: &str,
        x: i32,
        y: i32,
        align: Align,
        room: i32,
        color: BinaryColor,
    ) {
        let missing = font.first_missing(text);
        if missing.is_some() || font.width(text) > room {
            self.complain(text, missing, room);
        }
        self.mono.text(font, text, x, y, align, color);
    }

    /// Writes a text in the first of `fonts` that has room for it, the middle of its capitals at `y`.
    #[allow(clippy::too_many_arguments, reason = "a text, its fonts, its place, its room and its colour")]
    pub fn fitting(
        &mut self,
        fonts: &[&'static Font],
        text: &str,
        x: i32,
        y: i32,
        align: Align,
        room: i32,
        color: BinaryColor,
    ) {
        let fits = |font: &&&Font| font.first_missing(text).is_none() && font.width(text) <= room;
        if let Some(font) = fonts.iter().find(fits).or(fonts.last()) {
            self.text(font, text, x, y - font.ascent() / 2, align, room, color);
        }
    }

    /// The largest setting in which a figure has room, of those that are at most `highest` pixels high.
    pub fn setting(&self, text: &str, unit: &str, room: i32, highest: i32) -> Setting {
        let fits = |setting: &&Setting| {
            setting.ascent() <= highest && setting.can_show(text, unit) && setting.width(text, unit) <= room
        };
        *SETTINGS.iter().find(fits).unwrap_or(&Setting { whole: &SMALL, rest: &SMALL, unit: &SMALL })
    }

    /// Writes a number and its unit, the number's left edge at `x`, the base line under `y`.
    pub fn number(&mut self, setting: Setting, text: &str, unit: &str, x: i32, y: i32, room: i32) {
        if !setting.can_show(text, unit) || setting.width(text, unit) > room {
            let missing = setting.whole.first_missing(text).or_else(|| setting.unit.first_missing(unit));
            self.complain(text, missing, room);
        }
        let mut put = |font: &Font, text: &str, x: i32| {
            self.mono.text(font, text, x, y - font.ascent(), Align::Left, ON);
        };
        match text.split_once('.') {
            Some((whole, rest)) => {
                let point = setting.whole.width(".");
                let at = x + setting.whole.width(whole) + point;
                put(setting.whole, whole, x);
                put(setting.whole, ".", at);
                put(setting.rest, rest, at + 2 * point);
            }
            None => put(setting.whole, text, x),
        }
        put(setting.unit, unit, x + setting.number_width(text) + BEFORE_UNIT);
    }

    pub fn fill(&mut self, x: i32, y: i32, width: i32, height: i32, color: BinaryColor) {
        let [width, height] = [width, height].map(|length| u16::try_from(length).unwrap_or(0));
        self.mono.fill(x, y, width, height, color);
    }

    /// A frame one pixel wide.
    pub fn frame(&mut self, x: i32, y: i32, width: i32, height: i32) {
        self.fill(x, y, width, 1, ON);
        self.fill(x, y + height - 1, width, 1, ON);
        self.fill(x, y, 1, height, ON);
        self.fill(x + width - 1, y, 1, height, ON);
    }

    pub fn icon(&mut self, icon: &Icon, x: i32, y: i32, color: BinaryColor) {
        self.mono.icon(icon, x, y, color);
    }

    /// Pixels from left to right.
    pub fn width(&self) -> i32 {
        self.mono.width().into()
    }
}

/// A number with fewer decimals; a counter is cut off and not rounded: a meter never shows more than it counted.
pub fn shortened(figure: Figure, decimals: u8) -> Figure {
    match figure {
        Figure::Number { value, decimals: from, signed, unit, .. } if decimals < from => {
            let cut = if is_counter(unit) { decimal::truncate } else { decimal::rescale };
            Figure::Number { value: cut(value, from, decimals), decimals, digits: 1, signed, unit }
        }
        other => other,
    }
}

/// Whether a unit is one of energy.
pub fn is_counter(unit: &str) -> bool {
    [Unit::KilowattHour, Unit::KilovarHour].iter().any(|counted| counted.symbol() == unit)
}
