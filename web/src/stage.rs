//! The meter on its rail, its front enlarged beside it, and under both what it says in words.

use std::cell::RefCell;

use wasm_bindgen::JsCast;

use crate::artwork::{self, Art, Stand};
use crate::chart::px;
use crate::dom::browser::frame;
use crate::dom::{El, button, el, html, svg, watch};
use crate::input::Input;
use crate::runtime::{self, Signals};
use crate::signal::{Sig, memo};
use crate::view::{Led, Model};

/// A top-hat rail as wide as the stage, its slots 25 mm apart.
const RAIL: &str = r#"<svg viewBox="0 0 300 35" preserveAspectRatio="xMidYMid slice"><defs><pattern id="slots" x="12.5" width="25" height="35" patternUnits="userSpaceOnUse"><rect class="metal-3" x="6.250" y="14.400" width="12.500" height="6.200" rx="3.100"/><rect class="metal-4" x="6.550" y="14.900" width="11.900" height="5.700" rx="2.800"/></pattern></defs><rect class="metal-1" width="300" height="35"/><rect class="metal-2" y="4" width="300" height="27"/><rect fill="url(#slots)" width="300" height="35"/><path class="fold" d="M0 4H300M0 31H300"/></svg>"#;

const LOUPE: &str =
    r#"<svg viewBox="0 0 100 90" preserveAspectRatio="none"><path d="M0 28.600L100 0V90L0 51.100Z"/></svg>"#;

/// The meter in hand, and what it says in words. Until it can be drawn, it is worked by what stands below the drawing.
pub fn stage(model: &'static Model, signals: Signals) -> Vec<El> {
    let stand = artwork::of(model);
    let drawing = el("div", "").shows(move || {
        vec![match stand.get() {
            Stand::There(art) => drawn(model, &art, signals),
            Stand::Coming => el("div", "stage coming"),
            Stand::Failed(words) => missing(model, &words),
        }]
    });
    vec![drawing, readout(model, signals)]
}

/// What stands in the place of a drawing that could not be fetched.
fn missing(model: &'static Model, words: &str) -> El {
    let text = format!(
        "The drawing of the {} could not be loaded. Check the connection to the server of this page, then try again. ({words})",
        model.name
    );
    let say = el("p", "").attr("role", "alert").text(&text);
    let again = button("btn main", "Try again", move |_| artwork::again(model));
    el("div", "stage coming").add(el("div", "empty").add(say).add(again))
}

/// The meter as it is drawn.
fn drawn(model: &'static Model, art: &Art, signals: Signals) -> El {
    let lights = move |drawing: El| {
        drawing
            .class_if("lit", move || signals.glass.with(|glass| glass.lit))
            .class_if("flash", move || signals.led.get()[0] == Led::Flash)
            .class_if("steady", move || signals.led.get()[0] == Led::Steady)
            .class_if("flash-q", move || signals.led.get()[1] == Led::Flash)
            .class_if("steady-q", move || signals.led.get()[1] == Led::Steady)
    };
    let module = lights(el("div", "module drawing").attr("aria-hidden", "true"));
    let plate = el("div", "plate-box").attr("role", "img").keeps("aria-label", move || {
        signals.glass.with(|glass| format!("Display of the meter: {}", glass.sentence))
    });
    let keys: Vec<_> = model.keys.iter().map(|_| Sig::new(None::<[f64; 4]>)).collect();
    let mut front = lights(el("div", "front drawing").add(plate.clone()));
    for (number, place) in keys.iter().enumerate() {
        front = front.add(key(model, number, signals, *place));
    }
    let scale = if model.dots {
        "<span>whole meter</span><span>glass and keys, two pixels a dot</span>"
    } else {
        "<span>whole meter</span><span>front, four times as large</span>"
    };
    let stage = el("div", if model.dots { "stage dots" } else { "stage" }).all(vec![
        html("div", "rail", RAIL).attr("aria-hidden", "true"),
        module.clone(),
        html("div", "loupe", LOUPE).attr("aria-hidden", "true"),
        front,
        html("div", "scale", scale).attr("aria-hidden", "true"),
    ]);
    let drawings = RefCell::new([
        artwork::draw(&module.0, &art.meter, art, model),
        artwork::draw(&plate.0, &art.front, art, model),
    ]);
    watch(Box::new(move || {
        signals.glass.with(|glass| {
            for drawing in drawings.borrow_mut().iter_mut() {
                drawing.show(glass);
            }
        });
    }));
    let serial =
        memo(move || signals.rail.with(|rail| rail.get(signals.at.get()).map_or(0, |card| card.serial)));
    let hosts = [module.0.clone(), plate.0.clone()];
    watch(Box::new(move || {
        for host in &hosts {
            artwork::set_serial(host, model.prefix, serial.get());
        }
    }));
    // Places can be measured once the page stands.
    frame(move || {
        artwork::frame(&module.0);
        for (number, place) in keys.iter().enumerate() {
            place.set(artwork::place_of_key(&plate.0, number));
        }
    });
    stage
}

