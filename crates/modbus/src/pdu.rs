//! The protocol data unit: function code and data, without unit and check (application protocol V1.1b3 §4.1).
//!
//! What is not known to this house is kept as [`Request::Other`] and [`Response::Other`], never dropped.

mod words;

pub use words::{WireWords, Words};

use core::fmt;

/// Longest PDU in bytes.
pub const MAX_PDU: usize = 253;
/// Most registers in one read.
pub const MAX_READ: u16 = 125;
/// Most registers in one write.
pub const MAX_WRITE: u16 = 123;

/// Read holding registers (V1.1b3 §6.3).
pub const READ_HOLDING: u8 = 3;
/// Read input registers (V1.1b3 §6.4).
pub const READ_INPUT: u8 = 4;
/// Write single register (V1.1b3 §6.6).
pub const WRITE_SINGLE: u8 = 6;
/// Write multiple registers (V1.1b3 §6.12).
pub const WRITE_MULTIPLE: u8 = 16;
/// Set in the function code of an exception (V1.1b3 §7).
pub const EXCEPTION_BIT: u8 = 0x80;

/// Why a device refuses a request: a value, not an error (V1.1b3 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exception {
    /// 01: the device does not know this function.
    IllegalFunction,
    /// 02: an address of the range does not exist, or may not be used this way.
    IllegalDataAddress,
    /// 03: a quantity, byte count or value is out of range.
    IllegalDataValue,
    /// 04: the device failed while it did what was asked.
    DeviceFailure,
    /// 05: accepted, but it takes longer than the answer may.
    Acknowledge,
    /// 06: busy, ask again later.
    DeviceBusy,
    /// 08: the device's memory failed its parity check.
    MemoryParityError,
    /// 0A: the gateway has no way to the device.
    GatewayPathUnavailable,
    /// 0B: the device behind the gateway did not answer.
    GatewayTargetFailed,
    /// Any other code, as it came.
    Other(u8),
}

impl Exception {
    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::IllegalFunction => 1,
            Self::IllegalDataAddress => 2,
            Self::IllegalDataValue => 3,
            Self::DeviceFailure => 4,
            Self::Acknowledge => 5,
            Self::DeviceBusy => 6,
            Self::MemoryParityError => 8,
            Self::GatewayPathUnavailable => 10,
            Self::GatewayTargetFailed => 11,
            Self::Other(code) => code,
        }
    }

    /// The exception with this code.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::IllegalFunction,
            2 => Self::IllegalDataAddress,
            3 => Self::IllegalDataValue,
            4 => Self::DeviceFailure,
            5 => Self::Acknowledge,
            6 => Self::DeviceBusy,
            8 => Self::MemoryParityError,
            10 => Self::GatewayPathUnavailable,
            11 => Self::GatewayTargetFailed,
            code => Self::Other(code),
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::IllegalFunction => "the device does not know this function (exception 01)",
            Self::IllegalDataAddress => "the device has no such register, or not for this use (exception 02)",
            Self::IllegalDataValue => "the device refuses this quantity or value (exception 03)",
            Self::DeviceFailure => "the device failed while it did what was asked (exception 04)",
            Self::Acknowledge => "the device accepted the request but needs longer (exception 05)",
            Self::DeviceBusy => "the device is busy, ask again later (exception 06)",
            Self::MemoryParityError => "the device's memory is damaged (exception 08)",
            Self::GatewayPathUnavailable => "the gateway has no way to the device (exception 0A)",
            Self::GatewayTargetFailed => "the device behind the gateway did not answer (exception 0B)",
            Self::Other(code) => {
                return write!(f, "the device refused with the unknown exception {code:02X}");
            }
        };
        f.write_str(text)
    }
}

