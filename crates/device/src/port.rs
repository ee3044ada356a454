//! The places where a meter is spoken to, each with the machine that answers there.

mod mbus;
mod modbus;
mod optical;
mod radio;

use nv::Nv;
use schema::{ModelDef, PortId};
use units::{Instant, LineError, LineParams};

pub use self::mbus::{MbusPort, MbusQuirks};
pub use self::modbus::ModbusPort;
pub use self::optical::OpticalPort;
pub use self::radio::RadioPort;
use crate::works::Works;

/// What a port wants done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortOutput<'b> {
    /// Send these bytes, then call [`crate::Device::tx_done`] when the last stop bit has left.
    Transmit(&'b [u8]),
    /// Set the line to these parameters now.
    Reconfigure(LineParams),
    /// Something happened that is nobody's business but the machine's; ask again.
    Event,
}

/// The two buffers of a port, of the sizes that [`ModelDef::memory`] gives; empty where the model has no such port.
#[derive(Debug)]
pub struct Buffers<'a> {
    /// For what is received.
    pub rx: &'a mut [u8],
    /// For what is sent.
    pub tx: &'a mut [u8],
}

impl Buffers<'_> {
    /// None: for a port that the model does not have.
    #[must_use]
    pub fn none() -> Self {
        Self { rx: &mut [], tx: &mut [] }
    }
}

impl Default for Buffers<'_> {
    fn default() -> Self {
        Self::none()
    }
}

/// The buffers of all ports.
#[derive(Debug, Default)]
pub struct PortMemory<'a> {
    /// Of the Modbus.
    pub modbus: Buffers<'a>,
    /// Of the M-Bus.
    pub mbus: Buffers<'a>,
    /// Of the infrared window.
    pub optical: Buffers<'a>,
    /// Of the radio.
    pub radio: Buffers<'a>,
}

/// One or several ports. A program for one kind of meter takes only those it has terminals for: what is not named is
/// not linked.
pub trait Ports<'a> {
    /// The ports of a model, in this memory.
    fn new(model: &'static ModelDef, memory: PortMemory<'a>) -> Self;

    /// Power-up: everything heard is forgotten, speed and address are those of the settings.
    fn boot<N: Nv>(&mut self, works: &Works<'_, N>);

    /// The supply has gone.
    fn reset(&mut self);

    /// The radio is on, or not; nothing happens where there is none.
    fn switch_radio(&mut self, _on: bool) {}

    /// Speed and parity in force; `None` where there is no such port.
    fn line(&self, port: PortId) -> Option<LineParams>;

    /// Bytes arrive, in any chunking.
    fn rx(&mut self, port: PortId, now: Instant, bytes: &[u8]);

    /// A character arrives damaged.
    fn line_error(&mut self, port: PortId, now: Instant, error: LineError);

    /// The last stop bit of what was to be sent has left.
    fn tx_done<N: Nv>(&mut self, port: PortId, now: Instant, works: &mut Works<'_, N>);

    /// When the port has something to do next, without new bytes; an instant of the past means at once.
    fn poll_at<N: Nv>(&self, port: PortId, works: &Works<'_, N>) -> Option<Instant>;

    /// What the port wants done next. Call it until it yields nothing.
    fn poll<N: Nv>(&mut self, port: PortId, now: Instant, works: &mut Works<'_, N>)
    -> Option<PortOutput<'_>>;
}

/// Every port that a model has.
#[derive(Debug)]
pub struct AllPorts<'a> {
    /// The RS485 terminals.
    pub modbus: Option<ModbusPort<'a>>,
    /// The M-Bus terminals.
    pub mbus: Option<MbusPort<'a>>,
    /// The infrared window.
    pub optical: Option<OpticalPort<'a>>,
    /// The radio.
    pub radio: Option<RadioPort<'a>>,
}

/// The same call on the port that is meant, or `$none` where the model does not have it.
macro_rules! on {
    ($self:ident, $port:ident, $none:expr, |$it:ident| $call:expr) => {
        match $port {
            PortId::Modbus => match &mut $self.modbus {
                Some($it) => $call,
                None => $none,
            },
            PortId::Mbus => match &mut $self.mbus {
                Some($it) => $call,
                None => $none,
            },
            PortId::Optical => match &mut $self.optical {
                Some($it) => $call,
                None => $none,
            },
            PortId::Radio => match &mut $self.radio {
                Some($it) => $call,
                None => $none,
            },
        }
    };
}

impl<'a> Ports<'a> for AllPorts<'a> {
    fn new(model: &'static ModelDef, memory: PortMemory<'a>) -> Self {
        Self {
            modbus: model.modbus.map(|_| ModbusPort::with(model, memory.modbus)),
            mbus: model.mbus.map(|def| MbusPort::with(def, memory.mbus)),
            optical: model.optical.map(|def| OpticalPort::with(def, memory.optical)),
            radio: RadioPort::with(model, memory.radio),
        }
    }

    fn boot<N: Nv>(&mut self, works: &Works<'_, N>) {
        if let Some(port) = &mut self.modbus {
            port.boot(works);
        }
        if let Some(port) = &mut self.mbus {
            port.boot(works);
        }
        // Their lines are the same whatever the settings say.
        if let Some(port) = &mut self.optical {
            port.reset();
        }
        if let Some(port) = &mut self.radio {
            port.reset();
        }
    }

    fn reset(&mut self) {
        if let Some(port) = &mut self.modbus {
            port.reset();
        }
        if let Some(port) = &mut self.mbus {
            port.reset();
        }
        if let Some(port) = &mut self.optical {
            port.reset();
        }
        if let Some(port) = &mut self.radio {
            port.reset();
        }
    }

    fn switch_radio(&mut self, on: bool) {
        if let Some(port) = &mut self.radio {
            port.switch(on);
        }
    }

    fn line(&self, port: PortId) -> Option<LineParams> {
        match port {
            PortId::Modbus => self.modbus.as_ref().map(ModbusPort::line),
            PortId::Mbus => self.mbus.as_ref().map(MbusPort::line),
            PortId::Optical => self.optical.as_ref().map(OpticalPort::line),
            PortId::Radio => self.radio.as_ref().map(|_| radio::line()),
        }
    }

    #[inline]
    fn rx(&mut self, port: PortId, now: Instant, bytes: &[u8]) {
        on!(self, port, (), |it| it.rx(now, bytes));
    }

    fn line_error(&mut self, port: PortId, now: Instant, error: LineError) {
        on!(self, port, (), |it| it.line_error(now, error));
    }

    fn tx_done<N: Nv>(&mut self, port: PortId, now: Instant, works: &mut Works<'_, N>) {
        on!(self, port, (), |it| it.tx_done(now, works));
    }

    fn poll_at<N: Nv>(&self, port: PortId, works: &Works<'_, N>) -> Option<Instant> {
        match port {
            PortId::Modbus => self.modbus.as_ref()?.poll_at(works),
            PortId::Mbus => self.mbus.as_ref()?.poll_at(works),
            PortId::Optical => self.optical.as_ref()?.poll_at(),
            PortId::Radio => self.radio.as_ref()?.poll_at(works),
        }
    }

    #[inline]
    fn poll<N: Nv>(
        &mut self,
        port: PortId,
        now: Instant,
        works: &mut Works<'_, N>,
    ) -> Option<PortOutput<'_>> {
        on!(self, port, None, |it| it.poll(now, works))
    }
}
