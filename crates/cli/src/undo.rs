//! `metertwin undo`: asks the meter what a journal leaves unknown, then puts it back as it was found.

use std::path::PathBuf;

use clap::Args;
use commission::mbus::{self, MbusMemory};
use commission::record::{MeterRecord, Record, Where};
use commission::session::put_back;
use commission::settle::settle;
use commission::{LineMemory, Outcome, Plan, WriteProgress, serial_text, write_plan};

use crate::fault::{Fault, Kind};
use crate::journal;
use crate::out::{self, Progress};
use crate::place::{self, Protocol, Road};
use crate::set::agreed;
use crate::wire::{self, block_on};

/// `metertwin undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The journal that set --journal has written
    #[arg(long, value_name = "FILE")]
    pub journal: PathBuf,
    /// The line, as for read. Speed, parity and id are those that the journal knows; over TCP the id alone
    #[arg(long)]
    pub link: String,
    /// The meter of this serial number, where the journal has several
    #[arg(long, value_name = "N")]
    pub serial: Option<u32>,
    /// Ask the meter what became of everything, and write nothing to it
    #[arg(long)]
    pub settle_only: bool,
    /// Write without a question
    #[arg(long)]
    pub yes: bool,
}

/// The meter of a journal that is meant.
fn meter<'r>(record: &'r Record, args: &UndoArgs) -> Result<&'r MeterRecord, Fault> {
    let list = || {
        let all: Vec<String> = record.meters.iter().map(|it| serial_text(it.serial)).collect();
        all.join(", ")
    };
    match (args.serial, record.meters.as_slice()) {
        (_, []) => Err(Fault::option("--journal", "there is no meter in it")),
        (None, [one]) => Ok(one),
        (None, _) => Err(Fault::option(
            "--serial",
            format!("the journal has several meters: expected one of {}", list()),
        )),
        (Some(serial), _) => record.meter(serial).ok_or_else(|| {
            Fault::option("--serial", format!("the journal has no such meter: expected one of {}", list()))
        }),
    }
}

/// Says what stands, and ends with the exit code of it.
fn told<T>(
    reports: &[T],
    sentence: impl Fn(&T) -> String,
    confirmed: impl Fn(&T) -> bool,
) -> Result<(), Fault> {
    for report in reports {
        out::line(&sentence(report));
    }
    let open = reports.iter().filter(|report| !confirmed(report)).count();
    if open == 0 {
        return Ok(());
    }
    let text =
        format!("{} of {} settings are as they were found, confirmed.", reports.len() - open, reports.len());
    Err(Fault::new(Kind::Refused, text))
}

fn left(back: &commission::session::PutBack) {
    for line in back.sentences() {
        out::line(&line);
    }
}

