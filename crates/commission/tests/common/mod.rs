//! A line with meters on it in virtual time: each a Modbus server over the model's own tables, seen through an
//! adapter with faults.

#![allow(dead_code)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use commission::{
    Line, LineMemory, Place, Port, PortFault, Received, Timing, Transport, factory_place, parity,
};
use modbus::{
    Exception, FRAME_BUFFER, Framing, LineError, LineParams, Output, RegisterAccess, Server, ServerConfig,
    Words, WriteKind,
};
use models::Entry;
use schema::{Access, Codec, CommandId, Effect, IdentityOf, Rule, SettingId, Source, Unmapped};
use units::{Duration, Instant, Point, StateOf};

pub fn entry() -> &'static Entry {
    &models::ALL[0]
}

/// Polls a future whose every part is ready at once, since time is virtual.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing on a virtual line waits"),
    }
}

/// The registers of a meter.
pub struct Slave {
    pub settings: BTreeMap<SettingId, i32>,
    pub points: BTreeMap<u16, i64>,
    pub serial: u32,
    pub moved: bool,
    /// Writes that were executed.
    pub writes: u32,
    /// Refuses every write with this.
    pub refuses: Option<Exception>,
    /// Answers writes as done and does nothing.
    pub forgets: bool,
    /// Keeps id, speed and parity in memory only, for the next power-up.
    pub sluggish: bool,
    /// Refuses to read across this register together with others.
    pub balks_at: Option<u16>,
    /// Says that it is this model.
    pub code: Option<u16>,
    image: Vec<(u16, Vec<u16>)>,
}

impl Slave {
    pub fn new(serial: u32) -> Self {
        let settings = entry().def.all_settings().map(|setting| (setting.id, setting.default)).collect();
        let mut slave = Self {
            settings,
            points: BTreeMap::new(),
            serial,
            moved: false,
            writes: 0,
            refuses: None,
            forgets: false,
            sluggish: false,
            balks_at: None,
            code: None,
            image: Vec::new(),
        };
        for def in entry().def.all_registers() {
            if let (Source::Point(point), Codec::F32 { .. }) = (def.source, def.codec) {
                slave.points.insert(point.code(), 10 * i64::from(def.addr));
            }
        }
        slave.points.insert(Point::State(StateOf::PowerDowns).code(), 12);
        slave.redraw();
        slave
    }

    pub fn value(&self, source: Source) -> i64 {
        match source {
            Source::Setting(SettingId::Serial) => i64::from(self.serial),
            Source::Setting(id) => i64::from(self.settings[&id]),
            Source::Point(point) => self.points.get(&point.code()).copied().unwrap_or(0),
            Source::Identity(IdentityOf::MeterCode) if self.code.is_some() => i64::from(self.code.unwrap()),
            Source::Identity(of) => entry().def.identity.value(of),
            Source::Zero | Source::Same(_) => 0,
        }
    }

    pub fn redraw(&mut self) {
        self.image = entry()
            .def
            .registers
            .iter()
            .filter(|block| block.rule == Rule::Contiguous)
            .map(|block| {
                let mut words = vec![0; block.image_words()];
                for row in block.rows {
                    let pair = row.codec.encode(self.value(row.source), entry().def.unit(row.source));
                    let at = usize::from(row.addr - block.first());
                    let len = usize::from(row.codec.words());
                    words[at..at + len].copy_from_slice(&pair[..len]);
                }
                (block.first(), words)
            })
            .collect();
    }

    pub fn place(&self) -> Place {
        let mut place = factory_place(entry());
        for (id, value) in &self.settings {
            let (_, setting) = entry().def.setting(*id).unwrap();
            place = commission::Action::Set { setting, value: *value }.place_after(place);
        }
        place
    }
}

impl RegisterAccess for Slave {
    fn words(&self, address: u16, count: u16) -> Result<&[u16], Exception> {
        let end = u32::from(address) + u32::from(count);
        if self.balks_at.is_some_and(|at| address <= at && u32::from(at) < end && count > 2) {
            return Err(Exception::IllegalDataAddress);
        }
        for ((first, words), block) in self.image.iter().zip(entry().def.registers) {
            if let Some(at) = address.checked_sub(*first).map(usize::from)
                && let Some(found) = words.get(at..at + usize::from(count))
            {
                let hole = |addr: u32| block.row(u16::try_from(addr).unwrap()).is_none();
                if block.unmapped == Unmapped::Exception02 && (u32::from(address)..end).any(hole) {
                    return Err(Exception::IllegalDataAddress);
                }
                return Ok(found);
            }
        }
        Err(Exception::IllegalDataAddress)
    }

