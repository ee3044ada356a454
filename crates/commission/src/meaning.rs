//! What frames mean, in words and in both directions, from the model's own tables.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use modbus::{Exception, Request, Response, Words, pdu, rtu};
use models::Entry;
use schema::{Access, Codec, CodecError, Kind, RegisterDef, SettingId, Source};
use units::Duration;

use crate::bus::{Direction, Place};
use crate::names::{self, Row};
use crate::radio;
use crate::sentence;

/// How many values of an answer are written out.
const SHOWN: usize = 4;

/// What is known of the meter whose frames are put into words.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    /// Its model.
    pub entry: Option<&'static Entry>,
    /// Its [`SettingId::DataType`], which says how counters stand in its registers; `None` until it was read or told.
    pub data_type: Option<i32>,
}

impl About {
    /// A meter of this model, of whose settings nothing was read yet.
    #[must_use]
    pub const fn of(entry: Option<&'static Entry>) -> Self {
        Self { entry, data_type: None }
    }

    /// Takes the data type out of what a frame and its answer say. A write of it whose answer is missing leaves it
    /// unknown.
    pub(crate) fn learn(&mut self, asked: Option<&Request<'_>>, outcome: &modbus::Outcome<'_>) {
        let Some((entry, asked)) = self.entry.zip(asked) else { return };
        let Some(row) = names::row_of(entry, Source::Setting(SettingId::DataType)) else { return };
        let taken = |address: u16, words: &[u16]| {
            let at = usize::from(row.def.addr.checked_sub(address)?);
            let value = names::decode(entry, row.def, words.get(at..)?.get(..1)?).ok()?;
            i32::try_from(value).ok()
        };
        let written: (u16, Vec<u16>) = match *asked {
            Request::WriteSingle { address, value } => (address, Vec::from([value])),
            Request::WriteMultiple { address, words } => (address, words.iter().collect()),
            Request::ReadHolding { address, .. } | Request::ReadInput { address, .. } => {
                if let modbus::Outcome::Reply(reply) = outcome
                    && let Response::Read { words, .. } = reply.response
                {
                    self.data_type = taken(address, &words.iter().collect::<Vec<_>>()).or(self.data_type);
                }
                return;
            }
            Request::Other { .. } => return,
        };
        if let Some(value) = taken(written.0, &written.1) {
            match outcome {
                modbus::Outcome::Reply(_) => self.data_type = Some(value),
                modbus::Outcome::Refused { .. } => {}
                _ => self.data_type = None,
            }
        }
    }

    /// What stands in the registers of a row; `None` where that depends on a data type that is not known.
    fn decode(
        self,
        entry: &'static Entry,
        def: &RegisterDef,
        words: &[u16],
    ) -> Option<Result<i64, CodecError>> {
        if self.data_type.is_some() || !self.depends(entry, def) {
            return Some(names::decode_in(entry, def, words, self.data_type));
        }
        // Zero stands alike in all forms.
        let mut forms = data_types(entry).map(|form| names::decode_in(entry, def, words, Some(form)));
        let first = forms.next()?;
        forms.all(|other| other == first).then_some(first)
    }

    /// True for a row that stands otherwise in another data type, on a meter that has several.
    fn depends(self, entry: &'static Entry, def: &RegisterDef) -> bool {
        data_types(entry).any(|form| def.codec.in_form(Some(form)) != def.codec)
    }

    /// The value of a row in words, its registers where nobody knows what they mean.
    pub(crate) fn value(self, entry: &'static Entry, def: &RegisterDef, words: &[u16]) -> String {
        match self.decode(entry, def, words) {
            Some(Ok(value)) => names::value_text(entry, def, value).to_string(),
            Some(Err(fault)) => fault.to_string(),
            None => format!("{} ({UNKNOWN_FORM})", digits(words)),
        }
    }