/// What is wrong with the bytes of a frame, or with a buffer it should go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameFault {
    /// Fewer bytes than the shortest frame of its kind.
    TooShort {
        /// Bytes there are.
        len: usize,
        /// Bytes it takes.
        needed: usize,
    },
    /// More bytes than the longest frame of its kind.
    TooLong {
        /// Bytes there are.
        len: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// The check does not match the bytes.
    Crc {
        /// Check computed over the bytes.
        computed: u16,
        /// Check that stood in the frame.
        found: u16,
    },
    /// The length does not follow from the function code and byte count.
    Length {
        /// Bytes there are.
        len: usize,
        /// Bytes there should be.
        expected: usize,
    },
    /// The byte count is odd or not twice the quantity.
    ByteCount {
        /// Byte count in the frame.
        count: u8,
    },
    /// The answer is to another function than was asked.
    Function {
        /// Function asked.
        asked: u8,
        /// Function answered.
        got: u8,
    },
    /// The answer has the right function but another address, value or quantity than was asked.
    OtherRequest,
    /// The protocol id of a Modbus TCP header is not 0.
    ProtocolId(u16),
    /// The length in a Modbus TCP header is not 2 to 254.
    HeaderLength(u16),
    /// The buffer is too small for the frame.
    Buffer {
        /// Bytes the frame needs.
        needed: usize,
    },
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { len, needed } => {
                write!(f, "the frame has {len} bytes, at least {needed} were expected")
            }
            Self::TooLong { len, most } => write!(f, "the frame has {len} bytes, at most {most} are allowed"),
            Self::Crc { computed, found } => {
                let (c, n) = (computed.swap_bytes(), found.swap_bytes());
                write!(f, "the CRC is {n:04X}, {c:04X} was expected")
            }
            Self::Length { len, expected } => {
                write!(f, "the frame has {len} bytes, its head announces {expected}")
            }
            Self::ByteCount { count } => {
                write!(f, "the byte count {count} does not fit the number of registers")
            }
            Self::Function { asked, got } => {
                write!(f, "function {asked:02X} was asked, {got:02X} was answered")
            }
            Self::OtherRequest => f.write_str("the answer belongs to another request"),
            Self::ProtocolId(id) => write!(f, "the protocol id is {id}, 0 was expected"),
            Self::HeaderLength(n) => write!(f, "the header announces {n} bytes, 2 to 254 were expected"),
            Self::Buffer { needed } => write!(f, "the frame needs a buffer of {needed} bytes"),
        }
    }
}

impl core::error::Error for FrameFault {}

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// 03.
    ReadHolding {
        /// First register.
        address: u16,
        /// Number of registers; 1 to 125 are legal.
        count: u16,
    },
    /// 04.
    ReadInput {
        /// First register.
        address: u16,
        /// Number of registers; 1 to 125 are legal.
        count: u16,
    },
    /// 06.
    WriteSingle {
        /// The register.
        address: u16,
        /// Its new content.
        value: u16,
    },
    /// 16.
    WriteMultiple {
        /// First register.
        address: u16,
        /// The new contents; 1 to 123 are legal.
        words: Words<'a>,
    },
    /// Any other function, or one of the above whose data have another form.
    Other {
        /// Function code.
        function: u8,
        /// All bytes behind it.
        data: &'a [u8],
    },
}

impl Request<'_> {
    /// The function code.
    #[must_use]
    pub const fn function(&self) -> u8 {
        match self {
            Self::ReadHolding { .. } => READ_HOLDING,
            Self::ReadInput { .. } => READ_INPUT,
            Self::WriteSingle { .. } => WRITE_SINGLE,
            Self::WriteMultiple { .. } => WRITE_MULTIPLE,
            Self::Other { function, .. } => *function,
        }
    }
}

/// What a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response<'a> {
    /// 03 or 04.
    Read {
        /// 03 or 04.
        function: u8,
        /// The contents.
        words: Words<'a>,
    },
    /// 06.
    WriteSingle {
        /// The register.
        address: u16,
        /// Its new content.
        value: u16,
    },
    /// 16.
    WriteMultiple {
        /// First register.
        address: u16,
        /// Number of registers written.
        count: u16,
    },
    /// The request is refused.
    Exception {
        /// Function that was asked, without the exception bit.
        function: u8,
        /// Why.
        exception: Exception,
    },
    /// Any other function, or one of the above whose data have another form.
    Other {
        /// Function code.
        function: u8,
        /// All bytes behind it.
        data: &'a [u8],
    },
}

impl Response<'_> {
    /// The function code that was asked.
    #[must_use]
    pub const fn function(&self) -> u8 {
        match self {
            Self::WriteSingle { .. } => WRITE_SINGLE,
            Self::WriteMultiple { .. } => WRITE_MULTIPLE,
            Self::Read { function, .. } | Self::Exception { function, .. } | Self::Other { function, .. } => {
                *function
            }
        }
    }
}

