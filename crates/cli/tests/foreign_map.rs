//! The whole register map of every model, read by masters that know nothing of us in the fewest requests there can be: every
//! word and every value is the twin's.
//!
//! A pseudo-terminal carries no parity, so they open it with none.

mod common;
mod peers;

use common::{Folder, Served};
use models::Entry;
use peers::mbpoll::Mbpoll;
use peers::{Answer, Line, Master, read};
use rig::MeterSpec;
use schema::{Codec, Combination, Kind, RegisterDef, Rule, SettingId, Source};
use units::Instant;

const TCP: &str = "tcp://127.0.0.1:0";
const MODBUS_TCP: &str = "modbus-tcp://127.0.0.1:0";

/// What is read in one request: its first register, and the rows in it with their words and values.
struct Stretch {
    first: u16,
    words: Vec<u16>,
    rows: Vec<(&'static RegisterDef, Codec, i64)>,
}

/// A meter whose values are asymmetric and stay what they are for minutes: its loads lie just above what starts it, and no
/// total counts down.
fn meter(entry: &Entry, data_type: Option<i32>) -> String {
    let metering = &entry.def.metering;
    let sum = metering.combinations.iter().find(|(_, of)| *of == Combination::Sum).expect("a sum").0;
    let mut text = format!("{} {}={sum}", entry.def.slug, SettingId::CombinationCode.key());
    if let Some(data_type) = data_type {
        let (_, setting) = entry.def.setting(SettingId::DataType).expect("a data type");
        text += &format!(" {}={}", SettingId::DataType.key(), setting.text(data_type));
    }
    if metering.ct.is_some() {
        text += &format!(" {}=50/5", SettingId::CtRatio.key());
    }
    for (phase, more) in (1..=metering.phases).zip(["pf 0.9 lead", "pf 0.8 lag export", "pf 0.95 lag"]) {
        let ma = metering.starting_current_ma + 2 * u32::from(phase);
        text += &format!(" load=\"L{phase} 23{phase}.4V {}.{:03}A {more}\"", ma / 1_000, ma % 1_000);
    }
    for energy in ["forward.t1=1234.567", "reverse.t2=7.891", "reactive.forward=98765.432", "trip=5.863"] {
        text += &format!(" energy.{energy}");
    }
    text
}

/// The fewest reads of all registers: each block as it stands, in parts as long as the meter allows, no value torn. Words
/// and values are those of a twin of the same birth.
fn stretches(entry: &'static Entry, spec: &str, data_type: Option<i32>) -> Vec<Stretch> {
    let mut twin = MeterSpec::parse(spec).unwrap().build(None, Instant::ZERO).unwrap();
    twin.device_mut().take_reading();
    let most = usize::from(entry.def.modbus.unwrap().max_read);
    let mut all: Vec<Stretch> = Vec::new();
    for block in entry.def.registers.iter().filter(|block| block.rule == Rule::Contiguous) {
        let mut open: Option<Stretch> = None;
        for row in block.rows {
            let codec = row.codec.in_form(data_type);
            let value = twin.device().works().source(row.source);
            let words = &codec.encode(value, entry.def.unit(row.source))[..usize::from(codec.words())];
            let stretch = match open.take() {
                Some(stretch) if usize::from(row.addr - stretch.first) + words.len() <= most => stretch,
                full => {
                    all.extend(full);
                    Stretch { first: row.addr, words: Vec::new(), rows: Vec::new() }
                }
            };
            let stretch = open.insert(stretch);
            // What the block has no register for reads as zero.
            stretch.words.resize(usize::from(row.addr - stretch.first), 0);
            stretch.words.extend_from_slice(words);
            stretch.rows.push((row, codec, value));
        }
        all.extend(open);
    }
    all
}

/// The models with registers, and each form that their counters have.
fn maps() -> impl Iterator<Item = (&'static Entry, Option<i32>)> {
    let with_modbus = models::ALL.iter().filter(|entry| entry.def.modbus.is_some());
    with_modbus.flat_map(|entry| {
        let forms: Vec<Option<i32>> = match entry.def.setting(SettingId::DataType).map(|(_, it)| it.kind) {
            Some(Kind::OneOf(choices)) => choices.iter().map(|choice| Some(choice.value)).collect(),
            _ => vec![None],
        };
        forms.into_iter().map(move |form| (entry, form))
    })
}

/// Words that came, against what the twin's points are in the codec of their rows.
#[track_caller]
fn compare(entry: &Entry, stretch: &Stretch, words: &[u16], who: &str) {
    let context = format!("{who} {} {:04X}h", entry.def.slug, stretch.first);
    for (row, codec, value) in &stretch.rows {
        let at = usize::from(row.addr - stretch.first);
        let mut pair = [0; 2];
        let own = &words[at..at + usize::from(codec.words())];
        pair[..own.len()].copy_from_slice(own);
        let unit = entry.def.unit(row.source);
        let read = codec.decode(pair, unit).unwrap_or_else(|fault| panic!("{context}: {fault}"));
        // A register shows as much of a value as its codec has room for.
        let shown = codec.decode(codec.encode(*value, unit), unit);
        assert_eq!(Ok(read), shown, "{context}: {:04X}h is {value}", row.addr);
    }
    assert_eq!(words, stretch.words, "{context}");
}

/// The map is neither empty nor read in more requests than there must be, and its counters have counted.
#[track_caller]
fn plausible(entry: &Entry, stretches: &[Stretch]) {
    let most = usize::from(entry.def.modbus.unwrap().max_read);
    let blocks = entry.def.registers.iter().filter(|block| block.rule == Rule::Contiguous);
    let fewest: usize = blocks.map(|block| block.image_words().div_ceil(most)).sum();
    assert_eq!(stretches.len(), fewest, "{}", entry.def.slug);
    let rows = stretches.iter().flat_map(|stretch| &stretch.rows);
    let points = rows.filter(|(row, _, value)| matches!(row.source, Source::Point(_)) && *value != 0);
    assert!(points.count() >= 20, "{}: hardly a value", entry.def.slug);
}

#[test]
fn pymodbus_reads_the_whole_map_over_tcp_and_a_pty() {
    for (entry, data_type) in maps() {
        let spec = meter(entry, data_type);
        let stretches = stretches(entry, &spec, data_type);
        plausible(entry, &stretches);
        let folder = Folder::new();
        let pty = folder.text("meter");
        let ports = ["--port", MODBUS_TCP, "--port", TCP, "--port", &format!("pty:{pty}")];
        let served = Served::start(&[&["--meter", &spec][..], &ports].concat(), 3);
        let lines =
            [Line::ModbusTcp(served.address(0)), Line::RtuTcp(served.address(1)), Line::Pty(&pty, 9_600)];
        let steps: Vec<String> =
            stretches.iter().map(|stretch| read(stretch.first, stretch.words.len())).collect();
        for line in lines {
            for (answer, stretch) in Master::Pymodbus.run(line, 1, &steps).into_iter().zip(&stretches) {
                let Answer::Registers(words) = answer else {
                    panic!("{line:?} {:04X}h: {answer:?}", stretch.first)
                };
                compare(entry, stretch, &words, &format!("{line:?}"));
            }
        }
    }
}

/// The floats of a stretch that stand side by side: the first register, and the values.
fn floats(stretch: &Stretch) -> Vec<(u16, Vec<f32>)> {
    let mut runs: Vec<(u16, Vec<f32>)> = Vec::new();
    for (row, codec, _) in &stretch.rows {
        if !matches!(codec, Codec::F32 { .. } | Codec::Counter { .. } | Codec::Total { .. }) {
            continue;
        }
        let at = usize::from(row.addr - stretch.first);
        let value = f32::from_bits(u32::from(stretch.words[at]) << 16 | u32::from(stretch.words[at + 1]));
        match runs.last_mut() {
            Some((first, values)) if usize::from(row.addr - *first) == 2 * values.len() => values.push(value),
            _ => runs.push((row.addr, vec![value])),
        }
    }
    runs
}

#[test]
fn mbpoll_reads_the_whole_map_over_tcp_and_a_pty() {
    for (entry, data_type) in maps() {
        let spec = meter(entry, data_type);
        let stretches = stretches(entry, &spec, data_type);
        let folder = Folder::new();
        let pty = folder.text("meter");
        let served =
            Served::start(&["--meter", &spec, "--port", MODBUS_TCP, "--port", &format!("pty:{pty}")], 2);
        for (who, line) in [("tcp", Mbpoll::tcp(served.address(0))), ("pty", Mbpoll::rtu(&pty))] {
            for stretch in &stretches {
                let said = line.read("4:hex", stretch.first, &stretch.words.len().to_string());
                let word = |text: &String| u16::from_str_radix(text.trim_start_matches("0x"), 16).unwrap();
                let words: Vec<u16> = said.iter().map(word).collect();
                assert_eq!(words.len(), stretch.words.len(), "{said:?}");
                compare(entry, stretch, &words, who);
                // The same as numbers, made of the words by mbpoll itself, which writes six digits.
                for (first, values) in floats(stretch) {
                    for (first, values) in (first..).step_by(100).zip(values.chunks(50)) {
                        let said = line.read("4:float", first, &values.len().to_string());
                        assert_eq!(said.len(), values.len(), "{said:?}");
                        for (said, value) in said.iter().zip(values) {
                            let number: f32 = said.parse().unwrap_or_else(|_| panic!("{said}"));
                            assert!(
                                (number - value).abs() <= value.abs() * 1e-5,
                                "{first:04X}h: {said}, not {value}"
                            );
                        }
                    }
                }
            }
        }
    }
}
