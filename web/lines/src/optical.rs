//! The infrared panel: the read-out of the meter under the optical head, and its programming mode.

use std::cell::RefCell;
use std::rc::Rc;

use commission::guard::Guard;
use commission::optical::{
    OpticalFault, OpticalLine, OpticalMemory, OpticalOutcome, OpticalProgress, OpticalReadout, UNCONFIRMED,
    writable,
};
use commission::{Action, Port, names};
use dom::signal::Sig;
use dom::{El, button, el, later, typed};
use iec62056::{HeadConfig, SIGN_ON_LINE};
use models::Entry;
use schema::{RegisterDef, SettingDef};
use units::Instant;

use crate::changes::{BROKEN_OFF, Note, Stand, lasting, line, question, setting_field};
use crate::host::Line;
use crate::source::{Source, Words};
use crate::work::Work;

/// A setting that can be written here.
#[derive(Clone, Copy)]
struct Item {
    setting: &'static SettingDef,
    row: &'static RegisterDef,
    note: Sig<Note>,
}

/// The panel.
#[derive(Clone)]
struct Panel {
    line: Line,
    head: Rc<RefCell<OpticalLine<'static, Line>>>,
    work: Work,
    source: Source,
    /// What came of the last work, and whether it failed.
    say: Sig<(String, bool)>,
    readout: Sig<Option<Rc<OpticalReadout>>>,
    /// The programming mode is open.
    open: Sig<bool>,
    /// The model that answered, and what can be written to it.
    entry: Sig<Option<&'static Entry>>,
    items: Sig<Rc<Vec<Item>>>,
    /// The question before what cannot be undone is open.
    asks: Sig<bool>,
    /// What is asked there.
    guard: Sig<Option<Guard>>,
    password: Sig<String>,
    address: Sig<String>,
    /// What a register held.
    value: Sig<String>,
}

/// The elements of the panel that stands at `place`.
pub fn open(line: Line, place: &El) -> Vec<El> {
    let memory = Box::leak(Box::new(OpticalMemory::default()));
    let head = OpticalLine::new(line.clone(), memory, HeadConfig::default());
    let words =
        Words { adapter: "A real optical head at", back: "Back to the rail", who: "The Infrared tab" };
    let own = Panel {
        source: Source::new(line.clone(), words),
        line,
        head: Rc::new(RefCell::new(head)),
        work: Work::default(),
        say: Sig::default(),
        readout: Sig::default(),
        open: Sig::new(false),
        entry: Sig::default(),
        items: Sig::new(Rc::default()),
        asks: Sig::new(false),
        guard: Sig::default(),
        password: Sig::default(),
        address: Sig::default(),
        value: Sig::default(),
    };
    own.anew();
    let moved = own.clone();
    let _ = place.clone().on(crate::host::CHANGED, move |_| {
        moved.source.look();
        // The head sits on another meter: what the one before said is not its own.
        if !moved.source.real() {
            moved.work.end();
            moved.anew();
        }
    });
    own.elements()
}

impl Panel {
    fn now(&self) -> Instant {
        Port::now(&self.line)
    }

    fn elements(&self) -> Vec<El> {
        let (free, own) = (self.work.clone(), self.clone());
        let row = self.source.row(|| SIGN_ON_LINE, move || !free.runs(), move || own.anew());
        let say = self.say;
        let told = el("p", "told")
            .attr("role", "status")
            .flag_if("hidden", move || say.with(|(text, _)| text.is_empty()))
            .class_if("bad", move || say.with(|(_, bad)| *bad))
            .says(move || say.with(|(text, _)| text.clone()));
        let (own, work) = (self.clone(), self.work.clone());
        let read =
            button("btn main", "Read out", move |_| own.read_out()).flag_if("disabled", move || work.runs());
        let start = el("section", "").all(vec![
            el("h3", "").text("Read-out"),
            el("p", "small").text(
                "Put the optical head on the meter’s window, cable down. The read-out begins at 300 Bd; the meter says how fast \
                 it goes on. Reading changes nothing.",
            ),
            el("div", "acts").add(read),
        ]);
        let unconfirmed =
            el("p", "note unconfirmed").add(el("mark", "").text("unconfirmed")).text(" ").text(UNCONFIRMED);
        let (staged, own, guard) = (self.clone(), self.clone(), self.guard);
        let asks =
            question(self.asks, move || guard.get_untracked(), move || staged.staged(), move |_| own.write());
        vec![row, self.work.bar(), told, unconfirmed, start, self.table(), self.programming(), asks]
    }

