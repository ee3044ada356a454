//! `metertwin find`: who is on this line, Modbus or M-Bus. What is met is told as it comes; Ctrl-C ends it before the next
//! question.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use commission::diagnosis::{Symptoms, Tally, diagnose};
use commission::find::{
    Control, FindEnd, FindEvent, FindSettings, Finder, Finding, Leash, MbusScope, SearchPosition,
    SearchScope, find_mbus, list_json, list_table,
};
use commission::mbus::{self as m_bus, Mask, MbusLine, MbusMemory, SearchEvent, Seen};
use commission::{Place, PortFault, Transport};
use modbus::LineParams;
use units::Duration;

use crate::args::FindArgs;
use crate::fault::{Fault, Kind};
use crate::find_kept;
use crate::mbus;
use crate::out::{self, Progress};
use crate::place::{self, MbusTarget, Protocol, Road};
use crate::read;
use crate::wire::{self, Wire, block_on};

/// How long is listened before anything is sent.
const LISTEN: Duration = Duration::from_secs(2);

/// What a gateway of Modbus TCP may take until it answers for a meter, or says that it is not there.
const GATEWAY: Duration = Duration::from_millis(500);

/// Somebody pressed Ctrl-C.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Ctrl-C ends the search in order; once more, at once.
fn watch_for_stop() -> Result<(), Fault> {
    let watch = ctrlc::set_handler(|| {
        if STOPPED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    watch.map_err(|why| Fault::new(Kind::Input, format!("Ctrl-C cannot be watched for: {why}.")))
}

fn obey(control: &Control) {
    if STOPPED.load(Ordering::Relaxed) {
        control.stop();
    }
}

/// Runs the command.
pub fn run(args: &FindArgs) -> Result<(), Fault> {
    match place::protocol(&args.link).map_err(|why| Fault::option("--link", why))? {
        Protocol::Mbus => over_mbus(args),
        Protocol::Modbus => over_modbus(args),
        Protocol::Ble => Err(Fault::option(
            "--link",
            "a Bluetooth leads to one meter, there is nobody else to be found: expected a link to a Modbus or an M-Bus",
        )),
    }
}

/// Where is looked: what the options say, else what the link stays at, else everything.
fn scope(args: &FindArgs, road: &Road, line: LineParams) -> Result<SearchScope, Fault> {
    let fixed = !matches!(road, Road::Serial(_));
    let mut scope = if fixed { SearchScope::at(line) } else { SearchScope::default() };
    for (option, given) in [("--speeds", args.speeds.is_some()), ("--formats", args.formats.is_some())] {
        if fixed && given {
            let wrong = "TCP carries neither speed nor parity: expected a link with serial:PATH";
            return Err(Fault::option(option, wrong));
        }
    }
    if place::says(&args.link, "baud") {
        scope.speeds = vec![line.baud];
    }
    if place::says(&args.link, "parity") {
        scope.formats = vec![line.parity];
    }
    if let Some(text) = &args.speeds {
        scope.speeds = SearchScope::parse_speeds(text).map_err(|why| Fault::option("--speeds", why))?;
    }
    if let Some(text) = &args.formats {
        scope.formats = SearchScope::parse_formats(text).map_err(|why| Fault::option("--formats", why))?;
    }
    if let Some(text) = &args.ids {
        scope.ids = SearchScope::parse_ids(text).map_err(|why| Fault::option("--ids", why))?;
        // Who asks for some ids does not ask for all.
        scope.anyone = false;
    }
    if matches!(road, Road::ModbusTcp(_)) {
        // Behind a gateway unit 0 is the gateway.
        scope.anyone = false;
    }
    scope.shared = !args.thorough && !fixed;
    Ok(scope)
}

fn settings(args: &FindArgs, road: &Road) -> FindSettings {
    let mut settings = FindSettings::default();
    match road {
        Road::Serial(_) | Road::Pty(_) => {}
        Road::Tcp(_) => settings.latency = mbus::NETWORK,
        Road::ModbusTcp(_) => settings.answer = GATEWAY,
    }
    if let Some(ms) = args.answer_time {
        settings.answer = Duration::from_millis(u64::from(ms));
    }
    settings.listen = args.listen_first.then_some(LISTEN);
    settings
}

fn over_modbus(args: &FindArgs) -> Result<(), Fault> {
    for (option, given) in
        [("--primary", args.primary), ("--secondary", args.secondary), ("--letters", args.letters)]
    {
        if given {
            let wrong = "it belongs to an M-Bus: add protocol=mbus to the options of the link, behind ? or &";
            return Err(Fault::option(option, wrong));
        }
    }
    if place::says(&args.link, "id") {
        return Err(Fault::option(
            "--link",
            "id says who is meant already: expected a link without it; --ids says where to look",
        ));
    }
    let link = place::link(&args.link, read::first_model()?).map_err(|why| Fault::option("--link", why))?;
    let scope = scope(args, &link.road, link.place.line)?;
    let kept = args.resume.as_deref().map(Kept::load).transpose()?.flatten();
    watch_for_stop()?;
    let transport = if matches!(link.road, Road::ModbusTcp(_)) { Transport::Tcp } else { Transport::Rtu };
    let line = link.place.line;
    let wire = wire::open(&link.road, line)?;
    let control = Control::default();
    let settings = settings(args, &link.road);
    let mut finder = Finder::new(wire, transport, line, &scope, settings, control.clone(), ());
    let mut bar = Progress::new();
    if let Some(kept) = &kept {
        finder.resume(&kept.position);
        out::remark(&format!("Going on; {} meters of before are looked at first.", kept.found.len()));
        for place in &kept.found {
            let looked = block_on(finder.look_at(*place, &mut |event| tell(&event, &mut bar)));
            if !looked.map_err(|fault| gone(&fault))? {
                out::remark(&format!("No answer from {place}, which was found before."));
            }
        }
    }
    let end = block_on(finder.run(&mut |event| {
        obey(&control);
        tell(&event, &mut bar);
    }));
    bar.clear();
    let whole = matches!(end, Ok(FindEnd::Done));
    if let Some(file) = &args.resume {
        let kept = Kept::of(&finder);
        if whole { Kept::remove(file) } else { kept.save(file)? }
    }
    out::print(&if args.json { list_json(finder.found()) } else { list_table(finder.found()) });
    if finder.heard_echo() {
        out::remark(commission::ECHO_SEEN);
    }
    let found = finder.found().len();
    match end {
        Err(fault) => Err(gone(&fault)),
        Ok(FindEnd::Stopped) => Err(stopped(args.resume.as_deref())),
        Ok(FindEnd::OtherMaster(_)) => {
            let wrong = "Nothing more was sent, since others were heard on this line. Disconnect the other master, then search again.";
            Err(Fault::new(Kind::NoAnswer, wrong))
        }
        Ok(FindEnd::NeverQuiet) => {
            Err(Fault::new(Kind::NoAnswer, "Nothing more was sent, since others kept talking on this line."))
        }
        Ok(FindEnd::Done) if found == 0 => Err(nobody(&finder, &link.road, args)),
        Ok(FindEnd::Done) => Ok(()),
    }
}

fn nobody(finder: &Finder<Wire>, road: &Road, args: &FindArgs) -> Fault {
    let met = match finder.traces().len() {
        0 => "",
        _ => " What was heard is told above.",
    };
    let next = match (road, args.thorough) {
        (Road::Serial(_), false) => {
            " Add --thorough for what leaves unusual questions unanswered, --answer-time 300 for what is slow."
        }
        _ => " Add --answer-time 300 for what is slow.",
    };
    let mut tally = Tally { asked: finder.sent(), ..Tally::default() };
    *(if finder.heard_echo() { &mut tally.only_echo } else { &mut tally.silent }) = tally.asked;
    let place = Place { line: finder.line(), unit: 0 };
    let told = diagnose(&Symptoms {
        searched: finder.position().scope.is_whole(),
        ..Symptoms::of(place, tally, None)
    });
    // What was heard has its own causes; only of a silent line all are possible.
    let silent = if met.is_empty() { format!(" {} {}", told.why, told.next) } else { String::new() };
    let wrong = format!(
        "No meter was found on {road}.{met}{silent} Make sure that no other program uses the line.{next}"
    );
    Fault::new(Kind::NoAnswer, wrong)
}

fn gone(fault: &PortFault) -> Fault {
    Fault::new(Kind::NoAnswer, fault.to_string())
}

fn stopped(file: Option<&Path>) -> Fault {
    let next = match file {
        Some(file) => format!("To go on, use --resume {} again.", file.display()),
        None => "To be able to go on, use --resume FILE.".to_owned(),
    };
    Fault::new(Kind::Refused, format!("The search was stopped. {next}"))
}

/// Tells what a search meets, on standard error.
fn tell(event: &FindEvent<'_>, bar: &mut Progress) {
    let mut say = |text: &str| {
        bar.clear();
        out::remark(text);
    };
    match event {
        FindEvent::Listened(listened) => say(&listened.sentence()),
        FindEvent::Found(finding) => say(&finding.sentence()),
        FindEvent::Something(trace) => say(&trace.diagnosis.to_string()),
        FindEvent::Progress(progress) => bar.tell(&format!("{progress}; {}", progress.place)),
        FindEvent::Node(SearchEvent::Round(1)) => {}
        FindEvent::Node(SearchEvent::Round(round)) => {
            say(&format!("round {round}, for what two equal answers may have hidden"));
        }
        FindEvent::Node(SearchEvent::Node(node)) => {
            if !matches!(node.seen, Seen::Silence) {
                say(&mbus::node_text(node));
            }
            bar.show("searching, thousandths:", usize::from(node.permille), 1_000);
        }
        FindEvent::Node(SearchEvent::Asks { .. }) => {}
        FindEvent::Scan(event) => {
            if !matches!(event.seen, Seen::Silence) {
                say(&format!("address {}: {}", event.address, mbus::seen_text(&event.seen)));
            }
            bar.show("asking", event.done, event.of);
        }
        FindEvent::Speed(_) => {}
    }
}

/// A search that was stopped, as its file holds it.
struct Kept {
    position: SearchPosition,
    found: Vec<Place>,
}

const FIRST_LINE: &str = "metertwin find 1";

impl Kept {
    fn of(finder: &Finder<Wire>) -> Self {
        let places = finder.found().iter().filter_map(|finding| match finding {
            Finding::Modbus { place, .. } => Some(*place),
            Finding::Mbus { .. } => None,
        });
        Self { position: finder.position(), found: places.collect() }
    }

    fn save(&self, file: &Path) -> Result<(), Fault> {
        let mut text = format!("{FIRST_LINE}\n{}\n", self.position);
        for Place { line, unit } in &self.found {
            text.push_str(&format!("found {} {} {unit}\n", line.baud, line.parity));
        }
        find_kept::write(file, &text)
    }

    fn remove(file: &Path) {
        // Nothing is lost where it stays: the next search asks the same places once more.
        let _ = fs::remove_file(file);
    }

    fn load(file: &Path) -> Result<Option<Self>, Fault> {
        find_kept::read(file, Self::parse)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(format!(
                "expected a file that a search has left, which begins with \"{FIRST_LINE}\""
            ));
        }
        let position = SearchPosition::parse(lines.next().unwrap_or("")).map_err(|why| why.to_string())?;
        let found =
            lines.map(|line| place_of(line).ok_or(format!("\"{line}\": expected found BAUD PARITY ID")));
        Ok(Self { position, found: found.collect::<Result<_, _>>()? })
    }
}

fn place_of(line: &str) -> Option<Place> {
    let mut words = line.strip_prefix("found ")?.split(' ');
    let baud = SearchScope::parse_speeds(words.next()?).ok()?;
    let format = SearchScope::parse_formats(words.next()?).ok()?;
    let unit = SearchScope::parse_ids(words.next()?).ok()?;
    let ([baud], [format], [unit], None) =
        (baud.as_slice(), format.as_slice(), unit.as_slice(), words.next())
    else {
        return None;
    };
    Some(Place { line: LineParams::new(*baud, *format), unit: *unit })
}

/// Reads `FIRST-LAST`.
fn addresses(text: &str) -> Result<(u8, u8), Fault> {
    let read = || {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last): (u8, u8) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last && last <= 250).then_some((first, last))
    };
    let wrong = || Fault::option("--addresses", format!("\"{text}\": expected FIRST-LAST within 0 to 250"));
    read().ok_or_else(wrong)
}

