//! The meters on the rail: a card for each, to take it in hand, and what puts others beside them.

use std::cell::RefCell;

use crate::artwork::{self, Stand};
use crate::dom::{El, button, el, typed, watch};
use crate::input::Input;
use crate::parts::dialog;
use crate::runtime::{self, MOST, Signals};
use crate::signal::{Sig, memo};

/// The strip above the stage.
pub fn rail(signals: Signals) -> El {
    // Cards are made anew when meters come or go; what their glasses show is followed in place.
    let meters = memo(move || {
        signals.rail.with(|rail| rail.iter().map(|card| (card.model, card.serial)).collect::<Vec<_>>())
    });
    let list = el("ul", "cards").attr("aria-label", "Meters on the rail").shows(move || {
        let meters = meters.get();
        // One meter alone is on the stage already.
        if meters.len() < 2 {
            return Vec::new();
        }
        let number = meters.len();
        (0..number).map(|place| el("li", "").add(card(place, signals))).collect()
    });
    let mut models = el("select", "pick")
        .attr("aria-label", "Add a meter")
        .add(el("option", "").attr("value", "").text("Add a meter…"));
    for entry in models::ALL {
        models = models.add(el("option", "").attr("value", entry.def.slug).text(entry.notes.name));
    }
    let models = models
        .value(move || {
            meters.with(Vec::len);
            String::new()
        })
        .flag_if("disabled", move || meters.with(|meters| meters.len() >= MOST))
        .on("change", |event| {
            let slug = typed(&event);
            if let Some(entry) = models::ALL.iter().find(|entry| entry.def.slug == slug) {
                runtime::send(Input::AddMeter(entry.def.slug));
            }
        });
    let asked = Sig::new(false);
    let remove = button("btn plain", "Remove…", move |_| asked.set(true))
        .attr("aria-label", "Remove the meter in hand")
        .flag_if("hidden", move || meters.with(|meters| meters.len() < 2));
    let question = dialog(asked, "Remove a meter", move || {
        let place = signals.at.get_untracked();
        let name = signals.rail.with_untracked(|rail| {
            rail.get(place)
                .map_or(String::new(), |card| format!("{}, serial {:08}", card.model.name, card.serial))
        });
        let what = el("p", "").add(el("b", "").text(&name)).text(
            ": its memory goes with it, energies and settings. What was not saved as a file cannot be brought back.",
        );
        let acts = el("footer", "").add(button("btn", "Keep it", move |_| asked.set(false))).add(button(
            "btn main",
            "Remove it",
            move |_| {
                runtime::send(Input::RemoveMeter(place));
                asked.set(false);
            },
        ));
        vec![el("div", "body").add(what), acts]
    });
    let acts = el("div", "acts").add(models).add(remove);
    el("div", "meters").add(list).add(acts).add(question)
}

/// A meter: its glass as it is now, its name and serial number, and what it says.
fn card(place: usize, signals: Signals) -> El {
    let of = move || signals.rail.with_untracked(|rail| rail.get(place).cloned());
    let shown = memo(move || signals.rail.with(|rail| rail.get(place).map(|card| card.glass.clone())));
    let glass = el("span", "drawing glass")
        .attr("aria-hidden", "true")
        .class_if("lit", move || shown.with(|glass| glass.as_ref().is_some_and(|glass| glass.lit)));
    let made = button("card", "", move |_| runtime::send(Input::Select(place)))
        .keeps("aria-pressed", move || (signals.at.get() == place).to_string())
        .add(glass.clone());
    let Some(own) = of() else { return made };
    let (stand, drawing) = (artwork::of(own.model), RefCell::new(None));
    watch(Box::new(move || {
        // Where the drawing cannot be had, the stage says so.
        let (Some(shown), Stand::There(art)) = (shown.get(), stand.get()) else { return };
        drawing.borrow_mut().get_or_insert_with(|| artwork::glass(&glass.0, &art, own.model)).show(&shown);
    }));
    made.add(el("b", "").text(own.model.name))
        .add(el("small", "").text(&format!("{:08}", own.serial)))
        .add(el("small", "says").says(move || shown.get().map_or(String::new(), |glass| glass.sentence)))
}
