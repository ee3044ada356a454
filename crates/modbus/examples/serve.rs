//! A server of three blocks of registers on TCP, to try foreign masters on:
//! `cargo run -p modbus --example serve -- rtu 127.0.0.1:5020` (raw RTU bytes) or `-- tcp 127.0.0.1:5021`.

use modbus::{
    Event, Exception, FRAME_BUFFER, Framing, Output, RegisterAccess, Server, ServerConfig, Unit0, Words,
    WriteKind,
};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use units::{Duration, Instant};

struct Blocks(Vec<(u16, Vec<u16>)>);

impl RegisterAccess for Blocks {
    fn words(&self, address: u16, count: u16) -> Result<&[u16], Exception> {
        let found = self.0.iter().find_map(|(first, words)| {
            let start = usize::from(address.checked_sub(*first)?);
            words.get(start..start + usize::from(count))
        });
        found.ok_or(Exception::IllegalDataAddress)
    }

    fn write(&mut self, _kind: WriteKind, address: u16, words: Words<'_>) -> Result<(), Exception> {
        let place = self.0.iter_mut().find_map(|(first, block)| {
            let start = usize::from(address.checked_sub(*first)?);
            block.get_mut(start..start + words.len())
        });
        let place = place.ok_or(Exception::IllegalDataAddress)?;
        place.iter_mut().zip(words).for_each(|(to, word)| *to = word);
        Ok(())
    }
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, place] = &arguments[..] else {
        eprintln!("two arguments were expected: rtu or tcp, and HOST:PORT");
        std::process::exit(2);
    };
    let mut config = ServerConfig { fc04: true, ..ServerConfig::new(1) };
    let framing = if kind == "tcp" {
        Framing::Mbap
    } else {
        config.unit0 = Unit0::AnswersReads;
        config.reply_delay = Duration::from_millis(20);
        Framing::predict_server()
    };
    let mut blocks = Blocks([0x4000, 0x5000, 0x6000].map(|first| (first, vec![0x1234; 0x100])).to_vec());
    let listener = TcpListener::bind(place)?;
    for stream in listener.incoming() {
        if let Err(error) = talk(stream?, framing, config, &mut blocks) {
            eprintln!("{error}");
        }
    }
    Ok(())
}

fn talk(
    mut stream: TcpStream,
    framing: Framing,
    config: ServerConfig,
    blocks: &mut Blocks,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let started = std::time::Instant::now();
    let clock = || Instant::from_micros(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let mut server = Server::new(framing, config, &mut rx, &mut tx);
    let mut heard = [0; 4096];
    let mut waiting: Vec<u8> = Vec::new();
    loop {
        let taken = server.handle_rx(clock(), &waiting);
        waiting.drain(..taken);
        while let Some(output) = server.poll(clock(), blocks) {
            match output {
                Output::Transmit(bytes) => {
                    stream.write_all(bytes)?;
                    server.handle_tx_done(clock());
                }
                Output::Event(Event::Close) => return Ok(()),
                Output::Event(_) | Output::Reconfigure(_) => {}
            }
        }
        let pause = server.poll_at().map(|at| (at - clock()).as_micros().max(1));
        let patience = if !waiting.is_empty() && taken > 0 { Some(1) } else { pause };
        stream.set_read_timeout(patience.map(std::time::Duration::from_micros))?;
        match stream.read(&mut heard) {
            Ok(0) => return Ok(()),
            Ok(n) => waiting.extend(&heard[..n]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
}
