//! The journal as a file: lines that are only ever added, so that whatever ends a session, what was certain is there.
//!
//! | line | what it says |
//! |---|---|
//! | `metertwin journal 1` | what file it is, and its layout |
//! | `run TEXT` | a session begins: when and with what, in the caller's words |
//! | `found SERIAL MODEL WHERE` | a meter as it was found |
//! | `was SERIAL KEY VALUE` | a setting as it was found, in its own unit |
//! | `MS SERIAL KEY MARK ...` | a step, as [`JournalEntry`] is displayed |
//! | `row SERIAL ID` | a meter was given the line of a list with this address ([`crate::batch`]) |
//! | `free SERIAL` | it has none any more |
//! | `verified SERIAL ID TIME KEY=VALUE ...` | all of this was read back from it at the place where it is then |
//!
//! A line counts once its end is there: the last one of a file that was cut is left out, and what it would have said is
//! not certain. `WHERE` is `modbus ID BAUD PARITY`, `mbus ADDRESS BAUD` or `mbus-number ID MAKER VERSION MEDIUM BAUD`, the
//! last with hexadecimal digits.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use ::mbus::Identity;
use ::mbus::header::Manufacturer;
use modbus::{LineParams, Parity};
use models::Entry;
use schema::{CommandId, SettingId, Source};

use crate::bus::Place;
use crate::identify::serial_text;
use crate::journal::{Journal, JournalEntry, JournalFault, Mark};
use crate::mbus::{Address, Place as MbusPlace};
use crate::names;
use crate::plan::Action;
use crate::read::ReadOut;

/// The first line of a file.
pub const HEAD: &str = "metertwin journal 1";

/// Where a meter is spoken to, whichever way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Over Modbus.
    Modbus(Place),
    /// Over M-Bus.
    Mbus(MbusPlace),
}

impl Where {
    /// Where the meter is spoken to once `action` has been done here.
    #[must_use]
    pub fn after(&self, action: &Action) -> Self {
        match self {
            Self::Modbus(place) => Self::Modbus(action.place_after(*place)),
            Self::Mbus(place) => Self::Mbus(crate::mbus::place_after(action, *place)),
        }
    }
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Modbus(Place { line, unit }) => {
                let parity = match line.parity {
                    Parity::Even => "even",
                    Parity::None => "none",
                    Parity::Odd => "odd",
                };
                write!(f, "modbus {unit} {} {parity}", line.baud)
            }
            Self::Mbus(MbusPlace { line, address: Address::Primary(address) }) => {
                write!(f, "mbus {address} {}", line.baud)
            }
            Self::Mbus(MbusPlace { line, address: Address::Secondary(it) }) => write!(
                f,
                "mbus-number {:08X} {:04X} {:02X} {:02X} {}",
                it.id, it.manufacturer.0, it.version, it.medium, line.baud
            ),
        }
    }
}

impl Where {
    fn parse<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        let kind = words.next()?;
        match kind {
            "modbus" => {
                let unit = words.next()?.parse().ok()?;
                let baud = words.next()?.parse().ok()?;
                let parity = match words.next()? {
                    "even" => Parity::Even,
                    "none" => Parity::None,
                    "odd" => Parity::Odd,
                    _ => return None,
                };
                Some(Self::Modbus(Place { line: LineParams::new(baud, parity), unit }))
            }
            "mbus" => {
                let address = Address::Primary(words.next()?.parse().ok()?);
                let line = LineParams::even(words.next()?.parse().ok()?);
                Some(Self::Mbus(MbusPlace { line, address }))
            }
            "mbus-number" => {
                let mut hex = || u32::from_str_radix(words.next()?, 16).ok();
                let identity = Identity {
                    id: hex()?,
                    manufacturer: Manufacturer(u16::try_from(hex()?).ok()?),
                    version: u8::try_from(hex()?).ok()?,
                    medium: u8::try_from(hex()?).ok()?,
                };
                let line = LineParams::even(words.next()?.parse().ok()?);
                Some(Self::Mbus(MbusPlace { line, address: Address::Secondary(identity) }))
            }
            _ => None,
        }
    }
}

/// A meter of a record.
#[derive(Clone, Debug)]
pub struct MeterRecord {
    /// Its model.
    pub entry: &'static Entry,
    /// The last eight digits of its serial number, as it has it now.
    pub serial: u32,
    /// Where it was found.
    pub found: Where,
    /// Where it is spoken to after all that is proven.
    pub now: Where,
    /// Its settings as they were found, by key.
    pub was: BTreeMap<String, i64>,
    /// The last mark of each setting and command, by key.
    pub marks: BTreeMap<String, Mark>,
    /// What was last intended with each, and what stood there before.
    pub wanted: BTreeMap<String, (i64, Option<i64>)>,
}

