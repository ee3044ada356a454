//! Settings of the family (chapter 7) and of its Modbus port (A3).

use schema::Citation::Manual;
use schema::{Choice, Effect, Keep, Kind, Note, Permission, SettingDef, SettingId, table};
use units::Unit;

/// The backlight is on while somebody uses the key.
pub const BACKLIGHT_BUTTON: i32 = 0;
/// The backlight is always on.
pub const BACKLIGHT_ON: i32 = 1;
/// The backlight is always off.
pub const BACKLIGHT_OFF: i32 = 2;

/// A setting that takes effect at once.
pub const fn setting(
    id: SettingId,
    kind: Kind,
    default: i32,
    unit: Unit,
    permission: Permission,
) -> SettingDef {
    SettingDef { id, kind, default, unit, permission, effect: Effect::Now, secret: false }
}

const fn volatile(value: i32, acts_as: i32) -> Choice {
    Choice { value, token: "", glyphs: "", keep: Keep::Volatile { acts_as } }
}

/// Rates of the pulse output.
pub const PULSE_RATES: Kind = Kind::OneOf(&[
    Choice::new(1_000_000, "", "10000"),
    Choice::new(200_000, "", "2000"),
    Choice::new(100_000, "", "1000"),
    Choice::new(10_000, "", "100"),
    Choice::new(1_000, "", "10"),
    Choice::new(100, "", "1"),
    Choice::new(10, "", "0.1"),
    Choice::new(1, "", "0.01"),
]);

const COMBINATIONS: Kind = Kind::OneOf(&[
    Choice::new(1, "", "01"),
    Choice::new(4, "", "04"),
    Choice::new(5, "", "05"),
    Choice::new(6, "", "06"),
    Choice::new(9, "", "09"),
    Choice::new(10, "", "10"),
]);

/// When the backlight is on.
pub const BACKLIGHTS: Kind = Kind::OneOf(&[
    Choice::new(BACKLIGHT_BUTTON, "button", "btn"),
    Choice::new(BACKLIGHT_ON, "on", "on"),
    Choice::new(BACKLIGHT_OFF, "off", "oFF"),
]);

const TARIFFS: Kind =
    Kind::OneOf(&[Choice::new(1, "", ""), Choice::new(2, "", ""), volatile(11, 1), volatile(12, 2)]);

/// The tariff that counts.
pub const TARIFF: SettingDef = setting(SettingId::Tariff, TARIFFS, 1, Unit::None, Permission::BusOnly);

/// Speeds of the Modbus.
pub const SPEEDS: Kind = Kind::OneOf(&[
    Choice::new(9_600, "", "9600"),
    Choice::new(4_800, "", "4800"),
    Choice::new(2_400, "", "2400"),
    Choice::new(1_200, "", "1200"),
]);

/// Speeds of the M-Bus.
pub const MBUS_SPEEDS: Kind = Kind::OneOf(&[
    Choice::new(9_600, "", "9600"),
    Choice::new(4_800, "", "4800"),
    Choice::new(2_400, "", "2400"),
    Choice::new(1_200, "", "1200"),
    Choice::new(600, "", "600"),
    Choice::new(300, "", "300"),
]);

/// Parities of the Modbus.
pub const PARITIES: Kind = Kind::OneOf(&[
    Choice::new(1, "even", "EVEn"),
    Choice::new(2, "none", "nonE"),
    Choice::new(3, "odd", "odd"),
]);

