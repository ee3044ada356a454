//! The journal: written before each write goes out and after each proof, so that a crash leaves a record of what is
//! certain.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use units::Instant;

use crate::identify::serial_text;

/// What happened to one step, as far as it is certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is about to be sent. Without a later mark the step is unknown.
    Intend {
        /// The wanted value.
        value: i64,
        /// The value before, where it could be read.
        from: Option<i64>,
    },
    /// The meter with this serial number reports the wanted value.
    Proven {
        /// What was read.
        read: i64,
    },
    /// The meter refused.
    Refused {
        /// The exception.
        code: u8,
        /// The value it still has, where it could be read.
        still: Option<i64>,
    },
    /// The meter reports another value than the wanted one.
    NotTaken {
        /// What was read.
        reads: i64,
    },
    /// The meter acknowledged it, and nothing it tells on this bus shows the value.
    Acknowledged,
    /// It was sent, and nobody knows what became of it.
    Unknown,
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// When, by the port's clock.
    pub at: Instant,
    /// Which meter, by the last eight digits of its serial number.
    pub serial: u32,
    /// Which setting or command, by its key.
    pub key: String,
    /// What happened.
    pub mark: Mark,
}

/// The journal could not be written, so nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalFault(pub String);

impl fmt::Display for JournalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the journal could not be written: {}", self.0)
    }
}

impl core::error::Error for JournalFault {}

/// A record that outlives a crash. An entry is safe once `record` has resolved.
pub trait Journal {
    /// Writes one entry.
    ///
    /// # Errors
    /// [`JournalFault`] in words; the step is then not sent.
    async fn record(&mut self, entry: &JournalEntry) -> Result<(), JournalFault>;
}

/// A journal in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryJournal {
    /// What was recorded, in order.
    pub entries: Vec<JournalEntry>,
}

impl Journal for MemoryJournal {
    async fn record(&mut self, entry: &JournalEntry) -> Result<(), JournalFault> {
        self.entries.push(entry.clone());
        Ok(())
    }
}

impl fmt::Display for JournalEntry {
    /// One line of text: time in ms, serial number, key, mark, numbers. `-` stands for a number that is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} ", self.at.as_millis(), serial_text(self.serial), self.key)?;
        match self.mark {
            Mark::Intend { value, from } => write!(f, "intend {value} {}", number(from)),
            Mark::Proven { read } => write!(f, "proven {read}"),
            Mark::Refused { code, still } => write!(f, "refused {code} {}", number(still)),
            Mark::NotTaken { reads } => write!(f, "not-taken {reads}"),
            Mark::Acknowledged => f.write_str("acknowledged"),
            Mark::Unknown => f.write_str("unknown"),
        }
    }
}

fn number(value: Option<i64>) -> String {
    value.map_or_else(|| "-".to_string(), |value| format!("{value}"))
}

impl JournalEntry {
    /// Reads a line as it is displayed; `None` for a damaged one, such as the last of a journal cut by a crash.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let at = Instant::from_millis(words.next()?.parse().ok()?);
        let serial = words.next()?.parse().ok()?;
        let key = words.next()?.to_string();
        let kind = words.next()?;
        let mut optional = || match words.next()? {
            "-" => Some(None),
            digits => digits.parse().ok().map(Some),
        };
        let mark = match kind {
            "intend" => Mark::Intend { value: optional()??, from: optional()? },
            "proven" => Mark::Proven { read: optional()?? },
            "refused" => Mark::Refused { code: u8::try_from(optional()??).ok()?, still: optional()? },
            "not-taken" => Mark::NotTaken { reads: optional()?? },
            "acknowledged" => Mark::Acknowledged,
            "unknown" => Mark::Unknown,
            _ => return None,
        };
        words.next().is_none().then_some(Self { at, serial, key, mark })
    }
}

/// What a journal says of each setting of each meter: its last mark. An intention without a proof is unknown.
#[must_use]
pub fn standing(entries: &[JournalEntry]) -> BTreeMap<(u32, String), Mark> {
    entries.iter().map(|entry| ((entry.serial, entry.key.clone()), entry.mark)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lead_back_to_their_entry() {
        let entry =
            |mark| JournalEntry { at: Instant::from_millis(1_234), serial: 70_001, key: "baud".into(), mark };
        for (mark, text) in [
            (Mark::Intend { value: 4_800, from: Some(9_600) }, "1234 00070001 baud intend 4800 9600"),
            (Mark::Intend { value: -1, from: None }, "1234 00070001 baud intend -1 -"),
            (Mark::Proven { read: 4_800 }, "1234 00070001 baud proven 4800"),
            (Mark::Refused { code: 3, still: Some(9_600) }, "1234 00070001 baud refused 3 9600"),
            (Mark::NotTaken { reads: 9_600 }, "1234 00070001 baud not-taken 9600"),
            (Mark::Acknowledged, "1234 00070001 baud acknowledged"),
            (Mark::Unknown, "1234 00070001 baud unknown"),
        ] {
            assert_eq!(entry(mark).to_string(), text);
            assert_eq!(JournalEntry::parse(text), Some(entry(mark)));
        }
        for line in [
            "",
            "1234",
            "1234 1 baud intend",
            "1234 1 baud intend - 3",
            "1 1 baud proven 3 4",
            "1 1 baud maybe 3",
        ] {
            assert_eq!(JournalEntry::parse(line), None, "{line}");
        }
    }

    #[test]
    fn an_intention_without_a_proof_stands_as_such() {
        let line = |text| JournalEntry::parse(text).unwrap();
        let entries =
            [line("1 7 baud intend 4800 9600"), line("2 7 baud proven 4800"), line("3 7 parity intend 2 1")];
        let standing = standing(&entries);
        assert_eq!(standing[&(7, "baud".into())], Mark::Proven { read: 4_800 });
        assert_eq!(standing[&(7, "parity".into())], Mark::Intend { value: 2, from: Some(1) });
    }
}
