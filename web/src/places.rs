//! Panels of fixed markup: texts in places of their own, and buttons with the name of what they do.
//!
//! A closure and an element for each of them is what makes a page large; a panel that is mostly words has one of each.

use wasm_bindgen::JsCast;

use crate::dom::{El, watch};
use crate::signal::Sig;

/// Keeps the elements with `data-t` inside `root` at these texts, in their order.
pub fn places(root: &El, texts: Sig<Vec<String>>) {
    let root = root.0.clone();
    watch(Box::new(move || {
        let Ok(places) = root.query_selector_all("[data-t]") else { return };
        texts.with(|texts| {
            for (place, text) in (0..).zip(texts) {
                if let Some(node) = places.item(place)
                    && node.text_content().as_deref() != Some(text)
                {
                    node.set_text_content(Some(text));
                }
            }
        });
    }));
}

/// Calls `act` with the name in `data-do` of the button inside `root` that was pressed.
pub fn deeds(root: El, act: impl Fn(&str) + 'static) -> El {
    root.on("click", move |event| {
        let target = event.target().map(JsCast::unchecked_into::<web_sys::Element>);
        let button = target.and_then(|target| target.closest("[data-do]").ok().flatten());
        if let Some(name) = button.and_then(|button| button.get_attribute("data-do")) {
            act(&name);
        }
    })
}
