//! [`Bench`]: meters on one simulated RS485 wire with a master at its end, in virtual or in real time.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::task::Waker;

use modbus::{LineError, LineParams, Output, Parity};
use units::{Duration, Instant};

use crate::wire::{Heard, WireFaults, damage};
use crate::{Supply, Twin};

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

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Master,
    Twin(usize),
}

/// Bytes on their way.
#[derive(Clone, Debug)]
struct Flight {
    from: Node,
    bytes: Vec<u8>,
    line: LineParams,
    end: Instant,
    collided: bool,
}

/// Meters, the wire and the master's end of it.
#[derive(Debug)]
pub struct Bench {
    now: Instant,
    factor: u32,
    twins: Vec<Twin>,
    flights: Vec<Flight>,
    master_line: LineParams,
    inbox: VecDeque<MasterEvent>,
    faults: WireFaults,
    wake_at: Option<Instant>,
    waker: Option<Waker>,
}

impl Bench {
    /// An empty bench. The master's end is at 9600 Bd, even parity, until somebody sets it.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            now,
            factor: 1,
            twins: Vec::new(),
            flights: Vec::new(),
            master_line: LineParams::new(9_600, Parity::Even),
            inbox: VecDeque::new(),
            faults: WireFaults::default(),
            wake_at: None,
            waker: None,
        }
    }

    /// Puts a meter on the wire and returns its number.
    pub fn add(&mut self, twin: Twin) -> usize {
        self.twins.push(twin);
        self.twins.len() - 1
    }

    /// Puts a meter in the place of another one; what was on the wire is gone. False where there is no such place.
    pub fn replace(&mut self, index: usize, twin: Twin) -> bool {
        let Some(place) = self.twins.get_mut(index) else { return false };
        *place = twin;
        self.flights.retain(|flight| flight.from != Node::Twin(index));
        true
    }

    /// The meters.
    #[must_use]
    pub fn twins(&self) -> &[Twin] {
        &self.twins
    }

    /// A meter.
    #[must_use]
    pub fn twin(&self, index: usize) -> Option<&Twin> {
        self.twins.get(index)
    }

    /// A meter, to press its keys.
    pub fn twin_mut(&mut self, index: usize) -> Option<&mut Twin> {
        self.twins.get_mut(index)
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How many times faster than bus time the metered time passes.
    #[must_use]
    pub fn factor(&self) -> u32 {
        self.factor
    }

    /// Lets metered time pass `factor` times faster than bus time. Keys, panel and bus stay in real time.
    pub fn set_factor(&mut self, factor: u32) {
        self.factor = factor;
    }

    /// Changes mains and loads of a meter from now on.
    pub fn set_supply(&mut self, index: usize, supply: Supply) {
        let now = self.now;
        if let Some(twin) = self.twins.get_mut(index) {
            twin.set_supply(now, supply);
        }
        if !supply.mains {
            self.flights.retain(|flight| flight.from != Node::Twin(index));
        }
    }

    /// Faults of the adapter and the wire. Unplugging loses what is on the wire.
    pub fn set_faults(&mut self, faults: WireFaults) {
        if faults.unplugged && !self.faults.unplugged {
            self.flights.retain(|flight| flight.from != Node::Master);
            self.inbox.push_back(MasterEvent::Lost);
            self.wake();
        }
        self.faults = faults;
    }

    /// Faults of the adapter and the wire.
    #[must_use]
    pub fn faults(&self) -> WireFaults {
        self.faults
    }

    // ---- the master's end

    /// Speed and parity of the master's end.
    #[must_use]
    pub fn master_line(&self) -> LineParams {
        self.master_line
    }

    /// Sets speed and parity of the master's end.
    pub fn set_master_line(&mut self, line: LineParams) {
        self.master_line = line;
    }

    /// Sends bytes from the master's end; [`MasterEvent::Sent`] tells when they have left.
    pub fn master_send(&mut self, bytes: &[u8]) {
        if self.faults.unplugged {
            self.inbox.push_back(MasterEvent::Lost);
            return;
        }
        self.launch(Node::Master, bytes, self.master_line);
    }

    /// The next thing that happened at the master's end.
    pub fn master_take(&mut self) -> Option<MasterEvent> {
        self.inbox.pop_front()
    }

    /// Asks to be woken when something happens at the master's end, or at `until`.
    pub fn master_wait(&mut self, until: Option<Instant>, waker: &Waker) {
        self.wake_at = until;
        self.waker = Some(waker.clone());
    }

    fn wake(&mut self) {
        self.wake_at = None;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    // ---- time

    fn launch(&mut self, from: Node, bytes: &[u8], line: LineParams) {
        let collided = !self.flights.is_empty();
        for flight in &mut self.flights {
            flight.collided = true;
        }
        let end = self.now + line.wire_time(bytes.len());
        self.flights.push(Flight { from, bytes: bytes.to_vec(), line, end, collided });
    }

    /// When something happens next by itself: on the wire, on a bus, or for whoever waits at the master's end.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        let flights = self.flights.iter().map(|flight| flight.end);
        let buses = self
            .twins
            .iter()
            .filter(|twin| twin.device().powered())
            .filter_map(|twin| twin.device().bus_poll_at());
        flights.chain(buses).chain(self.wake_at).min().map(|at| at.max(self.now))
    }

    /// Lets time pass up to `until`, everything in its order: wire, buses, panels and metering.
    pub fn run_until(&mut self, until: Instant) {
        loop {
            self.work();
            let Some(at) = self.next_event().filter(|at| *at <= until) else { break };
            if at > self.now {
                self.pass(at);
            } else if !self.work() {
                // Something is due that nobody can do anything about: time goes on.
                break;
            }
        }
        if until > self.now {
            self.pass(until);
        }
        self.work();
    }

    /// Bus time and metered time move together, whatever the factor; nothing happens on the wire meanwhile but what
    /// was on its way.
    pub fn jump(&mut self, span: Duration) {
        let factor = core::mem::replace(&mut self.factor, 1);
        self.run_until(self.now + span);
        self.factor = factor;
    }

    /// Moves to `at` and lets every meter know.
    fn pass(&mut self, at: Instant) {
        let metered = at.since(self.now).times(u64::from(self.factor));
        self.now = at;
        for twin in &mut self.twins {
            twin.poll(at, metered);
        }
    }

    /// Does what is due now. Returns whether there was anything.
    fn work(&mut self) -> bool {
        let mut worked = false;
        let now = self.now;
        while let Some(index) = self.flights.iter().position(|flight| flight.end <= now) {
            let flight = self.flights.remove(index);
            self.land(&flight);
            worked = true;
        }
        for index in 0..self.twins.len() {
            while let Some(sent) = self.twins.get_mut(index).and_then(|twin| {
                let line = twin.device().bus_line();
                match twin.device_mut().bus_poll(now)? {
                    Output::Transmit(bytes) => Some(Some((bytes.to_vec(), line))),
                    Output::Reconfigure(_) | Output::Event(_) => Some(None),
                }
            }) {
                worked = true;
                if let Some((bytes, line)) = sent {
                    self.launch(Node::Twin(index), &bytes, line);
                }
            }
        }
        if self.wake_at.is_some_and(|at| at <= now) {
            self.wake();
            worked = true;
        }
        worked
    }

    /// The last byte of `flight` has arrived everywhere.
    fn land(&mut self, flight: &Flight) {
        let now = self.now;
        for (index, twin) in self.twins.iter_mut().enumerate() {
            if flight.from == Node::Twin(index) {
                twin.device_mut().bus_tx_done(now);
                continue;
            }
            let own = twin.device().bus_line();
            match hear(flight, own) {
                Heard::Bytes(bytes) => twin.device_mut().bus_rx(now, &bytes),
                Heard::Damaged { before, error } => {
                    twin.device_mut().bus_rx(now, &before);
                    twin.device_mut().bus_line_error(now, error);
                }
            }
        }
        let own = flight.from == Node::Master;
        if !self.faults.unplugged && (!own || self.faults.echo) {
            match hear(flight, self.master_line) {
                Heard::Bytes(bytes) => self.inbox.push_back(MasterEvent::Bytes(bytes)),
                Heard::Damaged { before, error } => {
                    if !before.is_empty() {
                        self.inbox.push_back(MasterEvent::Bytes(before));
                    }
                    self.inbox.push_back(MasterEvent::LineError(error));
                }
            }
        }
        if own {
            self.inbox.push_back(MasterEvent::Sent);
        }
        if !self.inbox.is_empty() {
            self.wake();
        }
    }
}

/// What a receiver makes of bytes that may have met others on the wire.
fn hear(flight: &Flight, own: LineParams) -> Heard {
    if flight.collided {
        return Heard::Damaged { before: Vec::new(), error: LineError::Framing };
    }
    damage(&flight.bytes, flight.line, own)
}