    fn write(&mut self, kind: WriteKind, address: u16, words: Words<'_>) -> Result<(), Exception> {
        if let Some(exception) = self.refuses {
            return Err(exception);
        }
        let row = entry()
            .def
            .all_registers()
            .find(|row| row.addr == address)
            .ok_or(Exception::IllegalDataAddress)?;
        let whole = usize::from(row.codec.words()) == words.len();
        if !whole || (kind == WriteKind::Single && words.len() > 1) {
            return Err(Exception::IllegalDataValue);
        }
        let pair = [words.get(0).unwrap(), words.get(1).unwrap_or(0)];
        match (row.access, row.source) {
            (Access::Write, Source::Setting(id)) => {
                let (_, setting) = entry().def.setting(id).unwrap();
                let value = row.codec.decode(pair, setting.unit).map_err(|_| Exception::IllegalDataValue)?;
                let value = setting.check(value).map_err(|_| Exception::IllegalDataValue)?;
                if !self.forgets {
                    self.settings.insert(id, value);
                    self.moved |= setting.effect == Effect::AfterReply && !self.sluggish;
                }
            }
            (Access::Command(CommandId::ResetPowerDowns | CommandId::ResetTrip, _), Source::Point(point)) => {
                if !self.forgets {
                    self.points.insert(point.code(), 0);
                }
            }
            _ => return Err(Exception::IllegalDataAddress),
        }
        self.writes += 1;
        self.redraw();
        Ok(())
    }
}

pub struct Node {
    pub slave: Slave,
    server: Server<'static>,
    line: LineParams,
}

impl Node {
    pub fn new(slave: Slave) -> Self {
        let Place { line, unit } = slave.place();
        let buffer = || vec![0; FRAME_BUFFER].leak();
        let mut config = ServerConfig::new(unit);
        let limits = entry().def.modbus.unwrap();
        config.reply_delay = limits.reply_delay;
        config.max_read = limits.max_read;
        if limits.unit0_answers_reads {
            config.unit0 = modbus::Unit0::AnswersReads;
        }
        Self { slave, server: Server::new(Framing::predict_server(), config, buffer(), buffer()), line }
    }
}

/// The adapters that make other masters fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adapter {
    Clean,
    /// 5 bytes every 16 ms.
    Chunks,
    /// A hole of 40 ms in the middle of the answer.
    Hole,
    /// Every request comes back first.
    Echo,
    /// One 00 before each answer.
    Noise,
    /// One FF after each answer.
    Tail,
    /// Each answer 400 ms late.
    Late,
    /// Every character of an answer fails the parity check.
    Parity,
    /// Anything, frame by frame, with answers at most so many ms late.
    Random(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The adapter is unplugged: the port says so.
    Unplugged,
    /// The wire is cut: nothing is heard any more.
    Wire,
}

pub struct Wire {
    pub now: Instant,
    pub line: LineParams,
    pub nodes: Vec<Node>,
    pub adapter: Adapter,
    /// How many bytes went over the wire, both ways.
    pub carried: usize,
    pub cut: Option<(usize, Cut)>,
    /// The system does not let the line be set.
    pub rigid: bool,
    /// Reads from an address on, so many registers, that nobody answers.
    pub silent_on: Option<Box<dyn Fn(u16, u16) -> bool>>,
    /// Reads that begin here are refused.
    pub refused_at: Option<u16>,
    pub frames: u32,
    seed: u64,
    events: Vec<(Instant, LineParams, Result<Vec<u8>, LineError>)>,
}

impl Wire {
    pub fn new(slaves: impl IntoIterator<Item = Slave>) -> Self {
        Self {
            now: Instant::from_millis(1_000),
            line: factory_place(entry()).line,
            nodes: slaves.into_iter().map(Node::new).collect(),
            adapter: Adapter::Clean,
            carried: 0,
            cut: None,
            rigid: false,
            silent_on: None,
            refused_at: None,
            frames: 0,
            seed: 1,
            events: Vec::new(),
        }
    }

