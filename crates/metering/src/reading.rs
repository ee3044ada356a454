//! What the meter shows of a load: derived readings, rounded to the meter's resolution.

use schema::MeteringDef;
use units::{Of, Unit, What, decimal};

use crate::Load;

/// The smallest difference that the meter shows, in the units kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolution {
    pub(crate) mv: i64,
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
pub(crate) fn round(value: i64, step: i64) -> i64 {
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
    i64::try_from(root(p * p + q * q) << excess).unwrap_or(i64::MAX)
}

/// The square root to the nearest whole number, digit by digit: the library's is faster, and takes ten times the flash of
/// a small core.
pub(crate) fn root(square: u64) -> u64 {
    let (mut root, mut rest) = (0, square);
    let mut digit = 1u64 << (u64::BITS - 2);
    while digit > 0 {
        let taken = root + digit;
        root >>= 1;
        if rest >= taken {
            rest -= taken;
            root += digit;
        }
        digit >>= 2;
    }
    root + u64::from(rest > root)
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

/// A reading of `load` behind current transformers of `factor`, in the unit its point is kept in; `None` for a conductor
/// that the meter does not measure, and between two of them.
pub(crate) fn read(
    def: &MeteringDef,
    resolution: &Resolution,
    load: &Load,
    factor: u32,
    what: What,
    of: Of,
) -> Option<i64> {
    let number = match of {
        Of::All => 0,
        Of::L1 => 1,
        Of::L2 => 2,
        Of::L3 => 3,
        Of::L12 | Of::L13 | Of::L23 => return None,
    };
    if number > def.phases {
        return None;
    }
    // On a meter of one phase that phase is the whole.
    let phase = match number.checked_sub(1) {
        None if def.phases > 1 => None,
        index => Some(usize::from(index.unwrap_or(0))),
    };
    let (active, reactive) = load.powers(def.phases, def.starting_current_ma, factor);
    let of_these = |powers: &[i64; 3]| match phase {
        Some(index) => powers.get(index).copied().unwrap_or(0),
        None => powers.iter().sum(),
    };
    let (p, q) = (of_these(&active), of_these(&reactive));
    let input = phase.and_then(|index| load.phases.get(index)).copied();
    let sign = if p < 0 { -1 } else { 1 };
    Some(match what {
        What::U => input.map_or(0, |input| round(i64::from(input.voltage_mv), resolution.mv)),
        What::I => match input {
            Some(input) if input.current_ma >= def.starting_current_ma => {
                round(i64::from(input.current_ma) * i64::from(factor), resolution.ma) * sign
            }
            _ => 0,
        },
        What::P => round(p, resolution.mw),
        What::Q => round(q, resolution.mw),
        What::S => {
            let s = match phase {
                Some(_) => apparent(p, q),
                None => active.iter().zip(&reactive).map(|(p, q)| apparent(*p, *q)).sum(),
            };
            round(s, resolution.mw)
        }
        What::Pf => power_factor(p, apparent(p, q), resolution.pf),
        What::F => round(i64::from(load.frequency_mhz), resolution.mhz),
        What::Quadrant => quadrant(p, q),
        What::Direction => match input {
            Some(input) if input.voltage_mv == 0 => 0,
            _ => sign,
        },
    })
}
