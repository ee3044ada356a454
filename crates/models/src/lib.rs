//! The meters themselves, as constant tables: one folder a family, its artwork in `art/`.
//!
//! Nothing here behaves. A model is a [`ModelDef`], which the firmware holds, and beside it its [`ModelNotes`]: labels,
//! reasons and sources for people, which the firmware leaves out.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

use schema::{ModelDef, ModelNotes, ModelSources};

mod alike;
pub mod ambition;
pub mod pro1;

pub use ambition::{
    AMBITION_2PU_CT, AMBITION_2PU_CT_NOTES, AMBITION_2PU_CT_SOURCES, AMBITION_4PS, AMBITION_4PS_NOTES,
    AMBITION_4PS_SOURCES, AMBITION_4PU, AMBITION_4PU_NOTES, AMBITION_4PU_SOURCES,
};
pub use pro1::{
    PRO1_2T, PRO1_2T_NOTES, PRO1_2T_SOURCES, PRO1_MB, PRO1_MB_NOTES, PRO1_MB_SOURCES, PRO1_MOD,
    PRO1_MOD_NOTES, PRO1_MOD_SOURCES, PRO1_S, PRO1_S_NOTES, PRO1_S_SOURCES,
};

/// One table out of several: `N` is the number of their rows together, else it does not compile.
#[allow(clippy::panic, reason = "runs while the tables are compiled, and nowhere else")]
const fn join<const N: usize, T: Copy>(parts: &[&[T]]) -> [T; N] {
    let mut first = parts;
    let filler = loop {
        match first {
            [[row, ..], ..] => break *row,
            [[], rest @ ..] => first = rest,
            [] => panic!("nothing to join"),
        }
    };
    let mut all = [filler; N];
    let mut room: &mut [T] = &mut all;
    let mut parts = parts;
    while let [part, rest @ ..] = parts {
        let mut rows = *part;
        while let [row, tail @ ..] = rows {
            let [place, left @ ..] = room else { panic!("more rows than were announced") };
            *place = *row;
            room = left;
            rows = tail;
        }
        parts = rest;
    }
    assert!(room.is_empty(), "fewer rows than were announced");
    all
}

/// A model with what is said about it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The description.
    pub def: &'static ModelDef,
    /// The notes on it, table by table.
    pub notes: &'static ModelNotes,
}

/// Every model there is.
pub const ALL: &[Entry] = &[
    Entry { def: &PRO1_MOD, notes: &PRO1_MOD_NOTES },
    Entry { def: &PRO1_MB, notes: &PRO1_MB_NOTES },
    Entry { def: &PRO1_2T, notes: &PRO1_2T_NOTES },
    Entry { def: &PRO1_S, notes: &PRO1_S_NOTES },
    Entry { def: &AMBITION_2PU_CT, notes: &AMBITION_2PU_CT_NOTES },
    Entry { def: &AMBITION_4PU, notes: &AMBITION_4PU_NOTES },
    Entry { def: &AMBITION_4PS, notes: &AMBITION_4PS_NOTES },
];

/// Where everything about the models of [`ALL`] comes from, in the same order.
pub const SOURCES: &[&ModelSources] = &[
    &PRO1_MOD_SOURCES,
    &PRO1_MB_SOURCES,
    &PRO1_2T_SOURCES,
    &PRO1_S_SOURCES,
    &AMBITION_2PU_CT_SOURCES,
    &AMBITION_4PU_SOURCES,
    &AMBITION_4PS_SOURCES,
];
