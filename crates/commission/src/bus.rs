//! [`Bus`]: one question, one answer; and [`Line`], the bus over a [`Port`].

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use modbus::{
    Client, ClientConfig, Echo, Evidence, Exception, FRAME_BUFFER, FrameFault, Framing, LISTEN_BUFFER,
    LineParams, Outcome, Output, Request, RequestError, pdu, rtu,
};
use models::Entry;
use units::{Duration, Instant};

use crate::diagnosis::Tally;
use crate::meaning::{self, About};
use crate::overheard::{Others, Overheard};
use crate::port::{Port, PortFault, Received};
use crate::radio;

/// How often a read is asked before it counts as unanswered.
pub const READ_TRIES: u8 = 3;

/// How long a line may chatter before a question is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an adapter gets after a change of speed or parity before it must send.
const TUNE: Duration = Duration::from_millis(20);

/// Where a meter is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Speed and parity.
    pub line: LineParams,
    /// Modbus id. Range: 1 to 247; 0 asks whoever is there.
    pub unit: u8,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.line.is_radio() { "over" } else { "at" };
        write!(f, "id {} {at} {}", self.unit, self.line)
    }
}

/// An answer that fits its question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Who answered.
    pub unit: u8,
    /// The registers that were read; none for a write.
    pub words: Vec<u16>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The port does not work.
    Port(PortFault),
    /// No whole answer came.
    Silent {
        /// The fault that explains most, of the last try.
        fault: modbus::Fault,
        /// All that was seen in the last try.
        evidence: Evidence,
        /// How often was asked.
        tries: u8,
        /// How long each time was waited.
        waited: Duration,
    },
    /// The meter refused.
    Refused(Exception),
    /// One copy of a write was heard that is its answer or its own echo.
    Unconfirmed,
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
            Self::Silent { fault, .. } => fault.fmt(f),
            Self::Refused(exception) => exception.fmt(f),
            Self::Unconfirmed => f.write_str("what was heard may be the echo of the request"),
            Self::NeverQuiet => f.write_str("others kept talking on the line, so nothing was sent"),
            Self::NoFrame(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for Fault {}

/// One question, one answer: all that a workflow needs.
pub trait Bus {
    /// Asks the meter of [`Bus::place`], a read up to `tries` times. A write goes out once, whatever `tries` says.
    ///
    /// # Errors
    /// [`Fault`] says why there is no answer; after a write it says nothing about what the meter did.
    async fn exchange(&mut self, request: &Request<'_>, tries: u8) -> Result<Answer, Fault>;

    /// Sets speed and parity of the line.
    ///
    /// # Errors
    /// [`Fault::Port`] where that is not possible.
    async fn reconfigure(&mut self, line: LineParams) -> Result<(), Fault>;

    /// Listens for `span` and throws away what is heard.
    ///
    /// # Errors
    /// [`Fault::Port`] where the port goes meanwhile.
    async fn wait(&mut self, span: Duration) -> Result<(), Fault>;

    /// Speaks to another id from now on.
    fn set_unit(&mut self, unit: u8);

    /// Whether silence is what is hoped for: the answer that nobody gives is no bad one then.
    fn hope_for_silence(&mut self, _hope: bool) {}

    /// Where the meter is spoken to now.
    fn place(&self) -> Place;

    /// The time by the port's clock.
    fn now(&self) -> Instant;
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From us to the line.
    Sent,
    /// From the line to us.
    Heard,
}

/// A frame that went over the line, or what came instead of one.
#[derive(Clone, Debug)]
pub struct Traffic<'a> {
    /// When its last byte was seen.
    pub at: Instant,
    /// Which way.
    pub direction: Direction,
    /// All bytes, an echo and noise included. None where nothing was heard in time, and none where they would give a
    /// password away.
    pub bytes: &'a [u8],
    /// Where in `bytes` the answer stands, as far as that is known.
    pub frame: core::ops::Range<usize>,
    /// What it means, in words.
    pub meaning: String,
    /// What is known of the meter, to explain its bytes.
    pub about: About,
    /// False for a refusal, damage and silence.
    pub good: bool,
}

/// Somebody who wants to see the traffic: a list on a page, a log in a terminal.
pub trait Observer {
    /// A frame went over the line.
    fn traffic(&mut self, traffic: &Traffic<'_>);
}

impl Observer for () {
    fn traffic(&mut self, _traffic: &Traffic<'_>) {}
}

impl<F: FnMut(&Traffic<'_>)> Observer for F {
    fn traffic(&mut self, traffic: &Traffic<'_>) {
        self(traffic);
    }
}

/// How many frames went over a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Questions sent.
    pub sent: u32,
    /// Whole answers, refusals included.
    pub good: u32,
    /// Questions without a whole answer.
    pub bad: u32,
    /// When the last whole answer came.
    pub last_answer: Option<Instant>,
    /// The time from the end of the last answered question to the end of its answer.
    pub last_delay: Option<Duration>,
}

impl Counts {
    /// A question goes out.
    pub(crate) fn ask(&mut self) {
        self.sent = self.sent.saturating_add(1);
    }

    /// What came of a question at `now` whose last byte left at `asked`: a whole answer, or none.
    pub(crate) fn hear(&mut self, good: bool, now: Instant, asked: Instant) {
        if good {
            self.good = self.good.saturating_add(1);
            self.last_answer = Some(now);
            self.last_delay = Some(now.since(asked));
        } else {
            self.bad = self.bad.saturating_add(1);
        }
    }
}

/// What carries the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Modbus RTU: a serial line, or its bytes over TCP.
    Rtu,
    /// Modbus TCP.
    Tcp,
}

/// How long a line waits. The wire time of question and answer is added to these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The longest time a meter takes before it answers.
    pub reply_delay: Duration,
    /// What is added for scheduling on both sides.
    pub margin: Duration,
    /// What an adapter keeps bytes back for: 16 ms with common USB adapters.
    pub latency: Duration,
}

