//! M-Bus, heard from the side: frames found among the bytes, requests and answers paired, telegrams taken to pieces.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ::mbus::link::{FrameLen, MAX_FRAME, address, frame_len};
use ::mbus::{Control, Frame};
use units::{Duration, Instant};

use super::book::{Answering, Asking, Awaits, Book};
use super::figures::{PollKey, Seen};
use super::small;
use crate::mbus::{decode_frame, frame_text};
use crate::names;

/// More bytes than this are not kept while nothing fits: the longest frame twice.
const MOST: usize = 2 * MAX_FRAME;
/// How many values of a telegram are written out.
const SHOWN: usize = 4;

/// What stands at the front of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole frame.
    Frame,
    /// Bytes that are none.
    Damaged,
}

/// Bytes that are to become frames.
#[derive(Clone, Debug)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    last: Instant,
    gap: Duration,
}

impl Frames {
    pub(super) const fn new(gap: Duration) -> Self {
        Self { bytes: Vec::new(), last: Instant::ZERO, gap }
    }

    /// Takes bytes in, as many as there is room for.
    pub(super) fn take(&mut self, now: Instant, bytes: &[u8]) -> usize {
        let count = MOST.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend(bytes.iter().take(count));
        self.last = now;
        count
    }

    /// When a pause gives up what is unfinished.
    pub(super) fn poll_at(&self) -> Option<Instant> {
        (!self.bytes.is_empty()).then(|| self.last + self.gap)
    }

    /// The next frame, or bytes of none. A lone E5 counts as a frame only where somebody `awaits` one: it has no check
    /// of its own.
    pub(super) fn next(&mut self, now: Instant, awaits: bool) -> Option<(Kind, Vec<u8>)> {
        let over = now.since(self.last) >= self.gap || self.bytes.len() >= MOST;
        let (kind, count) = self.front(over, awaits)?;
        Some((kind, self.bytes.drain(..count).collect()))
    }

    fn front(&self, over: bool, awaits: bool) -> Option<(Kind, usize)> {
        for start in 0..self.bytes.len() {
            let run = self.bytes.get(start..)?;
            let whole = match frame_len(run) {
                FrameLen::Exactly(1) => (start == 0 && awaits).then_some(1),
                FrameLen::Exactly(len) => {
                    run.get(..len).filter(|run| Frame::parse(run).is_ok()).map(<[u8]>::len)
                }
                FrameLen::Unclear | FrameLen::Never => None,
            };
            match whole {
                Some(len) if start == 0 => return Some((Kind::Frame, len)),
                Some(_) => return Some((Kind::Damaged, start)),
                None => {}
            }
            let open = match frame_len(run) {
                FrameLen::Unclear => true,
                FrameLen::Exactly(len) => len > run.len(),
                FrameLen::Never => false,
            };
            if open && start == 0 && !over {
                return None;
            }
        }
        (over && !self.bytes.is_empty()).then_some((Kind::Damaged, self.bytes.len()))
    }
}

/// Takes a frame, or bytes of none.
pub(super) fn take(book: &mut Book, at: Instant, kind: Kind, bytes: &[u8]) {
    let frame = match (kind, Frame::parse(bytes)) {
        (Kind::Frame, Ok(frame)) => frame,
        (_, Ok(_)) => return book.damaged(at, bytes, "an acknowledgement that nobody waits for"),
        (_, Err(fault)) => {
            // Of what is no frame at all, the first byte says nothing.
            let begun = matches!(bytes.first(), Some(0x10 | 0x68));
            let why = if begun { fault.to_string() } else { String::new() };
            return book.damaged(at, bytes, &why);
        }
    };
    match frame {
        Frame::Ack => {
            let unit = book.open().map_or(address::SELECTED, |open| open.unit);
            let says = "acknowledged".to_string();
            book.answer(
                at,
                Answering { unit, function: 0, fits: book.awaits(), frame: bytes, refused: None, says },
            );
        }
        Frame::Short { control, address } => asked(book, at, control, address, bytes),
        Frame::Long { control, address, .. } if control.is_request() => {
            asked(book, at, control, address, bytes)
        }
        Frame::Long { control, address, .. } => told(book, at, control, address, bytes),
    }
}

