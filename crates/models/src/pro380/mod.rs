//! inepro PRO380: meters of four DIN modules for three phases, with two keys and eight digits.
//!
//! The same firmware line as the one-phase meters of [`crate::pro1`], from which this folder takes what is alike: the
//! register map but for its rows by phase, the values of settings, the records of the M-Bus, the infrared window.
//! Citations name sections and pages of the PRO380 manual v2.03 and of its short manual v1.06.

mod facts;
mod glass;
mod mbus;
mod optical;
mod pages;
mod registers;
mod settings;
mod terminals;

use schema::{
    Block, Combination, DrawingDef, IdentityDef, KeyDef, KeyId, MbusDef, MeteringDef, ModelDef, ModelNotes,
    ModelSources, PageDef, PairDef, PanelDef, PulseOf, PulseOutputDef, PulseWidth, RegisterDef, Rule,
    SettingDef, TariffInputDef, TelegramDef, Unmapped, blocks, first_fault, names,
};
use units::{Duration, EnergyKind};

use crate::pro1;

const fn output(forward: bool) -> PulseOutputDef {
    let shows: &[(i32, PulseOf)] = if forward {
        &[(0, PulseOf { kind: EnergyKind::Active, forward: true, reverse: false })]
    } else {
        &[(0, PulseOf { kind: EnergyKind::Active, forward: false, reverse: true })]
    };
    PulseOutputDef { min_mv: 5_000, max_mv: 27_000, max_ma: 100, shows }
}

const fn width(min_rate: u32, up_to_watt: u32, us: u64) -> PulseWidth {
    PulseWidth { min_rate, up_to_watt, width: Duration::from_micros(us) }
}

/// How every PRO380 measures and counts (p. 7, §6.4, §6.10).
pub const METERING: MeteringDef = MeteringDef {
    phases: 3,
    combinations: &[
        (1, Combination::Forward),
        (4, Combination::Reverse),
        (5, Combination::Sum),
        (6, Combination::ReverseLessForward),
        (9, Combination::ForwardLessReverse),
        (10, Combination::Netted),
        (11, Combination::NettedPulses),
    ],
    led_imp_per_kvarh: 10_000,
    led_width: Duration::from_millis(2),
    pulse_widths: &[
        width(100_000, 2_500, 40_000),
        width(100_000, 10_000, 20_000),
        width(100_000, 20_000, 10_000),
        width(100_000, 40_000, 5_000),
        width(100_000, u32::MAX, 2_500),
        width(10_000, 50_000, 40_000),
        width(10_000, u32::MAX, 20_000),
        width(0, u32::MAX, 40_000),
    ],
    pulse_outputs: &[output(true), output(false)],
    ..pro1::METERING
};

const LEFT: KeyId = KeyId(1);
const BOTH: KeyId = KeyId(2);
const RIGHT: KeyId = KeyId(3);

const fn key(id: KeyId) -> KeyDef {
    KeyDef { id, long: Duration::from_secs(5), very_long: Duration::from_secs(5) }
}

/// The two keys of every PRO380, and what both together are (p. 12; short manual p. 2).
pub const KEYS: &[KeyDef] = &[key(LEFT), key(BOTH), key(RIGHT)];

/// Times of the panel of every PRO380 (§6.6.2, §6.8).
pub const PANEL: PanelDef = PanelDef {
    message: Duration::ZERO,
    ok: "",
    ok_in: "",
    ok_out: "",
    pair: Some(PairDef { back: LEFT, both: BOTH, on: RIGHT, idle_stores: true, begins_blinks: 2 }),
    ..pro1::PANEL
};

/// How the PRO380-Mb behaves on its M-Bus.
pub const MBUS: MbusDef =
    MbusDef { telegrams: TELEGRAMS, selection: true, writes: mbus::WRITES, ..pro1::MBUS };

/// What every PRO380 without current transformers is and always stays: that of a register image.
const IDENTITY: IdentityDef = IdentityDef {
    prefix: "0257",
    meter_code: 0x0102,
    amps: 100,
    protocol: 320,
    software: 218,
    hardware: 132,
    checksum: 0x0D01_2D35,
    checksum_2: 0,
    ct_mode: 5,
};

const fn contiguous(rows: &'static [RegisterDef]) -> Block {
    Block { rows, unmapped: Unmapped::Exception02, rule: Rule::Contiguous }
}

