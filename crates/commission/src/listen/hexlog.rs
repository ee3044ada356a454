//! Logs of bytes in hexadecimal, as programs print them and people paste them.
//!
//! One frame a line, or a dump with offsets. Before the bytes may stand a time (`12:44:10.020`, seconds with a point, or
//! a date with either), a direction (`>`, `<`, `TX`, `RX` and such) and words with `=`. Bytes are two hexadecimal digits
//! each, together or apart, with `0x` or `[..]`, `<..>` around them as libmodbus prints them. What stands behind `#` is a
//! remark. A line that is none of this is named, and the rest goes on.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use units::{DataBits, Duration, Instant, LineError, LineParams, Parity};

use super::{Listener, Spoken};
use crate::bus::Direction;
use crate::port::Received;

/// What a line is expected to hold.
const EXPECTED: &str = "two hexadecimal digits for each byte, a time or a direction before them if you like";
/// From one line to the next where a log tells no times.
const STEP: Duration = Duration::from_secs(1);
const DAY: u64 = 86_400_000_000;

/// Beginnings of lines that programs print between the bytes.
const CHATTER: [&str; 5] = ["--", "//", "Waiting for a confirmation", "Bytes flushed", "ERROR "];

/// Words for a direction, and whether they mean sent.
const WORDS: [(&str, Direction); 24] = [
    (">", Direction::Sent),
    (">>", Direction::Sent),
    ("->", Direction::Sent),
    ("=>", Direction::Sent),
    ("→", Direction::Sent),
    ("TX", Direction::Sent),
    ("SEND", Direction::Sent),
    ("SENT", Direction::Sent),
    ("SENDING", Direction::Sent),
    ("WRITE", Direction::Sent),
    ("REQUEST", Direction::Sent),
    ("OUT", Direction::Sent),
    ("<", Direction::Heard),
    ("<<", Direction::Heard),
    ("<-", Direction::Heard),
    ("<=", Direction::Heard),
    ("←", Direction::Heard),
    ("RX", Direction::Heard),
    ("RECV", Direction::Heard),
    ("RECEIVED", Direction::Heard),
    ("HEARD", Direction::Heard),
    ("READ", Direction::Heard),
    ("RESPONSE", Direction::Heard),
    ("IN", Direction::Heard),
];

/// Words for errors of the line.
pub(super) const ERRORS: [(&str, LineError); 4] = [
    ("parity", LineError::Parity),
    ("framing", LineError::Framing),
    ("overrun", LineError::Overrun),
    ("break", LineError::Break),
];

/// What was heard, as a line of a log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The number of its line, counted from 1.
    pub line: usize,
    /// When: by the log's own times, else a second after the line before.
    pub at: Instant,
    /// Which way, where the log says it. It says so from the side of whoever wrote it.
    pub direction: Option<Direction>,
    /// Bytes, or an error of the line.
    pub heard: Received,
}

/// A line that is none of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFault {
    /// Its number, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub found: String,
    /// What was expected.
    pub expected: &'static str,
}

impl fmt::Display for LogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: expected {}", self.line, self.found, self.expected)
    }
}

impl core::error::Error for LogFault {}

/// A log that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HexLog {
    /// What was heard, in the order of the lines.
    pub lines: Vec<LogLine>,
    /// Lines that could not be read.
    pub faults: Vec<LogFault>,
    /// True where every line tells its time.
    pub timed: bool,
    /// Speed and format of the line, where the log says them (`# line 9600 8E1`).
    pub setting: Option<LineParams>,
    /// What is spoken, where the log says it (`# protocol mbus`).
    pub spoken: Option<Spoken>,
}

impl HexLog {
    /// Reads a log. Nothing in it is refused as a whole: [`Self::faults`] names the lines that could not be read.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut reader = Reader::default();
        for (number, line) in (1..).zip(text.lines()) {
            reader.line = number;
            if let Err((found, expected)) = reader.read(line.trim()) {
                reader.log.faults.push(LogFault { line: number, found, expected });
                (reader.time, reader.direction, reader.dump) = (None, None, None);
            }
        }
        let mut log = reader.log;
        log.lines.retain_mut(|line| match &mut line.heard {
            Received::Bytes(bytes) if reader.packets.contains(&line.line) => {
                unwrap_packet(bytes);
                !bytes.is_empty()
            }
            _ => true,
        });
        log.timed = !log.lines.is_empty() && reader.untimed == 0;
        if !log.timed {
            let mut at = Instant::ZERO;
            for line in &mut log.lines {
                at += STEP;
                line.at = at;
            }
        }
        log
    }

    /// Plays the log to a listener, to its end.
    pub fn play(&self, listener: &mut Listener<'_>) {
        if !self.timed {
            listener.without_times();
        }
        let mut last = Instant::ZERO;
        for line in &self.lines {
            while let Some(due) = listener.poll_at().filter(|due| *due <= line.at) {
                listener.pass(due);
            }
            listener.hear(line.at, &line.heard);
            last = line.at;
        }
        listener.finish(last);
    }
}

