//! libFuzzer on [`fuzz::scripts`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(scripts);
