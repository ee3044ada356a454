//! The time of day: ports have a clock of their own that knows none, so the caller says what its zero was.

use alloc::format;
use alloc::string::String;

use units::Instant;

const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;

/// The time of day at the zero of a port's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wall {
    /// Microseconds since 1970 (UTC) at [`Instant::ZERO`].
    pub unix_micros: u64,
}

impl Wall {
    /// The wall that says that it is so many microseconds since 1970 at `now`.
    #[must_use]
    pub const fn new(unix_micros: u64, now: Instant) -> Self {
        Self { unix_micros: unix_micros.saturating_sub(now.as_micros()) }
    }

    /// Microseconds since 1970 (UTC).
    #[must_use]
    pub const fn at(self, at: Instant) -> u64 {
        self.unix_micros.saturating_add(at.as_micros())
    }

    /// The time of day in UTC, such as `12:44:10.020000`.
    #[must_use]
    pub fn clock(self, at: Instant) -> String {
        let micros = self.at(at) % DAY;
        format!("{}.{:06}", hms(micros / SECOND), micros % SECOND)
    }

    /// Date and time in UTC, such as `2026-11-21T12:44:10.020Z`.
    #[must_use]
    pub fn date(self, at: Instant) -> String {
        let micros = self.at(at);
        let (year, month, day) = civil(micros / DAY);
        let milli = micros % SECOND / 1_000;
        format!("{year:04}-{month:02}-{day:02}T{}.{milli:03}Z", hms(micros % DAY / SECOND))
    }
}

/// Seconds as hours, minutes and seconds.
pub(crate) fn hms(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// When, as files have it: date and time where the wall is known, else seconds of the port's clock.
pub(crate) fn stamp(at: Instant, wall: Option<Wall>) -> String {
    match wall {
        Some(wall) => wall.date(at),
        None => seconds(at),
    }
}

/// Seconds of the port's clock.
pub(crate) fn seconds(at: Instant) -> String {
    format!("{}.{:06}", at.as_micros() / SECOND, at.as_micros() % SECOND)
}

/// Year, month and day of a day, counted from 1970-01-01: the years begin in March, so that the day that not every year
/// has is the last one.
const fn civil(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + 400 * era + next, month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_795_265_050, "2026-11-21T12:44:10.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            let wall = Wall::new(seconds * SECOND, Instant::ZERO);
            assert_eq!(wall.date(Instant::ZERO), text);
        }
        let wall = Wall::new(1_795_265_050 * SECOND, Instant::from_millis(5_000));
        assert_eq!(wall.clock(Instant::from_micros(5_020_001)), "12:44:10.020001");
        assert_eq!(stamp(Instant::from_micros(5_020_001), None), "5.020001");
    }
}
