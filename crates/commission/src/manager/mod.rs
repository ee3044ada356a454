//! A meter as the maker's app shows it: its page of the device, its pages of values, its settings with what was changed
//! and not yet saved, and its file. Everything comes from the [`schema::AppDef`] of the model, over any bus on which its
//! register map is spoken; what a page or a terminal draws is plain data.
//!
//! Saving is the plan, the proof and the journal of [`crate::write_plan`]: a row counts as saved when the meter that was
//! meant reports the value, and not before. What cannot be undone needs a [`Consent`], and a radio the password.

mod rows;
mod save;
mod values;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use modbus::LineParams;
use models::Entry;
use schema::{AppDef, AppEdit, Rule, SettingId, Source};

use self::rows::Line;
pub use self::rows::{Editor, SettingRow};
pub use self::save::{Permits, SaveFault, Saved};
pub use self::values::{ValuePage, ValueRow};
use crate::bus::{Bus, Fault, Place};
use crate::guard::Guard;
use crate::identify::serial_text;
use crate::names::{self, Row};
use crate::plan::{Action, factory_place};
use crate::read::{self, Progress, RowFault};

/// The app's view of one meter.
#[derive(Clone, Debug)]
pub struct Manager {
    entry: &'static Entry,
    app: &'static AppDef,
    /// The rows of the register map that the app shows, by rising address.
    rows: Vec<Row>,
    /// What was read of each of them; empty before the first time.
    values: Vec<Result<i64, RowFault>>,
    serial: Option<u32>,
    /// A line for each of the app's settings.
    lines: Vec<Line>,
}

/// Where a model is spoken to over its radio as it leaves the factory.
#[must_use]
pub fn radio_place(entry: &'static Entry) -> Place {
    Place { line: LineParams::RADIO, unit: factory_place(entry).unit }
}

impl Manager {
    /// The app's view of a meter of this model, of which nothing is known yet; `None` where the model has no app.
    #[must_use]
    pub fn new(entry: &'static Entry) -> Option<Self> {
        let app = entry.def.app()?;
        let shown = |row: &Row| {
            let source = row.def.source;
            app.device.iter().any(|item| item.source == source)
                || app.pages.iter().any(|page| values::is_on(page, row.def))
                || app.settings.iter().any(|line| match line.edit {
                    AppEdit::Reset { shows, .. } => shows == source,
                    _ => line.setting().is_some_and(|id| source == Source::Setting(id)),
                })
                || source == Source::Setting(SettingId::DataType)
        };
        let rows = names::rows(entry).filter(|row| row.of.rule == Rule::Contiguous).filter(shown).collect();
        let lines = app.settings.iter().map(|_| Line::default()).collect();
        Some(Self { entry, app, rows, values: Vec::new(), serial: None, lines })
    }

    /// The model.
    #[must_use]
    pub const fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// The app, with its names.
    #[must_use]
    pub const fn app(&self) -> &'static AppDef {
        self.app
    }

    /// The last eight digits of the serial number, once it was read.
    #[must_use]
    pub const fn serial(&self) -> Option<u32> {
        self.serial
    }

    /// The twelve printed digits of the serial number; empty before it was read.
    #[must_use]
    pub fn serial_text(&self) -> String {
        self.serial.map_or_else(String::new, |serial| {
            format!("{}{}", self.entry.def.identity.prefix, serial_text(serial))
        })
    }

    /// Reads everything that the app shows, in the fewest requests. Changes that wait stay, unless another meter answers
    /// now: they were not meant for it.
    ///
    /// # Errors
    /// [`Fault::Port`] where the port goes meanwhile; all other faults stand beside the row they belong to.
    pub async fn refresh<B: Bus>(
        &mut self,
        bus: &mut B,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), Fault> {
        let spans = read::spans(self.entry, &self.rows);
        let (mut found, _) = read::read_rows(bus, &self.rows, spans, progress).await?;
        let (entry, rows) = (self.entry, &self.rows);
        let words = rows.iter().filter_map(|row| Some((*row, found.get(row.def.addr)?)));
        let data_type = read::data_type_in(entry, words);
        self.values = rows
            .iter()
            .map(|row| {
                let words = found.take(row.def.addr).unwrap_or(Err(RowFault::NotAsked))?;
                names::decode_in(entry, row.def, &words, data_type).map_err(RowFault::Codec)
            })
            .collect();
        let serial = self.value(Source::Setting(SettingId::Serial)).and_then(|it| u32::try_from(it).ok());
        if self.serial.is_some() && serial.is_some() && serial != self.serial {
            self.discard();
        }
        self.serial = serial.or(self.serial);
        Ok(())
    }

    /// The value of a source at the last reading, in its unit; `None` where it was not read.
    #[must_use]
    pub fn value(&self, source: Source) -> Option<i64> {
        let (_, value) = self.rows.iter().zip(&self.values).find(|(row, _)| row.def.source == source)?;
        value.as_ref().ok().copied()
    }

    /// Why a source has no value: nothing was read yet, or a fault in words.
    fn fault(&self, source: Source) -> String {
        let found = self.rows.iter().zip(&self.values).find(|(row, _)| row.def.source == source);
        found.and_then(|(_, value)| value.as_ref().err()).map_or_else(Default::default, values::fault_text)
    }

    fn note(&mut self, addr: u16, value: Result<i64, RowFault>) {
        let at = self.rows.iter().position(|row| row.def.addr == addr);
        if let Some(place) = at.and_then(|at| self.values.get_mut(at)) {
            *place = value;
        }
    }

    /// What waits to be saved and is in range.
    #[must_use]
    pub fn actions(&self) -> Vec<Action> {
        let all = self.lines.iter().zip(self.app.settings);
        all.filter_map(|(line, row)| line.action(self.entry, row)).collect()
    }

    /// What cannot be undone among what waits to be saved.
    #[must_use]
    pub fn guard(&self) -> Guard {
        Guard::new(self.entry, self.serial, self.actions().into_iter(), |source| self.value(source))
    }
}
