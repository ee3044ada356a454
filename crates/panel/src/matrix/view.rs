//! What stands on a dot matrix, as data: every text, number and place of a cursor, and no layout.

use core::fmt;

use units::decimal::power_of_ten;

/// The most rows of a menu that a view carries.
pub const MAX_MENU: usize = 20;

/// The most registers that stand together.
pub const MAX_TOGETHER: usize = 4;

/// A value with the way it is written; [`fmt::Display`] writes it without its unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Figure {
    /// A number.
    Number {
        /// The digits, without the point.
        value: i64,
        /// How many of them stand behind the point.
        decimals: u8,
        /// How many stand in front of it at least, with leading zeros.
        digits: u8,
        /// True where a plus sign is written as well.
        signed: bool,
        /// Its unit, or nothing.
        unit: &'static str,
    },
    /// A word.
    Word(&'static str),
    /// One of the values that a setting offers, as the model writes it.
    Choice {
        /// The word or the digits.
        word: &'static str,
        /// Its unit, or nothing.
        unit: &'static str,
    },
    /// Eight hexadecimal digits.
    Hex(u32),
    /// A serial number: what stands in front of it, the printed prefix, and eight digits.
    Serial {
        /// What stands in front of the whole, or nothing.
        lead: &'static str,
        /// The first digits, which are the model's.
        prefix: &'static str,
        /// The last eight.
        number: u32,
    },
    /// A ratio of current transformers: four digits, a stroke, one digit.
    Ratio {
        /// Primary current, in A.
        primary: u16,
        /// Secondary current, in A.
        secondary: u8,
    },
    /// So many stars in place of digits.
    Secret(u8),
}

impl Figure {
    /// Its unit, or nothing.
    #[must_use]
    pub const fn unit(&self) -> &'static str {
        match self {
            Self::Number { unit, .. } | Self::Choice { unit, .. } => unit,
            Self::Ratio { .. } => "A",
            _ => "",
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Number { value, decimals, digits, signed, .. } => {
                if value < 0 {
                    f.write_str("-")?;
                } else if signed {
                    f.write_str("+")?;
                }
                let power = power_of_ten(decimals).unsigned_abs();
                let magnitude = value.unsigned_abs();
                write!(f, "{:0width$}", magnitude / power, width = usize::from(digits))?;
                if decimals > 0 {
                    write!(f, ".{:0width$}", magnitude % power, width = usize::from(decimals))?;
                }
                Ok(())
            }
            Self::Word(word) | Self::Choice { word, .. } => f.write_str(word),
            Self::Hex(number) => write!(f, "{number:08X}"),
            Self::Serial { lead, prefix, number } => write!(f, "{lead}{prefix}{number:08}"),
            Self::Ratio { primary, secondary } => write!(f, "{primary:04}/{secondary}"),
            Self::Secret(count) => (0..count).try_for_each(|_| f.write_str("*")),
        }
    }
}

/// An item of the header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeaderItem {
    /// What stands in front of it.
    pub label: &'static str,
    /// Its value.
    pub figure: Figure,
}

/// Part 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Its lines: of those items that take turns, the one whose turn it is.
    pub lines: [Option<HeaderItem>; 3],
    /// The tariff that counts. Range: 1 to 4.
    pub tariff: u8,
    /// The sign of the radio.
    pub bluetooth: bool,
    /// The telephone: the meter has just answered on its bus.
    pub telephone: bool,
}

/// A register of part 2, or of the history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Register {
    /// Its number.
    pub obis: &'static str,
    /// Its value.
    pub figure: Figure,
}

/// A page of part 3.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    /// The readings of the whole meter, or of a phase: 0 total, 1 to 3 the phases.
    Readings(u8),
    /// A place of the history of ratios, counted from 0.
    History(u8),
}

/// Part 3.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part3 {
    /// A reading.
    Reading {
        /// Its row in [`schema::MatrixDef::readings`].
        reading: u8,
        /// Its name.
        title: &'static str,
        /// Its number; nothing where it has none, or numbers are hidden.
        obis: &'static str,
        /// Its value on this page; `None` where only its phases have one.
        figure: Option<Figure>,
        /// On the page of the whole meter: its values of the phases, where it has them.
        phases: [Option<Figure>; 3],
    },
    /// A page of the history of ratios.
    History {
        /// What stands above it.
        title: &'static str,
        /// The number that people count from 1.
        number: u8,
        /// The ratio that these registers were counted with.
        ratio: Figure,
        /// They go on counting.
        runs_on: bool,
        /// The registers whose turn it is.
        registers: [Option<Register>; MAX_TOGETHER],
    },
}

/// A row of the choice that opens when the middle key is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChoiceRow {
    /// The radio.
    Bluetooth,
    /// The settings.
    Settings,
}

/// A row of the menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MenuRow {
    /// Its text.
    pub label: &'static str,
    /// The present value.
    pub figure: Figure,
}

