//! inepro Ambition: meters for three phases with a dot matrix, three touch keys, Modbus and M-Bus.
//!
//! The 2PU CT stands behind current transformers. Citations name sections of its manual v0.08.

pub mod app;
pub mod face;
mod facts;
mod mbus;
mod registers;
mod settings;
mod terminals;

use schema::{
    Block, Combination, Conditions, CtDef, Decimals, ErrorDef, IdentityDef, MbusDef, MeteringDef, ModbusDef,
    ModelDef, ModelNotes, ModelSources, PulseOf, PulseOutputDef, PulseWidth, RegisterDef, Rule, SettingDef,
    SettingId, TariffInputDef, TelegramDef, TripDef, TripOf, Unmapped, blocks, first_fault, names,
};
use units::{Duration, EnergyKind};

use crate::join;

const FACTS: usize = facts::CT.len() + face::FACTS.len() + app::FACTS.len();

const ACTIVE: PulseOf = PulseOf { kind: EnergyKind::Active, forward: true, reverse: true };
const REACTIVE: PulseOf = PulseOf { kind: EnergyKind::Reactive, ..ACTIVE };
const FORWARD: PulseOf = PulseOf { reverse: false, ..ACTIVE };
const REVERSE: PulseOf = PulseOf { forward: false, ..ACTIVE };

const fn output(shows: &'static [(i32, PulseOf)]) -> PulseOutputDef {
    PulseOutputDef { min_mv: 5_000, max_mv: 27_000, max_ma: 100, shows }
}

/// How a meter behind current transformers measures and counts (chapter 4, §7.2, §7.6).
pub const METERING_CT: MeteringDef = MeteringDef {
    phases: 3,
    starting_current_ma: 2,
    rollover_wh: 1_000_000_000,
    store_step_wh: 10,
    decimals: Decimals { volt: 2, ampere: 3, kilowatt: 3, power_factor: 2, hertz: 3 },
    combinations: &[
        (1, Combination::Forward),
        (2, Combination::Reverse),
        (3, Combination::Sum),
        (4, Combination::ForwardLessReverse),
        (5, Combination::Netted),
    ],
    tariffs: 4,
    quadrants: true,
    trip: TripDef { follows: TripOf::Total, per_phase: true },
    ct: Some(CtDef { setting: SettingId::CtRatio, changes: 7 }),
    led_imp_per_kwh: 10_000,
    led_width: Duration::from_millis(10),
    pulse_widths: &[PulseWidth { up_to_watt: u32::MAX, width: Duration::from_millis(2) }],
    pulse_outputs: &[
        output(&[(settings::ACTIVE_REACTIVE, ACTIVE), (settings::FORWARD_REVERSE, FORWARD)]),
        output(&[(settings::ACTIVE_REACTIVE, REACTIVE), (settings::FORWARD_REVERSE, REVERSE)]),
    ],
    power_fail_warning: Duration::from_millis(10),
};

const fn error(number: u8, when: Conditions, stops: bool) -> ErrorDef {
    ErrorDef { number, when, stops, joins: true }
}

/// The errors, a bit each (§8.1).
pub const ERRORS: &[ErrorDef] = &[
    error(1, Conditions::ENERGY_LOST, true),
    error(1 << 1, Conditions::MANTISSA_DEAD, false),
    error(1 << 2, Conditions::BACKUP_DEAD, false),
    error(1 << 3, Conditions::MAIN_DEAD, false),
    error(1 << 4, Conditions::MANTISSA_DATA, false),
    error(1 << 5, Conditions::BACKUP_DATA, false),
    error(1 << 6, Conditions::MAIN_DATA, false),
    error(1 << 7, Conditions::INIT, true),
];

/// How it behaves on its Modbus (A3.1).
pub const MODBUS: ModbusDef = ModbusDef {
    max_read: 125,
    max_write: 123,
    unit0_answers_reads: true,
    fc04: true,
    reply_delay: Duration::from_millis(20),
};

const fn block(rows: &'static [RegisterDef], unmapped: Unmapped) -> Block {
    Block { rows, unmapped, rule: Rule::Contiguous }
}

