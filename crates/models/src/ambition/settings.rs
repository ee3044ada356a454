//! Settings of the family (§7.6) and of its ports (A2, A3).

use schema::Citation::Manual;
use schema::{Choice, Effect, Kind, Note, Permission, SettingDef, SettingId, table};
use units::Unit;

use super::face::{BACKLIGHT_BUTTON, BACKLIGHT_OFF, BACKLIGHT_ON};
use crate::pro1::settings::{PULSE_RATES, setting};

/// A setting that takes effect when the answer has left.
const fn line(id: SettingId, kind: Kind, default: i32, unit: Unit) -> SettingDef {
    SettingDef { effect: Effect::AfterReply, ..setting(id, kind, default, unit, Permission::Password) }
}

const COMBINATIONS: Kind = Kind::OneOf(&[
    Choice::new(1, "", ""),
    Choice::new(2, "", ""),
    Choice::new(3, "", ""),
    Choice::new(4, "", ""),
    Choice::new(5, "", "").last(),
]);

const BACKLIGHTS: Kind = Kind::OneOf(&[
    Choice::new(BACKLIGHT_BUTTON, "button", "button"),
    Choice::new(BACKLIGHT_ON, "on", "on"),
    Choice::new(BACKLIGHT_OFF, "off", "off"),
]);

const TARIFFS: Kind = Kind::OneOf(&[
    Choice::new(1, "", "T1"),
    Choice::new(2, "", "T2"),
    Choice::new(3, "", "T3").marked(),
    Choice::new(4, "", "T4").marked(),
]);

const SPEEDS: Kind = Kind::OneOf(&[
    Choice::new(300, "", "300"),
    Choice::new(600, "", "600"),
    Choice::new(1_200, "", "1200"),
    Choice::new(2_400, "", "2400"),
    Choice::new(4_800, "", "4800"),
    Choice::new(9_600, "", "9600"),
    Choice::new(19_200, "", "19200"),
    Choice::new(38_400, "", "38400"),
    Choice::new(57_600, "", "57600"),
    Choice::new(115_200, "", "115200"),
]);

const MBUS_SPEEDS: Kind = Kind::OneOf(&[
    Choice::new(300, "", "300"),
    Choice::new(600, "", "600"),
    Choice::new(1_200, "", "1200"),
    Choice::new(2_400, "", "2400"),
    Choice::new(4_800, "", "4800"),
    Choice::new(9_600, "", "9600"),
]);

const PARITIES: Kind = Kind::OneOf(&[
    Choice::new(1, "even", "even"),
    Choice::new(2, "none", "none"),
    Choice::new(3, "odd", "odd"),
]);

/// Active and reactive energy at the two pulse outputs.
pub const ACTIVE_REACTIVE: i32 = 1;
/// Forward and reverse active energy at the two pulse outputs.
pub const FORWARD_REVERSE: i32 = 2;

const PULSE_TYPES: Kind = Kind::OneOf(&[
    Choice::new(ACTIVE_REACTIVE, "active-reactive", "act. & react."),
    Choice::new(FORWARD_REVERSE, "forward-reverse", "fwd. & rev."),
]);

const DATA_TYPES: Kind = Kind::OneOf(&[Choice::new(1, "standard", ""), Choice::new(2, "integer", "")]);

const DIRECTIONS: Kind = Kind::OneOf(&[Choice::new(0, "standard", ""), Choice::new(1, "turned", "")]);

const SWITCH: Kind = Kind::OneOf(&[Choice::new(0, "off", "off"), Choice::new(1, "on", "on")]);

