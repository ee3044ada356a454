//! A bus with two meters, heard from the side.

use super::*;
use crate::pdu::Exception;

fn sealed(body: &[u8]) -> Vec<u8> {
    let mut frame = body.to_vec();
    frame.extend(crc::wire(body));
    frame
}

/// Feeds chunks at their milliseconds and writes down what was heard.
fn listen(feed: &[(u64, Vec<u8>)]) -> Vec<String> {
    let mut rx = [0; crate::LISTEN_BUFFER];
    let mut sniffer = Sniffer::new(&mut rx);
    let mut heard = Vec::new();
    let mut note = |sniffer: &mut Sniffer<'_>, now: Instant| {
        while let Some(item) = sniffer.poll(now) {
            heard.push(match item {
                Heard::Request { unit, request, .. } => format!("{unit} < {request:?}"),
                Heard::Response { unit, response, to, .. } => {
                    let to = to.map_or("nobody".into(), |to| format!("{:04X}", to.address.unwrap_or(0)));
                    format!("{unit} > {response:?} to {to}")
                }
                Heard::Damaged { bytes, .. } => format!("{} damaged", bytes.len()),
                Heard::Line { error, .. } => error.to_string(),
            });
        }
    };
    for (ms, bytes) in feed {
        let now = Instant::from_millis(*ms);
        while let Some(at) = sniffer.poll_at().filter(|at| *at <= now) {
            note(&mut sniffer, at);
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let n = sniffer.handle_rx(now, rest);
            rest = &rest[n..];
            note(&mut sniffer, now);
        }
    }
    while let Some(at) = sniffer.poll_at() {
        note(&mut sniffer, at);
    }
    heard
}

#[test]
fn pairs_requests_with_answers() {
    let ask = sealed(&[1, 3, 0x50, 0, 0, 1]);
    let answer = sealed(&[1, 3, 2, 0x12, 0x34]);
    let set = sealed(&[2, 6, 0x40, 3, 0, 10]);
    let refused = sealed(&[2, 0x86, 2]);
    let heard = listen(&[
        (0, ask.clone()),
        (25, answer),
        (40, set.clone()),
        (60, set.clone()),
        (80, set),
        (100, refused),
        (200, ask),
    ]);
    assert_eq!(
        heard,
        [
            "1 < ReadHolding { address: 20480, count: 1 }",
            "1 > Read { function: 3, words: [1234] } to 5000",
            "2 < WriteSingle { address: 16387, value: 10 }",
            "2 > WriteSingle { address: 16387, value: 10 } to 4003",
            "2 < WriteSingle { address: 16387, value: 10 }",
            "2 > Exception { function: 6, exception: IllegalDataAddress } to 4003",
            "1 < ReadHolding { address: 20480, count: 1 }",
        ]
    );
}

#[test]
fn finds_its_step_again_after_noise() {
    let mut noisy = vec![0xFF];
    noisy.extend(sealed(&[1, 3, 0x50, 0, 0, 1]));
    let heard = listen(&[(0, noisy), (20, sealed(&[1, 3, 2, 0, 7])), (100, vec![1, 2, 3])]);
    assert_eq!(
        heard,
        [
            "1 damaged",
            "1 < ReadHolding { address: 20480, count: 1 }",
            "1 > Read { function: 3, words: [0007] } to 5000",
            "3 damaged",
        ]
    );
}

#[test]
fn keeps_functions_it_does_not_know() {
    let heard = listen(&[(0, sealed(&[5, 0x41, 9, 9])), (50, sealed(&[5, 0x41, 8]))]);
    assert_eq!(
        heard,
        ["5 < Other { function: 65, data: [9, 9] }", "5 > Other { function: 65, data: [8] } to 0000"]
    );
}

#[test]
fn a_refusal_is_an_answer_whoever_asked() {
    let heard = listen(&[(0, sealed(&[1, 0x83, 2]))]);
    assert_eq!(heard, ["1 > Exception { function: 3, exception: IllegalDataAddress } to nobody"]);
}

