//! When the page has failed: a banner that says so, with the session's log to copy, and a way to start again.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use dom::browser::document;

/// How many lines the log keeps.
const LINES: usize = 200;

thread_local! {
    static LOG: RefCell<VecDeque<String>> = const { RefCell::new(VecDeque::new()) };
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

/// Adds a line to the session's log.
pub fn note(line: String) {
    LOG.with(|log| {
        if let Ok(mut log) = log.try_borrow_mut() {
            if log.len() == LINES {
                log.pop_front();
            }
            log.push_back(line);
        }
    });
}

/// Whether the page has failed. What was borrowed then stays so for good: whoever waits for it would wait for ever.
#[must_use]
pub fn failed() -> bool {
    FAILED.get()
}

/// Shows the banner on every panic. Nothing of the page answers afterwards: the banner is plain elements, its link a
/// plain link, and its copy button belongs to the boot script.
pub fn install() {
    std::panic::set_hook(Box::new(|info| fail(format!("{info}"))));
}

/// The page has failed, or the module that it has fetched.
pub fn fail(why: String) {
    if FAILED.replace(true) {
        return;
    }
    let mut text = why;
    text.push_str("\n\n");
    LOG.with(|log| {
        if let Ok(log) = log.try_borrow() {
            for line in log.iter() {
                text.push_str(line);
                text.push('\n');
            }
        }
    });
    show(&text);
}

fn show(text: &str) -> Option<()> {
    let document = document();
    let body = document.body()?;
    let make = |tag: &str, text: &str, pairs: &[(&str, &str)]| {
        let element = document.create_element(tag).ok()?;
        element.set_text_content(Some(text));
        for (name, value) in pairs {
            element.set_attribute(name, value).ok()?;
        }
        Some(element)
    };
    let banner =
        make("section", "", &[("class", "crash"), ("role", "alert"), ("aria-label", "The page has failed")])?;
    let log = make(
        "textarea",
        text,
        &[("readonly", ""), ("aria-label", "Log of this session"), ("id", "crash-log")],
    )?;
    for part in [
        make("h2", "The page has failed and stands still.", &[])?,
        make(
            "p",
            "The meter’s memory is kept. No change that was not confirmed counts as written. Copy the log below if you want \
             to report this, then reload.",
            &[],
        )?,
        log,
    ] {
        banner.append_child(&part).ok()?;
    }
    let acts = make("div", "", &[("class", "acts")])?;
    for part in [
        make("a", "Reload the page", &[("class", "btn main"), ("href", "")])?,
        make("button", "Copy the log", &[("class", "btn"), ("type", "button"), ("data-copy", "crash-log")])?,
    ] {
        acts.append_child(&part).ok()?;
    }
    banner.append_child(&acts).ok()?;
    body.insert_before(&banner, body.first_child().as_ref()).ok()?;
    Some(())
}
