//! inepro PRO1: meters of one DIN module for one phase, with one key and six digits.
//!
//! The family has four members: S (pulse output only), 2T (tariff input), Mb (M-Bus) and Mod (Modbus). They share
//! measuring, glass, key and most pages; each is a [`ModelDef`] of its own built from the blocks of this folder.
//! Citations name sections of the PRO1 series manual v2.18.

mod blocks;
pub(crate) mod facts;
mod glass;
pub(crate) mod mbus;
pub(crate) mod optical;
mod pages;
pub(crate) mod registers;
pub(crate) mod settings;
pub(crate) mod terminals;

use schema::{
    BacklightDef, Combination, Conditions, Decimals, DrawingDef, ErrorDef, IdentityDef, KeyDef, KeyId,
    MbusDef, MeteringDef, ModbusDef, ModelDef, ModelNotes, ModelSources, PanelDef, PulseOf, PulseOutputDef,
    PulseWidth, TariffInputDef, TripDef, TripOf, first_fault, names,
};
use units::{Duration, EnergyKind};

pub use pages::menu;

/// How every PRO1 measures and counts (§5, §7.1, §7.9 to §7.11).
pub const METERING: MeteringDef = MeteringDef {
    phases: 1,
    starting_current_ma: 20,
    rollover_wh: 1_000_000_000,
    store_step_wh: 10,
    decimals: Decimals { volt: 1, ampere: 2, kilowatt: 3, power_factor: 2, hertz: 2 },
    combinations: &[
        (1, Combination::Forward),
        (4, Combination::Reverse),
        (5, Combination::Sum),
        (6, Combination::ReverseLessForward),
        (9, Combination::ForwardLessReverse),
        (10, Combination::Netted),
    ],
    tariffs: 2,
    quadrants: false,
    trip: TripDef { follows: TripOf::Forward, per_phase: false },
    ct: None,
    led_imp_per_kwh: 10_000,
    led_imp_per_kvarh: 0,
    led_width: Duration::from_millis(10),
    pulse_widths: &[
        PulseWidth { min_rate: 0, up_to_watt: 5_625, width: Duration::from_millis(32) },
        PulseWidth { min_rate: 0, up_to_watt: u32::MAX, width: Duration::from_micros(11_200) },
    ],
    pulse_outputs: &[PulseOutputDef {
        min_mv: 5_000,
        max_mv: 27_000,
        max_ma: 100,
        shows: &[(0, PulseOf { kind: EnergyKind::Active, forward: true, reverse: true })],
    }],
    power_fail_warning: Duration::from_millis(10),
};

/// The errors of every PRO1 (§8.1): 01 is the memory, 02 the program. One damaged copy is repaired from the other and
/// not shown; the manual does not say, and the sister manual (Ambition, §8.1) has the backup used then.
pub const ERRORS: &[ErrorDef] = &[
    ErrorDef {
        number: 1,
        when: Conditions::ENERGY_LOST
            .and(Conditions::MANTISSA_DEAD)
            .and(Conditions::BACKUP_DEAD)
            .and(Conditions::MAIN_DEAD)
            .and(Conditions::INIT),
        stops: true,
        joins: false,
    },
    ErrorDef { number: 2, when: Conditions::PROGRAM, stops: true, joins: false },
];

/// The one key of every PRO1 (§7.6, §7.7).
pub const KEYS: &[KeyDef] =
    &[KeyDef { id: KeyId(1), long: Duration::from_secs(3), very_long: Duration::from_secs(5) }];

/// Times and words of the panel of every PRO1 (§7.6, §7.8, §8.1).
pub const PANEL: PanelDef = PanelDef {
    turn: Duration::from_millis(1_500),
    message: Duration::from_secs(2),
    edit_idle: Duration::from_secs(10),
    page_idle: Duration::from_secs(30),
    blink: Duration::from_secs(1),
    blink_on: Duration::from_millis(600),
    com_flash: Duration::from_millis(170),
    ok: "OK",
    ok_in: "OK in",
    ok_out: "OK out",
    error_prefix: "Err",
    backlight: BacklightDef {
        button: settings::BACKLIGHT_BUTTON,
        on: settings::BACKLIGHT_ON,
        lit: Duration::from_secs(30),
    },
    pair: None,
};

