//! What a meter says through its infrared window.

use units::Duration;

use crate::{SettingId, Source};

/// One line of the read-out (IEC 62056-21 §5): an identifier, a value, its unit.
#[derive(Clone, Copy, Debug)]
pub struct ObisDef {
    /// The identifier, such as `1.8.0`.
    pub code: &'static str,
    /// Where the value comes from.
    pub source: Source,
    /// Digits in front of the point, filled with zeros. Range: 1 to 9.
    pub digits: u8,
    /// Digits behind the point.
    pub decimals: u8,
    /// The unit as it is sent; nothing where the value has none.
    pub unit: &'static str,
}

/// How the meter behaves at an optical head (IEC 62056-21 mode C).
#[derive(Clone, Copy, Debug)]
pub struct OpticalDef {
    /// The maker's three letters.
    pub manufacturer: &'static str,
    /// What follows the speed in the identification, in front of the software version.
    pub ident: &'static str,
    /// Speed of the sign-on, in Bd.
    pub sign_on_baud: u32,
    /// Speed that the meter proposes, in Bd.
    pub baud: u32,
    /// Time from the end of a message to the start of its answer. Range: 20 to 1500 ms.
    pub reaction: Duration,
    /// The setting whose digits open the programming mode.
    pub password: SettingId,
    /// The lines of the read-out, in their order.
    pub lines: &'static [ObisDef],
}
