//! What is to be changed in the meter in hand: typed line by line, or taken from a profile.

use std::rc::Rc;

use commission::boot::{self, Facts};
use commission::diff::{DiffRow, NOT_TOLD, State, diff};
use commission::mbus;
use commission::profile::Profile;
use commission::record::Where;
use commission::{Action, ReadOut, Staged, commands, names, writable_settings};
use dom::changes::{Note, Stand, capital, line, setting_field};
use dom::parts::{check, save};
use dom::signal::Sig;
use dom::{El, button, el, input_of, later, typed};
use models::Entry;
use schema::{CommandId, SettingDef, Source};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::subject::{Meter, Read};
use super::{Setup, Told, stand, step};

/// Something that a master can do to the meter.
#[derive(Clone, Copy)]
enum What {
    Set(&'static SettingDef),
    Give(CommandId),
}

impl What {
    fn label(self, entry: &'static Entry) -> String {
        match self {
            Self::Set(setting) => names::setting_label(entry, setting.id).to_owned(),
            Self::Give(command) => capital(names::command_label(command)),
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Set(setting) => setting.id.key(),
            Self::Give(command) => names::command_key(command),
        }
    }
}

/// A line of the form.
#[derive(Clone, Copy)]
struct Item {
    what: What,
    note: Sig<Note>,
}

/// The form.
#[derive(Clone, Copy)]
pub struct Form {
    items: Sig<Rc<Vec<Item>>>,
    /// What was pasted or opened.
    paper: Sig<Option<Rc<Paper>>>,
    /// What is wrong with it, line by line.
    wrong: Sig<Vec<String>>,
}

/// A file that a meter is compared with.
enum Paper {
    Profile(Profile),
    Saved(Box<Facts>),
}

impl Form {
    /// Of no meter.
    pub fn new() -> Self {
        Self { items: Sig::default(), paper: Sig::default(), wrong: Sig::default() }
    }

    /// Of this meter.
    pub fn open(self, meter: Option<&Meter>) {
        let mut items: Vec<What> = Vec::new();
        if let Some((meter, entry)) = meter.and_then(|meter| Some((meter, meter.entry?))) {
            match meter.at {
                Where::Modbus(_) => {
                    items.extend(writable_settings(entry).map(What::Set));
                    items.extend(commands(entry).map(What::Give));
                }
                Where::Mbus(_) => {
                    items.extend(mbus::writable_settings(entry).map(What::Set));
                    items.extend(mbus::commands(entry).map(What::Give));
                }
            }
        }
        let items = items.into_iter().map(|what| Item { what, note: Sig::default() }).collect();
        self.paper.set(None);
        self.wrong.set(Vec::new());
        self.items.set(Rc::new(items));
    }

    /// What is staged; whoever asks is told when that changes.
    pub fn staged(self) -> Vec<Action> {
        self.items.get().iter().filter_map(|item| item.note.with(|note| note.staged)).collect()
    }

    /// True where something that was typed is no value.
    pub fn is_wrong(self) -> bool {
        self.items.get().iter().any(|item| item.note.with(|note| note.wrong.is_some()))
    }

    /// Stages actions.
    fn stage(self, actions: &[Action]) {
        for item in self.items.get_untracked().iter() {
            if let Some(action) = actions.iter().find(|action| action.key() == item.what.key()) {
                item.note.set(Note { staged: Some(*action), stand: Stand::Staged, ..Note::default() });
            }
        }
    }

    /// Drops everything that waits.
    pub fn discard(self) {
        for item in self.items.get_untracked().iter() {
            item.note.set(Note::default());
        }
    }

    /// The step of this key is on its way.
    pub fn writing(self, key: &str) {
        self.mark(key, |note| note.stand = Stand::Writing);
    }

    /// What became of it.
    pub fn ended(self, told: &Told) {
        let (class, word) = stand(told.word);
        let done = matches!(told.word, "confirmed" | "acknowledged");
        self.mark(told.key, |note| {
            note.stand = Stand::Ended(class, word);
            note.why.clone_from(&told.text);
            if done {
                note.staged = None;
            }
        });
    }

    /// Nobody has looked what became of what is on its way.
    pub fn broken_off(self) {
        for item in self.items.get_untracked().iter() {
            if item.note.with_untracked(|note| note.stand == Stand::Writing) {
                item.note.update(|note| {
                    note.stand = Stand::Ended("unknown", "unknown");
                    note.staged = None;
                    note.why = "It was sent or not, and nobody has looked whether the meter took it: settle it above.".to_owned();
                });
            }
        }
    }

