//! Find my meter: one button asks for everything that may be on the line, the likely places first. What is found stands there at
//! once; the search can be paused, stopped and gone on with.

mod field;
mod mbus;
mod options;
mod results;

use std::cell::RefCell;
use std::rc::Rc;

use commission::diagnosis::{Cause, Symptoms, Tally, diagnose};
use commission::find::{Control, FindEnd, FindEvent, FindSettings, Finder, SearchScope, factory_places};
use commission::{Place, Port as _, Transport};
use dom::frames::Frames;
use dom::host::Line;
use dom::react::untrack;
use dom::signal::Sig;
use dom::{El, button, el};
use units::LineParams;

use self::field::Field;
use self::mbus::MbusSearch;
use self::options::Options;
use self::results::Remark;
pub use self::results::name;
use crate::cabinet::{Cabinet, Spoken};

/// How far the search is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing was asked yet.
    #[default]
    Before,
    /// It goes on.
    Runs,
    /// It was stopped, or the port has gone: it can go on where it was.
    Stopped,
    /// Everything was asked.
    Done,
}

/// A search that can go on where it was stopped.
enum Search {
    Modbus(Box<Finder<Line, Frames>>),
    Mbus(MbusSearch),
}

/// The line of meters as they leave the factory, where a search begins.
fn home() -> Place {
    let first = factory_places().first().copied();
    first.unwrap_or(Place { line: LineParams::even(9_600), unit: 1 })
}

/// The view.
#[derive(Clone)]
struct Find {
    cabinet: Cabinet,
    options: Options,
    field: Field,
    stage: Sig<Stage>,
    remarks: Sig<Rc<Vec<Remark>>>,
    search: Rc<RefCell<Option<Search>>>,
    control: Control,
}

/// The elements of the view.
pub fn view(cabinet: &Cabinet) -> Vec<El> {
    let own = Find {
        cabinet: cabinet.clone(),
        options: Options::new(cabinet.spoken),
        field: Field::default(),
        stage: Sig::default(),
        remarks: Sig::default(),
        search: Rc::default(),
        control: Control::default(),
    };
    own.follow_lines();
    own.elements()
}

/// What a search has done.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The adapter repeats what is sent.
    echo: bool,
    sent: u32,
    /// Everywhere where a model of this program can be.
    whole: bool,
}

impl Find {
    /// Another line was taken: nothing of the old search stands. An adapter that is opened here is searched at once.
    fn follow_lines(&self) {
        let (own, lines) = (self.clone(), self.cabinet.lines);
        dom::watch(Box::new(move || {
            lines.get();
            *own.search.borrow_mut() = None;
            own.stage.set(Stage::Before);
            own.remarks.set(Rc::default());
            own.field.clear();
        }));
        let (own, plugged) = (self.clone(), self.cabinet.plugged);
        dom::watch(Box::new(move || {
            if plugged.get() > 0 {
                untrack(|| {
                    if own.cabinet.at("find") {
                        own.anew();
                    }
                });
            }
        }));
    }

    fn elements(&self) -> Vec<El> {
        vec![el("div", "findgrid").all(vec![
            el("section", "search").attr("aria-label", "Search").all(vec![
                self.acts(),
                self.options.element(),
                self.field.element(),
                self.note(),
            ]),
            el("section", "finds").attr("aria-label", "Found").all(self.results()),
        ])]
    }

    /// The buttons that begin.
    fn acts(&self) -> El {
        let (stage, work, real) = (self.stage, self.cabinet.work.clone(), self.cabinet.clone());
        let (go_on, anew) = (self.clone(), self.clone());
        let main = el("button", "btn main")
            .attr("type", "button")
            .says(move || {
                match stage.get() {
                    Stage::Before | Stage::Done => "Find my meter",
                    Stage::Runs => "Searching…",
                    Stage::Stopped => "Go on searching",
                }
                .to_owned()
            })
            .flag_if("disabled", move || work.runs())
            .on("click", move |_| match stage.get_untracked() {
                Stage::Stopped => go_on.start(),
                _ => go_on.anew(),
            });
        let work = self.cabinet.work.clone();
        let again = button("btn", "Search anew", move |_| anew.anew())
            .flag_if("hidden", move || stage.get() != Stage::Stopped)
            .flag_if("disabled", move || work.runs());
        let big = el("h3", "big").says(move || {
            let real = real.spoken.with(|_| real.way().source.real());
            match (stage.get(), real) {
                (Stage::Runs, _) => "Looking for your meter",
                (Stage::Stopped, _) => "The search was stopped",
                (Stage::Done, _) => "The search is done",
                (Stage::Before, true) => "Who is on this line?",
                (Stage::Before, false) => "Who is on the rail?",
            }
            .to_owned()
        });
        el("div", "begin").add(big).add(el("div", "acts").add(main).add(again))
    }

