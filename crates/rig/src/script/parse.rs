//! Reading a script: every line is checked against the model before the first one is played.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use device::NvPart;
use models::Entry;
use schema::{KeyId, PortId, SettingDef, SettingId};
use units::{Point, decimal};

use super::send::send;
use super::{Command, Expectation, Line, Script, ScriptError, Subject};
use crate::say::{is_hex, is_ratio, ratio_value};
use crate::spec::{find_model, find_setting};
use crate::text::{FREQUENCY, S0_SUPPLY, TextError, parse_span, split_unit, words};
use crate::{Connection, LoadChange, WireChange};

/// The first words of all commands.
const WORDS: &str = "model, load, wiring, freq, advance, press, hold, mains, tariff-input, s0-supply, show, expect, set, modbus, mbus, ir, bluetooth, wire, fault";
const SUBJECTS: &str = "lcd, view, pixels, point, registers, setting or s0";

type Words<'a> = core::slice::Iter<'a, String>;

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// [`ScriptError`] names the first line that is wrong and what was expected there.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut entry: Option<&'static Entry> = None;
        let mut lines: Vec<Line> = Vec::new();
        let mut last = 1;
        // Some editors put a mark in front of the text that nobody sees.
        for (index, text) in text.trim_start_matches('\u{FEFF}').lines().enumerate() {
            let (number, text) = (index + 1, text.trim());
            last = number;
            let at = |fault| ScriptError { line: number, fault };
            if let Some(row) = text.strip_prefix('|') {
                picture(&mut lines, row).map_err(at)?;
                continue;
            }
            let words = words(text).map_err(at)?;
            let Some((first, rest)) = words.split_first() else { continue };
            match (entry, first.as_str()) {
                (None, "model") => entry = Some(model(rest).map_err(at)?),
                (None, _) => {
                    let expected = format!("model and a name first, such as model {}", example());
                    return Err(at(TextError::new(format!("\"{first}\" comes before the model"), expected)));
                }
                (Some(_), "model") => {
                    return Err(at(TextError::new(
                        "a second model",
                        "one model a script, in its first line",
                    )));
                }
                (Some(entry), _) => {
                    let command = command(entry, first, rest).map_err(at)?;
                    lines.push(Line { number, text: text.to_string(), command });
                }
            }
        }
        let entry = entry.ok_or_else(|| ScriptError {
            line: last,
            fault: TextError::new("the script names no model", format!("model {}", example())),
        })?;
        Ok(Self { entry, lines })
    }
}

fn example() -> &'static str {
    models::ALL.first().map_or("NAME", |entry| entry.def.slug)
}

/// Puts a row of a picture to the `expect pixels` before it.
fn picture(lines: &mut [Line], row: &str) -> Result<(), TextError> {
    match lines.last_mut().map(|line| &mut line.command) {
        Some(Command::Expect(Expectation::Pixels(rows))) => {
            rows.push(row.strip_prefix(' ').unwrap_or(row).trim_end().to_string());
            Ok(())
        }
        _ => Err(TextError::new("a row of a picture stands alone", "expect pixels in the line before it")),
    }
}

fn model(rest: &[String]) -> Result<&'static Entry, TextError> {
    match rest {
        [name] => find_model(name),
        [_, word, ..] => Err(too_many(word)),
        [] => Err(TextError::new("the model has no name", format!("model {}", example()))),
    }
}

