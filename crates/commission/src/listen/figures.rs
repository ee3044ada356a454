//! The figures of a line: who is asked how often, how soon they answer, what goes wrong, how busy it is.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use models::Entry;
use units::{Duration, Instant, LineParams};

use super::book::Answered;
use crate::mbus::Candidates;

/// So many different questions are told apart for an id; a new one takes the place of the one asked longest ago.
const MOST_POLLS: usize = 64;
/// So many registers are remembered for an id.
const MOST_WORDS: usize = 1_024;
/// The period of a question is the middle one of so many.
const RECENT: usize = 9;
/// The load of so many seconds back is kept.
const SECONDS: usize = 60;
/// Where the buckets of a histogram begin, in ms.
const EDGES: [u64; 12] = [0, 2, 5, 10, 20, 30, 50, 100, 200, 500, 1_000, 2_000];

/// How many masters can be told apart. Nothing is certain about masters that take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masters {
    /// Nobody has asked anything.
    Nobody,
    /// Somebody asks; nothing shows that there are several.
    One,
    /// Some requests followed another one that was still unanswered too soon for a master that waits.
    Several {
        /// How many requests did.
        hasty: u64,
        /// How soon that is.
        within: Duration,
    },
}

/// What went wrong, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// Requests without an answer.
    pub silent: u64,
    /// Requests to which damaged bytes came alone.
    pub spoiled: u64,
    /// Refusals, by their code.
    pub refusals: BTreeMap<u8, u64>,
    /// Runs of bytes that are no frame.
    pub damaged: u64,
    /// Answers that came when their master had given up.
    pub late: u64,
    /// Second answers to one request.
    pub twice: u64,
    /// Answers to a request that was not heard.
    pub unasked: u64,
    /// Characters with a wrong parity bit.
    pub parity: u64,
    /// Characters without a stop bit.
    pub framing: u64,
    /// Characters that the adapter lost.
    pub overrun: u64,
    /// Times the line was held low.
    pub breaks: u64,
}

impl Errors {
    pub(super) fn refused(&mut self, code: u8) {
        *self.refusals.entry(code).or_default() += 1;
    }

    /// Each kind that there was, in words, with how often.
    #[must_use]
    pub fn kinds(&self) -> Vec<(&'static str, u64)> {
        let all = [
            ("requests without an answer", self.silent),
            ("requests to which only damaged bytes came", self.spoiled),
            ("refusals", self.refusals.values().sum()),
            ("runs of bytes that are no frame", self.damaged),
            ("answers too late", self.late),
            ("second answers to one request", self.twice),
            ("answers that nobody was heard asking for", self.unasked),
            ("characters with a wrong parity", self.parity),
            ("characters without a stop bit", self.framing),
            ("characters lost in the adapter", self.overrun),
            ("times the line was held low", self.breaks),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

/// How busy a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    line: LineParams,
    characters: u64,
    from: Option<Instant>,
    to: Instant,
    /// Characters of the last seconds, the present one last, and which second that is.
    recent: VecDeque<u64>,
    second: u64,
}

impl Load {
    pub(super) const fn new(line: LineParams) -> Self {
        Self { line, characters: 0, from: None, to: Instant::ZERO, recent: VecDeque::new(), second: 0 }
    }

    pub(super) fn begin(&mut self, now: Instant) {
        if self.from.is_none() {
            self.from = Some(now);
            self.second = now.as_micros() / 1_000_000;
            self.recent.push_back(0);
        }
        self.pass(now);
    }

    pub(super) fn pass(&mut self, now: Instant) {
        self.to = self.to.max(now);
        let second = now.as_micros() / 1_000_000;
        while self.second < second {
            // A pause that is longer than what is kept leaves zeros alone.
            let jump = second.saturating_sub(self.second).saturating_sub(SECONDS as u64);
            self.second += 1 + jump;
            self.recent.push_back(0);
            if self.recent.len() > SECONDS {
                self.recent.pop_front();
            }
        }
    }

    pub(super) fn count(&mut self, now: Instant, characters: usize) {
        self.pass(now);
        self.characters += characters as u64;
        if let Some(last) = self.recent.back_mut() {
            *last += characters as u64;
        }
    }

    /// Characters heard in all.
    #[must_use]
    pub const fn characters(&self) -> u64 {
        self.characters
    }

    /// How long was listened.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.from.map_or(Duration::ZERO, |from| self.to.since(from))
    }

    fn permille(&self, characters: u64, of: Duration) -> u32 {
        let on_wire = self.line.wire_time(usize::try_from(characters).unwrap_or(usize::MAX));
        let permille = on_wire.as_micros().saturating_mul(1_000).checked_div(of.as_micros());
        u32::try_from(permille.unwrap_or(0).min(1_000)).unwrap_or(1_000)
    }

    /// Thousandths of the whole time in which somebody spoke, at the line's own speed.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.permille(self.characters, self.span())
    }

