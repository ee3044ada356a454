//! What became of the steps of a plan, over whichever way a meter is written to: the steps one after the other, their
//! outcomes, the marks of the journal, and the sentences.
//!
//! What only one way knows, such as what a refusal says and why a step is in doubt, stands beside that way and is told
//! through [`Way`].

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use models::Entry;

use crate::journal::{JournalFault, Mark};
use crate::names;
use crate::plan::Action;

/// What became of a step. Numbers are in the setting's own unit; `R` is a refusal, `D` a doubt, `O` an obstacle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<R, D, O> {
    /// The meter that was meant reports the wanted value.
    Confirmed {
        /// What was read back.
        read: i64,
    },
    /// The meter acknowledged and told no error afterwards. What it has now cannot be read back this way.
    Acknowledged,
    /// The meter refused.
    Refused {
        /// Why.
        why: R,
        /// The value it still has, where that is known.
        still: Option<i64>,
    },
    /// The meter reports another value than the wanted one.
    NotTaken {
        /// What was read back.
        reads: i64,
        /// True where the meter had answered the write as done.
        accepted: bool,
    },
    /// It was sent, and what the meter has now is not known.
    Unknown {
        /// Why not.
        why: D,
    },
    /// It was not sent.
    NotSent {
        /// Why not.
        why: O,
    },
}

/// Why a step was not sent; `F` is a fault of the line, `M` names a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle<F, M> {
    /// The meter could not be read before.
    Fault(F),
    /// Another meter answers.
    OtherMeter(M),
    /// The answer does not say which meter it is, so nothing could be proven.
    Nameless,
    /// Something answers at the wanted address already.
    Taken,
    /// The journal could not be written.
    Journal(JournalFault),
    /// A step before it is unknown.
    StoppedBefore,
}

/// One step and what became of it; `P` is where a meter is spoken to.
#[derive(Clone, Debug)]
pub struct StepReport<P, X> {
    /// What was to be done.
    pub action: Action,
    /// The value before, where it could be read.
    pub from: Option<i64>,
    /// True where something was written; false where the meter had the value already, or the step was not sent.
    pub sent: bool,
    /// Where the meter was spoken to before.
    pub old: P,
    /// Where it is spoken to if the step took effect.
    pub new: P,
    /// What became of it.
    pub outcome: X,
}

/// How a plan goes on.
#[derive(Clone, Debug)]
pub enum WriteProgress<'a, R> {
    /// Step number `step`, counted from 0, begins.
    Begins {
        /// Which.
        step: usize,
        /// How many there are.
        of: usize,
    },
    /// A step has its outcome.
    Ended {
        /// Which.
        step: usize,
        /// How many there are.
        of: usize,
        /// What became of it.
        report: &'a R,
    },
}

/// A plan for one way to a meter, with the words that only this way has.
pub trait Way {
    /// Where a meter is spoken to.
    type Place: Copy + PartialEq + fmt::Display + fmt::Debug;
    /// What a refusal says.
    type Refusal: Clone + fmt::Debug;
    /// Why a step that was sent is unknown.
    type Doubt: Clone + fmt::Debug;
    /// Why there is no answer.
    type Fault: Clone + fmt::Debug;
    /// What names a meter.
    type Meter: Clone + fmt::Debug;
    /// What the way is called.
    const NAME: &'static str;

    /// The model that is written to.
    fn entry(&self) -> &'static Entry;
    /// How many steps there are.
    fn count(&self) -> usize;
    /// What is done in step `number`, counted from 0.
    fn action(&self, number: usize) -> Option<Action>;
    /// Where the meter is spoken to once an action has been done at `place`.
    fn after(&self, action: &Action, place: Self::Place) -> Self::Place;
    /// Where the meter is spoken to before the first step.
    fn start(&self) -> Self::Place;
    /// The meter that is meant, where that is known.
    fn meter(&self) -> Option<String>;
    /// A value of an action's setting or counter, as people read it.
    fn value(&self, action: &Action, value: i64) -> String;
    /// What the meter has after a refusal, and the code that it gave.
    fn refused(&self, why: &Self::Refusal, still: Option<&str>) -> (String, String);
    /// The code of a refusal as the journal keeps it.
    fn code(why: &Self::Refusal) -> u8;
    /// A fault at a place, in a sentence.
    fn fault(&self, fault: &Self::Fault, at: Self::Place) -> String;
    /// Why a step is unknown, in sentences.
    fn doubt(&self, report: &Report<Self>, why: &Self::Doubt) -> String;
    /// Another meter answers, in a sentence.
    fn other(&self, meter: &Self::Meter) -> String;
    /// The answer names no meter, in a sentence.
    fn nameless(&self) -> String;
    /// Something answers where a step would move the meter to, in a sentence.
    fn taken(&self, report: &Report<Self>) -> String;
}

