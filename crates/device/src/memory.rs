//! What a meter keeps without supply, and how it stands in non-volatile memory.
//!
//! Settings, energies and the state of counters and panel are records in two copies. Energies in whole Wh are the
//! record; what is counted beyond them stands in the area of the fractions ("mantissa"), which has two slots and carries
//! the sequence number of the record it belongs to. The payloads are written by hand, little end first, so that their
//! layout is ours and can be versioned.
//!
//! | from | what |
//! |---|---|
//! | 0 | settings, main and backup |
//! | behind | a half: main copy of the energies, slot of even fractions; in layout 1 the main copy of energies and rests |
//! | behind | a half: backup copy of the energies, slot of odd fractions; in layout 1 the backup copy |
//! | behind | state, main and backup |
//!
//! Both halves are as long as in layout 1, so a memory of layout 1 is taken over half by half: the half that is not
//! believed first, and a cut finds the old record or the new one.

use metering::{Counter, Metering};
use nv::{Found, Nv, NvError, Other, Reader, RecordDef, Writer, Writing};
use schema::{Conditions, ModelDef};

/// Layout version of settings and state.
const LAYOUT: u8 = 1;
/// Layout version of energies and fractions. Layout 1 had whole Wh and rest of each counter in one record.
const ENERGY_LAYOUT: u8 = 2;
const SETTINGS: u8 = 1;
const ENERGIES: u8 = 2;
const STATE: u8 = 3;
const FRACTIONS: u8 = 4;

/// Bytes of one setting: which one, and its value.
const SETTING_BYTES: usize = 5;
/// Bytes of a counter in the energies, and of its rest in the fractions.
const COUNTER_BYTES: usize = 6;
/// Bytes of a counter in layout 1: whole Wh and the rest.
const OLD_COUNTER_BYTES: usize = 16;
/// Bytes of the state: power-downs, scroll list.
const STATE_BYTES: usize = 20;

/// A part of the memory that can be damaged on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NvPart {
    /// The main copy of the energies.
    Main,
    /// The backup copy of the energies.
    Backup,
    /// The fractions of the energies.
    Mantissa,
    /// Both copies of the settings: the memory cannot be brought into use.
    Init,
}

/// Where the records of a model stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    settings: RecordDef,
    energies: RecordDef,
    fractions: RecordDef,
    old_energies: RecordDef,
    state: RecordDef,
}

impl Layout {
    const fn of(model: &ModelDef) -> Self {
        let sizes = model.memory();
        Self::with(sizes.settings, sizes.counters)
    }

    /// The layout of a memory for so many settings and counters.
    pub(crate) const fn with(settings: usize, counters: usize) -> Self {
        let settings = RecordDef::new(SETTINGS, LAYOUT, settings * SETTING_BYTES, 0);
        let half = settings.end();
        let old_energies = RecordDef::new(ENERGIES, 1, counters * OLD_COUNTER_BYTES, half);
        let len = counters * COUNTER_BYTES;
        let mut energies = RecordDef::new(ENERGIES, ENERGY_LAYOUT, len, half);
        let behind = energies.backup;
        let mut fractions = RecordDef::new(FRACTIONS, ENERGY_LAYOUT, len, behind);
        let mut other_half = old_energies.backup;
        if fractions.backup > other_half {
            other_half = fractions.backup;
        }
        energies.backup = other_half;
        fractions.backup = other_half + energies.copy_size();
        let end = other_half + (other_half - half);
        Self {
            settings,
            energies,
            fractions,
            old_energies,
            state: RecordDef::new(STATE, LAYOUT, STATE_BYTES, end),
        }
    }
}

/// How many bytes of non-volatile memory a meter of a model needs.
#[must_use]
pub const fn image_size(model: &ModelDef) -> usize {
    Layout::of(model).state.end()
}

/// Flips a bit in a part of a memory; a meter finds it at its next power-up. False where the part was not good before.
///
/// # Errors
/// [`NvError`] where the memory is shorter than the model's, or takes no bytes.
pub fn damage(nv: &mut impl Nv, model: &ModelDef, part: NvPart) -> Result<bool, NvError> {
    let layout = Layout::of(model);
    let (def, copies): (_, &[bool]) = match part {
        NvPart::Main => (layout.energies, &[true]),
        NvPart::Backup => (layout.energies, &[false]),
        NvPart::Mantissa => (layout.fractions, &[true, false]),
        NvPart::Init => (layout.settings, &[true, false]),
    };
    let mut damaged = false;
    for main in copies {
        damaged |= nv::spoil(nv, &def, *main)?;
    }
    Ok(damaged)
}

/// The counters and lists that are no settings and no energies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) power_downs: u32,
    pub(crate) scroll_list: u128,
}

/// What reading a record gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// The record was never written.
    Blank,
    /// It was read into the place given.
    Done,
    /// Both copies are damaged.
    Lost,
}

