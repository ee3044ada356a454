//! What the readings of the moment tell of how a meter is connected, in sentences; and nothing that they do not tell.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schema::Source;
use units::{Of, Point, What, decimal};

use crate::boot::Facts;

/// Below this, in mV, a conductor has no voltage.
const DEAD_MV: i64 = 50_000;
/// Phases whose voltages are further apart than this, in thousandths of the largest, are not one healthy network.
const APART: i64 = 850;
/// So far, in thousandths, a sum may be from its parts: they are read one after the other.
const SUM_TOLERANCE: i64 = 20;
/// And so far in mW and mvar at least.
const SUM_FLOOR: i64 = 20_000;

const PHASES: [(Of, &str); 3] = [(Of::L1, "L1"), (Of::L2, "L2"), (Of::L3, "L3")];

fn now(read: &Facts, what: What, of: Of) -> Option<i64> {
    read.get(Source::Point(Point::Now { what, of })).map(|fact| fact.value)
}

/// A reading of a phase; a meter of one phase tells it as that of the whole.
fn of_phase(read: &Facts, what: What, of: Of) -> Option<i64> {
    let alone = read.entry.def.metering.phases == 1 && of == Of::L1;
    now(read, what, of).or_else(|| if alone { now(read, what, Of::All) } else { None })
}

fn volts(mv: i64) -> String {
    let value = decimal::rescale(mv, 3, 1);
    format!("{} V", decimal::Decimal { value, decimals: 1 })
}

fn list(names: &[&str]) -> String {
    names.join(" and ")
}

/// What can be said of the wiring. Empty where no reading was read.
#[must_use]
pub fn wiring(read: &Facts) -> Vec<String> {
    let metering = &read.entry.def.metering;
    let phases = PHASES.get(..usize::from(metering.phases).min(3)).unwrap_or_default();
    let mut told = Vec::new();
    voltages(read, phases, &mut told);
    currents(read, phases, &mut told);
    sums(read, phases, &mut told);
    if !told.is_empty() && phases.len() > 1 {
        told.push(
            "The order of the phases is not told by any reading; check it with a rotating-field meter."
                .to_string(),
        );
    }
    told
}

fn voltages(read: &Facts, phases: &[(Of, &str)], told: &mut Vec<String>) {
    let known: Vec<(&str, i64)> =
        phases.iter().filter_map(|(of, name)| Some((*name, of_phase(read, What::U, *of)?))).collect();
    if known.is_empty() {
        return;
    }
    if known.len() < phases.len() {
        told.push("Not every voltage could be read.".to_string());
    }
    let values: Vec<String> = known.iter().map(|(name, mv)| format!("{name} {}", volts(*mv))).collect();
    let dead: Vec<&str> = known.iter().filter(|(_, mv)| *mv < DEAD_MV).map(|(name, _)| *name).collect();
    let most = known.iter().map(|(_, mv)| *mv).max().unwrap_or(0);
    let low: Vec<&str> = known
        .iter()
        .filter(|(_, mv)| *mv >= DEAD_MV && mv.saturating_mul(1_000) < most.saturating_mul(APART))
        .map(|(name, _)| *name)
        .collect();
    if !dead.is_empty() {
        told.push(format!("No voltage at {} ({}): check fuse and wire.", list(&dead), values.join(", ")));
    } else if !low.is_empty() {
        told.push(format!(
            "The voltage of {} is far below the others ({}): check neutral and contacts.",
            list(&low),
            values.join(", ")
        ));
    } else if phases.len() > 1 && known.len() == phases.len() {
        told.push(format!("All voltages are present: {}.", values.join(", ")));
    } else {
        told.push(format!("Voltage: {}.", values.join(", ")));
    }
}

fn currents(read: &Facts, phases: &[(Of, &str)], told: &mut Vec<String>) {
    let starting = i64::from(read.entry.def.metering.starting_current_ma);
    let known: Vec<(&str, i64, i64)> = phases
        .iter()
        .filter_map(|(of, name)| Some((*name, of_phase(read, What::I, *of)?, of_phase(read, What::P, *of)?)))
        .collect();
    if known.is_empty() {
        return;
    }
    let flowing: Vec<&(&str, i64, i64)> = known.iter().filter(|(_, ma, _)| ma.abs() > starting).collect();
    if flowing.is_empty() {
        told.push("No current flows: directions cannot be judged.".to_string());
        return;
    }
    let still: Vec<&str> =
        known.iter().filter(|(_, ma, _)| ma.abs() <= starting).map(|(name, ..)| *name).collect();
    let back: Vec<&str> = flowing.iter().filter(|(_, _, mw)| *mw < 0).map(|(name, ..)| *name).collect();
    let clamp = if read.entry.def.metering.ct.is_some() {
        "its current transformer is probably the wrong way round"
    } else {
        "its two wires are probably swapped"
    };
    if back.is_empty() {
        told.push("All currents that flow are forward, to the load.".to_string());
    } else if back.len() == flowing.len() && flowing.len() > 1 {
        told.push(
            "All currents flow in reverse: the plant exports now, or supply and load are swapped everywhere."
                .to_string(),
        );
    } else if flowing.len() > 1 {
        told.push(format!("{} flows in reverse while the others flow forward: {clamp}.", list(&back)));
    } else {
        told.push(format!("{} flows in reverse: the plant exports now, or {clamp}.", list(&back)));
    }
    if !still.is_empty() && phases.len() > 1 {
        told.push(format!("No current flows in {}: it cannot be judged.", list(&still)));
    }
    let factor = now(read, What::Pf, Of::All).or_else(|| of_phase(read, What::Pf, Of::L1));
    if let Some(factor) = factor {
        let text = decimal::Decimal { value: decimal::rescale(factor, 3, 2), decimals: 2 };
        told.push(if factor < 500 {
            format!("The power factor is {text}: with common loads that means voltages and currents of different phases.")
        } else {
            format!("The power factor is {text}.")
        });
    }
    match now(read, What::Quadrant, Of::All) {
        Some(1) => told.push("Quadrant 1: import, inductive.".to_string()),
        Some(2) => told.push("Quadrant 2: export, inductive.".to_string()),
        Some(3) => told.push("Quadrant 3: export, capacitive.".to_string()),
        Some(4) => told.push("Quadrant 4: import, capacitive.".to_string()),
        _ => {}
    }
}

fn sums(read: &Facts, phases: &[(Of, &str)], told: &mut Vec<String>) {
    if phases.len() < 2 {
        return;
    }
    let parts: Option<Vec<i64>> = phases.iter().map(|(of, _)| now(read, What::P, *of)).collect();
    let (Some(parts), Some(sum)) = (parts, now(read, What::P, Of::All)) else { return };
    let total: i64 = parts.iter().sum();
    let size: i64 = parts.iter().map(|part| part.abs()).sum();
    let room = (size / 1_000 * SUM_TOLERANCE).max(SUM_FLOOR);
    let kw = |mw: i64| decimal::Decimal { value: decimal::rescale(mw, 6, 3), decimals: 3 };
    told.push(if total.abs_diff(sum) <= room.unsigned_abs() {
        format!("The powers of the phases add up to the whole, {} kW.", kw(sum))
    } else {
        format!(
            "The powers of the phases add up to {} kW, and the meter reports {} kW: read it again.",
            kw(total),
            kw(sum)
        )
    });
}
