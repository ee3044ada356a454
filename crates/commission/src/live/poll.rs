//! [`Live`]: chosen points of one meter over Modbus, request after request.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use models::Entry;
use schema::{Rule, Source};
use units::{Duration, Instant};

use super::pace::{Pace, Rate};
use super::series::{Cause, Series, number};
use crate::bus::{Bus, Fault};
use crate::names::{self, Row};
use crate::read::{ReadPlan, Span, first_alone, smaller, words};

/// A span that stays silent so often is tried in a smaller piece.
const SILENT: u8 = 2;

/// Who was not asked for so long has stood still.
const STILL: Duration = Duration::from_secs(2);

/// Why points cannot be watched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LiveError {
    /// Nothing was chosen.
    Nothing,
    /// The model has no such key.
    Unknown {
        /// The key.
        key: String,
        /// The model.
        model: &'static str,
        /// Some that it has.
        known: String,
    },
    /// What the key means is no number.
    NoNumber(String),
}

impl fmt::Display for LiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing is chosen: expected at least one key of a value"),
            Self::Unknown { key, model, known } => {
                write!(f, "{model} has no \"{key}\": expected keys of its values, such as {known}")
            }
            Self::NoNumber(key) => write!(f, "\"{key}\" is no number: expected a value that is one"),
        }
    }
}

impl core::error::Error for LiveError {}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was asked.
    pub span: Span,
    /// Why there is no answer; `None` where one came.
    pub cause: Option<Cause>,
    /// True where every chosen point was asked once more.
    pub round_over: bool,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is paused.
    Nothing,
    /// The next round is not due for so long.
    Wait(Duration),
    /// These registers are to be asked.
    Ask(Span),
}

/// A request that brought nothing.
#[derive(Clone, Copy, Debug)]
struct Missed {
    span: Span,
    begun: Instant,
    cause: Cause,
}

/// A span, and how it went so far.
#[derive(Clone, Copy, Debug)]
struct Part {
    span: Span,
    /// How often in a row nothing came.
    silent: u8,
}

/// Chosen points of one meter, asked one request after the other: the fewest requests, one outstanding.
#[derive(Debug)]
pub struct Live {
    entry: &'static Entry,
    rows: Vec<Row>,
    series: Vec<Series>,
    parts: Vec<Part>,
    next: usize,
    /// A round has begun.
    round: bool,
    /// A span that stayed silent, and the short question that says whether the meter is there at all.
    probe: Option<(Missed, Span)>,
    pace: Pace,
    every: Duration,
    due: Option<Instant>,
    paused: Option<Cause>,
    /// When the last step ended, or the pause began.
    since: Option<Instant>,
    /// The meter's own word on the form of its counters is still to be asked, or what it said.
    asks_form: Option<Row>,
    form: Option<i32>,
}

impl Live {
    /// The points of these keys, without a pause between two rounds; with at most `max_read` registers in a request where
    /// the model allows as many.
    ///
    /// # Errors
    /// [`LiveError`] names a key that the model does not have, or that is no number.
    pub fn new(entry: &'static Entry, keys: &[&str], max_read: u16) -> Result<Self, LiveError> {
        let mut rows: Vec<Row> = Vec::new();
        let mut series = Vec::new();
        for key in keys {
            let row = row(entry, key)?;
            if !rows.iter().any(|other| other.def.addr == row.def.addr) {
                let unit = names::value_text(entry, row.def, 0).unit;
                series.push(Series::new(*key, names::label(entry, &row), unit));
                rows.push(row);
            }
        }
        if rows.is_empty() {
            return Err(LiveError::Nothing);
        }
        let wanted = |addr: u16| rows.iter().any(|row| row.def.addr == addr);
        let spans = ReadPlan::of(entry.def, max_read, &wanted);
        let asks_form = rows.iter().find_map(|row| names::form_row(entry, row.def));
        Ok(Self {
            entry,
            rows,
            series,
            parts: spans.into_iter().map(|span| Part { span, silent: 0 }).collect(),
            next: 0,
            round: false,
            probe: None,
            pace: Pace::default(),
            every: Duration::ZERO,
            due: None,
            paused: None,
            since: None,
            asks_form,
            form: None,
        })
    }

    /// Begins a round only so long after the begin of the one before. A round that took longer is followed by the next
    /// at once; what was missed is not caught up.
    pub fn set_every(&mut self, every: Duration) {
        self.every = every;
    }

    /// Keeps so many values and gaps of each series.
    pub fn keep(&mut self, marks: usize) {
        self.series.iter_mut().for_each(|series| series.keep(marks));
    }

