//! A meter in words: which model, how it was born, what flows through it. One line of text, or part by part.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use device::Door;
use metering::{Counter, Metering};
use models::Entry;
use schema::{PortId, SettingDef, SettingId};
use units::decimal::{self, Decimal};
use units::{Instant, Point};

use crate::text::{TextError, key_value, list, split_unit, words};
use crate::{Connection, LoadChange, Quirk, Supply, Twin, VecNv};

/// The model of a name.
///
/// # Errors
/// [`TextError`] lists the models there are.
pub fn find_model(name: &str) -> Result<&'static Entry, TextError> {
    models::ALL.iter().find(|entry| entry.def.slug == name).ok_or_else(|| {
        let known = list(models::ALL.iter().map(|entry| entry.def.slug));
        TextError::new(format!("there is no model \"{name}\""), format!("one of {known}"))
    })
}

/// A meter to be made.
#[derive(Clone, Debug)]
pub struct MeterSpec {
    entry: &'static Entry,
    settings: Vec<(SettingId, i32)>,
    energies: Vec<(Point, u64)>,
    connection: Connection,
    loads: Vec<LoadChange>,
    quirks: Vec<Quirk>,
}

impl MeterSpec {
    /// A meter as from the factory, nothing flowing.
    #[must_use]
    pub const fn new(entry: &'static Entry) -> Self {
        Self {
            entry,
            settings: Vec::new(),
            energies: Vec::new(),
            connection: Connection::FourWire,
            loads: Vec::new(),
            quirks: Vec::new(),
        }
    }

    /// Reads a whole meter: the model's name, then settings, energies and quirks as `KEY=VALUE`,
    /// `load="L1 230V 5A"`, and `wiring=aron` for how a meter of three phases is connected.
    ///
    /// # Errors
    /// [`TextError`] names the word that is wrong and what was expected.
    pub fn parse(line: &str) -> Result<Self, TextError> {
        Self::of_words(&words(line)?)
    }

    /// Reads meters that differ only in their numbers: as [`MeterSpec::parse`], with `count=60` for how many.
    ///
    /// # Errors
    /// As [`MeterSpec::parse`] and [`MeterSpec::numbered`].
    pub fn parse_several(line: &str) -> Result<Vec<Self>, TextError> {
        let mut words = words(line)?;
        let Some(at) = words.iter().position(|word| word.starts_with("count=")) else {
            return Ok(vec![Self::of_words(&words)?]);
        };
        let count = words.remove(at);
        let (_, count) = key_value(&count, "count=60")?;
        let count = parse_count(count)?;
        Self::of_words(&words)?.numbered(count)
    }

    fn of_words(words: &[String]) -> Result<Self, TextError> {
        let (model, rest) = words
            .split_first()
            .ok_or_else(|| TextError::new("the meter has no model", "its name first, then KEY=VALUE"))?;
        let mut spec = Self::new(find_model(model)?);
        for word in rest {
            spec.word(word)?;
        }
        Ok(spec)
    }

    /// Adds what a word of a description says: a setting, an energy, a quirk or a load.
    ///
    /// # Errors
    /// [`TextError`] names what is wrong and what was expected.
    pub fn word(&mut self, word: &str) -> Result<(), TextError> {
        let (key, value) = key_value(word, "modbus-id=2")?;
        if key == "load" {
            self.load(value)
        } else if key == "wiring" {
            self.connection = Connection::parse(self.entry.def, value)?;
            Ok(())
        } else if Quirk::is_key(key) {
            self.quirk(word)
        } else if key.starts_with("energy") {
            self.energy(word)
        } else {
            self.set(word)
        }
    }

