//! The register map of a meter: the image that is read, and the writes that change it.

use modbus::{Exception, RegisterAccess, Words, WriteKind};
use nv::Nv;
use schema::{
    Access, Argument, Block, CommandId, Kind, ModelDef, RegisterDef, Rule, SettingDef, SettingId, Source,
    Unmapped,
};

use crate::works::{Door, Works};

/// What a register takes.
enum Wanted {
    Setting(SettingId, i32),
    Command(CommandId),
}

impl<N: Nv> Works<'_, N> {
    /// Writes the values of this moment into the register image, where they have changed since the last time.
    pub fn refresh_image(&mut self) {
        if !self.image_stale {
            return;
        }
        self.image_stale = false;
        let mut at = 0usize;
        let data_type = self.setting_value(SettingId::DataType);
        for block in self.model.registers.iter().filter(|block| block.rule == Rule::Contiguous) {
            for row in block.rows {
                let words =
                    row.codec.in_form(data_type).encode(self.source(row.source), self.model.unit(row.source));
                let offset = at + usize::from(row.addr - block.first());
                for (place, word) in
                    self.image.iter_mut().skip(offset).zip(words).take(usize::from(row.codec.words()))
                {
                    *place = word;
                }
            }
            at += block.image_words();
        }
    }

    /// The stretch of the image that holds `count` registers from `address` on.
    fn stretch(&self, address: u16, count: u16) -> Result<&[u16], Exception> {
        let end = u32::from(address) + u32::from(count);
        let mut at = 0usize;
        for block in self.model.registers {
            if u32::from(address) >= u32::from(block.first())
                && end <= block.end()
                && address >= block.first()
            {
                return match block.rule {
                    Rule::Contiguous => {
                        if self.holes
                            && block.unmapped == Unmapped::Exception02
                            && has_hole(block, address, end)
                        {
                            return Err(Exception::IllegalDataAddress);
                        }
                        let from = at + usize::from(address - block.first());
                        self.image.get(from..from + usize::from(count)).ok_or(Exception::DeviceFailure)
                    }
                    Rule::OneValuePerRequest => match block.row(address) {
                        Some(RegisterDef { addr, codec, source: Source::Same(same), .. })
                            if *addr == address && codec.words() == count && *same != address =>
                        {
                            self.stretch(*same, count)
                        }
                        _ => Err(Exception::IllegalDataAddress),
                    },
                };
            }
            at += block.image_words();
        }
        Err(Exception::IllegalDataAddress)
    }

    /// The rows that `words` from `address` on cover, each whole, with their words.
    fn covered<'w>(&self, address: u16, words: Words<'w>) -> Covered<'w> {
        Covered { model: self.model, words, address, taken: 0 }
    }
}

/// What the words of one row ask for.
fn wanted(model: &ModelDef, row: &RegisterDef, words: [u16; 2]) -> Result<Wanted, Exception> {
    match (row.access, row.source) {
        (Access::Write, Source::Setting(id)) => {
            let (_, setting) = model.setting(id).ok_or(Exception::DeviceFailure)?;
            let value = setting_value(row, setting, words).ok_or(Exception::IllegalDataValue)?;
            Ok(Wanted::Setting(id, value))
        }
        (Access::Command(command, argument), _) => match (argument, words) {
            (Argument::Any, _) | (Argument::Zero, [0, 0]) => Ok(Wanted::Command(command)),
            (Argument::Zero, _) => Err(Exception::IllegalDataValue),
        },
        (Access::Read | Access::Write, _) => Err(Exception::IllegalDataAddress),
    }
}

/// The setting's value that the words say, or `None` where they say none of its values.
fn setting_value(row: &RegisterDef, setting: &'static SettingDef, words: [u16; 2]) -> Option<i32> {
    if let Kind::OneOf(choices) = setting.kind {
        return choices
            .iter()
            .find(|choice| row.codec.matches(words, i64::from(choice.value), setting.unit))
            .map(|choice| choice.value);
    }
    let value = row.codec.decode(words, setting.unit).ok()?;
    setting.check(value).ok()
}

/// True where some block that answers exception 02 in its holes has one. Few maps do, and only these need a look at
/// each request.
pub(crate) fn any_holes(model: &ModelDef) -> bool {
    model.registers.iter().any(|block| {
        block.rule == Rule::Contiguous
            && block.unmapped == Unmapped::Exception02
            && has_hole(block, block.first(), block.end())
    })
}

/// True where some register from `address` to before `end` belongs to no row.
fn has_hole(block: &Block, address: u16, end: u32) -> bool {
    let mut next = u32::from(address);
    while next < end {
        let row = u16::try_from(next).ok().and_then(|addr| block.row(addr));
        match row {
            Some(row) => next = row.end(),
            None => return true,
        }
    }
    false
}

/// Walks over the rows that a write covers.
#[derive(Clone)]
struct Covered<'w> {
    model: &'static ModelDef,
    words: Words<'w>,
    address: u16,
    taken: usize,
}

impl Iterator for Covered<'_> {
    type Item = Result<(&'static RegisterDef, [u16; 2]), Exception>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.words.get(self.taken)?;
        let address = u16::try_from(self.taken).ok().and_then(|taken| self.address.checked_add(taken));
        let row = address.and_then(|address| self.model.register(address).map(|(_, row)| (address, row)));
        let Some((address, row)) = row else {
            self.taken = self.words.len();
            return Some(Err(Exception::IllegalDataAddress));
        };
        if row.access == Access::Read {
            self.taken = self.words.len();
            return Some(Err(Exception::IllegalDataAddress));
        }
        let second = self.words.get(self.taken + 1);
        let pair = match (row.codec.words(), second) {
            // Half a value cannot be written.
            _ if row.addr != address => None,
            (2, Some(second)) => Some([first, second]),
            (2, None) => None,
            _ => Some([first, 0]),
        };
        let Some(pair) = pair else {
            self.taken = self.words.len();
            return Some(Err(Exception::IllegalDataValue));
        };
        self.taken += usize::from(row.codec.words());
        Some(Ok((row, pair)))
    }
}

impl<N: Nv> RegisterAccess for Works<'_, N> {
    #[inline]
    fn words(&self, address: u16, count: u16) -> Result<&[u16], Exception> {
        self.stretch(address, count)
    }

    #[inline]
    fn write(&mut self, _kind: WriteKind, address: u16, words: Words<'_>) -> Result<(), Exception> {
        self.write_through(Door::Bus, address, words)
    }
}

impl<N: Nv> Works<'_, N> {
    /// Checks what a master writes through a door, then does all of it, or nothing.
    pub(crate) fn write_through(
        &mut self,
        door: Door,
        address: u16,
        words: Words<'_>,
    ) -> Result<(), Exception> {
        let model = self.model;
        let asked = self.covered(address, words).map(move |row| {
            let (row, words) = row?;
            wanted(model, row, words)
        });
        for wish in asked.clone() {
            wish?;
        }
        // Everything is in range from here on: settings first, all at once, then the commands.
        let settings = asked.clone().filter_map(|wish| match wish {
            Ok(Wanted::Setting(id, value)) => Some((id, i64::from(value))),
            _ => None,
        });
        if settings.clone().next().is_some() {
            self.apply(door, settings).map_err(|_| Exception::DeviceFailure)?;
        }
        for wish in asked {
            if let Ok(Wanted::Command(command)) = wish {
                self.command(command).map_err(|_| Exception::DeviceFailure)?;
            }
        }
        Ok(())
    }
}
