//! What goes on over a line: one piece of work at a time, with how far it is, how long it still takes, and a way to stop it.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::signal::Sig;
use crate::{El, button, el, later};
use units::{Duration, Instant};

/// The work on one line; nothing at first.
#[derive(Clone, Default)]
pub struct Work {
    /// What is being done; empty while nothing is.
    what: Sig<String>,
    /// How much of it, in thousandths; nothing where that is not known.
    done: Sig<Option<u32>>,
    /// How long it still takes, in words; empty where that is not known.
    left: Sig<String>,
    stop: Rc<Stop>,
    began: Rc<Cell<Instant>>,
    /// Whether it is paused; nothing where it cannot be.
    paused: Sig<Option<bool>>,
    pause: Rc<RefCell<Option<Pause>>>,
}

/// Pauses a piece of work, or lets it go on.
type Pause = Box<dyn Fn(bool)>;

#[derive(Default)]
struct Stop {
    asked: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Work {
    /// True while something goes on; whoever asks is told when that changes.
    pub fn runs(&self) -> bool {
        self.what.with(|what| !what.is_empty())
    }

    /// Says how far it is: `permille` of the whole, at `now` of the line's clock.
    pub fn tell(&self, what: &str, permille: Option<u32>, now: Instant) {
        self.what.show(what.to_owned());
        self.done.show(permille);
        let spent = now.since(self.began.get()).as_millis();
        self.left.show(match permille {
            // The first steps say nothing yet about the rest.
            Some(done) if done >= 15 && spent >= 1_000 => {
                let rest = spent * u64::from(1_000_u32.saturating_sub(done)) / u64::from(done);
                format!("about {} left", span_text(rest.div_ceil(1_000)))
            }
            _ => String::new(),
        });
    }

    /// Says how far it is where it is known how long the rest takes: pauses, and what was done at another pace, tell
    /// nothing about that.
    pub fn expect(&self, what: &str, permille: u32, left: Duration) {
        self.what.show(what.to_owned());
        self.done.show(Some(permille));
        self.left.show(format!("about {} left", span_text(left.as_millis().div_ceil(1_000))));
    }

    /// Says how far it is where the words say themselves how long it still takes.
    pub fn say(&self, what: &str, permille: u32) {
        self.what.show(what.to_owned());
        self.done.show(Some(permille));
        self.left.show(String::new());
    }

    /// The work that was begun can be paused: `pause` is told true to pause it, false to go on.
    pub fn pausable(&self, pause: impl Fn(bool) + 'static) {
        *self.pause.borrow_mut() = Some(Box::new(pause));
        self.paused.set(Some(false));
    }

    /// Begins a piece of work, unless there is one. Stopping it drops it between two answers; `stopped` is then told how
    /// far it was.
    pub fn start(
        &self,
        what: &str,
        now: Instant,
        stopped: impl FnOnce(&str) + 'static,
        work: impl Future<Output = ()> + 'static,
    ) {
        if self.what.with_untracked(|what| !what.is_empty()) {
            return;
        }
        self.began.set(now);
        self.stop.asked.set(false);
        self.tell(what, None, now);
        let mut work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
        let own = self.clone();
        later(async move {
            poll_fn(|context| {
                *own.stop.waker.borrow_mut() = Some(context.waker().clone());
                if own.stop.asked.get() { Poll::Ready(()) } else { work.as_mut().poll(context) }
            })
            .await;
            drop(work);
            if own.stop.asked.get() {
                stopped(&own.what.get_untracked());
            }
            own.paused.set(None);
            own.pause.borrow_mut().take();
            own.what.set(String::new());
        });
    }

    /// Ends it.
    pub fn end(&self) {
        self.stop.asked.set(true);
        if let Some(waker) = self.stop.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Pauses what goes on, or lets it go on.
    fn turn(&self) {
        let Some(before) = self.paused.get_untracked() else { return };
        if let Some(pause) = &*self.pause.borrow() {
            pause(!before);
        }
        self.paused.set(Some(!before));
    }

    /// The bar: what, how far, how long still, and the buttons that pause and stop it.
    pub fn bar(&self) -> El {
        let (own, what, done, left) = (self.clone(), self.what, self.done, self.left);
        let (turned, paused) = (self.clone(), self.paused);
        let pause = el("button", "btn")
            .attr("type", "button")
            .flag_if("hidden", move || paused.get().is_none())
            .says(move || if paused.get() == Some(true) { "Go on" } else { "Pause" }.to_owned())
            .on("click", move |_| turned.turn());
        el("div", "progress")
            .flag_if("hidden", move || what.with(String::is_empty))
            .add(el("span", "").says(move || {
                let left = left.get();
                let what =
                    if paused.get() == Some(true) { format!("Paused. {}", what.get()) } else { what.get() };
                if left.is_empty() { what } else { format!("{what}, {left}") }
            }))
            .add(el("span", "acts").add(pause).add(button("btn", "Stop", move |_| own.end())))
            .add(
                el("progress", "")
                    .attr("aria-label", "Progress")
                    .attr("max", "1000")
                    .flag_if("data-unknown", move || done.with(Option::is_none))
                    .keeps("value", move || done.get().unwrap_or(0).to_string()),
            )
    }
}

/// Seconds in words.
fn span_text(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
