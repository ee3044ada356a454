//! The ends of a simulated wire as a [`Port`]: that of the master, and further ones.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::future::poll_fn;
use core::task::{Poll, Waker};

use modbus::LineParams;
use rig::{Bench, MasterEvent};
use schema::PortId;
use units::{Duration, Instant};

use crate::{Port, PortFault, Received};

/// An end of a bench's wire. Whoever lets the bench's time pass wakes what waits here.
#[derive(Clone, Debug)]
pub struct SimulatedPort {
    bench: Rc<RefCell<Bench>>,
    wire: PortId,
    /// The number of a further end; the master's own has none.
    tap: Option<usize>,
}

impl SimulatedPort {
    /// The master's end of one of this bench's wires; the bench keeps its line settings.
    #[must_use]
    pub fn new(bench: Rc<RefCell<Bench>>, wire: PortId) -> Self {
        Self { bench, wire, tap: None }
    }

    /// One more end of this bench's wire, set to `line`: of somebody who listens, or of a second master.
    #[must_use]
    pub fn tap(bench: Rc<RefCell<Bench>>, wire: PortId, line: LineParams) -> Self {
        let tap = Some(bench.borrow_mut().add_tap(wire, line));
        Self { bench, wire, tap }
    }

    fn wait_at(&self, bench: &mut Bench, until: Instant, waker: &Waker) {
        match self.tap {
            None => bench.master_wait(self.wire, Some(until), waker),
            Some(tap) => bench.tap_wait(self.wire, tap, Some(until), waker),
        }
    }

    async fn until(&self, until: Instant) {
        poll_fn(|context| {
            let mut bench = self.bench.borrow_mut();
            if bench.now() >= until {
                return Poll::Ready(());
            }
            self.wait_at(&mut bench, until, context.waker());
            Poll::Pending
        })
        .await;
    }
}

impl Port for SimulatedPort {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        let left = {
            let mut bench = self.bench.borrow_mut();
            if bench.is_lost(self.wire) {
                return Err(PortFault::Lost);
            }
            let line = match self.tap {
                None => {
                    bench.master_send(self.wire, bytes);
                    bench.master_line(self.wire)
                }
                Some(tap) => {
                    bench.tap_send(self.wire, tap, bytes);
                    bench.tap_line(self.wire, tap).unwrap_or_else(|| bench.master_line(self.wire))
                }
            };
            bench.now() + line.wire_time(bytes.len())
        };
        self.until(left).await;
        Ok(())
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        poll_fn(|context| {
            let mut bench = self.bench.borrow_mut();
            loop {
                let event = match self.tap {
                    None => bench.master_take(self.wire),
                    Some(tap) => bench.tap_take(self.wire, tap),
                };
                let Some(event) = event else { break };
                return Poll::Ready(match event {
                    MasterEvent::Bytes(bytes) => Ok(Received::Bytes(bytes)),
                    MasterEvent::LineError(error) => Ok(Received::LineError(error)),
                    MasterEvent::Lost => Err(PortFault::Lost),
                    // That the last bit has left is known from the time it takes.
                    MasterEvent::Sent => continue,
                });
            }
            if bench.now() >= until {
                return Poll::Ready(Ok(Received::Quiet));
            }
            self.wait_at(&mut bench, until, context.waker());
            Poll::Pending
        })
        .await
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        let mut bench = self.bench.borrow_mut();
        match self.tap {
            None => bench.set_master_line(self.wire, line),
            Some(tap) => bench.set_tap_line(self.wire, tap, line),
        }
        Ok(())
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        let until = self.now() + span;
        self.until(until).await;
        Ok(())
    }

    fn now(&self) -> Instant {
        self.bench.borrow().now()
    }
}
