//! The register map of the Modbus members: the present map (A3.2) and the one of firmware before protocol 3.

use crate::{alike, join};
use schema::Citation::{Capture, Manual, Sister};
use schema::{Argument, Citation, Codec, CommandId, IdentityOf, Note, RegisterDef, SettingId, Source, table};
use units::{EnergyKind, Flow, Phase, Point, StateOf, Tariff, What};

const A32: Citation = Manual("A3.2");
const OLD: Citation = Sister("PRO380 manual v2.03, register table");

const REGISTER_SHEET: Citation =
    Sister("register sheet of the PRO380: on a meter with M-Bus these hold its M-Bus address and speed");

const VERSION: Codec = Codec::F32 { decimals: 2 };
const PULSES: Codec = Codec::F32 { decimals: 2 };
const VOLTS: Codec = Codec::F32 { decimals: 1 };
const AMPERES: Codec = Codec::F32 { decimals: 2 };
const POWER: Codec = Codec::F32 { decimals: 3 };
const FACTOR: Codec = Codec::F32 { decimals: 2 };
const HERTZ: Codec = Codec::F32 { decimals: 2 };
const COUNT: Codec = Codec::F32 { decimals: 2 };

const TRIP: Point =
    Point::Energy { kind: EnergyKind::Active, flow: Flow::Trip, phase: Phase::All, tariff: Tariff::All };

const fn identity(addr: u16, codec: Codec, of: IdentityOf) -> RegisterDef {
    RegisterDef::read(addr, codec, Source::Identity(of))
}

const fn now(addr: u16, codec: Codec, what: What) -> RegisterDef {
    RegisterDef::read(addr, codec, Source::Point(Point::now(what)))
}

const fn state(addr: u16, codec: Codec, of: StateOf) -> RegisterDef {
    RegisterDef::read(addr, codec, Source::Point(Point::State(of)))
}

const fn active(addr: u16, flow: Flow, tariff: Tariff) -> RegisterDef {
    RegisterDef::read(addr, COUNT, Source::Point(Point::active(flow, tariff)))
}

const fn reactive(addr: u16, flow: Flow, tariff: Tariff) -> RegisterDef {
    RegisterDef::read(addr, COUNT, Source::Point(Point::reactive(flow, tariff)))
}

/// A register that the list marks "PRO380 only".
const fn sister(addr: u16, codec: Codec) -> RegisterDef {
    RegisterDef::read(addr, codec, Source::Zero)
}

/// A register of the older map: the words of `new`.
const fn old(addr: u16, codec: Codec, new: u16) -> RegisterDef {
    RegisterDef::read(addr, codec, Source::Same(new))
}

const fn note(label: &'static str) -> Note {
    Note::new(label, A32)
}

const fn sister_note(label: &'static str) -> Note {
    Note::new(label, A32).doc("Only the PRO380 has it.").assumed(
        "It answers 0, since masters read across it and the PRO380 answers 0 in its PRO1-only registers.",
    )
}

const fn old_note(label: &'static str) -> Note {
    Note::new(label, OLD)
}

