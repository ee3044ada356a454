//! libFuzzer on [`fuzz::memory`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(memory);
