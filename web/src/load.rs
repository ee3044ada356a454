//! The Load tab: what flows through the meter, and what the meter makes of it.

use std::rc::Rc;

use schema::TerminalKind;

use crate::chart;
use crate::dom::{El, button, el};
use crate::input::Input;
use crate::parts::{Scale, check, choices, quantity};
use crate::runtime::{self, Signals};
use crate::signal::Sig;
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

/// The tab.
pub fn load(model: &'static Model, signals: Signals) -> Vec<El> {
    let section = |title: &str, note: El, inside: Vec<El>| {
        el("section", "").add(el("div", "sec").add(el("h2", "").text(title)).add(note)).all(inside)
    };
    let quadrant = el("small", "").says(move || {
        signals.sees.with(|sees| match sees.quadrant {
            0 => "nothing flows".to_owned(),
            quadrant => format!("quadrant {quadrant}"),
        })
    });
    let hours = el("small", "").text("metered time, export hatched");
    vec![el("div", "load").all(vec![
        section("What flows through the meter", el("small", ""), form(model, signals)),
        section("What the meter sees", quadrant, chart::vectors(signals)),
        section("Energy per hour, kWh", hours, vec![chart::hours(signals)]),
        section("Connection", el("small", ""), connection(model, signals)),
    ])]
}

fn change(load: Sig<LoadForm>, edit: impl FnOnce(&mut LoadForm)) {
    let mut form = load.get_untracked();
    edit(&mut form);
    runtime::send(Input::Load(form));
}

/// The terminals, and what can be connected to them besides mains and load.
fn connection(model: &'static Model, signals: Signals) -> Vec<El> {
    let load = signals.load;
    let has = |kind| model.terminals.iter().any(|terminal| terminal.kind == kind);
    let mut fields = el("div", "fields");
    if has(TerminalKind::Tariff) {
        fields = fields.add(check(
            "Voltage at the tariff input",
            Rc::new(move || load.get().tariff_input),
            move |new| change(load, |form| form.tariff_input = new),
        ));
    }
    if has(TerminalKind::Pulse) {
        let scale =
            Scale { label: "S0 supply", unit: "V", decimals: 3, shown: 1, min: 0, max: 30_000, step: 1_000 };
        fields = fields
            .add(quantity(scale, Rc::new(move || load.get().pulse_millivolts), move |new| {
                change(load, |form| form.pulse_millivolts = new)
            }))
            .add(el("p", "small").says(move || signals.sees.with(|sees| sees.pulse.clone())));
    }
    let mut parts = chart::connection(model, signals);
    parts.insert(1, fields);
    parts
}

fn form(model: &Model, signals: Signals) -> Vec<El> {
    let load = signals.load;
    let scale =
        |label, unit, shown, min, max, step| Scale { label, unit, decimals: 3, shown, min, max, step };
    let row = |name: &str, inside: Vec<El>| {
        el("div", "field")
            .add(el("span", "").attr("aria-hidden", "true").text(name))
            .add(el("div", "two").all(inside))
    };
    let fields = vec![
        quantity(
            scale("Voltage", "V", 1, 0, 280_000, 100),
            Rc::new(move || load.get().millivolts),
            move |new| change(load, |form| form.millivolts = new),
        ),
        quantity(
            scale("Current", "A", 2, 0, model.max_ma, 50),
            Rc::new(move || load.get().milliamps),
            move |new| change(load, |form| form.milliamps = new),
        ),
        quantity(
            scale("Power factor", "", 2, 0, 1_000, 10),
            Rc::new(move || load.get().factor),
            move |new| change(load, |form| form.factor = new),
        ),
        quantity(
            scale("Frequency", "Hz", 2, 45_000, 65_000, 10),
            Rc::new(move || load.get().millihertz),
            move |new| change(load, |form| form.millihertz = new),
        ),
        row(
            "Flow",
            vec![
                choices(
                    "Current lags or leads",
                    &[(1, "Lag"), (0, "Lead")],
                    Rc::new(move || u32::from(load.get().lag)),
                    move |new| change(load, |form| form.lag = new == 1),
                ),
                choices(
                    "Direction of energy",
                    &[(0, "Import"), (1, "Export")],
                    Rc::new(move || u32::from(load.get().export)),
                    move |new| change(load, |form| form.export = new == 1),
                ),
            ],
        ),
        row(
            "Time",
            vec![
                choices(
                    "Speed of metered time",
                    &[(1, "1 ×"), (60, "60 ×"), (3600, "3600 ×")],
                    Rc::new(move || load.get().speed),
                    move |new| change(load, |form| form.speed = new),
                ),
                button("btn", "+1 day", |_| runtime::send(Input::Day)),
            ],
        ),
        row(
            "Mains",
            vec![check("Supply is on", Rc::new(move || load.get().mains), move |new| {
                change(load, |form| form.mains = new);
            })],
        ),
    ];
    let mut presets = el("div", "presets").attr("role", "group").attr("aria-label", "Ready-made loads");
    for (word, milliamps, factor, lag, export) in PRESETS {
        presets = presets.add(button("btn", word, move |_| {
            change(load, |form| *form = LoadForm { milliamps, factor, lag, export, mains: true, ..*form });
        }));
    }
    vec![el("div", "fields").all(fields), presets]
}
