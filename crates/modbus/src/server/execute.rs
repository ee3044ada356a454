//! What a request does: checks in the order of the standard, then the registers.

use crate::pdu::{EXCEPTION_BIT, Exception, MAX_READ, MAX_WRITE, READ_HOLDING, READ_INPUT, WRITE_MULTIPLE};
use crate::pdu::{WRITE_SINGLE, Words};
use units::Duration;

/// Which function asks for a write: a device may refuse 06 on one half of a 32-bit value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteKind {
    /// Function 06, one word.
    Single,
    /// Function 16, one word or more.
    Multiple,
}

/// The registers behind a server.
pub trait RegisterAccess {
    /// The `count` words from `address` on, all of one sample, so that a value of two words is never torn.
    ///
    /// # Errors
    /// The exception to answer with; [`Exception::IllegalDataAddress`] where a register does not exist.
    fn words(&self, address: u16, count: u16) -> Result<&[u16], Exception>;

    /// Checks all of `words`, then takes all of them, or none.
    ///
    /// # Errors
    /// The exception to answer with; nothing has changed then.
    fn write(&mut self, kind: WriteKind, address: u16, words: Words<'_>) -> Result<(), Exception>;
}

/// What the device does with a read that is addressed to unit 0 of a serial line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unit0 {
    /// Nothing, as the standard says (serial line V1.02 §2.2).
    #[default]
    Silent,
    /// It answers with its own unit id, as the PRO series does.
    AnswersReads,
}

/// How a device behaves on its bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Own unit id, 1 to 247.
    pub unit: u8,
    /// Reads addressed to unit 0.
    pub unit0: Unit0,
    /// True: function 04 is answered like 03; false: with exception 01.
    pub fc04: bool,
    /// Most registers in one read, at most 125; more is exception 03.
    pub max_read: u16,
    /// True: what would be answered with exception 02 is not answered at all.
    pub silent_unmapped: bool,
    /// Time from the end of a request to its answer.
    pub reply_delay: Duration,
}

impl ServerConfig {
    /// As the standard has it, with an answer without delay; function 04 is refused.
    #[must_use]
    pub const fn new(unit: u8) -> Self {
        Self {
            unit,
            unit0: Unit0::Silent,
            fc04: false,
            max_read: MAX_READ,
            silent_unmapped: false,
            reply_delay: Duration::ZERO,
        }
    }
}

pub(super) fn refuse(function: u8, exception: Exception, out: &mut [u8]) -> usize {
    let Some(front) = out.first_chunk_mut::<2>() else { return 0 };
    *front = [function | EXCEPTION_BIT, exception.code()];
    2
}

/// Executes one request PDU; the answer PDU goes to the front of `out`.
#[inline]
pub(super) fn serve<R: RegisterAccess>(
    config: &ServerConfig,
    pdu: &[u8],
    registers: &mut R,
    out: &mut [u8],
) -> Result<usize, Exception> {
    let (function, data) = match pdu {
        [function @ (READ_HOLDING | WRITE_SINGLE | WRITE_MULTIPLE), data @ ..] => (*function, data),
        [READ_INPUT, data @ ..] if config.fc04 => (READ_INPUT, data),
        _ => return Err(Exception::IllegalFunction),
    };
    let Some((&[a0, a1, n0, n1], words)) = data.split_first_chunk::<4>() else {
        return Err(Exception::IllegalDataValue);
    };
    let (address, second) = (u16::from_be_bytes([a0, a1]), u16::from_be_bytes([n0, n1]));
    match function {
        WRITE_MULTIPLE => {
            let Some((&bytes, words)) = words.split_first() else { return Err(Exception::IllegalDataValue) };
            let bytes = usize::from(bytes);
            let legal = (1..=MAX_WRITE).contains(&second) && bytes == 2 * usize::from(second);
            if !legal || bytes != words.len() {
                return Err(Exception::IllegalDataValue);
            }
            in_range(address, second)?;
            registers.write(WriteKind::Multiple, address, Words::from_wire(words))?;
            echo(function, &[a0, a1, n0, n1], out)
        }
        _ if !words.is_empty() => Err(Exception::IllegalDataValue),
        WRITE_SINGLE => {
            registers.write(WriteKind::Single, address, Words::from_wire(&[n0, n1]))?;
            echo(function, &[a0, a1, n0, n1], out)
        }
        _ => {
            if second == 0 || second > config.max_read.min(MAX_READ) {
                return Err(Exception::IllegalDataValue);
            }
            in_range(address, second)?;
            let words = registers.words(address, second)?;
            let bytes = second.wrapping_mul(2).to_le_bytes()[0];
            let room = out.get_mut(..2 + usize::from(bytes));
            let Some((front, room)) = room.and_then(|r| r.split_first_chunk_mut::<2>()) else {
                return Err(Exception::DeviceFailure);
            };
            if words.len() != usize::from(second) {
                return Err(Exception::DeviceFailure);
            }
            *front = [function, bytes];
            for (pair, word) in room.chunks_exact_mut(2).zip(words) {
                pair.copy_from_slice(&word.to_be_bytes());
            }
            Ok(2 + usize::from(bytes))
        }
    }
}

fn in_range(address: u16, count: u16) -> Result<(), Exception> {
    match address.checked_add(count - 1) {
        Some(_) => Ok(()),
        None => Err(Exception::IllegalDataAddress),
    }
}

fn echo(function: u8, range: &[u8; 4], out: &mut [u8]) -> Result<usize, Exception> {
    let Some((first, rest)) = out.split_first_mut() else { return Err(Exception::DeviceFailure) };
    let Some(place) = rest.first_chunk_mut::<4>() else { return Err(Exception::DeviceFailure) };
    *first = function;
    *place = *range;
    Ok(5)
}