const fn old_map(rows: &'static [RegisterDef]) -> Block {
    Block { rows, unmapped: Unmapped::Exception02, rule: Rule::OneValuePerRequest }
}

blocks! {
    /// Register blocks of a meter with M-Bus.
    MBUS_REGISTERS / MBUS_REGISTER_LABELS / MBUS_REGISTER_NOTES: Block, labels = [
        contiguous(registers::METER_MBUS) => registers::METER_MBUS_NOTES,
        contiguous(registers::NOW) => registers::NOW_NOTES,
        contiguous(registers::ENERGY) => registers::ENERGY_NOTES,
        old_map(registers::OLD_METER_MBUS) => registers::OLD_METER_MBUS_NOTES,
        old_map(registers::OLD_NOW) => registers::OLD_NOW_NOTES,
        old_map(registers::OLD_ENERGY) => registers::OLD_ENERGY_NOTES,
    ];
    /// Register blocks of a meter with Modbus.
    MODBUS_REGISTERS / MODBUS_REGISTER_LABELS / MODBUS_REGISTER_NOTES: Block, labels = [
        contiguous(registers::METER_MODBUS) => registers::METER_MODBUS_NOTES,
        contiguous(registers::NOW) => registers::NOW_NOTES,
        contiguous(registers::ENERGY) => registers::ENERGY_NOTES,
        old_map(registers::OLD_METER_MODBUS) => registers::OLD_METER_MODBUS_NOTES,
        old_map(registers::OLD_NOW) => registers::OLD_NOW_NOTES,
        old_map(registers::OLD_ENERGY) => registers::OLD_ENERGY_NOTES,
    ];

    /// Settings of a meter with M-Bus.
    MBUS_SETTINGS / MBUS_SETTING_LABELS / MBUS_SETTING_NOTES: &[SettingDef], labels = [
        settings::SECONDARY => settings::SECONDARY_NOTES,
        settings::COMMON => settings::COMMON_NOTES,
        settings::MBUS_LINE => settings::MBUS_LINE_NOTES,
    ];
    /// Settings of a meter with Modbus.
    MODBUS_SETTINGS / MODBUS_SETTING_LABELS / MODBUS_SETTING_NOTES: &[SettingDef], labels = [
        settings::SERIAL => settings::SERIAL_NOTES,
        settings::COMMON => settings::COMMON_NOTES,
        settings::MODBUS_LINE => settings::MODBUS_LINE_NOTES,
    ];

    /// Pages of a meter with M-Bus.
    MBUS_PAGES / MBUS_PAGE_LABELS / MBUS_PAGE_NOTES: &[PageDef], names = [
        pages::ENERGIES => pages::ENERGIES_NOTES,
        pages::READINGS => pages::READINGS_NOTES,
        pages::PULSES => pages::PULSES_NOTES,
        pages::MBUS_ID => pages::MBUS_ID_NOTES,
        pages::CYCLE => pages::CYCLE_NOTES,
        pages::MBUS_BAUD => pages::MBUS_BAUD_NOTES,
        pages::END => pages::END_NOTES,
    ];
    /// Pages of a meter with Modbus.
    MODBUS_PAGES / MODBUS_PAGE_LABELS / MODBUS_PAGE_NOTES: &[PageDef], names = [
        pages::ENERGIES => pages::ENERGIES_NOTES,
        pages::READINGS => pages::READINGS_NOTES,
        pages::PULSES => pages::PULSES_NOTES,
        pages::MODBUS_ID => pages::MODBUS_ID_NOTES,
        pages::CYCLE => pages::CYCLE_NOTES,
        pages::END => pages::END_NOTES,
    ];

    /// Telegrams of the M-Bus.
    TELEGRAMS / TELEGRAM_LABELS / TELEGRAM_NOTES: TelegramDef, names = [
        TelegramDef { ci: 0xB1, records: mbus::ENERGIES } => mbus::ENERGIES_NOTES,
        TelegramDef { ci: 0xB4, records: mbus::READINGS } => mbus::READINGS_NOTES,
    ];
}

const NAMEPLATE: &[&str] = &["3×230/400 V~ · 50 Hz", "0.25-5 (100) A · class B", "10 000 imp/kWh"];
const MANUAL: &str = "PRO380 user manual v2.03";