    pub fn random(mut self, seed: u64, latest_ms: u64) -> Self {
        self.seed = seed | 1;
        self.adapter = Adapter::Random(latest_ms);
        self
    }

    pub fn adapter(mut self, adapter: Adapter) -> Self {
        self.adapter = adapter;
        self
    }

    pub fn slave(&mut self) -> &mut Slave {
        &mut self.nodes[0].slave
    }

    fn dice(&mut self, sides: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 11) % sides
    }

    /// What is left of `bytes` behind the place of the cut.
    fn carry(&mut self, bytes: &[u8]) -> Vec<u8> {
        let room = self.cut.map_or(usize::MAX, |(at, _)| at.saturating_sub(self.carried));
        self.carried += bytes.len();
        bytes[..bytes.len().min(room)].to_vec()
    }

    fn lost(&self) -> bool {
        matches!(self.cut, Some((at, Cut::Unplugged)) if self.carried >= at)
    }

    fn event(&mut self, at: Instant, line: LineParams, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.events.push((at, line, Ok(bytes)));
            self.events.sort_by_key(|(at, ..)| *at);
        }
    }

    fn answer(&mut self, at: Instant, line: LineParams, bytes: &[u8]) {
        let ms = Duration::from_millis;
        let bytes = self.carry(bytes);
        let half = bytes.len() / 2;
        match self.adapter {
            Adapter::Clean | Adapter::Echo => self.event(at, line, bytes),
            Adapter::Chunks => {
                for (number, chunk) in (0u64..).zip(bytes.chunks(5)) {
                    self.event(at + ms(16 * number), line, chunk.to_vec());
                }
            }
            Adapter::Hole => {
                self.event(at, line, bytes[..half].to_vec());
                self.event(at + ms(40), line, bytes[half..].to_vec());
            }
            Adapter::Noise => self.event(at, line, [&[0], &bytes[..]].concat()),
            Adapter::Tail => self.event(at, line, [&bytes[..], &[0xFF]].concat()),
            Adapter::Late => self.event(at + ms(400), line, bytes),
            Adapter::Parity => self.events.push((at, line, Err(LineError::Parity))),
            Adapter::Random(latest) => self.mangle(at, line, bytes, latest),
        }
    }

    fn mangle(&mut self, at: Instant, line: LineParams, mut bytes: Vec<u8>, latest: u64) {
        let ms = Duration::from_millis;
        let cut = usize::try_from(self.dice(bytes.len().max(1) as u64)).unwrap();
        match self.dice(20) {
            0 => {}
            1 => self.event(at, line, bytes[..cut].to_vec()),
            2 => {
                if let Some(byte) = bytes.get_mut(cut) {
                    *byte ^= 0x10;
                }
                self.event(at, line, bytes);
            }
            3 => self.event(at, line, [&[0x00], &bytes[..]].concat()),
            4 => self.event(at, line, [&bytes[..], &[0xFF]].concat()),
            5 => {
                self.event(at, line, bytes[..cut].to_vec());
                self.event(at + ms(40), line, bytes[cut..].to_vec());
            }
            6 | 7 => {
                let late = self.dice(latest);
                self.event(at + ms(late), line, bytes);
            }
            8 => {
                self.event(at, line, bytes.clone());
                self.event(at + ms(5), line, bytes);
            }
            9 => {
                self.events.push((at, line, Err(LineError::Parity)));
                self.event(at, line, bytes[cut..].to_vec());
            }
            _ => self.event(at, line, bytes),
        }
    }

    fn deliver(&mut self, bytes: &[u8]) {
        let line = self.line;
        if let Ok((unit, modbus::Request::ReadHolding { address, count })) = modbus::rtu::parse_request(bytes)
        {
            if self.silent_on.as_ref().is_some_and(|silent| silent(address, count)) {
                return;
            }
            if self.refused_at == Some(address) {
                let body = [unit, 0x83, 2];
                let frame = [&body[..], &modbus::crc::wire(&body)].concat();
                return self.event(self.now, line, frame);
            }
        }
        let mut answers = Vec::new();
        for node in &mut self.nodes {
            if node.line != line {
                node.server.handle_line_error(self.now, LineError::Parity);
                continue;
            }
            node.server.handle_rx(self.now, bytes);
            let mut at = self.now;
            loop {
                if let Some(due) =
                    node.server.poll_at().filter(|due| *due <= self.now + Duration::from_millis(25))
                {
                    at = at.max(due);
                }
                let mut sent = false;
                match node.server.poll(at, &mut node.slave) {
                    None => break,
                    Some(Output::Transmit(bytes)) => {
                        at += line.wire_time(bytes.len());
                        answers.push((at, node.line, bytes.to_vec()));
                        sent = true;
                    }
                    Some(Output::Reconfigure(line)) => node.line = line,
                    Some(Output::Event(_)) => {}
                }
                if std::mem::take(&mut node.slave.moved) {
                    let Place { line, unit } = node.slave.place();
                    node.server.stage_line(line, unit);
                }
                if sent {
                    node.server.handle_tx_done(at);
                }
            }
        }
        for (at, line, bytes) in answers {
            self.answer(at, line, &bytes);
        }
    }
}

