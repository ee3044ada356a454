//! Modbus RTU, heard from the side: requests and answers named, models learnt from the identity they tell.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ::modbus::{Heard, Request, Response, Words, pdu, rtu};
use models::Entry;
use schema::{IdentityOf, RegisterDef, SettingId, Source};
use units::Instant;

use super::book::{Answering, Asking, Awaits, Book};
use super::figures::{Node, PollKey, Seen};
use super::{Stamps, small};
use crate::meaning::{self, About};
use crate::names;

/// How many values of an answer are written out.
const SHOWN: usize = 4;
/// How many words of a meter whose model is not known.
const WORDS: usize = 8;

/// Takes what the sniffer has heard.
pub(super) fn take(book: &mut Book, stamps: &mut Stamps, heard: &Heard<'_>) {
    match *heard {
        Heard::Request { at, unit, ref request, frame } => {
            let at = stamps.tell(frame.len()).unwrap_or(at);
            let key = key(request);
            let awaits = match (unit, request) {
                (0, Request::ReadHolding { .. } | Request::ReadInput { .. }) => Awaits::Perhaps,
                (0, _) => Awaits::Nobody,
                _ => Awaits::Answer,
            };
            let asks = small(meaning::request(about(book, unit), request));
            book.request(at, Asking { unit, function: request.function(), key, frame, asks, awaits });
        }
        Heard::Response { at, unit, ref response, to, frame } => {
            let at = stamps.tell(frame.len()).unwrap_or(at);
            let asked = book.open().filter(|_| to.is_some()).map(|open| open.frame.clone());
            let asked = asked.as_deref().and_then(|frame| rtu::parse_request(frame).ok());
            let asked = asked.map(|(_, request)| request);
            if let (Some(asked), Response::Read { words, .. }) = (&asked, response) {
                learn(book, unit, at, asked, *words);
            }
            let says = says(about(book, unit), asked.as_ref(), response);
            let refused = match response {
                Response::Exception { exception, .. } => Some(exception.code()),
                _ => None,
            };
            let fits = to.is_some();
            book.answer(at, Answering { unit, function: response.function(), fits, frame, refused, says });
        }
        Heard::Damaged { at, bytes } => {
            let at = stamps.tell(bytes.len()).unwrap_or(at);
            let why = why(book, bytes);
            book.damaged(at, bytes, &why);
        }
        Heard::Line { at, error } => book.line_error(at, error),
    }
}

fn key(request: &Request<'_>) -> PollKey {
    let (address, count) = match *request {
        Request::ReadHolding { address, count } | Request::ReadInput { address, count } => {
            (Some(address), Some(count))
        }
        Request::WriteSingle { address, .. } => (Some(address), Some(1)),
        Request::WriteMultiple { address, words } => (Some(address), u16::try_from(words.len()).ok()),
        Request::Other { .. } => (None, None),
    };
    PollKey { function: request.function(), address, count }
}

/// What damaged bytes look like.
fn why(book: &Book, bytes: &[u8]) -> String {
    let open = book.open().filter(|_| book.awaits());
    match (bytes, open) {
        ([unit, function, ..], Some(open))
            if *unit == open.unit && open.frame.get(1) == Some(&(function & !pdu::EXCEPTION_BIT)) =>
        {
            let what = match rtu::response_len(bytes) {
                rtu::FrameLen::Exactly(len) if bytes.len() < len => {
                    format!("{} are missing", len - bytes.len())
                }
                _ => "its checksum is wrong".to_string(),
            };
            format!("it looks like the answer of id {unit}, but {what}")
        }
        _ => String::new(),
    }
}

/// What is known of an id: its model, and what its own setting says about the form of its counters.
fn about(book: &Book, unit: u8) -> About {
    let entry = book.entry(unit);
    let data_type = entry.zip(book.nodes.get(&unit)).and_then(|(entry, node)| form(node, entry));
    About { entry, data_type }
}

fn form(node: &Node, entry: &'static Entry) -> Option<i32> {
    let row = names::row_of(entry, Source::Setting(SettingId::DataType))?;
    let words = heard_words(node, row.def)?;
    names::decode(entry, row.def, &words).ok().and_then(|value| i32::try_from(value).ok())
}

/// The words of a row as they were heard last.
fn heard_words(node: &Node, def: &RegisterDef) -> Option<Vec<u16>> {
    (0..def.codec.words())
        .map(|at| node.words.get(&def.addr.checked_add(at)?).map(|(word, _)| *word))
        .collect()
}

