//! M-Bus masters that know nothing of us scan, select, search, read and set what we serve: libmbus and pyMeterBus.

mod common;
mod peers;

use common::{Folder, Served, run};
use peers::mbus::{Master, part, values};
use rig::MeterSpec;
use units::Instant;

const TCP: &str = "tcp://127.0.0.1:0";
/// Silence of so many seconds is silence, on a busy machine too.
const PATIENCE: &str = "0.4";

/// Three meters on one M-Bus. Nothing flows, so that their values stay.
const METERS: [&str; 3] = [
    "pro1-mb serial=13070001 mbus-id=1 energy.forward.t1=1234.56 energy.forward.t2=5678.9 \
     energy.reverse.t1=2345.67 energy.reverse.t2=6789.01 combination-code=5",
    "pro1-mb serial=13070002 mbus-id=2",
    "pro1-mb serial=13070093 mbus-id=5 energy.forward=0.01",
];

fn served(meters: &[&str], more: &[&str]) -> Served {
    let mut args = vec!["--port", TCP];
    args.extend(meters.iter().flat_map(|meter| ["--meter", meter]));
    args.extend(more);
    Served::start(&args, 1)
}

/// The values of the telegram that a meter of this birth says, in basic units.
fn expected(meter: &str) -> Vec<f64> {
    let twin = MeterSpec::parse(meter).unwrap().build(None, Instant::ZERO).unwrap();
    let def = twin.entry().def;
    let records = def.mbus.unwrap().telegrams[0].records.iter();
    // Energies are kept in Wh.
    records.map(|record| twin.device().works().source(record.source) as f64).collect()
}

#[track_caller]
fn telegram(answer: &str, from: u8, secondary: &str, wh: &[f64]) {
    assert_eq!(
        (part(answer, "from"), part(answer, "secondary")),
        (&*from.to_string(), secondary),
        "{answer}"
    );
    let heard = values(answer);
    assert_eq!(heard.len(), wh.len(), "{answer}");
    for (heard, wh) in heard.iter().zip(wh) {
        assert!((heard - wh).abs() < 0.5, "{heard} is not {wh}: {answer}");
    }
}

const FIRST: &str = "13070001CD250202";

fn scan_read_and_move(master: Master) {
    let served = served(&METERS, &[]);
    let said = master.steps(
        "tcp",
        served.address(0),
        PATIENCE,
        &[
            "scan:0:6",
            "read:1",
            "read:9",
            "address:1:7",
            "read:7",
            "read:1",
            "address:7:251",
            "read:7",
            "read:7",
        ],
    );
    let own = expected(METERS[0]);
    assert!(own.iter().all(|wh| *wh > 0.0) && own[0] == own[3] + own[6], "{own:?}");
    assert_eq!(said[0], "\"answered\": [1, 2, 5]");
    telegram(&said[1], 1, FIRST, &own);
    assert_eq!(said[2], "\"silence\": true");
    assert_eq!(said[3], "\"acknowledged\": 1");
    telegram(&said[4], 7, FIRST, &own);
    assert_eq!(said[5], "\"silence\": true");
    assert_eq!(said[6], "\"acknowledged\": 1", "an address out of range is acknowledged and not taken");
    telegram(&said[7], 7, FIRST, &own);
    let status = |answer: &String| part(answer, "status").parse().unwrap();
    let status: [u8; 3] = [status(&said[4]), status(&said[7]), status(&said[8])];
    assert_eq!(status, [0, 2, 0], "the status of one telegram tells");
    let access: Vec<u8> =
        [1, 4, 7, 8].iter().map(|step: &usize| part(&said[*step], "access").parse().unwrap()).collect();
    assert_eq!(access, [0, 1, 2, 3]);
}

#[test]
fn libmbus_scans_reads_and_moves() {
    scan_read_and_move(Master::Libmbus);
}

#[test]
fn pymeterbus_scans_reads_and_moves() {
    scan_read_and_move(Master::PyMeterBus);
}

