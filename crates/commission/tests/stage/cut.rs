//! A port whose line is cut after so many bytes, whichever way they go.

use std::cell::RefCell;
use std::rc::Rc;

use commission::{Port, PortFault, Received};
use modbus::LineParams;
use units::{Duration, Instant};

/// What becomes of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The adapter is unplugged: the port says so.
    Unplugged,
    /// The wire is cut: nothing is heard any more.
    Wire,
    /// The program dies: its future is dropped where it waits.
    Crash,
}

/// How many bytes went over the line, and how many more may.
#[derive(Debug, Default)]
pub struct Meter {
    pub carried: usize,
    pub cut: Option<(usize, Cut)>,
}

impl Meter {
    fn room(&self) -> usize {
        self.cut.map_or(usize::MAX, |(at, _)| at.saturating_sub(self.carried))
    }

    fn gone(&self) -> bool {
        self.cut.is_some_and(|(at, _)| self.carried >= at)
    }

    fn lost(&self) -> bool {
        self.gone() && matches!(self.cut, Some((_, Cut::Unplugged)))
    }

    fn dead(&self) -> bool {
        self.gone() && matches!(self.cut, Some((_, Cut::Crash)))
    }
}

/// A port behind which the line is cut.
pub struct CutPort<P> {
    pub port: P,
    pub meter: Rc<RefCell<Meter>>,
}

impl<P: Port> CutPort<P> {
    /// A program that has died waits for ever.
    async fn alive(&self) {
        if self.meter.borrow().dead() {
            std::future::pending::<()>().await;
        }
    }
}

impl<P: Port> Port for CutPort<P> {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        self.alive().await;
        if self.meter.borrow().lost() {
            return Err(PortFault::Lost);
        }
        let leaves = bytes.len().min(self.meter.borrow().room());
        self.meter.borrow_mut().carried += bytes.len();
        let sent = bytes.get(..leaves).unwrap_or_default();
        if sent.is_empty() {
            self.port.wait(Duration::from_millis(1)).await?;
        } else {
            self.port.transmit(sent).await?;
        }
        self.alive().await;
        if self.meter.borrow().lost() { Err(PortFault::Lost) } else { Ok(()) }
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        self.alive().await;
        if self.meter.borrow().lost() {
            return Err(PortFault::Lost);
        }
        match self.port.receive(until).await? {
            Received::Bytes(mut bytes) => {
                let came = bytes.len().min(self.meter.borrow().room());
                self.meter.borrow_mut().carried += bytes.len();
                bytes.truncate(came);
                if bytes.is_empty() {
                    self.port.wait(until.since(self.port.now())).await?;
                    return Ok(Received::Quiet);
                }
                Ok(Received::Bytes(bytes))
            }
            other => Ok(other),
        }
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        self.alive().await;
        if self.meter.borrow().lost() {
            return Err(PortFault::Lost);
        }
        self.port.reconfigure(line).await
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        self.alive().await;
        self.port.wait(span).await
    }

    fn now(&self) -> Instant {
        self.port.now()
    }
}
