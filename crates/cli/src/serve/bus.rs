//! One wire of the meters: an RS485 pair, an M-Bus pair, the light between a head and one meter, or what stands for the
//! radio waves between a phone and one meter.
//!
//! Masters share it one after the other: who begins has it until an answer has left, or until it is quiet. Others wait,
//! so that frames of two masters never mix. An answer goes to the master that asked.

use std::collections::VecDeque;

use device::PortOutput;
use modbus::PREDICT_GAP;
use rig::Twin;
use schema::PortId;
use units::{Duration, Instant, LineError, LineParams};

use super::ports::{Order, Source, Speech};
use super::terminal::Lead;
use super::world::{Mouths, order};
use crate::out;

/// A meter that has nothing to do for so long keeps nobody waiting: what it waits for is no answer of its own.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Something that waits to be heard.
#[derive(Debug)]
pub enum Sound {
    /// Bytes, with the speed they were sent at where the port knows it.
    Bytes(Vec<u8>, Option<u32>),
    /// A damaged character.
    Damaged(LineError),
}

#[derive(Debug)]
struct Waiting {
    source: Source,
    sound: Sound,
    /// When its last character has arrived.
    at: Instant,
}

/// What a meter says.
#[derive(Debug)]
struct Said {
    index: usize,
    at: Instant,
    line: LineParams,
    bytes: Vec<u8>,
}

/// A wire and who is on it.
#[derive(Debug)]
pub struct Bus {
    /// Its place among all.
    number: usize,
    port: PortId,
    /// The numbers of its meters.
    members: Vec<usize>,
    waiting: VecDeque<Waiting>,
    /// Who has the bus.
    owner: Option<Source>,
    /// Who is connected over the radio: a meter has one connection at a time.
    connected: Option<Source>,
    /// The meters whose answer is on its way over a real line.
    sending: Vec<usize>,
    /// What is on an M-Bus now: other meters may still speak over it.
    air: Vec<Said>,
    /// Before this nobody else gets the bus: what was heard last may still be a part of something.
    quiet_at: Instant,
    collision_told: bool,
}

impl Bus {
    /// A quiet wire between these meters.
    pub fn new(number: usize, port: PortId, members: Vec<usize>) -> Self {
        Self {
            number,
            port,
            members,
            waiting: VecDeque::new(),
            owner: None,
            connected: None,
            sending: Vec::new(),
            air: Vec::new(),
            quiet_at: Instant::ZERO,
            collision_told: false,
        }
    }

    /// The terminals that it joins.
    pub fn port(&self) -> PortId {
        self.port
    }

    /// The numbers of its meters.
    pub fn members(&self) -> &[usize] {
        &self.members
    }

    /// Speed and parity of the first meter, which a serial device takes.
    pub fn first_line(&self, twins: &[Twin]) -> LineParams {
        let first = self.members.first().and_then(|index| twins.get(*index));
        first.and_then(|twin| twin.device().port_line(self.port)).unwrap_or(LineParams::even(9_600))
    }

