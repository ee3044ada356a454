//! Views of every screen, with the longest texts there are.

use crate::matrix::view::*;

const KWH: &str = "kWh";

fn number(value: i64, decimals: u8, unit: &'static str) -> Figure {
    Figure::Number { value, decimals, digits: 1, signed: false, unit }
}

fn signed(value: i64, decimals: u8, unit: &'static str) -> Figure {
    Figure::Number { value, decimals, digits: 1, signed: true, unit }
}

fn energy(value: i64, unit: &'static str) -> Figure {
    Figure::Number { value, decimals: 3, digits: 6, signed: false, unit }
}

fn header() -> Header {
    let serial = Figure::Serial { lead: "", prefix: "0512", number: 22_070_003 };
    Header {
        lines: [
            Some(HeaderItem { label: "SW", figure: number(102, 0, "") }),
            Some(HeaderItem { label: "SN", figure: serial }),
            Some(HeaderItem { label: "CT", figure: Figure::Ratio { primary: 500, secondary: 5 } }),
        ],
        tariff: 1,
        bluetooth: false,
        telephone: true,
    }
}

fn two(first: (&'static str, i64), second: (&'static str, i64)) -> [Option<Register>; MAX_TOGETHER] {
    let register = |(obis, value)| Some(Register { obis, figure: energy(value, KWH) });
    [register(first), register(second), None, None]
}

fn face(part3: Part3, page: Page) -> Screen {
    Screen::Face(Face {
        registers: two(("1.8.1", 4_812_736), ("1.8.2", 1_270_095)),
        part3,
        page,
        pages: ["Total", "L1", "L2", "L3"],
        history: 0,
    })
}

fn reading(
    title: &'static str,
    obis: &'static str,
    figure: Option<Figure>,
    phases: [Option<Figure>; 3],
) -> Screen {
    face(Part3::Reading { reading: 0, title, obis, figure, phases }, Page::Readings(0))
}

fn view(screen: Screen) -> MatrixView {
    MatrixView { turned: false, lit: true, header: header(), screen }
}

pub fn power() -> MatrixView {
    let phases = [46_140, 45_880, 46_400].map(|value| Some(signed(value, 3, "kW")));
    view(reading("Active power", "1.7.0", Some(signed(138_420, 3, "kW")), phases))
}

fn menu(at: u8) -> Screen {
    let word = Figure::Word;
    let items: [(&str, Figure); 16] = [
        ("Password", Figure::Secret(4)),
        ("Tariff", word("T1")),
        ("S0 output", word("1000")),
        ("Pulse type", word("act. & react.")),
        ("S0 pulse width", number(30, 0, "ms")),
        ("Modbus ID", word("001")),
        ("Modbus baud", word("9600")),
        ("Modbus parity", word("even")),
        ("M-Bus ID", word("000")),
        ("M-Bus baud", word("2400")),
        ("Backlight", word("button")),
        ("Power-down", number(12, 0, "")),
        ("Trip counter", energy(123_456_789, KWH)),
        ("OBIS codes", word("on")),
        ("Scroll time", number(5, 0, "s")),
        ("CT ratio", Figure::Ratio { primary: 500, secondary: 5 }),
    ];
    let mut rows = [None; MAX_MENU];
    for (row, (label, figure)) in rows.iter_mut().zip(items) {
        *row = Some(MenuRow { label, figure });
    }
    Screen::Menu { title: "Settings", at, rows }
}

fn digits(text: &str, at: u8, stroke: u8, secret: bool) -> Digits {
    let mut digits = [0; 9];
    for (place, digit) in digits.iter_mut().zip(text.bytes()) {
        *place = digit - b'0';
    }
    Digits { digits, count: u8::try_from(text.len()).unwrap(), at, stroke, secret }
}

