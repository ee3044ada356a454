//! The one runtime: it owns the meters and their wires, and projects views of them.
//!
//! Components push [`Input`]s and read [`Signals`]. Nothing else touches a device, so every change on the page has one
//! cause that can be named.

mod drive;
mod lend;
mod matrix;
mod model;
mod panels;
mod project;
mod rail;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use dom::browser::{after, document, frame, on_window, window};
use gloo_timers::callback::Interval;
use schema::PortId;
use units::{Duration, Instant};
use wasm_bindgen::JsValue;

use crate::dom::later;
use crate::input::Input;
use crate::signal::Sig;
use crate::view::{Card, Glass, Hold, Hour, Led, Lights, LoadForm, Mirror, Model, Place, Sees, Strip};
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
    /// The tables of the meter whose name stands in the head: the one in hand, or a real one.
    pub wired: Sig<&'static Model>,
    /// What became of a file of memories, and whether it was taken.
    pub imported: Sig<Option<Result<String, String>>>,
    /// The number by which the meter in hand is known: another one for each that comes in its place.
    pub mark: Sig<u32>,
    /// Where the meter in hand is spoken to.
    pub place: Sig<Place>,
    /// The glass.
    pub glass: Sig<Glass>,
    /// The test LED, and the lamp for reactive energy.
    pub led: Sig<[Led; 2]>,
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
            mark: Sig::default(),
            place: Sig::default(),
            glass: Sig::default(),
            led: Sig::default(),
            lights: Sig::default(),
            mirror: Sig::default(),
            hold: Sig::default(),
            load: Sig::default(),
            sees: Sig::default(),
            hours: Sig::default(),
            spoken: Sig::default(),
            strip: Sig::default(),
            pulses: Sig::default(),
            memory: Sig::default(),
        }
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

/// Adds what somebody did to the session's log.
pub fn note(what: &str) {
    crash::note(format!("{} ms: {what}", now().as_millis()));
}

/// Hands an input to the runtime. What the key does is acted on at once.
pub fn send(input: Input) {
    let at = now();
    note(input.name());
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
    runtime.tick(now(), Vec::new());
    RUNTIME.with(|place| *place.borrow_mut() = Some(runtime));
    run();
    signals
}

/// A question of one of the modules that are fetched later: see `lend.rs`, which has the table.
#[must_use]
pub fn lend(wire: PortId, what: &str, with: &JsValue) -> JsValue {
    let mut answer = None;
    self::with(|runtime| answer = runtime.lend(wire, what, with));
    answer.unwrap_or(JsValue::NULL)
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
    fn turn() {
        tick();
        let mut moving = false;
        with(|runtime| moving = runtime.moves());
        if moving {
            frame(turn);
        } else {
            after(CALM_MS, turn);
        }
    }
    frame(turn);
    Interval::new(HIDDEN_MS, || {
        if document().hidden() {
            tick();
        }
    })
    .forget();
    // The page may be gone for good: what the meter knows is kept.
    on_window("pagehide", |_| with(|runtime| runtime.keep()));
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

/// How often the page looks at a meter that nobody touches, in ms: often enough for its LED and its blinking.
const CALM_MS: u64 = 50;

/// How long a key press of the keyboard lasts at least.
const TAP: Duration = Duration::from_millis(150);
