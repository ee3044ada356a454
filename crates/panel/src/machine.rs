//! The machine: which page stands, what is being changed, and what the time that passes does to it.

use core::marker::PhantomData;

use schema::{
    CommandId, Edit, Gate, KeyDef, KeyId, ModelDef, PageDef, PageId, Scroll, SettingDef, SettingId, Source,
};
use units::{Duration, Instant, Tariff};

use crate::deed::Deed;
use crate::entry::{Entry, digits_of, next_value, offered};
use crate::extent::{Every, Extent};
use crate::keys::{Act, Keys, Machine, next_period, period};
use crate::view::MessageKind;

/// Where the panel reads what it shows.
pub trait Values {
    /// The value of a source in its kept unit.
    fn value(&self, source: Source) -> i64;
    /// The value of a setting, secret ones included: a password is compared with it.
    fn setting(&self, id: SettingId) -> i32;
    /// The number of the meter's error, 0 for none.
    fn error(&self) -> u8;
    /// The tariff that counts.
    fn tariff(&self) -> Tariff;
    /// True where the meter has an error under which it no longer measures.
    fn stopped(&self) -> bool;
}

/// What somebody asked for at the panel. Each is answered with [`Panel::settled`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intent {
    /// The setting shall have this value.
    Apply(SettingId, i32),
    /// The command shall be carried out.
    Command(CommandId),
    /// The scroll list has changed and shall be stored.
    ScrollChanged,
}

/// The panel of a meter, in a program that is built with so much of what panels can do.
#[derive(Clone, Debug)]
pub struct Panel<E = Every> {
    pub(crate) model: &'static ModelDef,
    pub(crate) state: State,
    pub(crate) keys: Keys,
    /// Optional pages that scroll, one bit a page.
    list: u128,
    seen: Seen,
    /// When the change in hand began, until the next press; of two keys that work together.
    pub(crate) begun: Option<Instant>,
    extent: PhantomData<E>,
}

/// What the panel is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// Pages turn by themselves.
    Scroll { since: Instant },
    /// A page stands.
    Browse { page: PageId, since: Instant },
    /// The password of the list behind the page is entered.
    Password { page: PageId, setting: SettingId, entry: Entry },
    /// A setting is stepped through.
    Step { page: PageId, setting: SettingId, value: i32 },
    /// A setting is entered digit by digit.
    Digits { page: PageId, setting: SettingId, entry: Entry },
    /// A counter waits for the press that sets it to zero.
    Confirm { page: PageId },
    /// An intent is out and not yet answered.
    Waiting { page: PageId, on: Asked },
    /// A message stands; then the page does.
    Message { page: PageId, kind: MessageKind, since: Instant },
}

/// What was asked for, to go on from where it is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    Step(SettingId, i32),
    Digits(SettingId, Entry),
    Reset,
    Scroll { added: bool },
}

/// What of the values decides when something changes, as of the last [`Panel::poll`].
#[derive(Clone, Copy, Debug)]
struct Seen {
    scroll_step: Duration,
    error: bool,
    backlight: i32,
}

/// The bit of a page in the scroll list; none from page 128 on, which no model has.
pub(crate) fn bit(page: PageId) -> u128 {
    1u128.checked_shl(page.0.into()).unwrap_or(0)
}

pub(crate) fn scroll_step(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(1).max(1))
}

impl<E: Extent> Machine for Panel<E> {
    fn keys(&mut self) -> (&'static ModelDef, &mut Keys) {
        (self.model, &mut self.keys)
    }

    fn pass(&mut self, now: Instant) {
        self.state = self.state_at(now);
    }

    #[inline]
    fn joined(&self, second: KeyId) -> Option<&'static KeyDef> {
        if E::EVERY { self.joined_by(second) } else { None }
    }

    #[inline]
    fn ends(&self, held: KeyId, key: KeyId) -> bool {
        held == key || E::EVERY && self.is_one_of(held, key)
    }
}

impl<E: Extent> Panel<E> {
    /// A panel at power-up: it scrolls, from the first page on.
    #[must_use]
    pub fn new(model: &'static ModelDef, now: Instant) -> Self {
        let default = |id| model.setting(id).map_or(0, |(_, setting)| setting.default);
        let seen = Seen {
            scroll_step: scroll_step(default(SettingId::ScrollTime)),
            error: false,
            backlight: default(SettingId::Backlight),
        };
        Self {
            model,
            state: State::Scroll { since: now },
            keys: Keys::new(now),
            list: 0,
            seen,
            begun: None,
            extent: PhantomData,
        }
    }

