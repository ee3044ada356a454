//! `metertwin serve`: meters that answer masters which know nothing of us.
//!
//! Threads bring bytes from the ports; one loop owns the meters. Every kind of terminals has a wire of its own with all
//! meters that have such terminals, and every port leads to one wire. A master at one port does not hear what another
//! one asks.

mod bus;
mod gateway;
mod ports;
mod terminal;
mod world;

use std::path::Path;
use std::sync::mpsc;

use rig::{MeterSpec, Twin, VecNv};

use self::terminal::Terminal;
use crate::args::ServeArgs;
use crate::clock::Clock;
use crate::fault::{Fault, Kind};
use crate::out;
use crate::place::Road;
use crate::state::{self, Kept};

/// The meters that the command line asks for.
fn specs(args: &ServeArgs) -> Result<Vec<MeterSpec>, Fault> {
    let mut specs = Vec::new();
    if let Some(model) = &args.model {
        let entry = rig::find_model(model).map_err(|why| Fault::option("--model", why))?;
        let mut spec = MeterSpec::new(entry);
        for text in &args.settings {
            spec.set(text).map_err(|why| Fault::option("--set", why))?;
        }
        if let Some(serial) = &args.serial {
            spec.set_serial(serial).map_err(|why| Fault::option("--serial", why))?;
        }
        for text in &args.energies {
            spec.energy(text).map_err(|why| Fault::option("--energy", why))?;
        }
        for text in &args.loads {
            spec.load(text).map_err(|why| Fault::option("--load", why))?;
        }
        for text in &args.quirks {
            spec.quirk(text).map_err(|why| Fault::option("--quirk", why))?;
        }
        let count = match &args.count {
            Some(text) => rig::parse_count(text).map_err(|why| Fault::option("--count", why))?,
            None => 1,
        };
        specs.extend(spec.numbered(count).map_err(|why| Fault::option("--count", why))?);
    } else {
        let lonely = [
            ("--set", args.settings.first()),
            ("--serial", args.serial.as_ref()),
            ("--energy", args.energies.first()),
            ("--load", args.loads.first()),
            ("--quirk", args.quirks.first()),
            ("--count", args.count.as_ref()),
        ];
        if let Some((option, _)) = lonely.iter().find(|(_, given)| given.is_some()) {
            let wrong =
                "it belongs to the meter of --model, and there is none: add --model, or write it in --meter";
            return Err(Fault::option(option, wrong));
        }
    }
    for text in &args.meters {
        specs.extend(MeterSpec::parse_several(text).map_err(|why| Fault::option("--meter", why))?);
    }
    if specs.is_empty() && args.readouts.is_empty() {
        return Err(Fault::new(
            Kind::Input,
            "there is no meter: add --model MODEL, --meter 'MODEL KEY=VALUE ...' or --readout FILE",
        ));
    }
    number(&mut specs)?;
    Ok(specs)
}

/// Meters without a serial number get one: the model's own, counted up. No two may have the same.
fn number(specs: &mut [MeterSpec]) -> Result<(), Fault> {
    let mut taken: Vec<u32> = Vec::new();
    for spec in specs.iter().filter(|spec| spec.gives_serial()) {
        if taken.contains(&spec.serial()) {
            let wrong = format!("two meters have the serial number {:08}: give each its own", spec.serial());
            return Err(Fault::new(Kind::Input, wrong));
        }
        taken.push(spec.serial());
    }
    for spec in specs.iter_mut().filter(|spec| !spec.gives_serial()) {
        let first = spec.serial();
        let free = (first..).find(|number| !taken.contains(number)).unwrap_or(first);
        taken.push(free);
        if free != first {
            spec.set_serial(&free.to_string()).map_err(|why| Fault::option("--meter", why))?;
        }
    }
    Ok(())
}

