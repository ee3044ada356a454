//! Writing a plan and proving each step of it.
//!
//! A step is confirmed by one thing only: a read-back in which the meter of the plan's serial number reports the wanted
//! value. An answer to the write, and even less an echo of it, proves nothing.

use alloc::string::ToString;
use alloc::vec::Vec;
use modbus::{Exception, Request};
use schema::RegisterDef;
use units::Duration;

use crate::bus::{Bus, Fault, Place, READ_TRIES};
use crate::journal::{Journal, JournalEntry, Mark};
use crate::names;
use crate::plan::{Action, Plan, Step};
use crate::read::{self, Span};
use crate::report::{self, Way as _, Writes};

/// How long a doubtful line is listened to before it is asked again: longer than answers are late.
const DRAIN: Duration = Duration::from_secs(1);
/// How long a meter gets to change its line after its answer.
const SETTLE: Duration = Duration::from_millis(100);
/// How often a harmless setting is sent whose read-back shows that it never arrived.
const WRITE_TRIES: u8 = 3;

/// What became of a step; a refusal is the exception that the meter answered with.
pub type Outcome = report::Outcome<Exception, Doubt, Obstacle>;

/// Why a step was not sent; a meter is named by the last eight digits of its serial number.
pub type Obstacle = report::Obstacle<Fault, u32>;

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
    OtherMeter {
        /// The last eight digits of its serial number.
        serial: u32,
    },
    /// It answers neither at its new setting nor at its old one.
    SilentAtBoth {
        /// What was heard at the new one.
        new: Fault,
        /// What was heard at the old one.
        old: Fault,
    },
    /// The meter reports the new value, but still speaks as before.
    NotInForce {
        /// What was read back.
        reads: i64,
    },
    /// The registers read back hold no value.
    Unreadable,
}

/// What one read-back showed.
pub(crate) struct Seen {
    words: Vec<u16>,
    pub(crate) value: i64,
}

pub(crate) enum ReadBack {
    Seen(Seen),
    Other(u32),
    Unreadable,
    Failed(Fault),
}

pub(crate) struct Writer<'a, B, J> {
    pub(crate) bus: &'a mut B,
    pub(crate) journal: &'a mut J,
    pub(crate) plan: &'a Plan,
    pub(crate) serial: u32,
}

