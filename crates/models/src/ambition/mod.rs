//! inepro Ambition: meters for three phases with a dot matrix, three touch keys, Modbus and M-Bus.
//!
//! The 2PU CT stands behind current transformers; through the 4PU and the 4PS the current flows. Citations name sections
//! of the manual of the 2PU CT, v0.08.

pub mod app;
pub mod face;
mod facts;
mod mbus;
mod registers;
mod settings;
mod terminals;

use schema::{
    Block, Combination, Conditions, CtDef, Decimals, DrawingDef, ErrorDef, Fact, IdentityDef, MbusDef,
    MeteringDef, ModbusDef, ModelDef, ModelNotes, ModelSources, PulseOf, PulseOutputDef, PulseWidth,
    RegisterDef, Rule, SettingDef, SettingId, TariffInputDef, TelegramDef, TripDef, TripOf, Unmapped, blocks,
    first_fault, names,
};
use units::{Duration, EnergyKind};

use crate::join;

const FACTS: usize = facts::FAMILY.len() + face::FACTS.len() + app::FACTS.len();
const DIRECT_FACTS: usize = facts::DIRECT.len() + FACTS;

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
    led_imp_per_kvarh: 0,
    led_width: Duration::from_millis(10),
    pulse_widths: &[PulseWidth { min_rate: 0, up_to_watt: u32::MAX, width: Duration::from_millis(2) }],
    pulse_outputs: &[
        output(&[(settings::ACTIVE_REACTIVE, ACTIVE), (settings::FORWARD_REVERSE, FORWARD)]),
        output(&[(settings::ACTIVE_REACTIVE, REACTIVE), (settings::FORWARD_REVERSE, REVERSE)]),
    ],
    power_fail_warning: Duration::from_millis(10),
};

/// How a meter measures and counts through which the current flows.
pub const METERING_DIRECT: MeteringDef =
    MeteringDef { starting_current_ma: 20, ct: None, led_width: Duration::from_millis(4), ..METERING_CT };

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
    /// Register blocks of a meter through which the current flows.
    DIRECT_REGISTERS / DIRECT_REGISTER_LABELS / DIRECT_REGISTER_NOTES: Block, labels = [
        block(registers::METER_DIRECT, Unmapped::Zero) => registers::METER_DIRECT_NOTES,
        block(registers::NOW, Unmapped::Exception02) => registers::NOW_NOTES,
        block(registers::ENERGY, Unmapped::Exception02) => registers::ENERGY_NOTES,
    ];
    /// Settings of a meter behind current transformers.
    CT_SETTINGS / CT_SETTING_LABELS / CT_SETTING_NOTES: &[SettingDef], labels = [
        settings::COMMON => settings::COMMON_NOTES,
        settings::CT => settings::CT_NOTES,
    ];
    /// Settings of a meter through which the current flows.
    DIRECT_SETTINGS / DIRECT_SETTING_LABELS / DIRECT_SETTING_NOTES: &[SettingDef], labels = [
        settings::COMMON => settings::COMMON_NOTES,
    ];
    /// Telegrams of a meter behind current transformers.
    CT_TELEGRAMS / CT_TELEGRAM_LABELS / CT_TELEGRAM_NOTES: TelegramDef, names = [
        TelegramDef { ci: 0xB1, records: mbus::READ_CT } => mbus::READ_CT_NOTES,
    ];
    /// Telegrams of a meter through which the current flows.
    DIRECT_TELEGRAMS / DIRECT_TELEGRAM_LABELS / DIRECT_TELEGRAM_NOTES: TelegramDef, names = [
        TelegramDef { ci: 0xB1, records: mbus::READ } => mbus::READ_NOTES,
    ];
}

/// How it behaves on its M-Bus (A2.1, A2.2).
const MBUS: MbusDef = MbusDef {
    manufacturer: 0x25CD,
    version: 1,
    medium: 2,
    telegrams: CT_TELEGRAMS,
    selection: false,
    writes: mbus::WRITES,
    reply_bits: 33,
    baud_trial: None,
};

/// The 2PU CT; what the others have alike comes from here.
const CT: ModelDef = ModelDef {
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
        ct_mode: 0,
    },
    metering: METERING_CT,
    errors: ERRORS,
    modbus: Some(MODBUS),
    mbus: Some(MBUS),
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

/// A meter through which the current flows, of a name and a code.
const fn direct(slug: &'static str, meter_code: u16) -> ModelDef {
    ModelDef {
        slug,
        identity: IdentityDef { prefix: "0511", meter_code, amps: 65, ..CT.identity },
        metering: METERING_DIRECT,
        mbus: Some(MbusDef { telegrams: DIRECT_TELEGRAMS, ..MBUS }),
        registers: DIRECT_REGISTERS,
        settings: DIRECT_SETTINGS,
        matrix: Some(&face::DIRECT_FACE),
        ..CT
    }
}

/// The Ambition 2PU CT: three phases behind current transformers, with Modbus, M-Bus and two pulse outputs.
pub static AMBITION_2PU_CT: ModelDef = CT;

/// The Ambition 4PU: as the 2PU CT, for three phases that flow through it.
pub static AMBITION_4PU: ModelDef = direct("ambition-4pu", 0x1111);