/// What is wrong, and what was expected.
type Wrong = (String, &'static str);

#[derive(Default)]
struct Reader {
    log: HexLog,
    line: usize,
    /// Lines that told no time.
    untimed: usize,
    /// The last time that was told.
    last: Instant,
    /// What a line without bytes has said of the next one.
    time: Option<Instant>,
    direction: Option<Direction>,
    /// The last line was of a dump, and how many bytes the dump has so far.
    dump: Option<usize>,
    /// The next dump is of a packet of IP, as tcpdump announces it; and the lines at which such dumps begin.
    packet: bool,
    packets: Vec<usize>,
}

impl Reader {
    fn read(&mut self, text: &str) -> Result<(), Wrong> {
        if let Some(remark) = text.strip_prefix('#') {
            return self.remark(remark.trim());
        }
        if text.is_empty() || CHATTER.iter().any(|chatter| text.starts_with(chatter)) {
            return Ok(());
        }
        if self.dump.is_some_and(|have| dump_end(text) == Some(have)) {
            return Ok(());
        }
        if let Some((direction, bytes)) = bracketed(text) {
            self.direction = Some(direction);
            return self.heard(Received::Bytes(bytes));
        }
        let mut rest = text.split_once(" #").map_or(text, |(before, _)| before).trim_end();
        let mut offset = None;
        loop {
            let (token, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let bare = token.trim_matches(['[', ']', '(', ')']);
            if token.is_empty() {
                break;
            } else if matches!(token, "IP" | "IP6") && self.time.is_some() {
                self.packet = true;
                return Ok(());
            } else if let Some(at) = time(bare) {
                self.time = Some(self.place(at)?);
            } else if let Some(direction) = direction(bare) {
                self.direction = Some(direction);
            } else if let Some(at) = dump_offset(token, after, text) {
                offset = Some(at);
            } else if token == "!" {
                return self.error(after.trim());
            } else if !(date(bare) || token == "?" || token.contains('=')) {
                break;
            }
            rest = after.trim_start();
        }
        if let Some(offset) = offset {
            return self.dumped(offset, rest);
        }
        let bytes = bytes(rest)?;
        if bytes.is_empty() { Ok(()) } else { self.heard(Received::Bytes(bytes)) }
    }

    /// A remark may say how the line is set.
    fn remark(&mut self, text: &str) -> Result<(), Wrong> {
        if let Some(setting) = text.strip_prefix("line ") {
            let wrong = || (format!("\"{setting}\" is no setting of a line"), "one such as 9600 8E1");
            self.log.setting = Some(line_params(setting).ok_or_else(wrong)?);
        } else if let Some(word) = text.strip_prefix("protocol ") {
            self.log.spoken = Some(match word {
                "modbus" => Spoken::Modbus,
                "mbus" => Spoken::Mbus,
                _ => return Err((format!("\"{word}\" is no protocol"), "modbus or mbus")),
            });
        }
        Ok(())
    }

    fn error(&mut self, word: &str) -> Result<(), Wrong> {
        let found = ERRORS.iter().find(|(own, _)| *own == word).map(|(_, error)| *error);
        let wrong = || (format!("\"{word}\" is no error of a line"), "parity, framing, overrun or break");
        self.heard(Received::LineError(found.ok_or_else(wrong)?))
    }

    /// A time as the log's own: behind midnight a new day begins.
    fn place(&self, at: Instant) -> Result<Instant, Wrong> {
        let (mut now, last) = (at.as_micros(), self.last.as_micros());
        let days = last / DAY;
        if days > 0 && now < DAY {
            now += days * DAY;
        }
        if now < last {
            if last - now > DAY / 2 && at.as_micros() < DAY {
                return Ok(Instant::from_micros(now + DAY));
            }
            return Err(("the time goes back".to_string(), "the times in their order"));
        }
        Ok(Instant::from_micros(now))
    }

    fn heard(&mut self, heard: Received) -> Result<(), Wrong> {
        let at = self.time.take().unwrap_or_else(|| {
            self.untimed += 1;
            self.last
        });
        self.last = at;
        self.dump = None;
        if core::mem::take(&mut self.packet) {
            self.packets.push(self.line);
        }
        let direction = self.direction.take();
        self.log.lines.push(LogLine { line: self.line, at, direction, heard });
        Ok(())
    }

    /// A line of a dump: at offset 0 a new frame begins.
    fn dumped(&mut self, offset: usize, text: &str) -> Result<(), Wrong> {
        // Behind the bytes stand the same as characters.
        let text = match text.split_once('|') {
            Some((bytes, _)) => bytes,
            None => text.split_once("  ").map_or(text, |(bytes, _)| bytes),
        };
        let more = bytes(text)?;
        match (offset, self.dump) {
            (_, Some(have)) if offset == have && have > 0 => {
                if let Some(LogLine { heard: Received::Bytes(bytes), .. }) = self.log.lines.last_mut() {
                    bytes.extend_from_slice(&more);
                }
                self.dump = Some(have + more.len());
                Ok(())
            }
            (0, _) => {
                let count = more.len();
                if count > 0 {
                    self.heard(Received::Bytes(more))?;
                    self.dump = Some(count);
                }
                Ok(())
            }
            _ => {
                Err((format!("offset {offset:X}h follows nothing"), "a dump from offset 0 on without a hole"))
            }
        }
    }
}

/// Speed and format of a line, such as `9600 8E1`.
pub(super) fn line_params(text: &str) -> Option<LineParams> {
    let (baud, format) = text.split_once(' ')?;
    let baud = baud.parse().ok().filter(|baud| *baud > 0)?;
    let [data, parity, b'1'] = *format.as_bytes() else { return None };
    let data_bits = match data {
        b'7' => DataBits::Seven,
        b'8' => DataBits::Eight,
        _ => return None,
    };
    let parity = match parity {
        b'E' => Parity::Even,
        b'N' => Parity::None,
        b'O' => Parity::Odd,
        _ => return None,
    };
    Some(LineParams { baud, parity, data_bits })
}

/// `[01][03]` is what libmodbus sends, `<01><03>` what it hears.
fn bracketed(text: &str) -> Option<(Direction, Vec<u8>)> {
    let (open, close, direction) = match text.chars().next()? {
        '[' => ('[', ']', Direction::Sent),
        '<' => ('<', '>', Direction::Heard),
        _ => return None,
    };
    let mut bytes = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, after) = rest.strip_prefix(open)?.split_once(close)?;
        bytes.push(byte(digits)?);
        rest = after;
    }
    Some((direction, bytes))
}

