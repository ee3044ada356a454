//! Settings: what can be changed about a meter, by whom, and within which range.

use core::fmt;

use units::{Unit, decimal};

macro_rules! setting_ids {
    ($($(#[$doc:meta])* $name:ident = $key:literal,)*) => {
        /// The settings that meters have. The key of one is the same in every model.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SettingId { $($(#[$doc])* $name,)* }

        impl SettingId {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The key by which people, profiles and scripts name it.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),* }
            }
        }
    };
}

setting_ids! {
    /// The last eight digits of the serial number.
    Serial = "serial",
    /// Address on the Modbus.
    ModbusId = "modbus-id",
    /// Speed of the Modbus, in Bd.
    Baud = "baud",
    /// Parity of the Modbus: 1 even, 2 none, 3 odd.
    Parity = "parity",
    /// Rate of the pulse output, in 0.01 imp/kWh.
    S0Rate = "s0-rate",
    /// How forward and reverse make the total.
    CombinationCode = "combination-code",
    /// How long a page stands in the automatic scroll, in s.
    ScrollTime = "scroll-time",
    /// When the backlight is on.
    Backlight = "backlight",
    /// The password of the panel, four digits.
    Password = "password",
    /// The tariff that counts.
    Tariff = "tariff",
    /// Primary address on the M-Bus.
    MbusId = "mbus-id",
    /// Speed of the M-Bus, in Bd.
    MbusBaud = "mbus-baud",
    /// Ratio of the current transformers, primary by secondary, in the form of [`Kind::Ratio`].
    CtRatio = "ct-ratio",
    /// What the pulse outputs pulse for: 1 active and reactive energy, 2 forward and reverse.
    PulseType = "pulse-type",
    /// Width of a pulse of the pulse outputs, in ms.
    PulseWidth = "pulse-width",
    /// How energies stand in the registers: 1 as floats, 2 as whole numbers.
    DataType = "data-type",
    /// Which way up the display is: 0 as the front is printed, 1 turned by half a circle.
    ScreenDirection = "screen-direction",
    /// The display shows identifiers beside its readings: 0 no, 1 yes.
    Obis = "obis",
}

impl SettingId {
    /// The setting of a key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|id| id.key() == key)
    }
}

/// What a choice does when the supply goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is stored and comes back.
    Stored,
    /// It acts as the value named here, is not stored, and gives way to the stored one at power-up.
    Volatile {
        /// The stored value that it acts as.
        acts_as: i32,
    },
    /// It is stored, and there is no way back from it.
    Final,
    /// It is stored, and that it was chosen once is shown for ever, whatever is chosen later.
    Marked,
}

/// One value of a setting that has only a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value in the setting's unit.
    pub value: i32,
    /// The word people write for it; empty where they write the number.
    pub token: &'static str,
    /// What the meter's own display shows for it; empty where the panel does not offer it.
    pub glyphs: &'static str,
    /// What becomes of it without supply.
    pub keep: Keep,
}

impl Choice {
    /// A stored choice.
    #[must_use]
    pub const fn new(value: i32, token: &'static str, glyphs: &'static str) -> Self {
        Self { value, token, glyphs, keep: Keep::Stored }
    }

    /// The same as one from which there is no way back.
    #[must_use]
    pub const fn last(self) -> Self {
        Self { keep: Keep::Final, ..self }
    }

    /// The same as one that leaves a mark for ever.
    #[must_use]
    pub const fn marked(self) -> Self {
        Self { keep: Keep::Marked, ..self }
    }
}

/// Which values a setting can have.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Whole steps between two ends, both included.
    Int {
        /// Smallest value.
        min: i32,
        /// Largest value.
        max: i32,
    },
    /// One of a few, in the order in which the panel offers them.
    OneOf(&'static [Choice]),
    /// A number of decimal digits, leading zeros included.
    Digits(u8),
    /// A primary current by a secondary current of current transformers, kept as `primary * 10 + secondary`: 1 to 9999 A
    /// by 1 A, or 5 to 9995 A in steps of five by 5 A, so that what it multiplies by is always whole.
    Ratio,
}

