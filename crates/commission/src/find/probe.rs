//! One short question and what was heard behind it, with time-outs of a search instead of those of a read-out.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use modbus::{LineError, LineParams, PREDICT_GAP};
use units::{Duration, Instant};

use super::control::Leash;
use super::frame::{Question, Reply, Sorted};
use crate::bus::{Direction, Observer, Traffic};
use crate::diagnosis::Tally;
use crate::meaning::{self, About};
use crate::overheard::Overheard;
use crate::port::{Port, PortFault, Received};

/// A hole inside an answer that does not end it: adapters make them of up to 40 ms.
const HOLE: Duration = Duration::from_millis(50);

/// An answer that has begun is over after so long, whatever still comes.
const LONGEST: Duration = Duration::from_millis(800);

/// How long a line may chatter before a question is given up.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an adapter gets after a change of speed or format before it must send.
pub(super) const TUNE: Duration = Duration::from_millis(20);

/// A silence that every meter takes for the end of what it did not understand, those that hear through an adapter too.
const REST: Duration = Duration::from_millis(PREDICT_GAP.as_millis() + 5);

/// Why a search cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    Port(PortFault),
    /// Others kept talking.
    NeverQuiet,
    /// Another master was heard.
    OtherMaster,
    Stopped,
}

impl From<PortFault> for Halt {
    fn from(fault: PortFault) -> Self {
        Self::Port(fault)
    }
}

/// What was heard behind a question.
#[derive(Clone, Debug, Default)]
pub(super) struct Hearing {
    pub(super) sorted: Sorted,
    /// Damaged characters, and the kind of the first.
    pub(super) errors: usize,
    pub(super) error: Option<LineError>,
    /// Bytes heard, the echo included.
    pub(super) bytes: usize,
    /// From the end of the question to the end of what answered it.
    pub(super) delay: Duration,
    /// Parity errors among the damaged characters.
    pub(super) parity_errors: usize,
}

impl Hearing {
    /// Something was heard that is no whole frame.
    pub(super) fn is_damaged(&self) -> bool {
        self.sorted.answer.is_none() && (self.sorted.loose > 0 || self.errors > 0)
    }
}

/// The line as a search uses it.
#[derive(Debug)]
pub(super) struct Prober<P, O> {
    pub(super) port: Leash<P>,
    pub(super) observer: O,
    pub(super) line: LineParams,
    /// When something was heard or sent last.
    last: Instant,
    /// How long the line must rest before the next question.
    rest: Duration,
    pub(super) paused: Duration,
    pub(super) sent: u32,
    /// The adapter repeats what is sent.
    pub(super) echo: bool,
    /// The questions of this search.
    pub(super) overheard: Overheard,
    /// What was heard beside the answers.
    pub(super) beside: Tally,
}