/// How the PRO1-Mod behaves on its Modbus (A3.1).
pub const MODBUS: ModbusDef = ModbusDef {
    max_read: 125,
    max_write: 123,
    unit0_answers_reads: true,
    fc04: true,
    reply_delay: Duration::from_millis(20),
};

/// How the PRO1-Mb behaves on its M-Bus (A2.1, A2.2).
pub const MBUS: MbusDef = MbusDef {
    manufacturer: 0x25CD,
    version: 2,
    medium: 2,
    telegrams: blocks::TELEGRAMS,
    selection: false,
    writes: mbus::WRITES,
    reply_bits: 33,
    baud_trial: None,
};

/// What every PRO1 is and always stays.
const IDENTITY: IdentityDef = IdentityDef {
    prefix: "0254",
    meter_code: 0x0101,
    amps: 45,
    protocol: 320,
    software: 218,
    hardware: 132,
    checksum: 0x0D01_2D35,
    checksum_2: 0,
    ct_mode: 0,
};

const NAMEPLATE: &[&str] = &["230 V~ · 50 Hz", "5 (45) A · class B", "10 000 imp/kWh"];
const MANUAL: &str = "PRO1 series user manual v2.18";

/// What all members have alike; it is no meter of its own, since it lacks settings and pages of its bus.
const FAMILY: ModelDef = ModelDef {
    slug: "",
    identity: IDENTITY,
    metering: METERING,
    errors: ERRORS,
    modbus: None,
    mbus: None,
    optical: Some(optical::OPTICAL),
    tariff_input: None,
    registers: blocks::PLAIN_REGISTERS,
    settings: blocks::PLAIN_SETTINGS,
    pages: blocks::PLAIN_PAGES,
    keys: KEYS,
    panel: PANEL,
    glass: glass::GLASS,
    matrix: None,
};

/// What is said about all members alike.
const FAMILY_NOTES: ModelNotes = ModelNotes {
    maker: "inepro Metering",
    name: "",
    doc: "",
    nameplate: NAMEPLATE,
    terminals: terminals::PLAIN,
    registers: blocks::PLAIN_REGISTER_LABELS,
    settings: blocks::PLAIN_SETTING_LABELS,
    pages: blocks::PLAIN_PAGE_LABELS,
    telegrams: &[],
    record_writes: &[],
    lines: const { &names::<{ optical::LINES_NOTES.len() }>(optical::LINES_NOTES) },
    drawing: DrawingDef {
        glass: &["pro1-glass.svg"],
        front: &["pro1-front.svg"],
        meter: &["pro1-meter.svg"],
    },
    glass_svg: include_str!("../../art/pro1-glass.svg"),
    front_svg: include_str!("../../art/pro1-front.svg"),
    meter_svg: include_str!("../../art/pro1-meter.svg"),
};

/// Where everything about all members alike comes from.
const FAMILY_SOURCES: ModelSources = ModelSources {
    manual: MANUAL,
    registers: blocks::PLAIN_REGISTER_NOTES,
    settings: blocks::PLAIN_SETTING_NOTES,
    pages: blocks::PLAIN_PAGE_NOTES,
    telegrams: &[],
    record_writes: &[],
    lines: optical::LINES_NOTES,
    facts: facts::PLAIN,
    misprints: &[],
};

/// The PRO1-S: one phase, 230 V, 5 (45) A, with a pulse output and nothing else.
pub static PRO1_S: ModelDef = ModelDef { slug: "pro1-s", ..FAMILY };

/// What is said about the PRO1-S.
pub static PRO1_S_NOTES: ModelNotes = ModelNotes {
    name: "PRO1-S",
    doc: "One-module energy meter for one phase, 230 V and 5 (45) A, with pulse output and infrared window.",
    ..FAMILY_NOTES
};

/// Where everything about the PRO1-S comes from.
pub static PRO1_S_SOURCES: ModelSources = FAMILY_SOURCES;

/// The PRO1-2T: as the PRO1-S, with an input of 230 V that chooses the tariff.
pub static PRO1_2T: ModelDef = ModelDef {
    slug: "pro1-2t",
    tariff_input: Some(TariffInputDef { volts: 230, off: Some(1), on: 2 }),
    pages: blocks::TARIFF_PAGES,
    ..FAMILY
};

