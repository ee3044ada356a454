//! The fourth step: what cannot be undone asks for the digits of the meter, then every step is written down, sent and proven.

use std::rc::Rc;

use commission::guard::{Consent, Guard};
use commission::mbus::{self, MbusMemory};
use commission::record::Where;
use commission::{Action, LineMemory, Plan, WriteProgress, write_plan};
use dom::changes::question;
use dom::parts::copy;
use dom::{El, button, el, later};

use super::record::{Book, can_tell};
use super::rehearsal::{AnyPlan, plan};
use super::subject::{Meter, modbus, over_mbus};
use super::{Setup, Told, step};
use crate::find;

/// What became of a step over Modbus.
pub fn of_modbus(plan: &Plan, report: &commission::StepReport) -> Told {
    Told { key: report.action.key(), word: report.outcome.word(), text: report.sentence(plan), display: None }
}

/// What became of a step over M-Bus.
pub fn of_mbus(plan: &mbus::Plan, report: &mbus::StepReport) -> Told {
    Told { key: report.action.key(), word: report.outcome.word(), text: report.sentence(plan), display: None }
}

/// What is to be done about what is unknown.
const SETTLE: &str = " What is unknown the meter itself can tell: settle it above.";
/// The same where it cannot tell.
const LOOK: &str = " What is unknown and no telegram shows, the meter's display tells.";

/// How many steps of these came to what, in words.
fn summary(told: &[Told], at: Where, actions: &[Action]) -> String {
    let words = [
        ("confirmed", "confirmed by reading back"),
        ("acknowledged", "acknowledged, which proves nothing"),
        ("refused", "refused"),
        ("not taken", "not taken"),
        ("unknown", "unknown"),
        ("not sent", "not sent"),
    ];
    let counted = words.iter().filter_map(|(word, long)| {
        let count = told.iter().filter(|it| it.word == *word).count();
        (count > 0).then(|| format!("{count} {long}"))
    });
    let all: Vec<String> = counted.collect();
    let open = |action: &&Action| told.iter().any(|it| it.word == "unknown" && it.key == action.key());
    let (tells, silent): (Vec<&Action>, Vec<&Action>) =
        actions.iter().filter(open).partition(|action| can_tell(at, action));
    let settle = if tells.is_empty() { "" } else { SETTLE };
    let look = if silent.is_empty() { "" } else { LOOK };
    format!("{}.{settle}{look}", all.join(", "))
}

impl Setup {
    /// What of the staged changes cannot be undone, by what was read of the meter.
    pub(super) fn guard(&self) -> Option<Guard> {
        let facts = self.facts()?;
        let staged = self.form.staged();
        let value = |source| facts.get(source).map(|fact| fact.value);
        Some(Guard::new(facts.entry, facts.serial, staged.into_iter(), value))
    }

    pub(super) fn write_step(&self) -> El {
        let (form, rehearsal, work) = (self.form, self.rehearsal, self.cabinet.work.clone());
        let own = self.clone();
        let write = el("button", "btn main")
            .attr("type", "button")
            .says(move || match form.staged().len() {
                0 => "Nothing to write".to_owned(),
                1 => "Write 1 change".to_owned(),
                count => format!("Write {count} changes"),
            })
            .flag_if("disabled", move || {
                work.runs() || form.staged().is_empty() || form.is_wrong() || rehearsal.with(Option::is_none)
            })
            .on("click", move |_| own.ask_or_write());
        let reports = self.reports;
        let list = el("ul", "deeds")
            .attr("aria-label", "What became of the changes")
            .shows(move || reports.with(|reports| reports.iter().map(Told::element).collect()));
        let own = self.clone();
        let copied = button("btn", "Copy the report", move |_| copy(&own.report_text()))
            .flag_if("hidden", move || reports.with(|reports| reports.is_empty()));
        step(
            4,
            "Write and prove",
            "Each step is written down before it is sent, and read back afterwards. Address, parity and speed go last.",
            vec![el("div", "acts").add(write).add(copied), list],
        )
    }

    /// The question before something is written that cannot be undone.
    pub(super) fn question(&self) -> El {
        let (guard, form, own) = (self.clone(), self.form, self.clone());
        question(
            self.asks,
            move || dom::react::untrack(|| guard.guard()),
            move || dom::react::untrack(|| form.staged()),
            move |consent| own.write(consent),
        )
    }

    /// Writes what is staged, or asks first where something of it cannot be undone.
    fn ask_or_write(&self) {
        let staged = dom::react::untrack(|| self.form.staged());
        // By what was read, a value that lasts may be in the meter already.
        let needed = dom::react::untrack(|| self.guard()).is_some_and(|guard| guard.is_needed());
        if needed || staged.iter().any(|action| matches!(action, Action::Give(_))) {
            self.asks.set(true);
        } else {
            self.write(None);
        }
    }

    fn report_text(&self) -> String {
        let head = self.cabinet.hand.with_untracked(|hand| {
            hand.as_ref().map_or_else(String::new, |hand| {
                let serial = hand.serial().map_or_else(String::new, commission::serial_text);
                format!("{} {serial}, {}\n", find::name(hand), hand.place_text())
            })
        });
        let lines = self.reports.get_untracked();
        let lines: Vec<String> = lines.iter().map(|it| format!("{:<12} {}\n", it.word, it.text)).collect();
        format!("{head}{}", lines.concat())
    }

