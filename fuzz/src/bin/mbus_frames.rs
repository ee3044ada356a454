//! libFuzzer on [`fuzz::mbus_frames`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(mbus_frames);