    fn form(self, entry: &'static Entry, def: &RegisterDef) -> &'static str {
        if self.data_type.is_none() && self.depends(entry, def) {
            "float or whole number, high word first"
        } else {
            codec_text(def.codec.in_form(self.data_type))
        }
    }
}

/// Why registers that hold a counter stand as they came.
const UNKNOWN_FORM: &str = "float or whole number: the meter's data type was not read yet";

/// The values of a model's data type; none where it has no such setting.
fn data_types(entry: &'static Entry) -> impl Iterator<Item = i32> {
    let choices = match names::setting(entry, SettingId::DataType).map(|setting| setting.kind) {
        Some(Kind::OneOf(choices)) => choices,
        _ => &[],
    };
    choices.iter().map(|choice| choice.value)
}

/// Registers as they came.
fn digits(words: &[u16]) -> String {
    let digits: Vec<String> = words.iter().map(|word| format!("{word:04X}")).collect();
    digits.join(" ")
}

/// What a request asks: "Read voltage, 2 words at 5000h", "Set scroll time to 15 s".
#[must_use]
pub fn request(about: About, request: &Request<'_>) -> String {
    match *request {
        Request::ReadHolding { address, count } => read_text(about.entry, address, count, ""),
        Request::ReadInput { address, count } => {
            read_text(about.entry, address, count, " as input registers")
        }
        Request::WriteSingle { address, value } => write_text(about, address, &[value]),
        Request::WriteMultiple { address, words } => {
            write_text(about, address, &words.iter().collect::<Vec<_>>())
        }
        Request::Other { function, data } => {
            format!("Function {function:02X}h with {} bytes, which this program does not know", data.len())
        }
    }
}

/// What an answer says: "230.1 V", "Refused: register 5036h does not exist in this model (02)".
#[must_use]
pub fn response(about: About, asked: Option<&Request<'_>>, response: &Response<'_>) -> String {
    match *response {
        Response::Read { words, .. } if words.is_empty() => "Answers with no register".to_string(),
        Response::Read { words, .. } => match asked {
            Some(Request::ReadHolding { address, .. } | Request::ReadInput { address, .. }) => {
                values_text(about, *address, words)
            }
            _ => format!("{} words", words.len()),
        },
        Response::WriteSingle { address, value } => {
            format!("Accepted: {}", names::inside(&write_text(about, address, &[value])))
        }
        Response::WriteMultiple { address, count } => match asked {
            Some(asked @ Request::WriteMultiple { .. }) => {
                format!("Accepted: {}", names::inside(&request(about, asked)))
            }
            _ => format!("Accepted: {count} words at {address:04X}h"),
        },
        Response::Exception { exception, .. } => {
            format!("Refused: {}", refusal(about.entry, asked, exception))
        }
        Response::Other { function, data } => {
            format!("Function {function:02X}h answers with {} bytes", data.len())
        }
    }
}

/// Question and answer in one line; `None` stands for no answer yet.
#[must_use]
pub fn meaning(about: About, asked: &Request<'_>, answer: Option<&Response<'_>>) -> String {
    let question = request(about, asked);
    match answer {
        Some(answer) => format!("{question}: {}", response(about, Some(asked), answer)),
        None => question,
    }
}

pub(crate) fn of_request(about: About, asked: Option<&Request<'_>>) -> String {
    asked.map_or_else(|| "Bytes as they were given".to_string(), |asked| request(about, asked))
}

pub(crate) fn of_outcome(
    about: About,
    asked: Option<&Request<'_>>,
    outcome: &modbus::Outcome<'_>,
    place: Place,
    waited: Duration,
) -> String {
    match outcome {
        modbus::Outcome::Reply(reply) => response(about, asked, &reply.response),
        modbus::Outcome::Refused { exception, .. } => {
            format!("Refused: {}", refusal(about.entry, asked, *exception))
        }
        modbus::Outcome::Unconfirmed { .. } => {
            "What came back may be the echo of the write, so it proves nothing".to_string()
        }
        modbus::Outcome::Sent => "Sent to all meters, which do not answer".to_string(),
        modbus::Outcome::Raw { bytes: [], .. } => "No answer".to_string(),
        modbus::Outcome::Raw { bytes, .. } => match rtu::parse_response(bytes, asked) {
            Ok((_, answer)) => response(about, asked, &answer),
            Err(fault) => format!("{} bytes that are no answer: {fault}", bytes.len()),
        },
        modbus::Outcome::Failed { fault, .. } => sentence::silence(*fault, place, 1, waited),
    }
}

/// Why the meter refused, in words, with the number of the exception.
#[must_use]
pub fn refusal(entry: Option<&'static Entry>, asked: Option<&Request<'_>>, exception: Exception) -> String {
    let code = exception.code();
    let range = asked.and_then(range_of);
    match (exception, asked, range, entry) {
        (Exception::IllegalFunction, Some(asked), ..) => {
            format!("the meter does not know function {:02X}h (01)", asked.function())
        }
        (Exception::IllegalDataAddress, Some(asked), Some(range), Some(entry)) => {
            let writes = matches!(asked, Request::WriteSingle { .. } | Request::WriteMultiple { .. });
            match range.clone().find(|addr| !exists(entry, *addr)) {
                Some(addr) => format!("register {addr:04X}h does not exist in this model (02)"),
                None if writes => match range.clone().find(|addr| !can_be_written(entry, *addr)) {
                    Some(addr) => format!("register {addr:04X}h cannot be written (02)"),
                    None => format!("register {:04X}h cannot be written like this (02)", range.start),
                },
                None => format!("register {:04X}h cannot be read like this (02)", range.start),
            }
        }
        (Exception::IllegalDataAddress, _, Some(range), None) => {
            format!("there is no register at {:04X}h, or not for this use (02)", range.start)
        }
        (Exception::IllegalDataValue, Some(asked), _, Some(entry)) => match written_setting(entry, asked) {
            Some((row, setting, value)) => format!(
                "{} is no value for {}; allowed: {} (03)",
                value.map_or_else(
                    || "this".to_string(),
                    |value| names::setting_text(setting, value).to_string()
                ),
                names::inside(&names::label(entry, &row)),
                setting.allowed()
            ),
            None => "this number of registers, or this value, is not allowed (03)".to_string(),
        },
        (Exception::IllegalDataValue, ..) => {
            "this number of registers, or this value, is not allowed (03)".to_string()
        }
        _ => match exception.to_string().split_once(" (exception") {
            Some((words, _)) => format!("{words} ({code:02X})"),
            None => exception.to_string(),
        },
    }
}

type Written = (Row, &'static schema::SettingDef, Option<i64>);

fn written_setting(entry: &'static Entry, asked: &Request<'_>) -> Option<Written> {
    let (address, words): (u16, Vec<u16>) = match *asked {
        Request::WriteSingle { address, value } => (address, Vec::from([value])),
        Request::WriteMultiple { address, words } => (address, words.iter().collect()),
        _ => return None,
    };
    let row = names::row_at(entry, address)?;
    let Source::Setting(id) = row.def.source else { return None };
    let whole = row.def.addr == address && words.len() >= usize::from(row.def.codec.words());
    let value = whole.then(|| names::decode(entry, row.def, &words).ok()).flatten();
    Some((row, names::setting(entry, id)?, value))
}

fn range_of(asked: &Request<'_>) -> Option<Range<u16>> {
    let (address, count) = match *asked {
        Request::ReadHolding { address, count } | Request::ReadInput { address, count } => (address, count),
        Request::WriteSingle { address, .. } => (address, 1),
        Request::WriteMultiple { address, words } => (address, u16::try_from(words.len()).ok()?),
        Request::Other { .. } => return None,
    };
    Some(address..address.saturating_add(count.max(1)))
}

fn exists(entry: &'static Entry, addr: u16) -> bool {
    names::row_at(entry, addr).is_some()
}

fn can_be_written(entry: &'static Entry, addr: u16) -> bool {
    names::row_at(entry, addr).is_some_and(|row| row.def.access != Access::Read)
}

/// The rows that a range touches.
pub(crate) fn touched(entry: &'static Entry, address: u16, count: u16) -> Vec<Row> {
    let end = u32::from(address) + u32::from(count);
    names::rows(entry)
        .filter(|row| u32::from(row.def.addr) < end && row.def.end() > u32::from(address))
        .collect()
}

fn read_text(entry: Option<&'static Entry>, address: u16, count: u16, how: &str) -> String {
    let words = if count == 1 { "word" } else { "words" };
    let place = format!("{count} {words} at {address:04X}h{how}");
    let Some(entry) = entry else { return format!("Read {place}") };
    let rows = touched(entry, address, count);
    match (rows.first(), rows.last()) {
        (Some(row), _) if rows.len() == 1 => {
            format!("Read {}, {place}", names::inside(&names::label(entry, row)))
        }
        (Some(first), Some(last)) => {
            let (first, last) = (names::label(entry, first), names::label(entry, last));
            format!("Read {} to {}, {place}", names::inside(&first), names::inside(&last))
        }
        _ => format!("Read {place}, where this model has no register"),
    }
}

fn write_text(about: About, address: u16, words: &[u16]) -> String {
    let raw = || format!("Write {} to {address:04X}h", digits(words));
    if radio::is_lock(address) {
        return radio::HIDDEN.to_string();
    }
    let Some(entry) = about.entry else { return raw() };
    let mut parts = Vec::new();
    for row in touched(entry, address, u16::try_from(words.len()).unwrap_or(0)) {
        let Some(own) = row.def.addr.checked_sub(address).and_then(|at| words.get(usize::from(at)..)) else {
            return raw();
        };
        if own.len() < usize::from(row.def.codec.words()) {
            return raw();
        }
        parts.push(match row.def.access {
            Access::Command(command, _) => format!("reset the {}", names::command_label(command)),
            Access::Read | Access::Write => {
                let label = names::inside(&names::label(entry, &row));
                match about.decode(entry, row.def, own) {
                    Some(Err(fault)) => format!("set {label}, but {fault}"),
                    _ => format!("set {label} to {}", about.value(entry, row.def, own)),
                }
            }
        });
    }
    if parts.is_empty() {
        return format!("{}, where this model has no register", raw());
    }
    capital(parts.join(", "))
}

fn capital(mut text: String) -> String {
    if let Some(head) = text.get_mut(..1) {
        head.make_ascii_uppercase();
    }
    text
}

/// The values of `words`, read from `address` on.
fn values_text(about: About, address: u16, words: Words<'_>) -> String {
    let raw = || format!("{words:?}").trim_matches(['[', ']']).to_string();
    let Some(entry) = about.entry else { return raw() };
    let all: Vec<u16> = words.iter().collect();
    let rows = touched(entry, address, u16::try_from(all.len()).unwrap_or(0));
    if rows.is_empty() {
        return raw();
    }
    let single = rows.len() == 1;
    let mut texts: Vec<String> = rows
        .iter()
        .take(SHOWN)
        .map(|row| {
            let text = row_text(about, entry, row.def, address, &all);
            if single { text } else { format!("{} {text}", names::inside(&names::label(entry, row))) }
        })
        .collect();
    if rows.len() > SHOWN {
        texts.push(format!("and {} more", rows.len() - SHOWN));
    }
    texts.join(", ")
}

fn row_text(
    about: About,
    entry: &'static Entry,
    def: &'static RegisterDef,
    address: u16,
    all: &[u16],
) -> String {
    let own = def.addr.checked_sub(address).and_then(|at| {
        let at = usize::from(at);
        all.get(at..at + usize::from(def.codec.words()))
    });
    own.map_or_else(|| "half a value".to_string(), |own| about.value(entry, def, own))
}

/// A note on some bytes of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteNote {
    /// Which bytes.
    pub bytes: Range<usize>,
    /// What they are.
    pub text: String,
}

/// Explains an RTU frame byte by byte. An answer is explained by the frame it belongs to, where that is given.
#[must_use]
pub fn annotate(about: About, direction: Direction, frame: &[u8], asked: Option<&[u8]>) -> Vec<ByteNote> {
    let mut notes = Notes(Vec::new());
    let [unit, function, ..] = *frame else {
        if !frame.is_empty() {
            notes.add(0..frame.len(), "too short for a frame".to_string());
        }
        return notes.0;
    };
    let end = frame.len().saturating_sub(2).max(2);
    notes.add(0..1, if unit == 0 { "all meters".to_string() } else { format!("id {unit}") });
    let asked = asked.and_then(|frame| rtu::parse_request(frame).ok()).map(|(_, request)| request);
    let body = frame.get(1..end).unwrap_or_default();
    match direction {
        Direction::Sent => notes.request(about, function, pdu::parse_request(body).ok(), end),
        Direction::Heard => notes.response(about, function, pdu::parse_response(body, None).ok(), asked, end),
    }
    if frame.len() >= rtu::MIN_FRAME {
        let text = match rtu::open(frame) {
            Ok(_) => "checksum good".to_string(),
            Err(fault) => format!("checksum wrong: {fault}"),
        };
        notes.add(end..frame.len(), text);
    } else if frame.len() > end {
        notes.add(end..frame.len(), "too short for a frame".to_string());
    }
    notes.0
}

struct Notes(Vec<ByteNote>);

impl Notes {
    fn add(&mut self, bytes: Range<usize>, text: String) {
        self.0.push(ByteNote { bytes, text });
    }

