//! [`ModelDef`]: one meter, described once.

use units::Duration;

use crate::{
    AppDef, Block, CtDef, ErrorDef, GlassDef, IdentityOf, MatrixDef, MbusDef, OpticalDef, PageDef, PageId,
    PulseOutputDef, RadioDef, RegisterDef, Rule, SettingDef, SettingId, Source, TripDef,
};

/// How forward and reverse make the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combination {
    /// Forward only.
    Forward,
    /// Reverse only.
    Reverse,
    /// Forward plus reverse.
    Sum,
    /// Reverse less forward.
    ReverseLessForward,
    /// Forward less reverse.
    ForwardLessReverse,
    /// Forward less reverse, the phases netted before they are counted.
    Netted,
    /// Forward less reverse, and the pulse outputs give pulses for what is left of the phases when they are netted.
    NettedPulses,
}

/// How long a pulse lasts, up to a power and from a rate on.
#[derive(Clone, Copy, Debug)]
pub struct PulseWidth {
    /// The slowest rate, in 0.01 imp/kWh, for which it holds; 0 for every rate.
    pub min_rate: u32,
    /// The largest power, in W, for which it holds.
    pub up_to_watt: u32,
    /// The width.
    pub width: Duration,
}

/// What the meter is and always stays.
#[derive(Clone, Copy, Debug)]
pub struct IdentityDef {
    /// The printed digits in front of the serial number that the registers hold.
    pub prefix: &'static str,
    /// The code by which masters tell models apart.
    pub meter_code: u16,
    /// The largest current, in A.
    pub amps: u16,
    /// Version of the protocol, in hundredths.
    pub protocol: u16,
    /// Version of the software, in hundredths.
    pub software: u16,
    /// Version of the hardware, in hundredths.
    pub hardware: u16,
    /// Checksum of the program.
    pub checksum: u32,
    /// Checksum of the part of the program that does not measure; 0 where the meter does not tell it apart.
    pub checksum_2: u32,
    /// Secondary current of the transformers that the meter is made for, in A; 0 where it does not tell.
    pub ct_mode: u16,
}

impl IdentityDef {
    /// One of its parts as a number, kept in [`IdentityOf::unit`].
    #[must_use]
    pub const fn value(&self, of: IdentityOf) -> i64 {
        match of {
            IdentityOf::MeterCode => self.meter_code as i64,
            IdentityOf::Amps => self.amps as i64,
            IdentityOf::Protocol => self.protocol as i64,
            IdentityOf::Software => self.software as i64,
            IdentityOf::Hardware => self.hardware as i64,
            IdentityOf::Checksum => self.checksum as i64,
            IdentityOf::Checksum2 => self.checksum_2 as i64,
            IdentityOf::CtMode => self.ct_mode as i64,
        }
    }
}

/// How the meter measures and counts.
#[derive(Clone, Copy, Debug)]
pub struct MeteringDef {
    /// How many phases it has. Range: 1 to 3.
    pub phases: u8,
    /// Below this current, in mA, nothing is counted or shown.
    pub starting_current_ma: u32,
    /// A counter that reaches so many Wh (or varh) starts again at zero.
    pub rollover_wh: u64,
    /// Energies are stored whenever they have grown by so many Wh.
    pub store_step_wh: u64,
    /// Digits behind the point of each reading: V, A, kW, power factor, Hz.
    pub decimals: Decimals,
    /// What each value of the combination code means.
    pub combinations: &'static [(i32, Combination)],
    /// How many tariffs it counts. Range: 1 to 4.
    pub tariffs: u8,
    /// Reactive energy is counted by quadrant.
    pub quadrants: bool,
    /// What the resettable counter counts.
    pub trip: TripDef,
    /// Its current transformers, where it can be told their ratio.
    pub ct: Option<CtDef>,
    /// Flashes of the test LED, in imp/kWh.
    pub led_imp_per_kwh: u32,
    /// Flashes of a second lamp, for reactive energy both ways, in imp/kvarh; 0 for a meter without one. They last as long.
    pub led_imp_per_kvarh: u32,
    /// How long the LED is lit for one flash.
    pub led_width: Duration,
    /// Width of a pulse of the pulse outputs, the fastest rates first and of each by rising power: the first row that holds
    /// is the one. The shortest where a setting chooses it.
    pub pulse_widths: &'static [PulseWidth],
    /// The pulse outputs it has. Range: up to 2.
    pub pulse_outputs: &'static [PulseOutputDef],
    /// How long before the supply is gone the meter learns of it.
    pub power_fail_warning: Duration,
}

