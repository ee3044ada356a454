//! A search of an M-Bus that was stopped, as its file holds it: what is searched, which speed is next, who was found.

use std::fs;
use std::io;
use std::path::Path;

use commission::find::{Finding, MbusScope, SearchScope};
use commission::mbus::Mask;

use crate::fault::{Fault, Kind};

const FIRST_LINE: &str = "metertwin find mbus 1";

/// Where a meter was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub baud: u32,
    pub address: u8,
    /// Its secondary address, as a selection of nobody else.
    pub exactly: Mask,
}

/// A search that was stopped.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    pub scope: MbusScope,
    /// The number of the speed that was not searched to its end.
    pub stage: usize,
    pub found: Vec<Known>,
}

fn hex(mask: Mask) -> String {
    mask.0.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn mask(text: &str) -> Option<Mask> {
    let whole = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u64::from_str_radix(text, 16).ok().filter(|_| whole)?;
    Some(Mask(number.to_be_bytes()))
}

fn range(text: &str) -> Option<(u8, u8)> {
    let (first, last) = text.split_once('-')?;
    let (first, last): (u8, u8) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last && last <= 250).then_some((first, last))
}

fn known(line: &str) -> Option<Known> {
    let mut words = line.strip_prefix("found ")?.split(' ');
    let baud = SearchScope::parse_speeds(words.next()?).ok()?;
    let address = words.next()?.parse().ok()?;
    let exactly = mask(words.next()?)?;
    match (baud.as_slice(), words.next()) {
        ([baud], None) => Some(Known { baud: *baud, address, exactly }),
        _ => None,
    }
}

impl Kept {
    pub fn of(scope: &MbusScope, stage: usize, found: &[Finding]) -> Self {
        let found = found.iter().filter_map(|finding| match finding {
            Finding::Mbus { line, meter } => {
                let exactly = Mask::exactly(meter.identity);
                Some(Known { baud: line.baud, address: meter.address, exactly })
            }
            Finding::Modbus { .. } => None,
        });
        Self { scope: scope.clone(), stage, found: found.collect() }
    }

    fn text(&self) -> String {
        let MbusScope { speeds, secondary, primary, letters } = &self.scope;
        let speeds: Vec<String> = speeds.iter().map(ToString::to_string).collect();
        let numbers = secondary.map_or("-".to_owned(), hex);
        let addresses = primary.map_or("-".to_owned(), |(first, last)| format!("{first}-{last}"));
        let mut text = format!(
            "{FIRST_LINE}\nspeeds {} numbers {numbers} addresses {addresses} letters {} done {}\n",
            speeds.join(","),
            if *letters { "yes" } else { "no" },
            self.stage
        );
        for Known { baud, address, exactly } in &self.found {
            text.push_str(&format!("found {baud} {address} {}\n", hex(*exactly)));
        }
        text
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(format!(
                "expected a file that a search of an M-Bus has left, which begins with \"{FIRST_LINE}\""
            ));
        }
        let mut words = lines.next().unwrap_or("").split(' ');
        let mut part = |name: &str| {
            let found = words.next().unwrap_or("nothing");
            if found != name {
                return Err(format!("\"{found}\" stands where \"{name}\" should"));
            }
            words.next().ok_or_else(|| format!("nothing stands behind \"{name}\""))
        };
        let wrong = |text: &str, expected: &str| format!("\"{text}\" does not fit: expected {expected}");
        let speeds = SearchScope::parse_speeds(part("speeds")?).map_err(|why| why.to_string())?;
        let secondary = match part("numbers")? {
            "-" => None,
            text => Some(mask(text).ok_or_else(|| wrong(text, "16 hex digits, or -"))?),
        };
        let primary = match part("addresses")? {
            "-" => None,
            text => Some(range(text).ok_or_else(|| wrong(text, "FIRST-LAST within 0 to 250, or -"))?),
        };
        let letters = match part("letters")? {
            "yes" => true,
            "no" => false,
            text => return Err(wrong(text, "yes or no")),
        };
        let scope = MbusScope { speeds, secondary, primary, letters };
        let all = scope.stages().count();
        let done = part("done")?;
        let stage = done.parse().ok().filter(|stage| *stage < all.max(1));
        let stage = stage.ok_or_else(|| wrong(done, &format!("a number below {all}")))?;
        let found =
            lines.map(|line| known(line).ok_or(format!("\"{line}\": expected found BAUD ADDRESS HEX")));
        Ok(Self { scope, stage, found: found.collect::<Result<_, _>>()? })
    }

    pub fn save(&self, file: &Path) -> Result<(), Fault> {
        write(file, &self.text())
    }

    /// `None` where there is no such file: the search is a new one.
    pub fn load(file: &Path) -> Result<Option<Self>, Fault> {
        read(file, Self::parse)
    }
}

/// Keeps what a search has left.
pub fn write(file: &Path, text: &str) -> Result<(), Fault> {
    fs::write(file, text)
        .map_err(|why| Fault::new(Kind::Input, format!("{} cannot be written: {why}.", file.display())))
}

/// What a search has left; `None` where there is no such file: the search is a new one.
pub fn read<T>(file: &Path, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>, Fault> {
    match fs::read_to_string(file) {
        Ok(text) => parse(&text)
            .map(Some)
            .map_err(|why| Fault::option("--resume", format!("{}: {why}", file.display()))),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(Fault::option("--resume", format!("{} cannot be read: {why}", file.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_back_and_what_is_wrong_in_it_is_named() {
        let scope = MbusScope { primary: Some((3, 9)), ..MbusScope::default() };
        let exactly = Mask([0x01, 0x00, 0x07, 0x13, 0xAA, 0x25, 0x01, 0x02]);
        let kept = Kept { scope, stage: 2, found: vec![Known { baud: 2_400, address: 7, exactly }] };
        let text = kept.text();
        assert_eq!(Kept::parse(&text).unwrap(), kept);
        assert!(text.ends_with("addresses 3-9 letters no done 2\nfound 2400 7 01000713AA250102\n"), "{text}");
        for (from, to, wrong) in [
            ("find mbus 1", "find 1", "expected a file that a search of an M-Bus has left"),
            ("speeds", "spoods", "\"spoods\" stands where \"speeds\" should"),
            ("speeds 2400", "speeds 7", "\"7\" does not fit: expected speeds in Bd"),
            ("FFFF addresses", "FFG addresses", "does not fit: expected 16 hex digits"),
            ("3-9", "9-3", "\"9-3\" does not fit: expected FIRST-LAST"),
            ("letters no", "letters on", "\"on\" does not fit: expected yes or no"),
            ("done 2", "done 99", "\"99\" does not fit: expected a number below"),
            ("done 2", "", "\"\" stands where \"done\" should"),
            ("2400 7 ", "2400 ", "\"found 2400 01000713AA250102\": expected found BAUD ADDRESS HEX"),
        ] {
            let error = Kept::parse(&text.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
