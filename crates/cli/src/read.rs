//! `metertwin read`: everything a meter tells, or the points that were asked for.

use commission::diagnosis::{Cause, Symptoms, diagnose};
use commission::radio::UNCONFIRMED;
use commission::{
    Bus as _, Context, Identity, Line, LineMemory, ReadOut, RowFault, identify, names, read_out, sentence,
};
use models::Entry;

use crate::args::{Format, ReadArgs, ReadLayout};
use crate::clock::unix_seconds;
use crate::fault::{Fault, Kind};
use crate::ir;
use crate::manager;
use crate::mbus;
use crate::out::{self, Progress};
use crate::place::{self, Protocol};
use crate::wire::{self, Wire, block_on};

/// The model whose factory setting holds where nothing else is known.
pub fn first_model() -> Result<&'static Entry, Fault> {
    models::ALL.first().ok_or_else(|| Fault::new(Kind::Input, "this program knows no model"))
}

/// The model of a name, or the one that a link is set up for without a name.
pub fn model(name: Option<&str>) -> Result<&'static Entry, Fault> {
    match name {
        Some(name) => rig::find_model(name).map_err(|why| Fault::option("--model", why)),
        None => first_model(),
    }
}

/// Asks who is there. The sentence goes to standard error.
pub fn who(line: &mut Line<'_, Wire>) -> Result<Identity, Fault> {
    let identity = block_on(identify(line)).map_err(|fault| no_answer(line, None, &fault))?;
    line.set_entry(identity.entry);
    out::remark(&identity.sentence());
    Ok(identity)
}

/// A fault of the bus as the end of the program.
pub fn no_answer(line: &Line<'_, Wire>, entry: Option<&'static Entry>, fault: &commission::Fault) -> Fault {
    let kind = if matches!(fault, commission::Fault::Refused(_)) { Kind::Refused } else { Kind::NoAnswer };
    let place = line.place();
    let masters = line.masters().to_vec();
    let told = diagnose(&Symptoms { masters, ..Symptoms::of(place, line.tally(), Some(fault)) });
    // Where several questions together tell more than the last of them.
    let text = match told.cause {
        Cause::SeveralOnOneId | Cause::SecondMaster | Cause::EchoGone | Cause::Restless | Cause::LineHeld => {
            told.to_string()
        }
        Cause::Disturbed if told.certain => told.to_string(),
        _ => sentence(fault, &Context { place, entry, request: None }),
    };
    Fault::new(kind, text)
}

/// Runs the command.
pub fn run(args: &ReadArgs) -> Result<(), Fault> {
    let as_app = args.layout == ReadLayout::App;
    if as_app && (!matches!(args.format, Format::Csv) || !args.points.is_empty()) {
        let wrong = "app is a file of all values: expected --format csv with it, and no keys";
        return Err(Fault::option("--layout", wrong));
    }
    let app_only = || Fault::option("--layout", "the app speaks the registers of Modbus: expected own here");
    if let Some(head) = place::head(&args.link).map_err(|why| Fault::option("--link", why))? {
        return if as_app { Err(app_only()) } else { ir::read(args, &head) };
    }
    if place::protocol(&args.link).map_err(|why| Fault::option("--link", why))? == Protocol::Mbus {
        return if as_app { Err(app_only()) } else { mbus::read(args) };
    }
    let default = model(args.model.as_deref())?;
    let link = place::link(&args.link, default).map_err(|why| Fault::option("--link", why))?;
    if args.model.is_some() {
        known(default, &args.points)?;
    }
    if link.place.line.is_radio() {
        out::remark(UNCONFIRMED);
    }
    let mut memory = LineMemory::default();
    let mut line = wire::line(&link, &mut memory)?;
    let entry = if args.model.is_some() {
        default
    } else {
        let identity = who(&mut line)?;
        identity.entry.ok_or_else(|| {
            Fault::new(
                Kind::Refused,
                "Nothing was read. To read it as a model that this program knows, add --model.",
            )
        })?
    };
    line.set_entry(Some(entry));
    if as_app {
        let manager = manager::asked(&mut line, Some(entry))?;
        out::print(&manager.to_csv());
        return manager::whole(&manager);
    }
    known(entry, &args.points)?;
    let mut bar = Progress::new();
    let read = block_on(read_out(&mut line, entry, &mut |progress| {
        bar.show("reading", progress.done, progress.total);
    }));
    bar.clear();
    let mut read = read.map_err(|fault| no_answer(&line, Some(entry), &fault))?;
    if !args.points.is_empty() {
        read.rows.retain(|row| args.points.contains(&row.key));
    }
    if read.rows.iter().any(|row| row.value.is_ok()) {
        out::print(&match args.format {
            Format::Table => read.to_table(),
            Format::Csv => read.to_csv(&unix_seconds().to_string()),
            Format::Json => read.to_json(&unix_seconds().to_string()),
        });
    }
    all_read(&line, entry, &read)
}

/// Refuses keys that the model does not have.
fn known(entry: &'static Entry, points: &[String]) -> Result<(), Fault> {
    let keys: Vec<String> = names::rows(entry).map(|row| names::key(entry, &row)).collect();
    match points.iter().find(|point| !keys.contains(point)) {
        None => Ok(()),
        Some(point) => Err(Fault::option(
            "POINT",
            format!(
                "{} has no \"{point}\": expected keys as the table in csv format lists them, such as {}",
                entry.notes.name,
                keys.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ")
            ),
        )),
    }
}

/// The exit code of a read-out that has holes.
fn all_read(line: &Line<'_, Wire>, entry: &'static Entry, read: &ReadOut) -> Result<(), Fault> {
    let faults: Vec<&RowFault> = read.rows.iter().filter_map(|row| row.value.as_ref().err()).collect();
    let Some(first) = faults.first() else { return Ok(()) };
    let lost = faults.iter().find_map(|fault| match fault {
        RowFault::Bus(fault) if !matches!(fault, commission::Fault::Refused(_)) => Some(fault),
        _ => None,
    });
    let count = format!("{} of {} values could not be read. ", faults.len(), read.rows.len());
    match (lost, first) {
        (Some(fault), _) => {
            let end = no_answer(line, Some(entry), fault);
            Err(Fault::new(Kind::NoAnswer, format!("{count}{end}")))
        }
        (None, RowFault::Bus(fault)) => {
            Err(Fault::new(Kind::Refused, format!("{count}{}", no_answer(line, Some(entry), fault))))
        }
        (None, fault) => Err(Fault::new(Kind::Refused, format!("{count}The first: {fault}."))),
    }
}
