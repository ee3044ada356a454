//! What a dot matrix shows, as a sentence.

use alloc::format;
use alloc::string::{String, ToString};

use panel::matrix::{ChoiceRow, Digits, Editor, Face, Figure, MatrixView, Page, Part3, Screen};

/// The sentence of a view: the reading that stands in the third part, or the row, the digit or the message in hand.
#[must_use]
pub fn say_matrix(view: &MatrixView) -> String {
    match &view.screen {
        Screen::Face(face) => say_face(face),
        Screen::Choice { at, radio, settings } => {
            let row = match at {
                ChoiceRow::Bluetooth => radio.unwrap_or_default(),
                ChoiceRow::Settings => settings,
            };
            format!("Choice, {row}")
        }
        Screen::Radio { title, code, words } => format!("{title} is on, {words}: {code}"),
        Screen::Password { words, digits, .. } => format!("{words}, {}", digit_in_hand(digits)),
        Screen::Menu { title, at, rows } => {
            let count = rows.iter().flatten().count();
            let row = rows.get(usize::from(*at)).copied().flatten();
            let text = row.map_or_else(String::new, |row| match row.figure {
                Figure::Secret(_) => format!(", {}", row.label),
                figure => format!(", {}, {}", row.label, whole(figure)),
            });
            format!("{title}, row {} of {count}{text}", at.saturating_add(1))
        }
        Screen::Edit { label, editor } => say_editor(label, editor),
        Screen::Notice { label, words, .. } => format!("{label}, {words}"),
        Screen::Error { title, byte, bits, words } => {
            let mut text = format!("{title} {byte:02X}");
            let mut start = ": ";
            for bit in bits.iter().flatten() {
                text.push_str(start);
                text.push_str(bit);
                start = ", ";
            }
            format!("{text}. {words}")
        }
    }
}

/// A figure with its unit.
fn whole(figure: Figure) -> String {
    match figure.unit() {
        "" => figure.to_string(),
        unit => format!("{figure} {unit}"),
    }
}

fn say_face(face: &Face) -> String {
    let page = match face.page {
        Page::Readings(page) => face.pages.get(usize::from(page)).copied().unwrap_or_default(),
        Page::History(_) => "",
    };
    match &face.part3 {
        Part3::Reading { title, figure: Some(figure), .. } => format!("{title}, {page}, {}", whole(*figure)),
        Part3::Reading { title, figure: None, phases, .. } => {
            let mut text = (*title).to_string();
            for (name, phase) in face.pages.iter().skip(1).zip(phases) {
                if let Some(phase) = phase {
                    text.push_str(&format!(", {name} {}", whole(*phase)));
                }
            }
            text
        }
        Part3::History { title, number, ratio, runs_on, registers } => {
            let mut text = format!("{title} {number}, ratio {ratio}");
            if *runs_on {
                text.push_str(", counting on");
            }
            for register in registers.iter().flatten() {
                text.push_str(&format!(", {} {}", register.obis, whole(register.figure)));
            }
            text
        }
    }
}

fn digit_in_hand(digits: &Digits) -> String {
    let digit = digits.digits.get(usize::from(digits.at)).copied().unwrap_or_default();
    format!("digit {} of {} is {digit}", digits.at.saturating_add(1), digits.count)
}

