//! [`Point`]: what a value is *of*. Registers, pages, records and columns all name one of these.

use core::fmt::{self, Write as _};
use core::str::FromStr;

use crate::decimal;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// All of them, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word that stands for it in a key; empty for the one that is left out.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            const fn code(self) -> u16 {
                self as u16
            }

            fn from_code(code: u16) -> Option<Self> {
                Self::ALL.get(usize::from(code)).copied()
            }

            fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| !it.word().is_empty() && it.word() == word)
            }
        }
    };
}

words! {
    /// Which energy is counted.
    EnergyKind {
        /// Active energy, counted in Wh.
        Active = "",
        /// Reactive energy, counted in varh.
        Reactive = "reactive",
    }
}
words! {
    /// Which way the counted energy flows.
    Flow {
        /// What the combination code makes of forward and reverse.
        Total = "total",
        /// Import: from the network to the load.
        Forward = "forward",
        /// Export: from the load to the network.
        Reverse = "reverse",
        /// Quadrant 1: import, inductive.
        Q1 = "q1",
        /// Quadrant 2: export, inductive.
        Q2 = "q2",
        /// Quadrant 3: export, capacitive.
        Q3 = "q3",
        /// Quadrant 4: import, capacitive.
        Q4 = "q4",
        /// The resettable counter.
        Trip = "trip",
    }
}
words! {
    /// Which conductor a counted energy belongs to.
    Phase {
        /// All phases together.
        All = "",
        /// Phase 1.
        L1 = "l1",
        /// Phase 2.
        L2 = "l2",
        /// Phase 3.
        L3 = "l3",
    }
}
words! {
    /// Which tariff a counted energy belongs to.
    Tariff {
        /// All tariffs together.
        All = "",
        /// Tariff 1.
        T1 = "t1",
        /// Tariff 2.
        T2 = "t2",
        /// Tariff 3.
        T3 = "t3",
        /// Tariff 4.
        T4 = "t4",
    }
}
words! {
    /// What is measured now.
    What {
        /// Voltage, in mV.
        U = "voltage",
        /// Current, in mA; negative for export.
        I = "current",
        /// Active power, in mW; negative for export.
        P = "power",
        /// Reactive power, in mvar; positive when inductive.
        Q = "reactive-power",
        /// Apparent power, in mVA.
        S = "apparent-power",
        /// Power factor, in thousandths, unsigned.
        Pf = "power-factor",
        /// Frequency, in mHz.
        F = "frequency",
        /// Quadrant 1 to 4 of IEC 62053-23; 0 while nothing flows.
        Quadrant = "quadrant",
        /// Direction of the current: 1 forward, -1 reverse, 0 for a phase that is not there.
        Direction = "direction",
    }
}
words! {
    /// Of which conductor, or between which two, something is measured.
    Of {
        /// The whole meter.
        All = "",
        /// Phase 1.
        L1 = "l1",
        /// Phase 2.
        L2 = "l2",
        /// Phase 3.
        L3 = "l3",
        /// Between phases 1 and 2.
        L12 = "l12",
        /// Between phases 1 and 3.
        L13 = "l13",
        /// Between phases 2 and 3.
        L23 = "l23",
    }
}
words! {
    /// What the meter says of itself.
    StateOf {
        /// The number of the error: 0 none, 1 memory, 2 program (PRO1 manual §8.1).
        Error = "error",
        /// The status word as its digits stand in the register: program, memory, phases.
        Status = "status",
        /// How often the supply has gone.
        PowerDowns = "power-downs",
        /// The tariff that counts now.
        Tariff = "active-tariff",
        /// The ratio of the current transformers that counts now, as [`crate::CtRatio::value`].
        CtRatio = "ct-ratio",
        /// The primary current of that ratio, in A.
        CtPrimary = "ct-primary",
        /// How often the ratio of the current transformers was changed.
        CtChanges = "ct-changes",
        /// 1 once tariff 3 or 4 has counted, for ever (Ambition manual §A1.2).
        HighTariffs = "high-tariffs",
        /// The directions of the currents of phases 1 to 3, a hexadecimal digit each from the left: 1 forward, 2 reverse, 0
        /// for a phase that is not there.
        Directions = "directions",
    }
}

