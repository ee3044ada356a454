//! Foreign M-Bus masters against a slave of ours: pyMeterBus and libmbus scan, select, read, write and read back.
//! The programs are those of `tests/peers`; `cargo xtask test` brings what they need.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration as Span, Instant as Clock};

use mbus::{
    Command as Asked, Data, FRAME_BUFFER, Identity, LineParams, Manufacturer, Output, Place, RecordSource,
    Refused, Slave, SlaveConfig, Writer,
};
use units::Instant;

/// A meter whose energy goes up by one with every telegram, so that a stale answer shows.
struct Meter {
    id: u32,
    address: u8,
    asked: std::cell::Cell<i64>,
}

impl RecordSource for Meter {
    fn identity(&self) -> Identity {
        Identity { id: self.id, manufacturer: Manufacturer::INM, version: 1, medium: 2 }
    }

    fn address(&self) -> u8 {
        self.address
    }

    fn status(&self) -> u8 {
        0
    }

    fn telegram(&self, index: u8, into: &mut [u8]) -> Option<(usize, bool)> {
        let mut writer = Writer::new(into);
        self.asked.set(self.asked.get() + 1);
        let energy = Data::Bcd { value: self.asked.get(), digits: 8 };
        (index == 0).then(|| writer.record(Place::default(), &[0x03], energy).ok())??;
        Some((writer.len(), false))
    }

    fn check(&self, command: &Asked<'_>) -> Result<(), Refused> {
        match command {
            Asked::Record(record)
                if record.vif == [0x7A] && matches!(record.value.as_int(), Some(0..=250)) =>
            {
                Ok(())
            }
            Asked::Baud(300..=9600) => Ok(()),
            _ => Err(Refused),
        }
    }

    fn write(&mut self, command: &Asked<'_>) {
        if let Asked::Record(record) = command {
            self.address = record.number().and_then(|value| u8::try_from(value).ok()).unwrap();
        }
    }
}

/// Serves meters of these numbers and addresses to one master after another; the place to find them.
fn served(meters: &'static [(u32, u8)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut buffers = vec![([0; FRAME_BUFFER], [0; FRAME_BUFFER]); meters.len()];
        let mut slaves: Vec<_> = meters
            .iter()
            .zip(&mut buffers)
            .map(|((id, address), (rx, tx))| {
                let slave = Slave::new(SlaveConfig::new(*address, LineParams::even(9600)), rx, tx);
                (slave, Meter { id: *id, address: *address, asked: std::cell::Cell::new(0) })
            })
            .collect();
        let begun = Clock::now();
        for master in listener.incoming().map_while(Result::ok) {
            serve(master, &mut slaves, begun);
        }
    });
    place
}

fn serve(mut master: TcpStream, slaves: &mut [(Slave<'_>, Meter)], begun: Clock) {
    master.set_nodelay(true).unwrap();
    master.set_read_timeout(Some(Span::from_millis(1))).unwrap();
    let mut bytes = [0; 512];
    loop {
        let heard = match master.read(&mut bytes) {
            Ok(0) => return,
            Ok(n) => &bytes[..n],
            Err(fault) if matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => &[][..],
            Err(_) => return,
        };
        let now = Instant::from_micros(u64::try_from(begun.elapsed().as_micros()).unwrap());
        let mut answers: Vec<Vec<u8>> = Vec::new();
        for (slave, meter) in &mut *slaves {
            slave.handle_rx(now, heard);
            while slave.poll_at().is_some_and(|due| due <= now) {
                match slave.poll(now, meter) {
                    Some(Output::Transmit(bytes)) => {
                        answers.push(bytes.to_vec());
                        slave.handle_tx_done(now);
                    }
                    Some(_) => {}
                    None => break,
                }
            }
        }
        // Where several answer at once a space of any of them wins.
        let longest = answers.iter().map(Vec::len).max().unwrap_or(0);
        let joined: Vec<u8> = (0..longest)
            .map(|at| answers.iter().filter_map(|answer| answer.get(at)).fold(0xFF, |a, b| a & b))
            .collect();
        if master.write_all(&joined).is_err() {
            return;
        }
    }
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// The master made of libmbus, compiled once for all tests.
fn libmbus() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let sources = std::env::var_os("METERTWIN_LIBMBUS");
        let sources = PathBuf::from(sources.expect("METERTWIN_LIBMBUS, which `cargo xtask test` sets"));
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mbus_master_libmbus");
        let mut cc = Command::new("cc");
        cc.args(["-w", "-I"])
            .arg(&sources)
            .arg("-o")
            .arg(&program)
            .arg(peers().join("mbus_master_libmbus.c"));
        for part in ["mbus-protocol.c", "mbus-protocol-aux.c", "mbus-serial.c", "mbus-tcp.c", "mbus.c"] {
            cc.arg(sources.join(part));
        }
        assert!(cc.arg("-lm").status().unwrap().success());
        program
    });
    Command::new(program)
}