/// The port of a wire. The test keeps a second handle.
#[derive(Clone)]
pub struct Fake(pub Rc<RefCell<Wire>>);

impl Port for Fake {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        let mut wire = self.0.borrow_mut();
        if wire.lost() {
            return Err(PortFault::Lost);
        }
        wire.frames += 1;
        let mut bytes = wire.carry(bytes);
        let span = wire.line.wire_time(bytes.len());
        wire.now += span;
        let echo = match wire.adapter {
            Adapter::Echo => true,
            Adapter::Random(_) => wire.dice(10) == 0,
            _ => false,
        };
        if echo {
            let (now, line) = (wire.now, wire.line);
            wire.event(now, line, bytes.clone());
        }
        if let Adapter::Random(_) = wire.adapter {
            let at = usize::try_from(wire.dice(bytes.len().max(1) as u64)).unwrap();
            match wire.dice(14) {
                0 => bytes.clear(),
                1 => bytes.truncate(at),
                2 => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 0x04;
                    }
                }
                _ => {}
            }
        }
        wire.deliver(&bytes);
        if wire.lost() { Err(PortFault::Lost) } else { Ok(()) }
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        let mut wire = self.0.borrow_mut();
        let due = wire.events.first().map(|(at, ..)| *at).filter(|at| *at <= until);
        let Some(at) = due else {
            if wire.lost() {
                return Err(PortFault::Lost);
            }
            wire.now = wire.now.max(until);
            return Ok(Received::Quiet);
        };
        wire.now = wire.now.max(at);
        let (_, line, what) = wire.events.remove(0);
        Ok(match what {
            Ok(_) if line.baud != wire.line.baud => Received::LineError(LineError::Framing),
            Ok(_) if line != wire.line => Received::LineError(LineError::Parity),
            Ok(bytes) => Received::Bytes(bytes),
            Err(error) => Received::LineError(error),
        })
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        let mut wire = self.0.borrow_mut();
        if wire.lost() {
            return Err(PortFault::Lost);
        }
        if wire.rigid {
            return Err(PortFault::Failed("this adapter cannot change its parity".into()));
        }
        wire.line = line;
        Ok(())
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        let mut wire = self.0.borrow_mut();
        wire.now += span;
        Ok(())
    }

    fn now(&self) -> Instant {
        self.0.borrow().now
    }
}

pub type Bench = Line<'static, Fake>;

/// A bus over `wire`, and a handle to look at it.
pub fn bench(wire: Wire) -> (Bench, Rc<RefCell<Wire>>) {
    let wire = Rc::new(RefCell::new(wire));
    let memory = Box::leak(Box::default());
    (bus(&wire, memory), wire)
}

pub fn bus(wire: &Rc<RefCell<Wire>>, memory: &'static mut LineMemory) -> Bench {
    let place = factory_place(entry());
    let place = Place { line: wire.borrow().line, ..place };
    Line::new(Fake(wire.clone()), memory, Transport::Rtu, place, Timing::default(), ())
}

/// The parity value of a word.
pub fn parity_value(token: modbus::Parity) -> i32 {
    let (_, setting) = entry().def.setting(SettingId::Parity).unwrap();
    (0..10).find(|value| parity(setting, *value) == Some(token)).unwrap()
}
