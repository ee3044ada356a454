//! What a press does, named before it is done, and its doing.

use schema::{KeyId, MenuEdit, Permission, SettingId};
use units::{Duration, Instant};

use super::machine::{Asked, MatrixPanel, State, Then};
use super::view::{ChoiceRow, MAX_MENU, Notice, Page};
use crate::deed::{Deed, LetGo};
use crate::entry::{Entry, digits_of, next_value, offered, value_before};
use crate::keys::Press;
use crate::machine::{Intent, Values};

/// Digits of a ratio: four of the primary current, one of the secondary.
const RATIO_DIGITS: u8 = 5;

/// Which of the three a key is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Middle,
    Right,
}

impl MatrixPanel {
    fn side(&self, key: KeyId) -> Option<Side> {
        let keys = &self.def.keys;
        match key {
            key if key == keys.left => Some(Side::Left),
            key if key == keys.middle => Some(Side::Middle),
            key if key == keys.right => Some(Side::Right),
            _ => None,
        }
    }

    /// What releasing the held key would do now, and what comes at its mark; with no key held, the same of the middle
    /// one.
    #[must_use]
    pub fn letting_go(&self, now: Instant, values: &impl Values) -> LetGo {
        let key = self.keys.held.map_or(self.def.keys.middle, |held| held.key.id);
        self.would(now, values, key)
    }

    /// What a key does: with the key up what a short touch does, and what holding it does; while it is held, the same
    /// as [`MatrixPanel::letting_go`].
    #[must_use]
    pub fn would(&self, now: Instant, values: &impl Values, key: KeyId) -> LetGo {
        let state = self.state_at(now);
        let deed = |press| self.deed(state, key, press, now, values);
        let held = self.keys.held.filter(|held| held.key.id == key);
        let mark = self.model.keys.iter().find(|def| def.id == key).map(|def| def.very_long);
        let next = mark.map(|mark| (mark, deed(Press::VeryLong))).filter(|(_, deed)| *deed != Deed::Nothing);
        let Some(held) = held else { return LetGo { held: None, now: deed(Press::Short), next } };
        let time = now.since(held.since);
        if held.spent || mark.is_none_or(|mark: Duration| time >= mark) {
            return LetGo { held: Some(time), now: Deed::Nothing, next: None };
        }
        let press = if time >= held.key.long { Press::Long } else { Press::Short };
        LetGo { held: Some(time), now: deed(press), next }
    }

    /// What a press does in a state. A press that ends a message acts on what stands behind it. Under an error the
    /// readings can be looked at, and nothing opens from the error itself.
    pub(super) fn deed(
        &self,
        state: State,
        key: KeyId,
        press: Press,
        now: Instant,
        values: &impl Values,
    ) -> Deed {
        let Some(side) = self.side(key) else { return Deed::Nothing };
        let state = if let State::Notice { then, .. } = state { then.into() } else { state };
        match press {
            Press::Short => self.touch(state, side, now, values),
            Press::VeryLong if side == Side::Middle => self.hold(state, values),
            Press::Long | Press::VeryLong => Deed::Nothing,
        }
    }

    fn hold(&self, state: State, values: &impl Values) -> Deed {
        match state {
            State::Home { .. } if values.stopped() => Deed::Nothing,
            State::Home { .. } | State::Browse { .. } => Deed::OpenChoice,
            State::Step { .. } | State::Digits { .. } | State::Reset { .. } => Deed::Cancel,
            State::Choice { .. } | State::Radio | State::Password { .. } | State::Menu { .. } => Deed::Leave,
            State::Waiting { .. } | State::Notice { .. } => Deed::Nothing,
        }
    }

    fn touch(&self, state: State, side: Side, now: Instant, values: &impl Values) -> Deed {
        // What the left key does, the middle one, and the right one.
        let of = |left, middle, right| match side {
            Side::Left => left,
            Side::Middle => middle,
            Side::Right => right,
        };
        match state {
            State::Home { .. } if values.stopped() => Deed::ShowPage(Page::Readings(0)),
            State::Home { .. } => {
                let page = Page::Readings(0);
                of(
                    Deed::ShowPage(self.page_before(page, values)),
                    Deed::NextReading,
                    Deed::ShowPage(self.page_after(page, values)),
                )
            }
            State::Browse { page, .. } => of(
                Deed::ShowPage(self.page_before(page, values)),
                Deed::NextReading,
                Deed::ShowPage(self.page_after(page, values)),
            ),
            State::Choice { at } => {
                let other = if self.def.radio.is_some() { Deed::NextRow } else { Deed::Nothing };
                let open = match at {
                    ChoiceRow::Settings => Deed::AskPassword,
                    ChoiceRow::Bluetooth if self.radio_on(now) => Deed::RadioOff,
                    ChoiceRow::Bluetooth => Deed::RadioOn,
                };
                of(other, open, other)
            }
            State::Radio => Deed::Leave,
            State::Password { .. } => of(Deed::PreviousDigit, Deed::ConfirmDigit, Deed::NextDigit),
            State::Menu { at } => of(Deed::PreviousRow, self.opens(at), Deed::NextRow),
            State::Step { .. } => of(Deed::PreviousValue, Deed::Confirm, Deed::NextValue),
            State::Digits { entry, .. } => {
                let confirm = if entry.is_last() { Deed::Confirm } else { Deed::ConfirmDigit };
                of(Deed::PreviousDigit, confirm, Deed::NextDigit)
            }
            State::Reset { yes, .. } => {
                let answer = if yes { Deed::Reset } else { Deed::Cancel };
                of(Deed::OtherAnswer, answer, Deed::OtherAnswer)
            }
            State::Waiting { .. } | State::Notice { .. } => Deed::Nothing,
        }
    }

