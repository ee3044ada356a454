//! Passwords and settings being entered.

use lcd::{Align, BOLD, Font, LARGE, MEDIUM, SMALL, WIDE, icons};

use super::pen::{Line, OFF, ON, Pen};
use super::screens::Hint;
use crate::matrix::view::{Digits, Editor, Figure};

/// What the keys do while a digit is in hand.
const STEP: [Hint; 3] = [Hint::Sign("-"), Hint::Icon(icons::CHECK_SMALL), Hint::Sign("+")];
/// What they do while one of several values is in hand.
const TURN: [Hint; 3] = [Hint::Icon(icons::LEFT), Hint::Icon(icons::CHECK_SMALL), Hint::Icon(icons::RIGHT)];

impl Pen<'_, '_> {
    /// The password, digit by digit.
    pub fn password(&mut self, title: &str, words: &str, digits: &Digits, lit: bool) {
        self.bar(Some(&icons::LOCK), title, "");
        self.fitting(&[&BOLD, &SMALL], words, self.width() / 2, 44, Align::Center, self.width() - 8, ON);
        self.digits(digits, 68, lit);
        self.keys(STEP);
    }

    /// A setting, in the way that suits it.
    pub fn editor(&mut self, label: &str, editor: &Editor, lit: bool) {
        match editor {
            Editor::Choice { number, of, figure } => {
                let place = Line::of(format_args!("{number}/{of}"));
                self.bar(None, label, place.as_str());
                self.one_of(*number, *of, *figure, lit);
                self.keys(TURN);
            }
            Editor::Digits { digits, unit } => {
                self.bar(None, label, "");
                let raised = if unit.is_empty() { 0 } else { 8 };
                self.digits(digits, 54 - raised, lit);
                let middle = self.width() / 2;
                self.fitting(&[&MEDIUM, &BOLD], unit, middle, 112, Align::Center, self.width() - 8, ON);
                self.keys(STEP);
            }
            Editor::Reset { question, answers, yes, figure } => {
                self.bar(None, label, "");
                self.reset(question, answers, *yes, *figure, lit);
                self.keys(TURN);
            }
        }
    }

    /// One value of several, with a row of marks for all of them.
    fn one_of(&mut self, number: u8, of: u8, figure: Figure, lit: bool) {
        let middle = self.width() / 2;
        self.icon(&icons::LEFT, 4, 67, ON);
        self.icon(&icons::RIGHT, self.width() - 8, 67, ON);
        let text = Line::of(figure);
        let room = self.width() - 24;
        let text = text.as_str();
        let fits = |font: &&Font| font.first_missing(text).is_none() && font.width(text) <= room;
        let font = [&WIDE, &MEDIUM].into_iter().find(|font| fits(font));
        match font {
            _ if !lit => {}
            Some(font) => self.text(font, text, middle, 70 - font.ascent() / 2, Align::Center, room, ON),
            None => self.wrapped(text, 57, 16, room, ON),
        }
        let unit = figure.unit();
        self.fitting(&[&MEDIUM, &BOLD, &SMALL], unit, middle, 96, Align::Center, room, ON);
        let (mark, step) = if of > 12 { (4, 5) } else { (7, 9) };
        let mut x = middle - (i32::from(of) * step - (step - mark)) / 2;
        for n in 1..=of {
            if n == number {
                self.fill(x, 122, mark, 7, ON);
            } else {
                self.frame(x, 124, mark, 3);
            }
            x += step;
        }
    }

    /// Digits in boxes, the one in hand dark, with signs that it rises and falls.
    fn digits(&mut self, digits: &Digits, y: i32, lit: bool) {
        let (font, wide, high, between) = match digits.count {
            0..=4 => (&WIDE, 22, 40, 4),
            5 => (&WIDE, 20, 36, 2),
            _ => (&LARGE, 13, 27, 1),
        };
        let stroke = if digits.stroke == 0 { 0 } else { font.width("/") + 2 };
        let count = i32::from(digits.count);
        let mut x = (self.width() - (count * (wide + between) - between + stroke)) / 2;
        for (n, digit) in (0u8..digits.count).zip(digits.digits) {
            if digits.stroke != 0 && n == digits.stroke {
                let at = y + (high - font.ascent()) / 2;
                self.text(font, "/", x, at, Align::Left, stroke, ON);
                x += stroke;
            }
            let here = n == digits.at;
            let middle = x + wide / 2;
            if here {
                self.fill(x, y, wide, high, ON);
                self.icon(&icons::UP, middle - 4, y - 8, ON);
                self.icon(&icons::DOWN, middle - 4, y + high + 4, ON);
            } else {
                self.frame(x, y, wide, high);
            }
            if digits.secret && n < digits.at {
                self.fill(middle - 3, y + high / 2 - 3, 6, 6, ON);
            } else if digits.secret && n > digits.at {
                self.fill(middle - 4, y + high - 9, 8, 2, ON);
            } else if lit || !here {
                let text = Line::of(digit);
                let at = y + (high - font.ascent()) / 2;
                self.text(
                    font,
                    text.as_str(),
                    middle,
                    at,
                    Align::Center,
                    wide - 2,
                    if here { OFF } else { ON },
                );
            }
            x += wide + between;
        }
    }

    /// The question whether a counter shall be set to zero, with the answer in hand dark.
    fn reset(&mut self, question: &str, answers: &[&'static str; 2], yes: bool, figure: Figure, lit: bool) {
        let middle = self.width() / 2;
        let text = Line::of(figure);
        let unit = figure.unit();
        let room = self.width() - 8;
        let setting = self.setting(text.as_str(), unit, room, 20);
        let x = middle - setting.width(text.as_str(), unit) / 2;
        self.number(setting, text.as_str(), unit, x, 52, room);
        self.fitting(&[&BOLD, &SMALL], question, middle, 77, Align::Center, room, ON);
        for (n, answer) in (0..).zip(answers) {
            let here = (n == 1) == yes;
            let x = 8 + n * 60;
            if here {
                self.fill(x, 98, 52, 27, ON);
            } else {
                self.frame(x, 98, 52, 27);
            }
            if lit || !here {
                let color = if here { OFF } else { ON };
                self.fitting(&[&MEDIUM, &BOLD], answer, x + 26, 111, Align::Center, 46, color);
            }
        }
    }
}
