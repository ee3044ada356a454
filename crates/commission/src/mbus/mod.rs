//! The master's work on an M-Bus: who is there, what do they say, what is to be changed, and what is proven.
//!
//! [`MbusLine`] is the bus over a [`Port`]; every workflow is one of its methods. A workflow is paused by not polling
//! its future and ended by dropping it: the next one starts afresh.
//!
//! The acknowledge E5 names nobody and says nothing about what was done, so it is never taken for a proof. What the
//! telegram of a meter shows is read back; what it does not show ends as "acknowledged".

mod candidates;
mod export;
mod found;
mod line;
mod meaning;
mod plan;
mod read;
mod rows;
mod sentence;
mod settle;
mod write;

pub use crate::report::report_text;
pub use ::mbus::{Direction, Function, Identity, LineParams, Mask, Phase};
pub use candidates::Candidates;
pub(crate) use export::{columns, list_fields};
pub use export::{explain, list_json, list_table};
pub use found::{Found, NodeEvent, ScanEvent, SearchEvent, Seen, medium_text};
pub(crate) use line::TUNE;
pub use line::{Address, Fault, MbusLine, MbusMemory, MbusTiming, Place, READ_TRIES};
pub use meaning::mask_text;
pub(crate) use meaning::{frame as frame_text, whom};
pub(crate) use plan::place_after;
pub use plan::{Plan, change, commands, factory_place, writable, writable_settings};
pub use read::{MbusReadOut, ReadProgress};
pub use rows::{Row, Telegram, decode, decode_frame, identity_text};
pub use sentence::sentence;
pub use settle::Settled;
pub use write::{Doubt, Obstacle, Outcome, StepReport, WriteProgress, shows};
