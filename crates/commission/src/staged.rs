//! Changes that wait to be written: checked, named, counted, not sent.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use models::Entry;
use schema::{Access, CommandId, Permission, RangeFault, SettingDef, SettingId, SettingTextError};

use crate::names;

/// Changes that wait to be written. Each has passed the range check of its setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staged {
    /// By rising setting. A list: there are never more than a few.
    changes: Vec<(SettingId, i32)>,
}

/// Why a change cannot be staged. Nothing has changed then.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StageError {
    /// The model has no such setting.
    Unknown {
        /// What was asked for.
        key: String,
        /// The keys there are.
        known: String,
    },
    /// No master can write it.
    NotWritable {
        /// The setting.
        setting: &'static SettingDef,
    },
    /// The value is none of the setting's.
    Range(RangeFault),
    /// The text is no value of the setting.
    Text(SettingTextError),
    /// The text is not `KEY=VALUE`.
    Form {
        /// The text.
        text: String,
    },
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { key, known } => {
                write!(f, "there is no setting \"{key}\": expected one of {known}")
            }
            Self::NotWritable { setting } => {
                let who = match setting.permission {
                    Permission::Factory => "is set in the factory and stays",
                    Permission::Optical => "can only be changed through the infrared window",
                    _ => "can only be changed with the key on the meter",
                };
                write!(f, "{} {who}", setting.id.key())
            }
            Self::Range(fault) => fault.fmt(f),
            Self::Text(fault) => fault.fmt(f),
            Self::Form { text } => {
                write!(f, "\"{text}\" is no change: expected KEY=VALUE, such as scroll-time=15")
            }
        }
    }
}

impl core::error::Error for StageError {}

/// True where a master can write the setting and read it back, so that a change can be proven.
#[must_use]
pub fn writable(entry: &'static Entry, setting: &SettingDef) -> bool {
    let allowed = !setting.secret && setting.permission != Permission::Factory;
    allowed && entry.def.register_of(setting.id).is_some_and(|row| row.access == Access::Write)
}

/// All settings that a master can change, in the order of the model's tables.
pub fn writable_settings(entry: &'static Entry) -> impl Iterator<Item = &'static SettingDef> {
    entry.def.all_settings().filter(move |setting| writable(entry, setting))
}

/// All commands a master can give.
pub fn commands(entry: &'static Entry) -> impl Iterator<Item = CommandId> {
    entry.def.all_registers().filter_map(|row| match row.access {
        Access::Command(command, _) => Some(command),
        Access::Read | Access::Write => None,
    })
}

impl Staged {
    /// Nothing staged.
    #[must_use]
    pub const fn new() -> Self {
        Self { changes: Vec::new() }
    }

    /// Stages `value`, in the setting's own unit; a change staged before gives way.
    ///
    /// # Errors
    /// [`StageError`] names the setting and what was expected.
    pub fn stage(&mut self, entry: &'static Entry, id: SettingId, value: i64) -> Result<(), StageError> {
        let setting = find(entry, id.key())?;
        let value = setting.check(value).map_err(StageError::Range)?;
        self.put(setting.id, value);
        Ok(())
    }

    /// Stages a value as people write it.
    ///
    /// # Errors
    /// [`StageError`] names the setting and what was expected.
    pub fn stage_text(&mut self, entry: &'static Entry, key: &str, text: &str) -> Result<(), StageError> {
        let setting = find(entry, key)?;
        let value = setting.parse(text).map_err(StageError::Text)?;
        self.put(setting.id, value);
        Ok(())
    }

    /// Stages a change written as `KEY=VALUE`.
    ///
    /// # Errors
    /// [`StageError`] names what was wrong and what was expected.
    pub fn stage_change(&mut self, entry: &'static Entry, text: &str) -> Result<(), StageError> {
        let Some((key, value)) = text.split_once('=') else {
            return Err(StageError::Form { text: text.to_string() });
        };
        self.stage_text(entry, key.trim(), value.trim())
    }

    fn put(&mut self, id: SettingId, value: i32) {
        self.unstage(id);
        let at = self.changes.partition_point(|(own, _)| *own < id);
        self.changes.insert(at, (id, value));
    }

    /// Drops the change of a setting.
    pub fn unstage(&mut self, id: SettingId) {
        self.changes.retain(|(own, _)| *own != id);
    }

    /// Drops all changes.
    pub fn clear(&mut self) {
        self.changes.clear();
    }

    /// The staged value of a setting.
    #[must_use]
    pub fn get(&self, id: SettingId) -> Option<i32> {
        self.iter().find(|(own, _)| *own == id).map(|(_, value)| value)
    }

    /// How many changes wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// True where no change waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes, by setting.
    pub fn iter(&self) -> impl Iterator<Item = (SettingId, i32)> + '_ {
        self.changes.iter().copied()
    }
}

fn find(entry: &'static Entry, key: &str) -> Result<&'static SettingDef, StageError> {
    let setting = SettingId::from_key(key).and_then(|id| names::setting(entry, id)).ok_or_else(|| {
        let mut known = String::new();
        for setting in writable_settings(entry) {
            known = if known.is_empty() {
                setting.id.key().into()
            } else {
                format!("{known}, {}", setting.id.key())
            };
        }
        StageError::Unknown { key: key.to_string(), known }
    })?;
    if writable(entry, setting) { Ok(setting) } else { Err(StageError::NotWritable { setting }) }
}
