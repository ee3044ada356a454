//! The shell of the page: head, meter, tabs, traffic, the bar of staged changes and the keys of the keyboard.


use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::input::Input;
use crate::parts::{Check, Dialog, plug_icon, twin_icon};
use crate::runtime::{self, Signals};
use crate::view::Model;
use crate::{bus, connect, load, readout, settings, stage, store, traffic};

/// Short hash of the commit the page was built from, or `"unversioned"` outside a git checkout.
const BUILD: &str = match option_env!("METERTWIN_BUILD") {
    Some(build) => build,
    None => "unversioned",
};

/// The tabs in their order.
const TABS: [(&str, &str); 4] =
    [("load", "Load"), ("readout", "Read-out"), ("settings", "Settings"), ("bus", "Bus")];

/// Where in local storage it stands that single keys are off.
const KEYS_OFF: &str = "metertwin.keys-off";

/// Which dialogs are open.
#[derive(Clone, Copy)]
pub struct Dialogs {
    /// Connecting a real meter.
    pub connect: RwSignal<bool>,
    /// The list of shortcuts.
    pub help: RwSignal<bool>,
    /// Changes before they are written.
    pub review: RwSignal<bool>,
}

/// The whole page.
#[component]
pub fn Page(
    /// The meter it shows.
    model: &'static Model,
    /// What changes.
    signals: Signals,
) -> impl IntoView {
    let dialogs =
        Dialogs { connect: RwSignal::new(false), help: RwSignal::new(false), review: RwSignal::new(false) };
    let tab = RwSignal::new(tab_of_fragment());
    let keys_on = RwSignal::new(store::local(KEYS_OFF).is_none());
    Effect::new(move |_| store::set_local(KEYS_OFF, if keys_on.get() { None } else { Some("1") }));
    listen(dialogs, keys_on, signals, tab);
    view! {
        <header class="head">
            <div class="wrap">
                <div class="brand">
                    <svg viewBox="0 0 22 26" aria-hidden="true">
                        <path d="M1 1h9v24H1z" fill="currentColor"></path>
                        <path d="M3 8h5v4H3z" fill="var(--surface)"></path>
                        <path d="M13 1.900h7.100v22.200H13z" fill="none" stroke="currentColor" stroke-width="1.800"></path>
                        <path d="M14.500 8h4v4h-4z" fill="currentColor"></path>
                    </svg>
                    <h1 class="brand">"Metertwin"</h1>
                </div>
                <span class="model" title=model.doc>{model.name}</span>
                <span class="space"></span>
                {chip(signals)}
                {move || {
                    if signals.port.with(|port| port.open) {
                        view! {
                            <button type="button" class="btn connect" aria-label="Disconnect" on:click=|_| runtime::send(Input::Disconnect)>
                                {plug_icon()}
                                <span>"Disconnect"</span>
                            </button>
                        }
                            .into_any()
                    } else {
                        view! {
                            <button
                                type="button"
                                class="btn connect"
                                aria-label="Connect a real meter…"
                                on:click=move |_| dialogs.connect.set(true)
                            >
                                {plug_icon()}
                                <span>"Connect a real meter…"</span>
                            </button>
                        }
                            .into_any()
                    }
                }}
                <button
                    type="button"
                    class="btn plain help"
                    aria-label="Keyboard shortcuts"
                    on:click=move |_| dialogs.help.set(true)
                >
                    <kbd>"?"</kbd>
                </button>
            </div>
        </header>
        <main class="wrap" data-build=BUILD>
            <div class="grid">
                <stage::Stage model=model signals=signals />
                <section class="panel work" aria-label="Work">
                    {tabs(tab, signals)}
                    {panel(0, tab, load::load(model, signals))}
                    {panel(1, tab, readout::readout(model, signals))}
                    {panel(2, tab, settings::settings(model, signals))}
                    {panel(3, tab, bus::bus(signals))}
                </section>
            </div>
            <traffic::Traffic signals=signals />
        </main>
        <footer class="foot">
            <div class="wrap">
                <span>"Free and open. No account. Nothing leaves this page."</span>
                <span>"Not a product of the meter’s maker; the drawing is our own. Build " {BUILD}</span>
            </div>
        </footer>
        {settings::staged_bar(model, signals, dialogs)}
        {settings::review(model, signals, dialogs)}
        {connect::connect(signals, dialogs)}
        {help(dialogs, keys_on)}
        <p class="vh" role="status" aria-live="polite">{move || signals.spoken.get()}</p>
    }
}

