//! Words and quantities as people write them: what loads, quirks, meters and scripts are read from.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use units::{Duration, decimal};

/// Why a text cannot be used. Nothing was changed then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// What is wrong, with the part that is.
    pub wrong: String,
    /// What was expected instead.
    pub expected: String,
}

impl TextError {
    /// An error of these two halves.
    pub fn new(wrong: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { wrong: wrong.into(), expected: expected.into() }
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.wrong, self.expected)
    }
}

impl core::error::Error for TextError {}

/// A unit as it is written, how many digits of the kept integer stand behind its point, and a factor.
type Unit = (&'static str, u8, i64);

/// One kind of quantity.
pub(crate) struct Quantity {
    /// Units, the kept one among them.
    units: &'static [Unit],
    /// What it is, with an example.
    expected: &'static str,
    /// Smallest value, in the kept unit.
    min: i64,
    /// Largest value, in the kept unit.
    max: i64,
    /// The range in words.
    range: &'static str,
}

/// Voltages, kept in mV.
pub(crate) const VOLTAGE: Quantity = Quantity {
    units: &[("V", 3, 1), ("mV", 0, 1)],
    expected: "a voltage such as 230V",
    min: 0,
    max: 1_000_000,
    range: "0 to 1000 V",
};
/// Voltages of the supply of a pulse output, kept in mV.
pub(crate) const S0_SUPPLY: Quantity =
    Quantity { expected: "off or a voltage such as 24V", max: 60_000, range: "0 to 60 V", ..VOLTAGE };
/// Currents, kept in mA.
pub(crate) const CURRENT: Quantity = Quantity {
    units: &[("A", 3, 1), ("mA", 0, 1)],
    expected: "a current such as 5A",
    min: 0,
    max: 10_000_000,
    range: "0 to 10000 A",
};
/// Active powers, kept in mW.
pub(crate) const POWER: Quantity = Quantity {
    units: &[("W", 3, 1), ("kW", 6, 1), ("mW", 0, 1)],
    expected: "a power such as 100W",
    min: 0,
    max: 10_000_000_000,
    range: "0 to 10000 kW; for the other direction add the word export",
};
/// Frequencies, kept in mHz.
pub(crate) const FREQUENCY: Quantity = Quantity {
    units: &[("Hz", 3, 1), ("mHz", 0, 1)],
    expected: "a frequency such as 50.02Hz",
    min: 10_000,
    max: 100_000,
    range: "10 to 100 Hz",
};
/// Spans of time, kept in us.
pub(crate) const SPAN: Quantity = Quantity {
    units: &[("ms", 3, 1), ("s", 6, 1), ("min", 6, 60), ("h", 6, 3_600), ("d", 6, 86_400)],
    expected: "a time such as 500ms, 10s, 5min, 2h or 30d",
    min: 1_000,
    max: 400 * 86_400 * 1_000_000,
    range: "1ms to 400d",
};
/// Delays, kept in us.
pub(crate) const DELAY: Quantity =
    Quantity { expected: "a time such as 0ms or 20ms", min: 0, max: 60_000_000, range: "0ms to 60s", ..SPAN };

/// A number and the letters behind it.
pub(crate) fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

impl Quantity {
    /// True where `text` is a number with one of the units.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let (number, unit) = split_unit(text);
        !number.is_empty() && self.units.iter().any(|(symbol, ..)| *symbol == unit)
    }

    /// Reads `text`, a number with its unit and no blank between.
    pub(crate) fn parse(&self, text: &str) -> Result<i64, TextError> {
        let (number, symbol) = split_unit(text);
        let Some((_, decimals, factor)) = self.units.iter().find(|(unit, ..)| *unit == symbol) else {
            let wrong = match (number, symbol) {
                ("", "") => String::from("something is missing"),
                (_, "") => format!("\"{text}\" has no unit"),
                _ => format!("\"{text}\" is no number with a unit that is known here"),
            };
            return Err(TextError::new(wrong, self.expected));
        };
        let value = decimal::parse(number, *decimals)
            .map_err(|why| TextError::new(format!("\"{text}\": {why}"), self.expected))?;
        let value = value.checked_mul(*factor).filter(|value| (self.min..=self.max).contains(value));
        value.ok_or_else(|| TextError::new(format!("\"{text}\" is out of range"), self.range))
    }

    /// The same for a value that is never negative.
    pub(crate) fn parse_u64(&self, text: &str) -> Result<u64, TextError> {
        self.parse(text).map(i64::unsigned_abs)
    }

    /// The same for a value that fits 32 bits.
    pub(crate) fn parse_u32(&self, text: &str) -> Result<u32, TextError> {
        let value = self.parse(text)?;
        u32::try_from(value)
            .map_err(|_| TextError::new(format!("\"{text}\" is out of range"), self.range.to_string()))
    }
}

