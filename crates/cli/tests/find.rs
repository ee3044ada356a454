//! `metertwin find` over a Modbus and `metertwin budget`: against what we serve, against slaves that are not ours, stopped
//! and gone on with.

mod common;
mod peers;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use common::{Folder, Served, exists, metertwin, run};
use peers::{Running, libmodbus_slave, pty_pair, python};
use rustix::process::Signal;

const TCP: &str = "tcp://127.0.0.1:0";

/// Bus, line, id, serial number of each row of a list.
fn rows(out: &str) -> Vec<Vec<String>> {
    out.lines()
        .skip(1)
        .map(|line| line.split_ascii_whitespace().take(5).map(str::to_owned).collect())
        .collect()
}

#[test]
fn meters_that_are_served_are_found_over_tcp_with_what_is_wrong() {
    let model = common::model();
    let served = Served::start(
        &[
            "--meter",
            &format!("{model} count=3 serial=13070001 modbus-id=1"),
            "--meter",
            &format!("{model} serial=13070020 modbus-id=20"),
            "--meter",
            &format!("{model} serial=13070021 modbus-id=20"),
            "--port",
            TCP,
            "--port",
            "modbus-tcp://127.0.0.1:0",
        ],
        2,
    );
    let found = run(&["find", "--link", served.link(0), "--ids", "1-25", "--listen-first"]);
    assert_eq!(found.code, 0, "{}", found.err);
    let serials: Vec<String> = rows(&found.out).into_iter().map(|row| row[4].clone()).collect();
    assert_eq!(serials, ["13070001", "13070002", "13070003"], "{}", found.out);
    assert!(
        found.err.starts_with("Nobody was heard in 2 s at 9600 8E1.\nId 1 at 9600 8E1: "),
        "{}",
        found.err
    );
    // Two that speak at once are not heard at all through this port, so that nobody is said to be there.
    assert!(!found.out.contains("  20  "), "{}", found.out);

    let json = run(&["find", "--link", served.link(1), "--ids", "2-3", "--json", "--answer-time", "50"]);
    assert_eq!(json.code, 0, "{}", json.err);
    let start = "[\n  {\"bus\": \"modbus\", \"baud\": 9600, \"parity\": \"even\", \"id\": 2, \"serial\": \"13070002\", \"code\": ";
    assert!(json.out.starts_with(start), "{}", json.out);
    assert_eq!(json.out.lines().count(), 4, "{}", json.out);

    let none = run(&["find", "--link", served.link(0), "--ids", "40-44", "--json"]);
    assert_eq!((none.code, none.out.as_str()), (4, "[]\n"), "{}", none.err);
    assert!(none.err.contains("No meter was found on tcp://"), "{}", none.err);
}

#[test]
fn a_meter_at_another_speed_is_found_over_a_pty() {
    let folder = Folder::new();
    let path = folder.text("meter");
    let meter = format!("{} serial=13070009 modbus-id=9 baud=4800", common::model());
    let _served = Served::start(&["--meter", &meter, "--port", &format!("pty:{path}")], 1);
    let link = format!("serial:{path}");
    let found = run(&["find", "--link", &link, "--speeds", "9600,4800", "--formats", "8E1"]);
    assert_eq!(found.code, 0, "{}", found.err);
    assert_eq!(rows(&found.out), [["Modbus", "4800", "8E1", "9", "13070009"]], "{}", found.err);
}

