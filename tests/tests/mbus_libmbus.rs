//! Our M-Bus decoder beside libmbus and pyMeterBus: nothing they read is refused, and libmbus' values in basic units are
//! ours. The programs are those of `tests/peers`; `cargo xtask test` brings what they need.

use std::path::{Path, PathBuf};
use std::process::Command;

use mbus::{Application, Frame, Unit};

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn output(mut command: Command) -> String {
    let output = command.output().unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
    assert!(
        output.status.success(),
        "{command:?}: {}; `cargo xtask test` brings what it needs",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What libmbus says of the telegrams.
fn libmbus() -> String {
    let sources = std::env::var_os("METERTWIN_LIBMBUS");
    let sources = PathBuf::from(sources.expect("METERTWIN_LIBMBUS, which `cargo xtask test` sets"));
    let program = std::env::temp_dir().join(format!("metertwin-libmbus-{}", std::process::id()));
    let mut cc = Command::new("cc");
    cc.args(["-w", "-I"]).arg(&sources).arg("-o").arg(&program).arg(peers().join("decode_libmbus.c"));
    for part in ["mbus-protocol.c", "mbus-protocol-aux.c", "mbus-serial.c", "mbus-tcp.c", "mbus.c"] {
        cc.arg(sources.join(part));
    }
    cc.arg("-lm");
    output(cc);
    let mut command = Command::new(&program);
    command.arg(peers().join("telegrams.txt"));
    let said = output(command);
    std::fs::remove_file(&program).unwrap();
    said
}

/// The number of our records of a telegram (the maker's data is one more, as libmbus counts) and their values in basic units.
fn ours(name: &str) -> (usize, Vec<(Unit, Option<f64>)>) {
    let line =
        include_str!("../peers/telegrams.txt").lines().find(|line| line.starts_with(&format!("{name} ")));
    let hex = line.unwrap().rsplit(' ').next().unwrap();
    let frame: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let Ok(Frame::Long { ci, data, .. }) = Frame::parse(&frame) else { panic!("{name} is no frame") };
    let mut records = match Application::parse(ci, data).unwrap() {
        Application::Variable { records, .. } => records,
        Application::Fixed(fixed) => return (fixed.counters.len(), Vec::new()),
        other => panic!("{name}: {other:?}"),
    };
    let values: Vec<_> = records
        .by_ref()
        .map(|record| {
            let record = record.unwrap_or_else(|fault| panic!("{name}: {fault}"));
            let value = record.value.as_int().map(|value| value as f64 * 10f64.powi(record.scale.into()));
            (record.unit, value)
        })
        .collect();
    (values.len() + usize::from(records.manufacturer_data().is_some()), values)
}

/// Units both have, in libmbus' words.
fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "Wh" => Unit::Wh,
        "W" => Unit::W,
        "V" => Unit::Volt,
        "A" => Unit::Ampere,
        "J" => Unit::Joule,
        "m^3" => Unit::CubicMetre,
        "m^3/h" => Unit::CubicMetrePerHour,
        _ => return None,
    })
}

#[test]
fn what_libmbus_reads_is_read_with_the_same_values() {
    let said = libmbus();
    let (mut name, mut left, mut compared, mut telegrams) = ("", Vec::new().into_iter(), 0, 0);
    for line in said.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["telegram", next, count] => {
                name = next;
                let (records, values) = ours(name);
                left = values.into_iter();
                telegrams += 1;
                if count != "-1" {
                    assert_eq!(records.to_string(), count, "{name}");
                }
            }
            ["record", _, _, _, value, word] => {
                let Some((own, ours)) = left.next() else { continue };
                let (Some(unit), Some(ours)) = (unit(word), ours) else { continue };
                if own == Unit::None {
                    continue; // The time of a maximum, for libmbus its value.
                }
                assert_eq!(own, unit, "{name}: {line}");
                let theirs: f64 = value.parse().unwrap();
                assert!((ours - theirs).abs() <= theirs.abs() * 1e-9, "{name}: {line}, ours {ours}");
                compared += 1;
            }
            _ => {}
        }
    }
    assert_eq!(telegrams, 29);
    assert!(compared > 180, "{compared} values");
}

#[test]
fn what_pymeterbus_reads_is_read() {
    let python = std::env::var("METERTWIN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.arg(peers().join("decode_pymeterbus.py")).arg(peers().join("telegrams.txt"));
    let mut read = 0;
    for line in output(command).lines() {
        let [_, name, count] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("`{line}`") };
        // Length byte F0, sixteen bytes: it takes another length and finds a ghost behind them.
        if !matches!((name, count), (_, "-1") | ("example_binary16_lvar", _)) {
            assert!(ours(name).0 >= count.parse::<usize>().unwrap(), "{line}, ours {}", ours(name).0);
            read += 1;
        }
    }
    assert_eq!(read, 26, "telegrams that pyMeterBus reads");
}
