//! [`MatrixDef`]: the face of a meter with a dot matrix, as data. What stands in its three parts, its menu, its times and
//! its words.

use units::Duration;

use crate::{AppDef, CommandId, KeyId, SettingId, Source};

/// A glass of dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixGlass {
    /// Dots from left to right.
    pub width: u16,
    /// Dots from top to bottom.
    pub height: u16,
}

/// Which key does what.
#[derive(Clone, Copy, Debug)]
pub struct MatrixKeys {
    /// Back: the page, the row, the value or the digit before.
    pub left: KeyId,
    /// Chooses and confirms; held, it opens and leaves.
    pub middle: KeyId,
    /// On: the page, the row, the value or the digit after.
    pub right: KeyId,
}

/// Times of the face, beside those of [`crate::PanelDef`].
#[derive(Clone, Copy, Debug)]
pub struct MatrixTimes {
    /// How long an item of the header stands where several take turns.
    pub header: Duration,
    /// How long registers stand where there are more than stand together.
    pub registers: Duration,
    /// The choice between the radio and the settings closes after so long without a touch.
    pub choice: Duration,
    /// The password closes after so long without a touch.
    pub password: Duration,
}

/// How an item of the header is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderForm {
    /// A number, without a point: software 1.02 is 102.
    Number,
    /// A serial number with the printed digits in front of it.
    Serial,
    /// Eight hexadecimal digits.
    Hex,
    /// A ratio of current transformers, `units::CtRatio` as one number: `0500/5`.
    Ratio,
}

/// An item of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderItemDef {
    /// What stands in front of it.
    pub label: &'static str,
    /// Where it comes from.
    pub source: Source,
    /// How it is written.
    pub form: HeaderForm,
}

/// One register of the legally relevant part, or of a page of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterLineDef {
    /// Its number.
    pub obis: &'static str,
    /// Where it comes from.
    pub source: Source,
    /// It is shown only once a higher tariff has counted, [`RegistersDef::high_tariffs`].
    pub high_tariff: bool,
}

/// The legally relevant part.
#[derive(Clone, Copy, Debug)]
pub struct RegistersDef {
    /// The registers in the order of their turns.
    pub lines: &'static [RegisterLineDef],
    /// How many stand together. Range: 1 to 4.
    pub together: u8,
    /// Digits in front of the point, with leading zeros.
    pub digits: u8,
    /// Digits behind it.
    pub decimals: u8,
    /// Other than 0 once tariff 3 or 4 has counted.
    pub high_tariffs: Source,
}

/// How a reading is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingForm {
    /// A number and its unit.
    Number {
        /// Digits behind the point.
        decimals: u8,
        /// How many digits there are at most: a larger number gives up decimals.
        figures: u8,
        /// True where the sign is always written, for what flows both ways.
        signed: bool,
    },
    /// A word for each value.
    Words(&'static [(i64, &'static str)]),
}

