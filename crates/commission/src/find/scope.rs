//! Where to look: speeds, formats and ids, in the order in which they are worth a try.

use alloc::vec::Vec;

use modbus::{LineParams, Parity};
use schema::{Kind, SettingId};

use crate::bus::Place;
use crate::plan::{factory_place, parity};

/// A speed that no model offers and that meters in the field are found at all the same: chargers set it (19200 8N1).
const IN_THE_FIELD: u32 = 19_200;

/// Ids that people give by hand, and that chargers and inverters allow (0 to 7, 1 to 8).
pub(super) const LOW_IDS: core::ops::RangeInclusive<u8> = 1..=8;

/// The largest id of a serial line.
pub(super) const LAST_ID: u8 = 247;

/// Where to look for meters on a Modbus. An empty list leaves nothing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchScope {
    /// Speeds in Bd, the likely ones first.
    pub speeds: Vec<u32>,
    /// Parities, the likely ones first.
    pub formats: Vec<Parity>,
    /// Ids, in the order in which they are asked. Range of each: 1 to 247.
    pub ids: Vec<u8>,
    /// One question asks two formats at once where its bytes allow it. Without it each format is asked by itself, which
    /// also finds what leaves an unknown function or quantity unanswered.
    pub shared: bool,
    /// A read of unit 0 asks whoever is there, in every format: a single meter that answers it is found at once,
    /// whatever its id.
    pub anyone: bool,
}

impl Default for SearchScope {
    /// All ids, at all speeds and in all formats that any model offers, and at 19200 Bd.
    fn default() -> Self {
        Self {
            speeds: speeds(),
            formats: formats(),
            ids: (1..=LAST_ID).collect(),
            shared: true,
            anyone: true,
        }
    }
}

impl SearchScope {
    /// All ids of a line whose speed and format cannot be changed or are known.
    #[must_use]
    pub fn at(line: LineParams) -> Self {
        Self { speeds: Vec::from([line.baud]), formats: Vec::from([line.parity]), ..Self::default() }
    }

    /// True where nothing that any model offers is left out.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let all = Self::default();
        all.speeds.iter().all(|it| self.speeds.contains(it))
            && all.formats.iter().all(|it| self.formats.contains(it))
            && all.ids.iter().all(|it| self.ids.contains(it))
    }

    /// The places of [`factory_places`] that lie within it.
    pub(super) fn factory(&self) -> impl Iterator<Item = Place> + '_ {
        factory_places().into_iter().filter(|place| {
            self.speeds.contains(&place.line.baud)
                && self.formats.contains(&place.line.parity)
                && self.ids.contains(&place.unit)
        })
    }
}

/// Where the models of the workspace are spoken to as from the factory, each place once.
#[must_use]
pub fn factory_places() -> Vec<Place> {
    let mut places = Vec::new();
    for entry in models::ALL.iter().filter(|entry| entry.def.modbus.is_some()) {
        let place = factory_place(entry);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// The speeds that models offer: those of the factory first, then the ones that most of them offer, fast before slow.
fn speeds() -> Vec<u32> {
    let mut known: Vec<(u32, usize)> = Vec::new();
    for entry in models::ALL.iter().filter(|entry| entry.def.modbus.is_some()) {
        let Some((_, setting)) = entry.def.setting(SettingId::Baud) else { continue };
        let Kind::OneOf(choices) = setting.kind else { continue };
        for baud in choices.iter().filter_map(|choice| u32::try_from(choice.value).ok()) {
            match known.iter_mut().find(|(other, _)| *other == baud) {
                Some((_, models)) => *models += 1,
                None => known.push((baud, 1)),
            }
        }
    }
    let most = known.iter().map(|(_, models)| *models).max().unwrap_or(0);
    known.retain(|(baud, _)| *baud != IN_THE_FIELD);
    known.push((IN_THE_FIELD, most));
    let factory = factory_places();
    known.sort_by_key(|(baud, models)| {
        let first = factory.iter().position(|place| place.line.baud == *baud).unwrap_or(usize::MAX);
        (first, core::cmp::Reverse(*models), core::cmp::Reverse(*baud))
    });
    known.into_iter().map(|(baud, _)| baud).collect()
}

/// The parities that models offer: those of the factory first, then none, which most masters take for granted.
fn formats() -> Vec<Parity> {
    let mut formats: Vec<Parity> = factory_places().iter().map(|place| place.line.parity).collect();
    formats.push(Parity::None);
    for entry in models::ALL.iter().filter(|entry| entry.def.modbus.is_some()) {
        let Some((_, setting)) = entry.def.setting(SettingId::Parity) else { continue };
        if let Kind::OneOf(choices) = setting.kind {
            formats.extend(choices.iter().filter_map(|choice| parity(setting, choice.value)));
        }
    }
    let mut once = Vec::new();
    for format in formats {
        if !once.contains(&format) {
            once.push(format);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_model_offers_is_looked_at_the_factory_first() {
        let scope = SearchScope::default();
        assert_eq!(scope.speeds.first(), Some(&9_600));
        assert_eq!(&scope.speeds[1..5], [19_200, 4_800, 2_400, 1_200]);
        assert_eq!(scope.speeds.len(), 10, "{:?}", scope.speeds);
        assert_eq!(scope.formats, [Parity::Even, Parity::None, Parity::Odd]);
        assert_eq!((scope.ids.first(), scope.ids.len()), (Some(&1), 247));
        assert!(scope.is_whole() && !SearchScope::at(LineParams::even(9_600)).is_whole());
        assert!(!SearchScope { ids: vec![1], ..scope }.is_whole());
        assert_eq!(factory_places(), [Place { line: LineParams::even(9_600), unit: 1 }]);
    }
}
