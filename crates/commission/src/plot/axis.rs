//! Axes with round numbers.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use units::Instant;
use units::decimal::{Decimal, power_of_ten};

use super::view::Window;
use crate::wall::{Wall, hms};

/// About so many steps make an axis.
const STEPS: f64 = 5.0;

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where, 0 to 1.
    pub place: f64,
    /// What stands there.
    pub text: String,
}

/// An axis of values of one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The symbol of the unit, empty for bare numbers.
    pub unit: String,
    /// The value at the bottom.
    pub from: f64,
    /// The value at the top.
    pub to: f64,
    /// Its marks, from the bottom.
    pub ticks: Vec<Tick>,
}

/// A number with a point as a float.
pub(super) fn real(value: i64, decimals: u8) -> f64 {
    value as f64 / power_of_ten(decimals) as f64
}

/// The whole number at or below.
pub(super) fn floor(value: f64) -> i64 {
    let whole = value as i64;
    if (whole as f64) > value { whole.saturating_sub(1) } else { whole }
}

/// A count as a float.
pub(super) fn whole(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A float as a number with so many digits behind the point. Floats of the language's own would bring their whole
/// machinery of digits into the page.
pub(super) fn rounded(value: f64, decimals: u8) -> Decimal {
    let scaled = value * power_of_ten(decimals) as f64;
    let half = if scaled < 0.0 { -0.5 } else { 0.5 };
    Decimal { value: (scaled + half) as i64, decimals }
}

/// With one digit behind the point.
pub(super) fn tenths(value: f64) -> Decimal {
    rounded(value, 1)
}

/// 1, 2 or 5 with so many zeros, or behind so many of them: a step of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Round {
    mantissa: i64,
    power: i32,
}

impl Round {
    /// The smallest round number that is at least `least`.
    fn above(least: f64) -> Self {
        let (mut rest, mut power) = (least, 0);
        while rest >= 10.0 && power < 17 {
            rest /= 10.0;
            power += 1;
        }
        while rest < 1.0 && power > -17 {
            rest *= 10.0;
            power -= 1;
        }
        // What is a hair above a round number by rounding is that number.
        let mantissa = [1, 2, 5].into_iter().find(|mantissa| rest <= *mantissa as f64 + 1e-9);
        match mantissa {
            Some(mantissa) => Self { mantissa, power },
            None => Self { mantissa: 1, power: power + 1 },
        }
    }

    fn digits(self) -> (i64, u8) {
        let zeros = u8::try_from(self.power.unsigned_abs()).unwrap_or(18).min(18);
        if self.power >= 0 {
            (self.mantissa.saturating_mul(power_of_ten(zeros)), 0)
        } else {
            (self.mantissa, zeros)
        }
    }

    fn real(self) -> f64 {
        let (value, decimals) = self.digits();
        real(value, decimals)
    }

    /// So many steps, as a number.
    fn times(self, count: i64) -> Decimal {
        let (value, decimals) = self.digits();
        Decimal { value: value.saturating_mul(count), decimals }
    }
}

impl Axis {
    /// An axis that shows a range with round numbers at its ends. Where all values are equal, it shows a little around
    /// them; `decimals` says how little makes sense.
    pub(super) fn new(unit: &str, range: Option<(f64, f64)>, decimals: u8) -> Self {
        let (low, high) = range.unwrap_or((0.0, 1.0));
        let least = real(1, decimals) * STEPS;
        let (low, high) = if high - low < least {
            let middle = f64::midpoint(low, high);
            (middle - least / 2.0, middle + least / 2.0)
        } else {
            (low, high)
        };
        let step = Round::above((high - low) / STEPS);
        let (first, last) = (floor(low / step.real()), -floor(-high / step.real()));
        let last = last.max(first + 1);
        let mut axis = Self {
            unit: unit.to_string(),
            from: step.real() * first as f64,
            to: step.real() * last as f64,
            ticks: Vec::new(),
        };
        axis.ticks = (first..=last)
            .map(|count| Tick {
                place: axis.place(step.real() * count as f64),
                text: step.times(count).to_string(),
            })
            .collect();
        axis
    }

