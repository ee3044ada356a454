//! Booting a twin from what a real meter told: the same model with the same settings and energies, through the door that
//! the factory uses; and a list of everything in which the two still differ.

mod cells;
mod facts;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use device::Door;
use rig::{Twin, VecNv};
use schema::{Combination, IdentityOf, PortId, SettingId, Source};
use units::{Instant, Point, StateOf};

pub use facts::{Fact, Facts, NotReadable, Told};

use crate::names::{self, Text};

/// A value that the twin has from the meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its key.
    pub key: String,
    /// Its label, for people.
    pub label: String,
    /// The value as people read it.
    pub text: Text,
}

/// A value that the model cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its key.
    pub key: String,
    /// Its label, for people.
    pub label: String,
    /// The value as people read it.
    pub text: Text,
    /// Why not, as a part of a sentence.
    pub why: String,
}

/// A value that the twin reports otherwise than the meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// Its key.
    pub key: String,
    /// Its label, for people.
    pub label: String,
    /// What the meter reports.
    pub meter: Text,
    /// What the twin reports.
    pub twin: Text,
    /// True for a reading of the moment: nothing flows through the twin.
    pub moment: bool,
}

/// What became of everything that was known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BootReport {
    /// What the twin has from the meter.
    pub taken: Vec<Taken>,
    /// What the model cannot have.
    pub refused: Vec<Refused>,
    /// What the two report differently.
    pub differs: Vec<Differs>,
    /// What the meter has and did not tell: the twin has it as from the factory.
    pub not_readable: Vec<NotReadable>,
}

/// A twin of a real meter.
#[derive(Debug)]
pub struct Boot {
    /// The twin. Nothing flows through it.
    pub twin: Twin,
    /// In what it is the same, and in what not.
    pub report: BootReport,
}

fn text_of(facts: &Facts, source: Source, value: i64) -> Text {
    names::source_text(facts.entry, source, value)
}

/// The meter counts nothing here but what it was told.
const fn is_counted(source: Source) -> bool {
    matches!(source, Source::Point(Point::Energy { .. } | Point::State(StateOf::PowerDowns)))
}

const fn is_moment(source: Source) -> bool {
    matches!(source, Source::Point(Point::Now { .. }))
}

/// A twin of the meter of `facts`, with its supply on from `now` on.
#[must_use]
pub fn boot(facts: &Facts, now: Instant) -> Boot {
    let entry = facts.entry;
    let mut twin = Twin::new(entry, None, now);
    let mut report = BootReport::default();
    settings(facts, &mut twin, &mut report);
    let device = twin.device_mut();
    let code = device.setting(SettingId::CombinationCode);
    let codes = entry.def.metering.combinations;
    let meaning = codes.iter().find(|(value, _)| Some(*value) == code).map(|(_, meaning)| *meaning);
    let combination = meaning.unwrap_or(Combination::Forward);
    let works = device.registers();
    works.restore_counters(|counters| cells::restore(entry.def, facts, combination, counters));
    if let Some(downs) = facts.get(Source::Point(Point::State(StateOf::PowerDowns))) {
        works.set_power_downs(u16::try_from(downs.value.max(0)).unwrap_or(u16::MAX));
    }
    tariff_input(facts, &mut twin, now);
    let device = twin.device_mut();
    // What a change of the line asks of the bus is done before anybody listens.
    for port in PortId::ALL {
        while device.port_poll(port, now).is_some() {}
    }
    device.take_reading();
    compare(facts, &twin, &mut report);
    not_readable(facts, &mut report);
    Boot { twin, report }
}

/// Each setting by itself: one that the model cannot have holds up no other.
fn settings(facts: &Facts, twin: &mut Twin, report: &mut BootReport) {
    for fact in &facts.facts {
        let Source::Setting(id) = fact.source else { continue };
        if let Err(why) = twin.device_mut().apply(Door::Factory, &[(id, fact.value)]) {
            let (key, label) = (fact.key.clone(), fact.label.clone());
            let text = text_of(facts, fact.source, fact.value);
            report.refused.push(Refused { key, label, text, why: why.to_string() });
        }
    }
}

