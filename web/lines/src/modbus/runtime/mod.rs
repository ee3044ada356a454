//! The one runtime of the configurator: it owns the master and the changes, and projects views of them.
//!
//! Parts push [`Input`]s and read [`Signals`]. What is at the simulated wire is the page's: it is asked.

mod answer;
mod drive;
mod hand;
mod outcome;
mod project;
mod subject;
mod tables;
mod tap;
mod work;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use commission::Action;
use commission::guard::Guard;
use dom::browser::{after, on_window, window};
use dom::later;
use dom::serial::{self, SerialPort};
use dom::share;
use dom::signal::Sig;
use units::{Duration, Instant};

use crate::crash;
use crate::host::{self, Host};
use crate::modbus::input::Input;
use crate::modbus::view::{Answer, Chip, Frame, Job, LineForm, Model, Port, Report, Setting, Value};

use drive::Runtime;

/// All that changes in the configurator.
#[derive(Clone, Copy)]
pub struct Signals {
    /// The tables of the meter in hand.
    pub twin: Sig<&'static Model>,
    /// The tables of the meter that the configurator speaks to: the one in hand, or a real one.
    pub wired: Sig<&'static Model>,
    /// What the meter in hand knows, told by itself: label, value and unit. Empty where the configurator reads it.
    pub knows: Sig<Vec<(&'static str, String, &'static str)>>,
    /// What its display shows then.
    pub shows: Sig<String>,
    /// What the configurator is wired to.
    pub chip: Sig<Chip>,
    /// Values of the read-out, row by row.
    pub values: Sig<Vec<Value>>,
    /// Reading goes on by itself.
    pub live: Sig<bool>,
    /// The settings, row by row.
    pub settings: Sig<Vec<Setting>>,
    /// Work in progress.
    pub job: Sig<Job>,
    /// What waits to be written and cannot be undone, with all that is written with it.
    pub guard: Sig<Option<(Guard, Vec<Action>)>>,
    /// What became of the last writing.
    pub report: Sig<Option<Report>>,
    /// The traffic, oldest first.
    pub traffic: Sig<Vec<Frame>>,
    /// The master's line.
    pub line: Sig<LineForm>,
    /// The simulated adapter echoes.
    pub echo: Sig<bool>,
    /// The answer to what was sent by hand.
    pub answer: Sig<Option<Answer>>,
    /// The real port.
    pub port: Sig<Port>,
}

impl Signals {
    /// Empty views.
    #[must_use]
    pub fn new(model: &'static Model) -> Self {
        Self {
            twin: Sig::new(model),
            wired: Sig::new(model),
            knows: Sig::default(),
            shows: Sig::default(),
            chip: Sig::default(),
            values: Sig::default(),
            live: Sig::default(),
            settings: Sig::default(),
            job: Sig::default(),
            guard: Sig::default(),
            report: Sig::default(),
            traffic: Sig::default(),
            line: Sig::default(),
            echo: Sig::default(),
            answer: Sig::default(),
            port: Sig::default(),
        }
    }

    /// How many changes are staged.
    #[must_use]
    pub fn staged(&self) -> usize {
        self.settings.with(|settings| settings.iter().filter(|setting| setting.staged.is_some()).count())
    }
}

thread_local! {
    static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
    static INBOX: RefCell<VecDeque<Input>> = const { RefCell::new(VecDeque::new()) };
    static SOON: Cell<bool> = const { Cell::new(false) };
}

/// Real time by the page's own clock, which starts with the page.
#[must_use]
pub fn now() -> Instant {
    let ms = window().performance().map_or(0.0, |clock| clock.now());
    // Negative and absurd values do not occur; a cast of a float saturates anyway.
    Instant::from_micros((ms * 1_000.0) as u64)
}

/// Hands an input to the runtime.
pub fn send(input: Input) {
    INBOX.with(|inbox| inbox.borrow_mut().push_back(input));
    tick();
}

/// Lets the runtime work up to now. A call from inside the runtime is put off to the next one.
fn tick() {
    if crash::failed() {
        return;
    }
    let busy = RUNTIME.with(|runtime| {
        let Ok(mut runtime) = runtime.try_borrow_mut() else { return true };
        if let Some(runtime) = runtime.as_mut() {
            let inputs: Vec<_> = INBOX.with(|inbox| inbox.borrow_mut().drain(..).collect());
            runtime.tick(now(), inputs);
        }
        false
    });
    if busy {
        soon();
    }
}