fn over_mbus(args: &FindArgs) -> Result<(), Fault> {
    for (option, given) in [
        ("--ids", args.ids.is_some()),
        ("--formats", args.formats.is_some()),
        ("--listen-first", args.listen_first),
        ("--thorough", args.thorough),
        ("--answer-time", args.answer_time.is_some()),
    ] {
        if given {
            return Err(Fault::option(
                option,
                "it belongs to a Modbus: expected a link without protocol=mbus",
            ));
        }
    }
    let link = mbus::link(&args.link)?;
    let range = addresses(&args.addresses)?;
    let within = match (link.target, args.primary) {
        (None, _) => Mask::ANY,
        (Some(MbusTarget::Number(mask)), false) => mask,
        (Some(_), _) => {
            let wrong =
                "id says who is meant already: expected a link without it; --addresses says where to look";
            return Err(Fault::option("--link", wrong));
        }
    };
    let speeds = match &args.speeds {
        Some(_) if !matches!(link.road, Road::Serial(_)) => {
            return Err(Fault::option("--speeds", "TCP carries no speed: expected a link with serial:PATH"));
        }
        Some(text) => SearchScope::parse_speeds(text).map_err(|why| Fault::option("--speeds", why))?,
        None => vec![link.line.baud],
    };
    let scope = MbusScope {
        speeds,
        secondary: (!args.primary).then_some(within),
        primary: args.primary.then_some(range),
        letters: args.letters,
    };
    let kept = args.resume.as_deref().map(find_kept::Kept::load).transpose()?.flatten();
    let scope = kept.as_ref().map_or(scope, |kept| kept.scope.clone());
    if matches!(&link.road, Road::Tcp(_)) && scope.speeds != [link.line.baud] {
        let wrong = "it is that of a search at other speeds, which TCP does not carry: expected a link with serial:PATH";
        return Err(Fault::option("--resume", wrong));
    }
    watch_for_stop()?;
    let control = Control::default();
    let leash = Leash::new(wire::open(&link.road, link.line)?, control.clone());
    let mut memory = MbusMemory::default();
    let mut line = MbusLine::new(leash, &mut memory, link.line, mbus::timing(&link.road), ());
    let (mut bar, mut found, mut stage) = (Progress::new(), Vec::new(), 0);
    let several = scope.speeds.len() > 1;
    if let Some(kept) = &kept {
        stage = kept.stage;
        out::remark(&format!("Going on; {} meters of before are looked at first.", kept.found.len()));
        for known in &kept.found {
            look_again(&mut line, *known, &mut found)?;
        }
    }
    let end = block_on(find_mbus(&mut line, &scope, &control, &mut stage, &mut found, &mut |event| {
        obey(&control);
        match event {
            FindEvent::Speed(line) if several => {
                bar.clear();
                out::remark(&format!("at {line}:"));
            }
            // The tree has told it.
            FindEvent::Found(_) => {}
            other => tell(&other, &mut bar),
        }
    }));
    bar.clear();
    if let Some(file) = &args.resume {
        if matches!(end, Ok(FindEnd::Done)) {
            Kept::remove(file);
        } else {
            find_kept::Kept::of(&scope, stage, &found).save(file)?;
        }
    }
    out::print(&mbus_list(&found, several, args.json));
    if line.heard_echo() {
        out::remark(commission::ECHO_SEEN);
    }
    match end.map_err(|fault| gone(&fault))? {
        FindEnd::Stopped => Err(stopped(args.resume.as_deref())),
        FindEnd::NeverQuiet | FindEnd::OtherMaster(_) => Err(Fault::new(
            Kind::NoAnswer,
            "Others keep talking on this line, so nothing more was sent. Disconnect the other master, then try again.",
        )),
        FindEnd::Done if found.is_empty() => {
            let next = if args.primary {
                "New meters all have address 0 and disturb each other: search by secondary address."
            } else {
                "Old meters have primary addresses only: try --primary."
            };
            let speeds: Vec<String> =
                scope.speeds.iter().map(|baud| LineParams::even(*baud).to_string()).collect();
            let wrong = format!(
                "Nobody was found on {} at {}. Check that the level converter has power and that the two wires are \
                 connected, or try other speeds. {next}",
                link.road,
                speeds.join(", ")
            );
            Err(Fault::new(Kind::NoAnswer, wrong))
        }
        FindEnd::Done => Ok(()),
    }
}

