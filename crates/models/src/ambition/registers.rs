//! The register map of the meters with a dot matrix (A3.2).

use crate::{alike, join};
use schema::Citation::{Capture, Manual, Sister};
use schema::{Argument, Citation, Codec, CommandId, IdentityOf, Note, RegisterDef, SettingId, Source, table};
use units::EnergyKind::{Active, Reactive};
use units::{EnergyKind, Flow, Of, Phase, Point, StateOf, Tariff, What};

const A32: Citation = Manual("A3.2");
const IMAGE: Citation = Capture("register image of a PRO380-Mod");
const DIRECT: Citation = Capture("a 4PU read through its TCP module");

const VERSION: Codec = Codec::F32 { decimals: 2 };
const VOLTS: Codec = Codec::F32 { decimals: 2 };
const AMPERES: Codec = Codec::F32 { decimals: 3 };
const POWER: Codec = Codec::F32 { decimals: 3 };
const FACTOR: Codec = Codec::F32 { decimals: 2 };
const HERTZ: Codec = Codec::F32 { decimals: 3 };
const COUNTER: Codec = Codec::Counter { decimals: 3 };
const TOTAL: Codec = Codec::Total { decimals: 3 };

const fn identity(addr: u16, codec: Codec, of: IdentityOf) -> RegisterDef {
    RegisterDef::read(addr, codec, Source::Identity(of))
}

const fn now(addr: u16, codec: Codec, what: What, of: Of) -> RegisterDef {
    RegisterDef::read(addr, codec, Source::Point(Point::Now { what, of }))
}

const fn state(addr: u16, codec: Codec, of: StateOf) -> RegisterDef {
    RegisterDef::read(addr, codec, Source::Point(Point::State(of)))
}

const fn energy(addr: u16, kind: EnergyKind, flow: Flow, phase: Phase, tariff: Tariff) -> RegisterDef {
    RegisterDef::read(addr, COUNTER, Source::Point(Point::Energy { kind, flow, phase, tariff }))
}

/// What the combination code makes of forward and reverse; it can be negative.
const fn total(addr: u16, kind: EnergyKind, phase: Phase, tariff: Tariff) -> RegisterDef {
    RegisterDef { codec: TOTAL, ..energy(addr, kind, Flow::Total, phase, tariff) }
}

const fn trip(phase: Phase) -> Source {
    Source::Point(Point::Energy { kind: Active, flow: Flow::Trip, phase, tariff: Tariff::All })
}

/// A register with a star: only meters of one phase have a value there.
const fn one_phase(addr: u16, codec: Codec) -> RegisterDef {
    RegisterDef::read(addr, codec, Source::Zero)
}

const fn note(label: &'static str) -> Note {
    Note::new(label, A32)
}

