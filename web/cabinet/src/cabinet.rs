//! What all views of the cabinet share: its lines, the work on them, and what was found there.

use std::cell::Cell;
use std::rc::Rc;

use commission::find::Finding;
use commission::mbus::Address;
use commission::record::Where;
use commission::{Place, Port as _};
use dom::frames::Frames;
use dom::signal::Sig;
use dom::source::{Source, Words};
use dom::work::Work;
use dom::{El, button, el};
use units::Instant;

use crate::host::{CHANGED, Host, Line};
use crate::{app, batch, find, listen, live, setup, timing};

/// The bus that is worked on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spoken {
    /// Modbus RTU on RS485.
    #[default]
    Modbus,
    /// M-Bus behind a level converter.
    Mbus,
}

/// A line, and what chooses where it goes.
#[derive(Clone)]
pub struct Way {
    /// The bytes.
    pub line: Line,
    /// The simulated wire or an adapter.
    pub source: Source,
}

impl Way {
    fn new(line: Line, adapter: &'static str, who: &'static str) -> Self {
        let words = Words { adapter, back: "Back to the rail", who };
        Self { source: Source::new(line.clone(), words), line }
    }
}

/// The cabinet.
#[derive(Clone)]
pub struct Cabinet {
    /// The page, with the simulated Modbus.
    pub host: Host,
    /// The Modbus, whichever bus is in hand.
    pub modbus: Way,
    mbus: Way,
    /// The bus in hand.
    pub spoken: Sig<Spoken>,
    /// What goes on over either line: one piece of work at a time.
    pub work: Work,
    /// What was sent and heard lately.
    pub frames: Frames,
    /// What came of the last work, and whether it failed.
    pub say: Sig<(String, bool)>,
    /// The meters that were found on the bus in hand.
    pub found: Sig<Rc<Vec<Finding>>>,
    /// The one of them that is worked on.
    pub hand: Sig<Option<Finding>>,
    /// The view that is open.
    pub view: Sig<usize>,
    /// How often another line was taken; what was found on the one before stands no more.
    pub lines: Sig<u32>,
    /// How often an adapter was opened.
    pub plugged: Sig<u32>,
}

/// A view: its name in addresses, its word, and what makes it.
type View = (&'static str, &'static str, fn(&Cabinet) -> Vec<El>);

/// The views in their order.
const VIEWS: [View; 7] = [
    ("find", "Find", find::view),
    ("setup", "Set up", setup::view),
    ("batch", "Batch", batch::view),
    ("live", "Watch", live::view),
    ("listen", "Listen", listen::view),
    ("app", "App", app::view),
    ("timing", "Timing", timing::view),
];

/// What stands in front of the name of a view in an address.
const ADDRESS: &str = "#/cabinet/";

impl Cabinet {
    /// The cabinet that stands at `place`.
    pub fn new(host: Host, place: &El) -> Self {
        let mbus: Host = wasm_bindgen::JsCast::unchecked_into(host.ask("mbus", &wasm_bindgen::JsValue::NULL));
        let own = Self {
            modbus: Way::new(Line::new(host.clone()), "Real RS485 through", "The Cabinet tab, on Modbus,"),
            mbus: Way::new(Line::new(mbus), "Real M-Bus through", "The Cabinet tab, on M-Bus,"),
            host,
            spoken: Sig::default(),
            work: Work::default(),
            frames: Frames::default(),
            say: Sig::default(),
            found: Sig::default(),
            hand: Sig::default(),
            view: Sig::new(0),
            lines: Sig::default(),
            plugged: Sig::default(),
        };
        let looks = own.clone();
        let _ = place.clone().on(CHANGED, move |_| {
            looks.modbus.source.look();
            looks.mbus.source.look();
        });
        own.keep_address();
        own
    }

    /// The line in hand.
    pub fn way(&self) -> &Way {
        match self.spoken.get_untracked() {
            Spoken::Modbus => &self.modbus,
            Spoken::Mbus => &self.mbus,
        }
    }

    /// The time of the line in hand.
    pub fn now(&self) -> Instant {
        self.way().line.now()
    }