    // ---- time

    /// The state at `now`, after all time-outs up to then.
    pub(crate) fn state_at(&self, now: Instant) -> State {
        let panel = &self.model.panel;
        let edit_over = self.keys.touched + panel.edit_idle;
        let page_over = self.keys.touched + panel.page_idle;
        let state = match self.state {
            State::Message { page, since, .. } if now >= since + panel.message => {
                State::Browse { page, since: since + panel.message }
            }
            State::Password { page, .. }
            | State::Step { page, .. }
            | State::Digits { page, .. }
            | State::Confirm { page }
                if now >= edit_over && !(E::EVERY && self.is_stored_when_left()) =>
            {
                State::Browse { page, since: edit_over }
            }
            state => state,
        };
        match state {
            State::Scroll { .. } => state,
            _ if now >= page_over => State::Scroll { since: page_over },
            _ => state,
        }
    }

    /// Carries out what the keys asked for and what time has brought, up to `now`; called after every key event and at
    /// [`Panel::poll_at`], until it returns `None`. An intent has to be answered with [`Panel::settled`] before the
    /// next call.
    pub fn poll(&mut self, now: Instant, values: &impl Values) -> Option<Intent> {
        self.look(now, values);
        self.keys.very_long_due(now);
        loop {
            let waiting = matches!(self.state, State::Waiting { .. });
            let Some(Act { at, key, press }) = (if waiting { None } else { self.keys.take() }) else {
                if E::EVERY && self.is_left(now) {
                    return self.confirm(now, values);
                }
                self.state = self.state_at(now);
                return None;
            };
            self.state = self.state_at(at);
            let deed = self.deed_of(self.state, key, press, at, values);
            if let Some(intent) = self.perform(deed, at, values) {
                return Some(intent);
            }
        }
    }

    fn look(&mut self, now: Instant, values: &impl Values) {
        let step = self.scroll_step(values);
        if step != self.seen.scroll_step && matches!(self.state, State::Scroll { .. }) {
            // A page that stands longer or shorter from now on: the scroll starts again rather than jump.
            self.state = State::Scroll { since: now };
        }
        self.seen = Seen {
            scroll_step: step,
            error: values.error() != 0,
            backlight: values.setting(SettingId::Backlight),
        };
    }

    pub(crate) fn scroll_step(&self, values: &impl Values) -> Duration {
        if self.model.setting(SettingId::ScrollTime).is_none() {
            return self.seen.scroll_step;
        }
        scroll_step(values.setting(SettingId::ScrollTime))
    }

    /// The answer to the last intent: whether it was done.
    ///
    /// Done, `OK` stands on the display. Refused, whole values go on being chosen, digits start again at the first
    /// place, and the scroll list is what it was.
    pub fn settled(&mut self, now: Instant, taken: bool) {
        let State::Waiting { page, on } = self.state else { return };
        let back = State::Browse { page, since: now };
        self.state = match (on, taken) {
            (Asked::Scroll { added: true }, true) => {
                State::Message { page, kind: MessageKind::OkIn, since: now }
            }
            (Asked::Scroll { added: false }, true) => {
                State::Message { page, kind: MessageKind::OkOut, since: now }
            }
            (_, true) => State::Message { page, kind: MessageKind::Ok, since: now },
            (Asked::Step(setting, value), false) => State::Step { page, setting, value },
            (Asked::Digits(setting, entry), false) => {
                State::Digits { page, setting, entry: entry.first_place() }
            }
            (Asked::Reset, false) => back,
            (Asked::Scroll { .. }, false) => {
                self.list ^= bit(page);
                back
            }
        };
    }

    /// When the frame, the view or the backlight next changes by itself, or a held key acts; `None` while nothing
    /// will. Changes of readings are not foreseen.
    #[must_use]
    pub fn poll_at(&self, now: Instant) -> Option<Instant> {
        let panel = &self.model.panel;
        let state = self.state_at(now);
        let held = self.keys.acts_at();
        let light = self.keys.dark_at(&panel.backlight, self.seen.backlight);
        let flash = self.keys.flash_ends(panel);
        let blink = self.keys.next_blink(panel, now);
        let beginning = if E::EVERY { self.next_of_beginning(now) } else { None };
        let idle = Some(self.keys.touched + panel.page_idle);
        let editing = Some(self.keys.touched + panel.edit_idle);
        let (turn, out) = match state {
            State::Scroll { since } => (self.next_scroll(now, since), None),
            State::Browse { page, since } => (self.next_turn(now, page, since, false), idle),
            State::Message { since, .. } => (Some(since + panel.message), idle),
            State::Password { .. } | State::Step { .. } | State::Digits { .. } | State::Confirm { .. } => {
                (Some(blink), editing)
            }
            State::Waiting { .. } => (None, idle),
        };
        [held, light, flash, turn, out, beginning].into_iter().flatten().filter(|at| *at > now).min()
    }

