//! A point over time: values, and gaps with their cause where there are none.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use modbus::Exception;
use units::decimal::Decimal;
use units::{Duration, Instant};

use crate::bus::Fault;
use crate::mbus;

/// So many values and gaps are kept of a series where nothing else is asked for: an hour at ten values a second.
pub const KEPT: usize = 36_000;

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Nobody answered.
    NoAnswer,
    /// An answer came damaged, or none that fits.
    Damaged,
    /// The meter refused, with the code of its exception.
    Refused(u8),
    /// The meter answered without a value: its words are none of their kind, or it left the record out.
    NoValue,
    /// Others kept talking, so that nothing was sent.
    NeverQuiet,
    /// It was not asked, because somebody wanted so.
    Paused,
    /// It was not asked, since the program stood still.
    StoodStill,
    /// The meter has no mains; only who knows the meter's mains can say so.
    MeterOff,
    /// The adapter or the connection was gone.
    LinkLost,
}

impl Cause {
    /// The cause behind a fault of the bus.
    #[must_use]
    pub const fn of(fault: &Fault) -> Self {
        match fault {
            Fault::Port(_) => Self::LinkLost,
            Fault::Silent { fault: modbus::Fault::NoAnswer | modbus::Fault::OnlyEcho, .. } => Self::NoAnswer,
            Fault::Silent { .. } | Fault::Unconfirmed | Fault::NoFrame(_) => Self::Damaged,
            Fault::Refused(exception) => Self::Refused(exception.code()),
            Fault::NeverQuiet => Self::NeverQuiet,
        }
    }

    /// The cause behind a fault of an M-Bus.
    #[must_use]
    pub const fn of_mbus(fault: &mbus::Fault) -> Self {
        match fault {
            mbus::Fault::Port(_) => Self::LinkLost,
            mbus::Fault::Silent { .. } => Self::NoAnswer,
            mbus::Fault::NeverQuiet => Self::NeverQuiet,
            mbus::Fault::NoData | mbus::Fault::Application(_) | mbus::Fault::Unreadable(_) => Self::NoValue,
            _ => Self::Damaged,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAnswer => "no answer",
            Self::Damaged => "damaged answer",
            Self::Refused(code) => {
                let words = Exception::from_code(*code).to_string();
                let words = words.split_once(" (exception").map_or(words.as_str(), |(words, _)| words);
                return write!(f, "refused: {words} ({code:02X})");
            }
            Self::NoValue => "the meter told no value",
            Self::NeverQuiet => "others kept talking",
            Self::Paused => "paused",
            Self::StoodStill => "not asked",
            Self::MeterOff => "the meter is off",
            Self::LinkLost => "the link was lost",
        })
    }
}

/// A value that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When its answer was whole.
    pub at: Instant,
    /// The value, in the unit of its series.
    pub value: Decimal,
    /// The bytes that it was made of.
    pub raw: Vec<u8>,
}

/// A time without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Since when it is known that there is none.
    pub from: Instant,
    /// Up to when that is known.
    pub to: Instant,
    /// Why.
    pub cause: Cause,
}

/// What follows each other in a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A value.
    Value(Sample),
    /// No value.
    Gap(Gap),
}

impl Mark {
    /// When it begins.
    #[must_use]
    pub const fn at(&self) -> Instant {
        match self {
            Self::Value(sample) => sample.at,
            Self::Gap(gap) => gap.from,
        }
    }

    /// When it ends.
    #[must_use]
    pub const fn end(&self) -> Instant {
        match self {
            Self::Value(sample) => sample.at,
            Self::Gap(gap) => gap.to,
        }
    }
}

/// A point over time. What is older than what it keeps is dropped.
#[derive(Clone, Debug)]
pub struct Series {
    /// Key of its point.
    pub key: String,
    /// Its label, for people.
    pub label: String,
    /// The symbol of its unit, empty for a bare number.
    pub unit: String,
    marks: VecDeque<Mark>,
    kept: usize,
    dropped: u64,
}

impl Series {
    /// An empty series that keeps [`KEPT`] marks.
    #[must_use]
    pub fn new(key: impl Into<String>, label: impl Into<String>, unit: impl Into<String>) -> Self {
        let (key, label, unit) = (key.into(), label.into(), unit.into());
        Self { key, label, unit, marks: VecDeque::new(), kept: KEPT, dropped: 0 }
    }

    /// Keeps so many marks from now on, at least two.
    pub fn keep(&mut self, marks: usize) {
        self.kept = marks.max(2);
        self.shorten();
    }

    fn shorten(&mut self) {
        while self.marks.len() > self.kept {
            self.marks.pop_front();
            self.dropped += 1;
        }
    }

    /// A value came. One that is older than what is there already is left out.
    pub fn value(&mut self, at: Instant, value: Decimal, raw: Vec<u8>) {
        if self.marks.back().is_some_and(|last| last.end() > at) {
            return;
        }
        self.marks.push_back(Mark::Value(Sample { at, value, raw }));
        self.shorten();
    }

