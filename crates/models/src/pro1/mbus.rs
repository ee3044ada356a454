//! What the PRO1-Mb says on its M-Bus, and what may be written to it (A2.2).

use schema::Citation::{Manual, Sister};
use schema::{
    Choice, Citation, Kind, Note, RecordDef, RecordForm, RecordWriteDef, SettingDef, SettingId, Source,
    Target, table,
};
use units::{Flow, Point, Tariff, What};

use super::settings;
use crate::alike::write;
use crate::{alike, join};

const A22: Citation = Manual("A2.2");
const PRO380: Citation = Sister("PRO380-Mb: a script in use that asks for this telegram");

/// Total, forward and reverse are told apart by the function field (instantaneous, maximum, minimum), tariffs by a DIFE.
const fn energy(dib: &'static [u8], flow: Flow, tariff: Tariff) -> RecordDef {
    counted(dib, Point::active(flow, tariff))
}

/// An active energy in 10 Wh.
pub const fn counted(dib: &'static [u8], point: Point) -> RecordDef {
    RecordDef { dib, vib: &[0x04], source: Source::Point(point), decimals: 2, form: RecordForm::Number }
}

const fn now(dib: &'static [u8], vib: &'static [u8], what: What, decimals: u8) -> RecordDef {
    RecordDef { dib, vib, source: Source::Point(Point::now(what)), decimals, form: RecordForm::Number }
}

/// A reading of a phase that the meter does not have.
const fn absent(dib: &'static [u8], vib: &'static [u8]) -> RecordDef {
    RecordDef { dib, vib, source: Source::Zero, decimals: 0, form: RecordForm::Number }
}

/// The tariffs that A2.2 lists: on this bus none is volatile.
const STORED_TARIFF: SettingDef =
    SettingDef { kind: Kind::OneOf(&[Choice::new(1, "", ""), Choice::new(2, "", "")]), ..settings::TARIFF };

const fn note(label: &'static str) -> Note {
    Note::new(label, A22)
}

const fn phase_note(label: &'static str) -> Note {
    Note::new(label, PRO380)
        .assumed("The sister meter's telegram; phases it has and this meter has not are 0.")
}

table! {
    /// The telegram that every read-out gets.
    pub ENERGIES / ENERGIES_NOTES: RecordDef = [
        energy(&[0x0C], Flow::Total, Tariff::All) => note("Total active energy"),
        energy(&[0x8C, 0x10], Flow::Total, Tariff::T1) => note("T1 total active energy"),
        energy(&[0x8C, 0x20], Flow::Total, Tariff::T2) => note("T2 total active energy"),
        energy(&[0x1C], Flow::Forward, Tariff::All)
            => note("Forward active energy").doc("Told from the total by the function field, which says maximum."),
        energy(&[0x9C, 0x10], Flow::Forward, Tariff::T1) => note("T1 forward active energy"),
        energy(&[0x9C, 0x20], Flow::Forward, Tariff::T2) => note("T2 forward active energy"),
        energy(&[0x2C], Flow::Reverse, Tariff::All)
            => note("Reverse active energy").doc("Told from the total by the function field, which says minimum."),
        energy(&[0xAC, 0x10], Flow::Reverse, Tariff::T1) => note("T1 reverse active energy"),
        energy(&[0xAC, 0x20], Flow::Reverse, Tariff::T2) => note("T2 reverse active energy"),
    ];
    /// The telegram of present readings, which the sister meter says where a master chose it.
    pub READINGS / READINGS_NOTES: RecordDef = [
        now(&[0x4B], &[0xFD, 0x47], What::U, 2) => phase_note("L1 voltage").doc("Storage number 1 stands for phase 1."),
        absent(&[0x8B, 0x01], &[0xFD, 0x47]) => phase_note("L2 voltage"),
        absent(&[0xCB, 0x01], &[0xFD, 0x47]) => phase_note("L3 voltage"),
        now(&[0x4B], &[0xFD, 0x59], What::I, 3)
            => phase_note("L1 current")
                .assumed("In mA, as the value information says; the script divides by 100."),
        absent(&[0x8B, 0x01], &[0xFD, 0x59]) => phase_note("L2 current"),
        absent(&[0xCB, 0x01], &[0xFD, 0x59]) => phase_note("L3 current"),
        now(&[0x4C], &[0x2A], What::P, 4) => phase_note("L1 active power").doc("In 0.1 W."),
        absent(&[0x8C, 0x01], &[0x2A]) => phase_note("L2 active power"),
        absent(&[0xCC, 0x01], &[0x2A]) => phase_note("L3 active power"),
    ];
}

table! {
    /// What a master may write in the family's own values.
    OWN_WRITES / OWN_WRITES_NOTES: RecordWriteDef = [
        RecordWriteDef {
            takes: Some(&STORED_TARIFF),
            ..write(&[0x09], &[0x7C, 0x01, 0x54], Target::Setting(SettingId::Tariff))
        }
            => note("Tariff").doc("Under a unit in plain text, T. 11 and 12, which are not stored, it does not know."),
        write(&[0x09], &[0xFD, 0x3A], Target::Setting(SettingId::CombinationCode))
            => note("Combination code").doc("One of the codes of the setting."),
    ];
}

/// What a master may write.
pub const WRITES: &[RecordWriteDef] = &join::<7, _>(&[alike::ADDRESSES, OWN_WRITES, alike::RATE_AND_RESETS]);
/// Notes on [`WRITES`].
pub const WRITES_NOTES: &[Note] =
    &join::<7, _>(&[alike::ADDRESSES_NOTES, OWN_WRITES_NOTES, alike::RATE_AND_RESETS_NOTES]);