impl Default for Timing {
    /// 500 ms for the meter, since answers 400 ms late are seen in the field; 100 ms of margin; 16 ms of latency.
    fn default() -> Self {
        Self {
            reply_delay: Duration::from_millis(500),
            margin: Duration::from_millis(100),
            latency: Duration::from_millis(16),
        }
    }
}

/// The buffers of a [`Line`].
#[derive(Clone, Debug)]
pub struct LineMemory {
    rx: [u8; LISTEN_BUFFER],
    tx: [u8; FRAME_BUFFER],
}

impl Default for LineMemory {
    fn default() -> Self {
        Self { rx: [0; LISTEN_BUFFER], tx: [0; FRAME_BUFFER] }
    }
}

/// A bus over a port: frames, tries, time-outs, counts.
#[derive(Debug)]
pub struct Line<'m, P, O = ()> {
    port: P,
    observer: O,
    client: Client<'m>,
    timing: Timing,
    place: Place,
    about: About,
    counts: Counts,
    tally: Tally,
    overheard: Overheard,
    /// A question is out, so that what is heard now is heard behind it.
    asking: bool,
    heard: Vec<u8>,
    tx_done: Instant,
    silence_hoped: bool,
}

impl<'m, P: Port, O: Observer> Line<'m, P, O> {
    /// A bus over `port`, which is at the speed and parity of `place` already.
    pub fn new(
        port: P,
        memory: &'m mut LineMemory,
        transport: Transport,
        place: Place,
        timing: Timing,
        observer: O,
    ) -> Self {
        let config = match transport {
            Transport::Rtu => ClientConfig::serial(place.line),
            Transport::Tcp => ClientConfig::tcp(),
        };
        let client = Client::new(config, &mut memory.rx, &mut memory.tx);
        Self {
            port,
            observer,
            client,
            timing,
            place,
            about: About::default(),
            counts: Counts::default(),
            tally: Tally::default(),
            overheard: Overheard::default(),
            asking: false,
            heard: Vec::new(),
            tx_done: Instant::ZERO,
            silence_hoped: false,
        }
    }

