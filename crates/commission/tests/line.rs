//! The line itself: what is counted and seen, what a dropped question leaves, and messages for what goes wrong.

mod common;

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use commission::{
    Bus, Counts, Direction, Fault, Line, MemoryJournal, Outcome, Plan, Port, PortFault, Received, Staged,
    Timing, Traffic, Transport, factory_place, write_plan,
};
use common::{Adapter, Cut, Fake, Slave, Wire, bench, block_on, entry};
use modbus::{LineParams, Request};
use units::{Duration, Instant};

const READ: Request<'static> = Request::ReadHolding { address: 0x4000, count: 2 };

#[test]
fn traffic_is_shown_with_its_meaning_and_counted() {
    let wire = Rc::new(RefCell::new(Wire::new([Slave::new(13_070_002)]).adapter(Adapter::Noise)));
    let seen = RefCell::new(Vec::new());
    let mut memory = commission::LineMemory::default();
    let observer = |traffic: &Traffic<'_>| {
        let arrow = if traffic.direction == Direction::Sent { ">" } else { "<" };
        let hex: Vec<String> =
            traffic.bytes[traffic.frame.clone()].iter().map(|b| format!("{b:02X}")).collect();
        let mark = if traffic.good { "" } else { "! " };
        seen.borrow_mut().push(format!("{arrow} {}: {mark}{}", hex.join(" "), traffic.meaning));
    };
    let place = factory_place(entry());
    let timing = Timing::default();
    let mut line = Line::new(Fake(wire.clone()), &mut memory, Transport::Rtu, place, timing, observer);
    line.set_entry(Some(entry()));
    block_on(line.exchange(&READ, 3)).unwrap();
    let refused = Request::ReadHolding { address: 0x5036, count: 2 };
    assert!(matches!(block_on(line.exchange(&refused, 3)), Err(Fault::Refused(_))));
    line.set_unit(9);
    assert!(block_on(line.exchange(&READ, 2)).is_err());
    let Counts { sent, good, bad, last_delay, .. } = line.counts();
    assert_eq!((sent, good, bad), (4, 2, 2));
    assert!(last_delay.unwrap() >= Duration::from_millis(20));
    drop(line);
    let silence = "<: ! No answer from id 9 at 9600 8E1 in 635 ms. Check the A and B wires and the meter's power, or try \
                   other speeds, parities and ids.";
    let seen: Vec<String> = seen.into_inner().into_iter().map(|line| line.replace("< :", "<:")).collect();
    assert_eq!(
        seen,
        [
            "> 01 03 40 00 00 02 D1 CB: Read serial number, 2 words at 4000h",
            "< 01 03 04 13 07 00 02 CE B7: 13070002",
            "> 01 03 50 36 00 02 35 05: Read 2 words at 5036h, where this model has no register",
            "< 01 83 02 C0 F1: ! Refused: register 5036h does not exist in this model (02)",
            "> 09 03 40 00 00 02 D0 83: Read serial number, 2 words at 4000h",
            silence,
            "> 09 03 40 00 00 02 D0 83: Read serial number, 2 words at 4000h",
            silence,
        ]
    );
}

#[test]
fn a_frame_of_ones_own_is_sent_as_it_is() {
    let (mut bus, _) = bench(Wire::new([Slave::new(13_070_002)]));
    let answer = block_on(bus.exchange_raw(&[0x01, 0x03, 0x40, 0x00, 0x00, 0x02, 0xD1, 0xCB])).unwrap();
    assert_eq!(answer, [0x01, 0x03, 0x04, 0x13, 0x07, 0x00, 0x02, 0xCE, 0xB7]);
    let none = block_on(bus.exchange_raw(&[0x01, 0x03, 0x40, 0x00, 0x00, 0x02, 0xD1, 0xCC])).unwrap();
    assert!(none.is_empty());
    assert!(matches!(block_on(bus.exchange_raw(&[0; 300])), Err(Fault::NoFrame(_))));
}

#[test]
fn a_refusal_is_shown_as_one_where_the_frame_was_made_by_hand_too() {
    let wire = Rc::new(RefCell::new(Wire::new([Slave::new(13_070_002)])));
    let good = RefCell::new(Vec::new());
    let mut memory = commission::LineMemory::default();
    let observer = |traffic: &Traffic<'_>| good.borrow_mut().push(traffic.good);
    let (place, timing) = (factory_place(entry()), Timing::default());
    let mut line = Line::new(Fake(wire), &mut memory, Transport::Rtu, place, timing, observer);
    block_on(line.exchange_raw(&[0x01, 0x03, 0x40, 0x00, 0x00, 0x02, 0xD1, 0xCB])).unwrap();
    block_on(line.exchange_raw(&[0x01, 0x03, 0x50, 0x36, 0x00, 0x02, 0x35, 0x05])).unwrap();
    drop(line);
    assert_eq!(good.into_inner(), [true, true, true, false]);
}

