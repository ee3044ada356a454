//! `metertwin set`: changes settings of a meter, and proves each change by reading it back.

use std::io::{self, BufRead as _, IsTerminal as _};

use commission::boot::Facts;
use commission::guard::{Consent, Guard};
use commission::radio::{self, UNCONFIRMED};
use commission::record::Where;
use commission::rehearse::{Rehearsal, rehearse};
use commission::{
    Action, Bus as _, Line, LineMemory, Outcome, Plan, Staged, StepReport, Way, WriteProgress, names,
    read_out, write_plan,
};
use models::Entry;

use crate::args::SetArgs;
use crate::fault::{Fault, Kind};
use crate::out::{self, Progress};
use crate::place::{Link, Protocol, Road};
use crate::tty;
use crate::wire::{self, Wire, block_on};
use crate::{ir, journal, mbus, place, profile, read};

fn stage(entry: &'static Entry, changes: &[String]) -> Result<Staged, Fault> {
    let mut staged = Staged::new();
    for change in changes {
        let before = staged.len();
        staged.stage_change(entry, change).map_err(|why| Fault::option("KEY=VALUE", why))?;
        if staged.len() == before {
            let wrong = format!("\"{change}\" says again what was said before: expected each setting once");
            return Err(Fault::option("KEY=VALUE", wrong));
        }
    }
    Ok(staged)
}

/// Why no model takes the changes: in the words of the first one that has such settings, else of the first of all.
fn refused_by_all(changes: &[String]) -> Option<Fault> {
    let has = |entry: &Entry, change: &String| {
        entry.def.all_settings().any(|setting| change.split('=').next() == Some(setting.id.key()))
    };
    let mut refusals = Vec::new();
    for entry in models::ALL {
        refusals.push((!changes.iter().all(|change| has(entry, change)), stage(entry, changes).err()?));
    }
    refusals.into_iter().min_by_key(|(foreign, _)| *foreign).map(|(_, why)| why)
}

fn list(plan: &Plan, road: &Road) -> String {
    let steps = plan.steps.iter().map(|step| format!("  {}", step_text(plan, &step.action, road)));
    steps.collect::<Vec<_>>().join("\n")
}

fn step_text(plan: &Plan, action: &Action, road: &Road) -> String {
    let mut text = action.text(plan.entry);
    if action.moves() {
        let over_tcp = matches!(road, Road::Tcp(_) | Road::ModbusTcp(_));
        text.push_str(if over_tcp && action.place_after(plan.place).line != plan.place.line {
            "; what stands between TCP and the meter's line has to follow it there"
        } else {
            "; this program follows the meter there"
        });
    }
    text
}

/// Asks at the terminal. Without one nobody can say yes.
pub fn agreed(list: &str) -> Result<bool, Fault> {
    if !io::stdin().is_terminal() {
        let wrong = "Nothing was sent: nobody is there to be asked. Add --yes to write without a question.";
        return Err(Fault::new(Kind::Input, wrong));
    }
    out::remark(&format!("{list}\nWrite this to the meter? yes or no:"));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "yes"))
}

/// Says what cannot be undone.
pub fn warn(guard: &Guard) {
    if guard.is_needed() {
        let acts: Vec<String> = guard.acts().iter().map(|act| format!("  {}", act.text)).collect();
        out::remark(&format!("This cannot be undone:\n{}", acts.join("\n")));
    }
}

/// Lets nothing through that cannot be undone unless the digits of the meter were given; `None` where nothing is of that
/// kind.
pub fn consent(digits: Option<&str>, guard: &Guard) -> Result<Option<Consent>, Fault> {
    if !guard.is_needed() {
        return Ok(None);
    }
    warn(guard);
    let typed = match digits {
        Some(digits) => digits.to_owned(),
        None if io::stdin().is_terminal() => {
            out::remark(&guard.question());
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer).map_err(|why| Fault::option("the answer", why))?;
            answer
        }
        None => {
            let wrong = "Nothing was sent: what cannot be undone needs --confirm-serial with the last four digits of the \
                         meter's serial number, whatever else is said.";
            return Err(Fault::new(Kind::Input, wrong));
        }
    };
    let consent = guard.consent(&typed);
    consent.map(Some).map_err(|why| Fault::option("--confirm-serial", format!("{why}. Nothing was sent")))
}

/// Gives the password where the meter asks for one: that of the link, else what is typed at the terminal.
pub fn unlock(line: &mut Line<'_, Wire>, entry: &'static Entry, link: &Link) -> Result<(), Fault> {
    if radio::lock(entry, line.place()).is_none() {
        return Ok(());
    }
    out::remark(UNCONFIRMED);
    let password = match &link.password {
        Some(secret) => secret.0.clone(),
        None if io::stdin().is_terminal() => {
            out::remark("The meter's password:");
            tty::read_hidden().map_err(|why| Fault::option("the password", why))?
        }
        None => {
            let wrong = "Nothing was sent: the meter asks for its password over Bluetooth. Add &password= to the link.";
            return Err(Fault::new(Kind::Input, wrong));
        }
    };
    let place = line.place();
    block_on(radio::unlock(line, entry, password.trim())).map_err(|fault| {
        let kind = match fault {
            radio::UnlockFault::NotDigits { .. } => Kind::Input,
            radio::UnlockFault::Wrong => Kind::Refused,
            _ => Kind::NoAnswer,
        };
        Fault::new(kind, fault.sentence(place))
    })
}