    /// Another line, or another meter: nothing of the one before stays.
    fn anew(&self) {
        self.readout.set(None);
        self.say.set(Default::default());
        self.close();
        let mut line = self.line.clone();
        // Where the port is gone, the next question says so.
        later(async move { drop(line.reconfigure(SIGN_ON_LINE).await) });
    }

    fn close(&self) {
        self.open.set(false);
        self.entry.set(None);
        self.items.set(Rc::default());
        self.value.set(String::new());
    }

    fn fail(&self, fault: &OpticalFault) {
        self.say.set((fault.to_string(), true));
    }

    /// One piece of work with the head.
    fn go(
        &self,
        what: &'static str,
        act: impl AsyncFnOnce(&Self, &mut OpticalLine<'static, Line>) -> Result<String, OpticalFault> + 'static,
    ) {
        let own = self.clone();
        self.say.set(Default::default());
        let broken = self.clone();
        let stopped = move |what: &str| {
            let writing = |item: &Item| item.note.with_untracked(|note| note.stand == Stand::Writing);
            let doubt = if broken.items.get_untracked().iter().any(writing) { BROKEN_OFF } else { "" };
            broken.close();
            broken.say.set((
                format!("Stopped. {what}. {doubt}The meter ends the session by itself; until then it may not answer."),
                true,
            ));
        };
        self.work.start(what, self.now(), stopped, held(own, act));
    }

    fn read_out(&self) {
        self.go("Reading out", async |own, head| {
            let mut lines = 0;
            let mut told = |progress: OpticalProgress<'_>| {
                match progress {
                    OpticalProgress::Line(_) => lines += 1,
                    OpticalProgress::Again(keep) => lines = keep,
                    _ => {}
                }
                own.work.tell(&format!("Reading out, {lines} lines"), None, own.now());
            };
            let read = head.read_out("", &mut told).await?;
            let text = format!("The meter says it is {}: {} values.", read.identification, read.values.len());
            own.readout.set(Some(Rc::new(read)));
            Ok(text)
        });
    }

    fn table(&self) -> El {
        let readout = self.readout;
        el("div", "").shows(move || readout.get().map_or_else(Vec::new, |read| vec![table(&read)]))
    }

    fn programming(&self) -> El {
        let (own, work, opened) = (self.clone(), self.work.clone(), self.open);
        let enter = button("btn", "Open the programming mode", move |_| own.enter())
            .flag_if("disabled", move || work.runs())
            .flag_if("hidden", move || opened.get());
        let (own, work) = (self.clone(), self.work.clone());
        let leave = button("btn", "Close the programming mode", move |_| own.leave())
            .flag_if("disabled", move || work.runs())
            .flag_if("hidden", move || !opened.get());
        let own = self.clone();
        let inside =
            el("div", "session").shows(move || if opened.get() { own.session() } else { Vec::new() });
        el("section", "").all(vec![
            el("h3", "").text("Programming mode"),
            el("p", "small").text(
                "Single registers are read and settings written by their addresses. A change is called confirmed when the meter \
                 has said the new value back. The meter closes the mode by itself when nothing is asked for a while.",
            ),
            el("div", "acts").add(enter).add(leave),
            inside,
        ])
    }

    fn enter(&self) {
        self.go("Signing on", async |own, head| {
            let fitting = head.enter("").await?;
            // Several fit where they have the same registers.
            let entry = fitting.first().copied();
            let items = entry.map_or_else(Vec::new, |entry| {
                writable(entry).map(|(setting, row)| Item { setting, row, note: Sig::default() }).collect()
            });
            own.entry.set(entry);
            own.items.set(Rc::new(items));
            own.open.set(true);
            Ok(match entry {
                Some(entry) => format!("The programming mode is open; the meter has the registers of the {}.", entry.notes.name),
                None => "The programming mode is open. The model is not known here: registers can be read, nothing written.".to_owned(),
            })
        });
    }

