//! The meter in hand: who it is, where it is spoken to, what it told, and the bus to it.

use std::rc::Rc;

use commission::boot::Facts;
use commission::find::Finding;
use commission::mbus::{self, MbusLine, MbusMemory, MbusReadOut, MbusTiming};
use commission::record::Where;
use commission::{
    Context, Fault, Line, LineMemory, Place, Port as _, PortFault, ReadOut, Timing, Transport, read_out,
    sentence,
};
use dom::frames::Frames;
use dom::host;
use models::Entry;
use schema::SettingId;

use super::Setup;
use crate::cabinet::{Cabinet, Spoken};

/// The meter in hand.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    /// Its model, where this program knows it.
    pub entry: Option<&'static Entry>,
    /// The last eight digits of its serial number, where it tells them.
    pub serial: Option<u32>,
    /// Where it is spoken to now.
    pub at: Where,
    /// Its secondary address, on an M-Bus.
    pub identity: Option<::mbus::Identity>,
}

impl Meter {
    /// The meter that was found.
    pub fn of(finding: &Finding) -> Self {
        match finding {
            Finding::Modbus { place, identity, .. } => Self {
                entry: identity.as_ref().and_then(|it| it.entry),
                serial: finding.serial(),
                at: Where::Modbus(*place),
                identity: None,
            },
            Finding::Mbus { line, meter } => {
                // Every model that is known here is spoken to by its number, which no other meter has.
                let address = match meter.models.one() {
                    Some(_) => mbus::Address::Secondary(meter.identity),
                    None => mbus::Address::Primary(meter.address),
                };
                let at = Where::Mbus(mbus::Place { line: *line, address });
                Self { entry: meter.models.one(), serial: meter.serial(), at, identity: Some(meter.identity) }
            }
        }
    }

    /// The bus that it is on.
    pub const fn spoken(&self) -> Spoken {
        match self.at {
            Where::Modbus(_) => Spoken::Modbus,
            Where::Mbus(_) => Spoken::Mbus,
        }
    }

    /// Where it is spoken to, in words.
    pub fn place_text(&self) -> String {
        place_text(self.at)
    }
}

/// A place in words.
pub fn place_text(place: Where) -> String {
    match place {
        Where::Modbus(place) => place.to_string(),
        Where::Mbus(place) => place.to_string(),
    }
}

/// What a meter told.
#[derive(Clone)]
pub enum Read {
    /// Its registers.
    Modbus(Rc<ReadOut>),
    /// Its telegrams, and where they were asked.
    Mbus(Rc<MbusReadOut>, mbus::Place),
}

impl Read {
    /// What is known of the meter by it. `None` where its model is not known.
    pub fn facts(&self) -> Option<Facts> {
        match self {
            Self::Modbus(read) => {
                let facts = Facts::of_registers(read);
                Some(match read.place {
                    Some(place) => facts.at(place),
                    None => facts,
                })
            }
            Self::Mbus(read, place) => Facts::of_telegrams(read, *place),
        }
    }

    /// The serial number of the meter that told this, where it is another one than `meter`. On an M-Bus a meter is spoken to
    /// by its number.
    fn other_than(&self, meter: &Meter) -> Option<String> {
        let Self::Modbus(read) = self else { return None };
        let other = read.serial.filter(|other| meter.serial.is_some_and(|own| own != *other))?;
        Some(commission::serial_text(other))
    }

    /// How many values it holds.
    pub fn count(&self) -> usize {
        match self {
            Self::Modbus(read) => read.rows.iter().filter(|row| row.value.is_ok()).count(),
            Self::Mbus(read, _) => read.rows.len(),
        }
    }

    /// Its settings, as a journal keeps them.
    pub fn settings(&self) -> Vec<(SettingId, i64)> {
        match self {
            Self::Modbus(read) => commission::record::settings_of(read),
            Self::Mbus(..) => self.facts().map_or_else(Vec::new, |facts| {
                let ids = facts.entry.def.all_settings().map(|setting| setting.id);
                ids.filter_map(|id| Some((id, i64::from(facts.setting(id)?)))).collect()
            }),
        }
    }
}

