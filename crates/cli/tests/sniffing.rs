//! Listening to foreign masters from the terminal, and watching values: what is printed, and what stands in the files.

mod common;
mod peers;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use common::{Folder, Served, metertwin, model, run};
use peers::{Answer, Line, Master, read};
use rustix::process::Signal;

const TCP: &str = "tcp://127.0.0.1:0";
const TAP: &str = "tap+tcp://127.0.0.1:0";

/// A listener that runs until it is stopped.
struct Sniffer {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Sniffer {
    /// Starts it, and returns when it hears what is said at `masters`.
    fn start(args: &[&str], masters: &str) -> Self {
        let mut command = metertwin();
        command.arg("sniff").args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.starts_with("Listening on tcp://"), "{line}");
        let mut out = BufReader::new(child.stdout.take().unwrap());
        // Whether the tap is open already is known when the first frame comes through it.
        let mut probe = TcpStream::connect(masters).unwrap();
        let answer = std::thread::spawn(move || {
            let mut first = String::new();
            out.read_line(&mut first).unwrap();
            (first, out)
        });
        while !answer.is_finished() {
            probe.write_all(&[1, 3, 0x50, 0, 0, 2, 0xD5, 0x0B]).unwrap();
            let mut buffer = [0; 9];
            probe.read_exact(&mut buffer).unwrap();
        }
        let (first, out) = answer.join().unwrap();
        assert!(first.contains("id 1: "), "{first}");
        Self { child, out }
    }

    /// Stops it as Ctrl-C does; its exit code, and what it printed since it was ready.
    fn stop(mut self) -> (i32, String) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, Signal::INT).unwrap();
        let mut text = String::new();
        self.out.read_to_string(&mut text).unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), text)
    }
}

#[test]
fn foreign_masters_are_heard_through_the_tap() {
    let folder = Folder::new();
    let (pcap, log) = (folder.text("bus.pcap"), folder.text("bus.log"));
    let meter = format!("{} load=\"L1 230V 5A\"", model());
    let other = format!("{} serial=13070009 modbus-id=7", model());
    let args = ["--meter", &meter, "--meter", &other, "--port", TCP, "--port", TAP];
    let served = Served::start(&args, 2);
    let tap = served.address(1).to_owned();
    let link = format!("tcp://{tap}");
    let sniffer = Sniffer::start(&["--link", &link, "--pcap", &pcap, "--text", &log], served.address(0));

    let steps = [read(0x4000, 12), read(0x5000, 2), read(0x7000, 2)];
    let answers = Master::Pymodbus.run(Line::RtuTcp(served.address(0)), 7, &steps);
    assert!(matches!(answers[2], Answer::Exception(2)), "{answers:?}");
    let bridge = folder.text("bridge");
    let ends = [&format!("pty,raw,echo=0,link={bridge}"), &format!("tcp:{}", served.address(0))];
    let _socat = peers::Running::socat([ends[0], ends[1]], &[folder.path("bridge")]);
    let mbpoll = Command::new("mbpoll")
        .args(["-1", "-0", "-B", "-a", "1", "-t", "4:float", "-r", "20480", "-c", "2"])
        .args(["-m", "rtu", "-b", "9600", "-P", "none", &bridge])
        .output()
        .unwrap();
    assert!(mbpoll.status.success(), "{}", peers::said(&mbpoll));

    let (code, text) = sniffer.stop();
    assert_eq!(code, 0, "{text}");
    for part in [
        "id 7: serial number 13070009, meter code 0101, Modbus address 7, baud rate 9600 Bd, and ",
        "id 7: voltage 230.0 V, ",
        "id 7: refused: register 7000h does not exist in this model (02), ",
        "id 1: read 4 words at 5000h",
        "id 1: 4 words from 5000h: 4366 0000 4366 0000, ",
        "\nid  meter",
        "PRO1-Mod 13070009",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("no frame") && !text.contains("no answer"), "{text}");

    // The files hold the same: the log is played again, and the capture has as many packets as the log has frames.
    let written = std::fs::read_to_string(&log).unwrap();
    let frames = written.lines().filter(|line| !line.starts_with('#')).count();
    let again = run(&["sniff", "--log", &log]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.out.contains("id 7: voltage 230.0 V, "), "{}", again.out);
    let bytes = std::fs::read(&pcap).unwrap();
    let (mut at, mut packets) = (24, 0);
    while at < bytes.len() {
        let len = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap());
        at += 16 + len as usize;
        packets += 1;
    }
    assert_eq!((at, packets), (bytes.len(), frames));
}