/// What reading a record found, once the copy that is not good was written anew from the good one.
enum Opened {
    Blank,
    Record { sequence: u32, conditions: Conditions },
    Lost,
}

/// Conditions of the two copies of the energies.
const fn copy_condition(main: bool, dead: bool) -> Conditions {
    match (main, dead) {
        (true, true) => Conditions::MAIN_DEAD,
        (false, true) => Conditions::BACKUP_DEAD,
        (true, false) => Conditions::MAIN_DATA,
        (false, false) => Conditions::BACKUP_DATA,
    }
}

#[inline(never)]
fn open(nv: &mut impl Nv, def: &RecordDef, payload: &mut [u8]) -> Opened {
    match nv::load(nv, def, payload) {
        Ok(Found::Blank) => Opened::Blank,
        Ok(Found::Record { sequence, main, other }) => {
            let mut conditions = Conditions::NONE;
            if let Other::Damaged { main } = other {
                conditions |= copy_condition(main, false);
            }
            if other != Other::Same && nv::rewrite(nv, def, !main, sequence, payload).is_err() {
                conditions |= copy_condition(!main, true);
            }
            Opened::Record { sequence, conditions }
        }
        // A layout of another version is as unreadable as a damaged one: it must not be taken for zero.
        Ok(Found::Version { .. }) | Err(_) => Opened::Lost,
    }
}

/// As [`open`], for records whose copies have no conditions of their own.
fn read(nv: &mut impl Nv, def: &RecordDef, payload: &mut [u8], conditions: &mut Conditions) -> Read {
    let outcome = match open(nv, def, payload) {
        Opened::Blank => Read::Blank,
        Opened::Record { conditions, .. }
            if conditions.any_of(Conditions::MAIN_DEAD.and(Conditions::BACKUP_DEAD)) =>
        {
            Read::Lost
        }
        Opened::Record { .. } => Read::Done,
        Opened::Lost => Read::Lost,
    };
    if outcome == Read::Lost {
        *conditions |= Conditions::INIT;
    }
    outcome
}

/// Reads the stored settings, in the order of the model's tables; what was never stored has its default. Unknown ids and
/// values out of range are passed over: they come from another table of the same layout. Where both copies are damaged,
/// [`Conditions::INIT`] holds.
#[inline(never)]
pub(crate) fn load_settings(
    nv: &mut impl Nv,
    layout: &Layout,
    model: &'static ModelDef,
    scratch: &mut [u8],
    conditions: &mut Conditions,
    values: &mut [i32],
) -> Read {
    let def = layout.settings;
    let Some(payload) = scratch.get_mut(..def.len) else { return Read::Lost };
    let outcome = read(nv, &def, payload, conditions);
    for (value, setting) in values.iter_mut().zip(model.all_settings()) {
        *value = setting.default;
        let mut reader = Reader::new(payload);
        while outcome == Read::Done
            && let (Some(code), Some(raw)) = (reader.u8(), reader.u32())
        {
            let stored = i32::from_le_bytes(raw.to_le_bytes());
            if code == setting.id as u8 && setting.accepts(stored) {
                *value = stored;
            }
        }
    }
    outcome
}

/// Writes the settings. A volatile choice is not written: what stands in memory for it, in `old`, stays.
pub(crate) fn store_settings(
    nv: &mut impl Nv,
    layout: &Layout,
    model: &'static ModelDef,
    scratch: &mut [u8],
    values: &[i32],
    old: &[i32],
) -> Conditions {
    let def = layout.settings;
    let Some(payload) = scratch.get_mut(..def.len) else { return Conditions::INIT };
    let mut writer = Writer::new(payload);
    for ((now, before), setting) in values.iter().zip(old).zip(model.all_settings()) {
        let kept = if setting.acts_as(*now) == *now { *now } else { *before };
        let raw = u32::from_le_bytes(kept.to_le_bytes());
        if writer.u8(setting.id as u8).is_none() || writer.u32(raw).is_none() {
            return Conditions::INIT;
        }
    }
    store(nv, &def, payload)
}

fn store(nv: &mut impl Nv, def: &RecordDef, payload: &[u8]) -> Conditions {
    if nv::store(nv, def, payload).is_ok() { Conditions::NONE } else { Conditions::INIT }
}

