//! What a plot shows, as plain data: a page makes SVG of it, a terminal makes text.
//!
//! Places are parts of the width and of the height, from 0 to 1, the height counted upwards. A line is cut wherever
//! there was no value, and what is cut out says why.

mod axis;
mod between;
mod draw;
mod table;
mod view;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use units::Instant;

use crate::live::{Cause, Mark, Sample, Series};
use crate::wall::Wall;
pub use axis::{Axis, Tick};
pub use between::{Between, between};
pub use draw::draw;
pub use table::{Table, table};
pub use view::{View, Window};

/// A point of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// From the left, 0 to 1; a line may begin and end outside.
    pub x: f64,
    /// From the bottom, 0 to 1.
    pub y: f64,
}

/// A stretch without values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hole {
    /// Where it begins, from the left.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Why there is nothing. Several causes that follow each other are several holes.
    pub cause: Cause,
}

/// What a plot shows of a series.
#[derive(Clone, Debug)]
pub struct Line {
    /// Number of its axis.
    pub axis: usize,
    /// What is drawn without a break.
    pub pieces: Vec<Vec<Dot>>,
    /// What is not.
    pub holes: Vec<Hole>,
    /// The smallest, the largest and the last value in the window.
    pub least: Option<Sample>,
    /// See `least`.
    pub most: Option<Sample>,
    /// See `least`.
    pub last: Option<Sample>,
}

/// All that a plot shows.
#[derive(Clone, Debug)]
pub struct Plot {
    /// Which time it shows.
    pub window: Window,
    /// One axis for each unit, in the order in which the series name them.
    pub axes: Vec<Axis>,
    /// The time axis, from the left.
    pub times: Vec<Tick>,
    /// One line for each series, in their order.
    pub lines: Vec<Line>,
}

/// A value as a number to draw with. Not exact, and needs not be.
pub(crate) fn real(sample: &Sample) -> f64 {
    axis::real(sample.value.value, sample.value.decimals)
}

/// Lays series out in a window. Where a piece has more points than `columns` can show, of each column its first, least,
/// greatest and last point are kept, so that no peak is lost.
#[must_use]
pub fn plot(series: &[Series], window: Window, wall: Option<Wall>, columns: usize) -> Plot {
    let mut units: Vec<&str> = Vec::new();
    for series in series {
        if !units.contains(&series.unit.as_str()) {
            units.push(&series.unit);
        }
    }
    let axes: Vec<Axis> = units.iter().map(|unit| axis_of(series, unit, window)).collect();
    let lines = series.iter().map(|series| {
        let number = units.iter().position(|unit| *unit == series.unit).unwrap_or(0);
        line(series, window, number, axes.get(number), columns)
    });
    let lines = lines.collect();
    Plot { window, axes, times: axis::times(window, wall), lines }
}

fn axis_of(series: &[Series], unit: &str, window: Window) -> Axis {
    let mut range: Option<(f64, f64)> = None;
    let mut decimals = 0;
    for series in series.iter().filter(|series| series.unit == unit) {
        for mark in series.around(window.from, window.to) {
            if let Mark::Value(sample) = mark {
                let value = real(sample);
                range = Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
                decimals = decimals.max(sample.value.decimals);
            }
        }
    }
    Axis::new(unit, range, decimals)
}

fn line(series: &Series, window: Window, number: usize, axis: Option<&Axis>, columns: usize) -> Line {
    let place = |sample: &Sample| Dot {
        x: window.place(sample.at),
        y: axis.map_or(0.0, |axis| axis.place(real(sample))),
    };
    let mut line =
        Line { axis: number, pieces: Vec::new(), holes: Vec::new(), least: None, most: None, last: None };
    let mut piece: Vec<Dot> = Vec::new();
    // A hole reaches from the value before it to the value behind it: in between nothing is known.
    let mut before: Option<Instant> = None;
    let mut open: Vec<(Instant, Cause)> = Vec::new();
    for mark in series.around(window.from, window.to) {
        match mark {
            Mark::Value(sample) => {
                close(&mut line.holes, &mut open, sample.at, window);
                before = Some(sample.at);
                piece.push(place(sample));
                if sample.at >= window.from && sample.at <= window.to {
                    note(&mut line, sample);
                }
            }
            Mark::Gap(gap) => {
                line.pieces.extend(thinned(core::mem::take(&mut piece), columns));
                let from = if open.is_empty() { before.unwrap_or(gap.from) } else { gap.from };
                open.push((from, gap.cause));
                before = Some(gap.to);
            }
        }
    }
    line.pieces.extend(thinned(piece, columns));
    if !open.is_empty() {
        let end = before.unwrap_or(window.to);
        close(&mut line.holes, &mut open, end, window);
    }
    line
}

/// Holes that follow each other, up to `end`.
fn close(holes: &mut Vec<Hole>, open: &mut Vec<(Instant, Cause)>, end: Instant, window: Window) {
    let ends: Vec<Instant> = open.iter().skip(1).map(|(from, _)| *from).chain([end]).collect();
    for ((from, cause), to) in open.drain(..).zip(ends) {
        if to >= window.from && from <= window.to {
            holes.push(Hole { from: window.place(from), to: window.place(to), cause });
        }
    }
}

fn note(line: &mut Line, sample: &Sample) {
    if line.least.as_ref().is_none_or(|least| real(sample) < real(least)) {
        line.least = Some(sample.clone());
    }
    if line.most.as_ref().is_none_or(|most| real(sample) > real(most)) {
        line.most = Some(sample.clone());
    }
    line.last = Some(sample.clone());
}

/// A piece with at most four points for each column that it crosses; none where there is nothing to draw.
fn thinned(piece: Vec<Dot>, columns: usize) -> Option<Vec<Dot>> {
    if piece.is_empty() {
        return None;
    }
    if columns == 0 || piece.len() <= 4 * columns {
        return Some(piece);
    }
    let width = axis::whole(columns);
    let column = |dot: &Dot| axis::floor(dot.x * width);
    let mut thin: Vec<Dot> = Vec::new();
    let mut rest = piece.as_slice();
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|dot| column(dot) == column(first)).count();
        let (here, behind) = rest.split_at(count.max(1));
        rest = behind;
        let least = here.iter().enumerate().min_by(|a, b| a.1.y.total_cmp(&b.1.y)).map_or(0, |(at, _)| at);
        let most = here.iter().enumerate().max_by(|a, b| a.1.y.total_cmp(&b.1.y)).map_or(0, |(at, _)| at);
        let mut kept = Vec::from([0, least, most, here.len().saturating_sub(1)]);
        kept.sort_unstable();
        kept.dedup();
        thin.extend(kept.into_iter().filter_map(|at| here.get(at)));
    }
    Some(thin)
}

/// The points of a piece for SVG, in a picture of so many pixels: `x,y x,y`, with a digit behind the point.
#[must_use]
pub fn svg_points(piece: &[Dot], width: u32, height: u32) -> String {
    let mut text = String::new();
    for dot in piece {
        let x = axis::tenths(dot.x * f64::from(width));
        let y = axis::tenths((1.0 - dot.y) * f64::from(height));
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&format!("{x},{y}"));
    }
    text
}
