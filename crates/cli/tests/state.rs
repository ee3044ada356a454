//! The state file: kept over a restart, and never overwritten where it is not understood.

mod common;

use common::{Folder, Served, model, run};

const TCP: &str = "tcp://127.0.0.1:0";

fn serve(file: &str, more: &[&str]) -> Served {
    let own = ["--model", model(), "--port", TCP, "--state", file];
    Served::start(&[&own[..], more].concat(), 1)
}

fn value(served: &Served, id: u8, key: &str) -> String {
    let link = format!("{}?id={id}", served.link(0));
    let read = run(&["read", "--link", &link, "--model", model(), "--format", "csv", key]);
    assert_eq!(read.code, 0, "{}", read.err);
    read.out.lines().nth(1).and_then(|line| line.split(',').nth(2)).unwrap_or_default().to_owned()
}

#[test]
fn a_meter_outlasts_the_program() {
    let folder = Folder::new();
    let file = folder.text("state");
    let served = serve(&file, &["--set", "modbus-id=5", "--energy", "energy.forward=12.34"]);
    assert_eq!(value(&served, 5, "energy.forward"), "12.34");
    let link = format!("{}?id=5", served.link(0));
    let set = run(&["set", "--link", &link, "scroll-time=15", "modbus-id=7", "--yes"]);
    assert_eq!(set.code, 0, "{}", set.err);
    assert_eq!(served.stop().0.code(), Some(0));

    // What was given for its birth is not used again, and that is said.
    let served = serve(&file, &["--set", "modbus-id=5"]);
    assert_eq!(value(&served, 7, "scroll-time"), "15");
    assert_eq!(value(&served, 7, "energy.forward"), "12.34");
    assert_eq!(value(&served, 7, "power-downs"), "1");
    let (status, said) = served.stop();
    assert_eq!(status.code(), Some(0));
    assert!(said.contains("the memory of 13070001 was kept"), "{said}");
}

#[test]
fn a_meter_outlasts_every_way_to_end_the_program() {
    use rustix::process::Signal;
    for (signal, clean) in [(Signal::TERM, true), (Signal::KILL, false)] {
        let folder = Folder::new();
        let file = folder.text("state");
        let served = serve(&file, &["--energy", "energy.forward=12.34"]);
        let set = run(&["set", "--link", served.link(0), "scroll-time=15", "combination-code=9", "--yes"]);
        assert_eq!(set.code, 0, "{}", set.err);
        let (status, said) = served.stop_by(signal);
        assert_eq!(status.code() == Some(0), clean, "{said}");
        // Without a good-bye the last moments may be missing, but there is a whole meter in the file.
        let served = serve(&file, &[]);
        assert_eq!(value(&served, 1, "energy.forward"), "12.34", "{signal:?}");
        if clean {
            assert_eq!(value(&served, 1, "scroll-time"), "15");
            assert_eq!(value(&served, 1, "combination-code"), "9");
            assert_eq!(value(&served, 1, "power-downs"), "1");
        }
    }
}

