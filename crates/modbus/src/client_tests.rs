//! Transcripts of the client with adapters good and bad.

use super::*;
use crate::pdu::Words;
use crate::{FRAME_BUFFER, LISTEN_BUFFER, Parity};

const LINE: LineParams = LineParams::new(9600, Parity::Even);
const SECOND: Duration = Duration::from_secs(1);

fn rtu(unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut frame = vec![unit];
    frame.extend(pdu);
    frame.extend(crc::wire(&frame));
    frame
}

fn read() -> Request<'static> {
    Request::ReadHolding { address: 0x5000, count: 2 }
}

fn write() -> Request<'static> {
    Request::WriteSingle { address: 0x4003, value: 10 }
}

fn answer() -> Vec<u8> {
    rtu(1, &[3, 4, 0x3D, 0x8F, 0x5C, 0x29])
}

fn asked() -> Vec<u8> {
    rtu(1, &[3, 0x50, 0, 0, 2])
}

fn written() -> Vec<u8> {
    rtu(1, &[6, 0x40, 3, 0, 10])
}

/// One line with its client and clock.
struct Bench<'m> {
    client: Client<'m>,
    now: Instant,
}

impl<'m> Bench<'m> {
    fn new(config: ClientConfig, rx: &'m mut [u8], tx: &'m mut [u8]) -> Self {
        Self { client: Client::new(config, rx, tx), now: Instant::ZERO }
    }

    /// Asks, lets `feed` come in so many milliseconds after the request left, and says what became of it.
    fn exchange(&mut self, unit: u8, request: &Request<'_>, feed: &[(u64, Vec<u8>)]) -> String {
        self.client.request(self.now, unit, request, SECOND).unwrap();
        self.run(feed)
    }

    fn run(&mut self, feed: &[(u64, Vec<u8>)]) -> String {
        self.now = self.now.max(self.client.poll_at().unwrap());
        assert!(matches!(self.client.poll(self.now), Some(Output::Transmit(_))));
        self.client.handle_tx_done(self.now);
        let left = self.now;
        let mut said = None;
        for (ms, bytes) in feed {
            let at = left + Duration::from_millis(*ms);
            said = said.or_else(|| self.until(at));
            self.now = self.now.max(at);
            self.client.handle_rx(self.now, bytes);
        }
        said.or_else(|| self.until(left + SECOND + SECOND)).expect("no outcome")
    }

    fn until(&mut self, end: Instant) -> Option<String> {
        while let Some(at) = self.client.poll_at().filter(|at| *at < end) {
            self.now = self.now.max(at);
            if let Some(output) = self.client.poll(self.now) {
                let Output::Event(outcome) = output else { panic!("unexpected {output:?}") };
                return Some(describe(&outcome));
            }
        }
        None
    }
}

fn describe(outcome: &Outcome<'_>) -> String {
    let after = |echo: &bool| if *echo { " after echo" } else { "" };
    match outcome {
        Outcome::Reply(Reply { unit, response: Response::Read { words, .. }, echo }) => {
            format!("{unit}: {words:?}{}", after(echo))
        }
        Outcome::Reply(Reply { unit, response: Response::Other { data, .. }, echo }) => {
            format!("{unit}: {data:02X?}{}", after(echo))
        }
        Outcome::Reply(Reply { unit, echo, .. }) => format!("{unit}: done{}", after(echo)),
        Outcome::Refused { unit, exception, echo } => {
            format!("{unit}: refused {:02X}{}", exception.code(), after(echo))
        }
        Outcome::Unconfirmed { unit } => format!("{unit}: unconfirmed"),
        Outcome::Sent => "sent".into(),
        Outcome::Raw { bytes, echo } => format!("raw {bytes:02X?}{}", after(echo)),
        Outcome::Failed { fault, .. } => fault.to_string(),
    }
}

fn once(request: &Request<'_>, feed: &[(u64, Vec<u8>)]) -> String {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    Bench::new(ClientConfig::serial(LINE), &mut rx, &mut tx).exchange(1, request, feed)
}

const GOOD: &str = "1: [3D8F 5C29]";

