//! Listening: who asks whom, what is answered and how soon, without a word of our own; also from a log that somebody kept.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use commission::Wall;
use commission::listen::{HexLog, Item, ListenMemory, Listener, What, cells, head, pcap, percent, text};
use commission::{Port as _, factory_place, mbus};
use dom::parts::{number_field, save, save_part, scroll, wrong_text};
use dom::signal::Sig;
use dom::{El, button, el, input_of, typed};
use js_sys::Uint8Array;
use models::Entry;
use units::{Duration, Instant, LineParams, Parity};

use crate::cabinet::{Cabinet, Spoken};
use crate::files::{Take, drops, opens};
use crate::timing::{FORMATS, SPEEDS, models_with_modbus, pick};

/// So many entries are kept for files: an afternoon of a busy bus.
const KEPT: usize = 100_000;
/// So many stand in the list.
const SHOWN: usize = 200;
/// The list is made anew so often at most, in µs.
const REDRAW_US: u64 = 250_000;

type Ear = Listener<'static>;

#[derive(Clone)]
struct Panel {
    cabinet: Cabinet,
    ear: Rc<RefCell<Option<Ear>>>,
    wall: Rc<Cell<Option<Wall>>>,
    line: Sig<LineParams>,
    /// Whose registers are named where nobody says who is there.
    assumed: Sig<Option<&'static Entry>>,
    /// Only what is of this id.
    only: Sig<Option<u8>>,
    log: Sig<String>,
    heard: Sig<u64>,
}

/// The elements of the view.
pub fn view(cabinet: &Cabinet) -> Vec<El> {
    let line =
        models_with_modbus().first().map_or(LineParams::even(9_600), |entry| factory_place(entry).line);
    let own = Panel {
        cabinet: cabinet.clone(),
        ear: Rc::default(),
        wall: Rc::default(),
        line: Sig::new(line),
        assumed: Sig::new(None),
        only: Sig::new(None),
        log: Sig::default(),
        heard: Sig::new(0),
    };
    vec![own.bar(), own.kept_log(), own.figures(), own.list()]
}

fn spoken(of: Spoken) -> commission::listen::Spoken {
    match of {
        Spoken::Modbus => commission::listen::Spoken::Modbus,
        Spoken::Mbus => commission::listen::Spoken::Mbus,
    }
}

impl Panel {
    fn redraw(&self) {
        self.heard.update(|heard| *heard += 1);
    }

    fn new_ear(&self, of: commission::listen::Spoken, line: LineParams) -> Ear {
        // A few hundred bytes each time; the listener is kept until the next one.
        let mut ear = Listener::new(Box::leak(Box::new(ListenMemory::default())), of, line);
        ear.keep(KEPT);
        ear.assume(self.assumed.get_untracked());
        ear
    }

    fn with<T>(&self, read: impl FnOnce(&Ear) -> T) -> Option<T> {
        self.heard.get();
        self.ear.try_borrow().ok()?.as_ref().map(read)
    }

    fn start(&self) {
        let cabinet = self.cabinet.clone();
        if cabinet.work.runs() {
            return;
        }
        if !cabinet.way().line.status().real {
            return cabinet.tell(
                "Nobody but this page asks on the rail. Choose a port of this computer above to listen there, or read a log.",
                true,
            );
        }
        cabinet.say.set(Default::default());
        let of = cabinet.spoken.get_untracked();
        let line = self.line.get_untracked();
        let line = if of == Spoken::Mbus { LineParams::even(line.baud) } else { line };
        *self.ear.borrow_mut() = Some(self.new_ear(spoken(of), line));
        let mut port = cabinet.way().line.clone();
        let begun = cabinet.now();
        self.wall.set(Some(Wall::new((js_sys::Date::now() * 1_000.0) as u64, begun)));
        let (own, stopped) = (self.clone(), self.clone());
        let ends = move |_: &str| {
            let now = stopped.cabinet.now();
            if let Some(ear) = stopped.ear.borrow_mut().as_mut() {
                ear.finish(now);
            }
            stopped.redraw();
        };
        let what = format!("Listening at {line}, sending nothing");
        cabinet.work.start(&what, begun, ends, async move {
            if let Err(fault) = port.reconfigure(line).await {
                return own.cabinet.tell(fault.to_string(), true);
            }
            if let Some(ear) = own.ear.borrow_mut().as_mut() {
                ear.begin(port.now());
            }
            let mut last = Instant::ZERO;
            loop {
                // The listener is free while nothing comes, so that it can be drawn.
                let due = own.ear.borrow().as_ref().and_then(Listener::poll_at);
                let until = due.into_iter().fold(port.now() + Duration::from_micros(REDRAW_US), Instant::min);
                let heard = port.receive(until).await;
                let now = port.now();
                if let Some(ear) = own.ear.borrow_mut().as_mut() {
                    match &heard {
                        Ok(heard) => ear.hear(now, heard),
                        Err(_) => ear.finish(now),
                    }
                    ear.pass(now);
                }
                if heard.is_err() || now.since(last).as_micros() >= REDRAW_US {
                    last = now;
                    own.redraw();
                }
                if let Err(fault) = heard {
                    return own.cabinet.tell(format!("{fault}. What was heard before is kept."), true);
                }
            }
        });
    }

