//! An M-Bus wire in virtual time, on simulated copper: one master, many slaves, a space of any of them wins.

use mbus::{
    Application, Command, Data, FRAME_BUFFER, Garble, Heard, Identity, LineParams, Manufacturer, Master,
    Outcome, Output, Place, RecordSource, Refused, Slave, SlaveConfig, Writer,
};
use rig::copper::{Meeting, Signal, characters};
use units::{Duration, Instant};

/// A meter with one energy: its telegram has 27 bytes.
struct Meter(Identity);

/// Bytes of a meter's telegram on the wire.
pub const TELEGRAM: usize = 27;

impl RecordSource for Meter {
    fn identity(&self) -> Identity {
        self.0
    }

    fn address(&self) -> u8 {
        0
    }

    fn status(&self) -> u8 {
        0
    }

    fn telegram(&self, index: u8, into: &mut [u8]) -> Option<(usize, bool)> {
        let mut writer = Writer::new(into);
        // Meters in use have counted differently. Telegrams that are equal but for their numbers can fall on each other bit
        // by bit and be heard as one of them: no master can tell.
        let energy =
            Data::Bcd { value: i64::from(self.0.id.wrapping_mul(2_654_435_761) % 1_000_000), digits: 8 };
        (index == 0).then(|| writer.record(Place::default(), &[0x04], energy).ok())??;
        Some((writer.len(), false))
    }

    fn check(&self, _: &Command<'_>) -> Result<(), Refused> {
        Err(Refused)
    }

    fn write(&mut self, _: &Command<'_>) {}
}

/// The wire.
pub struct Wire<'m> {
    /// The master, to be asked before [`Wire::exchange`].
    pub master: Master<'m>,
    slaves: Vec<(Slave<'m>, Meter)>,
    line: LineParams,
    /// The time on the wire.
    pub now: Instant,
}

impl<'m> Wire<'m> {
    /// Slaves of these numbers (BCD) that answer after 33 bit times, some a few bits later than others.
    pub fn new(
        master: Master<'m>,
        line: LineParams,
        ids: &[u32],
        buffers: &'m mut [([u8; FRAME_BUFFER], [u8; FRAME_BUFFER])],
    ) -> Self {
        let slaves = ids.iter().zip(buffers).enumerate().map(|(i, (id, (rx, tx)))| {
            let late = u16::try_from(i % 5).unwrap_or(0);
            let config = SlaveConfig { reply_bits: 33 + late, ..SlaveConfig::new(0, line) };
            let me = Identity { id: *id, manufacturer: Manufacturer::INM, version: 1, medium: 2 };
            (Slave::new(config, rx, tx), Meter(me))
        });
        Self { master, slaves: slaves.collect(), line, now: Instant::from_millis(1_000) }
    }

    /// Carries the master's request out and tells what it heard; `None` where it had nothing to send.
    pub fn exchange(&mut self) -> Option<Heard> {
        self.now = self.now.max(self.master.poll_at()?);
        let Some(Output::Transmit(bytes)) = self.master.poll(self.now) else { return None };
        let sent = bytes.to_vec();
        self.now += self.line.wire_time(sent.len());
        self.master.handle_tx_done(self.now);
        let mut signals = Vec::new();
        for (slave, meter) in &mut self.slaves {
            slave.handle_rx(self.now, &sent);
            let mut at = self.now;
            while let Some(due) = slave.poll_at().filter(|due| *due < self.now + Duration::from_millis(400)) {
                at = at.max(due);
                if let Some(Output::Transmit(bytes)) = slave.poll(at, meter) {
                    signals.push(Signal::new(at, self.line, bytes));
                    slave.handle_tx_done(at);
                }
            }
        }
        let heard = characters(&signals, Meeting::SpaceWins, self.line);
        let end = heard.last().map_or(self.now, |(at, _)| *at);
        let mut heard = heard.into_iter().peekable();
        loop {
            let due = self.master.poll_at()?;
            let mut at = due;
            if let Some((end, character)) = heard.next_if(|(end, _)| *end <= due) {
                at = end;
                match character {
                    Ok(byte) => self.master.handle_rx(at, &[byte]),
                    Err(error) => self.master.handle_line_error(at, error),
                }
            }
            if let Some(Output::Event(outcome)) = self.master.poll(at) {
                self.now = end.max(at);
                return Some(judged(outcome));
            }
        }
    }
}

fn judged(outcome: Outcome<'_>) -> Heard {
    match outcome {
        Outcome::Ack => Heard::Ack,
        Outcome::Silence => Heard::Silence,
        Outcome::Garbled { kind: Garble::Collision, .. } => Heard::Collision,
        Outcome::Response { ci, data, .. } => match Application::parse(ci, data) {
            Ok(Application::Variable { header, .. }) => header.identity.map_or(Heard::Noise, Heard::Identity),
            _ => Heard::Noise,
        },
        _ => Heard::Noise,
    }
}