/// Who may change a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Anybody at the panel, and any master.
    Everyone,
    /// At the panel only with the password; any master.
    Password,
    /// With the key on the meter only, without the password: no register shows it.
    PanelOpen,
    /// With the key on the meter only, with the password.
    PanelOnly,
    /// Any master, but not the panel.
    BusOnly,
    /// Through the infrared window only.
    Optical,
    /// Nobody after the factory.
    Factory,
}

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// At once.
    Now,
    /// After the reply has left at the old setting.
    AfterReply,
}

/// One setting of a meter.
#[derive(Clone, Copy, Debug)]
pub struct SettingDef {
    /// Which one.
    pub id: SettingId,
    /// Its values.
    pub kind: Kind,
    /// The value at birth.
    pub default: i32,
    /// The unit the integer is kept in.
    pub unit: Unit,
    /// Who may change it.
    pub permission: Permission,
    /// When a change takes effect.
    pub effect: Effect,
    /// True where the value is never read back, logged or exported.
    pub secret: bool,
}

/// Why a value is not one of a setting's.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum RangeFault {
    /// It lies outside a range.
    Outside {
        /// The setting.
        setting: &'static SettingDef,
        /// The value.
        value: i64,
    },
    /// It is none of the choices.
    NoChoice {
        /// The setting.
        setting: &'static SettingDef,
        /// The value.
        value: i64,
    },
}

impl fmt::Display for RangeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Outside { setting, value } | Self::NoChoice { setting, value }) = self;
        let (key, allowed) = (setting.id.key(), setting.allowed());
        if let Kind::Ratio = setting.kind {
            return write!(f, "{key} cannot be {}/{}: expected {allowed}", value / 10, value % 10);
        }
        let number = decimal::Decimal { value: *value, decimals: setting.unit.decimals() };
        write!(f, "{key} cannot be {number}: expected {allowed}")
    }
}

impl core::error::Error for RangeFault {}

/// Why a text is no value of a setting.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum SettingTextError {
    /// The text is no number, and no word of the setting.
    NoValue {
        /// The setting.
        setting: &'static SettingDef,
    },
    /// The number is none of the setting's.
    Range(RangeFault),
}

impl fmt::Display for SettingTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue { setting } => {
                write!(f, "{} takes {}", setting.id.key(), setting.allowed())
            }
            Self::Range(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for SettingTextError {}

/// A value of a setting, to be written as people read it: its word, or the number without its unit.
#[derive(Clone, Copy, Debug)]
pub struct SettingText {
    setting: &'static SettingDef,
    value: i32,
}

impl fmt::Display for SettingText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.setting.kind {
            Kind::OneOf(choices) => {
                if let Some(choice) = choices.iter().find(|c| c.value == self.value && !c.token.is_empty()) {
                    return f.write_str(choice.token);
                }
            }
            Kind::Digits(count) => return write!(f, "{:0width$}", self.value, width = usize::from(count)),
            Kind::Ratio => {
                return write!(f, "{}/{}", self.value / 10, self.value % 10);
            }
            Kind::Int { .. } => {}
        }
        let decimals = self.setting.unit.decimals();
        let value = i64::from(self.value);
        let mut needed = decimals;
        while needed > 0
            && decimal::truncate(value, decimals, needed - 1) * 10
                == decimal::truncate(value, decimals, needed)
        {
            needed -= 1;
        }
        write!(f, "{:.*}", usize::from(needed), decimal::Decimal { value, decimals })
    }
}

/// The values a setting can have, in words.
#[derive(Clone, Copy, Debug)]
pub struct Allowed(&'static SettingDef);

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            Kind::Int { min, max } => {
                write!(f, "{} to {}", self.0.text(min), self.0.text(max))?;
            }
            Kind::OneOf(choices) => {
                f.write_str("one of ")?;
                let mut first = true;
                for choice in choices {
                    if !first {
                        f.write_str(", ")?;
                    }
                    first = false;
                    write!(f, "{}", self.0.text(choice.value))?;
                }
            }
            Kind::Digits(count) => write!(f, "{count} digits")?,
            Kind::Ratio => f.write_str("1/1 to 9999/1, or 5/5 to 9995/5 in steps of 5")?,
        }
        if !self.0.unit.symbol().is_empty() {
            write!(f, " {}", self.0.unit.symbol())?;
        }
        Ok(())
    }
}