    fn request(&mut self, about: About, function: u8, request: Option<Request<'_>>, end: usize) {
        self.add(1..2, function_text(function));
        match request {
            Some(Request::ReadHolding { address, count } | Request::ReadInput { address, count }) => {
                self.add(2..4, register_text(about.entry, address));
                self.add(4..6, registers(count));
            }
            Some(Request::WriteSingle { address, value }) => {
                self.add(2..4, register_text(about.entry, address));
                self.values(about, address, &[value], 4);
            }
            Some(Request::WriteMultiple { address, words }) => {
                self.add(2..4, register_text(about.entry, address));
                self.add(4..6, registers(u16::try_from(words.len()).unwrap_or(u16::MAX)));
                self.add(6..7, follow(words.len() * 2));
                self.values(about, address, &words.iter().collect::<Vec<_>>(), 7);
            }
            Some(Request::Other { .. }) | None => self.rest(end),
        }
    }

    fn response(
        &mut self,
        about: About,
        function: u8,
        response: Option<Response<'_>>,
        asked: Option<Request<'_>>,
        end: usize,
    ) {
        match response {
            Some(Response::Read { words, .. }) => {
                self.add(1..2, function_text(function));
                self.add(2..3, follow(words.len() * 2));
                let words: Vec<u16> = words.iter().collect();
                match asked {
                    Some(Request::ReadHolding { address, .. } | Request::ReadInput { address, .. }) => {
                        self.values(about, address, &words, 3);
                    }
                    _ => self.words(&words, 3),
                }
            }
            Some(Response::WriteSingle { address, value }) => {
                self.add(1..2, function_text(function));
                self.add(2..4, register_text(about.entry, address));
                self.values(about, address, &[value], 4);
            }
            Some(Response::WriteMultiple { address, count }) => {
                self.add(1..2, function_text(function));
                self.add(2..4, register_text(about.entry, address));
                self.add(4..6, registers(count));
            }
            Some(Response::Exception { function, exception }) => {
                self.add(1..2, format!("refused: {}", function_text(function)));
                self.add(2..3, refusal(about.entry, asked.as_ref(), exception));
            }
            Some(Response::Other { .. }) | None => {
                self.add(1..2, function_text(function));
                self.rest(end);
            }
        }
    }

