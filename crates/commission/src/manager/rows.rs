//! The settings of the app: what each has, what waits to be saved, and what became of the last time.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use models::Entry;
use schema::{AppEdit, AppSettingDef, Kind, SettingDef, Source};

use super::Manager;
use super::values::short;
use crate::guard::Guard;
use crate::plan::Action;
use crate::{mbus, names, staged};

/// How a setting is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Editor {
    /// A number is typed.
    Number {
        /// The smallest one that can be saved.
        least: i32,
        /// The largest one.
        most: i32,
    },
    /// One of these is chosen; the words are what [`Manager::stage`] takes.
    Choice(Vec<String>),
    /// A counter is set to zero, once this question was answered.
    Reset(&'static str),
    /// It cannot be changed here, for this reason.
    Closed(String),
}

/// A row of the app's settings.
#[derive(Clone, Debug)]
pub struct SettingRow {
    /// The key of the setting or of the command, as elsewhere in this program.
    pub key: &'static str,
    /// Its name in the app.
    pub label: &'static str,
    /// What the meter has, in the app's words; empty where that is not known.
    pub value: String,
    /// The unit behind it.
    pub unit: &'static str,
    /// Why there is no value; empty where there is one, and before anything was read.
    pub fault: String,
    /// How it is changed.
    pub editor: Editor,
    /// What waits to be saved, as it was typed or chosen; `None` where nothing was changed. The app marks the row green.
    pub staged: Option<String>,
    /// Why what waits cannot be saved: it is out of range.
    pub error: Option<String>,
    /// Why what waits cannot be undone once it was saved.
    pub lasting: Option<String>,
    /// What became of the last attempt to save it: one word, such as "confirmed", "refused" or "unknown", and sentences.
    pub outcome: Option<(&'static str, String)>,
}

/// What waits on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Edit {
    Value(i32),
    Wrong { typed: String, why: String },
    Reset,
}

/// A row of the app between two looks at it.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    edit: Option<Edit>,
    pub(super) outcome: Option<(&'static str, String)>,
}

impl Line {
    /// What is to be written for it, where something in range waits.
    pub(super) fn action(&self, entry: &'static Entry, row: &AppSettingDef) -> Option<Action> {
        match (&self.edit, row.edit) {
            (Some(Edit::Value(value)), AppEdit::Setting(id) | AppEdit::Range(id, ..)) => {
                names::setting(entry, id).map(|setting| Action::Set { setting, value: *value })
            }
            (Some(Edit::Reset), AppEdit::Reset { command, .. }) => Some(Action::Give(command)),
            _ => None,
        }
    }

    /// What waits and is out of range, with the reason.
    pub(super) fn error(&self) -> Option<&str> {
        match &self.edit {
            Some(Edit::Wrong { why, .. }) => Some(why),
            _ => None,
        }
    }

    /// It is saved, or given up.
    pub(super) fn clear(&mut self) {
        self.edit = None;
    }
}

fn source(row: &AppSettingDef) -> Source {
    match row.edit {
        AppEdit::Reset { shows, .. } => shows,
        AppEdit::Setting(id) | AppEdit::Range(id, ..) => Source::Setting(id),
    }
}

/// The smallest and the largest number of a row, where a number is typed.
fn range(row: &AppSettingDef, setting: &SettingDef) -> Option<(i32, i32)> {
    match (row.edit, setting.kind) {
        (AppEdit::Range(_, least, most), _) => Some((least, most)),
        (_, Kind::Int { min, max }) => Some((min, max)),
        _ => None,
    }
}

/// A value in the words of the row, else in those of the setting.
fn word(row: &AppSettingDef, setting: &'static SettingDef, value: i32) -> String {
    let own = row.words.iter().find(|(own, _)| *own == value);
    own.map_or_else(|| setting.text(value).to_string(), |(_, word)| (*word).to_string())
}

/// The value that somebody means, or why it is none.
fn meant(row: &AppSettingDef, setting: &'static SettingDef, text: &str) -> Result<i32, String> {
    if let Some((value, _)) = row.words.iter().find(|(_, word)| *word == text) {
        return Ok(*value);
    }
    let wrong = |allowed: &dyn core::fmt::Display| format!("“{text}” is not possible: {allowed}");
    let value = setting.parse(text).map_err(|_| wrong(&setting.allowed()))?;
    match range(row, setting) {
        Some((least, most)) if value < least || value > most => {
            Err(wrong(&format_args!("{least} to {most}")))
        }
        _ => Ok(value),
    }
}

impl Manager {
    /// The settings, in the app's order.
    #[must_use]
    pub fn settings(&self) -> Vec<SettingRow> {
        let all = self.app.settings.iter().zip(&self.lines);
        all.map(|(row, line)| self.setting(row, line)).collect()
    }

