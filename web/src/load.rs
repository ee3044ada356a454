//! The Load tab: what flows through the meter, and what the meter makes of it.

use std::rc::Rc;

use rig::Connection;
use schema::TerminalKind;

use crate::chart;
use crate::dom::{El, button, el, typed};
use crate::input::Input;
use crate::parts::{Scale, check, choices, number, quantity, wrong_text};
use crate::runtime::{self, Signals};
use crate::signal::{Sig, memo};
use crate::view::{LoadForm, Model, PhaseForm};

/// A ready-made load: its word, current in mA, power factor in thousandths, lagging, exporting.
const PRESETS: [(&str, i64, i64, bool, bool); 6] = [
    ("Nothing", 0, 1_000, true, false),
    ("Fridge 120 W", 750, 696, true, false),
    ("Kettle 2 kW", 8_696, 1_000, true, false),
    ("Motor 3 kW", 15_900, 820, true, false),
    ("Car 7 kW", 30_600, 995, false, false),
    ("Roof −3 kW", 13_043, 1_000, true, true),
];

/// A ready-made load of a meter of three phases: its word, its current in hundredths of the largest, power factor in
/// thousandths, lagging, exporting, and what is done to it then.
const THREE: [(&str, i64, i64, bool, bool, Mishap); 7] = [
    ("Nothing", 0, 1_000, true, false, Mishap::None),
    ("Half load", 50, 950, true, false, Mishap::None),
    ("Full load", 100, 900, true, false, Mishap::None),
    ("Motor", 40, 820, true, false, Mishap::None),
    ("Feeding in", 60, 1_000, true, true, Mishap::None),
    ("L1 turned round", 50, 950, true, false, Mishap::Turned),
    ("L3 lost", 50, 950, true, false, Mishap::Lost),
];

/// What is wrong with a connection.
#[derive(Clone, Copy, PartialEq)]
enum Mishap {
    /// Nothing.
    None,
    /// The current of the first phase flows the wrong way.
    Turned,
    /// The last phase has no voltage and no current.
    Lost,
}

