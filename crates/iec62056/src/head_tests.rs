//! Transcripts of the head with a clock of the test's own.

use super::*;
use crate::control::{EOT, ETX, STX};
use crate::{LISTEN_BUFFER, MESSAGE_BUFFER};
use proptest::prelude::*;

struct Bench<'m> {
    head: Head<'m>,
    now: Instant,
}

/// Events in words, what is sent with its characters escaped, new speeds as numbers.
fn word(output: Output<'_, HeadEvent<'_>>) -> String {
    match output {
        Output::Transmit(bytes) => format!("> {}", bytes.escape_ascii()),
        Output::Reconfigure(line) => {
            assert_eq!(line, LineParams::optical(line.baud));
            format!("{} Bd", line.baud)
        }
        Output::Event(HeadEvent::Identified(id)) => {
            format!("{} {} {}", text(&id.manufacturer), char::from(id.baud), id.text)
        }
        Output::Event(HeadEvent::Line(line)) => line.to_owned(),
        Output::Event(HeadEvent::Again { fault, keep }) => format!("again, keep {keep}: {fault}"),
        Output::Event(HeadEvent::Done(Done::Failed(fault))) => format!("failed: {fault}"),
        Output::Event(HeadEvent::Done(done)) => format!("{done:?}"),
    }
}

impl Bench<'_> {
    fn drain(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(output) = self.head.poll(self.now) {
            all.push(word(output));
        }
        all
    }

    /// Lets time pass until something comes out; what was sent has left at once.
    fn step(&mut self) -> Vec<String> {
        let mut all = self.drain();
        while all.is_empty() {
            let Some(at) = self.head.poll_at() else { return all };
            self.now = self.now.max(at);
            all = self.drain();
        }
        self.head.handle_tx_done(self.now);
        all.extend(self.drain());
        all
    }

    /// Hears `bytes` 200 ms later, in pieces, and does what is to be done at once.
    fn hears_in(&mut self, bytes: &[u8], piece: usize) -> Vec<String> {
        self.now += Duration::from_millis(200);
        let mut all = Vec::new();
        for piece in bytes.chunks(piece) {
            let mut rest = piece;
            while !rest.is_empty() {
                let n = self.head.handle_rx(self.now, rest);
                rest = &rest[n..];
                all.extend(self.drain());
            }
        }
        all
    }

    fn hears(&mut self, bytes: &[u8]) -> Vec<String> {
        self.hears_in(bytes, 100)
    }

    /// Opens the programming mode at 9600 Bd.
    fn open(&mut self) {
        self.head.enter("").unwrap();
        assert_eq!(self.step(), ["> /?!\\r\\n"]);
        assert_eq!(self.hears(b"/INM5PRO1-S\r\n"), ["INM 5 PRO1-S"]);
        assert_eq!(self.step(), ["> \\x06051\\r\\n", "9600 Bd"]);
        let all = self.hears(b"\x01P0\x02(19020246)\x03\x6a");
        assert_eq!(all, ["Open { operand: \"19020246\" }"]);
    }

    /// Signs on for a read-out at 9600 Bd.
    fn begin(&mut self) {
        self.head.read_out("19020246").unwrap();
        assert_eq!(self.step(), ["> /?19020246!\\r\\n"]);
        self.hears(b"/INM5PRO1-S\r\n");
        assert_eq!(self.step(), ["> \\x06050\\r\\n", "9600 Bd"]);
    }
}

