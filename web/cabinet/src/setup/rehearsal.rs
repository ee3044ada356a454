//! The third step: what is staged is written to the twin first, by the workflow that writes to the meter.

use std::rc::Rc;

use commission::boot::Facts;
use commission::find::Finding;
use commission::mbus;
use commission::record::Where;
use commission::rehearse::{Neighbour, Rehearsal, rehearse, rehearse_mbus};
use commission::{Action, Plan, Staged, Way};
use dom::clock::pause;
use dom::parts::state;
use dom::signal::memo;
use dom::{El, el, later};

use super::subject::Meter;
use super::{Setup, Told, step};

/// What came of a rehearsal.
pub struct Rehearsed {
    /// Every step ended well on the twin.
    pub well: bool,
    /// Its steps.
    steps: Vec<Told>,
    /// What is left of what there are few of, where the meter will be found, warnings.
    notes: Vec<String>,
    /// Nothing could be rehearsed, and why.
    wrong: Option<String>,
}

/// What is written, whichever way.
pub enum AnyPlan {
    Modbus(Plan),
    Mbus(mbus::Plan),
}

/// A plan for what is staged.
///
/// # Errors
/// A sentence.
pub fn plan(meter: &Meter, staged: &[Action]) -> Result<AnyPlan, String> {
    let Some(entry) = meter.entry else { return Err(super::subject::UNKNOWN.to_owned()) };
    match meter.at {
        Where::Modbus(place) => {
            let (mut changes, mut commands) = (Staged::new(), Vec::new());
            for action in staged {
                match *action {
                    Action::Set { setting, value } => {
                        changes
                            .stage(entry, setting.id, i64::from(value))
                            .map_err(|why| format!("{why}."))?;
                    }
                    Action::Give(command) => commands.push(command),
                }
            }
            let plan = Plan::new(entry, &changes, &commands, meter.serial, place);
            plan.map(AnyPlan::Modbus).map_err(|why| format!("{why}."))
        }
        Where::Mbus(place) => {
            Ok(AnyPlan::Mbus(mbus::Plan::new(entry, meter.identity, place, staged.iter().copied())))
        }
    }
}

fn told<W: Way>(rehearsal: Option<Rehearsal<W>>) -> Rehearsed {
    let Some(rehearsal) = rehearsal else {
        let wrong = "No twin of this meter can be made this way, so nothing was rehearsed.".to_owned();
        return Rehearsed { well: false, steps: Vec::new(), notes: Vec::new(), wrong: Some(wrong) };
    };
    let steps = rehearsal.steps.iter().map(|step| Told {
        key: step.report.action.key(),
        word: step.report.outcome.word(),
        text: step.report.sentence(&rehearsal.plan),
        display: match (&step.before, &step.after) {
            (Some(before), Some(after)) => Some((before.sentence.clone(), after.sentence.clone())),
            _ => None,
        },
    });
    let steps: Vec<Told> = steps.collect();
    let mut notes = Vec::new();
    for (before, after) in &rehearsal.uses {
        // What stays as it was is of no interest where nothing of it is used.
        if before.left != after.left {
            notes.push(format!("{} Before: {}.", after.sentence(), before.left));
        }
    }
    notes.push(if rehearsal.from == rehearsal.to {
        format!("The meter stays at {}.", rehearsal.to)
    } else {
        format!("The meter is now at {} and will be found at {}.", rehearsal.from, rehearsal.to)
    });
    notes.extend(rehearsal.warnings.iter().cloned());
    Rehearsed { well: rehearsal.went_well(), steps, notes, wrong: None }
}

/// A list of actions as a text: two of them are the same where their texts are.
fn mark(staged: &[Action]) -> String {
    let one = |action: &Action| match action {
        Action::Set { value, .. } => format!("{} {value};", action.key()),
        Action::Give(_) => format!("{};", action.key()),
    };
    staged.iter().map(one).collect()
}

impl Setup {
    /// Rehearses what is staged whenever that has changed.
    pub(super) fn follow_changes(&self) {
        let (form, read) = (self.form, self.read);
        let staged = memo(move || (mark(&form.staged()), form.is_wrong()));
        let own = self.clone();
        dom::watch(Box::new(move || {
            let (text, wrong) = staged.get();
            let there = read.with(Option::is_some);
            own.rehearsal.set(None);
            if text.is_empty() || wrong || !there {
                return;
            }
            let own = own.clone();
            later(async move {
                // What was typed is on the screen first.
                pause(0).await;
                if staged.with_untracked(|(now, wrong)| *now == text && !wrong) {
                    own.rehearse_now();
                }
            });
        }));
    }

    fn rehearse_now(&self) {
        let staged = dom::react::untrack(|| self.form.staged());
        let Some(meter) = self.meter.get_untracked() else { return };
        let Some(facts) = self.facts() else { return };
        let rehearsed = match plan(&meter, &staged) {
            Ok(AnyPlan::Modbus(plan)) => told(rehearse(&facts, plan, &self.neighbours())),
            Ok(AnyPlan::Mbus(plan)) => told(rehearse_mbus(&facts, plan)),
            Err(why) => Rehearsed { well: false, steps: Vec::new(), notes: Vec::new(), wrong: Some(why) },
        };
        self.rehearsal.set(Some(Rc::new(rehearsed)));
    }

    /// What is known of the meter in hand.
    pub(super) fn facts(&self) -> Option<Facts> {
        self.read.with_untracked(|read| read.as_ref().and_then(|read| read.facts()))
    }

    /// The other meters that were found on the line.
    fn neighbours(&self) -> Vec<Neighbour> {
        let known = |finding: &Finding| match finding {
            Finding::Modbus { place, identity: Some(identity), .. } => {
                Some(Neighbour { entry: identity.entry?, serial: identity.serial?, place: *place })
            }
            _ => None,
        };
        self.cabinet.found.with_untracked(|found| found.iter().filter_map(known).collect())
    }

    pub(super) fn rehearsal_step(&self) -> El {
        let (form, rehearsal) = (self.form, self.rehearsal);
        let inside = el("div", "rehearsed").attr("role", "status").shows(move || match rehearsal.get() {
            None if form.staged().is_empty() => vec![el("p", "small").text("Nothing waits.")],
            None if form.is_wrong() => vec![el("p", "small").text("Mend what is marked above first.")],
            None => vec![state("writing", "rehearsing")],
            Some(rehearsed) => shown(&rehearsed),
        });
        step(
            3,
            "Rehearsal on the twin",
            "The changes are written to the twin as they will be to the meter, and read back from it. The meter notices nothing.",
            vec![inside],
        )
    }
}

fn shown(rehearsed: &Rehearsed) -> Vec<El> {
    if let Some(why) = &rehearsed.wrong {
        return vec![el("p", "wrong-text").text(why)];
    }
    let head = if rehearsed.well {
        state("confirmed", "every step ended well on the twin")
    } else {
        state("refused", "not every step ended well on the twin")
    };
    let steps = el("ul", "deeds").all(rehearsed.steps.iter().map(Told::element).collect());
    let notes = el("ul", "plain").all(rehearsed.notes.iter().map(|note| el("li", "").text(note)).collect());
    vec![head, steps, notes]
}
