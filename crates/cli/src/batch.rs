//! `metertwin batch`: meters that come one by one, each with a line of a list.

use std::fs::{self, File};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use commission::batch::{Batch, BatchFault, Desk, Ended, Event, Label, List, Over, Row, State, labels_page};
use commission::guard::Guard;
use commission::mbus::{self, MbusMemory};
use commission::profile::Profile;
use commission::record::{Record, Where};
use commission::{LineMemory, Place, PortFault};
use units::Duration;

use crate::clock::utc;
use crate::fault::{Fault, Kind};
use crate::out::{self, Progress};
use crate::place::{self, MbusTarget, Protocol, Road};
use crate::wire::{self, block_on};
use crate::{journal, profile, read};

/// How a label is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LabelFormat {
    /// Lines of text, as each meter is done
    Text,
    /// A page for the printer, at the end
    Html,
}

/// `metertwin batch`.
#[derive(Debug, Args)]
pub struct BatchArgs {
    /// The line, as for read; baud=, parity= and id= say where new meters are [default: as from the factory]. On an M-Bus
    /// what no telegram shows is acknowledged at best, and the report says so
    #[arg(long, required_unless_present_any = ["dry_run", "labels"])]
    pub link: Option<String>,
    /// The list: comma-separated values with one line a meter and columns id, profile, serial, confirm, label and keys of
    /// settings, of which only id is needed. A profile is a file beside it, named without its .json
    #[arg(long, value_name = "FILE")]
    pub profiles: PathBuf,
    /// The report: a line for each of the list. It is written anew after each meter
    #[arg(long, value_name = "FILE")]
    pub report: PathBuf,
    /// The journal: how each meter was found and what became of each step. A batch goes on where its journal ends
    /// [default: the report with .journal at its end]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// How the labels are written that go to standard output
    #[arg(long, value_enum, default_value_t = LabelFormat::Text, value_name = "FORMAT")]
    pub label_format: LabelFormat,
    /// End when nobody came for so many seconds; else it is waited for the next meter until Ctrl-C
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub wait: Option<u64>,
    /// Give the line of this meter to the next one, since it will not come back
    #[arg(long, value_name = "SERIAL", conflicts_with_all = ["dry_run", "labels"])]
    pub free: Vec<u32>,
    /// Look at list and journal, say how far it is, and neither open the line nor write anything
    #[arg(long)]
    pub dry_run: bool,
    /// Write the labels of all meters that are done, and nothing else
    #[arg(long, conflicts_with = "dry_run")]
    pub labels: bool,
    /// Begin without a question
    #[arg(long)]
    pub yes: bool,
}

/// The profile of a name: a file beside the list.
fn named(list: &Path, name: &str) -> Result<Profile, String> {
    let beside = |name: &str| list.parent().unwrap_or(Path::new("")).join(name);
    let path =
        Some(beside(name)).filter(|path| path.is_file()).unwrap_or_else(|| beside(&format!("{name}.json")));
    let text = fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    Profile::parse(&text).map_err(|faults| {
        let all: Vec<String> = faults.iter().map(|fault| format!("{}, {fault}", path.display())).collect();
        all.join("; ")
    })
}

fn list(path: &Path, over: Over) -> Result<List, Fault> {
    let text = profile::text("--profiles", path)?;
    List::parse(&text, over, &mut |name| named(path, name)).map_err(|faults| {
        let all: Vec<String> = faults.iter().map(|fault| format!("{}, {fault}", path.display())).collect();
        Fault::option("--profiles", all.join("\n"))
    })
}

/// The journal's file: what is named, else beside the report.
fn journal_path(args: &BatchArgs) -> PathBuf {
    args.journal.clone().unwrap_or_else(|| {
        let mut path = args.report.clone().into_os_string();
        path.push(".journal");
        path.into()
    })
}

/// Refuses to write over a file that is no report, and to begin anew where something is missing.
fn report_is_ours(args: &BatchArgs, journal: &Path, empty: &Batch) -> Result<(), Fault> {
    let text = match fs::read_to_string(&args.report) {
        Ok(text) => text,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(why) => return Err(Fault::option("--report", format!("{}: {why}", args.report.display()))),
    };
    let head = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    if head(&text) != head(&empty.to_csv()) {
        let wrong = format!(
            "{} is there already and is no report of a batch: expected the name of a new file",
            args.report.display()
        );
        return Err(Fault::option("--report", wrong));
    }
    if !journal.exists() {
        let wrong = format!(
            "{} is there, but not its journal {}, which says what is certain: expected both, or neither",
            args.report.display(),
            journal.display()
        );
        return Err(Fault::option("--journal", wrong));
    }
    Ok(())
}