/// Runs the command.
pub fn run(args: &SetArgs) -> Result<(), Fault> {
    let head = place::head(&args.link).map_err(|why| Fault::option("--link", why))?;
    let over_mbus = head.is_none()
        && place::protocol(&args.link).map_err(|why| Fault::option("--link", why))? == Protocol::Mbus;
    if args.model.is_some() && !over_mbus {
        return Err(Fault::option("--model", "here a meter says itself which model it is: expected none"));
    }
    if let Some(head) = head {
        if args.rehearse || args.journal.is_some() || args.profile.is_some() {
            let wrong =
                "rehearsals, journals and profiles are for Modbus and M-Bus: expected a link to one of them";
            return Err(Fault::option("--link", wrong));
        }
        return ir::set(args, &head);
    }
    if over_mbus {
        return mbus::set(args);
    }
    let default = read::first_model()?;
    let link = place::link(&args.link, default).map_err(|why| Fault::option("--link", why))?;
    // What no model could take is refused before anything is opened.
    let profile = args.profile.as_deref().map(profile::load).transpose()?;
    if let Some(why) = refused_by_all(&args.changes) {
        return Err(why);
    }
    let mut memory = LineMemory::default();
    let mut line = wire::line(&link, &mut memory)?;
    let identity = read::who(&mut line)?;
    let entry = identity.entry.ok_or_else(|| {
        Fault::new(Kind::Refused, "Nothing was sent to a meter that this program does not know.")
    })?;
    let mut staged = stage(entry, &args.changes)?;
    if let (Some(profile), Some(path)) = (&profile, &args.profile) {
        let own = profile.staged(entry).map_err(|why| profile::faults(path, &why))?;
        for (id, value) in own.iter().filter(|(id, _)| staged.get(*id).is_none()).collect::<Vec<_>>() {
            staged.stage(entry, id, i64::from(value)).map_err(|why| Fault::option("--profile", why))?;
        }
    }
    let plan = Plan::new(entry, &staged, &[], identity.serial, line.place())
        .map_err(|why| Fault::new(Kind::Input, format!("Nothing was sent: {why}.")))?;
    let actions: Vec<Action> = plan.steps.iter().map(|step| step.action).collect();
    let guard = block_on(Guard::read(&mut line, entry, identity.serial, &actions));
    let guard = guard.map_err(|fault| read::no_answer(&line, Some(entry), &fault))?;
    if args.dry_run {
        out::line(&format!(
            "Nothing was sent. These would be written, in this order:\n{}",
            list(&plan, &link.road)
        ));
        warn(&guard);
        return Ok(());
    }
    let before = if args.rehearse || args.journal.is_some() {
        let read = block_on(read_out(&mut line, entry, &mut |_| {}));
        Some(read.map_err(|fault| read::no_answer(&line, Some(entry), &fault))?)
    } else {
        None
    };
    if let (true, Some(before)) = (args.rehearse, &before) {
        return rehearsed(rehearse(&Facts::of_registers(before), plan, &[]));
    }
    consent(args.confirm_serial.as_deref(), &guard)?;
    if !args.yes && !agreed(&list(&plan, &link.road))? {
        return Err(Fault::new(Kind::Input, "Nothing was sent."));
    }
    unlock(&mut line, entry, &link)?;
    let mut bar = Progress::new();
    let (serial, at) = (identity.serial, Where::Modbus(line.place()));
    let mut journal =
        journal::log(args.journal.as_deref(), entry, serial, at, &journal::found(before.as_ref()))?;
    let reports = block_on(write_plan(&mut line, &plan, &mut journal, &mut |progress| match progress {
        WriteProgress::Begins { step, of } => bar.show("writing", step, of),
        WriteProgress::Ended { step, of, .. } => bar.show("writing", step + 1, of),
    }));
    bar.clear();
    for report in &reports {
        out::line(&report.sentence(&plan));
    }
    proven(&plan, &reports, line.place())
}

/// Tells what came of a rehearsal; exit code 5 where a step did not end well on the twin.
pub fn rehearsed<W: Way>(rehearsal: Option<Rehearsal<W>>) -> Result<(), Fault> {
    let Some(rehearsal) = rehearsal else {
        return Err(Fault::new(
            Kind::Input,
            "Nothing was rehearsed: no twin of this meter can be made this way.",
        ));
    };
    for line in rehearsal.lines() {
        out::line(&line);
    }
    for line in rehearsal.boot.sentences() {
        out::remark(&format!("Twin: {line}"));
    }
    out::line("This was a rehearsal on a twin. Nothing was written to the meter.");
    if rehearsal.went_well() {
        return Ok(());
    }
    Err(Fault::new(Kind::Refused, "Not every step ended well on the twin."))
}

/// Done is what the meter of this serial number has confirmed; everything else is told by the exit code.
fn proven(plan: &Plan, reports: &[StepReport], place: commission::Place) -> Result<(), Fault> {
    let moved = place != plan.place;
    if moved {
        out::line(&format!("The meter is spoken to as {place} from now on."));
    }
    let open: Vec<&StepReport> =
        reports.iter().filter(|report| !matches!(report.outcome, Outcome::Confirmed { .. })).collect();
    let Some(first) = open.first() else { return Ok(()) };
    let label = names::inside(&first.action.text(plan.entry));
    let text = format!(
        "{} of {} changes are confirmed; the first that is not: {label}.",
        reports.len() - open.len(),
        reports.len()
    );
    let silent = open.iter().all(|report| {
        matches!(
            &report.outcome,
            Outcome::NotSent { why: commission::Obstacle::Fault(_) | commission::Obstacle::StoppedBefore }
        )
    });
    Err(Fault::new(if silent { Kind::NoAnswer } else { Kind::Refused }, text))
}
