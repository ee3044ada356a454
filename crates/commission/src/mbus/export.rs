//! Lists of meters, read-outs and frames of an M-Bus as tables, as CSV and as JSON.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ::mbus::FrameFault;

use super::candidates::Candidates;
use super::found::{Found, medium_text};
use super::meaning;
use super::read::MbusReadOut;
use super::rows::{Row, decode_frame, identity_text};
use crate::export::{csv_cell, json_text};
use crate::report::capital;

/// Cells in columns, two spaces between; those of `right` stand at the right.
pub(crate) fn columns<const N: usize>(cells: &[[String; N]], right: usize) -> String {
    let mut widths = [0; N];
    for line in cells {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in cells {
        let mut out = String::new();
        for (number, (cell, width)) in line.iter().zip(widths).enumerate() {
            let cell = if number == right { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
            out.push_str(&cell);
            out.push_str("  ");
        }
        text.push_str(out.trim_end());
        text.push('\n');
    }
    text
}

/// Meters as a table for people: primary address, number, maker, version, medium, model.
#[must_use]
pub fn list_table(found: &[Found]) -> String {
    let head = ["address", "number", "maker", "version", "medium", "model"].map(ToString::to_string);
    let lines = found.iter().map(|meter| {
        let identity = meter.identity;
        [
            meter.address.to_string(),
            format!("{:08X}", identity.id),
            identity.manufacturer.to_string(),
            identity.version.to_string(),
            medium_text(identity.medium).to_string(),
            meter.models.text(),
        ]
    });
    let cells: Vec<[String; 6]> = core::iter::once(head).chain(lines).collect();
    columns(&cells, 0)
}

/// Meters as JSON: one object each.
#[must_use]
pub fn list_json(found: &[Found]) -> String {
    let meters = found.iter().map(|meter| format!("  {{{}}}", list_fields(meter)));
    let meters: Vec<String> = meters.collect();
    if meters.is_empty() { "[]\n".to_string() } else { format!("[\n{}\n]\n", meters.join(",\n")) }
}

/// The model as JSON: the one, else null and all that it can be.
fn models_field(models: Candidates) -> String {
    let one = models.one().map_or_else(|| "null".to_string(), |entry| json_text(entry.def.slug));
    if !models.are_several() {
        return format!("\"model\": {one}");
    }
    let all: Vec<String> = models.iter().map(|entry| json_text(entry.def.slug)).collect();
    format!("\"model\": {one}, \"one-of\": [{}]", all.join(", "))
}

/// What is told of a meter in such a list, without the braces.
pub(crate) fn list_fields(meter: &Found) -> String {
    let identity = meter.identity;
    let model = models_field(meter.models);
    format!(
        "\"address\": {}, \"number\": \"{:08X}\", \"maker\": {}, \"version\": {}, \"medium\": {}, \"medium-text\": {}, \
         {model}",
        meter.address,
        identity.id,
        json_text(&identity.manufacturer.to_string()),
        identity.version,
        identity.medium,
        json_text(medium_text(identity.medium)),
    )
}

fn rows_table(rows: &[Row]) -> String {
    let cells: Vec<[String; 4]> =
        rows.iter().map(|row| [row.label.clone(), row.value_text(), row.hex(), row.remark.clone()]).collect();
    columns(&cells, 1)
}

impl MbusReadOut {
    /// Who answered, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let who = match (self.models.is_none(), self.header.identity) {
            (false, Some(identity)) => {
                let who = self.models.text_with_maker();
                let who = if self.models.are_several() { capital(&who) } else { who };
                format!("{who}, number {:08X}", identity.id)
            }
            (true, Some(identity)) => {
                format!("A meter that this program does not know: {}", identity_text(identity))
            }
            (_, None) => "A meter that does not say who it is".to_string(),
        };
        let status = match self.header.status {
            0 => String::new(),
            status => format!(", status {status:02X}"),
        };
        format!("{who}, at address {}{status}.", self.address)
    }

    /// For people: label, value and unit, the bytes of the record, what else there is to say.
    #[must_use]
    pub fn to_table(&self) -> String {
        rows_table(&self.rows)
    }

    /// Comma-separated values (RFC 4180), one line a record.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = String::from(
            "key,label,quantity,value,unit,tariff,storage,subunit,function,phase,bytes,remark\r\n",
        );
        for row in &self.rows {
            let phase = row.phase.map_or_else(String::new, |phase| phase.to_string());
            let cells = [
                &row.key,
                &row.label,
                row.quantity,
                &row.value,
                &row.unit,
                &row.tariff.to_string(),
                &row.storage.to_string(),
                &row.subunit.to_string(),
                &row.function.to_string(),
                &phase,
                &row.hex(),
                &row.remark,
            ]
            .map(csv_cell);
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// JSON: who it is and one object a record. `time` is the caller's, since ports know no date.
    #[must_use]
    pub fn to_json(&self, time: &str) -> String {
        let model = models_field(self.models);
        let identity = self.header.identity.unwrap_or_default();
        let mut text = format!(
            "{{\n  {model},\n  \"address\": {},\n  \"number\": \"{:08X}\",\n  \"maker\": {},\n  \"version\": {},\n  \
             \"medium\": {},\n  \"access\": {},\n  \"status\": {},\n  \"time\": {},\n  \"rows\": [",
            self.address,
            identity.id,
            json_text(&identity.manufacturer.to_string()),
            identity.version,
            identity.medium,
            self.header.access,
            self.header.status,
            json_text(time)
        );
        for (number, row) in self.rows.iter().enumerate() {
            text.push_str(if number == 0 { "\n    " } else { ",\n    " });
            text.push_str(&format!(
                "{{\"key\": {}, \"label\": {}, \"quantity\": {}, \"value\": {}, \"unit\": {}, \"tariff\": {}, \"storage\": {}, \
                 \"function\": {}, \"bytes\": {}}}",
                json_text(&row.key),
                json_text(&row.label),
                json_text(row.quantity),
                json_text(&row.value),
                json_text(&row.unit),
                row.tariff,
                row.storage,
                json_text(&row.function.to_string()),
                json_text(&row.hex()),
            ));
        }
        text.push_str("\n  ]\n}\n");
        text
    }
}

/// A frame in words: what it asks, or who speaks and a table of what is told.
///
/// # Errors
/// [`FrameFault`] says what is wrong with the bytes.
pub fn explain(bytes: &[u8]) -> Result<String, FrameFault> {
    let Some(telegram) = decode_frame(bytes)? else { return Ok(format!("{}.\n", meaning::frame(bytes))) };
    let mut text = format!("{}.\n", meaning::frame(bytes));
    let header = telegram.header;
    if let Some(identity) = header.identity {
        text.push_str(&format!(
            "{}; access number {}, status {:02X}.\n",
            identity_text(identity),
            header.access,
            header.status
        ));
    }
    text.push_str(&rows_table(&telegram.rows));
    if telegram.more {
        text.push_str("More records follow in another telegram.\n");
    }
    Ok(text)
}
