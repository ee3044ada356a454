use crate::input::Input;
use mbus::search::Order;
use mbus::{
    Application, FRAME_BUFFER, Finding, Frame, Heard, Identity, LISTEN_BUFFER, LineError, LineParams, Mask, Master, MasterConfig, Outcome,
    Output, Search, Step,
};
use units::{Duration, Instant};

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 3 {
        0 => arbitrary_search(&mut input),
        1 => search_of(&mut input),
        _ => ask(&mut input),
    }
}

fn ask(input: &mut Input<'_>) {
    let (mut rx, mut tx) = ([0; LISTEN_BUFFER], [0; FRAME_BUFFER]);
    let mut master = Master::new(MasterConfig::new(LineParams::even(2_400)), &mut rx, &mut tx);
    let mut now = Instant::from_millis(1);
    let mut sent = Vec::new();
    while !input.is_empty() {
        match input.byte() % 12 {
            0 => drop(master.reset_link(input.byte())),
            1 => drop(master.read(input.byte())),
            2 => drop(master.send(input.byte(), input.byte(), input.counted())),
            3 => drop(master.select(&Mask(input.array()))),
            4 => drop(master.request_raw(input.counted())),
            5 => master.handle_rx(now, input.counted()),
            // A good answer.
            6 => {
                let (control, address, ci, data) =
                    (mbus::Control(input.pick(&[0x08, 0x18, 0x28, 0x44])), input.byte(), input.byte(), input.counted());
                let mut out = [0; 300];
                let n = Frame::Long { control, address, ci, data }.emit(&mut out).unwrap_or(0);
                master.handle_rx(now, &out[..n]);
            }
            7 => master.handle_rx(now, &sent),
            8 => now += Duration::from_micros(u64::from(input.u16())),
            9 => master.handle_line_error(now, LineError::Framing),
            10 if input.byte() == 0 => master.cancel(now),
            10 => master.stage_line(LineParams::even(u32::from(input.u16()))),
            _ => now = master.poll_at().map_or(now, |at| now.max(at)),
        }
        turn(&mut master, now, &mut sent);
    }
    for _ in 0..10 {
        let Some(at) = master.poll_at() else { break };
        now = now.max(at);
        turn(&mut master, now, &mut sent);
    }
    assert!(!master.is_busy(), "a request that never ends");
}

fn turn(master: &mut Master<'_>, now: Instant, sent: &mut Vec<u8>) {
    let mut transmitted = false;
    let mut turns = 0;
    while let Some(output) = master.poll(now) {
        match output {
            Output::Transmit(bytes) => {
                *sent = bytes.to_vec();
                transmitted = true;
            }
            Output::Event(Outcome::Response { ci, data, .. }) => {
                if let Ok(Application::Variable { records, .. }) = Application::parse(ci, data) {
                    let _ = records.count();
                }
            }
            _ => {}
        }
        turns += 1;
        assert!(turns < 100, "a poll that never ends");
    }
    if transmitted {
        master.handle_tx_done(now);
    }
}

/// Whatever comes back, a search moves on and tells only what its mask selects.
fn arbitrary_search(input: &mut Input<'_>) {
    let mut search = Search::new(order(input));
    for _ in 0..4_000 {
        if input.is_empty() {
            break;
        }
        let mask = search.mask();
        match search.step() {
            Step::Select(asked) | Step::Read(asked) => assert_eq!(asked, mask),
            Step::Done => {
                assert_eq!(search.handle(Heard::Ack), None);
                return;
            }
        }
        let heard = match input.byte() % 6 {
            0 => Heard::Silence,
            1 => Heard::Ack,
            2 => Heard::Collision,
            3 => Heard::Noise,
            // One that the mask selects.
            4 => Heard::Identity(Identity::parse(mask.0.map(|byte| if byte == 0xFF { 0x11 } else { byte }))),
            _ => Heard::Identity(Identity::parse(input.array())),
        };
        match search.handle(heard) {
            Some(Finding::Meter(identity)) => assert!(mask.matches(identity)),
            Some(Finding::Twins(found) | Finding::Mute(found)) => assert_eq!(found, mask),
            None => {}
        }
        assert!(search.depth() <= 12);
    }
}

fn order(input: &mut Input<'_>) -> Order {
    input.pick(&[Order::LastFirst, Order::FirstFirst])
}

/// On a line that tells the truth, every meter of any few is found, once.
fn search_of(input: &mut Input<'_>) {
    let mut search = Search::new(order(input));
    let mut meters = Vec::new();
    while !input.is_empty() && meters.len() < 6 {
        // Digits only, and nothing that stands for any value.
        let mut wire: [u8; 8] = input.array();
        for byte in &mut wire[..4] {
            *byte = (((*byte >> 4) % 10) << 4) | ((*byte & 15) % 10);
        }
        for byte in &mut wire[4..] {
            *byte &= 0x7F;
        }
        meters.push(Identity::parse(wire));
    }
    let mut found = Vec::new();
    let mut twins = 0;
    for _ in 0..200_000 {
        let heard = |mask: Mask, read: bool| {
            let mut selected = meters.iter().filter(|meter| mask.matches(**meter));
            match (selected.next(), selected.next()) {
                (None, _) => Heard::Silence,
                (Some(meter), None) if read => Heard::Identity(*meter),
                (Some(_), Some(_)) if read => Heard::Collision,
                _ => Heard::Ack,
            }
        };
        let heard = match search.step() {
            Step::Select(mask) => heard(mask, false),
            Step::Read(mask) => heard(mask, true),
            Step::Done => break,
        };
        match search.handle(heard) {
            Some(Finding::Meter(meter)) => found.push(meter.wire()),
            Some(Finding::Twins(mask)) => {
                let alike = meters.iter().filter(|meter| mask.matches(**meter)).count();
                assert!(alike > 1, "twins are at least two");
                twins += alike;
            }
            Some(Finding::Mute(mask)) => panic!("{mask} is not mute"),
            None => {}
        }
    }
    assert_eq!(search.step(), Step::Done, "a search that never ends");
    assert_eq!(found.len() + twins, meters.len(), "every meter is found");
    found.sort_unstable();
    let all = found.len();
    found.dedup();
    assert_eq!(found.len(), all, "once");
}

/// Two meters of one delivery, twins, a read with its answer.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let meter = |last: u8| [last, 0x00, 0x07, 0x13, 0xCD, 0x25, 0x02, 0x02];
    vec![
        [&[1, 0][..], &meter(1), &meter(2)].concat(),
        [&[1, 1][..], &meter(1), &meter(0x11), &meter(1)].concat(),
        vec![0, 0, 2, 2, 1, 4, 1, 4, 0, 3, 3, 3, 5, 1, 2, 3, 4, 5, 6, 7, 8],
        vec![2, 1, 1, 11, 11, 6, 0, 1, 0x72, 12, 1, 0, 7, 0x13, 0xCD, 0x25, 2, 2, 5, 0, 0, 0, 11],
        vec![2, 3, 255, 255, 255, 255, 255, 255, 255, 255, 11, 5, 1, 0xE5, 11, 11],
    ]
}
