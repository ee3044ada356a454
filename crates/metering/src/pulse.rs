//! Pulses: one for so much energy, in the microsecond in which it is complete.

use units::Duration;

use crate::Counter;
use crate::counter::{WATT_HOUR, product_over};

/// Pulses of one output within a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Train {
    /// How many began.
    pub count: u64,
    /// When the first began, from the start of the span: after its start, at the latest at its end.
    pub first: Option<Duration>,
    /// When the last began, likewise.
    pub last: Option<Duration>,
}

impl Train {
    /// The pulses of this span, which was `span` long, and of the next one, seen from the start of this one.
    #[must_use]
    pub fn then(self, span: Duration, next: Self) -> Self {
        Self {
            count: self.count.saturating_add(next.count),
            first: self.first.or(next.first.map(|at| span + at)),
            last: next.last.map(|at| span + at).or(self.last),
        }
    }
}

/// Pulses of the test LED and of the pulse output within a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulses {
    /// Flashes of the test LED.
    pub led: Train,
    /// Pulses of the pulse output (S0).
    pub s0: Train,
}

impl Pulses {
    /// The pulses of this span, which was `span` long, and of the next one, seen from the start of this one.
    #[must_use]
    pub fn then(self, span: Duration, next: Self) -> Self {
        Self { led: self.led.then(span, next.led), s0: self.s0.then(span, next.s0) }
    }
}

/// Makes pulses of energy: one whenever `weight` times the energy in mW·µs reaches `portion`.
///
/// A rate that does not divide a kWh (0.3 imp/kWh) is exact too. The two numbers have no common divisor, so that the
/// products stay small.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pulser {
    /// 0 for no pulses.
    weight: u64,
    /// At least 1.
    portion: u64,
    /// What is gathered towards the next pulse. Below `portion`.
    gathered: u64,
}

const fn common_divisor(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Pulser {
    /// mW·µs in one kWh, times a hundred, because rates come in hundredths.
    const HUNDRED_KWH: u64 = 360_000_000_000_000_000;

    /// Pulses at a rate in 0.01 imp/kWh; none at 0.
    pub(crate) const fn new(centi_imp_per_kwh: u64) -> Self {
        let common = common_divisor(Self::HUNDRED_KWH, centi_imp_per_kwh);
        Self { weight: centi_imp_per_kwh / common, portion: Self::HUNDRED_KWH / common, gathered: 0 }
    }

    /// Goes on where the counted `energy` stands: the next pulse is due when it reaches the next multiple of what the
    /// rate gives for a pulse.
    pub(crate) fn align(&mut self, energy: Counter) {
        let (_, whole) = product_over(energy.wh(), WATT_HOUR, self.portion);
        // Both are below 2^62.
        let (_, gathered) = product_over(whole + energy.rest(), self.weight, self.portion);
        self.gathered = gathered;
    }

    /// The same where what one energy is ahead of another by is shown.
    pub(crate) fn align_between(&mut self, ahead: Counter, behind: Counter) {
        self.align(behind);
        let less = self.gathered;
        self.align(ahead);
        self.gathered = (self.gathered + self.portion - less) % self.portion;
    }

    /// The rate, in 0.01 imp/kWh.
    pub(crate) fn rate(&self) -> u32 {
        let times = Self::HUNDRED_KWH.checked_div(self.portion).unwrap_or(0);
        u32::try_from(self.weight.saturating_mul(times)).unwrap_or(u32::MAX)
    }

    /// When the next pulse of `power` mW is due, in µs; `None` where none ever is.
    pub(crate) fn next(&self, power: u64) -> Option<u64> {
        let speed = power.saturating_mul(self.weight);
        (speed > 0).then(|| (self.portion - self.gathered).div_ceil(speed))
    }

    /// From one pulse of `power` mW to the next, in µs, rounded down; `None` where there are none.
    pub(crate) fn period(&self, power: u64) -> Option<u64> {
        self.portion.checked_div(power.saturating_mul(self.weight))
    }

    /// Pulses in 1000 s at `power` mW.
    pub(crate) fn rate_mhz(&self, power: u64) -> u64 {
        let (whole, part) = product_over(power, self.weight, self.portion);
        let (rate, _) = product_over(part, 1_000_000_000, self.portion);
        whole.saturating_mul(1_000_000_000).saturating_add(rate)
    }

    /// The pulses that `power` mW makes in `us`.
    #[inline]
    pub(crate) fn advance(&mut self, power: u64, us: u64) -> Train {
        let Some(speed) = power.checked_mul(self.weight) else { return self.advance_wide(power, us) };
        let Some(sum) = speed.checked_mul(us).and_then(|more| more.checked_add(self.gathered)) else {
            return self.advance_wide(power, us);
        };
        if sum < self.portion {
            self.gathered = sum;
            return Train::default();
        }
        // The portion was not reached yet, now it is: neither the speed nor the time is 0.
        let speed = speed.max(1);
        let first = (self.portion - self.gathered).div_ceil(speed);
        self.gathered = sum % self.portion;
        // The last pulse lies as far back as it took to gather what came after it.
        let last = us - self.gathered / speed;
        Train {
            count: sum / self.portion,
            first: Some(Duration::from_micros(first)),
            last: Some(Duration::from_micros(last)),
        }
    }

    /// As [`Pulser::advance`], for what does not fit 64 bits: kilowatts for weeks.
    #[cold]
    fn advance_wide(&mut self, power: u64, us: u64) -> Train {
        // Whole pulses in each microsecond apart, so that what is left is below one portion.
        let (each, part) = product_over(power, self.weight, self.portion);
        let (more, rest) = product_over(part, us, self.portion);
        let rest = rest + self.gathered;
        let count = each.saturating_mul(us).saturating_add(more).saturating_add(rest / self.portion);
        // A speed that does not fit is far beyond a pulse a microsecond.
        let speed = power.saturating_mul(self.weight).max(1);
        let first = (self.portion - self.gathered).div_ceil(speed);
        self.gathered = rest % self.portion;
        if count == 0 {
            return Train::default();
        }
        let back = self.gathered / speed;
        Train {
            count,
            first: Some(Duration::from_micros(first)),
            last: Some(Duration::from_micros(us - back)),
        }
    }
}
