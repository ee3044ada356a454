//! The order of a search as an iterator that knows its length, and the place in it as plain numbers.
//!
//! A *lane* is one speed in one format: the port is set once for all of its ids. A search goes over its lanes in
//! *stretches*, each up to some place of a lane, so that what is likely comes first and nothing is asked twice.

use alloc::vec::Vec;

use modbus::{LineParams, Parity};
use units::Duration;

use super::frame::sharable;
use super::position::SearchPosition;
use super::scope::{LOW_IDS, SearchScope};
use crate::bus::Place;

/// One question of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where it is asked. Unit 0 asks whoever is there.
    pub place: Place,
    /// The format of meters that hear it too.
    pub also: Option<Parity>,
}

#[derive(Clone, Debug)]
struct Lane {
    line: LineParams,
    asks: Vec<(u8, Option<Parity>)>,
    asked: usize,
}

impl Lane {
    fn left(&self) -> usize {
        self.asks.len().saturating_sub(self.asked)
    }
}

/// What is asked, in its order.
#[derive(Clone, Debug)]
pub struct SearchPlan {
    scope: SearchScope,
    lanes: Vec<Lane>,
    /// A lane, and up to which of its questions it is asked before the next stretch.
    stretches: Vec<(usize, usize)>,
    /// Lanes that go before all others, since somebody was heard there.
    first: Vec<usize>,
}

impl SearchPlan {
    /// The plan for what is to be looked at.
    #[must_use]
    pub fn new(scope: &SearchScope) -> Self {
        let factory: Vec<Place> = scope.factory().collect();
        let mut likely: Vec<u8> = Vec::new();
        for place in &factory {
            put(&mut likely, place.unit);
        }
        let known = likely.len();
        for id in LOW_IDS.filter(|id| scope.ids.contains(id)) {
            put(&mut likely, id);
        }
        let mut lanes: Vec<Lane> = Vec::new();
        for baud in &scope.speeds {
            for format in &scope.formats {
                let line = LineParams::new(*baud, *format);
                if !lanes.iter().any(|lane| lane.line == line) {
                    lanes.push(Lane { line, asks: asks(scope, *format, &likely, known), asked: 0 });
                }
            }
        }
        let stretches = stretches(scope, &lanes, &factory, &likely);
        Self { scope: scope.clone(), lanes, stretches, first: Vec::new() }
    }

    /// What is looked at.
    #[must_use]
    pub const fn scope(&self) -> &SearchScope {
        &self.scope
    }

    /// Questions in all, those that were asked included.
    #[must_use]
    pub fn total(&self) -> usize {
        self.lanes.iter().map(|lane| lane.asks.len()).sum()
    }

    /// Questions that were asked.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.lanes.iter().map(|lane| lane.asked).sum()
    }

    /// The next question; the same until [`Iterator::next`] has taken it.
    #[must_use]
    pub fn peek(&self) -> Option<Probe> {
        let lane = self.lane()?;
        let (unit, also) = *lane.asks.get(lane.asked)?;
        Some(Probe { place: Place { line: lane.line, unit }, also })
    }

    fn lane_number(&self) -> Option<usize> {
        let open = |number: usize, until: usize| {
            self.lanes.get(number).is_some_and(|lane| lane.asked < until.min(lane.asks.len()))
        };
        let mut first = self.first.iter().map(|number| (*number, usize::MAX));
        let found = first.find(|(number, until)| open(*number, *until));
        let found = found.or_else(|| self.stretches.iter().copied().find(|it| open(it.0, it.1)));
        found.map(|(number, _)| number)
    }

    fn lane(&self) -> Option<&Lane> {
        self.lanes.get(self.lane_number()?)
    }

    /// Somebody was heard who speaks `line`: everything that finds such a meter is asked before all else.
    pub fn promote(&mut self, line: LineParams) {
        let shared = self.scope.shared && line.parity == Parity::None;
        for (number, lane) in self.lanes.iter().enumerate() {
            let hears = lane.line == line || (shared && lane.line.baud == line.baud);
            if hears && lane.left() > 0 && !self.first.contains(&number) {
                self.first.push(number);
            }
        }
    }

    /// How long what is left takes where nobody answers, waiting `wait` on top of the pause that ends a frame, and
    /// `tune` for each change of speed or format.
    #[must_use]
    pub fn left(&self, wait: Duration, tune: Duration) -> Duration {
        let mut sum = Duration::ZERO;
        for lane in self.lanes.iter().filter(|lane| lane.left() > 0) {
            sum += silent_time(lane.line, wait).times(lane.left() as u64) + tune;
        }
        sum
    }

    /// The place in the search.
    #[must_use]
    pub fn position(&self) -> SearchPosition {
        let number = |count: &usize| u16::try_from(*count).unwrap_or(u16::MAX);
        SearchPosition {
            scope: self.scope.clone(),
            asked: self.lanes.iter().map(|lane| number(&lane.asked)).collect(),
            first: self.first.iter().map(number).collect(),
        }
    }

    /// The plan of a search that was stopped, at the place where it was. Numbers that fit no place are taken for the
    /// nearest that does.
    #[must_use]
    pub fn resume(position: &SearchPosition) -> Self {
        let mut plan = Self::new(&position.scope);
        for (lane, asked) in plan.lanes.iter_mut().zip(&position.asked) {
            lane.asked = usize::from(*asked).min(lane.asks.len());
        }
        let numbers = position.first.iter().map(|number| usize::from(*number));
        plan.first = numbers.filter(|number| *number < plan.lanes.len()).collect();
        plan
    }
}

