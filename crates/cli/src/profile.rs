//! Profiles in files, and `metertwin diff`.

use std::path::{Path, PathBuf};

use clap::Args;
use commission::diff::{State, diff, diff_table};
use commission::profile::{Profile, ProfileFault};
use commission::{LineMemory, ReadOut, read_out};

use crate::fault::{Fault, Kind};
use crate::out::{self, Progress};
use crate::place;
use crate::read;
use crate::wire::{self, block_on};

/// `metertwin diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The meter: a line, as for read
    #[arg(long)]
    pub link: Option<String>,
    /// A profile
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// A read-out that read --format json has written
    #[arg(long, value_name = "FILE")]
    pub readout: Option<PathBuf>,
}

/// The text of a file.
pub fn text(option: &str, path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path).map_err(|why| Fault::option(option, format!("{}: {why}", path.display())))
}

/// Everything that is wrong with a profile, a line each.
pub fn faults(path: &Path, faults: &[ProfileFault]) -> Fault {
    let lines: Vec<String> = faults.iter().map(|why| format!("{}: {why}", path.display())).collect();
    Fault::option("--profile", lines.join("\n"))
}

/// Reads a profile.
pub fn load(path: &Path) -> Result<Profile, Fault> {
    Profile::parse(&text("--profile", path)?).map_err(|why| faults(path, &why))
}

/// Reads a saved read-out.
pub fn saved(path: &Path) -> Result<ReadOut, Fault> {
    let saved = ReadOut::from_json(&text("--readout", path)?);
    let saved = saved.map_err(|why| Fault::option("--readout", format!("{}: {why}", path.display())))?;
    Ok(saved.read_out)
}

/// Reads the meter of a link over Modbus.
pub fn live(link: &str) -> Result<ReadOut, Fault> {
    let default = read::first_model()?;
    if place::protocol(link).map_err(|why| Fault::option("--link", why))? != place::Protocol::Modbus {
        return Err(Fault::option(
            "--link",
            "an M-Bus tells too few settings for this: expected a link to a Modbus",
        ));
    }
    let link = place::link(link, default).map_err(|why| Fault::option("--link", why))?;
    let mut memory = LineMemory::default();
    let mut line = wire::line(&link, &mut memory)?;
    let identity = read::who(&mut line)?;
    let entry = identity.entry.ok_or_else(|| {
        Fault::new(Kind::Refused, "Nothing was read of a meter that this program does not know.")
    })?;
    let mut bar = Progress::new();
    let read = block_on(read_out(&mut line, entry, &mut |progress| {
        bar.show("reading", progress.done, progress.total);
    }));
    bar.clear();
    read.map_err(|fault| read::no_answer(&line, Some(entry), &fault))
}

/// Runs `diff`: exit code 1 where something differs.
pub fn run(args: &DiffArgs) -> Result<(), Fault> {
    let meter = args.link.as_deref().map(live).transpose()?;
    let profile = args.profile.as_deref().map(load).transpose()?;
    let file = args.readout.as_deref().map(saved).transpose()?;
    let models = [meter.as_ref(), file.as_ref()].into_iter().flatten().map(|read| read.entry);
    let own = profile.iter().flat_map(|profile| profile.entries());
    let Some(entry) = models.chain(own).next() else {
        return Err(Fault::new(
            Kind::Input,
            "there is nothing to compare: name two of --link, --profile and --readout",
        ));
    };
    if [meter.is_some(), profile.is_some(), file.is_some()].into_iter().filter(|it| *it).count() < 2 {
        return Err(Fault::new(
            Kind::Input,
            "one side is not enough: name two of --link, --profile and --readout",
        ));
    }
    let rows = diff(entry, meter.as_ref(), profile.as_ref(), file.as_ref());
    let rows = rows.map_err(|why| faults(args.profile.as_deref().unwrap_or(Path::new("")), &why))?;
    out::print(&diff_table(&rows));
    let differs = rows.iter().filter(|row| row.state == State::Differs).count();
    if differs == 0 {
        return Ok(());
    }
    Err(Fault::new(Kind::Expectation, format!("{differs} of {} settings differ.", rows.len())))
}
