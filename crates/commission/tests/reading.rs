//! Identification, read-out and words, over lines good and bad.

mod common;

use commission::{
    About, Bus, Context, Direction, Fault, ReadPlan, annotate, identify, meaning, read_out, sentence,
};
use common::{Adapter, Slave, Wire, bench, block_on, entry};
use modbus::{Echo, LineParams, Parity, Request, Words, rtu};

const SIX: [Adapter; 7] = [
    Adapter::Clean,
    Adapter::Chunks,
    Adapter::Hole,
    Adapter::Echo,
    Adapter::Noise,
    Adapter::Tail,
    Adapter::Late,
];

#[test]
fn a_meter_says_who_it_is_over_every_bad_adapter() {
    for adapter in SIX {
        let (mut bus, _) = bench(Wire::new([Slave::new(13_070_002)]).adapter(adapter));
        let identity = block_on(identify(&mut bus)).unwrap_or_else(|fault| panic!("{adapter:?}: {fault}"));
        assert_eq!(identity.serial_text(), "13070002", "{adapter:?}");
        assert_eq!(identity.meter_code, Some(entry().def.identity.meter_code));
        assert_eq!(identity.software.unwrap().to_string(), "2.18");
        assert!(std::ptr::eq(identity.entry.unwrap().def, entry().def), "{adapter:?}");
        let (counts, echo) = (bus.counts(), bus.echo());
        assert_eq!((counts.sent, counts.good, counts.bad), (1, 1, 0), "{adapter:?}");
        assert_eq!(echo == Echo::Yes, adapter == Adapter::Echo, "{adapter:?}");
    }
}

#[test]
fn an_unknown_meter_code_is_said_to_be_unknown() {
    let mut slave = Slave::new(1_234);
    slave.code = Some(0x0103);
    slave.redraw();
    let (mut bus, _) = bench(Wire::new([slave]));
    let identity = block_on(identify(&mut bus)).unwrap();
    assert!(identity.entry.is_none());
    assert_eq!(
        identity.sentence(),
        "A meter with code 0103, serial 00001234, software 2.18. This program knows no model with that code, so it will \
         not change anything in it."
    );
}

#[test]
fn a_meter_that_balks_is_still_recognised() {
    let code = entry().def.all_registers().find(|row| row.addr > 0x4000).unwrap();
    let mut slave = Slave::new(5);
    slave.balks_at = Some(code.addr);
    let (mut bus, _) = bench(Wire::new([slave]));
    let identity = block_on(identify(&mut bus)).unwrap();
    assert_eq!(identity.sentence(), "inepro Metering PRO1-Mod, serial 00000005, software 2.18.");
}

#[test]
fn three_requests_read_the_whole_meter() {
    let spans: Vec<String> = ReadPlan::new(entry().def, 125).iter().map(ToString::to_string).collect();
    assert_eq!(spans.len(), 3, "{spans:?}");
    for span in ReadPlan::new(entry().def, 20) {
        assert!(span.count <= 20, "{span}");
    }
    let all: Vec<_> = entry().def.all_registers().filter(|row| row.source != schema::Source::Zero).collect();
    for most in [2, 3, 7, 20, 64, 125] {
        let spans = ReadPlan::new(entry().def, most);
        assert!(all.iter().all(|row| spans.iter().any(|span| span.holds(row))), "{most}");
    }
}

#[test]
fn a_read_out_has_every_row_with_its_value_over_every_bad_adapter() {
    for adapter in SIX {
        let (mut bus, wire) = bench(Wire::new([Slave::new(13_070_002)]).adapter(adapter));
        let mut last = None;
        let out = block_on(read_out(&mut bus, entry(), &mut |progress| last = Some(progress))).unwrap();
        assert_eq!(out.requests, 3, "{adapter:?}");
        assert_eq!(out.serial, Some(13_070_002));
        let last = last.unwrap();
        assert_eq!((last.done, last.total), (out.rows.len(), out.rows.len()));
        let mut wire = wire.borrow_mut();
        for row in &out.rows {
            let source = row.row.def.source;
            let unit = entry().def.unit(source);
            let words = row.row.def.codec.encode(wire.slave().value(source), unit);
            assert_eq!(row.words, words[..row.words.len()], "{adapter:?} {}", row.key);
            assert!(row.value.is_ok() && !row.text.value.is_empty(), "{adapter:?} {}", row.key);
        }
    }
}

