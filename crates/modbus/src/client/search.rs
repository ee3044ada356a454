//! Where the answer stands in what was heard: behind noise, behind the echo of the request, before junk.

use super::{Client, Echo, Fault, Shape, Verdict};
use crate::pdu::{EXCEPTION_BIT, FrameFault};
use crate::rtu::{self, FrameLen};
use crate::{crc, mbap};

/// How far noise may stand before the echo of a request, in bytes. The data of an answer begin behind its third
/// byte, so a request repeated inside an answer is never taken for an echo.
const NOISE_BEFORE_ECHO: usize = 2;

impl Client<'_> {
    /// Looks for the end of the exchange in what was heard so far; `last` once nothing more will come.
    pub(super) fn scan(&mut self, last: bool) -> Option<Verdict> {
        if self.is_tcp() {
            return self.scan_stream();
        }
        if matches!(self.shape, Shape::None) {
            return None;
        }
        self.strip_echo();
        match self.shape {
            Shape::Raw | Shape::None => None,
            Shape::Open => self.scan_open(last),
            Shape::Read(_) | Shape::Ack(_) => self.scan_known(last),
        }
    }

    /// Takes the request itself off the front of what was heard.
    fn strip_echo(&mut self) {
        if self.seen.echo || (self.mirrored && self.echo == Echo::No) {
            return;
        }
        let run = self.rx.get(..self.len).unwrap_or_default();
        let Some(sent) = self.tx.get(..self.tx_len) else { return };
        let found =
            (0..=NOISE_BEFORE_ECHO).find(|at| run.get(*at..).is_some_and(|run| run.starts_with(sent)));
        if let Some(at) = found {
            self.take_echo(at + self.tx_len);
        }
    }

    fn take_echo(&mut self, end: usize) {
        self.seen.echo = true;
        self.drop_front(end);
        self.seen.bytes = u16::try_from(self.len).unwrap_or(u16::MAX);
    }

    fn accepts(&self, unit: u8) -> bool {
        if self.unit == 0 { (1..=247).contains(&unit) } else { unit == self.unit }
    }

    /// True where the first bytes of the answer that was asked for stand somewhere in what was heard.
    pub(super) fn heard_head(&self) -> bool {
        let run = self.rx.get(..self.len).unwrap_or_default();
        !self.is_tcp()
            && run.windows(2).any(|pair| match pair {
                [unit, function] => self.accepts(*unit) && function & !EXCEPTION_BIT == self.function,
                _ => false,
            })
    }

    /// Looks for the answer from every byte on: noise before it only costs time.
    fn scan_known(&mut self, last: bool) -> Option<Verdict> {
        let mut start = 0;
        while let Some(run) = self.rx.get(start..self.len)
            && let [unit, function, third, ..] = *run
        {
            let (ours, ahead) = (self.accepts(unit), function == self.function);
            let len = match self.shape {
                _ if function == self.function | EXCEPTION_BIT => 5,
                Shape::Read(bytes) if ahead && third == bytes && bytes > 0 => 5 + usize::from(bytes),
                Shape::Ack(_) if ahead => 8,
                Shape::Read(_) if ahead && third > 0 && third % 2 == 0 => 5 + usize::from(third),
                _ => {
                    start += 1;
                    continue;
                }
            };
            let expected = self.shape == Shape::Read(third) && ahead;
            match run.get(..len) {
                Some(frame) if crc::holds(frame) => {
                    let fits = match self.shape {
                        _ if !ahead => true,
                        Shape::Ack(pdu) => frame.get(1..6) == Some(&pdu),
                        _ => expected,
                    };
                    if ours && fits {
                        let end = start + len;
                        let doubtful = self.mirrored && ahead && self.echo != Echo::No && !self.seen.echo;
                        if !doubtful {
                            return Some(Verdict::Frame { start, end });
                        }
                        if len == self.tx_len {
                            // The first of perhaps two copies: until the second comes it counts as the echo.
                            self.take_echo(end);
                            start = 0;
                            continue;
                        }
                        return last.then_some(Verdict::Unconfirmed);
                    }
                    if ours {
                        self.seen.misfit = true;
                    } else {
                        self.seen.wrong_unit = self.seen.wrong_unit.or(Some(unit));
                    }
                }
                Some(_) => {}
                // The head of the very answer: nothing inside it is looked at until it is whole or refuted.
                None if ours && expected && !last => return None,
                None => {}
            }
            start += 1;
        }
        None
    }

    /// The answer to a function of unknown form: by its usual length where there is one, else all that was heard.
    fn scan_open(&mut self, last: bool) -> Option<Verdict> {
        for start in 0..self.len {
            let run = self.rx.get(start..self.len)?;
            let [unit, function, ..] = *run else { break };
            if function & !EXCEPTION_BIT != self.function & !EXCEPTION_BIT {
                continue;
            }
            let end = match rtu::response_len(run) {
                FrameLen::Exactly(n) if run.get(..n).is_some_and(crc::holds) => start + n,
                FrameLen::Open if last => {
                    match (rtu::MIN_FRAME..=run.len()).rev().find(|n| run.get(..*n).is_some_and(crc::holds)) {
                        Some(n) => start + n,
                        None => continue,
                    }
                }
                _ => continue,
            };
            if self.accepts(unit) {
                return Some(Verdict::Frame { start, end });
            }
            self.seen.wrong_unit = self.seen.wrong_unit.or(Some(unit));
        }
        None
    }

    fn scan_stream(&mut self) -> Option<Verdict> {
        loop {
            let run = self.rx.get(..self.len)?;
            let header = mbap::Header::read(run)?;
            let end = match header.frame_len() {
                Ok(end) if header.protocol == 0 => end,
                Ok(_) => {
                    return Some(Verdict::Failed(Fault::Stream(FrameFault::ProtocolId(header.protocol))));
                }
                Err(fault) => return Some(Verdict::Failed(Fault::Stream(fault))),
            };
            let frame = run.get(..end)?;
            let function = frame.get(mbap::HEADER).copied().unwrap_or_default();
            if self.shape == Shape::Raw {
                return Some(Verdict::Raw);
            }
            if header.transaction == self.transaction {
                let ahead = function == self.function;
                let refused = function == self.function | EXCEPTION_BIT && end == mbap::HEADER + 2;
                let pdu = frame.get(mbap::HEADER..).unwrap_or_default();
                let fits = match self.shape {
                    _ if refused => true,
                    Shape::Read(bytes) => {
                        ahead && pdu.get(1) == Some(&bytes) && pdu.len() == 2 + usize::from(bytes)
                    }
                    Shape::Ack(ack) => pdu == ack,
                    _ => ahead,
                };
                if fits && header.unit == self.unit {
                    return Some(Verdict::Frame { start: 0, end });
                }
                if fits {
                    self.seen.wrong_unit = Some(header.unit);
                } else {
                    self.seen.misfit = true;
                }
            }
            // The late answer to a request given up long ago, or one that does not fit.
            self.drop_front(end);
            self.seen.bytes = u16::try_from(self.len).unwrap_or(u16::MAX);
        }
    }
}
