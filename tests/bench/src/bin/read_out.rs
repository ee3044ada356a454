//! A full read-out over Modbus on the simulated wire in virtual time, beside the least that the wire allows and beside
//! the least of masters that ask for each value by itself.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;

use bench::modbus_wire::requests;
use commission::{
    Line, LineMemory, ReadPlan, SimulatedPort, Timing, Transport, factory_place, names, read_out,
};
use models::Entry;
use rig::{Bench, Twin, block_on};
use schema::{PortId, Rule, Source};
use units::{Duration, Instant, LineParams};

/// The least time of one read-out: the first request finds the line quiet.
fn least(counts: impl Iterator<Item = u16>, line: LineParams, answer: Duration) -> Duration {
    requests(counts, line, answer).saturating_sub(line.t35())
}

/// What a read-out of the meter as it leaves the factory took, and in how many requests.
fn took(entry: &'static Entry) -> Result<(Duration, u32), Box<dyn Error>> {
    let place = factory_place(entry);
    let mut bench = Bench::new(Instant::ZERO);
    bench.add(Twin::new(entry, None, Instant::ZERO));
    bench.set_master_line(PortId::Modbus, place.line);
    bench.run_until(Instant::from_millis(2_000));
    let bench = Rc::new(RefCell::new(bench));
    let mut memory = LineMemory::default();
    let port = SimulatedPort::new(bench.clone(), PortId::Modbus);
    let mut line = Line::new(port, &mut memory, Transport::Rtu, place, Timing::default(), ());
    let begun = bench.borrow().now();
    let read =
        block_on(&bench, read_out(&mut line, entry, &mut |_| {})).ok_or("the read-out never ends")??;
    if let Some(row) = read.rows.iter().find(|row| row.value.is_err()) {
        return Err(format!("{} was not read", row.label).into());
    }
    let ended = bench.borrow().now();
    Ok((ended.since(begun), read.requests))
}

fn millis(span: Duration) -> f64 {
    span.as_micros() as f64 / 1e3
}

fn main() -> Result<(), Box<dyn Error>> {
    for entry in models::ALL {
        let Some(modbus) = entry.def.modbus else { continue };
        let line = factory_place(entry).line;
        let spans = ReadPlan::new(entry.def, modbus.max_read);
        let limit = least(spans.iter().map(|span| span.count), line, modbus.reply_delay);
        let (time, requests) = took(entry)?;
        let words: Vec<String> = spans.iter().map(|span| span.count.to_string()).collect();
        println!(
            "{} at {line}: {requests} requests ({} registers) in {:.1} ms, least {:.1} ms: factor {:.3} (target 1.05)",
            entry.def.slug,
            words.join("+"),
            millis(time),
            millis(limit),
            millis(time) / millis(limit),
        );
        let values = || {
            names::rows(entry)
                .filter(|row| row.of.rule == Rule::Contiguous && row.def.source != Source::Zero)
                .map(|row| row.def.codec.words())
        };
        println!(
            "{:>22} {} requests, one a value: least {:.1} ms",
            "beside that,",
            values().count(),
            millis(least(values(), line, modbus.reply_delay)),
        );
    }
    Ok(())
}
