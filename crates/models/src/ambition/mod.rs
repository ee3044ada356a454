//! The Ambition family (manual 0.08): meters behind a dot matrix with three touch keys.

pub mod face;
