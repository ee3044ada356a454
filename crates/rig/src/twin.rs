//! [`Twin`]: a device with the memory it works in, its non-volatile image and its supply.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use device::{Buffers, Device, DeviceMemory, Door, NvPart, PortMemory, damage, image_size};
use metering::{Counter, POLYPHASE};
use models::Entry;
use nv::{Nv, NvError};
use schema::SettingId;
use units::{Duration, Instant};

use crate::{Outputs, Supply};

/// Non-volatile memory in a vector. Blank memory reads `FFh`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VecNv {
    bytes: Vec<u8>,
    writes: u64,
}

impl VecNv {
    /// Blank memory of `size` bytes.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { bytes: vec![0xFF; size], writes: 0 }
    }

    /// Memory with these bytes in it.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes, writes: 0 }
    }

    /// The whole image.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes it blank.
    pub fn erase(&mut self) {
        self.bytes.fill(0xFF);
        self.writes += 1;
    }

    /// How often something was written: a shell saves the image when this has changed.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.writes
    }
}

impl Nv for VecNv {
    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn read(&self, at: usize, into: &mut [u8]) -> Result<(), NvError> {
        let end = at.checked_add(into.len()).ok_or(NvError::OutOfRange)?;
        into.copy_from_slice(self.bytes.get(at..end).ok_or(NvError::OutOfRange)?);
        Ok(())
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), NvError> {
        let end = at.checked_add(bytes.len()).ok_or(NvError::OutOfRange)?;
        self.bytes.get_mut(at..end).ok_or(NvError::OutOfRange)?.copy_from_slice(bytes);
        self.writes += 1;
        Ok(())
    }
}

/// A meter that is not there: device, memory, supply.
///
/// The memory that the device borrows is leaked, about a kilobyte a twin: a twin lives as long as the program or the
/// page that shows it.
#[derive(Debug)]
pub struct Twin {
    entry: &'static Entry,
    device: Device<'static, VecNv>,
    supply: Supply,
    outputs: Outputs,
    /// Damage that waits for the supply to go.
    damage: Vec<NvPart>,
}

fn leak<T: Clone>(value: T, count: usize) -> &'static mut [T] {
    Box::leak(vec![value; count].into_boxed_slice())
}

fn buffers(size: usize) -> Buffers<'static> {
    Buffers { rx: leak(0, size), tx: leak(0, size) }
}

impl Twin {
    /// A meter with its supply on. Without an image, or with one of another size, it is as from the factory.
    #[must_use]
    pub fn new(entry: &'static Entry, image: Option<VecNv>, now: Instant) -> Self {
        let sizes = entry.def.memory();
        let size = image_size(entry.def);
        let nv = image.filter(|nv| nv.len() == size).unwrap_or_else(|| VecNv::new(size));
        let memory = DeviceMemory {
            settings: leak(0, sizes.settings),
            image: leak(0, sizes.image),
            counters: leak(Counter::default(), sizes.counters),
            sampled: leak(Counter::default(), sizes.counters),
            polyphase: Some(POLYPHASE),
            scratch: leak(0, DeviceMemory::scratch(entry.def)),
            ports: PortMemory {
                modbus: buffers(sizes.modbus),
                mbus: buffers(sizes.mbus),
                optical: buffers(sizes.optical),
                radio: buffers(sizes.radio),
            },
        };
        let mut twin = Self {
            entry,
            device: Device::new(entry.def, memory, nv, now),
            supply: Supply::of(entry.def),
            outputs: Outputs::new(entry.def.metering.pulse_outputs),
            damage: Vec::new(),
        };
        twin.device.set_load(twin.supply.load());
        twin.device.take_reading();
        twin
    }