/// Writes the report so that either the old one or the new one is there, whatever happens meanwhile.
fn save(path: &Path, batch: &Batch) -> Result<(), Fault> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let written = File::create(&new)
        .and_then(|mut file| file.write_all(batch.to_csv().as_bytes()).and_then(|()| file.sync_data()))
        .and_then(|()| fs::rename(&new, path));
    written.map_err(|why| Fault::option("--report", format!("{} cannot be written: {why}", path.display())))
}

fn resumed(list: List, record: Record, journal: &Path) -> Result<Batch, Fault> {
    Batch::new(list, record).map_err(|faults| {
        let all: Vec<String> = faults.iter().map(|fault| format!("{}: {fault}", journal.display())).collect();
        Fault::option("--profiles", format!("{}\nA meter is freed with --free SERIAL.", all.join("\n")))
    })
}

/// Whoever sits at the terminal.
struct Terminal {
    bar: Progress,
}

impl Desk for Terminal {
    fn tell(&mut self, list: &List, event: &Event) {
        if let Event::Writing { step, of, .. } = event {
            return self.bar.show("writing", *step, *of);
        }
        self.bar.clear();
        let sentence = event.sentence(list);
        if !sentence.is_empty() {
            out::remark(&sentence);
        }
    }

    async fn digits(&mut self, row: &Row, guard: &Guard) -> Option<String> {
        if !io::stdin().is_terminal() {
            return None;
        }
        self.bar.clear();
        let acts: Vec<String> = guard.acts().iter().map(|act| format!("  {}", act.text)).collect();
        out::remark(&format!(
            "The meter for id {}: this cannot be undone:\n{}\n{}",
            row.id,
            acts.join("\n"),
            guard.question()
        ));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).ok()?;
        Some(answer).filter(|answer| !answer.trim().is_empty())
    }

    fn time(&mut self) -> String {
        utc()
    }
}

/// Asks whether it may begin, unless that was said. Without a terminal nobody can say yes.
fn agreed(args: &BatchArgs, batch: &Batch) -> Result<(), Fault> {
    if args.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        let wrong = "Nothing was sent: nobody is there to be asked. Add --yes to begin without a question.";
        return Err(Fault::new(Kind::Input, wrong));
    }
    out::remark(&format!(
        "{} Every meter that comes up is written at once. Begin? yes or no:",
        batch.sentence()
    ));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "yes") {
        return Ok(());
    }
    Err(Fault::new(Kind::Input, "Nothing was sent."))
}

/// The labels of a run.
struct Labels {
    format: LabelFormat,
    page: Vec<Label>,
}

impl Labels {
    fn add(&mut self, label: Option<Label>) {
        match self.format {
            LabelFormat::Text => label.iter().for_each(|label| out::print(&label.to_text())),
            LabelFormat::Html => self.page.extend(label),
        }
    }

    fn end(self) {
        if !self.page.is_empty() {
            out::print(&labels_page(&self.page));
        }
    }
}

/// Runs the command.
pub fn run(args: &BatchArgs) -> Result<(), Fault> {
    let text = args.link.as_deref();
    let over = match text.map(place::protocol).transpose().map_err(|why| Fault::option("--link", why))? {
        None | Some(Protocol::Modbus) => Over::Modbus,
        Some(Protocol::Mbus) => Over::Mbus,
        Some(Protocol::Ble) => {
            let wrong = "new meters are taken one by one on a Modbus or an M-Bus: expected a link to one";
            return Err(Fault::option("--link", wrong));
        }
    };
    let list = list(&args.profiles, over)?;
    let path = journal_path(args);
    let empty = resumed(list.clone(), Record::default(), &path)?;
    report_is_ours(args, &path, &empty)?;
    let mut record = journal::read(&path)?;
    if let Some(serial) = args.free.iter().find(|serial| record.seat(**serial).is_none()) {
        let wrong = format!("{} gives the meter {serial} no line: expected one that has one", path.display());
        return Err(Fault::option("--free", wrong));
    }
    if !args.free.is_empty() {
        let mut file = journal::begin(&path)?;
        for serial in &args.free {
            block_on(record.free(*serial, &mut file)).map_err(|why| Fault::option("--journal", why))?;
        }
    }
    let mut batch = resumed(list, record, &path)?;
    let mut labels = Labels { format: args.label_format, page: Vec::new() };
    if args.labels {
        (0..batch.list().rows().len()).for_each(|row| labels.add(batch.label(row)));
        labels.end();
        return Ok(());
    }
    if args.dry_run {
        out::print(&batch.to_csv());
        out::remark(&format!("Nothing was sent. {}", batch.sentence()));
        return Ok(());
    }
    if let Some(seconds) = args.wait {
        batch.set_patience(Duration::from_secs(seconds));
    }
    let (text, batch, labels_of) = (text.unwrap_or_default(), &mut batch, &mut labels);
    let done = match over {
        Over::Modbus => modbus(args, text, &path, batch, labels_of),
        Over::Mbus => mbus(args, text, &path, batch, labels_of),
    };
    labels.end();
    done
}

