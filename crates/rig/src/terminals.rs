//! What the lamp and the pulse output of a twin are set to, and which copies of its memory are good: what a panel beside
//! the meter tells.

use alloc::format;
use alloc::string::{String, ToString};

use device::{NvPart, damage};
use schema::SettingId;
use units::decimal::Decimal;

use crate::{Output, Twin, pulse_warning};

/// mWh in a kWh, times a hundred, because rates come in hundredths.
const HUNDRED_KWH: u64 = 100_000_000;

impl Twin {
    /// The rate of an output in 0.01 imp/kWh; `None` where the meter has no such output or gives no pulses there.
    #[must_use]
    pub fn pulse_rate(&self, output: Output) -> Option<i32> {
        let def = self.entry().def;
        let rate = match output {
            Output::Led => i32::try_from(def.metering.led_imp_per_kwh).ok()?.checked_mul(100),
            Output::ReactiveLed => i32::try_from(def.metering.led_imp_per_kvarh).ok()?.checked_mul(100),
            Output::S0 => self.device().setting(SettingId::S0Rate),
            Output::SecondS0 if def.metering.pulse_outputs.len() < 2 => None,
            Output::SecondS0 => self.device().setting(SettingId::S0Rate),
        };
        rate.filter(|rate| *rate > 0)
    }

    /// What goes wrong at the pulse output now because its rate is too fast for the power; `None` where its pulses stay
    /// apart, or none can come.
    #[must_use]
    pub fn pulse_warning(&self) -> Option<String> {
        let [_, first, second, _] = self.device().pulse_sources();
        let rate = self.pulse_rate(Output::S0).filter(|_| self.outputs().s0_fault().is_none())?;
        pulse_warning(self.entry().def, rate, first.power_mw().max(second.power_mw()))
    }

    /// Whether a part of the memory is good as it stands there now. Of a part with two copies, one good one is enough.
    #[must_use]
    pub fn is_whole(&self, part: NvPart) -> bool {
        let mut copy = self.image().clone();
        // Only what was good can be damaged. The memory has the model's size: there is nothing to fail.
        damage(&mut copy, self.entry().def, part).unwrap_or(false)
    }
}

/// A rate in 0.01 imp/kWh as it is written, with its unit.
#[must_use]
pub fn pulse_rate_text(rate: i32) -> String {
    let text = Decimal { value: i64::from(rate), decimals: 2 }.to_string();
    format!("{} imp/kWh", trimmed(&text))
}

/// The energy that so many pulses of a rate in 0.01 imp/kWh stand for, as it is written: in Wh, from 10 kWh on in kWh,
/// with three decimals at most, cut off.
#[must_use]
pub fn pulse_energy_text(count: u64, rate: i32) -> String {
    let rate = u64::try_from(rate).unwrap_or(0).max(1);
    let mwh = count.saturating_mul(HUNDRED_KWH) / rate;
    let (value, unit) = if mwh < 10_000_000 { (mwh, "Wh") } else { (mwh / 1_000, "kWh") };
    let text = Decimal { value: i64::try_from(value).unwrap_or(i64::MAX), decimals: 3 }.to_string();
    format!("{} {unit}", trimmed(&text))
}

/// A number without the zeros at its end that say nothing.
fn trimmed(text: &str) -> &str {
    text.trim_end_matches('0').trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Supply;
    use crate::image::PARTS;
    use units::Instant;

    #[test]
    fn rates_and_energies_are_written_short() {
        assert_eq!(pulse_rate_text(1_000_000), "10000 imp/kWh");
        assert_eq!(pulse_rate_text(10), "0.1 imp/kWh");
        assert_eq!(pulse_rate_text(1), "0.01 imp/kWh");
        assert_eq!(pulse_energy_text(0, 100_000), "0 Wh");
        assert_eq!(pulse_energy_text(1, 100_000), "1 Wh");
        assert_eq!(pulse_energy_text(3, 1_000_000), "0.3 Wh");
        assert_eq!(pulse_energy_text(1, 300_000), "0.333 Wh");
        assert_eq!(pulse_energy_text(9_999, 100_000), "9999 Wh");
        assert_eq!(pulse_energy_text(10_000, 100_000), "10 kWh");
        assert_eq!(pulse_energy_text(2, 1), "200 kWh");
        assert_eq!(pulse_energy_text(u64::MAX, 0), "18446744073709.551 kWh");
    }

    #[test]
    fn the_rates_of_a_meter_are_its_lamps_and_its_settings() {
        for entry in models::ALL {
            let mut twin = Twin::new(entry, None, Instant::ZERO);
            let led = i32::try_from(entry.def.metering.led_imp_per_kwh).unwrap() * 100;
            assert_eq!(twin.pulse_rate(Output::Led), Some(led));
            if entry.def.setting(SettingId::S0Rate).is_some() {
                twin.device_mut().apply(device::Door::Factory, &[(SettingId::S0Rate, 10_000)]).unwrap();
                assert_eq!(twin.pulse_rate(Output::S0), Some(10_000));
            } else {
                assert_eq!(twin.pulse_rate(Output::S0), None);
            }
        }
    }

    #[test]
    fn a_damaged_part_is_not_whole_until_power_up_has_mended_it() {
        for (name, part) in PARTS {
            let mut twin = Twin::new(&models::ALL[0], None, Instant::ZERO);
            let on = *twin.supply();
            let whole = |twin: &Twin| PARTS.iter().filter(|(_, part)| twin.is_whole(*part)).count();
            assert_eq!(whole(&twin), PARTS.len());
            twin.set_supply(Instant::from_millis(1), Supply { mains: false, ..on });
            let writes = twin.image().writes();
            twin.damage(*part);
            assert!(!twin.is_whole(*part), "{name}");
            assert_eq!(whole(&twin), PARTS.len() - 1, "{name}");
            assert_ne!(twin.image().writes(), writes);
            twin.set_supply(Instant::from_millis(2), on);
            // What has a copy, or can be made again, is mended; what is lost stays so.
            assert_eq!(twin.is_whole(*part), !twin.device().works().is_stopped(), "{name}");
        }
    }
}
