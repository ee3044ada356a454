//! The frames that went over the line of a panel, the newest last.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::signal::Sig;
use crate::{El, el};

/// How many are kept.
const KEPT: usize = 100;

/// One of them.
#[derive(Clone)]
pub struct Frame {
    /// It was sent, not heard.
    pub sent: bool,
    /// Its bytes; none where nothing came.
    pub bytes: Vec<u8>,
    /// What it means.
    pub meaning: String,
    /// Not refused, damaged or missing.
    pub good: bool,
}

/// All of them.
#[derive(Clone, Default)]
pub struct Frames {
    kept: Rc<RefCell<VecDeque<Frame>>>,
    count: Sig<u32>,
    open: Sig<bool>,
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        if !text.is_empty() {
            text.push(' ');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
        }
    }
    text
}

impl Frames {
    /// Adds one.
    pub fn push(&self, frame: Frame) {
        let mut kept = self.kept.borrow_mut();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(frame);
        drop(kept);
        self.count.update(|count| *count += 1);
    }

    /// The list, closed at first: it is made while it is open only.
    pub fn list(&self) -> El {
        let (own, count, open) = (self.clone(), self.count, self.open);
        let rows = el("ol", "frames").attr("tabindex", "0").attr("aria-label", "Frames, oldest first").shows(
            move || {
                if !open.get() {
                    return Vec::new();
                }
                count.get();
                own.kept.borrow().iter().map(row).collect()
            },
        );
        el("details", "wire")
            .add(el("summary", "").says(move || format!("Frames on this line: {}", count.get())))
            .add(rows)
            .on("toggle", move |_| open.update(|open| *open = !*open))
    }
}

fn row(frame: &Frame) -> El {
    let (arrow, word) = if frame.sent { ("→", "to the meters") } else { ("←", "from the meters") };
    let bytes = if frame.bytes.is_empty() { "nothing received".to_owned() } else { hex(&frame.bytes) };
    // Nobody at an address that was scanned is nothing wrong.
    let wrong = !frame.good && !frame.bytes.is_empty();
    el("li", if wrong { "wireframe err" } else { "wireframe" }).all(vec![
        el("span", "dir").attr("role", "img").attr("aria-label", word).text(arrow),
        el("span", "mean").text(&frame.meaning),
        el("span", "hex").text(&bytes),
    ])
}

impl commission::Observer for Frames {
    fn traffic(&mut self, traffic: &commission::Traffic<'_>) {
        let whole = traffic.bytes.get(traffic.frame.clone()).filter(|frame| !frame.is_empty());
        self.push(Frame {
            sent: traffic.direction == commission::Direction::Sent,
            bytes: whole.unwrap_or(traffic.bytes).to_vec(),
            meaning: traffic.meaning.clone(),
            good: traffic.good,
        });
    }
}
