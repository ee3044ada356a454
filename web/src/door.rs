//! The doors to the modules that few visitors need: each is fetched when somebody opens a part of it.

use std::rc::Rc;

use js_sys::Promise;
use schema::PortId;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::crash;
use crate::dom::host::CHANGED;
use crate::dom::{El, button, el, later, watch};
use crate::runtime::{self, Signals};
use crate::serial;
use crate::signal::{Sig, memo};

#[wasm_bindgen]
extern "C" {
    /// Fetches the module of this name; the boot script has it, since only a script can ask for one.
    #[wasm_bindgen(js_name = metertwinModule, catch)]
    fn fetch_module(name: &str) -> Result<Promise, JsValue>;

    /// The module once it is there.
    type Module;
    /// Fills `place` with the part of this kind.
    #[wasm_bindgen(method, catch)]
    fn open(this: &Module, kind: &str, place: &web_sys::Element, host: &JsValue) -> Result<(), JsValue>;
}

/// Which part.
pub struct Kind {
    /// The module that has it.
    module: &'static str,
    /// Its wire.
    wire: PortId,
    /// Its name in the module.
    key: &'static str,
    /// What it is, at the start of a sentence.
    what: &'static str,
}

/// The parts that are fetched: the configurator, the M-Bus master, the reader, the cabinet.
pub static KINDS: [Kind; 4] = [
    Kind { module: "lines", wire: PortId::Modbus, key: "modbus", what: "The configurator" },
    Kind { module: "lines", wire: PortId::Mbus, key: "mbus", what: "The M-Bus master" },
    Kind { module: "lines", wire: PortId::Optical, key: "infrared", what: "The infrared reader" },
    Kind { module: "cabinet", wire: PortId::Modbus, key: "cabinet", what: "The cabinet" },
];

/// What a part asks of the page, at a wire.
fn host(wire: PortId) -> JsValue {
    let host = Closure::<dyn Fn(String, JsValue) -> JsValue>::new(move |what: String, with: JsValue| {
        let with_text = || with.as_string().unwrap_or_default();
        match what.as_str() {
            "fail" => crash::fail(with_text()),
            "note" => runtime::note(&with_text()),
            "mbus" => return host(PortId::Mbus),
            "radio" => return host(PortId::Radio),
            _ => {
                // The simulated world goes on up to now before it is looked at.
                runtime::tick();
                return runtime::lend(wire, &what, &with);
            }
        }
        JsValue::NULL
    });
    host.into_js_value()
}

/// How far a part is.
#[derive(Clone, PartialEq)]
pub enum Stand {
    /// Nobody has asked for it.
    Away,
    /// It is being fetched.
    Coming,
    /// It is there.
    There,
    /// It could not be fetched, in the browser's words.
    Failed(String),
}

/// The door to a part.
#[derive(Clone, Copy)]
pub struct Door {
    kind: &'static Kind,
    /// How far it is.
    pub stand: Sig<Stand>,
    /// Where it is to be.
    place: &'static El,
}

impl Door {
    /// A closed one.
    pub fn new(kind: &'static Kind, place: El, signals: Signals) -> Self {
        // A door stands as long as the page.
        let own = Self { kind, stand: Sig::new(Stand::Away), place: Box::leak(Box::new(place)) };
        let world = memo(move || (signals.mark.get(), signals.rail.with(Vec::len)));
        // The part is told when another meter is in hand, or one came or went.
        watch(Box::new(move || {
            world.get();
            let there = own.stand.with_untracked(|stand| *stand == Stand::There);
            if there && let Ok(event) = web_sys::Event::new(CHANGED) {
                let _ = own.place.0.dispatch_event(&event);
            }
        }));
        own
    }

    /// Where the part is to be.
    pub fn place(&self) -> El {
        self.place.clone()
    }

    /// Fetches the part, unless that was done; `then` is called at the end, with whether it is there.
    pub fn open(&self, then: impl FnOnce(bool) + 'static) {
        let own = *self;
        if self.stand.with_untracked(|stand| matches!(stand, Stand::Coming | Stand::There)) {
            return;
        }
        self.stand.set(Stand::Coming);
        let then: Box<dyn FnOnce(bool)> = Box::new(then);
        later(async move {
            let fetched = own.fetch().await;
            let there = fetched.is_ok();
            own.stand.set(
                fetched.map_or_else(|fault| Stand::Failed(serial::own_words(&fault)), |()| Stand::There),
            );
            then(there);
        });
    }

    async fn fetch(&self) -> Result<(), JsValue> {
        let module: Module = JsFuture::from(fetch_module(self.kind.module)?).await?.unchecked_into();
        module.open(self.kind.key, &self.place.0, &host(self.kind.wire))
    }

    /// What stands in the place of a part before it is there: that it is being fetched, or what went wrong. It is fetched
    /// once this is shown.
    pub fn leaf(&self, shown: impl Fn() -> bool + 'static) -> El {
        let own = *self;
        let shown: Rc<dyn Fn() -> bool> = Rc::new(shown);
        watch(Box::new(move || {
            if shown() && own.stand.with_untracked(|stand| *stand == Stand::Away) {
                own.open(|_| {});
            }
        }));
        let say = el("p", "").attr("role", "status").says(move || {
            own.stand.with(|stand| match stand {
                Stand::Failed(words) => format!(
                    "{} could not be loaded. Check the connection to the server of this page, then try again. ({words})",
                    own.kind.what
                ),
                _ => format!("{} is being loaded…", own.kind.what),
            })
        });
        let failed = move || own.stand.with(|stand| matches!(stand, Stand::Failed(_)));
        let again =
            button("btn main", "Try again", move |_| own.open(|_| {})).flag_if("hidden", move || !failed());
        el("div", "empty").add(say).add(again)
    }

    /// The place with the leaf in it: the part takes its place.
    pub fn panel(&self, shown: impl Fn() -> bool + 'static) -> El {
        self.place().add(self.leaf(shown))
    }
}