/// A port whose answers are not ready at once.
struct Slow(Fake, bool);

impl Port for Slow {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        self.0.transmit(bytes).await
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        std::future::poll_fn(|_| {
            self.1 = !self.1;
            if self.1 { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        self.0.receive(until).await
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        self.0.reconfigure(line).await
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        self.0.wait(span).await
    }

    fn now(&self) -> Instant {
        self.0.now()
    }
}

#[test]
fn a_question_that_was_dropped_does_not_spoil_the_next() {
    let wire = Rc::new(RefCell::new(Wire::new([Slave::new(13_070_002)])));
    let mut memory = commission::LineMemory::default();
    let port = Slow(Fake(wire), false);
    let mut line =
        Line::new(port, &mut memory, Transport::Rtu, factory_place(entry()), Timing::default(), ());
    let mut context = Context::from_waker(Waker::noop());
    {
        let other = Request::ReadHolding { address: 0x4005, count: 2 };
        let mut dropped = pin!(line.exchange(&other, 3));
        assert!(dropped.as_mut().poll(&mut context).is_pending());
    }
    let mut next = pin!(line.exchange(&READ, 1));
    let answer = loop {
        if let Poll::Ready(answer) = next.as_mut().poll(&mut context) {
            break answer.unwrap();
        }
    };
    assert_eq!(answer.words, [0x1307, 0x0002]);
}

/// A line on which somebody else never stops talking.
struct Chatter(u64);

impl Port for Chatter {
    async fn transmit(&mut self, _bytes: &[u8]) -> Result<(), PortFault> {
        panic!("nothing may be sent into a talking line")
    }

    async fn receive(&mut self, _until: Instant) -> Result<Received, PortFault> {
        self.0 += 1;
        Ok(Received::Bytes(vec![0x55]))
    }

    async fn reconfigure(&mut self, _line: LineParams) -> Result<(), PortFault> {
        Ok(())
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        self.0 += span.as_millis();
        Ok(())
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.0)
    }
}

#[test]
fn nothing_is_sent_into_a_line_that_never_falls_silent() {
    let mut memory = commission::LineMemory::default();
    let place = factory_place(entry());
    let mut line = Line::new(Chatter(0), &mut memory, Transport::Rtu, place, Timing::default(), ());
    block_on(line.wait(Duration::from_millis(5))).unwrap();
    assert_eq!(block_on(line.exchange(&READ, 3)), Err(Fault::NeverQuiet));
}

fn parity_step(wire: Wire) -> (String, Outcome) {
    let (mut bus, _) = bench(wire);
    let mut staged = Staged::new();
    staged.stage_change(entry(), "parity=none").unwrap();
    let plan = Plan::new(entry(), &staged, &[], None, bus.place()).unwrap();
    let mut journal = MemoryJournal::default();
    let reports = block_on(write_plan(&mut bus, &plan, &mut journal, &mut |_| {}));
    (reports[0].sentence(&plan), reports[0].outcome.clone())
}

#[test]
fn a_wire_cut_in_a_change_of_parity_says_what_both_cases_mean() {
    // Serial number and value before take 2 x (8 + 9) and (8 + 41) bytes at most; the write follows.
    let (mut bus, wire) = bench(Wire::new([Slave::new(1)]));
    block_on(bus.exchange(&READ, 1)).unwrap();
    block_on(bus.exchange(&Request::ReadHolding { address: 0x4000, count: 18 }, 1)).unwrap();
    let before = wire.borrow().carried;
    let mut wire = Wire::new([Slave::new(1)]);
    wire.cut = Some((before + 8 + 4, Cut::Wire));
    let (text, outcome) = parity_step(wire);
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{text}");
    assert_eq!(
        text,
        "Sent: set parity to none. If the meter took it, it speaks id 1 at 9600 8N1 now; asked there, nothing was heard. \
         If not, it still speaks id 1 at 9600 8E1; asked there, nothing was heard. Check the A and B wires and the \
         meter's power, then ask at both."
    );
    let mut wire = Wire::new([Slave::new(1)]);
    wire.cut = Some((before + 8 + 4, Cut::Unplugged));
    let (text, _) = parity_step(wire);
    assert_eq!(
        text,
        "Sent: set parity to none. It could not be read back. The adapter was unplugged or the connection was closed. \
         Plug it in again, then connect. If the meter took it, it has none; if not, even. Read the settings again to \
         know."
    );
}
