//! The meters of the tests, and short words for their loads and points.

mod energies;
mod history;
mod outputs;
mod polyphase;
mod properties;
mod pulses;
mod readings;
mod two_outputs;

use schema::{
    Combination, CtDef, Decimals, MeteringDef, PulseOf, PulseOutputDef, PulseWidth, SettingId, TripDef,
    TripOf,
};
use units::{Duration, EnergyKind, Flow, Of, Phase, Point, Tariff, What};

use crate::{Counter, Load, Metering, PhaseReading};

const ACTIVE: PulseOf = PulseOf { kind: EnergyKind::Active, forward: true, reverse: true };

const fn output(shows: &'static [(i32, PulseOf)]) -> PulseOutputDef {
    PulseOutputDef { min_mv: 5_000, max_mv: 27_000, max_ma: 100, shows }
}

const SINGLE: MeteringDef = MeteringDef {
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
    pulse_widths: &[
        PulseWidth { min_rate: 0, up_to_watt: 5_625, width: Duration::from_millis(32) },
        PulseWidth { min_rate: 0, up_to_watt: 40_000, width: Duration::from_micros(11_200) },
    ],
    pulse_outputs: &[output(&[(0, ACTIVE)])],
    power_fail_warning: Duration::from_millis(10),
};

static ONE: MeteringDef = SINGLE;
static THREE: MeteringDef = MeteringDef { phases: 3, tariffs: 4, ..SINGLE };
/// A three-phase meter behind current transformers, with all that there is to count.
static TRANSFORMED: MeteringDef = MeteringDef {
    phases: 3,
    starting_current_ma: 2,
    tariffs: 4,
    quadrants: true,
    trip: TripDef { follows: TripOf::Total, per_phase: true },
    ct: Some(CtDef { setting: SettingId::CtRatio, changes: 7 }),
    pulse_widths: &[PulseWidth { min_rate: 0, up_to_watt: u32::MAX, width: Duration::from_millis(2) }],
    pulse_outputs: &[
        output(&[(1, ACTIVE), (2, PulseOf { reverse: false, ..ACTIVE })]),
        output(&[
            (1, PulseOf { kind: EnergyKind::Reactive, ..ACTIVE }),
            (2, PulseOf { forward: false, ..ACTIVE }),
        ]),
    ],
    ..SINGLE
};

const HOUR: Duration = Duration::from_secs(3_600);

/// A meter whose counters live as long as the test program.
fn meter(def: &'static MeteringDef) -> Metering<'static> {
    let counters = || vec![Counter::ZERO; def.counters()].leak();
    Metering::new(def, counters(), counters()).extended(Some(crate::POLYPHASE))
}

/// A phase with 230 V and these powers, in mW and mvar; its current is 1 A.
fn phase(active_mw: i64, reactive_mvar: i64) -> PhaseReading {
    PhaseReading { voltage_mv: 230_000, current_ma: 1_000, active_mw, reactive_mvar }
}

/// A load on one phase.
fn load(active_mw: i64, reactive_mvar: i64) -> Load {
    loads([(active_mw, reactive_mvar), (0, 0), (0, 0)])
}

fn loads(powers: [(i64, i64); 3]) -> Load {
    Load { phases: powers.map(|(p, q)| phase(p, q)), lines_mv: None, frequency_mhz: 50_000 }
}

/// A point's value now.
fn now(meter: &mut Metering<'_>, point: Point) -> Option<i64> {
    meter.sample();
    meter.value(point)
}

fn active(flow: Flow) -> Point {
    Point::active(flow, Tariff::All)
}

fn energy(kind: EnergyKind, flow: Flow, phase: Phase, tariff: Tariff) -> Point {
    Point::Energy { kind, flow, phase, tariff }
}

fn reading(what: What, of: Of) -> Point {
    Point::Now { what, of }
}
