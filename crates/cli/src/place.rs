//! Where a meter is: `tcp://HOST:PORT`, `modbus-tcp://HOST:PORT`, `pty:PATH`, `serial:PATH`.

use core::fmt;
use std::path::PathBuf;

use commission::{Action, Place, factory_place};
use models::Entry;
use rig::TextError;
use schema::SettingDef;

/// A road that bytes take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Road {
    /// The bytes of the bus terminals over TCP.
    Tcp(String),
    /// Modbus TCP.
    ModbusTcp(String),
    /// A pseudo-terminal that is made at this path.
    Pty(PathBuf),
    /// A serial device.
    Serial(PathBuf),
}

impl fmt::Display for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::ModbusTcp(address) => write!(f, "modbus-tcp://{address}"),
            Self::Pty(path) => write!(f, "pty:{}", path.display()),
            Self::Serial(path) => write!(f, "serial:{}", path.display()),
        }
    }
}

/// Reads the part of a place that stands before a `?`.
pub fn road(text: &str, expected: &str) -> Result<Road, TextError> {
    let wrong = || TextError::new(format!("\"{text}\" is no place of a meter"), expected);
    let address = |address: &str| {
        let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
        if host.is_empty() || port.parse::<u16>().is_err() {
            let wrong = format!("\"{address}\" is no HOST:PORT");
            return Err(TextError::new(wrong, "a name or address, a colon and a number up to 65535"));
        }
        Ok(address.to_owned())
    };
    let path = |path: &str| if path.is_empty() { Err(wrong()) } else { Ok(PathBuf::from(path)) };
    if let Some(rest) = text.strip_prefix("tcp://") {
        address(rest).map(Road::Tcp)
    } else if let Some(rest) = text.strip_prefix("modbus-tcp://") {
        address(rest).map(Road::ModbusTcp)
    } else if let Some(rest) = text.strip_prefix("pty:") {
        path(rest).map(Road::Pty)
    } else if let Some(rest) = text.strip_prefix("serial:") {
        path(rest).map(Road::Serial)
    } else {
        Err(wrong())
    }
}

/// A line to a meter, and where the meter is spoken to on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How to get there.
    pub road: Road,
    /// Speed, parity and id; what was left out is as from the factory.
    pub place: Place,
}

/// Settings of a model that say where it is spoken to, as actions.
fn moving(entry: &'static Entry) -> impl Iterator<Item = &'static SettingDef> {
    entry.def.all_settings().filter(|setting| Action::Set { setting, value: setting.default }.moves())
}

/// Reads a line to a meter; its options are those of `entry`, and `id` for short.
pub fn link(text: &str, entry: &'static Entry) -> Result<Link, TextError> {
    const EXPECTED: &str = "serial:PATH?baud=9600&parity=even&id=1, tcp://HOST:PORT?id=1 or \
                            modbus-tcp://HOST:PORT?id=1";
    let (text, options) = text.split_once('?').unwrap_or((text, ""));
    let road = road(text, EXPECTED)?;
    if let Road::Pty(path) = &road {
        let wrong = "a pty is made by serve, not by a link";
        return Err(TextError::new(wrong, format!("serial:{} to use one", path.display())));
    }
    let mut place = factory_place(entry);
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        let wrong = |expected: String| TextError::new(format!("{key} cannot be \"{value}\""), expected);
        if key == "id" {
            let id = value.parse().ok().filter(|id| *id <= 247);
            let expected = "0 to 247; 0 asks the only meter on the line";
            place.unit = id.ok_or_else(|| wrong(expected.to_owned()))?;
            continue;
        }
        let setting = moving(entry).find(|setting| setting.id.key() == key).ok_or_else(|| {
            let keys: Vec<&str> = moving(entry).map(|setting| setting.id.key()).chain(["id"]).collect();
            TextError::new(format!("a link has no \"{key}\""), format!("one of {}", keys.join(", ")))
        })?;
        let value = setting.parse(value).map_err(|_| wrong(setting.allowed().to_string()))?;
        let moved = Action::Set { setting, value }.place_after(place);
        if moved.line != place.line && matches!(road, Road::Tcp(_) | Road::ModbusTcp(_)) {
            let wrong = "TCP carries neither speed nor parity";
            return Err(TextError::new(wrong, "id alone, or serial:PATH"));
        }
        place = moved;
    }
    Ok(Link { road, place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use modbus::{LineParams, Parity};

    fn read(text: &str) -> Result<Link, String> {
        link(text, &models::ALL[0]).map_err(|why| why.to_string())
    }

    #[test]
    fn links_say_how_to_get_there() {
        let serial = read("serial:/dev/ttyUSB0?baud=4800&parity=odd&id=7").unwrap();
        assert_eq!(serial.road, Road::Serial("/dev/ttyUSB0".into()));
        assert_eq!(serial.place, Place { line: LineParams::new(4_800, Parity::Odd), unit: 7 });
        let tcp = read("tcp://[::1]:502?id=0").unwrap();
        let place = Place { line: LineParams::new(9_600, Parity::Even), unit: 0 };
        assert_eq!(tcp, Link { road: Road::Tcp("[::1]:502".into()), place });
        assert_eq!(read("modbus-tcp://meter:502").unwrap().place, factory_place(&models::ALL[0]));
    }

    #[test]
    fn bad_places_are_named() {
        for (text, wrong) in [
            ("", "\"\" is no place of a meter: expected serial:PATH?baud=9600"),
            ("/dev/ttyUSB0", "\"/dev/ttyUSB0\" is no place"),
            ("tcp://host", "\"tcp://host\" is no place"),
            ("tcp://host:70000", "\"host:70000\" is no HOST:PORT"),
            ("serial:", "\"serial:\" is no place"),
            ("pty:/tmp/x", "a pty is made by serve, not by a link: expected serial:/tmp/x to use one"),
            ("serial:/x?baud=1", "baud cannot be \"1\": expected one of 9600, 4800, 2400, 1200 Bd"),
            ("serial:/x?parity=mark", "parity cannot be \"mark\": expected one of even, none, odd"),
            ("serial:/x?id=248", "id cannot be \"248\": expected 0 to 247"),
            ("serial:/x?speed=1", "a link has no \"speed\": expected one of modbus-id, baud, parity, id"),
            ("tcp://h:1?baud=4800", "TCP carries neither speed nor parity: expected id alone"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(wrong), "{text}: {error}");
        }
    }
}
