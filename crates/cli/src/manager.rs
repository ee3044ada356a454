//! `metertwin manager`: a meter as its maker's app shows it.

use commission::manager::{Editor, Manager, SettingRow, ValueRow};
use commission::radio::UNCONFIRMED;
use commission::{Line, LineMemory};
use models::Entry;

use crate::args::ManagerArgs;
use crate::fault::{Fault, Kind};
use crate::out::{self, Progress};
use crate::place::{self, Protocol};
use crate::read;
use crate::wire::{self, Wire, block_on};

/// Lines of cells, each column as wide as its widest cell.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(wide).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn values(rows: &[ValueRow]) -> String {
    let cells = |row: &ValueRow| {
        let value = if row.fault.is_empty() {
            format!("{} {}", row.value, row.unit).trim_end().to_owned()
        } else {
            row.fault.clone()
        };
        vec![row.label.clone(), value]
    };
    table(&rows.iter().map(cells).collect::<Vec<_>>())
}

fn settings(rows: &[SettingRow]) -> String {
    let cells = |row: &SettingRow| {
        let value =
            if row.fault.is_empty() { format!("{} {}", row.value, row.unit) } else { row.fault.clone() };
        let how = match &row.editor {
            Editor::Number { least, most } => format!("{least} to {most}"),
            Editor::Choice(words) => words.join(" / "),
            Editor::Reset(question) => (*question).to_owned(),
            Editor::Closed(why) => why.clone(),
        };
        vec![row.label.to_owned(), value.trim().to_owned(), row.key.to_owned(), how]
    };
    table(&rows.iter().map(cells).collect::<Vec<_>>())
}

/// Runs the command.
pub fn run(args: &ManagerArgs) -> Result<(), Fault> {
    let wrong = |why| Fault::option("--link", why);
    let spoken = place::protocol(&args.link);
    if place::head(&args.link).map_err(wrong)?.is_some() || spoken.map_err(wrong)? == Protocol::Mbus {
        return Err(Fault::option(
            "--link",
            "the app speaks the registers of Modbus: expected no protocol, or ble",
        ));
    }
    let link = place::link(&args.link, read::first_model()?).map_err(wrong)?;
    if link.place.line.is_radio() {
        out::remark(UNCONFIRMED);
    }
    let mut memory = LineMemory::default();
    let mut line = wire::line(&link, &mut memory)?;
    let identity = read::who(&mut line)?;
    let manager = asked(&mut line, identity.entry)?;
    let app = manager.app();
    out::line(&format!("{}\n{}", app.name, values(&manager.device())));
    for page in manager.pages() {
        out::line(&format!("\n{}\n{}", page.title, values(&page.rows)));
    }
    out::line(&format!("\nSettings\n{}", settings(&manager.settings())));
    if let Some(path) = &args.csv {
        std::fs::write(path, manager.to_csv()).map_err(|why| {
            Fault::option(
                "--csv",
                format!("{} cannot be written: {why}. Name a file in a folder of yours", path.display()),
            )
        })?;
    }
    whole(&manager)
}

/// The view of the app on a meter, read.
pub fn asked(line: &mut Line<'_, Wire>, entry: Option<&'static Entry>) -> Result<Manager, Fault> {
    let mut manager = entry.and_then(Manager::new).ok_or_else(|| {
        Fault::new(Kind::Refused, "No app of its maker is known for this meter: use read and set.")
    })?;
    let mut bar = Progress::new();
    let read = block_on(manager.refresh(line, &mut |progress| {
        bar.show("reading", progress.done, progress.total);
    }));
    bar.clear();
    read.map_err(|fault| read::no_answer(line, Some(manager.entry()), &fault))?;
    Ok(manager)
}

/// The exit code of a view that has holes.
pub fn whole(manager: &Manager) -> Result<(), Fault> {
    let pages = manager.pages();
    match pages.iter().flat_map(|page| &page.rows).filter(|row| !row.fault.is_empty()).count() {
        0 => Ok(()),
        missing => Err(Fault::new(Kind::NoAnswer, format!("{missing} values could not be read."))),
    }
}
