//! The panels for M-Bus and the optical port: a module of their own, fetched when one of them is opened, and the simulated
//! wire that the page lends it. Adapters it opens by itself.

use std::cell::Cell;

use js_sys::{Array, Promise, Uint8Array};
use rig::MasterEvent;
use schema::PortId;
use units::{DataBits, LineParams, Parity};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::dom::{El, button, el, later, watch};
use crate::runtime::{self, Signals};
use crate::serial;
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

thread_local! {
    /// The number of the meter in hand.
    static AT: Cell<usize> = const { Cell::new(0) };
}

/// Which kind of panel.
pub struct Kind {
    /// Its wire.
    pub wire: PortId,
    /// Its name in the module and in addresses.
    pub key: &'static str,
    /// What it is, at the start of a sentence.
    pub what: &'static str,
}

/// The panels that the module has.
pub const KINDS: [Kind; 2] = [
    Kind { wire: PortId::Mbus, key: "mbus", what: "The M-Bus master" },
    Kind { wire: PortId::Optical, key: "infrared", what: "The infrared reader" },
];

/// The panel: empty until it is shown for the first time.
pub fn panel(kind: &'static Kind, shown: impl Fn() -> bool + 'static, signals: Signals) -> Vec<El> {
    let place = el("div", "portpanel");
    // Nothing before it was asked for; then what went wrong, or nothing.
    let stand = Sig::new(None::<String>);
    let world = memo(move || (signals.at.get(), signals.rail.with(Vec::len)));
    let node = place.0.clone();
    // The panel is told when another meter is in hand, or one came or went.
    watch(Box::new(move || {
        AT.set(world.get().0);
        if stand.with_untracked(Option::is_some) {
            put_head(kind);
            if let Ok(event) = web_sys::Event::new(CHANGED) {
                let _ = node.dispatch_event(&event);
            }
        }
    }));
    let node = place.0.clone();
    let fetch = move || {
        stand.set(Some(String::new()));
        let node = node.clone();
        later(async move {
            if let Err(fault) = load(kind, &node).await {
                stand.set(Some(serial::own_words(&fault)));
            }
        });
    };
    let first = fetch.clone();
    watch(Box::new(move || {
        if shown() && stand.with_untracked(Option::is_none) {
            first();
        }
    }));
    let failed = move || stand.with(|stand| stand.as_ref().is_some_and(|why| !why.is_empty()));
    let say = el("p", "").attr("role", "status").says(move || {
        stand.with(|stand| match stand.as_deref() {
            Some("") | None => format!("{} is being loaded…", kind.what),
            Some(own) => format!(
                "{} could not be loaded. Check the connection to the server of this page, then try again. ({own})",
                kind.what
            ),
        })
    });
    let again = button("btn main", "Try again", move |_| fetch()).flag_if("hidden", move || !failed());
    // The panel takes the place of both.
    vec![place.add(el("div", "empty").add(say).add(again))]
}

async fn load(kind: &'static Kind, place: &web_sys::Element) -> Result<(), JsValue> {
    let module: Module = JsFuture::from(fetch_module()?).await?.unchecked_into();
    put_head(kind);
    let wire = kind.wire;
    let host = Closure::<dyn FnMut(String, JsValue) -> JsValue>::new(move |what: String, with: JsValue| {
        // The simulated world goes on up to now before it is looked at.
        runtime::tick();
        ask(wire, &what, &with).unwrap_or(JsValue::NULL)
    });
    module.open(kind.key, place, &host.into_js_value())
}

/// The optical head sits on the meter in hand.
fn put_head(kind: &Kind) {
    if let (PortId::Optical, Some(bench)) = (kind.wire, runtime::bench()) {
        bench.borrow_mut().put_head(Some(AT.get()));
    }
}

/// A question of a panel about the simulated wire:
///
/// | `what` | with | answer |
/// |---|---|---|
/// | `now` | | µs of the world's clock |
/// | `text` | | what is at the wire, in words |
/// | `line` | speed, parity (0 even, 1 none, 2 odd), data bits | |
/// | `send` | bytes | |
/// | `take` | | bytes that were heard, the word of a line error, `lost`, or `null` for silence |
fn ask(wire: PortId, what: &str, with: &JsValue) -> Option<JsValue> {
    let bench = runtime::bench()?;
    if what == "text" {
        return Some(simulated_text(wire).into());
    }
    let mut bench = bench.borrow_mut();
    match what {
        "now" => return Some((bench.now().as_micros() as f64).into()),
        "send" => bench.master_send(wire, &Uint8Array::new(with).to_vec()),
        "line" => bench.set_master_line(wire, line_of(with)),
        _ => loop {
            return Some(match bench.master_take(wire)? {
                MasterEvent::Bytes(heard) => Uint8Array::from(heard.as_slice()).into(),
                MasterEvent::LineError(error) => error.to_string().into(),
                MasterEvent::Lost => "lost".into(),
                // That the last bit has left is known from the time it takes.
                MasterEvent::Sent => continue,
            });
        },
    }
    None
}

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
