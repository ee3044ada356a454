//! The master: one request at a time, and what became of it.
//!
//! The echo of a level converter is removed. What is heard must be exactly one answer: anything else is told as
//! [`Outcome::Garbled`], with the difference between several slaves at once and mere noise. The frame count bit is
//! kept for each address: it toggles after a good answer and stays for the same question again.

mod outcome;

pub use outcome::{Garble, MasterConfig, Outcome, RequestError};

use crate::Output;
use crate::header::Mask;
use crate::link::{ACK, Control, Frame, FrameFault, FrameLen, address, frame_len};
use crate::{LineError, LineParams};
use units::Instant;

/// CI of a selection by secondary address.
const CI_SELECT: u8 = 0x52;
/// How far noise may stand before the echo of a request, in bytes.
const NOISE_BEFORE_ECHO: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// The request waits for a quiet line.
    Queued,
    /// The request is on its way out.
    Sending,
    /// The first byte of the answer is due until then.
    Waiting(Instant),
    /// The outcome waits to be fetched.
    Done(Verdict),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ack,
    /// The frame at `start..end` of `rx`.
    Frame {
        start: usize,
        end: usize,
    },
    Sent,
    Silence,
    Garbled(Garble),
    Raw,
}

/// What an answer to the present request looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Ack,
    /// User data, or E5 for "none".
    Data,
    Raw,
    /// Nothing: a request to everybody.
    None,
}

/// An M-Bus master without I/O. `tx` takes [`crate::FRAME_BUFFER`] bytes, `rx` [`crate::LISTEN_BUFFER`].
#[derive(Debug)]
pub struct Master<'m> {
    config: MasterConfig,
    rx: &'m mut [u8],
    tx: &'m mut [u8],
    len: usize,
    tx_len: usize,
    state: State,
    shape: Shape,
    control: Control,
    address: u8,
    /// The request is a selection, which leaves the frame count bit alone.
    selecting: bool,
    /// The next frame count bit of each address, 32 to a word.
    fcb: [u32; 8],
    echo: bool,
    line_error: Option<LineError>,
    last_rx: Instant,
    /// No request leaves before this.
    hold: Instant,
    staged: Option<LineParams>,
}

impl<'m> Master<'m> {
    /// A master that has asked nothing yet. Frame count bits start at 1, as after SND_NKE.
    #[must_use]
    pub fn new(config: MasterConfig, rx: &'m mut [u8], tx: &'m mut [u8]) -> Self {
        Self {
            config,
            rx,
            tx,
            len: 0,
            tx_len: 0,
            state: State::Idle,
            shape: Shape::None,
            control: Control::SND_NKE,
            address: 0,
            selecting: false,
            fcb: [u32::MAX; 8],
            echo: false,
            line_error: None,
            last_rx: Instant::ZERO,
            hold: Instant::ZERO,
            staged: None,
        }
    }

    /// How the master treats its line.
    #[must_use]
    pub const fn config(&self) -> &MasterConfig {
        &self.config
    }