/// A bus to a meter on a Modbus. The port is set to its line.
///
/// # Errors
/// [`PortFault`] where the port cannot be set.
pub async fn modbus<'m>(
    cabinet: &Cabinet,
    place: Place,
    entry: Option<&'static Entry>,
    memory: &'m mut LineMemory,
) -> Result<Line<'m, host::Line, Frames>, PortFault> {
    let mut port = cabinet.way().line.clone();
    port.reconfigure(place.line).await?;
    let frames = cabinet.frames.clone();
    let mut line = Line::new(port, memory, Transport::Rtu, place, Timing::default(), frames);
    line.set_entry(entry);
    Ok(line)
}

/// A bus to meters on an M-Bus. The port is set to its speed.
///
/// # Errors
/// [`PortFault`] where the port cannot be set.
pub async fn over_mbus<'m>(
    cabinet: &Cabinet,
    place: mbus::Place,
    memory: &'m mut MbusMemory,
) -> Result<MbusLine<'m, host::Line, Frames>, PortFault> {
    let mut port = cabinet.way().line.clone();
    port.reconfigure(place.line).await?;
    Ok(MbusLine::new(port, memory, place.line, MbusTiming::default(), cabinet.frames.clone()))
}

impl Setup {
    /// Reads the meter in hand, everything it tells.
    pub(super) fn read_now(&self) {
        let Some(meter) = self.meter.get_untracked() else { return };
        let own = self.clone();
        self.work_on_too("Reading the meter", async move {
            let why = match own.read_it(meter).await {
                Ok(read) => match read.other_than(&meter) {
                    None => return own.take(read),
                    Some(other) => format!(
                        "The meter that answers there now is {other}, not the one in hand: nothing of it is shown. Find yours \
                         again."
                    ),
                },
                Err(why) => why,
            };
            own.old.set(true);
            // What came of the work before stays said.
            let before = own.cabinet.say.with_untracked(|(text, _)| text.clone());
            own.cabinet.tell(if before.is_empty() { why } else { format!("{before} {why}") }, true);
        });
    }

    fn take(&self, read: Read) {
        if self.first.with_untracked(Option::is_none) {
            self.first.set(Some(read.clone()));
        }
        self.old.set(false);
        // A whole read-out can leave fewer models than the one telegram of a search.
        if let (Read::Mbus(telegrams, _), Some(mut meter)) = (&read, self.meter.get_untracked())
            && meter.entry.is_none()
            && let Some(entry) = telegrams.models.one()
        {
            meter.entry = Some(entry);
            self.form.open(Some(&meter));
            self.meter.set(Some(meter));
        }
        self.read.set(Some(read));
    }

    /// Reads a meter.
    ///
    /// # Errors
    /// A sentence.
    pub(super) async fn read_it(&self, meter: Meter) -> Result<Read, String> {
        let cabinet = &self.cabinet;
        match meter.at {
            Where::Modbus(place) => {
                let Some(entry) = meter.entry else { return Err(UNKNOWN.to_owned()) };
                let told =
                    |fault: &Fault| sentence(fault, &Context { place, entry: Some(entry), request: None });
                let mut memory = Box::<LineMemory>::default();
                let bus = modbus(cabinet, place, Some(entry), &mut memory).await;
                let mut bus = bus.map_err(|fault| fault.to_string())?;
                let mut tell = |progress: commission::Progress| {
                    let permille = u32::try_from(progress.done * 1_000 / progress.total.max(1)).ok();
                    cabinet.work.tell("Reading the meter", permille, cabinet.now());
                };
                let read = read_out(&mut bus, entry, &mut tell).await;
                Ok(Read::Modbus(Rc::new(read.map_err(|fault| told(&fault))?)))
            }
            Where::Mbus(place) => {
                let mut memory = Box::<MbusMemory>::default();
                let bus = over_mbus(cabinet, place, &mut memory).await;
                let mut bus = bus.map_err(|fault| fault.to_string())?;
                let mut tell = |progress: mbus::ReadProgress| {
                    let what = format!("Reading the meter, {} records", progress.rows);
                    cabinet.work.tell(&what, None, cabinet.now());
                };
                let read = bus.read_out(place.address, &mut tell).await;
                let read = read.map_err(|fault| mbus::sentence(&fault, place))?;
                Ok(Read::Mbus(Rc::new(read), place))
            }
        }
    }
}

/// What is said of a model that is not known.
pub const UNKNOWN: &str =
    "This program does not know the model, so that it neither reads its settings nor changes anything in it.";
