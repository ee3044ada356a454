//! The runtime itself: what it owns, and how a tick passes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use commission::{Line, LineMemory, Place, Plan, Staged, Timing, Transport, commands, factory_place};
use dom::later;
use dom::serial::{Link, SerialPort, State};
use dom::share::Answer;
use models::Entry;
use schema::PortId;
use units::{Duration, Instant};

use super::answer::Answering;
use super::hand::{Hand, Known};
use super::subject::Subject;
use super::tap::SharedTap;
use super::work::{self, Running, SharedLine, Task};
use super::{Signals, tables};
use crate::host::{self, Host};
use crate::modbus::input::Input;
use crate::modbus::view::{LineForm, Model};

/// How often what changes by the second is looked at.
const SLOW: Duration = Duration::from_millis(200);
/// How often a live reading is looked at.
const LIVE: Duration = Duration::from_millis(50);
/// How often it is looked whether the meter has something to say at an adapter. Browsers make it no less.
const ANSWERING: Duration = Duration::from_millis(4);

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
    fn new(port: host::Line, place: Place, entry: &'static Entry, link: Option<Rc<Link>>) -> Self {
        let tap = SharedTap::new(port.clone());
        // A line lives as long as the page; its buffers are a kilobyte.
        let memory = Box::leak(Box::new(LineMemory::default()));
        let mut line = Line::new(port, memory, Transport::Rtu, place, Timing::default(), tap.clone());
        line.set_entry(Some(entry));
        Self { line: Rc::new(RefCell::new(line)), tap, link, subject: Subject::default(), entry, place }
    }

    /// The meter at its end is of this model.
    pub fn set_entry(&mut self, entry: &'static Entry) {
        self.entry = entry;
        // Whoever has the line knows the model already, and work in progress is dropped before it changes.
        if let Ok(mut line) = self.line.try_borrow_mut() {
            line.set_entry(Some(entry));
        }
    }
}

/// All of it.
pub struct Runtime {
    pub(super) signals: Signals,
    /// The page.
    pub(super) host: Host,
    /// The meter in hand.
    pub(super) hand: Option<Hand>,
    /// What is known of the others.
    pub(super) known: Known,
    /// The tables that were shown.
    pub(super) models: Vec<(&'static Entry, &'static Model)>,
    /// The twins' line, and the real one while there is one.
    pub(super) twin_wire: Wire,
    pub(super) real_wire: Option<Wire>,
    /// The adapter at which the page answers as a meter.
    pub(super) answering: Option<Answering>,
    pub(super) tasks: VecDeque<Task>,
    pub(super) running: Option<Running>,
    /// What waits until somebody agrees that it cannot be undone.
    pub(super) held: Option<Plan>,
    pub(super) live: bool,
    /// It was said already that the adapter has gone.
    pub(super) gone: bool,
    pub(super) read_at: Option<Instant>,
    slow_at: Instant,
    pub(super) traffic_seen: Option<u32>,
    pub(super) dirty: bool,
    /// The page was told that there is work on the line.
    busy: bool,
}

impl Runtime {
    /// A master wired to the twins, with a first read-out on its way.
    pub fn new(host: Host) -> Self {
        let modbus = models::ALL.iter().find(|entry| entry.def.has(PortId::Modbus));
        let Some(entry) = modbus.or(models::ALL.first()) else { unreachable!("there is a model") };
        let first: &'static Model = Box::leak(Box::new(tables::model(entry)));
        let line = host::Line::new(host.clone());
        let mut runtime = Self {
            signals: Signals::new(first),
            host,
            hand: None,
            known: Vec::new(),
            models: vec![(entry, first)],
            twin_wire: Wire::new(line, factory_place(entry), entry, None),
            real_wire: None,
            answering: None,
            tasks: VecDeque::new(),
            running: None,
            held: None,
            live: false,
            gone: false,
            read_at: None,
            slow_at: Instant::ZERO,
            traffic_seen: None,
            dirty: true,
            busy: false,
        };
        runtime.look();
        runtime
    }

