//! The question of a probe: a short read that every meter answers or refuses, and the one whose bytes are valid for two
//! formats at once.
//!
//! A receiver without parity takes the parity bit of a character for its stop bit, so a byte whose parity bit is 1 reads
//! the same in both formats. Where that holds for all eight bytes of a request, two kinds of meters hear it.

use alloc::vec::Vec;

use modbus::{Parity, Request, rtu};
use schema::{SettingId, Source};

use crate::names;

/// The question of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) unit: u8,
    pub(super) request: Request<'static>,
    bytes: [u8; 8],
}

impl Question {
    fn new(unit: u8, request: Request<'static>) -> Self {
        let mut bytes = [0; 8];
        // A read always makes eight bytes.
        let _ = rtu::emit_request(unit, &request, &mut bytes);
        Self { unit, request, bytes }
    }

    /// Reads the serial number, as the present register map has it; the older one refuses the register.
    pub(super) fn serial(unit: u8) -> Self {
        let (address, count) = serial_registers();
        Self::new(unit, Request::ReadHolding { address, count })
    }

    /// The same for meters of format `format` and for those without parity at once; `None` where no bytes do it.
    ///
    /// Even parity needs an odd number of ones in every byte: function 04, and a quantity above 255, which all refuse. Odd
    /// parity needs an even number: an ordinary read.
    pub(super) fn shared(unit: u8, format: Parity) -> Option<Self> {
        let fits = |question: &Self| question.reads_without_parity(format);
        match format {
            Parity::None => None,
            Parity::Even => {
                let (first, _) = serial_registers();
                let addresses = (first..=u16::MAX).chain(0..first);
                let all = addresses.map(|address| Request::ReadInput { address, count: 0x0101 });
                all.map(|request| Self::new(unit, request)).find(fits)
            }
            Parity::Odd => {
                // Registers that are there first: half a value is legal to read.
                let known = models::ALL.iter().filter(|entry| entry.def.modbus.is_some());
                let known = known.flat_map(|entry| entry.def.all_registers()).map(|row| row.addr);
                let all = known.chain(0..=u16::MAX);
                let all =
                    all.flat_map(|address| [3, 5, 6].map(|count| Request::ReadHolding { address, count }));
                all.map(|request| Self::new(unit, request)).find(fits)
            }
        }
    }

