//! A read-out that was kept in a file, read back: [`ReadOut::from_json`].
//!
//! The words of the registers are what counts: values and texts are made of them anew, with the tables of today.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use modbus::{LineParams, Parity};
use models::Entry;
use units::Instant;

use crate::bus::Place;
use crate::export::FORMAT;
use crate::json::{Json, JsonFault};
use crate::names::{self, Row};
use crate::read::{ReadOut, ReadRow, RowFault, data_type_in, read_row};

/// A read-out from a file.
#[derive(Clone, Debug)]
pub struct SavedReadOut {
    /// The format of the file; 1 for those that do not say so.
    pub format: u32,
    /// When it was read from the meter, as the file says.
    pub time: String,
    /// What was read. Its [`ReadOut::at`] and [`ReadOut::requests`] are zero: they belong to the port that is gone.
    pub read_out: ReadOut,
}

/// Why a file is no read-out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SavedFault {
    /// It is no JSON.
    Json(JsonFault),
    /// Something in it is missing or wrong: what, and what was expected.
    Wrong {
        /// What is wrong, and where.
        what: String,
        /// What was expected.
        expected: String,
    },
}

impl fmt::Display for SavedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(fault) => fault.fmt(f),
            Self::Wrong { what, expected } => write!(f, "{what}: expected {expected}"),
        }
    }
}

impl core::error::Error for SavedFault {}

fn wrong<T>(what: impl Into<String>, expected: impl Into<String>) -> Result<T, SavedFault> {
    Err(SavedFault::Wrong { what: what.into(), expected: expected.into() })
}

/// A member that must be a text; `place` says of what.
fn text<'j>(of: &'j Json, name: &str, place: &str, expected: &str) -> Result<&'j str, SavedFault> {
    match of.get(name) {
        Some(Json::Text(text)) => Ok(text),
        Some(other) => wrong(format!("{place}{name} is {}", other.kind()), expected),
        None => wrong(format!("{place}{name} is missing"), expected),
    }
}

impl ReadOut {
    /// Reads a file that [`ReadOut::to_json`] has written, of this version or of an older one.
    ///
    /// # Errors
    /// [`SavedFault`] names what is wrong and what was expected.
    pub fn from_json(file: &str) -> Result<SavedReadOut, SavedFault> {
        let json = Json::parse(file).map_err(SavedFault::Json)?;
        if !matches!(json, Json::Object(_)) {
            return wrong(format!("the file is {}", json.kind()), "an object with model and rows");
        }
        let format = match json.get("format").map(|format| (format, format.integer())) {
            None => 1,
            Some((_, Some(format @ 1..))) if format <= i64::from(FORMAT) => {
                u32::try_from(format).unwrap_or(FORMAT)
            }
            Some((format, number)) => {
                let found = number.map_or_else(|| format.kind().to_string(), |number| number.to_string());
                let newer = format!("1 to {FORMAT}; a newer file needs a newer version of this program");
                return wrong(format!("format is {found}"), newer);
            }
        };
        let entry = model(&json)?;
        let time = text(&json, "time", "", "the time of the read-out as a text")?.to_string();
        let Some(list) = json.get("rows").and_then(Json::list) else {
            return wrong("rows is missing or no list", "the list of values");
        };
        let mut found: Vec<(Row, Result<Vec<u16>, RowFault>)> = Vec::new();
        for (number, member) in (1..).zip(list) {
            let (row, words) = row(entry, number, member)?;
            if found.iter().any(|(other, _)| other.def.addr == row.def.addr) {
                let twice = format!("row {number}: register {:04X} is there twice", row.def.addr);
                return wrong(twice, "each register once");
            }
            found.push((row, words));
        }
        let data_type =
            data_type_in(entry, found.iter().filter_map(|(row, words)| Some((*row, words.as_deref().ok()?))));
        let rows: Vec<ReadRow> =
            found.into_iter().map(|(row, words)| read_row(entry, row, words, data_type)).collect();
        let serial = serial(&json)?;
        let read_out = ReadOut { entry, at: Instant::ZERO, place: place(&json)?, serial, requests: 0, rows };
        Ok(SavedReadOut { format, time, read_out })
    }
}

