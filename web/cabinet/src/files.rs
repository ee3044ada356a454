//! Files that somebody opens or drops here.

use std::rc::Rc;

use dom::{El, el, input_of, later};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DragEvent, File};

/// What is done with a file: its name and its text.
pub type Take = Rc<dyn Fn(String, String)>;

fn read(file: File, take: Take) {
    later(async move {
        // A file that cannot be read any more has no text.
        let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
        take(file.name(), text.unwrap_or_default());
    });
}

/// A button that lets somebody choose a file; `accept` is what browsers offer first.
pub fn opens(word: &str, accept: &str, take: Take) -> El {
    let field = el("input", "vh").attr("type", "file").attr("accept", accept).on("change", move |event| {
        let Some(field) = input_of(&event) else { return };
        if let Some(file) = field.files().and_then(|files| files.get(0)) {
            read(file, take.clone());
        }
        // The same file may be chosen again.
        field.set_value("");
    });
    el("label", "btn").add(field).text(word)
}

/// Lets files be dropped on an element.
pub fn drops(on: El, take: Take) -> El {
    on.on("dragover", |event| event.prevent_default()).on("drop", move |event| {
        let event: DragEvent = event.unchecked_into();
        let files = event.data_transfer().and_then(|data| data.files());
        // A text that is dropped goes where the browser puts it.
        if let Some(file) = files.and_then(|files| files.get(0)) {
            event.prevent_default();
            read(file, take.clone());
        }
    })
}