/// Looks whether a meter of a search that was stopped is still there: by its secondary address, and where it has none that
/// could be selected, by its primary one.
fn look_again(
    line: &mut MbusLine<'_, Leash<Wire>>,
    known: find_kept::Known,
    found: &mut Vec<Finding>,
) -> Result<(), Fault> {
    let at = LineParams::even(known.baud);
    let looked = block_on(async {
        if line.line() != at {
            line.reconfigure(at).await?;
        }
        let mut met = line.secondary_search(known.exactly, false, &mut |_| {}).await?;
        if met.is_empty() {
            met = line.primary_scan(known.address, known.address, &mut |_| {}).await?;
            met.retain(|meter| Mask::exactly(meter.identity) == known.exactly);
        }
        Ok(met)
    });
    let met = match looked {
        Ok(met) => met,
        Err(m_bus::Fault::Port(fault)) => return Err(gone(&fault)),
        Err(_) => Vec::new(),
    };
    if met.is_empty() {
        let who = m_bus::mask_text(known.exactly);
        out::remark(&format!("No answer from {who} at {at}, which was found before."));
    }
    found.extend(met.into_iter().map(|meter| Finding::Mbus { line: at, meter }));
    Ok(())
}

/// Meters of one speed in a list of their own, those of several with their lines.
fn mbus_list(found: &[Finding], several: bool, json: bool) -> String {
    if several {
        return if json { list_json(found) } else { list_table(found) };
    }
    let meters: Vec<m_bus::Found> = found
        .iter()
        .filter_map(|finding| match finding {
            Finding::Mbus { meter, .. } => Some(*meter),
            Finding::Modbus { .. } => None,
        })
        .collect();
    if json { m_bus::list_json(&meters) } else { m_bus::list_table(&meters) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use modbus::Parity;

    #[test]
    fn a_file_of_a_search_reads_back_and_what_is_wrong_in_it_is_named() {
        let position = SearchPosition { scope: SearchScope::default(), asked: vec![1, 2], first: vec![] };
        let text = format!("{FIRST_LINE}\n{position}\nfound 4800 none 7\n");
        let kept = Kept::parse(&text).unwrap();
        assert_eq!(kept.position, position);
        assert_eq!(kept.found, [Place { line: LineParams::new(4_800, Parity::None), unit: 7 }]);
        for (from, to, wrong) in [
            ("find 1", "find 9", "expected a file that a search has left"),
            ("speeds", "spoods", "\"spoods\" stands where \"speeds\" should"),
            ("none 7", "none 0", "\"found 4800 none 0\": expected found BAUD PARITY ID"),
        ] {
            let error = Kept::parse(&text.replacen(from, to, 1)).err().unwrap();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
