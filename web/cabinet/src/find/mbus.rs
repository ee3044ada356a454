//! The search over an M-Bus: by number at every speed, which tells meters with one address apart, then by address.

use commission::find::{FindEnd, FindEvent, Finding, Leash, MbusScope, find_mbus};
use commission::mbus::{MbusLine, MbusMemory, MbusTiming, ScanEvent, SearchEvent, Seen, mask_text};
use commission::{Port as _, PortFault};
use mbus::search::Cost;
use units::{Duration, LineParams};

use super::Find;
use super::results::Remark;

/// The addresses of meters, first and last.
const ADDRESSES: (u8, u8) = (0, 250);

/// What is looked at, one after the other: by address at the speeds in the same order, since a meter that answers to no number
/// may have any of them. The slow ones, which take most of the time, stand last.
pub fn in_their_order(scope: MbusScope) -> Vec<MbusScope> {
    let by_address = MbusScope { secondary: None, primary: Some(ADDRESSES), ..scope.clone() };
    Vec::from([scope, by_address])
}

/// What each stage takes where nobody answers, as most of them do not.
fn times(scope: &MbusScope) -> impl Iterator<Item = Duration> + '_ {
    scope.stages().map(|stage| scope.silent_time(stage, MbusTiming::default()))
}

/// How long the stages of a search take.
struct Pace(Vec<Duration>);

impl Pace {
    /// Of one stage.
    fn of(&self, number: usize) -> Duration {
        self.0.get(number).copied().unwrap_or(Duration::ZERO)
    }

    /// Of all stages behind one.
    fn behind(&self, number: usize) -> Duration {
        self.0.iter().skip(number + 1).fold(Duration::ZERO, |sum, one| sum + *one)
    }

    /// Thousandths of the whole, where so many of a stage are done.
    fn whole(&self, number: usize, permille: u32) -> u32 {
        let before = self.0.iter().take(number).fold(Duration::ZERO, |sum, one| sum + *one);
        let all = (before + self.of(number) + self.behind(number)).as_micros().max(1);
        let done = before.times(1_000) + self.of(number).times(u64::from(permille));
        u32::try_from(done.as_micros() / all).unwrap_or(1_000)
    }
}

/// How long a search by number still takes at a speed, by what this round has cost: one that found somebody is followed by another.
fn rounds_left(cost: Cost, permille: u32, question: Duration) -> Duration {
    let part = u64::from(permille.clamp(1, 1_000));
    let rest = 1_000 - part + if cost.found > 0 { 1_000 } else { 0 };
    Duration::from_micros(question.times(u64::from(cost.selects)).as_micros() * rest / part)
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
        let pace = Pace(self.scopes.iter().flat_map(times).collect());
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
                heard(view, stage, before + number, &pace, &event);
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
fn heard(view: &Find, (baud, by_address): (u32, bool), number: usize, pace: &Pace, event: &FindEvent<'_>) {
    let (permille, here, what) = match event {
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
            let permille = u32::from(node.permille);
            let here = rounds_left(node.cost, permille, pace.of(number));
            (permille, here, format!("By number at {baud} Bd"))
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
            let here =
                pace.of(number).times(1_000_u64.saturating_sub(u64::from(permille))).as_micros() / 1_000;
            (permille, Duration::from_micros(here), format!("Address {address} at {baud} Bd"))
        }
        _ => return,
    };
    view.field.reached(baud, by_address, permille);
    let found = view.cabinet.found.with_untracked(|found| found.len());
    let left = here + pace.behind(number);
    view.cabinet.work.expect(&format!("{what}, {found} found"), pace.whole(number, permille), left);
}
