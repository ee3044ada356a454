//! What is known of a meter, whichever way it was read: sources with their values, as fine as the way tells them.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use models::Entry;
use schema::{Codec, RecordForm, RegisterDef, SettingId, Source};
use units::{Instant, Point, StateOf, bcd, decimal};

use crate::bus::Place;
use crate::mbus::{MbusReadOut, Place as MbusPlace};
use crate::names;
use crate::plan;
use crate::read::ReadOut;
use crate::record::Where;

/// A counter is not looked for further away than this from what its registers say.
const FARTHEST: i64 = 1 << 40;

/// One value that a meter told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is of.
    pub source: Source,
    /// Its key.
    pub key: String,
    /// Its label, for people.
    pub label: String,
    /// The value as it was told, in the unit of its source.
    pub value: i64,
    /// The smallest value of the meter that would be told so.
    pub low: i64,
    /// The largest one.
    pub high: i64,
    /// The value as people read it, with the digits that were told.
    pub text: String,
    /// True for a setting that is taken to be so by a value that follows from it and from something else: a twin needs some
    /// value, and the meter may have another.
    pub inferred: bool,
    /// How it stands in registers, where it came from there.
    codec: Option<Codec>,
}

/// Something that the meter has and did not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReadable {
    /// Its key.
    pub key: String,
    /// Its label, for people.
    pub label: String,
    /// Why not, as a part of a sentence.
    pub why: String,
}

/// How a meter told what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// By its registers.
    Registers,
    /// By its telegrams on an M-Bus.
    Telegrams,
}

/// What is known of one meter.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its model.
    pub entry: &'static Entry,
    /// How it told it.
    pub by: Told,
    /// Where it was spoken to; `None` for a file that does not say.
    pub place: Option<Where>,
    /// When the last answer came, by the port's clock.
    pub read_at: Instant,
    /// The last eight digits of its serial number, where it told them.
    pub serial: Option<u32>,
    /// What it told, each source once.
    pub facts: Vec<Fact>,
    /// What could not be read, though the meter tells it this way.
    pub lost: Vec<NotReadable>,
}

impl Fact {
    /// The smallest and the largest value, in the source's unit.
    pub(super) const fn span(&self) -> (i64, i64) {
        (self.low, self.high)
    }

    /// True where a meter with this value would have told the same.
    #[must_use]
    pub fn fits(&self, entry: &'static Entry, value: i64) -> bool {
        let unit = entry.def.unit(self.source);
        let told = |codec: Codec| codec.decode(codec.encode(value, unit), unit) == Ok(self.value);
        (self.low..=self.high).contains(&value) || self.codec.is_some_and(told)
    }
}

/// All values that stand in registers as `value` does.
fn spread(codec: Codec, unit: units::Unit, value: i64) -> (i64, i64) {
    let same = |other: i64| codec.decode(codec.encode(other, unit), unit) == Ok(value);
    if !same(value) {
        return (value, value);
    }
    let end = |sign: i64| {
        let mut far = 1;
        while far < FARTHEST && same(value.saturating_add(sign * far)) {
            far *= 2;
        }
        // `near` is one of them, `far` is none.
        let mut near = far / 2;
        while near + 1 < far {
            let middle = i64::midpoint(near, far);
            *(if same(value.saturating_add(sign * middle)) { &mut near } else { &mut far }) = middle;
        }
        value.saturating_add(sign * near)
    };
    (end(-1), end(1))
}

impl Facts {
    fn new(entry: &'static Entry, by: Told, place: Option<Where>, read_at: Instant) -> Self {
        Self { entry, by, place, read_at, serial: None, facts: Vec::new(), lost: Vec::new() }
    }

    /// The value of a setting that the meter has for certain, and `None` for one that is only taken to be so.
    #[must_use]
    pub fn told(&self, id: SettingId) -> Option<i64> {
        self.get(Source::Setting(id)).filter(|fact| !fact.inferred).map(|fact| fact.value)
    }

