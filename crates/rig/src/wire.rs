//! What a wire does to bytes: speeds and parities that do not agree, and faults put in on purpose.

use alloc::vec::Vec;

use units::{LineError, LineParams, Parity};

/// What a receiver makes of bytes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The bytes, as they were sent.
    Bytes(Vec<u8>),
    /// So many good bytes, then one that its line settings cannot read.
    Damaged {
        /// The bytes before it.
        before: Vec<u8>,
        /// What was wrong with it.
        error: LineError,
    },
}

/// Faults of the adapter and the wire at the master's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WireFaults {
    /// The adapter repeats what it sends.
    pub echo: bool,
    /// The adapter is not plugged in.
    pub unplugged: bool,
}

/// True where the parity bit of `byte` is 1.
const fn parity_bit(byte: u8, parity: Parity) -> bool {
    let odd_ones = byte.count_ones() % 2 == 1;
    match parity {
        Parity::Even => odd_ones,
        Parity::Odd => !odd_ones,
        Parity::None => true,
    }
}

/// What a receiver set to `own` makes of `bytes` sent without a pause at `sent`.
///
/// At another speed nothing can be read. At another parity some bytes can: a receiver without parity takes the parity
/// bit for its stop bit, and one with parity takes the stop bit for its parity bit and then misses a stop bit, unless
/// the line is idle after the byte.
#[must_use]
pub fn damage(bytes: &[u8], sent: LineParams, own: LineParams) -> Heard {
    // A character of another length is read as a damaged one, as is one at another speed.
    if sent.baud != own.baud || sent.data_bits != own.data_bits {
        return Heard::Damaged { before: Vec::new(), error: LineError::Framing };
    }
    for (index, byte) in bytes.iter().enumerate() {
        let last = index + 1 == bytes.len();
        let error = match (own.parity, sent.parity) {
            (mine, theirs) if mine == theirs => continue,
            (Parity::None, theirs) if parity_bit(*byte, theirs) => continue,
            (Parity::None, _) => LineError::Framing,
            (_, Parity::None) if !last => LineError::Framing,
            (mine, Parity::None) if parity_bit(*byte, mine) => continue,
            _ => LineError::Parity,
        };
        return Heard::Damaged { before: bytes.iter().take(index).copied().collect(), error };
    }
    Heard::Bytes(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: LineParams = LineParams::new(9_600, Parity::Even);
    const NONE: LineParams = LineParams::new(9_600, Parity::None);
    const ODD: LineParams = LineParams::new(9_600, Parity::Odd);

    #[test]
    fn equal_settings_hear_everything() {
        assert_eq!(damage(&[1, 3], EVEN, EVEN), Heard::Bytes(alloc::vec![1, 3]));
    }

    #[test]
    fn another_speed_hears_nothing() {
        let slow = LineParams::new(4_800, Parity::Even);
        let nothing = Heard::Damaged { before: Vec::new(), error: LineError::Framing };
        assert_eq!(damage(&[1, 3], slow, EVEN), nothing);
    }

    #[test]
    fn without_parity_only_bytes_with_a_set_parity_bit_are_heard() {
        // 01h has one bit set: its even parity bit is 1 and passes for a stop bit; that of 03h is 0.
        let heard = Heard::Damaged { before: alloc::vec![1], error: LineError::Framing };
        assert_eq!(damage(&[1, 3], EVEN, NONE), heard);
        assert_eq!(damage(&[1, 2, 4], EVEN, NONE), Heard::Bytes(alloc::vec![1, 2, 4]));
    }

    #[test]
    fn with_parity_a_frame_without_is_broken_after_its_first_byte() {
        assert!(matches!(damage(&[1, 3], NONE, EVEN), Heard::Damaged { error: LineError::Framing, .. }));
        assert_eq!(damage(&[1], NONE, EVEN), Heard::Bytes(alloc::vec![1]));
        assert!(matches!(damage(&[3], NONE, EVEN), Heard::Damaged { error: LineError::Parity, .. }));
        assert!(matches!(damage(&[1], ODD, EVEN), Heard::Damaged { error: LineError::Parity, .. }));
    }
}
