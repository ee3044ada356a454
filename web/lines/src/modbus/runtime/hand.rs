//! The meter in hand, as the page tells of it, and what is known of the others meanwhile.

use commission::{Place, names};
use dom::line::of_js;
use js_sys::Array;
use models::Entry;
use schema::{PortId, Source};
use wasm_bindgen::JsValue;

use super::drive::Runtime;
use super::work::{self, Task};
use super::{subject::Subject, tables};
use crate::host::Host;
use crate::modbus::view::Model;

/// The meter in hand.
#[derive(Clone, Copy)]
pub struct Hand {
    /// No other meter, and no other memory in its place, ever has this number.
    mark: u32,
    /// Its model.
    pub entry: &'static Entry,
    /// It answers at an adapter, not at the simulated wire.
    pub out: bool,
    /// Where it is spoken to.
    at: Option<Place>,
}

/// What numbers a subject of its own, while another meter is in hand.
pub type Known = Vec<(u32, Subject)>;

impl Hand {
    /// Asks the page.
    pub fn of(host: &Host) -> Option<Self> {
        let told = Array::from(&host.ask("meter", &JsValue::NULL));
        let number = |place: u32| told.get(place).as_f64().map(|number| number as u32);
        Some(Self {
            mark: number(0)?,
            entry: models::ALL.get(usize::try_from(number(1)?).ok()?)?,
            out: told.get(2).is_truthy(),
            at: number(3)
                .and_then(|unit| u8::try_from(unit).ok())
                .map(|unit| Place { line: of_js(&told.get(4)), unit }),
        })
    }
}

impl Runtime {
    /// The meter in hand may be another one: everything follows it then.
    pub fn look(&mut self) {
        let Some(hand) = Hand::of(&self.host) else { return };
        let before = self.hand.replace(hand);
        self.dirty |= before.is_none_or(|before| (before.out, before.at) != (hand.out, hand.at));
        if before.is_some_and(|before| before.mark == hand.mark) {
            return;
        }
        if self.real_wire.is_none() {
            self.live = false;
            self.drop_tasks();
        }
        let subject = core::mem::take(&mut self.twin_wire.subject);
        if let Some(before) = before {
            self.known.push((before.mark, subject));
        }
        let own = self.known.iter().position(|(mark, _)| *mark == hand.mark);
        self.twin_wire.subject = own.map_or_else(Subject::default, |own| self.known.swap_remove(own).1);
        self.twin_wire.set_entry(hand.entry);
        self.show_models();
        self.follow_twin();
    }

    /// The model of the meter in hand.
    pub(super) fn entry(&self) -> &'static Entry {
        self.hand.map_or(self.twin_wire.entry, |hand| hand.entry)
    }

    /// True where the configurator has a line to the meter.
    pub(super) fn asks(&self) -> bool {
        let out = self.hand.is_some_and(|hand| hand.out);
        self.real_wire.is_some() || (!out && self.entry().def.has(PortId::Modbus))
    }

    /// The twin's master goes where the twin's own settings are, so that it finds it after a reload and a change of
    /// meters.
    pub(super) fn follow_twin(&mut self) {
        self.hand = Hand::of(&self.host).or(self.hand);
        if self.real_wire.is_some() || !self.asks() {
            return;
        }
        if let Some(place) = self.hand.and_then(|hand| hand.at) {
            self.tasks.push_back(Task::Line(work::line_form(place)));
            if self.twin_wire.subject.readout.is_none() {
                self.tasks.push_back(Task::Read);
            }
        }
    }

    /// The tables of a model, as the configurator needs them; made once.
    fn model_of(&mut self, entry: &'static Entry) -> &'static Model {
        if let Some((_, made)) = self.models.iter().find(|(of, _)| std::ptr::eq(*of, entry)) {
            return made;
        }
        let made: &'static Model = Box::leak(Box::new(tables::model(entry)));
        self.models.push((entry, made));
        made
    }

    /// Tells which tables are shown, and the page whose name stands in its head.
    pub(super) fn show_models(&mut self) {
        let (twin, wired) = (self.entry(), self.wire().entry);
        for (entry, signal) in [(twin, self.signals.twin), (wired, self.signals.wired)] {
            let model = self.model_of(entry);
            signal.show(model);
        }
        let number = models::ALL.iter().position(|entry| entry.def.slug == wired.def.slug);
        let real = number.filter(|_| self.real_wire.is_some());
        self.host.ask("wired", &real.map_or(JsValue::NULL, |number| (number as f64).into()));
        self.dirty = true;
    }

    /// What the meter in hand knows and no master can ask here: its settings, and what stands on each of its pages.
    pub(super) fn ask_itself(&mut self) {
        let entry = self.entry();
        let told = Array::from(&self.host.ask("knows", &JsValue::NULL));
        self.signals.shows.show(told.get(0).as_string().unwrap_or_default());
        let settings = Array::from(&told.get(1));
        for (place, setting) in (0..).zip(entry.def.all_settings()) {
            if let Some(value) = settings.get(place).as_f64() {
                self.twin_wire.subject.known.insert(setting.id, value as i64);
            }
        }
        let values = Array::from(&told.get(2));
        let fields = entry.def.all_pages().flat_map(|(id, page)| page.fields.iter().map(move |it| (id, it)));
        let mut rows = Vec::new();
        let mut before = None;
        for (place, (id, field)) in (0..).zip(fields) {
            let Some(value) = values.get(place).as_f64() else { continue };
            let secret = matches!(field.source, Source::Setting(id) if names::setting(entry, id).is_some_and(|it| it.secret));
            if before.replace((id, field.source)) == Some((id, field.source)) || secret {
                continue;
            }
            let text = names::source_text(entry, field.source, value as i64);
            rows.push((names::page_label(entry, id), text.value, text.unit));
        }
        self.signals.knows.show(rows);
    }
}
