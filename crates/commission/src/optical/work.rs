//! The programming mode: registers read and settings written by their addresses. A change is done when the meter has said
//! the new value back, and not before.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use iec62056::DataSets;
use models::Entry;
use schema::{Permission, RegisterDef, SettingDef, SettingId, Source, ValueText, parse_value_text};

use super::readout::{models_of, name};
use super::{OpticalFault, OpticalLine, OpticalProgress, Reply};
use crate::Port;
use crate::guard::Guard;
use crate::plan::Action;

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpticalOutcome {
    /// The meter says the new value.
    Confirmed,
    /// The meter refused: nothing has changed.
    Refused(OpticalFault),
    /// The meter took the value and says another one, or took it not and says so.
    Otherwise {
        /// What it says.
        found: String,
    },
    /// The value could not be read back: it may be the old one or the new one.
    Unknown(OpticalFault),
}

impl fmt::Display for OpticalOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Confirmed => f.write_str("Confirmed: the meter says the new value."),
            Self::Refused(fault) => write!(f, "{fault} Nothing has changed."),
            Self::Otherwise { found } => write!(f, "Not done: the meter says {found}."),
            Self::Unknown(fault) => {
                write!(
                    f,
                    "Unknown: the value could not be read back, it may be the old one or the new one. {fault}"
                )
            }
        }
    }
}

/// The settings of a model that can be written through its window, with the row each is written at.
pub fn writable(entry: &'static Entry) -> impl Iterator<Item = (&'static SettingDef, &'static RegisterDef)> {
    entry
        .def
        .all_settings()
        .filter(|setting| {
            entry.def.optical.is_some()
                && matches!(
                    setting.permission,
                    Permission::Everyone | Permission::Password | Permission::BusOnly | Permission::Optical
                )
        })
        .filter_map(|setting| entry.def.register_of(setting.id).map(|row| (setting, row)))
}

/// The row that begins at an address.
fn has(entry: &Entry, addr: u16) -> bool {
    entry.def.register(addr).is_some_and(|(_, row)| row.addr == addr)
}

impl<P: Port> OpticalLine<'_, P> {
    /// Signs on to `address`, empty for whichever meter the head sits on, opens the programming mode and finds out which
    /// model it is: the models that fit, none where no known one does. Several fit where they have the same registers.
    ///
    /// # Errors
    /// [`OpticalFault`].
    pub async fn enter(&mut self, address: &str) -> Result<Vec<&'static Entry>, OpticalFault> {
        let mut who = String::new();
        self.ask(|head| head.enter(address), &mut |progress| {
            if let OpticalProgress::SignedOn(identification) = progress {
                who = name(&identification);
            }
        })
        .await?;
        let mut fitting: Vec<&'static Entry> = models_of(&who).collect();
        // A register that only some of them have tells them apart.
        while let Some(addr) = fitting.iter().find_map(|entry| {
            let mut rows = entry.def.all_registers().map(|row| row.addr);
            rows.find(|addr| !fitting.iter().all(|other| has(other, *addr)))
        }) {
            let there = match self.read(&format!("{addr:04X}")).await {
                Ok(_) => true,
                Err(OpticalFault::Refused(_)) => false,
                Err(fault) => return Err(fault),
            };
            fitting.retain(|entry| has(entry, addr) == there);
        }
        Ok(fitting)
    }

    /// What cannot be undone among `changes` of a meter of the model `entry`; it is asked for its serial number and for what
    /// it has now where a change lasts.
    ///
    /// # Errors
    /// [`OpticalFault`]; what a meter refuses to tell counts as not known.
    pub async fn guard(
        &mut self,
        entry: &'static Entry,
        changes: &[(&'static SettingDef, &'static RegisterDef, i32)],
    ) -> Result<Guard, OpticalFault> {
        let lasting = changes.iter().filter(|(setting, _, value)| setting.is_lasting(*value));
        let ids: Vec<SettingId> = lasting.map(|(setting, _, _)| setting.id).collect();
        let mut known: Vec<(Source, i64)> = Vec::new();
        let serial = (!ids.is_empty()).then_some(SettingId::Serial);
        for id in ids.into_iter().chain(serial) {
            let (Some(row), Some((_, setting))) = (entry.def.register_of(id), entry.def.setting(id)) else {
                continue;
            };
            match self.read(&format!("{:04X}", row.addr)).await {
                Ok(text) => known.extend(
                    parse_value_text(row.codec, setting.unit, &text)
                        .map(|value| (Source::Setting(id), value)),
                ),
                Err(OpticalFault::Refused(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        let value = |source| known.iter().find(|(own, _)| *own == source).map(|(_, value)| *value);
        let serial = value(Source::Setting(SettingId::Serial)).and_then(|it| u32::try_from(it).ok());
        let actions = changes.iter().map(|(setting, _, value)| Action::Set { setting, value: *value });
        Ok(Guard::new(entry, serial, actions, value))
    }

    /// Gives the password (P1).
    ///
    /// # Errors
    /// [`OpticalFault`]; a wrong one ends the session.
    pub async fn password(&mut self, password: &str) -> Result<(), OpticalFault> {
        self.quietly(|head| head.password(password)).await.map(drop)
    }

    /// Reads what stands at an address (R1): the value as the meter writes it.
    ///
    /// # Errors
    /// [`OpticalFault`].
    pub async fn read(&mut self, address: &str) -> Result<String, OpticalFault> {
        match self.quietly(|head| head.read(address, "")).await? {
            Reply::Data(data) => match DataSets::new(&data).next() {
                Some(Ok(set)) => Ok(set.value.into()),
                Some(Err(fault)) => Err(OpticalFault::Head(iec62056::HeadFault::Form(fault))),
                None => Ok(String::new()),
            },
            _ => Ok(String::new()),
        }
    }

    /// Writes a value at an address (W1). That the meter acknowledged it proves nothing yet.
    ///
    /// # Errors
    /// [`OpticalFault`].
    pub async fn write(&mut self, address: &str, value: &str) -> Result<(), OpticalFault> {
        self.quietly(|head| head.write(address, value)).await.map(drop)
    }

    /// Changes a setting, which stands at `row`, and reads it back.
    pub async fn change(
        &mut self,
        setting: &'static SettingDef,
        row: &'static RegisterDef,
        value: i32,
    ) -> OpticalOutcome {
        let value = i64::from(value);
        let address = format!("{:04X}", row.addr);
        let text = format!("{}", ValueText::new(row.codec, setting.unit, value));
        match self.write(&address, &text).await {
            Err(fault @ (OpticalFault::Refused(_) | OpticalFault::Request(_))) => {
                return OpticalOutcome::Refused(fault);
            }
            // Where the acknowledgement was lost, the value may have been taken all the same.
            Err(fault) if !self.is_open() => return OpticalOutcome::Unknown(fault),
            Ok(()) | Err(_) => {}
        }
        match self.read(&address).await {
            Ok(found) if parse_value_text(row.codec, setting.unit, &found) == Some(value) => {
                OpticalOutcome::Confirmed
            }
            Ok(found) => OpticalOutcome::Otherwise { found },
            Err(fault) => OpticalOutcome::Unknown(fault),
        }
    }

    /// Ends the session; nobody answers.
    ///
    /// # Errors
    /// [`OpticalFault::Port`].
    pub async fn leave(&mut self) -> Result<(), OpticalFault> {
        if self.is_open() { self.quietly(|head| head.leave()).await.map(drop) } else { Ok(()) }
    }
}