#[test]
fn a_full_read_out_takes_hardly_longer_than_the_wire() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(1)]));
    let before = wire.borrow().now;
    block_on(read_out(&mut bus, entry(), &mut |_| {})).unwrap();
    let (took, carried) = (wire.borrow().now - before, wire.borrow().carried);
    let line = wire.borrow().line;
    // Three answers after 20 ms each, and t3.5 before and after each frame.
    let limit = line.wire_time(carried).as_micros() + 3 * 20_000 + 6 * line.t35().as_micros();
    assert!(took.as_micros() <= limit, "{took} for {carried} bytes, limit {limit} us");
}

#[test]
fn a_meter_that_balks_at_long_reads_is_read_in_pieces() {
    let row = entry().def.all_registers().find(|row| row.addr > 0x5010).unwrap();
    let mut slave = Slave::new(5);
    slave.balks_at = Some(row.addr);
    let (mut bus, _) = bench(Wire::new([slave]));
    let out = block_on(read_out(&mut bus, entry(), &mut |_| {})).unwrap();
    assert!(out.requests > 3);
    assert!(out.rows.iter().all(|row| row.value.is_ok()));
}

#[test]
fn a_silent_line_is_given_up_soon_and_in_words() {
    let mut wire = Wire::new([]);
    wire.line = LineParams::new(9_600, Parity::Even);
    let (mut bus, wire) = bench(wire);
    let out = block_on(read_out(&mut bus, entry(), &mut |_| {})).unwrap();
    assert!(wire.borrow().now.as_millis() < 8_000, "{}", wire.borrow().now.as_millis());
    assert_eq!(out.requests, 2);
    assert!(out.rows.iter().all(|row| row.value.is_err()));
    let fault = block_on(identify(&mut bus)).unwrap_err();
    let context = Context { place: bus.place(), entry: Some(entry()), request: None };
    let text = sentence(&fault, &context);
    assert!(text.starts_with("No answer from id 1 at 9600 8E1 in "), "{text}");
    assert!(text.ends_with(" ms (3 tries). Check the A and B wires and the meter's power, or try other speeds, parities and ids."), "{text}");
}

#[test]
fn a_wrong_parity_is_told_apart_from_silence() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(1)]).adapter(Adapter::Parity));
    let fault = block_on(identify(&mut bus)).unwrap_err();
    let context = Context { place: bus.place(), entry: None, request: None };
    assert_eq!(
        sentence(&fault, &context),
        "Something answers id 1, but its characters fail the parity check at 9600 8E1 (3 tries). The meter probably \
         speaks 8N1 or 8O1: set the line to that, then try again."
    );
    // A port at another parity than its meter hears nothing, since the meter does not understand.
    block_on(bus.reconfigure(LineParams::new(9_600, Parity::None))).unwrap();
    assert!(matches!(
        block_on(identify(&mut bus)),
        Err(Fault::Silent { fault: modbus::Fault::NoAnswer, .. })
    ));
    assert_eq!(wire.borrow().line.parity, Parity::None);
}

#[test]
fn files_hold_keys_values_units_registers_and_words() {
    let (mut bus, wire) = bench(Wire::new([Slave::new(13_070_002)]));
    wire.borrow_mut().slave().points.insert(units::Point::now(units::What::U).code(), 230_100);
    wire.borrow_mut().slave().redraw();
    let out = block_on(read_out(&mut bus, entry(), &mut |_| {})).unwrap();
    let csv = out.to_csv("2026-11-21");
    assert!(csv.starts_with("key,label,value,unit,register,words,fault,serial,time\r\n"), "{csv}");
    let end = ",13070002,2026-11-21\r\n";
    assert!(csv.contains(&format!("\r\nserial,Serial number,13070002,,4000,1307 0002,{end}")), "{csv}");
    assert!(csv.contains(&format!("\r\nscroll-time,Scroll time,10,s,4010,0010,{end}")), "{csv}");
    assert!(csv.contains("\r\nvoltage,"), "{csv}");
    assert!(csv.contains(",230.1,V,5000,4366 199A,,13070002,"), "{csv}");
    assert!(!csv.contains("password"));
    assert_eq!(out.value(schema::Source::Setting(schema::SettingId::ScrollTime)), Some(10));
    let json = out.to_json("2026-11-21T12:00:00Z");
    assert!(json.contains("\"serial\": \"13070002\""), "{json}");
    assert!(json.contains("\"key\": \"s0-rate\""), "{json}");
    assert!(json.contains("\"place\": {\"id\": 1, \"baud\": 9600, \"parity\": \"even\"}"), "{json}");
    assert_eq!(json.matches('{').count(), out.rows.len() + 2);
    let table = out.to_table();
    assert_eq!(table.lines().count(), out.rows.len() + 1);
}