/// The Ambition 4PS: as the 4PU.
pub static AMBITION_4PS: ModelDef = direct("ambition-4ps", 0x1112);

const CT_NOTES: ModelNotes = ModelNotes {
    maker: "inepro Metering",
    name: "Ambition 2PU CT",
    doc: "Two-module energy meter for three phases behind current transformers, with dot matrix, three touch keys, Modbus, \
          M-Bus, two pulse outputs and a tariff input.",
    nameplate: &["3×230/400 V~ · 1 (5) A · 50/60 Hz", "EN 50470", "10 000 imp/kWh"],
    terminals: terminals::CT,
    registers: CT_REGISTER_LABELS,
    settings: CT_SETTING_LABELS,
    pages: &[],
    telegrams: CT_TELEGRAM_LABELS,
    record_writes: const { &names::<{ mbus::WRITES_NOTES.len() }>(mbus::WRITES_NOTES) },
    lines: &[],
    drawing: DrawingDef {
        glass: &["ambition-glass.svg"],
        front: &["ambition-front.svg", "ambition-plate.svg", "</svg>\n"],
        meter: &["ambition-2-modules.svg", "ambition-plate.svg", "</g></g></svg>\n"],
    },
    glass_svg: include_str!("../../art/ambition-glass.svg"),
    // What is printed on the plate is one drawing, for the front that is enlarged and for each housing.
    front_svg: concat!(
        include_str!("../../art/ambition-front.svg"),
        include_str!("../../art/ambition-plate.svg"),
        "</svg>\n"
    ),
    meter_svg: concat!(
        include_str!("../../art/ambition-2-modules.svg"),
        include_str!("../../art/ambition-plate.svg"),
        "</g></g></svg>\n"
    ),
};

const fn direct_notes(name: &'static str) -> ModelNotes {
    ModelNotes {
        name,
        doc: "Four-module energy meter for three phases of up to 65 A, with dot matrix, three touch keys, Modbus, M-Bus, two \
              pulse outputs and a tariff input.",
        nameplate: &["3×230/400 V~ · 5 (65) A · 50/60 Hz", "EN 50470", "10 000 imp/kWh"],
        terminals: terminals::DIRECT,
        registers: DIRECT_REGISTER_LABELS,
        settings: DIRECT_SETTING_LABELS,
        telegrams: DIRECT_TELEGRAM_LABELS,
        drawing: DrawingDef {
            meter: &["ambition-4-modules.svg", "ambition-plate.svg", "</g></g></svg>\n"],
            ..CT_NOTES.drawing
        },
        meter_svg: concat!(
            include_str!("../../art/ambition-4-modules.svg"),
            include_str!("../../art/ambition-plate.svg"),
            "</g></g></svg>\n"
        ),
        ..CT_NOTES
    }
}

/// What is said about the Ambition 2PU CT.
pub static AMBITION_2PU_CT_NOTES: ModelNotes = CT_NOTES;

/// What is said about the Ambition 4PU.
pub static AMBITION_4PU_NOTES: ModelNotes = direct_notes("Ambition 4PU");

/// What is said about the Ambition 4PS.
pub static AMBITION_4PS_NOTES: ModelNotes = direct_notes("Ambition 4PS");

const CT_SOURCES: ModelSources = ModelSources {
    manual: "Ambition 2PU CT series user manual v0.08",
    registers: CT_REGISTER_NOTES,
    settings: CT_SETTING_NOTES,
    pages: &[],
    telegrams: CT_TELEGRAM_NOTES,
    record_writes: mbus::WRITES_NOTES,
    lines: &[],
    facts: &join::<{ facts::CT.len() + FACTS }, _>(&[facts::CT, facts::FAMILY, face::FACTS, app::FACTS]),
    misprints: facts::MISPRINTS,
};

const fn direct_sources(facts: &'static [Fact]) -> ModelSources {
    ModelSources {
        registers: DIRECT_REGISTER_NOTES,
        settings: DIRECT_SETTING_NOTES,
        telegrams: DIRECT_TELEGRAM_NOTES,
        facts,
        ..CT_SOURCES
    }
}

/// Where everything about the Ambition 2PU CT comes from.
pub static AMBITION_2PU_CT_SOURCES: ModelSources = CT_SOURCES;

/// Where everything about the Ambition 4PU comes from.
pub static AMBITION_4PU_SOURCES: ModelSources =
    direct_sources(&join::<{ facts::PU.len() + DIRECT_FACTS }, _>(&[
        facts::PU,
        facts::DIRECT,
        facts::FAMILY,
        face::FACTS,
        app::FACTS,
    ]));

/// Where everything about the Ambition 4PS comes from.
pub static AMBITION_4PS_SOURCES: ModelSources =
    direct_sources(&join::<{ facts::PS.len() + DIRECT_FACTS }, _>(&[
        facts::PS,
        facts::DIRECT,
        facts::FAMILY,
        face::FACTS,
        app::FACTS,
    ]));

const _: () = assert!(first_fault(&AMBITION_2PU_CT).is_none());
const _: () = assert!(first_fault(&AMBITION_4PU).is_none());
const _: () = assert!(first_fault(&AMBITION_4PS).is_none());
