//! The runtime itself: what it owns, and how a tick passes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use commission::{
    Line, LineMemory, Place, SimulatedPort, Staged, Timing, Transport, commands, factory_place,
};
use models::Entry;
use rig::{Bench, Twin, WireFaults};
use schema::{KeyId, PortId};
use units::{Duration, Instant};

use super::answer::Answering;
use super::panels::Panels;
use super::port::AnyPort;
use super::project::Flash;
use super::rail::Meter;
use super::subject::Subject;
use super::tap::SharedTap;
use super::work::{self, Running, SharedLine, Task};
use super::{Signals, model};
use crate::dom::later;
use crate::input::Input;
use crate::serial::{Link, State};
use crate::store;
use crate::view::{LineForm, Model};

/// How often what changes by the second is looked at.
const SLOW: Duration = Duration::from_millis(200);
/// How long the memory must be untouched before it is kept.
const KEEP: Duration = Duration::from_millis(1_000);
/// An hour of metered time, in µs.
const HOUR_US: u64 = 3_600_000_000;
/// Hours of a day.
const DAY: u32 = 24;

/// A line with all that belongs to it.
pub struct Wire {
    /// The master.
    pub line: SharedLine,
    /// What went over it.
    pub tap: SharedTap,
    /// The adapter, where it is a real one.
    pub link: Option<Rc<Link>>,
    /// The meter at its end.
    pub subject: Subject,
    /// Its model, as far as that is known.
    pub entry: &'static Entry,
    /// Where it was spoken to last.
    pub place: Place,
}

impl Wire {
    fn new(port: AnyPort, place: Place, entry: &'static Entry, link: Option<Rc<Link>>) -> Self {
        let tap = SharedTap::default();
        tap.set_entry(Some(entry));
        // A line lives as long as the page; its buffers are a kilobyte.
        let memory = Box::leak(Box::new(LineMemory::default()));
        let mut line = Line::new(port, memory, Transport::Rtu, place, Timing::default(), tap.clone());
        line.set_entry(Some(entry));
        Self { line: Rc::new(RefCell::new(line)), tap, link, subject: Subject::default(), entry, place }
    }

    /// The meter at its end is of this model.
    pub fn set_entry(&mut self, entry: &'static Entry) {
        self.entry = entry;
        self.tap.set_entry(Some(entry));
        // Whoever has the line knows the model already, and work in progress is dropped before it changes.
        if let Ok(mut line) = self.line.try_borrow_mut() {
            line.set_entry(Some(entry));
        }
    }
}

/// All of it.
pub struct Runtime {
    pub(super) signals: Signals,
    pub(super) bench: Rc<RefCell<Bench>>,
    /// What is kept of each meter of the bench, and the number of the one in hand.
    pub(super) meters: Vec<Meter>,
    pub(super) at: usize,
    /// The tables that the page has seen.
    pub(super) models: Vec<(&'static Entry, &'static Model)>,
    /// The twins' line, and the real one while there is one.
    pub(super) twin_wire: Wire,
    pub(super) real_wire: Option<Wire>,
    /// The adapter at which the page answers as a meter.
    pub(super) answering: Option<Answering>,
    pub(super) tasks: VecDeque<Task>,
    pub(super) running: Option<Running>,
    pub(super) live: bool,
    /// It was said already that the adapter has gone.
    pub(super) gone: bool,
    pub(super) read_at: Option<Instant>,
    /// How far the bench has jumped ahead of the page's clock.
    ahead: Duration,
    days: u32,
    key_up_at: Option<Instant>,
    pub(super) speak_at: Option<Instant>,
    /// Metered time of the hour that has begun, in µs.
    hour_us: u64,
    pub(super) flash: Flash,
    pub(super) pulse: Flash,
    pub(super) bus: Flash,
    slow_at: Instant,
    /// How often meters came, went or were replaced.
    pub(super) changes: u64,
    pub(super) kept: u64,
    touched: (u64, Instant),
    pub(super) traffic_seen: Option<u32>,
    pub(super) dirty: bool,
    /// What was wrong at the start; it is said when a reading would clear it.
    pub(super) warning: Option<String>,
    pub(super) panels: Panels,
}

