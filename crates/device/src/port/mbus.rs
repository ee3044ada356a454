//! The M-Bus terminals: a slave that says the records of the description and does its writes.

use mbus::{
    Command, Identity, Manufacturer, Output, RawRecord, RecordSource, Refused, Slave, SlaveConfig, Writer,
};
use nv::Nv;
use schema::{MbusDef, RecordForm, RecordWriteDef, SettingId, Target};
use units::{Duration, Instant, LineError, LineParams, bcd, decimal};

use super::{Buffers, PortOutput};
use crate::works::{Door, Works};

/// How the meter differs from its description on the M-Bus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MbusQuirks {
    /// A master may choose a telegram by its CI field, as on a sister meter.
    pub selection: bool,
    /// A written secondary address has its digits in the order of the bytes, as the manual prints its example.
    pub printed_order: bool,
    /// The record of a ratio begins with the DIF that the manual prints, which is not that of its data.
    pub printed_ratio: bool,
}

/// The M-Bus terminals of a meter.
#[derive(Debug)]
pub struct MbusPort<'a> {
    slave: Slave<'a>,
    def: MbusDef,
    quirks: MbusQuirks,
    /// Which telegram a read-out gets.
    chosen: usize,
}

impl<'a> MbusPort<'a> {
    pub(super) fn with(def: MbusDef, buffers: Buffers<'a>) -> Self {
        let mut config = SlaveConfig::new(0, LineParams::even(9_600));
        config.reply_bits = def.reply_bits;
        config.baud_trial = def.baud_trial;
        let quirks = MbusQuirks { selection: def.selection, ..MbusQuirks::default() };
        Self { slave: Slave::new(config, buffers.rx, buffers.tx), def, quirks, chosen: 0 }
    }

    /// How the meter differs from its description.
    #[must_use]
    pub fn quirks(&self) -> MbusQuirks {
        self.quirks
    }

    /// Lets the meter differ from its description.
    pub fn set_quirks(&mut self, quirks: MbusQuirks) {
        self.quirks = quirks;
        self.chosen = 0;
    }

    /// Time from the end of a request to the answer, in bit times. Range: 11 to 330; what lies outside is held at its end.
    pub fn set_reply_bits(&mut self, bits: u16) {
        let mut config = *self.slave.config();
        config.reply_bits = bits;
        self.slave.set_config(config);
    }

    /// A pause that ends whatever was not finished. Bytes that come in chunks want 30 ms, a UART 33 bit times.
    pub fn set_gap(&mut self, gap: Duration) {
        let mut config = *self.slave.config();
        config.gap = gap;
        self.slave.set_config(config);
    }

    /// The access number that the next telegram carries.
    pub fn set_access(&mut self, access: u8) {
        self.slave.set_access(access);
    }

    /// True while selected by secondary address.
    #[must_use]
    pub fn is_selected(&self) -> bool {
        self.slave.is_selected()
    }

    pub(super) fn boot<N: Nv>(&mut self, works: &Works<'_, N>) {
        let (line, address) = works.mbus_line();
        let mut config = *self.slave.config();
        config.line = line;
        config.address = address;
        self.slave.set_config(config);
        self.slave.reset();
        self.slave.set_access(0);
        self.chosen = 0;
    }

    pub(super) fn reset(&mut self) {
        self.slave.reset();
    }

    pub(super) fn line(&self) -> LineParams {
        self.slave.config().line
    }

    pub(super) fn rx(&mut self, now: Instant, bytes: &[u8]) {
        self.slave.handle_rx(now, bytes);
    }

    pub(super) fn line_error(&mut self, now: Instant, error: LineError) {
        self.slave.handle_line_error(now, error);
    }

    pub(super) fn tx_done<N: Nv>(&mut self, now: Instant, _works: &mut Works<'_, N>) {
        self.slave.handle_tx_done(now);
    }

    pub(super) fn poll_at<N: Nv>(&self, works: &Works<'_, N>) -> Option<Instant> {
        if works.line_changes.mbus && !self.slave.is_sending() {
            return Some(Instant::ZERO);
        }
        self.slave.poll_at()
    }

