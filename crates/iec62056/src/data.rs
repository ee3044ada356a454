//! Data sets, `address(value*unit)`, and the OBIS codes most of their addresses are.

use crate::{FormFault, put};
use core::fmt;

/// One value with its address and unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSet<'a> {
    /// Usually an OBIS code; empty for a further value of the address before it.
    pub address: &'a str,
    /// The value as written.
    pub value: &'a str,
    /// Empty where there is none.
    pub unit: &'a str,
}

impl DataSet<'_> {
    /// Writes the data set to the front of `into` and returns its length.
    ///
    /// # Errors
    /// [`FormFault::Character`], [`FormFault::Buffer`].
    pub fn emit(&self, into: &mut [u8]) -> Result<usize, FormFault> {
        let wrong = |c: &u8| !matches!(*c, b' '..=b'~') || matches!(*c, b'(' | b')' | b'/' | b'!');
        let mut all = self.address.bytes().chain(self.value.bytes()).chain(self.unit.bytes());
        if let Some(character) = all.find(wrong) {
            return Err(FormFault::Character(character));
        }
        let star: &[u8] = if self.unit.is_empty() { b"" } else { b"*" };
        let (address, value, unit) = (self.address.as_bytes(), self.value.as_bytes(), self.unit.as_bytes());
        put(into, &[address, b"(", value, star, unit, b")"])
    }
}

/// The data sets of one line, in their order; a fault ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSets<'a>(&'a str);

impl<'a> DataSets<'a> {
    /// Of `line`, with or without the end of the line.
    #[must_use]
    pub fn new(line: &'a str) -> Self {
        Self(line.trim_end_matches(['\r', '\n']))
    }
}

impl<'a> Iterator for DataSets<'a> {
    type Item = Result<DataSet<'a>, FormFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = core::mem::take(&mut self.0);
        if line.is_empty() {
            return None;
        }
        let whole = line.split_once('(').and_then(|(address, rest)| Some((address, rest.split_once(')')?)));
        let Some((address, (inner, rest))) = whole else { return Some(Err(FormFault::DataSet)) };
        if address.contains(')') || inner.contains('(') {
            return Some(Err(FormFault::DataSet));
        }
        self.0 = rest;
        let (value, unit) = inner.split_once('*').unwrap_or((inner, ""));
        Some(Ok(DataSet { address, value, unit }))
    }
}

/// The numbers of an OBIS code `A-B:C.D.E*F` (IEC 62056-61). What a short form leaves out is `None`.
///
/// In the field C the letters `C`, `F`, `L`, `P` stand for 96 to 99, as in `C.1.0` and `F.F`, in D too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObisCode {
    /// Medium; 1 is electricity.
    pub a: Option<u8>,
    /// Channel.
    pub b: Option<u8>,
    /// Quantity.
    pub c: u8,
    /// How it was measured.
    pub d: u8,
    /// Tariff; 0 is the total.
    pub e: Option<u8>,
    /// Billing period.
    pub f: Option<u8>,
}

impl ObisCode {
    /// The short form `C.D.E`.
    #[must_use]
    pub const fn short(c: u8, d: u8, e: u8) -> Self {
        Self { a: None, b: None, c, d, e: Some(e), f: None }
    }

    /// Reads `1.8.0`, `1-0:1.8.0*255`, `1.8.0&01`, `C.1.0`, `F.F` and what lies between them.
    ///
    /// # Errors
    /// [`FormFault::Obis`].
    pub fn parse(text: &str) -> Result<Self, FormFault> {
        Self::read(text).ok_or(FormFault::Obis)
    }

    fn read(text: &str) -> Option<Self> {
        let (front, rest) = match text.split_once(':') {
            Some((front, rest)) => (Some(front), rest),
            None => (None, text),
        };
        let (a, b) = match front.map(|front| front.split_once('-').ok_or(front)) {
            Some(Ok((a, b))) => (Some(number(a)?), Some(number(b)?)),
            Some(Err(b)) => (None, Some(number(b)?)),
            None => (None, None),
        };
        let (rest, f) = match rest.split_once(['*', '&']) {
            Some((rest, f)) => (rest, Some(number(f)?)),
            None => (rest, None),
        };
        let (c, rest) = rest.split_once('.')?;
        let (d, e) = match rest.split_once('.') {
            Some((d, e)) => (d, Some(number(e)?)),
            None => (rest, None),
        };
        Some(Self { a, b, c: number_or_letter(c)?, d: number_or_letter(d)?, e, f })
    }
}

