//! Standard output and progress. A reader that goes away is no fault of ours.

use std::io::{self, IsTerminal as _, Write as _};

/// Writes a text to standard output, at once.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a line to standard output, at once.
pub fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// Writes a remark to standard error.
pub fn remark(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Progress of what lasts: one line on standard error that is written over, where that is a terminal.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    width: usize,
}

impl Progress {
    /// Progress that shows nothing yet.
    pub fn new() -> Self {
        Self { shown: io::stderr().is_terminal(), width: 0 }
    }

    /// Shows `done` of `total`, with what is done in words.
    pub fn show(&mut self, what: &str, done: usize, total: usize) {
        const BAR: usize = 24;
        if total == 0 {
            return;
        }
        let full = BAR * done.min(total) / total;
        self.tell(&format!("{what} [{}{}] {done} of {total}", "=".repeat(full), " ".repeat(BAR - full)));
    }

    /// Shows how far it is in words.
    pub fn tell(&mut self, text: &str) {
        if !self.shown {
            return;
        }
        let blanks = " ".repeat(self.width.saturating_sub(text.len()));
        self.width = text.len();
        let _ = write!(io::stderr(), "\r{text}{blanks}");
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        if self.width > 0 {
            let _ = write!(io::stderr(), "\r{}\r", " ".repeat(self.width));
            self.width = 0;
        }
    }
}
