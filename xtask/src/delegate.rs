//! Commands whose work is done elsewhere: golden files, benches, pictures.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::run::Tally;
use crate::{page, run, suite, tools};

/// Runs the golden tests; with `update` they rewrite their files, and what changed is listed.
pub fn golden(root: &Path, update: bool) -> Result<()> {
    suite::require(root, "tests")?;
    let mut test = run::cargo(root);
    test.args(["test", "-p", "tests", "-p", "cli", "golden"]).envs(tools::for_tests(root)?);
    if !update {
        return run::run(&mut test);
    }
    // expect-test has a switch of its own for the goldens that stand inside a test.
    run::run(test.env("METERTWIN_GOLDEN", "update").env("UPDATE_EXPECT", "1"))?;
    let changed =
        run::output(run::program("git", root).args(["status", "--short", "--", "tests", "crates"]))?;
    print!("{}", if changed.is_empty() { "nothing changed\n" } else { &changed });
    Ok(())
}

/// Runs the browser tests of these names, or all, and counts them.
pub fn browser(root: &Path, names: &[String], tally: &mut Tally) -> Result<()> {
    let mut node = run::program("node", root);
    node.arg("tests/browser/run.mjs").args(names).envs(tools::for_browser(root)?);
    run::counted(&mut node, tally)
}

/// `xtask/benches.toml`: one command a bench, in the order they run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Benches {
    bench: Vec<Bench>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bench {
    name: String,
    what: String,
    /// The words of the command; `cargo` is the one that runs us.
    run: Vec<String>,
    /// `tests`, `page` or `browser`: what has to be there before.
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
}

/// Runs the named benches, or all. Nothing about time is asserted: the figures are for reading.
pub fn bench(root: &Path, names: &[String]) -> Result<()> {
    let file = root.join("xtask/benches.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let benches: Benches =
        toml::from_str(&text).with_context(|| format!("{} is not as expected", file.display()))?;
    if let Some(unknown) = names.iter().find(|name| benches.bench.iter().all(|bench| bench.name != **name)) {
        let known: Vec<&str> = benches.bench.iter().map(|bench| bench.name.as_str()).collect();
        bail!("there is no bench `{unknown}`; there are {}", known.join(", "));
    }
    for bench in benches.bench.iter().filter(|bench| names.is_empty() || names.contains(&bench.name)) {
        println!("\n=== {}: {}", bench.name, bench.what);
        let (program, words) =
            bench.run.split_first().with_context(|| format!("bench `{}` names no program", bench.name))?;
        let mut command = if program == "cargo" { run::cargo(root) } else { run::program(program, root) };
        command.args(words).envs(&bench.env);
        for need in &bench.needs {
            match need.as_str() {
                "tests" => command.envs(tools::for_tests(root)?),
                "browser" => command.envs(tools::for_browser(root)?),
                "page" => {
                    page::build(root, &root.join("dist"), false)?;
                    &mut command
                }
                other => {
                    bail!("bench `{}` needs `{other}`, which is none of tests, page, browser", bench.name)
                }
            };
        }
        run::run(&mut command)?;
    }
    Ok(())
}

/// Takes `docs/pictures/*.png` from a freshly built page.
pub fn pictures(root: &Path) -> Result<()> {
    page::build(root, &root.join("dist"), false)?;
    run::run(run::program("node", root).arg("tests/browser/pictures.mjs").envs(tools::for_browser(root)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_benches_reads_well() {
        let text = include_str!("../benches.toml");
        let benches: Benches = toml::from_str(text).unwrap();
        for bench in &benches.bench {
            assert!(!bench.run.is_empty(), "{} names a program", bench.name);
        }
    }
}
