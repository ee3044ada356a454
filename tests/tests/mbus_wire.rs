//! A master and a search on a wire of slaves, on simulated copper: a space of any slave wins, so answers at once collide
//! bit by bit. The slaves here are bare machines of the protocol, with a meter of three values behind them.

use mbus::{
    Application, Command, Data, FRAME_BUFFER, Finding, Garble, Heard, Identity, LISTEN_BUFFER, LineParams,
    Manufacturer, Master, MasterConfig, Outcome, Output, Place, RecordSource, Refused, Search, Slave,
    SlaveConfig, Step, Writer, link::address,
};
use rig::copper::{Meeting, Signal, characters};
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
    /// Carries the queued request out.
    fn exchange(&mut self) -> Came {
        self.now = self.now.max(self.master.poll_at().unwrap());
        let Some(Output::Transmit(bytes)) = self.master.poll(self.now) else { panic!("nothing to send") };
        let sent = bytes.to_vec();
        self.now += LINE.wire_time(sent.len());
        self.master.handle_tx_done(self.now);
        let mut signals = Vec::new();
        for (slave, meter) in &mut self.slaves {
            slave.handle_rx(self.now, &sent);
            let mut at = self.now;
            while let Some(due) = slave.poll_at().filter(|due| *due < self.now + Duration::from_millis(200)) {
                at = at.max(due);
                if let Some(Output::Transmit(bytes)) = slave.poll(at, meter) {
                    signals.push(Signal::new(at, LINE, bytes));
                    slave.handle_tx_done(at);
                }
            }
        }
        let heard = characters(&signals, Meeting::SpaceWins, LINE);
        let end = heard.last().map_or(self.now, |(at, _)| *at);
        let mut heard = heard.into_iter().peekable();
        loop {
            let due = self.master.poll_at().unwrap();
            let mut at = due;
            if let Some((end, character)) = heard.next_if(|(end, _)| *end <= due) {
                at = end;
                match character {
                    Ok(byte) => self.master.handle_rx(at, &[byte]),
                    Err(error) => self.master.handle_line_error(at, error),
                }
            }
            if let Some(Output::Event(outcome)) = self.master.poll(at) {
                let came = owned(outcome);
                self.now = end.max(at);
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
