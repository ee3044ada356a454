//! Transcripts of the server with a clock of the test's own: every row of a raw-byte conformance probe.

use super::*;
use crate::{FRAME_BUFFER, LineParams, Parity, Words, rtu};
use proptest::prelude::*;

/// Registers 5000..50FF hold their address, 4010 can be written, anything else is not there.
struct Meter {
    image: [u16; 256],
    scroll: u16,
    writes: usize,
}

impl Meter {
    fn new() -> Self {
        Self { image: std::array::from_fn(|i| 0x5000 + u16::try_from(i).unwrap()), scroll: 0x10, writes: 0 }
    }
}

impl RegisterAccess for Meter {
    fn words(&self, address: u16, count: u16) -> Result<&[u16], Exception> {
        if (address, count) == (0x4010, 1) {
            return Ok(std::slice::from_ref(&self.scroll));
        }
        let start = usize::from(address.checked_sub(0x5000).ok_or(Exception::IllegalDataAddress)?);
        self.image.get(start..start + usize::from(count)).ok_or(Exception::IllegalDataAddress)
    }

    fn write(&mut self, kind: WriteKind, address: u16, words: Words<'_>) -> Result<(), Exception> {
        match (address, words.len(), words.get(0)) {
            (0x4010, 1, Some(value)) => {
                self.scroll = value;
                self.writes += 1;
                Ok(())
            }
            (0x400D, _, _) if kind == WriteKind::Single => Err(Exception::IllegalDataValue),
            _ => Err(Exception::IllegalDataAddress),
        }
    }
}

fn rtu(unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut frame = vec![unit];
    frame.extend(pdu);
    frame.extend(crc::wire(&frame));
    frame
}

fn tcp(unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut frame = vec![0, 9, 0, 0, 0, u8::try_from(pdu.len() + 1).unwrap(), unit];
    frame.extend(pdu);
    frame
}

fn pdu(function: u8, a: u16, b: u16) -> Vec<u8> {
    [&[function][..], &a.to_be_bytes(), &b.to_be_bytes()].concat()
}

fn pro1() -> ServerConfig {
    ServerConfig {
        unit0: Unit0::AnswersReads,
        fc04: true,
        reply_delay: Duration::from_millis(20),
        ..ServerConfig::new(1)
    }
}

/// What a session gave: answers with the millisecond they left at, and whether the connection was closed.
struct Session {
    answers: Vec<(u64, Vec<u8>)>,
    closed: bool,
    meter: Meter,
}

/// Feeds chunks at their times; an answer is on the wire for no time at all.
fn session(framing: Framing, config: ServerConfig, feed: &[(u64, Vec<u8>)]) -> Session {
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let mut server = Server::new(framing, config, &mut rx, &mut tx);
    let mut s = Session { answers: Vec::new(), closed: false, meter: Meter::new() };
    let drain = |server: &mut Server<'_>, s: &mut Session, now: Instant| {
        loop {
            match server.poll(now, &mut s.meter) {
                Some(Output::Transmit(bytes)) => s.answers.push((now.as_millis(), bytes.to_vec())),
                Some(Output::Event(Event::Close)) => s.closed = true,
                Some(_) => {}
                None => return,
            }
            server.handle_tx_done(now);
        }
    };
    for (ms, bytes) in feed {
        let now = Instant::from_millis(*ms);
        while let Some(at) = server.poll_at().filter(|at| *at <= now) {
            drain(&mut server, &mut s, at);
        }
        let mut rest = &bytes[..];
        for round in 0.. {
            let taken = server.handle_rx(now, rest);
            rest = &rest[taken..];
            drain(&mut server, &mut s, now);
            if rest.is_empty() || round > 1000 {
                break;
            }
        }
        assert!(rest.is_empty(), "bytes were left over");
    }
    while let Some(at) = server.poll_at() {
        drain(&mut server, &mut s, at);
    }
    s
}

const fn predict() -> Framing {
    Framing::predict_server()
}