table! {
    /// 4002h: which model it is.
    WHO / WHO_NOTES: RegisterDef = [
        identity(0x4002, Codec::Hex16, IdentityOf::MeterCode)
            => note("Meter code")
                .doc("0101h for PRO1 and PRO2; the meter amps tell them apart.")
                .assumed("The manual gives no number; this one is from programs that read real meters."),
    ];
    /// 4003h and 4004h of a meter with Modbus.
    MODBUS_LINE / MODBUS_LINE_NOTES: RegisterDef = [
        RegisterDef::setting(0x4003, Codec::U16, SettingId::ModbusId)
            => note("Modbus address"),
        RegisterDef::setting(0x4004, Codec::U16, SettingId::Baud)
            => note("Baud rate").doc("The number itself: 2580h is 9600 Bd."),
    ];
    /// 4003h and 4004h of a meter with M-Bus.
    MBUS_LINE / MBUS_LINE_NOTES: RegisterDef = [
        RegisterDef::setting(0x4003, Codec::U16, SettingId::MbusId)
            => Note::new("M-Bus address", REGISTER_SHEET),
        RegisterDef::setting(0x4004, Codec::U16, SettingId::MbusBaud)
            => Note::new("Baud rate", REGISTER_SHEET).doc("The number itself: 2580h is 9600 Bd."),
    ];
    /// 4005h to 400Ch: versions and ratings.
    VERSIONS / VERSIONS_NOTES: RegisterDef = [
        identity(0x4005, VERSION, IdentityOf::Protocol)
            => Note::new("Protocol version", Capture("register image of a PRO380-Mod")),
        identity(0x4007, VERSION, IdentityOf::Software)
            => Note::new("Software version", Capture("register image of a PRO380-Mod")),
        identity(0x4009, VERSION, IdentityOf::Hardware)
            => Note::new("Hardware version", Capture("register image of a PRO380-Mod")),
        identity(0x400B, Codec::U16, IdentityOf::Amps)
            => note("Meter amps").doc("The largest current in A: 45 on a PRO1, 100 on a PRO2."),
        sister(0x400C, Codec::Bcd16)
            => sister_note("CT ratio"),
    ];
    /// 400Fh: the combination code.
    CODE / CODE_NOTES: RegisterDef = [
        RegisterDef::setting(0x400F, Codec::U16, SettingId::CombinationCode)
            => note("Combination code").doc("Binary: 000Ah is code 10."),
    ];
    /// 4012h to 4015h: the direction of the current, and errors.
    STATE / STATE_NOTES: RegisterDef = [
        now(0x4012, Codec::Direction { phase: 1 }, What::Direction)
            => Note::new("Current direction", Capture("register image of a PRO380-Mod"))
                .doc("Two characters: 1F forward, 1R reverse.")
                .assumed("One phase answers as phase 1 of the sister meter does."),
        sister(0x4013, Codec::Direction { phase: 2 })
            => sister_note("L2 current direction"),
        sister(0x4014, Codec::Direction { phase: 3 })
            => sister_note("L3 current direction"),
        state(0x4015, Codec::U16, StateOf::Error)
            => note("Error code")
                .doc("0 none, 1 memory (Err 01), 2 program (Err 02).")
                .assumed("The manual lists the errors of the display only; the register has their numbers."),
    ];
    /// 4017h to 401Fh: how else the meter is.
    MORE_STATE / MORE_STATE_NOTES: RegisterDef = [
        now(0x4017, Codec::U16, What::Quadrant)
            => note("Present quadrant")
                .doc("1 import inductive, 2 export inductive, 3 export capacitive, 4 import capacitive.")
                .assumed("0 while nothing flows."),
        sister(0x4018, Codec::U16)
            => sister_note("L1 quadrant"),
        sister(0x4019, Codec::U16)
            => sister_note("L2 quadrant"),
        sister(0x401A, Codec::U16)
            => sister_note("L3 quadrant"),
        identity(0x401B, Codec::Hex32, IdentityOf::Checksum)
            => note("Checksum").doc("Of the program; the digits are those of the display."),
        state(0x401D, Codec::Hex32, StateOf::Status)
            => Note::new("Active status word", Sister("PRO380 manual v2.03, p. 19"))
                .doc("00ab 0cde: a program and b memory good, c, d and e phase 1, 2 and 3 present.")
                .assumed("A meter of one phase shows 0011 0100."),
        sister(0x401F, Codec::U16)
            => sister_note("CT mode"),
    ];

    /// 5000h to 5031h: readings of this moment.
    pub NOW / NOW_NOTES: RegisterDef = [

        now(0x5000, VOLTS, What::U) => note("Voltage"),
        now(0x5002, VOLTS, What::U) => note("L1 voltage").doc("The same value as 5000h."),
        sister(0x5004, VOLTS) => sister_note("L2 voltage"),
        sister(0x5006, VOLTS) => sister_note("L3 voltage"),
        now(0x5008, HERTZ, What::F) => note("Grid frequency"),
        now(0x500A, AMPERES, What::I) => note("Current").doc("Negative for export.").assumed("The sign is the sister meter's: recorded there, not on this one; a twin can be served without it."),
        now(0x500C, AMPERES, What::I) => note("L1 current").doc("The same value as 500Ah."),
        sister(0x500E, AMPERES) => sister_note("L2 current"),
        sister(0x5010, AMPERES) => sister_note("L3 current"),
        now(0x5012, POWER, What::P) => note("Total active power").doc("Positive for import, negative for export."),
        sister(0x5014, POWER) => sister_note("L1 active power"),
        sister(0x5016, POWER) => sister_note("L2 active power"),
        sister(0x5018, POWER) => sister_note("L3 active power"),
        now(0x501A, POWER, What::Q) => note("Total reactive power").doc("Positive when inductive, negative when capacitive."),
        sister(0x501C, POWER) => sister_note("L1 reactive power"),
        sister(0x501E, POWER) => sister_note("L2 reactive power"),
        sister(0x5020, POWER) => sister_note("L3 reactive power"),
        now(0x5022, POWER, What::S) => note("Total apparent power"),
        sister(0x5024, POWER) => sister_note("L1 apparent power"),
        sister(0x5026, POWER) => sister_note("L2 apparent power"),
        sister(0x5028, POWER) => sister_note("L3 apparent power"),
        now(0x502A, FACTOR, What::Pf) => note("Power factor").doc("Without a sign."),
        sister(0x502C, FACTOR) => sister_note("L1 power factor"),
        sister(0x502E, FACTOR) => sister_note("L2 power factor"),
        sister(0x5030, FACTOR) => sister_note("L3 power factor"),
    ];

    /// 6000h to 604Ah: counted energies and the tariff.
    pub ENERGY / ENERGY_NOTES: RegisterDef = [

        active(0x6000, Flow::Total, Tariff::All) => note("Total active energy").doc("What the combination code makes of forward and reverse; negative where reverse prevails."),
        active(0x6002, Flow::Total, Tariff::T1) => note("T1 total active energy"),
        active(0x6004, Flow::Total, Tariff::T2) => note("T2 total active energy"),
        sister(0x6006, COUNT) => sister_note("L1 total active energy"),
        sister(0x6008, COUNT) => sister_note("L2 total active energy"),
        sister(0x600A, COUNT) => sister_note("L3 total active energy"),
        active(0x600C, Flow::Forward, Tariff::All) => note("Forward active energy"),
        active(0x600E, Flow::Forward, Tariff::T1) => note("T1 forward active energy"),
        active(0x6010, Flow::Forward, Tariff::T2) => note("T2 forward active energy"),
        sister(0x6012, COUNT) => sister_note("L1 forward active energy"),
        sister(0x6014, COUNT) => sister_note("L2 forward active energy"),
        sister(0x6016, COUNT) => sister_note("L3 forward active energy"),
        active(0x6018, Flow::Reverse, Tariff::All) => note("Reverse active energy"),
        active(0x601A, Flow::Reverse, Tariff::T1) => note("T1 reverse active energy"),
        active(0x601C, Flow::Reverse, Tariff::T2) => note("T2 reverse active energy"),
        sister(0x601E, COUNT) => sister_note("L1 reverse active energy"),
        sister(0x6020, COUNT) => sister_note("L2 reverse active energy"),
        sister(0x6022, COUNT) => sister_note("L3 reverse active energy"),
        reactive(0x6024, Flow::Total, Tariff::All) => note("Total reactive energy").doc("The combination code makes this total too."),
        reactive(0x6026, Flow::Total, Tariff::T1) => note("T1 total reactive energy"),
        reactive(0x6028, Flow::Total, Tariff::T2) => note("T2 total reactive energy"),
        sister(0x602A, COUNT) => sister_note("L1 total reactive energy"),
        sister(0x602C, COUNT) => sister_note("L2 total reactive energy"),
        sister(0x602E, COUNT) => sister_note("L3 total reactive energy"),
        reactive(0x6030, Flow::Forward, Tariff::All) => note("Forward reactive energy"),
        reactive(0x6032, Flow::Forward, Tariff::T1) => note("T1 forward reactive energy"),
        reactive(0x6034, Flow::Forward, Tariff::T2) => note("T2 forward reactive energy"),
        sister(0x6036, COUNT) => sister_note("L1 forward reactive energy"),
        sister(0x6038, COUNT) => sister_note("L2 forward reactive energy"),
        sister(0x603A, COUNT) => sister_note("L3 forward reactive energy"),
        reactive(0x603C, Flow::Reverse, Tariff::All) => note("Reverse reactive energy"),
        reactive(0x603E, Flow::Reverse, Tariff::T1) => note("T1 reverse reactive energy"),
        reactive(0x6040, Flow::Reverse, Tariff::T2) => note("T2 reverse reactive energy"),
        sister(0x6042, COUNT) => sister_note("L1 reverse reactive energy"),
        sister(0x6044, COUNT) => sister_note("L2 reverse reactive energy"),
        sister(0x6046, COUNT) => sister_note("L3 reverse reactive energy"),
        RegisterDef::setting(0x6048, Codec::U16, SettingId::Tariff)
            => note("Tariff").doc("1 and 2 are stored; 11 and 12 choose tariff 1 and 2 until the supply goes."),
        RegisterDef::command(0x6049, COUNT, Source::Point(TRIP), CommandId::ResetTrip, Argument::Zero)
            => note("Resettable day counter")
                .doc("Counts forward active energy; two zero registers written in one request set it to zero.")
                .assumed("The list prints function 06 but a frame of function 16; a single register is refused."),
    ];

    /// 1000h and 1010h of the older map: which meter it is.
    OLD_WHO / OLD_WHO_NOTES: RegisterDef = [
        old(0x1000, Codec::Bcd32, 0x4000) => old_note("Serial number"),
        old(0x1010, Codec::Hex16, 0x4002) => old_note("Meter code"),
    ];
    /// 1018h and 1020h of the older map of a meter with Modbus.
    OLD_MODBUS_LINE / OLD_MODBUS_LINE_NOTES: RegisterDef = [
        old(0x1018, Codec::U16, 0x4003) => old_note("Modbus address"),
        old(0x1020, Codec::U16, 0x4004) => old_note("Baud rate"),
    ];
    /// 1018h and 1020h of the older map of a meter with M-Bus.
    OLD_MBUS_LINE / OLD_MBUS_LINE_NOTES: RegisterDef = [
        old(0x1018, Codec::U16, 0x4003) => old_note("M-Bus address"),
        old(0x1020, Codec::U16, 0x4004) => old_note("Baud rate"),
    ];
    /// 1050h to 1510h of the older map: versions, ratings and settings.
    OLD_SETTINGS / OLD_SETTINGS_NOTES: RegisterDef = [
        old(0x1050, VERSION, 0x4005) => old_note("Protocol version"),
        old(0x1054, VERSION, 0x4007) => old_note("Software version"),
        old(0x1058, VERSION, 0x4009) => old_note("Hardware version"),
        old(0x1060, Codec::U16, 0x400B) => old_note("Meter amps"),
        old(0x1062, Codec::Bcd16, 0x400C) => old_note("CT ratio"),
        old(0x1066, PULSES, 0x400D) => old_note("Pulse output rate"),
        old(0x107A, Codec::U16, 0x400F) => old_note("Combination code"),
        old(0x1510, Codec::Bcd16, 0x4010) => old_note("Scroll time"),
    ];
    /// 1520h of the older map: the parity of the Modbus.
    OLD_PARITY / OLD_PARITY_NOTES: RegisterDef = [
        old(0x1520, Codec::U16, 0x4011) => old_note("Parity"),
    ];
    /// 2000h to 2200h of the older map: readings of this moment and the tariff.
    pub OLD_NOW / OLD_NOW_NOTES: RegisterDef = [

        old(0x2000, VOLTS, 0x5000) => old_note("Voltage"),
        old(0x2008, VOLTS, 0x5002) => old_note("L1 voltage"),
        old(0x200C, VOLTS, 0x5004) => old_note("L2 voltage"),
        old(0x2010, VOLTS, 0x5006) => old_note("L3 voltage"),
        old(0x2020, HERTZ, 0x5008) => old_note("Grid frequency"),
        old(0x2060, AMPERES, 0x500A) => old_note("Current"),
        old(0x2068, AMPERES, 0x500C) => old_note("L1 current"),
        old(0x206C, AMPERES, 0x500E) => old_note("L2 current"),
        old(0x2070, AMPERES, 0x5010) => old_note("L3 current"),
        old(0x2080, POWER, 0x5012) => old_note("Total active power"),
        old(0x2088, POWER, 0x5014) => old_note("L1 active power"),
        old(0x208C, POWER, 0x5016) => old_note("L2 active power"),
        old(0x2090, POWER, 0x5018) => old_note("L3 active power"),
        old(0x20A0, POWER, 0x501A) => old_note("Total reactive power"),
        old(0x20A8, POWER, 0x501C) => old_note("L1 reactive power"),
        old(0x20AC, POWER, 0x501E) => old_note("L2 reactive power"),
        old(0x20B0, POWER, 0x5020) => old_note("L3 reactive power"),
        old(0x20C0, POWER, 0x5022) => old_note("Total apparent power"),
        old(0x20C8, POWER, 0x5024) => old_note("L1 apparent power"),
        old(0x20CC, POWER, 0x5026) => old_note("L2 apparent power"),
        old(0x20D0, POWER, 0x5028) => old_note("L3 apparent power"),
        old(0x20E0, FACTOR, 0x502A) => old_note("Power factor"),
        old(0x20E8, FACTOR, 0x502C) => old_note("L1 power factor"),
        old(0x20EC, FACTOR, 0x502E) => old_note("L2 power factor"),
        old(0x20F0, FACTOR, 0x5030) => old_note("L3 power factor"),
        old(0x2200, Codec::U16, 0x6048) => old_note("Tariff"),
    ];
    /// 3000h to 32A0h of the older map: counted energies.
    pub OLD_ENERGY / OLD_ENERGY_NOTES: RegisterDef = [

        old(0x3000, COUNT, 0x6000) => old_note("Total active energy"),
        old(0x3008, COUNT, 0x6006) => old_note("L1 total active energy"),
        old(0x300C, COUNT, 0x6008) => old_note("L2 total active energy"),
        old(0x3010, COUNT, 0x600A) => old_note("L3 total active energy"),
        old(0x3020, COUNT, 0x600C) => old_note("Forward active energy"),
        old(0x3028, COUNT, 0x6012) => old_note("L1 forward active energy"),
        old(0x302C, COUNT, 0x6014) => old_note("L2 forward active energy"),
        old(0x3030, COUNT, 0x6016) => old_note("L3 forward active energy"),
        old(0x3040, COUNT, 0x6018) => old_note("Reverse active energy"),
        old(0x3048, COUNT, 0x601E) => old_note("L1 reverse active energy"),
        old(0x304C, COUNT, 0x6020) => old_note("L2 reverse active energy"),
        old(0x3050, COUNT, 0x6022) => old_note("L3 reverse active energy"),
        old(0x3060, COUNT, 0x6024) => old_note("Total reactive energy"),
        old(0x3068, COUNT, 0x602A) => old_note("L1 total reactive energy"),
        old(0x306C, COUNT, 0x602C) => old_note("L2 total reactive energy"),
        old(0x3070, COUNT, 0x602E) => old_note("L3 total reactive energy"),
        old(0x3080, COUNT, 0x6030) => old_note("Forward reactive energy"),
        old(0x3088, COUNT, 0x6036) => old_note("L1 forward reactive energy"),
        old(0x308C, COUNT, 0x6038) => old_note("L2 forward reactive energy"),
        old(0x3090, COUNT, 0x603A) => old_note("L3 forward reactive energy"),
        old(0x30A0, COUNT, 0x603C) => old_note("Reverse reactive energy"),
        old(0x30A8, COUNT, 0x6042) => old_note("L1 reverse reactive energy"),
        old(0x30AC, COUNT, 0x6044) => old_note("L2 reverse reactive energy"),
        old(0x30B0, COUNT, 0x6046) => old_note("L3 reverse reactive energy"),
        old(0x3100, COUNT, 0x6002) => old_note("T1 total active energy"),
        old(0x3120, COUNT, 0x600E) => old_note("T1 forward active energy"),
        old(0x3140, COUNT, 0x601A) => old_note("T1 reverse active energy"),
        old(0x3160, COUNT, 0x6026) => old_note("T1 total reactive energy"),
        old(0x3180, COUNT, 0x6032) => old_note("T1 forward reactive energy"),
        old(0x31A0, COUNT, 0x603E) => old_note("T1 reverse reactive energy"),
        old(0x3200, COUNT, 0x6004) => old_note("T2 total active energy"),
        old(0x3220, COUNT, 0x6010) => old_note("T2 forward active energy"),
        old(0x3240, COUNT, 0x601C) => old_note("T2 reverse active energy"),
        old(0x3260, COUNT, 0x6028) => old_note("T2 total reactive energy"),
        old(0x3280, COUNT, 0x6034) => old_note("T2 forward reactive energy"),
        old(0x32A0, COUNT, 0x6040) => old_note("T2 reverse reactive energy"),
    ];
}

