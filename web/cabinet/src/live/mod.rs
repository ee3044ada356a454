//! Values of a meter as they change: asked one request after the other, drawn as lines, with two cursors.
//!
//! One request is outstanding at a time. What is missing is a gap with its cause, never a line over it.

mod draw;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use commission::find::Finding;
use commission::live::{CsvLayout, Live, MbusLive, Next, Rate, Series, SeriesFile};
use commission::mbus::{self, MbusLine, MbusMemory, MbusTiming};
use commission::plot::View;
use commission::{Line as Bus, LineMemory, Place, Timing, Transport, Wall, names};
use dom::parts::{choices, save};
use dom::signal::Sig;
use dom::{El, button, el};
use models::Entry;
use schema::{Rule, Source};
use units::{Duration, Instant, LineParams, decimal};

use crate::cabinet::Cabinet;

/// Times that a plot may show, in s.
const SPANS: [(u32, &str); 5] =
    [(10, "10 s"), (60, "1 min"), (600, "10 min"), (3_600, "1 h"), (14_400, "4 h")];

/// How often a round begins, in ms; 0: the next one at once.
const PERIODS: [(u32, &str); 5] =
    [(0, "at once"), (1_000, "1 s"), (10_000, "10 s"), (60_000, "1 min"), (900_000, "15 min")];

/// The picture is drawn anew so often at most, in µs.
const REDRAW_US: u64 = 150_000;

/// So many marks are kept of a series: a shift at ten a second.
const KEPT: usize = 300_000;

/// One value of each of these is chosen at first: what an installer looks at to see that a meter measures.
const FIRST: [&str; 4] = ["V", "A", "kW", "W"];

/// What is asked.
enum Watched {
    Modbus(Live),
    Mbus(MbusLive),
}

impl Watched {
    fn series(&self) -> &[Series] {
        match self {
            Self::Modbus(live) => live.series(),
            Self::Mbus(live) => live.series(),
        }
    }

    fn rate(&self) -> Option<Rate> {
        match self {
            Self::Modbus(live) => live.rate(),
            Self::Mbus(live) => live.rate(),
        }
    }
}