impl SettingDef {
    /// The one range check of the house: panel, bus, form and files all ask it.
    ///
    /// # Errors
    /// [`RangeFault`] names the setting, the value and what was expected.
    pub fn check(&'static self, value: i64) -> Result<i32, RangeFault> {
        let outside = RangeFault::Outside { setting: self, value };
        let small = i32::try_from(value).map_err(|_| outside)?;
        if self.accepts(small) {
            return Ok(small);
        }
        Err(match self.kind {
            Kind::OneOf(_) => RangeFault::NoChoice { setting: self, value },
            Kind::Int { .. } | Kind::Digits(_) | Kind::Ratio => outside,
        })
    }

    /// True for one of the setting's values.
    #[must_use]
    pub const fn accepts(&self, value: i32) -> bool {
        match self.kind {
            Kind::Int { min, max } => min <= value && value <= max,
            Kind::Digits(count) => 0 <= value && (value as i64) < decimal::power_of_ten(count),
            Kind::Ratio => {
                // By one: any primary current. By five: one that five divides.
                let value = value.cast_unsigned();
                10 < value && value < 100_000 && (value % 10 == 1 || value % 50 == 5)
            }
            Kind::OneOf(choices) => {
                let mut rest = choices;
                while let [first, tail @ ..] = rest {
                    if first.value == value {
                        return true;
                    }
                    rest = tail;
                }
                false
            }
        }
    }

