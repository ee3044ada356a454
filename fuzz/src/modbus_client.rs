use crate::input::{Input, chunks};
use modbus::sniffer::Heard;
use modbus::{
    Client, ClientConfig, FRAME_BUFFER, LISTEN_BUFFER, LineError, LineParams, Outcome, Output, Parity, Request, Response, Sniffer,
    Words, crc, rtu,
};
use units::{Duration, Instant};

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 3 {
        0 => listen(&mut input),
        kind => ask(&mut input, kind == 2),
    }
}

const LINE: LineParams = LineParams::new(9_600, Parity::Even);

fn ask(input: &mut Input<'_>, tcp: bool) {
    let config = if tcp { ClientConfig::tcp() } else { ClientConfig::serial(LINE) };
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut client = Client::new(config, &mut rx, &mut tx);
    let mut now = Instant::from_millis(1);
    let mut count = None;
    let mut unit = 0;
    let mut sent = Vec::new();
    while !input.is_empty() {
        match input.byte() % 10 {
            0 | 1 => {
                let to = input.byte() % 4;
                let address = 0x5000 + u16::from(input.byte());
                let words = [input.byte().into(), 2, 3];
                let many = input.byte().into();
                let request = match input.byte() % 5 {
                    0 => Request::ReadHolding { address, count: many },
                    1 => Request::ReadInput { address, count: many },
                    2 => Request::WriteSingle { address, value: many },
                    3 => Request::WriteMultiple { address, words: Words::from_slice(&words) },
                    _ => Request::Other { function: 0x2B, data: input.counted() },
                };
                if client.request(now, to, &request, Duration::from_millis(300)).is_ok() {
                    unit = to;
                    count = match request {
                        Request::ReadHolding { count, .. } | Request::ReadInput { count, .. } => Some(count),
                        _ => None,
                    };
                }
            }
            2 => drop(client.request_raw(now, input.counted(), Duration::from_millis(100))),
            3 => client.handle_rx(now, input.counted()),
            // An answer whose check is right, as the client may have asked for.
            4 => {
                let mut frame = vec![unit.max(1)];
                frame.extend_from_slice(input.counted());
                frame.extend(crc::wire(&frame));
                client.handle_rx(now, &frame);
            }
            // The echo of an adapter.
            5 => client.handle_rx(now, &sent),
            6 => now += Duration::from_micros(u64::from(input.u16())),
            7 => client.handle_line_error(now, LineError::Parity),
            8 if input.byte() == 0 => client.cancel(now),
            8 => client.stage_line(LineParams::new(u32::from(input.u16()), Parity::None)),
            _ => now = client.poll_at().map_or(now, |at| now.max(at)),
        }
        let mut turns = 0;
        let mut transmitted = false;
        while let Some(output) = client.poll(now) {
            match output {
                Output::Transmit(bytes) => {
                    sent = bytes.to_vec();
                    transmitted = true;
                }
                Output::Event(Outcome::Reply(reply)) => {
                    assert!(unit == reply.unit || unit == 0);
                    if let (Response::Read { words, .. }, Some(count)) = (reply.response, count) {
                        assert_eq!(words.len(), usize::from(count), "an answer of the length that was asked");
                    }
                }
                _ => {}
            }
            turns += 1;
            assert!(turns < 100, "a poll that never ends");
        }
        if transmitted {
            client.handle_tx_done(now);
        }
    }
    // Whatever was asked ends.
    for _ in 0..10 {
        let Some(at) = client.poll_at() else { break };
        now = now.max(at);
        while let Some(output) = client.poll(now) {
            let sending = matches!(output, Output::Transmit(_));
            if sending {
                client.handle_tx_done(now);
            }
        }
    }
    assert!(!client.is_busy(), "a request that never ends");
}

/// Whatever was heard is told, in order and whole, and alike in any chunking.
fn listen(input: &mut Input<'_>) {
    let cuts = input.counted();
    let mut bytes = Vec::new();
    let sealed = input.byte();
    for bit in 0..4 {
        let mut part = input.counted().to_vec();
        if sealed >> bit & 1 != 0 {
            part.extend(crc::wire(&part));
        }
        bytes.extend(part);
    }
    bytes.extend(input.rest());
    let once = told(&[&bytes]);
    let heard: Vec<u8> = once.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    assert_eq!(heard, bytes, "every byte is told once");
    if bytes.len() < FRAME_BUFFER {
        let pieces = told(&chunks(&bytes, cuts));
        let heard: Vec<u8> = pieces.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        assert_eq!(heard, bytes, "every byte is told once, in pieces too");
    }
}

fn told(pieces: &[&[u8]]) -> Vec<(bool, Vec<u8>)> {
    let mut rx = [0; LISTEN_BUFFER];
    let mut sniffer = Sniffer::new(&mut rx);
    let mut now = Instant::from_millis(100);
    let mut told = Vec::new();
    let mut fetch = |sniffer: &mut Sniffer<'_>, now| {
        while let Some(heard) = sniffer.poll(now) {
            told.push(match heard {
                Heard::Request { frame, .. } | Heard::Response { frame, .. } => {
                    assert!(rtu::open(frame).is_ok());
                    (true, frame.to_vec())
                }
                Heard::Damaged { bytes, .. } => (false, bytes.to_vec()),
                Heard::Line { .. } => panic!("no such thing was reported"),
            });
        }
    };
    for piece in pieces {
        now += Duration::from_millis(1);
        let mut rest = *piece;
        while !rest.is_empty() {
            let taken = sniffer.handle_rx(now, rest);
            rest = &rest[taken..];
            fetch(&mut sniffer, now);
        }
    }
    for _ in 0..2_000 {
        let Some(at) = sniffer.poll_at() else { break };
        now = now.max(at);
        fetch(&mut sniffer, now);
    }
    told
}

/// A read and its answer, heard and asked for.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    vec![
        vec![0, 1, 3, 3, 6, 1, 3, 0x50, 0, 0, 2, 7, 1, 3, 4, 0x43, 0x66, 0x1A, 0x9E],
        vec![1, 0, 1, 0, 0, 2, 0, 9, 4, 6, 3, 4, 0x43, 0x66, 0x1A, 0x9E, 9],
        vec![1, 0, 1, 3, 9, 0, 3, 9, 5, 4, 5, 0x10, 0x50, 3, 0, 3, 9],
        vec![2, 0, 1, 0, 0, 1, 0, 9, 3, 11, 0, 1, 0, 0, 0, 5, 1, 3, 2, 0, 7, 9],
        vec![1, 2, 4, 1, 2, 3, 4, 9, 3, 2, 5, 6, 9],
    ]
}
