//! A batch at the terminal: served meters are connected one by one, the program is ended in between, and goes on.

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use common::{Folder, Run, Served, metertwin, model, run};

const TCP: &str = "tcp://127.0.0.1:0";

/// A bench: a list with its profile, and where the report goes.
struct Bench {
    folder: Folder,
    list: String,
    report: String,
}

impl Bench {
    fn new(list: &str) -> Self {
        let folder = Folder::new();
        let profile = format!(
            "{{\"profile\": 1, \"name\": \"flats\", \"model\": \"{}\", \"settings\": {{\"scroll-time\": 15}}}}",
            model()
        );
        folder.write("flats.json", &profile);
        let (list, report) = (folder.write("cabinet.csv", list), folder.text("done.csv"));
        Self { folder, list, report }
    }

    fn args<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let own = ["batch", "--profiles", &self.list, "--report", &self.report];
        own.into_iter().chain(more.iter().copied()).collect()
    }

    fn run(&self, more: &[&str]) -> Run {
        run(&self.args(more))
    }

    /// The report, a line for each meter without its time.
    fn report(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.report).unwrap();
        text.lines().skip(1).map(|line| line.split(",20").next().unwrap_or_default().to_owned()).collect()
    }
}

/// The meter that is on the bench, at a pty of this path.
fn on_bench(path: &str, serial: u32) -> Served {
    let meter = format!("{} serial={serial}", model());
    Served::start(&["--meter", &meter, "--port", &format!("pty:{path}")], 1)
}

