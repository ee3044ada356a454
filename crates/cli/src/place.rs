//! Where a meter is: `tcp://HOST:PORT`, `modbus-tcp://HOST:PORT`, `pty:PATH`, `serial:PATH`.

use core::fmt;
use std::path::PathBuf;

use commission::manager::radio_place;
use commission::mbus::{LineParams, Mask};
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

/// What is spoken on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Modbus, which a link that says nothing means.
    Modbus,
    /// M-Bus.
    Mbus,
    /// Modbus in the frames of a radio; emulated, no radio waves are sent.
    Ble,
}

/// The options of a link as key and value.
fn options(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let options = text.split_once('?').map_or("", |(_, options)| options);
    let options = options.split('&').filter(|option| !option.is_empty());
    options.map(|option| option.split_once('=').unwrap_or((option, "")))
}

/// True where a link has an option of this key.
pub fn says(text: &str, key: &str) -> bool {
    options(text).any(|(other, _)| other == key)
}

/// What is spoken on the line of a link.
pub fn protocol(text: &str) -> Result<Protocol, TextError> {
    match options(text).find(|(key, _)| *key == "protocol") {
        None | Some((_, "modbus")) => Ok(Protocol::Modbus),
        Some((_, "mbus")) => Ok(Protocol::Mbus),
        Some((_, "ble")) => Ok(Protocol::Ble),
        Some((_, other)) => {
            Err(TextError::new(format!("protocol cannot be \"{other}\""), "one of modbus, mbus, ir, ble"))
        }
    }
}

/// Who is meant on an M-Bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MbusTarget {
    /// The meter with this primary address.
    Primary(u8),
    /// The meters that a mask selects.
    Number(Mask),
}

/// A line to meters on an M-Bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MbusLink {
    /// How to get there.
    pub road: Road,
    /// Its speed; what was left out is as from the factory.
    pub line: LineParams,
    /// Who is meant; `None` where the link does not say.
    pub target: Option<MbusTarget>,
}

/// Speeds that an M-Bus can have (EN 13757-2), in Bd.
const MBUS_SPEEDS: [u32; 8] = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400];

/// A number of eight digits with a point for any digit, as a mask; fewer digits have zeros in front.
fn number(text: &str) -> Option<Mask> {
    if text.is_empty() || text.len() > 8 || !text.chars().all(|c| c == '.' || c.is_ascii_hexdigit()) {
        return None;
    }
    let digits = format!("{text:0>8}").replace('.', "F");
    let [a, b, c, d] = u32::from_str_radix(&digits, 16).ok()?.to_le_bytes();
    Some(Mask([a, b, c, d, 0xFF, 0xFF, 0xFF, 0xFF]))
}

/// Reads a line to meters on an M-Bus; what it does not say is as `factory` has it.
pub fn mbus_link(text: &str, factory: LineParams) -> Result<MbusLink, TextError> {
    const EXPECTED: &str =
        "serial:PATH?protocol=mbus&baud=2400&id=1 or tcp://HOST:PORT?protocol=mbus&number=13070001";
    let road = road(text.split_once('?').map_or(text, |(road, _)| road), EXPECTED)?;
    if matches!(road, Road::Pty(_) | Road::ModbusTcp(_)) {
        return Err(TextError::new(format!("{road} leads to no M-Bus"), EXPECTED));
    }
    let mut link = MbusLink { road, line: factory, target: None };
    for (key, value) in options(text) {
        let wrong = |expected: &str| TextError::new(format!("{key} cannot be \"{value}\""), expected);
        let target = match key {
            "protocol" => continue,
            "baud" => {
                let baud = value.parse().ok().filter(|baud| MBUS_SPEEDS.contains(baud));
                let speeds = MBUS_SPEEDS.map(|baud| baud.to_string()).join(", ");
                link.line = LineParams::even(baud.ok_or_else(|| wrong(&format!("one of {speeds}")))?);
                continue;
            }
            "id" => {
                let id = value.parse().ok().filter(|id| *id <= 250 || *id == 254);
                MbusTarget::Primary(id.ok_or_else(|| wrong("0 to 250; 254 asks the only meter on the line"))?)
            }
            "number" => {
                let mask = number(value);
                MbusTarget::Number(mask.ok_or_else(|| wrong("eight digits, with a point for any digit"))?)
            }
            _ => {
                let wrong = format!("a link to an M-Bus has no \"{key}\"");
                return Err(TextError::new(wrong, "one of protocol, baud, id, number"));
            }
        };
        if link.target.replace(target).is_some() {
            return Err(TextError::new("id and number both say who is meant", "one of them"));
        }
    }
    Ok(link)
}