fn byte(digits: &str) -> Option<u8> {
    let two = digits.len() == 2 && digits.bytes().all(|c| c.is_ascii_hexdigit());
    if two { u8::from_str_radix(digits, 16).ok() } else { None }
}

fn direction(word: &str) -> Option<Direction> {
    let word = word.trim_end_matches(':');
    WORDS.iter().find(|(own, _)| own.eq_ignore_ascii_case(word)).map(|(_, direction)| *direction)
}

fn number(digits: &str, most: u64) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    if plain { digits.parse().ok().filter(|number| *number <= most) } else { None }
}

/// Seconds with or without a part behind the point, in µs.
fn seconds(text: &str, most: u64) -> Option<u64> {
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let mut micros = 0;
    for place in 0..6 {
        let digit = part.as_bytes().get(place).map_or(Some(0), |c| char::from(*c).to_digit(10))?;
        micros = micros * 10 + u64::from(digit);
    }
    if !part.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    number(whole, most)?.checked_mul(1_000_000)?.checked_add(micros)
}

/// A time of day, with a date before it if you like, or seconds with a point.
fn time(text: &str) -> Option<Instant> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let text = match text.split_once('T') {
        Some((day, time)) if date(day) => time,
        _ => text,
    };
    let micros = match text.split_once(':') {
        Some((hours, rest)) => {
            let (minutes, rest) = rest.split_once(':')?;
            let two = |digits: &str| digits.len() <= 2;
            let clock = two(hours) && two(minutes);
            let (hours, minutes) = (number(hours, 23)?, number(minutes, 59)?);
            seconds(rest, 59).filter(|_| clock)? + (hours * 60 + minutes) * 60_000_000
        }
        None => {
            let plain = text.strip_suffix('s').unwrap_or(text);
            if !plain.contains('.') {
                return None;
            }
            seconds(plain, u64::MAX / 4_000_000)?
        }
    };
    Some(Instant::from_micros(micros))
}

