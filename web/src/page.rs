//! The shell of the page: head, meter, tabs, traffic, the bar of staged changes and the keys of the keyboard.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

use crate::dom::{El, button, el, html, later, watch};
use crate::input::Input;
use crate::parts::{PLUG, TWIN, check, dialog};
use crate::runtime::{self, Signals};
use crate::signal::{Sig, memo};
use crate::{bus, connect, lines_host, load, memory, rail, readout, scope, settings, stage, store, traffic};

/// Short hash of the commit the page was built from, or `"unversioned"` outside a git checkout.
const BUILD: &str = match option_env!("METERTWIN_BUILD") {
    Some(build) => build,
    None => "unversioned",
};

/// The tabs in their order.
const TABS: [(&str, &str); 8] = [
    ("load", "Load"),
    ("readout", "Read-out"),
    ("settings", "Settings"),
    ("bus", "Bus"),
    ("mbus", "M-Bus"),
    ("infrared", "Infrared"),
    ("pulses", "Pulses"),
    ("memory", "Memory"),
];

/// Where in local storage it stands that single keys are off.
const KEYS_OFF: &str = "metertwin.keys-off";

/// Which dialogs are open.
#[derive(Clone, Copy)]
pub struct Dialogs {
    /// Connecting a real meter.
    pub connect: Sig<bool>,
    /// The list of shortcuts.
    pub help: Sig<bool>,
    /// Changes before they are written.
    pub review: Sig<bool>,
}

/// The whole page, part after part.
pub fn page(signals: Signals) -> Vec<El> {
    let dialogs = Dialogs { connect: Sig::new(false), help: Sig::new(false), review: Sig::new(false) };
    let tab = Sig::new(tab_of_fragment());
    let keys_on = Sig::new(store::local(KEYS_OFF).is_none());
    listen(dialogs, keys_on, signals, tab);
    let work = el("section", "panel work").attr("aria-label", "Work").all(vec![
        tabs(tab, signals),
        panel(0, tab, move || load::load(signals.twin.get(), signals)),
        panel(1, tab, move || readout::readout(signals.wired.get(), signals)),
        panel(2, tab, move || settings::settings(signals.wired.get(), signals)),
        panel(3, tab, move || bus::bus(signals.wired.get(), signals)),
        bare(4, tab).all(lines_host::panel(&lines_host::KINDS[0], move || tab.get() == 4, signals)),
        bare(5, tab).all(lines_host::panel(&lines_host::KINDS[1], move || tab.get() == 5, signals)),
        bare(6, tab).all(scope::scope(signals, memo(move || tab.get() == 6))),
        bare(7, tab).all(memory::memory(signals, memo(move || tab.get() == 7))),
    ]);
    let device = el("section", "panel device")
        .attr("aria-label", "Meter")
        .add(rail::rail(signals))
        .add(el("div", "").shows(move || stage::stage(signals.twin.get(), signals)));
    let main = el("main", "wrap")
        .attr("data-build", BUILD)
        .add(el("div", "grid").add(device).add(work))
        .add(traffic::traffic(signals));
    let foot = el("div", "wrap")
        .add(el("span", "").text("Free and open. No account. Nothing leaves this page."))
        .add(
            el("span", "")
                .text(&format!("Not a product of the meter’s maker; the drawing is our own. Build {BUILD}")),
        );
    vec![
        head(signals, dialogs),
        main,
        el("footer", "foot").add(foot),
        settings::staged_bar(signals, dialogs),
        settings::review(signals, dialogs),
        connect::connect(signals, dialogs),
        help(dialogs, keys_on),
        el("p", "vh").attr("role", "status").attr("aria-live", "polite").says(move || signals.spoken.get()),
    ]
}