    /// Reads a log in hexadecimal.
    fn play(&self, text: &str) {
        let log = HexLog::parse(text);
        if log.lines.is_empty() {
            return self.cabinet.tell("That holds no bytes in hexadecimal. Expected lines such as “01 03 50 00 00 02”, with or without times.", true);
        }
        let of = log.spoken.unwrap_or(spoken(self.cabinet.spoken.get_untracked()));
        let mut ear = self.new_ear(of, log.setting.unwrap_or(self.line.get_untracked()));
        log.play(&mut ear);
        self.wall.set(Some(Wall { unix_micros: 0 }));
        let count = ear.count();
        *self.ear.borrow_mut() = Some(ear);
        self.redraw();
        let mut said = format!("{count} frames and remarks in {} lines.", log.lines.len());
        if let Some(fault) = log.faults.first() {
            let others = match log.faults.len() - 1 {
                0 => String::new(),
                1 => " One more line was left out.".to_owned(),
                others => format!(" {others} more lines were left out."),
            };
            said.push_str(&format!(" {fault}{others}"));
        }
        self.cabinet.tell(said, !log.faults.is_empty());
    }

    fn bar(&self) -> El {
        let (own, work, line) = (self.clone(), self.cabinet.work.clone(), self.line);
        let start =
            button("btn main", "Listen", move |_| own.start()).flag_if("disabled", move || work.runs());
        let speed = pick(
            "Speed",
            || SPEEDS.iter().map(|baud| format!("{baud} Bd")).collect(),
            move || SPEEDS.iter().position(|baud| *baud == line.get().baud).unwrap_or(0),
            move |place| {
                if let Some(&baud) = SPEEDS.get(place) {
                    line.update(|line| line.baud = baud);
                }
            },
        );
        let format = pick(
            "Character",
            || FORMATS.iter().map(|(_, word)| (*word).to_owned()).collect(),
            move || FORMATS.iter().position(|(parity, _)| *parity == line.get().parity).unwrap_or(0),
            move |place| {
                if let Some(&(parity, _)) = FORMATS.get(place) {
                    line.update(|line| line.parity = parity);
                }
            },
        );
        let known = models_with_modbus();
        let names = || std::iter::once("what the meters say".to_owned());
        let words: Vec<String> =
            names().chain(known.iter().map(|entry| entry.notes.name.to_owned())).collect();
        let (assumed, slugs) = (self.assumed, known.clone());
        let model = pick(
            "Name values as",
            move || words.clone(),
            move || {
                assumed
                    .get()
                    .and_then(|own| slugs.iter().position(|entry| entry.def.slug == own.def.slug))
                    .map_or(0, |at| at + 1)
            },
            move |place| assumed.set(place.checked_sub(1).and_then(|place| known.get(place).copied())),
        );
        let bus = self.cabinet.spoken;
        let format = format.flag_if("hidden", move || bus.get() == Spoken::Mbus);
        let (pcap_of, text_of) = (self.clone(), self.clone());
        let nothing = self.clone();
        let none = move || nothing.with(|ear| ear.count() > 0) != Some(true);
        let (none, none_too) = (Rc::new(none), self.clone());
        let empty = none.clone();
        let to_pcap =
            button("btn", "Save as pcap", move |_| pcap_of.save_pcap()).flag_if("disabled", move || empty());
        let to_text = button("btn", "Save as text", move |_| text_of.save_text())
            .flag_if("disabled", move || none_too.with(|ear| ear.count() > 0) != Some(true));
        drop(none);
        let fields = el("div", "fields").all(vec![speed, format, model]);
        el("div", "listenbar").add(el("p", "small").text(
            "Hears what other masters ask and what meters answer. Nothing is sent, so a bus in service is not disturbed.",
        )).add(fields).add(el("div", "acts").all(vec![start, to_pcap, to_text]))
    }

