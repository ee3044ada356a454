//! The list of a batch: a table with one line for each meter that is to come.
//!
//! | column | what stands in it |
//! |---|---|
//! | `id` | the address that the meter gets; each once |
//! | `profile` | the name of a profile |
//! | `serial` | the one meter that the line is for; empty for whichever comes next |
//! | `confirm` | the last four digits of that serial number: the consent to what cannot be undone |
//! | `label` | what its label says first |
//! | the key of a setting | its value; it counts before that of the profile, and an empty cell changes nothing |
//!
//! The columns stand in any order. All but `id` may be left out.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use models::Entry;
use schema::{PortId, SettingId};

use super::cells::{self, Line};
use crate::guard::TYPED;
use crate::identify::serial_text;
use crate::mbus;
use crate::names;
use crate::plan::Action;
use crate::profile::{Profile, ProfileFault, Wanted, nearest};
use crate::staged::{Staged, writable};

/// The bus that a batch goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Modbus: new meters have id 1.
    Modbus,
    /// M-Bus: new meters have address 0.
    Mbus,
}

impl Over {
    /// The setting that a column `id` means.
    #[must_use]
    pub const fn address(self) -> SettingId {
        match self {
            Self::Modbus => SettingId::ModbusId,
            Self::Mbus => SettingId::MbusId,
        }
    }

    const fn port(self) -> PortId {
        match self {
            Self::Modbus => PortId::Modbus,
            Self::Mbus => PortId::Mbus,
        }
    }

    /// True where a master can write a setting of this key to some model.
    fn writes(self, id: SettingId) -> bool {
        let by = |entry: &'static Entry| {
            names::setting(entry, id).is_some_and(|setting| match self {
                Self::Modbus => writable(entry, setting),
                Self::Mbus => mbus::writable(entry, setting),
            })
        };
        models::ALL.iter().any(by)
    }
}

/// Something that is wrong with a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFault {
    /// The line, counted from 1; 0 for the list as a whole.
    pub line: usize,
    /// The column, counted from 1, where it is one cell.
    pub column: Option<usize>,
    /// What is wrong and what was expected; a cell by the name of its column.
    pub what: String,
}

impl fmt::Display for ListFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => f.write_str(&self.what),
            (line, None) => write!(f, "line {line}: {}", self.what),
            (line, Some(column)) => write!(f, "line {line}, column {column}: {}", self.what),
        }
    }
}

impl core::error::Error for ListFault {}

/// One line of a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line of the file, counted from 1.
    pub line: usize,
    /// The address that the meter gets. It names the line in journals and reports.
    pub id: u8,
    /// The name of its profile; empty where it has none.
    pub profile: String,
    /// The one meter that it is for.
    pub serial: Option<u32>,
    /// The last digits of that serial number, as somebody wrote them down who knows what cannot be undone.
    pub confirm: Option<String>,
    /// What its label says first; empty for nothing.
    pub label: String,
    /// Everything that is wanted: the address, its own settings, and those of the profile.
    wanted: Profile,
}

impl Row {
    /// What is wanted of a meter of this model, in the order of the list.
    ///
    /// # Errors
    /// Everything that does not fit the model.
    pub fn actions(&self, entry: &'static Entry, over: Over) -> Result<Vec<Action>, Vec<ProfileFault>> {
        match over {
            Over::Modbus => {
                let staged = self.staged(entry)?;
                let set = |(id, value)| Some(Action::Set { setting: names::setting(entry, id)?, value });
                Ok(staged.iter().filter_map(set).collect())
            }
            Over::Mbus => self.wanted.actions(entry),
        }
    }

    /// True where its profile is for this model, or for any.
    pub(super) fn is_for(&self, entry: &'static Entry) -> bool {
        self.wanted.entries().any(|own| core::ptr::eq(own, entry))
    }

    /// The same over Modbus, ready for a plan.
    pub(super) fn staged(&self, entry: &'static Entry) -> Result<Staged, Vec<ProfileFault>> {
        self.wanted.staged(entry)
    }
}

