//! Listening before anything is sent: is there a master already?

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use modbus::{Heard, LISTEN_BUFFER, LineParams, Sniffer};
use units::Duration;

use crate::port::{Port, PortFault, Received};

/// What was heard on a line before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listened {
    /// How the line was set meanwhile.
    pub line: LineParams,
    /// How long.
    pub span: Duration,
    /// Units that somebody asked, with how often.
    pub asked: Vec<(u8, u32)>,
    /// Units that answered, with how often.
    pub answered: Vec<(u8, u32)>,
    /// Bytes and characters of which nothing could be made.
    pub unread: u32,
}

fn count(list: &mut Vec<(u8, u32)>, unit: u8) {
    match list.iter_mut().find(|(other, _)| *other == unit) {
        Some((_, times)) => *times = times.saturating_add(1),
        None => list.push((unit, 1)),
    }
}

/// A few bytes without a sense are noise; more are somebody's words.
const WORDS: u32 = 4;

impl Listened {
    /// Somebody uses this line.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.asked.is_empty() || !self.answered.is_empty() || self.unread >= WORDS
    }

    /// The units that somebody asks.
    #[must_use]
    pub fn masters_ask(&self) -> Vec<u8> {
        self.asked.iter().map(|(unit, _)| *unit).collect()
    }

    /// What was heard, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let seconds = self.span.as_secs();
        let list = |units: &[(u8, u32)]| {
            let all: Vec<String> =
                units.iter().map(|(unit, times)| format!("id {unit} ({times} times)")).collect();
            all.join(", ")
        };
        if !self.asked.is_empty() {
            let silent =
                self.asked.iter().filter(|(unit, _)| !self.answered.iter().any(|(other, _)| other == unit));
            let silent: Vec<String> = silent.map(|(unit, _)| unit.to_string()).collect();
            let silent = match silent.as_slice() {
                [] => String::new(),
                ids => format!(" No answer was heard from {}.", ids.join(", ")),
            };
            format!(
                "Another master is on this line: in {seconds} s at {} it asked {}.{silent} Nothing was sent, so that it is not \
                 disturbed. Disconnect it, or listen only.",
                self.line,
                list(&self.asked)
            )
        } else if !self.answered.is_empty() {
            format!(
                "Answers of {} were heard in {seconds} s at {}, so another master asks on this line. Nothing was sent. \
                 Disconnect it, or listen only.",
                list(&self.answered),
                self.line
            )
        } else if self.unread >= WORDS {
            format!(
                "Something talks on this line: {} bytes or characters in {seconds} s that make no sense at {}. Another master \
                 may speak at another speed or in another format. Nothing was sent.",
                self.unread, self.line
            )
        } else {
            format!("Nobody was heard in {seconds} s at {}.", self.line)
        }
    }
}

/// Listens for `span` at `line`, which the port is at, and sends nothing.
pub(super) async fn listen<P: Port>(
    port: &mut P,
    line: LineParams,
    span: Duration,
) -> Result<Listened, PortFault> {
    let mut buffer = vec![0; LISTEN_BUFFER];
    let mut sniffer = Sniffer::new(&mut buffer);
    let mut told = Listened { line, span, asked: Vec::new(), answered: Vec::new(), unread: 0 };
    let end = port.now() + span;
    loop {
        let now = port.now();
        // What has begun when the time is over is heard to its end, as far as a sniffer waits for one.
        let due = sniffer.poll_at();
        if now >= end && due.is_none() {
            return Ok(told);
        }
        let until = due.map_or(end, |due| if now < end { due.min(end) } else { due });
        match port.receive(until).await? {
            Received::Bytes(bytes) => {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let taken = sniffer.handle_rx(port.now(), rest);
                    rest = rest.get(taken..).unwrap_or_default();
                    take(&mut sniffer, port.now(), &mut told);
                    if taken == 0 && rest.len() == bytes.len() {
                        break;
                    }
                }
            }
            Received::LineError(error) => sniffer.handle_line_error(port.now(), error),
            Received::Quiet => {}
        }
        take(&mut sniffer, port.now(), &mut told);
        if port.now() >= end + span {
            return Ok(told);
        }
    }
}

fn take(sniffer: &mut Sniffer<'_>, now: units::Instant, told: &mut Listened) {
    while let Some(heard) = sniffer.poll(now) {
        match heard {
            Heard::Request { unit, .. } => count(&mut told.asked, unit),
            Heard::Response { unit, .. } => count(&mut told.answered, unit),
            Heard::Damaged { bytes, .. } => {
                told.unread = told.unread.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            }
            Heard::Line { .. } => told.unread = told.unread.saturating_add(1),
        }
    }
}
