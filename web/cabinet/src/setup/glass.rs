//! The glass of a model, drawn as the page draws it: the model's own SVG, its segments and dots lit for one page at a time.

use dom::signal::Sig;
use dom::{El, el, later, serial, svg};
use js_sys::{Array, Promise};
use models::Entry;
use schema::GlassDef;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// Fetches a file of a drawing, once: its text. The boot script has it.
    #[wasm_bindgen(js_name = metertwinDrawing, catch)]
    fn fetch(file: &str) -> Result<Promise, JsValue>;
}

/// What is lit on a glass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lit {
    /// The segments, by number.
    pub on: u128,
    /// The dots of a matrix, as the outline of a drawing.
    pub dots: String,
}

/// The outline of the dots of text art, two rows of dots in each of its lines.
pub fn outline(art: &str) -> String {
    let mut path = String::new();
    for (line, text) in art.lines().enumerate() {
        for (below, blocks) in ["▀█", "▄█"].into_iter().enumerate() {
            let mut from = None;
            for (x, block) in text.chars().chain(core::iter::once(' ')).enumerate() {
                match (blocks.contains(block), from) {
                    (true, None) => from = Some(x),
                    (false, Some(first)) => {
                        let (wide, y) = (x - first, 2 * line + below);
                        path.push_str(&format!("M{first} {y}h{wide}v1h-{wide}z"));
                        from = None;
                    }
                    _ => {}
                }
            }
        }
    }
    path
}

async fn fetched(entry: &'static Entry) -> Result<String, JsValue> {
    let coming = Array::new();
    for piece in entry.notes.drawing.glass {
        coming.push(&if piece.starts_with('<') { JsValue::from(*piece) } else { fetch(piece)?.into() });
    }
    let texts = Array::from(&JsFuture::from(Promise::all(&coming)).await?);
    Ok(texts.iter().filter_map(|text| text.as_string()).collect())
}

/// The glass, which shows what is `lit`. Until it can be drawn it is empty; what it shows stands beside it in words.
pub fn glass(entry: &'static Entry, lit: Sig<Lit>) -> El {
    let made = el("div", "drawing glass lit").attr("aria-hidden", "true");
    let (host, art) = (made.0.clone(), Sig::new(None::<Result<String, String>>));
    later(async move {
        art.set(Some(fetched(entry).await.map_err(|fault| serial::own_words(&fault))));
    });
    dom::watch(Box::new(move || match art.get() {
        None => {}
        Some(Ok(text)) => {
            if host.first_child().is_none() {
                host.set_inner_html(&text);
                frame(&host);
            }
            lit.with(|lit| show(&host, entry, lit));
        }
        Some(Err(words)) => {
            let why = format!("The drawing of the {} could not be loaded. ({words})", entry.notes.name);
            host.set_text_content(Some(&why));
        }
    }));
    made
}

/// A place for the dots of a matrix.
fn frame(host: &web_sys::Element) {
    if let Ok(Some(place)) = host.query_selector("[data-part=pixels]") {
        let _ = place.append_child(&svg("path", "").0);
    }
}

fn show(host: &web_sys::Element, entry: &'static Entry, lit: &Lit) {
    if let GlassDef::Segments(glass) = &entry.def.glass {
        for at in 0..lcd::segment_count(glass) {
            let Some(name) = lcd::segment_name(glass, at) else { continue };
            let on = lit.on >> at & 1 == 1;
            let Ok(shapes) = host.query_selector_all(&format!("[data-seg=\"{name}\"]")) else { continue };
            for place in 0..shapes.length() {
                if let Some(shape) = shapes.get(place).map(JsCast::unchecked_into::<web_sys::Element>) {
                    // A class name without blanks is never refused.
                    let _ = shape.class_list().toggle_with_force("on", on);
                }
            }
        }
    }
    if let Ok(Some(path)) = host.query_selector("[data-part=pixels] path") {
        let _ = path.set_attribute("d", &lit.dots);
    }
}
