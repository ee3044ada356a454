//! `metertwin read` and `metertwin set` over an M-Bus, and what a search of it tells.

use commission::boot::Facts;
use commission::guard::Guard;
use commission::mbus::{
    self, Address, Found, Mask, MbusLine, MbusMemory, MbusTiming, NodeEvent, Outcome, Place, Plan,
    SearchEvent, Seen, WriteProgress,
};
use commission::record::Where;
use commission::rehearse::rehearse_mbus;
use models::Entry;
use units::{Duration, bcd};

use crate::args::{Format, ReadArgs, SetArgs};
use crate::clock::unix_seconds;
use crate::fault::{Fault, Kind};
use crate::out::{self, Progress};
use crate::place::{self, MbusLink, MbusTarget, Road};
use crate::set::{agreed, consent};
use crate::wire::{self, Wire, block_on};
use crate::{journal, profile};

/// What a gateway and the network to it may keep bytes back for.
pub const NETWORK: Duration = Duration::from_millis(50);

/// What is said of a meter that never comes to an end.
const ENDLESS: &str = "The meter says without end that more telegrams follow; what came so far is shown.";

/// The model whose factory setting holds where the link says nothing.
pub fn first_model() -> Result<&'static Entry, Fault> {
    let with_mbus = models::ALL.iter().find(|entry| entry.def.mbus.is_some());
    with_mbus.ok_or_else(|| Fault::new(Kind::Input, "this program knows no model with M-Bus"))
}

pub fn link(text: &str) -> Result<MbusLink, Fault> {
    let factory = mbus::factory_place(first_model()?);
    place::mbus_link(text, factory.line).map_err(|why| Fault::option("--link", why))
}

/// The line of a link, opened.
pub fn line<'m>(link: &MbusLink, memory: &'m mut MbusMemory) -> Result<MbusLine<'m, Wire>, Fault> {
    let wire = wire::open(&link.road, link.line)?;
    let timing = timing(&link.road);
    Ok(MbusLine::new(wire, memory, link.line, timing, ()))
}

/// How long answers may be under way on a road.
pub fn timing(road: &Road) -> MbusTiming {
    match road {
        Road::Serial(_) => MbusTiming::default(),
        _ => MbusTiming { latency: NETWORK },
    }
}

/// A line to a meter that was found at a place before.
pub fn line_at<'m>(
    text: &str,
    place: Place,
    memory: &'m mut MbusMemory,
) -> Result<MbusLine<'m, Wire>, Fault> {
    let link = MbusLink { line: place.line, ..link(text)? };
    line(&link, memory)
}

pub fn no_answer(fault: &mbus::Fault, place: Place) -> Fault {
    Fault::new(Kind::NoAnswer, mbus::sentence(fault, place))
}

/// What was seen at a node or an address, in words.
pub fn seen_text(seen: &Seen) -> String {
    match seen {
        Seen::Silence => "nobody".to_owned(),
        Seen::Meter(found) => format!("{} at address {}", mbus::identity_text(found.identity), found.address),
        Seen::Collision => "several meters".to_owned(),
        Seen::Noise => "noise".to_owned(),
        Seen::Mute => "somebody who acknowledges and tells nothing".to_owned(),
        Seen::Twins => "several meters with one secondary address: connect them one by one".to_owned(),
    }
}

/// A node of the search tree, further in the deeper it lies.
pub fn node_text(node: &NodeEvent) -> String {
    let again = if matches!(node.seen, Seen::Meter(_)) && !node.new { ", again" } else { "" };
    format!(
        "{:indent$}{}  {}{again}",
        "",
        mbus::mask_text(node.mask),
        seen_text(&node.seen),
        indent = node.depth
    )
}

/// The meters that `within` selects.
fn search(line: &mut MbusLine<'_, Wire>, link: &MbusLink, within: Mask) -> Result<Vec<Found>, Fault> {
    let mut bar = Progress::new();
    let found = block_on(line.secondary_search(within, true, &mut |event| {
        if let SearchEvent::Node(node) = event {
            bar.show("searching, thousandths:", usize::from(node.permille), 1_000);
        }
    }));
    bar.clear();
    found.map_err(|fault| no_answer(&fault, Place { line: link.line, address: Address::Primary(253) }))
}