/// 4000h to 401Fh of a meter with Modbus.
pub const METER_MODBUS: &[RegisterDef] = &join::<25, _>(&[
    alike::SERIAL,
    WHO,
    MODBUS_LINE,
    VERSIONS,
    alike::S0_RATE,
    CODE,
    alike::SCROLL_TIME,
    alike::PARITY,
    STATE,
    alike::POWER_DOWNS,
    MORE_STATE,
]);
/// Notes on [`METER_MODBUS`].
pub const METER_MODBUS_NOTES: &[Note] = &join::<25, _>(&[
    alike::SERIAL_NOTES,
    WHO_NOTES,
    MODBUS_LINE_NOTES,
    VERSIONS_NOTES,
    alike::S0_RATE_NOTES,
    CODE_NOTES,
    alike::SCROLL_TIME_NOTES,
    alike::PARITY_NOTES,
    STATE_NOTES,
    alike::POWER_DOWNS_NOTES,
    MORE_STATE_NOTES,
]);
/// 4000h to 401Fh of a meter with M-Bus.
pub const METER_MBUS: &[RegisterDef] = &join::<24, _>(&[
    alike::SERIAL,
    WHO,
    MBUS_LINE,
    VERSIONS,
    alike::S0_RATE,
    CODE,
    alike::SCROLL_TIME,
    STATE,
    alike::POWER_DOWNS,
    MORE_STATE,
]);
/// Notes on [`METER_MBUS`].
pub const METER_MBUS_NOTES: &[Note] = &join::<24, _>(&[
    alike::SERIAL_NOTES,
    WHO_NOTES,
    MBUS_LINE_NOTES,
    VERSIONS_NOTES,
    alike::S0_RATE_NOTES,
    CODE_NOTES,
    alike::SCROLL_TIME_NOTES,
    STATE_NOTES,
    alike::POWER_DOWNS_NOTES,
    MORE_STATE_NOTES,
]);
/// 4000h to 401Fh of a meter without a bus.
pub const METER_PLAIN: &[RegisterDef] = &join::<22, _>(&[
    alike::SERIAL,
    WHO,
    VERSIONS,
    alike::S0_RATE,
    CODE,
    alike::SCROLL_TIME,
    STATE,
    alike::POWER_DOWNS,
    MORE_STATE,
]);
/// Notes on [`METER_PLAIN`].
pub const METER_PLAIN_NOTES: &[Note] = &join::<22, _>(&[
    alike::SERIAL_NOTES,
    WHO_NOTES,
    VERSIONS_NOTES,
    alike::S0_RATE_NOTES,
    CODE_NOTES,
    alike::SCROLL_TIME_NOTES,
    STATE_NOTES,
    alike::POWER_DOWNS_NOTES,
    MORE_STATE_NOTES,
]);

