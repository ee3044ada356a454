//! Behaviours that differ from the model's.

use alloc::format;
use alloc::string::String;

use device::{Device, MbusQuirks};
use modbus::Unit0;
use nv::Nv;
use schema::{ModelDef, PortId};
use units::Duration;

use crate::text::{DELAY, TextError, key_value, list, split_unit};

/// A behaviour that differs from the model's, mostly at a port.
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
    /// Time from the end of a request on the M-Bus to the start of its answer, in bit times. Range: 11 to 330.
    MbusReply(u16),
    /// Whether a master on the M-Bus may choose a telegram by its CI field.
    TelegramSelection(bool),
    /// Whether a secondary address that is written has its digits in the order of the bytes.
    PrintedOrder(bool),
    /// Whether the record of a ratio begins with the DIF that the manual prints.
    PrintedRatio(bool),
    /// Time from the end of a message at the infrared window to the start of its answer.
    OpticalDelay(Duration),
    /// Whether currents are shown without the sign of their direction.
    UnsignedCurrent(bool),
}

const MODBUS: Option<PortId> = Some(PortId::Modbus);
const MBUS: Option<PortId> = Some(PortId::Mbus);
const OPTICAL: Option<PortId> = Some(PortId::Optical);

/// Every quirk: the port that it is of, and an example.
const QUIRKS: &[(Option<PortId>, &str)] = &[
    (MODBUS, "reply-delay=0ms"),
    (MODBUS, "unit0=silent (or answers)"),
    (MODBUS, "fc04=refused (or answered)"),
    (MODBUS, "max-read=50"),
    (MODBUS, "unmapped=silent (or refused)"),
    (MBUS, "mbus-reply=11bit"),
    (MBUS, "telegram-selection=on (or off)"),
    (MBUS, "secondary-order=printed (or as-read)"),
    (MBUS, "ct-record=printed (or readable)"),
    (OPTICAL, "ir-delay=800ms"),
    (None, "current=unsigned (or signed)"),
];

impl Quirk {
    /// True where `key` is that of a quirk.
    #[must_use]
    pub fn is_key(key: &str) -> bool {
        QUIRKS.iter().any(|(_, example)| example.split('=').next() == Some(key))
    }

    /// The quirks that a model can have, with an example each.
    #[must_use]
    pub fn examples_of(def: &ModelDef) -> String {
        let own = QUIRKS.iter().filter(|(port, _)| port.is_none_or(|port| def.has(port)));
        list(own.map(|(_, example)| *example))
    }

