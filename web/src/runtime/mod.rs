//! The one runtime: it owns the twin, the wire, the master and the changes, and projects views of them.
//!
//! Components push [`Input`]s and read [`Signals`]. Nothing else touches a device, so every change on the page has one
//! cause that can be named.

mod answer;
mod drive;
mod model;
mod outcome;
mod panels;
pub mod port;
mod project;
mod rail;
mod subject;
mod tap;
mod work;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use gloo_timers::callback::Interval;
use leptos::prelude::*;
use rig::Bench;
use units::{Duration, Instant};

use crate::dom::later;
use crate::input::Input;
use crate::serial::{self, Link};
use crate::signal::Sig;
use crate::view::{
    Answer, Card, Chip, Frame, Glass, Hold, Hour, Job, Led, Lights, LineForm, LoadForm, Mirror, Model, Port,
    Report, Sees, Setting, Strip, Value,
};
use crate::{crash, store};

use drive::Runtime;
pub use rail::MOST;

/// All that changes on the page.
#[derive(Clone, Copy)]
pub struct Signals {
    /// The meters on the rail, in their order.
    pub rail: Sig<Vec<Card>>,
    /// The number of the meter in hand.
    pub at: Sig<usize>,
    /// The tables of the meter in hand.
    pub twin: Sig<&'static Model>,
    /// The tables of the meter that the configurator speaks to: the one in hand, or a real one.
    pub wired: Sig<&'static Model>,
    /// What became of a file of memories, and whether it was taken.
    pub imported: Sig<Option<Result<String, String>>>,
    /// What the meter in hand knows, told by itself: label, value and unit. Empty where the configurator reads it.
    pub knows: Sig<Vec<(&'static str, String, &'static str)>>,
    /// The glass.
    pub glass: Sig<Glass>,
    /// The test LED.
    pub led: Sig<Led>,
    /// What is seen at the terminals.
    pub lights: Sig<Lights>,
    /// The page of the meter in words.
    pub mirror: Sig<Mirror>,
    /// The key.
    pub hold: Sig<Hold>,
    /// The load as it is set.
    pub load: Sig<LoadForm>,
    /// What the meter makes of it.
    pub sees: Sig<Sees>,
    /// Energy of the last metered hours, oldest first.
    pub hours: Sig<Vec<Hour>>,
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
    /// What a screen reader says next.
    pub spoken: Sig<String>,
    /// The outputs over the last moments, while their panel is open.
    pub strip: Sig<Strip>,
    /// What is told of the outputs, in the order of the panel's places.
    pub pulses: Sig<Vec<String>>,
    /// What is told of the memory, in the order of the panel's places.
    pub memory: Sig<Vec<String>>,
}