    fn opens(&self, at: u8) -> Deed {
        match self.def.menu.get(usize::from(at)).map(|item| item.edit) {
            Some(MenuEdit::Reset { .. }) => Deed::AskReset,
            Some(MenuEdit::Choice(id) | MenuEdit::Digits(id, _) | MenuEdit::Ratio(id))
                if self.may_edit(id) =>
            {
                Deed::BeginEdit
            }
            _ => Deed::Nothing,
        }
    }

    fn may_edit(&self, id: SettingId) -> bool {
        self.setting(id).is_some_and(|setting| {
            !matches!(setting.permission, Permission::BusOnly | Permission::Optical | Permission::Factory)
        })
    }

    // ---- pages

    /// How many pages of the history can be seen.
    pub(super) fn history_pages(&self, values: &impl Values) -> u8 {
        let Some(history) = self.def.history else { return 0 };
        let slots = i64::try_from(history.slots.len()).unwrap_or(0);
        u8::try_from(values.value(history.used).clamp(0, slots)).unwrap_or(0)
    }

    fn page_after(&self, page: Page, values: &impl Values) -> Page {
        match page {
            Page::Readings(n) if n < 3 => Page::Readings(n + 1),
            Page::Readings(_) if self.history_pages(values) > 0 => Page::History(0),
            Page::History(n) if n + 1 < self.history_pages(values) => Page::History(n + 1),
            _ => Page::Readings(0),
        }
    }

    fn page_before(&self, page: Page, values: &impl Values) -> Page {
        match page {
            Page::Readings(0) => {
                self.history_pages(values).checked_sub(1).map_or(Page::Readings(3), Page::History)
            }
            Page::Readings(n) => Page::Readings(n.saturating_sub(1)),
            Page::History(0) => Page::Readings(3),
            Page::History(n) => Page::History(n - 1),
        }
    }

    // ---- doing

    pub(super) fn perform(&mut self, deed: Deed, at: Instant, values: &impl Values) -> Option<Intent> {
        if let State::Notice { then, .. } = self.state
            && deed != Deed::Nothing
        {
            self.state = then.into();
        }
        match deed {
            Deed::ShowPage(page) => self.state = State::Browse { page, first: 0, since: at },
            Deed::NextReading => {
                let (page, row) = self.standing(self.state, at, values);
                let count = self.rows(page, values).max(1);
                let first = u8::try_from((row + 1) % count).unwrap_or(0);
                self.state = State::Browse { page, first, since: at };
            }
            Deed::OpenChoice => {
                let at = if self.def.radio.is_some() { ChoiceRow::Bluetooth } else { ChoiceRow::Settings };
                self.state = State::Choice { at };
            }
            Deed::Leave => self.state = State::Home { since: at },
            Deed::RadioOn => {
                self.radio = Some(at);
                self.state = State::Radio;
            }
            Deed::RadioOff => {
                self.radio = None;
                let then = Then::Choice { at: ChoiceRow::Bluetooth };
                self.state = State::Notice { notice: Notice::RadioOff, then, since: at };
            }
            Deed::AskPassword => {
                let count = self.setting(self.def.password).map_or(4, digits_of);
                self.state = State::Password { entry: Entry::new(0, count) };
            }
            Deed::NextRow => self.row(1),
            Deed::PreviousRow => self.row(-1),
            Deed::BeginEdit => self.begin(values),
            Deed::AskReset => {
                if let State::Menu { at } = self.state {
                    self.state = State::Reset { at, yes: false };
                }
            }
            Deed::OtherAnswer => {
                if let State::Reset { yes, .. } = &mut self.state {
                    *yes = !*yes;
                }
            }
            Deed::Cancel => {
                if let State::Step { at, .. } | State::Digits { at, .. } | State::Reset { at, .. } =
                    self.state
                {
                    self.state = State::Menu { at };
                }
            }
            Deed::NextValue | Deed::NextDigit => self.step(true),
            Deed::PreviousValue | Deed::PreviousDigit => self.step(false),
            Deed::ConfirmDigit | Deed::Confirm => return self.confirm(at, values),
            Deed::Reset => return self.reset(),
            _ => {}
        }
        None
    }

