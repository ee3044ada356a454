//! A pulse output, edge by edge: what is due, and what its width leaves room for.

use units::Duration;

use crate::Train;
use crate::pulse::Pulser;

/// What one output has to show under the load of now, taken from the meter before time passes. It knows nothing of
/// later loads.
#[derive(Clone, Copy, Debug)]
pub struct PulseSource {
    pulser: Pulser,
    power_mw: u64,
    width: Duration,
}

impl PulseSource {
    /// No pulses.
    pub const SILENT: Self = Self { pulser: Pulser::new(0), power_mw: 0, width: Duration::ZERO };

    pub(crate) const fn new(pulser: Pulser, power_mw: u64, width: Duration) -> Self {
        Self { pulser, power_mw, width }
    }

    /// How long each pulse lasts.
    #[must_use]
    pub const fn width(&self) -> Duration {
        self.width
    }

    /// The power that is shown, in mW.
    #[must_use]
    pub const fn power_mw(&self) -> u64 {
        self.power_mw
    }

    /// When the next pulse is due; `None` where nothing flows.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.pulser.next(self.power_mw).map(Duration::from_micros)
    }

    /// The pulses that are due in the next `dt`.
    pub fn advance(&mut self, dt: Duration) -> Train {
        self.pulser.advance(self.power_mw, dt.as_micros())
    }
}

/// A change of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// When, from the start of the span: after its start, at the latest at its end.
    pub at: Duration,
    /// True where the output closes (the lamp lights), false where it opens.
    pub on: bool,
}

/// A lamp or a switching output that gives pulses of a width.
///
/// # Assumed
/// Behind each pulse it rests for as long as the pulse was. A pulse that is due earlier waits, and the waiting ones
/// come one by one; so no pulse is lost, and none is shorter than its width. The width is that of the moment in which
/// the pulse begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PulseOutput {
    /// Until the next pulse may begin, in µs.
    rest: u64,
    /// How long the last pulse lasts, in µs; it began twice as long before `rest` is over.
    width: u64,
    /// Pulses that were due and have not begun.
    waiting: u64,
}

impl PulseOutput {
    /// An output that is open and owes nothing, as after power-up.
    pub const OPEN: Self = Self { rest: 0, width: 0, waiting: 0 };

    /// True while a pulse lasts.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.rest > self.width
    }

    /// Pulses that were due and have not begun.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.waiting
    }

    /// The pulses that begin at the output within `dt`, which may be any time; `source` moves on with it.
    pub fn advance(&mut self, source: &mut PulseSource, dt: Duration) -> Train {
        let us = dt.as_micros();
        let due = source.advance(dt);
        let width = source.width.as_micros();
        if width == 0 {
            *self = Self::OPEN;
            return Train::default();
        }
        let total = self.waiting.saturating_add(due.count);
        let step = width.saturating_mul(2);
        let due_first = due.first.map(|at| at.as_micros().max(self.rest));
        let first = if self.waiting > 0 { Some(self.rest) } else { due_first };
        let Some(first) = first.filter(|first| *first <= us) else {
            self.waiting = total;
            self.rest = self.rest.saturating_sub(us);
            return Train::default();
        };
        // Either all that are due have begun, or as many as there was room for, one step apart.
        let count = total.min((us - first) / step + 1);
        let mut last = first + (count - 1) * step;
        if let (true, Some(at)) = (count == total, due.last) {
            last = last.max(at.as_micros());
        }
        *self = Self { rest: last.saturating_add(step).saturating_sub(us), width, waiting: total - count };
        Train { count, first: Some(Duration::from_micros(first)), last: Some(Duration::from_micros(last)) }
    }

    /// The same edge by edge, for a listener: `each` is called for every change within `dt`, in their order. It takes
    /// as long as there are edges: choose a short time, and [`PulseOutput::advance`] for what nobody looks at.
    pub fn edges(&mut self, source: &mut PulseSource, dt: Duration, mut each: impl FnMut(Edge)) -> Train {
        let mut passed = Duration::ZERO;
        let mut train = Train::default();
        loop {
            let left = dt.saturating_sub(passed);
            let on = self.is_on();
            let next = if on {
                Some(self.rest - self.width)
            } else if self.waiting > 0 {
                Some(self.rest)
            } else {
                source.next_due().map(|due| due.as_micros().max(self.rest))
            };
            let reached =
                next.map(Duration::from_micros).filter(|next| *next <= left && !source.width.is_zero());
            let step = reached.unwrap_or(left);
            let part = self.advance(source, step);
            train = train.then(passed, part);
            passed += step;
            if reached.is_none() {
                return train;
            }
            each(Edge { at: passed, on: !on });
        }
    }
}
