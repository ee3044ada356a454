//! [`Bench`]: meters on one rail with the wires between their terminals and a master at the end of each wire, in
//! virtual or in real time.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::task::Waker;

use device::PortOutput;
use schema::PortId;
use units::{Duration, Instant, LineError, LineParams};

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

/// One wire: the RS485 pair, the M-Bus pair, or the light between a head and the meter that it sits on.
#[derive(Debug)]
struct Wire {
    flights: Vec<Flight>,
    master_line: LineParams,
    inbox: VecDeque<MasterEvent>,
    faults: WireFaults,
    wake_at: Option<Instant>,
    waker: Option<Waker>,
}

impl Wire {
    fn new(line: LineParams) -> Self {
        Self {
            flights: Vec::new(),
            master_line: line,
            inbox: VecDeque::new(),
            faults: WireFaults::default(),
            wake_at: None,
            waker: None,
        }
    }

    fn wake(&mut self) {
        self.wake_at = None;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn launch(&mut self, now: Instant, from: Node, bytes: &[u8], line: LineParams) {
        let collided = !self.flights.is_empty();
        for flight in &mut self.flights {
            flight.collided = true;
        }
        let end = now + line.wire_time(bytes.len());
        self.flights.push(Flight { from, bytes: bytes.to_vec(), line, end, collided });
    }

    /// What the master's end hears of bytes that have arrived.
    fn hear(&mut self, flight: &Flight) {
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

/// Meters, the wires and the master's end of each.
#[derive(Debug)]
pub struct Bench {
    now: Instant,
    factor: u32,
    twins: Vec<Twin>,
    rs485: Wire,
    mbus: Wire,
    light: Wire,
    /// The meter that the optical head sits on.
    head_on: Option<usize>,
}

impl Bench {
    /// An empty bench. The master's end of each wire is at 9600 Bd, even parity, the optical head at 300 Bd with seven
    /// data bits, until somebody sets them.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            now,
            factor: 1,
            twins: Vec::new(),
            rs485: Wire::new(LineParams::even(9_600)),
            mbus: Wire::new(LineParams::even(9_600)),
            light: Wire::new(LineParams::optical(300)),
            head_on: None,
        }
    }

    fn wire(&self, port: PortId) -> &Wire {
        match port {
            PortId::Modbus => &self.rs485,
            PortId::Mbus => &self.mbus,
            PortId::Optical => &self.light,
        }
    }

    fn wire_mut(&mut self, port: PortId) -> &mut Wire {
        match port {
            PortId::Modbus => &mut self.rs485,
            PortId::Mbus => &mut self.mbus,
            PortId::Optical => &mut self.light,
        }
    }

    /// True where the meter hangs on the wire of that kind.
    fn connected(&self, index: usize, port: PortId) -> bool {
        match port {
            PortId::Optical => self.head_on == Some(index),
            _ => self.twins.get(index).is_some_and(|twin| twin.entry().def.has(port)),
        }
    }

    /// Puts a meter on the rail, its terminals on the wires, and returns its number.
    pub fn add(&mut self, twin: Twin) -> usize {
        self.twins.push(twin);
        self.twins.len() - 1
    }

    /// Takes a meter from the rail; those behind it move up by one. False where there is no such place.
    pub fn remove(&mut self, index: usize) -> bool {
        if index >= self.twins.len() {
            return false;
        }
        self.twins.remove(index);
        for port in PortId::ALL {
            let flights = &mut self.wire_mut(port).flights;
            flights.retain(|flight| flight.from != Node::Twin(index));
            for flight in flights {
                if let Node::Twin(other) = &mut flight.from
                    && *other > index
                {
                    *other -= 1;
                }
            }
        }
        self.head_on = match self.head_on {
            Some(on) if on == index => None,
            Some(on) if on > index => Some(on - 1),
            on => on,
        };
        true
    }

    /// Puts a meter in the place of another one; what was on the wire is gone. False where there is no such place.
    pub fn replace(&mut self, index: usize, twin: Twin) -> bool {
        let Some(place) = self.twins.get_mut(index) else { return false };
        *place = twin;
        self.hush(index);
        true
    }

    /// What a meter was sending is gone.
    fn hush(&mut self, index: usize) {
        for port in PortId::ALL {
            self.wire_mut(port).flights.retain(|flight| flight.from != Node::Twin(index));
        }
    }

    /// Puts the optical head on a meter, or takes it off.
    pub fn put_head(&mut self, on: Option<usize>) {
        if on != self.head_on {
            self.head_on = on;
            self.light.flights.clear();
        }
    }

    /// The meter that the optical head sits on.
    #[must_use]
    pub fn head_on(&self) -> Option<usize> {
        self.head_on
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
            self.hush(index);
        }
    }

    /// Faults of the adapter and the wire. Unplugging loses what is on the wire.
    pub fn set_faults(&mut self, port: PortId, faults: WireFaults) {
        let wire = self.wire_mut(port);
        if faults.unplugged && !wire.faults.unplugged {
            wire.flights.retain(|flight| flight.from != Node::Master);
            wire.inbox.push_back(MasterEvent::Lost);
            wire.wake();
        }
        wire.faults = faults;
    }

