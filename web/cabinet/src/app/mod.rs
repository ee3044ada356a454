//! The maker's app: a meter as the app shows it, over the emulated radio of the one in hand on the rail, or over the wire.
//! What it shows, and in which words, is the description's ([`commission::manager`]).

mod form;
mod road;
mod save;
mod values;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use commission::find::Finding;
use commission::manager::{Editor, Manager, SettingRow};
use commission::{
    Bus as _, Context, Fault, LineMemory, Place, Progress, Timing, Transport, factory_place, identify,
    sentence,
};
use dom::changes::{Note, Stand as Mark};
use dom::clock::pause;
use dom::frames::Frames;
use dom::line::of_js;
use dom::signal::Sig;
use dom::{El, el, later, watch};
use js_sys::Array;
use models::Entry;
use units::LineParams;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::cabinet::{Cabinet, Spoken};
use crate::host::{Host, Line};

type Bus = commission::Line<'static, Line, Frames>;

/// How often it is looked whether the radio is still on, in ms.
const LOOK_MS: i32 = 250;

/// How the meter is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Road {
    /// Over the emulated radio of the meter in hand on the rail.
    #[default]
    Radio,
    /// Over the cabinet's Modbus.
    Wire,
}

/// How far the radio is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Air {
    /// The meter in hand on the rail has none.
    #[default]
    Missing,
    /// It is off.
    Off,
    /// It is on: the meter can be found.
    On,
    /// The app is connected over it.
    Connected,
}

/// The meter in hand on the rail.
#[derive(Clone, Copy)]
struct Hand {
    /// The number by which the page knows it.
    mark: u32,
    entry: &'static Entry,
    /// Where its Modbus is.
    at: Option<Place>,
}

impl PartialEq for Hand {
    fn eq(&self, other: &Self) -> bool {
        (self.mark, self.at) == (other.mark, other.at)
    }
}

impl Hand {
    fn of(host: &Host) -> Option<Self> {
        let told = Array::from(&host.ask("meter", &JsValue::NULL));
        let number = |place: u32| told.get(place).as_f64().map(|number| number as u32);
        let unit = number(3).and_then(|unit| u8::try_from(unit).ok());
        Some(Self {
            mark: number(0)?,
            entry: models::ALL.get(usize::try_from(number(1)?).ok()?)?,
            at: unit.map(|unit| Place { line: of_js(&told.get(4)), unit }),
        })
    }
}

/// The view.
#[derive(Clone)]
struct App {
    cabinet: Cabinet,
    radio: Host,
    air: Rc<RefCell<Bus>>,
    wire: Rc<RefCell<Bus>>,
    road: Sig<Road>,
    /// How far the radio of the meter in hand on the rail is.
    far: Sig<Air>,
    /// What that meter calls itself over it.
    name: Sig<String>,
    rail: Sig<Option<Hand>>,
    /// Where a meter is asked over the wire.
    place: Sig<Place>,
    manager: Rc<RefCell<Option<Manager>>>,
    /// Counts the meters that were shown, for what belongs to one of them only.
    shown: Sig<u32>,
    /// Something of the meter was read or changed.
    version: Sig<u32>,
    notes: Sig<Rc<Vec<Sig<Note>>>>,
    /// The work that goes on in the cabinet is this view's, over the radio.
    flies: Rc<Cell<bool>>,
    /// The question before saving is open.
    asks: Sig<bool>,
    /// The counter that is to be set to zero, while that is asked.
    resets: Sig<Option<&'static str>>,
    resetting: Sig<bool>,
    password: Sig<String>,
    digits: Sig<String>,
    wrong: Sig<Option<String>>,
    /// The last report as text.
    report: Sig<String>,
}

/// The view.
pub fn view(cabinet: &Cabinet) -> Vec<El> {
    let radio: Host = cabinet.host.ask("radio", &JsValue::NULL).unchecked_into();
    let bus = |line: Line, place: Place| {
        let memory = Box::leak(Box::new(LineMemory::default()));
        let frames = cabinet.frames.clone();
        Rc::new(RefCell::new(Bus::new(line, memory, Transport::Rtu, place, Timing::default(), frames)))
    };
    let factory = Place { line: LineParams::even(9_600), unit: 1 };
    let own = App {
        air: bus(Line::new(radio.clone()), Place { line: LineParams::RADIO, ..factory }),
        wire: bus(cabinet.modbus.line.clone(), factory),
        cabinet: cabinet.clone(),
        radio,
        road: Sig::default(),
        far: Sig::default(),
        name: Sig::default(),
        rail: Sig::default(),
        place: Sig::new(factory),
        manager: Rc::default(),
        shown: Sig::default(),
        version: Sig::default(),
        notes: Sig::default(),
        flies: Rc::default(),
        asks: Sig::new(false),
        resets: Sig::default(),
        resetting: Sig::new(false),
        password: Sig::default(),
        digits: Sig::default(),
        wrong: Sig::default(),
        report: Sig::default(),
    };
    own.look();
    if own.far.get_untracked() == Air::Missing {
        own.road.set(Road::Wire);
    }
    let (found, spoken, chosen) = (cabinet.hand, cabinet.spoken, own.clone());
    watch(Box::new(move || {
        let found = found.get();
        spoken.get();
        dom::react::untrack(|| chosen.found(found.as_ref()));
    }));
    let (looking, here) = (own.clone(), cabinet.view.get_untracked());
    later(async move {
        loop {
            pause(LOOK_MS).await;
            if looking.cabinet.view.get_untracked() == here {
                looking.look();
            }
        }
    });
    own.elements()
}

