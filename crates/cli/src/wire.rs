//! A line to a meter: the port that the workflows of `commission` speak through, and the line set up for a link.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use commission::{Line, LineMemory, Port, PortFault, Received, Timing, Transport};
use modbus::{LineParams, Parity};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use units::{Duration, Instant};

use crate::clock::{Clock, system};
use crate::fault::{Fault, Kind};
use crate::place::{Link, Road};
use crate::tty::{self, Piece, Unmark};

/// How long a TCP connection may take to come about.
const CONNECT: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs a workflow whose port blocks: it is always ready.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::yield_now();
    }
}

enum Way {
    Tcp(TcpStream),
    Serial(File, Unmark),
}

/// A port that blocks until it is done.
pub struct Wire {
    way: Way,
    clock: Clock,
    heard: Vec<Received>,
    line: LineParams,
    /// When the last character has left at the line's speed, whatever the system says.
    gone: Instant,
}

fn port_fault(why: &io::Error) -> PortFault {
    match why.kind() {
        io::ErrorKind::PermissionDenied => PortFault::Denied,
        io::ErrorKind::ResourceBusy => PortFault::Busy,
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::NotFound => PortFault::Lost,
        // An adapter that was unplugged.
        _ if matches!(why.raw_os_error(), Some(5 | 6)) => PortFault::Lost,
        _ => PortFault::Failed(why.to_string()),
    }
}

fn is_quiet(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

impl Wire {
    /// Opens a road; a serial one at `line`.
    fn open(road: &Road, line: LineParams) -> io::Result<Self> {
        let way = match road {
            Road::Tcp(address) | Road::ModbusTcp(address) => Way::Tcp(connect(address)?),
            Road::Serial(path) | Road::Pty(path) => Way::Serial(open_serial(path, line)?, Unmark::default()),
        };
        Ok(Self { way, clock: Clock::start(), heard: Vec::new(), line, gone: Instant::ZERO })
    }

    fn read(&mut self, until: Instant) -> io::Result<Option<Vec<u8>>> {
        let mut buffer = [0; 1024];
        let patience = self.clock.until(until);
        let n = match &mut self.way {
            Way::Tcp(stream) => {
                stream.set_read_timeout(Some(patience.max(std::time::Duration::from_millis(1))))?;
                stream.read(&mut buffer)
            }
            Way::Serial(file, _) => {
                let mut fds = [PollFd::new(file, PollFlags::IN)];
                let wait = Timespec {
                    tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
                    tv_nsec: i64::from(patience.subsec_nanos()),
                };
                match poll(&mut fds, Some(&wait)) {
                    Ok(0) => return Ok(None),
                    Ok(_) => file.read(&mut buffer),
                    Err(why) => Err(why.into()),
                }
            }
        };
        match n {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => Ok(Some(buffer.get(..n).unwrap_or_default().to_vec())),
            Err(why) if is_quiet(&why) => Ok(None),
            Err(why) => Err(why),
        }
    }
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::other("the name has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(why) => last = why,
        }
    }
    Err(last)
}

fn open_serial(path: &Path, line: LineParams) -> io::Result<File> {
    let file = tty::open(path, line)?;
    // What was heard before belongs to nobody.
    rustix::termios::tcflush(&file, rustix::termios::QueueSelector::IOFlush)?;
    Ok(file)
}

impl Port for Wire {
    async fn transmit(&mut self, bytes: &[u8]) -> Result<(), PortFault> {
        self.gone = self.now() + self.line.wire_time(bytes.len());
        let sent = match &mut self.way {
            Way::Tcp(stream) => stream.write_all(bytes),
            Way::Serial(file, _) => {
                file.write_all(bytes).and_then(|()| rustix::termios::tcdrain(&*file).map_err(Into::into))
            }
        };
        sent.map_err(|why| port_fault(&why))
    }

    async fn receive(&mut self, until: Instant) -> Result<Received, PortFault> {
        if self.heard.is_empty() {
            match self.read(until).map_err(|why| port_fault(&why))? {
                None => return Ok(Received::Quiet),
                Some(bytes) => match &mut self.way {
                    Way::Tcp(_) => return Ok(Received::Bytes(bytes)),
                    Way::Serial(_, unmark) => {
                        self.heard.extend(unmark.take(&bytes).into_iter().map(|piece| match piece {
                            Piece::Bytes(bytes) => Received::Bytes(bytes),
                            Piece::Damaged(error) => Received::LineError(error),
                        }))
                    }
                },
            }
        }
        if self.heard.is_empty() { Ok(Received::Quiet) } else { Ok(self.heard.remove(0)) }
    }

    async fn reconfigure(&mut self, line: LineParams) -> Result<(), PortFault> {
        match &mut self.way {
            // The server at the other end of a TCP connection has its own line.
            Way::Tcp(_) => Ok(()),
            Way::Serial(file, _) => {
                // Adapters and pseudo-terminals say early that all has left; another speed would spoil the rest.
                thread::sleep(self.clock.until(self.gone));
                self.line = line;
                tty::configure(&*file, line).map_err(|why| port_fault(&why))
            }
        }
    }

    async fn wait(&mut self, span: Duration) -> Result<(), PortFault> {
        thread::sleep(system(span));
        Ok(())
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }
}

/// Opens a road, a serial one at `line`.
pub fn open(road: &Road, line: LineParams) -> Result<Wire, Fault> {
    Wire::open(road, line).map_err(|why| {
        let next = match (road, why.kind()) {
            (Road::Serial(_), io::ErrorKind::PermissionDenied) => {
                "Your user needs the group dialout (on some systems uucp)."
            }
            (Road::Serial(_), io::ErrorKind::NotFound) => "Is the adapter plugged in?",
            (Road::Serial(_), io::ErrorKind::ResourceBusy) => "Another program holds it: close it there.",
            (Road::Serial(_) | Road::Pty(_), _) => "Is it a serial device?",
            (_, io::ErrorKind::ConnectionRefused) => {
                "Nothing listens there: is the gateway on, is the port right?"
            }
            _ => "Is the address right, is the gateway on?",
        };
        Fault::new(Kind::NoAnswer, format!("{road} cannot be opened: {why}. {next}"))
    })
}

/// Opens the line of a link.
pub fn line<'m>(link: &Link, memory: &'m mut LineMemory) -> Result<Line<'m, Wire>, Fault> {
    let place = link.place;
    // A radio has no speed; a pty that stands for one takes any.
    let line = if place.line.is_radio() { LineParams::new(115_200, Parity::None) } else { place.line };
    let wire = open(&link.road, line)?;
    let transport = if matches!(link.road, Road::ModbusTcp(_)) { Transport::Tcp } else { Transport::Rtu };
    Ok(Line::new(wire, memory, transport, place, Timing::default(), ()))
}