    /// The choice of a value, where the setting has choices.
    #[must_use]
    pub fn choice(&self, value: i32) -> Option<&'static Choice> {
        match self.kind {
            Kind::OneOf(choices) => choices.iter().find(|choice| choice.value == value),
            Kind::Int { .. } | Kind::Digits(_) | Kind::Ratio => None,
        }
    }

    /// True where giving the setting this value cannot be undone, leaves a mark for ever, or uses up one of a few changes.
    #[must_use]
    pub fn is_lasting(&self, value: i32) -> bool {
        let last = self.choice(value).is_some_and(|choice| matches!(choice.keep, Keep::Final | Keep::Marked));
        last || matches!(self.kind, Kind::Ratio)
    }

    /// The value that `value` acts as, and whether it is stored: a volatile choice acts as another one.
    #[must_use]
    pub fn acts_as(&self, value: i32) -> i32 {
        match self.choice(value) {
            Some(Choice { keep: Keep::Volatile { acts_as }, .. }) => *acts_as,
            _ => value,
        }
    }

    /// A value as people read it.
    #[must_use]
    pub const fn text(&'static self, value: i32) -> SettingText {
        SettingText { setting: self, value }
    }

    /// The values the setting can have, as people read them.
    #[must_use]
    pub const fn allowed(&'static self) -> Allowed {
        Allowed(self)
    }

    /// Reads a value as people write it: a word of the setting, or a number in its unit.
    ///
    /// # Errors
    /// [`SettingTextError`] names the setting and what was expected.
    pub fn parse(&'static self, text: &str) -> Result<i32, SettingTextError> {
        if let Kind::OneOf(choices) = self.kind
            && let Some(choice) = choices.iter().find(|c| !c.token.is_empty() && c.token == text)
        {
            return Ok(choice.value);
        }
        if let Kind::Ratio = self.kind {
            let whole = |text| decimal::parse(text, 0).ok();
            let value = text.split_once('/').and_then(|(primary, secondary)| {
                let secondary = whole(secondary).filter(|it| (0..10).contains(it))?;
                whole(primary)?.checked_mul(10)?.checked_add(secondary)
            });
            let value = value.ok_or(SettingTextError::NoValue { setting: self })?;
            return self.check(value).map_err(SettingTextError::Range);
        }
        let value = decimal::parse(text, self.unit.decimals())
            .map_err(|_| SettingTextError::NoValue { setting: self })?;
        self.check(value).map_err(SettingTextError::Range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TIME: SettingDef = SettingDef {
        id: SettingId::ScrollTime,
        kind: Kind::Int { min: 1, max: 30 },
        default: 10,
        unit: Unit::Second,
        permission: Permission::Everyone,
        effect: Effect::Now,
        secret: false,
    };
    static RATE: SettingDef = SettingDef {
        id: SettingId::S0Rate,
        kind: Kind::OneOf(&[
            Choice::new(1_000_000, "", "10000"),
            Choice::new(10, "", "0.1"),
            Choice::new(1, "", "0.01"),
        ]),
        default: 10,
        unit: Unit::ImpulsePerKilowattHour,
        ..TIME
    };
    static PARITY: SettingDef = SettingDef {
        id: SettingId::Parity,
        kind: Kind::OneOf(&[Choice::new(1, "even", "EVEn"), Choice::new(2, "none", "nonE")]),
        default: 1,
        unit: Unit::None,
        ..TIME
    };
    static PASSWORD: SettingDef =
        SettingDef { id: SettingId::Password, kind: Kind::Digits(4), default: 0, unit: Unit::None, ..TIME };

    static CT: SettingDef =
        SettingDef { id: SettingId::CtRatio, kind: Kind::Ratio, default: 55, unit: Unit::None, ..TIME };

    #[test]
    fn a_ratio_has_a_primary_that_its_secondary_divides() {
        for (text, value) in
            [("5/5", 55), ("1/1", 11), ("9999/1", 99_991), ("9995/5", 99_955), ("500/5", 5_005)]
        {
            assert_eq!(CT.parse(text).unwrap(), value);
            assert_eq!(CT.text(value).to_string(), text);
            assert!(CT.accepts(value));
        }
        assert_eq!(
            CT.parse("7/5").unwrap_err().to_string(),
            "ct-ratio cannot be 7/5: expected 1/1 to 9999/1, or 5/5 to 9995/5 in steps of 5"
        );
        for text in
            ["", "5", "5/", "/5", "0/1", "0/5", "10000/1", "10000/5", "500/2", "500/15", "500/-5", "5/5/5"]
        {
            assert!(CT.parse(text).is_err(), "{text}");
        }
        for value in [-55, 0, 1, 5, 10, 50, i32::MIN, i32::MAX] {
            assert!(!CT.accepts(value), "{value}");
        }
        // Every value there is: 9999 by one, and each fifth of them by five.
        assert_eq!((0..=100_000).filter(|value| CT.accepts(*value)).count(), 9_999 + 1_999);
    }

    #[test]
    fn what_cannot_be_undone_is_known_before() {
        static CODE: SettingDef = SettingDef {
            id: SettingId::CombinationCode,
            kind: Kind::OneOf(&[
                Choice::new(4, "", "04"),
                Choice::new(5, "", "05").last(),
                Choice::new(6, "", "06").marked(),
            ]),
            default: 4,
            unit: Unit::None,
            ..TIME
        };
        assert!(CODE.is_lasting(5) && CODE.is_lasting(6) && !CODE.is_lasting(4) && !CODE.is_lasting(7));
        assert!(CT.is_lasting(5_005) && !TIME.is_lasting(5) && !PASSWORD.is_lasting(5));
    }

    #[test]
    fn a_refusal_names_setting_value_and_range() {
        assert_eq!(TIME.check(300).unwrap_err().to_string(), "scroll-time cannot be 300: expected 1 to 30 s");
        assert_eq!(
            RATE.parse("5").unwrap_err().to_string(),
            "s0-rate cannot be 5.00: expected one of 10000, 0.1, 0.01 imp/kWh"
        );
        assert_eq!(PARITY.parse("mark").unwrap_err().to_string(), "parity takes one of even, none");
        assert_eq!(
            PASSWORD.check(10_000).unwrap_err().to_string(),
            "password cannot be 10000: expected 4 digits"
        );
        assert!(TIME.check(0).is_err() && TIME.check(31).is_err() && TIME.check(i64::MAX).is_err());
    }

    #[test]
    fn texts_lead_back_to_their_value() {
        for (setting, value, text) in [
            (&TIME, 25, "25"),
            (&RATE, 1_000_000, "10000"),
            (&RATE, 10, "0.1"),
            (&RATE, 1, "0.01"),
            (&PARITY, 2, "none"),
            (&PASSWORD, 7, "0007"),
        ] {
            assert_eq!(setting.text(value).to_string(), text);
            assert_eq!(setting.parse(text).unwrap(), value);
        }
    }

    #[test]
    fn keys_lead_back_to_their_setting() {
        for id in SettingId::ALL {
            assert_eq!(SettingId::from_key(id.key()), Some(*id));
        }
        assert_eq!(SettingId::from_key("colour"), None);
    }
}
