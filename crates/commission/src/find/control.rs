//! Pause, resume and stop from outside, and the port that keeps to them.

use alloc::rc::Rc;
use alloc::string::ToString;
use core::cell::Cell;

use modbus::LineParams;
use units::{Duration, Instant};

use crate::port::{Port, PortFault, Received};

/// How often a search that is paused looks whether it may go on. What is heard meanwhile is thrown away.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    #[default]
    Go,
    Pause,
    Stop,
}

/// The lead of a running search: whoever started it keeps a copy. While paused nothing is sent, and the line is listened
/// away; a stop ends it before the next question.
#[derive(Clone, Debug, Default)]
pub struct Control(Rc<Cell<Wish>>);

impl Control {
    /// Sends nothing from now on, until [`Control::resume`].
    pub fn pause(&self) {
        if self.0.get() == Wish::Go {
            self.0.set(Wish::Pause);
        }
    }

    /// Goes on after a pause or for a new run.
    pub fn resume(&self) {
        self.0.set(Wish::Go);
    }

    /// Ends the search before its next question.
    pub fn stop(&self) {
        self.0.set(Wish::Stop);
    }

    /// True while paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.0.get() == Wish::Pause
    }

    /// True once stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.get() == Wish::Stop
    }
}

/// A port that sends nothing while its control says so.
#[derive(Debug)]
pub struct Leash<P> {
    port: P,
    control: Control,
}

impl<P: Port> Leash<P> {
    /// `port` at the lead of `control`.
    pub const fn new(port: P, control: Control) -> Self {
        Self { port, control }
    }

    /// The port.
    pub fn into_port(self) -> P {
        self.port
    }

    /// Waits until the control lets it send: how long that was, or nothing once it was stopped.
    pub(super) async fn leave(&mut self) -> Result<Option<Duration>, PortFault> {
        let begun = self.port.now();
        while self.control.is_paused() {
            let until = self.port.now() + LOOK;
            while self.port.now() < until {
                self.port.receive(until).await?;
            }
        }
        Ok((!self.control.is_stopped()).then(|| self.port.now().since(begun)))
    }
}

impl<P: Port> Port for Leash<P> {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        match self.leave().await? {
            Some(_) => self.port.transmit(bytes).await,
            None => Err(PortFault::Failed("the work was stopped".to_string())),
        }
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        self.port.receive(until).await
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        self.port.reconfigure(line).await
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        self.port.wait(span).await
    }

    fn now(&self) -> Instant {
        self.port.now()
    }
}
