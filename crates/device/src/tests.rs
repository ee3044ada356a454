//! The meter as a whole, on a small model of its own: registers, settings, memory, panel and bus agree.
//!
//! The models' own tables are tested from above, where both rooms meet.

use lcd::glyphs;
use metering::{Counter, Load, PhaseReading};
use modbus::{Exception, Parity, RegisterAccess, Words, WriteKind, crc};
use nv::{Nv, RamNv};
use proptest::prelude::*;
use schema::*;
use units::{Duration, Flow, Instant, Point, StateOf, Tariff, Unit, What};

use super::*;

mod face;
mod memory;
mod model;
mod optical;
mod radio;
mod transformed;
use model::MODEL;

const SIZES: MemorySizes = MODEL.memory();
const NV: usize = image_size(&MODEL);
type Ram = RamNv<NV>;

fn leak<T: Clone>(value: T, count: usize) -> &'static mut [T] {
    Box::leak(vec![value; count].into_boxed_slice())
}

fn device_with<N: Nv>(nv: N, now: Instant) -> Device<'static, N> {
    device_of(&MODEL, nv, now)
}

fn device_of<N: Nv>(model: &'static ModelDef, nv: N, now: Instant) -> Device<'static, N> {
    let sizes = model.memory();
    let buffers = |size| Buffers { rx: leak(0, size), tx: leak(0, size) };
    let memory = DeviceMemory {
        settings: leak(0, sizes.settings),
        image: leak(0, sizes.image),
        counters: leak(Counter::ZERO, sizes.counters),
        sampled: leak(Counter::ZERO, sizes.counters),
        polyphase: Some(metering::POLYPHASE),
        scratch: leak(0, DeviceMemory::scratch(model)),
        ports: PortMemory {
            modbus: buffers(sizes.modbus),
            mbus: buffers(sizes.mbus),
            optical: buffers(sizes.optical),
            radio: buffers(sizes.radio),
        },
    };
    Device::new(model, memory, nv, now)
}

fn device() -> Device<'static, Ram> {
    device_with(Ram::new(), Instant::ZERO)
}

fn load(active_w: i64) -> Load {
    let mut load = Load { frequency_mhz: 50_000, ..Load::default() };
    load.phases[0] = PhaseReading {
        voltage_mv: 230_000,
        current_ma: u32::try_from(active_w.unsigned_abs() * 1_000 / 230).unwrap(),
        active_mw: active_w * 1_000,
        reactive_mvar: 0,
    };
    load
}

/// A meter with time, spoken to over its bus.
struct Line<N> {
    device: Device<'static, N>,
    now: Instant,
    /// Pulses that were due at its one pulse output.
    pulses: u64,
}

impl<N: Nv> Line<N> {
    fn new(device: Device<'static, N>) -> Self {
        Self { device, now: Instant::ZERO, pulses: 0 }
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.pulses += self.device.poll(self.now, span).s0.count;
    }

    /// Sends a frame without its CRC and returns the answer without its CRC; empty for silence.
    #[track_caller]
    fn ask(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut bytes = frame.to_vec();
        bytes.extend_from_slice(&crc::wire(frame));
        self.device.rx(PortId::Modbus, self.now, &bytes);
        let mut answer = Vec::new();
        for _ in 0..10 {
            self.pass(Duration::from_millis(10));
            let mut sent = false;
            while let Some(output) = self.device.port_poll(PortId::Modbus, self.now) {
                if let PortOutput::Transmit(bytes) = output {
                    answer.extend_from_slice(bytes);
                    sent = true;
                }
            }
            if sent {
                self.device.tx_done(PortId::Modbus, self.now);
                while self.device.port_poll(PortId::Modbus, self.now).is_some() {}
            }
        }
        if !answer.is_empty() {
            assert!(crc::holds(&answer));
            answer.truncate(answer.len() - 2);
        }
        answer
    }

    fn glyphs(&self) -> String {
        let glass = MODEL.glass.segments().unwrap();
        glyphs(&self.device.frame(self.now), glass).to_string()
    }

    fn press(&mut self, span: Duration) {
        self.device.key_down(self.now, KeyId(0));
        self.pass(span);
        self.device.key_up(self.now, KeyId(0));
        self.pass(Duration::from_millis(100));
    }
}

