//! The shell of the page: head, meter, tabs, the places of what a master does, and the keys of the keyboard.

use wasm_bindgen::JsCast;

use crate::dom::browser::{document, on_window, window};
use crate::dom::{El, button, el, html, later, watch};
use crate::door::{Door, KINDS, Stand};
use crate::input::Input;
use crate::parts::{PLUG, TWIN, check, dialog};
use crate::runtime::{self, Signals};
use crate::signal::{Sig, memo};
use crate::{keys, load, memory, rail, scope, stage, store};

/// Short hash of the commit the page was built from, or `"unversioned"` outside a git checkout.
const BUILD: &str = match option_env!("METERTWIN_BUILD") {
    Some(build) => build,
    None => "unversioned",
};

/// The tabs in their order.
const TABS: [(&str, &str); 9] = [
    ("load", "Load"),
    ("readout", "Read-out"),
    ("settings", "Settings"),
    ("bus", "Bus"),
    ("mbus", "M-Bus"),
    ("infrared", "Infrared"),
    ("cabinet", "Cabinet"),
    ("pulses", "Pulses"),
    ("memory", "Memory"),
];

/// The whole page, part after part.
pub fn page(signals: Signals) -> Vec<El> {
    let help_open = Sig::new(false);
    let tab = Sig::new(tab_of_fragment());
    let keys_on = Sig::new(store::local(store::KEYS_OFF).is_none());
    listen(help_open, keys_on, signals);
    let [modbus, mbus, infrared, cabinet] =
        KINDS.each_ref().map(|kind| Door::new(kind, el("div", "portpanel"), signals));
    let at = move |place: usize| move || tab.get() == place;
    let work = el("section", "panel work").attr("aria-label", "Work").all(vec![
        tabs(tab),
        bare(0, tab).shows(move || load::load(signals.twin.get(), signals)),
        bare(1, tab).add(modbus.leaf(at(1))),
        bare(2, tab).add(modbus.leaf(at(2))),
        bare(3, tab).add(modbus.leaf(at(3))),
        bare(4, tab).add(mbus.panel(at(4))),
        bare(5, tab).add(infrared.panel(at(5))),
        bare(6, tab).add(cabinet.panel(at(6))),
        bare(7, tab).all(scope::scope(signals, memo(move || tab.get() == 7))),
        bare(8, tab).all(memory::memory(signals, memo(move || tab.get() == 8))),
    ]);
    let device = el("section", "panel device")
        .attr("aria-label", "Meter")
        .add(rail::rail(signals))
        .add(el("div", "").shows(move || stage::stage(signals.twin.get(), signals)));
    let main = el("main", "wrap")
        .attr("data-build", BUILD)
        .add(el("div", "grid").add(device).add(work))
        .add(html("section", "panel traffic", TRAFFIC).attr("id", "traffic").attr("aria-label", "Traffic"));
    let foot = el("div", "wrap")
        .add(el("span", "").text("Free and open. No account. Nothing leaves this page."))
        .add(
            el("span", "")
                .text(&format!("Not a product of the meter’s maker; the drawing is our own. Build {BUILD}")),
        );
    vec![
        head(signals, help_open, tab, modbus),
        main,
        el("footer", "foot").add(foot),
        modbus.place().attr("class", "desk"),
        help(help_open, keys_on),
        el("p", "vh").attr("role", "status").attr("aria-live", "polite").says(move || signals.spoken.get()),
    ]
}

/// What stands below the tabs before anything was sent.
const TRAFFIC: &str =
    "<header><h2>Traffic</h2></header><p class=\"empty\">Nothing sent yet. The first frame appears here.</p>";

