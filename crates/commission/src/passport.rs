//! The passport of a meter: what was set and proven, by whom, where and when, as JSON that reads back, as a page for the
//! printer, and as text.
//!
//! It says "confirmed" of what a journal has a proof for and the last read-out bears out, and of nothing else.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use schema::{IdentityOf, SettingId, Source};
use serde::{Deserialize, Serialize};
use units::{Flow, Of, Point, Tariff, What};

use crate::boot::{Facts, Told, boot};
use crate::diff::NOT_TOLD;
use crate::identify::serial_text;
use crate::journal::Mark;
use crate::names;
use crate::plan::Action;
use crate::record::{MeterRecord, Where, action};
use crate::uses::{OneWay, uses};
use crate::wiring::wiring;

/// The layout of the files of this program.
pub const FORMAT: u32 = 1;

/// What stands where a meter told nothing of a kind.
pub const NONE_READ: &str = "The meter told none this way.";

/// A value with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its key.
    pub key: String,
    /// Its label, for people.
    pub label: String,
    /// The value with its unit.
    pub value: String,
}

/// A setting before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingLine {
    /// Its key.
    pub key: String,
    /// Its label, for people.
    pub label: String,
    /// What it was, where that is known.
    pub before: Option<String>,
    /// What it is, where it could be read.
    pub after: Option<String>,
    /// What is known of it: `confirmed`, `as found`, `read`, `changed meanwhile`, `refused`, `not taken`, `acknowledged`,
    /// `unknown` or `not readable`. Of a meter on an M-Bus also `not told over the M-Bus`, alone or behind what became of a
    /// change: `acknowledged, not told over the M-Bus`.
    pub state: String,
}

/// A commissioning report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passport {
    /// The layout of the file.
    pub passport: u32,
    /// Name and version of the program.
    pub tool: String,
    /// Who did it.
    pub operator: String,
    /// Where.
    pub site: String,
    /// When, in the caller's words.
    pub time: String,
    /// Maker and name of the model.
    pub meter: String,
    /// The model's name in files.
    pub model: String,
    /// The serial number as it is printed; empty where it was not read.
    pub serial: String,
    /// Where the meter is spoken to.
    pub place: String,
    /// Versions and checksums.
    pub versions: Vec<Line>,
    /// Its settings.
    pub settings: Vec<SettingLine>,
    /// The first readings.
    pub readings: Vec<Line>,
    /// What the readings tell of the wiring.
    pub wiring: Vec<String>,
    /// What was done that cannot be taken back, and what is left.
    pub one_way: Vec<String>,
}

/// What a passport is made of.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// The meter as it is now.
    pub after: &'a Facts,
    /// The meter before, where it was read.
    pub before: Option<&'a Facts>,
    /// What a journal says of it.
    pub record: Option<&'a MeterRecord>,
    /// Who did it.
    pub operator: &'a str,
    /// Where.
    pub site: &'a str,
    /// When, in the caller's words.
    pub time: &'a str,
    /// Name and version of the program.
    pub tool: &'a str,
}

/// The readings that a passport has, where the meter tells them.
fn first_readings() -> Vec<Point> {
    let mut points = Vec::new();
    for what in [What::U, What::I, What::P] {
        points.extend([Of::All, Of::L1, Of::L2, Of::L3].map(|of| Point::Now { what, of }));
    }
    points.extend([What::Q, What::S, What::Pf, What::F].map(Point::now));
    for tariff in [Tariff::All, Tariff::T1, Tariff::T2, Tariff::T3, Tariff::T4] {
        points.extend([Flow::Forward, Flow::Reverse].map(|flow| Point::active(flow, tariff)));
    }
    points.extend([Flow::Forward, Flow::Reverse].map(|flow| Point::reactive(flow, Tariff::All)));
    points
}

/// What is known of a setting for certain: the last mark, held against what the meter reports now.
fn state(mark: Option<&Mark>, before: Option<i64>, after: Option<i64>) -> &'static str {
    match (mark, after) {
        (Some(Mark::Intend { .. } | Mark::Unknown), _) => "unknown",
        (Some(Mark::Acknowledged), _) => "acknowledged",
        (Some(_), None) | (None, None) => "not readable",
        (Some(Mark::Proven { read }), Some(after)) if *read == after => "confirmed",
        (Some(Mark::Proven { .. }), Some(_)) => "changed meanwhile",
        (Some(Mark::Refused { .. }), Some(_)) => "refused",
        (Some(Mark::NotTaken { .. }), Some(_)) => "not taken",
        (None, Some(after)) => match before {
            Some(before) if before == after => "as found",
            Some(_) => "changed meanwhile",
            None => "read",
        },
    }
}

/// The same for a setting that no telegram shows: what became of a change is known or not, and what it is now is not.
fn untold(mark: Option<&Mark>) -> String {
    let became = match mark {
        // It was proven then, and nothing bears it out now.
        None | Some(Mark::Proven { .. }) => return NOT_TOLD.to_string(),
        Some(mark) => match mark {
            Mark::Acknowledged => "acknowledged",
            Mark::Refused { .. } => "refused",
            Mark::NotTaken { .. } => "not taken",
            _ => "unknown",
        },
    };
    format!("{became}, {NOT_TOLD}")
}

