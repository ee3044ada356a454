//! Whoever sits at the bench: is told what happens, and asked for the digits of a meter before what cannot be undone.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use commission::batch::{Desk, Event, List, Row};
use commission::guard::Guard;
use dom::parts::dialog;
use dom::signal::Sig;
use dom::{El, button, el, typed};

use super::Panel;

/// The answer to a question: none yet, or what was typed, or that nobody types any.
type Answer = Option<Option<String>>;

/// The questions of the view.
#[derive(Clone, Default)]
pub struct Asked {
    /// Whether all of it is to be forgotten.
    pub forget: Sig<bool>,
    /// The digits are asked.
    open: Sig<bool>,
    /// What cannot be undone, and the question.
    what: Sig<(String, Vec<String>, String)>,
    typed: Sig<String>,
    answer: Rc<RefCell<(Answer, Option<Waker>)>>,
}

impl Asked {
    fn reply(&self, answer: Option<String>) {
        let mut waits = self.answer.borrow_mut();
        waits.0 = Some(answer);
        if let Some(waker) = waits.1.take() {
            waker.wake();
        }
        drop(waits);
        self.open.set(false);
    }

    /// Nobody answers any more.
    pub fn give_up(&self) {
        *self.answer.borrow_mut() = (None, None);
        self.open.set(false);
    }

    /// The question for the digits. Closing it answers that nobody types any.
    pub fn question(&self) -> El {
        let (own, open) = (self.clone(), self.open);
        let closed = self.clone();
        dom::watch(Box::new(move || {
            if !open.get() {
                let waits = closed.answer.borrow().1.is_some();
                if waits {
                    closed.reply(None);
                }
            }
        }));
        dialog(self.open, "This cannot be undone", move || {
            let (head, acts, question) = own.what.get_untracked();
            let text = own.typed;
            let field = el("input", "text mono")
                .attr("type", "text")
                .attr("inputmode", "numeric")
                .attr("autocomplete", "off")
                .value(move || text.get())
                .on("input", move |event| text.set(typed(&event)));
            let (yes, no) = (own.clone(), own.clone());
            let list = acts.iter().map(|act| el("li", "").text(act));
            let body = el("div", "body").all(vec![
                el("p", "").text(&head),
                el("ul", "").all(list.collect()),
                el("label", "small").text(&question).text(" ").add(field),
            ]);
            let foot = el("footer", "")
                .add(button("btn", "Leave this meter", move |_| no.reply(None)))
                .add(button("btn main", "Write it", move |_| yes.reply(Some(yes.typed.get_untracked()))));
            vec![body, foot]
        })
    }
}

/// The bench, as a batch sees it.
pub struct Bench {
    pub(super) panel: Panel,
}

impl Desk for Bench {
    fn tell(&mut self, list: &List, event: &Event) {
        let work = &self.panel.cabinet.work;
        let now = self.panel.cabinet.now();
        match event {
            Event::Writing { step, of, .. } => {
                let permille = u32::try_from(step * 1_000 / (*of).max(1)).ok();
                work.tell(&format!("Writing {} of {of}", step + 1), permille, now);
            }
            Event::Waiting { .. } => work.tell("Waiting for a meter", None, now),
            Event::Verifying { .. } => work.tell("Reading back", None, now),
            _ => {}
        }
        let sentence = event.sentence(list);
        if !sentence.is_empty() {
            self.panel.note(sentence);
        }
    }

    async fn digits(&mut self, row: &Row, guard: &Guard) -> Option<String> {
        let asked = &self.panel.asked;
        let acts = guard.acts().iter().map(|act| act.text.clone()).collect();
        asked.what.set((format!("The meter for id {}:", row.id), acts, guard.question()));
        asked.typed.set(String::new());
        *asked.answer.borrow_mut() = (None, None);
        asked.open.set(true);
        poll_fn(|context| {
            let mut waits = asked.answer.borrow_mut();
            match waits.0.take() {
                Some(answer) => Poll::Ready(answer),
                None => {
                    waits.1 = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn time(&mut self) -> String {
        String::from(js_sys::Date::new_0().to_iso_string())
    }
}
