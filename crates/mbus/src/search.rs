//! Finds every meter of a line by its secondary address, with as few selections as the answers allow.
//!
//! A pure decision: [`Search::step`] says what to do next, [`Search::handle`] takes what came of it. The digits of
//! the identification number are tried from the last one on unless told otherwise: serial numbers of one delivery
//! differ there, so that meters part after one or two digits instead of five. Where all digits are the same, medium,
//! version and maker follow, each a whole byte, since nothing but FF stands for any value there (EN 13757-3 §11.3).
//! A digit of A to E is no number, yet there are meters that have one: it is tried where the ten others do not explain
//! that several talked, or everywhere where that is asked for.
//!
//! One thing no master can hear: two telegrams sent in the same bit that are alike but for their numbers, where one
//! number has all the spaces of the other. New meters of one delivery can be so. Their access numbers part once the
//! meters found have been read one by one: search a second time then, and stop when nothing new comes.

use crate::header::{Identity, Mask};

/// Digits of the identification number.
const DIGITS: u8 = 8;
/// Levels of the tree: the digits, then medium, version and the maker's two bytes.
const LEVELS: usize = 12;
/// How often a selection is repeated that only noise answered.
const NOISE_RETRIES: u8 = 2;
/// How often a selection is repeated whose read-out came to nothing.
const READ_RETRIES: u8 = 1;

/// Which digit of the identification number comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The last digit: best for serial numbers.
    #[default]
    LastFirst,
    /// The first digit: for meters that know wildcards at the end only.
    FirstFirst,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Select by this mask (SND_UD with CI 52 to address FD).
    Select(Mask),
    /// Read the header of whatever is selected (REQ_UD2 to address FD): one acknowledge may be many at once.
    Read(Mask),
    /// The line is searched.
    Done,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing.
    Silence,
    /// Exactly one E5, after a selection.
    Ack,
    /// Several talked at once.
    Collision,
    /// Bytes that no collision of answers can make.
    Noise,
    /// A good telegram with this address, after a read.
    Identity(Identity),
}

/// What a step has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A meter.
    Meter(Identity),
    /// Meters that no mask tells apart: same number, maker, version and medium.
    Twins(Mask),
    /// Something acknowledges this mask but does not answer.
    Mute(Mask),
}

/// What the search has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Selections sent.
    pub selects: u32,
    /// Selections nobody answered.
    pub silent: u32,
    /// Read-outs asked for.
    pub reads: u32,
    /// Collisions of selections and read-outs.
    pub collisions: u32,
    /// Steps that heard noise.
    pub noise: u32,
    /// Meters found.
    pub found: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Selecting,
    Reading,
    Done,
}

/// A search without I/O.
#[derive(Clone, Debug)]
pub struct Search {
    order: Order,
    /// Where the search stays: its digits and bytes are not tried.
    within: Mask,
    /// The value tried at each level; those from `depth` on are as in `within`.
    path: [u8; LEVELS],
    /// How many meters each level has shown at least.
    heard: [u8; LEVELS],
    letters: bool,
    depth: usize,
    state: State,
    retries: u8,
    cost: Cost,
}

impl Default for Search {
    fn default() -> Self {
        Self::new(Order::default())
    }
}

impl Search {
    /// A search that starts with everybody.
    #[must_use]
    pub const fn new(order: Order) -> Self {
        Self::within(order, Mask::ANY)
    }

    /// A search among the meters that a mask selects.
    #[must_use]
    pub const fn within(order: Order, within: Mask) -> Self {
        Self {
            order,
            within,
            path: [0; LEVELS],
            heard: [0; LEVELS],
            letters: false,
            depth: 0,
            state: State::Selecting,
            retries: 0,
            cost: Cost { selects: 0, silent: 0, reads: 0, collisions: 0, noise: 0, found: 0 },
        }
    }

    /// The same, with the digits A to E tried everywhere: half as many selections more.
    #[must_use]
    pub const fn with_letters(self) -> Self {
        Self { letters: true, ..self }
    }

    /// What to do next.
    #[must_use]
    pub fn step(&self) -> Step {
        match self.state {
            State::Selecting => Step::Select(self.mask()),
            State::Reading => Step::Read(self.mask()),
            State::Done => Step::Done,
        }
    }

    /// The mask under trial: the place in the tree.
    #[must_use]
    pub fn mask(&self) -> Mask {
        let mut mask = self.within;
        for (level, value) in (0u8..).zip(self.path.iter().take(self.depth)) {
            let (at, shift, width) = self.place(level);
            if let Some(byte) = mask.0.get_mut(at) {
                *byte = *byte & !(width << shift) | *value << shift;
            }
        }
        mask
    }