    /// The model.
    #[must_use]
    pub const fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// The series, in the order of the keys.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// What a round asks. It changes where the meter refuses a span, or stays silent on it, and answers a part of it.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        self.parts.iter().map(|part| part.span)
    }

    /// The rate that was achieved over the last answers; `None` before the second.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        self.pace.rate()
    }

    /// Nothing is asked from now on, and why: [`Cause::Paused`], [`Cause::MeterOff`] and such.
    pub fn pause(&mut self, now: Instant, cause: Cause) {
        self.resume(now);
        self.since = Some(now);
        self.paused = Some(cause);
        self.missing(now, now, cause);
    }

    /// It goes on.
    pub fn resume(&mut self, now: Instant) {
        if let Some(cause) = self.paused.take() {
            let since = self.since.unwrap_or(now);
            self.missing(since, now, cause);
            self.since = Some(now);
            (self.due, self.round) = (None, false);
            self.pace.forget();
        }
    }

    /// Why nothing is asked now.
    #[must_use]
    pub const fn paused(&self) -> Option<Cause> {
        self.paused
    }

    fn missing(&mut self, from: Instant, to: Instant, cause: Cause) {
        self.series.iter_mut().for_each(|series| series.gap(from, to, cause));
    }

    /// The next request and its answer. While it is paused, nothing is asked. Dropping the future loses nothing but the
    /// answer to this one request.
    ///
    /// # Errors
    /// [`Fault::Port`] where the port is gone; the series have a gap then, and a step over another bus goes on.
    pub async fn step<B: Bus>(&mut self, bus: &mut B) -> Result<Option<Step>, Fault> {
        loop {
            let now = bus.now();
            match self.next(now) {
                Next::Nothing => return Ok(None),
                Next::Wait(pause) => {
                    let waited = bus.wait(pause).await;
                    self.waited(now, waited)?;
                }
                Next::Ask(span) => {
                    let outcome = ask(bus, span).await;
                    if let Some(step) = self.answered(now, bus.now(), outcome)? {
                        return Ok(Some(step));
                    }
                }
            }
        }
    }

    /// What is to be done at `now`. Who shows the series while a request is on its way does this and [`Self::answered`] in
    /// place of [`Self::step`], and leaves the series alone in between.
    pub fn next(&mut self, now: Instant) -> Next {
        if self.paused.is_some() {
            return Next::Nothing;
        }
        if !self.round
            && let Some(due) = self.due.filter(|due| *due > now)
        {
            return Next::Wait(due.since(now));
        }
        let lately = self.due.filter(|_| !self.every.is_zero()).or(self.since);
        if let Some(since) = self.since
            && lately.is_some_and(|lately| now.since(lately) > STILL)
        {
            self.missing(since, now, Cause::StoodStill);
            self.pace.forget();
            self.since = Some(now);
        }
        if let Some((_, first)) = self.probe {
            return Next::Ask(first);
        }
        if !self.round {
            // From now, not from when it was due: nothing is caught up.
            self.due = Some(now + self.every);
            self.round = true;
        }
        if let Some(row) = self.asks_form {
            return Next::Ask(Span { addr: row.def.addr, count: row.def.codec.words() });
        }
        match self.parts.get(self.next) {
            Some(part) => Next::Ask(part.span),
            None => Next::Nothing,
        }
    }

    /// A wait that began at `begun` is over.
    ///
    /// # Errors
    /// [`Fault::Port`] where the port is gone.
    pub fn waited(&mut self, begun: Instant, outcome: Result<(), Fault>) -> Result<(), Fault> {
        if outcome.is_err() {
            self.missing(begun, begun, Cause::LinkLost);
            // What follows until somebody has another port belongs to the same gap.
            self.pause(begun, Cause::LinkLost);
        }
        outcome
    }

    /// The words of what [`Self::next`] wanted asked, or why there are none. `None` where more is to be asked before
    /// anything can be said of this request.
    ///
    /// # Errors
    /// [`Fault::Port`] where the port is gone.
    pub fn answered(
        &mut self,
        begun: Instant,
        now: Instant,
        outcome: Result<Vec<u16>, Fault>,
    ) -> Result<Option<Step>, Fault> {
        if self.paused.is_some() {
            // Somebody paused while it was on its way: the gap has begun.
            return Ok(None);
        }
        if let Err(fault @ Fault::Port(_)) = outcome {
            return self.waited(begun, Err(fault)).map(|()| None);
        }
        if let Some((missed, _)) = self.probe.take() {
            // One short question tells a meter that is gone from one that balks at long ones.
            let cut = outcome.is_ok() && self.cut();
            return Ok(Some(self.missed(missed, now, cut)));
        }
        self.since = Some(now);
        if let Some(row) = self.asks_form {
            return Ok(self.form_answered(row, [begun, now], outcome));
        }
        let Some(part) = self.parts.get(self.next).copied() else {
            (self.next, self.round) = (0, false);
            return Ok(None);
        };
        let fault = match outcome {
            Ok(words) => {
                self.pace.request(now);
                self.take(part.span, now, &words);
                self.quiet(0);
                return Ok(Some(self.over(part.span, None, now)));
            }
            Err(fault) => fault,
        };
        let missed = Missed { span: part.span, begun, cause: Cause::of(&fault) };
        let cut = match fault {
            Fault::Refused(_) => self.cut(),
            Fault::Silent { .. } if part.silent + 1 < SILENT => {
                self.quiet(part.silent + 1);
                false
            }
            Fault::Silent { .. } => {
                self.quiet(0);
                if let Some(first) = first_alone(&self.rows, part.span).first() {
                    self.probe = Some((missed, *first));
                    return Ok(None);
                }
                false
            }
            _ => false,
        };
        Ok(Some(self.missed(missed, now, cut)))
    }

    /// The meter's own word on the form of its counters, or why there is none; a step only where that ends the request.
    fn form_answered(
        &mut self,
        row: Row,
        [begun, now]: [Instant; 2],
        outcome: Result<Vec<u16>, Fault>,
    ) -> Option<Step> {
        match outcome {
            Ok(words) => {
                let form = names::decode(self.entry, row.def, &words).ok();
                self.form = form.and_then(|form| i32::try_from(form).ok());
                self.asks_form = None;
                None
            }
            // A meter without the setting has but one form.
            Err(Fault::Refused(_)) => {
                self.asks_form = None;
                None
            }
            Err(fault) => {
                let cause = Cause::of(&fault);
                self.missing(begun, now, cause);
                self.round = false;
                let span = Span { addr: row.def.addr, count: row.def.codec.words() };
                Some(Step { span, cause: Some(cause), round_over: false })
            }
        }
    }

    /// How often in a row the span that is asked now stayed silent.
    fn quiet(&mut self, times: u8) {
        if let Some(part) = self.parts.get_mut(self.next) {
            part.silent = times;
        }
    }

    /// Nothing came of a span. Where it was cut, its pieces are asked in its place, in this round.
    fn missed(&mut self, missed: Missed, now: Instant, cut: bool) -> Step {
        let Missed { span, begun, cause } = missed;
        self.since = Some(now);
        if cut {
            return Step { span, cause: Some(cause), round_over: false };
        }
        for (row, series) in self.rows.iter().zip(&mut self.series) {
            if span.holds(row.def) {
                series.gap(begun, now, cause);
            }
        }
        self.over(span, Some(cause), now)
    }

    /// A span is over; the next follows, or the next round.
    fn over(&mut self, span: Span, cause: Option<Cause>, now: Instant) -> Step {
        self.next += 1;
        let round_over = self.next >= self.parts.len();
        if round_over {
            (self.next, self.round) = (0, false);
            if cause.is_none() {
                self.pace.round(now);
            }
        }
        Step { span, cause, round_over }
    }

    fn take(&mut self, span: Span, now: Instant, words: &[u16]) {
        for (row, series) in self.rows.iter().zip(&mut self.series) {
            if !span.holds(row.def) {
                continue;
            }
            let at = usize::from(row.def.addr.saturating_sub(span.addr));
            let own = words.get(at..at + usize::from(row.def.codec.words())).unwrap_or_default();
            let value = names::decode_in(self.entry, row.def, own, self.form).ok();
            match value.and_then(|value| number(&names::value_text(self.entry, row.def, value).value)) {
                Some(value) => {
                    series.value(now, value, own.iter().flat_map(|word| word.to_be_bytes()).collect())
                }
                None => series.gap(now, now, Cause::NoValue),
            }
        }
    }

    /// Cuts the span that is asked now into pieces; false where it has none.
    fn cut(&mut self) -> bool {
        let at = self.next;
        let pieces = self.parts.get(at).map(|part| smaller(&self.rows, part.span)).unwrap_or_default();
        if pieces.is_empty() {
            return false;
        }
        self.parts.splice(at..=at, pieces.into_iter().map(|span| Part { span, silent: 0 }));
        true
    }
}

