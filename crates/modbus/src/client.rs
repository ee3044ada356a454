//! The client (the master of a serial line): one request at a time, and what became of it.
//!
//! Made for bad adapters: an answer may come in any chunks, with holes, late, after noise, before junk, behind the
//! echo of the request. What proves nothing is never reported as proof: where the answer to a write is the same
//! bytes as its echo and nobody knows yet whether this adapter echoes, the outcome is [`Outcome::Unconfirmed`].

mod outcome;
mod search;

pub use outcome::{ClientConfig, Echo, Evidence, Fault, Outcome, Reply, RequestError};

use crate::pdu::{self, FrameFault, Request, Response};
use crate::{Framing, LineError, LineParams, Output, crc, mbap, rtu};
use units::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// The request waits for a quiet line.
    Queued,
    /// The request is on its way out.
    Sending,
    /// The answer is due until then.
    Waiting(Instant),
    /// The outcome waits to be fetched.
    Done(Verdict),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The frame at `start..end` of `rx`.
    Frame {
        start: usize,
        end: usize,
    },
    Unconfirmed,
    Sent,
    Raw,
    Failed(Fault),
}

/// What an answer to the present request looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A read of so many data bytes.
    Read(u8),
    /// These five bytes of PDU, as the request has them.
    Ack([u8; 5]),
    /// A function of unknown form.
    Open,
    /// Anything at all.
    Raw,
    /// Nothing: a write to all units.
    None,
}

/// A Modbus client without I/O. `tx` takes [`crate::FRAME_BUFFER`] bytes, `rx` [`crate::LISTEN_BUFFER`].
#[derive(Debug)]
pub struct Client<'m> {
    config: ClientConfig,
    rx: &'m mut [u8],
    tx: &'m mut [u8],
    len: usize,
    tx_len: usize,
    state: State,
    unit: u8,
    function: u8,
    shape: Shape,
    /// The answer is the front of the request, so that one copy proves nothing.
    mirrored: bool,
    answer_within: Duration,
    transaction: u16,
    echo: Echo,
    seen: Evidence,
    /// Bytes heard since the request left, echo and all.
    heard: usize,
    last_rx: Instant,
    /// No request leaves before this.
    hold: Instant,
    /// Every byte heard prolongs the hold by `quiet`.
    quarantine: bool,
    staged: Option<LineParams>,
}

impl<'m> Client<'m> {
    /// A client that has asked nothing yet.
    #[must_use]
    pub fn new(config: ClientConfig, rx: &'m mut [u8], tx: &'m mut [u8]) -> Self {
        Self {
            config,
            rx,
            tx,
            len: 0,
            tx_len: 0,
            state: State::Idle,
            unit: 0,
            function: 0,
            shape: Shape::None,
            mirrored: false,
            answer_within: Duration::ZERO,
            transaction: 0,
            echo: Echo::Unknown,
            seen: Evidence::default(),
            heard: 0,
            last_rx: Instant::ZERO,
            hold: Instant::ZERO,
            quarantine: false,
            staged: None,
        }
    }

    /// Whether the adapter echoes, as far as known.
    #[must_use]
    pub const fn echo(&self) -> Echo {
        self.echo
    }

    /// Another adapter: what was learnt about its echo is forgotten.
    pub fn forget_echo(&mut self) {
        self.echo = Echo::Unknown;
    }

