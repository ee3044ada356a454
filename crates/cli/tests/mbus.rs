//! `metertwin find`, `read` and `set` over an M-Bus: against slaves that are not ours, and against what we serve.

mod common;
mod peers;

use common::{Folder, Served, run};
use peers::{Running, python};

/// A line of slaves that are not ours, as a link.
fn foreign(meters: &[&str]) -> (Running, String) {
    let mut command = python("mbus_slave.py");
    command.args(["tcp", "0"]).args(meters);
    let (running, place) = Running::start(command);
    (running, format!("tcp://{place}?protocol=mbus"))
}

#[test]
fn foreign_meters_are_found_by_number_and_the_tree_is_told() {
    let (_line, link) = foreign(&["19020246:1:2:9", "19020283:2:2:9", "13070001:0:7:3:ABB"]);
    let found = run(&["find", "--link", &link]);
    assert_eq!(found.code, 0, "{}", found.err);
    assert_eq!(
        found.out,
        "address  number    maker  version  medium       model\n\
         \x20     0  13070001  ABB    3        water\n\
         \x20     2  19020283  INM    9        electricity\n\
         \x20     1  19020246  INM    9        electricity\n"
    );
    assert_eq!(
        found.err,
        "........  several meters\n\
         \x20.......1  13070001 ABB version 3, water at address 0\n\
         \x20.......3  19020283 INM version 9, electricity at address 2\n\
         \x20.......6  19020246 INM version 9, electricity at address 1\n\
         round 2, for what two equal answers may have hidden\n\
         ........  several meters\n\
         \x20.......1  13070001 ABB version 3, water at address 0, again\n\
         \x20.......3  19020283 INM version 9, electricity at address 2, again\n\
         \x20.......6  19020246 INM version 9, electricity at address 1, again\n"
    );
    let some = run(&["find", "--link", &format!("{link}&number=1902...."), "--json"]);
    assert_eq!(some.code, 0, "{}", some.err);
    assert_eq!(
        some.out,
        "[\n  {\"address\": 2, \"number\": \"19020283\", \"maker\": \"INM\", \"version\": 9, \"medium\": 2, \"medium-text\": \
         \"electricity\", \"model\": null},\n  {\"address\": 1, \"number\": \"19020246\", \"maker\": \"INM\", \"version\": 9, \
         \"medium\": 2, \"medium-text\": \"electricity\", \"model\": null}\n]\n"
    );
    let none = run(&["find", "--link", &format!("{link}&number=2")]);
    assert_eq!((none.code, none.out.lines().count()), (4, 1), "{}", none.err);
    assert!(none.err.contains("Nobody was found on tcp://"), "{}", none.err);
}

#[test]
fn foreign_meters_are_found_by_primary_address_and_read() {
    let (_line, link) = foreign(&["19020246:1:2:9", "19020283:3:2:9", "19020320:3:2:9"]);
    let found = run(&["find", "--link", &link, "--primary", "--addresses", "0-4"]);
    assert_eq!(found.code, 0, "{}", found.err);
    assert_eq!(found.out.lines().count(), 2);
    assert_eq!(
        found.err,
        "address 1: 19020246 INM version 9, electricity at address 1\naddress 3: several meters\n"
    );
    for who in ["id=1", "number=19020246"] {
        let read = run(&["read", "--link", &format!("{link}&{who}"), "--format", "csv"]);
        assert_eq!(read.code, 0, "{}", read.err);
        assert!(
            read.err.starts_with("A meter that this program does not know: 19020246 INM"),
            "{}",
            read.err
        );
        let lines: Vec<&str> = read.out.lines().collect();
        assert_eq!(lines.len(), 11);
        assert_eq!(lines[1], "record.1,Energy,energy,123456.789,kWh,0,0,0,instantaneous,,04 03 15 CD 5B 07,");
        assert!(lines[2].starts_with("record.2,\"Energy, tariff 1\",energy,1.234,kWh,1,"), "{}", lines[2]);
        assert!(
            lines.iter().any(|line| line.contains(",\"Energy, backward\",energy,0.042,kWh,")),
            "{}",
            read.out
        );
        assert!(lines.iter().any(|line| line.contains(",Voltage L1,voltage,230.12,V,")), "{}", read.out);
        assert!(lines.iter().any(|line| line.contains(",Power L3,power,-1234.567,kW,")), "{}", read.out);
        assert!(lines.iter().any(|line| line.contains(",Value in T,")), "{}", read.out);
    }
    let clash = run(&["read", "--link", &format!("{link}&id=3")]);
    assert_eq!(clash.code, 4);
    assert!(
        clash.err.contains("Several meters answered at once at address 3 (3 tries), or one"),
        "{}",
        clash.err
    );
    let none = run(&["read", "--link", &format!("{link}&id=9")]);
    assert_eq!(none.code, 4);
    assert!(none.err.contains("No answer from address 9 at 9600 8E1"), "{}", none.err);
    let unknown = run(&["set", "--link", &format!("{link}&id=1"), "mbus-id=7", "--yes"]);
    assert_eq!(unknown.code, 5);
    assert!(unknown.err.contains("Nothing was sent to a meter that this program does not know."));
}

