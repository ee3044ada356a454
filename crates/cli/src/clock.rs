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