fn head(signals: Signals, dialogs: Dialogs) -> El {
    let brand = html(
        "div",
        "brand",
        r#"<svg viewBox="0 0 22 26" aria-hidden="true"><path d="M1 1h9v24H1z" fill="currentColor"/><path d="M3 8h5v4H3z" fill="var(--surface)"/><path d="M13 1.900h7.100v22.200H13z" fill="none" stroke="currentColor" stroke-width="1.800"/><path d="M14.500 8h4v4h-4z" fill="currentColor"/></svg><h1 class="brand">Metertwin</h1>"#,
    );
    let open = memo(move || signals.port.with(|port| port.open));
    let word = move || if open.get() { "Disconnect" } else { "Connect a real meter…" }.to_owned();
    let plug = html("button", "btn connect", PLUG)
        .attr("type", "button")
        .keeps("aria-label", word)
        .add(el("span", "").says(word))
        .on("click", move |_| {
            if open.get_untracked() {
                runtime::send(Input::Disconnect);
            } else {
                dialogs.connect.set(true);
            }
        });
    let help = html("button", "btn plain help", "<kbd>?</kbd>")
        .attr("type", "button")
        .attr("aria-label", "Keyboard shortcuts")
        .on("click", move |_| dialogs.help.set(true));
    el("header", "head").add(el("div", "wrap").all(vec![
        brand,
        el("span", "model")
            .keeps("title", move || signals.wired.get().doc.to_owned())
            .says(move || signals.wired.get().name.to_owned()),
        el("span", "space"),
        chip(signals),
        plug,
        help,
    ]))
}

fn chip(signals: Signals) -> El {
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
    el("div", "chip")
        .class_if("real", move || real.get())
        .attr("role", "group")
        .attr("aria-label", "Source and line")
        .all(vec![source, el("span", "").says(move || chip.with(|chip| chip.line.clone()))])
        .all(counts)
}

/// A number with thin groups from 10 000 on.
#[must_use]
pub fn thousands(value: u32) -> String {
    if value < 10_000 {
        return value.to_string();
    }
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

fn tabs(tab: Sig<usize>, signals: Signals) -> El {
    let mut list = el("div", "tabs").attr("role", "tablist").attr("aria-label", "Work");
    for (place, (key, word)) in TABS.into_iter().enumerate() {
        let mut own = button("", word, move |_| go(tab, place))
            .attr("role", "tab")
            .attr("id", &format!("tab-{key}"))
            .attr("aria-controls", &format!("panel-{key}"))
            .keeps("aria-selected", move || (tab.get() == place).to_string())
            .keeps("tabindex", move || if tab.get() == place { "0" } else { "-1" }.to_owned())
            .on("keydown", move |event| {
                let event: web_sys::KeyboardEvent = event.unchecked_into();
                let to = match event.key().as_str() {
                    "ArrowRight" => (place + 1) % TABS.len(),
                    "ArrowLeft" => (place + TABS.len() - 1) % TABS.len(),
                    "Home" => 0,
                    "End" => TABS.len() - 1,
                    _ => return,
                };
                event.prevent_default();
                go(tab, to);
                if let Some((key, _)) = TABS.get(to)
                    && let Some(button) = document().get_element_by_id(&format!("tab-{key}"))
                {
                    let _ = button.unchecked_into::<web_sys::HtmlElement>().focus();
                }
            });
        if key == "settings" {
            let count = el("span", "count").flag_if("hidden", move || signals.staged() == 0);
            own = own.add(count.says(move || signals.staged().to_string()));
            own = own.add(
                el("span", "vh").says(move || if signals.staged() > 0 { " changes" } else { "" }.to_owned()),
            );
        }
        list = list.add(own);
    }
    let row = list.0.clone();
    watch(Box::new(move || {
        let at = tab.get();
        let row = row.clone();
        // Once the row is laid out.
        later(async move { show_tab(&row, at) });
    }));
    list
}

/// Where the row of tabs is wider than the window, the chosen one is pushed to its middle.
fn show_tab(row: &web_sys::Element, at: usize) {
    let key = TABS.get(at).map_or("", |(key, _)| key);
    let chosen = document().get_element_by_id(&format!("tab-{key}"));
    if let Some(chosen) = chosen.map(JsCast::unchecked_into::<web_sys::HtmlElement>) {
        row.set_scroll_left(chosen.offset_left() + (chosen.offset_width() - row.client_width()) / 2);
    }
}

/// A tab's panel, made anew when the model that it shows is another one.
fn panel(place: usize, tab: Sig<usize>, inside: impl Fn() -> Vec<El> + 'static) -> El {
    bare(place, tab).shows(inside)
}

fn bare(place: usize, tab: Sig<usize>) -> El {
    let key = TABS.get(place).map_or("", |(key, _)| key);
    el("div", "")
        .attr("role", "tabpanel")
        .attr("id", &format!("panel-{key}"))
        .attr("aria-labelledby", &format!("tab-{key}"))
        .flag_if("hidden", move || tab.get() != place)
}

/// The tab that the address names: a reload or a bookmark comes back to it.
fn tab_of_fragment() -> usize {
    let fragment = window().location().hash().unwrap_or_default();
    TABS.iter().position(|(key, _)| fragment.strip_prefix("#/") == Some(*key)).unwrap_or(0)
}

fn go(tab: Sig<usize>, to: usize) {
    tab.set(to);
    if let (Ok(history), Some((key, _))) = (window().history(), TABS.get(to)) {
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&format!("#/{key}")));
    }
}

