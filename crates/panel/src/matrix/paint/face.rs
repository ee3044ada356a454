//! The three parts.

use core::fmt;

use lcd::{Align, BOLD, LARGE, MEDIUM, SMALL, WIDE, icons};

use super::pen::{Line, OFF, ON, Pen, is_counter, shortened};
use crate::matrix::view::{Face, Figure, Header, HeaderItem, MAX_TOGETHER, Page, Part3, Register};

/// Left edge of what is written.
const LEFT: i32 = 2;
/// The pixel behind its right edge.
const RIGHT: i32 = 126;
/// Where part 2 begins, behind its rule.
const REGISTERS: i32 = 40;
/// Where part 3 begins, behind its rule.
const READINGS: i32 = 89;
/// The rule above the names of the pages.
const TABS: i32 = 144;
/// The least between two phases in a line.
const BETWEEN: i32 = 5;

/// An item of the header as people read it: digits of a serial number by four.
struct Item<'a>(&'a HeaderItem);

impl fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.label)?;
        let figure = self.0.figure;
        match figure {
            Figure::Serial { prefix, number, .. } => {
                write!(f, " {prefix} {:04} {:04}", number / 10_000, number % 10_000)
            }
            Figure::Hex(number) => write!(f, " {:04X} {:04X}", number >> 16, number & 0xFFFF),
            _ if figure.unit().is_empty() => write!(f, " {figure}"),
            _ => write!(f, " {figure} {}", figure.unit()),
        }
    }
}

impl Pen<'_, '_> {
    /// Part 1, with the rule below it.
    pub fn header(&mut self, header: &Header) {
        let badge = Line::of(format_args!("T{}", header.tariff));
        self.fill(RIGHT - 25, 2, 25, 19, ON);
        self.text(&MEDIUM, badge.as_str(), RIGHT - 12, 6, Align::Center, 23, OFF);
        if header.telephone {
            self.icon(&icons::TELEPHONE, RIGHT - 39, 2, ON);
        }
        if header.bluetooth {
            self.icon(&icons::BLUETOOTH, RIGHT - 50, 2, ON);
        }
        for (n, y, item) in [(0, 4, &header.lines[0]), (1, 16, &header.lines[1]), (2, 28, &header.lines[2])] {
            let Some(item) = item else { continue };
            let line = Line::of(Item(item));
            let font = if n == 2 { &BOLD } else { &SMALL };
            let room = [RIGHT - 53, RIGHT - 28, RIGHT];
            let room = room.get(n).copied().unwrap_or(RIGHT) - LEFT;
            self.text(font, line.as_str(), LEFT, y, Align::Left, room, ON);
        }
        self.fill(0, REGISTERS - 2, self.width(), 2, ON);
    }

    /// Parts 2 and 3.
    pub fn face(&mut self, face: &Face) {
        self.registers(&face.registers, REGISTERS, READINGS - 2);
        self.fill(0, READINGS - 2, self.width(), 2, ON);
        match &face.part3 {
            Part3::Reading { title, obis, figure, phases, .. } => {
                self.title(title, obis);
                let names = [face.pages[1], face.pages[2], face.pages[3]];
                match figure {
                    Some(figure) => self.reading(*figure, names, phases),
                    None => self.phases_alone(names, phases),
                }
            }
            Part3::History { title, number, ratio, runs_on, registers } => {
                let title = Line::of(format_args!("{title} {number}"));
                let ratio = Line::of(ratio);
                self.title(title.as_str(), ratio.as_str());
                if *runs_on {
                    self.icon(&icons::RIGHT, RIGHT - SMALL.width(ratio.as_str()) - 8, READINGS + 4, ON);
                }
                self.registers(registers, READINGS + 12, TABS);
            }
        }
        self.tabs(face);
    }

