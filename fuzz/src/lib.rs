//! What every parser and machine keeps to, whatever it is given: one module a target, each with the seeds its fuzzing
//! starts from. `cargo xtask fuzz` runs them under libFuzzer; `cargo test -p fuzz` runs the seeds alone.
//!
//! A target never ends in a panic but by its own assertion, and asserts what holds for all inputs: what was written
//! reads back the same, bytes in any chunking mean the same, energy never goes backwards.
#![forbid(unsafe_code)]
// An assertion is how a target tells; clippy.toml lets tests unwrap, and all of this is one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod input;
pub mod meter;

use std::path::Path;
use std::{env, fs, io};

/// A target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its module and program.
    pub name: &'static str,
    /// Takes one input; an assertion that fails is a finding.
    pub run: fn(&[u8]),
    /// Inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])* pub mod $name;)*
        /// All targets.
        pub const ALL: &[Target] =
            &[$(Target { name: stringify!($name), run: $name::run, seeds: $name::seeds }),*];
    };
}

targets! {
    /// Frames in the words of the configurator, its journal and its files.
    commission_texts
    /// Whole meters under any sequence of keys, bytes, loads, times and power cuts.
    device_machine
    /// The tariff device at the optical port.
    iec_device
    /// The reading head, and the messages of the optical port.
    iec_head
    /// M-Bus frames, headers and records, both ways.
    mbus_frames
    /// The M-Bus master, and the search for secondary addresses.
    mbus_master
    /// The M-Bus slave.
    mbus_slave
    /// Non-volatile memory: damaged, cut off while writing, and a meter that starts from it.
    memory
    /// The Modbus client and the listener.
    modbus_client
    /// Modbus PDU, RTU and MBAP, both ways.
    modbus_frames
    /// The Modbus server.
    modbus_server
    /// The script language, read and played.
    scripts
    /// Numbers, points, settings, loads and codecs as text and as registers.
    values
}

/// The program of a target: `fuzz::program!(modbus_frames);` is all of `src/bin/modbus_frames.rs`.
#[macro_export]
macro_rules! program {
    ($name:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(
            init: $crate::write_seeds(&($crate::$name::seeds)()),
            |data: &[u8]| $crate::$name::run(data)
        );

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            $crate::replay($crate::$name::run, &($crate::$name::seeds)())
        }
    };
}

/// Writes the seeds into the folder that `METERTWIN_SEEDS` names, if it is set, before libFuzzer reads its corpus.
///
/// # Panics
/// Where the folder cannot be written.
pub fn write_seeds(seeds: &[Vec<u8>]) {
    let Some(folder) = env::var_os("METERTWIN_SEEDS") else { return };
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(Path::new(&folder).join(format!("seed-{number:03}")), seed).expect("the seeds' folder");
    }
}

/// Runs the files of the command line through a target, or its seeds where there are none: how a finding is looked at
/// in a debugger or with another toolchain.
///
/// # Errors
/// A file cannot be read.
pub fn replay(run: fn(&[u8]), seeds: &[Vec<u8>]) -> io::Result<()> {
    let files: Vec<_> = env::args_os().skip(1).collect();
    for file in &files {
        run(&fs::read(file)?);
    }
    if files.is_empty() {
        seeds.iter().for_each(|seed| run(seed));
    }
    println!("{} inputs, no finding", if files.is_empty() { seeds.len() } else { files.len() });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_takes_its_seeds_and_all_that_is_cut_from_them() {
        for target in ALL {
            let seeds = (target.seeds)();
            assert!(!seeds.is_empty(), "{} has seeds", target.name);
            for seed in seeds {
                (target.run)(&seed);
                (target.run)(&seed[..seed.len() / 2]);
            }
            (target.run)(&[]);
        }
    }

    #[test]
    fn every_target_has_its_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
        let mut programs: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        programs.sort();
        let mut names: Vec<&str> = ALL.iter().map(|target| target.name).collect();
        names.sort_unstable();
        assert_eq!(programs, names);
        for name in names {
            let text =
                fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/bin/{name}.rs")))
                    .unwrap();
            assert!(text.contains(&format!("fuzz::program!({name});")), "{name} runs itself");
        }
    }
}
