//! The check of what stands on a dot matrix, at compile time.

use crate::fault::{Fault, Table, What, fault, find_setting, source_is_known};
use crate::fault_radio::radio_fault;
use crate::{
    GlassDef, HeaderItemDef, KeyId, MatrixDef, MenuEdit, MenuItemDef, ModelDef, ReadingForm, RegisterLineDef,
    Source,
};

/// More characters than these fit no line of 128 dots, in glyphs of six.
const LINE: usize = 20;
/// The longest number in front of a value.
const OBIS: usize = 8;

const fn text(text: &str) -> bool {
    !text.is_empty() && text.len() <= LINE
}

const fn texts(mut all: &[&str]) -> bool {
    while let [first, rest @ ..] = all {
        if !text(first) {
            return false;
        }
        all = rest;
    }
    true
}

const fn has_key(model: &ModelDef, key: KeyId) -> bool {
    let mut keys = model.keys;
    while let [first, rest @ ..] = keys {
        if first.id.0 == key.0 {
            return true;
        }
        keys = rest;
    }
    false
}

/// True where three keys are keys of the model, and no two of them one.
pub(crate) const fn are_keys(model: &ModelDef, keys: [KeyId; 3]) -> bool {
    let [a, b, c] = keys;
    has_key(model, a) && has_key(model, b) && has_key(model, c) && a.0 != b.0 && b.0 != c.0 && a.0 != c.0
}

const fn header_fault(model: &ModelDef, lines: &[&[HeaderItemDef]]) -> Option<Fault> {
    let mut n = 0;
    let mut lines = lines;
    while let [line, rest @ ..] = lines {
        let mut row = 0;
        let mut items = *line;
        while let [item, tail @ ..] = items {
            if !text(item.label) {
                return fault(Table::Header(n), row, What::Text);
            }
            if !source_is_known(model, item.source) {
                return fault(Table::Header(n), row, What::UnknownSetting);
            }
            row += 1;
            items = tail;
        }
        // A line below may be left blank.
        if row == 0 && n == 0 {
            return fault(Table::Header(n), 0, What::Empty);
        }
        n += 1;
        lines = rest;
    }
    None
}

const fn lines_fault(model: &ModelDef, table: Table, lines: &[RegisterLineDef]) -> Option<Fault> {
    let mut row = 0;
    let mut lines = lines;
    while let [line, tail @ ..] = lines {
        if line.obis.is_empty() || line.obis.len() > OBIS {
            return fault(table, row, What::Text);
        }
        if !source_is_known(model, line.source) {
            return fault(table, row, What::UnknownSetting);
        }
        row += 1;
        lines = tail;
    }
    if row == 0 { fault(table, 0, What::Empty) } else { None }
}

const fn readings_fault(model: &ModelDef, def: &MatrixDef) -> Option<Fault> {
    let table = Table::Readings;
    let mut row = 0;
    let mut rows = def.readings;
    while let [reading, tail @ ..] = rows {
        if !text(reading.title) {
            return fault(table, row, What::Text);
        }
        let mut numbers: &[[&str; 4]] = &[reading.obis, reading.obis_reverse];
        while let [[a, b, c, d], rest @ ..] = numbers {
            if a.len() > OBIS || b.len() > OBIS || c.len() > OBIS || d.len() > OBIS {
                return fault(table, row, What::Text);
            }
            numbers = rest;
        }
        match reading.form {
            ReadingForm::Number { decimals, figures, .. } if decimals > 4 || figures <= decimals => {
                return fault(table, row, What::Limit);
            }
            ReadingForm::Words(mut words) => {
                while let [(_, word), rest @ ..] = words {
                    if !text(word) {
                        return fault(table, row, What::Text);
                    }
                    words = rest;
                }
            }
            ReadingForm::Number { .. } => {}
        }
        let mut values = 0;
        let mut sources: &[Option<Source>] = &reading.sources;
        while let [source, rest @ ..] = sources {
            if let Some(source) = source {
                values += 1;
                if !source_is_known(model, *source) {
                    return fault(table, row, What::UnknownSetting);
                }
            }
            sources = rest;
        }
        if values == 0 {
            return fault(table, row, What::Empty);
        }
        row += 1;
        rows = tail;
    }
    if row == 0 { fault(table, 0, What::Empty) } else { None }
}