fn two_words(data: &[u8]) -> Option<(u16, u16)> {
    let [a, b, c, d] = *data else { return None };
    Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

/// Reads a request PDU. Quantities are taken as they are: judging them is the server's work.
///
/// # Errors
/// [`FrameFault::TooShort`] for no bytes, [`FrameFault::TooLong`] for more than 253.
pub fn parse_request(pdu: &[u8]) -> Result<Request<'_>, FrameFault> {
    let (function, data) = head(pdu)?;
    let known = match function {
        READ_HOLDING => two_words(data).map(|(address, count)| Request::ReadHolding { address, count }),
        READ_INPUT => two_words(data).map(|(address, count)| Request::ReadInput { address, count }),
        WRITE_SINGLE => two_words(data).map(|(address, value)| Request::WriteSingle { address, value }),
        WRITE_MULTIPLE => parse_write_multiple(data),
        _ => None,
    };
    Ok(known.unwrap_or(Request::Other { function, data }))
}

fn parse_write_multiple(data: &[u8]) -> Option<Request<'_>> {
    let (front, words) = data.split_first_chunk::<5>()?;
    let (range, bytes) = front.split_last_chunk::<1>()?;
    let (address, count) = two_words(range)?;
    let [bytes] = *bytes;
    let fits = usize::from(bytes) == words.len() && usize::from(count) * 2 == words.len();
    fits.then_some(Request::WriteMultiple { address, words: Words::from_wire(words) })
}

/// Reads a response PDU. With `asked`, the answer must also belong to that request.
///
/// # Errors
/// [`FrameFault::TooShort`] and [`FrameFault::TooLong`] as for a request; with `asked` also
/// [`FrameFault::Function`], [`FrameFault::ByteCount`] and [`FrameFault::OtherRequest`].
pub fn parse_response<'a>(pdu: &'a [u8], asked: Option<&Request<'_>>) -> Result<Response<'a>, FrameFault> {
    let (function, data) = head(pdu)?;
    let known = match (function, data) {
        (READ_HOLDING | READ_INPUT, [count, words @ ..])
            if usize::from(*count) == words.len() && words.len().is_multiple_of(2) =>
        {
            Some(Response::Read { function, words: Words::from_wire(words) })
        }
        (WRITE_SINGLE, data) => {
            two_words(data).map(|(address, value)| Response::WriteSingle { address, value })
        }
        (WRITE_MULTIPLE, data) => {
            two_words(data).map(|(address, count)| Response::WriteMultiple { address, count })
        }
        (function, [code]) if function & EXCEPTION_BIT != 0 => Some(Response::Exception {
            function: function & !EXCEPTION_BIT,
            exception: Exception::from_code(*code),
        }),
        _ => None,
    };
    let response = known.unwrap_or(Response::Other { function, data });
    if let Some(asked) = asked {
        belongs(&response, asked)?;
    }
    Ok(response)
}

fn belongs(response: &Response<'_>, asked: &Request<'_>) -> Result<(), FrameFault> {
    if response.function() != asked.function() {
        return Err(FrameFault::Function { asked: asked.function(), got: response.function() });
    }
    let fits = match (response, asked) {
        (Response::Exception { .. }, _) | (Response::Other { .. }, Request::Other { .. }) => true,
        (
            Response::Read { words, .. },
            Request::ReadHolding { count, .. } | Request::ReadInput { count, .. },
        ) => {
            if words.len() != usize::from(*count) {
                let count = u8::try_from(words.len() * 2).unwrap_or(u8::MAX);
                return Err(FrameFault::ByteCount { count });
            }
            true
        }
        (Response::WriteSingle { address, value }, Request::WriteSingle { address: a, value: v }) => {
            (address, value) == (a, v)
        }
        (Response::WriteMultiple { address, count }, Request::WriteMultiple { address: a, words }) => {
            address == a && usize::from(*count) == words.len()
        }
        (_, Request::Other { .. }) => true,
        _ => false,
    };
    if fits { Ok(()) } else { Err(FrameFault::OtherRequest) }
}

