//! Two keys that work together: each steps one way through the one list of pages, and both held change a setting.

use schema::{Edit, KeyDef, KeyId, PageId, PairDef};
use units::{Duration, Instant};

use crate::deed::{Deed, LetGo};
use crate::entry::value_before;
use crate::extent::Extent;
use crate::keys::{Press, at_least_one, next_period};
use crate::machine::{Panel, State, Values};

impl<E: Extent> Panel<E> {
    fn key(&self, id: KeyId) -> Option<&'static KeyDef> {
        self.model.keys.iter().find(|key| key.id == id)
    }

    /// The key that a second one makes of the held one and itself, where they work together.
    pub(crate) fn joined_by(&self, second: KeyId) -> Option<&'static KeyDef> {
        let (pair, held) = (self.model.panel.pair?, self.keys.held?.key.id);
        let together = (held, second) == (pair.back, pair.on) || (held, second) == (pair.on, pair.back);
        self.key(pair.both).filter(|_| together)
    }

    /// True where letting go of `key` ends what `held` is: one of two that are held together.
    pub(crate) fn is_one_of(&self, held: KeyId, key: KeyId) -> bool {
        let pair = self.model.panel.pair.filter(|pair| pair.both == held);
        pair.is_some_and(|pair| key == pair.back || key == pair.on)
    }

    /// True where a change is in hand that time does not drop.
    pub(crate) fn is_stored_when_left(&self) -> bool {
        let step = matches!(self.state, State::Step { .. });
        step && self.model.panel.pair.is_some_and(|pair| pair.idle_stores)
    }

    /// True where such a change has been left alone for long enough to be stored.
    pub(crate) fn is_left(&self, now: Instant) -> bool {
        self.is_stored_when_left() && now >= self.keys.touched + self.model.panel.edit_idle
    }

    /// Whether the display is lit just now, while all of it blinks because a change has begun; `None` at other times.
    pub(crate) fn beginning(&self, now: Instant) -> Option<bool> {
        let (panel, begun) = (&self.model.panel, self.begun?);
        let (past, dark) = (now.since(begun), panel.blink.saturating_sub(panel.blink_on));
        let of_one = past.as_micros() % at_least_one(panel.blink);
        let over = begun + panel.blink.times(u64::from(panel.pair?.begins_blinks));
        (now < over).then_some(of_one >= dark.as_micros())
    }

    /// When that next changes.
    pub(crate) fn next_of_beginning(&self, now: Instant) -> Option<Instant> {
        let (panel, begun) = (&self.model.panel, self.begun?);
        let lit = self.beginning(now)?;
        let next = next_period(now, begun, panel.blink);
        // Each blink ends lit.
        Some(if lit {
            next
        } else {
            Instant::ZERO + next.since(Instant::ZERO).saturating_sub(panel.blink_on)
        })
    }

    /// What a key does: with the key up what a short press does and what holding it does; while it is held, what letting
    /// go does, and what comes at its mark.
    #[must_use]
    pub fn would(&self, now: Instant, values: &impl Values, key: KeyId) -> LetGo {
        if self.model.panel.pair.is_none() {
            return self.letting_go(now, values);
        }
        let state = self.state_at(now);
        let deed = |press| self.deed_of(state, key, press, now, values);
        let mark = self.key(key).map_or(Duration::ZERO, |key| key.very_long);
        let next = Some((mark, deed(Press::VeryLong))).filter(|(_, deed)| *deed != Deed::Nothing);
        let Some(held) = self.keys.held.filter(|held| held.key.id == key) else {
            return LetGo { held: None, now: deed(Press::Short), next };
        };
        let time = now.since(held.since);
        if held.spent || time >= mark {
            return LetGo { held: Some(time), now: Deed::Nothing, next: None };
        }
        LetGo { held: Some(time), now: deed(Press::Short), next }
    }

    /// What a press of one of the two keys, or of both, does in a state.
    ///
    /// A press shorter than the second mark steps; both keys do nothing until then. In the automatic scroll a key steps from
    /// the page that stands.
    pub(crate) fn pair_deed(
        &self,
        pair: &PairDef,
        state: State,
        key: KeyId,
        press: Press,
        now: Instant,
        values: &impl Values,
    ) -> Deed {
        let held = press == Press::VeryLong;
        match state {
            State::Scroll { .. } | State::Browse { .. } | State::Message { .. } => {
                let Some((id, page)) = self.here(state, now, values) else { return Deed::Nothing };
                match (key, page.edit) {
                    (key, _) if key == pair.on && !held => self.next_to(id, true),
                    (key, _) if key == pair.back && !held => self.next_to(id, false),
                    (key, Edit::Reset { .. }) if key == pair.on => Deed::Reset,
                    (key, Edit::Step(setting)) if key == pair.both && held && self.may_edit(setting) => {
                        Deed::BeginEdit
                    }
                    _ => Deed::Nothing,
                }
            }
            State::Step { .. } => match key {
                key if key == pair.on && !held => Deed::NextValue,
                key if key == pair.back && !held => Deed::PreviousValue,
                key if key == pair.both && held => Deed::Confirm,
                _ => Deed::Nothing,
            },
            _ => Deed::Nothing,
        }
    }

    /// The page behind or before another one of its list, the first one after the last.
    fn next_to(&self, id: PageId, on: bool) -> Deed {
        let menu = self.model.page(id).map(|page| page.menu);
        let list = || self.model.all_pages().filter(|(_, page)| Some(page.menu) == menu).map(|(id, _)| id);
        let found = if on {
            list().find(|other| *other > id).or_else(|| list().next())
        } else {
            list().take_while(|other| *other < id).last().or_else(|| list().last())
        };
        found.map_or(Deed::Nothing, Deed::NextPage)
    }

    /// The value before.
    pub(crate) fn step_back(&mut self) {
        if let State::Step { page, setting, value } = self.state
            && let Some(def) = self.setting(setting)
        {
            self.state = State::Step { page, setting, value: value_before(def, value) };
        }
    }
}