/// What a way to connect a meter of three phases is called.
const fn wiring(connection: Connection) -> &'static str {
    match connection {
        Connection::FourWire => "four wires",
        Connection::Aron => "three wires, open delta",
        Connection::Delta => "three wires, delta",
        Connection::Single => "L1 and neutral only",
        Connection::It => "three wires of a network without neutral",
    }
}

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
    let side = if model.transformed { "at its terminals, secondary side" } else { "" };
    let hours = el("small", "").text("metered time, export hatched");
    vec![el("div", "load").all(vec![
        section("What flows through the meter", el("small", "").text(side), form(model, signals)),
        section("What the meter sees", quadrant, chart::vectors(model, signals)),
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

const fn scale(label: &'static str, unit: &'static str, shown: u8, [min, max, step]: [i64; 3]) -> Scale {
    Scale { label, unit, decimals: 3, shown, min, max, step }
}

/// A label and what stands beside it.
fn row(name: &str, inside: Vec<El>) -> El {
    el("div", "field")
        .add(el("span", "").attr("aria-hidden", "true").text(name))
        .add(el("div", "two").all(inside))
}

/// Where a number of a phase is kept.
type Kept = fn(&mut PhaseForm) -> &mut i64;

/// What of a phase is a number: how it is written, and where it is kept.
fn numbers(model: &Model) -> [(Scale, Kept); 3] {
    [
        (scale("Voltage", "V", 1, [0, 280_000, 100]), |phase| &mut phase.millivolts),
        (scale("Current", "A", 2, [0, model.max_ma, 50]), |phase| &mut phase.milliamps),
        (scale("Power factor", "", 2, [0, 1_000, 10]), |phase| &mut phase.factor),
    ]
}

/// What flows, set of all phases at once.
fn alike(model: &Model, load: Sig<LoadForm>) -> Vec<El> {
    let all = move |change: &dyn Fn(&mut PhaseForm)| {
        runtime::send(Input::Load(load.get_untracked().with(change)));
    };
    let mut fields: Vec<El> = numbers(model)
        .into_iter()
        .map(|(scale, of)| {
            quantity(scale, Rc::new(move || *of(&mut load.get().first())), move |new| {
                all(&|phase| *of(phase) = new);
            })
        })
        .collect();
    fields.push(row(
        "Flow",
        vec![
            choices(
                "Current lags or leads",
                &[(1, "Lag"), (0, "Lead")],
                Rc::new(move || u32::from(load.get().first().lag)),
                move |new| all(&|phase| phase.lag = new == 1),
            ),
            choices(
                "Direction of energy",
                &[(0, "Import"), (1, "Export")],
                Rc::new(move || u32::from(load.get().first().export)),
                move |new| all(&|phase| phase.export = new == 1),
            ),
        ],
    ));
    fields
}

/// A choice between words.
fn pick(
    name: &str,
    words: &[&str],
    value: impl Fn() -> usize + 'static,
    set: impl Fn(usize) + 'static,
) -> El {
    let mut made = el("select", "pick").attr("aria-label", name);
    for (place, word) in words.iter().enumerate() {
        made = made.add(el("option", "").attr("value", &place.to_string()).text(word));
    }
    made.value(move || value().to_string()).on("change", move |event| set(typed(&event).parse().unwrap_or(0)))
}

/// What flows in each phase.
fn apart(model: &Model, load: Sig<LoadForm>) -> Vec<El> {
    const NAMES: [&str; 3] = ["L1", "L2", "L3"];
    const CLASSES: [&str; 3] = ["l1", "l2", "l3"];
    let of = move |place: usize| load.get().phases.get(place).copied().unwrap_or_default();
    let set = move |place: usize, edit: &dyn Fn(&mut PhaseForm)| {
        change(load, |form| form.phases.get_mut(place).into_iter().for_each(edit));
    };
    let wrong = Sig::new(None::<String>);
    let mut table = el("div", "phases").add(el("span", ""));
    for (name, class) in NAMES.into_iter().zip(CLASSES) {
        table = table.add(el("b", class).text(name));
    }
    for (scale, kept) in numbers(model) {
        table = table.add(el("span", "").text(scale.label).text(" ").add(el("small", "").text(scale.unit)));
        for (place, name) in NAMES.into_iter().enumerate() {
            let field = number(
                scale,
                &format!("{} of {name}", scale.label),
                wrong,
                Rc::new(move || *kept(&mut of(place))),
                Rc::new(move |new| set(place, &|phase| *kept(phase) = new)),
            );
            table = table.add(el("span", "num").add(field));
        }
    }
    table = table.add(el("span", "").text("Lag or lead"));
    for (place, name) in NAMES.into_iter().enumerate() {
        table = table.add(pick(
            &format!("Current of {name} lags or leads"),
            &["lags", "leads"],
            move || usize::from(!of(place).lag),
            move |new| set(place, &|phase| phase.lag = new == 0),
        ));
    }
    table = table.add(el("span", "").text("Energy"));
    for (place, name) in NAMES.into_iter().enumerate() {
        table = table.add(pick(
            &format!("Direction of energy of {name}"),
            &["import", "export"],
            move || usize::from(of(place).export),
            move |new| set(place, &|phase| phase.export = new == 1),
        ));
    }
    vec![table, wrong_text(wrong)]
}

fn form(model: &'static Model, signals: Signals) -> Vec<El> {
    let load = signals.load;
    let three = model.phases > 1;
    let mut fields = Vec::new();
    if three {
        let same = check("The same on all phases", Rc::new(move || load.get().alike), move |new| {
            change(load, |form| {
                form.alike = new;
                if new {
                    form.phases = [form.first(); 3];
                }
            });
        });
        let words = Connection::ALL.map(wiring);
        let wires = pick(
            "Wiring",
            &words,
            move || Connection::ALL.iter().position(|it| *it == load.get().connection).unwrap_or(0),
            move |new| {
                change(load, |form| form.connection = Connection::ALL.get(new).copied().unwrap_or_default())
            },
        );
        let together = memo(move || load.get().alike);
        fields.push(row("Wiring", vec![wires]));
        fields.push(row("Phases", vec![same]));
        fields.push(
            el("div", "fields").shows(
                move || {
                    if together.get() { alike(model, load) } else { apart(model, load) }
                },
            ),
        );
    } else {
        fields.extend(alike(model, load));
    }
    fields.extend([
        quantity(
            scale("Frequency", "Hz", 2, [45_000, 65_000, 10]),
            Rc::new(move || load.get().millihertz),
            move |new| change(load, |form| form.millihertz = new),
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
    ]);
    let mut presets = Vec::new();
    let mut ready = |word: &str, own: PhaseForm, mishap: Mishap| {
        let made = button("btn", word, move |_| {
            change(load, |form| {
                // A meter of one phase keeps its voltage.
                *form = form.with(|phase| {
                    let millivolts = if three { own.millivolts } else { phase.millivolts };
                    *phase = PhaseForm { millivolts, ..own };
                });
                form.mains = true;
                form.alike = mishap == Mishap::None;
                let [first, .., last] = &mut form.phases;
                match mishap {
                    Mishap::None => {}
                    Mishap::Turned => first.export = true,
                    Mishap::Lost => (last.millivolts, last.milliamps) = (0, 0),
                }
            });
        });
        presets.push(made);
    };
    let own = PhaseForm::default();
    if three {
        for (word, hundredths, factor, lag, export, mishap) in THREE {
            let milliamps = model.max_ma * hundredths / 100;
            ready(word, PhaseForm { milliamps, factor, lag, export, ..own }, mishap);
        }
    } else {
        for (word, milliamps, factor, lag, export) in PRESETS {
            ready(word, PhaseForm { milliamps, factor, lag, export, ..own }, Mishap::None);
        }
    }
    let presets =
        el("div", "presets").attr("role", "group").attr("aria-label", "Ready-made loads").all(presets);
    vec![el("div", "fields").all(fields), presets]
}