fn mbus(
    args: &BatchArgs,
    text: &str,
    path: &Path,
    batch: &mut Batch,
    labels: &mut Labels,
) -> Result<(), Fault> {
    let link = crate::mbus::link(text)?;
    let address = match link.target {
        None => None,
        Some(MbusTarget::Primary(address)) => Some(address),
        Some(MbusTarget::Number(_)) => {
            let wrong = "new meters are taken as they come, whatever their numbers: expected id= or nothing, not number=";
            return Err(Fault::option("--link", wrong));
        }
    };
    if address.is_some() || place::says(text, "baud") {
        let address = mbus::Address::Primary(address.unwrap_or(0));
        batch.set_arrivals(vec![Where::Mbus(mbus::Place { line: link.line, address })]);
    }
    agreed(args, batch)?;
    let mut memory = MbusMemory::default();
    let mut line = crate::mbus::line(&link, &mut memory)?;
    let mut log = journal::begin(path)?;
    rounds(args, batch, labels, |batch, desk| block_on(batch.next_mbus(&mut line, &mut log, desk)))
}

fn modbus(
    args: &BatchArgs,
    text: &str,
    path: &Path,
    batch: &mut Batch,
    labels: &mut Labels,
) -> Result<(), Fault> {
    let entry = batch.list().entries().next().map_or_else(read::first_model, Ok)?;
    let link = place::link(text, entry).map_err(|why| Fault::option("--link", why))?;
    let over_tcp = matches!(link.road, Road::Tcp(_) | Road::ModbusTcp(_));
    if ["baud", "parity", "id"].into_iter().any(|key| place::says(text, key)) {
        batch.set_arrivals(vec![Where::Modbus(link.place)]);
    } else if over_tcp {
        // What stands between has the one line.
        let mut places: Vec<Place> = Vec::new();
        for place in batch.arrivals() {
            if let Where::Modbus(place) = place
                && !places.iter().any(|other| other.unit == place.unit)
            {
                places.push(*place);
            }
        }
        batch.set_arrivals(places.into_iter().map(Where::Modbus).collect());
    }
    agreed(args, batch)?;
    let mut memory = LineMemory::default();
    let mut line = wire::line(&link, &mut memory)?;
    let mut log = journal::begin(path)?;
    rounds(args, batch, labels, |batch, desk| block_on(batch.next(&mut line, &mut log, desk)))
}

/// Takes meter after meter until something ends it.
fn rounds(
    args: &BatchArgs,
    batch: &mut Batch,
    labels: &mut Labels,
    mut next: impl FnMut(&mut Batch, &mut Terminal) -> Result<Ended, BatchFault>,
) -> Result<(), Fault> {
    save(&args.report, batch)?;
    let mut desk = Terminal { bar: Progress::new() };
    loop {
        let ended = next(batch, &mut desk);
        desk.bar.clear();
        save(&args.report, batch)?;
        match ended {
            Ok(Ended::Row(row)) => labels.add(batch.label(row)),
            Ok(Ended::Left(_)) => {}
            Ok(Ended::All) => return over(batch),
            Ok(Ended::Nobody) => {
                let wrong = format!(
                    "Nobody came any more. {} To go on, use the same command again.",
                    batch.sentence()
                );
                return Err(Fault::new(Kind::NoAnswer, wrong));
            }
            Err(fault) => return Err(stopped(&fault, batch)),
        }
    }
}

/// Every line is as good as it can be.
fn over(batch: &Batch) -> Result<(), Fault> {
    out::remark(&batch.sentence());
    if batch.count(State::Acknowledged) == 0 {
        return Ok(());
    }
    let wrong =
        "What was only acknowledged proves nothing: look at the displays of those meters, and at the report.";
    Err(Fault::new(Kind::Refused, wrong))
}

fn stopped(fault: &BatchFault, batch: &Batch) -> Fault {
    let kind = match fault {
        BatchFault::Port(PortFault::Lost | PortFault::Failed(_) | PortFault::Busy) => Kind::NoAnswer,
        _ => Kind::Input,
    };
    Fault::new(kind, format!("{fault} {} To go on, use the same command again.", batch.sentence()))
}