/// A line that says nothing that can be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, counted from 1.
    pub number: usize,
    /// The line.
    pub text: String,
    /// Why not, as a part of a sentence.
    pub why: &'static str,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, \"{}\": {}", self.number, self.text, self.why)
    }
}

/// What was read back from a meter when all of its line was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// When, in the caller's words.
    pub time: String,
    /// Where the meter was spoken to; `None` where the file does not say.
    pub at: Option<Where>,
    /// The settings that were read back, in their own units.
    pub values: Vec<(String, i64)>,
}

/// A meter that was given a line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The last eight digits of its serial number.
    pub serial: u32,
    /// The line, by the address that it gives.
    pub row: u8,
    /// What was read back last; `None` where that never happened, or where the meter was found elsewhere since.
    pub verified: Option<Verified>,
}

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Its meters, in the order in which they were found.
    pub meters: Vec<MeterRecord>,
    /// All steps, in their order.
    pub entries: Vec<JournalEntry>,
    /// The meters of a batch with their lines, in the order in which they came.
    pub seats: Vec<Seat>,
    /// The sessions, in the callers' words.
    pub runs: Vec<String>,
    /// Lines that could not be understood; what stands in them is not known.
    pub bad: Vec<BadLine>,
    /// True where the last line was cut off. It is left out.
    pub cut: bool,
}

/// The setting or command of a key.
#[must_use]
pub fn action(entry: &'static Entry, key: &str, value: i64) -> Option<Action> {
    for command in [CommandId::ResetPowerDowns, CommandId::ResetTrip] {
        if names::command_key(command) == key {
            return Some(Action::Give(command));
        }
    }
    let setting = SettingId::from_key(key).and_then(|id| names::setting(entry, id))?;
    Some(Action::Set { setting, value: i32::try_from(value).ok()? })
}

