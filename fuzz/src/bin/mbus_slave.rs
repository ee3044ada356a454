//! libFuzzer on [`fuzz::mbus_slave`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(mbus_slave);