impl Runtime {
    /// The meters with what was kept of them, a master wired to them, and a first read-out on its way.
    pub fn new(kept: Option<Vec<u8>>, now: Instant) -> Self {
        let Some(entry) = models::ALL.first() else { unreachable!("there is a model") };
        let bench = Rc::new(RefCell::new(Bench::new(now)));
        let place = factory_place(entry);
        let port = AnyPort::Simulated(SimulatedPort::new(bench.clone(), PortId::Modbus));
        bench.borrow_mut().set_master_line(PortId::Modbus, place.line);
        let first: &'static Model = Box::leak(Box::new(model::model(entry)));
        let mut runtime = Self {
            signals: Signals::new(first),
            meters: Vec::new(),
            at: 0,
            models: vec![(entry, first)],
            twin_wire: Wire::new(port, place, entry, None),
            real_wire: None,
            answering: None,
            tasks: VecDeque::new(),
            running: None,
            live: false,
            gone: false,
            read_at: None,
            ahead: Duration::ZERO,
            days: 0,
            key_up_at: None,
            speak_at: None,
            hour_us: 0,
            flash: Flash::default(),
            pulse: Flash::default(),
            bus: Flash::default(),
            slow_at: now,
            changes: 0,
            kept: 0,
            touched: (0, now),
            traffic_seen: None,
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

    /// True while something moves that is to be followed frame by frame: a finger on the key, work on the line.
    pub fn moves(&self) -> bool {
        self.running.is_some()
            || self.key_up_at.is_some()
            || self.signals.hold.with_untracked(|hold| hold.down)
            || self.panels.slides()
    }

    /// The signals.
    pub fn signals(&self) -> Signals {
        self.signals
    }

    /// The wire that the page shows.
    pub fn wire(&self) -> &Wire {
        self.real_wire.as_ref().unwrap_or(&self.twin_wire)
    }

    pub(super) fn wire_mut(&mut self) -> &mut Wire {
        self.dirty = true;
        self.real_wire.as_mut().unwrap_or(&mut self.twin_wire)
    }

    /// The real adapter, where there is one.
    pub fn link(&self) -> Option<Rc<Link>> {
        self.real_wire.as_ref().and_then(|wire| wire.link.clone())
    }

    /// The adapter that has gone, and where the meter was spoken to.
    pub fn lost_link(&self) -> Option<(Rc<Link>, LineForm)> {
        let wire = self.real_wire.as_ref()?;
        let link = wire.link.clone().filter(|link| link.state() == State::Lost)?;
        Some((link, work::line_form(wire.place)))
    }

    /// Makes an open adapter the wire of the page.
    pub fn attach(&mut self, link: Rc<Link>, form: LineForm) {
        let place = Place { line: work::line_params(form), unit: form.id };
        let port = AnyPort::Real { link: link.clone(), line: place.line };
        // Until it has told its model, it is taken for the first that such a line can speak to.
        let known = models::ALL.iter().find(|entry| entry.def.has(PortId::Modbus));
        let mut wire = Wire::new(port, place, known.unwrap_or(self.entry()), Some(link));
        self.drop_tasks();
        if let Some(before) = self.real_wire.take() {
            wire.set_entry(before.entry);
            wire.subject = before.subject;
        }
        self.real_wire = Some(wire);
        self.live = false;
        self.signals.port.update(|port| {
            port.open = true;
            port.busy = false;
        });
        self.tasks.extend([Task::Identify, Task::Read]);
        self.traffic_seen = None;
        self.show_models();
    }

    pub(super) fn drop_tasks(&mut self) {
        self.tasks.clear();
        if let Some(running) = self.running.take() {
            let progress = running.progress.borrow().clone();
            self.wire_mut().subject.stopped(&progress);
        }
        self.dirty = true;
    }

    fn detach(&mut self) {
        self.drop_tasks();
        let Some(wire) = self.real_wire.take() else { return };
        self.live = false;
        if let Some(link) = wire.link {
            later(async move { link.close().await });
        }
        self.signals.port.update(|port| {
            port.open = false;
            port.say.clear();
            port.bad = false;
        });
        self.traffic_seen = None;
        self.show_models();
        self.follow_twin();
    }

    fn key(&self) -> KeyId {
        self.entry().def.keys.first().map_or(KeyId(0), |key| key.id)
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
        self.answer();
        while self.days > 0 && self.running.is_none() {
            self.days -= 1;
            self.day();
        }
        self.refill(now);
        self.watch_link();
        self.project(now);
        self.project_strip(now);
        if now >= self.slow_at || self.dirty {
            self.slow_at = now + SLOW;
            self.dirty = false;
            self.project_slowly(now);
            self.look_after_memory(now);
        }
    }

    fn take(&mut self, at: Instant, input: Input) {
        let key = self.key();
        let bench_now = at + self.ahead;
        let device = |runtime: &Self, act: &dyn Fn(&mut Twin)| {
            if let Some(twin) = runtime.bench.borrow_mut().twin_mut(runtime.at) {
                act(twin);
            }
        };
        match input {
            Input::KeyDown if self.key_up_at.is_none() => {
                device(self, &|twin| twin.device_mut().key_down(bench_now, key));
            }
            Input::KeyDown => {}
            Input::KeyUp if self.key_up_at.is_none() => self.release(at),
            Input::KeyUp => {}
            Input::KeyCancel => self.let_go(),
            Input::Press(ms) => {
                let held = self
                    .bench
                    .borrow()
                    .twin(self.at)
                    .is_some_and(|twin| twin.device().letting_go(bench_now).held.is_some());
                if !held && self.key_up_at.is_none() {
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
            Input::Read => self.push(Task::Read),
            Input::Live(on) => {
                self.live = on;
                self.read_at = on.then_some(at);
                self.dirty = true;
            }
            Input::Stop => {
                self.let_go();
                self.live = false;
                self.drop_tasks();
            }
            Input::Stage(row, text) => {
                let entry = self.wire().entry;
                if let Some(setting) = model::setting_rows(entry).get(row) {
                    self.wire_mut().subject.stage(entry, setting.id, &text);
                }
            }
            Input::Unstage(row) => {
                if let Some(setting) = model::setting_rows(self.wire().entry).get(row) {
                    self.wire_mut().subject.unstage(setting.id);
                }
            }
            Input::Discard => self.wire_mut().subject.discard(),
            Input::Write => {
                let staged = self.wire().subject.staged.clone();
                self.write(&staged, &[]);
            }
            Input::Command(place) => {
                if let Some(command) = commands(self.wire().entry).nth(place) {
                    self.write(&Staged::new(), &[command]);
                }
            }
            Input::Raw(mut bytes, check) => {
                if check {
                    let sum = modbus::crc::wire(&bytes);
                    bytes.extend(sum);
                }
                self.push(Task::Raw(bytes));
            }
            Input::Registers(function, address, count) => {
                self.push(Task::Registers(function, address, count))
            }
            Input::Line(form) => self.push(Task::Line(form)),
            Input::Echo(on) => {
                self.bench
                    .borrow_mut()
                    .set_faults(PortId::Modbus, WireFaults { echo: on, ..WireFaults::default() });
                self.signals.echo.show(on);
            }
            Input::ClearTraffic => {
                self.wire().tap.clear();
                self.dirty = true;
            }
            Input::HandOut => self.hand_out(),
            Input::Disconnect => {
                self.take_back();
                self.detach();
            }
            Input::Panel(deed) => self.panel(bench_now, deed),
        }
    }

    /// True where the configurator has a line to the meter.
    pub(super) fn asks(&self) -> bool {
        let out = self.bench.borrow().is_out(self.at, PortId::Modbus);
        self.real_wire.is_some() || (!out && self.entry().def.has(PortId::Modbus))
    }

    pub(super) fn push(&mut self, task: Task) {
        if self.asks() {
            self.tasks.push_back(task);
        }
        self.dirty = true;
    }

    /// The finger leaves the key, and nothing comes of it.
    pub(super) fn let_go(&mut self) {
        self.key_up_at = None;
        let key = self.key();
        let mut bench = self.bench.borrow_mut();
        let now = bench.now();
        if let Some(twin) = bench.twin_mut(self.at) {
            twin.device_mut().key_cancel(now, key);
        }
    }

    fn release(&mut self, at: Instant) {
        let key = self.key();
        self.key_up_at = None;
        if let Some(twin) = self.bench.borrow_mut().twin_mut(self.at) {
            twin.device_mut().key_up(at + self.ahead, key);
        }
        // The display settles first: a label gives way to its value.
        self.speak_at = Some(at + Duration::from_millis(300));
    }

    /// Lets the bench run up to `until`, hour by hour of metered time, and the task with it.
    fn pass(&mut self, until: Instant) {
        let speed = u64::from(self.load().speed.max(1));
        for _ in 0..20_000 {
            self.work();
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
        self.twin_wire.tap.set_ahead(self.ahead);
        self.dirty = true;
    }

    /// Gives the task a turn, and begins the next one where there is none.
    fn work(&mut self) {
        loop {
            if self.running.is_none() {
                let Some(task) = self.tasks.pop_front() else { return };
                self.running = Some(work::start(task, self.wire().line.clone(), self.wire().entry));
                self.dirty = true;
            }
            let waker = Waker::from(std::sync::Arc::new(Soon));
            let Some(running) = &mut self.running else { return };
            match running.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Pending => return,
                Poll::Ready(done) => {
                    self.running = None;
                    self.finish(done);
                    // Work that the adapter goes away under says so itself.
                    self.gone = self.lost();
                }
            }
        }
    }

    /// Live reading goes on.
    fn refill(&mut self, now: Instant) {
        let due = self.live && self.read_at.is_some_and(|at| at <= now);
        if due && self.running.is_none() && self.tasks.is_empty() {
            self.read_at = None;
            self.tasks.push_back(Task::Read);
            self.work();
        }
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

    /// The last read-out as a file.
    pub fn export(&self, json: bool) -> Option<String> {
        let readout = self.wire().subject.readout.as_ref()?;
        Some(if json { readout.to_json(&super::iso_now()) } else { readout.to_csv() })
    }
}

/// Wakes the page when a task can go on.
struct Soon;

impl std::task::Wake for Soon {
    fn wake(self: std::sync::Arc<Self>) {
        super::soon();
    }
}
