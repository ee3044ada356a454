//! More ends at a wire than that of the master: somebody who listens, or a second master.

use alloc::collections::VecDeque;
use core::task::Waker;

use schema::PortId;
use units::{Instant, LineParams};

use crate::Bench;
use crate::copper::{Hears, Node, Receiver};
use crate::line::{Ear, MasterEvent, Read};

/// An end at a wire.
#[derive(Debug)]
pub(crate) struct Tap {
    pub(crate) ear: Ear,
    inbox: VecDeque<MasterEvent>,
    wake_at: Option<Instant>,
    waker: Option<Waker>,
}

impl Tap {
    fn new(line: LineParams, now: u64) -> Self {
        let receiver = Receiver { line, hears: Hears::All, inverted: false };
        Self { ear: Ear::new(receiver, now), inbox: VecDeque::new(), wake_at: None, waker: None }
    }

    /// A character has arrived.
    pub(crate) fn arrive(&mut self, read: Read) {
        match (read.heard, self.inbox.back_mut()) {
            (Ok(byte), Some(MasterEvent::Bytes(bytes))) => bytes.push(byte),
            (Ok(byte), _) => self.inbox.push_back(MasterEvent::Bytes([byte].into())),
            (Err(error), _) => self.inbox.push_back(MasterEvent::LineError(error)),
        }
        if let (Some(extra), Some(MasterEvent::Bytes(bytes))) = (read.extra, self.inbox.back_mut()) {
            bytes.push(extra);
        }
        self.wake();
    }

    fn tell(&mut self, event: MasterEvent) {
        self.inbox.push_back(event);
        self.wake();
    }

    fn wake(&mut self) {
        self.wake_at = None;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Wakes who waits for this time. True where somebody did.
    pub(crate) fn wake_due(&mut self, now: Instant) -> bool {
        let due = self.wake_at.is_some_and(|at| at <= now);
        if due {
            self.wake();
        }
        due
    }

    /// When it has something to do: characters count where somebody waits for them.
    pub(crate) fn due(&self) -> Option<Instant> {
        let next = self.ear.next_end().filter(|_| self.waker.is_some());
        self.wake_at.into_iter().chain(next).min()
    }
}

impl Bench {
    /// Puts one more end on a wire and returns its number there. It hears everybody, on an M-Bus too.
    pub fn add_tap(&mut self, port: PortId, line: LineParams) -> usize {
        let now = crate::copper::nanos(self.now());
        let taps = &mut self.wire_mut(port).taps;
        taps.push(Tap::new(line, now));
        taps.len() - 1
    }

    fn tap(&mut self, port: PortId, tap: usize) -> Option<&mut Tap> {
        self.wire_mut(port).taps.get_mut(tap)
    }

    /// Sends bytes from such an end, as a second master does. While it sends it hears nobody, itself neither.
    pub fn tap_send(&mut self, port: PortId, tap: usize, bytes: &[u8]) {
        let Some(line) = self.tap_line(port, tap) else { return };
        self.launch(port, Node::Tap(tap), bytes, line);
    }

    /// Speed and parity of such an end; `None` where there is none of that number.
    #[must_use]
    pub fn tap_line(&self, port: PortId, tap: usize) -> Option<LineParams> {
        self.wire(port).taps.get(tap).map(|tap| tap.ear.receiver.line)
    }

    /// Sets speed and parity of such an end.
    pub fn set_tap_line(&mut self, port: PortId, tap: usize, line: LineParams) {
        let now = self.now();
        self.wire_mut(port).set_tap_line(now, tap, line);
    }

    /// The next thing that happened at such an end.
    pub fn tap_take(&mut self, port: PortId, tap: usize) -> Option<MasterEvent> {
        self.tap(port, tap)?.inbox.pop_front()
    }

    /// Asks to be woken when something happens at such an end, or at `until`.
    pub fn tap_wait(&mut self, port: PortId, tap: usize, until: Option<Instant>, waker: &Waker) {
        if let Some(tap) = self.tap(port, tap) {
            tap.wake_at = until;
            tap.waker = Some(waker.clone());
        }
    }

    /// What such an end was sending has left.
    pub(crate) fn tap_sent(&mut self, port: PortId, tap: usize) {
        if let Some(tap) = self.tap(port, tap) {
            tap.tell(MasterEvent::Sent);
        }
    }
}
