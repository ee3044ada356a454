//! The loop that owns the meters: time, masters that come and go, and the file that keeps the memories.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};

use rig::{TextError, Touch, Twin, radio_touches};
use units::{Duration, Instant, LineParams};

use super::bus::{Bus, Sound};
use super::gateway::Gateway;
use super::ports::{Event, Order, Source, Speech};
use super::terminal::{Lead, Terminal};
use crate::clock::Clock;
use crate::fault::{Fault, Kind};
use crate::out;
use crate::state::{self, Kept};

/// The meters are looked after at least so often.
const TICK: Duration = Duration::from_millis(250);
/// A state file is not written more often than this.
const SAVE_PAUSE: Duration = Duration::from_millis(100);

/// A master that can be heard.
#[derive(Debug)]
pub struct Mouth {
    /// Where its bytes go.
    pub lead: Lead,
    /// What it speaks.
    pub speech: Speech,
    orders: SyncSender<Order>,
    gateway: Gateway,
}

/// All masters.
pub type Mouths = BTreeMap<Source, Mouth>;

/// A hand that switches the radio of a meter on whenever it is off.
#[derive(Debug)]
struct Hand {
    /// The number of the meter.
    meter: usize,
    touches: [Touch; 4],
    /// Which touch comes next, and when the first one was, while it is at it.
    at: Option<(usize, Instant)>,
    /// It does not begin again before this: a meter that has stopped shows no choice.
    rests_until: Instant,
}

/// How long a hand rests where its touches have not switched the radio on.
const REST: Duration = Duration::from_secs(10);

impl Hand {
    /// When it does something next.
    fn due(&self, now: Instant, twins: &[Twin]) -> Option<Instant> {
        let twin = twins.get(self.meter)?;
        match self.at {
            Some((touch, began)) => self.touches.get(touch).map(|it| began + it.after),
            None if twin.device().bluetooth(now) => None,
            None => Some(self.rests_until),
        }
    }

    /// Does what is due.
    fn work(&mut self, now: Instant, twins: &mut [Twin]) {
        while self.due(now, twins).is_some_and(|due| due <= now) {
            let (touch, began) = self.at.unwrap_or((0, now));
            let Some(twin) = twins.get_mut(self.meter) else { return };
            let Some(Touch { key, down, .. }) = self.touches.get(touch) else { return };
            if *down {
                twin.device_mut().key_down(now, *key);
            } else {
                twin.device_mut().key_up(now, *key);
            }
            self.at = Some((touch + 1, began)).filter(|(next, _)| *next < self.touches.len());
            if self.at.is_none() {
                self.rests_until = now + REST;
            }
        }
    }
}

/// Meters, ports and the file that keeps them.
#[derive(Debug)]
pub struct World {
    clock: Clock,
    twins: Vec<Twin>,
    /// The wires that ports lead to.
    buses: Vec<Bus>,
    speed: u32,
    /// A hand at the keys of each meter, where the radios are to be kept on.
    hands: Vec<Hand>,
    /// Up to when time has passed for the meters.
    passed: Instant,
    mouths: Mouths,
    file: Option<PathBuf>,
    saved: u64,
    saved_at: Instant,
    save_failed: bool,
}

impl World {
    /// A world at the present time.
    pub fn new(clock: Clock, twins: Vec<Twin>, speed: u32, file: Option<PathBuf>) -> Self {
        Self {
            clock,
            twins,
            buses: Vec::new(),
            speed,
            hands: Vec::new(),
            passed: clock.now(),
            mouths: BTreeMap::new(),
            file,
            saved: 0,
            saved_at: Instant::ZERO,
            save_failed: false,
        }
    }

    /// Keeps the radios of all meters on from now on. False where no meter has one.
    pub fn keep_radios_on(&mut self) -> bool {
        let hand = |(meter, twin): (usize, &Twin)| {
            let touches = radio_touches(twin.entry().def)?;
            Some(Hand { meter, touches, at: None, rests_until: Instant::ZERO })
        };
        self.hands = self.twins.iter().enumerate().filter_map(hand).collect();
        !self.hands.is_empty()
    }

