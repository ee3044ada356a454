//! What counts under one constant load.

use schema::Combination;

/// How fast the counters of one phase run, in mW or mvar: active forward and reverse, then reactive forward and reverse,
/// or reactive of the four quadrants.
pub(crate) type PhaseRates = [u64; 6];

/// How fast everything runs under one constant load, at the terminals.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    /// Of each phase, in the order of the counters.
    pub(crate) phases: [PhaseRates; 3],
    /// The power that the test LED shows, in mW: of all phases together, whichever way it flows.
    pub(crate) led_mw: u64,
    /// The power that the pulse output shows, in mW.
    pub(crate) s0_mw: u64,
}

impl Rates {
    /// The rates of powers that count.
    pub(crate) fn new(
        active: [i64; 3],
        reactive: [i64; 3],
        combination: Combination,
        quadrants: bool,
    ) -> Self {
        let sum = active.iter().sum::<i64>();
        // Netted phases all flow one way, and stand in one quadrant.
        let (counted_p, counted_q, sides) = match combination {
            Combination::Netted => (net(active), net(reactive), [sum; 3]),
            _ => (active, reactive, active),
        };
        let mut rates = Self { led_mw: sum.unsigned_abs(), ..Self::default() };
        let (shows_forward, shows_reverse) = s0_shows(combination);
        let counted = counted_p.into_iter().zip(counted_q).zip(sides);
        for (slots, ((p, q), side)) in rates.phases.iter_mut().zip(counted) {
            let capacitive = usize::from(q < 0);
            // Quadrants 1 and 2 are inductive, 2 and 3 export.
            let slot =
                if quadrants { capacitive * 2 + usize::from((side < 0) != (q < 0)) } else { capacitive };
            if let Some(rate) = slots.get_mut(2 + slot) {
                *rate = q.unsigned_abs();
            }
            let [forward, reverse, ..] = slots;
            (*forward, *reverse) = (import(p), import(-p));
            rates.s0_mw +=
                if shows_forward { *forward } else { 0 } + if shows_reverse { *reverse } else { 0 };
        }
        if combination == Combination::NettedPulses {
            rates.s0_mw = rates.led_mw;
        }
        rates
    }
}

/// Whether the pulse output shows forward energy, and whether reverse energy.
pub(crate) const fn s0_shows(combination: Combination) -> (bool, bool) {
    match combination {
        Combination::Forward => (true, false),
        Combination::Reverse => (false, true),
        Combination::Sum
        | Combination::ReverseLessForward
        | Combination::ForwardLessReverse
        | Combination::Netted
        | Combination::NettedPulses => (true, true),
    }
}

/// The power that flows in the positive sense, else nothing.
fn import(power: i64) -> u64 {
    power.max(0).unsigned_abs()
}

/// Nets phases: those that flow against the sum count nothing, and what they take away is taken from the others, from
/// the first on. The sum stays what it was, and all that is left flows one way.
fn net(powers: [i64; 3]) -> [i64; 3] {
    let sign = powers.iter().sum::<i64>().signum();
    let mut against: i64 = powers.iter().map(|power| (-power * sign).max(0)).sum();
    powers.map(|power| {
        let with = (power * sign).max(0);
        let taken = with.min(against);
        against -= taken;
        (with - taken) * sign
    })
}
