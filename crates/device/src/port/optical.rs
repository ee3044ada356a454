//! The infrared window: a tariff device of IEC 62056-21 mode C that says the lines of the description, and reads and writes
//! the rows of the register map by their addresses.

use core::fmt::{self, Write};

use iec62056::signon::character_of;
use iec62056::{DeviceConfig, LineError, LineParams, ObisSource, Output, Refused, TariffDevice};
use nv::Nv;
use schema::{
    Access, Argument, CommandId, Kind, ObisDef, OpticalDef, OpticalRefusal, RegisterDef, SettingDef,
    SettingId, Source, ValueText, parse_value_text,
};
use units::decimal::{self, Decimal};
use units::{Duration, Instant};

use super::{Buffers, PortOutput};
use crate::works::{Door, Refusal, Works};

/// The infrared window of a meter.
#[derive(Debug)]
pub struct OpticalPort<'a> {
    device: TariffDevice<'a>,
    def: OpticalDef,
}

impl<'a> OpticalPort<'a> {
    pub(super) fn with(def: OpticalDef, buffers: Buffers<'a>) -> Self {
        let config = DeviceConfig { reaction: def.reaction, ..DeviceConfig::default() };
        Self { device: TariffDevice::new(config, buffers.rx, buffers.tx), def }
    }

    /// Answers after `reaction` from now on. The standard has 200 ms to 1500 ms.
    pub fn set_reaction(&mut self, reaction: Duration) {
        self.device.set_reaction(reaction);
    }

    /// True from an answered sign-on to the end of the session.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.device.is_open()
    }

    /// True while an answer is on its way out.
    #[must_use]
    pub const fn is_sending(&self) -> bool {
        self.device.is_sending()
    }

    pub(super) fn reset(&mut self) {
        self.device.reset();
    }

    pub(super) fn line(&self) -> LineParams {
        self.device.line()
    }

    pub(super) fn rx(&mut self, now: Instant, bytes: &[u8]) {
        self.device.handle_rx(now, bytes);
    }

    pub(super) fn line_error(&mut self, now: Instant, error: LineError) {
        self.device.handle_line_error(now, error);
    }

    pub(super) fn tx_done<N: Nv>(&mut self, now: Instant, _works: &mut Works<'_, N>) {
        self.device.handle_tx_done(now);
    }

    pub(super) fn poll_at(&self) -> Option<Instant> {
        self.device.poll_at()
    }

    pub(super) fn poll<N: Nv>(&mut self, now: Instant, works: &mut Works<'_, N>) -> Option<PortOutput<'_>> {
        Some(match self.device.poll(now, &mut Face { works, def: &self.def })? {
            Output::Transmit(bytes) => PortOutput::Transmit(bytes),
            Output::Reconfigure(line) => PortOutput::Reconfigure(line),
            Output::Event(_) => PortOutput::Event,
        })
    }
}

/// Text in a buffer; what does not fit is cut off.
struct Text<'b> {
    into: &'b mut [u8],
    len: usize,
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (place, byte) in self.into.iter_mut().skip(self.len).zip(text.bytes()) {
            *place = byte;
            self.len += 1;
        }
        Ok(())
    }
}

/// Writes to the front of `into`.
fn put(into: &mut [u8], text: fmt::Arguments<'_>) -> usize {
    let mut out = Text { into, len: 0 };
    // Text takes everything, and so do the numbers that are written here.
    let _ = out.write_fmt(text);
    out.len
}

fn refused(why: OpticalRefusal) -> Refused {
    Refused(why.number())
}

/// The meter as the head sees it.
struct Face<'w, 'a, N> {
    works: &'w mut Works<'a, N>,
    def: &'w OpticalDef,
}

/// What a write asks for.
enum Wanted {
    Setting(SettingId, i64),
    Command(CommandId),
}

impl<N: Nv> Face<'_, '_, N> {
    /// The row at an address of up to four hexadecimal digits, and the row whose value it shows.
    fn row(&self, address: &str) -> Result<(&'static RegisterDef, &'static RegisterDef), Refused> {
        let unknown = refused(OpticalRefusal::Unknown);
        let fits = (1..=4).contains(&address.len()) && address.bytes().all(|c| c.is_ascii_hexdigit());
        let addr = u16::from_str_radix(address, 16).ok().filter(|_| fits).ok_or(unknown)?;
        let at =
            |addr: u16| self.works.model.register(addr).map(|(_, row)| row).filter(|row| row.addr == addr);
        let row = at(addr).ok_or(unknown)?;
        let shown = match row.source {
            Source::Same(same) => at(same).ok_or(unknown)?,
            _ => row,
        };
        Ok((row, shown))
    }

