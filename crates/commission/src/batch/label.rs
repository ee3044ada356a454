//! The label of a meter: what is stuck on it once it is done.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::report::place;
use super::{Batch, Over};
use crate::identify::serial_text;
use crate::passport::{columns, escape};

/// A label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What it says first: the text of the list, else the address.
    pub title: String,
    /// What stands below it: its names and values.
    pub lines: Vec<[String; 2]>,
}

impl Batch {
    /// The label of a line that is done; `None` before.
    #[must_use]
    pub fn label(&self, row: usize) -> Option<Label> {
        let (of, seat, meter) = (self.row(row)?, self.seat(row)?, self.meter(row)?);
        let verified = seat.verified.as_ref().filter(|_| self.is_over(row))?;
        let id = match self.list.over() {
            Over::Modbus => "Modbus id",
            Over::Mbus => "M-Bus address",
        };
        let title = if of.label.is_empty() { format!("{id} {}", of.id) } else { of.label.clone() };
        let mut lines = Vec::from([
            [id.to_string(), of.id.to_string()],
            ["Spoken to as".to_string(), place(meter.now)],
            ["Serial".to_string(), serial_text(seat.serial)],
            ["Meter".to_string(), format!("{} {}", meter.entry.notes.maker, meter.entry.notes.name)],
        ]);
        if verified.time != "-" {
            lines.push(["Set".to_string(), minutes(&verified.time)]);
        }
        Some(Label { title, lines })
    }
}

/// A time as a journal has it, for people: to the minute, by the clock of the whole world.
fn minutes(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(clock)) if time.ends_with('Z') => format!("{day} {clock} UTC"),
        _ => time.to_string(),
    }
}

impl Label {
    /// The label as lines of text, a line of dashes above and below.
    #[must_use]
    pub fn to_text(&self) -> String {
        let body = format!("{}\n{}", self.title, columns(&self.lines));
        let wide = body.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        let edge = "-".repeat(wide);
        format!("{edge}\n{body}{edge}\n")
    }

    /// The label as an element of a page.
    #[must_use]
    pub fn to_html(&self) -> String {
        let lines: Vec<String> = self
            .lines
            .iter()
            .map(|[name, value]| format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)))
            .collect();
        format!("<section><h2>{}</h2><dl>{}</dl></section>\n", escape(&self.title), lines.concat())
    }
}

const STYLE: &str = "body{font:9pt/1.3 sans-serif;margin:5mm;color:#111;background:#fff}\
section{display:inline-block;width:62mm;min-height:29mm;box-sizing:border-box;border:1px dashed #999;padding:2mm;margin:0 2mm 2mm 0;\
vertical-align:top;break-inside:avoid;overflow-wrap:anywhere}h2{font-size:12pt;margin:0 0 1mm}dl{display:grid;\
grid-template-columns:auto 1fr;gap:0 2mm;margin:0}dt{color:#444}dd{margin:0;text-align:right}@page{margin:10mm}";

/// A page of labels for the printer: one file without scripts, and nothing that is fetched.
#[must_use]
pub fn labels_page(labels: &[Label]) -> String {
    let labels: Vec<String> = labels.iter().map(Label::to_html).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>Labels</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{}</body>\n\
         </html>\n",
        labels.concat()
    )
}