    /// Writes what is staged.
    fn write(&self, consent: Option<Consent>) {
        let staged = dom::react::untrack(|| self.form.staged());
        let Some(meter) = self.meter.get_untracked() else { return };
        match plan(&meter, &staged) {
            Ok(plan) => self.carry_out(meter, plan, staged, consent, "Writing and reading back"),
            Err(why) => self.cabinet.tell(format!("Nothing was sent: {why}"), true),
        }
    }

    /// Writes a plan to a meter, with a record of every step.
    pub(super) fn carry_out(
        &self,
        meter: Meter,
        plan: AnyPlan,
        actions: Vec<Action>,
        consent: Option<Consent>,
        what: &str,
    ) {
        let own = self.clone();
        self.reports.set(Rc::default());
        self.work_on(what, async move {
            match own.written(&meter, &plan, &actions, consent.as_ref()).await {
                Ok(at) => {
                    let reports = own.reports.get_untracked();
                    let bad = reports.iter().any(|it| !matches!(it.word, "confirmed" | "acknowledged"));
                    own.cabinet.tell(summary(&reports, at, &actions), bad);
                    own.moved(at);
                }
                Err(why) => own.cabinet.tell(format!("Nothing was sent: {why}"), true),
            }
            own.recorded.update(|count| *count += 1);
        });
    }

    /// Where the meter is spoken to afterwards.
    async fn written(
        &self,
        meter: &Meter,
        plan: &AnyPlan,
        actions: &[Action],
        consent: Option<&Consent>,
    ) -> Result<Where, String> {
        let entry = meter.entry.ok_or(super::subject::UNKNOWN)?;
        match (plan, meter.at) {
            (AnyPlan::Modbus(plan), Where::Modbus(place)) => {
                let mut memory = Box::<LineMemory>::default();
                let bus = modbus(&self.cabinet, place, Some(entry), &mut memory).await;
                let mut bus = bus.map_err(|fault| fault.to_string())?;
                // The meter may have changed since it was read.
                let guard = Guard::read(&mut bus, entry, meter.serial, actions).await;
                let guard = guard.map_err(|fault| format!("{fault}."))?;
                if !guard.is_satisfied(consent) {
                    return Err("the meter has changed since it was read. Read it again.".to_owned());
                }
                let mut book = self.book(meter).await?;
                let mut tell = |progress: WriteProgress<'_>| match progress {
                    WriteProgress::Begins { step, of } => {
                        self.begins(step, of, plan.steps.get(step).map(|step| step.action.key()));
                    }
                    WriteProgress::Ended { report, .. } => self.ended(of_modbus(plan, report)),
                };
                write_plan(&mut bus, plan, &mut book, &mut tell).await;
                Ok(Where::Modbus(commission::Bus::place(&bus)))
            }
            (AnyPlan::Mbus(plan), Where::Mbus(place)) => {
                let mut memory = Box::<MbusMemory>::default();
                let bus = over_mbus(&self.cabinet, place, &mut memory).await;
                let mut bus = bus.map_err(|fault| fault.to_string())?;
                let mut book = self.book(meter).await?;
                let mut tell = |progress: mbus::WriteProgress<'_>| match progress {
                    mbus::WriteProgress::Begins { step, of } => {
                        self.begins(step, of, plan.steps.get(step).map(Action::key));
                    }
                    mbus::WriteProgress::Ended { report, .. } => self.ended(of_mbus(plan, report)),
                };
                let (_, place) = bus.write_plan(plan, &mut book, &mut tell).await;
                Ok(Where::Mbus(place))
            }
            _ => Err("the meter is on another bus.".to_owned()),
        }
    }

    /// The record of this session, with the meter as it was found.
    async fn book(&self, meter: &Meter) -> Result<Book, String> {
        let settings = self.read.with_untracked(|read| read.as_ref().map(|read| read.settings()));
        let (Some(entry), Some(serial)) = (meter.entry, meter.serial) else {
            return Err("the meter tells no serial number to write it down by.".to_owned());
        };
        super::record::found(entry, serial, meter.at, &settings.unwrap_or_default()).await
    }

    fn begins(&self, step: usize, of: usize, key: Option<&'static str>) {
        let permille = u32::try_from(step * 1_000 / of.max(1)).ok();
        self.cabinet.work.tell(&format!("Writing {} of {of}", step + 1), permille, self.cabinet.now());
        if let Some(key) = key {
            self.form.writing(key);
        }
    }

    fn ended(&self, told: Told) {
        self.form.ended(&told);
        self.reports.update(|reports| Rc::make_mut(reports).push(told));
    }

    /// The writing was stopped: nobody has looked what became of what was on its way.
    pub(super) fn broken_off(&self) {
        self.form.broken_off();
        self.recorded.update(|count| *count += 1);
    }

    /// The meter may be spoken to elsewhere now: it is read again there.
    fn moved(&self, at: Where) {
        let own = self.clone();
        // The work that calls this ends first.
        later(async move {
            own.meter.update(|meter| {
                if let Some(meter) = meter {
                    meter.at = at;
                    if let Where::Mbus(mbus::Place { address: mbus::Address::Secondary(identity), .. }) = at {
                        meter.identity = Some(identity);
                        meter.serial = units::bcd::decode(identity.id, 8).or(meter.serial);
                    }
                }
            });
            own.cabinet.moved(at);
            own.due.set(true);
        });
    }
}
