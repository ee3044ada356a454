//! The settings of the app: what the meter has, what waits to be saved, and how it is changed.

use commission::manager::{Editor, Manager, SettingRow};
use dom::changes::{Note, Stand, line};
use dom::parts::{copy, dialog};
use dom::signal::Sig;
use dom::{El, button, el, typed};

use super::App;

impl App {
    pub(super) fn settings(&self) -> El {
        let rows = self.with(Manager::settings);
        let notes = self.notes.get_untracked();
        let lines = rows.iter().enumerate().zip(notes.iter()).map(|((number, row), note)| {
            let editor = match row.editor {
                // What it has is not known either.
                Editor::Closed(_) => el("span", "edit"),
                _ => el("span", "edit").add(self.present(number, row)),
            };
            line(row.label, "", editor.add(self.editor(row, *note)), *note)
        });
        let lines = lines.collect();
        let (own, near, work) = (self.clone(), self.clone(), self.cabinet.work.clone());
        let count = move || own.with(Manager::changed);
        let (counted, none) = (count.clone(), count.clone());
        let own = self.clone();
        let save = el("button", "btn main")
            .attr("type", "button")
            .says(move || match counted() {
                0 => "Save".to_owned(),
                1 => "Save 1 change…".to_owned(),
                many => format!("Save {many} changes…"),
            })
            .on("click", move |_| own.ask())
            .flag_if("disabled", move || work.runs() || !near.is_near() || none() == 0);
        let (own, work) = (self.clone(), self.cabinet.work.clone());
        let discard = button("btn plain", "Discard", move |_| own.change(Manager::discard))
            .flag_if("disabled", move || work.runs() || count() == 0);
        let report = self.report;
        let copied = button("btn", "Copy the report", move |_| copy(&report.get_untracked()))
            .flag_if("hidden", move || report.with(String::is_empty));
        el("section", "").attr("aria-label", "Settings of the app").all(vec![
            el("h3", "").text("Settings"),
            el("p", "small").text(
                "What is changed is marked and waits until it is saved. A change counts as confirmed when the meter has given it \
                 back.",
            ),
            el("ul", "changes offered").all(lines),
            el("div", "acts").add(save).add(discard).add(copied),
        ])
    }

    /// What the meter has.
    fn present(&self, number: usize, row: &SettingRow) -> El {
        let (own, unit) = (self.clone(), row.unit);
        el("span", "now").says(move || {
            let row = own.with(|manager| manager.settings().get(number).cloned());
            row.map_or_else(String::new, |row| match (row.value.is_empty(), row.fault.is_empty()) {
                (false, _) => format!("{} {unit}", row.value).trim_end().to_owned(),
                (true, false) => row.fault,
                (true, true) => "not read".to_owned(),
            })
        })
    }

    fn editor(&self, row: &SettingRow, note: Sig<Note>) -> El {
        let (own, key, work) = (self.clone(), row.key, self.cabinet.work.clone());
        let rests = move || work.runs();
        let stage = move |text: &str| {
            own.change(|manager| {
                if text.is_empty() {
                    manager.unstage(key);
                } else {
                    manager.stage(key, text);
                }
            });
        };
        let own = self.clone();
        let staged = move || {
            note.with(|_| ());
            let rows = own.with(Manager::settings);
            rows.into_iter().find(|row| row.key == key).and_then(|row| row.staged).unwrap_or_default()
        };
        match &row.editor {
            Editor::Number { .. } => {
                let field = el("input", "")
                    .attr("type", "text")
                    .attr("inputmode", "numeric")
                    .attr("autocomplete", "off")
                    .attr("aria-label", row.label)
                    .keeps("aria-invalid", move || note.with(|note| note.wrong.is_some()).to_string())
                    .value(staged)
                    .flag_if("disabled", rests)
                    .on("change", move |event| stage(typed(&event).trim()));
                el("span", "num")
                    .class_if("staged-val", move || note.with(is_staged))
                    .class_if("wrong", move || note.with(|note| note.wrong.is_some()))
                    .add(field)
            }
            Editor::Choice(words) => {
                let mut list = el("select", "pick")
                    .class_if("staged-val", move || note.with(is_staged))
                    .attr("aria-label", row.label)
                    .add(el("option", "").attr("value", "").text("–"));
                for word in words {
                    list = list.add(el("option", "").attr("value", word).text(word));
                }
                list.value(staged).flag_if("disabled", rests).on("change", move |event| stage(&typed(&event)))
            }
            Editor::Reset(_) => {
                let (resets, resetting) = (self.resets, self.resetting);
                button("btn", "Set to zero…", move |_| {
                    resets.set(Some(key));
                    resetting.set(true);
                })
                .attr("aria-label", &format!("{}: set to zero", row.label))
                .flag_if("disabled", rests)
            }
            Editor::Closed(why) => el("small", "").text(why),
        }
    }

    /// The app's question before a counter waits to be set to zero.
    pub(super) fn reset(&self) -> El {
        let (own, resets, open) = (self.clone(), self.resets, self.resetting);
        dialog(open, "Set to zero", move || {
            let key = resets.get_untracked().unwrap_or_default();
            let rows = dom::react::untrack(|| own.with(Manager::settings));
            let (label, question) = rows.iter().find(|row| row.key == key).map_or(("", ""), |row| {
                (row.label, if let Editor::Reset(question) = row.editor { question } else { "" })
            });
            let yes = own.clone();
            let acts = el("footer", "").add(button("btn", "Cancel", move |_| open.set(false))).add(button(
                "btn main",
                "OK",
                move |_| {
                    yes.change(|manager| {
                        manager.stage_reset(key);
                    });
                    open.set(false);
                },
            ));
            let text = el("p", "").add(el("b", "").text(label)).text(": ").text(question);
            vec![el("div", "body").add(text), acts]
        })
    }
}

/// True where something in range waits.
fn is_staged(note: &Note) -> bool {
    note.stand == Stand::Staged
}
