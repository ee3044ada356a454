//! How a value becomes glyphs: one text for the whole line, padded to the places it has.

use schema::{FieldDef, Format, ModelDef, SegmentGlass, Source};
use units::decimal::{power_of_ten, rescale, truncate};
use units::{Point, What};

use crate::extent::Extent;

/// More bytes than any line of a segment glass has glyphs and points.
const BYTES: usize = 32;

/// A line of glyphs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    bytes: [u8; BYTES],
    len: usize,
}

impl Text {
    pub const fn new() -> Self {
        Self { bytes: [0; BYTES], len: 0 }
    }

    pub fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    /// Places that the glyphs take: points take none.
    fn places(&self) -> usize {
        self.as_str().chars().filter(|glyph| *glyph != '.').count()
    }

    // A text that is full is longer than the glass, which the glass itself reports.

    fn push(&mut self, glyph: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = glyph;
            self.len += 1;
        }
    }

    pub fn push_str(&mut self, text: &str) {
        for byte in text.bytes() {
            self.push(byte);
        }
    }

    fn pad(&mut self, glyph: u8, count: usize) {
        for _ in 0..count {
            self.push(glyph);
        }
    }

    /// A number of `digits` digits at least, `decimals` of them behind the point. Without the machinery of `fmt`,
    /// which takes kilobytes of a small core's flash.
    fn push_number(&mut self, value: i64, decimals: u8, digits: usize) {
        if value < 0 {
            self.push(b'-');
        }
        let magnitude = value.unsigned_abs();
        let count = digit_count(value).max(digits).max(usize::from(decimals) + 1);
        for place in (0..count).rev() {
            let power = u8::try_from(place).map_or(u64::MAX, |place| power_of_ten(place).unsigned_abs());
            let digit = u8::try_from(magnitude / power % 10).unwrap_or(0);
            self.push(b'0' + digit);
            if place > 0 && place == usize::from(decimals) {
                self.push(b'.');
            }
        }
    }
}

/// The value does not fit the places it has.
struct TooLong;

/// True for readings that carry the direction in their sign: a dot says it, the digits show the magnitude.
pub(crate) const fn shows_magnitude(source: Source) -> bool {
    matches!(source, Source::Point(Point::Now { what: What::P | What::I, .. }))
}

fn digit_count(value: i64) -> usize {
    let mut digits = 1;
    let mut rest = value.unsigned_abs() / 10;
    while rest > 0 {
        digits += 1;
        rest /= 10;
    }
    digits
}

/// Whether `decimals` digits can stand behind a point at the right end of the glass.
fn has_point(glass: &SegmentGlass, decimals: u8) -> bool {
    decimals == 0
        || glass
            .cells
            .len()
            .checked_sub(usize::from(decimals))
            .and_then(|after| u8::try_from(after).ok())
            .is_some_and(|after| glass.points.contains(&after))
}

/// How a number gives up its last digits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Truncate,
    Round,
}

/// The largest number of decimals, up to `most`, with which `value` fits `places`, and the value in them.
fn fit(glass: &SegmentGlass, value: i64, kept: u8, most: u8, places: usize, cut: Cut) -> Option<(i64, u8)> {
    (0..=most).rev().filter(|decimals| has_point(glass, *decimals)).find_map(|decimals| {
        let cut_value = match cut {
            Cut::Truncate => truncate(value, kept, decimals),
            Cut::Round => rescale(value, kept, decimals),
        };
        let sign = usize::from(cut_value < 0);
        let needed = sign + digit_count(cut_value).max(usize::from(decimals) + 1);
        (needed <= places).then_some((cut_value, decimals))
    })
}

/// The value of a counter: two decimals, one, none as it grows; below zero a `-` in the first place and one decimal
/// less. What does not fit at all is dashes.
fn counter(
    text: &mut Text,
    glass: &SegmentGlass,
    value: i64,
    kept: u8,
    places: usize,
) -> Result<(), TooLong> {
    let mut value = value;
    if value < 0 {
        let below = fit(glass, value.saturating_neg(), kept, 1, places - 1, Cut::Truncate);
        let (shown, decimals) = below.ok_or(TooLong)?;
        if shown != 0 {
            let needed = digit_count(shown).max(usize::from(decimals) + 1);
            text.push(b'-');
            text.pad(b' ', places - 1 - needed);
            text.push_number(shown, decimals, 1);
            return Ok(());
        }
        // Too little to be seen with one decimal less is no minus.
        value = 0;
    }
    let (value, decimals) = fit(glass, value, kept, 2, places, Cut::Truncate).ok_or(TooLong)?;
    text.push_number(value, decimals, 1);
    Ok(())
}

