//! The server (a slave on a serial line): hears requests, answers those for its unit.
//!
//! Order of checks: function (01), quantity and byte count (03), address (02), execution (04 or what the
//! registers say). A bad CRC, another unit, a line error or more than 256 bytes cost silence, never an exception
//! (application protocol V1.1b3 §7, serial line V1.02 §2.4.1).

mod execute;

pub use execute::{RegisterAccess, ServerConfig, Unit0, WriteKind};

use crate::pdu::{EXCEPTION_BIT, Exception, READ_HOLDING, READ_INPUT, WRITE_MULTIPLE, WRITE_SINGLE};
use crate::rtu::{FrameLen, MAX_FRAME, request_len, response_len};
use crate::{Framing, Output, crc, mbap};
use crate::{LineError, LineParams};
use execute::{refuse, serve};
use units::{Duration, Instant};

/// What a server has to tell, in numbers. An event is a note: where the next comes before it was fetched, it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request was answered; the answer is what `Transmit` gave just before.
    Answered {
        /// Unit id the request carried.
        unit: u8,
        /// Function asked.
        function: u8,
        /// The exception answered, if it was one.
        exception: Option<Exception>,
    },
    /// A write to all units was executed, or refused, without an answer.
    Broadcast {
        /// Function asked.
        function: u8,
        /// Why it was refused, if it was.
        exception: Option<Exception>,
    },
    /// A frame of somebody else went by.
    Heard {
        /// Its unit id.
        unit: u8,
        /// Its function code.
        function: u8,
    },
    /// Bytes that make no frame were dropped.
    Dropped {
        /// How many of them were in the buffer.
        bytes: u16,
    },
    /// The stream cannot be followed any more: close the connection, then call [`Server::reset`]. A frame that is
    /// only too long, or of another protocol, is skipped instead.
    Close,
}

/// Greatest length in a header of Modbus TCP that is taken for a frame too long, to be skipped in silence; more is
/// a stream out of step.
const MOST_SKIPPED: u16 = 512;

/// What a run of bytes at the front of the buffer is.
enum Verdict {
    /// Not enough bytes to tell.
    Wait,
    /// A whole request for this device.
    Request(usize),
    /// A whole frame that is none of this device's business.
    Pass(usize),
    /// No frame.
    Lost,
}

enum Fit {
    Yes(usize),
    Open,
    No,
}

/// A Modbus server without I/O. Its buffers are the caller's, [`crate::FRAME_BUFFER`] bytes each.
///
/// On serial lines it is deaf from `Transmit` until [`Server::handle_tx_done`]: what arrives then is its own echo or
/// a collision.
#[derive(Debug)]
pub struct Server<'m> {
    framing: Framing,
    config: ServerConfig,
    rx: &'m mut [u8],
    tx: &'m mut [u8],
    /// Bytes in `rx`.
    len: usize,
    /// Length of the request at the front of `rx` that waits for its answer; 0 for none.
    frame: usize,
    due: Instant,
    last_rx: Instant,
    /// Drop everything until a gap.
    lost: bool,
    sending: bool,
    closed: bool,
    /// Bytes of a stream still to be skipped.
    skip: usize,
    staged: Option<(LineParams, u8)>,
    event: Option<Event>,
}

impl<'m> Server<'m> {
    /// A server that has heard nothing yet. Where a buffer is smaller than [`crate::FRAME_BUFFER`], longer requests
    /// are not heard and longer answers become exception 04.
    #[must_use]
    pub fn new(framing: Framing, config: ServerConfig, rx: &'m mut [u8], tx: &'m mut [u8]) -> Self {
        Self {
            framing,
            config,
            rx,
            tx,
            len: 0,
            frame: 0,
            due: Instant::ZERO,
            last_rx: Instant::ZERO,
            lost: false,
            sending: false,
            closed: false,
            skip: 0,
            staged: None,
            event: None,
        }
    }

