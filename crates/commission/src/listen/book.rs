//! What was said, in a list that does not grow without end, and who is still owed an answer.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ::mbus::link::address;
use models::Entry;
use units::{Duration, Instant, LineError, LineParams};

use super::figures::{Errors, Histogram, Load, Masters, Node, PollKey};
use super::{KEPT, Spoken};
use crate::mbus::whom;

/// After so long nobody waits for an answer any more. Assumed: the slowest masters wait 3 s.
const PATIENCE: Duration = Duration::from_secs(3);

/// A request that follows an unanswered one sooner than this is not of a master that has waited for it. Assumed: no
/// master has a shorter time-out, adapters' latency included; the shortest that one can set in mbpoll is 10 ms.
const HASTE: Duration = Duration::from_millis(30);

/// How an answer stands to what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It belongs to the request before it.
    Paired,
    /// It came when its master had given up.
    Late,
    /// It came after another answer to the same request: two meters have this id.
    Twice,
    /// Nobody was heard asking.
    Unasked,
}

/// What an entry of the list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A master asked.
    Request {
        /// Whom.
        unit: u8,
    },
    /// A meter answered.
    Answer {
        /// Who.
        unit: u8,
        /// Number of the request it belongs to.
        to: Option<u64>,
        /// How it stands to that.
        how: Answered,
        /// From the end of the request to the end of the answer; `None` where the times are not known.
        after: Option<Duration>,
        /// From the end of the request to the begin of the answer.
        turnaround: Option<Duration>,
        /// The code of the refusal.
        refused: Option<u8>,
    },
    /// No answer came to a request.
    Silence {
        /// Who was asked.
        unit: u8,
        /// Number of the request.
        to: u64,
        /// Bytes came, but no whole answer.
        damaged: bool,
    },
    /// Bytes that are no frame.
    Damaged,
    /// The line reported a damaged character.
    Line(LineError),
}

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number, counted from 1 over all that was heard.
    pub number: u64,
    /// When its last byte was heard; for a silence, when it was clear.
    pub at: Instant,
    /// What it is.
    pub what: What,
    /// Its bytes; none for a silence and an error of the line.
    pub bytes: Vec<u8>,
    /// What it means, in words.
    pub text: String,
}

impl Item {
    /// True for requests and for answers that tell something.
    #[must_use]
    pub const fn good(&self) -> bool {
        matches!(self.what, What::Request { .. } | What::Answer { how: Answered::Paired, refused: None, .. })
    }

    /// The id that it is of.
    #[must_use]
    pub const fn unit(&self) -> Option<u8> {
        match self.what {
            What::Request { unit } | What::Answer { unit, .. } | What::Silence { unit, .. } => Some(unit),
            What::Damaged | What::Line(_) => None,
        }
    }
}

/// Who answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaits {
    /// The one that was asked.
    Answer,
    /// Perhaps somebody: silence is no fault.
    Perhaps,
    /// Nobody.
    Nobody,
}

/// A request that may still be answered.
#[derive(Clone, Debug)]
pub(super) struct Open {
    number: u64,
    pub(super) unit: u8,
    pub(super) frame: Vec<u8>,
    at: Instant,
    asks: String,
    function: u8,
    awaits: Awaits,
    damaged: bool,
    /// Its silence stands in the list already.
    told: bool,
}

/// A request as its protocol reads it.
pub(super) struct Asking<'a> {
    pub(super) unit: u8,
    /// What answers it: the function, or zero.
    pub(super) function: u8,
    pub(super) key: PollKey,
    pub(super) frame: &'a [u8],
    /// In words, the id left out.
    pub(super) asks: String,
    pub(super) awaits: Awaits,
}

/// An answer as its protocol reads it.
pub(super) struct Answering<'a> {
    pub(super) unit: u8,
    pub(super) function: u8,
    /// It fits the request that is open.
    pub(super) fits: bool,
    pub(super) frame: &'a [u8],
    pub(super) refused: Option<u8>,
    /// In words, the id left out.
    pub(super) says: String,
}