    fn save_pcap(&self) {
        let wall = self.wall.get();
        if let Some(bytes) = self.with(|ear| pcap(ear.items(), wall)) {
            save_part("bus.pcap", "application/vnd.tcpdump.pcap", &Uint8Array::from(bytes.as_slice()).into());
        }
    }

    fn save_text(&self) {
        let wall = self.wall.get();
        if let Some(text) = self.with(|ear| text(ear, wall)) {
            save("bus.txt", "text/plain", &text);
        }
    }

    fn kept_log(&self) -> El {
        let log = self.log;
        let own = self.clone();
        let take: Take = Rc::new(move |_, text| {
            log.set(text);
            own.play(&log.get_untracked());
        });
        let field = el("textarea", "text mono")
            .attr("rows", "5")
            .attr("spellcheck", "false")
            .attr("aria-label", "A log in hexadecimal")
            .attr("placeholder", "01 03 50 00 00 02 D5 0B\n01 03 04 43 67 19 9A …")
            .value(move || log.get())
            .on("input", move |event| log.set(typed(&event)));
        let own = self.clone();
        let read = button("btn", "Read the log", move |_| own.play(&log.get_untracked()))
            .flag_if("disabled", move || log.with(|log| log.trim().is_empty()));
        el("details", "polled fromlog")
            .add(el("summary", "").text("From a log that another program kept"))
            .add(el("p", "small").text("Paste the lines, or drop or open a file: bytes in hexadecimal as mbpoll, pymodbus, terminal programs and this page write them."))
            .add(drops(field, take.clone()))
            .add(el("div", "acts").add(read).add(opens("Open a file…", ".txt,.log,text/plain", take)))
    }

    fn figures(&self) -> El {
        let own = self.clone();
        el("div", "heard").shows(move || {
            own.with(|ear| {
                let load = ear.load();
                let mut said = vec![ear.masters().sentence()];
                if ear.timed() {
                    said.insert(0, format!("The bus was busy {} of the time.", percent(load.total())));
                }
                let wrong: Vec<String> = ear
                    .errors()
                    .kinds()
                    .iter()
                    .filter(|(_, count)| *count > 0)
                    .map(|(what, count)| format!("{what}: {count}"))
                    .collect();
                said.push(if wrong.is_empty() {
                    "Nothing went wrong.".to_owned()
                } else {
                    format!("{}.", wrong.join(", "))
                });
                let mut parts =
                    vec![el("ul", "said").all(said.iter().map(|line| el("li", "").text(line)).collect())];
                let heads = head(ear.spoken()).into_iter().enumerate().map(|(at, word)| {
                    el("th", if at == 1 { "" } else { "num-r" }).attr("scope", "col").text(word)
                });
                let rows: Vec<El> = ear
                    .nodes()
                    .map(|node| {
                        let cells = cells(node, ear.timed());
                        let cells = cells
                            .iter()
                            .enumerate()
                            .map(|(at, cell)| el("td", if at == 1 { "" } else { "num-r" }).text(cell));
                        el("tr", "").all(cells.collect())
                    })
                    .collect();
                if !rows.is_empty() {
                    let table = el("table", "points")
                        .add(el("thead", "").add(el("tr", "").all(heads.collect())))
                        .add(el("tbody", "").all(rows));
                    parts.push(scroll("Who was heard").add(table));
                }
                let buckets = ear.turnaround();
                if ear.timed() && buckets.iter().any(|bucket| bucket.count > 0) {
                    parts.push(histogram(&buckets));
                }
                let told = ear.nodes().filter_map(|node| {
                    let seen = node.seen();
                    if seen.is_empty() {
                        return None;
                    }
                    let rows = seen
                        .iter()
                        .flat_map(|seen| [el("dt", "").text(&seen.label), el("dd", "").text(&seen.text)]);
                    Some(
                        el("details", "polled")
                            .add(el("summary", "").text(&format!(
                                "What {} {} said last",
                                head(ear.spoken()).first().unwrap_or(&""),
                                node.unit
                            )))
                            .add(el("dl", "device").all(rows.collect())),
                    )
                });
                parts.extend(told);
                parts
            })
            .unwrap_or_default()
        })
    }

