//! libFuzzer on [`fuzz::modbus_frames`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(modbus_frames);