#[test]
fn the_pause_that_ends_a_frame_can_be_longer() {
    let mut rx = [0; crate::LISTEN_BUFFER];
    let mut sniffer = Sniffer::new(&mut rx);
    sniffer.set_gap(Duration::from_millis(60));
    let ask = sealed(&[1, 3, 0, 0, 0, 1]);
    sniffer.handle_rx(Instant::ZERO, &ask[..4]);
    assert_eq!(sniffer.poll_at(), Some(Instant::from_millis(60)));
    assert_eq!(sniffer.poll(Instant::from_millis(45)), None);
    let now = Instant::from_millis(45);
    sniffer.handle_rx(now, &ask[4..]);
    assert!(matches!(sniffer.poll(now), Some(Heard::Request { unit: 1, .. })));
}

#[test]
fn an_answer_to_unit_0_is_paired() {
    let heard = listen(&[(0, sealed(&[0, 3, 0x10, 0, 0, 2])), (25, sealed(&[1, 3, 4, 0x15, 6, 0, 1]))]);
    assert_eq!(heard[1], "1 > Read { function: 3, words: [1506 0001] } to 1000");
}

#[test]
fn tells_the_delay_and_line_errors() {
    let mut rx = [0; crate::LISTEN_BUFFER];
    let mut sniffer = Sniffer::new(&mut rx);
    sniffer.handle_rx(Instant::from_millis(0), &sealed(&[1, 3, 0, 0, 0, 1]));
    assert_eq!(sniffer.poll(Instant::ZERO).unwrap().delay(), None);
    let now = Instant::from_millis(23);
    sniffer.handle_rx(now, &sealed(&[1, 0x83, 2]));
    let heard = sniffer.poll(now).unwrap();
    assert_eq!(heard.delay(), Some(Duration::from_millis(23)));
    let refused = Response::Exception { function: 3, exception: Exception::IllegalDataAddress };
    assert!(matches!(heard, Heard::Response { response, .. } if response == refused));
    sniffer.handle_line_error(now, LineError::Parity);
    assert_eq!(sniffer.poll(now), Some(Heard::Line { at: now, error: LineError::Parity }));
    assert_eq!(sniffer.poll(now), None);
}

#[test]
fn classifies_a_single_frame() {
    assert!(matches!(classify(&sealed(&[1, 3, 0, 0, 0, 1])), Ok(Heard::Request { unit: 1, .. })));
    assert!(matches!(classify(&sealed(&[1, 3, 2, 0, 1])), Ok(Heard::Response { unit: 1, .. })));
    assert!(matches!(classify(&[1, 3, 2, 0, 1, 0, 0]), Err(FrameFault::Crc { .. })));
}

proptest::proptest! {
    #[test]
    fn every_byte_is_told_once(chunks in proptest::collection::vec((0u64..60, proptest::collection::vec(0u8.., 1..300)), 1..6)) {
        let mut rx = [0; crate::LISTEN_BUFFER];
        let mut sniffer = Sniffer::new(&mut rx);
        let (mut now, mut told, mut fed) = (Instant::ZERO, 0, 0);
        let mut count = |item: Heard<'_>| match item {
            Heard::Request { frame, .. } | Heard::Response { frame, .. } => told += frame.len(),
            Heard::Damaged { bytes, .. } => told += bytes.len(),
            Heard::Line { .. } => {}
        };
        for (ms, bytes) in chunks {
            now += Duration::from_millis(ms);
            fed += bytes.len();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let n = sniffer.handle_rx(now, rest);
                rest = &rest[n..];
                while let Some(item) = sniffer.poll(now) { count(item); }
            }
        }
        now += Duration::from_secs(1);
        while let Some(item) = sniffer.poll(now) { count(item); }
        proptest::prop_assert_eq!(told, fed);
    }
}