    fn leave(&self) {
        self.go("Closing", async |own, head| {
            let left = head.leave().await;
            own.close();
            left.map(|()| "The programming mode is closed.".to_owned())
        });
    }

    /// What there is to do while the mode is open.
    fn session(&self) -> Vec<El> {
        let input = |label: &str, kind: &str, text: Sig<String>| {
            let field = el("input", "text mono")
                .attr("type", kind)
                .attr("autocomplete", "off")
                .attr("spellcheck", "false")
                .value(move || text.get())
                .on("input", move |event| text.set(typed(&event)));
            el("label", "small").text(label).text(" ").add(field)
        };
        let act = |word: &str, press: Box<dyn Fn()>| {
            let work = self.work.clone();
            button("btn", word, move |_| press()).flag_if("disabled", move || work.runs())
        };
        let (own, own2) = (self.clone(), self.clone());
        let value = self.value;
        let mut parts = vec![
            el("div", "acts")
                .add(input("Password", "password", self.password))
                .add(act("Give the password", Box::new(move || own.give()))),
            el("div", "acts")
                .add(input("Register, in hex", "text", self.address))
                .add(act("Read the register", Box::new(move || own2.read_register())))
                .add(
                    el("output", "mono")
                        .attr("aria-label", "Value of the register")
                        .says(move || value.get()),
                ),
        ];
        let Some(entry) = self.entry.get_untracked() else { return parts };
        let items = self.items.get_untracked();
        let lines = items.iter().map(|item| {
            let label = names::setting_label(entry, item.setting.id);
            let doc = if item.setting.secret { String::new() } else { item.setting.allowed().to_string() };
            line(label, &doc, setting_field(label, item.setting, item.note), item.note)
        });
        parts.push(el("ul", "changes").all(lines.collect()));
        let (counted, work, own) = (items.clone(), self.work.clone(), self.clone());
        let count = Rc::new(move || {
            counted.iter().filter(|item| item.note.with(|note| note.staged.is_some())).count()
        });
        let none = count.clone();
        let write = el("button", "btn main")
            .attr("type", "button")
            .says(move || match count() {
                0 => "Nothing to write".to_owned(),
                1 => "Write 1 change".to_owned(),
                count => format!("Write {count} changes"),
            })
            .flag_if("disabled", move || work.runs() || none() == 0)
            .on("click", move |_| if own.staged().iter().any(lasting) { own.ask() } else { own.write() });
        parts.push(el("div", "acts").add(write));
        parts
    }

    /// What waits to be written.
    fn staged(&self) -> Vec<Action> {
        let items = self.items.get_untracked();
        items.iter().filter_map(|item| item.note.with_untracked(|note| note.staged)).collect()
    }

    /// Asks the meter what of it cannot be undone, and then whoever wants it.
    fn ask(&self) {
        self.go("Asking the meter", async |own, head| {
            let Some(entry) = own.entry.get_untracked() else { return Ok(String::new()) };
            let changes: Vec<_> = own
                .staged()
                .iter()
                .filter_map(|action| match *action {
                    Action::Set { setting, value } => {
                        Some((setting, entry.def.register_of(setting.id)?, value))
                    }
                    Action::Give(_) => None,
                })
                .collect();
            let guard = head.guard(entry, &changes).await;
            own.open.show(head.is_open());
            let guard = guard?;
            if guard.is_needed() {
                own.guard.set(Some(guard));
                own.asks.set(true);
            } else {
                // The work that calls this ends first.
                let own = own.clone();
                later(async move { own.write() });
            }
            Ok(String::new())
        });
    }

    fn give(&self) {
        let password = self.password.get_untracked();
        self.go("Giving the password", async move |own, head| {
            let given = head.password(password.trim()).await;
            own.open.show(head.is_open());
            given.map(|()| "The meter took the password: protected settings can be written.".to_owned())
        });
    }