/// What a record knows a setting to have been before. What a session on an M-Bus wrote down of a setting that telegrams show
/// only by what follows from it is no such knowledge.
fn was(record: &MeterRecord, setting: SettingId) -> Option<i64> {
    let inferred = matches!(record.found, Where::Mbus(_)) && setting == SettingId::Tariff;
    let key = setting.key();
    record.was.get(key).copied().or_else(|| record.from(key)).filter(|_| !inferred)
}

impl Passport {
    /// The passport of a meter.
    #[must_use]
    pub fn new(of: &Made<'_>) -> Self {
        let entry = of.after.entry;
        let read = of.after;
        let mut settings = Vec::new();
        for setting in entry.def.all_settings().filter(|setting| !setting.secret) {
            let key = setting.id.key();
            let mark = of.record.and_then(|record| record.marks.get(key));
            let after = read.told(setting.id);
            let was = of.record.and_then(|record| was(record, setting.id));
            let before = was.or_else(|| of.before.and_then(|read| read.told(setting.id)));
            let silent = read.by == Told::Telegrams && after.is_none();
            if mark.is_none() && before.is_none() && after.is_none() && !silent {
                continue;
            }
            let text = |value: i64| names::setting_text(setting, value).to_string();
            settings.push(SettingLine {
                key: key.to_string(),
                label: names::setting_label(entry, setting.id).to_string(),
                before: before.map(text),
                after: after.map(text),
                state: if silent { untold(mark) } else { state(mark, before, after).to_string() },
            });
        }
        let line = |source: Source| {
            let fact = read.get(source)?;
            Some(Line { key: fact.key.clone(), label: fact.label.clone(), value: fact.text.clone() })
        };
        let versions = [
            IdentityOf::MeterCode,
            IdentityOf::Amps,
            IdentityOf::Software,
            IdentityOf::Protocol,
            IdentityOf::Hardware,
            IdentityOf::Checksum,
            IdentityOf::Checksum2,
        ];
        Self {
            passport: FORMAT,
            tool: of.tool.to_string(),
            operator: of.operator.to_string(),
            site: of.site.to_string(),
            time: of.time.to_string(),
            meter: format!("{} {}", entry.notes.maker, entry.notes.name),
            model: entry.def.slug.to_string(),
            serial: read
                .serial
                .map_or_else(String::new, |it| format!("{}{}", entry.def.identity.prefix, serial_text(it))),
            place: match read.place {
                Some(Where::Modbus(place)) => place.to_string(),
                Some(Where::Mbus(place)) => place.to_string(),
                None => String::new(),
            },
            versions: versions.into_iter().filter_map(|it| line(Source::Identity(it))).collect(),
            settings,
            readings: first_readings().into_iter().filter_map(|it| line(Source::Point(it))).collect(),
            wiring: wiring(read),
            one_way: one_way(of),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`PassportFault`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PassportFault> {
        let passport: Self =
            serde_json::from_str(text).map_err(|why| PassportFault::Form(why.to_string()))?;
        if passport.passport == FORMAT { Ok(passport) } else { Err(PassportFault::Format(passport.passport)) }
    }

    /// The text of a file.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts under texts: there is nothing that JSON cannot write.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    fn head(&self) -> Vec<[String; 2]> {
        let head = [
            ("Meter", &self.meter),
            ("Serial number", &self.serial),
            ("Spoken to as", &self.place),
            ("Place", &self.site),
            ("Operator", &self.operator),
            ("Time", &self.time),
            ("Program", &self.tool),
        ];
        let full = head.into_iter().filter(|(_, text)| !text.is_empty());
        full.map(|(label, text)| [label.to_string(), text.clone()]).collect()
    }

    /// Everything for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::from("Commissioning report\n\n");
        text.push_str(&columns(&self.head()));
        let lines = |lines: &[Line]| {
            let cells: Vec<[String; 2]> =
                lines.iter().map(|line| [line.label.clone(), line.value.clone()]).collect();
            columns(&cells)
        };
        text.push_str("\nSettings\n");
        let mut cells = Vec::from([["".into(), "before".into(), "after".into(), "".into()]]);
        cells.extend(self.settings.iter().map(|it| {
            let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "not known".to_string());
            [it.label.clone(), side(&it.before), side(&it.after), it.state.clone()]
        }));
        text.push_str(&columns(&cells));
        for (title, part) in [("First readings", &self.readings), ("Versions and checksums", &self.versions)]
        {
            let lines = if part.is_empty() { format!("{NONE_READ}\n") } else { lines(part) };
            text.push_str(&format!("\n{title}\n{lines}"));
        }
        for (title, part) in [("Wiring", &self.wiring), ("What cannot be taken back", &self.one_way)] {
            if !part.is_empty() {
                text.push_str(&format!("\n{title}\n"));
                for line in part {
                    text.push_str(&format!("- {line}\n"));
                }
            }
        }
        text
    }

    /// A page for the printer: one file without scripts, and nothing that is fetched.
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Commissioning report {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Commissioning report</h1>\n",
            escape(&self.serial)
        );
        let row = |cells: &[&str], tag: &str| {
            let cells: Vec<String> =
                cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
            format!("<tr>{}</tr>\n", cells.concat())
        };
        let named = |label: &str, value: &str| {
            format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escape(label), escape(value))
        };
        page.push_str("<table>\n");
        for [label, value] in self.head() {
            page.push_str(&named(&label, &value));
        }
        page.push_str("</table>\n<h2>Settings</h2>\n<table>\n<thead>");
        page.push_str(row(&["Setting", "Before", "After", "State"], "th").trim_end());
        page.push_str("</thead>\n<tbody>\n");
        for it in &self.settings {
            let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "not known".to_string());
            page.push_str(&row(&[&it.label, &side(&it.before), &side(&it.after), &it.state], "td"));
        }
        page.push_str("</tbody>\n</table>\n");
        for (title, part) in [("First readings", &self.readings), ("Versions and checksums", &self.versions)]
        {
            if part.is_empty() {
                page.push_str(&format!("<h2>{title}</h2>\n<p>{NONE_READ}</p>\n"));
                continue;
            }
            page.push_str(&format!("<h2>{title}</h2>\n<table>\n"));
            for line in part {
                page.push_str(&named(&line.label, &line.value));
            }
            page.push_str("</table>\n");
        }
        for (title, part) in [("Wiring", &self.wiring), ("What cannot be taken back", &self.one_way)] {
            if !part.is_empty() {
                let items: Vec<String> = part.iter().map(|it| format!("<li>{}</li>\n", escape(it))).collect();
                page.push_str(&format!("<h2>{title}</h2>\n<ul>\n{}</ul>\n", items.concat()));
            }
        }
        page.push_str("<p class=\"sign\">Signature</p>\n</body>\n</html>\n");
        page
    }
}

