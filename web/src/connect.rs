//! Connecting a real meter: choosing the port and the line, and what to do where that fails.

use leptos::prelude::*;

use crate::bus::line_fields;
use crate::page::Dialogs;
use crate::parts::Dialog;
use crate::runtime::{self, Signals};
use crate::view::LineForm;

/// The last failure of the port and what to do, above the tabs that need it.
pub fn advice(signals: Signals) -> AnyView {
    let port = signals.port;
    view! {
        {move || {
            port.with(|port| {
                (!port.say.is_empty() && !port.busy)
                    .then(|| view! { <div class="say" class:bad=port.bad><p>{port.say.clone()}</p></div> })
            })
        }}
    }
    .into_any()
}

/// The dialog.
pub fn connect(signals: Signals, dialogs: Dialogs) -> AnyView {
    let form = RwSignal::new(LineForm::default());
    let wrong = RwSignal::new(None);
    Effect::new(move |_| {
        if dialogs.connect.get() {
            runtime::list_ports();
        }
    });
    Effect::new(move |_| {
        if signals.port.with(|port| port.open) {
            dialogs.connect.set(false);
        }
    });
    let port = signals.port;
    let ready = move || wrong.with_untracked(Option::is_none);
    view! {
        <Dialog open=dialogs.connect title="Connect a real meter">
            <div class="body">
                {move || {
                    if port.with(|port| port.possible) {
                        view! {
                            <p>
                                "Wire the RS485 adapter to A and B of the meter, then choose its port. "
                                "Reading changes nothing in the meter; nothing is written before you have reviewed it."
                            </p>
                        }
                            .into_any()
                    } else {
                        view! {
                            <p>
                                "This browser cannot open serial ports. The twin, its settings and the decoder still work. "
                                "Chrome, Edge, Opera or Firefox 151 and later on a computer can."
                            </p>
                        }
                            .into_any()
                    }
                }} {line_fields(form, wrong)}
                {move || {
                    port.with(|port| {
                        (!port.say.is_empty())
                            .then(|| {
                                let class = if port.bad { "answer wrong-text" } else { "answer" };
                                view! {
                                    <p class=class role="alert">
                                        {port.say.clone()}
                                    </p>
                                }
                            })
                    })
                }}
            </div>
            <footer>
                {move || {
                    let busy = port.with(|port| port.busy);
                    port.with(|port| port.granted.clone())
                        .into_iter()
                        .enumerate()
                        .map(|(place, name)| {
                            view! {
                                <button
                                    type="button"
                                    class="btn"
                                    disabled=busy
                                    on:click=move |_| {
                                        if ready() {
                                            runtime::open_granted(place, form.get_untracked());
                                        }
                                    }
                                >
                                    {format!("Use {name}")}
                                </button>
                            }
                        })
                        .collect_view()
                }}
                <button
                    type="button"
                    class="btn main"
                    disabled=move || port.with(|port| !port.possible || port.busy)
                    on:click=move |_| {
                        if ready() {
                            runtime::choose_port(form.get_untracked());
                        }
                    }
                >
                    {move || if port.with(|port| port.busy) { "Opening…" } else { "Choose a port…" }}
                </button>
            </footer>
        </Dialog>
    }
    .into_any()
}
