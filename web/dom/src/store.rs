//! What the page keeps in local storage: small words, each under its own key.

use crate::browser::window;

/// Where it stands that single keys are off.
pub const KEYS_OFF: &str = "metertwin.keys-off";

/// A word of local storage; `None` where there is none or the browser keeps nothing.
#[must_use]
pub fn local(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Keeps a text for certain.
///
/// # Errors
/// Why the browser does not keep it, as a part of a sentence.
pub fn keep(key: &str, text: &str) -> Result<(), String> {
    let Ok(Some(storage)) = window().local_storage() else {
        return Err("this browser keeps nothing for this page".to_owned());
    };
    storage.set_item(key, text).map_err(|_| "this browser keeps no more for this page".to_owned())
}

/// Keeps a word, or forgets it. A browser that keeps nothing is not an error: the page works without.
pub fn set_local(key: &str, word: Option<&str>) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = match word {
            Some(word) => storage.set_item(key, word),
            None => storage.remove_item(key),
        };
    }
}