/// A date such as 2026-11-21 or 2026/11/21; which day it is does not matter.
fn date(text: &str) -> bool {
    let mut parts = text.split(['-', '/']);
    let mut part =
        |len: usize| parts.next().is_some_and(|part| part.len() == len && number(part, 9_999).is_some());
    part(4) && part(2) && part(2) && parts.next().is_none()
}

/// Where a line of a dump stands: `0x0010:`, `00000010:`, or `00000010` before bytes that are repeated between bars.
fn dump_offset(token: &str, after: &str, line: &str) -> Option<usize> {
    let digits = match token.strip_suffix(':') {
        Some(digits) => digits.strip_prefix("0x").unwrap_or(digits),
        None if token.len() == 8 && (after.starts_with(' ') && line.ends_with('|')) => token,
        None => return None,
    };
    let hex = (4..=8).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_hexdigit());
    if hex { usize::from_str_radix(digits, 16).ok() } else { None }
}

/// The last line of a dump: how long it is.
fn dump_end(text: &str) -> Option<usize> {
    let hex = (7..=8).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_hexdigit());
    if hex { usize::from_str_radix(text, 16).ok() } else { None }
}

/// Leaves of a packet what TCP carries in it; nothing of one that carries something else.
fn unwrap_packet(packet: &mut Vec<u8>) {
    let byte = |at: usize| packet.get(at).copied().map_or(0, usize::from);
    // IPv4: header length in words, whole length, 6 for TCP. IPv6: 40 bytes, length of what follows, 6 for TCP.
    let (head, end, carried) = match byte(0) >> 4 {
        4 => (4 * (byte(0) & 0xF), byte(2) << 8 | byte(3), byte(9)),
        6 => (40, 40 + (byte(4) << 8 | byte(5)), byte(6)),
        _ => (0, 0, 0),
    };
    let begin = head + 4 * (byte(head + 12) >> 4);
    if carried != 6 || end > packet.len() || begin > end {
        packet.clear();
        return;
    }
    packet.truncate(end);
    packet.drain(..begin);
}

/// All bytes of a text.
fn bytes(text: &str) -> Result<Vec<u8>, Wrong> {
    let mut all = Vec::new();
    for token in text.split([' ', '\t', ',', ';']).filter(|token| !token.is_empty()) {
        let before = all.len();
        for part in token.split([':', '-']) {
            let digits = part.strip_prefix("0x").or(part.strip_prefix("0X")).or(part.strip_prefix("\\x"));
            let digits = match digits {
                Some(digits) if digits.len() == 1 => &format!("0{digits}"),
                Some(digits) => digits,
                None => part.strip_suffix(['h', 'H']).unwrap_or(part),
            };
            let pairs = digits.as_bytes().chunks(2);
            let whole: Option<Vec<u8>> = pairs.map(|pair| byte(core::str::from_utf8(pair).ok()?)).collect();
            match whole {
                Some(bytes) if !bytes.is_empty() => all.extend(bytes),
                _ => {
                    all.truncate(before);
                    return Err((format!("\"{}\" is no byte", short(token)), EXPECTED));
                }
            }
        }
    }
    Ok(all)
}