    /// How the client treats its line.
    #[must_use]
    pub const fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// True from a request until its outcome was fetched.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.state != State::Idle
    }

    /// Asks `unit`. The answer may come until `answer_within` after [`Client::handle_tx_done`], its own time on the
    /// wire included. A read of unit 0 takes the answer of any unit; a write to unit 0 has none (serial lines).
    ///
    /// # Errors
    /// [`RequestError::Busy`] while another request is under way, [`RequestError::Frame`] where it makes no frame.
    pub fn request(
        &mut self,
        now: Instant,
        unit: u8,
        request: &Request<'_>,
        answer_within: Duration,
    ) -> Result<(), RequestError> {
        if self.is_busy() {
            return Err(RequestError::Busy);
        }
        let tcp = self.is_tcp();
        let emitted = if tcp {
            self.transaction = self.transaction.wrapping_add(1);
            mbap::emit_request(self.transaction, unit, request, self.tx)
        } else {
            rtu::emit_request(unit, request, self.tx)
        };
        let n = emitted.map_err(RequestError::Frame)?;
        let ack = self.tx.get(if tcp { mbap::HEADER } else { 1 }..).and_then(|pdu| pdu.first_chunk::<5>());
        let shape = match request {
            Request::ReadHolding { count, .. } | Request::ReadInput { count, .. } => {
                // An illegal quantity is worth a try, but only an exception can answer it.
                Shape::Read(count.checked_mul(2).and_then(|bytes| u8::try_from(bytes).ok()).unwrap_or(0))
            }
            _ if unit == 0 && !tcp => Shape::None,
            Request::WriteSingle { .. } | Request::WriteMultiple { .. } => {
                ack.map_or(Shape::Open, |a| Shape::Ack(*a))
            }
            Request::Other { .. } => Shape::Open,
        };
        let mirrored = matches!(shape, Shape::Ack(_))
            && !tcp
            && self.tx.first_chunk::<8>().is_some_and(|front| crc::holds(front));
        self.begin(now, unit, request.function(), shape, n, answer_within);
        self.mirrored = mirrored;
        Ok(())
    }

    /// Sends `frame` as it is, without adding a check. Whatever comes back is the outcome, once the line has been
    /// quiet for `quiet` behind it or `answer_within` has passed.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub fn request_raw(
        &mut self,
        now: Instant,
        frame: &[u8],
        answer_within: Duration,
    ) -> Result<(), RequestError> {
        if self.is_busy() {
            return Err(RequestError::Busy);
        }
        let needed = frame.len();
        let place = self.tx.get_mut(..needed).ok_or(RequestError::Frame(FrameFault::Buffer { needed }))?;
        place.copy_from_slice(frame);
        self.begin(now, 0, 0, Shape::Raw, needed, answer_within);
        Ok(())
    }

    fn begin(
        &mut self,
        _now: Instant,
        unit: u8,
        function: u8,
        shape: Shape,
        n: usize,
        answer_within: Duration,
    ) {
        self.tx_len = n;
        self.unit = unit;
        self.function = function;
        self.shape = shape;
        self.mirrored = false;
        self.answer_within = answer_within;
        self.seen = Evidence::default();
        self.heard = 0;
        self.state = State::Queued;
    }

    /// Sets the line to `line` before the next request: `poll` yields `Reconfigure` when no exchange is under way.
    pub fn stage_line(&mut self, line: LineParams) {
        self.staged = Some(line);
    }

    /// Gives the present exchange up without an outcome; the line must fall silent before the next.
    pub fn cancel(&mut self, now: Instant) {
        if self.is_busy() {
            self.state = State::Idle;
            self.isolate(now);
        }
    }

    fn is_tcp(&self) -> bool {
        self.config.framing == Framing::Mbap
    }

    fn listening(&self) -> bool {
        matches!(self.state, State::Sending | State::Waiting(_))
    }

    /// Takes bytes in, in any chunking.
    pub fn handle_rx(&mut self, now: Instant, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.last_rx = now;
        let pause = if self.quarantine { self.config.quiet } else { self.config.idle };
        self.hold = self.hold.max(now + pause);
        if !self.listening() {
            // More after the one copy that was taken for an answer: perhaps this adapter echoes after all.
            if self.mirrored && self.echo == Echo::No && self.state != State::Queued {
                self.echo = Echo::Unknown;
            }
            return;
        }
        self.heard = self.heard.saturating_add(bytes.len());
        for chunk in bytes.chunks((self.rx.len() / 2).max(1)) {
            self.append(chunk);
            self.seen.bytes = u16::try_from(self.len).unwrap_or(u16::MAX);
            if let Some(verdict) = self.scan(false) {
                self.finish(now, verdict);
                return;
            }
        }
    }

    /// The line reported a damaged character.
    pub fn handle_line_error(&mut self, now: Instant, error: LineError) {
        self.last_rx = now;
        if self.listening() {
            self.seen.line = self.seen.line.or(Some(error));
        } else if self.quarantine {
            self.hold = self.hold.max(now + self.config.quiet);
        }
    }

    /// The last byte of the request has left.
    pub fn handle_tx_done(&mut self, now: Instant) {
        if self.state == State::Sending {
            let span = if self.shape == Shape::None { self.config.turnaround } else { self.answer_within };
            self.state = State::Waiting(now + span);
            self.hold = self.hold.max(now + self.config.idle);
        }
    }

    /// When `poll` has something to do next, without new bytes; an instant of the past means at once.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        match self.state {
            State::Idle => self.staged.map(|_| Instant::ZERO),
            State::Queued if self.staged.is_some() => Some(Instant::ZERO),
            State::Queued => Some(self.hold),
            State::Sending => None,
            State::Waiting(deadline) if self.ends_by_quiet() => {
                Some(deadline.min(self.last_rx + self.config.quiet))
            }
            State::Waiting(deadline) => Some(deadline),
            State::Done(_) => Some(Instant::ZERO),
        }
    }

    /// Does what is due at `now`. Call it until it yields nothing.
    pub fn poll(&mut self, now: Instant) -> Option<Output<'_, Outcome<'_>>> {
        if let State::Waiting(deadline) = self.state
            && (now >= deadline || (self.ends_by_quiet() && now >= self.last_rx + self.config.quiet))
        {
            let verdict = self.scan(true).unwrap_or_else(|| self.failure());
            self.finish(now, verdict);
        }
        match self.state {
            State::Idle | State::Queued if self.staged.is_some() => {
                let line = self.staged.take()?;
                if self.config.framing == Framing::PredictClient {
                    self.config.idle = line.t35();
                }
                Some(Output::Reconfigure(line))
            }
            State::Queued if now >= self.hold => {
                self.state = State::Sending;
                self.quarantine = false;
                self.len = 0;
                self.tx.get(..self.tx_len).map(Output::Transmit)
            }
            State::Done(verdict) => {
                self.state = State::Idle;
                Some(Output::Event(self.outcome(verdict)))
            }
            _ => None,
        }
    }

    /// Frames of unknown form end by silence, once something was heard behind the echo.
    fn ends_by_quiet(&self) -> bool {
        matches!(self.shape, Shape::Open | Shape::Raw)
            && self.len > 0
            && !self.is_tcp()
            && !self.echo_may_come()
    }

    fn echo_may_come(&self) -> bool {
        let front = self.rx.get(..self.len).unwrap_or_default();
        let sent = self.tx.get(..self.tx_len).unwrap_or_default();
        !self.seen.echo && front.len() < sent.len() && sent.starts_with(front)
    }

    fn append(&mut self, bytes: &[u8]) {
        let over = (self.len + bytes.len()).saturating_sub(self.rx.len());
        if over > 0 {
            self.drop_front(over);
        }
        if let Some(room) = self.rx.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    fn drop_front(&mut self, n: usize) {
        let n = n.min(self.len);
        self.rx.copy_within(n..self.len, 0);
        self.len -= n;
    }

    fn failure(&mut self) -> Verdict {
        match self.shape {
            Shape::None => Verdict::Sent,
            Shape::Raw => Verdict::Raw,
            _ if self.seen.echo && self.mirrored && self.echo != Echo::Yes => Verdict::Unconfirmed,
            _ => {
                if self.seen.echo && !self.mirrored {
                    self.echo = Echo::Yes;
                }
                self.seen.head = self.heard_head();
                Verdict::Failed(self.seen.fault())
            }
        }
    }

    fn finish(&mut self, now: Instant, verdict: Verdict) {
        match verdict {
            Verdict::Frame { start, end } => self.learn(end - start),
            Verdict::Sent => {}
            Verdict::Unconfirmed | Verdict::Raw | Verdict::Failed(_) => self.isolate(now),
        }
        self.state = State::Done(verdict);
    }

    fn isolate(&mut self, now: Instant) {
        self.quarantine = true;
        self.hold = self.hold.max(now + self.config.quiet);
    }

    /// One exchange tells whether the adapter echoes. "No" needs an answer with nothing around it, and twice so
    /// after a "yes": an echo that was damaged once must not make the next echo of a write pass for its answer.
    fn learn(&mut self, answer: usize) {
        if self.is_tcp() {
            self.echo = Echo::No;
        } else if self.seen.echo {
            self.echo = Echo::Yes;
        } else if self.heard == answer {
            self.echo = if self.echo == Echo::Yes { Echo::Unknown } else { Echo::No };
        }
    }

    fn outcome(&self, verdict: Verdict) -> Outcome<'_> {
        let evidence = self.seen;
        match verdict {
            Verdict::Sent => Outcome::Sent,
            Verdict::Unconfirmed => Outcome::Unconfirmed { unit: self.unit },
            Verdict::Raw => {
                Outcome::Raw { bytes: self.rx.get(..self.len).unwrap_or_default(), echo: evidence.echo }
            }
            Verdict::Failed(fault) => Outcome::Failed { fault, evidence },
            Verdict::Frame { start, end } => {
                let frame = self.rx.get(start..end).unwrap_or_default();
                let (unit, pdu) = if self.is_tcp() {
                    (self.unit, frame.get(mbap::HEADER..).unwrap_or_default())
                } else {
                    let body = frame.get(..frame.len().saturating_sub(2)).unwrap_or_default();
                    body.split_first().map_or((0, body), |(unit, pdu)| (*unit, pdu))
                };
                match pdu::parse_response(pdu, None) {
                    Ok(Response::Exception { exception, .. }) => {
                        Outcome::Refused { unit, exception, echo: evidence.echo }
                    }
                    Ok(response) => Outcome::Reply(Reply { unit, response, echo: evidence.echo }),
                    Err(fault) => Outcome::Failed { fault: Fault::Stream(fault), evidence },
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