const fn menu_fault(model: &ModelDef, mut rows: &[MenuItemDef]) -> Option<Fault> {
    let table = Table::Menu;
    let mut row = 0;
    while let [item, tail @ ..] = rows {
        if !text(item.label) {
            return fault(table, row, What::Text);
        }
        match item.edit {
            MenuEdit::Choice(id) | MenuEdit::Digits(id, _) | MenuEdit::Ratio(id) => {
                if find_setting(model, id).is_none() {
                    return fault(table, row, What::UnknownSetting);
                }
                if let MenuEdit::Digits(_, count) = item.edit
                    && (count == 0 || count > 9)
                {
                    return fault(table, row, What::Limit);
                }
            }
            MenuEdit::Reset { shows, .. } if !source_is_known(model, shows) => {
                return fault(table, row, What::UnknownSetting);
            }
            MenuEdit::Reset { .. } => {}
        }
        row += 1;
        rows = tail;
    }
    if row == 0 { fault(table, 0, What::Empty) } else { None }
}

const fn history_fault(model: &ModelDef, def: &MatrixDef) -> Option<Fault> {
    let Some(history) = def.history else { return None };
    if !text(history.title) {
        return fault(Table::Model, 0, What::Text);
    }
    if !source_is_known(model, history.used) {
        return fault(Table::Model, 0, What::UnknownSetting);
    }
    let mut n = 0;
    let mut slots = history.slots;
    while let [slot, rest @ ..] = slots {
        if n == 7 {
            return fault(Table::Model, 0, What::Limit);
        }
        if !source_is_known(model, slot.ratio) {
            return fault(Table::History(n), 0, What::UnknownSetting);
        }
        if let Some(found) = lines_fault(model, Table::History(n), slot.lines) {
            return Some(found);
        }
        n += 1;
        slots = rest;
    }
    None
}

const fn words_are_texts(def: &MatrixDef) -> bool {
    let words = &def.words;
    let radio = match def.radio {
        Some(radio) => text(radio.title) && radio.prefix.len() <= 8,
        None => true,
    };
    radio
        && texts(&words.pages)
        && texts(&words.bits)
        && texts(&[
            words.settings,
            words.password,
            words.wrong,
            words.refused,
            words.reset,
            words.no,
            words.yes,
            words.scan,
            words.off,
            words.error,
            words.stopped,
        ])
}

/// The first thing wrong with the face of a meter: with its dots and what stands on them, or that the two do not belong
/// together. `None` for a glass of digits without a face of dots.
pub(crate) const fn matrix_fault(model: &ModelDef) -> Option<Fault> {
    let def = match (&model.glass, model.matrix) {
        (GlassDef::Segments(_), None) => return None,
        (GlassDef::Matrix(glass), Some(def)) if glass.width > 0 && glass.height > 0 => def,
        _ => return fault(Table::Model, 0, What::NoFace),
    };
    if !model.pages.is_empty() {
        return fault(Table::Pages(0), 0, What::NoFace);
    }
    if !are_keys(model, [def.keys.left, def.keys.middle, def.keys.right]) {
        return fault(Table::Model, 0, What::Keys);
    }
    if let Some(found) = header_fault(model, &def.header) {
        return Some(found);
    }
    let registers = &def.registers;
    if registers.together == 0 || registers.together > 4 || registers.digits == 0 || registers.decimals > 4 {
        return fault(Table::RegisterLines, 0, What::Limit);
    }
    if let Some(found) = lines_fault(model, Table::RegisterLines, registers.lines) {
        return Some(found);
    }
    if let Some(found) = readings_fault(model, def) {
        return Some(found);
    }
    if let Some(found) = history_fault(model, def) {
        return Some(found);
    }
    if let Some(found) = menu_fault(model, def.menu) {
        return Some(found);
    }
    let known = match (def.obis, def.turned) {
        (Some(obis), _) if find_setting(model, obis).is_none() => false,
        (_, Some(turned)) if find_setting(model, turned).is_none() => false,
        _ => find_setting(model, def.password).is_some(),
    };
    if !known {
        return fault(Table::Model, 0, What::UnknownSetting);
    }
    if !words_are_texts(def) {
        return fault(Table::Model, 0, What::Text);
    }
    match &def.radio {
        Some(radio) => radio_fault(model, def, radio),
        None => None,
    }
}

#[cfg(test)]
#[path = "fault_matrix_tests.rs"]
pub(crate) mod tests;