fn command(entry: &'static Entry, first: &str, rest: &[String]) -> Result<Command, TextError> {
    let mut words = rest.iter();
    let command = match first {
        "load" => return load(entry, rest),
        "wiring" => Command::Connection(Connection::parse(entry.def, next(&mut words))?),
        "freq" => Command::Frequency(FREQUENCY.parse_u32(next(&mut words))?),
        "advance" => Command::Advance(parse_span(next(&mut words))?),
        "press" => Command::Press(key(entry, next(&mut words))?),
        "hold" => {
            let key = key(entry, next(&mut words))?;
            Command::Hold(key, parse_span(next(&mut words))?)
        }
        "mains" => match next(&mut words) {
            "on" => Command::Mains(true),
            "off" => Command::Mains(false),
            word => return Err(TextError::new(format!("mains \"{word}\""), "mains on or mains off")),
        },
        "tariff-input" if entry.def.tariff_input.is_none() => {
            let wrong = format!("{} has no tariff input", entry.def.slug);
            return Err(TextError::new(
                wrong,
                "set with the key of a setting, to change the tariff over the bus",
            ));
        }
        "tariff-input" => match next(&mut words) {
            "on" => Command::TariffInput(true),
            "off" => Command::TariffInput(false),
            word => {
                let wrong = format!("tariff-input \"{word}\"");
                return Err(TextError::new(wrong, "tariff-input on or tariff-input off"));
            }
        },
        "s0-supply" => {
            pulse_output(entry)?;
            Command::S0Supply(s0_supply(next(&mut words))?)
        }
        "fault" => Command::Damage(fault(&mut words)?),
        "set" => {
            let setting = find_setting(entry, next(&mut words))?;
            Command::Set(setting.id, value(setting, next(&mut words))?)
        }
        "modbus" => return send(entry, PortId::Modbus, rest),
        "mbus" => return send(entry, PortId::Mbus, rest),
        "ir" => return send(entry, PortId::Optical, rest),
        "bluetooth" => return send(entry, PortId::Radio, rest),
        "wire" => return wire(entry, rest),
        "show" => Command::Show(subject(entry, &mut words)?),
        "expect" => Command::Expect(expectation(entry, &mut words)?),
        _ => {
            return Err(TextError::new(
                format!("there is no command \"{first}\""),
                format!("one of {WORDS}"),
            ));
        }
    };
    match words.next() {
        None => Ok(command),
        Some(word) => Err(too_many(word)),
    }
}

/// Refuses what only a meter with a pulse output has.
fn pulse_output(entry: &'static Entry) -> Result<(), TextError> {
    if entry.def.metering.pulse_outputs.is_empty() {
        return Err(TextError::new(format!("{} has no pulse output", entry.def.slug), "another command"));
    }
    Ok(())
}

fn s0_supply(word: &str) -> Result<Option<u32>, TextError> {
    if word == "off" { Ok(None) } else { S0_SUPPLY.parse_u32(word).map(Some) }
}

fn s0(words: &mut Words<'_>) -> Result<Expectation, TextError> {
    const EXPECTED: &str =
        "a supply such as 24V or off, then open or closed, then how many pulses; not all are needed";
    let (mut supply, mut closed, mut pulses) = (None, None, None);
    let mut word = words.next();
    let wrong = |word: Option<&String>| {
        TextError::new(format!("s0 \"{}\"", word.map_or("", |word| word.as_str())), EXPECTED)
    };
    if let Some(text) = word.filter(|text| *text == "off" || S0_SUPPLY.fits(text)) {
        supply = Some(s0_supply(text)?);
        word = words.next();
    }
    if let Some(text) = word.filter(|text| matches!(text.as_str(), "open" | "closed")) {
        closed = Some(text == "closed");
        word = words.next();
    }
    if let Some(text) = word {
        pulses = Some(text.parse().map_err(|_| wrong(word))?);
    } else if supply.is_none() && closed.is_none() {
        return Err(wrong(None));
    }
    Ok(Expectation::S0 { supply, closed, pulses })
}

fn too_many(word: &str) -> TextError {
    TextError::new(format!("\"{word}\" is one word too many"), "the end of the line")
}

fn next<'a>(words: &mut Words<'a>) -> &'a str {
    words.next().map_or("", |word| word.as_str())
}

fn load(entry: &'static Entry, rest: &[String]) -> Result<Command, TextError> {
    LoadChange::parse(entry.def, &rest.join(" ")).map(Command::Load)
}

/// A change of the wire that the meter hangs on, or of its terminals there.
fn wire(entry: &'static Entry, rest: &[String]) -> Result<Command, TextError> {
    let Some(port) = entry.def.wired() else {
        return Err(TextError::new(format!("{} hangs on no wire", entry.def.slug), "another command"));
    };
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    WireChange::parse(&words).map(|change| Command::Wire(port, change))
}

/// What is damaged, and which part of it.
fn fault(words: &mut Words<'_>) -> Result<NvPart, TextError> {
    const EXPECTED: &str = "fault nv main, fault nv backup, fault nv mantissa or fault nv init";
    let (what, part) = (next(words), next(words));
    match (what, crate::image::part(part)) {
        ("nv", Some(part)) => Ok(part),
        ("nv", None) => Err(TextError::new(format!("the memory has no part \"{part}\""), EXPECTED)),
        _ => Err(TextError::new(format!("there is no fault \"{what}\""), EXPECTED)),
    }
}

