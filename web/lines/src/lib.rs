//! The master's work: the configurator for Modbus, and the panels for M-Bus and the optical port. A module of their own,
//! which the page fetches when one of them is opened.
//!
//! The page lends a line of bytes and tells of the meter in hand (see `web/src/runtime/lend.rs`); everything above that is here
//! and in `commission`.
#![forbid(unsafe_code)]

mod mbus;
mod modbus;
mod optical;

// What all modules that are fetched later have alike; here it is as near as any of its own.
use dom::{El, changes, crash, frames, host, journal, source, work};
use wasm_bindgen::prelude::*;
use web_sys::Element;

use crate::host::{Host, Line};

/// Fills `place` with the part of this name, over the line that `host` lends.
#[wasm_bindgen]
pub fn open(kind: &str, place: &Element, host: Host) {
    crash::install(&host);
    let node = El(place.clone());
    place.set_text_content(None);
    // Their headings stand below one of their own, whatever the rest of the page has.
    let (title, parts) = match kind {
        "modbus" => (None, modbus::open(host, &node)),
        "mbus" => (Some("M-Bus"), mbus::open(Line::new(host), &node)),
        _ => (Some("Infrared"), optical::open(Line::new(host), &node)),
    };
    let title = title.map(|title| dom::el("h2", "vh").text(title));
    for part in title.into_iter().chain(parts) {
        let _ = place.append_child(&part.0);
    }
}