/// An answer in words: "voltage L2 231.4 V", or the bare words where the model is not known.
fn says(about: About, asked: Option<&Request<'_>>, response: &Response<'_>) -> String {
    let entry = about.entry;
    let (Response::Read { words, .. }, Some(asked)) = (response, asked) else {
        return small(meaning::response(about, asked, response));
    };
    let (Request::ReadHolding { address, .. } | Request::ReadInput { address, .. }) = *asked else {
        return small(meaning::response(about, Some(asked), response));
    };
    let words: Vec<u16> = words.iter().collect();
    let rows = entry.map(|entry| {
        (entry, meaning::touched(entry, address, u16::try_from(words.len()).unwrap_or(u16::MAX)))
    });
    match rows {
        Some((entry, rows)) if !rows.is_empty() => {
            let value = |row: &names::Row| {
                let label = names::inside(&names::label(entry, row));
                let own = row
                    .def
                    .addr
                    .checked_sub(address)
                    .map(usize::from)
                    .and_then(|at| words.get(at..at + usize::from(row.def.codec.words())));
                let text = match own {
                    None => "half a value".to_string(),
                    Some(own) => about.value(entry, row.def, own),
                };
                format!("{label} {text}")
            };
            let mut all: Vec<String> = rows.iter().take(SHOWN).map(value).collect();
            if rows.len() > SHOWN {
                all.push(format!("and {} more", rows.len() - SHOWN));
            }
            all.join(", ")
        }
        _ => {
            let shown: Vec<String> = words.iter().take(WORDS).map(|word| format!("{word:04X}")).collect();
            let more = if words.len() > WORDS {
                format!(" and {} more", words.len() - WORDS)
            } else {
                String::new()
            };
            let count =
                if words.len() == 1 { "1 word".to_string() } else { format!("{} words", words.len()) };
            format!("{count} from {address:04X}h: {}{more}", shown.join(" "))
        }
    }
}

/// Keeps the registers that were told, and recognises the meter by its identity among them.
fn learn(book: &mut Book, unit: u8, at: Instant, asked: &Request<'_>, words: Words<'_>) {
    let (Request::ReadHolding { address, .. } | Request::ReadInput { address, .. }) = *asked else { return };
    let node = book.node(unit);
    for (addr, word) in (address..=u16::MAX).zip(words.iter()) {
        node.keep_word(addr, word, at);
    }
    node.entry = recognise(node);
    if let Some(entry) = node.entry
        && let Some(row) = names::row_of(entry, Source::Setting(SettingId::Serial))
        && let Some(words) = heard_words(node, row.def)
    {
        let serial = names::decode(entry, row.def, &words).ok();
        node.serial = serial.and_then(|serial| u32::try_from(serial).ok());
    }
}

/// The model that what was heard of an id fits: its code stands where that model has it, and nothing speaks against it.
/// Several models can have one code: as long as nothing tells apart those with different registers, none is taken.
fn recognise(node: &Node) -> Option<&'static Entry> {
    let fits = |entry: &&'static Entry| {
        let same = |of: IdentityOf| {
            let mut rows = names::rows(entry).filter(|row| row.def.source == Source::Identity(of));
            let value = rows.find_map(|row| names::decode(entry, row.def, &heard_words(node, row.def)?).ok());
            value.map(|value| value == entry.def.identity.value(of))
        };
        entry.def.modbus.is_some()
            && same(IdentityOf::MeterCode) == Some(true)
            && same(IdentityOf::Amps) != Some(false)
    };
    let mut all = models::ALL.iter().filter(fits);
    let first = all.next()?;
    all.all(|other| core::ptr::eq(other.def.registers, first.def.registers)).then_some(first)
}

/// The values that an id told last: by the model's rows where the model is known, else word by word.
pub(super) fn seen(node: &Node) -> Vec<Seen> {
    let mut left = node.words.clone();
    let mut seen: Vec<(u16, Seen)> = Vec::new();
    if let Some(entry) = node.entry {
        let about = About { entry: Some(entry), data_type: form(node, entry) };
        for row in names::rows(entry) {
            let Some(words) = heard_words(node, row.def) else { continue };
            let whole: Vec<u16> = (row.def.addr..).take(words.len()).collect();
            if whole.iter().any(|addr| !left.contains_key(addr)) {
                continue;
            }
            let at = whole.iter().filter_map(|addr| left.remove(addr)).map(|(_, at)| at).max();
            if row.def.source == Source::Zero {
                continue;
            }
            let text = about.value(entry, row.def, &words);
            let label = names::label(entry, &row);
            seen.push((row.def.addr, Seen { label, text, at: at.unwrap_or_default() }));
        }
    }
    for (addr, (word, at)) in left {
        seen.push((addr, Seen { label: format!("{addr:04X}h"), text: format!("{word:04X}"), at }));
    }
    seen.sort_by_key(|(addr, _)| *addr);
    seen.into_iter().map(|(_, seen)| seen).collect()
}