    /// The unit id the server answers to.
    #[must_use]
    pub const fn unit(&self) -> u8 {
        self.config.unit
    }

    /// How the server behaves.
    #[must_use]
    pub const fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// Changes the behaviour; an answer that waits already takes it over.
    pub fn set_config(&mut self, config: ServerConfig) {
        self.config = config;
    }

    /// How frames are found.
    #[must_use]
    pub const fn framing(&self) -> Framing {
        self.framing
    }

    /// True between `Transmit` and [`Server::handle_tx_done`].
    #[must_use]
    pub const fn is_sending(&self) -> bool {
        self.sending
    }

    /// Finds frames by another rule from now on; what was heard is forgotten.
    pub fn set_framing(&mut self, framing: Framing) {
        self.framing = framing;
        self.reset();
    }

    /// Answers to `unit` from now on. An answer that is on its way already keeps the unit it was asked by.
    pub fn set_unit(&mut self, unit: u8) {
        self.config.unit = unit;
    }

    /// Changes line and unit once the answer that is being sent has left, at once where none is:
    /// `poll` then yields `Reconfigure`.
    pub fn stage_line(&mut self, line: LineParams, unit: u8) {
        self.staged = Some((line, unit));
    }

    /// Forgets everything heard and everything to be sent: a new connection, or power-up.
    pub fn reset(&mut self) {
        self.len = 0;
        self.frame = 0;
        self.lost = false;
        self.sending = false;
        self.closed = false;
        self.skip = 0;
        self.event = None;
    }

    /// Takes bytes in, in any chunking, and returns how many it took. Serial framings take all; MBAP leaves what
    /// does not fit the buffer, to be offered again after `poll` has answered.
    #[inline]
    pub fn handle_rx(&mut self, now: Instant, bytes: &[u8]) -> usize {
        #[cfg(not(any(target_os = "none", target_arch = "wasm32")))]
        if self.whole_request(now, bytes) {
            return bytes.len();
        }
        self.handle_chunk(now, bytes)
    }

    fn handle_chunk(&mut self, now: Instant, bytes: &[u8]) -> usize {
        if self.framing == Framing::Mbap {
            return self.handle_stream(now, bytes);
        }
        if self.sending || bytes.is_empty() {
            return bytes.len();
        }
        self.settle(now);
        if let Framing::Silence { t15, .. } = self.framing
            && self.len > self.frame
            && now - self.last_rx > t15
        {
            self.lose();
        }
        self.last_rx = now;
        let mut rest = bytes;
        while !rest.is_empty() && !self.lost {
            let taken = self.append(rest);
            if taken == 0 {
                self.lose();
            }
            rest = rest.get(taken..).unwrap_or_default();
            self.examine();
        }
        bytes.len()
    }

    /// The short way of nearly all traffic: a whole request of eight bytes for this device on an idle line.
    #[cfg(not(any(target_os = "none", target_arch = "wasm32")))]
    #[inline]
    fn whole_request(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let Ok(frame) = <[u8; 8]>::try_from(bytes) else { return false };
        let [unit, function, ..] = frame;
        let ready = self.len == 0
            && !self.lost
            && !self.sending
            && matches!(self.framing, Framing::PredictServer { .. })
            && (unit == self.config.unit || unit == 0)
            && matches!(function, READ_HOLDING | READ_INPUT | WRITE_SINGLE);
        if !ready || !crc::holds8(frame) {
            return false;
        }
        let Some(front) = self.rx.first_chunk_mut::<8>() else { return false };
        *front = frame;
        self.len = 8;
        self.last_rx = now;
        self.accept(8, now);
        true
    }

    fn handle_stream(&mut self, now: Instant, bytes: &[u8]) -> usize {
        if self.closed {
            return bytes.len();
        }
        let mut taken = self.skip.min(bytes.len());
        self.skip -= taken;
        self.last_rx = now;
        while let Some(rest) = bytes.get(taken..)
            && !rest.is_empty()
            && !self.closed
        {
            let n = self.append(rest);
            taken += n;
            self.examine();
            let skipped = self.skip.min(bytes.len() - taken);
            self.skip -= skipped;
            taken += skipped;
            if n + skipped == 0 {
                break;
            }
        }
        taken
    }

