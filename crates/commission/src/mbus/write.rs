//! Writing a plan and proving each step of it, as far as the telegram of the meter shows it.
//!
//! An acknowledge proves nothing. The primary address, the number and the speed are read back. What no telegram shows
//! ends as [`Outcome::Acknowledged`] at best; the status of the next telegram tells a refusal (02).

use alloc::vec::Vec;

use ::mbus::Identity;
use models::Entry;
use schema::SettingId;
use units::{Duration, bcd};

use super::candidates::fits;
use super::line::{Address, Ask, Fault, Heard, MbusLine, Place, READ_TRIES};
use super::plan::{self, Plan};
use super::read::Told;
use crate::bus::Observer;
use crate::journal::{Journal, JournalEntry, JournalFault, Mark};
use crate::plan::Action;
use crate::port::Port;
use crate::report::{self, Way as _, Writes};
use ::mbus::Mask;

/// How long a meter gets to change its line after its answer.
const SETTLE: Duration = Duration::from_millis(100);
/// How often a setting is sent that leaves no certainty behind and may be sent again.
const WRITE_TRIES: u8 = 3;
/// The status bits that tell an error (EN 13757-3 table 4).
const STATUS_ERRORS: u8 = 0x03;
/// So far an access number may have counted on between two telegrams that we have seen.
const ACCESS_STEP: u8 = 8;

/// What became of a step; a refusal is the status in the telegram that told it.
pub type Outcome = report::Outcome<u8, Doubt, Obstacle>;

/// Why a step was not sent.
pub type Obstacle = report::Obstacle<Fault, Identity>;

/// One step and what became of it.
pub type StepReport = report::StepReport<Place, Outcome>;

/// How a plan goes on.
pub type WriteProgress<'a> = report::WriteProgress<'a, StepReport>;

/// Why a step that was sent is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// The meter could not be read afterwards.
    NoReadBack(Fault),
    /// Another meter answers now.
    OtherMeter(Identity),
    /// It answers neither at its new place nor at its old one.
    SilentAtBoth {
        /// What was heard at the new one.
        new: Fault,
        /// What was heard at the old one.
        old: Fault,
    },
    /// It answers at its new place and at its old one.
    AnswersTwice,
    /// Nobody acknowledged, and the telegram does not show the value.
    NotAcknowledged,
    /// It was acknowledged, but the telegram that would tell a refusal was lost.
    StatusLost,
    /// It was acknowledged, but the meter told an error before already, so that a refusal cannot be told from it.
    StatusBefore,
}

/// What of an action the telegram shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Address,
    Number,
    Speed,
    Nothing,
}

const fn shown(action: &Action) -> Shown {
    match action {
        Action::Set { setting, .. } => match setting.id {
            SettingId::MbusId => Shown::Address,
            SettingId::Serial => Shown::Number,
            SettingId::MbusBaud => Shown::Speed,
            _ => Shown::Nothing,
        },
        Action::Give(_) => Shown::Nothing,
    }
}

/// True where a meter's telegrams show what an action has done, so that asking the meter makes it certain.
#[must_use]
pub fn shows(action: &Action) -> bool {
    shown(action) != Shown::Nothing
}

/// What one telegram says of the meter.
#[derive(Clone, Copy)]
pub(super) struct Head {
    address: u8,
    pub(super) identity: Identity,
    access: u8,
    status: u8,
    tries: u8,
}

pub(super) enum Seen {
    Head(Head),
    Nameless,
    Failed(Fault),
}

pub(super) struct Writer<'a, 'm, P, O, J> {
    pub(super) line: &'a mut MbusLine<'m, P, O>,
    pub(super) journal: &'a mut J,
    pub(super) entry: &'static Entry,
    /// The meter that is meant; known after the first telegram.
    pub(super) identity: Option<Identity>,
    pub(super) place: Place,
}