    fn next_scroll(&self, now: Instant, since: Instant) -> Option<Instant> {
        if self.seen.error {
            return None;
        }
        let step = self.seen.scroll_step;
        let (page, shown_since) = self.scroll_page(since, now, step)?;
        let turn = self.next_turn(now, page, shown_since, true);
        let next = (self.scrolling().count() > 1).then(|| next_period(now, since, step));
        turn.into_iter().chain(next).min()
    }

    /// When a page next shows something else than now.
    fn next_turn(&self, now: Instant, id: PageId, since: Instant, scrolling: bool) -> Option<Instant> {
        let page = self.model.page(id)?;
        let fields = self.visible_fields(page);
        let label = !page.label.is_empty();
        let turns = if scrolling {
            fields > 1 || fields == 1 && label && now.since(since) < self.model.panel.turn
        } else {
            fields + usize::from(label) > 1
        };
        turns.then(|| next_period(now, since, self.model.panel.turn))
    }

    /// True in the part of the blink period in which blinking segments are seen. A press starts it anew, so that what
    /// it brought is seen at once.
    #[must_use]
    pub fn blink_on(&self, now: Instant) -> bool {
        match if E::EVERY { self.beginning(now) } else { None } {
            Some(lit) => lit,
            None => self.keys.blink_on(&self.model.panel, now),
        }
    }

    /// Whether the backlight is on: always, never, or while a key is used and for a while after.
    #[must_use]
    pub fn backlight(&self, now: Instant, values: &impl Values) -> bool {
        let dark = E::EVERY && self.beginning(now) == Some(false);
        !dark && self.keys.backlight(&self.model.panel.backlight, values.setting(SettingId::Backlight), now)
    }

    /// The meter has answered on its bus: the communication dot is lit for a moment, at most three times a second.
    pub fn answered(&mut self, now: Instant) {
        self.keys.answered(&self.model.panel, now);
    }

    // ---- scroll

    /// The optional pages that scroll, bit n for page n; pages that always do are not in it.
    #[must_use]
    pub const fn scroll_list(&self) -> u128 {
        self.list
    }

    /// Sets which optional pages scroll; bits of other pages do nothing.
    pub fn set_scroll_list(&mut self, list: u128) {
        let optional = self.model.all_pages().filter(|(_, page)| page.scroll == Scroll::Optional);
        self.list = optional.fold(0, |mask, (id, _)| mask | list & bit(id));
    }

