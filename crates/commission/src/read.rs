//! Reading registers: with the fewest requests, in smaller pieces where a meter balks, row by row with its fault.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use modbus::{Exception, Request};
use models::Entry;
use schema::{Block, CodecError, ModelDef, RegisterDef, Rule, SettingId, Source, Unmapped};
use units::Instant;

use crate::bus::{Bus, Fault, Place, READ_TRIES};
use crate::names::{self, Row, Text};

/// After so many single values in a row without any answer the meter counts as gone.
const SILENT_ROWS: u8 = 3;

/// A stretch of registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first register.
    pub addr: u16,
    /// How many. Range: 1 to 125.
    pub count: u16,
}

impl Span {
    /// The address after the last register.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.addr as u32 + self.count as u32
    }

    /// True where the whole of `row` is in it.
    #[must_use]
    pub const fn holds(&self, row: &RegisterDef) -> bool {
        self.addr <= row.addr && row.end() <= self.end()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = if self.count == 1 { "word" } else { "words" };
        write!(f, "{} {words} at {:04X}h", self.count, self.addr)
    }
}

/// The fewest requests that read all of a model's registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPlan;

impl ReadPlan {
    /// The spans that read all rows of `model`, each with at most `max_read` registers; the model's own limit holds too.
    ///
    /// Rows are never split. Registers of sister models (always zero) are read only where they lie between others.
    #[must_use]
    #[allow(clippy::new_ret_no_self)]
    pub fn new(model: &'static ModelDef, max_read: u16) -> Vec<Span> {
        let most = model.modbus.map_or(max_read, |modbus| modbus.max_read.min(max_read)).max(2);
        let mut spans = Vec::new();
        for block in model.registers.iter().filter(|block| block.rule == Rule::Contiguous) {
            let wanted = block.rows.iter().filter(|row| row.source != Source::Zero);
            cover(block, wanted, most, &mut spans);
        }
        spans
    }

    /// The fewest spans that read the rows whose address is `wanted`, whatever lies between them.
    #[must_use]
    pub fn of(model: &'static ModelDef, max_read: u16, wanted: &dyn Fn(u16) -> bool) -> Vec<Span> {
        let most = model.modbus.map_or(max_read, |modbus| modbus.max_read.min(max_read)).max(2);
        let mut spans = Vec::new();
        for block in model.registers.iter().filter(|block| block.rule == Rule::Contiguous) {
            cover(block, block.rows.iter().filter(|row| wanted(row.addr)), most, &mut spans);
        }
        spans
    }
}

/// The fewest spans that read these rows, which stand by rising address, as `entry`'s model allows it.
pub(crate) fn spans(entry: &'static Entry, rows: &[Row]) -> Vec<Span> {
    let most = entry.def.modbus.map_or(modbus::pdu::MAX_READ, |modbus| modbus.max_read);
    let mut spans = Vec::new();
    for block in entry.def.registers {
        let own = rows.iter().map(|row| row.def).filter(|row| block.row(row.addr).is_some());
        cover(block, own, most, &mut spans);
    }
    spans
}

/// Covers `rows`, in rising order, with the fewest spans: each starts at the first row left and goes as far as it may.
fn cover<'a>(block: &Block, rows: impl Iterator<Item = &'a RegisterDef>, most: u16, spans: &mut Vec<Span>) {
    let mut open: Option<Span> = None;
    for row in rows {
        let longer = open.and_then(|span| {
            let count = u16::try_from(row.end() - u32::from(span.addr)).ok()?;
            let whole = block.unmapped == Unmapped::Zero || no_hole(block, span.addr, row.addr);
            (count <= most && whole).then_some(Span { count, ..span })
        });
        if longer.is_none() {
            spans.extend(open);
        }
        open = Some(longer.unwrap_or(Span { addr: row.addr, count: row.codec.words() }));
    }
    spans.extend(open);
}

