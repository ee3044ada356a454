//! The M-Bus panel: who is on the line, what each meter says, and what is changed in it.

mod meter;
mod settings;
mod tree;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use commission::Port;
use commission::mbus::Mask;
use commission::mbus::{
    Address, Fault, Found, MbusLine, MbusMemory, MbusTiming, Place, ScanEvent, SearchEvent, Seen,
    factory_place, medium_text, sentence,
};
use dom::parts::{boxed, check, number_field, wrong_text};
use dom::signal::Sig;
use dom::{El, button, el, later, typed};
use units::{Instant, LineParams};

use self::meter::Meter;
use self::tree::Tree;
use crate::frames::Frames;
use crate::host::Line;
use crate::source::{Source, Words};
use crate::work::Work;

type Bus = MbusLine<'static, Line, Frames>;

/// The speeds of M-Bus, in Bd (EN 13757-3 §8).
const SPEEDS: [u32; 8] = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400];

/// A meter that was found, and how it is spoken to.
#[derive(Clone, Copy)]
struct Known {
    found: Found,
    address: Address,
}

/// The panel.
#[derive(Clone)]
struct Panel {
    line: Line,
    bus: Rc<RefCell<Bus>>,
    /// The port is at the speed that the bus believes.
    tuned: Rc<Cell<bool>>,
    baud: Sig<u32>,
    letters: Sig<bool>,
    range: Sig<(u8, u8)>,
    work: Work,
    frames: Frames,
    source: Source,
    known: Sig<Vec<Known>>,
    /// What came of the last work, and whether it failed.
    say: Sig<(String, bool)>,
    /// The question before what cannot be undone is open.
    asks: Sig<bool>,
    tree: Tree,
    searched: Sig<bool>,
    meter: Meter,
}

/// The elements of the panel that stands at `place`.
pub fn open(line: Line, place: &El) -> Vec<El> {
    // The speed at which meters leave the factory, where a model says it.
    let first = models::ALL.iter().find(|entry| entry.def.mbus.is_some());
    let at = first.map_or(LineParams::even(2_400), |entry| factory_place(entry).line);
    let frames = Frames::default();
    let memory = Box::leak(Box::new(MbusMemory::default()));
    let bus = MbusLine::new(line.clone(), memory, at, MbusTiming::default(), frames.clone());
    let words = Words { adapter: "Real M-Bus through", back: "Back to the rail", who: "The M-Bus tab" };
    let own = Panel {
        source: Source::new(line.clone(), words),
        line,
        bus: Rc::new(RefCell::new(bus)),
        tuned: Rc::default(),
        baud: Sig::new(at.baud),
        letters: Sig::new(false),
        range: Sig::new((0, 250)),
        work: Work::default(),
        frames,
        known: Sig::default(),
        say: Sig::default(),
        asks: Sig::new(false),
        tree: Tree::new(),
        searched: Sig::new(false),
        meter: Meter::new(),
    };
    let source = own.source.clone();
    let _ = place.clone().on(crate::host::CHANGED, move |_| source.look());
    own.elements()
}

impl Panel {
    fn now(&self) -> Instant {
        Port::now(&self.line)
    }

    fn params(&self) -> LineParams {
        LineParams::even(self.baud.get_untracked())
    }

    fn elements(&self) -> Vec<El> {
        let (at, free, own) = (self.clone(), self.work.clone(), self.clone());
        let row = self.source.row(
            move || at.params(),
            move || !free.runs(),
            move || {
                own.tuned.set(false);
                own.known.set(Vec::new());
                own.meter.close();
                own.say.set(Default::default());
            },
        );
        let say = self.say;
        let told = el("p", "told")
            .attr("role", "status")
            .flag_if("hidden", move || say.with(|(text, _)| text.is_empty()))
            .class_if("bad", move || say.with(|(_, bad)| *bad))
            .says(move || say.with(|(text, _)| text.clone()));
        let searched = self.searched;
        let tree = el("section", "")
            .flag_if("hidden", move || !searched.get())
            .all(vec![el("h3", "").text("Search by secondary address"), self.tree.element()]);
        vec![
            row,
            self.tools(),
            self.work.bar(),
            told,
            tree,
            self.list(),
            el("div", "").all(self.meter_part()),
            self.question(),
            self.frames.list(),
        ]
    }

