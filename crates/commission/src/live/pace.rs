//! How fast it goes.

use alloc::collections::VecDeque;

use units::Instant;

/// The rate is that of so many answers back.
const BACK: usize = 32;

/// A rate, in thousandths a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Answers.
    pub requests: u32,
    /// Rounds: every chosen point once.
    pub rounds: u32,
}

/// When answers came, as far back as counts for the rate.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    requests: VecDeque<Instant>,
    rounds: VecDeque<Instant>,
}

impl Pace {
    pub(super) fn request(&mut self, at: Instant) {
        push(&mut self.requests, at);
    }

    pub(super) fn round(&mut self, at: Instant) {
        push(&mut self.rounds, at);
    }

    /// What went before does not count any more.
    pub(super) fn forget(&mut self) {
        self.requests.clear();
        self.rounds.clear();
    }

    /// The rate that was achieved over the last answers; `None` before the second.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        let requests = rate(&self.requests)?;
        Some(Rate { requests, rounds: rate(&self.rounds).unwrap_or(0) })
    }
}

fn push(times: &mut VecDeque<Instant>, at: Instant) {
    if times.len() > BACK {
        times.pop_front();
    }
    times.push_back(at);
}

fn rate(times: &VecDeque<Instant>) -> Option<u32> {
    let span = times.back()?.since(*times.front()?).as_micros();
    let count = (times.len() as u64).saturating_sub(1);
    let rate = (count * 1_000_000_000 + span / 2).checked_div(span)?;
    u32::try_from(rate).ok()
}

impl core::fmt::Display for Rate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let tenths = |milli: u32| (milli / 1_000, milli % 1_000 / 10);
        let ((requests, part), (rounds, parts)) = (tenths(self.requests), tenths(self.rounds));
        write!(f, "{requests}.{part:02} requests/s, {rounds}.{parts:02} rounds/s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_answers() {
        let mut pace = Pace::default();
        assert_eq!(pace.rate(), None);
        for n in 0..100 {
            // First slow, then 20 a second.
            pace.request(Instant::from_millis(if n < 50 { n * 1_000 } else { 49_000 + (n - 49) * 50 }));
        }
        assert_eq!(pace.rate(), Some(Rate { requests: 20_000, rounds: 0 }));
        assert_eq!(Rate { requests: 36_364, rounds: 18_050 }.to_string(), "36.36 requests/s, 18.05 rounds/s");
        pace.forget();
        assert_eq!(pace.rate(), None);
    }
}
