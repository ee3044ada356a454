//! The works of a meter: metering, settings, register image and memory, without panel and bus.

mod apply;

use metering::{Counter, Metering, PulseSource, Pulses};
use modbus::{LineParams, Parity};
use nv::Nv;
use panel::Values;
use schema::{Combination, Conditions, ErrorDef, ModelDef, SettingDef, SettingId, Source};
use units::{Duration, Point, StateOf, Tariff, What};

pub use self::apply::{Door, Refusal};
use crate::memory::{self, Kept, Layout, Read};
use crate::registers::any_holes;

/// The meter takes its readings once in so much metered time.
const SAMPLE: Duration = Duration::from_secs(1);

/// On which buses speed, parity or address have changed and wait for the reply to leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineChanges {
    pub(crate) modbus: bool,
    pub(crate) mbus: bool,
}

/// Metering, settings, register image and memory.
#[derive(Debug)]
pub struct Works<'a, N> {
    pub(crate) model: &'static ModelDef,
    settings: &'a mut [i32],
    pub(crate) image: &'a mut [u16],
    pub(crate) image_stale: bool,
    /// Some block has holes that answer an exception.
    pub(crate) holes: bool,
    pub(crate) metering: Metering<'a>,
    scratch: &'a mut [u8],
    nv: N,
    kept: Kept,
    conditions: Conditions,
    /// Metered time until the next reading is taken.
    to_sample: Duration,
    stored_steps: u64,
    pub(crate) line_changes: LineChanges,
    /// There is voltage at the tariff input.
    tariff_input: bool,
    /// The tariff input says which tariff counts, not what was last written.
    input_rules: bool,
    /// Currents are shown without the sign of their direction, as some other firmware is thought to do.
    unsigned_current: bool,
}

impl<'a, N: Nv> Works<'a, N> {
    pub(crate) fn new(
        model: &'static ModelDef,
        settings: &'a mut [i32],
        image: &'a mut [u16],
        metering: Metering<'a>,
        scratch: &'a mut [u8],
        nv: N,
    ) -> Self {
        Self {
            model,
            settings,
            image,
            image_stale: true,
            holes: any_holes(model),
            metering,
            scratch,
            nv,
            kept: Kept::default(),
            conditions: Conditions::NONE,
            to_sample: SAMPLE,
            stored_steps: 0,
            line_changes: LineChanges::default(),
            tariff_input: false,
            input_rules: true,
            unsigned_current: false,
        }
    }

    /// Power-up: everything comes from memory, or from the tables where nothing was ever stored.
    pub(crate) fn boot(&mut self) {
        let (layout, model) = (self.layout(), self.model);
        let nv = &mut self.nv;
        let mut conditions = self.conditions.without(Conditions::MEMORY);
        let read_settings =
            memory::load_settings(nv, &layout, model, self.scratch, &mut conditions, self.settings);
        let (read_state, kept) = memory::load_state(nv, &layout, self.scratch, &mut conditions);
        self.kept = kept;
        for counter in self.metering.counters_mut() {
            *counter = Counter::default();
        }
        let read_energies =
            memory::load_energies(nv, &layout, self.scratch, &mut self.metering, &mut conditions);
        self.metering.restart();
        // The state is written last at the very first power-up: where it stands, energies stood too.
        if (read_energies, read_state) == (Read::Blank, Read::Done) {
            conditions |= Conditions::ENERGY_LOST;
        }
        self.conditions = conditions;
        self.stored_steps = self.metering.stored_steps();
        self.to_sample = SAMPLE;
        self.input_rules = true;
        self.take_over_settings();
        self.line_changes = LineChanges::default();
        self.metering.sample();
        self.image_stale = true;
        if !self.is_stopped() {
            if read_settings == Read::Blank {
                self.store_settings();
            }
            if read_energies == Read::Blank {
                self.store_energies();
            }
            self.store_steps();
            if read_state == Read::Blank {
                self.store_state();
            }
        }
    }

