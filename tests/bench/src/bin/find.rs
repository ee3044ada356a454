//! "Find my meter" in virtual time, on simulated copper, beside the least that the wire allows: each question with the
//! pauses around it and the time to answer.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::rc::Rc;

use commission::SimulatedPort;
use commission::Transport;
use commission::find::{
    Control, FindEnd, FindEvent, FindSettings, Finder, SearchPlan, SearchScope, silent_time,
};
use rig::{Bench, MeterSpec, block_on};
use schema::PortId;
use units::{Duration, Instant, LineParams, Parity};

const HOME: LineParams = LineParams::even(9_600);
/// What meters are stated to take before they answer.
const ANSWER: Duration = Duration::from_millis(20);
/// What the adapter keeps bytes back for.
const LATENCY: Duration = Duration::from_millis(16);

/// What a search took.
struct Took {
    found: usize,
    first: Option<f64>,
    whole: f64,
    sent: u32,
}

fn seconds(span: Duration) -> f64 {
    span.as_micros() as f64 / 1e6
}

fn search(meters: &[String], scope: &SearchScope) -> Result<Took, String> {
    let mut bench = Bench::new(Instant::ZERO);
    for text in meters {
        let spec = MeterSpec::parse(text).map_err(|why| why.to_string())?;
        bench.add(spec.build(None, Instant::ZERO).map_err(|why| why.to_string())?);
    }
    bench.set_latency(PortId::Modbus, LATENCY);
    bench.run_until(Instant::from_millis(2_000));
    let begun = bench.now();
    let bench = Rc::new(RefCell::new(bench));
    let port = SimulatedPort::new(bench.clone(), PortId::Modbus);
    let settings = FindSettings { answer: ANSWER, ..FindSettings::default() };
    let mut finder = Finder::new(port, Transport::Rtu, HOME, scope, settings, Control::default(), ());
    let mut first = None;
    let end = block_on(
        &bench,
        finder.run(&mut |event| {
            if matches!(event, FindEvent::Found(_)) {
                first = first.or(Some(seconds(bench.borrow().now().since(begun))));
            }
        }),
    );
    if end != Some(Ok(FindEnd::Done)) {
        return Err(format!("the search ended as {end:?}"));
    }
    let whole = seconds(bench.borrow().now().since(begun));
    Ok(Took { found: finder.found().len(), first, whole, sent: finder.sent() })
}

/// The least for `formats` of each id at each speed: eight characters, the pause behind them, the time to answer, and the
/// first character of an answer.
fn least(speeds: &[u32], formats: &[Parity], per_id: u64, answer: Duration) -> f64 {
    let mut sum = Duration::ZERO;
    for baud in speeds {
        let each = formats.iter().map(|format| silent_time(LineParams::new(*baud, *format), answer));
        let all = each.fold(Duration::ZERO, |sum, one| sum + one);
        sum += Duration::from_micros(all.as_micros() * 247 * per_id / formats.len() as u64);
    }
    seconds(sum)
}

fn main() -> Result<(), String> {
    let slug = models::ALL.iter().find(|entry| entry.def.modbus.is_some()).map(|entry| entry.def.slug);
    let slug = slug.ok_or("no model with Modbus")?;
    let meter = |serial: u32, id: u8, baud: u32, parity: Parity| {
        format!("{slug} serial={serial} modbus-id={id} baud={baud} parity={parity}")
    };
    let wait = FindSettings::default().wait();
    println!(
        "time to answer {ANSWER}, so that {wait} are waited for an answer to begin; an adapter that keeps bytes back 16 ms"
    );

    let all = SearchScope::default();
    let took = search(&[meter(13_070_001, 1, 9_600, Parity::Even)], &all)?;
    println!("factory-new meter: found after {:.3} s (target 1 s)", took.first.ok_or("not found")?);

    let home = SearchScope { anyone: false, ..SearchScope::at(HOME) };
    let took = search(&[meter(13_070_001, 247, 9_600, Parity::Even)], &home)?;
    let bound = least(&[9_600], &[Parity::Even], 1, wait);
    println!(
        "247 ids at 9600 8E1, one meter at the last: {:.2} s, {} questions (target 30 s; least {bound:.2} s at {wait}, {:.2} s at {ANSWER})",
        took.whole,
        took.sent,
        least(&[9_600], &[Parity::Even], 1, ANSWER)
    );

    let speeds = [9_600, 4_800, 2_400, 1_200];
    let formats = [Parity::Even, Parity::None, Parity::Odd];
    let two = [Parity::Even, Parity::Odd];
    for (name, meters) in [
        ("nobody", vec![]),
        ("one meter, 1200 8N1 id 247", vec![meter(13_070_001, 247, 1_200, Parity::None)]),
    ] {
        let scope = SearchScope { speeds: speeds.to_vec(), ..SearchScope::default() };
        let took = search(&meters, &scope)?;
        if took.found != meters.len() {
            return Err(format!("{name}: {} found", took.found));
        }
        println!(
            "all ids, four speeds, three formats, {name}: {:.1} s, {} questions of {} planned{}",
            took.whole,
            took.sent,
            SearchPlan::new(&scope).total(),
            took.first.map_or(String::new(), |first| format!(", found after {first:.1} s"))
        );
        for (what, bound) in [
            ("two questions, twice that and the latency waited (target 1.1)", least(&speeds, &two, 2, wait)),
            ("three questions, the same waited", least(&speeds, &formats, 3, wait)),
            (
                "two questions, the answer time and the latency waited",
                least(&speeds, &two, 2, ANSWER + LATENCY),
            ),
            ("two questions, the answer time waited", least(&speeds, &two, 2, ANSWER)),
            (
                "three questions for three formats, the answer time waited",
                least(&speeds, &formats, 3, ANSWER),
            ),
        ] {
            println!("  least with {what}: {bound:.1} s, ratio {:.3}", took.whole / bound);
        }
    }
    println!(
        "an id that is silent costs its questions and what is waited behind each: {wait}. Before {} are over, an answer that \
         comes in time may still be on its way; the least for {ANSWER} alone is that of a line on which every id answers",
        ANSWER + LATENCY
    );

    let single = search(&[meter(13_070_001, 117, 4_800, Parity::None)], &all)?;
    println!(
        "one meter at 4800 8N1 id 117, everything looked at: found after {:.2} s by a question to all",
        single.first.ok_or("not found")?
    );

    let cabinet: Vec<String> =
        (1..=60u8).map(|id| meter(13_070_000 + u32::from(id), id, 9_600, Parity::Even)).collect();
    let took = search(&cabinet, &home)?;
    println!("60 meters among 247 ids at 9600 8E1: {} found in {:.1} s", took.found, took.whole);
    Ok(())
}
