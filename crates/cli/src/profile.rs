//! Profiles in files, `metertwin profile` and `metertwin diff`.

use std::path::{Path, PathBuf};

use clap::Args;
use commission::boot::{Facts, Told};
use commission::diff::{NOT_TOLD, State, diff, diff_table};
use commission::profile::{Profile, ProfileFault};
use commission::{LineMemory, ReadOut, read_out};

use crate::fault::{Fault, Kind};
use crate::mbus;
use crate::out::{self, Progress};
use crate::place;
use crate::read;
use crate::wire::{self, block_on};

/// `metertwin diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The meter: a line to a Modbus or an M-Bus, as for read
    #[arg(long)]
    pub link: Option<String>,
    /// Read the meter as this model; on an M-Bus, where several models say the same: the one that it is
    #[arg(long, requires = "link")]
    pub model: Option<String>,
    /// A profile
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// A read-out that read --format json has written
    #[arg(long, value_name = "FILE")]
    pub readout: Option<PathBuf>,
}

/// `metertwin profile`.
#[derive(Debug, Args)]
pub struct ProfileArgs {
    /// The line to a Modbus or an M-Bus, as for read
    #[arg(long)]
    pub link: String,
    /// Read the meter as this model; on an M-Bus, where several models say the same: the one that it is
    #[arg(long)]
    pub model: Option<String>,
    /// The name of the profile, for people
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
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
pub fn saved(path: &Path) -> Result<Facts, Fault> {
    let saved = ReadOut::from_json(&text("--readout", path)?);
    let saved = saved.map_err(|why| Fault::option("--readout", format!("{}: {why}", path.display())))?;
    Ok(Facts::of_registers(&saved.read_out))
}

/// Reads the meter of a link, over Modbus or M-Bus.
pub fn live(link: &str, model: Option<&str>) -> Result<Facts, Fault> {
    if place::protocol(link).map_err(|why| Fault::option("--link", why))? == place::Protocol::Mbus {
        return mbus::facts(link, model);
    }
    let default = read::model(model)?;
    let link = place::link(link, default).map_err(|why| Fault::option("--link", why))?;
    let mut memory = LineMemory::default();
    let mut line = wire::line(&link, &mut memory)?;
    let entry = if model.is_some() {
        default
    } else {
        let unknown = "Nothing was read of a meter that this program does not know.";
        read::who(&mut line)?.entry.ok_or_else(|| Fault::new(Kind::Refused, unknown))?
    };
    line.set_entry(Some(entry));
    let mut bar = Progress::new();
    let read = block_on(read_out(&mut line, entry, &mut |progress| {
        bar.show("reading", progress.done, progress.total);
    }));
    bar.clear();
    let read = read.map_err(|fault| read::no_answer(&line, Some(entry), &fault))?;
    Ok(Facts::of_registers(&read))
}

/// Runs `profile`.
pub fn save(args: &ProfileArgs) -> Result<(), Fault> {
    let read = live(&args.link, args.model.as_deref())?;
    let name = args.name.clone().unwrap_or_else(|| format!("{} as set up", read.entry.notes.name));
    let profile = Profile::of_meter(&read, &name);
    let left_out: Vec<&str> = Profile::left_out(&read).map(|setting| setting.id.key()).collect();
    if profile.settings.is_empty() {
        return Err(Fault::new(Kind::Refused, "The meter told no setting that a profile can have."));
    }
    out::print(&profile.to_json());
    if !left_out.is_empty() {
        let why = match read.by {
            Told::Telegrams => NOT_TOLD,
            Told::Registers => "not told by the meter",
        };
        out::remark(&format!("Left out, since {why}: {}.", left_out.join(", ")));
    }
    Ok(())
}

/// Runs `diff`: exit code 1 where something differs, 5 where an M-Bus does not tell whether it does.
pub fn run(args: &DiffArgs) -> Result<(), Fault> {
    let model = args.model.as_deref();
    let meter = args.link.as_deref().map(|link| live(link, model)).transpose()?;
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
    let open = rows.iter().filter(|row| row.is_open()).count();
    let of = rows.len();
    let doubt = format!("{open} of {of} settings are {NOT_TOLD}: whether they differ is not known.");
    match (differs, open) {
        (0, 0) => Ok(()),
        (0, _) => Err(Fault::new(Kind::Refused, doubt)),
        (_, 0) => Err(Fault::new(Kind::Expectation, format!("{differs} of {of} settings differ."))),
        _ => Err(Fault::new(Kind::Expectation, format!("{differs} of {of} settings differ. {doubt}"))),
    }
}
