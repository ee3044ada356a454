//! The panel walked by key through a small meter of its own.

mod glass;
mod grammar;
mod manual;
mod meter;
pub mod model;
mod pair;