/// One reading of the third part. The places of its arrays are the pages: total, L1, L2, L3.
#[derive(Clone, Copy, Debug)]
pub struct ReadingDef {
    /// Its name.
    pub title: &'static str,
    /// How it is written.
    pub form: ReadingForm,
    /// Where it comes from on each page. A reading without a value on the page of a phase is left out there; without a
    /// total it stands on the first page with its phases alone.
    pub sources: [Option<Source>; 4],
    /// Its number on each page, or nothing.
    pub obis: [&'static str; 4],
    /// Its number while the value is below zero, where that is another.
    pub obis_reverse: [&'static str; 4],
}

/// One place of the history of ratios.
#[derive(Clone, Copy, Debug)]
pub struct HistorySlotDef {
    /// The ratio it was counted with.
    pub ratio: Source,
    /// Its registers.
    pub lines: &'static [RegisterLineDef],
    /// It goes on counting.
    pub runs_on: bool,
}

/// The history of ratios: pages of the third part behind those of the phases.
#[derive(Clone, Copy, Debug)]
pub struct HistoryDef {
    /// What stands above a page.
    pub title: &'static str,
    /// How many places are used; no more pages are shown.
    pub used: Source,
    /// The places, the first one first. Range: up to 7.
    pub slots: &'static [HistorySlotDef],
}

/// A radio that is switched on at the panel. While it is on, a master speaks to the register map over it in whole frames of
/// Modbus RTU, which end by their length and their check sum.
#[derive(Clone, Copy, Debug)]
pub struct RadioDef {
    /// What it is called in the choice.
    pub title: &'static str,
    /// What stands in front of the serial number in the name that it calls itself, which is also the QR code.
    pub prefix: &'static str,
    /// It goes off, and its page closes, so long after it was switched on or last used.
    pub open: Duration,
    /// Most bytes that it sends at once: longer frames leave in several packets. Range: 1 to 255.
    pub packet: u8,
    /// A pause between two packets that gives an unfinished frame up.
    pub gap: Duration,
    /// Time from the end of a request to the start of its answer.
    pub reply_delay: Duration,
    /// The address that takes the digits of [`MatrixDef::password`], in a request of its own: before that, nothing is
    /// written over the radio, and again once it has gone off. `None` where writes need no password.
    pub lock: Option<u16>,
    /// The maker's app, which speaks to the meter over it.
    pub app: Option<&'static AppDef>,
}

/// What the editor of a row of the menu does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuEdit {
    /// The values of the setting in turn.
    Choice(SettingId),
    /// So many digits, each confirmed.
    Digits(SettingId, u8),
    /// A ratio: the digits of the primary, then the secondary, each confirmed.
    Ratio(SettingId),
    /// A counter is set to zero, after a question.
    Reset {
        /// What is set to zero.
        command: CommandId,
        /// The counter.
        shows: Source,
    },
}

/// A row of the menu.
#[derive(Clone, Copy, Debug)]
pub struct MenuItemDef {
    /// Its text.
    pub label: &'static str,
    /// What it changes.
    pub edit: MenuEdit,
}

/// The words of the face that stand in no table.
#[derive(Clone, Copy, Debug)]
pub struct MatrixWords {
    /// Names of the four pages: total, L1, L2, L3.
    pub pages: [&'static str; 4],
    /// Title of the menu, and its word in the choice.
    pub settings: &'static str,
    /// Above the digits of the password.
    pub password: &'static str,
    /// The password was wrong.
    pub wrong: &'static str,
    /// The meter does not take a value.
    pub refused: &'static str,
    /// The question before a counter is set to zero, and its answers.
    pub reset: &'static str,
    /// The answer that leaves it as it is.
    pub no: &'static str,
    /// The answer that does it.
    pub yes: &'static str,
    /// Below the QR code.
    pub scan: &'static str,
    /// The radio has been switched off.
    pub off: &'static str,
    /// In front of the number of an error.
    pub error: &'static str,
    /// Below it.
    pub stopped: &'static str,
    /// What each bit of the number says, bit 0 first.
    pub bits: [&'static str; 8],
}

/// The face of a meter with a dot matrix.
#[derive(Clone, Copy, Debug)]
pub struct MatrixDef {
    /// Its keys.
    pub keys: MatrixKeys,
    /// Its times.
    pub times: MatrixTimes,
    /// Part 1: the items of each line, which take turns.
    pub header: [&'static [HeaderItemDef]; 3],
    /// Part 2.
    pub registers: RegistersDef,
    /// Part 3: its readings in the order of their turns.
    pub readings: &'static [ReadingDef],
    /// Part 3: the history of ratios, where the meter keeps one.
    pub history: Option<HistoryDef>,
    /// The radio, where it has one.
    pub radio: Option<RadioDef>,
    /// The setting that opens the menu.
    pub password: SettingId,
    /// The menu.
    pub menu: &'static [MenuItemDef],
    /// The setting that hides the numbers of part 3 while it is 0.
    pub obis: Option<SettingId>,
    /// The setting that turns the picture upside down while it is other than 0.
    pub turned: Option<SettingId>,
    /// Its words.
    pub words: MatrixWords,
}
