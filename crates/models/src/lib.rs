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

use schema::{FaceNotes, MasterNotes, ModelDef, ModelNotes, ModelSources};

mod alike;
pub mod ambition;
pub mod pro1;
pub mod pro380;

pub use ambition::{
    AMBITION_2PU_CT, AMBITION_2PU_CT_NOTES, AMBITION_2PU_CT_SOURCES, AMBITION_4PS, AMBITION_4PS_NOTES,
    AMBITION_4PS_SOURCES, AMBITION_4PU, AMBITION_4PU_NOTES, AMBITION_4PU_SOURCES,
};
pub use pro1::{
    PRO1_2T, PRO1_2T_NOTES, PRO1_2T_SOURCES, PRO1_MB, PRO1_MB_NOTES, PRO1_MB_SOURCES, PRO1_MOD,
    PRO1_MOD_NOTES, PRO1_MOD_SOURCES, PRO1_S, PRO1_S_NOTES, PRO1_S_SOURCES,
};
pub use pro380::{
    PRO380_MB, PRO380_MB_NOTES, PRO380_MB_SOURCES, PRO380_MOD, PRO380_MOD_NOTES, PRO380_MOD_SOURCES,
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
    /// What is said about the meter itself. The words of its tables are [`MASTER`].
    pub notes: &'static FaceNotes,
}

/// Lists of the same models in the same order: one for each kind of reader, so that nobody links what only others read.
macro_rules! lists {
    (
        $(#[$all:meta])* $offered:ident, $(#[$words:meta])* $master:ident, $(#[$whole:meta])* $notes:ident,
        $(#[$origin:meta])* $sources:ident: $($def:ident, $said:ident, $from:ident;)*
    ) => {
        $(#[$all])*
        pub const $offered: &[Entry] = &[$(Entry {
            def: &$def,
            notes: {
                static FACE: FaceNotes = $said.face();
                &FACE
            },
        },)*];

        $(#[$words])*
        pub const $master: &[&MasterNotes] = &[$({
            static WORDS: MasterNotes = $said.master();
            &WORDS
        },)*];

        $(#[$whole])*
        pub const $notes: &[&ModelNotes] = &[$(&$said,)*];

        $(#[$origin])*
        pub const $sources: &[&ModelSources] = &[$(&$from,)*];
    };
}

lists! {
    /// Every model there is.
    ALL,
    /// What masters read about the tables of the models of [`ALL`], in the same order.
    MASTER,
    /// All that is said about the models of [`ALL`], in the same order, with their drawings. The page has those as files.
    NOTES,
    /// Where everything about the models of [`ALL`] comes from, in the same order.
    SOURCES:
    PRO1_MOD, PRO1_MOD_NOTES, PRO1_MOD_SOURCES;
    PRO1_MB, PRO1_MB_NOTES, PRO1_MB_SOURCES;
    PRO1_2T, PRO1_2T_NOTES, PRO1_2T_SOURCES;
    PRO1_S, PRO1_S_NOTES, PRO1_S_SOURCES;
    PRO380_MOD, PRO380_MOD_NOTES, PRO380_MOD_SOURCES;
    PRO380_MB, PRO380_MB_NOTES, PRO380_MB_SOURCES;
    AMBITION_2PU_CT, AMBITION_2PU_CT_NOTES, AMBITION_2PU_CT_SOURCES;
    AMBITION_4PU, AMBITION_4PU_NOTES, AMBITION_4PU_SOURCES;
    AMBITION_4PS, AMBITION_4PS_NOTES, AMBITION_4PS_SOURCES;
}
