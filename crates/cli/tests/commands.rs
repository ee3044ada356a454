//! Exit codes and messages of what ends by itself: models, script, lcd, help, and bad input.

mod common;

use common::{Folder, metertwin, model, run};

#[test]
fn models_are_listed() {
    let listed = run(&["models"]);
    assert_eq!(listed.code, 0);
    for entry in models::ALL {
        assert!(listed.out.contains(entry.def.slug) && listed.out.contains(entry.notes.name));
    }
}

#[test]
fn a_script_ends_with_0_1_or_2() {
    let folder = Folder::new();
    let script = |text: &str| {
        let file = folder.write("a.script", &format!("model {}\n{text}", model()));
        run(&["script", &file])
    };
    let good = script("load L1 230V 5A\nadvance 1h\nshow point energy.forward\n");
    assert_eq!((good.code, good.out.as_str()), (0, "point energy.forward 1.15kWh\n"), "{}", good.err);
    let failed = script("# one\nshow lcd\nexpect lcd \"OK\"\n");
    assert_eq!(failed.code, 1);
    assert!(
        failed
            .err
            .contains("line 4: expect lcd \"OK\"\nexpected: lcd \"OK\"\nfound: lcd \"FW    \" dots ----")
    );
    assert_eq!(failed.out, "lcd \"FW    \" dots ----\n");
    let bad = script("show lcd\npress left\n");
    assert_eq!((bad.code, bad.out.as_str()), (2, ""), "nothing is played of a script that is wrong");
    assert!(bad.err.contains("a.script, line 3: there is no key \"left\": expected key"), "{}", bad.err);
    let missing = run(&["script", &folder.text("none")]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("cannot be read"), "{}", missing.err);
}

#[test]
fn pages_are_drawn_in_three_ways() {
    let text = run(&["lcd", "--model", model(), "--page", "scroll-time"]);
    assert_eq!(text.code, 0, "{}", text.err);
    assert!(text.out.starts_with(" .       .       .       .\n ---   ---               -\n"), "{}", text.out);
    let svg = run(&["lcd", "--model", model(), "--format", "svg"]);
    assert!(svg.out.starts_with("<svg") && svg.out.contains("class=\"seg on\""));
    let png = metertwin().args(["lcd", "--model", model(), "--format", "png"]).output().unwrap();
    assert_eq!(png.stdout.get(1..4), Some(&b"PNG"[..]));
    let none = run(&["lcd", "--model", model(), "--page", "colour"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("--page: there is no page \"colour\": expected one of "), "{}", none.err);
}

#[test]
fn help_has_examples_and_only_what_there_is() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for word in [
        "models",
        "serve",
        "script",
        "lcd",
        "read",
        "set",
        "batch",
        "sniff",
        "watch",
        "Exit codes: 0 done and proven",
    ] {
        assert!(help.out.contains(word), "{word}: {}", help.out);
    }
    for (command, word) in [
        ("serve", "listening on PORT"),
        ("script", "advance 1h"),
        ("lcd", "--format png"),
        ("read", "--format csv"),
        ("set", "--dry-run"),
        ("batch", "--label-format html"),
        ("find", "--addresses 1-20"),
        ("decode", "decode mbus 68"),
        ("sniff", "--pcap bus.pcap"),
        ("watch", "--layout columns"),
        ("profile", "protocol=mbus"),
        ("diff", "not told over the M-Bus"),
        ("passport", "not told over the M-Bus"),
    ] {
        let help = run(&[command, "--help"]);
        assert!(help.code == 0 && help.out.contains(word), "{command}: {}", help.out);
    }
}

#[test]
fn bad_input_names_the_option_and_what_was_expected() {
    let meter = ["serve", "--model", model()];
    let cases: &[(&[&str], &str)] = &[
        (&["--set", "modbus-id=0"], "--set: modbus-id cannot be \"0\": expected 1 to 247"),
        (&["--set", "modbus-id"], "--set: \"modbus-id\" is no KEY=VALUE"),
        (&["--set", "colour=1"], "--set: there is no setting \"colour\": expected one of serial, "),
        (&["--serial", "x"], "--serial: serial cannot be \"x\": expected 8 digits"),
        (&["--load", "L1 230"], "--load: \"230\" is no part of a load: expected L1 to L3"),
        (&["--load", "L2 230V 1A"], "--load: this meter has no L2: expected L1 only"),
        (&["--energy", "energy.forward=x"], "--energy: energy.forward cannot be \"x\""),
        (&["--energy", "power=1"], "--energy: power is no energy"),
        (&["--energy", "energy.total=1"], "--energy: energy.total is no counter of this meter"),
        (&["--quirk", "reply-delay=5"], "--quirk: \"5\" has no unit: expected a time such as 0ms"),
        (&["--quirk", "mood=bad"], "--quirk: there is no quirk \"mood\": expected one of reply-delay=0ms"),
        (
            &["--port", "udp://x:1"],
            "--port: \"udp://x:1\" is no place of a meter: expected tcp://HOST:PORT, ",
        ),
        (&["--port", "tcp://127.0.0.1:99999"], "--port: \"127.0.0.1:99999\" is no HOST:PORT"),
        (&["--port", "serial:/nowhere"], "--port: serial:/nowhere: cannot be opened: No such file"),
        (&["--port", "pty:/nowhere/x"], "--port: pty:/nowhere/x: the link cannot be made"),
        (&["--state", "/nowhere/x"], "--state: /nowhere/x cannot be written: No such file"),
        (&["--speed", "0"], "0 is not in 1..=86400"),
        (&["--meter", "x"], "--meter: there is no model \"x\": expected one of "),
    ];
    for (args, wrong) in cases {
        let ended = run(&[&meter[..], args].concat());
        assert_eq!(ended.code, 2, "{args:?}");
        assert!(ended.err.contains(wrong), "{args:?}: {}", ended.err);
    }
    for (args, wrong) in [
        (&["serve"][..], "there is no meter: add --model MODEL"),
        (&["serve", "--set", "modbus-id=2"], "--set: it belongs to the meter of --model"),
        (&["serve", "--model", "x"], "--model: there is no model \"x\": expected one of "),
        (&["lcd", "--model", "x"], "--model: there is no model \"x\": expected one of "),
        (
            &["read", "--link", "x"],
            "--link: \"x\" is no place of a meter: expected serial:PATH?baud=9600&parity=even&id=1",
        ),
        (&["read", "--link", "tcp://h:1?id=300"], "--link: id cannot be \"300\": expected 0 to 247"),
        (
            &["set", "--link", "tcp://h:1", "modbus-id=300"],
            "KEY=VALUE: modbus-id cannot be 300: expected 1 to 247",
        ),
        (
            &["set", "--link", "tcp://h:1", "modbus-id"],
            "KEY=VALUE: \"modbus-id\" is no change: expected KEY=VALUE",
        ),
        (
            &["set", "--link", "tcp://h:1", "modbus-id=3", "modbus-id=4"],
            "KEY=VALUE: \"modbus-id=4\" says again what was said before: expected each setting once",
        ),
        (&["set", "--link", "tcp://h:1"], "required"),
        (&["sing"], "unrecognized subcommand"),
    ] {
        let ended = run(args);
        assert_eq!(ended.code, 2, "{args:?}");
        assert!(ended.err.contains(wrong), "{args:?}: {}", ended.err);
    }
    let twice = format!("{} serial=7", model());
    let ended = run(&["serve", "--meter", &twice, "--meter", &twice]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("two meters have the serial number 00000007"), "{}", ended.err);
}
