//! Serial devices and pseudo-terminals: opening, speed and parity, and what a damaged character looks like.

use std::fs::File;
use std::io::{self, BufRead as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use modbus::{LineError, LineParams, Parity};
use rustix::fs::{Mode, OFlags, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, SpecialCodeIndex, ioctl_tiocexcl, tcgetattr,
    tcsetattr, ttyname,
};
use units::DataBits;

/// Opens without waiting for a carrier and without becoming the terminal of this program.
fn open_raw(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::open(path, flags, Mode::empty())?;
    fcntl_setfl(&fd, OFlags::RDWR)?;
    Ok(fd)
}

/// Opens a serial device for this program alone, at `line`. A pseudo-terminal is not kept from others: it would stay so
/// when this program has gone, for as long as its other side is there.
pub fn open(path: &Path, line: LineParams) -> io::Result<File> {
    let file = File::from(open_raw(path)?);
    let pseudo = ttyname(&file, Vec::new()).is_ok_and(|name| name.to_bytes().starts_with(b"/dev/pts/"));
    if !pseudo {
        ioctl_tiocexcl(&file)?;
    }
    configure(&file, line)?;
    Ok(file)
}

/// Sets speed and parity, eight data bits, one stop bit, no translation of any byte. Damaged characters are marked in
/// what is read, see [`Unmark`]. A pseudo-terminal cannot carry parity and drops it.
pub fn configure(tty: impl AsFd, line: LineParams) -> io::Result<()> {
    let mut attributes = tcgetattr(&tty)?;
    attributes.make_raw();
    attributes.input_modes |= InputModes::PARMRK;
    attributes.input_modes.set(InputModes::INPCK, line.parity != Parity::None);
    attributes.input_modes.remove(InputModes::IGNPAR | InputModes::IGNBRK);
    attributes.control_modes.remove(ControlModes::CSTOPB | ControlModes::CRTSCTS | ControlModes::CSIZE);
    let size = if line.data_bits == DataBits::Seven { ControlModes::CS7 } else { ControlModes::CS8 };
    attributes.control_modes |= size | ControlModes::CREAD | ControlModes::CLOCAL;
    attributes.control_modes.set(ControlModes::PARENB, line.parity != Parity::None);
    attributes.control_modes.set(ControlModes::PARODD, line.parity == Parity::Odd);
    attributes.special_codes[SpecialCodeIndex::VMIN] = 1;
    attributes.special_codes[SpecialCodeIndex::VTIME] = 0;
    attributes.set_speed(line.baud)?;
    tcsetattr(&tty, OptionalActions::Now, &attributes)?;
    let taken = tcgetattr(&tty)?.output_speed();
    // Adapters round to what their divider can do; three per cent is what a UART still reads.
    if taken.abs_diff(line.baud) > line.baud / 33 {
        return Err(io::Error::other(format!("the device cannot do {} Bd, it offers {taken} Bd", line.baud)));
    }
    Ok(())
}

/// Reads a line from the terminal that the program was started at, and lets it show nothing of what is typed.
pub fn read_hidden() -> io::Result<String> {
    let input = io::stdin();
    let before = tcgetattr(&input)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&input, OptionalActions::Now, &hidden)?;
    let mut typed = String::new();
    let read = input.lock().read_line(&mut typed);
    tcsetattr(&input, OptionalActions::Now, &before)?;
    read.map(|_| typed)
}

/// A pseudo-terminal: our side, its other side held open, and the path of that.
pub struct Pty {
    /// Our side.
    pub master: File,
    /// The other side, held open so that ours outlives its users.
    _held: OwnedFd,
    /// Where others open it.
    pub device: PathBuf,
}

/// Makes a pseudo-terminal whose other side starts at `line`: a program that sets no speed of its own is heard.
pub fn pty(line: LineParams) -> io::Result<Pty> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let device = PathBuf::from(name.to_string_lossy().into_owned());
    let held = open_raw(&device)?;
    let mut attributes = tcgetattr(&held)?;
    attributes.make_raw();
    attributes.set_speed(line.baud)?;
    tcsetattr(&held, OptionalActions::Now, &attributes)?;
    Ok(Pty { master: File::from(master), _held: held, device })
}

/// The speed that the other side of a pseudo-terminal is set to, in Bd.
pub fn peer_speed(master: impl AsFd) -> io::Result<u32> {
    Ok(tcgetattr(master)?.output_speed())
}

/// What stands in the bytes of a serial device that marks damaged characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Good bytes.
    Bytes(Vec<u8>),
    /// A character that arrived damaged.
    Damaged(LineError),
}

/// Takes the marks out: `FF FF` is one FFh, `FF 00 x` a damaged character, a break where x is 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmark {
    marked: u8,
}

impl Unmark {
    /// The pieces of what was read, in any chunking.
    pub fn take(&mut self, read: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut good = Vec::new();
        for byte in read {
            match (self.marked, *byte) {
                (0, 0xFF) => self.marked = 1,
                (0, byte) => good.push(byte),
                (1, 0x00) => self.marked = 2,
                (1, byte) => {
                    // FF FF is a byte; anything else comes from a device that does not mark.
                    self.marked = 0;
                    good.push(0xFF);
                    if byte != 0xFF {
                        good.push(byte);
                    }
                }
                (_, byte) => {
                    self.marked = 0;
                    if !good.is_empty() {
                        pieces.push(Piece::Bytes(std::mem::take(&mut good)));
                    }
                    let error = if byte == 0 { LineError::Break } else { LineError::Parity };
                    pieces.push(Piece::Damaged(error));
                }
            }
        }
        if !good.is_empty() {
            pieces.push(Piece::Bytes(good));
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_in_any_chunking() {
        let marked = [1, 0xFF, 0xFF, 2, 0xFF, 0, 7, 3, 0xFF, 0, 0];
        let whole = [
            Piece::Bytes(vec![1, 0xFF, 2]),
            Piece::Damaged(LineError::Parity),
            Piece::Bytes(vec![3]),
            Piece::Damaged(LineError::Break),
        ];
        assert_eq!(Unmark::default().take(&marked), whole);
        let mut unmark = Unmark::default();
        let single: Vec<Piece> = marked.iter().flat_map(|byte| unmark.take(&[*byte])).collect();
        let bytes = |pieces: &[Piece]| -> Vec<u8> {
            let good =
                pieces.iter().filter_map(|piece| if let Piece::Bytes(b) = piece { Some(b) } else { None });
            good.flatten().copied().collect()
        };
        assert_eq!(bytes(&single), bytes(&whole));
    }

    #[test]
    fn a_pty_tells_the_speed_of_its_peer() {
        let pty = pty(LineParams::new(9_600, Parity::Even)).unwrap();
        assert_eq!(peer_speed(&pty.master).unwrap(), 9_600);
        let _peer = open(&pty.device, LineParams::new(4_800, Parity::Even)).unwrap();
        assert_eq!(peer_speed(&pty.master).unwrap(), 4_800);
    }
}
