//! What the browser has around a page: its window, its document, its timers.

use wasm_bindgen::prelude::*;
use web_sys::{Document, Event, Window};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = window)]
    static WINDOW: Window;
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Document;
}

/// The window.
#[must_use]
pub fn window() -> Window {
    WINDOW.with(Window::clone)
}

/// The document in it.
#[must_use]
pub fn document() -> Document {
    DOCUMENT.with(Document::clone)
}

/// Calls `act` before the next picture is drawn.
pub fn frame(act: impl FnOnce() + 'static) {
    // Fails for no function only.
    let _ = window().request_animation_frame(once(Box::new(act)).unchecked_ref());
}

/// Calls `act` after so many ms, or later: browsers make it 4 at least, and a second while nobody sees the page.
pub fn after(ms: i32, act: impl FnOnce() + 'static) {
    let act = once(Box::new(act));
    let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(act.unchecked_ref(), ms);
}

/// Calls `act` every so many ms as long as the page lives.
pub fn every(ms: i32, act: impl FnMut() + 'static) {
    let act: Box<dyn FnMut()> = Box::new(act);
    let act = Closure::wrap(act).into_js_value();
    let _ = window().set_interval_with_callback_and_timeout_and_arguments_0(act.unchecked_ref(), ms);
}

/// Calls `act` for each event of this name at the window, as long as the page lives.
pub fn on_window(event: &str, act: impl FnMut(Event) + 'static) {
    let act: Box<dyn FnMut(Event)> = Box::new(act);
    let act = Closure::wrap(act).into_js_value();
    let _ = window().add_event_listener_with_callback(event, act.unchecked_ref());
}

#[inline(never)]
fn once(act: Box<dyn FnOnce()>) -> JsValue {
    Closure::once_into_js(act)
}
