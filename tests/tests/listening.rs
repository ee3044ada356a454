//! Listening on the simulated wire: a master and its meters, a second master, noise and M-Bus, heard from a third end; and
//! meters that balk, read and watched by the same code as real ones.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use commission::listen::{ListenMemory, Listener, Masters, Spoken, What, listen, report, text};
use commission::live::{Live, MbusLive};
use commission::mbus::{Address, MbusLine, MbusMemory, MbusTiming};
use commission::{
    Bus as _, Line, LineMemory, Place, Port as _, SimulatedPort, Timing, Transport, factory_place, identify,
    read_out,
};
use modbus::Request;
use models::Entry;
use rig::{Bench, MeterSpec, WireFaults, block_on};
use schema::PortId;
use units::{Duration, Instant, LineParams};

type Shared = Rc<RefCell<Bench>>;

fn bench(meters: &[&str]) -> Shared {
    let mut bench = Bench::new(Instant::ZERO);
    for meter in meters {
        bench.add(MeterSpec::parse(meter).unwrap().build(None, Instant::ZERO).unwrap());
    }
    bench.run_until(Instant::from_millis(2_000));
    Rc::new(RefCell::new(bench))
}

fn entry() -> &'static Entry {
    &models::ALL[0]
}

fn place(unit: u8) -> Place {
    Place { unit, ..factory_place(entry()) }
}

fn master<'m>(port: SimulatedPort, memory: &'m mut LineMemory, unit: u8) -> Line<'m, SimulatedPort> {
    Line::new(port, memory, Transport::Rtu, place(unit), Timing::default(), ())
}

/// Runs `main` to its end, and `side` as long.
async fn beside<T>(main: impl Future<Output = T>, side: impl Future) -> T {
    let (mut main, mut side) = (pin!(main), pin!(side));
    let mut over = false;
    poll_fn(|context| {
        let done = main.as_mut().poll(context);
        if !over {
            over = side.as_mut().poll(context).is_ready();
        }
        if let Poll::Ready(value) = done { Poll::Ready(value) } else { Poll::Pending }
    })
    .await
}

#[track_caller]
fn run<F: Future>(bench: &Shared, future: F) -> F::Output {
    block_on(bench, future).expect("the future waits for something that never comes")
}

#[test]
fn a_master_and_its_meters_are_heard_from_the_side() {
    let bench = bench(&["pro1-mod load=\"L1 230V 5A\"", "pro1-mod modbus-id=7 serial=13070009"]);
    let mut tap = SimulatedPort::tap(bench.clone(), PortId::Modbus, place(1).line);
    let mut memory = LineMemory::default();
    let mut line = master(SimulatedPort::new(bench.clone(), PortId::Modbus), &mut memory, 7);
    let mut heard = ListenMemory::default();
    let mut listener = Listener::new(&mut heard, Spoken::Modbus, place(1).line);
    let work = async {
        identify(&mut line).await.unwrap();
        line.set_unit(1);
        line.exchange(&Request::ReadHolding { address: 0x5000, count: 2 }, 1).await.unwrap();
        line.set_unit(3);
        line.exchange(&Request::ReadHolding { address: 0x5000, count: 2 }, 2).await.unwrap_err();
        line.wait(Duration::from_millis(200)).await.unwrap();
    };
    run(&bench, beside(work, listen(&mut tap, &mut listener, None, &mut |_| true)));
    let texts: Vec<&str> = listener.items().map(|item| item.text.as_str()).collect();
    assert_eq!(texts.len(), 7, "{texts:?}");
    assert!(
        texts[1].starts_with("id 7: serial number 13070009, meter code 0101, Modbus address 7, "),
        "{texts:?}"
    );
    assert_eq!(texts[2], "id 1: read 2 words at 5000h");
    assert!(texts[3].starts_with("id 1: 2 words from 5000h: 4366 0000, "), "{texts:?}");
    assert_eq!(texts[5], "id 3: no answer to: read 2 words at 5000h");
    // The wire is exact: what was measured is the meter's own delay, to the character.
    let turnaround: Vec<Duration> = listener
        .items()
        .filter_map(|item| match item.what {
            What::Answer { turnaround, .. } => turnaround,
            _ => None,
        })
        .collect();
    let delay = entry().def.modbus.unwrap().reply_delay + place(1).line.t35();
    for span in turnaround {
        let off = span.as_micros().abs_diff(delay.as_micros());
        assert!(off <= place(1).line.char_time().as_micros(), "{span} instead of {delay}");
    }
    assert_eq!(listener.masters(), Masters::One);
    let carried: usize = listener.items().map(|item| item.bytes.len()).sum();
    assert_eq!(listener.load().characters(), carried as u64);
}