/// Reads the stored energies. Without their fractions they go on from the
/// whole Wh.
pub(crate) fn load_energies(
    nv: &mut impl Nv,
    layout: &Layout,
    scratch: &mut [u8],
    metering: &mut Metering<'_>,
    conditions: &mut Conditions,
) -> Read {
    let Layout { energies, fractions, old_energies, .. } = *layout;
    let Some(payload) = scratch.get_mut(..energies.len) else { return Read::Lost };
    match open(nv, &energies, payload) {
        Opened::Blank => Read::Blank,
        Opened::Record { sequence, conditions: found } => {
            *conditions |= found;
            let mut reader = Reader::new(payload);
            for counter in metering.counters_mut() {
                *counter = Counter::new(reader.u48().unwrap_or(0), 0);
            }
            let Some(payload) = scratch.get_mut(..fractions.len) else { return Read::Lost };
            if nv::load_part(nv, &fractions, sequence, payload) {
                let mut reader = Reader::new(payload);
                for counter in metering.counters_mut() {
                    *counter = Counter::new(counter.wh(), reader.u48().unwrap_or(0));
                }
            } else {
                *conditions |= Conditions::MANTISSA_DATA;
                *conditions |= store_energies(nv, layout, scratch, metering);
            }
            Read::Done
        }
        Opened::Lost => {
            let Some(payload) = scratch.get_mut(..old_energies.len) else { return Read::Lost };
            let Ok(Found::Record { main, .. }) = nv::load(nv, &old_energies, payload) else {
                *conditions |= Conditions::ENERGY_LOST | Conditions::MAIN_DATA | Conditions::BACKUP_DATA;
                return Read::Lost;
            };
            let mut reader = Reader::new(payload);
            for counter in metering.counters_mut() {
                *counter = Counter::new(reader.u64().unwrap_or(0), reader.u64().unwrap_or(0));
            }
            *conditions |= write_energies(nv, layout, scratch, metering, Writing::over(!main));
            Read::Done
        }
    }
}

/// Writes the energies and their fractions.
pub(crate) fn store_energies(
    nv: &mut impl Nv,
    layout: &Layout,
    scratch: &mut [u8],
    metering: &Metering<'_>,
) -> Conditions {
    match Writing::next(nv, &layout.energies) {
        Ok(writing) => write_energies(nv, layout, scratch, metering, writing),
        Err(_) => Conditions::ENERGY_LOST,
    }
}

/// The fractions go first, into the slot that the record of now does not need.
#[inline(never)]
fn write_energies(
    nv: &mut impl Nv,
    layout: &Layout,
    scratch: &mut [u8],
    metering: &Metering<'_>,
    writing: Writing,
) -> Conditions {
    let Layout { energies, fractions, .. } = *layout;
    let mut conditions = Conditions::NONE;
    let Some(payload) = scratch.get_mut(..fractions.len) else { return Conditions::ENERGY_LOST };
    let mut writer = Writer::new(payload);
    let mut fits = Some(());
    for counter in metering.counters() {
        fits = fits.and(writer.u48(counter.rest()));
    }
    if nv::store_part(nv, &fractions, writing.sequence(), payload).is_err() {
        conditions |= Conditions::MANTISSA_DEAD;
    }
    let Some(payload) = scratch.get_mut(..energies.len) else { return Conditions::ENERGY_LOST };
    let mut writer = Writer::new(payload);
    for counter in metering.counters() {
        fits = fits.and(writer.u48(counter.wh()));
    }
    if fits.is_none() {
        return Conditions::ENERGY_LOST;
    }
    if let Err(failed) = writing.write(nv, &energies, payload) {
        conditions |= copy_condition(failed.main, true);
    }
    conditions
}

/// Reads the counters and lists. Where both copies are damaged, [`Conditions::INIT`] holds.
pub(crate) fn load_state(
    nv: &mut impl Nv,
    layout: &Layout,
    scratch: &mut [u8],
    conditions: &mut Conditions,
) -> (Read, Kept) {
    let def = layout.state;
    let Some(payload) = scratch.get_mut(..def.len) else { return (Read::Lost, Kept::default()) };
    let outcome = read(nv, &def, payload, conditions);
    let mut kept = Kept::default();
    if let Read::Done = outcome {
        let mut reader = Reader::new(payload);
        if let (Some(power_downs), Some(list)) = (reader.u32(), reader.bytes()) {
            kept = Kept { power_downs, scroll_list: u128::from_le_bytes(list) };
        }
    }
    (outcome, kept)
}

/// Writes the counters and lists.
pub(crate) fn store_state(nv: &mut impl Nv, layout: &Layout, scratch: &mut [u8], kept: &Kept) -> Conditions {
    let def = layout.state;
    let Some(payload) = scratch.get_mut(..def.len) else { return Conditions::INIT };
    let mut writer = Writer::new(payload);
    if writer.u32(kept.power_downs).is_none() || writer.bytes(&kept.scroll_list.to_le_bytes()).is_none() {
        return Conditions::INIT;
    }
    store(nv, &def, payload)
}

/// Bytes of scratch memory that reading and writing the records takes.
pub(crate) const fn scratch_size(model: &ModelDef) -> usize {
    let layout = Layout::of(model);
    let lengths = [layout.settings.len, layout.old_energies.len, layout.fractions.len, layout.state.len];
    let mut most = 0;
    let mut rest = lengths.as_slice();
    while let [len, more @ ..] = rest {
        if *len > most {
            most = *len;
        }
        rest = more;
    }
    most
}
