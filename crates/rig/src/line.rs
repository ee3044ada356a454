//! One wire in time: who speaks on it, what each receiver has read of it so far, and what waits at the master's end.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::task::Waker;

use schema::PortId;
use units::{Duration, Instant, LineError, LineParams};

use crate::copper::{Character, Hears, Meeting, Node, Receiver, Signal, chance, nanos};
use crate::tap::Tap;
use crate::wire::WireFaults;

/// Tells the chance of noise from that of collisions.
const NOISE: u64 = 0x6E6F_6973;
/// As many bytes an adapter with a latency hands over at once without waiting: a USB packet of 64 has two of status.
const PACKET: usize = 62;

/// What the master's end of the wire has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MasterEvent {
    /// Bytes have arrived.
    Bytes(Vec<u8>),
    /// A damaged character has arrived.
    LineError(LineError),
    /// The last stop bit of what was sent has left.
    Sent,
    /// The adapter is gone.
    Lost,
}

/// Something on its way whose end is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    pub(crate) from: Node,
    pub(crate) end: Instant,
}

/// A character that a receiver has read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) start: u64,
    pub(crate) end: Instant,
    pub(crate) heard: Result<u8, LineError>,
    /// Noise made another one of it.
    pub(crate) extra: Option<u8>,
}

/// All receivers of one kind: they read the same.
#[derive(Debug)]
pub(crate) struct Ear {
    pub(crate) receiver: Receiver,
    /// From where on it looks for a character, in ns.
    from: u64,
    next: Option<Character>,
}

impl Ear {
    /// When the next character ends.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        self.next.map(|next| next.end)
    }

    pub(crate) fn new(receiver: Receiver, from: u64) -> Self {
        Self { receiver, from, next: None }
    }
}

/// One wire: the RS485 pair, the M-Bus pair, or the light between a head and the meter that it sits on.
#[derive(Debug)]
pub(crate) struct Wire {
    port: PortId,
    signals: Vec<Signal>,
    pub(crate) sendings: Vec<Sending>,
    /// The receivers of the meters.
    ears: Vec<Ear>,
    master: Ear,
    /// More ends than the master's.
    pub(crate) taps: Vec<Tap>,
    faults: WireFaults,
    pub(crate) seed: u64,
    pub(crate) latency: Duration,
    /// What the adapter has not handed over yet, and when it will.
    held: Vec<u8>,
    held_until: Instant,
    inbox: VecDeque<MasterEvent>,
    pub(crate) wake_at: Option<Instant>,
    waker: Option<Waker>,
}

impl Wire {
    pub(crate) fn new(port: PortId, line: LineParams) -> Self {
        let mut wire = Self {
            port,
            signals: Vec::new(),
            sendings: Vec::new(),
            ears: Vec::new(),
            master: Ear::new(Receiver { line, hears: Hears::All, inverted: false }, 0),
            taps: Vec::new(),
            faults: WireFaults::default(),
            seed: 1,
            latency: Duration::ZERO,
            held: Vec::new(),
            held_until: Instant::ZERO,
            inbox: VecDeque::new(),
            wake_at: None,
            waker: None,
        };
        wire.master.receiver.hears = wire.master_hears();
        wire
    }

    pub(crate) fn faults(&self) -> WireFaults {
        self.faults
    }

    pub(crate) fn master_line(&self) -> LineParams {
        self.master.receiver.line
    }

    pub(crate) fn set_master_line(&mut self, now: Instant, line: LineParams) {
        if line != self.master.receiver.line {
            self.master.receiver.line = line;
            self.master.from = self.master.from.max(nanos(now));
            self.listen();
        }
    }

    /// What a meter on this wire hears.
    pub(crate) fn meters_hear(&self) -> Hears {
        if self.port == PortId::Modbus { Hears::All } else { Hears::Master }
    }

    fn master_hears(&self) -> Hears {
        if self.port == PortId::Modbus || self.faults.echo { Hears::All } else { Hears::Meters }
    }

    pub(crate) fn set_faults(&mut self, now: Instant, faults: WireFaults) {
        if faults.unplugged && !self.faults.unplugged {
            self.cut(now, |from| from == Node::Master);
            self.held.clear();
            self.inbox.push_back(MasterEvent::Lost);
            self.wake();
        }
        if faults.short && !self.faults.short {
            // Who sends does not notice.
            for signal in &mut self.signals {
                signal.cut(now);
            }
        }
        self.faults = faults;
        self.master.receiver.hears = self.master_hears();
        self.listen();
    }