impl<P: Port, O: Observer> Prober<P, O> {
    pub(super) fn new(port: Leash<P>, line: LineParams, observer: O) -> Self {
        Self {
            port,
            observer,
            line,
            last: Instant::ZERO,
            rest: Duration::ZERO,
            paused: Duration::ZERO,
            sent: 0,
            echo: false,
            overheard: Overheard::default(),
            beside: Tally::default(),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.port.now()
    }

    /// Somebody else has used the line.
    pub(super) fn touch(&mut self) {
        self.last = self.now();
        self.rest = REST.max(self.line.t35());
    }

    pub(super) async fn tune(&mut self, line: LineParams) -> Result<(), Halt> {
        if line != self.line {
            self.port.reconfigure(line).await?;
            self.line = line;
            self.port.wait(TUNE).await?;
        }
        Ok(())
    }

    /// Waits until nothing more comes. Returns what came meanwhile: late answers, or what others say.
    pub(super) async fn quiet(&mut self) -> Result<Hearing, Halt> {
        let begun = self.now();
        let (mut heard, mut hearing) = (Vec::new(), Hearing::default());
        loop {
            let now = self.now();
            let until = now.max(self.last + self.rest);
            match self.port.receive(until).await? {
                Received::Quiet if self.now() >= self.last + self.rest => break,
                Received::Quiet => {}
                Received::Bytes(bytes) => {
                    heard.extend_from_slice(&bytes);
                    self.touch();
                }
                Received::LineError(error) => {
                    hearing.note(error);
                    self.beside.note_idle(error);
                    self.touch();
                }
            }
            if self.now().since(begun) >= PATIENCE {
                self.beside.busy = self.beside.busy.saturating_add(1);
                return Err(Halt::NeverQuiet);
            }
        }
        hearing.bytes = heard.len();
        hearing.sorted = Sorted::of(&heard, None);
        self.beside.note_others(self.overheard.hear(&heard));
        if hearing.bytes > 0 || hearing.errors > 0 {
            self.show(&heard, &hearing, None);
        }
        Ok(hearing)
    }

    /// Listens until nothing more comes, and until `until` at least for that something comes at all.
    pub(super) async fn attend(&mut self, until: Instant) -> Result<Hearing, Halt> {
        self.rest = self.rest.max(until.since(self.last));
        self.quiet().await
    }

    /// Asks, and waits `wait` for the answer to begin, on top of the pause that ends the question. With `more` it goes on
    /// listening as long for a second answer.
    pub(super) async fn ask(
        &mut self,
        question: &Question,
        wait: Duration,
        more: bool,
    ) -> Result<Hearing, Halt> {
        match self.port.leave().await? {
            None => return Err(Halt::Stopped),
            Some(paused) if !paused.is_zero() => {
                self.paused += paused;
                self.touch();
            }
            Some(_) => {}
        }
        let stray = self.quiet().await?;
        let line = self.line;
        let begun = self.now();
        self.sent = self.sent.saturating_add(1);
        self.overheard.ask(question.bytes());
        let sent = self.port.transmit(question.bytes()).await;
        // A port that only passes bytes on is done before the wire is.
        let left = self.now().max(begun + line.wire_time(question.bytes().len()));
        self.last = left;
        self.rest = line.t35();
        let asks = format!("Is anybody there? {}", meaning::request(About::default(), &question.request));
        self.tell(left, Direction::Sent, question.bytes(), asks, true);
        sent?;
        let patience = line.t35() + wait + line.char_time();
        let end = left + patience.max(LONGEST);
        let mut until = left + patience;
        let (mut heard, mut hearing) = (Vec::new(), Hearing::default());
        let mut answered = false;
        while self.now() < until {
            let received = self.port.receive(until).await?;
            let now = self.now();
            match received {
                Received::Quiet => continue,
                Received::Bytes(bytes) => heard.extend_from_slice(&bytes),
                Received::LineError(error) => hearing.note(error),
            }
            self.touch();
            if heard.as_slice() == question.bytes() || Sorted::may_echo(&heard, question) {
                continue;
            }
            let sorted = Sorted::of(&heard, Some(question));
            if sorted.answer.is_some() && !answered {
                answered = true;
                hearing.delay = now.since(left);
                // Another one may still speak.
                until = if more { now + patience } else { now };
            } else if sorted.loose > 0 || hearing.errors > 0 {
                until = until.max((now + HOLE + line.char_time()).min(end));
            }
        }
        hearing.bytes = heard.len();
        hearing.sorted = Sorted::of(&heard, Some(question));
        self.beside.note_others(self.overheard.hear(&heard));
        self.echo |= hearing.sorted.echo;
        self.show(&heard, &hearing, Some(question));
        // What came before the question is no answer to it.
        hearing.sorted.others.extend(stray.sorted.others);
        hearing.sorted.requests.extend(stray.sorted.requests);
        Ok(hearing)
    }

    fn tell(&mut self, at: Instant, direction: Direction, bytes: &[u8], meaning: String, good: bool) {
        let (frame, about) = (0..bytes.len(), About::default());
        self.observer.traffic(&Traffic { at, direction, bytes, frame, meaning, about, good });
    }

    fn show(&mut self, heard: &[u8], hearing: &Hearing, question: Option<&Question>) {
        let (good, text) = match (&hearing.sorted.answer, question) {
            (Some((unit, Reply::Words(words))), _) => {
                (true, format!("Id {unit} answers with {} words.", words.len()))
            }
            (Some((unit, Reply::Refused(why))), _) => {
                (true, format!("Id {unit} is there and refuses: {why}."))
            }
            (None, Some(question)) if hearing.bytes == 0 && hearing.errors == 0 => {
                (true, format!("Nobody answers at id {}.", question.unit))
            }
            (None, _) if hearing.sorted.loose == 0 && hearing.errors == 0 => {
                let whole = hearing.sorted.others.len() + hearing.sorted.requests.len();
                (
                    whole > 0,
                    if whole > 0 {
                        "Not the answer to this question.".into()
                    } else {
                        "Only the echo.".into()
                    },
                )
            }
            (None, _) => (
                false,
                format!("{} bytes and {} damaged characters, no answer.", hearing.bytes, hearing.errors),
            ),
        };
        self.tell(self.now(), Direction::Heard, heard, text, good);
    }
}

impl Hearing {
    fn note(&mut self, error: LineError) {
        self.errors += 1;
        self.error = self.error.or(Some(error));
        self.parity_errors += usize::from(error == LineError::Parity);
    }
}
