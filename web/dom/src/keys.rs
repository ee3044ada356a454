//! When a key of the keyboard belongs to somebody else.

use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use crate::browser::document;

/// An open dialog has the keys to itself: Escape closes it, and nothing behind it is pressed.
#[must_use]
pub fn taken(event: &KeyboardEvent) -> bool {
    event.alt_key() || document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some())
}

/// Single keys rest while somebody types, and while a key is held.
#[must_use]
pub fn rests(event: &KeyboardEvent) -> bool {
    let fields = "input:not([type=radio],[type=checkbox]),textarea,select";
    let target = event.target().map(JsCast::unchecked_into::<Element>);
    event.repeat() || target.is_some_and(|element| element.matches(fields).unwrap_or(false))
}