blocks! {
    /// Register blocks of a meter behind current transformers.
    CT_REGISTERS / CT_REGISTER_LABELS / CT_REGISTER_NOTES: Block, labels = [
        block(registers::METER_CT, Unmapped::Zero) => registers::METER_CT_NOTES,
        block(registers::NOW, Unmapped::Exception02) => registers::NOW_NOTES,
        block(registers::ENERGY, Unmapped::Exception02) => registers::ENERGY_NOTES,
    ];
    /// Settings of a meter behind current transformers.
    CT_SETTINGS / CT_SETTING_LABELS / CT_SETTING_NOTES: &[SettingDef], labels = [
        settings::COMMON => settings::COMMON_NOTES,
        settings::CT => settings::CT_NOTES,
    ];
    /// Telegrams of a meter behind current transformers.
    CT_TELEGRAMS / CT_TELEGRAM_LABELS / CT_TELEGRAM_NOTES: TelegramDef, names = [
        TelegramDef { ci: 0xB1, records: mbus::READ_CT } => mbus::READ_CT_NOTES,
    ];
}

/// The Ambition 2PU CT: three phases behind current transformers, with Modbus, M-Bus and two pulse outputs.
pub static AMBITION_2PU_CT: ModelDef = ModelDef {
    slug: "ambition-2pu-ct",
    identity: IdentityDef {
        prefix: "0512",
        meter_code: 0x1113,
        amps: 5,
        protocol: 320,
        software: 102,
        hardware: 100,
        checksum: 0x2100_1416,
        checksum_2: 0x5962_9173,
    },
    metering: METERING_CT,
    errors: ERRORS,
    modbus: Some(MODBUS),
    mbus: Some(MbusDef {
        manufacturer: 0x25CD,
        version: 1,
        medium: 2,
        telegrams: CT_TELEGRAMS,
        selection: false,
        writes: mbus::WRITES,
        reply_bits: 33,
        baud_trial: None,
    }),
    optical: None,
    tariff_input: Some(TariffInputDef { volts: 230, off: None, on: 2 }),
    registers: CT_REGISTERS,
    settings: CT_SETTINGS,
    pages: &[],
    keys: face::KEYS,
    panel: face::PANEL,
    glass: face::GLASS,
    matrix: Some(&face::FACE),
};

/// What is said about the Ambition 2PU CT.
pub static AMBITION_2PU_CT_NOTES: ModelNotes = ModelNotes {
    maker: "inepro Metering",
    name: "Ambition 2PU CT",
    doc: "Two-module energy meter for three phases behind current transformers, with dot matrix, three touch keys, Modbus, \
          M-Bus, two pulse outputs and a tariff input.",
    nameplate: &["3×230/400 V~ · 50/60 Hz", "1 (5) A · EN 50470", "10 000 imp/kWh"],
    terminals: terminals::CT,
    registers: CT_REGISTER_LABELS,
    settings: CT_SETTING_LABELS,
    pages: &[],
    telegrams: CT_TELEGRAM_LABELS,
    record_writes: const { &names::<{ mbus::WRITES_NOTES.len() }>(mbus::WRITES_NOTES) },
    lines: &[],
    glass_svg: include_str!("../../art/ambition-2pu-ct-glass.svg"),
    front_svg: include_str!("../../art/ambition-2pu-ct-front.svg"),
    meter_svg: include_str!("../../art/ambition-2pu-ct-meter.svg"),
};

/// Where everything about the Ambition 2PU CT comes from.
pub static AMBITION_2PU_CT_SOURCES: ModelSources = ModelSources {
    manual: "Ambition 2PU CT series user manual v0.08",
    registers: CT_REGISTER_NOTES,
    settings: CT_SETTING_NOTES,
    pages: &[],
    telegrams: CT_TELEGRAM_NOTES,
    record_writes: mbus::WRITES_NOTES,
    lines: &[],
    facts: &join::<FACTS, _>(&[facts::CT, face::FACTS, app::FACTS]),
    misprints: facts::MISPRINTS,
};

const _: () = assert!(first_fault(&AMBITION_2PU_CT).is_none());
