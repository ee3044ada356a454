//! The search over an M-Bus: by number at every speed, which tells meters with one address apart, then by address.

use commission::find::{FindEnd, FindEvent, Finding, Leash, MbusScope, find_mbus};
use commission::mbus::{MbusLine, MbusMemory, MbusTiming, ScanEvent, SearchEvent, Seen, mask_text};
use commission::{Port as _, PortFault};
use units::LineParams;

use super::Find;
use super::results::Remark;

/// The addresses of meters, first and last.
const ADDRESSES: (u8, u8) = (0, 250);
/// How many speeds are asked address by address unless all are to be: it takes long, and the likely ones stand first.
const LIKELY: usize = 2;

/// What is looked at, one after the other.
pub fn in_their_order(scope: MbusScope, thorough: bool) -> Vec<MbusScope> {
    let many = if thorough { scope.speeds.len() } else { LIKELY };
    let speeds = scope.speeds.iter().copied().take(many).collect();
    let by_address = MbusScope { speeds, secondary: None, primary: Some(ADDRESSES), letters: scope.letters };
    Vec::from([scope, by_address])
}

/// A search and the place in it.
pub struct MbusSearch {
    scopes: Vec<MbusScope>,
    /// Which of them, and which stage of it.
    at: (usize, usize),
    found: Vec<Finding>,
}

impl MbusSearch {
    /// From the start.
    pub const fn new(scopes: Vec<MbusScope>) -> Self {
        Self { scopes, at: (0, 0), found: Vec::new() }
    }

    /// All stages: a speed, and whether by address.
    pub fn stages(&self) -> Vec<(u32, bool)> {
        self.scopes.iter().flat_map(MbusScope::stages).collect()
    }

    /// Goes on to the end: how it ended, and whether an echo was heard.
    pub async fn run(&mut self, view: &Find) -> Result<(FindEnd, bool), PortFault> {
        let all = self.stages();
        let mut line = view.cabinet.way().line.clone();
        let at = LineParams::even(all.first().map_or(2_400, |(baud, _)| *baud));
        // Other work may have set the port meanwhile.
        line.reconfigure(at).await?;
        let mut memory = Box::<MbusMemory>::default();
        let leash = Leash::new(line, view.control.clone());
        let mut bus =
            MbusLine::new(leash, &mut memory, at, MbusTiming::default(), view.cabinet.frames.clone());
        let mut end = FindEnd::Done;
        while let Some(scope) = self.scopes.get(self.at.0) {
            let before: usize = self.scopes.iter().take(self.at.0).map(|scope| scope.stages().count()).sum();
            let stages: Vec<(u32, bool)> = scope.stages().collect();
            let first = self.at.1;
            let (mut number, mut begun) = (first, false);
            let tell = &mut |event: FindEvent<'_>| {
                match &event {
                    FindEvent::Speed(_) => {
                        number = if begun { number + 1 } else { first };
                        begun = true;
                    }
                    FindEvent::Found(_) => view.take(&event),
                    _ => {}
                }
                let stage = stages.get(number).copied().unwrap_or_default();
                heard(view, stage, before + number, all.len(), &event);
            };
            end = find_mbus(&mut bus, scope, &view.control, &mut self.at.1, &mut self.found, tell).await?;
            if end != FindEnd::Done {
                break;
            }
            self.at = (self.at.0 + 1, 0);
        }
        Ok((end, bus.heard_echo()))
    }
}

/// Shows how far it is, and what was met that is no meter.
fn heard(view: &Find, (baud, by_address): (u32, bool), number: usize, of: usize, event: &FindEvent<'_>) {
    let (permille, what) = match event {
        FindEvent::Node(SearchEvent::Node(node)) => {
            if let Seen::Twins = node.seen {
                view.field.hurt(baud, by_address);
                view.remark(Remark::plain(
                    &format!("Several meters with one number, at {baud} Bd"),
                    &format!("Meters answer at {} and cannot be told apart.", mask_text(node.mask)),
                    "Two meters have the same secondary address.",
                    "Take one of them off the bus and give the other a new number.",
                ));
            }
            (u32::from(node.permille), format!("By number at {baud} Bd"))
        }
        FindEvent::Scan(ScanEvent { address, seen, done, of }) => {
            if let Seen::Collision = seen {
                view.field.hurt(baud, by_address);
                view.remark(Remark::plain(
                    &format!("Several meters at address {address}, {baud} Bd"),
                    &format!("Answers from address {address} come at once and destroy each other."),
                    "Two meters have the same address.",
                    "Those found by number can be set up all the same: give one of them another address.",
                ));
            }
            let permille = u32::try_from(done * 1_000 / (*of).max(1)).unwrap_or(0);
            (permille, format!("Address {address} at {baud} Bd"))
        }
        _ => return,
    };
    view.field.reached(baud, by_address, permille);
    let count = u32::try_from(of).unwrap_or(1).max(1);
    let whole = (u32::try_from(number).unwrap_or(0) * 1_000 + permille) / count;
    let found = view.cabinet.found.with_untracked(|found| found.len());
    view.cabinet.work.tell(&format!("{what}, {found} found"), Some(whole), view.cabinet.now());
}
