//! The chapter on registers.

use std::fmt::Write as _;

use schema::{Block, ModelDef, ModelSources, Note, Rule, Source, Unmapped};

use super::words;

/// The address in the older map of the value at `addr`.
fn older(def: &ModelDef, addr: u16) -> Option<u16> {
    def.registers
        .iter()
        .filter(|block| block.rule == Rule::OneValuePerRequest)
        .flat_map(|block| block.rows)
        .find(|row| row.source == Source::Same(addr))
        .map(|row| row.addr)
}

fn heading(block: &Block) -> String {
    let hole = match block.unmapped {
        Unmapped::Zero => "what lies between answers 0",
        Unmapped::Exception02 => "what lies outside answers exception 02",
    };
    let last = block.end().saturating_sub(1);
    match block.rule {
        Rule::Contiguous => {
            format!("### {:04X}h to {last:04X}h\n\nCan be read in any stretch; {hole}.\n\n", block.first())
        }
        Rule::OneValuePerRequest => format!(
            "### {:04X}h to {last:04X}h, the older map\n\nRead only, one value a request at its full length; what lies \
             between answers exception 02.\n\n",
            block.first()
        ),
    }
}

fn present(out: &mut String, def: &ModelDef, block: &Block, notes: &[Note]) {
    out.push_str("| Address | Older map | Value | Key | Stands as | Unit | Access | Remark | Source |\n");
    out.push_str("|--|--|--|--|--|--|--|--|--|\n");
    for (row, note) in block.rows.iter().zip(notes) {
        let _ = writeln!(
            out,
            "| {:04X}h | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.addr,
            older(def, row.addr).map_or_else(|| "–".into(), |addr| format!("{addr:04X}h")),
            note.label,
            words::key(row.source),
            words::codec(row.codec),
            words::or_dash(def.unit(row.source).symbol()),
            words::access(row.access),
            note.doc,
            words::source(note),
        );
    }
    out.push('\n');
}

fn past(out: &mut String, block: &Block, notes: &[Note]) {
    out.push_str("| Address | Present map | Value | Stands as | Source |\n|--|--|--|--|--|\n");
    for (row, note) in block.rows.iter().zip(notes) {
        let now = match row.source {
            Source::Same(addr) => format!("{addr:04X}h"),
            other => words::key(other),
        };
        let (codec, source) = (words::codec(row.codec), words::source(note));
        let _ = writeln!(out, "| {:04X}h | {now} | {} | {codec} | {source} |", row.addr, note.label);
    }
    out.push('\n');
}

pub fn write(out: &mut String, def: &ModelDef, notes: &ModelSources) {
    let how = if def.modbus.is_some() {
        "Functions: 03 reads, 06 writes one register, 16 writes several and is the only way to write a value of two \
         registers."
    } else {
        "This meter has no Modbus: a head at its window reads and writes them by address. †"
    };
    let _ = writeln!(
        out,
        "## Registers\n\nAddresses count from 0, as they stand in a frame. In values of two registers the high word \
         comes first; floats are IEEE 754 single precision. {how}\n",
    );
    for (block, notes) in def.registers.iter().zip(notes.registers) {
        out.push_str(&heading(block));
        match block.rule {
            Rule::Contiguous => present(out, def, block, notes),
            Rule::OneValuePerRequest => past(out, block, notes),
        }
    }
}
