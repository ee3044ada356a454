//! Times a second of metered time: the load changes, a second passes, the sample is taken.
//! `cargo run --release -p metering --example second` prints the median of nine runs, in nanoseconds.

use std::hint::black_box;

use metering::{Counter, Load, Metering, PhaseReading};
use schema::{Combination, Decimals, MeteringDef, TripDef, TripOf};
use units::{Duration, Flow, Point, Tariff, What};

static METER: MeteringDef = MeteringDef {
    phases: 1,
    starting_current_ma: 20,
    rollover_wh: 1_000_000_000,
    store_step_wh: 10,
    decimals: Decimals { volt: 1, ampere: 2, kilowatt: 3, power_factor: 2, hertz: 2 },
    combinations: &[(1, Combination::Forward)],
    tariffs: 2,
    quadrants: false,
    trip: TripDef { follows: TripOf::Forward, per_phase: false },
    ct: None,
    led_imp_per_kwh: 10_000,
    led_imp_per_kvarh: 0,
    led_width: Duration::from_millis(10),
    pulse_widths: &[],
    pulse_outputs: &[],
    power_fail_warning: Duration::from_millis(10),
};

/// A load that is another one each time.
fn load(n: u32) -> Load {
    let mut load = Load { frequency_mhz: 50_000, ..Load::default() };
    load.phases[0] = PhaseReading {
        voltage_mv: 229_000 + n % 2_000,
        current_ma: 100 + n % 40_000,
        active_mw: i64::from(n % 9_000_000) - 1_000_000,
        reactive_mvar: i64::from(n % 700_000),
    };
    load
}

/// The median of nine runs of `times` calls, in ns a call.
fn median(times: u32, mut call: impl FnMut(u32)) -> f64 {
    let mut runs: Vec<f64> = (0..9)
        .map(|_| {
            let start = std::time::Instant::now();
            (0..times).for_each(&mut call);
            start.elapsed().as_secs_f64() * 1e9 / f64::from(times)
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    runs[4]
}

fn main() {
    let mut counters = [Counter::ZERO; METER.counters()];
    let mut sampled = counters;
    let mut meter = Metering::new(&METER, &mut counters, &mut sampled);
    meter.set_s0_rate(100_000);
    let second = Duration::from_secs(1);
    let changing = median(200_000, |n| {
        meter.set_load(load(n * 7_919));
        black_box(meter.advance(second));
        meter.sample();
    });
    println!("{changing:8.0}  a second under a load that changes each second, with its sample");
    let constant = median(200_000, |_| {
        black_box(meter.advance(black_box(second)));
    });
    println!("{constant:8.0}  a second under a constant load");
    let year = median(1_000, |_| {
        black_box(meter.advance(black_box(second.times(365 * 24 * 3_600))));
    });
    println!("{year:8.0}  a year under a constant load");
    let points = [
        Point::active(Flow::Total, Tariff::All),
        Point::active(Flow::Forward, Tariff::T1),
        Point::reactive(Flow::Reverse, Tariff::All),
        Point::now(What::P),
    ];
    let value = median(200_000, |_| {
        for point in black_box(points) {
            black_box(meter.value(point));
        }
    });
    println!("{:8.1}  the value of a point", value / 4.0);
}
