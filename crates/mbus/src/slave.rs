//! The slave: answers for one meter.
//!
//! A wrong check sum, length or character costs silence (EN 13757-2), as does a frame for somebody else or a CI
//! field nobody knows; there is no exception. A write that is understood is acknowledged even where its value is
//! refused: the status of the next telegram tells, so a master must read back.

mod command;

pub use command::{Command, RecordSource, Refused};

use crate::header::{Header, Mask};
use crate::link::{self, Control, Frame, FrameLen, address};
use crate::raw::RawRecords;
use crate::{Application, Output};
use crate::{LineError, LineParams};
use units::{Duration, Instant};

/// Status bit pattern "any application error" (EN 13757-3 §6.3.4; PRO1 manual A2.2: 02 = error).
const STATUS_ERROR: u8 = 0x02;

/// Same frame count bit within this time, inside a read-out of several telegrams: the last telegram again.
/// Masters that never toggle the bit ask less often than this, and are served fresh data.
const REPEAT_WITHIN: Duration = Duration::from_secs(2);

/// CI of records to a slave, low byte first.
const CI_DATA: u8 = 0x51;
/// CI of a selection by secondary address.
const CI_SELECT: u8 = 0x52;
/// What stands in a telegram's frame before its records: start, C, A, CI, long header.
const BEFORE_RECORDS: usize = 7 + Header::LONG;
/// The most bytes of records in a telegram, the DIF 1F behind them left out.
const MOST_RECORDS: usize = link::MAX_DATA - Header::LONG - 1;

/// How a slave behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlaveConfig {
    /// Primary address, 0 to 250; 0 is the address of a meter nobody has configured yet.
    pub address: u8,
    /// The line as it is now.
    pub line: LineParams,
    /// Time from the end of a request to the answer in bit times; 11 to 330 are kept to (EN 13757-2).
    pub reply_bits: u16,
    /// A pause that ends whatever was not finished, 33 bit times at least. 30 ms suits bytes that come in chunks.
    pub gap: Duration,
    /// Return to the old speed where no good frame for this meter comes at the new one for so long;
    /// `None` stays, as the manual says nothing.
    pub baud_trial: Option<Duration>,
}

impl SlaveConfig {
    /// A slave at `address` on `line` that answers after 33 bit times.
    #[must_use]
    pub const fn new(address: u8, line: LineParams) -> Self {
        Self { address, line, reply_bits: 33, gap: Duration::from_millis(30), baud_trial: None }
    }
}

/// What a slave has to tell, in numbers. An event is a note: where the next comes before it was fetched, it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A telegram was sent.
    Answered {
        /// Which telegram of the read-out.
        index: u8,
        /// It is the same one again.
        repeated: bool,
    },
    /// A link reset, alarm request or write was acknowledged, or obeyed in silence as one to everybody.
    Executed {
        /// The C field of the request.
        control: Control,
        /// A value was refused, so nothing was changed.
        refused: bool,
    },
    /// A selection came: whether this meter is the selected one now.
    Selected(bool),
    /// A frame that costs silence went by: somebody else's, or of a kind nobody answers.
    Ignored {
        /// Its C field.
        control: Control,
        /// Its A field.
        address: u8,
    },
    /// Bytes that make no frame were dropped.
    Dropped {
        /// How many of them were in the buffer.
        bytes: u16,
    },
}

/// A read-out of several telegrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Readout {
    /// The telegram sent last.
    index: u8,
    /// Another follows it.
    more: bool,
    fcb: bool,
    at: Instant,
}

enum Answer {
    Silence,
    Ack,
    /// So many bytes in `tx`.
    Telegram(usize),
}

/// An M-Bus slave without I/O. Its buffers are the caller's, [`crate::FRAME_BUFFER`] bytes each.
///
/// It is deaf from `Transmit` until [`Slave::handle_tx_done`]: what arrives then is its own echo or a collision.
#[derive(Debug)]
pub struct Slave<'m> {
    config: SlaveConfig,
    rx: &'m mut [u8],
    /// Holds the last telegram, for a repeat.
    tx: &'m mut [u8],
    len: usize,
    /// Length of the frame at the front of `rx` that waits to be executed; 0 for none.
    frame: usize,
    due: Instant,
    last_rx: Instant,
    /// Drop everything until a gap.
    lost: bool,
    sending: bool,
    selected: bool,
    access: u8,
    /// A write was refused since the last telegram.
    refused: bool,
    /// Length of the last telegram in `tx`.
    telegram: usize,
    readout: Option<Readout>,
    staged: Option<LineParams>,
    /// Until when the new speed must have proved itself, and the old one.
    trial: Option<(Instant, LineParams)>,
    event: Option<Event>,
}

