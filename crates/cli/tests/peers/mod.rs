//! Foreign programs: masters that read what we serve, slaves that we read, and what stands between them.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod mbpoll;
pub mod mbus;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::common::{Folder, exists};

/// What a program may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// A file of `tests/peers`.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers").join(name)
}

/// A Python program of `tests/peers`, with the packages that it needs where `cargo xtask test` has installed them.
pub fn python(name: &str) -> Command {
    let python = std::env::var("METERTWIN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.arg(file(name)).stdin(Stdio::null());
    command
}

/// Both streams of an output, for messages.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A program that ends with the test.
pub struct Running(Child);

impl Running {
    /// Starts it, and returns what stands behind `ready ` in the line with which it says that it is.
    pub fn start(mut command: Command) -> (Self, String) {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let running = Self(child);
        loop {
            let mut line = String::new();
            assert_ne!(
                out.read_line(&mut line).unwrap(),
                0,
                "{command:?} has ended; `cargo xtask test` brings what it needs"
            );
            if let Some(place) = line.trim_end().strip_prefix("ready ") {
                return (running, place.to_owned());
            }
        }
    }

    /// Starts `socat`, which says nothing, and waits for the links that it makes.
    pub fn socat(ends: [&str; 2], links: &[PathBuf]) -> Self {
        let mut running = Self(Command::new("socat").args(ends).stdin(Stdio::null()).spawn().unwrap());
        let begun = Instant::now();
        while !links.iter().all(|link| exists(link)) {
            assert!(running.0.try_wait().unwrap().is_none(), "socat has ended");
            assert!(begun.elapsed() < READY_WITHIN, "socat makes no link");
            std::thread::yield_now();
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two pseudo-terminals, each the other end of the other.
pub fn pty_pair(folder: &Folder) -> (Running, String, String) {
    let [left, right] = ["left", "right"].map(|name| folder.text(name));
    let end = |path: &str| format!("pty,raw,echo=0,link={path}");
    let links = [folder.path("left"), folder.path("right")];
    (Running::socat([&end(&left), &end(&right)], &links), left, right)
}

/// Where a master finds its slave.
#[derive(Clone, Copy, Debug)]
pub enum Line<'a> {
    /// Modbus TCP.
    ModbusTcp(&'a str),
    /// The bytes of the bus terminals over TCP.
    RtuTcp(&'a str),
    /// A pseudo-terminal, at so many Bd.
    Pty(&'a str, u32),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Registers(Vec<u16>),
    Written(u16),
    Exception(u8),
    /// No answer, or one that is none.
    Nothing(String),
}

fn answer(line: &str) -> Answer {
    let behind = |key: &str| line.split_once(&format!("\"{key}\": ")).map(|(_, rest)| rest);
    let number = |rest: &str| rest.trim_end_matches('}').trim().parse().unwrap();
    if let Some(rest) = behind("registers") {
        let list = rest.trim_start_matches('[').split(']').next().unwrap_or("");
        return Answer::Registers(list.split(',').map(|word| word.trim().parse().unwrap()).collect());
    }
    if let Some(rest) = behind("written") {
        return Answer::Written(number(rest));
    }
    if let Some(rest) = behind("exception") {
        return Answer::Exception(u8::try_from(number(rest)).unwrap());
    }
    Answer::Nothing(line.to_owned())
}

/// A master that knows nothing of meters.
#[derive(Clone, Copy, Debug)]
pub enum Master {
    Pymodbus,
    Libmodbus,
}

impl Master {
    /// Does the steps, one answer each.
    #[track_caller]
    pub fn run(self, line: Line<'_>, unit: u8, steps: &[String]) -> Vec<Answer> {
        let mut command = match self {
            Self::Pymodbus => python("master_pymodbus.py"),
            Self::Libmodbus => Command::new(libmodbus()),
        };
        match (self, line) {
            (Self::Pymodbus, Line::ModbusTcp(place)) => command.args(["tcp", place]),
            (Self::Pymodbus, Line::RtuTcp(place)) => command.args(["rtutcp", place]),
            (Self::Pymodbus, Line::Pty(path, baud)) => {
                command.args(["pty", path, "--baud", &baud.to_string()])
            }
            (Self::Libmodbus, Line::ModbusTcp(place)) => command.args(["tcp", place]),
            (Self::Libmodbus, Line::RtuTcp(_)) => panic!("libmodbus has no such line"),
            (Self::Libmodbus, Line::Pty(path, baud)) => command.args(["rtu", &format!("{path}:{baud}:N")]),
        };
        match self {
            Self::Pymodbus => command.args(["--unit", &unit.to_string()]),
            Self::Libmodbus => command.arg(unit.to_string()),
        };
        let output = command.args(steps).output().unwrap();
        let answers: Vec<Answer> = String::from_utf8_lossy(&output.stdout).lines().map(answer).collect();
        assert_eq!(answers.len(), steps.len(), "{self:?} {line:?}: {}", said(&output));
        answers
    }
}

/// The master of libmodbus, compiled once.
fn libmodbus() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compiled("master_libmodbus"))
}

/// The slave of libmodbus, compiled once.
pub fn libmodbus_slave() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    Command::new(PROGRAM.get_or_init(|| compiled("slave_libmodbus")))
}

/// A program of `tests/peers` that needs libmodbus.
fn compiled(name: &str) -> PathBuf {
    let flags = Command::new("pkg-config").args(["--cflags", "--libs", "libmodbus"]).output().unwrap();
    assert!(flags.status.success(), "libmodbus is missing: {}", said(&flags));
    let flags = String::from_utf8_lossy(&flags.stdout).into_owned();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let compiled = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(file(&format!("{name}.c")))
        .args(flags.split_whitespace())
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", said(&compiled));
    program
}

/// A step that reads.
pub fn read(addr: u16, count: usize) -> String {
    format!("read:0x{addr:04X}:{count}")
}

/// A step that writes one register by function 06.
pub fn write(addr: u16, word: u16) -> String {
    format!("write:0x{addr:04X}:0x{word:04X}")
}

/// A step that writes registers by function 16.
pub fn write_many(addr: u16, words: &[u16]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("0x{word:04X}")).collect();
    format!("write-many:0x{addr:04X}:{}", words.join(","))
}
