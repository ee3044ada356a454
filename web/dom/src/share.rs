//! One adapter, and several parts of the page that may have it open: who wants it asks the others, and who is not at work with
//! it lets it go.
//!
//! The parts are modules of their own and share nothing but the window: the question is an event on it, to which everybody
//! who has the adapter adds a promise.

use std::future::Future;
use std::pin::Pin;

use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{CustomEvent, CustomEventInit};

use crate::browser::{on_window, window};
use crate::serial::SerialPort;

/// The event.
const WANTED: &str = "metertwin-port";

/// What comes of a question: it is let go once this resolves, or who cannot let it go, such as "The M-Bus tab".
pub type Answer = Pin<Box<dyn Future<Output = Result<(), &'static str>>>>;

/// Asks whoever in this page has `port` open to let it go.
///
/// # Errors
/// A sentence that names who is at work with it.
pub async fn claim(port: &SerialPort) -> Result<(), String> {
    let (question, answers) = (Object::new(), Array::new());
    for (name, value) in [("port", port.as_ref()), ("answers", answers.as_ref())] {
        // Fails for frozen objects only.
        let _ = Reflect::set(&question, &name.into(), value);
    }
    let init = CustomEventInit::new();
    init.set_detail(&question);
    if let Ok(event) = CustomEvent::new_with_event_init_dict(WANTED, &init) {
        let _ = window().dispatch_event(&event);
    }
    // None of them is ever broken.
    let given = JsFuture::from(Promise::all(&answers)).await.unwrap_or(JsValue::NULL);
    match Array::from(&given).iter().find_map(|who| who.as_string()) {
        Some(who) => {
            Err(format!("{who} is at work with this adapter. Wait for it or stop it there, then try again."))
        }
        None => Ok(()),
    }
}

/// Has `answer` asked whenever somebody wants a port; it gives nothing where it does not have it.
pub fn on_claim(answer: impl Fn(&SerialPort) -> Option<Answer> + 'static) {
    on_window(WANTED, move |event| {
        let question = event.unchecked_into::<CustomEvent>().detail();
        let part = |name: &str| Reflect::get(&question, &name.into()).unwrap_or(JsValue::NULL);
        let port: SerialPort = part("port").unchecked_into();
        if let Some(given) = answer(&port) {
            let promise =
                future_to_promise(async move { Ok(given.await.err().map_or(JsValue::NULL, JsValue::from)) });
            part("answers").unchecked_into::<Array>().push(&promise);
        }
    });
}
