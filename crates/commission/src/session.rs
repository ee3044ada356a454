//! Putting a meter back as it was found.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schema::{Keep, Kind, SettingDef, SettingId};

use crate::bus::Place;
use crate::journal::Mark;
use crate::mbus;
use crate::names;
use crate::plan::{Action, Plan, PlanError};
use crate::record::{MeterRecord, Where, action};
use crate::staged::{Staged, writable};

/// Something that is not put back, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its key.
    pub key: String,
    /// Its label, for people.
    pub label: String,
    /// Why not, as a part of a sentence.
    pub why: String,
}

/// What puts a meter back as it was found.
#[derive(Clone, Debug)]
pub struct PutBack {
    /// The settings with their values as they were found.
    pub actions: Vec<Action>,
    /// What stays as it is.
    pub left: Vec<Left>,
}

const fn is_final(setting: &'static SettingDef, value: i64) -> bool {
    let Kind::OneOf(choices) = setting.kind else { return false };
    let mut rest = choices;
    while let [first, tail @ ..] = rest {
        if first.value as i64 == value && matches!(first.keep, Keep::Final) {
            return true;
        }
        rest = tail;
    }
    false
}

/// The value that a mark says for certain.
const fn stands(mark: &Mark) -> Option<i64> {
    match mark {
        Mark::Proven { read } => Some(*read),
        Mark::NotTaken { reads } => Some(*reads),
        Mark::Refused { still, .. } => *still,
        Mark::Intend { .. } | Mark::Acknowledged | Mark::Unknown => None,
    }
}

/// What puts back everything that a record says was changed in a meter, and what cannot be put back.
#[must_use]
pub fn put_back(meter: &MeterRecord) -> PutBack {
    let entry = meter.entry;
    let mut back = PutBack { actions: Vec::new(), left: Vec::new() };
    for (key, mark) in &meter.marks {
        let mut leave = |label: &str, why: String| {
            back.left.push(Left { key: key.clone(), label: label.to_string(), why });
        };
        let setting = match action(entry, key, 0) {
            Some(Action::Set { setting, .. }) => setting,
            Some(Action::Give(command)) => {
                leave(
                    names::command_label(command),
                    "what a counter had before it was reset is gone".to_string(),
                );
                continue;
            }
            None => {
                leave(key, "this program knows no such setting of the model".to_string());
                continue;
            }
        };
        let label = names::setting_label(entry, setting.id);
        let known = meter.was.get(key).copied().or_else(|| meter.from(key));
        let Some(was) = known else {
            leave(label, "what it was before could not be read".to_string());
            continue;
        };
        if stands(mark) == Some(was) {
            continue;
        }
        let text = names::setting_text(setting, was);
        let wanted = meter.wanted.get(key).map(|(value, _)| *value);
        let may_be_final = [stands(mark), wanted].into_iter().flatten().any(|value| is_final(setting, value));
        let Ok(value) = setting.check(was) else {
            leave(label, format!("it was {text}, which is none of its values"));
            continue;
        };
        if setting.id == SettingId::Tariff
            && entry.def.metering.tariffs > 2
            && wanted.is_some_and(|it| it > 2)
            && was <= 2
        {
            leave("Display of tariffs 3 and 4", "once they were used, they are shown for ever".to_string());
        }
        if may_be_final {
            leave(label, format!("it was {text}, and there is no way back from what was written"));
        } else if matches!(setting.kind, Kind::Ratio) {
            leave(
                label,
                format!(
                    "it was {text}; another change would use up one of the few there are, and would not bring the energies \
                     back"
                ),
            );
        } else if is_final(setting, was) {
            leave(label, format!("it was {text}, from which there would be no way back"));
        } else {
            back.actions.push(Action::Set { setting, value });
        }
    }
    back
}

impl PutBack {
    /// The plan over Modbus, in its safe order, from where the meter is now.
    ///
    /// # Errors
    /// [`PlanError`] names what the model does not have.
    pub fn plan(&mut self, meter: &MeterRecord, place: Place) -> Result<Plan, PlanError> {
        let mut staged = Staged::new();
        for action in &self.actions {
            let Action::Set { setting, value } = action else { continue };
            if !writable(meter.entry, setting)
                || staged.stage(meter.entry, setting.id, i64::from(*value)).is_err()
            {
                self.left.push(Left {
                    key: setting.id.key().to_string(),
                    label: names::setting_label(meter.entry, setting.id).to_string(),
                    why: "no master can write it over Modbus".to_string(),
                });
            }
        }
        Plan::new(meter.entry, &staged, &[], Some(meter.serial), place)
    }

    /// The plan over M-Bus, from where the meter is now.
    #[must_use]
    pub fn mbus_plan(&self, meter: &MeterRecord, place: mbus::Place) -> mbus::Plan {
        let identity = match place.address {
            mbus::Address::Secondary(identity) => Some(identity),
            mbus::Address::Primary(_) => None,
        };
        mbus::Plan::new(meter.entry, identity, place, self.actions.iter().copied())
    }

    /// What is not put back, a line each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        self.left.iter().map(|it| format!("{} stays: {}.", it.label, it.why)).collect()
    }
}

impl MeterRecord {
    /// Where the meter is spoken to over Modbus, where that is how it was found.
    #[must_use]
    pub const fn modbus_place(&self) -> Option<Place> {
        match self.now {
            Where::Modbus(place) => Some(place),
            Where::Mbus(_) => None,
        }
    }
}
