//! A meter in words: which model, how it was born, what flows through it. One line of text, or part by part.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use device::{Device, Door};
use metering::{Counter, Metering};
use modbus::Unit0;
use models::Entry;
use nv::Nv;
use schema::{PortId, SettingId};
use units::decimal::{self, Decimal};
use units::{Duration, Instant, Point};

use crate::text::{DELAY, TextError, key_value, list, split_unit, words};
use crate::{LoadChange, Twin, VecNv};

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

/// A behaviour that differs from the model's, mostly on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quirk {
    /// Time from the end of a request to the start of its answer, at any speed of the line.
    ReplyDelay(Duration),
    /// Whether reads of unit 0 are answered.
    Unit0(Unit0),
    /// Whether function 04 is answered as function 03 is.
    Fc04(bool),
    /// Most registers that one request may read.
    MaxRead(u16),
    /// Whether a request for a register that there is not stays without an answer.
    UnmappedSilent(bool),
    /// Whether currents are shown without the sign of their direction.
    UnsignedCurrent(bool),
}

impl Quirk {
    /// The quirks there are, with an example each.
    pub const EXAMPLES: &'static [&'static str] = &[
        "reply-delay=0ms",
        "unit0=silent (or answers)",
        "fc04=refused (or answered)",
        "max-read=50",
        "unmapped=silent (or refused)",
        "current=unsigned (or signed)",
    ];

    /// Reads `KEY=VALUE`.
    ///
    /// # Errors
    /// [`TextError`] names what is wrong and what was expected.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let (key, value) = key_value(text, "reply-delay=0ms")?;
        let none = |expected: &str| TextError::new(format!("{key} cannot be \"{value}\""), expected);
        match (key, value) {
            ("reply-delay", _) => {
                DELAY.parse_u64(value).map(|us| Self::ReplyDelay(Duration::from_micros(us)))
            }
            ("unit0", "silent") => Ok(Self::Unit0(Unit0::Silent)),
            ("unit0", "answers") => Ok(Self::Unit0(Unit0::AnswersReads)),
            ("unit0", _) => Err(none("silent or answers")),
            ("fc04", "refused") => Ok(Self::Fc04(false)),
            ("fc04", "answered") => Ok(Self::Fc04(true)),
            ("fc04", _) => Err(none("refused or answered")),
            ("max-read", _) => {
                let count = value.parse().ok().filter(|count| (1..=125).contains(count));
                count.map(Self::MaxRead).ok_or_else(|| none("1 to 125 registers"))
            }
            ("unmapped", "silent") => Ok(Self::UnmappedSilent(true)),
            ("unmapped", "refused") => Ok(Self::UnmappedSilent(false)),
            ("unmapped", _) => Err(none("silent or refused")),
            ("current", "unsigned") => Ok(Self::UnsignedCurrent(true)),
            ("current", "signed") => Ok(Self::UnsignedCurrent(false)),
            ("current", _) => Err(none("unsigned or signed")),
            _ => Err(TextError::new(
                format!("there is no quirk \"{key}\""),
                format!("one of {}", list(Self::EXAMPLES.iter().copied())),
            )),
        }
    }

    /// Makes a meter behave so.
    pub fn apply<N: Nv>(self, device: &mut Device<'_, N>) {
        match self {
            Self::ReplyDelay(delay) => device.configure_modbus(|config| config.reply_delay = delay),
            Self::Unit0(unit0) => device.configure_modbus(|config| config.unit0 = unit0),
            Self::Fc04(answered) => device.configure_modbus(|config| config.fc04 = answered),
            Self::MaxRead(count) => device.configure_modbus(|config| config.max_read = count),
            Self::UnmappedSilent(silent) => device.configure_modbus(|config| config.silent_unmapped = silent),
            Self::UnsignedCurrent(unsigned) => device.show_unsigned_current(unsigned),
        }
    }
}

/// A meter to be made.
#[derive(Clone, Debug)]
pub struct MeterSpec {
    entry: &'static Entry,
    settings: Vec<(SettingId, i32)>,
    energies: Vec<(Point, u64)>,
    loads: Vec<LoadChange>,
    quirks: Vec<Quirk>,
}

impl MeterSpec {
    /// A meter as from the factory, nothing flowing.
    #[must_use]
    pub const fn new(entry: &'static Entry) -> Self {
        Self { entry, settings: Vec::new(), energies: Vec::new(), loads: Vec::new(), quirks: Vec::new() }
    }

    /// Reads a whole meter: the model's name, then settings, energies and quirks as `KEY=VALUE`, and
    /// `load="L1 230V 5A"`.
    ///
    /// # Errors
    /// [`TextError`] names the word that is wrong and what was expected.
    pub fn parse(line: &str) -> Result<Self, TextError> {
        let words = words(line)?;
        let (model, rest) = words
            .split_first()
            .ok_or_else(|| TextError::new("the meter has no model", "its name first, then KEY=VALUE"))?;
        let mut spec = Self::new(find_model(model)?);
        for word in rest {
            let (key, value) = key_value(word, "modbus-id=2")?;
            let quirk = Quirk::EXAMPLES.iter().any(|example| example.split('=').next() == Some(key));
            if key == "load" {
                spec.load(value)?;
            } else if quirk {
                spec.quirk(word)?;
            } else if key.starts_with("energy") {
                spec.energy(word)?;
            } else {
                spec.set(word)?;
            }
        }
        Ok(spec)
    }

    /// The model.
    #[must_use]
    pub const fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// The serial number it is born with, as the last eight digits; 0 where the model has none.
    #[must_use]
    pub fn serial(&self) -> u32 {
        let given =
            self.settings.iter().rev().find(|(id, _)| *id == SettingId::Serial).map(|(_, value)| *value);
        let factory = || self.entry.def.setting(SettingId::Serial).map(|(_, setting)| setting.default);
        given.or_else(factory).and_then(|value| u32::try_from(value).ok()).unwrap_or(0)
    }

    /// True where a serial number was given.
    #[must_use]
    pub fn gives_serial(&self) -> bool {
        self.settings.iter().any(|(id, _)| *id == SettingId::Serial)
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
    /// As [`Quirk::parse`].
    pub fn quirk(&mut self, text: &str) -> Result<(), TextError> {
        self.quirks.push(Quirk::parse(text)?);
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
        let mut supply = *twin.supply();
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

const ENERGIES: &str = "a counter such as energy.forward, energy.reverse.t2 or energy.reactive.forward";

/// A setting of a model by its key.
pub(crate) fn find_setting(
    entry: &'static Entry,
    key: &str,
) -> Result<&'static schema::SettingDef, TextError> {
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
        ] {
            let error = MeterSpec::parse(line).unwrap_err().to_string();
            assert!(error.starts_with(wrong), "{line}: {error}");
        }
    }
}
