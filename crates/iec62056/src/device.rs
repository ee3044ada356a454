//! The tariff device: answers for one meter.
//!
//! What is no sign-on costs silence, as does a sign-on for another address. Inside a session a message with a wrong
//! check character is answered with NAK.

mod event;
mod source;

pub use event::{DeviceConfig, DeviceEvent, End, Rejection, WrongPassword};
pub use source::{ObisSource, Refused};

use crate::control::{ACK, ETX, NAK, SOH, STX};
use crate::message::{Message, seal, split};
use crate::signon::{Identification, MAX_ADDRESS, MAX_TEXT, OptionSelect, SignOn, baud_of};
use crate::{Bcc, LineError, LineParams, MAX_LINE, Output, SIGN_ON_LINE, put, text};
use units::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Waits for a sign-on.
    Idle,
    /// Waits for an option select.
    Option,
    /// Sends a read-out.
    ReadOut,
    /// Was it read?
    AfterReadOut,
    Programming,
}

/// What is to be sent at `due`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    /// An answer to the sign-on in `rx`.
    Identify,
    ReadOut,
    /// The demand for a password.
    Operand,
    /// An answer to the message in `rx`.
    Command,
    Nak(Rejection),
    Repeat,
}

/// A read-out under way.
#[derive(Clone, Copy, Debug)]
struct Stream {
    next: u16,
    bcc: Bcc,
    begun: bool,
}

/// A tariff device without I/O. Its buffers are the caller's, [`crate::MESSAGE_BUFFER`] bytes each; a read-out may be
/// of any length.
///
/// It starts on [`SIGN_ON_LINE`] and is deaf from `Transmit` until [`TariffDevice::handle_tx_done`], and from a request
/// to its answer.
#[derive(Debug)]
pub struct TariffDevice<'m> {
    config: DeviceConfig,
    rx: &'m mut [u8],
    tx: &'m mut [u8],
    len: usize,
    /// A character of the message was damaged.
    damaged: bool,
    /// The message is longer than the buffer.
    over: bool,
    /// The next character is the check character.
    checking: bool,
    last_rx: Instant,
    state: State,
    /// When the present state ends by itself.
    until: Instant,
    job: Option<Job>,
    due: Instant,
    stream: Option<Stream>,
    sending: bool,
    /// The session ends with what is being sent.
    closing: Option<End>,
    /// Length of what was sent last, in `tx`.
    last: usize,
    /// The character of the speed that was proposed.
    proposed: u8,
    unlocked: bool,
    line: LineParams,
    target: LineParams,
    event: Option<DeviceEvent>,
}

impl<'m> TariffDevice<'m> {
    /// A device that has heard nothing yet.
    #[must_use]
    pub fn new(config: DeviceConfig, rx: &'m mut [u8], tx: &'m mut [u8]) -> Self {
        Self {
            config,
            rx,
            tx,
            len: 0,
            damaged: false,
            over: false,
            checking: false,
            last_rx: Instant::ZERO,
            state: State::Idle,
            until: Instant::ZERO,
            job: None,
            due: Instant::ZERO,
            stream: None,
            sending: false,
            closing: None,
            last: 0,
            proposed: b'0',
            unlocked: false,
            line: SIGN_ON_LINE,
            target: SIGN_ON_LINE,
            event: None,
        }
    }

    /// How the device behaves.
    #[must_use]
    pub const fn config(&self) -> &DeviceConfig {
        &self.config
    }

    /// Answers after `reaction` from now on.
    pub const fn set_reaction(&mut self, reaction: Duration) {
        self.config.reaction = reaction;
    }

    /// The line as it is now.
    #[must_use]
    pub const fn line(&self) -> LineParams {
        self.line
    }