/// What a value is of: an energy, a present reading, or a state of the meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// A counted energy.
    Energy {
        /// Active or reactive.
        kind: EnergyKind,
        /// Which way.
        flow: Flow,
        /// Which conductor.
        phase: Phase,
        /// Which tariff.
        tariff: Tariff,
    },
    /// A reading of this moment.
    Now {
        /// What is measured.
        what: What,
        /// Of which conductor.
        of: Of,
    },
    /// A state of the meter.
    State(StateOf),
    /// The active energy of all phases that was counted with an earlier ratio of the current transformers. Slot 1 is
    /// that of 5/5, which is counted for ever (Ambition manual §7.6.17).
    History {
        /// Which change of the ratio put it there. Range: 1 to 7.
        slot: u8,
        /// Which way: [`Flow::Forward`] or [`Flow::Reverse`].
        flow: Flow,
        /// Which tariff.
        tariff: Tariff,
    },
    /// The ratio with which the energy of a slot was counted, as [`crate::CtRatio::value`]; 0 while nothing stands
    /// there. Range of the slot: 1 to 7.
    HistoryRatio(u8),
}

/// Slots that a history can have.
const SLOTS: u16 = 7;

/// The unit in which a value is kept as an integer, and the one in which people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A bare number.
    None,
    /// Kept in hundredths, read as a number: versions such as 2.18.
    Hundredths,
    /// Kept in mV, read in V.
    Volt,
    /// Kept in mA, read in A.
    Ampere,
    /// Kept in mW, read in kW.
    Kilowatt,
    /// Kept in mvar, read in kvar.
    Kilovar,
    /// Kept in mVA, read in kVA.
    KilovoltAmpere,
    /// Kept in thousandths, read as a number.
    Ratio,
    /// Kept in mHz, read in Hz.
    Hertz,
    /// Kept in Wh, read in kWh.
    KilowattHour,
    /// Kept in varh, read in kvarh.
    KilovarHour,
    /// Kept and read in s.
    Second,
    /// Kept and read in ms.
    Millisecond,
    /// Kept and read in baud.
    Baud,
    /// Kept in 0.01 imp/kWh, read in imp/kWh.
    ImpulsePerKilowattHour,
}

impl Unit {
    /// The symbol people read, empty for a bare number.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::None | Self::Hundredths | Self::Ratio => "",
            Self::Volt => "V",
            Self::Ampere => "A",
            Self::Kilowatt => "kW",
            Self::Kilovar => "kvar",
            Self::KilovoltAmpere => "kVA",
            Self::Hertz => "Hz",
            Self::KilowattHour => "kWh",
            Self::KilovarHour => "kvarh",
            Self::Second => "s",
            Self::Millisecond => "ms",
            Self::Baud => "Bd",
            Self::ImpulsePerKilowattHour => "imp/kWh",
        }
    }

    /// How many digits of the kept integer stand behind the point of the unit people read.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        match self {
            Self::None | Self::Second | Self::Millisecond | Self::Baud => 0,
            Self::Hundredths | Self::ImpulsePerKilowattHour => 2,
            Self::Volt
            | Self::Ampere
            | Self::Ratio
            | Self::Hertz
            | Self::KilowattHour
            | Self::KilovarHour => 3,
            Self::Kilowatt | Self::Kilovar | Self::KilovoltAmpere => 6,
        }
    }
}

impl Unit {
    /// True for counters, whose last digit is cut off and not rounded: a meter never shows more than it counted.
    #[must_use]
    pub const fn is_counter(self) -> bool {
        matches!(self, Self::KilowattHour | Self::KilovarHour)
    }

    /// `value`, kept in this unit, with `decimals` digits behind the point of the unit people read.
    #[must_use]
    pub const fn at(self, value: i64, decimals: u8) -> i64 {
        if self.is_counter() {
            decimal::truncate(value, self.decimals(), decimals)
        } else {
            decimal::rescale(value, self.decimals(), decimals)
        }
    }
}

impl Point {
    /// The active energy of one flow, all phases and tariffs.
    #[must_use]
    pub const fn active(flow: Flow, tariff: Tariff) -> Self {
        Self::Energy { kind: EnergyKind::Active, flow, phase: Phase::All, tariff }
    }

