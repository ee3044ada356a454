use crate::input::{Input, chunks};
use mbus::{
    Command, Control, FRAME_BUFFER, Frame, Header, Identity, LineError, LineParams, Manufacturer, Output, RawRecord, RecordSource, Records, Refused,
    Slave, SlaveConfig,
};
use units::{Duration, Instant};

/// Three telegrams of one record each; writes what it is told to and refuses odd tariffs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    identity: Identity,
    address: u8,
    tariff: u8,
    written: usize,
}

impl RecordSource for Source {
    fn identity(&self) -> Identity {
        self.identity
    }

    fn address(&self) -> u8 {
        self.address
    }

    fn status(&self) -> u8 {
        0
    }

    fn telegram(&self, index: u8, into: &mut [u8]) -> Option<(usize, bool)> {
        let record = [0x01, 0xFD, 0x3A, index ^ self.tariff];
        into.get_mut(..4)?.copy_from_slice(&record);
        (index < 3).then_some((4, index < 2))
    }

    fn check(&self, command: &Command<'_>) -> Result<(), Refused> {
        match command {
            Command::Record(record) if record.vif == [0x7C] && number(record) % 2 == 1 => Err(Refused),
            Command::Other { .. } => Err(Refused),
            _ => Ok(()),
        }
    }

    fn write(&mut self, command: &Command<'_>) {
        assert!(self.check(command).is_ok(), "only what was allowed is written");
        self.written += 1;
        let Command::Record(record) = command else { return };
        match (record.vif, record.data) {
            ([0x7A], [address @ 0..=250]) => self.address = *address,
            ([0x79], &[a, b, c, d]) => self.identity.id = u32::from_le_bytes([a, b, c, d]),
            ([0x7C], _) => self.tariff = number(record),
            _ => {}
        }
    }
}

fn number(record: &RawRecord<'_>) -> u8 {
    record.data.first().copied().unwrap_or(0)
}

const SOURCE: Source = Source {
    identity: Identity { id: 0x1307_0001, manufacturer: Manufacturer::INM, version: 2, medium: 2 },
    address: 1,
    tariff: 0,
    written: 0,
};

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() & 1 {
        0 => any_chunking(&mut input),
        _ => story(&mut input),
    }
}

fn config() -> SlaveConfig {
    SlaveConfig { baud_trial: Some(Duration::from_secs(60)), ..SlaveConfig::new(1, LineParams::even(2_400)) }
}

/// A frame with a good check, made of what comes next.
fn good(input: &mut Input<'_>) -> Vec<u8> {
    let control = Control(input.pick(&[0x40, 0x5B, 0x7B, 0x53, 0x73, 0x5A, input.clone().byte()]));
    let address = input.pick(&[1, 0xFD, 0xFE, 0xFF, 2]);
    let (ci, data) = (input.byte(), input.counted());
    let frame = match control.0 {
        0x53 | 0x73 => Frame::Long { control, address, ci, data },
        _ => Frame::Short { control, address },
    };
    let mut out = [0; 300];
    let n = frame.emit(&mut out).unwrap_or(0);
    out[..n].to_vec()
}

fn story(input: &mut Input<'_>) {
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let mut slave = Slave::new(config(), &mut rx, &mut tx);
    let mut source = SOURCE;
    let mut now = Instant::from_millis(100);
    while !input.is_empty() {
        match input.byte() % 8 {
            0 => slave.handle_rx(now, input.counted()),
            1..=3 => slave.handle_rx(now, &good(input)),
            4 => now += Duration::from_micros(u64::from(input.u16()) << (input.byte() % 8)),
            5 => slave.handle_line_error(now, LineError::Framing),
            6 => slave.handle_tx_done(now),
            _ => now = slave.poll_at().map_or(now, |at| now.max(at)),
        }
        answers(&mut slave, &mut source, now);
    }
}

fn answers(slave: &mut Slave<'_>, source: &mut Source, now: Instant) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    let mut turns = 0;
    while let Some(output) = slave.poll(now, source) {
        if let Output::Transmit(bytes) = output {
            match Frame::parse(bytes).expect("a slave sends whole frames") {
                Frame::Long { ci: 0x72, data, .. } => {
                    let (header, records) = data.split_first_chunk().expect("a long header");
                    assert_eq!(Header::parse_long(*header).identity, Some(source.identity));
                    assert!(Records::new(records).all(|record| record.is_ok()));
                }
                Frame::Ack => {}
                other => panic!("{other:?} is nothing a slave says"),
            }
            sent.push(bytes.to_vec());
        }
        turns += 1;
        assert!(turns < 1_000, "a poll that never ends");
    }
    sent
}

fn any_chunking(input: &mut Input<'_>) {
    let cuts = input.counted();
    let mut bytes = good(input);
    bytes.extend(input.rest());
    assert_eq!(heard(&[&bytes]), heard(&chunks(&bytes, cuts)), "{bytes:02X?}");
}

fn heard(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Source) {
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let mut slave = Slave::new(config(), &mut rx, &mut tx);
    let mut source = SOURCE;
    let mut now = Instant::from_millis(100);
    for piece in pieces {
        now += Duration::from_millis(10);
        slave.handle_rx(now, piece);
    }
    let mut sent = Vec::new();
    for _ in 0..300 {
        sent.extend(answers(&mut slave, &mut source, now));
        slave.handle_tx_done(now);
        let Some(at) = slave.poll_at() else { break };
        now = now.max(at);
    }
    (sent, source)
}

/// A read-out in several telegrams, writes, a selection, another speed.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    vec![
        vec![0, 1, 2, 1, 0, 0, 0],
        vec![0, 2, 0, 3, 3, 0, 0x51, 5, 0x01, 0x7C, 0x01, b'T', 2],
        vec![1, 1, 0, 0, 0, 0, 7, 6, 1, 2, 0, 0, 0, 7, 6, 1, 1, 0, 0, 0, 7, 6, 1, 2, 0, 0, 0, 7],
        vec![1, 1, 3, 1, 0x52, 8, 0x01, 0xF0, 0xFF, 0x13, 0xFF, 0xFF, 0xFF, 0xFF, 7, 6, 1, 2, 1, 0, 0, 7],
        vec![1, 1, 3, 0, 0xBD, 0, 7, 6, 7, 4, 0xFF, 0xFF, 7, 1, 2, 0, 0, 0, 7],
        vec![1, 1, 3, 0, 0x51, 3, 0x01, 0x7A, 5, 7, 6, 1, 3, 0, 0x50, 0, 7],
    ]
}
