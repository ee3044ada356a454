//! [`OpticalLine`]: a reading head over a [`Port`].

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use iec62056::{
    Done, Head, HeadConfig, HeadEvent, Identification, LISTEN_BUFFER, MESSAGE_BUFFER, Output, RequestError,
};

use super::OpticalFault;
use crate::{Port, Received};

/// The buffers of a head.
#[derive(Debug)]
pub struct OpticalMemory {
    rx: [u8; LISTEN_BUFFER],
    tx: [u8; MESSAGE_BUFFER],
}

impl Default for OpticalMemory {
    fn default() -> Self {
        Self { rx: [0; LISTEN_BUFFER], tx: [0; MESSAGE_BUFFER] }
    }
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpticalProgress<'a> {
    /// The meter said who it is: its maker's letters, the character of its speed, and its text.
    SignedOn(Identification<'a>),
    /// A line of the read-out, not proven before the end.
    Line(&'a str),
    /// The answer came damaged or not at all, and is asked for again; so many lines stay.
    Again(u16),
}

/// What a request was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The read-out is whole.
    ReadOut,
    /// The programming mode is open; what the meter says with its demand for a password.
    Open(String),
    /// A password or a value was acknowledged.
    Acknowledged,
    /// The data set that a read was answered with.
    Data(String),
    /// The session is over.
    Left,
}

/// A reading head over a port. The port is set to the speed that the session has.
#[derive(Debug)]
pub struct OpticalLine<'m, P> {
    port: P,
    head: Head<'m>,
    pending: Vec<u8>,
}

impl<'m, P: Port> OpticalLine<'m, P> {
    /// A head on `port`, which is at 300 Bd, seven data bits, even parity.
    pub fn new(port: P, memory: &'m mut OpticalMemory, config: HeadConfig) -> Self {
        Self { port, head: Head::new(config, &mut memory.rx, &mut memory.tx), pending: Vec::new() }
    }

    /// True while the programming mode is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.head.is_open()
    }

    /// True where the head repeats what it sends: the adapter works, and light comes back to it.
    #[must_use]
    pub const fn heard_echo(&self) -> bool {
        self.head.heard_echo()
    }

    /// Makes a request of the head and sees it to its end.
    ///
    /// # Errors
    /// [`OpticalFault`].
    pub async fn ask(
        &mut self,
        request: impl FnOnce(&mut Head<'m>) -> Result<(), RequestError>,
        on: &mut dyn FnMut(OpticalProgress<'_>),
    ) -> Result<Reply, OpticalFault> {
        if self.head.is_busy() {
            // The future of the request before was dropped.
            self.head.cancel(self.port.now());
        }
        self.pending.clear();
        request(&mut self.head)?;
        loop {
            let mut idle = true;
            while let Some(output) = self.head.poll(self.port.now()) {
                idle = false;
                match output {
                    Output::Transmit(bytes) => {
                        self.port.transmit(bytes).await?;
                        self.head.handle_tx_done(self.port.now());
                    }
                    Output::Reconfigure(line) => self.port.reconfigure(line).await?,
                    Output::Event(HeadEvent::Done(done)) => return end(done),
                    Output::Event(HeadEvent::Identified(who)) => on(OpticalProgress::SignedOn(who)),
                    Output::Event(HeadEvent::Line(line)) => on(OpticalProgress::Line(line)),
                    Output::Event(HeadEvent::Again { keep, .. }) => on(OpticalProgress::Again(keep)),
                    Output::Event(_) => {}
                }
            }
            let now = self.port.now();
            if !self.pending.is_empty() {
                let taken = self.head.handle_rx(now, &self.pending);
                // What finds no room in a head that has nothing to do for it is lost; the head notices the gap.
                let dropped = if taken == 0 && idle { self.pending.len() } else { taken };
                self.pending.drain(..dropped.min(self.pending.len()));
                continue;
            }
            match self.port.receive(self.head.poll_at().unwrap_or(now)).await? {
                Received::Bytes(bytes) => self.pending = bytes,
                Received::LineError(error) => self.head.handle_line_error(self.port.now(), error),
                Received::Quiet => {}
            }
        }
    }

    /// The same for a request that nobody watches.
    pub(super) async fn quietly(
        &mut self,
        request: impl FnOnce(&mut Head<'m>) -> Result<(), RequestError>,
    ) -> Result<Reply, OpticalFault> {
        self.ask(request, &mut |_| {}).await
    }
}

fn end(done: Done<'_>) -> Result<Reply, OpticalFault> {
    match done {
        Done::ReadOut { .. } => Ok(Reply::ReadOut),
        Done::Open { operand } => Ok(Reply::Open(operand.to_string())),
        Done::Acknowledged => Ok(Reply::Acknowledged),
        Done::Data(data) => Ok(Reply::Data(data.to_string())),
        Done::Left => Ok(Reply::Left),
        Done::Refused(text) => Err(OpticalFault::Refused(text.to_string())),
        Done::Failed(fault) => Err(OpticalFault::Head(fault)),
        // What a later head may tell is no answer to any request of today.
        _ => Err(OpticalFault::Head(iec62056::HeadFault::TooLong)),
    }
}
