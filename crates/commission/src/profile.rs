//! Profiles: what a meter is to be set to, as a readable file that names settings by their keys and never registers.
//!
//! ```json
//! {
//!   "profile": 1,
//!   "name": "sub-meters of the cabinet",
//!   "model": ["pro1", "ambition-2pu-ct"],
//!   "settings": { "baud": 9600, "parity": "none", "pulse-width": 30 },
//!   "optional": ["pulse-width"]
//! }
//! ```
//!
//! `model` is a model's name or the family in front of its first `-`, one or several. A model that lacks a key refuses the
//! profile, unless the key is among the `optional` ones.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use models::Entry;
use schema::{SettingDef, SettingId};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::boot::{Facts, Told};
use crate::mbus;
use crate::names;
use crate::plan::Action;
use crate::staged::{Staged, writable};

/// The layout of the files of this program.
pub const FORMAT: u32 = 1;

/// Settings by key, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Settings(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Settings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("settings as \"key\": value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry::<String, Value>()? {
                    pairs.push(pair);
                }
                Ok(Settings(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<String>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: u32,
    name: String,
    model: Names,
    settings: Settings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    optional: Vec<String>,
}

/// One setting of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its key.
    pub key: String,
    /// Its value as people write it.
    pub text: String,
    /// A model that has no such setting takes the profile without it.
    pub optional: bool,
    /// The line of the file where it stands, counted from 1; 0 where it came from no file.
    pub line: usize,
}

/// What meters are to be set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name, for people.
    pub name: String,
    /// The models and families that it is for.
    pub models: Vec<String>,
    /// Its settings, in the order of the file.
    pub settings: Vec<Wanted>,
}

/// Why a text is no profile, or no profile for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileFault {
    /// It is no JSON, or not the JSON of a profile.
    Form {
        /// Where, counted from 1.
        line: usize,
        /// What was wrong and what was expected.
        what: String,
    },
    /// It is of a layout that this program does not know.
    Format(u32),
    /// It names a model that there is not.
    Model(String),
    /// It is for other models.
    NotFor {
        /// The model.
        slug: &'static str,
        /// Whom it is for.
        models: String,
    },
    /// No model has such a setting.
    Unknown {
        /// Its key.
        key: String,
        /// Where.
        line: usize,
        /// The key that there is and that it may have meant.
        nearest: &'static str,
    },
    /// It says a setting twice.
    Twice {
        /// Its key.
        key: String,
        /// Where.
        line: usize,
    },
    /// The model has no such setting.
    Missing {
        /// Its key.
        key: String,
        /// Where.
        line: usize,
        /// The model.
        slug: &'static str,
    },
    /// The model has it, and no master can write it.
    NotWritable {
        /// Its key.
        key: String,
        /// Where.
        line: usize,
    },
    /// The value is none of the setting's.
    Range {
        /// Its key.
        key: String,
        /// Where.
        line: usize,
        /// The value, with the setting's unit where it is a number.
        text: String,
        /// The values there are, in words.
        allowed: String,
    },
    /// A key is called optional that is not among the settings.
    Optional(String),
}

impl fmt::Display for ProfileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.place().map(|(_, line)| line).filter(|line| *line > 0) {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.what())
    }
}

impl ProfileFault {
    /// The key that is wrong, and the line where it stands.
    fn place(&self) -> Option<(&str, usize)> {
        match self {
            Self::Form { line, .. } => Some(("", *line)),
            Self::Unknown { key, line, .. }
            | Self::Twice { key, line }
            | Self::Missing { key, line, .. }
            | Self::NotWritable { key, line }
            | Self::Range { key, line, .. } => Some((key, *line)),
            Self::Format(_) | Self::Model(_) | Self::NotFor { .. } | Self::Optional(_) => None,
        }
    }

    /// The key of the setting that is wrong, where it is one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.place().map(|(key, _)| key).filter(|key| !key.is_empty())
    }

    /// What is wrong and what was expected, without the line.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Form { what, .. } => what.clone(),
            Self::Format(number) => {
                format!("the file has layout {number} of a profile; this program reads layout {FORMAT}")
            }
            Self::Model(name) => {
                let known: Vec<&str> = models::ALL.iter().map(|entry| entry.def.slug).collect();
                format!("there is no model or family \"{name}\"; there are {}", known.join(", "))
            }
            Self::NotFor { slug, models } => {
                format!("the profile is for {models}, and the meter is a {slug}")
            }
            Self::Unknown { key, nearest, .. } => {
                format!("{key}: there is no such setting; the nearest one is {nearest}")
            }
            Self::Twice { key, .. } => format!("{key}: it stands there twice"),
            Self::Missing { key, slug, .. } => {
                format!("{key}: a {slug} has no such setting; call it optional to leave it out there")
            }
            Self::NotWritable { key, .. } => format!("{key}: no master can write it"),
            Self::Range { key, text, allowed, .. } => format!("{key}: {text} is not allowed; {allowed}"),
            Self::Optional(key) => format!("{key}: it is called optional and stands among no settings"),
        }
    }
}