    /// The ports that are opened where none was asked for.
    pub fn default_ports(&self) -> Vec<Terminal> {
        Terminal::defaults(&self.twins)
    }

    /// Where the bytes of a port go, and the line that a serial device there starts with.
    ///
    /// # Errors
    /// As [`Terminal::lead`].
    pub fn lead(&mut self, terminal: &Terminal) -> Result<(Lead, LineParams), TextError> {
        let lead = terminal.lead(&self.twins, &mut self.buses)?;
        let bus = match lead {
            Lead::Bus(number) | Lead::Tap(number) => self.buses.get(number),
            Lead::Gateway => None,
        };
        Ok((lead, bus.map_or(LineParams::even(9_600), |bus| bus.first_line(&self.twins))))
    }

    /// A line on each meter: model, serial number, id, speed and parity. Ids that are there twice are told.
    pub fn meters(&self) -> Vec<String> {
        let mut ids = BTreeMap::new();
        let line = |twin: &Twin| {
            let meter = format!("meter {} serial {:08}", twin.entry().def.slug, twin.serial());
            let wired = twin.entry().def.wired();
            match wired.and_then(|port| Some((port, twin.device().address(port)?))) {
                Some((port, (line, id))) => {
                    *ids.entry((port as u8, id)).or_insert(0) += 1;
                    format!("{meter} id {id} at {line}")
                }
                None => meter,
            }
        };
        let lines = self.twins.iter().map(line).collect();
        for ((_, id), count) in ids.into_iter().filter(|(_, count)| *count > 1) {
            let all = if count == 2 { "both".to_owned() } else { format!("all {count}") };
            out::remark(&format!(
                "metertwin: id {id} is there {count} times: {all} answer it, and nobody understands them"
            ));
        }
        lines
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
        let buses = self.buses.iter().filter_map(|bus| bus.next(now, &self.twins));
        let hands = self.hands.iter().filter_map(|hand| hand.due(now, &self.twins));
        buses.chain(hands).chain([now + TICK]).min().unwrap_or(now)
    }

    fn take(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::Opened { source, lead, speech, orders } => {
                self.mouths.insert(source, Mouth { lead, speech, orders, gateway: Gateway::default() });
            }
            Event::Closed { source, why } => {
                if let Some(why) = why {
                    out::remark(&format!("metertwin: {why}"));
                }
                for bus in &mut self.buses {
                    bus.forget(now, source, &mut self.twins);
                }
                self.mouths.remove(&source);
            }
            Event::Heard { source, bytes, baud } => match self.mouths.get_mut(&source) {
                Some(mouth) if mouth.lead == Lead::Gateway => {
                    let outcome = mouth.gateway.take(now, &bytes, &mut self.twins);
                    for bytes in outcome.answers {
                        order(mouth, Order::Send { bytes, baud: None });
                    }
                    if outcome.close {
                        order(mouth, Order::Close);
                    }
                }
                _ => self.sound(now, source, Sound::Bytes(bytes, baud)),
            },
            Event::Damaged { source, error } => self.sound(now, source, Sound::Damaged(error)),
            Event::Sent { source } => {
                if let Some(Lead::Bus(number)) = self.mouths.get(&source).map(|mouth| mouth.lead)
                    && let Some(bus) = self.buses.get_mut(number)
                {
                    bus.sent(now, &mut self.twins);
                }
            }
            Event::Stop => {}
        }
    }

    fn sound(&mut self, now: Instant, source: Source, sound: Sound) {
        if let Some(Lead::Bus(number)) = self.mouths.get(&source).map(|mouth| mouth.lead)
            && let Some(bus) = self.buses.get_mut(number)
        {
            bus.push(now, source, sound, &self.twins);
        }
    }

    /// Does what is due at the keys and on every wire.
    fn work(&mut self, now: Instant) {
        for hand in &mut self.hands {
            hand.work(now, &mut self.twins);
        }
        for bus in &mut self.buses {
            bus.work(now, &mut self.twins, &mut self.mouths);
        }
    }
}

/// Hands an order over. What a master does not fetch is lost, as on a wire.
pub fn order(mouth: &mut Mouth, order: Order) {
    match mouth.orders.try_send(order) {
        Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
    }
}
