//! The chapters on the places where a meter is spoken to, other than its registers.

use std::fmt::Write as _;

use mbus::Manufacturer;
use schema::{
    CommandId, MbusDef, ModelDef, ModelSources, Note, OpticalDef, RecordDef, Source, Target, TariffInputDef,
};
use units::{LineParams, Parity};

use super::{rows, time, words};

/// Bytes as they stand on the wire.
fn bytes(bytes: &[u8]) -> String {
    let text: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("`{}`", text.join(" "))
}

/// How the data field of a DIF codes a value (EN 13757-3 §6.3).
fn coding(field: u8) -> String {
    match field {
        1..=4 => format!("{} bytes, binary", field),
        6 => "6 bytes, binary".into(),
        7 => "8 bytes, binary".into(),
        9..=0xC => format!("{} decimal digits", 2 * (field - 8)),
        0xE => "12 decimal digits".into(),
        other => format!("data field {other:X}"),
    }
    .replace("1 bytes", "1 byte")
}

/// What one step of a number with so many decimals is.
fn step(decimals: u8, unit: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    match decimals {
        0 => format!("1{unit}"),
        _ => format!("0.{:0>width$}{unit}", 1, width = usize::from(decimals)),
    }
}

fn parity(line: LineParams) -> &'static str {
    match line.parity {
        Parity::None => "none",
        Parity::Even => "even",
        Parity::Odd => "odd",
    }
}

pub fn mbus(out: &mut String, def: &ModelDef, notes: &ModelSources) {
    let Some(bus) = &def.mbus else { return };
    out.push_str(
        "## M-Bus\n\nRecords as EN 13757-3 has them; bytes are hexadecimal and in the order of the wire.\n\n",
    );
    let letters: String = Manufacturer(bus.manufacturer).letters().iter().map(|it| char::from(*it)).collect();
    let trial = bus.baud_trial.map_or("yes".into(), |span| format!("until {} pass in silence", time(span)));
    let line = LineParams::even(9_600);
    rows(
        out,
        &[
            ("Maker in the header", format!("{letters}, {}", bytes(&bus.manufacturer.to_le_bytes()))),
            ("Version, medium in the header", format!("{}, {}", bus.version, bus.medium)),
            ("Serial number in the header", "the setting `serial`, 8 decimal digits, low byte first".into()),
            ("Access number", "one more with each telegram, 0 after power-up".into()),
            (
                "Status",
                "`00` good; `02` an error of the meter, or a write refused since the last telegram".into(),
            ),
            ("Signature", "`00 00`".into()),
            ("Characters", format!("8 data bits, {} parity, 1 stop bit", parity(line))),
            ("Answers after", format!("{} bit times", bus.reply_bits)),
            ("A new speed stays", trial),
            ("Address FE", "read-outs are answered with the own address; writes are not".into()),
            ("Address FF", "done in silence".into()),
        ],
    );
    telegrams(out, def, bus, notes);
    writes(out, def, bus, notes.record_writes);
}

fn telegrams(out: &mut String, def: &ModelDef, bus: &MbusDef, notes: &ModelSources) {
    for (n, (telegram, notes)) in bus.telegrams.iter().zip(notes.telegrams).enumerate() {
        let when = match (n, bus.selection) {
            (0, _) => "said to every REQ_UD2 (`5B`, `7B`)".to_string(),
            (_, true) => format!("said once a master has chosen it with CI {:02X}", telegram.ci),
            (_, false) => format!(
                "kept for a twin with `telegram-selection=on`: CI {:02X} is acknowledged, and the first telegram stays",
                telegram.ci
            ),
        };
        let _ = writeln!(out, "### Telegram {}\n\n{} records, {when}.\n", n + 1, telegram.records.len());
        out.push_str("| DIF, DIFE | VIF, VIFE | Value | Key | Coded in | One step | Remark | Source |\n");
        out.push_str("|--|--|--|--|--|--|--|--|\n");
        for (record, note) in telegram.records.iter().zip(*notes) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                bytes(record.dib),
                bytes(record.vib),
                note.label,
                words::key(record.source),
                coding(record.data_field()),
                record_step(def, record),
                note.doc,
                words::source(note),
            );
        }
        out.push('\n');
    }
}

