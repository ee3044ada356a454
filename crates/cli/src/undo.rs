//! `metertwin undo`: asks the meter what a journal leaves unknown, then puts it back as it was found.

use std::path::PathBuf;

use clap::Args;
use commission::guard::Guard;
use commission::mbus::{self, MbusMemory};
use commission::record::{MeterRecord, Record, Where};
use commission::session::{PutBack, put_back};
use commission::settle::settle;
use commission::{LineMemory, Plan, Report, Way, WriteProgress, serial_text, write_plan};

use crate::fault::{Fault, Kind};
use crate::journal;
use crate::out::{self, Progress};
use crate::place::{self, Protocol, Road};
use crate::read;
use crate::set::{agreed, consent, unlock};
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
    /// The last four digits of the meter's serial number: needed for what cannot be undone, --yes or not
    #[arg(long, value_name = "DIGITS")]
    pub confirm_serial: Option<String>,
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

/// Says what the meter told of everything that was open. Where it was found, and the record of it as it stands now; `None`
/// where nothing more is wanted. A meter that got another number may stand there under either.
fn settled<W: Way>(
    args: &UndoArgs,
    serials: [Option<u32>; 2],
    plan: &W,
    reports: &[Report<W>],
    found: Option<W::Place>,
) -> Result<Option<(W::Place, MeterRecord)>, Fault> {
    for report in reports {
        out::line(&report.sentence(plan));
    }
    let serials = || serials.into_iter().flatten();
    let Some(here) = found else {
        let serial = serials().next().map_or_else(String::new, serial_text);
        let wrong = format!("The meter {serial} answers at none of the places where it may be.");
        return Err(Fault::new(Kind::NoAnswer, wrong));
    };
    let record = journal::read(&args.journal)?;
    let Some(meter) = serials().find_map(|serial| record.meter(serial)) else {
        return Err(Fault::option("--journal", "the meter is gone from it: somebody else has written it"));
    };
    if !args.settle_only {
        return Ok(Some((here, meter.clone())));
    }
    match reports.iter().filter(|it| it.outcome.is_unknown()).count() {
        0 => Ok(None),
        open => Err(Fault::new(Kind::Refused, format!("{open} settings are still unknown."))),
    }
}

/// Says what stays as it is, and asks about the rest; false where there is no rest.
fn may_write<W: Way>(args: &UndoArgs, back: &PutBack, plan: &W, guard: &Guard) -> Result<bool, Fault> {
    for line in back.sentences() {
        out::line(&line);
    }
    let steps = (0..plan.count()).filter_map(|step| plan.action(step));
    let list: Vec<String> = steps.map(|action| format!("  {}", action.text(plan.entry()))).collect();
    if list.is_empty() {
        out::line("Everything that can be put back is as it was found.");
        return Ok(false);
    }
    consent(args.confirm_serial.as_deref(), guard)?;
    if !args.yes && !agreed(&list.join("\n"))? {
        return Err(Fault::new(Kind::Input, "Nothing was sent."));
    }
    Ok(true)
}

/// Says what stands, and ends with the exit code of it.
fn told<W: Way>(plan: &W, reports: &[Report<W>]) -> Result<(), Fault> {
    for report in reports {
        out::line(&report.sentence(plan));
    }
    let open = reports.iter().filter(|it| !it.outcome.is_confirmed()).count();
    if open == 0 {
        return Ok(());
    }
    let text =
        format!("{} of {} settings are as they were found, confirmed.", reports.len() - open, reports.len());
    Err(Fault::new(Kind::Refused, text))
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
    let asked = block_on(settle(&mut line, meter, &mut log))
        .map_err(|why| Fault::new(Kind::Input, format!("Nothing can be asked: {why}.")))?;
    let now = settled(args, [Some(meter.serial), None], &asked.plan, &asked.reports, asked.place)?;
    let Some((here, meter)) = now else { return Ok(()) };
    let mut back = put_back(&meter);
    let plan: Plan = back
        .plan(&meter, here)
        .map_err(|why| Fault::new(Kind::Input, format!("Nothing was sent: {why}.")))?;
    let actions: Vec<_> = plan.steps.iter().map(|step| step.action).collect();
    let guard = block_on(Guard::read(&mut line, entry, Some(meter.serial), &actions));
    let guard = guard.map_err(|fault| read::no_answer(&line, Some(entry), &fault))?;
    if !may_write(args, &back, &plan, &guard)? {
        return Ok(());
    }
    unlock(&mut line, entry, &link)?;
    let mut bar = Progress::new();
    let reports = block_on(write_plan(&mut line, &plan, &mut log, &mut |progress| {
        if let WriteProgress::Ended { step, of, .. } = progress {
            bar.show("putting back", step + 1, of);
        }
    }));
    bar.clear();
    told(&plan, &reports)
}

fn over_mbus(args: &UndoArgs, meter: &MeterRecord, start: mbus::Place) -> Result<(), Fault> {
    let mut memory = MbusMemory::default();
    let mut line = crate::mbus::line_at(&args.link, start, &mut memory)?;
    let mut log = journal::begin(&args.journal)?;
    let asked = block_on(line.settle(meter, &mut log));
    let number = asked.plan.identity.and_then(|it| units::bcd::decode(it.id, 8));
    let now = settled(args, [Some(meter.serial), number], &asked.plan, &asked.reports, asked.place)?;
    let Some((here, meter)) = now else { return Ok(()) };
    let back = put_back(&meter);
    let plan = back.mbus_plan(&meter, here);
    // A telegram tells too little of what was used before: every change of that kind counts as the first one.
    let guard = Guard::new(meter.entry, Some(meter.serial), plan.steps.iter().copied(), |_| None);
    if !may_write(args, &back, &plan, &guard)? {
        return Ok(());
    }
    let (reports, _) = block_on(line.write_plan(&plan, &mut log, &mut |_| {}));
    told(&plan, &reports)
}

/// Runs the command.
pub fn run(args: &UndoArgs) -> Result<(), Fault> {
    let record = journal::read(&args.journal)?;
    let meter = meter(&record, args)?;
    let spoken = place::protocol(&args.link).map_err(|why| Fault::option("--link", why))?;
    match (meter.now, spoken) {
        (Where::Modbus(start), Protocol::Modbus | Protocol::Ble) => modbus(args, meter, start),
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
