//! A line of a form of changes: what is staged, how far it is, and what became of it.

use std::rc::Rc;

use crate::parts::{dialog, state, wrong_text};
use crate::signal::Sig;
use crate::{El, button, el, typed};
use commission::guard::{Consent, Guard};
use commission::{Action, names};
use schema::{Kind, SettingDef};

/// How far a line of the form is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stand {
    /// As in the meter, as far as this page knows.
    #[default]
    Unchanged,
    /// Waits to be sent.
    Staged,
    /// On its way.
    Writing,
    /// Came to this: class and word.
    Ended(&'static str, &'static str),
}

/// What is said of a change whose writing was stopped.
pub const BROKEN_OFF: &str = "The meter was not read again: it may have taken the change or not. ";

/// What a line of the form says.
#[derive(Clone, Default)]
pub struct Note {
    /// What waits.
    pub staged: Option<Action>,
    /// What was typed and is no value, with the reason.
    pub wrong: Option<(String, String)>,
    /// How far it is.
    pub stand: Stand,
    /// What became of it, in sentences.
    pub why: String,
}

/// A label at the head of a line.
pub fn capital(label: &str) -> String {
    let mut label = label.to_owned();
    if let Some(head) = label.get_mut(..1) {
        head.make_ascii_uppercase();
    }
    label
}

/// True for what cannot be undone: it is asked about before it is sent.
pub fn lasting(action: &Action) -> bool {
    match action {
        Action::Give(_) => true,
        Action::Set { setting, value } => setting.is_lasting(*value),
    }
}

/// The question before something is written that cannot be undone: what is lost by it and what is left. What is lost for
/// ever needs the last digits of the meter's serial number, which `guard` asks for; nothing is sent before they are right.
/// `go` is given the consent to that.
pub fn question(
    asks: Sig<bool>,
    guard: impl Fn() -> Option<Guard> + 'static,
    staged: impl Fn() -> Vec<Action> + 'static,
    go: impl Fn(Option<Consent>) + 'static,
) -> El {
    let go: Rc<dyn Fn(Option<Consent>)> = Rc::new(go);
    dialog(asks, "This cannot be undone", move || {
        let (guard, staged) = (guard().filter(Guard::is_needed), staged());
        let for_ever = guard.iter().flat_map(Guard::acts).map(|act| act.text.clone());
        let counters = staged.iter().filter_map(|action| match action {
            Action::Give(command) => Some(format!(
                "{}: {} is lost.",
                capital(names::command_label(*command)),
                names::command_loss(*command)
            )),
            Action::Set { .. } => None,
        });
        let losses: Vec<El> = for_ever.chain(counters).map(|loss| el("li", "").text(&loss)).collect();
        let others = match staged.len().saturating_sub(losses.len()) {
            0 => String::new(),
            1 => "One other change is written with it.".to_owned(),
            others => format!("{others} other changes are written with it."),
        };
        let (digits, wrong) = (Sig::new(String::new()), Sig::new(None));
        let mut body = el("div", "body").add(el("ul", "").all(losses)).add(el("p", "").text(&others));
        if let Some(guard) = &guard {
            let field = el("input", "text mono")
                .attr("type", "text")
                .attr("inputmode", "numeric")
                .attr("autocomplete", "off")
                .on("input", move |event| digits.set(typed(&event)));
            body = body.add(el("label", "small").text(&guard.question()).text(" ").add(field));
        }
        let go = go.clone();
        let write = button("btn main", "Write all the same", move |_| {
            match guard.as_ref().map(|guard| guard.consent(&digits.get_untracked())).transpose() {
                Ok(consent) => {
                    asks.set(false);
                    go(consent);
                }
                Err(why) => wrong.set(Some(format!("Nothing was sent: {why}."))),
            }
        });
        let acts = el("footer", "").add(button("btn", "Not yet", move |_| asks.set(false))).add(write);
        vec![body.add(wrong_text(wrong)), acts]
    })
}

/// The line: its name, what is possible, the editor, and what became of it.
pub fn line(label: &str, doc: &str, editor: El, note: Sig<Note>) -> El {
    let says = el("span", "").attr("role", "status").shows(move || {
        let (class, word) = match note.with(|note| note.stand.clone()) {
            Stand::Unchanged => ("quiet", "unchanged"),
            Stand::Staged => ("pending", "staged, not sent"),
            Stand::Writing => ("writing", "writing"),
            Stand::Ended(class, word) => (class, word),
        };
        vec![state(class, word)]
    });
    let why = el("p", "why")
        .flag_if("hidden", move || note.with(|note| note.why.is_empty() && note.wrong.is_none()))
        .class_if("wrong-text", move || note.with(|note| note.wrong.is_some()))
        .says(move || {
            note.with(|note| match &note.wrong {
                Some((_, why)) => why.clone(),
                None => note.why.clone(),
            })
        });
    el("li", "change").all(vec![
        el("span", "name").text(label).add(el("small", "").text(doc)),
        editor,
        says,
        why,
    ])
}

/// The editor of a setting: a list where only some values are possible.
pub fn setting_field(label: &str, setting: &'static SettingDef, note: Sig<Note>) -> El {
    let stage = move |text: &str| {
        let text = text.trim();
        note.update(|note| {
            *note = Note::default();
            if text.is_empty() {
                return;
            }
            match setting.parse(text) {
                Ok(value) => {
                    note.staged = Some(Action::Set { setting, value });
                    note.stand = Stand::Staged;
                }
                Err(_) => {
                    let why = format!("“{text}” is not possible: {}.", setting.allowed());
                    note.wrong = Some((text.to_owned(), why));
                }
            }
        });
    };
    let shown = move || {
        note.with(|note| match (&note.wrong, &note.staged) {
            (Some((typed, _)), _) => typed.clone(),
            (None, Some(Action::Set { value, .. })) => setting.text(*value).to_string(),
            _ => String::new(),
        })
    };
    if let Kind::OneOf(choices) = setting.kind {
        let mut list =
            el("select", "pick").attr("aria-label", label).add(el("option", "").attr("value", "").text("–"));
        for choice in choices {
            let text = setting.text(choice.value).to_string();
            list = list.add(el("option", "").attr("value", &text).text(&text));
        }
        return list.value(shown).on("change", move |event| stage(&typed(&event)));
    }
    let field = el("input", "")
        .attr("type", "text")
        .attr("inputmode", "decimal")
        .attr("autocomplete", "off")
        .attr("aria-label", label)
        .keeps("aria-invalid", move || note.with(|note| note.wrong.is_some()).to_string())
        .value(shown)
        .on("change", move |event| stage(&typed(&event)));
    el("span", "num").class_if("wrong", move || note.with(|note| note.wrong.is_some())).add(field)
}