/// What people call the keys.
fn names(model: &Model) -> &'static [&'static str] {
    if model.keys.len() == 1 {
        &["Key of the meter"]
    } else if model.dots {
        &["Left key of the meter", "Middle key of the meter", "Right key of the meter"]
    } else {
        &["Left key of the meter", "Both keys of the meter", "Right key of the meter"]
    }
}

/// The ring around a key that is held.
fn ring(model: &Model, signals: Signals, down: Sig<bool>) -> El {
    let full = f64::from(model.holds[1].max(1));
    let mut ring = svg("svg", "")
        .attr("viewBox", "-85 -85 170 170")
        .attr("aria-hidden", "true")
        .flag_if("hidden", move || !down.get())
        .add(svg("circle", "ringbg").attr("r", "63"))
        .add(
            svg("circle", "ring")
                .attr("r", "63")
                .attr("pathLength", "1000")
                .attr("transform", "rotate(-90)")
                .keeps("stroke-dasharray", move || format!("{} 1000", signals.hold.with(|hold| hold.ring))),
        );
    let [long, very_long] = model.holds;
    let mut marks = vec![1_000, long, very_long];
    marks.dedup();
    for at in marks {
        let at = f64::from(at);
        let turn = at / full * core::f64::consts::TAU;
        let (x, y) = (js_sys::Math::sin(turn), -js_sys::Math::cos(turn));
        let line = format!("M{} {}L{} {}", px(x * 56.0), px(y * 56.0), px(x * 71.0), px(y * 71.0));
        ring = ring.add(svg("path", "tick").attr("d", &line)).add(
            svg("text", "tickt")
                .attr("x", &px(x * 82.0))
                .attr("y", &px(y * 82.0))
                .text(&(at as u32 / 1_000).to_string()),
        );
    }
    ring
}

/// A key as a real button over its drawing. It sends what the finger does; the meter decides what it means.
fn key(model: &Model, number: usize, signals: Signals, place: Sig<Option<[f64; 4]>>) -> El {
    let down = memo(move || signals.hold.with(|hold| hold.down == Some(number)));
    let cancel = move || {
        if down.get_untracked() {
            runtime::send(Input::KeyCancel);
        }
    };
    let name = names(model).get(number).copied().unwrap_or("");
    let mut key = el("button", "key")
        .attr("type", "button")
        .attr("aria-label", name)
        .attr("aria-describedby", "hold-now")
        .class_if("down", move || down.get());
    // The one in the middle is the one that is held.
    if number == model.keys.len() / 2 {
        key = key.add(ring(model, signals, down));
    }
    for (side, name) in ["left", "top", "width", "height"].into_iter().enumerate() {
        key = key.style(name, move || {
            place.get().map_or(String::new(), |place| format!("{}%", px(place[side] * 100.0)))
        });
    }
    key.on("pointerdown", move |event| {
        let event: web_sys::PointerEvent = event.unchecked_into();
        if event.button() == 0 {
            if let Some(target) = event.current_target() {
                let _ = target.unchecked_into::<web_sys::Element>().set_pointer_capture(event.pointer_id());
            }
            runtime::send(Input::KeyDown(number));
        }
    })
    .on("pointerup", move |event| {
        if event.unchecked_into::<web_sys::PointerEvent>().button() == 0 {
            runtime::send(Input::KeyUp(number));
        }
    })
    .on("pointercancel", move |_| cancel())
    .on("lostpointercapture", move |_| cancel())
    .on("blur", move |_| cancel())
    .on("contextmenu", |event| event.prevent_default())
    .on("keydown", move |event| {
        let event: web_sys::KeyboardEvent = event.unchecked_into();
        match event.key().as_str() {
            " " | "Enter" if !event.ctrl_key() => {
                event.prevent_default();
                if !event.repeat() {
                    runtime::send(Input::KeyDown(number));
                }
            }
            "Escape" => cancel(),
            _ => {}
        }
    })
    .on("keyup", move |event| {
        let event: web_sys::KeyboardEvent = event.unchecked_into();
        if matches!(event.key().as_str(), " " | "Enter") {
            event.prevent_default();
            runtime::send(Input::KeyUp(number));
        }
    })
}