    /// What a search does to a bus.
    fn note(&self) -> El {
        let own = self.cabinet.clone();
        el("p", "note").says(move || match own.spoken.get() {
            Spoken::Modbus => {
                "Only reads are sent. The factory settings are tried first, then the usual ones. A second master on this bus, such \
                 as a charging station, will notice: choose “Listen first” if there may be one."
            }
            Spoken::Mbus => {
                "Nothing is changed. Meters are searched by their numbers first, so that those with one address are told apart, \
                 then by address at the same speeds, the slow ones last."
            }
        }
        .to_owned())
    }

    /// Begins from the start.
    fn anew(&self) {
        if self.cabinet.work.runs() {
            return;
        }
        let Some(search) = self.prepared() else { return };
        *self.search.borrow_mut() = Some(search);
        self.remarks.set(Rc::default());
        self.cabinet.found.set(Rc::default());
        self.cabinet.hand.set(None);
        self.start();
    }

    /// A search for what the options say; where they are wrong they say so themselves.
    fn prepared(&self) -> Option<Search> {
        match self.cabinet.spoken.get_untracked() {
            Spoken::Modbus => {
                let (scope, settings) = self.options.modbus()?;
                self.field.modbus(&scope);
                Some(Search::Modbus(Box::new(self.finder(&scope, settings))))
            }
            Spoken::Mbus => {
                let search = MbusSearch::new(self.options.mbus()?);
                self.field.mbus(&search);
                Some(Search::Mbus(search))
            }
        }
    }

    fn finder(&self, scope: &SearchScope, settings: FindSettings) -> Finder<Line, Frames> {
        let (line, frames) = (self.cabinet.way().line.clone(), self.cabinet.frames.clone());
        Finder::new(line, Transport::Rtu, home().line, scope, settings, self.control.clone(), frames)
    }

    /// Goes on from where the search is.
    fn start(&self) {
        let (own, control) = (self.clone(), self.control.clone());
        control.resume();
        self.cabinet.say.set(Default::default());
        self.stage.set(Stage::Runs);
        let stopped = self.clone();
        let stop = move |what: &str| {
            stopped.field.rest();
            stopped.stage.set(Stage::Stopped);
            stopped.cabinet.tell(format!("Stopped. {what}. What was found stays."), false);
        };
        self.cabinet.work.start("Searching", self.cabinet.now(), stop, async move {
            own.run().await;
            own.field.rest();
        });
        self.cabinet.work.pausable(move |pause| if pause { control.pause() } else { control.resume() });
    }

    // The search is held for as long as the work lives, and there is one piece of work at a time.
    #[allow(clippy::await_holding_refcell_ref)]
    async fn run(&self) {
        let mut held = self.search.borrow_mut();
        let told = match &mut *held {
            Some(Search::Modbus(finder)) => {
                // Other work may have set the port meanwhile.
                let tuned = self.cabinet.way().line.clone().reconfigure(finder.line()).await;
                let end = match tuned {
                    Ok(()) => finder.run(&mut |event| self.take(&event)).await,
                    Err(fault) => Err(fault),
                };
                end.map(|end| {
                    let (echo, sent) = (finder.heard_echo(), finder.sent());
                    (end, Asked { echo, sent, whole: finder.position().scope.is_whole() })
                })
            }
            Some(Search::Mbus(search)) => {
                search.run(self).await.map(|(end, echo)| (end, Asked { echo, sent: 0, whole: false }))
            }
            None => return,
        };
        drop(held);
        match told {
            Ok((end, asked)) => self.conclude(&end, asked),
            Err(fault) => {
                self.stage.set(Stage::Stopped);
                self.cabinet.tell(fault.to_string(), true);
            }
        }
    }