    /// The same for each of the last whole seconds, at most 59, the newest last.
    #[must_use]
    pub fn seconds(&self) -> Vec<u32> {
        let whole = self.recent.len().saturating_sub(1);
        let second = Duration::from_secs(1);
        self.recent.iter().take(whole).map(|characters| self.permille(*characters, second)).collect()
    }
}

/// A part of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Where it begins.
    pub from: Duration,
    /// Where the next one begins; `None` for the last.
    pub to: Option<Duration>,
    /// How many fell into it.
    pub count: u64,
}

/// How often which span was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Histogram([u64; EDGES.len()]);

impl Histogram {
    pub(super) fn count(&mut self, span: Duration) {
        let at = EDGES.iter().rposition(|edge| span >= Duration::from_millis(*edge)).unwrap_or(0);
        if let Some(count) = self.0.get_mut(at) {
            *count += 1;
        }
    }

    pub(super) fn buckets(&self) -> Vec<Bucket> {
        let edge = |at: usize| EDGES.get(at).map(|ms| Duration::from_millis(*ms));
        let bucket = |(at, count): (usize, &u64)| Bucket {
            from: edge(at).unwrap_or_default(),
            to: edge(at + 1),
            count: *count,
        };
        self.0.iter().enumerate().map(bucket).collect()
    }
}

/// What makes two requests the same question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollKey {
    /// The function, or the C field without its frame count bits.
    pub function: u8,
    /// First register.
    pub address: Option<u16>,
    /// How many registers.
    pub count: Option<u16>,
}

/// A question that is asked again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Which.
    pub key: PollKey,
    /// How often it was asked.
    pub count: u64,
    recent: VecDeque<Instant>,
}

impl Poll {
    /// From one time to the next, the middle one of the last; `None` where it was asked once.
    #[must_use]
    pub fn period(&self) -> Option<Duration> {
        let later = self.recent.iter().skip(1);
        let mut spans: Vec<Duration> =
            self.recent.iter().zip(later).map(|(before, after)| after.since(*before)).collect();
        spans.sort_unstable();
        spans.get(spans.len() / 2).copied()
    }
}

/// A value that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it is: its label in a known model, else where it stands.
    pub label: String,
    /// The value with its unit, or the words as they came.
    pub text: String,
    /// When.
    pub at: Instant,
}

/// What is known of an id.
#[derive(Clone, Debug)]
pub struct Node {
    /// The id; over M-Bus the primary address.
    pub unit: u8,
    /// The model, where what was heard says it.
    pub entry: Option<&'static Entry>,
    /// The models that a meter on an M-Bus can be.
    pub models: Candidates,
    /// Last eight digits of its serial number, where they were heard.
    pub serial: Option<u32>,
    /// Requests to it.
    pub asked: u64,
    /// Answers to them, refusals included.
    pub answered: u64,
    /// Refusals among them.
    pub refused: u64,
    /// Requests without an answer.
    pub silent: u64,
    /// Requests to which damaged bytes came alone.
    pub spoiled: u64,
    /// Answers that came too late, twice or unasked.
    pub odd: u64,
    /// The time from the end of a request to the end of its answer: the shortest, the longest, and the sum.
    delays: Option<(Duration, Duration, Duration)>,
    measured: u64,
    turnaround: Histogram,
    polls: Vec<Poll>,
    /// Registers as they were heard last.
    pub(super) words: BTreeMap<u16, (u16, Instant)>,
    /// Values that are no registers.
    pub(super) told: Vec<Seen>,
}