    pub(super) fn poll<N: Nv>(&mut self, now: Instant, works: &mut Works<'_, N>) -> Option<PortOutput<'_>> {
        if works.line_changes.mbus && !self.slave.is_sending() {
            works.line_changes.mbus = false;
            let (line, address) = works.mbus_line();
            self.slave.set_address(address);
            if line != self.slave.config().line {
                self.slave.stage_line(line);
            }
        }
        let mut face = Face { works, def: &self.def, quirks: self.quirks, chosen: &mut self.chosen };
        let waiting = face.works.line_changes.mbus;
        let output = self.slave.poll(now, &mut face);
        // What came from the bus, the slave has taken over by itself; what another door changed waits for the answer to
        // leave.
        works.line_changes.mbus = waiting;
        Some(match output? {
            Output::Transmit(bytes) => PortOutput::Transmit(bytes),
            Output::Reconfigure(line) => PortOutput::Reconfigure(line),
            Output::Event(_) => PortOutput::Event,
        })
    }
}

/// The meter as the slave sees it.
struct Face<'w, 'a, N> {
    works: &'w mut Works<'a, N>,
    def: &'w MbusDef,
    quirks: MbusQuirks,
    chosen: &'w mut usize,
}

impl<N: Nv> Face<'_, '_, N> {
    /// The row of the description that a record is, and the value it gives, kept in the unit of its target.
    fn asked(&self, record: &RawRecord<'_>) -> Option<(&'static RecordWriteDef, i64)> {
        let row =
            self.def.writes.iter().find(|row| {
                record.bytes.strip_prefix(row.dib).is_some_and(|rest| rest.starts_with(row.vib))
            })?;
        let Target::Setting(id) = row.target else { return Some((row, 0)) };
        let (_, setting) = self.works.model.setting(id)?;
        let mut value = record.number()?;
        if self.quirks.printed_order && id == SettingId::Serial {
            let &[a, b, c, d] = record.data else { return None };
            value = i64::from(bcd::decode(u32::from_be_bytes([a, b, c, d]), 8)?);
        }
        Some((row, decimal::rescale(value, row.decimals, setting.unit.decimals())))
    }
}

impl<N: Nv> RecordSource for Face<'_, '_, N> {
    fn identity(&self) -> Identity {
        let serial =
            self.works.setting_value(SettingId::Serial).and_then(|serial| u32::try_from(serial).ok());
        Identity {
            id: bcd::encode(serial.unwrap_or(0), 8).unwrap_or(0),
            manufacturer: Manufacturer(self.def.manufacturer),
            version: self.def.version,
            medium: self.def.medium,
        }
    }

    fn address(&self) -> u8 {
        self.works.mbus_line().1
    }

    fn status(&self) -> u8 {
        // A2.2 knows two values: 00 for good, 02 for an error.
        if self.works.error() == 0 { 0 } else { 2 }
    }

    fn telegram(&self, index: u8, into: &mut [u8]) -> Option<(usize, bool)> {
        let telegram = self.def.telegrams.get(*self.chosen).filter(|_| index == 0)?;
        let mut writer = Writer::new(into);
        let mut misprint = None;
        for record in telegram.records {
            let value =
                self.works.model.unit(record.source).at(self.works.source(record.source), record.decimals);
            let value = record.form.number(value);
            if let RecordForm::Ratio { printed_dif } = record.form
                && self.quirks.printed_ratio
            {
                misprint = Some((writer.len(), printed_dif));
            }
            // Where the buffer is full, the rest is left out: the description's check has made sure that it is not.
            if writer.coded(record.dib, record.vib, value).is_err() {
                break;
            }
        }
        let len = writer.len();
        if let Some((at, dif)) = misprint
            && let Some(place) = into.get_mut(at)
        {
            *place = dif;
        }
        Some((len, false))
    }

    fn check(&self, command: &Command<'_>) -> Result<(), Refused> {
        match command {
            Command::Baud(baud) => self
                .works
                .check(Door::Bus, SettingId::MbusBaud, i64::from(*baud))
                .map(drop)
                .map_err(|_| Refused),
            Command::Record(record) => {
                let (row, value) = self.asked(record).ok_or(Refused)?;
                match row.target {
                    Target::Setting(_) if row.takes.is_some_and(|taken| taken.check(value).is_err()) => {
                        Err(Refused)
                    }
                    Target::Setting(id) => {
                        self.works.check(Door::Bus, id, value).map(drop).map_err(|_| Refused)
                    }
                    Target::Command(_) if self.works.is_stopped() => Err(Refused),
                    Target::Command(_) => Ok(()),
                }
            }
            Command::ApplicationReset(_) => Ok(()),
            Command::SelectTelegram(ci) => {
                let known = self.def.telegrams.iter().any(|telegram| telegram.ci == *ci);
                if known { Ok(()) } else { Err(Refused) }
            }
            _ => Err(Refused),
        }
    }

    fn write(&mut self, command: &Command<'_>) {
        // Everything here was checked before; a refusal now is a memory that has just failed, which the status tells.
        match command {
            Command::Baud(baud) => {
                let _ =
                    self.works.apply(Door::Bus, core::iter::once((SettingId::MbusBaud, i64::from(*baud))));
            }
            Command::Record(record) => match self.asked(record) {
                Some((RecordWriteDef { target: Target::Setting(id), .. }, value)) => {
                    let _ = self.works.apply(Door::Bus, core::iter::once((*id, value)));
                }
                Some((RecordWriteDef { target: Target::Command(command), .. }, _)) => {
                    let _ = self.works.command(*command);
                }
                None => {}
            },
            Command::ApplicationReset(_) => *self.chosen = 0,
            Command::SelectTelegram(ci) if self.quirks.selection => {
                *self.chosen = self.def.telegrams.iter().position(|it| it.ci == *ci).unwrap_or(0);
            }
            _ => {}
        }
    }
}
