//! [`MbusLine`]: one question, one answer over a [`Port`].

use alloc::vec::Vec;
use core::fmt;

use ::mbus::link::address;
use ::mbus::{
    FRAME_BUFFER, Frame, FrameFault, Garble, Identity, LISTEN_BUFFER, LineError, LineParams, Mask, Master,
    MasterConfig, Outcome, Output, RequestError,
};
use units::{Duration, Instant};

use crate::bus::{Counts, Direction, Observer, Traffic};
use crate::mbus::meaning;
use crate::meaning::About;
use crate::port::{Port, PortFault, Received};

/// How often a read is asked before it counts as unanswered.
pub const READ_TRIES: u8 = 3;

/// How long a line may chatter before a question is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an adapter gets after a change of speed before it must send.
pub(crate) const TUNE: Duration = Duration::from_millis(20);

/// Whom a question is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// The meter with this primary address. Range: 0 to 250; 254 asks the only meter of a line.
    Primary(u8),
    /// The meter with this secondary address, selected before each question.
    Secondary(Identity),
}

impl Address {
    /// The address that stands in a frame to it.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Primary(address) => address,
            Self::Secondary(_) => address::SELECTED,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primary(address) => write!(f, "address {address}"),
            Self::Secondary(identity) => write!(f, "secondary address {:08X}", identity.id),
        }
    }
}

/// Where a meter is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line; its parity is even.
    pub line: LineParams,
    /// Whom of the line.
    pub address: Address,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.address, self.line)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The port does not work.
    Port(PortFault),
    /// Nobody answered in time.
    Silent {
        /// How often was asked.
        tries: u8,
        /// How long each time was waited.
        waited: Duration,
        /// The converter handed back what was sent.
        echo: bool,
    },
    /// Several meters answered at once, or one answer came damaged: the two look alike.
    Collision {
        /// How often was asked.
        tries: u8,
    },
    /// Bytes that are no answer, and no overlap of answers either.
    Damaged {
        /// What is wrong with the frame, where it begins like one.
        frame: Option<FrameFault>,
        /// What the line reported.
        line: Option<LineError>,
        /// Bytes that were heard.
        bytes: usize,
        /// How often was asked.
        tries: u8,
    },
    /// A good frame, but no answer to this question.
    Misfit,
    /// The meter acknowledged the question and has no data to tell.
    NoData,
    /// The meter tells an application error (EN 13757-3 table 8).
    Application(u8),
    /// What the meter tells cannot be read: its CI field.
    Unreadable(u8),
    /// Others kept talking, so that nothing was sent.
    NeverQuiet,
    /// The question makes no frame; nothing was sent.
    NoFrame(FrameFault),
}

