//! The runtime itself: what it owns, and how a tick passes.

use std::cell::RefCell;
use std::rc::Rc;

use models::Entry;
use rig::{Bench, Twin};
use schema::KeyId;
use units::{Duration, Instant};

use super::panels::Panels;
use super::project::Flash;
use super::rail::Meter;
use super::{Signals, model};
use crate::dom::later;
use crate::input::Input;
use crate::store;
use crate::view::Model;

/// How often what changes by the second is looked at.
const SLOW: Duration = Duration::from_millis(200);
/// How long the memory must be untouched before it is kept.
const KEEP: Duration = Duration::from_millis(1_000);
/// An hour of metered time, in µs.
const HOUR_US: u64 = 3_600_000_000;
/// Hours of a day.
const DAY: u32 = 24;

/// All of it.
pub struct Runtime {
    pub(super) signals: Signals,
    pub(super) bench: Rc<RefCell<Bench>>,
    /// What is kept of each meter of the bench, and the number of the one in hand.
    pub(super) meters: Vec<Meter>,
    pub(super) at: usize,
    /// The tables that the page has seen.
    pub(super) models: Vec<(&'static Entry, &'static Model)>,
    /// The model of a real meter that the configurator speaks to.
    pub(super) wired: Option<&'static Entry>,
    /// The configurator is at work on the simulated wire: time does not jump under it.
    pub(super) busy: bool,
    /// How far the bench has jumped ahead of the page's clock.
    ahead: Duration,
    days: u32,
    key_up_at: Option<Instant>,
    /// The number of the key that is down, or was last.
    pub(super) key_down: usize,
    pub(super) speak_at: Option<Instant>,
    /// Metered time of the hour that has begun, in µs.
    hour_us: u64,
    pub(super) flash: [Flash; 2],
    pub(super) pulse: Flash,
    pub(super) bus: Flash,
    slow_at: Instant,
    /// How often meters came, went or were replaced.
    pub(super) changes: u64,
    /// The last number that a meter was given.
    pub(super) marks: u32,
    pub(super) kept: u64,
    touched: (u64, Instant),
    pub(super) dirty: bool,
    /// What was wrong at the start; the configurator says it once it has read the meter.
    pub(super) warning: Option<String>,
    pub(super) panels: Panels,
}

impl Runtime {
    /// The meters with what was kept of them.
    pub fn new(kept: Option<Vec<u8>>, now: Instant) -> Self {
        let Some(entry) = models::ALL.first() else { unreachable!("there is a model") };
        let bench = Rc::new(RefCell::new(Bench::new(now)));
        let first: &'static Model = Box::leak(Box::new(model::model(entry)));
        let mut runtime = Self {
            signals: Signals::new(first),
            meters: Vec::new(),
            at: 0,
            models: vec![(entry, first)],
            wired: None,
            busy: false,
            ahead: Duration::ZERO,
            days: 0,
            key_up_at: None,
            key_down: 0,
            speak_at: None,
            hour_us: 0,
            flash: Default::default(),
            pulse: Flash::default(),
            bus: Flash::default(),
            slow_at: now,
            changes: 0,
            marks: 0,
            kept: 0,
            touched: (0, now),
            dirty: true,
            warning: None,
            panels: Panels::default(),
            bench,
        };
        let damaged = runtime.furnish(kept, now);
        runtime.arrive();
        // A first visit keeps its meter once it has something to remember.
        runtime.kept = runtime.writes();
        if let Some(bytes) = damaged {
            let key = format!("{}.damaged", super::MEMORY);
            runtime.warning = Some(format!(
                "The memory that this browser kept of the meter is damaged ({} bytes). It is kept aside as {key}; the rail has one \
                 meter as from the factory.",
                bytes.len()
            ));
            later(async move {
                // Where the browser refuses, the damaged memory was not kept before either.
                let _ = store::save(key, bytes).await;
            });
        }
        runtime
    }

    /// True while something moves that is to be followed frame by frame: a finger on the key, the strip.
    pub fn moves(&self) -> bool {
        self.key_up_at.is_some()
            || self.signals.hold.with_untracked(|hold| hold.down.is_some())
            || self.panels.slides()
    }

    /// The signals.
    pub fn signals(&self) -> Signals {
        self.signals
    }

    fn key(&self, place: usize) -> KeyId {
        self.signals.twin.with_untracked(|model| model.keys.get(place).copied()).unwrap_or(KeyId(0))
    }

