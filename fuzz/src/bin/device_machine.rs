//! libFuzzer on [`fuzz::device_machine`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(device_machine);
