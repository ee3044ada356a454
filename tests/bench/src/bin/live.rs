//! Live values in virtual time: how many come a second, beside the most that the wire allows for the same requests.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;

use bench::modbus_wire::requests;
use commission::live::Live;
use commission::{Line, LineMemory, SimulatedPort, Timing, Transport, factory_place, names};
use models::Entry;
use rig::{Bench, Twin, block_on};
use schema::{PortId, Rule, Source};
use units::{Duration, Instant};

/// So long is watched.
const WATCH: Duration = Duration::from_secs(60);

/// Keys of all points of a model that can be watched.
fn all(entry: &'static Entry) -> Vec<String> {
    let rows = names::rows(entry).filter(|row| row.of.rule == Rule::Contiguous);
    let points = rows.filter(|row| matches!(row.def.source, Source::Point(_)));
    let mut keys: Vec<String> = points.map(|row| names::key(entry, &row)).collect();
    keys.retain(|key| Live::new(entry, &[key], modbus::pdu::MAX_READ).is_ok());
    keys.dedup();
    keys
}

/// Values that came in a span of bus time.
fn watch(
    entry: &'static Entry,
    keys: &[&str],
    latency: Duration,
) -> Result<(usize, Duration), Box<dyn Error>> {
    let place = factory_place(entry);
    let mut bench = Bench::new(Instant::ZERO);
    bench.add(Twin::new(entry, None, Instant::ZERO));
    bench.set_master_line(PortId::Modbus, place.line);
    bench.set_latency(PortId::Modbus, latency);
    bench.run_until(Instant::from_millis(2_000));
    let bench = Rc::new(RefCell::new(bench));
    let mut memory = LineMemory::default();
    let port = SimulatedPort::new(bench.clone(), PortId::Modbus);
    let mut line = Line::new(port, &mut memory, Transport::Rtu, place, Timing::default(), ());
    let mut live = Live::new(entry, keys, modbus::pdu::MAX_READ)?;
    let begun = bench.borrow().now();
    let watched = block_on(&bench, async {
        loop {
            live.step(&mut line).await?;
            let now = bench.borrow().now();
            if now.since(begun) >= WATCH {
                return Ok::<_, commission::Fault>(now.since(begun));
            }
        }
    });
    let span = watched.ok_or("it never ends")??;
    if live.series().iter().any(|series| series.missing().is_some()) {
        return Err("values are missing".into());
    }
    Ok((live.series().iter().map(|series| series.values().count()).sum(), span))
}

fn main() -> Result<(), Box<dyn Error>> {
    for entry in models::ALL {
        let Some(modbus) = entry.def.modbus else { continue };
        let line = factory_place(entry).line;
        println!("{} at {line}, answers after {}:", entry.def.slug, modbus.reply_delay);
        let all = all(entry);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let voltage = all.iter().copied().filter(|key| key.starts_with("voltage")).take(1);
        let few: Vec<&str> = ["power"].into_iter().chain(voltage).collect();
        for keys in [&["power"][..], &few, &all] {
            let what = if keys.len() < all.len() { keys.join(" and ") } else { "everything".to_owned() };
            let live = Live::new(entry, keys, modbus::pdu::MAX_READ)?;
            let counts: Vec<u16> = live.spans().map(|span| span.count).collect();
            let round = requests(counts.iter().copied(), line, modbus.reply_delay);
            let most = keys.len() as f64 * 1e6 / round.as_micros() as f64;
            for latency in [Duration::ZERO, Duration::from_millis(16)] {
                let (values, span) = watch(entry, keys, latency)?;
                let rate = values as f64 * 1e6 / span.as_micros() as f64;
                println!(
                    "  {what}: {} values in {} requests a round, adapter {latency}: {rate:.1} values/s of {most:.1}, factor {:.3}",
                    keys.len(),
                    counts.len(),
                    most / rate
                );
            }
        }
    }
    Ok(())
}
