//! The check of a description, at compile time: [`first_fault`] names the first row that cannot be right.

use core::fmt;

use crate::fault_matrix::{are_keys, matrix_fault};
use crate::fault_mbus::mbus_fault;
use crate::{
    Access, Block, Edit, Gate, GlassDef, Kind, MenuId, ModelDef, PageDef, PairDef, Rule, SettingDef,
    SettingId, Source,
};

/// The table in which a fault stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// A register block, by its number.
    Registers(usize),
    /// A settings block, by its number.
    Settings(usize),
    /// A page block, by its number.
    Pages(usize),
    /// A telegram of the M-Bus, by its number.
    Telegram(usize),
    /// What a master may write on the M-Bus.
    RecordWrites,
    /// The lines of the optical read-out.
    Lines,
    /// A line of a dot matrix' header, by its number.
    Header(usize),
    /// The registers of a dot matrix.
    RegisterLines,
    /// The readings of a dot matrix.
    Readings,
    /// A place of the history of ratios, by its number.
    History(usize),
    /// The menu of a dot matrix.
    Menu,
    /// The pages of values of the app.
    AppPages,
    /// The settings of the app.
    AppSettings,
    /// What stands in no table.
    Model,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// Its registers overlap the row before, or stand out of order.
    Overlap,
    /// It names a setting that the model does not have.
    UnknownSetting,
    /// It can be written, but shows no setting.
    NothingToWrite,
    /// It repeats another row's words, but that row does not exist or has another length.
    UnknownRegister,
    /// Its default is none of its values.
    DefaultOutOfRange,
    /// A volatile choice acts as a value that is no choice.
    VolatileActsAsNothing,
    /// A setting stands twice.
    Twice,
    /// A label has more glyphs than the display has places.
    LabelTooLong,
    /// It opens a list in which no page stands.
    EmptyMenu,
    /// The main list has no page, or none that always scrolls.
    NothingToScroll,
    /// There are more pages than a scroll list can hold (128).
    TooManyPages,
    /// A limit lies outside what the protocol allows.
    Limit,
    /// A combination code has no meaning, or a meaning no code.
    Combination,
    /// Data or value information that does not end where it says, or data of no fixed width.
    Information,
    /// The records of a telegram need more bytes than one has (EN 13757-3: 239 behind the header, one for DIF 1F).
    TelegramTooLong,
    /// The values that it takes are not all among the setting's.
    TakesOtherValues,
    /// An identifier or a unit is empty or too long for a line.
    Line,
    /// The display and what stands on it are not of one kind.
    NoFace,
    /// A key of the face is none of the meter's, or two are one.
    Keys,
    /// A text is empty or too long for the display.
    Text,
    /// There is nothing in a list that cannot be empty.
    Empty,
}

