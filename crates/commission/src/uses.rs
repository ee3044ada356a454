//! What can be done once, or a few times, in the life of a meter: how often it was done, and what is left.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use rig::Twin;
use schema::{Keep, Kind, SettingDef, SettingId};
use units::{Point, StateOf};

use crate::names;

/// Something of which a meter has only a few.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneWay {
    /// The setting by which it is used up.
    pub setting: SettingId,
    /// What it is, for people.
    pub label: String,
    /// How many there are in the life of the meter.
    pub of: u8,
    /// How many are left, as the twin has it.
    pub left: u8,
    /// False where the meter may have used more than it tells over its bus.
    pub certain: bool,
}

impl OneWay {
    /// What is left, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let most = if self.certain || self.left == 0 { "" } else { "at most " };
        let see = if self.certain || self.left == 0 {
            ""
        } else {
            " (the meter does not tell over its bus what was used before; its display does)"
        };
        format!("{}: {most}{} of {} left{see}.", self.label, self.left, self.of)
    }
}

/// The values from which there is no way back.
fn finals(setting: &'static SettingDef) -> Vec<i32> {
    match setting.kind {
        Kind::OneOf(choices) => {
            choices.iter().filter(|choice| choice.keep == Keep::Final).map(|choice| choice.value).collect()
        }
        Kind::Int { .. } | Kind::Digits(_) | Kind::Ratio => Vec::new(),
    }
}

/// All that this meter has only a few of. A twin that was booted from a read-out knows of a real meter what that tells.
#[must_use]
pub fn uses(twin: &Twin) -> Vec<OneWay> {
    let (entry, device) = (twin.entry(), twin.device());
    let metering = &entry.def.metering;
    let mut all = Vec::new();
    for setting in entry.def.all_settings() {
        for last in finals(setting) {
            let done = device.setting(setting.id) == Some(last);
            let label = names::setting_label(entry, setting.id);
            all.push(OneWay {
                setting: setting.id,
                label: format!("{label} {}, from which there is no way back", setting.text(last)),
                of: 1,
                left: u8::from(!done),
                certain: true,
            });
        }
        if metering.ct.is_some_and(|ct| ct.setting == setting.id) {
            let of = metering.ct.map_or(0, |ct| ct.changes);
            let used = device.value(Point::State(StateOf::CtChanges)).unwrap_or(0);
            let left = of.saturating_sub(u8::try_from(used).unwrap_or(u8::MAX));
            let label = format!("{} changes", names::setting_label(entry, setting.id));
            all.push(OneWay { setting: setting.id, label, of, left, certain: false });
        }
    }
    if metering.tariffs > 2 && entry.def.setting(SettingId::Tariff).is_some() {
        let used = device.value(Point::State(StateOf::HighTariffs)).unwrap_or(0) != 0;
        all.push(OneWay {
            setting: SettingId::Tariff,
            label: "First use of a tariff above 2, shown for ever".to_string(),
            of: 1,
            left: u8::from(!used),
            certain: used,
        });
    }
    all
}
