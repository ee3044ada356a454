//! What whoever connects the meters is told and asked.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use models::Entry;

use super::{List, Row, State};
use crate::guard::Guard;
use crate::identify::serial_text;

/// Something that happens on the bench. Numbers of lines count from 0.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Nobody answers where a meter may come up; it is asked on and on.
    Waiting {
        /// How far all of it is, in a sentence.
        so_far: String,
    },
    /// A meter is there and has its line.
    Arrived {
        /// The last eight digits of its serial number.
        serial: u32,
        /// Its model.
        entry: &'static Entry,
        /// Its line.
        row: usize,
        /// How far the line was with it: [`State::Free`] for a meter that comes for the first time.
        before: State,
    },
    /// A meter is there whose line is done; nothing is done to it.
    SeenBefore {
        /// The last eight digits of its serial number.
        serial: u32,
        /// Its line.
        row: usize,
    },
    /// A meter is there that no line is for; nothing is done to it.
    NoRow {
        /// The last eight digits of its serial number.
        serial: u32,
        /// Its model.
        entry: &'static Entry,
        /// Why the line that names it is none for it; empty where no line names it.
        why: Vec<String>,
    },
    /// Somebody answers that this program does not know, in a sentence; nothing is done to it.
    Stranger(String),
    /// What was heard is no answer of one meter, in a sentence with the next step.
    Disturbed(String),
    /// A step of the writing begins; they are counted from 0.
    Writing {
        /// Its line.
        row: usize,
        /// Which.
        step: usize,
        /// How many there are.
        of: usize,
    },
    /// A step has ended: its one word and a sentence.
    Written {
        /// Its line.
        row: usize,
        /// Confirmed, refused, unknown and such.
        word: &'static str,
        /// What became of it.
        sentence: String,
    },
    /// All of its line is read back at its new place.
    Verifying {
        /// Its line.
        row: usize,
    },
    /// The meter is not done: why, and what to do, in sentences.
    Left {
        /// Its line.
        row: usize,
        /// Why.
        why: String,
    },
    /// A line is as good as it can be.
    Over {
        /// Which.
        row: usize,
        /// [`State::Done`] or [`State::Acknowledged`].
        state: State,
    },
}

fn name(entry: &'static Entry) -> String {
    format!("{} {}", entry.notes.maker, entry.notes.name)
}

impl Event {
    /// What happens, in a sentence; empty for what is only progress.
    #[must_use]
    pub fn sentence(&self, list: &List) -> String {
        let id = |row: &usize| match list.rows().get(*row) {
            Some(row) if row.label.is_empty() => format!("id {}", row.id),
            Some(row) => format!("id {} ({})", row.id, row.label.replace(['\r', '\n'], " ")),
            None => String::new(),
        };
        match self {
            Self::Waiting { so_far } => format!("Connect the next meter. {so_far}"),
            Self::Arrived { serial, entry, row, before } => {
                let what = match before {
                    State::Free => "it gets",
                    State::Begun => "it was begun before and goes on, with",
                    State::Acknowledged | State::Done => {
                        "it was done before and was changed since; it gets again"
                    }
                };
                format!("{}, serial {}: {what} {}.", name(entry), serial_text(*serial), id(row))
            }
            Self::SeenBefore { serial, row } => format!(
                "The meter {} was here before and is done, with {}. Disconnect it and connect the next one.",
                serial_text(*serial),
                id(row)
            ),
            Self::NoRow { serial, entry, why } => {
                let why = match why.as_slice() {
                    [] => "no free line of the list is for it".to_string(),
                    why => format!("the line that names it is none for it: {}", why.join("; ")),
                };
                format!("{}, serial {}: {why}. Nothing was written to it.", name(entry), serial_text(*serial))
            }
            Self::Stranger(sentence) | Self::Disturbed(sentence) => sentence.clone(),
            Self::Writing { .. } | Self::Verifying { .. } => String::new(),
            Self::Written { word, sentence, .. } => format!("{word:<12} {sentence}"),
            Self::Left { row, why } => format!("The meter for {} is not done. {why}", id(row)),
            Self::Over { row, state: State::Acknowledged } => format!(
                "The meter for {}: what the bus shows was read back; it acknowledged the rest, which proves nothing.",
                id(row)
            ),
            Self::Over { row, .. } => format!("The meter for {} is done: all of it was read back.", id(row)),
        }
    }
}

/// Whoever connects the meters.
pub trait Desk {
    /// Something happened.
    fn tell(&mut self, list: &List, event: &Event);

    /// The last digits of the serial number of the meter on the bench, typed by somebody who has read what `guard` says
    /// cannot be undone; `None` where nobody types any. A line that has them in its list is not asked about.
    async fn digits(&mut self, row: &Row, guard: &Guard) -> Option<String>;

    /// The time, in words without blanks, for the report; empty where nobody knows.
    fn time(&mut self) -> String;
}
