//! What of a model never changes, as the configurator needs it: made once from the model's own tables.

use commission::{commands, names, writable};
use models::Entry;
use schema::{Access, Edit, Gate, Kind, PageDef, Permission, PortId, RegisterDef, Rule, SettingDef, Source};
use units::Point;

use crate::modbus::view::{CommandRow, Field, Model, PointRow, SettingRow};

/// The rows that a read-out brings, in the order in which the page shows them: readings, energies, states, the rest.
pub fn point_rows(entry: &'static Entry) -> Vec<names::Row> {
    let mut sorted = Vec::new();
    for number in 0..GROUPS {
        sorted.extend(names::rows(entry).filter(|row| {
            group(row.def.source).0 == number
                && row.of.rule == Rule::Contiguous
                && row.def.source != Source::Zero
                && !secret(entry, row.def)
        }));
    }
    sorted
}

/// How many groups the read-out has.
const GROUPS: u8 = 5;

fn secret(entry: &'static Entry, row: &RegisterDef) -> bool {
    matches!(row.source, Source::Setting(id) if names::setting(entry, id).is_some_and(|setting| setting.secret))
}

const fn group(source: Source) -> (u8, &'static str) {
    match source {
        Source::Point(Point::Now { .. }) => (0, "Readings of this moment"),
        Source::Point(Point::Energy { .. } | Point::History { .. } | Point::HistoryRatio(_)) => {
            (1, "Energies")
        }
        Source::Point(Point::State(_)) => (2, "States"),
        Source::Setting(_) => (3, "Settings"),
        Source::Identity(_) | Source::Zero | Source::Same(_) => (4, "What it is"),
    }
}

/// The settings in the order of the form: what a master can change first.
pub fn setting_rows(entry: &'static Entry) -> Vec<&'static SettingDef> {
    let rank = |setting: &SettingDef| match (writable(entry, setting), setting.permission) {
        (true, _) => 0,
        (false, Permission::Factory) => 2,
        (false, _) => 1,
    };
    let mut sorted = Vec::new();
    for number in 0..3 {
        sorted.extend(entry.def.all_settings().filter(|setting| rank(setting) == number));
    }
    sorted
}

/// The model as the configurator needs it.
pub fn model(entry: &'static Entry) -> Model {
    let mut before = None;
    let points = point_rows(entry)
        .into_iter()
        .map(|row| {
            let heading = group(row.def.source).1;
            let first = before.replace(heading) != Some(heading);
            PointRow {
                group: if first { heading } else { "" },
                label: names::label(entry, &row),
                doc: row.note.map_or("", |note| note.doc),
                addr: row.def.addr,
                unit: entry.def.unit(row.def.source).symbol(),
            }
        })
        .collect();
    Model {
        name: entry.notes.name,
        ports: PortId::ALL.into_iter().filter(|port| entry.def.has(*port)).collect(),
        points,
        settings: setting_rows(entry).into_iter().map(|setting| setting_row(entry, setting)).collect(),
        commands: commands(entry)
            .map(|command| {
                let is = |row: &names::Row| matches!(row.def.access, Access::Command(it, _) if it == command);
                let row = names::rows(entry).find(is);
                CommandRow {
                    label: format!("Reset the {}", names::command_label(command)),
                    doc: row.and_then(|row| row.note).map_or("", |note| note.doc),
                    addr: row.map_or(0, |row| row.def.addr),
                }
            })
            .collect(),
    }
}

fn setting_row(entry: &'static Entry, setting: &'static SettingDef) -> SettingRow {
    let field = match (writable(entry, setting), setting.permission, setting.kind) {
        (true, _, Kind::OneOf(choices)) => {
            Field::Choice(choices.iter().map(|choice| setting.text(choice.value).to_string()).collect())
        }
        (true, ..) => Field::Number,
        (false, Permission::Factory, _) => Field::Factory,
        (false, ..) => Field::KeyOnly(walk(entry, setting)),
    };
    SettingRow {
        label: names::setting_label(entry, setting.id),
        doc: match field {
            Field::Factory => "set in the factory".to_owned(),
            Field::KeyOnly(_) => "only with the key on the meter".to_owned(),
            Field::Choice(_) | Field::Number => setting.allowed().to_string(),
        },
        addr: (!setting.secret).then(|| entry.def.register_of(setting.id)).flatten().map(|row| row.addr),
        unit: setting.unit.symbol(),
        field,
    }
}

/// The presses that lead to a setting, from the model's pages.
fn walk(entry: &'static Entry, setting: &'static SettingDef) -> Vec<(String, String)> {
    let edits =
        |page: &&PageDef| matches!(page.edit, Edit::Step(id) | Edit::Digits(id, _) if id == setting.id);
    let pages = || entry.def.all_pages();
    let Some((id, page)) = pages().find(|(_, page)| edits(page)) else { return Vec::new() };
    let seconds = |long: bool| {
        let key = entry.def.keys.first();
        key.map_or(String::new(), |key| {
            format!("{} s", if long { key.long } else { key.very_long }.as_secs())
        })
    };
    let short = || "short".to_owned();
    let mut steps = Vec::new();
    if let Some((opener, gate)) = pages()
        .find_map(|(id, it)| it.opens.filter(|(menu, _)| *menu == page.menu).map(|(_, gate)| (id, gate)))
    {
        steps.push((format!("Press until {}", names::page_label(entry, opener)), short()));
        steps.push(("Hold to open it".to_owned(), seconds(true)));
        if let Gate::Password(_) = gate {
            steps.push((
                "Give the password: press for the next digit, hold to take it".to_owned(),
                seconds(true),
            ));
        }
    }
    steps.push((format!("Press until {}", names::page_label(entry, id)), short()));
    steps.push(("Hold: the value blinks".to_owned(), seconds(false)));
    match page.edit {
        Edit::Digits(..) => {
            steps.push(("Press for the next digit".to_owned(), short()));
            steps.push((
                format!("Hold to take it; after the last one the meter shows {}", entry.def.panel.ok),
                seconds(true),
            ));
        }
        _ => {
            steps.push(("Press until the value is right".to_owned(), short()));
            steps.push((format!("Hold until the meter shows {}", entry.def.panel.ok), seconds(true)));
        }
    }
    steps
}
