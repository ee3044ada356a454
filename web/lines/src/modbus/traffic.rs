//! The traffic below all tabs: what went over the line, byte by byte and in words.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use wasm_bindgen::JsCast;

use crate::modbus::input::Input;
use crate::modbus::runtime::{self, Signals};
use crate::modbus::view::{Frame, Way};
use dom::browser::frame;
use dom::parts::choices;
use dom::signal::Sig;
use dom::{El, button, el, html, watch};

/// What stands in the place of the traffic.
pub fn traffic(signals: Signals) -> Vec<El> {
    let only_bad = Sig::new(false);
    let held = Sig::new(None::<Vec<Frame>>);
    let list = el("ol", "frames").attr("tabindex", "0").attr("aria-label", "Frames, oldest first");
    let rows: Rc<RefCell<VecDeque<(u32, El)>>> = Rc::default();
    // Follows the newest frame unless somebody has scrolled up.
    let pinned = Rc::new(Cell::new(true));
    let scrolled = (list.0.clone(), pinned.clone());
    let empty = Sig::new(true);
    let node = list.0.clone();
    watch(Box::new(move || {
        let bad = only_bad.get();
        let mut rows = rows.borrow_mut();
        let mut fill = |frames: &[Frame]| {
            let wanted: Vec<&Frame> = frames.iter().filter(|frame| frame.bad || !bad).collect();
            let first = wanted.first().map_or(u32::MAX, |frame| frame.number);
            // Rows that went, at the old end or by the filter; the rest stays as it is, open or not.
            let stays = |number: u32| wanted.binary_search_by_key(&number, |frame| frame.number).is_ok();
            if rows.iter().any(|(number, _)| *number >= first && !stays(*number)) {
                node.set_text_content(None);
                rows.clear();
            }
            rows.retain(|(number, row)| {
                let here = stays(*number);
                if !here {
                    row.0.remove();
                }
                here
            });
            let last = rows.back().map(|(number, _)| *number);
            if rows.front().is_some_and(|(number, _)| *number != first) {
                node.set_text_content(None);
                rows.clear();
            }
            let from = if rows.is_empty() { None } else { last };
            for frame in wanted.into_iter().filter(|frame| from.is_none_or(|last| frame.number > last)) {
                let row = row(frame);
                let _ = node.append_child(&row.0);
                rows.push_back((frame.number, row));
            }
            rows.is_empty()
        };
        let none = match held.get() {
            Some(frames) => fill(&frames),
            None => signals.traffic.with(|frames| fill(frames)),
        };
        if empty.get_untracked() != none {
            empty.set(none);
        }
        if pinned.get() {
            let node = node.clone();
            frame(move || node.set_scroll_top(node.scroll_height()));
        }
    }));
    let list = list.on("scroll", move |_| {
        let (list, pinned) = &scrolled;
        pinned.set(list.scroll_height() - list.scroll_top() - list.client_height() < 40);
    });
    let list = list.on("click", |event| {
        let target = event.target().map(JsCast::unchecked_into::<web_sys::Element>);
        if let Some(row) = target.and_then(|target| target.closest(".frame").ok().flatten()) {
            turn(&row);
        }
    });
    let source = move || {
        signals.chip.with(|chip| {
            let whose = if chip.real { "the adapter" } else { "the twin’s own bus" };
            if chip.bus { format!("Modbus RTU, {whose}, {}", chip.line) } else { "Modbus RTU".to_owned() }
        })
    };
    let pause = button("btn", "Pause", move |_| {
        let paused = held.with_untracked(Option::is_some);
        held.set((!paused).then(|| signals.traffic.get_untracked()));
    })
    .keeps("aria-pressed", move || held.with(Option::is_some).to_string());
    let clear = button("btn plain", "Clear", move |_| {
        held.set(None);
        runtime::send(Input::ClearTraffic);
    });
    let header = el("header", "").all(vec![
        el("h2", "").text("Traffic"),
        el("small", "hide").says(source),
        el("span", "space"),
        choices(
            "Show",
            &[(0, "All"), (1, "Refused and damaged")],
            Rc::new(move || u32::from(only_bad.get())),
            move |new| only_bad.set(new == 1),
        ),
        pause,
        clear,
    ]);
    let nothing = el("p", "empty").flag_if("hidden", move || !empty.get()).says(move || {
        if only_bad.get() {
            "Nothing was refused or damaged."
        } else {
            "Nothing sent yet. The first frame appears here."
        }
        .to_owned()
    });
    vec![header, nothing, list]
}

/// Opens a row into its bytes, or closes it.
fn turn(row: &web_sys::Element) {
    let open = row.class_list().toggle("open").unwrap_or(false);
    if let Ok(Some(button)) = row.query_selector("button") {
        let _ = button.set_attribute("aria-expanded", if open { "true" } else { "false" });
    }
    // What opened may stand below the edge of the list.
    let how = web_sys::ScrollIntoViewOptions::new();
    how.set_block(web_sys::ScrollLogicalPosition::Nearest);
    row.scroll_into_view_with_scroll_into_view_options(&how);
}

fn row(frame: &Frame) -> El {
    let (class, arrow, word) = match frame.way {
        Way::Out => ("frame tx", "→", "to the meter"),
        Way::In => ("frame rx", "←", "from the meter"),
        Way::None => ("frame", "·", "event"),
    };
    let hex = el("span", "hex")
        .add(el("i", "").text(&frame.head))
        .text(" ")
        .add(el("b", "").text(&frame.body))
        .text(" ")
        .add(el("i", "").text(&frame.tail));
    let meaning =
        el("span", "mean").add(el(if frame.way == Way::Out { "span" } else { "b" }, "").text(&frame.meaning));
    let line = html("button", "", "").attr("type", "button").attr("aria-expanded", "false").all(vec![
        el("time", "").text(&frame.time),
        el("span", "dir").attr("role", "img").attr("aria-label", word).text(arrow),
        hex,
        meaning,
    ]);
    let part = |(bytes, word): &(String, String)| el("span", "").text(bytes).add(el("small", "").text(word));
    let parts = el("div", "bytes").all(frame.parts.iter().map(part).collect());
    let row = el("li", class).add(line).add(parts);
    if frame.bad { row.attr("class", &format!("{class} err")) } else { row }
}
