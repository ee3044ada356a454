//! Saving what waits: the checks before anything is sent, the password, the plan, and what became of each row.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Manager;
use crate::bus::{Bus, Place};
use crate::guard::{Consent, Guard};
use crate::journal::Journal;
use crate::plan::{Action, Plan, PlanError};
use crate::radio::{self, UnlockFault};
use crate::read::RowFault;
use crate::report::report_text;
use crate::staged::Staged;
use crate::write::{Outcome, WriteProgress, write_plan};

/// What somebody has said before settings are saved.
#[derive(Clone, Copy, Default)]
pub struct Permits<'a> {
    /// The password, for a meter that asks for one; it is sent and kept nowhere.
    pub password: Option<&'a str>,
    /// The consent to what cannot be undone, from [`Manager::guard`].
    pub consent: Option<&'a Consent>,
}

impl fmt::Debug for Permits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.map(|_| "hidden");
        f.debug_struct("Permits").field("password", &password).field("consent", &self.consent).finish()
    }
}

/// What became of the rows that waited; each has its own outcome in [`Manager::settings`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// How many the meter has confirmed.
    pub confirmed: usize,
    /// How many were to be saved.
    pub of: usize,
    /// Where the meter is spoken to from now on.
    pub place: Place,
    /// The whole report as text to copy.
    pub report: String,
}

/// Why nothing was sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SaveFault {
    /// Nothing waits.
    Nothing,
    /// It is not known which meter is meant: it was not read yet.
    NotRead,
    /// Something that waits is out of range: the app's word for that, and a sentence for each row.
    OutOfRange(String),
    /// Something that waits cannot be undone, and nobody has agreed to it.
    Consent(Guard),
    /// The meter asks for its password.
    Password,
    /// The meter did not take the password.
    Unlock {
        /// Why not.
        fault: UnlockFault,
        /// Where it was asked.
        place: Place,
    },
    /// No plan can be made.
    Plan(PlanError),
}

impl fmt::Display for SaveFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing was changed, so there is nothing to save."),
            Self::NotRead => {
                f.write_str("Nothing was sent: read the meter first, so that it is known which one is meant.")
            }
            Self::OutOfRange(why) => write!(f, "{why} Nothing was sent."),
            Self::Consent(guard) => {
                f.write_str("Nothing was sent. This cannot be undone:")?;
                for act in guard.acts() {
                    write!(f, "\n  {}", act.text)?;
                }
                write!(f, "\n{}", guard.question())
            }
            Self::Password => {
                f.write_str("Nothing was sent: the meter asks for its password before settings are saved.")
            }
            Self::Unlock { fault, place } => f.write_str(&fault.sentence(*place)),
            Self::Plan(fault) => write!(f, "Nothing was sent: {fault}."),
        }
    }
}

impl core::error::Error for SaveFault {}

impl Manager {
    /// True where the meter asks for its password before it is written to at `place`.
    #[must_use]
    pub fn asks_password(&self, place: Place) -> bool {
        radio::lock(self.entry, place).is_some()
    }

    /// Saves everything that waits, in a safe order, and proves each row by reading it back. Rows that are confirmed wait no
    /// longer; all others stay as they are, with what became of them.
    ///
    /// # Errors
    /// [`SaveFault`] says why nothing was sent. What was sent and did not come out well is told by the rows.
    pub async fn save<B: Bus, J: Journal>(
        &mut self,
        bus: &mut B,
        journal: &mut J,
        permits: Permits<'_>,
        progress: &mut dyn FnMut(WriteProgress<'_>),
    ) -> Result<Saved, SaveFault> {
        let plan = self.plan(bus.place(), permits)?;
        if self.asks_password(bus.place()) {
            let place = bus.place();
            let password = permits.password.ok_or(SaveFault::Password)?;
            let unlocked = radio::unlock(bus, self.entry, password).await;
            unlocked.map_err(|fault| SaveFault::Unlock { fault, place })?;
        }
        // What became of an earlier time is told no longer.
        self.lines.iter_mut().for_each(|line| line.outcome = None);
        let reports = write_plan(bus, &plan, journal, progress).await;
        let mut confirmed = 0;
        for (step, report) in plan.steps.iter().zip(&reports) {
            let value = match &report.outcome {
                Outcome::Confirmed { read: value }
                | Outcome::NotTaken { reads: value, .. }
                | Outcome::Refused { still: Some(value), .. } => Some(Ok(*value)),
                // It was not sent: what was read before still holds.
                Outcome::NotSent { .. } => None,
                Outcome::Refused { still: None, .. } | Outcome::Unknown { .. } | Outcome::Acknowledged => {
                    Some(Err(RowFault::Unproven))
                }
            };
            if let Some(value) = value {
                self.note(step.register.addr, value);
            }
            let Some((number, _)) = self.find(step.action.key()) else { continue };
            let Some(line) = self.lines.get_mut(number) else { continue };
            line.outcome = Some((report.outcome.word(), report.sentence(&plan)));
            if let Outcome::Confirmed { .. } = report.outcome {
                confirmed += 1;
                line.clear();
            }
        }
        let report = report_text(&plan, &reports);
        Ok(Saved { confirmed, of: reports.len(), place: bus.place(), report })
    }

    /// What is written, where everything that has to be said before was said.
    fn plan(&self, place: Place, permits: Permits<'_>) -> Result<Plan, SaveFault> {
        if self.changed() == 0 {
            return Err(SaveFault::Nothing);
        }
        let wrong: Vec<String> = self
            .lines
            .iter()
            .zip(self.app.settings)
            .filter_map(|(line, row)| line.error().map(|why| format!("{}: {why}.", row.label)))
            .collect();
        if !wrong.is_empty() {
            return Err(SaveFault::OutOfRange(format!("{}. {}", self.app.error, wrong.join(" "))));
        }
        let serial = self.serial().ok_or(SaveFault::NotRead)?;
        let guard = self.guard();
        if !guard.is_satisfied(permits.consent) {
            return Err(SaveFault::Consent(guard));
        }
        if self.asks_password(place) && permits.password.is_none() {
            return Err(SaveFault::Password);
        }
        let (mut staged, mut commands) = (Staged::new(), Vec::new());
        for action in self.actions() {
            match action {
                Action::Set { setting, value } => staged
                    .stage(self.entry, setting.id, i64::from(value))
                    .map_err(|why| SaveFault::OutOfRange(format!("{}. {why}.", self.app.error)))?,
                Action::Give(command) => commands.push(command),
            }
        }
        Plan::new(self.entry, &staged, &commands, Some(serial), place).map_err(SaveFault::Plan)
    }
}
