//! The meter on its rail, its front enlarged beside it, and under both what it says in words.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::artwork::{self, Drawing};
use crate::chart::px;
use crate::input::Input;
use crate::runtime::{self, Signals};
use crate::view::{Led, Model};

/// The device column.
#[component]
pub fn Stage(
    /// The meter it shows.
    model: &'static Model,
    /// What changes.
    signals: Signals,
) -> impl IntoView {
    let module = NodeRef::<html::Div>::new();
    let front = NodeRef::<html::Div>::new();
    let key_place = RwSignal::new(None::<[f64; 4]>);
    let drawings: Rc<RefCell<Vec<Drawing>>> = Rc::default();
    Effect::new(move |_| {
        let (Some(module), Some(front)) = (module.get(), front.get()) else { return };
        let mut drawn = drawings.borrow_mut();
        if drawn.is_empty() {
            drawn.push(artwork::draw(&module, model.meter_svg, model));
            drawn.push(artwork::draw(&front, model.front_svg, model));
            key_place.set(artwork::place_of_key(&front));
        }
        signals.glass.with(|glass| {
            for drawing in drawn.iter_mut() {
                drawing.show(glass);
            }
        });
    });
    let led_class = move |wanted: Led| move || signals.led.get() == wanted;
    view! {
        <section class="panel device" aria-label="Meter">
            <div class="stage">
                {rail()}
                <div
                    class="module drawing"
                    aria-hidden="true"
                    node_ref=module
                    class:lit=move || signals.glass.with(|glass| glass.lit)
                    class:flash=led_class(Led::Flash)
                    class:steady=led_class(Led::Steady)
                ></div>
                <div class="loupe" aria-hidden="true">
                    <svg viewBox="0 0 100 90" preserveAspectRatio="none">
                        <path d="M0 28.600L100 0V90L0 51.100Z"></path>
                    </svg>
                </div>
                <div
                    class="front drawing"
                    class:lit=move || signals.glass.with(|glass| glass.lit)
                    class:flash=led_class(Led::Flash)
                    class:steady=led_class(Led::Steady)
                >
                    <div
                        class="plate-box"
                        node_ref=front
                        role="img"
                        aria-label=move || {
                            signals.glass.with(|glass| format!("Display of the meter: {}", glass.sentence))
                        }
                    ></div>
                    {key(model, signals, key_place)}
                </div>
                <div class="scale" aria-hidden="true">
                    <span>"whole meter"</span>
                    <span>"front, four times as large"</span>
                </div>
            </div>
            {readout(model, signals)}
        </section>
    }
}

/// A top-hat rail as wide as the stage, its slots 25 mm apart.
fn rail() -> AnyView {
    view! {
        <div class="rail" aria-hidden="true">
            <svg viewBox="0 0 300 35" preserveAspectRatio="xMidYMid slice">
                <defs>
                    <pattern id="slots" width="25" height="35" patternUnits="userSpaceOnUse">
                        <rect class="metal-3" x="6.250" y="14.400" width="12.500" height="6.200" rx="3.100"></rect>
                        <rect class="metal-4" x="6.550" y="14.900" width="11.900" height="5.700" rx="2.800"></rect>
                    </pattern>
                </defs>
                <rect class="metal-1" width="300" height="35"></rect>
                <rect class="metal-2" y="4" width="300" height="27"></rect>
                <rect fill="url(#slots)" width="300" height="35"></rect>
                <path class="fold" d="M0 4H300M0 31H300"></path>
            </svg>
        </div>
    }
    .into_any()
}

