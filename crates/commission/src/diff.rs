//! A meter, a profile and a read-out in a file beside each other, setting by setting.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use models::Entry;
use schema::{SettingDef, SettingId};

use crate::boot::{Facts, Told};
use crate::names;
use crate::profile::{Profile, ProfileFault};

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
    /// No telegram of the meter shows it.
    NotTold,
}

/// What is said of a setting that no telegram shows.
pub const NOT_TOLD: &str = "not told over the M-Bus";

/// How the sides of a row compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All sides that speak of it say the same.
    Equal,
    /// Two sides say different things.
    Differs,
    /// A side that should have it could not be read, and the others do not differ.
    NotReadable,
    /// A side does not tell it over its M-Bus, and the others do not differ.
    NotTold,
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

/// What a meter that was read says of a setting.
fn read(read: Option<&Facts>, setting: &'static SettingDef) -> Cell {
    let Some(read) = read else { return Cell::Absent };
    let lost = read.lost.iter().find(|lost| lost.key == setting.id.key());
    match (read.told(setting.id), lost, read.by) {
        (Some(it), ..) => value(setting, it),
        (None, Some(lost), _) => Cell::NotReadable(lost.why.clone()),
        (None, None, Told::Telegrams) => Cell::NotTold,
        (None, None, Told::Registers) => Cell::NotReadable("the meter does not tell it this way".to_string()),
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
            Self::NotTold => NOT_TOLD,
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
    } else if cells.contains(&&Cell::NotTold) {
        State::NotTold
    } else {
        State::Equal
    }
}

impl DiffRow {
    /// True where a side has a value for a setting that another one does not tell over its M-Bus: whether they differ is not
    /// known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let known = |cell: &&Cell| matches!(cell, Cell::Value { .. });
        self.state == State::NotTold && [&self.meter, &self.profile, &self.file].iter().any(known)
    }
}

/// Every setting of `entry` of which a side speaks; of a meter on an M-Bus also those that its telegrams are silent about.
/// Secret ones are left out.
///
/// # Errors
/// Everything in the profile that does not fit the model.
pub fn diff(
    entry: &'static Entry,
    meter: Option<&Facts>,
    profile: Option<&Profile>,
    file: Option<&Facts>,
) -> Result<Vec<DiffRow>, Vec<ProfileFault>> {
    let wanted: Vec<(SettingId, i32)> = match profile {
        Some(profile) => profile.check(entry)?.into_iter().map(|(it, value)| (it.id, value)).collect(),
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    for setting in entry.def.all_settings().filter(|setting| !setting.secret) {
        let own = wanted.iter().find(|(id, _)| *id == setting.id);
        let profile = own.map_or(Cell::Absent, |(_, it)| value(setting, i64::from(*it)));
        let telegrams = [meter, file].into_iter().flatten().any(|it| it.by == Told::Telegrams);
        let shown = telegrams || entry.def.register_of(setting.id).is_some();
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
            State::NotReadable | State::NotTold => "?",
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
