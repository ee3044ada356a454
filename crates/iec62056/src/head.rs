//! The reading head: one request at a time, and what became of it.
//!
//! The echo of the head is removed. A read-out may be longer than any buffer: its lines are handed out one by one
//! while the check character is computed, and count only once [`Done::ReadOut`] says so.

mod answer;
mod outcome;

pub use outcome::{Done, HeadConfig, HeadEvent, HeadFault, RequestError, Step};

use crate::control::{ACK, NAK};
use crate::message::Message;
use crate::signon::{Identification, Mode, OptionSelect, SignOn};
use crate::{Bcc, FormFault, LineError, LineParams, Output, SIGN_ON_LINE, put, text};
use units::{Duration, Instant};

/// How fast a device turns round whose third letter is a small one.
const QUICK: Duration = Duration::from_millis(20);

/// Stands for a damaged character: no good one has bit 7.
const DAMAGED: u8 = 0x80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// A message waits for its pause.
    Queued,
    /// A message is on its way out.
    Sending,
    /// An answer is due, counted from then.
    Listening(Instant),
    /// The end waits to be fetched.
    Done(Verdict),
}

/// An end; places are those of text in `rx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    ReadOut,
    Open(usize, usize),
    Acknowledged,
    Data(usize, usize),
    Refused(usize, usize),
    Left,
    Failed(HeadFault),
}

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing of it yet.
    Start,
    /// An identification has begun.
    Line,
    /// A message has begun.
    Body,
    /// Its check character is due; whether another block follows it.
    Check(bool),
}

/// What a look at the characters heard gives.
enum Found {
    /// The identification at the front of `rx`, its length.
    Identified(usize),
    /// A line at the front of `rx`, its length.
    Line(usize),
    /// A partial block is right.
    Block,
    /// The device asks for the message again.
    Nak,
    /// The answer is no good, and might be better when it comes again.
    Damaged(HeadFault),
    End(Verdict),
}

/// A reading head without I/O. `tx` takes [`crate::MESSAGE_BUFFER`] bytes, `rx` [`crate::LISTEN_BUFFER`].
#[derive(Debug)]
pub struct Head<'m> {
    config: HeadConfig,
    rx: &'m mut [u8],
    tx: &'m mut [u8],
    len: usize,
    /// How many characters in `rx` were looked at.
    pos: usize,
    /// How many at the front of `rx` are done with.
    eaten: usize,
    tx_len: usize,
    state: State,
    /// What the present message asks for.
    step: Step,
    /// The session is for programming.
    programming: bool,
    open: bool,
    leaving: bool,
    /// The device turns round quickly.
    quick: bool,
    phase: Phase,
    /// What comes began with SOH: it is a message, not data.
    coded: bool,
    bcc: Bcc,
    /// The answer has a damaged character.
    damaged: bool,
    line_error: Option<LineError>,
    /// Characters of the message that came back, while nothing else has come.
    echo: Option<usize>,
    echoes: bool,
    tries: u8,
    lines: u16,
    /// Lines of partial blocks that are right.
    proven: u16,
    /// The last character, of either side.
    last: Instant,
    line: LineParams,
    target: LineParams,
    /// The line once the present message has left.
    switch: Option<LineParams>,
}

impl<'m> Head<'m> {
    /// A head that has asked nothing yet, on a line at [`SIGN_ON_LINE`].
    #[must_use]
    pub fn new(config: HeadConfig, rx: &'m mut [u8], tx: &'m mut [u8]) -> Self {
        Self {
            config,
            rx,
            tx,
            len: 0,
            pos: 0,
            eaten: 0,
            tx_len: 0,
            state: State::Idle,
            step: Step::Identification,
            programming: false,
            open: false,
            leaving: false,
            quick: false,
            phase: Phase::Start,
            coded: false,
            bcc: Bcc::default(),
            damaged: false,
            line_error: None,
            echo: None,
            echoes: false,
            tries: 0,
            lines: 0,
            proven: 0,
            last: Instant::ZERO,
            line: SIGN_ON_LINE,
            target: SIGN_ON_LINE,
            switch: None,
        }
    }

    /// How the head treats its line.
    #[must_use]
    pub const fn config(&self) -> &HeadConfig {
        &self.config
    }