/// The first thing wrong with a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In which table.
    pub table: Table,
    /// In which row of it.
    pub row: usize,
    /// What is wrong.
    pub what: What,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registers(n) => write!(f, "register block {n}"),
            Self::Settings(n) => write!(f, "settings block {n}"),
            Self::Pages(n) => write!(f, "page block {n}"),
            Self::Telegram(n) => write!(f, "telegram {n}"),
            Self::RecordWrites => f.write_str("writes of the M-Bus"),
            Self::Lines => f.write_str("lines of the optical read-out"),
            Self::Header(n) => write!(f, "line {n} of the header"),
            Self::RegisterLines => f.write_str("registers of the face"),
            Self::Readings => f.write_str("readings of the face"),
            Self::History(n) => write!(f, "place {n} of the history"),
            Self::Menu => f.write_str("menu of the face"),
            Self::AppPages => f.write_str("pages of the app"),
            Self::AppSettings => f.write_str("settings of the app"),
            Self::Model => f.write_str("the model itself"),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overlap => "its registers overlap the row before, or stand out of order",
            Self::UnknownSetting => "it names a setting that the model does not have",
            Self::NothingToWrite => "it can be written, but shows no setting",
            Self::UnknownRegister => "it repeats a row that does not exist or has another length",
            Self::DefaultOutOfRange => "its default is none of its values",
            Self::VolatileActsAsNothing => "a volatile choice acts as a value that is no other choice",
            Self::Twice => "the setting stands twice",
            Self::LabelTooLong => "its glyphs need more places than the display has",
            Self::EmptyMenu => "it opens a list in which no page stands",
            Self::NothingToScroll => "the main list has no page, or no page always scrolls",
            Self::TooManyPages => "there are more than 128 pages",
            Self::Limit => "a limit lies outside what can be",
            Self::Combination => "a combination code has no meaning, or a meaning no code",
            Self::Information => {
                "its data or value information does not end where it says, or has no fixed width"
            }
            Self::TelegramTooLong => "the records up to it need more than the 239 bytes of a telegram",
            Self::TakesOtherValues => "the values that it takes are not all among the setting's",
            Self::Line => "its identifier or number does not fit a line of the read-out",
            Self::NoFace => "the display and what stands on it are not of one kind",
            Self::Keys => "a key of the face is none of the meter's, or two are one",
            Self::Text => "a text of it is empty or too long for the display",
            Self::Empty => "it has nothing to show",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table {
            Table::Model => write!(f, "{}: {}", self.table, self.what),
            _ => write!(f, "{}, row {}: {}", self.table, self.row, self.what),
        }
    }
}

pub(crate) const fn fault(table: Table, row: usize, what: What) -> Option<Fault> {
    Some(Fault { table, row, what })
}

pub(crate) const fn find_setting(model: &ModelDef, id: SettingId) -> Option<&'static SettingDef> {
    let mut blocks = model.settings;
    while let [block, rest @ ..] = blocks {
        let mut rows: &'static [SettingDef] = block;
        while let [row, tail @ ..] = rows {
            if row.id as u8 == id as u8 {
                return Some(row);
            }
            rows = tail;
        }
        blocks = rest;
    }
    None
}

const fn count_setting(model: &ModelDef, id: SettingId) -> usize {
    let mut count = 0;
    let mut blocks = model.settings;
    while let [block, rest @ ..] = blocks {
        let mut rows: &'static [SettingDef] = block;
        while let [row, tail @ ..] = rows {
            if row.id as u8 == id as u8 {
                count += 1;
            }
            rows = tail;
        }
        blocks = rest;
    }
    count
}

const fn register_words(model: &ModelDef, addr: u16) -> Option<u16> {
    let mut blocks = model.registers;
    while let [block, rest @ ..] = blocks {
        if matches!(block.rule, Rule::Contiguous) {
            let mut rows = block.rows;
            while let [row, tail @ ..] = rows {
                if row.addr == addr {
                    return Some(row.codec.words());
                }
                rows = tail;
            }
        }
        blocks = rest;
    }
    None
}

const fn menu_has_pages(model: &ModelDef, menu: MenuId) -> bool {
    let mut blocks = model.pages;
    while let [block, rest @ ..] = blocks {
        let mut rows: &'static [PageDef] = block;
        while let [row, tail @ ..] = rows {
            if row.menu.0 == menu.0 {
                return true;
            }
            rows = tail;
        }
        blocks = rest;
    }
    false
}

const fn registers_fault(model: &ModelDef) -> Option<Fault> {
    let mut n = 0;
    let mut blocks: &[Block] = model.registers;
    while let [block, rest @ ..] = blocks {
        let table = Table::Registers(n);
        let mut row_number = 0;
        let mut free_from: u32 = 0;
        let mut rows = block.rows;
        while let [row, tail @ ..] = rows {
            if (row.addr as u32) < free_from || row.end() > 0x1_0000 {
                return fault(table, row_number, What::Overlap);
            }
            free_from = row.end();
            if matches!(row.access, Access::Write) && !matches!(row.source, Source::Setting(_)) {
                return fault(table, row_number, What::NothingToWrite);
            }
            match row.source {
                Source::Setting(id) if find_setting(model, id).is_none() => {
                    return fault(table, row_number, What::UnknownSetting);
                }
                Source::Same(addr) => match register_words(model, addr) {
                    Some(words) if words == row.codec.words() => {}
                    _ => return fault(table, row_number, What::UnknownRegister),
                },
                _ => {}
            }
            row_number += 1;
            rows = tail;
        }
        n += 1;
        blocks = rest;
    }
    None
}

