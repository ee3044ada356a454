//! Where a meter is: `tcp://HOST:PORT`, `modbus-tcp://HOST:PORT`, `pty:PATH`, `serial:PATH`.

use core::fmt;
use std::path::PathBuf;

use modbus::Parity;
use models::Entry;
use rig::TextError;
use schema::SettingId;

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
fn road(text: &str, expected: &str) -> Result<Road, TextError> {
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

/// Reads a port to serve on.
pub fn port(text: &str) -> Result<Road, TextError> {
    road(text, "tcp://HOST:PORT, modbus-tcp://HOST:PORT, pty:PATH or serial:PATH")
}

/// A line to a meter, and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How to get there.
    pub road: Road,
    /// Its speed in Bd, where it was given.
    pub baud: Option<u32>,
    /// Its parity, where it was given.
    pub parity: Option<Parity>,
    /// The meter's id, where it was given.
    pub id: Option<u8>,
}

/// Reads a line to a meter; the words for parities are those of `entry`.
pub fn link(text: &str, entry: &'static Entry) -> Result<Link, TextError> {
    const EXPECTED: &str = "serial:PATH?baud=9600&parity=even&id=1, tcp://HOST:PORT?id=1 or \
                            modbus-tcp://HOST:PORT?id=1";
    let (place, options) = text.split_once('?').unwrap_or((text, ""));
    let road = road(place, EXPECTED)?;
    if let Road::Pty(path) = &road {
        let wrong = "a pty is made by serve, not by a link";
        return Err(TextError::new(wrong, format!("serial:{} to use one", path.display())));
    }
    let mut link = Link { road, baud: None, parity: None, id: None };
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        let wrong = |expected: &str| TextError::new(format!("{key} cannot be \"{value}\""), expected);
        if key == SettingId::Baud.key() {
            let baud = value.parse().ok().filter(|baud| (300..=921_600).contains(baud));
            link.baud = Some(baud.ok_or_else(|| wrong("a speed, 300 to 921600 Bd"))?);
        } else if key == SettingId::Parity.key() {
            link.parity = Some(parity(entry, value).ok_or_else(|| wrong("even, none or odd"))?);
        } else if key == "id" {
            let id = value.parse().ok().filter(|id| *id <= 247);
            link.id = Some(id.ok_or_else(|| wrong("0 to 247; 0 asks the only meter on the line"))?);
        } else {
            return Err(TextError::new(format!("a link has no \"{key}\""), "baud, parity or id"));
        }
    }
    if link.road_has_no_line() && (link.baud.is_some() || link.parity.is_some()) {
        let wrong = "TCP carries neither speed nor parity";
        return Err(TextError::new(wrong, "id alone, or serial:PATH"));
    }
    Ok(link)
}

fn parity(entry: &'static Entry, word: &str) -> Option<Parity> {
    let (_, setting) = entry.def.setting(SettingId::Parity)?;
    commission::parity(setting, setting.parse(word).ok()?)
}

impl Link {
    const fn road_has_no_line(&self) -> bool {
        matches!(self.road, Road::Tcp(_) | Road::ModbusTcp(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Link, String> {
        link(text, &models::ALL[0]).map_err(|why| why.to_string())
    }

    #[test]
    fn links_say_how_to_get_there() {
        let serial = read("serial:/dev/ttyUSB0?baud=4800&parity=odd&id=7").unwrap();
        assert_eq!(serial.road, Road::Serial("/dev/ttyUSB0".into()));
        assert_eq!((serial.baud, serial.parity, serial.id), (Some(4_800), Some(Parity::Odd), Some(7)));
        let tcp = read("tcp://[::1]:502?id=0").unwrap();
        assert_eq!(tcp, Link { road: Road::Tcp("[::1]:502".into()), baud: None, parity: None, id: Some(0) });
        assert_eq!(read("modbus-tcp://meter:502").unwrap().id, None);
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
            ("serial:/x?baud=1", "baud cannot be \"1\": expected a speed, 300 to 921600 Bd"),
            ("serial:/x?parity=mark", "parity cannot be \"mark\": expected even, none or odd"),
            ("serial:/x?id=248", "id cannot be \"248\": expected 0 to 247"),
            ("serial:/x?speed=1", "a link has no \"speed\": expected baud, parity or id"),
            ("tcp://h:1?baud=9600", "TCP carries neither speed nor parity: expected id alone"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(wrong), "{text}: {error}");
        }
        assert!(port("udp://x").unwrap_err().to_string().contains("expected tcp://HOST:PORT, modbus-tcp://"));
    }
}
