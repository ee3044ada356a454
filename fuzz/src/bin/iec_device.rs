//! libFuzzer on [`fuzz::iec_device`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(iec_device);