/// A line to a meter, and where the meter is spoken to on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How to get there.
    pub road: Road,
    /// Speed, parity and id; what was left out is as from the factory.
    pub place: Place,
    /// What opens the writes of a radio, where the link says it.
    pub password: Option<Secret>,
}

/// A text that is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// An optical head, and how it calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// How to get there.
    pub road: Road,
    /// Whom it calls; empty: whichever meter it sits on.
    pub address: String,
    /// What opens the programming mode.
    pub password: String,
    /// It stays at 300 Bd.
    pub slow: bool,
}

/// Reads a line to an optical head: one with `protocol=ir` among its options. `None` for another protocol.
pub fn head(text: &str) -> Result<Option<Head>, TextError> {
    const EXPECTED: &str = "serial:PATH?protocol=ir or tcp://HOST:PORT?protocol=ir";
    let Some((start, options)) = text.split_once('?') else { return Ok(None) };
    if !options.split('&').any(|option| option == "protocol=ir") {
        return Ok(None);
    }
    let road = road(start, EXPECTED)?;
    match road {
        Road::ModbusTcp(_) => return Err(TextError::new("Modbus TCP has no optical head", EXPECTED)),
        Road::Pty(_) => return Err(TextError::new("a pty is made by serve, not by a link", EXPECTED)),
        Road::Tcp(_) | Road::Serial(_) => {}
    }
    let mut head = Head { road, address: String::new(), password: "0000".to_owned(), slow: false };
    for option in options.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=').unwrap_or((option, "")) {
            ("protocol", "ir") => {}
            ("address", value) => value.clone_into(&mut head.address),
            ("password", value) => value.clone_into(&mut head.password),
            ("speed", "300") => head.slow = true,
            ("speed", value) => {
                let wrong = format!("speed cannot be \"{value}\"");
                return Err(TextError::new(wrong, "300, or nothing for the speed that the meter proposes"));
            }
            (key, _) => {
                let wrong = format!("a link with protocol=ir has no \"{key}\"");
                return Err(TextError::new(wrong, "one of address, password, speed"));
            }
        }
    }
    Ok(Some(head))
}