impl App {
    /// Looks which meter is in hand on the rail and how far its radio is.
    fn look(&self) {
        let (before, hand) = (self.rail.get_untracked(), Hand::of(&self.cabinet.host));
        self.rail.show(hand);
        let scanned = self.radio.ask("scan", &JsValue::NULL);
        let radio = hand.and_then(|hand| hand.entry.def.radio()).filter(|_| !scanned.is_null());
        let scanned = if scanned.is_null() { Array::new() } else { Array::from(&scanned) };
        self.name.show(match (radio, hand, scanned.get(0).as_f64()) {
            (Some(radio), Some(hand), Some(serial)) => {
                format!("{}{}{serial:08}", radio.prefix, hand.entry.def.identity.prefix)
            }
            _ => String::new(),
        });
        self.far.show(match (radio, scanned.get(1).is_truthy(), scanned.get(2).is_truthy()) {
            (None, ..) => Air::Missing,
            (_, _, true) => Air::Connected,
            (_, true, false) => Air::On,
            (_, false, false) => Air::Off,
        });
        if before.map(|hand| hand.mark) != hand.map(|hand| hand.mark) && self.road() == Road::Radio {
            self.leave();
            self.anew(hand.and_then(|hand| Manager::new(hand.entry)));
        }
        if before != hand {
            self.follow();
        }
    }

    fn road(&self) -> Road {
        self.road.get_untracked()
    }

    /// Another meter was chosen among those that were found, or none is any more.
    fn found(&self, found: Option<&Finding>) {
        let before = self.place.get_untracked();
        self.follow();
        if matches!(found, Some(Finding::Modbus { .. })) {
            self.road.show(Road::Wire);
        }
        let same = found.and_then(Finding::serial).is_some_and(|serial| {
            let known = self.manager.borrow().as_ref().and_then(Manager::serial);
            known == Some(serial) && self.place.get_untracked() == before
        });
        if self.road() == Road::Wire && !same {
            self.anew(None);
        }
    }

    /// Where a meter is asked over the wire, unless somebody says otherwise.
    fn follow(&self) {
        let found = self.cabinet.hand.with_untracked(|found| match found {
            Some(Finding::Modbus { place, .. }) => Some(*place),
            _ => None,
        });
        let rail = self.rail.get_untracked();
        let simulated = !dom::react::untrack(|| self.cabinet.modbus.source.real());
        let at = rail.filter(|_| simulated).and_then(|hand| hand.at);
        let factory = models::ALL.iter().find(|entry| entry.def.app().is_some()).map(factory_place);
        if let Some(place) = found.or(at).or(factory) {
            self.place.show(place);
        }
    }

    /// Another meter: nothing of the one before stays.
    fn anew(&self, manager: Option<Manager>) {
        if self.flies.get() {
            self.cabinet.work.end();
        }
        let rows = manager.as_ref().map_or(0, |manager| manager.settings().len());
        *self.manager.borrow_mut() = manager;
        self.notes.set(Rc::new((0..rows).map(|_| Sig::default()).collect()));
        self.report.set(String::new());
        self.tell();
        self.shown.update(|shown| *shown += 1);
    }

    /// Reads something of the app in place; whoever does so is told when it changes.
    fn with<T: Default>(&self, read: impl FnOnce(&Manager) -> T) -> T {
        self.version.get();
        self.manager.borrow().as_ref().map(read).unwrap_or_default()
    }

    fn change(&self, change: impl FnOnce(&mut Manager)) {
        // While something is done, the fields rest.
        if let Some(manager) = self.manager.borrow_mut().as_mut() {
            change(manager);
        }
        self.tell();
    }

    /// The rows of the settings say what the app knows now.
    fn tell(&self) {
        self.version.update(|version| *version += 1);
        let rows = dom::react::untrack(|| self.with(Manager::settings));
        for (note, row) in self.notes.get_untracked().iter().zip(rows) {
            note.set(told(row));
        }
    }

    /// True where the meter can be asked; whoever asks is told when that changes.
    fn is_near(&self) -> bool {
        self.shown.get();
        match self.road.get() {
            Road::Radio => self.far.get() == Air::Connected,
            Road::Wire => self.cabinet.spoken.get() == Spoken::Modbus && self.manager.borrow().is_some(),
        }
    }

    /// The app as it was when work with it began: what the work finds is put in its place at the end.
    fn copy(&self) -> Option<(u32, Manager)> {
        Some((self.shown.get_untracked(), self.manager.borrow().clone()?))
    }

