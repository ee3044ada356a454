//! The tree of a search by secondary address, drawn while it grows: a row of digits for each place where several meters answered.

use std::cell::RefCell;
use std::rc::Rc;

use commission::mbus::{Mask, NodeEvent, SearchEvent, Seen};
use dom::{El, el};

/// The drawing.
#[derive(Clone)]
pub struct Tree(Rc<Inside>);

struct Inside {
    list: El,
    /// The row of each depth that is being filled, the root first.
    rows: RefCell<Vec<Row>>,
}

struct Row {
    /// The digits that all of the row have.
    mask: Mask,
    cells: El,
    /// The cell that is asked now, and its mask.
    asked: Option<(Mask, El)>,
    /// Where the rows below it come.
    below: El,
}

/// The digits of a number with a dot for any of them, and the other bytes where they are fixed.
fn text(mask: Mask) -> String {
    let whole = mask.to_string();
    let (number, rest) = whole.split_at_checked(8).unwrap_or((&whole, ""));
    let number = number.replace('F', "·");
    if mask.0[4..] == [0xFF; 4] { number } else { format!("{number}{rest}") }
}

/// What a mask fixes beyond another one.
fn digit(of: Mask, beyond: Mask) -> String {
    let (own, before) = (text(of), text(beyond));
    let differs: String = own
        .chars()
        .zip(before.chars().chain(core::iter::repeat(' ')))
        .filter(|(a, b)| a != b)
        .map(|(a, _)| a)
        .collect();
    if differs.is_empty() { "∗".to_owned() } else { differs }
}

/// What was seen: class, and words.
fn seen(seen: &Seen) -> (&'static str, String) {
    match seen {
        Seen::Silence => ("silence", "nobody".to_owned()),
        Seen::Meter(found) => ("meter", format!("meter {:08X}", found.identity.id)),
        Seen::Collision => ("many", "several meters".to_owned()),
        Seen::Noise => ("many", "noise, asked further".to_owned()),
        Seen::Mute => ("odd", "something that acknowledges and tells nothing".to_owned()),
        Seen::Twins => ("odd", "meters with equal secondary addresses".to_owned()),
    }
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Self {
        Self(Rc::new(Inside { list: el("ul", "tree"), rows: RefCell::default() }))
    }

    /// The drawing with its key.
    pub fn element(&self) -> El {
        let key = dom::html(
            "p",
            "treekey",
            "<span class=\"cell silence\">0</span> nobody <span class=\"cell meter\">0</span> one meter \
             <span class=\"cell many\">0</span> several: asked digit by digit below",
        )
        .attr("aria-hidden", "true");
        el("div", "")
            .attr("role", "group")
            .attr("aria-label", "Search tree")
            .add(key)
            .add(self.0.list.clone())
    }

    /// Begins anew.
    pub fn clear(&self) {
        self.0.list.0.set_text_content(None);
        self.0.rows.borrow_mut().clear();
    }

    /// Takes what the search tells.
    pub fn take(&self, event: &SearchEvent) {
        let mut rows = self.0.rows.borrow_mut();
        match event {
            SearchEvent::Round(round) => {
                rows.clear();
                if *round > 1 {
                    let again = format!(
                        "Round {round}: all over again, since answers that are equal bit by bit can hide one another."
                    );
                    let _ = self.0.list.clone().add(el("li", "round").text(&again));
                }
            }
            SearchEvent::Asks { mask, depth } => {
                self.ask(&mut rows, *mask, *depth);
            }
            SearchEvent::Node(node) => self.node(&mut rows, node),
        }
    }

    fn ask(&self, rows: &mut Vec<Row>, mask: Mask, depth: usize) {
        // What stands deeper belongs to a branch that has ended.
        rows.truncate(depth + 1);
        if rows.len() <= depth {
            let above = rows.last();
            let parent = above.and_then(|row| row.asked.as_ref()).map_or(Mask::ANY, |(mask, _)| *mask);
            let place = above.map_or_else(|| self.0.list.clone(), |row| row.below.clone());
            let (cells, below) = (el("ol", "cells"), el("ul", ""));
            let name = if above.is_none() { "All meters".to_owned() } else { text(parent) };
            let _ = place
                .add(el("li", "").add(el("span", "mask").text(&name)).add(cells.clone()).add(below.clone()));
            rows.push(Row { mask: parent, cells, asked: None, below });
        }
        let Some(row) = rows.last_mut() else { return };
        if row.asked.as_ref().is_none_or(|(asked, _)| *asked != mask) {
            let cell = el("li", "cell asked").text(&digit(mask, row.mask));
            let _ = row.cells.clone().add(cell.clone());
            row.asked = Some((mask, cell));
        }
    }

    fn node(&self, rows: &mut Vec<Row>, node: &NodeEvent) {
        self.ask(rows, node.mask, node.depth);
        let Some((_, cell)) = rows.last().and_then(|row| row.asked.as_ref()) else { return };
        let (class, words) = seen(&node.seen);
        let _ = cell
            .clone()
            .attr("class", &format!("cell {class}"))
            .attr("title", &format!("{}: {words}", text(node.mask)))
            .add(el("span", "vh").text(&format!(": {words}")));
    }
}
