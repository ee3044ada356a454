//! Elements by hand, kept up to date by watches.
//!
//! Views of distinct types, one for each shape of markup, made the module half as large again as a first visit may
//! load. Here every element has one type and every closure is boxed, so that a line of markup costs a few calls. What a
//! closure reads is tracked ([`react`]); it runs again when that changes, and goes with its owner.

#![forbid(unsafe_code)]

pub mod browser;
pub mod changes;
pub mod clock;
pub mod crash;
pub mod frames;
pub mod host;
pub mod journal;
pub mod keys;
pub mod line;
pub mod parts;
pub mod react;
pub mod serial;
pub mod share;
pub mod signal;
pub mod source;
pub mod store;
pub mod work;

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;

use crate::browser::document;
use crate::react::Owner;
pub use crate::react::watch;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement};

/// An element that is being made, or stands on the page already.
#[derive(Clone)]
pub struct El(pub Element);

const SVG: &str = "http://www.w3.org/2000/svg";

/// A new element of HTML; an empty class is left out.
#[inline(never)]
pub fn el(tag: &str, class: &str) -> El {
    // Fails for names that are none only.
    let Ok(element) = document().create_element(tag) else { unreachable!("{tag} is a name") };
    let made = El(element);
    if class.is_empty() { made } else { made.attr("class", class) }
}

/// A new element of SVG; an empty class is left out.
#[inline(never)]
pub fn svg(tag: &str, class: &str) -> El {
    let Ok(element) = document().create_element_ns(Some(SVG), tag) else { unreachable!("{tag} is a name") };
    let made = El(element);
    if class.is_empty() { made } else { made.attr("class", class) }
}

/// An element with markup of our own in it, compiled in.
#[inline(never)]
pub fn html(tag: &str, class: &str, inside: &'static str) -> El {
    let made = el(tag, class);
    made.0.set_inner_html(inside);
    made
}

/// A button.
pub fn button(class: &str, word: &str, press: impl FnMut(Event) + 'static) -> El {
    el("button", class).attr("type", "button").text(word).on("click", press)
}

/// Lets a future go on by itself. Boxed, so that the machinery around it is there once.
pub fn later(work: impl Future<Output = ()> + 'static) {
    spawn(Box::pin(work));
}

#[inline(never)]
fn spawn(work: Pin<Box<dyn Future<Output = ()>>>) {
    wasm_bindgen_futures::spawn_local(work);
}

/// The text of a field whose event this is.
#[inline(never)]
pub fn typed(event: &Event) -> String {
    input_of(event).map_or(String::new(), |field| field.value())
}

/// The field whose event this is; a select or a text area does as well, since only its value is asked for.
pub fn input_of(event: &Event) -> Option<HtmlInputElement> {
    event.target().map(JsCast::unchecked_into)
}

impl El {
    /// Sets an attribute.
    #[inline(never)]
    pub fn attr(self, name: &str, value: &str) -> Self {
        // Fails for names that are none only.
        let _ = self.0.set_attribute(name, value);
        self
    }

    /// Adds a text.
    #[inline(never)]
    pub fn text(self, text: &str) -> Self {
        let _ = self.0.append_child(&document().create_text_node(text));
        self
    }

    /// Adds a child.
    // Nobody takes a chain of markup for a sum.
    #[allow(clippy::should_implement_trait)]
    #[inline(never)]
    pub fn add(self, child: El) -> Self {
        let _ = self.0.append_child(&child.0);
        self
    }

    /// Adds children.
    #[inline(never)]
    pub fn all(self, children: Vec<El>) -> Self {
        for child in children {
            let _ = self.0.append_child(&child.0);
        }
        self
    }

    /// Listens. The listener lives as long as the page: it is meant for what stays, a list listens for its rows.
    pub fn on(self, event: &str, act: impl FnMut(Event) + 'static) -> Self {
        self.listen(event, Box::new(act))
    }

    #[inline(never)]
    fn listen(self, event: &str, act: Box<dyn FnMut(Event)>) -> Self {
        let closure = Closure::wrap(act).into_js_value();
        let _ = self.0.add_event_listener_with_callback(event, closure.unchecked_ref());
        self
    }

