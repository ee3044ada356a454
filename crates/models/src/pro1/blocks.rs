//! Which tables each member has, in the order of the addresses or pages: what works, labels and notes from one list.

use schema::{Block, PageDef, RegisterDef, Rule, SettingDef, TelegramDef, Unmapped, blocks};

use super::{mbus, pages, registers, settings};

const fn contiguous(rows: &'static [RegisterDef]) -> Block {
    Block { rows, unmapped: Unmapped::Exception02, rule: Rule::Contiguous }
}

const fn old_map(rows: &'static [RegisterDef]) -> Block {
    Block { rows, unmapped: Unmapped::Exception02, rule: Rule::OneValuePerRequest }
}

blocks! {
    /// Register blocks of a meter without a bus.
    pub PLAIN_REGISTERS / PLAIN_REGISTER_LABELS / PLAIN_REGISTER_NOTES: Block, labels = [
        contiguous(registers::METER_PLAIN) => registers::METER_PLAIN_NOTES,
        contiguous(registers::NOW) => registers::NOW_NOTES,
        contiguous(registers::ENERGY) => registers::ENERGY_NOTES,
        old_map(registers::OLD_METER_PLAIN) => registers::OLD_METER_PLAIN_NOTES,
        old_map(registers::OLD_NOW) => registers::OLD_NOW_NOTES,
        old_map(registers::OLD_ENERGY) => registers::OLD_ENERGY_NOTES,
    ];
    /// Register blocks of a meter with M-Bus.
    pub MBUS_REGISTERS / MBUS_REGISTER_LABELS / MBUS_REGISTER_NOTES: Block, labels = [
        contiguous(registers::METER_MBUS) => registers::METER_MBUS_NOTES,
        contiguous(registers::NOW) => registers::NOW_NOTES,
        contiguous(registers::ENERGY) => registers::ENERGY_NOTES,
        old_map(registers::OLD_METER_MBUS) => registers::OLD_METER_MBUS_NOTES,
        old_map(registers::OLD_NOW) => registers::OLD_NOW_NOTES,
        old_map(registers::OLD_ENERGY) => registers::OLD_ENERGY_NOTES,
    ];
    /// Register blocks of a meter with Modbus.
    pub MODBUS_REGISTERS / MODBUS_REGISTER_LABELS / MODBUS_REGISTER_NOTES: Block, labels = [
        contiguous(registers::METER_MODBUS) => registers::METER_MODBUS_NOTES,
        contiguous(registers::NOW) => registers::NOW_NOTES,
        contiguous(registers::ENERGY) => registers::ENERGY_NOTES,
        old_map(registers::OLD_METER_MODBUS) => registers::OLD_METER_MODBUS_NOTES,
        old_map(registers::OLD_NOW) => registers::OLD_NOW_NOTES,
        old_map(registers::OLD_ENERGY) => registers::OLD_ENERGY_NOTES,
    ];

    /// Settings of a meter without a bus.
    pub PLAIN_SETTINGS / PLAIN_SETTING_LABELS / PLAIN_SETTING_NOTES: &[SettingDef], labels = [
        settings::SERIAL => settings::SERIAL_NOTES,
        settings::COMMON => settings::COMMON_NOTES,
    ];
    /// Settings of a meter with M-Bus.
    pub MBUS_SETTINGS / MBUS_SETTING_LABELS / MBUS_SETTING_NOTES: &[SettingDef], labels = [
        settings::SECONDARY => settings::SECONDARY_NOTES,
        settings::COMMON => settings::COMMON_NOTES,
        settings::MBUS_LINE => settings::MBUS_LINE_NOTES,
    ];
    /// Settings of a meter with Modbus.
    pub MODBUS_SETTINGS / MODBUS_SETTING_LABELS / MODBUS_SETTING_NOTES: &[SettingDef], labels = [
        settings::SERIAL => settings::SERIAL_NOTES,
        settings::COMMON => settings::COMMON_NOTES,
        settings::MODBUS_LINE => settings::MODBUS_LINE_NOTES,
    ];

    /// Pages of a meter without a bus.
    pub PLAIN_PAGES / PLAIN_PAGE_LABELS / PLAIN_PAGE_NOTES: &[PageDef], names = [
        pages::MAIN => pages::MAIN_NOTES,
        pages::VALUES => pages::VALUES_NOTES,
        pages::ENERGIES => pages::ENERGIES_NOTES,
        pages::POWERS => pages::POWERS_NOTES,
        pages::INFORMATION => pages::INFORMATION_NOTES,
        pages::INFORMATION_END => pages::INFORMATION_END_NOTES,
        pages::MODE_2 => pages::MODE_2_NOTES,
        pages::MODE_3 => pages::MODE_3_NOTES,
        pages::MODE_3_END => pages::MODE_3_END_NOTES,
    ];
    /// Pages of a meter with a tariff input.
    pub TARIFF_PAGES / TARIFF_PAGE_LABELS / TARIFF_PAGE_NOTES: &[PageDef], names = [
        pages::MAIN => pages::MAIN_NOTES,
        pages::VALUES => pages::VALUES_NOTES,
        pages::TARIFF_ENERGIES => pages::TARIFF_ENERGIES_NOTES,
        pages::POWERS => pages::POWERS_NOTES,
        pages::INFORMATION => pages::INFORMATION_NOTES,
        pages::INFORMATION_END => pages::INFORMATION_END_NOTES,
        pages::MODE_2 => pages::MODE_2_NOTES,
        pages::MODE_3 => pages::MODE_3_NOTES,
        pages::MODE_3_END => pages::MODE_3_END_NOTES,
    ];
    /// Pages of a meter with M-Bus.
    pub MBUS_PAGES / MBUS_PAGE_LABELS / MBUS_PAGE_NOTES: &[PageDef], names = [
        pages::MAIN => pages::MAIN_NOTES,
        pages::VALUES => pages::VALUES_NOTES,
        pages::ENERGIES => pages::ENERGIES_NOTES,
        pages::POWERS => pages::POWERS_NOTES,
        pages::INFORMATION => pages::INFORMATION_NOTES,
        pages::INFORMATION_MBUS => pages::INFORMATION_MBUS_NOTES,
        pages::INFORMATION_END => pages::INFORMATION_END_NOTES,
        pages::MODE_2_MBUS => pages::MODE_2_MBUS_NOTES,
        pages::MODE_2 => pages::MODE_2_NOTES,
        pages::MODE_3 => pages::MODE_3_NOTES,
        pages::MODE_3_MBUS => pages::MODE_3_MBUS_NOTES,
        pages::MODE_3_END => pages::MODE_3_END_NOTES,
    ];
    /// Pages of a meter with Modbus.
    pub MODBUS_PAGES / MODBUS_PAGE_LABELS / MODBUS_PAGE_NOTES: &[PageDef], names = [
        pages::MAIN => pages::MAIN_NOTES,
        pages::VALUES => pages::VALUES_NOTES,
        pages::ENERGIES => pages::ENERGIES_NOTES,
        pages::POWERS => pages::POWERS_NOTES,
        pages::INFORMATION => pages::INFORMATION_NOTES,
        pages::INFORMATION_MODBUS => pages::INFORMATION_MODBUS_NOTES,
        pages::INFORMATION_END => pages::INFORMATION_END_NOTES,
        pages::MODE_2_MODBUS => pages::MODE_2_MODBUS_NOTES,
        pages::MODE_2 => pages::MODE_2_NOTES,
        pages::MODE_3 => pages::MODE_3_NOTES,
        pages::MODE_3_MODBUS => pages::MODE_3_MODBUS_NOTES,
        pages::MODE_3_END => pages::MODE_3_END_NOTES,
    ];

    /// Telegrams of the M-Bus.
    pub TELEGRAMS / TELEGRAM_LABELS / TELEGRAM_NOTES: TelegramDef, names = [
        TelegramDef { ci: 0xB1, records: mbus::ENERGIES } => mbus::ENERGIES_NOTES,
        TelegramDef { ci: 0xB4, records: mbus::READINGS } => mbus::READINGS_NOTES,
    ];
}