    /// Says what came of something.
    pub fn tell(&self, text: impl Into<String>, failed: bool) {
        self.say.set((text.into(), failed));
    }

    /// Opens a view by its name.
    pub fn go(&self, key: &str) {
        if let Some(place) = VIEWS.iter().position(|(own, ..)| *own == key) {
            self.open(place);
        }
    }

    /// Opens a view; should the page fail later, its report says so. What was said of work that is over stays where it was.
    fn open(&self, place: usize) {
        if self.view.get_untracked() != place && !dom::react::untrack(|| self.work.runs()) {
            self.say.set(Default::default());
        }
        if let Some((key, ..)) = VIEWS.get(place) {
            self.host.ask("note", &format!("cabinet {key}").into());
        }
        self.view.show(place);
    }

    /// True where there is a view of this name.
    pub fn has(key: &str) -> bool {
        VIEWS.iter().any(|(own, ..)| *own == key)
    }

    /// True while the view of this name is open; whoever asks is told when that changes.
    pub fn at(&self, key: &str) -> bool {
        let place = self.view.get();
        VIEWS.get(place).is_some_and(|(own, ..)| *own == key)
    }

    /// A meter was met elsewhere than in a search: it is in hand, and one of those that were found.
    pub fn met(&self, finding: Finding) {
        self.found.update(|found| {
            let found = Rc::make_mut(found);
            found.retain(|other| other.serial().is_none() || other.serial() != finding.serial());
            found.push(finding.clone());
        });
        self.hand.set(Some(finding));
    }

    /// The meter in hand is spoken to elsewhere from now on.
    pub fn moved(&self, to: Where) {
        let Some(mut hand) = self.hand.get_untracked() else { return };
        match (&mut hand, to) {
            (Finding::Modbus { place, .. }, Where::Modbus(to)) => *place = to,
            (Finding::Mbus { line, meter }, Where::Mbus(to)) => {
                *line = to.line;
                match to.address {
                    Address::Primary(address) => meter.address = address,
                    Address::Secondary(identity) => meter.identity = identity,
                }
            }
            _ => return,
        }
        self.met(hand);
    }

