//! Views of the runtime: what changed is set, nothing else.

use dom::serial::State;

use super::drive::Runtime;
use super::work;
use crate::changes::capital;
use crate::modbus::view::{Chip, Job};

impl Runtime {
    /// All views.
    pub(super) fn project(&mut self) {
        let signals = self.signals;
        if self.asks() {
            signals.knows.show(Vec::new());
        } else {
            self.ask_itself();
        }
        signals.live.show(self.live);
        let progress = self.running.as_ref().map(|running| (running.name, running.progress.borrow().clone()));
        // Short questions are answered before anybody could read what is going on.
        let job = progress.as_ref().filter(|(_, progress)| progress.total > 0 && !self.live).map_or_else(
            Job::default,
            |(name, progress)| Job { what: capital(name), done: progress.done, total: progress.total },
        );
        signals.job.show(job);
        let wire = self.wire();
        if let Ok(line) = wire.line.try_borrow() {
            let counts = line.counts();
            let place = commission::Bus::place(&*line);
            let silent = wire.tap.0.borrow().silent;
            let lost = wire.link.as_ref().is_some_and(|link| link.state() == State::Lost);
            let last = match (lost, silent, counts.last_delay) {
                (true, ..) => "unplugged".to_owned(),
                (_, true, _) => "no answer".to_owned(),
                (.., Some(delay)) => format!("{} ms", delay.as_millis()),
                (.., None) => "– ms".to_owned(),
            };
            let form = work::line_form(place);
            // A meter that is handed out is at its own speed there.
            let out = self.answering.as_ref().map(|answering| answering.line.get().to_string());
            let no_line = out.unwrap_or_else(|| "no Modbus".to_owned());
            signals.chip.show(Chip {
                real: wire.link.is_some(),
                answers: self.answering.is_some(),
                line: if self.asks() { form.text() } else { no_line },
                bus: self.asks(),
                id: form.id,
                good: counts.good,
                bad: counts.bad,
                last,
                silent: silent || lost,
            });
            signals.line.show(form);
        }
        signals.values.show(wire.subject.values(wire.entry));
        signals
            .settings
            .show(wire.subject.settings(wire.entry, progress.as_ref().map(|(_, progress)| progress)));
        signals.report.show(wire.subject.report.clone());
        let version = wire.tap.0.borrow().version;
        if self.traffic_seen != Some(version) {
            let frames = wire.tap.frames();
            signals.traffic.set(frames);
            self.traffic_seen = Some(version);
        }
    }
}
