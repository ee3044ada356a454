//! Listening to others: nothing is sent, everything that is said on a line is named, paired and counted.
//!
//! A [`Listener`] takes what a [`Port`] receives, or a log of bytes ([`HexLog`]), and keeps a list of what was said and
//! the figures of who said it. [`listen`] brings it what a port hears; it calls [`Port::receive`] and nothing else.
//!
//! Times are those of the last byte of a frame, as well as the port knows them: adapters hand bytes over late, up to
//! 16 ms, and the figures are as good as that.

mod book;
mod figures;
mod hexlog;
mod mbus;
mod pcap;
mod report;
mod rtu;
mod text;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use ::modbus::{LISTEN_BUFFER, LineParams, PREDICT_GAP, Sniffer};
use models::Entry;
use units::{Duration, Instant};

use crate::port::{Port, PortFault, Received};
use book::Book;
pub use book::{Answered, Item, What};
pub use figures::{Bucket, Errors, Load, Masters, Node, Poll, Seen};
pub use hexlog::{HexLog, LogFault, LogLine};
pub use pcap::{LINK_TYPE, pcap};
pub use report::{cells, head, percent, report};
pub use text::text;

/// So many entries of the list are kept where nothing else is asked for.
pub const KEPT: usize = 2_000;

/// A listener that hears nothing looks up at least so often, to see whether it is to end.
const GLANCE: Duration = Duration::from_millis(250);

/// What is spoken on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// Modbus RTU.
    Modbus,
    /// M-Bus.
    Mbus,
}

/// The buffer of a [`Listener`].
#[derive(Clone, Debug)]
pub struct ListenMemory([u8; LISTEN_BUFFER]);

impl Default for ListenMemory {
    fn default() -> Self {
        Self([0; LISTEN_BUFFER])
    }
}

#[derive(Debug)]
enum Ears<'m> {
    Modbus(Sniffer<'m>),
    Mbus(mbus::Frames),
}

/// When the bytes came that are not part of anything yet.
#[derive(Clone, Debug, Default)]
struct Stamps {
    /// For each piece, how many bytes there were with it, and when it came.
    pieces: VecDeque<(u64, Instant)>,
    fed: u64,
    told: u64,
}

impl Stamps {
    fn feed(&mut self, at: Instant, bytes: usize) {
        self.fed += bytes as u64;
        self.pieces.push_back((self.fed, at));
    }

    /// When the last of the next `bytes` bytes came.
    fn tell(&mut self, bytes: usize) -> Option<Instant> {
        self.told += bytes as u64;
        while self.pieces.front().is_some_and(|(upto, _)| *upto < self.told) {
            self.pieces.pop_front();
        }
        self.pieces.front().map(|(_, at)| *at)
    }
}

/// Somebody who only listens.
#[derive(Debug)]
pub struct Listener<'m> {
    ears: Ears<'m>,
    stamps: Stamps,
    book: Book,
}

impl<'m> Listener<'m> {
    /// A listener on a line with these parameters that keeps the last [`KEPT`] entries of its list.
    #[must_use]
    pub fn new(memory: &'m mut ListenMemory, spoken: Spoken, line: LineParams) -> Self {
        let ears = match spoken {
            Spoken::Modbus => {
                let mut sniffer = Sniffer::new(&mut memory.0);
                sniffer.set_gap(gap(line));
                Ears::Modbus(sniffer)
            }
            Spoken::Mbus => Ears::Mbus(mbus::Frames::new(gap(line))),
        };
        Self { ears, stamps: Stamps::default(), book: Book::new(spoken, line) }
    }

    /// Keeps so many entries of the list from now on, at least one; figures go on counting whatever is kept.
    pub fn keep(&mut self, entries: usize) {
        self.book.keep(entries);
    }

    /// The times of what comes are made up, as those of a log without times: nothing is said about delays and load.
    pub fn without_times(&mut self) {
        self.book.timed = false;
    }

    /// Takes the meters of which nothing else is known for ones of this model.
    pub fn assume(&mut self, entry: Option<&'static Entry>) {
        self.book.assumed = entry;
    }