impl<'m> Slave<'m> {
    /// A slave that has heard nothing yet. Where a buffer is smaller than [`crate::FRAME_BUFFER`], longer requests
    /// are not heard and longer telegrams lose their last records.
    #[must_use]
    pub fn new(config: SlaveConfig, rx: &'m mut [u8], tx: &'m mut [u8]) -> Self {
        Self {
            config,
            rx,
            tx,
            len: 0,
            frame: 0,
            due: Instant::ZERO,
            last_rx: Instant::ZERO,
            lost: false,
            sending: false,
            selected: false,
            access: 0,
            refused: false,
            telegram: 0,
            readout: None,
            staged: None,
            trial: None,
            event: None,
        }
    }

    /// How the slave behaves.
    #[must_use]
    pub const fn config(&self) -> &SlaveConfig {
        &self.config
    }

    /// Makes it behave otherwise from now on; what it has heard and says stays.
    pub const fn set_config(&mut self, config: SlaveConfig) {
        self.config = config;
    }

    /// The primary address.
    #[must_use]
    pub const fn address(&self) -> u8 {
        self.config.address
    }

    /// Answers to another primary address from now on.
    pub const fn set_address(&mut self, address: u8) {
        self.config.address = address;
    }

    /// The access number the next telegram carries.
    #[must_use]
    pub const fn access(&self) -> u8 {
        self.access
    }

    /// Sets the access number the next telegram carries.
    pub const fn set_access(&mut self, access: u8) {
        self.access = access;
    }

    /// True while selected by secondary address.
    #[must_use]
    pub const fn is_selected(&self) -> bool {
        self.selected
    }

    /// True between `Transmit` and [`Slave::handle_tx_done`].
    #[must_use]
    pub const fn is_sending(&self) -> bool {
        self.sending
    }

    /// Changes the line once the answer that is being sent has left, at once where none is: `poll` then yields
    /// `Reconfigure`. For a change at the meter's own key; a master's is staged by the slave itself.
    pub const fn stage_line(&mut self, line: LineParams) {
        self.staged = Some(line);
        self.trial = None;
    }

    /// Forgets everything heard, selected and to be sent: power-up. Address, line and access number stay.
    pub fn reset(&mut self) {
        self.len = 0;
        self.frame = 0;
        self.lost = false;
        self.sending = false;
        self.selected = false;
        self.refused = false;
        self.readout = None;
        self.staged = None;
        self.trial = None;
        self.event = None;
    }

    /// The pause that gives an unfinished frame up.
    fn gap(&self) -> Duration {
        self.config.gap.max(self.config.line.bits(33))
    }