fn answers(feed: &[(u64, Vec<u8>)]) -> Vec<Vec<u8>> {
    session(predict(), pro1(), feed).answers.into_iter().map(|(_, bytes)| bytes).collect()
}

fn ask(body: &[u8]) -> Vec<Vec<u8>> {
    let by_length = answers(&[(0, rtu(1, body))]);
    let line = LineParams::new(9600, Parity::Even);
    let by_silence = session(Framing::silence(line), pro1(), &[(0, rtu(1, body))]);
    assert!(by_silence.answers.iter().map(|(_, bytes)| bytes).eq(&by_length), "framings differ");
    by_length
}

fn refusal(body: &[u8], code: u8) {
    assert_eq!(ask(body), [rtu(1, &[body[0] | 0x80, code])], "RTU {body:02X?}");
    let over_tcp = session(Framing::Mbap, pro1(), &[(0, tcp(1, body))]);
    assert_eq!(over_tcp.answers, [(20, tcp(1, &[body[0] | 0x80, code]))], "TCP {body:02X?}");
}

fn good() -> Vec<u8> {
    rtu(1, &pdu(3, 0x5000, 2))
}

fn good_answer() -> Vec<u8> {
    rtu(1, &[3, 4, 0x50, 0, 0x50, 1])
}

#[test]
fn reads() {
    assert_eq!(ask(&pdu(3, 0x5000, 2)), [good_answer()]);
    for count in [50, 125] {
        let answer = ask(&pdu(3, 0x5000, count)).remove(0);
        let (unit, response) = rtu::parse_response(&answer, None).unwrap();
        let words: Vec<u16> = (0x5000..0x5000 + count).collect();
        let expected = crate::Response::Read { function: 3, words: Words::from_slice(&words) };
        assert_eq!((unit, response), (1, expected));
    }
    assert_eq!(ask(&pdu(4, 0x5000, 2)), [rtu(1, &[4, 4, 0x50, 0, 0x50, 1])]);
}

#[test]
fn checks_quantity_before_address() {
    refusal(&pdu(3, 0x5000, 0), 3);
    refusal(&pdu(3, 0x5000, 126), 3);
    refusal(&pdu(3, 0x0100, 0), 3);
    refusal(&pdu(3, 0x0100, 2), 2);
    refusal(&pdu(3, 0xFFFF, 2), 2);
}

#[test]
fn writes() {
    let s = session(predict(), pro1(), &[(0, rtu(1, &pdu(6, 0x4010, 0x12)))]);
    assert_eq!((s.answers, s.meter.scroll), (vec![(20, rtu(1, &pdu(6, 0x4010, 0x12)))], 0x12));
    let s = session(predict(), pro1(), &[(0, rtu(1, &[16, 0x40, 0x10, 0, 1, 2, 0, 0x13]))]);
    assert_eq!((s.answers, s.meter.scroll), (vec![(20, rtu(1, &pdu(16, 0x4010, 1)))], 0x13));
    refusal(&pdu(6, 0x0100, 0x12), 2);
    refusal(&pdu(6, 0x400D, 0x12), 3);
    refusal(&[16, 0x40, 0x10, 0, 0, 0], 3);
    refusal(&[16, 0x40, 0x10, 0, 2, 2, 0, 0x13], 3);
    refusal(&[16, 0xFF, 0xFF, 0, 2, 4, 0, 0, 0, 0], 2);
}

#[test]
fn a_write_of_124_registers_is_too_long_to_be_a_frame() {
    let mut long = vec![16, 0x40, 0x10, 0, 124, 248];
    long.extend([0; 248]);
    assert_eq!(ask(&long), [] as [Vec<u8>; 0]);
    assert_eq!(answers(&[(0, rtu(1, &long)), (100, good())]), [good_answer()]);
}