fn with_config<R>(config: HeadConfig, test: impl FnOnce(&mut Bench<'_>) -> R) -> R {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; MESSAGE_BUFFER]);
    let head = Head::new(config, &mut rx, &mut tx);
    test(&mut Bench { head, now: Instant::from_millis(1000) })
}

fn with<R>(test: impl FnOnce(&mut Bench<'_>) -> R) -> R {
    with_config(HeadConfig::default(), test)
}

/// A block of data with its check character.
fn block(data: &str, end: u8) -> Vec<u8> {
    let mut all = vec![STX];
    all.extend_from_slice(data.as_bytes());
    all.push(end);
    all.push(all[1..].iter().fold(0, |bcc, byte| bcc ^ byte));
    all
}

const LINES: &str = "0.0.0(19020246)\r\n1.8.0(001234.56*kWh)\r\n!\r\n";
const GOOD: [&str; 4] = ["0.0.0(19020246)", "1.8.0(001234.56*kWh)", "300 Bd", "ReadOut { lines: 2 }"];

#[test]
fn a_read_out_line_by_line() {
    for piece in [1, 7, 100] {
        with(|bench| {
            bench.begin();
            assert_eq!(bench.hears_in(&block(LINES, ETX), piece), GOOD);
            assert!(!bench.head.is_busy() && !bench.head.is_open());
        });
    }
}

#[test]
fn a_read_out_may_be_longer_than_the_buffer() {
    with(|bench| {
        bench.begin();
        let lines: Vec<String> = (0..200).map(|i| format!("1.8.{i}({i:060}*kWh)")).collect();
        let all = bench.hears_in(&block(&format!("{}\r\n!\r\n", lines.join("\r\n")), ETX), 100_000);
        assert_eq!(all[..200], lines);
        assert_eq!(all[200..], ["300 Bd", "ReadOut { lines: 200 }"]);
        bench.begin();
        let all = bench.hears(&block(&"x".repeat(LISTEN_BUFFER), ETX));
        assert_eq!(all, ["300 Bd", "failed: the answer is longer than the buffer"]);
    });
}

#[test]
fn partial_blocks_are_acknowledged() {
    with(|bench| {
        bench.begin();
        assert_eq!(bench.hears(&block("1.8.0(1)\r\n", EOT)), ["1.8.0(1)"]);
        assert_eq!(bench.step(), ["> \\x06"]);
        let mut bad = block("2.8.0(2)\r\n!\r\n", ETX);
        bad[3] ^= 1;
        let again = "again, keep 1: the check character is 2B, expected 2A";
        assert_eq!(bench.hears(&bad), ["2.9.0(2)", again]);
        assert_eq!(bench.step(), ["> \\x15"]);
        let all = bench.hears(&block("2.8.0(2)\r\n!\r\n", ETX));
        assert_eq!(all, ["2.8.0(2)", "300 Bd", "ReadOut { lines: 2 }"]);
    });
}

#[test]
fn a_damaged_read_out_is_asked_for_again_and_given_up() {
    with(|bench| {
        bench.begin();
        let mut bad = block(LINES, ETX);
        *bad.last_mut().unwrap() ^= 0x40;
        let mut told = 0;
        loop {
            let all = bench.hears(&bad);
            let last = all.last().unwrap();
            if last.starts_with("failed: the check character is") {
                break;
            }
            assert!(last.starts_with("again, keep 0: the check character is"), "{last}");
            told += 1;
            assert_eq!(bench.step(), ["> \\x15"]);
        }
        assert_eq!(told, 2);
        assert_eq!(bench.head.line(), SIGN_ON_LINE);
        bench.begin();
        bench.hears(&bad);
        bench.step();
        assert_eq!(bench.hears(&block(LINES, ETX)), GOOD);
    });
}

#[test]
fn a_sum_is_named_and_not_asked_for_again() {
    with(|bench| {
        bench.begin();
        let mut summed = block(LINES, ETX);
        let (last, all) = summed.split_last_mut().unwrap();
        *last = all[1..].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) & 0x7F;
        let told = bench.hears(&summed);
        assert_eq!(told[3], format!("failed: {}", FormFault::Summed));
    });
}

#[test]
fn silence_and_a_break_off_have_names() {
    with(|bench| {
        bench.head.read_out("").unwrap();
        assert_eq!(bench.step(), ["> /?!\\r\\n"]);
        for _ in 0..2 {
            let start = bench.now;
            let nothing = "again, keep 0: nothing came, expected the identification";
            assert_eq!(bench.step(), [nothing, "> /?!\\r\\n"]);
            assert_eq!((bench.now - start).as_millis(), 2000);
        }
        assert_eq!(bench.step(), ["failed: nothing came, expected the identification"]);
        assert!(!bench.head.is_busy());
        bench.begin();
        assert_eq!(bench.step(), ["300 Bd", "failed: nothing came, expected the read-out"]);
        bench.begin();
        let front = block(LINES, ETX);
        bench.hears(&front[..20]);
        let start = bench.now;
        let all = bench.step();
        assert_eq!(all, ["again, keep 0: the read-out broke off, expected the rest of it", "> \\x15"]);
        assert_eq!((bench.now - start).as_millis(), 1500);
    });
}

#[test]
fn a_session_of_programming() {
    with(|bench| {
        assert_eq!(bench.head.password("0000"), Err(RequestError::Closed));
        bench.open();
        bench.head.password("0000").unwrap();
        assert_eq!(bench.head.read("1.8.0", ""), Err(RequestError::Busy));
        assert_eq!(bench.step(), ["> \\x01P1\\x02(0000)\\x03a"]);
        assert_eq!(bench.hears(&[ACK]), ["Acknowledged"]);
        bench.head.read("1.8.0", "").unwrap();
        assert_eq!(bench.step(), ["> \\x01R1\\x021.8.0()\\x03Z"]);
        let answer = b"\x021.8.0(001234.56*kWh)\x03\x6c";
        assert_eq!(bench.hears(answer), ["Data(\"1.8.0(001234.56*kWh)\")"]);
        bench.head.write("1018", "01").unwrap();
        assert_eq!(bench.step(), ["> \\x01W1\\x021018(01)\\x03o"]);
        assert_eq!(bench.hears(&[NAK]), ["again, keep 0: the meter does not take the message (NAK)"]);
        assert_eq!(bench.step(), ["> \\x01W1\\x021018(01)\\x03o"]);
        assert_eq!(bench.hears(b"\x02(ERR07)\x03\x40"), ["Refused(\"(ERR07)\")"]);
        bench.head.read("9.9.9", "").unwrap();
        bench.step();
        assert_eq!(bench.hears(b"\x02(ERR07)\x03\x41").len(), 1);
        assert_eq!(bench.step(), ["> \\x15"]);
        assert_eq!(bench.hears(b"\x02(ERR07)\x03\x40"), ["Refused(\"(ERR07)\")"]);
        assert_eq!(bench.head.write("1018", "0)1"), Err(RequestError::Form(FormFault::Character(b')'))));
        assert!(bench.head.is_open());
        bench.head.leave().unwrap();
        assert_eq!(bench.step(), ["> \\x01B0\\x03q", "300 Bd", "Left"]);
        assert!(!bench.head.is_open());
    });
}

#[test]
fn a_device_that_ends_the_session() {
    with(|bench| {
        bench.open();
        bench.head.password("1").unwrap();
        bench.step();
        let all = bench.hears(b"\x01B0\x03\x71");
        assert_eq!(
            all,
            ["300 Bd", "failed: the meter ended the session (B0), as it does after a wrong password"]
        );
        assert_eq!(bench.head.read("1.8.0", ""), Err(RequestError::Closed));
    });
}

#[test]
fn a_command_nobody_answers_leaves_the_session_open() {
    with(|bench| {
        bench.open();
        bench.head.read("1.8.0", "").unwrap();
        bench.step();
        assert_eq!(bench.step(), ["failed: nothing came, expected the data"]);
        assert!(bench.head.is_open());
        bench.head.read("1.8.0", "").unwrap();
        bench.step();
        bench.head.cancel(bench.now);
        assert_eq!(bench.step(), ["300 Bd"]);
    });
}

#[test]
fn the_echo_is_removed() {
    with(|bench| {
        bench.head.read_out("").unwrap();
        assert_eq!(bench.step(), ["> /?!\\r\\n"]);
        assert_eq!(bench.hears_in(b"/?!\r\n/INM5PRO1-S\r\n", 1), ["INM 5 PRO1-S"]);
        assert!(bench.head.heard_echo());
        bench.step();
        let mut bytes = b"\x06050\r\n".to_vec();
        bytes.extend(block(LINES, ETX));
        assert_eq!(bench.hears_in(&bytes, 3), GOOD);
        bench.open();
        bench.head.read("1.8.0", "").unwrap();
        bench.step();
        // Noise before the echo.
        let bytes = b"x\x01R1\x021.8.0()\x03\x5a\x021.8.0(1)\x03\x0a";
        assert_eq!(bench.hears(bytes), ["Data(\"1.8.0(1)\")"]);
        bench.head.write("1018", "01").unwrap();
        bench.step();
        bench.head.handle_line_error(bench.now, LineError::Parity);
        assert_eq!(bench.hears(b"\x01W1\x021018(01)\x03o"), Vec::<String>::new());
        assert_eq!(bench.hears(&[ACK]), ["Acknowledged"], "the echo acknowledges nothing");
    });
}

#[test]
fn what_the_line_reports_is_told() {
    with(|bench| {
        bench.begin();
        let bytes = block(LINES, ETX);
        bench.hears(&bytes[..5]);
        bench.head.handle_line_error(bench.now, LineError::Parity);
        let all = bench.hears(&bytes[6..]);
        assert_eq!(all.last().unwrap(), "again, keep 0: a character had the wrong parity");
        bench.step();
        bench.hears(&bytes[..bytes.len() - 1]);
        bench.head.handle_line_error(bench.now, LineError::Framing);
        let all = bench.drain();
        assert_eq!(all.last().unwrap(), "again, keep 0: a character had no stop bit");
        bench.step();
        // Before the answer it is noise.
        bench.head.handle_line_error(bench.now, LineError::Break);
        assert_eq!(bench.hears(&bytes), GOOD);
    });
}

#[test]
fn modes_a_and_b_read_out_without_being_asked() {
    for (identification, speeds) in [("/ABCDx\r\n", vec!["4800 Bd"]), ("/ABCzx\r\n", vec![])] {
        with(|bench| {
            bench.head.read_out("").unwrap();
            bench.step();
            let all = bench.hears(identification.as_bytes());
            assert_eq!(all[1..], speeds);
            let all = bench.hears(&block(LINES, ETX));
            assert_eq!(all[..2], GOOD[..2]);
            assert_eq!(all.last().unwrap(), GOOD[3]);
            bench.head.enter("").unwrap();
            bench.step();
            let all = bench.hears(identification.as_bytes());
            assert_eq!(all[1], "failed: the meter is of mode A or B, expected mode C for programming");
        });
    }
}

#[test]
fn a_slow_head_stays_at_300() {
    with_config(HeadConfig { slow: true, ..HeadConfig::default() }, |bench| {
        bench.head.read_out("").unwrap();
        bench.step();
        bench.hears(b"/INM5PRO1-S\r\n");
        assert_eq!(bench.step(), ["> \\x06000\\r\\n"]);
    });
}

#[test]
fn a_quick_device_is_answered_quickly() {
    for (identification, ms) in [("/INM5x\r\n", 200), ("/INm5x\r\n", 20)] {
        with(|bench| {
            bench.head.read_out("").unwrap();
            bench.step();
            bench.hears(identification.as_bytes());
            let start = bench.now;
            bench.step();
            assert_eq!((bench.now - start).as_millis(), ms);
        });
    }
}

#[test]
fn an_identification_that_is_none_is_asked_for_again() {
    with(|bench| {
        bench.head.read_out("").unwrap();
        bench.step();
        let all = bench.hears(b"\0/I/N\r\n");
        assert_eq!(all, [format!("again, keep 0: {}", FormFault::Identification)]);
        assert_eq!(bench.step(), ["> /?!\\r\\n"]);
        assert_eq!(bench.hears(b"/I/INM5PRO1-S\r\n"), ["INM 5 PRO1-S"]);
    });
}

#[test]
fn an_address_that_cannot_be_sent_changes_nothing() {
    with(|bench| {
        let fault = RequestError::Form(FormFault::Character(b'!'));
        assert_eq!(bench.head.read_out("1!"), Err(fault));
        assert_eq!(bench.head.poll_at(), None);
    });
}

proptest! {
    #[test]
    fn any_bytes_come_to_an_end(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..20),
        open in any::<bool>(),
    ) {
        with(|bench| {
            if open {
                bench.open();
                bench.head.read("1.8.0", "").unwrap();
            } else {
                bench.begin();
            }
            for piece in &pieces {
                bench.hears(piece);
                bench.head.handle_line_error(bench.now, LineError::Parity);
                bench.step();
            }
            let mut steps = 0;
            while bench.head.is_busy() {
                bench.step();
                steps += 1;
                prop_assert!(steps < 50);
            }
            bench.head.cancel(bench.now);
            bench.drain();
            bench.begin();
            prop_assert_eq!(bench.hears(&block(LINES, ETX)), GOOD);
            Ok(())
        })?;
    }
}
