//! Loads as people write them: `L1 230V 5A pf 0.9 lag`.

use alloc::format;
use core::fmt;

use schema::ModelDef;
use units::decimal::{self, Decimal};

use crate::text::{CURRENT, POWER, TextError, VOLTAGE, words};
use crate::{Circuit, Flow, Supply};

const EXPECTED: &str = "L1 to L3, then a voltage, a current, a power or off, and pf, lag, lead, export, \
                        such as L1 230V 5A pf 0.9 lag";

/// What becomes of one conductor: all of it but its voltage, which stays where none is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadChange {
    /// The conductor, counted from 0.
    pub phase: usize,
    /// Its voltage, in mV; `None` leaves it.
    pub voltage_mv: Option<u32>,
    /// What flows.
    pub flow: Flow,
    /// Power factor, in thousandths.
    pub pf_milli: u16,
    /// True where the current leads.
    pub lead: bool,
    /// True where power flows to the network.
    pub export: bool,
}

impl LoadChange {
    /// Reads a load for a meter of `model`.
    ///
    /// # Errors
    /// [`TextError`] names the word that is wrong and what was expected.
    pub fn parse(model: &ModelDef, text: &str) -> Result<Self, TextError> {
        let words = words(text)?;
        let mut words = words.iter().map(|word| word.as_str());
        let phases = usize::from(model.metering.phases);
        let phase = match words.next() {
            Some("L1") => 0,
            Some("L2") => 1,
            Some("L3") => 2,
            Some(word) => return Err(TextError::new(format!("\"{word}\" is no conductor"), EXPECTED)),
            None => return Err(TextError::new("there is no load", EXPECTED)),
        };
        if phase >= phases {
            let last = if phases == 1 { "L1 only" } else { "L1 or L2" };
            return Err(TextError::new(format!("this meter has no L{}", phase + 1), last));
        }
        let mut change =
            Self { phase, voltage_mv: None, flow: Flow::Off, pf_milli: 1_000, lead: false, export: false };
        let mut flow = None;
        let mut angle = None;
        let mut way = None;
        let mut pf = None;
        while let Some(word) = words.next() {
            match word {
                "off" => set(&mut flow, Flow::Off, word)?,
                "export" => set(&mut way, true, word)?,
                "import" => set(&mut way, false, word)?,
                "lag" => set(&mut angle, false, word)?,
                "lead" => set(&mut angle, true, word)?,
                "pf" => set(&mut pf, power_factor(words.next().unwrap_or_default())?, word)?,
                _ if VOLTAGE.fits(word) => {
                    let mut voltage = change.voltage_mv;
                    set(&mut voltage, VOLTAGE.parse_u32(word)?, word)?;
                    change.voltage_mv = voltage;
                }
                _ if CURRENT.fits(word) => {
                    set(&mut flow, Flow::Current { ma: CURRENT.parse_u32(word)? }, word)?;
                }
                _ if POWER.fits(word) => set(&mut flow, Flow::Power { mw: POWER.parse_u64(word)? }, word)?,
                _ => return Err(TextError::new(format!("\"{word}\" is no part of a load"), EXPECTED)),
            }
        }
        if flow.is_none() && change.voltage_mv.is_none() {
            return Err(TextError::new("the load says nothing", EXPECTED));
        }
        change.flow = flow.unwrap_or_default();
        change.lead = angle.unwrap_or(false);
        change.export = way.unwrap_or(false);
        change.pf_milli = pf.unwrap_or(change.pf_milli);
        if matches!(change.flow, Flow::Power { mw: 1.. }) {
            let dead = if change.pf_milli == 0 { Some("pf 0") } else { None };
            let dead = dead.or((change.voltage_mv == Some(0)).then_some("0V"));
            if let Some(dead) = dead {
                let wrong = format!("no active power can flow at {dead}");
                return Err(TextError::new(
                    wrong,
                    "a current, a voltage above 0V and a power factor above 0",
                ));
            }
        }
        Ok(change)
    }

    /// Changes the conductor of `supply`.
    pub fn apply(&self, supply: &mut Supply) {
        if let Some(circuit) = supply.phases.get_mut(self.phase) {
            *circuit = Circuit {
                voltage_mv: self.voltage_mv.unwrap_or(circuit.voltage_mv),
                flow: self.flow,
                pf_milli: self.pf_milli,
                lead: self.lead,
                export: self.export,
            };
        }
    }

    /// The change that makes a conductor what `circuit` is.
    #[must_use]
    pub const fn of(phase: usize, circuit: &Circuit) -> Self {
        Self {
            phase,
            voltage_mv: Some(circuit.voltage_mv),
            flow: circuit.flow,
            pf_milli: circuit.pf_milli,
            lead: circuit.lead,
            export: circuit.export,
        }
    }
}