#[test]
fn functions_it_does_not_have() {
    for body in [
        &[0x41, 0, 0, 0, 0][..],
        &[8, 0, 0, 0xA5, 0x37],
        &[8, 0, 0xFF, 0, 0],
        &[0x11],
        &[0x17, 0x50, 0, 0, 2, 0x40, 0x10, 0, 1, 2, 0, 0x14],
        &[0x2B, 0x0E, 1, 0],
        &[1, 0, 0, 0, 1],
        &[5, 0, 0, 0x12, 0x34],
    ] {
        refusal(body, 1);
    }
    let strict = ServerConfig { fc04: false, ..pro1() };
    let s = session(predict(), strict, &[(0, rtu(1, &pdu(4, 0x5000, 2)))]);
    assert_eq!(s.answers, [(20, rtu(1, &[0x84, 1]))]);
}

#[test]
fn an_unknown_function_is_judged_at_the_gap() {
    let s = session(predict(), pro1(), &[(0, rtu(1, &[0x41, 0, 0, 0, 0]))]);
    assert_eq!(s.answers, [(30, rtu(1, &[0xC1, 1]))]);
    let mut bad = rtu(1, &[0x41, 0, 0, 0, 0]);
    bad[6] ^= 1;
    assert_eq!(answers(&[(0, bad), (100, good())]), [good_answer()]);
}

#[test]
fn other_units_and_broadcast() {
    assert!(answers(&[(0, rtu(2, &pdu(3, 0x5000, 2)))]).is_empty());
    assert_eq!(answers(&[(0, rtu(0, &pdu(3, 0x5000, 2)))]), [good_answer()]);
    let strict = ServerConfig { unit0: Unit0::Silent, ..pro1() };
    assert!(session(predict(), strict, &[(0, rtu(0, &pdu(3, 0x5000, 2)))]).answers.is_empty());
    let s =
        session(predict(), pro1(), &[(0, rtu(0, &pdu(6, 0x4010, 0x17))), (100, rtu(1, &pdu(3, 0x4010, 1)))]);
    assert_eq!(s.answers, [(120, rtu(1, &[3, 2, 0, 0x17]))]);
    assert!(answers(&[(0, rtu(0, &pdu(6, 0x0100, 1)))]).is_empty(), "not even a refusal");
    assert!(answers(&[(0, rtu(0, &[0x41, 1, 2]))]).is_empty());
}

#[test]
fn damaged_frames_cost_silence_and_nothing_else() {
    let mut bad = good();
    bad[7] ^= 1;
    let mut noisy = vec![0xFF];
    noisy.extend(good());
    let long = rtu(1, &[&pdu(3, 0x5000, 2)[..], &[0]].concat());
    for (name, first, pause) in [
        ("bad CRC", bad, 100),
        ("stump", good()[..5].to_vec(), 500),
        ("noise byte", vec![0xFF], 50),
        ("glued noise", noisy, 500),
        ("one byte too many", long, 500),
        ("garbage", vec![0x55; 300], 40),
    ] {
        assert!(answers(&[(0, first.clone())]).is_empty(), "{name}");
        assert_eq!(answers(&[(0, first), (pause, good())]), [good_answer()], "{name}");
    }
}

#[test]
fn a_hole_of_50_ms_spoils_a_frame_one_of_29_does_not() {
    let (head, tail) = (good()[..4].to_vec(), good()[4..].to_vec());
    assert!(answers(&[(0, head.clone()), (50, tail.clone())]).is_empty());
    assert_eq!(answers(&[(0, head.clone()), (50, tail.clone()), (550, good())]), [good_answer()]);
    assert_eq!(answers(&[(0, head), (29, tail)]), [good_answer()]);
}

#[test]
fn two_requests_without_a_gap_are_both_answered() {
    assert_eq!(answers(&[(0, [good(), good()].concat())]), [good_answer(), good_answer()]);
}

