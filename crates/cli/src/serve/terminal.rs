//! What a port of the program leads to: the wired bus, one of two wired buses, the optical head on a meter, or the
//! gateway to Modbus TCP.

use core::fmt;

use rig::{TextError, Twin};
use schema::PortId;

use super::bus::Bus;
use crate::place::{self, Road};

/// Which terminals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    /// The wired bus, where the meters have but one kind.
    Wired,
    /// The wired bus of this kind.
    Bus(PortId),
    /// What belongs to one meter, the optical head or the radio: the one with this serial number, or the first that has
    /// such a port.
    One(PortId, Option<u32>),
    /// Modbus TCP.
    Gateway,
}

/// A port as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    on: On,
    /// It is for listeners alone.
    tap: bool,
    /// The road that bytes take.
    pub road: Road,
}

/// Where bytes of a port go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// To the bus of this number.
    Bus(usize),
    /// Nowhere: it gets what is said on the bus of this number.
    Tap(usize),
    /// To the gateway.
    Gateway,
}

const TAP: &str = "tap+";
const RTU: &str = "rtu+";
const MBUS: &str = "mbus+";
const HEAD: &str = "ir+";
const RADIO: &str = "ble+";
const METER: &str = "?meter=";

const EXPECTED: &str = "tcp://HOST:PORT, pty:PATH or serial:PATH for the wired bus, with rtu+ or mbus+ before it to say \
                        which; modbus-tcp://HOST:PORT; ir+tcp://HOST:PORT, ir+pty:PATH or ir+serial:PATH for the \
                        optical head; or ble+tcp://HOST:PORT or ble+pty:PATH for the emulated Bluetooth; ?meter=SERIAL \
                        behind the last two to say where; tap+ before any of them but \
                        modbus-tcp to listen alone";

impl fmt::Display for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let road = &self.road;
        if self.tap {
            f.write_str(TAP)?;
        }
        match self.on {
            On::Wired | On::Gateway => write!(f, "{road}"),
            On::Bus(kind) => write!(f, "{}{road}", prefix(kind)),
            On::One(port, None) => write!(f, "{}{road}", prefix(port)),
            On::One(port, Some(serial)) => write!(f, "{}{road}{METER}{serial:08}", prefix(port)),
        }
    }
}

