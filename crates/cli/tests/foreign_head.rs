//! A reading head that knows nothing of us reads and sets through the infrared window what we serve: iec62056-21.

mod common;
mod peers;

use std::process::Stdio;

use common::{Folder, Served};
use peers::{python, said};

/// The meter waits longer than the head needs to change its speed on a busy machine.
const METER: &str = "pro1-s serial=13070042 energy.forward.t1=12.34 energy.reverse.t2=5.6 load=\"L1 230V 5A\" ir-delay=1500ms";

#[track_caller]
fn steps(kind: &str, place: &str, steps: &[&str]) -> Vec<String> {
    let mut head = python("iec_master.py");
    let output = head.args([kind, place]).args(steps).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let rest =
        |line: &str| line.split_once(", ").map_or("", |(_, rest)| rest).trim_end_matches('}').to_owned();
    lines.lines().map(rest).collect()
}

#[track_caller]
fn round(kind: &str, place: &str) {
    let said = steps(
        kind,
        place,
        &["programming:0000", "get:4010", "set:4010:25", "get:4010", "set:4010:99", "get:6000", "break"],
    );
    assert_eq!(said[0], "\"challenge\": \"P0\", \"opened\": true");
    assert_eq!(said[1..4], ["\"value\": \"10\"", "\"taken\": true", "\"value\": \"25\""]);
    assert!(said[4].starts_with("\"refused\": "), "{}", said[4]);
    assert_eq!(said[5], "\"value\": \"12.34\"");
    // A break ends the session at once: the next sign-on is heard at 300 Bd again.
    let read = &steps(kind, place, &["readout"])[0];
    for part in [
        "\"maker\": \"INM\"",
        "\"speed\": 9600",
        "\"0.0.0\": \"13070042\"",
        "\"1.8.1\": \"000012.34*kWh\"",
        "\"2.8.2\": \"000005.60*kWh\"",
        "\"32.7.0\": \"230.0*V\"",
        "\"1.7.0\": \"01.150*kW\"",
    ] {
        assert!(read.contains(part), "{part}: {read}");
    }
}

#[test]
fn a_head_reads_and_sets_over_a_pty_that_changes_its_speed() {
    let folder = Folder::new();
    let pty = folder.text("head");
    let port = format!("ir+pty:{pty}");
    let _served = Served::start(
        &["--meter", "pro1-mod", "--meter", METER, "--port", &format!("{port}?meter=13070042")],
        1,
    );
    round("pty", &pty);
}

#[test]
fn a_head_reads_and_sets_over_tcp() {
    let served = Served::start(&["--meter", METER, "--port", "ir+tcp://127.0.0.1:0"], 1);
    round("tcp", served.address(0).rsplit("://").next().unwrap());
}