impl Record {
    /// Reads a file. Nothing in it makes it fail: what cannot be understood is named.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut record = Self::default();
        let mut rest = text;
        let mut number = 0;
        while let Some((line, behind)) = rest.split_once('\n') {
            rest = behind;
            number += 1;
            let line = line.trim_end_matches('\r');
            if let Err(why) = record.line(number, line) {
                record.bad.push(BadLine { number, text: line.to_string(), why });
            }
        }
        record.cut = !rest.is_empty();
        record
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), &'static str> {
        if number == 1 {
            return if line == HEAD { Ok(()) } else { Err("expected the head \"metertwin journal 1\"") };
        }
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            None => Ok(()),
            Some("run") => {
                self.runs.push(line.trim_start_matches("run").trim().to_string());
                Ok(())
            }
            Some("found") => self.found(&mut words).ok_or("expected found SERIAL MODEL WHERE"),
            Some("was") => {
                self.was(&mut words).ok_or("expected was SERIAL KEY VALUE of a meter that was found before")
            }
            Some("row") => self.seated(&mut words).ok_or("expected row SERIAL ID"),
            Some("free") => self.freed(&mut words).ok_or("expected free SERIAL of a meter that has a row"),
            Some("verified") => self
                .verified(&mut words)
                .ok_or("expected verified SERIAL ID TIME KEY=VALUE of a meter that has this row"),
            Some(_) => {
                let entry = JournalEntry::parse(line)
                    .ok_or("expected found, was, row, free, verified, run or a step")?;
                self.step(&entry);
                self.entries.push(entry);
                Ok(())
            }
        }
    }

    fn found<'a>(&mut self, words: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let serial = words.next()?.parse().ok()?;
        let slug = words.next()?;
        let entry = models::ALL.iter().find(|entry| entry.def.slug == slug)?;
        let found = Where::parse(words)?;
        if words.next().is_some() {
            return None;
        }
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.serial == serial)
            && seat.verified.as_ref().is_some_and(|verified| verified.at != Some(found))
        {
            // Whoever moved it may have changed more.
            seat.verified = None;
        }
        if let Some(meter) = self.meter_mut(serial) {
            // It was found again, in a later session: what it had before the first one stays.
            meter.now = found;
            return Some(());
        }
        let (was, marks, wanted) = Default::default();
        self.meters.push(MeterRecord { entry, serial, found, now: found, was, marks, wanted });
        Some(())
    }

    fn was<'a>(&mut self, words: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let serial = words.next()?.parse().ok()?;
        let key = words.next()?.to_string();
        let value = words.next()?.parse().ok()?;
        if words.next().is_some() {
            return None;
        }
        self.meter_mut(serial)?.was.entry(key).or_insert(value);
        Some(())
    }

    fn seated<'a>(&mut self, words: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let serial = words.next()?.parse().ok()?;
        let row = words.next()?.parse().ok()?;
        if words.next().is_some() {
            return None;
        }
        match self.seats.iter_mut().find(|seat| seat.serial == serial) {
            Some(seat) if seat.row == row => {}
            Some(seat) => *seat = Seat { serial, row, verified: None },
            None => self.seats.push(Seat { serial, row, verified: None }),
        }
        Some(())
    }

    fn freed<'a>(&mut self, words: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let serial: u32 = words.next()?.parse().ok()?;
        let at = self.seats.iter().position(|seat| seat.serial == serial)?;
        if words.next().is_some() {
            return None;
        }
        self.seats.remove(at);
        Some(())
    }

    fn verified<'a>(&mut self, words: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let serial = words.next()?.parse().ok()?;
        let row: u8 = words.next()?.parse().ok()?;
        let time = words.next()?.to_string();
        let mut values = Vec::new();
        for word in words {
            let (key, value) = word.split_once('=')?;
            values.push((key.to_string(), value.parse().ok()?));
        }
        let at = self.meter(serial).map(|meter| meter.now);
        let seat = self.seats.iter_mut().find(|seat| seat.serial == serial && seat.row == row)?;
        seat.verified = Some(Verified { time, at, values });
        Some(())
    }

    /// Takes the line of a list away from a meter that will not come back, here and in the journal; false where it has none.
    ///
    /// # Errors
    /// [`JournalFault`] where that cannot be written down; nothing has changed then.
    pub async fn free<L: Lines>(
        &mut self,
        serial: u32,
        journal: &mut LinesJournal<L>,
    ) -> Result<bool, JournalFault> {
        if self.seat(serial).is_none() {
            return Ok(false);
        }
        journal.lines.add(&format!("free {}", serial_text(serial))).await?;
        self.seats.retain(|seat| seat.serial != serial);
        Ok(true)
    }

    /// Adds a line that was written behind the others.
    pub(crate) fn learn(&mut self, line: &str) {
        // Behind the head; and whoever wrote it has written what can be read.
        let _ = self.line(2, line);
    }

    /// The line of a list that a meter was given.
    #[must_use]
    pub fn seat(&self, serial: u32) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.serial == serial)
    }

    /// What is known of a meter.
    #[must_use]
    pub fn meter(&self, serial: u32) -> Option<&MeterRecord> {
        self.meters.iter().find(|meter| meter.serial == serial)
    }

    fn meter_mut(&mut self, serial: u32) -> Option<&mut MeterRecord> {
        self.meters.iter_mut().find(|meter| meter.serial == serial)
    }

    fn step(&mut self, entry: &JournalEntry) {
        // A meter whose number was changed is called by its new one from the proof on.
        if let Mark::Proven { read } = entry.mark
            && entry.key == SettingId::Serial.key()
            && self.meter(entry.serial).is_none()
        {
            let renamed = self.meters.iter_mut().find(|meter| {
                meter.marks.contains_key(&entry.key)
                    && meter.wanted.get(&entry.key).is_some_and(|(value, _)| *value == read)
            });
            if let Some(meter) = renamed {
                meter.serial = entry.serial;
            }
        }
        let Some(meter) = self.meter_mut(entry.serial) else { return };
        match entry.mark {
            Mark::Intend { value, from } => {
                meter.wanted.insert(entry.key.clone(), (value, from));
            }
            Mark::Proven { read } => {
                if let Some(action) = action(meter.entry, &entry.key, read) {
                    meter.now = meter.now.after(&action);
                }
            }
            _ => {}
        }
        meter.marks.insert(entry.key.clone(), entry.mark);
    }
}

impl MeterRecord {
    /// What was sent and of which nobody knows what became: what the meter is to be asked about.
    pub fn open(&self) -> impl Iterator<Item = (&str, Action)> {
        let open = |mark: &Mark| matches!(mark, Mark::Intend { .. } | Mark::Unknown | Mark::Acknowledged);
        self.marks.iter().filter(move |(_, mark)| open(mark)).filter_map(|(key, _)| {
            let (value, _) = self.wanted.get(key)?;
            Some((key.as_str(), action(self.entry, key, *value)?))
        })
    }

    /// What stood there before the last step of a key, where it was read.
    #[must_use]
    pub fn from(&self, key: &str) -> Option<i64> {
        self.wanted.get(key).and_then(|(_, from)| *from)
    }

    /// Every place where the meter may be: first after all that is proven, then with one, two or all of the open changes of
    /// its line.
    #[must_use]
    pub fn places(&self) -> Vec<Where> {
        let mut places = Vec::from([self.now]);
        for (_, action) in self.open() {
            for place in places.clone() {
                let moved = place.after(&action);
                if !places.contains(&moved) {
                    places.push(moved);
                }
            }
        }
        places
    }