fn select_with_wildcards(master: Master) {
    let served = served(&METERS, &[]);
    let masks =
        ["13070002CD250202", "FFFFFF93FFFFFFFF", "1307009FFFFFFFFF", "FFFFFFFFFFFFFF07", "FFFFFF9FCD25FFFF"];
    let steps: Vec<String> =
        masks.iter().flat_map(|mask| [format!("select:{mask}"), "read:253".to_owned()]).collect();
    let said = master.steps("tcp", served.address(0), PATIENCE, &steps);
    for (answers, meter) in said.chunks(2).zip([Some(1), Some(2), Some(2), None, Some(2)]) {
        let Some(meter) = meter else {
            assert_eq!(answers, ["\"selected\": \"nothing\"", "\"silence\": true"]);
            continue;
        };
        let (from, secondary) = [(1, FIRST), (2, "13070002CD250202"), (5, "13070093CD250202")][meter];
        assert_eq!(answers[0], "\"selected\": \"single\"");
        telegram(&answers[1], from, secondary, &expected(METERS[meter]));
    }
}

#[test]
fn libmbus_selects_with_wildcards() {
    select_with_wildcards(Master::Libmbus);
}

#[test]
fn pymeterbus_selects_with_wildcards() {
    select_with_wildcards(Master::PyMeterBus);
}

#[test]
fn libmbus_reads_out_with_a_frame_count_bit() {
    let served = served(&METERS, &[]);
    let steps = ["multi:5", "multi:5", "reset:5", "ping:5"];
    let said = Master::Libmbus.steps("tcp", served.address(0), PATIENCE, &steps);
    assert_eq!(said[..2], ["\"telegrams\": 1", "\"telegrams\": 1"]);
    assert_eq!(said[2..], ["\"acknowledged\": 1", "\"acknowledged\": 1"]);
}

#[test]
fn whoever_never_toggles_the_frame_count_bit_is_served_fresh_data() {
    // 10.35 kW, 3600 times faster than the clock: 10 Wh in a millisecond.
    let meter = "pro1-mb mbus-id=1 load=\"L1 230V 45A\"";
    let served = served(&[meter], &["--speed", "3600"]);
    for (master, step) in
        [(Master::PyMeterBus, "read:1"), (Master::PyMeterBus, "read-fcb:1"), (Master::Libmbus, "read:1")]
    {
        let said = master.steps("tcp", served.address(0), PATIENCE, &[step; 4]);
        let forward: Vec<f64> = said.iter().map(|answer| values(answer)[3]).collect();
        assert!(forward.windows(2).all(|pair| pair[0] < pair[1]), "{master:?} {step}: {forward:?}");
    }
}

/// Every write of the manual's table (A2.2) but the speed, which a pseudo-terminal shows, and what the memory then holds.
fn every_write(master: Master) {
    let folder = Folder::new();
    let state = folder.text("state");
    let meter = "pro1-mb serial=13070001 mbus-id=1 energy.forward=12.34 energy.trip=3.21";
    // It has seen a power cut before.
    let port = ["--port", TCP, "--state", &state, "--meter"];
    assert_eq!(Served::start(&[&port[..], &[meter]].concat(), 1).stop().0.code(), Some(0));
    let before = run(&["memory", &state]).out;
    assert!(before.contains("  energy.trip 3.21kWh\n") && before.contains("  power-downs 1\n"), "{before}");
    let served = Served::start(&[&port[..], &["pro1-mb serial=13070001"]].concat(), 1);
    let steps = [
        "send:1:51:097C015402",     // Tariff 2
        "send:1:51:09FD3A05",       // Combination code 5
        "send:1:51:0CFD3A00000100", // S0 rate 100
        "send:1:51:0C0400000000",   // Resettable counter
        "send:1:51:0AFD600000",     // Power-down counter
        "send:1:51:0C7945230115",   // Secondary address 15012345
        "address:1:33",
        "ping:33",
        "select:15012345CD25FFFF",
        "read:253",
        // Values that no meter takes: acknowledged, not done, told by the status.
        "send:33:51:09FD3A07",
        "read:33",
        "send:33:51:097C015403",
        "read:33",
        "read:33",
    ];
    let said = master.steps("tcp", served.address(0), PATIENCE, &steps);
    for (answer, step) in said.iter().zip(&steps).filter(|(_, step)| !step.starts_with("read")) {
        let good =
            if step.starts_with("select") { "\"selected\": \"single\"" } else { "\"acknowledged\": 1" };
        assert_eq!(answer, good, "{master:?} {step}");
    }
    let status = |step: usize| part(&said[step], "status");
    assert_eq!([status(9), status(11), status(13), status(14)], ["0", "2", "2", "0"]);
    let own = expected(meter);
    telegram(&said[9], 33, "15012345CD250202", &own);
    telegram(&said[14], 33, "15012345CD250202", &own);
    assert_eq!(served.stop().0.code(), Some(0));
    let memory = run(&["memory", &state]).out;
    assert!(memory.starts_with("pro1-mb 15012345\n"), "{memory}");
    for line in [
        "mbus-id 33",
        "tariff 2",
        "combination-code 5",
        "s0-rate 100",
        "energy.trip 0.00kWh",
        "power-downs 1",
    ] {
        assert!(memory.contains(&format!("  {line}\n")), "{line}: {memory}");
    }
}

