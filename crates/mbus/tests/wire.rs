//! A master and a search on a wire of slaves, bit by bit: a space of any slave wins, so answers at once collide as
//! they do on copper.

use mbus::{
    Application, Command, Data, FRAME_BUFFER, Finding, Garble, Heard, Identity, LISTEN_BUFFER, LineError,
    LineParams, Manufacturer, Master, MasterConfig, Outcome, Output, Place, RecordSource, Refused, Search,
    Slave, SlaveConfig, Step, Writer, link::address,
};
use units::{Duration, Instant};

const LINE: LineParams = LineParams::even(2400);

struct Meter {
    id: u32,
    tariff: u8,
    address: u8,
}

impl RecordSource for Meter {
    fn identity(&self) -> Identity {
        Identity { id: self.id, manufacturer: Manufacturer::INM, version: 2, medium: 2 }
    }

    fn address(&self) -> u8 {
        self.address
    }

    fn status(&self) -> u8 {
        0
    }

    fn telegram(&self, index: u8, into: &mut [u8]) -> Option<(usize, bool)> {
        if index > 0 {
            return None;
        }
        let mut writer = Writer::new(into);
        writer.record(Place::default(), &[0x04], Data::Bcd { value: 1234, digits: 8 }).ok()?;
        let tariff = Data::Bcd { value: i64::from(self.tariff), digits: 2 };
        writer.record(Place::default(), &[0x7C, 1, b'T'], tariff).ok()?;
        Some((writer.len(), false))
    }

    fn check(&self, command: &Command<'_>) -> Result<(), Refused> {
        match command {
            Command::Record(record) if matches!(record.vif, [0x7A]) => Ok(()),
            Command::Record(record) if matches!(record.number(), Some(1 | 2)) => Ok(()),
            Command::Baud(300..=9600) => Ok(()),
            _ => Err(Refused),
        }
    }

    fn write(&mut self, command: &Command<'_>) {
        let Command::Record(record) = command else { return };
        let number = record.number().and_then(|value| u8::try_from(value).ok());
        match (record.vif, number) {
            ([0x7A], Some(address)) => self.address = address,
            ([0x7C], Some(tariff)) => self.tariff = tariff,
            _ => {}
        }
    }
}

/// Puts the characters of one answer on the line from bit `start` on.
fn put(line: &mut Vec<bool>, start: usize, bytes: &[u8]) {
    let end = start + 11 * bytes.len();
    if line.len() < end {
        line.resize(end, true);
    }
    for (i, byte) in bytes.iter().enumerate() {
        let parity = byte.count_ones() % 2 == 1;
        let bits = std::iter::once(false).chain((0..8).map(|bit| byte >> bit & 1 == 1)).chain([parity, true]);
        for (bit, level) in bits.enumerate() {
            line[start + 11 * i + bit] &= level;
        }
    }
}

/// What a UART makes of the line: the bit each character ends at, and the character or its error.
fn hear(line: &[bool]) -> Vec<(usize, Result<u8, LineError>)> {
    let level = |at: usize| line.get(at).copied().unwrap_or(true);
    let (mut all, mut at) = (Vec::new(), 0);
    while at < line.len() {
        if level(at) {
            at += 1;
            continue;
        }
        let byte = (0..8).fold(0u8, |byte, bit| byte | u8::from(level(at + 1 + bit)) << bit);
        let heard = match (level(at + 9) == (byte.count_ones() % 2 == 1), level(at + 10)) {
            (_, false) => Err(LineError::Framing),
            (false, _) => Err(LineError::Parity),
            _ => Ok(byte),
        };
        at += 11;
        all.push((at, heard));
    }
    all
}

/// What became of a request, owned.
#[derive(Debug, PartialEq)]
enum Came {
    Ack,
    Telegram { from: u8, identity: Identity, status: u8, tariff: i64 },
    Silence,
    Garbled(Garble),
}

struct Wire<'m> {
    master: Master<'m>,
    slaves: Vec<(Slave<'m>, Meter)>,
    now: Instant,
}

impl Wire<'_> {
    fn bit_at(&self, bit: usize) -> Instant {
        self.now + Duration::from_micros(u64::try_from(bit).unwrap() * 1_000_000 / u64::from(LINE.baud))
    }

    /// Carries the queued request out.
    fn exchange(&mut self) -> Came {
        self.now = self.now.max(self.master.poll_at().unwrap());
        let Some(Output::Transmit(bytes)) = self.master.poll(self.now) else { panic!("nothing to send") };
        let sent = bytes.to_vec();
        self.now += LINE.wire_time(sent.len());
        self.master.handle_tx_done(self.now);
        let mut line = Vec::new();
        for (slave, meter) in &mut self.slaves {
            slave.handle_rx(self.now, &sent);
            let mut at = self.now;
            while let Some(due) = slave.poll_at().filter(|due| *due < self.now + Duration::from_millis(200)) {
                at = at.max(due);
                if let Some(Output::Transmit(bytes)) = slave.poll(at, meter) {
                    let bit = (at - self.now).as_micros() * u64::from(LINE.baud) / 1_000_000;
                    put(&mut line, usize::try_from(bit).unwrap(), bytes);
                    slave.handle_tx_done(at);
                }
            }
        }
        let heard = hear(&line);
        let mut heard = heard.iter();
        let mut next = heard.next();
        loop {
            let due = self.master.poll_at().unwrap();
            let mut at = due;
            if let Some((bit, character)) = next
                && self.bit_at(*bit) <= due
            {
                at = self.bit_at(*bit);
                match character {
                    Ok(byte) => self.master.handle_rx(at, &[*byte]),
                    Err(error) => self.master.handle_line_error(at, *error),
                }
                next = heard.next();
            }
            if let Some(Output::Event(outcome)) = self.master.poll(at) {
                let came = owned(outcome);
                self.now = self.bit_at(line.len()).max(at);
                return came;
            }
        }
    }
}

