//! Levels on a wire, bit by bit: what those who speak at once make of it, and what a UART reads from it. Collisions,
//! wrong speeds, wrong parities and swapped wires are not rules here but what comes of the bits.

use alloc::vec::Vec;

use units::{DataBits, Instant, LineError, LineParams, Parity};

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// The master's end.
    Master,
    /// A meter, by its place on the rail.
    Twin(usize),
    /// One more end at the wire, by its number.
    Tap(usize),
    /// A meter that has left the wire meanwhile.
    Gone,
}

/// Characters that somebody puts on a wire without a pause.
#[derive(Clone, Debug)]
pub struct Signal {
    pub(crate) from: Node,
    bytes: Vec<u8>,
    line: LineParams,
    /// In ns, as all times of bits.
    start: u64,
    /// Where it ends, or was cut.
    end: u64,
    /// Its wires are swapped.
    inverted: bool,
}

impl Signal {
    /// `bytes` from `start` on, at the speed and in the format of `line`.
    #[must_use]
    pub fn new(start: Instant, line: LineParams, bytes: &[u8]) -> Self {
        Self::from(Node::Gone, start, line, bytes, false)
    }

    pub(crate) fn from(node: Node, start: Instant, line: LineParams, bytes: &[u8], inverted: bool) -> Self {
        let start = nanos(start);
        let mut signal = Self { from: node, bytes: bytes.to_vec(), line, start, end: start, inverted };
        signal.end = signal.boundary(bytes.len() as u64 * u64::from(line.char_bits()));
        signal
    }

    /// Ends it at once, in the middle of a bit: the supply or the plug was pulled.
    pub(crate) fn cut(&mut self, at: Instant) {
        self.end = self.end.min(nanos(at).max(self.start));
    }

    pub(crate) fn end_ns(&self) -> u64 {
        self.end
    }

    /// True where it speaks at any time between these two.
    pub(crate) fn overlaps(&self, from: u64, to: u64) -> bool {
        self.start < to && self.end > from
    }

    fn baud(&self) -> u64 {
        u64::from(self.line.baud.max(1))
    }

    /// When bit `index` begins.
    fn boundary(&self, index: u64) -> u64 {
        self.start + (index * SECOND).div_ceil(self.baud())
    }

    /// The bit at a time; `None` while it does not speak.
    fn bit(&self, at: u64) -> Option<bool> {
        if at < self.start || at >= self.end {
            return None;
        }
        let index = (at - self.start) * self.baud() / SECOND;
        let width = u64::from(self.line.char_bits());
        let byte = *self.bytes.get(usize::try_from(index / width).ok()?)?;
        Some((frame(byte, self.line) >> (index % width) & 1 == 1) != self.inverted)
    }

    /// The first time from `at` on at which it may change its level.
    fn next_boundary(&self, at: u64) -> Option<u64> {
        if at <= self.start {
            return Some(self.start);
        }
        let index = ((at - self.start) * self.baud()).div_ceil(SECOND);
        (at <= self.end).then(|| self.boundary(index).max(at).min(self.end))
    }
}

/// The bits of a character as they follow each other, the first one in bit 0: start, data, parity, stop.
fn frame(byte: u8, line: LineParams) -> u16 {
    let (byte, width) = match line.data_bits {
        DataBits::Seven => (byte & 0x7F, 7),
        DataBits::Eight => (byte, 8),
    };
    let data = u16::from(byte) << 1;
    match line.parity {
        Parity::None => data | 1 << (width + 1),
        parity => data | u16::from(parity_bit(byte, parity)) << (width + 1) | 1 << (width + 2),
    }
}

fn parity_bit(byte: u8, parity: Parity) -> bool {
    (byte.count_ones() % 2 == 1) == (parity == Parity::Even)
}

/// What comes of several who speak at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// A space of any of them wins: currents add up on the M-Bus, light adds up at an optical head.
    SpaceWins,
    /// Two drivers of an RS485 pair that pull in different directions leave a level that nobody can foretell. It is drawn from the seed.
    Fight(u64),
}

/// Whom a receiver hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hears {
    All,
    /// Meters on the M-Bus hear voltage, which only the master makes.
    Master,
    /// The master's end of an M-Bus hears current, which only meters draw.
    Meters,
}

impl Hears {
    fn hears(self, signal: &Signal) -> bool {
        match self {
            Self::All => true,
            Self::Master => matches!(signal.from, Node::Master | Node::Tap(_)),
            Self::Meters => !matches!(signal.from, Node::Master | Node::Tap(_)),
        }
    }
}

/// A receiver on a wire: what it hears and how it reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receiver {
    pub(crate) line: LineParams,
    pub(crate) hears: Hears,
    /// Its wires are swapped.
    pub(crate) inverted: bool,
}

/// Something that a receiver takes for a character.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Character {
    /// In ns.
    pub(crate) start: u64,
    /// When the receiver hands it on.
    pub(crate) end: Instant,
    /// Its bits behind the start bit: data, parity, stop.
    pub(crate) bits: u16,
    /// From where on the receiver looks for the next one, in ns.
    pub(crate) next: u64,
}

