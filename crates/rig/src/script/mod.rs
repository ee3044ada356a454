//! The script language: one text drives panel, mains and bus. Its manual is `docs/scripts.md`.
//!
//! A [`Script`] is read and checked as a whole before anything happens; a [`Player`] then plays it on a bench of its
//! own, or [`execute`] does single commands on any bench. Nothing here reads a clock or does I/O: the lines that a
//! script prints go to whoever plays it.

mod parse;
mod play;
mod send;
#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use device::NvPart;
use models::Entry;
use schema::{KeyId, PortId, SettingId};
use units::{Duration, Point};

use crate::text::TextError;
use crate::{Connection, LoadChange, WireChange};

pub use play::{Mismatch, Player, execute};

/// Something that can be shown and expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What stands on the digits, and the dots.
    Lcd,
    /// What the display shows, as a sentence.
    View,
    /// The picture on the glass, as it is seen at this moment of the blinking.
    Pixels,
    /// A value.
    Point(Point),
    /// Registers, as a master would read them.
    Registers {
        /// The first one.
        addr: u16,
        /// How many. Range: 1 to 125.
        count: u16,
    },
    /// A setting.
    Setting(SettingId),
    /// The circuit at the pulse output.
    S0,
}

/// What a script claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// These glyphs stand on the digits, and these dots are lit.
    Lcd {
        /// The glyphs, compared by their segments.
        text: String,
        /// The letters of the dots, `-` for dark ones; `None` where they do not matter.
        dots: Option<String>,
    },
    /// This is the sentence.
    View(String),
    /// This is the picture, row by row.
    Pixels(Vec<String>),
    /// A value, at the precision in which it is written.
    Point {
        /// Of what.
        point: Point,
        /// The number with `decimals` digits behind the point of the unit people read.
        value: i64,
        /// How many digits were written behind the point.
        decimals: u8,
    },
    /// These words stand in the registers, or reading them gives this exception.
    Registers {
        /// The first one.
        addr: u16,
        /// The words, or the code of the exception.
        words: Result<Vec<u16>, u8>,
    },
    /// The setting has this value.
    Setting(SettingId, i32),
    /// The circuit at the pulse output; what is `None` does not matter.
    S0 {
        /// Its supply, in mV, or none.
        supply: Option<Option<u32>>,
        /// Whether current flows.
        closed: Option<bool>,
        /// The pulses that came.
        pulses: Option<u64>,
    },
}

/// One thing that a script does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Changes what flows through a conductor.
    Load(LoadChange),
    /// Changes which voltages and currents reach the meter.
    Connection(Connection),
    /// Changes the frequency of the mains, in mHz.
    Frequency(u32),
    /// Lets time pass, on the bus and for the load alike.
    Advance(Duration),
    /// Presses a key and lets go of it.
    Press(KeyId),
    /// Holds a key for so long and lets go of it.
    Hold(KeyId, Duration),
    /// Turns the mains on or off.
    Mains(bool),
    /// Connects a supply to the pulse output, in mV, or takes it away.
    S0Supply(Option<u32>),
    /// Damages a part of the memory, for the next power-up to find.
    Damage(NvPart),
    /// Changes a setting as a master on the bus may.
    Set(SettingId, i32),
    /// Puts voltage to the tariff input, or takes it away.
    TariffInput(bool),
    /// Sends these bytes to a port and prints the answer.
    Send(PortId, Vec<u8>),
    /// Changes a fault of the wire of that port, or how the meter hangs on it.
    Wire(PortId, WireChange),
    /// Prints something.
    Show(Subject),
    /// Fails the script where something is not as expected.
    Expect(Expectation),
}

/// One line of a script that does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, counted from 1.
    pub number: usize,
    /// Its text without blanks around it.
    pub text: String,
    /// What it does.
    pub command: Command,
}

/// A script that was read and checked.
#[derive(Clone, Debug)]
pub struct Script {
    entry: &'static Entry,
    lines: Vec<Line>,
}

/// Why a text is no script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: TextError,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.fault)
    }
}

impl core::error::Error for ScriptError {}

/// A line of a script that was not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
    /// What was expected.
    pub expected: String,
    /// What was found instead.
    pub found: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)?;
        for (word, side) in [("expected", &self.expected), ("found", &self.found)] {
            if side.contains('\n') {
                write!(f, "\n{word}:")?;
                side.lines().try_for_each(|row| write!(f, "\n    {row}"))?;
            } else {
                write!(f, "\n{word}: {side}")?;
            }
        }
        Ok(())
    }
}

impl core::error::Error for Failure {}

impl Script {
    /// The model that the script is about.
    #[must_use]
    pub const fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// What it does, line by line.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}
