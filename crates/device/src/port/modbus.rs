//! The RS485 terminals: a Modbus server over the register map.

use modbus::{Framing, Output, Server, ServerConfig, Unit0};
use nv::Nv;
use schema::{ModelDef, PortId};
use units::{Duration, Instant, LineError, LineParams};

use super::{Buffers, PortMemory, PortOutput, Ports};
use crate::works::Works;

/// The RS485 terminals of a meter.
#[derive(Debug)]
pub struct ModbusPort<'a> {
    server: Server<'a>,
    /// Speed and parity in force: a change waits for the reply to leave.
    line: LineParams,
    /// The line whose pauses end a frame: the one in force, once the machine was asked again.
    framed: LineParams,
    /// The reply delay of the model.
    reply_delay: Duration,
    /// Somebody chose the reply delay: it no longer follows the line.
    own_delay: bool,
}

impl<'a> ModbusPort<'a> {
    pub(super) fn with(model: &ModelDef, buffers: Buffers<'a>) -> Self {
        let mut config = ServerConfig::new(1);
        let mut reply_delay = Duration::ZERO;
        if let Some(modbus) = &model.modbus {
            config.unit0 = if modbus.unit0_answers_reads { Unit0::AnswersReads } else { Unit0::Silent };
            config.fc04 = modbus.fc04;
            config.max_read = modbus.max_read;
            reply_delay = modbus.reply_delay;
        }
        let server = Server::new(Framing::predict_server(), config, buffers.rx, buffers.tx);
        let line = LineParams::even(9_600);
        Self { server, line, framed: line, reply_delay, own_delay: false }
    }

    /// Where frames are predicted, the pause that gives one up is that of the line in force.
    fn follow_line(&mut self) {
        self.framed = self.line;
        if let Framing::PredictServer { .. } = self.server.framing() {
            self.server.set_framing(Framing::predict_server_at(self.line));
        }
    }

    /// How the bus behaves: the reply delay and other quirks may be changed. A reply delay that was changed stays as it
    /// is, whatever the speed of the line.
    pub fn configure(&mut self, change: impl FnOnce(&mut ServerConfig)) {
        let mut config = *self.server.config();
        change(&mut config);
        self.own_delay |= config.reply_delay != self.server.config().reply_delay;
        self.server.set_config(config);
    }

    /// How the bus finds where a frame ends.
    pub fn set_framing(&mut self, framing: Framing) {
        self.server.set_framing(framing);
        self.time_replies(self.line);
    }

    /// The reply delay counts from the silence of 3.5 characters that ends a request. Where frames are predicted, the
    /// bus does not wait for that silence, so it is added here.
    fn time_replies(&mut self, line: LineParams) {
        if self.own_delay {
            return;
        }
        let mut config = *self.server.config();
        config.reply_delay = match self.server.framing() {
            Framing::Silence { .. } => self.reply_delay,
            _ => self.reply_delay + line.t35(),
        };
        self.server.set_config(config);
    }

    fn stage_line<N: Nv>(&mut self, works: &mut Works<'_, N>) {
        if core::mem::take(&mut works.line_changes.modbus) {
            let (line, unit) = works.modbus_line();
            self.server.stage_line(line, unit);
            self.time_replies(line);
        }
    }

    pub(super) fn boot<N: Nv>(&mut self, works: &Works<'_, N>) {
        let (line, unit) = works.modbus_line();
        self.line = line;
        self.server.reset();
        self.follow_line();
        self.server.set_unit(unit);
        self.time_replies(line);
    }

    pub(super) fn reset(&mut self) {
        self.server.reset();
    }

    pub(super) fn line(&self) -> LineParams {
        self.line
    }

    #[inline]
    pub(super) fn rx(&mut self, now: Instant, bytes: &[u8]) {
        self.server.handle_rx(now, bytes);
    }

    pub(super) fn line_error(&mut self, now: Instant, error: LineError) {
        self.server.handle_line_error(now, error);
    }

    pub(super) fn tx_done<N: Nv>(&mut self, now: Instant, works: &mut Works<'_, N>) {
        self.stage_line(works);
        self.server.handle_tx_done(now);
    }

    pub(super) fn poll_at<N: Nv>(&self, works: &Works<'_, N>) -> Option<Instant> {
        if works.line_changes.modbus && !self.server.is_sending() {
            return Some(Instant::ZERO);
        }
        self.server.poll_at()
    }

    #[inline]
    pub(super) fn poll<N: Nv>(&mut self, now: Instant, works: &mut Works<'_, N>) -> Option<PortOutput<'_>> {
        if works.line_changes.modbus && !self.server.is_sending() {
            self.stage_line(works);
        }
        if self.framed != self.line {
            self.follow_line();
        }
        works.refresh_image();
        Some(match self.server.poll(now, works)? {
            Output::Transmit(bytes) => PortOutput::Transmit(bytes),
            Output::Reconfigure(line) => {
                self.line = line;
                PortOutput::Reconfigure(line)
            }
            Output::Event(_) => PortOutput::Event,
        })
    }
}

/// A meter that has these terminals only.
impl<'a> Ports<'a> for ModbusPort<'a> {
    fn new(model: &'static ModelDef, memory: PortMemory<'a>) -> Self {
        Self::with(model, memory.modbus)
    }

    fn boot<N: Nv>(&mut self, works: &Works<'_, N>) {
        ModbusPort::boot(self, works);
    }

    fn reset(&mut self) {
        ModbusPort::reset(self);
    }

    fn line(&self, port: PortId) -> Option<LineParams> {
        (port == PortId::Modbus).then_some(self.line)
    }

    fn rx(&mut self, _port: PortId, now: Instant, bytes: &[u8]) {
        ModbusPort::rx(self, now, bytes);
    }

    fn line_error(&mut self, _port: PortId, now: Instant, error: LineError) {
        ModbusPort::line_error(self, now, error);
    }

    fn tx_done<N: Nv>(&mut self, _port: PortId, now: Instant, works: &mut Works<'_, N>) {
        ModbusPort::tx_done(self, now, works);
    }

    fn poll_at<N: Nv>(&self, _port: PortId, works: &Works<'_, N>) -> Option<Instant> {
        ModbusPort::poll_at(self, works)
    }

    fn poll<N: Nv>(
        &mut self,
        _port: PortId,
        now: Instant,
        works: &mut Works<'_, N>,
    ) -> Option<PortOutput<'_>> {
        ModbusPort::poll(self, now, works)
    }
}
