//! libFuzzer on [`fuzz::iec_head`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(iec_head);