/// A model with M-Bus, served, as a link.
fn served(birth: &str) -> (Served, String) {
    let model = models::ALL.iter().find(|entry| entry.def.mbus.is_some()).unwrap().def.slug;
    let meter = format!("{model} {birth}");
    let served = Served::start(&["--meter", &meter, "--port", "tcp://127.0.0.1:0"], 1);
    let link = format!("tcp://{}?protocol=mbus", served.address(0));
    (served, link)
}

#[test]
fn a_meter_that_can_be_one_of_several_is_named_so_and_written_to_as_the_one_that_was_chosen() {
    let served = Served::start(
        &[
            "--meter",
            "ambition-4ps serial=70001 mbus-id=5 mbus-baud=9600",
            "--port",
            "mbus+tcp://127.0.0.1:0",
        ],
        1,
    );
    let line = format!("tcp://{}?protocol=mbus", served.address(0));
    let link = format!("{line}&id=5");
    let read = run(&["read", "--link", &link, "frequency", "--format", "json"]);
    assert_eq!(read.code, 0, "{}", read.err);
    let who =
        "One of inepro Metering Ambition 4PU, inepro Metering Ambition 4PS, number 00070001, at address 5.";
    assert!(read.err.contains(who), "{}", read.err);
    let names = "\"model\": null, \"one-of\": [\"ambition-4pu\", \"ambition-4ps\"]";
    assert!(read.out.contains(names), "{}", read.out);
    let found = run(&["find", "--link", &line]);
    assert!(found.out.ends_with("electricity  one of Ambition 4PU, Ambition 4PS\n"), "{}", found.out);

    let set = |model: &[&str]| run(&[&["set", "--link", &link, "tariff=2", "--yes"], model].concat());
    let open = set(&[]);
    assert_eq!(open.code, 5, "{}", open.err);
    let wrong = "Nothing was sent: the meter is one of Ambition 4PU, Ambition 4PS, which say the same on an M-Bus. Look at its \
                 nameplate and choose one. Add --model with one of ambition-4pu, ambition-4ps.";
    assert!(open.err.contains(wrong), "{}", open.err);
    let other = set(&["--model", "ambition-2pu-ct"]);
    assert_eq!(other.code, 2, "{}", other.err);
    let wrong = "the meter is no ambition-2pu-ct: expected ambition-4pu, ambition-4ps, or none.";
    assert!(other.err.contains(wrong), "{}", other.err);
    let no_mbus = set(&["--model", "pro1-mod"]);
    assert_eq!(no_mbus.code, 2, "{}", no_mbus.err);
    assert!(no_mbus.err.contains("pro1-mod has no M-Bus"), "{}", no_mbus.err);
    let before = run(&["read", "--link", &link, "active-tariff", "--format", "csv"]);
    assert!(before.out.contains(",1,"), "{}", before.out);
    let chosen = set(&["--model", "ambition-4ps"]);
    assert!(chosen.out.contains("cknowledged"), "{} {}", chosen.out, chosen.err);
    let after = run(&["read", "--link", &link, "active-tariff", "--model", "ambition-4ps"]);
    assert!(after.err.contains("inepro Metering Ambition 4PS, number"), "{}", after.err);
    assert!(after.out.contains("2"), "{}", after.out);
    let modbus = run(&["set", "--link", "tcp://127.0.0.1:1", "--model", "ambition-4ps", "tariff=2", "--yes"]);
    assert_eq!(modbus.code, 2, "{}", modbus.err);
}