fn say_editor(label: &str, editor: &Editor) -> String {
    match editor {
        Editor::Choice { number, of, figure } => {
            format!("{label}, {}, {number} of {of}, being changed", whole(*figure))
        }
        Editor::Digits { digits, .. } => format!("{label}, {}, being changed", digit_in_hand(digits)),
        Editor::Reset { question, answers: [no, yes], yes: in_hand, figure } => {
            format!("{label}, {}, {question} {}", whole(*figure), if *in_hand { yes } else { no })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use panel::matrix::{Header, MAX_MENU, MAX_TOGETHER, MenuRow, Notice, Register};

    const PAGES: [&str; 4] = ["Total", "L1", "L2", "L3"];

    fn number(value: i64, unit: &'static str) -> Figure {
        Figure::Number { value, decimals: 3, digits: 1, signed: unit == "kW", unit }
    }

    fn said(screen: Screen) -> String {
        let header = Header { lines: [None; 3], tariff: 1, bluetooth: false, telephone: false };
        say_matrix(&MatrixView { turned: false, lit: true, header, screen })
    }

    fn face(page: Page, part3: Part3) -> String {
        said(Screen::Face(Face { registers: [None; MAX_TOGETHER], part3, page, pages: PAGES, history: 1 }))
    }

    fn reading(page: u8, figure: Option<Figure>, phases: [Option<Figure>; 3]) -> String {
        let part3 = Part3::Reading { reading: 0, title: "Active power", obis: "1.7.0", figure, phases };
        face(Page::Readings(page), part3)
    }

    #[test]
    fn a_reading_is_its_name_its_page_and_its_value() {
        let phases = [Some(number(46_140, "kW")), None, Some(number(-20, "kW"))];
        assert_eq!(reading(0, Some(number(138_420, "kW")), phases), "Active power, Total, +138.420 kW");
        assert_eq!(reading(2, Some(number(-20, "kW")), [None; 3]), "Active power, L2, -0.020 kW");
        assert_eq!(reading(0, None, phases), "Active power, L1 +46.140 kW, L3 -0.020 kW");
    }

    #[test]
    fn a_place_of_the_history_has_its_ratio() {
        let register = Some(Register { obis: "1.8.1", figure: number(62_184, "kWh") });
        let part3 = Part3::History {
            title: "CT history",
            number: 1,
            ratio: Figure::Ratio { primary: 5, secondary: 5 },
            runs_on: true,
            registers: [register, None, None, None],
        };
        assert_eq!(
            face(Page::History(0), part3),
            "CT history 1, ratio 0005/5, counting on, 1.8.1 62.184 kWh"
        );
    }

    #[test]
    fn what_is_in_hand_is_said() {
        let choice = |at| said(Screen::Choice { at, radio: Some("Bluetooth"), settings: "Settings" });
        assert_eq!(choice(ChoiceRow::Bluetooth), "Choice, Bluetooth");
        assert_eq!(choice(ChoiceRow::Settings), "Choice, Settings");
        let mut rows = [None; MAX_MENU];
        rows[0] = Some(MenuRow { label: "Password", figure: Figure::Secret(4) });
        rows[1] = Some(MenuRow { label: "Scroll time", figure: number(5_000, "s") });
        let menu = |at| said(Screen::Menu { title: "Settings", at, rows });
        assert_eq!(menu(0), "Settings, row 1 of 2, Password");
        assert_eq!(menu(1), "Settings, row 2 of 2, Scroll time, 5.000 s");
        let digits = Digits { digits: [0, 4, 0, 0, 0, 0, 0, 0, 0], count: 4, at: 1, stroke: 0, secret: true };
        assert_eq!(
            said(Screen::Password { title: "Settings", words: "Enter password", digits }),
            "Enter password, digit 2 of 4 is 4"
        );
        let edit = |editor| said(Screen::Edit { label: "Modbus ID", editor });
        assert_eq!(edit(Editor::Digits { digits, unit: "" }), "Modbus ID, digit 2 of 4 is 4, being changed");
        assert_eq!(
            edit(Editor::Choice { number: 2, of: 3, figure: Figure::Word("odd") }),
            "Modbus ID, odd, 2 of 3, being changed"
        );
        let reset = |yes| {
            let figure = number(12_345, "kWh");
            edit(Editor::Reset { question: "Set to 0?", answers: ["no", "yes"], yes, figure })
        };
        assert_eq!(reset(false), "Modbus ID, 12.345 kWh, Set to 0? no");
        assert_eq!(reset(true), "Modbus ID, 12.345 kWh, Set to 0? yes");
    }

    #[test]
    fn messages_and_errors_are_said() {
        assert_eq!(
            said(Screen::Notice { label: "Tariff", notice: Notice::Refused, words: "Not accepted" }),
            "Tariff, Not accepted"
        );
        let mut bits = [None; 8];
        (bits[2], bits[3]) = (Some("Backup fails"), Some("Main fails"));
        assert_eq!(
            said(Screen::Error { title: "Error", byte: 0x0C, bits, words: "Measuring stopped" }),
            "Error 0C: Backup fails, Main fails. Measuring stopped"
        );
        let code = Figure::Serial { lead: "IM-", prefix: "0512", number: 22_070_003 };
        assert_eq!(
            said(Screen::Radio { title: "Bluetooth", code, words: "Scan with the app" }),
            "Bluetooth is on, Scan with the app: IM-051222070003"
        );
    }
}