impl Iterator for SearchPlan {
    type Item = Probe;

    fn next(&mut self) -> Option<Probe> {
        let probe = self.peek()?;
        let number = self.lane_number()?;
        self.lanes.get_mut(number)?.asked += 1;
        Some(probe)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.total() - self.asked();
        (left, Some(left))
    }
}

impl ExactSizeIterator for SearchPlan {}

/// How long a question takes that nobody answers: eight characters, the pause that ends them, the time to answer, and
/// the first character of an answer.
#[must_use]
pub fn silent_time(line: LineParams, wait: Duration) -> Duration {
    line.wire_time(9) + line.t35() + wait
}

fn put<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// The questions of a lane: the ids of the factory, whoever is there, the ids that people give, all others.
fn asks(scope: &SearchScope, format: Parity, likely: &[u8], known: usize) -> Vec<(u8, Option<Parity>)> {
    // Likely ids are asked by an ordinary read in each format: not every device answers what it must refuse.
    let shares = |id: u8| scope.shared && !likely.contains(&id);
    let covered = |id: u8| {
        let other = |other: &Parity| *other != Parity::None && sharable(id, *other);
        id != 0 && format == Parity::None && shares(id) && scope.formats.iter().any(other)
    };
    let mut asks: Vec<(u8, Option<Parity>)> = Vec::new();
    let (factory, low) = likely.split_at(known.min(likely.len()));
    let anyone = scope.anyone.then_some(0);
    let ids =
        factory.iter().copied().chain(anyone).chain(low.iter().copied()).chain(scope.ids.iter().copied());
    for id in ids.filter(|id| !covered(*id)) {
        let also = id != 0 && shares(id) && sharable(id, format) && scope.formats.contains(&Parity::None);
        if !asks.iter().any(|(other, _)| *other == id) {
            asks.push((id, also.then_some(Parity::None)));
        }
    }
    asks
}

