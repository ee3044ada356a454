//! The optical head: read-outs and settings through the infrared window, for links with `protocol=ir`.

use commission::optical::{
    OpticalFault, OpticalLine, OpticalMemory, OpticalOutcome, OpticalProgress, UNCONFIRMED, writable,
};
use iec62056::{HeadConfig, HeadFault, SIGN_ON_LINE};
use models::Entry;
use rig::TextError;
use schema::{RegisterDef, SettingDef};

use crate::args::{Format, ReadArgs, SetArgs};
use crate::clock::unix_seconds;
use crate::fault::{Fault, Kind};
use crate::out;
use crate::place::Head;
use crate::set::{consent, warn};
use crate::wire::{self, Wire, block_on};

type Line<'m> = OpticalLine<'m, Wire>;

fn line<'m>(head: &Head, memory: &'m mut OpticalMemory) -> Result<Line<'m>, Fault> {
    let wire = wire::open(&head.road, SIGN_ON_LINE)?;
    let config = HeadConfig { slow: head.slow, ..HeadConfig::default() };
    Ok(OpticalLine::new(wire, memory, config))
}

fn fault(why: &OpticalFault) -> Fault {
    let refused = matches!(why, OpticalFault::Refused(_) | OpticalFault::Head(HeadFault::Ended));
    Fault::new(if refused { Kind::Refused } else { Kind::NoAnswer }, why.to_string())
}

/// Runs `read`: the values of the read-out, in its order.
pub fn read(args: &ReadArgs, head: &Head) -> Result<(), Fault> {
    if args.model.is_some() {
        return Err(Fault::option("--model", "at the window a meter says itself what it has: leave it out"));
    }
    let mut memory = OpticalMemory::default();
    let mut line = line(head, &mut memory)?;
    let mut lines = 0;
    let mut bar = out::Progress::new();
    let read = block_on(line.read_out(&head.address, &mut |progress| match progress {
        OpticalProgress::Line(_) => {
            lines += 1;
            bar.show("reading", lines, lines);
        }
        OpticalProgress::Again(keep) => lines = usize::from(keep),
        _ => {}
    }));
    bar.clear();
    let mut read = read.map_err(|why| fault(&why))?;
    out::remark(&format!("{}. {UNCONFIRMED}", read.identification));
    if let Some(missing) = args.points.iter().find(|code| !read.values.iter().any(|it| it.code == **code)) {
        let codes: Vec<&str> = read.values.iter().map(|value| value.code.as_str()).collect();
        let wrong = format!("the meter says no \"{missing}\": expected one of {}", codes.join(", "));
        return Err(Fault::option("POINT", wrong));
    }
    if !args.points.is_empty() {
        read.values.retain(|value| args.points.contains(&value.code));
    }
    out::print(&match args.format {
        Format::Table => read.to_table(),
        Format::Csv => read.to_csv(),
        Format::Json => read.to_json(&unix_seconds().to_string()),
    });
    match read.odd.first() {
        None => Ok(()),
        Some(odd) => Err(Fault::new(
            Kind::Refused,
            format!("{} lines have not the form of values. The first: {odd}", read.odd.len()),
        )),
    }
}

type Change = (&'static SettingDef, &'static RegisterDef, i32);

/// The changes as a model takes them.
fn changes(entry: &'static Entry, texts: &[String]) -> Result<Vec<Change>, TextError> {
    let mut found: Vec<Change> = Vec::new();
    for text in texts {
        let wrong = |what: String, expected: String| Err(TextError::new(what, expected));
        let Some((key, value)) = text.split_once('=') else {
            return wrong(format!("\"{text}\" is no KEY=VALUE"), "a key and a value".to_owned());
        };
        let Some((setting, row)) = writable(entry).find(|(setting, _)| setting.id.key() == key) else {
            let keys: Vec<&str> = writable(entry).map(|(setting, _)| setting.id.key()).collect();
            let wrong_key = format!("\"{key}\" cannot be written through the window");
            return wrong(wrong_key, format!("one of {}", keys.join(", ")));
        };
        if found.iter().any(|(other, _, _)| other.id == setting.id) {
            let again = format!("\"{text}\" says again what was said before");
            return wrong(again, "each setting once".to_owned());
        }
        let Ok(value) = setting.parse(value) else {
            return wrong(format!("{key} cannot be \"{value}\""), setting.allowed().to_string());
        };
        found.push((setting, row, value));
    }
    Ok(found)
}

/// Runs `set`: each setting written and read back.
pub fn set(args: &SetArgs, head: &Head) -> Result<(), Fault> {
    // What no model could take is refused before anything is opened.
    let staged: Vec<_> = models::ALL.iter().map(|entry| changes(entry, &args.changes)).collect();
    if let (false, Some(Err(why))) = (staged.iter().any(Result::is_ok), staged.into_iter().next()) {
        return Err(Fault::option("KEY=VALUE", why));
    }
    if !args.yes && !args.dry_run {
        let wrong = "Nothing was sent. Add --yes to write through the window, or --dry-run to see what would be written.";
        return Err(Fault::new(Kind::Input, wrong));
    }
    let mut memory = OpticalMemory::default();
    let mut line = line(head, &mut memory)?;
    let fitting = block_on(line.enter(&head.address)).map_err(|why| fault(&why))?;
    let done = match fitting.first() {
        Some(entry) => change(args, head, entry, &mut line),
        None => {
            Err(Fault::new(Kind::Refused, "Nothing was sent to a meter that this program does not know."))
        }
    };
    // Whoever calls next should not have to wait until the meter has given the session up.
    let _ = block_on(line.leave());
    done
}

fn change(args: &SetArgs, head: &Head, entry: &'static Entry, line: &mut Line<'_>) -> Result<(), Fault> {
    let changes = changes(entry, &args.changes).map_err(|why| Fault::option("KEY=VALUE", why))?;
    let guard = block_on(line.guard(entry, &changes)).map_err(|why| fault(&why))?;
    if args.dry_run {
        warn(&guard);
        out::line("Nothing was written. These would be, in this order:");
        for (setting, row, value) in &changes {
            out::line(&format!("  {} = {} at {:04X}", setting.id.key(), setting.text(*value), row.addr));
        }
        return Ok(());
    }
    consent(args.confirm_serial.as_deref(), &guard)?;
    out::remark(UNCONFIRMED);
    block_on(line.password(&head.password)).map_err(|why| fault(&why))?;
    let (mut open, mut heard) = (0, false);
    for (setting, row, value) in &changes {
        let outcome = block_on(line.change(setting, row, *value));
        out::line(&format!("{} = {}. {outcome}", setting.id.key(), setting.text(*value)));
        open += usize::from(outcome != OpticalOutcome::Confirmed);
        heard |= !matches!(outcome, OpticalOutcome::Unknown(_));
    }
    if open == 0 {
        return Ok(());
    }
    let text = format!("{} of {} changes are confirmed.", changes.len() - open, changes.len());
    Err(Fault::new(if heard { Kind::Refused } else { Kind::NoAnswer }, text))
}
