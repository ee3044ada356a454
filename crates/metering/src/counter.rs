//! [`Counter`]: whole Wh, and the rest that is not yet one.

/// mW·µs in one Wh: 1000 mW for 3600 s.
pub(crate) const WATT_HOUR: u64 = 3_600_000_000_000;

/// A counted energy, exact: whole Wh (or varh), and the rest below one in mW·µs (or mvar·µs).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter {
    wh: u64,
    rest: u64,
}

impl Counter {
    /// A counter that has counted nothing.
    pub const ZERO: Self = Self { wh: 0, rest: 0 };

    /// A counter that stands at `wh` whole Wh and `rest` mW·µs; a rest of a whole Wh or more is carried over.
    #[must_use]
    pub const fn new(wh: u64, rest: u64) -> Self {
        Self { wh: wh.saturating_add(rest / WATT_HOUR), rest: rest % WATT_HOUR }
    }

    /// Whole Wh (or varh).
    #[must_use]
    pub const fn wh(self) -> u64 {
        self.wh
    }

    /// What is counted beyond the whole Wh, in mW·µs (or mvar·µs). Range: 0 to 3 599 999 999 999.
    #[must_use]
    pub const fn rest(self) -> u64 {
        self.rest
    }

    /// Both together; the sum may be beyond the point where a single counter rolls over.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        // Two rests are below two Wh: no overflow.
        Self::new(self.wh.saturating_add(other.wh), self.rest + other.rest)
    }

    /// `self` less `other` in whole Wh, cut off towards zero.
    #[must_use]
    pub fn less(self, other: Self) -> i64 {
        let magnitude = |large: Self, small: Self| {
            let wh = large.wh - small.wh - u64::from(large.rest < small.rest);
            i64::try_from(wh).unwrap_or(i64::MAX)
        };
        if self >= other { magnitude(self, other) } else { -magnitude(other, self) }
    }

    /// As a counter reads that starts again at zero at `rollover` Wh, which is at least 1.
    pub(crate) const fn wrapped(self, rollover: u64) -> Self {
        Self { wh: if self.wh < rollover { self.wh } else { self.wh % rollover }, rest: self.rest }
    }

    /// Counts `power` mW for `us`, starting again at zero at `rollover` Wh. True where a multiple of `step` Wh was
    /// passed. Both are at least 1.
    #[inline]
    pub(crate) fn add(&mut self, power: u64, us: u64, rollover: u64, step: u64) -> bool {
        // What fits 64 bits is the usual case: 10 kW for three weeks.
        if let Some(rest) = power.checked_mul(us).and_then(|more| more.checked_add(self.rest)) {
            if rest < WATT_HOUR {
                self.rest = rest;
                return false;
            }
            if let Some(wh) = self.wh.checked_add(rest / WATT_HOUR) {
                let passed = wh / step != self.wh / step;
                *self = Self { wh, rest: rest % WATT_HOUR }.wrapped(rollover);
                return passed;
            }
        }
        let (more, rest) = product_over(power, us, WATT_HOUR);
        let rest = rest + self.rest;
        let wh = more.saturating_add(rest / WATT_HOUR).saturating_add(self.wh);
        let passed = wh / step != self.wh / step;
        *self = Self { wh, rest: rest % WATT_HOUR }.wrapped(rollover);
        passed
    }
}

/// `a` times `b`, divided by `divisor`: quotient and remainder. The product may have 128 bits.
///
/// Bit by bit, since a division of 128 bits would take kilobytes of a small core's flash; it is rare. The divisor must
/// be below 2^62 and at least 1. A quotient that does not fit is held at the largest.
#[cold]
pub(crate) fn product_over(a: u64, b: u64, divisor: u64) -> (u64, u64) {
    let part = a % divisor;
    let (mut quotient, mut remainder) = (0u64, 0u64);
    for bit in (0..u64::BITS).rev() {
        quotient = quotient.saturating_mul(2);
        remainder = remainder * 2 + if b >> bit & 1 == 1 { part } else { 0 };
        while remainder >= divisor {
            remainder -= divisor;
            quotient = quotient.saturating_add(1);
        }
    }
    (quotient.saturating_add((a / divisor).saturating_mul(b)), remainder)
}
