//! [`Finder`]: the search over a Modbus.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use modbus::{Exception, LineParams};
use units::{Duration, Instant};

use super::control::{Control, Leash};
use super::frame::{Question, Reply, Sorted};
use super::listen::listen;
use super::plan::{SearchPlan, silent_time};
use super::position::SearchPosition;
use super::probe::{Halt, Hearing, Prober, TUNE};
use super::scope::SearchScope;
use super::{FindEnd, FindEvent, FindSettings, Finding, Probe, SearchProgress, Trace};
use crate::bus::{Bus as _, Fault, Line, LineMemory, Observer, Place, Timing, Traffic, Transport};
use crate::diagnosis::{Cause, Diagnosis, Neighbour, Symptoms, Tally, diagnose};
use crate::port::{Port, PortFault};

/// Questions that are remembered, in case their answers come late.
const REMEMBERED: usize = 16;

/// Words of another master that end a search: one may be chance.
const OTHERS: u32 = 2;

/// An observer that is lent.
#[derive(Debug)]
pub(super) struct Lend<'o, O>(pub(super) &'o mut O);

impl<O: Observer> Observer for Lend<'_, O> {
    fn traffic(&mut self, traffic: &Traffic<'_>) {
        self.0.traffic(traffic);
    }
}

/// A search over a Modbus. It may be run again after a stop or a fault of the port: it goes on where it was.
#[derive(Debug)]
pub struct Finder<P, O = ()> {
    pub(super) prober: Prober<P, O>,
    pub(super) memory: LineMemory,
    pub(super) transport: Transport,
    pub(super) settings: FindSettings,
    pub(super) control: Control,
    pub(super) plan: SearchPlan,
    pub(super) found: Vec<Finding>,
    pub(super) traces: Vec<Trace>,
    /// Places of which it is told what is there, apart from meters.
    pub(super) seen: Vec<Place>,
    /// Lines of which it is told that they are disturbed.
    pub(super) noisy: Vec<LineParams>,
    /// The last questions and when they had left.
    pub(super) lately: VecDeque<(Place, Instant)>,
    pub(super) late_checks: u32,
    /// Units that were heard while another one was asked.
    pub(super) overheard: Vec<u8>,
    /// How long is waited for an answer to begin: longer where meters were found to be slow.
    pub(super) wait: Duration,
    others: u32,
    /// It is told that answers came which were not asked for.
    told_strange: bool,
    masters: Vec<u8>,
    /// What silent questions have taken, and what they were computed to take.
    measured: (Duration, Duration),
}

impl<P: Port, O: Observer> Finder<P, O> {
    /// A search over `port`, which is at `line` now. Over Modbus TCP only ids are asked; what the scope says of speeds and
    /// formats is for the caller to choose so that it fits the line behind a gateway ([`SearchScope::at`]).
    pub fn new(
        port: P,
        transport: Transport,
        line: LineParams,
        scope: &SearchScope,
        settings: FindSettings,
        control: Control,
        observer: O,
    ) -> Self {
        Self {
            prober: Prober::new(Leash::new(port, control.clone()), line, observer),
            memory: LineMemory::default(),
            transport,
            settings,
            control,
            plan: SearchPlan::new(scope),
            found: Vec::new(),
            traces: Vec::new(),
            seen: Vec::new(),
            noisy: Vec::new(),
            lately: VecDeque::new(),
            late_checks: 0,
            overheard: Vec::new(),
            wait: settings.wait(),
            others: 0,
            told_strange: false,
            masters: Vec::new(),
            measured: (Duration::ZERO, Duration::ZERO),
        }
    }

    /// Goes on where a search was stopped; its scope takes the place of the one that was given.
    pub fn resume(&mut self, position: &SearchPosition) {
        self.plan = SearchPlan::resume(position);
    }

    /// The place in the search.
    #[must_use]
    pub fn position(&self) -> SearchPosition {
        self.plan.position()
    }

    /// What was found so far.
    #[must_use]
    pub fn found(&self) -> &[Finding] {
        &self.found
    }

    /// What else was met so far.
    #[must_use]
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// True once the adapter was found to repeat what is sent.
    #[must_use]
    pub const fn heard_echo(&self) -> bool {
        self.prober.echo
    }

    /// Questions that were sent, those of looking twice included, reading out who it is left out.
    #[must_use]
    pub const fn sent(&self) -> u32 {
        self.prober.sent
    }