/// Asks what [`Live::next`] wants asked.
///
/// # Errors
/// What went wrong; [`Live::answered`] makes a gap of it.
pub async fn ask<B: Bus>(bus: &mut B, span: Span) -> Result<Vec<u16>, Fault> {
    words(bus, span, 1).await
}

/// The row of a key that can be watched.
fn row(entry: &'static Entry, key: &str) -> Result<Row, LiveError> {
    let open = |row: &Row| match row.def.source {
        Source::Setting(id) => !names::setting(entry, id).is_some_and(|setting| setting.secret),
        _ => true,
    };
    let all =
        || names::rows(entry).filter(|row| row.of.rule == Rule::Contiguous && row.def.source != Source::Zero);
    let Some(row) = all().find(|row| open(row) && names::key(entry, row) == key) else {
        let known: Vec<String> = all()
            .filter(|row| matches!(row.def.source, Source::Point(_)))
            .map(|row| names::key(entry, &row))
            .take(3)
            .collect();
        let (key, known) = (key.to_string(), known.join(", "));
        return Err(LiveError::Unknown { key, model: entry.notes.name, known });
    };
    // Words for states and digits for codes are no numbers.
    let plain = |value: i64| number(&names::value_text(entry, row.def, value).value).is_some();
    if (0..=2).all(plain) { Ok(row) } else { Err(LiveError::NoNumber(key.to_string())) }
}

impl Live {
    /// What is watched, in a sentence: how many values in how many requests a round.
    #[must_use]
    pub fn sentence(&self) -> String {
        let count = |count: usize, one: &str, several: &str| {
            if count == 1 { format!("1 {one}") } else { format!("{count} {several}") }
        };
        format!(
            "{} in {} a round.",
            count(self.series.len(), "value", "values"),
            count(self.parts.len(), "request", "requests")
        )
    }
}