const fn settings_fault(model: &ModelDef) -> Option<Fault> {
    let mut n = 0;
    let mut blocks = model.settings;
    while let [block, rest @ ..] = blocks {
        let table = Table::Settings(n);
        let mut row_number = 0;
        let mut rows: &'static [SettingDef] = block;
        while let [row, tail @ ..] = rows {
            if !row.accepts(row.default) {
                return fault(table, row_number, What::DefaultOutOfRange);
            }
            if count_setting(model, row.id) != 1 {
                return fault(table, row_number, What::Twice);
            }
            if let Kind::OneOf(choices) = row.kind {
                let mut rest = choices;
                while let [choice, more @ ..] = rest {
                    if let crate::Keep::Volatile { acts_as } = choice.keep
                        && (!row.accepts(acts_as) || acts_as == choice.value)
                    {
                        return fault(table, row_number, What::VolatileActsAsNothing);
                    }
                    rest = more;
                }
            }
            row_number += 1;
            rows = tail;
        }
        n += 1;
        blocks = rest;
    }
    None
}

const fn pages_fault(model: &ModelDef) -> Option<Fault> {
    let GlassDef::Segments(glass) = model.glass else { return None };
    let places = glass.cells.len();
    let mut total = 0;
    let mut scrolling = 0;
    let mut n = 0;
    let mut blocks = model.pages;
    while let [block, rest @ ..] = blocks {
        let table = Table::Pages(n);
        let mut row_number = 0;
        let mut rows: &'static [PageDef] = block;
        while let [row, tail @ ..] = rows {
            // A point takes no place of its own, but labels have none: their length is their number of places.
            if row.label.len() > places {
                return fault(table, row_number, What::LabelTooLong);
            }
            let mut fields = row.fields;
            while let [field, more @ ..] = fields {
                if field.prefix.len() >= places {
                    return fault(table, row_number, What::LabelTooLong);
                }
                if let Source::Setting(id) = field.source
                    && find_setting(model, id).is_none()
                {
                    return fault(table, row_number, What::UnknownSetting);
                }
                fields = more;
            }
            match row.edit {
                Edit::Step(id) | Edit::Digits(id, _) if find_setting(model, id).is_none() => {
                    return fault(table, row_number, What::UnknownSetting);
                }
                _ => {}
            }
            if let Some((menu, gate)) = row.opens {
                if !menu_has_pages(model, menu) {
                    return fault(table, row_number, What::EmptyMenu);
                }
                if let Gate::Password(id) = gate
                    && find_setting(model, id).is_none()
                {
                    return fault(table, row_number, What::UnknownSetting);
                }
            }
            if matches!(row.scroll, crate::Scroll::Always) {
                scrolling += 1;
            }
            total += 1;
            row_number += 1;
            rows = tail;
        }
        n += 1;
        blocks = rest;
    }
    if total > 128 {
        return fault(Table::Model, 0, What::TooManyPages);
    }
    if scrolling == 0 || !menu_has_pages(model, MenuId::MAIN) {
        return fault(Table::Model, 0, What::NothingToScroll);
    }
    None
}

const fn pair_fault(model: &ModelDef) -> Option<Fault> {
    let Some(PairDef { back, both, on, .. }) = model.panel.pair else { return None };
    if are_keys(model, [back, both, on]) { None } else { fault(Table::Model, 0, What::Keys) }
}

