//! Listening: everything is named and paired, whatever the chunks; nothing is sent; files read back.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use commission::listen::{
    Answered, HexLog, KEPT, ListenMemory, Listener, Masters, Spoken, What, listen, pcap, report, text,
};
use commission::{Port, PortFault, Received, Wall};
use expect_test::expect;
use modbus::{LineError, LineParams, Request, crc, rtu};
use proptest::prelude::*;
use units::{Duration, Instant};

const LINE: LineParams = LineParams::even(9_600);

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn sealed(body: &[u8]) -> Vec<u8> {
    [body, &crc::wire(body)].concat()
}

fn read(unit: u8, address: u16, count: u16) -> Vec<u8> {
    let mut frame = [0; 8];
    rtu::emit_request(unit, &Request::ReadHolding { address, count }, &mut frame).unwrap();
    frame.to_vec()
}

fn tell(unit: u8, words: &[u16]) -> Vec<u8> {
    let mut body = vec![unit, 3, u8::try_from(2 * words.len()).unwrap()];
    body.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    sealed(&body)
}

/// A port on which somebody speaks; who sends anything on it fails the test.
struct Deaf {
    now: Instant,
    says: Vec<(Instant, Received)>,
    ends: PortFault,
}

impl Port for Deaf {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        panic!("a listener has sent {bytes:?}");
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        match self.says.first() {
            None => Err(self.ends.clone()),
            Some((at, _)) if *at > until => {
                self.now = self.now.max(until);
                Ok(Received::Quiet)
            }
            Some((at, _)) => {
                self.now = self.now.max(*at);
                Ok(self.says.remove(0).1)
            }
        }
    }

    async fn reconfigure(&mut self, _line: LineParams) -> Result<(), PortFault> {
        panic!("a listener has changed the line");
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        self.now += span;
        Ok(())
    }

    fn now(&self) -> Instant {
        self.now
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

/// What is heard of `says`, by a listener that is as patient as the port.
fn hear<T>(spoken: Spoken, says: &[(u64, Vec<u8>)], look: impl FnOnce(&Listener<'_>) -> T) -> T {
    let says = says.iter().map(|(ms, bytes)| (at(*ms), Received::Bytes(bytes.clone()))).collect();
    let mut port = Deaf { now: Instant::ZERO, says, ends: PortFault::Lost };
    let mut memory = ListenMemory::default();
    let mut listener = Listener::new(&mut memory, spoken, LINE);
    assert_eq!(block_on(listen(&mut port, &mut listener, None, &mut |_| true)), Err(PortFault::Lost));
    look(&listener)
}

fn texts(listener: &Listener<'_>) -> Vec<String> {
    listener.items().map(|item| item.text.clone()).collect()
}

#[test]
fn exchanges_are_named_and_paired() {
    let volts = [0x4367, 0x6666];
    let says = [
        (0, read(7, 0x5000, 2)),
        (41, tell(7, &volts)),
        (200, read(7, 0x4000, 12)),
        (260, tell(7, &[0x1307, 0x0009, 0x0101, 7, 0x2580, 0, 0, 0, 0, 0, 0, 45])),
        (400, read(7, 0x5000, 2)),
        (441, tell(7, &volts)),
        (600, sealed(&[7, 6, 0x40, 0x10, 0, 0x15])),
        (630, sealed(&[7, 6, 0x40, 0x10, 0, 0x15])),
        (800, read(7, 0x7000, 2)),
        (830, sealed(&[7, 0x83, 2])),
        (1_000, read(9, 0x5000, 2)),
        (1_200, read(7, 0x5000, 2)),
        (1_241, tell(7, &volts)),
        (1_250, tell(7, &volts)),
        (1_400, sealed(&[0, 6, 0x40, 0x10, 0, 0x10])),
        (1_600, read(7, 0x5000, 2)),
        (1_641, tell(7, &volts)[..6].to_vec()),
        (6_000, tell(3, &volts)),
    ];
    hear(Spoken::Modbus, &says, |listener| {
        assert_eq!(
            texts(listener),
            [
                "id 7: read 2 words at 5000h",
                "id 7: 2 words from 5000h: 4367 6666, 41 ms",
                "id 7: read 12 words at 4000h",
                "id 7: serial number 13070009, meter code 0101, Modbus address 7, baud rate 9600 Bd, and 4 more, 60 ms",
                "id 7: read voltage, 2 words at 5000h",
                "id 7: voltage 231.4 V, 41 ms",
                "id 7: set scroll time to 15 s",
                "id 7: accepted: set scroll time to 15 s, 30 ms",
                "id 7: read 2 words at 7000h, where this model has no register",
                "id 7: refused: register 7000h does not exist in this model (02), 30 ms",
                "id 9: read 2 words at 5000h",
                "id 9: no answer to: read 2 words at 5000h",
                "id 7: read voltage, 2 words at 5000h",
                "id 7: voltage 231.4 V, 41 ms",
                "id 7: 2 words (a second answer to one request: two meters with this id)",
                "all: write 0010 to 4010h",
                "id 7: read voltage, 2 words at 5000h",
                "6 bytes that are no frame: it looks like the answer of id 7, but 3 are missing",
                "id 7: only damaged bytes came to: read voltage, 2 words at 5000h",
                "id 3: 2 words (nobody was heard asking)",
            ]
        );
        let node = listener.nodes().find(|node| node.unit == 7).unwrap();
        assert_eq!((node.asked, node.answered, node.refused, node.silent, node.spoiled), (7, 6, 1, 0, 1));
        assert_eq!((node.serial, node.odd), (Some(13_070_009), 1));
        let seen = node.seen();
        assert!(seen.iter().any(|seen| seen.label == "Voltage" && seen.text == "231.4 V"), "{seen:?}");
        let kinds = listener.errors().kinds();
        assert_eq!(
            kinds,
            [
                ("requests without an answer", 1),
                ("requests to which only damaged bytes came", 1),
                ("refusals", 1),
                ("runs of bytes that are no frame", 1),
                ("second answers to one request", 1),
                ("answers that nobody was heard asking for", 1),
            ]
        );
        assert_eq!(listener.masters(), Masters::One);
    });
}

#[test]
fn a_late_answer_is_no_second_one() {
    let says = [
        (0, read(1, 0x5000, 2)),
        (3_500, tell(1, &[0, 0])),
        (4_000, read(1, 0x5000, 2)),
        (4_500, read(2, 0x5000, 2)),
        (4_520, tell(1, &[0, 0])),
        (4_560, tell(2, &[0, 0])),
    ];
    hear(Spoken::Modbus, &says, |listener| {
        let how: Vec<(u8, Answered)> = listener
            .items()
            .filter_map(|item| match item.what {
                What::Answer { unit, how, .. } => Some((unit, how)),
                _ => None,
            })
            .collect();
        assert_eq!(how, [(1, Answered::Late), (1, Answered::Late), (2, Answered::Paired)]);
        let silent = listener.items().find(|item| matches!(item.what, What::Silence { .. })).unwrap();
        assert_eq!(silent.at, at(3_000), "after 3 s nobody waits any more");
        assert_eq!((listener.errors().silent, listener.errors().late), (2, 2));
    });
}

#[test]
fn a_second_master_is_told_where_it_is_certain() {
    let mut says = Vec::new();
    for round in 0..20u64 {
        let ms = 200 * round;
        says.push((ms, read(1, 0x5000, 2)));
        says.push((ms + 40, tell(1, &[0, 0])));
        // A master with 100 ms of patience that goes on to the next id is not taken for two.
        says.push((ms + 60, read(5, 0x5000, 2)));
    }
    hear(Spoken::Modbus, &says, |listener| assert_eq!(listener.masters(), Masters::One));
    for round in [3, 9] {
        let ms = 200 * round;
        let at = says.iter().position(|(time, _)| *time > ms).unwrap();
        says.insert(at, (ms + 15, read(2, 0x6000, 2)));
    }
    hear(Spoken::Modbus, &says, |listener| {
        assert!(matches!(listener.masters(), Masters::Several { hasty: 2, .. }), "{:?}", listener.masters());
        assert_eq!(
            listener.masters().sentence(),
            "2 requests followed another one that was still unanswered within 30 ms: there are several masters, or one that \
             hardly waits."
        );
    });
}

#[test]
fn an_mbus_is_listened_to_as_well() {
    let telegram: Vec<u8> = [
        0x68, 0x15, 0x15, 0x68, 0x08, 0x01, 0x72, 0x01, 0x00, 0x07, 0x13, 0xCD, 0x25, 0x02, 0x02, 0x05, 0x00,
        0x00, 0x00, 0x0C, 0x04, 0x78, 0x56, 0x34, 0x12, 0xB5, 0x16,
    ]
    .to_vec();
    let says = [
        (0, vec![0x10, 0x40, 0x01, 0x41, 0x16]),
        (20, vec![0xE5]),
        (100, vec![0x10, 0x7B, 0x01, 0x7C, 0x16]),
        (150, telegram[..9].to_vec()),
        (166, telegram[9..].to_vec()),
        (300, vec![0x10, 0x5B, 0x05, 0x60, 0x16]),
        (900, vec![0x10, 0x40, 0xFD, 0x3D, 0x16]),
        (1_200, vec![0xE5, 0xE5]),
        (1_400, vec![0x10, 0x7B, 0x01, 0x7C, 0x16]),
        (1_450, telegram[..20].to_vec()),
    ];
    hear(Spoken::Mbus, &says, |listener| {
        assert_eq!(
            texts(listener),
            [
                "address 1: reset the link of address 1",
                "address 1: acknowledged, 20 ms",
                "address 1: read address 1",
                "address 1: number 13070001: total active energy 123456.78 kWh, 66 ms",
                "address 5: read address 5",
                "address 5: no answer to: read address 5",
                "the selected meter: reset the link of the selected meter",
                "the selected meter: acknowledged, 300 ms",
                "1 byte that is no frame: an acknowledgement that nobody waits for",
                "address 1: read address 1",
                "20 bytes that are no frame: the frame breaks off after 20 bytes",
            ]
        );
        let node = listener.nodes().find(|node| node.unit == 1).unwrap();
        assert_eq!((node.asked, node.answered, node.serial), (3, 2, Some(13_070_001)));
        assert_eq!(node.seen()[0].text, "123456.78 kWh");
    });
}

/// A log of a wallbox that polls a meter as mbpoll -v prints it, and what somebody else's program adds.
const LOG: &str = "\
[01][03][50][0A][00][02][F5][09]
Waiting for a confirmation...
<01><03><04><3F><A1><68><73><C9><E0>
[1]: \t1.261
TX: 01 03 50 0C 00 06 14 CB
RX: 01 03 0C 41 80 00 00 41 80 00 00 41 80 00 00 97 AE
01 06 40 03 00 0A EC 0D
! parity
01 83 02 C0 F1
";

#[test]
fn a_pasted_log_is_played() {
    let log = HexLog::parse(LOG);
    let faults: Vec<String> = log.faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].starts_with("line 4: \"[1]:\" is no byte: expected two hexadecimal digits"),
        "{faults:?}"
    );
    let mut memory = ListenMemory::default();
    let mut listener = Listener::new(&mut memory, Spoken::Modbus, LINE);
    listener.assume(models::ALL.first());
    log.play(&mut listener);
    expect![[r#"
        # line 9600 8E1
        # protocol modbus
        > 01 03 50 0A 00 02 F5 09  # id 1: read current, 2 words at 500Ah
        < 01 03 04 3F A1 68 73 C9 E0  # id 1: current 1.26 A
        > 01 03 50 0C 00 06 14 CB  # id 1: read L1 current to L3 current, 6 words at 500Ch
        < 01 03 0C 41 80 00 00 41 80 00 00 41 80 00 00 97 AE  # id 1: L1 current 16.00 A, L2 current 16, L3 current 16
        > 01 06 40 03 00 0A EC 0D  # id 1: set Modbus address to 10
        ! parity  # a character had the wrong parity
        < 01 83 02 C0 F1  # id 1: refused: the device has no such register, or not for this use (02) (nobody was heard asking)
    "#]]
    .assert_eq(&text(&listener, None));
    expect![[r#"
        56 characters; the log tells no times.
        Somebody asks; nothing shows that there are several masters.

        id  meter    asked  answered  refused  silent  damaged  every  answer after
         1  unknown      3         2        0       0        0      -             -

               1  refusals
               1  answers that nobody was heard asking for
               1  characters with a wrong parity
    "#]]
    .assert_eq(&report(&listener));
}

#[test]
fn the_figures_of_a_timed_log() {
    let mut log = String::from("# line 9600 8E1\n");
    for round in 0..10u64 {
        for (ms, frame) in
            [(0, read(1, 0x5000, 2)), (40, tell(1, &[0x4366, 0x199A])), (500, read(2, 0x5000, 2))]
        {
            let ms = 1_000 * round + ms;
            let hex: Vec<String> = frame.iter().map(|byte| format!("{byte:02x}")).collect();
            log.push_str(&format!("12:44:{:02}.{:03} {}\n", 10 + ms / 1_000, ms % 1_000, hex.join("")));
        }
    }
    let log = HexLog::parse(&log);
    assert!(log.faults.is_empty() && log.timed && log.setting == Some(LINE));
    let mut memory = ListenMemory::default();
    let mut listener = Listener::new(&mut memory, Spoken::Modbus, LINE);
    log.play(&mut listener);
    expect![[r#"
        250 characters at 9600 8E1 in 9500 ms: the line is busy 3.0 % of the time.
        Somebody asks; nothing shows that there are several masters.

        id  meter    asked  answered  refused  silent  damaged    every     answer after
         1  unknown     10        10        0       0        0  1000 ms  40 / 40 / 40 ms
         2  unknown     10         0        0       9        0  1000 ms                -

               9  requests without an answer

        From the end of a request until its answer begins:
                0 to 2 ms       0
                2 to 5 ms       0
               5 to 10 ms       0
              10 to 20 ms       0
              20 to 30 ms      10  ########################################
    "#]]
    .assert_eq(&report(&listener));
}

#[test]
fn the_list_does_not_grow_without_end_and_the_figures_go_on() {
    let mut memory = ListenMemory::default();
    let mut listener = Listener::new(&mut memory, Spoken::Modbus, LINE);
    for round in 0..3_000u64 {
        listener.hear(at(100 * round), &Received::Bytes(read(1, 0x5000, 2)));
        listener.hear(at(100 * round + 40), &Received::Bytes(tell(1, &[0, 0])));
    }
    assert_eq!((listener.items().len(), listener.count()), (KEPT, 6_000));
    listener.keep(10);
    assert_eq!(listener.items().len(), 10);
    assert_eq!(listener.items().next_back().unwrap().number, 6_000);
    assert_eq!(listener.nodes().next().unwrap().answered, 3_000);
    assert!(text(&listener, None).contains("# 5990 entries before these are not kept\n"));
}

/// A capture file, read by hand: the packets with their times in µs.
fn packets(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    assert_eq!((word(0), word(4), word(20)), (0xA1B2_C3D4, 0x0004_0002, 147));
    let mut at = 24;
    let mut all = Vec::new();
    while at < file.len() {
        let [seconds, micros, kept, len] = [0, 4, 8, 12].map(|offset| word(at + offset));
        assert_eq!(kept, len);
        let end = at + 16 + len as usize;
        all.push((u64::from(seconds) * 1_000_000 + u64::from(micros), file[at + 16..end].to_vec()));
        at = end;
    }
    all
}

#[test]
fn a_capture_holds_every_frame_at_its_time() {
    let says =
        [(10, read(1, 0x5000, 2)), (51, tell(1, &[1, 2])), (300, vec![1, 2, 3]), (900, read(2, 0x5000, 2))];
    hear(Spoken::Modbus, &says, |listener| {
        let wall = Wall { unix_micros: 1_795_265_050_000_000 };
        let file = pcap(listener.items(), Some(wall));
        let expected: Vec<(u64, Vec<u8>)> =
            says.iter().map(|(ms, bytes)| (wall.unix_micros + 1_000 * ms, bytes.clone())).collect();
        assert_eq!(packets(&file), expected);
    });
}

#[derive(Clone, Debug)]
enum Said {
    Exchange(u8, u16, Vec<u16>),
    Refused(u8, u16),
    Set(u8, u16),
    Silent(u8, u16),
    Broken(u8, usize),
    Noise(Vec<u8>),
    Struck(u8),
    Error,
}

fn said() -> impl Strategy<Value = Said> {
    let unit = 1u8..=247;
    prop_oneof![
        4 => (unit.clone(), any::<u16>(), prop::collection::vec(any::<u16>(), 1..60))
            .prop_map(|(unit, address, words)| Said::Exchange(unit, address, words)),
        1 => (unit.clone(), any::<u16>()).prop_map(|(unit, address)| Said::Refused(unit, address)),
        1 => (unit.clone(), any::<u16>()).prop_map(|(unit, address)| Said::Set(unit, address)),
        1 => (unit.clone(), any::<u16>()).prop_map(|(unit, address)| Said::Silent(unit, address)),
        1 => (unit, 0usize..9).prop_map(|(unit, at)| Said::Broken(unit, at)),
        1 => prop::collection::vec(any::<u8>(), 1..20).prop_map(Said::Noise),
        1 => (1u8..=247).prop_map(Said::Struck),
        1 => Just(Said::Error),
    ]
}

/// The frames of a talk with the time of their last byte, in ms.
fn talk(all: &[Said]) -> Vec<(u64, Received)> {
    let mut ms = 0;
    let mut heard = Vec::new();
    let mut say = |after: u64, bytes: Vec<u8>| {
        ms += after + LINE.wire_time(bytes.len()).as_millis() + 1;
        heard.push((ms, Received::Bytes(bytes)));
    };
    for said in all {
        match said {
            Said::Exchange(unit, address, words) => {
                say(300, read(*unit, *address, u16::try_from(words.len()).unwrap()));
                say(25, tell(*unit, words));
            }
            Said::Refused(unit, address) => {
                say(300, read(*unit, *address, 2));
                say(25, sealed(&[*unit, 0x83, 2]));
            }
            Said::Set(unit, address) => {
                let [high, low] = address.to_be_bytes();
                say(300, sealed(&[*unit, 6, high, low, 0, 1]));
                say(25, sealed(&[*unit, 6, high, low, 0, 1]));
            }
            Said::Silent(unit, address) => say(300, read(*unit, *address, 2)),
            Said::Broken(unit, at) => {
                say(300, read(*unit, 0x5000, 2));
                let mut frame = tell(*unit, &[1, 2]);
                frame[*at] ^= 0x55;
                say(25, frame);
            }
            Said::Noise(bytes) => say(300, bytes.clone()),
            Said::Struck(unit) => {
                say(300, read(*unit, 0x5000, 2));
                let frame = tell(*unit, &[1, 2]);
                say(25, frame[..4].to_vec());
                say(1, Vec::new());
                say(1, frame[5..].to_vec());
            }
            Said::Error => say(300, Vec::new()),
        }
    }
    for (_, received) in &mut heard {
        if *received == Received::Bytes(Vec::new()) {
            *received = Received::LineError(LineError::Framing);
        }
    }
    heard
}

fn play(listener: &mut Listener<'_>, says: &[(Instant, Received)]) {
    for (at, received) in says {
        while let Some(due) = listener.poll_at().filter(|due| due <= at) {
            listener.pass(due);
        }
        listener.hear(*at, received);
    }
    listener.finish(says.last().map_or(Instant::ZERO, |(at, _)| *at));
}

type Heard = Vec<(Vec<u8>, String)>;

fn listened(says: &[(Instant, Received)]) -> Heard {
    let mut memory = ListenMemory::default();
    let mut listener = Listener::new(&mut memory, Spoken::Modbus, LINE);
    listener.without_times();
    play(&mut listener, says);
    listener.items().map(|item| (item.bytes.clone(), item.text.clone())).collect()
}

proptest! {
    #[test]
    fn any_chunks_are_heard_the_same(all in prop::collection::vec(said(), 1..12), cuts in any::<u64>()) {
        let says: Vec<(Instant, Received)> = talk(&all).into_iter().map(|(ms, what)| (at(ms), what)).collect();
        let whole = listened(&says);
        // The same bytes in pieces, each up to 16 ms late, but in their order.
        let mut state = cuts | 1;
        let mut dice = |sides: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) % sides
        };
        let mut pieces: Vec<(Instant, Received)> = Vec::new();
        for (when, what) in says {
            let Received::Bytes(bytes) = what else {
                let when = pieces.last().map_or(when, |(last, _)| when.max(*last));
                pieces.push((when, what));
                continue;
            };
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                // No more at once than comes in half of the pause that ends a frame.
                let count = 1 + usize::try_from(dice(rest.len().min(28) as u64)).unwrap();
                let left = rest.len() - count;
                let end = Instant::from_micros(when.as_micros() - LINE.wire_time(left).as_micros());
                let end = pieces.last().map_or(end, |(last, _)| end.max(*last));
                pieces.push((end + Duration::from_millis(dice(17)), Received::Bytes(rest[..count].to_vec())));
                rest = &rest[count..];
            }
        }
        prop_assert_eq!(listened(&pieces), whole);
    }

    #[test]
    fn a_text_reads_back_and_is_heard_the_same(all in prop::collection::vec(said(), 1..12), wall in any::<u32>()) {
        let says: Vec<(Instant, Received)> = talk(&all).into_iter().map(|(ms, what)| (at(ms), what)).collect();
        let mut memory = ListenMemory::default();
        let mut listener = Listener::new(&mut memory, Spoken::Modbus, LINE);
        play(&mut listener, &says);
        let wall = (wall % 3 != 0).then_some(Wall { unix_micros: u64::from(wall) * 1_000_000 });
        let written = text(&listener, wall);
        let log = HexLog::parse(&written);
        prop_assert_eq!(&log.faults, &[]);
        prop_assert!(log.timed && log.setting == Some(LINE) && log.spoken == Some(Spoken::Modbus));
        let mut memory = ListenMemory::default();
        let mut again = Listener::new(&mut memory, Spoken::Modbus, LINE);
        log.play(&mut again);
        let facts = |listener: &Listener<'_>| -> Vec<(What, Vec<u8>, String)> {
            listener.items().map(|item| (item.what, item.bytes.clone(), item.text.clone())).collect()
        };
        prop_assert_eq!(facts(&again), facts(&listener));
        let spans: Vec<Duration> = listener.items().zip(listener.items().skip(1)).map(|(a, b)| b.at.since(a.at)).collect();
        let back: Vec<Duration> = again.items().zip(again.items().skip(1)).map(|(a, b)| b.at.since(a.at)).collect();
        prop_assert_eq!(back, spans);
    }

    #[test]
    fn every_byte_is_told_once(says in prop::collection::vec((0u64..200, prop::collection::vec(any::<u8>(), 0..80)), 1..8), mbus in any::<bool>()) {
        let mut memory = ListenMemory::default();
        let spoken = if mbus { Spoken::Mbus } else { Spoken::Modbus };
        let mut listener = Listener::new(&mut memory, spoken, LINE);
        let (mut now, mut fed) = (Instant::ZERO, Vec::new());
        let mut all = Vec::new();
        for (ms, bytes) in says {
            now += Duration::from_millis(ms);
            fed.extend_from_slice(&bytes);
            all.push((now, Received::Bytes(bytes)));
        }
        play(&mut listener, &all);
        let told: Vec<u8> = listener.items().flat_map(|item| item.bytes.clone()).collect();
        prop_assert_eq!(told, fed);
        let mut last = Instant::ZERO;
        for item in listener.items().filter(|item| !item.bytes.is_empty()) {
            prop_assert!(item.at >= last && item.at <= now);
            last = item.at;
        }
    }
}