#[test]
fn readings_reach_the_registers_once_a_second() {
    let mut line = Line::new(device());
    line.device.set_load(load(1_000));
    line.pass(Duration::from_millis(500));
    assert_eq!(line.ask(&[1, 3, 0x50, 0, 0, 2]), [1, 3, 4, 0, 0, 0, 0], "no reading was taken yet");
    line.pass(Duration::from_millis(400));
    assert_eq!(line.ask(&[1, 3, 0x50, 0, 0, 2]), [1, 3, 4, 0x3F, 0x80, 0, 0], "1.000 kW");
}

#[test]
fn registers_and_display_read_the_same_sample() {
    let mut line = Line::new(device());
    line.device.set_load(load(3_600));
    line.pass(Duration::from_secs(1_000));
    let wh = line.device.value(Point::active(Flow::Forward, Tariff::All));
    assert_eq!(wh, Some(1_000));
    assert_eq!(line.ask(&[1, 3, 0x60, 0, 0, 2]), [1, 3, 4, 0x3F, 0x80, 0, 0]);
}

#[test]
fn a_setting_written_on_the_bus_shows_on_the_page_and_back() {
    let mut line = Line::new(device());
    assert_eq!(line.ask(&[1, 6, 0x40, 0x10, 0, 0x25]), [1, 6, 0x40, 0x10, 0, 0x25]);
    assert_eq!(line.device.setting(SettingId::ScrollTime), Some(25));
    // MAIN, second page, its list: scroll time.
    line.press(Duration::from_millis(100));
    line.press(Duration::from_millis(100));
    line.press(Duration::from_millis(3_500));
    assert_eq!(line.glyphs(), "RT  25");
    // By key: begin, one step, confirm.
    line.press(Duration::from_millis(5_100));
    line.press(Duration::from_millis(100));
    line.press(Duration::from_millis(3_100));
    assert_eq!(line.device.setting(SettingId::ScrollTime), Some(26));
    assert_eq!(line.ask(&[1, 3, 0x40, 0x10, 0, 1]), [1, 3, 2, 0, 0x26]);
}

#[test]
fn what_is_wrong_is_refused_and_changes_nothing() {
    let mut line = Line::new(device());
    let before = line.device.nv().clone();
    let cases: &[(&[u8], u8, &str)] = &[
        (&[1, 3, 0x40, 0x40, 0, 1], 2, "no such register"),
        (&[1, 3, 0x50, 0, 0, 3], 2, "past the end of a block"),
        (&[1, 6, 0x40, 0x10, 0, 0x31], 3, "31 s"),
        (&[1, 6, 0x40, 0x10, 0, 0x00], 3, "0 s"),
        (&[1, 6, 0x40, 0x10, 0, 0x1A], 3, "no decimal digit"),
        (&[1, 6, 0x40, 0x03, 0, 0], 3, "id 0"),
        (&[1, 6, 0x40, 0x04, 0x12, 0x34], 3, "no such speed"),
        (&[1, 6, 0x40, 0x00, 0, 1], 2, "the serial number"),
        (&[1, 6, 0x40, 0x0D, 0x41, 0x20], 3, "half a float"),
        (&[1, 16, 0x40, 0x0E, 0, 1, 2, 0, 0], 3, "the other half"),
        (&[1, 16, 0x40, 0x0D, 0, 2, 4, 0x41, 0x30, 0, 0], 3, "11 imp/kWh"),
        (&[1, 16, 0x60, 0x49, 0, 2, 4, 0, 0, 0, 1], 3, "a counter set to something"),
        (&[1, 6, 0x60, 0x49, 0, 0], 3, "half a counter"),
        (&[1, 16, 0x40, 0x03, 0, 2, 4, 0, 9, 0, 1], 3, "a good id and a bad speed"),
        (&[1, 6, 0x50, 0x00, 0, 0], 2, "a reading"),
        (&[1, 6, 0x10, 0x18, 0, 5], 2, "the old map"),
        (&[1, 3, 0x10, 0x18, 0, 2], 2, "the old map, two at once"),
        (&[1, 2, 0x40, 0x10, 0, 1], 1, "another function"),
    ];
    for (frame, code, what) in cases {
        assert_eq!(line.ask(frame), [1, frame[1] | 0x80, *code], "{what}");
        assert_eq!(line.device.nv(), &before, "{what}");
    }
    assert_eq!(line.device.setting(SettingId::ModbusId), Some(1));
}

