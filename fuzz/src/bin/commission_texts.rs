//! libFuzzer on [`fuzz::commission_texts`].
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]
fuzz::program!(commission_texts);
