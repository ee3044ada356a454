//! A new meter beside others: a serial number and addresses that nobody on the rail has yet.

use alloc::vec::Vec;

use device::Door;
use models::Entry;
use schema::{PortId, SettingId};
use units::Instant;

use crate::{Bench, Twin};

/// The addresses that must differ where meters share a wire.
const ADDRESSES: [SettingId; 2] = [SettingId::ModbusId, SettingId::MbusId];

/// A meter as from the factory, but for a serial number one above the largest on the bench, and for addresses that no
/// other meter there has. An address stays as it is where none is left.
#[must_use]
pub fn newcomer(entry: &'static Entry, bench: &Bench, now: Instant) -> Twin {
    let mut twin = Twin::new(entry, None, now);
    let mut changes: Vec<(SettingId, i64)> = Vec::new();
    if let Some(serial) = bench.twins().iter().map(Twin::serial).max() {
        changes.push((SettingId::Serial, i64::from(serial).saturating_add(1).max(i64::from(twin.serial()))));
    }
    for id in ADDRESSES {
        let Some((_, setting)) = entry.def.setting(id) else { continue };
        let taken: Vec<_> = bench.twins().iter().filter_map(|other| other.device().setting(id)).collect();
        let own = i64::from(setting.default);
        let free = (own..=255)
            .filter_map(|address| setting.check(address).ok())
            .find(|address| !taken.contains(address));
        if let Some(address) = free {
            changes.push((id, i64::from(address)));
        }
    }
    // Values that were checked before: the factory may set each of them. A serial number has its digits, and a bench
    // with the last of them keeps what the meter was born with.
    for change in changes {
        let _ = twin.device_mut().apply(Door::Factory, &[change]);
    }
    // What a change of the line asks of the bus is done before anybody listens.
    for port in PortId::ALL {
        while twin.device_mut().port_poll(port, now).is_some() {}
    }
    twin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_newcomer_has_a_number_and_addresses_of_its_own() {
        let mut bench = Bench::new(Instant::ZERO);
        for entry in models::ALL.iter().chain(models::ALL) {
            let twin = newcomer(entry, &bench, Instant::ZERO);
            bench.add(twin);
        }
        let all = |of: &dyn Fn(&Twin) -> Option<i64>| {
            let mut found: Vec<i64> = bench.twins().iter().filter_map(of).collect();
            let many = found.len();
            found.sort_unstable();
            found.dedup();
            assert_eq!(found.len(), many, "{found:?}");
            found
        };
        // Each counts on from what was there before it.
        assert_eq!(all(&|twin| Some(i64::from(twin.serial()))).len(), 2 * models::ALL.len());
        for id in ADDRESSES {
            let with = models::ALL.iter().filter(|entry| entry.def.setting(id).is_some()).count();
            assert_eq!(all(&|twin| twin.device().setting(id).map(i64::from)).len(), 2 * with);
        }
    }

    #[test]
    fn the_first_one_is_as_from_the_factory() {
        let entry = &models::ALL[0];
        let bench = Bench::new(Instant::ZERO);
        let first = newcomer(entry, &bench, Instant::ZERO);
        let plain = Twin::new(entry, None, Instant::ZERO);
        assert_eq!(first.serial(), plain.serial());
        for id in ADDRESSES {
            assert_eq!(first.device().setting(id), plain.device().setting(id));
        }
    }
}
