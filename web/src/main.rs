//! The page. Mounted on `<body>` by the boot script once the WebAssembly module has been fetched.
#![forbid(unsafe_code)]

mod artwork;
mod bus;
mod chart;
mod connect;
mod crash;
mod input;
mod load;
mod page;
mod parts;
mod readout;
mod runtime;
mod serial;
mod settings;
mod stage;
mod store;
mod traffic;
mod view;

use leptos::prelude::*;

fn main() {
    crash::install();
    // A first visit has nothing to wait for; later ones wait for the meter's memory.
    if store::local(runtime::MEMORY_FLAG).is_none() {
        show(None);
    } else {
        wasm_bindgen_futures::spawn_local(async { show(store::load(runtime::memory_key()).await) });
    }
}

fn show(kept: Option<Vec<u8>>) {
    let owner = Owner::new();
    owner.set();
    let (model, signals) = runtime::start(kept);
    mount_to_body(move || view! { <page::Page model=model signals=signals /> });
    // The signals live as long as the page.
    core::mem::forget(owner);
}
