//! Series as CSV and as JSON.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use units::Instant;

use super::series::{Mark, Series};
use crate::export::{csv_cell, json_text};
use crate::identify::serial_text;
use crate::wall::{Wall, stamp};

/// The format of the JSON.
const FORMAT: u32 = 1;

/// How a table of series is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CsvLayout {
    /// One line a value or gap: time, end, key, label, value, unit, raw bytes, why there is none, serial number.
    #[default]
    Lines,
    /// One line a time, one column a series, the unit in its head; gaps are empty cells with their causes in the last
    /// column. For spreadsheets; the raw bytes have no place in it.
    Columns,
}

/// Series with what a file says about them.
#[derive(Clone, Copy, Debug)]
pub struct SeriesFile<'s> {
    /// The series.
    pub series: &'s [Series],
    /// The model, by its name in files; empty where it is not known.
    pub model: &'s str,
    /// Last eight digits of the serial number, where it is known.
    pub serial: Option<u32>,
    /// What the zero of the times is; without it they are seconds of the port's clock.
    pub wall: Option<Wall>,
    /// What is written: from one time to another; without it everything that is kept.
    pub window: Option<(Instant, Instant)>,
}

fn hex(raw: &[u8]) -> String {
    let digits: Vec<String> = raw.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.join(" ")
}

impl<'s> SeriesFile<'s> {
    fn marks(&self, series: &'s Series) -> impl Iterator<Item = &'s Mark> {
        let window = self.window;
        series.marks().filter(move |mark| match window {
            None => true,
            Some((from, to)) => mark.end() >= from && mark.at() <= to,
        })
    }

    /// Comma-separated values (RFC 4180).
    #[must_use]
    pub fn to_csv(&self, layout: CsvLayout) -> String {
        match layout {
            CsvLayout::Lines => self.lines(),
            CsvLayout::Columns => self.columns(),
        }
    }

    fn lines(&self) -> String {
        let mut text = String::from("time,until,key,label,value,unit,raw,gap,serial\r\n");
        let serial = self.serial.map_or_else(String::new, serial_text);
        let mut all: Vec<(Instant, usize, &Mark)> = Vec::new();
        for (number, series) in self.series.iter().enumerate() {
            all.extend(self.marks(series).map(|mark| (mark.at(), number, mark)));
        }
        all.sort_by_key(|(at, number, _)| (*at, *number));
        for (at, number, mark) in all {
            let Some(series) = self.series.get(number) else { continue };
            let (until, value, raw, gap) = match mark {
                Mark::Value(sample) => {
                    (String::new(), format!("{}", sample.value), hex(&sample.raw), String::new())
                }
                Mark::Gap(gap) => {
                    (stamp(gap.to, self.wall), String::new(), String::new(), format!("{}", gap.cause))
                }
            };
            let time = stamp(at, self.wall);
            let cells =
                [&time, &until, &series.key, &series.label, &value, &series.unit, &raw, &gap, &serial];
            text.push_str(&cells.map(|cell| csv_cell(cell)).join(","));
            text.push_str("\r\n");
        }
        text
    }

    fn columns(&self) -> String {
        let head = self.series.iter().map(|series| {
            let unit = if series.unit.is_empty() { String::new() } else { format!(" [{}]", series.unit) };
            csv_cell(&format!("{}{unit}", series.label))
        });
        let head: Vec<String> = core::iter::once(String::from("time")).chain(head).collect();
        let mut text = format!("{},gap\r\n", head.join(","));
        for (at, cells) in rows(self.series, self.window) {
            let mut line = Vec::from([stamp(at, self.wall)]);
            let mut causes: Vec<String> = Vec::new();
            for cell in &cells {
                match cell {
                    Some(Mark::Value(sample)) => line.push(format!("{}", sample.value)),
                    Some(Mark::Gap(gap)) => {
                        line.push(String::new());
                        let cause = format!("{}", gap.cause);
                        if !causes.contains(&cause) {
                            causes.push(cause);
                        }
                    }
                    None => line.push(String::new()),
                }
            }
            line.push(csv_cell(&causes.join("; ")));
            text.push_str(&line.join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// JSON: the meter, and for each series its values and gaps.
    #[must_use]
    pub fn to_json(&self) -> String {
        let serial =
            self.serial.map_or_else(|| String::from("null"), |serial| json_text(&serial_text(serial)));
        let mut text = format!(
            "{{\n  \"format\": {FORMAT},\n  \"model\": {},\n  \"serial\": {serial},\n  \"series\": [",
            json_text(self.model)
        );
        for (number, series) in self.series.iter().enumerate() {
            text.push_str(if number == 0 { "\n    " } else { ",\n    " });
            text.push_str(&format!(
                "{{\"key\": {}, \"label\": {}, \"unit\": {}, \"marks\": [",
                json_text(&series.key),
                json_text(&series.label),
                json_text(&series.unit)
            ));
            for (number, mark) in self.marks(series).enumerate() {
                text.push_str(if number == 0 { "\n      " } else { ",\n      " });
                let time = |at| json_text(&stamp(at, self.wall));
                text.push_str(&match mark {
                    Mark::Value(sample) => format!(
                        "{{\"time\": {}, \"value\": \"{}\", \"raw\": \"{}\"}}",
                        time(sample.at),
                        sample.value,
                        hex(&sample.raw)
                    ),
                    Mark::Gap(gap) => format!(
                        "{{\"from\": {}, \"to\": {}, \"gap\": {}}}",
                        time(gap.from),
                        time(gap.to),
                        json_text(&format!("{}", gap.cause))
                    ),
                });
            }
            text.push_str("]}");
        }
        text.push_str("\n  ]\n}\n");
        text
    }
}

/// What each series has at one time.
pub(crate) type Cells<'s> = (Instant, Vec<Option<&'s Mark>>);

/// The marks of all series by their time: one row for each time at which something begins.
pub(crate) fn rows(series: &[Series], window: Option<(Instant, Instant)>) -> Vec<Cells<'_>> {
    let inside = |mark: &&Mark| window.is_none_or(|(from, to)| mark.end() >= from && mark.at() <= to);
    let mut all: Vec<(Instant, usize, &Mark)> = Vec::new();
    for (number, series) in series.iter().enumerate() {
        all.extend(series.marks().filter(inside).map(|mark| (mark.at(), number, mark)));
    }
    all.sort_by_key(|(at, number, _)| (*at, *number));
    let mut rows: Vec<Cells<'_>> = Vec::new();
    for (at, number, mark) in all {
        // A value and a gap of one series can begin at one time: each has its row then.
        let fits =
            |(own, cells): &&mut Cells<'_>| *own == at && cells.get(number).is_some_and(Option::is_none);
        if let Some((_, cells)) = rows.last_mut().filter(|row| fits(row)) {
            if let Some(cell) = cells.get_mut(number) {
                *cell = Some(mark);
            }
            continue;
        }
        let mut cells = Vec::from_iter(core::iter::repeat_n(None, series.len()));
        if let Some(cell) = cells.get_mut(number) {
            *cell = Some(mark);
        }
        rows.push((at, cells));
    }
    rows
}
