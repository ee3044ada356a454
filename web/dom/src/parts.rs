//! Controls and pictures that several parts of the page use.

use std::rc::Rc;

use units::decimal::{self, Decimal};
use wasm_bindgen::JsCast;

use crate::browser::window;
use crate::signal::Sig;
use crate::{El, button, el, html, input_of, later, typed, watch};

/// A row of choices of which one holds.
pub fn choices(
    legend: &'static str,
    options: &'static [(u32, &'static str)],
    value: Rc<dyn Fn() -> u32>,
    set: impl Fn(u32) + 'static,
) -> El {
    let set: Rc<dyn Fn(u32)> = Rc::new(set);
    let mut row = el("fieldset", "seg").add(el("legend", "vh").text(legend));
    for &(own, word) in options {
        let set = set.clone();
        let value = value.clone();
        let radio = el("input", "")
            .attr("type", "radio")
            .attr("name", legend)
            .checked(move || value() == own)
            .on("change", move |_| set(own));
        row = row.add(el("label", "").add(radio).text(word));
    }
    row
}

/// What may be wider than its place, a table say: it is pushed aside by a finger or by the keys.
pub fn scroll(name: &str) -> El {
    el("div", "scroll").attr("role", "region").attr("aria-label", name).attr("tabindex", "0")
}

/// A switch with its word.
pub fn check(word: &'static str, value: Rc<dyn Fn() -> bool>, set: impl Fn(bool) + 'static) -> El {
    let input =
        el("input", "").attr("type", "checkbox").checked(move || value()).on("change", move |event| {
            if let Some(field) = input_of(&event) {
                set(field.checked());
            }
        });
    el("label", "check").add(input).text(word)
}

