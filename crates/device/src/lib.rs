//! One whole meter: a [`schema::ModelDef`] with metering, memory, panel and bus behind one `poll`.
//!
//! The device names no model and does no I/O. Time is a parameter, and there are two: bus time (`now`) drives keys,
//! panel, protocols and line; metered time is how much load time has passed. [`Device::apply`] is the only place
//! that changes a setting, whoever asks.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation
)]

mod device;
mod face;
mod memory;
pub mod port;
mod registers;
mod works;

#[cfg(test)]
mod tests;

pub use device::{Device, DeviceMemory, Led};
pub use face::{AnyFace, Face, SegmentFace};
pub use memory::{NvPart, damage, image_size};
pub use port::{
    AllPorts, Buffers, MbusPort, MbusQuirks, ModbusPort, OpticalPort, PortMemory, PortOutput, Ports,
    RadioPort,
};
pub use works::{Door, Refusal, Works};
