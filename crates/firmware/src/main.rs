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
use device::{Device, DeviceMemory, image_size};
use metering::{Counter, Load, PhaseReading};
use modbus::Output;
use nv::RamNv;
use schema::{KeyId, MemorySizes, ModelDef};
use units::{Duration, Instant};

static MODEL: &ModelDef = &models::PRO1_MOD;
const SIZES: MemorySizes = models::PRO1_MOD.memory();
const NV: usize = image_size(&models::PRO1_MOD);
const RECORD: usize = DeviceMemory::scratch(&models::PRO1_MOD);

/// 230 V, 5 A, power factor 1: what the stub board measures.
const LOAD: Load = {
    let none = PhaseReading { voltage_mv: 0, current_ma: 0, active_mw: 0, reactive_mvar: 0 };
    let one = PhaseReading { voltage_mv: 230_000, current_ma: 5_000, active_mw: 1_150_000, reactive_mvar: 0 };
    Load { phases: [one, none, none], frequency_mhz: 50_000 }
};

#[entry]
fn main() -> ! {
    // The runtime hands these out once, as references that live for ever.
    static mut SETTINGS: [i32; SIZES.settings] = [0; SIZES.settings];
    static mut IMAGE: [u16; SIZES.image] = [0; SIZES.image];
    static mut COUNTERS: [Counter; SIZES.counters] = [Counter::ZERO; SIZES.counters];
    static mut SAMPLED: [Counter; SIZES.counters] = [Counter::ZERO; SIZES.counters];
    static mut SCRATCH: [u8; RECORD] = [0; RECORD];
    static mut RX: [u8; SIZES.rx] = [0; SIZES.rx];
    static mut TX: [u8; SIZES.tx] = [0; SIZES.tx];
    static mut MEMORY: RamNv<NV> = RamNv::from_bytes([0; NV]);
    // Blank memory reads FFh; filled here, it takes no flash.
    MEMORY.bytes_mut().fill(0xFF);
    let memory = DeviceMemory {
        settings: SETTINGS,
        image: IMAGE,
        counters: COUNTERS,
        sampled: SAMPLED,
        scratch: SCRATCH,
        rx: RX,
        tx: TX,
    };
    let mut board = Board::new();
    let mut now = Instant::ZERO;
    let mut device = Device::new(MODEL, memory, MEMORY, now);
    device.set_load(LOAD);
    let mut pressed = false;
    loop {
        let passed = Duration::from_micros(board.passed_us());
        now += passed;
        if board.key() != pressed {
            pressed = !pressed;
            if pressed {
                device.key_down(now, KeyId(0));
            } else {
                device.key_up(now, KeyId(0));
            }
        }
        while let Some(byte) = board.received() {
            device.bus_rx(now, &[byte]);
        }
        device.poll(now, passed);
        let mut sent = false;
        if let Some(output) = device.bus_poll(now) {
            match output {
                Output::Transmit(bytes) => {
                    for byte in bytes {
                        board.send(*byte);
                    }
                    sent = true;
                }
                Output::Reconfigure(line) => board.configure(line),
                Output::Event(_) => {}
            }
        }
        if sent {
            device.bus_tx_done(now);
        }
        let frame = device.frame(now);
        board.show(lcd::visible(frame, device.blink_on(now)), device.backlight(now));
    }
}