    /// Registers between two rules: two of them large, more of them smaller.
    fn registers(&mut self, registers: &[Option<Register>; MAX_TOGETHER], top: i32, bottom: i32) {
        let count = registers.iter().flatten().count();
        let rows = i32::try_from(count.max(1)).unwrap_or(1);
        let large = bottom - top >= rows * (LARGE.ascent() + 3) + 3;
        let height = if large { LARGE.ascent() } else { MEDIUM.ascent() };
        // What is left over stands above, between and below in equal parts.
        let gap = (bottom - top - rows * height) / (rows + 1);
        let spare = (bottom - top - rows * height) - gap * (rows + 1);
        let mut y = top + gap + spare / 2;
        for register in registers.iter().flatten() {
            let figure = Line::of(register.figure);
            let unit = register.figure.unit();
            let base = y + height;
            if large {
                // Number and unit stand one above the other, about as high together as the digits.
                self.text(&SMALL, register.obis, LEFT, y, Align::Left, 26, ON);
                self.text(&SMALL, unit, LEFT, base + 1 - SMALL.ascent(), Align::Left, 26, ON);
                let setting = self.setting(figure.as_str(), "", RIGHT - LEFT - 26, height);
                let x = RIGHT - setting.number_width(figure.as_str());
                self.number(setting, figure.as_str(), "", x, base, RIGHT - LEFT - 26);
            } else {
                self.text(&SMALL, register.obis, LEFT, base - SMALL.ascent(), Align::Left, 26, ON);
                self.text(&SMALL, unit, RIGHT, base - SMALL.ascent(), Align::Right, 24, ON);
                let room = RIGHT - SMALL.width(unit) - 4 - LEFT - 23;
                let setting = self.setting(figure.as_str(), "", room, height);
                let x = RIGHT - SMALL.width(unit) - 4 - setting.number_width(figure.as_str());
                self.number(setting, figure.as_str(), "", x, base, room);
            }
            y += height + gap;
        }
    }

    /// The title of part 3, and what stands small at its right.
    fn title(&mut self, title: &str, right: &str) {
        let middle = READINGS + 7;
        self.text(&SMALL, right, RIGHT, middle - 3, Align::Right, 50, ON);
        let room = RIGHT - LEFT - if right.is_empty() { 0 } else { SMALL.width(right) + 4 };
        self.fitting(&[&BOLD, &SMALL], title, LEFT, middle, Align::Left, room, ON);
    }

    /// One value as large as it has room, the phases small below it where there are any.
    fn reading(&mut self, figure: Figure, names: [&str; 3], phases: &[Option<Figure>; 3]) {
        let below = phases.iter().any(Option::is_some) && self.phases(names, phases);
        let room = RIGHT - LEFT - if below { 0 } else { self.column(names, phases) };
        let figure = self.readable(figure, room);
        let text = Line::of(figure);
        let unit = figure.unit();
        let setting = self.setting(text.as_str(), unit, room, WIDE.ascent());
        let top = READINGS + 15;
        let bottom = if below { TABS - 15 } else { TABS - 3 };
        let base = top + (bottom - top + setting.ascent()) / 2;
        let x = match figure {
            Figure::Word(_) => LEFT + (room - setting.width(text.as_str(), unit)) / 2,
            _ => LEFT + room - setting.width(text.as_str(), unit),
        };
        self.number(setting, text.as_str(), unit, x, base, room);
    }

    /// A number with so many decimals, one at least, as the largest digits have room for. A counter keeps all of them.
    fn readable(&self, figure: Figure, room: i32) -> Figure {
        let Figure::Number { decimals, unit, .. } = figure else { return figure };
        if is_counter(unit) {
            return figure;
        }
        let fits = |figure: &Figure| {
            let setting = self.setting(Line::of(figure).as_str(), unit, room, WIDE.ascent());
            setting.ascent() == WIDE.ascent()
        };
        (1..=decimals).rev().map(|decimals| shortened(figure, decimals)).find(fits).unwrap_or(figure)
    }

    /// The three phases in small lines at the right, for words that find no room beside each other; the pixels it takes.
    fn column(&mut self, names: [&str; 3], phases: &[Option<Figure>; 3]) -> i32 {
        let mut wide = 0;
        for (n, (name, figure)) in (0..).zip(names.iter().zip(phases)) {
            let Some(figure) = figure else { continue };
            let line = Line::of(format_args!("{name} {figure}"));
            self.text(&SMALL, line.as_str(), RIGHT, READINGS + 18 + n * 12, Align::Right, RIGHT - LEFT, ON);
            wide = wide.max(SMALL.width(line.as_str()) + 6);
        }
        wide
    }