/// Digits behind the point of the meter's readings.
#[derive(Clone, Copy, Debug)]
pub struct Decimals {
    /// Of voltages in V.
    pub volt: u8,
    /// Of currents in A.
    pub ampere: u8,
    /// Of powers in kW, kvar and kVA.
    pub kilowatt: u8,
    /// Of power factors.
    pub power_factor: u8,
    /// Of frequencies in Hz.
    pub hertz: u8,
}

/// How the meter behaves on a Modbus.
#[derive(Clone, Copy, Debug)]
pub struct ModbusDef {
    /// Most registers that one request may read. Range: 1 to 125.
    pub max_read: u16,
    /// Most registers that one request may write. Range: 1 to 123.
    pub max_write: u16,
    /// Reads of unit 0 are answered, with the meter's own id.
    pub unit0_answers_reads: bool,
    /// Function 04 answers as function 03 does.
    pub fc04: bool,
    /// Time from the end of a request to the start of its answer, on top of the silence that ends a frame.
    pub reply_delay: Duration,
}

/// An input that chooses the tariff by the voltage at it.
#[derive(Clone, Copy, Debug)]
pub struct TariffInputDef {
    /// The voltage that it takes for on, in V.
    pub volts: u16,
    /// The value of [`SettingId::Tariff`] that counts without voltage; the stored one where there is none.
    pub off: Option<i32>,
    /// The value that counts with voltage.
    pub on: i32,
}

/// A key of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyId(pub u8);

/// How a key is read.
#[derive(Clone, Copy, Debug)]
pub struct KeyDef {
    /// Which one.
    pub id: KeyId,
    /// A press that lasted so long is a long one; it acts on release.
    pub long: Duration,
    /// A press that lasts so long is a very long one; it acts at once.
    pub very_long: Duration,
}

/// Two keys that step to and fro through one list of pages, and change a setting while both are held. Which keys these
/// are, the model's list of keys says: with their times.
#[derive(Clone, Copy, Debug)]
pub struct PairDef {
    /// The key that steps back.
    pub back: KeyId,
    /// Both keys together, as a key of their own: its time runs from when the second one goes down.
    pub both: KeyId,
    /// The key that steps on.
    pub on: KeyId,
    /// A change that is left alone is stored; else it is dropped.
    pub idle_stores: bool,
    /// How often the whole display goes dark and comes back, and its light with it, when a change begins.
    pub begins_blinks: u8,
}

/// When the backlight is on.
#[derive(Clone, Copy, Debug)]
pub struct BacklightDef {
    /// The setting's value for "while somebody uses the key".
    pub button: i32,
    /// The setting's value for "always".
    pub on: i32,
    /// How long it stays on after the last press.
    pub lit: Duration,
}

