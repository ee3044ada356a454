//! Controls and pictures that several parts of the page use.

use leptos::html;
use leptos::prelude::*;
use units::decimal::{self, Decimal};
use wasm_bindgen::JsCast;

/// A row of choices of which one holds.
#[component]
pub fn Choices(
    /// What is chosen, for those who do not see the row.
    legend: &'static str,
    /// Value and word of each.
    options: &'static [(u32, &'static str)],
    /// The one that holds.
    #[prop(into)]
    value: Signal<u32>,
    /// Called with the one chosen.
    #[prop(into)]
    set: Callback<u32>,
) -> impl IntoView {
    let radios = options
        .iter()
        .map(|&(own, word)| {
            view! {
                <label>
                    <input
                        type="radio"
                        name=legend
                        prop:checked=move || value.get() == own
                        on:change=move |_| set.run(own)
                    />
                    {word}
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="seg">
            <legend class="vh">{legend}</legend>
            {radios}
        </fieldset>
    }
    .into_any()
}

/// A switch with its word.
#[component]
pub fn Check(
    /// Its word.
    label: &'static str,
    /// Whether it is on.
    #[prop(into)]
    value: Signal<bool>,
    /// Called with the new state.
    #[prop(into)]
    set: Callback<bool>,
) -> impl IntoView {
    view! {
        <label class="check">
            <input
                type="checkbox"
                prop:checked=move || value.get()
                on:change=move |ev| set.run(event_target_checked(&ev))
            />
            {label}
        </label>
    }
    .into_any()
}

/// What a quantity may be and how it is written.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Its name.
    pub label: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// How many digits of the kept integer stand behind the point.
    pub decimals: u8,
    /// How many are shown.
    pub shown: u8,
    /// Smallest value.
    pub min: i64,
    /// Largest value.
    pub max: i64,
    /// Step of the slider.
    pub step: i64,
}

impl Scale {
    /// A value as it is written.
    #[must_use]
    pub fn text(&self, value: i64) -> String {
        let shown = if decimal::rescale(decimal::rescale(value, self.decimals, self.shown), self.shown, self.decimals)
            == value
        {
            self.shown
        } else {
            self.decimals
        };
        format!("{:.*}", usize::from(shown), Decimal { value, decimals: self.decimals })
    }

    /// The value of a text, or what is wrong with it.
    fn parse(&self, text: &str) -> Result<i64, String> {
        let value = decimal::parse(text.trim(), self.decimals).ok();
        value.filter(|value| (self.min..=self.max).contains(value)).ok_or_else(|| {
            format!("“{text}” is not possible: {} to {} {}.", self.text(self.min), self.text(self.max), self.unit)
        })
    }
}

/// A quantity: slider and number, which follow each other.
#[component]
pub fn Quantity(
    /// What it may be.
    scale: Scale,
    /// Its present value.
    #[prop(into)]
    value: Signal<i64>,
    /// Called with the new value.
    #[prop(into)]
    set: Callback<i64>,
) -> impl IntoView {
    let wrong = RwSignal::new(None::<String>);
    let change = move |ev: leptos::ev::Event| {
        let field: web_sys::HtmlInputElement = event_target(&ev);
        match scale.parse(&field.value()) {
            Ok(new) => {
                wrong.set(None);
                set.run(new);
                field.set_value(&scale.text(new));
            }
            Err(why) => wrong.set(Some(why)),
        }
    };
    let share = move || {
        let span = (scale.max - scale.min).max(1);
        format!("{}%", (value.get() - scale.min).clamp(0, span) * 100 / span)
    };
    view! {
        <div class="field">
            <span aria-hidden="true">{scale.label}</span>
            <input
                type="range"
                class="slide"
                aria-label=scale.label
                min=scale.min.to_string()
                max=scale.max.to_string()
                step=scale.step.to_string()
                aria-valuetext=move || format!("{} {}", scale.text(value.get()), scale.unit)
                style=("--v", share)
                prop:value=move || value.get().to_string()
                on:input=move |ev| {
                    wrong.set(None);
                    if let Ok(new) = event_target_value(&ev).parse() {
                        set.run(new);
                    }
                }
            />
            <span class="num" class:wrong=move || wrong.with(Option::is_some)>
                <input
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    aria-label=format!("{} in {}", scale.label, if scale.unit.is_empty() { "1" } else { scale.unit })
                    aria-invalid=move || wrong.with(Option::is_some).to_string()
                    prop:value=move || scale.text(value.get())
                    on:change=change
                />
                <small>{scale.unit}</small>
            </span>
            {move || wrong.get().map(|why| view! { <p class="wrong-text" role="alert">{why}</p> })}
        </div>
    }
    .into_any()
}

/// A dialog that takes the focus and gives it back.
#[component]
pub fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// What it is about.
    title: &'static str,
    /// What it holds, built each time it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        if open.get() {
            if !dialog.open() {
                // Fails only where the dialog has left the document.
                let _ = dialog.show_modal();
            }
        } else {
            dialog.close();
        }
    });
    view! {
        <dialog node_ref=node aria-label=title on:close=move |_| open.set(false)>
            <header>
                <h2>{title}</h2>
                <button type="button" class="btn plain" on:click=move |_| open.set(false)>
                    "Close"
                </button>
            </header>
            {move || open.get().then(|| children())}
        </dialog>
    }
    .into_any()
}

