//! What was heard as a capture file for Wireshark and tshark.

use alloc::vec::Vec;

use super::book::Item;
use crate::wall::Wall;

/// The link type of the file: USER0. No number is registered for bare Modbus RTU or M-Bus frames; Wireshark is told what
/// USER0 is, `mbrtu` for Modbus, in its table of DLT_USER protocols.
pub const LINK_TYPE: u32 = 147;

/// Of a frame all is kept.
const SNAP: u32 = 65_535;

/// A file in the classic pcap format, with times in microseconds: one packet for each frame and each run of bytes that is
/// none, at the time of its last byte. Silences and errors of the line have no bytes and are left out.
#[must_use]
pub fn pcap<'i>(items: impl Iterator<Item = &'i Item>, wall: Option<Wall>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut put = |number: u32| file.extend_from_slice(&number.to_le_bytes());
    // Magic number, version 2.4 in two halves, time zone, accuracy, longest packet, link type.
    for number in [0xA1B2_C3D4, 2 | 4 << 16, 0, 0, SNAP, LINK_TYPE] {
        put(number);
    }
    for item in items.filter(|item| !item.bytes.is_empty()) {
        let micros = wall.map_or(item.at.as_micros(), |wall| wall.at(item.at));
        let (seconds, part) = (micros / 1_000_000, micros % 1_000_000);
        let len = u32::try_from(item.bytes.len()).unwrap_or(SNAP);
        for number in [u32::try_from(seconds).unwrap_or(u32::MAX), u32::try_from(part).unwrap_or(0), len, len]
        {
            file.extend_from_slice(&number.to_le_bytes());
        }
        file.extend_from_slice(&item.bytes);
    }
    file
}
