//! From a view to segments.

use core::fmt;

use lcd::{GlyphFault, SegmentFrame};
use schema::{Edit, FieldDef, Format, Kind, ModelDef, PageDef, PageId, SegmentGlass, SettingId, Source};
use units::Instant;

use crate::entry::digits_of;
use crate::extent::{Every, Extent};
use crate::layout::{self, Text};
use crate::machine::{Panel, Values};
use crate::view::{MessageKind, Mode, PageView, Screen, Shown};

impl<E: Extent> Panel<E> {
    /// The picture on the glass: digits, points and dots.
    #[must_use]
    pub fn frame(&self, now: Instant, values: &impl Values) -> SegmentFrame {
        let (Ok(frame) | Err((frame, _))) = draw_as::<E>(self.model, &self.view(now, values));
        // The whole display says that a change begins.
        let all = E::EVERY && self.beginning(now).is_some();
        if all { SegmentFrame { blink: frame.on, ..frame } } else { frame }
    }
}

/// Draws a view on the glass of its model.
///
/// # Errors
/// The glass cannot show a text of the model: the dots alone, and the fault. [`first_unshowable`] finds such a model.
pub fn draw(model: &ModelDef, view: &PageView) -> Result<SegmentFrame, (SegmentFrame, GlyphFault)> {
    draw_as::<Every>(model, view)
}

fn draw_as<E: Extent>(model: &ModelDef, view: &PageView) -> Result<SegmentFrame, (SegmentFrame, GlyphFault)> {
    let mut frame = SegmentFrame::default();
    let Some(glass) = model.glass.segments() else { return Ok(frame) };
    for dot in glass.dots {
        if view.marks.lit(*dot) {
            lcd::light_dot(&mut frame, glass, *dot);
        }
    }
    if E::EVERY && view.marks.tariff > 0 {
        lcd::write_tariff(&mut frame, glass, view.marks.tariff);
    }
    let page = model.page(view.page);
    let drawn = match (view.mode, view.screen) {
        (Mode::Message(kind), _) => message(model, glass, &mut frame, kind),
        (_, Screen::Label) => lcd::write(&mut frame, glass, 0, page.map_or("", |page| page.label)),
        (mode, Screen::Field(n)) => value::<E>(model, glass, &mut frame, page, mode, view, n),
    };
    drawn.map(|_| frame).map_err(|fault| (frame, fault))
}

fn message(
    model: &ModelDef,
    glass: &SegmentGlass,
    frame: &mut SegmentFrame,
    kind: MessageKind,
) -> Result<usize, GlyphFault> {
    let panel = &model.panel;
    match kind {
        MessageKind::Ok => lcd::write(frame, glass, 0, panel.ok),
        MessageKind::OkIn => lcd::write(frame, glass, 0, panel.ok_in),
        MessageKind::OkOut => lcd::write(frame, glass, 0, panel.ok_out),
        MessageKind::Error(number) => {
            lcd::write(frame, glass, 0, layout::error(glass, panel.error_prefix, number).as_str())
        }
    }
}

fn value<E: Extent>(
    model: &ModelDef,
    glass: &SegmentGlass,
    frame: &mut SegmentFrame,
    page: Option<&'static PageDef>,
    mode: Mode,
    view: &PageView,
    n: u8,
) -> Result<usize, GlyphFault> {
    let Some(shown) = view.fields.get(usize::from(n)).copied().flatten() else { return Ok(0) };
    let own =
        page.and_then(|page| page.fields.get(usize::from(n))).filter(|field| field.source == shown.source);
    let field = own.copied().unwrap_or_else(|| plain(model, shown));
    let cells = lcd::write(frame, glass, 0, layout::line::<E>(model, glass, &field, shown.value).as_str())?;
    let edit = page.map_or(Edit::None, |page| page.edit);
    match mode {
        Mode::Edit { digit: None } | Mode::Reset => {
            let prefix = field.prefix.chars().filter(|glyph| *glyph != '.').count();
            lcd::blink_cells(frame, glass, prefix..cells);
        }
        Mode::Edit { digit: Some(digit) } | Mode::Password { digit } => {
            let count = match (mode, edit) {
                (Mode::Edit { .. }, Edit::Digits(_, count)) => count,
                _ => digits(model, shown),
            };
            let first = cells.saturating_sub(usize::from(count));
            let cell = first + usize::from(digit);
            lcd::blink_cells(frame, glass, cell..cell + 1);
        }
        Mode::Scroll | Mode::Browse | Mode::Message(_) => {}
    }
    Ok(cells)
}