    /// So many meters alike. Each has the address on its wired bus one higher than the one before it, and so the serial
    /// number where one was given.
    ///
    /// # Errors
    /// [`TextError`] says which number runs out, and how many meters fit.
    pub fn numbered(&self, count: u32) -> Result<Vec<Self>, TextError> {
        let address = match self.entry.def.wired() {
            Some(PortId::Modbus) => Some(SettingId::ModbusId),
            Some(PortId::Mbus) => Some(SettingId::MbusId),
            Some(PortId::Optical | PortId::Radio) | None => None,
        };
        let serial = self.gives_serial().then_some(SettingId::Serial);
        let mut firsts: Vec<(&SettingDef, i32)> = Vec::new();
        for id in [address, serial].into_iter().flatten() {
            let Some((_, setting)) = self.entry.def.setting(id) else { continue };
            let first = self.given(id).unwrap_or(setting.default);
            let fit = (first..).take_while(|value| setting.check(i64::from(*value)).is_ok());
            let fit = fit.take(count as usize).count();
            if fit < count as usize {
                let key = id.key();
                let wrong = format!("{count} meters from {key} {} on are too many", setting.text(first));
                let expected = format!("at most {fit}: {key} is {}", setting.allowed());
                return Err(TextError::new(wrong, expected));
            }
            firsts.push((setting, first));
        }
        Ok((0i32..)
            .take(count as usize)
            .map(|index| {
                let mut spec = self.clone();
                spec.settings.extend(firsts.iter().map(|(setting, first)| (setting.id, first + index)));
                spec
            })
            .collect())
    }

    fn given(&self, id: SettingId) -> Option<i32> {
        self.settings.iter().rev().find(|(other, _)| *other == id).map(|(_, value)| *value)
    }

    /// The model.
    #[must_use]
    pub const fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// The serial number it is born with, as the last eight digits; 0 where the model has none.
    #[must_use]
    pub fn serial(&self) -> u32 {
        let factory = || self.entry.def.setting(SettingId::Serial).map(|(_, setting)| setting.default);
        self.given(SettingId::Serial)
            .or_else(factory)
            .and_then(|value| u32::try_from(value).ok())
            .unwrap_or(0)
    }

    /// True where a serial number was given.
    #[must_use]
    pub fn gives_serial(&self) -> bool {
        self.given(SettingId::Serial).is_some()
    }

    /// Gives it a serial number as text: the last eight digits.
    ///
    /// # Errors
    /// [`TextError`] says what was expected.
    pub fn set_serial(&mut self, text: &str) -> Result<(), TextError> {
        self.set_key(SettingId::Serial.key(), text)
    }

    /// True where something was given that only a new meter can take: settings or energies.
    #[must_use]
    pub fn has_birth(&self) -> bool {
        !self.settings.is_empty() || !self.energies.is_empty()
    }

    /// Adds a setting, as `KEY=VALUE`. The factory may set what nobody can afterwards.
    ///
    /// # Errors
    /// [`TextError`] names the setting and what was expected.
    pub fn set(&mut self, text: &str) -> Result<(), TextError> {
        let (key, value) = key_value(text, "modbus-id=2")?;
        self.set_key(key, value)
    }

    fn set_key(&mut self, key: &str, value: &str) -> Result<(), TextError> {
        let setting = find_setting(self.entry, key)?;
        let value = setting.parse(value).map_err(|_| {
            TextError::new(format!("{key} cannot be \"{value}\""), setting.allowed().to_string())
        })?;
        self.settings.push((setting.id, value));
        Ok(())
    }

    /// Adds an energy that the meter has counted already, as `POINT=VALUE` in the point's unit.
    ///
    /// # Errors
    /// [`TextError`] names the point and what was expected.
    pub fn energy(&mut self, text: &str) -> Result<(), TextError> {
        let (key, value) = key_value(text, "energy.forward=1234.56")?;
        let point: Point =
            key.parse().map_err(|_| TextError::new(format!("there is no energy \"{key}\""), ENERGIES))?;
        if !matches!(point, Point::Energy { .. }) {
            return Err(TextError::new(format!("{key} is no energy"), ENERGIES));
        }
        let wh = point_value(point, value)?;
        let wh = u64::try_from(wh)
            .map_err(|_| TextError::new(format!("{key} cannot be \"{value}\""), "a number from 0"))?;
        let metering = &self.entry.def.metering;
        let (mut counters, mut sampled) = (vec![Counter::ZERO; metering.counters()], vec![]);
        let mut trial = Metering::new(metering, &mut counters, &mut sampled);
        if !trial.set_counter(point, 0) {
            return Err(TextError::new(format!("{key} is no counter of this meter"), ENERGIES));
        }
        if !trial.set_counter(point, wh) {
            let rollover = i64::try_from(metering.rollover_wh).unwrap_or(i64::MAX);
            let most = Decimal { value: rollover, decimals: point.unit().decimals() };
            let expected =
                format!("less than {most:.0} {}, where it starts at 0 again", point.unit().symbol());
            return Err(TextError::new(format!("{key} cannot be \"{value}\""), expected));
        }
        self.energies.push((point, wh));
        Ok(())
    }

