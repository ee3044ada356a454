//! The record of what was changed, in local storage: it outlives a crash and an unplugged adapter. By it the meter is asked what
//! is not certain, and put back as it was found.

use commission::find::Finding;
use commission::mbus::{self, MbusMemory};
use commission::record::{Lines, LinesJournal, MeterRecord, Record, Where};
use commission::session::{PutBack, put_back};
use commission::settle::settle;
use commission::{Action, Bus as _, JournalFault, LineMemory, identify, serial_text};
use dom::parts::save;
use dom::{El, button, el, store};
use models::Entry;
use schema::SettingId;
use units::Duration;

use super::rehearsal::AnyPlan;
use super::subject::{Meter, modbus, over_mbus, place_text};
use super::{Setup, Told, step};
use crate::cabinet::Spoken;

/// Where it stands.
const SESSIONS: &str = "metertwin.sessions";

/// Lines in local storage.
pub struct LocalLines;

/// The journal of a session.
pub type Book = LinesJournal<LocalLines>;

impl Lines for LocalLines {
    async fn add(&mut self, line: &str) -> Result<(), JournalFault> {
        let text = store::local(SESSIONS).unwrap_or_default();
        store::keep(SESSIONS, &format!("{text}{line}\n")).map_err(JournalFault)
    }
}

/// What stands in it.
fn record() -> Record {
    Record::parse(&store::local(SESSIONS).unwrap_or_default())
}

/// A session begins or goes on.
///
/// # Errors
/// A sentence: nothing can be written down, so that nothing is sent.
async fn begin() -> Result<Book, String> {
    let time = String::from(js_sys::Date::new_0().to_iso_string());
    let empty = store::local(SESSIONS).is_none();
    let book = LinesJournal::begin(LocalLines, empty, &format!("{time} metertwin page")).await;
    book.map_err(|why| format!("{why}."))
}

/// The journal, with a meter as it was found.
///
/// # Errors
/// A sentence.
pub async fn found(
    entry: &'static Entry,
    serial: u32,
    at: Where,
    settings: &[(SettingId, i64)],
) -> Result<Book, String> {
    let mut book = begin().await?;
    book.found(entry, serial, at, settings).await.map_err(|why| format!("{why}."))?;
    Ok(book)
}

/// The lines of a meter alone, as a file that the terminal program reads too.
fn lines_of(serial: u32) -> String {
    let own = serial_text(serial);
    let of = |line: &&str| {
        let mut words = line.split_ascii_whitespace();
        let first = words.next();
        matches!(first, Some("metertwin" | "run")) || words.next() == Some(&own)
    };
    let text = store::local(SESSIONS).unwrap_or_default();
    text.lines().filter(of).map(|line| format!("{line}\n")).collect()
}

/// Drops the lines of a meter; nothing stays where it was the only one.
fn forget(serial: u32) {
    let own = serial_text(serial);
    let text = store::local(SESSIONS).unwrap_or_default();
    let others = |line: &&str| line.split_ascii_whitespace().nth(1) != Some(&own);
    let rest: String = text.lines().filter(others).map(|line| format!("{line}\n")).collect();
    let one_left = Record::parse(&rest).meters.is_empty();
    store::set_local(SESSIONS, if one_left { None } else { Some(&rest) });
}

/// The meter in hand by a record.
pub fn of_meter(meter: &Meter) -> Option<MeterRecord> {
    record().meter(meter.serial?).cloned()
}

fn name(meter: &MeterRecord) -> String {
    format!("{} {}", meter.entry.notes.name, serial_text(meter.serial))
}

const fn spoken(place: Where) -> Spoken {
    match place {
        Where::Modbus(_) => Spoken::Modbus,
        Where::Mbus(_) => Spoken::Mbus,
    }
}

/// True where a meter that is asked can tell what became of an action.
pub fn can_tell(place: Where, action: &Action) -> bool {
    matches!(place, Where::Modbus(_)) || mbus::shows(action)
}