table! {
    /// Settings that every member of the family has.
    pub COMMON / COMMON_NOTES: SettingDef = [
        setting(SettingId::Serial, Kind::Digits(8), 22_070_003, Unit::None, Permission::BusOnly)
            => Note::new("Serial number, secondary address", Manual("A2.1"))
                .doc("The last eight of the twelve printed digits, by which masters select the meter on the M-Bus; a master \
                      can give it a handier one.")
                .assumed("A serial number of our own choice. A secondary address that was written stands in the place of \
                          the serial number, as the register sheet of the sister meter has one entry for both."),
        SettingDef { secret: true, ..setting(SettingId::Password, Kind::Digits(4), 0, Unit::None, Permission::PanelOnly) }
            => Note::new("Password", Manual("§7.6.1"))
                .doc("Four digits that open the settings at the keys; a master on the bus needs none."),
        setting(SettingId::Tariff, TARIFFS, 1, Unit::None, Permission::Password)
            => Note::new("Tariff", Manual("§7.6.2"))
                .doc("1 to 4. Voltage at the tariff input makes tariff 2 count; 3 and 4 are chosen here only.")
                .assumed("Without voltage at the input the tariff that was set here counts, as it must for 3 and 4 to \
                          outlast a power cut; a tariff that is set while there is voltage counts until the voltage goes."),
        setting(SettingId::S0Rate, PULSE_RATES, 100_000, Unit::ImpulsePerKilowattHour, Permission::Password)
            => Note::new("Pulse output rate", Manual("§7.6.3"))
                .doc("How many pulses the S0 outputs give for each kilowatt-hour and kilovar-hour."),
        setting(SettingId::PulseType, PULSE_TYPES, ACTIVE_REACTIVE, Unit::None, Permission::Password)
            => Note::new("Pulse type", Manual("§7.6.4"))
                .doc("What the two S0 outputs give pulses for."),
        setting(SettingId::PulseWidth, Kind::Int { min: 2, max: 99 }, 30, Unit::Millisecond, Permission::Password)
            => Note::new("Pulse width", Manual("§7.6.5"))
                .doc("The longest that a pulse of the S0 outputs lasts; where pulses come faster, they are shorter.")
                .assumed("The manual lets it depend on the rate and does not say how: a pulse is as long as its pause where \
                          the two would not fit, and never shorter than 2 ms."),
        line(SettingId::ModbusId, Kind::Int { min: 1, max: 247 }, 1, Unit::None)
            => Note::new("Modbus address", Manual("§7.6.6"))
                .doc("The address at which masters call the meter."),
        line(SettingId::Baud, SPEEDS, 9_600, Unit::Baud)
            => Note::new("Modbus baud rate", Manual("§7.6.7"))
                .doc("Speed of the Modbus."),
        line(SettingId::Parity, PARITIES, 1, Unit::None)
            => Note::new("Modbus parity", Manual("§7.6.8"))
                .doc("Parity of the Modbus; there is one stop bit whatever the parity."),
        line(SettingId::MbusId, Kind::Int { min: 0, max: 250 }, 0, Unit::None)
            => Note::new("M-Bus address", Manual("§7.6.9"))
                .doc("The primary address at which masters call the meter."),
        line(SettingId::MbusBaud, MBUS_SPEEDS, 2_400, Unit::Baud)
            => Note::new("M-Bus baud rate", Manual("§7.6.10"))
                .doc("Speed of the M-Bus; its parity is always even."),
        setting(SettingId::Backlight, BACKLIGHTS, BACKLIGHT_BUTTON, Unit::None, Permission::PanelOnly)
            => Note::new("Backlight", Manual("§7.6.11"))
                .doc("Lit while the keys are in use, always, or never; no register shows it.")
                .assumed("The manual names no factory value; \"button\" is the sister meter's."),
        setting(SettingId::Obis, SWITCH, 1, Unit::None, Permission::Password)
            => Note::new("OBIS codes", Manual("§7.6.14"))
                .doc("Whether the readings of the third part of the display stand with their numbers."),
        setting(SettingId::CombinationCode, COMBINATIONS, 1, Unit::None, Permission::BusOnly)
            => Note::new("Combination code", Manual("§7.6.15"))
                .doc("How the totals are made: 1 forward, 2 reverse, 3 forward plus reverse, 4 forward less reverse, 5 the \
                      same with the phases netted first, from which there is no way back.")
                .assumed("Code 1 at birth: the app's table says code 5, which would lock every meter."),
        setting(SettingId::ScrollTime, Kind::Int { min: 1, max: 30 }, 5, Unit::Second, Permission::Password)
            => Note::new("Scroll time", Manual("§7.6.16"))
                .doc("How long each reading stands in the third part of the display."),
        setting(SettingId::DataType, DATA_TYPES, 1, Unit::None, Permission::BusOnly)
            => Note::new("Data type", Manual("A3.2"))
                .doc("How energies stand in the registers from 6000h on: as floats in kWh, or as whole numbers of Wh.")
                .assumed("The manual names the two and no layout; this one is the successor's: 32 bits, high word first, \
                          totals with a sign, readings floats as ever."),
        setting(SettingId::ScreenDirection, DIRECTIONS, 0, Unit::None, Permission::BusOnly)
            => Note::new("Screen direction", Manual("A3.2"))
                .doc("Which way up the display is."),
    ];
    /// The setting of a meter behind current transformers.
    pub CT / CT_NOTES: SettingDef = [
        setting(SettingId::CtRatio, Kind::Ratio, 55, Unit::None, Permission::Password)
            => Note::new("CT ratio", Manual("§7.6.17"))
                .doc("Primary and secondary current of the current transformers. Seven changes in all; each keeps the \
                      energies counted so far in the history and starts new ones."),
    ];
}
