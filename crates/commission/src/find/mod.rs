//! Find my meter: who is on this line, at which speed, in which format, with which id.
//!
//! [`Finder`] asks a Modbus, [`find_mbus`] an M-Bus; both tell what they find as it comes ([`FindEvent`]) into one list of
//! [`Finding`]s, and obey one [`Control`]. Where to look is data ([`SearchScope`]), the order is an iterator
//! ([`SearchPlan`]), and the place in it is plain numbers ([`SearchPosition`]).
//!
//! A question of a search waits much shorter for its answer than one of a read-out. What it hears is evidence: a whole
//! answer, a refusal and a damaged answer all say that somebody is there. Only what then answers in peace is called a meter.

mod control;
mod follow;
mod frame;
mod list;
mod listen;
mod mbus;
mod plan;
mod position;
mod probe;
mod run;
mod scope;

pub use control::{Control, Leash};
pub use list::{list_json, list_table};
pub use listen::Listened;
pub use mbus::{MbusScope, find_mbus};
pub use plan::{Probe, SearchPlan, silent_time};
pub use position::{PositionError, SearchPosition};
pub use run::{Finder, investigate};
pub use scope::{SearchScope, factory_places};

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use modbus::LineParams;
use units::Duration;

use crate::bus::{Place, Timing};
use crate::diagnosis::{Diagnosis, Symptoms, Tally, diagnose};
use crate::identify::Identity;
use crate::mbus as m_bus;

/// How a search asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindSettings {
    /// How long a meter takes before it answers, as stated for it. Twice that is waited for an answer to begin.
    pub answer: Duration,
    /// What an adapter keeps bytes back for.
    pub latency: Duration,
    /// How long is waited once somebody was heard.
    pub follow: Timing,
    /// Listen for so long before anything is sent; where others are heard, nothing is.
    pub listen: Option<Duration>,
    /// Go on where another master is heard on the way.
    pub insist: bool,
}

impl Default for FindSettings {
    /// 20 ms to answer and 16 ms of latency: 56 ms of waiting. No listening.
    fn default() -> Self {
        Self {
            answer: Duration::from_millis(20),
            latency: Duration::from_millis(16),
            follow: Timing::default(),
            listen: None,
            insist: false,
        }
    }
}

impl FindSettings {
    /// How long is waited for an answer to begin, on top of the pause that ends the question.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.answer.times(2) + self.latency
    }
}

/// A meter, or another device that answers.
#[derive(Clone, Debug)]
pub enum Finding {
    /// On a Modbus.
    Modbus {
        /// Where it is spoken to.
        place: Place,
        /// Who it is; `None` for what refuses every register that says so.
        identity: Option<Identity>,
        /// From the end of a question to the end of its answer.
        delay: Duration,
        /// How many of its answers came damaged while it was looked at.
        damaged: u32,
    },
    /// On an M-Bus.
    Mbus {
        /// The line.
        line: LineParams,
        /// Its addresses.
        meter: m_bus::Found,
    },
}

impl Finding {
    /// Last eight digits of its serial number, where it tells them.
    #[must_use]
    pub fn serial(&self) -> Option<u32> {
        match self {
            Self::Modbus { identity, .. } => identity.as_ref()?.serial,
            Self::Mbus { meter, .. } => meter.serial(),
        }
    }

    /// Where it is spoken to, in words.
    #[must_use]
    pub fn place_text(&self) -> String {
        match self {
            Self::Modbus { place, .. } => place.to_string(),
            Self::Mbus { line, meter } => format!("address {} at {line}", meter.address),
        }
    }

    /// Where it is and who it is, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Modbus { place, identity, damaged, .. } => {
                let who = identity.as_ref().map_or_else(
                    || "A device that refuses every register that would say what it is.".to_string(),
                    Identity::sentence,
                );
                let hurt = if *damaged > 0 { " Some of its answers came damaged." } else { "" };
                format!("{}: {who}{hurt}", sentence_start(&place.to_string()))
            }
            Self::Mbus { line, meter } => {
                format!("Address {} at {line}: {}.", meter.address, m_bus::identity_text(meter.identity))
            }
        }
    }
}

fn sentence_start(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What was heard that is no meter that could be spoken to.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Where was asked when it was heard.
    pub place: Place,
    /// Bytes heard.
    pub bytes: usize,
    /// Damaged characters.
    pub errors: usize,
    /// Serial numbers that were read there.
    pub serials: Vec<u32>,
    /// What became of the questions that looked at it.
    pub tally: Tally,
    /// What it shows.
    pub diagnosis: Diagnosis,
}

impl Trace {
    fn of(symptoms: &Symptoms<'_>, bytes: usize, errors: usize) -> Self {
        Self {
            place: symptoms.place,
            bytes,
            errors,
            serials: symptoms.serials.clone(),
            tally: symptoms.tally,
            diagnosis: diagnose(symptoms),
        }
    }
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchProgress {
    /// Questions asked, those of the runs before included.
    pub asked: usize,
    /// Questions in all.
    pub total: usize,
    /// How long this run has taken so far, pauses left out.
    pub gone: Duration,
    /// How long the rest will take where nobody answers: computed from the line and corrected by what was measured.
    pub left: Duration,
    /// Where is asked now.
    pub place: Place,
}

impl core::fmt::Display for SearchProgress {
    /// `100 of 192 tries, 0:38 gone, about 0:35 left`.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let clock = |span: Duration| format!("{}:{:02}", span.as_secs() / 60, span.as_secs() % 60);
        let (gone, left) = (clock(self.gone), clock(self.left));
        write!(f, "{} of {} tries, {gone} gone, about {left} left", self.asked, self.total)
    }
}

/// What a search tells while it runs.
#[derive(Clone, Copy, Debug)]
pub enum FindEvent<'a> {
    /// What was heard before anything was sent.
    Listened(&'a Listened),
    /// A meter, or another device that answers.
    Found(&'a Finding),
    /// Somebody or something is there, but no meter that could be spoken to.
    Something(&'a Trace),
    /// A question has its outcome.
    Progress(SearchProgress),
    /// A step of the search by secondary address.
    Node(&'a m_bus::SearchEvent),
    /// A step of the scan of primary addresses.
    Scan(&'a m_bus::ScanEvent),
    /// An M-Bus is searched at this speed from now on.
    Speed(LineParams),
}

/// How a search has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindEnd {
    /// Everything was asked.
    Done,
    /// Its control stopped it.
    Stopped,
    /// Another master was heard, and nothing more was sent. The units that it asks, as far as they could be read.
    OtherMaster(Vec<u8>),
    /// Others kept talking, so that nothing could be sent.
    NeverQuiet,
}
