//! The dot matrix: its picture as the outline of a drawing, and what stands on it in words.

use std::fmt::Write;
use std::rc::Rc;

use lcd::Mono;
use panel::matrix::{ChoiceRow, Digits, Editor, Face, Figure, MatrixView, Page, Part3, Screen, paint};
use schema::MatrixGlass;

use crate::view::Mirror;

/// The dark dots of a view, row by row: a rectangle for those that stand together.
pub fn outline(view: &MatrixView, glass: &MatrixGlass) -> Rc<str> {
    let mut bits = vec![0; Mono::bytes(glass.width, glass.height)];
    let mut d = String::new();
    if let Some(mut mono) = Mono::new(glass.width, glass.height, &mut bits) {
        // What does not fit is drawn all the same; a test finds such a model.
        let _ = paint(view, &mut mono);
        for y in 0..i32::from(glass.height) {
            let mut from = None;
            for x in 0..=i32::from(glass.width) {
                match (mono.get(x, y), from) {
                    (true, None) => from = Some(x),
                    (false, Some(first)) => {
                        let wide = x - first;
                        // A text takes it all.
                        let _ = write!(d, "M{first} {y}h{wide}v1h-{wide}z");
                        from = None;
                    }
                    _ => {}
                }
            }
        }
    }
    d.into()
}

fn words(figure: Figure) -> (String, &'static str) {
    (figure.to_string(), figure.unit())
}

/// The digits as they stand on the glass, those that are hidden as stars.
fn digits(digits: &Digits) -> (String, String) {
    let mut text = String::new();
    for (place, digit) in (0..digits.count).zip(digits.digits) {
        if digits.stroke > 0 && place == digits.stroke {
            text.push('/');
        }
        if digits.secret && place != digits.at {
            text.push('*');
        } else {
            let _ = write!(text, "{digit}");
        }
    }
    (text, format!("digit {} of {}", digits.at + 1, digits.count))
}

/// What stands on the glass, in words.
pub fn mirror(view: &MatrixView) -> Mirror {
    let mut mirror = Mirror::default();
    match &view.screen {
        Screen::Face(face) => of_face(face, &mut mirror),
        Screen::Choice { at, radio, settings } => {
            let rows = [radio.unwrap_or_default(), settings];
            let skip = usize::from(radio.is_none());
            let current = usize::from(*at == ChoiceRow::Settings);
            mirror.title = "Choice".to_owned();
            mirror.value = rows[current].to_owned();
            mirror.list = rows.iter().skip(skip).map(ToString::to_string).collect();
            mirror.current = Some(current - skip.min(current));
            mirror.list_title = "Rows of the choice";
        }
        Screen::Radio { title, code, words: below } => {
            mirror.title = (*title).to_owned();
            mirror.value = code.to_string();
            mirror.detail = (*below).to_owned();
        }
        Screen::Password { words: above, digits: own, .. } => {
            mirror.title = (*above).to_owned();
            (mirror.value, mirror.detail) = digits(own);
        }
        Screen::Menu { title, at, rows } => {
            let all = || rows.iter().flatten();
            let current = usize::from(*at);
            if let Some(row) = all().nth(current) {
                mirror.title = row.label.to_owned();
                (mirror.value, mirror.unit) = words(row.figure);
            }
            mirror.place = format!("row {} of {}", current + 1, all().count());
            mirror.list = all().map(|row| row.label.to_owned()).collect();
            mirror.list_title = title;
            mirror.current = Some(current);
        }
        Screen::Edit { label, editor } => {
            mirror.title = (*label).to_owned();
            match editor {
                Editor::Choice { number, of, figure } => {
                    (mirror.value, mirror.unit) = words(*figure);
                    mirror.place = format!("value {number} of {of}");
                    mirror.detail = "being changed".to_owned();
                }
                Editor::Digits { digits: own, unit } => {
                    (mirror.value, mirror.place) = digits(own);
                    mirror.unit = unit;
                    mirror.detail = "being changed".to_owned();
                }
                Editor::Reset { question, answers, yes, figure } => {
                    (mirror.value, mirror.unit) = words(*figure);
                    let [no, sure] = answers;
                    mirror.detail = format!("{question} {}", if *yes { sure } else { no });
                }
            }
        }
        Screen::Notice { label, words: said, .. } => {
            mirror.title = (*label).to_owned();
            mirror.value = (*said).to_owned();
        }
        Screen::Error { title, byte, bits, words: below } => {
            mirror.title = format!("{title} {byte:02X}");
            mirror.list = bits.iter().flatten().map(ToString::to_string).collect();
            mirror.list_title = "What its bits say";
            mirror.detail = (*below).to_owned();
        }
    }
    mirror
}

fn of_face(face: &Face, mirror: &mut Mirror) {
    let pages = face.pages.len();
    let current = match face.page {
        Page::Readings(page) => usize::from(page),
        Page::History(slot) => pages + usize::from(slot),
    };
    mirror.list = face.pages.iter().map(ToString::to_string).collect();
    mirror.list.extend((1..=face.history).map(|slot| format!("History {slot}")));
    mirror.place = format!("page {}", mirror.list.get(current).map_or("", String::as_str));
    mirror.list_title = "Pages";
    mirror.current = Some(current);
    match &face.part3 {
        Part3::Reading { title, obis, figure, phases, .. } => {
            mirror.title = (*title).to_owned();
            if !obis.is_empty() {
                mirror.detail = format!("OBIS {obis}");
            }
            match figure {
                Some(figure) => (mirror.value, mirror.unit) = words(*figure),
                // One for each phase, too long for a line of large letters.
                None => {
                    let names = face.pages.iter().skip(1).zip(phases);
                    let known = names.filter_map(|(name, phase)| Some((name, (*phase)?)));
                    let each: Vec<_> = known
                        .map(|(name, figure)| {
                            format!("{name} {figure} {}", figure.unit()).trim_end().to_owned()
                        })
                        .collect();
                    mirror.detail = each.join(", ");
                }
            }
        }
        Part3::History { title, number, ratio, runs_on, .. } => {
            mirror.title = format!("{title} {number}");
            (mirror.value, mirror.unit) = words(*ratio);
            mirror.detail = if *runs_on { "counting on" } else { "closed" }.to_owned();
        }
    }
}
