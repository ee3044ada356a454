//! The meters on the rail: what the page keeps of each beside its twin, which one is in hand, how they come and go.

use std::collections::VecDeque;

use models::Entry;
use panel::matrix::MatrixView;
use rig::image::{self, Kept};
use rig::{Circuit, Connection, Flow, Output, Supply, Twin, newcomer};
use units::{EnergyKind, Flow as Way, Instant, Phase, Point, Tariff};

use super::drive::Runtime;
use super::model;
use super::project::LAMPS;
use crate::store;
use crate::view::{Hour, LoadForm, Model, PhaseForm};

/// How many hours the chart has.
const HOURS: usize = 24;
/// Where the loads are kept, one line a meter.
const LOADS: &str = "metertwin.load";
/// Most meters on the rail: more is no bench any more, and a page has to draw each.
pub const MOST: usize = 12;

/// What the page keeps of one meter.
#[derive(Default)]
pub struct Meter {
    /// What flows through it.
    pub load: LoadForm,
    /// No other meter, and no other memory in its place, ever has this number: the configurator knows it by that.
    pub mark: u32,
    /// What stands on its dot matrix, as it was drawn last.
    pub matrix: Option<MatrixView>,
    /// Energy of its last metered hours.
    pub hours: VecDeque<Hour>,
    /// Its counters at the start of the hour that has begun.
    hour_from: [i64; 2],
    hour_off: bool,
}

/// The meters that a file carries; `None` where it is damaged, or has one that this program does not know.
fn twins(bytes: &[u8], now: Instant) -> Option<Vec<Twin>> {
    let kept = image::parse(bytes).ok()?;
    let twin = |kept: &Kept| {
        let entry = models::ALL.iter().find(|entry| entry.def.slug == kept.model)?;
        Some(Twin::new(entry, Some(kept.memory(entry).ok()?), now))
    };
    kept.iter().map(twin).collect::<Option<Vec<_>>>().filter(|twins| !twins.is_empty())
}

impl Runtime {
    /// Puts on the rail what was kept, or one meter as from the factory. Gives back what it could not use.
    ///
    /// A memory with an error in it is what the meter has: it shows its error, as a real one does.
    pub(super) fn furnish(&mut self, kept: Option<Vec<u8>>, now: Instant) -> Option<Vec<u8>> {
        let found = kept.as_ref().and_then(|bytes| twins(bytes, now));
        let damaged = kept.filter(|_| found.is_none());
        let found = found.unwrap_or_else(|| {
            models::ALL.first().map(|entry| newcomer(entry, &self.bench.borrow(), now)).into_iter().collect()
        });
        let loads = store::local(LOADS).unwrap_or_default();
        for twin in found {
            let own = load_from(&loads, &twin);
            self.put(twin, own.map_or_else(LoadForm::default, |(load, _)| load));
            if own.is_some_and(|(_, in_hand)| in_hand) {
                self.at = self.meters.len() - 1;
            }
        }
        damaged
    }

    /// Puts a meter at the end of the rail.
    fn put(&mut self, twin: Twin, load: LoadForm) {
        let place = self.bench.borrow_mut().add(twin);
        let meter = self.fresh(load);
        self.meters.push(meter);
        self.apply_load(place);
        // The first read-out is not to find the meter as it was before its load.
        if let Some(twin) = self.bench.borrow_mut().twin_mut(place) {
            twin.device_mut().take_reading();
        }
        let from = self.counters(place);
        self.meters[place].hour_from = from;
        self.dirty = true;
    }

    /// Another meter of a model comes on the rail, and in hand.
    pub(super) fn add_meter(&mut self, slug: &str) {
        let Some(entry) = models::ALL.iter().find(|entry| entry.def.slug == slug) else { return };
        if self.meters.len() < MOST {
            let speed = self.load().speed;
            let twin = newcomer(entry, &self.bench.borrow(), self.bench.borrow().now());
            self.put(twin, LoadForm { speed, ..LoadForm::default() });
            self.select(self.meters.len() - 1);
        }
    }

