//! The face of the family: a dot matrix in three parts and its menu (chapter 7). The figures of the manual are lost; the
//! words, the numbers of part 3 and the times that are not written there are ours.

use super::app::{APP, LOCK};
use schema::Citation::{Assumed, Manual};
use schema::{
    BacklightDef, CommandId, Fact, GlassDef, HeaderForm, HeaderItemDef, HistoryDef, HistorySlotDef,
    IdentityOf, KeyDef, KeyId, MatrixDef, MatrixGlass, MatrixKeys, MatrixTimes, MatrixWords, MenuEdit,
    MenuItemDef, PanelDef, RadioDef, ReadingDef, ReadingForm, RegisterLineDef, RegistersDef, SettingId,
    Source,
};
use units::{Duration, EnergyKind, Flow, Of, Phase, Point, StateOf, Tariff, What};

/// The key `<<`.
pub const LEFT: KeyId = KeyId(0);
/// The key `*`.
pub const MIDDLE: KeyId = KeyId(1);
/// The key `>>`.
pub const RIGHT: KeyId = KeyId(2);

/// The glass: 35 by 45 mm (§5.6), its dots ours.
pub const GLASS: GlassDef = GlassDef::Matrix(MatrixGlass { width: 128, height: 160 });

// All three act alike, so that a key that is held too long does nothing: one mark, at which it acts at once (§7.4).
const fn key(id: KeyId) -> KeyDef {
    KeyDef { id, long: Duration::from_secs(3), very_long: Duration::from_secs(3) }
}

/// The three touch keys.
pub const KEYS: &[KeyDef] = &[key(LEFT), key(MIDDLE), key(RIGHT)];

/// The backlight is on while somebody uses a key.
pub const BACKLIGHT_BUTTON: i32 = 0;
/// The backlight is always on.
pub const BACKLIGHT_ON: i32 = 1;
/// The backlight is always off.
pub const BACKLIGHT_OFF: i32 = 2;

/// Times that this panel has in common with that of a glass of digits.
pub const PANEL: PanelDef = PanelDef {
    turn: Duration::from_secs(10),
    message: Duration::from_secs(2),
    edit_idle: Duration::from_secs(30),
    page_idle: Duration::from_secs(60),
    blink: Duration::from_secs(1),
    blink_on: Duration::from_millis(600),
    com_flash: Duration::from_millis(170),
    ok: "OK",
    ok_in: "",
    ok_out: "",
    error_prefix: "",
    backlight: BacklightDef { button: BACKLIGHT_BUTTON, on: BACKLIGHT_ON, lit: Duration::from_secs(30) },
    pair: None,
};

