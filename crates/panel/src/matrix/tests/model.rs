//! A meter with a dot matrix and one row of every kind.

use schema::*;
use units::{Duration, EnergyKind, Flow, Of, Phase, Point, StateOf, Tariff, Unit, What};

use crate::tests::model::MODEL as DIGITS;

pub const LEFT: KeyId = KeyId(0);
pub const MIDDLE: KeyId = KeyId(1);
pub const RIGHT: KeyId = KeyId(2);

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
    SettingDef { permission: Permission::Factory, ..setting(SettingId::Serial, Kind::Digits(8), 22_070_003) },
    SettingDef { secret: true, ..setting(SettingId::Password, Kind::Digits(4), 0) },
    setting(
        SettingId::Tariff,
        Kind::OneOf(&[
            Choice::new(1, "", "T1"),
            Choice::new(2, "", "T2"),
            Choice::new(3, "", "T3"),
            Choice { value: 11, token: "", glyphs: "", keep: Keep::Volatile { acts_as: 1 } },
        ]),
        1,
    ),
    SettingDef { unit: Unit::Second, ..setting(SettingId::ScrollTime, Kind::Int { min: 1, max: 30 }, 5) },
    setting(SettingId::ModbusId, Kind::Int { min: 1, max: 247 }, 1),
    setting(
        SettingId::Backlight,
        Kind::OneOf(&[
            Choice::new(0, "button", "button"),
            Choice::new(1, "on", "on"),
            Choice::new(2, "off", "off"),
        ]),
        0,
    ),
    setting(SettingId::Obis, Kind::OneOf(&[Choice::new(0, "off", "off"), Choice::new(1, "on", "on")]), 1),
    setting(
        SettingId::ScreenDirection,
        Kind::OneOf(&[Choice::new(0, "standard", ""), Choice::new(1, "turned", "")]),
        0,
    ),
    setting(SettingId::CtRatio, Kind::Ratio, 55),
];

pub const fn register(flow: Flow, tariff: Tariff) -> Source {
    Source::Point(Point::active(flow, tariff))
}

pub const fn reading(what: What, of: Of) -> Source {
    Source::Point(Point::Now { what, of })
}

pub const fn state(of: StateOf) -> Source {
    Source::Point(Point::State(of))
}

pub const fn trip(phase: Phase) -> Source {
    Source::Point(Point::Energy { kind: EnergyKind::Active, flow: Flow::Trip, phase, tariff: Tariff::All })
}

pub const fn history(slot: u8, tariff: Tariff) -> Source {
    Source::Point(Point::History { slot, flow: Flow::Forward, tariff })
}

const fn line(obis: &'static str, source: Source, high_tariff: bool) -> RegisterLineDef {
    RegisterLineDef { obis, source, high_tariff }
}

const fn slot(ratio: u8, lines: &'static [RegisterLineDef], runs_on: bool) -> HistorySlotDef {
    HistorySlotDef { ratio: Source::Point(Point::HistoryRatio(ratio)), lines, runs_on }
}

const fn all_of(what: What) -> [Option<Source>; 4] {
    [
        Some(reading(what, Of::All)),
        Some(reading(what, Of::L1)),
        Some(reading(what, Of::L2)),
        Some(reading(what, Of::L3)),
    ]
}

