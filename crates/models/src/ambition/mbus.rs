//! What the meters with a dot matrix say on their M-Bus, and what may be written to it (A2.2).

use crate::alike::write;
use crate::{alike, join};
use schema::Citation::Manual;
use schema::{Citation, Note, RecordDef, RecordForm, RecordWriteDef, SettingId, Source, Target, table};
use units::{EnergyKind, Flow, Of, Phase, Point, StateOf, Tariff, What};

const A22: Citation = Manual("A2.2");

const fn record(dib: &'static [u8], vib: &'static [u8], point: Point, decimals: u8) -> RecordDef {
    RecordDef { dib, vib, source: Source::Point(point), decimals, form: RecordForm::Number }
}

/// Active energy in Wh; a VIFE says that it flowed back.
const fn forward(dib: &'static [u8], tariff: Tariff) -> RecordDef {
    record(dib, &[0x03], Point::active(Flow::Forward, tariff), 3)
}

const fn reverse(dib: &'static [u8], tariff: Tariff) -> RecordDef {
    record(dib, &[0x83, 0x3C], Point::active(Flow::Reverse, tariff), 3)
}

const fn now(dib: &'static [u8], vib: &'static [u8], what: What, of: Of, decimals: u8) -> RecordDef {
    record(dib, vib, Point::Now { what, of }, decimals)
}

const fn note(label: &'static str) -> Note {
    Note::new(label, A22)
}

const TRIP: Point =
    Point::Energy { kind: EnergyKind::Active, flow: Flow::Trip, phase: Phase::All, tariff: Tariff::All };