impl Node {
    pub(super) const fn new(unit: u8) -> Self {
        Self {
            unit,
            entry: None,
            models: Candidates::NONE,
            serial: None,
            asked: 0,
            answered: 0,
            refused: 0,
            silent: 0,
            spoiled: 0,
            odd: 0,
            delays: None,
            measured: 0,
            turnaround: Histogram([0; EDGES.len()]),
            polls: Vec::new(),
            words: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    pub(super) fn asked(&mut self, at: Instant, key: PollKey) {
        self.asked += 1;
        let poll = match self.polls.iter_mut().position(|poll| poll.key == key) {
            Some(known) => self.polls.get_mut(known),
            None => {
                if self.polls.len() >= MOST_POLLS {
                    let last = |poll: &Poll| poll.recent.back().copied();
                    let oldest = self.polls.iter().enumerate().min_by_key(|(_, poll)| last(poll));
                    if let Some(oldest) = oldest.map(|(at, _)| at) {
                        self.polls.swap_remove(oldest);
                    }
                }
                self.polls.push(Poll { key, count: 0, recent: VecDeque::new() });
                self.polls.last_mut()
            }
        };
        if let Some(poll) = poll {
            poll.count += 1;
            if poll.recent.len() > RECENT {
                poll.recent.pop_front();
            }
            poll.recent.push_back(at);
        }
    }

    pub(super) fn answered(
        &mut self,
        how: Answered,
        after: Option<Duration>,
        turnaround: Option<Duration>,
        refused: bool,
    ) {
        if how != Answered::Paired {
            self.odd += 1;
            return;
        }
        self.answered += 1;
        self.refused += u64::from(refused);
        if let Some(after) = after {
            self.measured += 1;
            self.delays = Some(match self.delays {
                None => (after, after, after),
                Some((least, most, sum)) => (least.min(after), most.max(after), sum + after),
            });
        }
        if let Some(turnaround) = turnaround {
            self.turnaround.count(turnaround);
        }
    }

    /// Another id has answered what was asked here: this one stands for whoever is there.
    pub(super) fn answered_elsewhere(&mut self) {
        self.answered += 1;
    }

    pub(super) fn keep_word(&mut self, addr: u16, word: u16, at: Instant) {
        if self.words.len() < MOST_WORDS || self.words.contains_key(&addr) {
            self.words.insert(addr, (word, at));
        }
    }

    /// From the end of a request to the end of its answer: the shortest, the mean and the longest time; `None` where
    /// none was measured.
    #[must_use]
    pub fn delay(&self) -> Option<(Duration, Duration, Duration)> {
        let (least, most, sum) = self.delays?;
        let mean = sum.as_micros().checked_div(self.measured).unwrap_or(0);
        Some((least, Duration::from_micros(mean), most))
    }

    /// How long it takes until its answers begin.
    #[must_use]
    pub fn turnaround(&self) -> Vec<Bucket> {
        self.turnaround.buckets()
    }

    /// The questions it is asked, at most 64.
    #[must_use]
    pub fn polls(&self) -> &[Poll] {
        &self.polls
    }

    /// How often the question that it is asked most comes.
    #[must_use]
    pub fn period(&self) -> Option<Duration> {
        self.polls.iter().max_by_key(|poll| poll.count).and_then(Poll::period)
    }

    /// What it said last, value by value.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        let mut seen = super::rtu::seen(self);
        seen.extend(self.told.iter().cloned());
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_fall_into_their_buckets() {
        let mut histogram = Histogram::default();
        for us in [0, 1_999, 2_000, 4_999, 25_000, 2_000_000, 60_000_000] {
            histogram.count(Duration::from_micros(us));
        }
        let counts: Vec<(u64, u64)> = histogram
            .buckets()
            .iter()
            .filter(|bucket| bucket.count > 0)
            .map(|bucket| (bucket.from.as_millis(), bucket.count))
            .collect();
        assert_eq!(counts, [(0, 2), (2, 2), (20, 1), (2_000, 2)]);
        let buckets = histogram.buckets();
        assert!(buckets.windows(2).all(|pair| pair[0].to == Some(pair[1].from)));
        assert_eq!(buckets.last().unwrap().to, None);
    }

    #[test]
    fn the_load_is_the_time_of_the_characters() {
        let mut load = Load::new(LineParams::even(9_600));
        load.begin(Instant::from_millis(500));
        load.count(Instant::from_millis(900), 436);
        load.pass(Instant::from_millis(2_500));
        // 436 characters of 11 bits at 9600 Bd are 499.6 ms of 2 s.
        assert_eq!((load.total(), load.characters()), (249, 436));
        assert_eq!(load.seconds(), [499, 0]);
        load.pass(Instant::from_millis(300_000));
        assert_eq!(load.seconds(), vec![0; 59]);
        load.count(Instant::from_millis(300_100), 100_000);
        load.pass(Instant::from_millis(301_000));
        assert_eq!(load.seconds().last(), Some(&1_000));
    }

    #[test]
    fn the_period_is_not_led_astray_by_a_pause() {
        let key = PollKey { function: 3, address: Some(1), count: Some(2) };
        let mut node = Node::new(1);
        for ms in [0, 1_000, 2_000, 2_300, 60_000, 61_000, 62_001] {
            node.asked(Instant::from_millis(ms), key);
        }
        assert_eq!(node.period(), Some(Duration::from_millis(1_000)));
        for other in 0..200u16 {
            node.asked(Instant::from_millis(70_000), PollKey { address: Some(1_000 + other), ..key });
        }
        assert_eq!((node.polls().len(), node.asked), (MOST_POLLS, 207));
    }
}
