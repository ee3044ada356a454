//! What is written to a meter over its M-Bus, in a safe order.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ::mbus::{Command, Identity, LineParams, Writer};
use models::Entry;
use schema::{CommandId, RecordWriteDef, SettingDef, SettingId, Target};
use units::decimal;

use super::line::{Address, Place};
use crate::names;
use crate::plan::Action;
use crate::staged::StageError;

/// CI of records for the meter.
const CI_DATA: u8 = 0x51;
/// The codes of the speeds.
const CI_SPEEDS: core::ops::RangeInclusive<u8> = 0xB8..=0xBF;

/// True where a master can write the setting over the M-Bus.
#[must_use]
pub fn writable(entry: &'static Entry, setting: &SettingDef) -> bool {
    entry.def.mbus.as_ref().is_some_and(|def| {
        !setting.secret && (setting.id == SettingId::MbusBaud || def.write_of(setting.id).is_some())
    })
}

/// A setting as its record takes it, which may be fewer values than it has elsewhere.
fn written(entry: &'static Entry, setting: &'static SettingDef) -> &'static SettingDef {
    entry.def.mbus.as_ref().map_or(setting, |def| def.written(setting))
}

/// All settings that a master can write over the M-Bus, with the values that they take there, in the order of the
/// model's tables.
pub fn writable_settings(entry: &'static Entry) -> impl Iterator<Item = &'static SettingDef> {
    let possible = move |setting: &&'static SettingDef| writable(entry, setting);
    entry.def.all_settings().filter(possible).map(move |setting| written(entry, setting))
}

/// All commands that a master can give over the M-Bus.
pub fn commands(entry: &'static Entry) -> impl Iterator<Item = CommandId> {
    let writes = entry.def.mbus.as_ref().map_or(&[][..], |def| def.writes);
    writes.iter().filter_map(|row| match row.target {
        Target::Command(command) => Some(command),
        Target::Setting(_) => None,
    })
}

/// Reads a change as people write it: `KEY=VALUE`, or the key of a command alone.
///
/// # Errors
/// [`StageError`] names what was wrong and what was expected.
pub fn change(entry: &'static Entry, text: &str) -> Result<Action, StageError> {
    if let Some(command) = commands(entry).find(|command| names::command_key(*command) == text.trim()) {
        return Ok(Action::Give(command));
    }
    let Some((key, value)) = text.split_once('=') else {
        return Err(StageError::Form { text: text.to_string() });
    };
    let (key, value) = (key.trim(), value.trim());
    let setting = SettingId::from_key(key).and_then(|id| names::setting(entry, id)).ok_or_else(|| {
        let keys = writable_settings(entry).map(|setting| setting.id.key());
        let all: Vec<&str> = keys.chain(commands(entry).map(names::command_key)).collect();
        StageError::Unknown { key: key.to_string(), known: all.join(", ") }
    })?;
    if !writable(entry, setting) {
        return Err(StageError::NotWritable { setting });
    }
    let setting = written(entry, setting);
    let value = setting.parse(value).map_err(StageError::Text)?;
    Ok(Action::Set { setting, value })
}

/// Speed and address of a model as it leaves the factory; 2400 Bd and address 0 where it does not say.
#[must_use]
pub fn factory_place(entry: &'static Entry) -> Place {
    let mut place = Place { line: LineParams::even(2_400), address: Address::Primary(0) };
    for setting in entry.def.all_settings() {
        place = place_after(&Action::Set { setting, value: setting.default }, place);
    }
    place
}

/// Where the meter is spoken to once `action` has been done at `place`.
pub(crate) fn place_after(action: &Action, place: Place) -> Place {
    let Action::Set { setting, value } = *action else { return place };
    match (setting.id, place.address) {
        (SettingId::MbusId, Address::Primary(old)) => {
            Place { address: Address::Primary(u8::try_from(value).unwrap_or(old)), ..place }
        }
        (SettingId::Serial, Address::Secondary(old)) => {
            Place { address: Address::Secondary(renumbered(old, value)), ..place }
        }
        (SettingId::MbusBaud, _) => {
            Place { line: LineParams::even(u32::try_from(value).unwrap_or(place.line.baud)), ..place }
        }
        _ => place,
    }
}

/// The same meter with another number.
pub(super) fn renumbered(identity: Identity, number: i32) -> Identity {
    let id = u32::try_from(number).ok().and_then(|number| units::bcd::encode(number, 8));
    Identity { id: id.unwrap_or(identity.id), ..identity }
}

/// What is written to one meter, in a safe order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The model.
    pub entry: &'static Entry,
    /// The meter that is meant; `None` takes the one that answers, where it is one of this model.
    pub identity: Option<Identity>,
    /// Where it is spoken to before the first step.
    pub place: Place,
    /// The steps, in order: settings, commands, number, address, speed.
    pub steps: Vec<Action>,
}

const fn rank(action: &Action) -> u8 {
    match action {
        Action::Give(_) => 1,
        Action::Set { setting, .. } => match setting.id {
            SettingId::Serial => 2,
            SettingId::MbusId => 3,
            SettingId::MbusBaud => 4,
            _ => 0,
        },
    }
}

impl Plan {
    /// A plan that does `changes` at `place`. What the model cannot do over the M-Bus is left out: [`change`] refuses it.
    #[must_use]
    pub fn new(
        entry: &'static Entry,
        identity: Option<Identity>,
        place: Place,
        changes: impl IntoIterator<Item = Action>,
    ) -> Self {
        let mut steps: Vec<Action> = Vec::new();
        for action in changes {
            let possible = match action {
                Action::Set { setting, value } => {
                    writable(entry, setting) && written(entry, setting).accepts(value)
                }
                Action::Give(command) => commands(entry).any(|known| known == command),
            };
            if possible {
                let at = steps.partition_point(|other| rank(other) <= rank(&action));
                steps.insert(at, action);
            }
        }
        Self { entry, identity, place, steps }
    }
}

/// The CI field and the data that do `action`; `None` where the model cannot.
pub(super) fn frame(entry: &'static Entry, action: &Action) -> Option<(u8, Vec<u8>)> {
    let def = entry.def.mbus.as_ref()?;
    let record = |row: &RecordWriteDef, value: i64| {
        let mut buffer = [0; 32];
        let mut writer = Writer::new(&mut buffer);
        match row.data_field() {
            // An address of 250 stands in one byte: whether a sign belongs to it, its value information says.
            bytes @ 1..=4 => {
                writer.raw(row.dib).ok()?;
                writer.raw(row.vib).ok()?;
                writer.raw(value.to_le_bytes().get(..usize::from(bytes))?).ok()?;
            }
            _ => writer.coded(row.dib, row.vib, value).ok()?,
        }
        Some((CI_DATA, writer.bytes().to_vec()))
    };
    match *action {
        Action::Set { setting, value } if setting.id == SettingId::MbusBaud => CI_SPEEDS
            .into_iter()
            .find(|ci| matches!(Command::of_ci(*ci, &[]), Command::Baud(baud) if i64::from(baud) == i64::from(value)))
            .map(|ci| (ci, Vec::new())),
        Action::Set { setting, value } => {
            let row = def.write_of(setting.id)?;
            record(row, decimal::rescale(i64::from(value), setting.unit.decimals(), row.decimals))
        }
        Action::Give(command) => {
            let row = def.writes.iter().find(|row| row.target == Target::Command(command))?;
            record(row, 0)
        }
    }
}

/// The key of an action in journals and reports.
pub(super) fn key(action: &Action) -> String {
    action.key().to_string()
}
