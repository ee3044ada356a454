//! The loop that owns the meters.
//!
//! Masters at RTU ports share one bus, one after the other: who begins has it until an answer has left, or until it is
//! quiet. Others wait, so that frames of two masters never mix. An answer goes to the master that asked.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};

use device::PortOutput;
use modbus::PREDICT_GAP;
use rig::Twin;
use schema::PortId;
use units::{Duration, Instant, LineError, LineParams};

use super::gateway::Gateway;
use super::ports::{Event, Order, Source, Speech};
use crate::clock::Clock;
use crate::fault::{Fault, Kind};
use crate::out;
use crate::state::{self, Kept};

/// The meters are looked after at least so often.
const TICK: Duration = Duration::from_millis(250);
/// A state file is not written more often than this.
const SAVE_PAUSE: Duration = Duration::from_millis(100);

/// Something at an RTU port that waits to be heard.
#[derive(Debug)]
enum Sound {
    Bytes(Vec<u8>, Option<u32>),
    Damaged(LineError),
}

#[derive(Debug)]
struct Mouth {
    speech: Speech,
    orders: SyncSender<Order>,
    gateway: Gateway,
}

/// Meters, ports and the file that keeps them.
#[derive(Debug)]
pub struct World {
    clock: Clock,
    twins: Vec<Twin>,
    /// The bus that the ports carry: the one of the first meter.
    port: PortId,
    speed: u32,
    /// Up to when time has passed for the meters.
    passed: Instant,
    mouths: BTreeMap<Source, Mouth>,
    waiting: VecDeque<(Source, Sound)>,
    /// Who has the bus.
    owner: Option<Source>,
    /// The meter whose answer is on its way over a real line.
    sending: Option<usize>,
    /// Before this nobody else gets the bus: what was heard last may still be a part of something.
    quiet_at: Instant,
    file: Option<PathBuf>,
    saved: u64,
    saved_at: Instant,
    save_failed: bool,
    collision_told: bool,
}

impl World {
    /// A world at the present time.
    pub fn new(clock: Clock, twins: Vec<Twin>, speed: u32, file: Option<PathBuf>) -> Self {
        let port = twins.iter().find_map(|twin| twin.entry().def.wired()).unwrap_or(PortId::Modbus);
        Self {
            clock,
            twins,
            port,
            speed,
            passed: clock.now(),
            mouths: BTreeMap::new(),
            waiting: VecDeque::new(),
            owner: None,
            sending: None,
            quiet_at: Instant::ZERO,
            file,
            saved: 0,
            saved_at: Instant::ZERO,
            save_failed: false,
            collision_told: false,
        }
    }

    /// A line on each meter: model, serial number, id, speed and parity. Ids that are there twice are told.
    pub fn meters(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let line = |twin: &Twin| {
            let meter = format!("meter {} serial {:08}", twin.entry().def.slug, twin.serial());
            match twin.entry().def.wired().and_then(|port| twin.device().address(port)) {
                Some((line, id)) => format!("{meter} id {id} at {line}"),
                None => meter,
            }
        };
        for twin in &self.twins {
            let Some((_, id)) = twin.device().address(self.port) else { continue };
            if ids.contains(&id) {
                out::remark(&format!(
                    "metertwin: id {id} is there twice: both answer, and nobody understands them"
                ));
            }
            ids.push(id);
        }
        self.twins.iter().map(line).collect()
    }

    /// Speed and parity of the first meter, which a serial device takes.
    pub fn first_line(&self) -> LineParams {
        let line = self.twins.iter().find_map(|twin| twin.device().port_line(self.port));
        line.unwrap_or(LineParams::even(9_600))
    }

    fn images(&self) -> Vec<Kept> {
        let kept = |twin: &Twin| Kept {
            model: twin.entry().def.slug.to_owned(),
            serial: twin.serial(),
            image: twin.image().bytes().to_vec(),
        };
        self.twins.iter().map(kept).collect()
    }

