//! Fuzzing on the stable toolchain: builds the targets of `fuzz/` with the coverage that libFuzzer wants, runs them,
//! and counts what they executed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::run;

/// What `cargo fuzz` gives rustc, without the parts that are for nightly only.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table --cfg fuzzing";
/// A target's process lives at most so long; a long run is many of them, so that what a bench leaks goes.
const ROUND: u64 = 60;
/// How long each target runs in `cargo xtask test`.
const STAGE_SECONDS: u64 = 10;
/// How long each target runs on command unless told.
const SECONDS: u64 = 60;

/// What to run.
#[derive(Debug, PartialEq)]
pub struct Fuzzing {
    /// For how long each, in seconds.
    seconds: u64,
    /// How many at a time.
    jobs: usize,
    /// Start from what earlier runs found, and keep what this one finds; and another chance each time.
    keep: bool,
    /// Which; none means all.
    targets: Vec<String>,
}

impl Fuzzing {
    /// The stage of `cargo xtask test`: short, two at a time, always from the seeds and with the same chance.
    pub fn stage() -> Self {
        Self { seconds: STAGE_SECONDS, jobs: 2, keep: false, targets: Vec::new() }
    }

    /// What the command line asks for.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut asked = Self { seconds: SECONDS, jobs: 1, keep: true, targets: Vec::new() };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut number = || {
                let text = words.next().ok_or(format!("{word} wants a number after it"))?;
                let fits = text.parse::<u32>().ok().filter(|number| *number > 0);
                fits.ok_or(format!("{word} wants a whole number above 0, not `{text}`"))
            };
            match word.as_str() {
                "--seconds" => asked.seconds = number()?.into(),
                "--jobs" => asked.jobs = number()? as usize,
                other if other.starts_with('-') => return Err(format!("fuzz knows no `{other}`")),
                target => asked.targets.push(target.to_owned()),
            }
        }
        Ok(asked)
    }
}

/// Builds the targets, runs them and tells how many inputs each executed.
pub fn fuzz(root: &Path, asked: &Fuzzing) -> Result<()> {
    let all = programs(root)?;
    if let Some(unknown) = asked.targets.iter().find(|name| !all.contains(name)) {
        bail!("there is no target `{unknown}`; there are {}", all.join(", "));
    }
    let targets: Vec<&str> = all
        .iter()
        .filter(|name| asked.targets.is_empty() || asked.targets.contains(name))
        .map(String::as_str)
        .collect();
    let place = Place::of(root)?;
    place.build(root, &targets)?;
    let waiting = Mutex::new(targets.iter());
    let findings = Mutex::new(Vec::new());
    let broken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..asked.jobs.min(targets.len()) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().ok().and_then(|mut waiting| waiting.next().copied());
                    let Some(name) = next else { return };
                    match place.run(name, asked) {
                        Ok(Ok(told)) => println!("{name:18} {told}"),
                        Ok(Err(finding)) => {
                            println!("{name:18} {finding}");
                            findings.lock().map(|mut findings| findings.push(name)).unwrap_or_default();
                        }
                        Err(fault) => broken.lock().map(|mut broken| broken.push(fault)).unwrap_or_default(),
                    }
                    let _ = std::io::stdout().flush();
                }
            });
        }
    });
    if let Some(fault) = broken.into_inner().unwrap_or_default().into_iter().next() {
        return Err(fault);
    }
    let findings = findings.into_inner().unwrap_or_default();
    if !findings.is_empty() {
        bail!("findings in {}", findings.join(", "));
    }
    Ok(())
}

