//! A value that the page follows: a trigger tells who has read it, the value itself stands beside.
//!
//! Signals of a library are compiled once for each type they hold, which this page would pay for with a tenth of what a
//! first visit may load. These live as long as the page.

use std::cell::RefCell;
use std::rc::Rc;

use crate::react::{Trigger, untrack, watch};

/// A value that the page follows.
pub struct Sig<T: 'static>(&'static (Trigger, RefCell<T>));

impl<T> Clone for Sig<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Sig<T> {}

impl<T: Default> Default for Sig<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Sig<T> {
    /// A signal with its first value.
    pub fn new(value: T) -> Self {
        Self(Box::leak(Box::new((Trigger::new(), RefCell::new(value)))))
    }

    /// Reads the value in place; whoever does so is told when it changes.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.0.0.track();
        read(&self.0.1.borrow())
    }

    /// Reads the value in place, once.
    pub fn with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.0.1.borrow())
    }

    /// Puts another value in its place and tells whoever has read it.
    pub fn set(&self, value: T) {
        *self.0.1.borrow_mut() = value;
        self.0.0.notify();
    }

    /// Changes the value in place and tells whoever has read it.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.0.1.borrow_mut());
        self.0.0.notify();
    }
}

impl<T: Clone> Sig<T> {
    /// A copy of the value; whoever asks is told when it changes.
    pub fn get(&self) -> T {
        self.with(T::clone)
    }

    /// A copy of the value.
    pub fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }

    /// A function that reads it.
    pub fn reader(&self) -> Rc<dyn Fn() -> T> {
        let own = *self;
        Rc::new(move || own.get())
    }
}

impl<T: PartialEq> Sig<T> {
    /// Sets the value where it is another one.
    pub fn show(&self, value: T) {
        if self.with_untracked(|old| *old != value) {
            self.set(value);
        }
    }
}

/// A value made of others, which tells only when it has become another one.
pub fn memo<T: PartialEq>(make: impl Fn() -> T + 'static) -> Sig<T> {
    let own = Sig::new(untrack(&make));
    watch(Box::new(move || own.show(make())));
    own
}
