//! What the meter shows of a load: derived readings, rounded to the meter's resolution.

use schema::MeteringDef;
use units::{Of, Unit, What, decimal};

use crate::Load;

/// The readings of one conductor, each in the unit its point is kept in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Set {
    u: i64,
    i: i64,
    p: i64,
    q: i64,
    s: i64,
    pf: i64,
    f: i64,
    quadrant: i64,
    direction: i64,
}

impl Set {
    const fn value(&self, what: What) -> i64 {
        match what {
            What::U => self.u,
            What::I => self.i,
            What::P => self.p,
            What::Q => self.q,
            What::S => self.s,
            What::Pf => self.pf,
            What::F => self.f,
            What::Quadrant => self.quadrant,
            What::Direction => self.direction,
        }
    }
}

/// The smallest difference that the meter shows, in the units kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolution {
    mv: i64,
    ma: i64,
    mw: i64,
    /// Power factors are made at their resolution, not rounded to it.
    pf: i64,
    mhz: i64,
}

impl Resolution {
    pub(crate) const fn new(def: &MeteringDef) -> Self {
        const fn step(unit: Unit, decimals: u8) -> i64 {
            decimal::power_of_ten(unit.decimals().saturating_sub(decimals))
        }
        Self {
            mv: step(Unit::Volt, def.decimals.volt),
            ma: step(Unit::Ampere, def.decimals.ampere),
            mw: step(Unit::Kilowatt, def.decimals.kilowatt),
            pf: step(Unit::Ratio, def.decimals.power_factor),
            mhz: step(Unit::Hertz, def.decimals.hertz),
        }
    }
}

/// `value` to the nearest multiple of `step`, half away from zero.
fn round(value: i64, step: i64) -> i64 {
    let magnitude = value.unsigned_abs();
    let step = step.unsigned_abs();
    // Division of 32 bits is several times faster on most processors, and powers up to 4 MW fit.
    let rounded = match (u32::try_from(magnitude + step / 2), u32::try_from(step)) {
        (Ok(magnitude), Ok(step)) => u64::from(magnitude / step * step),
        _ => (magnitude + step / 2) / step * step,
    };
    i64::try_from(rounded).unwrap_or(i64::MAX) * value.signum()
}

/// Apparent power of active and reactive power, to the nearest mVA.
fn apparent(active: i64, reactive: i64) -> i64 {
    let (mut p, mut q) = (active.unsigned_abs(), reactive.unsigned_abs());
    // Beyond 2 MW the last bits are given up, so that the squares fit 64 bits.
    let excess = (u64::BITS - (p | q).leading_zeros()).saturating_sub(31);
    p >>= excess;
    q >>= excess;
    let square = p * p + q * q;
    let root = square.isqrt();
    let root = (root + u64::from(square - root * root > root)) << excess;
    i64::try_from(root).unwrap_or(i64::MAX)
}

/// The power factor in thousandths, at a resolution of `step` thousandths. Without a load it is 1.
fn power_factor(active: i64, apparent: i64, step: i64) -> i64 {
    if apparent == 0 {
        return 1_000;
    }
    (active.saturating_abs().saturating_mul(1_000 / step) + apparent / 2) / apparent * step
}

/// Quadrant of IEC 62053-23; 0 while nothing flows.
const fn quadrant(active: i64, reactive: i64) -> i64 {
    match (active, reactive) {
        (0, 0) => 0,
        (0.., 0..) => 1,
        (_, 0..) => 2,
        (..0, _) => 3,
        _ => 4,
    }
}

/// All readings of a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Readings {
    all: Set,
    phases: [Set; 3],
}

impl Readings {
    pub(crate) fn new(def: &MeteringDef, resolution: &Resolution, load: &Load) -> Self {
        let (active, reactive) = load.powers(def.phases, def.starting_current_ma);
        let mut readings = Self::default();
        let f = round(i64::from(load.frequency_mhz), resolution.mhz);
        let make = |p: i64, q: i64, s: i64, pf_of: i64| Set {
            p: round(p, resolution.mw),
            q: round(q, resolution.mw),
            s: round(s, resolution.mw),
            pf: power_factor(p, pf_of, resolution.pf),
            f,
            quadrant: quadrant(p, q),
            direction: if p < 0 { -1 } else { 1 },
            ..Set::default()
        };
        let mut sum_s = 0;
        let powers = active.into_iter().zip(reactive);
        let inputs = load.phases.iter().zip(powers).take(usize::from(def.phases));
        for (set, (input, (p, q))) in readings.phases.iter_mut().zip(inputs) {
            let s = apparent(p, q);
            sum_s += s;
            *set = make(p, q, s, s);
            if input.voltage_mv == 0 {
                set.direction = 0;
            }
            set.u = round(i64::from(input.voltage_mv), resolution.mv);
            if input.current_ma >= def.starting_current_ma {
                set.i = round(i64::from(input.current_ma), resolution.ma) * if p < 0 { -1 } else { 1 };
            }
        }
        readings.all = match readings.phases {
            [only, ..] if def.phases <= 1 => only,
            _ => {
                let (p, q) = (active.iter().sum(), reactive.iter().sum());
                make(p, q, sum_s, apparent(p, q))
            }
        };
        readings
    }

    /// One of them; `None` for a conductor that a meter with so many phases does not measure.
    pub(crate) fn value(&self, phases: u8, what: What, of: Of) -> Option<i64> {
        let [l1, l2, l3] = &self.phases;
        let (number, set) = match of {
            Of::All => (0, &self.all),
            Of::L1 => (1, l1),
            Of::L2 => (2, l2),
            Of::L3 => (3, l3),
            Of::L12 | Of::L13 | Of::L23 => return None,
        };
        (number <= phases).then(|| set.value(what))
    }
}
