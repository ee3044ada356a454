//! `metertwin boot`: a twin of the meter of a saved read-out, its display page by page, and in what it differs.

use std::path::{Path, PathBuf};

use clap::Args;
use commission::boot::{Boot, boot};
use rig::pages;
use units::{Duration, Instant};

use crate::fault::Fault;
use crate::{out, profile};

/// `metertwin boot`.
#[derive(Debug, Args)]
pub struct BootArgs {
    /// The read-out, which read --format json has written
    #[arg(long, value_name = "FILE")]
    pub readout: PathBuf,
    /// Draw the pages too
    #[arg(long)]
    pub draw: bool,
}

/// A twin of the meter of a saved read-out.
pub fn twin(path: &Path, now: Instant) -> Result<Boot, Fault> {
    let read = profile::saved(path)?;
    Ok(boot(&read, now))
}

/// Runs the command.
pub fn run(args: &BootArgs) -> Result<(), Fault> {
    let mut boot = twin(&args.readout, Instant::ZERO)?;
    for page in pages(&mut boot.twin, Instant::ZERO + Duration::from_secs(1)) {
        let key = if page.key.is_empty() { String::new() } else { format!("{}: ", page.key) };
        out::line(&format!("{key}{}", page.sentence));
        if args.draw {
            out::print(&page.art);
        }
    }
    for line in boot.report.sentences() {
        out::remark(&line);
    }
    Ok(())
}