/// Settings of a model that say where it is spoken to, as actions.
fn moving(entry: &'static Entry) -> impl Iterator<Item = &'static SettingDef> {
    entry.def.all_settings().filter(|setting| Action::Set { setting, value: setting.default }.moves())
}

/// Reads a line to the emulated radio of a meter: one with `protocol=ble` among its options.
fn radio_link(text: &str, entry: &'static Entry) -> Result<Link, TextError> {
    const EXPECTED: &str = "tcp://HOST:PORT?protocol=ble, or serial:PATH?protocol=ble for a pty of serve";
    let road = road(text.split_once('?').map_or(text, |(road, _)| road), EXPECTED)?;
    if matches!(road, Road::Pty(_) | Road::ModbusTcp(_)) {
        return Err(TextError::new(format!("{road} leads to no Bluetooth"), EXPECTED));
    }
    let mut link = Link { road, place: radio_place(entry), password: None };
    for (key, value) in options(text) {
        match key {
            "protocol" => {}
            "id" => link.place.unit = id(value)?,
            "password" => link.password = Some(Secret(value.to_owned())),
            _ => {
                let wrong = format!("a link with protocol=ble has no \"{key}\"");
                return Err(TextError::new(wrong, "one of protocol, id, password"));
            }
        }
    }
    Ok(link)
}

/// An id on a Modbus.
fn id(text: &str) -> Result<u8, TextError> {
    let id = text.parse().ok().filter(|id| *id <= 247);
    let wrong =
        || TextError::new(format!("id cannot be \"{text}\""), "0 to 247; 0 asks the only meter on the line");
    id.ok_or_else(wrong)
}

/// Reads a line to a meter; its options are those of `entry`, and `id` for short.
pub fn link(text: &str, entry: &'static Entry) -> Result<Link, TextError> {
    const EXPECTED: &str = "serial:PATH?baud=9600&parity=even&id=1, tcp://HOST:PORT?id=1 or \
                            modbus-tcp://HOST:PORT?id=1";
    if protocol(text)? == Protocol::Ble {
        return radio_link(text, entry);
    }
    let (text, options) = text.split_once('?').unwrap_or((text, ""));
    let road = road(text, EXPECTED)?;
    if let Road::Pty(path) = &road {
        let wrong = "a pty is made by serve, not by a link";
        return Err(TextError::new(wrong, format!("serial:{} to use one", path.display())));
    }
    let mut place = factory_place(entry);
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        if key == "protocol" {
            continue;
        }
        let wrong = |expected: String| TextError::new(format!("{key} cannot be \"{value}\""), expected);
        if key == "id" {
            place.unit = id(value)?;
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
    Ok(Link { road, place, password: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use modbus::Parity;

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
        assert_eq!(tcp, Link { road: Road::Tcp("[::1]:502".into()), place, password: None });
        assert_eq!(read("modbus-tcp://meter:502").unwrap().place, factory_place(&models::ALL[0]));
    }

    #[test]
    fn links_to_an_mbus_say_who_is_meant() {
        let factory = LineParams::even(9_600);
        let read = |text: &str| mbus_link(text, factory).map_err(|why| why.to_string());
        let one = read("serial:/dev/ttyUSB0?protocol=mbus&baud=2400&id=5").unwrap();
        assert_eq!((one.line, one.target), (LineParams::even(2_400), Some(MbusTarget::Primary(5))));
        let two = read("tcp://h:1?protocol=mbus&number=19.2024.").unwrap();
        let mask = Mask([0x4F, 0x02, 0xF2, 0x19, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert_eq!((two.line, two.target), (factory, Some(MbusTarget::Number(mask))));
        assert_eq!(protocol("tcp://h:1?id=1"), Ok(Protocol::Modbus));
        assert_eq!(protocol("tcp://h:1?id=1&protocol=mbus"), Ok(Protocol::Mbus));
        assert!(
            protocol("tcp://h:1?protocol=can").unwrap_err().to_string().contains("expected one of modbus")
        );
        for (text, wrong) in [
            ("modbus-tcp://h:1?protocol=mbus", "modbus-tcp://h:1 leads to no M-Bus: expected serial:PATH"),
            ("tcp://h:1?baud=1", "baud cannot be \"1\": expected one of 300, 600, "),
            ("tcp://h:1?id=251", "id cannot be \"251\": expected 0 to 250"),
            ("tcp://h:1?number=123456789", "number cannot be \"123456789\": expected eight digits"),
            ("tcp://h:1?id=1&number=1", "id and number both say who is meant: expected one of them"),
            ("tcp://h:1?parity=odd", "a link to an M-Bus has no \"parity\": expected one of protocol, baud"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(wrong), "{text}: {error}");
        }
    }

    #[test]
    fn links_to_a_radio_have_no_line_and_show_no_password() {
        let link = read("tcp://h:1?protocol=ble&id=7&password=1907").unwrap();
        assert!(link.place.line.is_radio());
        assert_eq!((link.place.unit, link.road.clone()), (7, Road::Tcp("h:1".into())));
        assert_eq!(link.password, Some(Secret("1907".into())));
        assert!(!format!("{link:?}").contains("1907"));
        assert_eq!(read("serial:/tmp/ble?protocol=ble").unwrap().password, None);
        for (text, wrong) in [
            (
                "modbus-tcp://h:1?protocol=ble",
                "modbus-tcp://h:1 leads to no Bluetooth: expected tcp://HOST:PORT?protocol=ble",
            ),
            ("pty:/x?protocol=ble", "pty:/x leads to no Bluetooth"),
            (
                "tcp://h:1?protocol=ble&baud=9600",
                "a link with protocol=ble has no \"baud\": expected one of protocol",
            ),
            ("tcp://h:1?protocol=ble&id=300", "id cannot be \"300\": expected 0 to 247"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(wrong), "{text}: {error}");
        }
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