/// 1000h to 1520h of the older map of a meter with Modbus.
pub const OLD_METER_MODBUS: &[RegisterDef] =
    &join::<13, _>(&[OLD_WHO, OLD_MODBUS_LINE, OLD_SETTINGS, OLD_PARITY]);
/// Notes on [`OLD_METER_MODBUS`].
pub const OLD_METER_MODBUS_NOTES: &[Note] =
    &join::<13, _>(&[OLD_WHO_NOTES, OLD_MODBUS_LINE_NOTES, OLD_SETTINGS_NOTES, OLD_PARITY_NOTES]);
/// 1000h to 1510h of the older map of a meter with M-Bus.
pub const OLD_METER_MBUS: &[RegisterDef] = &join::<12, _>(&[OLD_WHO, OLD_MBUS_LINE, OLD_SETTINGS]);
/// Notes on [`OLD_METER_MBUS`].
pub const OLD_METER_MBUS_NOTES: &[Note] =
    &join::<12, _>(&[OLD_WHO_NOTES, OLD_MBUS_LINE_NOTES, OLD_SETTINGS_NOTES]);
/// 1000h to 1510h of the older map of a meter without a bus.
pub const OLD_METER_PLAIN: &[RegisterDef] = &join::<10, _>(&[OLD_WHO, OLD_SETTINGS]);
/// Notes on [`OLD_METER_PLAIN`].
pub const OLD_METER_PLAIN_NOTES: &[Note] = &join::<10, _>(&[OLD_WHO_NOTES, OLD_SETTINGS_NOTES]);
