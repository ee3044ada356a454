//! The radio: a Modbus server over the same register map, which hears only while somebody has the radio on, sends in
//! packets, and writes only after the password.

use modbus::{Exception, Framing, Output, RegisterAccess, Server, ServerConfig, Unit0, Words, WriteKind};
use nv::Nv;
use schema::{Kind, ModelDef, RadioDef, SettingDef, SettingId};
use units::{Instant, LineError, LineParams, bcd};

use super::{Buffers, PortOutput};
use crate::works::{Door, Works};

/// The radio of a meter.
#[derive(Debug)]
pub struct RadioPort<'a> {
    server: Server<'a>,
    def: &'static RadioDef,
    /// The setting whose digits open the writes.
    password: SettingId,
    /// It is on.
    on: bool,
    /// The password was given since it was switched on.
    unlocked: bool,
    /// The answer that is being sent.
    frame: [u8; modbus::rtu::MAX_FRAME],
    /// How many bytes it has.
    len: usize,
    /// How many of them have left, or are leaving.
    sent: usize,
    /// A packet is leaving.
    leaving: bool,
}

impl<'a> RadioPort<'a> {
    /// The radio of a model, or `None` where it has none.
    pub(super) fn with(model: &ModelDef, buffers: Buffers<'a>) -> Option<Self> {
        let (def, password) = (model.radio()?, model.matrix?.password);
        let mut config = ServerConfig::new(1);
        config.reply_delay = def.reply_delay;
        if let Some(modbus) = &model.modbus {
            config.unit0 = if modbus.unit0_answers_reads { Unit0::AnswersReads } else { Unit0::Silent };
            config.fc04 = modbus.fc04;
            config.max_read = modbus.max_read;
        }
        // Packets come when the radio has a moment for them: a frame ends by what is in it.
        let framing = Framing::PredictServer { gap: def.gap };
        let server = Server::new(framing, config, buffers.rx, buffers.tx);
        let frame = [0; modbus::rtu::MAX_FRAME];
        Some(Self {
            server,
            def,
            password,
            on: false,
            unlocked: false,
            frame,
            len: 0,
            sent: 0,
            leaving: false,
        })
    }

    /// True where writes are taken: the password was given, or none is asked for.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        self.on && (self.unlocked || self.def.lock.is_none())
    }

    /// The connection is over, whoever ended it: what was heard is forgotten, and writes are locked again.
    pub(crate) fn hang_up(&mut self) {
        self.server.reset();
        self.unlocked = false;
        self.len = 0;
        self.sent = 0;
        self.leaving = false;
    }

    pub(super) fn switch(&mut self, on: bool) {
        if on != self.on {
            self.on = on;
            self.hang_up();
        }
    }

    pub(super) fn reset(&mut self) {
        self.switch(false);
    }

    /// True while a part of an answer has still to leave.
    const fn is_sending(&self) -> bool {
        self.leaving || self.sent < self.len
    }

    /// The meter's id as the settings have it: a change holds once the answer to it has left.
    fn follow<N: Nv>(&mut self, works: &Works<'_, N>) {
        self.server.set_unit(works.modbus_line().1);
    }

    pub(super) fn rx(&mut self, now: Instant, bytes: &[u8]) {
        if self.on {
            self.server.handle_rx(now, bytes);
        }
    }

    pub(super) fn line_error(&mut self, now: Instant, error: LineError) {
        if self.on {
            self.server.handle_line_error(now, error);
        }
    }

    pub(super) fn tx_done<N: Nv>(&mut self, now: Instant, works: &Works<'_, N>) {
        self.leaving = false;
        if self.sent >= self.len {
            self.len = 0;
            self.sent = 0;
            self.server.handle_tx_done(now);
            self.follow(works);
        }
    }

    pub(super) fn poll_at<N: Nv>(&self, works: &Works<'_, N>) -> Option<Instant> {
        if !self.on || self.leaving {
            return None;
        }
        if self.is_sending() || self.server.unit() != works.modbus_line().1 {
            return Some(Instant::ZERO);
        }
        self.server.poll_at()
    }

    pub(super) fn poll<N: Nv>(&mut self, now: Instant, works: &mut Works<'_, N>) -> Option<PortOutput<'_>> {
        if !self.on || self.leaving {
            return None;
        }
        if !self.is_sending() {
            self.follow(works);
            works.refresh_image();
            let mut face =
                Face { works, lock: self.def.lock, password: self.password, unlocked: &mut self.unlocked };
            match self.server.poll(now, &mut face)? {
                Output::Transmit(bytes) => {
                    for (place, byte) in self.frame.iter_mut().zip(bytes) {
                        *place = *byte;
                    }
                    self.len = bytes.len().min(self.frame.len());
                    self.sent = 0;
                }
                Output::Reconfigure(_) | Output::Event(_) => return Some(PortOutput::Event),
            }
        }
        let from = self.sent;
        self.sent = self.len.min(from.saturating_add(usize::from(self.def.packet)));
        self.leaving = true;
        self.frame.get(from..self.sent).map(PortOutput::Transmit)
    }
}

/// What times the bytes of a radio.
pub(super) const fn line() -> LineParams {
    LineParams::RADIO
}

/// The meter as a master at the radio sees it.
struct Face<'w, 'a, N> {
    works: &'w mut Works<'a, N>,
    lock: Option<u16>,
    password: SettingId,
    unlocked: &'w mut bool,
}

impl<N: Nv> Face<'_, '_, N> {
    /// True where a word holds the digits of the password, each in four bits.
    fn fits(&self, word: u16) -> bool {
        let Some((_, SettingDef { kind: Kind::Digits(count), .. })) = self.works.model.setting(self.password)
        else {
            return false;
        };
        let digits =
            bcd::decode(u32::from(word), u32::from(*count)).and_then(|digits| i32::try_from(digits).ok());
        digits.is_some() && digits == self.works.setting_value(self.password)
    }
}

impl<N: Nv> RegisterAccess for Face<'_, '_, N> {
    fn words(&self, address: u16, count: u16) -> Result<&[u16], Exception> {
        self.works.words(address, count)
    }

    fn write(&mut self, _kind: WriteKind, address: u16, words: Words<'_>) -> Result<(), Exception> {
        if self.lock == Some(address) {
            *self.unlocked = words.len() == 1 && words.get(0).is_some_and(|word| self.fits(word));
            return if *self.unlocked { Ok(()) } else { Err(Exception::IllegalDataValue) };
        }
        if self.lock.is_some() && !*self.unlocked {
            // The application protocol (V1.1b3 §7) has this for a device that is in no state to do it.
            return Err(Exception::IllegalFunction);
        }
        self.works.write_through(Door::Radio, address, words)
    }
}