impl Setup {
    /// Sessions that were broken off, with what is not certain.
    pub(super) fn broken_sessions(&self) -> El {
        let (own, recorded, work) = (self.clone(), self.recorded, self.cabinet.work.clone());
        el("div", "").attr("role", "status").shows(move || {
            recorded.get();
            own.cabinet.lines.get();
            if work.runs() {
                return Vec::new();
            }
            let record = record();
            let open = record.meters.iter().filter(|meter| meter.open().next().is_some());
            open.map(|meter| own.broken(meter)).collect()
        })
    }

    fn broken(&self, meter: &MeterRecord) -> El {
        let lines = meter.sentences().into_iter().map(|line| el("li", "").text(&line));
        let here = self.cabinet.spoken.get() == spoken(meter.now);
        let (tells, silent): (Vec<_>, Vec<_>) =
            meter.open().partition(|(_, action)| can_tell(meter.now, action));
        let silent: Vec<&str> = silent.into_iter().map(|(key, _)| key).collect();
        let silent = silent.join(", ");
        let mut acts = el("div", "acts");
        if here && !tells.is_empty() {
            let (own, meter) = (self.clone(), meter.clone());
            acts = acts.add(button("btn main", "Settle it: ask the meter", move |_| own.settle(&meter)));
        }
        let (own, serial) = (self.clone(), meter.serial);
        let kept = lines_of(serial);
        acts = acts
            .add(button("btn", "Save the record", move |_| {
                save(&format!("record-{}.txt", serial_text(serial)), "text/plain", &kept);
            }))
            .add(button("btn plain", "Forget it", move |_| own.forget(serial)));
        let place = place_text(meter.now);
        let look = format!("No telegram shows {silent}: look at the meter's display.");
        let where_to = match (tells.is_empty(), here) {
            (true, _) => format!("{look} It was last at {place}."),
            (false, true) => format!(
                "It was last at {place}. Choose the line that it is on above, then ask it; nothing is written to it."
            ),
            (false, false) => format!("It was last at {place}: choose that bus above to ask it."),
        };
        let where_to =
            if tells.is_empty() || silent.is_empty() { where_to } else { format!("{where_to} {look}") };
        el("section", "broken").attr("aria-label", &format!("Session with {}", name(meter))).all(vec![
            el("h3", "").text(&format!("{}: not everything is certain", name(meter))),
            el("ul", "plain").all(lines.collect()),
            el("p", "small").text(&where_to),
            acts,
        ])
    }

    fn forget(&self, serial: u32) {
        forget(serial);
        self.recorded.update(|count| *count += 1);
    }

    /// Asks a meter what became of everything that is open; it is in hand afterwards.
    fn settle(&self, meter: &MeterRecord) {
        let (own, meter) = (self.clone(), meter.clone());
        self.work_on("Asking the meter what became of it", async move {
            match own.settled(&meter).await {
                Ok((told, finding)) => {
                    let open = told.iter().filter(|it| it.word == "unknown").count();
                    let lines: Vec<&str> = told.iter().map(|it| it.text.as_str()).collect();
                    match finding {
                        Some(finding) => {
                            own.cabinet.tell(lines.join(" "), open > 0);
                            own.cabinet.met(finding);
                        }
                        None => own.cabinet.tell(
                            format!(
                                "The {} answers at none of the places where it may be: {}.",
                                name(&meter),
                                meter.places().into_iter().map(place_text).collect::<Vec<_>>().join(", ")
                            ),
                            true,
                        ),
                    }
                }
                Err(why) => own.cabinet.tell(why, true),
            }
            own.recorded.update(|count| *count += 1);
        });
    }

