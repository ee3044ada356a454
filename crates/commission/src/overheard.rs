//! Whole frames that have nothing to do with our own questions: the words of another master, and answers to it.
//!
//! An answer names neither its question nor who asked. What tells it apart is its form: a function or a length that
//! nobody here asked that id for. An answer that fits an older question of ours may just be late, so it says nothing.

use alloc::vec::Vec;

use modbus::crc;
use modbus::pdu::{EXCEPTION_BIT, MAX_READ};
use modbus::rtu::{self, FrameLen};

/// Questions that are remembered: no adapter keeps an answer back for longer.
const REMEMBERED: usize = 32;

/// The questions of ours, and who else asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overheard {
    asked: Vec<Vec<u8>>,
    masters: Vec<u8>,
}

/// What was heard of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Others {
    /// Questions that are not ours.
    pub(crate) questions: u32,
    /// Answers that fit no question of ours.
    pub(crate) strange: u32,
}

impl Overheard {
    /// A question of ours goes out.
    pub(crate) fn ask(&mut self, frame: &[u8]) {
        if self.asked.iter().any(|own| own == frame) {
            return;
        }
        if self.asked.len() >= REMEMBERED {
            self.asked.remove(0);
        }
        self.asked.push(frame.to_vec());
    }

    /// Units that somebody else asks.
    pub(crate) fn masters(&self) -> &[u8] {
        &self.masters
    }

    /// Looks through what was heard.
    pub(crate) fn hear(&mut self, heard: &[u8]) -> Others {
        let mut others = Others::default();
        let mut rest = heard;
        while !rest.is_empty() {
            let taken = self.take(rest, &mut others);
            rest = rest.get(taken.max(1)..).unwrap_or_default();
        }
        others
    }

    /// Takes what stands at the front of `run`, and says how long it is.
    fn take(&mut self, run: &[u8], others: &mut Others) -> usize {
        // An echo, or the answer to a write that repeats it.
        if let Some(own) = self.asked.iter().find(|own| !own.is_empty() && run.starts_with(own)) {
            return own.len();
        }
        if let Some(frame) = whole(run, rtu::response_len(run)) {
            others.strange += u32::from(!self.asked.iter().any(|own| fits(own, frame)));
            return frame.len();
        }
        if let Some(frame) = whole(run, rtu::request_len(run))
            && let Ok((unit, _)) = rtu::parse_request(frame)
        {
            others.questions += 1;
            if !self.masters.contains(&unit) {
                self.masters.push(unit);
            }
            return frame.len();
        }
        1
    }
}

/// The frame at the front of `run`, where its length is known and its check holds.
fn whole(run: &[u8], len: FrameLen) -> Option<&[u8]> {
    let FrameLen::Exactly(len) = len else { return None };
    run.get(..len).filter(|frame| crc::holds(frame))
}

/// True where `answer` may be one to the question `own`.
fn fits(own: &[u8], answer: &[u8]) -> bool {
    let ([unit, function, ..], [from, code, ..]) = (own, answer) else { return false };
    if (*unit != 0 && unit != from) || function & !EXCEPTION_BIT != code & !EXCEPTION_BIT {
        return false;
    }
    match (function, own) {
        (0x03 | 0x04, [_, _, _, _, high, low, ..]) if code & EXCEPTION_BIT == 0 => {
            let count = u16::from_be_bytes([*high, *low]);
            // What is asked for too many may answer as it likes.
            count > MAX_READ || answer.len() == 5 + 2 * usize::from(count)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: &[u8]) -> Vec<u8> {
        let mut frame = body.to_vec();
        frame.extend(crc::wire(body));
        frame
    }

    #[test]
    fn what_fits_no_question_of_ours_is_that_of_others() {
        let ours = frame(&[1, 3, 0x50, 0, 0, 2]);
        let written = frame(&[1, 6, 0x40, 0, 0, 7]);
        let answer = frame(&[1, 3, 4, 1, 2, 3, 4]);
        let longer = frame(&[1, 3, 6, 1, 2, 3, 4, 5, 6]);
        let asked_by_another = frame(&[2, 3, 0x50, 0, 0, 2]);
        let others = |questions, strange| Others { questions, strange };
        for (heard, expected) in [
            (vec![], others(0, 0)),
            (answer.clone(), others(0, 0)),
            ([&ours[..], &answer, &answer, &[0xFF]].concat(), others(0, 0)),
            (written.clone(), others(0, 0)),
            (frame(&[1, 0x83, 2]), others(0, 0)),
            // Of the same id, but of a length, a function or a refusal that nobody here asked for.
            (longer.clone(), others(0, 1)),
            (frame(&[1, 4, 4, 1, 2, 3, 4]), others(0, 1)),
            (frame(&[1, 0x84, 2]), others(0, 1)),
            (frame(&[3, 3, 4, 1, 2, 3, 4]), others(0, 1)),
            ([&[0x5A][..], &asked_by_another, &longer, &answer].concat(), others(1, 1)),
        ] {
            let mut overheard = Overheard::default();
            overheard.ask(&ours);
            overheard.ask(&written);
            assert_eq!(overheard.hear(&heard), expected, "{heard:02X?}");
            assert_eq!(overheard.masters(), if expected.questions > 0 { &[2][..] } else { &[] });
        }
    }

    #[test]
    fn a_damaged_frame_is_nobodys() {
        let mut overheard = Overheard::default();
        for body in [&[1, 3, 6, 1, 2, 3, 4, 5, 6][..], &[2, 3, 0x50, 0, 0, 2]] {
            for at in 0..body.len() {
                let mut spoilt = frame(body);
                spoilt[at] ^= 0x10;
                assert_eq!(overheard.hear(&spoilt), Others::default(), "{spoilt:02X?}");
            }
        }
    }

    #[test]
    fn a_question_to_all_may_be_answered_by_anybody() {
        let mut overheard = Overheard::default();
        overheard.ask(&frame(&[0, 3, 0x50, 0, 0, 2]));
        assert_eq!(overheard.hear(&frame(&[9, 3, 4, 1, 2, 3, 4])), Others::default());
        assert_eq!(overheard.hear(&frame(&[9, 3, 2, 1, 2])).strange, 1);
    }

    #[test]
    fn old_questions_are_forgotten() {
        let mut overheard = Overheard::default();
        let question = |unit: u8| frame(&[unit, 3, 0x50, 0, 0, 2]);
        (1..=40).for_each(|unit| overheard.ask(&question(unit)));
        assert_eq!(overheard.hear(&frame(&[40, 3, 4, 1, 2, 3, 4])).strange, 0);
        assert_eq!(overheard.hear(&frame(&[1, 3, 4, 1, 2, 3, 4])).strange, 1);
    }
}