    /// Something was heard.
    pub fn hear(&mut self, now: Instant, heard: &Received) {
        self.book.begin(now);
        match heard {
            Received::Quiet => {}
            Received::LineError(error) => {
                // A character is missing: what came before it becomes no frame any more.
                self.flush(now);
                self.book.line_error(now, *error);
            }
            Received::Bytes(bytes) => {
                // What the pause before these bytes has ended is told first.
                self.look(now);
                self.stamps.feed(now, bytes.len());
                self.book.load.count(now, bytes.len());
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let taken = match &mut self.ears {
                        Ears::Modbus(sniffer) => sniffer.handle_rx(now, rest),
                        Ears::Mbus(frames) => frames.take(now, rest),
                    };
                    rest = rest.get(taken..).unwrap_or_default();
                    self.look(now);
                }
            }
        }
    }

    /// Time has passed: unfinished frames and unanswered questions are given up where they are due.
    pub fn pass(&mut self, now: Instant) {
        self.look(now);
        self.book.pass(now);
    }

    /// The end: what is unfinished is told as it is.
    pub fn finish(&mut self, now: Instant) {
        self.pass(now);
        self.flush(now);
    }

    /// Gives up what is unfinished.
    fn flush(&mut self, now: Instant) {
        self.look(now);
        if let Some(due) = self.bytes_due() {
            self.look(due.max(now));
        }
    }

    fn bytes_due(&self) -> Option<Instant> {
        match &self.ears {
            Ears::Modbus(sniffer) => sniffer.poll_at(),
            Ears::Mbus(frames) => frames.poll_at(),
        }
    }

    /// When [`Self::pass`] has something to do next.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        self.bytes_due().into_iter().chain(self.book.poll_at()).min()
    }

    /// The listening begins at `now`, by the port's clock.
    pub fn begin(&mut self, now: Instant) {
        self.book.begin(now);
    }

    /// Takes what the ears have made of the bytes so far.
    fn look(&mut self, now: Instant) {
        let Self { ears, stamps, book } = self;
        match ears {
            Ears::Modbus(sniffer) => {
                while let Some(heard) = sniffer.poll(now) {
                    rtu::take(book, stamps, &heard);
                }
            }
            Ears::Mbus(frames) => {
                while let Some((frame, bytes)) = frames.next(now, book.awaits()) {
                    let at = stamps.tell(bytes.len()).unwrap_or(now);
                    mbus::take(book, at, frame, &bytes);
                }
            }
        }
    }

    /// The last entries of the list, the oldest first.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = &Item> + ExactSizeIterator {
        self.book.items.iter()
    }

    /// How many entries there have been, those included that are not kept any more.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.book.count
    }

    /// Who was asked or has answered, by id.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.book.nodes.values()
    }

    /// What went wrong, by kind.
    #[must_use]
    pub const fn errors(&self) -> &Errors {
        &self.book.errors
    }

    /// How busy the line is.
    #[must_use]
    pub const fn load(&self) -> &Load {
        &self.book.load
    }

    /// How long it takes until an answer begins, over all ids.
    #[must_use]
    pub fn turnaround(&self) -> Vec<Bucket> {
        self.book.turnaround.buckets()
    }

    /// How many masters can be told apart.
    #[must_use]
    pub fn masters(&self) -> Masters {
        self.book.masters()
    }

    /// The line that it was told.
    #[must_use]
    pub const fn line(&self) -> LineParams {
        self.book.line
    }

    /// What is spoken.
    #[must_use]
    pub const fn spoken(&self) -> Spoken {
        match self.ears {
            Ears::Modbus(_) => Spoken::Modbus,
            Ears::Mbus(_) => Spoken::Mbus,
        }
    }

    /// False where the times are made up.
    #[must_use]
    pub const fn timed(&self) -> bool {
        self.book.timed
    }
}

/// A sentence behind an id: its first letter small.
fn small(mut text: String) -> String {
    if let Some(head) = text.get_mut(..1) {
        head.make_ascii_lowercase();
    }
    text
}

/// Silence that gives an unfinished frame up: adapters make holes of 16 ms and more inside of frames.
fn gap(line: LineParams) -> Duration {
    PREDICT_GAP.times(2).max(line.t35().times(2))
}

/// Listens until `until`, or until the port goes. `told` is called whenever something was heard or given up; it ends
/// the listening by returning false.
///
/// # Errors
/// [`PortFault`] where nothing can be heard any more; what was heard before is kept.
pub async fn listen<P: Port>(
    port: &mut P,
    listener: &mut Listener<'_>,
    until: Option<Instant>,
    told: &mut dyn FnMut(&Listener<'_>) -> bool,
) -> Result<(), PortFault> {
    listener.begin(port.now());
    loop {
        let now = port.now();
        listener.pass(now);
        if !told(listener) || until.is_some_and(|until| now >= until) {
            listener.finish(now);
            told(listener);
            return Ok(());
        }
        let due = listener.poll_at().into_iter().chain(until).fold(now + GLANCE, Instant::min);
        match port.receive(due).await {
            Ok(heard) => listener.hear(port.now(), &heard),
            Err(fault) => {
                listener.finish(port.now());
                told(listener);
                return Err(fault);
            }
        }
    }
}
