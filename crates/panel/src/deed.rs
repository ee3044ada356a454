//! What a press of the key does, named before it is done: the machine performs it, the page announces it.

use schema::{Edit, Gate, Hold, KeyId, MenuId, PageDef, PageId, Permission, Scroll, SettingId};
use units::{Duration, Instant};

use crate::extent::Extent;
use crate::keys::Press;
use crate::machine::{Panel, State, Values, bit};
use crate::matrix::Page;

/// What a press does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Nothing.
    Nothing,
    /// Another page of the list, or out of the scroll to the first one.
    NextPage(PageId),
    /// The list behind the page.
    OpenMenu(MenuId),
    /// Back to this page.
    Back(PageId),
    /// The password of the list behind the page is asked for.
    AskPassword,
    /// The next value of the setting.
    NextValue,
    /// The next digit in this place.
    NextDigit,
    /// The digit is taken, the next place is in hand; of a password the last one opens the list.
    ConfirmDigit,
    /// The value is taken.
    Confirm,
    /// The value begins to blink and can be changed.
    BeginEdit,
    /// The counter begins to blink; another press sets it to zero.
    AskReset,
    /// The counter is set to zero.
    Reset,
    /// The page is put in the automatic scroll.
    AddToScroll,
    /// The page is taken out of the automatic scroll.
    RemoveFromScroll,
    /// Another page of a dot matrix' third part.
    ShowPage(Page),
    /// The next reading of the page, or the next registers.
    NextReading,
    /// The choice between the radio and the settings.
    OpenChoice,
    /// Back to the readings.
    Leave,
    /// Back to the menu; what was not confirmed is dropped.
    Cancel,
    /// The row below, the first one after the last.
    NextRow,
    /// The row above, the last one before the first.
    PreviousRow,
    /// The value before.
    PreviousValue,
    /// The digit before.
    PreviousDigit,
    /// The other answer to the question.
    OtherAnswer,
    /// The radio is switched on, and its QR code stands on the glass.
    RadioOn,
    /// The radio is switched off.
    RadioOff,
}

/// What letting go of the key would do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LetGo {
    /// How long the key has been held; `None` while it is up.
    pub held: Option<Duration>,
    /// What letting go does now; with the key up, what a short press does.
    pub now: Deed,
    /// The next mark, as a time since the key went down, and what the key does from then on.
    pub next: Option<(Duration, Deed)>,
}

impl<E: Extent> Panel<E> {
    /// What releasing the held key would do now, and what comes at its next mark.
    #[must_use]
    pub fn letting_go(&self, now: Instant, values: &impl Values) -> LetGo {
        if E::EVERY
            && let Some(pair) = &self.model.panel.pair
        {
            return self.would(now, values, self.keys.held.map_or(pair.both, |held| held.key.id));
        }
        let state = self.state_at(now);
        let deed = |press| self.deed(state, press, now, values);
        let Some(held) = self.keys.held else {
            let long = self.model.keys.first().map(|key| (key.long, deed(Press::Long)));
            return LetGo { held: None, now: deed(Press::Short), next: long };
        };
        let time = now.since(held.since);
        let (now, next) = if held.spent || time >= held.key.very_long {
            (Deed::Nothing, None)
        } else if time >= held.key.long {
            (deed(Press::Long), Some((held.key.very_long, deed(Press::VeryLong))))
        } else {
            (deed(Press::Short), Some((held.key.long, deed(Press::Long))))
        };
        LetGo { held: Some(time), now, next }
    }

    /// What a press of a key does in a state.
    pub(crate) fn deed_of(
        &self,
        state: State,
        key: KeyId,
        press: Press,
        now: Instant,
        values: &impl Values,
    ) -> Deed {
        if E::EVERY
            && let Some(pair) = &self.model.panel.pair
        {
            return self.pair_deed(pair, state, key, press, now, values);
        }
        self.deed(state, press, now, values)
    }