    fn put_line(&self, line: &ObisDef, into: &mut [u8]) -> usize {
        let value = self.works.model.unit(line.source).at(self.works.source(line.source), line.decimals);
        let sign = if value < 0 { "-" } else { "" };
        let star = if line.unit.is_empty() { "" } else { "*" };
        let power = decimal::power_of_ten(line.decimals).unsigned_abs();
        let (whole, behind) = (value.unsigned_abs() / power, value.unsigned_abs() % power);
        let digits = usize::from(line.digits);
        let (code, unit) = (line.code, line.unit);
        if line.decimals == 0 {
            return put(into, format_args!("{code}({sign}{whole:0digits$}{star}{unit})"));
        }
        let decimals = usize::from(line.decimals);
        put(into, format_args!("{code}({sign}{whole:0digits$}.{behind:0decimals$}{star}{unit})"))
    }

    /// What a write of `text` to `shown` asks for, through the codec of `row`.
    fn wanted(&self, row: &RegisterDef, shown: &RegisterDef, text: &str) -> Result<Wanted, OpticalRefusal> {
        let value = parse_value_text(row.codec, self.works.model.unit(shown.source), text);
        match (shown.access, shown.source) {
            (Access::Command(command, argument), _) => match (argument, value) {
                (Argument::Any, _) | (Argument::Zero, Some(0)) => Ok(Wanted::Command(command)),
                (Argument::Zero, _) => Err(OpticalRefusal::Range),
            },
            (Access::Read | Access::Write, Source::Setting(id)) => {
                // Whether the way leads there at all is told before whether the value is good.
                match self.works.check(Door::Optical, id, value.unwrap_or(i64::MIN)) {
                    Ok(value) => Ok(Wanted::Setting(id, i64::from(value))),
                    Err(Refusal::Range(_) | Refusal::Final(_) | Refusal::Spent(_)) => {
                        Err(OpticalRefusal::Range)
                    }
                    Err(Refusal::Memory) => Err(OpticalRefusal::Memory),
                    Err(Refusal::Unknown(_) | Refusal::Forbidden { .. }) => Err(OpticalRefusal::ReadOnly),
                }
            }
            (Access::Read | Access::Write, _) => Err(OpticalRefusal::ReadOnly),
        }
    }
}

impl<N: Nv> ObisSource for Face<'_, '_, N> {
    fn manufacturer(&self) -> [u8; 3] {
        self.def.manufacturer.as_bytes().try_into().unwrap_or(*b"XXX")
    }

    fn baud(&self) -> u8 {
        character_of(self.def.baud).unwrap_or(b'0')
    }

    fn identification(&self, into: &mut [u8]) -> usize {
        let software = Decimal { value: i64::from(self.works.model.identity.software), decimals: 2 };
        put(into, format_args!("{}{software}", self.def.ident))
    }

    fn address(&self, into: &mut [u8]) -> usize {
        put(into, format_args!("{:08}", self.works.setting_value(SettingId::Serial).unwrap_or(0)))
    }

    fn line(&self, index: u16, into: &mut [u8]) -> Option<usize> {
        self.def.lines.get(usize::from(index)).map(|line| self.put_line(line, into))
    }

    fn unlock(&mut self, password: &str) -> bool {
        let Some((_, SettingDef { kind: Kind::Digits(count), .. })) =
            self.works.model.setting(self.def.password)
        else {
            return false;
        };
        let digits = password.len() == usize::from(*count) && password.bytes().all(|c| c.is_ascii_digit());
        digits && self.works.setting_value(self.def.password) == password.parse().ok()
    }

    fn read(
        &mut self,
        address: &str,
        _operand: &str,
        _unlocked: bool,
        into: &mut [u8],
    ) -> Result<usize, Refused> {
        if let Some(line) = self.def.lines.iter().find(|line| line.code == address) {
            return Ok(self.put_line(line, into));
        }
        let (row, shown) = self.row(address)?;
        let unit = self.works.model.unit(shown.source);
        let value = ValueText::new(row.codec, unit, self.works.source(shown.source));
        Ok(put(into, format_args!("{address}({value})")))
    }

    fn write(&mut self, address: &str, value: &str, unlocked: bool) -> Result<(), Refused> {
        if !unlocked {
            return Err(refused(OpticalRefusal::Locked));
        }
        if self.def.lines.iter().any(|line| line.code == address) {
            return Err(refused(OpticalRefusal::ReadOnly));
        }
        let (row, shown) = self.row(address)?;
        let done = match self.wanted(row, shown, value).map_err(refused)? {
            Wanted::Setting(id, value) => self.works.apply(Door::Optical, core::iter::once((id, value))),
            Wanted::Command(command) => self.works.command(command),
        };
        done.map_err(|_| refused(OpticalRefusal::Memory))
    }
}
