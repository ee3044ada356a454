//! Modbus TCP frames: transaction, protocol id 0, length, unit, PDU (Modbus messaging on TCP/IP V1.0b §3.1.3).

use crate::pdu::{self, FrameFault, Request, Response};

/// Longest frame in bytes.
pub const MAX_FRAME: usize = 260;
/// Bytes before the PDU.
pub const HEADER: usize = 7;

/// What stands before the PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// Chosen by the client, repeated by the server.
    pub transaction: u16,
    /// Protocol id; 0 is Modbus.
    pub protocol: u16,
    /// Bytes that follow the length field, unit included; 2 to 254.
    pub length: u16,
    /// Unit id.
    pub unit: u8,
}

impl Header {
    /// The header at the front of `bytes`; `None` where there are fewer than seven.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [t0, t1, p0, p1, l0, l1, unit] = *bytes.first_chunk::<HEADER>()?;
        Some(Self {
            transaction: u16::from_be_bytes([t0, t1]),
            protocol: u16::from_be_bytes([p0, p1]),
            length: u16::from_be_bytes([l0, l1]),
            unit,
        })
    }

    /// Bytes of the whole frame.
    ///
    /// # Errors
    /// [`FrameFault::HeaderLength`] where the length is not 2 to 254: the stream cannot be followed any more.
    pub fn frame_len(&self) -> Result<usize, FrameFault> {
        if !(2..=254).contains(&self.length) {
            return Err(FrameFault::HeaderLength(self.length));
        }
        Ok(usize::from(self.length) + 6)
    }
}

/// Takes one whole frame apart into header and PDU.
///
/// # Errors
/// [`FrameFault::TooShort`], [`FrameFault::HeaderLength`], [`FrameFault::ProtocolId`] and [`FrameFault::Length`].
pub fn open(frame: &[u8]) -> Result<(Header, &[u8]), FrameFault> {
    let len = frame.len();
    let short = FrameFault::TooShort { len, needed: HEADER + 1 };
    let header = Header::read(frame).ok_or(short)?;
    let expected = header.frame_len()?;
    if header.protocol != 0 {
        return Err(FrameFault::ProtocolId(header.protocol));
    }
    if len != expected {
        return Err(FrameFault::Length { len, expected });
    }
    Ok((header, frame.get(HEADER..).ok_or(short)?))
}

/// Reads a request frame.
///
/// # Errors
/// As [`open`].
pub fn parse_request(frame: &[u8]) -> Result<(Header, Request<'_>), FrameFault> {
    let (header, pdu) = open(frame)?;
    Ok((header, pdu::parse_request(pdu)?))
}

/// Reads a response frame. With `asked`, the answer must belong to that request.
///
/// # Errors
/// As [`open`] and [`pdu::parse_response`].
pub fn parse_response<'a>(
    frame: &'a [u8],
    asked: Option<&Request<'_>>,
) -> Result<(Header, Response<'a>), FrameFault> {
    let (header, pdu) = open(frame)?;
    Ok((header, pdu::parse_response(pdu, asked)?))
}

/// Writes a request frame to the front of `out` and returns its length.
///
/// # Errors
/// As [`pdu::emit_request`].
pub fn emit_request(
    transaction: u16,
    unit: u8,
    request: &Request<'_>,
    out: &mut [u8],
) -> Result<usize, FrameFault> {
    let needed = HEADER + pdu::emitted_request_len(request);
    let body = out.get_mut(HEADER..).ok_or(FrameFault::Buffer { needed })?;
    let n = pdu::emit_request(request, body)?;
    seal(transaction, unit, n, out)
}

/// Writes a response frame to the front of `out` and returns its length.
///
/// # Errors
/// As [`pdu::emit_response`].
pub fn emit_response(
    transaction: u16,
    unit: u8,
    response: &Response<'_>,
    out: &mut [u8],
) -> Result<usize, FrameFault> {
    let needed = HEADER + pdu::emitted_response_len(response);
    let body = out.get_mut(HEADER..).ok_or(FrameFault::Buffer { needed })?;
    let n = pdu::emit_response(response, body)?;
    seal(transaction, unit, n, out)
}

/// Puts the header before the `n` bytes of PDU that stand in `out` from its eighth byte on.
pub(crate) fn seal(transaction: u16, unit: u8, n: usize, out: &mut [u8]) -> Result<usize, FrameFault> {
    let needed = HEADER + n;
    let length = u16::try_from(n + 1).map_err(|_| FrameFault::TooLong { len: needed, most: MAX_FRAME })?;
    let ([t0, t1], [l0, l1]) = (transaction.to_be_bytes(), length.to_be_bytes());
    let frame = out.get_mut(..needed).ok_or(FrameFault::Buffer { needed })?;
    if let Some(head) = frame.first_chunk_mut::<HEADER>() {
        *head = [t0, t1, 0, 0, l0, l1, unit];
    }
    Ok(needed)
}