    fn mark(self, key: &str, mark: impl Fn(&mut Note)) {
        for item in self.items.get_untracked().iter().filter(|item| item.what.key() == key) {
            item.note.update(&mark);
        }
    }
}

/// What the meter has now, in words; empty where it does not tell.
fn now(read: Option<&Read>, setting: &'static SettingDef) -> String {
    let value = match read {
        Some(Read::Modbus(read)) => read.value(Source::Setting(setting.id)),
        Some(Read::Mbus(..)) => {
            // The tariff that counts is not told here as the one that was set.
            read.and_then(Read::facts).and_then(|facts| facts.told(setting.id))
        }
        None => None,
    };
    value.map_or_else(String::new, |value| format!("now {}; ", names::setting_text(setting, value)))
}

impl Setup {
    pub(super) fn changes_step(&self) -> El {
        let (own, items) = (self.clone(), self.form.items);
        let list = el("ul", "changes").shows(move || {
            let Some(entry) = own.meter.with_untracked(|meter| meter.and_then(|meter| meter.entry)) else {
                return Vec::new();
            };
            items.with(|items| items.iter().map(|item| own.item(entry, *item)).collect())
        });
        let form = self.form;
        let discard = button("btn plain", "Discard all changes", move |_| form.discard())
            .flag_if("hidden", move || form.staged().is_empty() && !form.is_wrong());
        step(
            2,
            "Changes",
            "Nothing is sent yet: changes wait, and are rehearsed on the twin as soon as you leave a field.",
            vec![list, el("div", "acts").add(discard), self.papers()],
        )
    }

    fn item(&self, entry: &'static Entry, item: Item) -> El {
        let (note, read) = (item.note, self.read);
        let label = item.what.label(entry);
        let editor = match item.what {
            What::Set(setting) => setting_field(&label, setting, note),
            What::Give(command) => {
                check("Set to zero", Rc::new(move || note.with(|note| note.staged.is_some())), move |on| {
                    note.set(if on {
                        Note { staged: Some(Action::Give(command)), stand: Stand::Staged, ..Note::default() }
                    } else {
                        Note::default()
                    });
                })
            }
        };
        let made = line(&label, "", editor, note);
        // The head of the line follows what the meter has now.
        if let Ok(Some(doc)) = made.0.query_selector(".name small") {
            let _ = El(doc).says(move || match item.what {
                What::Set(setting) => {
                    format!("{}{}", read.with(|read| now(read.as_ref(), setting)), setting.allowed())
                }
                What::Give(_) => "what it counted cannot be brought back".to_owned(),
            });
        }
        made
    }

    /// Profiles, and files to compare with.
    fn papers(&self) -> El {
        let own = self.clone();
        let area = el("textarea", "text mono")
            .attr("rows", "4")
            .attr("aria-label", "Profile or read-out as JSON")
            .attr("placeholder", "{ \"profile\": 1, … }")
            .on("change", move |event| own.paper(&typed(&event)));
        let own = self.clone();
        let choose = el("label", "btn file").text("Open a file…").add(
            el("input", "vh").attr("type", "file").attr("accept", ".json,application/json").on(
                "change",
                move |event| {
                    let Some(field) = input_of(&event) else { return };
                    if let Some(file) = field.files().and_then(|files| files.get(0)) {
                        own.open(&file);
                    }
                    field.set_value("");
                },
            ),
        );
        let own = self.clone();
        let keep =
            button("btn", "Save its settings as a profile", move |_| own.save_profile()).flag_if("hidden", {
                let read = self.read;
                move || read.with(|read| read.as_ref().and_then(Read::facts).is_none())
            });
        let wrong = self.form.wrong;
        let faults = el("ul", "wrong-text")
            .attr("role", "alert")
            .flag_if("hidden", move || wrong.with(Vec::is_empty))
            .shows(move || wrong.with(|wrong| wrong.iter().map(|why| el("li", "").text(why)).collect()));
        let own = self.clone();
        let table = el("div", "").shows(move || own.differences());
        let dropped = self.clone();
        el("details", "polled")
            .add(el("summary", "").text("From a profile, or compared with a file"))
            .add(el("p", "small").text(
                "A profile names settings by their keys and has no addresses, so that it does for many meters. Paste it, drop it \
                 here or open it. A saved read-out is compared with the meter.",
            ))
            .add(area)
            .add(el("div", "acts").add(choose).add(keep))
            .add(faults)
            .add(table)
            .on("dragover", |event| event.prevent_default())
            .on("drop", move |event| {
                event.prevent_default();
                let event: web_sys::DragEvent = event.unchecked_into();
                let files = event.data_transfer().and_then(|data| data.files());
                if let Some(file) = files.and_then(|files| files.get(0)) {
                    dropped.open(&file);
                }
            })
    }

    fn open(&self, file: &web_sys::File) {
        let (own, text) = (self.clone(), file.text());
        later(async move {
            // A file that cannot be read is one without a letter, and is refused as such.
            let text = JsFuture::from(text).await.ok().and_then(|text| text.as_string());
            own.paper(&text.unwrap_or_default());
        });
    }

