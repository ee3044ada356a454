//! A batch on the bench: new meters that are connected one by one, each with a line of a list. What is certain stands in local
//! storage before it is sent, so that a batch goes on after a crash, an unplugged adapter or a night.

mod desk;
mod kept;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use commission::batch::{Batch, BatchFault, Ended, Label, List, Over, State, labels_page};
use commission::mbus::{self, MbusMemory};
use commission::profile::Profile;
use commission::record::{Record, Where};
use commission::{LineMemory, Place, serial_text};
use dom::parts::{dialog, save, scroll, state};
use dom::signal::Sig;
use dom::{El, button, el, typed};

use self::desk::{Asked, Bench};
use crate::cabinet::{Cabinet, Spoken};
use crate::files::{Take, drops, opens};
use crate::setup::subject::{modbus, over_mbus};

/// So many sentences of what happened are shown.
const TOLD: usize = 60;

/// A line of the list as it stands.
#[derive(Clone, PartialEq)]
struct Shown {
    id: String,
    label: String,
    profile: String,
    serial: String,
    state: State,
}

/// The view.
#[derive(Clone)]
struct Panel {
    cabinet: Cabinet,
    /// The list that was typed or opened, with the profiles beside it by their names.
    text: Sig<String>,
    profiles: Rc<RefCell<BTreeMap<String, String>>>,
    faults: Sig<Vec<String>>,
    /// The bus that the list is for.
    over: Sig<Over>,
    batch: Rc<RefCell<Option<Batch>>>,
    rows: Sig<Vec<Shown>>,
    so_far: Sig<String>,
    /// What happened, the newest first.
    told: Sig<Vec<String>>,
    /// The label of the meter that was done last.
    label: Sig<Option<Label>>,
    asked: Asked,
}

/// The elements of the view.
pub fn view(cabinet: &Cabinet) -> Vec<El> {
    let own = Panel {
        cabinet: cabinet.clone(),
        text: Sig::new(kept::list()),
        profiles: Rc::new(RefCell::new(kept::profiles())),
        faults: Sig::default(),
        over: Sig::new(kept::over()),
        batch: Rc::default(),
        rows: Sig::default(),
        so_far: Sig::default(),
        told: Sig::default(),
        label: Sig::new(None),
        asked: Asked::default(),
    };
    // A batch that was begun here stands as it was left.
    if !own.text.with_untracked(String::is_empty) {
        own.take();
    }
    let (spoken, over, rows) = (cabinet.spoken, own.over, own.rows);
    // A batch that was begun keeps its bus; one that was not goes over the one that is chosen.
    let elsewhere = move || rows.with(|rows| !rows.is_empty()) && over.get() != over_of(spoken.get());
    let other = el("p", "empty").flag_if("hidden", move || !elsewhere()).says(move || {
        let bus = if over.get() == Over::Mbus { "M-Bus" } else { "Modbus" };
        format!("The batch that was begun here goes over the {bus}: choose that bus above.")
    });
    let inside = el("div", "batch").flag_if("hidden", elsewhere);
    vec![other, inside.all(vec![own.list(), own.bench(), own.table(), own.question()])]
}

const fn over_of(spoken: Spoken) -> Over {
    match spoken {
        Spoken::Modbus => Over::Modbus,
        Spoken::Mbus => Over::Mbus,
    }
}

impl Panel {
    /// A list that somebody gives goes over the bus that is chosen, unless a batch was begun: that one keeps its bus.
    fn given(&self) {
        if kept::journal().is_empty() {
            self.over.set(over_of(self.cabinet.spoken.get_untracked()));
        }
        self.take();
    }