    /// Where a level stands in a mask: which byte, how far up in it, and all its ones.
    const fn place(&self, level: u8) -> (usize, u8, u8) {
        if level < DIGITS {
            let digit = if matches!(self.order, Order::LastFirst) { level } else { DIGITS - 1 - level };
            (digit as usize / 2, 4 * (digit % 2), 0x0F)
        } else {
            // From the back: medium, version, then the maker's bytes.
            (15 - level as usize, 0, 0xFF)
        }
    }

    /// The value that the search stays within at a level; `None` where it tries all.
    fn given(&self, level: usize) -> Option<u8> {
        let (at, shift, width) = self.place(u8::try_from(level).ok()?);
        let value = self.within.0.get(at)? >> shift & width;
        (value != width).then_some(value)
    }

    /// How far the search is, in thousandths of the numbers there are.
    #[must_use]
    pub fn permille(&self) -> u16 {
        if self.state == State::Done {
            return 1_000;
        }
        let (mut done, mut part) = (0, 1_000);
        for (level, value) in self.path.iter().enumerate().take(self.depth.min(usize::from(DIGITS))) {
            if self.given(level).is_none() {
                part /= 10;
                done += part * u16::from((*value).min(9));
            }
        }
        done
    }

    /// Digits and bytes that are fixed in the mask under trial: the depth in the tree, 0 to 12.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// What the search has cost so far.
    #[must_use]
    pub const fn cost(&self) -> Cost {
        self.cost
    }

    /// Takes the outcome of the present step and tells what it has shown.
    pub fn handle(&mut self, heard: Heard) -> Option<Finding> {
        match (self.state, heard) {
            (State::Done, _) => return None,
            (State::Selecting, _) => self.cost.selects += 1,
            (State::Reading, _) => self.cost.reads += 1,
        }
        match heard {
            Heard::Collision => self.cost.collisions += 1,
            Heard::Noise => self.cost.noise += 1,
            _ => {}
        }
        let mask = self.mask();
        match (self.state, heard) {
            (State::Selecting, Heard::Silence) => {
                self.cost.silent += 1;
                self.next();
                None
            }
            (State::Selecting, Heard::Ack | Heard::Identity(_)) => {
                self.state = State::Reading;
                None
            }
            (State::Reading, Heard::Identity(identity)) if mask.matches(identity) => {
                self.cost.found += 1;
                self.count(1);
                self.next();
                Some(Finding::Meter(identity))
            }
            (_, Heard::Noise) if self.retries < NOISE_RETRIES => {
                self.retries += 1;
                self.state = State::Selecting;
                None
            }
            (State::Reading, Heard::Silence | Heard::Ack) => {
                if self.retries < READ_RETRIES {
                    self.retries += 1;
                    self.state = State::Selecting;
                    return None;
                }
                self.count(1);
                self.next();
                Some(Finding::Mute(mask))
            }
            // Several of them, or noise that will not end: what a smaller mask answers will tell.
            _ => self.descend(mask),
        }
    }

    /// One level deeper, where there is one.
    fn descend(&mut self, mask: Mask) -> Option<Finding> {
        self.count(2);
        let from = self.depth;
        loop {
            let given = self.given(self.depth);
            let (Some(value), Some(heard)) = (self.path.get_mut(self.depth), self.heard.get_mut(self.depth))
            else {
                self.depth = from;
                self.next();
                return Some(Finding::Twins(mask));
            };
            *value = given.unwrap_or(0);
            *heard = 0;
            self.depth += 1;
            if given.is_none() {
                break;
            }
        }
        self.state = State::Selecting;
        self.retries = 0;
        None
    }

    /// The mask under trial has shown so many meters.
    fn count(&mut self, meters: u8) {
        if let Some(level) = self.depth.checked_sub(1)
            && let Some(heard) = self.heard.get_mut(level)
        {
            *heard = heard.saturating_add(meters);
        }
    }

    /// The next value at this level, or at the one above where there is none.
    fn next(&mut self) {
        self.retries = 0;
        self.state = State::Selecting;
        while let Some(level) = self.depth.checked_sub(1) {
            // Whoever was heard above and by no decimal digit has another one.
            let explained = !self.letters && self.heard.get(level).is_some_and(|heard| *heard >= 2);
            let last = match level < usize::from(DIGITS) {
                true if explained => 9,
                true => 0xE,
                false => 0xFE,
            };
            if self.given(level).is_none()
                && let Some(value) = self.path.get_mut(level)
                && *value < last
            {
                *value += 1;
                return;
            }
            self.depth = level;
        }
        self.state = State::Done;
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
