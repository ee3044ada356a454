//! A small meter that has one of everything the device deals with.

use super::*;

const SETTING: SettingDef = SettingDef {
    id: SettingId::Serial,
    kind: Kind::Digits(8),
    default: 13_070_001,
    unit: Unit::None,
    permission: Permission::Factory,
    effect: Effect::Now,
    secret: false,
};

const TARIFFS: &[Choice] = &[
    Choice::new(1, "", ""),
    Choice::new(2, "", ""),
    Choice { value: 11, token: "", glyphs: "", keep: Keep::Volatile { acts_as: 1 } },
    Choice { value: 12, token: "", glyphs: "", keep: Keep::Volatile { acts_as: 2 } },
];

const SETTINGS: &[SettingDef] = &[
    SettingDef { permission: Permission::Optical, ..SETTING },
    SettingDef {
        id: SettingId::ModbusId,
        kind: Kind::Int { min: 1, max: 247 },
        default: 1,
        permission: Permission::Everyone,
        effect: Effect::AfterReply,
        ..SETTING
    },
    SettingDef {
        id: SettingId::Baud,
        kind: Kind::OneOf(&[Choice::new(9_600, "", "9600"), Choice::new(4_800, "", "4800")]),
        default: 9_600,
        unit: Unit::Baud,
        permission: Permission::Password,
        effect: Effect::AfterReply,
        ..SETTING
    },
    SettingDef {
        id: SettingId::Parity,
        kind: Kind::OneOf(&[
            Choice::new(1, "even", "EVEn"),
            Choice::new(2, "none", "nonE"),
            Choice::new(3, "odd", "odd"),
        ]),
        default: 1,
        permission: Permission::Password,
        effect: Effect::AfterReply,
        ..SETTING
    },
    SettingDef {
        id: SettingId::S0Rate,
        kind: Kind::OneOf(&[Choice::new(100_000, "", "1000"), Choice::new(1_000, "", "10")]),
        default: 100_000,
        unit: Unit::ImpulsePerKilowattHour,
        permission: Permission::Password,
        ..SETTING
    },
    SettingDef {
        id: SettingId::ScrollTime,
        kind: Kind::Int { min: 1, max: 30 },
        default: 10,
        unit: Unit::Second,
        permission: Permission::Everyone,
        ..SETTING
    },
    SettingDef {
        id: SettingId::Password,
        kind: Kind::Digits(4),
        default: 0,
        permission: Permission::PanelOnly,
        secret: true,
        ..SETTING
    },
    SettingDef {
        id: SettingId::Tariff,
        kind: Kind::OneOf(TARIFFS),
        default: 1,
        permission: Permission::BusOnly,
        ..SETTING
    },
];

const FORWARD: Source = Source::Point(Point::active(Flow::Forward, Tariff::All));
const ENERGY: Codec = Codec::F32 { decimals: 2 };

const IDENTITY: &[RegisterDef] = &[
    RegisterDef::read(0x4000, Codec::Bcd32, Source::Setting(SettingId::Serial)),
    RegisterDef::read(0x4002, Codec::Hex16, Source::Identity(IdentityOf::MeterCode)),
    RegisterDef::setting(0x4003, Codec::U16, SettingId::ModbusId),
    RegisterDef::setting(0x4004, Codec::U16, SettingId::Baud),
    RegisterDef::setting(0x400D, Codec::F32 { decimals: 2 }, SettingId::S0Rate),
    RegisterDef::setting(0x4010, Codec::Bcd16, SettingId::ScrollTime),
    RegisterDef::setting(0x4011, Codec::U16, SettingId::Parity),
    RegisterDef::command(
        0x4016,
        Codec::U16,
        Source::Point(Point::State(StateOf::PowerDowns)),
        CommandId::ResetPowerDowns,
        Argument::Any,
    ),
];
const READINGS: &[RegisterDef] =
    &[RegisterDef::read(0x5000, Codec::F32 { decimals: 3 }, Source::Point(Point::now(What::P)))];
const ENERGIES: &[RegisterDef] = &[
    RegisterDef::read(0x6000, ENERGY, FORWARD),
    RegisterDef::setting(0x6048, Codec::U16, SettingId::Tariff),
    RegisterDef::command(
        0x6049,
        ENERGY,
        Source::Point(Point::active(Flow::Trip, Tariff::All)),
        CommandId::ResetTrip,
        Argument::Zero,
    ),
];
const OLD: &[RegisterDef] = &[RegisterDef::read(0x1018, Codec::U16, Source::Same(0x4003))];