/// What stands in no row.
pub const FACTS: &[Fact] = &[
    Fact {
        label: "Dots of the glass",
        doc: "128 by 160, on 35 by 45 mm; which text stands where, and in which letters, is ours.",
        source: Assumed("the manual gives the size of the glass; its pictures are lost"),
    },
    Fact {
        label: "Header",
        doc: "Software version; serial number and CRC in turns of 10 s; present CT ratio, where it has one; tariff, \
              Bluetooth, telephone.",
        source: Manual("§7.1"),
    },
    Fact {
        label: "Registers",
        doc: "Two together with six digits and three decimals, in turns of 10 s; those of tariffs 3 and 4 only once one \
              of the two has counted. Their numbers cannot be hidden.",
        source: Manual("§7.2, §7.6.14"),
    },
    Fact {
        label: "Which registers stand together",
        doc: "Tariffs 1 and 2 forward, then reverse; then tariffs 3 and 4 likewise.",
        source: Assumed(
            "the manual says that T1/T2 and T3/T4 take turns, not what becomes of the other direction",
        ),
    },
    Fact {
        label: "Readings",
        doc: "Direction, trip counter, reactive energy, power factor, quadrant, frequency, active, apparent and reactive \
              power, voltage and current, in this order; the phases stand beside the whole. A counter or reading that \
              grows gives up decimals.",
        source: Manual("§7.3"),
    },
    Fact {
        label: "Numbers of the readings",
        doc: "1.7.0 and 2.7.0, 3.7.0 and 4.7.0, 9.7.0, 13.7.0, 14.7.0, 31.7.0, 32.7.0, 3.8.0 to 8.8.0 and those of each \
              phase; none for direction, quadrant and trip counter.",
        source: Assumed(
            "the numbers of IEC 62056-6-1; the manual gives those of part 2 and its pictures are lost",
        ),
    },
    Fact {
        label: "Direction of the current",
        doc: "Of each phase, and none of the whole meter.",
        source: Assumed("the register map has three of them, and the sister meter shows three"),
    },
    Fact {
        label: "Keys at the readings",
        doc: "<< and >> go through total, L1, L2, L3 and, where it has one, the CT history and round again; a short touch \
              of * shows the next reading at once. The readings of a page turn by themselves in the scroll time.",
        source: Assumed("the manual names the pages and the keys, and no key for the readings"),
    },
    Fact {
        label: "Holding *",
        doc: "At 3 s the choice between Bluetooth and the settings opens, without waiting for the finger to leave.",
        source: Manual("§7.4"),
    },
    Fact {
        label: "Leaving",
        doc: "Held for 3 s again, * leads from an editor back to the menu without a change, and from there to the readings.",
        source: Assumed("the manual knows no other way back than the time-out"),
    },
    Fact {
        label: "Times without a touch",
        doc: "The choice closes after 30 s, the password and an editor after 30 s, the menu and a chosen page after 60 s.",
        source: Assumed(
            "§7.6 says that the choice closes by itself, not when; times are those of the PRO1, doubled where \
                         somebody reads",
        ),
    },
    Fact {
        label: "Digits",
        doc: "<< and >> step the digit in hand down and up, * takes it; each of the password's digits can be 0 to 9.",
        source: Assumed(
            "§7.6 has each digit confirmed; its range of 1 to 9 would not allow the default 0000",
        ),
    },
    Fact {
        label: "Wrong password",
        doc: "The meter says so for 2 s and the choice stands again; nothing is locked.",
        source: Assumed("as the PRO1 does"),
    },
    Fact {
        label: "Bluetooth",
        doc: "Chosen with *, it is on for 2 minutes from then or from its last use; chosen again, it goes off. Its QR code is \
              IM- and the twelve digits of the serial number.",
        source: Assumed("§7.5 says how it is switched on; the name is that of the successor"),
    },
    Fact {
        label: "Telephone",
        doc: "Lit for 170 ms with each answer of Modbus or M-Bus, at most three times a second.",
        source: Assumed("§7.1 says that it is shown when communication is active"),
    },
    Fact {
        label: "Error",
        doc: "A meter that has stopped shows the error byte in hexadecimal digits in place of its readings, with a few words \
              for each bit; a short touch shows the readings for a while.",
        source: Manual("§8.1"),
    },
];

const fn state(of: StateOf) -> Source {
    Source::Point(Point::State(of))
}

const fn register(obis: &'static str, flow: Flow, tariff: Tariff) -> RegisterLineDef {
    let high_tariff = matches!(tariff, Tariff::T3 | Tariff::T4);
    RegisterLineDef { obis, source: Source::Point(Point::active(flow, tariff)), high_tariff }
}

const REGISTERS: &[RegisterLineDef] = &[
    register("1.8.1", Flow::Forward, Tariff::T1),
    register("1.8.2", Flow::Forward, Tariff::T2),
    register("2.8.1", Flow::Reverse, Tariff::T1),
    register("2.8.2", Flow::Reverse, Tariff::T2),
    register("1.8.3", Flow::Forward, Tariff::T3),
    register("1.8.4", Flow::Forward, Tariff::T4),
    register("2.8.3", Flow::Reverse, Tariff::T3),
    register("2.8.4", Flow::Reverse, Tariff::T4),
];

/// The registers of part 2 as they stand in a place of the history.
const fn kept(slot: u8) -> [RegisterLineDef; 8] {
    let mut lines = [register("", Flow::Forward, Tariff::All); 8];
    let mut rows = REGISTERS;
    let mut room: &mut [RegisterLineDef] = &mut lines;
    while let ([row, tail @ ..], [place, left @ ..]) = (rows, room) {
        *place = match row.source {
            Source::Point(Point::Energy { flow, tariff, .. }) => RegisterLineDef {
                obis: row.obis,
                source: Source::Point(Point::History { slot, flow, tariff }),
                high_tariff: row.high_tariff,
            },
            _ => *row,
        };
        rows = tail;
        room = left;
    }
    lines
}

const fn slot(number: u8, lines: &'static [RegisterLineDef]) -> HistorySlotDef {
    HistorySlotDef { ratio: Source::Point(Point::HistoryRatio(number)), lines, runs_on: number == 1 }
}

