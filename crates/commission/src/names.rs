//! What registers are called and how their values read, from the model's own tables.

use alloc::format;
use alloc::string::{String, ToString};

use models::Entry;
use schema::{
    Block, Codec, CodecError, CommandId, IdentityOf, Label, MasterNotes, PageId, RegisterDef, SettingDef,
    SettingId, Source,
};
use units::{Point, StateOf, decimal};

/// A row of a model's register map with what is said about it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Number of the block.
    pub block: usize,
    /// Number of the row in it.
    pub row: usize,
    /// The row.
    pub def: &'static RegisterDef,
    /// Its block.
    pub of: &'static Block,
    /// What is said about it.
    pub note: Option<&'static Label>,
}

/// What is said about the tables of a model, which the models keep apart from what is said about the meter.
#[must_use]
pub fn words(entry: &Entry) -> &'static MasterNotes {
    static NONE: MasterNotes =
        MasterNotes { registers: &[], settings: &[], telegrams: &[], record_writes: &[], lines: &[] };
    let mut all = models::ALL.iter().zip(models::MASTER);
    all.find(|(other, _)| other.notes.name == entry.notes.name).map_or(&NONE, |(_, words)| words)
}

/// All rows of a model, old maps included, by their place in the tables.
pub fn rows(entry: &'static Entry) -> impl Iterator<Item = Row> {
    let words = words(entry);
    entry.def.registers.iter().enumerate().flat_map(move |(block, of)| {
        let notes = words.registers.get(block).copied().unwrap_or_default();
        of.rows.iter().enumerate().map(move |(row, def)| Row { block, row, def, of, note: notes.get(row) })
    })
}

/// The row that holds the register at `addr`.
#[must_use]
pub fn row_at(entry: &'static Entry, addr: u16) -> Option<Row> {
    rows(entry).find(|row| row.def.addr <= addr && u32::from(addr) < row.def.end())
}

/// The first row that shows `source` and can be read in a stretch with others.
#[must_use]
pub fn row_of(entry: &'static Entry, source: Source) -> Option<Row> {
    rows(entry).find(|row| row.of.rule == schema::Rule::Contiguous && row.def.source == source)
}

/// The setting of an id.
#[must_use]
pub fn setting(entry: &'static Entry, id: SettingId) -> Option<&'static SettingDef> {
    entry.def.setting(id).map(|(_, setting)| setting)
}

/// The label of a setting, its key where it has none.
#[must_use]
pub fn setting_label(entry: &'static Entry, id: SettingId) -> &'static str {
    entry
        .def
        .settings
        .iter()
        .zip(words(entry).settings)
        .flat_map(|(rows, notes)| rows.iter().zip(notes.iter()))
        .find(|(row, _)| row.id == id)
        .map(|(_, note)| note.label)
        .filter(|label| !label.is_empty())
        .unwrap_or(id.key())
}

/// What a command does, in words.
#[must_use]
pub const fn command_label(command: CommandId) -> &'static str {
    match command {
        CommandId::ResetPowerDowns => "power-down counter",
        CommandId::ResetTrip => "resettable counter",
    }
}

/// What is lost for good when a command is given, in words.
#[must_use]
pub const fn command_loss(command: CommandId) -> &'static str {
    match command {
        CommandId::ResetPowerDowns => "how often the supply has failed so far",
        CommandId::ResetTrip => "the energy counted since it was last at zero",
    }
}

/// The key of a command in files and reports.
#[must_use]
pub const fn command_key(command: CommandId) -> &'static str {
    match command {
        CommandId::ResetPowerDowns => "reset.power-downs",
        CommandId::ResetTrip => "reset.trip",
    }
}

/// Where the value of a row comes from in the end: rows that repeat another are followed once.
#[must_use]
pub fn source(entry: &'static Entry, def: &RegisterDef) -> Source {
    match def.source {
        Source::Same(addr) => entry.def.register(addr).map_or(def.source, |(_, row)| row.source),
        other => other,
    }
}

/// The key of a row: that of its point or setting, else a word of its own.
#[must_use]
pub fn key(entry: &'static Entry, row: &Row) -> String {
    match source(entry, row.def) {
        Source::Point(point) => point.to_string(),
        Source::Setting(id) => id.key().to_string(),
        Source::Identity(of) => identity_key(of).to_string(),
        Source::Zero | Source::Same(_) => match row.note {
            Some(note) if !note.key.is_empty() => note.key.to_string(),
            _ => format!("register.{:04x}", row.def.addr),
        },
    }
}

/// The key of a part of what a meter is; empty for any other source.
#[must_use]
pub const fn identity_of(source: Source) -> &'static str {
    match source {
        Source::Identity(of) => identity_key(of),
        _ => "",
    }
}

const fn identity_key(of: IdentityOf) -> &'static str {
    match of {
        IdentityOf::MeterCode => "meter-code",
        IdentityOf::Amps => "amps",
        IdentityOf::Protocol => "protocol-version",
        IdentityOf::Software => "software-version",
        IdentityOf::Hardware => "hardware-version",
        IdentityOf::Checksum => "checksum",
        IdentityOf::Checksum2 => "checksum-2",
        IdentityOf::CtMode => "ct-mode",
    }
}

/// The label of a row, for people.
#[must_use]
pub fn label(entry: &'static Entry, row: &Row) -> String {
    match row.note {
        Some(note) if !note.label.is_empty() => note.label.to_string(),
        _ => key(entry, row),
    }
}

