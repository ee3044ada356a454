//! [`Bench`]: meters on one rail with the wires between their terminals and a master at the end of each wire, in
//! virtual or in real time.

mod outlet;
mod time;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::task::Waker;

use schema::PortId;
use units::{Duration, Instant, LineParams};

use self::outlet::Outlet;
pub use self::outlet::OutletOutput;
use crate::copper::{Node, Receiver};
use crate::line::{MasterEvent, Wire};
use crate::wire::{WireChange, WireFaults, Wiring};
use crate::{Supply, Twin};

/// Something for each port.
#[derive(Clone, Copy, Debug, Default)]
struct Each<T>([T; PortId::ALL.len()]);

impl<T> Each<T> {
    fn of(&self, port: PortId) -> &T {
        let [modbus, mbus, optical, radio] = &self.0;
        match port {
            PortId::Modbus => modbus,
            PortId::Mbus => mbus,
            PortId::Optical => optical,
            PortId::Radio => radio,
        }
    }

    fn of_mut(&mut self, port: PortId) -> &mut T {
        let [modbus, mbus, optical, radio] = &mut self.0;
        match port {
            PortId::Modbus => modbus,
            PortId::Mbus => mbus,
            PortId::Optical => optical,
            PortId::Radio => radio,
        }
    }
}

/// How a meter's terminals are connected.
#[derive(Clone, Copy, Debug, Default)]
struct Terminals {
    wiring: Each<Wiring>,
    /// They are at a real line.
    out: Each<bool>,
}

/// Meters, the wires and the master's end of each.
#[derive(Debug)]
pub struct Bench {
    now: Instant,
    factor: u32,
    twins: Vec<Twin>,
    terminals: Vec<Terminals>,
    wires: Each<Wire>,
    outlets: Each<Outlet>,
    /// The meter that the optical head sits on.
    head_on: Option<usize>,
    /// The meter that the master's end of the radio is connected with.
    pub(crate) paired: Option<usize>,
}

