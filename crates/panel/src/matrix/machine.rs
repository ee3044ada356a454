//! The machine: which page stands, what is being changed, and what the time that passes does to it.

use schema::{MatrixDef, ModelDef, SettingDef, SettingId};
use units::{Duration, Instant};

use super::view::{ChoiceRow, Notice, Page};
use crate::entry::Entry;
use crate::keys::{Act, Keys, Machine, next_period, period};
use crate::machine::{Intent, Values, scroll_step};

/// The panel of a meter with a dot matrix.
#[derive(Clone, Debug)]
pub struct MatrixPanel {
    pub(super) model: &'static ModelDef,
    pub(super) def: &'static MatrixDef,
    pub(super) state: State,
    pub(super) keys: Keys,
    /// When the meter got its supply: header and registers take turns from here.
    pub(super) started: Instant,
    /// When the radio was switched on or last used, while it is on.
    pub(super) radio: Option<Instant>,
    seen: Seen,
}

/// What the panel is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// The readings of the whole meter take turns.
    Home { since: Instant },
    /// Somebody has chosen a page; what stands on it takes turns, from its row `first` on.
    Browse { page: Page, first: u8, since: Instant },
    /// The choice between the radio and the settings.
    Choice { at: ChoiceRow },
    /// The QR code of the radio.
    Radio,
    /// The password is entered.
    Password { entry: Entry },
    /// The menu.
    Menu { at: u8 },
    /// A setting is stepped through.
    Step { at: u8, setting: SettingId, value: i32 },
    /// A setting is entered digit by digit.
    Digits { at: u8, setting: SettingId, entry: Entry },
    /// A counter waits for the answer whether it shall be set to zero.
    Reset { at: u8, yes: bool },
    /// An intent is out and not yet answered.
    Waiting { on: Asked },
    /// A message stands.
    Notice { notice: Notice, then: Then, since: Instant },
}

/// What was asked for, to go on from where it is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    Step { at: u8, setting: SettingId, value: i32 },
    Digits { at: u8, setting: SettingId, entry: Entry },
    Reset { at: u8 },
}

/// What stands behind a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Then {
    Menu { at: u8 },
    Choice { at: ChoiceRow },
    Step { at: u8, setting: SettingId, value: i32 },
    Digits { at: u8, setting: SettingId, entry: Entry },
}

impl From<Then> for State {
    fn from(then: Then) -> Self {
        match then {
            Then::Menu { at } => Self::Menu { at },
            Then::Choice { at } => Self::Choice { at },
            Then::Step { at, setting, value } => Self::Step { at, setting, value },
            Then::Digits { at, setting, entry } => Self::Digits { at, setting, entry },
        }
    }
}

/// What of the values decides when something changes, as of the last [`MatrixPanel::poll`].
#[derive(Clone, Copy, Debug)]
struct Seen {
    scroll_step: Duration,
    stopped: bool,
    backlight: i32,
}

impl Machine for MatrixPanel {
    fn keys(&mut self) -> (&'static ModelDef, &mut Keys) {
        (self.model, &mut self.keys)
    }

    fn pass(&mut self, now: Instant) {
        self.state = self.state_at(now);
        self.radio = self.radio_at(now);
    }
}

impl MatrixPanel {
    /// A panel at power-up, or `None` for a model without a dot matrix.
    #[must_use]
    pub fn new(model: &'static ModelDef, now: Instant) -> Option<Self> {
        let def = model.matrix?;
        let default = |id| model.setting(id).map_or(0, |(_, setting)| setting.default);
        Some(Self {
            model,
            def,
            state: State::Home { since: now },
            keys: Keys::new(now),
            started: now,
            radio: None,
            seen: Seen {
                scroll_step: scroll_step(default(SettingId::ScrollTime)),
                stopped: false,
                backlight: default(SettingId::Backlight),
            },
        })
    }