impl<P: Port, O: Observer> MbusLine<'_, P, O> {
    /// Writes all steps of `plan` in order and proves each as far as the telegram shows it. It stops at the first step
    /// whose outcome is unknown; one that was acknowledged and cannot be read back does not stop it.
    ///
    /// The line is left at the speed at which the meter was last heard. Returned are one report for each step, and where
    /// the meter is spoken to now.
    pub async fn write_plan<J: Journal>(
        &mut self,
        plan: &Plan,
        journal: &mut J,
        progress: &mut dyn FnMut(WriteProgress<'_>),
    ) -> (Vec<StepReport>, Place) {
        let (entry, identity, place) = (plan.entry, plan.identity, plan.place);
        let mut writer = Writer { line: self, journal, entry, identity, place };
        let reports = report::write_all(&mut writer, plan, None, progress).await;
        (reports, writer.place)
    }
}

impl<P: Port, O: Observer, J: Journal> Writes<Plan> for Writer<'_, '_, P, O, J> {
    fn place(&self) -> Place {
        self.place
    }

    async fn step(&mut self, _number: usize, report: &mut StepReport) {
        let head = match self.head(report.old.address).await {
            Seen::Head(head) => head,
            Seen::Nameless => return report.not_sent(Obstacle::Nameless),
            Seen::Failed(fault) => return report.not_sent(Obstacle::Fault(fault)),
        };
        let meant = match self.identity {
            Some(wanted) => wanted == head.identity,
            None => fits(self.entry, head.identity),
        };
        if !meant {
            return report.not_sent(Obstacle::OtherMeter(head.identity));
        }
        self.identity = Some(head.identity);
        if let Address::Primary(_) = report.old.address {
            // Whoever was asked as "the only one" is spoken to by name from here on.
            report.old.address = Address::Primary(head.address);
            report.new = plan::place_after(&report.action, report.old);
            self.place = report.old;
        }
        report.from = self.value(&report.action, &head);
        let wanted = wanted(&report.action);
        if report.from.is_some() && report.from == wanted {
            report.outcome = Outcome::Confirmed { read: wanted.unwrap_or(0) };
            return;
        }
        match self.taken(report).await {
            Ok(false) => {}
            Ok(true) => return report.not_sent(Obstacle::Taken),
            Err(fault) => return report.not_sent(Obstacle::Fault(fault)),
        }
        let again = shown(&report.action) == Shown::Nothing && matches!(report.action, Action::Set { .. });
        let mut before = head;
        for attempt in 1..=if again { WRITE_TRIES } else { 1 } {
            let acknowledged = match self.send(report).await {
                Ok(acknowledged) => acknowledged,
                // An attempt before this one went out, and what became of it is known.
                Err(_) if report.sent => break,
                Err(why) => return report.not_sent(why),
            };
            report.outcome = match acknowledged {
                Err(fault) => Outcome::Unknown { why: Doubt::NoReadBack(fault) },
                Ok(acknowledged) if shown(&report.action) == Shown::Nothing => {
                    self.judge(report, &mut before, acknowledged).await
                }
                Ok(acknowledged) => self.follow(report, before.status, acknowledged).await,
            };
            let lost = matches!(
                &report.outcome,
                Outcome::Unknown { why: Doubt::NotAcknowledged | Doubt::StatusLost }
            );
            if !lost || attempt == WRITE_TRIES {
                break;
            }
        }
        self.note(report).await;
    }
}

impl<P: Port, O: Observer, J: Journal> Writer<'_, '_, P, O, J> {
    /// One telegram of the meter.
    pub(super) async fn head(&mut self, address: Address) -> Seen {
        match self.line.reach(address).await {
            Ok(()) => self.next_head(address).await,
            Err(fault) => Seen::Failed(fault),
        }
    }

    /// One telegram of the meter that was reached before.
    async fn next_head(&mut self, address: Address) -> Seen {
        match self.line.told(address, READ_TRIES, 0).await {
            Ok(Told { address, header, tries, .. }) => match header.identity {
                Some(identity) => Seen::Head(Head {
                    address,
                    identity,
                    access: header.access,
                    status: header.status,
                    tries,
                }),
                None => Seen::Nameless,
            },
            Err(fault) => Seen::Failed(fault),
        }
    }

    /// What a telegram shows of an action.
    pub(super) fn value(&self, action: &Action, head: &Head) -> Option<i64> {
        match shown(action) {
            Shown::Address => Some(i64::from(head.address)),
            Shown::Number => bcd::decode(head.identity.id, 8).map(i64::from),
            Shown::Speed => Some(i64::from(self.line.line().baud)),
            Shown::Nothing => None,
        }
    }

