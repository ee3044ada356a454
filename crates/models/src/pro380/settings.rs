//! Settings of the family and of its ports; their values are those of the one-phase meters where nothing else is said.

use schema::Citation::{Assumed, Capture, Manual};
use schema::{Choice, Citation, Effect, Kind, Note, Permission, SettingDef, SettingId, table};
use units::Unit;

use crate::pro1::settings::{
    BACKLIGHT_BUTTON, BACKLIGHTS, MBUS_SPEEDS, PARITIES, PULSE_RATES, SPEEDS, TARIFF, setting,
};

const TABLE: Citation = Manual("register table, p. 23");
const IMAGE: Citation = Capture("register image of a PRO380-Mod");

const COMBINATIONS: Kind = Kind::OneOf(&[
    Choice::new(1, "", "01"),
    Choice::new(4, "", "04"),
    Choice::new(5, "", "05"),
    Choice::new(6, "", "06"),
    Choice::new(9, "", "09"),
    Choice::new(10, "", "10").last(),
    Choice::new(11, "", "11"),
]);

const OUR_SERIAL: &str = "A serial number of our own choice; every twin can be given another.";

/// A setting that takes effect when the answer has left.
const fn line(id: SettingId, kind: Kind, default: i32, unit: Unit, permission: Permission) -> SettingDef {
    SettingDef { effect: Effect::AfterReply, ..setting(id, kind, default, unit, permission) }
}

table! {
    /// The serial number of a meter with Modbus.
    pub SERIAL / SERIAL_NOTES: SettingDef = [
        setting(SettingId::Serial, Kind::Digits(8), 13_070_001, Unit::None, Permission::Optical)
            => Note::new("Serial number", TABLE)
                .doc("The last eight of the twelve printed digits: year, week and a running number.")
                .assumed(OUR_SERIAL),
    ];
    /// The serial number of a meter with M-Bus, which calls it by this number.
    pub SECONDARY / SECONDARY_NOTES: SettingDef = [
        setting(SettingId::Serial, Kind::Digits(8), 13_070_001, Unit::None, Permission::BusOnly)
            => Note::new("Serial number, secondary address", TABLE)
                .doc("The last eight of the twelve printed digits, by which masters select the meter on the M-Bus; a master \
                      can give it a handier one.")
                .assumed(OUR_SERIAL),
    ];
    /// Settings that every member of the family has.
    pub COMMON / COMMON_NOTES: SettingDef = [
        setting(SettingId::S0Rate, PULSE_RATES, 100_000, Unit::ImpulsePerKilowattHour, Permission::Everyone)
            => Note::new("Pulse output rate", IMAGE)
                .doc("How many pulses each S0 output gives for a kilowatt-hour.")
                .assumed("One rate for both outputs, since there is one register; changed at the keys as the address is."),
        setting(SettingId::CombinationCode, COMBINATIONS, 1, Unit::None, Permission::Everyone)
            => Note::new("Combination code", Manual("§6.10, p. 16"))
                .doc("How the totals are made: 1 forward, 4 reverse, 5 forward plus reverse, 6 reverse less forward, \
                      9 forward less reverse, 10 the same with the phases netted first, 11 as 9 with netted pulses.")
                .assumed("Changed at the keys as the address is."),
        setting(SettingId::ScrollTime, Kind::Int { min: 1, max: 30 }, 10, Unit::Second, Permission::Everyone)
            => Note::new("Scroll time", Manual("§6.6.2"))
                .doc("How long each page stands while the display scrolls by itself."),
        setting(SettingId::Backlight, BACKLIGHTS, BACKLIGHT_BUTTON, Unit::None, Permission::PanelOpen)
            => Note::new("Backlight", Manual("p. 14"))
                .doc("Lit while a key is in use, always, or never; no register shows it."),
        SettingDef { secret: true, ..setting(SettingId::Password, Kind::Digits(4), 0, Unit::None, Permission::Factory) }
            => Note::new("Password", Assumed("the programming mode of the window's standard asks for one, and the manual names none"))
                .doc("Four digits for the infrared window; the keys ask for none."),
        TARIFF
            => Note::new("Tariff", TABLE)
                .doc("1 and 2 choose tariff 1 and 2 and are stored; 11 and 12 choose them until the supply goes.")
                .assumed("A register that was written 11 or 12 reads back so, until the supply goes."),
    ];
    /// Settings of the Modbus port.
    pub MODBUS_LINE / MODBUS_LINE_NOTES: SettingDef = [
        line(SettingId::ModbusId, Kind::Int { min: 1, max: 247 }, 1, Unit::None, Permission::Everyone)
            => Note::new("Modbus address", Manual("§5.5")).doc("The address at which masters call the meter."),
        line(SettingId::Baud, SPEEDS, 9_600, Unit::Baud, Permission::BusOnly)
            => Note::new("Baud rate", Manual("§5.5"))
                .doc("Speed of the Modbus.")
                .assumed("Not at the keys: no page shows it."),
        line(SettingId::Parity, PARITIES, 1, Unit::None, Permission::BusOnly)
            => Note::new("Parity", IMAGE)
                .doc("Parity of the Modbus; there is one stop bit whatever the parity.")
                .assumed("Not at the keys: no page shows it."),
    ];
    /// Settings of the M-Bus port.
    pub MBUS_LINE / MBUS_LINE_NOTES: SettingDef = [
        line(SettingId::MbusId, Kind::Int { min: 0, max: 250 }, 0, Unit::None, Permission::Everyone)
            => Note::new("M-Bus address", Manual("short manual v1.06, p. 2"))
                .doc("The primary address at which masters call the meter."),
        line(SettingId::MbusBaud, MBUS_SPEEDS, 2_400, Unit::Baud, Permission::BusOnly)
            => Note::new("Baud rate", Capture("set-up of a PRO380-Mb as it was delivered"))
                .doc("Speed of the M-Bus; its parity is always even.")
                .assumed("An older manual of the family says 9600; meters in use came with 2400. Not changed at the keys."),
    ];
}
