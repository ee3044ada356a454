//! What is changed in a meter over the M-Bus: staged, written, and proven as far as its telegrams show it.

use std::rc::Rc;

use commission::guard::Guard;
use commission::mbus::{
    Address, Candidates, Found, Outcome, Place, Plan, StepReport, WriteProgress, commands, report_text,
    writable_settings,
};
use commission::{Action, names};
use dom::parts::{check, copy};
use dom::signal::Sig;
use dom::{El, button, el, typed};
use models::Entry;
use schema::{CommandId, SettingDef};
use units::bcd;

use super::{Known, Panel, soon};
use crate::changes::{BROKEN_OFF, Note, Stand, capital, lasting, line, question, setting_field};
use crate::journal::LocalJournal;

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

    fn is(self, action: &Action) -> bool {
        match (self, action) {
            (Self::Set(own), Action::Set { setting, .. }) => own.id == setting.id,
            (Self::Give(own), Action::Give(command)) => own == *command,
            _ => false,
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
#[derive(Clone)]
pub struct Form {
    entry: Sig<Option<&'static Entry>>,
    items: Sig<Rc<Vec<Item>>>,
    /// The last report as text.
    report: Sig<String>,
}

/// Class and word of an outcome. What was acknowledged only is never shown as good.
const fn stand_of(outcome: &Outcome) -> Stand {
    match outcome {
        Outcome::Confirmed { .. } => Stand::Ended("confirmed", "confirmed by reading back"),
        Outcome::Acknowledged => Stand::Ended("unknown", "acknowledged, cannot be read back"),
        Outcome::Refused { .. } => Stand::Ended("refused", "refused"),
        Outcome::NotTaken { .. } => Stand::Ended("refused", "not taken"),
        Outcome::Unknown { .. } => Stand::Ended("unknown", "unknown"),
        Outcome::NotSent { .. } => Stand::Ended("notsent", "not sent"),
    }
}

impl Form {
    /// Of no meter.
    pub fn new() -> Self {
        Self { entry: Sig::default(), items: Sig::new(Rc::default()), report: Sig::default() }
    }

    /// Of a meter of this model; nothing can be written to one that is not known.
    pub fn open(&self, entry: Option<&'static Entry>) {
        let mut items = Vec::new();
        if let Some(entry) = entry {
            items.extend(writable_settings(entry).map(What::Set));
            items.extend(commands(entry).map(What::Give));
        }
        let items = items.into_iter().map(|what| Item { what, note: Sig::default() }).collect();
        self.report.set(String::new());
        self.entry.set(entry);
        self.items.set(Rc::new(items));
    }

    /// What is staged.
    fn staged(&self) -> Vec<Action> {
        self.items
            .get_untracked()
            .iter()
            .filter_map(|item| item.note.with_untracked(|note| note.staged))
            .collect()
    }

    fn count(&self) -> usize {
        self.items.get().iter().filter(|item| item.note.with(|note| note.staged.is_some())).count()
    }

    fn mark(&self, action: &Action, mark: impl Fn(&mut Note)) {
        for item in self.items.get_untracked().iter().filter(|item| item.what.is(action)) {
            item.note.update(&mark);
        }
    }
}

impl Panel {
    /// The meter in hand: heading, read-out, form.
    pub(super) fn meter_part(&self) -> Vec<El> {
        let own = self.clone();
        let part = el("div", "").shows(move || {
            let Some(meter) = own.meter.chosen.get() else { return Vec::new() };
            let entry = own.meter.form.entry.get();
            let title = entry.map_or("Meter", |entry| entry.notes.name);
            let heading = format!("{title} {:08X}", meter.found.identity.id);
            vec![el("section", "meter").attr("aria-label", &heading).all(vec![
                el("h3", "").text(&heading),
                own.meter.table(),
                own.form_part(meter),
            ])]
        });
        vec![part]
    }

    fn form_part(&self, meter: Known) -> El {
        let models = meter.found.models;
        let Some(entry) = self.meter.form.entry.get() else {
            if models.are_several() {
                return self.choice(models);
            }
            return el("p", "note").text(
                "This program does not know the model, so that nothing can be written to it. Reading works all the same.",
            );
        };
        let form = self.meter.form.clone();
        let items = form.items.get();
        let lines = items.iter().map(|item| self.item_line(entry, *item)).collect();
        let (counted, own, work) = (form.clone(), self.clone(), self.work.clone());
        let write = el("button", "btn main")
            .attr("type", "button")
            .says(move || match counted.count() {
                0 => "Nothing to write".to_owned(),
                1 => "Write 1 change".to_owned(),
                count => format!("Write {count} changes"),
            })
            .flag_if("disabled", {
                let form = form.clone();
                move || work.runs() || form.count() == 0
            })
            .on("click", move |_| {
                if own.meter.form.staged().iter().any(lasting) { own.asks.set(true) } else { own.write() }
            });
        let discarded = form.clone();
        let discard = button("btn plain", "Discard", move |_| {
            for item in discarded.items.get_untracked().iter() {
                item.note.set(Note::default());
            }
        });
        let report = form.report;
        let copied = button("btn", "Copy the report", move |_| copy(&report.get_untracked()))
            .flag_if("hidden", move || report.with(String::is_empty));
        el("section", "").attr("aria-label", "Change settings").all(vec![
            el("h3", "").text("Change over the M-Bus"),
            el("p", "small").text(
                "Changes wait here until you write them. An acknowledge of the M-Bus proves nothing: what the telegrams show is \
                 read back, the rest is called acknowledged and no more. Address and speed go last.",
            ),
            el("ul", "changes").all(lines),
            el("div", "acts").add(write).add(discard).add(copied),
        ])
    }

    /// Which of several models the meter is: its telegrams do not say it, so nothing is written before somebody does.
    fn choice(&self, models: Candidates) -> El {
        let form = self.meter.form.clone();
        let mut list = el("select", "pick")
            .attr("aria-label", "Model of the meter")
            .add(el("option", "").attr("value", "").text("–"));
        for entry in models.iter() {
            list = list.add(el("option", "").attr("value", entry.def.slug).text(entry.notes.name));
        }
        let list = list.on("change", move |event| {
            let slug = typed(&event);
            form.open(models.iter().find(|entry| entry.def.slug == slug));
        });
        el("section", "").attr("aria-label", "Change settings").all(vec![
            el("h3", "").text("Change over the M-Bus"),
            el("p", "note").text(&format!(
                "This meter is {}, which say the same on an M-Bus. Look at its nameplate and choose the model before \
                 anything is changed.",
                models.text()
            )),
            list,
        ])
    }

    fn item_line(&self, entry: &'static Entry, item: Item) -> El {
        let note = item.note;
        let label = item.what.label(entry);
        let editor = match item.what {
            What::Set(setting) => setting_field(&label, setting, note),
            What::Give(command) => {
                check("Set to zero", Rc::new(move || note.with(|note| note.staged.is_some())), move |on| {
                    note.update(|note| {
                        *note = Note::default();
                        if on {
                            note.staged = Some(Action::Give(command));
                            note.stand = Stand::Staged;
                        }
                    });
                })
            }
        };
        let doc = match item.what {
            What::Set(setting) => setting.allowed().to_string(),
            What::Give(_) => "what it counted cannot be brought back".to_owned(),
        };
        line(&label, &doc, editor, note)
    }

    /// The question before something is written that cannot be undone.
    pub(super) fn question(&self) -> El {
        let (own, meter, staged) = (self.clone(), self.clone(), self.meter.form.clone());
        let guard = move || {
            let (form, found) = (&meter.meter.form, meter.meter.chosen.get_untracked()?.found);
            // A telegram tells too little of what was used before: every change of that kind counts as the first one.
            let serial = bcd::decode(found.identity.id, 8);
            Some(Guard::new(form.entry.get_untracked()?, serial, form.staged().into_iter(), |_| None))
        };
        question(self.asks, guard, move || staged.staged(), move |_| own.write())
    }

    /// Marks what was on its way when the writing was stopped: nobody has looked whether the meter took it.
    fn broken_off(&self) {
        for item in self.meter.form.items.get_untracked().iter() {
            if item.note.with_untracked(|note| note.stand == Stand::Writing) {
                item.note.update(|note| {
                    note.stand = Stand::Ended("unknown", "unknown");
                    note.why = BROKEN_OFF.trim_end().to_owned();
                });
            }
        }
    }

    // The bus is held for as long as the work lives, and there is one piece of work at a time.
    #[allow(clippy::await_holding_refcell_ref)]
    fn write(&self) {
        let form = self.meter.form.clone();
        let (Some(meter), Some(entry)) = (self.meter.chosen.get_untracked(), form.entry.get_untracked())
        else {
            return;
        };
        let place = Place { line: self.params(), address: meter.address };
        let plan = Plan::new(entry, Some(meter.found.identity), place, form.staged());
        let own = self.clone();
        self.say.set(Default::default());
        let broken = self.clone();
        let stopped = move |what: &str| {
            broken.broken_off();
            broken.say.set((format!("Stopped. {what}."), true));
        };
        self.work.start("Writing and reading back", self.now(), stopped, async move {
            let mut bus = own.bus.borrow_mut();
            if let Err(fault) = own.tune(&mut bus).await {
                own.fail(&fault, meter.address);
                return;
            }
            let mut told = |progress: WriteProgress<'_>| match progress {
                WriteProgress::Begins { step, of } => {
                    let permille = u32::try_from(step * 1_000 / of.max(1)).ok();
                    own.work.tell(&format!("Writing {} of {of}", step + 1), permille, own.now());
                    if let Some(action) = plan.steps.get(step) {
                        form.mark(action, |note| note.stand = Stand::Writing);
                    }
                }
                WriteProgress::Ended { report, .. } => own.written(&form, &plan, report),
            };
            let (reports, place) = bus.write_plan(&plan, &mut LocalJournal, &mut told).await;
            drop(bus);
            form.report.set(report_text(&plan, &reports));
            own.say.set((summary(&reports), false));
            own.moved(meter, place);
        });
    }

    fn written(&self, form: &Form, plan: &Plan, report: &StepReport) {
        let stand = stand_of(&report.outcome);
        let done = matches!(report.outcome, Outcome::Confirmed { .. } | Outcome::Acknowledged);
        let why = report.sentence(plan);
        form.mark(&report.action, |note| {
            note.stand = stand.clone();
            note.why.clone_from(&why);
            if done {
                note.staged = None;
            }
        });
    }

    /// The meter may be spoken to elsewhere now: it is read again there.
    fn moved(&self, meter: Known, place: Place) {
        self.baud.show(place.line.baud);
        let mut moved = meter;
        moved.address = place.address;
        match place.address {
            Address::Primary(address) => moved.found.address = address,
            Address::Secondary(identity) => moved.found = Found { identity, ..moved.found },
        }
        let same = |other: &Known| other.found.identity == meter.found.identity;
        self.known.update(|known| {
            for other in known.iter_mut().filter(|other| same(other)) {
                *other = moved;
            }
        });
        self.meter.chosen.set(Some(moved));
        // The work that calls this ends first.
        let own = self.clone();
        soon(move || own.read_on(moved));
    }
}

fn summary(reports: &[StepReport]) -> String {
    let count =
        |wanted: fn(&Outcome) -> bool| reports.iter().filter(|report| wanted(&report.outcome)).count();
    let parts = [
        (count(|it| matches!(it, Outcome::Confirmed { .. })), "confirmed by reading back"),
        (count(|it| matches!(it, Outcome::Acknowledged)), "acknowledged, which proves nothing"),
        (count(|it| matches!(it, Outcome::Refused { .. } | Outcome::NotTaken { .. })), "refused"),
        (count(|it| matches!(it, Outcome::Unknown { .. })), "unknown"),
        (count(|it| matches!(it, Outcome::NotSent { .. })), "not sent"),
    ];
    let told: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    format!("{}.", told.join(", "))
}
