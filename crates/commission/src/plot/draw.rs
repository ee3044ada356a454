//! A plot in characters: each is a field of two by four dots.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Plot;
use super::axis::{floor, whole};

/// The bits of the dots of a character, by row from the top, left and right (Unicode, Braille patterns).
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Draws one line of a plot in so many columns and rows of characters, its axis at the left. A hole is a row of `x` at the
/// bottom.
#[must_use]
pub fn draw(plot: &Plot, line: usize, columns: usize, rows: usize) -> String {
    let Some(line) = plot.lines.get(line) else { return String::new() };
    let Some(axis) = plot.axes.get(line.axis) else { return String::new() };
    let (columns, rows) = (columns.clamp(2, 500), rows.clamp(2, 100));
    let (wide, high) = (whole(2 * columns - 1), whole(4 * rows - 1));
    let mut field: Vec<Vec<u32>> =
        Vec::from_iter(core::iter::repeat_n(Vec::from_iter(core::iter::repeat_n(0, columns)), rows));
    let mut set = |x: i64, y: i64| {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        // Rows are counted from the top, dots from the bottom.
        let Some(down) = (4 * rows - 1).checked_sub(y) else { return };
        let bit = DOTS.get(down % 4).and_then(|pair| pair.get(x % 2)).copied().unwrap_or(0);
        if let Some(cell) = field.get_mut(down / 4).and_then(|row| row.get_mut(x / 2)) {
            *cell |= bit;
        }
    };
    for piece in &line.pieces {
        let mut before = None;
        for dot in piece {
            let here = (floor(dot.x * wide + 0.5), floor(dot.y * high + 0.5));
            let (from, to) = (before.unwrap_or(here), here);
            // A straight line, a dot for each column or row that it crosses; no longer than the field is wide and high.
            let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).clamp(1, 4_000);
            for step in 0..=steps {
                let part = |from: i64, to: i64| from + ((to - from) * step * 2 + steps) / (2 * steps);
                set(part(from.0, to.0), part(from.1, to.1));
            }
            before = Some(here);
        }
    }
    let label = |row: usize| {
        let place = 1.0 - (whole(row) + 0.5) / whole(rows);
        let half = 0.5 / whole(rows);
        axis.ticks
            .iter()
            .find(|tick| (tick.place - place).abs() <= half + 1e-9)
            .map_or("", |tick| tick.text.as_str())
    };
    let margin = axis.ticks.iter().map(|tick| tick.text.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    let mut last = "";
    for (number, row) in field.iter().enumerate() {
        let own = label(number);
        // A number that falls on the edge of two rows stands at one of them.
        let shown = if own == last { "" } else { own };
        last = own;
        let dots: String = row.iter().map(|dots| char::from_u32(0x2800 + dots).unwrap_or(' ')).collect();
        text.push_str(&format!("{shown:>margin$} |{dots}\n"));
    }
    let hole = |column: usize| {
        let place = (whole(column) + 0.5) / whole(columns);
        line.holes.iter().any(|hole| hole.from <= place && place <= hole.to)
    };
    let foot: String = (0..columns).map(|column| if hole(column) { 'x' } else { '-' }).collect();
    text.push_str(&format!("{:>margin$} +{foot}\n", ""));
    text
}