const fn limits_fault(model: &ModelDef) -> Option<Fault> {
    if let Some(found) = pair_fault(model) {
        return Some(found);
    }
    if let Some(modbus) = model.modbus
        && (modbus.max_read == 0 || modbus.max_read > 125 || modbus.max_write == 0 || modbus.max_write > 123)
    {
        return fault(Table::Model, 0, What::Limit);
    }
    if model.metering.phases == 0
        || model.metering.phases > 3
        || model.metering.tariffs == 0
        || model.metering.tariffs > 4
        || model.metering.led_imp_per_kwh == 0
        || model.metering.rollover_wh == 0
        || model.metering.store_step_wh == 0
    {
        return fault(Table::Model, 0, What::Limit);
    }
    if let Some(ct) = &model.metering.ct {
        if ct.changes == 0 || ct.changes > 7 {
            return fault(Table::Model, 0, What::Limit);
        }
        let Some(SettingDef { kind: Kind::Ratio, .. }) = find_setting(model, ct.setting) else {
            return fault(Table::Model, 0, What::UnknownSetting);
        };
    }
    let Some(code) = find_setting(model, SettingId::CombinationCode) else {
        return None;
    };
    let mut meanings = model.metering.combinations;
    let mut count = 0;
    while let [(value, _), rest @ ..] = meanings {
        if !code.accepts(*value) {
            return fault(Table::Model, count, What::Combination);
        }
        count += 1;
        meanings = rest;
    }
    if let Kind::OneOf(choices) = code.kind
        && choices.len() != count
    {
        return fault(Table::Model, count, What::Combination);
    }
    None
}

pub(crate) const fn source_is_known(model: &ModelDef, source: Source) -> bool {
    match source {
        Source::Setting(id) => find_setting(model, id).is_some(),
        _ => true,
    }
}

const fn optical_fault(model: &ModelDef) -> Option<Fault> {
    let Some(optical) = model.optical else { return None };
    if find_setting(model, optical.password).is_none() {
        return fault(Table::Model, 0, What::UnknownSetting);
    }
    if optical.manufacturer.len() != 3 || optical.ident.is_empty() || optical.ident.len() > 10 {
        return fault(Table::Model, 0, What::Limit);
    }
    let mut row_number = 0;
    let mut rows = optical.lines;
    while let [row, tail @ ..] = rows {
        if row.code.is_empty()
            || row.code.len() > 16
            || row.unit.len() > 8
            || row.digits == 0
            || row.digits > 9
            || row.decimals > 4
        {
            return fault(Table::Lines, row_number, What::Line);
        }
        if !source_is_known(model, row.source) {
            return fault(Table::Lines, row_number, What::UnknownSetting);
        }
        row_number += 1;
        rows = tail;
    }
    None
}

const fn tariff_input_fault(model: &ModelDef) -> Option<Fault> {
    let Some(input) = model.tariff_input else { return None };
    match find_setting(model, SettingId::Tariff) {
        Some(tariff)
            if tariff.accepts(input.on)
                && match input.off {
                    Some(off) => tariff.accepts(off),
                    None => true,
                } =>
        {
            None
        }
        Some(_) => fault(Table::Model, 0, What::Limit),
        None => fault(Table::Model, 0, What::UnknownSetting),
    }
}

/// The first thing wrong with a description, or `None`. Asserted beside each model, in a constant.
#[must_use]
pub const fn first_fault(model: &ModelDef) -> Option<Fault> {
    if let Some(found) = registers_fault(model) {
        return Some(found);
    }
    if let Some(found) = settings_fault(model) {
        return Some(found);
    }
    if let Some(found) = pages_fault(model) {
        return Some(found);
    }
    if let Some(found) = matrix_fault(model) {
        return Some(found);
    }
    if let Some(found) = mbus_fault(model) {
        return Some(found);
    }
    if let Some(found) = optical_fault(model) {
        return Some(found);
    }
    if let Some(found) = tariff_input_fault(model) {
        return Some(found);
    }
    limits_fault(model)
}

#[cfg(test)]
#[path = "fault_tests.rs"]
pub(crate) mod tests;