#[test]
fn bad_adapters_do_not_hide_a_good_answer() {
    assert_eq!(once(&read(), &[(25, answer())]), GOOD);
    let split: Vec<_> = answer().chunks(5).zip(0..).map(|(c, i)| (25 + 16 * i, c.to_vec())).collect();
    assert_eq!(once(&read(), &split), GOOD, "chunks");
    assert_eq!(once(&read(), &[(25, answer()[..4].to_vec()), (65, answer()[4..].to_vec())]), GOOD, "hole");
    assert_eq!(once(&read(), &[(1, asked()), (25, answer())]), format!("{GOOD} after echo"));
    assert_eq!(once(&read(), &[(1, [asked(), answer()].concat())]), format!("{GOOD} after echo"));
    assert_eq!(once(&read(), &[(25, [vec![0], answer()].concat())]), GOOD, "noise");
    assert_eq!(once(&read(), &[(25, [vec![1, 3], answer()].concat())]), GOOD, "noise like a head");
    assert_eq!(once(&read(), &[(25, [answer(), vec![0xFF]].concat())]), GOOD, "tail");
    assert_eq!(once(&read(), &[(400, answer())]), GOOD, "late");
    let bytes: Vec<_> = answer().iter().zip(0..).map(|(b, i)| (25 + i, vec![*b])).collect();
    assert_eq!(once(&read(), &bytes), GOOD, "byte by byte");
}

#[test]
fn faults_are_told_apart() {
    assert_eq!(once(&read(), &[]), "nothing was heard");
    assert_eq!(once(&read(), &[(1, asked())]), "only the echo of the request was heard");
    let mut bad = answer();
    bad[4] ^= 8;
    assert_eq!(once(&read(), &[(25, bad)]), "9 bytes were heard, but no whole answer");
    assert_eq!(once(&read(), &[(25, rtu(7, &[3, 4, 0, 0, 0, 0]))]), "unit 7 answered instead");
    assert_eq!(once(&read(), &[(25, rtu(1, &[3, 2, 0, 0]))]), "the answer does not fit the request");
    assert_eq!(once(&read(), &[(25, rtu(1, &[0x83, 2]))]), "1: refused 02");
    assert_eq!(
        once(&read(), &[(25, rtu(1, &[4, 4, 0, 0, 0, 0]))]),
        "9 bytes were heard, but no whole answer"
    );
}

#[test]
fn a_line_error_is_the_evidence_of_a_wrong_parity() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut client = Client::new(ClientConfig::serial(LINE), &mut rx, &mut tx);
    client.request(Instant::ZERO, 1, &read(), SECOND).unwrap();
    assert!(matches!(client.poll(Instant::ZERO), Some(Output::Transmit(_))));
    client.handle_tx_done(Instant::ZERO);
    client.handle_line_error(Instant::from_millis(30), LineError::Parity);
    client.handle_rx(Instant::from_millis(31), &[1, 2]);
    let Some(Output::Event(Outcome::Failed { fault, evidence })) = client.poll(Instant::ZERO + SECOND) else {
        panic!("no failure")
    };
    assert_eq!(fault, Fault::Line(LineError::Parity));
    assert_eq!((evidence.bytes, evidence.echo), (2, false));
}

#[test]
fn an_echo_of_a_write_is_never_its_answer() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut bench = Bench::new(ClientConfig::serial(LINE), &mut rx, &mut tx);
    let one = [(1, written())];
    let two = [(1, written()), (400, written())];
    assert_eq!(bench.exchange(1, &write(), &one), "1: unconfirmed");
    assert_eq!(bench.client.echo(), Echo::Unknown);
    assert_eq!(bench.exchange(1, &write(), &two), "1: done after echo");
    assert_eq!(bench.client.echo(), Echo::Yes);
    assert_eq!(bench.exchange(1, &write(), &one), "only the echo of the request was heard");
    assert_eq!(
        bench.exchange(1, &write(), &[(1, [written(), rtu(1, &[0x86, 3])].concat())]),
        "1: refused 03 after echo"
    );
    // One echo lost does not turn the next echo into a proof.
    assert_eq!(bench.exchange(1, &read(), &[(25, answer())]), GOOD);
    assert_eq!(bench.exchange(1, &write(), &one), "1: unconfirmed");
    // Nor does an echo that was damaged.
    bench.client.forget_echo();
    assert_eq!(bench.exchange(1, &read(), &[(1, vec![0x55; 8]), (25, answer())]), GOOD);
    assert_eq!(bench.client.echo(), Echo::Unknown);
}