    /// Keeps the text of the element.
    pub fn says(self, text: impl Fn() -> String + 'static) -> Self {
        self.keep_text(Box::new(text))
    }

    #[inline(never)]
    fn keep_text(self, text: Box<dyn Fn() -> String>) -> Self {
        let element = self.0.clone();
        watch(Box::new(move || {
            let text = text();
            if element.text_content().as_deref() != Some(&text) {
                element.set_text_content(Some(&text));
            }
        }));
        self
    }

    /// Keeps an attribute.
    pub fn keeps(self, name: &'static str, value: impl Fn() -> String + 'static) -> Self {
        self.keep_attribute(name, Box::new(value))
    }

    #[inline(never)]
    fn keep_attribute(self, name: &'static str, value: Box<dyn Fn() -> String>) -> Self {
        let element = self.0.clone();
        watch(Box::new(move || {
            let _ = element.set_attribute(name, &value());
        }));
        self
    }

    /// Keeps a class on or off.
    pub fn class_if(self, name: &'static str, on: impl Fn() -> bool + 'static) -> Self {
        self.keep_class(name, Box::new(on))
    }

    #[inline(never)]
    fn keep_class(self, name: &'static str, on: Box<dyn Fn() -> bool>) -> Self {
        let element = self.0.clone();
        watch(Box::new(move || {
            let _ = element.class_list().toggle_with_force(name, on());
        }));
        self
    }

    /// Keeps an attribute without value, such as `hidden`, there or away.
    pub fn flag_if(self, name: &'static str, on: impl Fn() -> bool + 'static) -> Self {
        self.keep_flag(name, Box::new(on))
    }

    #[inline(never)]
    fn keep_flag(self, name: &'static str, on: Box<dyn Fn() -> bool>) -> Self {
        let element = self.0.clone();
        watch(Box::new(move || {
            let _ = if on() { element.set_attribute(name, "") } else { element.remove_attribute(name) };
        }));
        self
    }

    /// Keeps the value of a field.
    pub fn value(self, value: impl Fn() -> String + 'static) -> Self {
        self.keep_value(Box::new(value))
    }

    #[inline(never)]
    fn keep_value(self, value: Box<dyn Fn() -> String>) -> Self {
        let field: HtmlInputElement = self.0.clone().unchecked_into();
        watch(Box::new(move || {
            let value = value();
            if field.value() != value {
                field.set_value(&value);
            }
        }));
        self
    }

    /// Keeps a box checked or not.
    pub fn checked(self, on: impl Fn() -> bool + 'static) -> Self {
        self.keep_checked(Box::new(on))
    }

    #[inline(never)]
    fn keep_checked(self, on: Box<dyn Fn() -> bool>) -> Self {
        let field: HtmlInputElement = self.0.clone().unchecked_into();
        watch(Box::new(move || field.set_checked(on())));
        self
    }

    /// Keeps a property of the style, set from code as the content security policy wants it.
    pub fn style(self, name: &'static str, value: impl Fn() -> String + 'static) -> Self {
        self.keep_style(name, Box::new(value))
    }

    #[inline(never)]
    fn keep_style(self, name: &'static str, value: Box<dyn Fn() -> String>) -> Self {
        let style = self.0.unchecked_ref::<HtmlElement>().style();
        watch(Box::new(move || {
            let _ = style.set_property(name, &value());
        }));
        self
    }

    /// Keeps the children: made anew when something changes that `children` has read. What they watch goes with them.
    pub fn shows(self, children: impl Fn() -> Vec<El> + 'static) -> Self {
        self.keep_children(Box::new(children))
    }

    #[inline(never)]
    fn keep_children(self, children: Box<dyn Fn() -> Vec<El>>) -> Self {
        let element = self.0.clone();
        let before = RefCell::new(None::<Owner>);
        watch(Box::new(move || {
            before.take();
            let owner = Owner::default();
            let made = owner.with(&children);
            before.replace(Some(owner));
            element.set_text_content(None);
            for child in made {
                let _ = element.append_child(&child.0);
            }
        }));
        self
    }
}