    /// What was told of a source.
    #[must_use]
    pub fn get(&self, source: Source) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.source == source)
    }

    /// The value that was told of a setting.
    #[must_use]
    pub fn setting(&self, id: SettingId) -> Option<i32> {
        self.get(Source::Setting(id)).and_then(|fact| i32::try_from(fact.value).ok())
    }

    /// Adds what was told; the first one of a source stays.
    fn tell(&mut self, fact: Fact) {
        if self.get(fact.source).is_none() {
            self.facts.push(fact);
        }
    }

    /// Adds a value that is known for certain, such as where the meter was spoken to.
    fn know(&mut self, id: SettingId, value: i64) {
        self.take(id, value, false);
    }

    fn take(&mut self, id: SettingId, value: i64, inferred: bool) {
        if let Some(setting) = names::setting(self.entry, id) {
            let label = names::setting_label(self.entry, setting.id).to_string();
            let source = Source::Setting(id);
            let key = id.key().to_string();
            let text = names::setting_text(setting, value).to_string();
            let (low, high, codec) = (value, value, None);
            self.tell(Fact { source, key, label, value, low, high, text, inferred, codec });
        }
    }

    /// Adds where the meter is spoken to, where it did not tell that itself.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(Where::Modbus(place));
        if place.unit != 0 {
            self.know(SettingId::ModbusId, i64::from(place.unit));
        }
        self.know(SettingId::Baud, i64::from(place.line.baud));
        let parity = names::setting(self.entry, SettingId::Parity);
        if let Some(value) = parity.and_then(|setting| plan::parity_value(setting, place.line.parity)) {
            self.know(SettingId::Parity, i64::from(value));
        }
        self
    }

    /// What the registers of a meter told.
    #[must_use]
    pub fn of_registers(read: &ReadOut) -> Self {
        let entry = read.entry;
        let place = read.place.map(Where::Modbus);
        let mut all = Self::new(entry, Told::Registers, place, read.at);
        all.serial = read.serial;
        let form = read.value(Source::Setting(SettingId::DataType)).and_then(|it| i32::try_from(it).ok());
        for row in &read.rows {
            let def: &RegisterDef = row.row.def;
            let source = names::source(entry, def);
            match &row.value {
                Ok(_) if matches!(source, Source::Zero | Source::Same(_)) => {}
                Ok(value) => {
                    let codec = def.codec.in_form(form);
                    let unit = entry.def.unit(source);
                    let counted = matches!(source, Source::Point(Point::Energy { .. }));
                    let (low, high) = if counted { spread(codec, unit, *value) } else { (*value, *value) };
                    let (key, label, text) = (row.key.clone(), row.label.clone(), row.text.to_string());
                    let (value, codec, inferred) = (*value, Some(codec), false);
                    all.tell(Fact { source, key, label, value, low, high, text, inferred, codec });
                }
                Err(why) => {
                    let (key, label) = (row.key.clone(), row.label.clone());
                    all.lost.push(NotReadable { key, label, why: why.to_string() });
                }
            }
        }
        all
    }

    /// What the telegrams of a meter on an M-Bus told, and where it was spoken to. `None` where its model is not
    /// known, or is one of several.
    #[must_use]
    pub fn of_telegrams(read: &MbusReadOut, place: MbusPlace) -> Option<Self> {
        let entry = read.models.one()?;
        let def = entry.def.mbus.as_ref()?;
        let mut all = Self::new(entry, Told::Telegrams, Some(Where::Mbus(place)), read.at);
        if let Some(number) = read.header.identity.and_then(|identity| bcd::decode(identity.id, 8)) {
            all.serial = Some(number);
            all.know(SettingId::Serial, i64::from(number));
        }
        all.know(SettingId::MbusId, i64::from(read.address));
        all.know(SettingId::MbusBaud, i64::from(place.line.baud));
        for row in &read.rows {
            let Ok(point) = row.key.parse::<Point>() else { continue };
            let source = Source::Point(point);
            let Some(record) = def.all_records().find(|record| record.source == source) else { continue };
            let unit = point.unit();
            // A number without a unit stands there as whole as the record keeps it.
            let bare = if unit.symbol().is_empty() { record.decimals } else { 0 };
            let Ok(value) = decimal::parse(&row.value, unit.decimals().saturating_sub(bare)) else {
                let (key, label) = (row.key.clone(), row.label.clone());
                let why = "its record holds no number".to_string();
                all.lost.push(NotReadable { key, label, why });
                continue;
            };
            let value = match record.form {
                RecordForm::Number => value,
                RecordForm::Ratio { .. } => value / 100 * 10 + value % 100,
            };
            // A counter is cut off at the digits of its record.
            let cut = unit.is_counter() && matches!(point, Point::Energy { .. });
            let finest = decimal::power_of_ten(unit.decimals().saturating_sub(record.decimals));
            let high = if cut { value.saturating_add(finest - 1) } else { value };
            let (key, label) = (row.key.clone(), row.label.clone());
            let decimals = unit.decimals().min(record.decimals);
            let text = decimal::Decimal { value: unit.at(value, decimals), decimals }.to_string();
            let text = names::Text { value: text, unit: unit.symbol() }.to_string();
            let (low, inferred, codec) = (value, false, None);
            all.tell(Fact { source, key, label, value, low, high, text, inferred, codec });
            match point {
                Point::State(StateOf::CtRatio) => all.know(SettingId::CtRatio, value),
                // The tariff that counts now is the one that was set or the one of the input, and nobody tells which.
                Point::State(StateOf::Tariff) => all.take(SettingId::Tariff, value, true),
                _ => {}
            }
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::Unit;

    #[test]
    fn all_values_that_a_float_cannot_tell_apart_are_meant() {
        let codec = Codec::F32 { decimals: 3 };
        let spread = |value| spread(codec, Unit::KilowattHour, value);
        assert_eq!(spread(12_345), (12_345, 12_345));
        // From 524 288 kWh on floats are 62.5 Wh apart.
        let (low, high) = spread(600_000_063);
        assert_eq!((low, high), (600_000_032, 600_000_093));
        for value in [low, high, 600_000_050] {
            let words = codec.encode(value, Unit::KilowattHour);
            assert_eq!(codec.decode(words, Unit::KilowattHour), Ok(600_000_063));
        }
        // Whole numbers tell everything; two decimals keep ten apart.
        assert_eq!(super::spread(Codec::U32, Unit::KilowattHour, 7), (7, 7));
        assert_eq!(super::spread(Codec::F32 { decimals: 2 }, Unit::KilowattHour, 120), (120, 129));
    }
}
