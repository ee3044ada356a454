//! What the app shows of a meter's values, and the file that it saves.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schema::{AppPageDef, HeaderForm, RegisterDef, Source};

use super::Manager;
use crate::export::csv_cell;
use crate::names;
use crate::read::RowFault;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRow {
    /// Its name.
    pub label: String,
    /// The value as the app writes it; empty where there is none.
    pub value: String,
    /// The symbol of its unit, empty for a bare value.
    pub unit: &'static str,
    /// Why there is no value; empty where there is one, and before anything was read.
    pub fault: String,
}

/// A page of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuePage {
    /// Its title.
    pub title: &'static str,
    /// Its values, in order.
    pub rows: Vec<ValueRow>,
}

/// True for a register that stands on a page of the app.
pub(super) fn is_on(page: &AppPageDef, row: &RegisterDef) -> bool {
    let measured = matches!(row.source, Source::Point(_));
    (page.from..=page.to).contains(&row.addr)
        && (measured || page.others.iter().any(|(addr, _)| *addr == row.addr))
}

pub(super) fn fault_text(fault: &RowFault) -> String {
    fault.to_string()
}

/// A number without zeros at its end.
pub(super) fn short(number: &str) -> String {
    match number.split_once('.') {
        Some(_) => number.trim_end_matches('0').trim_end_matches('.').to_string(),
        None => number.to_string(),
    }
}

/// A name of the register list in the app's letters: what follows a tariff or a phase begins with a capital.
fn app_label(label: &str) -> String {
    let Some((first, rest)) = label.split_once(' ') else { return label.to_string() };
    match first.as_bytes() {
        [b'L' | b'T', digit] if digit.is_ascii_digit() => format!("{first} {}", crate::report::capital(rest)),
        _ => label.to_string(),
    }
}

impl Manager {
    /// The page of the device: type, serial number, versions and check sums.
    #[must_use]
    pub fn device(&self) -> Vec<ValueRow> {
        let row = |label: &str, value: String, fault: String| ValueRow {
            label: label.to_string(),
            value,
            unit: "",
            fault,
        };
        let mut rows = Vec::from([row(self.app.kind, self.entry.notes.name.to_string(), String::new())]);
        rows.extend(self.app.device.iter().map(|item| {
            let text = self.value(item.source).map_or_else(String::new, |value| match item.form {
                HeaderForm::Serial => format!("{}{value:08}", self.entry.def.identity.prefix),
                HeaderForm::Hex => format!("{value:08X}"),
                HeaderForm::Ratio => format!("{}/{}", value / 10, value % 10),
                HeaderForm::Number => value.to_string(),
            });
            row(item.label, text, self.fault(item.source))
        }));
        rows
    }

    /// The pages of values.
    #[must_use]
    pub fn pages(&self) -> Vec<ValuePage> {
        let page = |page: &'static AppPageDef| ValuePage { title: page.title, rows: self.page(page) };
        self.app.pages.iter().map(page).collect()
    }

    fn page(&self, page: &'static AppPageDef) -> Vec<ValueRow> {
        let mut rows = Vec::new();
        for (number, row) in self.rows.iter().enumerate().filter(|(_, row)| is_on(page, row.def)) {
            let other = page.others.iter().find(|(addr, _)| *addr == row.def.addr);
            let (star, unit) = match other {
                Some((_, unit)) => ("*", unit.symbol()),
                None => ("", self.entry.def.unit(row.def.source).symbol()),
            };
            let label = format!("{}{star}", app_label(&names::label(self.entry, row)));
            let (value, fault) = match self.values.get(number) {
                Some(Ok(value)) => {
                    (short(&names::value_text(self.entry, row.def, *value).value), String::new())
                }
                Some(Err(fault)) => (String::new(), fault_text(fault)),
                None => (String::new(), String::new()),
            };
            rows.push(ValueRow { label, value, unit, fault });
        }
        rows
    }

    /// The file that the app saves, comma-separated (RFC 4180): name, value, unit; the page of the device, then the pages of
    /// values. A value that could not be read is empty.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = String::from("name,value,unit\r\n");
        for row in self.device().iter().chain(self.pages().iter().flat_map(|page| &page.rows)) {
            let cells = [row.label.as_str(), row.value.as_str(), row.unit].map(csv_cell);
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_in_the_letters_of_the_app() {
        for (label, app) in [
            ("Total active energy", "Total active energy"),
            ("T1 total active energy", "T1 Total active energy"),
            ("L1 voltage", "L1 Voltage"),
            ("L1-L2 voltage", "L1-L2 voltage"),
            ("Current", "Current"),
        ] {
            assert_eq!(app_label(label), app);
        }
        for (number, app) in
            [("0.000", "0"), ("0.073", "0.073"), ("238.390", "238.39"), ("-5.100", "-5.1"), ("100", "100")]
        {
            assert_eq!(short(number), app);
        }
    }
}
