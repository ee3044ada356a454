//! `metertwin passport`: the commissioning report of a meter.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use commission::passport::{Made, Passport};

use crate::clock::utc;
use crate::fault::Fault;
use crate::{journal, out, profile};

/// How a passport is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Paper {
    /// For people
    Text,
    /// A page for the printer
    Html,
    /// To be read back
    Json,
}

/// `metertwin passport`.
#[derive(Debug, Args)]
pub struct PassportArgs {
    /// The line to a Modbus or an M-Bus, as for read
    #[arg(long)]
    pub link: String,
    /// Read the meter as this model; on an M-Bus, where several models say the same: the one that it is
    #[arg(long)]
    pub model: Option<String>,
    /// Who did the work
    #[arg(long, value_name = "NAME")]
    pub operator: String,
    /// Where the meter is
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub site: String,
    /// The journal that set --journal has written: what it has proofs for is confirmed
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// A read-out from before the work, that read --format json has written
    #[arg(long, value_name = "FILE")]
    pub before: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Paper::Text)]
    pub format: Paper,
}

/// Runs the command.
pub fn run(args: &PassportArgs) -> Result<(), Fault> {
    let record = args.journal.as_deref().map(journal::read).transpose()?;
    let before = args.before.as_deref().map(profile::saved).transpose()?;
    let after = profile::live(&args.link, args.model.as_deref())?;
    let record = after.serial.and_then(|serial| record.as_ref()?.meter(serial));
    let time = utc();
    let tool = format!("metertwin {}", env!("CARGO_PKG_VERSION"));
    let passport = Passport::new(&Made {
        after: &after,
        before: before.as_ref(),
        record,
        operator: &args.operator,
        site: &args.site,
        time: &time,
        tool: &tool,
    });
    out::print(&match args.format {
        Paper::Text => passport.to_text(),
        Paper::Html => passport.to_html(),
        Paper::Json => passport.to_json(),
    });
    Ok(())
}
