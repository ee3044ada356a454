//! A plot as a table, for those who do not see it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::view::Window;
use crate::live::{Mark, Series, rows};
use crate::wall::{Wall, seconds};

/// A table of what a plot shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The heads: time, and each series with its unit.
    pub head: Vec<String>,
    /// One row a time, the newest last. A gap says why there is nothing, and until when.
    pub rows: Vec<Vec<String>>,
    /// How many older rows are left out.
    pub left_out: usize,
}

/// The last `most` rows of what the series tell in a window.
#[must_use]
pub fn table(series: &[Series], window: Window, wall: Option<Wall>, most: usize) -> Table {
    let clock = |at| wall.map_or_else(|| seconds(at), |wall| wall.clock(at));
    let head = series.iter().map(|series| {
        if series.unit.is_empty() {
            series.label.clone()
        } else {
            format!("{}, {}", series.label, series.unit)
        }
    });
    let head = core::iter::once("Time".to_string()).chain(head).collect();
    let all = rows(series, Some((window.from, window.to)));
    let left_out = all.len().saturating_sub(most);
    let rows = all.into_iter().skip(left_out).map(|(at, cells)| {
        let cells = cells.into_iter().map(|cell| match cell {
            None => String::new(),
            Some(Mark::Value(sample)) => sample.value.to_string(),
            Some(Mark::Gap(gap)) if gap.to > gap.from => format!("{} until {}", gap.cause, clock(gap.to)),
            Some(Mark::Gap(gap)) => gap.cause.to_string(),
        });
        core::iter::once(clock(at)).chain(cells).collect()
    });
    let rows = rows.collect();
    Table { head, rows, left_out }
}