    /// The table the meter was made from, and the notes on it.
    #[must_use]
    pub fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// The meter.
    #[must_use]
    pub fn device(&self) -> &Device<'static, VecNv> {
        &self.device
    }

    /// The meter, to press its keys and speak to its bus.
    pub fn device_mut(&mut self) -> &mut Device<'static, VecNv> {
        &mut self.device
    }

    /// Mains and loads.
    #[must_use]
    pub fn supply(&self) -> &Supply {
        &self.supply
    }

    /// Changes mains and loads from `now` on.
    pub fn set_supply(&mut self, now: Instant, supply: Supply) {
        self.supply = supply;
        self.device.set_load(supply.load());
        self.device.power(now, supply.mains);
        self.device.set_tariff_input(supply.tariff_input);
        if !supply.mains {
            self.outputs.cut();
            for part in core::mem::take(&mut self.damage) {
                self.spoil(part);
            }
        }
    }

    fn spoil(&mut self, part: NvPart) {
        // The memory has the model's size and takes every byte: there is nothing to fail.
        let _ = damage(self.device.nv_mut(), self.entry.def, part);
    }

    /// Damages a part of the memory. A meter reads it at power-up only, and its last writing at power-down would mend
    /// it: under supply the damage waits until the supply has gone, without supply it is done at once. The next power-up
    /// finds it.
    pub fn damage(&mut self, part: NvPart) {
        if !self.device.powered() {
            self.spoil(part);
        } else if !self.damage.contains(&part) {
            self.damage.push(part);
        }
    }

    /// The damage that waits for the supply to go.
    #[must_use]
    pub fn waiting_damage(&self) -> &[NvPart] {
        &self.damage
    }

    /// The meter as from the factory: its program is good, its memory blank but for the serial number, which it keeps. It
    /// restarts where it has its supply.
    pub fn factory_reset(&mut self, now: Instant) {
        let serial = self.device.setting(SettingId::Serial);
        let powered = self.device.powered();
        self.damage.clear();
        self.device.set_program_good(true);
        self.device.power(now, false);
        self.device.nv_mut().erase();
        self.device.power(now, true);
        if let Some(serial) = serial {
            // A value that the setting had is one of its values, and the factory may set it.
            let _ = self.device.apply(Door::Factory, &[(SettingId::Serial, i64::from(serial))]);
        }
        if !powered {
            // That it was on for a moment is no part of its life.
            let new = self.device.nv().bytes.clone();
            self.device.power(now, false);
            let nv = self.device.nv_mut();
            nv.bytes = new;
            nv.writes += 1;
        }
        self.device.take_reading();
    }

    /// The lamp and the pulse output, and what is connected to them.
    #[must_use]
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// Connects a supply to the pulse output, in mV, or takes it away.
    pub fn set_s0_supply(&mut self, mv: Option<u32>) {
        self.outputs.set_s0_supply(mv);
    }

    /// Keeps every change of the outputs for so long, in metered time; zero for nothing. An hour under a large load
    /// is some hundred thousand changes.
    pub fn listen(&mut self, window: Duration) {
        self.outputs.listen(window);
    }

    /// The image of the non-volatile memory.
    #[must_use]
    pub fn image(&self) -> &VecNv {
        self.device.nv()
    }

    /// Lets time pass.
    pub fn poll(&mut self, now: Instant, metered: Duration) {
        let sources = self.device.pulse_sources();
        self.device.poll(now, metered);
        self.outputs.pass(sources, metered);
    }
}

#[cfg(test)]
mod tests {
    use units::{Point, StateOf};

    use super::*;

    fn twin() -> Twin {
        let mut twin = Twin::new(&models::ALL[0], None, Instant::ZERO);
        let forward = Point::active(units::Flow::Forward, units::Tariff::T1);
        assert!(twin.device_mut().set_energy(forward, 12_340));
        twin
    }

    fn cut(twin: &mut Twin) {
        let supply = *twin.supply();
        twin.set_supply(Instant::from_millis(1_000), Supply { mains: false, ..supply });
        twin.set_supply(Instant::from_millis(2_000), supply);
    }

    fn error(twin: &Twin) -> Option<i64> {
        twin.device().value(Point::State(StateOf::Error))
    }

    #[test]
    fn damage_waits_for_the_supply_to_go() {
        let mut twin = twin();
        twin.damage(NvPart::Main);
        twin.damage(NvPart::Main);
        assert_eq!(twin.waiting_damage(), [NvPart::Main]);
        let whole = twin.image().clone();
        cut(&mut twin);
        assert_eq!(twin.waiting_damage(), []);
        assert_eq!(twin.device().works().conditions(), schema::Conditions::MAIN_DATA);
        assert_ne!(twin.image().writes(), whole.writes());
        twin.damage(NvPart::Main);
        twin.damage(NvPart::Backup);
        cut(&mut twin);
        assert_eq!(error(&twin), Some(1));
    }

    #[test]
    fn a_factory_reset_leaves_the_serial_number_only() {
        let mut twin = twin();
        let device = twin.device_mut();
        device.apply(Door::Factory, &[(SettingId::Serial, 13_070_042)]).unwrap();
        device.apply(Door::Bus, &[(SettingId::ScrollTime, 25)]).unwrap();
        twin.damage(NvPart::Main);
        twin.damage(NvPart::Backup);
        cut(&mut twin);
        assert_eq!(error(&twin), Some(1));
        twin.device_mut().set_program_good(false);
        twin.factory_reset(Instant::from_millis(3_000));
        let kept = |twin: &Twin| {
            let device = twin.device();
            let forward = device.value(Point::active(units::Flow::Forward, units::Tariff::All));
            let downs = device.value(Point::State(StateOf::PowerDowns));
            (error(twin), device.setting(SettingId::ScrollTime), forward, downs)
        };
        assert_eq!(kept(&twin), (Some(0), Some(10), Some(0), Some(0)));
        assert_eq!(twin.serial(), 13_070_042);
        cut(&mut twin);
        assert_eq!(kept(&twin), (Some(0), Some(10), Some(0), Some(1)));
        assert_eq!(twin.serial(), 13_070_042);
    }
}
