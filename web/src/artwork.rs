//! The drawings of the meter: the model's own SVG, joined to the glass by segment names.
//!
//! They are files beside the page, since each family has its own and most visitors see one. The boot script has them
//! fetched, the first before this module is there.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Promise};
use schema::DrawingDef;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, SvgGraphicsElement};

use crate::chart::px;
use crate::dom::{el, later, svg};
use crate::serial;
use crate::signal::Sig;
use crate::view::{Glass, Model};

#[wasm_bindgen]
extern "C" {
    /// Fetches a file of a drawing, once: its text.
    #[wasm_bindgen(js_name = metertwinDrawing, catch)]
    fn fetch(file: &str) -> Result<Promise, JsValue>;
}

/// The drawings of a family, as texts.
pub struct Art {
    /// Its glass, an SVG whose shapes carry `data-seg`.
    glass: String,
    /// Its front section enlarged, an SVG.
    pub front: String,
    /// The whole meter in true proportions, an SVG.
    pub meter: String,
}

/// How far the drawings of a family are.
#[derive(Clone)]
pub enum Stand {
    /// They are being fetched.
    Coming,
    /// They are there.
    There(Rc<Art>),
    /// They could not be fetched, in the browser's words.
    Failed(String),
}

thread_local! {
    static KNOWN: RefCell<Vec<(&'static DrawingDef, Sig<Stand>)>> = const { RefCell::new(Vec::new()) };
}

/// The drawings of a model, which are fetched when somebody asks for them first.
pub fn of(model: &Model) -> Sig<Stand> {
    let known = KNOWN.with_borrow(|known| {
        known.iter().find(|(drawing, _)| *drawing == model.drawing).map(|(_, stand)| *stand)
    });
    known.unwrap_or_else(|| {
        let stand = Sig::new(Stand::Coming);
        KNOWN.with_borrow_mut(|known| known.push((model.drawing, stand)));
        bring(model.drawing, stand);
        stand
    })
}

/// Tries once more to fetch the drawings of a model.
pub fn again(model: &Model) {
    let stand = of(model);
    stand.set(Stand::Coming);
    bring(model.drawing, stand);
}

fn bring(drawing: &'static DrawingDef, stand: Sig<Stand>) {
    later(async move {
        stand.set(match fetched(drawing).await {
            Ok(art) => Stand::There(Rc::new(art)),
            Err(fault) => Stand::Failed(serial::own_words(&fault)),
        });
    });
}

async fn fetched(drawing: &DrawingDef) -> Result<Art, JsValue> {
    let all = [drawing.glass, drawing.front, drawing.meter];
    // All that is needed is on its way at once.
    let coming = Array::new();
    for piece in all.iter().copied().flatten() {
        coming.push(&if piece.starts_with('<') { JsValue::from(*piece) } else { fetch(piece)?.into() });
    }
    let texts = Array::from(&JsFuture::from(Promise::all(&coming)).await?);
    let mut texts = texts.iter().filter_map(|text| text.as_string());
    let [glass, front, meter] = all.map(|pieces| texts.by_ref().take(pieces.len()).collect());
    Ok(Art { glass, front, meter })
}

/// One drawing on the page, with the shapes of its segments.
pub struct Drawing {
    /// The shapes of each segment, in the order of the bits.
    segments: Vec<Vec<Element>>,
    /// The outlines of a matrix' dots.
    dots: Vec<Element>,
    shown: Glass,
}

/// Puts a drawing of the model into `host`, one of those in `art`.
pub fn draw(host: &Element, svg: &str, art: &Art, model: &Model) -> Drawing {
    host.set_inner_html(svg);
    // The page has a rail of its own, as wide as the stage.
    for rail in all(host, "[data-part=rail],.shadow") {
        rail.remove();
    }
    for place in all(host, "[data-part=glass]") {
        let glass = el("div", "").0;
        glass.set_inner_html(&art.glass);
        if let Some(picture) = all(&glass, "svg").first() {
            while let Some(part) = picture.first_child() {
                let _ = place.append_child(&part);
            }
        }
    }
    print(host, "name", model.name);
    print(host, "ratings", model.ratings);
    // One drawing serves a family: what belongs to a terminal that this model does not have is not drawn.
    for place in all(host, "[data-terminal]") {
        let name = place.get_attribute("data-terminal");
        match model.terminals.iter().find(|terminal| name.as_deref() == Some(terminal.name)) {
            Some(terminal) => {
                print(&place, "sign", terminal.sign);
                print(&place, "group", terminal.group);
            }
            None => place.remove(),
        }
    }
    // The drawing says which part of it is enlarged on the stage.
    for picture in all(host, "[data-closer]") {
        let closer = picture.get_attribute("data-closer").unwrap_or_default();
        for (name, value) in [("viewBox", closer.as_str()), ("preserveAspectRatio", "none")] {
            let _ = picture.set_attribute(name, value);
        }
    }
    segments(host, model)
}

/// Writes what a part of the drawing says.
fn print(host: &Element, part: &str, text: &str) {
    for place in all(host, &format!("[data-part={part}]")) {
        place.set_text_content(Some(text));
    }
}

/// Puts nothing but the glass into `host`.
pub fn glass(host: &Element, art: &Art, model: &Model) -> Drawing {
    host.set_inner_html(&art.glass);
    segments(host, model)
}

fn segments(host: &Element, model: &Model) -> Drawing {
    let segments = model.segments.iter().map(|name| all(host, &format!("[data-seg=\"{name}\"]"))).collect();
    let outline = |place: &Element| {
        let path = svg("path", "").0;
        place.append_child(&path).is_ok().then_some(path)
    };
    let dots = all(host, "[data-part=pixels]").iter().filter_map(outline).collect();
    Drawing { segments, dots, shown: Glass::default() }
}

/// Prints the serial number, four digits at a time as on the plate.
pub fn set_serial(host: &Element, prefix: &str, serial: u32) {
    print(host, "serial", &format!("S/N {prefix} {:04} {:04}", serial / 10_000, serial % 10_000));
}

/// Closes the picture of the whole meter around its housing, and says how wide that is, in mm. Sizes are known once it stands on the page.
pub fn frame(host: &Element) {
    if let Some(housing) = all(host, "svg > .module").first()
        && let Some(picture) = all(host, "svg").first()
        && let Ok(size) = housing.unchecked_ref::<SvgGraphicsElement>().get_b_box()
    {
        let text = [size.x(), size.y(), size.width(), size.height()].map(|side| px(f64::from(side)));
        // The attribute is there already and takes any text.
        let _ = picture.set_attribute("viewBox", &text.join(" "));
        if let Some(stage) = host.parent_element() {
            let style = stage.unchecked_ref::<HtmlElement>().style();
            // A property of our own takes any text.
            let _ = style.set_property("--w", &text[2]);
        }
    }
}

impl Drawing {
    /// Lights what the glass lights; touches only what changed.
    pub fn show(&mut self, glass: &Glass) {
        let changed = (self.shown.on ^ glass.on) | (self.shown.blinking ^ glass.blinking);
        for (bit, shapes) in self.segments.iter().enumerate() {
            if changed >> bit & 1 == 0 {
                continue;
            }
            for shape in shapes {
                let classes = shape.class_list();
                // A class name without blanks is never refused.
                let _ = classes.toggle_with_force("on", glass.on >> bit & 1 == 1);
                let _ = classes.toggle_with_force("blinking", glass.blinking >> bit & 1 == 1);
            }
        }
        if self.shown.dots != glass.dots {
            for path in &self.dots {
                // Takes any text.
                let _ = path.set_attribute("d", &glass.dots);
            }
            self.shown.dots = glass.dots.clone();
        }
        self.shown.on = glass.on;
        self.shown.blinking = glass.blinking;
    }
}

/// Where the key of a number stands on the front: left, top, width and height as shares of the drawing.
pub fn place_of_key(front: &Element, number: usize) -> Option<[f64; 4]> {
    let key = all(front, "[data-part=key]").get(number)?.get_bounding_client_rect();
    let whole = front.get_bounding_client_rect();
    (whole.width() > 0.0 && whole.height() > 0.0).then(|| {
        [
            (key.x() - whole.x()) / whole.width(),
            (key.y() - whole.y()) / whole.height(),
            key.width() / whole.width(),
            key.height() / whole.height(),
        ]
    })
}

fn all(host: &Element, selector: &str) -> Vec<Element> {
    let Ok(list) = host.query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|at| list.get(at)?.dyn_into().ok()).collect()
}
