//! What takes the place of the three parts: the choice, the QR code, the menu, messages and the error page.

use lcd::icons::{self, Icon};
use lcd::{Align, BOLD, MEDIUM, SMALL, WIDE};

use super::pen::{Line, OFF, ON, Pen, shortened};
use crate::matrix::view::{ChoiceRow, Figure, Header, MAX_MENU, MenuRow, Notice};

/// Height of the dark bar with the title.
pub const TITLE: i32 = 15;
/// The rule above the signs of the keys.
pub const KEYS: i32 = 146;
/// Left edge of what is written.
const LEFT: i32 = 4;
/// Rows of the menu that stand on the glass.
const ROWS: usize = 8;
/// Height of each, with what is between them.
const ROW: i32 = 16;
/// Pixels of a module of the QR code.
const MODULE: u16 = 4;

/// What a key does, beside its sign: before the sign at the right, behind it elsewhere.
#[derive(Clone, Copy)]
pub enum Hint {
    /// An icon.
    Icon(Icon),
    /// A sign.
    Sign(&'static str),
}

impl Pen<'_, '_> {
    /// The dark bar at the top: an icon, the title, and what stands at its right.
    pub fn bar(&mut self, icon: Option<&Icon>, title: &str, right: &str) {
        let width = self.width();
        self.fill(0, 0, width, TITLE, ON);
        let mut left = LEFT;
        if let Some(icon) = icon {
            self.icon(icon, LEFT - 1, (TITLE - icon.height()) / 2, OFF);
            left += icon.width() + 3;
        }
        self.text(&SMALL, right, width - LEFT, 4, Align::Right, 64, OFF);
        let behind = if right.is_empty() { 0 } else { SMALL.width(right) + 4 };
        self.fitting(&[&BOLD, &SMALL], title, left, 7, Align::Left, width - LEFT - left - behind, OFF);
    }

    /// What the three keys do, at the foot.
    pub fn keys(&mut self, hints: [Hint; 3]) {
        let width = self.width();
        self.fill(0, KEYS, width, 1, ON);
        let y = KEYS + 4;
        let signs = [icons::KEY_LEFT, icons::KEY_MIDDLE, icons::KEY_RIGHT];
        for (n, (hint, sign)) in (0..).zip(hints.iter().zip(signs)) {
            let what = match hint {
                Hint::Icon(icon) => icon.width(),
                Hint::Sign(text) => BOLD.width(text),
            };
            let wide = sign.width() + 4 + what;
            let (sign_at, what_at) = match n {
                0 => (LEFT, LEFT + sign.width() + 4),
                1 => ((width - wide) / 2, (width - wide) / 2 + sign.width() + 4),
                _ => (width - LEFT - sign.width(), width - LEFT - wide),
            };
            self.icon(&sign, sign_at, y, ON);
            match hint {
                Hint::Icon(icon) => self.icon(icon, what_at, y + (7 - icon.height()) / 2, ON),
                Hint::Sign(text) => self.text(&BOLD, text, what_at, y, Align::Left, 16, ON),
            }
        }
    }

    /// The choice between the radio and the settings, below part 1.
    pub fn choice(&mut self, at: ChoiceRow, radio: Option<&'static str>, settings: &'static str) {
        let rows = [
            radio.map(|title| (ChoiceRow::Bluetooth, icons::BLUETOOTH, title)),
            Some((ChoiceRow::Settings, icons::GEAR, settings)),
        ];
        let count = i32::try_from(rows.iter().flatten().count()).unwrap_or(1);
        let mut y = 45 + (2 - count) * 25;
        for (row, icon, title) in rows.into_iter().flatten() {
            let color = if row == at { OFF } else { ON };
            if row == at {
                self.fill(4, y, self.width() - 8, 46, ON);
            } else {
                self.frame(4, y, self.width() - 8, 46);
            }
            let (wide, high) = (icon.width() * 2, icon.height() * 2);
            self.mono.icon_times(&icon, 24 - wide / 2, y + (46 - high) / 2, 2, color);
            self.fitting(&[&MEDIUM, &BOLD, &SMALL], title, 42, y + 23, Align::Left, 78, color);
            y += 50;
        }
        self.keys([Hint::Icon(icons::UP), Hint::Icon(icons::CHECK_SMALL), Hint::Icon(icons::DOWN)]);
    }