/// The key as a real button over its drawing. It sends what the finger does; the meter decides what it means.
fn key(model: &Model, signals: Signals, place: RwSignal<Option<[f64; 4]>>) -> AnyView {
    let full = f64::from(model.holds[1].max(1));
    let ticks = [1_000.0, f64::from(model.holds[0]), full]
        .map(|at| {
            let turn = at / full * core::f64::consts::TAU;
            let (x, y) = (js_sys::Math::sin(turn), -js_sys::Math::cos(turn));
            let d = format!("M{} {}L{} {}", px(x * 56.0), px(y * 56.0), px(x * 71.0), px(y * 71.0));
            let text = at as u32 / 1_000;
            view! {
                <path class="tick" d=d></path>
                <text class="tickt" x=px(x * 82.0) y=px(y * 82.0)>
                    {text}
                </text>
            }
        })
        .collect_view();
    let percent = move |side: usize| {
        move || place.get().map_or(String::new(), |place| format!("{}%", px(place[side] * 100.0)))
    };
    let cancel = move || {
        if signals.hold.with_untracked(|hold| hold.down) {
            runtime::send(Input::KeyCancel);
        }
    };
    view! {
        <button
            type="button"
            class="key"
            aria-label="Key of the meter"
            aria-describedby="hold-now"
            style:left=percent(0)
            style:top=percent(1)
            style:width=percent(2)
            style:height=percent(3)
            on:pointerdown=move |ev| {
                if ev.button() != 0 {
                    return;
                }
                if let Some(target) = ev.current_target() {
                    let _ = target.unchecked_into::<Element>().set_pointer_capture(ev.pointer_id());
                }
                runtime::send(Input::KeyDown);
            }
            on:pointerup=|ev| {
                if ev.button() == 0 {
                    runtime::send(Input::KeyUp);
                }
            }
            on:pointercancel=move |_| cancel()
            on:lostpointercapture=move |_| cancel()
            on:blur=move |_| cancel()
            on:contextmenu=|ev| ev.prevent_default()
            on:keydown=move |ev| {
                if matches!(ev.key().as_str(), " " | "Enter") && !ev.ctrl_key() {
                    ev.prevent_default();
                    if !ev.repeat() {
                        runtime::send(Input::KeyDown);
                    }
                } else if ev.key() == "Escape" {
                    cancel();
                }
            }
            on:keyup=|ev| {
                if matches!(ev.key().as_str(), " " | "Enter") {
                    ev.prevent_default();
                    runtime::send(Input::KeyUp);
                }
            }
        >
            <svg viewBox="-85 -85 170 170" aria-hidden="true" hidden=move || signals.hold.with(|hold| !hold.down)>
                <circle class="ringbg" r="63"></circle>
                <circle
                    class="ring"
                    r="63"
                    pathLength="1000"
                    transform="rotate(-90)"
                    stroke-dasharray=move || format!("{} 1000", signals.hold.with(|hold| hold.ring))
                ></circle>
                {ticks}
            </svg>
        </button>
    }
    .into_any()
}

fn readout(model: &Model, signals: Signals) -> AnyView {
    let mirror = signals.mirror;
    let hold = signals.hold;
    let [long, very_long] = model.holds;
    let list = move || {
        mirror.with(|mirror| {
            mirror
                .list
                .iter()
                .enumerate()
                .map(|(place, label)| {
                    let current = (mirror.current == Some(place)).then_some("page");
                    view! { <li aria-current=current>{*label}</li> }
                })
                .collect_view()
        })
    };
    view! {
        <div class="readout">
            <div class="mirror">
                <b>{move || mirror.with(|mirror| mirror.title.clone())}</b>
                <span class="big">
                    {move || mirror.with(|mirror| mirror.value.clone())} " "
                    <small>{move || mirror.with(|mirror| mirror.unit)}</small>
                </span>
                <small>{move || mirror.with(|mirror| mirror.detail.clone())}</small>
                <small class="end">{move || mirror.with(|mirror| mirror.place.clone())}</small>
            </div>
            <div class="hold" class:on=move || hold.with(|hold| hold.down)>
                <span class="t">
                    {move || hold.with(|hold| format!("{}.{}", hold.tenths / 10, hold.tenths % 10))} " "
                    <small>"s"</small>
                </span>
                <p id="hold-now">
                    <b>{move || hold.with(|hold| hold.now.clone())}</b>
                </p>
                <p>{move || hold.with(|hold| hold.next.clone())}</p>
            </div>
            <div class="keys">
                <button type="button" class="btn" on:click=|_| runtime::send(Input::Press(150))>
                    "Press "
                    <kbd>"1"</kbd>
                </button>
                <button type="button" class="btn" on:click=move |_| runtime::send(Input::Press(long))>
                    {format!("Hold {} s ", long / 1_000)}
                    <kbd>{long / 1_000}</kbd>
                </button>
                <button type="button" class="btn" on:click=move |_| runtime::send(Input::Press(very_long))>
                    {format!("Hold {} s ", very_long / 1_000)}
                    <kbd>{very_long / 1_000}</kbd>
                </button>
            </div>
            <div>
                <h3 class="map-title">{move || mirror.with(|mirror| mirror.list_title)}</h3>
                <ol class="map" aria-label="Pages of this list">
                    {list}
                </ol>
            </div>
        </div>
    }
    .into_any()
}
