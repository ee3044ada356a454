//! The register map: that of the one-phase meters of the same firmware, in which this family has what those leave at zero,
//! and nothing in the three rows that only they have (register table, p. 23).

use schema::Citation::Manual;
use schema::{Citation, IdentityOf, Note, RegisterDef, Source};
use units::{EnergyKind, Flow, Of, Phase, Point, Tariff, What};

use crate::pro1::registers as one;

const TABLE: Citation = Manual("register table, p. 23");

/// Readings of the phases: the register of phase 1, how many registers each takes, and what is read.
const READINGS: &[(u16, u16, What)] = &[
    (0x4012, 1, What::Direction),
    (0x4018, 1, What::Quadrant),
    (0x5002, 2, What::U),
    (0x500C, 2, What::I),
    (0x5014, 2, What::P),
    (0x501C, 2, What::Q),
    (0x5024, 2, What::S),
    (0x502C, 2, What::Pf),
];

/// Energies of the phases: the register of phase 1, and what is counted.
const ENERGIES: &[(u16, EnergyKind, Flow)] = &[
    (0x6006, EnergyKind::Active, Flow::Total),
    (0x6012, EnergyKind::Active, Flow::Forward),
    (0x601E, EnergyKind::Active, Flow::Reverse),
    (0x602A, EnergyKind::Reactive, Flow::Total),
    (0x6036, EnergyKind::Reactive, Flow::Forward),
    (0x6042, EnergyKind::Reactive, Flow::Reverse),
];

/// What is told of a row otherwise than of the one-phase meters': its sentence, and what is assumed about it.
const TOLD: &[(u16, &str, &str)] = &[
    (0x4002, "0102h for a meter without current transformers.", ""),
    (0x400B, "The largest current in A.", ""),
    (0x400C, "The primary current of a meter behind current transformers; 0 on this one.", ""),
    (0x4012, "Two characters: 1F forward, 1R reverse.", ""),
    (0x4015, ONLY_ONE, ""),
    (0x401D, "00ab 0cde: a program and b memory good, c, d and e phase 1, 2 and 3 present.", ""),
    (0x401F, "The secondary current in A; 5 also on a meter without current transformers.", ""),
    (0x5000, ONLY_ONE, ""),
    (0x5002, "", ""),
    (0x500A, ONLY_ONE, ""),
    (0x500C, "Negative for export.", ""),
    (
        0x502A,
        "Of the whole meter: the sum of active powers by the length of the sums of both powers. Without a sign.",
        "",
    ),
    (0x5022, "The sum of the phases' apparent powers.", ""),
];

const ONLY_ONE: &str = "Only the PRO1 has it; 0 here.";

/// Which phase, counted from 0, a register is of, where that of phase 1 is `first` and each takes `step`.
const fn place(addr: u16, first: u16, step: u16) -> Option<u16> {
    if addr < first || addr - first >= 3 * step || !(addr - first).is_multiple_of(step) {
        return None;
    }
    Some((addr - first) / step)
}

/// What stands in a register otherwise than on a meter of one phase.
const fn own(addr: u16) -> Option<Source> {
    match addr {
        0x4015 | 0x5000 | 0x500A => return Some(Source::Zero),
        0x401F => return Some(Source::Identity(IdentityOf::CtMode)),
        _ => {}
    }
    let mut readings = READINGS;
    while let [(first, step, what), rest @ ..] = readings {
        if let Some(place) = place(addr, *first, *step) {
            let of = match place {
                0 => Of::L1,
                1 => Of::L2,
                _ => Of::L3,
            };
            return Some(Source::Point(Point::Now { what: *what, of }));
        }
        readings = rest;
    }
    let mut energies = ENERGIES;
    while let [(first, kind, flow), rest @ ..] = energies {
        if let Some(place) = place(addr, *first, 2) {
            let phase = match place {
                0 => Phase::L1,
                1 => Phase::L2,
                _ => Phase::L3,
            };
            return Some(Source::Point(Point::Energy {
                kind: *kind,
                flow: *flow,
                phase,
                tariff: Tariff::All,
            }));
        }
        energies = rest;
    }
    None
}

const fn row(row: RegisterDef) -> RegisterDef {
    match own(row.addr) {
        Some(source) => RegisterDef { source, ..row },
        None => row,
    }
}

const fn note(row: RegisterDef, note: Note) -> Note {
    let source = match note.source {
        Citation::Capture(_) => note.source,
        _ => TABLE,
    };
    let mut told = TOLD;
    while let [(addr, doc, assumed), rest @ ..] = told {
        if *addr == row.addr {
            return Note { doc, assumed, source, ..note };
        }
        told = rest;
    }
    if let (Source::Zero, Some(_)) = (row.source, own(row.addr)) {
        return Note { doc: "", assumed: "", source, ..note };
    }
    Note { source, ..note }
}

/// A block of the one-phase meters as this family has it, in `N` rows, with its notes.
const fn block<const N: usize>(rows: &[RegisterDef], notes: &[Note]) -> ([RegisterDef; N], [Note; N]) {
    let ([first, ..], [named, ..]) = (rows, notes) else { unreachable!() };
    let (mut all, mut told) = ([*first; N], [*named; N]);
    let (mut rows, mut notes) = (rows, notes);
    let (mut room, mut place): (&mut [RegisterDef], &mut [Note]) = (&mut all, &mut told);
    while let ([one, more @ ..], [about, others @ ..], [to, left @ ..], [beside, free @ ..]) =
        (rows, notes, room, place)
    {
        *to = row(*one);
        *beside = note(*one, *about);
        (rows, notes, room, place) = (more, others, left, free);
    }
    (all, told)
}

macro_rules! blocks {
    ($($(#[$doc:meta])* $rows:ident / $notes:ident = $from:ident / $about:ident;)*) => {
        $(
            $(#[$doc])*
            pub const $rows: &[RegisterDef] =
                &const { block::<{ one::$from.len() }>(one::$from, one::$about) }.0;
            #[doc = concat!("Notes on [`", stringify!($rows), "`].")]
            pub const $notes: &[Note] =
                &const { block::<{ one::$from.len() }>(one::$from, one::$about) }.1;
        )*
    };
}

blocks! {
    /// 4000h to 401Fh of a meter with Modbus.
    METER_MODBUS / METER_MODBUS_NOTES = METER_MODBUS / METER_MODBUS_NOTES;
    /// 4000h to 401Fh of a meter with M-Bus.
    METER_MBUS / METER_MBUS_NOTES = METER_MBUS / METER_MBUS_NOTES;
    /// 5000h to 5031h: readings of this moment.
    NOW / NOW_NOTES = NOW / NOW_NOTES;
    /// 6000h to 604Ah: counted energies and the tariff.
    ENERGY / ENERGY_NOTES = ENERGY / ENERGY_NOTES;
    /// 1000h to 1520h of the older map of a meter with Modbus.
    OLD_METER_MODBUS / OLD_METER_MODBUS_NOTES = OLD_METER_MODBUS / OLD_METER_MODBUS_NOTES;
    /// 1000h to 1510h of the older map of a meter with M-Bus.
    OLD_METER_MBUS / OLD_METER_MBUS_NOTES = OLD_METER_MBUS / OLD_METER_MBUS_NOTES;
    /// 2000h to 2200h of the older map: readings of this moment and the tariff.
    OLD_NOW / OLD_NOW_NOTES = OLD_NOW / OLD_NOW_NOTES;
    /// 3000h to 32A0h of the older map: counted energies.
    OLD_ENERGY / OLD_ENERGY_NOTES = OLD_ENERGY / OLD_ENERGY_NOTES;
}
