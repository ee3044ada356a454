//! What becomes of tasks: plans made of changes, and what the answers mean for the meter that was asked.

use commission::{Action, Plan, Staged};
use units::Duration;
use wasm_bindgen::JsValue;

use super::drive::Runtime;
use super::work::{self, Done, Task};
use crate::modbus::view::{Answer, LineState};
use dom::serial::State;

/// How long a live read-out rests between two readings.
const REST: Duration = Duration::from_millis(800);

impl Runtime {
    /// Puts a plan on its way: changes, or a command.
    pub(super) fn write(&mut self, staged: &Staged, given: &[schema::CommandId]) {
        let place =
            self.wire().line.try_borrow().map_or(self.wire().place, |line| commission::Bus::place(&*line));
        let serial = self.wire().subject.serial();
        let known = self.wire().subject.identity.as_ref().is_none_or(|identity| identity.entry.is_some());
        let entry = self.wire().entry;
        if !known {
            self.say("This program does not know the model that answers, so it changes nothing in it.", true);
            return;
        }
        match Plan::new(entry, staged, given, serial, place) {
            Ok(plan) => {
                let subject = &mut self.wire_mut().subject;
                for step in &plan.steps {
                    if let Some(id) = work::setting_of(&step.action) {
                        subject.outcomes.remove(id);
                    }
                }
                subject.report = None;
                let lasts = work::actions(&plan).iter().any(|action| match action {
                    Action::Set { setting, value } => setting.is_lasting(*value),
                    // A counter was asked about before this.
                    Action::Give(_) => false,
                });
                self.push(if lasts { Task::Guard(plan) } else { Task::Write(plan) });
            }
            Err(why) => self.say(&format!("Nothing was sent: {why}."), true),
        }
    }

    pub(super) fn lost(&self) -> bool {
        self.link().is_some_and(|link| link.state() == State::Lost)
    }

    /// The adapter may have gone while nothing was asked.
    pub(super) fn watch_link(&mut self) {
        if !self.lost() {
            self.gone = false;
            return;
        }
        let fresh = self.real_wire.as_ref().is_some_and(|wire| !wire.subject.old);
        if self.running.is_none() && (fresh || !self.gone) {
            self.gone = true;
            self.live = false;
            let time = super::time_of_day(Duration::ZERO);
            self.wire_mut().subject.old = true;
            let hour = time.get(..8).unwrap_or(&time);
            self.say(
                &format!("Adapter removed {hour}. The last values are kept, greyed. Plug it in again: the page takes it up by itself."),
                true,
            );
        }
    }

    /// Says something about the port or the meter.
    pub(super) fn say(&self, text: &str, bad: bool) {
        self.signals.port.update(|port| {
            port.say = text.to_owned();
            port.bad = bad;
        });
    }

    /// Takes what a task has brought.
    pub(super) fn finish(&mut self, done: Done) {
        let entry = self.wire().entry;
        let real = self.real_wire.is_some();
        let wire = self.wire_mut();
        let before = wire.place;
        wire.place = commission::Bus::place(&*wire.line.borrow());
        match done {
            Done::Identified(Ok(identity)) => {
                let sentence = identity.sentence();
                match identity.entry {
                    Some(entry) => wire.set_entry(entry),
                    None => wire.line.borrow_mut().set_entry(None),
                }
                wire.subject.identity = Some(identity);
                self.show_models();
                self.say(&sentence, false);
            }
            Done::Identified(Err(fault)) => {
                let text = work::why(&fault, before, entry);
                wire.subject.old = true;
                // Who does not answer this question does not answer the next one either.
                self.tasks.clear();
                self.say(&text, true);
            }
            Done::Read(Ok(readout)) => {
                let silent = readout.rows.iter().all(|row| row.value.is_err());
                let fault = readout.rows.iter().find_map(|row| match &row.value {
                    Err(commission::RowFault::Bus(fault)) => Some(work::why(fault, before, entry)),
                    _ => None,
                });
                wire.subject.take(readout);
                let unnamed = wire.subject.identity.is_none();
                match fault {
                    Some(text) if silent => {
                        self.live = false;
                        self.say(&text, true);
                    }
                    _ if real && unnamed => self.tasks.push_front(Task::Identify),
                    _ if !real => {
                        let warning = self.host.ask("warning", &JsValue::NULL).as_string();
                        self.say(warning.as_deref().unwrap_or_default(), warning.is_some());
                    }
                    _ => {}
                }
                let now = super::now();
                self.read_at = self.live.then(|| now + REST);
            }
            Done::Read(Err(fault)) => {
                wire.subject.old = true;
                self.live = false;
                let text = work::why(&fault, before, entry);
                self.say(&text, true);
            }
            Done::Guarded(plan, Ok(guard)) if guard.is_needed() => {
                self.signals.guard.set(Some((guard, work::actions(&plan))));
                self.held = Some(plan);
            }
            Done::Guarded(plan, Ok(_)) => self.push(Task::Write(plan)),
            Done::Guarded(_, Err(fault)) => {
                let text = work::why(&fault, before, entry);
                self.say(&format!("{text} Nothing was sent."), true);
            }
            Done::Wrote(plan, reports) => {
                let subject = &mut wire.subject;
                let mut certain = true;
                for report in &reports {
                    let state = work::state_of(&report.outcome);
                    certain &= !matches!(state, LineState::Unknown);
                    let Some(id) = work::setting_of(&report.action) else { continue };
                    subject.outcomes.insert(id, (state, report.sentence(&plan)));
                    match report.outcome {
                        commission::Outcome::Confirmed { read } => {
                            subject.known.insert(id, read);
                            subject.staged.unstage(id);
                        }
                        commission::Outcome::Refused { still: Some(value), .. }
                        | commission::Outcome::NotTaken { reads: value, .. } => {
                            subject.known.insert(id, value);
                        }
                        _ => {}
                    }
                }
                subject.report = Some(work::report(&plan, &reports));
                let spoken =
                    subject.report.as_ref().map(|report| format!("{}. {}", report.title, report.summary));
                self.host.ask("say", &spoken.unwrap_or_default().into());
                if certain {
                    self.push(Task::Read);
                }
            }
            Done::Asked(result) => {
                let frame = wire.tap.last_heard();
                let meaning = match (&result, &frame) {
                    (_, Some(frame)) => frame.meaning.clone(),
                    (Err(fault), None) => work::why(fault, before, entry),
                    (Ok(()), None) => String::new(),
                };
                let hex = frame.map_or(String::new(), |frame| {
                    [frame.head, frame.body, frame.tail].join(" ").trim().to_owned()
                });
                self.signals.answer.set(Some(Answer { hex, meaning }));
            }
            Done::Line(Ok(())) => {}
            Done::Line(Err(fault)) => {
                let text = work::why(&fault, before, entry);
                self.say(&text, true);
            }
        }
    }
}
