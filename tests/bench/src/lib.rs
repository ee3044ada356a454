//! What is measured, apart from the clock: the same work natively and in WebAssembly.

#![forbid(unsafe_code)]

pub mod mbus_wire;
pub mod modbus_wire;

use metering::{Load, PhaseReading};
use models::Entry;
use rig::Twin;
use units::{Duration, Instant};

/// The first model of the workspace, as from the factory.
///
/// # Panics
/// Where the workspace has no model.
#[must_use]
#[expect(clippy::expect_used, reason = "a bench without a model has nothing to measure")]
pub fn twin() -> Twin {
    let entry: &'static Entry = models::ALL.first().expect("a model");
    Twin::new(entry, None, Instant::ZERO)
}

/// A load of 230 V that wanders between import and export with `step`.
#[must_use]
pub fn wandering(step: u64) -> Load {
    let active_mw = i64::try_from(step.wrapping_mul(7_919) % 9_000_000).unwrap_or(0) - 3_000_000;
    let current_ma = u32::try_from(active_mw.unsigned_abs() / 230).unwrap_or(0);
    let mut load = Load { frequency_mhz: 50_000, ..Load::default() };
    if let Some(phase) = load.phases.first_mut() {
        *phase = PhaseReading { voltage_mv: 230_000, current_ma, active_mw, reactive_mvar: active_mw / 3 };
    }
    load
}

/// Lets `seconds` of metered time pass, with another load each second, and returns what was counted, in Wh.
#[must_use]
pub fn changing_seconds(twin: &mut Twin, seconds: u64) -> u64 {
    let device = twin.device_mut();
    for second in 1..=seconds {
        device.set_load(wandering(second));
        device.poll(Instant::from_millis(second * 1_000), Duration::from_secs(1));
    }
    counted(twin)
}

/// Lets a year of one load pass in one step, and returns what was counted, in Wh.
#[must_use]
pub fn constant_year(twin: &mut Twin) -> u64 {
    let device = twin.device_mut();
    device.set_load(wandering(1));
    let year = Duration::from_secs(365 * 86_400);
    device.poll(Instant::ZERO + year, year);
    counted(twin)
}

/// Everything counted so far, in Wh: a result that no compiler can leave out.
fn counted(twin: &Twin) -> u64 {
    twin.device().works().counters().iter().map(|counter| counter.wh()).sum()
}
