//! What went over a line, kept as lines of text: the newest some hundred.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use commission::{Direction, Observer, Port, Traffic, annotate};

use crate::frames::hex;
use crate::host::Line;

use crate::modbus::view::{Frame, Way};

/// How many frames are kept.
const KEPT: usize = 200;

/// The frames of one line.
pub struct Tap {
    /// Whose clock their times are of.
    port: Line,
    frames: VecDeque<Frame>,
    number: u32,
    asked: Vec<u8>,
    /// The last question had no good answer.
    pub silent: bool,
    /// Counts up with every change.
    pub version: u32,
}

/// A tap that its line fills and the page reads.
#[derive(Clone)]
pub struct SharedTap(pub Rc<RefCell<Tap>>);

impl SharedTap {
    /// Of a line at this port.
    pub fn new(port: Line) -> Self {
        Self(Rc::new(RefCell::new(Tap {
            port,
            frames: VecDeque::new(),
            number: 0,
            asked: Vec::new(),
            silent: false,
            version: 0,
        })))
    }

    /// The frames, oldest first.
    #[must_use]
    pub fn frames(&self) -> Vec<Frame> {
        self.0.borrow().frames.iter().cloned().collect()
    }

    /// The newest frame that came from the line, or what came instead of one.
    #[must_use]
    pub fn last_heard(&self) -> Option<Frame> {
        self.0.borrow().frames.iter().rev().find(|frame| frame.way != Way::Out).cloned()
    }

    /// Forgets all frames.
    pub fn clear(&self) {
        let mut tap = self.0.borrow_mut();
        tap.frames.clear();
        tap.version += 1;
    }
}

impl Observer for SharedTap {
    fn traffic(&mut self, traffic: &Traffic<'_>) {
        let mut tap = self.0.borrow_mut();
        let bytes = traffic.bytes;
        let frame = bytes.get(traffic.frame.clone()).filter(|frame| !frame.is_empty()).unwrap_or(bytes);
        let sent = traffic.direction == Direction::Sent;
        let asked = (!sent && !tap.asked.is_empty()).then_some(tap.asked.as_slice());
        let parts = annotate(traffic.about, traffic.direction, frame, asked)
            .into_iter()
            .map(|note| (hex(frame.get(note.bytes.clone()).unwrap_or_default()), note.text))
            .collect();
        let (head, rest) = frame.split_at_checked(1).unwrap_or_default();
        let (body, tail) = rest.split_at_checked(rest.len().saturating_sub(2)).unwrap_or((rest, &[]));
        let way = match (sent, bytes.is_empty()) {
            (true, _) => Way::Out,
            (false, false) => Way::In,
            (false, true) => Way::None,
        };
        let line = Frame {
            number: tap.number,
            time: super::time_of_day(tap.port.now().since(traffic.at)),
            way,
            bad: !traffic.good,
            meaning: traffic.meaning.clone(),
            head: hex(head),
            body: if way == Way::None { "nothing received".to_owned() } else { hex(body) },
            tail: hex(tail),
            parts,
        };
        if sent {
            tap.asked = frame.to_vec();
        } else {
            tap.silent = !traffic.good && bytes.is_empty();
        }
        tap.number += 1;
        tap.version += 1;
        if tap.frames.len() == KEPT {
            tap.frames.pop_front();
        }
        tap.frames.push_back(line);
    }
}
