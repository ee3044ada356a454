//! Read-outs in files: what was written reads back, old files too, and what is wrong with a file is named.

mod common;

use commission::{Place, ReadOut, ReadRow, RowFault, names, read_out};
use common::{Slave, Wire, bench, block_on, entry};
use modbus::{LineParams, Parity};
use proptest::prelude::*;
use units::Instant;

fn read(slave: Slave) -> ReadOut {
    let (mut bus, _) = bench(Wire::new([slave]));
    block_on(read_out(&mut bus, entry(), &mut |_| {})).unwrap()
}

/// Address, words, value, text and fault of a row.
type Told = (u16, Vec<u16>, Option<i64>, String, String);

/// What makes two read-outs the same, the port's own numbers left out.
fn same(read: &ReadOut) -> Vec<Told> {
    let row = |row: &ReadRow| {
        let value = row.value.as_ref().ok().copied();
        (row.row.def.addr, row.words.clone(), value, row.text.to_string(), row.fault_text())
    };
    read.rows.iter().map(row).collect()
}

#[test]
fn a_file_reads_back() {
    let read = read(Slave::new(13_070_002));
    let saved = ReadOut::from_json(&read.to_json("2026-11-21T12:00:00Z")).unwrap();
    assert_eq!((saved.format, saved.time.as_str()), (2, "2026-11-21T12:00:00Z"));
    let back = saved.read_out;
    assert!(std::ptr::eq(back.entry.def, read.entry.def));
    assert_eq!((back.serial, back.place), (read.serial, read.place));
    assert_eq!(back.place, Some(Place { line: LineParams::new(9_600, Parity::Even), unit: 1 }));
    assert_eq!(same(&back), same(&read));
    assert_eq!(back.to_json("x"), read.to_json("x"));
}

#[test]
fn why_there_is_no_value_reads_back_too() {
    let mut out = read(Slave::new(13_070_002));
    out.rows[3].value = Err(RowFault::NotAsked);
    out.rows[3].words.clear();
    out.rows[3].text.value.clear();
    out.serial = None;
    let back = ReadOut::from_json(&out.to_json("")).unwrap().read_out;
    assert_eq!(back.rows[3].value, Err(RowFault::Saved(RowFault::NotAsked.to_string())));
    assert_eq!(same(&back)[..3], same(&out)[..3]);
    assert_eq!((back.rows[3].fault_text(), back.serial), (out.rows[3].fault_text(), None));
    // Words that are no value of their kind say so again, whatever the file says.
    let scroll = out.rows.iter().position(|row| row.key == "scroll-time").unwrap();
    let json = out
        .to_json("")
        .replace("\"words\": \"0010\", \"value\": \"10\"", "\"words\": \"001A\", \"value\": \"10\"");
    let back = ReadOut::from_json(&json).unwrap().read_out;
    assert!(matches!(back.rows[scroll].value, Err(RowFault::Codec(_))), "{:?}", back.rows[scroll]);
}

/// A file as the first versions of the program wrote it.
const FIRST_FORMAT: &str = r#"{
  "model": "pro1-mod",
  "serial": "13070002",
  "time": "2026-11-02T09:30:00Z",
  "rows": [
    {"key": "serial", "label": "Serial number", "register": "4000", "words": "1307 0002", "value": "13070002", "unit": ""},
    {"key": "scroll-time", "label": "Scroll time", "register": "4010", "words": "0025", "value": "25", "unit": "s"},
    {"key": "voltage", "label": "Voltage", "register": "5000", "words": "4366 199A", "value": "230.1", "unit": "V"},
    {"key": "frequency", "label": "Frequency", "register": "5008", "words": "", "fault": "no answer"}
  ]
}
"#;

#[test]
fn files_of_the_first_format_are_read() {
    let saved = ReadOut::from_json(FIRST_FORMAT).unwrap();
    assert_eq!((saved.format, saved.read_out.place, saved.read_out.serial), (1, None, Some(13_070_002)));
    let values: Vec<String> = saved.read_out.rows.iter().map(|row| row.text.to_string()).collect();
    assert_eq!(values, ["13070002", "25 s", "230.1 V", ""]);
    assert_eq!(saved.read_out.rows[3].fault_text(), "no answer");
    let scroll = schema::Source::Setting(schema::SettingId::ScrollTime);
    assert_eq!(saved.read_out.value(scroll), Some(25));
}

