//! libFuzzer on [`fuzz::modbus_client`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(modbus_client);