    fn rest(&mut self, end: usize) {
        if end > 2 {
            self.add(2..end, format!("{} bytes that this program does not know", end - 2));
        }
    }

    fn words(&mut self, words: &[u16], start: usize) {
        for (number, word) in words.iter().enumerate() {
            let at = start + 2 * number;
            self.add(at..at + 2, format!("{word:04X}h"));
        }
    }

    /// The values in `words`, whose first byte stands at `start`.
    fn values(&mut self, about: About, address: u16, words: &[u16], start: usize) {
        let Some(entry) = about.entry else { return self.words(words, start) };
        let mut at = 0usize;
        while let Some(word) = words.get(at) {
            let here = u16::try_from(at).ok().and_then(|at| address.checked_add(at));
            let row = here.and_then(|addr| names::row_at(entry, addr));
            let from = start + 2 * at;
            let whole = row.filter(|row| Some(row.def.addr) == here).and_then(|row| {
                let len = usize::from(row.def.codec.words());
                words.get(at..at + len).map(|own| (row, own, len))
            });
            if let Some((row, own, len)) = whole {
                let label = names::inside(&names::label(entry, &row));
                let (form, value) = (about.form(entry, row.def), about.value(entry, row.def, own));
                self.add(from..from + 2 * len, format!("{label}: {form}: {value}"));
                at += len;
            } else {
                let what = if row.is_some() { "half a value" } else { "no register of this model" };
                self.add(from..from + 2, format!("{what}: {word:04X}h"));
                at += 1;
            }
        }
    }
}

fn function_text(function: u8) -> String {
    match function & !pdu::EXCEPTION_BIT {
        pdu::READ_HOLDING => "read".to_string(),
        pdu::READ_INPUT => "read input registers".to_string(),
        pdu::WRITE_SINGLE => "write one register".to_string(),
        pdu::WRITE_MULTIPLE => "write registers".to_string(),
        other => format!("function {other:02X}h"),
    }
}

fn register_text(entry: Option<&'static Entry>, address: u16) -> String {
    let label = entry.and_then(|entry| names::row_at(entry, address).map(|row| names::label(entry, &row)));
    match label {
        Some(label) => format!("register {address:04X}h: {}", names::inside(&label)),
        None => format!("register {address:04X}h"),
    }
}

fn registers(count: u16) -> String {
    if count == 1 { "1 register".to_string() } else { format!("{count} registers") }
}

fn follow(bytes: usize) -> String {
    if bytes == 1 { "1 byte follows".to_string() } else { format!("{bytes} bytes follow") }
}

const fn codec_text(codec: Codec) -> &'static str {
    match codec {
        Codec::U16 => "whole number",
        Codec::Bcd16 => "decimal digits",
        Codec::Bcd32 => "decimal digits, high word first",
        Codec::Hex16 => "hexadecimal digits",
        Codec::Hex32 => "hexadecimal digits, high word first",
        Codec::F32 { .. } | Codec::Counter { .. } | Codec::Total { .. } => "float, high word first",
        Codec::U32 | Codec::I32 => "whole number, high word first",
        Codec::Speed => "number of the speed",
        Codec::Ratio => "decimal digits, primary and secondary current",
        Codec::Direction { .. } => "two characters",
    }
}
