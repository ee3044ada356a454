//! `metertwin watch`: chosen values of a meter as they change, asked one request after the other.

use std::io::{IsTerminal as _, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use commission::live::{CsvLayout, Live, MbusLive, Rate, Series, SeriesFile};
use commission::plot::{View, draw, plot};
use commission::{Bus as _, LineMemory, Wall, mbus};
use models::Entry;
use units::{Duration, Instant};

use crate::args::{SeriesLayout, WatchArgs};
use crate::clock::unix_micros;
use crate::fault::{Fault, Kind};
use crate::out;
use crate::place::{self, Protocol};
use crate::read::{self, no_answer};
use crate::sniff::{stop, write};
use crate::wire::{self, block_on};

/// How much a plot in the terminal shows.
const SHOWN: Duration = Duration::from_secs(60);
/// Its width and height in characters.
const PLOT: (usize, usize) = (60, 6);

/// What the terminal shows of the series.
struct Screen {
    wall: Wall,
    plots: bool,
    /// Lines of the last picture, which the next one replaces.
    lines: usize,
}

impl Screen {
    fn show(&mut self, series: &[Series], now: Instant, rate: Option<Rate>) {
        let clock = self.wall.clock(now);
        let clock = clock.get(..12).unwrap_or(&clock);
        let values: Vec<String> = series
            .iter()
            .map(|series| match (series.missing(), series.last()) {
                (Some(cause), _) => format!("{} ({cause})", series.label),
                (None, Some(last)) => format!("{} {}", series.label, series.text(last.value)),
                (None, None) => format!("{} -", series.label),
            })
            .collect();
        let rate = rate.map_or_else(String::new, |rate| format!("   {rate}"));
        let text = format!("{clock}  {}{rate}", values.join("  "));
        if !self.plots {
            return out::line(&text);
        }
        let plot = plot(series, View::new(SHOWN).window(now), Some(self.wall), PLOT.0 * 2);
        let mut picture = format!("{text}\n");
        for (number, series) in series.iter().enumerate() {
            picture.push_str(&format!("{}\n{}", series.label, draw(&plot, number, PLOT.0, PLOT.1)));
        }
        // Back to the first line of the last picture, and every line cleared before it is written.
        let up = if self.lines > 0 { format!("\x1b[{}A", self.lines) } else { String::new() };
        self.lines = picture.lines().count();
        out::print(&format!("{up}{}", picture.replace('\n', "\x1b[K\n")));
    }
}

/// When to end, and how far a watch has come.
struct Watch<'a> {
    args: &'a WatchArgs,
    stop: &'a AtomicBool,
    until: Option<Instant>,
}

impl Watch<'_> {
    fn over(&self, now: Instant) -> bool {
        self.stop.load(Ordering::Relaxed) || self.until.is_some_and(|until| now >= until)
    }

    /// Writes the files.
    fn save(&self, file: &SeriesFile<'_>) -> Result<(), Fault> {
        let layout = match self.args.layout {
            SeriesLayout::Lines => CsvLayout::Lines,
            SeriesLayout::Columns => CsvLayout::Columns,
        };
        if let Some(path) = &self.args.csv {
            write("--csv", path, file.to_csv(layout).as_bytes())?;
        }
        if let Some(path) = &self.args.json {
            write("--json", path, file.to_json().as_bytes())?;
        }
        Ok(())
    }
}

/// Whether anything came at all.
fn came(series: &[Series]) -> bool {
    series.iter().any(|series| series.last().is_some())
}