#[test]
fn without_echo_a_write_is_answered_once() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut bench = Bench::new(ClientConfig::serial(LINE), &mut rx, &mut tx);
    assert_eq!(bench.exchange(1, &read(), &[(25, answer())]), GOOD);
    assert_eq!(bench.client.echo(), Echo::No);
    assert_eq!(bench.exchange(1, &write(), &[(25, written())]), "1: done");
    assert_eq!(
        bench.exchange(1, &write(), &[(25, rtu(1, &[6, 0x40, 3, 0, 11]))]),
        "the answer does not fit the request"
    );
    let ten = Request::WriteMultiple { address: 0x400D, words: Words::from_slice(&[0x4120, 0]) };
    assert_eq!(bench.exchange(1, &ten, &[(25, rtu(1, &[16, 0x40, 0x0D, 0, 2]))]), "1: done");
    assert_eq!(
        bench.exchange(1, &ten, &[(25, rtu(1, &[16, 0x40, 0x0D, 0, 1]))]),
        "the answer does not fit the request"
    );
}

#[test]
fn a_second_copy_takes_back_what_was_learnt() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut bench = Bench::new(ClientConfig::serial(LINE), &mut rx, &mut tx);
    bench.exchange(1, &read(), &[(25, answer())]);
    bench.exchange(1, &write(), &[(25, written())]);
    bench.client.handle_rx(bench.now, &written());
    assert_eq!(bench.client.echo(), Echo::Unknown);
}

#[test]
fn a_multiple_write_shows_its_echo_at_once() {
    let ten = Request::WriteMultiple { address: 0x400D, words: Words::from_slice(&[0x4120, 0]) };
    let echo = rtu(1, &[16, 0x40, 0x0D, 0, 2, 4, 0x41, 0x20, 0, 0]);
    assert_eq!(once(&ten, &[(1, echo.clone())]), "only the echo of the request was heard");
    assert_eq!(once(&ten, &[(1, echo), (30, rtu(1, &[16, 0x40, 0x0D, 0, 2]))]), "1: done after echo");
}

#[test]
fn unit_0_finds_a_device_and_broadcasts() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut bench = Bench::new(ClientConfig::serial(LINE), &mut rx, &mut tx);
    let serial = Request::ReadHolding { address: 0x1000, count: 2 };
    assert_eq!(bench.exchange(0, &serial, &[(25, rtu(17, &[3, 4, 0x15, 6, 0, 1]))]), "17: [1506 0001]");
    let left = bench.now;
    assert_eq!(bench.exchange(0, &write(), &[]), "sent");
    assert!(bench.now - left >= Duration::from_millis(100));
}

#[test]
fn after_a_failure_the_line_must_fall_silent() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut bench = Bench::new(ClientConfig::serial(LINE), &mut rx, &mut tx);
    assert_eq!(bench.exchange(1, &read(), &[]), "nothing was heard");
    let failed = bench.now;
    bench.client.request(failed, 1, &read(), SECOND).unwrap();
    assert_eq!(bench.client.request(failed, 1, &read(), SECOND), Err(RequestError::Busy));
    // The answer to the request given up comes now, and is not taken for the next.
    bench.client.handle_rx(failed + Duration::from_millis(40), &answer());
    assert_eq!(bench.client.poll(failed + Duration::from_millis(60)), None);
    assert_eq!(bench.client.poll_at(), Some(failed + Duration::from_millis(90)));
    assert_eq!(bench.run(&[(25, rtu(1, &[3, 4, 0, 1, 0, 2]))]), "1: [0001 0002]");
}

#[test]
fn the_pause_between_frames_is_kept() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut bench = Bench::new(ClientConfig::serial(LINE), &mut rx, &mut tx);
    assert_eq!(bench.exchange(1, &read(), &[(25, answer())]), GOOD);
    bench.client.request(bench.now, 1, &read(), SECOND).unwrap();
    assert_eq!(bench.client.poll_at(), Some(bench.now + LINE.t35()));
}

