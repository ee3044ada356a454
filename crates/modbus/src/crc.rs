//! The cyclic redundancy check of RTU frames: polynomial A001 reflected, initial value FFFF, low byte first on
//! the wire (Modbus serial line V1.02 §6.2.2).

use crc::{CRC_16_MODBUS, Crc};

/// No table where flash is dear, nor in a page, which would load it over the network: a frame of 256 bytes lasts 25 ms at
/// 115200 Bd, its check a fraction of one.
#[cfg(any(target_os = "none", target_arch = "wasm32"))]
type Tables = crc::NoTable;
/// Sixteen bytes a step where 8 KiB of table do not matter.
#[cfg(not(any(target_os = "none", target_arch = "wasm32")))]
type Tables = crc::Table<16>;

static CRC: Crc<u16, Tables> = Crc::<u16, Tables>::new(&CRC_16_MODBUS);

/// The CRC of `bytes`.
#[must_use]
#[inline]
pub fn of(bytes: &[u8]) -> u16 {
    #[cfg(not(any(target_os = "none", target_arch = "wasm32")))]
    if bytes.len() > 16
        && let Some(crc) = whole_blocks(bytes)
    {
        return crc;
    }
    CRC.checksum(bytes)
}

/// The CRC of `bytes` in steps of sixteen, the odd bytes first and zero bytes before them.
///
/// An initial value of FFFF is the same as inverting the first two bytes, and with an initial value of 0 leading
/// zero bytes change nothing. So no byte is left for a chain of single lookups that wait for each other.
/// `None` where the odd bytes are fewer than four, or where there are just whole blocks. Short frames are left out:
/// measured, the bytes of an answer of two registers are faster one by one than gathered again.
#[cfg(not(any(target_os = "none", target_arch = "wasm32")))]
#[inline]
fn whole_blocks(bytes: &[u8]) -> Option<u16> {
    let odd = bytes.len() % 16;
    let (head, rest) = bytes.split_at_checked(odd)?;
    let block = if let (Some(first), Some(last)) = (head.first_chunk::<8>(), head.last_chunk::<8>()) {
        let (first, last) = (u128::from(u64::from_le_bytes(*first)), u128::from(u64::from_le_bytes(*last)));
        ((first | (last << (8 * (odd - 8)))) ^ 0xFFFF) << (8 * (16 - odd))
    } else {
        let (first, last) = (head.first_chunk::<4>()?, head.last_chunk::<4>()?);
        let (first, last) = (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)));
        u128::from(((first | (last << (8 * (odd - 4)))) ^ 0xFFFF) << (8 * (8 - odd))) << 64
    };
    let mut digest = CRC.digest_with_initial(0);
    digest.update(&block.to_le_bytes());
    digest.update(rest);
    Some(digest.finalize())
}

/// The CRC of `bytes` as it stands on the wire.
#[must_use]
pub fn wire(bytes: &[u8]) -> [u8; 2] {
    of(bytes).to_le_bytes()
}

/// True for a frame of at least four bytes whose last two are the CRC of the others.
#[must_use]
pub fn holds(frame: &[u8]) -> bool {
    frame.len() >= 4 && frame.split_last_chunk::<2>().is_some_and(|(body, tail)| wire(body) == *tail)
}

/// [`holds`] for the eight bytes of nearly every request: one step of sixteen, see [`whole_blocks`]. A frame followed
/// by its own CRC leaves 0.
#[cfg(not(any(target_os = "none", target_arch = "wasm32")))]
#[must_use]
#[inline]
pub(crate) fn holds8(frame: [u8; 8]) -> bool {
    let block = (u128::from(u64::from_le_bytes(frame) ^ 0xFFFF) << 64).to_le_bytes();
    let mut digest = CRC.digest_with_initial(0);
    digest.update(&block);
    digest.finalize() == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_value_of_the_catalogue() {
        assert_eq!(of(b"123456789"), 0x4B37);
    }

    #[test]
    fn eight_bytes_at_once_agree_with_the_plain_way() {
        let mut x = 1u64;
        for _ in 0..2000 {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let mut frame = x.to_le_bytes();
            let crc = wire(&frame[..6]);
            assert_eq!(holds8(frame), frame[6..] == crc);
            frame[6..].copy_from_slice(&crc);
            assert!(holds8(frame) && holds(&frame));
            frame[3] ^= 0x10;
            assert!(!holds8(frame) && !holds(&frame));
        }
    }

    #[test]
    fn every_length_agrees_with_the_definition() {
        let bytes: Vec<u8> = (0u16..300).map(|i| (i * 37 + i / 7).to_le_bytes()[0]).collect();
        for n in 0..=bytes.len() {
            let plain = bytes[..n].iter().fold(0xFFFFu16, |crc, byte| {
                (0..8)
                    .fold(crc ^ u16::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xA001 } else { c >> 1 })
            });
            assert_eq!(of(&bytes[..n]), plain, "{n} bytes");
        }
    }

    #[test]
    fn too_short_is_no_frame() {
        assert!(!holds(&[]) && !holds(&[0xFF, 0xFF]) && !holds(&[1, 0x7E, 0x80]));
    }
}