const fn block(rows: &'static [RegisterDef], rule: Rule) -> Block {
    Block { rows, unmapped: Unmapped::Exception02, rule }
}

const MAIN: &[PageDef] = &[
    PageDef::show(MenuId::MAIN, "", &[FieldDef::new(FORWARD, Format::Counter)]).scroll(Scroll::Always),
    PageDef::show(MenuId::MAIN, "PM   2", &[]).opens(MenuId(1), Gate::Open),
    PageDef::show(
        MenuId(1),
        "",
        &[FieldDef::with("RT  ", Source::Setting(SettingId::ScrollTime), Format::Digits(2))],
    )
    .edit(Edit::Step(SettingId::ScrollTime)),
];

pub(super) static MODEL: ModelDef = ModelDef {
    slug: "small",
    identity: IdentityDef {
        prefix: "0254",
        meter_code: 0x0101,
        amps: 45,
        protocol: 320,
        software: 218,
        hardware: 132,
        checksum: 0,
        checksum_2: 0,
        ct_mode: 0,
    },
    metering: MeteringDef {
        phases: 1,
        starting_current_ma: 20,
        rollover_wh: 1_000_000_000,
        store_step_wh: 10,
        decimals: Decimals { volt: 1, ampere: 2, kilowatt: 3, power_factor: 2, hertz: 2 },
        combinations: &[],
        tariffs: 2,
        quadrants: false,
        trip: TripDef { follows: TripOf::Forward, per_phase: false },
        ct: None,
        led_imp_per_kwh: 10_000,
        led_imp_per_kvarh: 0,
        led_width: Duration::from_millis(10),
        pulse_widths: &[],
        pulse_outputs: &[],
        power_fail_warning: Duration::from_millis(10),
    },
    errors: &[
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
        ErrorDef { number: 7, when: Conditions::MANTISSA_DATA, stops: false, joins: false },
    ],
    modbus: Some(ModbusDef {
        max_read: 125,
        max_write: 123,
        unit0_answers_reads: true,
        fc04: true,
        reply_delay: Duration::from_millis(20),
    }),
    mbus: None,
    optical: Some(OpticalDef {
        manufacturer: "INM",
        ident: "SMALL-",
        sign_on_baud: 300,
        baud: 9_600,
        reaction: Duration::from_millis(200),
        password: SettingId::Password,
        lines: &[
            ObisDef {
                code: "0.0.0",
                source: Source::Setting(SettingId::Serial),
                digits: 8,
                decimals: 0,
                unit: "",
            },
            ObisDef { code: "1.8.0", source: FORWARD, digits: 6, decimals: 2, unit: "kWh" },
            ObisDef {
                code: "1.7.0",
                source: Source::Point(Point::now(What::P)),
                digits: 2,
                decimals: 3,
                unit: "kW",
            },
        ],
    }),
    tariff_input: None,
    registers: &[
        block(IDENTITY, Rule::Contiguous),
        block(READINGS, Rule::Contiguous),
        block(ENERGIES, Rule::Contiguous),
        block(OLD, Rule::OneValuePerRequest),
    ],
    settings: &[SETTINGS],
    pages: &[MAIN],
    keys: &[KeyDef { id: KeyId(0), long: Duration::from_secs(3), very_long: Duration::from_secs(5) }],
    panel: PanelDef {
        turn: Duration::from_millis(1_500),
        message: Duration::from_secs(2),
        edit_idle: Duration::from_secs(10),
        page_idle: Duration::from_secs(30),
        blink: Duration::from_secs(1),
        blink_on: Duration::from_millis(600),
        com_flash: Duration::from_millis(170),
        ok: "OK",
        ok_in: "OK  in",
        ok_out: "OK out",
        error_prefix: "Err",
        backlight: BacklightDef { button: 0, on: 1, lit: Duration::from_secs(30) },
        pair: None,
    },
    glass: GlassDef::Segments(SegmentGlass {
        cells: &[Cell::Fourteen, Cell::Fourteen, Cell::Seven, Cell::Seven, Cell::Seven, Cell::Seven],
        points: &[4, 5],
        dots: &[Dot::Reverse, Dot::Communication],
        tariff_digit: false,
    }),
    matrix: None,
};

const _: () = assert!(first_fault(&MODEL).is_none());
