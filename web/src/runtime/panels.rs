//! The panels of outputs and memory: what is done there, and what they show. Closed, they cost nothing: the outputs are
//! not listened to, and nothing is projected.

use models::Entry;
use rig::image::PARTS;
use rig::{Output, pulse_limit_text, pulse_rate_text, pulse_warning};
use schema::Conditions;
use units::decimal::Decimal;
use units::{Duration, Instant, Point, StateOf};

use super::drive::Runtime;
use super::project::still;
use crate::input::PanelDeed;
use crate::view::{Lane, Strip};

/// How often the strip is drawn while it would jump: its whole picture changes at once then, which is to be no flicker.
const JUMP: Duration = Duration::from_millis(500);
/// How often it is drawn for people who want no motion.
const STILL: Duration = Duration::from_secs(1);

/// The conditions that power-up names where it has mended a part, in the order of [`PARTS`].
const MENDED: [Conditions; 4] =
    [Conditions::MAIN_DATA, Conditions::BACKUP_DATA, Conditions::MANTISSA_DATA, Conditions::NONE];

/// Which panels are open, and what was done there last.
#[derive(Default)]
pub struct Panels {
    window: Duration,
    frozen: bool,
    /// Where the record of the strip begins, in metered time.
    heard: Duration,
    drawn: Option<Instant>,
    memory: bool,
}

/// What the strip shows: the lamp and each pulse output. A meter without one shows that nothing comes there.
fn outputs_of(entry: &Entry) -> &'static [Output] {
    let all = &[Output::Led, Output::S0, Output::SecondS0];
    if entry.def.metering.pulse_outputs.len() > 1 { all } else { &[Output::Led, Output::S0] }
}

impl Panels {
    /// True while the strip slides.
    pub fn slides(&self) -> bool {
        !self.window.is_zero() && !self.frozen && !still()
    }
}

impl Runtime {
    /// Does what somebody did on a panel.
    pub(super) fn panel(&mut self, at: Instant, deed: PanelDeed) {
        self.dirty = true;
        let bench = self.bench.clone();
        let mut bench = bench.borrow_mut();
        let Some(twin) = bench.twin_mut(self.at) else { return };
        match deed {
            PanelDeed::Strip(seconds) => {
                self.panels.window = Duration::from_secs(u64::from(seconds));
                self.panels.frozen = false;
                self.panels.drawn = None;
            }
            PanelDeed::Freeze => self.panels.frozen = !self.panels.frozen,
            PanelDeed::Memory(open) => self.panels.memory = open,
            PanelDeed::Damage(place) => {
                if let Some((_, part)) = PARTS.get(place) {
                    twin.damage(*part);
                }
            }
            PanelDeed::Program => {
                let good = twin.device().works().conditions().any_of(Conditions::PROGRAM);
                twin.device_mut().set_program_good(good);
            }
            PanelDeed::Reset => {
                drop(bench);
                self.reset_meter(at);
            }
        }
    }

    /// The strip, with every frame while it slides.
    pub(super) fn project_strip(&mut self, now: Instant) {
        let window = self.panels.window;
        let mut bench = self.bench.borrow_mut();
        // Only the meter in hand is listened to, and only while somebody looks.
        for place in 0..bench.twins().len() {
            let own = if place == self.at { window } else { Duration::ZERO };
            if let Some(twin) = bench.twin_mut(place)
                && twin.outputs().window() != own
            {
                twin.listen(own);
                self.panels.heard = twin.outputs().now();
            }
        }
        let Some(twin) = bench.twin(self.at) else { return };
        let speed = u64::from(self.load().speed);
        let pace = match () {
            () if still() => STILL,
            () if window < Duration::from_secs(2).times(speed) => JUMP,
            () => Duration::ZERO,
        };
        let early = self.panels.drawn.is_some_and(|at| now.since(at) < pace);
        if window.is_zero() || self.panels.frozen || early {
            return;
        }
        self.panels.drawn = Some(now);
        let outputs = twin.outputs();
        // From the left end of the strip, which may lie before the twin was made.
        let place = |at: Duration| {
            let from_left = (at.as_micros() + window.as_micros()).saturating_sub(outputs.now().as_micros());
            u32::try_from(from_left).unwrap_or(u32::MAX)
        };
        let heard = self.panels.heard.max(outputs.now().saturating_sub(window));
        let lane = |output: Output| Lane {
            on: outputs.was_on(output, heard),
            changes: outputs.changes(output).map(|change| place(change.at)).collect(),
            rate: twin.pulse_rate(output),
        };
        self.signals.strip.set(Strip {
            window: place(outputs.now()),
            heard: place(heard),
            lanes: outputs_of(twin.entry()).iter().map(|output| lane(*output)).collect(),
        });
    }

