//! RTU frames: unit, PDU, CRC (Modbus serial line V1.02 §2.5.1). From 4 to 256 bytes.

use crate::crc;
use crate::pdu::{self, EXCEPTION_BIT, FrameFault, Request, Response};

/// Longest frame in bytes.
pub const MAX_FRAME: usize = 256;
/// Shortest frame in bytes.
pub const MIN_FRAME: usize = 4;

/// Takes a frame apart into unit and PDU.
///
/// # Errors
/// [`FrameFault::TooShort`], [`FrameFault::TooLong`] and [`FrameFault::Crc`].
pub fn open(frame: &[u8]) -> Result<(u8, &[u8]), FrameFault> {
    let len = frame.len();
    if len > MAX_FRAME {
        return Err(FrameFault::TooLong { len, most: MAX_FRAME });
    }
    let short = FrameFault::TooShort { len, needed: MIN_FRAME };
    let (body, tail) = frame.split_last_chunk::<2>().ok_or(short)?;
    let [unit, pdu @ ..] = body else { return Err(short) };
    if pdu.is_empty() {
        return Err(short);
    }
    let (computed, found) = (crc::of(body), u16::from_le_bytes(*tail));
    if computed != found {
        return Err(FrameFault::Crc { computed, found });
    }
    Ok((*unit, pdu))
}

/// Reads a request frame: the unit and what is asked of it.
///
/// # Errors
/// As [`open`].
pub fn parse_request(frame: &[u8]) -> Result<(u8, Request<'_>), FrameFault> {
    let (unit, pdu) = open(frame)?;
    Ok((unit, pdu::parse_request(pdu)?))
}

/// Reads a response frame: the unit and its answer. With `asked`, the answer must belong to that request.
///
/// # Errors
/// As [`open`] and [`pdu::parse_response`].
pub fn parse_response<'a>(
    frame: &'a [u8],
    asked: Option<&Request<'_>>,
) -> Result<(u8, Response<'a>), FrameFault> {
    let (unit, pdu) = open(frame)?;
    Ok((unit, pdu::parse_response(pdu, asked)?))
}

/// The length in bytes that [`emit_request`] writes.
#[must_use]
pub const fn emitted_request_len(request: &Request<'_>) -> usize {
    pdu::emitted_request_len(request) + 3
}

/// The length in bytes that [`emit_response`] writes.
#[must_use]
pub const fn emitted_response_len(response: &Response<'_>) -> usize {
    pdu::emitted_response_len(response) + 3
}

/// Writes a request frame to the front of `out` and returns its length.
///
/// # Errors
/// As [`pdu::emit_request`].
pub fn emit_request(unit: u8, request: &Request<'_>, out: &mut [u8]) -> Result<usize, FrameFault> {
    let needed = emitted_request_len(request);
    let body = out.get_mut(1..).ok_or(FrameFault::Buffer { needed })?;
    let n = pdu::emit_request(request, body)?;
    seal(unit, n, out)
}

/// Writes a response frame to the front of `out` and returns its length.
///
/// # Errors
/// As [`pdu::emit_response`].
pub fn emit_response(unit: u8, response: &Response<'_>, out: &mut [u8]) -> Result<usize, FrameFault> {
    let needed = emitted_response_len(response);
    let body = out.get_mut(1..).ok_or(FrameFault::Buffer { needed })?;
    let n = pdu::emit_response(response, body)?;
    seal(unit, n, out)
}

/// Puts unit and CRC around the `n` bytes of PDU that stand in `out` from its second byte on.
#[inline]
pub(crate) fn seal(unit: u8, n: usize, out: &mut [u8]) -> Result<usize, FrameFault> {
    let needed = n + 3;
    let frame = out.get_mut(..needed).ok_or(FrameFault::Buffer { needed })?;
    if let Some((body, tail)) = frame.split_last_chunk_mut::<2>() {
        if let Some(first) = body.first_mut() {
            *first = unit;
        }
        *tail = crc::wire(body);
    }
    Ok(needed)
}

/// How long a frame is that starts with certain bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameLen {
    /// This many bytes in all, CRC included.
    Exactly(usize),
    /// More bytes are needed to tell.
    Unclear,
    /// The function code does not tell: only silence ends the frame.
    Open,
    /// No frame of this kind starts like this.
    Never,
}

/// The length of the request frame that starts with `head`.
#[must_use]
#[inline]
pub fn request_len(head: &[u8]) -> FrameLen {
    match head {
        [_, 1..=6, ..] => FrameLen::Exactly(8),
        [_, 15 | 16, _, _, _, _, count, ..] => FrameLen::Exactly(9 + usize::from(*count)),
        [] | [_] | [_, 15 | 16, ..] => FrameLen::Unclear,
        _ => FrameLen::Open,
    }
}

/// The length of the response frame that starts with `head`.
#[must_use]
#[inline]
pub fn response_len(head: &[u8]) -> FrameLen {
    match head {
        // Nobody answers as unit 0.
        [0, ..] | [_, 1..=4, 0, ..] => FrameLen::Never,
        [_, 3 | 4, count, ..] if count % 2 == 1 => FrameLen::Never,
        [_, 1..=4, count, ..] => FrameLen::Exactly(5 + usize::from(*count)),
        [] | [_] | [_, 1..=4] => FrameLen::Unclear,
        [_, 5 | 6 | 15 | 16, ..] => FrameLen::Exactly(8),
        [_, function, ..] if function & EXCEPTION_BIT != 0 => FrameLen::Exactly(5),
        _ => FrameLen::Open,
    }
}

#[cfg(test)]
#[path = "rtu_tests.rs"]
mod tests;