#[test]
fn several_settings_in_one_write_are_taken_together() {
    let mut line = Line::new(device());
    assert_eq!(
        line.ask(&[1, 16, 0x40, 0x03, 0, 2, 4, 0, 9, 0x12, 0xC0]),
        [1, 16, 0x40, 0x03, 0, 2],
        "the answer comes from the old id"
    );
    assert_eq!(line.device.port_line(PortId::Modbus).unwrap().baud, 4_800);
    assert_eq!(line.ask(&[1, 3, 0x40, 0x03, 0, 1]), []);
    assert_eq!(line.ask(&[9, 3, 0x40, 0x03, 0, 1]), [9, 3, 2, 0, 9]);
}

#[test]
fn the_line_changes_after_the_answer_has_left() {
    let mut line = Line::new(device());
    let mut frame = vec![1, 6, 0x40, 0x11, 0, 2];
    frame.extend_from_slice(&crc::wire(&frame));
    line.device.rx(PortId::Modbus, line.now, &frame);
    // 20 ms after a silence of 3.5 characters.
    line.pass(Duration::from_micros(20_000 + 4_010));
    assert_eq!(line.device.port_poll(PortId::Modbus, line.now), None);
    line.pass(Duration::from_micros(1));
    assert!(matches!(line.device.port_poll(PortId::Modbus, line.now), Some(PortOutput::Transmit(_))));
    assert_eq!(line.device.port_line(PortId::Modbus).unwrap().parity, Parity::Even);
    assert_eq!(line.device.setting(SettingId::Parity), Some(2));
    line.device.tx_done(PortId::Modbus, line.now);
    let mut reconfigured = false;
    while let Some(output) = line.device.port_poll(PortId::Modbus, line.now) {
        reconfigured |= matches!(output, PortOutput::Reconfigure(_));
    }
    assert!(reconfigured);
    assert_eq!(line.device.port_line(PortId::Modbus).unwrap().parity, Parity::None);
}

#[test]
fn a_write_to_everybody_is_done_in_silence() {
    let mut line = Line::new(device());
    assert_eq!(line.ask(&[0, 6, 0x40, 0x03, 0, 7]), []);
    assert_eq!(line.ask(&[7, 3, 0x40, 0x03, 0, 1]), [7, 3, 2, 0, 7]);
    assert_eq!(line.ask(&[0, 3, 0x40, 0x03, 0, 1]), [7, 3, 2, 0, 7], "reads are answered, with the own id");
}

#[test]
fn the_old_map_shows_the_same_words() {
    let mut line = Line::new(device());
    assert_eq!(line.ask(&[1, 3, 0x10, 0x18, 0, 1]), [1, 3, 2, 0, 1]);
}

#[test]
fn everything_kept_comes_back_after_a_power_cut() {
    let mut line = Line::new(device());
    line.device.set_load(load(7_200));
    line.pass(Duration::from_secs(1_001));
    line.device.apply(Door::Bus, &[(SettingId::ScrollTime, 7)]).unwrap();
    line.device.power(line.now, false);
    assert_eq!(line.glyphs().trim(), "");
    assert_eq!(line.ask(&[1, 3, 0x40, 0x03, 0, 1]), []);
    line.pass(Duration::from_secs(3_600));
    line.device.power(line.now, true);
    assert_eq!(line.device.setting(SettingId::ScrollTime), Some(7));
    assert_eq!(line.device.value(Point::active(Flow::Forward, Tariff::T1)), Some(2_002));
    assert_eq!(line.device.value(Point::State(StateOf::PowerDowns)), Some(1));
    line.device.command(CommandId::ResetPowerDowns).unwrap();
    assert_eq!(line.device.value(Point::State(StateOf::PowerDowns)), Some(0));
}

#[test]
fn a_volatile_tariff_gives_way_at_power_up() {
    let mut line = Line::new(device());
    for (written, acts_as, after) in
        [(12, Tariff::T2, Tariff::T1), (2, Tariff::T2, Tariff::T2), (11, Tariff::T1, Tariff::T2)]
    {
        line.device.apply(Door::Bus, &[(SettingId::Tariff, written)]).unwrap();
        assert_eq!(line.device.works().tariff(), acts_as);
        line.device.power(line.now, false);
        line.device.power(line.now, true);
        assert_eq!(line.device.works().tariff(), after, "{written}");
    }
}

