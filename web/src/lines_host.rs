//! The panels for M-Bus and the optical port: a module of their own, fetched when one of them is opened, and the line that the
//! page lends it.
//!
//! A panel asks by one function of JavaScript, `host(what, a, b)`, see [`ask`]. Bytes go over the simulated wire or over
//! an adapter of its own. What is asked goes on in the runtime's turn, so that it keeps step with the simulated world.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use commission::{Port, PortFault, Received, SimulatedPort};
use js_sys::{Array, Function, Promise, Uint8Array};
use schema::PortId;
use units::{DataBits, Duration, Instant, LineParams, Parity};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::dom::{El, button, el, later, watch};
use crate::runtime::{self, Signals, port::AnyPort};
use crate::serial::{self, Link};
use crate::signal::{Sig, memo};

#[wasm_bindgen]
extern "C" {
    /// Fetches the module; the boot script has it, since only a script can ask for one.
    #[wasm_bindgen(js_name = metertwinLines, catch)]
    fn fetch_module() -> Result<Promise, JsValue>;

    /// The module once it is there.
    type Module;
    /// Fills `place` with the panel of this kind.
    #[wasm_bindgen(method, catch)]
    fn open(this: &Module, kind: &str, place: &web_sys::Element, host: &JsValue) -> Result<(), JsValue>;
}

/// The event that tells a panel that the simulated meters have changed.
const CHANGED: &str = "meters";

/// What a question ends with.
type Answer = Result<JsValue, JsValue>;
type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A line that is lent.
struct Lent {
    wire: PortId,
    port: Rc<RefCell<AnyPort>>,
    link: Option<Rc<Link>>,
    /// What is asked of it. A new question drops the one before: who asked that has turned away.
    work: Option<Work>,
}

thread_local! {
    static LENT: RefCell<Vec<Lent>> = const { RefCell::new(Vec::new()) };
    /// The number of the meter in hand.
    static AT: Cell<usize> = const { Cell::new(0) };
}

fn with<R>(wire: PortId, act: impl FnOnce(&mut Lent) -> R) -> Option<R> {
    LENT.with(|lent| lent.borrow_mut().iter_mut().find(|lent| lent.wire == wire).map(act))
}

/// True while a panel waits for the line.
pub fn busy() -> bool {
    LENT.with(|lent| lent.borrow().iter().any(|lent| lent.work.is_some()))
}

/// Gives what is asked a turn.
pub fn poll() {
    for place in 0.. {
        let work = LENT.with(|lent| match lent.borrow_mut().get_mut(place) {
            Some(lent) => Ok(lent.work.take()),
            None => Err(()),
        });
        match work {
            Err(()) => return,
            Ok(None) => {}
            Ok(Some(mut work)) => {
                if work.as_mut().poll(&mut Context::from_waker(Waker::noop())) == Poll::Pending {
                    LENT.with(|lent| {
                        if let Some(lent) = lent.borrow_mut().get_mut(place) {
                            lent.work = Some(work);
                        }
                    });
                }
            }
        }
    }
}

/// Which kind of panel.
pub struct Kind {
    /// Its wire.
    pub wire: PortId,
    /// Its name in the module and in addresses.
    pub key: &'static str,
    /// What is said while it is fetched.
    pub what: &'static str,
}

/// The panels that the module has.
pub const KINDS: [Kind; 2] = [
    Kind { wire: PortId::Mbus, key: "mbus", what: "the M-Bus master" },
    Kind { wire: PortId::Optical, key: "infrared", what: "the infrared reader" },
];

/// The panel: empty until it is shown for the first time.
pub fn panel(kind: &'static Kind, shown: impl Fn() -> bool + 'static, signals: Signals) -> Vec<El> {
    let place = el("div", "portpanel");
    let trouble = Sig::new(None::<String>);
    let asked = Sig::new(false);
    let node = place.0.clone();
    let fetch = Rc::new(move || {
        asked.set(true);
        trouble.set(None);
        let node = node.clone();
        later(async move {
            if let Err(fault) = load(kind, &node).await {
                trouble.set(Some(serial::own_words(&fault)));
            }
        });
    });
    let first = fetch.clone();
    // The panel is told when another meter is in hand, or one came or went.
    let world = memo(move || (signals.at.get(), signals.rail.with(Vec::len)));
    let told = place.0.clone();
    watch(Box::new(move || {
        AT.set(world.get().0);
        if !asked.get_untracked() {
            return;
        }
        if let (PortId::Optical, Some(bench)) = (kind.wire, runtime::bench()) {
            bench.borrow_mut().put_head(Some(AT.get()));
        }
        if let Ok(event) = web_sys::Event::new(CHANGED) {
            let _ = told.dispatch_event(&event);
        }
    }));
    watch(Box::new(move || {
        if shown() && !asked.get_untracked() {
            first();
        }
    }));
    let say = el("p", "empty").attr("role", "status").says(move || match trouble.get() {
        None => format!("Loading {}…", kind.what),
        Some(own) => format!(
            "{} could not be loaded. Check the connection to the server that this page came from, then try again. ({own})",
            kind.what.replacen("the", "The", 1)
        ),
    });
    let again = button("btn main", "Try again", move |_| fetch())
        .flag_if("hidden", move || trouble.with(Option::is_none));
    // The panel takes the place of both.
    vec![place.add(el("div", "acts loading").add(say).add(again))]
}