    /// Takes bytes in, in any chunking.
    pub fn handle_rx(&mut self, now: Instant, bytes: &[u8]) {
        if self.sending || bytes.is_empty() {
            return;
        }
        self.settle(now);
        self.last_rx = now;
        let mut rest = bytes;
        while !rest.is_empty() && !self.lost {
            let room = self.rx.get_mut(self.len..).unwrap_or_default();
            let n = room.len().min(rest.len());
            for (to, from) in room.iter_mut().zip(rest) {
                *to = *from;
            }
            self.len += n;
            rest = rest.get(n..).unwrap_or_default();
            self.examine();
            if n == 0 {
                self.lose();
            }
        }
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
    pub const fn handle_tx_done(&mut self, _now: Instant) {
        self.sending = false;
    }

    /// When `poll` has something to do next, without new bytes; an instant of the past means at once.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        if self.event.is_some() || (self.staged.is_some() && !self.sending) {
            return Some(Instant::ZERO);
        }
        if self.sending {
            return None;
        }
        let next =
            if self.frame > 0 { Some(self.due) } else { (self.len > 0).then(|| self.last_rx + self.gap()) };
        let trial = self.trial.map(|(at, _)| at);
        match (next, trial) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Does what is due at `now`. Call it until it yields nothing.
    pub fn poll<S: RecordSource>(&mut self, now: Instant, source: &mut S) -> Option<Output<'_>> {
        if let Some(event) = self.event.take() {
            return Some(Output::Event(event));
        }
        if self.sending {
            return None;
        }
        self.settle(now);
        if let Some((at, old)) = self.trial
            && now >= at
            && self.staged.is_none()
        {
            self.trial = None;
            source.write(&Command::Baud(old.baud));
            self.staged = Some(old);
        }
        if let Some(line) = self.staged.take() {
            self.config.line = line;
            self.len = 0;
            self.frame = 0;
            self.lost = false;
            return Some(Output::Reconfigure(line));
        }
        if self.frame == 0 || now < self.due {
            return self.event.take().map(Output::Event);
        }
        let answer = self.execute(now, source);
        self.drop_front(self.frame);
        self.frame = 0;
        self.due = now;
        self.examine();
        match answer {
            Answer::Silence => {
                if self.staged.is_some() {
                    return self.poll(now, source);
                }
                self.event.take().map(Output::Event)
            }
            Answer::Ack => {
                self.sending = true;
                Some(Output::Transmit(&[link::ACK]))
            }
            Answer::Telegram(n) => {
                self.sending = true;
                self.tx.get(..n).map(Output::Transmit)
            }
        }
    }

    fn drop_front(&mut self, n: usize) {
        if n >= self.len {
            self.len = 0;
        } else {
            self.rx.copy_within(n..self.len, 0);
            self.len -= n;
        }
    }

    /// Drops what is no whole frame yet, and all that follows until a gap.
    fn lose(&mut self) {
        if let Ok(bytes @ 1..) = u16::try_from(self.len - self.frame) {
            self.event = Some(Event::Dropped { bytes });
        }
        self.len = self.frame;
        self.lost = true;
    }

    /// A gap ends what was not finished.
    fn settle(&mut self, now: Instant) {
        if (self.len != self.frame || self.lost) && now - self.last_rx >= self.gap() {
            self.lose();
            self.lost = false;
        }
    }

    /// Takes whole frames off the front until the first of them waits to be executed.
    fn examine(&mut self) {
        while self.frame == 0 && self.len > 0 && !self.lost {
            let run = self.rx.get(..self.len).unwrap_or_default();
            let whole = match link::frame_len(run) {
                FrameLen::Unclear => return,
                FrameLen::Never => None,
                FrameLen::Exactly(n) => match run.get(..n) {
                    None => return,
                    Some(frame) => Frame::parse(frame).ok().map(|frame| (n, frame)),
                },
            };
            match whole {
                None => self.lose(),
                Some((n, Frame::Short { control, address } | Frame::Long { control, address, .. })) => {
                    if control.is_request() && self.concerns(address) {
                        self.frame = n;
                        let bits = self.config.reply_bits.clamp(11, 330);
                        // Bytes that waited behind another request count from now on.
                        self.due = self.last_rx.max(self.due) + self.config.line.bits(bits);
                    } else {
                        self.event = Some(Event::Ignored { control, address });
                        self.drop_front(n);
                    }
                }
                Some((n, Frame::Ack)) => self.drop_front(n),
            }
        }
    }

    /// True for an address that may be meant for this meter; whether FD is, its selection decides on execution.
    const fn concerns(&self, to: u8) -> bool {
        to == self.config.address || matches!(to, address::SELECTED | address::TEST | address::BROADCAST)
    }

    fn execute<S: RecordSource>(&mut self, now: Instant, source: &mut S) -> Answer {
        // Taken out for the while, so that the frame can be read beside the rest of the machine.
        let rx = core::mem::take(&mut self.rx);
        let answer = match Frame::parse(rx.get(..self.frame).unwrap_or_default()) {
            Ok(Frame::Short { control, address }) => self.short(now, source, control, address),
            Ok(Frame::Long { control, address, ci, data }) => {
                self.long(now, source, (control, address), ci, data)
            }
            _ => Answer::Silence,
        };
        self.rx = rx;
        answer
    }

    fn ignore(&mut self, control: Control, address: u8) -> Answer {
        self.event = Some(Event::Ignored { control, address });
        Answer::Silence
    }

    /// Acknowledged, but for what goes to everybody.
    fn done(&mut self, control: Control, to: u8, refused: bool) -> Answer {
        self.event = Some(Event::Executed { control, refused });
        if to == address::BROADCAST { Answer::Silence } else { Answer::Ack }
    }

    fn short<S: RecordSource>(&mut self, now: Instant, source: &S, control: Control, to: u8) -> Answer {
        if to == address::SELECTED && !self.selected {
            return self.ignore(control, to);
        }
        self.trial = None;
        if control.is(Control::SND_NKE) {
            self.readout = None;
            self.selected = false;
            return self.done(control, to, false);
        }
        if to == address::BROADCAST {
            return self.ignore(control, to);
        }
        if control.is(Control::REQ_UD2) {
            return self.read_out(now, source, control);
        }
        if control.is(Control::REQ_UD1) {
            // There are no alarms to tell: the acknowledge says so (EN 13757-2).
            return self.done(control, to, false);
        }
        self.ignore(control, to)
    }

    fn read_out<S: RecordSource>(&mut self, now: Instant, source: &S, control: Control) -> Answer {
        let fcb = control.fcb();
        let index = match (self.readout, fcb) {
            (Some(last), Some(fcb)) if last.fcb == fcb => {
                if now - last.at < REPEAT_WITHIN {
                    self.readout = Some(Readout { at: now, ..last });
                    self.event = Some(Event::Answered { index: last.index, repeated: true });
                    return Answer::Telegram(self.telegram);
                }
                0
            }
            (Some(last), Some(_)) if last.more => last.index.saturating_add(1),
            _ => 0,
        };
        let Some((index, n, more)) = self.telegram(source, index).or_else(|| self.telegram(source, 0)) else {
            return Answer::Silence;
        };
        self.telegram = n;
        self.access = self.access.wrapping_add(1);
        self.refused = false;
        self.event = Some(Event::Answered { index, repeated: false });
        // A single telegram is no read-out that could be repeated: whoever asks gets it fresh.
        self.readout = fcb.filter(|_| more || index > 0).map(|fcb| Readout { index, more, fcb, at: now });
        Answer::Telegram(n)
    }

    /// Builds telegram `index` in `tx`: its number, the length of its frame and whether another follows.
    fn telegram<S: RecordSource>(&mut self, source: &S, index: u8) -> Option<(u8, usize, bool)> {
        let (head, room) = self.tx.split_at_mut_checked(BEFORE_RECORDS)?;
        let most = MOST_RECORDS.min(room.len().saturating_sub(3));
        let records = room.get_mut(..most)?;
        let (mut n, more) = match source.telegram(index, records) {
            Some((n, more)) => (n.min(most), more),
            None if index == 0 => (0, false),
            None => return None,
        };
        if more {
            *room.get_mut(n)? = 0x1F;
            n += 1;
        }
        let status = source.status() | if self.refused { STATUS_ERROR } else { 0 };
        let header = Header { identity: Some(source.identity()), access: self.access, status, signature: 0 };
        head.last_chunk_mut::<{ Header::LONG }>()?.copy_from_slice(&header.long());
        let data = Header::LONG + n;
        let frame = link::seal(Control::RSP_UD, self.config.address, Application::LONG, data, self.tx)?;
        Some((index, frame, more))
    }

    fn long<S: RecordSource>(
        &mut self,
        now: Instant,
        source: &mut S,
        (control, to): (Control, u8),
        ci: u8,
        data: &[u8],
    ) -> Answer {
        if !control.is(Control::SND_UD) {
            return self.ignore(control, to);
        }
        if ci == CI_SELECT {
            return self.select(source, control, to, data);
        }
        // Everybody's test address serves reading only (PRO1 manual A2.2).
        if to == address::TEST || (to == address::SELECTED && !self.selected) {
            return self.ignore(control, to);
        }
        self.trial = None;
        if ci == CI_DATA {
            return self.records(source, control, to, data);
        }
        let command = Command::of_ci(ci, data);
        if source.check(&command).is_err() {
            return self.ignore(control, to);
        }
        source.write(&command);
        if let Command::Baud(baud) = command {
            self.staged = Some(LineParams::even(baud));
            self.trial = self.config.baud_trial.map(|span| (now + span, self.config.line));
        }
        self.written(control, to, false)
    }

    /// Data of a master were taken or refused. A read-out that was under way is over: its last telegram shows the meter
    /// as it was before, and is not what stands for an answer that was lost after this frame.
    fn written(&mut self, control: Control, to: u8, refused: bool) -> Answer {
        self.readout = None;
        self.done(control, to, refused)
    }

    /// A match answers, everybody else is deselected without a word (EN 13757-3 §11.3).
    fn select<S: RecordSource>(&mut self, source: &S, control: Control, to: u8, data: &[u8]) -> Answer {
        if to != address::SELECTED {
            return self.ignore(control, to);
        }
        self.selected = data.try_into().is_ok_and(|mask| Mask(mask).matches(source.identity()));
        self.readout = None;
        if self.selected {
            self.trial = None;
        }
        self.event = Some(Event::Selected(self.selected));
        if self.selected { Answer::Ack } else { Answer::Silence }
    }

    /// Does all records of a frame or none of them.
    fn records<S: RecordSource>(&mut self, source: &mut S, control: Control, to: u8, data: &[u8]) -> Answer {
        let mut records = RawRecords::new(data);
        let mut refused = false;
        for record in records.by_ref() {
            let Ok(record) = record else { return self.ignore(control, to) };
            refused |= source.check(&Command::Record(record)).is_err();
        }
        let own = records.manufacturer_data().map(Command::Manufacturer);
        refused |= own.is_some_and(|command| source.check(&command).is_err());
        if refused {
            self.refused = true;
            return self.written(control, to, true);
        }
        for record in RawRecords::new(data).flatten() {
            source.write(&Command::Record(record));
        }
        self.config.address = source.address();
        if let Some(command) = own {
            source.write(&command);
        }
        self.written(control, to, false)
    }
}

#[cfg(test)]
#[path = "slave_tests.rs"]
mod tests;
