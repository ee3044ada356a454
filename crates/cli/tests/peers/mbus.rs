//! M-Bus masters that know nothing of us: libmbus and pyMeterBus.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::{file, python, said};

/// A foreign master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Master {
    Libmbus,
    PyMeterBus,
}

/// The master made of libmbus, compiled once.
fn libmbus() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let sources = std::env::var_os("METERTWIN_LIBMBUS");
        let sources = PathBuf::from(sources.expect("METERTWIN_LIBMBUS, which `cargo xtask test` sets"));
        let name = format!("mbus_master_libmbus-{}", std::process::id());
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut cc = Command::new("cc");
        cc.args(["-w", "-I"]).arg(&sources).arg("-o").arg(&program).arg(file("mbus_master_libmbus.c"));
        for part in ["mbus-protocol.c", "mbus-protocol-aux.c", "mbus-serial.c", "mbus-tcp.c", "mbus.c"] {
            cc.arg(sources.join(part));
        }
        let compiled = cc.arg("-lm").output().unwrap();
        assert!(compiled.status.success(), "{}", said(&compiled));
        program
    })
}

impl Master {
    /// Does the steps; what each answered, its name left out. `patience` is how many seconds of silence are silence.
    #[track_caller]
    pub fn steps<S: AsRef<str>>(self, kind: &str, place: &str, patience: &str, steps: &[S]) -> Vec<String> {
        let mut command = match self {
            Self::Libmbus => Command::new(libmbus()),
            Self::PyMeterBus => python("mbus_master.py"),
        };
        command.stdin(Stdio::null()).env("PATIENCE", patience).args([kind, place]);
        let output = command.args(steps.iter().map(AsRef::as_ref)).output().unwrap();
        assert!(output.status.success(), "{self:?}: {}", said(&output));
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let rest =
            |line: &str| line.split_once(", ").map_or("", |(_, rest)| rest).trim_end_matches('}').to_owned();
        let answers: Vec<String> = lines.lines().map(rest).collect();
        assert_eq!(answers.len(), steps.len(), "{self:?}: {lines}");
        answers
    }
}

/// What stands behind a key of an answer, up to the next comma outside of a list.
#[track_caller]
pub fn part<'a>(answer: &'a str, key: &str) -> &'a str {
    let (_, rest) =
        answer.split_once(&format!("\"{key}\": ")).unwrap_or_else(|| panic!("no {key}: {answer}"));
    match rest.strip_prefix('[') {
        Some(list) => list.split(']').next().unwrap(),
        None => rest.split(", ").next().unwrap().trim_matches('"'),
    }
}

/// The values of a telegram in basic units.
#[track_caller]
pub fn values(answer: &str) -> Vec<f64> {
    part(answer, "values").split(", ").map(|value| value.parse().unwrap()).collect()
}
