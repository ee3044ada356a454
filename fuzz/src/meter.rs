//! A meter of a model whose memory is given back: a fuzzer makes millions of them.

use device::{Buffers, Device, DeviceMemory, PortMemory, image_size};
use metering::Counter;
use nv::{Nv, NvError};
use schema::ModelDef;
use units::Instant;

/// Non-volatile memory that outlives its meter.
#[derive(Debug)]
pub struct Image<'a>(pub &'a mut Vec<u8>);

impl Nv for Image<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn read(&self, at: usize, into: &mut [u8]) -> Result<(), NvError> {
        let end = at.checked_add(into.len()).ok_or(NvError::OutOfRange)?;
        into.copy_from_slice(self.0.get(at..end).ok_or(NvError::OutOfRange)?);
        Ok(())
    }

    fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), NvError> {
        let end = at.checked_add(bytes.len()).ok_or(NvError::OutOfRange)?;
        self.0.get_mut(at..end).ok_or(NvError::OutOfRange)?.copy_from_slice(bytes);
        Ok(())
    }
}

/// Blank memory for a meter of `model`.
#[must_use]
pub fn blank(model: &ModelDef) -> Vec<u8> {
    vec![0xFF; image_size(model)]
}

/// Starts a meter at `now` from `image`, and lets `with` have it.
pub fn start<T>(
    model: &'static ModelDef,
    image: &mut Vec<u8>,
    now: Instant,
    with: impl FnOnce(&mut Device<'_, Image<'_>>) -> T,
) -> T {
    let sizes = model.memory();
    let (mut settings, mut words) = (vec![0; sizes.settings], vec![0; sizes.image]);
    let (mut counters, mut sampled) =
        (vec![Counter::default(); sizes.counters], vec![Counter::default(); sizes.counters]);
    let mut scratch = vec![0; DeviceMemory::scratch(model)];
    let [mut modbus, mut mbus, mut optical, mut radio] =
        [sizes.modbus, sizes.mbus, sizes.optical, sizes.radio].map(|size| [vec![0; size], vec![0; size]]);
    let memory = DeviceMemory {
        settings: &mut settings,
        image: &mut words,
        counters: &mut counters,
        sampled: &mut sampled,
        polyphase: Some(metering::POLYPHASE),
        scratch: &mut scratch,
        ports: PortMemory {
            modbus: buffers(&mut modbus),
            mbus: buffers(&mut mbus),
            optical: buffers(&mut optical),
            radio: buffers(&mut radio),
        },
    };
    with(&mut Device::new(model, memory, Image(image), now))
}

fn buffers([rx, tx]: &mut [Vec<u8>; 2]) -> Buffers<'_> {
    Buffers { rx, tx }
}