pub static FACE: MatrixDef = MatrixDef {
    keys: MatrixKeys { left: LEFT, middle: MIDDLE, right: RIGHT },
    times: MatrixTimes {
        header: Duration::from_secs(10),
        registers: Duration::from_secs(10),
        choice: Duration::from_secs(10),
        password: Duration::from_secs(20),
    },
    header: [
        &[HeaderItemDef {
            label: "SW",
            source: Source::Identity(IdentityOf::Software),
            form: HeaderForm::Number,
        }],
        &[
            HeaderItemDef {
                label: "SN",
                source: Source::Setting(SettingId::Serial),
                form: HeaderForm::Serial,
            },
            HeaderItemDef {
                label: "CRC",
                source: Source::Identity(IdentityOf::Checksum),
                form: HeaderForm::Hex,
            },
        ],
        &[HeaderItemDef { label: "CT", source: state(StateOf::CtRatio), form: HeaderForm::Ratio }],
    ],
    registers: RegistersDef {
        lines: &[
            line("1.8.1", register(Flow::Forward, Tariff::T1), false),
            line("1.8.2", register(Flow::Forward, Tariff::T2), false),
            line("1.8.3", register(Flow::Forward, Tariff::T3), true),
            line("1.8.4", register(Flow::Forward, Tariff::T4), true),
        ],
        together: 2,
        digits: 6,
        decimals: 3,
        high_tariffs: state(StateOf::HighTariffs),
    },
    readings: &[
        ReadingDef {
            title: "Direction",
            form: ReadingForm::Words(&[(1, "Forward"), (-1, "Reverse"), (0, "None")]),
            sources: all_of(What::Direction),
            obis: [""; 4],
            obis_reverse: [""; 4],
        },
        ReadingDef {
            title: "Active power",
            form: ReadingForm::Number { decimals: 3, figures: 6, signed: true },
            sources: all_of(What::P),
            obis: ["1.7.0", "21.7.0", "41.7.0", "61.7.0"],
            obis_reverse: ["2.7.0", "22.7.0", "42.7.0", "62.7.0"],
        },
        ReadingDef {
            title: "Frequency",
            form: ReadingForm::Number { decimals: 2, figures: 6, signed: false },
            sources: [Some(reading(What::F, Of::All)), None, None, None],
            obis: ["14.7.0", "", "", ""],
            obis_reverse: [""; 4],
        },
        ReadingDef {
            title: "Voltage",
            form: ReadingForm::Number { decimals: 1, figures: 6, signed: false },
            sources: [
                None,
                Some(reading(What::U, Of::L1)),
                Some(reading(What::U, Of::L2)),
                Some(reading(What::U, Of::L3)),
            ],
            obis: ["", "32.7.0", "52.7.0", "72.7.0"],
            obis_reverse: [""; 4],
        },
    ],
    history: Some(HistoryDef {
        title: "CT history",
        used: state(StateOf::CtChanges),
        slots: &[
            slot(
                1,
                &[
                    line("1.8.1", history(1, Tariff::T1), false),
                    line("1.8.2", history(1, Tariff::T2), false),
                    line("1.8.3", history(1, Tariff::T3), true),
                ],
                true,
            ),
            slot(2, &[line("1.8.1", history(2, Tariff::T1), false)], false),
        ],
    }),
    radio: Some(RadioDef {
        title: "Bluetooth",
        prefix: "IM-",
        open: Duration::from_secs(120),
        packet: 20,
        gap: Duration::from_millis(500),
        reply_delay: Duration::from_millis(20),
        lock: Some(0x4F00),
        app: None,
    }),
    password: SettingId::Password,
    menu: &[
        MenuItemDef { label: "Password", edit: MenuEdit::Digits(SettingId::Password, 4) },
        MenuItemDef { label: "Tariff", edit: MenuEdit::Choice(SettingId::Tariff) },
        MenuItemDef { label: "Modbus ID", edit: MenuEdit::Digits(SettingId::ModbusId, 3) },
        MenuItemDef { label: "Backlight", edit: MenuEdit::Choice(SettingId::Backlight) },
        MenuItemDef {
            label: "Power-downs",
            edit: MenuEdit::Reset { command: CommandId::ResetPowerDowns, shows: state(StateOf::PowerDowns) },
        },
        MenuItemDef {
            label: "Trip counter",
            edit: MenuEdit::Reset { command: CommandId::ResetTrip, shows: trip(Phase::All) },
        },
        MenuItemDef { label: "Scroll time", edit: MenuEdit::Digits(SettingId::ScrollTime, 2) },
        MenuItemDef { label: "CT ratio", edit: MenuEdit::Ratio(SettingId::CtRatio) },
    ],
    obis: Some(SettingId::Obis),
    turned: Some(SettingId::ScreenDirection),
    words: MatrixWords {
        pages: ["Total", "L1", "L2", "L3"],
        settings: "Settings",
        password: "Enter password",
        wrong: "Wrong password",
        refused: "Not accepted",
        reset: "Set to 0?",
        no: "no",
        yes: "yes",
        scan: "Scan with the app",
        off: "Switched off",
        error: "Error",
        stopped: "Measuring stopped",
        bits: ["bit 0", "bit 1", "bit 2", "bit 3", "bit 4", "bit 5", "bit 6", "bit 7"],
    },
};

const fn key(id: KeyId) -> KeyDef {
    KeyDef { id, long: Duration::from_secs(3), very_long: Duration::from_secs(3) }
}

pub static MODEL: ModelDef = ModelDef {
    slug: "test-matrix",
    identity: IdentityDef { prefix: "0512", software: 102, checksum: 0x2100_1416, ..DIGITS.identity },
    settings: &[SETTINGS],
    pages: &[],
    keys: &[key(LEFT), key(MIDDLE), key(RIGHT)],
    panel: PanelDef {
        page_idle: Duration::from_secs(30),
        edit_idle: Duration::from_secs(15),
        ..DIGITS.panel
    },
    glass: GlassDef::Matrix(MatrixGlass { width: 128, height: 160 }),
    matrix: Some(&FACE),
    ..DIGITS
};

#[test]
fn the_table_is_whole() {
    assert_eq!(first_fault(&MODEL), None);
}
