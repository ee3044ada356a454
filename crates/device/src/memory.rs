//! What a meter keeps without supply, and how it stands in non-volatile memory.
//!
//! Three records, each in two copies: settings, energies, and the state of counters and panel. The payloads are
//! written by hand, little end first, so that their layout is ours and can be versioned.

use metering::Counter;
use nv::{Found, Lost, Nv, NvError, Reader, RecordDef, Writer};
use schema::{ModelDef, SettingId};

/// Layout version of all records.
const LAYOUT: u8 = 1;
const SETTINGS: u8 = 1;
const ENERGIES: u8 = 2;
const STATE: u8 = 3;

/// Bytes of one setting: which one, and its value.
const SETTING_BYTES: usize = 5;
/// Bytes of one counter: whole Wh and the rest.
const COUNTER_BYTES: usize = 16;
/// Bytes of the state: power-downs, scroll list.
const STATE_BYTES: usize = 20;

/// Which record of the memory cannot be used any more: both of its copies are damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The settings.
    Settings,
    /// The energies.
    Energies,
    /// The counters and the scroll list.
    State,
}

/// Where the records of a model stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    settings: RecordDef,
    energies: RecordDef,
    state: RecordDef,
}

impl Layout {
    pub(crate) const fn of(model: &ModelDef) -> Self {
        let sizes = model.memory();
        let settings =
            RecordDef { kind: SETTINGS, version: LAYOUT, len: sizes.settings * SETTING_BYTES, at: 0 };
        let energies = RecordDef {
            kind: ENERGIES,
            version: LAYOUT,
            len: sizes.counters * COUNTER_BYTES,
            at: settings.end(),
        };
        let state = RecordDef { kind: STATE, version: LAYOUT, len: STATE_BYTES, at: energies.end() };
        Self { settings, energies, state }
    }
}

/// How many bytes of non-volatile memory a meter of a model needs.
#[must_use]
pub const fn image_size(model: &ModelDef) -> usize {
    Layout::of(model).state.end()
}

/// The counters and lists that are no settings and no energies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) power_downs: u32,
    pub(crate) scroll_list: u128,
}

/// What reading a record gave.
pub(crate) enum Read {
    /// The record was never written.
    Blank,
    /// It was read into the place given.
    Done,
    /// Both copies are damaged.
    Lost,
}

fn read(nv: &impl Nv, def: &RecordDef, into: &mut [u8]) -> Read {
    match nv::load(nv, def, into) {
        Ok(Found::Blank) => Read::Blank,
        Ok(Found::Record { .. }) => Read::Done,
        // A layout of another version is as unreadable as a damaged one: it must not be taken for zero.
        Ok(_) | Err(Lost { .. }) => Read::Lost,
    }
}

/// Reads the stored settings into `values`, in the order of the model's tables. Unknown ids and values out of range
/// are passed over: they come from another table of the same layout.
pub(crate) fn load_settings(
    nv: &impl Nv,
    model: &'static ModelDef,
    scratch: &mut [u8],
    mut set: impl FnMut(usize, i32),
) -> Read {
    let def = Layout::of(model).settings;
    let Some(payload) = scratch.get_mut(..def.len) else { return Read::Lost };
    let outcome = read(nv, &def, payload);
    if let Read::Done = outcome {
        let mut reader = Reader::new(payload);
        while let (Some(code), Some(raw)) = (reader.u8(), reader.u32()) {
            let id = SettingId::ALL.iter().copied().find(|id| *id as u8 == code);
            let value = i32::from_le_bytes(raw.to_le_bytes());
            if let Some((index, setting)) = id.and_then(|id| model.setting(id))
                && setting.accepts(value)
            {
                set(index, value);
            }
        }
    }
    outcome
}

/// Writes the settings: for each setting of the model the value to be kept.
pub(crate) fn store_settings(
    nv: &mut impl Nv,
    model: &'static ModelDef,
    scratch: &mut [u8],
    mut kept: impl FnMut(usize) -> i32,
) -> Result<(), NvError> {
    let def = Layout::of(model).settings;
    let payload = scratch.get_mut(..def.len).ok_or(NvError::OutOfRange)?;
    let mut writer = Writer::new(payload);
    for (index, setting) in model.all_settings().enumerate() {
        let raw = u32::from_le_bytes(kept(index).to_le_bytes());
        if writer.u8(setting.id as u8).is_none() || writer.u32(raw).is_none() {
            return Err(NvError::OutOfRange);
        }
    }
    nv::store(nv, &def, payload)
}

/// Reads the stored energies.
pub(crate) fn load_energies(
    nv: &impl Nv,
    model: &'static ModelDef,
    scratch: &mut [u8],
    counters: &mut [Counter],
) -> Read {
    let def = Layout::of(model).energies;
    let Some(payload) = scratch.get_mut(..def.len) else { return Read::Lost };
    let outcome = read(nv, &def, payload);
    if let Read::Done = outcome {
        let mut reader = Reader::new(payload);
        for counter in counters {
            if let (Some(wh), Some(rest)) = (reader.u64(), reader.u64()) {
                *counter = Counter::new(wh, rest);
            }
        }
    }
    outcome
}

/// Writes the energies.
pub(crate) fn store_energies(
    nv: &mut impl Nv,
    model: &'static ModelDef,
    scratch: &mut [u8],
    counters: &[Counter],
) -> Result<(), NvError> {
    let def = Layout::of(model).energies;
    let payload = scratch.get_mut(..def.len).ok_or(NvError::OutOfRange)?;
    let mut writer = Writer::new(payload);
    for counter in counters {
        if writer.u64(counter.wh()).is_none() || writer.u64(counter.rest()).is_none() {
            return Err(NvError::OutOfRange);
        }
    }
    nv::store(nv, &def, payload)
}

/// Reads the counters and lists.
pub(crate) fn load_state(nv: &impl Nv, model: &'static ModelDef, scratch: &mut [u8]) -> (Read, Kept) {
    let def = Layout::of(model).state;
    let Some(payload) = scratch.get_mut(..def.len) else { return (Read::Lost, Kept::default()) };
    let outcome = read(nv, &def, payload);
    let mut kept = Kept::default();
    if let Read::Done = outcome {
        let mut reader = Reader::new(payload);
        if let (Some(power_downs), Some(low), Some(high)) = (reader.u32(), reader.u64(), reader.u64()) {
            kept = Kept { power_downs, scroll_list: u128::from(high) << 64 | u128::from(low) };
        }
    }
    (outcome, kept)
}

/// Writes the counters and lists.
pub(crate) fn store_state(
    nv: &mut impl Nv,
    model: &'static ModelDef,
    scratch: &mut [u8],
    kept: &Kept,
) -> Result<(), NvError> {
    let def = Layout::of(model).state;
    let payload = scratch.get_mut(..def.len).ok_or(NvError::OutOfRange)?;
    let mut writer = Writer::new(payload);
    let low = u64::try_from(kept.scroll_list & u128::from(u64::MAX)).unwrap_or(0);
    let high = u64::try_from(kept.scroll_list >> 64).unwrap_or(0);
    if writer.u32(kept.power_downs).is_none() || writer.u64(low).is_none() || writer.u64(high).is_none() {
        return Err(NvError::OutOfRange);
    }
    nv::store(nv, &def, payload)
}

/// Bytes of scratch memory that reading and writing the records takes.
pub(crate) const fn scratch_size(model: &ModelDef) -> usize {
    let layout = Layout::of(model);
    let mut most = layout.settings.len;
    if layout.energies.len > most {
        most = layout.energies.len;
    }
    if layout.state.len > most {
        most = layout.state.len;
    }
    most
}
