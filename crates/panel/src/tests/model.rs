//! A meter with one page of every kind: six digits, one key.

use schema::*;
use units::{Duration, Flow, Of, Point, StateOf, Tariff, Unit, What};

pub const KEY: KeyId = KeyId(0);

const fn menu(n: u8) -> MenuId {
    MenuId(n)
}

const fn active(flow: Flow, tariff: Tariff) -> FieldDef {
    FieldDef::new(Source::Point(Point::active(flow, tariff)), Format::Counter)
}

const fn now(what: What, format: Format) -> FieldDef {
    FieldDef::new(Source::Point(Point::now(what)), format)
}

const fn state(of: StateOf, format: Format) -> FieldDef {
    FieldDef::new(Source::Point(Point::State(of)), format)
}

const fn own(prefix: &'static str, id: SettingId, format: Format) -> FieldDef {
    FieldDef::with(prefix, Source::Setting(id), format)
}

const fn setting(id: SettingId, kind: Kind, default: i32) -> SettingDef {
    SettingDef {
        id,
        kind,
        default,
        unit: Unit::None,
        permission: Permission::Everyone,
        effect: Effect::Now,
        secret: false,
    }
}

const SETTINGS: &[SettingDef] = &[
    SettingDef { permission: Permission::Factory, ..setting(SettingId::Serial, Kind::Digits(8), 13_070_001) },
    setting(SettingId::ModbusId, Kind::Int { min: 1, max: 247 }, 1),
    setting(
        SettingId::Baud,
        Kind::OneOf(&[
            Choice::new(9_600, "", "9600"),
            Choice::new(4_800, "", "4800"),
            Choice::new(2_400, "", "2400"),
            Choice::new(1_200, "", "1200"),
        ]),
        9_600,
    ),
    setting(
        SettingId::Parity,
        Kind::OneOf(&[
            Choice::new(1, "even", "EVEn"),
            Choice::new(2, "none", "nonE"),
            Choice::new(3, "odd", "odd"),
        ]),
        1,
    ),
    SettingDef {
        unit: Unit::ImpulsePerKilowattHour,
        ..setting(
            SettingId::S0Rate,
            Kind::OneOf(&[
                Choice::new(1_000_000, "", "10000"),
                Choice::new(200_000, "", "2000"),
                Choice::new(100_000, "", "1000"),
                Choice::new(10_000, "", "100"),
                Choice::new(1_000, "", "10"),
                Choice::new(100, "", "1"),
                Choice::new(10, "", "0.1"),
                Choice::new(1, "", "0.01"),
            ]),
            100_000,
        )
    },
    setting(
        SettingId::CombinationCode,
        Kind::OneOf(&[
            Choice::new(1, "", "01"),
            Choice::new(4, "", "04"),
            Choice::new(5, "", "05"),
            Choice::new(6, "", "06"),
            Choice::new(9, "", "09"),
            Choice::new(10, "", "10"),
        ]),
        1,
    ),
    SettingDef { unit: Unit::Second, ..setting(SettingId::ScrollTime, Kind::Int { min: 1, max: 30 }, 10) },
    setting(
        SettingId::Backlight,
        Kind::OneOf(&[
            Choice::new(0, "button", "btn"),
            Choice::new(1, "on", "on"),
            Choice::new(2, "off", "oFF"),
        ]),
        0,
    ),
    SettingDef { secret: true, ..setting(SettingId::Password, Kind::Digits(4), 0) },
];

const MAIN: &[PageDef] = &[
    PageDef::show(MenuId::MAIN, "", &[now(What::Direction, Format::Direction)])
        .opens(menu(1), Gate::Open)
        .scroll(Scroll::Always),
    PageDef::show(MenuId::MAIN, "KWhtot", &[active(Flow::Total, Tariff::All)])
        .opens(menu(2), Gate::Open)
        .scroll(Scroll::Always),
    PageDef::show(
        MenuId::MAIN,
        "KVArht",
        &[FieldDef::new(Source::Point(Point::reactive(Flow::Total, Tariff::All)), Format::Counter)],
    )
    .opens(menu(3), Gate::Open)
    .marks(&[Dot::Reactive]),
    PageDef::show(MenuId::MAIN, "KW", &[now(What::P, Format::Fixed(2))]).opens(menu(4), Gate::Open),
    PageDef::show(MenuId::MAIN, "KWhrES", &[active(Flow::Trip, Tariff::All)]).edit(Edit::Reset {
        command: CommandId::ResetTrip,
        enter: Hold::Long,
        confirm: Hold::VeryLong,
    }),
    PageDef::show(MenuId::MAIN, "PM   1", &[]).opens(menu(5), Gate::Open),
    PageDef::show(MenuId::MAIN, "PM   2", &[]).opens(menu(6), Gate::Open),
    PageDef::show(MenuId::MAIN, "PM   3", &[]).opens(menu(7), Gate::Password(SettingId::Password)),
];

const fn leaf(list: u8, label: &'static str, fields: &'static [FieldDef]) -> PageDef {
    PageDef::show(menu(list), label, fields).scroll(Scroll::Optional)
}

const fn editor(list: u8, label: &'static str, fields: &'static [FieldDef], edit: Edit) -> PageDef {
    PageDef::show(menu(list), label, fields).edit(edit)
}