    /// Voltage comes to the tariff input, or goes: from this edge on the input says which tariff counts.
    pub(crate) fn set_tariff_input(&mut self, on: bool) {
        if on != self.tariff_input {
            self.tariff_input = on;
            self.input_rules = true;
            self.metering.set_tariff(self.tariff());
            self.image_stale = true;
        }
    }

    /// True while there is voltage at the tariff input.
    #[must_use]
    pub fn tariff_input(&self) -> bool {
        self.tariff_input
    }

    /// Tells the metering what the settings mean.
    fn take_over_settings(&mut self) {
        let code = self.setting_value(SettingId::CombinationCode);
        let combination = self.model.metering.combinations.iter().find(|(value, _)| Some(*value) == code);
        self.metering.set_combination(combination.map_or(Combination::Forward, |(_, meaning)| *meaning));
        self.metering.set_tariff(self.tariff());
        let rate = self.setting_value(SettingId::S0Rate).unwrap_or(0);
        self.metering.set_s0_rate(u32::try_from(rate).unwrap_or(0));
        if let Some(ct) = self.model.metering.ct
            && let Some(ratio) = self.setting_value(ct.setting)
            && !self.is_stopped()
        {
            self.metering.set_ct_ratio(ratio);
        }
    }

    /// The value of a setting, or `None` where the model has no such setting.
    #[must_use]
    pub fn setting_value(&self, id: SettingId) -> Option<i32> {
        let (index, _) = self.model.setting(id)?;
        self.settings.get(index).copied()
    }

    /// The tariff that counts now.
    #[must_use]
    pub fn tariff(&self) -> Tariff {
        let Some((index, setting)) = self.model.setting(SettingId::Tariff) else { return Tariff::T1 };
        let value = match self.model.tariff_input {
            Some(input) if self.input_rules => {
                if self.tariff_input {
                    Some(input.on)
                } else {
                    input.off
                }
            }
            _ => None,
        };
        let stored = || self.settings.get(index).copied().unwrap_or(setting.default);
        match setting.acts_as(value.unwrap_or_else(stored)) {
            2 => Tariff::T2,
            3 => Tariff::T3,
            4 => Tariff::T4,
            _ => Tariff::T1,
        }
    }

    /// Speed of the M-Bus, and the meter's primary address on it, as the settings have them.
    #[must_use]
    pub fn mbus_line(&self) -> (LineParams, u8) {
        let baud = self.setting_value(SettingId::MbusBaud).and_then(|baud| u32::try_from(baud).ok());
        let address = self.setting_value(SettingId::MbusId).and_then(|id| u8::try_from(id).ok());
        (LineParams::even(baud.unwrap_or(9_600)), address.unwrap_or(0))
    }

    /// Speed and parity of the Modbus, and the meter's id on it, as the settings have them.
    #[must_use]
    pub fn modbus_line(&self) -> (LineParams, u8) {
        let baud = self.setting_value(SettingId::Baud).and_then(|baud| u32::try_from(baud).ok());
        let parity = match self.setting_value(SettingId::Parity) {
            Some(2) => Parity::None,
            Some(3) => Parity::Odd,
            _ => Parity::Even,
        };
        let unit = self.setting_value(SettingId::ModbusId).and_then(|id| u8::try_from(id).ok());
        (LineParams::new(baud.unwrap_or(9_600), parity), unit.unwrap_or(1))
    }

    /// The number of the error the meter has, by its description; 0 for none.
    #[must_use]
    pub fn error(&self) -> u8 {
        let mut number = 0;
        for error in self.errors(self.conditions) {
            if number == 0 || error.joins {
                number |= error.number;
            }
        }
        number
    }