    /// Adds a load.
    ///
    /// # Errors
    /// As [`LoadChange::parse`].
    pub fn load(&mut self, text: &str) -> Result<(), TextError> {
        self.loads.push(LoadChange::parse(self.entry.def, text)?);
        Ok(())
    }

    /// Adds a quirk.
    ///
    /// # Errors
    /// As [`Quirk::parse`]; [`TextError`] too where the quirk is of a port that the model does not have.
    pub fn quirk(&mut self, text: &str) -> Result<(), TextError> {
        let quirk = Quirk::parse(text)?;
        let def = self.entry.def;
        if quirk.port().is_some_and(|port| !def.has(port)) {
            let own = Quirk::examples_of(def);
            return Err(TextError::new(
                format!("{text} is nothing for a {}", def.slug),
                format!("one of {own}"),
            ));
        }
        self.quirks.push(quirk);
        Ok(())
    }

    /// Makes the meter. With an image it is the one that the image was taken from: settings and energies are not used.
    ///
    /// # Errors
    /// [`TextError`] names the setting that this meter cannot have.
    pub fn build(&self, image: Option<VecNv>, now: Instant) -> Result<Twin, TextError> {
        let born = image.is_none();
        let mut twin = Twin::new(self.entry, image, now);
        if born {
            let changes: Vec<(SettingId, i64)> =
                self.settings.iter().map(|(id, value)| (*id, i64::from(*value))).collect();
            let device = twin.device_mut();
            device
                .apply(Door::Factory, &changes)
                .map_err(|why| TextError::new(why.to_string(), "settings that this model has"))?;
            for (point, wh) in &self.energies {
                device.set_energy(*point, *wh);
            }
            // What a change of the line asks of the bus is done before anybody listens.
            for port in PortId::ALL {
                while device.port_poll(port, now).is_some() {}
            }
        }
        let mut supply = Supply { connection: self.connection, ..*twin.supply() };
        for load in &self.loads {
            load.apply(&mut supply);
        }
        twin.set_supply(now, supply);
        let device = twin.device_mut();
        device.take_reading();
        self.quirks.iter().for_each(|quirk| quirk.apply(device));
        Ok(twin)
    }
}

impl Twin {
    /// The last eight digits of its serial number; 0 where the model has none.
    #[must_use]
    pub fn serial(&self) -> u32 {
        self.device().setting(SettingId::Serial).and_then(|value| u32::try_from(value).ok()).unwrap_or(0)
    }
}

/// How many meters a text asks for.
///
/// # Errors
/// [`TextError`] where it is no number from 1 to [`MOST_METERS`].
pub fn parse_count(text: &str) -> Result<u32, TextError> {
    let count = text.parse().ok().filter(|count| (1..=MOST_METERS).contains(count));
    let wrong = || TextError::new(format!("count cannot be \"{text}\""), format!("1 to {MOST_METERS}"));
    count.ok_or_else(wrong)
}

/// More meters than this are not made by one word. A bus has room for 250.
pub const MOST_METERS: u32 = 1_000;

const ENERGIES: &str = "a counter such as energy.forward, energy.reverse.t2 or energy.reactive.forward";

