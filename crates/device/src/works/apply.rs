//! How settings change: who asks, what is refused, and the one place where it is done.

use core::fmt;

use nv::Nv;
use schema::{CommandId, Effect, Keep, Permission, RangeFault, SettingId};

use super::{LineChanges, Works};

/// Who asks for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Somebody at the panel, who has given the password where the panel asks for one.
    Panel,
    /// A master on the bus.
    Bus,
    /// A head on the infrared window, after the password.
    Optical,
    /// A master at the radio, after the password: it may do what one on the bus may.
    Radio,
    /// The factory, or who plays it: the one who makes the twin.
    Factory,
}

/// Why a change was not made.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// The model has no such setting.
    Unknown(SettingId),
    /// The value is none of the setting's.
    Range(RangeFault),
    /// This door does not lead to the setting.
    Forbidden {
        /// The setting.
        setting: SettingId,
        /// Who may change it.
        permission: Permission,
    },
    /// There is no way back from the value that the setting has.
    Final(SettingId),
    /// The setting was changed as often as it can be.
    Spent(SettingId),
    /// The memory cannot be used any more.
    Memory,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => write!(f, "this model has no setting {}", id.key()),
            Self::Range(fault) => fault.fmt(f),
            Self::Forbidden { setting, permission } => {
                let who = match permission {
                    Permission::Everyone | Permission::Password => "this way",
                    Permission::PanelOnly | Permission::PanelOpen => "with the key on the meter only",
                    Permission::BusOnly => "by a master on the bus only",
                    Permission::Optical => "through the infrared window only",
                    Permission::Factory => "in the factory only",
                };
                write!(f, "{} can be changed {who}", setting.key())
            }
            Self::Final(setting) => {
                write!(f, "{} has a value from which there is no way back", setting.key())
            }
            Self::Spent(setting) => {
                write!(f, "{} was changed as often as it can be in the life of a meter", setting.key())
            }
            Self::Memory => f.write_str("the meter's memory is damaged, it takes no changes"),
        }
    }
}

impl core::error::Error for Refusal {}

impl<N: Nv> Works<'_, N> {
    /// Says whether a change could be made, and changes nothing. The value as the setting would keep it.
    ///
    /// # Errors
    /// [`Refusal`] says why not.
    pub fn check(&self, door: Door, id: SettingId, value: i64) -> Result<i32, Refusal> {
        let (index, setting) = self.model.setting(id).ok_or(Refusal::Unknown(id))?;
        let allowed = match setting.permission {
            Permission::Everyone | Permission::Password => true,
            Permission::PanelOnly | Permission::PanelOpen => matches!(door, Door::Panel | Door::Factory),
            Permission::BusOnly => door != Door::Panel,
            Permission::Optical => matches!(door, Door::Optical | Door::Factory),
            Permission::Factory => door == Door::Factory,
        };
        if !allowed {
            return Err(Refusal::Forbidden { setting: id, permission: setting.permission });
        }
        let wanted = setting.check(value).map_err(Refusal::Range)?;
        if self.is_stopped() {
            return Err(Refusal::Memory);
        }
        let value = self.settings.get(index).copied().unwrap_or(setting.default);
        if wanted != value {
            if setting.choice(value).is_some_and(|it| it.keep == Keep::Final) && door != Door::Factory {
                return Err(Refusal::Final(id));
            }
            if self
                .model
                .metering
                .ct
                .is_some_and(|ct| ct.setting == id && self.metering.ct_changes() >= ct.changes)
            {
                return Err(Refusal::Spent(id));
            }
        }
        Ok(wanted)
    }

    /// Changes settings: all of them, or none. The only place where a setting changes.
    ///
    /// # Errors
    /// [`Refusal`] names the first change that cannot be made; nothing has changed then.
    pub fn apply(
        &mut self,
        door: Door,
        changes: impl Iterator<Item = (SettingId, i64)> + Clone,
    ) -> Result<(), Refusal> {
        for (id, value) in changes.clone() {
            self.check(door, id, value)?;
        }
        let mut line_changed = false;
        for (id, value) in changes {
            if let Some((index, setting)) = self.model.setting(id)
                && let Ok(value) = setting.check(value)
                && let Some(place) = self.settings.get_mut(index)
            {
                *place = value;
                line_changed |= setting.effect == Effect::AfterReply;
                self.input_rules &= id != SettingId::Tariff;
            }
        }
        self.store_settings();
        // What the settings ask of the energies is written after them: a supply that goes in between finds the settings, and
        // the next power-up does it.
        self.take_over_settings();
        if self.store_steps() {
            self.metering.sample();
        }
        self.image_stale = true;
        if line_changed {
            self.line_changes = LineChanges { modbus: true, mbus: true };
        }
        Ok(())
    }

    /// Does a command.
    ///
    /// # Errors
    /// [`Refusal::Memory`] where the memory is damaged.
    pub fn command(&mut self, command: CommandId) -> Result<(), Refusal> {
        if self.is_stopped() {
            return Err(Refusal::Memory);
        }
        match command {
            CommandId::ResetPowerDowns => {
                self.kept.power_downs = 0;
                self.store_state();
            }
            CommandId::ResetTrip => {
                self.metering.reset_trip();
                self.metering.sample();
                self.store_steps();
            }
        }
        self.image_stale = true;
        Ok(())
    }
}
