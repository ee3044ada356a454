//! What the page shows, as plain values. The runtime projects them; a component reads them and knows nothing of meters.

use std::rc::Rc;

use rig::Connection;
use schema::{DrawingDef, KeyId, TerminalDef};
use units::LineParams;

/// What of a model never changes: its drawings and its terminals.
#[derive(Clone, Debug)]
pub struct Model {
    /// The name people know it by.
    pub name: &'static str,
    /// One sentence on what it is.
    pub doc: &'static str,
    /// The printed digits in front of its serial number.
    pub prefix: &'static str,
    /// The line of its nameplate that a drawing leaves to the description.
    pub ratings: &'static str,
    /// Where its drawings are.
    pub drawing: &'static DrawingDef,
    /// The name of each segment, in the order of the bits of [`Glass`].
    pub segments: Vec<String>,
    /// Its terminals.
    pub terminals: &'static [TerminalDef],
    /// Its keys from left to right; the middle one is the one that is held.
    pub keys: Vec<KeyId>,
    /// What is printed on three of them.
    pub signs: [&'static str; 3],
    /// Marks of that key, in ms: a long press, a very long one.
    pub holds: [u32; 2],
    /// Its glass is a dot matrix.
    pub dots: bool,
    /// How many phases it has.
    pub phases: usize,
    /// It stands behind current transformers.
    pub transformed: bool,
    /// The largest current, in mA.
    pub max_ma: i64,
}

impl PartialEq for Model {
    /// Models are made once: they are the same where they are the same place.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// A meter on the rail.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// The tables of its model.
    pub model: &'static Model,
    /// Its serial number.
    pub serial: u32,
    /// Its glass.
    pub glass: Glass,
}

/// The glass: one bit a segment, or a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glass {
    /// Lit now.
    pub on: u128,
    /// Of these, the ones that blink.
    pub blinking: u128,
    /// The dark dots of a matrix as the outline of a drawing, a unit a dot.
    pub dots: Rc<str>,
    /// The backlight.
    pub lit: bool,
    /// What it says, as a sentence.
    pub sentence: String,
}

/// The test LED, as it may be drawn: never above 3 flashes a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Led {
    /// Dark.
    #[default]
    Off,
    /// A flash.
    Flash,
    /// A dimmed steady light in place of flashes too fast to be drawn.
    Steady,
}

/// The page that the meter shows, in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mirror {
    /// Name of the page.
    pub title: String,
    /// Its value.
    pub value: String,
    /// The unit of the value.
    pub unit: &'static str,
    /// What the dots and the mode add.
    pub detail: String,
    /// Where it stands, such as "page 2 of 8".
    pub place: String,
    /// The list that it stands in.
    pub list: Vec<String>,
    /// Name of that list.
    pub list_title: &'static str,
    /// Its place in the list, from 0.
    pub current: Option<usize>,
}

/// The key while it is held, or what a press would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hold {
    /// The number of the key that is down.
    pub down: Option<usize>,
    /// How long, in tenths of a second.
    pub tenths: u32,
    /// How much of the full ring, in thousandths.
    pub ring: u32,
    /// What letting go now does.
    pub now: String,
    /// What comes at the next mark.
    pub next: String,
}

/// What is set of one phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseForm {
    /// Voltage in mV.
    pub millivolts: i64,
    /// Current in mA, without sign.
    pub milliamps: i64,
    /// Power factor in thousandths, without sign.
    pub factor: i64,
    /// True where the current lags.
    pub lag: bool,
    /// True for export.
    pub export: bool,
}

impl Default for PhaseForm {
    fn default() -> Self {
        Self { millivolts: 230_000, milliamps: 5_000, factor: 900, lag: true, export: false }
    }
}

/// The load, as it is set on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadForm {
    /// The phases; a meter of one phase has the first.
    pub phases: [PhaseForm; 3],
    /// What is set is set of all phases.
    pub alike: bool,
    /// How a meter of three phases is connected.
    pub connection: Connection,
    /// Frequency in mHz.
    pub millihertz: i64,
    /// The mains are there.
    pub mains: bool,
    /// There is voltage at the tariff input, where the meter has one.
    pub tariff_input: bool,
    /// The supply of the pulse output in mV, 0 where nothing is connected.
    pub pulse_millivolts: i64,
    /// How many times faster metered time runs.
    pub speed: u32,
}

impl Default for LoadForm {
    fn default() -> Self {
        Self {
            phases: [PhaseForm::default(); 3],
            alike: true,
            connection: Connection::default(),
            millihertz: 50_000,
            mains: true,
            tariff_input: false,
            pulse_millivolts: 0,
            speed: 1,
        }
    }
}

impl LoadForm {
    /// The first phase, which is all of them where they are alike.
    #[must_use]
    pub fn first(&self) -> PhaseForm {
        let [first, ..] = self.phases;
        first
    }

    /// The same load with other phases.
    #[must_use]
    pub fn with(self, change: impl Fn(&mut PhaseForm)) -> Self {
        let mut form = self;
        form.phases.iter_mut().for_each(change);
        form
    }
}

/// What the meter makes of the load.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sees {
    /// Label, number and unit.
    pub rows: Vec<(&'static str, String, &'static str)>,
    /// Where each voltage of the meter points, in tenths of a degree, counted clockwise from that of L1. Range: 0 to 3599.
    pub turns: [i32; 3],
    /// Angle by which each current lags behind its voltage, in tenths of a degree, counted clockwise; `None` while nothing
    /// flows.
    pub angles: [Option<i32>; 3],
    /// Between which conductors each voltage is, or of which.
    pub names: [&'static str; 3],
    /// The phases that have a voltage.
    pub live: [bool; 3],
    /// Quadrant 1 to 4, 0 while nothing flows.
    pub quadrant: u8,
    /// Voltage and current in words.
    pub sentence: String,
    /// The LED's true rate.
    pub led_rate: String,
    /// What comes of the supply at the pulse output.
    pub pulse: String,
}

/// What is seen at the terminals, as it may be drawn: never above 3 flashes a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lights {
    /// The pulse output has closed.
    pub pulse: bool,
    /// A frame goes over the wire.
    pub bus: bool,
}

/// Energy of one metered hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// Imported, in Wh.
    pub import: u32,
    /// Exported, in Wh.
    pub export: u32,
    /// The meter was without supply.
    pub off: bool,
}

/// Where the meter in hand is spoken to over its Modbus: speed and parity, and its id; none where it has no such bus.
pub type Place = Option<(LineParams, u8)>;

/// One output over the window of the strip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// It was on where the record begins.
    pub on: bool,
    /// When it changed, in µs from the left end of the strip.
    pub changes: Vec<u32>,
    /// Its rate in 0.01 imp/kWh; `None` where it gives no pulses.
    pub rate: Option<i32>,
}

/// Lamp and pulse output over the last moments of metered time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strip {
    /// How much time it shows, in µs.
    pub window: u32,
    /// Where the record begins, in µs from the left end.
    pub heard: u32,
    /// The lamp, then the pulse output, then the second one where there are two.
    pub lanes: Vec<Lane>,
}