/// What is wrong with a field, said when it is.
pub fn wrong_text(wrong: Sig<Option<String>>) -> El {
    el("p", "wrong-text")
        .attr("role", "alert")
        .flag_if("hidden", move || wrong.with(Option::is_none))
        .says(move || wrong.get().unwrap_or_default())
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

/// Whole numbers of something.
#[must_use]
pub const fn whole(label: &'static str, unit: &'static str, min: i64, max: i64) -> Scale {
    Scale { label, unit, decimals: 0, shown: 0, min, max, step: 1 }
}

impl Scale {
    /// A value as it is written.
    #[must_use]
    pub fn text(&self, value: i64) -> String {
        let coarse =
            decimal::rescale(decimal::rescale(value, self.decimals, self.shown), self.shown, self.decimals);
        let shown = if coarse == value { self.shown } else { self.decimals };
        format!("{:.*}", usize::from(shown), Decimal { value, decimals: self.decimals })
    }

    /// The value of a text, or what is wrong with it.
    fn parse(&self, text: &str) -> Result<i64, String> {
        let value = decimal::parse(text.trim(), self.decimals).ok();
        value.filter(|value| (self.min..=self.max).contains(value)).ok_or_else(|| {
            format!(
                "“{text}” is not possible: {} to {} {}.",
                self.text(self.min),
                self.text(self.max),
                self.unit
            )
        })
    }
}

/// A quantity: slider and number, which follow each other.
pub fn quantity(scale: Scale, value: Rc<dyn Fn() -> i64>, set: impl Fn(i64) + 'static) -> El {
    let set: Rc<dyn Fn(i64)> = Rc::new(set);
    let wrong = Sig::new(None::<String>);
    let span = (scale.max - scale.min).max(1);
    let slide = set.clone();
    let (said, share, slid) = (value.clone(), value.clone(), value.clone());
    let slider = el("input", "slide")
        .attr("type", "range")
        .attr("aria-label", scale.label)
        .attr("min", &scale.min.to_string())
        .attr("max", &scale.max.to_string())
        .attr("step", &scale.step.to_string())
        .keeps("aria-valuetext", move || format!("{} {}", scale.text(said()), scale.unit))
        .style("--v", move || format!("{}%", (share() - scale.min).clamp(0, span) * 100 / span))
        .value(move || slid().to_string())
        .on("input", move |event| {
            wrong.set(None);
            if let Ok(new) = typed(&event).parse() {
                slide(new);
            }
        });
    let name = if scale.unit.is_empty() {
        scale.label.to_owned()
    } else {
        format!("{} in {}", scale.label, scale.unit)
    };
    el("div", "field").all(vec![
        el("span", "").attr("aria-hidden", "true").text(scale.label),
        slider,
        boxed(number(scale, &name, wrong, value, set), scale.unit, wrong),
        wrong_text(wrong),
    ])
}

/// A quantity as a number alone; the caller gives its box and says what is `wrong`.
pub fn number(
    scale: Scale,
    name: &str,
    wrong: Sig<Option<String>>,
    value: Rc<dyn Fn() -> i64>,
    set: Rc<dyn Fn(i64)>,
) -> El {
    number_field(name, wrong).value(move || scale.text(value())).on("change", move |event| {
        let Some(field) = input_of(&event) else { return };
        match scale.parse(&field.value()) {
            Ok(new) => {
                wrong.set(None);
                set(new);
                field.set_value(&scale.text(new));
            }
            Err(why) => wrong.set(Some(why)),
        }
    })
}

/// The input of a number; its box is made by [`boxed`].
pub fn number_field(name: &str, wrong: Sig<Option<String>>) -> El {
    el("input", "")
        .attr("type", "text")
        .attr("inputmode", "decimal")
        .attr("autocomplete", "off")
        .attr("aria-label", name)
        .keeps("aria-invalid", move || wrong.with(Option::is_some).to_string())
}

/// An input with its unit beside it.
pub fn boxed(field: El, unit: &str, wrong: Sig<Option<String>>) -> El {
    let made = el("span", "num").class_if("wrong", move || wrong.with(Option::is_some)).add(field);
    if unit.is_empty() { made } else { made.add(el("small", "").text(unit)) }
}

/// A dialog that takes the focus and gives it back; what it holds is made each time it opens.
pub fn dialog(open: Sig<bool>, title: &'static str, inside: impl Fn() -> Vec<El> + 'static) -> El {
    let head = el("header", "")
        .add(el("h2", "").text(title))
        .add(button("btn plain", "Close", move |_| open.set(false)));
    let dialog = el("dialog", "").attr("aria-label", title).add(head).on("close", move |_| open.set(false));
    let body = el("div", "").shows(move || if open.get() { inside() } else { Vec::new() });
    let dialog = dialog.add(body);
    let node: web_sys::HtmlDialogElement = dialog.0.clone().unchecked_into();
    watch(Box::new(move || {
        if open.get() {
            if !node.open() {
                // Fails only where the dialog has left the document.
                let _ = node.show_modal();
            }
        } else if node.open() {
            node.close();
        }
    }));
    dialog
}

/// Two squares, one behind the other: a twin.
pub const TWIN: &str = r#"<svg viewBox="0 0 18 18" aria-hidden="true"><path d="M2.5 2.5h8v10h-8zM7.5 5.5h8v10h-8z" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round"/></svg>"#;

/// A plug: something real.
pub const PLUG: &str = r#"<svg viewBox="0 0 18 18" aria-hidden="true"><path d="M6 1.500v4M12 1.500v4M3.500 5.500h11v3a5.500 5.500 0 0 1-11 0zM9 14v3" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/></svg>"#;

/// A state with its picture: the shape says the same as the colour, and the word says both.
pub fn state(class: &str, word: &str) -> El {
    let picture = match class {
        "quiet" => "",
        "confirmed" => {
            r#"<svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="9" fill="currentColor"/><path d="M5.500 10.400l3 3 6-6.400" fill="none" stroke="var(--surface)" stroke-width="2"/></svg>"#
        }
        "refused" => {
            r#"<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M6 1h8l5 5v8l-5 5H6l-5-5V6z" fill="currentColor"/><path d="M6.500 6.500l7 7M13.500 6.500l-7 7" stroke="var(--surface)" stroke-width="2"/></svg>"#
        }
        "unknown" => {
            r#"<svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="8.600" fill="none" stroke="currentColor" stroke-width="1.600" stroke-dasharray="3 2.400"/><path d="M7.400 7.800a2.600 2.600 0 1 1 3.900 2.300c-.9.5-1.300 1-1.300 1.900M10 13.600v1.700" fill="none" stroke="currentColor" stroke-width="1.800"/></svg>"#
        }
        "locked" => {
            r#"<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4.500 9h11v8h-11zM6.800 9V6.200a3.200 3.200 0 0 1 6.400 0V9" fill="none" stroke="currentColor" stroke-width="1.700"/></svg>"#
        }
        "writing" => {
            r#"<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M10 3v9M6 9l4 4 4-4M4 17h12" fill="none" stroke="currentColor" stroke-width="1.800"/></svg>"#
        }
        "notsent" => {
            r#"<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 10h12" fill="none" stroke="currentColor" stroke-width="1.800"/></svg>"#
        }
        _ => {
            r#"<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 16.500l1-4L13.500 3l3.500 3.500L7.500 16z" fill="none" stroke="currentColor" stroke-width="1.700" stroke-linejoin="round"/></svg>"#
        }
    };
    html("span", &format!("state {class}"), picture).text(word)
}

/// Gives a text to the system's clipboard; a browser that refuses leaves it as it was.
pub fn copy(text: &str) {
    let promise = window().navigator().clipboard().write_text(text);
    later(async move {
        let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
    });
}

/// Offers a text as a file to be saved.
pub fn save(name: &str, mime: &str, text: &str) {
    save_part(name, mime, &text.into());
}

/// Offers a text or bytes of JavaScript as a file to be saved.
pub fn save_part(name: &str, mime: &str, part: &wasm_bindgen::JsValue) {
    let parts = js_sys::Array::of1(part);
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime);
    // A blob takes texts and bytes alike.
    let Ok(blob) = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options) else { return };
    let Ok(url) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    let link = el("a", "").attr("href", &url).attr("download", name);
    link.0.unchecked_ref::<web_sys::HtmlElement>().click();
    let _ = web_sys::Url::revoke_object_url(&url);
}

/// A number with thin groups from 10 000 on.
#[must_use]
pub fn thousands(value: u32) -> String {
    if value < 10_000 {
        return value.to_string();
    }
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}
