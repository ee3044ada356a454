//! Documents of the models, for technicians: everything in them comes from the tables.

mod app;
mod face;
mod pages;
mod ports;
mod registers;
mod settings;
mod sources;
mod words;

use std::fmt::Write as _;

use models::Entry;
use schema::{FaceNotes, Kind, ModelDef, ModelSources, SettingId, TripOf};
use units::Duration;

/// One file of the documentation.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it stands, from the root of the repository.
    pub path: String,
    /// Its text.
    pub text: String,
}

const STAMP: &str = "<!-- Written by `cargo run -p tests --bin docs`. Change the tables in `crates/models`, not this file. -->";

/// All documents that are made from the models.
#[must_use]
pub fn all() -> Vec<Document> {
    let mut documents: Vec<Document> = models::ALL
        .iter()
        .zip(models::SOURCES)
        .map(|(entry, sources)| Document {
            path: format!("docs/models/{}.md", entry.def.slug),
            text: model(entry, sources),
        })
        .collect();
    documents.push(Document { path: "docs/models/assumptions.md".into(), text: sources::assumptions() });
    documents.push(Document { path: "docs/models/README.md".into(), text: index() });
    documents
}

/// All models, one line each.
fn index() -> String {
    let mut out = format!(
        "{STAMP}\n\n# Models\n\nWhat no source settles is collected in [assumptions.md](assumptions.md).\n\n\
         | Model | `--model` | Spoken to at | What it is |\n|--|--|--|--|\n"
    );
    for Entry { def, notes } in models::ALL {
        let ports = [
            (def.modbus.is_some(), "Modbus"),
            (def.mbus.is_some(), "M-Bus"),
            (def.optical.is_some(), "infrared window"),
            (def.radio().is_some(), "Bluetooth"),
        ];
        let ports: Vec<&str> = ports.iter().filter(|(there, _)| *there).map(|(_, name)| *name).collect();
        let _ = writeln!(
            out,
            "| [{}]({slug}.md) | `{slug}` | {} | {} |",
            notes.name,
            ports.join(", "),
            notes.doc,
            slug = def.slug,
        );
    }
    out
}

fn model(entry: &Entry, sources: &ModelSources) -> String {
    let Entry { def, notes } = entry;
    let mut out = format!("{STAMP}\n\n# {}\n\n{}\n\n", notes.name, notes.doc);
    let _ = writeln!(
        out,
        "Maker: {}. Sections (§, A) are those of the {}. A dagger (†) marks what no source settles; the reasons are in \
         [assumptions.md](assumptions.md).\n",
        notes.maker, sources.manual
    );
    out += &contents(def, sources);
    identity(&mut out, def);
    measuring(&mut out, def);
    if let Some(input) = def.tariff_input {
        ports::tariff_input(&mut out, input);
    }
    modbus(&mut out, def);
    ports::mbus(&mut out, def, sources);
    ports::optical(&mut out, def, sources);
    app::radio(&mut out, def);
    registers::write(&mut out, def, sources);
    settings::write(&mut out, def, sources);
    display(&mut out, def);
    pages::write(&mut out, def, sources);
    errors(&mut out, def);
    terminals(&mut out, notes);
    sources::facts(&mut out, sources);
    sources::misprints(&mut out, sources);
    out
}

/// The chapters there are, as links.
fn contents(def: &ModelDef, sources: &ModelSources) -> String {
    let chapters = [
        ("Identity", true),
        ("Measuring", true),
        ("Tariff input", def.tariff_input.is_some()),
        ("Modbus", def.modbus.is_some()),
        ("M-Bus", def.mbus.is_some()),
        ("Infrared window", def.optical.is_some()),
        (def.radio().map_or("", |radio| radio.title), def.radio().is_some()),
        ("Registers", true),
        ("Settings", true),
        ("Display and key", def.glass.segments().is_some()),
        ("Pages", !def.pages.is_empty()),
        ("Display and keys", def.matrix.is_some()),
        ("Errors", true),
        ("Terminals", true),
        ("What else holds", true),
        ("Misprints of the manual", !sources.misprints.is_empty()),
    ];
    let links: Vec<String> = chapters
        .iter()
        .filter(|(_, there)| *there)
        .map(|(title, _)| format!("[{title}](#{})", title.to_lowercase().replace(' ', "-")))
        .collect();
    format!("{}\n\n", links.join(" · "))
}

