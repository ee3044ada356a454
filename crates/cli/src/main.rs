//! The program `metertwin`: meters that are not there for programs that know nothing of us, scripts, pictures of the
//! display, and a master for real meters.

#![forbid(unsafe_code)]

mod args;
mod batch;
mod boot;
mod budget;
mod clock;
mod decode;
mod fault;
mod find;
mod find_kept;
mod ir;
mod journal;
mod manager;
mod mbus;
mod memory;
mod out;
mod passport;
mod picture;
mod place;
mod profile;
mod read;
mod script;
mod serve;
mod set;
mod sniff;
mod state;
mod tty;
mod undo;
mod watch;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Command, Program};
use fault::Fault;

fn main() -> ExitCode {
    let done = match &Program::parse().command {
        Command::Models => {
            models();
            Ok(())
        }
        Command::Serve(args) => serve::run(args),
        Command::Script(args) => script::run(args),
        Command::Lcd(args) => picture::run(args),
        Command::Find(args) => find::run(args),
        Command::Batch(args) => batch::run(args),
        Command::Budget(args) => budget::run(args),
        Command::Read(args) => read::run(args),
        Command::Set(args) => set::run(args),
        Command::Sniff(args) => sniff::run(args),
        Command::Watch(args) => watch::run(args),
        Command::Undo(args) => undo::run(args),
        Command::Profile(args) => profile::save(args),
        Command::Diff(args) => profile::run(args),
        Command::Passport(args) => passport::run(args),
        Command::Boot(args) => boot::run(args),
        Command::Manager(args) => manager::run(args),
        Command::Decode(args) => decode::run(args),
        Command::Memory(args) => memory::run(args),
    };
    done.map_or_else(|fault| end(&fault), |()| ExitCode::SUCCESS)
}

fn end(fault: &Fault) -> ExitCode {
    out::remark(&format!("metertwin: {fault}"));
    fault.code()
}

fn models() {
    for entry in models::ALL {
        out::line(&format!(
            "{}  {} {}. {}",
            entry.def.slug, entry.notes.maker, entry.notes.name, entry.notes.doc
        ));
    }
}