#[test]
fn a_second_master_breaks_both_and_is_seen() {
    let bench = bench(&["pro1-mod load=\"L1 230V 5A\""]);
    let line = place(1).line;
    let mut tap = SimulatedPort::tap(bench.clone(), PortId::Modbus, line);
    let mut second = SimulatedPort::tap(bench.clone(), PortId::Modbus, line);
    let mut memory = LineMemory::default();
    let mut first = master(SimulatedPort::new(bench.clone(), PortId::Modbus), &mut memory, 1);
    let mut heard = ListenMemory::default();
    let mut listener = Listener::new(&mut heard, Spoken::Modbus, line);
    let mut right = 0u64;
    let work = async {
        for _ in 0..60 {
            let request = Request::ReadHolding { address: 0x5000, count: 2 };
            // An answer does not say what was asked: one to the other master's question passes for its own.
            let answer = first.exchange(&request, 1).await;
            right += u64::from(answer.is_ok_and(|answer| answer.words == [0x4366, 0]));
            first.wait(Duration::from_millis(70)).await.unwrap();
        }
    };
    let disturb = async {
        for pause in [61, 97, 143, 71].into_iter().cycle() {
            // One that sends when it wants to, as many chargers do.
            second.transmit(&[1, 3, 0x60, 0, 0, 2, 0xDA, 0x0B]).await.unwrap();
            second.wait(Duration::from_millis(pause)).await.unwrap();
        }
    };
    let mut told = |_: &Listener<'_>| true;
    let listened = listen(&mut tap, &mut listener, None, &mut told);
    run(&bench, beside(work, beside(disturb, listened)));
    assert!(right < 60, "{}{}", report(&listener), text(&listener, None));
    let node = listener.nodes().find(|node| node.unit == 1).unwrap();
    assert!(node.answered > 0 && node.polls().len() == 2, "{}", report(&listener));
    let errors = listener.errors();
    assert!(errors.damaged + errors.silent + errors.spoiled + errors.parity + errors.framing > 0);
    assert!(matches!(listener.masters(), Masters::Several { .. }), "{}", report(&listener));
}

#[test]
fn noise_is_counted_by_its_kind() {
    let bench = bench(&["pro1-mod"]);
    bench.borrow_mut().set_faults(PortId::Modbus, WireFaults { noise: 20, ..WireFaults::default() });
    let line = place(1).line;
    let mut tap = SimulatedPort::tap(bench.clone(), PortId::Modbus, line);
    let mut memory = LineMemory::default();
    let mut master = master(SimulatedPort::new(bench.clone(), PortId::Modbus), &mut memory, 1);
    let mut heard = ListenMemory::default();
    let mut listener = Listener::new(&mut heard, Spoken::Modbus, line);
    let mut failed = 0u64;
    let work = async {
        for _ in 0..60 {
            let request = Request::ReadHolding { address: 0x5000, count: 20 };
            failed += u64::from(master.exchange(&request, 1).await.is_err());
        }
        master.wait(Duration::from_secs(4)).await.unwrap();
    };
    run(&bench, beside(work, listen(&mut tap, &mut listener, None, &mut |_| true)));
    let node = listener.nodes().find(|node| node.unit == 1).unwrap();
    // A damaged question is none that is heard; each other one ends as answered or not.
    assert!(failed > 5, "{failed}");
    assert_eq!(node.asked, node.answered + node.silent + node.spoiled, "{}", report(&listener));
    assert_eq!(node.answered + failed, 60, "{}", report(&listener));
    assert!(listener.errors().parity > 0 && listener.errors().damaged > 0, "{}", text(&listener, None));
}

