//! Setting up one meter, from top to bottom: what it has, the changes, the rehearsal on its twin, writing with proof, putting
//! back as found, the report.

mod changes;
mod glass;
mod passport;
mod record;
mod rehearsal;
pub mod subject;
mod twin;
mod write;

use std::future::Future;
use std::rc::Rc;

use dom::parts::state;
use dom::signal::{Sig, memo};
use dom::{El, button, el};

use self::changes::Form;
use self::rehearsal::Rehearsed;
use self::subject::{Meter, Read};
use crate::cabinet::{Cabinet, Spoken};
use crate::find;

/// A step and what became of it, on the twin or in the meter.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The key of the setting or command.
    key: &'static str,
    /// What became of it, in a word.
    word: &'static str,
    /// The same in sentences.
    text: String,
    /// What the display shows of it, before and after, where it does.
    display: Option<(String, String)>,
}

/// Class and words of what became of a step. What was acknowledged only is never shown as good.
fn stand(word: &str) -> (&'static str, &'static str) {
    match word {
        "confirmed" => ("confirmed", "confirmed by reading back"),
        "acknowledged" => ("unknown", "acknowledged, cannot be read back"),
        "refused" => ("refused", "refused"),
        "not taken" => ("refused", "not taken"),
        "not sent" => ("notsent", "not sent"),
        _ => ("unknown", "unknown"),
    }
}

impl Told {
    /// Its line in a list.
    fn element(&self) -> El {
        let (class, word) = stand(self.word);
        let mut line = el("li", "deed").add(state(class, word)).add(el("span", "").text(&self.text));
        if let Some((before, after)) = &self.display {
            line = line.add(el("small", "").text(&format!("Display: {before} → {after}")));
        }
        line
    }
}

/// The view.
#[derive(Clone)]
pub struct Setup {
    cabinet: Cabinet,
    /// The meter in hand.
    meter: Sig<Option<Meter>>,
    /// What it told last.
    read: Sig<Option<Read>>,
    /// What it told first, before anything was changed here.
    first: Sig<Option<Read>>,
    /// It could not be read again: what is shown was true at an earlier time.
    old: Sig<bool>,
    /// It is to be read as soon as the line is free.
    due: Sig<bool>,
    form: Form,
    rehearsal: Sig<Option<Rc<Rehearsed>>>,
    /// What became of what was written last.
    reports: Sig<Rc<Vec<Told>>>,
    /// Whether is asked about what cannot be undone.
    asks: Sig<bool>,
    /// Counts the changes of the record.
    recorded: Sig<u32>,
    /// Who writes the report, and where the meter is.
    operator: Sig<String>,
    site: Sig<String>,
}

/// The elements of the view.
pub fn view(cabinet: &Cabinet) -> Vec<El> {
    let own = Setup {
        cabinet: cabinet.clone(),
        meter: Sig::default(),
        read: Sig::default(),
        first: Sig::default(),
        old: Sig::new(false),
        due: Sig::new(false),
        form: Form::new(),
        rehearsal: Sig::default(),
        reports: Sig::default(),
        asks: Sig::new(false),
        recorded: Sig::default(),
        operator: Sig::default(),
        site: Sig::default(),
    };
    own.follow_hand();
    own.follow_line();
    own.follow_changes();
    own.elements()
}

/// A step of the view: its number, its title, what it is for.
fn step(number: u8, title: &str, what: &str, inside: Vec<El>) -> El {
    el("section", "step")
        .attr("aria-label", title)
        .all(vec![
            el("h3", "").add(el("b", "no").text(&number.to_string())).text(title),
            el("p", "small").text(what),
        ])
        .all(inside)
}

impl Setup {
    /// Another meter was taken in hand, or none.
    fn follow_hand(&self) {
        let (own, hand) = (self.clone(), self.cabinet.hand);
        dom::watch(Box::new(move || {
            let meter = hand.with(|hand| hand.as_ref().map(Meter::of));
            let same = own.meter.with_untracked(|before| match (before, &meter) {
                (Some(before), Some(meter)) => before.serial.is_some() && before.serial == meter.serial,
                _ => false,
            });
            let readable = |meter: Meter| meter.entry.is_some() || meter.spoken() == Spoken::Mbus;
            own.due.set(meter.is_some_and(readable));
            if !same {
                own.read.set(None);
                own.first.set(None);
                own.reports.set(Rc::default());
                own.asks.set(false);
                own.form.open(meter.as_ref());
            }
            own.meter.set(meter);
        }));
    }

    /// What is due is read once the view is open and the line is free.
    fn follow_line(&self) {
        let own = self.clone();
        dom::watch(Box::new(move || {
            if own.due.get() && own.cabinet.at("setup") && !own.cabinet.work.runs() {
                own.due.set(false);
                own.read_now();
            }
        }));
    }

    /// Begins a piece of work on the line.
    fn work_on(&self, what: &str, work: impl Future<Output = ()> + 'static) {
        self.cabinet.say.set(Default::default());
        self.work_on_too(what, work);
    }

    /// The same; what came of the work before stays said.
    fn work_on_too(&self, what: &str, work: impl Future<Output = ()> + 'static) {
        let own = self.clone();
        let stopped = move |what: &str| {
            own.broken_off();
            own.cabinet.tell(format!("Stopped. {what}."), true);
        };
        self.cabinet.work.start(what, self.cabinet.now(), stopped, work);
    }

    fn elements(&self) -> Vec<El> {
        let (own, meter) = (self.clone(), self.meter);
        let there = memo(move || {
            meter.with(|meter| meter.as_ref().map(|meter| (meter.serial, meter.entry.is_some())))
        });
        let body = el("div", "").shows(move || match there.get() {
            None => vec![own.nobody()],
            Some((_, false)) => vec![own.heading(), el("p", "note").text(subject::UNKNOWN)],
            Some((_, true)) => vec![
                own.heading(),
                own.read_step(),
                own.changes_step(),
                own.rehearsal_step(),
                own.write_step(),
                own.back_step(),
                own.passport_step(),
            ],
        });
        vec![self.broken_sessions(), body, self.question()]
    }

    /// Nothing is in hand.
    fn nobody(&self) -> El {
        let own = self.cabinet.clone();
        el("div", "empty")
            .add(el("p", "").text("No meter is in hand. Find one first; then it is read, rehearsed on its twin and set up here."))
            .add(button("btn main", "Find a meter", move |_| own.go("find")))
    }

    fn heading(&self) -> El {
        let (hand, meter) = (self.cabinet.hand, self.meter);
        let title =
            el("h2", "").says(move || hand.with(|hand| hand.as_ref().map_or_else(String::new, find::name)));
        let place = el("span", "small").says(move || {
            meter.with(|meter| {
                meter.as_ref().map_or_else(String::new, |meter| {
                    let serial = meter.serial.map_or("no serial number".to_owned(), commission::serial_text);
                    format!("{serial}, {}", meter.place_text())
                })
            })
        });
        el("div", "inhand").add(title).add(place)
    }
}