fn no_hole(block: &Block, from: u16, to: u16) -> bool {
    (from..to).all(|addr| block.row(addr).is_some())
}

/// The rows in a span by rising address.
fn inside(rows: &[Row], span: Span) -> Vec<&RegisterDef> {
    let mut inside: Vec<&RegisterDef> = Vec::new();
    for row in rows.iter().map(|row| row.def).filter(|row| span.holds(row)) {
        let at = inside.partition_point(|other| other.addr <= row.addr);
        inside.insert(at, row);
    }
    inside
}

/// What is asked where `span` failed: the two halves of its rows, or its one row without what lies around it.
pub(crate) fn smaller(rows: &[Row], span: Span) -> Vec<Span> {
    let inside = inside(rows, span);
    let middle = span.addr + span.count / 2;
    let cut =
        (1..inside.len()).min_by_key(|at| inside.get(*at).map_or(u16::MAX, |row| row.addr.abs_diff(middle)));
    pieces(&inside, cut, span)
}

/// The first row alone, then the rest.
pub(crate) fn first_alone(rows: &[Row], span: Span) -> Vec<Span> {
    let inside = inside(rows, span);
    pieces(&inside, (inside.len() > 1).then_some(1), span)
}

fn pieces(inside: &[&RegisterDef], cut: Option<usize>, span: Span) -> Vec<Span> {
    let (first, second) = inside.split_at(cut.unwrap_or(inside.len()));
    [first, second].into_iter().filter_map(hull).filter(|piece| *piece != span).collect()
}

/// The span from the first to the last of `rows`.
fn hull(rows: &[&RegisterDef]) -> Option<Span> {
    let (first, last) = (rows.first()?, rows.last()?);
    let count = u16::try_from(last.end().checked_sub(u32::from(first.addr))?).ok()?;
    Some(Span { addr: first.addr, count })
}

/// Why a row has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowFault {
    /// It could not be read.
    Bus(Fault),
    /// Its registers hold no value of its kind.
    Codec(CodecError),
    /// It was not asked, since the meter had stopped answering.
    NotAsked,
    /// What it has now is not known: what became of a change was not proven.
    Unproven,
    /// The reason that a file tells.
    Saved(String),
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bus(fault) => fault.fmt(f),
            Self::Codec(fault) => fault.fmt(f),
            Self::NotAsked => f.write_str("not asked, since the meter had stopped answering"),
            Self::Unproven => f.write_str("not known, since what became of the last change was not proven"),
            Self::Saved(why) => f.write_str(why),
        }
    }
}

impl core::error::Error for RowFault {}

/// How far a read-out is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows that were read or given up.
    pub done: usize,
    /// Rows in all.
    pub total: usize,
}

/// One row of a read-out.
#[derive(Clone, Debug)]
pub struct ReadRow {
    /// Where the row stands in the model's tables.
    pub row: Row,
    /// Key of its point or setting.
    pub key: String,
    /// Its label, for people.
    pub label: String,
    /// Its registers as they came; empty where it has none.
    pub words: Vec<u16>,
    /// Its value: in the unit of its source.
    pub value: Result<i64, RowFault>,
    /// The value as people read it; empty where there is none.
    pub text: Text,
}

/// All that was read from a meter.
#[derive(Clone, Debug)]
pub struct ReadOut {
    /// The model.
    pub entry: &'static Entry,
    /// When the last answer came, by the port's clock.
    pub at: Instant,
    /// Where the meter was spoken to; `None` for a file that does not say.
    pub place: Option<Place>,
    /// The last eight digits of the serial number, where they were read.
    pub serial: Option<u32>,
    /// How many requests it took.
    pub requests: u32,
    /// The rows, in the order of the registers.
    pub rows: Vec<ReadRow>,
}

impl ReadOut {
    /// A read-out without a row.
    #[must_use]
    pub const fn empty(entry: &'static Entry, at: Instant) -> Self {
        Self { entry, at, place: None, serial: None, requests: 0, rows: Vec::new() }
    }

