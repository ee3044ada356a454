//! What holds beside the tables, and everything that is assumed, with its reason.

use std::fmt::Write as _;

use models::{ALL, Entry, SOURCES};
use schema::{Citation, ModelSources, Note};

use super::{STAMP, words};

pub fn facts(out: &mut String, notes: &ModelSources) {
    out.push_str("## What else holds\n\n| About | What holds | Source |\n|--|--|--|\n");
    for fact in notes.facts {
        let _ = writeln!(out, "| {} | {} | {} |", fact.label, fact.doc, words::citation(fact.source));
    }
    out.push('\n');
}

/// What the manual prints and cannot mean.
pub fn misprints(out: &mut String, notes: &ModelSources) {
    if notes.misprints.is_empty() {
        return;
    }
    out.push_str("## Misprints of the manual\n\n| Where | Printed | Meant |\n|--|--|--|\n");
    for misprint in notes.misprints {
        let _ = writeln!(out, "| {} | {} | {} |", misprint.place, misprint.printed, misprint.meant);
    }
    out.push('\n');
}

/// Reasons in the order of their first use, each with all it is the reason for.
fn grouped<'a>(rows: impl Iterator<Item = (String, &'a Note)>) -> Vec<(&'a str, Vec<String>)> {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, note) in rows {
        let why = match note.source {
            Citation::Assumed(why) => why,
            _ => note.assumed,
        };
        if why.is_empty() {
            continue;
        }
        match groups.iter_mut().find(|(other, _)| *other == why) {
            Some((_, names)) => names.push(name),
            None => groups.push((why, vec![name])),
        }
    }
    groups
}

fn list(out: &mut String, title: &str, groups: &[(&str, Vec<String>)]) {
    if groups.is_empty() {
        return;
    }
    let _ = writeln!(out, "### {title}\n");
    for (why, names) in groups {
        let _ = writeln!(out, "- {why}  \n  For: {}.", names.join(", "));
    }
    out.push('\n');
}

/// Everything that no source settles, model by model.
pub fn assumptions() -> String {
    let mut out = format!(
        "{STAMP}\n\n# Assumptions\n\nWhat no manual, sister meter or recording settles, and why we chose as we did. One \
         photo, frame or page of another manual can correct a line; it is one row in `crates/models`.\n\n"
    );
    for (Entry { def, notes: names }, notes) in ALL.iter().zip(SOURCES) {
        let _ = writeln!(
            out,
            "## {}\n\n### Behaviour\n\n| About | What we assume | Because |\n|--|--|--|",
            names.name
        );
        for fact in notes.facts {
            if let Citation::Assumed(why) = fact.source {
                let _ = writeln!(out, "| {} | {} | {why} |", fact.label, fact.doc);
            }
        }
        out.push('\n');
        let registers = def
            .registers
            .iter()
            .flat_map(|block| block.rows)
            .zip(notes.registers.iter().copied().flatten())
            .map(|(row, note)| (format!("{:04X}h {}", row.addr, note.label), note));
        list(&mut out, "Registers", &grouped(registers));
        let settings = notes.settings.iter().copied().flatten().map(|note| (note.label.to_string(), note));
        list(&mut out, "Settings", &grouped(settings));
        let pages = notes.pages.iter().copied().flatten().map(|note| (format!("`{}`", note.key), note));
        let records = def.mbus.iter().flat_map(|bus| bus.telegrams).zip(notes.telegrams).flat_map(
            |(telegram, notes)| {
                notes.iter().map(|note| (format!("CI {:02X} {}", telegram.ci, note.label), note))
            },
        );
        list(&mut out, "M-Bus records", &grouped(records));
        let writes = notes.record_writes.iter().map(|note| (note.label.to_string(), note));
        list(&mut out, "M-Bus writes", &grouped(writes));
        let lines = def.optical.iter().flat_map(|port| port.lines).zip(notes.lines);
        let lines = lines.map(|(line, note)| (format!("`{}`", line.code), note));
        list(&mut out, "Lines at the window", &grouped(lines));
        list(&mut out, "Pages", &grouped(pages));
    }
    out
}