fn owned(outcome: Outcome<'_>) -> Came {
    match outcome {
        Outcome::Ack => Came::Ack,
        Outcome::Silence => Came::Silence,
        Outcome::Garbled { kind, .. } => Came::Garbled(kind),
        Outcome::Response { address, ci, data, .. } => {
            let Ok(Application::Variable { header, records }) = Application::parse(ci, data) else {
                panic!()
            };
            let tariff = records.map(Result::unwrap).last().unwrap().value.as_int().unwrap();
            Came::Telegram {
                from: address,
                identity: header.identity.unwrap(),
                status: header.status,
                tariff,
            }
        }
        other => panic!("{other:?}"),
    }
}

/// A wire of meters; every other answers a few bits later than its neighbour.
fn wire<R>(ids: &[u32], test: impl FnOnce(&mut Wire<'_>) -> R) -> R {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut buffers: Vec<_> = ids.iter().map(|_| ([0; FRAME_BUFFER], [0; FRAME_BUFFER])).collect();
    let slaves = ids
        .iter()
        .zip(&mut buffers)
        .enumerate()
        .map(|(i, (id, (rx, tx)))| {
            let late = if i % 2 == 0 { 0 } else { u16::try_from(i).unwrap() % 7 };
            let config = SlaveConfig { reply_bits: 22 + late, ..SlaveConfig::new(0, LINE) };
            (Slave::new(config, rx, tx), Meter { id: *id, tariff: 1, address: 0 })
        })
        .collect();
    let master = Master::new(MasterConfig::new(LINE), &mut rx, &mut tx);
    test(&mut Wire { master, slaves, now: Instant::from_millis(1000) })
}

/// Searches the wire; the numbers found in rising order, and what it cost.
fn find(wire: &mut Wire<'_>) -> (Vec<u32>, mbus::search::Cost) {
    let mut search = Search::default();
    let mut found = Vec::new();
    loop {
        match search.step() {
            Step::Done => break,
            Step::Select(mask) => wire.master.select(&mask).unwrap(),
            Step::Read(_) => wire.master.read(address::SELECTED).unwrap(),
        }
        let heard = match wire.exchange() {
            Came::Ack => Heard::Ack,
            Came::Silence => Heard::Silence,
            Came::Garbled(Garble::Collision) => Heard::Collision,
            Came::Garbled(_) => panic!("slaves make no noise"),
            Came::Telegram { identity, .. } => Heard::Identity(identity),
        };
        match search.handle(heard) {
            None => {}
            Some(Finding::Meter(meter)) => found.push(meter.id),
            Some(other) => panic!("{other:?}"),
        }
    }
    found.sort_unstable();
    (found, search.cost())
}

#[test]
fn a_search_over_real_collisions_finds_every_meter() {
    let ids: Vec<u32> = (0..64).map(|i| units::bcd::encode(19_020_246 + 37 * i, 8).unwrap()).collect();
    wire(&ids, |wire| {
        let (found, cost) = find(wire);
        assert_eq!(found, ids);
        assert_eq!((cost.selects, cost.noise), (111, 0));
    });
}

#[test]
fn a_meter_is_given_an_address_told_a_tariff_and_read_back() {
    wire(&[0x1307_0001, 0x1307_0002], |wire| {
        let me = Identity { id: 0x1307_0002, manufacturer: Manufacturer::INM, version: 2, medium: 2 };
        wire.master.select(&mbus::Mask::exactly(me)).unwrap();
        assert_eq!(wire.exchange(), Came::Ack);
        wire.master.send(address::SELECTED, 0x51, &[0x01, 0x7A, 0x05]).unwrap();
        assert_eq!(wire.exchange(), Came::Ack);
        wire.master.send(5, 0x51, &[0x09, 0x7C, 0x01, 0x54, 0x02]).unwrap();
        assert_eq!(wire.exchange(), Came::Ack);
        let telegram = |status| Came::Telegram { from: 5, identity: me, status, tariff: 2 };
        wire.master.read(5).unwrap();
        assert_eq!(wire.exchange(), telegram(0));
        wire.master.send(5, 0x51, &[0x09, 0x7C, 0x01, 0x54, 0x09]).unwrap();
        assert_eq!(wire.exchange(), Came::Ack, "an acknowledge proves nothing");
        wire.master.read(5).unwrap();
        assert_eq!(wire.exchange(), telegram(2), "the status does");
        wire.master.read(5).unwrap();
        assert_eq!(wire.exchange(), telegram(0));
        wire.master.read(7).unwrap();
        assert_eq!(wire.exchange(), Came::Silence);
    });
}

#[test]
fn a_meter_hidden_behind_another_is_found_once_their_access_numbers_differ() {
    // New meters: telegrams that differ in their numbers only, sent in the same bit. A space wins, so 31 is heard as 11,
    // check sum and parities included, and no master can tell.
    let ids = [0x1307_0011, 0x1307_0002, 0x1307_0031];
    wire(&ids, |wire| {
        let (found, _) = find(wire);
        assert_eq!(found, [0x1307_0002, 0x1307_0011]);
        for id in found {
            let me = Identity { id, manufacturer: Manufacturer::INM, version: 2, medium: 2 };
            wire.master.select(&mbus::Mask::exactly(me)).unwrap();
            assert_eq!(wire.exchange(), Came::Ack);
            wire.master.read(address::SELECTED).unwrap();
            assert!(matches!(wire.exchange(), Came::Telegram { identity, .. } if identity == me));
        }
        assert_eq!(find(wire).0, [0x1307_0002, 0x1307_0011, 0x1307_0031]);
    });
}
