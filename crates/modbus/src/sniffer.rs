//! The sniffer: hears both directions of a serial line and pairs requests with answers.

use crate::LineError;
use crate::pdu::{EXCEPTION_BIT, FrameFault, Request, Response};
use crate::rtu::{self, FrameLen, MAX_FRAME, request_len, response_len};
use crate::{PREDICT_GAP, crc};
use units::{Duration, Instant};

/// The request that an answer belongs to, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Unit that was asked.
    pub unit: u8,
    /// Function that was asked.
    pub function: u8,
    /// First register, for the functions that name one.
    pub address: Option<u16>,
    /// Number of registers, for the functions that name one.
    pub count: Option<u16>,
    /// When the request was complete.
    pub at: Instant,
}

impl Asked {
    fn of(unit: u8, request: &Request<'_>, at: Instant) -> Self {
        let (address, count) = match *request {
            Request::ReadHolding { address, count } | Request::ReadInput { address, count } => {
                (Some(address), Some(count))
            }
            Request::WriteSingle { address, .. } => (Some(address), Some(1)),
            Request::WriteMultiple { address, words } => (Some(address), u16::try_from(words.len()).ok()),
            Request::Other { .. } => (None, None),
        };
        Self { unit, function: request.function(), address, count, at }
    }

    fn is_answered_by(&self, unit: u8, response: &Response<'_>) -> bool {
        let by = unit == self.unit || self.unit == 0;
        by && response.function() == self.function
            && match response {
                Response::Read { words, .. } => {
                    self.count.is_some_and(|count| usize::from(count) == words.len())
                }
                Response::WriteSingle { address, .. } => self.address == Some(*address),
                Response::WriteMultiple { address, count } => {
                    self.address == Some(*address) && self.count == Some(*count)
                }
                Response::Exception { .. } | Response::Other { .. } => true,
            }
    }
}

/// What was heard on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// A client asked.
    Request {
        /// When the frame was complete.
        at: Instant,
        /// Whom.
        unit: u8,
        /// What.
        request: Request<'a>,
        /// The whole frame.
        frame: &'a [u8],
    },
    /// A server answered.
    Response {
        /// When the frame was complete.
        at: Instant,
        /// Who.
        unit: u8,
        /// What.
        response: Response<'a>,
        /// The request it belongs to; `None` where that was not heard.
        to: Option<Asked>,
        /// The whole frame.
        frame: &'a [u8],
    },
    /// Bytes that are no frame.
    Damaged {
        /// When the last of them came.
        at: Instant,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The line reported a damaged character.
    Line {
        /// When.
        at: Instant,
        /// What was wrong with it.
        error: LineError,
    },
}

impl Heard<'_> {
    /// The time from the end of the request to the end of this answer.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        match self {
            Self::Response { at, to: Some(to), .. } => Some(*at - to.at),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    Response,
    Damaged,
}

/// A listener on a serial line. Its buffer takes [`crate::LISTEN_BUFFER`] bytes.
#[derive(Debug)]
pub struct Sniffer<'m> {
    rx: &'m mut [u8],
    len: usize,
    /// Bytes at the front that were reported and go with the next call.
    told: usize,
    last_rx: Instant,
    asked: Option<Asked>,
    error: Option<(Instant, LineError)>,
    gap: Duration,
}

impl<'m> Sniffer<'m> {
    /// A sniffer that has heard nothing yet.
    #[must_use]
    pub fn new(rx: &'m mut [u8]) -> Self {
        Self { rx, len: 0, told: 0, last_rx: Instant::ZERO, asked: None, error: None, gap: PREDICT_GAP }
    }

    /// A pause of `gap` gives up what is unfinished; without this, one of [`PREDICT_GAP`]. Slow lines and adapters that make
    /// holes need a longer one.
    pub fn set_gap(&mut self, gap: Duration) {
        self.gap = gap;
    }

