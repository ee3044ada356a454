//! Meters served over tcp, Modbus TCP and pseudo-terminals, read and set by the program itself.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use common::{Folder, Served, exists, model, run};

const TCP: &str = "tcp://127.0.0.1:0";
const MODBUS_TCP: &str = "modbus-tcp://127.0.0.1:0";

fn read(link: &str, key: &str) -> common::Run {
    run(&["read", "--link", link, "--format", "csv", key])
}

/// The value of a key, which must be there.
fn value(link: &str, key: &str) -> String {
    let read = read(link, key);
    assert_eq!(read.code, 0, "{link} {key}: {}", read.err);
    read.out.lines().nth(1).and_then(|line| line.split(',').nth(2)).unwrap_or_default().to_owned()
}

#[test]
fn a_meter_is_read_and_set_over_tcp() {
    let load = "L1 230V 5A pf 0.9";
    let served = Served::start(
        &["--model", model(), "--load", load, "--energy", "energy.forward=12.34", "--port", TCP],
        1,
    );
    let link = served.link(0);
    let all = run(&["read", "--link", link]);
    assert_eq!(all.code, 0, "{}", all.err);
    for part in ["Total active power", "1.035 kW", "12.34 kWh", "230.0 V"] {
        assert!(all.out.contains(part), "{part}: {}", all.out);
    }
    let json = run(&["read", "--link", link, "--model", model(), "--format", "json", "voltage"]);
    assert!(json.code == 0 && json.out.contains("\"key\": \"voltage\""), "{}", json.out);
    let none = read(link, "colour");
    assert!(
        none.code == 2 && none.err.contains("POINT: ") && none.err.contains("no \"colour\""),
        "{}",
        none.err
    );

    let dry = run(&["set", "--link", link, "scroll-time=15", "--dry-run"]);
    assert!(
        dry.code == 0 && dry.out.contains("Nothing was sent.") && dry.out.contains("scroll time to 15 s")
    );
    assert_eq!(value(link, "scroll-time"), "10");
    let moving = run(&["set", "--link", link, "baud=4800", "modbus-id=9", "--dry-run"]);
    assert!(moving.out.contains("to 9; this program follows the meter there"), "{}", moving.out);
    assert!(moving.out.contains("meter's line has to follow it there"), "{}", moving.out);
    let unasked = run(&["set", "--link", link, "scroll-time=15"]);
    assert!(unasked.code == 2 && unasked.err.contains("Add --yes"), "{}", unasked.err);
    assert_eq!(value(link, "scroll-time"), "10");
    let set = run(&["set", "--link", link, "scroll-time=15", "--yes"]);
    assert_eq!(set.code, 0, "{}", set.err);
    assert_eq!(set.out, "Scroll time is 15 s, read back from the meter.\n");
    assert_eq!(value(link, "scroll-time"), "15");
    let (status, _) = served.stop();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn silence_is_exit_code_4() {
    let served = Served::start(&["--model", model(), "--port", TCP, "--quirk", "unit0=silent"], 1);
    let link = served.link(0).to_owned();
    for id in [0, 9] {
        let read = read(&format!("{link}?id={id}"), "serial");
        assert_eq!(read.code, 4, "{}", read.err);
        assert!(read.err.contains(&format!("No answer from id {id}")), "{}", read.err);
    }
    drop(served);
    let read = read(&link, "serial");
    assert_eq!(read.code, 4);
    assert!(
        read.err.contains("cannot be opened") && read.err.contains("Nothing listens there"),
        "{}",
        read.err
    );
}

#[test]
fn a_port_that_is_taken_is_named() {
    let served = Served::start(&["--model", model(), "--port", TCP], 1);
    let second = run(&["serve", "--model", model(), "--port", served.link(0)]);
    assert_eq!(second.code, 2);
    assert!(
        second.err.contains("cannot listen there") && second.err.contains("Choose another port"),
        "{}",
        second.err
    );
}

#[test]
fn a_pty_carries_speed() {
    let folder = Folder::new();
    let path = folder.text("meter");
    let served = Served::start(&["--model", model(), "--port", &format!("pty:{path}")], 1);
    let link = format!("serial:{path}");
    assert_eq!(value(&link, "serial"), "13070001");
    let deaf = read(&format!("{link}?baud=4800"), "serial");
    assert_eq!(deaf.code, 4, "{}", deaf.err);
    // The change of speed is answered at the old one, and followed to the new one.
    let set = run(&["set", "--link", &link, "baud=4800", "modbus-id=9", "--yes"]);
    assert_eq!(set.code, 0, "{}{}", set.out, set.err);
    assert!(set.out.contains("The meter is spoken to as id 9 at 4800 8E1 from now on."), "{}", set.out);
    assert_eq!(value(&format!("{link}?baud=4800&id=9"), "baud"), "4800");
    assert_eq!(read(&format!("{link}?id=9"), "serial").code, 4);
    let (status, _) = served.stop();
    assert_eq!(status.code(), Some(0));
    assert!(!exists(&folder.path("meter")), "the link goes with the program");
}

#[test]
fn a_path_that_is_something_else_is_left_alone() {
    let folder = Folder::new();
    let path = folder.write("notes", "mine");
    let served = run(&["serve", "--model", model(), "--port", &format!("pty:{path}")]);
    assert_eq!(served.code, 2);
    assert!(served.err.contains("the path exists and is no pty"), "{}", served.err);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn several_meters_share_all_ports() {
    let meters = [
        format!("{} modbus-id=1", model()),
        format!("{} serial=13079999 modbus-id=2 load=\"L1 230V 5A\"", model()),
        format!("{} modbus-id=3", model()),
    ];
    let mut args = vec!["--port", TCP, "--port", MODBUS_TCP];
    for meter in &meters {
        args.extend(["--meter", meter]);
    }
    let served = Served::start(&args, 2);
    for port in 0..2 {
        let serial = |id: u8| value(&format!("{}?id={id}", served.link(port)), "serial");
        assert_eq!([serial(1), serial(2), serial(3)], ["13070001", "13079999", "13070002"]);
        assert_eq!(value(&format!("{}?id=2", served.link(port)), "power"), "1.150");
    }
    // Every meter answers a read of id 0: on one line nobody understands that.
    assert_eq!(read(&format!("{}?id=0", served.link(0)), "serial").code, 4);
    let (_, said) = served.stop();
    assert!(said.contains("several meters answered at once"), "{said}");
}

#[test]
fn frames_of_two_masters_never_mix() {
    let served = Served::start(&["--model", model(), "--port", TCP, "--quirk", "reply-delay=0ms"], 1);
    let address = served.address(0);
    let (request, expected) = ([1, 3, 0x40, 0, 0, 2, 0xD1, 0xCB], [1, 3, 4, 0x13, 7, 0, 1, 0x8E, 0xB6]);
    thread::scope(|scope| {
        for split in [1usize, 4, 8] {
            scope.spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
                let mut answered = 0;
                // On a busy machine a pause inside a request can be too long, and is answered with silence.
                for _ in 0..40 {
                    for part in request.chunks(split) {
                        stream.write_all(part).unwrap();
                    }
                    let mut answer = [0; 9];
                    if stream.read_exact(&mut answer).is_ok() {
                        assert_eq!(answer, expected, "{split}");
                        answered += 1;
                    }
                }
                assert!(answered >= 20, "{split}: {answered} answers");
            });
        }
    });
}