    /// The line at which it takes the port to be. A search that goes on wants it there, whatever was done with it meanwhile.
    #[must_use]
    pub const fn line(&self) -> LineParams {
        self.prober.line
    }

    /// Gives the port back.
    pub fn into_port(self) -> P {
        self.prober.port.into_port()
    }

    /// Looks at a place that is known from before, as those of a search that was stopped. True where a meter answers.
    ///
    /// # Errors
    /// As [`Finder::run`].
    pub async fn look_at(
        &mut self,
        place: Place,
        tell: &mut dyn FnMut(FindEvent<'_>),
    ) -> Result<bool, PortFault> {
        let looked = async {
            self.tune(place.line).await?;
            let wait = self.follow_wait();
            self.meet(place, None, wait, tell).await
        };
        match looked.await {
            Ok(met) => Ok(met),
            Err(Halt::Port(fault)) => Err(fault),
            Err(Halt::NeverQuiet | Halt::Stopped | Halt::OtherMaster) => Ok(false),
        }
    }

    /// Searches to the end, and tells as it goes. The line is put back to where it was.
    ///
    /// # Errors
    /// [`PortFault`] where the port goes. [`Finder::position`] holds the place in the search then, too.
    pub async fn run(&mut self, tell: &mut dyn FnMut(FindEvent<'_>)) -> Result<FindEnd, PortFault> {
        let home = self.prober.line;
        let begun = self.prober.now();
        let end = match self.search(begun, tell).await {
            Ok(end) => end,
            Err(Halt::Port(_) | Halt::Stopped) if self.control.is_stopped() => FindEnd::Stopped,
            Err(Halt::Port(fault)) => return Err(fault),
            Err(Halt::Stopped) => FindEnd::Stopped,
            Err(Halt::OtherMaster) => FindEnd::OtherMaster(self.masters.clone()),
            Err(Halt::NeverQuiet) => {
                let place = Place { line: self.prober.line, unit: 0 };
                let symptoms = Symptoms::of(place, self.prober.beside, Some(&Fault::NeverQuiet));
                self.tell_trace(&symptoms, tell);
                FindEnd::NeverQuiet
            }
        };
        match self.prober.tune(home).await {
            Err(Halt::Port(fault)) => Err(fault),
            _ => Ok(end),
        }
    }

    async fn search(&mut self, begun: Instant, tell: &mut dyn FnMut(FindEvent<'_>)) -> Result<FindEnd, Halt> {
        if let Some(span) = self.settings.listen {
            let line = self.plan.peek().map_or(self.prober.line, |probe| probe.place.line);
            self.tune(line).await?;
            let listened = listen(&mut self.prober.port, line, span).await?;
            tell(FindEvent::Listened(&listened));
            if listened.is_busy() {
                self.masters = listened.masters_ask();
                return Ok(FindEnd::OtherMaster(self.masters.clone()));
            }
        }
        while let Some(probe) = self.plan.peek() {
            if self.control.is_stopped() {
                return Ok(FindEnd::Stopped);
            }
            self.step(probe, tell).await?;
            // A search that is dropped in between asks once more: nothing is left out.
            self.plan.next();
            self.progress(begun, probe, tell);
        }
        self.last_words(tell).await?;
        // Where nobody answers, what was heard without a question may say why.
        let beside = Tally { strange: 0, questions: 0, ..self.prober.beside };
        let place = Place { line: self.prober.line, unit: 0 };
        let symptoms = Symptoms::of(place, Tally { busy: 0, ..beside }, None);
        if self.found.is_empty() && diagnose(&symptoms).cause != Cause::Nothing {
            self.tell_trace(&symptoms, tell);
        }
        Ok(FindEnd::Done)
    }

    fn progress(&mut self, begun: Instant, probe: Probe, tell: &mut dyn FnMut(FindEvent<'_>)) {
        let computed = self.plan.left(self.wait, TUNE);
        let (took, should) = self.measured;
        let left = match (took.as_micros(), should.as_micros()) {
            (took, should) if should > 0 => {
                let left = u128::from(computed.as_micros()) * u128::from(took) / u128::from(should);
                Duration::from_micros(u64::try_from(left).unwrap_or(u64::MAX))
            }
            _ => computed,
        };
        let gone = self.prober.now().since(begun).saturating_sub(self.prober.paused);
        tell(FindEvent::Progress(SearchProgress {
            asked: self.plan.asked(),
            total: self.plan.total(),
            gone,
            left,
            place: probe.place,
        }));
    }

    /// One question of the plan and all that comes of it.
    async fn step(&mut self, probe: Probe, tell: &mut dyn FnMut(FindEvent<'_>)) -> Result<(), Halt> {
        let place = probe.place;
        if place.unit != 0 && self.knows(place) {
            return Ok(());
        }
        let shared = probe.also.and_then(|_| Question::shared(place.unit, place.line.parity));
        let serial_asked = shared.is_none();
        let question = shared.unwrap_or_else(|| Question::serial(place.unit));
        let mut again = true;
        loop {
            self.tune(place.line).await?;
            let begun = self.prober.now();
            let hearing = self.ask(&question, self.wait, true).await?;
            self.remember(place, begun);
            if hearing.bytes == 0 && hearing.errors == 0 {
                self.measured.0 += self.prober.now().since(begun);
                self.measured.1 += silent_time(place.line, self.wait);
            }
            self.heed(&hearing, place, tell)?;
            let wait = self.follow_wait();
            if let Some((unit, _)) = hearing.sorted.answer {
                let there = Place { unit, ..place };
                self.meet(there, Some((&hearing, serial_asked)), wait, tell).await?;
            }
            let late = self.late_ones(tell).await?;
            if hearing.sorted.answer.is_some() {
                return Ok(());
            }
            // The late answer of another one may have hidden this one's.
            if late && again {
                again = false;
                continue;
            }
            if hearing.is_damaged() {
                self.untangle(probe, &hearing, tell).await?;
                self.late_ones(tell).await?;
            }
            return Ok(());
        }
    }

    /// Notes who was heard while `asked` was asked: perhaps late.
    pub(super) fn overhear(&mut self, asked: u8, units: impl Iterator<Item = u8>) {
        for unit in units {
            let lately = self.lately.iter().any(|(place, _)| place.unit == unit);
            if unit != asked && lately && !self.overheard.contains(&unit) {
                self.overheard.push(unit);
            }
        }
    }

    /// Looks at those who were heard late. True where one was a meter.
    pub(super) async fn late_ones(&mut self, tell: &mut dyn FnMut(FindEvent<'_>)) -> Result<bool, Halt> {
        let mut late = false;
        while let Some(unit) = self.overheard.pop() {
            late |= self.late(unit, tell).await?;
            // Its own further answers are no news.
            self.overheard.retain(|other| *other != unit);
        }
        Ok(late)
    }

    fn remember(&mut self, place: Place, at: Instant) {
        if self.lately.len() >= REMEMBERED {
            self.lately.pop_front();
        }
        self.lately.push_back((place, at));
    }

    /// Looks for words of another master in what was heard.
    fn heed(
        &mut self,
        hearing: &Hearing,
        place: Place,
        tell: &mut dyn FnMut(FindEvent<'_>),
    ) -> Result<(), Halt> {
        for unit in &hearing.sorted.requests {
            self.others += 1;
            if !self.masters.contains(unit) {
                self.masters.push(*unit);
            }
        }
        let known = |unit: u8| {
            unit == place.unit
                || place.unit == 0
                || self.lately.iter().any(|(place, _)| place.unit == unit || place.unit == 0)
        };
        let strange = hearing.sorted.others.iter().filter(|(unit, _)| !known(*unit)).count();
        self.others = self.others.saturating_add(u32::try_from(strange).unwrap_or(u32::MAX));
        if self.others < OTHERS || self.settings.insist {
            // A meter that answers what it was not asked is no reason to end a search, but one to say so.
            let strange = self.prober.beside.strange;
            if !self.told_strange && strange >= OTHERS {
                self.told_strange = true;
                let tally = Tally { asked: self.prober.sent, strange, ..Tally::default() };
                self.tell_trace(&Symptoms::of(place, tally, None), tell);
            }
            return Ok(());
        }
        let tally = Tally { asked: 1, foreign: 1, ..Tally::default() };
        let symptoms = Symptoms { masters: self.masters.clone(), ..Symptoms::of(place, tally, None) };
        self.tell_trace(&symptoms, tell);
        // Another run may find the line free.
        self.others = 0;
        Err(Halt::OtherMaster)
    }

    fn tell_trace(&mut self, symptoms: &Symptoms<'_>, tell: &mut dyn FnMut(FindEvent<'_>)) {
        let trace = Trace::of(symptoms, 0, 0);
        self.traces.push(trace.clone());
        tell(FindEvent::Something(&trace));
    }

    pub(super) async fn tune(&mut self, line: LineParams) -> Result<(), Halt> {
        self.prober.tune(line).await
    }

    /// Asks over whatever carries the frames.
    pub(super) async fn ask(
        &mut self,
        question: &Question,
        wait: Duration,
        more: bool,
    ) -> Result<Hearing, Halt> {
        if self.transport == Transport::Rtu {
            let hearing = self.prober.ask(question, wait, more).await?;
            self.overhear(question.unit, hearing.sorted.others.iter().map(|(unit, _)| *unit));
            return Ok(hearing);
        }
        if self.prober.port.leave().await?.is_none() {
            return Err(Halt::Stopped);
        }
        self.prober.sent = self.prober.sent.saturating_add(1);
        let place = Place { line: self.prober.line, unit: question.unit };
        let timing = Timing { reply_delay: wait, margin: Duration::ZERO, latency: Duration::ZERO };
        let lent = Lend(&mut self.prober.observer);
        let begun = self.prober.port.now();
        let mut line =
            Line::new(&mut self.prober.port, &mut self.memory, self.transport, place, timing, lent);
        let outcome = line.exchange(&question.request, 1).await;
        drop(line);
        let mut hearing = Hearing { delay: self.prober.now().since(begun), ..Hearing::default() };
        match outcome {
            Ok(answer) => hearing.sorted.answer = Some((answer.unit, Reply::Words(answer.words))),
            // The gateway answers for somebody who does not.
            Err(Fault::Refused(Exception::GatewayPathUnavailable | Exception::GatewayTargetFailed)) => {}
            Err(Fault::Refused(why)) => hearing.sorted.answer = Some((question.unit, Reply::Refused(why))),
            Err(Fault::Silent { evidence, .. }) => {
                hearing.bytes = usize::from(evidence.bytes);
                hearing.sorted = Sorted { loose: hearing.bytes, ..Sorted::default() };
            }
            Err(Fault::Port(_)) if self.control.is_stopped() => return Err(Halt::Stopped),
            Err(Fault::Port(fault)) => return Err(Halt::Port(fault)),
            Err(_) => return Err(Halt::NeverQuiet),
        }
        Ok(hearing)
    }
}

/// Looks for what explains that `place` does not answer: at its id in every format and at every speed, and for whoever is
/// there. `tally` and `last` are what the line has seen; `wanted` is the serial number of the meter that should be there,
/// where it is known.
///
/// # Errors
/// [`PortFault`] where the port goes meanwhile.
pub async fn investigate<P: Port, O: Observer>(
    port: P,
    place: Place,
    tally: Tally,
    last: Option<&Fault>,
    wanted: Option<u32>,
    settings: FindSettings,
    observer: O,
) -> Result<Diagnosis, PortFault> {
    let scope = SearchScope { ids: Vec::from([place.unit]), ..SearchScope::default() };
    let mut finder =
        Finder::new(port, Transport::Rtu, place.line, &scope, settings, Control::default(), observer);
    let mut symptoms = Symptoms { wanted, ..Symptoms::of(place, tally, last) };
    let end = match finder.run(&mut |_| {}).await {
        Ok(end) => end,
        Err(fault) => {
            let fault = Fault::Port(fault);
            return Ok(diagnose(&Symptoms { last: Some(&fault), ..symptoms }));
        }
    };
    if let FindEnd::OtherMaster(units) = end {
        symptoms.masters = units;
    }
    let Tally { strange, idle, idle_breaks, busy, .. } = finder.prober.beside;
    for (all, more) in [
        (&mut symptoms.tally.strange, strange),
        (&mut symptoms.tally.idle, idle),
        (&mut symptoms.tally.idle_breaks, idle_breaks),
        (&mut symptoms.tally.busy, busy),
    ] {
        *all = all.saturating_add(more);
    }
    for finding in finder.found() {
        if let Finding::Modbus { place, .. } = finding {
            symptoms.found.push(Neighbour { place: *place, serial: finding.serial() });
        }
    }
    let here = finder.traces().iter().find(|trace| trace.place == place);
    let clash = |trace: &&Trace| trace.diagnosis.cause == Cause::SeveralOnOneId;
    if let Some(trace) = here.or_else(|| finder.traces().iter().find(clash))
        && symptoms.found.is_empty()
    {
        return Ok(trace.diagnosis.clone());
    }
    Ok(diagnose(&symptoms))
}