async fn load(kind: &'static Kind, place: &web_sys::Element) -> Result<(), JsValue> {
    let module: Module = JsFuture::from(fetch_module()?).await?.unchecked_into();
    lend(kind.wire)?;
    let wire = kind.wire;
    let host = Closure::<dyn FnMut(String, JsValue, JsValue) -> JsValue>::new(
        move |what: String, a: JsValue, b: JsValue| ask(wire, &what, a, b),
    );
    module.open(kind.key, place, &host.into_js_value())
}

/// The end of the simulated wire.
fn simulated(wire: PortId) -> Option<AnyPort> {
    runtime::bench().map(|bench| {
        if wire == PortId::Optical {
            // The head sits on the meter in hand.
            bench.borrow_mut().put_head(Some(AT.get()));
        }
        AnyPort::Simulated(SimulatedPort::new(bench, wire))
    })
}

fn lend(wire: PortId) -> Result<(), JsValue> {
    if with(wire, |_| ()).is_none() {
        let port = simulated(wire).ok_or("the page is busy")?;
        let port = Rc::new(RefCell::new(port));
        LENT.with(|lent| lent.borrow_mut().push(Lent { wire, port, link: None, work: None }));
    }
    Ok(())
}

/// Speed, parity (0 even, 1 none, 2 odd) and data bits, as they come from the panel.
fn line_of(value: &JsValue) -> LineParams {
    let numbers = Array::from(value);
    let number = |place: u32| numbers.get(place).as_f64().unwrap_or(0.0) as u32;
    let parity = match number(1) {
        1 => Parity::None,
        2 => Parity::Odd,
        _ => Parity::Even,
    };
    let data_bits = if number(2) == 7 { DataBits::Seven } else { DataBits::Eight };
    LineParams { baud: number(0), parity, data_bits }
}

fn span_of(value: &JsValue) -> Duration {
    Duration::from_micros(value.as_f64().unwrap_or(0.0) as u64)
}

fn fault(fault: PortFault) -> JsValue {
    match fault {
        PortFault::Lost => "lost".into(),
        PortFault::Failed(why) => why.into(),
        other => other.to_string().into(),
    }
}

/// A question of a panel:
///
/// | `what` | | answer |
/// |---|---|---|
/// | `now` | | µs of the line's clock |
/// | `status` | | whether the line is an adapter's, its name, whether there can be one, what is at the simulated one |
/// | `transmit` | bytes | a promise |
/// | `receive` | µs until when | a promise of bytes, of the word of a line error, or of `null` for silence |
/// | `wait` | µs | a promise |
/// | `reconfigure` | line | a promise |
/// | `granted` | | a promise of the names of adapters |
/// | `connect` | line, place among the granted or nothing | a promise; to be asked while a click is handled |
/// | `simulate` | | back to the simulated wire |
///
/// A promise is broken with `lost`, with a sentence, or with `null` where nobody chose.
fn ask(wire: PortId, what: &str, a: JsValue, b: JsValue) -> JsValue {
    let Some((port, link)) = with(wire, |lent| (lent.port.clone(), lent.link.clone())) else {
        return JsValue::UNDEFINED;
    };
    match what {
        "now" => match port.try_borrow() {
            Ok(port) => (port.now().as_micros() as f64).into(),
            // Its future holds it: the clocks are the page's and the bench's.
            Err(_) => {
                let now = if link.is_some() { runtime::now() } else { bench_now() };
                (now.as_micros() as f64).into()
            }
        },
        "status" => Array::of4(
            &link.is_some().into(),
            &link.map_or(String::new(), |link| link.name()).into(),
            &serial::possible().into(),
            &simulated_text(wire).into(),
        )
        .into(),
        "granted" => promise(async {
            let names = serial::granted().await;
            Ok(names.into_iter().map(|(_, name)| JsValue::from(name)).collect::<Array>().into())
        }),
        "connect" => {
            let line = line_of(&a);
            // Nothing may come between a click and the question for a port.
            let chosen = if b.is_undefined() { Some(serial::request()) } else { None };
            promise(async move {
                let port =
                    match (chosen, b.as_f64()) {
                        (Some(chosen), _) => {
                            chosen.await.map_err(|why| why.map_or(JsValue::NULL, JsValue::from))?
                        }
                        (None, place) => {
                            let place = place.unwrap_or(0.0) as usize;
                            serial::granted().await.into_iter().nth(place).map(|(port, _)| port).ok_or(
                                "That adapter is not plugged in any more. Plug it in, then try again.",
                            )?
                        }
                    };
                let link = Link::new(port, runtime::soon);
                link.open(line).await?;
                let open = AnyPort::Real { link: link.clone(), line };
                put(wire, open, Some(link)).await;
                Ok(JsValue::UNDEFINED)
            })
        }
        "simulate" => {
            if let Some(port) = simulated(wire) {
                return promise(async move {
                    put(wire, port, None).await;
                    Ok(JsValue::UNDEFINED)
                });
            }
            JsValue::UNDEFINED
        }
        _ => go_on(wire, &port, what, a),
    }
}