    /// True from a request until its outcome was fetched.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.state != State::Idle
    }

    /// True where the last answer came behind an echo of its request.
    #[must_use]
    pub const fn heard_echo(&self) -> bool {
        self.echo
    }

    /// The frame count bit the next request to `address` carries.
    #[must_use]
    pub fn fcb(&self, address: u8) -> bool {
        let word = self.fcb.get(usize::from(address >> 5)).copied().unwrap_or(0);
        word >> (address & 31) & 1 != 0
    }

    /// Sets the frame count bit the next request to `address` carries.
    pub fn set_fcb(&mut self, address: u8, fcb: bool) {
        if let Some(word) = self.fcb.get_mut(usize::from(address >> 5)) {
            let bit = 1 << (address & 31);
            *word = if fcb { *word | bit } else { *word & !bit };
        }
    }

    /// Resets the link of `address` (SND_NKE): "are you there". At FD it deselects. Its next frame count bit is 1,
    /// whether it answers or not.
    ///
    /// # Errors
    /// [`RequestError::Busy`].
    pub fn reset_link(&mut self, address: u8) -> Result<(), RequestError> {
        self.begin(
            Frame::Short { control: Control::SND_NKE, address },
            Control::SND_NKE,
            address,
            Shape::Ack,
        )?;
        self.set_fcb(address, true);
        Ok(())
    }

    /// Asks `address` for its telegram (REQ_UD2).
    ///
    /// # Errors
    /// [`RequestError::Busy`].
    pub fn read(&mut self, address: u8) -> Result<(), RequestError> {
        let control = Control::REQ_UD2.with_fcb(self.fcb(address));
        self.begin(Frame::Short { control, address }, control, address, Shape::Data)
    }

    /// Sends user data to `address` (SND_UD).
    ///
    /// # Errors
    /// [`RequestError::Busy`], or [`RequestError::Frame`] where the data are more than a frame takes.
    pub fn send(&mut self, address: u8, ci: u8, data: &[u8]) -> Result<(), RequestError> {
        let control = Control::SND_UD.with_fcb(self.fcb(address));
        self.begin(Frame::Long { control, address, ci, data }, control, address, Shape::Ack)
    }

    /// Selects by secondary address; those selected are then asked at FD, whose next frame count bit is 1.
    ///
    /// # Errors
    /// [`RequestError::Busy`].
    pub fn select(&mut self, mask: &Mask) -> Result<(), RequestError> {
        // A selection is a new beginning for the slave, so its own bit is always the same.
        let control = Control::SND_UD;
        let frame = Frame::Long { control, address: address::SELECTED, ci: CI_SELECT, data: &mask.0 };
        self.begin(frame, control, address::SELECTED, Shape::Ack)?;
        self.selecting = true;
        self.set_fcb(address::SELECTED, true);
        Ok(())
    }

    /// Sends `bytes` as they are; whatever comes back until the line is quiet is the outcome.
    ///
    /// # Errors
    /// [`RequestError::Busy`], or [`RequestError::Frame`] where they do not fit the buffer.
    pub fn request_raw(&mut self, bytes: &[u8]) -> Result<(), RequestError> {
        if self.is_busy() {
            return Err(RequestError::Busy);
        }
        let needed = bytes.len();
        let fault = RequestError::Frame(FrameFault::Buffer { needed });
        self.tx.get_mut(..needed).ok_or(fault)?.copy_from_slice(bytes);
        self.start(needed, Control(0), 0, Shape::Raw);
        Ok(())
    }

    fn begin(
        &mut self,
        frame: Frame<'_>,
        control: Control,
        to: u8,
        shape: Shape,
    ) -> Result<(), RequestError> {
        if self.is_busy() {
            return Err(RequestError::Busy);
        }
        let n = frame.emit(self.tx).map_err(RequestError::Frame)?;
        self.start(n, control, to, if to == address::BROADCAST { Shape::None } else { shape });
        Ok(())
    }

    fn start(&mut self, n: usize, control: Control, to: u8, shape: Shape) {
        self.tx_len = n;
        self.control = control;
        self.address = to;
        self.shape = shape;
        self.selecting = false;
        self.state = State::Queued;
    }

    /// Sets the line to `line` before the next request: `poll` yields `Reconfigure` when no exchange is under way.
    pub const fn stage_line(&mut self, line: LineParams) {
        self.staged = Some(line);
    }

    /// Gives the present exchange up without an outcome; the line must fall silent before the next.
    pub fn cancel(&mut self, now: Instant) {
        if self.is_busy() {
            self.state = State::Idle;
            self.hold = self.hold.max(now + self.config.pause());
        }
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
        // A slave needs eleven bit times to turn round; strangers' talk must end first.
        let pause = if self.listening() { self.config.line.bits(11) } else { self.config.pause() };
        self.hold = self.hold.max(now + pause);
        if !self.listening() {
            return;
        }
        let room = self.rx.get_mut(self.len..).unwrap_or_default();
        let n = room.len().min(bytes.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.len += n;
        self.strip_echo();
        if self.shape == Shape::Data
            && let Some((start, end)) = self.find_answer()
            && start == 0
            && end == self.len
            && self.line_error.is_none()
        {
            self.state = State::Done(Verdict::Frame { start, end });
            self.toggle();
        }
    }

    /// The line reported a damaged character.
    pub fn handle_line_error(&mut self, now: Instant, error: LineError) {
        self.last_rx = now;
        self.hold = self.hold.max(now + self.config.pause());
        if self.listening() {
            self.line_error = self.line_error.or(Some(error));
        }
    }

    /// The last byte of the request has left.
    pub fn handle_tx_done(&mut self, now: Instant) {
        if self.state == State::Sending {
            let span = match self.shape {
                Shape::None => self.config.line.bits(33),
                Shape::Data => self.config.patience_for_data(),
                Shape::Ack | Shape::Raw => self.config.patience(),
            };
            self.state = State::Waiting(now + span);
        }
    }

    /// Bytes or damaged characters were heard that are not the beginning of the echo.
    fn heard(&self) -> bool {
        let run = self.rx.get(..self.len).unwrap_or_default();
        let sent = self.tx.get(..self.tx_len).unwrap_or_default();
        let echo_comes = !self.echo && run.len() < sent.len() && sent.starts_with(run);
        (self.len > 0 && !echo_comes) || self.line_error.is_some()
    }

    /// When the wait for the answer ends.
    fn ends(&self, deadline: Instant) -> Instant {
        if self.heard() && self.shape != Shape::None { self.last_rx + self.config.pause() } else { deadline }
    }

    /// When `poll` has something to do next, without new bytes; an instant of the past means at once.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        match self.state {
            State::Idle => self.staged.map(|_| Instant::ZERO),
            State::Queued if self.staged.is_some() => Some(Instant::ZERO),
            State::Queued => Some(self.hold),
            State::Sending => None,
            State::Waiting(deadline) => Some(self.ends(deadline)),
            State::Done(_) => Some(Instant::ZERO),
        }
    }

    /// Does what is due at `now`. Call it until it yields nothing.
    pub fn poll(&mut self, now: Instant) -> Option<Output<'_, Outcome<'_>>> {
        if let State::Waiting(deadline) = self.state
            && now >= self.ends(deadline)
        {
            let verdict = self.verdict();
            match verdict {
                Verdict::Ack | Verdict::Frame { .. } | Verdict::Sent => self.toggle(),
                // After a fault the line must be idle for 33 bit times (EN 13757-2).
                Verdict::Garbled(_) => self.hold = self.hold.max(self.last_rx + self.config.pause()),
                Verdict::Silence | Verdict::Raw => {}
            }
            self.state = State::Done(verdict);
        }
        match self.state {
            State::Idle | State::Queued if self.staged.is_some() => {
                let line = self.staged.take()?;
                self.config.line = line;
                Some(Output::Reconfigure(line))
            }
            State::Queued if now >= self.hold => {
                self.state = State::Sending;
                self.len = 0;
                self.echo = false;
                self.line_error = None;
                self.tx.get(..self.tx_len).map(Output::Transmit)
            }
            State::Done(verdict) => {
                self.state = State::Idle;
                Some(Output::Event(self.outcome(verdict)))
            }
            _ => None,
        }
    }

    /// The next question to this address carries the other frame count bit.
    fn toggle(&mut self) {
        if self.control.fcb().is_some() && !self.selecting {
            self.set_fcb(self.address, !self.fcb(self.address));
        }
    }

    /// Takes the request itself off the front of what was heard.
    fn strip_echo(&mut self) {
        if self.echo {
            return;
        }
        let run = self.rx.get(..self.len).unwrap_or_default();
        let Some(sent @ [_, ..]) = self.tx.get(..self.tx_len) else { return };
        let found =
            (0..=NOISE_BEFORE_ECHO).find(|at| run.get(*at..).is_some_and(|run| run.starts_with(sent)));
        if let Some(at) = found {
            let end = at + self.tx_len;
            self.rx.copy_within(end..self.len, 0);
            self.len -= end;
            self.echo = true;
        }
    }

    /// A good frame from a slave, noise before it or not.
    fn find_frame(&self) -> Option<(usize, usize)> {
        (0..self.len).find_map(|start| {
            let run = self.rx.get(start..self.len)?;
            let FrameLen::Exactly(n @ 2..) = frame_len(run) else { return None };
            let frame = Frame::parse(run.get(..n)?).ok()?;
            matches!(frame, Frame::Long { control, .. } if control.is_rsp_ud()).then_some((start, start + n))
        })
    }

    /// The answer to the present request, if it is there.
    fn find_answer(&self) -> Option<(usize, usize)> {
        let (start, end) = self.find_frame()?;
        // Behind FD and FE anybody may answer, with the address that is his.
        let anybody = matches!(self.address, address::SELECTED | address::TEST);
        let from = self.rx.get(start + 5).copied()?;
        (anybody || from == self.address).then_some((start, end))
    }

    fn verdict(&self) -> Verdict {
        let run = self.rx.get(..self.len).unwrap_or_default();
        match self.shape {
            Shape::None => return Verdict::Sent,
            Shape::Raw => return Verdict::Raw,
            Shape::Ack | Shape::Data => {}
        }
        if !self.heard() {
            return Verdict::Silence;
        }
        if *run == [ACK] && self.line_error.is_none() {
            return Verdict::Ack;
        }
        if self.shape == Shape::Data {
            if let Some((start, end)) = self.find_answer() {
                let alone = end == self.len && self.line_error.is_none();
                return if alone {
                    Verdict::Frame { start, end }
                } else {
                    Verdict::Garbled(Garble::Collision)
                };
            }
            if self.find_frame().is_some() {
                return Verdict::Garbled(Garble::Misfit);
            }
            return Verdict::Garbled(Garble::judge(run, 0x68, self.line_error));
        }
        Verdict::Garbled(if self.find_frame().is_some() {
            Garble::Misfit
        } else {
            Garble::judge(run, ACK, self.line_error)
        })
    }

    fn outcome(&self, verdict: Verdict) -> Outcome<'_> {
        let bytes = self.rx.get(..self.len).unwrap_or_default();
        match verdict {
            Verdict::Ack => Outcome::Ack,
            Verdict::Sent => Outcome::Sent,
            Verdict::Silence => Outcome::Silence,
            Verdict::Raw => Outcome::Raw(bytes),
            Verdict::Garbled(kind) => Outcome::Garbled { kind, bytes, line: self.line_error },
            Verdict::Frame { start, end } => {
                match Frame::parse(self.rx.get(start..end).unwrap_or_default()) {
                    Ok(Frame::Long { control, address, ci, data }) => {
                        Outcome::Response { control, address, ci, data }
                    }
                    _ => Outcome::Garbled { kind: Garble::Misfit, bytes, line: self.line_error },
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "master_tests.rs"]
mod tests;