    /// Reads the list with the profiles that are here, and what is certain of it.
    fn take(&self) {
        let text = self.text.get_untracked();
        let profiles = self.profiles.borrow().clone();
        let mut named = |name: &str| {
            let text = profiles.get(name).or_else(|| profiles.get(&format!("{name}.json")));
            let text = text.ok_or_else(|| format!("there is no profile “{name}”: open its file too"))?;
            Profile::parse(text).map_err(|faults| {
                faults.iter().map(|fault| format!("{name}, {fault}")).collect::<Vec<_>>().join("; ")
            })
        };
        let over = self.over.get_untracked();
        let list = match List::parse(&text, over, &mut named) {
            Ok(list) => list,
            Err(faults) => return self.faults.set(faults.iter().map(ToString::to_string).collect()),
        };
        match Batch::new(list, Record::parse(&kept::journal())) {
            Ok(batch) => {
                kept::keep(&text, &profiles, over);
                self.faults.set(Vec::new());
                *self.batch.borrow_mut() = Some(batch);
                self.show();
            }
            Err(faults) => {
                let mut said: Vec<String> = faults.iter().map(|fault| format!("{fault}.")).collect();
                said.push("Another batch is kept here. Forget it first, or open its own list.".to_owned());
                self.faults.set(said);
            }
        }
    }

    /// The table as the batch stands.
    fn show(&self) {
        let batch = self.batch.borrow();
        let Some(batch) = batch.as_ref() else {
            self.rows.set(Vec::new());
            return self.so_far.set(String::new());
        };
        let rows = batch.list().rows().iter().enumerate().map(|(number, row)| Shown {
            id: row.id.to_string(),
            label: row.label.clone(),
            profile: row.profile.clone(),
            serial: batch.seat(number).map_or(String::new(), |seat| serial_text(seat.serial)),
            state: batch.state(number),
        });
        self.rows.set(rows.collect());
        self.so_far.set(batch.sentence());
    }

    fn note(&self, sentence: String) {
        self.told.update(|told| {
            told.insert(0, sentence);
            told.truncate(TOLD);
        });
    }

    fn begin(&self) {
        let cabinet = &self.cabinet;
        let place = self.batch.borrow().as_ref().and_then(|batch| batch.arrivals().first().copied());
        let Some(place) = place.filter(|_| !cabinet.work.runs()) else { return };
        cabinet.say.set(Default::default());
        self.label.set(None);
        let (own, stopped) = (self.clone(), self.clone());
        let ends = move |_: &str| {
            stopped.asked.give_up();
            stopped.show();
            stopped.cabinet.tell(
                "Stopped. What went out before stands in the journal; Begin goes on from there.",
                false,
            );
        };
        cabinet.work.start("Waiting for a meter", cabinet.now(), ends, async move {
            let ended = match place {
                Where::Modbus(place) => own.over_modbus(place).await,
                Where::Mbus(place) => own.over_mbus(place).await,
            };
            match ended {
                Ok(()) => own.cabinet.tell(own.so_far.get_untracked(), false),
                Err(why) => own.cabinet.tell(why, true),
            }
        });
    }

