//! What the master does: one task after the other, each a future that the runtime polls and may drop.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use commission::guard::Guard;
use commission::{
    Action, Bus, Context, Fault, Identity, Line, Outcome, Place, Plan, ReadOut, StepReport, WriteProgress,
    identify, read_out, report_text, sentence, write_plan,
};
use modbus::{LineParams, Parity, Request};
use models::Entry;
use schema::SettingId;

use super::tap::SharedTap;
use crate::host;
use crate::journal::LocalJournal;
use crate::modbus::view::{LineForm, LineState, Report};

/// The master's line: shared, since a dropped task leaves it to the next one.
pub type SharedLine = Rc<RefCell<Line<'static, host::Line, SharedTap>>>;

/// A thing to be done.
#[derive(Clone, Debug)]
pub enum Task {
    /// Ask who is there.
    Identify,
    /// Read everything.
    Read,
    /// Ask what of a plan cannot be undone.
    Guard(Plan),
    /// Write a plan and prove it.
    Write(Plan),
    /// Send bytes as they are.
    Raw(Vec<u8>),
    /// Read registers: function, address, count.
    Registers(u8, u16, u16),
    /// Use another line and id.
    Line(LineForm),
}

impl Task {
    /// What it is called while it goes on.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Identify => "asking who is there",
            Self::Read => "reading",
            Self::Write(_) => "writing and reading back",
            Self::Guard(_) | Self::Raw(_) | Self::Registers(..) => "asking",
            Self::Line(_) => "changing the line",
        }
    }
}

/// What a task brought.
pub enum Done {
    /// Who is there.
    Identified(Result<Identity, Fault>),
    /// All values.
    Read(Result<ReadOut, Fault>),
    /// What of a plan cannot be undone.
    Guarded(Plan, Result<Guard, Fault>),
    /// What became of each step.
    Wrote(Plan, Vec<StepReport>),
    /// The answer stands in the traffic; where there is none, why.
    Asked(Result<(), Fault>),
    /// The line is at its new parameters, or not.
    Line(Result<(), Fault>),
}

/// How far a task is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Steps done.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
    /// The setting on its way.
    pub writing: Option<SettingId>,
    /// Settings whose step has ended, with what became of it and why.
    pub ended: Vec<(SettingId, LineState, String)>,
    /// Settings of the steps after these.
    pub waiting: Vec<SettingId>,
}

/// A task on its way.
pub struct Running {
    /// What it is.
    pub name: &'static str,
    /// How far it is.
    pub progress: Rc<RefCell<Progress>>,
    /// The rest of it.
    pub future: Pin<Box<dyn Future<Output = Done>>>,
}

/// Speed and parity of a form.
#[must_use]
pub const fn line_params(form: LineForm) -> LineParams {
    let parity = match form.framing {
        1 => Parity::None,
        2 => Parity::Odd,
        _ => Parity::Even,
    };
    LineParams::new(form.baud, parity)
}

/// The form of a place.
#[must_use]
pub const fn line_form(place: Place) -> LineForm {
    let framing = match place.line.parity {
        Parity::Even => 0,
        Parity::None => 1,
        Parity::Odd => 2,
    };
    LineForm { baud: place.line.baud, framing, id: place.unit }
}

