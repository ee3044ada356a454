//! What stands on the glass in each state.

use schema::{
    HeaderForm, HeaderItemDef, Kind, MenuEdit, ReadingDef, ReadingForm, RegisterLineDef, SettingId, Source,
};
use units::decimal::power_of_ten;
use units::{Instant, Tariff};

use super::machine::{Asked, MatrixPanel, State};
use super::view::{
    Digits, Editor, Face, Figure, Header, HeaderItem, MAX_MENU, MAX_TOGETHER, MatrixView, MenuRow, Notice,
    Page, Part3, Register, Screen,
};
use crate::entry::{Entry, digits_of};
use crate::machine::Values;

/// A ratio's value as its two currents.
fn ratio(value: i64) -> Figure {
    let primary = u16::try_from(value / 10).unwrap_or(0);
    Figure::Ratio { primary, secondary: u8::try_from(value % 10).unwrap_or(0) }
}

/// How many digits a phase has at most where it stands beside the whole.
const BESIDE: u8 = 6;

/// How a reading of a phase is written beside the whole: a large counter gives up its last digits.
fn beside(form: ReadingForm) -> ReadingForm {
    match form {
        ReadingForm::Number { decimals, figures, signed } => {
            ReadingForm::Number { decimals, figures: figures.min(BESIDE), signed }
        }
        words @ ReadingForm::Words(_) => words,
    }
}

/// How many digits a number has.
fn digit_count(value: i64) -> u8 {
    (1..18).find(|count| value.unsigned_abs() < power_of_ten(*count).unsigned_abs()).unwrap_or(18)
}

impl MatrixPanel {
    /// What stands on the glass, as data.
    #[must_use]
    pub fn view(&self, now: Instant, values: &impl Values) -> MatrixView {
        let state = self.state_at(now);
        let editing = matches!(
            state,
            State::Password { .. } | State::Step { .. } | State::Digits { .. } | State::Reset { .. }
        );
        MatrixView {
            turned: self.def.turned.is_some_and(|id| values.setting(id) != 0),
            lit: !editing || self.blink_on(now),
            header: self.header(now, values),
            screen: self.screen(state, now, values),
        }
    }

    // ---- part 1

    fn header(&self, now: Instant, values: &impl Values) -> Header {
        let mut lines = [None; 3];
        for (line, items) in lines.iter_mut().zip(self.def.header) {
            let turn = Self::turn(now, self.started, self.def.times.header, 0, items.len());
            *line = items.get(turn).map(|item| HeaderItem {
                label: item.label,
                figure: self.header_figure(item, values.value(item.source)),
            });
        }
        let tariff = match values.tariff() {
            Tariff::All | Tariff::T1 => 1,
            Tariff::T2 => 2,
            Tariff::T3 => 3,
            Tariff::T4 => 4,
        };
        Header {
            lines,
            tariff,
            bluetooth: self.radio_on(now),
            telephone: self.keys.flashes(&self.model.panel, now),
        }
    }

    fn header_figure(&self, item: &HeaderItemDef, value: i64) -> Figure {
        let number = u32::try_from(value).unwrap_or(0);
        match item.form {
            HeaderForm::Number => Figure::Number { value, decimals: 0, digits: 1, signed: false, unit: "" },
            HeaderForm::Serial => Figure::Serial { lead: "", prefix: self.model.identity.prefix, number },
            HeaderForm::Hex => Figure::Hex(number),
            HeaderForm::Ratio => ratio(value),
        }
    }

    // ---- part 2 and the registers of the history

