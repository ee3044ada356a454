//! How a meter of several phases is connected: which voltages and currents of the network reach its terminals.

use alloc::format;
use core::fmt;
use core::ops::{Add, Neg, Sub};

use metering::{Load, PhaseReading};
use schema::ModelDef;

use crate::text::{TextError, list};
use crate::{Circuit, Flow};

/// How the voltages and currents of a network reach the terminals of a meter (Ambition manual §5.8).
///
/// In a network of three wires the currents add up to nothing: what flows in L2 is what the other two leave, whatever a
/// load says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Connection {
    /// Three phases and neutral, each with its current.
    #[default]
    FourWire,
    /// Three wires, open delta: L2 is at the neutral terminal, and the currents of L1 and L3 reach the meter. Two elements
    /// measure all three phases (the method of Aron).
    Aron,
    /// Three wires, the neutral terminal open: each element has the voltage against the middle of the three, and its
    /// current.
    Delta,
    /// L1 and neutral only.
    Single,
    /// A network without neutral whose voltages are those between its wires, as in Norway; open delta, as
    /// [`Connection::Aron`].
    It,
}

impl Connection {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::FourWire, Self::Aron, Self::Delta, Self::Single, Self::It];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::FourWire => "four-wire",
            Self::Aron => "aron",
            Self::Delta => "delta",
            Self::Single => "single",
            Self::It => "it",
        }
    }

    /// Reads the word, for a meter of `model`.
    ///
    /// # Errors
    /// [`TextError`] where it is none, or where the meter has a single phase.
    pub fn parse(model: &ModelDef, word: &str) -> Result<Self, TextError> {
        if model.metering.phases < 3 {
            let wrong = format!("{} is no meter of three phases", model.slug);
            return Err(TextError::new(wrong, "a load of its own phase"));
        }
        Self::ALL.into_iter().find(|it| it.word() == word).ok_or_else(|| {
            let known = list(Self::ALL.into_iter().map(Self::word));
            TextError::new(format!("there is no wiring \"{word}\""), format!("one of {known}"))
        })
    }

    /// Between which conductors, or of which, each element of the meter has its voltage; nothing for one that has none.
    #[must_use]
    pub const fn elements(self) -> [&'static str; 3] {
        match self {
            Self::FourWire | Self::Delta => ["1", "2", "3"],
            Self::Aron | Self::It => ["12", "", "32"],
            Self::Single => ["1", "", ""],
        }
    }

    /// The voltage of each element of the meter: the part in phase with the voltage of L1, and the part a quarter of a
    /// circle before it, in mV.
    #[must_use]
    pub fn voltages(self, phases: &[Circuit; 3]) -> [[i32; 2]; 3] {
        let milli = |nano| i32::try_from(divide(nano, NV_IN_MV)).unwrap_or(i32::MAX);
        self.wired(phases).elements.map(|volt| [milli(volt.re), milli(volt.im)])
    }

    fn wired(self, phases: &[Circuit; 3]) -> Wired {
        let star = |circuit: &Circuit| Circuit { voltage_mv: over_root_3(circuit.voltage_mv), ..*circuit };
        let circuits = if self == Self::It { phases.map(|it| star(&it)) } else { *phases };
        let (volts, [one, three]) = network(circuits);
        let [v1, v2, v3] = volts;
        let elements = match self {
            Self::FourWire => volts,
            Self::Single => [v1, Phasor::ZERO, Phasor::ZERO],
            Self::Delta => {
                let middle = volts.into_iter().fold(Phasor::ZERO, Add::add).third();
                volts.map(|volt| volt - middle)
            }
            Self::Aron | Self::It => [v1 - v2, Phasor::ZERO, v3 - v2],
        };
        let two = if self == Self::Delta { -(one + three) } else { Phasor::ZERO };
        Wired { lines: between(volts), elements, currents: [one, two, three] }
    }

    /// What reaches the meter of three circuits.
    pub(crate) fn load(self, phases: &[Circuit; 3], frequency_mhz: u32) -> Load {
        let [one, ..] = phases;
        let none = PhaseReading::default();
        let load = |phases, lines_mv| Load { phases, lines_mv, frequency_mhz };
        match self {
            Self::FourWire => load(phases.map(|circuit| circuit.reading()), None),
            Self::Single => load([one.reading(), none, none], None),
            Self::Delta | Self::Aron | Self::It => {
                let Wired { lines, elements: [u1, u2, u3], currents: [i1, i2, i3] } = self.wired(phases);
                load([element(u1, i1), element(u2, i2), element(u3, i3)], Some(lines))
            }
        }
    }
}