fn digits(model: &ModelDef, shown: Shown) -> u8 {
    match shown.source {
        Source::Setting(id) => model.setting(id).map_or(1, |(_, setting)| digits_of(setting)),
        _ => 1,
    }
}

/// How a value is laid out that its page does not lay out itself, as a password at the gate of a list.
fn plain(model: &ModelDef, shown: Shown) -> FieldDef {
    let choices = match shown.source {
        Source::Setting(id) => {
            model.setting(id).is_some_and(|(_, setting)| matches!(setting.kind, Kind::OneOf(_)))
        }
        _ => false,
    };
    let format = if choices { Format::Number } else { Format::Digits(digits(model, shown)) };
    FieldDef::new(shown.source, format)
}

/// A text of a model that its glass cannot show.
#[derive(Clone, Copy, Debug)]
pub struct Unshowable {
    /// The page it belongs to; `None` for a message of the panel.
    pub page: Option<PageId>,
    text: Text,
    /// What is wrong with it.
    pub fault: GlyphFault,
}

impl Unshowable {
    /// The text as it would stand on the glass.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.as_str()
    }
}

impl fmt::Display for Unshowable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.page {
            Some(PageId(page)) => write!(f, "page {page}: ")?,
            None => f.write_str("message: ")?,
        }
        write!(f, "\"{}\": {}", self.text(), self.fault)
    }
}

/// The first text of a model that its glass cannot show: labels, values behind their prefix with every choice of a
/// setting, digits in every place, messages.
#[must_use]
pub fn first_unshowable(model: &ModelDef) -> Option<Unshowable> {
    let glass = model.glass.segments()?;
    let check = |page, text: &str| {
        lcd::check(glass, 0, text).err().map(|fault| {
            let mut copy = Text::new();
            copy.push_str(text);
            Unshowable { page, text: copy, fault }
        })
    };
    let panel = &model.panel;
    let messages = [panel.ok, panel.ok_in, panel.ok_out];
    let message = messages.into_iter().find_map(|text| check(None, text));
    let error = || check(None, layout::error(glass, panel.error_prefix, 88).as_str());
    message.or_else(error).or_else(|| {
        model.all_pages().find_map(|(id, page)| {
            check(Some(id), page.label).or_else(|| {
                page.fields.iter().find_map(|field| {
                    let line =
                        |value| check(Some(id), layout::line::<Every>(model, glass, field, value).as_str());
                    samples(model, field.source).find_map(line)
                })
            })
        })
    })
}

/// Values whose glyphs cover what a field can show.
fn samples(model: &ModelDef, source: Source) -> impl Iterator<Item = i64> + use<> {
    // Both directions, every hexadecimal digit in both halves, and numbers that fill the places.
    const BARE: [i64; 8] = [0, 1, -1, -123_456, 0x0123_4567, 0x89AB_CDEF, 0xEFCD_AB98, 99_999_999];
    let setting = |id: SettingId| model.setting(id).map(|(_, setting)| setting);
    let (choices, bare): (&'static [schema::Choice], &'static [i64]) = match source {
        Source::Setting(id) => match setting(id).map(|setting| setting.kind) {
            Some(Kind::OneOf(choices)) => (choices, &[]),
            _ => (&[], &BARE),
        },
        _ => (&[], &BARE),
    };
    choices.iter().map(|choice| i64::from(choice.value)).chain(bare.iter().copied())
}