/// The line becomes another one; an adapter that it was is given back.
async fn put(wire: PortId, port: AnyPort, link: Option<Rc<Link>>) {
    let before = with(wire, |lent| {
        lent.work = None;
        lent.port = Rc::new(RefCell::new(port));
        core::mem::replace(&mut lent.link, link)
    });
    if let Some(Some(before)) = before {
        before.close().await;
    }
}

/// What is at the simulated wire, in words.
fn simulated_text(wire: PortId) -> String {
    let Some(bench) = runtime::bench() else { return String::new() };
    let bench = bench.borrow();
    if wire == PortId::Optical {
        return bench.twin(AT.get()).map_or(String::new(), |twin| {
            format!(
                "The optical head is on the {}, serial number {:08}",
                twin.entry().notes.name,
                twin.serial()
            )
        });
    }
    match bench.twins().iter().filter(|twin| twin.entry().def.has(wire)).count() {
        0 => "No meter on the rail has an M-Bus: add one there, or choose a port of this computer".to_owned(),
        1 => "The M-Bus of the rail, with one meter on it".to_owned(),
        count => format!("The M-Bus of the rail, with {count} meters on it"),
    }
}

fn bench_now() -> Instant {
    runtime::bench().map_or(Instant::ZERO, |bench| bench.borrow().now())
}

fn promise(work: impl Future<Output = Answer> + 'static) -> JsValue {
    wasm_bindgen_futures::future_to_promise(work).into()
}

/// What takes its time on the line: it goes on in the runtime's turn.
fn go_on(wire: PortId, port: &Rc<RefCell<AnyPort>>, what: &str, a: JsValue) -> JsValue {
    let port = port.clone();
    let what = what.to_owned();
    Promise::new(&mut move |done: Function, broken: Function| {
        let (port, what, a) = (port.clone(), what.clone(), a.clone());
        let work = async move {
            let ended = act(&port, &what, &a).await;
            let (settle, with) = match &ended {
                Ok(answer) => (done, answer),
                Err(fault) => (broken, fault),
            };
            // What comes of the promise is the panel's own affair.
            let _ = settle.call1(&JsValue::UNDEFINED, with);
        };
        // The one before goes first: it holds the port.
        with(wire, |lent| lent.work = None);
        with(wire, |lent| lent.work = Some(Box::pin(work)));
        runtime::soon();
    })
    .into()
}

/// The port is held for as long as the future lives, and the future is dropped before there is another one.
#[allow(clippy::await_holding_refcell_ref)]
async fn act(port: &Rc<RefCell<AnyPort>>, what: &str, a: &JsValue) -> Answer {
    let port = &mut *port.borrow_mut();
    let none = |()| JsValue::UNDEFINED;
    match what {
        "transmit" => port.transmit(&Uint8Array::new(a).to_vec()).await.map(none),
        "wait" => port.wait(span_of(a)).await.map(none),
        "reconfigure" => port.reconfigure(line_of(a)).await.map(none),
        _ => port.receive(Instant::ZERO + span_of(a)).await.map(|heard| match heard {
            Received::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
            Received::LineError(error) => error.to_string().into(),
            Received::Quiet => JsValue::NULL,
        }),
    }
    .map_err(fault)
}
