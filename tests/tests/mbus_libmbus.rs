//! Our M-Bus decoder beside libmbus and pyMeterBus: nothing they read is refused, and libmbus' values in basic units are
//! ours. The programs are those of `tests/peers`; `cargo xtask test` brings what they need.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use device::PortOutput;
use mbus::{Application, Control, Frame, Unit};
use schema::PortId;
use units::{Duration, Instant};

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

/// What libmbus says of the telegrams of a file.
fn libmbus(telegrams: &Path) -> String {
    let sources = std::env::var_os("METERTWIN_LIBMBUS");
    let sources = PathBuf::from(sources.expect("METERTWIN_LIBMBUS, which `cargo xtask test` sets"));
    let program = std::env::temp_dir().join(format!(
        "metertwin-libmbus-{}-{}",
        std::process::id(),
        telegrams.file_stem().unwrap_or_default().display()
    ));
    let mut cc = Command::new("cc");
    cc.args(["-w", "-I"]).arg(&sources).arg("-o").arg(&program).arg(peers().join("decode_libmbus.c"));
    for part in ["mbus-protocol.c", "mbus-protocol-aux.c", "mbus-serial.c", "mbus-tcp.c", "mbus.c"] {
        cc.arg(sources.join(part));
    }
    cc.arg("-lm");
    output(cc);
    let mut command = Command::new(&program);
    command.arg(telegrams);
    let said = output(command);
    std::fs::remove_file(&program).unwrap();
    said
}

/// The number of our records of a telegram (the maker's data is one more, as libmbus counts) and their values in basic units.
fn ours(name: &str) -> (usize, Vec<(Unit, Option<f64>)>) {
    let line =
        include_str!("../peers/telegrams.txt").lines().find(|line| line.starts_with(&format!("{name} ")));
    let hex = line.unwrap().rsplit(' ').next().unwrap();
    records_of(name, &common::hex(hex))
}

fn records_of(name: &str, frame: &[u8]) -> (usize, Vec<(Unit, Option<f64>)>) {
    let Ok(Frame::Long { ci, data, .. }) = Frame::parse(frame) else { panic!("{name} is no frame") };
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
    let said = libmbus(&peers().join("telegrams.txt"));
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

/// A telegram of a meter of three phases with hardly a value that is 0.
fn spoken() -> Vec<u8> {
    let entry = common::families().find(|entry| entry.def.metering.ct.is_some() && entry.def.mbus.is_some());
    let loads =
        "load=\"L1 230.12V 2.5A pf 0.9 lag\" load=\"L2 229V 1A pf 0.8 lead\" load=\"L3 231V 3A export\"";
    let energies = "energy.forward.t1=123.456 energy.forward.t4=7.001 energy.reverse.t3=99.9 ct-ratio=500/5";
    let mut meter = common::Meter::of(&format!("{} {energies} {loads}", entry.unwrap().def.slug));
    let mut bytes = [0; 261];
    let n = Frame::Short { control: Control::REQ_UD2, address: 0 }.emit(&mut bytes).unwrap();
    let device = meter.twin.device_mut();
    device.rx(PortId::Mbus, Instant::ZERO, &bytes[..n]);
    let later = Instant::ZERO + Duration::from_millis(100);
    while let Some(output) = device.port_poll(PortId::Mbus, later) {
        if let PortOutput::Transmit(bytes) = output {
            return bytes.to_vec();
        }
    }
    panic!("no telegram")
}

/// The whole telegram of the second family as the two programs read it: every record, and the value of each whose unit they
/// know.
#[test]
fn a_telegram_of_three_phases_is_read_with_the_same_values() {
    let frame = spoken();
    let (count, values) = records_of("spoken", &frame);
    let path = std::env::temp_dir().join(format!("metertwin-spoken-{}", std::process::id()));
    let hex: String = frame.iter().map(|byte| format!("{byte:02X}")).collect();
    std::fs::write(&path, format!("spoken meter {hex}\n")).unwrap();
    let said = libmbus(&path);
    assert!(said.starts_with(&format!("telegram spoken {count}\n")), "{said}");
    let mut compared = 0;
    for (line, (own, ours)) in said.lines().skip(1).zip(&values) {
        let ["record", .., value, word] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        if let (Some(unit), Some(ours)) = (unit(word), ours) {
            let theirs: f64 = value.parse().unwrap();
            assert_eq!(*own, unit, "{line}");
            assert!((ours - theirs).abs() <= theirs.abs() * 1e-9, "{line}, ours {ours}");
            compared += 1;
        }
    }
    assert!(compared >= 15, "libmbus: {compared} values\n{said}");
    let mut command =
        Command::new(std::env::var("METERTWIN_PYTHON").unwrap_or_else(|_| "python3".to_owned()));
    command.arg(peers().join("decode_pymeterbus.py")).arg(&path).arg("values");
    let said = output(command);
    std::fs::remove_file(&path).unwrap();
    let theirs: Vec<Option<f64>> = said.lines().map(|line| line.parse().ok()).collect();
    assert_eq!(theirs.len(), count, "{said}");
    let same = theirs.iter().zip(&values).filter(|(theirs, (_, ours))| match (theirs, ours) {
        (Some(theirs), Some(ours)) => (ours - theirs).abs() <= theirs.abs() * 1e-6,
        _ => false,
    });
    assert!(same.count() >= 15, "pyMeterBus\n{said}{values:?}");
}
