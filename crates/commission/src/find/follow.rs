//! Somebody was heard: is it one meter, several on one id, another format, noise, or the late answer to an older question?

use alloc::vec::Vec;

use modbus::{LineError, LineParams};
use units::Duration;

use super::frame::{Question, Reply, Sorted, own_id, serial_of};
use super::probe::{Halt, Hearing};
use super::run::Finder;
use super::{FindEvent, Finding, Probe, Trace};
use crate::bus::{Direction, Fault, Line, Observer, Place, Traffic, Transport};
use crate::diagnosis::{Cause, Symptoms, Tally};
use crate::identify::{Identity, identify};
use crate::overheard::Overheard;
use crate::port::Port;

/// How often a place is looked at until it is clear what is there.
const LOOKS: u32 = 6;

/// Looks that must agree where one came damaged.
const AGREE: u32 = 3;

/// How often older questions are asked again with patience because of something that nobody wants to have said.
const LATE_CHECKS: u32 = 4;

/// A meter that takes longer than this is not waited for.
const LATEST: Duration = Duration::from_millis(700);

/// What repeated questions to one place have shown.
#[derive(Clone, Debug, Default)]
struct Look {
    tally: Tally,
    serials: Vec<u32>,
    /// Something was heard beside a whole answer.
    beside: u32,
    bytes: usize,
    errors: usize,
    delay: Duration,
    /// A whole answer that is not one to the question for the serial number.
    other_whole: bool,
}

impl Look {
    fn take(&mut self, hearing: &Hearing, unit: u8, serial_asked: bool) {
        let tally = &mut self.tally;
        tally.asked += 1;
        self.bytes += hearing.bytes;
        self.errors += hearing.errors;
        match &hearing.sorted.answer {
            Some((_, reply)) => {
                self.delay = hearing.delay;
                // Two characters of an adapter's own are nobody else's answer.
                if hearing.sorted.loose > 2 || hearing.errors > 0 {
                    self.beside += 1;
                }
                match reply {
                    _ if !serial_asked => self.other_whole = true,
                    Reply::Words(words) => {
                        tally.good += 1;
                        self.serial(words);
                    }
                    Reply::Refused(_) => tally.refused += 1,
                }
            }
            None if hearing.is_damaged() => {
                if hearing.sorted.head {
                    tally.heads += 1;
                }
                match hearing.error {
                    Some(LineError::Break) => tally.breaks += 1,
                    Some(LineError::Overrun) => tally.overruns += 1,
                    Some(_) if 2 * hearing.parity_errors >= hearing.errors => tally.parity += 1,
                    Some(_) => tally.framing += 1,
                    None => tally.damaged += 1,
                }
            }
            None if hearing.sorted.echo => tally.only_echo += 1,
            None => tally.silent += 1,
        }
        // A second answer behind the first is that of a second meter.
        for (other, reply) in &hearing.sorted.others {
            if *other == unit
                && serial_asked
                && let Reply::Words(words) = reply
            {
                self.serial(words);
            }
        }
    }

    fn serial(&mut self, words: &[u16]) {
        if let Some(serial) = serial_of(words)
            && !self.serials.contains(&serial)
        {
            self.serials.push(serial);
        }
    }

    fn whole(&self) -> u32 {
        self.tally.good + self.tally.refused
    }

    fn is_settled(&self) -> bool {
        let hurt = self.tally.broken() + self.beside > 0;
        self.serials.len() > 1 || self.whole() >= if hurt { AGREE } else { 1 }
    }
}

/// Listens for others while one meter is read.
#[derive(Debug)]
struct Overhearing<'o, O> {
    observer: &'o mut O,
    others: &'o mut Vec<u8>,
    own: &'o mut Overheard,
}

impl<O: Observer> Observer for Overhearing<'_, O> {
    fn traffic(&mut self, traffic: &Traffic<'_>) {
        if traffic.direction == Direction::Heard {
            self.others.extend(Sorted::of(traffic.bytes, None).others.into_iter().map(|(unit, _)| unit));
        } else {
            self.own.ask(traffic.bytes);
        }
        self.observer.traffic(traffic);
    }
}

