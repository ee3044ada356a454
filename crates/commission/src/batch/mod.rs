//! A batch on the bench: meters that all come as the factory left them, connected one by one. Each gets the next free line of
//! a [`List`], is written and proven, and is done once all of its line was read back at its new place.
//!
//! What is certain stands in the journal, which is written before anything is sent ([`crate::record`]); the [`Batch`] is made
//! of list and journal anew whenever it goes on. A meter that was left half-done is looked for wherever it may be; one that
//! was there before is known by its serial number and gets no second line.
//!
//! [`Batch::next`] takes one meter over Modbus, [`Batch::next_mbus`] over M-Bus. It waits for it as long as nobody drops its future; whoever connects the meters is told
//! and asked through a [`Desk`].

mod cells;
mod event;
mod label;
mod list;
mod mbus;
mod modbus;
mod report;
mod work;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use models::Entry;
use units::Duration;

pub use event::{Desk, Event};
pub use label::{Label, labels_page};
pub use list::{List, ListFault, Over, Row};

use self::work::{AGAIN, Here, Stop};
use crate::identify::serial_text;
use crate::journal::{JournalFault, Mark};
use crate::plan::{Action, factory_place};
use crate::port::PortFault;
use crate::profile::ProfileFault;
use crate::record::{Lines, LinesJournal, MeterRecord, Record, Seat, Where};

/// How far a line of the list is, as far as it is certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No meter has it.
    Free,
    /// A meter has it, and not all of it is proven.
    Begun,
    /// All that its bus shows of it was read back; the meter acknowledged the rest, which proves nothing.
    Acknowledged,
    /// All of it was read back from the meter at its new place.
    Done,
}

impl State {
    /// Its word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Begun => "begun",
            Self::Acknowledged => "acknowledged",
            Self::Done => "done",
        }
    }
}

/// How one meter of a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The line of this number, counted from 0, is as good as it can be: [`State::Done`] or [`State::Acknowledged`].
    Row(usize),
    /// The meter of this line is left half-done, or was not begun; the desk was told why. It may be connected again.
    Left(usize),
    /// There was nothing to do: every line is done.
    All,
    /// Nobody came for as long as was waited.
    Nobody,
}

/// Why a batch stops.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchFault {
    /// The port does not work any more.
    Port(PortFault),
    /// The journal could not be written, so nothing more is sent.
    Journal(JournalFault),
    /// The list is for another bus.
    OtherBus,
}

impl fmt::Display for BatchFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(fault) => fault.fmt(f),
            Self::Journal(fault) => write!(f, "Nothing more is sent: {fault}."),
            Self::OtherBus => f.write_str("The list is for another bus than the line that it was given."),
        }
    }
}

impl core::error::Error for BatchFault {}

/// Why a list and a journal do not belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResumeFault {
    /// A meter was given a line that the list does not have.
    NoRow {
        /// Its serial number.
        serial: u32,
        /// The address of the line.
        id: u8,
    },
    /// Two meters were given one line.
    Twice {
        /// The address of the line.
        id: u8,
        /// Their serial numbers.
        serials: [u32; 2],
    },
    /// A line is for one meter now, and another has it.
    OtherSerial {
        /// The address of the line.
        id: u8,
        /// The meter that has it.
        serial: u32,
        /// The meter that the list says.
        wanted: u32,
    },
}

impl fmt::Display for ResumeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRow { serial, id } => write!(
                f,
                "the meter {} was given the line with id {id}, which the list does not have: expected it there, or the meter \
                 freed",
                serial_text(*serial)
            ),
            Self::Twice { id, serials: [one, other] } => write!(
                f,
                "the line with id {id} was given to the meters {} and {}: expected one of them freed",
                serial_text(*one),
                serial_text(*other)
            ),
            Self::OtherSerial { id, serial, wanted } => write!(
                f,
                "the line with id {id} is for the meter {}, and {} has it: expected that one freed",
                serial_text(*wanted),
                serial_text(*serial)
            ),
        }
    }
}

impl core::error::Error for ResumeFault {}