#[test]
fn a_serial_device_follows_the_first_meter() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let device = ptsname(&master, Vec::new()).unwrap().to_string_lossy().into_owned();
    let speed = |fd: &rustix::fd::OwnedFd| rustix::termios::tcgetattr(fd).unwrap().output_speed();
    let served = Served::start(&["--model", model(), "--port", &format!("serial:{device}")], 1);
    assert_eq!(speed(&master), 9_600);
    let mut line = std::fs::File::from(master.try_clone().unwrap());
    let mut ask = |request: &[u8], answer: &[u8]| {
        line.write_all(request).unwrap();
        let mut heard = vec![0; answer.len()];
        line.read_exact(&mut heard).unwrap();
        assert_eq!(heard, answer);
    };
    let serial = [1, 3, 0x40, 0, 0, 2, 0xD1, 0xCB];
    let answer = [1, 3, 4, 0x13, 7, 0, 1, 0x8E, 0xB6];
    ask(&serial, &answer);
    // 4800 Bd: the echo of the write is the answer, and leaves before the device changes over.
    let slow = [1, 6, 0x40, 4, 0x12, 0xC0, 0xD1, 0x3B];
    ask(&slow, &slow);
    // Asked at once, and with a byte FFh, which marks nothing here: there is no register 0FFFh.
    ask(&[1, 3, 0x0F, 0xFF, 0, 1, 0xB7, 0x2E], &[1, 0x83, 2, 0xC0, 0xF1]);
    assert_eq!(speed(&master), 4_800);
    let (status, _) = served.stop();
    assert_eq!(status.code(), Some(0));
}