table! {
    /// 4002h to 400Bh: which model it is, its line and its versions.
    METER / METER_NOTES: RegisterDef = [
        identity(0x4002, Codec::Hex16, IdentityOf::MeterCode)
            => note("Meter code").doc("1111h is a 4PU, 1112h a 4PS, 1113h a 2PU CT."),
        RegisterDef::setting(0x4003, Codec::U16, SettingId::ModbusId)
            => note("Modbus address"),
        RegisterDef::setting(0x4004, Codec::Speed, SettingId::Baud)
            => note("Baud rate").doc("The number of the speed: 1 is 300 Bd, 6 is 9600 Bd, 10 is 115200 Bd."),
        identity(0x4005, VERSION, IdentityOf::Protocol)
            => note("Protocol version"),
        identity(0x4007, VERSION, IdentityOf::Software)
            => note("Software version").doc("1.02; the display shows 102."),
        identity(0x4009, VERSION, IdentityOf::Hardware)
            => note("Hardware version"),
        identity(0x400B, Codec::U16, IdentityOf::Amps)
            => note("Meter amps").doc("The largest current in A, 5 behind current transformers."),
    ];
    /// 400Ch: the ratio of the current transformers in one register.
    CT_PRIMARY / CT_PRIMARY_NOTES: RegisterDef = [
        state(0x400C, Codec::Bcd16, StateOf::CtPrimary)
            => note("CT primary current")
                .doc("Decimal digits, in A: 0500h is 500 A.")
                .assumed("The list calls it CT ratio, in one register; on the sister meter it is the primary current."),
    ];
    /// 400Ch where the current flows through the meter.
    NO_PRIMARY / NO_PRIMARY_NOTES: RegisterDef = [
        RegisterDef::read(0x400C, Codec::Bcd16, Source::Zero)
            => Note::new("CT primary current", DIRECT).doc("0: no current transformers."),
    ];
    /// 400Fh: the combination code.
    CODE / CODE_NOTES: RegisterDef = [
        RegisterDef::setting(0x400F, Codec::U16, SettingId::CombinationCode)
            => note("Combination code")
                .doc("From code 5 there is no way back: another one is exception 04."),
    ];
    /// 4012h to 4015h: directions of the currents, and errors.
    STATE / STATE_NOTES: RegisterDef = [
        now(0x4012, Codec::Direction { phase: 1 }, What::Direction, Of::L1)
            => Note::new("Current direction", IMAGE).doc("Of phase 1, two characters: 1F forward, 1R reverse."),
        now(0x4013, Codec::Direction { phase: 2 }, What::Direction, Of::L2)
            => Note::new("L2 current direction", IMAGE).doc("2F or 2R."),
        now(0x4014, Codec::Direction { phase: 3 }, What::Direction, Of::L3)
            => Note::new("L3 current direction", IMAGE).doc("3F or 3R."),
        state(0x4015, Codec::Hex16, StateOf::Error)
            => Note::new("Error code", Manual("§8.1"))
                .doc("The byte of the error page: a bit for each thing that is wrong.")
                .assumed("The manual gives the bits for the display and none for the register."),
    ];
    /// 4017h to 401Eh: how else the meter is.
    MORE_STATE / MORE_STATE_NOTES: RegisterDef = [
        now(0x4017, Codec::U16, What::Quadrant, Of::All)
            => note("Present quadrant")
                .doc("1 import inductive, 2 export inductive, 3 export capacitive, 4 import capacitive.")
                .assumed("0 while nothing flows."),
        now(0x4018, Codec::U16, What::Quadrant, Of::L1) => note("L1 quadrant"),
        now(0x4019, Codec::U16, What::Quadrant, Of::L2) => note("L2 quadrant"),
        now(0x401A, Codec::U16, What::Quadrant, Of::L3) => note("L3 quadrant"),
        identity(0x401B, Codec::Hex32, IdentityOf::Checksum)
            => note("Checksum").doc("Of the program that measures; the digits are those of the display."),
        state(0x401D, Codec::Hex32, StateOf::Status)
            => Note::new("Active status word", Sister("PRO380 manual v2.03, p. 19"))
                .doc("00ab 0cde: a program and b memory good, c, d and e phase 1, 2 and 3 present."),
    ];
    /// 401Fh: the ratio of the current transformers.
    CT_RATIO / CT_RATIO_NOTES: RegisterDef = [
        RegisterDef::setting(0x401F, Codec::Ratio, SettingId::CtRatio)
            => note("CT ratio")
                .doc("Decimal digits, primary and secondary current: 9995h 0005h is 9995/5. Seven changes in all; the eighth \
                      is exception 04."),
    ];
    /// 401Fh and 4020h where the current flows through the meter.
    NO_RATIO / NO_RATIO_NOTES: RegisterDef = [
        RegisterDef::read(0x401F, Codec::Bcd16, Source::Zero)
            => Note::new("CT ratio, primary current", DIRECT).doc("0: no current transformers."),
        RegisterDef::read(0x4020, Codec::Bcd16, Source::Zero)
            => Note::new("CT ratio, secondary current", DIRECT).doc("0: no current transformers."),
    ];
    /// 4021h to 4033h: settings that the sister meters do not have.
    MORE / MORE_NOTES: RegisterDef = [
        RegisterDef::setting(0x4021, Codec::Bcd16, SettingId::PulseWidth)
            => note("Pulse width")
                .doc("Decimal digits: 0030h is 30 ms.")
                .assumed("The list calls it a number, but prints 30 ms as 0030, as it prints decimal digits elsewhere."),
        RegisterDef::setting(0x4022, Codec::U16, SettingId::PulseType)
            => note("Pulse type").doc("1 active and reactive, 2 forward and reverse."),
        identity(0x4023, Codec::Hex32, IdentityOf::Checksum2)
            => note("Checksum 2").doc("Of the part of the program that does not measure."),
        RegisterDef::setting(0x4026, Codec::U16, SettingId::DataType)
            => note("Data type").doc("1 floats, 2 whole numbers; only the registers from 6000h on change."),
        RegisterDef::setting(0x4032, Codec::U16, SettingId::ScreenDirection)
            => note("Screen direction").doc("0 as the front is printed, 1 turned by 180°."),
        RegisterDef::setting(0x4033, Codec::U16, SettingId::Obis)
            => note("OBIS codes").doc("0 off, 1 on."),
    ];

    /// 5000h to 5037h: readings of this moment.
    pub NOW / NOW_NOTES: RegisterDef = [
        one_phase(0x5000, VOLTS)
            => Note::new("Voltage", IMAGE).doc("0 on a meter of three phases."),
        now(0x5002, VOLTS, What::U, Of::L1) => note("L1 voltage"),
        now(0x5004, VOLTS, What::U, Of::L2) => note("L2 voltage"),
        now(0x5006, VOLTS, What::U, Of::L3) => note("L3 voltage"),
        now(0x5008, HERTZ, What::F, Of::All) => note("Grid frequency"),
        one_phase(0x500A, AMPERES)
            => Note::new("Current", IMAGE).doc("0 on a meter of three phases."),
        now(0x500C, AMPERES, What::I, Of::L1) => Note::new("L1 current", IMAGE).doc("Negative for export."),
        now(0x500E, AMPERES, What::I, Of::L2) => Note::new("L2 current", IMAGE).doc("Negative for export."),
        now(0x5010, AMPERES, What::I, Of::L3) => Note::new("L3 current", IMAGE).doc("Negative for export."),
        now(0x5012, POWER, What::P, Of::All) => note("Total active power").doc("Positive for import, negative for export."),
        now(0x5014, POWER, What::P, Of::L1) => note("L1 active power"),
        now(0x5016, POWER, What::P, Of::L2) => note("L2 active power"),
        now(0x5018, POWER, What::P, Of::L3) => note("L3 active power"),
        now(0x501A, POWER, What::Q, Of::All) => note("Total reactive power").doc("Positive when inductive, negative when capacitive."),
        now(0x501C, POWER, What::Q, Of::L1) => note("L1 reactive power"),
        now(0x501E, POWER, What::Q, Of::L2) => note("L2 reactive power"),
        now(0x5020, POWER, What::Q, Of::L3) => note("L3 reactive power"),
        now(0x5022, POWER, What::S, Of::All) => Note::new("Total apparent power", IMAGE).doc("The sum of the phases."),
        now(0x5024, POWER, What::S, Of::L1) => note("L1 apparent power"),
        now(0x5026, POWER, What::S, Of::L2) => note("L2 apparent power"),
        now(0x5028, POWER, What::S, Of::L3) => note("L3 apparent power"),
        now(0x502A, FACTOR, What::Pf, Of::All)
            => Note::new("Power factor", IMAGE).doc("Without a sign, from the sums of active and reactive power."),
        now(0x502C, FACTOR, What::Pf, Of::L1) => note("L1 power factor"),
        now(0x502E, FACTOR, What::Pf, Of::L2) => note("L2 power factor"),
        now(0x5030, FACTOR, What::Pf, Of::L3) => note("L3 power factor"),
        now(0x5032, VOLTS, What::U, Of::L12) => note("L1-L2 voltage"),
        now(0x5034, VOLTS, What::U, Of::L13) => note("L1-L3 voltage"),
        now(0x5036, VOLTS, What::U, Of::L23) => note("L2-L3 voltage"),
    ];

    /// 6000h to 6047h: energies that the sister meters have too.
    ENERGIES / ENERGIES_NOTES: RegisterDef = [
        total(0x6000, Active, Phase::All, Tariff::All) => note("Total active energy").doc("What the combination code makes of forward and reverse; negative where reverse prevails."),
        total(0x6002, Active, Phase::All, Tariff::T1) => note("T1 total active energy"),
        total(0x6004, Active, Phase::All, Tariff::T2) => note("T2 total active energy"),
        total(0x6006, Active, Phase::L1, Tariff::All) => note("L1 total active energy"),
        total(0x6008, Active, Phase::L2, Tariff::All) => note("L2 total active energy"),
        total(0x600A, Active, Phase::L3, Tariff::All) => note("L3 total active energy"),
        energy(0x600C, Active, Flow::Forward, Phase::All, Tariff::All) => note("Forward active energy"),
        energy(0x600E, Active, Flow::Forward, Phase::All, Tariff::T1) => note("T1 forward active energy"),
        energy(0x6010, Active, Flow::Forward, Phase::All, Tariff::T2) => note("T2 forward active energy"),
        energy(0x6012, Active, Flow::Forward, Phase::L1, Tariff::All) => note("L1 forward active energy"),
        energy(0x6014, Active, Flow::Forward, Phase::L2, Tariff::All) => note("L2 forward active energy"),
        energy(0x6016, Active, Flow::Forward, Phase::L3, Tariff::All) => note("L3 forward active energy"),
        energy(0x6018, Active, Flow::Reverse, Phase::All, Tariff::All) => note("Reverse active energy"),
        energy(0x601A, Active, Flow::Reverse, Phase::All, Tariff::T1) => note("T1 reverse active energy"),
        energy(0x601C, Active, Flow::Reverse, Phase::All, Tariff::T2) => note("T2 reverse active energy"),
        energy(0x601E, Active, Flow::Reverse, Phase::L1, Tariff::All) => note("L1 reverse active energy"),
        energy(0x6020, Active, Flow::Reverse, Phase::L2, Tariff::All) => note("L2 reverse active energy"),
        energy(0x6022, Active, Flow::Reverse, Phase::L3, Tariff::All) => note("L3 reverse active energy"),
        total(0x6024, Reactive, Phase::All, Tariff::All) => note("Total reactive energy").doc("The combination code makes this total too."),
        total(0x6026, Reactive, Phase::All, Tariff::T1) => note("T1 total reactive energy"),
        total(0x6028, Reactive, Phase::All, Tariff::T2) => note("T2 total reactive energy"),
        total(0x602A, Reactive, Phase::L1, Tariff::All) => note("L1 total reactive energy"),
        total(0x602C, Reactive, Phase::L2, Tariff::All) => note("L2 total reactive energy"),
        total(0x602E, Reactive, Phase::L3, Tariff::All) => note("L3 total reactive energy"),
        energy(0x6030, Reactive, Flow::Forward, Phase::All, Tariff::All) => note("Forward reactive energy"),
        energy(0x6032, Reactive, Flow::Forward, Phase::All, Tariff::T1) => note("T1 forward reactive energy"),
        energy(0x6034, Reactive, Flow::Forward, Phase::All, Tariff::T2) => note("T2 forward reactive energy"),
        energy(0x6036, Reactive, Flow::Forward, Phase::L1, Tariff::All) => note("L1 forward reactive energy"),
        energy(0x6038, Reactive, Flow::Forward, Phase::L2, Tariff::All) => note("L2 forward reactive energy"),
        energy(0x603A, Reactive, Flow::Forward, Phase::L3, Tariff::All) => note("L3 forward reactive energy"),
        energy(0x603C, Reactive, Flow::Reverse, Phase::All, Tariff::All) => note("Reverse reactive energy"),
        energy(0x603E, Reactive, Flow::Reverse, Phase::All, Tariff::T1) => note("T1 reverse reactive energy"),
        energy(0x6040, Reactive, Flow::Reverse, Phase::All, Tariff::T2) => note("T2 reverse reactive energy"),
        energy(0x6042, Reactive, Flow::Reverse, Phase::L1, Tariff::All) => note("L1 reverse reactive energy"),
        energy(0x6044, Reactive, Flow::Reverse, Phase::L2, Tariff::All) => note("L2 reverse reactive energy"),
        energy(0x6046, Reactive, Flow::Reverse, Phase::L3, Tariff::All) => note("L3 reverse reactive energy"),
    ];
    /// 6048h and 6049h: the tariff and the resettable counter.
    TARIFF / TARIFF_NOTES: RegisterDef = [
        RegisterDef::setting(0x6048, Codec::U16, SettingId::Tariff)
            => note("Tariff").doc("1 to 4. Once 3 or 4 was chosen, the display shows their energies for ever."),
        RegisterDef::command(0x6049, TOTAL, trip(Phase::All), CommandId::ResetTrip, Argument::Zero)
            => note("Resettable day counter")
                .doc("Counts what the combination code says; two zero registers written in one request set it and those of \
                      the phases to zero."),
    ];
    /// 604Bh to 608Ah: tariffs 3 and 4, and reactive energy by quadrant.
    HIGHER / HIGHER_NOTES: RegisterDef = [
        total(0x604B, Active, Phase::All, Tariff::T3) => note("T3 total active energy"),
        total(0x604D, Active, Phase::All, Tariff::T4) => note("T4 total active energy"),
        energy(0x604F, Active, Flow::Forward, Phase::All, Tariff::T3) => note("T3 forward active energy"),
        energy(0x6051, Active, Flow::Forward, Phase::All, Tariff::T4) => note("T4 forward active energy"),
        energy(0x6053, Active, Flow::Reverse, Phase::All, Tariff::T3) => note("T3 reverse active energy"),
        energy(0x6055, Active, Flow::Reverse, Phase::All, Tariff::T4) => note("T4 reverse active energy"),
        total(0x6057, Reactive, Phase::All, Tariff::T3) => note("T3 total reactive energy"),
        total(0x6059, Reactive, Phase::All, Tariff::T4) => note("T4 total reactive energy"),
        energy(0x605B, Reactive, Flow::Forward, Phase::All, Tariff::T3) => note("T3 forward reactive energy"),
        energy(0x605D, Reactive, Flow::Forward, Phase::All, Tariff::T4) => note("T4 forward reactive energy"),
        energy(0x605F, Reactive, Flow::Reverse, Phase::All, Tariff::T3) => note("T3 reverse reactive energy"),
        energy(0x6061, Reactive, Flow::Reverse, Phase::All, Tariff::T4) => note("T4 reverse reactive energy"),
        energy(0x6063, Reactive, Flow::Q1, Phase::All, Tariff::All) => note("Reactive energy in Q1").doc("Imported inductive: active energy is imported too."),
        energy(0x6065, Reactive, Flow::Q1, Phase::All, Tariff::T1) => note("T1 reactive energy in Q1"),
        energy(0x6067, Reactive, Flow::Q1, Phase::All, Tariff::T2) => note("T2 reactive energy in Q1"),
        energy(0x6069, Reactive, Flow::Q1, Phase::All, Tariff::T3) => note("T3 reactive energy in Q1"),
        energy(0x606B, Reactive, Flow::Q1, Phase::All, Tariff::T4) => note("T4 reactive energy in Q1"),
        energy(0x606D, Reactive, Flow::Q2, Phase::All, Tariff::All) => note("Reactive energy in Q2").doc("Imported capacitive: active energy is exported."),
        energy(0x606F, Reactive, Flow::Q2, Phase::All, Tariff::T1) => note("T1 reactive energy in Q2"),
        energy(0x6071, Reactive, Flow::Q2, Phase::All, Tariff::T2) => note("T2 reactive energy in Q2"),
        energy(0x6073, Reactive, Flow::Q2, Phase::All, Tariff::T3) => note("T3 reactive energy in Q2"),
        energy(0x6075, Reactive, Flow::Q2, Phase::All, Tariff::T4) => note("T4 reactive energy in Q2"),
        energy(0x6077, Reactive, Flow::Q3, Phase::All, Tariff::All) => note("Reactive energy in Q3").doc("Exported inductive: active energy is exported too."),
        energy(0x6079, Reactive, Flow::Q3, Phase::All, Tariff::T1) => note("T1 reactive energy in Q3"),
        energy(0x607B, Reactive, Flow::Q3, Phase::All, Tariff::T2) => note("T2 reactive energy in Q3"),
        energy(0x607D, Reactive, Flow::Q3, Phase::All, Tariff::T3) => note("T3 reactive energy in Q3"),
        energy(0x607F, Reactive, Flow::Q3, Phase::All, Tariff::T4) => note("T4 reactive energy in Q3"),
        energy(0x6081, Reactive, Flow::Q4, Phase::All, Tariff::All) => note("Reactive energy in Q4").doc("Exported capacitive: active energy is imported."),
        energy(0x6083, Reactive, Flow::Q4, Phase::All, Tariff::T1) => note("T1 reactive energy in Q4"),
        energy(0x6085, Reactive, Flow::Q4, Phase::All, Tariff::T2) => note("T2 reactive energy in Q4"),
        energy(0x6087, Reactive, Flow::Q4, Phase::All, Tariff::T3) => note("T3 reactive energy in Q4"),
        energy(0x6089, Reactive, Flow::Q4, Phase::All, Tariff::T4) => note("T4 reactive energy in Q4"),
    ];
    /// 608Bh to 6090h: the resettable counters of the phases.
    TRIPS / TRIPS_NOTES: RegisterDef = [
        RegisterDef::read(0x608B, TOTAL, trip(Phase::L1)) => note("L1 resettable day counter"),
        RegisterDef::read(0x608D, TOTAL, trip(Phase::L2)) => note("L2 resettable day counter"),
        RegisterDef::read(0x608F, TOTAL, trip(Phase::L3)) => note("L3 resettable day counter"),
    ];
}

