//! What the PRO380-Mb says on its M-Bus: two telegrams, of which a master chooses one, and the writes of the family.

use schema::Citation::Sister;
use schema::{Citation, Note, RecordDef, RecordForm, RecordWriteDef, Source, table};
use units::{EnergyKind, Flow, Of, Phase, Point, Tariff, What};

use crate::join;
use crate::pro1::mbus as one;

const SCRIPT: Citation = Sister("a script in use that asks meters of this kind for this telegram");
const PRO1: Citation = Sister("PRO1 series manual v2.18, A2.2");

const fn of_phase(dib: &'static [u8], flow: Flow, phase: Phase) -> RecordDef {
    one::counted(dib, Point::Energy { kind: EnergyKind::Active, flow, phase, tariff: Tariff::All })
}

const fn now(dib: &'static [u8], vib: &'static [u8], what: What, of: Of, decimals: u8) -> RecordDef {
    RecordDef { dib, vib, source: Source::Point(Point::Now { what, of }), decimals, form: RecordForm::Number }
}

const fn note(label: &'static str) -> Note {
    Note::new(label, SCRIPT)
}

const ORDER: &str = "Behind the records of the PRO1: no read-out shows where they stand.";

table! {
    /// The energies of the phases.
    PHASES / PHASES_NOTES: RecordDef = [
        of_phase(&[0x4C], Flow::Total, Phase::L1)
            => note("L1 total active energy").doc("Storage number 1 stands for phase 1.").assumed(ORDER),
        of_phase(&[0x8C, 0x01], Flow::Total, Phase::L2) => note("L2 total active energy").assumed(ORDER),
        of_phase(&[0xCC, 0x01], Flow::Total, Phase::L3) => note("L3 total active energy").assumed(ORDER),
        of_phase(&[0x6C], Flow::Reverse, Phase::L1) => note("L1 reverse active energy").assumed(ORDER),
        of_phase(&[0xAC, 0x01], Flow::Reverse, Phase::L2) => note("L2 reverse active energy").assumed(ORDER),
        of_phase(&[0xEC, 0x01], Flow::Reverse, Phase::L3) => note("L3 reverse active energy").assumed(ORDER),
    ];
    /// The telegram of present readings.
    pub READINGS / READINGS_NOTES: RecordDef = [
        now(&[0x4B], &[0xFD, 0x47], What::U, Of::L1, 2)
            => note("L1 voltage").doc("In 10 mV. Storage number 1 stands for phase 1."),
        now(&[0x8B, 0x01], &[0xFD, 0x47], What::U, Of::L2, 2) => note("L2 voltage"),
        now(&[0xCB, 0x01], &[0xFD, 0x47], What::U, Of::L3, 2) => note("L3 voltage"),
        now(&[0x4B], &[0xFD, 0x59], What::I, Of::L1, 3)
            => note("L1 current").assumed("In mA, as the value information says; the script divides by 100."),
        now(&[0x8B, 0x01], &[0xFD, 0x59], What::I, Of::L2, 3) => note("L2 current"),
        now(&[0xCB, 0x01], &[0xFD, 0x59], What::I, Of::L3, 3) => note("L3 current"),
        now(&[0x4C], &[0x2A], What::P, Of::L1, 4) => note("L1 active power").doc("In 0.1 W, negative for export."),
        now(&[0x8C, 0x01], &[0x2A], What::P, Of::L2, 4) => note("L2 active power"),
        now(&[0xCC, 0x01], &[0x2A], What::P, Of::L3, 4) => note("L3 active power"),
    ];
}

/// Notes of the one-phase meters, by the manual that prints them.
const fn theirs<const N: usize>(notes: &[Note]) -> [Note; N] {
    let mut all = [Note::new("", PRO1); N];
    let (mut room, mut rows): (&mut [Note], _) = (&mut all, notes);
    while let ([note, tail @ ..], [place, left @ ..]) = (rows, room) {
        *place = Note { source: PRO1, ..*note };
        (rows, room) = (tail, left);
    }
    all
}

const COUNT: usize = one::ENERGIES.len() + PHASES.len();

/// The telegram that every read-out gets, unless a master chose the other.
pub const ENERGIES: &[RecordDef] = &join::<COUNT, _>(&[one::ENERGIES, PHASES]);
/// Notes on [`ENERGIES`].
pub const ENERGIES_NOTES: &[Note] =
    &join::<COUNT, _>(&[&theirs::<{ one::ENERGIES.len() }>(one::ENERGIES_NOTES), PHASES_NOTES]);

/// What a master may write.
pub const WRITES: &[RecordWriteDef] = one::WRITES;
/// Notes on [`WRITES`].
pub const WRITES_NOTES: &[Note] = &theirs::<{ one::WRITES.len() }>(one::WRITES_NOTES);
