//! [`Device`]: the works, the panel and the ports of one meter, behind one `poll`.

use lcd::{Mono, SegmentFrame};
use metering::{Counter, Load, Metering, Polyphase, PulseSource, Pulses};
use nv::Nv;
use panel::matrix::{MatrixView, paint};
use panel::{Intent, LetGo, PageView};
use schema::{CommandId, KeyId, ModelDef, PortId, SettingId};
use units::{Duration, Instant, LineError, LineParams, Point};

use crate::face::{AnyFace, Face};
use crate::memory;
use crate::port::{AllPorts, PortMemory, PortOutput, Ports};
use crate::works::{Door, Refusal, Works};

/// The memory a meter works in, in slices of the sizes that [`ModelDef::memory`] and [`DeviceMemory::scratch`] give.
/// Static arrays on a microcontroller, vectors elsewhere.
#[derive(Debug)]
pub struct DeviceMemory<'a> {
    /// Values of the settings.
    pub settings: &'a mut [i32],
    /// Words of the register image.
    pub image: &'a mut [u16],
    /// Energies that grow.
    pub counters: &'a mut [Counter],
    /// The same energies as of the last reading.
    pub sampled: &'a mut [Counter],
    /// What only a meter of several phases has, [`metering::POLYPHASE`]; `None` in a program that is built for others, and
    /// its linker leaves that out.
    pub polyphase: Option<&'static dyn Polyphase>,
    /// Room for one record of the non-volatile memory.
    pub scratch: &'a mut [u8],
    /// Buffers of the ports.
    pub ports: PortMemory<'a>,
}

impl DeviceMemory<'_> {
    /// Bytes of `scratch` that a model needs.
    #[must_use]
    pub const fn scratch(model: &ModelDef) -> usize {
        memory::scratch_size(model)
    }
}

/// The test LED: how often it has flashed, and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Led {
    /// Flashes since power-up.
    pub flashes: u64,
    /// When the last one began, in bus time.
    pub last: Option<Instant>,
}

/// One whole meter. `P` is the ports that the program is built for, and `F` the panel: all of them unless it says
/// otherwise.
#[derive(Debug)]
pub struct Device<'a, N, P = AllPorts<'a>, F = AnyFace> {
    works: Works<'a, N>,
    panel: F,
    ports: P,
    powered: bool,
    led: Led,
}