#[test]
fn meters_come_one_by_one_and_the_program_goes_on_where_it_was() {
    let bench = Bench::new("id,profile,baud,label\n7,flats,4800,\"Flat 3, left\"\n8,flats,,\n");
    let path = bench.folder.text("bus");
    let link = format!("serial:{path}");
    let first = on_bench(&path, 13_070_001);
    let begun = bench.run(&["--link", &link, "--wait", "1", "--yes"]);
    assert_eq!(begun.code, 4, "{}", begun.err);
    assert!(begun.err.contains("serial 13070001: it gets id 7 (Flat 3, left)."), "{}", begun.err);
    assert!(
        begun
            .err
            .contains("Nobody came any more. 1 of 2 meters are done. To go on, use the same command again."),
        "{}",
        begun.err
    );
    let name = models::ALL[0].notes.name;
    let label = format!(
        "Flat 3, left\nModbus id     7\nSpoken to as  id 7 at 4800 8E1\nSerial        13070001\nMeter         inepro Metering {name}\n"
    );
    assert!(begun.out.contains(&label), "{}", begun.out);
    let moved = run(&["read", "--link", &format!("{link}?id=7&baud=4800"), "--format", "csv", "scroll-time"]);
    assert!(moved.out.contains(",15,s,"), "{}{}", moved.out, moved.err);
    drop(first);

    let second = on_bench(&path, 13_070_002);
    let ended = bench.run(&["--link", &link, "--label-format", "html", "--yes"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.starts_with("<!DOCTYPE html>") && ended.out.contains("<dd>13070002</dd>"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains("13070001"), "that label was written before");
    let model = model();
    assert_eq!(
        bench.report(),
        [
            format!(
                "2,7,\"Flat 3, left\",flats,13070001,{model},done,id 7 at 4800 8E1,modbus-id=7 baud=4800 scroll-time=15"
            ),
            format!("3,8,,flats,13070002,{model},done,id 8 at 9600 8E1,modbus-id=8 scroll-time=15"),
        ]
    );
    drop(second);
    // It is over, and stays so.
    let again = bench.run(&["--dry-run"]);
    assert_eq!((again.code, again.out.lines().count()), (0, 3), "{}", again.err);
    assert!(again.err.contains("Nothing was sent. 2 of 2 meters are done."), "{}", again.err);
    let labels = bench.run(&["--labels"]).out;
    assert!(labels.contains("13070001") && labels.contains("13070002"), "{labels}");
}

#[test]
fn a_program_that_was_killed_finds_the_meter_half_done_and_finishes_it() {
    let bench = Bench::new("id,profile,parity,baud\n7,flats,none,2400\n8,flats,,\n");
    let path = bench.folder.text("bus");
    let link = format!("serial:{path}");
    let meter = on_bench(&path, 13_070_001);
    for word in ["Scroll time is 15 s", "Modbus address is 7"] {
        let args = bench.args(&["--link", &link, "--yes"]);
        let mut child = metertwin().args(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(word)));
        assert!(told.is_some(), "{word}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let journal = std::fs::read_to_string(format!("{}.journal", bench.report)).unwrap();
    assert!(journal.contains("row 13070001 7\n") && !journal.contains("verified"), "{journal}");
    let ended = bench.run(&["--link", &link, "--wait", "1", "--yes"]);
    assert!(ended.err.contains("it was begun before and goes on, with id 7."), "{}", ended.err);
    assert!(ended.err.contains("The meter for id 7 is done: all of it was read back."), "{}", ended.err);
    let report = bench.report();
    assert!(report[0].contains(",done,id 7 at 2400 8N1,"), "{report:?}");
    assert_eq!(report[1], "3,8,,flats,,,free,,,,");
    drop(meter);
}

#[test]
fn what_cannot_be_undone_needs_the_digits_where_nobody_can_be_asked() {
    let entry = models::ALL.iter().find(|entry| entry.def.metering.ct.is_some()).unwrap();
    let meter = format!("{} serial=22070003", entry.def.slug);
    let served = Served::start(&["--meter", &meter, "--port", TCP], 1);
    let bench = Bench::new("id,serial,combination-code\n7,22070003,5\n");
    let args = ["--link", served.link(0), "--wait", "1", "--yes"];
    let refused = bench.run(&args);
    assert_eq!(refused.code, 4, "{}", refused.err);
    for part in
        ["since nobody has agreed to what cannot be undone", "Type the last 4 digits", "1 begun and not done"]
    {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    let code = || run(&["read", "--link", served.link(0), "--format", "csv", "combination-code"]).out;
    assert!(!code().contains(",5,"), "{}", code());
    bench.folder.write("cabinet.csv", "id,serial,confirm,combination-code\n7,22070003,0003,5\n");
    let agreed = bench.run(&args);
    assert_eq!(agreed.code, 0, "{}", agreed.err);
    assert!(bench.report()[0].contains("combination-code=5"), "{:?}", bench.report());
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_written() {
    let bench = Bench::new("id,profile,serial\n7,flats,x\n7,flat,\n300,flats,\n");
    let refused = bench.run(&["--link", "tcp://127.0.0.1:1", "--yes"]);
    assert_eq!(refused.code, 2);
    for part in [
        "--profiles: ",
        "cabinet.csv, line 2, column 3: serial: \"x\" is none: expected the last eight digits of a serial number\n",
        "cabinet.csv, line 3, column 2: profile: ",
        "flat.json: No such file",
        "cabinet.csv, line 4, column 1: modbus-id: 300 is not allowed; 1 to 247",
    ] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    let good = "id,profile\n7,flats\n8,flats\n";
    bench.folder.write("cabinet.csv", good);
    let unasked = bench.run(&["--link", "tcp://127.0.0.1:1"]);
    assert!(unasked.code == 2 && unasked.err.contains("Add --yes"), "{}", unasked.err);
    let closed = bench.run(&["--link", "tcp://127.0.0.1:1", "--yes"]);
    assert!(closed.code == 4 && closed.err.contains("cannot be opened"), "{}", closed.err);
    assert!(!bench.folder.path("done.csv").exists());
    let mistaken = ["batch", "--profiles", &bench.list, "--report", &bench.list, "--dry-run"];
    let mistaken = run(&mistaken);
    assert!(mistaken.code == 2 && mistaken.err.contains("is no report of a batch"), "{}", mistaken.err);
    assert_eq!(std::fs::read_to_string(&bench.list).unwrap(), good);
    let free = bench.run(&["--free", "13070001", "--link", "tcp://127.0.0.1:1", "--yes"]);
    assert!(free.code == 2 && free.err.contains("gives the meter 13070001 no line"), "{}", free.err);
    assert!(!bench.folder.path("done.csv.journal").exists());
}

#[test]
fn on_an_mbus_the_report_says_what_was_only_acknowledged() {
    let bench = Bench::new("id,mbus-baud,s0-rate,label\n7,2400,100,Flat 3\n");
    let path = bench.folder.text("bus");
    let entry = models::ALL.iter().find(|entry| entry.def.mbus.is_some()).unwrap();
    let (slug, port) = (entry.def.slug, format!("mbus+pty:{path}"));
    let meter = format!("{slug} serial=13070001");
    let served = Served::start(&["--meter", &meter, "--port", &port], 1);
    let link = format!("serial:{path}?protocol=mbus");
    let wrong = bench.run(&["--link", &format!("{link}&number=13070001"), "--yes"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    assert!(wrong.err.contains("whatever their numbers: expected id= or nothing"), "{}", wrong.err);
    let ended = bench.run(&["--link", &link, "--yes"]);
    // All that the bus shows was proven, and one setting it does not show: that is no clean end.
    assert_eq!(ended.code, 5, "{}", ended.err);
    assert!(
        ended.err.contains("1 of 1 meters are done, 1 of them as far as the bus shows."),
        "{}",
        ended.err
    );
    assert!(ended.out.contains("M-Bus address  7\nSpoken to as   address 7 at 2400 8E1\n"), "{}", ended.out);
    assert_eq!(
        bench.report(),
        [format!("2,7,Flat 3,,13070001,{slug},acknowledged,address 7 at 2400 8E1,mbus-id=7 mbus-baud=2400")]
    );
    let read = run(&["read", "--link", &format!("{link}&id=7&baud=2400"), "--format", "csv"]);
    assert_eq!(read.code, 0, "{}", read.err);
    drop(served);
    let again = bench.run(&["--link", &link, "--labels"]);
    assert!(again.out.contains("M-Bus address  7"), "{}{}", again.out, again.err);
}
