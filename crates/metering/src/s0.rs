//! The pulse outputs of a meter, each with what it shows.

use schema::Combination;
use units::{Duration, EnergyKind};

use crate::flow::s0_shows;
use crate::pulse::Pulser;
use crate::{Counter, Metering, PulseSource};

impl Metering<'_> {
    /// What a pulse output, counted from 0, has to show under the load of now, for a [`crate::PulseOutput`]; silence where
    /// the meter has no such output. `pulse_type` is the setting that says what it gives pulses for, and `longest` the one
    /// that says how long they last, where the meter has them.
    ///
    /// The next pulse is due when the counted energy reaches the next multiple of what the rate gives for a pulse, so
    /// nothing has to be remembered between two calls.
    #[must_use]
    pub fn output_source(
        &self,
        output: usize,
        pulse_type: Option<i32>,
        longest: Option<Duration>,
    ) -> PulseSource {
        let shows = self.def.pulse_outputs.get(output).and_then(|def| def.shown(pulse_type));
        let Some(shows) = shows else { return PulseSource::SILENT };
        let (forward, reverse) = s0_shows(self.combination);
        let side = |back: bool| self.side(shows.kind, back);
        let mut pulser = self.s0;
        let power = if self.combination == Combination::NettedPulses {
            let ((onward, with), (backward, against)) = (side(false), side(true));
            let shown = if with >= against {
                pulser.align_between(onward, backward);
                shows.forward
            } else {
                pulser.align_between(backward, onward);
                shows.reverse
            };
            if shown { with.abs_diff(against) } else { 0 }
        } else {
            let (mut energy, mut power) = (Counter::ZERO, 0u64);
            for (wanted, back) in [(forward && shows.forward, false), (reverse && shows.reverse, true)] {
                if wanted {
                    let (counted, flows) = side(back);
                    energy = energy.plus(counted);
                    power += flows;
                }
            }
            pulser.align(energy);
            power
        };
        let power = power.saturating_mul(u64::from(self.factor));
        let width = match longest {
            Some(longest) => {
                let period = pulser.period(power).map(Duration::from_micros);
                self.def.chosen_width(longest, period, pulser.rate(), power)
            }
            None => self.def.pulse_width(pulser.rate(), power),
        };
        PulseSource::new(pulser, power, width)
    }

    /// What the second lamp has to show under the load of now, for a [`crate::PulseOutput`]: reactive energy, both ways.
    /// Silence where the meter has none.
    #[must_use]
    pub fn reactive_led_source(&self) -> PulseSource {
        if self.def.led_imp_per_kvarh == 0 {
            return PulseSource::SILENT;
        }
        let [(onward, with), (backward, against)] =
            [false, true].map(|back| self.side(EnergyKind::Reactive, back));
        let mut pulser = Pulser::new(u64::from(self.def.led_imp_per_kvarh) * 100);
        pulser.align(onward.plus(backward));
        let power = (with + against).saturating_mul(u64::from(self.factor));
        PulseSource::new(pulser, power, self.def.led_width)
    }

    /// What was counted one way, and the power that flows so.
    fn side(&self, kind: EnergyKind, back: bool) -> (Counter, u64) {
        let slots = self.def.slots();
        let (mut energy, mut power) = (Counter::ZERO, 0u64);
        let (first, count) = match kind {
            EnergyKind::Active => (usize::from(back), 1),
            EnergyKind::Reactive => (if back { 1 + slots / 2 } else { 2 }, slots / 2 - 1),
        };
        for counters in self.counters.chunks_exact(slots).take(self.trip_place() / slots) {
            for counter in counters.iter().skip(first).take(count) {
                energy = energy.plus(*counter);
            }
        }
        for rates in &self.rates.phases {
            power += rates.iter().skip(first).take(count).sum::<u64>();
        }
        (energy, power)
    }
}
