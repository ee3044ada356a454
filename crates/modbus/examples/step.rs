//! Times a full server step: a whole FC03 request goes in, the answer comes out, the note is fetched.
//! `cargo run --release -p modbus --example step` prints the median of nine runs, in nanoseconds.

use modbus::{
    Exception, FRAME_BUFFER, Framing, Output, RegisterAccess, Request, Server, ServerConfig, Words,
    WriteKind, rtu,
};
use std::hint::black_box;
use units::{Duration, Instant};

struct Image([u16; 256]);

impl RegisterAccess for Image {
    fn words(&self, address: u16, count: u16) -> Result<&[u16], Exception> {
        let start = usize::from(address);
        self.0.get(start..start + usize::from(count)).ok_or(Exception::IllegalDataAddress)
    }

    fn write(&mut self, _kind: WriteKind, _address: u16, _words: Words<'_>) -> Result<(), Exception> {
        Err(Exception::IllegalDataAddress)
    }
}

fn main() {
    let mut image = Image(std::array::from_fn(|i| u16::try_from(i * 257).unwrap_or_default()));
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    for (framing, name) in [(Framing::predict_server(), "RTU"), (Framing::Mbap, "Modbus TCP")] {
        let mut clock = Instant::ZERO;
        let mut server = Server::new(framing, ServerConfig::new(1), &mut rx, &mut tx);
        for count in [2, 50, 125] {
            let request = Request::ReadHolding { address: 0, count };
            let mut frame = [0; FRAME_BUFFER];
            let n = if framing == Framing::Mbap {
                modbus::mbap::emit_request(7, 1, &request, &mut frame)
            } else {
                rtu::emit_request(1, &request, &mut frame)
            }
            .unwrap_or_default();
            let frame = &frame[..n];
            let mut runs: Vec<f64> =
                (0..9).map(|_| run(&mut server, &mut image, frame, &mut clock)).collect();
            runs.sort_by(f64::total_cmp);
            println!(
                "{name:10} FC03 x{count:<3} {:6.1} ns (min {:.1}, max {:.1})",
                runs[4], runs[0], runs[8]
            );
        }
    }
}

fn run(server: &mut Server<'_>, image: &mut Image, frame: &[u8], clock: &mut Instant) -> f64 {
    const STEPS: u32 = 300_000;
    let started = std::time::Instant::now();
    for _ in 0..STEPS {
        *clock += Duration::from_millis(100);
        let now = *clock;
        server.handle_rx(now, black_box(frame));
        match server.poll(now, black_box(image)) {
            Some(Output::Transmit(answer)) => {
                black_box(answer);
            }
            other => panic!("an answer was expected, not {other:?}"),
        }
        server.handle_tx_done(now);
        black_box(server.poll(now, image));
    }
    started.elapsed().as_secs_f64() * 1e9 / f64::from(STEPS)
}
