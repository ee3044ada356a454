//! Time passes on the bench: characters arrive when they end, ports answer when they are due, meters count.

use schema::PortId;
use units::{Duration, Instant};

use super::Bench;
use crate::copper::{Node, Receiver, nanos};
use crate::line::{MasterEvent, Read};
use device::PortOutput;

impl Bench {
    /// When something happens next by itself: on a wire, at a port, or for whoever waits at a master's end. Characters
    /// count where the master waits for them; what meters hear of them comes when time passes, at the right times.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        let wires = self.wires.0.iter().filter_map(|wire| wire.due());
        let outlets = self.outlets.0.iter().filter_map(|outlet| outlet.due());
        let ports = (0..self.twins.len()).filter_map(|index| self.port_due(index));
        wires.chain(outlets).chain(ports).min().map(|at| at.max(self.now))
    }

    /// When a port of a meter has something to do.
    fn port_due(&self, index: usize) -> Option<Instant> {
        let device = self.twins.get(index)?.device();
        if !device.powered() {
            return None;
        }
        PortId::ALL.into_iter().filter_map(|port| device.port_poll_at(port)).min()
    }

    /// Lets time pass up to `until`, everything in its order: wires, ports, panels and metering.
    pub fn run_until(&mut self, until: Instant) {
        loop {
            self.work();
            let next = self.next_event().filter(|at| *at <= until);
            let at = self.carry(next.unwrap_or(until));
            if at > self.now {
                self.pass(at);
            } else if next.is_none() || !self.work() {
                // Nothing more, or something is due that nobody can do anything about: time goes on.
                break;
            }
        }
        if until > self.now {
            self.carry(until);
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

    /// Characters that have ended by `until` arrive, each at its time. Returns how far it came: a character may give
    /// somebody something to do before `until`.
    pub(super) fn carry(&mut self, until: Instant) -> Instant {
        let came = self.carry_to_meters(until);
        for wire in &mut self.wires.0 {
            wire.read_taps(came);
        }
        came
    }

    fn carry_to_meters(&mut self, mut until: Instant) -> Instant {
        loop {
            let ended = |port: &PortId| self.wire(*port).next_end();
            let Some(port) = PortId::ALL.into_iter().filter(|port| ended(port).is_some()).min_by_key(ended)
            else {
                return until;
            };
            let Some((receiver, read)) = self.wire_mut(port).read(until) else { return until };
            let Some(receiver) = receiver else {
                self.wire_mut(port).arrive(read);
                continue;
            };
            for index in 0..self.twins.len() {
                if self.reads(index, port, receiver)
                    && !self.wire(port).speaks(Node::Twin(index), read.start, nanos(read.end))
                    && let Some(due) = self.hear(index, port, read)
                {
                    until = until.min(due.max(read.end));
                }
            }
        }
    }

    /// True where a meter is one of those who read the wire like this.
    fn reads(&self, index: usize, port: PortId, receiver: Receiver) -> bool {
        self.connected(index, port) && self.receiver(index, port) == Some(receiver)
    }

    /// A meter hears a character; when its port wants to be asked then.
    fn hear(&mut self, index: usize, port: PortId, read: Read) -> Option<Instant> {
        let device = self.twins.get_mut(index)?.device_mut();
        if !device.powered() {
            return None;
        }
        match read.heard {
            Ok(byte) => device.rx(port, read.end, &[byte]),
            Err(error) => device.line_error(port, read.end, error),
        }
        if let Some(extra) = read.extra {
            device.rx(port, read.end, &[extra]);
        }
        device.port_poll_at(port)
    }

    /// Does what is due now. Returns whether there was anything.
    fn work(&mut self) -> bool {
        let mut worked = self.watch_radio();
        for port in PortId::ALL {
            worked |= self.land(port);
        }
        let now = self.now;
        for index in 0..self.twins.len() {
            if self.port_due(index).is_some_and(|at| at <= now) {
                for port in PortId::ALL {
                    worked |= self.ask(index, port);
                }
            }
        }
        for wire in &mut self.wires.0 {
            worked |= wire.hand_over(now);
            for tap in &mut wire.taps {
                worked |= tap.wake_due(now);
            }
            if wire.wake_at.is_some_and(|at| at <= now) {
                wire.wake();
                worked = true;
            }
        }
        worked
    }

    /// Tells those whose last stop bit has left.
    fn land(&mut self, port: PortId) -> bool {
        let now = self.now;
        let mut worked = false;
        loop {
            let sendings = &mut self.wire_mut(port).sendings;
            let ended = sendings.iter().position(|sending| sending.end <= now);
            let from = match ended {
                Some(index) => sendings.remove(index).from,
                None => match self.outlets.of_mut(port).ended(now) {
                    Some(from) => from,
                    None => return worked,
                },
            };
            worked = true;
            match from {
                Node::Master => self.wire_mut(port).tell(MasterEvent::Sent),
                Node::Twin(index) => {
                    if let Some(twin) = self.twins.get_mut(index) {
                        twin.device_mut().tx_done(port, now);
                    }
                }
                Node::Tap(tap) => self.tap_sent(port, tap),
                Node::Gone => {}
            }
        }
    }

    /// Asks a port of a meter for all that it wants done now.
    fn ask(&mut self, index: usize, port: PortId) -> bool {
        let now = self.now;
        let mut worked = false;
        loop {
            let Some(twin) = self.twins.get_mut(index) else { return worked };
            let Some(line) = twin.device().port_line(port) else { return worked };
            let bytes = match twin.device_mut().port_poll(port, now) {
                None => return worked,
                Some(PortOutput::Transmit(bytes)) => bytes.to_vec(),
                Some(PortOutput::Reconfigure(_) | PortOutput::Event) => {
                    worked = true;
                    continue;
                }
            };
            worked = true;
            if self.is_out(index, port) {
                self.outlets.of_mut(port).send(now, index, line, bytes);
            } else if self.connected(index, port) {
                self.launch(port, Node::Twin(index), &bytes, line);
            } else if let Some(twin) = self.twins.get_mut(index) {
                twin.device_mut().tx_done(port, now);
            }
        }
    }
}