const HISTORY: HistoryDef = HistoryDef {
    title: "CT history",
    used: state(StateOf::CtChanges),
    slots: &[
        slot(1, const { &kept(1) }),
        slot(2, const { &kept(2) }),
        slot(3, const { &kept(3) }),
        slot(4, const { &kept(4) }),
        slot(5, const { &kept(5) }),
        slot(6, const { &kept(6) }),
        slot(7, const { &kept(7) }),
    ],
};

const NONE: [&str; 4] = [""; 4];

const fn now(what: What, of: Of) -> Option<Source> {
    Some(Source::Point(Point::Now { what, of }))
}

const fn phases(what: What) -> [Option<Source>; 4] {
    [None, now(what, Of::L1), now(what, Of::L2), now(what, Of::L3)]
}

const fn each(what: What) -> [Option<Source>; 4] {
    [now(what, Of::All), now(what, Of::L1), now(what, Of::L2), now(what, Of::L3)]
}

const fn energy(kind: EnergyKind, flow: Flow, phase: Phase) -> Option<Source> {
    Some(Source::Point(Point::Energy { kind, flow, phase, tariff: Tariff::All }))
}

const fn energies(kind: EnergyKind, flow: Flow) -> [Option<Source>; 4] {
    [
        energy(kind, flow, Phase::All),
        energy(kind, flow, Phase::L1),
        energy(kind, flow, Phase::L2),
        energy(kind, flow, Phase::L3),
    ]
}

