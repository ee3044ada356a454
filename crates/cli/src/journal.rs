//! The journal of a session as a file: each line is on the disk before what it announces goes out.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use commission::record::{HEAD, Lines, LinesJournal, Record, Where, settings_of};
use commission::{Journal, JournalEntry, JournalFault, MemoryJournal, ReadOut};
use models::Entry;
use schema::SettingId;

use crate::clock::utc;
use crate::fault::Fault;
use crate::out;
use crate::wire::block_on;

/// A file to which lines are added.
pub struct FileLines {
    file: File,
    path: PathBuf,
}

impl Lines for FileLines {
    async fn add(&mut self, line: &str) -> Result<(), JournalFault> {
        let written =
            self.file.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|why| JournalFault(format!("{}: {why}", self.path.display())))
    }
}

/// Where the steps of a plan are written down.
pub enum Log {
    /// Nowhere that outlives the program.
    Memory(MemoryJournal),
    /// In a file.
    File(LinesJournal<FileLines>),
}

impl Journal for Log {
    async fn record(&mut self, entry: &JournalEntry) -> Result<(), JournalFault> {
        match self {
            Self::Memory(journal) => journal.record(entry).await,
            Self::File(journal) => journal.record(entry).await,
        }
    }
}

fn wrong(path: &Path, why: &io::Error) -> Fault {
    Fault::option("--journal", format!("{}: {why}", path.display()))
}

fn lost(why: &JournalFault) -> Fault {
    Fault::option("--journal", why)
}

/// Reads a journal; an empty one where there is no file yet. What cannot be understood in it is named on standard error.
pub fn read(path: &Path) -> Result<Record, Fault> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) if why.kind() == io::ErrorKind::NotFound => String::new(),
        Err(why) => return Err(wrong(path, &why)),
    };
    if !text.is_empty() && text.lines().next() != Some(HEAD) && !HEAD.starts_with(text.as_str()) {
        let why = format!("{} is no journal: its first line is not \"{HEAD}\"", path.display());
        return Err(Fault::option("--journal", why));
    }
    let record = Record::parse(&text);
    for bad in &record.bad {
        out::remark(&format!("{}: {bad}", path.display()));
    }
    if record.cut {
        out::remark(&format!("{}: the last line was cut and is left out", path.display()));
    }
    Ok(record)
}

/// Opens a journal at its end, and begins a session in it.
pub fn begin(path: &Path) -> Result<LinesJournal<FileLines>, Fault> {
    read(path)?;
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let mut file = file.map_err(|why| wrong(path, &why))?;
    let mut open = || -> io::Result<u64> {
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        // A line that was cut says nothing; the next one must not stand behind it.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole = u64::try_from(whole).unwrap_or(0);
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))
    };
    let whole = open().map_err(|why| wrong(path, &why))?;
    let lines = FileLines { file, path: path.to_owned() };
    let run = format!("{} metertwin {}", utc(), env!("CARGO_PKG_VERSION"));
    block_on(LinesJournal::begin(lines, whole == 0, &run)).map_err(|why| lost(&why))
}

/// The log of a session: in a file where one is named, with the meter as it was found.
pub fn log(
    path: Option<&Path>,
    entry: &'static Entry,
    serial: Option<u32>,
    at: Where,
    settings: &[(SettingId, i64)],
) -> Result<Log, Fault> {
    let Some(path) = path else { return Ok(Log::Memory(MemoryJournal::default())) };
    let Some(serial) = serial else {
        return Err(Fault::option("--journal", "the meter tells no serial number to write it down by"));
    };
    let mut journal = begin(path)?;
    block_on(journal.found(entry, serial, at, settings)).map_err(|why| lost(&why))?;
    Ok(Log::File(journal))
}

/// The settings of a meter as a journal keeps them, where it was read.
pub fn found(read: Option<&ReadOut>) -> Vec<(SettingId, i64)> {
    read.map(settings_of).unwrap_or_default()
}