pub fn samples() -> Vec<(&'static str, MatrixView)> {
    let volts = [230_110, 229_800, 231_050].map(|value| Some(number(value / 10, 2, "V")));
    let mut all = vec![
        ("power", power()),
        ("voltage", view(reading("Voltage", "32.7.0", None, volts))),
        (
            "current",
            view(reading("Current", "31.7.0", None, [1_234_567, 5, 0].map(|v| Some(number(v, 3, "A"))))),
        ),
        (
            "pf",
            view(reading(
                "Power factor",
                "13.7.0",
                Some(number(987, 3, "")),
                [990, 985, 1000].map(|v| Some(number(v, 3, ""))),
            )),
        ),
        ("frequency", view(reading("Frequency", "14.7.0", Some(number(5002, 2, "Hz")), [None; 3]))),
        (
            "direction",
            view(reading(
                "Current direction",
                "",
                Some(Figure::Word("forward")),
                ["forward", "reverse", "forward"].map(|w| Some(Figure::Word(w))),
            )),
        ),
        (
            "quadrant",
            view(reading(
                "Present quadrant",
                "",
                Some(Figure::Word("Q1")),
                ["Q1", "Q1", "Q4"].map(|w| Some(Figure::Word(w))),
            )),
        ),
        (
            "trip",
            view(reading(
                "Trip counter",
                "",
                Some(number(123_456_789, 3, KWH)),
                [123_400_999, 50, 6].map(|v| Some(number(v, 3, KWH))),
            )),
        ),
        (
            "reactive",
            view(reading("Reactive energy +", "3.8.0", Some(number(999_999_999, 3, "kvarh")), [None; 3])),
        ),
        (
            "largest-power",
            view(reading(
                "Reactive power",
                "4.7.0",
                Some(signed(-6_896_550, 3, "kvar")),
                [-2_298_850; 3].map(|v| Some(signed(v, 3, "kvar"))),
            )),
        ),
        (
            "choice",
            view(Screen::Choice { at: ChoiceRow::Settings, radio: Some("Bluetooth"), settings: "Settings" }),
        ),
        ("choice-one", view(Screen::Choice { at: ChoiceRow::Settings, radio: None, settings: "Settings" })),
        (
            "radio",
            view(Screen::Radio {
                title: "Bluetooth",
                code: Figure::Serial { lead: "IM-", prefix: "0512", number: 22_070_003 },
                words: "Scan with the app",
            }),
        ),
        (
            "password",
            view(Screen::Password {
                title: "Settings",
                words: "Enter password",
                digits: digits("0400", 1, 0, true),
            }),
        ),
        ("menu", view(menu(2))),
        ("menu-end", view(menu(15))),
        ("menu-trip", view(menu(12))),
        (
            "edit-choice",
            view(Screen::Edit {
                label: "Modbus baud",
                editor: Editor::Choice {
                    number: 6,
                    of: 10,
                    figure: Figure::Choice { word: "9600", unit: "Bd" },
                },
            }),
        ),
        (
            "edit-rate",
            view(Screen::Edit {
                label: "S0 output",
                editor: Editor::Choice {
                    number: 1,
                    of: 8,
                    figure: Figure::Choice { word: "10000", unit: "imp/kWh" },
                },
            }),
        ),
        (
            "edit-word",
            view(Screen::Edit {
                label: "Pulse type",
                editor: Editor::Choice { number: 1, of: 2, figure: Figure::Word("forward & reverse") },
            }),
        ),
        (
            "edit-parity",
            view(Screen::Edit {
                label: "Modbus parity",
                editor: Editor::Choice { number: 1, of: 3, figure: Figure::Word("even") },
            }),
        ),
        (
            "edit-digits",
            view(Screen::Edit {
                label: "Modbus ID",
                editor: Editor::Digits { digits: digits("024", 2, 0, false), unit: "" },
            }),
        ),
        (
            "edit-width",
            view(Screen::Edit {
                label: "S0 pulse width",
                editor: Editor::Digits { digits: digits("30", 0, 0, false), unit: "ms" },
            }),
        ),
        (
            "edit-ratio",
            view(Screen::Edit {
                label: "CT ratio",
                editor: Editor::Digits { digits: digits("05005", 3, 4, false), unit: "A" },
            }),
        ),
        (
            "edit-nine",
            view(Screen::Edit {
                label: "Nine digits",
                editor: Editor::Digits { digits: digits("123456789", 8, 0, false), unit: "" },
            }),
        ),
        (
            "reset",
            view(Screen::Edit {
                label: "Trip counter",
                editor: Editor::Reset {
                    question: "Set to zero?",
                    answers: ["no", "yes"],
                    yes: false,
                    figure: energy(123_456, KWH),
                },
            }),
        ),
        ("done", view(Screen::Notice { label: "Modbus ID", notice: Notice::Done, words: "saved" })),
        (
            "refused",
            view(Screen::Notice { label: "CT ratio", notice: Notice::Refused, words: "not possible" }),
        ),
        (
            "wrong",
            view(Screen::Notice {
                label: "Settings",
                notice: Notice::WrongPassword,
                words: "Wrong password",
            }),
        ),
        (
            "error",
            view(Screen::Error {
                title: "Error",
                byte: 0x0C,
                bits: [
                    None,
                    None,
                    Some("Energy backup fails"),
                    Some("Main energy fails"),
                    None,
                    None,
                    None,
                    None,
                ],
                words: "Measuring stopped. Replace this meter.",
            }),
        ),
        (
            "error-all",
            view(Screen::Error {
                title: "Error",
                byte: 0xFF,
                bits: [Some("Energy backup fails"); 8],
                words: "Measuring stopped",
            }),
        ),
    ];
    let mut history = power();
    if let Screen::Face(face) = &mut history.screen {
        face.history = 3;
    }
    all.push(("with-history", history));
    for (name, runs_on) in [("history", true), ("history-2", false)] {
        let part3 = Part3::History {
            title: "CT history",
            number: if runs_on { 1 } else { 2 },
            ratio: Figure::Ratio { primary: if runs_on { 5 } else { 250 }, secondary: 5 },
            runs_on,
            registers: two(("1.8.0", 62_184), ("2.8.0", 1_933)),
        };
        let mut view = view(face(part3, Page::History(u8::from(!runs_on))));
        if let Screen::Face(face) = &mut view.screen {
            face.history = 3;
        }
        view.header.bluetooth = true;
        all.push((name, view));
    }
    let mut four = power();
    if let Screen::Face(face) = &mut four.screen {
        let [first, second, ..] = face.registers;
        face.registers = [first, second, first, second];
    }
    all.push(("four", four));
    all
}
