//! What the panel shows, as data: for a sentence, a screen reader, or another layout than digits.

use schema::{Dot, FieldDef, MenuId, PageDef, PageId, Source};
use units::{Duration, Instant, Point, Tariff, What};

use crate::extent::{Every, Extent};
use crate::keys::at_least_one;
use crate::layout::shows_magnitude;
use crate::machine::{Asked, Panel, State, Values};

/// The most values of one page that are shown.
pub const MAX_FIELDS: usize = 2;

/// What stands alone on the display for a moment, or as long as its cause lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageKind {
    /// A setting was taken, or a counter set to zero.
    Ok,
    /// A page was put in the automatic scroll.
    OkIn,
    /// A page was taken out of the automatic scroll.
    OkOut,
    /// The meter has an error of this number.
    Error(u8),
}

/// What the panel is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// It turns its pages by itself.
    Scroll,
    /// Somebody looks at a page.
    Browse,
    /// A password is being entered.
    Password {
        /// The digit in hand, counted from 0 at the left.
        digit: u8,
    },
    /// A setting is being changed.
    Edit {
        /// The digit in hand, counted from 0 at the left; `None` where whole values are stepped through.
        digit: Option<u8>,
    },
    /// A counter blinks and waits for the press that sets it to zero.
    Reset,
    /// A message stands on the display.
    Message(MessageKind),
}

/// What of the page is on the display.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Screen {
    /// Its label.
    Label,
    /// One of its values, counted from 0.
    Field(u8),
}

/// A value on the display.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Where it comes from.
    pub source: Source,
    /// The value in its kept unit: the one in hand while it is edited, otherwise the meter's.
    pub value: i64,
}

/// Which dots are lit, and which tariff stands beside them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Marks {
    /// A bit each.
    dots: u16,
    /// The tariff whose value is shown, on a glass that has a digit for it; 0 for none.
    pub tariff: u8,
}

impl Marks {
    /// Whether a dot is lit.
    #[must_use]
    pub const fn lit(self, dot: Dot) -> bool {
        self.dots >> (dot as u16) & 1 == 1
    }

    /// The same with one more dot lit.
    #[must_use]
    pub const fn with(self, dot: Dot) -> Self {
        Self { dots: self.dots | 1 << (dot as u16), ..self }
    }

    /// The same with one more dot lit, where `lit`.
    const fn with_if(self, dot: Dot, lit: bool) -> Self {
        if lit { self.with(dot) } else { self }
    }
}

/// What the panel shows. Two views that are equal look the same, but for what blinks when a change begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageView {
    /// The page; under an error the one that the scroll stands on.
    pub page: PageId,
    /// The list it stands in.
    pub menu: MenuId,
    /// What the panel is doing.
    pub mode: Mode,
    /// What of the page is on the display.
    pub screen: Screen,
    /// The values of the page, in its order; one that is secret is there only while it is entered.
    pub fields: [Option<Shown>; MAX_FIELDS],
    /// The dots.
    pub marks: Marks,
}

impl<E: Extent> Panel<E> {
    /// How many values of a page may be seen: a secret one never is, but while it is entered.
    pub(crate) fn visible_fields(&self, page: &PageDef) -> usize {
        let secret = |field: &FieldDef| match field.source {
            Source::Setting(id) => self.setting(id).is_some_and(|setting| setting.secret),
            _ => false,
        };
        if page.fields.iter().any(secret) { 0 } else { page.fields.len().min(MAX_FIELDS) }
    }

    fn screen(&self, page: &PageDef, elapsed: Duration, scrolling: bool) -> Screen {
        let fields = u64::try_from(self.visible_fields(page)).unwrap_or(0);
        if fields == 0 {
            return Screen::Label;
        }
        let label = u64::from(!page.label.is_empty());
        let turns = elapsed.as_micros() / at_least_one(self.model.panel.turn);
        let place = if scrolling && turns >= label {
            label + (turns - label) % fields
        } else {
            turns % (fields + label)
        };
        place
            .checked_sub(label)
            .and_then(|field| u8::try_from(field).ok())
            .map_or(Screen::Label, Screen::Field)
    }

