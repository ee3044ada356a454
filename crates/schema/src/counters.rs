//! What a meter counts: which counters it keeps, and what its current transformers ask of them.

use crate::{MeteringDef, SettingId};

/// What the resettable counter follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TripOf {
    /// Forward active energy, whatever the combination code.
    Forward,
    /// Total active energy, as the combination code makes it of forward and reverse.
    Total,
}

/// The resettable counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TripDef {
    /// What it follows.
    pub follows: TripOf,
    /// Each phase has one of its own, and the meter's is their sum.
    pub per_phase: bool,
}

impl TripDef {
    /// How many counters stand behind each resettable counter: both directions where it follows a total.
    #[must_use]
    pub const fn directions(&self) -> usize {
        match self.follows {
            TripOf::Forward => 1,
            TripOf::Total => 2,
        }
    }
}

/// Current transformers in front of a meter, whose ratio it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CtDef {
    /// The setting that holds the ratio, as [`units::CtRatio::value`].
    pub setting: SettingId,
    /// How often the ratio can be changed: so many earlier energies are kept. Range: 1 to 7.
    pub changes: u8,
}

impl MeteringDef {
    /// How many counters each phase and tariff has: active forward and reverse, then reactive forward and reverse, or
    /// reactive of the four quadrants.
    #[must_use]
    pub const fn slots(&self) -> usize {
        if self.quadrants { 6 } else { 4 }
    }

    /// How many counters each earlier ratio of the current transformers leaves: forward and reverse of each tariff.
    #[must_use]
    pub const fn history_counters(&self) -> usize {
        self.tariffs as usize * 2
    }

    /// How many counters stand behind the resettable ones.
    #[must_use]
    pub const fn trip_counters(&self) -> usize {
        let each = if self.trip.per_phase { self.phases as usize } else { 1 };
        each * self.trip.directions()
    }

    /// How many cells a meter keeps that must change in one writing. In this order: for each phase and tariff the
    /// counters of [`MeteringDef::slots`]; the resettable counters; where there are more than two tariffs, whether one of
    /// the higher ones ever counted; where there are current transformers, the ratio that each change brought, and the
    /// energies that each change ended. Totals are made from these.
    #[must_use]
    pub const fn counters(&self) -> usize {
        let energies = self.phases as usize * self.tariffs as usize * self.slots();
        let marks = if self.tariffs > 2 { 1 } else { 0 };
        let history = match &self.ct {
            Some(ct) => ct.changes as usize * (1 + self.history_counters()),
            None => 0,
        };
        energies + self.trip_counters() + marks + history
    }
}