/// Where another tariff counts than the one that was set, there is voltage at the input that chooses it.
fn tariff_input(facts: &Facts, twin: &mut Twin, now: Instant) {
    let counts = facts.get(Source::Point(Point::State(StateOf::Tariff))).map(|fact| fact.value);
    let Some(counts) = counts.filter(|_| twin.entry().def.tariff_input.is_some()) else { return };
    if twin.device().value(Point::State(StateOf::Tariff)) != Some(counts) {
        let supply = *twin.supply();
        twin.set_supply(now, rig::Supply { tariff_input: true, ..supply });
    }
}

fn compare(facts: &Facts, twin: &Twin, report: &mut BootReport) {
    for fact in &facts.facts {
        let own = twin.device().works().source(fact.source);
        let (key, label) = (fact.key.clone(), fact.label.clone());
        let meter = text_of(facts, fact.source, fact.value);
        if fact.fits(facts.entry, own) {
            if is_counted(fact.source) || matches!(fact.source, Source::Setting(_)) {
                report.taken.push(Taken { key, label, text: meter });
            }
        } else {
            let twin = text_of(facts, fact.source, own);
            report.differs.push(Differs { key, label, meter, twin, moment: is_moment(fact.source) });
        }
    }
}

fn not_readable(facts: &Facts, report: &mut BootReport) {
    let entry = facts.entry;
    report.not_readable.extend(facts.lost.iter().cloned());
    for setting in entry.def.all_settings() {
        let key = setting.id.key();
        let lost = |lost: &&NotReadable| lost.key == key;
        if facts.get(Source::Setting(setting.id)).is_some() || facts.lost.iter().any(|it| lost(&it)) {
            continue;
        }
        let label = names::setting_label(entry, setting.id).to_string();
        let why = if setting.secret {
            "it is secret and never told".to_string()
        } else {
            "the meter does not tell it this way".to_string()
        };
        report.not_readable.push(NotReadable { key: key.to_string(), label, why });
    }
    let mut untold = |key: &str, label: &str| {
        let why = "the meter shows it on its display only".to_string();
        report.not_readable.push(NotReadable { key: key.to_string(), label: label.to_string(), why });
    };
    if !entry.def.pages.is_empty() {
        untold("scroll-list", "Pages in the automatic scroll");
    }
    if entry.def.metering.ct.is_some() {
        untold("history", "Earlier ratios of the current transformers and their energies");
    }
}

impl BootReport {
    /// True where the twin reports everything that it could have from the meter as the meter does; readings of the moment
    /// do not count.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.refused.is_empty() && self.differs.iter().all(|it| it.moment)
    }

    /// What is to be known of the twin, a line each: what differs and what could not be read.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for it in &self.refused {
            lines.push(format!(
                "{} is {} in the meter, and this model cannot have that: {}.",
                it.label, it.text, it.why
            ));
        }
        let refused = |key: &str| self.refused.iter().any(|it| it.key == key);
        for it in self.differs.iter().filter(|it| !it.moment && !refused(&it.key)) {
            lines.push(format!("{}: the meter reports {}, the twin {}.", it.label, it.meter, it.twin));
        }
        let moments = self.differs.iter().filter(|it| it.moment).count();
        if moments > 0 {
            lines.push(format!("{moments} readings of the moment differ: nothing flows through the twin."));
        }
        for it in &self.not_readable {
            lines.push(format!("{} is not known: {}.", it.label, it.why));
        }
        lines
    }
}

impl Boot {
    /// The image of the twin's memory, from which the same twin can be made again.
    #[must_use]
    pub fn image(&self) -> VecNv {
        VecNv::from_bytes(self.twin.image().bytes().to_vec())
    }
}

/// The parts of what a meter is by which a twin of this program may be another one.
pub(crate) const fn is_version(source: Source) -> bool {
    matches!(
        source,
        Source::Identity(
            IdentityOf::Software
                | IdentityOf::Protocol
                | IdentityOf::Hardware
                | IdentityOf::Checksum
                | IdentityOf::Checksum2
        )
    )
}
