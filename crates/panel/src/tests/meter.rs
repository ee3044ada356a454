//! A bench: the panel, values it can show, a clock, and somebody who presses.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schema::{CommandId, PageId, SettingId, Source};
use units::{Duration, Flow, Instant, Point, StateOf, Tariff, What};

use super::model::{GLASS, KEY, MODEL, reading};
use crate::*;

pub struct Meter {
    pub values: Vec<(Source, i64)>,
    pub settings: BTreeMap<SettingId, i32>,
    pub error: u8,
    pub tariff: Tariff,
}

impl Meter {
    pub fn set(&mut self, source: Source, value: i64) {
        self.values.retain(|(other, _)| *other != source);
        self.values.push((source, value));
    }
}

impl Values for Meter {
    fn value(&self, source: Source) -> i64 {
        match source {
            Source::Setting(id) => self.setting(id).into(),
            Source::Identity(of) => MODEL.identity.value(of),
            Source::Point(Point::State(StateOf::Error)) => self.error.into(),
            _ => self.values.iter().find(|(other, _)| *other == source).map_or(0, |(_, value)| *value),
        }
    }
    fn setting(&self, id: SettingId) -> i32 {
        self.settings.get(&id).copied().unwrap_or(0)
    }
    fn error(&self) -> u8 {
        self.error
    }
    fn tariff(&self) -> Tariff {
        self.tariff
    }
    fn stopped(&self) -> bool {
        self.error != 0
    }
}

pub struct Bench {
    pub panel: Panel,
    pub now: Instant,
    pub meter: Meter,
    pub refuse: bool,
    pub log: Vec<Intent>,
}

impl Bench {
    pub fn new() -> Self {
        let settings = MODEL.all_settings().map(|setting| (setting.id, setting.default)).collect();
        let mut meter = Meter { values: Vec::new(), settings, error: 0, tariff: Tariff::T1 };
        meter.set(Source::Point(Point::active(Flow::Total, Tariff::All)), 6_913_467);
        meter.set(Source::Point(Point::reactive(Flow::Total, Tariff::All)), 204_770);
        meter.set(Source::Point(Point::active(Flow::Forward, Tariff::All)), 6_913_467);
        meter.set(Source::Point(Point::active(Flow::Forward, Tariff::T2)), 91_039);
        meter.set(Source::Point(Point::active(Flow::Trip, Tariff::All)), 12_345);
        meter.set(Source::Point(Point::State(StateOf::Status)), 0x0011_0100);
        meter.set(Source::Point(Point::State(StateOf::PowerDowns)), 12);
        meter.set(reading(What::Direction), 1);
        meter.set(reading(What::U), 230_149);
        meter.set(reading(What::I), 5_004);
        meter.set(reading(What::P), 1_035_900);
        meter.set(reading(What::F), 50_018);
        meter.set(reading(What::Pf), 900);
        Self {
            panel: Panel::new(&MODEL, Instant::ZERO),
            now: Instant::ZERO,
            meter,
            refuse: false,
            log: Vec::new(),
        }
    }

    /// Does what a device does after every event.
    pub fn poll(&mut self) {
        while let Some(intent) = self.panel.poll(self.now, &self.meter) {
            self.log.push(intent);
            let taken = !self.refuse;
            if taken {
                match intent {
                    Intent::Apply(id, value) => {
                        MODEL.setting(id).unwrap().1.check(value.into()).unwrap();
                        self.meter.settings.insert(id, value);
                    }
                    Intent::Command(CommandId::ResetTrip) => {
                        self.meter.set(Source::Point(Point::active(Flow::Trip, Tariff::All)), 0);
                    }
                    Intent::Command(CommandId::ResetPowerDowns) => {
                        self.meter.set(Source::Point(Point::State(StateOf::PowerDowns)), 0);
                    }
                    Intent::ScrollChanged => {}
                }
            }
            self.panel.settled(self.now, taken);
        }
    }

    pub fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        self.poll();
    }

    pub fn hold(&mut self, ms: u64) {
        self.panel.key_down(self.now, KEY);
        self.poll();
        self.wait(ms);
        self.panel.key_up(self.now, KEY);
        self.poll();
    }

    pub fn short(&mut self, times: usize) {
        for _ in 0..times {
            self.hold(100);
        }
    }

    pub fn view(&self) -> PageView {
        self.panel.view(self.now, &self.meter)
    }

    pub fn page(&self) -> PageId {
        self.view().page
    }

    /// The digits, behind a stroke what is left of them while a blink is dark, and the dots.
    pub fn lcd(&self) -> String {
        let frame = draw(&MODEL, &self.view()).unwrap();
        assert_eq!(frame, self.panel.frame(self.now, &self.meter));
        assert_eq!(frame.blink & !frame.on, 0);
        let mut text = lcd::glyphs(&frame, &GLASS).to_string();
        if frame.blink != 0 {
            let dark = lcd::SegmentFrame { on: lcd::visible(frame, false), blink: 0 };
            write!(text, " / {}", lcd::glyphs(&dark, &GLASS)).unwrap();
        }
        write!(text, "  {}", lcd::dots(&frame, &GLASS)).unwrap();
        text
    }

    pub fn art(&self) -> String {
        let frame = self.panel.frame(self.now, &self.meter);
        let art = lcd::art(&GLASS, lcd::visible(frame, self.panel.blink_on(self.now))).to_string();
        // An edge at the left, so that blanks there count.
        art.lines().fold(String::new(), |out, line| out + format!(": {line}").trim_end() + "\n")
    }

    /// Does one line after the other and writes down what stands on the display after each: `short`, `short 3`,
    /// `3s`, `5s`, `wait 1500ms`.
    pub fn walk(&mut self, script: &str) -> String {
        let mut out = String::new();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let before = self.log.len();
            if let Some(count) = line.strip_prefix("short") {
                self.short(count.trim().parse().unwrap_or(1));
            } else if let Some(ms) = line.strip_prefix("wait ") {
                self.wait(ms.trim_end_matches("ms").parse().unwrap());
            } else {
                let seconds: u64 = line.trim_end_matches('s').parse().unwrap();
                self.hold(seconds * 1_000);
            }
            write!(out, "{line:<12} {}", self.lcd()).unwrap();
            for intent in &self.log[before..] {
                write!(out, "  {intent:?}").unwrap();
            }
            out.push('\n');
        }
        out
    }
}
