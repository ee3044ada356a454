//! `metertwin memory`: what a file of meters' memories holds, and changes that only a workshop could make.

use std::fs;

use rig::image::{self, Kept, PARTS};
use rig::{Twin, find_model, point_text};
use schema::ModelDef;
use units::{Instant, Phase, Point, StateOf};

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

/// Every point there is, by its code.
fn points() -> impl Iterator<Item = Point> {
    (0..=u16::MAX).filter_map(Point::from_code)
}

/// The energies that a meter may count: all of one phase are those of the whole meter.
fn energies(def: &ModelDef) -> impl Iterator<Item = Point> {
    let phases = def.metering.phases;
    points().filter(
        move |point| matches!(point, Point::Energy { phase, .. } if phases > 1 || *phase == Phase::All),
    )
}

/// The places of the history that hold something, each with its ratio first.
fn history(twin: &Twin) -> impl Iterator<Item = Point> {
    let holds = |place| twin.device().value(Point::HistoryRatio(place)).is_some_and(|ratio| ratio != 0);
    (1..=u8::MAX).take_while(move |place| holds(*place)).flat_map(|place| {
        let its = move |point: &Point| matches!(point, Point::History { slot, .. } if *slot == place);
        [Point::HistoryRatio(place)].into_iter().chain(points().filter(its))
    })
}

/// What a meter keeps, line by line: settings but the secret ones, counters, what is wrong.
fn lines(twin: &Twin) -> Vec<String> {
    let (entry, device) = (twin.entry(), twin.device());
    let mut lines = vec![format!("{} {:08}", entry.def.slug, twin.serial())];
    for setting in entry.def.all_settings().filter(|setting| !setting.secret) {
        let value = device.setting(setting.id).unwrap_or(setting.default);
        lines.push(format!("  {} {}", setting.id.key(), setting.text(value)));
    }
    for point in energies(entry.def).chain(history(twin)).chain([Point::State(StateOf::PowerDowns)]) {
        if let Some(value) = device.value(point) {
            lines.push(format!("  {point} {}", point_text(entry, point, value)));
        }
    }
    lines.extend(device.works().conditions().words().map(|words| format!("  fault: {words}")));
    match device.works().error() {
        0 => {}
        number => lines.push(format!("  the meter shows error {number:02}")),
    }
    lines
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
        lines(&twin).iter().for_each(|line| out::line(line));
    }
    if changes {
        state::save(&args.file, &kept)
            .map_err(|why| Fault::new(Kind::Input, format!("{name} cannot be written: {why}.")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use device::Door;
    use schema::Source;
    use units::{Duration, Flow, Tariff};

    use super::*;

    /// Every counter of which a register, a record or the display tells.
    fn told(def: &ModelDef) -> Vec<Point> {
        let registers = def.all_registers().map(|row| row.source);
        let records = def.mbus.iter().flat_map(|bus| bus.telegrams).flat_map(|it| it.records);
        let records = records.map(|record| record.source);
        let face = def.matrix.iter().flat_map(|face| {
            let readings = face.readings.iter().flat_map(|reading| reading.sources).flatten();
            face.registers.lines.iter().map(|line| line.source).chain(readings)
        });
        let counter = |source| match source {
            Source::Point(point) if point.unit().is_counter() => Some(point),
            _ => None,
        };
        registers.chain(records).chain(face).filter_map(counter).collect()
    }

    #[test]
    fn every_counter_of_every_model_is_listed_once() {
        for entry in models::ALL {
            let lines = lines(&Twin::new(entry, None, Instant::ZERO));
            for point in told(entry.def) {
                // A phase of a meter that has one is the whole.
                let whole = match point {
                    Point::Energy { kind, flow, tariff, .. } if entry.def.metering.phases == 1 => {
                        Point::Energy { kind, flow, phase: Phase::All, tariff }
                    }
                    point => point,
                };
                let listed = lines.iter().filter(|line| line.starts_with(&format!("  {whole} ")));
                assert_eq!(listed.count(), 1, "{}: {point}", entry.def.slug);
            }
        }
    }

    #[test]
    fn the_history_is_listed_as_far_as_it_goes() {
        let ratio = |def: &ModelDef| def.metering.ct.map(|ct| ct.setting);
        let (entry, id) = models::ALL.iter().find_map(|it| Some((it, ratio(it.def)?))).unwrap();
        let mut twin = Twin::new(entry, None, Instant::ZERO);
        assert!(!lines(&twin).iter().any(|line| line.contains("history")));
        let forward = Point::active(Flow::Forward, Tariff::T1);
        for (value, counted) in [(5_005, 1_234), (2_005, 5_678)] {
            assert!(twin.device_mut().set_energy(forward, counted));
            twin.device_mut().apply(Door::Bus, &[(id, value)]).unwrap();
        }
        twin.poll(Instant::from_millis(1_000), Duration::from_secs(1));
        let kept: Vec<String> = lines(&twin).into_iter().filter(|line| line.contains("history")).collect();
        assert_eq!(kept.len(), 2 * 11, "{kept:#?}");
        assert_eq!(kept[0], "  history.1.ratio 5/5");
        for line in
            ["  history.1.forward.t1 1.234kWh", "  history.2.ratio 500/5", "  history.2.forward 5.678kWh"]
        {
            assert!(kept.iter().any(|it| it == line), "{line}: {kept:#?}");
        }
    }
}
