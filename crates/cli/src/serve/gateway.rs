//! Modbus TCP in front of several meters: each whole frame goes to the meter of its unit id.

use modbus::{Event, FRAME_BUFFER, Framing, Output, Server, ServerConfig, mbap};
use rig::Twin;
use schema::PortId;
use units::{Duration, Instant};

/// A header that announces a frame up to so long is skipped with its frame; more is a stream out of step.
const MOST_SKIPPED: usize = 512 + 6;

/// One connection.
#[derive(Debug, Default)]
pub struct Gateway {
    pending: Vec<u8>,
    skip: usize,
}

/// What came of some bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What is to be sent.
    pub answers: Vec<Vec<u8>>,
    /// True where the connection is to be closed: the stream cannot be followed any more.
    pub close: bool,
}

impl Gateway {
    /// Takes bytes in and answers every whole frame in them.
    pub fn take(&mut self, now: Instant, bytes: &[u8], twins: &mut [Twin]) -> Outcome {
        self.pending.extend_from_slice(bytes);
        let mut outcome = Outcome::default();
        loop {
            let skipped = self.skip.min(self.pending.len());
            self.pending.drain(..skipped);
            self.skip -= skipped;
            let Some(header) = mbap::Header::read(&self.pending) else { break };
            let Ok(length) = header.frame_len() else {
                let length = usize::from(header.length) + 6;
                if header.protocol == 0 && header.length >= 255 && length <= MOST_SKIPPED {
                    self.skip = length;
                    continue;
                }
                outcome.close = true;
                break;
            };
            if self.pending.len() < length {
                break;
            }
            let frame: Vec<u8> = self.pending.drain(..length).collect();
            if let Some(twin) = addressed(header.unit, twins) {
                outcome.answers.extend(answer(now, header.unit, &frame, twin));
            }
        }
        outcome
    }
}

/// The meter of a unit id. Unit 0 and 255 stand for the device at the address itself: the first that speaks Modbus.
fn addressed(unit: u8, twins: &mut [Twin]) -> Option<&mut Twin> {
    let id = |twin: &Twin| twin.device().address(PortId::Modbus).map(|(_, id)| id);
    let own = twins.iter().position(|twin| id(twin) == Some(unit));
    let first = || twins.iter().position(|twin| id(twin).is_some()).filter(|_| matches!(unit, 0 | 255));
    let index = own.or_else(first)?;
    twins.get_mut(index)
}

fn answer(now: Instant, unit: u8, frame: &[u8], twin: &mut Twin) -> Option<Vec<u8>> {
    let mut config = ServerConfig::new(unit);
    twin.device_mut().configure_modbus(|bus| config = *bus);
    config.unit = unit;
    config.reply_delay = Duration::ZERO;
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let mut server = Server::new(Framing::Mbap, config, &mut rx, &mut tx);
    server.handle_rx(now, frame);
    let registers = twin.device_mut().registers();
    loop {
        match server.poll(now, registers)? {
            Output::Transmit(bytes) => return Some(bytes.to_vec()),
            Output::Event(Event::Close) => return None,
            Output::Event(_) | Output::Reconfigure(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rig::MeterSpec;

    fn twins() -> Vec<Twin> {
        let model = models::ALL[0].def.slug;
        let one =
            |rest: &str| MeterSpec::parse(&format!("{model} {rest}")).unwrap().build(None, Instant::ZERO);
        vec![one("serial=13070001 modbus-id=1").unwrap(), one("serial=13070002 modbus-id=2").unwrap()]
    }

    fn ask(gateway: &mut Gateway, bytes: &[u8], twins: &mut [Twin]) -> Outcome {
        gateway.take(Instant::from_millis(5), bytes, twins)
    }

    const SERIAL_OF_2: [u8; 12] = [0, 7, 0, 0, 0, 6, 2, 3, 0x40, 0, 0, 2];

    #[test]
    fn frames_go_to_the_meter_of_their_unit_in_any_chunking() {
        let mut twins = twins();
        let expected = vec![0, 7, 0, 0, 0, 7, 2, 3, 4, 0x13, 0x07, 0x00, 0x02];
        let mut gateway = Gateway::default();
        assert_eq!(ask(&mut gateway, &SERIAL_OF_2, &mut twins).answers, std::slice::from_ref(&expected));
        let mut answers = Vec::new();
        for byte in SERIAL_OF_2 {
            answers.extend(ask(&mut gateway, &[byte], &mut twins).answers);
        }
        assert_eq!(answers, std::slice::from_ref(&expected));
        let two = [SERIAL_OF_2, SERIAL_OF_2].concat();
        assert_eq!(ask(&mut gateway, &two, &mut twins).answers, [expected.clone(), expected]);
    }

    #[test]
    fn unit_255_is_the_first_meter_and_unknown_units_are_silent() {
        let mut twins = twins();
        let mut gateway = Gateway::default();
        let mut frame = SERIAL_OF_2;
        frame[6] = 255;
        assert_eq!(ask(&mut gateway, &frame, &mut twins).answers[0][11..], [0, 1]);
        frame[6] = 9;
        assert_eq!(ask(&mut gateway, &frame, &mut twins), Outcome::default());
    }

    #[test]
    fn a_stream_out_of_step_is_closed_and_a_frame_too_long_is_skipped() {
        let mut twins = twins();
        assert!(ask(&mut Gateway::default(), &[0, 1, 0, 0, 0xFF, 0xFF, 1, 3], &mut twins).close);
        let mut gateway = Gateway::default();
        let mut long = vec![0, 1, 0, 0, 1, 44, 1];
        long.resize(306, 0);
        long.extend_from_slice(&SERIAL_OF_2);
        let outcome = ask(&mut gateway, &long, &mut twins);
        assert_eq!((outcome.answers.len(), outcome.close), (1, false));
    }
}
