//! `metertwin sniff`: who says what on a line, without a word of our own.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use commission::Wall;
use commission::listen::{self, HexLog, ListenMemory, Listener, Spoken};
use commission::mbus;
use modbus::LineParams;
use models::Entry;
use units::{Duration, Instant};

use crate::args::SniffArgs;
use crate::clock::unix_micros;
use crate::fault::{Fault, Kind};
use crate::out;
use crate::place::{self, Protocol, Road};
use crate::read;
use crate::wire::{self, block_on};

/// So many entries are kept for files.
const KEPT: usize = 200_000;

/// A line, and how it is set.
struct Ear {
    road: Road,
    line: LineParams,
    spoken: Spoken,
}

fn ear(link: &str) -> Result<Ear, Fault> {
    let wrong = |why: rig::TextError| Fault::option("--link", why);
    let ear = match place::protocol(link).map_err(wrong)? {
        Protocol::Modbus => {
            let link = place::link(link, read::first_model()?).map_err(wrong)?;
            Ear { road: link.road, line: link.place.line, spoken: Spoken::Modbus }
        }
        Protocol::Mbus => {
            let factory = mbus::factory_place(crate::mbus::first_model()?).line;
            let link = place::mbus_link(link, factory).map_err(wrong)?;
            Ear { road: link.road, line: link.line, spoken: Spoken::Mbus }
        }
        Protocol::Ble => {
            let wrong = "a Bluetooth joins two programs alone, nobody else's frames pass there: expected a line such as \
                         serial:PATH or tcp://HOST:PORT";
            return Err(Fault::option("--link", wrong));
        }
    };
    if let Road::ModbusTcp(_) = ear.road {
        let wrong = "Modbus TCP joins two programs alone, nobody else's frames pass there: expected a line such as serial:PATH \
                     or tcp://HOST:PORT";
        return Err(Fault::option("--link", wrong));
    }
    Ok(ear)
}

/// Set by Ctrl-C.
pub fn stop() -> Result<Arc<AtomicBool>, Fault> {
    let stop = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stop);
    ctrlc::set_handler(move || set.store(true, Ordering::Relaxed))
        .map_err(|why| Fault::new(Kind::Input, format!("Ctrl-C cannot be watched for: {why}")))?;
    Ok(stop)
}

/// Writes a file, and says which.
pub fn write(option: &str, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    fs::write(path, bytes).map_err(|why| {
        Fault::option(
            option,
            format!("{} cannot be written: {why}. Name a file in a folder of yours", path.display()),
        )
    })
}

/// Shows entries as they come.
struct Shown {
    count: u64,
    bytes: bool,
    wall: Option<Wall>,
}

impl Shown {
    fn show(&mut self, listener: &Listener<'_>) {
        let new = usize::try_from(listener.count() - self.count).unwrap_or(usize::MAX);
        for item in listener.items().skip(listener.items().len().saturating_sub(new)) {
            if self.bytes {
                out::line(&item.line(self.wall, listener.timed()));
            } else if listener.timed() {
                let clock = self.wall.map_or_else(String::new, |wall| wall.clock(item.at));
                // Milliseconds are as much as an adapter knows.
                out::line(&format!("{}  {}", clock.get(..12).unwrap_or(&clock), item.text));
            } else {
                out::line(&item.text);
            }
        }
        self.count = listener.count();
    }
}

/// Writes the files and the figures; nothing heard at all is an end of its own.
fn end(args: &SniffArgs, listener: &Listener<'_>, wall: Option<Wall>, what: &str) -> Result<(), Fault> {
    if let Some(path) = &args.pcap {
        write("--pcap", path, &listen::pcap(listener.items(), wall))?;
    }
    if let Some(path) = &args.text {
        write("--text", path, listen::text(listener, wall).as_bytes())?;
    }
    if listener.count() == 0 {
        let wrong = format!(
            "Nothing was heard {what}. Are A and B connected, does a master ask, are speed and parity right?"
        );
        return Err(Fault::new(Kind::NoAnswer, wrong));
    }
    out::line("");
    out::print(&listen::report(listener));
    Ok(())
}

/// Plays a log in hexadecimal.
fn log(args: &SniffArgs, path: &Path, assumed: Option<&'static Entry>) -> Result<(), Fault> {
    let read = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let bytes =
        read.map_err(|why| Fault::option("--log", format!("{} cannot be read: {why}", path.display())))?;
    let log = HexLog::parse(&String::from_utf8_lossy(&bytes));
    for fault in &log.faults {
        out::remark(&format!("metertwin: {fault}"));
    }
    if log.lines.is_empty() {
        let wrong = format!("{} holds no bytes in hexadecimal", path.display());
        return Err(Fault::option("--log", wrong));
    }
    // A link says how the line is set that the log is of; its road is not opened.
    let (line, spoken) = match &args.link {
        Some(link) => ear(link).map(|ear| (ear.line, ear.spoken))?,
        None => {
            let factory = commission::factory_place(read::first_model()?).line;
            (log.setting.unwrap_or(factory), log.spoken.unwrap_or(Spoken::Modbus))
        }
    };
    let mut memory = ListenMemory::default();
    let mut listener = Listener::new(&mut memory, spoken, line);
    listener.keep(KEPT);
    listener.assume(assumed);
    log.play(&mut listener);
    let wall = Some(Wall { unix_micros: 0 });
    Shown { count: 0, bytes: args.bytes, wall }.show(&listener);
    end(args, &listener, wall, "in the log")
}

/// Runs the command.
pub fn run(args: &SniffArgs) -> Result<(), Fault> {
    let assumed = args.model.as_deref().map(|name| read::model(Some(name))).transpose()?;
    if let Some(path) = &args.log {
        return log(args, path, assumed);
    }
    let Some(link) = &args.link else {
        return Err(Fault::new(Kind::Input, "there is nothing to listen to: add --link LINK or --log FILE"));
    };
    let ear = ear(link)?;
    let stop = stop()?;
    let mut wire = wire::open(&ear.road, ear.line)?;
    let now = commission::Port::now(&wire);
    let wall = Some(Wall::new(unix_micros(), now));
    let until: Option<Instant> = args.seconds.map(|seconds| now + Duration::from_secs(seconds));
    let mut memory = ListenMemory::default();
    let mut listener = Listener::new(&mut memory, ear.spoken, ear.line);
    listener.keep(if args.pcap.is_some() || args.text.is_some() { KEPT } else { listen::KEPT });
    listener.assume(assumed);
    out::remark(&format!(
        "Listening on {} at {}, sending nothing. Ctrl-C ends it. Times are UTC.",
        ear.road, ear.line
    ));
    let mut shown = Shown { count: 0, bytes: args.bytes, wall };
    let heard = block_on(listen::listen(&mut wire, &mut listener, until, &mut |listener| {
        shown.show(listener);
        !stop.load(Ordering::Relaxed)
    }));
    let ended = end(args, &listener, wall, &format!("on {} at {}", ear.road, ear.line));
    heard.map_err(|fault| Fault::new(Kind::NoAnswer, fault.to_string()))?;
    ended
}
