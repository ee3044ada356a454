//! Transcripts of the master, and a master with a search on a wire of slaves.

use super::*;
use crate::{FRAME_BUFFER, LISTEN_BUFFER};
use proptest::prelude::*;
use units::Duration;

const LINE: LineParams = LineParams::even(2400);
/// 330 bit times at 2400 Bd and 50 ms.
const PATIENCE: u64 = 187_500;

/// What came of a request, owned.
#[derive(Clone, Debug, PartialEq)]
enum Came {
    Ack,
    Response(u8, u8, Vec<u8>),
    Sent,
    Silence,
    Garbled(Garble, Vec<u8>),
    Raw(Vec<u8>),
}

struct Bench<'m> {
    master: Master<'m>,
    now: Instant,
    sent: Vec<u8>,
}

impl Bench<'_> {
    /// Sends what is queued, hears `bytes` after `delay`, in chunks of `chunk`, and returns the outcome with the
    /// microseconds it took from the end of the request.
    fn answer(&mut self, delay: Duration, bytes: &[u8], chunk: usize) -> (Came, u64) {
        let start = self.transmit();
        let mut pieces = bytes.chunks(chunk.max(1));
        let mut next = start + delay;
        loop {
            let due = self.master.poll_at().unwrap();
            if next <= due
                && let Some(piece) = pieces.next()
            {
                self.now = self.now.max(next);
                self.master.handle_rx(self.now, piece);
                // An adapter holds bytes back for a while, but not for as long as a pause of the line.
                next += LINE.wire_time(chunk).min(Duration::from_millis(15));
            } else {
                self.now = self.now.max(due);
            }
            if let Some(Output::Event(outcome)) = self.master.poll(self.now) {
                let came = match outcome {
                    Outcome::Ack => Came::Ack,
                    Outcome::Response { address, ci, data, .. } => Came::Response(address, ci, data.to_vec()),
                    Outcome::Sent => Came::Sent,
                    Outcome::Silence => Came::Silence,
                    Outcome::Garbled { kind, bytes, .. } => Came::Garbled(kind, bytes.to_vec()),
                    Outcome::Raw(bytes) => Came::Raw(bytes.to_vec()),
                };
                return (came, (self.now - start).as_micros());
            }
        }
    }

    fn transmit(&mut self) -> Instant {
        self.now = self.now.max(self.master.poll_at().unwrap());
        let Some(Output::Transmit(bytes)) = self.master.poll(self.now) else { panic!("nothing to send") };
        self.sent = bytes.to_vec();
        self.now += LINE.wire_time(self.sent.len());
        self.master.handle_tx_done(self.now);
        self.now
    }

    fn hears(&mut self, bytes: &[u8]) -> Came {
        self.answer(Duration::from_millis(10), bytes, 300).0
    }
}