/// What became of a step of this way.
pub type Ended<W> =
    Outcome<<W as Way>::Refusal, <W as Way>::Doubt, Obstacle<<W as Way>::Fault, <W as Way>::Meter>>;

/// A step of this way, and what became of it.
pub type Report<W> = StepReport<<W as Way>::Place, Ended<W>>;

/// Somebody who does the steps of a plan.
pub(crate) trait Writes<W: Way> {
    /// Where the meter is spoken to now.
    fn place(&self) -> W::Place;
    /// Does step `number`, and puts down what became of it.
    async fn step(&mut self, number: usize, report: &mut Report<W>);
}

/// Does all steps in order. It stops at the first one whose outcome is unknown, or at once where it is `stopped`.
pub(crate) async fn write_all<W: Way>(
    writer: &mut impl Writes<W>,
    plan: &W,
    mut stopped: Option<Obstacle<W::Fault, W::Meter>>,
    progress: &mut dyn FnMut(WriteProgress<'_, Report<W>>),
) -> Vec<Report<W>> {
    let of = plan.count();
    let mut reports: Vec<Report<W>> = Vec::new();
    while let Some(action) = plan.action(reports.len()) {
        let number = reports.len();
        let old = writer.place();
        let new = plan.after(&action, old);
        progress(WriteProgress::Begins { step: number, of });
        let outcome = Outcome::NotSent { why: stopped.clone().unwrap_or(Obstacle::StoppedBefore) };
        let mut report = StepReport { action, from: None, sent: false, old, new, outcome };
        if stopped.is_none() {
            writer.step(number, &mut report).await;
            if matches!(report.outcome, Outcome::Unknown { .. } | Outcome::NotSent { .. }) {
                stopped = Some(Obstacle::StoppedBefore);
            }
        }
        progress(WriteProgress::Ended { step: number, of, report: &report });
        reports.push(report);
    }
    reports
}

impl<R, D, O> Outcome<R, D, O> {
    /// True for what the meter has said itself.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        matches!(self, Self::Confirmed { .. })
    }

    /// True where nobody knows what became of it.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// One word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Confirmed { .. } => "confirmed",
            Self::Acknowledged => "acknowledged",
            Self::Refused { .. } => "refused",
            Self::NotTaken { .. } => "not taken",
            Self::Unknown { .. } => "unknown",
            Self::NotSent { .. } => "not sent",
        }
    }

    /// What the journal keeps of it; nothing of what was not sent.
    pub(crate) fn mark(&self, code: impl FnOnce(&R) -> u8) -> Option<Mark> {
        Some(match self {
            Self::Confirmed { read } => Mark::Proven { read: *read },
            Self::Acknowledged => Mark::Acknowledged,
            Self::Refused { why, still } => Mark::Refused { code: code(why), still: *still },
            Self::NotTaken { reads, .. } => Mark::NotTaken { reads: *reads },
            Self::Unknown { .. } => Mark::Unknown,
            Self::NotSent { .. } => return None,
        })
    }
}

impl<P, R, D, O> StepReport<P, Outcome<R, D, O>> {
    pub(crate) fn not_sent(&mut self, why: O) {
        self.outcome = Outcome::NotSent { why };
    }
}

impl<P, R, D, F, M> StepReport<P, Outcome<R, D, Obstacle<F, M>>> {
    /// What became of the step, in sentences.
    #[must_use]
    pub fn sentence<W>(&self, plan: &W) -> String
    where
        W: Way<Place = P, Refusal = R, Doubt = D, Fault = F, Meter = M>,
        P: Copy + PartialEq + fmt::Display,
    {
        let text = |value: i64| plan.value(&self.action, value);
        let places: [&dyn fmt::Display; 2] = [&self.old, &self.new];
        let moved = (self.new != self.old).then_some(places);
        let told = Told { entry: plan.entry(), action: self.action, moved };
        match &self.outcome {
            Outcome::Confirmed { read } => told.confirmed(&text(*read), self.sent),
            Outcome::Acknowledged => told.acknowledged(W::NAME),
            Outcome::Refused { why, still } => {
                let (has, code) = plan.refused(why, still.map(text).as_deref());
                told.refused(&has, &code)
            }
            Outcome::NotTaken { reads, accepted } => {
                told.not_taken(&self.wanted(plan), &text(*reads), *accepted)
            }
            Outcome::Unknown { why } => told.open("Sent", &plan.doubt(self, why)),
            Outcome::NotSent { why } => {
                let why = match why {
                    Obstacle::Fault(fault) => plan.fault(fault, self.old),
                    Obstacle::OtherMeter(meter) => plan.other(meter),
                    Obstacle::Nameless => plan.nameless(),
                    Obstacle::Taken => plan.taken(self),
                    Obstacle::Journal(fault) => format!("{}.", capital(&fault.to_string())),
                    Obstacle::StoppedBefore => {
                        "The step before it did not come to a certain end.".to_string()
                    }
                };
                told.open("Not sent", &why)
            }
        }
    }