/// The lowest `count` hexadecimal digits of a number, in the shapes that seven segments have: `A b c d E F`.
fn hex(text: &mut Text, value: i64, count: u8) {
    for place in (0..count).rev() {
        let nibble = usize::try_from(value >> (4 * place) & 0xF).unwrap_or(0);
        text.push(b"0123456789AbcdEF".get(nibble).copied().unwrap_or(b'-'));
    }
}

/// The glyphs of a setting's choice, or of the choice it acts as where it has none of its own.
fn choice_glyphs(model: &ModelDef, source: Source, value: i64) -> Option<&'static str> {
    let Source::Setting(id) = source else { return None };
    let (_, setting) = model.setting(id)?;
    let value = i32::try_from(value).ok()?;
    [value, setting.acts_as(value)]
        .into_iter()
        .filter_map(|value| setting.choice(value))
        .map(|choice| choice.glyphs)
        .find(|glyphs| !glyphs.is_empty())
}

/// The directions of three phases: number and letter of each, a blank between them.
fn directions(text: &mut Text, value: i64) {
    for (number, shift) in [(b'1', 8), (b'2', 4), (b'3', 0)] {
        if number > b'1' {
            text.push(b' ');
        }
        text.push(number);
        text.push(match value >> shift & 0xF {
            1 => b'F',
            2 => b'r',
            _ => b'-',
        });
    }
}

/// Writes the value without padding; an error where it does not fit.
fn glyphs_of<E: Extent>(
    text: &mut Text,
    model: &ModelDef,
    glass: &SegmentGlass,
    field: &FieldDef,
    value: i64,
    places: usize,
) -> Result<(), TooLong> {
    let kept = model.unit(field.source).decimals();
    let value = if shows_magnitude(field.source) { value.saturating_abs() } else { value };
    let number = |text: &mut Text, most| {
        let (value, decimals) = fit(glass, value, kept, most, places, Cut::Round).ok_or(TooLong)?;
        text.push_number(value, decimals, 1);
        Ok(())
    };
    match field.format {
        Format::Counter if places > 1 => counter(text, glass, value, kept, places)?,
        Format::Counter => return Err(TooLong),
        Format::Fixed(decimals) => number(text, decimals)?,
        Format::Digits(count) => {
            let width = usize::from(count);
            if value < 0 || value >= power_of_ten(count) || width > places {
                return Err(TooLong);
            }
            text.push_number(value, 0, width);
        }
        Format::HalfDecimal { upper } => {
            let half = if upper { value / 10_000 } else { value };
            text.push_number(half.rem_euclid(10_000), 0, 4);
        }
        Format::HalfHex { upper } => hex(text, if upper { value >> 16 } else { value }, 4),
        Format::Word | Format::Number => match choice_glyphs(model, field.source, value) {
            Some(glyphs) => text.push_str(glyphs),
            None => number(text, kept)?,
        },
        Format::Direction => text.push_str(if value < 0 { "RV" } else { "FW" }),
        Format::Directions if E::EVERY => directions(text, value),
        Format::Hex if E::EVERY => hex(text, value, 8),
        // A program without them has no such page.
        Format::Directions | Format::Hex => {}
        Format::Status => {
            hex(text, value >> 16, 2);
            text.push(b' ');
            hex(text, value, 3);
        }
    }
    Ok(())
}

/// The whole line of a field: its prefix and its value in the places that are left, dashes where it does not fit.
pub(crate) fn line<E: Extent>(model: &ModelDef, glass: &SegmentGlass, field: &FieldDef, value: i64) -> Text {
    let prefix = field.prefix.chars().filter(|glyph| *glyph != '.').count();
    let places = glass.cells.len().saturating_sub(prefix);
    let mut glyphs = Text::new();
    let fits =
        glyphs_of::<E>(&mut glyphs, model, glass, field, value, places).is_ok() && glyphs.places() <= places;
    let mut text = Text::new();
    text.push_str(field.prefix);
    if !fits {
        text.pad(b'-', places);
        return text;
    }
    let blanks = places - glyphs.places();
    if matches!(field.format, Format::Word | Format::Direction) {
        text.push_str(glyphs.as_str());
        text.pad(b' ', blanks);
    } else {
        text.pad(b' ', blanks);
        text.push_str(glyphs.as_str());
    }
    text
}

/// An error: the glyphs of the model and two digits at the right.
pub(crate) fn error(glass: &SegmentGlass, prefix: &str, number: u8) -> Text {
    let mut text = Text::new();
    text.push_str(prefix);
    text.pad(b' ', glass.cells.len().saturating_sub(text.places() + 2));
    text.push_number(i64::from(number % 100), 0, 2);
    text
}