    /// The pages of the scroll: those that always do, then the added ones, each in the order of the tables.
    fn scrolling(&self) -> impl Iterator<Item = PageId> + '_ {
        let always = self.model.all_pages().filter(|(_, page)| page.scroll == Scroll::Always);
        let added = self
            .model
            .all_pages()
            .filter(|(id, page)| page.scroll == Scroll::Optional && self.list & bit(*id) != 0);
        always.chain(added).map(|(id, _)| id)
    }

    /// The page of the scroll at `now`, and since when it stands.
    pub(crate) fn scroll_page(
        &self,
        since: Instant,
        now: Instant,
        step: Duration,
    ) -> Option<(PageId, Instant)> {
        let count = u64::try_from(self.scrolling().count()).ok().filter(|count| *count > 0)?;
        let steps = period(now, since, step);
        let nth = usize::try_from(steps % count).ok()?;
        self.scrolling().nth(nth).map(|page| (page, since + step.times(steps)))
    }

    /// The page that stands, in a state.
    pub(crate) fn here(
        &self,
        state: State,
        now: Instant,
        values: &impl Values,
    ) -> Option<(PageId, &'static PageDef)> {
        let id = match state {
            State::Scroll { since } => self.scroll_page(since, now, self.scroll_step(values))?.0,
            State::Browse { page, .. }
            | State::Password { page, .. }
            | State::Step { page, .. }
            | State::Digits { page, .. }
            | State::Confirm { page }
            | State::Waiting { page, .. }
            | State::Message { page, .. } => page,
        };
        self.model.page(id).map(|page| (id, page))
    }

    // ---- deeds

    pub(crate) fn setting(&self, id: SettingId) -> Option<&'static SettingDef> {
        self.model.setting(id).map(|(_, setting)| setting)
    }

    fn perform(&mut self, deed: Deed, at: Instant, values: &impl Values) -> Option<Intent> {
        let (id, page) = self.here(self.state, at, values)?;
        if E::EVERY {
            self.begun = (deed == Deed::BeginEdit).then_some(at);
        }
        match deed {
            Deed::NextPage(page) | Deed::Back(page) => self.state = State::Browse { page, since: at },
            Deed::OpenMenu(menu) => {
                if let Some(page) = self.first_page(menu) {
                    self.state = State::Browse { page, since: at };
                }
            }
            Deed::AskPassword => {
                if let Some((_, Gate::Password(setting))) = page.opens
                    && let Some(def) = self.setting(setting)
                {
                    self.state = State::Password { page: id, setting, entry: Entry::new(0, digits_of(def)) };
                }
            }
            Deed::NextValue | Deed::NextDigit => self.step(),
            Deed::PreviousValue if E::EVERY => self.step_back(),
            Deed::ConfirmDigit | Deed::Confirm => return self.confirm(at, values),
            Deed::BeginEdit => self.begin(id, page, values),
            Deed::AskReset => self.state = State::Confirm { page: id },
            Deed::Reset => {
                if let Edit::Reset { command, .. } = page.edit {
                    self.state = State::Waiting { page: id, on: Asked::Reset };
                    return Some(Intent::Command(command));
                }
            }
            Deed::AddToScroll | Deed::RemoveFromScroll => {
                self.list ^= bit(id);
                self.state =
                    State::Waiting { page: id, on: Asked::Scroll { added: deed == Deed::AddToScroll } };
                return Some(Intent::ScrollChanged);
            }
            // Nothing, or what is done at another kind of display.
            _ => {}
        }
        None
    }

    /// A setting begins to be changed, from its present value on; a secret one from zeros.
    fn begin(&mut self, id: PageId, page: &PageDef, values: &impl Values) {
        let (Edit::Step(setting) | Edit::Digits(setting, _)) = page.edit else { return };
        let Some(def) = self.setting(setting) else { return };
        let present = if def.secret { 0 } else { values.setting(setting) };
        self.state = if let Edit::Digits(_, count) = page.edit {
            State::Digits { page: id, setting, entry: Entry::new(present, count) }
        } else {
            State::Step { page: id, setting, value: offered(def, present) }
        };
    }

    /// The next value, or the next digit in this place.
    fn step(&mut self) {
        match self.state {
            State::Step { page, setting, value } => {
                if let Some(def) = self.setting(setting) {
                    self.state = State::Step { page, setting, value: next_value(def, value) };
                }
            }
            State::Digits { page, setting, entry } => {
                if let Some(def) = self.setting(setting) {
                    self.state = State::Digits { page, setting, entry: entry.step(def) };
                }
            }
            State::Password { page, setting, entry } => {
                if let Some(def) = self.setting(setting) {
                    self.state = State::Password { page, setting, entry: entry.step(def) };
                }
            }
            _ => {}
        }
    }

    /// The digit in hand or the whole value is right, says the key.
    fn confirm(&mut self, at: Instant, values: &impl Values) -> Option<Intent> {
        match self.state {
            State::Password { page, setting, entry } if entry.is_last() => {
                let list = self.model.page(page).and_then(|page| page.opens).map(|(menu, _)| menu);
                let inside = list.and_then(|menu| self.first_page(menu));
                let right = entry.value == values.setting(setting);
                let page = inside.filter(|_| right).unwrap_or(page);
                self.state = State::Browse { page, since: at };
            }
            State::Password { page, setting, entry } => {
                self.state = State::Password { page, setting, entry: entry.next_place() };
            }
            State::Digits { page, setting, entry } if entry.is_last() => {
                let value = self.setting(setting).and_then(|def| def.check(entry.value.into()).ok());
                if let Some(value) = value {
                    self.state = State::Waiting { page, on: Asked::Digits(setting, entry) };
                    return Some(Intent::Apply(setting, value));
                }
                self.state = State::Digits { page, setting, entry: entry.first_place() };
            }
            State::Digits { page, setting, entry } => {
                self.state = State::Digits { page, setting, entry: entry.next_place() };
            }
            State::Step { page, setting, value } => {
                self.state = State::Waiting { page, on: Asked::Step(setting, value) };
                return Some(Intent::Apply(setting, value));
            }
            _ => {}
        }
        None
    }
}