    async fn settled(&self, meter: &MeterRecord) -> Result<(Vec<Told>, Option<Finding>), String> {
        let mut book = begin().await?;
        match meter.now {
            Where::Modbus(place) => {
                let mut memory = Box::<LineMemory>::default();
                let bus = modbus(&self.cabinet, place, Some(meter.entry), &mut memory).await;
                let mut bus = bus.map_err(|fault| fault.to_string())?;
                let settled = settle(&mut bus, meter, &mut book).await.map_err(|why| format!("{why}."))?;
                let told =
                    settled.reports.iter().map(|report| super::write::of_modbus(&settled.plan, report));
                let told = told.collect();
                let Some(place) = settled.place else { return Ok((told, None)) };
                let identity = identify(&mut bus).await.ok();
                let delay = bus.counts().last_delay.unwrap_or(Duration::ZERO);
                Ok((
                    told,
                    Some(Finding::Modbus {
                        place: commission::Place { unit: bus.place().unit, ..place },
                        identity,
                        delay,
                        damaged: 0,
                    }),
                ))
            }
            Where::Mbus(place) => {
                let mut memory = Box::<MbusMemory>::default();
                let bus = over_mbus(&self.cabinet, place, &mut memory).await;
                let mut bus = bus.map_err(|fault| fault.to_string())?;
                let settled = bus.settle(meter, &mut book).await;
                let told = settled.reports.iter().map(|report| super::write::of_mbus(&settled.plan, report));
                let told = told.collect();
                let Some(place) = settled.place else { return Ok((told, None)) };
                let Some(identity) = settled.plan.identity else { return Ok((told, None)) };
                let address = match place.address {
                    mbus::Address::Primary(address) => address,
                    mbus::Address::Secondary(_) => 253,
                };
                // Several models have this header, and the record knows which of them it is: only a known one is spoken to by number.
                let models = mbus::Candidates::of(identity);
                let models = models.choose(meter.entry).unwrap_or(models);
                let meter = mbus::Found { address, identity, models };
                Ok((told, Some(Finding::Mbus { line: place.line, meter })))
            }
        }
    }

    /// The fifth step: everything back as it was found.
    pub(super) fn back_step(&self) -> El {
        let (own, recorded) = (self.clone(), self.recorded);
        let inside = el("div", "back").shows(move || {
            recorded.get();
            let record = own.meter.with(|meter| meter.as_ref().and_then(of_meter));
            match record {
                Some(record) => own.back(&record),
                None => vec![el("p", "small").text("Nothing was changed in this meter.")],
            }
        });
        step(
            5,
            "Put back as found",
            "Everything that was changed since the meter was first found here, also before a crash or a reload of this page.",
            vec![inside],
        )
    }

    fn back(&self, record: &MeterRecord) -> Vec<El> {
        let back = put_back(record);
        let entry = record.entry;
        let changed = record.sentences().into_iter().map(|line| el("li", "").text(&line));
        let wanted =
            back.actions.iter().map(|action| el("li", "").text(&dom::changes::capital(&action.text(entry))));
        let left = back.sentences().into_iter().map(|line| el("li", "").text(&line));
        let (own, kept, work) = (self.clone(), record.clone(), self.cabinet.work.clone());
        let (count, serial) = (back.actions.len(), record.serial);
        let word = match count {
            1 => "Put back 1 setting".to_owned(),
            count => format!("Put back {count} settings"),
        };
        let act =
            button("btn main", &word, move |_| own.put_back(&kept)).flag_if("disabled", move || work.runs());
        let own = self.clone();
        let lines = lines_of(serial);
        let acts = el("div", "acts")
            .add(if count > 0 {
                act
            } else {
                el("span", "").text("Everything that can be put back is as it was found.")
            })
            .add(button("btn", "Save the record", move |_| {
                save(&format!("record-{}.txt", serial_text(serial)), "text/plain", &lines);
            }))
            .add(button("btn plain", "End the session", move |_| own.forget(serial)));
        vec![
            el("ul", "plain").all(changed.collect()),
            el("ul", "plain wanted").all(wanted.chain(left).collect()),
            acts,
            el("p", "small").text("Ending the session forgets the record: the meter stays as it is now."),
        ]
    }

    fn put_back(&self, record: &MeterRecord) {
        let Some(meter) = self.meter.get_untracked() else { return };
        let mut back: PutBack = put_back(record);
        let actions = back.actions.clone();
        let plan = match meter.at {
            Where::Modbus(place) => match back.plan(record, place) {
                Ok(plan) => AnyPlan::Modbus(plan),
                Err(why) => return self.cabinet.tell(format!("Nothing was sent: {why}."), true),
            },
            Where::Mbus(place) => AnyPlan::Mbus(back.mbus_plan(record, place)),
        };
        self.form.discard();
        self.carry_out(meter, plan, actions, None, "Putting back as found");
    }
}