    /// Takes over what the search tells.
    fn take(&self, event: &FindEvent<'_>) {
        match event {
            FindEvent::Listened(listened) => self.cabinet.tell(listened.sentence(), listened.is_busy()),
            FindEvent::Found(finding) => {
                self.field.found(finding);
                self.cabinet.found.update(|found| Rc::make_mut(found).push((*finding).clone()));
            }
            FindEvent::Something(trace) => {
                // Several that answer a question to all are asked one by one: the search does that by itself.
                if trace.diagnosis.cause != Cause::SeveralAtOnce {
                    self.field.damaged(trace.place);
                    self.remark(Remark::of(trace));
                }
            }
            FindEvent::Progress(progress) => {
                self.field.asked(progress.place);
                let permille = progress.asked * 1_000 / progress.total.max(1);
                let what = format!("{progress}. Now {}", progress.place);
                self.cabinet.work.say(&what, u32::try_from(permille).unwrap_or(0));
            }
            FindEvent::Node(_) | FindEvent::Scan(_) | FindEvent::Speed(_) => {}
        }
    }

    fn remark(&self, remark: Remark) {
        self.remarks.update(|remarks| Rc::make_mut(remarks).push(remark));
    }

    /// Says what came of the search.
    fn conclude(&self, end: &FindEnd, asked: Asked) {
        let found = self.cabinet.found.with_untracked(|found| found.len());
        self.stage.set(if *end == FindEnd::Done { Stage::Done } else { Stage::Stopped });
        let echo_seen = if asked.echo { format!(" {}", commission::ECHO_SEEN) } else { String::new() };
        match end {
            FindEnd::OtherMaster(_) => self.cabinet.tell(
                "Nothing more was sent, since others were heard on this line. Disconnect the other master, then go on.",
                true,
            ),
            FindEnd::NeverQuiet => {
                self.cabinet.tell("Nothing more was sent, since others kept talking on this line.", true);
            }
            FindEnd::Stopped => {}
            FindEnd::Done if found == 0 => {
                self.remark(self.nobody(asked));
                self.cabinet.tell("Everything was asked, and no meter answered.", true);
            }
            FindEnd::Done => {
                let many =
                    if found == 1 { "One meter was".to_owned() } else { format!("{found} meters were") };
                self.cabinet.tell(format!("{many} found.{echo_seen}"), false);
            }
        }
    }

    /// What it may be that nobody answers, and the next step.
    fn nobody(&self, asked: Asked) -> Remark {
        let Asked { echo, sent, whole: searched } = asked;
        let heard = self.remarks.with_untracked(|remarks| !remarks.is_empty());
        match self.cabinet.spoken.get_untracked() {
            Spoken::Modbus => {
                let mut tally = Tally { asked: sent, ..Tally::default() };
                *(if echo { &mut tally.only_echo } else { &mut tally.silent }) = sent;
                let diagnosis = diagnose(&Symptoms { searched, ..Symptoms::of(home(), tally, None) });
                let what = if echo {
                    "Only our own words came back; no meter answered anywhere."
                } else {
                    "No meter answered, at any of the speeds, formats and ids that were asked."
                };
                let next = if heard {
                    "What was heard is told above. Mend that first, then search again.".to_owned()
                } else {
                    format!(
                        "{} Then search again: slow or unusual devices need “Thorough” and “Wait longer”; a meter with M-Bus \
                         terminals needs a level converter and “M-Bus” above.",
                        diagnosis.next
                    )
                };
                Remark::plain("Nobody answers", what, &diagnosis.why, &next)
            }
            Spoken::Mbus => Remark::plain(
                "Nobody answers",
                "No meter answered, neither by number nor by address.",
                "The converter has no power, a wire is off, too many meters load the bus, or the meter has another speed.",
                "Check the converter and the two wires; measure 20 to 40 V between them. Then search again.",
            ),
        }
    }
}