#[test]
fn our_own_meter_is_read_and_set_and_each_change_ends_as_what_it_is() {
    let (_served, link) = served("serial=70001 mbus-id=5 energy.forward=1234.56");
    let link = format!("{link}&id=5");
    let read = run(&["read", "--link", &link, "energy.forward"]);
    assert_eq!(read.code, 0, "{}", read.err);
    assert_eq!(read.out, "Forward active energy  1234.56 kWh  1C 04 56 34 12 00\n");
    assert!(read.err.contains("number 00070001, at address 5."), "{}", read.err);

    let dry = run(&["set", "--link", &link, "mbus-id=9", "tariff=2", "--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert!(dry.out.ends_with("  set tariff to 2\n  set M-Bus address to 9\n"), "{}", dry.out);

    let moved = run(&["set", "--link", &link, "mbus-id=9", "--yes"]);
    assert_eq!(moved.code, 0, "{}", moved.err);
    assert_eq!(
        moved.out,
        "M-Bus address is 9: the meter was found again at address 9 at 9600 8E1.\n\
         The meter is spoken to as address 9 at 9600 8E1 from now on.\n"
    );
    let link = link.replace("id=5", "id=9");
    let told = run(&["set", "--link", &link, "tariff=2", "--yes"]);
    assert_eq!(told.code, 5);
    assert!(
        told.out.starts_with("The meter acknowledged: set tariff to 2. An acknowledge is no proof"),
        "{}",
        told.out
    );
    assert!(
        told.err
            .contains("0 of 1 changes are confirmed; the first that is not: set tariff to 2 (acknowledged).")
    );

    for (change, wrong) in [
        ("mbus-id=251", "KEY=VALUE: mbus-id cannot be 251: expected 0 to 250"),
        ("tariff=11", "KEY=VALUE: tariff cannot be 11: expected one of 1, 2"),
        ("scroll-time=5", "KEY=VALUE: scroll-time can only be changed with the key on the meter"),
        ("colour=1", "KEY=VALUE: there is no setting \"colour\": expected one of serial, "),
    ] {
        let refused = run(&["set", "--link", &link, change, "--yes"]);
        assert_eq!(refused.code, 2, "{change}");
        assert!(refused.err.contains(wrong), "{change}: {}", refused.err);
    }
}

#[test]
fn frames_of_both_kinds_are_taken_to_pieces() {
    let mbus = run(&[
        "decode",
        "mbus",
        "68 15 15 68 08 01 72 01 00 07 13 CD 25 02 02 05 00 00 00 0C 04 78 56 34 12",
        "B5 16",
    ]);
    assert_eq!((mbus.code, mbus.err.as_str()), (0, ""));
    assert_eq!(
        mbus.out,
        "Address 1, number 13070001: 1 records.\n\
         13070001 INM version 2, electricity; access number 5, status 00.\n\
         Total active energy  123456.78 kWh  0C 04 78 56 34 12\n"
    );
    for (frame, text) in [
        ("E5", "Acknowledged.\n"),
        ("107b057b 16", ""),
        ("105B055F16", ""),
        ("1040054516", "Reset the link of address 5.\n"),
    ] {
        let said = run(&["decode", "mbus", frame]);
        if text.is_empty() {
            assert!(
                said.code == 2 && said.err.contains("This is no frame: the check sum is "),
                "{}",
                said.err
            );
        } else {
            assert_eq!((said.code, said.out.as_str()), (0, text));
        }
    }
    let odd = run(&["decode", "mbus", "E"]);
    assert_eq!(odd.code, 2);
    assert!(odd.err.contains("HEX: 1 digits are no whole bytes: expected two digits"), "{}", odd.err);

    let modbus = run(&["decode", "modbus", "01 03 50 00 00 02 D5 0B"]);
    assert_eq!(modbus.code, 0, "{}", modbus.err);
    assert!(modbus.out.contains("50 00                     register 5000h\n"), "{}", modbus.out);
    let damaged = run(&["decode", "modbus", "01 03 50 00 00 02 D5 0C"]);
    assert_eq!(damaged.code, 2, "{}", damaged.out);
}

#[test]
fn a_meter_on_an_mbus_is_compared_and_reported_by_what_it_tells() {
    let folder = Folder::new();
    let served = Served::start(
        &[
            "--meter",
            "ambition-4ps serial=70001 mbus-id=5 mbus-baud=9600 energy.forward=1234.56",
            "--port",
            "mbus+tcp://127.0.0.1:0",
        ],
        1,
    );
    let line = format!("tcp://{}?protocol=mbus", served.address(0));
    let link = format!("{line}&id=5");
    // Of two models that say the same the nameplate tells which.
    let open = run(&["profile", "--link", &link]);
    assert_eq!((open.code, open.out.as_str()), (5, ""), "{}", open.err);
    let wrong = "The meter is one of Ambition 4PU, Ambition 4PS, which say the same on an M-Bus: look at its nameplate, and add \
                 --model with one of ambition-4pu, ambition-4ps.";
    assert!(open.err.contains(wrong), "{}", open.err);
    let other = run(&["profile", "--link", &link, "--model", "ambition-2pu-ct"]);
    assert_eq!(other.code, 2, "{}", other.err);
    assert!(other.err.contains("the meter is no ambition-2pu-ct"), "{}", other.err);

    let own = run(&["profile", "--link", &link, "--model", "ambition-4ps", "--name", "cabinet"]);
    assert_eq!(own.code, 0, "{}", own.err);
    assert!(own.out.contains("\"mbus-baud\": 9600"), "{}", own.out);
    assert!(!own.out.contains("70001") && !own.out.contains("mbus-id"), "{}", own.out);
    assert!(own.err.contains("Left out, since not told over the M-Bus: "), "{}", own.err);
    assert!(own.err.contains("tariff, s0-rate, "), "{}", own.err);
    let own = folder.write("own.json", &own.out);

    let diff =
        |profile: &str| run(&["diff", "--link", &link, "--model", "ambition-4ps", "--profile", profile]);
    let same = diff(&own);
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);
    let profile = |settings: &str| {
        let text = format!(
            "{{\"profile\": 1, \"name\": \"n\", \"model\": \"ambition\", \"settings\": {{{settings}}}, \"optional\": []}}"
        );
        folder.write("profile.json", &text)
    };
    let silent = diff(&profile("\"mbus-id\": 5, \"tariff\": 1"));
    assert_eq!(silent.code, 5, "{}{}", silent.out, silent.err);
    assert!(silent.err.contains(" settings are not told over the M-Bus: whether they differ is not known."));
    let row = |out: &str, key: &str| {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        out.lines().map(words).find(|words| words.get(1).is_some_and(|it| it == key)).unwrap_or_default()
    };
    assert_eq!(row(&silent.out, "tariff").join(" "), "? tariff not told over the M-Bus 1", "{}", silent.out);
    assert_eq!(row(&silent.out, "mbus-id").join(" "), "= mbus-id 5 5");
    let differs = diff(&profile("\"mbus-id\": 6, \"tariff\": 1"));
    assert_eq!(differs.code, 1, "{}{}", differs.out, differs.err);
    assert!(differs.err.contains("1 of ") && differs.err.contains("differ. 1 of "), "{}", differs.err);

    let journal = folder.text("session.journal");
    let by_number = format!("{line}&number=00070001");
    let set = |change: &str| {
        let link = ["--link", &by_number, "--model", "ambition-4ps", "--journal", &journal, "--yes"];
        run(&[&["set", change], link.as_slice()].concat())
    };
    assert_eq!(set("mbus-id=9").code, 0);
    assert_eq!(set("tariff=2").code, 5, "an acknowledge is no proof");
    let paper = |link: &str, format: &str| {
        let who = ["passport", "--link", link, "--model", "ambition-4ps", "--operator", "A. Smith"];
        run(&[&who[..], &["--journal", &journal, "--format", format]].concat())
    };
    let text = paper(&by_number, "text");
    assert_eq!(text.code, 0, "{}", text.err);
    let line_of = |label: &str| text.out.lines().find(|line| line.starts_with(label)).unwrap_or_default();
    let moved = line_of("M-Bus address");
    assert!(moved.contains('5') && moved.contains('9') && moved.ends_with("confirmed"), "{}", text.out);
    let tariff = line_of("Tariff");
    assert!(tariff.ends_with("acknowledged, not told over the M-Bus"), "{}", text.out);
    assert_eq!(tariff.matches("not known").count(), 2, "{tariff}");
    assert!(line_of("Forward active energy").ends_with("1234.560 kWh"), "{}", text.out);
    assert!(line_of("Spoken to as").contains("secondary address 00070001 at 9600 8E1"), "{}", text.out);
    assert!(paper(&by_number, "html").out.contains("<td>not told over the M-Bus</td>"));
    let gone = paper(&link, "json");
    assert_eq!((gone.code, gone.out.as_str()), (4, ""), "{}", gone.err);
}
