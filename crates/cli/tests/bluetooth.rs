//! The emulated Bluetooth: silent while it is off, register frames for programs that know nothing of us while it is on, and
//! the app's view over it. And what cannot be undone, over every line.

mod common;
mod peers;

use common::{Folder, Run, Served, run};
use peers::{python, said};

/// More tries than a meter needs whose keys are touched in real time.
const TRIES: usize = 30;

/// The first model with a radio.
fn model() -> &'static str {
    models::ALL.iter().find(|entry| entry.def.radio().is_some()).unwrap().def.slug
}

fn serve(more: &[&str], ports: usize) -> Served {
    Served::start(&[&["--model", model()], more].concat(), ports)
}

/// Whether pymodbus had an answer to each step, and what it says.
fn pymodbus(address: &str, steps: &[&str]) -> (bool, String) {
    let mut master = python("master_pymodbus.py");
    let output = master.args(["rtutcp", address]).args(steps).output().unwrap();
    (output.status.success(), said(&output))
}

fn link(served: &Served, port: usize, more: &str) -> String {
    format!("tcp://{}?protocol=ble{more}", served.address(port))
}

/// Reads until the hand at the keys has switched the radio on.
fn wait(link: &str) {
    let read = || run(&["read", "--link", link, "serial"]);
    assert!((0..TRIES).any(|_| read().code == 0), "the Bluetooth does not come on");
}

#[track_caller]
fn ends(run: &Run, code: i32, says: &str) {
    let text = format!("{}{}", run.out, run.err);
    assert!(run.code == code && text.contains(says), "{}: {text}", run.code);
}

#[test]
fn a_foreign_master_hears_nothing_before_it_is_switched_on() {
    let served = serve(&["--port", "ble+tcp://127.0.0.1:0", "--port", "rtu+tcp://127.0.0.1:0"], 2);
    assert!(served.link(0).starts_with("ble+tcp://127.0.0.1:"));
    let (good, text) = pymodbus(served.address(0), &["read:0x4000:2"]);
    assert!(!good && text.contains("error"), "{text}");
    let (good, text) = pymodbus(served.address(1), &["read:0x4000:2"]);
    assert!(good && text.contains("\"registers\": [8711, 3]"), "{text}");
}

#[test]
fn a_foreign_master_reads_and_writes_after_the_password() {
    let served = serve(&["--port", "ble+tcp://127.0.0.1:0", "--bluetooth"], 1);
    wait(&link(&served, 0, ""));
    let steps = [
        "read:0x4000:2",
        "read:0x5000:56",
        "write:0x4010:0x20",
        "write-many:0x4034:0x1234",
        "write-many:0x4034:0x0000",
        "write:0x4010:0x20",
        "read:0x4010:1",
    ];
    let (good, text) = pymodbus(served.address(0), &steps);
    let lines: Vec<&str> = text.lines().collect();
    assert!(good && lines.len() == steps.len(), "{text}");
    for (line, says) in lines.iter().zip([
        "[8711, 3]",
        "\"registers\": [0, 0, 17254, 0,",
        "\"exception\": 1",
        "\"exception\": 3",
        "\"written\": 1",
        "\"written\": 1",
        "[32]",
    ]) {
        assert!(line.contains(says), "{says}: {text}");
    }
    // Another connection begins without the password.
    let (_, text) = pymodbus(served.address(0), &["write:0x4010:0x21"]);
    assert!(text.contains("\"exception\": 1"), "{text}");
}

#[test]
fn a_pty_has_no_speed_that_could_be_wrong() {
    let folder = Folder::new();
    let served = serve(&["--port", &format!("ble+pty:{}", folder.text("phone")), "--bluetooth"], 1);
    wait(&format!("serial:{}?protocol=ble", folder.text("phone")));
    let mut master = python("master_pymodbus.py");
    let output =
        master.args(["pty", &folder.text("phone"), "--baud", "4800", "read:0x4000:2"]).output().unwrap();
    assert!(said(&output).contains("[8711, 3]"), "{}", said(&output));
    drop(served);
}

#[test]
fn settings_are_set_over_it_with_the_password() {
    let served = serve(&["--port", "ble+tcp://127.0.0.1:0", "--bluetooth"], 1);
    let open = link(&served, 0, "");
    wait(&open);
    ends(&run(&["set", "--link", &open, "scroll-time=7", "--yes"]), 2, "Add &password= to the link.");
    let wrong = link(&served, 0, "&password=1234");
    ends(&run(&["set", "--link", &wrong, "scroll-time=7", "--yes"]), 5, "The meter refused the password");
    let short = link(&served, 0, "&password=12");
    ends(&run(&["set", "--link", &short, "scroll-time=7", "--yes"]), 2, "A password has 4 digits");
    let right = link(&served, 0, "&password=0000");
    let set = run(&["set", "--link", &right, "scroll-time=7", "baud=19200", "--yes"]);
    ends(&set, 0, "Modbus baud rate is 19200 Bd, read back from the meter.");
    assert!(set.err.contains("Bluetooth is emulated"), "{}", set.err);
    ends(&run(&["read", "--link", &open, "scroll-time"]), 0, "7 s");
    // What a journal knows is put back over it too, with the password.
    let folder = Folder::new();
    let journal = folder.text("day.journal");
    let set = run(&["set", "--link", &right, "scroll-time=9", "--yes", "--journal", &journal]);
    ends(&set, 0, "Scroll time is 9 s, read back from the meter.");
    let undo = |link: &str| run(&["undo", "--journal", &journal, "--link", link, "--yes"]);
    ends(&undo(&open), 2, "Add &password= to the link.");
    ends(&undo(&right), 0, "Scroll time is 7 s, read back from the meter.");
}