impl Fault {
    /// True where nothing can have left the port.
    #[must_use]
    pub const fn nothing_sent(&self) -> bool {
        matches!(self, Self::NeverQuiet | Self::NoFrame(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(fault) => fault.fmt(f),
            Self::Silent { .. } => f.write_str("no answer"),
            Self::Collision { .. } => f.write_str("several meters answered at once"),
            Self::Damaged { frame: Some(fault), .. } => write!(f, "a damaged answer: {fault}"),
            Self::Damaged { line: Some(error), .. } => write!(f, "a damaged answer: {error}"),
            Self::Damaged { bytes, .. } => write!(f, "{bytes} bytes that are no answer"),
            Self::Misfit => f.write_str("a frame that does not fit the question"),
            Self::NoData => f.write_str("the meter has no data to tell"),
            Self::Application(code) => write!(f, "the meter tells application error {code}"),
            Self::Unreadable(ci) => {
                write!(f, "the meter tells data of a kind that cannot be read (CI {ci:02X})")
            }
            Self::NeverQuiet => f.write_str("others kept talking on the line, so nothing was sent"),
            Self::NoFrame(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for Fault {}

/// What adapters and networks add to the times of the standard: 330 bit times and 50 ms for a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MbusTiming {
    /// What an adapter or a network keeps bytes back for. Default: 16 ms, as common USB adapters do.
    pub latency: Duration,
}

impl Default for MbusTiming {
    fn default() -> Self {
        Self { latency: Duration::from_millis(16) }
    }
}

impl MbusTiming {
    /// The times of a master on `line`.
    pub(crate) fn config(self, line: LineParams) -> MasterConfig {
        let mut config = MasterConfig::new(line);
        config.margin += self.latency;
        config.quiet += self.latency;
        config.whole_frames = true;
        config
    }

    /// How long a question of so many bytes takes that nobody answers with an acknowledge.
    pub(crate) fn silent_time(self, line: LineParams, bytes: usize) -> Duration {
        line.wire_time(bytes) + self.config(line).patience()
    }
}

/// The buffers of an [`MbusLine`].
#[derive(Clone, Debug)]
pub struct MbusMemory {
    rx: [u8; LISTEN_BUFFER],
    tx: [u8; FRAME_BUFFER],
}

impl Default for MbusMemory {
    fn default() -> Self {
        Self { rx: [0; LISTEN_BUFFER], tx: [0; FRAME_BUFFER] }
    }
}

/// What became of one question.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    Ack,
    Data { address: u8, ci: u8, data: Vec<u8> },
    Silence,
    Collision,
    Noise { bytes: Vec<u8>, line: Option<LineError> },
    Misfit,
    Raw(Vec<u8>),
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask<'a> {
    Reset(u8),
    Read(u8),
    Select(Mask),
    Send { to: u8, ci: u8, data: &'a [u8] },
    Raw(&'a [u8]),
}

/// A bus over a port: frames, tries, time-outs, frame count bits, counts.
#[derive(Debug)]
pub struct MbusLine<'m, P, O = ()> {
    port: P,
    observer: O,
    master: Master<'m>,
    line: LineParams,
    counts: Counts,
    heard: Vec<u8>,
    tx_done: Instant,
    /// Primary addresses whose link was reset once, 32 to a word: their frame count bit is known.
    greeted: [u32; 8],
    echo: bool,
}

impl<'m, P: Port, O: Observer> MbusLine<'m, P, O> {
    /// A bus over `port`, which is at `line` already.
    pub fn new(
        port: P,
        memory: &'m mut MbusMemory,
        line: LineParams,
        timing: MbusTiming,
        observer: O,
    ) -> Self {
        Self {
            port,
            observer,
            master: Master::new(timing.config(line), &mut memory.rx, &mut memory.tx),
            line,
            counts: Counts::default(),
            heard: Vec::new(),
            tx_done: Instant::ZERO,
            greeted: [0; 8],
            echo: false,
        }
    }

    /// The line as it is now.
    #[must_use]
    pub const fn line(&self) -> LineParams {
        self.line
    }

    /// How many frames went over the line.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// True once the level converter was found to hand back what is sent.
    #[must_use]
    pub const fn heard_echo(&self) -> bool {
        self.echo
    }

    /// The time by the port's clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.port.now()
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> &P {
        &self.port
    }

    /// The port, to look at it or to change what it simulates between two exchanges.
    pub const fn port_mut(&mut self) -> &mut P {
        &mut self.port
    }

    /// Gives the port back.
    pub fn into_port(self) -> P {
        self.port
    }

    /// Sets the speed of the line.
    ///
    /// # Errors
    /// [`Fault::Port`] where that is not possible.
    pub async fn reconfigure(&mut self, line: LineParams) -> Result<(), Fault> {
        self.ready();
        self.master.stage_line(line);
        while let Some(output) = self.master.poll(self.port.now()) {
            if let Output::Reconfigure(line) = output {
                self.port.reconfigure(line).await.map_err(Fault::Port)?;
                self.line = line;
                self.port.wait(TUNE).await.map_err(Fault::Port)?;
            }
        }
        Ok(())
    }

    /// Resets the link of a primary address: "are you there" (SND_NKE). True where exactly one E5 came, which may be
    /// several at once; 253 takes every selection back.
    ///
    /// # Errors
    /// [`Fault`] says why there is no answer.
    pub async fn ping(&mut self, address: u8) -> Result<(), Fault> {
        match self.ask(Ask::Reset(address)).await? {
            Heard::Ack => Ok(()),
            other => Err(self.fault(other, 1)),
        }
    }

    /// Sends bytes as they are and returns all that was heard behind their echo; silence is an empty answer.
    ///
    /// # Errors
    /// [`Fault::Port`], [`Fault::NeverQuiet`] and [`Fault::NoFrame`].
    pub async fn exchange_raw(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
        match self.ask(Ask::Raw(bytes)).await? {
            Heard::Raw(bytes) => Ok(bytes),
            _ => Ok(Vec::new()),
        }
    }

    /// Listens for `span` and throws away what is heard.
    pub(crate) async fn wait(&mut self, span: Duration) -> Result<(), Fault> {
        self.ready();
        let until = self.port.now() + span;
        while self.port.now() < until {
            let received = self.port.receive(until).await;
            self.take(received)?;
        }
        Ok(())
    }

    /// Makes sure that the frame count bit of a meter is known, or selects it.
    pub(super) async fn reach(&mut self, address: Address) -> Result<(), Fault> {
        match address {
            Address::Primary(number) => {
                let bit = 1 << (number & 31);
                let known = self.greeted.get(usize::from(number >> 5)).is_some_and(|word| word & bit != 0);
                if !known {
                    // Some meters leave it unanswered; a read tells more.
                    let heard = self.ask(Ask::Reset(number)).await?;
                    self.note(address, matches!(heard, Heard::Ack));
                }
                Ok(())
            }
            Address::Secondary(identity) => {
                let mut tried = 0;
                loop {
                    tried += 1;
                    match self.ask(Ask::Select(Mask::exactly(identity))).await? {
                        Heard::Ack => return Ok(()),
                        other if tried >= READ_TRIES => return Err(self.fault(other, tried)),
                        _ => {}
                    }
                }
            }
        }
    }

    /// Notes whether the frame count bit of a meter is known: not while a read-out of several telegrams is under way,
    /// so that one that was given up half-way begins anew.
    pub(super) fn note(&mut self, address: Address, known: bool) {
        if let Address::Primary(number) = address
            && let Some(word) = self.greeted.get_mut(usize::from(number >> 5))
        {
            let bit = 1 << (number & 31);
            *word = if known { *word | bit } else { *word & !bit };
        }
    }

    /// Asks a meter that was reached for its next telegram: from whom, the CI field, the data behind it; and how often
    /// was asked.
    pub(super) async fn telegram(
        &mut self,
        address: Address,
        tries: u8,
    ) -> Result<(u8, u8, Vec<u8>, u8), Fault> {
        let mut tried = 0;
        loop {
            tried += 1;
            match self.ask(Ask::Read(address.byte())).await? {
                Heard::Data { address, ci, data } => return Ok((address, ci, data, tried)),
                Heard::Ack => return Err(Fault::NoData),
                other if tried >= tries => return Err(self.fault(other, tried)),
                _ => {}
            }
        }
    }

    /// What was heard as the reason why there is no answer.
    pub(super) fn fault(&self, heard: Heard, tries: u8) -> Fault {
        match heard {
            Heard::Silence => {
                Fault::Silent { tries, waited: self.master.config().patience_for_data(), echo: self.echo }
            }
            Heard::Collision => Fault::Collision { tries },
            Heard::Noise { bytes, line } => {
                Fault::Damaged { frame: Frame::parse(&bytes).err(), line, bytes: bytes.len(), tries }
            }
            Heard::Ack | Heard::Data { .. } | Heard::Misfit | Heard::Raw(_) => Fault::Misfit,
        }
    }

    /// Gives up an exchange whose future was dropped half-way.
    fn ready(&mut self) {
        if self.master.is_busy() {
            let now = self.port.now();
            self.master.cancel(now);
        }
    }

    /// One question, and what became of it.
    pub(super) async fn ask(&mut self, ask: Ask<'_>) -> Result<Heard, Fault> {
        self.ready();
        let begun = match ask {
            Ask::Reset(address) => self.master.reset_link(address),
            Ask::Read(address) => self.master.read(address),
            Ask::Select(mask) => self.master.select(&mask),
            Ask::Send { to, ci, data } => self.master.send(to, ci, data),
            Ask::Raw(bytes) => self.master.request_raw(bytes),
        };
        begun.map_err(|error| match error {
            RequestError::Frame(fault) => Fault::NoFrame(fault),
            RequestError::Busy => Fault::NeverQuiet,
        })?;
        let started = self.port.now();
        let mut sent = false;
        loop {
            let now = self.port.now();
            match self.master.poll(now) {
                Some(Output::Transmit(bytes)) => {
                    self.heard.clear();
                    self.counts.ask();
                    let outcome = self.port.transmit(bytes).await;
                    // A port that only passes bytes on is done before the wire is.
                    let left = self.port.now().max(now + self.line.wire_time(bytes.len()));
                    self.tx_done = left;
                    self.observer.traffic(&Traffic {
                        at: left,
                        direction: Direction::Sent,
                        bytes,
                        frame: 0..bytes.len(),
                        meaning: meaning::frame(bytes),
                        about: About::default(),
                        good: true,
                    });
                    self.master.handle_tx_done(left);
                    sent = true;
                    self.port_result(outcome)?;
                }
                Some(Output::Reconfigure(line)) => {
                    let outcome = self.port.reconfigure(line).await;
                    self.line = line;
                    self.port_result(outcome)?;
                }
                Some(Output::Event(outcome)) => {
                    let heard = Heard::of(&outcome);
                    self.finish(&heard);
                    return Ok(heard);
                }
                None => {
                    let idle = now + PATIENCE;
                    if !sent && now.since(started) >= PATIENCE {
                        self.master.cancel(now);
                        return Err(Fault::NeverQuiet);
                    }
                    let until = self.master.poll_at().unwrap_or(idle).min(idle);
                    let received = self.port.receive(until).await;
                    self.take(received)?;
                }
            }
        }
    }

    fn take(&mut self, received: Result<Received, PortFault>) -> Result<(), Fault> {
        let now = self.port.now();
        match received {
            Ok(Received::Bytes(bytes)) => {
                self.heard.extend_from_slice(&bytes);
                self.master.handle_rx(now, &bytes);
            }
            Ok(Received::LineError(error)) => self.master.handle_line_error(now, error),
            Ok(Received::Quiet) => {}
            Err(fault) => return self.port_result(Err(fault)),
        }
        Ok(())
    }

    fn port_result(&mut self, outcome: Result<(), PortFault>) -> Result<(), Fault> {
        outcome.map_err(|fault| {
            let now = self.port.now();
            self.master.cancel(now);
            Fault::Port(fault)
        })
    }

    fn finish(&mut self, heard: &Heard) {
        let now = self.port.now();
        self.echo |= self.master.heard_echo();
        let good = match heard {
            Heard::Ack | Heard::Data { .. } => true,
            Heard::Raw(bytes) => !bytes.is_empty(),
            _ => false,
        };
        self.counts.hear(good, now, self.tx_done);
        let frame = meaning::place_of(&self.heard, heard);
        self.observer.traffic(&Traffic {
            at: now,
            direction: Direction::Heard,
            bytes: &self.heard,
            frame,
            meaning: meaning::heard(heard),
            about: About::default(),
            good,
        });
    }
}

impl Heard {
    fn of(outcome: &Outcome<'_>) -> Self {
        match *outcome {
            Outcome::Ack => Self::Ack,
            Outcome::Response { address, ci, data, .. } => Self::Data { address, ci, data: data.to_vec() },
            Outcome::Garbled { kind: Garble::Misfit, .. } => Self::Misfit,
            Outcome::Garbled { kind: Garble::Noise, bytes, line } => {
                Self::Noise { bytes: bytes.to_vec(), line }
            }
            // Telegrams of equal length that fall on each other bit by bit look like one with a wrong check sum.
            Outcome::Garbled { kind: Garble::Collision, .. } => Self::Collision,
            Outcome::Raw(bytes) => Self::Raw(bytes.to_vec()),
            _ => Self::Silence,
        }
    }
}