const LEAVES: &[PageDef] = &[
    leaf(1, "V", &[now(What::U, Format::Fixed(1))]),
    leaf(1, "A", &[now(What::I, Format::Fixed(2))]),
    leaf(1, "HZ", &[now(What::F, Format::Fixed(2))]),
    leaf(1, "PF", &[now(What::Pf, Format::Fixed(2))]),
    leaf(1, "S", &[state(StateOf::Status, Format::Status)]),
    leaf(2, "KWh", &[active(Flow::Forward, Tariff::All)]),
    leaf(2, "KWh  2", &[active(Flow::Forward, Tariff::T2)]),
    leaf(2, "KWh", &[active(Flow::Reverse, Tariff::All)]).marks(&[Dot::Reverse]),
    leaf(3, "KVArh", &[now(What::Q, Format::Fixed(2))]).marks(&[Dot::Reactive]),
    leaf(4, "KVAr", &[now(What::Q, Format::Fixed(2))]),
];

const PROGRAM: &[PageDef] = &[
    leaf(5, "", &[FieldDef::with("SW", Source::Identity(IdentityOf::Software), Format::Fixed(2))]),
    leaf(
        5,
        "",
        &[
            FieldDef::with("CS", Source::Identity(IdentityOf::Checksum), Format::HalfHex { upper: true }),
            FieldDef::new(Source::Identity(IdentityOf::Checksum), Format::HalfHex { upper: false }),
        ],
    ),
    leaf(
        5,
        "",
        &[
            own("Sn", SettingId::Serial, Format::HalfDecimal { upper: true }),
            own("", SettingId::Serial, Format::HalfDecimal { upper: false }),
        ],
    ),
    leaf(5, "", &[FieldDef::with("Err", Source::Point(Point::State(StateOf::Error)), Format::Digits(2))]),
    editor(
        6,
        "Mbs Id",
        &[own("", SettingId::ModbusId, Format::Digits(3))],
        Edit::Digits(SettingId::ModbusId, 3),
    ),
    editor(6, "", &[own("RT", SettingId::ScrollTime, Format::Digits(2))], Edit::Step(SettingId::ScrollTime)),
    editor(6, "", &[own("bL", SettingId::Backlight, Format::Number)], Edit::Step(SettingId::Backlight)),
    editor(7, "S0", &[own("", SettingId::S0Rate, Format::Number)], Edit::Step(SettingId::S0Rate)),
    editor(
        7,
        "",
        &[own("C-", SettingId::CombinationCode, Format::Number)],
        Edit::Step(SettingId::CombinationCode),
    ),
    editor(7, "M bAud", &[own("", SettingId::Baud, Format::Number)], Edit::Step(SettingId::Baud)),
    editor(7, "PArity", &[own("", SettingId::Parity, Format::Word)], Edit::Step(SettingId::Parity)),
    editor(
        7,
        "PWEr C",
        &[state(StateOf::PowerDowns, Format::Digits(4))],
        Edit::Reset { command: CommandId::ResetPowerDowns, enter: Hold::VeryLong, confirm: Hold::Long },
    ),
    editor(
        7,
        "PASSrd",
        &[own("", SettingId::Password, Format::Digits(4))],
        Edit::Digits(SettingId::Password, 4),
    ),
];

pub const GLASS: SegmentGlass = SegmentGlass {
    cells: &[Cell::Fourteen, Cell::Fourteen, Cell::Seven, Cell::Seven, Cell::Seven, Cell::Seven],
    points: &[4, 5],
    dots: &[Dot::Reverse, Dot::Reactive, Dot::Tariff2, Dot::Communication],
    tariff_digit: false,
};

pub static MODEL: ModelDef = ModelDef {
    slug: "test-meter",
    identity: IdentityDef {
        prefix: "0254",
        meter_code: 0x0101,
        amps: 45,
        protocol: 320,
        software: 218,
        hardware: 132,
        checksum: 0x0D01_2D35,
        checksum_2: 0,
        ct_mode: 0,
    },
    metering: MeteringDef {
        phases: 1,
        starting_current_ma: 20,
        rollover_wh: 1_000_000_000,
        store_step_wh: 10,
        decimals: Decimals { volt: 1, ampere: 2, kilowatt: 3, power_factor: 2, hertz: 2 },
        combinations: &[(1, Combination::Forward)],
        tariffs: 2,
        quadrants: false,
        trip: TripDef { follows: TripOf::Forward, per_phase: false },
        ct: None,
        led_imp_per_kwh: 10_000,
        led_imp_per_kvarh: 0,
        led_width: Duration::from_millis(40),
        pulse_widths: &[],
        pulse_outputs: &[],
        power_fail_warning: Duration::from_millis(10),
    },
    errors: &[],
    modbus: None,
    mbus: None,
    optical: None,
    tariff_input: None,
    registers: &[],
    settings: &[SETTINGS],
    pages: &[MAIN, LEAVES, PROGRAM],
    keys: &[KeyDef { id: KEY, long: Duration::from_secs(3), very_long: Duration::from_secs(5) }],
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
    glass: GlassDef::Segments(GLASS),
    matrix: None,
};

/// A current reading, to be set by a test.
pub const fn reading(what: What) -> Source {
    Source::Point(Point::Now { what, of: Of::All })
}
