//! Somebody at a bench who connects meters one by one, and the file that outlives a program.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use commission::JournalFault;
use commission::batch::{Desk, Event, List, Row};
use commission::guard::Guard;
use commission::record::Lines;
use rig::{Bench, Twin};
use units::Duration;

use crate::stage::{Rail, START};

/// Longer than any meter takes.
pub const LONG: Duration = Duration::from_secs(300);
/// Longer than it takes to connect one.
pub const PATIENCE: Duration = Duration::from_secs(10);
pub const TIME: &str = "2026-11-28T22:40:00Z";

/// Lines that outlive who writes them.
#[derive(Clone, Default)]
pub struct File(pub Rc<RefCell<String>>);

impl Lines for File {
    async fn add(&mut self, line: &str) -> Result<(), JournalFault> {
        let mut text = self.0.borrow_mut();
        text.push_str(line);
        text.push('\n');
        Ok(())
    }
}

/// Somebody who takes meters from a shelf, connects them one by one, and puts what is finished on a heap.
pub struct Person {
    pub rail: Rail,
    pub shelf: VecDeque<Twin>,
    pub heap: Vec<Twin>,
    /// Nothing more is to be done with what is connected.
    pub finished: bool,
    pub digits: Option<String>,
    pub said: Vec<String>,
}

impl Person {
    pub fn new(shelf: impl IntoIterator<Item = Twin>) -> Self {
        let rail = Rc::new(RefCell::new(Bench::new(START)));
        let shelf = shelf.into_iter().collect();
        Self { rail, shelf, heap: Vec::new(), finished: true, digits: None, said: Vec::new() }
    }

    /// Takes away what is connected.
    pub fn clear(&mut self) {
        while let Some(twin) = self.rail.borrow_mut().take(0) {
            self.heap.push(twin);
        }
        self.finished = true;
    }

    pub fn next(&mut self) {
        if let Some(twin) = self.shelf.pop_front() {
            self.clear();
            self.rail.borrow_mut().add(twin);
            self.finished = false;
        }
    }
}

impl Desk for Person {
    fn tell(&mut self, list: &List, event: &Event) {
        let sentence = event.sentence(list);
        if !sentence.is_empty() {
            self.said.push(sentence);
        }
        match event {
            Event::Waiting { .. } if self.finished => self.next(),
            Event::SeenBefore { .. } | Event::NoRow { .. } => self.next(),
            Event::Over { .. } | Event::Left { .. } => self.finished = true,
            _ => {}
        }
    }

    async fn digits(&mut self, _: &Row, _: &Guard) -> Option<String> {
        self.digits.clone()
    }

    fn time(&mut self) -> String {
        TIME.into()
    }
}