impl<'a, N: Nv, P: Ports<'a>, F: Face> Device<'a, N, P, F> {
    /// A meter that has just got its supply. Where `nv` is blank it is as from the factory, and says so there.
    #[inline]
    pub fn new(model: &'static ModelDef, memory: DeviceMemory<'a>, nv: N, now: Instant) -> Self {
        let mut device = Self::assemble(model, memory, nv, now);
        device.boot(now);
        device
    }

    // Some parts keep their working stack to themselves: inlined into one loop, their sum is more than a small core has.
    #[cfg_attr(target_os = "none", inline(never))]
    fn assemble(model: &'static ModelDef, memory: DeviceMemory<'a>, nv: N, now: Instant) -> Self {
        let metering = Metering::new(&model.metering, memory.counters, memory.sampled);
        let metering = metering.extended(memory.polyphase);
        let works = Works::new(model, memory.settings, memory.image, metering, memory.scratch, nv);
        Self {
            works,
            panel: F::new(model, now),
            ports: P::new(model, memory.ports),
            powered: true,
            led: Led::default(),
        }
    }

    #[cfg_attr(target_os = "none", inline(never))]
    fn boot(&mut self, now: Instant) {
        self.works.boot();
        self.panel = F::new(self.works.model, now);
        self.panel.set_scroll_list(self.works.scroll_list());
        self.ports.boot(&self.works);
        self.led = Led::default();
    }

    /// The description the meter was made from.
    #[must_use]
    pub fn model(&self) -> &'static ModelDef {
        self.works.model
    }

    /// Metering, settings, registers and memory, for reading.
    #[must_use]
    pub fn works(&self) -> &Works<'a, N> {
        &self.works
    }

    /// The register map, for a server of another kind of line, such as Modbus TCP, in front of this meter.
    /// Refreshed to the last reading.
    pub fn registers(&mut self) -> &mut Works<'a, N> {
        self.works.refresh_image();
        &mut self.works
    }

    /// Non-volatile memory, for the shell that keeps it.
    #[must_use]
    pub fn nv(&self) -> &N {
        self.works.nv()
    }

    /// Non-volatile memory, for whoever damages it on purpose.
    pub fn nv_mut(&mut self) -> &mut N {
        self.works.nv_mut()
    }

    /// Says whether the check sum of the meter's program is right. It is until somebody says otherwise; only who runs
    /// the program can know.
    pub fn set_program_good(&mut self, good: bool) {
        self.works.set_program_good(good);
    }

    // ---- supply and load

    /// What flows through the meter from now on.
    pub fn set_load(&mut self, load: Load) {
        self.works.metering.set_load(load);
    }

    /// Takes a reading now, without waiting for the second to be full: for a meter that has just been made.
    pub fn take_reading(&mut self) {
        self.works.take_reading();
    }

    /// What flows through the meter.
    #[must_use]
    pub fn load(&self) -> &Load {
        self.works.metering.load()
    }

    /// True while the meter has its supply.
    #[must_use]
    pub fn powered(&self) -> bool {
        self.powered
    }

    /// The supply comes or goes. When it goes the meter stores its energies in the time its warning leaves.
    pub fn power(&mut self, now: Instant, on: bool) {
        if on == self.powered {
            return;
        }
        if on {
            self.powered = true;
            self.boot(now);
        } else {
            self.works.power_fail();
            self.powered = false;
            self.ports.reset();
        }
    }

    /// Voltage comes to the tariff input, or goes. Nothing happens on a meter without one.
    pub fn set_tariff_input(&mut self, on: bool) {
        self.works.set_tariff_input(on);
    }

    /// Lets time pass: it is `now`, and `metered` of load time has gone by since the last call. Both move alike
    /// unless somebody runs the load faster than the bus.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn poll(&mut self, now: Instant, metered: Duration) -> Pulses {
        if !self.powered {
            return Pulses::default();
        }
        let pulses = self.works.advance(metered);
        if pulses.led.count > 0 {
            self.led.flashes = self.led.flashes.saturating_add(pulses.led.count);
            let back = metered.saturating_sub(pulses.led.last.unwrap_or(metered));
            let at = now.since(Instant::ZERO).saturating_sub(back);
            self.led.last = Some(Instant::ZERO + at);
        }
        self.poll_panel(now);
        pulses
    }

    fn poll_panel(&mut self, now: Instant) {
        while let Some(intent) = self.panel.poll(now, &self.works) {
            let taken = match intent {
                Intent::Apply(id, value) => {
                    self.works.apply(Door::Panel, core::iter::once((id, i64::from(value)))).is_ok()
                }
                Intent::Command(command) => self.works.command(command).is_ok(),
                Intent::ScrollChanged => {
                    self.works.set_scroll_list(self.panel.scroll_list());
                    true
                }
            };
            self.panel.settled(now, taken);
        }
        self.ports.switch_radio(self.panel.radio_on(now));
    }

    /// When something changes next by itself, other than a reading: on the display, or on the bus.
    #[must_use]
    pub fn poll_at(&self, now: Instant) -> Option<Instant> {
        if !self.powered {
            return None;
        }
        let ports = PortId::ALL.into_iter().filter_map(|port| self.port_poll_at(port)).min();
        match (self.panel.poll_at(now), ports) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    // ---- panel

    /// A key goes down.
    pub fn key_down(&mut self, now: Instant, key: KeyId) {
        if self.powered {
            self.panel.key_down(now, key);
            self.poll_panel(now);
        }
    }

    /// A key goes up: what it was held for, it does.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn key_up(&mut self, now: Instant, key: KeyId) {
        if self.powered {
            self.poll_panel(now);
            self.panel.key_up(now, key);
            self.poll_panel(now);
        }
    }

    /// The finger left the key without letting go of it: nothing happens.
    pub fn key_cancel(&mut self, now: Instant, key: KeyId) {
        if self.powered {
            self.panel.key_cancel(now, key);
        }
    }

    /// What is lit and what blinks; nothing without supply.
    #[must_use]
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn frame(&self, now: Instant) -> SegmentFrame {
        if self.powered { self.panel.frame(now, &self.works) } else { SegmentFrame::default() }
    }

    /// True in the part of the blink period in which blinking segments are seen.
    #[must_use]
    pub fn blink_on(&self, now: Instant) -> bool {
        self.panel.blink_on(now)
    }

    /// What a glass of digits shows, as data; nothing without supply, and on a meter with a dot matrix.
    #[must_use]
    pub fn view(&self, now: Instant) -> Option<PageView> {
        if self.powered { self.panel.page_view(now, &self.works) } else { None }
    }

    /// What a dot matrix shows, as data; nothing without supply, and on a meter with a glass of digits.
    #[must_use]
    pub fn matrix_view(&self, now: Instant) -> Option<MatrixView> {
        if self.powered { self.panel.matrix_view(now, &self.works) } else { None }
    }

    /// Draws what a dot matrix shows; false, and nothing, on a meter with a glass of digits. Without supply the picture is
    /// blank.
    pub fn picture(&self, now: Instant, mono: &mut Mono) -> bool {
        if self.works.model.matrix.is_none() {
            return false;
        }
        mono.wipe();
        if let Some(view) = self.matrix_view(now) {
            // What does not fit is drawn all the same; a test finds such a model.
            let _ = paint(&view, mono);
        }
        true
    }

    /// True while the display is lit.
    #[must_use]
    pub fn backlight(&self, now: Instant) -> bool {
        self.powered && self.panel.backlight(now, &self.works)
    }

    /// What letting go of the key would do now.
    #[must_use]
    pub fn letting_go(&self, now: Instant) -> LetGo {
        self.panel.letting_go(now, &self.works)
    }

    /// What a key does: with the key up what a press of it does, and what holding it does.
    #[must_use]
    pub fn would(&self, now: Instant, key: KeyId) -> LetGo {
        self.panel.would(now, &self.works, key)
    }

    /// Whether the Bluetooth of the meter is on: somebody switched it on at the panel, and it was used since.
    #[must_use]
    pub fn bluetooth(&self, now: Instant) -> bool {
        self.powered && self.panel.radio_on(now)
    }

    /// The pages somebody put in the automatic scroll, a bit a page.
    #[must_use]
    pub fn scroll_list(&self) -> u128 {
        self.works.scroll_list()
    }

    /// The test LED.
    #[must_use]
    pub fn led(&self) -> Led {
        self.led
    }

    /// What the test LED, the two pulse outputs and the lamp for reactive energy, in this order, have to show in the next
    /// [`Device::poll`], for a [`metering::PulseOutput`] each; silent without supply, and where there is no such output.
    #[must_use]
    pub fn pulse_sources(&self) -> [PulseSource; 4] {
        if self.powered { self.works.pulse_sources() } else { [PulseSource::SILENT; 4] }
    }

    // ---- values and settings

    /// The value of a point at the last reading, in its unit, or `None` where this meter has no such point.
    #[must_use]
    pub fn value(&self, point: Point) -> Option<i64> {
        self.works.point(point)
    }

    /// The value of a setting, or `None` where the model has no such setting.
    #[must_use]
    pub fn setting(&self, id: SettingId) -> Option<i32> {
        self.works.setting_value(id)
    }

    /// Changes settings: all of them, or none.
    ///
    /// # Errors
    /// [`Refusal`] names the first change that cannot be made; nothing has changed then.
    pub fn apply(&mut self, door: Door, changes: &[(SettingId, i64)]) -> Result<(), Refusal> {
        self.works.apply(door, changes.iter().copied())
    }

    /// Does a command.
    ///
    /// # Errors
    /// [`Refusal::Memory`] where the memory is damaged.
    pub fn command(&mut self, command: CommandId) -> Result<(), Refusal> {
        self.works.command(command)
    }

    /// Gives a counter a value in Wh or varh; false for points that are no counters of this meter.
    pub fn set_energy(&mut self, point: Point, wh: u64) -> bool {
        self.works.set_energy(point, wh)
    }

    // ---- ports

    /// The ports, to change how they behave.
    pub fn ports_mut(&mut self) -> &mut P {
        &mut self.ports
    }

    /// The ports.
    #[must_use]
    pub fn ports(&self) -> &P {
        &self.ports
    }

    /// Speed and parity in force at a port: those of the settings, once the reply to their change has left; `None` where
    /// the meter has no such port.
    #[must_use]
    pub fn port_line(&self, port: PortId) -> Option<LineParams> {
        self.ports.line(port)
    }

    /// Speed and parity that the settings say for a bus, and the address; `None` where the model has no such bus.
    #[must_use]
    pub fn address(&self, port: PortId) -> Option<(LineParams, u8)> {
        match port {
            _ if !self.works.model.has(port) => None,
            PortId::Modbus => Some(self.works.modbus_line()),
            PortId::Mbus => Some(self.works.mbus_line()),
            PortId::Optical => None,
            PortId::Radio => Some((LineParams::RADIO, self.works.modbus_line().1)),
        }
    }

    /// Whether currents are shown without the sign of their direction, in registers and on the display.
    pub fn show_unsigned_current(&mut self, unsigned: bool) {
        self.works.show_unsigned_current(unsigned);
    }

    /// Bytes arrive at a port, in any chunking.
    #[inline]
    pub fn rx(&mut self, port: PortId, now: Instant, bytes: &[u8]) {
        if self.powered {
            self.time_radio(port, now);
            self.ports.rx(port, now, bytes);
        }
    }

    /// A character arrives damaged at a port.
    pub fn line_error(&mut self, port: PortId, now: Instant, error: LineError) {
        if self.powered {
            self.ports.line_error(port, now, error);
        }
    }

    /// The last stop bit of what was to be sent has left a port.
    pub fn tx_done(&mut self, port: PortId, now: Instant) {
        self.ports.tx_done(port, now, &mut self.works);
    }

    /// When a port has something to do next, without new bytes; an instant of the past means at once.
    #[must_use]
    pub fn port_poll_at(&self, port: PortId) -> Option<Instant> {
        self.ports.poll_at(port, &self.works)
    }

    /// What a port wants done next. Call it until it yields nothing.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub fn port_poll(&mut self, port: PortId, now: Instant) -> Option<PortOutput<'_>> {
        if !self.powered {
            return None;
        }
        self.time_radio(port, now);
        let output = self.ports.poll(port, now, &mut self.works)?;
        match (port, &output) {
            // A frame that is answered is what keeps the radio on.
            (PortId::Radio, PortOutput::Transmit(_)) => self.panel.radio_used(now),
            (_, PortOutput::Transmit(_)) => self.panel.answered(now),
            _ => {}
        }
        Some(output)
    }

    /// The radio may have gone off since the panel was looked after last.
    #[inline]
    fn time_radio(&mut self, port: PortId, now: Instant) {
        if port == PortId::Radio {
            self.ports.switch_radio(self.panel.radio_on(now));
        }
    }
}

impl<N: Nv, F: Face> Device<'_, N, AllPorts<'_>, F> {
    /// The connection over the radio ends, as when a phone goes away: the next one begins without the password.
    pub fn hang_up(&mut self) {
        if let Some(port) = &mut self.ports.radio {
            port.hang_up();
        }
    }

    /// How the Modbus behaves: the reply delay and other quirks may be changed. Nothing happens where there is none.
    pub fn configure_modbus(&mut self, change: impl FnOnce(&mut modbus::ServerConfig)) {
        if let Some(port) = &mut self.ports.modbus {
            port.configure(change);
        }
    }
}
