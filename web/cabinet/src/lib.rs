//! The work on a cabinet: finding its meters, setting them up, watching and listening. A module of its own, which the page
//! fetches when its tab is opened.
//!
//! All views work over the same two lines, one for Modbus and one for M-Bus, each the simulated wire of the rail or an adapter,
//! and over what was found there ([`Cabinet`]). What they do is `commission`'s.
#![forbid(unsafe_code)]

mod app;
mod batch;
mod cabinet;
mod files;
mod find;
mod listen;
mod live;
mod setup;
mod timing;

// What all modules that are fetched later have alike; here it is as near as any of its own.
use dom::{El, crash, host};
use wasm_bindgen::prelude::*;
use web_sys::Element;

use crate::cabinet::Cabinet;
use crate::host::Host;

/// Fills `place` with the cabinet, over the wires that `host` lends.
#[wasm_bindgen]
pub fn open(_kind: &str, place: &Element, host: Host) {
    crash::install(&host);
    let node = El(place.clone());
    place.set_text_content(None);
    for part in Cabinet::new(host, &node).elements() {
        let _ = place.append_child(&part.0);
    }
}