#[test]
fn a_read_out_can_have_the_layout_of_the_apps_file() {
    let folder = Folder::new();
    let served = serve(&["--port", "rtu+tcp://127.0.0.1:0"], 1);
    let link = format!("tcp://{}", served.address(0));
    let csv = folder.text("meter.csv");
    let app = run(&["manager", "--link", &link, "--csv", &csv]);
    assert_eq!(app.code, 0, "{}", app.err);
    let read = run(&["read", "--link", &link, "--format", "csv", "--layout", "app"]);
    assert_eq!(read.code, 0, "{}", read.err);
    assert_eq!(read.out, std::fs::read_to_string(&csv).unwrap());
    ends(
        &run(&["read", "--link", &link, "--layout", "app"]),
        2,
        "expected --format csv with it, and no keys",
    );
    let mbus = format!("{link}?protocol=mbus");
    let read = |link: &str| run(&["read", "--link", link, "--format", "csv", "--layout", "app"]);
    ends(&read(&mbus), 2, "the app speaks the registers of Modbus: expected own here");
    let plain = models::ALL.iter().find(|entry| entry.def.modbus.is_some() && entry.def.app().is_none());
    let served = Served::start(&["--model", plain.unwrap().def.slug, "--port", "tcp://127.0.0.1:0"], 1);
    ends(&read(&format!("tcp://{}", served.address(0))), 5, "No app of its maker is known for this meter");
}

#[test]
fn the_app_shows_its_pages_and_saves_its_file() {
    let folder = Folder::new();
    let csv = folder.text("meter.csv");
    let args = ["--port", "ble+tcp://127.0.0.1:0", "--port", "rtu+tcp://127.0.0.1:0", "--bluetooth"];
    let served = serve(&args, 2);
    let radio = link(&served, 0, "");
    wait(&radio);
    let shown = run(&["manager", "--link", &radio, "--csv", &csv]);
    for says in [
        "inepro Meter Manager\n",
        "Check Sum 2 ",
        "\nEnergy values\n",
        "L1 Voltage ",
        "\nSettings\n",
        "9600 bps.",
    ] {
        ends(&shown, 0, says);
    }
    let file = std::fs::read_to_string(&csv).unwrap();
    assert!(file.starts_with("name,value,unit\r\nMeter type,"), "{file}");
    assert!(file.contains("\r\nL1 Voltage,230,V\r\n"), "{file}");
    let wire = run(&["manager", "--link", &format!("tcp://{}", served.address(1))]);
    assert_eq!((wire.code, &wire.out), (0, &shown.out));
    let other = Served::start(&["--model", common::model(), "--port", "tcp://127.0.0.1:0"], 1);
    let other = format!("tcp://{}", other.address(0));
    ends(&run(&["manager", "--link", &other]), 5, "No app of its maker is known for this meter");
    ends(&run(&["manager", "--link", "tcp://h:1?protocol=mbus"]), 2, "expected no protocol, or ble");
}

#[test]
fn what_cannot_be_undone_needs_the_digits_of_the_meter_over_every_line() {
    let args = ["--port", "rtu+tcp://127.0.0.1:0", "--port", "mbus+tcp://127.0.0.1:0"];
    let served = serve(&args, 2);
    let modbus = format!("tcp://{}", served.address(0));
    let mbus = format!("tcp://{}?protocol=mbus&id=0", served.address(1));
    let both = ["combination-code=5", "tariff=3", "ct-ratio=500/5"];
    for (link, changes) in [(&modbus, &both[..]), (&mbus, &both[..2])] {
        for change in changes {
            let set = run(&["set", "--link", link, change, "--yes"]);
            ends(&set, 2, "needs --confirm-serial with the last four digits");
            assert!(set.err.contains("This cannot be undone:"), "{}", set.err);
            let wrong = run(&["set", "--link", link, change, "--yes", "--confirm-serial", "0004"]);
            ends(&wrong, 2, "these are not the last 4 digits of the serial number of this meter");
        }
    }
    let dry = run(&["set", "--link", &modbus, "ct-ratio=500/5", "--dry-run"]);
    ends(&dry, 0, "it uses up one of 7 changes in the life of the meter");
    let code = run(&["read", "--link", &modbus, "combination-code", "tariff", "ct-ratio"]);
    ends(&code, 0, "5/5");
    for change in ["tariff=3", "ct-ratio=500/5", "combination-code=5"] {
        let set = run(&["set", "--link", &modbus, change, "--yes", "--confirm-serial", "0003"]);
        ends(&set, 0, "read back from the meter");
    }
    // Once it is done it is no question any more, and what never was one is none.
    ends(
        &run(&["set", "--link", &modbus, "tariff=4", "scroll-time=9", "--yes"]),
        0,
        "read back from the meter",
    );
}

#[test]
fn what_has_no_radio_is_told() {
    let bare = run(&["serve", "--model", common::model(), "--port", "ble+tcp://127.0.0.1:0"]);
    ends(&bare, 2, "no meter here has Bluetooth");
    let bare = run(&["serve", "--model", common::model(), "--bluetooth"]);
    ends(&bare, 2, "no meter here has Bluetooth: leave it out");
    let serial = run(&["serve", "--model", model(), "--port", "ble+serial:/dev/ttyUSB0"]);
    ends(&serial, 2, "would be a radio on a serial device: expected ble+tcp://HOST:PORT or ble+pty:PATH");
}