    /// The reactive energy of one flow, all phases.
    #[must_use]
    pub const fn reactive(flow: Flow, tariff: Tariff) -> Self {
        Self::Energy { kind: EnergyKind::Reactive, flow, phase: Phase::All, tariff }
    }

    /// A present reading of the whole meter.
    #[must_use]
    pub const fn now(what: What) -> Self {
        Self::Now { what, of: Of::All }
    }

    /// The unit its value is kept and read in.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Energy { kind: EnergyKind::Active, .. } => Unit::KilowattHour,
            Self::Energy { kind: EnergyKind::Reactive, .. } => Unit::KilovarHour,
            Self::Now { what, .. } => match what {
                What::U => Unit::Volt,
                What::I => Unit::Ampere,
                What::P => Unit::Kilowatt,
                What::Q => Unit::Kilovar,
                What::S => Unit::KilovoltAmpere,
                What::Pf => Unit::Ratio,
                What::F => Unit::Hertz,
                What::Quadrant | What::Direction => Unit::None,
            },
            Self::History { .. } => Unit::KilowattHour,
            Self::State(_) | Self::HistoryRatio(_) => Unit::None,
        }
    }

    /// The point packed into 16 bits: two for the class, the rest for its parts.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Energy { kind, flow, phase, tariff } => {
                kind.code() << 12 | flow.code() << 8 | phase.code() << 4 | tariff.code()
            }
            Self::Now { what, of } => 0x4000 | what.code() << 4 | of.code(),
            Self::State(state) => 0x8000 | state.code(),
            Self::History { slot, flow, tariff } => {
                0xC000 | (slot as u16 & 0xF) << 8 | flow.code() << 4 | tariff.code()
            }
            Self::HistoryRatio(slot) => 0xD000 | (slot as u16 & 0xF) << 8,
        }
    }

    /// The point of a code, or `None` where no point has it.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        let nibble = |at: u16| (code >> at) & 0xF;
        let point = match code >> 14 {
            0 => Self::Energy {
                kind: EnergyKind::from_code(nibble(12) & 3)?,
                flow: Flow::from_code(nibble(8))?,
                phase: Phase::from_code(nibble(4))?,
                tariff: Tariff::from_code(nibble(0))?,
            },
            1 => Self::Now { what: What::from_code(nibble(4))?, of: Of::from_code(nibble(0))? },
            2 => Self::State(StateOf::from_code(nibble(0))?),
            _ => {
                let slot = slot(nibble(8))?;
                if nibble(12) & 1 == 1 {
                    Self::HistoryRatio(slot)
                } else {
                    let flow = Flow::from_code(nibble(4)).filter(|flow| kept_in_history(*flow))?;
                    Self::History { slot, flow, tariff: Tariff::from_code(nibble(0))? }
                }
            }
        };
        (point.code() == code).then_some(point)
    }
}

/// The slot of a number, where a history has it.
fn slot(number: u16) -> Option<u8> {
    u8::try_from(number).ok().filter(|_| (1..=SLOTS).contains(&number))
}

const fn kept_in_history(flow: Flow) -> bool {
    matches!(flow, Flow::Forward | Flow::Reverse)
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, parts) = match self {
            Self::History { slot, flow, tariff } => {
                write!(f, "{HISTORY}.{slot}")?;
                ("", [flow.word(), tariff.word(), "", ""])
            }
            Self::HistoryRatio(slot) => {
                write!(f, "{HISTORY}.{slot}")?;
                ("", [RATIO, "", "", ""])
            }
            Self::Energy { kind, flow, phase, tariff } => {
                ("energy", [kind.word(), flow.word(), phase.word(), tariff.word()])
            }
            Self::Now { what, of } => (what.word(), [of.word(), "", "", ""]),
            Self::State(state) => (state.word(), [""; 4]),
        };
        f.write_str(first)?;
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            f.write_char('.')?;
            f.write_str(part)?;
        }
        Ok(())
    }
}

/// The first word of the keys of a history, and the last of a slot's ratio.
const HISTORY: &str = "history";
const RATIO: &str = "ratio";

/// A text that names no point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointKeyError;

impl fmt::Display for PointKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no such point: expected one like energy.forward, energy.reactive.reverse.t1, power or voltage.l1",
        )
    }
}

impl core::error::Error for PointKeyError {}

