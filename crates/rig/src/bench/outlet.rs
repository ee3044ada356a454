//! Meters handed out to a real line: they leave the simulated wire, hear what a real port hears, and what they say is
//! sent there. The page or the program that holds the port asks here what to do with it.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use schema::PortId;
use units::{Instant, LineError, LineParams};

use super::Bench;
use crate::copper::Node;
use crate::line::Sending;

/// What is to be done with the real port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutletOutput {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Set the port to this speed and format, after all bytes before have left.
    Line(LineParams),
}

/// The way from the meters that are handed out to a real port.
#[derive(Clone, Debug, Default)]
pub(super) struct Outlet {
    line: Option<LineParams>,
    waiting: VecDeque<OutletOutput>,
    sendings: Vec<Sending>,
}

impl Outlet {
    /// When the last stop bit of something will have left. Assumed: the real port sends at once and without pauses.
    pub(super) fn due(&self) -> Option<Instant> {
        self.sendings.iter().map(|sending| sending.end).min()
    }

    pub(super) fn ended(&mut self, now: Instant) -> Option<Node> {
        let index = self.sendings.iter().position(|sending| sending.end <= now)?;
        Some(self.sendings.remove(index).from)
    }

    pub(super) fn send(&mut self, now: Instant, index: usize, line: LineParams, bytes: Vec<u8>) {
        let end = now + line.wire_time(bytes.len());
        self.sendings.push(Sending { from: Node::Twin(index), end });
        // A meter at another speed than the port's is not understood anyway.
        if self.line == Some(line) {
            self.waiting.push_back(OutletOutput::Send(bytes));
        }
    }

    pub(super) fn hush(&mut self, index: usize) {
        self.sendings.retain(|sending| sending.from != Node::Twin(index));
    }

    pub(super) fn renumber(&mut self, change: impl Fn(Node) -> Node) {
        for sending in &mut self.sendings {
            sending.from = change(sending.from);
        }
    }
}

impl Bench {
    /// Hands a meter's terminals out to a real port: it leaves the simulated wire. Several may share one port, which
    /// has the speed of the first of them. False where there is no such meter or it has no such port.
    pub fn hand_out(&mut self, index: usize, port: PortId) -> bool {
        self.set_out(index, port, true)
    }

    /// Takes a meter back to the simulated wire. False where there is no such meter or it has no such port.
    pub fn take_back(&mut self, index: usize, port: PortId) -> bool {
        self.set_out(index, port, false)
    }

    fn set_out(&mut self, index: usize, port: PortId, out: bool) -> bool {
        if !self.twins.get(index).is_some_and(|twin| twin.entry().def.has(port)) {
            return false;
        }
        let now = self.now;
        let Some(terminals) = self.terminals.get_mut(index) else { return false };
        let before = core::mem::replace(terminals.out.of_mut(port), out);
        if before == out {
            return true;
        }
        // What it is saying goes on nowhere; its machine is told that it is over.
        let speaking = |sendings: &[Sending]| sendings.iter().any(|it| it.from == Node::Twin(index));
        let was = speaking(&self.wire(port).sendings) || speaking(&self.outlets.of(port).sendings);
        self.wire_mut(port).cut(now, |from| from == Node::Twin(index));
        self.outlets.of_mut(port).hush(index);
        if was && let Some(twin) = self.twins.get_mut(index) {
            twin.device_mut().tx_done(port, now);
        }
        if self.out_line(port).is_none() {
            *self.outlets.of_mut(port) = Outlet::default();
        }
        true
    }

    /// True where a meter is handed out.
    #[must_use]
    pub fn is_out(&self, index: usize, port: PortId) -> bool {
        self.terminals.get(index).is_some_and(|terminals| *terminals.out.of(port))
    }

    /// The speed that the real port has to have; `None` where no meter is handed out.
    #[must_use]
    pub fn out_line(&self, port: PortId) -> Option<LineParams> {
        let first = (0..self.twins.len()).find(|index| self.is_out(*index, port))?;
        self.twins.get(first)?.device().port_line(port)
    }

    /// The real port has received bytes, in any chunking, at the bench's time: let it pass first. Where frames end is
    /// predicted from what is in them, not from pauses, which no adapter keeps.
    pub fn outlet_rx(&mut self, port: PortId, bytes: &[u8]) {
        self.outlet_hear(port, Ok(bytes));
    }

    /// The real port has received a damaged character.
    pub fn outlet_line_error(&mut self, port: PortId, error: LineError) {
        self.outlet_hear(port, Err(error));
    }

    fn outlet_hear(&mut self, port: PortId, heard: Result<&[u8], LineError>) {
        let now = self.now;
        let line = self.out_line(port);
        for index in 0..self.twins.len() {
            let speaks = self.outlets.of(port).sendings.iter().any(|it| it.from == Node::Twin(index));
            if !self.is_out(index, port) || speaks {
                continue;
            }
            let Some(twin) = self.twins.get_mut(index) else { continue };
            let device = twin.device_mut();
            if !device.powered() || device.port_line(port) != line {
                continue;
            }
            match heard {
                Ok(bytes) => device.rx(port, now, bytes),
                Err(error) => device.line_error(port, now, error),
            }
        }
    }

    /// What is to be done with the real port next. The first thing is its speed. Ask after every [`Self::run_until`]
    /// until there is nothing more.
    pub fn outlet_poll(&mut self, port: PortId) -> Option<OutletOutput> {
        let line = self.out_line(port)?;
        let outlet = self.outlets.of_mut(port);
        if let Some(output) = outlet.waiting.pop_front() {
            return Some(output);
        }
        // Replies were said at the old speed: they come first.
        (outlet.line != Some(line)).then(|| {
            outlet.line = Some(line);
            OutletOutput::Line(line)
        })
    }
}