/// Ticks in a moment, once however often it is asked for.
fn soon() {
    if !SOON.replace(true) {
        later(async {
            SOON.set(false);
            tick();
        });
    }
}

/// Does something with the runtime between two ticks.
fn with(act: impl FnOnce(&mut Runtime)) {
    RUNTIME.with(|runtime| {
        if let Ok(mut runtime) = runtime.try_borrow_mut()
            && let Some(runtime) = runtime.as_mut()
        {
            act(runtime);
        }
    });
}

/// The meters on the rail have changed: it is looked at anew which one is in hand.
pub fn look() {
    with(Runtime::look);
    soon();
}

/// Makes the master at the simulated wire of the page, and starts its clock.
///
/// Returns the signals, which hold the first view already.
pub fn start(host: Host) -> Signals {
    let mut runtime = Runtime::new(host);
    let signals = runtime.signals();
    signals.port.update(|port| port.possible = serial::possible());
    runtime.tick(now(), Vec::new());
    RUNTIME.with(|place| *place.borrow_mut() = Some(runtime));
    run();
    signals
}

/// The clock: some times a second, more often while a question of somebody else may come in at any moment. Work on the line
/// wakes it by itself.
fn run() {
    fn turn() {
        tick();
        let mut pace = Duration::from_millis(0);
        with(|runtime| pace = runtime.pace());
        after(pace.as_millis(), turn);
    }
    turn();
    // The page may be gone for good: the adapter is given back.
    on_window("pagehide", |_| {
        with(|runtime| {
            if let Some(link) = runtime.link() {
                later(async move { link.close().await });
            }
        });
    });
    serial::on_connect(|| later(come_back()));
    share::on_claim(|port| {
        let mut answer = None;
        with(|runtime| answer = runtime.let_go(port));
        answer
    });
}

/// An adapter was plugged in: where the open one had gone, it is taken up again.
async fn come_back() {
    let mut lost = None;
    with(|runtime| lost = runtime.lost_link());
    let Some((link, form)) = lost else { return };
    let name = link.name();
    let Some((port, _)) = serial::granted().await.into_iter().find(|(port, _)| serial::name(port, 1) == name)
    else {
        return;
    };
    open(port, form).await;
}

/// Fills the list of ports already granted.
pub fn list_ports() {
    later(async {
        let names = serial::granted().await.into_iter().map(|(_, name)| name).collect();
        with(|runtime| runtime.signals().port.update(|port| port.granted = names));
    });
}

/// Opens a port: one of those granted before, or one that somebody chooses. Called while a click is handled.
pub fn open_port(granted: Option<usize>, form: LineForm) {
    let asked = host::choose(granted);
    say("", false, true);
    later(async move {
        match asked.await {
            Ok(port) => open(port, form).await,
            Err(why) => {
                say(why.as_deref().unwrap_or("No port was chosen. The twin runs on."), why.is_some(), false)
            }
        }
    });
}

async fn open(port: SerialPort, form: LineForm) {
    match host::open(port, work::line_params(form), soon).await {
        Ok(link) => {
            say("", false, false);
            with(|runtime| runtime.attach(link, form));
            soon();
        }
        Err(why) => say(&why, true, false),
    }
}

fn say(text: &str, bad: bool, busy: bool) {
    with(|runtime| {
        runtime.signals().port.update(|port| {
            port.say = text.to_owned();
            port.bad = bad;
            port.busy = busy;
        });
    });
}

/// The last read-out as a file: comma-separated, or JSON. `None` before the first one.
#[must_use]
pub fn export(json: bool) -> Option<String> {
    let mut text = None;
    with(|runtime| text = runtime.export(json));
    text
}

/// Text of `date` in ISO 8601.
fn iso_now() -> String {
    String::from(js_sys::Date::new_0().to_iso_string())
}

/// The time of day so long ago, with milliseconds.
fn time_of_day(age: Duration) -> String {
    let date = js_sys::Date::new(&(js_sys::Date::now() - age.as_millis() as f64).into());
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds(),
        date.get_milliseconds()
    )
}