    /// Somebody stops in the middle: what was said is said, the end never comes.
    pub(crate) fn cut(&mut self, now: Instant, who: impl Fn(Node) -> bool) {
        self.sendings.retain(|sending| !who(sending.from));
        for signal in self.signals.iter_mut().filter(|signal| who(signal.from)) {
            signal.cut(now);
        }
        self.listen();
    }

    /// Another numbering of the meters: a place that is gone, or a new one.
    pub(crate) fn renumber(&mut self, change: impl Fn(Node) -> Node) {
        for signal in &mut self.signals {
            signal.from = change(signal.from);
        }
        for sending in &mut self.sendings {
            sending.from = change(sending.from);
        }
    }

    /// Makes sure that somebody reads for these receivers. Those of nobody go when the wire is silent.
    pub(crate) fn attend(&mut self, now: Instant, receivers: impl Iterator<Item = Receiver>) {
        if self.signals.is_empty() {
            self.ears.clear();
        }
        for receiver in receivers {
            if !self.ears.iter().any(|ear| ear.receiver == receiver) {
                self.ears.push(Ear::new(receiver, nanos(now)));
            }
        }
    }

    /// Puts bytes on the wire. Where `heard` is false, they are sent and nobody hears them.
    pub(crate) fn launch(
        &mut self,
        now: Instant,
        from: Node,
        bytes: &[u8],
        line: LineParams,
        inverted: bool,
        heard: bool,
    ) {
        self.sendings.push(Sending { from, end: now + line.wire_time(bytes.len()) });
        if self.faults.short || !heard {
            return;
        }
        let signal = Signal::from(from, now, line, bytes, inverted);
        if from == Node::Master && self.port == PortId::Modbus && !self.faults.echo {
            // The receiver of the adapter is off while its driver is on.
            self.master.from = self.master.from.max(signal.end_ns());
        }
        if let Node::Tap(tap) = from
            && let Some(tap) = self.taps.get_mut(tap)
        {
            tap.ear.from = tap.ear.from.max(signal.end_ns());
        }
        self.signals.push(signal);
        self.listen();
    }

    fn meeting(&self) -> Meeting {
        if self.port == PortId::Modbus { Meeting::Fight(self.seed) } else { Meeting::SpaceWins }
    }

    /// Every receiver looks for its next character anew; forgets what all of them have heard.
    fn listen(&mut self) {
        let meeting = self.meeting();
        let taps = self.taps.iter_mut().map(|tap| &mut tap.ear);
        for ear in self.ears.iter_mut().chain([&mut self.master]).chain(taps) {
            ear.next = ear.receiver.next(&self.signals, meeting, ear.from);
        }
        self.forget();
    }

    fn forget(&mut self) {
        let ears = || self.ears.iter().chain([&self.master]).chain(self.taps.iter().map(|tap| &tap.ear));
        let needed = ears().filter(|ear| ear.next.is_some()).map(|ear| ear.from).min().unwrap_or(u64::MAX);
        self.signals.retain(|signal| signal.end_ns() >= needed);
    }

    /// True where somebody speaks, or something that was said has not been read to its end.
    pub(crate) fn is_busy(&self) -> bool {
        !self.sendings.is_empty() || !self.signals.is_empty() || !self.held.is_empty()
    }

    /// True where this one speaks at some time between these two, in ns.
    pub(crate) fn speaks(&self, who: Node, from: u64, to: u64) -> bool {
        self.signals.iter().any(|signal| signal.from == who && signal.overlaps(from, to))
    }