fn modbus(args: &UndoArgs, meter: &MeterRecord, start: commission::Place) -> Result<(), Fault> {
    let entry = meter.entry;
    let mut link = place::link(&args.link, entry).map_err(|why| Fault::option("--link", why))?;
    // A serial device is opened where the meter was last; through a gateway the line is the gateway's.
    link.place = if matches!(link.road, Road::Serial(_) | Road::Pty(_)) {
        start
    } else {
        commission::Place { unit: start.unit, ..link.place }
    };
    let mut memory = LineMemory::default();
    let mut line = wire::line(&link, &mut memory)?;
    line.set_entry(Some(entry));
    let mut log = journal::begin(&args.journal)?;
    let settled = block_on(settle(&mut line, meter, &mut log))
        .map_err(|why| Fault::new(Kind::Input, format!("Nothing can be asked: {why}.")))?;
    for report in &settled.reports {
        out::line(&report.sentence(&settled.plan));
    }
    let Some(here) = settled.place else {
        let wrong =
            format!("The meter {} answers at none of the places where it may be.", serial_text(meter.serial));
        return Err(Fault::new(Kind::NoAnswer, wrong));
    };
    let record = journal::read(&args.journal)?;
    let Some(meter) = record.meter(meter.serial) else {
        return Err(Fault::option("--journal", "the meter is gone from it: somebody else has written it"));
    };
    if args.settle_only {
        let open = settled.reports.iter().filter(|it| matches!(it.outcome, Outcome::Unknown { .. })).count();
        let text = format!("{open} settings are still unknown.");
        return if open == 0 { Ok(()) } else { Err(Fault::new(Kind::Refused, text)) };
    }
    let mut back = put_back(meter);
    let plan: Plan =
        back.plan(meter, here).map_err(|why| Fault::new(Kind::Input, format!("Nothing was sent: {why}.")))?;
    left(&back);
    if plan.steps.is_empty() {
        out::line("Everything that can be put back is as it was found.");
        return Ok(());
    }
    let list: Vec<String> = plan.steps.iter().map(|step| format!("  {}", step.action.text(entry))).collect();
    if !args.yes && !agreed(&list.join("\n"))? {
        return Err(Fault::new(Kind::Input, "Nothing was sent."));
    }
    let mut bar = Progress::new();
    let reports = block_on(write_plan(&mut line, &plan, &mut log, &mut |progress| {
        if let WriteProgress::Ended { step, of, .. } = progress {
            bar.show("putting back", step + 1, of);
        }
    }));
    bar.clear();
    let confirmed = |report: &commission::StepReport| matches!(report.outcome, Outcome::Confirmed { .. });
    told(&reports, |report| report.sentence(&plan), confirmed)
}

fn over_mbus(args: &UndoArgs, meter: &MeterRecord, start: mbus::Place) -> Result<(), Fault> {
    let mut memory = MbusMemory::default();
    let mut line = crate::mbus::line_at(&args.link, start, &mut memory)?;
    let mut log = journal::begin(&args.journal)?;
    let settled = block_on(line.settle(meter, &mut log));
    for report in &settled.reports {
        out::line(&report.sentence(&settled.plan));
    }
    let Some(here) = settled.place else {
        let wrong =
            format!("The meter {} answers at none of the places where it may be.", serial_text(meter.serial));
        return Err(Fault::new(Kind::NoAnswer, wrong));
    };
    let record = journal::read(&args.journal)?;
    let serials = [Some(meter.serial), settled.plan.identity.and_then(|it| units::bcd::decode(it.id, 8))];
    let again = serials.into_iter().flatten().find_map(|serial| record.meter(serial));
    let Some(meter) = again else {
        return Err(Fault::option("--journal", "the meter is gone from it: somebody else has written it"));
    };
    if args.settle_only {
        return Ok(());
    }
    let back = put_back(meter);
    let plan = back.mbus_plan(meter, here);
    left(&back);
    if plan.steps.is_empty() {
        out::line("Everything that can be put back is as it was found.");
        return Ok(());
    }
    let list: Vec<String> = plan.steps.iter().map(|step| format!("  {}", step.text(meter.entry))).collect();
    if !args.yes && !agreed(&list.join("\n"))? {
        return Err(Fault::new(Kind::Input, "Nothing was sent."));
    }
    let (reports, _) = block_on(line.write_plan(&plan, &mut log, &mut |_| {}));
    let confirmed = |report: &mbus::StepReport| matches!(report.outcome, mbus::Outcome::Confirmed { .. });
    told(&reports, |report| report.sentence(&plan), confirmed)
}

/// Runs the command.
pub fn run(args: &UndoArgs) -> Result<(), Fault> {
    let record = journal::read(&args.journal)?;
    let meter = meter(&record, args)?;
    let spoken = place::protocol(&args.link).map_err(|why| Fault::option("--link", why))?;
    match (meter.now, spoken) {
        (Where::Modbus(start), Protocol::Modbus) => modbus(args, meter, start),
        (Where::Mbus(start), Protocol::Mbus) => over_mbus(args, meter, start),
        (Where::Modbus(_), _) => {
            Err(Fault::option("--link", "the meter was written to over Modbus: expected such a link"))
        }
        (Where::Mbus(_), _) => Err(Fault::option(
            "--link",
            "the meter was written to over M-Bus: add protocol=mbus to its options",
        )),
    }
}