    /// Takes over what was pasted or opened: a profile stages its settings, a read-out is compared.
    fn paper(&self, text: &str) {
        let form = self.form;
        form.paper.set(None);
        form.wrong.set(Vec::new());
        let meter = self.meter.get_untracked();
        let Some((meter, entry)) = meter.and_then(|meter| Some((meter, meter.entry?))) else { return };
        if text.trim().is_empty() {
            return;
        }
        if let Ok(saved) = ReadOut::from_json(text) {
            if saved.read_out.entry.def.slug == entry.def.slug {
                let facts = Facts::of_registers(&saved.read_out);
                form.paper.set(Some(Rc::new(Paper::Saved(Box::new(facts)))));
            } else {
                let other = saved.read_out.entry.notes.name;
                form.wrong.set(vec![format!(
                    "This read-out is of a {other}: expected one of a {}.",
                    entry.notes.name
                )]);
            }
            return;
        }
        let taken = Profile::parse(text).and_then(|profile| {
            let actions = match meter.at {
                Where::Modbus(_) => profile.staged(entry).map(|staged| actions(entry, &staged))?,
                Where::Mbus(_) => profile.actions(entry)?,
            };
            Ok((profile, actions))
        });
        match taken {
            Ok((profile, actions)) => {
                form.stage(&actions);
                form.paper.set(Some(Rc::new(Paper::Profile(profile))));
            }
            Err(faults) => form.wrong.set(faults.iter().map(|why| format!("{why}.")).collect()),
        }
    }

    fn save_profile(&self) {
        let Some(read) = self.facts() else { return };
        let name = format!("{} as set up", read.entry.notes.name);
        let text = Profile::of_meter(&read, &name).to_json();
        save(&format!("profile-{}.json", read.entry.def.slug), "application/json", &text);
        let left_out: Vec<&str> =
            Profile::left_out(&read).map(|setting| names::setting_label(read.entry, setting.id)).collect();
        if read.by == boot::Told::Telegrams && !left_out.is_empty() {
            self.cabinet
                .tell(format!("Left out of the profile, since {NOT_TOLD}: {}.", left_out.join(", ")), false);
        }
    }

    /// The meter beside what was opened.
    fn differences(&self) -> Vec<El> {
        let Some(paper) = self.form.paper.get() else { return Vec::new() };
        let read = self.read.with(|read| read.as_ref().and_then(Read::facts));
        let (Some(entry), Some(read)) =
            (self.meter.with_untracked(|meter| meter.and_then(|meter| meter.entry)), read)
        else {
            return vec![
                el("p", "note")
                    .text("Taken over. There is nothing to compare it with: the meter was not read."),
            ];
        };
        let rows = match &*paper {
            Paper::Profile(profile) => diff(entry, Some(&read), Some(profile), None),
            Paper::Saved(saved) => diff(entry, Some(&read), None, Some(saved)),
        };
        let Ok(rows) = rows else { return Vec::new() };
        let of_profile = matches!(&*paper, Paper::Profile(_));
        let rows: Vec<DiffRow> = rows
            .into_iter()
            .filter(|row| !of_profile || row.profile != commission::diff::Cell::Absent)
            .collect();
        let differ = rows.iter().filter(|row| row.state == State::Differs).count();
        let other = if of_profile { "Profile" } else { "File" };
        let head = |word: &str| el("th", "").attr("scope", "col").text(word);
        let table = el("table", "diff")
            .add(el("caption", "vh").text(&format!("The meter and the {}", other.to_lowercase())))
            .add(el("thead", "").add(el("tr", "").all(vec![
                head("Setting"),
                head("Meter"),
                head(other),
                head(""),
            ])))
            .add(el("tbody", "").all(rows.iter().map(|row| difference(row, of_profile)).collect()));
        let open = rows.iter().filter(|row| row.is_open()).count();
        let count = match open {
            0 => format!("{differ} of {} settings differ.", rows.len()),
            _ => format!(
                "{differ} of {} settings differ; of {open} that is not known, since {NOT_TOLD}.",
                rows.len()
            ),
        };
        vec![el("p", "small").text(&count), table]
    }
}

fn difference(row: &DiffRow, of_profile: bool) -> El {
    let other = if of_profile { &row.profile } else { &row.file };
    let word = match row.state {
        State::Equal => "same",
        State::Differs => "differs",
        State::NotReadable => "not readable",
        State::NotTold => "not known",
    };
    let word =
        if row.state == State::Differs { el("mark", "").text(word) } else { el("small", "").text(word) };
    el("tr", "").all(vec![
        el("th", "").attr("scope", "row").text(row.label),
        el("td", "").text(row.meter.text()),
        el("td", "").text(other.text()),
        el("td", "").add(word),
    ])
}

/// Staged changes as actions.
fn actions(entry: &'static Entry, staged: &Staged) -> Vec<Action> {
    let set = |(id, value)| names::setting(entry, id).map(|setting| Action::Set { setting, value });
    staged.iter().filter_map(set).collect()
}
