//! What a search has met: meters, and what is no meter that could be spoken to, with its likely causes and the next step.

use std::rc::Rc;

use commission::diagnosis::Cause;
use commission::find::{Finding, Trace};
use commission::{Place, serial_text};
use dom::signal::Sig;
use dom::{El, button, el, html};

use super::{Find, Stage};
use crate::cabinet::Cabinet;

/// Something that is no meter that could be spoken to.
#[derive(Clone, Debug, Default)]
pub struct Remark {
    title: String,
    what: String,
    why: String,
    next: String,
    code: String,
}

fn title(cause: &Cause, place: Place) -> String {
    let Place { line, unit } = place;
    match cause {
        Cause::SeveralOnOneId => format!("Two meters on id {unit}, {line}"),
        Cause::SeveralAtOnce => format!("Several meters at {line}"),
        Cause::SecondMaster => "Another master".to_owned(),
        Cause::ForeignTraffic => "Others talk on this line".to_owned(),
        _ if unit == 0 => format!("Something at {line}"),
        _ => format!("Something at {line}, id {unit}"),
    }
}

impl Remark {
    /// What was heard where no meter could be spoken to.
    pub fn of(trace: &Trace) -> Self {
        let it = &trace.diagnosis;
        Self {
            title: title(&it.cause, trace.place),
            what: it.what.clone(),
            why: it.why.clone(),
            next: it.next.clone(),
            code: it.code.clone(),
        }
    }

    /// Anything else, in words.
    pub fn plain(title: &str, what: &str, why: &str, next: &str) -> Self {
        let [title, what, why, next] = [title, what, why, next].map(str::to_owned);
        Self { title, what, why, next, code: String::new() }
    }

    fn element(&self) -> El {
        let code = if self.code.is_empty() { String::new() } else { format!(" ({})", self.code) };
        let part = |class: &str, text: &str| el("span", class).text(text);
        el("li", "find odd").add(html("span", "ico", UNKNOWN)).add(el("div", "").all(vec![
            part("ttl", &self.title),
            part("", &self.what),
            part("small", &self.why),
            part("", &format!("{}{code}", self.next)),
        ]))
    }
}

/// A meter on its rail, and something of which no more is known.
const METER: &str = r#"<svg viewBox="0 0 30 96" aria-hidden="true"><path d="M4 1h22v94H4z" fill="var(--sunken)" stroke="var(--control)"/><path d="M4 25h22v46H4z" fill="var(--surface)" stroke="var(--control)"/><path d="M7 33h16v8H7z" fill="var(--ink)"/><circle cx="18" cy="52" r="4" fill="var(--control)"/></svg>"#;
const UNKNOWN: &str = r#"<svg viewBox="0 0 30 96" aria-hidden="true"><path d="M4 1h22v94H4z" fill="var(--sunken)" stroke="var(--control)" stroke-dasharray="4 3"/><path d="M4 25h22v46H4z" fill="var(--surface)" stroke="var(--control)" stroke-dasharray="4 3"/><text x="15" y="54" text-anchor="middle" font-size="20" font-weight="600" fill="var(--ink-2)">?</text></svg>"#;

/// What a meter is called.
pub fn name(finding: &Finding) -> String {
    match finding {
        Finding::Modbus { identity, .. } => match identity.as_ref().map(|it| (it.entry, it.meter_code)) {
            Some((Some(entry), _)) => entry.notes.name.to_owned(),
            Some((None, Some(code))) => format!("Unknown model, code {code:04X}"),
            _ => "Unknown device".to_owned(),
        },
        Finding::Mbus { meter, .. } => match meter.models.text() {
            none if none.is_empty() => "Unknown model".to_owned(),
            text => text,
        },
    }
}

/// What it says of itself.
fn who(finding: &Finding) -> String {
    match finding {
        Finding::Modbus { identity: Some(identity), .. } => {
            let serial = identity.serial.map(|serial| format!("Serial {}", serial_text(serial)));
            let software = identity.software.as_ref().map(|software| format!("software {software}"));
            let parts: Vec<String> = serial.into_iter().chain(software).collect();
            if parts.is_empty() { "It tells no serial number.".to_owned() } else { parts.join(", ") }
        }
        Finding::Modbus { .. } => {
            "It answers, but refuses every register that would say what it is.".to_owned()
        }
        Finding::Mbus { meter, .. } => format!(
            "Number {:08X}, {} version {}",
            meter.identity.id, meter.identity.manufacturer, meter.identity.version
        ),
    }
}

/// Where and how quickly it answers.
fn answers(finding: &Finding) -> String {
    match finding {
        Finding::Modbus { place, delay, damaged, .. } => {
            let hurt = if *damaged > 0 { ", some answers damaged" } else { "" };
            format!("{place}, answers in {} ms{hurt}", delay.as_millis())
        }
        Finding::Mbus { .. } => finding.place_text(),
    }
}

fn meter(cabinet: &Cabinet, finding: &Finding) -> El {
    let (name, serial) = (name(finding), finding.serial().map_or_else(String::new, serial_text));
    let act = |class: &str, word: &str, view: &'static str| {
        let (own, finding) = (cabinet.clone(), finding.clone());
        button(class, word, move |_| {
            // The line is needed for the meter now; the search can go on later.
            own.work.end();
            own.hand.set(Some(finding.clone()));
            own.go(view);
        })
        .attr("aria-label", &format!("{word} {serial}"))
    };
    let mut acts = Vec::new();
    if Cabinet::has("setup") {
        acts.push(act("btn main", "Set up", "setup"));
    }
    if Cabinet::has("live") {
        acts.push(act("btn", "Watch", "live"));
    }
    let entry = match finding {
        Finding::Modbus { identity, .. } => identity.as_ref().and_then(|identity| identity.entry),
        Finding::Mbus { .. } => None,
    };
    if entry.is_some_and(|entry| entry.def.app().is_some()) {
        acts.push(act("btn", "App", "app"));
    }
    el("li", "find").add(html("span", "ico", METER)).add(el("div", "").all(vec![
        el("span", "ttl").text(&name),
        el("span", "").text(&who(finding)),
        el("span", "small").text(&answers(finding)),
        el("div", "acts").all(acts),
    ]))
}

impl Find {
    /// Everything that was met, the meters first.
    pub(super) fn results(&self) -> Vec<El> {
        let (cabinet, found, remarks, stage) =
            (self.cabinet.clone(), self.cabinet.found, self.remarks, self.stage);
        let count = move || found.with(|found| found.len()) + remarks.with(|remarks| remarks.len());
        let head = el("h3", "").says(move || match found.with(|found| found.len()) {
            0 => "Found".to_owned(),
            count => format!("Found: {count}"),
        });
        let empty = el("p", "note").flag_if("hidden", move || count() > 0).says(move || {
            match stage.get() {
                Stage::Runs => "Nobody yet. What is found stands here at once.",
                _ => "What is found will stand here: model, serial number, id and line of each meter.",
            }
            .to_owned()
        });
        let list: Sig<Rc<Vec<Finding>>> = found;
        let meters = el("ul", "")
            .attr("aria-label", "Meters that were found")
            .shows(move || list.with(|list| list.iter().map(|it| meter(&cabinet, it)).collect()));
        let others = el("ul", "")
            .attr("aria-label", "What else was heard")
            .shows(move || remarks.with(|remarks| remarks.iter().map(Remark::element).collect()));
        vec![head, empty, meters, others]
    }
}