#[test]
fn questions_and_answers_in_words() {
    let say = |request: Request<'_>| meaning::request(About::of(Some(entry())), &request);
    let read = |address, count| Request::ReadHolding { address, count };
    assert_eq!(say(read(0x5000, 2)), "Read voltage, 2 words at 5000h");
    assert_eq!(say(read(0x4000, 3)), "Read serial number to meter code, 3 words at 4000h");
    assert_eq!(say(read(0x7000, 2)), "Read 2 words at 7000h, where this model has no register");
    assert_eq!(say(Request::WriteSingle { address: 0x4010, value: 0x15 }), "Set scroll time to 15 s");
    assert_eq!(say(Request::WriteSingle { address: 0x4004, value: 0x12C0 }), "Set baud rate to 4800 Bd");
    assert_eq!(
        say(Request::WriteMultiple { address: 0x6049, words: Words::from_slice(&[0, 0]) }),
        "Reset the resettable counter"
    );
    assert_eq!(meaning::request(About::default(), &read(0x5000, 2)), "Read 2 words at 5000h");

    let answer = |asked: Request<'_>, words: &[u16]| {
        let response = modbus::Response::Read { function: 3, words: Words::from_slice(words) };
        meaning::response(About::of(Some(entry())), Some(&asked), &response)
    };
    assert_eq!(answer(read(0x5000, 2), &[0x4366, 0x199A]), "230.1 V");
    assert_eq!(answer(read(0x4000, 3), &[0x1307, 0x0001, 0x0101]), "serial number 13070001, meter code 0101");
    assert_eq!(answer(read(0x5000, 1), &[0x4366]), "half a value");
    let refused = |asked: Request<'_>, code| {
        let exception = modbus::Exception::from_code(code);
        meaning::response(
            About::of(Some(entry())),
            Some(&asked),
            &modbus::Response::Exception { function: 3, exception },
        )
    };
    assert_eq!(refused(read(0x5036, 2), 2), "Refused: register 5036h does not exist in this model (02)");
    assert_eq!(
        refused(Request::WriteSingle { address: 0x4002, value: 1 }, 2),
        "Refused: register 4002h cannot be written (02)"
    );
    assert_eq!(
        refused(Request::WriteSingle { address: 0x4010, value: 0x0300 }, 3),
        "Refused: 300 s is no value for scroll time; allowed: 1 to 30 s (03)"
    );
    assert_eq!(refused(read(0x4000, 2), 4), "Refused: the device failed while it did what was asked (04)");
}

