//! The check of what a meter says and takes on its M-Bus, at compile time.

use crate::fault::{Fault, Table, What, fault, find_setting, source_is_known};
use crate::{Kind, ModelDef, RecordDef, SettingDef, SettingId, Target};

/// True where a block of information bytes ends with its first byte below 80h, or with a unit in plain text behind it.
const fn whole_information(block: &[u8], plain_text: bool) -> bool {
    let plain = plain_text && matches!(block, [0x7C | 0xFC, ..]);
    let mut rest = block;
    while let [byte, tail @ ..] = rest {
        if *byte & 0x80 == 0 {
            return match tail {
                [] => !plain,
                [len, text @ ..] => plain && *len as usize == text.len(),
            };
        }
        rest = tail;
    }
    false
}

/// Bytes of the data of a DIF's data field, `None` where their number is not fixed.
const fn data_bytes(field: u8) -> Option<usize> {
    match field {
        1..=4 => Some(field as usize),
        6 | 14 => Some(6),
        7 => Some(8),
        9..=12 => Some(field as usize - 8),
        _ => None,
    }
}

const fn telegram_fault(model: &ModelDef, table: Table, records: &[RecordDef]) -> Option<Fault> {
    let mut used = 0;
    let mut row_number = 0;
    let mut rows = records;
    while let [row, tail @ ..] = rows {
        let Some(data) = data_bytes(row.data_field()) else {
            return fault(table, row_number, What::Information);
        };
        if !whole_information(row.dib, false) || !whole_information(row.vib, true) {
            return fault(table, row_number, What::Information);
        }
        if !source_is_known(model, row.source) {
            return fault(table, row_number, What::UnknownSetting);
        }
        used += row.dib.len() + row.vib.len() + data;
        if used > 239 {
            return fault(table, row_number, What::TelegramTooLong);
        }
        row_number += 1;
        rows = tail;
    }
    None
}

/// The first thing wrong with what stands on the M-Bus.
pub(crate) const fn mbus_fault(model: &ModelDef) -> Option<Fault> {
    let Some(mbus) = model.mbus else { return None };
    if mbus.telegrams.is_empty() || mbus.reply_bits < 11 || mbus.reply_bits > 330 {
        return fault(Table::Model, 0, What::Limit);
    }
    if find_setting(model, SettingId::MbusId).is_none() || find_setting(model, SettingId::MbusBaud).is_none()
    {
        return fault(Table::Model, 0, What::UnknownSetting);
    }
    let mut n = 0;
    let mut telegrams = mbus.telegrams;
    while let [telegram, rest @ ..] = telegrams {
        if telegram.ci < 0xB0 || telegram.ci > 0xB7 {
            return fault(Table::Telegram(n), 0, What::Limit);
        }
        if let Some(found) = telegram_fault(model, Table::Telegram(n), telegram.records) {
            return Some(found);
        }
        n += 1;
        telegrams = rest;
    }
    let mut row_number = 0;
    let mut rows = mbus.writes;
    while let [row, tail @ ..] = rows {
        if data_bytes(row.data_field()).is_none()
            || !whole_information(row.dib, false)
            || !whole_information(row.vib, true)
        {
            return fault(Table::RecordWrites, row_number, What::Information);
        }
        let setting = match row.target {
            Target::Setting(id) => match find_setting(model, id) {
                None => return fault(Table::RecordWrites, row_number, What::UnknownSetting),
                setting => setting,
            },
            Target::Command(_) => None,
        };
        if let Some(taken) = row.takes
            && !takes_a_part(setting, taken)
        {
            return fault(Table::RecordWrites, row_number, What::TakesOtherValues);
        }
        row_number += 1;
        rows = tail;
    }
    None
}

/// True where every value of `taken` is one of the setting's, in the same unit.
const fn takes_a_part(setting: Option<&SettingDef>, taken: &SettingDef) -> bool {
    let Some(setting) = setting else { return false };
    if setting.id as u8 != taken.id as u8 || setting.unit as u8 != taken.unit as u8 {
        return false;
    }
    match taken.kind {
        Kind::Int { min, max } => {
            let dense = matches!(setting.kind, Kind::Int { .. } | Kind::Digits(_));
            dense && setting.accepts(min) && setting.accepts(max)
        }
        Kind::Ratio => matches!(setting.kind, Kind::Ratio),
        Kind::Digits(count) => matches!(setting.kind, Kind::Digits(own) if count <= own),
        Kind::OneOf(choices) => {
            let mut rest = choices;
            while let [choice, tail @ ..] = rest {
                if !setting.accepts(choice.value) {
                    return false;
                }
                rest = tail;
            }
            true
        }
    }
}
