//! A meter as the configurator knows it: what was read from it, what is staged for it, what became of changes.

use commission::{Identity, ReadOut, Staged, names, writable};
use models::Entry;
use schema::{SettingId, Source};

use super::tables;
use super::work::Progress;
use crate::modbus::view::{LineState, Report, Setting, Value};

/// Something about some settings: a handful, so that a search is as good as a tree.
#[derive(Default)]
pub struct Notes<T>(Vec<(SettingId, T)>);

impl<T> Notes<T> {
    /// What is noted about a setting.
    pub fn get(&self, id: SettingId) -> Option<&T> {
        self.0.iter().find(|(it, _)| *it == id).map(|(_, note)| note)
    }

    /// Notes it; what was noted before gives way.
    pub fn insert(&mut self, id: SettingId, note: T) {
        self.remove(id);
        self.0.push((id, note));
    }

    /// Forgets it.
    pub fn remove(&mut self, id: SettingId) {
        self.0.retain(|(it, _)| *it != id);
    }
}

/// What is known of one meter.
#[derive(Default)]
pub struct Subject {
    /// Who it said it is.
    pub identity: Option<Identity>,
    /// The last read-out.
    pub readout: Option<ReadOut>,
    /// Values of settings, where known.
    pub known: Notes<i64>,
    /// The values were true at an earlier time: the meter does not answer any more.
    pub old: bool,
    /// Changes that wait.
    pub staged: Staged,
    /// Texts that are no value, with the reason.
    pub wrong: Notes<(String, String)>,
    /// What became of changes, with the reason.
    pub outcomes: Notes<(LineState, String)>,
    /// What became of the last writing.
    pub report: Option<Report>,
}

impl Subject {
    /// The last eight digits of its serial number, where it told them.
    #[must_use]
    pub fn serial(&self) -> Option<u32> {
        let told = self.identity.as_ref().and_then(|identity| identity.serial);
        told.or_else(|| self.readout.as_ref().and_then(|readout| readout.serial))
    }

    /// Takes over a read-out. A row that could not be read keeps its earlier value, marked as such.
    pub fn take(&mut self, readout: ReadOut) {
        let mut readout = readout;
        let mut failed = 0;
        for row in &readout.rows {
            match (row.row.def.source, &row.value) {
                (Source::Setting(id), Ok(value)) => {
                    self.known.insert(id, *value);
                    self.settle(id, *value);
                }
                (_, Ok(_)) => {}
                (_, Err(_)) => failed += 1,
            }
        }
        self.old = failed > 0 && failed == readout.rows.len();
        if let (true, Some(before)) = (failed > 0, self.readout.take()) {
            for row in readout.rows.iter_mut().filter(|row| row.value.is_err()) {
                if let Some(earlier) = before.rows.iter().find(|it| it.row.def.addr == row.row.def.addr) {
                    row.clone_from(earlier);
                }
            }
        }
        self.readout = Some(readout);
    }

    /// A reading settles what was unknown: the wanted value is confirmed, any other one leaves the change staged.
    fn settle(&mut self, id: SettingId, value: i64) {
        let Some((LineState::Unknown, _)) = self.outcomes.get(id) else { return };
        if self.staged.get(id).map(i64::from) == Some(value) {
            self.staged.unstage(id);
            self.outcomes.insert(id, (LineState::Confirmed, String::new()));
        } else {
            self.outcomes.remove(id);
        }
    }

    /// The values row by row, in the page's order.
    #[must_use]
    pub fn values(&self, entry: &'static Entry) -> Vec<Value> {
        let Some(readout) = &self.readout else { return Vec::new() };
        tables::point_rows(entry)
            .iter()
            .map(|wanted| {
                let row = readout.rows.iter().find(|row| row.row.def.addr == wanted.def.addr);
                row.map_or_else(Value::default, |row| Value {
                    text: row.text.value.clone(),
                    words: row.hex(),
                    old: self.old,
                })
            })
            .collect()
    }

    /// The settings row by row, in the page's order. `progress` is of the writing
    /// that is on its way now.
    #[must_use]
    pub fn settings(&self, entry: &'static Entry, progress: Option<&Progress>) -> Vec<Setting> {
        tables::setting_rows(entry)
            .into_iter()
            .map(|setting| {
                let id = setting.id;
                let known = self.known.get(id);
                let staged = self.staged.get(id).map(|value| setting.text(value).to_string());
                let writing = progress.is_some_and(|progress| progress.writing == Some(id));
                let ended = progress.and_then(|progress| progress.ended.iter().find(|(it, ..)| *it == id));
                let (state, why) = match (ended, self.outcomes.get(id)) {
                    _ if writing => (LineState::Writing, String::new()),
                    (Some((_, state, why)), _) => (*state, why.clone()),
                    (None, Some((state, why))) => (*state, why.clone()),
                    (None, None) if staged.is_some() => (LineState::Staged, String::new()),
                    (None, None) => (LineState::Unchanged, String::new()),
                };
                Setting {
                    meter: match known {
                        _ if setting.secret => "hidden".to_owned(),
                        Some(value) => names::setting_text(setting, *value).value,
                        None if !writable(entry, setting) && entry.def.register_of(id).is_none() => {
                            "on the display only".to_owned()
                        }
                        None => String::new(),
                    },
                    old: self.old,
                    staged,
                    wrong: self.wrong.get(id).cloned(),
                    state,
                    why: if state == LineState::Confirmed { String::new() } else { why },
                }
            })
            .collect()
    }

    /// Stages what was typed, or says what is wrong with it. A value that the meter has already is no change.
    pub fn stage(&mut self, entry: &'static Entry, id: SettingId, text: &str) {
        let text = text.trim();
        self.wrong.remove(id);
        self.outcomes.remove(id);
        let Some(setting) = names::setting(entry, id) else { return };
        match setting.parse(text) {
            Ok(value) if self.known.get(id) == Some(&i64::from(value)) => self.staged.unstage(id),
            Ok(value) => {
                if let Err(why) = self.staged.stage(entry, id, i64::from(value)) {
                    self.wrong.insert(id, (text.to_owned(), why.to_string()));
                }
            }
            Err(_) => {
                self.staged.unstage(id);
                let why = format!("“{text}” is not possible: {}.", setting.allowed());
                self.wrong.insert(id, (text.to_owned(), why));
            }
        }
    }

    /// Writing was stopped half-way: what has ended stands, what was on its way is unknown, the rest was not sent.
    pub fn stopped(&mut self, progress: &Progress) {
        for (id, state, why) in &progress.ended {
            if *state == LineState::Confirmed
                && let Some(value) = self.staged.get(*id)
            {
                self.known.insert(*id, i64::from(value));
                self.staged.unstage(*id);
            }
            self.outcomes.insert(*id, (*state, why.clone()));
        }
        let Some(writing) = progress.writing else { return };
        let why =
            "Stopped while it was being written. It may have been sent: read the settings again to know.";
        self.outcomes.insert(writing, (LineState::Unknown, why.to_owned()));
        for id in &progress.waiting {
            self.outcomes.insert(*id, (LineState::NotSent, String::new()));
        }
    }

    /// Takes back one change.
    pub fn unstage(&mut self, id: SettingId) {
        self.staged.unstage(id);
        self.wrong.remove(id);
        self.outcomes.remove(id);
    }

    /// Takes back all changes.
    pub fn discard(&mut self) {
        self.staged.clear();
        self.wrong.0.clear();
        self.outcomes.0.retain(|(_, (state, _))| *state == LineState::Confirmed);
    }
}