    /// A meter goes from the rail, and what it knew with it. The last one stays.
    pub(super) fn remove_meter(&mut self, place: usize) {
        if place >= self.meters.len() || self.meters.len() == 1 {
            return;
        }
        self.leave();
        self.bench.borrow_mut().remove(place);
        self.meters.remove(place);
        if self.at > place || self.at == self.meters.len() {
            self.at -= 1;
        }
        self.changes += 1;
        self.arrive();
    }

    /// Takes another meter in hand.
    pub(super) fn select(&mut self, place: usize) {
        if place < self.meters.len() && place != self.at {
            self.leave();
            self.at = place;
            self.arrive();
        }
    }

    /// Takes a file: one memory of the model in hand becomes that meter's own, any other file puts its meters on the
    /// rail.
    pub(super) fn import_image(&mut self, bytes: &[u8]) {
        let now = self.bench.borrow().now();
        let said = match (image::import(self.entry(), bytes), image::parse(bytes)) {
            (Ok(memory), _) => {
                self.leave();
                let twin = Twin::new(self.entry(), Some(memory), now);
                let serial = twin.serial();
                self.bench.borrow_mut().replace(self.at, twin);
                self.meters[self.at] = self.fresh(self.load());
                self.apply_load(self.at);
                self.meters[self.at].hour_from = self.counters(self.at);
                self.arrive();
                Ok(format!("The meter has the memory of the file now, serial number {serial:08}."))
            }
            (Err(_), Ok(kept)) if kept.len() + self.meters.len() > MOST => {
                Err(format!("The rail has room for {MOST} meters, and the file brings {} more.", kept.len()))
            }
            (Err(_), Ok(kept)) if !kept.is_empty() => match twins(bytes, now) {
                Some(found) => {
                    let many = found.len();
                    found.into_iter().for_each(|twin| self.put(twin, LoadForm::default()));
                    self.select(self.meters.len() - 1);
                    Ok(format!("On the rail as well now, from the file: {many}."))
                }
                None => Err("The file has a meter that this program does not know.".to_owned()),
            },
            (Err(why), _) => Err(format!("Nothing was taken from the file: {why}.")),
        };
        self.signals.imported.set(Some(said));
    }

    /// Makes the meter in hand as from the factory.
    pub(super) fn reset_meter(&mut self, at: Instant) {
        self.leave();
        if let Some(twin) = self.bench.borrow_mut().twin_mut(self.at) {
            twin.factory_reset(at);
        }
        let hour_from = self.counters(self.at);
        self.meters[self.at] = Meter { hour_from, ..self.fresh(self.load()) };
        self.arrive();
        let said = "The meter is as from the factory; its serial number stayed.";
        self.signals.imported.set(Some(Ok(said.to_owned())));
    }

    /// The meter in hand is about to be another one: its key is let go.
    fn leave(&mut self) {
        self.let_go();
        self.signals.imported.set(None);
    }

    /// Another meter is in hand: everything follows it.
    pub(super) fn arrive(&mut self) {
        self.key_down = 0;
        self.bench.borrow_mut().put_head(Some(self.at));
        if let Some(twin) = self.bench.borrow().twin(self.at) {
            for (flash, (output, _)) in self.flash.iter_mut().zip(LAMPS) {
                flash.follow(twin.outputs().pulses(output));
            }
            self.pulse.follow(twin.outputs().pulses(Output::S0));
        }
        self.show_models();
        self.signals.mark.show(self.meters[self.at].mark);
        self.keep_loads();
        self.dirty = true;
    }

    /// What the page keeps of a meter that is new in its place.
    fn fresh(&mut self, load: LoadForm) -> Meter {
        self.changes += 1;
        self.marks += 1;
        Meter { load, mark: self.marks, ..Meter::default() }
    }

