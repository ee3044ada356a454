//! Metered seconds per second: a changing load, a constant one, and a whole bench of meters.
//! Runs natively, and in Node's WebAssembly with a system interface.

#![forbid(unsafe_code)]

use std::time::Instant;

use bench::{changing_seconds, constant_year, twin};
use rig::Bench;
use units::{Duration, Instant as Time};

const RUNS: usize = 7;

/// The median of several runs, in seconds.
fn median(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

fn main() {
    let place = if cfg!(target_arch = "wasm32") { "wasm" } else { "native" };
    let mut counted = 0;
    let mut one = twin();
    let seconds = 1_000_000;
    let took = median(|| counted += changing_seconds(&mut one, seconds));
    println!(
        "{place:7} changing load, one reading a second     {:>12.0} metered s/s   (target 5 000 000 native, 2 000 000 wasm)",
        seconds as f64 / took
    );
    let mut one = twin();
    let took = median(|| counted += constant_year(&mut one));
    println!(
        "{place:7} a year of one load                      {:>12.3} ms            (target 10 ms)",
        took * 1_000.0
    );
    let mut many = Bench::new(Time::ZERO);
    for _ in 0..60 {
        many.add(twin());
    }
    let mut at = Time::ZERO;
    let took = median(|| {
        for _ in 0..600 {
            at += Duration::from_millis(16);
            many.run_until(at);
        }
    });
    println!("{place:7} 60 meters in real time, 60 steps a second {:>10.3} % of a core", took / 9.6 * 100.0);
    assert!(counted > 0, "nothing was counted");
}