#[test]
fn what_is_wrong_with_a_file_is_named() {
    for (from, to, wrong) in [
        ("pro1-mod", "pro9", "this program knows no model \"pro9\": expected one of pro1-mod, "),
        ("\"model\": \"pro1-mod\"", "\"model\": 7", "model is a number: expected one of pro1-mod, "),
        ("\"serial\": \"13070002\"", "\"serial\": \"7\"", "serial is \"7\": expected eight digits, or null"),
        ("\"time\": \"2026-11-02T09:30:00Z\",", "", "time is missing: expected the time of the read-out"),
        ("\"rows\": [", "\"lines\": [", "rows is missing or no list: expected the list of values"),
        (
            "\"4010\"",
            "\"4OlO\"",
            "row 2: register is \"4OlO\": expected the address of a register of PRO1-Mod",
        ),
        ("\"4010\"", "\"0001\"", "row 2: register is \"0001\": expected the address of a register"),
        ("\"5000\"", "\"5008\"", "row 4: register 5008 is there twice: expected each register once"),
        ("4366 199A", "4366", "row 3: words is \"4366\": expected 2 groups of four hexadecimal digits"),
        ("\"0025\"", "\"25\"", "row 2: words is \"25\": expected four hexadecimal digits"),
        (", \"fault\": \"no answer\"", "", "row 4: words is \"\": expected 2 groups"),
        (
            "\"fault\": \"no answer\"",
            "\"fault\": 4",
            "row 4: fault is a number: expected a text that says why",
        ),
        ("{\n", "{\n  \"format\": 3,\n", "format is 3: expected 1 to 2; a newer file needs a newer version"),
        ("{\n", "{\n  \"format\": \"a\",\n", "format is a text: expected 1 to 2"),
        (
            "{\n",
            "{\n  \"place\": {\"id\": 248, \"baud\": 1, \"parity\": \"odd\"},\n",
            "place does not say id, baud",
        ),
        ("]\n}", "]\n", "line 12, character 1: the end of the file stands where a comma or '}' was expected"),
    ] {
        assert!(FIRST_FORMAT.contains(from), "{from}");
        let fault = ReadOut::from_json(&FIRST_FORMAT.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(fault.starts_with(wrong), "{from}: {fault}");
    }
    assert_eq!(
        ReadOut::from_json("[]").unwrap_err().to_string(),
        "the file is a list: expected an object with model and rows"
    );
}

proptest! {
    #[test]
    fn any_registers_of_any_model_read_back(model in 0..models::ALL.len(), seed in any::<u64>(), time in ".*") {
        let entry = &models::ALL[model];
        let mut state = seed | 1;
        let mut word = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            u16::try_from(state >> 48).unwrap()
        };
        let rows = names::rows(entry).map(|row| {
            let words: Vec<u16> = (0..row.def.codec.words()).map(|_| word()).collect();
            let value = names::decode(entry, row.def, &words).map_err(RowFault::Codec);
            let text = match &value {
                Ok(value) => names::value_text(entry, row.def, *value),
                Err(_) => names::Text { value: String::new(), unit: "" },
            };
            ReadRow { key: names::key(entry, &row), label: names::label(entry, &row), row, words, value, text }
        });
        let out = ReadOut { entry, at: Instant::ZERO, place: None, serial: None, requests: 0, rows: rows.collect() };
        let saved = ReadOut::from_json(&out.to_json(&time)).unwrap();
        prop_assert_eq!(&saved.time, &time);
        let words = |read: &ReadOut| -> Vec<(u16, Vec<u16>)> {
            read.rows.iter().map(|row| (row.row.def.addr, row.words.clone())).collect()
        };
        prop_assert_eq!(words(&saved.read_out), words(&out));
        // Decoded once with the meter's own form of counters, it stays the same.
        let json = saved.read_out.to_json(&time);
        prop_assert_eq!(ReadOut::from_json(&json).unwrap().read_out.to_json(&time), json);
    }
}