/// The image of a meter in a state file, or `None` for a new meter.
fn image(spec: &MeterSpec, kept: &[Kept], path: &Path) -> Result<Option<VecNv>, Fault> {
    let slug = spec.entry().def.slug;
    let same = |kept: &&Kept| kept.model == slug && kept.serial == spec.serial();
    let Some(kept) = kept.iter().find(same) else { return Ok(None) };
    let fresh = Twin::new(spec.entry(), None, units::Instant::ZERO);
    let expected = fresh.image().bytes().len();
    if kept.image.len() != expected {
        let wrong = format!(
            "{}: the memory of {slug} {:08} has {} bytes where this program expects {expected}. It was left as it is: \
             move it away to begin with new meters, or name another file.",
            path.display(),
            kept.serial,
            kept.image.len()
        );
        return Err(Fault::option("--state", wrong));
    }
    Ok(Some(VecNv::from_bytes(kept.image.clone())))
}

/// Meters of a state file that nobody asked for would be lost when it is written again.
fn all_named(specs: &[MeterSpec], kept: &[Kept], path: &Path) -> Result<(), Fault> {
    let named = |kept: &&Kept| {
        specs.iter().any(|spec| spec.entry().def.slug == kept.model && spec.serial() == kept.serial)
    };
    match kept.iter().find(|kept| !named(kept)) {
        None => Ok(()),
        Some(Kept { model, serial, .. }) => {
            let wrong = format!(
                "{} holds the meter {model} with serial number {serial:08}, which is not asked for: give its serial \
                 number, or name another file",
                path.display()
            );
            Err(Fault::option("--state", wrong))
        }
    }
}

/// Runs the command: until Ctrl-C, or until no port is left.
pub fn run(args: &ServeArgs) -> Result<(), Fault> {
    let specs = specs(args)?;
    let mut terminals = Vec::new();
    for text in &args.ports {
        terminals.push(Terminal::parse(text).map_err(|why| Fault::option("--port", why))?);
    }
    let kept = match &args.state {
        Some(path) => {
            let kept = state::load(path).map_err(|why| Fault::option("--state", why))?;
            all_named(&specs, &kept, path)?;
            kept
        }
        None => Vec::new(),
    };
    let clock = Clock::start();
    let mut twins = Vec::new();
    for spec in &specs {
        let image = match &args.state {
            Some(path) => image(spec, &kept, path)?,
            None => None,
        };
        if image.is_some() && spec.has_birth() {
            out::remark(&format!(
                "metertwin: the memory of {:08} was kept, so settings and energies given for its birth are not used",
                spec.serial()
            ));
        }
        twins.push(spec.build(image, clock.now()).map_err(|why| Fault::option("the meter", why))?);
    }
    for path in &args.readouts {
        let booted = crate::boot::twin(path, clock.now())?;
        for line in booted.report.sentences() {
            out::remark(&format!("metertwin: {line}"));
        }
        twins.push(booted.twin);
    }
    let mut world = world::World::new(clock, twins, args.speed, args.state.clone());
    if args.bluetooth && !world.keep_radios_on() {
        return Err(Fault::option("--bluetooth", "no meter here has Bluetooth: leave it out"));
    }
    if terminals.is_empty() {
        terminals = world.default_ports();
    }
    let mut leads = Vec::new();
    for terminal in &terminals {
        leads.push(world.lead(terminal).map_err(|why| Fault::option("--port", why))?);
    }
    world.first_save()?;
    for text in world.meters() {
        out::line(&text);
    }
    let (events, inbox) = mpsc::channel();
    let stop = events.clone();
    ctrlc::set_handler(move || {
        let _ = stop.send(ports::Event::Stop);
    })
    .map_err(|why| Fault::new(Kind::Input, format!("Ctrl-C cannot be watched for: {why}")))?;
    let mut open = Vec::new();
    for (terminal, (lead, line)) in terminals.iter().zip(leads) {
        open.push(ports::open(terminal, lead, line, &events)?);
    }
    drop(events);
    for port in &open {
        out::line(&format!("listening on {}", port.name()));
    }
    let listens = |terminal: &Terminal| matches!(terminal.road, Road::Tcp(_) | Road::ModbusTcp(_));
    world.run(&inbox, terminals.iter().any(listens))
}