    /// When the next character of any receiver ends.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        self.ears.iter().chain([&self.master]).filter_map(|ear| ear.next).map(|next| next.end).min()
    }

    /// The next character of any receiver up to `until`: which one read it, `None` for the master's, and what.
    pub(crate) fn read(&mut self, until: Instant) -> Option<(Option<Receiver>, Read)> {
        let end = |ear: &Ear| ear.next.map(|next| next.end);
        let (mut which, mut best) = (None, end(&self.master));
        for (index, ear) in self.ears.iter().enumerate() {
            // Meters first: at the same time, an answer is not to overtake its reader.
            if let Some(at) = end(ear)
                && best.is_none_or(|best| at <= best)
            {
                (which, best) = (Some(index), Some(at));
            }
        }
        best.filter(|at| *at <= until)?;
        let meeting = self.meeting();
        let ear = match which {
            Some(index) => self.ears.get_mut(index)?,
            None => &mut self.master,
        };
        let receiver = ear.receiver;
        let mut character = ear.next.take()?;
        ear.from = character.next;
        ear.next = receiver.next(&self.signals, meeting, ear.from);
        if ear.next.is_none() {
            self.forget();
        }
        let extra = self.garble(&mut character, receiver.line);
        let heard = character.judge(receiver.line);
        let read = Read { start: character.start, end: character.end, heard, extra };
        Some((which.map(|_| receiver), read))
    }

    /// The further ends read what has ended by `until`.
    pub(crate) fn read_taps(&mut self, until: Instant) {
        let meeting = self.meeting();
        for at in 0..self.taps.len() {
            while let Some(tap) = self.taps.get_mut(at) {
                let Some(mut character) = tap.ear.next.take_if(|next| next.end <= until) else { break };
                let receiver = tap.ear.receiver;
                tap.ear.from = character.next;
                tap.ear.next = receiver.next(&self.signals, meeting, character.next);
                let extra = self.garble(&mut character, receiver.line);
                let heard = character.judge(receiver.line);
                let read = Read { start: character.start, end: character.end, heard, extra };
                if let Some(tap) = self.taps.get_mut(at) {
                    tap.arrive(read);
                }
            }
        }
        if !self.taps.is_empty() {
            self.forget();
        }
    }

    pub(crate) fn set_tap_line(&mut self, now: Instant, tap: usize, line: LineParams) {
        if let Some(tap) = self.taps.get_mut(tap) {
            tap.ear.receiver.line = line;
            tap.ear.from = tap.ear.from.max(nanos(now));
            self.listen();
        }
    }

    /// Noise and reflections hit all receivers of a speed alike.
    fn garble(&self, character: &mut Character, line: LineParams) -> Option<u8> {
        let hits = self.faults.hits(self.port, line.baud);
        if hits == 0 {
            return None;
        }
        let draw = chance(self.seed ^ NOISE, character.end.as_micros());
        if draw % 1_000 >= u64::from(hits) {
            return None;
        }
        let burst = [1u16, 1, 3, 7].get((draw >> 16 & 3) as usize).copied().unwrap_or(1);
        let width = u64::from(line.char_bits() - 1);
        character.bits ^= burst << ((draw >> 24) % width);
        let [.., extra] = draw.to_be_bytes();
        (draw >> 32 & 7 == 0).then_some(extra)
    }

    // ---- the master's end

    /// The master's end has read a character.
    pub(crate) fn arrive(&mut self, read: Read) {
        if self.faults.unplugged {
            return;
        }
        match read.heard {
            Ok(byte) => {
                if self.held.is_empty() {
                    self.held_until = read.end + self.latency;
                }
                self.held.push(byte);
                self.held.extend(read.extra);
                if self.held.len() >= PACKET {
                    self.held_until = read.end;
                }
                self.hand_over(read.end);
            }
            Err(error) => {
                self.hand_over(Instant::from_micros(u64::MAX));
                self.inbox.push_back(MasterEvent::LineError(error));
                self.wake();
            }
        }
    }

    /// The adapter hands over what it has held for long enough. True where there was something.
    pub(crate) fn hand_over(&mut self, now: Instant) -> bool {
        if self.held.is_empty() || now < self.held_until {
            return false;
        }
        let held = core::mem::take(&mut self.held);
        if let Some(MasterEvent::Bytes(bytes)) = self.inbox.back_mut() {
            bytes.extend_from_slice(&held);
        } else {
            self.inbox.push_back(MasterEvent::Bytes(held));
        }
        self.wake();
        true
    }

    /// Something happened at the master's end.
    pub(crate) fn tell(&mut self, event: MasterEvent) {
        self.inbox.push_back(event);
        self.wake();
    }

    pub(crate) fn take(&mut self, now: Instant) -> Option<MasterEvent> {
        self.hand_over(now);
        self.inbox.pop_front()
    }

    pub(crate) fn wait(&mut self, until: Option<Instant>, waker: &Waker) {
        self.wake_at = until;
        self.waker = Some(waker.clone());
    }

    pub(crate) fn wake(&mut self) {
        self.wake_at = None;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// When something happens here by itself. Characters are waited for only where somebody waits for them: else they
    /// are read when time has passed, as of the time at which they ended.
    pub(crate) fn due(&self) -> Option<Instant> {
        let ends = self.sendings.iter().map(|sending| sending.end);
        let waited = self.waker.as_ref().map(|_| {
            let held = (!self.held.is_empty()).then_some(self.held_until);
            let read = self.master.next.filter(|_| self.latency == Duration::ZERO || self.held.is_empty());
            held.into_iter().chain(read.map(|next| next.end)).min()
        });
        let taps = self.taps.iter().filter_map(Tap::due);
        ends.chain(self.wake_at).chain(waited.flatten()).chain(taps).min()
    }
}