fn readout(model: &Model, signals: Signals) -> El {
    let (mirror, hold) = (signals.mirror, signals.hold);
    let [long, very_long] = model.holds;
    let big = el("span", "big")
        .add(el("span", "").says(move || mirror.with(|mirror| mirror.value.clone())))
        .text(" ")
        .add(el("small", "").says(move || mirror.with(|mirror| mirror.unit.to_owned())));
    let words = el("div", "mirror").all(vec![
        el("b", "").says(move || mirror.with(|mirror| mirror.title.clone())),
        big,
        el("small", "").says(move || mirror.with(|mirror| mirror.detail.clone())),
        el("small", "end").says(move || mirror.with(|mirror| mirror.place.clone())),
    ]);
    let seconds = el("span", "t")
        .add(
            el("span", "")
                .says(move || hold.with(|hold| format!("{}.{}", hold.tenths / 10, hold.tenths % 10))),
        )
        .add(el("small", "").text(" s"));
    let holding = el("div", "hold").class_if("on", move || hold.with(|hold| hold.down.is_some())).all(vec![
        seconds,
        el("p", "").attr("id", "hold-now").add(el("b", "").says(move || hold.with(|hold| hold.now.clone()))),
        el("p", "").says(move || hold.with(|hold| hold.next.clone())),
    ]);
    let press = |word: String, number: usize, key: &str, ms: u32| {
        button("btn", &word, move |_| runtime::send(Input::Press(number, ms))).add(el("kbd", "").text(key))
    };
    let hold_for = |word: &str, number: usize, ms: u32| {
        press(format!("{word} {} s ", ms / 1_000), number, &(ms / 1_000).to_string(), ms)
    };
    let keys = if model.keys.len() == 3 {
        let [left, middle, right] = model.signs;
        vec![
            press(format!("{left} "), 0, "←", 150),
            press(format!("{middle} "), 1, "1", 150),
            press(format!("{right} "), 2, "→", 150),
            hold_for(&format!("Hold {middle}"), 1, very_long),
        ]
    } else {
        vec![
            press("Press ".to_owned(), 0, "1", 150),
            hold_for("Hold", 0, long),
            hold_for("Hold", 0, very_long),
        ]
    };
    let keys = el("div", "keys").all(keys);
    let listed = memo(move || mirror.with(|mirror| (mirror.list.clone(), mirror.current)));
    let list = el("ol", "map").attr("aria-label", "Pages of this list").shows(move || {
        let (labels, current) = listed.get();
        let row = |(place, label): (usize, String)| {
            let row = el("li", "").text(&label);
            if current == Some(place) { row.attr("aria-current", "page") } else { row }
        };
        labels.into_iter().enumerate().map(row).collect()
    });
    let place = el("div", "")
        .flag_if("hidden", move || mirror.with(|mirror| mirror.list_title.is_empty()))
        .add(el("h2", "map-title").says(move || mirror.with(|mirror| mirror.list_title.to_owned())))
        .add(list);
    el("div", "readout").all(vec![words, holding, keys, place])
}
