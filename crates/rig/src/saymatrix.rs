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