const fn reading(
    title: &'static str,
    form: ReadingForm,
    sources: [Option<Source>; 4],
    obis: [&'static str; 4],
) -> ReadingDef {
    ReadingDef { title, form, sources, obis, obis_reverse: NONE }
}

const fn number(decimals: u8) -> ReadingForm {
    ReadingForm::Number { decimals, figures: 6, signed: false }
}

const SIGNED: ReadingForm = ReadingForm::Number { decimals: 3, figures: 6, signed: true };
const COUNTER: ReadingForm = ReadingForm::Number { decimals: 3, figures: 7, signed: false };

const fn quadrant(title: &'static str, flow: Flow, obis: &'static str) -> ReadingDef {
    let total = energy(EnergyKind::Reactive, flow, Phase::All);
    reading(title, COUNTER, [total, None, None, None], [obis, "", "", ""])
}

/// Part 3, in the order of the manual (§7.3).
const READINGS: &[ReadingDef] = &[
    reading(
        "Current direction",
        ReadingForm::Words(&[(1, "forward"), (-1, "reverse"), (0, "none")]),
        phases(What::Direction),
        NONE,
    ),
    reading("Trip counter", COUNTER, energies(EnergyKind::Active, Flow::Trip), NONE),
    reading(
        "Reactive energy +",
        COUNTER,
        energies(EnergyKind::Reactive, Flow::Forward),
        ["3.8.0", "23.8.0", "43.8.0", "63.8.0"],
    ),
    reading(
        "Reactive energy -",
        COUNTER,
        energies(EnergyKind::Reactive, Flow::Reverse),
        ["4.8.0", "24.8.0", "44.8.0", "64.8.0"],
    ),
    quadrant("Reactive Q1", Flow::Q1, "5.8.0"),
    quadrant("Reactive Q2", Flow::Q2, "6.8.0"),
    quadrant("Reactive Q3", Flow::Q3, "7.8.0"),
    quadrant("Reactive Q4", Flow::Q4, "8.8.0"),
    reading("Power factor", number(2), each(What::Pf), ["13.7.0", "33.7.0", "53.7.0", "73.7.0"]),
    reading(
        "Present quadrant",
        ReadingForm::Words(&[(1, "Q1"), (2, "Q2"), (3, "Q3"), (4, "Q4"), (0, "none")]),
        each(What::Quadrant),
        NONE,
    ),
    reading("Frequency", number(2), [now(What::F, Of::All), None, None, None], ["14.7.0", "", "", ""]),
    ReadingDef {
        obis_reverse: ["2.7.0", "22.7.0", "42.7.0", "62.7.0"],
        ..reading("Active power", SIGNED, each(What::P), ["1.7.0", "21.7.0", "41.7.0", "61.7.0"])
    },
    reading("Apparent power", number(3), each(What::S), ["9.7.0", "29.7.0", "49.7.0", "69.7.0"]),
    ReadingDef {
        obis_reverse: ["4.7.0", "24.7.0", "44.7.0", "64.7.0"],
        ..reading("Reactive power", SIGNED, each(What::Q), ["3.7.0", "23.7.0", "43.7.0", "63.7.0"])
    },
    reading("Voltage", number(1), phases(What::U), ["", "32.7.0", "52.7.0", "72.7.0"]),
    reading("Current", SIGNED, phases(What::I), ["", "31.7.0", "51.7.0", "71.7.0"]),
];

const fn item(label: &'static str, edit: MenuEdit) -> MenuItemDef {
    MenuItemDef { label, edit }
}

/// The menu, in the order of the manual's sections (§7.6.1 to §7.6.17).
const MENU: &[MenuItemDef] = &[
    item("Password", MenuEdit::Digits(SettingId::Password, 4)),
    item("Tariff", MenuEdit::Choice(SettingId::Tariff)),
    item("S0 output", MenuEdit::Choice(SettingId::S0Rate)),
    item("Pulse type", MenuEdit::Choice(SettingId::PulseType)),
    item("S0 pulse width", MenuEdit::Digits(SettingId::PulseWidth, 2)),
    item("Modbus ID", MenuEdit::Digits(SettingId::ModbusId, 3)),
    item("Modbus baud", MenuEdit::Choice(SettingId::Baud)),
    item("Modbus parity", MenuEdit::Choice(SettingId::Parity)),
    item("M-Bus ID", MenuEdit::Digits(SettingId::MbusId, 3)),
    item("M-Bus baud", MenuEdit::Choice(SettingId::MbusBaud)),
    item("Backlight", MenuEdit::Choice(SettingId::Backlight)),
    item(
        "Power-down",
        MenuEdit::Reset { command: CommandId::ResetPowerDowns, shows: state(StateOf::PowerDowns) },
    ),
    item(
        "Trip counter",
        MenuEdit::Reset {
            command: CommandId::ResetTrip,
            shows: Source::Point(Point::active(Flow::Trip, Tariff::All)),
        },
    ),
    item("OBIS codes", MenuEdit::Choice(SettingId::Obis)),
    item("Scroll time", MenuEdit::Digits(SettingId::ScrollTime, 2)),
    item("CT ratio", MenuEdit::Ratio(SettingId::CtRatio)),
];

/// The face.
pub static FACE: MatrixDef = MatrixDef {
    keys: MatrixKeys { left: LEFT, middle: MIDDLE, right: RIGHT },
    times: MatrixTimes {
        header: Duration::from_secs(10),
        registers: Duration::from_secs(10),
        choice: Duration::from_secs(30),
        password: Duration::from_secs(30),
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
        lines: REGISTERS,
        together: 2,
        digits: 6,
        decimals: 3,
        high_tariffs: state(StateOf::HighTariffs),
    },
    readings: READINGS,
    history: Some(HISTORY),
    radio: Some(RadioDef {
        title: "Bluetooth",
        prefix: "IM-",
        open: Duration::from_secs(120),
        packet: 20,
        gap: Duration::from_millis(500),
        reply_delay: Duration::from_millis(20),
        lock: Some(LOCK),
        app: Some(&APP),
    }),
    password: SettingId::Password,
    menu: MENU,
    obis: Some(SettingId::Obis),
    turned: Some(SettingId::ScreenDirection),
    words: MatrixWords {
        pages: ["Total", "L1", "L2", "L3"],
        settings: "Settings",
        password: "Enter password",
        wrong: "Wrong password",
        refused: "Not accepted",
        reset: "Set to 0?",
        no: "No",
        yes: "Yes",
        scan: "Scan with the app",
        off: "Switched off",
        error: "Error",
        stopped: "Measuring stopped",
        bits: [
            "Energy data lost",
            "Mantissa fails",
            "Backup fails",
            "Main storage fails",
            "Mantissa damaged",
            "Backup damaged",
            "Main data damaged",
            "EEPROM not ready",
        ],
    },
};

/// The rows of the menu without the last, the ratio.
const DIRECT_MENU: &[MenuItemDef] = match MENU.split_last() {
    Some((_, rest)) => rest,
    None => &[],
};

/// The face of a meter through which the current flows: nothing of a ratio stands on it.
pub static DIRECT_FACE: MatrixDef =
    MatrixDef { header: [FACE.header[0], FACE.header[1], &[]], history: None, menu: DIRECT_MENU, ..FACE };
