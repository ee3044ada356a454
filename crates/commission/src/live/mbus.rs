//! [`MbusLive`]: chosen records of one meter on an M-Bus, telegram after telegram.

use alloc::string::ToString;
use alloc::vec::Vec;

use units::Instant;

use super::pace::{Pace, Rate};
use super::series::{Cause, Series, number};
use crate::bus::Observer;
use crate::mbus::{Address, Fault, MbusLine, MbusReadOut};
use crate::port::Port;

/// Chosen records of one meter: each step reads all its telegrams, since a meter cannot be asked for less.
#[derive(Debug)]
pub struct MbusLive {
    address: Address,
    series: Vec<Series>,
    pace: Pace,
    paused: Option<Cause>,
    since: Option<Instant>,
}

impl MbusLive {
    /// The records of these keys, as read-outs name them. Labels and units are those of the first telegram.
    #[must_use]
    pub fn new(address: Address, keys: &[&str]) -> Self {
        let series = keys.iter().map(|key| Series::new(*key, *key, "")).collect();
        Self { address, series, pace: Pace::default(), paused: None, since: None }
    }

    /// The series, in the order of the keys.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// Keeps so many values and gaps of each series.
    pub fn keep(&mut self, marks: usize) {
        self.series.iter_mut().for_each(|series| series.keep(marks));
    }

    /// The rate of read-outs that was achieved.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        self.pace.rate()
    }

    /// Nothing is asked from now on, and why.
    pub fn pause(&mut self, now: Instant, cause: Cause) {
        self.resume(now);
        (self.since, self.paused) = (Some(now), Some(cause));
        self.series.iter_mut().for_each(|series| series.gap(now, now, cause));
    }

    /// It goes on.
    pub fn resume(&mut self, now: Instant) {
        if let Some(cause) = self.paused.take() {
            let since = self.since.unwrap_or(now);
            self.series.iter_mut().for_each(|series| series.gap(since, now, cause));
            self.pace.forget();
        }
    }

    /// Reads the meter once. While it is paused, nothing is asked. Returns why nothing came; `None` where all is well.
    ///
    /// # Errors
    /// [`Fault::Port`] where the port is gone.
    pub async fn step<P: Port, O: Observer>(
        &mut self,
        line: &mut MbusLine<'_, P, O>,
    ) -> Result<Option<Cause>, Fault> {
        if self.paused.is_some() {
            return Ok(self.paused);
        }
        let begun = line.now();
        let outcome = line.read_out(self.address, &mut |_| {}).await;
        self.answered(begun, line.now(), outcome)
    }

    /// What came of reading the meter, from `begun` to `now`. Who shows the series while the telegrams are on their way
    /// reads the meter and does this in place of [`Self::step`].
    ///
    /// # Errors
    /// [`Fault::Port`] where the port is gone.
    pub fn answered(
        &mut self,
        begun: Instant,
        now: Instant,
        outcome: Result<MbusReadOut, Fault>,
    ) -> Result<Option<Cause>, Fault> {
        if self.paused.is_some() {
            // Somebody paused while it was on its way: the gap has begun.
            return Ok(self.paused);
        }
        let read = match outcome {
            Ok(read) => read,
            Err(fault) => {
                let cause = Cause::of_mbus(&fault);
                self.series.iter_mut().for_each(|series| series.gap(begun, now, cause));
                if matches!(fault, Fault::Port(_)) {
                    self.pause(now, cause);
                    return Err(fault);
                }
                return Ok(Some(cause));
            }
        };
        self.pace.request(read.at);
        self.pace.round(read.at);
        for series in &mut self.series {
            let row = read.rows.iter().find(|row| row.key == series.key);
            let told = row.and_then(|row| Some((row, number(&row.value)?)));
            let Some((row, value)) = told else {
                series.gap(begun, read.at, Cause::NoValue);
                continue;
            };
            if series.unit.is_empty() && series.label == series.key {
                series.label.clone_from(&row.label);
                series.unit = row.unit.to_string();
            }
            // A meter that changes its unit from one telegram to the next would draw a step that there is not.
            if series.unit == row.unit {
                series.value(read.at, value, row.raw.clone());
            } else {
                series.gap(begun, read.at, Cause::NoValue);
            }
        }
        Ok(None)
    }
}