/// The PRO380-Mb: three phases, 230/400 V, 0.25-5 (100) A, with an M-Bus port.
pub static PRO380_MB: ModelDef = ModelDef {
    slug: "pro380-mb",
    identity: IDENTITY,
    metering: METERING,
    errors: pro1::ERRORS,
    modbus: None,
    mbus: Some(MBUS),
    optical: Some(optical::OPTICAL),
    tariff_input: Some(TariffInputDef { volts: 230, off: Some(1), on: 2 }),
    registers: MBUS_REGISTERS,
    settings: MBUS_SETTINGS,
    pages: MBUS_PAGES,
    keys: KEYS,
    panel: PANEL,
    glass: glass::GLASS,
    matrix: None,
};

/// What is said about the PRO380-Mb.
pub static PRO380_MB_NOTES: ModelNotes = ModelNotes {
    maker: "inepro Metering",
    name: "PRO380-Mb",
    doc: "Four-module energy meter for three phases, 230/400 V and 5 (100) A, with two pulse outputs, tariff input, \
          infrared window and an M-Bus port.",
    nameplate: NAMEPLATE,
    terminals: terminals::WITH_MBUS,
    registers: MBUS_REGISTER_LABELS,
    settings: MBUS_SETTING_LABELS,
    pages: MBUS_PAGE_LABELS,
    telegrams: TELEGRAM_LABELS,
    record_writes: const { &names::<{ mbus::WRITES_NOTES.len() }>(mbus::WRITES_NOTES) },
    lines: const { &names::<{ optical::LINES_NOTES.len() }>(optical::LINES_NOTES) },
    drawing: DrawingDef {
        glass: &["pro380-glass.svg"],
        front: &["pro380-front.svg"],
        meter: &["pro380-meter.svg"],
    },
    glass_svg: include_str!("../../art/pro380-glass.svg"),
    front_svg: include_str!("../../art/pro380-front.svg"),
    meter_svg: include_str!("../../art/pro380-meter.svg"),
};

/// Where everything about the PRO380-Mb comes from.
pub static PRO380_MB_SOURCES: ModelSources = ModelSources {
    manual: MANUAL,
    registers: MBUS_REGISTER_NOTES,
    settings: MBUS_SETTING_NOTES,
    pages: MBUS_PAGE_NOTES,
    telegrams: TELEGRAM_NOTES,
    record_writes: mbus::WRITES_NOTES,
    lines: optical::LINES_NOTES,
    facts: facts::MBUS,
    misprints: facts::MISPRINTS,
};

/// The PRO380-Mod: as the PRO380-Mb, with an RS485 port that speaks Modbus RTU in place of the M-Bus.
pub static PRO380_MOD: ModelDef = ModelDef {
    slug: "pro380-mod",
    modbus: Some(pro1::MODBUS),
    mbus: None,
    registers: MODBUS_REGISTERS,
    settings: MODBUS_SETTINGS,
    pages: MODBUS_PAGES,
    ..PRO380_MB
};

/// What is said about the PRO380-Mod.
pub static PRO380_MOD_NOTES: ModelNotes = ModelNotes {
    name: "PRO380-Mod",
    doc: "Four-module energy meter for three phases, 230/400 V and 5 (100) A, with two pulse outputs, tariff input, \
          infrared window and an RS485 port that speaks Modbus RTU.",
    terminals: terminals::WITH_RS485,
    registers: MODBUS_REGISTER_LABELS,
    settings: MODBUS_SETTING_LABELS,
    pages: MODBUS_PAGE_LABELS,
    telegrams: &[],
    record_writes: &[],
    ..PRO380_MB_NOTES
};

/// Where everything about the PRO380-Mod comes from.
pub static PRO380_MOD_SOURCES: ModelSources = ModelSources {
    registers: MODBUS_REGISTER_NOTES,
    settings: MODBUS_SETTING_NOTES,
    pages: MODBUS_PAGE_NOTES,
    telegrams: &[],
    record_writes: &[],
    facts: facts::MODBUS,
    ..PRO380_MB_SOURCES
};

const _: () = assert!(first_fault(&PRO380_MB).is_none());
const _: () = assert!(first_fault(&PRO380_MOD).is_none());
