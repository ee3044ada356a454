//! What a meter says on an M-Bus, and what may be written to it there.

use units::Duration;

use crate::{CommandId, SettingDef, SettingId, Source};

/// How the number of a record is made from the value of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordForm {
    /// It is the value.
    Number,
    /// A ratio of current transformers, in the form of [`Kind::Ratio`](crate::Kind::Ratio): digits of the primary current,
    /// then two of the secondary one.
    Ratio {
        /// The DIF that the manual prints for it, where its data do not fit that.
        printed_dif: u8,
    },
}

impl RecordForm {
    /// The number of a value.
    #[must_use]
    pub const fn number(self, value: i64) -> i64 {
        match self {
            Self::Number => value,
            Self::Ratio { .. } => value / 10 * 100 + value % 10,
        }
    }
}

/// One record of a telegram (EN 13757-3 §6).
#[derive(Clone, Copy, Debug)]
pub struct RecordDef {
    /// Data information: DIF and DIFEs as they stand on the wire. The data field of the first says how the value is coded.
    pub dib: &'static [u8],
    /// Value information: VIF and VIFEs as they stand on the wire, with length and letters of a plain-text unit.
    pub vib: &'static [u8],
    /// Where the value comes from.
    pub source: Source,
    /// Digits behind the point of the unit people read: 2 for kWh counts in 10 Wh.
    pub decimals: u8,
    /// How the value becomes a number.
    pub form: RecordForm,
}

impl RecordDef {
    /// The data field of its DIF: 1 to 4, 6 and 7 an integer of so many bytes (7: eight), 9 to C and E decimal digits.
    #[must_use]
    pub const fn data_field(&self) -> u8 {
        data_field(self.dib)
    }
}

/// The data field of a DIF, 0 where there is none.
const fn data_field(dib: &[u8]) -> u8 {
    match dib {
        [dif, ..] => *dif & 0x0F,
        [] => 0,
    }
}

/// What a record sent to the meter changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A setting takes the record's value.
    Setting(SettingId),
    /// A command is done; the value that comes with it is ignored.
    Command(CommandId),
}

/// A record that a master may send.
#[derive(Clone, Copy, Debug)]
pub struct RecordWriteDef {
    /// Data information as it stands on the wire.
    pub dib: &'static [u8],
    /// Value information as it stands on the wire.
    pub vib: &'static [u8],
    /// What it changes.
    pub target: Target,
    /// Digits behind the point of the unit people read, which the number on the wire keeps.
    pub decimals: u8,
    /// The setting as this record takes it, where that is fewer values than it has elsewhere.
    pub takes: Option<&'static SettingDef>,
}

impl RecordWriteDef {
    /// The data field of its DIF, as in [`RecordDef::data_field`].
    #[must_use]
    pub const fn data_field(&self) -> u8 {
        data_field(self.dib)
    }
}

/// One telegram, and the CI field of an empty SND_UD that chooses it.
#[derive(Clone, Copy, Debug)]
pub struct TelegramDef {
    /// The CI field, B0h to B7h.
    pub ci: u8,
    /// Its records, in their order.
    pub records: &'static [RecordDef],
}

/// How the meter behaves on an M-Bus.
#[derive(Clone, Copy, Debug)]
pub struct MbusDef {
    /// The maker's three letters as a number (EN 13757-3 §6.3.1).
    pub manufacturer: u16,
    /// Version in the header.
    pub version: u8,
    /// Medium in the header: 2 is electricity.
    pub medium: u8,
    /// The telegrams it can say. The first is what it says unless another was chosen.
    pub telegrams: &'static [TelegramDef],
    /// A master may choose a telegram by its CI field. Where not, the choice is acknowledged and the first one stays.
    pub selection: bool,
    /// What a master may write.
    pub writes: &'static [RecordWriteDef],
    /// Time from the end of a request to the answer, in bit times. Range: 11 to 330.
    pub reply_bits: u16,
    /// A new speed at which nobody speaks to the meter for so long is given up for the old one; none: it stays.
    pub baud_trial: Option<Duration>,
}

impl MbusDef {
    /// The row that writes a setting.
    #[must_use]
    pub fn write_of(&self, id: SettingId) -> Option<&'static RecordWriteDef> {
        self.writes.iter().find(|row| row.target == Target::Setting(id))
    }

    /// A setting as its record takes it: the one that the row names, else the model's own.
    #[must_use]
    pub fn written(&self, setting: &'static SettingDef) -> &'static SettingDef {
        self.write_of(setting.id).and_then(|row| row.takes).unwrap_or(setting)
    }

    /// All records of all telegrams.
    pub fn all_records(&self) -> impl Iterator<Item = &'static RecordDef> + use<> {
        self.telegrams.iter().flat_map(|telegram| telegram.records.iter())
    }
}
