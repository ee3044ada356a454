//! The Pulses tab: lamp and pulse output over the last moments, two cursors, and what a counter at the terminals sees.

use std::rc::Rc;

use wasm_bindgen::JsCast;

use crate::dom::{El, el, html, svg, typed, watch};
use crate::input::{Input, PanelDeed};
use crate::parts::choices;
use crate::places::{deeds, places};
use crate::runtime::{self, Signals};
use crate::signal::{Sig, memo};
use crate::view::{Lane, LoadForm, Strip};
use rig::pulse_energy_text;
use units::decimal::Decimal;

/// Width of the drawing, and of the cursors' range, in units of its own.
const WIDE: u32 = 10_000;

fn send(deed: PanelDeed) {
    runtime::send(Input::Panel(deed));
}

impl Strip {
    /// A place of the drawing as a time from its left end, in µs.
    fn time(&self, place: u32) -> u32 {
        scaled(place, self.window, WIDE)
    }
}

fn scaled(value: u32, by: u32, of: u32) -> u32 {
    u32::try_from(u64::from(value) * u64::from(by) / u64::from(of).max(1)).unwrap_or(u32::MAX)
}

impl Lane {
    /// Pulses that began after `from` and up to `to`, in µs from the left end.
    fn begun(&self, from: u32, to: u32) -> usize {
        let begins = |(place, at): &(usize, &u32)| (place % 2 == 1) == self.on && from < **at && **at <= to;
        self.changes.iter().enumerate().filter(begins).count()
    }
}

/// The outline of a lane that is low at `low` and high at `high`.
fn outline(strip: &Strip, lane: &Lane, low: u32, high: u32) -> String {
    let x = |at: u32| scaled(at, WIDE, strip.window);
    let mut on = lane.on;
    let mut d = format!("M{} {}", x(strip.heard), if on { high } else { low });
    for at in &lane.changes {
        on = !on;
        d.push_str(&format!("H{}V{}", x(*at), if on { high } else { low }));
    }
    d.push_str(&format!("H{WIDE}"));
    d
}

/// A time in µs as seconds.
fn seconds(us: u32) -> String {
    format!("{} s", Decimal { value: i64::from(us / 1_000), decimals: 3 })
}

/// What stands between two places of the drawing: the time, then the pulses of each lane and their energy.
fn between(strip: &Strip, [a, b]: [u32; 2]) -> Vec<String> {
    let (from, to) = (strip.time(a.min(b)), strip.time(a.max(b)));
    let pulses = |lane: &Lane| match (lane.begun(from, to), lane.rate) {
        (_, None) => "–".to_owned(),
        (count, Some(rate)) => {
            let energy = pulse_energy_text(u64::try_from(count).unwrap_or(0), rate);
            format!("{count} {}, {energy}", if count == 1 { "pulse" } else { "pulses" })
        }
    };
    let mut texts = vec![seconds(to - from)];
    texts.extend(strip.lanes.iter().map(pulses));
    texts.resize(4, String::new());
    texts
}

/// The tab.
pub fn scope(signals: Signals, open: Sig<bool>) -> Vec<El> {
    let (strip, window) = (signals.strip, Sig::new(2u32));
    watch(Box::new(move || send(PanelDeed::Strip(if open.get() { window.get() } else { 0 }))));
    let cursors = Sig::new([WIDE / 4, WIDE * 3 / 4]);
    let text = memo(move || {
        let mut text = signals.pulses.get();
        text.extend(strip.with(|strip| between(strip, cursors.get())));
        text
    });
    let bar = html("div", "bar", "<button class=\"btn\" type=\"button\" data-do=\"freeze\" data-t></button>")
        .add(choices(
            "Time on the strip",
            &[(2, "2 s"), (10, "10 s"), (60, "60 s")],
            window.reader(),
            move |new| window.set(new),
        ))
        .add(html("span", "space", ""))
        .add(el("span", "small").attr("aria-hidden", "true").text("Supply at S0"))
        .add(choices(
            "Supply at S0",
            &[(0, "Off"), (3_000, "3 V"), (5_000, "5 V"), (24_000, "24 V"), (30_000, "30 V")],
            Rc::new(move || signals.load.with(|load| u32::try_from(load.pulse_millivolts).unwrap_or(0))),
            move |mv| {
                let load = signals.load.get_untracked();
                runtime::send(Input::Load(LoadForm { pulse_millivolts: i64::from(mv), ..load }));
            },
        ));
    let plot = plot(strip, cursors)
        .add(html("div", "lanes", "<span data-t></span><span data-t></span><span data-t></span>"))
        .on("keydown", |event| {
            let event: web_sys::KeyboardEvent = event.unchecked_into();
            if event.key() == " " {
                event.prevent_default();
                send(PanelDeed::Freeze);
            }
        });
    let rest = html(
        "div",
        "",
        "<div class=\"says\" role=\"status\"><p class=\"say bad\" data-t></p><p class=\"say bad\" data-t></p><p class=\"note\" \
         data-t></p></div><div class=\"buscols\"><section><h2>At the terminals</h2><dl class=\"vals\"><div><dt>Pulses counted \
         there</dt><dd data-t></dd></div><div><dt>At output 2</dt><dd data-t></dd></div><div><dt>Pulses due by the meter</dt><dd data-t></dd></div><div><dt>Due and still \
         waiting</dt><dd data-t></dd></div><div><dt>Power that S0 shows</dt><dd data-t></dd></div><div><dt>Width of a pulse \
         now</dt><dd data-t></dd></div></dl></section><section><h2>Between A and B</h2><dl class=\"vals\"><div><dt>Time</dt><dd \
         data-t></dd></div><div><dt>LED</dt><dd data-t></dd></div><div><dt>S0</dt><dd data-t></dd></div><div><dt>S0, output 2</dt><dd data-t></dd></div></dl><p class=\"small\">\
         Metered time. Drag in the strip, or move A and B with the arrow keys; the space bar freezes. A pulse counts where it \
         begins.</p></section></div>",
    );
    let root = el("div", "").all(vec![bar, plot, rest]);
    places(&root, text);
    vec![deeds(root, |_| send(PanelDeed::Freeze))]
}

