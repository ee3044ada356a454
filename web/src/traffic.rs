//! The traffic below all tabs: what went over the line, byte by byte and in words.

use leptos::html;
use leptos::prelude::*;

use crate::input::Input;
use crate::parts::Choices;
use crate::runtime::{self, Signals};
use crate::view::{Frame, Way};

/// The list.
#[component]
pub fn Traffic(
    /// What changes.
    signals: Signals,
) -> impl IntoView {
    let only_bad = RwSignal::new(false);
    let held = RwSignal::new(None::<Vec<Frame>>);
    let open = RwSignal::new(None::<u32>);
    let list = NodeRef::<html::Ol>::new();
    let pinned = RwSignal::new(true);
    let shown = Memo::new(move |_| {
        let frames = held.get().unwrap_or_else(|| signals.traffic.get());
        frames.into_iter().filter(|frame| frame.bad || !only_bad.get()).collect::<Vec<_>>()
    });
    // Follows the newest frame unless somebody has scrolled up or opened one.
    Effect::new(move |_| {
        shown.track();
        let Some(list) = list.get() else { return };
        if open.get_untracked().is_none() && pinned.get_untracked() {
            request_animation_frame(move || list.set_scroll_top(list.scroll_height()));
        }
    });
    view! {
        <section class="panel traffic" aria-label="Traffic">
            <header>
                <h2>"Traffic"</h2>
                <small class="hide">
                    {move || {
                        signals
                            .chip
                            .with(|chip| {
                                if chip.real {
                                    format!("Modbus RTU, USB adapter, {}", chip.line)
                                } else {
                                    format!("Modbus RTU, the twin’s own bus, {}", chip.line)
                                }
                            })
                    }}
                </small>
                <span class="space"></span>
                <Choices
                    legend="Show"
                    options=&[(0, "All"), (1, "Refused and damaged")]
                    value=Signal::derive(move || u32::from(only_bad.get()))
                    set=Callback::new(move |new| only_bad.set(new == 1))
                />
                <button
                    type="button"
                    class="btn"
                    aria-pressed=move || held.with(Option::is_some).to_string()
                    on:click=move |_| {
                        if held.with_untracked(Option::is_some) {
                            held.set(None);
                        } else {
                            held.set(Some(signals.traffic.get_untracked()));
                        }
                    }
                >
                    "Pause"
                </button>
                <button
                    type="button"
                    class="btn plain"
                    on:click=move |_| {
                        held.set(None);
                        open.set(None);
                        runtime::send(Input::ClearTraffic);
                    }
                >
                    "Clear"
                </button>
            </header>
            {move || {
                shown
                    .with(Vec::is_empty)
                    .then(|| {
                        let text = if only_bad.get() {
                            "Nothing was refused or damaged."
                        } else {
                            "Nothing sent yet. The first frame appears here."
                        };
                        view! { <p class="empty">{text}</p> }
                    })
            }}
            <ol
                class="frames"
                node_ref=list
                tabindex="0"
                aria-label="Frames, oldest first"
                on:scroll=move |ev| {
                    let list = event_target::<web_sys::Element>(&ev);
                    pinned.set(list.scroll_height() - list.scroll_top() - list.client_height() < 40);
                }
            >
                <For each=move || shown.get() key=|frame| frame.number let:frame>
                    {row(frame, open)}
                </For>
            </ol>
        </section>
    }
}

fn row(frame: Frame, open: RwSignal<Option<u32>>) -> AnyView {
    let number = frame.number;
    let is_open = move || open.get() == Some(number);
    let (class, arrow, word) = match frame.way {
        Way::Out => ("frame tx", "→", "to the meter"),
        Way::In => ("frame rx", "←", "from the meter"),
        Way::None => ("frame", "·", "event"),
    };
    let parts = frame.parts;
    let meaning = if frame.way == Way::Out {
        view! { <span>{frame.meaning}</span> }.into_any()
    } else {
        view! { <b>{frame.meaning}</b> }.into_any()
    };
    view! {
        <li class=class class:err=frame.bad class:open=is_open>
            <button
                type="button"
                aria-expanded=move || is_open().to_string()
                on:click=move |ev| {
                    open.update(|open| *open = if *open == Some(number) { None } else { Some(number) });
                    // What opened may stand below the edge of the list.
                    let row = event_target::<web_sys::Element>(&ev).closest(".frame").ok().flatten();
                    request_animation_frame(move || {
                        if let Some(row) = row {
                            let how = web_sys::ScrollIntoViewOptions::new();
                            how.set_block(web_sys::ScrollLogicalPosition::Nearest);
                            row.scroll_into_view_with_scroll_into_view_options(&how);
                        }
                    });
                }
            >
                <time>{frame.time}</time>
                <span class="dir" role="img" aria-label=word>
                    {arrow}
                </span>
                <span class="hex">
                    <i>{frame.head}</i>
                    " "
                    <b>{frame.body}</b>
                    " "
                    <i>{frame.tail}</i>
                </span>
                <span class="mean">{meaning}</span>
            </button>
            {move || {
                is_open()
                    .then(|| {
                        let parts = parts
                            .iter()
                            .map(|(bytes, word)| {
                                view! {
                                    <span>
                                        {bytes.clone()}
                                        <small>{word.clone()}</small>
                                    </span>
                                }
                            })
                            .collect_view();
                        view! { <div class="bytes">{parts}</div> }
                    })
            }}
        </li>
    }
    .into_any()
}