/// What is said about the PRO1-2T.
pub static PRO1_2T_NOTES: ModelNotes = ModelNotes {
    name: "PRO1-2T",
    doc: "One-module energy meter for one phase, 230 V and 5 (45) A, with pulse output, infrared window and a 230 V \
          input that chooses between two tariffs.",
    terminals: terminals::WITH_TARIFF,
    pages: blocks::TARIFF_PAGE_LABELS,
    ..FAMILY_NOTES
};

/// Where everything about the PRO1-2T comes from.
pub static PRO1_2T_SOURCES: ModelSources =
    ModelSources { pages: blocks::TARIFF_PAGE_NOTES, facts: facts::TWO_TARIFFS, ..FAMILY_SOURCES };

/// The PRO1-Mb: as the PRO1-S, with an M-Bus port.
pub static PRO1_MB: ModelDef = ModelDef {
    slug: "pro1-mb",
    mbus: Some(MBUS),
    registers: blocks::MBUS_REGISTERS,
    settings: blocks::MBUS_SETTINGS,
    pages: blocks::MBUS_PAGES,
    ..FAMILY
};

/// What is said about the PRO1-Mb.
pub static PRO1_MB_NOTES: ModelNotes = ModelNotes {
    name: "PRO1-Mb",
    doc: "One-module energy meter for one phase, 230 V and 5 (45) A, with pulse output, infrared window and an M-Bus \
          port.",
    terminals: terminals::WITH_MBUS,
    registers: blocks::MBUS_REGISTER_LABELS,
    settings: blocks::MBUS_SETTING_LABELS,
    pages: blocks::MBUS_PAGE_LABELS,
    telegrams: blocks::TELEGRAM_LABELS,
    record_writes: const { &names::<{ mbus::WRITES_NOTES.len() }>(mbus::WRITES_NOTES) },
    ..FAMILY_NOTES
};

/// Where everything about the PRO1-Mb comes from.
pub static PRO1_MB_SOURCES: ModelSources = ModelSources {
    registers: blocks::MBUS_REGISTER_NOTES,
    settings: blocks::MBUS_SETTING_NOTES,
    pages: blocks::MBUS_PAGE_NOTES,
    telegrams: blocks::TELEGRAM_NOTES,
    record_writes: mbus::WRITES_NOTES,
    facts: facts::MBUS,
    misprints: facts::MBUS_MISPRINTS,
    ..FAMILY_SOURCES
};

/// The PRO1-Mod: as the PRO1-S, with an RS485 port that speaks Modbus RTU.
pub static PRO1_MOD: ModelDef = ModelDef {
    slug: "pro1-mod",
    modbus: Some(MODBUS),
    registers: blocks::MODBUS_REGISTERS,
    settings: blocks::MODBUS_SETTINGS,
    pages: blocks::MODBUS_PAGES,
    ..FAMILY
};

/// What is said about the PRO1-Mod.
pub static PRO1_MOD_NOTES: ModelNotes = ModelNotes {
    name: "PRO1-Mod",
    doc: "One-module energy meter for one phase, 230 V and 5 (45) A, with pulse output, infrared window and an RS485 \
          port that speaks Modbus RTU.",
    terminals: terminals::WITH_RS485,
    registers: blocks::MODBUS_REGISTER_LABELS,
    settings: blocks::MODBUS_SETTING_LABELS,
    pages: blocks::MODBUS_PAGE_LABELS,
    ..FAMILY_NOTES
};

/// Where everything about the PRO1-Mod comes from.
pub static PRO1_MOD_SOURCES: ModelSources = ModelSources {
    registers: blocks::MODBUS_REGISTER_NOTES,
    settings: blocks::MODBUS_SETTING_NOTES,
    pages: blocks::MODBUS_PAGE_NOTES,
    facts: facts::MODBUS,
    misprints: facts::MODBUS_MISPRINTS,
    ..FAMILY_SOURCES
};

const _: () = assert!(first_fault(&PRO1_S).is_none());
const _: () = assert!(first_fault(&PRO1_2T).is_none());
const _: () = assert!(first_fault(&PRO1_MB).is_none());
const _: () = assert!(first_fault(&PRO1_MOD).is_none());