    fn twins<'t>(&self, twins: &'t [Twin]) -> impl Iterator<Item = &'t Twin> {
        self.members.iter().filter_map(|index| twins.get(*index))
    }

    /// When there is something to do next.
    pub fn next(&self, now: Instant, twins: &[Twin]) -> Option<Instant> {
        let meters = self.twins(twins).filter_map(|twin| twin.device().port_poll_at(self.port));
        let quiet = (!self.waiting.is_empty() && self.quiet_at > now).then_some(self.quiet_at);
        let arrivals = self.waiting.iter().map(|waiting| waiting.at).filter(|at| *at > now);
        meters.chain(quiet).chain(arrivals).min()
    }

    /// Somebody was heard at a port.
    pub fn push(&mut self, now: Instant, source: Source, sound: Sound, twins: &[Twin]) {
        if !self.connects(now, source, twins) {
            return;
        }
        let mut at = now;
        // A pseudo-terminal carries bytes at once. An optical head changes its speed by the clock, in the time that its
        // acknowledgement takes and the meter keeps silent: there, what was sent takes as long as at its speed.
        if let (PortId::Optical, Sound::Bytes(bytes, Some(_))) = (self.port, &sound) {
            let before = self.waiting.iter().map(|waiting| waiting.at).max().unwrap_or(now);
            at = before.max(now) + self.first_line(twins).wire_time(bytes.len());
        }
        self.waiting.push_back(Waiting { source, sound, at });
    }

    /// True where somebody is heard at all. Over a radio that is the one who is connected, or the first to speak where nobody
    /// is; while it is off nobody is.
    fn connects(&mut self, now: Instant, source: Source, twins: &[Twin]) -> bool {
        if self.port != PortId::Radio {
            return true;
        }
        if !self.twins(twins).any(|twin| twin.device().bluetooth(now)) {
            self.connected = None;
            return false;
        }
        *self.connected.get_or_insert(source) == source
    }

    /// Somebody is gone.
    pub fn forget(&mut self, now: Instant, source: Source, twins: &mut [Twin]) {
        self.waiting.retain(|waiting| waiting.source != source);
        if self.connected == Some(source) {
            self.connected = None;
            for index in &self.members {
                if let Some(twin) = twins.get_mut(*index) {
                    twin.device_mut().hang_up();
                }
            }
        }
        if self.owner == Some(source) {
            self.sent(now, twins);
            self.owner = None;
        }
    }

    /// The answer on a real line has left.
    pub fn sent(&mut self, now: Instant, twins: &mut [Twin]) {
        for index in std::mem::take(&mut self.sending) {
            self.done(now, index, twins);
        }
    }

    /// Does what is due, and lets the next master be heard where the bus is free.
    pub fn work(&mut self, now: Instant, twins: &mut [Twin], mouths: &mut Mouths) {
        self.answer(now, twins, mouths);
        while let Some((source, sound)) = self.next_sound(now, twins) {
            self.owner = Some(source);
            let speech = mouths.get(&source).map(|mouth| mouth.speech);
            if let Sound::Bytes(bytes, _) = &sound {
                self.overhear(bytes, mouths);
            }
            self.hear(now, speech == Some(Speech::Serial), &sound, twins);
            self.answer(now, twins, mouths);
        }
    }

    /// The next thing to be heard: of the one who has the bus, or of the first who waits where it is free.
    fn next_sound(&mut self, now: Instant, twins: &[Twin]) -> Option<(Source, Sound)> {
        // An adapter may report late that the answer has left: what a quick master asks meanwhile is kept.
        if !self.sending.is_empty() {
            return None;
        }
        let mine = self.waiting.iter().position(|waiting| Some(waiting.source) == self.owner);
        let soon = |at: Instant| at < now + ANSWERS_WITHIN;
        let busy = || {
            let port = self.port;
            now < self.quiet_at
                || !self.air.is_empty()
                || self.twins(twins).any(|twin| twin.device().port_poll_at(port).is_some_and(soon))
        };
        let index = if mine.is_none() && busy() { None } else { Some(mine.unwrap_or(0)) }?;
        if self.waiting.get(index)?.at > now {
            return None;
        }
        self.waiting.remove(index).map(|waiting| (waiting.source, waiting.sound))
    }

    /// Who listens gets what is said, whoever says it.
    fn overhear(&self, bytes: &[u8], mouths: &mut Mouths) {
        for mouth in mouths.values_mut().filter(|mouth| mouth.lead == Lead::Tap(self.number)) {
            order(mouth, Order::Send { bytes: bytes.to_vec(), baud: None });
        }
    }

    fn hear(&mut self, now: Instant, serial: bool, sound: &Sound, twins: &mut [Twin]) {
        let (line, port) = (self.first_line(twins), self.port);
        self.quiet_at = now + PREDICT_GAP + Duration::from_millis(1);
        for index in &self.members {
            let Some(twin) = twins.get_mut(*index) else { continue };
            let Some(own) = twin.device().port_line(port) else { continue };
            let device = twin.device_mut();
            match sound {
                // The serial device is at the first meter's line; the others hear what is at their own.
                _ if serial && own != line => {}
                // A radio has no speed that anybody could miss.
                Sound::Bytes(bytes, baud) if own.is_radio() || baud.is_none_or(|baud| baud == own.baud) => {
                    device.rx(port, now, bytes)
                }
                Sound::Bytes(..) => device.line_error(port, now, LineError::Framing),
                Sound::Damaged(error) => device.line_error(port, now, *error),
            }
        }
    }

    /// Polls the meters and sends what they have to say to whom has asked.
    fn answer(&mut self, now: Instant, twins: &mut [Twin], mouths: &mut Mouths) {
        let port = self.port;
        loop {
            let mut said: Vec<Said> = Vec::new();
            let mut worked = false;
            let mut moved = None;
            for index in &self.members {
                let Some(twin) = twins.get_mut(*index) else { continue };
                let Some(line) = twin.device().port_line(port) else { continue };
                while let Some(output) = twin.device_mut().port_poll(port, now) {
                    worked = true;
                    match output {
                        PortOutput::Transmit(bytes) => {
                            said.push(Said { index: *index, at: now, line, bytes: bytes.to_vec() })
                        }
                        PortOutput::Reconfigure(line) if self.members.first() == Some(index) => {
                            moved = Some(line);
                        }
                        PortOutput::Reconfigure(_) | PortOutput::Event => {}
                    }
                }
            }
            if let Some(line) = moved {
                let here = mouths.values_mut().filter(|mouth| mouth.lead == Lead::Bus(self.number));
                for mouth in here.filter(|mouth| mouth.speech == Speech::Serial) {
                    order(mouth, Order::Line(line));
                }
            }
            if port == PortId::Mbus {
                self.air.extend(said);
                self.speak_over_each_other(now, twins, mouths);
            } else {
                self.speak_alone(now, said, twins, mouths);
            }
            if !worked {
                return;
            }
        }
    }

    /// Where several meters speak at once on RS485, nothing readable arrives. The other meters hear what one says.
    fn speak_alone(&mut self, now: Instant, mut said: Vec<Said>, twins: &mut [Twin], mouths: &mut Mouths) {
        if said.len() > 1 {
            self.tell_collision(
                "several meters answered at once; nothing readable arrives, as on a real line",
            );
        }
        let single = if said.len() == 1 { said.pop() } else { None };
        for Said { index, .. } in said {
            self.done(now, index, twins);
        }
        let Some(Said { index, line, bytes, .. }) = single else { return };
        for other in self.members.iter().filter(|other| **other != index) {
            if let Some(twin) = twins.get_mut(*other) {
                twin.device_mut().rx(self.port, now, &bytes);
            }
        }
        self.send(now, bytes, line, vec![index], twins, mouths);
    }

    /// On the two wires of an M-Bus a slave draws current for a 0 and none for a 1: of bits that are sent at once the 0
    /// wins. Equal answers are one answer, different ones a mixture that its check sum gives away. Here whole characters
    /// are mixed, each with those that are sent in the same character's time: neither TCP nor a pseudo-terminal carries
    /// parts of one, nor that a parity bit of the mixture is wrong. Slaves hear voltage, so none hears another one.
    fn speak_over_each_other(&mut self, now: Instant, twins: &mut [Twin], mouths: &mut Mouths) {
        let Some(first) = self.air.iter().map(|said| said.at).min() else { return };
        let end = self.air.iter().map(|said| said.at + said.line.wire_time(said.bytes.len())).max();
        let joins = |at: Instant| at > now && Some(at) < end;
        // A meter that begins while the others still speak is waited for.
        if self.twins(twins).any(|twin| twin.device().port_poll_at(self.port).is_some_and(joins)) {
            return;
        }
        let air = std::mem::take(&mut self.air);
        let mut mixed: Vec<u8> = Vec::new();
        for said in &air {
            let late = said.at.since(first).as_micros() / said.line.char_time().as_micros().max(1);
            let late = usize::try_from(late).unwrap_or(usize::MAX);
            mixed.resize(mixed.len().max(late.saturating_add(said.bytes.len())), 0xFF);
            for (wire, byte) in mixed.iter_mut().skip(late).zip(&said.bytes) {
                *wire &= byte;
            }
        }
        if air.iter().any(|said| said.bytes != mixed) {
            self.tell_collision("several meters answered at once; their bits mix, as on a real M-Bus");
        }
        let Some(line) = air.first().map(|said| said.line) else { return };
        self.send(now, mixed, line, air.iter().map(|said| said.index).collect(), twins, mouths);
    }

    fn tell_collision(&mut self, what: &str) {
        if !self.collision_told {
            self.collision_told = true;
            out::remark(&format!("metertwin: {what}"));
        }
    }

    fn send(
        &mut self,
        now: Instant,
        bytes: Vec<u8>,
        line: LineParams,
        speakers: Vec<usize>,
        twins: &mut [Twin],
        mouths: &mut Mouths,
    ) {
        self.quiet_at = now;
        self.overhear(&bytes, mouths);
        if let Some(mouth) = self.owner.and_then(|owner| mouths.get_mut(&owner)) {
            let baud = (!line.is_radio()).then_some(line.baud);
            order(mouth, Order::Send { bytes, baud });
            if mouth.speech == Speech::Serial {
                self.sending = speakers;
                return;
            }
        }
        for index in speakers {
            self.done(now, index, twins);
        }
    }

    fn done(&self, now: Instant, index: usize, twins: &mut [Twin]) {
        if let Some(twin) = twins.get_mut(index) {
            twin.device_mut().tx_done(self.port, now);
        }
    }
}