#[test]
fn slaves_that_are_not_ours_are_found_over_a_pty() {
    let folder = Folder::new();
    let (_socat, left, right) = pty_pair(&folder);
    let link = format!("serial:{right}");
    let find = |more: &[&str]| {
        let found = run(&[&["find", "--link", &link, "--speeds", "9600"], more].concat());
        assert_eq!(found.code, 0, "{}", found.err);
        (rows(&found.out), found.err)
    };
    // Behind a question to another slave libmodbus takes the next one for its answer, for half a second: it needs more time
    // than a meter. 11 has three ones, so that both formats are asked by a quantity that every slave refuses.
    for (unit, ids) in [("3", "1-4"), ("11", "9-12"), ("24", "23-25")] {
        let mut slave = libmodbus_slave();
        slave.args([&format!("{left}:9600"), unit, "0x4000=0x1307", "0x4001=0x0001"]);
        let (_slave, _) = Running::start(slave);
        let (found, said) = find(&["--ids", ids, "--formats", "8E1,8N1", "--answer-time", "400"]);
        assert_eq!(found.len(), 1, "{said}");
        let wanted = ["Modbus", "9600", "8E1", unit, "13070001"];
        assert_eq!(found[0], wanted, "{said}");
    }
    let image = folder.write("image.json", "{\"0x4000\": [4871, 1, 1026, 17]}");
    for unit in ["1", "17"] {
        let mut slave = python("slave_pymodbus.py");
        slave.args(["pty", &left, &image, "--unit", unit]);
        let (_slave, _) = Running::start(slave);
        let (mut found, said) = find(&["--ids", "1-20", "--formats", "8N1", "--thorough"]);
        // pymodbus refuses for every unit that is not its own: that is somebody, and no meter.
        found.retain(|row| row[4] != "unknown");
        assert_eq!(found, [["Modbus", "9600", "8N1", unit, "13070001"]], "{said}");
    }
}

#[test]
fn a_search_that_was_stopped_goes_on() {
    let model = common::model();
    let served = Served::start(
        &[
            "--meter",
            &format!("{model} count=2 serial=13070001 modbus-id=1"),
            "--meter",
            &format!("{model} serial=13070100 modbus-id=100"),
            "--port",
            TCP,
        ],
        1,
    );
    let folder = Folder::new();
    let file = folder.text("cabinet.find");
    let args = ["find", "--link", served.link(0), "--resume", &file];
    let mut child = metertwin().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    // As soon as the second meter is told, the search is far from id 100.
    while !line.contains("13070002") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it has ended");
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::INT).unwrap();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut said, &mut rest).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(5), "{rest}");
    assert!(
        rest.contains(&format!("The search was stopped. To go on, use --resume {file} again.")),
        "{rest}"
    );
    let serials = |out: &str| -> Vec<String> { rows(out).into_iter().map(|row| row[4].clone()).collect() };
    assert_eq!(serials(&String::from_utf8_lossy(&out.stdout)), ["13070001", "13070002"]);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.starts_with("metertwin find 1\nspeeds 9600 formats even ids 1-247 "), "{kept}");
    assert!(kept.ends_with("found 9600 even 1\nfound 9600 even 2\n"), "{kept}");

    let whole = run(&args);
    assert_eq!(whole.code, 0, "{}", whole.err);
    assert_eq!(serials(&whole.out), ["13070001", "13070002", "13070100"], "{}", whole.err);
    assert!(whole.err.starts_with("Going on; 2 meters of before are looked at first."), "{}", whole.err);
    assert!(!exists(&folder.path("cabinet.find")), "a search that is done leaves no file");

    let bad = folder.write("bad.find", "metertwin find 1\nspeeds 9600 formats odd ids 0\n");
    let wrong = run(&["find", "--link", served.link(0), "--resume", &bad]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("bad.find: \"0\" does not fit: expected ids from 1 to 247"), "{}", wrong.err);
}