/// Reads a span of time such as `500ms` or `2h`, from 1 ms to 400 days.
///
/// # Errors
/// [`TextError`] says what was expected.
pub fn parse_span(text: &str) -> Result<Duration, TextError> {
    SPAN.parse_u64(text).map(Duration::from_micros)
}

/// Splits `KEY=VALUE`.
pub(crate) fn key_value<'a>(text: &'a str, example: &str) -> Result<(&'a str, &'a str), TextError> {
    let pair = text.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
    pair.filter(|(key, value)| !key.is_empty() && !value.is_empty()).ok_or_else(|| {
        TextError::new(format!("\"{text}\" is no KEY=VALUE"), format!("one such as {example}"))
    })
}

/// Cuts a line into words at its blanks. Quotation marks hold a word together and go; a `#` outside of them ends the
/// line.
///
/// # Errors
/// [`TextError`] where a quotation mark is left open.
pub(crate) fn words(line: &str) -> Result<Vec<String>, TextError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '#' if !quoted => break,
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    if quoted {
        return Err(TextError::new("a quotation mark is left open", "another one after the text"));
    }
    words.extend(word);
    Ok(words)
}

/// Words with commas between them.
pub(crate) fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantities_have_a_unit() {
        assert_eq!(VOLTAGE.parse("230.1V"), Ok(230_100));
        assert_eq!(CURRENT.parse("350mA"), Ok(350));
        assert_eq!(POWER.parse("1.035kW"), Ok(1_035_000));
        assert_eq!(SPAN.parse("1.5h"), Ok(5_400_000_000));
        assert_eq!(SPAN.parse("400d"), Ok(34_560_000_000_000));
        assert_eq!(
            VOLTAGE.parse("230").unwrap_err().to_string(),
            "\"230\" has no unit: expected a voltage such as 230V"
        );
        assert_eq!(
            SPAN.parse("10m").unwrap_err().to_string(),
            "\"10m\" is no number with a unit that is known here: expected a time such as 500ms, 10s, 5min, 2h or 30d"
        );
        assert_eq!(
            SPAN.parse("401d").unwrap_err().to_string(),
            "\"401d\" is out of range: expected 1ms to 400d"
        );
        assert_eq!(
            CURRENT.parse("1.2.3A").unwrap_err().to_string(),
            "\"1.2.3A\": '.' is no digit: expected a current such as 5A"
        );
        assert!(POWER.parse("-5W").is_err() && SPAN.parse("0s").is_err() && DELAY.parse("0ms").is_ok());
    }

    #[test]
    fn words_are_cut_at_blanks_outside_of_quotation_marks() {
        let cut = |line| words(line).map(|words| words.join("|"));
        assert_eq!(cut("  show   lcd # what stands there").as_deref(), Ok("show|lcd"));
        assert_eq!(cut("expect lcd \"RT # 10\"").as_deref(), Ok("expect|lcd|RT # 10"));
        assert_eq!(cut("load=\"L1 230V 5A\" x").as_deref(), Ok("load=L1 230V 5A|x"));
        assert_eq!(cut("expect lcd \"\"").as_deref(), Ok("expect|lcd|"));
        assert_eq!(cut("# nothing").as_deref(), Ok(""));
        assert!(cut("show \"lcd").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            for kind in [VOLTAGE, CURRENT, POWER, FREQUENCY, SPAN, DELAY] {
                let _ = kind.parse(&text);
            }
            let _ = words(&text);
        }
    }
}
