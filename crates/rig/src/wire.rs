//! What can be wrong with a wire and with one meter's place on it, as scripts write it and people read it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schema::PortId;

use crate::text::TextError;

/// Faults of the adapter at the master's end and of the wire itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireFaults {
    /// The adapter repeats what it sends.
    pub echo: bool,
    /// The adapter is not plugged in.
    pub unplugged: bool,
    /// Of so many characters in a thousand, noise flips one to three bits that follow each other, and sometimes adds a
    /// character. Range: 0 to 1000. Assumed: silence stays silent.
    pub noise: u16,
    /// An RS485 pair without resistors at its ends: reflections flip bits, the more the faster. An M-Bus needs none.
    pub unterminated: bool,
    /// The two conductors touch: nobody hears anything.
    pub short: bool,
    /// How many meters the M-Bus converter can feed; 1 unit load each. With more, its voltage breaks down and nobody
    /// hears anything. Assumed: 64, a usual size.
    pub capacity: u16,
}

impl Default for WireFaults {
    fn default() -> Self {
        Self { echo: false, unplugged: false, noise: 0, unterminated: false, short: false, capacity: 64 }
    }
}

impl WireFaults {
    /// How many characters in a thousand are hit at this speed.
    ///
    /// Assumed for a missing termination: none up to 1200 Bd, then one more for every 4800 Bd, as on a line of some
    /// hundred metres whose reflections die out in a part of a bit.
    #[must_use]
    pub const fn hits(&self, port: PortId, baud: u32) -> u32 {
        let reflections = match port {
            PortId::Modbus if self.unterminated => baud.saturating_sub(1_200).div_ceil(4_800),
            _ => 0,
        };
        reflections + self.noise as u32
    }

    /// A sentence for each fault there is, with what it does and what to do.
    #[must_use]
    pub fn sentences(&self, port: PortId) -> Vec<String> {
        let mut all = Vec::new();
        let mut say = |holds: bool, what: &str| {
            if holds {
                all.push(what.to_string());
            }
        };
        say(self.unplugged, "The adapter is not plugged in: nothing can be sent.");
        say(
            self.short,
            "The wire has a short circuit: nobody hears anything. Take the meters off one by one to find it.",
        );
        say(
            self.echo,
            "The adapter hears what it sends itself; a master drops as many bytes as it has sent.",
        );
        if self.unterminated {
            say(
                port == PortId::Modbus,
                "The line has no termination: reflections damage characters, the more the higher the speed. Put 120 Ω at \
                 both ends, or go down to 1200 Bd.",
            );
            say(port == PortId::Mbus, "An M-Bus needs no termination: that it has none harms nothing.");
        }
        if self.noise > 0 {
            all.push(format!(
                "Noise hits {} of 1000 characters: answers are lost and asked for again. Look for motors and frequency \
                 converters, and for the shield.",
                self.noise
            ));
        }
        all
    }
}

/// How one meter's terminals are connected to a wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wiring {
    /// As they should be.
    #[default]
    Good,
    /// The two conductors are swapped.
    Swapped,
    /// One conductor is off.
    Open,
}

impl Wiring {
    /// Its word in scripts.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Swapped => "swapped",
            Self::Open => "open",
        }
    }

    /// What is wrong, what it does, and what to do; `None` where nothing is.
    #[must_use]
    pub const fn sentence(self, port: PortId) -> Option<&'static str> {
        match (self, port) {
            (Self::Good, _) => None,
            (Self::Swapped, PortId::Modbus) => Some(
                "A and B of this meter are swapped: it hears every bit upside down and never answers. Swap its two wires.",
            ),
            (Self::Swapped, _) => Some(
                "The wires of this meter are swapped: on an M-Bus that harms nothing, its terminals have no polarity.",
            ),
            (Self::Open, PortId::Optical) => {
                Some("The head does not sit on the window: the meter sees no light.")
            }
            (Self::Open, _) => Some(
                "A wire of this meter is off: it hears nothing and cannot answer. Check its two terminals.",
            ),
        }
    }
}

