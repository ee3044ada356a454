//! What is written, in which order, and what proves it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use modbus::{LineParams, Parity};
use models::Entry;
use schema::{Access, Argument, CommandId, Effect, Kind, RegisterDef, SettingDef, SettingId};

use crate::bus::Place;
use crate::names;
use crate::read::Span;
use crate::staged::Staged;

/// One thing that is written.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// A setting gets a value.
    Set {
        /// The setting.
        setting: &'static SettingDef,
        /// Its new value, in its own unit.
        value: i32,
    },
    /// A command is given.
    Give(CommandId),
}

/// The read that proves a step: one answer that holds the value, with the serial number where both can be had at once.
///
/// Modbus RTU answers carry no address, so a late answer to an older question can pass for a new one of the same
/// length. Within a plan no two registers are therefore read with the same number of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What is read.
    pub span: Span,
    /// Where the value starts in it.
    pub at: usize,
    /// Where the serial number starts in it; `None` where it takes a read of its own.
    pub serial_at: Option<usize>,
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is written.
    pub action: Action,
    /// Where.
    pub register: &'static RegisterDef,
    /// The registers' new contents.
    pub words: Vec<u16>,
    /// What proves it.
    pub proof: Proof,
}

/// What is written to one meter, in a safe order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The model.
    pub entry: &'static Entry,
    /// The meter that is meant, by the last eight digits of its serial number; `None` takes the one that answers.
    pub serial: Option<u32>,
    /// Where it is spoken to before the first step.
    pub place: Place,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The register of the serial number.
    pub(crate) serial_row: &'static RegisterDef,
}

/// Why no plan can be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PlanError {
    /// The model has no register with its serial number, so that nothing could be proven.
    NoSerial,
    /// The model has no register for a staged setting.
    NoRegister(SettingId),
    /// The model does not know the command.
    NoCommand(CommandId),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSerial => f.write_str("this model shows no serial number, so no change could be proven"),
            Self::NoRegister(id) => write!(f, "this model has no register for {}", id.key()),
            Self::NoCommand(command) => {
                write!(f, "this model cannot reset its {} over the bus", names::command_label(*command))
            }
        }
    }
}

impl core::error::Error for PlanError {}

impl Action {
    /// Its key in files and reports.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Set { setting, .. } => setting.id.key(),
            Self::Give(command) => names::command_key(*command),
        }
    }

    /// True for what changes where the meter is spoken to.
    #[must_use]
    pub const fn moves(&self) -> bool {
        matches!(self, Self::Set { setting: SettingDef { effect: Effect::AfterReply, .. }, .. })
    }

    /// Harmless first, what cannot be taken back next, what moves the line last: id, parity, speed.
    fn rank(&self) -> u8 {
        match self {
            Self::Set { setting, value } if setting.is_lasting(*value) => 1,
            Self::Set { setting: SettingDef { effect: Effect::Now, .. }, .. } => 0,
            Self::Give(_) => 1,
            Self::Set { setting, .. } => match setting.id {
                SettingId::ModbusId => 3,
                SettingId::Parity => 4,
                SettingId::Baud => 5,
                _ => 2,
            },
        }
    }

    /// Where the meter is spoken to once this has been done at `place`.
    #[must_use]
    pub fn place_after(&self, place: Place) -> Place {
        let Self::Set { setting, value } = *self else { return place };
        let Place { line, unit } = place;
        match setting.id {
            SettingId::ModbusId => Place { line, unit: u8::try_from(value).unwrap_or(unit) },
            // No setting changes what carries a radio.
            SettingId::Baud | SettingId::Parity if line.is_radio() => place,
            SettingId::Baud => {
                let baud = u32::try_from(value).unwrap_or(line.baud);
                Place { line: LineParams { baud, ..line }, unit }
            }
            SettingId::Parity => match parity(setting, value) {
                Some(parity) => Place { line: LineParams { parity, ..line }, unit },
                None => place,
            },
            _ => place,
        }
    }

    /// What it does, as a part of a sentence: "set scroll time to 15 s".
    #[must_use]
    pub fn text(&self, entry: &'static Entry) -> String {
        match self {
            Self::Set { setting, value } => {
                let label = names::inside(names::setting_label(entry, setting.id));
                format!("set {label} to {}", names::setting_text(setting, i64::from(*value)))
            }
            Self::Give(command) => format!("reset the {}", names::command_label(*command)),
        }
    }
}

/// The parity that a value of the setting means, by the word of its choice.
#[must_use]
pub fn parity(setting: &'static SettingDef, value: i32) -> Option<Parity> {
    match setting.choice(value)?.token {
        "even" => Some(Parity::Even),
        "none" => Some(Parity::None),
        "odd" => Some(Parity::Odd),
        _ => None,
    }
}