#[test]
fn a_search_of_an_m_bus_that_was_stopped_goes_on() {
    let with_mbus = models::ALL.iter().find(|entry| entry.def.mbus.is_some());
    let model = with_mbus.unwrap().def.slug;
    let served = Served::start(
        &[
            "--meter",
            &format!("{model} serial=13070001 mbus-id=2"),
            "--meter",
            &format!("{model} serial=13070002 mbus-id=60"),
            "--port",
            "mbus+tcp://127.0.0.1:0",
        ],
        1,
    );
    let link = format!("tcp://{}?protocol=mbus", served.address(0));
    let folder = Folder::new();
    let file = folder.text("cabinet.find");
    let args = ["find", "--link", &link, "--primary", "--addresses", "0-80", "--resume", &file];
    let mut child = metertwin().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    // As soon as the first meter is told, the search is far from the second one.
    while !line.contains("13070001") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it has ended");
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), Signal::INT).unwrap();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut said, &mut rest).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(5), "{rest}");
    assert!(
        rest.contains(&format!("The search was stopped. To go on, use --resume {file} again.")),
        "{rest}"
    );
    let first = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(first.contains("13070001") && !first.contains("13070002"), "{first}");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("numbers - addresses 0-80 letters no done 0\nfound "), "{kept}");

    // What the file says takes the place of what the command says.
    let whole = run(&["find", "--link", &link, "--resume", &file]);
    assert_eq!(whole.code, 0, "{}", whole.err);
    assert!(whole.err.starts_with("Going on; 1 meters of before are looked at first."), "{}", whole.err);
    for serial in ["13070001", "13070002"] {
        assert_eq!(whole.out.matches(serial).count(), 1, "{}", whole.out);
    }
    assert!(!exists(&folder.path("cabinet.find")), "a search that is done leaves no file");

    // A meter that is gone meanwhile is no finding any more.
    let (head, _) = kept.split_once("found ").unwrap();
    let gone = folder.write("gone.find", &format!("{head}found 9600 9 9900071300000000\n"));
    let without = run(&["find", "--link", &link, "--resume", &gone]);
    assert_eq!(without.code, 0, "{}", without.err);
    assert!(without.err.contains("which was found before."), "{}", without.err);
    assert!(without.out.contains("13070001") && !without.out.contains("13070099"), "{}", without.out);

    let bad = folder.write("bad.find", "metertwin find 1\nspeeds 9600 formats odd ids 0\n");
    let wrong = run(&["find", "--link", &link, "--resume", &bad]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.contains("bad.find: expected a file that a search of an M-Bus has left"),
        "{}",
        wrong.err
    );
}

#[test]
fn what_a_search_cannot_do_is_said() {
    for (args, wrong) in [
        (&["--link", "tcp://h:1?id=3"][..], "--link: id says who is meant already"),
        (&["--link", "tcp://h:1", "--speeds", "9600"], "--speeds: TCP carries neither speed nor parity"),
        (
            &["--link", "serial:/x", "--speeds", "fast"],
            "--speeds: \"fast\" does not fit: expected speeds in Bd",
        ),
        (
            &["--link", "serial:/x", "--formats", "7E1"],
            "--formats: \"7E1\" is no format: expected some of 8E1",
        ),
        (&["--link", "serial:/x", "--ids", "0-9"], "--ids: \"0-9\" does not fit: expected ids from 1 to 247"),
        (&["--link", "serial:/x", "--primary"], "--primary: it belongs to an M-Bus: add protocol=mbus"),
        (&["--link", "tcp://h:1?protocol=mbus", "--ids", "1"], "--ids: it belongs to a Modbus"),
        (&["--link", "tcp://h:1?protocol=mbus", "--speeds", "2400"], "--speeds: TCP carries no speed"),
    ] {
        let run = run(&[&["find"], args].concat());
        assert_eq!(run.code, 2, "{args:?}: {}", run.err);
        assert!(run.err.contains(wrong), "{args:?}: {}", run.err);
    }
}

#[test]
fn a_budget_says_what_a_round_takes() {
    let model = common::model();
    let plain = ["budget", "--model", model, "--meters", "60", "--answer-time", "0", "--latency", "0"];
    let told = run(&[&plain[..], &["--period", "60", "voltage"]].concat());
    assert_eq!(told.code, 0, "{}", told.err);
    assert_eq!(
        told.out,
        "60 meters at 9600 8E1, 2 registers in 1 request each.\nOne meter takes 27.5 ms, a round 1.65 s.\nWith one of them \
         dead a round takes 2.23 s: 613.1 ms of waiting for it.\nIn a period of 60.00 s it fits: load 3 %. There 2181 meters \
         fit, 2160 where one is dead.\n"
    );
    let tight = run(&[&plain[..], &["--baud", "1200", "--period", "10"]].concat());
    assert_eq!(tight.code, 1, "{}", tight.out);
    assert!(tight.out.contains("it does not fit: load "), "{}", tight.out);
    let unknown = run(&[&plain[..], &["colour"]].concat());
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("has no \"colour\" that could be polled"), "{}", unknown.err);
}