/// 4000h to 4033h of a meter behind current transformers.
pub const METER_CT: &[RegisterDef] = &join::<31, _>(&[
    alike::SERIAL,
    METER,
    CT_PRIMARY,
    alike::S0_RATE,
    CODE,
    alike::SCROLL_TIME,
    alike::PARITY,
    STATE,
    alike::POWER_DOWNS,
    MORE_STATE,
    CT_RATIO,
    MORE,
]);
/// Notes on [`METER_CT`].
pub const METER_CT_NOTES: &[Note] = &join::<31, _>(&[
    alike::SERIAL_NOTES,
    METER_NOTES,
    CT_PRIMARY_NOTES,
    alike::S0_RATE_NOTES,
    CODE_NOTES,
    alike::SCROLL_TIME_NOTES,
    alike::PARITY_NOTES,
    STATE_NOTES,
    alike::POWER_DOWNS_NOTES,
    MORE_STATE_NOTES,
    CT_RATIO_NOTES,
    MORE_NOTES,
]);
/// 4000h to 4033h of a meter through which the current flows.
pub const METER_DIRECT: &[RegisterDef] = &join::<32, _>(&[
    alike::SERIAL,
    METER,
    NO_PRIMARY,
    alike::S0_RATE,
    CODE,
    alike::SCROLL_TIME,
    alike::PARITY,
    STATE,
    alike::POWER_DOWNS,
    MORE_STATE,
    NO_RATIO,
    MORE,
]);
/// Notes on [`METER_DIRECT`].
pub const METER_DIRECT_NOTES: &[Note] = &join::<32, _>(&[
    alike::SERIAL_NOTES,
    METER_NOTES,
    NO_PRIMARY_NOTES,
    alike::S0_RATE_NOTES,
    CODE_NOTES,
    alike::SCROLL_TIME_NOTES,
    alike::PARITY_NOTES,
    STATE_NOTES,
    alike::POWER_DOWNS_NOTES,
    MORE_STATE_NOTES,
    NO_RATIO_NOTES,
    MORE_NOTES,
]);

/// 6000h to 6090h: counted energies and the tariff.
pub const ENERGY: &[RegisterDef] = &join::<73, _>(&[ENERGIES, TARIFF, HIGHER, TRIPS]);
/// Notes on [`ENERGY`].
pub const ENERGY_NOTES: &[Note] = &join::<73, _>(&[ENERGIES_NOTES, TARIFF_NOTES, HIGHER_NOTES, TRIPS_NOTES]);
