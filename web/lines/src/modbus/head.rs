//! The configurator in the head of the page and on its tabs: what it is wired to, how many changes wait, and its keys.

use dom::browser::{document, on_window};
use dom::parts::{PLUG, TWIN, thousands};
use dom::signal::memo;
use dom::{El, el, html, keys, store};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::modbus::input::Input;
use crate::modbus::runtime::{self, Signals};
use crate::modbus::{Dialogs, part};

/// Takes over the chip, the button that connects, and the number on the tab of the settings.
pub fn head(signals: Signals, dialogs: Dialogs) {
    chip(signals);
    let open = memo(move || signals.port.with(|port| port.open));
    let word = move || if open.get() { "Disconnect" } else { "Connect a real meter…" }.to_owned();
    let plug = part("connect").keeps("aria-label", word).on("click", move |_| {
        if open.get_untracked() {
            runtime::send(Input::Disconnect);
        } else {
            dialogs.connect.set(true);
        }
    });
    if let Some(text) = plug.0.last_element_child() {
        let _ = El(text).says(word);
    }
    let count = el("span", "count").flag_if("hidden", move || signals.staged() == 0);
    let _ = part("tab-settings")
        .add(count.says(move || signals.staged().to_string()))
        .add(el("span", "vh").says(move || if signals.staged() > 0 { " changes" } else { "" }.to_owned()));
}

fn chip(signals: Signals) {
    let chip = signals.chip;
    let real = memo(move || chip.with(|chip| chip.real || chip.answers));
    let answers = memo(move || chip.with(|chip| chip.answers));
    let source = el("span", "").shows(move || {
        let (picture, word) = match (answers.get(), real.get()) {
            (true, _) => (PLUG, "Twin on a real bus"),
            (_, true) => (PLUG, "Real meter"),
            _ => (TWIN, "Twin"),
        };
        vec![html("span", "icon", picture), el("span", "").text(word)]
    });
    // Without a line there is nothing to count.
    let counts = vec![
        el("span", "").says(move || chip.with(|chip| format!("id {}", chip.id))),
        el("span", "").says(move || chip.with(|chip| format!("{} good", thousands(chip.good)))),
        el("span", "")
            .class_if("isbad", move || chip.with(|chip| chip.bad > 0))
            .says(move || chip.with(|chip| format!("{} bad", thousands(chip.bad)))),
        el("span", "dim")
            .class_if("isbad", move || chip.with(|chip| chip.silent))
            .says(move || chip.with(|chip| chip.last.clone())),
    ];
    let counts =
        counts.into_iter().map(|part| part.flag_if("hidden", move || chip.with(|chip| !chip.bus))).collect();
    let place = part("chip");
    place.0.set_text_content(None);
    let _ = place
        .class_if("real", move || real.get())
        .all(vec![source, el("span", "").says(move || chip.with(|chip| chip.line.clone()))])
        .all(counts);
}

/// The keys of the configurator.
pub fn listen(signals: Signals, dialogs: Dialogs) {
    let act = move |event: KeyboardEvent| {
        if keys::taken(&event) {
            return;
        }
        let key = event.key();
        if !event.ctrl_key() && !event.meta_key() {
            if key == "Escape" && !keys::rests(&event) && store::local(store::KEYS_OFF).is_none() {
                runtime::send(Input::Stop);
            }
            return;
        }
        match key.as_str() {
            "Enter" if dom::react::untrack(|| signals.staged()) > 0 => {
                // What is being typed counts: the field hands it over when it loses the focus.
                if let Some(active) = document().active_element() {
                    let _ = active.unchecked_into::<HtmlElement>().blur();
                }
                dialogs.review.set(true);
            }
            "l" | "L" => runtime::send(Input::ClearTraffic),
            "r" | "R" if !event.shift_key() && !part("panel-readout").0.has_attribute("hidden") => {
                runtime::send(Input::Read);
            }
            _ => return,
        }
        event.prevent_default();
    };
    on_window("keydown", move |event| act(event.unchecked_into()));
}
