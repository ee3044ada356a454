//! A full server step in process, one request in and its answer out: ours with a whole meter behind it, beside
//! rmodbus and libmodbus in the same run.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bench::twin;
use device::PortOutput;
use modbus::crc;
use rmodbus::ModbusProto;
use rmodbus::server::ModbusFrame;
use rmodbus::server::context::ModbusContext;
use rmodbus::server::storage::ModbusStorage;
use schema::PortId;
use units::{Duration, Instant as Time};

const RUNS: usize = 9;
const COUNTS: [u16; 3] = [2, 50, 125];

/// Nanoseconds of one call: the median of several runs.
fn nanoseconds(mut step: impl FnMut()) -> f64 {
    for _ in 0..20_000 {
        step();
    }
    let mut each: Vec<f64> = (0..RUNS)
        .map(|_| {
            let (start, mut calls) = (Instant::now(), 0u32);
            while start.elapsed().as_millis() < 200 {
                for _ in 0..1_000 {
                    step();
                }
                calls += 1_000;
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
        })
        .collect();
    each.sort_by(f64::total_cmp);
    each[RUNS / 2]
}

fn request(address: u16, count: u16) -> Vec<u8> {
    let [high, low] = address.to_be_bytes();
    let [count_high, count_low] = count.to_be_bytes();
    let mut frame = vec![1, 3, high, low, count_high, count_low];
    frame.extend_from_slice(&crc::wire(&frame));
    frame
}

/// Meters that are timed together, so that the clock is read twice for all of them.
const METERS: usize = 16;

/// From the bytes of a request to its answer, `handle_rx` to `Transmit`; and the whole turn, with what clears up after.
struct Ours {
    answer: f64,
    turn: f64,
}

fn ours(count: u16) -> Result<Ours, String> {
    let mut twins: Vec<_> = (0..METERS).map(|_| twin()).collect();
    let entry = twins.first().ok_or("no meter")?.entry();
    // The longest stretch of registers that can be read; where it is shorter than asked, the figure says so.
    let block = entry.def.registers.iter().max_by_key(|block| block.image_words()).ok_or("no registers")?;
    let most = u16::try_from(block.image_words()).unwrap_or(u16::MAX);
    let frame = request(block.first(), count.min(most));
    let mut now = Time::from_millis(1_000);
    for twin in &mut twins {
        let device = twin.device_mut();
        device.configure_modbus(|bus| bus.reply_delay = Duration::ZERO);
        device.poll(now, Duration::from_secs(1));
    }
    let length = 5 + 2 * usize::from(count.min(most));
    let mut answered = 0;
    let (mut answers, mut turns) = (Vec::new(), Vec::new());
    for run in 0..RUNS + 1 {
        let (begun, mut inside, mut calls) = (Instant::now(), 0.0, 0u32);
        while begun.elapsed().as_millis() < 200 {
            now += Duration::from_millis(10);
            let start = Instant::now();
            for twin in &mut twins {
                let device = twin.device_mut();
                device.rx(PortId::Modbus, now, black_box(&frame));
                if let Some(PortOutput::Transmit(bytes)) = device.port_poll(PortId::Modbus, now) {
                    answered = black_box(bytes).len();
                }
            }
            inside += start.elapsed().as_secs_f64();
            for twin in &mut twins {
                let device = twin.device_mut();
                device.tx_done(PortId::Modbus, now);
                while device.port_poll(PortId::Modbus, now).is_some() {}
            }
            calls += 1;
        }
        // The first run warms up.
        if run > 0 {
            let each = 1e9 / (f64::from(calls) * METERS as f64);
            answers.push(inside * each);
            turns.push(begun.elapsed().as_secs_f64() * each);
        }
    }
    if answered != length {
        return Err(format!("an answer of {answered} bytes, expected {length}"));
    }
    answers.sort_by(f64::total_cmp);
    turns.sort_by(f64::total_cmp);
    Ok(Ours { answer: answers[RUNS / 2], turn: turns[RUNS / 2] })
}

fn rmodbus(count: u16) -> Result<f64, String> {
    let mut store: Box<ModbusStorage<16, 16, 16, 256>> = Box::new(ModbusStorage::new());
    for address in 0..256u16 {
        store.set_holding(address, address.wrapping_mul(257)).map_err(|fault| fault.to_string())?;
    }
    let frame = request(0, count);
    let mut out: Vec<u8> = Vec::with_capacity(256);
    let mut good = true;
    let each = nanoseconds(|| {
        let mut step = ModbusFrame::new(1, black_box(&frame), ModbusProto::Rtu, &mut out);
        good &=
            step.parse().is_ok() && step.process_read(&*store).is_ok() && step.finalize_response().is_ok();
        black_box(&out);
    });
    if !good || out.len() != 5 + 2 * usize::from(count) {
        return Err("rmodbus did not answer".to_owned());
    }
    Ok(each)
}

/// libmodbus over a socketpair, measured by a small C program; it cannot be called without a descriptor.
fn libmodbus() -> Result<Vec<(u16, f64)>, String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = std::env::temp_dir().join(format!("metertwin-bench-libmodbus-{}", std::process::id()));
    let built = Command::new("cc")
        .args(["-O2", "-I/usr/include/modbus", "-o"])
        .arg(&program)
        .arg(here.join("libmodbus.c"))
        .arg("-lmodbus")
        .status()
        .map_err(|fault| format!("cc: {fault}"))?;
    if !built.success() {
        return Err("the C program did not build; is libmodbus-dev installed?".to_owned());
    }
    let output = Command::new(&program).output().map_err(|fault| fault.to_string())?;
    let _ = std::fs::remove_file(&program);
    let text = String::from_utf8_lossy(&output.stdout);
    let line = |line: &str| {
        let (count, each) = line.split_once(' ')?;
        Some((count.parse().ok()?, each.trim().parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

fn main() -> Result<(), String> {
    println!(
        "FC03, ns a request   to the answer   whole turn    rmodbus 0.13   libmodbus (RTU, socketpair, 4 system calls)   target"
    );
    let foreign = libmodbus();
    for (count, target) in COUNTS.into_iter().zip([20, 120, 300]) {
        let lib = match &foreign {
            Ok(rows) => rows
                .iter()
                .find(|(n, _)| *n == count)
                .map_or_else(|| "-".to_owned(), |(_, ns)| format!("{ns:.0}")),
            Err(why) => format!("not run: {why}"),
        };
        let ours = ours(count)?;
        println!(
            "{count:>4} registers        {:>8.1}     {:>8.1}     {:>10.1}     {lib:>10}                                 {target}",
            ours.answer,
            ours.turn,
            rmodbus(count)?
        );
    }
    println!("(the PRO1 map has no stretch of 125 registers: there the longest it has was read)");
    Ok(())
}
