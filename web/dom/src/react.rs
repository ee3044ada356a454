//! What makes the page follow its values: a trigger tells whoever has read it, a watch runs again when told.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::later;

/// A piece of work that runs again when a trigger that it has read was told.
struct Watch {
    act: Box<dyn Fn()>,
    queued: Cell<bool>,
}

/// Tells who has read it.
#[derive(Default)]
pub struct Trigger(RefCell<Vec<Weak<Watch>>>);

type Watches = Rc<RefCell<Vec<Rc<Watch>>>>;

/// Watches that go together: they end when this is dropped.
#[derive(Default)]
pub struct Owner(Watches);

thread_local! {
    static READER: RefCell<Option<Rc<Watch>>> = const { RefCell::new(None) };
    static OWNER: RefCell<Option<Watches>> = const { RefCell::new(None) };
    static QUEUE: RefCell<Vec<Weak<Watch>>> = const { RefCell::new(Vec::new()) };
}

impl Trigger {
    /// A trigger that nobody has read.
    pub const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// Whoever runs now has read it.
    pub fn track(&self) {
        READER.with_borrow(|reader| {
            if let Some(reader) = reader {
                let mut readers = self.0.borrow_mut();
                if !readers.iter().any(|it| std::ptr::eq(it.as_ptr(), Rc::as_ptr(reader))) {
                    readers.retain(|it| it.strong_count() > 0);
                    readers.push(Rc::downgrade(reader));
                }
            }
        });
    }

    /// Whoever has read it runs again in a moment, and reads it anew where it still does.
    pub fn notify(&self) {
        let readers = self.0.take();
        QUEUE.with_borrow_mut(|queue| {
            if queue.is_empty() && !readers.is_empty() {
                later(async { flush() });
            }
            for reader in readers {
                if reader.upgrade().is_some_and(|watch| !watch.queued.replace(true)) {
                    queue.push(reader);
                }
            }
        });
    }
}

fn flush() {
    loop {
        let queue = QUEUE.take();
        if queue.is_empty() {
            return;
        }
        for watch in queue.iter().filter_map(Weak::upgrade) {
            watch.queued.set(false);
            run(&watch);
        }
    }
}

fn run(watch: &Rc<Watch>) {
    let before = READER.replace(Some(watch.clone()));
    (watch.act)();
    READER.set(before);
}

/// Runs `act` now, and again whenever something changes that it has read; it goes with the owner it was made under.
#[inline(never)]
pub fn watch(act: Box<dyn Fn()>) {
    let watch = Rc::new(Watch { act, queued: Cell::new(false) });
    run(&watch);
    OWNER.with_borrow(|owner| match owner {
        Some(owner) => owner.borrow_mut().push(watch),
        // What belongs to nobody stays as long as the page.
        None => core::mem::forget(watch),
    });
}

/// Runs something without following what it reads.
pub fn untrack<T>(read: impl FnOnce() -> T) -> T {
    let before = READER.replace(None);
    let value = read();
    READER.set(before);
    value
}

impl Owner {
    /// Runs something whose watches belong to this.
    pub fn with<T>(&self, make: impl FnOnce() -> T) -> T {
        let before = OWNER.replace(Some(self.0.clone()));
        let made = make();
        OWNER.set(before);
        made
    }
}
