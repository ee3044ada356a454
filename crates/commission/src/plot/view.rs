//! Which time a plot shows: it follows what comes until somebody holds it.

use units::{Duration, Instant};

/// The shortest time that can be shown.
const SHORTEST: Duration = Duration::from_millis(100);

/// From one time to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// At the left.
    pub from: Instant,
    /// At the right.
    pub to: Instant,
}

impl Window {
    /// How long it is.
    #[must_use]
    pub const fn span(self) -> Duration {
        self.to.since(self.from)
    }

    /// Where a time stands, from the left; below 0 and above 1 outside.
    #[must_use]
    pub fn place(self, at: Instant) -> f64 {
        let micros = |at: Instant| at.as_micros() as f64;
        let span = micros(self.to) - micros(self.from);
        if span > 0.0 { (micros(at) - micros(self.from)) / span } else { 0.0 }
    }

    /// The time at a place from the left.
    #[must_use]
    pub fn time(self, place: f64) -> Instant {
        let span = self.span().as_micros() as f64;
        let at = self.from.as_micros() as f64 + place * span;
        Instant::from_micros(if at > 0.0 { at as u64 } else { 0 })
    }
}

/// What somebody looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    span: Duration,
    /// The right end, where it is held.
    held: Option<Instant>,
}

impl View {
    /// The last `span`, following what comes.
    #[must_use]
    pub fn new(span: Duration) -> Self {
        Self { span: span.max(SHORTEST), held: None }
    }

    /// True where the newest is at the right.
    #[must_use]
    pub const fn follows(self) -> bool {
        self.held.is_none()
    }

    /// What is shown at `now`.
    #[must_use]
    pub fn window(self, now: Instant) -> Window {
        let to = self.held.unwrap_or(now);
        let from = Instant::from_micros(to.as_micros().saturating_sub(self.span.as_micros()));
        Window { from, to: from + self.span }
    }

    /// Holds what is shown, or follows again.
    pub fn hold(&mut self, now: Instant, hold: bool) {
        self.held = hold.then(|| self.window(now).to);
    }

    /// Moves by a part of the width, to later times where it is positive, and holds.
    pub fn drag(&mut self, now: Instant, part: f64) {
        let window = self.window(now);
        self.held = Some(window.time(1.0 + part).max(Instant::ZERO + self.span));
    }

    /// Shows `permille` thousandths of the time that is shown: below 1000 nearer. The time at `place` from the left stays
    /// where it is, and the view is held, unless it follows and the right end is what stays.
    pub fn zoom(&mut self, now: Instant, permille: u32, place: f64) {
        let window = self.window(now);
        let span =
            Duration::from_micros(window.span().as_micros().saturating_mul(u64::from(permille)) / 1_000);
        let span = span.max(SHORTEST);
        let stays = window.time(place);
        if self.held.is_some() || place < 1.0 {
            let right = span.as_micros() as f64 * (1.0 - place);
            self.held = Some(stays + Duration::from_micros(if right > 0.0 { right as u64 } else { 0 }));
        }
        self.span = span;
    }

    /// Shows exactly this time, and holds it.
    pub fn show(&mut self, from: Instant, to: Instant) {
        let (from, to) = (from.min(to), from.max(to));
        self.span = to.since(from).max(SHORTEST);
        self.held = Some(from + self.span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn shown(view: View, now: u64) -> (u64, u64) {
        let window = view.window(at(now));
        (window.from.as_millis(), window.to.as_millis())
    }

    #[test]
    fn a_view_follows_until_it_is_held() {
        let mut view = View::new(Duration::from_secs(60));
        assert_eq!(shown(view, 100_000), (40_000, 100_000));
        assert_eq!(shown(view, 30_000), (0, 60_000));
        view.drag(at(100_000), -0.5);
        assert!(!view.follows());
        assert_eq!(shown(view, 200_000), (10_000, 70_000));
        view.drag(at(200_000), -9.0);
        assert_eq!(shown(view, 200_000), (0, 60_000));
        view.hold(at(200_000), false);
        assert_eq!(shown(view, 200_000), (140_000, 200_000));
        view.hold(at(200_000), true);
        assert_eq!(shown(view, 300_000), (140_000, 200_000));
    }

    #[test]
    fn zoom_keeps_what_is_under_the_pointer() {
        let mut view = View::new(Duration::from_secs(60));
        view.zoom(at(100_000), 500, 0.5);
        assert_eq!(shown(view, 100_000), (55_000, 85_000));
        view.zoom(at(100_000), 2_000, 0.5);
        assert_eq!(shown(view, 100_000), (40_000, 100_000));
        let mut follows = View::new(Duration::from_secs(60));
        follows.zoom(at(100_000), 500, 1.0);
        assert!(follows.follows());
        assert_eq!(shown(follows, 100_000), (70_000, 100_000));
        follows.zoom(at(100_000), 0, 1.0);
        assert_eq!(follows.window(at(100_000)).span(), SHORTEST);
        follows.show(at(9_000), at(7_000));
        assert_eq!(shown(follows, 0), (7_000, 9_000));
    }
}