    /// Faults of the adapter and the wire.
    #[must_use]
    pub fn faults(&self, port: PortId) -> WireFaults {
        self.wire(port).faults
    }

    // ---- the master's end

    /// Speed and parity of the master's end.
    #[must_use]
    pub fn master_line(&self, port: PortId) -> LineParams {
        self.wire(port).master_line
    }

    /// Sets speed and parity of the master's end.
    pub fn set_master_line(&mut self, port: PortId, line: LineParams) {
        self.wire_mut(port).master_line = line;
    }

    /// Sends bytes from the master's end; [`MasterEvent::Sent`] tells when they have left.
    pub fn master_send(&mut self, port: PortId, bytes: &[u8]) {
        let now = self.now;
        let wire = self.wire_mut(port);
        if wire.faults.unplugged {
            wire.inbox.push_back(MasterEvent::Lost);
            return;
        }
        let line = wire.master_line;
        wire.launch(now, Node::Master, bytes, line);
    }

    /// The next thing that happened at the master's end.
    pub fn master_take(&mut self, port: PortId) -> Option<MasterEvent> {
        self.wire_mut(port).inbox.pop_front()
    }

    /// Asks to be woken when something happens at the master's end, or at `until`.
    pub fn master_wait(&mut self, port: PortId, until: Option<Instant>, waker: &Waker) {
        let wire = self.wire_mut(port);
        wire.wake_at = until;
        wire.waker = Some(waker.clone());
    }

    /// True while something is on its way over the wire.
    #[must_use]
    pub fn is_busy(&self, port: PortId) -> bool {
        !self.wire(port).flights.is_empty()
    }

    // ---- time

    /// When something happens next by itself: on a wire, at a port, or for whoever waits at a master's end.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        let wires = PortId::ALL.into_iter().flat_map(|port| {
            let wire = self.wire(port);
            wire.flights.iter().map(|flight| flight.end).chain(wire.wake_at)
        });
        let ports = self
            .twins
            .iter()
            .filter(|twin| twin.device().powered())
            .flat_map(|twin| PortId::ALL.into_iter().filter_map(|port| twin.device().port_poll_at(port)));
        wires.chain(ports).min().map(|at| at.max(self.now))
    }

    /// Lets time pass up to `until`, everything in its order: wires, ports, panels and metering.
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

    /// Bus time and metered time move together, whatever the factor; nothing happens on the wires meanwhile but what
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
        for port in PortId::ALL {
            worked |= self.work_on(port);
        }
        worked
    }

    fn work_on(&mut self, port: PortId) -> bool {
        let mut worked = false;
        let now = self.now;
        while let Some(index) = self.wire(port).flights.iter().position(|flight| flight.end <= now) {
            let flight = self.wire_mut(port).flights.remove(index);
            self.land(port, &flight);
            worked = true;
        }
        for index in 0..self.twins.len() {
            while let Some(sent) = self.twins.get_mut(index).and_then(|twin| {
                let line = twin.device().port_line(port)?;
                match twin.device_mut().port_poll(port, now)? {
                    PortOutput::Transmit(bytes) => Some(Some((bytes.to_vec(), line))),
                    PortOutput::Reconfigure(_) | PortOutput::Event => Some(None),
                }
            }) {
                worked = true;
                if let Some((bytes, line)) = sent {
                    if self.connected(index, port) {
                        self.wire_mut(port).launch(now, Node::Twin(index), &bytes, line);
                    } else if let Some(twin) = self.twins.get_mut(index) {
                        twin.device_mut().tx_done(port, now);
                    }
                }
            }
        }
        let wire = self.wire_mut(port);
        if wire.wake_at.is_some_and(|at| at <= now) {
            wire.wake();
            worked = true;
        }
        worked
    }

    /// The last byte of `flight` has arrived everywhere.
    fn land(&mut self, port: PortId, flight: &Flight) {
        let now = self.now;
        for index in 0..self.twins.len() {
            let connected = self.connected(index, port);
            let Some(twin) = self.twins.get_mut(index).filter(|_| connected) else { continue };
            let device = twin.device_mut();
            if flight.from == Node::Twin(index) {
                device.tx_done(port, now);
                continue;
            }
            let Some(own) = device.port_line(port) else { continue };
            match hear(flight, own) {
                Heard::Bytes(bytes) => device.rx(port, now, &bytes),
                Heard::Damaged { before, error } => {
                    device.rx(port, now, &before);
                    device.line_error(port, now, error);
                }
            }
        }
        self.wire_mut(port).hear(flight);
    }
}

/// What a receiver makes of bytes that may have met others on the wire.
fn hear(flight: &Flight, own: LineParams) -> Heard {
    if flight.collided {
        return Heard::Damaged { before: Vec::new(), error: LineError::Framing };
    }
    damage(&flight.bytes, flight.line, own)
}
