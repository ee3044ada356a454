//! The master's end of the simulated wire as a [`Port`].

use alloc::rc::Rc;
use core::cell::RefCell;
use core::future::poll_fn;
use core::task::Poll;

use modbus::LineParams;
use rig::{Bench, MasterEvent};
use schema::PortId;
use units::{Duration, Instant};

use crate::{Port, PortFault, Received};

/// The master's end of a bench's wire. Whoever lets the bench's time pass wakes what waits here.
#[derive(Clone, Debug)]
pub struct SimulatedPort {
    bench: Rc<RefCell<Bench>>,
    wire: PortId,
}

impl SimulatedPort {
    /// The master's end of one of this bench's wires; the bench keeps its line settings.
    #[must_use]
    pub fn new(bench: Rc<RefCell<Bench>>, wire: PortId) -> Self {
        Self { bench, wire }
    }

    async fn until(&self, until: Instant) {
        poll_fn(|context| {
            let mut bench = self.bench.borrow_mut();
            if bench.now() >= until {
                return Poll::Ready(());
            }
            bench.master_wait(self.wire, Some(until), context.waker());
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
            bench.master_send(self.wire, bytes);
            bench.now() + bench.master_line(self.wire).wire_time(bytes.len())
        };
        self.until(left).await;
        Ok(())
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        poll_fn(|context| {
            let mut bench = self.bench.borrow_mut();
            while let Some(event) = bench.master_take(self.wire) {
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
            bench.master_wait(self.wire, Some(until), context.waker());
            Poll::Pending
        })
        .await
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        self.bench.borrow_mut().set_master_line(self.wire, line);
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