#[test]
fn a_frame_is_explained_byte_by_byte() {
    let mut asked = [0; 16];
    let request = Request::ReadHolding { address: 0x6000, count: 2 };
    let n = rtu::emit_request(1, &request, &mut asked).unwrap();
    let asked = &asked[..n];
    let say = |notes: Vec<commission::ByteNote>| -> Vec<String> {
        notes.iter().map(|note| format!("{}..{} {}", note.bytes.start, note.bytes.end, note.text)).collect()
    };
    let total = commission::names::words(entry()).registers[2][0].label;
    let total = commission::names::inside(total);
    assert_eq!(
        say(annotate(About::of(Some(entry())), Direction::Sent, asked, None)),
        [
            "0..1 id 1",
            "1..2 read",
            &format!("2..4 register 6000h: {total}"),
            "4..6 2 registers",
            "6..8 checksum good"
        ]
    );
    let mut frame = [0; 16];
    let words = entry().def.registers[2].rows[0].codec.encode(6_913_460, units::Unit::KilowattHour);
    let response = modbus::Response::Read { function: 3, words: Words::from_slice(&words) };
    let n = rtu::emit_response(1, &response, &mut frame).unwrap();
    let notes = annotate(About::of(Some(entry())), Direction::Heard, &frame[..n], Some(asked));
    assert_eq!(
        say(notes),
        [
            "0..1 id 1",
            "1..2 read",
            "2..3 4 bytes follow",
            &format!("3..7 {total}: float, high word first: 6913.46 kWh"),
            "7..9 checksum good"
        ]
    );
    frame[4] ^= 1;
    let notes = annotate(About::of(Some(entry())), Direction::Heard, &frame[..n], Some(asked));
    assert!(notes.last().unwrap().text.starts_with("checksum wrong"), "{notes:?}");
    for len in 0..n {
        let notes = annotate(About::of(Some(entry())), Direction::Heard, &frame[..len], Some(asked));
        let ends: Vec<usize> = notes.iter().map(|note| note.bytes.end).collect();
        let starts: Vec<usize> = notes.iter().map(|note| note.bytes.start).collect();
        // Each byte is explained once, in order: in frames cut short, the last byte as well.
        assert!(starts.iter().eq([0].iter().chain(&ends).take(starts.len())), "{len}: {notes:?}");
        assert_eq!(ends.last().copied().unwrap_or(0), len, "{notes:?}");
    }
}

#[test]
fn an_answer_without_registers_says_so() {
    let request = modbus::pdu::parse_request(&[3, 0x50, 1, 0x4F, 1]).ok();
    let answer = modbus::pdu::parse_response(&[3, 0], None).unwrap();
    for asked in [request.as_ref(), None] {
        assert_eq!(meaning::response(About::default(), asked, &answer), "Answers with no register");
    }
}

/// A meter whose counters stand in two forms: no number is said until it is known which one, and then the right one.
#[test]
fn counters_are_said_in_the_form_of_the_data_type() {
    let two = models::ALL.iter().find(|entry| entry.def.setting(schema::SettingId::DataType).is_some());
    let entry = two.expect("a model with a data type");
    let counter = |row: &&schema::RegisterDef| matches!(row.codec, schema::Codec::Counter { .. });
    let row = entry.def.all_registers().find(counter).unwrap();
    let asked = Request::ReadHolding { address: row.addr, count: 2 };
    let words = |data_type| row.codec.in_form(data_type).encode(1_234_567, entry.def.unit(row.source));
    let say = |data_type, words: [u16; 2]| {
        let response = modbus::Response::Read { function: 3, words: Words::from_slice(&words) };
        meaning::response(About { entry: Some(entry), data_type }, Some(&asked), &response)
    };
    assert_eq!(words(Some(1)), [0x449A, 0x5225]);
    assert_eq!(say(Some(1), words(Some(1))), "1234.567 kWh");
    assert_eq!(words(Some(2)), [0x0012, 0xD687]);
    assert_eq!(say(Some(2), words(Some(2))), "1234.567 kWh");
    let unknown = "(float or whole number: the meter's data type was not read yet)";
    assert_eq!(say(None, words(Some(1))), format!("449A 5225 {unknown}"));
    assert_eq!(say(None, words(Some(2))), format!("0012 D687 {unknown}"));
    assert_eq!(say(None, [0, 0]), "0.000 kWh", "the same in both");
    let mut buffers = [[0; 16]; 2];
    let [asked_frame, frame] = &mut buffers;
    let n = rtu::emit_request(1, &asked, asked_frame).unwrap();
    let whole = words(Some(2));
    let response = modbus::Response::Read { function: 3, words: Words::from_slice(&whole) };
    let m = rtu::emit_response(1, &response, frame).unwrap();
    let note = |data_type| {
        let about = About { entry: Some(entry), data_type };
        let notes = annotate(about, Direction::Heard, &frame[..m], Some(&asked_frame[..n]));
        notes.into_iter().find(|note| note.bytes == (3..7)).unwrap().text
    };
    assert!(note(Some(2)).ends_with(": whole number, high word first: 1234.567 kWh"), "{}", note(Some(2)));
    let text = note(None);
    assert!(text.contains(": float or whole number, high word first: 0012 D687 ("), "{text}");
}
