//! Ports: threads that carry bytes between the outside and the loop that owns the meters.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::thread;

use modbus::{LineError, LineParams};

use super::terminal::{Lead, Terminal};
use crate::fault::Fault;
use crate::out;
use crate::place::Road;
use crate::tty::{self, Piece, Pty, Unmark};

/// More connections than this at a time are turned away.
const MOST_CONNECTIONS: usize = 64;
/// How many answers may wait for a master that does not read them.
const BACKLOG: usize = 16;

/// Names what bytes came from: a connection or a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source(usize);

impl Source {
    fn next() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// How bytes of a source are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// The bytes of a bus, heard by every meter whose speed fits.
    Plain,
    /// The same on a real line, whose last stop bit is reported.
    Serial,
}

/// What a source is asked to do.
#[derive(Clone, Debug)]
pub enum Order {
    /// Send these bytes.
    Send {
        /// The bytes.
        bytes: Vec<u8>,
        /// The speed they are sent at, where there is a line.
        baud: Option<u32>,
    },
    /// Set speed and parity.
    Line(LineParams),
    /// Close.
    Close,
}

/// What happened at the ports.
#[derive(Debug)]
pub enum Event {
    /// Somebody can be heard from now on.
    Opened {
        /// Who.
        source: Source,
        /// Where its bytes go.
        lead: Lead,
        /// What it speaks.
        speech: Speech,
        /// Where answers go.
        orders: SyncSender<Order>,
    },
    /// Bytes were heard.
    Heard {
        /// From whom.
        source: Source,
        /// The bytes.
        bytes: Vec<u8>,
        /// The speed they were sent at, where the port knows it.
        baud: Option<u32>,
    },
    /// A damaged character was heard.
    Damaged {
        /// From whom.
        source: Source,
        /// What was wrong.
        error: LineError,
    },
    /// What was to be sent over a real line has left.
    Sent {
        /// From where.
        source: Source,
    },
    /// Somebody is gone.
    Closed {
        /// Who.
        source: Source,
        /// Why, where it was not to be expected.
        why: Option<String>,
    },
    /// The program is asked to end.
    Stop,
}

/// A port that is open; a link to a pseudo-terminal goes with it.
#[derive(Debug)]
pub struct Open {
    name: String,
    link: Option<PathBuf>,
}

impl Open {
    /// Where it is, with the real number of a TCP port.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            let _ = fs::remove_file(link);
        }
    }
}

/// Opens a port. A serial device and a pseudo-terminal start at `line`.
pub fn open(
    terminal: &Terminal,
    lead: Lead,
    line: LineParams,
    events: &Sender<Event>,
) -> Result<Open, Fault> {
    let wrong = |why: String| Fault::option("--port", format!("{terminal}: {why}"));
    match &terminal.road {
        Road::Tcp(address) | Road::ModbusTcp(address) => {
            let listener = TcpListener::bind(address).map_err(|why| {
                wrong(format!("cannot listen there: {why}. Choose another port; 0 takes any that is free"))
            })?;
            let real = listener.local_addr().map_err(|why| wrong(why.to_string()))?.to_string();
            let road = match terminal.road {
                Road::ModbusTcp(_) => Road::ModbusTcp(real),
                _ => Road::Tcp(real),
            };
            let events = events.clone();
            thread::spawn(move || accept(&listener, lead, &events));
            Ok(Open { name: terminal.at(road).to_string(), link: None })
        }
        Road::Pty(path) => {
            let pty = tty::pty(line).map_err(|why| wrong(why.to_string()))?;
            link(&pty.device, path).map_err(&wrong)?;
            start_pty(pty, lead, events).map_err(|why| wrong(why.to_string()))?;
            Ok(Open { name: terminal.to_string(), link: Some(path.clone()) })
        }
        Road::Serial(path) => {
            let device = tty::open(path, line).map_err(|why| wrong(format!("cannot be opened: {why}")))?;
            start_serial(device, lead, events).map_err(|why| wrong(why.to_string()))?;
            Ok(Open { name: terminal.to_string(), link: None })
        }
    }
}

/// Makes the link to a pseudo-terminal. One that an earlier run left behind is replaced, anything else is left alone.
fn link(device: &Path, path: &Path) -> Result<(), String> {
    match fs::read_link(path) {
        Ok(old) if old.starts_with("/dev/pts") => fs::remove_file(path).map_err(|why| why.to_string())?,
        Ok(_) => return Err("the path is a link to something else: name another one".to_owned()),
        Err(_) if path.exists() => return Err("the path exists and is no pty: name another one".to_owned()),
        Err(_) => {}
    }
    symlink(device, path).map_err(|why| format!("the link cannot be made: {why}"))
}

