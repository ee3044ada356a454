//! An M-Bus wire in virtual time, bit by bit: one master, many slaves, a space of any of them wins.

use mbus::{
    Application, Command, Data, FRAME_BUFFER, Garble, Heard, Identity, LineError, LineParams, Manufacturer,
    Master, Outcome, Output, Place, RecordSource, Refused, Slave, SlaveConfig, Writer,
};
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

/// The bits of a character, start and stop included: 8E1.
fn bits(byte: u8) -> impl Iterator<Item = bool> {
    let parity = byte.count_ones() % 2 == 1;
    std::iter::once(false).chain((0..8).map(move |bit| byte >> bit & 1 == 1)).chain([parity, true])
}

/// What a UART makes of the levels: the bit at which a character ends, and the character or its error.
fn characters(levels: &[bool]) -> Vec<(usize, Result<u8, LineError>)> {
    let level = |at: usize| levels.get(at).copied().unwrap_or(true);
    let (mut all, mut at) = (Vec::new(), 0);
    while at < levels.len() {
        if level(at) {
            at += 1;
            continue;
        }
        let byte = (0..8).fold(0u8, |byte, bit| byte | u8::from(level(at + 1 + bit)) << bit);
        let parity = byte.count_ones() % 2 == 1;
        let heard = match (level(at + 9) == parity, level(at + 10)) {
            (_, false) => Err(LineError::Framing),
            (false, _) => Err(LineError::Parity),
            _ => Ok(byte),
        };
        at += 11;
        all.push((at, heard));
    }
    all
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

    fn bit_time(&self, bit: usize) -> Duration {
        Duration::from_micros(bit as u64 * 1_000_000 / u64::from(self.line.baud))
    }

    /// Carries the master's request out and tells what it heard; `None` where it had nothing to send.
    pub fn exchange(&mut self) -> Option<Heard> {
        self.now = self.now.max(self.master.poll_at()?);
        let Some(Output::Transmit(bytes)) = self.master.poll(self.now) else { return None };
        let sent = bytes.to_vec();
        self.now += self.line.wire_time(sent.len());
        self.master.handle_tx_done(self.now);
        let mut levels: Vec<bool> = Vec::new();
        for (slave, meter) in &mut self.slaves {
            slave.handle_rx(self.now, &sent);
            let mut at = self.now;
            while let Some(due) = slave.poll_at().filter(|due| *due < self.now + Duration::from_millis(400)) {
                at = at.max(due);
                if let Some(Output::Transmit(bytes)) = slave.poll(at, meter) {
                    let from = (at - self.now).as_micros() * u64::from(self.line.baud) / 1_000_000;
                    let from = usize::try_from(from).unwrap_or(0);
                    let said = bytes.iter().flat_map(|byte| bits(*byte));
                    for (bit, level) in (from..).zip(said) {
                        if levels.len() <= bit {
                            levels.resize(bit + 1, true);
                        }
                        levels[bit] &= level;
                    }
                    slave.handle_tx_done(at);
                }
            }
        }
        let heard = characters(&levels);
        let mut heard = heard.iter().peekable();
        loop {
            let due = self.master.poll_at()?;
            let mut at = due;
            if let Some((bit, character)) =
                heard.peek().filter(|(bit, _)| self.now + self.bit_time(*bit) <= due)
            {
                at = self.now + self.bit_time(*bit);
                match character {
                    Ok(byte) => self.master.handle_rx(at, &[*byte]),
                    Err(error) => self.master.handle_line_error(at, *error),
                }
                heard.next();
            }
            let end = self.now + self.bit_time(levels.len());
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
