//! A meter of a batch in virtual time: from its first answer at the factory place, and from being connected, until all of its
//! line was read back at its new place; and a whole batch of sixty.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;

use commission::batch::{Batch, Desk, Ended, Event, List, Over, Row};
use commission::guard::Guard;
use commission::record::{LinesJournal, Record};
use commission::{Direction, Line, LineMemory, SimulatedPort, Timing, Traffic, Transport};
use models::Entry;
use rig::{Bench, MeterSpec, block_on};
use schema::PortId;
use units::{Duration, Instant};

/// Meters of the batch.
const METERS: u32 = 60;
/// What an adapter keeps bytes back for.
const LATENCY: Duration = Duration::from_millis(16);

/// Connects a meter as soon as it is asked for the next one.
struct Shelf {
    bench: Rc<RefCell<Bench>>,
    entry: &'static Entry,
    next: u32,
    connected: Vec<Instant>,
}

impl Desk for Shelf {
    fn tell(&mut self, _list: &List, event: &Event) {
        let Event::Waiting { .. } = event else { return };
        let mut bench = self.bench.borrow_mut();
        bench.remove(0);
        let text = format!("{} serial={}", self.entry.def.slug, 13_070_000 + self.next);
        let now = bench.now();
        if let Some(meter) = MeterSpec::parse(&text).ok().and_then(|spec| spec.build(None, now).ok()) {
            bench.add(meter);
        }
        self.next += 1;
        self.connected.push(now);
    }

    async fn digits(&mut self, _: &Row, _: &Guard) -> Option<String> {
        None
    }

    fn time(&mut self) -> String {
        String::new()
    }
}

fn seconds(span: Duration) -> f64 {
    span.as_micros() as f64 / 1e6
}

/// The longest and the mean of some spans.
fn both(spans: &[Duration]) -> String {
    let all: Vec<f64> = spans.iter().map(|span| seconds(*span)).collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    format!("{:.2} s at most, {mean:.2} s on average", all.iter().copied().fold(0.0, f64::max))
}

fn batch(entry: &'static Entry, columns: &str, values: &str) -> Result<(), Box<dyn Error>> {
    let mut text = format!("id{columns}\n");
    (0..METERS).for_each(|number| text.push_str(&format!("{}{values}\n", number + 2)));
    let list = List::parse(&text, Over::Modbus, &mut |name| Err(format!("there is no profile {name}")))
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let mut batch = Batch::new(list, Record::default()).map_err(|_| "the list is new")?;
    let place = commission::factory_place(entry);
    batch.set_arrivals(vec![place]);
    let mut bench = Bench::new(Instant::ZERO);
    bench.set_latency(PortId::Modbus, LATENCY);
    bench.set_master_line(PortId::Modbus, place.line);
    let bench = Rc::new(RefCell::new(bench));
    let first: Rc<RefCell<Option<Instant>>> = Rc::default();
    let heard = first.clone();
    let observer = move |traffic: &Traffic<'_>| {
        if traffic.direction == Direction::Heard && !traffic.bytes.is_empty() {
            heard.borrow_mut().get_or_insert(traffic.at);
        }
    };
    let mut memory = LineMemory::default();
    let port = SimulatedPort::new(bench.clone(), PortId::Modbus);
    let mut line = Line::new(port, &mut memory, Transport::Rtu, place, Timing::default(), observer);
    let mut shelf = Shelf { bench: bench.clone(), entry, next: 0, connected: Vec::new() };
    let (mut answered, mut connected) = (Vec::new(), Vec::new());
    let begun = bench.borrow().now();
    let mut journal = block_on(&bench, LinesJournal::begin(String::new(), true, "a bench"))
        .ok_or("a text is there at once")??;
    loop {
        *first.borrow_mut() = None;
        match block_on(&bench, batch.next(&mut line, &mut journal, &mut shelf)).ok_or("it never ends")?? {
            Ended::Row(_) => {
                let now = bench.borrow().now();
                answered.extend(first.borrow().map(|at| now.since(at)));
                connected.extend(shelf.connected.last().map(|at| now.since(*at)));
            }
            Ended::All => break,
            other => return Err(format!("it ended as {other:?}").into()),
        }
    }
    let count = values.matches(',').count() + 1;
    println!(
        "  {count} settings: from the first answer {} (target 15 s); from being connected {}; {METERS} meters in {:.0} s",
        both(&answered),
        both(&connected),
        seconds(bench.borrow().now().since(begun))
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    for entry in models::ALL {
        let Some(modbus) = entry.def.modbus else { continue };
        let place = commission::factory_place(entry);
        println!("{} from {place}, answers after {}, adapter {LATENCY}:", entry.def.slug, modbus.reply_delay);
        batch(entry, "", "")?;
        batch(entry, ",baud,parity", ",4800,none")?;
        batch(entry, ",baud,parity,scroll-time,tariff,s0-rate", ",4800,none,15,2,100")
            .or_else(|_| batch(entry, ",baud,parity,scroll-time,tariff", ",4800,none,15,2"))?;
    }
    Ok(())
}