/// Writes all steps of `plan` in order and proves each. It stops at the first step whose outcome is unknown.
///
/// The bus is left where the meter was last heard. One report is returned for each step.
pub async fn write_plan<B: Bus, J: Journal>(
    bus: &mut B,
    plan: &Plan,
    journal: &mut J,
    progress: &mut dyn FnMut(WriteProgress<'_>),
) -> Vec<StepReport> {
    let (serial, stopped) = match who(bus, plan).await {
        Ok(serial) => (serial, None),
        Err(why) => (0, Some(why)),
    };
    let mut writer = Writer { bus, journal, plan, serial };
    report::write_all(&mut writer, plan, stopped, progress).await
}

/// The serial number of the meter that answers, which must be the one of the plan.
async fn who<B: Bus>(bus: &mut B, plan: &Plan) -> Result<u32, Obstacle> {
    let span = Span { addr: plan.serial_row.addr, count: plan.serial_row.codec.words() };
    let request = Request::ReadHolding { address: span.addr, count: span.count };
    let answer = bus.exchange(&request, READ_TRIES).await.map_err(Obstacle::Fault)?;
    let serial = serial_of(plan, &answer.words).ok_or(Obstacle::Nameless)?;
    match plan.serial {
        Some(wanted) if wanted != serial => Err(Obstacle::OtherMeter(serial)),
        _ => {
            if bus.place().unit == 0 && answer.unit != 0 {
                // A write to id 0 would reach every meter on the line.
                bus.set_unit(answer.unit);
            }
            Ok(serial)
        }
    }
}

fn serial_of(plan: &Plan, words: &[u16]) -> Option<u32> {
    let value = names::decode(plan.entry, plan.serial_row, words).ok()?;
    u32::try_from(value).ok()
}

/// The value in the registers of `row`. One ppm is allowed where the register holds a float.
fn value_of(plan: &Plan, step: &Step, words: &[u16], form: Option<i32>) -> Option<i64> {
    let row: &RegisterDef = step.register;
    if let Action::Set { setting, value } = step.action {
        let pair = [words.first().copied()?, words.get(1).copied().unwrap_or(0)];
        if row.codec.matches(pair, i64::from(value), setting.unit) {
            return Some(i64::from(value));
        }
    }
    names::decode_in(plan.entry, row, words, form).ok()
}

impl<B: Bus, J: Journal> Writes<Plan> for Writer<'_, B, J> {
    fn place(&self) -> Place {
        self.bus.place()
    }

    async fn step(&mut self, number: usize, report: &mut StepReport) {
        let plan = self.plan;
        let Some(step) = plan.steps.get(number) else { return };
        match self.read_back(step).await {
            ReadBack::Seen(seen) => {
                report.from = Some(seen.value);
                if is_done(step, &seen, None) {
                    report.outcome = Outcome::Confirmed { read: seen.value };
                    return;
                }
            }
            ReadBack::Other(serial) => return report.not_sent(Obstacle::OtherMeter(serial)),
            ReadBack::Unreadable => {}
            ReadBack::Failed(fault @ Fault::Refused(_)) if read::does_not_exist(&fault) => {}
            ReadBack::Failed(fault) => return report.not_sent(Obstacle::Fault(fault)),
        }
        if report.new.unit != report.old.unit && self.is_taken(report).await {
            return report.not_sent(Obstacle::Taken);
        }
        let once = step.action.moves() || matches!(step.action, Action::Give(_));
        for attempt in 1..=if once { 1 } else { WRITE_TRIES } {
            let answer = match self.send(step, report).await {
                Ok(answer) => answer,
                // An attempt before this one went out, and what became of it is known.
                Err(_) if report.sent => break,
                Err(why) => return report.not_sent(why),
            };
            report.outcome = self.judge(step, report, answer).await;
            let lost = matches!(report.outcome, Outcome::NotTaken { accepted: false, .. });
            if !lost || attempt == WRITE_TRIES {
                break;
            }
        }
        self.note(step, report).await;
    }
}

