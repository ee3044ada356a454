//! The Read-out tab: all that the meter has to tell, with unit, register and raw words.

use std::rc::Rc;

use schema::PortId;

use crate::modbus::bus::without;
use crate::modbus::connect::advice;
use crate::modbus::input::Input;
use crate::modbus::runtime::{self, Signals};
use crate::modbus::view::{Model, PointRow};
use dom::parts::{check, choices, save};
use dom::signal::{Sig, memo};
use dom::{El, button, el};

/// A register's address as the manual prints it, or in decimal.
#[must_use]
pub fn address(addr: u16, decimal: bool) -> String {
    if decimal { addr.to_string() } else { format!("{addr:04X}h") }
}

/// The work in progress: how far it is, and a way to stop it.
pub fn progress(signals: Signals) -> El {
    let job = signals.job;
    el("div", "progress")
        .flag_if("hidden", move || job.with(|job| job.what.is_empty()))
        .add(
            el("span", "")
                .says(move || job.with(|job| format!("{}, {} of {}", job.what, job.done, job.total))),
        )
        .add(button("btn", "Stop", |_| runtime::send(Input::Stop)))
        .add(
            el("progress", "")
                .attr("aria-label", "Progress")
                .keeps("max", move || job.with(|job| job.total.max(1)).to_string())
                .keeps("value", move || job.with(|job| job.done).to_string()),
        )
}

/// The tab.
pub fn readout(model: &'static Model, signals: Signals) -> Vec<El> {
    if !model.has(PortId::Modbus) {
        return knows(model, signals);
    }
    let decimal = Sig::new(false);
    let file = |json: bool, word: &'static str, name: &'static str, mime: &'static str| {
        button("btn", word, move |_| {
            if let Some(text) = runtime::export(json) {
                save(name, mime, &text);
            }
        })
    };
    let bar = el("div", "bar").all(vec![
        button("btn", "Read again", |_| runtime::send(Input::Read)),
        check("Live", signals.live.reader(), |on| runtime::send(Input::Live(on))),
        el("span", "space"),
        choices(
            "Register addresses in",
            &[(0, "hex"), (1, "decimal")],
            Rc::new(move || u32::from(decimal.get())),
            move |new| decimal.set(new == 1),
        ),
        file(false, "Save CSV", "read-out.csv", "text/csv"),
        file(true, "Save JSON", "read-out.json", "application/json"),
    ]);
    let head = |class: &str, word: &str| el("th", class).attr("scope", "col").text(word);
    let heads = el("tr", "").all(vec![
        head("", "Point"),
        head("num-r", "Value"),
        head("", "").add(el("span", "vh").text("Unit")),
        head("", "Register"),
        head("words", "Words"),
    ]);
    let mut body = el("tbody", "");
    for (place, point) in model.points.iter().enumerate() {
        if !point.group.is_empty() {
            let group = el("th", "").attr("colspan", "5").attr("scope", "colgroup").text(point.group);
            body = body.add(el("tr", "group").add(group));
        }
        body = body.add(row(place, point, signals, decimal));
    }
    let table = el("table", "points")
        .add(el("caption", "vh").text(&format!("Read-out of the {}", model.name)))
        .add(el("thead", "").add(heads))
        .add(body);
    vec![bar, progress(signals), advice(signals), table]
}

/// What a meter knows that no master can ask here: what it shows now, and what stands on each of its pages.
fn knows(model: &'static Model, signals: Signals) -> Vec<El> {
    let shows =
        el("p", "note").text("Its display shows now: ").add(el("b", "").says(move || signals.shows.get()));
    let body = el("tbody", "").shows(move || {
        let row = |(label, value, unit): &(&str, String, &str)| {
            el("tr", "").all(vec![
                el("th", "").attr("scope", "row").text(label),
                el("td", "v").text(value),
                el("td", "u").text(unit),
            ])
        };
        signals.knows.with(|knows| knows.iter().map(row).collect())
    });
    let caption = el("caption", "vh").text(&format!("What the {} knows", model.name));
    vec![without(model), shows, el("table", "points").add(caption).add(body)]
}

fn row(place: usize, point: &PointRow, signals: Signals, decimal: Sig<bool>) -> El {
    let value = memo(move || signals.values.with(|values| values.get(place).cloned().unwrap_or_default()));
    let addr = point.addr;
    el("tr", "").all(vec![
        el("th", "").attr("scope", "row").attr("title", point.doc).text(&point.label),
        el("td", "v")
            .class_if("old", move || value.with(|value| value.old))
            .keeps("title", move || value.with(|value| value.words.clone()))
            .says(move || {
                value.with(|value| if value.text.is_empty() { "–".to_owned() } else { value.text.clone() })
            }),
        el("td", "u").text(point.unit),
        el("td", "r").says(move || address(addr, decimal.get())),
        el("td", "r words").says(move || value.with(|value| value.words.clone())),
    ])
}