#[derive(Debug)]
pub(super) struct Book {
    spoken: Spoken,
    pub(super) items: VecDeque<Item>,
    pub(super) count: u64,
    kept: usize,
    pub(super) nodes: BTreeMap<u8, Node>,
    pub(super) errors: Errors,
    pub(super) load: Load,
    pub(super) turnaround: Histogram,
    pub(super) line: LineParams,
    pub(super) timed: bool,
    pub(super) assumed: Option<&'static Entry>,
    open: Option<Open>,
    /// The last request without an answer, and the last one with: what may still come belongs to them.
    given_up: Option<(u8, u8, u64, Instant)>,
    answered: Option<(u8, u8, u64)>,
    requests: u64,
    hasty: u64,
}

impl Book {
    pub(super) fn new(spoken: Spoken, line: LineParams) -> Self {
        Self {
            spoken,
            items: VecDeque::new(),
            count: 0,
            kept: KEPT,
            nodes: BTreeMap::new(),
            errors: Errors::default(),
            load: Load::new(line),
            turnaround: Histogram::default(),
            line,
            timed: true,
            assumed: None,
            open: None,
            given_up: None,
            answered: None,
            requests: 0,
            hasty: 0,
        }
    }

    pub(super) fn keep(&mut self, entries: usize) {
        self.kept = entries.max(1);
        while self.items.len() > self.kept {
            self.items.pop_front();
        }
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.load.begin(now);
    }

    /// An id in words.
    pub(super) fn name(&self, unit: u8) -> String {
        match self.spoken {
            Spoken::Modbus if unit == 0 => "all".to_string(),
            Spoken::Modbus => format!("id {unit}"),
            Spoken::Mbus => whom(unit),
        }
    }

    fn push(&mut self, at: Instant, what: What, bytes: &[u8], text: String) -> u64 {
        self.count += 1;
        if self.items.len() >= self.kept {
            self.items.pop_front();
        }
        self.items.push_back(Item { number: self.count, at, what, bytes: bytes.to_vec(), text });
        self.count
    }

    /// The figures of an id, made where they are new.
    pub(super) fn node(&mut self, unit: u8) -> &mut Node {
        self.nodes.entry(unit).or_insert_with(|| Node::new(unit))
    }