impl<P: Port, O: Observer> Finder<P, O> {
    /// A whole answer came from `place`.
    pub(super) async fn meet(
        &mut self,
        place: Place,
        first: Option<(&Hearing, bool)>,
        wait: Duration,
        tell: &mut dyn FnMut(FindEvent<'_>),
    ) -> Result<bool, Halt> {
        if self.knows(place) {
            return Ok(true);
        }
        let mut look = Look::default();
        if let Some((first, serial_asked)) = first {
            look.take(first, place.unit, serial_asked);
        }
        self.look_again(&mut look, place, wait).await?;
        if look.whole() > 0 && look.serials.len() < 2 {
            match self.identify(place).await? {
                Ok(identity) => {
                    self.check_serial(&mut look, identity.as_ref());
                    if look.serials.len() < 2 {
                        self.add(place, identity, &look, tell);
                        return Ok(true);
                    }
                }
                Err(fault) => look.tally.note(&Err(fault)),
            }
        }
        if look.serials.len() < 2 && look.whole() == 0 && look.tally.broken() > 0 {
            return self.judge(place, look, wait, tell).await;
        }
        if look.serials.len() > 1 || look.whole() > 0 || look.tally.broken() > 0 {
            self.trace(place, &look, false, tell);
            return Ok(true);
        }
        // What answers only what it must refuse is there all the same, if it does so twice.
        if look.other_whole
            && let Some(question) = Question::shared(place.unit, place.line.parity)
            && self.ask(&question, wait, true).await?.sorted.answer.is_some()
        {
            self.add(place, None, &look, tell);
            return Ok(true);
        }
        Ok(false)
    }

    async fn look_again(&mut self, look: &mut Look, place: Place, wait: Duration) -> Result<(), Halt> {
        self.tune(place.line).await?;
        let question = Question::serial(place.unit);
        let mut misses = 0;
        while !look.is_settled() && look.tally.asked < LOOKS && misses < 2 {
            let hearing = self.ask(&question, wait, true).await?;
            look.take(&hearing, place.unit, true);
            let missed = hearing.sorted.answer.is_none() && !hearing.is_damaged();
            misses = if missed { misses + 1 } else { 0 };
        }
        Ok(())
    }

    fn check_serial(&self, look: &mut Look, identity: Option<&Identity>) {
        if let Some(serial) = identity.and_then(|identity| identity.serial)
            && !look.serials.is_empty()
            && !look.serials.contains(&serial)
        {
            look.serials.push(serial);
        }
    }

    /// Asks who it is, with the time-outs of a read-out. The inner error is that of the meter.
    async fn identify(&mut self, place: Place) -> Result<Result<Option<Identity>, Fault>, Halt> {
        self.prober.quiet().await?;
        let (timing, transport) = (self.settings.follow, self.transport);
        let mut overheard = Vec::new();
        let own = &mut self.prober.overheard;
        let lent = Overhearing { observer: &mut self.prober.observer, others: &mut overheard, own };
        let mut line = Line::new(&mut self.prober.port, &mut self.memory, transport, place, timing, lent);
        let outcome = identify(&mut line).await;
        self.overhear(place.unit, overheard.into_iter());
        self.prober.touch();
        match outcome {
            Ok(identity) => Ok(Ok(Some(identity))),
            Err(Fault::Refused(_)) => Ok(Ok(None)),
            Err(Fault::Port(_)) if self.control.is_stopped() => Err(Halt::Stopped),
            Err(Fault::Port(fault)) => Err(Halt::Port(fault)),
            Err(Fault::NeverQuiet) => Err(Halt::NeverQuiet),
            Err(fault) => Ok(Err(fault)),
        }
    }

    fn add(
        &mut self,
        place: Place,
        identity: Option<Identity>,
        look: &Look,
        tell: &mut dyn FnMut(FindEvent<'_>),
    ) {
        let damaged = look.tally.broken() + look.beside;
        let finding = Finding::Modbus { place, identity, delay: look.delay, damaged };
        if !self.is_same_meter(&finding) {
            tell(FindEvent::Found(&finding));
            self.found.push(finding);
        }
    }

    /// The same meter through a port that carries no parity answers in every format.
    fn is_same_meter(&self, new: &Finding) -> bool {
        let Finding::Modbus { place, .. } = new else { return false };
        new.serial().is_some()
            && self.found.iter().any(|old| match old {
                Finding::Modbus { place: other, .. } => {
                    other.line.baud == place.line.baud
                        && other.unit == place.unit
                        && old.serial() == new.serial()
                }
                Finding::Mbus { .. } => false,
            })
    }

    fn trace(
        &mut self,
        place: Place,
        look: &Look,
        equal_came_whole: bool,
        tell: &mut dyn FnMut(FindEvent<'_>),
    ) {
        let symptoms = Symptoms {
            serials: look.serials.clone(),
            equal_came_whole,
            ..Symptoms::of(place, look.tally, None)
        };
        let trace = Trace::of(&symptoms, look.bytes, look.errors);
        self.seen.push(place);
        self.traces.push(trace.clone());
        tell(FindEvent::Something(&trace));
    }

    /// Only damaged answers come from `place`. Returns whether that is explained.
    async fn judge(
        &mut self,
        place: Place,
        look: Look,
        wait: Duration,
        tell: &mut dyn FnMut(FindEvent<'_>),
    ) -> Result<bool, Halt> {
        if look.tally.broken() < 2 {
            return Ok(false);
        }
        // Two meters on one id answer alike what is alike in both.
        let mut equal = look.other_whole;
        if look.tally.heads > 0 && !equal {
            let hearing = self.ask(&own_id(place.unit), wait, false).await?;
            equal = hearing.sorted.answer.is_some();
        }
        self.trace(place, &look, equal, tell);
        Ok(true)
    }

    /// Something damaged was heard behind a question.
    pub(super) async fn untangle(
        &mut self,
        probe: Probe,
        hearing: &Hearing,
        tell: &mut dyn FnMut(FindEvent<'_>),
    ) -> Result<(), Halt> {
        let place = probe.place;
        let wait = self.follow_wait();
        if place.unit == 0 {
            return self.several(place, hearing, wait, tell).await;
        }
        let own = place.line;
        let other = probe.also.map(|format| LineParams { parity: format, ..own });
        let mut explained = false;
        for line in core::iter::once(own).chain(other) {
            let there = Place { line, ..place };
            let mut look = Look::default();
            self.look_again(&mut look, there, wait).await?;
            explained |= if look.whole() > 0 {
                self.meet_looked(there, look, wait, tell).await?
            } else if look.tally.broken() > 0 {
                self.judge(there, look, wait, tell).await?
            } else {
                false
            };
        }
        if !explained && !self.late_from_before(place, tell).await? {
            self.noise(place, hearing, tell);
        }
        Ok(())
    }

    /// As [`Finder::meet`], where enough was looked already.
    async fn meet_looked(
        &mut self,
        place: Place,
        mut look: Look,
        wait: Duration,
        tell: &mut dyn FnMut(FindEvent<'_>),
    ) -> Result<bool, Halt> {
        if self.knows(place) {
            return Ok(true);
        }
        if look.serials.len() < 2 {
            match self.identify(place).await? {
                Ok(identity) => {
                    self.check_serial(&mut look, identity.as_ref());
                    if look.serials.len() < 2 {
                        self.add(place, identity, &look, tell);
                        return Ok(true);
                    }
                }
                Err(fault) => look.tally.note(&Err(fault)),
            }
        }
        if look.whole() == 0 {
            return self.judge(place, look, wait, tell).await;
        }
        self.trace(place, &look, false, tell);
        Ok(true)
    }

    /// A question to all was answered by something that cannot be read.
    async fn several(
        &mut self,
        place: Place,
        hearing: &Hearing,
        wait: Duration,
        tell: &mut dyn FnMut(FindEvent<'_>),
    ) -> Result<(), Halt> {
        let again = self.ask(&Question::serial(0), wait, true).await?;
        if let Some((unit, _)) = again.sorted.answer {
            self.meet(Place { unit, ..place }, Some((&again, true)), wait, tell).await?;
        } else if again.is_damaged() {
            self.plan.promote(place.line);
            let mut symptoms = Symptoms::of(place, Tally::default(), None);
            symptoms.tally = Tally { asked: 2, damaged: 2, ..Tally::default() };
            let mut trace = Trace::of(&symptoms, hearing.bytes + again.bytes, hearing.errors + again.errors);
            trace.diagnosis = Cause::SeveralAtOnce.told(&symptoms);
            self.traces.push(trace.clone());
            tell(FindEvent::Something(&trace));
        } else {
            self.noise(place, hearing, tell);
        }
        Ok(())
    }

    /// Was it the late answer to an older question? Those are asked again with patience.
    async fn late_from_before(
        &mut self,
        place: Place,
        tell: &mut dyn FnMut(FindEvent<'_>),
    ) -> Result<bool, Halt> {
        if self.late_checks >= LATE_CHECKS {
            return Ok(false);
        }
        self.late_checks += 1;
        let now = self.prober.now();
        let older: Vec<(Place, units::Instant)> = self
            .lately
            .iter()
            .rev()
            .filter(|(other, at)| *other != place && other.unit != 0 && now.since(*at) < LATEST.times(2))
            .copied()
            .collect();
        let patient = self.settings.follow.reply_delay + self.settings.latency;
        for (place, _) in older {
            if self.knows(place) {
                continue;
            }
            self.tune(place.line).await?;
            let hearing = self.ask(&Question::serial(place.unit), patient, true).await?;
            if hearing.sorted.answer.is_some()
                && self.meet(place, Some((&hearing, true)), patient, tell).await?
            {
                self.wait_for(hearing.delay);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A whole answer of `unit` came, which was asked a while ago.
    pub(super) async fn late(&mut self, unit: u8, tell: &mut dyn FnMut(FindEvent<'_>)) -> Result<bool, Halt> {
        let own = self.prober.line;
        let asked = self.lately.iter().rev().filter(|(place, _)| place.unit == unit);
        let first = asked.clone().next_back();
        let Some(delay) = first.map(|(_, at)| self.prober.now().since(*at)) else {
            return Ok(false);
        };
        let mut lines = Vec::from([own]);
        for (place, _) in asked {
            if !lines.contains(&place.line) {
                lines.push(place.line);
            }
        }
        let patient = self.settings.follow.reply_delay + self.settings.latency;
        for line in lines {
            let place = Place { line, unit };
            if self.knows(place) {
                self.wait_for(delay);
                return Ok(true);
            }
            self.tune(line).await?;
            let hearing = self.ask(&Question::serial(unit), patient, true).await?;
            if hearing.sorted.answer.is_some()
                && self.meet(place, Some((&hearing, true)), patient, tell).await?
            {
                self.wait_for(hearing.delay.max(delay.min(LATEST)));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Everything was asked. A short search is over before a slow adapter has handed over the first answer: those that were
    /// asked last are listened for a little longer.
    pub(super) async fn last_words(&mut self, tell: &mut dyn FnMut(FindEvent<'_>)) -> Result<(), Halt> {
        let silent = self.lately.iter().rev().find(|(place, _)| !self.knows(*place)).copied();
        let (Transport::Rtu, Some((place, asked))) = (self.transport, silent) else { return Ok(()) };
        let until = asked + LATEST;
        while self.prober.now() < until && !self.control.is_stopped() {
            let hearing = self.prober.attend(until).await?;
            self.overhear(0, hearing.sorted.others.iter().map(|(unit, _)| *unit));
            if !self.late_ones(tell).await? && hearing.is_damaged() {
                self.late_from_before(Place { unit: 0, ..place }, tell).await?;
            }
        }
        Ok(())
    }

    /// Meters of this line take so long: they are waited for from now on.
    fn wait_for(&mut self, delay: Duration) {
        let delay = delay.min(LATEST);
        let longer = Duration::from_micros(delay.as_micros() + delay.as_micros() / 4) + self.settings.latency;
        self.wait = self.wait.max(longer);
    }

    /// Noise is told once for each line.
    fn noise(&mut self, place: Place, hearing: &Hearing, tell: &mut dyn FnMut(FindEvent<'_>)) {
        if self.noisy.contains(&place.line) {
            return;
        }
        self.noisy.push(place.line);
        let mut look = Look::default();
        look.take(hearing, place.unit, true);
        look.tally = Tally { asked: 1, damaged: 1, silent: 1, ..Tally::default() };
        let symptoms = Symptoms::of(place, look.tally, None);
        let trace = Trace::of(&symptoms, look.bytes, look.errors);
        self.traces.push(trace.clone());
        tell(FindEvent::Something(&trace));
    }

    /// How long is waited for an answer where one was heard: it came in time once.
    pub(super) fn follow_wait(&self) -> Duration {
        self.wait.times(2)
    }

    /// True where it is told already what is at `place`.
    pub(super) fn knows(&self, place: Place) -> bool {
        let found =
            |finding: &Finding| matches!(finding, Finding::Modbus { place: other, .. } if *other == place);
        self.seen.contains(&place) || self.found.iter().any(found)
    }
}
