//! A reading head on a serial device, from both sides: the program reads and sets over one device what it serves at the
//! other. Between them is a cable that carries characters at the speed of the line, and none to a line of another speed.

mod common;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{Served, model, run};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::tcgetattr;

/// The end of the cable at the head, and the one at the meter.
const HEAD: usize = 0;
const METER: usize = 1;

/// Characters that left one end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Carried {
    from: usize,
    baud: u32,
    characters: String,
    /// False where the other end had another speed.
    arrived: bool,
}

/// Two serial devices whose wires are joined.
struct Cable {
    devices: [String; 2],
    carried: Arc<Mutex<Vec<Carried>>>,
}

impl Cable {
    fn new() -> Self {
        let ends = [HEAD, METER].map(|_| {
            let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
            grantpt(&master).unwrap();
            unlockpt(&master).unwrap();
            Arc::new(File::from(master))
        });
        let devices =
            ends.each_ref().map(|end| ptsname(end, Vec::new()).unwrap().to_string_lossy().into_owned());
        let carried = Arc::default();
        for from in [HEAD, METER] {
            let (near, far) = (Arc::clone(&ends[from]), Arc::clone(&ends[1 - from]));
            let carried = Arc::clone(&carried);
            // It ends with the test program.
            thread::spawn(move || carry(from, &near, &far, &carried));
        }
        Self { devices, carried }
    }

    /// What has gone over the cable since this was asked last, once these characters, which are to be the last ones, are
    /// through: the program that sent them may have ended before.
    fn take_to(&self, last: &str) -> Vec<Carried> {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            let through: String =
                self.carried.lock().unwrap().iter().map(|one| one.characters.as_str()).collect();
            if through.ends_with(last) {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.take()
    }

    /// What has gone over the cable since this was asked last, what belongs together in one piece.
    fn take(&self) -> Vec<Carried> {
        let mut pieces: Vec<Carried> = Vec::new();
        for one in std::mem::take(&mut *self.carried.lock().unwrap()) {
            match pieces.last_mut() {
                Some(last) if (last.from, last.baud, last.arrived) == (one.from, one.baud, one.arrived) => {
                    last.characters.push_str(&one.characters);
                }
                _ => pieces.push(one),
            }
        }
        pieces
    }
}

/// The speed that a device is set to: the other side of a pseudo-terminal tells.
fn speed(master: &File) -> u32 {
    tcgetattr(master).unwrap().output_speed()
}

/// Carries what leaves one end to the other: each character takes its ten bits, and arrives where the speeds agree then.
fn carry(from: usize, mut near: &File, mut far: &File, carried: &Mutex<Vec<Carried>>) {
    let mut buffer = [0; 1024];
    loop {
        // While nobody has the device open, there is nothing to be read.
        let Ok(n) = near.read(&mut buffer) else {
            thread::sleep(Duration::from_millis(5));
            continue;
        };
        let baud = speed(near);
        let start = Instant::now();
        for (place, character) in (1..).zip(&buffer[..n]) {
            let end = start + Duration::from_secs(10) * place / baud;
            thread::sleep(end.saturating_duration_since(Instant::now()));
            let arrived = speed(far) == baud;
            if arrived {
                far.write_all(&[*character]).unwrap();
            }
            let characters = char::from(*character).to_string();
            carried.lock().unwrap().push(Carried { from, baud, characters, arrived });
        }
    }
}

/// These pieces, each by its beginning, in this order; others may stand between them.
#[track_caller]
fn assert_carried(pieces: &[Carried], wanted: &[(usize, u32, &str)]) {
    let mut rest = pieces.iter();
    for (from, baud, text) in wanted {
        let is = |piece: &Carried| {
            (piece.from, piece.baud, piece.arrived) == (*from, *baud, true)
                && piece.characters.starts_with(text)
        };
        assert!(rest.any(is), "{from} {baud} {text:?} is missing: {pieces:#?}");
    }
}

#[test]
fn a_head_on_a_serial_device_follows_the_meter_on_another_one_and_back() {
    let cable = Cable::new();
    let [head, meter] = &cable.devices;
    // The meter waits longer than the head needs to change its speed on a busy machine.
    let port = format!("ir+serial:{meter}");
    let served = Served::start(
        &["--model", model(), "--load", "L1 230V 5A", "--quirk", "ir-delay=400ms", "--port", &port],
        1,
    );
    let link = format!("serial:{head}?protocol=ir");

    let read = run(&["read", "--link", &link, "--format", "csv"]);
    assert_eq!(read.code, 0, "{}", read.err);
    for line in ["0.0.0,Serial number,13070001,\r\n", "1.7.0,Active power,01.150,kW\r\n"] {
        assert!(read.out.contains(line), "{line}: {}", read.out);
    }
    assert_carried(
        &cable.take(),
        &[
            (HEAD, 300, "/?!\r\n"),
            (METER, 300, "/INM5"),
            (HEAD, 300, "\u{6}050\r\n"),
            (METER, 9_600, "\u{2}0.0.0(13070001)\r\n"),
        ],
    );

    // The meter has gone back to the speed of the sign-on, and is followed to its own again.
    let set = run(&["set", "--link", &link, "--yes", "scroll-time=25"]);
    assert_eq!(set.code, 0, "{}{}", set.out, set.err);
    assert!(set.out.contains("scroll-time = 25. Confirmed"), "{}", set.out);
    assert_carried(
        &cable.take_to("\u{1}B0\u{3}q"),
        &[
            (HEAD, 300, "/?!\r\n"),
            (METER, 300, "/INM5"),
            (HEAD, 300, "\u{6}051\r\n"),
            (METER, 9_600, "\u{1}P0\u{2}(13070001)\u{3}"),
            (HEAD, 9_600, "\u{1}P1\u{2}(0000)\u{3}"),
            (HEAD, 9_600, "\u{1}W1\u{2}4010(25)\u{3}"),
            (METER, 9_600, "\u{6}"),
            (HEAD, 9_600, "\u{1}R1\u{2}4010()\u{3}"),
            (METER, 9_600, "\u{2}4010(25)\u{3}"),
            (HEAD, 9_600, "\u{1}B0\u{3}q"),
        ],
    );

    let (status, _) = served.stop();
    assert_eq!(status.code(), Some(0));
}