    /// Works up to `now` by the page's clock.
    pub fn tick(&mut self, now: Instant, inputs: Vec<(Instant, Input)>) {
        for (at, input) in inputs {
            self.pass(at + self.ahead);
            self.take(at, input);
        }
        if let Some(at) = self.key_up_at.filter(|at| *at <= now) {
            self.pass(at + self.ahead);
            self.release(at);
        }
        self.pass(now + self.ahead);
        while self.days > 0 && !self.busy {
            self.days -= 1;
            self.day();
        }
        self.project(now);
        self.project_strip(now);
        if now >= self.slow_at || self.dirty {
            self.slow_at = now + SLOW;
            self.dirty = false;
            self.project_slowly();
            self.look_after_memory(now);
        }
    }

    fn take(&mut self, at: Instant, input: Input) {
        let bench_now = at + self.ahead;
        let device = |runtime: &Self, act: &dyn Fn(&mut Twin)| {
            if let Some(twin) = runtime.bench.borrow_mut().twin_mut(runtime.at) {
                act(twin);
            }
        };
        match input {
            Input::KeyDown(place) if self.key_up_at.is_none() && !self.held() => {
                let key = self.key(place);
                self.key_down = place;
                device(self, &|twin| twin.device_mut().key_down(bench_now, key));
            }
            Input::KeyDown(_) => {}
            Input::KeyUp(place) if self.key_up_at.is_none() && place == self.key_down => self.release(at),
            Input::KeyUp(_) => {}
            Input::KeyCancel => self.let_go(),
            Input::Press(place, ms) => {
                if !self.held() && self.key_up_at.is_none() {
                    let key = self.key(place);
                    self.key_down = place;
                    device(self, &|twin| twin.device_mut().key_down(bench_now, key));
                    // A little longer than the mark, so that it is surely reached.
                    let long = Duration::from_millis(u64::from(ms) + if ms > 1_000 { 60 } else { 0 });
                    self.key_up_at = Some(at + long.max(super::TAP));
                }
            }
            Input::ReadDisplay => self.speak(),
            Input::Load(load) => self.set_load(load),
            Input::AddMeter(slug) => self.add_meter(slug),
            Input::RemoveMeter(place) => self.remove_meter(place),
            Input::Select(place) => self.select(place),
            Input::ImportImage(bytes) => self.import_image(&bytes),
            Input::Day => self.days += 1,
            Input::Stop => self.let_go(),
            Input::Panel(deed) => self.panel(bench_now, deed),
        }
    }

    /// The finger leaves the key, and nothing comes of it.
    pub(super) fn let_go(&mut self) {
        self.key_up_at = None;
        let key = self.key(self.key_down);
        let mut bench = self.bench.borrow_mut();
        let now = bench.now();
        if let Some(twin) = bench.twin_mut(self.at) {
            twin.device_mut().key_cancel(now, key);
        }
    }

    /// Whether a key of the meter in hand is down.
    fn held(&self) -> bool {
        let bench = self.bench.borrow();
        bench.twin(self.at).is_some_and(|twin| twin.device().letting_go(bench.now()).held.is_some())
    }

    fn release(&mut self, at: Instant) {
        let key = self.key(self.key_down);
        self.key_up_at = None;
        if let Some(twin) = self.bench.borrow_mut().twin_mut(self.at) {
            twin.device_mut().key_up(at + self.ahead, key);
        }
        // The display settles first: a label gives way to its value.
        self.speak_at = Some(at + Duration::from_millis(300));
    }

    /// Lets the bench run up to `until`, hour by hour of metered time.
    fn pass(&mut self, until: Instant) {
        let speed = u64::from(self.load().speed.max(1));
        for _ in 0..20_000 {
            let now = self.bench.borrow().now();
            if now >= until {
                break;
            }
            let next = self.bench.borrow().next_event().filter(|at| *at > now).unwrap_or(until);
            let hour =
                now + Duration::from_micros(HOUR_US.saturating_sub(self.hour_us).div_ceil(speed).max(1));
            let to = next.min(until).min(hour);
            self.bench.borrow_mut().run_until(to);
            self.hour_us += to.since(now).times(speed).as_micros();
            if self.hour_us >= HOUR_US {
                self.hour_us -= HOUR_US;
                self.end_hour();
            }
        }
    }

    /// A day of metered time at once, hour by hour.
    fn day(&mut self) {
        for _ in 0..DAY {
            let span = Duration::from_micros(HOUR_US);
            self.bench.borrow_mut().jump(span);
            self.ahead += span;
            self.end_hour();
        }
        self.dirty = true;
    }

    fn look_after_memory(&mut self, now: Instant) {
        let writes = self.writes();
        if self.touched.0 != writes {
            self.touched = (writes, now);
        }
        // Also while it is written again and again, as with fast metered time.
        let calm = now.since(self.touched.1) >= KEEP || writes.saturating_sub(self.kept) > 500;
        if writes != self.kept && calm {
            self.keep();
        }
    }
}