/// Where the meters of a list come up as they leave the factory, each place once.
#[must_use]
pub fn factory_places(list: &List) -> Vec<Where> {
    let mut places = Vec::new();
    for entry in list.entries() {
        let place = match list.over() {
            Over::Modbus => Where::Modbus(factory_place(entry)),
            Over::Mbus => Where::Mbus(crate::mbus::factory_place(entry)),
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// A batch: the list, and what is certain of it.
#[derive(Clone, Debug)]
pub struct Batch {
    list: List,
    record: Record,
    /// Where meters come up that nobody has touched.
    arrivals: Vec<Where>,
    /// How long is waited for a meter.
    patience: Duration,
    /// Meters that there is nothing to do with, where they answer: each was told once, until it is gone.
    aside: Vec<(Where, Option<u32>)>,
}

impl Batch {
    /// A batch that goes on where its journal ends; one without a line for a new one.
    ///
    /// # Errors
    /// Everything in which the two do not belong together.
    pub fn new(list: List, record: Record) -> Result<Self, Vec<ResumeFault>> {
        let mut faults = Vec::new();
        for (number, Seat { serial, row: id, .. }) in record.seats.iter().enumerate() {
            let before = record.seats.iter().take(number).find(|other| other.row == *id);
            if let Some(before) = before {
                faults.push(ResumeFault::Twice { id: *id, serials: [before.serial, *serial] });
            }
            match list.rows().iter().find(|row| row.id == *id) {
                None => faults.push(ResumeFault::NoRow { serial: *serial, id: *id }),
                Some(row) => {
                    if let Some(wanted) = row.serial.filter(|wanted| wanted != serial) {
                        faults.push(ResumeFault::OtherSerial { id: *id, serial: *serial, wanted });
                    }
                }
            }
        }
        let arrivals = factory_places(&list);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self { list, record, arrivals, patience: Duration::MAX, aside: Vec::new() })
    }

    /// Waits so long for a meter with which something is to be done; at first for ever.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Looks for new meters there and nowhere else.
    pub fn set_arrivals(&mut self, places: Vec<Where>) {
        self.arrivals = places;
    }

    /// Where new meters are looked for: as they leave the factory, unless that was set.
    #[must_use]
    pub fn arrivals(&self) -> &[Where] {
        &self.arrivals
    }

    /// The list.
    #[must_use]
    pub const fn list(&self) -> &List {
        &self.list
    }

    /// What is certain.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The line of this number, counted from 0.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<&Row> {
        self.list.rows().get(row)
    }

    /// The meter that has a line.
    #[must_use]
    pub fn seat(&self, row: usize) -> Option<&Seat> {
        let id = self.row(row)?.id;
        self.record.seats.iter().find(|seat| seat.row == id)
    }

    /// What the journal says of the meter that has a line.
    #[must_use]
    pub fn meter(&self, row: usize) -> Option<&MeterRecord> {
        self.record.meter(self.seat(row)?.serial)
    }

    /// The line that a meter has.
    fn row_of(&self, serial: u32) -> Option<usize> {
        let id = self.record.seat(serial)?.row;
        self.list.rows().iter().position(|row| row.id == id)
    }

    /// How far a line is.
    #[must_use]
    pub fn state(&self, row: usize) -> State {
        let Some((of, seat)) = self.row(row).zip(self.seat(row)) else { return State::Free };
        let Some((meter, verified)) = self.meter(row).zip(seat.verified.as_ref()) else {
            return State::Begun;
        };
        // What the list wants today, which may be more than what it wanted then.
        let Ok(wanted) = of.actions(meter.entry, self.list.over()) else { return State::Begun };
        let read = |action: &Action| {
            let own = verified.values.iter().find(|(key, _)| key == action.key());
            own.map(|(_, value)| *value) == value(action)
        };
        let acknowledged = |action: &Action| {
            meter.marks.get(action.key()) == Some(&Mark::Acknowledged)
                && meter.wanted.get(action.key()).map(|(value, _)| *value) == value(action)
        };
        if verified.at != Some(meter.now) {
            State::Begun
        } else if wanted.iter().all(read) {
            State::Done
        } else if wanted.iter().all(|action| read(action) || acknowledged(action)) {
            State::Acknowledged
        } else {
            State::Begun
        }
    }

    /// True where nothing more is to be done to a line.
    #[must_use]
    pub fn is_over(&self, row: usize) -> bool {
        matches!(self.state(row), State::Acknowledged | State::Done)
    }

    /// How many lines are in a state.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        (0..self.list.rows().len()).filter(|row| self.state(*row) == state).count()
    }

    /// The line that the meter of a serial number gets: its own, the one that names it, else the next free one that is for
    /// its model.
    fn place_for(&self, entry: &'static Entry, serial: u32) -> Option<usize> {
        let named = || self.list.rows().iter().position(|row| row.serial == Some(serial));
        let free = || {
            let mut rows = self.list.rows().iter().enumerate();
            rows.find(|(number, row)| {
                let fits = || row.actions(entry, self.list.over()).is_ok();
                row.serial.is_none() && self.seat(*number).is_none() && fits()
            })
            .map(|(number, _)| number)
        };
        self.row_of(serial).or_else(named).or_else(free)
    }

    /// The meters that were begun and are not done.
    fn begun(&self) -> impl Iterator<Item = u32> + '_ {
        self.record
            .seats
            .iter()
            .map(|seat| seat.serial)
            .filter(|serial| self.row_of(*serial).is_some_and(|row| !self.is_over(row)))
    }

    /// True where nothing is left to do.
    fn all_over(&self) -> bool {
        (0..self.list.rows().len()).all(|row| self.is_over(row))
    }

    /// A round of looking has met nobody, the first one is told: true while somebody may still come.
    fn waits_on<D: Desk>(&self, told: &mut bool, waited: Duration, desk: &mut D) -> bool {
        if !core::mem::replace(told, true) {
            desk.tell(&self.list, &Event::Waiting { so_far: self.sentence() });
        }
        waited < self.patience
    }

    /// Where is looked: where new meters come up, then wherever one may be that was begun.
    fn places(&self) -> Vec<(Where, Option<u32>)> {
        let mut places: Vec<(Where, Option<u32>)> =
            self.arrivals.iter().map(|place| (*place, None)).collect();
        for serial in self.begun() {
            let may_be = self.record.meter(serial).map(MeterRecord::places).unwrap_or_default();
            for place in may_be {
                if !places.iter().any(|(other, _)| *other == place) {
                    places.push((place, Some(serial)));
                }
            }
        }
        places
    }

    /// The line for the meter that answers at a place, where something is to be done with it; `None` for nothing, which is
    /// told once.
    fn judge<D: Desk>(
        &mut self,
        at: Where,
        begun: Option<u32>,
        serial: u32,
        entry: &'static Entry,
        desk: &mut D,
    ) -> Option<usize> {
        if begun.is_some_and(|begun| begun != serial) {
            return None;
        }
        let event = match self.place_for(entry, serial) {
            None => Event::NoRow { serial, entry, why: Vec::new() },
            Some(row) => {
                let over = self.list.over();
                let why = self.row(row).and_then(|it| it.actions(entry, over).err()).unwrap_or_default();
                if !why.is_empty() {
                    Event::NoRow { serial, entry, why: why.iter().map(ProfileFault::what).collect() }
                } else if self.is_over(row) && self.meter(row).is_some_and(|meter| meter.now == at) {
                    Event::SeenBefore { serial, row }
                } else if self.aside.contains(&(at, Some(serial))) {
                    return None;
                } else {
                    return Some(row);
                }
            }
        };
        if !self.put_aside(at, Some(serial)) {
            desk.tell(&self.list, &event);
        }
        None
    }

    /// A meter is there with which something is to be done.
    fn arrived<P, D: Desk>(&self, here: &Here<P>, desk: &mut D) {
        let Here { entry, serial, row, .. } = *here;
        let before = if self.record.seat(serial).is_some() { self.state(row) } else { State::Free };
        desk.tell(&self.list, &Event::Arrived { serial, entry, row, before });
    }

    /// The work on a meter has ended; `at` is where it was spoken to last.
    fn ended<P, D: Desk>(
        &mut self,
        here: &Here<P>,
        at: Where,
        ended: Result<(), Stop>,
        desk: &mut D,
    ) -> Result<Ended, BatchFault> {
        let row = here.row;
        match ended {
            Ok(()) => {
                let state = self.state(row);
                desk.tell(&self.list, &Event::Over { row, state });
                Ok(Ended::Row(row))
            }
            Err(Stop::Fault(fault)) => Err(fault),
            Err(Stop::Left { answers, why }) => {
                if answers {
                    // It is tried again when it has been away.
                    self.put_aside(at, Some(here.serial));
                }
                desk.tell(&self.list, &Event::Left { row, why: format!("{why} {AGAIN}") });
                Ok(Ended::Left(row))
            }
        }
    }

    /// Takes the line away from a meter that will not come back, so that the next one gets it; false where it has none.
    ///
    /// # Errors
    /// [`JournalFault`] where that cannot be written down; nothing has changed then.
    pub async fn free<L: Lines>(
        &mut self,
        serial: u32,
        journal: &mut LinesJournal<L>,
    ) -> Result<bool, JournalFault> {
        self.record.free(serial, journal).await
    }

    /// True where a meter is one of those that there is nothing to do with; it is one of them from now on.
    fn put_aside(&mut self, at: Where, serial: Option<u32>) -> bool {
        let known = self.aside.contains(&(at, serial));
        if !known {
            self.aside.retain(|(place, _)| *place != at);
            self.aside.push((at, serial));
        }
        known
    }

    /// How far all of it is, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let all = self.list.rows().len();
        let over = self.count(State::Done) + self.count(State::Acknowledged);
        let mut text = format!("{over} of {all} meters are done");
        match self.count(State::Acknowledged) {
            0 => {}
            some => text.push_str(&format!(", {some} of them as far as the bus shows")),
        }
        match self.count(State::Begun) {
            0 => text.push('.'),
            some => {
                let begun: Vec<String> = self.begun().map(serial_text).collect();
                text.push_str(&format!("; {some} begun and not done: {}.", begun.join(", ")));
            }
        }
        text
    }
}

/// The value that an action wants.
fn value(action: &Action) -> Option<i64> {
    match action {
        Action::Set { value, .. } => Some(i64::from(*value)),
        Action::Give(_) => None,
    }
}

/// Lines that go where they went before, and into the record too.
struct Noted<'a, L> {
    lines: &'a mut L,
    record: &'a mut Record,
}

impl<L: Lines> Lines for Noted<'_, L> {
    async fn add(&mut self, line: &str) -> Result<(), JournalFault> {
        self.lines.add(line).await?;
        self.record.learn(line);
        Ok(())
    }
}

fn noted<'a, L: Lines>(
    record: &'a mut Record,
    journal: &'a mut LinesJournal<L>,
) -> LinesJournal<Noted<'a, L>> {
    LinesJournal::on(Noted { lines: journal.lines_mut(), record })
}
