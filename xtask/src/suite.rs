//! `cargo xtask test`: every test there is, in order, stopping at the first stage that fails.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::run::{self, Tally};
use crate::tidy::{self, rooms};
use crate::{delegate, fuzz, page, size, tools};

/// One stage of the suite.
pub struct Stage {
    name: &'static str,
    what: &'static str,
    run: fn(&Path, &mut Tally) -> Result<()>,
}

/// The suite, quick verdicts first.
pub const STAGES: &[Stage] = &[
    Stage { name: "tools", what: "the programs that the tests need", run: install },
    Stage { name: "fmt", what: "formatting", run: fmt },
    Stage { name: "tidy", what: "the invariants of ARCHITECTURE.md", run: |root, _| tidy::tidy(root) },
    Stage { name: "clippy", what: "lints, of the page and the firmware too", run: clippy },
    Stage {
        name: "test",
        what: "cargo test: unit, property, golden, transcript and system tests",
        run: cargo_test,
    },
    Stage {
        name: "fuzz",
        what: "every parser and machine under libFuzzer, ten seconds each",
        run: fuzz_briefly,
    },
    Stage { name: "docs", what: "the generated documents are current", run: docs },
    Stage { name: "alone", what: "each no_std crate by itself for the microcontroller", run: alone },
    Stage { name: "firmware", what: "the firmware links; flash and RAM", run: firmware },
    Stage {
        name: "page",
        what: "the page builds",
        run: |root, _| page::build(root, &root.join("dist"), false),
    },
    Stage {
        name: "budget",
        what: "bytes of a first visit, and of what is loaded later",
        run: |root, _| size::budgets(&root.join("dist")),
    },
    Stage { name: "browser", what: "the page in Chromium and Firefox", run: browser },
];

/// The stages that the command line asks for: all, or those after `--only`. `--list` prints them and asks for none.
pub fn choose(arguments: &[String]) -> Result<Vec<&'static Stage>, String> {
    let mut chosen = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--list" => {
                for stage in STAGES {
                    println!("{:10} {}", stage.name, stage.what);
                }
                return Ok(Vec::new());
            }
            "--only" => {
                let name = words.next().ok_or("--only wants the name of a stage; --list prints them")?;
                let stage = STAGES.iter().find(|stage| stage.name == name);
                chosen.push(stage.ok_or(format!("there is no stage `{name}`; --list prints them"))?);
            }
            other => return Err(format!("test knows no `{other}`")),
        }
    }
    Ok(if arguments.is_empty() { STAGES.iter().collect() } else { chosen })
}

/// Runs the stages and closes with a line of the sums.
pub fn test(root: &Path, stages: &[&Stage]) -> Result<()> {
    let started = Instant::now();
    let mut tally = Tally::default();
    for (index, stage) in stages.iter().enumerate() {
        println!("\n=== {} of {}: {} ({})", index + 1, stages.len(), stage.name, stage.what);
        let begun = Instant::now();
        (stage.run)(root, &mut tally).with_context(|| {
            format!("stage `{0}` failed; `cargo xtask test --only {0}` repeats it", stage.name)
        })?;
        println!("--- {} done in {:.1} s", stage.name, begun.elapsed().as_secs_f64());
    }
    if !stages.is_empty() {
        println!(
            "\n=== all {} stages done in {:.0} s; their runners' sums:",
            stages.len(),
            started.elapsed().as_secs_f64()
        );
        println!("{} passed, {} failed", tally.passed, tally.failed);
    }
    Ok(())
}

fn install(root: &Path, _: &mut Tally) -> Result<()> {
    tools::report(root)
}

fn fmt(root: &Path, _: &mut Tally) -> Result<()> {
    run::run(run::cargo(root).args(["fmt", "--all", "--", "--check"]))
}

fn clippy(root: &Path, _: &mut Tally) -> Result<()> {
    const STRICT: [&str; 3] = ["--", "-D", "warnings"];
    let targets = tools::pins(root)?.rust;
    run::run(run::cargo(root).args(["clippy", "--all-targets"]).args(STRICT))?;
    run::run(run::cargo(root).args(["clippy", "-p", "fuzz", "--all-targets"]).args(STRICT))?;
    for (package, target) in [
        ("dom", &targets.page),
        ("web", &targets.page),
        ("lines", &targets.page),
        ("cabinet", &targets.page),
        ("firmware", &targets.firmware),
    ] {
        if has(root, package)? {
            tools::rust_target(root, target)?;
            run::run(run::cargo(root).args(["clippy", "-p", package, "--target", target]).args(STRICT))?;
        }
    }
    Ok(())
}

fn cargo_test(root: &Path, tally: &mut Tally) -> Result<()> {
    // The system tests start our programs, which `cargo test` alone builds only for tests of the same package.
    run::run(with_tools(root, run::cargo(root).arg("build"))?)?;
    run::counted(with_tools(root, run::cargo(root).arg("test"))?, tally)
}

fn fuzz_briefly(root: &Path, tally: &mut Tally) -> Result<()> {
    // The seeds first: a target that fails on one of them says so in a second.
    run::counted(run::cargo(root).args(["test", "-p", "fuzz", "--lib"]), tally)?;
    fuzz::fuzz(root, &fuzz::Fuzzing::stage())
}

fn with_tools<'a>(root: &Path, command: &'a mut Command) -> Result<&'a mut Command> {
    Ok(command.envs(tools::for_tests(root)?))
}

fn alone(root: &Path, _: &mut Tally) -> Result<()> {
    let target = tools::pins(root)?.rust.firmware;
    tools::rust_target(root, &target)?;
    // One call each: built together, one crate's features could carry another.
    for room in rooms::ROOMS.iter().filter(|room| room.kind == rooms::Kind::N && room.package != "firmware") {
        if has(root, room.package)? {
            run::run(run::cargo(root).args(["build", "--quiet", "-p", room.package, "--target", &target]))?;
        }
    }
    Ok(())
}

fn firmware(root: &Path, _: &mut Tally) -> Result<()> {
    if !has(root, "firmware")? {
        println!("there is no package `firmware`");
        return Ok(());
    }
    size::firmware(root)
}

fn docs(root: &Path, _: &mut Tally) -> Result<()> {
    if !has(root, "tests")? {
        println!("there is no package `tests`");
        return Ok(());
    }
    run::run(run::cargo(root).args(["run", "--quiet", "-p", "tests", "--bin", "docs", "--", "--check"]))
}

fn browser(root: &Path, tally: &mut Tally) -> Result<()> {
    if !root.join("dist/index.html").is_file() {
        page::build(root, &root.join("dist"), false)?;
    }
    // The port tests wire the page to the terminal program.
    run::run(run::cargo(root).arg("build"))?;
    delegate::browser(root, &[], tally)
}

/// Whether the workspace has the package.
pub fn has(root: &Path, package: &str) -> Result<bool> {
    Ok(tidy::Workspace::read(root)?.package(package).is_some())
}

/// Fails unless the package exists.
pub fn require(root: &Path, package: &str) -> Result<()> {
    if !has(root, package)? {
        bail!("there is no package `{package}`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Result<Vec<&'static str>, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Ok(choose(&words)?.iter().map(|stage| stage.name).collect())
    }

    #[test]
    fn all_or_only_some() {
        assert_eq!(names("").unwrap().len(), STAGES.len());
        assert_eq!(names("--only tidy --only fmt").unwrap(), ["tidy", "fmt"]);
        assert_eq!(names("--only nothing").unwrap_err(), "there is no stage `nothing`; --list prints them");
        assert_eq!(names("fast").unwrap_err(), "test knows no `fast`");
    }
}
