//! Why the program ends early: a sentence for people, and the exit code that says which kind it is.

use core::fmt;
use std::process::ExitCode;

/// The exit codes of the program; 0 is done and proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An expectation failed.
    Expectation = 1,
    /// What was asked for makes no sense, or a file or port cannot be used.
    Input = 2,
    /// No meter answered, or the line went.
    NoAnswer = 4,
    /// The meter refused, or nobody knows what it did.
    Refused = 5,
}

/// An end with a reason.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: Kind,
    text: String,
}

impl Fault {
    /// A fault of a kind, in a sentence.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// Bad input: the option, what was wrong with it, what was expected.
    pub fn option(option: &str, why: impl fmt::Display) -> Self {
        Self::new(Kind::Input, format!("{option}: {why}"))
    }

    /// The code the program exits with.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
