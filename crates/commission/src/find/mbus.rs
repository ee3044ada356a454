//! The search over an M-Bus: speed by speed, by secondary address, then by primary ones.

use alloc::vec::Vec;

use modbus::LineParams;
use schema::{Kind, SettingId};
use units::Duration;

use super::control::{Control, Leash};
use super::{FindEnd, FindEvent, Finding};
use crate::bus::Observer;
use crate::mbus::{Fault, Found, Mask, MbusLine, MbusTiming, Seen, TUNE};
use crate::port::{Port, PortFault};

/// Speeds that come first: what meters are delivered with.
const FIRST: [u32; 2] = [2_400, 9_600];

/// Bytes of a frame that resets a link.
const SHORT: usize = 5;
/// Bytes of a frame that selects by number.
const SELECTION: usize = 17;

/// Where to look for meters on an M-Bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MbusScope {
    /// Speeds in Bd, the likely ones first.
    pub speeds: Vec<u32>,
    /// Search by secondary address among those that this selects.
    pub secondary: Option<Mask>,
    /// Ask these primary addresses, both ends included. Range: 0 to 250.
    pub primary: Option<(u8, u8)>,
    /// Try the digits A to E in numbers everywhere.
    pub letters: bool,
}

impl Default for MbusScope {
    /// By secondary address, at 2400 Bd, then at 9600 Bd, then at all other speeds that any model offers, fast before slow.
    fn default() -> Self {
        let mut others: Vec<u32> = Vec::new();
        for entry in models::ALL {
            let Some((_, setting)) = entry.def.setting(SettingId::MbusBaud) else { continue };
            let Kind::OneOf(choices) = setting.kind else { continue };
            for baud in choices.iter().filter_map(|choice| u32::try_from(choice.value).ok()) {
                if !FIRST.contains(&baud) && !others.contains(&baud) {
                    others.push(baud);
                }
            }
        }
        others.sort_by_key(|baud| core::cmp::Reverse(*baud));
        let speeds = FIRST.into_iter().chain(others).collect();
        Self { speeds, secondary: Some(Mask::ANY), primary: None, letters: false }
    }
}

impl MbusScope {
    /// What is done one after the other: a speed, and whether by primary address. Its number is the place in a search.
    pub fn stages(&self) -> impl Iterator<Item = (u32, bool)> + '_ {
        let by = |primary: bool| self.speeds.iter().map(move |baud| (*baud, primary));
        let secondary = by(false).filter(|_| self.secondary.is_some());
        secondary.chain(by(true).filter(|_| self.primary.is_some()))
    }

    /// How long a stage takes where nobody answers: a slow speed up to twelve times as long as a fast one, all addresses more
    /// than a hundred times as long as a number that nobody has.
    #[must_use]
    pub fn silent_time(&self, (baud, primary): (u32, bool), timing: MbusTiming) -> Duration {
        let line = LineParams::even(baud);
        let reset = timing.silent_time(line, SHORT);
        TUNE + match (primary, self.primary) {
            (true, Some((first, last))) => reset.times(u64::from(last.saturating_sub(first)) + 1),
            (true, None) => Duration::ZERO,
            // Everybody is selected, then nobody.
            (false, _) => timing.silent_time(line, SELECTION) + reset,
        }
    }
}

/// Searches an M-Bus from stage number `stage` on ([`MbusScope::stages`], 0 for the first), and tells as it goes. `stage`
/// holds the place in the search afterwards, and `found` what was found, a meter only once at each speed.
///
/// # Errors
/// [`PortFault`] where the port goes.
pub async fn find_mbus<P: Port, O: Observer>(
    line: &mut MbusLine<'_, Leash<P>, O>,
    scope: &MbusScope,
    control: &Control,
    stage: &mut usize,
    found: &mut Vec<Finding>,
    tell: &mut dyn FnMut(FindEvent<'_>),
) -> Result<FindEnd, PortFault> {
    for (number, (baud, primary)) in scope.stages().enumerate().skip(*stage) {
        *stage = number;
        let at = LineParams::even(baud);
        let searched = async {
            if line.line() != at {
                line.reconfigure(at).await?;
            }
            tell(FindEvent::Speed(at));
            let mut meet = |meter: Found, tell: &mut dyn FnMut(FindEvent<'_>)| {
                let known = found.iter().any(|other| {
                    matches!(other, Finding::Mbus { line, meter: other }
                        if *line == at && other.identity == meter.identity && other.address == meter.address)
                });
                if !known {
                    let finding = Finding::Mbus { line: at, meter };
                    tell(FindEvent::Found(&finding));
                    found.push(finding);
                }
            };
            match (primary, scope.primary, scope.secondary) {
                (true, Some((first, last)), _) => {
                    let scan = &mut |event: crate::mbus::ScanEvent| {
                        tell(FindEvent::Scan(&event));
                        if let Seen::Meter(meter) = event.seen {
                            meet(meter, tell);
                        }
                    };
                    line.primary_scan(first, last, scan).await?;
                }
                (false, _, Some(within)) => {
                    let search = &mut |event: crate::mbus::SearchEvent| {
                        tell(FindEvent::Node(&event));
                        if let crate::mbus::SearchEvent::Node(node) = &event
                            && let Seen::Meter(meter) = node.seen
                        {
                            meet(meter, tell);
                        }
                    };
                    line.secondary_search(within, scope.letters, search).await?;
                }
                _ => {}
            }
            Ok(())
        };
        match searched.await {
            Ok(()) => {}
            Err(_) if control.is_stopped() => return Ok(FindEnd::Stopped),
            Err(Fault::Port(fault)) => return Err(fault),
            Err(_) => return Ok(FindEnd::NeverQuiet),
        }
        if control.is_stopped() {
            *stage = number + 1;
            return Ok(FindEnd::Stopped);
        }
    }
    *stage = scope.stages().count();
    Ok(FindEnd::Done)
}