    fn setting(&self, row: &'static AppSettingDef, line: &Line) -> SettingRow {
        let setting = row.setting().and_then(|id| names::setting(self.entry, id));
        let known = self.value(source(row));
        let value = match (known, setting) {
            (None, _) => String::new(),
            (Some(value), Some(setting)) => {
                let small = i32::try_from(value).ok();
                small.map_or_else(|| value.to_string(), |value| word(row, setting, value))
            }
            (Some(value), None) => short(&names::source_text(self.entry, source(row), value).value),
        };
        let staged = match (&line.edit, setting) {
            (Some(Edit::Value(value)), Some(setting)) => Some(word(row, setting, *value)),
            (Some(Edit::Wrong { typed, .. }), _) => Some(typed.clone()),
            (Some(_), _) => Some("0".to_string()),
            (None, _) => None,
        };
        let lasting = line.action(self.entry, row).and_then(|action| {
            let of = |source| self.value(source);
            let guard = Guard::new(self.entry, self.serial, core::iter::once(action), of);
            guard.acts().first().map(|act| act.text.clone())
        });
        SettingRow {
            key: match (row.edit, setting) {
                (AppEdit::Reset { command, .. }, _) => names::command_key(command),
                (_, Some(setting)) => setting.id.key(),
                (_, None) => "",
            },
            label: row.label,
            value,
            unit: row.unit,
            fault: self.fault(source(row)),
            editor: self.editor(row, setting),
            staged,
            error: line.error().map(|why| format!("{}: {why}.", self.app.error)),
            lasting,
            outcome: line.outcome.clone(),
        }
    }

    fn editor(&self, row: &'static AppSettingDef, setting: Option<&'static SettingDef>) -> Editor {
        let Some(setting) = setting else { return Editor::Reset(self.app.question) };
        if !staged::writable(self.entry, setting) {
            let bus = if mbus::writable(self.entry, setting) { " or over the M-Bus" } else { "" };
            return Editor::Closed(format!(
                "No register shows it, so a change could not be proven. It is changed with the keys on the meter{bus}."
            ));
        }
        match (range(row, setting), setting.kind) {
            (Some((least, most)), _) => Editor::Number { least, most },
            (None, Kind::OneOf(choices)) if row.words.is_empty() => {
                Editor::Choice(choices.iter().map(|choice| word(row, setting, choice.value)).collect())
            }
            _ => Editor::Choice(row.words.iter().map(|(_, word)| (*word).to_string()).collect()),
        }
    }

    /// Changes a row to what was typed or chosen; it waits to be saved. What is out of range waits too, with its reason, and
    /// keeps everything from being saved. The value that the meter has already is no change. False where there is no such
    /// row, or it cannot be changed here.
    pub fn stage(&mut self, key: &str, text: &str) -> bool {
        let Some((number, row)) = self.find(key) else { return false };
        let setting = row.setting().and_then(|id| names::setting(self.entry, id));
        let Some(setting) = setting.filter(|setting| staged::writable(self.entry, setting)) else {
            return false;
        };
        let text = text.trim();
        let has = self.value(source(row));
        let edit = match meant(row, setting, text) {
            Ok(value) if has == Some(i64::from(value)) => None,
            Ok(value) => Some(Edit::Value(value)),
            Err(why) => Some(Edit::Wrong { typed: text.to_string(), why }),
        };
        self.put(number, edit)
    }

    /// Sets the counter of a row to zero when the rest is saved. Call it once the row's question was answered with yes; false
    /// where the row is no counter.
    pub fn stage_reset(&mut self, key: &str) -> bool {
        match self.find(key) {
            Some((number, AppSettingDef { edit: AppEdit::Reset { .. }, .. })) => {
                self.put(number, Some(Edit::Reset))
            }
            _ => false,
        }
    }

    /// Takes the change of a row back; false where there is no such row.
    pub fn unstage(&mut self, key: &str) -> bool {
        match self.find(key) {
            Some((number, _)) => self.put(number, None),
            None => false,
        }
    }

    fn put(&mut self, number: usize, edit: Option<Edit>) -> bool {
        let Some(line) = self.lines.get_mut(number) else { return false };
        *line = Line { edit, outcome: None };
        true
    }

    /// Takes all changes back.
    pub fn discard(&mut self) {
        self.lines.iter_mut().for_each(|line| *line = Line::default());
    }

    /// How many rows wait to be saved, those out of range included.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.lines.iter().filter(|line| line.edit.is_some()).count()
    }

    /// A row of the app's settings by its key, and its number.
    pub(super) fn find(&self, key: &str) -> Option<(usize, &'static AppSettingDef)> {
        let settings: &'static [AppSettingDef] = self.app.settings;
        settings.iter().enumerate().find(|(_, row)| match (row.edit, row.setting()) {
            (AppEdit::Reset { command, .. }, _) => names::command_key(command) == key,
            (_, id) => id.is_some_and(|id| id.key() == key),
        })
    }
}