    /// The model whose words are used for an id.
    pub(super) fn entry(&self, unit: u8) -> Option<&'static Entry> {
        self.nodes.get(&unit).and_then(|node| node.entry).or(self.assumed)
    }

    /// The request that may be answered now.
    pub(super) fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// True where an answer can be expected.
    pub(super) fn awaits(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.awaits != Awaits::Nobody)
    }

    /// When a frame began whose last byte came at `at`.
    fn began(&self, at: Instant, bytes: usize) -> Instant {
        let took = self.line.wire_time(bytes).as_micros();
        Instant::from_micros(at.as_micros().saturating_sub(took))
    }

    /// A master has asked.
    pub(super) fn request(&mut self, at: Instant, asking: Asking<'_>) {
        let began = self.began(at, asking.frame.len());
        if let Some(open) = self.open.take() {
            let waited = began.since(open.at);
            if self.timed && open.awaits == Awaits::Answer && !open.damaged && waited < HASTE {
                self.hasty += 1;
            }
            self.give_up(at, open);
        }
        self.requests += 1;
        self.answered = None;
        let Asking { unit, function, key, frame, asks, awaits } = asking;
        let text = format!("{}: {asks}", self.name(unit));
        let number = self.push(at, What::Request { unit }, frame, text);
        self.node(unit).asked(at, key);
        self.open = Some(Open {
            number,
            unit,
            frame: frame.to_vec(),
            at,
            asks,
            function,
            awaits,
            damaged: false,
            told: awaits == Awaits::Nobody,
        });
    }

    /// Nobody waits for the answer to this request any more.
    fn give_up(&mut self, at: Instant, open: Open) {
        if open.told {
            return;
        }
        self.given_up = Some((open.unit, open.function, open.number, open.at));
        if open.awaits != Awaits::Answer {
            return;
        }
        let Open { number, unit, asks, damaged, .. } = open;
        let whom = self.name(unit);
        let text = if damaged {
            self.errors.spoiled += 1;
            self.node(unit).spoiled += 1;
            format!("{whom}: only damaged bytes came to: {asks}")
        } else {
            self.errors.silent += 1;
            self.node(unit).silent += 1;
            format!("{whom}: no answer to: {asks}")
        };
        self.push(at, What::Silence { unit, to: number, damaged }, &[], text);
    }

    /// A meter has answered.
    pub(super) fn answer(&mut self, at: Instant, answering: Answering<'_>) {
        let Answering { unit, function, fits, frame, refused, says } = answering;
        let spoken = self.spoken;
        let same = |other: u8| other == unit || is_for_all(spoken, other);
        let began = self.began(at, frame.len());
        let mut times = (None, None);
        let (how, to) = match self.open.take_if(|_| fits) {
            Some(open) => {
                if self.timed {
                    times = (Some(at.since(open.at)), Some(began.since(open.at)));
                }
                self.answered = Some((open.unit, open.function, open.number));
                let late = open.told && open.awaits != Awaits::Nobody;
                if open.unit != unit {
                    self.node(open.unit).answered_elsewhere();
                }
                (if late { Answered::Late } else { Answered::Paired }, Some(open.number))
            }
            None => match (self.given_up, self.answered) {
                (_, Some((asked, of, number))) if same(asked) && of == function => {
                    (Answered::Twice, Some(number))
                }
                (Some((asked, of, number, since)), _) if same(asked) && of == function => {
                    self.given_up = None;
                    if self.timed {
                        times = (Some(at.since(since)), Some(began.since(since)));
                    }
                    (Answered::Late, Some(number))
                }
                _ => (Answered::Unasked, None),
            },
        };
        match how {
            Answered::Paired => {}
            Answered::Late => self.errors.late += 1,
            Answered::Twice => self.errors.twice += 1,
            Answered::Unasked => self.errors.unasked += 1,
        }
        if let Some(code) = refused {
            self.errors.refused(code);
        }
        let (after, turnaround) = times;
        if let (Answered::Paired, Some(turnaround)) = (how, turnaround) {
            self.turnaround.count(turnaround);
        }
        self.node(unit).answered(how, after, turnaround, refused.is_some());
        let mut text = format!("{}: {says}", self.name(unit));
        if let Some(after) = after {
            text.push_str(&format!(", {} ms", after.as_millis()));
        }
        text.push_str(match how {
            Answered::Paired => "",
            Answered::Late => " (too late: its master had given up)",
            Answered::Twice => " (a second answer to one request: two meters with this id)",
            Answered::Unasked => " (nobody was heard asking)",
        });
        self.push(at, What::Answer { unit, to, how, after, turnaround, refused }, frame, text);
    }

    /// Bytes came that are no frame.
    pub(super) fn damaged(&mut self, at: Instant, bytes: &[u8], why: &str) {
        self.errors.damaged += 1;
        let mut text = match bytes.len() {
            1 => "1 byte that is no frame".to_string(),
            count => format!("{count} bytes that are no frame"),
        };
        if !why.is_empty() {
            text.push_str(&format!(": {why}"));
        }
        if let Some(open) = &mut self.open
            && open.awaits != Awaits::Nobody
        {
            open.damaged = true;
        }
        self.push(at, What::Damaged, bytes, text);
    }

    /// The line reported a damaged character.
    pub(super) fn line_error(&mut self, at: Instant, error: LineError) {
        match error {
            LineError::Parity => self.errors.parity += 1,
            LineError::Framing => self.errors.framing += 1,
            LineError::Overrun => self.errors.overrun += 1,
            LineError::Break => self.errors.breaks += 1,
        }
        self.load.count(at, 1);
        if let Some(open) = &mut self.open {
            open.damaged = true;
        }
        self.push(at, What::Line(error), &[], error.to_string());
    }

    /// Time has passed.
    pub(super) fn pass(&mut self, now: Instant) {
        self.load.pass(now);
        if self.poll_at().is_none_or(|at| at > now) {
            return;
        }
        if let Some(open) = self.open.clone() {
            self.give_up(now, open);
        }
        if let Some(open) = &mut self.open {
            open.told = true;
        }
    }

    /// When a question counts as unanswered.
    pub(super) fn poll_at(&self) -> Option<Instant> {
        self.open.as_ref().filter(|open| self.timed && !open.told).map(|open| open.at + PATIENCE)
    }

    pub(super) fn masters(&self) -> Masters {
        match (self.requests, self.hasty) {
            (0, _) => Masters::Nobody,
            (_, 0) => Masters::One,
            (_, hasty) => Masters::Several { hasty, within: HASTE },
        }
    }
}

/// True for an id that whoever is there answers.
const fn is_for_all(spoken: Spoken, unit: u8) -> bool {
    match spoken {
        Spoken::Modbus => unit == 0,
        Spoken::Mbus => matches!(unit, address::SELECTED | address::TEST),
    }
}
