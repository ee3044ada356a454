//! A read-out as a table, as CSV and as JSON.
//!
//! Written by hand, since one flat list does not pay for a serializer in what the page loads.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::bus::Place;
use crate::identify::serial_text;
use crate::read::{ReadOut, ReadRow};

/// The format of the files that [`ReadOut::to_json`] writes. Format 1 had no word for it, and no place.
pub(crate) const FORMAT: u32 = 2;

impl ReadRow {
    /// Its registers in hexadecimal, a space between.
    #[must_use]
    pub fn hex(&self) -> String {
        let words: Vec<String> = self.words.iter().map(|word| format!("{word:04X}")).collect();
        words.join(" ")
    }

    /// Why there is no value; empty where there is one.
    #[must_use]
    pub fn fault_text(&self) -> String {
        self.value.as_ref().err().map_or_else(String::new, ToString::to_string)
    }
}

impl ReadOut {
    /// For people: label, value and unit, register, registers' contents.
    #[must_use]
    pub fn to_table(&self) -> String {
        let cells: Vec<[String; 4]> = self
            .rows
            .iter()
            .map(|row| {
                let value = if row.value.is_ok() { row.text.to_string() } else { row.fault_text() };
                [row.label.clone(), value, format!("{:04X}h", row.row.def.addr), row.hex()]
            })
            .collect();
        let wide = |column: usize| {
            let lengths = cells.iter().filter_map(|cells| cells.get(column));
            lengths.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let (label, value) = (wide(0), wide(1));
        let mut text = format!("{} {}\n", self.entry.notes.maker, self.entry.notes.name);
        for [name, shown, register, words] in &cells {
            text.push_str(format!("{name:<label$}  {shown:>value$}  {register}  {words}").trim_end());
            text.push('\n');
        }
        text
    }

    /// The serial number with its leading zeros; empty where it was not read.
    #[must_use]
    pub fn serial_text(&self) -> String {
        self.serial.map_or_else(String::new, serial_text)
    }

    /// Comma-separated values (RFC 4180): key, label, value, unit, register, words in hexadecimal, fault, serial number,
    /// time. Each line says whose it is and when it was read, so that files can be joined. `time` is the caller's.
    #[must_use]
    pub fn to_csv(&self, time: &str) -> String {
        let mut text = String::from("key,label,value,unit,register,words,fault,serial,time\r\n");
        let serial = self.serial_text();
        for row in &self.rows {
            let register = format!("{:04X}", row.row.def.addr);
            let (words, fault) = (row.hex(), row.fault_text());
            let cells = [
                &row.key,
                &row.label,
                &row.text.value,
                row.text.unit,
                &register,
                &words,
                &fault,
                &serial,
                time,
            ];
            text.push_str(&cells.map(csv_cell).join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// JSON: the model, the serial number, where it was spoken to, and one object a row, which [`ReadOut::from_json`]
    /// reads back. `time` is the caller's, since ports know no date.
    #[must_use]
    pub fn to_json(&self, time: &str) -> String {
        let serial = self.serial.map_or_else(|| "null".to_string(), |serial| json_text(&serial_text(serial)));
        let place = self.place.map_or_else(|| "null".to_string(), place_json);
        let mut text = format!(
            "{{\n  \"format\": {FORMAT},\n  \"model\": {},\n  \"serial\": {serial},\n  \"place\": {place},\n  \
             \"time\": {},\n  \"rows\": [",
            json_text(self.entry.def.slug),
            json_text(time)
        );
        for (number, row) in self.rows.iter().enumerate() {
            text.push_str(if number == 0 { "\n    " } else { ",\n    " });
            text.push_str(&format!(
                "{{\"key\": {}, \"label\": {}, \"register\": {}, \"words\": {}",
                json_text(&row.key),
                json_text(&row.label),
                json_text(&format!("{:04X}", row.row.def.addr)),
                json_text(&row.hex())
            ));
            match &row.value {
                Ok(_) => {
                    let (value, unit) = (json_text(&row.text.value), json_text(row.text.unit));
                    text.push_str(&format!(", \"value\": {value}, \"unit\": {unit}}}"));
                }
                Err(_) => text.push_str(&format!(", \"fault\": {}}}", json_text(&row.fault_text()))),
            }
        }
        text.push_str("\n  ]\n}\n");
        text
    }
}

fn place_json(place: Place) -> String {
    let Place { line, unit } = place;
    format!("{{\"id\": {unit}, \"baud\": {}, \"parity\": \"{}\"}}", line.baud, line.parity)
}

pub(crate) fn csv_cell(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_string()
    }
}

pub(crate) fn json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_and_quotes_are_quoted() {
        assert_eq!(csv_cell("plain"), "plain");
        assert_eq!(csv_cell("a,b"), "\"a,b\"");
        assert_eq!(csv_cell("a \"b\""), "\"a \"\"b\"\"\"");
    }

    #[test]
    fn json_texts_are_escaped() {
        assert_eq!(json_text("a\"b\\c\n\u{e9}\u{7f}\u{85}"), "\"a\\\"b\\\\c\\u000a\u{e9}\\u007f\\u0085\"");
    }
}