impl Bench {
    /// An empty bench. The master's end of each wire is at 9600 Bd, even parity, the optical head at 300 Bd with seven
    /// data bits, until somebody sets them; that of the radio is connected with nobody.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            now,
            factor: 1,
            twins: Vec::new(),
            terminals: Vec::new(),
            wires: Each([
                Wire::new(PortId::Modbus, LineParams::even(9_600)),
                Wire::new(PortId::Mbus, LineParams::even(9_600)),
                Wire::new(PortId::Optical, LineParams::optical(300)),
                Wire::new(PortId::Radio, LineParams::RADIO),
            ]),
            outlets: Each::default(),
            head_on: None,
            paired: None,
        }
    }

    pub(crate) fn wire(&self, port: PortId) -> &Wire {
        self.wires.of(port)
    }

    pub(crate) fn wire_mut(&mut self, port: PortId) -> &mut Wire {
        self.wires.of_mut(port)
    }

    /// True where the meter hangs on the simulated wire of that kind with both conductors.
    fn connected(&self, index: usize, port: PortId) -> bool {
        let Some((twin, terminals)) = self.twins.get(index).zip(self.terminals.get(index)) else {
            return false;
        };
        twin.entry().def.has(port)
            && !terminals.out.of(port)
            && *terminals.wiring.of(port) != Wiring::Open
            && match port {
                PortId::Modbus | PortId::Mbus => true,
                PortId::Optical => self.head_on == Some(index),
                PortId::Radio => self.paired == Some(index),
            }
    }

    /// How a connected meter reads the wire.
    fn receiver(&self, index: usize, port: PortId) -> Option<Receiver> {
        let line = self.twins.get(index)?.device().port_line(port)?;
        Some(Receiver { line, hears: self.wire(port).meters_hear(), inverted: self.inverted(index, port) })
    }

    /// True where a meter's wires are swapped and that matters: M-Bus and light have no polarity.
    fn inverted(&self, index: usize, port: PortId) -> bool {
        port == PortId::Modbus && self.wiring(index, port) == Wiring::Swapped
    }

    /// Puts a meter on the rail, its terminals on the wires, and returns its number.
    pub fn add(&mut self, twin: Twin) -> usize {
        self.twins.push(twin);
        self.terminals.push(Terminals::default());
        self.twins.len() - 1
    }

    /// Takes a meter from the rail; those behind it move up by one. False where there is no such place.
    pub fn remove(&mut self, index: usize) -> bool {
        self.take(index).is_some()
    }

    /// The same; the meter itself, or `None` where there is no such place.
    pub fn take(&mut self, index: usize) -> Option<Twin> {
        if index >= self.twins.len() {
            return None;
        }
        self.hush(index);
        let mut twin = self.twins.remove(index);
        self.terminals.remove(index);
        for port in PortId::ALL {
            // Nobody else tells it that what it was saying is over.
            twin.device_mut().tx_done(port, self.now);
        }
        let number = |node| match node {
            Node::Twin(other) if other == index => Node::Gone,
            Node::Twin(other) if other > index => Node::Twin(other - 1),
            node => node,
        };
        for port in PortId::ALL {
            self.wire_mut(port).renumber(number);
            self.outlets.of_mut(port).renumber(number);
        }
        for on in [&mut self.head_on, &mut self.paired] {
            *on = match *on {
                Some(on) if on == index => None,
                Some(on) if on > index => Some(on - 1),
                on => on,
            };
        }
        Some(twin)
    }

    /// Puts a meter in the place of another one, at the same terminals; what it was saying ends at once. False where there
    /// is no such place.
    pub fn replace(&mut self, index: usize, twin: Twin) -> bool {
        let Some(place) = self.twins.get_mut(index) else { return false };
        *place = twin;
        self.hush(index);
        true
    }

    /// A meter stops speaking, in the middle of a bit.
    fn hush(&mut self, index: usize) {
        let now = self.now;
        for port in PortId::ALL {
            self.carry(now);
            self.wire_mut(port).cut(now, |from| from == Node::Twin(index));
            self.outlets.of_mut(port).hush(index);
        }
    }

    /// Puts the optical head on a meter, or takes it off.
    pub fn put_head(&mut self, on: Option<usize>) {
        if on != self.head_on {
            self.head_on = on;
            self.silence(PortId::Optical);
        }
    }

    /// Whoever speaks on a wire stops, in the middle of a bit.
    pub(crate) fn silence(&mut self, port: PortId) {
        let now = self.now;
        self.wire_mut(port).cut(now, |_| true);
    }

    /// Something happened at the master's end of a wire.
    pub(crate) fn tell(&mut self, port: PortId, event: MasterEvent) {
        self.wire_mut(port).tell(event);
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

    /// Faults of the adapter and the wire. Unplugging cuts what the master was sending.
    pub fn set_faults(&mut self, port: PortId, faults: WireFaults) {
        let now = self.now;
        self.wire_mut(port).set_faults(now, faults);
    }

    /// Faults of the adapter and the wire.
    #[must_use]
    pub fn faults(&self, port: PortId) -> WireFaults {
        self.wire(port).faults()
    }

    /// How a meter's terminals are connected.
    #[must_use]
    pub fn wiring(&self, index: usize, port: PortId) -> Wiring {
        self.terminals.get(index).map_or(Wiring::Good, |terminals| *terminals.wiring.of(port))
    }

    /// Connects a meter's terminals otherwise; what it was saying ends at once. False where there is no such place.
    pub fn set_wiring(&mut self, index: usize, port: PortId, wiring: Wiring) -> bool {
        let now = self.now;
        let Some(terminals) = self.terminals.get_mut(index) else { return false };
        *terminals.wiring.of_mut(port) = wiring;
        self.wire_mut(port).cut(now, |from| from == Node::Twin(index));
        true
    }

    /// Changes a fault of a wire, or how a meter hangs on it. False where there is no such meter.
    pub fn change_wire(&mut self, index: usize, port: PortId, change: WireChange) -> bool {
        if let WireChange::Wiring(wiring) = change {
            return self.set_wiring(index, port, wiring);
        }
        let mut faults = self.faults(port);
        change.apply(&mut faults);
        self.set_faults(port, faults);
        true
    }

    /// What noise and collisions draw their chance from. The same seed gives the same line.
    pub fn set_seed(&mut self, seed: u64) {
        for wire in &mut self.wires.0 {
            wire.seed = seed;
        }
    }

    /// How many meters hang on a wire.
    #[must_use]
    pub fn load(&self, port: PortId) -> usize {
        (0..self.twins.len()).filter(|index| self.connected(*index, port)).count()
    }

    /// True where more meters hang on the M-Bus than its converter can feed.
    #[must_use]
    pub fn overloaded(&self, port: PortId) -> bool {
        port == PortId::Mbus && self.load(port) > usize::from(self.faults(port).capacity)
    }

    /// A sentence for everything that is wrong with a wire and with the meters on it: what it does, and what to do.
    #[must_use]
    pub fn wire_sentences(&self, port: PortId) -> Vec<String> {
        let mut all = self.faults(port).sentences(port);
        if self.overloaded(port) {
            all.push(format!(
                "{} meters hang on a converter for {}: its voltage breaks down and nobody hears anything. Take some off, or \
                 use a larger one.",
                self.load(port),
                self.faults(port).capacity
            ));
        }
        for (index, twin) in self.twins.iter().enumerate().filter(|(_, twin)| twin.entry().def.has(port)) {
            if let Some(sentence) = self.wiring(index, port).sentence(port) {
                let number = (index + 1).to_string();
                all.push(format!("Meter {number} ({}): {sentence}", twin.entry().def.slug));
            }
        }
        all
    }

    // ---- the master's end

    /// Speed and parity of the master's end.
    #[must_use]
    pub fn master_line(&self, port: PortId) -> LineParams {
        self.wire(port).master_line()
    }

    /// Sets speed and parity of the master's end.
    pub fn set_master_line(&mut self, port: PortId, line: LineParams) {
        let now = self.now;
        self.wire_mut(port).set_master_line(now, line);
    }

    /// How long the adapter at the master's end gathers bytes before it hands them over: zero for a UART, 16 ms for many
    /// USB adapters (FTDI AN232B-04, the default of their latency timer). 62 bytes are handed over at once.
    pub fn set_latency(&mut self, port: PortId, latency: Duration) {
        self.wire_mut(port).latency = latency;
    }

    /// Sends bytes from the master's end; [`MasterEvent::Sent`] tells when they have left.
    pub fn master_send(&mut self, port: PortId, bytes: &[u8]) {
        if self.is_lost(port) {
            self.tell(port, MasterEvent::Lost);
            return;
        }
        let line = self.master_line(port);
        self.launch(port, Node::Master, bytes, line);
    }

    /// The next thing that happened at the master's end.
    pub fn master_take(&mut self, port: PortId) -> Option<MasterEvent> {
        let now = self.now;
        self.wire_mut(port).take(now)
    }

    /// Asks to be woken when something happens at the master's end, or at `until`.
    pub fn master_wait(&mut self, port: PortId, until: Option<Instant>, waker: &Waker) {
        self.wire_mut(port).wait(until, waker);
    }

    /// True while somebody speaks on a wire, or the master's end has not been given all that was said.
    #[must_use]
    pub fn is_busy(&self, port: PortId) -> bool {
        self.wire(port).is_busy()
    }

    /// Puts bytes on a wire, where everybody who hangs on it reads them.
    pub(crate) fn launch(&mut self, port: PortId, from: Node, bytes: &[u8], line: LineParams) {
        let now = self.now;
        let inverted = match from {
            Node::Twin(index) => self.inverted(index, port),
            _ => false,
        };
        let heard = !self.overloaded(port);
        let mut receivers: Vec<Receiver> = Vec::new();
        for index in 0..self.twins.len() {
            if self.connected(index, port)
                && let Some(receiver) = self.receiver(index, port)
                && !receivers.contains(&receiver)
            {
                receivers.push(receiver);
            }
        }
        let wire = self.wire_mut(port);
        wire.attend(now, receivers.into_iter());
        wire.launch(now, from, bytes, line, inverted, heard);
    }
}