/// The meters that are to come.
#[derive(Clone, Debug)]
pub struct List {
    over: Over,
    rows: Vec<Row>,
}

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    Profile,
    Serial,
    Confirm,
    Label,
    Setting(String),
}

impl List {
    /// Reads a list. `profile` gives the profile of a name, or says in words why there is none.
    ///
    /// # Errors
    /// Everything that is wrong with it, by line and column.
    pub fn parse(
        text: &str,
        over: Over,
        profile: &mut dyn FnMut(&str) -> Result<Profile, String>,
    ) -> Result<Self, Vec<ListFault>> {
        let lines = cells::lines(text).map_err(|bad| {
            let what = bad.what.to_string();
            Vec::from([ListFault { line: bad.line, column: Some(bad.column), what }])
        })?;
        let Some((head, lines)) = lines.split_first() else {
            let what =
                "it is empty: expected a line with the names of the columns, then one line a meter".into();
            return Err(Vec::from([ListFault { line: 0, column: None, what }]));
        };
        let mut reader = Reader {
            over,
            columns: columns(head, over)?,
            profiles: Vec::new(),
            rows: Vec::new(),
            faults: Vec::new(),
        };
        for line in lines {
            reader.line(line, profile);
        }
        if lines.is_empty() {
            let what = "there is no line for a meter in it".into();
            reader.faults.push(ListFault { line: 0, column: None, what });
        }
        if reader.faults.is_empty() { Ok(Self { over, rows: reader.rows }) } else { Err(reader.faults) }
    }

    /// The bus that it goes over.
    #[must_use]
    pub const fn over(&self) -> Over {
        self.over
    }

    /// Its lines.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The models that some line can be for.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        let fits = |row: &Row, entry| row.actions(entry, self.over).is_ok();
        models::ALL.iter().filter(move |entry| {
            entry.def.has(self.over.port()) && self.rows.iter().any(|row| fits(row, entry))
        })
    }
}

fn columns(head: &Line, over: Over) -> Result<Vec<Column>, Vec<ListFault>> {
    let mut columns: Vec<Column> = Vec::new();
    let mut faults = Vec::new();
    for (at, name) in head.cells.iter().enumerate() {
        let mut wrong = |what| {
            faults.push(ListFault { line: head.number, column: Some(at + 1), what });
            Column::Setting(String::new())
        };
        let column = match name.to_ascii_lowercase().as_str() {
            "id" => Column::Setting(over.address().key().into()),
            "profile" => Column::Profile,
            "serial" => Column::Serial,
            "confirm" => Column::Confirm,
            "label" => Column::Label,
            key => match SettingId::from_key(key) {
                Some(id) if over.writes(id) => Column::Setting(key.into()),
                Some(_) => wrong(format!("{key}: no master can write it over this bus")),
                None => wrong(format!(
                    "\"{name}\" is no column: expected id, profile, serial, confirm, label or the key of a setting; the \
                     nearest one is {}",
                    nearest(key)
                )),
            },
        };
        if columns.contains(&column) && column != Column::Setting(String::new()) {
            wrong(format!("{name}: it stands there twice"));
        }
        columns.push(column);
    }
    if !columns.contains(&Column::Setting(over.address().key().into())) {
        let what = "there is no column id: expected one with the address that each meter gets".into();
        faults.push(ListFault { line: head.number, column: None, what });
    }
    if faults.is_empty() { Ok(columns) } else { Err(faults) }
}

struct Reader {
    over: Over,
    columns: Vec<Column>,
    /// The profiles so far; `None` for one that there is not, which was told once.
    profiles: Vec<(String, Option<Profile>)>,
    rows: Vec<Row>,
    faults: Vec<ListFault>,
}

impl Reader {
    fn wrong(&mut self, line: &Line, column: Option<usize>, what: String) {
        self.faults.push(ListFault { line: line.number, column, what });
    }