fn chip(signals: Signals) -> AnyView {
    let chip = signals.chip;
    view! {
        <div class="chip" class:real=move || chip.with(|chip| chip.real) role="group" aria-label="Source and line">
            {move || {
                if chip.with(|chip| chip.real) {
                    view! { <span>{plug_icon()} "Real meter"</span> }.into_any()
                } else {
                    view! { <span>{twin_icon()} "Twin"</span> }.into_any()
                }
            }}
            <span>{move || chip.with(|chip| chip.line.clone())}</span>
            <span>{move || chip.with(|chip| format!("id {}", chip.id))}</span>
            <span>{move || chip.with(|chip| format!("{} good", thousands(chip.good)))}</span>
            <span class:isbad=move || {
                chip.with(|chip| chip.bad > 0)
            }>{move || chip.with(|chip| format!("{} bad", thousands(chip.bad)))}</span>
            <span class="dim" class:isbad=move || chip.with(|chip| chip.silent)>
                {move || chip.with(|chip| chip.last.clone())}
            </span>
        </div>
    }
    .into_any()
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
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

fn tabs(tab: RwSignal<usize>, signals: Signals) -> AnyView {
    let move_to = move |to: usize| {
        go(tab, to);
        if let Some(button) = document().get_element_by_id(&format!("tab-{}", TABS[to].0)) {
            let _ = button.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    };
    let buttons = TABS
        .into_iter()
        .enumerate()
        .map(|(place, (key, word))| {
            view! {
                <button
                    type="button"
                    role="tab"
                    id=format!("tab-{key}")
                    aria-controls=format!("panel-{key}")
                    aria-selected=move || (tab.get() == place).to_string()
                    tabindex=move || if tab.get() == place { "0" } else { "-1" }
                    on:click=move |_| go(tab, place)
                    on:keydown=move |ev| {
                        let to = match ev.key().as_str() {
                            "ArrowRight" => (place + 1) % TABS.len(),
                            "ArrowLeft" => (place + TABS.len() - 1) % TABS.len(),
                            "Home" => 0,
                            "End" => TABS.len() - 1,
                            _ => return,
                        };
                        ev.prevent_default();
                        move_to(to);
                    }
                >
                    {word}
                    {(place == 2)
                        .then(|| {
                            move || {
                                let count = signals.staged();
                                (count > 0)
                                    .then(|| {
                                        view! {
                                            <span class="count">
                                                {count}
                                                <span class="vh">" changes"</span>
                                            </span>
                                        }
                                    })
                            }
                        })}
                </button>
            }
        })
        .collect_view();
    view! { <div class="tabs" role="tablist" aria-label="Work">{buttons}</div> }.into_any()
}

fn panel(place: usize, tab: RwSignal<usize>, inside: AnyView) -> AnyView {
    let key = TABS[place].0;
    view! {
        <div
            role="tabpanel"
            id=format!("panel-{key}")
            aria-labelledby=format!("tab-{key}")
            hidden=move || tab.get() != place
        >
            {inside}
        </div>
    }
    .into_any()
}

/// The tab that the address names: a reload or a bookmark comes back to it.
fn tab_of_fragment() -> usize {
    let fragment = window().location().hash().unwrap_or_default();
    TABS.iter().position(|(key, _)| fragment.strip_prefix("#/") == Some(*key)).unwrap_or(0)
}

fn go(tab: RwSignal<usize>, to: usize) {
    tab.set(to);
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(
            &wasm_bindgen::JsValue::NULL,
            "",
            Some(&format!("#/{}", TABS[to].0)),
        );
    }
}

/// The keys that work everywhere. Single keys rest while somebody types, and where they were switched off.
fn listen(dialogs: Dialogs, keys_on: RwSignal<bool>, signals: Signals, tab: RwSignal<usize>) {
    let handle = window_event_listener(leptos::ev::keydown, move |ev| {
        let busy = dialogs.connect.get_untracked() || dialogs.help.get_untracked() || dialogs.review.get_untracked();
        if busy || ev.alt_key() {
            return;
        }
        let key = ev.key();
        if ev.ctrl_key() || ev.meta_key() {
            match key.as_str() {
                "Enter" if signals.staged() > 0 => dialogs.review.set(true),
                "l" | "L" => runtime::send(Input::ClearTraffic),
                "r" | "R" if tab.get_untracked() == 1 && !ev.shift_key() => runtime::send(Input::Read),
                _ => return,
            }
            ev.prevent_default();
            return;
        }
        let typing = ev
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|element| element.matches("input,textarea,select").unwrap_or(false));
        if typing || ev.repeat() || !keys_on.get_untracked() {
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
        ev.prevent_default();
    });
    on_cleanup(move || handle.remove());
}

fn help(dialogs: Dialogs, keys_on: RwSignal<bool>) -> AnyView {
    view! {
        <Dialog open=dialogs.help title="Keyboard shortcuts">
            <div class="body">
                <dl class="keylist">
                    <dt>
                        <kbd>"Space"</kbd>
                        <kbd>"Enter"</kbd>
                    </dt>
                    <dd>"on the meter’s key: press it; it stays down as long as you hold"</dd>
                    <dt>
                        <kbd>"1"</kbd>
                        <kbd>"3"</kbd>
                        <kbd>"5"</kbd>
                    </dt>
                    <dd>"press the meter’s key shortly, for 3 s, for 5 s"</dd>
                    <dt>
                        <kbd>"d"</kbd>
                    </dt>
                    <dd>"say what the display shows"</dd>
                    <dt>
                        <kbd>"Ctrl"</kbd>
                        <kbd>"↵"</kbd>
                    </dt>
                    <dd>"review the changes and write them"</dd>
                    <dt>
                        <kbd>"Ctrl"</kbd>
                        <kbd>"R"</kbd>
                    </dt>
                    <dd>"on the Read-out tab: read again"</dd>
                    <dt>
                        <kbd>"Ctrl"</kbd>
                        <kbd>"L"</kbd>
                    </dt>
                    <dd>"clear the traffic"</dd>
                    <dt>
                        <kbd>"←"</kbd>
                        <kbd>"→"</kbd>
                    </dt>
                    <dd>"on the tabs: the one before, the next"</dd>
                    <dt>
                        <kbd>"Esc"</kbd>
                    </dt>
                    <dd>"stop what is running, close a dialog; never drops a change"</dd>
                </dl>
                <Check
                    label="Single keys work (1, 3, 5, d, ?)"
                    value=keys_on
                    set=Callback::new(move |on| keys_on.set(on))
                />
            </div>
        </Dialog>
    }
    .into_any()
}