    /// The registers that can be seen: those of higher tariffs only once one of them has counted.
    fn seen_lines(
        &self,
        lines: &'static [RegisterLineDef],
        values: &impl Values,
    ) -> impl Iterator<Item = &'static RegisterLineDef> {
        let high = values.value(self.def.registers.high_tariffs) != 0;
        lines.iter().filter(move |line| high || !line.high_tariff)
    }

    /// How many turns registers take.
    fn groups(&self, lines: &'static [RegisterLineDef], values: &impl Values) -> usize {
        self.seen_lines(lines, values).count().div_ceil(self.together())
    }

    fn together(&self) -> usize {
        usize::from(self.def.registers.together).clamp(1, MAX_TOGETHER)
    }

    fn group(
        &self,
        lines: &'static [RegisterLineDef],
        turn: usize,
        values: &impl Values,
    ) -> [Option<Register>; MAX_TOGETHER] {
        let def = &self.def.registers;
        let mut group = [None; MAX_TOGETHER];
        let together = self.together();
        let those = self.seen_lines(lines, values).skip(turn * together).take(together);
        for (place, line) in group.iter_mut().zip(those) {
            let unit = self.model.unit(line.source);
            let value = unit.at(values.value(line.source), def.decimals);
            *place = Some(Register {
                obis: line.obis,
                figure: Figure::Number {
                    value,
                    decimals: def.decimals,
                    digits: def.digits,
                    signed: false,
                    unit: unit.symbol(),
                },
            });
        }
        group
    }

    // ---- part 3

    fn readings(&self, page: u8) -> impl Iterator<Item = (usize, &'static ReadingDef)> + use<> {
        let there = move |reading: &ReadingDef| {
            page == 0 || reading.sources.get(usize::from(page)).copied().flatten().is_some()
        };
        self.def.readings.iter().enumerate().filter(move |(_, reading)| there(reading))
    }

    /// How many rows of a page take turns.
    pub(super) fn rows(&self, page: Page, values: &impl Values) -> usize {
        match page {
            Page::Readings(page) => self.readings(page).count(),
            Page::History(slot) => self.slot(slot).map_or(0, |slot| self.groups(slot.lines, values)),
        }
    }

    fn slot(&self, slot: u8) -> Option<&'static schema::HistorySlotDef> {
        self.def.history?.slots.get(usize::from(slot))
    }

    /// The page of part 3 in a state, and which of its rows stands.
    pub(super) fn standing(&self, state: State, now: Instant, values: &impl Values) -> (Page, usize) {
        let (page, first, since) = match state {
            State::Browse { page, first, since } => (page, first, since),
            State::Home { since } => (Page::Readings(0), 0, since),
            _ => (Page::Readings(0), 0, now),
        };
        let step = self.scroll_step(values);
        (page, Self::turn(now, since, step, usize::from(first), self.rows(page, values)))
    }

    fn reading_figure(&self, form: ReadingForm, source: Source, values: &impl Values) -> Figure {
        let value = values.value(source);
        match form {
            ReadingForm::Words(words) => {
                Figure::Word(words.iter().find(|(of, _)| *of == value).map_or("-", |(_, word)| word))
            }
            ReadingForm::Number { decimals, figures, signed } => {
                let unit = self.model.unit(source);
                let fits = |decimals: &u8| {
                    digit_count(unit.at(value, *decimals)).max(decimals.saturating_add(1)) <= figures
                };
                let decimals = (0..=decimals).rev().find(fits).unwrap_or(0);
                Figure::Number {
                    value: unit.at(value, decimals),
                    decimals,
                    digits: 1,
                    signed,
                    unit: unit.symbol(),
                }
            }
        }
    }

    fn reading(&self, number: usize, def: &ReadingDef, page: u8, values: &impl Values) -> Part3 {
        let at = |page: u8| def.sources.get(usize::from(page)).copied().flatten();
        let figure = |page| at(page).map(|source| self.reading_figure(def.form, source, values));
        let below = at(page).is_some_and(|source| values.value(source) < 0);
        let number_of = |of: &[&'static str; 4]| of.get(usize::from(page)).copied().unwrap_or("");
        let reverse = Some(number_of(&def.obis_reverse)).filter(|obis| below && !obis.is_empty());
        let shown = self.def.obis.is_none_or(|id| values.setting(id) != 0);
        let mut phases = [None; 3];
        if page == 0 {
            let beside = |page| at(page).map(|source| self.reading_figure(beside(def.form), source, values));
            phases = [beside(1), beside(2), beside(3)];
        }
        Part3::Reading {
            reading: u8::try_from(number).unwrap_or(u8::MAX),
            title: def.title,
            obis: if shown { reverse.unwrap_or_else(|| number_of(&def.obis)) } else { "" },
            figure: figure(page),
            phases,
        }
    }

    fn part3(&self, page: Page, row: usize, values: &impl Values) -> Part3 {
        let part = match page {
            Page::Readings(page) => self
                .readings(page)
                .nth(row)
                .map(|(number, reading)| self.reading(number, reading, page, values)),
            Page::History(n) => self.slot(n).zip(self.def.history).map(|(slot, history)| Part3::History {
                title: history.title,
                number: n.saturating_add(1),
                ratio: ratio(values.value(slot.ratio)),
                runs_on: slot.runs_on,
                registers: self.group(slot.lines, row, values),
            }),
        };
        part.unwrap_or(Part3::Reading { reading: 0, title: "", obis: "", figure: None, phases: [None; 3] })
    }

    fn face(&self, state: State, now: Instant, values: &impl Values) -> Face {
        let lines = self.def.registers.lines;
        let turn = Self::turn(now, self.started, self.def.times.registers, 0, self.groups(lines, values));
        let (page, row) = self.standing(state, now, values);
        Face {
            registers: self.group(lines, turn, values),
            part3: self.part3(page, row, values),
            page,
            pages: self.def.words.pages,
            history: self.history_pages(values),
        }
    }

    // ---- the other screens

    fn screen(&self, state: State, now: Instant, values: &impl Values) -> Screen {
        let words = &self.def.words;
        match state {
            State::Home { .. } if values.stopped() => {
                let byte = values.error();
                let mut bits = words.bits.map(Some);
                for (n, bit) in bits.iter_mut().enumerate() {
                    if byte >> n & 1 == 0 {
                        *bit = None;
                    }
                }
                Screen::Error { title: words.error, byte, bits, words: words.stopped }
            }
            State::Home { .. } | State::Browse { .. } => Screen::Face(self.face(state, now, values)),
            State::Choice { at } => Screen::Choice {
                at,
                radio: self.def.radio.map(|radio| radio.title),
                settings: words.settings,
            },
            State::Radio => {
                let radio = self.def.radio;
                Screen::Radio {
                    title: radio.map_or("", |radio| radio.title),
                    code: Figure::Serial {
                        lead: radio.map_or("", |radio| radio.prefix),
                        prefix: self.model.identity.prefix,
                        number: u32::try_from(values.setting(SettingId::Serial)).unwrap_or(0),
                    },
                    words: words.scan,
                }
            }
            State::Password { entry } => Screen::Password {
                title: words.settings,
                words: words.password,
                digits: digits(entry, 0, true),
            },
            State::Menu { at } => Screen::Menu { title: words.settings, at, rows: self.menu_rows(values) },
            State::Step { at, setting, value }
            | State::Waiting { on: Asked::Step { at, setting, value } } => {
                self.edit(at, self.step_editor(setting, value))
            }
            State::Digits { at, setting, entry }
            | State::Waiting { on: Asked::Digits { at, setting, entry } } => {
                self.edit(at, self.digit_editor(at, setting, entry))
            }
            State::Reset { at, yes } => self.edit(at, self.reset_editor(at, yes, values)),
            State::Waiting { on: Asked::Reset { at } } => self.edit(at, self.reset_editor(at, true, values)),
            State::Notice { notice, then, .. } => self.notice(notice, then.into()),
        }
    }

    fn label(&self, at: u8) -> &'static str {
        self.def.menu.get(usize::from(at)).map_or("", |item| item.label)
    }

    fn edit(&self, at: u8, editor: Editor) -> Screen {
        Screen::Edit { label: self.label(at), editor }
    }

    fn notice(&self, notice: Notice, behind: State) -> Screen {
        let words = &self.def.words;
        let label = match behind {
            State::Menu { at } | State::Step { at, .. } | State::Digits { at, .. } => self.label(at),
            _ if notice == Notice::RadioOff => self.def.radio.map_or("", |radio| radio.title),
            _ => words.settings,
        };
        let words = match notice {
            Notice::Done => self.model.panel.ok,
            Notice::Refused => words.refused,
            Notice::WrongPassword => words.wrong,
            Notice::RadioOff => words.off,
        };
        Screen::Notice { label, notice, words }
    }

    fn menu_rows(&self, values: &impl Values) -> [Option<MenuRow>; MAX_MENU] {
        let mut rows = [None; MAX_MENU];
        for (row, item) in rows.iter_mut().zip(self.def.menu) {
            let figure = match item.edit {
                MenuEdit::Ratio(id) => ratio(values.setting(id).into()),
                MenuEdit::Choice(id) => self.setting_figure(id, values.setting(id), 1),
                MenuEdit::Digits(id, count) => self.setting_figure(id, values.setting(id), count),
                MenuEdit::Reset { shows, .. } => self.counter(shows, values),
            };
            *row = Some(MenuRow { label: item.label, figure });
        }
        rows
    }

    /// A counter with the decimals of the registers, where it counts energy.
    fn counter(&self, source: Source, values: &impl Values) -> Figure {
        let unit = self.model.unit(source);
        let decimals = if unit.is_counter() { self.def.registers.decimals } else { unit.decimals() };
        let value = unit.at(values.value(source), decimals);
        Figure::Number { value, decimals, digits: 1, signed: false, unit: unit.symbol() }
    }

    fn setting_figure(&self, id: SettingId, value: i32, count: u8) -> Figure {
        let Some(def) = self.setting(id) else { return Figure::Word("") };
        if def.secret {
            return Figure::Secret(digits_of(def));
        }
        let word = [value, def.acts_as(value)]
            .into_iter()
            .filter_map(|value| def.choice(value))
            .find_map(|choice| [choice.glyphs, choice.token].into_iter().find(|word| !word.is_empty()));
        let unit = def.unit.symbol();
        word.map_or_else(
            || {
                let decimals = def.unit.decimals();
                Figure::Number { value: value.into(), decimals, digits: count, signed: false, unit }
            },
            |word| Figure::Choice { word, unit },
        )
    }

    fn step_editor(&self, id: SettingId, value: i32) -> Editor {
        let figure = self.setting_figure(id, value, 1);
        let (number, of) = match self.setting(id).map(|def| def.kind) {
            Some(Kind::OneOf(choices)) => {
                let offers = || choices.iter().filter(|choice| !choice.glyphs.is_empty());
                let at = offers().position(|choice| choice.value == value).unwrap_or(0);
                (at.saturating_add(1), offers().count())
            }
            _ => (1, 1),
        };
        let small = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        Editor::Choice { number: small(number), of: small(of), figure }
    }

    fn digit_editor(&self, at: u8, id: SettingId, entry: Entry) -> Editor {
        let ratio = self.is_ratio(at);
        let unit = if ratio { "A" } else { self.setting(id).map_or("", |def| def.unit.symbol()) };
        Editor::Digits { digits: digits(entry, if ratio { 4 } else { 0 }, false), unit }
    }

    fn reset_editor(&self, at: u8, yes: bool, values: &impl Values) -> Editor {
        let words = &self.def.words;
        let figure = match self.def.menu.get(usize::from(at)).map(|item| item.edit) {
            Some(MenuEdit::Reset { shows, .. }) => self.counter(shows, values),
            _ => Figure::Word(""),
        };
        Editor::Reset { question: words.reset, answers: [words.no, words.yes], yes, figure }
    }
}

fn digits(entry: Entry, stroke: u8, secret: bool) -> Digits {
    let mut digits = [0; 9];
    for (place, n) in digits.iter_mut().zip(0..entry.count) {
        *place = entry.digit(n);
    }
    Digits { digits, count: entry.count, at: entry.at, stroke, secret }
}