    /// The errors that hold under conditions.
    fn errors(&self, conditions: Conditions) -> impl Iterator<Item = &'static ErrorDef> + use<N> {
        self.model.errors.iter().filter(move |error| error.when.any_of(conditions))
    }

    /// True where an error holds under which the meter no longer measures.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.errors(self.conditions).any(|error| error.stops)
    }

    /// What is wrong inside the meter: what power-up found in its memory, and what the memory has refused since.
    #[must_use]
    pub fn conditions(&self) -> Conditions {
        self.conditions
    }

    /// Says whether the check sum of the program is right; it stays so over a power cut.
    pub(crate) fn set_program_good(&mut self, good: bool) {
        self.conditions = self.conditions.without(Conditions::PROGRAM);
        if !good {
            self.conditions |= Conditions::PROGRAM;
        }
        self.image_stale = true;
    }

    /// The value of a point, in its unit, or `None` where this meter has no such point.
    #[must_use]
    pub fn point(&self, point: Point) -> Option<i64> {
        match point {
            Point::State(StateOf::Error) => Some(i64::from(self.error())),
            Point::State(StateOf::Status) => Some(self.status_word()),
            Point::State(StateOf::PowerDowns) => Some(i64::from(self.kept.power_downs)),
            Point::Now { what: What::I, .. } if self.unsigned_current => {
                self.metering.value(point).map(i64::saturating_abs)
            }
            other => self.metering.value(other),
        }
    }

    pub(crate) fn show_unsigned_current(&mut self, unsigned: bool) {
        self.unsigned_current = unsigned;
        self.image_stale = true;
    }

    /// Digits `00ab 0cde`: program and memory good, phases 1 to 3 present (1 good, 0 bad).
    fn status_word(&self) -> i64 {
        let mut word = 0;
        for (digit, part) in [(0x0010_0000, Conditions::PROGRAM), (0x0001_0000, Conditions::MEMORY)] {
            if self.errors(self.conditions.only(part)).next().is_none() {
                word |= digit;
            }
        }
        for (phase, digit) in [(units::Of::L1, 0x100), (units::Of::L2, 0x10), (units::Of::L3, 0x1)] {
            if self.metering.value(Point::Now { what: What::U, of: phase }).unwrap_or(0) > 0 {
                word |= digit;
            }
        }
        word
    }

    /// The counters as they stand now, beyond the last reading.
    #[must_use]
    pub fn counters(&self) -> &[Counter] {
        self.metering.counters()
    }

    /// The value of a source in its unit. Secret settings read as zero.
    #[must_use]
    pub fn source(&self, source: Source) -> i64 {
        match source {
            Source::Point(point) => self.point(point).unwrap_or(0),
            Source::Setting(id) => match self.model.setting(id) {
                Some((index, SettingDef { secret: false, .. })) => {
                    self.settings.get(index).copied().map_or(0, i64::from)
                }
                _ => 0,
            },
            Source::Identity(of) => self.model.identity.value(of),
            Source::Zero => 0,
            Source::Same(addr) => match self.model.register(addr) {
                Some((_, row)) if !matches!(row.source, Source::Same(_)) => self.source(row.source),
                _ => 0,
            },
        }
    }

    /// Lets metered time pass under the load of the moment.
    pub(crate) fn advance(&mut self, mut metered: Duration) -> Pulses {
        if self.is_stopped() {
            return Pulses::default();
        }
        let mut pulses = Pulses::default();
        let mut passed = Duration::ZERO;
        if metered >= self.to_sample {
            // Up to the last whole second, take the reading, then the rest: the same however time was cut.
            let beyond = metered.saturating_sub(self.to_sample).as_micros() % SAMPLE.as_micros();
            let whole = metered.saturating_sub(Duration::from_micros(beyond));
            pulses = self.metering.advance(whole);
            self.metering.sample();
            self.image_stale = true;
            passed = whole;
            metered = Duration::from_micros(beyond);
            self.to_sample = SAMPLE;
        }
        if !metered.is_zero() {
            let rest = self.metering.advance(metered);
            pulses = pulses.then(passed, rest);
            self.to_sample = self.to_sample.saturating_sub(metered);
        }
        self.store_steps();
        pulses
    }

    /// What the test LED, the pulse outputs and the lamp for reactive energy have to show under the load of now, until
    /// something changes.
    pub(crate) fn pulse_sources(&self) -> [PulseSource; 4] {
        if self.is_stopped() {
            return [PulseSource::SILENT; 4];
        }
        let pulse_type = self.setting_value(SettingId::PulseType);
        let width = self.setting_value(SettingId::PulseWidth).and_then(|ms| u64::try_from(ms).ok());
        let source = |n| self.metering.output_source(n, pulse_type, width.map(Duration::from_millis));
        [self.metering.led_source(), source(0), source(1), self.metering.reactive_led_source()]
    }

    pub(crate) fn take_reading(&mut self) {
        self.metering.sample();
        self.image_stale = true;
    }

    /// Gives a counter a value in Wh or varh, as the factory could. Totals and phases cannot be set: they are made
    /// from the counters. Returns false for these.
    pub fn set_energy(&mut self, point: Point, wh: u64) -> bool {
        let set = self.metering.set_counter(point, wh);
        if self.store_steps() {
            self.metering.sample();
            self.image_stale = true;
        }
        set
    }

    /// Gives the counters, in the order of [`schema::MeteringDef::counters`], other values, as the factory could, and
    /// stores them.
    pub fn restore_counters(&mut self, fill: impl FnOnce(&mut [Counter])) {
        fill(self.metering.counters_mut());
        self.metering.restart();
        self.image_stale = true;
        if !self.is_stopped() {
            self.store_energies();
        }
    }

    /// Sets how often the supply has gone, as the factory could. Range: 0 to 65535.
    pub fn set_power_downs(&mut self, count: u16) {
        self.kept.power_downs = u32::from(count);
        self.image_stale = true;
        if !self.is_stopped() {
            self.store_state();
        }
    }

    pub(crate) fn set_scroll_list(&mut self, list: u128) {
        self.kept.scroll_list = list;
        self.store_state();
    }

    pub(crate) fn scroll_list(&self) -> u128 {
        self.kept.scroll_list
    }

    /// The supply goes: what the meter still writes while its capacitor lasts.
    pub(crate) fn power_fail(&mut self) {
        if self.is_stopped() {
            return;
        }
        self.kept.power_downs = self.kept.power_downs.saturating_add(1).min(u32::from(u16::MAX));
        self.store_energies();
        self.store_state();
    }

    /// Writes the settings. A volatile choice is not written: what stands in memory for it stays.
    fn store_settings(&mut self) {
        let (layout, model) = (self.layout(), self.model);
        let nv = &mut self.nv;
        let mut old = [0; SettingId::ALL.len()];
        if memory::load_settings(nv, &layout, model, self.scratch, &mut self.conditions, &mut old)
            != Read::Lost
        {
            self.conditions |= memory::store_settings(nv, &layout, model, self.scratch, self.settings, &old);
        }
    }

    /// Stores the energies where one has passed a step or was set. True where it did.
    fn store_steps(&mut self) -> bool {
        let steps = self.metering.stored_steps();
        let stepped = steps != self.stored_steps;
        if stepped {
            self.stored_steps = steps;
            self.store_energies();
        }
        stepped
    }

    fn store_energies(&mut self) {
        let layout = self.layout();
        self.conditions |= memory::store_energies(&mut self.nv, &layout, self.scratch, &self.metering);
    }

    fn store_state(&mut self) {
        let layout = self.layout();
        self.conditions |= memory::store_state(&mut self.nv, &layout, self.scratch, &self.kept);
    }

    /// Where the records stand. Their sizes are those of the slices that the meter works in.
    fn layout(&self) -> Layout {
        Layout::with(self.settings.len(), self.metering.counters().len())
    }

    /// The non-volatile memory.
    #[must_use]
    pub fn nv(&self) -> &N {
        &self.nv
    }

    pub(crate) fn nv_mut(&mut self) -> &mut N {
        &mut self.nv
    }
}

impl<N: Nv> Values for Works<'_, N> {
    fn value(&self, source: Source) -> i64 {
        self.source(source)
    }

    fn setting(&self, id: SettingId) -> i32 {
        self.setting_value(id).unwrap_or(0)
    }

    fn error(&self) -> u8 {
        Works::error(self)
    }

    fn tariff(&self) -> Tariff {
        Works::tariff(self)
    }

    fn stopped(&self) -> bool {
        Works::is_stopped(self)
    }
}
