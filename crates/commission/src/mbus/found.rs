//! Who is on the line: the scan of primary addresses and the search by secondary address.

use alloc::vec::Vec;

use ::mbus::link::address;
use ::mbus::search::{Cost, Order};
use ::mbus::{Application, Finding, Heard as Told, Identity, Mask, Search, Step};
use units::bcd;

use super::candidates::Candidates;
use super::line::{Ask, Fault, Heard, MbusLine};
use super::rows;
use crate::bus::Observer;
use crate::port::Port;

/// How often an address is asked again that only noise answered.
const NOISE_TRIES: u8 = 3;

/// A meter that was found.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Its primary address.
    pub address: u8,
    /// Its secondary address: number, maker, version, medium.
    pub identity: Identity,
    /// The models that it can be, by its header and the records of one telegram.
    pub models: Candidates,
}

impl Found {
    /// Whoever told this telegram; `None` where it does not say who that is.
    pub(super) fn of(address: u8, ci: u8, data: &[u8]) -> Option<Self> {
        let identity = identity_of(ci, data)?;
        Some(Self { address, identity, models: rows::models(ci, data) })
    }

    /// The number as decimal digits; `None` where a digit is none.
    #[must_use]
    pub const fn serial(&self) -> Option<u32> {
        bcd::decode(self.identity.id, 8)
    }
}

/// What a question has shown.
#[derive(Clone, Copy, Debug)]
pub enum Seen {
    /// Nobody is there.
    Silence,
    /// One meter.
    Meter(Found),
    /// Several at once.
    Collision,
    /// Bytes that no meter sends.
    Noise,
    /// Something acknowledges, but tells nothing that could be read.
    Mute,
    /// Several whose secondary addresses are equal, so that nothing tells them apart.
    Twins,
}

/// A step of a scan of primary addresses.
#[derive(Clone, Copy, Debug)]
pub struct ScanEvent {
    /// The address.
    pub address: u8,
    /// What is there.
    pub seen: Seen,
    /// Addresses asked so far.
    pub done: usize,
    /// Addresses in all.
    pub of: usize,
}

/// A node of the search tree that has its outcome.
#[derive(Clone, Copy, Debug)]
pub struct NodeEvent {
    /// The digits and bytes so far.
    pub mask: Mask,
    /// How many of them are fixed by the search: the depth in the tree, 0 to 12.
    pub depth: usize,
    /// What is there. Below [`Seen::Collision`] and [`Seen::Noise`] the tree goes on.
    pub seen: Seen,
    /// True for a meter that was not found before.
    pub new: bool,
    /// How far this round is, in thousandths.
    pub permille: u16,
    /// What this round has cost so far.
    pub cost: Cost,
}

/// What a search tells while it runs.
#[derive(Clone, Copy, Debug)]
pub enum SearchEvent {
    /// A round begins, counted from 1. Each but the last has found meters.
    Round(u8),
    /// A mask is asked: the place in the tree.
    Asks {
        /// The digits and bytes so far.
        mask: Mask,
        /// How many of them are fixed by the search.
        depth: usize,
    },
    /// A node has its outcome.
    Node(NodeEvent),
}

/// What a medium is, in a word (EN 13757-3 table 3).
#[must_use]
pub const fn medium_text(medium: u8) -> &'static str {
    match medium {
        0x00 => "other",
        0x01 => "oil",
        0x02 => "electricity",
        0x03 => "gas",
        0x04 => "heat, return",
        0x05 => "steam",
        0x06 => "warm water",
        0x07 => "water",
        0x08 => "heat cost allocator",
        0x09 => "compressed air",
        0x0A => "cooling, return",
        0x0B => "cooling, flow",
        0x0C => "heat, flow",
        0x0D => "heat and cooling",
        0x0E => "bus or system",
        0x0F => "unknown",
        0x14 => "calorific value",
        0x15 => "hot water",
        0x16 => "cold water",
        0x17 => "dual water",
        0x18 => "pressure",
        0x19 => "A/D converter",
        0x1A => "smoke detector",
        0x1B => "room sensor",
        0x1C => "gas detector",
        0x20 => "breaker",
        0x21 => "valve",
        0x25 => "customer unit",
        0x28 => "waste water",
        0x29 => "garbage",
        0x31 => "communication controller",
        0x36 => "radio converter",
        0x37 => "radio converter, meter side",
        _ => "reserved",
    }
}

/// The secondary address in an answer, where it has one.
pub(super) fn identity_of(ci: u8, data: &[u8]) -> Option<Identity> {
    match Application::parse(ci, data).ok()? {
        Application::Variable { header, .. } => header.identity,
        Application::Fixed(fixed) => Some(fixed.identity()),
        _ => None,
    }
}

