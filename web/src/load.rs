//! The Load tab: what flows through the meter, and what the meter makes of it.


use leptos::prelude::*;

use crate::chart;
use crate::input::Input;
use crate::parts::{Check, Choices, Quantity, Scale};
use crate::runtime::{self, Signals};
use crate::view::{LoadForm, Model};

/// A ready-made load: its word, current in mA, power factor in thousandths, lagging, exporting.
const PRESETS: [(&str, i64, i64, bool, bool); 6] = [
    ("Nothing", 0, 1_000, true, false),
    ("Fridge 120 W", 750, 696, true, false),
    ("Kettle 2 kW", 8_696, 1_000, true, false),
    ("Motor 3 kW", 15_900, 820, true, false),
    ("Car 7 kW", 30_600, 995, false, false),
    ("Roof −3 kW", 13_043, 1_000, true, true),
];

const TRUE_OR_FALSE: [u32; 2] = [0, 1];

/// The tab.
pub fn load(model: &'static Model, signals: Signals) -> AnyView {
    view! {
        <div class="load">
            <section>
                <div class="sec">
                    <h2>"What flows through the meter"</h2>
                </div>
                {form(model, signals)}
            </section>
            <section>
                <div class="sec">
                    <h2>"What the meter sees"</h2>
                    <small>
                        {move || {
                            signals
                                .sees
                                .with(|sees| {
                                    if sees.quadrant == 0 {
                                        "nothing flows".to_owned()
                                    } else {
                                        format!("quadrant {}", sees.quadrant)
                                    }
                                })
                        }}
                    </small>
                </div>
                {chart::vectors(signals)}
            </section>
            <section>
                <div class="sec">
                    <h2>"Energy per hour, kWh"</h2>
                    <small>"metered time, export hatched"</small>
                </div>
                {chart::hours(signals)}
            </section>
            <section>
                <div class="sec">
                    <h2>"Connection"</h2>
                </div>
                {chart::connection(model)}
            </section>
        </div>
    }
    .into_any()
}

fn form(model: &Model, signals: Signals) -> AnyView {
    let load = signals.load;
    let change = move |edit: &dyn Fn(&mut LoadForm)| {
        let mut form = load.get_untracked();
        edit(&mut form);
        runtime::send(Input::Load(form));
    };
    let volts = Scale { label: "Voltage", unit: "V", decimals: 3, shown: 1, min: 0, max: 280_000, step: 100 };
    let amps =
        Scale { label: "Current", unit: "A", decimals: 3, shown: 2, min: 0, max: model.max_ma, step: 50 };
    let factor =
        Scale { label: "Power factor", unit: "", decimals: 3, shown: 2, min: 0, max: 1_000, step: 10 };
    let hertz =
        Scale { label: "Frequency", unit: "Hz", decimals: 3, shown: 2, min: 45_000, max: 65_000, step: 10 };
    let presets = PRESETS
        .into_iter()
        .map(|(word, milliamps, factor, lag, export)| {
            let press = move |_| {
                change(&|form| {
                    *form = LoadForm { milliamps, factor, lag, export, mains: true, ..*form };
                });
            };
            view! {
                <button type="button" class="btn" on:click=press>
                    {word}
                </button>
            }
        })
        .collect_view();
    let [no, yes] = TRUE_OR_FALSE;
    view! {
        <div class="fields">
            <Quantity
                scale=volts
                value=Signal::derive(move || load.get().millivolts)
                set=Callback::new(move |new| change(&|form| form.millivolts = new))
            />
            <Quantity
                scale=amps
                value=Signal::derive(move || load.get().milliamps)
                set=Callback::new(move |new| change(&|form| form.milliamps = new))
            />
            <Quantity
                scale=factor
                value=Signal::derive(move || load.get().factor)
                set=Callback::new(move |new| change(&|form| form.factor = new))
            />
            <Quantity
                scale=hertz
                value=Signal::derive(move || load.get().millihertz)
                set=Callback::new(move |new| change(&|form| form.millihertz = new))
            />
            <div class="field">
                <span aria-hidden="true">"Flow"</span>
                <div class="two">
                    <Choices
                        legend="Current lags or leads"
                        options=&[(1, "Lag"), (0, "Lead")]
                        value=Signal::derive(move || if load.get().lag { yes } else { no })
                        set=Callback::new(move |new| change(&|form| form.lag = new == 1))
                    />
                    <Choices
                        legend="Direction of energy"
                        options=&[(0, "Import"), (1, "Export")]
                        value=Signal::derive(move || if load.get().export { yes } else { no })
                        set=Callback::new(move |new| change(&|form| form.export = new == 1))
                    />
                </div>
            </div>
            <div class="field">
                <span aria-hidden="true">"Time"</span>
                <div class="two">
                    <Choices
                        legend="Speed of metered time"
                        options=&[(1, "1 ×"), (60, "60 ×"), (3600, "3600 ×")]
                        value=Signal::derive(move || load.get().speed)
                        set=Callback::new(move |new| change(&|form| form.speed = new))
                    />
                    <button type="button" class="btn" on:click=|_| runtime::send(Input::Day)>
                        "+1 day"
                    </button>
                </div>
            </div>
            <div class="field">
                <span aria-hidden="true">"Mains"</span>
                <div class="two">
                    <Check
                        label="Supply is on"
                        value=Signal::derive(move || load.get().mains)
                        set=Callback::new(move |new| change(&|form| form.mains = new))
                    />
                </div>
            </div>
        </div>
        <div class="presets" role="group" aria-label="Ready-made loads">
            {presets}
        </div>
    }
    .into_any()
}
