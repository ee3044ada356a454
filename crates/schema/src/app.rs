//! [`AppDef`]: how the maker's app shows a meter: which values it lists, which settings it offers and in which words.

use units::Unit;

use crate::{CommandId, HeaderItemDef, SettingId, Source};

/// The maker's app, as the manual shows it.
#[derive(Clone, Copy, Debug)]
pub struct AppDef {
    /// What it is called.
    pub name: &'static str,
    /// The section of the manual that shows it.
    pub section: &'static str,
    /// What stands in front of the type on its page of the device.
    pub kind: &'static str,
    /// What stands behind the type there.
    pub device: &'static [HeaderItemDef],
    /// Its pages of values.
    pub pages: &'static [AppPageDef],
    /// The settings that it offers, in its order.
    pub settings: &'static [AppSettingDef],
    /// What it asks before a counter is set to zero.
    pub question: &'static str,
    /// What it says where a value out of range is to be saved.
    pub error: &'static str,
}

/// A page of values: the registers of a stretch that hold something measured, in their order. A phase or a tariff in
/// front of a name is followed by a capital, and numbers have no zeros at their end.
#[derive(Clone, Copy, Debug)]
pub struct AppPageDef {
    /// Its title.
    pub title: &'static str,
    /// The first register of the stretch.
    pub from: u16,
    /// The last one.
    pub to: u16,
    /// Registers of the stretch that only sister models have a value in, with the unit behind their zero; the app marks
    /// them with a star.
    pub others: &'static [(u16, Unit)],
}

/// What a row of the app's settings changes.
#[derive(Clone, Copy, Debug)]
pub enum AppEdit {
    /// A setting.
    Setting(SettingId),
    /// A setting whose smallest and largest value the app names.
    Range(SettingId, i32, i32),
    /// A counter is set to zero, after a question.
    Reset {
        /// What is set to zero.
        command: CommandId,
        /// The counter.
        shows: Source,
    },
}

/// A row of the app's settings.
#[derive(Clone, Copy, Debug)]
pub struct AppSettingDef {
    /// Its name.
    pub label: &'static str,
    /// What it changes.
    pub edit: AppEdit,
    /// Its values in the app's order with the app's words; nothing where a number is typed, or the words are the
    /// setting's own.
    pub words: &'static [(i32, &'static str)],
    /// The unit behind its value.
    pub unit: &'static str,
}

impl AppSettingDef {
    /// The setting that it changes, or `None` for a counter.
    #[must_use]
    pub const fn setting(&self) -> Option<SettingId> {
        match self.edit {
            AppEdit::Setting(id) | AppEdit::Range(id, ..) => Some(id),
            AppEdit::Reset { .. } => None,
        }
    }
}