table! {
    /// The serial number of a meter without M-Bus.
    pub SERIAL / SERIAL_NOTES: SettingDef = [
        setting(SettingId::Serial, Kind::Digits(8), 13_070_001, Unit::None, Permission::Optical)
            => Note::new("Serial number", Manual("A3.2"))
                .doc("The last eight of the twelve printed digits: year, week and a running number.")
                .assumed("A serial number of our own choice; every twin can be given another. The register sheet of the \
                          sister meter lets the infrared port alone write it."),
    ];
    /// The serial number of a meter with M-Bus, which calls it by this number.
    pub SECONDARY / SECONDARY_NOTES: SettingDef = [
        setting(SettingId::Serial, Kind::Digits(8), 13_070_001, Unit::None, Permission::BusOnly)
            => Note::new("Serial number, secondary address", Manual("A2.1"))
                .doc("The last eight of the twelve printed digits, by which masters select the meter on the M-Bus; a master \
                      can give it a handier one.")
                .assumed("A serial number of our own choice. A secondary address that was written stands in the place of \
                          the serial number, as the register sheet of the sister meter has one entry for both."),
    ];
    /// Settings that every member of the family has.
    pub COMMON / COMMON_NOTES: SettingDef = [
        setting(SettingId::S0Rate, PULSE_RATES, 100_000, Unit::ImpulsePerKilowattHour, Permission::Password)
            => Note::new("Pulse output rate", Manual("§7.10"))
                .doc("How many pulses the S0 output gives for each kilowatt-hour.")
                .assumed("The manual names no factory value; 1000 imp/kWh is what a PRO380 of this firmware had."),
        setting(SettingId::CombinationCode, COMBINATIONS, 1, Unit::None, Permission::Password)
            => Note::new("Combination code", Manual("§7.11"))
                .doc("How the totals are made: 1 forward, 4 reverse, 5 forward plus reverse, 6 reverse less forward, \
                      9 forward less reverse, 10 the same with the phases netted first.")
                .assumed("Code 10 can be left again, since the manual states no limit for this meter; code 1 at birth \
                          is what a PRO380 of this firmware had."),
        setting(SettingId::ScrollTime, Kind::Int { min: 1, max: 30 }, 10, Unit::Second, Permission::Everyone)
            => Note::new("Scroll time", Manual("§7.6.2"))
                .doc("How long each page stands while the display scrolls by itself."),
        setting(SettingId::Backlight, BACKLIGHTS, BACKLIGHT_BUTTON, Unit::None, Permission::PanelOpen)
            => Note::new("Backlight", Manual("§7.8"))
                .doc("Lit while the key is in use, always, or never; no register shows it.")
                .assumed("The manual names no factory value; \"button\" is the sister meter's."),
        SettingDef { secret: true, ..setting(SettingId::Password, Kind::Digits(4), 0, Unit::None, Permission::PanelOnly) }
            => Note::new("Password", Manual("§7.16"))
                .doc("Four digits that open Program mode 3 at the key; a master on the bus needs none."),
        TARIFF
            => Note::new("Tariff", Manual("A3.2"))
                .doc("1 and 2 choose tariff 1 and 2 and are stored; 11 and 12 choose them until the supply goes.")
                .assumed("A register that was written 11 or 12 reads back so, until the supply goes."),
    ];
    /// Settings of the Modbus port.
    pub MODBUS_LINE / MODBUS_LINE_NOTES: SettingDef = [
        SettingDef {
            effect: Effect::AfterReply,
            ..setting(SettingId::ModbusId, Kind::Int { min: 1, max: 247 }, 1, Unit::None, Permission::Everyone)
        }
            => Note::new("Modbus address", Manual("§7.12"))
                .doc("The address at which masters call the meter; at the key without the password."),
        SettingDef { effect: Effect::AfterReply, ..setting(SettingId::Baud, SPEEDS, 9_600, Unit::Baud, Permission::Password) }
            => Note::new("Baud rate", Manual("§7.13"))
                .doc("Speed of the Modbus.")
                .assumed("2400 stands in the specification but not in the key walk; at the key it comes after 4800."),
        SettingDef { effect: Effect::AfterReply, ..setting(SettingId::Parity, PARITIES, 1, Unit::None, Permission::Password) }
            => Note::new("Parity", Manual("§7.14"))
                .doc("Parity of the Modbus; there is one stop bit whatever the parity."),
    ];
    /// Settings of the M-Bus port.
    pub MBUS_LINE / MBUS_LINE_NOTES: SettingDef = [
        SettingDef {
            effect: Effect::AfterReply,
            ..setting(SettingId::MbusId, Kind::Int { min: 0, max: 250 }, 0, Unit::None, Permission::Everyone)
        }
            => Note::new("M-Bus address", Manual("§7.12"))
                .doc("The primary address at which masters call the meter; at the key without the password.")
                .assumed("0 to 250, as at the key and in the standard; the table of writes says 247, which is Modbus'."),
        SettingDef {
            effect: Effect::AfterReply,
            ..setting(SettingId::MbusBaud, MBUS_SPEEDS, 9_600, Unit::Baud, Permission::Password)
        }
            => Note::new("Baud rate", Manual("§7.13"))
                .doc("Speed of the M-Bus; its parity is always even."),
    ];
}