/// Times of the panel.
#[derive(Clone, Copy, Debug)]
pub struct PanelDef {
    /// How long a label or a value stands where they take turns.
    pub turn: Duration,
    /// How long `OK` stands; zero where it does not.
    pub message: Duration,
    /// An edit without a press for so long is over: dropped, but for [`PairDef::idle_stores`].
    pub edit_idle: Duration,
    /// A page without a press for so long gives way to the automatic scroll.
    pub page_idle: Duration,
    /// Period of the blinking.
    pub blink: Duration,
    /// How much of a blink period the value is seen.
    pub blink_on: Duration,
    /// How long the communication dot is lit for an answer; it is dark for as long afterwards.
    pub com_flash: Duration,
    /// Glyphs for a setting that was taken, a page put in the scroll, and one taken out.
    pub ok: &'static str,
    /// A page was put in the scroll.
    pub ok_in: &'static str,
    /// A page was taken out of the scroll.
    pub ok_out: &'static str,
    /// Glyphs in front of the number of an error.
    pub error_prefix: &'static str,
    /// The backlight.
    pub backlight: BacklightDef,
    /// How its two keys work together, where it has two and a glass of digits.
    pub pair: Option<PairDef>,
}

/// A place where a meter is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortId {
    /// The RS485 terminals, where Modbus RTU is spoken.
    Modbus,
    /// The M-Bus terminals.
    Mbus,
    /// The infrared window.
    Optical,
    /// The radio that is switched on at the panel.
    Radio,
}

impl PortId {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Modbus, Self::Mbus, Self::Optical, Self::Radio];
}

/// One meter. Everything about it is here: the rooms of the house hold no second copy.
#[derive(Clone, Copy, Debug)]
pub struct ModelDef {
    /// The name on a command line, such as `maker-model`.
    pub slug: &'static str,
    /// What it is and always stays.
    pub identity: IdentityDef,
    /// How it measures.
    pub metering: MeteringDef,
    /// The errors that it shows, the gravest first.
    pub errors: &'static [ErrorDef],
    /// How it behaves on a Modbus, where it has one.
    pub modbus: Option<ModbusDef>,
    /// How it behaves on an M-Bus, where it has one.
    pub mbus: Option<MbusDef>,
    /// How it behaves at an optical head, where it has an infrared window.
    pub optical: Option<OpticalDef>,
    /// Its tariff input, where it has one.
    pub tariff_input: Option<TariffInputDef>,
    /// Its register map: what a Modbus master reads, and what the optical head reads by address.
    pub registers: &'static [Block],
    /// Its settings.
    pub settings: &'static [&'static [SettingDef]],
    /// Its pages.
    pub pages: &'static [&'static [PageDef]],
    /// Its keys.
    pub keys: &'static [KeyDef],
    /// Times of its panel.
    pub panel: PanelDef,
    /// Its display.
    pub glass: GlassDef,
    /// What stands on its dot matrix, where it has one; then it has no pages.
    pub matrix: Option<&'static MatrixDef>,
}

/// How much memory a meter of a model needs, part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemorySizes {
    /// Settings, one `i32` each.
    pub settings: usize,
    /// Words of the register image.
    pub image: usize,
    /// Counters of energy.
    pub counters: usize,
    /// Bytes of each of the two buffers of the Modbus, for what is received and what is sent.
    pub modbus: usize,
    /// Bytes of each of the two buffers of the M-Bus.
    pub mbus: usize,
    /// Bytes of each of the two buffers of the infrared window.
    pub optical: usize,
    /// Bytes of each of the two buffers of the radio.
    pub radio: usize,
}

impl ModelDef {
    /// How much memory a meter of this model needs.
    #[must_use]
    pub const fn memory(&self) -> MemorySizes {
        let mut settings = 0;
        let mut blocks = self.settings;
        while let [first, rest @ ..] = blocks {
            settings += first.len();
            blocks = rest;
        }
        let mut image = 0;
        let mut blocks = self.registers;
        while let [first, rest @ ..] = blocks {
            image += first.image_words();
            blocks = rest;
        }
        // A Modbus frame on a serial line has at most 256 bytes, in Modbus TCP 260.
        let modbus = if self.modbus.is_some() { 260 } else { 0 };
        // The longest frame there is has 255 counted bytes and six around them (EN 13757-2).
        let mbus = if self.mbus.is_some() { 261 } else { 0 };
        // A message of the programming mode: an address, 128 characters of data and what stands around them.
        let optical = if self.optical.is_some() { 192 } else { 0 };
        // The same frames as on the Modbus.
        let radio = if self.radio().is_some() { 260 } else { 0 };
        MemorySizes { settings, image, counters: self.metering.counters(), modbus, mbus, optical, radio }
    }