/// One change of a wire, or of a meter's place on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireChange {
    /// The adapter repeats what it sends, or does not.
    Echo(bool),
    /// The adapter is plugged in, or pulled.
    Plugged(bool),
    /// Of so many characters in a thousand noise hits one.
    Noise(u16),
    /// The line has its resistors, or not.
    Terminated(bool),
    /// The conductors touch, or do not.
    Short(bool),
    /// So many meters the converter can feed.
    Capacity(u16),
    /// This meter's terminals.
    Wiring(Wiring),
}

const EXPECTED: &str =
    "noise 5, termination off, echo on, plug off, short on, capacity 60, swapped, open or good";

impl WireChange {
    /// Reads the words behind `wire`, such as `noise 5`.
    ///
    /// # Errors
    /// [`TextError`] names what is wrong and what was expected.
    pub fn parse(words: &[&str]) -> Result<Self, TextError> {
        let switch = |word: &str| match word {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(TextError::new(format!("\"{word}\""), "on or off")),
        };
        let number = |word: &str, most: u16, what: &str| {
            let number = word.parse().ok().filter(|number| *number <= most);
            number.ok_or_else(|| TextError::new(format!("\"{word}\""), format!("0 to {most} {what}")))
        };
        Ok(match words {
            ["good"] => Self::Wiring(Wiring::Good),
            ["swapped"] => Self::Wiring(Wiring::Swapped),
            ["open"] => Self::Wiring(Wiring::Open),
            ["echo", word] => Self::Echo(switch(word)?),
            ["plug", word] => Self::Plugged(switch(word)?),
            ["termination", word] => Self::Terminated(switch(word)?),
            ["short", word] => Self::Short(switch(word)?),
            ["noise", word] => Self::Noise(number(word, 1_000, "characters in a thousand")?),
            ["capacity", word] => Self::Capacity(number(word, 250, "meters")?),
            _ => return Err(TextError::new(format!("wire \"{}\"", words.join(" ")), EXPECTED)),
        })
    }

    /// Its words in scripts, as [`Self::parse`] reads them.
    #[must_use]
    pub fn text(self) -> String {
        let switch = |name: &str, on: bool| format!("{name} {}", if on { "on" } else { "off" });
        match self {
            Self::Echo(on) => switch("echo", on),
            Self::Plugged(on) => switch("plug", on),
            Self::Terminated(on) => switch("termination", on),
            Self::Short(on) => switch("short", on),
            Self::Noise(rate) => format!("noise {rate}"),
            Self::Capacity(meters) => format!("capacity {meters}"),
            Self::Wiring(wiring) => wiring.key().to_string(),
        }
    }

    /// Changes the faults of the wire; a change of a meter's terminals is none of them.
    pub fn apply(self, faults: &mut WireFaults) {
        match self {
            Self::Echo(on) => faults.echo = on,
            Self::Plugged(on) => faults.unplugged = !on,
            Self::Terminated(on) => faults.unterminated = !on,
            Self::Short(on) => faults.short = on,
            Self::Noise(rate) => faults.noise = rate,
            Self::Capacity(meters) => faults.capacity = meters,
            Self::Wiring(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reads_back_as_it_is_written() {
        for text in [
            "noise 0",
            "noise 1000",
            "termination off",
            "echo on",
            "plug off",
            "short on",
            "capacity 60",
            "swapped",
            "open",
            "good",
        ] {
            let words: Vec<&str> = text.split(' ').collect();
            assert_eq!(WireChange::parse(&words).unwrap().text(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (words, wrong) in [
            (&["noise", "1001"][..], "\"1001\": expected 0 to 1000 characters in a thousand"),
            (&["echo"], "wire \"echo\": expected noise 5, termination off"),
            (&["short", "yes"], "\"yes\": expected on or off"),
        ] {
            let found = WireChange::parse(words).unwrap_err().to_string();
            assert!(found.starts_with(wrong), "{found}");
        }
    }

    #[test]
    fn a_missing_termination_harms_fast_rs485_lines_only() {
        let faults = WireFaults { unterminated: true, ..WireFaults::default() };
        assert_eq!([300, 1_200, 9_600, 115_200].map(|baud| faults.hits(PortId::Modbus, baud)), [0, 0, 2, 24]);
        assert_eq!(faults.hits(PortId::Mbus, 9_600), 0);
        assert!(faults.sentences(PortId::Mbus).iter().all(|it| it.contains("harms nothing")));
        assert_eq!(WireFaults::default().sentences(PortId::Modbus), Vec::<String>::new());
    }
}