    /// What the record says of each setting, a line each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (key, mark) in &self.marks {
            let text = |value: i64| match action(self.entry, key, value) {
                Some(Action::Set { setting, .. }) => names::setting_text(setting, value).to_string(),
                _ => value.to_string(),
            };
            let wanted = self.wanted.get(key).map_or_else(String::new, |(value, _)| text(*value));
            lines.push(match mark {
                Mark::Proven { read } => format!("{key}: {}, confirmed.", text(*read)),
                Mark::Refused { still: Some(still), .. } => {
                    format!("{key}: refused, still {}.", text(*still))
                }
                Mark::Refused { still: None, .. } => format!("{key}: refused."),
                Mark::NotTaken { reads } => format!("{key}: not taken, it reads {}.", text(*reads)),
                Mark::Acknowledged => format!("{key}: {wanted} was acknowledged, which proves nothing."),
                Mark::Intend { .. } | Mark::Unknown => {
                    format!("{key}: unknown. {wanted} was to be written; ask the meter.")
                }
            });
        }
        lines
    }
}

/// Somewhere that lines can be added to: a file, a store of a browser. A line is safe once `add` has resolved.
pub trait Lines {
    /// Adds a line, which has no end of line in it.
    ///
    /// # Errors
    /// [`JournalFault`] in words; what the line announces is then not sent.
    async fn add(&mut self, line: &str) -> Result<(), JournalFault>;
}

/// A journal that writes its lines somewhere.
#[derive(Clone, Debug)]
pub struct LinesJournal<L> {
    lines: L,
}

impl<L: Lines> LinesJournal<L> {
    /// A journal at the end of what is there already; an empty place gets its head.
    ///
    /// # Errors
    /// [`JournalFault`] where nothing can be added.
    pub async fn begin(mut lines: L, is_empty: bool, run: &str) -> Result<Self, JournalFault> {
        if is_empty {
            lines.add(HEAD).await?;
        }
        lines.add(&format!("run {}", run.replace(['\n', '\r'], " "))).await?;
        Ok(Self { lines })
    }

    /// Writes down a meter as it was found, with its settings where a read-out has them.
    ///
    /// # Errors
    /// [`JournalFault`] where nothing can be added.
    pub async fn found(
        &mut self,
        entry: &'static Entry,
        serial: u32,
        found: Where,
        settings: &[(SettingId, i64)],
    ) -> Result<(), JournalFault> {
        let serial = serial_text(serial);
        self.lines.add(&format!("found {serial} {} {found}", entry.def.slug)).await?;
        for (id, value) in settings {
            self.lines.add(&format!("was {serial} {} {value}", id.key())).await?;
        }
        Ok(())
    }

    /// A journal that goes on where lines are added already.
    pub(crate) const fn on(lines: L) -> Self {
        Self { lines }
    }

    /// Where the lines go.
    pub(crate) const fn lines_mut(&mut self) -> &mut L {
        &mut self.lines
    }

    /// Writes down that a meter gets the line of a list with the address `row`.
    ///
    /// # Errors
    /// [`JournalFault`] where nothing can be added.
    pub(crate) async fn seat(&mut self, serial: u32, row: u8) -> Result<(), JournalFault> {
        self.lines.add(&format!("row {} {row}", serial_text(serial))).await
    }

    /// Writes down what was read back from a meter whose line is done.
    ///
    /// # Errors
    /// [`JournalFault`] where nothing can be added.
    pub(crate) async fn verified(
        &mut self,
        serial: u32,
        row: u8,
        time: &str,
        values: &[(String, i64)],
    ) -> Result<(), JournalFault> {
        let time: String = time.chars().filter(|c| !c.is_whitespace()).collect();
        let time = if time.is_empty() { "-" } else { &time };
        let values: Vec<String> = values.iter().map(|(key, value)| format!(" {key}={value}")).collect();
        self.lines.add(&format!("verified {} {row} {time}{}", serial_text(serial), values.concat())).await
    }

    /// Gives back where the lines go.
    pub fn into_lines(self) -> L {
        self.lines
    }
}

impl<L: Lines> Journal for LinesJournal<L> {
    async fn record(&mut self, entry: &JournalEntry) -> Result<(), JournalFault> {
        self.lines.add(&entry.to_string()).await
    }
}

/// A text in memory: what a file would hold.
impl Lines for String {
    async fn add(&mut self, line: &str) -> Result<(), JournalFault> {
        self.push_str(line);
        self.push('\n');
        Ok(())
    }
}

/// The settings of a read-out, as a journal keeps them.
#[must_use]
pub fn settings_of(read: &ReadOut) -> Vec<(SettingId, i64)> {
    let value = |id: SettingId| read.value(Source::Setting(id)).map(|value| (id, value));
    read.entry.def.all_settings().filter_map(|setting| value(setting.id)).collect()
}

#[cfg(test)]
mod tests;