    /// What the panel shows, as data.
    #[must_use]
    pub fn view(&self, now: Instant, values: &impl Values) -> PageView {
        let state = self.state_at(now);
        let error = values.error();
        let (id, page) = self.here(state, now, values).unwrap_or((PageId(0), &NO_PAGE));
        let editing = |mode, setting, value: i32| {
            let source = Source::Setting(setting);
            let place = page.fields.iter().take(MAX_FIELDS).position(|field| field.source == source);
            let mut fields = [None; MAX_FIELDS];
            let place = place.unwrap_or(0);
            if let Some(slot) = fields.get_mut(place) {
                *slot = Some(Shown { source, value: value.into() });
            }
            (mode, Screen::Field(u8::try_from(place).unwrap_or(0)), fields)
        };
        let present = || {
            let mut fields = [None; MAX_FIELDS];
            for (slot, field) in fields.iter_mut().zip(page.fields.iter().take(self.visible_fields(page))) {
                *slot = Some(Shown { source: field.source, value: values.value(field.source) });
            }
            fields
        };
        let (mode, screen, fields) = match state {
            State::Scroll { .. } if error != 0 => {
                (Mode::Message(MessageKind::Error(error)), Screen::Label, [None; MAX_FIELDS])
            }
            State::Scroll { since } => {
                let shown =
                    self.scroll_page(since, now, self.scroll_step(values)).map_or(since, |(_, at)| at);
                (Mode::Scroll, self.screen(page, now.since(shown), true), present())
            }
            State::Browse { since, .. } => {
                (Mode::Browse, self.screen(page, now.since(since), false), present())
            }
            State::Password { setting, entry, .. } => {
                editing(Mode::Password { digit: entry.at }, setting, entry.value)
            }
            State::Step { setting, value, .. } => editing(Mode::Edit { digit: None }, setting, value),
            State::Digits { setting, entry, .. } => {
                editing(Mode::Edit { digit: Some(entry.at) }, setting, entry.value)
            }
            State::Confirm { .. } => (Mode::Reset, Screen::Field(0), present()),
            State::Waiting { on: Asked::Step(setting, value), .. } => editing(Mode::Browse, setting, value),
            State::Waiting { on: Asked::Digits(setting, entry), .. } => {
                editing(Mode::Browse, setting, entry.value)
            }
            State::Waiting { .. } => (Mode::Browse, Screen::Field(0), present()),
            State::Message { kind, .. } => (Mode::Message(kind), Screen::Label, [None; MAX_FIELDS]),
        };
        let own = !matches!(mode, Mode::Message(_) | Mode::Password { .. });
        let marks = if own { page_marks::<E>(page, &fields) } else { Marks::default() };
        let marks = marks
            .with_if(Dot::Tariff2, values.tariff() == Tariff::T2)
            .with_if(Dot::Communication, self.keys.flashes(&self.model.panel, now));
        PageView { page: id, menu: page.menu, mode, screen, fields, marks }
    }
}

/// What a model without pages shows.
const NO_PAGE: PageDef = PageDef::show(MenuId::MAIN, "", &[]);

/// The dots that a page lights with values, whatever the meter does: its own, and those its values call for.
#[must_use]
pub fn marks_of(page: &PageDef, fields: &[Option<Shown>; MAX_FIELDS]) -> Marks {
    page_marks::<Every>(page, fields)
}

/// The dots that a page lights: its own, and those its values call for.
fn page_marks<E: Extent>(page: &PageDef, fields: &[Option<Shown>; MAX_FIELDS]) -> Marks {
    let mut marks = page.marks.iter().fold(Marks::default(), |marks, dot| marks.with(*dot));
    for shown in fields.iter().flatten() {
        let Source::Point(point) = shown.source else { continue };
        let backwards =
            shows_magnitude(shown.source) || matches!(point, Point::Now { what: What::Direction, .. });
        if backwards && shown.value < 0 {
            marks = marks.with(Dot::Reverse);
        }
        if matches!(point, Point::Energy { tariff: Tariff::T2, .. }) {
            marks = marks.with(Dot::Tariff2);
        }
        if E::EVERY
            && let Point::Energy { tariff, .. } = point
            && tariff != Tariff::All
        {
            marks = Marks { tariff: tariff as u8, ..marks.with(Dot::Tariff) };
        }
    }
    marks
}