    /// The QR code with four modules of quiet around it, and its text below it.
    pub fn radio(&mut self, title: &str, code: &Figure, words: &str) {
        self.bar(Some(&icons::BLUETOOTH), title, "");
        let text = Line::of(code);
        let quiet = 4 * i32::from(MODULE);
        // Version 1, 21 modules, which the name of a meter always is; it stands where its size is known.
        let side = 21 * i32::from(MODULE);
        let (x, y) = ((self.width() - side) / 2, TITLE + quiet - 2);
        if self.mono.qr(text.as_str(), x, y, MODULE) != Ok(side) {
            self.complain(text.as_str(), None, side);
        }
        let below = y + side + quiet;
        let middle = self.width() / 2;
        self.fitting(&[&BOLD, &SMALL], words, middle, below + 3, Align::Center, self.width() - 8, ON);
        self.fitting(&[&SMALL], text.as_str(), middle, below + 14, Align::Center, self.width() - 8, ON);
        self.icon(&icons::KEY_LEFT, LEFT, below + 24, ON);
    }

    /// The menu: eight rows around the one in hand, and where they stand among all.
    pub fn menu(&mut self, title: &str, at: u8, rows: &[Option<MenuRow>; MAX_MENU]) {
        let count = rows.iter().flatten().count();
        let at = usize::from(at);
        let place = Line::of(format_args!("{}/{count}", at + 1));
        self.bar(Some(&icons::GEAR), title, place.as_str());
        let first = at.saturating_sub(ROWS / 2 - 1).min(count.saturating_sub(ROWS));
        let right = self.width() - 8;
        let mut y = TITLE + 2;
        for (n, row) in rows.iter().flatten().enumerate().skip(first).take(ROWS) {
            let here = n == at;
            let color = if here { OFF } else { ON };
            if here {
                self.fill(0, y, right + 2, ROW - 1, ON);
            }
            let value = value(row, right - 2 - LEFT - SMALL.width(row.label) - 4);
            self.text(&SMALL, value.as_str(), right - 2, y + 4, Align::Right, 72, color);
            let room = right - 2 - LEFT - SMALL.width(value.as_str()) - 4;
            let fonts: &[_] = if here { &[&BOLD, &SMALL] } else { &[&SMALL] };
            self.fitting(fonts, row.label, LEFT, y + 7, Align::Left, room, color);
            y += ROW;
        }
        self.track(first, count);
        self.keys([Hint::Icon(icons::UP), Hint::Icon(icons::CHECK_SMALL), Hint::Icon(icons::DOWN)]);
    }

    /// The track at the right of the menu, and the part of it that is on the glass.
    fn track(&mut self, first: usize, count: usize) {
        let x = self.width() - 4;
        let (top, bottom) = (TITLE + 3, KEYS - 3);
        if count <= ROWS {
            return;
        }
        for y in (top..bottom).step_by(2) {
            self.fill(x + 1, y, 1, 1, ON);
        }
        let part = |n: usize| {
            let n = i32::try_from(n).unwrap_or(0);
            (bottom - top) * n / i32::try_from(count).unwrap_or(1).max(1)
        };
        self.fill(x, top + part(first), 3, part(ROWS), ON);
    }

    /// A message: a large sign and the same in words.
    pub fn notice(&mut self, label: &str, notice: Notice, words: &str) {
        self.bar(None, label, "");
        let icon = match notice {
            Notice::Done => icons::CHECK,
            Notice::Refused | Notice::WrongPassword => icons::CROSS,
            Notice::RadioOff => icons::BLUETOOTH,
        };
        let middle = self.width() / 2;
        let times = 4u16;
        let (wide, high) = (icon.width() * i32::from(times), icon.height() * i32::from(times));
        self.mono.icon_times(&icon, middle - wide / 2, 62 - high / 2, times, ON);
        self.wrapped(words, 104, 16, self.width() - 10, ON);
    }