    /// True where something answers at the wanted address or number already.
    async fn taken(&mut self, report: &StepReport) -> Result<bool, Fault> {
        let Action::Set { value, .. } = report.action else { return Ok(false) };
        let ask = match (shown(&report.action), report.old.address) {
            // Address 0 is that of all meters that nobody has configured yet.
            (Shown::Address, Address::Secondary(_)) if value == 0 => return Ok(false),
            (Shown::Address, _) => Ask::Reset(u8::try_from(value).unwrap_or(0)),
            (Shown::Number, _) => match self.identity {
                Some(identity) => Ask::Select(Mask::exactly(plan::renumbered(identity, value))),
                None => return Ok(false),
            },
            _ => return Ok(false),
        };
        Ok(!matches!(self.line.ask(ask).await?, Heard::Silence))
    }

    /// Writes the intention down, then sends the step once. True where it was acknowledged.
    async fn send(&mut self, report: &mut StepReport) -> Result<Result<bool, Fault>, Obstacle> {
        let Some((ci, data)) = plan::frame(self.entry, &report.action) else {
            return Err(Obstacle::Fault(Fault::NoFrame(::mbus::FrameFault::Truncated { found: 0 })));
        };
        // Before the intention stands: a meter that cannot be reached is sent nothing, and leaves nothing to be asked later.
        self.line.reach(report.old.address).await.map_err(Obstacle::Fault)?;
        let mark = Mark::Intend { value: wanted(&report.action).unwrap_or(0), from: report.from };
        self.record(&report.action, mark).await.map_err(Obstacle::Journal)?;
        let to = report.old.address.byte();
        match self.line.ask(Ask::Send { to, ci, data: &data }).await {
            Err(fault) if fault.nothing_sent() => Err(Obstacle::Fault(fault)),
            Err(fault) => {
                report.sent = true;
                Ok(Err(fault))
            }
            Ok(heard) => {
                report.sent = true;
                Ok(Ok(matches!(heard, Heard::Ack)))
            }
        }
    }

    /// The outcome of what no telegram shows, by the status of the next one.
    async fn judge(&mut self, report: &StepReport, before: &mut Head, acknowledged: bool) -> Outcome {
        let unknown = |why| Outcome::Unknown { why };
        let head = match self.head(report.old.address).await {
            Seen::Head(head) => head,
            Seen::Nameless => return unknown(Doubt::NoReadBack(Fault::Misfit)),
            Seen::Failed(fault) => return unknown(Doubt::NoReadBack(fault)),
        };
        if self.identity != Some(head.identity) {
            return unknown(Doubt::OtherMeter(head.identity));
        }
        // A telegram that was sent and lost on its way took the news of a refusal with it, as did a power-down.
        let step = head.access.wrapping_sub(before.access);
        let lost = head.tries > 1 || step == 0 || step > ACCESS_STEP;
        let was_bad = before.status & STATUS_ERRORS != 0;
        *before = head;
        match (head.status & STATUS_ERRORS != 0, was_bad) {
            (true, false) => Outcome::Refused { why: head.status, still: report.from },
            (true, true) if acknowledged => unknown(Doubt::StatusBefore),
            _ if !acknowledged => unknown(Doubt::NotAcknowledged),
            _ if lost => unknown(Doubt::StatusLost),
            _ => Outcome::Acknowledged,
        }
    }