fn asked(book: &mut Book, at: Instant, control: Control, unit: u8, bytes: &[u8]) {
    let awaits = match unit {
        address::BROADCAST => Awaits::Nobody,
        // Whether a meter that is deselected says so differs between makes.
        address::SELECTED if control.is(Control::SND_NKE) => Awaits::Perhaps,
        // Who selects a meter by its number hopes that one has it.
        address::SELECTED if matches!(Frame::parse(bytes), Ok(Frame::Long { ci: 0x52, .. })) => {
            Awaits::Perhaps
        }
        _ => Awaits::Answer,
    };
    let key = PollKey { function: control.with_fcb(false).0, address: None, count: None };
    let asks = small(frame_text(bytes));
    book.request(at, Asking { unit, function: 0, key, frame: bytes, asks, awaits });
}

fn told(book: &mut Book, at: Instant, control: Control, unit: u8, bytes: &[u8]) {
    let fits = book.awaits()
        && control.is_rsp_ud()
        && book
            .open()
            .is_some_and(|open| open.unit == unit || matches!(open.unit, address::SELECTED | address::TEST));
    let (mut says, mut refused) = (String::new(), None);
    if let Ok(Some(telegram)) = decode_frame(bytes) {
        let value = |row: &crate::mbus::Row| format!("{} {}", names::inside(&row.label), row.value_text());
        let mut all: Vec<String> = telegram.rows.iter().take(SHOWN).map(value).collect();
        if telegram.rows.len() > SHOWN {
            all.push(format!("and {} more", telegram.rows.len() - SHOWN));
        }
        if let Some(identity) = telegram.header.identity {
            says = format!("number {:08X}: ", identity.id);
            let node = book.node(unit);
            node.models = telegram.models;
            node.entry = telegram.models.one();
            // The digits are what a meter's label shows; others than 0 to 9 are no serial number.
            node.serial = format!("{:08X}", identity.id).parse().ok();
        }
        says.push_str(&all.join(", "));
        if telegram.ci == 0x70 {
            refused = bytes.get(7).copied();
        }
        book.node(unit).told = telegram
            .rows
            .iter()
            .map(|row| Seen { label: row.label.clone(), text: row.value_text(), at })
            .collect();
    }
    book.answer(at, Answering { unit, function: 0, fits, frame: bytes, refused, says });
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::mbus::link::ACK as E5;

    fn feed(chunks: &[&[u8]]) -> Vec<(Kind, usize)> {
        let mut frames = Frames::new(Duration::from_millis(60));
        let mut all = Vec::new();
        for chunk in chunks {
            assert_eq!(frames.take(Instant::ZERO, chunk), chunk.len());
            while let Some((kind, bytes)) = frames.next(Instant::ZERO, true) {
                all.push((kind, bytes.len()));
            }
        }
        while let Some((kind, bytes)) = frames.next(Instant::from_millis(60), true) {
            all.push((kind, bytes.len()));
        }
        all
    }

    #[test]
    fn frames_are_found_among_other_bytes() {
        let ask = [0x10, 0x5B, 0x01, 0x5C, 0x16];
        let long = [0x68, 0x03, 0x03, 0x68, 0x53, 0x01, 0x50, 0xA4, 0x16];
        assert_eq!(feed(&[&ask, &[E5], &long]), [(Kind::Frame, 5), (Kind::Frame, 1), (Kind::Frame, 9)]);
        let (head, tail) = long.split_at(4);
        assert_eq!(feed(&[head, tail]), [(Kind::Frame, 9)]);
        assert_eq!(feed(&[&[0xFF, 0xE5], &ask]), [(Kind::Damaged, 2), (Kind::Frame, 5)]);
        assert_eq!(feed(&[&ask[..4]]), [(Kind::Damaged, 4)]);
        assert_eq!(feed(&[&[0x68, 0xFF, 0xFF, 0x68], &ask]), [(Kind::Damaged, 4), (Kind::Frame, 5)]);
    }
}