const STYLE: &str = "body{font:11pt/1.4 sans-serif;max-width:180mm;margin:10mm auto;padding:0 5mm;color:#111;background:#fff}\
h1{font-size:16pt}h2{font-size:12pt;margin:6mm 0 2mm}table{border-collapse:collapse;width:100%}\
th,td{border-bottom:1px solid #999;padding:1mm 2mm;text-align:left;vertical-align:top}th[scope=row]{width:40%;font-weight:normal}\
.sign{margin-top:20mm;border-top:1px solid #111;width:70mm}\
@page{margin:15mm}@media print{body{margin:0;max-width:none;padding:0}h2{break-after:avoid}tr,li{break-inside:avoid}thead{display:table-header-group}}";

/// A text inside an element or an attribute of a page.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Rows of cells in columns as wide as they need.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut text = String::new();
    let wide =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let wide = wide(column).unwrap_or(0);
            line.push_str(&format!("{cell:<wide$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What was done that cannot be taken back, as far as it is certain, and what is left of it.
fn one_way(of: &Made<'_>) -> Vec<String> {
    let entry = of.after.entry;
    let mut lines = Vec::new();
    for (key, mark) in of.record.map(|record| record.marks.iter()).into_iter().flatten() {
        let Mark::Proven { read } = mark else { continue };
        match action(entry, key, *read) {
            Some(Action::Give(command)) => {
                lines.push(format!("Done: the {} was reset.", names::command_label(command)));
            }
            Some(Action::Set { setting, value }) if setting.is_lasting(value) => {
                let label = names::setting_label(entry, setting.id);
                let text = names::setting_text(setting, i64::from(value));
                let was = of.record.and_then(|record| record.was.get(key).copied());
                if was != Some(i64::from(value)) {
                    lines.push(format!("Done: {label} was set to {text}."));
                }
            }
            _ => {}
        }
    }
    let twin = boot(of.after, of.after.read_at).twin;
    // The twin has what was not told as from the factory, which says nothing of what the meter has used up.
    let known =
        |it: &OneWay| of.after.by == Told::Registers || !it.certain || of.after.told(it.setting).is_some();
    lines.extend(uses(&twin).iter().map(|it| match it.left {
        1.. if !known(it) => format!("{}: {NOT_TOLD} whether it was used.", it.label),
        _ => it.sentence(),
    }));
    lines
}

/// Why a text is no passport.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassportFault {
    /// It is no JSON, or not the JSON of a passport: what is wrong, and where.
    Form(String),
    /// It is of a layout that this program does not know.
    Format(u32),
}

impl fmt::Display for PassportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(why) => write!(f, "it is no passport: {why}"),
            Self::Format(number) => {
                write!(f, "the file has layout {number} of a passport; this program reads layout {FORMAT}")
            }
        }
    }
}

impl core::error::Error for PassportFault {}
