//! What flows through the meter: one constant load at a time.

/// What is measured at one phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseReading {
    /// Voltage against neutral, rms, in mV.
    pub voltage_mv: u32,
    /// Current, rms, in mA, without a sign: it is shown with that of the active power.
    pub current_ma: u32,
    /// Active power in mW, negative for export. Range: 1 GW either way; what is beyond counts as 1 GW.
    pub active_mw: i64,
    /// Reactive power in mvar, positive when inductive. Range: as the active power.
    pub reactive_mvar: i64,
}

/// What is measured at the terminals of the meter. The default is nothing at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// The phases; a meter with fewer takes the first.
    pub phases: [PhaseReading; 3],
    /// Voltages between the phases, rms, in mV: L1 to L2, L1 to L3, L2 to L3. `None` where the phases are 120° apart, as
    /// in a network of four wires; the voltages against neutral say it then.
    pub lines_mv: Option<[u32; 3]>,
    /// Frequency, in mHz.
    pub frequency_mhz: u32,
}

/// The largest power, in mW or mvar, that is counted as it is: sums of it fit, and its product with any factor of a current
/// transformer.
const LIMIT: i64 = 1_000_000_000_000;

impl Load {
    /// The powers that count on a meter with so many phases that starts at `starting_ma`, times `factor`: active in mW,
    /// reactive in mvar. Below the starting current there are none.
    pub(crate) fn powers(&self, phases: u8, starting_ma: u32, factor: u32) -> ([i64; 3], [i64; 3]) {
        let factor = i64::from(factor);
        let mut active = [0; 3];
        let mut reactive = [0; 3];
        let places = active.iter_mut().zip(&mut reactive);
        for (phase, (p, q)) in self.phases.iter().zip(places).take(usize::from(phases)) {
            if phase.current_ma >= starting_ma {
                *p = phase.active_mw.clamp(-LIMIT, LIMIT) * factor;
                *q = phase.reactive_mvar.clamp(-LIMIT, LIMIT) * factor;
            }
        }
        (active, reactive)
    }
}