/// A meter that can be watched.
#[derive(Clone)]
enum Target {
    Modbus { place: Place, entry: &'static Entry, serial: Option<u32> },
    Mbus { line: LineParams, address: mbus::Address, entry: Option<&'static Entry>, serial: Option<u32> },
}

/// A value that can be chosen.
#[derive(Clone)]
struct Choice {
    key: String,
    label: String,
    /// It is chosen when nobody has chosen yet.
    first: bool,
}

/// The view.
#[derive(Clone)]
struct Watch {
    cabinet: Cabinet,
    choices: Sig<Rc<Vec<Choice>>>,
    chosen: Sig<Vec<String>>,
    /// In ms.
    every: Sig<u32>,
    watched: Rc<RefCell<Option<Watched>>>,
    target: Rc<RefCell<Option<Target>>>,
    wall: Rc<Cell<Option<Wall>>>,
    /// The time that a picture shows, while it follows what comes.
    now: Rc<Cell<Instant>>,
    view: Sig<View>,
    /// The cursors, once they were set.
    cursors: Sig<Option<[Instant; 2]>>,
    /// A picture was drawn with what came up to then.
    drawn: Sig<u64>,
}

/// The elements of the view.
pub fn view(cabinet: &Cabinet) -> Vec<El> {
    let own = Watch {
        cabinet: cabinet.clone(),
        choices: Sig::default(),
        chosen: Sig::default(),
        every: Sig::new(0),
        watched: Rc::default(),
        target: Rc::default(),
        wall: Rc::default(),
        now: Rc::default(),
        view: Sig::new(View::new(Duration::from_secs(60))),
        cursors: Sig::new(None),
        drawn: Sig::new(0),
    };
    let (follows, hand) = (own.clone(), cabinet.hand);
    dom::watch(Box::new(move || {
        let target = hand.with(|hand| hand.as_ref().and_then(target_of));
        dom::react::untrack(|| follows.take(target));
    }));
    own.elements()
}

fn target_of(finding: &Finding) -> Option<Target> {
    match finding {
        Finding::Modbus { place, identity, .. } => {
            let identity = identity.as_ref()?;
            Some(Target::Modbus { place: *place, entry: identity.entry?, serial: identity.serial })
        }
        Finding::Mbus { line, meter } => Some(Target::Mbus {
            line: *line,
            address: mbus::Address::Secondary(meter.identity),
            entry: meter.models.one(),
            serial: meter.serial(),
        }),
    }
}

/// Whether the first value with this unit is chosen at first; `units` are those that have one.
fn is_first(unit: &str, units: &mut Vec<String>) -> bool {
    let first = FIRST.contains(&unit) && units.iter().all(|other| other != unit);
    if first {
        units.push(unit.to_owned());
    }
    first
}

/// What can be watched over Modbus.
fn choices_of(entry: &'static Entry) -> Vec<Choice> {
    let mut all: Vec<Choice> = Vec::new();
    let mut units: Vec<String> = Vec::new();
    for row in names::rows(entry) {
        let key = names::key(entry, &row);
        let measured = row.of.rule == Rule::Contiguous && matches!(row.def.source, Source::Point(_));
        if !measured
            || all.iter().any(|choice| choice.key == key)
            || Live::new(entry, &[&key], 1).is_err() && Live::new(entry, &[&key], 125).is_err()
        {
            continue;
        }
        let first = is_first(names::value_text(entry, row.def, 0).unit, &mut units);
        all.push(Choice { label: names::label(entry, &row), key, first });
    }
    all
}

impl Watch {
    /// Another meter: nothing of the one before stays.
    fn take(&self, target: Option<Target>) {
        let choices = match &target {
            Some(Target::Modbus { entry, .. }) => choices_of(entry),
            _ => Vec::new(),
        };
        *self.target.borrow_mut() = target;
        self.forget();
        self.offer(choices);
    }

    fn offer(&self, mut choices: Vec<Choice>) {
        // A meter that tells energies alone: the first of them.
        if choices.iter().all(|choice| !choice.first)
            && let Some(choice) = choices.first_mut()
        {
            choice.first = true;
        }
        self.chosen
            .set(choices.iter().filter(|choice| choice.first).map(|choice| choice.key.clone()).collect());
        self.choices.set(Rc::new(choices));
    }

    /// Nothing that came stays.
    fn forget(&self) {
        *self.watched.borrow_mut() = None;
        self.cursors.set(None);
        self.view.update(|view| view.hold(Instant::ZERO, false));
        self.redraw();
    }

    fn redraw(&self) {
        self.drawn.update(|drawn| *drawn += 1);
    }

    /// Reads something of the series; nothing where nothing was asked yet.
    fn with<T>(&self, read: impl FnOnce(&Watched) -> T) -> Option<T> {
        self.watched.borrow().as_ref().map(read)
    }

    fn start(&self) {
        let Some(target) = self.target.borrow().clone() else { return };
        let cabinet = &self.cabinet;
        if cabinet.work.runs() {
            return;
        }
        cabinet.say.set(Default::default());
        let now = cabinet.now();
        self.wall.set(Some(Wall::new(unix_micros(), now)));
        let (own, stopped) = (self.clone(), self.clone());
        let ends = move |_: &str| stopped.pause();
        cabinet.work.start("Watching", now, ends, async move {
            let failed = match target {
                Target::Modbus { place, entry, .. } => own.over_modbus(place, entry).await,
                Target::Mbus { line, address, .. } => own.over_mbus(line, address).await,
            };
            if let Err(why) = failed {
                own.cabinet.tell(why, true);
            }
            own.redraw();
        });
    }

    /// What came stays; from now on there is a gap.
    fn pause(&self) {
        let now = self.cabinet.now();
        match self.watched.borrow_mut().as_mut() {
            Some(Watched::Modbus(live)) => live.pause(now, commission::live::Cause::Paused),
            Some(Watched::Mbus(live)) => live.pause(now, commission::live::Cause::Paused),
            None => {}
        }
        self.now.set(now);
        self.redraw();
    }

    /// A step is over: the picture follows, unless it was drawn a moment ago.
    fn stepped(&self, now: Instant, last: &mut Instant) {
        self.now.set(now);
        if now.since(*last).as_micros() >= REDRAW_US {
            *last = now;
            let rate = self.with(Watched::rate).flatten();
            let what = rate.map_or_else(|| "Watching".to_owned(), |rate| format!("Watching, {rate}"));
            self.cabinet.work.tell(&what, None, now);
            self.redraw();
        }
    }

    async fn over_modbus(&self, place: Place, entry: &'static Entry) -> Result<(), String> {
        let mut memory = LineMemory::default();
        let (line, frames) = (self.cabinet.way().line.clone(), self.cabinet.frames.clone());
        let mut bus = Bus::new(line, &mut memory, Transport::Rtu, place, Timing::default(), frames);
        bus.set_entry(Some(entry));
        commission::Bus::reconfigure(&mut bus, place.line).await.map_err(|fault| fault.to_string())?;
        {
            let chosen = self.chosen.get_untracked();
            let keys: Vec<&str> = chosen.iter().map(String::as_str).collect();
            let mut watched = self.watched.borrow_mut();
            let same = matches!(watched.as_ref(), Some(Watched::Modbus(live)) if live.series().iter().map(|it| it.key.as_str()).eq(keys.iter().copied()));
            if !same {
                let mut live =
                    Live::new(entry, &keys, modbus::pdu::MAX_READ).map_err(|why| format!("{why}."))?;
                live.keep(KEPT);
                *watched = Some(Watched::Modbus(live));
            }
            if let Some(Watched::Modbus(live)) = watched.as_mut() {
                live.set_every(Duration::from_millis(u64::from(self.every.get_untracked())));
                live.resume(commission::Bus::now(&bus));
            }
        }
        let mut last = Instant::ZERO;
        loop {
            // Who draws or saves borrows the series while a request is on its way.
            let now = commission::Bus::now(&bus);
            let outcome = match self.modbus(|live| live.next(now)) {
                None | Some(Next::Nothing) => return Ok(()),
                Some(Next::Wait(pause)) => {
                    let waited = commission::Bus::wait(&mut bus, pause).await;
                    self.modbus(|live| live.waited(now, waited))
                }
                Some(Next::Ask(span)) => {
                    let words = commission::live::ask(&mut bus, span).await;
                    let then = commission::Bus::now(&bus);
                    self.modbus(|live| live.answered(now, then, words).map(drop))
                }
            };
            self.stepped(commission::Bus::now(&bus), &mut last);
            outcome.unwrap_or(Ok(())).map_err(|fault| {
                commission::sentence(
                    &fault,
                    &commission::Context { place, entry: Some(entry), request: None },
                )
            })?;
        }
    }

    /// Works on what is asked over Modbus; nothing where it was given up meanwhile.
    fn modbus<T>(&self, work: impl FnOnce(&mut Live) -> T) -> Option<T> {
        match self.watched.borrow_mut().as_mut() {
            Some(Watched::Modbus(live)) => Some(work(live)),
            _ => None,
        }
    }

    async fn over_mbus(&self, line: LineParams, address: mbus::Address) -> Result<(), String> {
        let place = mbus::Place { line, address };
        let told = |fault: mbus::Fault| mbus::sentence(&fault, place);
        let mut memory = MbusMemory::default();
        let (port, frames) = (self.cabinet.way().line.clone(), self.cabinet.frames.clone());
        let mut bus = MbusLine::new(port, &mut memory, line, MbusTiming::default(), frames);
        bus.reconfigure(line).await.map_err(told)?;
        if self.choices.with_untracked(|choices| choices.is_empty()) {
            // A meter on an M-Bus says itself what it has.
            let read = bus.read_out(address, &mut |_| {}).await.map_err(told)?;
            let mut units: Vec<String> = Vec::new();
            let mut all: Vec<Choice> = Vec::new();
            for row in read.rows.iter().filter(|row| decimal::parse(&row.value, 9).is_ok()) {
                let first = is_first(&row.unit, &mut units);
                all.push(Choice { key: row.key.clone(), label: row.label.clone(), first });
            }
            self.offer(all);
        }
        {
            let chosen = self.chosen.get_untracked();
            let keys: Vec<&str> = chosen.iter().map(String::as_str).collect();
            let mut watched = self.watched.borrow_mut();
            let same = matches!(watched.as_ref(), Some(Watched::Mbus(live)) if live.series().iter().map(|it| it.key.as_str()).eq(keys.iter().copied()));
            if !same {
                let mut live = MbusLive::new(address, &keys);
                live.keep(KEPT);
                *watched = Some(Watched::Mbus(live));
            }
            if let Some(Watched::Mbus(live)) = watched.as_mut() {
                live.resume(bus.now());
            }
        }
        let mut last = Instant::ZERO;
        loop {
            let begun = bus.now();
            let outcome = bus.read_out(address, &mut |_| {}).await;
            let step = match self.watched.borrow_mut().as_mut() {
                Some(Watched::Mbus(live)) => live.answered(begun, bus.now(), outcome),
                _ => return Ok(()),
            };
            self.stepped(bus.now(), &mut last);
            step.map_err(told)?;
        }
    }

    fn save(&self, json: bool) {
        let target = self.target.borrow().clone();
        let (model, serial) = match &target {
            Some(Target::Modbus { entry, serial, .. }) => (entry.def.slug, *serial),
            Some(Target::Mbus { entry, serial, .. }) => (entry.map_or("", |entry| entry.def.slug), *serial),
            None => ("", None),
        };
        let (wall, window) = (self.wall.get(), None);
        let made = self.with(|watched| {
            let file = SeriesFile { series: watched.series(), model, serial, wall, window };
            if json { file.to_json() } else { file.to_csv(CsvLayout::Lines) }
        });
        let Some(text) = made else {
            return self.cabinet.tell("There is nothing to save yet. Press Start first.", true);
        };
        let name = serial.map_or_else(|| "values".to_owned(), |serial| format!("values-{serial:08}"));
        let (end, mime) = if json { ("json", "application/json") } else { ("csv", "text/csv") };
        save(&format!("{name}.{end}"), mime, &text);
    }

    fn elements(&self) -> Vec<El> {
        let hand = self.cabinet.hand;
        let own = self.clone();
        let nobody =
            el("div", "empty")
                .flag_if("hidden", move || hand.with(Option::is_some))
                .add(el("p", "").text(
                    "No meter is in hand. Find one first; then its values are drawn here as they change.",
                ))
                .add(button("btn main", "Find a meter", move |_| own.cabinet.go("find")));
        let own = self.clone();
        let strange = el("div", "empty")
            .flag_if("hidden", move || {
                hand.with(|hand| hand.is_none() || hand.as_ref().and_then(target_of).is_some())
            })
            .add(
                el("p", "")
                    .text("The registers of this meter are not known here, so there is nothing to draw."),
            );
        let inside = el("div", "watch")
            .flag_if("hidden", move || hand.with(|hand| hand.as_ref().and_then(target_of).is_none()));
        drop(own);
        vec![
            nobody,
            strange,
            inside.all(vec![
                self.bar(),
                self.picked(),
                self.latest(),
                self.plots(),
                self.between(),
                self.table(),
            ]),
        ]
    }

    fn bar(&self) -> El {
        let (own, work) = (self.clone(), self.cabinet.work.clone());
        let (chosen, choices_sig) = (self.chosen, self.choices);
        let start = button("btn main", "Start", move |_| own.start()).flag_if("disabled", move || {
            work.runs() || choices_sig.with(|all| !all.is_empty()) && chosen.with(Vec::is_empty)
        });
        let (own, work) = (self.clone(), self.cabinet.work.clone());
        let clear = button("btn", "Clear", move |_| own.forget()).flag_if("disabled", move || work.runs());
        let (csv, json) = (self.clone(), self.clone());
        let (view, every, own) = (self.view, self.every, self.clone());
        let span = move || {
            u32::try_from(
                view.get().window(Instant::ZERO + Duration::from_secs(1_000_000)).span().as_millis() / 1_000,
            )
            .unwrap_or(0)
        };
        let chosen_every = every.reader();
        let hand = self.cabinet.hand;
        let who = el("b", "").says(move || {
            hand.with(|hand| {
                hand.as_ref().map_or(String::new(), |hand| {
                    let serial = hand.serial().map_or(String::new(), |serial| format!("{serial:08}, "));
                    format!("{serial}{}", hand.place_text())
                })
            })
        });
        el("div", "watchbar").all(vec![
            who,
            start,
            clear,
            el("span", "space"),
            button("btn", "Save as CSV", move |_| csv.save(false)),
            button("btn", "Save as JSON", move |_| json.save(true)),
            named(
                "Shown",
                choices("Time that is shown", &SPANS, Rc::new(span), move |seconds| {
                    own.view.set(View::new(Duration::from_secs(u64::from(seconds))));
                    own.redraw();
                }),
            ),
            named(
                "A round every",
                choices("A round begins", &PERIODS, chosen_every, move |ms| every.set(ms)),
            ),
        ])
    }

    /// Which values are asked.
    fn picked(&self) -> El {
        let (choices, chosen, work) = (self.choices, self.chosen, self.cabinet.work.clone());
        let list = el("ul", "pollable").shows(move || {
            let all = choices.get();
            all.iter()
                .map(|choice| {
                    let (own, key) = (choice.key.clone(), choice.key.clone());
                    let input = el("input", "")
                        .attr("type", "checkbox")
                        .checked(move || chosen.with(|chosen| chosen.contains(&own)))
                        .on("change", move |_| {
                            chosen.update(|chosen| match chosen.iter().position(|other| *other == key) {
                                Some(place) => drop(chosen.remove(place)),
                                None => chosen.push(key.clone()),
                            });
                        });
                    el("li", "").add(el("label", "check").add(input).text(&choice.label))
                })
                .collect()
        });
        let count = el("span", "small").says(move || match chosen.with(Vec::len) {
            0 => "none".to_owned(),
            1 => "one".to_owned(),
            count => count.to_string(),
        });
        el("details", "polled")
            .flag_if("data-rests", move || work.runs())
            .add(el("summary", "").text("Values: ").add(count))
            .add(list)
            .add(el("p", "small").text("What is chosen while values come is asked from the next start on."))
    }

    /// The newest of each.
    fn latest(&self) -> El {
        let own = self.clone();
        el("dl", "latest").shows(move || {
            own.drawn.get();
            own.with(|watched| {
                let series = watched.series().iter().enumerate();
                series
                    .map(|(number, series)| {
                        let last = series.last().map(|last| series.text(last.value));
                        let value = el("dd", "").text(last.as_deref().unwrap_or("–"));
                        let name = el("dt", "").text(&series.label);
                        let line = el("div", &format!("line{}", number % draw::COLOURS)).add(name).add(value);
                        match series.missing() {
                            // The value before it still stands there, and why none came since.
                            Some(cause) => line.add(el("dd", "missing").text(&cause.to_string())),
                            None => line,
                        }
                    })
                    .collect()
            })
            .unwrap_or_default()
        })
    }
}

/// A choice with what it is about, which its own legend tells to who cannot see it.
fn named(word: &str, choices: El) -> El {
    el("span", "named").add(el("span", "small").attr("aria-hidden", "true").text(word)).add(choices)
}

/// µs since 1970, by the clock of this computer.
fn unix_micros() -> u64 {
    (js_sys::Date::now() * 1_000.0) as u64
}
