//! `metertwin script`: plays a script in virtual time.

use std::fs;

use rig::script::{Player, Script};

use crate::args::ScriptArgs;
use crate::fault::{Fault, Kind};
use crate::out;

/// Runs the command.
pub fn run(args: &ScriptArgs) -> Result<(), Fault> {
    let name = args.file.display();
    let text = fs::read_to_string(&args.file)
        .map_err(|why| Fault::new(Kind::Input, format!("{name} cannot be read: {why}.")))?;
    let script = Script::parse(&text).map_err(|why| Fault::new(Kind::Input, format!("{name}, {why}")))?;
    Player::new(&script)
        .play(&mut |line| out::line(line))
        .map_err(|failure| Fault::new(Kind::Expectation, format!("{name}, {failure}")))
}