    /// After how long it wants to be asked again, where nothing wakes it.
    pub fn pace(&self) -> Duration {
        match (&self.answering, self.live) {
            (Some(_), _) => ANSWERING,
            (None, true) => LIVE,
            (None, false) => SLOW,
        }
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
        let port = host::Line::real(self.host.clone(), link.clone(), place.line);
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
        self.held = None;
        if let Some(running) = self.running.take() {
            let progress = running.progress.borrow().clone();
            self.wire_mut().subject.stopped(&progress);
        }
        self.dirty = true;
    }

    fn detach(&mut self) {
        if let Some(link) = self.put_away() {
            later(async move { link.close().await });
        }
    }

    /// Another part of the page wants the adapter: it gets it, unless something goes on here. `None` where it is not here.
    pub fn let_go(&mut self, port: &SerialPort) -> Option<Answer> {
        if self.answering.as_ref().is_some_and(|answering| answering.holds(port)) {
            return Some(Box::pin(async { Err("The Bus tab, where the page answers as a meter,") }));
        }
        let link = self.link().filter(|link| link.holds(port))?;
        if self.running.is_some() || !self.tasks.is_empty() || self.live {
            return Some(Box::pin(async { Err("The Bus tab") }));
        }
        self.put_away();
        Some(Box::pin(async move {
            link.close().await;
            Ok(())
        }))
    }

    /// Back to the simulated wire; the adapter that was open.
    fn put_away(&mut self) -> Option<Rc<Link>> {
        self.drop_tasks();
        let wire = self.real_wire.take()?;
        self.live = false;
        self.signals.port.update(|port| {
            port.open = false;
            port.say.clear();
            port.bad = false;
        });
        self.traffic_seen = None;
        self.show_models();
        self.follow_twin();
        wire.link
    }

    /// Works up to `now` by the page's clock.
    pub fn tick(&mut self, now: Instant, inputs: Vec<Input>) {
        for input in inputs {
            self.host.ask("note", &input.name().into());
            self.take(now, input);
        }
        self.work();
        self.answer();
        self.refill(now);
        self.watch_link();
        let busy = self.running.is_some();
        if busy != self.busy {
            self.busy = busy;
            self.host.ask("busy", &busy.into());
        }
        if now >= self.slow_at || self.dirty {
            self.slow_at = now + SLOW;
            self.dirty = false;
            self.look();
            self.project();
        }
    }

    fn take(&mut self, at: Instant, input: Input) {
        match input {
            Input::Read => self.push(Task::Read),
            Input::Live(on) => {
                self.live = on;
                self.read_at = on.then_some(at);
                self.dirty = true;
            }
            Input::Stop => {
                self.live = false;
                self.drop_tasks();
            }
            Input::Stage(row, text) => {
                let entry = self.wire().entry;
                if let Some(setting) = tables::setting_rows(entry).get(row) {
                    self.wire_mut().subject.stage(entry, setting.id, &text);
                }
            }
            Input::Unstage(row) => {
                if let Some(setting) = tables::setting_rows(self.wire().entry).get(row) {
                    self.wire_mut().subject.unstage(setting.id);
                }
            }
            Input::Discard => self.wire_mut().subject.discard(),
            Input::Write => {
                let staged = self.wire().subject.staged.clone();
                self.write(&staged, &[]);
            }
            Input::Agree => {
                if let Some(plan) = self.held.take() {
                    self.push(Task::Write(plan));
                }
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
                self.host.ask("echo", &on.into());
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
        }
    }

    pub(super) fn push(&mut self, task: Task) {
        if self.asks() {
            self.tasks.push_back(task);
        }
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

    /// The last read-out as a file.
    pub fn export(&self, json: bool) -> Option<String> {
        let readout = self.wire().subject.readout.as_ref()?;
        let time = super::iso_now();
        Some(if json { readout.to_json(&time) } else { readout.to_csv(&time) })
    }
}

/// Wakes the page when a task can go on.
struct Soon;

impl std::task::Wake for Soon {
    fn wake(self: std::sync::Arc<Self>) {
        super::soon();
    }
}