/// A meter with one key calls it `key`, one with a dot matrix has three; of two that work together, both held are a third.
fn key(entry: &'static Entry, word: &str) -> Result<KeyId, TextError> {
    let wrong = |expected| TextError::new(format!("there is no key \"{word}\""), expected);
    if let Some(face) = entry.def.matrix {
        return match word {
            "left" => Ok(face.keys.left),
            "middle" => Ok(face.keys.middle),
            "right" => Ok(face.keys.right),
            _ => Err(wrong("left, middle or right")),
        };
    }
    if let Some(pair) = entry.def.panel.pair {
        return match word {
            "left" => Ok(pair.back),
            "both" => Ok(pair.both),
            "right" => Ok(pair.on),
            _ => Err(wrong("left, right or both")),
        };
    }
    match entry.def.keys {
        [only] if word == "key" => Ok(only.id),
        _ => Err(wrong("key, which is the only one")),
    }
}

fn value(setting: &'static SettingDef, text: &str) -> Result<i32, TextError> {
    setting.parse(text).map_err(|_| {
        let wrong = format!("{} cannot be \"{text}\"", setting.id.key());
        TextError::new(wrong, setting.allowed().to_string())
    })
}

fn point(word: &str) -> Result<Point, TextError> {
    word.parse().map_err(|_| {
        let expected = "one such as energy.forward, energy.reactive.reverse, power or voltage.l1";
        TextError::new(format!("there is no value \"{word}\""), expected)
    })
}

fn hex(word: &str) -> Result<u16, TextError> {
    let fits = (1..=4).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let value = if fits { u16::from_str_radix(word, 16).ok() } else { None };
    value.ok_or_else(|| {
        TextError::new(format!("\"{word}\" is no register"), "up to four hexadecimal digits, such as 4000")
    })
}