    /// True from an answered sign-on to the end of the session.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != State::Idle
    }

    /// True between `Transmit` and [`TariffDevice::handle_tx_done`].
    #[must_use]
    pub const fn is_sending(&self) -> bool {
        self.sending
    }

    /// Forgets everything heard and to be sent: power-up. Where a session had another speed, `poll` yields
    /// `Reconfigure`.
    pub fn reset(&mut self) {
        self.sending = false;
        self.event = None;
        self.close();
    }

    fn close(&mut self) {
        self.state = State::Idle;
        self.clear();
        self.job = None;
        self.stream = None;
        self.closing = None;
        self.unlocked = false;
        self.target = SIGN_ON_LINE;
    }

    fn end(&mut self, end: End) {
        self.close();
        self.event = Some(DeviceEvent::Ended(end));
    }

    const fn clear(&mut self) {
        self.len = 0;
        self.damaged = false;
        self.over = false;
        self.checking = false;
    }

    fn drop_heard(&mut self) {
        self.event = Some(DeviceEvent::Dropped { bytes: u16::try_from(self.len).unwrap_or(u16::MAX) });
        self.clear();
    }

    fn schedule(&mut self, now: Instant, job: Job) {
        self.job = Some(job);
        self.due = now + self.config.reaction;
    }

    /// Nothing is taken in: something is being sent, or waits to be.
    fn is_deaf(&self) -> bool {
        self.sending || self.job.is_some() || self.stream.is_some()
    }

    /// Takes characters in, in any chunking.
    pub fn handle_rx(&mut self, now: Instant, bytes: &[u8]) {
        if bytes.is_empty() || self.is_deaf() {
            return;
        }
        self.settle(now);
        for byte in bytes {
            // What follows a request before its answer is nobody's.
            if self.is_deaf() {
                return;
            }
            self.last_rx = now;
            self.take(now, byte & 0x7F);
        }
    }

    /// A character arrived damaged.
    pub fn handle_line_error(&mut self, now: Instant, _error: LineError) {
        if self.is_deaf() {
            return;
        }
        self.settle(now);
        if self.len > 0 {
            self.last_rx = now;
            self.damaged = true;
        }
    }

    /// The last stop bit has left.
    pub fn handle_tx_done(&mut self, now: Instant) {
        if !self.sending {
            return;
        }
        self.sending = false;
        if let Some(end) = self.closing {
            return self.end(end);
        }
        let span = match self.state {
            State::Programming => self.config.inactivity,
            _ => self.config.option_within,
        };
        self.until = now + span;
    }

    fn take(&mut self, now: Instant, byte: u8) {
        let start = if self.len > 0 { self.rx.first().copied() } else { None };
        match (start, byte) {
            (None, b'/') => {}
            (None, SOH) if self.state != State::Idle => {}
            (None, ACK) if self.state == State::Option => {}
            (None, ACK) if self.state == State::AfterReadOut => return self.close(),
            (None, NAK) if self.state == State::AfterReadOut => return self.schedule(now, Job::ReadOut),
            (None, NAK) if self.state == State::Programming => return self.schedule(now, Job::Repeat),
            (None, _) => return,
            // A new beginning.
            (Some(b'/'), b'/') => self.clear(),
            (Some(SOH), SOH) if !self.checking => self.clear(),
            _ => {}
        }
        match self.rx.get_mut(self.len) {
            Some(place) => {
                *place = byte;
                self.len += 1;
            }
            None if start == Some(SOH) => self.over = true,
            None => return self.drop_heard(),
        }
        match start {
            Some(b'/') if byte == b'\n' => {
                if self.damaged || SignOn::parse(self.heard()).is_err() {
                    self.drop_heard();
                } else {
                    self.schedule(now, Job::Identify);
                }
            }
            Some(ACK) if self.len == OptionSelect::LEN => self.select(now),
            Some(SOH) if self.checking => self.message(now),
            Some(SOH) => self.checking = byte == ETX,
            _ => {}
        }
    }

    fn heard(&self) -> &[u8] {
        self.rx.get(..self.len).unwrap_or_default()
    }

    fn select(&mut self, now: Instant) {
        let option = OptionSelect::parse(self.heard());
        let Some(option) = option.ok().filter(|_| !self.damaged) else { return self.drop_heard() };
        self.clear();
        if option.protocol != b'0' || !matches!(option.mode, b'0' | b'1') {
            return self.read_out_unasked(now);
        }
        let within = |baud: &u32| baud_of(self.proposed).is_some_and(|most| *baud <= most);
        let baud = baud_of(option.baud).filter(within).unwrap_or(SIGN_ON_LINE.baud);
        let programming = option.mode == b'1';
        self.target = LineParams::optical(baud);
        self.event = Some(DeviceEvent::Selected { baud, programming });
        self.schedule(now, if programming { Job::Operand } else { Job::ReadOut });
    }

    fn read_out_unasked(&mut self, now: Instant) {
        if self.config.unasked {
            self.event = Some(DeviceEvent::Unasked);
            self.schedule(now, Job::ReadOut);
        } else {
            self.end(End::Inactive);
        }
    }

    /// A whole message is in `rx`.
    fn message(&mut self, now: Instant) {
        let parsed = Message::parse(self.heard()).map(|message| message.command);
        match parsed {
            _ if self.over => self.reject(now, Rejection::TooLong),
            Ok(command) if !self.damaged && command == Message::BREAK.command => self.end(End::Break),
            Ok(_) if !self.damaged && self.state == State::Programming => self.schedule(now, Job::Command),
            Ok(_) if !self.damaged => self.drop_heard(),
            _ => self.reject(now, Rejection::Damaged),
        }
    }

    fn reject(&mut self, now: Instant, rejection: Rejection) {
        if self.state == State::Programming {
            self.clear();
            self.schedule(now, Job::Nak(rejection));
        } else {
            self.drop_heard();
        }
    }

    /// Ends what came to a stop.
    fn settle(&mut self, now: Instant) {
        if self.is_deaf() {
            return;
        }
        if self.len > 0 {
            if now - self.last_rx >= self.config.gap {
                self.drop_heard();
            }
            return;
        }
        if now < self.until {
            return;
        }
        match self.state {
            State::Option => {
                self.read_out_unasked(now);
                self.due = now;
            }
            State::AfterReadOut => self.close(),
            State::Programming => self.end(End::Inactive),
            State::Idle | State::ReadOut => {}
        }
    }

    /// When `poll` has something to do next, without new bytes; an instant of the past means at once.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        if self.event.is_some() {
            return Some(Instant::ZERO);
        }
        if self.sending {
            return None;
        }
        if self.line != self.target || self.stream.is_some() {
            return Some(Instant::ZERO);
        }
        if self.job.is_some() {
            return Some(self.due);
        }
        if self.len > 0 {
            return Some(self.last_rx + self.config.gap);
        }
        (self.state != State::Idle).then_some(self.until)
    }

    /// Does what is due at `now`. Call it until it yields nothing.
    pub fn poll<S: ObisSource>(&mut self, now: Instant, source: &mut S) -> Option<Output<'_>> {
        self.settle(now);
        if let Some(event) = self.event.take() {
            return Some(Output::Event(event));
        }
        if self.sending {
            return None;
        }
        if self.line != self.target {
            self.line = self.target;
            return Some(Output::Reconfigure(self.line));
        }
        if self.stream.is_none() {
            if now < self.due {
                return None;
            }
            let job = self.job.take()?;
            let n = self.run(job, source);
            if self.line != self.target {
                // A sign-on at the speed of a session that was left without a word.
                self.line = self.target;
                self.job = Some(Job::Identify);
                return Some(Output::Reconfigure(self.line));
            }
            self.last = n;
        }
        if self.stream.is_some() {
            self.last = self.chunk(source);
        }
        self.clear();
        if self.last == 0 {
            return self.event.take().map(Output::Event);
        }
        self.sending = true;
        self.tx.get(..self.last).map(Output::Transmit)
    }

    /// Prepares what a job sends: its length in `tx`, 0 for nothing or a stream.
    fn run<S: ObisSource>(&mut self, job: Job, source: &mut S) -> usize {
        match job {
            Job::Identify => self.identify(source).unwrap_or(0),
            Job::ReadOut => {
                self.state = State::ReadOut;
                self.stream = Some(Stream { next: 0, bcc: Bcc::default(), begun: false });
                0
            }
            Job::Operand => {
                self.state = State::Programming;
                let mut operand = [0; MAX_ADDRESS];
                let n = source.operand(&mut operand);
                let operand = text(operand.get(..n).unwrap_or_default());
                Message::emit_pieces(*b"P0", &["(", operand, ")"], self.tx).unwrap_or(0)
            }
            Job::Command => self.command(source).unwrap_or(0),
            Job::Nak(rejection) => {
                self.event = Some(DeviceEvent::Rejected(rejection));
                self.single(NAK)
            }
            Job::Repeat => {
                self.event = Some(DeviceEvent::Repeated);
                self.last
            }
        }
    }

    fn single(&mut self, character: u8) -> usize {
        put(self.tx, &[&[character]]).unwrap_or(0)
    }

    /// `None` where another device is called.
    fn identify<S: ObisSource>(&mut self, source: &S) -> Option<usize> {
        let mut own = [0; MAX_ADDRESS];
        let n = source.address(&mut own);
        let own = text(own.get(..n).unwrap_or_default());
        if !SignOn::parse(self.heard()).is_ok_and(|sign_on| sign_on.calls(own)) {
            self.event = Some(DeviceEvent::NotCalled);
            return None;
        }
        if self.line != SIGN_ON_LINE {
            // The sign-on stays in `rx` until the line is right.
            self.target = SIGN_ON_LINE;
            return None;
        }
        let mut name = [0; MAX_TEXT];
        let n = source.identification(&mut name);
        let name = text(name.get(..n).unwrap_or_default());
        self.proposed = source.baud();
        let identification =
            Identification { manufacturer: source.manufacturer(), baud: self.proposed, text: name };
        let n = identification.emit(self.tx).ok()?;
        self.unlocked = false;
        self.state = State::Option;
        self.event = Some(DeviceEvent::SignedOn);
        Some(n)
    }

    /// The next piece of a read-out, as much as `tx` takes in whole lines.
    fn chunk<S: ObisSource>(&mut self, source: &S) -> usize {
        let Some(mut stream) = self.stream.take() else { return 0 };
        let mut n = 0;
        if !stream.begun {
            n = put(self.tx, &[&[STX]]).unwrap_or(0);
            stream.begun = true;
        }
        let first = n;
        loop {
            let room = self.tx.get_mut(n..).unwrap_or_default();
            if room.len() < MAX_LINE + 2 && n > first {
                self.stream = Some(stream);
                return n;
            }
            let most = MAX_LINE.min(room.len().saturating_sub(2));
            let line = source.line(stream.next, room.get_mut(..most).unwrap_or_default());
            let end = if let Some(len) = line {
                let end = len.min(most);
                put(room.get_mut(end..).unwrap_or_default(), &[b"\r\n"]).map(|len| end + len)
            } else {
                put(room, &[b"!\r\n", &[ETX]])
            };
            let Ok(end) = end else { return n };
            for byte in room.get(..end).unwrap_or_default() {
                stream.bcc.add(*byte);
            }
            n += end;
            if line.is_none() {
                if let Some(place) = self.tx.get_mut(n) {
                    *place = stream.bcc.value();
                    n += 1;
                }
                self.event = Some(DeviceEvent::ReadOut { lines: stream.next });
                self.state = State::AfterReadOut;
                return n;
            }
            stream.next = stream.next.saturating_add(1);
        }
    }

    /// Answers the message in `rx`.
    fn command<S: ObisSource>(&mut self, source: &mut S) -> Option<usize> {
        // Taken out for the while, so that the message can be read beside the rest of the machine.
        let rx = core::mem::take(&mut self.rx);
        let answer = Message::parse(rx.get(..self.len).unwrap_or_default())
            .ok()
            .and_then(|message| self.answer(source, message));
        self.rx = rx;
        answer
    }

    fn answer<S: ObisSource>(&mut self, source: &mut S, message: Message<'_>) -> Option<usize> {
        let Message { command, data } = message;
        let refused = match (&command, data.and_then(split)) {
            (b"P1", Some((_, password))) => {
                self.unlocked = source.unlock(password);
                self.event = Some(DeviceEvent::Password(self.unlocked));
                return match self.config.wrong_password {
                    _ if self.unlocked => Some(self.single(ACK)),
                    WrongPassword::Nak => Some(self.single(NAK)),
                    WrongPassword::Break => {
                        self.closing = Some(End::Password);
                        Message::BREAK.emit(self.tx).ok()
                    }
                };
            }
            (b"R1", Some((address, operand))) => {
                let most = self.tx.len().saturating_sub(3);
                let room = self.tx.get_mut(1..=most)?;
                let read = source.read(address, operand, self.unlocked, room);
                self.event = Some(DeviceEvent::Read(read.map(|_| ())));
                match read {
                    Ok(n) => return self.seal_data(n.min(most)),
                    Err(refused) => refused,
                }
            }
            (b"W1", Some((address, value))) => {
                let written = source.write(address, value, self.unlocked);
                self.event = Some(DeviceEvent::Written(written));
                match written {
                    Ok(()) => return Some(self.single(ACK)),
                    Err(refused) => refused,
                }
            }
            _ => {
                self.event = Some(DeviceEvent::Rejected(Rejection::Command(command)));
                return Some(self.single(NAK));
            }
        };
        seal(self.tx, &[&[STX], &refused.text(), &[ETX]]).ok()
    }

    /// Closes the `n` characters of data that stand behind the place of STX in `tx`.
    fn seal_data(&mut self, n: usize) -> Option<usize> {
        *self.tx.first_mut()? = STX;
        *self.tx.get_mut(n + 1)? = ETX;
        let bcc = Bcc::of(self.tx.get(1..n + 2)?);
        *self.tx.get_mut(n + 2)? = bcc.value();
        Some(n + 3)
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
