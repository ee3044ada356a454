//! The bus budget: how long a round over all meters takes, and what one dead meter costs.
//!
//! Computed from wire times alone: characters, the pause of 3.5 characters before and behind each frame, and the time
//! that a meter takes to answer on top of it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use modbus::LineParams;
use models::Entry;
use units::Duration;

use crate::bus::Timing;
use crate::names;
use crate::read::{ReadPlan, Span};

/// Characters of a request for registers, and of its answer without them.
const REQUEST: usize = 8;
const ANSWER: usize = 5;

/// What is polled, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polling {
    /// How many meters.
    pub meters: u16,
    /// Speed and format.
    pub line: LineParams,
    /// What is read from each, request by request.
    pub spans: Vec<Span>,
    /// How long a meter takes to answer, behind the pause that ends a request.
    pub answer: Duration,
    /// What the adapter adds to each answer.
    pub latency: Duration,
    /// How long the master waits for the answer of a meter that does not answer, behind the end of its request.
    pub time_out: Duration,
    /// How often it asks such a meter.
    pub tries: u8,
}

/// The requests that read the points of these keys from a model; all of its registers where there are none.
///
/// # Errors
/// The key that the model does not have.
pub fn spans_of(entry: &'static Entry, points: &[String]) -> Result<Vec<Span>, String> {
    if points.is_empty() {
        return Ok(ReadPlan::new(entry.def, modbus::pdu::MAX_READ));
    }
    let rows: Vec<names::Row> =
        names::rows(entry).filter(|row| row.of.rule == schema::Rule::Contiguous).collect();
    let mut spans: Vec<Span> = Vec::new();
    for point in points {
        let mut of_key = rows.iter().filter(|row| names::key(entry, row) == *point);
        let row = of_key.next().ok_or_else(|| point.clone())?;
        let span = Span { addr: row.def.addr, count: row.def.codec.words() };
        if !spans.contains(&span) {
            spans.push(span);
        }
    }
    spans.sort_by_key(|span| span.addr);
    Ok(joined(entry, spans))
}

/// Neighbours with no hole between them in one request, as far as the model lets one read.
fn joined(entry: &'static Entry, spans: Vec<Span>) -> Vec<Span> {
    let most = entry.def.modbus.map_or(modbus::pdu::MAX_READ, |modbus| modbus.max_read);
    let mut all: Vec<Span> = Vec::new();
    for span in spans {
        match all.last_mut() {
            Some(last) if last.end() == u32::from(span.addr) && last.count + span.count <= most => {
                last.count += span.count;
            }
            _ => all.push(span),
        }
    }
    all
}

impl Polling {
    /// A polling with the usual times: 20 ms to answer, 16 ms of latency, the time-outs of a read-out, one try.
    #[must_use]
    pub fn new(meters: u16, line: LineParams, spans: Vec<Span>) -> Self {
        let Timing { reply_delay, margin, latency } = Timing::default();
        let answer = Duration::from_millis(20);
        Self { meters, line, spans, answer, latency, time_out: reply_delay + margin, tries: 1 }
    }

    /// How long one request takes with its answer: both frames, the pause behind each, the meter's time.
    #[must_use]
    pub fn exchange(&self, span: Span) -> Duration {
        let characters = REQUEST + ANSWER + 2 * usize::from(span.count);
        self.line.wire_time(characters) + self.line.t35().times(2) + self.answer + self.latency
    }

    /// How long one meter takes.
    #[must_use]
    pub fn meter(&self) -> Duration {
        self.spans.iter().fold(Duration::ZERO, |sum, span| sum + self.exchange(*span))
    }

    /// How long one meter takes that does not answer.
    #[must_use]
    pub fn dead_meter(&self) -> Duration {
        let asked = self.line.wire_time(REQUEST) + self.line.t35() + self.time_out;
        asked.times(u64::from(self.tries)).times(self.spans.len() as u64)
    }

    /// The shortest time from one round over all meters to the next.
    #[must_use]
    pub fn round(&self) -> Duration {
        self.meter().times(u64::from(self.meters))
    }

    /// The same while one meter is dead.
    #[must_use]
    pub fn worst(&self) -> Duration {
        self.meter().times(u64::from(self.meters.saturating_sub(1))) + self.dead_meter()
    }

    /// How much of a period the line is in use, in percent, rounded up; above 100 the round does not fit.
    #[must_use]
    pub fn load(&self, period: Duration) -> u64 {
        (self.round().as_micros() * 100).div_ceil(period.as_micros().max(1))
    }

    /// How many such meters fit in a period.
    #[must_use]
    pub fn fits(&self, period: Duration) -> u64 {
        period.as_micros().checked_div(self.meter().as_micros()).unwrap_or(0)
    }

    /// How many fit in a period in which one of them is dead.
    #[must_use]
    pub fn fits_with_one_dead(&self, period: Duration) -> u64 {
        let left = period.as_micros().checked_sub(self.dead_meter().as_micros());
        left.map_or(0, |left| left.checked_div(self.meter().as_micros()).unwrap_or(0) + 1)
    }

