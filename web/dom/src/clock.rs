//! Short pauses, also while the tab is hidden.
//!
//! Browsers let the timers of a hidden tab ring once a second, and once a minute after a while; a scan asks hundreds of
//! questions, each with a silence of a tenth of a second behind it. Timers of a worker go on: while the tab is hidden, a
//! worker that does nothing else (`lines_clock.js`) says when the time is over.

use std::cell::RefCell;

use crate::browser::{document, window};
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// A `Worker`.
    type Worker;
    #[wasm_bindgen(constructor, catch)]
    fn new(url: &str) -> Result<Worker, JsValue>;
    #[wasm_bindgen(method, js_name = postMessage)]
    fn post(this: &Worker, ms: i32);
    #[wasm_bindgen(method, setter, js_name = onmessage)]
    fn on_message(this: &Worker, act: &Function);
}

/// Where the worker is, beside the page.
const CLOCK: &str = "lines_clock.js";
/// So many pauses at most wait for the worker at a time.
const WAITING: usize = 16;

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
    static WAITERS: RefCell<Vec<Function>> = const { RefCell::new(Vec::new()) };
}

/// Lets the browser do something else for about so many ms; some browsers make it 4 at least.
pub async fn pause(ms: i32) {
    let timer = Promise::new(&mut |done, _| {
        // Fails for no function only.
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&done, ms);
        if document().hidden() {
            ask_worker(done, ms);
        }
    });
    // A timer's promise is never broken.
    let _ = JsFuture::from(timer).await;
}

/// Has the worker call `done`. Where there is no worker, the slow timer does.
fn ask_worker(done: Function, ms: i32) {
    WORKER.with_borrow_mut(|worker| {
        if worker.is_none() {
            *worker = start();
        }
        let Some(worker) = worker else { return };
        WAITERS.with_borrow_mut(|waiters| {
            // One that could not be loaded never answers.
            if waiters.len() == WAITING {
                waiters.clear();
            }
            waiters.push(done);
        });
        worker.post(ms);
    });
}

fn start() -> Option<Worker> {
    let worker = Worker::new(CLOCK).ok()?;
    let ring = Closure::<dyn FnMut()>::new(|| {
        for done in WAITERS.take() {
            // Fulfilling a promise never fails, nor does it twice.
            let _ = done.call0(&JsValue::UNDEFINED);
        }
    });
    worker.on_message(ring.into_js_value().unchecked_ref());
    Some(worker)
}