/// Sends a request, and returns what comes back until it is `end` bytes.
fn ask(address: &str, request: &[u8], end: usize) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = vec![0; end];
    stream.read_exact(&mut answer).unwrap();
    answer
}

#[test]
fn on_an_m_bus_the_zeros_of_several_answers_win() {
    let meters = ["pro1-mb serial=13070001 mbus-id=1", "pro1-mb serial=13070002 mbus-id=1"];
    let read = [0x10, 0x5B, 1, 0x5C, 0x16];
    let telegram = |meters: &[&str]| {
        let mut args = vec!["--port", TCP];
        args.extend(meters.iter().flat_map(|meter| ["--meter", meter]));
        let served = Served::start(&args, 1);
        let nke = [0x10, 0x40, 1, 0x41, 0x16];
        assert_eq!(ask(served.address(0), &nke, 1), [0xE5], "equal answers are one");
        let telegram = ask(served.address(0), &read, 81);
        (telegram, served.stop().1)
    };
    let [(first, quiet), (second, _)] = [telegram(&meters[..1]), telegram(&meters[1..])];
    let (both, said) = telegram(&meters);
    assert_ne!(first, second);
    let mixed: Vec<u8> = first.iter().zip(&second).map(|(a, b)| a & b).collect();
    assert_eq!(both, mixed);
    assert!(said.contains("id 1 is there 2 times") && said.contains("their bits mix"), "{said}");
    assert_eq!(quiet, "");
}

#[test]
fn the_optical_head_sits_on_one_meter() {
    let meters = ["--meter", "pro1-mod", "--meter", "pro1-s serial=13079999"];
    let ports =
        ["--port", "ir+tcp://127.0.0.1:0", "--port", "ir+tcp://127.0.0.1:0?meter=13079999", "--port", TCP];
    let served = Served::start(&[&meters[..], &ports].concat(), 3);
    let address = |port: usize| {
        let link = served.link(port).strip_prefix("ir+tcp://").unwrap();
        link.split('?').next().unwrap().to_owned()
    };
    for port in 0..2 {
        let heard = ask(&address(port), b"/?!\r\n", 5);
        assert_eq!(heard[0], b'/', "{heard:02X?}");
    }
    assert_eq!(value(served.link(2), "serial"), "13070001", "the bus goes on");
}

#[test]
fn meters_of_two_buses_need_a_word_at_the_port() {
    let both = ["serve", "--meter", "pro1-mod", "--meter", "pro1-mb", "--port", TCP];
    let served = run(&both);
    assert_eq!(served.code, 2);
    let wrong =
        "--port: tcp://127.0.0.1:0 could be either of two buses: expected rtu+tcp://127.0.0.1:0 or mbus+tcp";
    assert!(served.err.contains(wrong), "{}", served.err);
    let many = run(&["serve", "--model", model(), "--count", "300"]);
    assert!(
        many.code == 2 && many.err.contains("--count: 300 meters from modbus-id 1 on are too many"),
        "{}",
        many.err
    );
}
