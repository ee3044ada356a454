use crate::input::{Input, chunks};
use iec62056::{
    Bcc, DeviceConfig, LineError, MESSAGE_BUFFER, ObisSource, Output, Refused, TariffDevice, control,
};
use units::{Duration, Instant};

/// A meter of three lines; its password is four zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Source {
    written: Vec<String>,
}

fn fill(into: &mut [u8], text: &[u8]) -> usize {
    let n = into.len().min(text.len());
    into[..n].copy_from_slice(&text[..n]);
    n
}

impl ObisSource for Source {
    fn manufacturer(&self) -> [u8; 3] {
        *b"INM"
    }

    fn baud(&self) -> u8 {
        b'5'
    }

    fn identification(&self, into: &mut [u8]) -> usize {
        fill(into, b"PRO1-2.18")
    }

    fn address(&self, into: &mut [u8]) -> usize {
        fill(into, b"13070001")
    }

    fn line(&self, index: u16, into: &mut [u8]) -> Option<usize> {
        let lines: [&[u8]; 3] = [b"0.0.0(13070001)", b"1.8.0(000001.00*kWh)", b"32.7.0(230.0*V)"];
        lines.get(usize::from(index)).map(|line| fill(into, line))
    }

    fn unlock(&mut self, password: &str) -> bool {
        password == "0000"
    }

    fn read(&mut self, address: &str, _: &str, _: bool, into: &mut [u8]) -> Result<usize, Refused> {
        let text = format!("{address}(1)");
        if text.len() > into.len() { Err(Refused(1)) } else { Ok(fill(into, text.as_bytes())) }
    }

    fn write(&mut self, address: &str, value: &str, unlocked: bool) -> Result<(), Refused> {
        if !unlocked {
            return Err(Refused(3));
        }
        self.written.push(format!("{address}={value}"));
        Ok(())
    }
}

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() & 1 {
        0 => any_chunking(&mut input),
        _ => story(&mut input),
    }
}

/// A message with a good check character.
fn message(body: &[u8]) -> Vec<u8> {
    let mut message = vec![control::SOH];
    message.extend(body.iter().map(|byte| byte & 0x7F));
    message.push(control::ETX);
    message.push(Bcc::of(&message[1..]).value());
    message
}

fn story(input: &mut Input<'_>) {
    let (mut rx, mut tx) = ([0; MESSAGE_BUFFER], [0; MESSAGE_BUFFER]);
    let mut device = TariffDevice::new(DeviceConfig::default(), &mut rx, &mut tx);
    let mut source = Source::default();
    let mut now = Instant::from_millis(100);
    while !input.is_empty() {
        match input.byte() % 12 {
            0 => device.handle_rx(now, input.counted()),
            1 => device.handle_rx(now, b"/?!\r\n"),
            2 => device.handle_rx(now, &[control::ACK, b'0', input.byte(), b'0' + input.byte() % 3, b'\r', b'\n']),
            3 => device.handle_rx(now, &message(b"P1\x02(0000)")),
            4 => device.handle_rx(now, &message(input.counted())),
            5 => device.handle_line_error(now, LineError::Parity),
            6 => device.handle_tx_done(now),
            7 => now += Duration::from_micros(u64::from(input.u16()) << (input.byte() % 12)),
            8 => device.handle_rx(now, &[control::NAK]),
            _ => now = device.poll_at().map_or(now, |at| now.max(at)),
        }
        let before = source.written.len();
        drain(&mut device, &mut source, now);
        assert!(source.written.len() <= before + 1, "one message writes one value");
    }
}

fn drain(device: &mut TariffDevice<'_>, source: &mut Source, now: Instant) -> Vec<u8> {
    let mut sent = Vec::new();
    let mut turns = 0;
    while let Some(output) = device.poll(now, source) {
        if let Output::Transmit(bytes) = output {
            assert!(!bytes.is_empty() && bytes.iter().all(|byte| byte & 0x80 == 0), "seven bits and something");
            sent.extend_from_slice(bytes);
        }
        turns += 1;
        assert!(turns < 1_000, "a poll that never ends");
    }
    sent
}

fn any_chunking(input: &mut Input<'_>) {
    let cuts = input.counted();
    let mut bytes = b"/?!\r\n".to_vec();
    bytes.extend(input.rest());
    assert_eq!(heard(&[&bytes]), heard(&chunks(&bytes, cuts)), "{bytes:02X?}");
}

fn heard(pieces: &[&[u8]]) -> (Vec<u8>, Source) {
    let (mut rx, mut tx) = ([0; MESSAGE_BUFFER], [0; MESSAGE_BUFFER]);
    let mut device = TariffDevice::new(DeviceConfig::default(), &mut rx, &mut tx);
    let mut source = Source::default();
    let mut now = Instant::from_millis(100);
    for piece in pieces {
        device.handle_rx(now, piece);
    }
    let mut sent = Vec::new();
    for _ in 0..100 {
        sent.extend(drain(&mut device, &mut source, now));
        device.handle_tx_done(now);
        let Some(at) = device.poll_at() else { break };
        now = now.max(at);
    }
    (sent, source)
}

/// A read-out, a session of programming, a wrong password, noise.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let session = [1, 9, 6, 2, b'5', 1, 9, 6, 3, 9, 6];
    vec![
        [&[1][..], &[1, 9, 6, 2, b'5', 0, 9, 6, 9, 6, 9, 6, 9, 6]].concat(),
        [&[1][..], &session, &[4, 11, b'W', b'1', 2, b'4', b'0', b'1', b'0', b'(', b'2', b'5', b')', 9, 6]].concat(),
        [&[1][..], &session, &[4, 9, b'R', b'1', 2, b'4', b'0', b'0', b'0', b'(', b')', 9, 6, 4, 2, b'B', b'0', 9]].concat(),
        [&[1][..], &[1, 9, 6, 2, b'5', 1, 9, 6, 4, 9, b'P', b'1', 2, b'(', b'1', b'2', b'3', b'4', b')', 9, 6]].concat(),
        [&[0, 2, 0, 1][..], b"\x06051\r\n"].concat(),
        vec![0, 0, b'/', b'?'],
    ]
}
