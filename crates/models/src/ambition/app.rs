//! The maker's app, "inepro Meter Manager", as Appendix 4 shows it, and what is assumed about the way on which it speaks.

use schema::Citation::{Assumed, Manual};
use schema::{
    AppDef, AppEdit, AppPageDef, AppSettingDef, CommandId, Fact, HeaderForm, HeaderItemDef, IdentityOf,
    SettingId, Source,
};
use units::{Flow, Point, StateOf, Tariff, Unit};

use super::settings::{ACTIVE_REACTIVE, FORWARD_REVERSE};

/// The address that takes the password over Bluetooth: the first one behind the list of registers.
pub const LOCK: u16 = 0x4034;

const fn row(label: &'static str, edit: AppEdit) -> AppSettingDef {
    AppSettingDef { label, edit, words: &[], unit: "" }
}

const fn choice(label: &'static str, id: SettingId, words: &'static [(i32, &'static str)]) -> AppSettingDef {
    AppSettingDef { words, ..row(label, AppEdit::Setting(id)) }
}

const fn reset(label: &'static str, command: CommandId, shows: Point) -> AppSettingDef {
    row(label, AppEdit::Reset { command, shows: Source::Point(shows) })
}

const fn item(label: &'static str, source: Source, form: HeaderForm) -> HeaderItemDef {
    HeaderItemDef { label, source, form }
}

/// The settings that the app offers, in the order of its table; names, values and units as printed there.
const SETTINGS: &[AppSettingDef] = &[
    row("Modbus ID (1 - 247)", AppEdit::Range(SettingId::ModbusId, 1, 247)),
    AppSettingDef {
        unit: "bps.",
        ..choice(
            "Baudrate",
            SettingId::Baud,
            &[
                (115_200, "115.200"),
                (57_600, "57.600"),
                (38_400, "38.400"),
                (19_200, "19.200"),
                (9_600, "9600"),
                (4_800, "4800"),
                (2_400, "2400"),
                (1_200, "1200"),
                (600, "600"),
                (300, "300"),
            ],
        )
    },
    row("M-Bus ID (0-250)", AppEdit::Range(SettingId::MbusId, 0, 250)),
    choice(
        "M-bus Baud rate",
        SettingId::MbusBaud,
        &[(300, "300"), (600, "600"), (1_200, "1200"), (2_400, "2400"), (4_800, "4800"), (9_600, "9600")],
    ),
    AppSettingDef {
        unit: "imp/kWh",
        ..choice(
            "S0 output rate",
            SettingId::S0Rate,
            &[
                (1_000_000, "10.000"),
                (200_000, "2.000"),
                (100_000, "1000"),
                (10_000, "100"),
                (1_000, "10"),
                (100, "1"),
                (10, "0,1"),
                (1, "0,01"),
            ],
        )
    },
    choice(
        "Combination code",
        SettingId::CombinationCode,
        &[
            (1, "Forward only"),
            (2, "Reverse only"),
            (3, "Forward + Reverse"),
            (4, "Forward - Reverse"),
            (5, "Forward - Reverse (10)"),
        ],
    ),
    choice("Parity setting", SettingId::Parity, &[(1, "Even"), (2, "None"), (3, "Odd")]),
    reset("Power down counter", CommandId::ResetPowerDowns, Point::State(StateOf::PowerDowns)),
    choice("Tariff", SettingId::Tariff, &[(1, "T1"), (2, "T2"), (3, "T3"), (4, "T4")]),
    AppSettingDef {
        unit: "kWh",
        ..reset("Trip counter", CommandId::ResetTrip, Point::active(Flow::Trip, Tariff::All))
    },
    AppSettingDef { unit: "ms", ..row("Puls width", AppEdit::Setting(SettingId::PulseWidth)) },
    choice(
        "Pulse Type",
        SettingId::PulseType,
        &[(ACTIVE_REACTIVE, "Active&reactive"), (FORWARD_REVERSE, "Forward & Reverse")],
    ),
    choice("Data type setting", SettingId::DataType, &[(1, "Standard"), (2, "Integer")]),
    choice("Screen direction", SettingId::ScreenDirection, &[(0, "Standard"), (1, "Turn 180 degrees")]),
];

/// The app.
pub static APP: AppDef = AppDef {
    name: "inepro Meter Manager",
    section: "Appendix 4",
    kind: "Meter type",
    device: &[
        item("Serial number", Source::Setting(SettingId::Serial), HeaderForm::Serial),
        item("Software version", Source::Identity(IdentityOf::Software), HeaderForm::Number),
        item("Check Sum 1", Source::Identity(IdentityOf::Checksum), HeaderForm::Hex),
        item("Check Sum 2", Source::Identity(IdentityOf::Checksum2), HeaderForm::Hex),
    ],
    pages: &[
        AppPageDef { title: "Energy values", from: 0x6000, to: 0x608F, others: &[] },
        AppPageDef {
            title: "Instantaneous values",
            from: 0x5000,
            to: 0x5036,
            others: &[(0x5000, Unit::Volt), (0x500A, Unit::Ampere)],
        },
    ],
    settings: SETTINGS,
    question: "Are you sure you want to reset this to 0?",
    error: "Save error",
};

/// What stands in no row.
pub const FACTS: &[Fact] = &[
    Fact {
        label: "App",
        doc: "The page of the device has type, serial number, software version and two check sums; then energy values, \
              instantaneous values and settings, saved as CSV. A value out of range gives a save error. A password is asked \
              for before settings are saved, and only the keys change it.",
        source: Manual("Appendix 4, §7.6.1"),
    },
    Fact {
        label: "Names and order of the app's values",
        doc: "Those of the registers, by rising address, T1 or L1 in front followed by a capital; zeros at the end of a \
              number are left out, and registers that only a meter for one phase uses have a star.",
        source: Assumed("the manual's pictures show the first thirteen of each page, which are so"),
    },
    Fact {
        label: "Forms on the app's page of the device",
        doc: "As on the display: all twelve digits of the serial number, the software version as 102, check sums in \
              hexadecimal.",
        source: Assumed("the manual says which values stand there, and its picture is lost"),
    },
    Fact {
        label: "M-Bus in the app",
        doc: "The app offers address and speed of the M-Bus; no register shows them, so here they are changed at the keys and \
              over the M-Bus.",
        source: Assumed(
            "the list of registers has none for them, and a register of our own would be written in real meters too",
        ),
    },
    Fact {
        label: "Layout of the app's CSV",
        doc: "A line of names (name, value, unit), then a line for each value, the page of the device first; a comma \
              between, a point before decimals.",
        source: Assumed("the manual says that the format is CSV, and no more"),
    },
    Fact {
        label: "Frames over Bluetooth",
        doc: "Whole frames of Modbus RTU with their check sum, sent to characteristic FFE9 and notified by FFE4 of the service \
              FFE0, in packets of 20 bytes; a pause of 500 ms gives a frame up.",
        source: Assumed(
            "so it is with the successor, whose first request is 01 03 40 00 00 02 D1 CB; 20 bytes are what every radio of \
             this kind carries",
        ),
    },
    Fact {
        label: "Address over Bluetooth",
        doc: "The meter answers its Modbus address, and reads of address 0, as on the Modbus.",
        source: Assumed(
            "the successor's frames carry one, and nothing is known of another one that would be answered",
        ),
    },
    Fact {
        label: "Password over Bluetooth",
        doc: "Its four digits are written as one register, decimal digits, to 4034h with function 16. A right one opens the \
              writes until the Bluetooth goes off or the connection ends; a wrong one is exception 03 and locks them; a \
              write while they are locked is exception 01. Reads need no password.",
        source: Assumed(
            "the manual says that the password is valid for settings via Bluetooth, not how the app proves that it has it; \
             the first address behind the list disturbs no register",
        ),
    },
    Fact {
        label: "Rights over Bluetooth",
        doc: "What a master on the Modbus may write, once the password was given.",
        source: Assumed("the app offers a part of these settings, and the frames are the same"),
    },
];
