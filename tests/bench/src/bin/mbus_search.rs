//! The secondary search of 64 meters on a simulated wire: selections and seconds beside the least there can be, and
//! beside the order libmbus goes in.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use bench::mbus_wire::{TELEGRAM, Wire};
use mbus::search::Order;
use mbus::{FRAME_BUFFER, Finding, LISTEN_BUFFER, LineParams, Master, MasterConfig, Search, Step, link};
use units::Duration;

const METERS: u32 = 64;
/// Selections of libmbus for 64 meters 37 apart, counted on a line of slaves.
const LIBMBUS: u32 = 545;

/// What a distribution of numbers is called, and its numbers by their place.
type Kind = (&'static str, fn(u32) -> u32);

/// What a search took.
struct Took {
    selects: u32,
    silent: u32,
    found: u32,
    seconds: f64,
}

fn search(ids: &[u32], line: LineParams, order: Order) -> Result<Took, String> {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut buffers = vec![([0; FRAME_BUFFER], [0; FRAME_BUFFER]); ids.len()];
    // The simulated wire delivers each character at its time: the pause of the standard ends an answer.
    let config = MasterConfig { quiet: Duration::ZERO, ..MasterConfig::new(line) };
    let mut wire = Wire::new(Master::new(config, &mut rx, &mut tx), line, ids, &mut buffers);
    let begun = wire.now;
    let mut search = Search::new(order);
    let mut found = Vec::new();
    loop {
        let asked = match search.step() {
            Step::Done => break,
            Step::Select(mask) => wire.master.select(&mask),
            Step::Read(_) => wire.master.read(link::address::SELECTED),
        };
        asked.map_err(|fault| fault.to_string())?;
        let heard = wire.exchange().ok_or("the master sends nothing")?;
        if let Some(Finding::Meter(meter)) = search.handle(heard) {
            found.push(meter.id);
        }
    }
    found.sort_unstable();
    let mut present = ids.to_vec();
    present.sort_unstable();
    if found != present {
        return Err(format!("{} of {} meters were found", found.len(), present.len()));
    }
    let cost = search.cost();
    let seconds = (wire.now - begun).as_micros() as f64 / 1e6;
    Ok(Took { selects: cost.selects, silent: cost.silent, found: cost.found, seconds })
}

/// What one step costs on the wire, in seconds: characters of eleven bits, 33 bits until a slave answers, 330 bits and
/// 50 ms until silence is certain, 11 bits of rest behind an answer, 33 behind a collision.
struct Wiretimes {
    silent: f64,
    collision: f64,
    meter: f64,
}

impl Wiretimes {
    fn new(line: LineParams) -> Self {
        let bit = 1.0 / f64::from(line.baud);
        let (select, ask, ack) = (17.0 * 11.0, 5.0 * 11.0, 11.0);
        let telegram = TELEGRAM as f64 * 11.0;
        Self {
            silent: (select + 330.0) * bit + 0.050,
            collision: (select + 33.0 + ack + 33.0) * bit,
            meter: (select + 33.0 + ack + 11.0 + ask + 33.0 + telegram + 11.0) * bit,
        }
    }
}

/// The least a search can take on these numbers with no number left untried: a selection and a read-out for every meter,
/// a selection for every node of the tree that several meters share and for every value of it that nobody has; where
/// nine values are silent the tenth needs none of its own. Either in the order of the digits we go in, or for
/// somebody who knows the numbers: each node is split by whichever digit makes the whole cheapest.
struct Cheapest {
    knowing: bool,
    times: Wiretimes,
    known: HashMap<(u8, u32), (f64, u32)>,
}

impl Cheapest {
    /// Seconds and selections below the node whose `fixed` digits (one bit each) are those of `ids`, its own left out.
    fn below(&mut self, ids: &[u32], fixed: u8) -> (f64, u32) {
        let digits = (0..8u8).filter(|digit| fixed >> digit & 1 == 1);
        let mask = digits.fold(0, |mask, digit| mask | 0xFu32 << (4 * digit));
        let key = (fixed, ids.first().map_or(0, |id| id & mask));
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mut best = (f64::INFINITY, 0);
        let choices = if self.knowing { 8 } else { 1 };
        for digit in (0..8u8).filter(|digit| fixed >> digit & 1 == 0).take(choices) {
            let mut groups: Vec<Vec<u32>> = vec![Vec::new(); 10];
            for id in ids {
                if let Some(group) = groups.get_mut((id >> (4 * digit) & 0xF) as usize) {
                    group.push(*id);
                }
            }
            let alone = groups.iter().filter(|group| !group.is_empty()).count() == 1;
            let mut sum = (0.0, 0);
            for group in &groups {
                let (seconds, selects) = match group.len() {
                    0 => (self.times.silent, 1),
                    1 => (self.times.meter, 1),
                    _ => {
                        let (seconds, selects) = self.below(group, fixed | 1 << digit);
                        if alone { (seconds, selects) } else { (seconds + self.times.collision, selects + 1) }
                    }
                };
                sum = (sum.0 + seconds, sum.1 + selects);
            }
            if sum.0 < best.0 {
                best = sum;
            }
        }
        self.known.insert(key, best);
        best
    }

    fn of(ids: &[u32], line: LineParams, knowing: bool) -> (f64, u32) {
        let mut cheapest = Self { knowing, times: Wiretimes::new(line), known: HashMap::new() };
        let (seconds, selects) = cheapest.below(ids, 0);
        (seconds + cheapest.times.collision, selects + 1)
    }
}

/// Eight decimal digits as an identification number has them.
fn bcd(number: u32) -> u32 {
    (0..8).fold((0, number), |(bcd, rest), digit| (bcd | (rest % 10) << (4 * digit), rest / 10)).0
}

/// A number that looks drawn by lot, always the same one (SplitMix64).
fn lot(n: u32) -> u32 {
    let mut x = u64::from(n).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    u32::try_from((x ^ x >> 31) % 100_000_000).unwrap_or(0)
}

fn main() -> Result<(), String> {
    let kinds: [Kind; 6] = [
        ("one delivery, consecutive", |i| 13_070_001 + i),
        ("37 apart", |i| 19_020_246 + 37 * i),
        ("by lot", lot),
        ("same first four, the rest by lot", |i| 13_070_000 + lot(i) % 10_000),
        ("two deliveries of 32", |i| if i % 2 == 0 { 13_070_100 + i } else { 15_060_800 + i }),
        ("same last three", |i| lot(i) / 1_000 * 1_000 + 246),
    ];
    println!("{METERS} meters, telegrams of {TELEGRAM} bytes, 0.05 s and 330 bits for a silence");
    println!(
        "libmbus goes by the first digit first and selects every value: {LIBMBUS} selections for 37 apart"
    );
    println!(
        "least: no number left untried, at the times of the wire alone, in the order of the digits we go in"
    );
    println!("knowing: the same by digits that only who knows the numbers can choose");
    println!("{:<32} {:>5}: ours, least, ratio | knowing | first digit first", "numbers", "Bd");
    for baud in [2_400, 9_600] {
        let line = LineParams::new(baud, units::Parity::Even);
        for (name, number) in kinds {
            let mut ids: Vec<u32> = Vec::new();
            let mut i = 0;
            while ids.len() < METERS as usize {
                let id = bcd(number(i));
                if !ids.contains(&id) {
                    ids.push(id);
                }
                i += 1;
            }
            let ours = search(&ids, line, Order::LastFirst)?;
            let other = search(&ids, line, Order::FirstFirst)?;
            let (least, selects) = Cheapest::of(&ids, line, false);
            let (knowing, by_knowing) = Cheapest::of(&ids, line, true);
            println!(
                "{name:<32} {baud:>5}: {} selects ({} silent) {:.2} s, {selects} selects {least:.2} s, {:.3} | {by_knowing} selects {knowing:.2} s | {} selects {:.2} s",
                ours.selects,
                ours.silent,
                ours.seconds,
                ours.seconds / least,
                other.selects,
                other.seconds
            );
            if ours.found != METERS {
                return Err(format!("{name}: {} found", ours.found));
            }
        }
    }
    Ok(())
}