fn record_step(def: &ModelDef, record: &RecordDef) -> String {
    match record.source {
        Source::Zero => "–".into(),
        source => step(record.decimals, def.unit(source).symbol()),
    }
}

fn writes(out: &mut String, def: &ModelDef, bus: &MbusDef, notes: &[Note]) {
    out.push_str(
        "### What a master may write\n\nIn a SND_UD with CI 51, to the primary address or to the selected meter (FD). It is \
         acknowledged with `E5` whatever the value: where that is out of range nothing changes, and the status of the \
         next telegram is `02`. Several records in one SND_UD are all done or none is. CI B8 to BD choose 300, 600, \
         1200, 2400, 4800 and 9600 Bd from behind the answer on.\n\n\
         | DIF | VIF, VIFE | What | Key | Coded in | One step | Values | Remark | Source |\n\
         |--|--|--|--|--|--|--|--|--|\n",
    );
    for (row, note) in bus.writes.iter().zip(notes) {
        let (key, unit, values) = match row.target {
            Target::Setting(id) => {
                let setting = def.setting(id).map(|(_, setting)| bus.written(setting));
                let unit = setting.map_or("", |setting| setting.unit.symbol());
                let values = setting.map_or_else(String::new, |setting| setting.allowed().to_string());
                (format!("`{}`", id.key()), step(row.decimals, unit), values)
            }
            Target::Command(CommandId::ResetTrip | CommandId::ResetPowerDowns) => {
                ("–".into(), "–".into(), "any; ignored".into())
            }
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {key} | {} | {unit} | {values} | {} | {} |",
            bytes(row.dib),
            bytes(row.vib),
            note.label,
            coding(row.data_field()),
            note.doc,
            words::source(note),
        );
    }
    out.push('\n');
}

pub fn optical(out: &mut String, def: &ModelDef, notes: &ModelSources) {
    let Some(port) = &def.optical else { return };
    out.push_str(
        "## Infrared window\n\nIEC 62056-21, mode C. The manual names the standard and nothing else.\n\n",
    );
    rows(
        out,
        &[
            ("Identification", format!("`{}`", identification(def, port))),
            ("Sign-on, proposed speed", format!("{} Bd, {} Bd", port.sign_on_baud, port.baud)),
            ("Characters", "7 data bits, even parity, 1 stop bit".into()),
            ("Answers after", time(port.reaction)),
            ("Programming", format!("after P1 with the digits of `{}`", port.password.key())),
        ],
    );
    out.push_str("| Line | Value | Key | Digits | Unit | Remark | Source |\n|--|--|--|--|--|--|--|\n");
    for (line, note) in port.lines.iter().zip(notes.lines) {
        let digits = match line.decimals {
            0 => "0".repeat(line.digits.into()),
            decimals => format!("{}.{}", "0".repeat(line.digits.into()), "0".repeat(decimals.into())),
        };
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | `{digits}` | {} | {} | {} |",
            line.code,
            note.label,
            words::key(line.source),
            words::or_dash(line.unit),
            note.doc,
            words::source(note),
        );
    }
    out.push('\n');
}

/// What the meter says to a sign-on.
fn identification(def: &ModelDef, port: &OpticalDef) -> String {
    let software = def.identity.software;
    // The letter of the speed in mode C (IEC 62056-21 §6.3.14).
    let speed = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200].iter().position(|baud| *baud == port.baud);
    let speed = speed.map_or_else(|| "?".into(), |number| number.to_string());
    format!("/{}{speed}{}{}.{:02}", port.manufacturer, port.ident, software / 100, software % 100)
}

pub fn tariff_input(out: &mut String, input: TariffInputDef) {
    out.push_str("## Tariff input\n\n");
    rows(
        out,
        &[
            ("Voltage that counts as on", format!("{} V AC", input.volts)),
            ("Without it counts", {
                input.off.map_or("the tariff that was set".into(), |tariff| format!("tariff {tariff}"))
            }),
            ("With it counts", format!("tariff {}", input.on)),
            (
                "A tariff that was written holds",
                "until the next edge at the input, or the next power-up".into(),
            ),
        ],
    );
}