    fn row(&mut self, by: i8) {
        match &mut self.state {
            State::Choice { at } => {
                *at = match at {
                    ChoiceRow::Bluetooth => ChoiceRow::Settings,
                    ChoiceRow::Settings => ChoiceRow::Bluetooth,
                }
            }
            State::Menu { at } => {
                let count = u8::try_from(self.def.menu.len().min(MAX_MENU)).unwrap_or(1).max(1);
                *at = if by > 0 { (*at + 1) % count } else { (*at + count - 1) % count };
            }
            _ => {}
        }
    }

    /// Whether a row of the menu sets a ratio, whose last digit is 1 or 5.
    pub(super) fn is_ratio(&self, at: u8) -> bool {
        let edit = self.def.menu.get(usize::from(at)).map(|item| item.edit);
        matches!(edit, Some(MenuEdit::Ratio(_)))
    }

    /// A setting begins to be changed, from its present value on; a secret one from zeros.
    fn begin(&mut self, values: &impl Values) {
        let State::Menu { at } = self.state else { return };
        let Some(item) = self.def.menu.get(usize::from(at)) else { return };
        let (MenuEdit::Choice(id) | MenuEdit::Digits(id, _) | MenuEdit::Ratio(id)) = item.edit else {
            return;
        };
        let Some(def) = self.setting(id) else { return };
        let present = if def.secret { 0 } else { values.setting(id) };
        let digits = |count| State::Digits { at, setting: id, entry: Entry::new(present, count) };
        self.state = match item.edit {
            MenuEdit::Digits(_, count) => digits(count),
            MenuEdit::Ratio(_) => digits(RATIO_DIGITS),
            _ => State::Step { at, setting: id, value: offered(def, present) },
        };
    }

    /// The next value or digit, or the one before.
    fn step(&mut self, on: bool) {
        let turned = |entry: Entry, def| if on { entry.step(def) } else { entry.step_back(def) };
        match self.state {
            State::Step { at, setting, value } => {
                if let Some(def) = self.setting(setting) {
                    let value = if on { next_value(def, value) } else { value_before(def, value) };
                    self.state = State::Step { at, setting, value };
                }
            }
            State::Digits { at, setting, entry } => {
                if let Some(def) = self.setting(setting) {
                    let entry = if self.is_ratio(at) && entry.is_last() {
                        entry.with_digit(entry.at, if entry.digit(entry.at) == 1 { 5 } else { 1 })
                    } else {
                        turned(entry, def)
                    };
                    self.state = State::Digits { at, setting, entry };
                }
            }
            State::Password { entry } => {
                if let Some(def) = self.setting(self.def.password) {
                    self.state = State::Password { entry: turned(entry, def) };
                }
            }
            _ => {}
        }
    }

    /// The digit in hand or the whole value is right, says the key.
    fn confirm(&mut self, now: Instant, values: &impl Values) -> Option<Intent> {
        match self.state {
            State::Password { entry } if entry.is_last() => {
                self.state = if entry.value == values.setting(self.def.password) {
                    State::Menu { at: 0 }
                } else {
                    let then = Then::Choice { at: ChoiceRow::Settings };
                    State::Notice { notice: Notice::WrongPassword, then, since: now }
                };
            }
            State::Password { entry } => self.state = State::Password { entry: entry.next_place() },
            State::Digits { at, setting, entry } if entry.is_last() => {
                let value = self.setting(setting).and_then(|def| def.check(entry.value.into()).ok());
                if let Some(value) = value {
                    self.state = State::Waiting { on: Asked::Digits { at, setting, entry } };
                    return Some(Intent::Apply(setting, value));
                }
                let then = Then::Digits { at, setting, entry: entry.first_place() };
                self.state = State::Notice { notice: Notice::Refused, then, since: now };
            }
            State::Digits { at, setting, entry } => {
                self.state = State::Digits { at, setting, entry: entry.next_place() };
            }
            State::Step { at, setting, value } => {
                self.state = State::Waiting { on: Asked::Step { at, setting, value } };
                return Some(Intent::Apply(setting, value));
            }
            _ => {}
        }
        None
    }

    fn reset(&mut self) -> Option<Intent> {
        let State::Reset { at, .. } = self.state else { return None };
        let Some(MenuEdit::Reset { command, .. }) = self.def.menu.get(usize::from(at)).map(|item| item.edit)
        else {
            return None;
        };
        self.state = State::Waiting { on: Asked::Reset { at } };
        Some(Intent::Command(command))
    }
}