    /// What a press of the one key does in a state.
    ///
    /// In the automatic scroll a short press leads to the first page of the main list. A long one acts on the page on
    /// the display where that stands in the main list; otherwise, and under an error, it does nothing. A press that ends a
    /// message acts on the page behind it. A short press leaves a counter that waits to be set to zero as it is.
    pub(crate) fn deed(&self, state: State, press: Press, now: Instant, values: &impl Values) -> Deed {
        match (state, press) {
            (State::Scroll { .. }, Press::Short) => {
                self.first_page(MenuId::MAIN).map_or(Deed::Nothing, Deed::NextPage)
            }
            (State::Scroll { .. }, _) if values.error() != 0 => Deed::Nothing,
            (State::Scroll { .. }, _) => match self.here(state, now, values) {
                Some((id, page)) if page.menu == MenuId::MAIN => self.page_deed(id, page, press),
                _ => Deed::Nothing,
            },
            (State::Browse { page: id, .. } | State::Message { page: id, .. }, _) => {
                self.model.page(id).map_or(Deed::Nothing, |page| self.page_deed(id, page, press))
            }
            (State::Step { .. }, Press::Short) => Deed::NextValue,
            (State::Step { .. }, Press::Long) => Deed::Confirm,
            (State::Password { .. } | State::Digits { .. }, Press::Short) => Deed::NextDigit,
            (State::Digits { entry, .. }, Press::Long) if entry.is_last() => Deed::Confirm,
            (State::Password { .. } | State::Digits { .. }, Press::Long) => Deed::ConfirmDigit,
            (State::Confirm { page: id }, press) => match self.model.page(id).map(|page| page.edit) {
                Some(Edit::Reset { confirm, .. }) if press.is(confirm) => Deed::Reset,
                _ if press == Press::Short => Deed::Back(id),
                _ => Deed::Nothing,
            },
            (State::Step { .. } | State::Password { .. } | State::Digits { .. }, Press::VeryLong)
            | (State::Waiting { .. }, _) => Deed::Nothing,
        }
    }

    fn page_deed(&self, id: PageId, page: &PageDef, press: Press) -> Deed {
        let opener = || self.opener(page.menu);
        match press {
            Press::Short => {
                let next = self.model.all_pages().find(|(other, it)| *other > id && it.menu == page.menu);
                match (next, opener()) {
                    (Some((next, _)), _) => Deed::NextPage(next),
                    (None, Some(opener)) => Deed::Back(opener),
                    (None, None) => self.first_page(page.menu).map_or(Deed::Nothing, Deed::NextPage),
                }
            }
            Press::Long => match (page.opens, page.edit) {
                (Some((menu, Gate::Open)), _) => Deed::OpenMenu(menu),
                (Some((_, Gate::Password(_))), _) => Deed::AskPassword,
                (None, Edit::Reset { enter: Hold::Long, .. }) => Deed::AskReset,
                (None, Edit::None) => opener().map_or(Deed::Nothing, Deed::Back),
                (None, _) => Deed::Nothing,
            },
            Press::VeryLong => match (page.edit, page.scroll) {
                (Edit::Step(setting) | Edit::Digits(setting, _), _) => {
                    if self.may_edit(setting) {
                        Deed::BeginEdit
                    } else {
                        Deed::Nothing
                    }
                }
                (Edit::Reset { enter: Hold::VeryLong, .. }, _) => Deed::AskReset,
                (_, Scroll::Optional) if self.scroll_list() & bit(id) != 0 => Deed::RemoveFromScroll,
                (_, Scroll::Optional) => Deed::AddToScroll,
                _ => Deed::Nothing,
            },
        }
    }

    pub(crate) fn may_edit(&self, id: SettingId) -> bool {
        self.model.setting(id).is_some_and(|(_, setting)| {
            !matches!(setting.permission, Permission::BusOnly | Permission::Optical | Permission::Factory)
        })
    }

    pub(crate) fn first_page(&self, menu: MenuId) -> Option<PageId> {
        self.model.all_pages().find(|(_, page)| page.menu == menu).map(|(id, _)| id)
    }

    /// The page behind which a list lies.
    fn opener(&self, menu: MenuId) -> Option<PageId> {
        let opens = |page: &PageDef| page.opens.is_some_and(|(other, _)| other == menu);
        self.model.all_pages().find(|(_, page)| opens(page)).map(|(id, _)| id)
    }
}
