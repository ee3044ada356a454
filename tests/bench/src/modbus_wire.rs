//! The least time of Modbus requests.

use units::{Duration, LineParams};

/// Characters of a request and of its answer beside the registers: 8, and 5.
const FRAMES: usize = 13;

/// The least time that reads of so many registers take, one behind the other: every character, 3.5 characters of silence before
/// each frame, and the meter's own time before it answers.
#[must_use]
pub fn requests(counts: impl Iterator<Item = u16>, line: LineParams, answer: Duration) -> Duration {
    counts.fold(Duration::ZERO, |sum, count| {
        sum + line.wire_time(FRAMES + 2 * usize::from(count)) + line.t35().times(2) + answer
    })
}