/// A setting of a model by its key.
pub(crate) fn find_setting(entry: &'static Entry, key: &str) -> Result<&'static SettingDef, TextError> {
    let found = SettingId::from_key(key).and_then(|id| entry.def.setting(id));
    found.map(|(_, setting)| setting).ok_or_else(|| {
        let known: String = list(entry.def.all_settings().map(|setting| setting.id.key()));
        TextError::new(format!("there is no setting \"{key}\""), format!("one of {known}"))
    })
}

/// A value of a point as people write it: a number, with or without the symbol of its unit.
pub(crate) fn point_value(point: Point, text: &str) -> Result<i64, TextError> {
    let unit = point.unit();
    let (number, symbol) = split_unit(text);
    let expected = || match unit.symbol() {
        "" => String::from("a number"),
        symbol => format!("a number in {symbol}"),
    };
    if !symbol.is_empty() && symbol != unit.symbol() {
        return Err(TextError::new(format!("{point} cannot be \"{text}\""), expected()));
    }
    decimal::parse(number, unit.decimals())
        .map_err(|why| TextError::new(format!("{point} cannot be \"{text}\", {why}"), expected()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::{Flow, Tariff};

    #[test]
    fn a_meter_in_one_line() {
        let line = "pro1-mod serial=13070002 modbus-id=2 baud=4800 energy.forward=12.5 energy.reverse.t2=0.03kWh \
                    load=\"L1 230V 5A\" reply-delay=0ms";
        let spec = MeterSpec::parse(line).unwrap();
        assert_eq!((spec.serial(), spec.gives_serial()), (13_070_002, true));
        let twin = spec.build(None, Instant::ZERO).unwrap();
        assert_eq!(twin.serial(), 13_070_002);
        let device = twin.device();
        assert_eq!(device.setting(SettingId::ModbusId), Some(2));
        assert_eq!(device.port_line(PortId::Modbus).unwrap().baud, 4_800);
        assert_eq!(device.value(Point::active(Flow::Forward, Tariff::All)), Some(12_500));
        assert_eq!(device.value(Point::active(Flow::Reverse, Tariff::All)), Some(30));
        assert_eq!(device.value(Point::now(units::What::P)), Some(1_150_000));
    }

    #[test]
    fn many_meters_in_one_line_count_upwards() {
        let several = |line: &str| -> Vec<(u32, u8)> {
            let specs = MeterSpec::parse_several(line).unwrap();
            let twins = specs.iter().map(|spec| spec.build(None, Instant::ZERO).unwrap());
            let port = |twin: &Twin| twin.entry().def.wired().and_then(|port| twin.device().address(port));
            twins.map(|twin| (twin.serial(), port(&twin).map_or(255, |(_, id)| id))).collect()
        };
        assert_eq!(several("pro1-mod count=2"), [(13_070_001, 1), (13_070_001, 2)]);
        let all = several("pro1-mb serial=13079999 mbus-id=7 count=64 load=\"L1 230V 5A\"");
        assert_eq!((all.len(), all[0], all[63]), (64, (13_079_999, 7), (13_080_062, 70)));
        assert_eq!(several("pro1-mod"), [(13_070_001, 1)]);
        assert_eq!(several("pro1-s count=3").len(), 3);
        assert_eq!(several("pro1-mod modbus-id=188 count=60")[59].1, 247);
    }

    #[test]
    fn a_meter_with_an_image_is_not_born_again() {
        let spec = MeterSpec::parse("pro1-mod serial=13070002 modbus-id=2").unwrap();
        let first = spec.build(None, Instant::ZERO).unwrap();
        let image = VecNv::from_bytes(first.image().bytes().to_vec());
        let again = MeterSpec::parse("pro1-mod modbus-id=9").unwrap();
        let second = again.build(Some(image), Instant::ZERO).unwrap();
        assert_eq!(second.device().setting(SettingId::ModbusId), Some(2));
        assert_eq!(second.device().setting(SettingId::Serial), Some(13_070_002));
    }

    #[test]
    fn a_quirk_makes_a_meter_other_than_its_model() {
        let ask = |line: &str, frame: &[u8]| {
            let mut twin = MeterSpec::parse(line).unwrap().build(None, Instant::ZERO).unwrap();
            let mut bytes = frame.to_vec();
            bytes.extend_from_slice(&modbus::crc::of(frame).to_le_bytes());
            let device = twin.device_mut();
            device.rx(PortId::Modbus, Instant::ZERO, &bytes);
            while let Some(output) = device.port_poll(PortId::Modbus, Instant::from_millis(100)) {
                if let device::PortOutput::Transmit(bytes) = output {
                    return bytes.to_vec();
                }
            }
            vec![]
        };
        let (nowhere, current) = ([1, 3, 0x70, 0, 0, 1], [1, 3, 0x50, 0x0A, 0, 2]);
        let export = "pro1-mod load=\"L1 230V 5A export\"";
        assert_eq!(ask(export, &nowhere)[..3], [1, 0x83, 2]);
        assert_eq!(ask("pro1-mod unmapped=silent", &nowhere), []);
        assert_eq!(ask("pro1-mod unmapped=silent", &[1, 3, 0x40, 0, 0, 0])[..3], [1, 0x83, 3]);
        assert_eq!(ask(export, &current)[3..7], (-5f32).to_be_bytes());
        assert_eq!(ask(&format!("{export} current=unsigned"), &current)[3..7], 5f32.to_be_bytes());
        let mut slow =
            MeterSpec::parse("pro1-mod ir-delay=800ms").unwrap().build(None, Instant::ZERO).unwrap();
        slow.device_mut().rx(PortId::Optical, Instant::ZERO, b"/?!\r\n");
        assert_eq!(slow.device().port_poll_at(PortId::Optical), Some(Instant::from_millis(800)));
    }

    #[test]
    fn bad_meters_are_named() {
        for (line, wrong) in [
            ("", "the meter has no model: expected its name first, then KEY=VALUE"),
            ("pro2", "there is no model \"pro2\": expected one of pro1-mod"),
            ("pro1-mod modbus-id", "\"modbus-id\" is no KEY=VALUE: expected one such as modbus-id=2"),
            ("pro1-mod modbus-id=0", "modbus-id cannot be \"0\": expected 1 to 247"),
            ("pro1-mod colour=red", "there is no setting \"colour\": expected one of serial, "),
            ("pro1-mod energy.up=1", "there is no energy \"energy.up\": expected a counter such as "),
            ("pro1-mod energy.forward=1A", "energy.forward cannot be \"1A\": expected a number in kWh"),
            ("pro1-mod energy.forward=-1", "energy.forward cannot be \"-1\": expected a number from 0"),
            (
                "pro1-mod energy.total=5",
                "energy.total is no counter of this meter: expected a counter such as",
            ),
            ("pro1-mod energy.reverse.t3=5", "energy.reverse.t3 is no counter of this meter"),
            (
                "pro1-mod energy.forward=1000000",
                "energy.forward cannot be \"1000000\": expected less than 1000000 kWh",
            ),
            ("pro1-mod reply-delay=20", "\"20\" has no unit: expected a time such as 0ms or 20ms"),
            ("pro1-mod unmapped=no", "unmapped cannot be \"no\": expected silent or refused"),
            ("pro1-mod current=1", "current cannot be \"1\": expected unsigned or signed"),
            ("pro1-mod unit0=yes", "unit0 cannot be \"yes\": expected silent or answers"),
            ("pro1-mod load=\"L2 5A\"", "this meter has no L2: expected L1 only"),
            (
                "pro1-mod mbus-reply=50bit",
                "mbus-reply=50bit is nothing for a pro1-mod: expected one of reply-delay",
            ),
            ("pro1-mb max-read=50", "max-read=50 is nothing for a pro1-mb: expected one of mbus-reply=11bit"),
            ("pro1-mb mbus-reply=10bit", "mbus-reply cannot be \"10bit\": expected 11bit to 330bit"),
            ("pro1-mb telegram-selection=1", "telegram-selection cannot be \"1\": expected on or off"),
            ("pro1-mb secondary-order=x", "secondary-order cannot be \"x\": expected printed or as-read"),
            ("pro1-mod count=0", "count cannot be \"0\": expected 1 to 1000"),
            (
                "pro1-mod count=61 modbus-id=188",
                "61 meters from modbus-id 188 on are too many: expected at most 60: modbus-id is 1 to 247",
            ),
            (
                "pro1-mb serial=99999990 count=64",
                "64 meters from serial 99999990 on are too many: expected at most 10: serial is",
            ),
        ] {
            let error = MeterSpec::parse_several(line).unwrap_err().to_string();
            assert!(error.starts_with(wrong), "{line}: {error}");
        }
    }
}
