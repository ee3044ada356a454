use super::*;

const FILE: &str = "metertwin journal 1\n\
    run 2026-11-28\n\
    found 13070002 pro1-mod modbus 1 9600 even\n\
    was 13070002 scroll-time 10\n\
    was 13070002 modbus-id 1\n\
    5 13070002 scroll-time intend 15 10\n\
    9 13070002 scroll-time proven 15\n\
    12 13070002 modbus-id intend 7 1\n\
    15 13070002 modbus-id proven 7\n\
    20 13070002 baud intend 4800 9600\n";

#[test]
fn a_file_says_what_is_certain() {
    let record = Record::parse(FILE);
    assert_eq!((record.bad.len(), record.cut, record.entries.len()), (0, false, 5));
    let meter = record.meter(13_070_002).unwrap();
    assert_eq!(meter.now.to_string(), "modbus 7 9600 even");
    assert_eq!(meter.found.to_string(), "modbus 1 9600 even");
    let open: Vec<&str> = meter.open().map(|(key, _)| key).collect();
    assert_eq!(open, ["baud"]);
    let places: Vec<String> = meter.places().iter().map(ToString::to_string).collect();
    assert_eq!(places, ["modbus 7 9600 even", "modbus 7 4800 even"]);
    assert_eq!(
        meter.sentences(),
        [
            "baud: unknown. 4800 Bd was to be written; ask the meter.",
            "modbus-id: 7, confirmed.",
            "scroll-time: 15 s, confirmed."
        ]
    );
}

#[test]
fn wherever_a_file_was_cut_no_line_says_more_than_it_did() {
    let whole = Record::parse(FILE);
    for at in 0..FILE.len() {
        let record = Record::parse(&FILE[..at]);
        assert_eq!(record.bad, [], "cut at {at}");
        assert_eq!(record.cut, at > 0 && !FILE[..at].ends_with('\n'));
        assert!(whole.entries.starts_with(&record.entries), "cut at {at}");
    }
}

#[test]
fn bad_lines_are_named() {
    let record =
        Record::parse("metertwin journal 1\nwas 1 baud 3\nfound 1 no-model modbus 1 9600 even\n1 2 3\n");
    let told: Vec<String> = record.bad.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 2, \"was 1 baud 3\": expected was SERIAL KEY VALUE of a meter that was found before",
            "line 3, \"found 1 no-model modbus 1 9600 even\": expected found SERIAL MODEL WHERE",
            "line 4, \"1 2 3\": expected found, was, row, free, verified, run or a step"
        ]
    );
    assert_eq!(Record::parse("a picture\n").bad.len(), 1);
}

#[test]
fn a_line_is_done_until_the_meter_is_found_elsewhere() {
    let done = format!(
        "{FILE}21 13070002 baud proven 4800\nrow 13070002 7\nverified 13070002 7 2026-11-28 baud=4800 modbus-id=7\n"
    );
    let record = Record::parse(&done);
    assert_eq!(record.bad, []);
    let seat = record.seat(13_070_002).unwrap();
    let verified = seat.verified.as_ref().unwrap();
    assert_eq!((seat.row, verified.time.as_str()), (7, "2026-11-28"));
    assert_eq!(verified.at, Some(record.meter(13_070_002).unwrap().now));
    assert_eq!(verified.values, [("baud".to_string(), 4_800), ("modbus-id".to_string(), 7)]);
    let again = |line: &str| Record::parse(&format!("{done}{line}\n")).seat(13_070_002).cloned();
    assert!(again("found 13070002 pro1-mod modbus 7 4800 even").unwrap().verified.is_some());
    assert_eq!(again("found 13070002 pro1-mod modbus 1 9600 even").unwrap().verified, None);
    assert!(again("row 13070002 7").unwrap().verified.is_some(), "the same one again");
    assert_eq!(again("row 13070002 8").unwrap().verified, None);
    assert_eq!(again("free 13070002"), None);
    let bad = Record::parse("metertwin journal 1\nrow 1\nfree 1\nverified 1 2 - baud=1\nrow 1 300\n").bad;
    assert_eq!(bad.len(), 4, "{bad:?}");
}

#[test]
fn places_lead_back_from_their_text() {
    let identity = Identity { id: 0x1307_0002, manufacturer: Manufacturer(0x25CD), version: 2, medium: 2 };
    for place in [
        Where::Modbus(Place { line: LineParams::new(1_200, Parity::Odd), unit: 247 }),
        Where::Mbus(MbusPlace { line: LineParams::even(300), address: Address::Primary(250) }),
        Where::Mbus(MbusPlace { line: LineParams::even(300), address: Address::Secondary(identity) }),
    ] {
        assert_eq!(Where::parse(&mut place.to_string().split(' ')), Some(place));
    }
}
