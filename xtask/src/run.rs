//! Running programs: with their output untouched, with it counted as it passes, or with it kept.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// How many tests the runners themselves said they ran.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
}

impl Tally {
    /// Counts a closing line of cargo test (`test result: ok. 3 passed; 0 failed; …`) or of node (`# pass 3`).
    pub fn read_line(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("test result: ") {
            for part in rest.split(['.', ';']) {
                match part.trim().split_once(' ') {
                    Some((number, "passed")) => self.passed += number.parse::<u64>().unwrap_or(0),
                    Some((number, "failed")) => self.failed += number.parse::<u64>().unwrap_or(0),
                    _ => {}
                }
            }
        } else if let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) {
            match rest.split_once(' ') {
                Some(("pass", number)) => self.passed += number.parse::<u64>().unwrap_or(0),
                Some(("fail", number)) => self.failed += number.parse::<u64>().unwrap_or(0),
                _ => {}
            }
        }
    }
}

/// The cargo that runs us, in the repository.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).stdin(Stdio::null());
    // What cargo sets for us describes the package xtask; build scripts of others must not see it.
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&key);
        }
    }
    command
}

/// A program by name, in the repository.
pub fn program(name: impl AsRef<OsStr>, root: &Path) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root).stdin(Stdio::null());
    command
}

/// The command as one would type it.
pub fn line(command: &Command) -> String {
    let mut words = vec![
        Path::new(command.get_program())
            .file_name()
            .unwrap_or(command.get_program())
            .to_string_lossy()
            .into_owned(),
    ];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// Runs to the end with the output where ours goes; any other end than success is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = line(command);
    println!("$ {shown}");
    std::io::stdout().flush()?;
    let status = command.status().with_context(|| format!("`{shown}` could not be started"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Like [`run`], and counts what the test runners in the output say.
pub fn counted(command: &mut Command, tally: &mut Tally) -> Result<()> {
    let shown = line(command);
    println!("$ {shown}");
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("`{shown}` could not be started"))?;
    let output = child.stdout.take().context("no pipe from the child")?;
    let mut ours = std::io::stdout();
    for bytes in BufReader::new(output).split(b'\n') {
        let mut bytes = bytes?;
        tally.read_line(&String::from_utf8_lossy(&bytes));
        bytes.push(b'\n');
        ours.write_all(&bytes)?;
        ours.flush()?;
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Runs quietly and gives the standard output; on failure the error carries what was said.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = line(command);
    let done = command.output().with_context(|| format!("`{shown}` could not be started"))?;
    if !done.status.success() {
        bail!("`{shown}` ended with {}: {}", done.status, String::from_utf8_lossy(&done.stderr).trim());
    }
    String::from_utf8(done.stdout).with_context(|| format!("`{shown}` printed something that is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let mut tally = Tally::default();
        tally.read_line(
            "test result: ok. 12 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        tally.read_line("# pass 3");
        tally.read_line("# fail 1");
        tally.read_line("ℹ pass 4");
        assert_eq!(tally, Tally { passed: 19, failed: 2 });
    }

    #[test]
    fn other_lines_are_not() {
        let mut tally = Tally::default();
        for line in ["test tidy ... ok", "# passed 3", "a test result: ok. 3 passed", "# tests 9", "3 passed"]
        {
            tally.read_line(line);
        }
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let here = Path::new(".");
        let fault = output(program("cargo", here).arg("no-such-subcommand")).unwrap_err().to_string();
        assert!(fault.starts_with("`cargo no-such-subcommand` ended with exit status: 101"), "{fault}");
    }
}