impl Character {
    /// The byte, or what is wrong with it.
    pub(crate) fn judge(&self, line: LineParams) -> Result<u8, LineError> {
        let width = match line.data_bits {
            DataBits::Seven => 7,
            DataBits::Eight => 8,
        };
        let [low, _] = self.bits.to_le_bytes();
        let byte = if width == 7 { low & 0x7F } else { low };
        if self.bits >> (line.char_bits() - 2) & 1 == 0 {
            return Err(LineError::Framing);
        }
        if line.parity != Parity::None && (self.bits >> width & 1 == 1) != parity_bit(byte, line.parity) {
            return Err(LineError::Parity);
        }
        Ok(byte)
    }
}

/// The time in ns.
pub(crate) fn nanos(at: Instant) -> u64 {
    at.as_micros().saturating_mul(1_000)
}

/// A number that looks like chance, and is the same for the same seed and time.
pub(crate) fn chance(seed: u64, at: u64) -> u64 {
    // The mixing of SplitMix64 (Steele, Lea, Flood 2014).
    let mut z = seed ^ at.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Receiver {
    /// The level at a time; a wire on which nobody speaks is at mark.
    fn level(&self, signals: &[Signal], meeting: Meeting, at: u64) -> bool {
        let mut level: Option<bool> = None;
        for signal in signals.iter().filter(|signal| self.hears.hears(signal)) {
            let Some(bit) = signal.bit(at) else { continue };
            level = Some(match (level, meeting) {
                (None, _) => bit,
                (Some(other), Meeting::SpaceWins) => other && bit,
                (Some(other), Meeting::Fight(seed)) if other != bit => chance(seed, at) & 1 == 1,
                (Some(other), Meeting::Fight(_)) => other,
            });
        }
        level.unwrap_or(true) != self.inverted
    }

    /// The first character whose start bit begins at `from` or later, in ns.
    pub(crate) fn next(&self, signals: &[Signal], meeting: Meeting, mut from: u64) -> Option<Character> {
        let baud = u64::from(self.line.baud.max(1));
        loop {
            let edge = signals
                .iter()
                .filter(|signal| self.hears.hears(signal))
                .filter_map(|signal| signal.next_boundary(from))
                .min()?;
            from = edge + 1;
            let level = |at| self.level(signals, meeting, at);
            // A start bit begins where mark turns into space, and is still space in its middle.
            let half = |halves: u64| edge + (halves * SECOND / 2).div_ceil(baud);
            let before = edge.checked_sub(1).map_or(!self.inverted, level);
            if level(edge) || !before || level(half(1)) {
                continue;
            }
            let count = u64::from(self.line.char_bits()) - 1;
            let bits = (0..count).fold(0, |bits, bit| bits | u16::from(level(half(2 * bit + 3))) << bit);
            return Some(Character {
                start: edge,
                end: Instant::from_micros((edge + (count + 1) * SECOND / baud).div_ceil(1_000)),
                bits,
                next: half(2 * count + 1),
            });
        }
    }
}

/// What a UART set to `line` makes of these signals: when each character has ended, and the byte or what is wrong with
/// it.
#[must_use]
pub fn characters(
    signals: &[Signal],
    meeting: Meeting,
    line: LineParams,
) -> Vec<(Instant, Result<u8, LineError>)> {
    let receiver = Receiver { line, hears: Hears::All, inverted: false };
    let (mut all, mut from) = (Vec::new(), 0);
    while let Some(character) = receiver.next(signals, meeting, from) {
        all.push((character.end, character.judge(line)));
        from = character.next;
    }
    all
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use proptest::prelude::*;

    const EVEN: LineParams = LineParams::new(9_600, Parity::Even);
    const NONE: LineParams = LineParams::new(9_600, Parity::None);
    const ODD: LineParams = LineParams::new(9_600, Parity::Odd);

    fn signal(us: u64, line: LineParams, bytes: &[u8]) -> Signal {
        Signal::new(Instant::from_micros(us), line, bytes)
    }

    fn heard(signals: &[Signal], meeting: Meeting, line: LineParams) -> Vec<Result<u8, LineError>> {
        characters(signals, meeting, line).into_iter().map(|(_, heard)| heard).collect()
    }

    fn read(bytes: &[u8], sent: LineParams, own: LineParams) -> Vec<Result<u8, LineError>> {
        heard(&[signal(50, sent, bytes)], Meeting::SpaceWins, own)
    }

    proptest! {
        #[test]
        fn equal_settings_hear_everything_when_it_ends(
            bytes in prop::collection::vec(any::<u8>(), 1..40),
            baud in prop::sample::select(vec![300u32, 1_200, 9_600, 19_200, 57_600, 115_200]),
            parity in prop::sample::select(vec![Parity::Even, Parity::Odd, Parity::None]),
            start in 0u64..10_000_000,
        ) {
            let line = LineParams::new(baud, parity);
            let heard = characters(&[signal(start, line, &bytes)], Meeting::SpaceWins, line);
            prop_assert_eq!(heard.len(), bytes.len());
            for (i, ((end, heard), byte)) in heard.into_iter().zip(&bytes).enumerate() {
                prop_assert_eq!(heard, Ok(*byte));
                let exact = Instant::from_micros(start) + line.wire_time(i + 1);
                prop_assert!(end <= exact && exact.since(end).as_micros() <= 1, "{end:?} {exact:?}");
            }
        }

        #[test]
        fn no_signals_panic(
            all in prop::collection::vec(
                (0u64..100_000, 0u32..200_000, prop::collection::vec(any::<u8>(), 0..9)), 0..4),
            baud in 0u32..200_000,
        ) {
            let signals: Vec<Signal> =
                all.iter().map(|(at, baud, bytes)| signal(*at, LineParams::even(*baud), bytes)).collect();
            let seen = characters(&signals, Meeting::Fight(7), LineParams::even(baud));
            prop_assert_eq!(seen.len(), characters(&signals, Meeting::Fight(7), LineParams::even(baud)).len());
        }
    }

    #[test]
    fn without_parity_only_bytes_with_a_set_parity_bit_are_heard() {
        // 01h has one bit set: its even parity bit is 1 and passes for a stop bit; that of 03h is 0.
        assert_eq!(read(&[1, 3], EVEN, NONE), [Ok(1), Err(LineError::Framing)]);
        assert_eq!(read(&[1, 2, 4], EVEN, NONE), [Ok(1), Ok(2), Ok(4)]);
    }

    #[test]
    fn with_parity_a_character_without_takes_its_stop_bit_for_the_parity() {
        assert_eq!(read(&[1], NONE, EVEN), [Ok(1)]);
        assert_eq!(read(&[3], NONE, EVEN), [Err(LineError::Parity)]);
        assert_eq!(read(&[1], ODD, EVEN), [Err(LineError::Parity)]);
        // The start bit of the next one stands where the stop bit belongs.
        assert_eq!(read(&[1, 3], NONE, EVEN).first(), Some(&Err(LineError::Framing)));
    }

    #[test]
    fn another_speed_reads_something_else() {
        let request = [1, 3, 0x40, 0, 0, 2, 0xD1, 0xCB];
        for (sent, own) in [(9_600, 4_800), (4_800, 9_600), (9_600, 19_200), (1_200, 115_200)] {
            let heard = read(&request, LineParams::even(sent), LineParams::even(own));
            assert_ne!(heard, request.map(Ok), "{sent} read at {own}");
        }
        // A start bit of 300 Bd is a break for 9600 Bd.
        assert_eq!(read(&[0], LineParams::even(300), EVEN), [Err(LineError::Framing)]);
    }

    #[test]
    fn two_acknowledgements_that_overlap_by_bits_of_the_same_character_are_one() {
        let line = LineParams::even(2_400);
        let ack = |us| signal(us, line, &[0xE5]);
        assert_eq!(heard(&[ack(0), ack(0), ack(100)], Meeting::SpaceWins, line), [Ok(0xE5)]);
        // A whole bit late, the spaces of both fill each other's marks.
        let mixed = heard(&[ack(0), ack(417)], Meeting::SpaceWins, line);
        assert_ne!(mixed, [Ok(0xE5)]);
    }

    #[test]
    fn different_bytes_at_once_have_a_wrong_parity_or_all_their_spaces() {
        let both = |a, b| heard(&[signal(0, EVEN, &[a]), signal(0, EVEN, &[b])], Meeting::SpaceWins, EVEN);
        assert_eq!(both(0x03, 0x05), [Err(LineError::Parity)]);
        assert_eq!(both(0x33, 0x0F), [Ok(0x03)]);
        assert_eq!(both(0x01, 0x02), [Err(LineError::Parity)]);
    }

    #[test]
    fn drivers_that_fight_are_garbled_the_same_way_every_time() {
        let signals = [signal(0, EVEN, &[0x11, 0x22, 0x33]), signal(300, EVEN, &[0xA5, 0x5A, 0xFF])];
        let once = heard(&signals, Meeting::Fight(3), EVEN);
        assert_eq!(once, heard(&signals, Meeting::Fight(3), EVEN));
        assert_ne!(once, [Ok(0x11), Ok(0x22), Ok(0x33)]);
        let other = (4..40).any(|seed| heard(&signals, Meeting::Fight(seed), EVEN) != once);
        assert!(other, "every seed gives the same");
    }

    #[test]
    fn swapped_wires_read_garbage_and_a_cut_ends_in_a_broken_character() {
        let request = [1, 3, 0x40, 0, 0, 2];
        let swapped = Receiver { line: EVEN, hears: Hears::All, inverted: true };
        let first = swapped.next(&[signal(0, EVEN, &request)], Meeting::SpaceWins, 0);
        assert_ne!(first.map(|first| first.judge(EVEN)), Some(Ok(1)));
        let mut whole = signal(0, EVEN, &[0xFF, 0x00]);
        // In the middle of the zeros: what is left of the character reads as mark, and its parity does not fit.
        whole.cut(Instant::from_micros(11 * 104 + 300));
        assert_eq!(heard(&[whole], Meeting::SpaceWins, EVEN), [Ok(0xFF), Err(LineError::Parity)]);
    }
}