    /// Takes bytes in, in any chunking, and returns how many: offer the rest again after `poll` has yielded nothing.
    pub fn handle_rx(&mut self, now: Instant, bytes: &[u8]) -> usize {
        self.forget();
        let Some(room) = self.rx.get_mut(self.len..) else { return 0 };
        let n = room.len().min(bytes.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.len += n;
        if n > 0 {
            self.last_rx = now;
        }
        n
    }

    /// The line reported a damaged character.
    pub fn handle_line_error(&mut self, now: Instant, error: LineError) {
        self.error = Some((now, error));
    }

    /// When `poll` has something to do next, without new bytes.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        if self.error.is_some() {
            return Some(Instant::ZERO);
        }
        (self.len > self.told).then(|| self.last_rx + self.gap)
    }

    /// The next thing heard. Call it until it yields nothing, before the next `handle_rx`.
    pub fn poll(&mut self, now: Instant) -> Option<Heard<'_>> {
        self.forget();
        if let Some((at, error)) = self.error.take() {
            return Some(Heard::Line { at, error });
        }
        let gap = now - self.last_rx >= self.gap || self.len == self.rx.len();
        let (kind, n) = self.front(gap)?;
        self.told = n;
        let at = self.last_rx;
        let frame = self.rx.get(..n)?;
        match kind {
            Kind::Damaged => Some(Heard::Damaged { at, bytes: frame }),
            Kind::Request => {
                // The check may hold for a frame that contradicts itself.
                let Ok((unit, request)) = rtu::parse_request(frame) else {
                    return Some(Heard::Damaged { at, bytes: frame });
                };
                self.asked = Some(Asked::of(unit, &request, at));
                Some(Heard::Request { at, unit, request, frame })
            }
            Kind::Response => {
                let Ok((unit, response)) = rtu::parse_response(frame, None) else {
                    return Some(Heard::Damaged { at, bytes: frame });
                };
                let to = self.asked.take_if(|asked| asked.is_answered_by(unit, &response));
                Some(Heard::Response { at, unit, response, to, frame })
            }
        }
    }

    fn forget(&mut self) {
        if self.told > 0 {
            self.rx.copy_within(self.told..self.len, 0);
            self.len -= self.told;
            self.told = 0;
        }
    }

    /// What stands at the front of the buffer: a frame, or so many bytes of none.
    fn front(&self, gap: bool) -> Option<(Kind, usize)> {
        let run = self.rx.get(..self.len).unwrap_or_default();
        for start in 0..run.len() {
            let tail = run.get(start..)?;
            let found = self.frame(tail, gap);
            match found {
                Some((kind, n)) if start == 0 => return Some((kind, n)),
                Some(_) => return Some((Kind::Damaged, start)),
                None if gap => {}
                None if self.may_become(tail) && start == 0 => return None,
                None => {}
            }
        }
        (gap && !run.is_empty()).then_some((Kind::Damaged, run.len()))
    }

    /// The whole frame at the front of `run`, if there is one.
    fn frame(&self, run: &[u8], gap: bool) -> Option<(Kind, usize)> {
        let whole = |len: FrameLen| match len {
            FrameLen::Exactly(n) => run.get(..n).filter(|f| n <= MAX_FRAME && crc::holds(f)).map(|_| n),
            FrameLen::Open if gap && run.len() <= MAX_FRAME && crc::holds(run) => Some(run.len()),
            _ => None,
        };
        // Only answers refuse.
        let refuses = run.get(1).is_some_and(|function| function & EXCEPTION_BIT != 0);
        let request = if refuses { None } else { whole(request_len(run)).map(|n| (Kind::Request, n)) };
        let response = whole(response_len(run)).map(|n| (Kind::Response, n));
        match (request, response) {
            (Some(a), Some(b)) if a.1 == b.1 => Some(if self.expects(run, b.1) { b } else { a }),
            (a, b) if self.asked.is_some() => b.or(a),
            (a, b) => a.or(b),
        }
    }

    /// True where the frame answers the request that is open: 06 answers with the bytes it was asked with.
    fn expects(&self, run: &[u8], n: usize) -> bool {
        let Some(asked) = self.asked else { return false };
        let frame = run.get(..n).unwrap_or_default();
        rtu::parse_response(frame, None).is_ok_and(|(unit, response)| asked.is_answered_by(unit, &response))
    }

    fn may_become(&self, run: &[u8]) -> bool {
        let open = |len: FrameLen| match len {
            FrameLen::Exactly(n) => n <= MAX_FRAME && n > run.len(),
            FrameLen::Unclear | FrameLen::Open => true,
            FrameLen::Never => false,
        };
        open(request_len(run)) || open(response_len(run))
    }
}

/// Says what `frame` is when nothing is known about the line around it: a request, else an answer.
///
/// # Errors
/// As [`rtu::open`].
pub fn classify(frame: &[u8]) -> Result<Heard<'_>, FrameFault> {
    let (unit, _) = rtu::open(frame)?;
    let at = Instant::ZERO;
    let as_request = matches!(request_len(frame), FrameLen::Exactly(n) if n == frame.len());
    let as_response = matches!(response_len(frame), FrameLen::Exactly(n) if n == frame.len());
    if as_request || !as_response {
        let (_, request) = rtu::parse_request(frame)?;
        return Ok(Heard::Request { at, unit, request, frame });
    }
    let (_, response) = rtu::parse_response(frame, None)?;
    Ok(Heard::Response { at, unit, response, to: None, frame })
}

#[cfg(test)]
#[path = "sniffer_tests.rs"]
mod tests;
