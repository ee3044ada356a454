//! Transcripts of the device with a clock of the test's own.

use super::*;
use crate::{DataSet, MESSAGE_BUFFER};
use proptest::prelude::*;

/// A meter that keeps what it is told.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    pub(crate) address: String,
    pub(crate) lines: Vec<String>,
    pub(crate) written: Vec<String>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let lines =
            ["0.0.0(19020246)", "1.8.0(001234.56*kWh)", "32.7.0(230.1*V)"].map(str::to_owned).to_vec();
        Self { address: "19020246".to_owned(), lines, written: Vec::new() }
    }
}

fn fill(into: &mut [u8], text: &str) -> usize {
    let n = into.len().min(text.len());
    into[..n].copy_from_slice(&text.as_bytes()[..n]);
    n
}

impl ObisSource for Meter {
    fn manufacturer(&self) -> [u8; 3] {
        *b"INM"
    }

    fn baud(&self) -> u8 {
        b'5'
    }

    fn identification(&self, into: &mut [u8]) -> usize {
        fill(into, "PRO1-S")
    }

    fn address(&self, into: &mut [u8]) -> usize {
        fill(into, &self.address)
    }

    fn line(&self, index: u16, into: &mut [u8]) -> Option<usize> {
        self.lines.get(usize::from(index)).map(|line| fill(into, line))
    }

    fn unlock(&mut self, password: &str) -> bool {
        password == "0000"
    }

    fn read(&mut self, address: &str, operand: &str, _: bool, into: &mut [u8]) -> Result<usize, Refused> {
        match (address, operand) {
            ("1.8.0", "" | "1") => {
                let set = DataSet { address, value: "001234.56", unit: "kWh" };
                Ok(set.emit(into).unwrap())
            }
            ("long", _) => Ok(fill(into, &format!("({})", "x".repeat(180)))),
            _ => Err(Refused(7)),
        }
    }

    fn write(&mut self, address: &str, value: &str, unlocked: bool) -> Result<(), Refused> {
        if !unlocked {
            return Err(Refused(3));
        }
        self.written.push(format!("{address}={value}"));
        Ok(())
    }
}

/// What came out of the device.
#[derive(Clone, Debug, PartialEq)]
enum Out {
    Sent(String),
    Line(u32),
    Event(DeviceEvent),
}

fn sent(bytes: &[u8]) -> Out {
    Out::Sent(bytes.escape_ascii().to_string())
}

struct Bench<'m> {
    device: TariffDevice<'m>,
    meter: Meter,
    now: Instant,
}