fn rows(out: &mut String, rows: &[(&str, String)]) {
    out.push_str("| | |\n|--|--|\n");
    for (name, value) in rows {
        let _ = writeln!(out, "| {name} | {value} |");
    }
    out.push('\n');
}

fn hundredths(value: u16) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

fn identity(out: &mut String, def: &ModelDef) {
    out.push_str("## Identity\n\n");
    let id = &def.identity;
    rows(
        out,
        &[
            ("Name on the command line", format!("`{}`", def.slug)),
            ("Meter code", format!("{:04X}h", id.meter_code)),
            ("Largest current", format!("{} A", id.amps)),
            ("Printed digits in front of the serial number", id.prefix.to_string()),
            ("Protocol, software, hardware", {
                format!(
                    "{}, {}, {}",
                    hundredths(id.protocol),
                    hundredths(id.software),
                    hundredths(id.hardware)
                )
            }),
            (
                "Checksum",
                match id.checksum_2 {
                    0 => checksum(id.checksum),
                    other => {
                        format!("{}; {} of what does not measure", checksum(id.checksum), checksum(other))
                    }
                },
            ),
        ],
    );
}

fn checksum(sum: u32) -> String {
    format!("{:04X} {:04X}", sum >> 16, sum & 0xFFFF)
}

fn time(time: Duration) -> String {
    let us = time.as_micros();
    match us {
        _ if us >= 1_000_000 && us.is_multiple_of(1_000_000) => format!("{} s", us / 1_000_000),
        _ if us.is_multiple_of(1_000) && us >= 1_000_000 => {
            format!("{}.{} s", us / 1_000_000, us / 100_000 % 10)
        }
        _ if us.is_multiple_of(1_000) => format!("{} ms", us / 1_000),
        _ => format!("{}.{} ms", us / 1_000, us / 100 % 10),
    }
}

fn measuring(out: &mut String, def: &ModelDef) {
    out.push_str("## Measuring\n\n");
    let m = &def.metering;
    let codes: Vec<String> = m
        .combinations
        .iter()
        .map(|(code, meaning)| format!("{code} {}", words::combination(*meaning)))
        .collect();
    let widths: Vec<String> = m
        .pulse_widths
        .iter()
        .map(|it| {
            let from = if it.min_rate > 0 {
                format!(" at {} imp/kWh and more", it.min_rate / 100)
            } else {
                String::new()
            };
            match it.up_to_watt {
                u32::MAX => format!("{} above{from}", time(it.width)),
                watt => format!("{} up to {watt} W{from}", time(it.width)),
            }
        })
        .collect();
    let d = &m.decimals;
    // The fastest rate that can be chosen.
    let most = match def.setting(SettingId::S0Rate).map(|(_, setting)| setting.kind) {
        Some(Kind::OneOf(choices)) => {
            choices.iter().filter_map(|it| u32::try_from(it.value).ok()).max().unwrap_or(0)
        }
        _ => 0,
    };
    let supply = m.pulse_outputs.first().map_or("–".to_string(), |it| {
        format!("{} to {} V DC, at most {} mA", it.min_mv / 1_000, it.max_mv / 1_000, it.max_ma)
    });
    rows(
        out,
        &[
            ("Phases, tariffs", format!("{}, {}", m.phases, m.tariffs)),
            ("Starting current", format!("{} mA", m.starting_current_ma)),
            ("Counters start again at", format!("{} kWh", words::groups(m.rollover_wh / 1_000))),
            ("Energies are stored every", format!("{} Wh", m.store_step_wh)),
            ("Decimals of V, A, kW, power factor, Hz", {
                format!("{}, {}, {}, {}, {}", d.volt, d.ampere, d.kilowatt, d.power_factor, d.hertz)
            }),
            ("Combination codes", codes.join("; ")),
            ("Resettable counter counts", {
                let follows = match m.trip.follows {
                    TripOf::Forward => "forward active energy",
                    TripOf::Total => "active energy as the combination code makes the total",
                };
                format!("{follows}{}", if m.trip.per_phase { ", each phase by itself too" } else { "" })
            }),
            ("Test LED", {
                let second = match m.led_imp_per_kvarh {
                    0 => String::new(),
                    rate => format!(", a second one {} imp/kvarh", words::groups(rate.into())),
                };
                format!(
                    "{} imp/kWh{second}, {} a flash",
                    words::groups(m.led_imp_per_kwh.into()),
                    time(m.led_width)
                )
            }),
            (
                "Pulse width",
                match (def.setting(SettingId::PulseWidth), m.pulse_widths) {
                    (Some(_), [shortest, ..]) => {
                        format!(
                            "as chosen, where pulses come faster as long as their pause, at least {}",
                            time(shortest.width)
                        )
                    }
                    _ => widths.join(", "),
                },
            ),
            ("Supply of the pulse output", supply),
            (
                "Pulses stay apart",
                m.pulse_limit_mw(most).map_or("–".to_string(), |mw| {
                    format!("at {} imp/kWh up to {}.{:02} kW", most / 100, mw / 1_000_000, mw / 10_000 % 100)
                }),
            ),
            ("Warning before the supply is gone", time(m.power_fail_warning)),
        ],
    );
}