#[test]
fn answers_of_neighbours_are_followed() {
    let theirs = rtu(2, &[3, 4, 0, 1, 0, 2]);
    assert!(answers(&[(0, theirs.clone())]).is_empty());
    assert_eq!(answers(&[(0, theirs.clone()), (50, good())]), [good_answer()]);
    // A whole conversation beside us, without a single pause.
    let beside = [
        rtu(2, &pdu(3, 0x5000, 2)),
        theirs,
        rtu(3, &pdu(6, 1, 2)),
        rtu(3, &pdu(6, 1, 2)),
        rtu(4, &[16, 0, 1, 0, 2, 4, 1, 2, 3, 4]),
        rtu(4, &pdu(16, 1, 2)),
        rtu(5, &pdu(1, 0, 9)),
        rtu(5, &[1, 2, 0xFF, 1]),
        rtu(6, &pdu(3, 0, 1)),
        rtu(6, &[0x83, 2]),
        good(),
    ];
    assert_eq!(answers(&[(0, beside.concat())]), [good_answer()]);
}

#[test]
fn modbus_tcp() {
    let ask = tcp(1, &pdu(3, 0x5000, 2));
    let answer = tcp(1, &[3, 4, 0x50, 0, 0x50, 1]);
    let over = |feed: &[(u64, Vec<u8>)]| session(Framing::Mbap, ServerConfig::new(1), feed);
    assert_eq!(over(&[(0, ask.clone())]).answers, [(0, answer.clone())]);
    let mut other_protocol = ask.clone();
    other_protocol[3] = 1;
    let s = over(&[(0, other_protocol), (5, ask.clone())]);
    assert_eq!((s.answers, s.closed), (vec![(5, answer.clone())], false));
    let split = over(&[(0, ask[..3].to_vec()), (20, ask[3..8].to_vec()), (400, ask[8..].to_vec())]);
    assert_eq!(split.answers, [(400, answer.clone())]);
    assert_eq!(over(&[(0, ask.repeat(2))]).answers, [(0, answer.clone()), (0, answer.clone())]);
    assert_eq!(over(&[(0, ask.repeat(40))]).answers.len(), 40);
    for length in [0, 1, 513, 0xFFFF] {
        let mut wrong = ask.clone();
        wrong[4..6].copy_from_slice(&u16::to_be_bytes(length));
        let s = over(&[(0, wrong), (5, ask.clone())]);
        assert!(s.closed && s.answers.is_empty(), "length {length}");
    }
    // A frame too long is skipped to its end, whatever the segments.
    let mut long = tcp(1, &[16, 0x40, 0x10, 0, 124, 248]);
    long[5] = 255;
    long.extend([0; 248]);
    let stream = [long, ask.clone()].concat();
    for cut in [1, 7, 100, 261, 262, 300] {
        let feed: Vec<_> = stream.chunks(cut).map(|chunk| (0, chunk.to_vec())).collect();
        let s = over(&feed);
        assert_eq!((s.answers, s.closed), (vec![(0, answer.clone())], false), "cut {cut}");
    }
    for unit in [0, 255] {
        let s = over(&[(0, tcp(unit, &pdu(6, 0x4010, 5)))]);
        assert_eq!((s.answers, s.meter.scroll), (vec![(0, tcp(unit, &pdu(6, 0x4010, 5)))], 5));
    }
    assert!(over(&[(0, tcp(2, &pdu(3, 0x5000, 2)))]).answers.is_empty());
    assert_eq!(over(&[(0, tcp(1, &[3, 0, 0]))]).answers, [(0, tcp(1, &[0x83, 3]))]);
}

#[test]
fn a_closed_stream_is_open_again_after_reset() {
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let mut server = Server::new(Framing::Mbap, ServerConfig::new(1), &mut rx, &mut tx);
    let mut meter = Meter::new();
    server.handle_rx(Instant::ZERO, &[0, 9, 0, 0, 9, 44, 1, 3]);
    assert_eq!(server.poll(Instant::ZERO, &mut meter), Some(Output::Event(Event::Close)));
    server.handle_rx(Instant::ZERO, &tcp(1, &pdu(3, 0x5000, 1)));
    assert_eq!(server.poll(Instant::ZERO, &mut meter), None);
    server.reset();
    server.handle_rx(Instant::ZERO, &tcp(1, &pdu(3, 0x5000, 1)));
    assert!(matches!(server.poll(Instant::ZERO, &mut meter), Some(Output::Transmit(_))));
}