#[test]
fn a_log_is_played_and_its_bad_lines_are_named() {
    let folder = Folder::new();
    let log = folder.write(
        "a.log",
        "12:44:10.000 > 01 03 50 00 00 02 D5 0B\n12:44:10.041 < 01 03 04 43 66 19 9A 85 87\nwhat\n",
    );
    let played = run(&["sniff", "--log", &log, "--model", model(), "--bytes"]);
    assert_eq!(played.code, 0, "{}", played.err);
    assert!(
        played.out.starts_with(
            "12:44:10.000000 > 01 03 50 00 00 02 D5 0B  # id 1: read voltage, 2 words at 5000h\n"
        ),
        "{}",
        played.out
    );
    assert!(
        played.err.contains("line 3: \"what\" is no byte: expected two hexadecimal digits"),
        "{}",
        played.err
    );
    for (args, code, wrong) in [
        (&["--log", &folder.write("b.log", "nothing here\n")][..], 2, "holds no bytes in hexadecimal"),
        (&["--log", "/nowhere"], 2, "--log: /nowhere cannot be read: "),
        (&["--link", "modbus-tcp://h:1"], 2, "--link: Modbus TCP joins two programs alone"),
        (&["--link", "x"], 2, "--link: \"x\" is no place of a meter"),
        (&[], 2, "there is nothing to listen to: add --link LINK or --log FILE"),
    ] {
        let ended = run(&[&["sniff"], args].concat());
        assert_eq!(ended.code, code, "{args:?}: {}", ended.err);
        assert!(ended.err.contains(wrong), "{args:?}: {}", ended.err);
    }
}

#[test]
fn a_quiet_line_is_exit_code_4() {
    let served = Served::start(&["--model", model(), "--port", TCP, "--port", TAP], 2);
    let heard = run(&["sniff", "--link", &format!("tcp://{}", served.address(1)), "--seconds", "1"]);
    assert_eq!(heard.code, 4);
    assert!(heard.err.contains("Nothing was heard on tcp://"), "{}", heard.err);
}

#[test]
fn values_are_watched_and_kept() {
    let folder = Folder::new();
    let (csv, json) = (folder.text("a.csv"), folder.text("a.json"));
    let served = Served::start(&["--model", model(), "--load", "L1 230V 5A", "--port", TCP], 1);
    let link = served.link(0);
    let watch =
        run(&["watch", "--link", link, "voltage", "power", "--seconds", "1", "--csv", &csv, "--json", &json]);
    assert_eq!(watch.code, 0, "{}", watch.err);
    let last = watch.out.lines().last().unwrap();
    assert!(
        last.contains("Voltage 230.0 V") && last.contains("power 1.150 kW") && last.contains("requests/s"),
        "{last}"
    );
    let csv = std::fs::read_to_string(&csv).unwrap();
    assert!(csv.starts_with("time,until,key,label,value,unit,raw,gap,serial\r\n20"), "{csv}");
    assert!(csv.contains(",voltage,Voltage,230.0,V,43 66 00 00,,13070001\r\n"), "{csv}");
    assert!(std::fs::read_to_string(&json).unwrap().contains("\"model\": \"pro1-mod\""));
    let columns = folder.text("b.csv");
    let args =
        ["watch", "--link", link, "voltage", "--seconds", "1", "--csv", &columns, "--layout", "columns"];
    assert_eq!(run(&[&args[..], &["--every", "200"]].concat()).code, 0);
    let columns = std::fs::read_to_string(&columns).unwrap();
    assert!(columns.starts_with("time,Voltage [V],gap\r\n"), "{columns}");
    assert!(columns.lines().count() <= 8, "five rounds in a second: {columns}");
    for (args, code, wrong) in [
        (&["colour"][..], 2, "POINT: PRO1-Mod has no \"colour\": expected keys of its values, such as "),
        (&["parity"], 2, "POINT: \"parity\" is no number"),
        (&["voltage", "--csv", "/nowhere/x", "--seconds", "1"], 2, "--csv: /nowhere/x cannot be written"),
    ] {
        let ended = run(&[&["watch", "--link", link], args].concat());
        assert_eq!(ended.code, code, "{args:?}: {}", ended.err);
        assert!(ended.err.contains(wrong), "{args:?}: {}", ended.err);
    }
    let silent = run(&["watch", "--link", &format!("{link}?id=9"), "voltage", "--seconds", "1"]);
    assert_eq!(silent.code, 4, "{}", silent.err);
}

#[test]
fn a_meter_on_an_mbus_is_watched_too() {
    let served = Served::start(&["--model", "pro1-mb", "--energy", "energy.forward=12.34", "--port", TCP], 1);
    let link = format!("{}?protocol=mbus&id=0", served.link(0));
    let watch = run(&["watch", "--link", &link, "energy.forward", "--seconds", "1"]);
    assert_eq!(watch.code, 0, "{}", watch.err);
    assert!(watch.out.lines().last().unwrap().contains("12.34 kWh"), "{}", watch.out);
    let wrong = run(&["watch", "--link", &link, "colour", "--seconds", "1"]);
    assert!(wrong.code == 2 && wrong.err.contains("the meter tells no \"colour\""), "{}", wrong.err);
}