#[test]
fn libmbus_writes_whatever_can_be_written() {
    every_write(Master::Libmbus);
}

#[test]
fn pymeterbus_writes_whatever_can_be_written() {
    every_write(Master::PyMeterBus);
}

/// By pyMeterBus alone: libmbus insists on parity, which no pseudo-terminal has.
#[test]
fn a_new_speed_holds_from_the_answer_on() {
    let folder = Folder::new();
    let pty = folder.text("meter");
    let port = format!("pty:{pty}");
    let _served = Served::start(&["--meter", METERS[0], "--port", &port], 1);
    let at = |baud: u32, steps: &[&str]| {
        Master::PyMeterBus.steps("pty", &format!("{pty}:{baud}"), PATIENCE, steps)
    };
    let own = expected(METERS[0]);
    // The acknowledgement comes at the old speed, the telegram at the new one, where the master has followed.
    let said = at(9_600, &["read:1", "baud:1:2400", "read:1", "baud:1:300", "read:1", "baud:1:4800"]);
    for answer in said.iter().step_by(2) {
        telegram(answer, 1, FIRST, &own);
    }
    for answer in said.iter().skip(1).step_by(2) {
        assert_eq!(answer, "\"acknowledged\": 1");
    }
    assert_eq!(at(9_600, &["read:1"]), ["\"silence\": true"]);
    telegram(&at(4_800, &["read:1"])[0], 1, FIRST, &own);
}

/// Sixty meters on RS485 and 64 on an M-Bus, by one command.
fn crowd() -> Served {
    let meters = ["--meter", "pro1-mod count=60", "--meter", "pro1-mb count=64 serial=13080001 mbus-id=1"];
    let ports = ["--port", "rtu+tcp://127.0.0.1:0", "--port", "mbus+tcp://127.0.0.1:0"];
    Served::start(&[&meters[..], &ports].concat(), 2)
}

/// A search finds each meter once. A machine that stalls for longer than the master's patience hides meters: then the
/// master searches again, with more of it.
///
/// The search begins behind the first digits, as people who know what they have begin it: each digit more costs the
/// silence of nine.
fn search(master: Master) {
    let served = crowd();
    let address = served.address(1).rsplit("://").next().unwrap();
    let all: Vec<String> = (1..=64).map(|n| format!("{}CD250202", 13_080_000 + n)).collect();
    let mut found = Vec::new();
    for patience in ["0.1", "0.2", "0.5"] {
        let said = master.steps("tcp", address, patience, &["search:130800FFFFFFFFFF"]);
        found = part(&said[0], "found").split(", ").map(|one| one.trim_matches('"').to_owned()).collect();
        found.sort();
        if found == all {
            return;
        }
    }
    assert_eq!(found, all);
}

#[test]
fn libmbus_finds_64_meters() {
    search(Master::Libmbus);
}

#[test]
fn pymeterbus_finds_64_meters() {
    search(Master::PyMeterBus);
}

#[test]
fn a_crowd_on_two_buses_is_read() {
    let served = crowd();
    let rtu = served.link(0).strip_prefix("rtu+").unwrap();
    for id in [1, 60] {
        let read = run(&[
            "read",
            "--link",
            &format!("{rtu}?id={id}"),
            "--model",
            "pro1-mod",
            "--format",
            "csv",
            "serial",
        ]);
        assert!(
            read.code == 0 && read.out.contains(&(13_070_000 + id).to_string()),
            "{}{}",
            read.out,
            read.err
        );
    }
    let address = served.address(1).rsplit("://").next().unwrap();
    let said = Master::PyMeterBus.steps("tcp", address, PATIENCE, &["read:1", "read:64", "read:65"]);
    telegram(&said[0], 1, "13080001CD250202", &[0.0; 9]);
    telegram(&said[1], 64, "13080064CD250202", &[0.0; 9]);
    assert_eq!(said[2], "\"silence\": true");
}