impl core::error::Error for ProfileFault {}

/// How many letters must be put in, left out or changed to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, letter) in one.chars().enumerate() {
        let mut before = number;
        let mut left = number + 1;
        for (at, known) in other.iter().enumerate() {
            let above = row.get(at + 1).copied().unwrap_or(0);
            let new = (before + usize::from(letter != *known)).min(above + 1).min(left + 1);
            before = above;
            if let Some(cell) = row.get_mut(at) {
                *cell = left;
            }
            left = new;
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The key that there is and that a word may have meant.
pub(crate) fn nearest(key: &str) -> &'static str {
    SettingId::ALL.iter().map(|id| id.key()).min_by_key(|known| distance(key, known)).unwrap_or_default()
}

/// True where a name is that of the model or of its family.
fn is_for(name: &str, entry: &Entry) -> bool {
    let slug = entry.def.slug;
    name == slug || slug.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
}

/// The line where a key of the settings stands.
fn line_of(text: &str, key: &str, again: bool) -> usize {
    let start = text.find("\"settings\"").unwrap_or(0);
    let quoted = format!("\"{key}\"");
    let mut places = text.match_indices(&quoted).map(|(at, _)| at).filter(|at| *at > start).filter(|at| {
        let rest = text.get(at + quoted.len()..).unwrap_or_default();
        rest.trim_start().starts_with(':')
    });
    let first = places.next();
    let at = if again { places.next().or(first) } else { first };
    at.map_or(0, |at| text.get(..at).unwrap_or_default().matches('\n').count() + 1)
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(on) => Some(if *on { "on" } else { "off" }.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value as it was written, with the unit that it has where it is a number.
fn with_unit(setting: &SettingDef, text: &str) -> String {
    let number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    match setting.unit.symbol() {
        unit if number && !unit.is_empty() => format!("{text} {unit}"),
        _ => text.to_string(),
    }
}

/// The settings that a profile of this model can have, without a meter's own addresses.
fn settings_of(entry: &'static Entry) -> impl Iterator<Item = &'static SettingDef> {
    let own = [SettingId::ModbusId, SettingId::MbusId, SettingId::Serial];
    let settings = entry.def.all_settings().filter(move |setting| !own.contains(&setting.id));
    settings.filter(move |setting| writable(entry, setting) || mbus::writable(entry, setting))
}

impl Profile {
    /// Reads a file. Every key must be one of some model that the profile is for, and its value one of that model's.
    ///
    /// # Errors
    /// Everything that is wrong with it, by line.
    pub fn parse(text: &str) -> Result<Self, Vec<ProfileFault>> {
        let file: File = serde_json::from_str(text).map_err(|why| {
            let what = why.to_string();
            let what = what.split(" at line ").next().unwrap_or_default().to_string();
            Vec::from([ProfileFault::Form { line: why.line(), what }])
        })?;
        if file.profile != FORMAT {
            return Err(Vec::from([ProfileFault::Format(file.profile)]));
        }
        let models = match file.model {
            Names::One(name) => Vec::from([name]),
            Names::Several(names) => names,
        };
        let mut faults: Vec<ProfileFault> = models
            .iter()
            .filter(|name| !models::ALL.iter().any(|entry| is_for(name, entry)))
            .map(|name| ProfileFault::Model(name.clone()))
            .collect();
        let mut settings: Vec<Wanted> = Vec::new();
        for (key, value) in file.settings.0 {
            let again = settings.iter().any(|other| other.key == key);
            let line = line_of(text, &key, again);
            if again {
                faults.push(ProfileFault::Twice { key, line });
            } else if let Some(text) = text_of(&value) {
                let optional = file.optional.contains(&key);
                settings.push(Wanted { key, text, optional, line });
            } else {
                let what = format!("{key}: expected a number or a text, not {value}");
                faults.push(ProfileFault::Form { line, what });
            }
        }
        let lonely = file.optional.iter().filter(|key| !settings.iter().any(|other| other.key == **key));
        faults.extend(lonely.map(|key| ProfileFault::Optional(key.clone())));
        let profile = Self { name: file.name, models, settings };
        for entry in profile.entries() {
            for fault in profile.check(entry).err().unwrap_or_default() {
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
        if faults.is_empty() { Ok(profile) } else { Err(faults) }
    }

    /// The models that it is for.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        models::ALL.iter().filter(|entry| self.models.iter().any(|name| is_for(name, entry)))
    }

    /// Its settings as those of a model, optional ones that the model lacks left out.
    ///
    /// # Errors
    /// Everything that does not fit the model.
    pub fn check(&self, entry: &'static Entry) -> Result<Vec<(&'static SettingDef, i32)>, Vec<ProfileFault>> {
        let mut faults = Vec::new();
        let mut values = Vec::new();
        if !self.models.iter().any(|name| is_for(name, entry)) {
            faults.push(ProfileFault::NotFor { slug: entry.def.slug, models: self.models.join(", ") });
        }
        for it in &self.settings {
            let (key, line) = (it.key.clone(), it.line);
            let Some(id) = SettingId::from_key(&key) else {
                let nearest = nearest(&key);
                faults.push(ProfileFault::Unknown { key, line, nearest });
                continue;
            };
            match names::setting(entry, id) {
                None if it.optional => {}
                None => faults.push(ProfileFault::Missing { key, line, slug: entry.def.slug }),
                Some(setting) if !writable(entry, setting) && !mbus::writable(entry, setting) => {
                    faults.push(ProfileFault::NotWritable { key, line });
                }
                Some(setting) => match setting.parse(&it.text) {
                    Ok(value) => values.push((setting, value)),
                    Err(_) => {
                        let allowed = setting.allowed().to_string();
                        let text = with_unit(setting, &it.text);
                        faults.push(ProfileFault::Range { key, line, text, allowed });
                    }
                },
            }
        }
        if faults.is_empty() { Ok(values) } else { Err(faults) }
    }

    /// Its settings as changes over Modbus.
    ///
    /// # Errors
    /// Everything that does not fit the model or cannot be written this way.
    pub fn staged(&self, entry: &'static Entry) -> Result<Staged, Vec<ProfileFault>> {
        let mut staged = Staged::new();
        let mut faults = Vec::new();
        for (setting, value) in self.check(entry)? {
            if staged.stage(entry, setting.id, i64::from(value)).is_err() {
                let key = setting.id.key().to_string();
                let own = self.settings.iter().find(|it| it.key == key);
                if own.is_some_and(|it| it.optional) {
                    continue;
                }
                faults.push(ProfileFault::NotWritable { key, line: own.map_or(0, |it| it.line) });
            }
        }
        if faults.is_empty() { Ok(staged) } else { Err(faults) }
    }

    /// Its settings as changes over M-Bus.
    ///
    /// # Errors
    /// Everything that does not fit the model or cannot be written this way.
    pub fn actions(&self, entry: &'static Entry) -> Result<Vec<Action>, Vec<ProfileFault>> {
        let mut actions = Vec::new();
        let mut faults = Vec::new();
        for (setting, _) in self.check(entry)? {
            let key = setting.id.key().to_string();
            let own = self.settings.iter().find(|it| it.key == key);
            let text = own.map_or("", |it| it.text.as_str());
            match mbus::change(entry, &format!("{key}={text}")) {
                Ok(action) => actions.push(action),
                Err(_) if own.is_some_and(|it| it.optional) => {}
                Err(_) => faults.push(ProfileFault::NotWritable { key, line: own.map_or(0, |it| it.line) }),
            }
        }
        if faults.is_empty() { Ok(actions) } else { Err(faults) }
    }

    /// A profile of what a meter has, without its own addresses. What it did not tell is left out ([`Profile::left_out`]);
    /// what no master can write the way that the meter was read is optional, so that it does not stand in the way of writing
    /// the rest there.
    #[must_use]
    pub fn of_meter(read: &Facts, name: &str) -> Self {
        let settings = settings_of(read.entry).filter_map(|setting| {
            let value = i32::try_from(read.told(setting.id)?).ok()?;
            let key = setting.id.key().to_string();
            let optional = match read.by {
                Told::Registers => !writable(read.entry, setting),
                Told::Telegrams => !mbus::writable(read.entry, setting),
            };
            Some(Wanted { key, text: setting.text(value).to_string(), optional, line: 0 })
        });
        Self {
            name: name.to_string(),
            models: Vec::from([read.entry.def.slug.to_string()]),
            settings: settings.collect(),
        }
    }

    /// The settings that [`Profile::of_meter`] leaves out, since the meter did not tell them this way.
    pub fn left_out(read: &Facts) -> impl Iterator<Item = &'static SettingDef> {
        settings_of(read.entry).filter(|setting| read.told(setting.id).is_none())
    }

    /// The text of the file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let value = |it: &Wanted| match it.text.parse::<u32>() {
            Ok(number) if number.to_string() == it.text => Value::from(number),
            _ => Value::from(it.text.as_str()),
        };
        let file = File {
            profile: FORMAT,
            name: self.name.clone(),
            model: match self.models.as_slice() {
                [one] => Names::One(one.clone()),
                several => Names::Several(several.to_vec()),
            },
            settings: Settings(self.settings.iter().map(|it| (it.key.clone(), value(it))).collect()),
            optional: self.settings.iter().filter(|it| it.optional).map(|it| it.key.clone()).collect(),
        };
        // Texts and numbers under texts: there is nothing that JSON cannot write.
        let mut text = serde_json::to_string_pretty(&file).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(settings: &str, more: &str) -> String {
        format!(
            "{{\n  \"profile\": 1,\n  \"name\": \"cabinet\",\n  \"model\": \"pro1-mod\",\n  \"settings\": {{\n{settings}\n  }}{more}\n}}\n"
        )
    }

    fn faults(text: &str) -> Vec<String> {
        Profile::parse(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_profile_reads_and_writes_back() {
        let text = profile(
            "    \"scroll-time\": 15,\n    \"parity\": \"none\",\n    \"pulse-width\": 30",
            ",\n  \"optional\": [\n    \"pulse-width\"\n  ]",
        );
        let profile = Profile::parse(&text).unwrap();
        assert_eq!(profile.to_json(), text);
        let staged = profile.staged(&models::ALL[0]).unwrap();
        assert_eq!(staged.get(SettingId::ScrollTime), Some(15));
        assert_eq!(staged.get(SettingId::Parity), Some(2));
        assert_eq!(staged.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_named_by_key_line_and_range() {
        assert_eq!(
            faults(&profile(
                "    \"scroll-time\": 45,\n    \"boud\": 9600,\n    \"password\": \"1234\",\n    \"obis\": \"on\"",
                ""
            )),
            [
                "line 6: scroll-time: 45 s is not allowed; 1 to 30 s",
                "line 7: boud: there is no such setting; the nearest one is baud",
                "line 8: password: no master can write it",
                "line 9: obis: a pro1-mod has no such setting; call it optional to leave it out there",
            ]
        );
        assert_eq!(
            faults(&profile(
                "    \"parity\": \"mark\",\n    \"parity\": \"odd\"",
                ",\n  \"optional\": [\"baud\"]"
            )),
            [
                "line 7: parity: it stands there twice",
                "baud: it is called optional and stands among no settings",
                "line 6: parity: mark is not allowed; one of even, none, odd",
            ]
        );
        assert_eq!(
            faults(&profile("    \"baud\": [1]", "")),
            ["line 6: baud: expected a number or a text, not [1]"]
        );
        assert_eq!(faults("{\n  \"profile\": 1,\n  oops"), ["line 3: key must be a string"]);
        assert_eq!(
            faults("{\"profile\": 2, \"name\": \"\", \"model\": \"pro1\", \"settings\": {}}"),
            ["the file has layout 2 of a profile; this program reads layout 1"]
        );
        assert_eq!(
            faults(
                "{\n\"profile\": 1, \"name\": \"\", \"model\": \"pro1\",\n\"register\": 16384, \"settings\": {}}"
            ),
            [
                "line 3: unknown field `register`, expected one of `profile`, `name`, `model`, `settings`, `optional`"
            ]
        );
        assert!(
            faults("{\"profile\": 1, \"name\": \"\", \"model\": \"pro9\", \"settings\": {}}")[0]
                .starts_with("there is no model or family \"pro9\"; there are pro1-mod, ")
        );
    }

    #[test]
    fn a_family_shares_a_profile() {
        let text = "{\"profile\": 1, \"name\": \"f\", \"model\": [\"pro1\", \"ambition\"], \"settings\": {\"modbus-id\": 7, \"mbus-id\": 7}, \
                    \"optional\": [\"modbus-id\", \"mbus-id\"]}";
        let profile = Profile::parse(text).unwrap();
        assert!(profile.entries().count() >= 5);
        let with_mbus =
            profile.entries().find(|entry| entry.def.modbus.is_none() && entry.def.mbus.is_some()).unwrap();
        assert_eq!(profile.check(with_mbus).unwrap().len(), 1);
        assert_eq!(profile.actions(with_mbus).unwrap().len(), 1);
    }

    #[test]
    fn words_are_as_far_apart_as_they_must_be_changed() {
        for (one, other, far) in [
            ("", "", 0),
            ("baud", "baud", 0),
            ("boud", "baud", 1),
            ("baud", "aud", 1),
            ("id", "", 2),
            ("parity", "party", 1),
        ] {
            assert_eq!((distance(one, other), distance(other, one)), (far, far), "{one} {other}");
        }
    }
}