/// The meter that a link means.
fn target(line: &mut MbusLine<'_, Wire>, link: &MbusLink) -> Result<Place, Fault> {
    let address = match link.target {
        None => mbus::factory_place(first_model()?).address,
        Some(MbusTarget::Primary(address)) => Address::Primary(address),
        Some(MbusTarget::Number(mask)) => match search(line, link, mask)?.as_slice() {
            [] => {
                let wrong = format!(
                    "No answer from number {} at {}. Search for it, also at other speeds.",
                    mbus::mask_text(mask),
                    link.line
                );
                return Err(Fault::new(Kind::NoAnswer, wrong));
            }
            [one] => Address::Secondary(one.identity),
            several => {
                let list: Vec<String> = several.iter().map(|it| mbus::identity_text(it.identity)).collect();
                let wrong = format!("the number fits several meters: {}", list.join("; "));
                return Err(Fault::option("--link", wrong));
            }
        },
    };
    Ok(Place { line: link.line, address })
}

/// Opens the line of a link, and finds the meter that it means.
pub fn reach<'m>(text: &str, memory: &'m mut MbusMemory) -> Result<(MbusLine<'m, Wire>, Place), Fault> {
    let link = link(text)?;
    let mut line = line(&link, memory)?;
    let place = target(&mut line, &link)?;
    Ok((line, place))
}

/// Refuses keys that the meter does not tell.
pub fn known(read: &mbus::MbusReadOut, points: &[String]) -> Result<(), Fault> {
    match points.iter().find(|point| !read.rows.iter().any(|row| row.key == **point)) {
        None => Ok(()),
        Some(point) => {
            let keys: Vec<&str> = read.rows.iter().map(|row| row.key.as_str()).collect();
            let wrong = format!("the meter tells no \"{point}\": expected some of {}", keys.join(", "));
            Err(Fault::option("POINT", wrong))
        }
    }
}

/// A model with an M-Bus.
pub fn model(slug: &str) -> Result<&'static Entry, Fault> {
    let entry = crate::read::model(Some(slug))?;
    if entry.def.mbus.is_none() {
        return Err(Fault::option("--model", format!("{slug} has no M-Bus")));
    }
    Ok(entry)
}

/// Takes the meter for the model that was chosen. What its own words rule out is refused.
pub fn choose(read: &mut mbus::MbusReadOut, model: Option<&'static Entry>) -> Result<(), Fault> {
    let Some(model) = model else { return Ok(()) };
    if read.choose(model) {
        return Ok(());
    }
    let who = read.sentence();
    let expected = match read.models.slugs() {
        none if none.is_empty() => "leave it out".to_owned(),
        all => format!("expected {all}, or none"),
    };
    Err(Fault::option("--model", format!("the meter is no {}: {expected}. {who}", model.def.slug)))
}

/// The model of a meter that is written to.
pub fn one(read: &mbus::MbusReadOut) -> Result<&'static Entry, Fault> {
    if let Some(entry) = read.models.one() {
        return Ok(entry);
    }
    let mut wrong = read.models.refusal().unwrap_or_default();
    if read.models.are_several() {
        wrong.push_str(&format!(" Add --model with one of {}.", read.models.slugs()));
    }
    Err(Fault::new(Kind::Refused, wrong))
}

/// What the meter of a link tells by its telegrams.
pub fn facts(link: &str, slug: Option<&str>) -> Result<Facts, Fault> {
    let model = slug.map(model).transpose()?;
    let mut memory = MbusMemory::default();
    let (mut line, place) = reach(link, &mut memory)?;
    let read = block_on(line.read_out(place.address, &mut |_| {}));
    let mut read = read.map_err(|fault| no_answer(&fault, place))?;
    choose(&mut read, model)?;
    out::remark(&read.sentence());
    if read.cut {
        out::remark(ENDLESS);
    }
    Facts::of_telegrams(&read, place).ok_or_else(|| {
        let wrong = if read.models.are_several() {
            let (names, slugs) = (read.models.text(), read.models.slugs());
            format!(
                "The meter is {names}, which say the same on an M-Bus: look at its nameplate, and add --model with one of {slugs}."
            )
        } else {
            "Its telegrams mean nothing certain of a meter that this program does not know.".to_owned()
        };
        Fault::new(Kind::Refused, wrong)
    })
}

/// Runs `read`.
pub fn read(args: &ReadArgs) -> Result<(), Fault> {
    let model = args.model.as_deref().map(model).transpose()?;
    let mut memory = MbusMemory::default();
    let (mut line, place) = reach(&args.link, &mut memory)?;
    let read = block_on(line.read_out(place.address, &mut |_| {}));
    let mut read = read.map_err(|fault| no_answer(&fault, place))?;
    choose(&mut read, model)?;
    out::remark(&read.sentence());
    known(&read, &args.points)?;
    if !args.points.is_empty() {
        read.rows.retain(|row| args.points.contains(&row.key));
    }
    out::print(&match args.format {
        Format::Table => read.to_table(),
        Format::Csv => read.to_csv(),
        Format::Json => read.to_json(&unix_seconds().to_string()),
    });
    if read.cut {
        return Err(Fault::new(Kind::Refused, ENDLESS));
    }
    Ok(())
}

