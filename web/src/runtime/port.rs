//! The master's door to the line: the simulated wire or the real adapter, alike to all that is above.

use core::future::poll_fn;
use core::task::Poll;
use std::cell::RefCell;
use std::rc::Rc;

use commission::{Port, PortFault, Received};
use modbus::LineParams;
use rig::{Bench, MasterEvent};
use units::{Duration, Instant};

use crate::serial::{Link, State};

/// One of the two.
pub enum AnyPort {
    /// The end of the simulated wire.
    Simulated {
        /// The bench it belongs to.
        bench: Rc<RefCell<Bench>>,
    },
    /// An adapter of this computer.
    Real {
        /// The open port.
        link: Rc<Link>,
        /// Its speed and parity.
        line: LineParams,
    },
}

/// What the wire tells the master now; bytes and errors only.
fn heard(bench: &mut Bench) -> Option<Result<Received, PortFault>> {
    loop {
        return Some(match bench.master_take()? {
            MasterEvent::Bytes(bytes) => Ok(Received::Bytes(bytes)),
            MasterEvent::LineError(error) => Ok(Received::LineError(error)),
            MasterEvent::Lost => Err(PortFault::Lost),
            MasterEvent::Sent => continue,
        });
    }
}

impl AnyPort {
    /// Waits until `until` by the port's clock.
    async fn until(&self, until: Instant) -> Result<(), PortFault> {
        poll_fn(|context| {
            if self.now() >= until {
                return Poll::Ready(Ok(()));
            }
            match self {
                Self::Simulated { bench } => bench.borrow_mut().master_wait(Some(until), context.waker()),
                Self::Real { link, .. } if link.state() == State::Lost => {
                    return Poll::Ready(Err(PortFault::Lost));
                }
                Self::Real { .. } => {}
            }
            Poll::Pending
        })
        .await
    }
}

impl Port for AnyPort {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        let line = match self {
            Self::Simulated { bench } => {
                let mut bench = bench.borrow_mut();
                bench.master_send(bytes);
                bench.master_line()
            }
            Self::Real { link, line } => {
                link.write(bytes).await?;
                *line
            }
        };
        // Browsers tell when the bytes are queued, not when they have left.
        let left = self.now() + line.wire_time(bytes.len());
        self.until(left).await
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        poll_fn(|context| {
            let next = match self {
                Self::Simulated { bench } => heard(&mut bench.borrow_mut()),
                Self::Real { link, .. } => link
                    .take()
                    .map(Ok)
                    .or_else(|| (link.state() != State::Open).then_some(Err(PortFault::Lost))),
            };
            if let Some(next) = next {
                return Poll::Ready(next);
            }
            if self.now() >= until {
                return Poll::Ready(Ok(Received::Quiet));
            }
            if let Self::Simulated { bench } = self {
                bench.borrow_mut().master_wait(Some(until), context.waker());
            }
            Poll::Pending
        })
        .await
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        match self {
            Self::Simulated { bench } => bench.borrow_mut().set_master_line(line),
            Self::Real { link, line: own } => {
                link.reopen(line).await?;
                *own = line;
            }
        }
        Ok(())
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        let until = self.now() + span;
        self.until(until).await
    }

    fn now(&self) -> Instant {
        match self {
            Self::Simulated { bench } => bench.borrow().now(),
            Self::Real { .. } => super::now(),
        }
    }
}