/// The value of the setting that means a parity, where it has one.
#[must_use]
pub fn parity_value(setting: &'static SettingDef, wanted: Parity) -> Option<i32> {
    let Kind::OneOf(choices) = setting.kind else { return None };
    choices.iter().map(|choice| choice.value).find(|value| parity(setting, *value) == Some(wanted))
}

/// Speed, parity and id of a model as it leaves the factory; 9600 8E1 and id 1 where it does not say.
#[must_use]
pub fn factory_place(entry: &'static Entry) -> Place {
    let mut place = Place { line: LineParams::new(9_600, Parity::Even), unit: 1 };
    for setting in entry.def.all_settings() {
        place = Action::Set { setting, value: setting.default }.place_after(place);
    }
    place
}

impl Plan {
    /// A plan that writes `staged` and gives `commands` to the meter of `serial` at `place`.
    ///
    /// # Errors
    /// [`PlanError`] names what the model does not have.
    pub fn new(
        entry: &'static Entry,
        staged: &Staged,
        commands: &[CommandId],
        serial: Option<u32>,
        place: Place,
    ) -> Result<Self, PlanError> {
        let serial_row = entry.def.register_of(SettingId::Serial).ok_or(PlanError::NoSerial)?;
        let mut actions = Vec::new();
        // Behind all that go before it or stand beside it.
        let mut put = |action: Action| {
            let at = actions.partition_point(|other: &Action| other.rank() <= action.rank());
            actions.insert(at, action);
        };
        for (id, value) in staged.iter() {
            let setting = names::setting(entry, id).ok_or(PlanError::NoRegister(id))?;
            put(Action::Set { setting, value });
        }
        for command in commands {
            put(Action::Give(*command));
        }
        let mut lengths = Vec::from([serial_row.codec.words()]);
        let mut steps = Vec::new();
        for action in actions {
            let (register, words) = register(entry, &action)?;
            let proof = proof(entry, serial_row, register, &mut lengths);
            steps.push(Step { action, register, words, proof });
        }
        Ok(Self { entry, serial, place, steps, serial_row })
    }
}

fn register(entry: &'static Entry, action: &Action) -> Result<(&'static RegisterDef, Vec<u16>), PlanError> {
    match action {
        Action::Set { setting, value } => {
            let row = entry.def.register_of(setting.id).filter(|row| row.access == Access::Write);
            let row = row.ok_or(PlanError::NoRegister(setting.id))?;
            let [first, second] = row.codec.encode(i64::from(*value), setting.unit);
            Ok((row, Vec::from([first, second]).into_iter().take(usize::from(row.codec.words())).collect()))
        }
        Action::Give(command) => {
            let wanted = |row: &&RegisterDef| matches!(row.access, Access::Command(it, Argument::Any | Argument::Zero) if it == *command);
            let row = entry.def.all_registers().find(wanted).ok_or(PlanError::NoCommand(*command))?;
            Ok((row, core::iter::repeat_n(0, usize::from(row.codec.words())).collect()))
        }
    }
}

/// A span that holds `register`, with a length that no other of the plan has.
fn proof(
    entry: &'static Entry,
    serial: &RegisterDef,
    register: &'static RegisterDef,
    lengths: &mut Vec<u16>,
) -> Proof {
    let most = entry.def.modbus.map_or(125, |modbus| modbus.max_read);
    let exact = Span { addr: register.addr, count: register.codec.words() };
    let block = entry.def.registers.iter().find(|block| block.row(register.addr).is_some());
    let starts = || {
        block
            .map(|block| block.rows)
            .unwrap_or_default()
            .iter()
            .rev()
            .filter(|row| row.addr <= register.addr && crosses_no_hole(entry, row.addr, register.end()))
            .map(|row| row.addr)
    };
    let with_serial = starts().any(|addr| addr == serial.addr).then_some(serial.addr);
    let best = with_serial.into_iter().chain(starts()).find_map(|addr| {
        let count = u16::try_from(register.end() - u32::from(addr)).ok()?;
        (count <= most && !lengths.contains(&count)).then_some(Span { addr, count })
    });
    let span = best.unwrap_or(exact);
    lengths.push(span.count);
    let holds_serial = span.addr <= serial.addr && serial.end() <= span.end();
    Proof {
        span,
        at: usize::from(register.addr - span.addr),
        serial_at: holds_serial.then(|| usize::from(serial.addr - span.addr)),
    }
}

fn crosses_no_hole(entry: &'static Entry, from: u16, end: u32) -> bool {
    (u32::from(from)..end)
        .all(|addr| u16::try_from(addr).is_ok_and(|addr| entry.def.register(addr).is_some()))
}
