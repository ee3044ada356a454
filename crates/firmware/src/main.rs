//! The device as a program for a Cortex-M0: static memory, a serial port, a key, a display.
//!
//! The board is a stub: it has a serial port and a clock, but no measuring chip, so the load is a constant one, and the
//! segments go into a register that nobody reads. It shows that the core runs on a microcontroller, and how much of
//! one it takes.

#![no_std]
#![no_main]

mod board;

use board::Board;
use cortex_m_rt::entry;
use device::{Buffers, Device, DeviceMemory, ModbusPort, PortMemory, PortOutput, SegmentFace, image_size};
use metering::{Counter, Load, PhaseReading};
use nv::RamNv;
use schema::{KeyId, MemorySizes, ModelDef, PortId};
use units::{Duration, Instant};

static MODEL: &ModelDef = &models::PRO1_MOD;
const SIZES: MemorySizes = models::PRO1_MOD.memory();
const NV: usize = image_size(&models::PRO1_MOD);
/// The one key of the model.
const KEY: KeyId = match models::PRO1_MOD.keys {
    [key] => key.id,
    _ => panic!("the board has one key"),
};
const RECORD: usize = DeviceMemory::scratch(&models::PRO1_MOD);

/// 230 V, 5 A, power factor 1: what the stub board measures.
const LOAD: Load = {
    let none = PhaseReading { voltage_mv: 0, current_ma: 0, active_mw: 0, reactive_mvar: 0 };
    let one = PhaseReading { voltage_mv: 230_000, current_ma: 5_000, active_mw: 1_150_000, reactive_mvar: 0 };
    Load { phases: [one, none, none], lines_mv: None, frequency_mhz: 50_000 }
};

/// All that the meter works in.
struct Room {
    settings: [i32; SIZES.settings],
    image: [u16; SIZES.image],
    counters: [Counter; SIZES.counters],
    sampled: [Counter; SIZES.counters],
    scratch: [u8; RECORD],
    rx: [u8; SIZES.modbus],
    tx: [u8; SIZES.modbus],
    memory: RamNv<NV>,
}

impl Room {
    const EMPTY: Self = Self {
        settings: [0; SIZES.settings],
        image: [0; SIZES.image],
        counters: [Counter::ZERO; SIZES.counters],
        sampled: [Counter::ZERO; SIZES.counters],
        scratch: [0; RECORD],
        rx: [0; SIZES.modbus],
        tx: [0; SIZES.modbus],
        memory: RamNv::from_bytes([0; NV]),
    };
}

#[entry]
fn main() -> ! {
    // The runtime hands this out once, as a reference that lives for ever.
    static mut ROOM: Room = Room::EMPTY;
    // Blank memory reads FFh; filled here, it takes no flash.
    ROOM.memory.bytes_mut().fill(0xFF);
    let memory = DeviceMemory {
        settings: &mut ROOM.settings,
        image: &mut ROOM.image,
        counters: &mut ROOM.counters,
        sampled: &mut ROOM.sampled,
        polyphase: None,
        scratch: &mut ROOM.scratch,
        ports: PortMemory { modbus: Buffers { rx: &mut ROOM.rx, tx: &mut ROOM.tx }, ..PortMemory::default() },
    };
    let mut board = Board::new();
    let mut now = Instant::ZERO;
    let mut device: Device<'_, _, ModbusPort<'_>, SegmentFace> =
        Device::new(MODEL, memory, &mut ROOM.memory, now);
    device.set_load(LOAD);
    let mut pressed = false;
    loop {
        let passed = Duration::from_micros(board.passed_us());
        now += passed;
        if board.key() != pressed {
            pressed = !pressed;
            if pressed {
                device.key_down(now, KEY);
            } else {
                device.key_up(now, KEY);
            }
        }
        while let Some(byte) = board.received() {
            device.rx(PortId::Modbus, now, &[byte]);
        }
        device.poll(now, passed);
        let mut sent = false;
        if let Some(output) = device.port_poll(PortId::Modbus, now) {
            match output {
                PortOutput::Transmit(bytes) => {
                    for byte in bytes {
                        board.send(*byte);
                    }
                    sent = true;
                }
                PortOutput::Reconfigure(line) => board.configure(line),
                PortOutput::Event => {}
            }
        }
        if sent {
            device.tx_done(PortId::Modbus, now);
        }
        let frame = device.frame(now);
        board.show(lcd::visible(frame, device.blink_on(now)), device.backlight(now));
    }
}