fn set<T>(place: &mut Option<T>, value: T, word: &str) -> Result<(), TextError> {
    if place.is_some() {
        return Err(TextError::new(format!("\"{word}\" says again what was said before"), "one of them"));
    }
    *place = Some(value);
    Ok(())
}

fn power_factor(word: &str) -> Result<u16, TextError> {
    let value = decimal::parse(word, 3).ok().and_then(|value| u16::try_from(value).ok());
    value.filter(|value| *value <= 1_000).ok_or_else(|| {
        TextError::new(
            format!("\"{word}\" is no power factor"),
            "0 to 1 with at most three decimals, such as pf 0.9",
        )
    })
}

/// A number without the zeros at its end, and its unit.
fn put(f: &mut fmt::Formatter<'_>, value: u64, mut decimals: u8, unit: &str) -> fmt::Result {
    let mut value = i64::try_from(value).unwrap_or(i64::MAX);
    while decimals > 0 && value % 10 == 0 {
        value /= 10;
        decimals -= 1;
    }
    write!(f, " {}{unit}", Decimal { value, decimals })
}

impl fmt::Display for LoadChange {
    /// The text that [`LoadChange::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.phase + 1)?;
        if let Some(voltage) = self.voltage_mv {
            put(f, u64::from(voltage), 3, "V")?;
        }
        match self.flow {
            Flow::Off => f.write_str(" off")?,
            Flow::Current { ma } => put(f, u64::from(ma), 3, "A")?,
            Flow::Power { mw } => put(f, mw, 3, "W")?,
        }
        if self.pf_milli != 1_000 {
            f.write_str(" pf")?;
            put(f, u64::from(self.pf_milli), 3, "")?;
        }
        if self.lead {
            f.write_str(" lead")?;
        } else if self.pf_milli != 1_000 {
            f.write_str(" lag")?;
        }
        if self.export { f.write_str(" export") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<LoadChange, TextError> {
        LoadChange::parse(models::ALL[0].def, text)
    }

    #[test]
    fn a_load_is_a_conductor_with_what_flows_in_it() {
        let mut supply = Supply::default();
        parse("L1 230.1V 5A pf 0.9 lag").unwrap().apply(&mut supply);
        let circuit = supply.phases[0];
        assert_eq!((circuit.voltage_mv, circuit.flow), (230_100, Flow::Current { ma: 5_000 }));
        assert_eq!((circuit.pf_milli, circuit.lead, circuit.export), (900, false, false));
        parse("L1 100W lead pf 0.5 export").unwrap().apply(&mut supply);
        let circuit = supply.phases[0];
        assert_eq!((circuit.voltage_mv, circuit.flow), (230_100, Flow::Power { mw: 100_000 }));
        assert_eq!((circuit.pf_milli, circuit.lead, circuit.export), (500, true, true));
        parse("L1 off").unwrap().apply(&mut supply);
        assert_eq!(supply.phases[0], Circuit { voltage_mv: 230_100, ..Circuit::default() });
    }

    #[test]
    fn bad_loads_are_named() {
        for (text, wrong) in [
            ("", "there is no load"),
            ("L1", "the load says nothing"),
            ("L4 230V", "\"L4\" is no conductor"),
            ("L2 230V 5A", "this meter has no L2: expected L1 only"),
            ("L1 230", "\"230\" is no part of a load"),
            ("L1 230V 5A 100W", "\"100W\" says again what was said before"),
            ("L1 230V 5A pf 1.1", "\"1.1\" is no power factor: expected 0 to 1 with at most three decimals"),
            ("L1 230V 5A pf 0.1234", "\"0.1234\" is no power factor"),
            ("L1 230V 5A pf 0.9 pf 0.8", "\"pf\" says again what was said before"),
            ("L1 230V 5A export import", "\"import\" says again what was said before"),
            ("L1 230V 5A pf", "\"\" is no power factor"),
            ("L1 230V 100W pf 0", "no active power can flow at pf 0"),
            ("L1 0V 100W", "no active power can flow at 0V"),
            ("L1 2000V 5A", "\"2000V\" is out of range: expected 0 to 1000 V"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(wrong), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn the_text_leads_back_to_the_load(
            voltage in proptest::option::of(1u32..=1_000_000),
            flow in prop_oneof![
                Just(Flow::Off),
                (0u32..=10_000_000).prop_map(|ma| Flow::Current { ma }),
                (0u64..=10_000_000_000).prop_map(|mw| Flow::Power { mw }),
            ],
            pf_milli in 1u16..=1_000, lead: bool, export: bool,
        ) {
            let load = LoadChange { phase: 0, voltage_mv: voltage, flow, pf_milli, lead, export };
            prop_assert_eq!(parse(&load.to_string()), Ok(load));
        }

        #[test]
        fn no_text_panics(text in "L1 ([0-9.]{0,9}[mkVAW]{0,2} ?){0,4}\\PC{0,9}") {
            let _ = parse(&text);
        }
    }
}