#[test]
fn the_line_changes_between_exchanges() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut client = Client::new(ClientConfig::serial(LINE), &mut rx, &mut tx);
    let slow = LineParams::new(1200, Parity::None);
    client.stage_line(slow);
    client.request(Instant::ZERO, 1, &read(), SECOND).unwrap();
    assert_eq!(client.poll(Instant::ZERO), Some(Output::Reconfigure(slow)));
    assert!(matches!(client.poll(Instant::ZERO), Some(Output::Transmit(_))));
    assert_eq!(client.config().idle, slow.t35());
}

#[test]
fn raw_frames_go_out_as_they_are() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut bench = Bench::new(ClientConfig::serial(LINE), &mut rx, &mut tx);
    bench.client.request_raw(bench.now, &[9, 9, 9], SECOND).unwrap();
    assert_eq!(bench.run(&[(1, vec![9, 9, 9]), (500, vec![1]), (520, vec![2])]), "raw [01, 02] after echo");
    bench.client.request_raw(bench.now, &[9, 9, 9], SECOND).unwrap();
    assert_eq!(bench.run(&[]), "raw []");
}

#[test]
fn functions_of_unknown_form_end_by_silence() {
    let id = Request::Other { function: 0x2B, data: &[0x0E, 1, 0] };
    assert_eq!(once(&id, &[(25, rtu(1, &[0x2B, 7, 8])), (40, vec![0xFF])]), "1: [07, 08]");
    assert_eq!(once(&id, &[(25, rtu(1, &[0xAB, 1]))]), "1: refused 01");
    assert_eq!(once(&id, &[(1, rtu(1, &[0x2B, 0x0E, 1, 0]))]), "only the echo of the request was heard");
}

#[test]
fn modbus_tcp_matches_transactions() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut bench = Bench::new(ClientConfig::tcp(), &mut rx, &mut tx);
    let frame = |t: u8, body: &[u8]| [&[0, t, 0, 0, 0, u8::try_from(body.len()).unwrap()], body].concat();
    let good = |t| frame(t, &[1, 3, 4, 0x3D, 0x8F, 0x5C, 0x29]);
    assert_eq!(bench.exchange(1, &read(), &[(1, good(1))]), GOOD);
    assert_eq!(
        bench.exchange(1, &read(), &[(1, good(1)), (2, good(2)[..5].to_vec()), (9, good(2)[5..].to_vec())]),
        GOOD
    );
    assert_eq!(bench.exchange(1, &write(), &[(1, frame(3, &[1, 6, 0x40, 3, 0, 10]))]), "1: done");
    assert_eq!(bench.exchange(1, &read(), &[(1, frame(4, &[1, 0x83, 2]))]), "1: refused 02");
    assert_eq!(bench.exchange(1, &read(), &[(1, good(1))]), "nothing was heard");
    let wrong = [(1, vec![0, 6, 0, 0, 1, 44, 1, 3])];
    assert!(bench.exchange(1, &read(), &wrong).starts_with("the connection is out of step"));
}

#[test]
fn a_cancelled_exchange_leaves_no_outcome() {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut bench = Bench::new(ClientConfig::serial(LINE), &mut rx, &mut tx);
    bench.client.request(bench.now, 1, &read(), SECOND).unwrap();
    assert!(matches!(bench.client.poll(bench.now), Some(Output::Transmit(_))));
    bench.client.cancel(bench.now);
    assert_eq!((bench.client.poll_at(), bench.client.poll(bench.now)), (None, None));
    assert_eq!(bench.exchange(1, &read(), &[(25, answer())]), GOOD);
}

proptest::proptest! {
    #[test]
    fn junk_before_an_answer_only_costs_time(
        junk in proptest::collection::vec(0u8.., 0..700),
        cut in 1usize..40,
    ) {
        let bytes = [junk, answer()].concat();
        let feed: Vec<_> = bytes.chunks(cut).zip(1..).map(|(c, i)| (i, c.to_vec())).collect();
        proptest::prop_assume!(feed.len() < 900);
        proptest::prop_assert_eq!(once(&read(), &feed), GOOD);
    }

    #[test]
    fn junk_alone_is_never_an_answer(junk in proptest::collection::vec(0u8..8, 1..300)) {
        let said = once(&write(), &[(5, junk)]);
        proptest::prop_assert!(!said.contains("done"), "{}", said);
    }
}