/// Up to three digits, 0 to 255.
fn number(digits: &str) -> Option<u8> {
    // The standard library's way takes a sign too.
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

const LETTERS: [(&str, u8); 4] = [("C", 96), ("F", 97), ("L", 98), ("P", 99)];

fn number_or_letter(field: &str) -> Option<u8> {
    LETTERS.iter().find(|(letter, _)| *letter == field).map(|(_, value)| *value).or_else(|| number(field))
}

impl fmt::Display for ObisCode {
    /// Letters are written where A and B are left out, as meters do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(a) = self.a {
            write!(f, "{a}-")?;
        }
        if let Some(b) = self.b {
            write!(f, "{b}:")?;
        }
        let short = self.a.is_none() && self.b.is_none();
        for (before, value) in [("", self.c), (".", self.d)] {
            f.write_str(before)?;
            match LETTERS.iter().find(|(_, code)| short && *code == value) {
                Some((letter, _)) => f.write_str(letter)?,
                None => write!(f, "{value}")?,
            }
        }
        if let Some(e) = self.e {
            write!(f, ".{e}")?;
        }
        if let Some(period) = self.f {
            write!(f, "*{period}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<'a>(address: &'a str, value: &'a str, unit: &'a str) -> DataSet<'a> {
        DataSet { address, value, unit }
    }

    #[test]
    fn data_sets_both_ways() {
        for (line, sets) in [
            ("1.8.0(001234.56*kWh)", vec![set("1.8.0", "001234.56", "kWh")]),
            ("C.1.0(19020246)", vec![set("C.1.0", "19020246", "")]),
            (
                "1-0:1.6.1*01(00.123*kW)(2101011200)",
                vec![set("1-0:1.6.1*01", "00.123", "kW"), set("", "2101011200", "")],
            ),
            ("32.7.0(230.1*V)31.7.0(5*A)", vec![set("32.7.0", "230.1", "V"), set("31.7.0", "5", "A")]),
            ("(ERR07)", vec![set("", "ERR07", "")]),
            ("1018()", vec![set("1018", "", "")]),
        ] {
            let parsed: Vec<_> = DataSets::new(line).map(Result::unwrap).collect();
            assert_eq!(parsed, sets);
            let mut into = [0; 80];
            let mut n = 0;
            for one in sets {
                n += one.emit(&mut into[n..]).unwrap();
            }
            assert_eq!(&into[..n], line.as_bytes());
            let with_end = format!("{line}\r\n");
            assert_eq!(DataSets::new(&with_end).count(), parsed.len());
        }
    }

    #[test]
    fn what_is_no_data_set_ends_the_line() {
        for bad in ["1.8.0", "1.8.0(12", "1.8.0)12(", "1.8.0(1(2))", ")("] {
            let mut sets = DataSets::new(bad);
            assert_eq!(sets.next(), Some(Err(FormFault::DataSet)), "{bad}");
            assert_eq!(sets.next(), None);
        }
        assert_eq!(DataSets::new("").next(), None);
        let mut into = [0; 40];
        assert_eq!(set("1.8.0", "1)", "").emit(&mut into), Err(FormFault::Character(b')')));
        assert_eq!(set("1.8.0", "1", "").emit(&mut into[..7]), Err(FormFault::Buffer { needed: 8 }));
    }

    #[test]
    fn obis_codes_both_ways() {
        let code = ObisCode::short(1, 8, 0);
        for (text, parsed) in [
            ("1.8.0", code),
            ("C.1.0", ObisCode::short(96, 1, 0)),
            ("F.F", ObisCode { e: None, ..ObisCode::short(97, 97, 0) }),
            ("0.0", ObisCode { e: None, ..ObisCode::short(0, 0, 0) }),
            ("1.8.0*01", ObisCode { f: Some(1), ..code }),
            ("1.8.0&01", ObisCode { f: Some(1), ..code }),
            ("0:1.8.0", ObisCode { b: Some(0), ..code }),
            (
                "0-0:96.1.0*255",
                ObisCode { a: Some(0), b: Some(0), f: Some(255), ..ObisCode::short(96, 1, 0) },
            ),
        ] {
            assert_eq!(ObisCode::parse(text), Ok(parsed), "{text}");
            assert_eq!(ObisCode::parse(&parsed.to_string()), Ok(parsed));
            if !text.contains('&') && !text.ends_with("01") {
                assert_eq!(parsed.to_string(), text);
            }
        }
        for bad in
            ["", "1", "1.", ".8.0", "1.8.256", "1.8.+1", "1-1.8.0", "1.8.0.1", "x.1.0", "1018", "1.8.0*"]
        {
            assert_eq!(ObisCode::parse(bad), Err(FormFault::Obis), "{bad}");
        }
    }
}