    /// What the open panels tell.
    pub(super) fn project_panels(&self) {
        let bench = self.bench.borrow();
        let Some(twin) = bench.twin(self.at) else { return };
        if !self.panels.window.is_zero() {
            self.signals.pulses.show(self.pulse_texts(twin));
        }
        if self.panels.memory {
            self.signals.memory.show(self.memory_texts(twin));
        }
    }

    fn pulse_texts(&self, twin: &rig::Twin) -> Vec<String> {
        let (device, outputs, def) = (twin.device(), twin.outputs(), twin.entry().def);
        let lane = |name: &str, output| {
            twin.pulse_rate(output).map_or(String::new(), |rate| format!("{name}, {}", pulse_rate_text(rate)))
        };
        let [_, s0, ..] = device.pulse_sources();
        let number = |value: u64, decimals: u8, unit: &str| {
            format!("{} {unit}", Decimal { value: i64::try_from(value).unwrap_or(i64::MAX), decimals })
        };
        let rate = twin.pulse_rate(Output::S0).unwrap_or(0);
        let second = if outputs_of(twin.entry()).len() > 2 {
            [lane("S0, output 2", Output::SecondS0), outputs.pulses(Output::SecondS0).to_string()]
        } else {
            Default::default()
        };
        let [second_lane, second_count] = second;
        vec![
            if self.panels.frozen { "Go on" } else { "Freeze" }.to_owned(),
            lane("LED", Output::Led),
            lane("S0", Output::S0),
            second_lane,
            outputs.s0_sentence().unwrap_or_default(),
            pulse_warning(def, rate, s0.power_mw()).unwrap_or_default(),
            pulse_limit_text(def, rate).unwrap_or_default(),
            outputs.pulses(Output::S0).to_string(),
            second_count,
            outputs.due(Output::S0).to_string(),
            outputs.waiting(Output::S0).to_string(),
            number(s0.power_mw() / 1_000, 3, "kW"),
            number(s0.width().as_micros() / 100, 1, "ms"),
        ]
    }

    fn memory_texts(&self, twin: &rig::Twin) -> Vec<String> {
        let device = twin.device();
        let (works, powered) = (device.works(), device.powered());
        let conditions = works.conditions();
        let text = |point| device.value(Point::State(point)).unwrap_or(0).to_string();
        let words = conditions.words().collect::<Vec<_>>().join(", ");
        let (mut error, mut mended) = (String::new(), String::new());
        if works.error() > 0 {
            let stopped = if works.is_stopped() {
                "It no longer measures, takes no change and writes nothing. A factory reset makes it a new meter; a good \
                 memory from a file makes it that meter."
            } else {
                ""
            };
            error = format!("The meter shows Err {:02}: {words}. {stopped}", works.error());
        } else if !words.is_empty() {
            mended = format!(
                "The last power-up found: {words}. The meter took what was good, and wrote the rest anew."
            );
        }
        let waits = if twin.waiting_damage().is_empty() {
            ""
        } else {
            "The damage waits for the next power cut: a meter reads its memory only at power-up, and what it writes when its \
             supply goes would mend it. Switch the supply off, then on again."
        };
        let [wrong, right] = match self.signals.imported.get_untracked() {
            Some(Err(why)) => [why, String::new()],
            Some(Ok(said)) => [String::new(), said],
            None => Default::default(),
        };
        let dark = |say: &str| if powered { say.to_owned() } else { String::new() };
        let mut texts = vec![
            if powered { "Switch the supply off" } else { "Switch the supply on" }.to_owned(),
            wrong,
            right,
            dark(&error),
            dark(&mended),
            waits.to_owned(),
            if powered { "on" } else { "off: the glass is dark, only the memory stays" }.to_owned(),
            text(StateOf::PowerDowns),
            match works.error() {
                _ if !powered => "–".to_owned(),
                0 => "none".to_owned(),
                number => format!("Err {number:02}"),
            },
        ];
        for ((_, part), condition) in PARTS.iter().zip(MENDED) {
            let state = if twin.waiting_damage().contains(part) {
                "good; damaged with the next power cut"
            } else if !twin.is_whole(*part) {
                if powered { "damaged" } else { "damaged; the next power-up finds it" }
            } else if conditions.any_of(condition) {
                "good again: mended at power-up"
            } else {
                "good"
            };
            texts.push(state.to_owned());
        }
        let program = conditions.any_of(Conditions::PROGRAM);
        texts.push(if program { "check sum wrong" } else { "good" }.to_owned());
        texts.push(if program { "Mend" } else { "Damage" }.to_owned());
        texts
    }
}
