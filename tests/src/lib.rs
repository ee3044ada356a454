//! What spans crates: documents generated from the models, and the checks in `tests/`.

#![forbid(unsafe_code)]

pub mod documents;