/// Runs the command.
pub fn run(args: &WatchArgs) -> Result<(), Fault> {
    let wrong = |why: rig::TextError| Fault::option("--link", why);
    if place::protocol(&args.link).map_err(wrong)? == Protocol::Mbus {
        return over_mbus(args);
    }
    let default = read::model(args.model.as_deref())?;
    let link = place::link(&args.link, default).map_err(wrong)?;
    let keys: Vec<&str> = args.points.iter().map(String::as_str).collect();
    let live = |entry: &'static Entry| {
        Live::new(entry, &keys, modbus::pdu::MAX_READ).map_err(|why| Fault::option("POINT", why))
    };
    if args.model.is_some() {
        live(default)?;
    }
    let mut memory = LineMemory::default();
    let mut line = wire::line(&link, &mut memory)?;
    let identity = read::who(&mut line)?;
    let entry = if args.model.is_some() { Some(default) } else { identity.entry };
    let entry = entry.ok_or_else(|| {
        Fault::new(
            Kind::Refused,
            "Nothing is watched. To read it as a model that this program knows, add --model.",
        )
    })?;
    let mut live = live(entry)?;
    if let Some(every) = args.every {
        live.set_every(Duration::from_millis(every));
    }
    out::remark(&live.sentence());
    let stop = stop()?;
    let wall = Wall::new(unix_micros(), line.now());
    let until = args.seconds.map(|seconds| line.now() + Duration::from_secs(seconds));
    let watch = Watch { args, stop: &stop, until };
    let mut screen = Screen { wall, plots: stdout().is_terminal(), lines: 0 };
    let mut lost = None;
    while !watch.over(line.now()) {
        match block_on(live.step(&mut line)) {
            Ok(Some(step)) if step.round_over => screen.show(live.series(), line.now(), live.rate()),
            Ok(_) => {}
            Err(fault) => {
                lost = Some(fault);
                break;
            }
        }
    }
    let file = SeriesFile {
        series: live.series(),
        model: entry.def.slug,
        serial: identity.serial,
        wall: Some(wall),
        window: None,
    };
    watch.save(&file)?;
    match lost {
        Some(fault) => Err(no_answer(&line, Some(entry), &fault)),
        None if came(live.series()) => Ok(()),
        None => {
            let cause = live.series().iter().find_map(Series::missing);
            let why = cause.map_or_else(|| "nothing was asked".to_owned(), |cause| cause.to_string());
            let kind = match cause {
                Some(commission::live::Cause::Refused(_)) => Kind::Refused,
                _ => Kind::NoAnswer,
            };
            Err(Fault::new(kind, format!("No value came: {why}.")))
        }
    }
}

fn over_mbus(args: &WatchArgs) -> Result<(), Fault> {
    let model = args.model.as_deref().map(crate::mbus::model).transpose()?;
    if args.every.is_some() {
        let wrong = "an M-Bus is read telegram after telegram: expected none";
        return Err(Fault::option("--every", wrong));
    }
    let mut memory = mbus::MbusMemory::default();
    let (mut line, place) = crate::mbus::reach(&args.link, &mut memory)?;
    let first = block_on(line.read_out(place.address, &mut |_| {}));
    let mut first = first.map_err(|fault| crate::mbus::no_answer(&fault, place))?;
    crate::mbus::choose(&mut first, model)?;
    out::remark(&first.sentence());
    crate::mbus::known(&first, &args.points)?;
    let keys: Vec<&str> = args.points.iter().map(String::as_str).collect();
    let mut live = MbusLive::new(place.address, &keys);
    let stop = stop()?;
    let wall = Wall::new(unix_micros(), line.now());
    let until = args.seconds.map(|seconds| line.now() + Duration::from_secs(seconds));
    let watch = Watch { args, stop: &stop, until };
    let mut screen = Screen { wall, plots: stdout().is_terminal(), lines: 0 };
    let mut lost = None;
    while !watch.over(line.now()) {
        if let Err(fault) = block_on(live.step(&mut line)) {
            lost = Some(fault);
            break;
        }
        screen.show(live.series(), line.now(), live.rate());
    }
    let model = first.models.one().map_or("", |entry| entry.def.slug);
    let serial = first.header.identity.and_then(|identity| format!("{:08X}", identity.id).parse().ok());
    watch.save(&SeriesFile { series: live.series(), model, serial, wall: Some(wall), window: None })?;
    match lost {
        Some(fault) => Err(crate::mbus::no_answer(&fault, place)),
        None if came(live.series()) => Ok(()),
        None => Err(Fault::new(Kind::NoAnswer, "No value came that is a number.")),
    }
}