#[test]
fn line_and_unit_change_after_the_answer_has_left() {
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let old = LineParams::new(9600, Parity::Even);
    let new = LineParams::new(2400, Parity::None);
    let mut server = Server::new(Framing::silence(old), ServerConfig::new(1), &mut rx, &mut tx);
    let mut meter = Meter::new();
    let write = rtu(1, &pdu(6, 0x4010, 7));
    server.handle_rx(Instant::ZERO, &write);
    let due = server.poll_at().unwrap();
    assert_eq!(due, Instant::ZERO + old.t35());
    assert_eq!(server.poll(due, &mut meter), Some(Output::Transmit(&write)));
    server.stage_line(new, 9);
    let answered = Event::Answered { unit: 1, function: 6, exception: None };
    assert_eq!(server.poll(due, &mut meter), Some(Output::Event(answered)));
    assert_eq!(server.poll(due, &mut meter), None);
    assert_eq!((server.poll_at(), server.unit()), (None, 1));
    let gone = due + old.wire_time(8);
    server.handle_tx_done(gone);
    assert_eq!(server.poll(gone, &mut meter), Some(Output::Reconfigure(new)));
    assert_eq!(server.unit(), 9);
    assert_eq!(server.poll(gone, &mut meter), None);
    let later = gone + Duration::from_secs(1);
    server.handle_rx(later, &good());
    server.handle_rx(later + Duration::from_secs(1), &rtu(9, &pdu(3, 0x5000, 1)));
    let later = later + Duration::from_secs(1) + new.t35();
    assert_eq!(server.poll(later, &mut meter), Some(Output::Event(Event::Heard { unit: 1, function: 3 })));
    assert!(matches!(server.poll(later, &mut meter), Some(Output::Transmit([9, 3, 2, ..]))));
}

#[test]
fn a_line_error_drops_the_frame_it_is_in() {
    for framing in [predict(), Framing::silence(LineParams::new(9600, Parity::Even))] {
        let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
        let mut server = Server::new(framing, ServerConfig::new(1), &mut rx, &mut tx);
        let mut meter = Meter::new();
        let ms = Instant::from_millis;
        server.handle_rx(ms(0), &good()[..3]);
        server.handle_line_error(ms(1), LineError::Parity);
        server.handle_rx(ms(2), &good()[4..]);
        assert_eq!(server.poll(ms(40), &mut meter), Some(Output::Event(Event::Dropped { bytes: 3 })));
        assert_eq!(server.poll(ms(40), &mut meter), None);
        server.handle_rx(ms(50), &good());
        assert!(matches!(server.poll(ms(60), &mut meter), Some(Output::Transmit(_))));
    }
}

#[test]
fn by_silence_a_pause_spoils_a_frame() {
    let line = LineParams::new(9600, Parity::Even);
    let fed = |pause: Duration| {
        let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
        let mut server = Server::new(Framing::silence(line), ServerConfig::new(1), &mut rx, &mut tx);
        let mut now = Instant::ZERO;
        for (i, byte) in good().iter().enumerate() {
            now += if i == 4 { pause } else { line.char_time() };
            server.handle_rx(now, &[*byte]);
        }
        now += line.t35();
        let mut meter = Meter::new();
        loop {
            match server.poll(now, &mut meter) {
                Some(Output::Transmit(_)) => return true,
                Some(_) => {}
                None => return false,
            }
        }
    };
    assert!(fed(line.char_time()) && fed(line.char_time() + line.t15()));
    assert!(!fed(line.char_time() + line.t15() + Duration::from_micros(1)) && !fed(Duration::from_millis(5)));
}

#[test]
fn it_is_deaf_while_it_sends() {
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let mut server = Server::new(predict(), ServerConfig::new(1), &mut rx, &mut tx);
    let mut meter = Meter::new();
    let write = rtu(1, &pdu(6, 0x4010, 7));
    server.handle_rx(Instant::ZERO, &write);
    assert!(matches!(server.poll(Instant::ZERO, &mut meter), Some(Output::Transmit(_))));
    server.handle_rx(Instant::ZERO, &write);
    server.handle_tx_done(Instant::ZERO);
    while server.poll(Instant::ZERO, &mut meter).is_some() {}
    assert_eq!((meter.writes, server.poll_at()), (1, None));
}

