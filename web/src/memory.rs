//! The Memory tab: what the meter keeps without supply, how it is damaged on purpose, and how it comes in and out as a
//! file.

use js_sys::Uint8Array;
use wasm_bindgen_futures::JsFuture;

use crate::dom::{El, button, el, html, input_of, later, watch};
use crate::input::{Input, PanelDeed};
use crate::parts::{dialog, save_part};
use crate::places::{deeds, places};
use crate::runtime::{self, Signals};
use crate::signal::Sig;
use crate::view::LoadForm;

fn send(deed: PanelDeed) {
    runtime::send(Input::Panel(deed));
}

/// Does what a button of the markup names; a number is the place of a part.
fn act(name: &str, signals: Signals, reset: Sig<bool>) {
    match name {
        "mains" => {
            let load = signals.load.get_untracked();
            runtime::send(Input::Load(LoadForm { mains: !load.mains, ..load }));
        }
        "program" => send(PanelDeed::Program),
        "reset" => reset.set(true),
        "save" => {
            let serial = signals
                .rail
                .with_untracked(|rail| rail.get(signals.at.get_untracked()).map_or(0, |card| card.serial));
            let bytes = Uint8Array::from(runtime::image(false).as_slice());
            save_part(&format!("meter-{serial:08}.state"), "application/octet-stream", &bytes);
        }
        part => {
            if let Ok(place) = part.parse() {
                send(PanelDeed::Damage(place));
            }
        }
    }
}

/// Hands the file that somebody chose to the runtime.
fn read(event: &web_sys::Event) {
    let Some(field) = input_of(event) else { return };
    let Some(file) = field.files().and_then(|files| files.get(0)) else { return };
    // The same file may be chosen again.
    field.set_value("");
    later(async move {
        // A file that cannot be read is one without a byte, and is refused as such.
        let bytes = JsFuture::from(file.array_buffer()).await;
        let bytes = bytes.map_or_else(|_| Vec::new(), |buffer| Uint8Array::new(&buffer).to_vec());
        runtime::send(Input::ImportImage(bytes));
    });
}

/// The tab.
pub fn memory(signals: Signals, open: Sig<bool>) -> Vec<El> {
    watch(Box::new(move || send(PanelDeed::Memory(open.get()))));
    let reset = Sig::new(false);
    let choose = el("label", "btn file")
        .text("Load from a file…")
        .add(el("input", "vh").attr("type", "file").on("change", |event| read(&event)));
    let bar = html(
        "div",
        "bar",
        "<button class=\"btn main\" type=\"button\" data-do=\"mains\" data-t></button><span class=\"space\"></span><button \
         class=\"btn\" type=\"button\" data-do=\"save\">Save as a file</button>",
    )
    .add(choose)
    .add(html("span", "", "<button class=\"btn\" type=\"button\" data-do=\"reset\">Factory reset…</button>"));
    let rest = html(
        "div",
        "",
        "<div class=\"says\" role=\"status\"><p class=\"say bad\" data-t></p><p class=\"say\" data-t></p><p class=\"say bad\" \
         data-t></p><p class=\"say\" data-t></p><p class=\"say\" data-t></p></div><dl class=\"vals three\"><div><dt>Supply</dt><dd \
         data-t></dd></div><div><dt>Power cuts counted</dt><dd data-t></dd></div><div><dt>Error</dt><dd data-t></dd></div></dl>\
         <table class=\"points\"><caption class=\"vh\">Parts of the memory</caption><thead><tr><th scope=\"col\">What the meter \
         keeps</th><th scope=\"col\">State</th><th scope=\"col\"><span class=\"vh\">Damage it</span></th></tr></thead><tbody><tr>\
         <th scope=\"row\">Main copy of the energies<small>Whole Wh of every counter.</small></th><td data-t></td><td><button \
         class=\"btn\" type=\"button\" data-do=\"0\" aria-label=\"Damage the main copy\">Damage</button></td></tr><tr><th \
         scope=\"row\">Backup copy of the energies<small>The same again: it helps where the main copy is damaged.</small></th><td \
         data-t></td><td><button class=\"btn\" type=\"button\" data-do=\"1\" aria-label=\"Damage the backup copy\">Damage</button>\
         </td></tr><tr><th scope=\"row\">Fractions (mantissa)<small>What is counted beyond whole Wh.</small></th><td data-t></td>\
         <td><button class=\"btn\" type=\"button\" data-do=\"2\" aria-label=\"Damage the fractions\">Damage</button></td></tr><tr>\
         <th scope=\"row\">Settings, both copies<small>Without them the memory cannot be brought into use.</small></th><td data-t>\
         </td><td><button class=\"btn\" type=\"button\" data-do=\"3\" aria-label=\"Damage the settings\">Damage</button></td></tr>\
         <tr><th scope=\"row\">Program<small>Not in this memory: the meter checks it by its check sum.</small></th><td data-t></td>\
         <td><button class=\"btn\" type=\"button\" data-do=\"program\" data-t></button></td></tr></tbody></table><p class=\"note\">\
         This is the twin’s own memory; a connected meter is never damaged or reset from here. The file carries one meter: \
         energies, settings, counters and serial number, for this page and for the terminal program.</p>",
    );
    let root = el("div", "").add(bar).add(rest);
    places(&root, signals.memory);
    let ask = dialog(reset, "Factory reset", move || {
        let body = html(
            "div",
            "body",
            "<p>All energies, settings and counters of the twin become as they were when it left the factory. Only its serial \
             number stays. This cannot be undone: save the memory as a file first if you may want it back.</p>",
        );
        let sure = button("btn main", "Reset the meter", move |_| {
            send(PanelDeed::Reset);
            reset.set(false);
        });
        vec![body, el("footer", "").add(button("btn", "Keep it", move |_| reset.set(false))).add(sure)]
    });
    vec![deeds(root, move |name| act(name, signals, reset)), ask]
}