    /// Names the traffic with the words of this model from now on, as those of a meter of which nothing was read yet.
    pub fn set_entry(&mut self, entry: Option<&'static Entry>) {
        self.about = About::of(entry);
    }

    /// How long the line waits from now on.
    pub fn set_timing(&mut self, timing: Timing) {
        self.timing = timing;
    }

    /// How many frames went over the line.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What became of the questions, for [`crate::diagnosis::diagnose`].
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Units that somebody else was heard asking.
    #[must_use]
    pub fn masters(&self) -> &[u8] {
        self.overheard.masters()
    }

    /// Whether the adapter echoes, as far as known.
    #[must_use]
    pub const fn echo(&self) -> Echo {
        self.client.echo()
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

    /// Sends `frame` as it is, without adding a check, and returns all that was heard behind its echo.
    ///
    /// # Errors
    /// [`Fault::Port`], [`Fault::NeverQuiet`] and [`Fault::NoFrame`]; silence is an empty answer.
    pub async fn exchange_raw(&mut self, frame: &[u8]) -> Result<Vec<u8>, Fault> {
        self.ready();
        let within = self.within(frame.len(), rtu::MAX_FRAME);
        let now = self.port.now();
        self.client.request_raw(now, frame, within).map_err(no_frame)?;
        let asked = rtu::parse_request(frame).ok().map(|(_, request)| request);
        let done = self.run(asked.as_ref(), within).await?;
        match done {
            Done::Raw(bytes) => Ok(bytes),
            Done::Answer(_) | Done::Fault(_) => Ok(Vec::new()),
        }
    }

    /// Gives up an exchange whose future was dropped half-way.
    fn ready(&mut self) {
        self.asking = false;
        if self.client.is_busy() {
            let now = self.port.now();
            self.client.cancel(now);
        }
    }

    fn within(&self, sent: usize, expected: usize) -> Duration {
        let Timing { reply_delay, margin, latency } = self.timing;
        self.place.line.wire_time(sent + expected) + reply_delay + margin + latency
    }

    async fn once(&mut self, request: &Request<'_>) -> Result<Answer, Fault> {
        self.ready();
        let expected = match request {
            Request::ReadHolding { count, .. } | Request::ReadInput { count, .. } => {
                5 + 2 * usize::from(*count)
            }
            Request::WriteSingle { .. } | Request::WriteMultiple { .. } => 8,
            Request::Other { .. } => rtu::MAX_FRAME,
        };
        let within = self.within(rtu::emitted_request_len(request), expected.min(rtu::MAX_FRAME));
        let now = self.port.now();
        self.client.request(now, self.place.unit, request, within).map_err(no_frame)?;
        match self.run(Some(request), within).await? {
            Done::Answer(answer) => Ok(answer),
            Done::Fault(fault) => Err(fault),
            Done::Raw(_) => Ok(Answer::default()),
        }
    }

    /// Drives the client until it has an outcome.
    async fn run(&mut self, request: Option<&Request<'_>>, within: Duration) -> Result<Done, Fault> {
        let started = self.port.now();
        let mut sent = false;
        // In a stream and on the radio there is nobody else.
        let heeds = !self.place.line.is_radio() && self.client.config().framing != Framing::Mbap;
        loop {
            let now = self.port.now();
            match self.client.poll(now) {
                Some(Output::Transmit(bytes)) => {
                    // What came before the question is no answer to it, but tells who else is there.
                    if heeds {
                        self.tally.note_others(self.overheard.hear(&self.heard));
                        self.overheard.ask(bytes);
                    }
                    self.heard.clear();
                    self.asking = true;
                    self.counts.ask();
                    let outcome = self.port.transmit(bytes).await;
                    self.tx_done = self.port.now();
                    let meaning = meaning::of_request(self.about, request);
                    let shown = if request.is_some_and(radio::is_secret) { &[] } else { bytes };
                    self.observer.traffic(&Traffic {
                        at: self.tx_done,
                        direction: Direction::Sent,
                        bytes: shown,
                        frame: 0..shown.len(),
                        meaning,
                        about: self.about,
                        good: true,
                    });
                    self.client.handle_tx_done(self.tx_done);
                    sent = true;
                    self.port_result(outcome)?;
                }
                Some(Output::Reconfigure(line)) => {
                    let outcome = self.port.reconfigure(line).await;
                    self.port_result(outcome)?;
                }
                Some(Output::Event(outcome)) => {
                    let done = Done::of(&outcome, within);
                    self.asking = false;
                    let others = if heeds { self.overheard.hear(&self.heard) } else { Others::default() };
                    self.about.learn(request, &outcome);
                    let meaning = meaning::of_outcome(self.about, request, &outcome, self.place, within);
                    if request.is_some_and(radio::is_secret) {
                        // An echo of it is among what was heard.
                        self.heard.clear();
                    }
                    let frame = place_of(&self.heard, &outcome);
                    self.note_around(&done, others);
                    self.finish(&done, meaning, frame);
                    self.heard.clear();
                    return Ok(done);
                }
                None => {
                    let idle = now + PATIENCE;
                    if !sent && now.since(started) >= PATIENCE {
                        self.client.cancel(now);
                        return Err(Fault::NeverQuiet);
                    }
                    let until = self.client.poll_at().unwrap_or(idle).min(idle);
                    let received = self.port.receive(until).await;
                    self.take(received)?;
                }
            }
        }
    }

    /// Counts what was heard beside an outcome, and what was missing.
    fn note_around(&mut self, done: &Done, others: Others) {
        self.tally.note_others(others);
        if self.silence_hoped {
            return;
        }
        match done {
            Done::Fault(Fault::Silent { fault: modbus::Fault::WrongUnit(_), .. }) if others.strange == 0 => {
                self.tally.late = self.tally.late.saturating_add(1);
            }
            Done::Fault(Fault::Silent { fault: modbus::Fault::NoAnswer, .. })
                if self.client.echo() == Echo::Yes =>
            {
                self.tally.mute = self.tally.mute.saturating_add(1);
            }
            _ => {}
        }
    }

    fn take(&mut self, received: Result<Received, PortFault>) -> Result<(), Fault> {
        let now = self.port.now();
        match received {
            Ok(Received::Bytes(bytes)) => {
                self.heard.extend_from_slice(&bytes);
                self.client.handle_rx(now, &bytes);
            }
            Ok(Received::LineError(error)) => {
                if !self.asking {
                    self.tally.note_idle(error);
                }
                self.client.handle_line_error(now, error);
            }
            Ok(Received::Quiet) => {}
            Err(fault) => return self.port_result(Err(fault)),
        }
        Ok(())
    }

    fn port_result(&mut self, outcome: Result<(), PortFault>) -> Result<(), Fault> {
        outcome.map_err(|fault| {
            let now = self.port.now();
            self.client.cancel(now);
            self.asking = false;
            Fault::Port(fault)
        })
    }

    fn finish(&mut self, done: &Done, meaning: String, frame: core::ops::Range<usize>) {
        let now = self.port.now();
        if self.silence_hoped
            && let Done::Fault(Fault::Silent { evidence, .. }) = done
            && evidence.bytes == 0
            && evidence.line.is_none()
        {
            let meaning = format!("Nobody answers at id {}: it is free.", self.place.unit);
            let heard = Direction::Heard;
            self.observer.traffic(&Traffic {
                at: now,
                direction: heard,
                bytes: &[],
                frame: 0..0,
                meaning,
                about: self.about,
                good: true,
            });
            return;
        }
        let good = match done {
            Done::Answer(_) | Done::Fault(Fault::Refused(_)) => true,
            Done::Raw(bytes) => !bytes.is_empty(),
            Done::Fault(_) => false,
        };
        self.counts.hear(good, now, self.tx_done);
        let refused = match done {
            Done::Answer(_) => false,
            Done::Fault(_) => true,
            // Of a frame sent by hand nothing but its bytes tells: the function of an exception has its top bit set.
            Done::Raw(_) => {
                self.heard.get(frame.start.saturating_add(1)).is_some_and(|code| code & 0x80 != 0)
            }
        };
        self.observer.traffic(&Traffic {
            at: now,
            direction: Direction::Heard,
            bytes: &self.heard,
            frame,
            meaning,
            about: self.about,
            good: good && !refused,
        });
    }
}

impl<P: Port, O: Observer> Bus for Line<'_, P, O> {
    async fn exchange(&mut self, request: &Request<'_>, tries: u8) -> Result<Answer, Fault> {
        let repeatable = matches!(request, Request::ReadHolding { .. } | Request::ReadInput { .. });
        let tries = if repeatable { tries.max(1) } else { 1 };
        let mut tried = 0;
        loop {
            tried += 1;
            let outcome = self.once(request).await;
            if !self.silence_hoped {
                self.tally.note(&outcome);
            }
            match outcome {
                Err(Fault::Silent { fault, evidence, waited, .. }) => {
                    if tried >= tries || matches!(fault, modbus::Fault::Stream(_)) {
                        return Err(Fault::Silent { fault, evidence, tries: tried, waited });
                    }
                }
                other => return other,
            }
        }
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), Fault> {
        self.ready();
        self.client.stage_line(line);
        while let Some(output) = self.client.poll(self.port.now()) {
            if let Output::Reconfigure(line) = output {
                self.port.reconfigure(line).await.map_err(Fault::Port)?;
                self.place.line = line;
                self.port.wait(TUNE).await.map_err(Fault::Port)?;
            }
        }
        Ok(())
    }