fn head(pdu: &[u8]) -> Result<(u8, &[u8]), FrameFault> {
    if pdu.len() > MAX_PDU {
        return Err(FrameFault::TooLong { len: pdu.len(), most: MAX_PDU });
    }
    match pdu {
        [function, data @ ..] => Ok((*function, data)),
        [] => Err(FrameFault::TooShort { len: 0, needed: 1 }),
    }
}

/// The length in bytes that [`emit_request`] writes.
#[must_use]
pub const fn emitted_request_len(request: &Request<'_>) -> usize {
    match request {
        Request::ReadHolding { .. } | Request::ReadInput { .. } | Request::WriteSingle { .. } => 5,
        Request::WriteMultiple { words, .. } => 6 + 2 * words.len(),
        Request::Other { data, .. } => 1 + data.len(),
    }
}

/// The length in bytes that [`emit_response`] writes.
#[must_use]
pub const fn emitted_response_len(response: &Response<'_>) -> usize {
    match response {
        Response::Read { words, .. } => 2 + 2 * words.len(),
        Response::WriteSingle { .. } | Response::WriteMultiple { .. } => 5,
        Response::Exception { .. } => 2,
        Response::Other { data, .. } => 1 + data.len(),
    }
}

/// Writes a request PDU to the front of `out` and returns its length.
///
/// # Errors
/// [`FrameFault::TooLong`] where it passes 253 bytes, [`FrameFault::Buffer`] where `out` is too small.
pub fn emit_request(request: &Request<'_>, out: &mut [u8]) -> Result<usize, FrameFault> {
    let n = emitted_request_len(request);
    let (function, data) = room(out, n)?;
    *function = request.function();
    match request {
        Request::ReadHolding { address, count: value }
        | Request::ReadInput { address, count: value }
        | Request::WriteSingle { address, value } => emit_two(*address, *value, data),
        Request::WriteMultiple { address, words } => {
            let count =
                u8::try_from(words.len()).map_err(|_| FrameFault::TooLong { len: n, most: MAX_PDU })?;
            emit_two(*address, u16::from(count), data);
            if let Some((bytes, data)) = data.get_mut(4..).and_then(|d| d.split_first_mut()) {
                *bytes = count.saturating_mul(2);
                words.emit(data);
            }
        }
        Request::Other { data: bytes, .. } => data.copy_from_slice(bytes),
    }
    Ok(n)
}

/// Writes a response PDU to the front of `out` and returns its length.
///
/// # Errors
/// [`FrameFault::TooLong`] where it passes 253 bytes, [`FrameFault::Buffer`] where `out` is too small.
pub fn emit_response(response: &Response<'_>, out: &mut [u8]) -> Result<usize, FrameFault> {
    let n = emitted_response_len(response);
    let (function, data) = room(out, n)?;
    *function = response.function();
    match response {
        Response::Read { words, .. } => {
            let bytes =
                u8::try_from(words.len() * 2).map_err(|_| FrameFault::TooLong { len: n, most: MAX_PDU })?;
            if let Some((count, data)) = data.split_first_mut() {
                *count = bytes;
                words.emit(data);
            }
        }
        Response::WriteSingle { address, value } | Response::WriteMultiple { address, count: value } => {
            emit_two(*address, *value, data);
        }
        Response::Exception { exception, .. } => {
            *function |= EXCEPTION_BIT;
            data.fill(exception.code());
        }
        Response::Other { data: bytes, .. } => data.copy_from_slice(bytes),
    }
    Ok(n)
}

fn room(out: &mut [u8], n: usize) -> Result<(&mut u8, &mut [u8]), FrameFault> {
    if n > MAX_PDU {
        return Err(FrameFault::TooLong { len: n, most: MAX_PDU });
    }
    out.get_mut(..n).and_then(|out| out.split_first_mut()).ok_or(FrameFault::Buffer { needed: n })
}

fn emit_two(first: u16, second: u16, out: &mut [u8]) {
    if let Some((a, rest)) = out.split_first_chunk_mut::<2>() {
        *a = first.to_be_bytes();
        if let Some(b) = rest.first_chunk_mut::<2>() {
            *b = second.to_be_bytes();
        }
    }
}