fn head(signals: Signals, help: Sig<bool>, tab: Sig<usize>, modbus: Door) -> El {
    let brand = html(
        "div",
        "brand",
        r#"<svg viewBox="0 0 22 26" aria-hidden="true"><path d="M1 1h9v24H1z" fill="currentColor"/><path d="M3 8h5v4H3z" fill="var(--surface)"/><path d="M13 1.900h7.100v22.200H13z" fill="none" stroke="currentColor" stroke-width="1.800"/><path d="M14.500 8h4v4h-4z" fill="currentColor"/></svg><h1 class="brand">Metertwin</h1>"#,
    );
    // The configurator takes this button over once it is there.
    let coming = memo(move || modbus.stand.with(|stand| *stand == Stand::Coming));
    let word = move || if coming.get() { "Being loaded…" } else { "Connect a real meter…" }.to_owned();
    let plug = html("button", "btn connect", PLUG)
        .attr("type", "button")
        .attr("id", "connect")
        .keeps("aria-label", word)
        .add(el("span", "").says(word));
    let node = plug.0.clone();
    let plug = plug.on("click", move |_| {
        let button: web_sys::HtmlElement = node.clone().unchecked_into();
        modbus.open(move |there| if there { button.click() } else { go(tab, 1) });
    });
    let help = html("button", "btn plain help", "<kbd>?</kbd>")
        .attr("type", "button")
        .attr("aria-label", "Keyboard shortcuts")
        .on("click", move |_| help.set(true));
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

/// Where the meter in hand is spoken to; the configurator takes this over and adds what it counts.
fn chip(signals: Signals) -> El {
    let place = signals.place;
    let line = el("span", "")
        .says(move || place.with(|place| place.map_or("no Modbus".to_owned(), |(line, _)| line.to_string())));
    let id = el("span", "")
        .flag_if("hidden", move || place.with(Option::is_none))
        .says(move || place.with(|place| place.map_or(String::new(), |(_, unit)| format!("id {unit}"))));
    let source = el("span", "").add(html("span", "icon", TWIN)).add(el("span", "").text("Twin"));
    el("div", "chip")
        .attr("id", "chip")
        .attr("role", "group")
        .attr("aria-label", "Source and line")
        .all(vec![source, line, id])
}

fn tabs(tab: Sig<usize>) -> El {
    let mut list = el("div", "tabs").attr("role", "tablist").attr("aria-label", "Work");
    for (place, (key, word)) in TABS.into_iter().enumerate() {
        let own = button("", word, move |_| go(tab, place))
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

/// A tab's panel.
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
    // What follows the tab is its own.
    let mut parts = fragment.split('/').skip(1);
    let own = parts.next();
    TABS.iter().position(|(key, _)| own == Some(*key)).unwrap_or(0)
}

fn go(tab: Sig<usize>, to: usize) {
    tab.set(to);
    if let (Ok(history), Some((key, _))) = (window().history(), TABS.get(to)) {
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&format!("#/{key}")));
    }
}

/// The keys that work everywhere; those of the configurator are its own. Single keys rest while somebody types, and where they were switched off.
fn listen(help: Sig<bool>, keys_on: Sig<bool>, signals: Signals) {
    let act = move |event: web_sys::KeyboardEvent| {
        if keys::taken(&event) || event.ctrl_key() || event.meta_key() {
            return;
        }
        if keys::rests(&event) || !keys_on.get_untracked() {
            return;
        }
        let keys = signals.twin.with_untracked(|model| model.keys.len());
        // Arrows belong to tabs and choices where one of them has the focus.
        let arrows = keys == 3 && !in_work(&event);
        match event.key().as_str() {
            "ArrowLeft" if arrows => runtime::send(Input::Press(0, 150)),
            "ArrowRight" if arrows => runtime::send(Input::Press(2, 150)),
            "1" => runtime::send(Input::Press(keys / 2, 150)),
            "3" => runtime::send(Input::Press(keys / 2, 3_000)),
            "5" => runtime::send(Input::Press(keys / 2, 5_000)),
            "d" => runtime::send(Input::ReadDisplay),
            "?" => help.set(true),
            "Escape" => runtime::send(Input::Stop),
            _ => return,
        }
        event.prevent_default();
    };
    on_window("keydown", move |event| act(event.unchecked_into()));
}

/// Whether a key of the keyboard was pressed on something that is no part of the meter.
fn in_work(event: &web_sys::KeyboardEvent) -> bool {
    let target = event.target().map(JsCast::unchecked_into::<web_sys::Element>);
    target.is_some_and(|target| target.closest(".work,.traffic").is_ok_and(|work| work.is_some()))
}

fn help(open: Sig<bool>, keys_on: Sig<bool>) -> El {
    watch(Box::new(move || store::set_local(store::KEYS_OFF, if keys_on.get() { None } else { Some("1") })));
    dialog(open, "Keyboard shortcuts", move || {
        let list = html(
            "dl",
            "keylist",
            "<dt><kbd>Space</kbd><kbd>Enter</kbd></dt><dd>on the meter’s key: press it; it stays down as long as you hold</dd>\
             <dt><kbd>1</kbd><kbd>3</kbd><kbd>5</kbd></dt><dd>press the meter’s key briefly, for 3 s, for 5 s</dd>\
             <dt><kbd>←</kbd><kbd>→</kbd></dt><dd>where the meter has three: press its left key, its right one</dd>\
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