    /// The model of the meter in hand.
    pub(super) fn entry(&self) -> &'static Entry {
        let bench = self.bench.borrow();
        let Some(twin) = bench.twin(self.at) else { unreachable!("the rail has a meter") };
        twin.entry()
    }

    /// The table of a model, as the page needs it; made once.
    pub(super) fn model_of(&mut self, entry: &'static Entry) -> &'static Model {
        if let Some((_, made)) = self.models.iter().find(|(of, _)| std::ptr::eq(*of, entry)) {
            return made;
        }
        let made: &'static Model = Box::leak(Box::new(model::model(entry)));
        self.models.push((entry, made));
        made
    }

    /// Tells the page which tables it shows.
    pub(super) fn show_models(&mut self) {
        let twin = self.entry();
        let wired = self.wired.unwrap_or(twin);
        for (entry, signal) in [(twin, self.signals.twin), (wired, self.signals.wired)] {
            let model = self.model_of(entry);
            signal.show(model);
        }
        self.dirty = true;
    }

    /// What flows through the meter in hand.
    pub(super) fn load(&self) -> LoadForm {
        self.meters[self.at].load
    }

    /// Forward and reverse active energy of a meter, in Wh.
    fn counters(&self, place: usize) -> [i64; 2] {
        let bench = self.bench.borrow();
        let value = |flow: Way| {
            let point =
                Point::Energy { kind: EnergyKind::Active, flow, phase: Phase::All, tariff: Tariff::All };
            bench.twin(place).and_then(|twin| twin.device().value(point)).unwrap_or(0)
        };
        [value(Way::Forward), value(Way::Reverse)]
    }

    /// Another load for the meter in hand. Metered time has one speed for all.
    pub(super) fn set_load(&mut self, load: LoadForm) {
        for meter in &mut self.meters {
            meter.load.speed = load.speed;
        }
        self.meters[self.at].load = load;
        self.apply_load(self.at);
        self.keep_loads();
    }

    fn apply_load(&mut self, place: usize) {
        let load = self.meters[place].load;
        let small = |value: i64| u32::try_from(value).unwrap_or(0);
        let circuit = |phase: &PhaseForm| Circuit {
            voltage_mv: small(phase.millivolts),
            flow: if phase.milliamps == 0 { Flow::Off } else { Flow::Current { ma: small(phase.milliamps) } },
            pf_milli: u16::try_from(phase.factor).unwrap_or(1_000),
            lead: !phase.lag,
            export: phase.export,
        };
        let mut supply = Supply {
            connection: load.connection,
            frequency_mhz: small(load.millihertz),
            mains: load.mains,
            tariff_input: load.tariff_input,
            ..Supply::default()
        };
        let mut bench = self.bench.borrow_mut();
        let phases = bench.twin(place).map_or(1, |twin| twin.entry().def.metering.phases);
        for (own, phase) in supply.phases.iter_mut().zip(&load.phases).take(usize::from(phases)) {
            *own = circuit(phase);
        }
        bench.set_factor(load.speed);
        bench.set_supply(place, supply);
        if let Some(twin) = bench.twin_mut(place) {
            twin.set_s0_supply((load.pulse_millivolts > 0).then(|| small(load.pulse_millivolts)));
        }
        self.meters[place].hour_off |= !load.mains;
        self.dirty = true;
    }

    pub(super) fn end_hour(&mut self) {
        for place in 0..self.meters.len() {
            let hour = self.hour(place);
            let from = self.counters(place);
            let meter = &mut self.meters[place];
            if meter.hours.len() == HOURS - 1 {
                meter.hours.pop_front();
            }
            meter.hours.push_back(hour);
            meter.hour_from = from;
            meter.hour_off = !meter.load.mains;
        }
    }

    /// The hour that has begun.
    pub(super) fn hour(&self, place: usize) -> Hour {
        let [import, export] = self.counters(place);
        let [from_import, from_export] = self.meters[place].hour_from;
        let grown = |now: i64, from: i64| u32::try_from(now - from).unwrap_or(0);
        Hour {
            import: grown(import, from_import),
            export: grown(export, from_export),
            off: self.meters[place].hour_off,
        }
    }

    /// How often anything was written into any of the memories, and how often the rail was changed.
    pub(super) fn writes(&self) -> u64 {
        self.bench.borrow().twins().iter().map(|twin| twin.image().writes()).sum::<u64>() + self.changes
    }

    /// The memories as a file: of all meters, or of the one in hand.
    pub fn image(&self, all: bool) -> Vec<u8> {
        let bench = self.bench.borrow();
        let twins = bench.twins().iter().enumerate();
        let kept: Vec<Kept> =
            twins.filter(|(place, _)| all || *place == self.at).map(|(_, twin)| Kept::of(twin)).collect();
        image::emit(&kept)
    }

    /// Keeps the memories of all meters.
    pub fn keep(&mut self) {
        self.kept = self.writes();
        super::keep_image(self.image(true));
        self.keep_loads();
    }

    fn keep_loads(&self) {
        let bench = self.bench.borrow();
        let mut text = String::new();
        for (place, (twin, meter)) in bench.twins().iter().zip(&self.meters).enumerate() {
            let load = &meter.load;
            text.push_str(&format!("{}", twin.serial()));
            let of = |phase: &PhaseForm| {
                let PhaseForm { millivolts, milliamps, factor, .. } = *phase;
                [millivolts, milliamps, factor, i64::from(phase.lag), i64::from(phase.export)]
            };
            let [first, second, third] = &load.phases;
            let connection = Connection::ALL.iter().position(|it| *it == load.connection);
            let numbers = [i64::from(place == self.at)].into_iter().chain(of(first)).chain([
                load.millihertz,
                i64::from(load.tariff_input),
                load.pulse_millivolts,
            ]);
            let more = [i64::from(load.alike), connection.and_then(|n| i64::try_from(n).ok()).unwrap_or(0)];
            for number in numbers.chain(of(second)).chain(of(third)).chain(more) {
                text.push_str(&format!(" {number}"));
            }
            text.push('\n');
        }
        store::set_local(LOADS, Some(&text));
    }
}