    fn read_register(&self) {
        let address = self.address.get_untracked().trim().trim_end_matches(['h', 'H']).to_ascii_uppercase();
        if address.is_empty() || address.len() > 4 || !address.chars().all(|c| c.is_ascii_hexdigit()) {
            self.say.set((format!("“{address}” is no address: expected up to four hex digits."), true));
            return;
        }
        self.go("Reading", async move |own, head| {
            let address = format!("{address:0>4}");
            let read = head.read(&address).await;
            own.open.show(head.is_open());
            let read = read?;
            own.value.set(read.clone());
            Ok(format!("Register {address}h holds {read}."))
        });
    }

    fn write(&self) {
        self.go("Writing and reading back", async |own, head| {
            let items = own.items.get_untracked();
            let (mut sent, mut confirmed) = (0, 0);
            let mut trouble = String::new();
            for item in items.iter() {
                let Some(Action::Set { value, .. }) = item.note.with_untracked(|note| note.staged) else {
                    continue;
                };
                item.note.update(|note| note.stand = Stand::Writing);
                let outcome = head.change(item.setting, item.row, value).await;
                let stand = match &outcome {
                    OpticalOutcome::Confirmed => Stand::Ended("confirmed", "confirmed by reading back"),
                    OpticalOutcome::Refused(_) => Stand::Ended("refused", "refused"),
                    OpticalOutcome::Otherwise { .. } => Stand::Ended("refused", "not taken"),
                    OpticalOutcome::Unknown(_) => Stand::Ended("unknown", "unknown"),
                };
                let done = outcome == OpticalOutcome::Confirmed;
                if !done && let Some(entry) = own.entry.get_untracked() {
                    trouble = format!(" {}: {outcome}", names::setting_label(entry, item.setting.id));
                }
                sent += 1;
                confirmed += u32::from(done);
                item.note.update(|note| {
                    note.stand = stand;
                    note.why = outcome.to_string();
                    if done {
                        note.staged = None;
                    }
                });
                if !head.is_open() {
                    break;
                }
            }
            let count = format!("Confirmed by reading back: {confirmed} of {sent}.");
            own.say.set(if head.is_open() {
                (count, confirmed < sent)
            } else {
                // The form goes with the session, so what it said of the last change is said here.
                own.open.set(false);
                (format!("The meter closed the programming mode. {count}{trouble}"), true)
            });
            Ok(String::new())
        });
    }
}

/// Holds the head for as long as the work lives: there is one piece of work at a time.
#[allow(clippy::await_holding_refcell_ref)]
async fn held(
    own: Panel,
    act: impl AsyncFnOnce(&Panel, &mut OpticalLine<'static, Line>) -> Result<String, OpticalFault>,
) {
    let head = own.head.clone();
    let mut head = head.borrow_mut();
    match act(&own, &mut head).await {
        // What has said it already returns nothing.
        Ok(text) if text.is_empty() => {}
        Ok(text) => own.say.set((text, false)),
        Err(fault) => {
            own.fail(&fault);
            if !head.is_open() {
                own.open.show(false);
            }
        }
    }
}

fn table(read: &OpticalReadout) -> El {
    let head = |class: &str, word: &str| el("th", class).attr("scope", "col").text(word);
    let heads = el("tr", "").all(vec![
        head("", "Meaning"),
        head("num-r", "Value"),
        head("", "").add(el("span", "vh").text("Unit")),
        head("", "Identifier"),
    ]);
    let mut body = el("tbody", "");
    for value in &read.values {
        let name = el("th", "").attr("scope", "row");
        let name = if value.label.is_empty() {
            name.text("not known here")
        } else {
            name.text(value.label).text(" ").add(el("mark", "").text("unconfirmed"))
        };
        body = body.add(el("tr", "").all(vec![
            name,
            el("td", "v").text(&value.value),
            el("td", "u").text(&value.unit),
            el("td", "r").text(&value.code),
        ]));
    }
    for line in &read.odd {
        body = body.add(el("tr", "").all(vec![
            el("th", "").attr("scope", "row").text("A line of another form"),
            el("td", "r").attr("colspan", "3").text(line),
        ]));
    }
    el("table", "points")
        .add(el("caption", "vh").text("Read-out through the window"))
        .add(el("thead", "").add(heads))
        .add(body)
}