#[test]
fn doors_lead_to_their_settings_only() {
    let mut line = Line::new(device());
    let told = |result: Result<(), Refusal>| result.unwrap_err().to_string();
    let device = &mut line.device;
    assert_eq!(
        told(device.apply(Door::Bus, &[(SettingId::Serial, 5)])),
        "serial can be changed through the infrared window only"
    );
    assert_eq!(
        told(device.apply(Door::Bus, &[(SettingId::Password, 1)])),
        "password can be changed with the key on the meter only"
    );
    assert_eq!(
        told(device.apply(Door::Panel, &[(SettingId::Tariff, 1)])),
        "tariff can be changed by a master on the bus only"
    );
    assert_eq!(
        told(device.apply(Door::Bus, &[(SettingId::S0Rate, 100)])),
        "s0-rate cannot be 1.00: expected one of 1000, 10 imp/kWh"
    );
    assert_eq!(
        told(device.apply(Door::Bus, &[(SettingId::Backlight, 0)])),
        "this model has no setting backlight"
    );
    device.apply(Door::Factory, &[(SettingId::Serial, 5)]).unwrap();
    assert_eq!(device.setting(SettingId::Serial), Some(5));
}

#[test]
fn the_led_flashes_for_the_energy_that_flows() {
    let mut line = Line::new(device());
    line.device.set_load(load(1_000));
    line.pass(Duration::from_secs(3_600));
    assert_eq!(line.device.led().flashes, 10_000);
    assert_eq!(line.device.led().last, Some(line.now));
    assert_eq!(line.pulses, 1_000);
}

#[test]
fn reading_takes_part_of_a_value_as_it_stands() {
    let mut device = device();
    let words = device.registers();
    assert_eq!(words.words(0x400E, 1), Ok(&[0u16][..]));
    assert_eq!(words.words(0x400D, 1), Ok(&[0x447A][..]));
    assert_eq!(words.write(WriteKind::Multiple, 0x400D, Words::from_slice(&[0x4120, 0])), Ok(()));
    assert_eq!(words.words(0x5001, 2), Err(Exception::IllegalDataAddress));
    assert_eq!(device.setting(SettingId::S0Rate), Some(1_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn readings_do_not_depend_on_how_time_is_cut(cuts in prop::collection::vec(1u64..3_000_000, 1..40), watt in -9_000i64..9_000) {
        let whole: u64 = cuts.iter().sum();
        let mut once = Line::new(device());
        once.device.set_load(load(watt));
        once.pass(Duration::from_micros(whole));
        let mut often = Line::new(device());
        often.device.set_load(load(watt));
        for cut in cuts {
            often.pass(Duration::from_micros(cut));
        }
        for what in [What::U, What::P, What::I] {
            prop_assert_eq!(once.device.value(Point::now(what)), often.device.value(Point::now(what)));
        }
        once.device.registers();
        often.device.registers();
        prop_assert_eq!(once.device.registers().words(0x6000, 2), often.device.registers().words(0x6000, 2));
        prop_assert_eq!(once.device.led(), often.device.led());
        prop_assert_eq!(once.pulses, often.pulses);
    }
}

#[test]
fn the_reply_delay_counts_from_the_silence_at_any_speed_unless_it_is_chosen() {
    fn delay<N: Nv>(line: &mut Line<N>) -> u64 {
        let mut frame = vec![1, 3, 0x40, 0x00, 0, 2];
        frame.extend_from_slice(&crc::wire(&frame));
        line.device.rx(PortId::Modbus, line.now, &frame);
        let due = line.device.port_poll_at(PortId::Modbus).unwrap().since(line.now).as_micros();
        line.pass(Duration::from_secs(1));
        while let Some(output) = line.device.port_poll(PortId::Modbus, line.now) {
            if matches!(output, PortOutput::Transmit(_)) {
                line.device.tx_done(PortId::Modbus, line.now);
            }
        }
        due
    }
    let mut line = Line::new(device());
    assert_eq!(delay(&mut line), 20_000 + 4_011);
    line.device.apply(Door::Factory, &[(SettingId::Baud, 4_800)]).unwrap();
    while line.device.port_poll(PortId::Modbus, line.now).is_some() {}
    assert_eq!(delay(&mut line), 20_000 + 8_021);
    line.device.configure_modbus(|bus| bus.reply_delay = Duration::from_millis(3));
    assert_eq!(delay(&mut line), 3_000);
    line.device.power(line.now, false);
    line.device.power(line.now, true);
    assert_eq!(delay(&mut line), 3_000);
}