    // The batch is held for as long as the work lives, and there is one piece of work at a time.
    #[allow(
        clippy::await_holding_refcell_ref,
        reason = "there is one piece of work at a time, and the table is a copy"
    )]
    async fn over_modbus(&self, place: Place) -> Result<(), String> {
        let mut memory = LineMemory::default();
        let mut bus =
            modbus(&self.cabinet, place, None, &mut memory).await.map_err(|fault| fault.to_string())?;
        let mut book = kept::begin().await.map_err(|why| format!("Nothing was sent: {why}."))?;
        let mut bench = Bench { panel: self.clone() };
        loop {
            let ended = match self.batch.borrow_mut().as_mut() {
                Some(batch) => batch.next(&mut bus, &mut book, &mut bench).await,
                None => return Ok(()),
            };
            if self.ended(ended)? {
                return Ok(());
            }
        }
    }

    #[allow(
        clippy::await_holding_refcell_ref,
        reason = "there is one piece of work at a time, and the table is a copy"
    )]
    async fn over_mbus(&self, place: mbus::Place) -> Result<(), String> {
        let mut memory = MbusMemory::default();
        let mut bus =
            over_mbus(&self.cabinet, place, &mut memory).await.map_err(|fault| fault.to_string())?;
        let mut book = kept::begin().await.map_err(|why| format!("Nothing was sent: {why}."))?;
        let mut bench = Bench { panel: self.clone() };
        loop {
            let ended = match self.batch.borrow_mut().as_mut() {
                Some(batch) => batch.next_mbus(&mut bus, &mut book, &mut bench).await,
                None => return Ok(()),
            };
            if self.ended(ended)? {
                return Ok(());
            }
        }
    }

    /// A meter is done or left; true where no other is waited for.
    fn ended(&self, ended: Result<Ended, BatchFault>) -> Result<bool, String> {
        self.show();
        match ended {
            Ok(Ended::Row(row)) => self.done(row),
            Ok(Ended::Left(_)) => {}
            Ok(Ended::All | Ended::Nobody) => return Ok(true),
            Err(fault) => {
                return Err(format!("{fault} {} Begin goes on from there.", self.so_far.get_untracked()));
            }
        }
        Ok(false)
    }

    fn done(&self, row: usize) {
        let label = self.batch.borrow().as_ref().and_then(|batch| batch.label(row));
        self.label.set(label);
    }

    /// The list: opened, dropped or typed.
    fn list(&self) -> El {
        let (text, own) = (self.text, self.clone());
        let take: Take = Rc::new(move |name, content| {
            match name.strip_suffix(".json") {
                Some(profile) => drop(own.profiles.borrow_mut().insert(profile.to_owned(), content)),
                None => own.text.set(content),
            }
            if !own.text.with_untracked(String::is_empty) {
                own.given();
            }
        });
        let field = el("textarea", "text mono")
            .attr("rows", "6")
            .attr("spellcheck", "false")
            .attr("aria-label", "The list, as comma-separated values")
            .attr("placeholder", "id,label,scroll-time\n11,Flat 1,15\n12,Flat 2,15")
            .value(move || text.get())
            .on("input", move |event| text.set(typed(&event)));
        let (own, work) = (self.clone(), self.cabinet.work.clone());
        let read = button("btn", "Take this list", move |_| own.given())
            .flag_if("disabled", move || work.runs() || text.with(|text| text.trim().is_empty()));
        let (own, work, rows) = (self.clone(), self.cabinet.work.clone(), self.rows);
        let forget = button("btn plain", "Forget this batch", move |_| own.asked.forget.set(true))
            .flag_if("hidden", move || rows.with(Vec::is_empty))
            .flag_if("disabled", move || work.runs());
        let faults = self.faults;
        let wrong = el("ul", "wrong-text")
            .attr("role", "alert")
            .flag_if("hidden", move || faults.with(Vec::is_empty))
            .shows(move || {
                faults.with(|faults| faults.iter().map(|fault| el("li", "").text(fault)).collect())
            });
        let files = "Files are opened or dropped here: the list, and a .json for each profile that it names.";
        el("section", "").all(vec![
            el("h3", "").text("The list"),
            el("p", "small").text(
                "One line a meter. Only the column id is needed; others are profile, serial, confirm (the last four digits of the serial \
                 number, for what cannot be undone), label, and keys of settings.",
            ),
            drops(field, take.clone()),
            el("div", "acts").all(vec![read, opens("Open a file…", ".csv,.json,text/csv", take), forget]),
            el("p", "small").text(files),
            wrong,
        ])
    }

    /// What goes on.
    fn bench(&self) -> El {
        let (own, work, rows) = (self.clone(), self.cabinet.work.clone(), self.rows);
        let all_done = move || {
            rows.with(|rows| rows.iter().all(|row| matches!(row.state, State::Done | State::Acknowledged)))
        };
        let begin = button("btn main", "Begin", move |_| own.begin())
            .flag_if("disabled", move || work.runs() || all_done());
        let so_far = self.so_far;
        let (told, label) = (self.told, self.label);
        let events = el("ol", "happened")
            .attr("aria-live", "polite")
            .shows(move || told.with(|told| told.iter().map(|line| el("li", "").text(line)).collect()));
        let card =
            el("div", "label").flag_if("hidden", move || label.with(Option::is_none)).shows(move || {
                label.with(|label| {
                    let Some(label) = label else { return Vec::new() };
                    let lines = label
                        .lines
                        .iter()
                        .flat_map(|[name, value]| [el("dt", "").text(name), el("dd", "").text(value)]);
                    vec![el("b", "").text(&label.title), el("dl", "facts").all(lines.collect())]
                })
            });
        let print = button("btn", "Save this label", move |_| {
            if let Some(label) = label.get_untracked() {
                save("label.html", "text/html", &labels_page(&[label]));
            }
        })
        .flag_if("hidden", move || label.with(Option::is_none));
        el("section", "")
            .flag_if("hidden", move || rows.with(Vec::is_empty))
            .all(vec![
                el("h3", "").text("On the bench"),
                el("p", "small").text(
                    "Connect one new meter at a time. Each that comes up is written at once, proven and read back at its new place; then \
                     take it off and connect the next.",
                ),
                el("div", "acts").add(begin).add(el("span", "").attr("role", "status").says(move || so_far.get())),
                card,
                print,
                events,
            ])
    }

    /// The lines with how far they are.
    fn table(&self) -> El {
        let rows = self.rows;
        let body = el("tbody", "").shows(move || {
            rows.with(|rows| {
                rows.iter()
                    .map(|row| {
                        let word = match row.state {
                            State::Free => ("quiet", "waits for a meter"),
                            State::Begun => ("unknown", "begun, not proven"),
                            State::Acknowledged => ("unknown", "acknowledged"),
                            State::Done => ("confirmed", "done"),
                        };
                        el("tr", "").all(vec![
                            el("th", "num-r").attr("scope", "row").text(&row.id),
                            el("td", "mono").text(&row.serial),
                            el("td", "").text(&row.label),
                            el("td", "words").text(&row.profile),
                            el("td", "").add(state(word.0, word.1)),
                        ])
                    })
                    .collect()
            })
        });
        let heads = ["Id", "Serial number", "Label", "Profile", "How far"].into_iter().enumerate().map(
            |(at, word)| {
                let class = match at {
                    0 => "num-r",
                    3 => "words",
                    _ => "",
                };
                el("th", class).attr("scope", "col").text(word)
            },
        );
        let table = el("table", "points")
            .add(el("caption", "vh").text("The lines of the list"))
            .add(el("thead", "").add(el("tr", "").all(heads.collect())))
            .add(body);
        let (report, labels) = (self.clone(), self.clone());
        let work = self.cabinet.work.clone();
        let to_csv = button("btn", "Save the report", move |_| {
            if let Some(batch) = report.batch.borrow().as_ref() {
                save("batch.csv", "text/csv", &batch.to_csv());
            }
        })
        .flag_if("disabled", move || work.runs());
        let work = self.cabinet.work.clone();
        let to_labels = button("btn", "Save all labels", move |_| {
            if let Some(batch) = labels.batch.borrow().as_ref() {
                let all: Vec<Label> =
                    (0..batch.list().rows().len()).filter_map(|row| batch.label(row)).collect();
                save("labels.html", "text/html", &labels_page(&all));
            }
        })
        .flag_if("disabled", move || {
            work.runs() || rows.with(|rows| !rows.iter().any(|row| row.state == State::Done))
        });
        el("section", "found")
            .flag_if("hidden", move || rows.with(Vec::is_empty))
            .add(scroll("The lines of the list").add(table))
            .add(el("div", "acts").add(to_csv).add(to_labels))
    }

    /// What is asked: digits for what cannot be undone, and whether all of it is forgotten.
    fn question(&self) -> El {
        let own = self.clone();
        let forget = dialog(self.asked.forget, "Forget this batch?", move || {
            let (yes, asks) = (own.clone(), own.asked.forget);
            let text = "The list and the journal go: which meter has which line, and what is proven. Save the report first. The meters \
                        stay as they are.";
            let acts = el("footer", "").add(button("btn", "Keep it", move |_| asks.set(false))).add(button(
                "btn main",
                "Forget it",
                move |_| {
                    asks.set(false);
                    kept::forget();
                    yes.profiles.borrow_mut().clear();
                    *yes.batch.borrow_mut() = None;
                    yes.text.set(String::new());
                    yes.told.set(Vec::new());
                    yes.label.set(None);
                    yes.show();
                },
            ));
            vec![el("div", "body").add(el("p", "").text(text)), acts]
        });
        el("div", "").add(forget).add(self.asked.question())
    }
}
