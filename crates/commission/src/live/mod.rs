//! Values as they change: chosen points of one meter, asked one request after the other, and kept as series.
//!
//! [`Live`] asks over Modbus, [`MbusLive`] over M-Bus; both fill [`Series`], in which what is missing is a gap with its
//! cause, never a line. One request is outstanding at any time, and after a time-out nothing is caught up. What a page
//! or a terminal draws of them is in [`crate::plot`].

mod export;
mod mbus;
mod pace;
mod poll;
mod series;

pub(crate) use export::rows;
pub use export::{CsvLayout, SeriesFile};
pub use mbus::MbusLive;
pub use pace::{Pace, Rate};
pub use poll::{Live, LiveError, Next, Step, ask};
pub use series::{Cause, Gap, KEPT, Mark, Sample, Series};