fn pymeterbus() -> Command {
    let python = std::env::var("METERTWIN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.arg(peers().join("mbus_master.py"));
    command
}

/// Does the steps; what a step answered, its name left out.
#[track_caller]
fn steps(mut master: Command, place: &str, steps: &[&str]) -> Vec<String> {
    let output = master.args(["tcp", place]).args(steps).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<_> = said
        .lines()
        .map(|line| line.split_once(", ").map_or("", |(_, rest)| rest).trim_end_matches('}').to_owned())
        .collect();
    assert_eq!(answers.len(), steps.len(), "{said}");
    answers
}

const METERS: &[(u32, u8)] = &[(0x1307_0001, 1), (0x1307_0002, 2), (0x1307_0093, 5)];

#[track_caller]
fn telegram(answer: &str, from: u8, secondary: &str, first: i64) {
    assert!(answer.contains(&format!("\"from\": {from},")), "{answer}");
    assert!(answer.contains(&format!("\"secondary\": \"{secondary}\"")), "{answer}");
    let shown = answer.rsplit("\"first\": ").next().unwrap().trim_matches('"');
    assert_eq!(shown.parse::<f64>().unwrap() as i64, first, "{answer}");
}

fn scan_read_and_write(master: fn() -> Command) {
    let place = served(METERS);
    let said = steps(
        master(),
        &place,
        &[
            "scan:0:6",
            "read:1",
            "read:1",
            "read:1",
            "read:9",
            "address:1:7",
            "read:7",
            "read:1",
            "address:7:251",
            "read:7",
            "baud:2:2400",
            "baud:9:2400",
        ],
    );
    assert_eq!(said[0], "\"answered\": [1, 2, 5]");
    for (answer, count) in said[1..4].iter().zip(1..) {
        // Neither of the two toggles the frame count bit: each answer is a fresh one.
        telegram(answer, 1, "13070001CD250102", count);
    }
    assert_eq!(said[4], "\"silence\": true");
    assert_eq!(said[5], "\"acknowledged\": 1");
    telegram(&said[6], 7, "13070001CD250102", 4);
    assert_eq!(said[7], "\"silence\": true");
    assert_eq!(said[8], "\"acknowledged\": 1", "an address out of range is acknowledged and not taken");
    telegram(&said[9], 7, "13070001CD250102", 5);
    assert_eq!(said[10..], ["\"acknowledged\": 1", "\"acknowledged\": 0"]);
}

fn select_with_wildcards(master: fn() -> Command) {
    let place = served(METERS);
    let said = steps(
        master(),
        &place,
        &[
            "select:13070002CD250102",
            "read:253",
            "select:FFFFFF93FFFFFFFF",
            "read:253",
            "select:1307009FFFFFFFFF",
            "read:253",
            "select:FFFFFFFFFFFFFF07",
            "read:253",
        ],
    );
    assert_eq!(said[0], "\"selected\": \"single\"");
    telegram(&said[1], 2, "13070002CD250102", 1);
    assert_eq!(said[2], "\"selected\": \"single\"");
    telegram(&said[3], 5, "13070093CD250102", 1);
    assert_eq!(said[4], "\"selected\": \"single\"");
    telegram(&said[5], 5, "13070093CD250102", 2);
    assert_eq!(said[6..], ["\"selected\": \"nothing\"", "\"silence\": true"]);
}

#[test]
fn libmbus_scans_reads_and_writes() {
    scan_read_and_write(libmbus);
}

#[test]
fn libmbus_selects_with_wildcards() {
    select_with_wildcards(libmbus);
}

#[test]
fn libmbus_reads_with_and_without_a_frame_count_bit() {
    let place = served(METERS);
    let said = steps(libmbus(), &place, &["multi:5", "multi:5", "reset:5", "ping:5"]);
    assert_eq!(said, ["\"telegrams\": 1", "\"telegrams\": 1", "\"acknowledged\": 0", "\"acknowledged\": 1"]);
}

#[test]
fn pymeterbus_scans_reads_and_writes() {
    scan_read_and_write(pymeterbus);
}

#[test]
fn pymeterbus_selects_with_wildcards() {
    select_with_wildcards(pymeterbus);
}

#[test]
fn the_same_frame_count_bit_for_ever_is_served_fresh_data() {
    let place = served(METERS);
    let said = steps(pymeterbus(), &place, &["read-fcb:2", "read-fcb:2", "read-fcb:2"]);
    for (answer, count) in said.iter().zip(1..) {
        telegram(answer, 2, "13070002CD250102", count);
    }
}
