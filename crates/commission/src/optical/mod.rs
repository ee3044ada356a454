//! The master's work at the infrared window: the read-out, and settings written and proven in the programming mode.
//!
//! [`OpticalLine`] is a reading head over any [`Port`](crate::Port). Nothing about a model's window is confirmed by a
//! capture of a real meter: whoever shows what comes from here says so, see [`UNCONFIRMED`].

mod export;
mod fault;
mod line;
mod readout;
mod work;

pub use fault::OpticalFault;
pub use line::{OpticalLine, OpticalMemory, OpticalProgress, Reply};
pub use readout::{OpticalReadout, OpticalValue};
pub use work::{OpticalOutcome, writable};

/// What has to be said wherever this is used.
pub const UNCONFIRMED: &str = "What these meters say through their infrared window is assumed: no read-out of a real one is \
                               public.";