impl Signals {
    /// Empty views.
    #[must_use]
    pub fn new(model: &'static Model) -> Self {
        Self {
            rail: Sig::default(),
            at: Sig::default(),
            twin: Sig::new(model),
            wired: Sig::new(model),
            imported: Sig::default(),
            knows: Sig::default(),
            glass: Sig::default(),
            led: Sig::default(),
            lights: Sig::default(),
            mirror: Sig::default(),
            hold: Sig::default(),
            load: Sig::default(),
            sees: Sig::default(),
            hours: Sig::default(),
            chip: Sig::default(),
            values: Sig::default(),
            live: Sig::default(),
            settings: Sig::default(),
            job: Sig::default(),
            report: Sig::default(),
            traffic: Sig::default(),
            line: Sig::default(),
            echo: Sig::default(),
            answer: Sig::default(),
            port: Sig::default(),
            spoken: Sig::default(),
            strip: Sig::default(),
            pulses: Sig::default(),
            memory: Sig::default(),
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
    static INBOX: RefCell<VecDeque<(Instant, Input)>> = const { RefCell::new(VecDeque::new()) };
    static SOON: Cell<bool> = const { Cell::new(false) };
}

/// Real time by the page's own clock, which starts with the page.
#[must_use]
pub fn now() -> Instant {
    let ms = window().performance().map_or(0.0, |clock| clock.now());
    // Negative and absurd values do not occur; a cast of a float saturates anyway.
    Instant::from_micros((ms * 1_000.0) as u64)
}

/// Hands an input to the runtime. What the key does is acted on at once.
pub fn send(input: Input) {
    let at = now();
    crash::note(format!("{} ms: {}", at.as_millis(), input.name()));
    INBOX.with(|inbox| inbox.borrow_mut().push_back((at, input)));
    tick();
}

/// Lets the runtime work up to now. A call from inside the runtime is put off to the next one.
pub fn tick() {
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
pub fn soon() {
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

/// Makes the twins from what this computer kept of them, or one as from the factory, and starts the clock.
///
/// Returns the signals, which hold the first view already.
pub fn start(kept: Option<Vec<u8>>) -> Signals {
    let mut runtime = Runtime::new(kept, now());
    let signals = runtime.signals();
    signals.port.update(|port| port.possible = serial::possible());
    runtime.tick(now(), Vec::new());
    RUNTIME.with(|place| *place.borrow_mut() = Some(runtime));
    run();
    signals
}

/// The bench with all meters, for whoever speaks over a wire of it that the configurator does not use.
#[must_use]
pub fn bench() -> Option<Rc<RefCell<Bench>>> {
    let mut bench = None;
    with(|runtime| bench = Some(runtime.bench.clone()));
    bench
}

/// The memories as a file: of all meters on the rail, or of the one in hand.
#[must_use]
pub fn image(all: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    with(|runtime| bytes = runtime.image(all));
    bytes
}

/// Period of the clock while the page is hidden, in ms. Browsers make it longer as they like.
const HIDDEN_MS: u32 = 250;

/// The clock of the page: every frame while something moves, some times a second while nothing does, and a slow timer
/// while nobody sees it.
fn run() {
    fn frame() {
        tick();
        let mut moving = false;
        with(|runtime| moving = runtime.moves());
        if moving {
            request_animation_frame(frame);
        } else {
            set_timeout(frame, CALM);
        }
    }
    request_animation_frame(frame);
    Interval::new(HIDDEN_MS, || {
        if document().hidden() {
            tick();
        }
    })
    .forget();
    // The page may be gone for good: what the meter knows is kept, and the adapter is given back.
    let leave = window_event_listener_untyped("pagehide", |_| {
        with(|runtime| {
            runtime.keep();
            if let Some(link) = runtime.link() {
                later(async move { link.close().await });
            }
        });
    });
    // These listeners live as long as the page.
    core::mem::forget(leave);
    serial::on_connect(|| later(come_back()));
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

/// Lets somebody choose a port, then opens it. Called while a click is handled.
pub fn choose_port(form: LineForm) {
    let asked = serial::request();
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

/// Opens a port that was granted before.
pub fn open_granted(place: usize, form: LineForm) {
    say("", false, true);
    later(async move {
        match serial::granted().await.into_iter().nth(place) {
            Some((port, _)) => open(port, form).await,
            None => say("That adapter is not plugged in any more. Plug it in, then try again.", true, false),
        }
    });
}

async fn open(port: serial::SerialPort, form: LineForm) {
    let link = Link::new(port, soon);
    match link.open(work::line_params(form)).await {
        Ok(()) => {
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

/// The time of day of an instant of the page's clock, with milliseconds.
fn time_of_day(at: Instant) -> String {
    let age = now().since(at).as_millis() as f64;
    let date = js_sys::Date::new(&(js_sys::Date::now() - age).into());
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds(),
        date.get_milliseconds()
    )
}

/// Keeps the images of the non-volatile memories; a browser that keeps nothing says so once in the log.
fn keep_image(bytes: Vec<u8>) {
    store::set_local(MEMORY_FLAG, Some("1"));
    later(async move {
        if store::save(MEMORY.to_owned(), bytes).await.is_err() {
            crash::note("the browser keeps no memory of the meter".to_owned());
        }
    });
}

/// Where the memories of all meters are kept, one file.
pub const MEMORY: &str = "rail";

/// Stands in local storage where a memory was kept: a first visit then need not wait for the database.
pub const MEMORY_FLAG: &str = "metertwin.memory";

/// How often the page looks at a meter that nobody touches: often enough for its LED and its blinking.
const CALM: core::time::Duration = core::time::Duration::from_millis(50);

/// How long a key press of the keyboard lasts at least.
const TAP: Duration = Duration::from_millis(150);