/// The strip with its cursors and its axis.
fn plot(strip: Sig<Strip>, cursors: Sig<[u32; 2]>) -> El {
    let lane = |place: usize| {
        svg("path", "").keeps("d", move || {
            strip.with(|strip| {
                let [place, lanes] = [place, strip.lanes.len().max(1)].map(|n| u32::try_from(n).unwrap_or(1));
                let (top, tall) = (place * 100 / lanes, 100 / lanes);
                let own = strip.lanes.get(usize::try_from(place).unwrap_or(0));
                own.map_or(String::new(), |lane| {
                    outline(strip, lane, top + tall * 42 / 50, top + tall * 18 / 50)
                })
            })
        })
    };
    let axis = move || {
        let between =
            if strip.with(|strip| strip.lanes.len() > 2) { "M0 33H10000M0 66H10000" } else { "M0 50H10000" };
        format!("M2500 0V100M5000 0V100M7500 0V100{between}")
    };
    let picture = svg("svg", "")
        .attr("viewBox", "0 0 10000 100")
        .attr("preserveAspectRatio", "none")
        .attr("aria-hidden", "true")
        .add(svg("path", "axis").keeps("d", axis))
        .add(lane(0))
        .add(lane(1))
        .add(lane(2))
        .add(svg("path", "cut").keeps("d", move || {
            let [a, b] = cursors.get();
            format!("M{a} 0V100M{b} 0V100")
        }));
    let held = Sig::new(0usize);
    let drag = move |event: web_sys::Event, first: bool| {
        let event: web_sys::PointerEvent = event.unchecked_into();
        let Some(target) = event.current_target().map(JsCast::unchecked_into::<web_sys::Element>) else {
            return;
        };
        if event.buttons() & 1 == 0 {
            return;
        }
        let frame = target.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0);
        let at = (share.clamp(0.0, 1.0) * f64::from(WIDE)) as u32;
        if first {
            let _ = target.set_pointer_capture(event.pointer_id());
            let [a, b] = cursors.get_untracked();
            held.set(usize::from(at.abs_diff(b) < at.abs_diff(a)));
        }
        cursors.update(|cursors| {
            if let Some(cursor) = cursors.get_mut(held.get_untracked()) {
                *cursor = at;
            }
        });
    };
    let pane = el("div", "pane")
        .add(picture)
        .on("pointerdown", move |event| drag(event, true))
        .on("pointermove", move |event| drag(event, false));
    let mut handles = el("div", "handles");
    for (place, name) in ["A", "B"].into_iter().enumerate() {
        let own = move || cursors.with(|cursors| cursors.get(place).copied().unwrap_or(0));
        let cursor = el("input", "")
            .attr("type", "range")
            .attr("min", "0")
            .attr("max", "10000")
            .attr("step", "50")
            .attr("aria-label", &format!("Cursor {name}"))
            .keeps("aria-valuetext", move || {
                strip.with(|strip| format!("{} before now", seconds(strip.window - strip.time(own()))))
            })
            .value(move || own().to_string())
            .on("input", move |event| {
                let at = typed(&event).parse().unwrap_or(0);
                cursors.update(|cursors| {
                    if let Some(cursor) = cursors.get_mut(place) {
                        *cursor = at;
                    }
                });
            });
        let tag = el("b", "").attr("aria-hidden", "true").text(name);
        handles = handles.add(cursor).add(tag.style("left", move || format!("{}%", own() / 100)));
    }
    let axis = el("div", "axis small")
        .add(el("span", "").says(move || strip.with(|strip| format!("−{} s", strip.window / 1_000_000))))
        .add(el("span", "").text("now"));
    el("div", "scope").add(pane).add(handles).add(axis)
}