    /// A character arrived damaged: the frame it belongs to is dropped.
    pub fn handle_line_error(&mut self, now: Instant, _error: LineError) {
        if self.sending {
            return;
        }
        self.settle(now);
        self.last_rx = now;
        self.lose();
    }

    /// The last stop bit of the answer has left.
    #[inline]
    pub fn handle_tx_done(&mut self, _now: Instant) {
        self.sending = false;
    }

    /// When `poll` has something to do next, without new bytes; an instant of the past means at once.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        if self.event.is_some() || (self.staged.is_some() && !self.sending) {
            return Some(Instant::ZERO);
        }
        if self.frame > 0 {
            return (!self.sending).then_some(self.due);
        }
        (self.len > 0).then(|| self.gap()).flatten().map(|gap| self.last_rx + gap)
    }

    /// Does what is due at `now`. Call it until it yields nothing.
    #[inline]
    pub fn poll<R: RegisterAccess>(&mut self, now: Instant, registers: &mut R) -> Option<Output<'_>> {
        if let Some(event) = self.event.take() {
            return Some(Output::Event(event));
        }
        self.settle(now);
        if self.sending {
            return None;
        }
        if let Some((line, unit)) = self.staged.take() {
            return Some(self.reconfigure(line, unit));
        }
        if self.frame == 0 || now < self.due {
            return self.event.take().map(Output::Event);
        }
        let n = self.answer(registers);
        self.drop_front(self.frame);
        self.frame = 0;
        self.due = now;
        self.examine();
        if n == 0 {
            return self.event.take().map(Output::Event);
        }
        self.sending = true;
        self.tx.get(..n).map(Output::Transmit)
    }

    fn reconfigure(&mut self, line: LineParams, unit: u8) -> Output<'static> {
        self.config.unit = unit;
        self.len = 0;
        self.frame = 0;
        self.lost = false;
        if matches!(self.framing, Framing::Silence { .. }) {
            self.framing = Framing::silence(line);
        }
        Output::Reconfigure(line)
    }

    /// The pause that ends a frame; none on TCP.
    const fn gap(&self) -> Option<Duration> {
        match self.framing {
            Framing::Silence { t35, .. } => Some(t35),
            Framing::PredictServer { gap } => Some(gap),
            Framing::PredictClient => Some(crate::PREDICT_GAP),
            Framing::Mbap => None,
        }
    }

    fn append(&mut self, bytes: &[u8]) -> usize {
        let Some(room) = self.rx.get_mut(self.len..) else { return 0 };
        let n = room.len().min(bytes.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.len += n;
        n
    }

    #[inline]
    fn drop_front(&mut self, n: usize) {
        if n >= self.len {
            self.len = 0;
        } else {
            // Byte by byte: `copy_within` brings more than a kilobyte of code to a small core, for a rare case.
            for at in n..self.len {
                let byte = self.rx.get(at).copied().unwrap_or_default();
                if let Some(place) = self.rx.get_mut(at - n) {
                    *place = byte;
                }
            }
            self.len -= n;
        }
    }

    /// Drops what is not a whole request yet, and all that follows until a gap.
    fn lose(&mut self) {
        self.drop_tail();
        self.lost = true;
    }

    fn drop_tail(&mut self) {
        if let Ok(bytes @ 1..) = u16::try_from(self.len - self.frame) {
            self.event = Some(Event::Dropped { bytes });
        }
        self.len = self.frame;
    }

    #[inline]
    fn accept(&mut self, n: usize, ended: Instant) {
        self.frame = n;
        self.due = ended + self.config.reply_delay;
    }

    /// Where a gap has passed, whatever was heard is a frame now or never.
    #[inline]
    fn settle(&mut self, now: Instant) {
        if self.len != self.frame || self.lost {
            self.settle_rest(now);
        }
    }

    fn settle_rest(&mut self, now: Instant) {
        let Some(gap) = self.gap() else { return };
        if now - self.last_rx < gap {
            return;
        }
        self.lost = false;
        if self.frame > 0 {
            // Somebody talked on while an answer was due, and did not finish.
            if matches!(self.predict(), Verdict::Wait | Verdict::Lost) {
                self.drop_tail();
            }
            return;
        }
        match self.at_gap() {
            Verdict::Request(n) => self.accept(n, self.last_rx + gap),
            Verdict::Pass(n) => self.pass(n),
            Verdict::Wait | Verdict::Lost => self.drop_tail(),
        }
        // A prediction that needed no gap keeps its own time; only silence and unknown functions wait for it.
        if self.frame > 0 && !matches!(self.framing, Framing::Silence { .. }) {
            self.due = self.last_rx + gap.max(self.config.reply_delay);
        }
    }

    /// Judges a whole run of bytes between two gaps.
    fn at_gap(&self) -> Verdict {
        let run = self.rx.get(..self.len).unwrap_or_default();
        let [unit, function, ..] = *run else { return Verdict::Lost };
        let by_silence = matches!(self.framing, Framing::Silence { .. });
        let whole = match request_len(run) {
            FrameLen::Open => true,
            FrameLen::Exactly(n) => by_silence && n == run.len(),
            FrameLen::Unclear | FrameLen::Never => false,
        };
        if run.len() > MAX_FRAME || !crc::holds(run) {
            return Verdict::Lost;
        }
        if self.concerns(unit) && whole && function & EXCEPTION_BIT == 0 {
            return Verdict::Request(run.len());
        }
        Verdict::Pass(run.len())
    }

    const fn concerns(&self, unit: u8) -> bool {
        unit == self.config.unit || unit == 0 || (unit == 255 && matches!(self.framing, Framing::Mbap))
    }

    /// Takes whole frames off the bytes behind the request that waits, until it is the first of them.
    #[inline]
    fn examine(&mut self) {
        if self.len > 0 {
            self.examine_rest();
        }
    }

    fn examine_rest(&mut self) {
        while self.frame == 0 && self.len > 0 && !self.lost && !self.closed {
            let verdict = match self.framing {
                Framing::Silence { .. } => return self.check_length(),
                Framing::Mbap => self.by_header(),
                Framing::PredictServer { .. } | Framing::PredictClient => self.predict(),
            };
            match verdict {
                Verdict::Wait => return,
                Verdict::Request(n) => {
                    // Bytes that waited behind another request count from now on.
                    let ended = self.last_rx.max(self.due);
                    self.accept(n, ended);
                }
                Verdict::Pass(n) => self.pass(n),
                Verdict::Lost if self.framing == Framing::Mbap => {
                    self.len = 0;
                    self.closed = true;
                    self.event = Some(Event::Close);
                }
                Verdict::Lost => self.lose(),
            }
        }
    }

    fn check_length(&mut self) {
        if self.len > MAX_FRAME {
            self.lose();
        }
    }

    fn pass(&mut self, n: usize) {
        let at = if self.framing == Framing::Mbap { mbap::HEADER - 1 } else { 0 };
        if let Some([unit, function, ..]) = self.rx.get(at..self.len) {
            self.event = Some(Event::Heard { unit: *unit, function: *function });
        }
        self.skip += n.saturating_sub(self.len);
        self.drop_front(n);
    }

    fn by_header(&self) -> Verdict {
        let run = self.rx.get(..self.len).unwrap_or_default();
        let Some(header) = mbap::Header::read(run) else { return Verdict::Wait };
        match header.frame_len() {
            Err(_) if (255..=MOST_SKIPPED).contains(&header.length) && header.protocol == 0 => {
                Verdict::Pass(usize::from(header.length) + 6)
            }
            Err(_) => Verdict::Lost,
            Ok(n) if n > self.rx.len() => Verdict::Lost,
            Ok(n) if run.len() < n => Verdict::Wait,
            Ok(n) if header.protocol == 0 && self.concerns(header.unit) => Verdict::Request(n),
            Ok(n) => Verdict::Pass(n),
        }
    }

    /// Tries the bytes behind the waiting request as a request and as a neighbour's answer.
    fn predict(&self) -> Verdict {
        let run = self.rx.get(self.frame..self.len).unwrap_or_default();
        let ours = run.first().is_some_and(|unit| self.concerns(*unit));
        let request = fit(run, request_len(run));
        let answer = fit(run, response_len(run));
        match (request, answer) {
            // The own unit's requests come first: its answers are heard only through an echo.
            (Fit::Yes(n), _) if ours => Verdict::Request(n),
            (Fit::Yes(n), Fit::Yes(m)) => Verdict::Pass(n.min(m)),
            (Fit::Yes(n), _) => Verdict::Pass(n),
            (request, Fit::Yes(n)) if !ours || matches!(request, Fit::No) => Verdict::Pass(n),
            (Fit::No, Fit::No) => Verdict::Lost,
            _ if run.len() > MAX_FRAME => Verdict::Lost,
            _ => Verdict::Wait,
        }
    }

    /// Executes the waiting request and returns the length of the answer in `tx`, 0 for silence.
    #[inline]
    fn answer<R: RegisterAccess>(&mut self, registers: &mut R) -> usize {
        let tcp = self.framing == Framing::Mbap;
        let frame = self.rx.get(..self.frame).unwrap_or_default();
        let (head, tail) = if tcp { (mbap::HEADER, 0) } else { (1, 2) };
        let Some((front, pdu)) =
            frame.get(..frame.len().saturating_sub(tail)).and_then(|f| f.split_at_checked(head))
        else {
            return 0;
        };
        let (Some(&unit), Some(&function)) = (front.last(), pdu.first()) else { return 0 };
        let Some(out) = self.tx.get_mut(head..) else { return 0 };
        let broadcast = unit == 0 && !tcp;
        if broadcast {
            let read = matches!(function, READ_HOLDING | READ_INPUT);
            let write = matches!(function, WRITE_SINGLE | WRITE_MULTIPLE);
            let answers_reads = self.config.unit0 == Unit0::AnswersReads;
            if !(write || (read && answers_reads)) {
                return 0;
            }
        }
        let (n, exception) = match serve(&self.config, pdu, registers, out) {
            Ok(n) => (n, None),
            Err(Exception::IllegalDataAddress) if self.config.silent_unmapped => return 0,
            Err(exception) => (refuse(function, exception, out), Some(exception)),
        };
        if broadcast && matches!(function, WRITE_SINGLE | WRITE_MULTIPLE) {
            self.event = Some(Event::Broadcast { function, exception });
            return 0;
        }
        self.event = Some(Event::Answered { unit, function, exception });
        let sealed = if let (true, Some(&[t0, t1])) = (tcp, front.first_chunk::<2>()) {
            mbap::seal(u16::from_be_bytes([t0, t1]), unit, n, self.tx)
        } else {
            crate::rtu::seal(self.config.unit, n, self.tx)
        };
        sealed.unwrap_or(0)
    }
}

fn fit(run: &[u8], len: FrameLen) -> Fit {
    match len {
        FrameLen::Exactly(n) if n > MAX_FRAME => Fit::No,
        FrameLen::Exactly(n) => match run.get(..n) {
            Some(frame) if crc::holds(frame) => Fit::Yes(n),
            Some(_) => Fit::No,
            None => Fit::Open,
        },
        FrameLen::Unclear | FrameLen::Open => Fit::Open,
        FrameLen::Never => Fit::No,
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