impl Terminal {
    /// Reads a port.
    ///
    /// # Errors
    /// [`TextError`] names what is wrong and what was expected.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let prefixed = [
            (RTU, On::Bus(PortId::Modbus)),
            (MBUS, On::Bus(PortId::Mbus)),
            (HEAD, On::One(PortId::Optical, None)),
            (RADIO, On::One(PortId::Radio, None)),
            ("", On::Wired),
        ];
        let whole = text;
        let (tap, text) = text.strip_prefix(TAP).map_or((false, text), |rest| (true, rest));
        let found =
            prefixed.iter().find_map(|(prefix, on)| text.strip_prefix(prefix).map(|rest| (*on, rest)));
        let (mut on, mut rest) = found.unwrap_or((On::Wired, text));
        if let Some((road, serial)) = rest.split_once(METER) {
            let On::One(port, _) = on else {
                let wrong = format!("\"{text}\" names a meter, but a bus has them all");
                return Err(TextError::new(
                    wrong,
                    format!("it without {METER}, or {HEAD} or {RADIO} before it"),
                ));
            };
            let number = serial.parse().ok().filter(|_| serial.len() <= 8);
            let wrong = || TextError::new(format!("\"{serial}\" is no serial number"), "up to eight digits");
            on = On::One(port, Some(number.ok_or_else(wrong)?));
            rest = road;
        }
        let road = place::road(rest, EXPECTED)?;
        if matches!((on, &road), (On::One(PortId::Radio, _), Road::Serial(_))) {
            let wrong = format!("\"{text}\" would be a radio on a serial device");
            return Err(TextError::new(wrong, "ble+tcp://HOST:PORT or ble+pty:PATH"));
        }
        if matches!(road, Road::ModbusTcp(_)) {
            if tap {
                let wrong = format!("\"{whole}\" has no wire to listen to");
                return Err(TextError::new(
                    wrong,
                    format!("{TAP}tcp://HOST:PORT, beside a port for masters"),
                ));
            }
            if on != On::Wired {
                let wrong = format!("\"{text}\" is two things at once");
                return Err(TextError::new(wrong, format!("{road} alone, or tcp:// behind the +")));
            }
            on = On::Gateway;
        }
        Ok(Self { on, tap, road })
    }

    /// The ports of meters for which none was asked: one for each wired bus, or the optical head where there is no bus.
    pub fn defaults(twins: &[Twin]) -> Vec<Self> {
        let tcp = |on, port: u16| Self { on, tap: false, road: Road::Tcp(format!("127.0.0.1:{port}")) };
        match wired(twins).as_slice() {
            [] => vec![tcp(On::One(PortId::Optical, None), FIRST_PORT)],
            [_] => vec![tcp(On::Wired, FIRST_PORT)],
            several => (FIRST_PORT..).zip(several).map(|(port, kind)| tcp(On::Bus(*kind), port)).collect(),
        }
    }

    /// The same at another road.
    pub fn at(&self, road: Road) -> Self {
        Self { on: self.on, tap: self.tap, road }
    }

    /// Finds the bus that it leads to, or makes it.
    ///
    /// # Errors
    /// [`TextError`] says which meter is missing, or what to write where two buses could be meant.
    pub fn lead(&self, twins: &[Twin], buses: &mut Vec<Bus>) -> Result<Lead, TextError> {
        let kinds = wired(twins);
        let lacks = |what: &str| {
            let ways = kinds.iter().map(|kind| format!("{}{}", prefix(*kind), self.road));
            let ways: Vec<String> = ways.chain([format!("{HEAD}{}", self.road)]).collect();
            TextError::new(format!("no meter here has {what}"), ways.join(" or "))
        };
        let (port, members) = match self.on {
            On::Gateway if kinds.contains(&PortId::Modbus) => return Ok(Lead::Gateway),
            On::Gateway => {
                let wrong = "no meter here speaks Modbus";
                return Err(TextError::new(wrong, "a meter that does, or another port"));
            }
            On::Wired => match kinds.as_slice() {
                [] => return Err(lacks("bus terminals")),
                [kind] => (*kind, having(twins, *kind)),
                several => {
                    let ways: Vec<String> =
                        several.iter().map(|kind| format!("{}{}", prefix(*kind), self.road)).collect();
                    let wrong = format!("{} could be either of two buses", self.road);
                    return Err(TextError::new(wrong, ways.join(" or ")));
                }
            },
            On::Bus(kind) => match having(twins, kind) {
                members if members.is_empty() => return Err(lacks(name(kind))),
                members => (kind, members),
            },
            On::One(port, None) => match having(twins, port).first() {
                None => return Err(lacks(name(port))),
                Some(first) => (port, vec![*first]),
            },
            On::One(port, Some(serial)) => {
                let on = having(twins, port);
                let there = |index: &usize| twins.get(*index).is_some_and(|twin| twin.serial() == serial);
                let Some(index) = on.into_iter().find(there) else {
                    let wrong = format!("no meter with {} has the serial number {serial:08}", name(port));
                    return Err(TextError::new(wrong, "one of the meters that are served"));
                };
                (port, vec![index])
            }
        };
        let found = buses.iter().position(|bus| bus.port() == port && bus.members() == members);
        let number = found.unwrap_or_else(|| {
            buses.push(Bus::new(buses.len(), port, members));
            buses.len() - 1
        });
        Ok(if self.tap { Lead::Tap(number) } else { Lead::Bus(number) })
    }
}

/// The TCP port that is listened on where none was asked for.
const FIRST_PORT: u16 = 5020;

const fn prefix(kind: PortId) -> &'static str {
    match kind {
        PortId::Modbus => RTU,
        PortId::Mbus => MBUS,
        PortId::Optical => HEAD,
        PortId::Radio => RADIO,
    }
}

const fn name(kind: PortId) -> &'static str {
    match kind {
        PortId::Modbus => "RS485 terminals",
        PortId::Mbus => "M-Bus terminals",
        PortId::Optical => "an optical port",
        PortId::Radio => "Bluetooth",
    }
}

/// The meters that have a port, by their numbers.
fn having(twins: &[Twin], port: PortId) -> Vec<usize> {
    let has = |(index, twin): (usize, &Twin)| twin.entry().def.has(port).then_some(index);
    twins.iter().enumerate().filter_map(has).collect()
}

