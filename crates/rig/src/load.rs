//! Mains and loads: what people set, and the readings that follow from it.

use metering::{Load, PhaseReading};
use schema::ModelDef;

use crate::Connection;

/// What flows in one conductor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// Nothing.
    #[default]
    Off,
    /// A current; the power follows. In mA.
    Current {
        /// The current, in mA.
        ma: u32,
    },
    /// An active power, exact; the current follows. In mW.
    Power {
        /// The power, in mW.
        mw: u64,
    },
}

/// One conductor: its voltage and what flows in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// Voltage against neutral, in mV.
    pub voltage_mv: u32,
    /// Current or power.
    pub flow: Flow,
    /// Power factor, in thousandths. Range: 0 to 1000.
    pub pf_milli: u16,
    /// True where the current leads: the reactive power is negative.
    pub lead: bool,
    /// True where power flows to the network: the active power is negative.
    pub export: bool,
}

impl Default for Circuit {
    fn default() -> Self {
        Self { voltage_mv: 0, flow: Flow::Off, pf_milli: 1_000, lead: false, export: false }
    }
}

impl Circuit {
    /// The readings of the conductor. The same integers on every target.
    #[must_use]
    pub fn reading(&self) -> PhaseReading {
        let pf = u64::from(self.pf_milli.min(1_000));
        let volt = u64::from(self.voltage_mv);
        let (current_ma, apparent, active) = match self.flow {
            Flow::Off => (0, 0, 0),
            Flow::Current { ma } => {
                let apparent = volt * u64::from(ma) / 1_000;
                (ma, apparent, (apparent * pf + 500) / 1_000)
            }
            // Without voltage or with a power factor of zero no active power can flow.
            Flow::Power { .. } if volt == 0 || pf == 0 => (0, 0, 0),
            Flow::Power { mw } => {
                let apparent = mw.saturating_mul(1_000).saturating_add(pf / 2) / pf;
                let current = apparent.saturating_mul(1_000).saturating_add(volt / 2) / volt;
                (u32::try_from(current).unwrap_or(u32::MAX), apparent, mw)
            }
        };
        let squares = u128::from(apparent).pow(2).saturating_sub(u128::from(active).pow(2));
        let reactive = squares.isqrt();
        let sign = |value: u128, negative: bool| {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            if negative { -value } else { value }
        };
        PhaseReading {
            voltage_mv: self.voltage_mv,
            current_ma,
            active_mw: sign(u128::from(active), self.export),
            reactive_mvar: sign(reactive, self.lead),
        }
    }
}

/// Mains and loads of one meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supply {
    /// The conductors.
    pub phases: [Circuit; 3],
    /// How they reach the terminals of the meter.
    pub connection: Connection,
    /// Frequency of the mains, in mHz.
    pub frequency_mhz: u32,
    /// False while the mains is off.
    pub mains: bool,
    /// There is voltage at the tariff input, where the meter has one.
    pub tariff_input: bool,
}

impl Default for Supply {
    /// 230.0 V and 50.00 Hz on phase 1, and nothing flowing.
    fn default() -> Self {
        let idle = Circuit { voltage_mv: 230_000, ..Circuit::default() };
        Self {
            phases: [idle, Circuit::default(), Circuit::default()],
            connection: Connection::default(),
            frequency_mhz: 50_000,
            mains: true,
            tariff_input: false,
        }
    }
}

impl Supply {
    /// 230.0 V and 50.00 Hz on each phase of a meter, and nothing flowing.
    #[must_use]
    pub fn of(model: &ModelDef) -> Self {
        let mut supply = Self::default();
        let [idle, ..] = supply.phases;
        for circuit in supply.phases.iter_mut().take(usize::from(model.metering.phases)) {
            *circuit = idle;
        }
        supply
    }

    /// The load that the meter measures.
    #[must_use]
    pub fn load(&self) -> Load {
        self.connection.load(&self.phases, self.frequency_mhz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_current_makes_its_power() {
        let circuit = Circuit {
            voltage_mv: 230_100,
            flow: Flow::Current { ma: 5_000 },
            pf_milli: 900,
            ..Circuit::default()
        };
        let reading = circuit.reading();
        assert_eq!((reading.active_mw, reading.reactive_mvar), (1_035_450, 501_491));
    }

    #[test]
    fn a_power_is_exact_and_its_current_follows() {
        let circuit = Circuit {
            voltage_mv: 230_000,
            flow: Flow::Power { mw: 100_000 },
            pf_milli: 900,
            lead: true,
            export: true,
        };
        let reading = circuit.reading();
        assert_eq!((reading.active_mw, reading.current_ma), (-100_000, 483));
        assert_eq!(reading.reactive_mvar, -48_431);
    }

    #[test]
    fn extremes_neither_panic_nor_invent() {
        for flow in [Flow::Current { ma: u32::MAX }, Flow::Power { mw: u64::MAX }, Flow::Off] {
            for (voltage_mv, pf_milli) in [(0, 1_000), (u32::MAX, 0), (u32::MAX, 1_000), (1, 1)] {
                let reading = Circuit { voltage_mv, flow, pf_milli, ..Circuit::default() }.reading();
                assert!(voltage_mv > 0 || reading.active_mw == 0);
            }
        }
    }
}
