//! `metertwin budget`: how long a round over the meters of a line takes.

use commission::budget::{Polling, spans_of};
use commission::factory_place;
use commission::find::SearchScope;
use modbus::LineParams;
use units::Duration;

use crate::args::BudgetArgs;
use crate::fault::{Fault, Kind};
use crate::{out, read};

/// Runs the command.
pub fn run(args: &BudgetArgs) -> Result<(), Fault> {
    let entry = read::model(args.model.as_deref())?;
    if entry.def.modbus.is_none() {
        return Err(Fault::option(
            "--model",
            format!("{} has no Modbus: expected a model with one", entry.def.slug),
        ));
    }
    let mut line = factory_place(entry).line;
    if let Some(format) = &args.format {
        let formats = SearchScope::parse_formats(format).map_err(|why| Fault::option("--format", why))?;
        let [parity] = *formats.as_slice() else {
            return Err(Fault::option("--format", format!("\"{format}\": expected one of 8E1, 8N1, 8O1")));
        };
        line = LineParams::new(line.baud, parity);
    }
    if let Some(baud) = args.baud {
        line.baud = baud;
    }
    let spans = spans_of(entry, &args.points).map_err(|key| {
        let wrong = format!(
            "{} has no \"{key}\" that could be polled: expected keys as the table in csv format lists them",
            entry.notes.name
        );
        Fault::option("POINT", wrong)
    })?;
    if spans.is_empty() {
        return Err(Fault::new(Kind::Input, format!("{} has no register to poll.", entry.notes.name)));
    }
    let ms = |ms: u32| Duration::from_millis(u64::from(ms));
    let polling = Polling {
        answer: ms(args.answer_time),
        latency: ms(args.latency),
        time_out: ms(args.time_out),
        tries: args.tries,
        ..Polling::new(args.meters, line, spans)
    };
    let period = args.period.map(|seconds| Duration::from_secs(u64::from(seconds)));
    out::print(&polling.report(period));
    if period.is_some_and(|period| polling.round() > period) {
        return Err(Fault::new(Kind::Expectation, "A round does not fit in that period."));
    }
    Ok(())
}