#[test]
fn an_mbus_is_heard_in_both_directions() {
    let bench = bench(&["pro1-mb energy.forward=12.34"]);
    let line = bench.borrow().twin(0).unwrap().device().port_line(PortId::Mbus).unwrap();
    bench.borrow_mut().set_master_line(PortId::Mbus, line);
    let mut tap = SimulatedPort::tap(bench.clone(), PortId::Mbus, line);
    let mut memory = MbusMemory::default();
    let port = SimulatedPort::new(bench.clone(), PortId::Mbus);
    let mut master = MbusLine::new(port, &mut memory, line, MbusTiming::default(), ());
    let mut heard = ListenMemory::default();
    let mut listener = Listener::new(&mut heard, Spoken::Mbus, line);
    let work = async {
        let mut live = MbusLive::new(Address::Primary(0), &["energy.forward", "energy.reverse"]);
        for _ in 0..5 {
            assert_eq!(live.step(&mut master).await.unwrap(), None);
        }
        live
    };
    let live = run(&bench, beside(work, listen(&mut tap, &mut listener, None, &mut |_| true)));
    let energy = &live.series()[0];
    let last = energy.text(energy.last().unwrap().value);
    assert_eq!((last.as_str(), energy.values().count()), ("12.34 kWh", 5));
    let node = listener.nodes().next().unwrap();
    assert_eq!((node.unit, node.answered), (0, node.asked));
    assert!(node.entry.is_some_and(|entry| entry.def.slug == "pro1-mb"));
    assert!(listener.errors().kinds().is_empty(), "{}", report(&listener));
}

#[test]
fn meters_that_take_less_at_once_are_read_and_watched_in_pieces() {
    for (quirk, most) in [("max-read=2", 2), ("max-read=6", 6), ("max-read=50", 50), ("max-read=124", 124)] {
        for model in models::ALL.iter().filter(|entry| entry.def.modbus.is_some()) {
            let bench = bench(&[&format!("{} {quirk}", model.def.slug)]);
            let mut memory = LineMemory::default();
            let at = factory_place(model);
            bench.borrow_mut().set_master_line(PortId::Modbus, at.line);
            let port = SimulatedPort::new(bench.clone(), PortId::Modbus);
            let mut line = Line::new(port, &mut memory, Transport::Rtu, at, Timing::default(), ());
            let read = run(&bench, read_out(&mut line, model, &mut |_| {})).unwrap();
            let bad = read.rows.iter().find(|row| row.value.is_err());
            assert!(bad.is_none(), "{} {quirk}: {bad:?}", model.def.slug);
            let mut live = Live::new(model, &["voltage", "power"], modbus::pdu::MAX_READ)
                .or_else(|_| Live::new(model, &["voltage.l1", "power"], modbus::pdu::MAX_READ))
                .unwrap();
            for _ in 0..12 {
                run(&bench, live.step(&mut line)).unwrap();
            }
            assert!(live.series().iter().all(|series| series.last().is_some()), "{} {quirk}", model.def.slug);
            assert!(live.spans().all(|span| span.count <= most), "{quirk}");
        }
    }
}

#[test]
fn an_ear_at_another_speed_hears_damage_and_says_so() {
    let bench = bench(&["pro1-mod"]);
    let mut tap = SimulatedPort::tap(bench.clone(), PortId::Modbus, LineParams::even(4_800));
    let mut memory = LineMemory::default();
    let mut line = master(SimulatedPort::new(bench.clone(), PortId::Modbus), &mut memory, 1);
    let mut heard = ListenMemory::default();
    let mut listener = Listener::new(&mut heard, Spoken::Modbus, LineParams::even(4_800));
    let work = async {
        for _ in 0..5 {
            line.exchange(&Request::ReadHolding { address: 0x5000, count: 2 }, 1).await.unwrap();
        }
    };
    run(&bench, beside(work, listen(&mut tap, &mut listener, None, &mut |_| true)));
    assert_eq!(listener.nodes().count(), 0);
    assert!(listener.errors().framing + listener.errors().parity + listener.errors().damaged > 0);
}
