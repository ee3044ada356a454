//! The report of a batch: a line for each meter of the list.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Batch, State};
use crate::export::csv_cell;
use crate::identify::serial_text;
use crate::names;
use crate::plan::Action;
use crate::record::{Where, action};

/// The columns of the report.
const HEAD: [&str; 10] =
    ["line", "id", "label", "profile", "serial", "model", "state", "place", "settings", "time"];

impl Batch {
    /// Comma-separated values (RFC 4180), a line for each of the list: its line there, id, label, profile; the serial number
    /// and the model of the meter that has it; how far it is ([`State::word`]); where the meter is spoken to; what was read
    /// back from it, as `KEY=VALUE`; when; and for one that is begun what is certain of it.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = format!("{},note\r\n", HEAD.join(","));
        for (number, row) in self.list.rows().iter().enumerate() {
            let (seat, meter, state) = (self.seat(number), self.meter(number), self.state(number));
            let verified = seat.and_then(|seat| seat.verified.as_ref()).filter(|_| self.is_over(number));
            let serial = seat.map(|seat| seat.serial).or(row.serial);
            let note = match (state, meter) {
                (State::Begun, None) => "nothing was written".to_string(),
                (State::Begun | State::Acknowledged, Some(meter)) => meter.sentences().join(" "),
                (State::Free | State::Done, _) | (State::Acknowledged, None) => String::new(),
            };
            let cells = [
                row.line.to_string(),
                row.id.to_string(),
                row.label.clone(),
                row.profile.clone(),
                serial.map_or_else(String::new, serial_text),
                meter.map_or("", |meter| meter.entry.def.slug).to_string(),
                state.word().to_string(),
                meter.map_or_else(String::new, |meter| place(meter.now)),
                verified.map_or_else(String::new, |it| {
                    let values: Vec<String> = it
                        .values
                        .iter()
                        .map(|(key, value)| match meter.and_then(|meter| action(meter.entry, key, *value)) {
                            Some(Action::Set { setting, value }) => {
                                format!("{key}={}", names::setting_text(setting, i64::from(value)).value)
                            }
                            _ => format!("{key}={value}"),
                        })
                        .collect();
                    values.join(" ")
                }),
                verified.map_or_else(String::new, |it| it.time.clone()),
                note,
            ];
            let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        text
    }
}

/// Where a meter is spoken to, for people.
pub(super) fn place(at: Where) -> String {
    match at {
        Where::Modbus(place) => place.to_string(),
        Where::Mbus(place) => place.to_string(),
    }
}