impl<B: Bus, J: Journal> Writer<'_, B, J> {
    /// Writes the intention down, then sends the step once.
    async fn send(&mut self, step: &Step, report: &mut StepReport) -> Result<Result<(), Fault>, Obstacle> {
        let value = match step.action {
            Action::Set { value, .. } => i64::from(value),
            Action::Give(_) => 0,
        };
        self.record(step, Mark::Intend { value, from: report.from }).await.map_err(Obstacle::Journal)?;
        let address = step.register.addr;
        let answer = match step.words.as_slice() {
            [value] => self.bus.exchange(&Request::WriteSingle { address, value: *value }, 1).await,
            words => {
                let words = modbus::Words::from_slice(words);
                self.bus.exchange(&Request::WriteMultiple { address, words }, 1).await
            }
        };
        match answer {
            Err(fault) if fault.nothing_sent() && !report.sent => Err(Obstacle::Fault(fault)),
            answer => {
                report.sent = true;
                Ok(answer.map(|_| ()))
            }
        }
    }

    async fn judge(&mut self, step: &Step, report: &StepReport, answer: Result<(), Fault>) -> Outcome {
        let moves = report.new != report.old;
        if let Err(Fault::Refused(exception)) = answer {
            match self.settled(step, report).await {
                // What was heard was the refusal of an older question.
                ReadBack::Seen(seen) if is_done(step, &seen, report.from) && !moves => {
                    return Outcome::Confirmed { read: seen.value };
                }
                ReadBack::Seen(seen) if !is_done(step, &seen, report.from) => {
                    return Outcome::Refused { why: exception, still: Some(seen.value) };
                }
                _ if !moves => return Outcome::Refused { why: exception, still: None },
                _ => {}
            }
        }
        let accepted = answer.is_ok();
        if moves {
            return self.follow(step, report, accepted).await;
        }
        match self.settled(step, report).await {
            ReadBack::Seen(seen) if is_done(step, &seen, report.from) => {
                Outcome::Confirmed { read: seen.value }
            }
            ReadBack::Seen(seen) => Outcome::NotTaken { reads: seen.value, accepted },
            ReadBack::Other(serial) => Outcome::Unknown { why: Doubt::OtherMeter { serial } },
            ReadBack::Unreadable => Outcome::Unknown { why: Doubt::Unreadable },
            ReadBack::Failed(fault) => Outcome::Unknown { why: Doubt::NoReadBack(fault) },
        }
    }

    /// A read-back that is asked again, after listening, where it does not show the wanted value: it may have been
    /// the late answer to an older question.
    pub(crate) async fn settled(&mut self, step: &Step, report: &StepReport) -> ReadBack {
        let first = self.read_back(step).await;
        if matches!(&first, ReadBack::Seen(seen) if is_done(step, seen, report.from)) {
            return first;
        }
        if matches!(&first, ReadBack::Failed(Fault::Port(_))) {
            return first;
        }
        if let Err(fault) = self.bus.wait(DRAIN).await {
            return ReadBack::Failed(fault);
        }
        self.read_back(step).await
    }

    /// Goes where the meter should be now; where it is silent there, back to where it was; and once more.
    async fn follow(&mut self, step: &Step, report: &StepReport, accepted: bool) -> Outcome {
        let mut new_fault = None;
        let mut old_fault = None;
        for place in [report.new, report.old, report.new, report.old] {
            let there = match self.go(place).await {
                Ok(()) => self.settled(step, report).await,
                Err(fault) => ReadBack::Failed(fault),
            };
            match there {
                ReadBack::Failed(Fault::Port(fault)) => {
                    return Outcome::Unknown { why: Doubt::NoReadBack(Fault::Port(fault)) };
                }
                ReadBack::Seen(seen) if is_done(step, &seen, report.from) => {
                    return if place == report.new {
                        Outcome::Confirmed { read: seen.value }
                    } else {
                        Outcome::Unknown { why: Doubt::NotInForce { reads: seen.value } }
                    };
                }
                ReadBack::Seen(seen) => return Outcome::NotTaken { reads: seen.value, accepted },
                ReadBack::Other(serial) if place == report.new => {
                    // Somebody else lives there; ours may still be where it was.
                    if let Some(outcome) = self.ask_old(step, report, accepted).await {
                        return outcome;
                    }
                    return Outcome::Unknown { why: Doubt::OtherMeter { serial } };
                }
                ReadBack::Other(serial) => return Outcome::Unknown { why: Doubt::OtherMeter { serial } },
                ReadBack::Unreadable => return Outcome::Unknown { why: Doubt::Unreadable },
                ReadBack::Failed(fault) if place == report.new => new_fault = new_fault.or(Some(fault)),
                ReadBack::Failed(fault) => old_fault = old_fault.or(Some(fault)),
            }
        }
        match (new_fault, old_fault) {
            (Some(new), Some(old)) => Outcome::Unknown { why: Doubt::SilentAtBoth { new, old } },
            _ => Outcome::Unknown { why: Doubt::Unreadable },
        }
    }

    async fn ask_old(&mut self, step: &Step, report: &StepReport, accepted: bool) -> Option<Outcome> {
        self.go(report.old).await.ok()?;
        match self.settled(step, report).await {
            ReadBack::Seen(seen) if is_done(step, &seen, report.from) => {
                Some(Outcome::Unknown { why: Doubt::NotInForce { reads: seen.value } })
            }
            ReadBack::Seen(seen) => Some(Outcome::NotTaken { reads: seen.value, accepted }),
            _ => None,
        }
    }

    pub(crate) async fn go(&mut self, place: Place) -> Result<(), Fault> {
        self.bus.wait(SETTLE).await?;
        if self.bus.place().line != place.line {
            self.bus.reconfigure(place.line).await?;
        }
        self.bus.set_unit(place.unit);
        Ok(())
    }

    /// True where anything at all is heard from the wanted id.
    async fn is_taken(&mut self, report: &StepReport) -> bool {
        self.bus.set_unit(report.new.unit);
        let span = Span { addr: self.plan.serial_row.addr, count: self.plan.serial_row.codec.words() };
        self.bus.hope_for_silence(true);
        let heard = read::words(self.bus, span, 1).await;
        self.bus.hope_for_silence(false);
        self.bus.set_unit(report.old.unit);
        match heard {
            Ok(_) | Err(Fault::Refused(_)) => true,
            Err(Fault::Silent { evidence, .. }) => evidence.bytes > 0 || evidence.line.is_some(),
            Err(_) => false,
        }
    }

    /// Reads the value back, with the serial number of the meter that has it.
    async fn read_back(&mut self, step: &Step) -> ReadBack {
        let proof = step.proof;
        let (words, serial) = match read::words(self.bus, proof.span, READ_TRIES).await {
            Ok(words) => {
                let serial = proof.serial_at.map(|at| words.get(at..).unwrap_or_default().to_vec());
                (words.get(proof.at..).unwrap_or_default().to_vec(), serial)
            }
            Err(fault) if read::does_not_exist(&fault) && proof.span.count > step.register.codec.words() => {
                // The stretch cannot be read at once. Older answers are listened away, then the row is asked alone.
                let exact = Span { addr: step.register.addr, count: step.register.codec.words() };
                if let Err(fault) = self.bus.wait(DRAIN).await {
                    return ReadBack::Failed(fault);
                }
                match read::words(self.bus, exact, READ_TRIES).await {
                    Ok(words) => (words, None),
                    Err(fault) => return ReadBack::Failed(fault),
                }
            }
            Err(fault) => return ReadBack::Failed(fault),
        };
        let serial = match serial {
            Some(words) => words,
            None => {
                let span =
                    Span { addr: self.plan.serial_row.addr, count: self.plan.serial_row.codec.words() };
                match read::words(self.bus, span, READ_TRIES).await {
                    Ok(words) => words,
                    Err(fault) => return ReadBack::Failed(fault),
                }
            }
        };
        let Some(serial) = serial_of(self.plan, &serial) else { return ReadBack::Unreadable };
        if serial != self.serial {
            return ReadBack::Other(serial);
        }
        let form = match names::form_row(self.plan.entry, step.register) {
            None => None,
            Some(row) => {
                let span = Span { addr: row.def.addr, count: row.def.codec.words() };
                match read::words(self.bus, span, READ_TRIES).await {
                    Ok(words) => {
                        read::data_type_in(self.plan.entry, core::iter::once((row, words.as_slice())))
                    }
                    Err(fault) => return ReadBack::Failed(fault),
                }
            }
        };
        match value_of(self.plan, step, &words, form) {
            Some(value) => ReadBack::Seen(Seen { words, value }),
            None => ReadBack::Unreadable,
        }
    }

    /// Goes to a place and listens older answers away; true where the meter of the plan answers there.
    pub(crate) async fn is_there(&mut self, place: Place) -> Result<bool, Fault> {
        self.go(place).await?;
        self.bus.wait(DRAIN).await?;
        let row = self.plan.serial_row;
        let span = Span { addr: row.addr, count: row.codec.words() };
        let words = read::words(self.bus, span, READ_TRIES).await?;
        Ok(serial_of(self.plan, &words) == Some(self.serial))
    }

    pub(crate) async fn note(&mut self, step: &Step, report: &mut StepReport) {
        let Some(mark) = report.outcome.mark(Plan::code) else { return };
        // What the meter said stays true where the journal fails; its last line then still says "intend".
        let _ = self.record(step, mark).await;
    }

    async fn record(&mut self, step: &Step, mark: Mark) -> Result<(), crate::journal::JournalFault> {
        let key = step.action.key().to_string();
        let entry = JournalEntry { at: self.bus.now(), serial: self.serial, key, mark };
        self.journal.record(&entry).await
    }
}

/// True where the meter has what the step wants: the value, or a counter that stands at zero or has fallen since.
pub(crate) fn is_done(step: &Step, seen: &Seen, from: Option<i64>) -> bool {
    match step.action {
        Action::Set { value, .. } => seen.value == i64::from(value),
        Action::Give(_) => {
            let zero = seen.words.iter().take(step.words.len()).all(|word| *word == 0);
            zero || from.is_some_and(|from| seen.value < from)
        }
    }
}
