//! How much of what the panels of all models can do a program is built with.

use core::fmt;

/// How much of what the panels of all models can do a program is built with: [`Every`], or what its one model needs, and
/// the linker leaves the rest out.
pub trait Extent: Copy + fmt::Debug {
    /// Two keys that work together, a digit for the tariff, and values of several phases on one page.
    const EVERY: bool;
}

/// What every model can do.
#[derive(Clone, Copy, Debug)]
pub struct Every;

impl Extent for Every {
    const EVERY: bool = true;
}

/// What a model of one phase with one key can do.
#[derive(Clone, Copy, Debug)]
pub struct OneKey;

impl Extent for OneKey {
    const EVERY: bool = false;
}