fn modbus(out: &mut String, def: &ModelDef) {
    let Some(modbus) = &def.modbus else { return };
    out.push_str("## Modbus\n\n");
    let yes = |it: bool| if it { "yes" } else { "no" }.to_string();
    rows(
        out,
        &[
            ("Most registers read at once", modbus.max_read.to_string()),
            ("Most registers written at once", modbus.max_write.to_string()),
            ("Function 04 answers as 03 does", yes(modbus.fc04)),
            ("Reads of address 0 are answered", yes(modbus.unit0_answers_reads)),
            ("Answers after", format!("{} beyond the silence that ends a request", time(modbus.reply_delay))),
        ],
    );
}

fn display(out: &mut String, def: &ModelDef) {
    let Some(glass) = def.glass.segments() else { return face::face(out, def) };
    out.push_str("## Display and key\n\n");
    let cells: Vec<String> = glass.cells.iter().map(|cell| cell.segments().to_string()).collect();
    let points: Vec<String> = glass.points.iter().map(ToString::to_string).collect();
    let dots: Vec<String> =
        glass.dots.iter().map(|dot| format!("{} ({})", words::dot(*dot), dot.letter())).collect();
    let keys: Vec<String> = def
        .keys
        .iter()
        .map(|key| {
            format!("key {}: long from {}, very long at {}", key.id.0, time(key.long), time(key.very_long))
        })
        .collect();
    let panel = &def.panel;
    rows(
        out,
        &[
            ("Places from the left, by number of segments", cells.join(", ")),
            ("Decimal points after places", points.join(", ")),
            ("Dots from the left", dots.join(", ")),
            ("Digit of the tariff", if glass.tariff_digit { "yes" } else { "no" }.to_string()),
            ("Presses", keys.join("; ")),
            ("Label and value take turns of", time(panel.turn)),
            (
                "Answers",
                if panel.ok.is_empty() {
                    "–".to_string()
                } else {
                    format!(
                        "`{}`, `{}`, `{}` for {}",
                        panel.ok,
                        panel.ok_in,
                        panel.ok_out,
                        time(panel.message)
                    )
                },
            ),
            ("An edit without a press is over after", time(panel.edit_idle)),
            ("A page without a press gives way after", time(panel.page_idle)),
            ("Blinking", format!("every {}, lit for {}", time(panel.blink), time(panel.blink_on))),
            (
                "Communication dot",
                format!("{} lit, then {} dark at least", time(panel.com_flash), time(panel.com_flash)),
            ),
            ("Backlight stays lit after a press for", time(panel.backlight.lit)),
        ],
    );
}

fn errors(out: &mut String, def: &ModelDef) {
    out.push_str("## Errors\n\n| Display | When | Measuring |\n|--|--|--|\n");
    for error in def.errors {
        let when: Vec<&str> = words::CONDITIONS
            .iter()
            .filter(|(condition, _)| error.when.any_of(*condition))
            .map(|(_, text)| *text)
            .collect();
        let goes_on = if error.stops { "stops" } else { "goes on" };
        let _ = writeln!(
            out,
            "| `{} {}` | {} | {goes_on} |",
            def.panel.error_prefix,
            if error.joins { format!("{:02X}", error.number) } else { format!("{:02}", error.number) },
            when.join("; ")
        );
    }
    out.push('\n');
}

fn terminals(out: &mut String, notes: &FaceNotes) {
    out.push_str("## Terminals\n\n| Terminal | Mark | Row | What belongs there |\n|--|--|--|--|\n");
    for terminal in notes.terminals {
        let row = if terminal.upper { "upper" } else { "lower" };
        let sign = words::or_dash(terminal.sign);
        let _ = writeln!(out, "| {} | {sign} | {row} | {} |", terminal.name, terminal.doc);
    }
    out.push('\n');
}
