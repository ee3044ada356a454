//! A meter, a profile and a read-out in a file beside each other, setting by setting.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use models::Entry;
use schema::{SettingDef, SettingId, Source};

use crate::names;
use crate::profile::{Profile, ProfileFault};
use crate::read::ReadOut;

/// What one side says of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A value, as people read it.
    Value {
        /// In the setting's own unit.
        value: i64,
        /// As people read it.
        text: String,
    },
    /// This side does not speak of it.
    Absent,
    /// It could not be read, and why not.
    NotReadable(String),
}

/// How the sides of a row compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All sides that speak of it say the same.
    Equal,
    /// Two sides say different things.
    Differs,
    /// A side that should have it could not be read, and the others do not differ.
    NotReadable,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffRow {
    /// Its key.
    pub key: &'static str,
    /// Its label, for people.
    pub label: &'static str,
    /// What the meter has.
    pub meter: Cell,
    /// What the profile wants.
    pub profile: Cell,
    /// What the file has.
    pub file: Cell,
    /// How they compare.
    pub state: State,
}

fn value(setting: &'static SettingDef, value: i64) -> Cell {
    Cell::Value { value, text: names::setting_text(setting, value).to_string() }
}

/// What a read-out says of a setting.
fn read(read: Option<&ReadOut>, setting: &'static SettingDef) -> Cell {
    let Some(read) = read else { return Cell::Absent };
    let row =
        read.rows.iter().find(|row| names::source(read.entry, row.row.def) == Source::Setting(setting.id));
    match row.map(|row| &row.value) {
        Some(Ok(it)) => value(setting, *it),
        Some(Err(why)) => Cell::NotReadable(why.to_string()),
        None => Cell::NotReadable("the meter does not tell it this way".to_string()),
    }
}

impl Cell {
    /// What stands in a table.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Value { text, .. } => text,
            Self::Absent => "",
            Self::NotReadable(_) => "not readable",
        }
    }
}

fn state(cells: [&Cell; 3]) -> State {
    let mut values = cells.iter().filter_map(|cell| match cell {
        Cell::Value { value, .. } => Some(*value),
        _ => None,
    });
    let first = values.next();
    if values.any(|value| Some(value) != first) {
        State::Differs
    } else if cells.iter().any(|cell| matches!(cell, Cell::NotReadable(_))) {
        State::NotReadable
    } else {
        State::Equal
    }
}

/// Every setting of `entry` of which a side speaks. Secret ones are left out.
///
/// # Errors
/// Everything in the profile that does not fit the model.
pub fn diff(
    entry: &'static Entry,
    meter: Option<&ReadOut>,
    profile: Option<&Profile>,
    file: Option<&ReadOut>,
) -> Result<Vec<DiffRow>, Vec<ProfileFault>> {
    let wanted: Vec<(SettingId, i32)> = match profile {
        Some(profile) => profile.check(entry)?.into_iter().map(|(it, value)| (it.id, value)).collect(),
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    for setting in entry.def.all_settings().filter(|setting| !setting.secret) {
        let own = wanted.iter().find(|(id, _)| *id == setting.id);
        let profile = own.map_or(Cell::Absent, |(_, it)| value(setting, i64::from(*it)));
        let shown = entry.def.register_of(setting.id).is_some();
        if !shown && profile == Cell::Absent {
            continue;
        }
        let (meter, file) = (read(meter, setting), read(file, setting));
        let state = state([&meter, &profile, &file]);
        let (key, label) = (setting.id.key(), names::setting_label(entry, setting.id));
        rows.push(DiffRow { key, label, meter, profile, file, state });
    }
    Ok(rows)
}

/// A table for people: a mark, the key, and what each side says.
#[must_use]
pub fn diff_table(rows: &[DiffRow]) -> String {
    let mut lines =
        Vec::from([[String::new(), "setting".into(), "meter".into(), "profile".into(), "file".into()]]);
    for row in rows {
        let mark = match row.state {
            State::Equal => "=",
            State::Differs => "≠",
            State::NotReadable => "?",
        };
        lines.push([
            mark.to_string(),
            row.key.to_string(),
            row.meter.text().to_string(),
            row.profile.text().to_string(),
            row.file.text().to_string(),
        ]);
    }
    crate::passport::columns(&lines)
}