fn model(json: &Json) -> Result<&'static Entry, SavedFault> {
    let slugs: Vec<&str> = models::ALL.iter().map(|entry| entry.def.slug).collect();
    let expected = format!("one of {}", slugs.join(", "));
    let slug = text(json, "model", "", &expected)?;
    match models::ALL.iter().find(|entry| entry.def.slug == slug) {
        Some(entry) => Ok(entry),
        None => wrong(format!("this program knows no model \"{slug}\""), expected),
    }
}

/// The serial number that the file says: eight digits or null.
fn serial(json: &Json) -> Result<Option<u32>, SavedFault> {
    match json.get("serial") {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Text(digits)) if digits.len() == 8 && digits.chars().all(|c| c.is_ascii_digit()) => {
            Ok(digits.parse().ok())
        }
        Some(Json::Text(digits)) => wrong(format!("serial is \"{digits}\""), "eight digits, or null"),
        Some(other) => wrong(format!("serial is {}", other.kind()), "a text of eight digits, or null"),
    }
}

/// Where the meter was spoken to; files of the first format do not say.
fn place(json: &Json) -> Result<Option<Place>, SavedFault> {
    const EXPECTED: &str = "{\"id\": 1, \"baud\": 9600, \"parity\": \"even\"}";
    let place = match json.get("place") {
        None | Some(Json::Null) => return Ok(None),
        Some(place) => place,
    };
    let number = |name: &str| place.get(name).and_then(Json::integer);
    let parities = [Parity::Even, Parity::None, Parity::Odd];
    let word = place.get("parity").and_then(Json::text);
    let parity = parities.into_iter().find(|parity| Some(parity.to_string().as_str()) == word);
    let unit = number("id").and_then(|id| u8::try_from(id).ok()).filter(|id| *id <= 247);
    let baud = number("baud").and_then(|baud| u32::try_from(baud).ok()).filter(|baud| *baud > 0);
    match (unit, baud, parity) {
        (Some(unit), Some(baud), Some(parity)) => {
            Ok(Some(Place { line: LineParams::new(baud, parity), unit }))
        }
        _ => wrong("place does not say id, baud and parity", EXPECTED),
    }
}

/// One row of the file: the register that it is of, and its words or why there are none.
fn row(
    entry: &'static Entry,
    number: usize,
    json: &Json,
) -> Result<(Row, Result<Vec<u16>, RowFault>), SavedFault> {
    let place = format!("row {number}: ");
    let register = text(json, "register", &place, "four hexadecimal digits")?;
    let addr = word(register);
    let Some(row) = addr.and_then(|addr| names::rows(entry).find(|row| row.def.addr == addr)) else {
        let known = format!("the address of a register of {}", entry.notes.name);
        return wrong(format!("{place}register is \"{register}\""), known);
    };
    let expected = match row.def.codec.words() {
        1 => "four hexadecimal digits".to_string(),
        words => format!("{words} groups of four hexadecimal digits"),
    };
    let words = text(json, "words", &place, &expected)?;
    let fault = match json.get("fault") {
        None => None,
        Some(_) => Some(text(json, "fault", &place, "a text that says why there is no value")?),
    };
    let read: Option<Vec<u16>> = words.split_ascii_whitespace().map(word).collect();
    match (read, fault) {
        (Some(words), _) if words.len() == usize::from(row.def.codec.words()) => Ok((row, Ok(words))),
        (Some(words), Some(fault)) if words.is_empty() => Ok((row, Err(RowFault::Saved(fault.to_string())))),
        _ => wrong(format!("{place}words is \"{words}\""), expected),
    }
}

/// Four hexadecimal digits.
fn word(text: &str) -> Option<u16> {
    let digits = text.len() == 4 && text.bytes().all(|c| c.is_ascii_hexdigit());
    if digits { u16::from_str_radix(text, 16).ok() } else { None }
}
