//! What Leptos has around a page: the browser's window and document, its timers, its events.

use core::time::Duration;

pub use leptos::prelude::{document, window};
use leptos::prelude::{request_animation_frame, set_timeout, window_event_listener_untyped};
use web_sys::Event;

/// Calls `act` before the next picture is drawn.
pub fn frame(act: impl FnOnce() + 'static) {
    request_animation_frame(act);
}

/// Calls `act` after so many ms, or later: browsers make it 4 at least, and a second while nobody sees the page.
pub fn after(ms: u64, act: impl FnOnce() + 'static) {
    set_timeout(act, Duration::from_millis(ms));
}

/// Calls `act` for each event of this name at the window, as long as the page lives.
pub fn on_window(event: &str, act: impl Fn(Event) + 'static) {
    let act: Box<dyn Fn(Event)> = Box::new(act);
    // Dropping what it gives ends nothing, but says that it is not wanted.
    core::mem::forget(window_event_listener_untyped(event, act));
}
