//! libFuzzer on [`fuzz::values`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(values);
