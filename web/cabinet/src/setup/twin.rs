//! The first step: what the meter told, and the twin that was booted from it, its display page by page.

use std::rc::Rc;

use commission::boot::{BootReport, Differs, boot};
use commission::names;
use dom::signal::Sig;
use dom::{El, button, el};
use models::Entry;
use rig::pages;
use schema::{GlassDef, Source};
use units::Instant;

use super::glass::{Lit, glass, outline};
use super::subject::Read;
use super::{Setup, step};

/// When the twin's own time begins.
const START: Instant = Instant::from_millis(1_000);

/// A page of the twin's display.
struct Page {
    lit: Lit,
    /// What it says.
    sentence: String,
    /// What the meter reports otherwise than the twin shows here.
    differs: Vec<Differs>,
}

/// A twin that was booted from what the meter told.
struct Booted {
    entry: &'static Entry,
    pages: Vec<Page>,
    report: BootReport,
}

/// The keys by which a value may be known.
fn key(entry: &'static Entry, source: Source) -> String {
    match source {
        Source::Setting(id) => id.key().to_owned(),
        Source::Point(point) => point.to_string(),
        _ => names::row_of(entry, source).map_or_else(String::new, |row| names::key(entry, &row)),
    }
}

fn booted(read: &Read) -> Option<Booted> {
    let facts = read.facts()?;
    let entry = facts.entry;
    let mut twin = boot(&facts, START);
    let texts = pages(&mut twin.twin, START);
    let of_digits = matches!(entry.def.glass, GlassDef::Segments(_));
    let mut sources = entry.def.all_pages().map(|(_, page)| page.fields);
    let all = texts.into_iter().map(|text| {
        let fields = if of_digits { sources.next().unwrap_or_default() } else { &[] };
        let keys: Vec<String> = fields.iter().map(|field| key(entry, field.source)).collect();
        let differs = twin.report.differs.iter().filter(|it| keys.contains(&it.key)).cloned().collect();
        let dots = if of_digits { String::new() } else { outline(&text.art) };
        Page { lit: Lit { on: text.on, dots }, sentence: text.sentence, differs }
    });
    Some(Booted { entry, pages: all.collect(), report: twin.report })
}

impl Setup {
    pub(super) fn read_step(&self) -> El {
        let (read, old, work) = (self.read, self.old, self.cabinet.work.clone());
        let own = self.clone();
        let says = el("span", "").attr("role", "status").says(move || {
            read.with(|read| match (read, old.get()) {
                (None, false) => "Not read yet.".to_owned(),
                (None, true) => "It could not be read.".to_owned(),
                (Some(read), false) => format!("{} values were read.", read.count()),
                (Some(read), true) => {
                    format!("{} values were read earlier; now the meter does not answer.", read.count())
                }
            })
        });
        let again =
            button("btn", "Read again", move |_| own.read_now()).flag_if("disabled", move || work.runs());
        let own = self.clone();
        let twin = el("div", "booted").shows(move || {
            let booted = read.with(|read| read.as_ref().and_then(booted));
            booted.map_or_else(Vec::new, |booted| own.twin(Rc::new(booted)))
        });
        step(
            1,
            "The meter as it is",
            "Everything it tells is read, and a twin of it is made here: same model, settings and energies.",
            vec![el("div", "acts").add(says).add(again), twin],
        )
    }

    fn twin(&self, booted: Rc<Booted>) -> Vec<El> {
        let (at, lit) = (Sig::new(0_usize), Sig::new(Lit::default()));
        let many = booted.pages.len();
        let shown = booted.clone();
        dom::watch(Box::new(move || {
            lit.show(shown.pages.get(at.get()).map_or_else(Lit::default, |page| page.lit.clone()));
        }));
        let turn = |word: &'static str, label: &'static str, by: usize| {
            button("btn", word, move |_| at.update(|at| *at = (*at + by) % many.max(1)))
                .attr("aria-label", label)
        };
        let pager = el("div", "acts")
            .add(turn("←", "Page before", many.saturating_sub(1)))
            .add(el("span", "small").says(move || format!("Page {} of {many}", at.get() + 1)))
            .add(turn("→", "Next page", 1));
        let page = booted.clone();
        let says = el("p", "says")
            .attr("role", "status")
            .says(move || page.pages.get(at.get()).map_or_else(String::new, |page| page.sentence.clone()));
        let page = booted.clone();
        let marks = el("ul", "marks").shows(move || {
            let page = page.pages.get(at.get());
            page.map_or_else(Vec::new, |page| page.differs.iter().map(mark).collect())
        });
        let head = format!("Display of the twin of {}", booted.entry.notes.name);
        let display = el("div", "display")
            .attr("role", "group")
            .attr("aria-label", &head)
            .all(vec![glass(booted.entry, lit), el("div", "").all(vec![says, marks, pager])]);
        vec![display, list(&booted, at), report(&booted)]
    }
}

/// A value that the meter reports otherwise.
fn mark(it: &Differs) -> El {
    el("li", "")
        .add(el("mark", "").text(&format!("the meter reports {}", it.meter)))
        .text(&format!(" {}", it.label))
}

/// All pages in words.
fn list(booted: &Booted, at: Sig<usize>) -> El {
    let rows = booted.pages.iter().enumerate().map(|(place, page)| {
        let marked = if page.differs.is_empty() { "" } else { " (the meter reports another value)" };
        let row = button("link", &page.sentence, move |_| at.set(place));
        el("li", "").add(row).text(marked)
    });
    el("details", "polled")
        .add(el("summary", "").text(&format!("All {} pages in words", booted.pages.len())))
        .add(el("ol", "pagelist").all(rows.collect()))
}

/// In what the twin is the meter, and in what not.
fn report(booted: &Booted) -> El {
    let report = &booted.report;
    let taken = report.taken.len();
    let lines = report.sentences();
    let word = if report.is_same() {
        format!("{taken} settings and energies are the meter’s own.")
    } else {
        format!("{taken} settings and energies are the meter’s own; some values differ.")
    };
    let details = el("details", "polled")
        .add(el("summary", "").text(&format!("What the twin cannot have from the meter: {}", lines.len())))
        .add(el("ul", "plain").all(lines.iter().map(|line| el("li", "").text(line)).collect()));
    el("div", "").add(el("p", "small").text(&word)).add(details)
}