    /// The value of the first row that shows `source`, in its unit; `None` where it was not read.
    #[must_use]
    pub fn value(&self, source: Source) -> Option<i64> {
        let row = self.rows.iter().find(|row| row.row.def.source == source)?;
        row.value.as_ref().ok().copied()
    }
}

/// Reads the `words` of a span.
pub(crate) async fn words<B: Bus>(bus: &mut B, span: Span, tries: u8) -> Result<Vec<u16>, Fault> {
    let request = Request::ReadHolding { address: span.addr, count: span.count };
    bus.exchange(&request, tries).await.map(|answer| answer.words)
}

/// The words of rows by their address, or why there are none. A list: it is walked some hundred times at most.
#[derive(Default)]
pub(crate) struct Found(Vec<(u16, Result<Vec<u16>, RowFault>)>);

impl Found {
    /// Adds rows; one that was there gives way.
    fn put(&mut self, rows: impl Iterator<Item = (u16, Result<Vec<u16>, RowFault>)>) {
        for (addr, words) in rows {
            self.take(addr);
            self.0.push((addr, words));
        }
    }

    /// The words of a row.
    pub(crate) fn get(&self, addr: u16) -> Option<&[u16]> {
        self.0.iter().find(|(own, _)| *own == addr)?.1.as_deref().ok()
    }

    /// Takes a row out.
    pub(crate) fn take(&mut self, addr: u16) -> Option<Result<Vec<u16>, RowFault>> {
        let at = self.0.iter().position(|(own, _)| *own == addr)?;
        Some(self.0.swap_remove(at).1)
    }
}

/// Reads `spans`, cutting one in halves where the meter refuses it or stays silent, down to single rows.
///
/// # Errors
/// [`Fault::Port`] where the port goes; all other faults stand beside the row they belong to.
pub(crate) async fn read_rows<B: Bus>(
    bus: &mut B,
    rows: &[Row],
    spans: Vec<Span>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Found, u32), Fault> {
    let mut found = Found::default();
    let mut left: Vec<Span> = spans.into_iter().rev().collect();
    let mut requests = 0;
    let mut silent = 0;
    let mut answered = false;
    while let Some(span) = left.pop() {
        let inside = || rows.iter().filter(|row| span.holds(row.def));
        if silent >= SILENT_ROWS {
            found.put(inside().map(|row| (row.def.addr, Err(RowFault::NotAsked))));
            continue;
        }
        requests += 1;
        match words(bus, span, READ_TRIES).await {
            Ok(words) => {
                silent = 0;
                answered = true;
                found.put(inside().map(|row| {
                    let at = usize::from(row.def.addr - span.addr);
                    let len = usize::from(row.def.codec.words());
                    (row.def.addr, Ok(words.iter().skip(at).take(len).copied().collect()))
                }));
            }
            Err(Fault::Port(fault)) => return Err(Fault::Port(fault)),
            Err(fault) => {
                // A meter that has never answered gets one short question before it is given up.
                let short = !answered && matches!(fault, Fault::Silent { .. });
                let pieces = if short { first_alone(rows, span) } else { smaller(rows, span) };
                if pieces.is_empty() {
                    let gone = matches!(fault, Fault::Silent { .. } | Fault::NeverQuiet);
                    silent = match (gone, answered) {
                        (true, true) => silent + 1,
                        (true, false) => SILENT_ROWS,
                        (false, _) => 0,
                    };
                    answered |= matches!(fault, Fault::Refused(_));
                    found.put(inside().map(|row| (row.def.addr, Err(RowFault::Bus(fault.clone())))));
                } else {
                    left.extend(pieces.into_iter().rev());
                }
            }
        }
        progress(Progress { done: found.0.len(), total: rows.len() });
    }
    Ok((found, requests))
}

