//! The Read-out tab: all that the meter has to tell, with unit, register and raw words.


use leptos::prelude::*;

use crate::input::Input;
use crate::parts::{Check, Choices, save};
use crate::runtime::{self, Signals};
use crate::view::Model;

/// A register's address as the manual prints it, or in decimal.
#[must_use]
pub fn address(addr: u16, decimal: bool) -> String {
    if decimal { addr.to_string() } else { format!("{addr:04X}h") }
}

/// The work in progress: how far it is, and a way to stop it.
pub fn progress(signals: Signals) -> AnyView {
    let job = signals.job;
    let going = Memo::new(move |_| job.with(|job| !job.what.is_empty()));
    view! {
        {move || {
            going
                .get()
                .then(|| {
                    view! {
                        <div class="progress">
                            <span>
                                {move || job.with(|job| format!("{}, {} of {}", job.what, job.done, job.total))}
                            </span>
                            <button type="button" class="btn" on:click=|_| runtime::send(Input::Stop)>
                                "Stop"
                            </button>
                            <progress
                                aria-label="Progress"
                                max=move || job.with(|job| job.total.max(1)).to_string()
                                prop:value=move || job.with(|job| f64::from(job.done))
                            ></progress>
                        </div>
                    }
                })
        }}
    }
    .into_any()
}

/// The tab.
pub fn readout(model: &'static Model, signals: Signals) -> AnyView {
    let decimal = RwSignal::new(false);
    let values = signals.values;
    let rows = model
        .points
        .iter()
        .enumerate()
        .map(|(place, row)| {
            let value = Memo::new(move |_| {
                values.with(|values| values.get(place).cloned().unwrap_or_default())
            });
            let group = (!row.group.is_empty()).then(|| {
                view! {
                    <tr class="group">
                        <th colspan="5" scope="colgroup">
                            {row.group}
                        </th>
                    </tr>
                }
            });
            let addr = row.addr;
            view! {
                {group}
                <tr>
                    <th scope="row" title=row.doc>
                        {row.label.clone()}
                    </th>
                    <td class="v" class:old=move || value.with(|value| value.old) title=move || value.with(|value| value.words.clone())>
                        {move || value.with(|value| if value.text.is_empty() { "–".to_owned() } else { value.text.clone() })}
                    </td>
                    <td class="u">{row.unit}</td>
                    <td class="r">{move || address(addr, decimal.get())}</td>
                    <td class="r words">{move || value.with(|value| value.words.clone())}</td>
                </tr>
            }
        })
        .collect_view();
    let file = |json: bool, name: &'static str, mime: &'static str| {
        move |_| {
            if let Some(text) = runtime::export(json) {
                save(name, mime, &text);
            }
        }
    };
    view! {
        <div class="bar">
            <button type="button" class="btn" on:click=|_| runtime::send(Input::Read)>
                "Read again"
            </button>
            <Check
                label="Live"
                value=signals.live
                set=Callback::new(|on| runtime::send(Input::Live(on)))
            />
            <span class="space"></span>
            <Choices
                legend="Register addresses in"
                options=&[(0, "hex"), (1, "decimal")]
                value=Signal::derive(move || u32::from(decimal.get()))
                set=Callback::new(move |new| decimal.set(new == 1))
            />
            <button
                type="button"
                class="btn"
                on:click=file(false, "read-out.csv", "text/csv")
            >
                "Save CSV"
            </button>
            <button
                type="button"
                class="btn"
                on:click=file(true, "read-out.json", "application/json")
            >
                "Save JSON"
            </button>
        </div>
        {progress(signals)}
        {crate::connect::advice(signals)}
        <table class="points">
            <caption class="vh">{format!("Read-out of the {}", model.name)}</caption>
            <thead>
                <tr>
                    <th scope="col">"Point"</th>
                    <th scope="col" class="num-r">
                        "Value"
                    </th>
                    <th scope="col">
                        <span class="vh">"Unit"</span>
                    </th>
                    <th scope="col">"Register"</th>
                    <th scope="col" class="words">
                        "Words"
                    </th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
