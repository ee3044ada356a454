//! How an answer is read, character by character.

use super::{DAMAGED, Found, Head, HeadFault, Phase, Step, Verdict};
use crate::control::{ACK, EOT, ETX, NAK, SOH, STX};
use crate::message::{Message, split};
use crate::signon::Identification;
use crate::{Bcc, FormFault};

impl Head<'_> {
    pub(super) fn drop_front(&mut self, n: usize) {
        self.eaten = 0;
        if n > 0 {
            self.rx.copy_within(n.min(self.len)..self.len, 0);
            self.len = self.len.saturating_sub(n);
            self.pos = self.pos.saturating_sub(n);
        }
    }

    /// True for a read-out, whose lines are told as they come.
    fn is_stream(&self) -> bool {
        self.step == Step::ReadOut && !self.coded
    }

    /// The damage the line reported, or else `fault`.
    fn damage(&self, fault: FormFault) -> Found {
        let line = self.line_error.filter(|_| self.damaged).map(HeadFault::Line);
        Found::Damaged(line.unwrap_or(HeadFault::Form(fault)))
    }

    /// Looks at the characters heard until something can be told.
    pub(super) fn scan(&mut self) -> Option<Found> {
        while let Some(byte) = self.rx.get(self.pos..self.len).and_then(<[u8]>::first).copied() {
            self.pos += 1;
            if self.phase != Phase::Start && byte == DAMAGED {
                self.damaged = true;
                if let Some(place) = self.rx.get_mut(self.pos - 1) {
                    *place = b'?';
                }
            }
            let found = match self.phase {
                Phase::Start => self.start(byte),
                Phase::Line => self.line_character(byte),
                Phase::Body => self.body(byte),
                Phase::Check(more) => {
                    self.phase = Phase::Start;
                    match self.bcc.check(byte) {
                        Ok(()) if !self.damaged => self.whole(more),
                        Ok(()) => Some(self.damage(FormFault::Message)),
                        Err(fault) => Some(self.damage(fault)),
                    }
                }
            };
            if found.is_some() {
                return found;
            }
        }
        if self.phase == Phase::Start {
            // Noise only.
            self.drop_front(self.pos);
        }
        None
    }

    fn start(&mut self, byte: u8) -> Option<Found> {
        let phase = match (self.step, byte) {
            (Step::Identification, b'/') => Phase::Line,
            (Step::Identification, _) => return None,
            (_, STX | SOH) => Phase::Body,
            (Step::Acknowledge, ACK) => return Some(Found::End(Verdict::Acknowledged)),
            (_, NAK) => return Some(Found::Nak),
            _ => return None,
        };
        self.drop_front(self.pos - 1);
        self.phase = phase;
        self.bcc = Bcc::default();
        self.damaged = false;
        self.coded = byte == SOH;
        if phase == Phase::Body && self.is_stream() {
            self.drop_front(1);
        }
        None
    }

    fn line_character(&mut self, byte: u8) -> Option<Found> {
        match byte {
            b'/' => self.drop_front(self.pos - 1),
            b'\n' => {
                self.phase = Phase::Start;
                let line = self.rx.get(..self.pos).unwrap_or_default();
                // An echo behind noise.
                if !line.starts_with(b"/?") {
                    return Some(match Identification::parse(line) {
                        Ok(_) => Found::Identified(self.pos),
                        Err(fault) => self.damage(fault),
                    });
                }
            }
            _ => {}
        }
        None
    }

    fn body(&mut self, byte: u8) -> Option<Found> {
        self.bcc.add(byte);
        let ends = matches!(byte, ETX | EOT);
        if ends {
            self.phase = Phase::Check(byte == EOT);
        }
        if !self.is_stream() || !(ends || byte == b'\n') {
            return None;
        }
        let line = self.rx.get(..self.pos - 1).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let n = line.len();
        if matches!(line, [] | [b'!']) {
            self.drop_front(self.pos);
            return None;
        }
        self.eaten = self.pos;
        Some(Found::Line(n))
    }

    /// The message at the front of `rx` is right.
    fn whole(&mut self, more: bool) -> Option<Found> {
        if self.is_stream() {
            self.eaten = self.pos;
            return Some(if more { Found::Block } else { Found::End(Verdict::ReadOut) });
        }
        let message = self.rx.get(..self.pos).unwrap_or_default();
        if let [STX, data @ .., _, _] = message {
            let data = data.trim_ascii_end();
            let (from, to) = (1, 1 + data.len());
            let refused = self.step != Step::Data || data.windows(4).any(|four| four == b"(ERR");
            return Some(Found::End(if more {
                Verdict::Failed(HeadFault::Form(FormFault::Message))
            } else if refused {
                Verdict::Refused(from, to)
            } else {
                Verdict::Data(from, to)
            }));
        }
        match Message::parse(message) {
            Ok(Message { command: [b'B', b'0'], .. }) => Some(Found::End(Verdict::Failed(HeadFault::Ended))),
            Ok(Message { command: [b'P', b'0'], data }) if self.step == Step::Operand => {
                // SOH, two letters, STX and the bracket stand before it.
                let (from, n) =
                    data.and_then(split).map_or((0, 0), |(front, inner)| (5 + front.len(), inner.len()));
                Some(Found::End(Verdict::Open(from, from + n)))
            }
            // An echo behind noise.
            _ => {
                self.drop_front(self.pos);
                None
            }
        }
    }
}