/// Reads every register of a model that has a meaning, in as few requests as the model allows.
///
/// # Errors
/// [`Fault::Port`] where the port goes meanwhile. A meter that does not answer gives rows with that fault.
pub async fn read_out<B: Bus>(
    bus: &mut B,
    entry: &'static Entry,
    progress: &mut dyn FnMut(Progress),
) -> Result<ReadOut, Fault> {
    let spans = ReadPlan::new(entry.def, modbus::pdu::MAX_READ);
    read_all(bus, entry, rows(entry).collect(), spans, progress).await
}

/// Reads the settings of a meter with its serial number, in as few requests as the model allows, and nothing else.
///
/// # Errors
/// As [`read_out`].
pub async fn read_settings<B: Bus>(bus: &mut B, entry: &'static Entry) -> Result<ReadOut, Fault> {
    let rows: Vec<Row> = rows(entry).filter(|row| matches!(row.def.source, Source::Setting(_))).collect();
    let spans = spans(entry, &rows);
    read_all(bus, entry, rows, spans, &mut |_| {}).await
}

/// The rows that are read of a model.
fn rows(entry: &'static Entry) -> impl Iterator<Item = Row> {
    names::rows(entry)
        .filter(|row| row.of.rule == Rule::Contiguous && row.def.source != Source::Zero)
        .filter(move |row| !is_secret(entry, row.def))
}

async fn read_all<B: Bus>(
    bus: &mut B,
    entry: &'static Entry,
    rows: Vec<Row>,
    spans: Vec<Span>,
    progress: &mut dyn FnMut(Progress),
) -> Result<ReadOut, Fault> {
    let (mut found, requests) = read_rows(bus, &rows, spans, progress).await?;
    let data_type = data_type_in(entry, rows.iter().filter_map(|row| Some((*row, found.get(row.def.addr)?))));
    let rows: Vec<ReadRow> = rows
        .into_iter()
        .map(|row| {
            let words = found.take(row.def.addr).unwrap_or(Err(RowFault::NotAsked));
            read_row(entry, row, words, data_type)
        })
        .collect();
    let place = Some(bus.place());
    let mut out = ReadOut { entry, at: bus.now(), place, serial: None, requests, rows };
    out.serial = out.value(Source::Setting(SettingId::Serial)).and_then(|serial| u32::try_from(serial).ok());
    Ok(out)
}

/// What the meter's own setting says about the form of its counters, where that was read.
pub(crate) fn data_type_in<'w>(
    entry: &'static Entry,
    mut rows: impl Iterator<Item = (Row, &'w [u16])>,
) -> Option<i32> {
    let (row, words) = rows.find(|(row, _)| row.def.source == Source::Setting(SettingId::DataType))?;
    names::decode(entry, row.def, words).ok().and_then(|value| i32::try_from(value).ok())
}

fn is_secret(entry: &'static Entry, def: &RegisterDef) -> bool {
    match def.source {
        Source::Setting(id) => names::setting(entry, id).is_some_and(|setting| setting.secret),
        _ => false,
    }
}

/// A row with its value made of its words.
pub(crate) fn read_row(
    entry: &'static Entry,
    row: Row,
    words: Result<Vec<u16>, RowFault>,
    data_type: Option<i32>,
) -> ReadRow {
    let (words, value) = match words {
        Ok(words) => {
            let value = names::decode_in(entry, row.def, &words, data_type).map_err(RowFault::Codec);
            (words, value)
        }
        Err(fault) => (Vec::new(), Err(fault)),
    };
    let text = match value {
        Ok(value) => names::value_text(entry, row.def, value),
        Err(_) => Text { value: String::new(), unit: "" },
    };
    ReadRow { row, key: names::key(entry, &row), label: names::label(entry, &row), words, value, text }
}

/// True for a refusal that says that a register does not exist.
#[must_use]
pub const fn does_not_exist(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused(Exception::IllegalDataAddress | Exception::IllegalFunction))
}
