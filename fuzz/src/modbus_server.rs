use crate::input::{Input, chunks};
use modbus::{
    Exception, FRAME_BUFFER, Framing, LineError, LineParams, Output, Parity, RegisterAccess, Server, ServerConfig, Unit0,
    Words, WriteKind, crc, mbap,
};
use units::{Duration, Instant};

/// Sixty-four registers from 4000h on, the last of them for reading only.
#[derive(Clone)]
struct Registers([u16; 64]);

impl RegisterAccess for Registers {
    fn words(&self, address: u16, count: u16) -> Result<&[u16], Exception> {
        let start = usize::from(address.checked_sub(0x4000).ok_or(Exception::IllegalDataAddress)?);
        self.0.get(start..start + usize::from(count)).ok_or(Exception::IllegalDataAddress)
    }

    fn write(&mut self, _: WriteKind, address: u16, words: Words<'_>) -> Result<(), Exception> {
        let start = usize::from(address.checked_sub(0x4000).ok_or(Exception::IllegalDataAddress)?);
        let place = self.0[..63].get_mut(start..start + words.len()).ok_or(Exception::IllegalDataValue)?;
        place.iter_mut().zip(words.iter()).for_each(|(to, from)| *to = from);
        Ok(())
    }
}

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() & 3 {
        0 | 1 => any_chunking(&mut input),
        _ => story(&mut input),
    }
}

fn config(input: &mut Input<'_>) -> ServerConfig {
    let bits = input.byte();
    let mut config = ServerConfig::new(1);
    config.unit0 = if bits & 1 == 0 { Unit0::Silent } else { Unit0::AnswersReads };
    config.fc04 = bits & 2 != 0;
    config.silent_unmapped = bits & 4 != 0;
    config.max_read = if bits & 8 != 0 { 30 } else { 125 };
    config.reply_delay = Duration::from_millis(u64::from(bits >> 4));
    config
}

const LINE: LineParams = LineParams::new(9_600, Parity::Even);

fn story(input: &mut Input<'_>) {
    let framing = match input.byte() % 3 {
        0 => Framing::predict_server(),
        1 => Framing::silence(LINE),
        _ => Framing::Mbap,
    };
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let mut server = Server::new(framing, config(input), &mut rx, &mut tx);
    let mut registers = Registers([7; 64]);
    let mut now = Instant::from_millis(1);
    while !input.is_empty() {
        match input.byte() % 9 {
            0..=2 => offer(&mut server, &mut registers, framing, now, input.counted()),
            // A good request to one of three units.
            3 => {
                let mut frame = vec![input.byte() % 3];
                frame.extend_from_slice(input.counted());
                if framing == Framing::Mbap {
                    let length = u16::try_from(frame.len()).unwrap_or(u16::MAX).to_be_bytes();
                    frame.splice(0..0, [0, 1, 0, 0, length[0], length[1]]);
                } else {
                    frame.extend(crc::wire(&frame));
                }
                offer(&mut server, &mut registers, framing, now, &frame);
            }
            4 => now += Duration::from_micros(u64::from(input.u16())),
            5 => server.handle_line_error(now, input.pick(&[LineError::Parity, LineError::Framing, LineError::Break])),
            6 => server.handle_tx_done(now),
            7 => {
                server.stage_line(LineParams::new(u32::from(input.u16()), Parity::None), input.byte());
            }
            _ => {
                if let Some(at) = server.poll_at() {
                    now = now.max(at);
                }
            }
        }
        answers(&mut server, &mut registers, framing, now);
    }
}

/// Bytes as a caller gives them: what is not taken comes again after the answers.
fn offer(server: &mut Server<'_>, registers: &mut Registers, framing: Framing, now: Instant, mut bytes: &[u8]) {
    let mut idle = 0;
    while !bytes.is_empty() && idle < 2 {
        let taken = server.handle_rx(now, bytes);
        assert!(framing == Framing::Mbap || taken == bytes.len(), "serial lines take all");
        bytes = &bytes[taken..];
        idle = if taken == 0 { idle + 1 } else { 0 };
        answers(server, registers, framing, now);
        if framing == Framing::Mbap {
            server.handle_tx_done(now);
        }
    }
}

fn answers(server: &mut Server<'_>, registers: &mut Registers, framing: Framing, now: Instant) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    let mut turns = 0;
    while let Some(output) = server.poll(now, registers) {
        if let Output::Transmit(bytes) = output {
            if framing == Framing::Mbap {
                assert!(mbap::open(bytes).is_ok());
            } else {
                assert!(crc::holds(bytes), "{bytes:02X?}");
            }
            sent.push(bytes.to_vec());
        }
        turns += 1;
        assert!(turns < 1_000, "a poll that never ends");
    }
    sent
}

/// The bytes in one piece and in any others, none 30 ms after the one before: the same answers, the same registers.
fn any_chunking(input: &mut Input<'_>) {
    let config = config(input);
    let cuts = input.counted();
    let mut bytes = input.rest().to_vec();
    if bytes.first().is_some_and(|first| first & 0xF0 == 0) {
        bytes.extend(crc::wire(&bytes));
    }
    let once = heard(config, &[&bytes]);
    assert_eq!(once, heard(config, &chunks(&bytes, cuts)), "{bytes:02X?}");
}

fn heard(config: ServerConfig, pieces: &[&[u8]]) -> (Vec<Vec<u8>>, [u16; 64]) {
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let framing = Framing::predict_server();
    let mut server = Server::new(framing, config, &mut rx, &mut tx);
    let mut registers = Registers([7; 64]);
    let mut now = Instant::from_millis(100);
    for piece in pieces {
        now += Duration::from_micros(29_999);
        server.handle_rx(now, piece);
    }
    let mut sent = Vec::new();
    for _ in 0..300 {
        sent.extend(answers(&mut server, &mut registers, framing, now));
        server.handle_tx_done(now);
        let Some(at) = server.poll_at() else { break };
        now = now.max(at);
    }
    (sent, registers.0)
}

/// A read, a write and noise, in each framing.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let read = [1, 3, 0x40, 0, 0, 2];
    let write = [1, 16, 0x40, 3, 0, 2, 4, 0x41, 0x20, 0, 0];
    let mut seeds = vec![
        [&[0, 0, 2, 0, 3][..], &read].concat(),
        [&[0, 0, 2, 0, 3][..], &write].concat(),
        [&[0, 0, 1, 4][..], &read, &crc::wire(&read), &read, &crc::wire(&read)].concat(),
    ];
    for framing in 0..3 {
        seeds.push(
            [&[2, framing, 2, 3, 1, 5][..], &read[1..], &[8, 6, 3, 1, 10], &write[1..], &[4, 0x80, 0, 8, 6, 0, 3, 1, 3, 0x40, 8]]
                .concat(),
        );
    }
    seeds
}

