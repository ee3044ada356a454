//! The master's work: who is there, what does it say, what is to be changed, and what is proven.
//!
//! Everything is a plain `async fn` over [`Bus`]; [`Line`] is the bus over a [`Port`] of bytes. Nothing here spawns,
//! sleeps, locks or reads a clock: who owns the port polls the future. A workflow is cancelled by dropping its future;
//! what was certain until then stands in the [`Journal`].
//!
//! A change is confirmed by a read-back from the meter of the same serial number, and by nothing else.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
// Futures are polled by the caller on one thread: a page has no other, and `Send` bounds would shut it out.
#![allow(async_fn_in_trait)]

extern crate alloc;

pub mod batch;
pub mod boot;
pub mod budget;
mod bus;
pub mod diagnosis;
pub mod diff;
mod export;
pub mod find;
pub mod guard;
mod identify;
mod journal;
pub mod json;
pub mod listen;
pub mod live;
pub mod manager;
pub mod mbus;
pub mod meaning;
pub mod names;
pub mod optical;
mod overheard;
pub mod passport;
mod plan;
pub mod plot;
mod port;
pub mod profile;
pub mod radio;
mod read;
pub mod record;
pub mod rehearse;
mod report;
mod saved;
mod sentence;
pub mod session;
pub mod settle;
mod simulated;
mod staged;
pub mod uses;
mod wall;
pub mod wiring;
mod write;

pub use bus::{
    Answer, Bus, Counts, Direction, Fault, Line, LineMemory, Observer, Place, READ_TRIES, Timing, Traffic,
    Transport,
};
pub use identify::{Identity, identify, recognise, serial_text};
pub use journal::{Journal, JournalEntry, JournalFault, Mark, MemoryJournal, standing};
pub use meaning::{About, ByteNote, annotate};
pub use plan::{Action, Plan, PlanError, Proof, Step, factory_place, parity, parity_value};
pub use port::{Port, PortFault, Received};
pub use read::{
    Progress, ReadOut, ReadPlan, ReadRow, RowFault, Span, does_not_exist, read_out, read_settings,
};
pub use report::{Report, Way, report_text};
pub use saved::{SavedFault, SavedReadOut};
pub use sentence::{Context, ECHO_SEEN, sentence};
pub use simulated::SimulatedPort;
pub use staged::{StageError, Staged, commands, writable, writable_settings};
pub use wall::Wall;
pub use write::{Doubt, Obstacle, Outcome, StepReport, WriteProgress, write_plan};
