//! The program's clock: the only place that asks the system what time it is.

use std::time;

use units::{Duration, Instant};

/// A clock that never goes backwards; zero is when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock(time::Instant);

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(time::Instant::now())
    }

    /// The time since the start.
    pub fn now(self) -> Instant {
        Instant::from_micros(u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// How long it is until `at`, rounded up to a whole millisecond where it is not over yet.
    pub fn until(self, at: Instant) -> time::Duration {
        let left = at.since(self.now()).as_micros();
        time::Duration::from_millis(left.div_ceil(1_000))
    }
}

/// A span in the system's own type.
pub fn system(span: Duration) -> time::Duration {
    time::Duration::from_micros(span.as_micros())
}

/// The time of day as microseconds since 1970.
pub fn unix_micros() -> u64 {
    let since = time::SystemTime::now().duration_since(time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The time of day as seconds since 1970, which files carry.
pub fn unix_seconds() -> u64 {
    time::SystemTime::now().duration_since(time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The time of now in UTC, as `2026-11-28T22:40:00Z`.
pub fn utc() -> String {
    utc_text(unix_seconds())
}

/// Days are counted from the first of March, so that the day that is left out stands at the end of a year.
fn utc_text(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::utc_text;

    #[test]
    fn days_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc_text(seconds), text);
        }
    }
}