impl<P: Port, O: Observer> MbusLine<'_, P, O> {
    /// Asks each address from `first` to `last` (0 to 250) who is there, and tells as it goes. Returns the meters found.
    ///
    /// # Errors
    /// [`Fault::Port`] where the port goes, [`Fault::NeverQuiet`] where others keep talking.
    pub async fn primary_scan(
        &mut self,
        first: u8,
        last: u8,
        progress: &mut dyn FnMut(ScanEvent),
    ) -> Result<Vec<Found>, Fault> {
        let last = last.min(address::LAST);
        let mut found = Vec::new();
        let of = usize::from(last.saturating_sub(first)) + 1;
        for (done, address) in (1..).zip(first..=last) {
            let seen = self.at_address(address).await?;
            if let Seen::Meter(meter) = seen {
                found.push(meter);
            }
            progress(ScanEvent { address, seen, done, of });
        }
        Ok(found)
    }

    /// Who is at a primary address.
    async fn at_address(&mut self, address: u8) -> Result<Seen, Fault> {
        let mut tried = 0;
        loop {
            tried += 1;
            // An acknowledge may be that of several at once: only a telegram shows who it was.
            let heard = match self.ask(Ask::Reset(address)).await? {
                Heard::Ack => self.ask(Ask::Read(address)).await?,
                Heard::Misfit => Heard::Noise { bytes: Vec::new(), line: None },
                other => other,
            };
            let seen = match heard {
                Heard::Silence if tried == 1 => return Ok(Seen::Silence),
                Heard::Data { address, ci, data } => match Found::of(address, ci, &data) {
                    Some(meter) => return Ok(Seen::Meter(meter)),
                    None => return Ok(Seen::Mute),
                },
                Heard::Collision => return Ok(Seen::Collision),
                Heard::Silence | Heard::Ack => Seen::Mute,
                Heard::Noise { .. } | Heard::Misfit | Heard::Raw(_) => Seen::Noise,
            };
            if tried == NOISE_TRIES {
                return Ok(seen);
            }
        }
    }

    /// Searches by secondary address among the meters that `within` selects ([`Mask::ANY`]: all), and tells as it goes.
    /// Returns the meters found. `letters` tries the digits A to E everywhere; without it they are tried where the
    /// decimal ones do not explain what was heard.
    ///
    /// Two equal telegrams in the same bit can hide one another. The meters found are therefore read one by one, which
    /// lets their access numbers part, and the search begins again until nothing new comes.
    ///
    /// # Errors
    /// [`Fault::Port`] where the port goes, [`Fault::NeverQuiet`] where others keep talking.
    pub async fn secondary_search(
        &mut self,
        within: Mask,
        letters: bool,
        progress: &mut dyn FnMut(SearchEvent),
    ) -> Result<Vec<Found>, Fault> {
        let mut found: Vec<Found> = Vec::new();
        for round in 1.. {
            let before = found.len();
            progress(SearchEvent::Round(round));
            self.search_once(within, letters, &mut found, progress).await?;
            if found.len() == before || round == u8::MAX {
                break;
            }
            // A number that a telegram has counted on makes the next one another.
            for meter in &found {
                if matches!(self.ask(Ask::Select(Mask::exactly(meter.identity))).await?, Heard::Ack) {
                    self.ask(Ask::Read(address::SELECTED)).await?;
                }
            }
        }
        // Nobody stays selected.
        self.ask(Ask::Reset(address::SELECTED)).await?;
        Ok(found)
    }

    async fn search_once(
        &mut self,
        within: Mask,
        letters: bool,
        found: &mut Vec<Found>,
        progress: &mut dyn FnMut(SearchEvent),
    ) -> Result<(), Fault> {
        let mut search = Search::within(Order::LastFirst, within);
        if letters {
            search = search.with_letters();
        }
        loop {
            let (mask, depth) = (search.mask(), search.depth());
            let step = search.step();
            let heard = match step {
                Step::Done => return Ok(()),
                Step::Select(mask) => {
                    progress(SearchEvent::Asks { mask, depth });
                    self.ask(Ask::Select(mask)).await?
                }
                Step::Read(_) => self.ask(Ask::Read(address::SELECTED)).await?,
            };
            let mut who = None;
            let told = match heard {
                Heard::Silence => Told::Silence,
                Heard::Ack => Told::Ack,
                Heard::Collision => Told::Collision,
                Heard::Data { address, ci, data } => match Found::of(address, ci, &data) {
                    Some(meter) => {
                        who = Some(meter);
                        Told::Identity(meter.identity)
                    }
                    None => Told::Noise,
                },
                Heard::Noise { .. } | Heard::Misfit | Heard::Raw(_) => Told::Noise,
            };
            let finding = search.handle(told);
            let mut new = false;
            let seen = match (finding, told) {
                (Some(Finding::Meter(identity)), _) => {
                    let bare = Found { address: 0, identity, models: Candidates::of(identity) };
                    let meter = who.filter(|who| who.identity == identity).unwrap_or(bare);
                    new = !found.iter().any(|other| other.identity == identity);
                    if new {
                        found.push(meter);
                    }
                    Seen::Meter(meter)
                }
                (Some(Finding::Twins(_)), _) => Seen::Twins,
                (Some(Finding::Mute(_)), _) => Seen::Mute,
                // The same mask is asked again, or read.
                (None, _) if search.mask() == mask && search.step() != Step::Done => continue,
                (None, Told::Silence) => Seen::Silence,
                (None, Told::Noise) => Seen::Noise,
                (None, _) => Seen::Collision,
            };
            let (permille, cost) = (search.permille(), search.cost());
            progress(SearchEvent::Node(NodeEvent { mask, depth, seen, new, permille, cost }));
        }
    }
}
