//! A bench: the panel, values it can show, a clock, and somebody who touches its keys.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schema::{CommandId, KeyId, SettingId, Source};
use units::{Duration, Flow, Instant, Of, Phase, StateOf, Tariff, What};

use super::model::*;
use crate::matrix::{MatrixPanel, MatrixView};
use crate::{Intent, Keyed, Values};

pub struct Meter {
    pub values: Vec<(Source, i64)>,
    pub settings: BTreeMap<SettingId, i32>,
    /// A byte of errors; under bit 0 the meter stops.
    pub error: u8,
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
        match self.setting(SettingId::Tariff) {
            2 => Tariff::T2,
            3 => Tariff::T3,
            _ => Tariff::T1,
        }
    }
    fn stopped(&self) -> bool {
        self.error & 1 != 0
    }
}

pub struct Bench {
    pub panel: MatrixPanel,
    pub now: Instant,
    pub meter: Meter,
    pub refuse: bool,
    pub log: Vec<Intent>,
}

impl Bench {
    pub fn new() -> Self {
        let settings = MODEL.all_settings().map(|setting| (setting.id, setting.default)).collect();
        let mut meter = Meter { values: Vec::new(), settings, error: 0 };
        meter.set(register(Flow::Forward, Tariff::T1), 4_812_736);
        meter.set(register(Flow::Forward, Tariff::T2), 1_270_095);
        meter.set(register(Flow::Forward, Tariff::T3), 3_000);
        meter.set(reading(What::Direction, Of::All), 1);
        meter.set(reading(What::Direction, Of::L1), 1);
        meter.set(reading(What::Direction, Of::L2), -1);
        meter.set(reading(What::P, Of::All), 1_384_200_400);
        meter.set(reading(What::P, Of::L1), 1_500_000_000);
        meter.set(reading(What::P, Of::L2), -20_400);
        meter.set(reading(What::F, Of::All), 50_018);
        meter.set(reading(What::U, Of::L1), 230_149);
        meter.set(reading(What::U, Of::L2), 229_950);
        meter.set(state(StateOf::CtRatio), 55);
        meter.set(state(StateOf::PowerDowns), 12);
        meter.set(trip(Phase::All), 12_345);
        Self {
            panel: MatrixPanel::new(&MODEL, Instant::ZERO).unwrap(),
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
                        if id == SettingId::CtRatio {
                            let changes = self.meter.value(state(StateOf::CtChanges));
                            self.meter.set(state(StateOf::CtRatio), value.into());
                            self.meter.set(state(StateOf::CtChanges), changes + 1);
                        }
                        if id == SettingId::Tariff && value > 2 {
                            self.meter.set(state(StateOf::HighTariffs), 1);
                        }
                    }
                    Intent::Command(CommandId::ResetTrip) => self.meter.set(trip(Phase::All), 0),
                    Intent::Command(CommandId::ResetPowerDowns) => {
                        self.meter.set(state(StateOf::PowerDowns), 0);
                    }
                    Intent::ScrollChanged => panic!("a dot matrix has no scroll list"),
                }
            }
            self.panel.settled(self.now, taken);
        }
    }

    pub fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        self.poll();
    }

    pub fn hold(&mut self, key: KeyId, ms: u64) {
        self.panel.key_down(self.now, key);
        self.poll();
        self.wait(ms);
        self.panel.key_up(self.now, key);
        self.poll();
    }

    pub fn view(&self) -> MatrixView {
        self.panel.view(self.now, &self.meter)
    }

    /// What stands on the glass, its lines one behind the other.
    pub fn glass(&self) -> String {
        self.view().to_string().replace('\n', " | ")
    }

    /// The same without the header and the registers.
    pub fn part3(&self) -> String {
        let text = self.glass();
        match text.split_once("1.8.2 001270.095 kWh | ") {
            Some((_, part3)) => part3.to_string(),
            None => text,
        }
    }

    /// Does one step after the other and writes down part 3, or the screen in place of it, after each: touches of `<`,
    /// `*` and `>` as many as there are in a row, `hold` of the middle key, `wait 1500ms`.
    pub fn walk(&mut self, script: &str) -> String {
        let mut out = String::new();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let before = self.log.len();
            if let Some(ms) = line.strip_prefix("wait ") {
                self.wait(ms.trim_end_matches("ms").parse().unwrap());
            } else if line == "hold" {
                self.hold(MIDDLE, 3_000);
            } else {
                for touch in line.chars() {
                    let key = match touch {
                        '<' => LEFT,
                        '*' => MIDDLE,
                        '>' => RIGHT,
                        other => panic!("no key {other}"),
                    };
                    self.hold(key, 100);
                }
            }
            write!(out, "{line:<12} {}", self.part3()).unwrap();
            for intent in &self.log[before..] {
                write!(out, "  {intent:?}").unwrap();
            }
            out.push('\n');
        }
        out
    }
}
