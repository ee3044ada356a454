//! The master's door to the line: the simulated wire or the real adapter, alike to all that is above.

use core::future::poll_fn;
use core::task::Poll;
use std::rc::Rc;

use commission::{Port, PortFault, Received, SimulatedPort};
use modbus::LineParams;
use units::{Duration, Instant};

use crate::serial::{Link, State};

/// One of the two.
pub enum AnyPort {
    /// The end of the simulated wire.
    Simulated(SimulatedPort),
    /// An adapter of this computer.
    Real {
        /// The open port.
        link: Rc<Link>,
        /// Its speed and parity.
        line: LineParams,
    },
}

/// Waits until `until` by the page's clock, which asks again at each of its ticks.
async fn wait_until(link: &Link, until: Instant) -> Result<(), PortFault> {
    poll_fn(|_| {
        if super::now() >= until {
            return Poll::Ready(Ok(()));
        }
        if link.state() == State::Lost {
            return Poll::Ready(Err(PortFault::Lost));
        }
        Poll::Pending
    })
    .await
}

impl Port for AnyPort {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        match self {
            Self::Simulated(port) => port.transmit(bytes).await,
            Self::Real { link, line } => {
                link.write(bytes).await?;
                // Browsers tell when the bytes are queued, not when they have left.
                wait_until(link, super::now() + line.wire_time(bytes.len())).await
            }
        }
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        let link = match self {
            Self::Simulated(port) => return port.receive(until).await,
            Self::Real { link, .. } => link,
        };
        poll_fn(|_| {
            if let Some(heard) = link.take() {
                return Poll::Ready(Ok(heard));
            }
            if link.state() != State::Open {
                return Poll::Ready(Err(PortFault::Lost));
            }
            if super::now() >= until {
                return Poll::Ready(Ok(Received::Quiet));
            }
            Poll::Pending
        })
        .await
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        match self {
            Self::Simulated(port) => port.reconfigure(line).await,
            Self::Real { link, line: own } => {
                link.reopen(line).await?;
                *own = line;
                Ok(())
            }
        }
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        match self {
            Self::Simulated(port) => port.wait(span).await,
            Self::Real { link, .. } => wait_until(link, super::now() + span).await,
        }
    }

    fn now(&self) -> Instant {
        match self {
            Self::Simulated(port) => port.now(),
            Self::Real { .. } => super::now(),
        }
    }
}