/// Two squares, one behind the other: a twin.
pub fn twin_icon() -> AnyView {
    view! {
        <svg viewBox="0 0 18 18" aria-hidden="true">
            <path
                d="M2.5 2.5h8v10h-8zM7.5 5.5h8v10h-8z"
                fill="none"
                stroke="currentColor"
                stroke-width="1.8"
                stroke-linejoin="round"
            ></path>
        </svg>
    }
    .into_any()
}

/// A plug: something real.
pub fn plug_icon() -> AnyView {
    view! {
        <svg viewBox="0 0 18 18" aria-hidden="true">
            <path
                d="M6 1.500v4M12 1.500v4M3.500 5.500h11v3a5.500 5.500 0 0 1-11 0zM9 14v3"
                fill="none"
                stroke="currentColor"
                stroke-width="1.8"
                stroke-linecap="round"
                stroke-linejoin="round"
            ></path>
        </svg>
    }
    .into_any()
}

/// The picture of a state: its shape says the same as its colour.
pub fn state_icon(class: &str) -> AnyView {
    let fill = if matches!(class, "confirmed" | "refused") { "currentColor" } else { "none" };
    let (shape, mark) = match class {
        "confirmed" => ("M10 1a9 9 0 1 1 0 18a9 9 0 1 1 0-18z", "M5.500 10.400l3 3 6-6.400"),
        "refused" => ("M6 1h8l5 5v8l-5 5H6l-5-5V6z", "M6.500 6.500l7 7M13.500 6.500l-7 7"),
        "unknown" => (
            "M10 1.400a8.600 8.600 0 1 1 0 17.200a8.600 8.600 0 1 1 0-17.200z",
            "M7.400 7.800a2.600 2.600 0 1 1 3.900 2.300c-.9.5-1.300 1-1.300 1.900M10 13.600v1.700",
        ),
        "locked" => ("M4.500 9h11v8h-11z", "M6.800 9V6.200a3.200 3.200 0 0 1 6.400 0V9"),
        "writing" => ("M10 3v9", "M6 9l4 4 4-4M4 17h12"),
        "notsent" => ("M4 10h12", ""),
        _ => ("M3 16.500l1-4L13.500 3l3.500 3.500L7.500 16z", ""),
    };
    let inner = if fill == "none" { "currentColor" } else { "var(--surface)" };
    let dash = if class == "unknown" { "3 2.400" } else { "none" };
    view! {
        <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d=shape fill=fill stroke="currentColor" stroke-width="1.600" stroke-linejoin="round" stroke-dasharray=dash></path>
            <path d=mark fill="none" stroke=inner stroke-width="1.900"></path>
        </svg>
    }
    .into_any()
}

/// Gives a text to the system's clipboard; a browser that refuses leaves it as it was.
pub fn copy(text: &str) {
    let promise = window().navigator().clipboard().write_text(text);
    wasm_bindgen_futures::spawn_local(async move {
        let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
    });
}

/// Offers a text as a file to be saved.
pub fn save(name: &str, mime: &str, text: &str) {
    let parts = js_sys::Array::of1(&text.into());
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime);
    let Ok(blob) = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options) else { return };
    let Ok(url) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    if let Ok(anchor) = document().create_element("a") {
        let anchor: web_sys::HtmlAnchorElement = anchor.unchecked_into();
        anchor.set_href(&url);
        anchor.set_download(name);
        anchor.click();
    }
    let _ = web_sys::Url::revoke_object_url(&url);
}