    /// The port whose behaviour it is; none for the whole meter's.
    #[must_use]
    pub const fn port(self) -> Option<PortId> {
        match self {
            Self::ReplyDelay(_)
            | Self::Unit0(_)
            | Self::Fc04(_)
            | Self::MaxRead(_)
            | Self::UnmappedSilent(_) => MODBUS,
            Self::MbusReply(_)
            | Self::TelegramSelection(_)
            | Self::PrintedOrder(_)
            | Self::PrintedRatio(_) => MBUS,
            Self::OpticalDelay(_) => OPTICAL,
            Self::UnsignedCurrent(_) => None,
        }
    }

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
            ("mbus-reply", _) => {
                let (number, unit) = split_unit(value);
                let bits = number.parse().ok().filter(|bits| unit == "bit" && (11..=330).contains(bits));
                bits.map(Self::MbusReply).ok_or_else(|| none("11bit to 330bit"))
            }
            ("telegram-selection", "on") => Ok(Self::TelegramSelection(true)),
            ("telegram-selection", "off") => Ok(Self::TelegramSelection(false)),
            ("telegram-selection", _) => Err(none("on or off")),
            ("secondary-order", "printed") => Ok(Self::PrintedOrder(true)),
            ("secondary-order", "as-read") => Ok(Self::PrintedOrder(false)),
            ("secondary-order", _) => Err(none("printed or as-read")),
            ("ct-record", "printed") => Ok(Self::PrintedRatio(true)),
            ("ct-record", "readable") => Ok(Self::PrintedRatio(false)),
            ("ct-record", _) => Err(none("printed or readable")),
            ("ir-delay", _) => DELAY.parse_u64(value).map(|us| Self::OpticalDelay(Duration::from_micros(us))),
            ("current", "unsigned") => Ok(Self::UnsignedCurrent(true)),
            ("current", "signed") => Ok(Self::UnsignedCurrent(false)),
            ("current", _) => Err(none("unsigned or signed")),
            _ => Err(TextError::new(
                format!("there is no quirk \"{key}\""),
                format!("one of {}", list(QUIRKS.iter().map(|(_, example)| *example))),
            )),
        }
    }

    /// Makes a meter behave so. One without the quirk's port stays as it is.
    pub fn apply<N: Nv>(self, device: &mut Device<'_, N>) {
        let mbus = device.ports_mut().mbus.as_mut();
        match self {
            Self::ReplyDelay(delay) => device.configure_modbus(|config| config.reply_delay = delay),
            Self::Unit0(unit0) => device.configure_modbus(|config| config.unit0 = unit0),
            Self::Fc04(answered) => device.configure_modbus(|config| config.fc04 = answered),
            Self::MaxRead(count) => device.configure_modbus(|config| config.max_read = count),
            Self::UnmappedSilent(silent) => device.configure_modbus(|config| config.silent_unmapped = silent),
            Self::MbusReply(bits) => {
                if let Some(port) = mbus {
                    port.set_reply_bits(bits);
                }
            }
            Self::TelegramSelection(selection) => {
                if let Some(port) = mbus {
                    port.set_quirks(MbusQuirks { selection, ..port.quirks() });
                }
            }
            Self::PrintedOrder(printed_order) => {
                if let Some(port) = mbus {
                    port.set_quirks(MbusQuirks { printed_order, ..port.quirks() });
                }
            }
            Self::PrintedRatio(printed_ratio) => {
                if let Some(port) = mbus {
                    port.set_quirks(MbusQuirks { printed_ratio, ..port.quirks() });
                }
            }
            Self::OpticalDelay(delay) => {
                if let Some(window) = &mut device.ports_mut().optical {
                    window.set_reaction(delay);
                }
            }
            Self::UnsignedCurrent(unsigned) => device.show_unsigned_current(unsigned),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;
    use crate::{MeterSpec, Twin};
    use device::PortOutput;
    use schema::SettingId;
    use units::Instant;

    fn meter(quirk: &str) -> Twin {
        MeterSpec::parse(&format!("pro1-mb {quirk}")).unwrap().build(None, Instant::ZERO).unwrap()
    }

    /// What the meter answers to a frame that arrives at 0, and when it is due.
    fn ask(twin: &mut Twin, frame: &[u8]) -> (Vec<u8>, Duration) {
        let device = twin.device_mut();
        device.rx(PortId::Mbus, Instant::ZERO, frame);
        let due = device.port_poll_at(PortId::Mbus).unwrap();
        let mut answer = vec![];
        while let Some(output) = device.port_poll(PortId::Mbus, due) {
            if let PortOutput::Transmit(bytes) = output {
                answer = bytes.to_vec();
                device.tx_done(PortId::Mbus, due);
            }
        }
        (answer, due.since(Instant::ZERO))
    }

    const READ: [u8; 5] = [0x10, 0x5B, 0, 0x5B, 0x16];
    /// SND_UD with CI B4, the readings of the sister meter.
    const READINGS: [u8; 9] = [0x68, 3, 3, 0x68, 0x53, 0, 0xB4, 0x07, 0x16];
    /// The write of A2.2 with its digits as printed: 15 01 23 45.
    const SECONDARY: [u8; 15] =
        [0x68, 9, 9, 0x68, 0x53, 0, 0x51, 0x0C, 0x79, 0x15, 0x01, 0x23, 0x45, 0xA7, 0x16];

    #[test]
    fn the_m_bus_of_a_meter_can_be_other_than_its_model() {
        let bits = |twin: &mut Twin| ask(twin, &READ).1.as_micros() * 9_600 / 1_000_000;
        assert_eq!([bits(&mut meter("mbus-reply=33bit")), bits(&mut meter("mbus-reply=330bit"))], [33, 330]);

        let records = |quirk: &str| {
            let twin = &mut meter(quirk);
            assert_eq!(ask(twin, &READINGS).0, [0xE5], "{quirk}");
            ask(twin, &READ).0[19..22].to_vec()
        };
        assert_eq!(records("telegram-selection=on"), [0x4B, 0xFD, 0x47]);
        assert_eq!(records("telegram-selection=off")[..2], [0x0C, 0x04]);

        let serial = |quirk: &str| {
            let twin = &mut meter(quirk);
            assert_eq!(ask(twin, &SECONDARY).0, [0xE5], "{quirk}");
            twin.device().setting(SettingId::Serial)
        };
        assert_eq!(serial("secondary-order=printed"), Some(15_012_345));
        assert_eq!(serial("secondary-order=as-read"), Some(45_230_115));
    }

    #[test]
    fn every_example_is_a_quirk_of_the_models_with_its_port() {
        for (port, example) in QUIRKS {
            let text = example.split(' ').next().unwrap();
            let quirk = Quirk::parse(text).unwrap();
            assert_eq!(quirk.port(), *port, "{example}");
            assert!(Quirk::is_key(text.split('=').next().unwrap()));
            for entry in models::ALL {
                let told = MeterSpec::new(entry).quirk(text).is_ok();
                assert_eq!(told, port.is_none_or(|port| entry.def.has(port)), "{} {example}", entry.def.slug);
            }
        }
    }
}