/// The targets: the programs of `fuzz/src/bin`.
fn programs(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/src/bin");
    let mut names = Vec::new();
    for file in fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = file?.path();
        if path.extension().is_some_and(|end| end == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Where builds, corpora and findings stand: `fuzz` in the target folder.
struct Place {
    folder: PathBuf,
    /// The target triple of this machine.
    host: String,
}

impl Place {
    fn of(root: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Folders {
            target_directory: PathBuf,
        }
        let text = run::output(run::cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let folders: Folders =
            serde_json::from_str(&text).context("cargo metadata printed something unexpected")?;
        let told = run::output(run::program("rustc", root).arg("-vV"))?;
        let host = told.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("rustc -vV names no host")?.to_owned();
        Ok(Self { folder: folders.target_directory.join("fuzz"), host })
    }

    /// With the triple given, build scripts and macros are built without the coverage.
    fn build(&self, root: &Path, targets: &[&str]) -> Result<()> {
        let mut cargo = run::cargo(root);
        cargo.args(["build", "--quiet", "--profile", "fuzz", "-p", "fuzz", "--target", &self.host]);
        for target in targets {
            cargo.args(["--bin", target]);
        }
        let begun = Instant::now();
        run::run(cargo.env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", &self.folder))?;
        println!("{} targets built in {:.1} s", targets.len(), begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// Runs one target; the inner error is a finding in words.
    fn run(&self, name: &str, asked: &Fuzzing) -> Result<Result<String, String>> {
        let program = self.folder.join(&self.host).join("fuzz").join(name);
        let corpus = self.folder.join(if asked.keep { "corpus" } else { "stage" }).join(name);
        let findings = self.folder.join("findings").join(name);
        if !asked.keep && corpus.is_dir() {
            fs::remove_dir_all(&corpus)?;
        }
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&findings)?;
        let begun = Instant::now();
        let end = Duration::from_secs(asked.seconds);
        let mut executed = 0;
        loop {
            let left = end.saturating_sub(begun.elapsed()).as_secs().clamp(1, ROUND);
            let mut fuzzer = run::program(&program, &self.folder);
            fuzzer.arg(&corpus);
            fuzzer.arg(format!("-max_total_time={left}"));
            fuzzer.arg(format!("-artifact_prefix={}/", findings.display()));
            fuzzer.args(["-print_final_stats=1", "-max_len=1024", "-timeout=20", "-rss_limit_mb=3072"]);
            if !asked.keep {
                fuzzer.arg("-seed=1");
            }
            let done = fuzzer
                .env("METERTWIN_SEEDS", &corpus)
                .env("RUST_BACKTRACE", "1")
                .stdout(Stdio::null())
                .output()
                .with_context(|| format!("{} could not be started", program.display()))?;
            let told = String::from_utf8_lossy(&done.stderr);
            executed += units(&told).unwrap_or(0);
            if !done.status.success() {
                return Ok(Err(finding(name, &told, executed)));
            }
            let spent = begun.elapsed();
            if spent >= end || asked.seconds - spent.as_secs().min(asked.seconds) == 0 {
                let inputs = fs::read_dir(&corpus)?.count();
                return Ok(Ok(format!(
                    "{executed:>11} inputs in {:.0} s, {inputs} kept",
                    spent.as_secs_f64()
                )));
            }
        }
    }
}

/// How many inputs libFuzzer says it executed.
fn units(told: &str) -> Option<u64> {
    told.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok())
}

/// What a run that ended badly has to say: the assertion, where it stands, and the input.
fn finding(name: &str, told: &str, executed: u64) -> String {
    let saved =
        told.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path.trim()));
    let lines: Vec<&str> = told.lines().collect();
    let start =
        lines.iter().position(|line| line.contains("panicked at") || line.contains("ERROR: libFuzzer"));
    let start = start.unwrap_or(lines.len().saturating_sub(20));
    let mut text = format!("FINDING after {executed} inputs\n");
    // Below the target stand the calls of libFuzzer.
    let ours = |line: &&&str| !line.contains("rust_fuzzer_test_input");
    for line in lines.iter().skip(start).take_while(ours).take(40) {
        text.push_str(&format!("    {line}\n"));
    }
    if let Some(path) = saved {
        text.push_str(&format!(
            "    the input is {path}\n    `cargo run -p fuzz --bin {name} -- {path}` repeats it"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_command_line_reads() {
        let plain = Fuzzing::parse(&[]).unwrap();
        assert_eq!((plain.seconds, plain.jobs, plain.targets.len()), (SECONDS, 1, 0));
        let asked = Fuzzing::parse(&words("--seconds 120 modbus_frames --jobs 2 values")).unwrap();
        assert_eq!((asked.seconds, asked.jobs), (120, 2));
        assert_eq!(asked.targets, ["modbus_frames", "values"]);
        assert_eq!(
            Fuzzing::parse(&words("--seconds soon")).unwrap_err(),
            "--seconds wants a whole number above 0, not `soon`"
        );
        assert_eq!(Fuzzing::parse(&words("--seconds")).unwrap_err(), "--seconds wants a number after it");
        assert_eq!(Fuzzing::parse(&words("--forever")).unwrap_err(), "fuzz knows no `--forever`");
    }

    #[test]
    fn the_targets_are_found_and_few_enough_for_a_stage() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let programs = programs(root).unwrap();
        assert!(programs.iter().any(|name| name == "modbus_frames"), "{programs:?}");
        assert!(programs.len() <= 14, "{} targets make a long stage: join some", programs.len());
    }

    #[test]
    fn what_libfuzzer_says_is_understood() {
        let told = "#2 INITED cov: 12\nDone 5 runs\nstat::number_of_executed_units: 123456\nstat::new_units_added: 9\n";
        assert_eq!(units(told), Some(123_456));
        assert_eq!(units("Killed"), None);
        let told = "thread 'main' panicked at crates/x.rs:1:2:\nno\nartifact_prefix='f/'; Test unit written to f/crash-1\n";
        let said = finding("values", told, 7);
        assert!(said.contains("panicked at crates/x.rs:1:2"), "{said}");
        assert!(said.contains("`cargo run -p fuzz --bin values -- f/crash-1`"), "{said}");
    }
}
