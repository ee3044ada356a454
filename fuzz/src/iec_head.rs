use crate::input::Input;
use iec62056::{
    Bcc, DataSet, DataSets, Head, HeadConfig, HeadEvent, LISTEN_BUFFER, LineError, MESSAGE_BUFFER, ObisCode, Output,
    control, message::Message, signon::{Identification, SignOn},
};
use units::{Duration, Instant};

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() & 1 {
        0 => codecs(input.rest()),
        _ => story(&mut input),
    }
}

/// What reads reads the same again when it was written.
fn codecs(bytes: &[u8]) {
    let mut out = [0; 512];
    if let Ok(sign_on) = SignOn::parse(bytes) {
        let n = sign_on.emit(&mut out).expect("what was read can be written");
        assert_eq!(SignOn::parse(&out[..n]), Ok(sign_on));
    }
    if let Ok(identification) = Identification::parse(bytes) {
        let _ = (identification.mode(), identification.is_quick());
        let n = identification.emit(&mut out).expect("what was read can be written");
        assert_eq!(Identification::parse(&out[..n]), Ok(identification));
    }
    if let Ok(message) = Message::parse(bytes)
        && let Ok(n) = message.emit(&mut out)
    {
        assert_eq!(Message::parse(&out[..n]), Ok(message));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for set in DataSets::new(text).take(200).flatten() {
        if let Ok(n) = set.emit(&mut out) {
            let again = std::str::from_utf8(&out[..n]).expect("text");
            assert_eq!(DataSets::new(again).next(), Some(Ok::<DataSet<'_>, _>(set)));
        }
        if let Ok(code) = ObisCode::parse(set.address) {
            assert_eq!(ObisCode::parse(&code.to_string()), Ok(code));
        }
    }
}

fn story(input: &mut Input<'_>) {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; MESSAGE_BUFFER]);
    let mut head = Head::new(HeadConfig::default(), &mut rx, &mut tx);
    let mut now = Instant::from_millis(100);
    let _ = match input.byte() % 3 {
        0 => head.read_out(""),
        1 => head.enter("13070001"),
        _ => head.read_out("13070001"),
    };
    while !input.is_empty() {
        match input.byte() % 14 {
            0 => hear(&mut head, now, input.counted()),
            1 => hear(&mut head, now, b"/INM5PRO1-2.18\r\n"),
            2 => {
                let mut block = vec![control::STX];
                block.extend(input.counted());
                block.extend(b"!\r\n\x03");
                block.push(Bcc::of(&block[1..]).value());
                hear(&mut head, now, &block);
            }
            3 => head.handle_line_error(now, LineError::Framing),
            4 => head.handle_tx_done(now),
            5 => now += Duration::from_micros(u64::from(input.u16()) << (input.byte() % 12)),
            6 => {
                let _ = head.password("0000");
            }
            7 => {
                let _ = head.read("4000", "");
            }
            8 => {
                let _ = head.write("4010", "25");
            }
            9 => {
                let _ = head.leave();
            }
            10 => hear(&mut head, now, &[control::ACK]),
            11 => head.cancel(now),
            _ => now = head.poll_at().map_or(now, |at| now.max(at)),
        }
        drain(&mut head, now);
    }
    // Whatever was asked, it ends.
    for _ in 0..200 {
        drain(&mut head, now);
        if !head.is_busy() {
            return;
        }
        head.handle_tx_done(now);
        if let Some(at) = head.poll_at() {
            now = now.max(at);
        }
    }
    panic!("a request that never ends");
}

/// Hands bytes in, as many at a time as are taken; what finds no room in a head that has nothing to do is lost.
fn hear(head: &mut Head<'_>, now: Instant, mut bytes: &[u8]) {
    loop {
        let taken = head.handle_rx(now, bytes);
        assert!(taken <= bytes.len());
        bytes = &bytes[taken..];
        if bytes.is_empty() || (drain(head, now) == 0 && taken == 0) {
            return;
        }
    }
}

/// How much there was to do.
fn drain(head: &mut Head<'_>, now: Instant) -> usize {
    let mut turns = 0;
    while let Some(output) = head.poll(now) {
        match output {
            Output::Transmit(bytes) => assert!(!bytes.is_empty()),
            Output::Event(HeadEvent::Line(line)) => assert!(line.len() <= LISTEN_BUFFER),
            _ => {}
        }
        turns += 1;
        assert!(turns < 1_000, "a poll that never ends");
    }
    turns
}

/// A read-out, a session of programming, lines alone.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let line = b"1.8.0(000001.00*kWh)\r\n";
    let mut block = vec![2, u8::try_from(line.len()).unwrap_or(0)];
    block.extend(line);
    vec![
        [&[1, 0, 13, 4, 1, 13, 4][..], &block, &[13]].concat(),
        vec![1, 1, 13, 4, 1, 13, 4, 0, 5, 1, b'P', b'0', 3, 0x60, 6, 13, 4, 10, 8, 13, 4, 10, 9, 13, 4],
        [&[0][..], b"/?13070001!\r\n"].concat(),
        [&[0][..], b"/INM5PRO1-2.18\r\n"].concat(),
        [&[0][..], b"1-0:1.8.0*255(000001.00*kWh)(2)"].concat(),
        [&[0][..], b"\x01R1\x024000()\x03"].concat(),
    ]
}