/// The kinds of wired bus that the meters have.
fn wired(twins: &[Twin]) -> Vec<PortId> {
    let has = |kind: &PortId| twins.iter().any(|twin| twin.entry().def.wired() == Some(*kind));
    [PortId::Modbus, PortId::Mbus].into_iter().filter(has).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use models::Entry;
    use units::Instant;

    /// A meter of each model that has one of these ports, the first such first.
    fn twins(ports: &[PortId]) -> Vec<Twin> {
        let one = |port: &PortId| {
            let has = |entry: &&Entry| entry.def.wired().unwrap_or(PortId::Optical) == *port;
            Twin::new(models::ALL.iter().find(has).unwrap(), None, Instant::ZERO)
        };
        ports.iter().map(one).collect()
    }

    fn lead(text: &str, twins: &[Twin]) -> Result<(PortId, Vec<usize>), String> {
        let mut buses = Vec::new();
        let terminal = Terminal::parse(text).map_err(|why| why.to_string())?;
        assert_eq!(terminal.to_string(), text);
        match terminal.lead(twins, &mut buses).map_err(|why| why.to_string())? {
            Lead::Gateway => Ok((PortId::Modbus, vec![])),
            Lead::Bus(index) | Lead::Tap(index) => Ok((buses[index].port(), buses[index].members().to_vec())),
        }
    }

    #[test]
    fn a_port_leads_to_the_bus_that_is_meant() {
        let both = twins(&[PortId::Modbus, PortId::Mbus, PortId::Modbus, PortId::Mbus]);
        assert_eq!(lead("rtu+tcp://h:1", &both), Ok((PortId::Modbus, vec![0, 2])));
        assert_eq!(lead("mbus+pty:/x", &both), Ok((PortId::Mbus, vec![1, 3])));
        assert_eq!(lead("mbus+serial:/x", &both), Ok((PortId::Mbus, vec![1, 3])));
        assert_eq!(lead("modbus-tcp://h:1", &both), Ok((PortId::Modbus, vec![])));
        assert_eq!(lead("ir+pty:/x", &both), Ok((PortId::Optical, vec![0])));
        assert_eq!(lead("tap+mbus+tcp://h:1", &both), Ok((PortId::Mbus, vec![1, 3])));
        assert_eq!(lead("tap+tcp://h:1", &both[..1]), Ok((PortId::Modbus, vec![0])));
        let serial = both[0].serial();
        assert_eq!(lead(&format!("ir+tcp://h:1?meter={serial:08}"), &both), Ok((PortId::Optical, vec![0])));
        assert_eq!(lead("tcp://h:1", &both[1..2]), Ok((PortId::Mbus, vec![0])));
        assert_eq!(lead("tcp://h:1", &both[..1]), Ok((PortId::Modbus, vec![0])));
    }

    #[test]
    fn two_ports_of_one_bus_share_it() {
        let both = twins(&[PortId::Modbus, PortId::Mbus]);
        let mut buses = Vec::new();
        let mut lead = |text: &str| Terminal::parse(text).unwrap().lead(&both, &mut buses).unwrap();
        let all =
            ["rtu+tcp://h:1", "mbus+tcp://h:2", "rtu+pty:/x", "ir+pty:/y", "ir+tcp://h:3"].map(&mut lead);
        assert_eq!(all, [0, 1, 0, 2, 2].map(Lead::Bus));
    }

    #[test]
    fn without_a_port_every_bus_gets_one() {
        let texts = |ports: &[PortId]| -> Vec<String> {
            Terminal::defaults(&twins(ports)).iter().map(ToString::to_string).collect()
        };
        assert_eq!(texts(&[PortId::Mbus]), ["tcp://127.0.0.1:5020"]);
        assert_eq!(texts(&[PortId::Optical]), ["ir+tcp://127.0.0.1:5020"]);
        let both = texts(&[PortId::Mbus, PortId::Modbus]);
        assert_eq!(both, ["rtu+tcp://127.0.0.1:5020", "mbus+tcp://127.0.0.1:5021"]);
    }

    #[test]
    fn bad_ports_are_named() {
        let (both, mbus, none) =
            (twins(&[PortId::Modbus, PortId::Mbus]), twins(&[PortId::Mbus]), twins(&[PortId::Optical]));
        for (text, twins, wrong) in [
            (
                "udp://x",
                &both,
                "\"udp://x\" is no place of a meter: expected tcp://HOST:PORT, pty:PATH or serial",
            ),
            ("mbus+tcp://h", &both, "\"tcp://h\" is no place of a meter"),
            (
                "mbus+modbus-tcp://h:1",
                &both,
                "\"mbus+modbus-tcp://h:1\" is two things at once: expected modbus-tcp",
            ),
            (
                "tap+modbus-tcp://h:1",
                &both,
                "\"tap+modbus-tcp://h:1\" has no wire to listen to: expected tap+tcp://HOST:PORT",
            ),
            (
                "tcp://h:1?meter=1",
                &both,
                "\"tcp://h:1?meter=1\" names a meter, but a bus has them all: expected it",
            ),
            ("ir+pty:/x?meter=one", &both, "\"one\" is no serial number: expected up to eight digits"),
            (
                "ir+pty:/x?meter=00000009",
                &both,
                "no meter with an optical port has the serial number 00000009",
            ),
            (
                "tcp://h:1",
                &both,
                "tcp://h:1 could be either of two buses: expected rtu+tcp://h:1 or mbus+tcp://h:1",
            ),
            ("rtu+pty:/x", &mbus, "no meter here has RS485 terminals: expected mbus+pty:/x or ir+pty:/x"),
            ("modbus-tcp://h:1", &mbus, "no meter here speaks Modbus: expected a meter that does"),
            ("tcp://h:1", &none, "no meter here has bus terminals: expected ir+tcp://h:1"),
        ] {
            let error = lead(text, twins).unwrap_err();
            assert!(error.starts_with(wrong), "{text}: {error}");
        }
    }
}