    /// Writes the state file for the first time, so that one which cannot be written is known at once.
    ///
    /// # Errors
    /// A fault that names the file.
    pub fn first_save(&self) -> Result<(), Fault> {
        let Some(path) = &self.file else { return Ok(()) };
        state::save(path, &self.images()).map_err(|why| {
            let wrong =
                format!("{} cannot be written: {why}. Name a file in a folder of yours", path.display());
            Fault::option("--state", wrong)
        })
    }

    /// Writes the state file where something has changed in a memory and the last time is long enough ago.
    fn save(&mut self, now: Instant, at_once: bool) {
        let Some(path) = &self.file else { return };
        let writes = self.twins.iter().map(|twin| twin.image().writes()).sum();
        if writes == self.saved || (!at_once && now < self.saved_at + SAVE_PAUSE) {
            return;
        }
        match state::save(path, &self.images()) {
            Ok(()) => {
                self.saved = writes;
                self.save_failed = false;
            }
            Err(why) => {
                if !self.save_failed {
                    out::remark(&format!("metertwin: {} cannot be written: {why}", path.display()));
                }
                self.save_failed = true;
            }
        }
        self.saved_at = now;
    }

    /// Runs until the program is asked to end. With `listening`, masters can come at any time.
    ///
    /// # Errors
    /// A fault where no port is left.
    pub fn run(mut self, inbox: &Receiver<Event>, listening: bool) -> Result<(), Fault> {
        let end = loop {
            let now = self.pass();
            self.work(now);
            self.save(now, false);
            match inbox.recv_timeout(self.clock.until(self.next(now))) {
                Ok(Event::Stop) => break Ok(()),
                Ok(event) => {
                    let closed = matches!(event, Event::Closed { .. });
                    self.pass();
                    self.take(event);
                    if closed && !listening && self.mouths.is_empty() {
                        break Err(Fault::new(Kind::NoAnswer, "no port is left"));
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        };
        let now = self.pass();
        for twin in &mut self.twins {
            twin.device_mut().power(now, false);
        }
        self.save(now, true);
        end
    }

    /// Lets the time pass that has passed.
    fn pass(&mut self) -> Instant {
        let now = self.clock.now();
        let metered = now.since(self.passed).times(u64::from(self.speed));
        self.passed = now;
        for twin in &mut self.twins {
            twin.poll(now, metered);
        }
        now
    }

    /// When there is something to do next.
    fn next(&self, now: Instant) -> Instant {
        let buses = self.twins.iter().filter_map(|twin| twin.device().port_poll_at(self.port));
        let waits = (!self.waiting.is_empty() && self.quiet_at > now).then_some(self.quiet_at);
        buses.chain(waits).chain([now + TICK]).min().unwrap_or(now)
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Opened { source, speech, orders } => {
                self.mouths.insert(source, Mouth { speech, orders, gateway: Gateway::default() });
            }
            Event::Closed { source, why } => {
                if let Some(why) = why {
                    out::remark(&format!("metertwin: {why}"));
                }
                self.mouths.remove(&source);
                self.waiting.retain(|(other, _)| *other != source);
                if self.owner == Some(source) {
                    self.sent();
                    self.owner = None;
                }
            }
            Event::Heard { source, bytes, baud } => match self.mouths.get_mut(&source) {
                Some(mouth) if mouth.speech == Speech::Mbap => {
                    let now = self.clock.now();
                    let outcome = mouth.gateway.take(now, &bytes, &mut self.twins);
                    for answer in outcome.answers {
                        order(mouth, Order::Send(answer));
                    }
                    if outcome.close {
                        order(mouth, Order::Close);
                    }
                }
                Some(_) => self.waiting.push_back((source, Sound::Bytes(bytes, baud))),
                None => {}
            },
            Event::Damaged { source, error } => self.waiting.push_back((source, Sound::Damaged(error))),
            Event::Sent => self.sent(),
            Event::Stop => {}
        }
    }

    /// The answer on a real line has left.
    fn sent(&mut self) {
        let now = self.clock.now();
        if let Some(twin) = self.sending.take().and_then(|index| self.twins.get_mut(index)) {
            twin.device_mut().tx_done(self.port, now);
        }
    }

    /// Does what is due, and lets the next master be heard where the bus is free.
    fn work(&mut self, now: Instant) {
        self.answer(now);
        while let Some((source, sound)) = self.next_sound(now) {
            self.owner = Some(source);
            self.hear(now, source, &sound);
            self.answer(now);
        }
    }

    /// The next thing to be heard: of the one who has the bus, or of the first who waits where it is free.
    fn next_sound(&mut self, now: Instant) -> Option<(Source, Sound)> {
        // An adapter may report late that the answer has left: what a quick master asks meanwhile is kept.
        if self.sending.is_some() {
            return None;
        }
        let mine = self.waiting.iter().position(|(source, _)| Some(*source) == self.owner);
        if mine.is_some() {
            return mine.and_then(|index| self.waiting.remove(index));
        }
        let busy = self.twins.iter().any(|twin| twin.device().port_poll_at(self.port).is_some())
            || now < self.quiet_at;
        if busy { None } else { self.waiting.pop_front() }
    }

    fn hear(&mut self, now: Instant, source: Source, sound: &Sound) {
        let serial = self.mouths.get(&source).is_some_and(|mouth| mouth.speech == Speech::Serial);
        let (line, port) = (self.first_line(), self.port);
        self.quiet_at = now + PREDICT_GAP + Duration::from_millis(1);
        for twin in &mut self.twins {
            let Some(own) = twin.device().port_line(port) else { continue };
            let device = twin.device_mut();
            match sound {
                // The serial device is at the first meter's line; the others hear what is at their own.
                _ if serial && own != line => {}
                Sound::Bytes(bytes, baud) if baud.is_none_or(|baud| baud == own.baud) => {
                    device.rx(port, now, bytes)
                }
                Sound::Bytes(..) => device.line_error(port, now, LineError::Framing),
                Sound::Damaged(error) => device.line_error(port, now, *error),
            }
        }
    }

    /// Polls the buses and sends what the meters have to say to whom has asked.
    fn answer(&mut self, now: Instant) {
        let port = self.port;
        loop {
            let mut said: Vec<(usize, Vec<u8>)> = Vec::new();
            let mut worked = false;
            let mut moved = None;
            for (index, twin) in self.twins.iter_mut().enumerate() {
                while let Some(output) = twin.device_mut().port_poll(port, now) {
                    worked = true;
                    match output {
                        PortOutput::Transmit(bytes) => said.push((index, bytes.to_vec())),
                        PortOutput::Reconfigure(line) if index == 0 => moved = Some(line),
                        PortOutput::Reconfigure(_) | PortOutput::Event => {}
                    }
                }
            }
            if let Some(line) = moved {
                for mouth in self.mouths.values_mut().filter(|mouth| mouth.speech == Speech::Serial) {
                    order(mouth, Order::Line(line));
                }
            }
            self.speak(now, said);
            if !worked {
                return;
            }
        }
    }

    fn speak(&mut self, now: Instant, mut said: Vec<(usize, Vec<u8>)>) {
        let port = self.port;
        if said.len() > 1 && !self.collision_told {
            self.collision_told = true;
            out::remark(
                "metertwin: several meters answered at once; nothing readable arrives, as on a real line",
            );
        }
        let single = if said.len() == 1 { said.pop() } else { None };
        for (index, _) in said {
            self.done(now, index);
        }
        let Some((index, bytes)) = single else { return };
        for (other, twin) in self.twins.iter_mut().enumerate() {
            if other != index {
                twin.device_mut().rx(port, now, &bytes);
            }
        }
        self.quiet_at = now;
        let mouth = self.owner.and_then(|owner| self.mouths.get_mut(&owner));
        match mouth {
            Some(mouth) if mouth.speech == Speech::Serial => {
                self.sending = Some(index);
                order(mouth, Order::Send(bytes));
            }
            Some(mouth) => {
                order(mouth, Order::Send(bytes));
                self.done(now, index);
            }
            None => self.done(now, index),
        }
    }

    fn done(&mut self, now: Instant, index: usize) {
        if let Some(twin) = self.twins.get_mut(index) {
            twin.device_mut().tx_done(self.port, now);
        }
    }
}

/// Hands an order over. What a master does not fetch is lost, as on a wire.
fn order(mouth: &mut Mouth, order: Order) {
    match mouth.orders.try_send(order) {
        Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
    }
}