    /// All of it in lines for people; with what a wanted period means for it.
    #[must_use]
    pub fn report(&self, period: Option<Duration>) -> String {
        let words: u32 = self.spans.iter().map(|span| u32::from(span.count)).sum();
        let plural = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let mut text = format!(
            "{} at {}, {words} registers in {} each.\nOne meter takes {}, a round {}.\nWith one of them dead a round takes \
             {}: {} of waiting for it.\n",
            plural(u64::from(self.meters), "meter"),
            self.line,
            plural(self.spans.len() as u64, "request"),
            Seconds(self.meter()),
            Seconds(self.round()),
            Seconds(self.worst()),
            Seconds(self.dead_meter()),
        );
        if let Some(period) = period {
            let fits = if self.round() <= period { "fits" } else { "does not fit" };
            text.push_str(&format!(
                "In a period of {} it {fits}: load {} %. There {} fit, {} where one is dead.\n",
                Seconds(period),
                self.load(period),
                plural(self.fits(period), "meter"),
                self.fits_with_one_dead(period),
            ));
        }
        text
    }
}

/// A span as people read it: `428.5 ms`, `12.40 s`.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0.as_micros();
        if us < 1_000_000 {
            write!(f, "{}.{} ms", us / 1_000, us % 1_000 / 100)
        } else {
            write!(f, "{}.{:02} s", us / 1_000_000, us % 1_000_000 / 10_000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use modbus::Parity;

    fn bare(baud: u32, parity: Parity, counts: &[u16]) -> Polling {
        let spans = counts.iter().map(|count| Span { addr: 0, count: *count }).collect();
        let line = LineParams::new(baud, parity);
        Polling { answer: Duration::ZERO, latency: Duration::ZERO, ..Polling::new(1, line, spans) }
    }

    #[test]
    fn a_round_takes_what_the_wire_takes() {
        // Characters of 11 or 10 bits and twice 3.5 of 11, computed by hand in tenths of a millisecond.
        for (baud, parity, counts, tenths) in [
            (9_600, Parity::Even, &[2][..], 275),
            (9_600, Parity::Even, &[50], 1_375),
            (9_600, Parity::Even, &[125], 3_094),
            (9_600, Parity::None, &[2], 257),
            (115_200, Parity::Even, &[2], 51),
            (9_600, Parity::Even, &[125, 75], 5_042),
            (9_600, Parity::Even, &[32, 50, 75], 4_285),
            (9_600, Parity::Even, &[52, 56, 125, 20], 6_715),
        ] {
            let took = bare(baud, parity, counts).meter().as_micros();
            assert_eq!((took + 50) / 100, tenths, "{baud} {parity} {counts:?}: {took} us");
        }
        let with_latency =
            Polling { latency: Duration::from_millis(16), ..bare(9_600, Parity::Even, &[52, 56, 125, 20]) };
        assert_eq!((with_latency.meter().as_micros() + 50) / 100, 7_355);
    }

    #[test]
    fn what_fits_in_a_period_is_what_a_round_says() {
        let polling = Polling { meters: 60, ..bare(9_600, Parity::Even, &[2]) };
        let meter = polling.meter();
        assert_eq!(polling.round(), meter.times(60));
        assert_eq!((polling.load(polling.round()), polling.fits(polling.round())), (100, 60));
        assert_eq!(polling.fits(meter.times(60).saturating_sub(Duration::from_micros(1))), 59);
        // 8 characters, the pause, 600 ms: one request of one meter is lost.
        let dead = Duration::from_micros(9_167 + 4_011 + 600_000);
        assert_eq!(polling.dead_meter(), dead);
        assert_eq!(polling.worst(), meter.times(59) + dead);
        assert_eq!(polling.fits_with_one_dead(polling.worst()), 60);
        assert_eq!(polling.fits_with_one_dead(meter), 0);
        let three = Polling { tries: 3, ..polling };
        assert_eq!(three.dead_meter(), dead.times(3));
    }

    #[test]
    fn points_of_a_model_are_read_in_few_requests() {
        let entry = &models::ALL[0];
        assert_eq!(spans_of(entry, &[]).unwrap(), ReadPlan::new(entry.def, 125));
        let keys = |keys: &[&str]| spans_of(entry, &keys.iter().map(|key| (*key).into()).collect::<Vec<_>>());
        let rows: Vec<names::Row> = names::rows(entry).collect();
        let (first, second) =
            (rows.iter().find(|row| row.def.codec.words() == 2).unwrap(), rows.last().unwrap());
        let key = |row: &names::Row| names::key(entry, row);
        let one = keys(&[&key(first), &key(first)]).unwrap();
        assert_eq!(one, [Span { addr: first.def.addr, count: 2 }]);
        assert_eq!(keys(&["colour"]), Err("colour".into()));
        assert!(keys(&[&key(second)]).is_ok() || second.of.rule != schema::Rule::Contiguous);
    }
}