    /// The line as it is now.
    #[must_use]
    pub const fn line(&self) -> LineParams {
        self.line
    }

    /// True from a request until its end was fetched.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.state != State::Idle
    }

    /// True while the programming mode is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// True where the present message, or the last, came back as an echo.
    #[must_use]
    pub const fn heard_echo(&self) -> bool {
        self.echoes
    }

    /// Signs on to `address`, empty for anyone, and takes the read-out. An open session is left without a word.
    ///
    /// # Errors
    /// [`RequestError::Busy`], [`RequestError::Form`] for an address that cannot be sent.
    pub fn read_out(&mut self, address: &str) -> Result<(), RequestError> {
        self.sign_on(address, false)
    }

    /// Signs on to `address`, empty for anyone, and opens the programming mode.
    ///
    /// # Errors
    /// [`RequestError::Busy`], [`RequestError::Form`] for an address that cannot be sent.
    pub fn enter(&mut self, address: &str) -> Result<(), RequestError> {
        self.sign_on(address, true)
    }

    fn sign_on(&mut self, address: &str, programming: bool) -> Result<(), RequestError> {
        if self.is_busy() {
            return Err(RequestError::Busy);
        }
        let n = SignOn { address }.emit(self.tx).map_err(RequestError::Form)?;
        self.close();
        self.quick = false;
        self.programming = programming;
        self.begin(n, Step::Identification);
        Ok(())
    }

    /// Gives the password (P1).
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn password(&mut self, password: &str) -> Result<(), RequestError> {
        self.send(*b"P1", &["(", password, ")"], Step::Acknowledge)
    }

    /// Reads what is at `address` (R1); `operand` stands between the brackets and is often empty.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn read(&mut self, address: &str, operand: &str) -> Result<(), RequestError> {
        self.send(*b"R1", &[address, "(", operand, ")"], Step::Data)
    }

    /// Writes `value` at `address` (W1).
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn write(&mut self, address: &str, value: &str) -> Result<(), RequestError> {
        self.send(*b"W1", &[address, "(", value, ")"], Step::Acknowledge)
    }

    /// Ends the session (B0). The line is back at 300 Bd once it has left; nobody answers.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn leave(&mut self) -> Result<(), RequestError> {
        self.send_message(|tx| Message::BREAK.emit(tx), Step::Acknowledge)?;
        self.leaving = true;
        Ok(())
    }

    fn send(&mut self, command: [u8; 2], data: &[&str], step: Step) -> Result<(), RequestError> {
        // A bracket inside would end the data set.
        let inner = data.iter().filter(|piece| !matches!(**piece, "(" | ")"));
        if let Some(character) = inner.flat_map(|piece| piece.bytes()).find(|c| matches!(c, b'(' | b')')) {
            return Err(RequestError::Form(FormFault::Character(character)));
        }
        self.send_message(|tx| Message::emit_pieces(command, data, tx), step)
    }

    fn send_message(
        &mut self,
        emit: impl FnOnce(&mut [u8]) -> Result<usize, FormFault>,
        step: Step,
    ) -> Result<(), RequestError> {
        if self.is_busy() {
            return Err(RequestError::Busy);
        }
        if !self.open {
            return Err(RequestError::Closed);
        }
        let n = emit(self.tx).map_err(RequestError::Form)?;
        self.begin(n, step);
        Ok(())
    }

    fn begin(&mut self, n: usize, step: Step) {
        self.leaving = false;
        self.tries = 0;
        self.lines = 0;
        self.proven = 0;
        self.queue(n, step);
    }

    const fn queue(&mut self, n: usize, step: Step) {
        self.tx_len = n;
        self.step = step;
        self.state = State::Queued;
    }

    fn close(&mut self) {
        self.open = false;
        self.switch = None;
        self.target = SIGN_ON_LINE;
    }

    /// Gives the present request and the session up without a word. The device returns to 300 Bd in its own time.
    pub fn cancel(&mut self, now: Instant) {
        self.state = State::Idle;
        self.last = self.last.max(now);
        self.close();
    }

    /// The pause before a message.
    fn pause(&self) -> Duration {
        if self.quick { self.config.reaction.min(QUICK) } else { self.config.reaction }
    }

    fn is_listening(&self) -> bool {
        matches!(self.state, State::Sending | State::Listening(_))
    }

    /// Takes characters in, in any chunking, and returns how many of them. Where these are fewer than there are, the
    /// buffer is full: call [`Head::poll`] until it yields nothing and hand in the rest. What finds no room even then is
    /// lost, as it came while nobody could make anything of it. What nobody waits for counts as taken.
    #[must_use]
    pub fn handle_rx(&mut self, now: Instant, bytes: &[u8]) -> usize {
        if bytes.is_empty() {
            return 0;
        }
        self.last = self.last.max(now);
        if !self.is_listening() {
            return bytes.len();
        }
        bytes.iter().take_while(|byte| self.take(**byte & 0x7F)).count()
    }

    /// The line reported a damaged character in the place of a good one.
    pub fn handle_line_error(&mut self, now: Instant, error: LineError) {
        self.last = self.last.max(now);
        if self.is_listening() {
            self.line_error = Some(error);
            match self.echo {
                // What comes while the message is going out is its echo.
                Some(n) if n > 0 || self.state == State::Sending => self.echo_character(n),
                _ => {
                    self.take(DAMAGED);
                }
            }
        }
    }

    /// Character `n` of the message came back.
    const fn echo_character(&mut self, n: usize) {
        self.echoes = n + 1 >= self.tx_len;
        self.echo = if self.echoes { None } else { Some(n + 1) };
    }

    /// False where there is no room.
    fn take(&mut self, byte: u8) -> bool {
        if let Some(n) = self.echo {
            if self.tx.get(..self.tx_len).and_then(|sent| sent.get(n)) == Some(&byte) {
                self.echo_character(n);
                return true;
            }
            // An answer may begin as the message did; what was held back belongs to it.
            let room = self.rx.get_mut(self.len..).unwrap_or_default();
            let held = self.tx.get(..n.min(self.tx_len)).unwrap_or_default();
            self.len += put(room, &[held]).unwrap_or(0);
            self.echo = None;
        }
        let Some(place) = self.rx.get_mut(self.len) else { return false };
        *place = byte;
        self.len += 1;
        true
    }

    /// The last stop bit has left.
    pub fn handle_tx_done(&mut self, now: Instant) {
        if self.state != State::Sending {
            return;
        }
        self.last = self.last.max(now);
        if let Some(line) = self.switch.take() {
            self.target = line;
        }
        self.state = State::Listening(now);
        if self.leaving {
            self.close();
            self.state = State::Done(Verdict::Left);
        }
    }

    fn ends(&self, since: Instant) -> Instant {
        if self.phase == Phase::Start {
            since + self.config.answer_within
        } else {
            self.last + self.config.gap
        }
    }

    /// When `poll` has something to do next, without new bytes; an instant of the past means at once.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        if self.line != self.target && self.state != State::Sending {
            return Some(Instant::ZERO);
        }
        match self.state {
            State::Idle | State::Sending => None,
            State::Queued => Some(self.last + self.pause()),
            State::Listening(_) if self.pos < self.len => Some(Instant::ZERO),
            State::Listening(since) => Some(self.ends(since)),
            State::Done(_) => Some(Instant::ZERO),
        }
    }

    /// Does what is due at `now`. Call it until it yields nothing.
    pub fn poll(&mut self, now: Instant) -> Option<Output<'_, HeadEvent<'_>>> {
        if self.state != State::Sending && self.line != self.target {
            self.line = self.target;
            return Some(Output::Reconfigure(self.line));
        }
        if let State::Listening(since) = self.state {
            self.drop_front(self.eaten);
            let fault = match self.scan() {
                Some(Found::Identified(end)) => {
                    self.identified(end);
                    let identification = Identification::parse(self.rx.get(..end)?).ok()?;
                    return Some(Output::Event(HeadEvent::Identified(identification)));
                }
                Some(Found::Line(end)) => {
                    self.lines = self.lines.saturating_add(1);
                    return Some(Output::Event(HeadEvent::Line(text(self.rx.get(..end)?))));
                }
                Some(Found::Block) => {
                    self.proven = self.lines;
                    self.tries = 0;
                    self.answer_with(ACK);
                    None
                }
                Some(Found::Nak) => Some(HeadFault::Nak),
                Some(Found::Damaged(fault)) => Some(fault),
                Some(Found::End(verdict)) => {
                    self.finish(verdict);
                    None
                }
                None if self.len > 0 && self.len == self.rx.len() => {
                    self.finish(Verdict::Failed(HeadFault::TooLong));
                    None
                }
                None if now < self.ends(since) => None,
                None if self.phase == Phase::Start => Some(HeadFault::Silence(self.step)),
                None => Some(HeadFault::Cut(self.step)),
            };
            if let Some(fault) = fault {
                if self.again(fault) {
                    return Some(Output::Event(HeadEvent::Again { fault, keep: self.proven }));
                }
                self.finish(Verdict::Failed(fault));
            }
            if self.line != self.target {
                self.line = self.target;
                return Some(Output::Reconfigure(self.line));
            }
        }
        match self.state {
            State::Queued if now >= self.last + self.pause() => {
                self.state = State::Sending;
                self.listen();
                self.tx.get(..self.tx_len).map(Output::Transmit)
            }
            State::Done(verdict) => {
                self.state = State::Idle;
                Some(Output::Event(HeadEvent::Done(self.done(verdict))))
            }
            _ => None,
        }
    }

    fn done(&self, verdict: Verdict) -> Done<'_> {
        let at = |from: usize, to: usize| text(self.rx.get(from..to).unwrap_or_default());
        match verdict {
            Verdict::ReadOut => Done::ReadOut { lines: self.lines },
            Verdict::Open(from, to) => Done::Open { operand: at(from, to) },
            Verdict::Acknowledged => Done::Acknowledged,
            Verdict::Data(from, to) => Done::Data(at(from, to)),
            Verdict::Refused(from, to) => Done::Refused(at(from, to)),
            Verdict::Left => Done::Left,
            Verdict::Failed(fault) => Done::Failed(fault),
        }
    }

    fn listen(&mut self) {
        self.len = 0;
        self.pos = 0;
        self.eaten = 0;
        self.phase = Phase::Start;
        self.damaged = false;
        self.line_error = None;
        self.echo = Some(0);
        self.echoes = false;
    }

    fn finish(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Open(..) => self.open = true,
            Verdict::ReadOut | Verdict::Failed(HeadFault::Ended) => self.close(),
            Verdict::Failed(_) | Verdict::Refused(..) if !self.open => self.close(),
            _ => {}
        }
        self.state = State::Done(verdict);
    }

    fn answer_with(&mut self, character: u8) {
        let n = put(self.tx, &[&[character]]).unwrap_or(0);
        self.queue(n, self.step);
    }

    /// Asks for a damaged answer again, if that makes sense.
    fn again(&mut self, fault: HeadFault) -> bool {
        let hopeless = match fault {
            HeadFault::Form(FormFault::Summed) => true,
            HeadFault::Silence(step) => step != Step::Identification,
            _ => false,
        };
        if hopeless || self.tries >= self.config.retries {
            return false;
        }
        self.tries += 1;
        self.lines = self.proven;
        if self.step == Step::Identification || fault == HeadFault::Nak {
            self.queue(self.tx_len, self.step);
        } else {
            self.answer_with(NAK);
        }
        true
    }

    /// Goes on as the identification at the front of `rx` has it.
    fn identified(&mut self, end: usize) {
        self.eaten = end;
        let Ok(identification) = Identification::parse(self.rx.get(..end).unwrap_or_default()) else {
            return;
        };
        let (baud, mode) = (identification.baud, identification.mode());
        self.quick = identification.is_quick();
        self.tries = 0;
        let uncalled = match mode {
            Mode::A => SIGN_ON_LINE,
            Mode::B(baud) => LineParams::optical(baud),
            Mode::C(speed) => {
                let (baud, speed) = if self.config.slow { (b'0', SIGN_ON_LINE.baud) } else { (baud, speed) };
                self.switch = Some(LineParams::optical(speed));
                let mode = if self.programming { b'1' } else { b'0' };
                let option = OptionSelect { protocol: b'0', baud, mode };
                let n = put(self.tx, &[&option.bytes()]).unwrap_or(0);
                return self.queue(n, if self.programming { Step::Operand } else { Step::ReadOut });
            }
        };
        if self.programming {
            return self.finish(Verdict::Failed(HeadFault::Mode));
        }
        self.target = uncalled;
        self.step = Step::ReadOut;
        self.phase = Phase::Start;
        self.state = State::Listening(self.last);
    }
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
