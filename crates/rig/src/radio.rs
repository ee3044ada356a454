//! A meter's radio from outside: what a hand does at the keys to switch it on, and who is connected over it.

use schema::{KeyId, ModelDef, PortId};
use units::Duration;

use crate::line::MasterEvent;
use crate::{Bench, Twin};

/// How long a finger stays on a key that it only touches, and off it before it touches another one.
const TAP: Duration = Duration::from_millis(100);

/// A key goes down or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// When, counted from the first one.
    pub after: Duration,
    /// Which key.
    pub key: KeyId,
    /// True for down.
    pub down: bool,
}

/// What switches the radio of a model on while its display shows the readings: the middle key is held until the choice
/// opens, in which the radio stands first, and is then touched. `None` for a model without a radio.
#[must_use]
pub fn radio_touches(def: &ModelDef) -> Option<[Touch; 4]> {
    def.radio()?;
    let key = def.matrix?.keys.middle;
    let held = def.keys.iter().find(|other| other.id == key)?.very_long;
    let [up, again] = [held + TAP, held + TAP + TAP];
    let touch = |after, down| Touch { after, key, down };
    Some([touch(Duration::ZERO, true), touch(up, false), touch(again, true), touch(again + TAP, false)])
}

impl Bench {
    /// Switches the radio of a meter on at its keys, which takes some seconds. False where the meter has none, or where
    /// its display shows something in which the keys mean something else.
    pub fn switch_radio_on(&mut self, index: usize) -> bool {
        let touches = self.twin(index).and_then(|twin| radio_touches(twin.entry().def));
        let began = self.now();
        for Touch { after, key, down } in touches.into_iter().flatten() {
            let until = began + after;
            let span = until.since(self.now());
            self.jump(span);
            let Some(device) = self.twin_mut(index).map(Twin::device_mut) else { return false };
            if down {
                device.key_down(until, key);
            } else {
                device.key_up(until, key);
            }
        }
        self.radio_is_on(index)
    }

    /// True while the radio of a meter is on.
    #[must_use]
    pub fn radio_is_on(&self, index: usize) -> bool {
        self.twin(index).is_some_and(|twin| twin.device().bluetooth(self.now()))
    }

    /// Connects the master's end of the radio with a meter, or ends the connection; another one ends by it. False, and
    /// without a connection, where the meter's radio is off.
    pub fn pair(&mut self, with: Option<usize>) -> bool {
        let there = with.is_none_or(|index| self.radio_is_on(index));
        let with = with.filter(|_| there);
        if with != self.paired {
            self.part();
            // What the connection before had to tell is not for this one.
            while self.master_take(PortId::Radio).is_some() {}
            self.paired = with;
        }
        there
    }

    /// The meter that the master's end of the radio is connected with.
    #[must_use]
    pub fn paired(&self) -> Option<usize> {
        self.paired
    }

    /// True where nothing can be sent from the master's end: the adapter is not plugged in, or nobody is connected.
    #[must_use]
    pub fn is_lost(&self, port: PortId) -> bool {
        self.faults(port).unplugged || (port == PortId::Radio && self.paired.is_none())
    }

    /// Nobody is connected any more; what was on its way goes nowhere.
    fn part(&mut self) {
        if let Some(index) = self.paired.take()
            && let Some(twin) = self.twin_mut(index)
        {
            twin.device_mut().hang_up();
        }
        self.silence(PortId::Radio);
    }

    /// Ends the connection where the meter's radio has gone off, and tells the master's end. True where it did.
    pub(crate) fn watch_radio(&mut self) -> bool {
        let gone = self.paired.is_some_and(|index| !self.radio_is_on(index));
        if gone {
            self.part();
            self.tell(PortId::Radio, MasterEvent::Lost);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use units::Instant;

    use super::*;

    fn bench() -> Bench {
        let mut bench = Bench::new(Instant::ZERO);
        for entry in models::ALL.iter().filter(|entry| entry.def.has(PortId::Radio)) {
            bench.add(Twin::new(entry, None, Instant::ZERO));
        }
        assert!(!bench.twins().is_empty());
        bench
    }

    fn events(bench: &mut Bench) -> Vec<MasterEvent> {
        core::iter::from_fn(|| bench.master_take(PortId::Radio)).collect()
    }

    #[test]
    fn every_radio_is_switched_on_at_the_keys_and_only_then_connects() {
        let mut bench = bench();
        for index in 0..bench.twins().len() {
            assert!(!bench.pair(Some(index)) && bench.is_lost(PortId::Radio));
            assert!(bench.switch_radio_on(index));
            assert!(bench.pair(Some(index)) && bench.paired() == Some(index));
            assert!(bench.pair(None) && bench.paired().is_none());
        }
        let none = models::ALL.iter().find(|entry| !entry.def.has(PortId::Radio)).unwrap();
        let index = bench.add(Twin::new(none, None, bench.now()));
        assert_eq!(radio_touches(none.def), None);
        assert!(!bench.switch_radio_on(index) && !bench.pair(Some(index)));
    }

    #[test]
    fn the_connection_ends_with_the_radio_and_with_the_mains() {
        let mut bench = bench();
        let open = bench.twin(0).unwrap().entry().def.radio().unwrap().open;
        assert!(bench.switch_radio_on(0) && bench.pair(Some(0)));
        bench.jump(open);
        assert_eq!((bench.paired(), events(&mut bench)), (None, vec![MasterEvent::Lost]));
        assert!(bench.switch_radio_on(0) && bench.pair(Some(0)));
        let supply = *bench.twin(0).unwrap().supply();
        bench.set_supply(0, crate::Supply { mains: false, ..supply });
        bench.jump(Duration::from_millis(1));
        assert_eq!((bench.paired(), events(&mut bench)), (None, vec![MasterEvent::Lost]));
        bench.master_send(PortId::Radio, &[1, 2, 3]);
        assert_eq!(events(&mut bench), [MasterEvent::Lost], "nobody is there to hear it");
    }

    #[test]
    fn meters_that_move_up_take_their_connection_along() {
        let mut bench = bench();
        let entry = bench.twin(0).unwrap().entry();
        let last = bench.add(Twin::new(entry, None, bench.now()));
        assert!(bench.switch_radio_on(last) && bench.pair(Some(last)));
        assert!(bench.remove(0));
        assert_eq!(bench.paired(), Some(last - 1));
        assert!(bench.remove(last - 1));
        assert_eq!(bench.paired(), None);
    }
}