    /// Takes the app as work has left it, where it is still shown.
    fn take(&self, shown: u32, manager: Manager) {
        if self.shown.get_untracked() == shown {
            *self.manager.borrow_mut() = Some(manager);
        }
        self.tell();
    }

    /// One piece of work with the meter; `doubt` is said behind what was stopped. The work tells what came of it, as good or
    /// as a fault.
    fn go(
        &self,
        what: &'static str,
        doubt: &'static str,
        act: impl AsyncFnOnce(&Self, &mut Bus) -> Result<String, String> + 'static,
    ) {
        let (own, broken) = (self.clone(), self.clone());
        self.cabinet.say.set(Default::default());
        let stopped = move |what: &str| {
            broken.flies.set(false);
            broken.cabinet.tell(format!("Stopped. {what}. {doubt}").trim_end(), true);
        };
        self.cabinet.work.start(what, self.cabinet.now(), stopped, held(own, act));
    }

    /// Sets a bus to the meter that is shown.
    async fn tune(&self, bus: &mut Bus, entry: Option<&'static Entry>) -> Result<(), Fault> {
        let wire = self.place.get_untracked();
        let place = match self.road() {
            Road::Wire => wire,
            Road::Radio => {
                let at = self.rail.get_untracked().and_then(|hand| hand.at);
                Place { line: LineParams::RADIO, ..at.unwrap_or(wire) }
            }
        };
        bus.set_entry(entry);
        bus.set_unit(place.unit);
        bus.reconfigure(place.line).await
    }

    /// Reads everything that the app shows of a meter that is known.
    fn refresh(&self) {
        self.go("Reading", "", async |own, bus| own.read(bus).await);
    }

    async fn read(&self, bus: &mut Bus) -> Result<String, String> {
        let Some((shown, mut manager)) = self.copy() else { return Ok(String::new()) };
        let tuned = self.tune(bus, Some(manager.entry())).await;
        let mut told = |progress: Progress| {
            let permille = u32::try_from(progress.done * 1_000 / progress.total.max(1)).ok();
            self.cabinet.work.tell("Reading", permille, self.cabinet.now());
        };
        let read = match tuned {
            Ok(()) => manager.refresh(bus, &mut told).await,
            Err(fault) => Err(fault),
        };
        self.take(shown, manager);
        match read {
            Ok(()) => Ok("Read from the meter.".to_owned()),
            Err(fault) => Err(format!("{fault}. What was read before still stands.")),
        }
    }

    /// Asks who is there at the place of the wire, and reads what the app shows of it.
    fn find(&self) {
        let place = self.place.get_untracked();
        self.go("Asking who is there", "", async move |own, bus| {
            let fails = |fault: Fault| {
                let context = Context { place, entry: None, request: None };
                sentence(&fault, &context)
            };
            own.tune(bus, None).await.map_err(fails)?;
            let who = identify(bus).await.map_err(fails)?;
            own.anew(who.entry.and_then(Manager::new));
            match who.entry {
                Some(entry) if entry.def.app().is_none() => Err(format!(
                    "{} The maker’s app does not show this model. The tabs Read-out and Settings do.",
                    who.sentence()
                )),
                Some(_) => own.read(bus).await,
                None => Err(who.sentence()),
            }
        });
    }

    fn elements(&self) -> Vec<El> {
        let (own, shown) = (self.clone(), self.shown);
        let inside = el("div", "meter").shows(move || {
            shown.get();
            // Its fields follow what is read and changed by themselves.
            dom::react::untrack(|| if own.manager.borrow().is_some() { own.meter() } else { Vec::new() })
        });
        vec![self.way(), inside, self.question(), self.reset()]
    }
}

/// Holds a bus for as long as the work lives: there is one piece of work at a time.
#[allow(clippy::await_holding_refcell_ref, reason = "there is one piece of work at a time")]
async fn held(own: App, act: impl AsyncFnOnce(&App, &mut Bus) -> Result<String, String>) {
    let flies = own.road() == Road::Radio;
    let bus = if flies { own.air.clone() } else { own.wire.clone() };
    let mut bus = bus.borrow_mut();
    own.flies.set(flies);
    let told = act(&own, &mut bus).await;
    own.flies.set(false);
    match told {
        Ok(text) => own.cabinet.tell(text, false),
        Err(text) => own.cabinet.tell(text, true),
    }
}

/// What a row of the app says of its change.
fn told(row: SettingRow) -> Note {
    let stand = match (&row.staged, &row.outcome) {
        _ if matches!(row.editor, Editor::Closed(_)) => Mark::Ended("locked", "not here"),
        (_, Some((word, _))) => Mark::Ended(class(word), word),
        (Some(_), None) if row.error.is_none() => Mark::Staged,
        _ => Mark::Unchanged,
    };
    let why = row.outcome.map_or_else(|| row.lasting.unwrap_or_default(), |(_, why)| why);
    Note { staged: None, wrong: row.staged.zip(row.error), stand, why }
}

/// The class of an outcome's word.
fn class(word: &str) -> &'static str {
    match word {
        "confirmed" => "confirmed",
        "refused" | "not taken" => "refused",
        "unknown" => "unknown",
        _ => "notsent",
    }
}