    /// The three phases in one small line, with as many decimals as have room; false, and nothing, where there is none.
    fn phases(&mut self, names: [&str; 3], phases: &[Option<Figure>; 3]) -> bool {
        let decimals = phases.iter().flatten().map(|figure| match figure {
            Figure::Number { decimals, .. } => *decimals,
            _ => 0,
        });
        let texts = |decimals: u8| {
            let mut lines = [None; 3];
            for (line, (name, figure)) in lines.iter_mut().zip(names.iter().zip(phases)) {
                *line = figure.map(|figure| Line::of(format_args!("{name} {}", shortened(figure, decimals))));
            }
            lines
        };
        let wide = |lines: &[Option<Line>; 3]| -> i32 {
            lines.iter().flatten().map(|line| SMALL.width(line.as_str()) + BETWEEN).sum::<i32>() - BETWEEN
        };
        let most = decimals.max().unwrap_or(0);
        let lines = (0..=most).rev().map(texts).find(|lines| wide(lines) <= RIGHT - LEFT);
        let Some(lines) = lines else { return false };
        let [first, second, third] = lines.map(|line| line.unwrap_or_else(|| Line::of("")));
        let [before, here, behind] = [first, second, third].map(|line| SMALL.width(line.as_str()));
        // The one in the middle gives way where its neighbours are of different length.
        let from = LEFT + before + BETWEEN;
        let to = (RIGHT - behind - BETWEEN - here).max(from);
        let middle = ((self.width() - here) / 2).clamp(from, to);
        for (line, x) in [(first, LEFT), (second, middle), (third, RIGHT - behind)] {
            self.text(&SMALL, line.as_str(), x, TABS - 11, Align::Left, RIGHT - x, ON);
        }
        true
    }

    /// The three phases in a row each.
    fn phases_alone(&mut self, names: [&str; 3], phases: &[Option<Figure>; 3]) {
        let mut base = READINGS + 27;
        for (name, figure) in names.iter().zip(phases) {
            if let Some(figure) = figure {
                let text = Line::of(figure);
                self.text(&MEDIUM, name, LEFT, base - MEDIUM.ascent(), Align::Left, 24, ON);
                let room = RIGHT - LEFT - 26;
                let setting = self.setting(text.as_str(), figure.unit(), room, MEDIUM.ascent());
                let x = RIGHT - setting.width(text.as_str(), figure.unit());
                self.number(setting, text.as_str(), figure.unit(), x, base, room);
            }
            base += 13;
        }
    }

    /// The names of the pages; the one that is shown is dark.
    fn tabs(&mut self, face: &Face) {
        self.fill(0, TABS, self.width(), 1, ON);
        let history = face.history > 0;
        let (first, others) = if history { (32, 18) } else { (35, 29) };
        let mut x = 2;
        for (n, name) in (0u8..).zip(face.pages) {
            let width = if n == 0 { first } else { others };
            let here = face.page == Page::Readings(n);
            self.tab(x, width, here);
            let color = if here { OFF } else { ON };
            let font = if here { &BOLD } else { &SMALL };
            self.fitting(&[font, &SMALL], name, x + width / 2, TABS + 9, Align::Center, width - 4, color);
            x += width + 1;
        }
        if history {
            let width = RIGHT + 1 - x;
            let here = matches!(face.page, Page::History(_));
            self.tab(x, width, here);
            let color = if here { OFF } else { ON };
            let text = match face.page {
                Page::History(n) => Line::of(format_args!("{}/{}", n + 1, face.history)),
                Page::Readings(_) => Line::of(face.history),
            };
            let wide = icons::CLOCK.width() + 3 + SMALL.width(text.as_str());
            let left = x + (width - wide) / 2;
            self.icon(&icons::CLOCK, left, TABS + 4, color);
            let at = left + icons::CLOCK.width() + 3;
            self.text(&SMALL, text.as_str(), at, TABS + 6, Align::Left, 16, color);
        }
    }

    fn tab(&mut self, x: i32, width: i32, here: bool) {
        if here {
            self.fill(x, TABS + 2, width, 13, ON);
        }
    }
}