    /// The entries, the newest first.
    fn list(&self) -> El {
        let (only, wrong) = (self.only, Sig::new(None::<String>));
        let field =
            number_field("Only this id", wrong).attr("placeholder", "all").on("change", move |event| {
                let Some(field) = input_of(&event) else { return };
                let text = field.value();
                match (text.trim(), text.trim().parse::<u8>()) {
                    ("", _) => only.set(None),
                    (_, Ok(unit)) => only.set(Some(unit)),
                    (text, Err(_)) => {
                        return wrong
                            .set(Some(format!("“{text}” is no id: expected 0 to 255, or nothing for all.")));
                    }
                }
                wrong.set(None);
            });
        let own = self.clone();
        let rows = el("ol", "entries").shows(move || {
            let (only, wall) = (own.only.get(), own.wall.get());
            own.with(|ear| {
                let wanted = |item: &&Item| only.is_none() || item.unit() == only;
                let items = ear.items().rev().filter(wanted).take(SHOWN);
                items.map(|item| entry(item, wall.filter(|_| ear.timed()))).collect()
            })
            .unwrap_or_default()
        });
        let own = self.clone();
        el("section", "listened")
            .flag_if("hidden", move || own.with(|ear| ear.count() > 0) != Some(true))
            .add(el("div", "acts").all(vec![
                el("h3", "").text("What was said"),
                el("label", "small").text("Only id ").add(dom::parts::boxed(field, "", wrong)),
            ]))
            .add(wrong_text(wrong))
            .add(rows)
    }
}

fn entry(item: &Item, wall: Option<Wall>) -> El {
    let clock = wall.map_or_else(String::new, |wall| wall.clock(item.at));
    let class = match item.what {
        _ if !item.good() => "bad",
        What::Request { .. } => "asks",
        _ => "says",
    };
    let row = if clock.is_empty() {
        el("li", &format!("{class} untimed"))
    } else {
        // Milliseconds are as much as an adapter knows.
        el("li", class).add(el("span", "mono small").text(clock.get(..12).unwrap_or(&clock)))
    };
    row.add(el("span", "").text(&item.text))
        .add(el("span", "mono small bytes").text(&dom::frames::hex(&item.bytes)))
}

fn histogram(buckets: &[commission::listen::Bucket]) -> El {
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(1).max(1);
    let last = buckets.iter().rposition(|bucket| bucket.count > 0).unwrap_or(0);
    let rows = buckets.iter().take(last + 1).map(|bucket| {
        let range = match bucket.to {
            Some(to) => format!("{} to {} ms", bucket.from.as_millis(), to.as_millis()),
            None => format!("{} ms and more", bucket.from.as_millis()),
        };
        let bar = el("progress", "")
            .attr("max", &most.to_string())
            .attr("value", &bucket.count.to_string())
            .attr("aria-label", &range);
        el("li", "")
            .add(el("span", "small").text(&range))
            .add(bar)
            .add(el("span", "small num-r").text(&bucket.count.to_string()))
    });
    el("section", "histogram")
        .add(el("h3", "").text("How soon answers begin"))
        .add(el("ul", "").all(rows.collect()))
}

/// The line at which meters of a bus leave the factory.
pub fn factory_line(of: Spoken) -> LineParams {
    match of {
        Spoken::Modbus => models_with_modbus()
            .first()
            .map_or(LineParams::new(9_600, Parity::Even), |entry| factory_place(entry).line),
        Spoken::Mbus => {
            let first = models::ALL.iter().find(|entry| entry.def.mbus.is_some());
            first.map_or(LineParams::even(2_400), |entry| mbus::factory_place(entry).line)
        }
    }
}