/// Starts a task on a line. The line is borrowed for as long as its future lives, and by nobody else meanwhile: the
/// runtime runs one task at a time.
#[allow(clippy::await_holding_refcell_ref)]
pub fn start(task: Task, line: SharedLine, entry: &'static Entry) -> Running {
    let progress = Rc::new(RefCell::new(Progress::default()));
    let (name, shared) = (task.name(), progress.clone());
    let future = async move {
        let line = &mut *line.borrow_mut();
        match task {
            Task::Identify => Done::Identified(identify(line).await),
            Task::Read => {
                let mut told = |step: commission::Progress| {
                    let mut progress = shared.borrow_mut();
                    progress.done = u32::try_from(step.done).unwrap_or(0);
                    progress.total = u32::try_from(step.total).unwrap_or(0);
                };
                Done::Read(read_out(line, entry, &mut told).await)
            }
            Task::Guard(plan) => {
                let guard = Guard::read(line, plan.entry, plan.serial, &actions(&plan)).await;
                Done::Guarded(plan, guard)
            }
            Task::Write(plan) => {
                let mut told = |step: WriteProgress<'_>| {
                    let mut progress = shared.borrow_mut();
                    match step {
                        WriteProgress::Begins { step, of } => {
                            progress.done = u32::try_from(step).unwrap_or(0);
                            progress.total = u32::try_from(of).unwrap_or(0);
                            progress.writing = plan.steps.get(step).and_then(|step| setting_of(&step.action));
                            let later = plan.steps.iter().skip(step + 1);
                            progress.waiting = later.filter_map(|step| setting_of(&step.action)).collect();
                        }
                        WriteProgress::Ended { step, report, .. } => {
                            progress.done = u32::try_from(step + 1).unwrap_or(0);
                            progress.writing = None;
                            if let Some(id) = setting_of(&report.action) {
                                progress.ended.push((id, state_of(&report.outcome), report.sentence(&plan)));
                            }
                        }
                    }
                };
                let reports = write_plan(line, &plan, &mut LocalJournal, &mut told).await;
                Done::Wrote(plan, reports)
            }
            Task::Raw(bytes) => Done::Asked(line.exchange_raw(&bytes).await.map(|_| ())),
            Task::Registers(function, address, count) => {
                let request = if function == 4 {
                    Request::ReadInput { address, count }
                } else {
                    Request::ReadHolding { address, count }
                };
                Done::Asked(line.exchange(&request, 1).await.map(|_| ()))
            }
            Task::Line(form) => {
                let result = Bus::reconfigure(line, line_params(form)).await;
                line.set_unit(form.id);
                Done::Line(result)
            }
        }
    };
    Running { name, progress, future: Box::pin(future) }
}

/// What a plan does, step by step.
pub fn actions(plan: &Plan) -> Vec<Action> {
    plan.steps.iter().map(|step| step.action).collect()
}

/// The setting that an action changes.
pub fn setting_of(action: &Action) -> Option<SettingId> {
    match action {
        Action::Set { setting, .. } => Some(setting.id),
        Action::Give(_) => None,
    }
}

/// The state of a line of the form, from what became of its step.
#[must_use]
pub const fn state_of(outcome: &Outcome) -> LineState {
    match outcome {
        Outcome::Confirmed { .. } => LineState::Confirmed,
        Outcome::Refused { .. } | Outcome::NotTaken { .. } => LineState::Refused,
        Outcome::Acknowledged | Outcome::Unknown { .. } => LineState::Unknown,
        Outcome::NotSent { .. } => LineState::NotSent,
    }
}

/// The report on a plan, with its text to copy.
#[must_use]
pub fn report(plan: &Plan, reports: &[StepReport]) -> Report {
    let steps: Vec<(String, LineState)> = reports
        .iter()
        .map(|report| {
            let label = match report.action {
                Action::Set { setting, .. } => {
                    commission::names::setting_label(plan.entry, setting.id).to_owned()
                }
                Action::Give(command) => commission::names::command_label(command).to_owned(),
            };
            (label, state_of(&report.outcome))
        })
        .collect();
    let count = |state: LineState| steps.iter().filter(|(_, it)| *it == state).count();
    let parts: Vec<String> =
        [LineState::Confirmed, LineState::Refused, LineState::Unknown, LineState::NotSent]
            .into_iter()
            .filter(|state| count(*state) > 0)
            .map(|state| {
                format!(
                    "{} {}",
                    count(state),
                    if state == LineState::Confirmed { "confirmed by reading back" } else { state.word() }
                )
            })
            .collect();
    let all = steps.len();
    let title = if count(LineState::Confirmed) == all {
        if all == 1 {
            "The change is in the meter".to_owned()
        } else {
            format!("All {all} changes are in the meter")
        }
    } else if count(LineState::Unknown) > 0 {
        format!("Writing stopped at {} of {all}", all - count(LineState::NotSent))
    } else {
        "Not every change is in the meter".to_owned()
    };
    Report { title, summary: format!("{}.", parts.join(", ")), steps, text: report_text(plan, reports) }
}

/// A fault in a sentence with the next step.
#[must_use]
pub fn why(fault: &Fault, place: Place, entry: &'static Entry) -> String {
    sentence(fault, &Context { place, entry: Some(entry), request: None })
}