/// What of a network reaches a meter.
struct Wired {
    /// The voltages between the wires, in mV.
    lines: [u32; 3],
    /// The voltage of each element.
    elements: [Phasor; 3],
    /// In a network of three wires, the current of each element.
    currents: [Phasor; 3],
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A complex amplitude: voltages in nV, currents in pA. Whole numbers, so that every machine has the same.
#[derive(Clone, Copy)]
struct Phasor {
    re: i128,
    im: i128,
}

const NV_IN_MV: i128 = 1_000_000;
const PA_IN_MA: i128 = 1_000_000_000;
/// pA in A.
const PA_IN_A: i128 = 1_000_000_000_000;
const ONE: i128 = 1_000_000_000_000;
/// Half the root of three, times [`ONE`].
const SINE: i128 = 866_025_403_784;

/// `value` divided by `by`, to the nearest, half away from zero.
const fn divide(value: i128, by: i128) -> i128 {
    (value + value.signum() * by / 2) / by
}

fn over_root_3(mv: u32) -> u32 {
    // A third of the root is two thirds of the sine.
    u32::try_from(divide(i128::from(mv) * 2 * SINE, 3 * ONE)).unwrap_or(u32::MAX)
}

impl Phasor {
    const ZERO: Self = Self { re: 0, im: 0 };

    /// Turned by a third of a circle: forward, or backward.
    fn turned(self, forward: bool) -> Self {
        let sine = if forward { SINE } else { -SINE };
        Self {
            re: divide(-self.re * (ONE / 2) - self.im * sine, ONE),
            im: divide(-self.im * (ONE / 2) + self.re * sine, ONE),
        }
    }

    fn third(self) -> Self {
        Self { re: divide(self.re, 3), im: divide(self.im, 3) }
    }

    /// Its amount, in thousandths of a unit of which it has `unit`.
    fn amount(self, unit: i128) -> u32 {
        let square =
            self.re.unsigned_abs().saturating_pow(2).saturating_add(self.im.unsigned_abs().saturating_pow(2));
        let amount = i128::try_from(square.isqrt()).unwrap_or(i128::MAX / 2);
        u32::try_from(divide(amount, unit)).unwrap_or(u32::MAX)
    }
}

impl Add for Phasor {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }
}

impl Sub for Phasor {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Phasor {
    type Output = Self;