/// The order in which the lanes are gone over.
fn stretches(scope: &SearchScope, lanes: &[Lane], factory: &[Place], likely: &[u8]) -> Vec<(usize, usize)> {
    let up_to = |lane: &Lane, wanted: &dyn Fn(u8) -> bool| {
        lane.asks.iter().rposition(|(id, _)| wanted(*id)).map_or(0, |at| at + 1)
    };
    let at_home = |lane: &Lane| match factory.is_empty() {
        true => scope.speeds.first() == Some(&lane.line.baud),
        false => factory.iter().any(|place| place.line.baud == lane.line.baud),
    };
    let all = || lanes.iter().enumerate();
    let home = || all().filter(|(_, lane)| at_home(lane));
    let mut stretches = Vec::new();
    for place in factory {
        let own = all().filter(|(_, lane)| lane.line == place.line);
        stretches.extend(own.map(|(number, lane)| (number, up_to(lane, &|id| id == place.unit))));
    }
    let factory_id = |id: u8| factory.iter().any(|place| place.unit == id);
    stretches.extend(home().map(|(number, lane)| (number, up_to(lane, &factory_id))));
    stretches.extend(home().map(|(number, lane)| (number, up_to(lane, &|id| id == 0))));
    stretches.extend(home().map(|(number, lane)| (number, up_to(lane, &|id| likely.contains(&id)))));
    stretches.extend(all().map(|(number, lane)| (number, up_to(lane, &|id| id == 0))));
    stretches.extend(home().map(|(number, lane)| (number, lane.asks.len())));
    stretches.extend(all().map(|(number, lane)| (number, lane.asks.len())));
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn four_speeds() -> SearchScope {
        SearchScope { speeds: vec![9_600, 4_800, 2_400, 1_200], ..SearchScope::default() }
    }

    fn text(probe: &Probe) -> String {
        let also = if probe.also.is_some() { " and 8N1" } else { "" };
        format!("{}{also}", probe.place)
    }

    #[test]
    fn the_likely_places_come_first() {
        let first: Vec<String> =
            SearchPlan::new(&SearchScope::default()).take(15).map(|it| text(&it)).collect();
        assert_eq!(
            first,
            [
                "id 1 at 9600 8E1",
                "id 1 at 9600 8N1",
                "id 1 at 9600 8O1",
                "id 0 at 9600 8E1",
                "id 0 at 9600 8N1",
                "id 0 at 9600 8O1",
                "id 2 at 9600 8E1",
                "id 3 at 9600 8E1",
                "id 4 at 9600 8E1",
                "id 5 at 9600 8E1",
                "id 6 at 9600 8E1",
                "id 7 at 9600 8E1",
                "id 8 at 9600 8E1",
                "id 2 at 9600 8N1",
                "id 3 at 9600 8N1"
            ]
        );
        let rest: Vec<Probe> = SearchPlan::new(&SearchScope::default()).skip(27).collect();
        assert_eq!(text(&rest[0]), "id 1 at 19200 8E1");
        let all_ids = rest.iter().position(|probe| probe.place.unit == 9).unwrap();
        assert_eq!(text(&rest[all_ids]), "id 9 at 9600 8E1");
        assert_eq!(text(&rest[all_ids + 2]), "id 11 at 9600 8E1 and 8N1");
    }

    #[test]
    fn two_questions_do_for_three_formats() {
        let scope = four_speeds();
        let plan = SearchPlan::new(&scope);
        // Of each speed eight ids in each format and everybody at once; two questions for all others.
        assert_eq!(plan.len(), 4 * (9 * 3 + 239 * 2));
        let alone = SearchPlan::new(&SearchScope { shared: false, anyone: false, ..scope });
        assert_eq!(alone.len(), 4 * 247 * 3);
    }

    fn scopes() -> impl Strategy<Value = SearchScope> {
        let speeds = prop::sample::subsequence(vec![9_600, 19_200, 4_800, 300], 0..4).prop_shuffle();
        let formats =
            prop::sample::subsequence(vec![Parity::Even, Parity::None, Parity::Odd], 0..=3).prop_shuffle();
        let ids = prop::collection::vec(1u8..=247, 0..30);
        (speeds, formats, ids, any::<bool>(), any::<bool>()).prop_map(
            |(speeds, formats, ids, shared, anyone)| SearchScope { speeds, formats, ids, shared, anyone },
        )
    }

    proptest! {
        #[test]
        fn every_place_is_asked_once_and_no_more(scope in scopes(), promoted in 0usize..12, stop in 0usize..60) {
            let mut plan = SearchPlan::new(&scope);
            let announced = plan.len();
            let mut asked: Vec<Place> = Vec::new();
            let mut count = 0;
            loop {
                if count == promoted {
                    plan.promote(LineParams::new(4_800, Parity::None));
                }
                if count == stop {
                    plan = SearchPlan::resume(&SearchPosition::parse(&plan.position().to_string()).unwrap());
                }
                prop_assert_eq!(plan.len(), announced - count);
                let Some(probe) = plan.next() else { break };
                count += 1;
                for format in [Some(probe.place.line.parity), probe.also].into_iter().flatten() {
                    let line = LineParams::new(probe.place.line.baud, format);
                    let place = Place { line, ..probe.place };
                    prop_assert!(!asked.contains(&place), "{} twice", place);
                    asked.push(place);
                }
            }
            prop_assert_eq!(count, announced);
            for baud in &scope.speeds {
                for format in &scope.formats {
                    for unit in &scope.ids {
                        let place = Place { line: LineParams::new(*baud, *format), unit: *unit };
                        prop_assert!(asked.contains(&place), "{} never", place);
                    }
                }
            }
        }
    }
}
