//! Registers: where a value stands on the bus, and who may write it.

use units::{Point, Unit};

use crate::{Codec, SettingId};

/// What a meter is and always stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityOf {
    /// The code by which masters tell models apart.
    MeterCode,
    /// The largest current, in A.
    Amps,
    /// Version of the protocol, in hundredths.
    Protocol,
    /// Version of the software, in hundredths.
    Software,
    /// Version of the hardware, in hundredths.
    Hardware,
    /// Checksum of the program.
    Checksum,
    /// Checksum of the part of the program that does not measure.
    Checksum2,
    /// Secondary current of the transformers that the meter is made for, in A.
    CtMode,
}

impl IdentityOf {
    /// The unit its number is kept in.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::MeterCode | Self::Amps | Self::Checksum | Self::Checksum2 | Self::CtMode => Unit::None,
            Self::Protocol | Self::Software | Self::Hardware => Unit::Hundredths,
        }
    }
}

/// Where the value of a register or of a field on a page comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A measured or counted value.
    Point(Point),
    /// A setting.
    Setting(SettingId),
    /// What the meter is.
    Identity(IdentityOf),
    /// Always zero: a register of a sister model.
    Zero,
    /// The same words as another register of the model, by its address.
    Same(u16),
}

/// A command that stands in a register of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandId {
    /// Sets the power-down counter to zero.
    ResetPowerDowns,
    /// Sets the resettable counter to zero.
    ResetTrip,
}

/// What may be written to give a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Any value.
    Any,
    /// Zero and nothing else.
    Zero,
}

/// What a master may do with a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read it.
    Read,
    /// Read it, and write the setting that it shows.
    Write,
    /// Read it, and give a command by writing it.
    Command(CommandId, Argument),
}

/// One value in the register map. Range of the address: 0000h to FFFFh; it counts from 0 as the manuals do.
#[derive(Clone, Copy, Debug)]
pub struct RegisterDef {
    /// Address of the first register.
    pub addr: u16,
    /// How the value stands there.
    pub codec: Codec,
    /// Where the value comes from.
    pub source: Source,
    /// What a master may do.
    pub access: Access,
}

impl RegisterDef {
    /// A row that can be read only.
    #[must_use]
    pub const fn read(addr: u16, codec: Codec, source: Source) -> Self {
        Self { addr, codec, source, access: Access::Read }
    }

    /// A row that shows a setting and can be written.
    #[must_use]
    pub const fn setting(addr: u16, codec: Codec, id: SettingId) -> Self {
        Self { addr, codec, source: Source::Setting(id), access: Access::Write }
    }

    /// A row that takes a command.
    #[must_use]
    pub const fn command(
        addr: u16,
        codec: Codec,
        source: Source,
        command: CommandId,
        argument: Argument,
    ) -> Self {
        Self { addr, codec, source, access: Access::Command(command, argument) }
    }

    /// Address after the row's last register; 10000h where it is the very last.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.addr as u32 + self.codec.words() as u32
    }

    /// The unit in which the row's value is kept, where a setting shown here has `setting_unit`.
    #[must_use]
    pub const fn unit(&self, setting_unit: Unit) -> Unit {
        match self.source {
            Source::Point(point) => point.unit(),
            Source::Setting(_) => setting_unit,
            Source::Identity(of) => of.unit(),
            Source::Zero | Source::Same(_) => Unit::None,
        }
    }
}

/// What addresses between the rows of a block answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmapped {
    /// Zero.
    Zero,
    /// Exception 02.
    Exception02,
}

/// How a block may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Any stretch within the block.
    Contiguous,
    /// One row a request, at its full length: the map of older firmware.
    OneValuePerRequest,
}

/// A stretch of the register map.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The rows by rising address.
    pub rows: &'static [RegisterDef],
    /// What the holes answer.
    pub unmapped: Unmapped,
    /// How it may be read.
    pub rule: Rule,
}

impl Block {
    /// First address of the block, 0 where it is empty.
    #[must_use]
    pub const fn first(&self) -> u16 {
        match self.rows {
            [row, ..] => row.addr,
            [] => 0,
        }
    }

    /// Address after the last register of the block.
    #[must_use]
    pub const fn end(&self) -> u32 {
        match self.rows {
            [.., row] => row.end(),
            [] => 0,
        }
    }

    /// How many words of image the block needs: none where its rows show those of other blocks.
    #[must_use]
    pub const fn image_words(&self) -> usize {
        match self.rule {
            Rule::Contiguous => (self.end() - self.first() as u32) as usize,
            Rule::OneValuePerRequest => 0,
        }
    }

    /// The row that holds the register at `addr`, or `None` in a hole.
    #[must_use]
    pub fn row(&self, addr: u16) -> Option<&'static RegisterDef> {
        let after = self.rows.partition_point(|row| row.addr <= addr);
        let row = self.rows.get(after.checked_sub(1)?)?;
        (u32::from(addr) < row.end()).then_some(row)
    }
}
