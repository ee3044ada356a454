//! What two cursors tell of a series.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use units::decimal::Decimal;
use units::{Duration, Instant};

use super::axis::{real as number, rounded};
use super::real;
use crate::live::{Cause, Mark, Sample, Series};

/// Digits that a mean has more than its values.
const MORE: u8 = 2;

/// A series between two times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Between {
    /// From the earlier to the later.
    pub span: Duration,
    /// The value at the first cursor; between two values in proportion; `None` in a gap.
    pub a: Option<Decimal>,
    /// The value at the second.
    pub b: Option<Decimal>,
    /// How much it has become more from the first to the second.
    pub delta: Option<Decimal>,
    /// The mean over the time that is covered; `None` where none is.
    pub mean: Option<Decimal>,
    /// The smallest value that came.
    pub least: Option<Decimal>,
    /// The largest.
    pub most: Option<Decimal>,
    /// The sum over time of what is covered, with its unit: kW over time are kWh. `None` for units that have none.
    pub integral: Option<(Decimal, &'static str)>,
    /// The time in which values follow each other without a gap.
    pub covered: Duration,
    /// The rest of the time: neither mean nor integral knows anything of it.
    pub missing: Duration,
    /// Why something is missing, each cause once.
    pub causes: Vec<Cause>,
}

/// The unit of a unit over hours.
fn over_hours(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "kW" => "kWh",
        "W" => "Wh",
        "kvar" => "kvarh",
        "var" => "varh",
        "kVA" => "kVAh",
        "VA" => "VAh",
        "A" => "Ah",
        _ => return None,
    })
}

fn micros(span: Duration) -> f64 {
    span.as_micros() as f64
}

/// The value at a time between two samples.
fn inside(first: &Sample, second: &Sample, at: Instant) -> f64 {
    let span = micros(second.at.since(first.at));
    let part = if span > 0.0 { micros(at.since(first.at)) / span } else { 0.0 };
    real(first) + (real(second) - real(first)) * part
}

/// What a series tells between two cursors, in whichever order they stand: the earlier one is A.
#[must_use]
pub fn between(series: &Series, one: Instant, other: Instant) -> Between {
    let (a, b) = (one.min(other), one.max(other));
    let (mut at_a, mut at_b) = (None, None);
    let (mut sum, mut covered) = (0.0, 0.0);
    let mut out = Between {
        span: b.since(a),
        a: None,
        b: None,
        delta: None,
        mean: None,
        least: None,
        most: None,
        integral: None,
        covered: Duration::ZERO,
        missing: Duration::ZERO,
        causes: Vec::new(),
    };
    let mut decimals = 0;
    let mut covered_micros = 0;
    let mut before: Option<&Sample> = None;
    for mark in series.around(a, b) {
        let sample = match mark {
            Mark::Value(sample) => sample,
            Mark::Gap(gap) => {
                before = None;
                if gap.to >= a && gap.from <= b && !out.causes.contains(&gap.cause) {
                    out.causes.push(gap.cause);
                }
                continue;
            }
        };
        decimals = decimals.max(sample.value.decimals);
        if sample.at >= a && sample.at <= b {
            let lower = |other: Decimal| real(sample) < number(other.value, other.decimals);
            let higher = |other: Decimal| real(sample) > number(other.value, other.decimals);
            if out.least.is_none_or(lower) {
                out.least = Some(sample.value);
            }
            if out.most.is_none_or(higher) {
                out.most = Some(sample.value);
            }
        }
        // Exactly at a cursor a value counts even where nothing is known around it.
        if sample.at == a {
            at_a = Some(real(sample));
        }
        if sample.at == b {
            at_b = Some(real(sample));
        }
        if let Some(first) = before {
            let (from, to) = (first.at.max(a), sample.at.min(b));
            if from < to {
                let (left, right) = (inside(first, sample, from), inside(first, sample, to));
                sum += f64::midpoint(left, right) * micros(to.since(from));
                covered += micros(to.since(from));
                covered_micros += to.since(from).as_micros();
            }
            if first.at <= a && a <= sample.at {
                at_a = at_a.or(Some(inside(first, sample, a)));
            }
            if first.at <= b && b <= sample.at {
                at_b = at_b.or(Some(inside(first, sample, b)));
            }
        }
        before = Some(sample);
    }
    out.covered = Duration::from_micros(covered_micros);
    out.missing = out.span.saturating_sub(out.covered);
    out.a = at_a.map(|value| rounded(value, decimals));
    out.b = at_b.map(|value| rounded(value, decimals));
    out.delta = at_a.zip(at_b).map(|(a, b)| rounded(b - a, decimals));
    let more = decimals.saturating_add(MORE).min(9);
    if covered > 0.0 {
        out.mean = Some(rounded(sum / covered, more));
        out.integral = over_hours(&series.unit).map(|unit| (rounded(sum / 3.6e9, more.max(6)), unit));
    }
    out
}

impl Between {
    /// In a sentence: what is known, and what is left out and why.
    #[must_use]
    pub fn sentence(&self, series: &Series) -> String {
        let mut parts = Vec::from([format!("{}: {} ms", series.label, self.span.as_millis())]);
        if let Some(delta) = self.delta {
            let sign = if delta.value > 0 { "+" } else { "" };
            parts.push(format!("{sign}{}", series.text(delta)));
        }
        if let Some(mean) = self.mean {
            parts.push(format!("mean {}", series.text(mean)));
        }
        if let Some((value, unit)) = self.integral {
            parts.push(format!("{value} {unit}"));
        }
        let mut text = parts.join(", ");
        if !self.missing.is_zero() {
            let causes: Vec<String> = self.causes.iter().map(|cause| format!("{cause}")).collect();
            let why = if causes.is_empty() { String::new() } else { format!(" ({})", causes.join(", ")) };
            text.push_str(&format!("; {} ms without values{why} left out", self.missing.as_millis()));
        }
        text
    }
}
