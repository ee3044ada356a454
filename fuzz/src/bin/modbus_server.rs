//! libFuzzer on [`fuzz::modbus_server`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(modbus_server);