#[test]
fn a_buffer_too_small_is_a_device_failure() {
    let (mut rx, mut tx) = ([0; 32], [0; 32]);
    let mut server = Server::new(predict(), ServerConfig::new(1), &mut rx, &mut tx);
    server.handle_rx(Instant::ZERO, &rtu(1, &pdu(3, 0x5000, 50)));
    let refused = rtu(1, &[0x83, 4]);
    assert_eq!(server.poll(Instant::ZERO, &mut Meter::new()), Some(Output::Transmit(&refused)));
}

fn traffic() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => (0u8..4, 1u16..8).prop_map(|(unit, n)| rtu(unit, &pdu(3, 0x5000, n))),
        1 => (0u8..4, any::<u16>()).prop_map(|(unit, v)| rtu(unit, &pdu(6, 0x4010, v))),
        1 => (0u8..4, any::<u16>()).prop_map(|(unit, v)| {
            rtu(unit, &[&[16, 0x40, 0x10, 0, 1, 2][..], &v.to_be_bytes()].concat())
        }),
        1 => (1u8..4, any::<u32>()).prop_map(|(unit, v)| rtu(unit, &[&[3, 4][..], &v.to_be_bytes()].concat())),
        1 => (1u8..4, 0u8..).prop_map(|(unit, f)| rtu(unit, &[f, 1, 2])),
        1 => proptest::collection::vec(0u8.., 1..5),
    ];
    proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_split_below_the_gap_gives_the_same_answers(
        bytes in traffic(),
        cuts in proptest::collection::vec((1usize..20, 0u64..30), 1..80),
    ) {
        let config = ServerConfig { reply_delay: Duration::ZERO, ..pro1() };
        let whole = session(predict(), config, &[(0, bytes.clone())]);
        let (mut feed, mut rest, mut now) = (Vec::new(), &bytes[..], 0);
        for (n, pause) in cuts {
            let (chunk, tail) = rest.split_at(n.min(rest.len()));
            if !chunk.is_empty() { feed.push((now, chunk.to_vec())); }
            now += pause;
            rest = tail;
        }
        if !rest.is_empty() { feed.push((now, rest.to_vec())); }
        let split = session(predict(), config, &feed);
        let bare = |s: &Session| s.answers.iter().map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>();
        prop_assert_eq!(bare(&whole), bare(&split));
        prop_assert_eq!(whole.meter.scroll, split.meter.scroll);
    }

    #[test]
    fn tcp_segments_do_not_matter(n in 1usize..9, cuts in proptest::collection::vec(1usize..40, 1..40)) {
        let bytes: Vec<u8> = (0..n).flat_map(|i| tcp(1, &pdu(3, 0x5000, 1 + u16::try_from(i).unwrap()))).collect();
        let whole = session(Framing::Mbap, ServerConfig::new(1), &[(0, bytes.clone())]);
        prop_assert_eq!(whole.answers.len(), n);
        let (mut feed, mut rest) = (Vec::new(), &bytes[..]);
        for cut in cuts.into_iter().chain([usize::MAX]) {
            let (chunk, tail) = rest.split_at(cut.min(rest.len()));
            if !chunk.is_empty() { feed.push((0, chunk.to_vec())); }
            rest = tail;
        }
        prop_assert_eq!(session(Framing::Mbap, ServerConfig::new(1), &feed).answers, whole.answers);
    }

    #[test]
    fn whatever_was_heard_a_good_frame_after_a_pause_is_answered(
        chunks in proptest::collection::vec((0u64..50, proptest::collection::vec(0u8.., 1..300)), 0..8),
    ) {
        let (mut feed, mut now) = (Vec::new(), 0);
        for (pause, bytes) in chunks {
            now += pause;
            feed.push((now, bytes));
        }
        feed.push((now + 100, good()));
        prop_assert_eq!(answers(&feed).pop(), Some(good_answer()));
    }
}