    /// True where the meter can be spoken to there.
    #[must_use]
    pub const fn has(&self, port: PortId) -> bool {
        match port {
            PortId::Modbus => self.modbus.is_some(),
            PortId::Mbus => self.mbus.is_some(),
            PortId::Optical => self.optical.is_some(),
            PortId::Radio => self.radio().is_some(),
        }
    }

    /// Its radio, where it has one: it is switched on at the keys of a dot matrix.
    #[must_use]
    pub const fn radio(&self) -> Option<&'static RadioDef> {
        match self.matrix {
            Some(MatrixDef { radio: Some(radio), .. }) => Some(radio),
            _ => None,
        }
    }

    /// The maker's app for it, where it has one.
    #[must_use]
    pub const fn app(&self) -> Option<&'static AppDef> {
        match self.radio() {
            Some(radio) => radio.app,
            None => None,
        }
    }

    /// The terminals where the meter is spoken to, if it has any: its wired bus.
    #[must_use]
    pub const fn wired(&self) -> Option<PortId> {
        if self.modbus.is_some() {
            Some(PortId::Modbus)
        } else if self.mbus.is_some() {
            Some(PortId::Mbus)
        } else {
            None
        }
    }

    /// All settings, in the order of their values in memory.
    pub fn all_settings(&self) -> impl Iterator<Item = &'static SettingDef> + use<> {
        self.settings.iter().flat_map(|block| block.iter())
    }

    /// A setting and its place among all, or `None` where the model has no such setting.
    #[must_use]
    pub fn setting(&self, id: SettingId) -> Option<(usize, &'static SettingDef)> {
        self.all_settings().enumerate().find(|(_, setting)| setting.id == id)
    }

    /// All pages with their ids.
    pub fn all_pages(&self) -> impl Iterator<Item = (PageId, &'static PageDef)> + use<> {
        (0u8..).map(PageId).zip(self.pages.iter().flat_map(|block| block.iter()))
    }

    /// The page of an id.
    #[must_use]
    pub fn page(&self, id: PageId) -> Option<&'static PageDef> {
        self.all_pages().find(|(other, _)| *other == id).map(|(_, page)| page)
    }

    /// All rows of the register map that can be read in stretches, by rising address.
    pub fn all_registers(&self) -> impl Iterator<Item = &'static RegisterDef> + use<> {
        self.registers
            .iter()
            .filter(|block| block.rule == Rule::Contiguous)
            .flat_map(|block| block.rows.iter())
    }

    /// The row that holds the register at `addr`, and its block.
    #[must_use]
    pub fn register(&self, addr: u16) -> Option<(&'static Block, &'static RegisterDef)> {
        self.registers.iter().find_map(|block| block.row(addr).map(|row| (block, row)))
    }

    /// The row that shows a setting.
    #[must_use]
    pub fn register_of(&self, id: SettingId) -> Option<&'static RegisterDef> {
        self.all_registers().find(|row| row.source == Source::Setting(id))
    }

    /// The unit in which the value of a source is kept.
    #[must_use]
    pub fn unit(&self, source: Source) -> units::Unit {
        match source {
            Source::Point(point) => point.unit(),
            Source::Setting(id) => self.setting(id).map_or(units::Unit::None, |(_, setting)| setting.unit),
            Source::Identity(of) => of.unit(),
            Source::Zero => units::Unit::None,
            Source::Same(addr) => {
                self.register(addr).map_or(units::Unit::None, |(_, row)| match row.source {
                    Source::Same(_) => units::Unit::None,
                    other => self.unit(other),
                })
            }
        }
    }
}