    /// A text in one line where it has room, else cut between words into lines of that pitch.
    pub fn wrapped(&mut self, text: &str, y: i32, pitch: i32, room: i32, color: lcd::BinaryColor) {
        let font = if pitch > 12 && longest(text, MEDIUM.width("0")) <= room { &MEDIUM } else { &BOLD };
        let mut rest = text;
        let mut y = y;
        while !rest.is_empty() {
            let mut cut = rest.len();
            while font.width(rest.get(..cut).unwrap_or("")) > room {
                // Byte by byte: a search for a character can fail inside of one, and says so in many words.
                let head = rest.as_bytes().get(..cut).unwrap_or_default();
                match head.iter().rposition(|byte| *byte == b' ') {
                    Some(blank) => cut = blank,
                    None => break,
                }
            }
            let (line, behind) = rest.split_at_checked(cut).unwrap_or((rest, ""));
            self.text(font, line, self.width() / 2, y, Align::Center, room, color);
            rest = behind.trim_start();
            y += pitch;
        }
    }

    /// The error page: the number, its bits with their words, and what that means.
    pub fn error(
        &mut self,
        title: &str,
        byte: u8,
        bits: &[Option<&'static str>; 8],
        words: &str,
        header: &Header,
    ) {
        let serial = header.lines.iter().flatten().find_map(|item| match item.figure {
            Figure::Serial { number, .. } => {
                Some(Line::of(format_args!("{:04} {:04}", number / 10_000, number % 10_000)))
            }
            _ => None,
        });
        self.bar(Some(&icons::WARNING), title, serial.as_ref().map_or("", Line::as_str));
        let number = Line::of(format_args!("{byte:02X}"));
        let width = self.width();
        self.text(&WIDE, number.as_str(), width - LEFT, 20, Align::Right, 40, ON);
        // The byte as eight places, the highest first; those that are set are dark.
        for bit in (0..8u8).rev() {
            let x = LEFT + i32::from(7 - bit) * 10;
            let set = byte >> bit & 1 == 1;
            if set {
                self.fill(x, 25, 9, 11, ON);
            } else {
                self.frame(x, 25, 9, 11);
            }
            let digit = Line::of(bit);
            self.text(&SMALL, digit.as_str(), x + 5, 27, Align::Center, 9, if set { OFF } else { ON });
        }
        self.fill(0, 44, width, 1, ON);
        let count = i32::try_from(bits.iter().flatten().count()).unwrap_or(8);
        let pitch = if count <= 5 { 15 } else { 9 };
        let mut y = if count <= 5 { 51 } else { 47 };
        for (bit, text) in bits.iter().enumerate() {
            let Some(text) = text else { continue };
            let digit = Line::of(bit);
            if count <= 5 {
                self.fill(LEFT, y - 2, 9, 11, ON);
                self.text(&SMALL, digit.as_str(), LEFT + 5, y, Align::Center, 9, OFF);
            } else {
                self.text(&BOLD, digit.as_str(), LEFT + 5, y, Align::Center, 9, ON);
            }
            self.text(&SMALL, text, LEFT + 13, y, Align::Left, width - LEFT - LEFT - 11, ON);
            y += pitch;
        }
        self.fill(0, 122, width, 38, ON);
        let lines = if BOLD.width(words) > width - 8 { 2 } else { 1 };
        self.wrapped(words, 141 - (11 * lines - 4) / 2, 11, width - 8, OFF);
    }
}

/// The value of a row of the menu: with its unit where there is room, else without decimals, else without the unit.
fn value(row: &MenuRow, room: i32) -> Line {
    let short = shortened(row.figure, 0);
    let written = |figure: Figure| match figure.unit() {
        "" => Line::of(figure),
        unit => Line::of(format_args!("{figure} {unit}")),
    };
    let fits = |line: &Line| SMALL.width(line.as_str()) <= room;
    [written(row.figure), written(short)].into_iter().find(fits).unwrap_or_else(|| Line::of(short))
}

/// The widest word of a text would be about so wide.
fn longest(text: &str, letter: i32) -> i32 {
    let letters = text.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    i32::try_from(letters).unwrap_or(0) * (letter + 2)
}