fn shown_setting(entry: &'static Entry, word: &str) -> Result<&'static SettingDef, TextError> {
    let setting = find_setting(entry, word)?;
    if setting.secret {
        return Err(TextError::new(
            format!("{word} is secret"),
            "another setting: this one is never read back",
        ));
    }
    Ok(setting)
}

fn subject(entry: &'static Entry, words: &mut Words<'_>) -> Result<Subject, TextError> {
    Ok(match next(words) {
        "lcd" => Subject::Lcd,
        "view" => Subject::View,
        "pixels" => Subject::Pixels,
        "point" => Subject::Point(point(next(words))?),
        "registers" => {
            let addr = hex(next(words))?;
            let count = words.next().map_or("1", |word| word.as_str());
            let number = count.parse().ok().filter(|count| (1..=modbus::pdu::MAX_READ).contains(count));
            let count = number.ok_or_else(|| {
                let expected = format!("how many registers, 1 to {}", modbus::pdu::MAX_READ);
                TextError::new(format!("\"{count}\" is no count"), expected)
            })?;
            Subject::Registers { addr, count }
        }
        "setting" => Subject::Setting(shown_setting(entry, next(words))?.id),
        "s0" => {
            pulse_output(entry)?;
            Subject::S0
        }
        word => return Err(TextError::new(format!("nothing is called \"{word}\""), SUBJECTS)),
    })
}

fn expectation(entry: &'static Entry, words: &mut Words<'_>) -> Result<Expectation, TextError> {
    Ok(match next(words) {
        "lcd" => {
            let text = words.next().ok_or_else(|| {
                TextError::new("the text is missing", "what stands on the digits, such as expect lcd \"OK\"")
            })?;
            lcd(entry, text, words)?
        }
        "view" => {
            let text = words.next().ok_or_else(|| {
                TextError::new(
                    "the sentence is missing",
                    "a sentence in quotation marks, as show view prints it",
                )
            })?;
            Expectation::View(text.clone())
        }
        "pixels" => Expectation::Pixels(Vec::new()),
        "point" => value_of(entry, point(next(words))?, next(words))?,
        "registers" => {
            let addr = hex(next(words))?;
            Expectation::Registers { addr, words: contents(words)? }
        }
        "setting" => {
            let setting = shown_setting(entry, next(words))?;
            Expectation::Setting(setting.id, value(setting, next(words))?)
        }
        "s0" => {
            pulse_output(entry)?;
            s0(words)?
        }
        word => return Err(TextError::new(format!("nothing is called \"{word}\""), SUBJECTS)),
    })
}

fn lcd(entry: &'static Entry, text: &str, words: &mut Words<'_>) -> Result<Expectation, TextError> {
    let Some(glass) = entry.def.glass.segments() else {
        // A line of a dot matrix; that it has no dots the end of the line says.
        return Ok(Expectation::Lcd { text: text.to_string(), dots: None });
    };
    lcd::check(glass, 0, text).map_err(|fault| {
        let expected = format!("up to {} glyphs that the glass can show", glass.cells.len());
        TextError::new(format!("\"{text}\" never stands there, {fault}"), expected)
    })?;
    let dots = match words.next().map(|word| word.as_str()) {
        None => None,
        Some("dots") => {
            let given = next(words);
            let tariff = usize::from(glass.tariff_digit);
            let digit = |c: char| c == '-' || c.is_ascii_digit();
            let fits = given.chars().count() == glass.dots.len() + tariff
                && given.chars().zip(glass.dots).all(|(c, dot)| c == '-' || c == dot.letter())
                && given.chars().skip(glass.dots.len()).all(digit);
            if !fits {
                let all: String = glass.dots.iter().map(|dot| dot.letter()).collect();
                let behind = if glass.tariff_digit { " and the tariff's digit" } else { "" };
                let expected = format!("the letters {all}{behind}, with - for each dark one");
                return Err(TextError::new(format!("dots \"{given}\""), expected));
            }
            Some(given.to_string())
        }
        Some(word) => {
            return Err(TextError::new(
                format!("\"{word}\" behind the text"),
                "dots, or the end of the line",
            ));
        }
    };
    Ok(Expectation::Lcd { text: text.to_string(), dots })
}

fn value_of(entry: &'static Entry, point: Point, text: &str) -> Result<Expectation, TextError> {
    let unit = point.unit();
    let expected = || match unit.symbol() {
        "" => "a number".to_string(),
        symbol => format!("a number with its unit, such as 1.5{symbol}"),
    };
    let wrong = || TextError::new(format!("{point} \"{text}\""), expected());
    if is_hex(entry, point) {
        let value = i64::from_str_radix(text, 16).map_err(|_| wrong())?;
        return Ok(Expectation::Point { point, value, decimals: 0 });
    }
    if is_ratio(point) {
        let expected = || TextError::new(format!("{point} \"{text}\""), "a ratio such as 500/5, or none");
        let value = ratio_value(text).ok_or_else(expected)?;
        return Ok(Expectation::Point { point, value, decimals: 0 });
    }
    let (number, symbol) = split_unit(text);
    if symbol != unit.symbol() {
        return Err(wrong());
    }
    let decimals = number.split_once('.').map_or(0, |(_, behind)| behind.len());
    let decimals = u8::try_from(decimals).ok().filter(|decimals| *decimals <= unit.decimals());
    let decimals = decimals.ok_or_else(|| {
        TextError::new(
            format!("{point} \"{text}\" is too fine"),
            format!("at most {} decimals", unit.decimals()),
        )
    })?;
    let value = decimal::parse(number, decimals).map_err(|_| wrong())?;
    Ok(Expectation::Point { point, value, decimals })
}

fn contents(words: &mut Words<'_>) -> Result<Result<Vec<u16>, u8>, TextError> {
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        if word == "exception" && found.is_empty() {
            let code = next(words);
            return match u8::from_str_radix(code, 16) {
                Ok(code @ 1..=11) => Ok(Err(code)),
                _ => Err(TextError::new(format!("exception \"{code}\""), "its number, such as exception 02")),
            };
        }
        found.push(hex(word)?);
    }
    if found.is_empty() || found.len() > usize::from(modbus::pdu::MAX_READ) {
        let wrong = format!("{} words", found.len());
        return Err(TextError::new(
            wrong,
            "1 to 125 words of hexadecimal digits, or exception and its number",
        ));
    }
    Ok(Ok(found))
}

/// The setting of an id that a parsed script holds.
pub(super) fn setting_def(entry: &'static Entry, id: SettingId) -> Option<&'static SettingDef> {
    entry.def.setting(id).map(|(_, setting)| setting)
}
