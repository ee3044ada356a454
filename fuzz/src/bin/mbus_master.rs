//! libFuzzer on [`fuzz::mbus_master`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(mbus_master);
