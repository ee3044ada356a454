//! The figures as a text.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use units::Duration;

use super::figures::{Bucket, Masters, Node};
use super::{Listener, Spoken};
use crate::identify::serial_text;

/// The longest bar of the histogram, in characters.
const BAR: u64 = 40;

/// Thousandths as percent.
#[must_use]
pub fn percent(permille: u32) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

/// A span as people read it: in ms below ten seconds, else in s.
fn span(span: Duration) -> String {
    match span.as_millis() {
        ms @ 0..10_000 => format!("{ms} ms"),
        ms => format!("{}.{} s", ms / 1_000, ms / 100 % 10),
    }
}

fn count(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

impl Masters {
    /// What can be said for certain, in a sentence.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::Nobody => "Nobody was heard asking.".to_string(),
            Self::One => "Somebody asks; nothing shows that there are several masters.".to_string(),
            Self::Several { hasty, within } => format!(
                "{} followed another one that was still unanswered within {within}: there are several masters, or one that \
                 hardly waits.",
                count(hasty, "request", "requests")
            ),
        }
    }
}

/// The heads of the figures of one id each.
#[must_use]
pub fn head(spoken: Spoken) -> [&'static str; 9] {
    let unit = match spoken {
        Spoken::Modbus => "id",
        Spoken::Mbus => "address",
    };
    [unit, "meter", "asked", "answered", "refused", "silent", "damaged", "every", "answer after"]
}

/// The figures of one id, in the order of [`head`]; `timed` where the times are known.
#[must_use]
pub fn cells(node: &Node, timed: bool) -> [String; 9] {
    let model = match node.entry {
        Some(entry) => entry.notes.name.to_string(),
        None if node.models.is_none() => "unknown".to_string(),
        None => node.models.text(),
    };
    let meter = match node.serial {
        Some(serial) => format!("{model} {}", serial_text(serial)),
        None => model,
    };
    let period = node.period().filter(|_| timed).map_or_else(|| "-".to_string(), span);
    let delay = node.delay().map_or_else(
        || "-".to_string(),
        |(least, mean, most)| format!("{} / {} / {}", least.as_millis(), mean.as_millis(), span(most)),
    );
    [
        node.unit.to_string(),
        meter,
        node.asked.to_string(),
        node.answered.to_string(),
        node.refused.to_string(),
        node.silent.to_string(),
        node.spoiled.to_string(),
        period,
        delay,
    ]
}

fn table(lines: &[[String; 9]]) -> String {
    let mut widths = [0; 9];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in lines {
        let mut out = String::new();
        for (at, (cell, width)) in line.iter().zip(widths).enumerate() {
            // Words stand at the left, numbers at the right.
            let cell = if at == 1 { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
            out.push_str(&cell);
            out.push_str("  ");
        }
        text.push_str(out.trim_end());
        text.push('\n');
    }
    text
}

fn histogram(buckets: &[Bucket]) -> String {
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0);
    let last = buckets.iter().rposition(|bucket| bucket.count > 0).unwrap_or(0);
    let mut text = String::new();
    for bucket in buckets.iter().take(last + 1) {
        let range = match bucket.to {
            Some(to) => format!("{} to {} ms", bucket.from.as_millis(), to.as_millis()),
            None => format!("{} ms and more", bucket.from.as_millis()),
        };
        let bar = (bucket.count * BAR).div_ceil(most.max(1));
        let bar = "#".repeat(usize::try_from(bar).unwrap_or(0));
        text.push_str(format!("  {range:>15}  {:>6}  {bar}", bucket.count).trim_end());
        text.push('\n');
    }
    text
}

/// All figures as a text for people: load, masters, one line an id with the shortest, mean and longest time of its
/// answers, what went wrong, and how soon answers begin.
#[must_use]
pub fn report(listener: &Listener<'_>) -> String {
    let load = listener.load();
    let mut text = String::new();
    if listener.timed() {
        text.push_str(&format!(
            "{} at {} in {}: the line is busy {} of the time.\n",
            count(load.characters(), "character", "characters"),
            listener.line(),
            span(load.span()),
            percent(load.total()),
        ));
    } else {
        text.push_str(&format!(
            "{}; the log tells no times.\n",
            count(load.characters(), "character", "characters")
        ));
    }
    text.push_str(&listener.masters().sentence());
    text.push('\n');
    let timed = listener.timed();
    let lines = listener.nodes().map(|node| cells(node, timed));
    let lines: Vec<[String; 9]> =
        core::iter::once(head(listener.spoken()).map(ToString::to_string)).chain(lines).collect();
    if lines.len() > 1 {
        text.push('\n');
        text.push_str(&table(&lines));
    }
    let kinds = listener.errors().kinds();
    if !kinds.is_empty() {
        text.push('\n');
        for (kind, count) in kinds {
            text.push_str(&format!("{count:>8}  {kind}\n"));
        }
    }
    let buckets = listener.turnaround();
    if buckets.iter().any(|bucket| bucket.count > 0) {
        text.push_str("\nFrom the end of a request until its answer begins:\n");
        text.push_str(&histogram(&buckets));
    }
    text
}
