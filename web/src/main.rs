//! The page. Mounted on `<body>` by the boot script once the WebAssembly module has been fetched.
#![forbid(unsafe_code)]

mod artwork;
mod chart;
mod crash;
mod door;
mod input;
mod load;
mod memory;
mod page;
mod places;
mod rail;
mod runtime;
mod scope;
mod stage;
mod store;
mod view;

// Both modules of the page share these; here they are as near as any of its own.
use ::dom::{self, keys, later, parts, serial, signal};
use leptos::prelude::document;

fn main() {
    crash::install();
    // A first visit has nothing to wait for; later ones wait for the meter's memory.
    if store::local(runtime::MEMORY_FLAG).is_none() {
        show(None);
    } else {
        later(async { show(store::load(runtime::MEMORY).await) });
    }
}

/// Builds the page under an owner that lives as long as it does.
fn show(kept: Option<Vec<u8>>) {
    let signals = runtime::start(kept);
    if let Some(body) = document().body() {
        for part in page::page(signals) {
            let _ = body.append_child(&part.0);
        }
    }
}