    /// Where a value stands, 0 to 1 from the bottom.
    #[must_use]
    pub fn place(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }
}

/// Steps of the time axis, in ms.
const TIMES: [u64; 22] = [
    10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
    600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000,
];

/// The marks of the time axis: by the clock where the wall is known, else by the port's own time.
pub(super) fn times(window: Window, wall: Option<Wall>) -> Vec<Tick> {
    let span = window.span().as_micros();
    let step = TIMES.iter().map(|ms| ms * 1_000).find(|step| step.saturating_mul(8) >= span);
    let step = step.unwrap_or(86_400_000_000 * (span / (8 * 86_400_000_000) + 1));
    let offset = wall.map_or(0, |wall| wall.unix_micros);
    let first = (window.from.as_micros() + offset).div_ceil(step);
    let last = (window.to.as_micros() + offset) / step;
    (first..=last)
        .map(|count| {
            let micros = count * step;
            let mut text = hms(micros / 1_000_000 % if wall.is_some() { 86_400 } else { u64::MAX });
            if step < 1_000_000 {
                text.push_str(&format!(".{:02}", micros % 1_000_000 / 10_000));
            }
            Tick { place: window.place(Instant::from_micros(micros.saturating_sub(offset))), text }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn axes_have_round_numbers() {
        let axis = |low, high, decimals| Axis::new("V", Some((low, high)), decimals);
        assert_eq!(texts(&axis(228.3, 231.4, 1)), ["228", "229", "230", "231", "232"]);
        assert_eq!(texts(&axis(-0.104, 1.3, 3)), ["-0.5", "0.0", "0.5", "1.0", "1.5"]);
        assert_eq!(texts(&axis(0.0, 24_000.0, 0)), ["0", "5000", "10000", "15000", "20000", "25000"]);
        assert_eq!(
            texts(&axis(230.1, 230.1, 1)),
            ["229.8", "229.9", "230.0", "230.1", "230.2", "230.3", "230.4"]
        );
        assert_eq!(texts(&Axis::new("", None, 0)), ["-2", "-1", "0", "1", "2", "3"]);
        let axis = axis(228.3, 231.4, 1);
        assert!((axis.place(230.0) - 0.5).abs() < 1e-9);
        assert_eq!((axis.ticks[0].place, axis.ticks[4].place), (0.0, 1.0));
    }

    #[test]
    fn the_time_axis_follows_the_clock() {
        let window = Window { from: Instant::from_millis(500), to: Instant::from_millis(60_500) };
        let ticks = |wall| -> Vec<String> { times(window, wall).into_iter().map(|tick| tick.text).collect() };
        assert_eq!(ticks(None), ["00:00:10", "00:00:20", "00:00:30", "00:00:40", "00:00:50", "00:01:00"]);
        let wall = Wall { unix_micros: 1_795_265_050_000_000 };
        assert_eq!(ticks(Some(wall))[0], "12:44:20");
        let short = Window { from: Instant::ZERO, to: Instant::from_millis(300) };
        assert_eq!(times(short, None)[1].text, "00:00:00.05");
        let place = times(short, None)[3].place;
        assert!((place - 0.5).abs() < 1e-9, "{place}");
    }

    #[test]
    fn floats_become_numbers_with_a_point() {
        for (value, decimals, text) in
            [(0.06, 1, "0.1"), (-0.25, 1, "-0.3"), (1.0, 3, "1.000"), (-0.04, 1, "0.0")]
        {
            assert_eq!(rounded(value, decimals).to_string(), text);
        }
        assert_eq!([1.5, -1.5, 0.0, -2.0].map(floor), [1, -2, 0, -2]);
    }
}
