//! What the pulse output can give: how long its pulses last, and the power up to which they stay apart.

use units::{Duration, EnergyKind};

use crate::{MeteringDef, PulseWidth};

/// What a pulse output gives pulses for, as far as the combination code counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PulseOf {
    /// Active or reactive energy.
    pub kind: EnergyKind,
    /// Forward energy.
    pub forward: bool,
    /// Reverse energy.
    pub reverse: bool,
}

/// The terminals of a pulse output (S0): a transistor that needs a supply from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PulseOutputDef {
    /// The least voltage of the supply, in mV.
    pub min_mv: u32,
    /// The largest voltage of the supply, in mV.
    pub max_mv: u32,
    /// The largest current that it may switch, in mA.
    pub max_ma: u32,
    /// What it gives pulses for, by the value of [`SettingId::PulseType`](crate::SettingId::PulseType); the first of these
    /// where the meter has no such setting.
    pub shows: &'static [(i32, PulseOf)],
}

impl PulseOutputDef {
    /// What it gives pulses for under a value of the setting.
    #[must_use]
    pub fn shown(&self, pulse_type: Option<i32>) -> Option<PulseOf> {
        let of = self.shows.iter().find(|(value, _)| Some(*value) == pulse_type).or(self.shows.first());
        of.map(|(_, shows)| *shows)
    }
}

/// mW·µs in one kWh, times a hundred, because rates come in hundredths.
const HUNDRED_KWH: u64 = 360_000_000_000_000_000;

impl MeteringDef {
    /// How long a pulse of the pulse output lasts at a rate in 0.01 imp/kWh while it shows `power_mw`; the last width beyond
    /// the table, and zero without one.
    #[must_use]
    pub fn pulse_width(&self, rate: u32, power_mw: u64) -> Duration {
        let holds = |row: &&PulseWidth| row.min_rate <= rate && power_mw <= u64::from(row.up_to_watt) * 1_000;
        let row = self.pulse_widths.iter().find(holds).or(self.pulse_widths.last());
        row.map_or(Duration::ZERO, |row| row.width)
    }

    /// How long a pulse lasts where somebody chose `longest` and one comes each `period`: no longer than the pause behind it,
    /// and no shorter than [`MeteringDef::pulse_width`].
    #[must_use]
    pub fn chosen_width(
        &self,
        longest: Duration,
        period: Option<Duration>,
        rate: u32,
        power_mw: u64,
    ) -> Duration {
        let half = period.map_or(longest, |period| Duration::from_micros(period.as_micros() / 2));
        longest.min(half).max(self.pulse_width(rate, power_mw))
    }

    /// The largest power, in mW, up to which the pulses of a rate in 0.01 imp/kWh stay apart: each needs its width and
    /// as long a pause behind it. `None` where there are no pulses.
    ///
    /// IEC 62053-31 §4.1.3.3 asks for a pause of 30 ms, as it does for the pulse; a meter that gives shorter pulses
    /// has to live with shorter pauses. That the pause is as long as the pulse is read from the table of the PRO1: at
    /// 10000 imp/kWh 32 ms and 32 ms are what 5625 W leave.
    #[must_use]
    pub fn pulse_limit_mw(&self, centi_imp_per_kwh: u32) -> Option<u64> {
        let mut fits = None;
        for row in self.pulse_widths.iter().filter(|row| row.min_rate <= centi_imp_per_kwh) {
            let period = row.width.as_micros().saturating_mul(2);
            let most = HUNDRED_KWH.checked_div(period.saturating_mul(u64::from(centi_imp_per_kwh)))?;
            let up_to = u64::from(row.up_to_watt) * 1_000;
            // Pulses that do not fit at the end of one row may do so in the next; the first gap is the limit.
            if most < up_to {
                return Some(fits.map_or(most, |below| most.max(below)));
            }
            if row.up_to_watt == u32::MAX {
                return Some(most);
            }
            fits = Some(up_to);
        }
        let last = self.pulse_widths.last()?;
        // The last width holds beyond the table.
        let period = last.width.as_micros().saturating_mul(2);
        HUNDRED_KWH.checked_div(period.saturating_mul(u64::from(centi_imp_per_kwh)))
    }

    /// Whether the pulses of a rate in 0.01 imp/kWh stay apart while the output shows `power_mw`.
    #[must_use]
    pub fn pulses_fit(&self, centi_imp_per_kwh: u32, power_mw: u64) -> bool {
        let period = self.pulse_width(centi_imp_per_kwh, power_mw).as_micros().saturating_mul(2);
        let each = period.saturating_mul(u64::from(centi_imp_per_kwh));
        HUNDRED_KWH.checked_div(each).is_none_or(|most| power_mw <= most)
    }
}
