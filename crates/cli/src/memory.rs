//! `metertwin memory`: what a file of meters' memories holds, and changes that only a workshop could make.

use std::fs;

use rig::image::{self, Kept, PARTS};
use rig::{Twin, find_model, point_text};
use units::{EnergyKind, Flow, Instant, Phase, Point, StateOf, Tariff};

use crate::args::MemoryArgs;
use crate::fault::{Fault, Kind};
use crate::{out, state};

/// The meters of the file. Bare bytes of a memory have no name: they are those of --model.
fn read(args: &MemoryArgs) -> Result<Vec<Kept>, Fault> {
    let name = args.file.display();
    let wrong = |why: &str| Fault::new(Kind::Input, format!("{name}: {why}."));
    let bytes = fs::read(&args.file)
        .map_err(|why| Fault::new(Kind::Input, format!("{name} cannot be read: {why}.")))?;
    let Some(model) = &args.model else {
        return image::parse(&bytes).map_err(|why| wrong(&why.to_string()));
    };
    let entry = find_model(model).map_err(|why| Fault::option("--model", why))?;
    if let Ok(kept) = image::parse(&bytes) {
        return match kept.iter().find(|kept| kept.model != entry.def.slug) {
            Some(other) => Err(wrong(&format!("it holds a {}, not a {model}", other.model))),
            None => Ok(kept),
        };
    }
    let memory = image::import(entry, &bytes).map_err(|why| wrong(&why.to_string()))?;
    Ok(vec![Kept::of(&Twin::new(entry, Some(memory), Instant::ZERO))])
}

fn start(kept: &Kept) -> Result<Twin, String> {
    let entry = find_model(&kept.model).map_err(|why| why.to_string())?;
    let memory = kept.memory(entry).map_err(|why| why.to_string())?;
    Ok(Twin::new(entry, Some(memory), Instant::ZERO))
}

/// All energies that a meter may have.
fn energies() -> impl Iterator<Item = Point> {
    let kinds = [EnergyKind::Active, EnergyKind::Reactive];
    let flows = [Flow::Total, Flow::Forward, Flow::Reverse, Flow::Trip];
    let tariffs = [Tariff::All, Tariff::T1, Tariff::T2, Tariff::T3, Tariff::T4];
    kinds.into_iter().flat_map(move |kind| {
        flows.into_iter().flat_map(move |flow| {
            tariffs.into_iter().map(move |tariff| Point::Energy { kind, flow, phase: Phase::All, tariff })
        })
    })
}

fn show(twin: &Twin) {
    let (entry, device) = (twin.entry(), twin.device());
    out::line(&format!("{} {:08}", entry.def.slug, twin.serial()));
    for setting in entry.def.all_settings().filter(|setting| !setting.secret) {
        let value = device.setting(setting.id).unwrap_or(setting.default);
        out::line(&format!("  {} {}", setting.id.key(), setting.text(value)));
    }
    for point in energies().chain([Point::State(StateOf::PowerDowns)]) {
        if let Some(value) = device.value(point) {
            out::line(&format!("  {point} {}", point_text(entry, point, value)));
        }
    }
    let conditions = device.works().conditions();
    for words in conditions.words() {
        out::line(&format!("  fault: {words}"));
    }
    match device.works().error() {
        0 => {}
        number => out::line(&format!("  the meter shows error {number:02}")),
    }
}

/// Runs the command.
pub fn run(args: &MemoryArgs) -> Result<(), Fault> {
    let mut kept = read(args)?;
    let name = args.file.display();
    let changes = !args.damage.is_empty() || args.factory_reset;
    let serial = match &args.serial {
        Some(text) => Some(text.parse::<u32>().map_err(|_| {
            Fault::option("--serial", format!("\"{text}\" is no serial number: expected up to eight digits"))
        })?),
        None => None,
    };
    let chosen = |kept: &Kept| serial.is_none_or(|serial| kept.serial == serial);
    let count = kept.iter().filter(|kept| chosen(kept)).count();
    if count == 0 && serial.is_some() {
        return Err(Fault::option("--serial", format!("{name} holds no meter with this number")));
    }
    if changes && count != 1 {
        let wrong = format!("{name} holds {count} meters: name the one to change with --serial");
        return Err(Fault::new(Kind::Input, wrong));
    }
    for kept in kept.iter_mut().filter(|kept| chosen(kept)) {
        let mut twin = start(kept).map_err(|why| Fault::new(Kind::Input, format!("{name}: {why}.")))?;
        if changes {
            if args.factory_reset {
                twin.factory_reset(Instant::ZERO);
                kept.image = twin.image().bytes().to_vec();
            }
            for part in &args.damage {
                let known = || PARTS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                let part = image::part(part).ok_or_else(|| {
                    Fault::option(
                        "--damage",
                        format!("there is no part \"{part}\": expected one of {}", known()),
                    )
                })?;
                kept.damage(twin.entry(), part)
                    .map_err(|why| Fault::new(Kind::Input, format!("{name}: {why}.")))?;
            }
            twin = start(kept).map_err(|why| Fault::new(Kind::Input, format!("{name}: {why}.")))?;
        }
        show(&twin);
    }
    if changes {
        state::save(&args.file, &kept)
            .map_err(|why| Fault::new(Kind::Input, format!("{name} cannot be written: {why}.")))?;
    }
    Ok(())
}