impl Bench<'_> {
    /// Lets time pass until nothing is due within `span`; joins what is sent without a pause.
    fn run(&mut self, span: Duration) -> Vec<(u64, Out)> {
        let start = self.now;
        let end = self.now + span;
        let mut all: Vec<(u64, Out)> = Vec::new();
        while let Some(at) = self.device.poll_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            while let Some(output) = self.device.poll(self.now, &mut self.meter) {
                let out = match output {
                    Output::Transmit(bytes) => sent(bytes),
                    Output::Reconfigure(line) => {
                        assert_eq!(line, LineParams::optical(line.baud));
                        Out::Line(line.baud)
                    }
                    Output::Event(event) => Out::Event(event),
                };
                let at = (self.now - start).as_millis();
                match (&out, all.last_mut()) {
                    (Out::Sent(more), Some((last, Out::Sent(before)))) if *last == at => {
                        before.push_str(more);
                    }
                    _ => all.push((at, out.clone())),
                }
                if matches!(out, Out::Sent(_)) {
                    self.device.handle_tx_done(self.now);
                }
            }
        }
        self.now = end;
        all
    }

    fn hears(&mut self, bytes: &[u8]) -> Vec<(u64, Out)> {
        self.device.handle_rx(self.now, bytes);
        self.run(Duration::from_millis(400))
    }

    /// What is sent as an answer, and nothing else.
    fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let all = self.hears(bytes);
        let all =
            all.into_iter().filter_map(|(_, out)| if let Out::Sent(text) = out { Some(text) } else { None });
        unescape(&all.collect::<String>())
    }

    fn command(&mut self, command: [u8; 2], data: &str) -> Vec<u8> {
        let mut into = [0; MESSAGE_BUFFER];
        let n = Message { command, data: Some(data) }.emit(&mut into).unwrap();
        self.answer(&into[..n])
    }

    /// Opens the programming mode.
    fn open(&mut self) {
        assert_eq!(self.answer(b"/?!\r\n"), b"/INM5PRO1-S\r\n");
        assert_eq!(self.answer(b"\x06051\r\n"), b"\x01P0\x02(19020246)\x03\x6a");
        assert_eq!(self.device.line().baud, 9600);
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut all = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            all.push(byte);
            continue;
        }
        all.push(match rest.next().unwrap() {
            b'r' => b'\r',
            b'n' => b'\n',
            b'x' => {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    all
}

fn with_config<R>(config: DeviceConfig, test: impl FnOnce(&mut Bench<'_>) -> R) -> R {
    let (mut rx, mut tx) = ([0; MESSAGE_BUFFER], [0; MESSAGE_BUFFER]);
    let device = TariffDevice::new(config, &mut rx, &mut tx);
    test(&mut Bench { device, meter: Meter::new(), now: Instant::from_millis(1000) })
}

fn with<R>(test: impl FnOnce(&mut Bench<'_>) -> R) -> R {
    with_config(DeviceConfig::default(), test)
}

/// The whole read-out, with its check character.
fn read_out(meter: &Meter) -> Vec<u8> {
    let mut all = vec![STX];
    for line in &meter.lines {
        all.extend_from_slice(line.as_bytes());
        all.extend_from_slice(b"\r\n");
    }
    all.extend_from_slice(b"!\r\n\x03");
    all.push(all[1..].iter().fold(0, |bcc, byte| bcc ^ byte));
    all
}

#[test]
fn a_read_out_at_the_proposed_speed() {
    with(|bench| {
        let all = bench.hears(b"/?!\r\n");
        assert_eq!(all, [(200, sent(b"/INM5PRO1-S\r\n")), (200, Out::Event(DeviceEvent::SignedOn))]);
        let all = bench.hears(b"\x06050\r\n");
        let selected = DeviceEvent::Selected { baud: 9600, programming: false };
        assert_eq!(
            all,
            [
                (0, Out::Event(selected)),
                (0, Out::Line(9600)),
                (200, sent(&read_out(&bench.meter))),
                (200, Out::Event(DeviceEvent::ReadOut { lines: 3 })),
            ]
        );
        assert_eq!(bench.run(Duration::from_secs(2)), [(1300, Out::Line(300))]);
        assert!(!bench.device.is_open());
    });
}

#[test]
fn a_long_read_out_leaves_in_pieces_without_a_pause() {
    with(|bench| {
        bench.meter.lines = (0..300).map(|i| format!("1.8.{}({i:060}*kWh)", i % 256)).collect();
        bench.answer(b"/?!\r\n");
        let whole = read_out(&bench.meter);
        assert_eq!(bench.answer(b"\x06050\r\n"), whole);
        assert_eq!(bench.answer(&[NAK]), whole, "asked for again");
        assert_eq!(bench.hears(&[ACK]), [(0, Out::Line(300))]);
    });
}

#[test]
fn who_is_called_answers() {
    with(|bench| {
        assert_eq!(bench.answer(b"/?019020246!\r\n"), b"/INM5PRO1-S\r\n");
        bench.device.reset();
        assert_eq!(bench.hears(b"/?19020247!\r\n"), [(200, Out::Event(DeviceEvent::NotCalled))]);
        assert!(!bench.device.is_open());
        assert_eq!(bench.answer(b"\0\0garbage/?x/?!\r\n"), b"/INM5PRO1-S\r\n");
        bench.device.reset();
        let parity: Vec<u8> = b"/?!\r\n".iter().map(|b| b | u8::from(b.count_ones() % 2 == 1) << 7).collect();
        assert_eq!(bench.answer(&parity), b"/INM5PRO1-S\r\n");
    });
}

#[test]
fn garbage_costs_silence() {
    with(|bench| {
        for garbage in [b"\x06051\r\n".as_slice(), b"\x01B0\x03\x71", b"\x15", b"hello\r\n", b"\x01\x03\x03"]
        {
            assert_eq!(bench.hears(garbage), []);
        }
        assert_eq!(bench.hears(b"/!\r\n"), [(0, Out::Event(DeviceEvent::Dropped { bytes: 4 }))]);
        bench.device.handle_rx(bench.now, b"/?");
        bench.device.handle_line_error(bench.now, LineError::Parity);
        assert_eq!(bench.answer(b"!\r\n"), b"");
        bench.device.handle_rx(bench.now, b"/?");
        let all = bench.run(Duration::from_secs(2));
        assert_eq!(all, [(1500, Out::Event(DeviceEvent::Dropped { bytes: 2 }))]);
    });
}

#[test]
fn no_option_select_reads_out_at_300() {
    with(|bench| {
        bench.answer(b"/?!\r\n");
        let all = bench.run(Duration::from_millis(1400));
        let whole = sent(&read_out(&bench.meter));
        // The answer left 200 ms before.
        let read = DeviceEvent::ReadOut { lines: 3 };
        assert_eq!(all, [(1300, Out::Event(DeviceEvent::Unasked)), (1300, whole), (1300, Out::Event(read))]);
        assert_eq!(bench.device.line(), SIGN_ON_LINE);
    });
    for option in [b"\x06150\r\n", b"\x06052\r\n"] {
        with(|bench| {
            bench.answer(b"/?!\r\n");
            assert_eq!(bench.answer(option), read_out(&bench.meter));
            assert_eq!(bench.device.line(), SIGN_ON_LINE);
        });
    }
    with_config(DeviceConfig { unasked: false, ..DeviceConfig::default() }, |bench| {
        bench.answer(b"/?!\r\n");
        let all = bench.run(Duration::from_millis(1400));
        assert_eq!(all, [(1300, Out::Event(DeviceEvent::Ended(End::Inactive)))]);
    });
}

#[test]
fn the_speed_is_the_one_selected_up_to_the_one_proposed() {
    for (option, baud) in [(b'5', 9600), (b'3', 2400), (b'0', 300), (b'6', 300), (b'9', 300), (b'x', 300)] {
        with(|bench| {
            bench.answer(b"/?!\r\n");
            bench.answer(&[ACK, b'0', option, b'1', b'\r', b'\n']);
            assert_eq!(bench.device.line().baud, baud, "{option}");
            assert!(bench.device.is_open());
        });
    }
}

#[test]
fn a_session_of_programming() {
    with(|bench| {
        bench.open();
        assert_eq!(bench.command(*b"W1", "1018(01)"), b"\x02(ERR03)\x03\x44", "before the password");
        assert_eq!(bench.command(*b"P1", "(0000)"), [ACK]);
        assert_eq!(bench.command(*b"R1", "1.8.0()"), b"\x021.8.0(001234.56*kWh)\x03\x6c");
        assert_eq!(bench.answer(&[NAK]), b"\x021.8.0(001234.56*kWh)\x03\x6c", "asked for again");
        assert_eq!(bench.command(*b"R1", "9.9.9()"), b"\x02(ERR07)\x03\x40");
        assert_eq!(bench.command(*b"W1", "1018(01)"), [ACK]);
        assert_eq!(bench.meter.written, ["1018=01"]);
        let all = bench.hears(b"\x01B0\x03\x71");
        assert_eq!(all, [(0, Out::Event(DeviceEvent::Ended(End::Break))), (0, Out::Line(300))]);
        bench.open();
        assert_eq!(bench.command(*b"W1", "1018(02)"), b"\x02(ERR03)\x03\x44", "locked again");
    });
}

#[test]
fn what_came_damaged_is_answered_with_nak_and_not_done() {
    with(|bench| {
        bench.open();
        let rejected = |rejection| [(200, sent(&[NAK])), (200, Out::Event(DeviceEvent::Rejected(rejection)))];
        assert_eq!(bench.command(*b"P1", "(0000)"), [ACK]);
        assert_eq!(bench.hears(b"\x01W1\x021018(01)\x03\x00"), rejected(Rejection::Damaged));
        bench.device.handle_rx(bench.now, b"\x01W1\x021018(0");
        bench.device.handle_line_error(bench.now, LineError::Framing);
        assert_eq!(bench.hears(b")\x03\x00"), rejected(Rejection::Damaged));
        let long = format!("\x01W1\x021018({})\x03\x00", "0".repeat(200));
        assert_eq!(bench.hears(long.as_bytes()), rejected(Rejection::TooLong));
        assert_eq!(bench.command(*b"E2", "1018()"), [NAK]);
        assert_eq!(bench.command(*b"W1", "1018"), [NAK]);
        assert_eq!(bench.meter.written, Vec::<String>::new());
        assert_eq!(bench.command(*b"W1", "1018(01)"), [ACK]);
    });
}

#[test]
fn an_answer_never_passes_its_buffer() {
    with(|bench| {
        bench.open();
        let answer = bench.command(*b"R1", "long()");
        assert_eq!((answer.len(), answer[0]), (185, STX));
        assert_eq!(Bcc::of(&answer[1..184]).check(answer[184]), Ok(()));
    });
}

#[test]
fn a_wrong_password_ends_the_session_or_is_refused() {
    with(|bench| {
        bench.open();
        assert_eq!(bench.command(*b"P1", "(1234)"), b"\x01B0\x03\x71");
        assert_eq!(bench.device.line(), SIGN_ON_LINE);
        assert!(!bench.device.is_open());
    });
    with_config(DeviceConfig { wrong_password: WrongPassword::Nak, ..DeviceConfig::default() }, |bench| {
        bench.open();
        assert_eq!(bench.command(*b"P1", "(1234)"), [NAK]);
        assert_eq!(bench.command(*b"P1", "(0000)"), [ACK]);
    });
}

#[test]
fn a_session_nobody_uses_ends() {
    with(|bench| {
        bench.open();
        let all = bench.run(Duration::from_secs(70));
        assert_eq!(all, [(59_800, Out::Event(DeviceEvent::Ended(End::Inactive))), (59_800, Out::Line(300))]);
    });
}

#[test]
fn a_head_that_comes_anew_is_answered_at_300() {
    with(|bench| {
        bench.open();
        let all = bench.hears(b"/?!\r\n");
        assert_eq!(
            all,
            [
                (200, Out::Line(300)),
                (200, sent(b"/INM5PRO1-S\r\n")),
                (200, Out::Event(DeviceEvent::SignedOn))
            ]
        );
        // A break has no answer, so what follows it is heard.
        bench.answer(b"\x06051\r\n");
        assert_eq!(bench.answer(b"\x01B0\x03\x71/?!\r\n"), b"/INM5PRO1-S\r\n");
    });
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same(cuts in proptest::collection::vec(1usize..9, 1..30), ms in 0u64..1400) {
        let talk: [&[u8]; 6] = [
            b"\0\0/?0!/?19020246!\r\n",
            b"\x06051\r\n",
            b"\x01P1\x02(0000)\x03\x61",
            b"\x01W1\x021018(01)\x03\x00",
            b"\x01R1\x021.8.0()\x03\x5a",
            b"\x01B0\x03\x71",
        ];
        let whole = with(|bench| talk.map(|bytes| bench.answer(bytes)));
        let cut = with(|bench| talk.map(|bytes| {
            let mut sizes = cuts.iter().cycle();
            let mut rest = bytes;
            while !rest.is_empty() {
                let (front, tail) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
                bench.device.handle_rx(bench.now, front);
                rest = tail;
                if !rest.is_empty() {
                    let span = bench.run(Duration::from_millis(ms));
                    prop_assert!(span.iter().all(|(_, out)| !matches!(out, Out::Sent(_))), "{span:?}");
                }
            }
            Ok(bench.answer(b""))
        }));
        for (cut, whole) in cut.into_iter().zip(whole) {
            prop_assert_eq!(cut?, whole);
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_stay_open_for_ever(
        pieces in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..40), 0u64..3000), 0..20),
        open in any::<bool>(),
    ) {
        with(|bench| {
            if open {
                bench.open();
            }
            for (bytes, ms) in &pieces {
                bench.device.handle_rx(bench.now, bytes);
                bench.device.handle_line_error(bench.now, LineError::Parity);
                bench.run(Duration::from_millis(*ms));
            }
            bench.run(Duration::from_secs(130));
            prop_assert!(!bench.device.is_open());
            prop_assert_eq!(bench.device.line(), SIGN_ON_LINE);
            prop_assert_eq!(bench.answer(b"/?!\r\n"), b"/INM5PRO1-S\r\n");
            Ok(())
        })?;
    }
}
