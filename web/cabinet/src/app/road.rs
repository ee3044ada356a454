//! How the app reaches the meter: its radio, which is switched on at its keys, or the wire.

use std::rc::Rc;

use commission::find::Finding;
use commission::manager::Manager;
use dom::parts::{choices, quantity, whole};
use dom::{El, button, el};
use schema::RadioDef;
use wasm_bindgen::JsValue;

use super::{Air, App, Road};
use crate::cabinet::Spoken;
use crate::timing::{FORMATS, SPEEDS, pick};

impl App {
    /// The row of the way, and what there is to do on it.
    pub(super) fn way(&self) -> El {
        let (own, road) = (self.clone(), self.road);
        let chosen = move || u32::from(road.get() == Road::Wire);
        let row = choices(
            "Way to the meter",
            &[(0, "Over its radio"), (1, "Over the wire")],
            Rc::new(chosen),
            move |place| own.choose(if place == 1 { Road::Wire } else { Road::Radio }),
        );
        let work = self.cabinet.work.clone();
        let row = el("div", "")
            .add(row)
            .add(self.over_radio().flag_if("hidden", move || road.get() == Road::Wire))
            .add(self.over_wire().flag_if("hidden", move || road.get() == Road::Radio));
        el("section", "road")
            .attr("aria-label", "Way to the meter")
            .add(row.class_if("rests", move || work.runs()))
    }

    fn choose(&self, road: Road) {
        if dom::react::untrack(|| self.cabinet.work.runs()) || self.road() == road {
            // The choice that was not taken goes back.
            self.road.update(|_| ());
            return;
        }
        self.leave();
        self.road.set(road);
        self.cabinet.say.set(Default::default());
        let hand = self.rail.get_untracked().filter(|_| road == Road::Radio);
        self.anew(hand.and_then(|hand| Manager::new(hand.entry)));
        self.look();
    }

    fn radio(&self) -> Option<&'static RadioDef> {
        self.rail.get().and_then(|hand| hand.entry.def.radio())
    }

    /// The connection over the radio ends.
    pub(super) fn leave(&self) {
        self.radio.ask("pair", &JsValue::FALSE);
    }

    fn over_radio(&self) -> El {
        let (own, far, name) = (self.clone(), self.far, self.name);
        let say = el("p", "").attr("role", "status").says(move || {
            let title = own.radio().map_or("radio", |radio| radio.title);
            let name = name.get();
            match far.get() {
                Air::Missing => {
                    let name = own.rail.get().map_or("meter in hand", |hand| hand.entry.notes.name);
                    format!(
                        "The {name} has no radio, and the maker’s app does not show it. Take a meter with a radio in hand on the \
                         rail."
                    )
                }
                Air::Off => format!(
                    "{title} is off. Hold the middle key of the meter until the choice opens, in which {title} stands first, then \
                     press that key once more. The meter then shows its QR code, by which an app finds it, and goes off by itself \
                     when nobody uses it."
                ),
                Air::On => format!("{title} is on: the meter calls itself {name}, as its QR code says."),
                Air::Connected => format!("Connected with {name} over its emulated {title}."),
            }
        });
        let own = self.clone();
        let connect = button("btn main", "Connect", move |_| own.connect())
            .flag_if("hidden", move || matches!(far.get(), Air::Connected | Air::Missing))
            .flag_if("disabled", move || far.get() != Air::On);
        let own = self.clone();
        let leave = button("btn", "Disconnect", move |_| {
            if own.flies.get() {
                own.cabinet.work.end();
            }
            own.leave();
            own.look();
        })
        .flag_if("hidden", move || far.get() != Air::Connected);
        el("div", "way").add(say).add(el("span", "acts").add(connect).add(leave))
    }

    fn connect(&self) {
        if self.radio.ask("pair", &JsValue::TRUE).is_truthy() {
            self.look();
            self.refresh();
        } else {
            self.cabinet.tell("The meter does not answer any more: its radio has gone off.", true);
            self.look();
        }
    }

    fn over_wire(&self) -> El {
        let place = self.place;
        let id =
            quantity(whole("Id", "", 1, 247), Rc::new(move || i64::from(place.get().unit)), move |new| {
                place.update(|place| place.unit = u8::try_from(new).unwrap_or(place.unit))
            });
        let speed = pick(
            "Speed",
            || SPEEDS.iter().map(|baud| format!("{baud} Bd")).collect(),
            move || SPEEDS.iter().position(|baud| *baud == place.get().line.baud).unwrap_or(SPEEDS.len()),
            move |chosen| {
                if let Some(&baud) = SPEEDS.get(chosen) {
                    place.update(|place| place.line.baud = baud);
                }
            },
        );
        let format = pick(
            "Character",
            || FORMATS.iter().map(|(_, word)| (*word).to_owned()).collect(),
            move || {
                FORMATS
                    .iter()
                    .position(|(parity, _)| *parity == place.get().line.parity)
                    .unwrap_or(FORMATS.len())
            },
            move |chosen| {
                if let Some(&(parity, _)) = FORMATS.get(chosen) {
                    place.update(|place| place.line.parity = parity);
                }
            },
        );
        let (own, found, spoken) = (self.clone(), self.cabinet.hand, self.cabinet.spoken);
        let say = el("p", "").attr("role", "status").says(move || {
            if spoken.get() == Spoken::Mbus {
                return "The app speaks Modbus: choose Modbus on RS485 above.".to_owned();
            }
            match (found.get(), own.rail.get()) {
                (Some(found @ Finding::Modbus { .. }), _) => found.sentence(),
                (_, Some(hand)) if !own.cabinet.modbus.source.real() && hand.at.is_some() => {
                    format!("The {} in hand on the rail listens here:", hand.entry.notes.name)
                }
                _ => "A meter from the factory listens here:".to_owned(),
            }
        });
        let (own, work) = (self.clone(), self.cabinet.work.clone());
        let read = el("button", "btn main")
            .attr("type", "button")
            .says(move || format!("Read the meter at id {}", place.get().unit))
            .on("click", move |_| own.find())
            .flag_if("disabled", move || work.runs() || spoken.get() == Spoken::Mbus);
        el("div", "way").all(vec![
            say,
            el("div", "fields").all(vec![id, speed, format]),
            el("span", "acts").add(read),
        ])
    }
}