    /// The cell of a column, with its number counted from 1.
    fn cell<'l>(&self, line: &'l Line, column: &Column) -> (usize, &'l str) {
        let at = self.columns.iter().position(|own| own == column);
        let text = at.and_then(|at| line.cells.get(at)).map_or("", String::as_str);
        (at.map_or(0, |at| at + 1), text)
    }

    fn column_of(&self, key: &str) -> Option<usize> {
        let at = self.columns.iter().position(|own| matches!(own, Column::Setting(own) if own == key))?;
        Some(at + 1)
    }

    fn line(&mut self, line: &Line, profile: &mut dyn FnMut(&str) -> Result<Profile, String>) {
        let before = self.faults.len();
        let extra = line.cells.iter().skip(self.columns.len()).position(|cell| !cell.is_empty());
        if let Some(extra) = extra {
            let columns = self.columns.len();
            let what = format!("there is no such column: expected at most {columns} cells, as in the head");
            self.wrong(line, Some(columns + extra + 1), what);
        }
        let serial = self.serial(line);
        let confirm = self.confirm(line, serial);
        let base = self.profile(line, profile);
        let Some(wanted) = self.wanted(line, base) else { return };
        let id = self.id(line, &wanted);
        if self.faults.len() > before {
            return;
        }
        let text = |column| self.cell(line, &column).1.to_string();
        self.rows.push(Row {
            line: line.number,
            id,
            profile: text(Column::Profile),
            serial,
            confirm,
            label: text(Column::Label),
            wanted,
        });
    }

    fn serial(&mut self, line: &Line) -> Option<u32> {
        let (column, text) = self.cell(line, &Column::Serial);
        if text.is_empty() {
            return None;
        }
        let digits = text.len() <= 8 && text.bytes().all(|c| c.is_ascii_digit());
        let serial = text.parse().ok().filter(|_| digits);
        let other = self.rows.iter().find(|row| serial.is_some() && row.serial == serial);
        let what = match (serial, other) {
            (None, _) => {
                format!("serial: \"{text}\" is none: expected the last eight digits of a serial number")
            }
            (Some(_), Some(other)) => format!("serial: {text} stands in line {} already", other.line),
            (Some(_), None) => return serial,
        };
        self.wrong(line, Some(column), what);
        None
    }

    fn confirm(&mut self, line: &Line, serial: Option<u32>) -> Option<String> {
        let (column, text) = self.cell(line, &Column::Confirm);
        if text.is_empty() {
            return None;
        }
        let what = match serial.map(serial_text) {
            None => format!(
                "confirm: \"{text}\" stands without a serial number: expected one in the same line, whose last {TYPED} digits \
                 it is"
            ),
            Some(serial) if serial.len() >= TYPED && serial.get(serial.len() - TYPED..) == Some(text) => {
                return Some(text.to_string());
            }
            Some(serial) => {
                format!("confirm: \"{text}\": expected the last {TYPED} digits of the serial number {serial}")
            }
        };
        self.wrong(line, Some(column), what);
        None
    }

    /// The profile of a line; one that says nothing where the line names none.
    fn profile(
        &mut self,
        line: &Line,
        profile: &mut dyn FnMut(&str) -> Result<Profile, String>,
    ) -> Option<Profile> {
        let (column, name) = self.cell(line, &Column::Profile);
        let port = self.over.port();
        if name.is_empty() {
            let with = models::ALL.iter().filter(|entry| entry.def.has(port));
            let models = with.map(|entry| entry.def.slug.to_string()).collect();
            return Some(Profile { name: String::new(), models, settings: Vec::new() });
        }
        if let Some((_, known)) = self.profiles.iter().find(|(own, _)| own == name) {
            return known.clone();
        }
        let read = match profile(name) {
            Ok(profile) if profile.entries().any(|entry| entry.def.has(port)) => Some(profile),
            Ok(profile) => {
                let what = format!(
                    "profile: {} is for {}, none of which has this bus",
                    name,
                    profile.models.join(", ")
                );
                self.wrong(line, Some(column), what);
                None
            }
            Err(why) => {
                self.wrong(line, Some(column), format!("profile: {why}"));
                None
            }
        };
        self.profiles.push((name.to_string(), read.clone()));
        read
    }

    /// The profile with the settings of the line before its own; `None` where the line fits no model.
    fn wanted(&mut self, line: &Line, base: Option<Profile>) -> Option<Profile> {
        let mut wanted = base?;
        for (column, text) in self.columns.iter().zip(&line.cells) {
            let Column::Setting(key) = column else { continue };
            if text.is_empty() {
                continue;
            }
            let own = Wanted { key: key.clone(), text: text.clone(), optional: false, line: 0 };
            wanted.settings.retain(|other| other.key != own.key);
            wanted.settings.push(own);
        }
        let over = self.over;
        let actions = |entry: &'static Entry| match over {
            Over::Modbus => wanted.staged(entry).map(|_| ()),
            Over::Mbus => wanted.actions(entry).map(|_| ()),
        };
        let with: Vec<_> = wanted.entries().filter(|entry| entry.def.has(over.port())).collect();
        let mut best: Option<Vec<ProfileFault>> = None;
        for entry in with {
            let faults = actions(entry).err().unwrap_or_default();
            if faults.is_empty() {
                return Some(wanted);
            }
            if best.as_ref().is_none_or(|best| faults.len() < best.len()) {
                best = Some(faults);
            }
        }
        for fault in best.unwrap_or_default() {
            let column = fault.key().and_then(|key| self.column_of(key));
            self.wrong(line, column, fault.what());
        }
        None
    }

    /// The address of a line, which no other has.
    fn id(&mut self, line: &Line, wanted: &Profile) -> u8 {
        let key = self.over.address().key();
        let column = self.column_of(key);
        let text = wanted.settings.iter().find(|it| it.key == key).map_or("", |it| it.text.as_str());
        let values = models::ALL.iter().filter_map(|entry| {
            let value = names::setting(entry, self.over.address())?.parse(text).ok()?;
            u8::try_from(value).ok()
        });
        let Some(id) = values.into_iter().next() else {
            let what = "id: the cell is empty: expected the address that the meter gets".to_string();
            self.wrong(line, column, what);
            return 0;
        };
        if let Some(other) = self.rows.iter().find(|row| row.id == id) {
            let what = format!("id: {id} stands in line {} already: expected each address once", other.line);
            self.wrong(line, column, what);
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str) -> Result<Profile, String> {
        let settings = match name {
            "flats" => "\"scroll-time\": 15, \"baud\": 4800",
            _ => return Err(format!("there is no file \"{name}.json\"")),
        };
        let text = format!(
            "{{\"profile\": 1, \"name\": \"{name}\", \"model\": \"pro1-mod\", \"settings\": {{{settings}}}}}"
        );
        Profile::parse(&text).map_err(|faults| faults[0].to_string())
    }

    fn read(text: &str) -> Result<List, Vec<String>> {
        let list = List::parse(text, Over::Modbus, &mut profile);
        list.map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_line_sets_what_it_says_before_what_its_profile_says() {
        let list = read(
            "label,id,profile,serial,confirm,parity,scroll-time\n\
             \"Flat 3, left\",7,flats,22070003,0003,none,\n\
             ,8,flats,,,,9\n\
             ,9,,,,odd,\n",
        )
        .unwrap();
        let entry = &models::ALL[0];
        let wanted = |row: &Row| -> Vec<String> {
            let text = |action: &Action| match action {
                Action::Set { setting, value } => format!("{}={}", setting.id.key(), setting.text(*value)),
                Action::Give(_) => String::new(),
            };
            row.actions(entry, Over::Modbus).unwrap().iter().map(text).collect()
        };
        let [one, two, three] = list.rows() else { panic!("{list:?}") };
        assert_eq!(wanted(one), ["modbus-id=7", "baud=4800", "parity=none", "scroll-time=15"]);
        assert_eq!(wanted(two), ["modbus-id=8", "baud=4800", "scroll-time=9"]);
        assert_eq!(wanted(three), ["modbus-id=9", "parity=odd"]);
        assert_eq!((one.serial, one.confirm.as_deref()), (Some(22_070_003), Some("0003")));
        assert_eq!((one.label.as_str(), one.line, one.profile.as_str()), ("Flat 3, left", 2, "flats"));
        assert!(
            one.actions(models::ALL.last().unwrap(), Over::Modbus).is_err(),
            "the profile is for another"
        );
        assert!(list.entries().count() > 1, "the third line is for every model with this bus");
    }

    #[test]
    fn what_is_wrong_is_named_by_line_column_key_and_range() {
        let faults = |text: &str| read(text).map(|_| ()).unwrap_err();
        assert_eq!(
            faults(
                "id,profile,scroll-time,serial,confirm\n\
                 7,flats,45,13070002,\n\
                 300,flats,,1307000x,\n\
                 7,other,,13070002,0001\n\
                 ,flats,,13070003,003\n\
                 9,other,,,0003,x\n\
                 10,flats,,13070009,\n\
                 10,flats,,13070009,\n"
            ),
            [
                "line 2, column 3: scroll-time: 45 s is not allowed; 1 to 30 s",
                "line 3, column 4: serial: \"1307000x\" is none: expected the last eight digits of a serial number",
                "line 3, column 1: modbus-id: 300 is not allowed; 1 to 247",
                "line 4, column 5: confirm: \"0001\": expected the last 4 digits of the serial number 13070002",
                "line 4, column 2: profile: there is no file \"other.json\"",
                "line 5, column 5: confirm: \"003\": expected the last 4 digits of the serial number 13070003",
                "line 5, column 1: id: the cell is empty: expected the address that the meter gets",
                "line 6, column 6: there is no such column: expected at most 5 cells, as in the head",
                "line 6, column 5: confirm: \"0003\" stands without a serial number: expected one in the same line, whose last \
                 4 digits it is",
                "line 8, column 4: serial: 13070009 stands in line 7 already",
                "line 8, column 1: id: 10 stands in line 7 already: expected each address once",
            ]
        );
        assert_eq!(
            faults("id,scrol-time,baud,Baud,password,mbus-baud\n7,1,1,1,1,1\n"),
            [
                "line 1, column 2: \"scrol-time\" is no column: expected id, profile, serial, confirm, label or the key of a \
                 setting; the nearest one is scroll-time",
                "line 1, column 4: Baud: it stands there twice",
                "line 1, column 5: password: no master can write it over this bus",
            ]
        );
        assert_eq!(
            faults("profile\nflats\n"),
            ["line 1: there is no column id: expected one with the address that each meter gets"]
        );
        assert_eq!(
            faults(" \n"),
            ["it is empty: expected a line with the names of the columns, then one line a meter"]
        );
        assert_eq!(faults("id\n"), ["there is no line for a meter in it"]);
        assert_eq!(
            faults("id,label\n7,\"open\n"),
            ["line 2, column 2: its quote never ends: expected another one behind the text"]
        );
    }

    #[test]
    fn the_address_of_a_list_is_that_of_its_bus() {
        let list = List::parse("id;mbus-baud\n5;2400\n", Over::Mbus, &mut profile).unwrap();
        let entry = list.entries().next().unwrap();
        let actions = list.rows()[0].actions(entry, Over::Mbus).unwrap();
        let keys: Vec<&str> = actions.iter().map(Action::key).collect();
        assert_eq!(keys, ["mbus-id", "mbus-baud"]);
        let faults = List::parse("id,profile\n5,flats\n", Over::Mbus, &mut profile).unwrap_err();
        assert_eq!(
            faults[0].to_string(),
            "line 2, column 2: profile: flats is for pro1-mod, none of which has this bus"
        );
    }
}
