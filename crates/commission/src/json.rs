//! Reading JSON (RFC 8259): a small reader of our own, for files whose words are known.
//!
//! What is wrong with a text is told with its line and column; nothing is guessed. Only who reads files links it.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// How deep lists and objects may lie in each other; files of ours need four.
const DEEPEST: usize = 32;

/// What stands in a JSON text.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written: who wants one says of which kind.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object: names and values in their order.
    Object(Vec<(String, Json)>),
}

/// What is wrong with a JSON text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonFault {
    /// The line, counted from 1.
    pub line: usize,
    /// The character of the line, counted from 1.
    pub column: usize,
    /// What stands there.
    pub found: String,
    /// What was expected.
    pub expected: Cow<'static, str>,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, found, expected } = self;
        write!(f, "line {line}, character {column}: {found} stands where {expected} was expected")
    }
}

impl core::error::Error for JsonFault {}

impl Json {
    /// Reads a whole text.
    ///
    /// # Errors
    /// [`JsonFault`] names the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, JsonFault> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.blank();
        if reader.rest().is_empty() { Ok(value) } else { Err(reader.fault("the end of the file")) }
    }

    /// The value of a name; `None` where it is missing, or where this is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(own, _)| own == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text; `None` where it is none.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The whole number; `None` where it is none, or too large.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        if let Self::Number(digits) = self { digits.parse().ok() } else { None }
    }

    /// What a list holds; `None` where it is none.
    #[must_use]
    pub fn list(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// What it is, in a word for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    /// In bytes; always at the start of a character.
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn fault(&self, expected: impl Into<Cow<'static, str>>) -> JsonFault {
        let before = self.text.get(..self.at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let found = match self.rest().chars().next() {
            None => "the end of the file".to_string(),
            Some(c) if c.is_control() => format!("the character {:04X}h", u32::from(c)),
            Some(c) => format!("'{c}'"),
        };
        JsonFault {
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            found,
            expected: expected.into(),
        }
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    /// Goes behind `word` where it stands here.
    fn take(&mut self, word: &str) -> bool {
        let there = self.rest().starts_with(word);
        if there {
            self.at += word.len();
        }
        there
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonFault> {
        self.blank();
        if depth > DEEPEST {
            return Err(self.fault("a file that lies less deep"));
        }
        match self.rest().chars().next() {
            Some('{') => self.object(depth),
            Some('[') => self.items(depth),
            Some('"') => self.string().map(Json::Text),
            Some('-' | '0'..='9') => self.number(),
            _ if self.take("null") => Ok(Json::Null),
            _ if self.take("true") => Ok(Json::Bool(true)),
            _ if self.take("false") => Ok(Json::Bool(false)),
            _ => Err(self.fault("a value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonFault> {
        self.at += 1;
        let mut members: Vec<(String, Json)> = Vec::new();
        self.blank();
        if self.take("}") {
            return Ok(Json::Object(members));
        }
        loop {
            self.blank();
            if !self.rest().starts_with('"') {
                return Err(self.fault("a name in quotation marks"));
            }
            let place = self.at;
            let name = self.string()?;
            if members.iter().any(|(other, _)| *other == name) {
                self.at = place;
                return Err(self.fault(format!("another name than \"{name}\", which is there already")));
            }
            self.blank();
            if !self.take(":") {
                return Err(self.fault("a colon"));
            }
            let value = self.value(depth + 1)?;
            members.push((name, value));
            self.blank();
            if self.take("}") {
                return Ok(Json::Object(members));
            }
            if !self.take(",") {
                return Err(self.fault("a comma or '}'"));
            }
        }
    }

    fn items(&mut self, depth: usize) -> Result<Json, JsonFault> {
        self.at += 1;
        let mut items = Vec::new();
        self.blank();
        if self.take("]") {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blank();
            if self.take("]") {
                return Ok(Json::List(items));
            }
            if !self.take(",") {
                return Err(self.fault("a comma or ']'"));
            }
        }
    }

    fn string(&mut self) -> Result<String, JsonFault> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            text.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            if self.take("\"") {
                return Ok(text);
            }
            if !self.take("\\") {
                return Err(self.fault("the rest of a text and a quotation mark"));
            }
            text.push(self.escaped()?);
        }
    }

    /// The character behind a backslash.
    fn escaped(&mut self) -> Result<char, JsonFault> {
        const PLAIN: [(&str, char); 8] = [
            ("\"", '"'),
            ("\\", '\\'),
            ("/", '/'),
            ("b", '\u{8}'),
            ("f", '\u{c}'),
            ("n", '\n'),
            ("r", '\r'),
            ("t", '\t'),
        ];
        for (word, c) in PLAIN {
            if self.take(word) {
                return Ok(c);
            }
        }
        let place = self.at;
        let first = self.unit()?;
        // Characters beyond FFFFh are two units.
        let code = if (0xD800..0xDC00).contains(&first) {
            if !self.take("\\") {
                return Err(self.fault("the second half of a character"));
            }
            let second = self.unit()?;
            0x1_0000 + ((first - 0xD800) << 10) + (second.wrapping_sub(0xDC00) & 0x3FF)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| {
            self.at = place;
            self.fault("a whole character")
        })
    }

    /// `u` and four digits.
    fn unit(&mut self) -> Result<u32, JsonFault> {
        const EXPECTED: &str = "n, t, \", \\ or u with four hexadecimal digits behind the backslash";
        if !self.take("u") {
            return Err(self.fault(EXPECTED));
        }
        let digits = self.rest().get(..4).filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.fault(EXPECTED))?;
        self.at += 4;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Json, JsonFault> {
        let start = self.at;
        self.take("-");
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            self.at -= whole.len() - 1;
            return Err(self.fault("no digit behind a leading 0"));
        }
        if self.take(".") {
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            let _signed = self.take("+") || self.take("-");
            self.digits()?;
        }
        Ok(Json::Number(self.text.get(start..self.at).unwrap_or_default().to_string()))
    }

    fn digits(&mut self) -> Result<&'t str, JsonFault> {
        let rest = self.rest();
        let count = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if count == 0 {
            return Err(self.fault("a digit"));
        }
        self.at += count;
        Ok(rest.get(..count).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::json_text;

    #[test]
    fn all_kinds_of_values_are_read() {
        let json = Json::parse(
            " {\"a\": [1, -2.5e+3, 0], \"b\": {\"\": null}, \"c\": \"x\\n\\u00e9\\ud83d\\ude00/\\/\",\r\n\"d\":true, \"e\":[]}\n",
        )
        .unwrap();
        assert_eq!(json.get("a").and_then(Json::list).unwrap()[0].integer(), Some(1));
        assert_eq!(json.get("a").unwrap().list().unwrap()[1], Json::Number("-2.5e+3".into()));
        assert_eq!(json.get("b").unwrap().get(""), Some(&Json::Null));
        assert_eq!(json.get("c").and_then(Json::text), Some("x\n\u{e9}\u{1F600}//"));
        assert_eq!((json.get("d"), json.get("f")), (Some(&Json::Bool(true)), None));
        assert_eq!(json.get("e").and_then(Json::list), Some(&[][..]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, wrong) in [
            ("", "line 1, character 1: the end of the file stands where a value was expected"),
            (
                "{\n  \"a\": 01}",
                "line 2, character 9: '1' stands where no digit behind a leading 0 was expected",
            ),
            ("[1 2]", "line 1, character 4: '2' stands where a comma or ']' was expected"),
            ("{a: 1}", "line 1, character 2: 'a' stands where a name in quotation marks was expected"),
            ("{\"a\" 1}", "line 1, character 6: '1' stands where a colon was expected"),
            (
                "{\"a\": 1, \"a\": 2}",
                "line 1, character 10: '\"' stands where another name than \"a\", which is there already was expected",
            ),
            ("\"a\nb\"", "line 1, character 3: the character 000Ah stands where the rest of a text"),
            ("\"\\ud800x\"", "line 1, character 8: 'x' stands where the second half of a character"),
            ("\"\\udc00\"", "line 1, character 3: 'u' stands where a whole character"),
            ("\"\\x\"", "line 1, character 3: 'x' stands where n, t, "),
            ("nul", "line 1, character 1: 'n' stands where a value"),
            ("1.", "line 1, character 3: the end of the file stands where a digit"),
            ("1 1", "line 1, character 3: '1' stands where the end of the file"),
        ] {
            let fault = Json::parse(text).unwrap_err().to_string();
            assert!(fault.starts_with(wrong), "{text}: {fault}");
        }
        let deep = "[".repeat(40);
        assert!(Json::parse(&deep).unwrap_err().to_string().contains("less deep"));
    }

    proptest::proptest! {
        #[test]
        fn a_text_that_was_written_reads_back(text in ".*") {
            proptest::prop_assert_eq!(Json::parse(&json_text(&text)), Ok(Json::Text(text)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}\",:0-9a-e\\\\u.+-]{0,40}") {
            if let Err(fault) = Json::parse(&text) {
                proptest::prop_assert!(fault.column >= 1);
            }
        }
    }
}
