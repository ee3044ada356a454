//! Telegrams decoded per second, all records with value, unit, tariff, phase and direction: ours beside m-bus-parser,
//! libmbus and pyMeterBus, the same telegrams in the same run.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use m_bus_parser::WiredFrame;
use m_bus_parser::mbus_data::MbusData;
use mbus::{Application, Frame};

const RUNS: usize = 9;
const TARGET: f64 = 2.5e6;

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers")
}

/// The frames of a file with a telegram a line: name, source, hexadecimal.
fn frames(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let hex = line.split(' ').nth(2).ok_or_else(|| format!("`{line}` is no telegram"))?;
            let pairs = hex.as_bytes().chunks(2);
            pairs
                .map(|two| std::str::from_utf8(two).ok().and_then(|two| u8::from_str_radix(two, 16).ok()))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| format!("`{line}` is not hexadecimal"))
        })
        .collect()
}

/// Records read and records refused.
fn ours(frame: &[u8]) -> (u32, u32) {
    let Ok(Frame::Long { ci, data, .. }) = Frame::parse(frame) else { return (0, 1) };
    match Application::parse(ci, data) {
        Ok(Application::Variable { header, records }) => {
            black_box(&header);
            let mut count = (0, 0);
            for record in records {
                match black_box(record) {
                    Ok(_) => count.0 += 1,
                    Err(_) => count.1 += 1,
                }
            }
            count
        }
        Ok(other) => {
            black_box(&other);
            (2, 0)
        }
        Err(_) => (0, 1),
    }
}

/// The same by m-bus-parser: its labels and units are iterators, which are run through as a reader has to.
fn parser(frame: &[u8]) -> (u32, u32) {
    let Ok(parsed) = MbusData::<WiredFrame>::try_from(frame) else { return (0, 1) };
    let mut count = (0, u32::from(parsed.application_error.is_some()));
    black_box(&parsed.user_data);
    for record in parsed.data_records.into_iter().flatten() {
        match record {
            Ok(record) => {
                if let Some(named) = record.value_information() {
                    named.labels().for_each(|label| {
                        black_box(label);
                    });
                    named.units().for_each(|unit| {
                        black_box(unit);
                    });
                }
                black_box(&record);
                count.0 += 1;
            }
            Err(_) => count.1 += 1,
        }
    }
    count
}

/// Nanoseconds of processor time this program has taken, where Linux tells: a busy machine does not spoil the figures.
fn spent() -> Option<f64> {
    std::fs::read_to_string("/proc/self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

/// Nanoseconds of processor time a telegram takes: the median of several runs.
fn nanoseconds(frames: &[Vec<u8>], decode: fn(&[u8]) -> (u32, u32)) -> f64 {
    let mut runs: Vec<f64> = (0..=RUNS)
        .map(|_| {
            let (start, begun, mut done) = (Instant::now(), spent(), 0usize);
            while start.elapsed().as_millis() < 200 {
                for _ in 0..20 {
                    for frame in frames {
                        black_box(decode(black_box(frame)));
                    }
                }
                done += 20 * frames.len();
            }
            let wall = start.elapsed().as_secs_f64() * 1e9;
            begun.zip(spent()).map_or(wall, |(begun, ended)| ended - begun) / done as f64
        })
        // The first run warms up.
        .skip(1)
        .collect();
    runs.sort_by(f64::total_cmp);
    runs[RUNS / 2]
}

fn row(who: &str, each: f64, said: &str) {
    println!("{who:<48} {:>10.0} {:>10.0}   {said}", 1e9 / each, each);
}

/// What a foreign program says behind `ns WORD`.
fn said(mut command: Command, word: &str) -> Result<f64, String> {
    let output = command.output().map_err(|fault| format!("{command:?}: {fault}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let figure =
        text.lines().find_map(|line| line.strip_prefix("ns ")?.strip_prefix(word)?.trim().parse().ok());
    figure.ok_or_else(|| format!("{command:?} says {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// libmbus, compiled from the sources that npm brought.
fn libmbus(file: &Path) -> Result<[f64; 2], String> {
    let sources =
        std::env::var_os("METERTWIN_LIBMBUS").ok_or("METERTWIN_LIBMBUS does not say where libmbus is")?;
    let sources = PathBuf::from(sources);
    let program = std::env::temp_dir().join(format!("metertwin-bench-libmbus-{}", std::process::id()));
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-w", "-I"]).arg(&sources).arg("-o").arg(&program).arg(peers().join("decode_libmbus.c"));
    for part in ["mbus-protocol.c", "mbus-protocol-aux.c", "mbus-serial.c", "mbus-tcp.c", "mbus.c"] {
        cc.arg(sources.join(part));
    }
    let built = cc.arg("-lm").status().map_err(|fault| format!("cc: {fault}"))?;
    if !built.success() {
        return Err("the C program did not build".to_owned());
    }
    let time = |word| {
        let mut command = Command::new(&program);
        command.arg(file).arg("time");
        said(command, word)
    };
    let both = time("records").and_then(|records| Ok([records, time("values")?]));
    let _ = std::fs::remove_file(&program);
    both
}

fn pymeterbus(file: &Path) -> Result<f64, String> {
    let python = std::env::var("METERTWIN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.arg(peers().join("decode_pymeterbus.py")).arg(file).arg("time");
    said(command, "values")
}

fn main() -> Result<(), String> {
    let file = peers().join("telegrams.txt");
    let text = std::fs::read_to_string(&file).map_err(|fault| format!("{}: {fault}", file.display()))?;
    let frames = frames(&text)?;
    let sum = |decode: fn(&[u8]) -> (u32, u32)| {
        frames.iter().map(|frame| decode(frame)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    };
    let bytes: usize = frames.iter().map(Vec::len).sum();
    println!("{} telegrams, {} bytes on average; processor time", frames.len(), bytes / frames.len());
    println!("{:<48} {:>10} {:>10}", "", "a second", "ns each");
    for (who, decode) in [("ours", ours as fn(&[u8]) -> (u32, u32)), ("m-bus-parser 0.5.3", parser)] {
        let (read, refused) = sum(decode);
        let target = if who == "ours" { format!(", target {TARGET:.0}") } else { String::new() };
        row(who, nanoseconds(&frames, decode), &format!("{read} records, {refused} refusals{target}"));
    }
    match libmbus(&file) {
        Ok([records, values]) => {
            row("libmbus, records without their values", records, "");
            row("libmbus, with values and units", values, "no phase, no direction");
        }
        Err(why) => println!("libmbus: not run: {why}"),
    }
    match pymeterbus(&file) {
        Ok(each) => row("pyMeterBus, those it can read", each, "no phase"),
        Err(why) => println!("pyMeterBus: not run: {why}"),
    }
    Ok(())
}
