//! Prints how long telegrams take to decode, every record with value, unit, tariff, phase and direction.
//!
//! `cargo run --release -p mbus --example decode [FILE.hex]...` decodes the frames of the files in turn; without
//! files, the two telegrams this crate's tests know by heart.

use mbus::{Application, Frame};
use std::hint::black_box;
use std::time::Instant;

const PRO1: &str = "68 4B 4B 68 08 00 72 00 00 00 00 CD 25 01 02 02 00 00 00 0C 04 14 48 60 01 8C 10 04 23 80 35 00 \
    8C 20 04 91 67 24 01 1C 04 46 13 69 00 9C 10 04 56 34 12 00 9C 20 04 90 78 56 00 2C 04 68 34 91 00 \
    AC 10 04 67 45 23 00 AC 20 04 01 89 67 00 7C 16";
const PHASES: &str = "68 34 34 68 08 01 72 46 02 02 19 CD 25 01 02 04 00 00 00 02 FD C7 FC 01 E4 59 03 FD D9 FC 01 1B 87 01 \
    03 AB FC 03 79 29 ED 04 FB 82 F3 3C 15 CD 5B 07 03 FB 2C 37 C7 00 A8 16";

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

/// Records read and refused of one frame; `None` where it is none.
fn decode(frame: &[u8]) -> Option<(u64, u64)> {
    let Ok(Frame::Long { ci, data, .. }) = Frame::parse(black_box(frame)) else { return None };
    match Application::parse(ci, data).ok()? {
        Application::Variable { header, records } => {
            black_box(header);
            let mut count = (0, 0);
            for record in records {
                match record {
                    Ok(record) => {
                        black_box(&record);
                        count.0 += 1;
                    }
                    Err(_) => count.1 += 1,
                }
            }
            Some(count)
        }
        other => {
            black_box(&other);
            Some((0, 0))
        }
    }
}

fn main() {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let mut frames = Vec::new();
    for file in &files {
        match std::fs::read_to_string(file) {
            Ok(text) => frames.push((file.as_str(), bytes(&text))),
            Err(error) => println!("{file}: {error}"),
        }
    }
    if files.is_empty() {
        frames = vec![("pro1", bytes(PRO1)), ("phases", bytes(PHASES))];
    }
    let (mut read, mut refused) = (0, 0);
    for (name, frame) in &frames {
        match decode(frame) {
            None => println!("{name}: no frame with user data"),
            Some((good, bad)) => {
                read += good;
                refused += bad;
                if bad > 0 {
                    println!("{name}: {good} records read, {bad} not");
                }
            }
        }
    }
    let rounds = 2_000_000 / frames.len().max(1);
    let mut runs: Vec<f64> = (0..7)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..rounds {
                for (_, frame) in &frames {
                    black_box(decode(frame));
                }
            }
            start.elapsed().as_secs_f64() * 1e9 / (rounds * frames.len().max(1)) as f64
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    let ns = runs[runs.len() / 2];
    println!(
        "{} frames, {read} records read, {refused} refused; {ns:.0} ns a frame, {:.2} million frames a second",
        frames.len(),
        1e3 / ns
    );
}