    /// Goes where the meter should be now; where it is silent there, back to where it was; and once more.
    async fn follow(&mut self, report: &StepReport, status_before: u8, acknowledged: bool) -> Outcome {
        let Some(identity) = self.identity else {
            return Outcome::Unknown { why: Doubt::NoReadBack(Fault::Misfit) };
        };
        let (value, after) = match (report.action, shown(&report.action)) {
            (Action::Set { value, .. }, Shown::Number) => {
                (i64::from(value), plan::renumbered(identity, value))
            }
            (Action::Set { value, .. }, _) => (i64::from(value), identity),
            _ => (0, identity),
        };
        let (mut new_fault, mut old_fault, mut other) = (None, None, None);
        for place in [report.new, report.old, report.new, report.old] {
            match self.settled(place, &report.action, value).await {
                Seen::Head(head)
                    if head.identity == after && self.value(&report.action, &head) == Some(value) =>
                {
                    self.identity = Some(after);
                    self.place = report.new;
                    return if self.answers_there_too(report, after).await {
                        Outcome::Unknown { why: Doubt::AnswersTwice }
                    } else {
                        Outcome::Confirmed { read: value }
                    };
                }
                Seen::Head(head) if head.identity == identity => {
                    self.place = place;
                    let refused = head.status & STATUS_ERRORS != 0 && status_before & STATUS_ERRORS == 0;
                    let reads = self.value(&report.action, &head).or(report.from).unwrap_or(0);
                    return if refused {
                        Outcome::Refused { why: head.status, still: report.from }
                    } else {
                        Outcome::NotTaken { reads, accepted: acknowledged }
                    };
                }
                Seen::Head(head) => other = Some(head.identity),
                Seen::Nameless => {}
                Seen::Failed(Fault::Port(fault)) => {
                    return Outcome::Unknown { why: Doubt::NoReadBack(Fault::Port(fault)) };
                }
                Seen::Failed(fault) if place == report.new => new_fault = new_fault.or(Some(fault)),
                Seen::Failed(fault) => old_fault = old_fault.or(Some(fault)),
            }
        }
        match (other, new_fault, old_fault) {
            (Some(other), _, _) => Outcome::Unknown { why: Doubt::OtherMeter(other) },
            (None, Some(new), Some(old)) => Outcome::Unknown { why: Doubt::SilentAtBoth { new, old } },
            (None, Some(fault), None) | (None, None, Some(fault)) => {
                Outcome::Unknown { why: Doubt::NoReadBack(fault) }
            }
            (None, None, None) => Outcome::Unknown { why: Doubt::NoReadBack(Fault::Misfit) },
        }
    }

    /// A telegram at a place; a second one where the first does not show the wanted value, since a meter that takes the
    /// question for a repeated one tells its last telegram again.
    async fn settled(&mut self, place: Place, action: &Action, value: i64) -> Seen {
        if let Err(fault) = self.go(place).await {
            return Seen::Failed(fault);
        }
        match self.head(place.address).await {
            Seen::Head(head) if self.value(action, &head) != Some(value) => {
                match self.next_head(place.address).await {
                    // The refusal stands in the first telegram only.
                    Seen::Head(next) => Seen::Head(Head { status: next.status | head.status, ..next }),
                    other => other,
                }
            }
            seen => seen,
        }
    }

    /// True where the meter still answers at the primary address that it should have left.
    async fn answers_there_too(&mut self, report: &StepReport, identity: Identity) -> bool {
        let (Shown::Address, old @ Address::Primary(address)) = (shown(&report.action), report.old.address)
        else {
            return false;
        };
        match self.line.ask(Ask::Reset(address)).await {
            Ok(Heard::Silence) | Err(_) => false,
            Ok(_) => matches!(self.head(old).await, Seen::Head(head) if head.identity == identity),
        }
    }

    pub(super) async fn go(&mut self, place: Place) -> Result<(), Fault> {
        if self.line.line() != place.line {
            self.line.reconfigure(place.line).await?;
        }
        self.line.wait(SETTLE).await
    }

    pub(super) async fn note(&mut self, report: &mut StepReport) {
        let Some(mark) = report.outcome.mark(Plan::code) else { return };
        // What the meter said stays true where the journal fails; its last line then still says "intend".
        let _ = self.record(&report.action, mark).await;
    }

    async fn record(&mut self, action: &Action, mark: Mark) -> Result<(), JournalFault> {
        let serial = self.identity.and_then(|identity| bcd::decode(identity.id, 8)).unwrap_or(0);
        let entry = JournalEntry { at: self.line.now(), serial, key: plan::key(action), mark };
        self.journal.record(&entry).await
    }
}

pub(super) fn wanted(action: &Action) -> Option<i64> {
    match action {
        Action::Set { value, .. } => Some(i64::from(*value)),
        Action::Give(_) => None,
    }
}