/// Digits being entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Digits {
    /// The digits as they stand, the first `count` of them; each 0 to 9.
    pub digits: [u8; 9],
    /// How many there are. Range: 1 to 9.
    pub count: u8,
    /// The one in hand, counted from 0 at the left.
    pub at: u8,
    /// Behind this many digits stands a stroke: a ratio. 0 where there is none.
    pub stroke: u8,
    /// True where digits that are not in hand are hidden.
    pub secret: bool,
}

/// How a setting is being changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Editor {
    /// Its values in turn.
    Choice {
        /// The one in hand, of all, counted from 1.
        number: u8,
        /// How many there are.
        of: u8,
        /// The one in hand.
        figure: Figure,
    },
    /// Digit by digit.
    Digits {
        /// The digits.
        digits: Digits,
        /// Its unit, or nothing.
        unit: &'static str,
    },
    /// A counter waits for the answer whether it shall be set to zero.
    Reset {
        /// The question.
        question: &'static str,
        /// What no and yes are called.
        answers: [&'static str; 2],
        /// True while yes is in hand.
        yes: bool,
        /// The counter.
        figure: Figure,
    },
}

/// What stands alone for a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// A setting was taken, or a counter set to zero.
    Done,
    /// The meter does not take the value.
    Refused,
    /// The password was wrong.
    WrongPassword,
    /// The radio has been switched off.
    RadioOff,
}

/// The three parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Face {
    /// Part 2: the registers whose turn it is.
    pub registers: [Option<Register>; MAX_TOGETHER],
    /// Part 3.
    pub part3: Part3,
    /// The page of part 3.
    pub page: Page,
    /// The names of the pages of readings.
    pub pages: [&'static str; 4],
    /// How many pages of the history stand behind them.
    pub history: u8,
}

/// What stands on the glass, beside the header.
// The variants differ in size; there is one view at a time, and it is never kept in an array.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Screen {
    /// The three parts.
    Face(Face),
    /// The choice between the radio and the settings.
    Choice {
        /// The row in hand.
        at: ChoiceRow,
        /// What the radio is called; `None` on a meter without one.
        radio: Option<&'static str>,
        /// What the settings are called.
        settings: &'static str,
    },
    /// The radio is on: its QR code.
    Radio {
        /// Title.
        title: &'static str,
        /// The text of the code, which is the name that the radio calls itself.
        code: Figure,
        /// What stands below it.
        words: &'static str,
    },
    /// The password is entered.
    Password {
        /// Title: of what it opens.
        title: &'static str,
        /// What stands above the digits.
        words: &'static str,
        /// The digits.
        digits: Digits,
    },
    /// The menu.
    Menu {
        /// Title.
        title: &'static str,
        /// The row in hand.
        at: u8,
        /// All rows.
        rows: [Option<MenuRow>; MAX_MENU],
    },
    /// A setting is being changed.
    Edit {
        /// The text of its row in the menu.
        label: &'static str,
        /// How.
        editor: Editor,
    },
    /// A message.
    Notice {
        /// The text of the row it is about, or the title.
        label: &'static str,
        /// What it says.
        notice: Notice,
        /// The same in words.
        words: &'static str,
    },
    /// The meter has stopped.
    Error {
        /// What stands in front of the number.
        title: &'static str,
        /// The number, to be written as two hexadecimal digits.
        byte: u8,
        /// What each of its bits says, bit 0 first; `None` for those that are not set.
        bits: [Option<&'static str>; 8],
        /// What stands below.
        words: &'static str,
    },
}

/// What stands on a dot matrix. Two views that are equal look the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MatrixView {
    /// The picture is turned upside down.
    pub turned: bool,
    /// What is in hand is seen: false in the dark part of the blinking.
    pub lit: bool,
    /// Part 1. Where another screen takes the whole glass it need not be drawn.
    pub header: Header,
    /// The rest.
    pub screen: Screen,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_the_glass_shows_them() {
        let number = |value, decimals, digits, signed| {
            Figure::Number { value, decimals, digits, signed, unit: "kWh" }.to_string()
        };
        assert_eq!(number(4_812_736, 3, 6, false), "004812.736");
        assert_eq!(number(138_420, 3, 1, true), "+138.420");
        assert_eq!(number(-20, 3, 1, true), "-0.020");
        assert_eq!(number(7, 0, 3, false), "007");
        assert_eq!(Figure::Hex(0x2100_1416).to_string(), "21001416");
        assert_eq!(Figure::Ratio { primary: 500, secondary: 5 }.to_string(), "0500/5");
        assert_eq!(Figure::Secret(4).to_string(), "****");
        let serial = Figure::Serial { lead: "IM-", prefix: "0512", number: 2_207_003 };
        assert_eq!(serial.to_string(), "IM-051202207003");
    }
}
