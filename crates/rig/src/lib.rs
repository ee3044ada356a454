//! The world around a meter: mains and loads, the wire with its devices, scripts, and sentences for what a display
//! shows. Needs an allocator, but no clock and no I/O: the shells bring both.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod bench;
mod connection;
pub mod copper;
pub mod image;
mod line;
mod load;
mod loadtext;
mod newcomer;
mod outputs;
mod pages;
mod quirk;
mod radio;
mod run;
mod say;
mod saymatrix;
pub mod script;
mod spec;
mod tap;
mod terminals;
mod text;
mod twin;
mod wire;

pub use bench::{Bench, OutletOutput};
pub use connection::Connection;
pub use line::MasterEvent;
pub use load::{Circuit, Flow, Supply};
pub use loadtext::LoadChange;
pub use metering::Counter;
pub use newcomer::newcomer;
pub use outputs::{Change, Output, Outputs, S0Fault, pulse_limit_text, pulse_warning};
pub use pages::{PageText, glass_text, page_of, page_view, pages};
pub use quirk::Quirk;
pub use radio::{Touch, radio_touches};
pub use run::{block_on, block_on_within};
pub use say::{directions_text, find_page, page_note, point_text, say};
pub use saymatrix::say_matrix;
pub use spec::{MOST_METERS, MeterSpec, find_model, parse_count};
pub use terminals::{pulse_energy_text, pulse_rate_text};
pub use text::{TextError, parse_span};
pub use twin::{Twin, VecNv};
pub use wire::{WireChange, WireFaults, Wiring};
