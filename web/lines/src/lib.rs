//! The panels for M-Bus and the optical port: a module of their own, which the page fetches when one of them is opened.
//!
//! The page lends a line of bytes (see `lines_host.rs` there); everything above it is here and in `commission`.
#![forbid(unsafe_code)]

mod changes;
mod clock;
mod frames;
mod host;
mod journal;
mod mbus;
mod optical;
mod source;
mod work;

use dom::El;
use wasm_bindgen::prelude::*;
use web_sys::Element;

use crate::host::{Host, Line};

/// The event by which the page tells that the simulated meters have changed.
const CHANGED: &str = "meters";

/// Fills `place` with the panel of this name, over the line that `host` lends.
#[wasm_bindgen]
pub fn open(kind: &str, place: &Element, host: Host) {
    let line = Line::new(host);
    let node = El(place.clone());
    place.set_text_content(None);
    let parts = match kind {
        "mbus" => mbus::open(line, &node),
        _ => optical::open(line, &node),
    };
    for part in parts {
        let _ = place.append_child(&part.0);
    }
}