/// The load of a meter as it was kept, and whether that meter was in hand: mains are on and time is real after a reload.
fn load_from(text: &str, twin: &Twin) -> Option<(LoadForm, bool)> {
    text.lines().find_map(|line| {
        let numbers: Vec<i64> = line.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
        let (first, rest) = numbers.split_at_checked(10)?;
        let [serial, in_hand, one @ .., millihertz, tariff, pulse] = first else { return None };
        let phase = |numbers: &[i64]| match numbers {
            [millivolts, milliamps, factor, lag, export, ..] => PhaseForm {
                millivolts: *millivolts,
                milliamps: *milliamps,
                factor: *factor,
                lag: *lag == 1,
                export: *export == 1,
            },
            _ => PhaseForm::default(),
        };
        // What an older page kept ends with the first phase.
        let (two, three) = if rest.is_empty() { (one, one) } else { (rest, rest.get(5..)?) };
        let [alike, connection] = rest.get(10..).and_then(|of| of.try_into().ok()).unwrap_or([1, 0]);
        let connection = usize::try_from(connection).ok().and_then(|n| Connection::ALL.get(n).copied());
        let load = LoadForm {
            phases: [one, two, three].map(phase),
            alike: alike == 1,
            connection: connection.unwrap_or_default(),
            millihertz: *millihertz,
            tariff_input: *tariff == 1,
            pulse_millivolts: *pulse,
            ..LoadForm::default()
        };
        (*serial == i64::from(twin.serial())).then_some((load, *in_hand == 1))
    })
}