    async fn wait(&mut self, span: Duration) -> Result<(), Fault> {
        self.ready();
        let until = self.port.now() + span;
        while self.port.now() < until {
            let received = self.port.receive(until).await;
            self.take(received)?;
        }
        Ok(())
    }

    fn set_unit(&mut self, unit: u8) {
        if unit != self.place.unit {
            // Another meter, or the same one: what was read of it is asked again either way.
            self.about.data_type = None;
        }
        self.place.unit = unit;
    }

    fn hope_for_silence(&mut self, hope: bool) {
        self.silence_hoped = hope;
    }

    fn place(&self) -> Place {
        self.place
    }

    fn now(&self) -> Instant {
        self.port.now()
    }
}

enum Done {
    Answer(Answer),
    Raw(Vec<u8>),
    Fault(Fault),
}

impl Done {
    fn of(outcome: &Outcome<'_>, waited: Duration) -> Self {
        match *outcome {
            Outcome::Reply(reply) => {
                let words = match reply.response {
                    pdu::Response::Read { words, .. } => words.iter().collect(),
                    _ => Vec::new(),
                };
                Self::Answer(Answer { unit: reply.unit, words })
            }
            Outcome::Refused { exception, .. } => Self::Fault(Fault::Refused(exception)),
            Outcome::Unconfirmed { .. } => Self::Fault(Fault::Unconfirmed),
            Outcome::Sent => Self::Answer(Answer::default()),
            Outcome::Raw { bytes, .. } => Self::Raw(bytes.to_vec()),
            Outcome::Failed { fault, evidence } => {
                Self::Fault(Fault::Silent { fault, evidence, tries: 1, waited })
            }
        }
    }
}

/// Where the answer stands in what was heard: behind echo and noise, the last frame that its check bears out.
fn place_of(heard: &[u8], outcome: &Outcome<'_>) -> core::ops::Range<usize> {
    if !matches!(outcome, Outcome::Reply(_) | Outcome::Refused { .. }) {
        return 0..heard.len();
    }
    (0..heard.len())
        .rev()
        .find_map(|start| {
            let run = heard.get(start..)?;
            let rtu::FrameLen::Exactly(len) = rtu::response_len(run) else { return None };
            modbus::crc::holds(run.get(..len)?).then_some(start..start + len)
        })
        .unwrap_or(0..heard.len())
}

fn no_frame(error: RequestError) -> Fault {
    match error {
        RequestError::Frame(fault) => Fault::NoFrame(fault),
        _ => Fault::NeverQuiet,
    }
}