    fn neg(self) -> Self {
        Self { re: -self.re, im: -self.im }
    }
}

/// The voltages of three circuits, 120° apart, and the currents in L1 and L3.
fn network(circuits: [Circuit; 3]) -> ([Phasor; 3], [Phasor; 2]) {
    let volt = |circuit: &Circuit| Phasor { re: i128::from(circuit.voltage_mv) * NV_IN_MV, im: 0 };
    let [one, two, three] = &circuits;
    let volts = [volt(one), volt(two).turned(false), volt(three).turned(true)];
    (volts, [current(one), current(three).turned(true)])
}

/// The current of a circuit whose voltage has no angle.
fn current(circuit: &Circuit) -> Phasor {
    // Without voltage there is no power to tell the angle by; a current has one all the same.
    let voltage_mv = if circuit.voltage_mv == 0 { 1_000_000 } else { circuit.voltage_mv };
    let flow = match circuit.flow {
        Flow::Power { .. } if circuit.voltage_mv == 0 => Flow::Off,
        flow => flow,
    };
    let reading = Circuit { voltage_mv, flow, ..*circuit }.reading();
    let most = i128::from(u32::MAX) * PA_IN_MA;
    let part = |power: i64| divide(i128::from(power) * PA_IN_A, i128::from(voltage_mv)).clamp(-most, most);
    // An inductive load draws its current behind its voltage.
    Phasor { re: part(reading.active_mw), im: part(-reading.reactive_mvar) }
}

/// What one element of the meter measures.
fn element(volt: Phasor, current: Phasor) -> PhaseReading {
    let power = |milli: i128| i64::try_from(divide(milli, NV_IN_MV * PA_IN_A)).unwrap_or(0);
    PhaseReading {
        voltage_mv: volt.amount(NV_IN_MV),
        current_ma: current.amount(PA_IN_MA),
        active_mw: power(volt.re * current.re + volt.im * current.im),
        reactive_mvar: power(volt.im * current.re - volt.re * current.im),
    }
}

/// The voltages between L1 and L2, L1 and L3, L2 and L3, in mV.
fn between([one, two, three]: [Phasor; 3]) -> [u32; 3] {
    [one - two, one - three, two - three].map(|volt| volt.amount(NV_IN_MV))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn circuit(voltage_mv: u32, ma: u32, pf_milli: u16, lead: bool, export: bool) -> Circuit {
        Circuit { voltage_mv, flow: Flow::Current { ma }, pf_milli, lead, export }
    }

    fn sums(load: &Load) -> (i64, i64) {
        let sum = |of: fn(&PhaseReading) -> i64| load.phases.iter().map(of).sum();
        (sum(|it| it.active_mw), sum(|it| it.reactive_mvar))
    }

    #[test]
    fn two_elements_measure_a_balanced_load_of_three_wires() {
        let phases = [circuit(230_940, 5_000, 800, false, false); 3];
        let four = Connection::FourWire.load(&phases, 50_000);
        assert_eq!(four.lines_mv, None);
        let aron = Connection::Aron.load(&phases, 50_000);
        assert_eq!(aron.lines_mv, Some([400_000; 3]));
        assert_eq!(aron.phases.map(|it| it.voltage_mv), [400_000, 0, 400_000]);
        assert_eq!(aron.phases.map(|it| it.current_ma), [5_000, 0, 5_000]);
        // cos(φ + 30°) and cos(φ - 30°) of 2000 VA.
        for (phase, mw) in aron.phases.iter().zip([785_641i64, 0, 1_985_639]) {
            assert!((phase.active_mw - mw).abs() <= 3, "{phase:?}");
        }
        let ((p, q), (p4, q4)) = (sums(&aron), sums(&four));
        assert_eq!(p4, 3 * 923_760);
        assert!((p - p4).abs() <= 2 && (q - q4).abs() <= 2, "{p} {p4}, {q} {q4}");
        let delta = Connection::Delta.load(&phases, 50_000);
        assert_eq!(delta.phases, four.phases);
        assert_eq!(delta.lines_mv, Some([400_000; 3]));
    }

    #[test]
    fn a_network_without_neutral_has_the_voltage_between_its_wires() {
        let it = Connection::It.load(&[circuit(230_000, 10_000, 1_000, false, false); 3], 50_000);
        assert_eq!(it.phases.map(|it| it.voltage_mv), [230_001, 0, 230_001]);
        let (p, q) = sums(&it);
        // √3 · 230 V · 10 A.
        assert!((p - 3_983_730).abs() < 20 && q.abs() < 20, "{p} {q}");
    }

    #[test]
    fn each_element_has_its_own_voltage() {
        let phases = [circuit(230_940, 5_000, 800, false, false); 3];
        let star = [[230_940, 0], [-115_470, -200_000], [-115_470, 200_000]];
        assert_eq!(Connection::FourWire.voltages(&phases), star);
        assert_eq!(Connection::Delta.voltages(&phases), star);
        // 30° before L1, and 90°.
        let open = [[346_410, 200_000], [0, 0], [0, 400_000]];
        assert_eq!(Connection::Aron.voltages(&phases), open);
        let wires = phases.map(|it| Circuit { voltage_mv: 400_000, ..it });
        for (it, aron) in Connection::It.voltages(&wires).as_flattened().iter().zip(open.as_flattened()) {
            assert!((it - aron).abs() <= 1, "{it} {aron}");
        }
        let single = Connection::Single.voltages(&phases);
        assert_eq!(single, [[230_940, 0], [0, 0], [0, 0]]);
        // Without L3 the middle of three wires is not where the neutral was.
        let [one, two, _] = phases;
        let lost = Connection::Delta.voltages(&[one, two, circuit(0, 0, 1_000, false, false)]);
        assert_eq!(lost, [[192_450, 66_667], [-153_960, -133_333], [-38_490, 66_667]]);
        for connection in Connection::ALL {
            let named = connection.elements().map(|name| !name.is_empty());
            assert_eq!(named, connection.voltages(&phases).map(|volt| volt != [0, 0]), "{connection}");
        }
    }

    /// Turned back from the voltage of its element by what the meter measures there, a current has the angle it has in the
    /// network: 36.9° behind L1 with a power factor of 0.8.
    #[test]
    fn the_currents_of_the_elements_are_those_of_the_lines() {
        let phases = [circuit(230_940, 5_000, 800, false, false); 3];
        for connection in [Connection::FourWire, Connection::Delta, Connection::Aron] {
            let load = connection.load(&phases, 50_000);
            for (place, behind) in [(0, 36.87f64), (2, 36.87 - 120.0)] {
                let [re, im] = connection.voltages(&phases)[place].map(f64::from);
                let phase = load.phases[place];
                let lag = (phase.reactive_mvar as f64).atan2(phase.active_mw as f64);
                let angle = (im.atan2(re) - lag).to_degrees();
                assert!((angle + behind).abs() < 0.01, "{connection}: {angle}");
            }
        }
    }

    #[test]
    fn what_is_not_connected_reads_nothing() {
        let phases = [circuit(230_000, 1_000, 1_000, false, true); 3];
        let single = Connection::Single.load(&phases, 50_000);
        let none = PhaseReading::default();
        assert_eq!(single.phases, [phases[0].reading(), none, none]);
    }

    #[test]
    fn a_current_without_voltage_has_an_angle_and_a_power_without_voltage_is_none() {
        let dead = circuit(0, 5_000, 1_000, false, false);
        let live = circuit(230_000, 0, 1_000, false, false);
        let aron = Connection::Aron.load(&[dead, live, live], 50_000);
        assert_eq!(aron.phases[0].current_ma, 5_000);
        assert_eq!(aron.phases[0].voltage_mv, 230_000);
        assert_eq!(aron.phases[0].active_mw, 575_000, "half of 230 V is in phase with it");
        let power = Circuit { flow: Flow::Power { mw: 1_000 }, ..dead };
        let aron = Connection::Aron.load(&[power, live, live], 50_000);
        assert_eq!(aron.phases[0].current_ma, 0);
    }

    #[test]
    fn words_lead_back_and_a_single_phase_has_no_wiring() {
        let single = models::ALL.iter().find(|entry| entry.def.metering.phases == 1).unwrap().def;
        let three = ModelDef { metering: schema::MeteringDef { phases: 3, ..single.metering }, ..*single };
        for connection in Connection::ALL {
            assert_eq!(Connection::parse(&three, &connection.to_string()), Ok(connection));
        }
        let told = |model, word| Connection::parse(model, word).unwrap_err().to_string();
        assert_eq!(
            told(&three, "star"),
            "there is no wiring \"star\": expected one of four-wire, aron, delta, single, it"
        );
        assert!(
            told(single, "aron").ends_with("is no meter of three phases: expected a load of its own phase")
        );
    }

    proptest! {
        /// Blondel: however a network of three wires is loaded, two elements and three measure the same.
        #[test]
        fn two_elements_and_three_agree(
            volts in [0u32..=1_000_000, 0u32..=1_000_000, 0u32..=1_000_000],
            mas in [0u32..=10_000_000, 0u32..=10_000_000],
            pfs in [0u16..=1_000, 0u16..=1_000],
            ways: [bool; 4],
        ) {
            let [u1, u2, u3] = volts;
            let [a, b, c, d] = ways;
            let phases = [
                circuit(u1, mas[0], pfs[0], a, b),
                circuit(u2, 777, 1_000, false, false),
                circuit(u3, mas[1], pfs[1], c, d),
            ];
            let aron = Connection::Aron.load(&phases, 50_000);
            let delta = Connection::Delta.load(&phases, 50_000);
            let ((p, q), (p3, q3)) = (sums(&aron), sums(&delta));
            prop_assert!((p - p3).abs() <= 3 && (q - q3).abs() <= 3, "{} {}, {} {}", p, p3, q, q3);
            prop_assert_eq!(aron.lines_mv, delta.lines_mv);
            let lines = aron.lines_mv.unwrap();
            prop_assert_eq!(aron.phases[0].voltage_mv, lines[0]);
            prop_assert_eq!(aron.phases[2].voltage_mv, lines[2]);
        }

        #[test]
        fn nothing_given_is_too_large(volts: [u32; 3], mas: [u32; 3], pf: u16, mw: u64) {
            let mut phases = [circuit(volts[0], mas[0], pf, true, false); 3];
            phases[1].voltage_mv = volts[1];
            phases[2] = Circuit { voltage_mv: volts[2], flow: Flow::Power { mw }, ..phases[2] };
            for connection in Connection::ALL {
                let load = connection.load(&phases, 50_000);
                prop_assert_eq!(load.frequency_mhz, 50_000);
            }
        }
    }
}