#[test]
fn a_file_that_is_not_understood_is_refused_and_left_alone() {
    let folder = Folder::new();
    let file = folder.text("state");
    assert_eq!(serve(&file, &[]).stop().0.code(), Some(0));
    let good = std::fs::read(&file).unwrap();
    let mut damaged = good.clone();
    damaged[40] ^= 1;
    for (bytes, wrong) in [
        (&damaged[..], "its check sum is wrong"),
        (&good[..good.len() / 2], "it is damaged"),
        (b"a shopping list", "it is no file of meters' memories"),
        (b"", "it is no file of meters' memories"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let refused = run(&["serve", "--model", model(), "--port", TCP, "--state", &file]);
        assert_eq!(refused.code, 2);
        assert!(refused.err.contains(&file) && refused.err.contains(wrong), "{}", refused.err);
        assert!(refused.err.contains("It was left as it is"), "{}", refused.err);
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
    }
}

#[test]
fn a_file_of_other_meters_is_refused() {
    let folder = Folder::new();
    let file = folder.text("state");
    assert_eq!(serve(&file, &["--serial", "13070042"]).stop().0.code(), Some(0));
    let before = std::fs::read(&file).unwrap();
    let refused = run(&["serve", "--model", model(), "--port", TCP, "--state", &file]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("serial number 13070042, which is not asked for"), "{}", refused.err);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_memory_is_shown_damaged_and_set_back() {
    let folder = Folder::new();
    let file = folder.text("state");
    let given = ["--set", "modbus-id=5", "--energy", "energy.forward=12.34", "--serial", "13070042"];
    assert_eq!(serve(&file, &given).stop().0.code(), Some(0));
    let memory = |more: &[&str]| {
        let ran = run(&[&["memory", &file], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    };
    let shown = memory(&[]);
    let first = format!("{} 13070042\n", model());
    assert!(shown.starts_with(&first), "{shown}");
    for line in ["  modbus-id 5\n", "  energy.forward 12.34kWh\n", "  power-downs 1\n"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(!shown.contains("fault:") && !shown.contains("password"), "{shown}");
    assert_eq!(memory(&["--model", model()]), shown);

    let main = memory(&["--damage", "main"]);
    assert!(main.contains("  fault: the main copy of the energies was damaged\n"), "{main}");
    assert!(main.contains("  energy.forward 12.34kWh\n") && !main.contains("error"), "{main}");
    assert_eq!(memory(&[]), main, "looking repairs nothing");
    let both = memory(&["--damage", "main", "--damage", "backup"]);
    assert!(both.contains("are lost\n") && both.contains("  the meter shows error 01\n"), "{both}");

    let new = memory(&["--factory-reset"]);
    assert!(new.starts_with(&first), "{new}");
    assert!(new.contains("  modbus-id 1\n") && new.contains("  energy.forward 0.00kWh\n"), "{new}");
    assert!(!new.contains("fault:"), "{new}");
}

#[test]
fn what_no_memory_command_can_do_is_said_and_nothing_written() {
    let folder = Folder::new();
    let file = folder.text("state");
    assert_eq!(serve(&file, &["--meter", model()]).stop().0.code(), Some(0));
    let good = std::fs::read(&file).unwrap();
    for (more, wrong) in [
        (&["--damage", "main"][..], "holds 2 meters: name the one to change with --serial"),
        (&["--serial", "7"], "--serial: "),
        (&["--serial", "x"], "\"x\" is no serial number: expected up to eight digits"),
        (
            &["--serial", "13070001", "--damage", "all"],
            "there is no part \"all\": expected one of main, backup, mantissa, init",
        ),
        (&["--model", "nothing"], "--model: there is no model \"nothing\""),
    ] {
        let ran = run(&[&["memory", &file], more].concat());
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(wrong), "{}", ran.err);
        assert_eq!(std::fs::read(&file).unwrap(), good);
    }
    std::fs::write(&file, b"a shopping list").unwrap();
    for more in [&[][..], &["--model", model()]] {
        let ran = run(&[&["memory", &file], more].concat());
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("it is no file of meters' memories"), "{}", ran.err);
    }
}

#[test]
fn meters_of_every_model_are_kept_in_one_file() {
    let folder = Folder::new();
    let file = folder.text("state");
    let meters: Vec<String> = (1..)
        .zip(models::ALL)
        .map(|(n, entry)| format!("{} serial={} energy.forward={n}.25", entry.def.slug, 13_070_100 + n))
        .collect();
    let serve = || {
        let mut args = vec!["--state", &file, "--port", "ir+tcp://127.0.0.1:0"];
        args.extend(meters.iter().flat_map(|meter| ["--meter", meter]));
        Served::start(&args, 1)
    };
    assert_eq!(serve().stop().0.code(), Some(0));
    let (status, said) = serve().stop();
    assert_eq!(status.code(), Some(0));
    let memory = run(&["memory", &file]).out;
    for (n, entry) in (1..).zip(models::ALL) {
        let serial = 13_070_100 + n;
        assert!(said.contains(&format!("the memory of {serial} was kept")), "{said}");
        assert!(memory.contains(&format!("{} {serial}\n", entry.def.slug)), "{memory}");
        assert!(memory.contains(&format!("  energy.forward {n}.25")), "{memory}");
    }
    assert_eq!(memory.matches("  power-downs 2\n").count(), models::ALL.len(), "{memory}");
}