/// The keys that work everywhere. Single keys rest while somebody types, and where they were switched off.
fn listen(dialogs: Dialogs, keys_on: Sig<bool>, signals: Signals, tab: Sig<usize>) {
    let act = move |event: web_sys::KeyboardEvent| {
        // An open dialog has the keys to itself: Escape closes it, and nothing behind it is pressed.
        let busy = document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some());
        if busy || event.alt_key() {
            return;
        }
        let key = event.key();
        if event.ctrl_key() || event.meta_key() {
            match key.as_str() {
                "Enter" if crate::react::untrack(|| signals.staged()) > 0 => {
                    // What is being typed counts: the field hands it over when it loses the focus.
                    if let Some(active) = document().active_element() {
                        let _ = active.unchecked_into::<web_sys::HtmlElement>().blur();
                    }
                    dialogs.review.set(true);
                }
                "l" | "L" => runtime::send(Input::ClearTraffic),
                "r" | "R" if tab.get_untracked() == 1 && !event.shift_key() => runtime::send(Input::Read),
                _ => return,
            }
            event.prevent_default();
            return;
        }
        let typing = event.target().map(JsCast::unchecked_into::<web_sys::Element>).is_some_and(|element| {
            element.matches("input:not([type=radio],[type=checkbox]),textarea,select").unwrap_or(false)
        });
        if typing || event.repeat() || !keys_on.get_untracked() {
            return;
        }
        match key.as_str() {
            "1" => runtime::send(Input::Press(150)),
            "3" => runtime::send(Input::Press(3_000)),
            "5" => runtime::send(Input::Press(5_000)),
            "d" => runtime::send(Input::ReadDisplay),
            "?" => dialogs.help.set(true),
            "Escape" => runtime::send(Input::Stop),
            _ => return,
        }
        event.prevent_default();
    };
    let closure = Closure::<dyn FnMut(web_sys::KeyboardEvent)>::new(act).into_js_value();
    let _ = window().add_event_listener_with_callback("keydown", closure.unchecked_ref());
}

fn help(dialogs: Dialogs, keys_on: Sig<bool>) -> El {
    watch(Box::new(move || store::set_local(KEYS_OFF, if keys_on.get() { None } else { Some("1") })));
    dialog(dialogs.help, "Keyboard shortcuts", move || {
        let list = html(
            "dl",
            "keylist",
            "<dt><kbd>Space</kbd><kbd>Enter</kbd></dt><dd>on the meter’s key: press it; it stays down as long as you hold</dd>\
             <dt><kbd>1</kbd><kbd>3</kbd><kbd>5</kbd></dt><dd>press the meter’s key briefly, for 3 s, for 5 s</dd>\
             <dt><kbd>d</kbd></dt><dd>say what the display shows</dd>\
             <dt><kbd>Ctrl</kbd><kbd>↵</kbd></dt><dd>review the changes and write them</dd>\
             <dt><kbd>Ctrl</kbd><kbd>R</kbd></dt><dd>on the Read-out tab: read again</dd>\
             <dt><kbd>Ctrl</kbd><kbd>L</kbd></dt><dd>clear the traffic</dd>\
             <dt><kbd>←</kbd><kbd>→</kbd></dt><dd>on the tabs: the one before, the next</dd>\
             <dt><kbd>Esc</kbd></dt><dd>stop what is running, close a dialog; never drops a change</dd>",
        );
        let switch = check("Single keys work (1, 3, 5, d, ?)", keys_on.reader(), move |on| keys_on.set(on));
        vec![el("div", "body").add(list).add(switch)]
    })
}