    /// Opens the view that the address names, and keeps the address that of the view that is open.
    fn keep_address(&self) {
        let fragment = || dom::browser::window().location().hash().unwrap_or_default();
        if let Some(key) = fragment().strip_prefix(ADDRESS) {
            self.go(key);
        }
        let view = self.view;
        dom::watch(Box::new(move || {
            let (Some((key, ..)), Ok(history)) = (VIEWS.get(view.get()), dom::browser::window().history())
            else {
                return;
            };
            let address = format!("{ADDRESS}{key}");
            // Another tab may have been opened meanwhile.
            if format!("{}/", fragment()).starts_with(ADDRESS) {
                let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&address));
            }
        }));
    }

    /// A meter that was found on the Modbus is spoken to elsewhere now.
    pub fn followed(&self, before: Place, after: Place) {
        let follow = |found: &mut Finding| match found {
            Finding::Modbus { place, .. } if *place == before => {
                *place = after;
                true
            }
            _ => false,
        };
        if before == after {
            return;
        }
        let mut all = self.found.get_untracked().to_vec();
        if all.iter_mut().filter_map(|found| follow(found).then_some(())).count() > 0 {
            self.found.set(Rc::new(all));
        }
        let mut hand = self.hand.get_untracked();
        if hand.as_mut().is_some_and(follow) {
            self.hand.set(hand);
        }
    }

    /// Another line: nothing that was found on the one before stands any more.
    fn anew(&self) {
        self.found.set(Rc::default());
        self.hand.set(None);
        self.say.set(Default::default());
        self.lines.update(|count| *count += 1);
    }

    /// The adapter was gone and is there again: what was found at it stands, and the meter in hand is read again, which
    /// shows whether it is still that one.
    fn back(&self) {
        self.say.set(Default::default());
        self.hand.update(|_| ());
    }

    /// Everything, from top to bottom.
    pub fn elements(&self) -> Vec<El> {
        let say = self.say;
        let told = el("p", "told")
            .attr("role", "status")
            .flag_if("hidden", move || say.with(|(text, _)| text.is_empty()))
            .class_if("bad", move || say.with(|(_, bad)| *bad))
            .says(move || say.with(|(text, _)| text.clone()));
        let title = el("h2", "vh").text("Cabinet");
        let mut parts =
            vec![title, self.buses(), self.row(Spoken::Modbus), self.row(Spoken::Mbus), self.views()];
        parts.extend([self.work.bar(), told]);
        for (place, (key, _, make)) in VIEWS.into_iter().enumerate() {
            let (own, view, made) = (self.clone(), self.view, Rc::new(Cell::new(false)));
            let panel = el("div", "view")
                .attr("role", "tabpanel")
                .attr("id", &format!("view-{key}"))
                .attr("aria-labelledby", &format!("viewtab-{key}"))
                .flag_if("hidden", move || view.get() != place);
            // What is never looked at is never made.
            let inside = panel.clone();
            dom::watch(Box::new(move || {
                if view.get() == place && !made.replace(true) {
                    let _ = dom::react::untrack(|| inside.clone().all(make(&own)));
                }
            }));
            parts.push(panel);
        }
        parts.push(self.frames.list());
        parts
    }

    /// Which bus is worked on.
    fn buses(&self) -> El {
        let (own, spoken, work) = (self.clone(), self.spoken, self.work.clone());
        let chosen = move || u32::from(spoken.get() == Spoken::Mbus);
        let words = &[(0, "Modbus on RS485"), (1, "M-Bus")];
        let row = dom::parts::choices("Bus", words, Rc::new(chosen), move |place| {
            if !work.runs() {
                spoken.set(if place == 1 { Spoken::Mbus } else { Spoken::Modbus });
                own.anew();
            }
        });
        el("div", "buses").add(row)
    }

    /// Where the bytes of a bus go.
    fn row(&self, of: Spoken) -> El {
        let way = if of == Spoken::Modbus { &self.modbus } else { &self.mbus };
        let (free, own, spoken) = (self.work.clone(), self.clone(), self.spoken);
        let at = listen::factory_line(of);
        let source = way.source.clone();
        let taken = move || {
            let real = own.way().line.status().real;
            let known =
                own.hand.with_untracked(Option::is_some) || own.found.with_untracked(|it| !it.is_empty());
            if real && known && source.was_gone() {
                return own.back();
            }
            own.anew();
            if real {
                own.plugged.update(|count| *count += 1);
            }
        };
        way.source.row(move || at, move || !free.runs(), taken).flag_if("hidden", move || spoken.get() != of)
    }

    /// The row of the views.
    fn views(&self) -> El {
        let view = self.view;
        let mut row = el("div", "views").attr("role", "tablist").attr("aria-label", "Views of the cabinet");
        for (place, (key, word, _)) in VIEWS.into_iter().enumerate() {
            let own = self.clone();
            row = row.add(
                button("", word, move |_| own.open(place))
                    .attr("role", "tab")
                    .attr("id", &format!("viewtab-{key}"))
                    .attr("aria-controls", &format!("view-{key}"))
                    .keeps("aria-selected", move || (view.get() == place).to_string())
                    .keeps("tabindex", move || if view.get() == place { "0" } else { "-1" }.to_owned()),
            );
        }
        let own = self.clone();
        row.on("keydown", move |event| {
            let event: web_sys::KeyboardEvent = wasm_bindgen::JsCast::unchecked_into(event);
            let at = view.get_untracked();
            let to = match event.key().as_str() {
                "ArrowRight" => (at + 1) % VIEWS.len(),
                "ArrowLeft" => (at + VIEWS.len() - 1) % VIEWS.len(),
                _ => return,
            };
            event.prevent_default();
            own.open(to);
            if let Some((key, ..)) = VIEWS.get(to)
                && let Some(tab) = dom::browser::document().get_element_by_id(&format!("viewtab-{key}"))
            {
                let _ = wasm_bindgen::JsCast::unchecked_into::<web_sys::HtmlElement>(tab).focus();
            }
        })
    }
}