    /// True where a receiver without parity reads it as one of `format` does.
    fn reads_without_parity(&self, format: Parity) -> bool {
        let odd = |byte: &u8| byte.count_ones() % 2 == 1;
        match format {
            Parity::Even => self.bytes.iter().all(odd),
            Parity::Odd => !self.bytes.iter().any(odd),
            Parity::None => true,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// True where one question can ask `unit` in `format` and without parity: its own byte must allow it.
pub(super) const fn sharable(unit: u8, format: Parity) -> bool {
    match format {
        Parity::Even => unit.count_ones() % 2 == 1,
        Parity::Odd => unit.count_ones().is_multiple_of(2),
        Parity::None => false,
    }
}

/// Where the serial number stands in the first model that has one.
fn serial_registers() -> (u16, u16) {
    registers(SettingId::Serial)
}

/// Where a setting stands in the first model with Modbus that has it.
fn registers(id: SettingId) -> (u16, u16) {
    let entries = models::ALL.iter().filter(|entry| entry.def.modbus.is_some());
    let mut rows = entries.filter_map(|entry| names::row_of(entry, Source::Setting(id)));
    rows.next().map_or((0, 1), |row| (row.def.addr, row.def.codec.words()))
}

/// Reads the id itself: all meters of one id answer it with the same bytes.
pub(super) fn own_id(unit: u8) -> Question {
    let (address, count) = registers(SettingId::ModbusId);
    Question::new(unit, Request::ReadHolding { address, count })
}

/// The serial number in an answer to [`Question::serial`], where it is one.
pub(super) fn serial_of(words: &[u16]) -> Option<u32> {
    let entries = models::ALL.iter().filter(|entry| entry.def.modbus.is_some());
    let source = Source::Setting(SettingId::Serial);
    let mut rows = entries.filter_map(|entry| names::row_of(entry, source).map(|row| (entry, row)));
    let (entry, row) = rows.next()?;
    (usize::from(row.def.codec.words()) == words.len()).then_some(())?;
    u32::try_from(names::decode(entry, row.def, words).ok()?).ok()
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Words(Vec<u16>),
    Refused(modbus::Exception),
}

/// What stands in the bytes that were heard behind a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sorted {
    /// The first answer of the unit that was asked, or of any where all were.
    pub(super) answer: Option<(u8, Reply)>,
    /// Whole answers of others, and further ones of the same.
    pub(super) others: Vec<(u8, Reply)>,
    /// Units that somebody else asked.
    pub(super) requests: Vec<u8>,
    /// Bytes that belong to no frame.
    pub(super) loose: usize,
    /// Among them an answer begins as the one that was asked for.
    pub(super) head: bool,
    /// The question itself was heard.
    pub(super) echo: bool,
}

/// Bytes of noise before an echo that do not hide it.
const NOISE_BEFORE_ECHO: usize = 2;

impl Sorted {
    /// Sorts what was heard behind `question`; without one all whole frames are those of others.
    pub(super) fn of(heard: &[u8], question: Option<&Question>) -> Self {
        let mut sorted = Self::default();
        let mut at = 0;
        if let Some(question) = question {
            let echo = (0..=NOISE_BEFORE_ECHO)
                .find(|at| heard.get(*at..).is_some_and(|run| run.starts_with(&question.bytes)));
            if let Some(before) = echo {
                sorted.echo = true;
                at = before + question.bytes.len();
            }
        }
        while let Some(run) = heard.get(at..)
            && !run.is_empty()
        {
            at += sorted.take(run, question);
        }
        sorted
    }

    /// Takes what stands at the front of `run`, and says how long it is.
    fn take(&mut self, run: &[u8], question: Option<&Question>) -> usize {
        let function = question.map(|question| question.request.function());
        let [unit, code, ..] = *run else {
            self.loose += 1;
            return 1;
        };
        let answers = matches!(code & 0x7F, 3 | 4) && (1..=super::scope::LAST_ID).contains(&unit);
        if answers
            && let rtu::FrameLen::Exactly(len) = rtu::response_len(run)
            && let Some(frame) = run.get(..len)
            && let Ok((unit, response)) = rtu::parse_response(frame, None)
        {
            let reply = match response {
                modbus::Response::Read { words, .. } => Reply::Words(words.iter().collect()),
                modbus::Response::Exception { exception, .. } => Reply::Refused(exception),
                _ => return self.lose(),
            };
            let ours = question.is_some_and(|question| question.unit == unit || question.unit == 0);
            if ours && self.answer.is_none() && function == Some(code & 0x7F) && fits(question, &reply) {
                self.answer = Some((unit, reply));
            } else {
                self.others.push((unit, reply));
            }
            return len;
        }
        if let rtu::FrameLen::Exactly(len) = rtu::request_len(run)
            && let Some(frame) = run.get(..len)
            && rtu::parse_request(frame).is_ok()
        {
            // A second copy of the own question is an echo too.
            if question.is_none_or(|question| question.bytes() != frame) {
                self.requests.push(unit);
            }
            return len;
        }
        if let Some(question) = question
            && (unit == question.unit || question.unit == 0)
            && (code == question.request.function() || code == question.request.function() | 0x80)
        {
            self.head = true;
        }
        self.lose()
    }

    fn lose(&mut self) -> usize {
        self.loose += 1;
        1
    }

    /// True while all that was heard may be the beginning of an echo.
    pub(super) fn may_echo(heard: &[u8], question: &Question) -> bool {
        heard.len() < question.bytes.len() && question.bytes.starts_with(heard)
    }
}

/// Whether an answer has the quantity that was asked for.
fn fits(question: Option<&Question>, reply: &Reply) -> bool {
    match (question.map(|question| question.request), reply) {
        (
            Some(Request::ReadHolding { count, .. } | Request::ReadInput { count, .. }),
            Reply::Words(words),
        ) => words.len() == usize::from(count),
        (_, Reply::Refused(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::scope::LAST_ID;
    use super::*;

    #[test]
    fn every_id_has_a_question_for_two_formats() {
        for unit in 1..=LAST_ID {
            let (even, odd) = (sharable(unit, Parity::Even), sharable(unit, Parity::Odd));
            assert!(even != odd, "{unit}");
            let format = if even { Parity::Even } else { Parity::Odd };
            let question = Question::shared(unit, format).unwrap();
            assert!(question.reads_without_parity(format), "{unit}: {question:?}");
            let other = if even { Parity::Odd } else { Parity::Even };
            assert!(!question.reads_without_parity(other), "{unit}");
            match question.request {
                // What no meter has to take, so that every meter refuses it.
                Request::ReadInput { count, .. } => assert!(even && count > modbus::pdu::MAX_READ),
                // What is there to be read, in the first model at least.
                Request::ReadHolding { address, count } => {
                    assert!(!even && models::ALL[0].def.register(address).is_some() && count <= 6, "{unit}");
                }
                other => panic!("{unit}: {other:?}"),
            }
            assert_eq!(rtu::parse_request(question.bytes()).unwrap(), (unit, question.request));
        }
        assert_eq!(Question::shared(1, Parity::Odd), None, "the id itself forbids it");
    }

    fn answer(unit: u8, words: &[u16]) -> Vec<u8> {
        let mut frame = vec![unit, 3, u8::try_from(2 * words.len()).unwrap()];
        frame.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        let check = modbus::crc::wire(&frame);
        frame.extend(check);
        frame
    }

    #[test]
    fn what_was_heard_is_sorted() {
        let question = Question::serial(7);
        let own = answer(7, &[0x1307, 1]);
        let sorted = |heard: &[&[u8]]| Sorted::of(&heard.concat(), Some(&question));
        let good = Some((7, Reply::Words(vec![0x1307, 1])));
        assert_eq!(sorted(&[&own]), Sorted { answer: good.clone(), ..Sorted::default() });
        let echoed = sorted(&[&[0], question.bytes(), &own, &[0xFF]]);
        assert_eq!(echoed, Sorted { answer: good.clone(), echo: true, loose: 1, ..Sorted::default() });
        let late = sorted(&[&answer(6, &[1, 2]), &own]);
        assert_eq!((late.answer, late.others.len()), (good.clone(), 1));
        // Another quantity is the answer to another question.
        assert_eq!(sorted(&[&answer(7, &[1])]).answer, None);
        let foreign = Question::serial(9);
        assert_eq!(sorted(&[foreign.bytes()]).requests, [9]);
        let mut spoilt = own.clone();
        spoilt[4] ^= 0x10;
        let spoilt = sorted(&[&spoilt]);
        assert!(spoilt.head && spoilt.loose == own.len() && spoilt.answer.is_none());
        assert_eq!(Sorted::of(&own, None).others.len(), 1);
        assert_eq!(serial_of(&[0x1307, 0x0001]), Some(13_070_001));
    }
}