    /// The wanted value as people read it.
    pub(crate) fn wanted<W: Way>(&self, plan: &W) -> String {
        match self.action {
            Action::Set { value, .. } => plan.value(&self.action, i64::from(value)),
            Action::Give(_) => "zero".to_string(),
        }
    }
}

/// What the sentences of all ways need to know of a step.
struct Told<'a> {
    entry: &'static Entry,
    action: Action,
    /// Where the meter was spoken to and where it is then, where the step moves it.
    moved: Option<[&'a dyn fmt::Display; 2]>,
}

impl Told<'_> {
    fn label(&self) -> &'static str {
        match self.action {
            Action::Set { setting, .. } => names::setting_label(self.entry, setting.id),
            Action::Give(command) => names::command_label(command),
        }
    }

    fn doing(&self) -> String {
        self.action.text(self.entry)
    }

    fn confirmed(&self, read: &str, sent: bool) -> String {
        let label = capital(self.label());
        match &self.moved {
            _ if !sent => format!("{label} was {read} already; nothing was sent."),
            Some([_, new]) => format!("{label} is {read}: the meter was found again at {new}."),
            None => format!("{label} is {read}, read back from the meter."),
        }
    }

    fn acknowledged(&self, way: &str) -> String {
        format!(
            "The meter acknowledged: {}. An acknowledge is no proof, and {} cannot be read back over {way}: look at the \
             meter's display to be sure.",
            self.doing(),
            names::inside(self.label())
        )
    }

    fn refused(&self, has: &str, code: &str) -> String {
        let allowed = match self.action {
            Action::Set { setting, .. } => format!(" Allowed: {}.", setting.allowed()),
            Action::Give(_) => String::new(),
        };
        format!("The meter refused to {}. {has}{allowed} ({code})", self.doing())
    }

    fn not_taken(&self, wanted: &str, reads: &str, accepted: bool) -> String {
        let said = if accepted { "the meter accepted it" } else { "no answer came" };
        let place = self.moved.map_or_else(String::new, |[old, _]| format!(" at {old}"));
        format!(
            "Wrote {wanted} for {}, {said}, but it reports {reads}{place}. Not confirmed; nothing else was changed.",
            names::inside(self.label())
        )
    }

    fn open(&self, sent: &str, why: &str) -> String {
        format!("{sent}: {}. {why}", self.doing())
    }
}

/// The whole report as text to copy: one line a step, what the meter said of itself first.
#[must_use]
pub fn report_text<W: Way>(plan: &W, reports: &[Report<W>]) -> String {
    let lines: Vec<(&str, String)> =
        reports.iter().map(|report| (report.outcome.word(), report.sentence(plan))).collect();
    let confirmed =
        reports.iter().filter(|report| matches!(report.outcome, Outcome::Confirmed { .. })).count();
    text(plan.entry(), plan.meter(), &plan.start(), &lines, [confirmed, plan.count()])
}

fn text(
    entry: &Entry,
    meter: Option<String>,
    start: &dyn fmt::Display,
    lines: &[(&str, String)],
    [confirmed, of]: [usize; 2],
) -> String {
    let meter = meter.map_or_else(String::new, |meter| format!(", {meter}"));
    let mut text = format!("{} {}{meter}, at first {start}\n", entry.notes.maker, entry.notes.name);
    for (word, sentence) in lines {
        text.push_str(&format!("{word:<12} {sentence}\n"));
    }
    text.push_str(&format!("{confirmed} of {of} confirmed.\n"));
    text
}

/// A text that begins a sentence.
pub(crate) fn capital(text: &str) -> String {
    let mut text = text.to_string();
    if let Some(head) = text.get_mut(..1) {
        head.make_ascii_uppercase();
    }
    text
}