fn with<R>(test: impl FnOnce(&mut Bench<'_>) -> R) -> R {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let master = Master::new(MasterConfig::new(LINE), &mut rx, &mut tx);
    test(&mut Bench { master, now: Instant::from_millis(1000), sent: Vec::new() })
}

fn rsp(from: u8, data: &[u8]) -> Vec<u8> {
    let mut buffer = [0; FRAME_BUFFER];
    let n =
        Frame::Long { control: Control::RSP_UD, address: from, ci: 0x72, data }.emit(&mut buffer).unwrap();
    buffer[..n].to_vec()
}

#[test]
fn who_is_there_and_who_is_not() {
    with(|bench| {
        bench.master.reset_link(1).unwrap();
        assert_eq!(bench.master.reset_link(2), Err(RequestError::Busy));
        assert_eq!(bench.answer(Duration::from_millis(100), &[0xE5], 1), (Came::Ack, 120_000));
        assert_eq!(bench.sent, [0x10, 0x40, 0x01, 0x41, 0x16]);
        bench.master.reset_link(2).unwrap();
        assert_eq!(bench.answer(Duration::ZERO, &[], 1), (Came::Silence, PATIENCE));
        bench.master.reset_link(0xFF).unwrap();
        assert_eq!(bench.answer(Duration::ZERO, &[], 1), (Came::Sent, 13_750));
    });
}

#[test]
fn the_frame_count_bit_toggles_after_a_good_answer_only() {
    with(|bench| {
        let telegram = rsp(5, &[1, 2, 3]);
        let mut read = |answer: &[u8]| {
            bench.master.read(5).unwrap();
            let came = bench.hears(answer);
            (bench.sent[1], came)
        };
        assert_eq!(read(&telegram), (0x7B, Came::Response(5, 0x72, vec![1, 2, 3])));
        assert_eq!(read(&[]), (0x5B, Came::Silence));
        assert_eq!(read(&telegram[..7]).0, 0x5B);
        assert_eq!(read(&telegram).0, 0x5B);
        assert_eq!(read(&telegram).0, 0x7B);
        // Each address has a bit of its own.
        bench.master.read(6).unwrap();
        bench.hears(&rsp(6, &[]));
        assert_eq!(bench.sent[1], 0x7B);
        bench.master.reset_link(5).unwrap();
        bench.hears(&[0xE5]);
        assert!(bench.master.fcb(5) && !bench.master.fcb(6));
        bench.master.send(6, 0x51, &[0x01, 0x7A, 0x06]).unwrap();
        assert_eq!(bench.hears(&[0xE5]), Came::Ack);
        assert_eq!((bench.sent[4], bench.master.fcb(6)), (0x53, true));
    });
}

#[test]
fn a_selection_starts_anew_at_fd() {
    with(|bench| {
        for _ in 0..2 {
            bench.master.select(&Mask::ANY).unwrap();
            assert_eq!(bench.hears(&[0xE5]), Came::Ack);
            assert_eq!(
                bench.sent,
                [0x68, 11, 11, 0x68, 0x53, 0xFD, 0x52, 255, 255, 255, 255, 255, 255, 255, 255, 0x9A, 0x16]
            );
            bench.master.read(0xFD).unwrap();
            assert_eq!(bench.hears(&rsp(9, &[7])), Came::Response(9, 0x72, vec![7]));
            assert_eq!(bench.sent, [0x10, 0x7B, 0xFD, 0x78, 0x16]);
        }
    });
}

#[test]
fn the_echo_of_a_converter_is_removed() {
    with(|bench| {
        bench.master.reset_link(1).unwrap();
        assert_eq!(bench.hears(&[0x10, 0x40, 0x01, 0x41, 0x16, 0xE5]), Came::Ack);
        assert!(bench.master.heard_echo());
        bench.master.reset_link(1).unwrap();
        assert_eq!(bench.hears(&[0x10, 0x40, 0x01, 0x41, 0x16]), Came::Silence);
        bench.master.read(1).unwrap();
        let answer = [&[0x10, 0x7B, 0x01, 0x7C, 0x16], &rsp(1, &[4])[..]].concat();
        assert_eq!(bench.answer(Duration::from_millis(1), &answer, 1).0, Came::Response(1, 0x72, vec![4]));
        // An echo alone counts as silence, even where it came in two halves and the answer late.
        bench.master.reset_link(1).unwrap();
        assert_eq!(bench.answer(Duration::ZERO, &[0x10, 0x40, 0x01], 1).0, Came::Silence);
    });
}

#[test]
fn collisions_are_told_from_noise() {
    use Garble::{Collision, Misfit, Noise};
    // Two acknowledges, one a few bits late: a space of either wins, so ones can only get lost.
    let collisions: [&[u8]; 5] = [&[0xE5, 0xE5], &[0xA4], &[0x25], &[0x00], &[0xE5, 0xFD]];
    let noises: [&[u8]; 5] = [&[0xFD], &[0xFE], &[0xFC], &[0xFF], &[0xFD, 0xE5]];
    with(|bench| {
        let mut select = |bytes: &[u8]| {
            bench.master.select(&Mask::ANY).unwrap();
            bench.hears(bytes)
        };
        for bytes in collisions {
            assert_eq!(select(bytes), Came::Garbled(Collision, bytes.to_vec()));
        }
        for bytes in noises {
            assert_eq!(select(bytes), Came::Garbled(Noise, bytes.to_vec()));
        }
        assert!(matches!(select(&rsp(1, &[])), Came::Garbled(Misfit, _)));
        bench.master.read(1).unwrap();
        assert!(matches!(bench.hears(&rsp(2, &[])), Came::Garbled(Misfit, _)), "another meter");
        bench.master.read(1).unwrap();
        assert!(matches!(bench.hears(&[0x68, 0x14, 0x10, 0x68]), Came::Garbled(Collision, _)));
        bench.master.read(1).unwrap();
        assert_eq!(bench.hears(&[&[0xFE], &rsp(1, &[3])[..]].concat()), Came::Response(1, 0x72, vec![3]));
        bench.master.read(1).unwrap();
        let twice = [rsp(1, &[3]), rsp(1, &[3])].concat();
        assert_eq!(bench.hears(&twice), Came::Garbled(Collision, twice.clone()));
    });
}

#[test]
fn a_damaged_character_spoils_an_acknowledge() {
    with(|bench| {
        bench.master.reset_link(1).unwrap();
        bench.transmit();
        bench.master.handle_line_error(bench.now, LineError::Parity);
        bench.master.handle_rx(bench.now, &[0xE5]);
        bench.now += Duration::from_millis(20);
        let outcome = bench.master.poll(bench.now);
        let Some(Output::Event(Outcome::Garbled { kind, line, .. })) = outcome else { panic!("{outcome:?}") };
        assert_eq!((kind, line), (Garble::Collision, Some(LineError::Parity)));
        // The line must be idle before the next request.
        bench.master.reset_link(1).unwrap();
        assert!(bench.master.poll(bench.now).is_some() || bench.master.poll_at().unwrap() > bench.now);
    });
}

#[test]
fn a_long_telegram_outlasts_the_deadline_of_its_first_byte() {
    with(|bench| {
        let telegram = rsp(1, &[0x2F; 240]);
        bench.master.read(1).unwrap();
        let (came, micros) = bench.answer(Duration::from_millis(180), &telegram, 1);
        assert!(matches!(came, Came::Response(1, 0x72, data) if data.len() == 240));
        assert!(micros > 1_000_000);
    });
}

#[test]
fn a_telegram_that_a_gateway_hands_out_whole_is_waited_for() {
    let telegram = rsp(1, &[0x2F; 240]);
    let whole = LINE.wire_time(telegram.len()) + Duration::from_millis(100);
    for whole_frames in [false, true] {
        with(|bench| {
            bench.master.config.whole_frames = whole_frames;
            bench.master.read(1).unwrap();
            let (came, _) = bench.answer(whole, &telegram, 300);
            assert_eq!(matches!(came, Came::Response(1, 0x72, _)), whole_frames, "{came:?}");
            // An acknowledge is one byte, however it is handed out.
            bench.now += Duration::from_secs(5);
            bench.master.reset_link(1).unwrap();
            assert_eq!(bench.answer(whole, &[], 1), (Came::Silence, PATIENCE));
        });
    }
}

#[test]
fn line_and_raw_bytes() {
    with(|bench| {
        bench.master.stage_line(LineParams::even(300));
        assert_eq!(bench.master.poll(bench.now), Some(Output::Reconfigure(LineParams::even(300))));
        bench.master.stage_line(LINE);
        bench.master.request_raw(&[1, 2, 3]).unwrap();
        assert_eq!(bench.master.poll(bench.now), Some(Output::Reconfigure(LINE)));
        assert_eq!(bench.hears(&[1, 2, 3, 9, 9]), Came::Raw(vec![9, 9]));
        let fault = bench.master.request_raw(&[0; 300]).unwrap_err();
        assert_eq!(fault.to_string(), "the buffer is too small: 300 bytes are needed");
        bench.master.read(1).unwrap();
        bench.master.cancel(bench.now);
        assert!(!bench.master.is_busy());
    });
}

proptest! {
    #[test]
    fn any_bytes_end_in_an_outcome(bytes in prop::collection::vec(any::<u8>(), 0..600), chunk in 1usize..40, kind in 0u8..3) {
        with(|bench| {
            match kind {
                0 => bench.master.reset_link(1),
                1 => bench.master.read(1),
                _ => bench.master.select(&Mask::ANY),
            }.unwrap();
            bench.answer(Duration::from_millis(5), &bytes, chunk);
            // Bytes may still come; then a new request is answered as ever.
            bench.now += Duration::from_secs(5);
            bench.master.reset_link(1).unwrap();
            assert_eq!(bench.hears(&[0xE5]), Came::Ack);
        });
    }

    #[test]
    fn any_split_gives_the_same_answer(data in prop::collection::vec(any::<u8>(), 0..240), chunk in 1usize..300, echo: bool) {
        with(|bench| {
            bench.master.read(3).unwrap();
            let mut bytes = if echo { vec![0x10, 0x7B, 0x03, 0x7E, 0x16] } else { Vec::new() };
            bytes.extend(rsp(3, &data));
            assert_eq!(bench.answer(Duration::from_millis(5), &bytes, chunk).0, Came::Response(3, 0x72, data));
        });
    }
}