    pub(super) fn setting(&self, id: SettingId) -> Option<&'static SettingDef> {
        self.model.setting(id).map(|(_, setting)| setting)
    }

    // ---- time

    /// Since when the radio is on, or was last used; `None` while it is off.
    pub(super) fn radio_at(&self, now: Instant) -> Option<Instant> {
        let open = self.def.radio?.open;
        self.radio.filter(|since| now < *since + open)
    }

    /// How long a state lasts without a touch; `None` where it does not end by itself.
    fn lasts(&self, state: State) -> Option<Duration> {
        let panel = &self.model.panel;
        match state {
            State::Home { .. } | State::Waiting { .. } | State::Radio => None,
            State::Browse { .. } | State::Menu { .. } | State::Notice { .. } => Some(panel.page_idle),
            State::Choice { .. } => Some(self.def.times.choice),
            State::Password { .. } => Some(self.def.times.password),
            State::Step { .. } | State::Digits { .. } | State::Reset { .. } => Some(panel.edit_idle),
        }
    }

    /// When a state ends by itself, without a touch.
    fn ends(&self, state: State) -> Option<Instant> {
        let touched = self.keys.touched;
        match state {
            State::Radio => self.radio.zip(self.def.radio).map(|(since, radio)| since + radio.open),
            state => self.lasts(state).map(|span| touched + span),
        }
    }

    /// The state at `now`, after all time-outs up to then.
    pub(super) fn state_at(&self, now: Instant) -> State {
        let mut state = self.state;
        if let State::Notice { then, since, .. } = state
            && now >= since + self.model.panel.message
        {
            state = then.into();
        }
        // An editor gives way to its menu, the menu to the readings.
        for _ in 0..2 {
            let Some(end) = self.ends(state).filter(|end| now >= *end) else { break };
            state = match state {
                State::Step { at, .. } | State::Digits { at, .. } | State::Reset { at, .. } => {
                    State::Menu { at }
                }
                _ => State::Home { since: end },
            };
        }
        state
    }

    /// Carries out what the keys asked for and what time has brought, up to `now`; called after every key event and at
    /// [`MatrixPanel::poll_at`], until it returns `None`. An intent has to be answered with [`MatrixPanel::settled`]
    /// before the next call.
    pub fn poll(&mut self, now: Instant, values: &impl Values) -> Option<Intent> {
        self.look(now, values);
        self.keys.very_long_due(now);
        loop {
            let waiting = matches!(self.state, State::Waiting { .. });
            let Some(Act { at, key, press }) = (if waiting { None } else { self.keys.take() }) else {
                self.pass(now);
                return None;
            };
            self.pass(at);
            let deed = self.deed(self.state, key, press, at, values);
            if let Some(intent) = self.perform(deed, at, values) {
                return Some(intent);
            }
        }
    }

    fn look(&mut self, now: Instant, values: &impl Values) {
        let step = self.scroll_step(values);
        if step != self.seen.scroll_step
            && let State::Home { since } = &mut self.state
        {
            // What stands longer or shorter from now on starts again rather than jump.
            *since = now;
        }
        self.seen = Seen {
            scroll_step: step,
            stopped: values.stopped(),
            backlight: values.setting(SettingId::Backlight),
        };
    }

    pub(super) fn scroll_step(&self, values: &impl Values) -> Duration {
        if self.setting(SettingId::ScrollTime).is_none() {
            return self.seen.scroll_step;
        }
        scroll_step(values.setting(SettingId::ScrollTime))
    }

    /// The answer to the last intent: whether it was done.
    ///
    /// Done, the meter says so and goes back to the menu. Refused, it says so too; then whole values go on being chosen,
    /// and digits start again at the first place.
    pub fn settled(&mut self, now: Instant, taken: bool) {
        let State::Waiting { on } = self.state else { return };
        let (Asked::Step { at, .. } | Asked::Digits { at, .. } | Asked::Reset { at }) = on;
        let then = match on {
            Asked::Step { setting, value, .. } if !taken => Then::Step { at, setting, value },
            Asked::Digits { setting, entry, .. } if !taken => {
                Then::Digits { at, setting, entry: entry.first_place() }
            }
            _ => Then::Menu { at },
        };
        let notice = if taken { Notice::Done } else { Notice::Refused };
        self.state = State::Notice { notice, then, since: now };
    }

    /// When the view or the backlight next changes by itself, or a held key acts; `None` while nothing will. Changes of
    /// readings are not foreseen.
    #[must_use]
    pub fn poll_at(&self, now: Instant) -> Option<Instant> {
        let panel = &self.model.panel;
        let state = self.state_at(now);
        let light = self.keys.dark_at(&panel.backlight, self.seen.backlight);
        let radio = self.radio.zip(self.def.radio).map(|(since, radio)| since + radio.open);
        let turn = match state {
            State::Home { .. } if self.seen.stopped => None,
            State::Home { since } | State::Browse { since, .. } => {
                let registers = next_period(now, self.started, self.def.times.registers);
                Some(registers.min(next_period(now, since, self.seen.scroll_step)))
            }
            State::Notice { since, .. } => Some(since + panel.message),
            State::Password { .. } | State::Step { .. } | State::Digits { .. } | State::Reset { .. } => {
                Some(self.keys.next_blink(panel, now))
            }
            State::Choice { .. } | State::Radio | State::Menu { .. } | State::Waiting { .. } => None,
        };
        let header = Some(next_period(now, self.started, self.def.times.header));
        [self.keys.acts_at(), light, self.keys.flash_ends(panel), radio, turn, header, self.ends(state)]
            .into_iter()
            .flatten()
            .filter(|at| *at > now)
            .min()
    }

    // ---- lamps and the radio

    /// True in the part of the blink period in which what is in hand is seen.
    #[must_use]
    pub fn blink_on(&self, now: Instant) -> bool {
        self.keys.blink_on(&self.model.panel, now)
    }

    /// Whether the backlight is on: always, never, or while a key is used and for a while after.
    #[must_use]
    pub fn backlight(&self, now: Instant, values: &impl Values) -> bool {
        self.keys.backlight(&self.model.panel.backlight, values.setting(SettingId::Backlight), now)
    }

    /// The meter has answered on its bus: the telephone is lit for a moment, at most three times a second.
    pub fn answered(&mut self, now: Instant) {
        self.keys.answered(&self.model.panel, now);
    }

    /// Whether the radio is on.
    #[must_use]
    pub fn radio_on(&self, now: Instant) -> bool {
        self.radio_at(now).is_some()
    }

    /// Somebody has used the radio: its time starts again.
    pub fn radio_used(&mut self, now: Instant) {
        if self.radio_on(now) {
            self.radio = Some(now);
        }
    }

    // ---- turns

    /// Which of `count` rows stands, where they take turns of `span` from `first` on.
    pub(super) fn turn(now: Instant, since: Instant, span: Duration, first: usize, count: usize) -> usize {
        let turns = usize::try_from(period(now, since, span)).unwrap_or(0);
        first.saturating_add(turns).checked_rem(count).unwrap_or(0)
    }
}