impl FromStr for Point {
    type Err = PointKeyError;

    fn from_str(key: &str) -> Result<Self, PointKeyError> {
        let mut parts = key.split('.').peekable();
        let first = parts.next().ok_or(PointKeyError)?;
        let point = if first == "energy" {
            let kind = next_if(&mut parts, EnergyKind::from_word).unwrap_or(EnergyKind::Active);
            let flow = next_if(&mut parts, Flow::from_word).ok_or(PointKeyError)?;
            let phase = next_if(&mut parts, Phase::from_word).unwrap_or(Phase::All);
            let tariff = next_if(&mut parts, Tariff::from_word).unwrap_or(Tariff::All);
            Self::Energy { kind, flow, phase, tariff }
        } else if first == HISTORY {
            let digit = parts.next().map(str::as_bytes);
            let Some([digit]) = digit else { return Err(PointKeyError) };
            let slot = slot(u16::from(digit.wrapping_sub(b'0'))).ok_or(PointKeyError)?;
            if next_if(&mut parts, |word| (word == RATIO).then_some(())).is_some() {
                Self::HistoryRatio(slot)
            } else {
                let kept = |word: &str| Flow::from_word(word).filter(|flow| kept_in_history(*flow));
                let flow = next_if(&mut parts, kept).ok_or(PointKeyError)?;
                let tariff = next_if(&mut parts, Tariff::from_word).unwrap_or(Tariff::All);
                Self::History { slot, flow, tariff }
            }
        } else if let Some(what) = What::from_word(first) {
            Self::Now { what, of: next_if(&mut parts, Of::from_word).unwrap_or(Of::All) }
        } else {
            Self::State(StateOf::from_word(first).ok_or(PointKeyError)?)
        };
        if parts.next().is_some() { Err(PointKeyError) } else { Ok(point) }
    }
}

/// Takes the next part where `read` knows it.
fn next_if<'a, T>(
    parts: &mut core::iter::Peekable<impl Iterator<Item = &'a str>>,
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let found = parts.peek().and_then(|part| read(part))?;
    parts.next();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Point> {
        (0..=u16::MAX).filter_map(Point::from_code).collect()
    }

    #[test]
    fn codes_and_keys_lead_back_to_their_point() {
        let points = all();
        assert_eq!(points.len(), 2 * 8 * 4 * 5 + 9 * 7 + 9 + 7 * (2 * 5 + 1));
        let mut keys: Vec<String> = points.iter().map(ToString::to_string).collect();
        for (point, key) in points.iter().zip(&keys) {
            assert_eq!(Point::from_code(point.code()), Some(*point));
            assert_eq!(key.parse(), Ok(*point), "{key}");
        }
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), points.len());
    }

    #[test]
    fn keys_leave_out_active_and_all() {
        assert_eq!(Point::active(Flow::Forward, Tariff::T1).to_string(), "energy.forward.t1");
        let l2 = Point::Energy {
            kind: EnergyKind::Reactive,
            flow: Flow::Reverse,
            phase: Phase::L2,
            tariff: Tariff::All,
        };
        assert_eq!(l2.to_string(), "energy.reactive.reverse.l2");
        assert_eq!(Point::now(What::P).to_string(), "power");
        let history = Point::History { slot: 2, flow: Flow::Forward, tariff: Tariff::T1 };
        assert_eq!(history.to_string(), "history.2.forward.t1");
        assert_eq!(Point::HistoryRatio(7).to_string(), "history.7.ratio");
        assert_eq!(Point::State(StateOf::HighTariffs).to_string(), "high-tariffs");
        assert_eq!(Point::Now { what: What::U, of: Of::L1 }.to_string(), "voltage.l1");
    }

    #[test]
    fn other_texts_name_no_point() {
        for key in [
            "",
            "energy",
            "energy.active.forward",
            "power.l4",
            "voltage.l1.l1",
            "Power",
            "energy.forward.",
            "history",
            "history.0.ratio",
            "history.8.ratio",
            "history.+1.ratio",
            "history.1",
            "history.1.total",
            "history.1.ratio.t1",
            "history.1.forward.l1",
            "x",
        ] {
            assert_eq!(key.parse::<Point>(), Err(PointKeyError), "{key}");
        }
    }
}