    fn tools(&self) -> El {
        let baud = self.baud;
        let mut speeds = el("select", "pick");
        for speed in SPEEDS {
            speeds = speeds.add(el("option", "").attr("value", &speed.to_string()).text(&speed.to_string()));
        }
        let speeds = speeds.value(move || baud.get().to_string()).on("change", move |event| {
            if let Ok(new) = typed(&event).parse() {
                baud.set(new);
            }
        });
        let wrong = Sig::new(None::<String>);
        let range = self.range;
        let limit = |name: &'static str, first: bool| {
            let field = number_field(name, wrong)
                .value(move || range.with(|(a, b)| if first { *a } else { *b }).to_string())
                .on("change", move |event| {
                    let text = typed(&event);
                    match text.trim().parse::<u8>() {
                        Ok(new @ 0..=250) => {
                            wrong.set(None);
                            range.update(|(a, b)| *(if first { a } else { b }) = new);
                        }
                        _ => {
                            wrong.set(Some(format!("“{text}” is no address of a meter: expected 0 to 250.")))
                        }
                    }
                });
            boxed(field, "", wrong)
        };
        let (scan, search, work, work2) = (self.clone(), self.clone(), self.work.clone(), self.work.clone());
        let letters = self.letters;
        let scan = button("btn main", "Scan", move |_| {
            let (first, last) = scan.range.get_untracked();
            if first > last {
                wrong.set(Some(format!(
                    "{first} to {last} is no range: the first address is the smaller one."
                )));
            } else if wrong.with_untracked(Option::is_none) {
                scan.scan(first, last);
            }
        })
        .flag_if("disabled", move || work.runs());
        let search =
            button("btn main", "Search", move |_| search.search()).flag_if("disabled", move || work2.runs());
        let part = |title: &str, what: &str, inside: Vec<El>| {
            el("section", "").add(el("h3", "").text(title)).add(el("p", "small").text(what)).all(inside)
        };
        el("div", "tools").all(vec![
            part(
                "Scan addresses",
                "Asks one primary address after the other. Meters that share an address disturb each other: search for those.",
                vec![
                    el("div", "acts").all(vec![
                        limit("First address", true),
                        el("span", "small").text("to"),
                        limit("Last address", false),
                        scan,
                    ]),
                    wrong_text(wrong),
                ],
            ),
            part(
                "Search",
                "Finds every meter by its secondary address, also where all have the same primary one. Nothing is changed.",
                vec![el("div", "acts").add(search).add(check(
                    "Also numbers with letters",
                    letters.reader(),
                    move |on| letters.set(on),
                ))],
            ),
            part(
                "Line",
                "Always even parity; meters at another speed do not hear the question.",
                vec![el("label", "small").text("Speed in Bd ").add(speeds)],
            ),
        ])
    }

    /// The meters that were found.
    fn list(&self) -> El {
        let own = self.clone();
        let known = self.known;
        let head = |class: &str, word: &str| el("th", class).attr("scope", "col").text(word);
        let heads = el("tr", "").all(vec![
            head("", "Number"),
            head("num-r", "Address"),
            head("", "Maker"),
            head("num-r words", "Version"),
            head("words", "Medium"),
            head("", "Model"),
            head("", "").add(el("span", "vh").text("Read")),
        ]);
        let body = el("tbody", "")
            .shows(move || known.with(|known| known.iter().map(|meter| own.found_row(*meter)).collect()));
        let table = el("table", "points")
            .add(el("caption", "vh").text("Meters that were found"))
            .add(el("thead", "").add(heads))
            .add(body)
            .flag_if("hidden", move || known.with(Vec::is_empty));
        el("section", "found").add(table)
    }

    fn found_row(&self, meter: Known) -> El {
        let identity = meter.found.identity;
        let number = format!("{:08X}", identity.id);
        let model = match meter.found.models.text() {
            none if none.is_empty() => "not known here".to_owned(),
            text => text,
        };
        let own = self.clone();
        let work = self.work.clone();
        let read = button("btn", "Read", move |_| own.read(meter))
            .attr("aria-label", &format!("Read {number}"))
            .flag_if("disabled", move || work.runs());
        el("tr", "").all(vec![
            el("th", "mono").attr("scope", "row").text(&number),
            el("td", "num-r").text(&meter.found.address.to_string()),
            el("td", "").text(&identity.manufacturer.to_string()),
            el("td", "num-r words").text(&identity.version.to_string()),
            el("td", "words").text(medium_text(identity.medium)),
            el("td", "").text(&model),
            el("td", "num-r").add(read),
        ])
    }

    fn note(&self, meter: Known) {
        let same = |other: &Known| {
            other.found.identity == meter.found.identity && other.found.address == meter.found.address
        };
        if self.known.with_untracked(|known| !known.iter().any(same)) {
            self.known.update(|known| known.push(meter));
        }
    }

    fn fail(&self, fault: &Fault, address: Address) {
        let place = Place { line: self.params(), address };
        self.say.set((sentence(fault, place), true));
    }

    /// Says how far stopped work was.
    fn when_stopped(&self) -> impl FnOnce(&str) + 'static {
        let say = self.say;
        move |what| say.set((format!("Stopped. {what}."), false))
    }

    /// Sets the port to the chosen speed.
    async fn tune(&self, bus: &mut Bus) -> Result<(), Fault> {
        let wanted = self.params();
        if !self.tuned.get() || bus.line() != wanted {
            bus.reconfigure(wanted).await?;
            self.tuned.set(true);
        }
        Ok(())
    }

    // The bus is held for as long as the work lives, and there is one piece of work at a time.
    #[allow(clippy::await_holding_refcell_ref)]
    fn scan(&self, first: u8, last: u8) {
        let own = self.clone();
        self.say.set(Default::default());
        self.work.start("Scanning addresses", self.now(), self.when_stopped(), async move {
            let mut bus = own.bus.borrow_mut();
            let mut shared: Vec<u8> = Vec::new();
            let mut told = |event: ScanEvent| {
                match event.seen {
                    Seen::Meter(found) => own.note(Known { found, address: Address::Primary(event.address) }),
                    Seen::Collision => shared.push(event.address),
                    _ => {}
                }
                let permille = event.done * 1_000 / event.of.max(1);
                let what = format!("Address {}, {} found", event.address, own.count());
                own.work.tell(&what, u32::try_from(permille).ok(), own.now());
            };
            let result = match own.tune(&mut bus).await {
                Ok(()) => bus.primary_scan(first, last, &mut told).await,
                Err(fault) => Err(fault),
            };
            match result {
                Err(fault) => own.fail(&fault, Address::Primary(first)),
                Ok(found) => {
                    let mut text = format!(
                        "{} found at the addresses {first} to {last} at {}.",
                        meters(found.len()),
                        own.params()
                    );
                    if !shared.is_empty() {
                        let all: Vec<String> = shared.iter().map(u8::to_string).collect();
                        text.push_str(&format!(
                            " Several meters answer at address {}: search by secondary address to tell them apart.",
                            all.join(", ")
                        ));
                    } else if found.is_empty() {
                        text.push_str(" Try another speed, or check the converter’s power and the two wires.");
                    }
                    own.say.set((text, false));
                }
            }
        });
    }

    #[allow(clippy::await_holding_refcell_ref)]
    fn search(&self) {
        let own = self.clone();
        self.say.set(Default::default());
        self.tree.clear();
        self.searched.set(true);
        self.work.start("Searching", self.now(), self.when_stopped(), async move {
            let mut bus = own.bus.borrow_mut();
            let mut round = 1;
            let mut told = |event: SearchEvent| {
                own.tree.take(&event);
                match &event {
                    SearchEvent::Round(number) => round = *number,
                    SearchEvent::Node(node) => {
                        if let Seen::Meter(found) = node.seen {
                            own.note(Known { found, address: Address::Secondary(found.identity) });
                        }
                        let what = format!("Searching, round {round}, {} found", own.count());
                        own.work.tell(&what, Some(u32::from(node.permille)), own.now());
                    }
                    SearchEvent::Asks { .. } => {}
                }
            };
            let letters = own.letters.get_untracked();
            let result = match own.tune(&mut bus).await {
                Ok(()) => bus.secondary_search(Mask::ANY, letters, &mut told).await,
                Err(fault) => Err(fault),
            };
            match result {
                Err(fault) => own.fail(&fault, Address::Primary(253)),
                Ok(found) if found.is_empty() => own.say.set((
                    format!(
                        "No meter answered at {}. Try another speed, or check the converter’s power and the two wires.",
                        own.params()
                    ),
                    false,
                )),
                Ok(found) => own.say.set((
                    format!("{} found by secondary address at {}, in {round} rounds.", meters(found.len()), own.params()),
                    false,
                )),
            }
        });
    }

    fn count(&self) -> usize {
        self.known.with_untracked(Vec::len)
    }

    fn read(&self, meter: Known) {
        self.say.set(Default::default());
        self.read_on(meter);
    }

    /// The same; what came of the work before stays said.
    #[allow(clippy::await_holding_refcell_ref)]
    fn read_on(&self, meter: Known) {
        let own = self.clone();
        self.meter.choose(meter);
        self.work.start("Reading", self.now(), self.when_stopped(), async move {
            let mut bus = own.bus.borrow_mut();
            let mut told = |progress: commission::mbus::ReadProgress| {
                let what = format!("Reading, {} telegrams, {} records", progress.telegrams, progress.rows);
                own.work.tell(&what, None, own.now());
            };
            let result = match own.tune(&mut bus).await {
                Ok(()) => bus.read_out(meter.address, &mut told).await,
                Err(fault) => Err(fault),
            };
            match result {
                Ok(out) => own.meter.take(out),
                Err(fault) => {
                    own.meter.lost();
                    own.fail(&fault, meter.address);
                }
            }
        });
    }
}

/// How many meters, in words.
fn meters(count: usize) -> String {
    match count {
        0 => "No meter was".to_owned(),
        1 => "One meter was".to_owned(),
        count => format!("{count} meters were"),
    }
}

/// Runs `act` once the present turn is over.
fn soon(act: impl FnOnce() + 'static) {
    later(async move { act() });
}