/// The begin of a word that is too long for a message.
fn short(token: &str) -> String {
    match token.char_indices().nth(24) {
        Some((at, _)) => format!("{}...", token.get(..at).unwrap_or_default()),
        None => token.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: [u8; 8] = [0x01, 0x03, 0x50, 0x00, 0x00, 0x02, 0xD5, 0x0B];

    fn one(text: &str) -> LogLine {
        let log = HexLog::parse(text);
        assert_eq!(log.faults, [], "{text}");
        assert_eq!(log.lines.len(), 1, "{text}");
        log.lines[0].clone()
    }

    #[test]
    fn every_way_to_write_a_frame() {
        for text in [
            "01 03 50 00 00 02 D5 0B",
            "010350000002d50b",
            "0103 5000 0002 D50B",
            "0x01 0x03 0x50 0x00 0x00 0x02 0xD5 0x0B",
            "0x1,0x3,0x50,0x0,0x0,0x2,0xD5,0xB",
            "01:03:50:00:00:02:D5:0B",
            "01-03-50-00-00-02-D5-0B",
            "\\x01 \\x03 \\x50 \\x00 \\x00 \\x02 \\xD5 \\x0B",
            "01h 03h 50h 00h 00h 02h D5h 0Bh",
            "[01][03][50][00][00][02][D5][0B]",
            "<01><03><50><00><00><02><D5><0B>",
            "\t0x0000:  0103 5000 0002 d50b                      ..P.....",
            "00000000: 0103 5000 0002 d50b                      ..P.....",
            "00000000  01 03 50 00 00 02 d5 0b                           |..P.....|",
            "0x0000:  0103 5000\n0x0004:  0002 d50b",
            "> 2026/11/21 12:44:10.020123  length=8 from=0 to=7\n 01 03 50 00 00 02 d5 0b\n--",
            "TX: 01 03 50 00 00 02 D5 0B   # id 1: read",
            "# a remark\n\n   01 03 50 00 00 02 D5 0B",
            "00000000  01 03 50 00 00 02 d5 0b  |..P.....|\n00000008",
            "12:44:10.020123 IP 10.0.0.1.5020 > 10.0.0.2.41234: Flags [P.], length 8\n\t0x0000:  4500 0030 0000 4000 4006 0000 \
             0a00 0001\n\t0x0010:  0a00 0002 139c a112 0000 0000 0000 0000\n\t0x0020:  5018 0200 0000 0000 0103 5000 0002 d50b",
            "Waiting for a confirmation...\n[01][03][50][00][00][02][D5][0B]",
        ] {
            assert_eq!(one(text).heard, Received::Bytes(REQUEST.to_vec()), "{text}");
        }
    }

    #[test]
    fn times_and_directions() {
        let at = |text: &str| one(text).at.as_micros();
        for (text, micros) in [
            ("12:44:10.020 > 01 03", 45_850_020_000),
            ("[12:44:10.020] TX 01 03", 45_850_020_000),
            ("2026-11-21T12:44:10.020Z 01 03", 45_850_020_000),
            ("2026/11/21 12:44:10,020001 < 01 03", 45_850_020_001),
            ("0:00:01 01 03", 1_000_000),
            ("12.345678 01 03", 12_345_678),
            ("12.5s 01 03", 12_500_000),
            ("1700000000.25: 01 03", 0),
        ] {
            if micros == 0 {
                assert_eq!(HexLog::parse(text).faults.len(), 1, "{text}");
            } else {
                assert_eq!(at(text), micros, "{text}");
                assert!(HexLog::parse(text).timed);
            }
        }
        assert_eq!(one("-> 01 03").direction, Some(Direction::Sent));
        assert_eq!(one("rx: 01 03").direction, Some(Direction::Heard));
        assert_eq!(one("01 03").direction, None);
        let log = HexLog::parse("23:59:59 01\n00:00:01 02\n0:00:02 03\n");
        let times: Vec<u64> = log.lines.iter().map(|line| line.at.as_micros() / 1_000_000).collect();
        assert_eq!((times.as_slice(), log.faults.len()), ([86_399, 86_401, 86_402].as_slice(), 0));
        let untimed = HexLog::parse("01\n12:00:00 02\n");
        assert!(!untimed.timed);
        assert!(untimed.lines[0].at < untimed.lines[1].at);
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_goes_on() {
        let text = "01 03\nhello world\n01 0G\n01 3\n12:00:00 04\n11:00:00 05\n! noise\n0x0010: 0103\n# line 9600 9E1\n! break\n";
        let log = HexLog::parse(text);
        let faults: Vec<String> = log.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                format!("line 2: \"hello\" is no byte: expected {EXPECTED}"),
                format!("line 3: \"0G\" is no byte: expected {EXPECTED}"),
                format!("line 4: \"3\" is no byte: expected {EXPECTED}"),
                "line 6: the time goes back: expected the times in their order".to_string(),
                "line 7: \"noise\" is no error of a line: expected parity, framing, overrun or break"
                    .to_string(),
                "line 8: offset 10h follows nothing: expected a dump from offset 0 on without a hole"
                    .to_string(),
                "line 9: \"9600 9E1\" is no setting of a line: expected one such as 9600 8E1".to_string(),
            ]
        );
        let heard: Vec<&Received> = log.lines.iter().map(|line| &line.heard).collect();
        assert_eq!(
            heard,
            [&Received::Bytes(vec![1, 3]), &Received::Bytes(vec![4]), &Received::LineError(LineError::Break)]
        );
    }

    #[test]
    fn a_log_says_what_line_it_is_of() {
        let log = HexLog::parse("# line 2400 8E1\n# protocol mbus\n10 5B 01 5C 16");
        assert_eq!((log.setting, log.spoken), (Some(LineParams::even(2_400)), Some(Spoken::Mbus)));
        for line in [LineParams::even(9_600), LineParams::optical(300), LineParams::new(1, Parity::None)] {
            assert_eq!(line_params(&line.to_string()), Some(line));
        }
    }
}
