//! A read-out as a table, as CSV and as JSON.

use alloc::format;
use alloc::string::String;

use super::{OpticalReadout, UNCONFIRMED};
use crate::export::{csv_cell, json_text};

impl OpticalReadout {
    /// For people: identifier, value and unit, label.
    #[must_use]
    pub fn to_table(&self) -> String {
        let mut text = format!("{}\n", self.identification);
        for value in &self.values {
            let shown = format!("{} {}", value.value, value.unit);
            text.push_str(format!("{:<8}  {:>16}  {}", value.code, shown.trim_end(), value.label).trim_end());
            text.push('\n');
        }
        text
    }

    /// Comma-separated values (RFC 4180): identifier, label, value, unit.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = String::from("code,label,value,unit\r\n");
        for value in &self.values {
            let cells = [&value.code, value.label, &value.value, &value.unit];
            for (number, cell) in cells.iter().enumerate() {
                text.push_str(if number == 0 { "" } else { "," });
                text.push_str(&csv_cell(cell));
            }
            text.push_str("\r\n");
        }
        text
    }

    /// JSON: the identification and one object a value. `time` is the caller's, since ports know no date.
    #[must_use]
    pub fn to_json(&self, time: &str) -> String {
        let mut text = format!(
            "{{\n  \"identification\": {},\n  \"time\": {},\n  \"assumed\": {},\n  \"values\": [",
            json_text(&self.identification),
            json_text(time),
            json_text(UNCONFIRMED)
        );
        for (number, value) in self.values.iter().enumerate() {
            text.push_str(if number == 0 { "\n    " } else { ",\n    " });
            text.push_str(&format!(
                "{{\"code\": {}, \"label\": {}, \"value\": {}, \"unit\": {}}}",
                json_text(&value.code),
                json_text(value.label),
                json_text(&value.value),
                json_text(&value.unit)
            ));
        }
        text.push_str("\n  ]\n}\n");
        text
    }
}