/// Runs `set`.
pub fn set(args: &SetArgs) -> Result<(), Fault> {
    let link = link(&args.link)?;
    let model = args.model.as_deref().map(model).transpose()?;
    // What no model could take is refused before anything is opened.
    let profile = args.profile.as_deref().map(profile::load).transpose()?;
    let fits = |entry: &'static Entry| args.changes.iter().all(|text| mbus::change(entry, text).is_ok());
    if !models::ALL.iter().filter(|entry| entry.def.mbus.is_some()).any(fits) {
        changes(first_model()?, args)?;
    }
    let mut memory = MbusMemory::default();
    let mut line = line(&link, &mut memory)?;
    let place = target(&mut line, &link)?;
    let read = block_on(line.read_out(place.address, &mut |_| {}));
    let mut read = read.map_err(|fault| no_answer(&fault, place))?;
    choose(&mut read, model)?;
    out::remark(&read.sentence());
    let entry = one(&read)?;
    let mut wanted = changes(entry, args)?;
    if let (Some(profile), Some(path)) = (&profile, &args.profile) {
        let own = profile.actions(entry).map_err(|why| profile::faults(path, &why))?;
        let new = |it: &commission::Action| !wanted.iter().any(|other| other.key() == it.key());
        let own: Vec<_> = own.into_iter().filter(new).collect();
        wanted.extend(own);
    }
    let plan = Plan::new(entry, read.header.identity, place, wanted);
    let facts = Facts::of_telegrams(&read, place);
    let list: Vec<String> = plan.steps.iter().map(|step| format!("  {}", step.text(entry))).collect();
    if args.dry_run {
        let list = list.join("\n");
        out::line(&format!("Nothing was sent. These would be written, in this order:\n{list}"));
        return Ok(());
    }
    if args.rehearse {
        return crate::set::rehearsed(facts.and_then(|facts| rehearse_mbus(&facts, plan)));
    }
    // A telegram tells too little of what was used before: every change of that kind counts as the first one.
    let number = read.header.identity.and_then(|identity| bcd::decode(identity.id, 8));
    let guard = Guard::new(entry, number, plan.steps.iter().copied(), |_| None);
    consent(args.confirm_serial.as_deref(), &guard)?;
    if !args.yes && !agreed(&list.join("\n"))? {
        return Err(Fault::new(Kind::Input, "Nothing was sent."));
    }
    let mut bar = Progress::new();
    let known =
        |setting: &schema::SettingDef| Some((setting.id, i64::from(facts.as_ref()?.setting(setting.id)?)));
    let was: Vec<_> = entry.def.all_settings().filter_map(known).collect();
    let serial = facts.as_ref().and_then(|facts| facts.serial);
    let mut journal = journal::log(args.journal.as_deref(), entry, serial, Where::Mbus(place), &was)?;
    let (reports, after) = block_on(line.write_plan(&plan, &mut journal, &mut |progress| match progress {
        WriteProgress::Begins { step, of } => bar.show("writing", step, of),
        WriteProgress::Ended { step, of, .. } => bar.show("writing", step + 1, of),
    }));
    bar.clear();
    for report in &reports {
        out::line(&report.sentence(&plan));
    }
    if after != place {
        out::line(&format!("The meter is spoken to as {after} from now on."));
    }
    let open = reports.iter().filter(|report| !matches!(report.outcome, Outcome::Confirmed { .. }));
    let open: Vec<_> = open.collect();
    let Some(first) = open.first() else { return Ok(()) };
    let silent = open.iter().all(|report| {
        matches!(
            &report.outcome,
            Outcome::NotSent { why: mbus::Obstacle::Fault(_) | mbus::Obstacle::StoppedBefore }
        )
    });
    let text = format!(
        "{} of {} changes are confirmed; the first that is not: {} ({}).",
        reports.len() - open.len(),
        reports.len(),
        first.action.text(entry),
        first.outcome.word()
    );
    Err(Fault::new(if silent { Kind::NoAnswer } else { Kind::Refused }, text))
}

fn changes(entry: &'static Entry, args: &SetArgs) -> Result<Vec<commission::Action>, Fault> {
    let mut changes: Vec<commission::Action> = Vec::new();
    for text in &args.changes {
        let action = mbus::change(entry, text).map_err(|why| Fault::option("KEY=VALUE", why))?;
        if changes.iter().any(|other| other.key() == action.key()) {
            let wrong = format!("\"{text}\" says again what was said before: expected each setting once");
            return Err(Fault::option("KEY=VALUE", wrong));
        }
        changes.push(action);
    }
    Ok(changes)
}