fn accept(listener: &TcpListener, lead: Lead, events: &Sender<Event>) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        if open.load(Ordering::Relaxed) >= MOST_CONNECTIONS {
            out::remark(&format!("metertwin: more than {MOST_CONNECTIONS} connections, one was turned away"));
            continue;
        }
        let (events, count) = (events.clone(), Arc::clone(&open));
        count.fetch_add(1, Ordering::Relaxed);
        thread::spawn(move || {
            converse(&stream, lead, &events);
            count.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Carries one connection to its end.
fn converse(stream: &TcpStream, lead: Lead, events: &Sender<Event>) {
    let source = Source::next();
    let (orders, inbox) = sync_channel(BACKLOG);
    let Ok(writer) = stream.try_clone() else { return };
    let _ = stream.set_nodelay(true);
    if events.send(Event::Opened { source, lead, speech: Speech::Plain, orders }).is_err() {
        return;
    }
    thread::spawn(move || answer(&writer, &inbox));
    let mut buffer = [0; 1024];
    let mut reader = stream;
    loop {
        match reader.read(&mut buffer) {
            Ok(n) if n > 0 => {
                let bytes = buffer.get(..n).unwrap_or_default().to_vec();
                if events.send(Event::Heard { source, bytes, baud: None }).is_err() {
                    return;
                }
            }
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => break,
        }
    }
    let _ = events.send(Event::Closed { source, why: None });
}

fn answer(mut stream: &TcpStream, inbox: &Receiver<Order>) {
    for order in inbox {
        match order {
            Order::Send { bytes, .. } if stream.write_all(&bytes).is_ok() => {}
            Order::Line(_) => {}
            Order::Send { .. } | Order::Close => break,
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn start_pty(pty: Pty, lead: Lead, events: &Sender<Event>) -> io::Result<()> {
    let source = Source::next();
    let (orders, inbox) = sync_channel::<Order>(BACKLOG);
    let mut writer = pty.master.try_clone()?;
    thread::spawn(move || {
        for order in inbox {
            // At another speed the other side could not read it.
            if let Order::Send { bytes, baud } = order
                && baud.is_none_or(|baud| tty::peer_speed(&writer).is_ok_and(|peer| peer == baud))
            {
                let _ = writer.write_all(&bytes);
            }
        }
    });
    let _ = events.send(Event::Opened { source, lead, speech: Speech::Plain, orders });
    let events = events.clone();
    thread::spawn(move || {
        let mut pty = pty;
        let mut buffer = [0; 1024];
        loop {
            match pty.master.read(&mut buffer) {
                Ok(n) if n > 0 => {
                    let bytes = buffer.get(..n).unwrap_or_default().to_vec();
                    let baud = tty::peer_speed(&pty.master).ok();
                    if events.send(Event::Heard { source, bytes, baud }).is_err() {
                        return;
                    }
                }
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) => break,
                Err(why) => {
                    let _ = events.send(Event::Closed { source, why: Some(why.to_string()) });
                    return;
                }
            }
        }
        let _ = events.send(Event::Closed { source, why: None });
    });
    Ok(())
}

fn start_serial(device: File, lead: Lead, events: &Sender<Event>) -> io::Result<()> {
    let source = Source::next();
    let (orders, inbox) = sync_channel::<Order>(BACKLOG);
    let writer = device.try_clone()?;
    let sent = events.clone();
    thread::spawn(move || {
        for order in inbox {
            match order {
                Order::Send { bytes, .. } => {
                    let written = (&writer).write_all(&bytes);
                    let _ = written.and_then(|()| rustix::termios::tcdrain(&writer).map_err(Into::into));
                    if sent.send(Event::Sent { source }).is_err() {
                        return;
                    }
                }
                Order::Line(line) => {
                    if let Err(why) = tty::configure(&writer, line) {
                        out::remark(&format!("metertwin: the serial device stays as it was: {why}"));
                    }
                }
                Order::Close => return,
            }
        }
    });
    let _ = events.send(Event::Opened { source, lead, speech: Speech::Serial, orders });
    let events = events.clone();
    thread::spawn(move || {
        let mut unmark = Unmark::default();
        let mut buffer = [0; 1024];
        loop {
            let read = match (&device).read(&mut buffer) {
                Ok(n) if n > 0 => buffer.get(..n).unwrap_or_default(),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Ok(_) => {
                    let why = Some("the serial device is gone".to_owned());
                    let _ = events.send(Event::Closed { source, why });
                    return;
                }
                Err(why) => {
                    let why = Some(format!("the serial device is gone: {why}"));
                    let _ = events.send(Event::Closed { source, why });
                    return;
                }
            };
            for piece in unmark.take(read) {
                let event = match piece {
                    Piece::Bytes(bytes) => Event::Heard { source, bytes, baud: None },
                    Piece::Damaged(error) => Event::Damaged { source, error },
                };
                if events.send(event).is_err() {
                    return;
                }
            }
        }
    });
    Ok(())
}
