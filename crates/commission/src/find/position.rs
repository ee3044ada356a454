//! The place in a search as plain numbers and as one line of text, so that a stopped one goes on where it was.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use modbus::Parity;

use super::scope::{LAST_ID, SearchScope};

/// Where a search is: what is looked at, and how far each part of it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPosition {
    /// What is looked at.
    pub scope: SearchScope,
    /// Questions asked of each speed and format, in the order of the scope.
    pub asked: Vec<u16>,
    /// Those that go before all others, since somebody was heard there.
    pub first: Vec<u16>,
}

/// Why a text is no place in a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionError {
    wrong: String,
    expected: &'static str,
}

impl fmt::Display for PositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.wrong, self.expected)
    }
}

impl core::error::Error for PositionError {}

/// Speeds that a line can have, in Bd.
const SPEEDS: core::ops::RangeInclusive<u32> = 50..=4_000_000;

impl SearchScope {
    /// Reads speeds: `9600,4800`.
    ///
    /// # Errors
    /// [`PositionError`] names the part that is none.
    pub fn parse_speeds(text: &str) -> Result<Vec<u32>, PositionError> {
        const EXPECTED: &str = "speeds in Bd with a comma between, such as 9600,4800";
        list(text, EXPECTED, |part| {
            part.parse().ok().filter(|baud| SPEEDS.contains(baud)).map(|baud| baud..=baud)
        })
    }

    /// Reads formats: `8E1,8N1` or `even,none,odd`.
    ///
    /// # Errors
    /// [`PositionError`] names the part that is none.
    pub fn parse_formats(text: &str) -> Result<Vec<Parity>, PositionError> {
        const EXPECTED: &str = "some of 8E1, 8N1, 8O1 with a comma between";
        let mut formats = Vec::new();
        for part in text.split(',').map(str::trim) {
            let format = match part.to_ascii_lowercase().as_str() {
                "8e1" | "even" => Parity::Even,
                "8n1" | "none" => Parity::None,
                "8o1" | "odd" => Parity::Odd,
                _ => {
                    return Err(PositionError {
                        wrong: format!("\"{part}\" is no format"),
                        expected: EXPECTED,
                    });
                }
            };
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        Ok(formats)
    }

    /// Reads ids: `1,5,10-20`.
    ///
    /// # Errors
    /// [`PositionError`] names the part that is none.
    pub fn parse_ids(text: &str) -> Result<Vec<u8>, PositionError> {
        const EXPECTED: &str = "ids from 1 to 247, such as 1-20 or 1,5,7";
        list(text, EXPECTED, |part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u8, u8) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first >= 1 && first <= last && last <= LAST_ID).then_some(first..=last)
        })
    }
}

/// The members of ranges with a comma between, each once.
fn list<T: PartialEq, R: Iterator<Item = T>>(
    text: &str,
    expected: &'static str,
    read: impl Fn(&str) -> Option<R>,
) -> Result<Vec<T>, PositionError> {
    let mut all = Vec::new();
    for part in text.split(',').map(str::trim) {
        let wrong = || PositionError { wrong: format!("\"{part}\" does not fit"), expected };
        for item in read(part).ok_or_else(wrong)? {
            if !all.contains(&item) {
                all.push(item);
            }
        }
    }
    Ok(all)
}

fn joined<T: ToString>(items: impl Iterator<Item = T>) -> String {
    let texts: Vec<String> = items.map(|item| item.to_string()).collect();
    if texts.is_empty() { "-".to_string() } else { texts.join(",") }
}

/// Ids in few words: neighbours as a range.
fn ids_text(ids: &[u8]) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for id in ids {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*id) => *last = *id,
            _ => runs.push((*id, *id)),
        }
    }
    joined(runs.into_iter().map(
        |(first, last)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        },
    ))
}

impl fmt::Display for SearchPosition {
    /// `speeds 9600,4800 formats even,none ids 1-247 shared yes anyone yes asked 12,0 first -`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yes = |holds: bool| if holds { "yes" } else { "no" };
        let SearchScope { speeds, formats, ids, shared, anyone } = &self.scope;
        write!(
            f,
            "speeds {} formats {} ids {} shared {} anyone {} asked {} first {}",
            joined(speeds.iter()),
            joined(formats.iter()),
            ids_text(ids),
            yes(*shared),
            yes(*anyone),
            joined(self.asked.iter()),
            joined(self.first.iter())
        )
    }
}

impl SearchPosition {
    /// Reads what [`fmt::Display`] writes.
    ///
    /// # Errors
    /// [`PositionError`] names the part that is none.
    pub fn parse(text: &str) -> Result<Self, PositionError> {
        const NUMBERS: &str = "numbers with a comma between";
        let mut words = text.split_ascii_whitespace();
        let mut part = |name: &'static str| {
            let wrong = |found: Option<&str>| PositionError {
                wrong: match found {
                    Some(word) => format!("\"{word}\" stands where \"{name}\" should"),
                    None => format!("\"{name}\" is missing"),
                },
                expected: "what a search that was stopped has written",
            };
            match words.next() {
                Some(word) if word == name => words.next().ok_or_else(|| wrong(None)),
                other => Err(wrong(other)),
            }
        };
        let none = |text: &str| text == "-";
        let numbers = |text: &str| {
            if none(text) {
                return Ok(Vec::new());
            }
            let read = |part: &str| part.parse::<u16>().ok();
            let numbers: Option<Vec<u16>> = text.split(',').map(read).collect();
            numbers
                .ok_or_else(|| PositionError { wrong: format!("\"{text}\" does not fit"), expected: NUMBERS })
        };
        let switch = |text: &str| match text {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(PositionError { wrong: format!("\"{text}\" does not fit"), expected: "yes or no" }),
        };
        let (speeds, formats, ids) = (part("speeds")?, part("formats")?, part("ids")?);
        let scope = SearchScope {
            speeds: if none(speeds) { Vec::new() } else { SearchScope::parse_speeds(speeds)? },
            formats: if none(formats) { Vec::new() } else { SearchScope::parse_formats(formats)? },
            ids: if none(ids) { Vec::new() } else { SearchScope::parse_ids(ids)? },
            shared: switch(part("shared")?)?,
            anyone: switch(part("anyone")?)?,
        };
        Ok(Self { scope, asked: numbers(part("asked")?)?, first: numbers(part("first")?)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let position = SearchPosition { scope: SearchScope::default(), asked: vec![3, 1], first: vec![] };
        let text = position.to_string();
        assert_eq!(
            text,
            "speeds 9600,19200,4800,2400,1200,115200,57600,38400,600,300 formats even,none,odd ids 1-247 shared yes \
             anyone yes asked 3,1 first -"
        );
        for (from, to, wrong) in [
            ("speeds 9600", "speeds 1", "\"1\" does not fit: expected speeds in Bd"),
            ("even,", "mark,", "\"mark\" is no format: expected some of 8E1"),
            ("1-247", "0-247", "\"0-247\" does not fit: expected ids from 1 to 247"),
            ("shared yes", "shared on", "\"on\" does not fit: expected yes or no"),
            ("3,1", "3,x", "\"3,x\" does not fit: expected numbers"),
            (" first -", "", "\"first\" is missing: expected what a search"),
            ("anyone", "any", "\"any\" stands where \"anyone\" should"),
        ] {
            let error = SearchPosition::parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.starts_with(wrong), "{error}");
        }
        assert_eq!(SearchScope::parse_ids("5,1-3,2").unwrap(), [5, 1, 2, 3]);
    }
}