    /// No value came from one time to another. A gap with the same cause goes on.
    pub fn gap(&mut self, from: Instant, to: Instant, cause: Cause) {
        let from = self.marks.back().map_or(from, |last| last.end().max(from));
        let to = to.max(from);
        if let Some(Mark::Gap(gap)) = self.marks.back_mut()
            && gap.cause == cause
        {
            gap.to = to;
            return;
        }
        self.marks.push_back(Mark::Gap(Gap { from, to, cause }));
        self.shorten();
    }

    /// Values and gaps, the oldest first.
    pub fn marks(&self) -> impl DoubleEndedIterator<Item = &Mark> + ExactSizeIterator {
        self.marks.iter()
    }

    /// The values alone.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.marks.iter().filter_map(|mark| match mark {
            Mark::Value(sample) => Some(sample),
            Mark::Gap(_) => None,
        })
    }

    /// The marks that touch the time from `from` to `to`, with the last one before it and the first one behind it.
    pub(crate) fn around(&self, from: Instant, to: Instant) -> impl Iterator<Item = &Mark> {
        let first = self.marks.partition_point(|mark| mark.end() < from).saturating_sub(1);
        let last = self.marks.partition_point(|mark| mark.at() <= to).saturating_add(1);
        self.marks.iter().take(last).skip(first)
    }

    /// The value that came last.
    #[must_use]
    pub fn last(&self) -> Option<&Sample> {
        self.values().next_back()
    }

    /// Why there is no value now; `None` where the last thing that came was one.
    #[must_use]
    pub fn missing(&self) -> Option<Cause> {
        match self.marks.back()? {
            Mark::Gap(gap) => Some(gap.cause),
            Mark::Value(_) => None,
        }
    }

    /// How many marks were dropped, being too old.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A value with the unit.
    #[must_use]
    pub fn text(&self, value: Decimal) -> String {
        if self.unit.is_empty() { value.to_string() } else { format!("{value} {}", self.unit) }
    }

    /// From one time to another on both sides of a gap, as far as the values around it tell.
    #[must_use]
    pub fn length(&self) -> Duration {
        match (self.marks.front(), self.marks.back()) {
            (Some(first), Some(last)) => last.end().since(first.at()),
            _ => Duration::ZERO,
        }
    }
}

/// A number as people read it, as a number; `None` for anything else.
pub(crate) fn number(text: &str) -> Option<Decimal> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = |digits: &str| digits.bytes().all(|c| c.is_ascii_digit());
    if digits.is_empty() || !plain(digits) || !plain(part) || part.len() > 18 {
        return None;
    }
    let value = format!("{whole}{part}").parse().ok()?;
    Some(Decimal { value, decimals: u8::try_from(part.len()).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn decimal(value: i64) -> Decimal {
        Decimal { value, decimals: 1 }
    }

    #[test]
    fn gaps_of_one_cause_grow_and_others_follow() {
        let mut series = Series::new("voltage", "Voltage", "V");
        series.value(at(0), decimal(2_300), vec![]);
        series.gap(at(100), at(700), Cause::NoAnswer);
        series.gap(at(700), at(1_300), Cause::NoAnswer);
        series.gap(at(1_300), at(1_400), Cause::Paused);
        series.value(at(1_500), decimal(2_301), vec![]);
        // What is older than what is there is left out; a gap begins where the last thing ended.
        series.value(at(1_200), decimal(0), vec![]);
        series.gap(at(1_000), at(1_600), Cause::Damaged);
        let marks: Vec<(u64, u64)> =
            series.marks().map(|mark| (mark.at().as_millis(), mark.end().as_millis())).collect();
        assert_eq!(marks, [(0, 0), (100, 1_300), (1_300, 1_400), (1_500, 1_500), (1_500, 1_600)]);
        assert_eq!(series.missing(), Some(Cause::Damaged));
        assert_eq!(series.text(series.last().unwrap().value), "230.1 V");
    }

    #[test]
    fn a_series_does_not_grow_without_end() {
        let mut series = Series::new("k", "K", "");
        series.keep(10);
        for ms in 0..100 {
            series.value(at(ms), decimal(1), vec![]);
        }
        assert_eq!((series.marks().len(), series.dropped()), (10, 90));
        assert_eq!(series.length(), Duration::from_millis(9));
        let around: Vec<u64> = series.around(at(93), at(95)).map(|mark| mark.at().as_millis()).collect();
        assert_eq!(around, [92, 93, 94, 95, 96]);
    }

    #[test]
    fn numbers_are_read_as_they_are_shown() {
        for text in ["0", "230.1", "-0.5", "-123.456", "0.000000000000000001"] {
            assert_eq!(number(text).unwrap().to_string(), text);
        }
        for text in ["", "-", "none", "1.2.3", "1e5", "12:00", "+1", "99999999999999999999"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn causes_in_words() {
        assert_eq!(
            Cause::Refused(2).to_string(),
            "refused: the device has no such register, or not for this use (02)"
        );
        assert_eq!(Cause::LinkLost.to_string(), "the link was lost");
    }
}
