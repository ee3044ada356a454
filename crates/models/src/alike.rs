//! Rows that the families have alike, to the word: their manuals print the same lists (A2.2, A3.2).

use schema::Citation::Manual;
use schema::{
    Argument, Citation, Codec, CommandId, Note, RecordWriteDef, RegisterDef, SettingId, Source, Target, table,
};
use units::{Point, StateOf};

const A22: Citation = Manual("A2.2");
const A32: Citation = Manual("A3.2");

/// What a master may write on the M-Bus.
pub const fn write(dib: &'static [u8], vib: &'static [u8], target: Target) -> RecordWriteDef {
    RecordWriteDef { dib, vib, target, decimals: 0, takes: None }
}

table! {
    /// 4000h: which meter it is.
    pub SERIAL / SERIAL_NOTES: RegisterDef = [
        RegisterDef::read(0x4000, Codec::Bcd32, Source::Setting(SettingId::Serial))
            => Note::new("Serial number", A32)
                .doc("Eight decimal digits, the last ones of the twelve that are printed."),
    ];
    /// 400Dh: the rate of the pulse outputs.
    pub S0_RATE / S0_RATE_NOTES: RegisterDef = [
        RegisterDef::setting(0x400D, Codec::F32 { decimals: 2 }, SettingId::S0Rate)
            => Note::new("Pulse output rate", A32)
                .doc("Written as two registers in one request; within 1 ppm of a listed rate."),
    ];
    /// 4010h: the scroll time.
    pub SCROLL_TIME / SCROLL_TIME_NOTES: RegisterDef = [
        RegisterDef::setting(0x4010, Codec::Bcd16, SettingId::ScrollTime)
            => Note::new("Scroll time", A32).doc("Decimal digits: 0025h is 25 s."),
    ];
    /// 4011h: the parity of the Modbus.
    pub PARITY / PARITY_NOTES: RegisterDef = [
        RegisterDef::setting(0x4011, Codec::U16, SettingId::Parity)
            => Note::new("Parity", A32).doc("1 even, 2 none, 3 odd."),
    ];
    /// 4016h: how often the supply has gone.
    pub POWER_DOWNS / POWER_DOWNS_NOTES: RegisterDef = [
        RegisterDef::command(
            0x4016,
            Codec::U16,
            Source::Point(Point::State(StateOf::PowerDowns)),
            CommandId::ResetPowerDowns,
            Argument::Any,
        )
            => Note::new("Power-down counter", A32)
                .doc("How often the supply has gone; writing it sets it to zero."),
    ];

    /// The addresses of a meter on the M-Bus.
    pub ADDRESSES / ADDRESSES_NOTES: RecordWriteDef = [
        write(&[0x01], &[0x7A], Target::Setting(SettingId::MbusId))
            => Note::new("Primary address", A22)
                .doc("The answer carries no address; the new one holds from then on."),
        write(&[0x0C], &[0x79], Target::Setting(SettingId::Serial))
            => Note::new("Secondary address", A22)
                .assumed("Low byte first, as it is read; the example prints the digits in the order of the bytes, and a \
                          twin can be served so."),
    ];
    /// The rate of the pulse outputs, and the counters that can be set to zero.
    pub RATE_AND_RESETS / RATE_AND_RESETS_NOTES: RecordWriteDef = [
        RecordWriteDef {
            decimals: 2,
            ..write(&[0x0C], &[0xFD, 0x3A], Target::Setting(SettingId::S0Rate))
        }
            => Note::new("Pulse output rate", A22)
                .assumed("In 0.01 imp/kWh: the only reading under which the example, 00 00 01 00, is 100 and 0.01 can be \
                          written."),
        write(&[0x0C], &[0x04], Target::Command(CommandId::ResetTrip))
            => Note::new("Resettable day counter to zero", A22).doc("The value is ignored."),
        write(&[0x0A], &[0xFD, 0x60], Target::Command(CommandId::ResetPowerDowns))
            => Note::new("Power-down counter to zero", A22).doc("The value is ignored."),
    ];
}