/// A label inside a sentence: its first letter small, unless the word is a name or an abbreviation.
#[must_use]
pub fn inside(label: &str) -> String {
    let first = label.split(' ').next().unwrap_or_default();
    let plain = first.chars().skip(1).all(|c| c.is_ascii_lowercase() || c == '-');
    if first.len() > 1 && plain && first != "Modbus" {
        let mut text = label.to_string();
        if let Some(head) = text.get_mut(..1) {
            head.make_ascii_lowercase();
        }
        text
    } else {
        label.to_string()
    }
}

/// The integer that stands in the registers of a row, in the unit of its source ([`schema::ModelDef::unit`]).
///
/// # Errors
/// [`CodecError`] where the words hold no value of the row's kind.
pub fn decode(entry: &'static Entry, def: &RegisterDef, words: &[u16]) -> Result<i64, CodecError> {
    decode_in(entry, def, words, None)
}

/// As [`decode`], for a meter whose [`SettingId::DataType`] has this value: it says how counters stand in registers.
///
/// # Errors
/// [`CodecError`] where the words hold no value of the row's kind.
pub fn decode_in(
    entry: &'static Entry,
    def: &RegisterDef,
    words: &[u16],
    data_type: Option<i32>,
) -> Result<i64, CodecError> {
    let pair = [words.first().copied().unwrap_or(0), words.get(1).copied().unwrap_or(0)];
    def.codec.in_form(data_type).decode(pair, entry.def.unit(source(entry, def)))
}

/// The row that says how the counter of `def` stands in its registers, where that is not the same always.
#[must_use]
pub fn form_row(entry: &'static Entry, def: &RegisterDef) -> Option<Row> {
    row_of(entry, Source::Setting(SettingId::DataType))
        .filter(|_| def.codec.in_form(Some(1)) != def.codec.in_form(Some(2)))
}

/// A number without and with its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The value as people read it.
    pub value: String,
    /// The symbol of its unit, empty for a bare number.
    pub unit: &'static str,
}

impl core::fmt::Display for Text {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.value)?;
        if self.unit.is_empty() { Ok(()) } else { write!(f, " {}", self.unit) }
    }
}

/// A value of a setting as people read it.
#[must_use]
pub fn setting_text(setting: &'static SettingDef, value: i64) -> Text {
    let named = i32::try_from(value).ok().filter(|value| setting.accepts(*value));
    let word = named.and_then(|value| setting.choice(value)).is_some_and(|choice| !choice.token.is_empty());
    let value = match named {
        Some(value) => setting.text(value).to_string(),
        None => decimal::Decimal { value, decimals: setting.unit.decimals() }.to_string(),
    };
    Text { value, unit: if word { "" } else { setting.unit.symbol() } }
}

/// The value of a row as people read it.
#[must_use]
pub fn value_text(entry: &'static Entry, def: &RegisterDef, value: i64) -> Text {
    let bare = |value: String| Text { value, unit: "" };
    match source(entry, def) {
        Source::Setting(id) => match setting(entry, id) {
            Some(setting) => setting_text(setting, value),
            None => bare(value.to_string()),
        },
        Source::Point(point) => point_text(point, def.codec, value),
        Source::Identity(IdentityOf::MeterCode) => bare(format!("{value:04X}")),
        Source::Identity(IdentityOf::Checksum | IdentityOf::Checksum2) => bare(format!("{value:08X}")),
        Source::Identity(IdentityOf::Amps) => Text { value: value.to_string(), unit: "A" },
        Source::Identity(_) | Source::Zero | Source::Same(_) => match def.codec {
            Codec::Hex16 => bare(format!("{value:04X}")),
            Codec::Hex32 => bare(format!("{value:08X}")),
            _ => {
                let decimals = entry.def.unit(source(entry, def)).decimals();
                bare(decimal::Decimal { value, decimals }.to_string())
            }
        },
    }
}

/// The value of a source as people read it: by its row where a register shows it, by its unit otherwise.
#[must_use]
pub fn source_text(entry: &'static Entry, source: Source, value: i64) -> Text {
    let setting = match source {
        Source::Setting(id) => setting(entry, id),
        _ => None,
    };
    if let Source::Point(Point::State(StateOf::Directions)) = source {
        return Text { value: rig::directions_text(value), unit: "" };
    }
    match (setting, row_of(entry, source)) {
        (Some(setting), _) => setting_text(setting, value),
        (None, Some(row)) => value_text(entry, row.def, value),
        (None, None) => {
            let unit = entry.def.unit(source);
            let decimals = unit.decimals().min(2);
            let value = decimal::Decimal { value: unit.at(value, decimals), decimals };
            Text { value: value.to_string(), unit: unit.symbol() }
        }
    }
}

/// The label of a page, empty where it has none.
#[must_use]
pub fn page_label(entry: &'static Entry, id: PageId) -> &'static str {
    let mut notes = entry.notes.pages.iter().flat_map(|notes| notes.iter());
    notes.nth(usize::from(id.0)).map_or("", |note| note.label)
}

fn point_text(point: Point, codec: Codec, value: i64) -> Text {
    let unit = point.unit();
    let text = match codec {
        Codec::F32 { decimals } | Codec::Counter { decimals } | Codec::Total { decimals } => {
            decimal::Decimal { value: unit.at(value, decimals), decimals }.to_string()
        }
        Codec::Hex16 => format!("{value:04X}"),
        Codec::Hex32 => format!("{value:08X}"),
        Codec::Direction { .. } => match value {
            0 => "none".to_string(),
            v if v > 0 => "forward".to_string(),
            _ => "reverse".to_string(),
        },
        Codec::U16 | Codec::Bcd16 | Codec::Bcd32 | Codec::U32 | Codec::I32 | Codec::Speed | Codec::Ratio => {
            decimal::Decimal { value, decimals: unit.decimals() }.to_string()
        }
    };
    Text { value: text, unit: unit.symbol() }
}
