//! The workshop: builds, serves, tests and measures Metertwin. It depends on none of our crates, so that it runs
//! while a table is broken.
#![forbid(unsafe_code)]

mod delegate;
mod fuzz;
mod glue;
mod http;
mod page;
mod run;
mod size;
mod suite;
mod tidy;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
cargo xtask serve [--port N] [--host ADDR] [--fast] [--once | --no-build] [--dist DIR]
      builds the page into dist/ and serves it (8080 unless told; 0 takes any free port)
      --fast: without optimising; --once: build only; --no-build: serve what is there
cargo xtask test [--only STAGE]...   every test, in order, stopping at the first failure; --list names the stages
cargo xtask tidy                     the invariants of ARCHITECTURE.md
cargo xtask size                     bytes of a first visit, flash and RAM of the firmware, against their budgets
cargo xtask golden [--update]        the golden pictures and transcripts; --update rewrites them and lists what changed
cargo xtask browser [NAME]...        the browser tests of these names, or all, with the page that is in dist/
cargo xtask fuzz [--seconds N] [--jobs N] [TARGET]...
      runs the targets of fuzz/, each for so long (60 unless told), one at a time unless told, and says how many
      inputs each executed; what it finds is saved and named
cargo xtask bench [NAME]...          figures beside their peers', by the list in xtask/benches.toml
cargo xtask pictures                 docs/pictures/*.png from the page
cargo xtask tools                    installs everything that the tests need and prints where it is
";

/// A mistake on the command line: told with the usage, exit code 2.
#[derive(Debug)]
struct BadUsage(String);

impl std::fmt::Display for BadUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n\n{USAGE}", self.0)
    }
}

impl std::error::Error for BadUsage {}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            if fault.is::<tools::Missing>() {
                ExitCode::from(3)
            } else if fault.is::<BadUsage>() {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", arguments),
    };
    let root = repository()?;
    match command {
        "serve" => serve(&root, rest),
        "test" => suite::test(&root, &suite::choose(rest).map_err(BadUsage)?),
        "tidy" => no_more(rest).and_then(|()| tidy::tidy(&root)),
        "size" => no_more(rest).and_then(|()| size::size(&root)),
        "golden" => match rest {
            [] => delegate::golden(&root, false),
            [flag] if flag == "--update" => delegate::golden(&root, true),
            _ => bail!(BadUsage(format!("golden takes --update or nothing, not {}", rest.join(" ")))),
        },
        "browser" => delegate::browser(&root, rest, &mut run::Tally::default()),
        "fuzz" => fuzz::fuzz(&root, &fuzz::Fuzzing::parse(rest).map_err(BadUsage)?),
        "bench" => delegate::bench(&root, rest),
        "pictures" => no_more(rest).and_then(|()| delegate::pictures(&root)),
        "tools" => no_more(rest).and_then(|()| tools::report(&root)),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => bail!(BadUsage(format!("there is no command `{other}`"))),
    }
}

fn no_more(rest: &[String]) -> Result<()> {
    match rest.first() {
        None => Ok(()),
        Some(extra) => bail!(BadUsage(format!("`{extra}` is one word too many"))),
    }
}

/// The repository this program was built from.
fn repository() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().context("xtask stands in no repository")?;
    if !root.join("xtask/tools.toml").is_file() {
        bail!("{} is not the repository any more; run `cargo xtask` from its clone", root.display());
    }
    Ok(root.to_owned())
}

/// What `serve` was asked to do.
#[derive(Debug, PartialEq)]
struct Serving {
    host: String,
    port: u16,
    fast: bool,
    build: bool,
    serve: bool,
    dist: Option<PathBuf>,
}

impl Serving {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut asked = Self {
            host: "127.0.0.1".to_owned(),
            port: 8080,
            fast: false,
            build: true,
            serve: true,
            dist: None,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} wants a value after it"));
            match word.as_str() {
                "--port" => {
                    let text = value()?;
                    asked.port =
                        text.parse().map_err(|_| format!("--port wants 0 to 65535, not `{text}`"))?;
                }
                "--host" => asked.host.clone_from(value()?),
                "--dist" => asked.dist = Some(PathBuf::from(value()?)),
                // The optimised build is what is served unless --fast asks otherwise.
                "--release" => asked.fast = false,
                "--fast" => asked.fast = true,
                "--once" => asked.serve = false,
                "--no-build" => asked.build = false,
                other => return Err(format!("serve knows no `{other}`")),
            }
        }
        Ok(asked)
    }
}

fn serve(root: &Path, arguments: &[String]) -> Result<()> {
    let asked = Serving::parse(arguments).map_err(BadUsage)?;
    let dist = asked.dist.unwrap_or_else(|| root.join("dist"));
    // The port is taken before the long build, so that a port in use is told at once.
    let server = if asked.serve { Some(http::Server::bind(&asked.host, asked.port)?) } else { None };
    if asked.build {
        page::build(root, &dist, asked.fast)?;
    }
    match server {
        Some(server) => server.run(&dist),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn serve_reads_its_options() {
        let plain = Serving::parse(&[]).unwrap();
        assert_eq!((plain.port, plain.build, plain.serve, plain.fast), (8080, true, true, false));
        let asked = Serving::parse(&words("--port 0 --no-build --dist out")).unwrap();
        assert_eq!((asked.port, asked.build, asked.dist), (0, false, Some(PathBuf::from("out"))));
    }

    #[test]
    fn serve_says_what_it_wanted() {
        assert_eq!(
            Serving::parse(&words("--port 70000")).unwrap_err(),
            "--port wants 0 to 65535, not `70000`"
        );
        assert_eq!(Serving::parse(&words("--port")).unwrap_err(), "--port wants a value after it");
        assert_eq!(Serving::parse(&words("--open")).unwrap_err(), "serve knows no `--open`");
    }
}