table! {
    /// The telegram of every meter.
    pub READ / READ_NOTES: RecordDef = [
        forward(&[0x04], Tariff::All) => note("Forward active energy"),
        forward(&[0x84, 0x10], Tariff::T1) => note("T1 forward active energy"),
        forward(&[0x84, 0x20], Tariff::T2) => note("T2 forward active energy"),
        forward(&[0x84, 0x30], Tariff::T3) => note("T3 forward active energy"),
        forward(&[0x84, 0x80, 0x10], Tariff::T4) => note("T4 forward active energy").doc("Tariff 4 needs two DIFEs."),
        reverse(&[0x04], Tariff::All) => note("Reverse active energy"),
        reverse(&[0x84, 0x10], Tariff::T1) => note("T1 reverse active energy"),
        reverse(&[0x84, 0x20], Tariff::T2) => note("T2 reverse active energy"),
        reverse(&[0x84, 0x30], Tariff::T3) => note("T3 reverse active energy"),
        reverse(&[0x84, 0x80, 0x10], Tariff::T4) => note("T4 reverse active energy"),
        record(&[0x04], &[0x83, 0xFC, 0x10], TRIP, 3)
            => note("Resettable day counter").doc("Under a VIFE that says: both ways."),
        record(&[0x04], &[0xFB, 0x82, 0x73], Point::reactive(Flow::Forward, Tariff::All), 3)
            => note("Forward reactive energy").doc("In varh."),
        record(&[0x04], &[0xFB, 0x82, 0xF3, 0x3C], Point::reactive(Flow::Reverse, Tariff::All), 3)
            => note("Reverse reactive energy"),
        now(&[0x02], &[0xFD, 0xC7, 0xFC, 0x01], What::U, Of::L1, 2) => note("L1 voltage").doc("In 10 mV."),
        now(&[0x02], &[0xFD, 0xC7, 0xFC, 0x02], What::U, Of::L2, 2) => note("L2 voltage"),
        now(&[0x02], &[0xFD, 0xC7, 0xFC, 0x03], What::U, Of::L3, 2) => note("L3 voltage"),
        now(&[0x03], &[0xFD, 0xD9, 0xFC, 0x01], What::I, Of::L1, 3) => note("L1 current").doc("In mA."),
        now(&[0x03], &[0xFD, 0xD9, 0xFC, 0x02], What::I, Of::L2, 3) => note("L2 current"),
        now(&[0x03], &[0xFD, 0xD9, 0xFC, 0x03], What::I, Of::L3, 3) => note("L3 current"),
        now(&[0x03], &[0x2B], What::P, Of::All, 3) => note("Total active power").doc("In W, negative for export."),
        now(&[0x03], &[0xAB, 0xFC, 0x01], What::P, Of::L1, 3) => note("L1 active power"),
        now(&[0x03], &[0xAB, 0xFC, 0x02], What::P, Of::L2, 3) => note("L2 active power"),
        now(&[0x03], &[0xAB, 0xFC, 0x03], What::P, Of::L3, 3) => note("L3 active power"),
        now(&[0x03], &[0xFB, 0x14], What::Q, Of::All, 3) => note("Total reactive power").doc("In var."),
        now(&[0x03], &[0xFB, 0x94, 0xFC, 0x01], What::Q, Of::L1, 3) => note("L1 reactive power"),
        now(&[0x03], &[0xFB, 0x94, 0xFC, 0x02], What::Q, Of::L2, 3) => note("L2 reactive power"),
        now(&[0x03], &[0xFB, 0x94, 0xFC, 0x03], What::Q, Of::L3, 3) => note("L3 reactive power"),
        now(&[0x03], &[0xFB, 0x34], What::S, Of::All, 3) => note("Total apparent power").doc("In VA."),
        now(&[0x0A], &[0xFD, 0x3A], What::Pf, Of::All, 2)
            => note("Total power factor").doc("A number without a unit, in hundredths and without a sign."),
        now(&[0x03], &[0xFB, 0x2C], What::F, Of::All, 3) => note("Grid frequency").doc("In mHz."),
        record(&[0x09], &[0x7C, 0x01, 0x54], Point::State(StateOf::Tariff), 0)
            => note("Tariff").doc("Under a unit in plain text, T."),
    ];
    /// What a meter behind current transformers says besides.
    RATIO / RATIO_NOTES: RecordDef = [
        RecordDef {
            form: RecordForm::Ratio { printed_dif: 0x0A },
            ..record(&[0x0B], &[0xFD, 0x3A], Point::State(StateOf::CtRatio), 0)
        }
            => note("CT ratio")
                .doc("A number without a unit: four digits of the primary current, two of the secondary one.")
                .assumed("The list prints the DIF of two bytes and three bytes of data. Sent so, decoders refuse the whole \
                          telegram or lose a byte; with the DIF of three bytes they read 999505. A twin can be served \
                          either way."),
    ];
    /// What a master may write in the family's own values.
    OWN_WRITES / OWN_WRITES_NOTES: RecordWriteDef = [
        write(&[0x09], &[0x7C, 0x01, 0x54], Target::Setting(SettingId::Tariff))
            => note("Tariff").doc("1 to 4, under a unit in plain text, T."),
        write(&[0x09], &[0xFD, 0x3A], Target::Setting(SettingId::CombinationCode))
            => note("Combination code").doc("1 to 5; from 5 there is no way back."),
    ];
}

/// The telegram of a meter behind current transformers.
pub const READ_CT: &[RecordDef] = &join::<32, _>(&[READ, RATIO]);
/// Notes on [`READ_CT`].
pub const READ_CT_NOTES: &[Note] = &join::<32, _>(&[READ_NOTES, RATIO_NOTES]);

/// What a master may write.
pub const WRITES: &[RecordWriteDef] = &join::<7, _>(&[alike::ADDRESSES, OWN_WRITES, alike::RATE_AND_RESETS]);
/// Notes on [`WRITES`].
pub const WRITES_NOTES: &[Note] =
    &join::<7, _>(&[alike::ADDRESSES_NOTES, OWN_WRITES_NOTES, alike::RATE_AND_RESETS_NOTES]);
