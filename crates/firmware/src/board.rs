//! The stub board: serial port, clock and key of an nRF51, as QEMU's machine "microbit" has them.
//!
//! The only unsafe code of the house: registers of the chip are memory cells that change by themselves.

use core::panic::PanicInfo;
use core::ptr::{read_volatile, write_volatile};

use modbus::{LineParams, Parity};

// nRF51 Series Reference Manual: UART §29, TIMER §18, GPIO §14.
const UART_STARTRX: usize = 0x4000_2000;
const UART_STARTTX: usize = 0x4000_2008;
const UART_RXDRDY: usize = 0x4000_2108;
const UART_TXDRDY: usize = 0x4000_211C;
const UART_ENABLE: usize = 0x4000_2500;
const UART_RXD: usize = 0x4000_2518;
const UART_TXD: usize = 0x4000_251C;
const UART_BAUDRATE: usize = 0x4000_2524;
const UART_CONFIG: usize = 0x4000_256C;
const TIMER_START: usize = 0x4000_8000;
const TIMER_CAPTURE0: usize = 0x4000_8040;
const TIMER_BITMODE: usize = 0x4000_8508;
const TIMER_PRESCALER: usize = 0x4000_8510;
const TIMER_CC0: usize = 0x4000_8540;
const GPIO_IN: usize = 0x5000_0510;
const GPIO_PIN_CNF: usize = 0x5000_0700;
/// Button A pulls this pin low.
const KEY_PIN: u32 = 17;

/// Reads a register of the chip.
fn read(register: usize) -> u32 {
    // SAFETY: called with the addresses above only, which are registers of the chip: aligned, always readable.
    unsafe { read_volatile(register as *const u32) }
}

/// Writes a register of the chip.
fn write(register: usize, value: u32) {
    // SAFETY: called with the addresses above only, which are registers of the chip: aligned, always writable, and no
    // Rust object lives there.
    unsafe { write_volatile(register as *mut u32, value) }
}

/// The board.
pub struct Board {
    last_us: u32,
    /// What a display driver would send to its glass: the segments, and the backlight.
    shown: (u128, bool),
}

impl Board {
    /// The board with its port at 9600 Bd, even parity, and its clock running at 1 MHz.
    pub fn new() -> Self {
        // An input, pulled up: it is low only while the button is down.
        write(GPIO_PIN_CNF + 4 * KEY_PIN as usize, 0xC);
        write(TIMER_BITMODE, 3);
        write(TIMER_PRESCALER, 4);
        write(TIMER_START, 1);
        let board = Self { last_us: 0, shown: (0, false) };
        board.configure(LineParams::new(9_600, Parity::Even));
        write(UART_ENABLE, 4);
        write(UART_STARTRX, 1);
        write(UART_STARTTX, 1);
        board
    }

    /// Microseconds since the last call; the clock turns over after 71 minutes.
    pub fn passed_us(&mut self) -> u64 {
        write(TIMER_CAPTURE0, 1);
        let now = read(TIMER_CC0);
        let passed = now.wrapping_sub(self.last_us);
        self.last_us = now;
        u64::from(passed)
    }

    /// True while the key is down.
    pub fn key(&self) -> bool {
        read(GPIO_IN) >> KEY_PIN & 1 == 0
    }

    /// The next byte that has arrived.
    pub fn received(&mut self) -> Option<u8> {
        if read(UART_RXDRDY) == 0 {
            return None;
        }
        write(UART_RXDRDY, 0);
        Some((read(UART_RXD) & 0xFF) as u8)
    }

    /// Sends a byte and waits until it has left.
    pub fn send(&mut self, byte: u8) {
        write(UART_TXDRDY, 0);
        write(UART_TXD, u32::from(byte));
        while read(UART_TXDRDY) == 0 {}
    }

    /// Speed and parity of the port. The chip knows even parity and none; for odd it is left as it was.
    pub fn configure(&self, line: LineParams) {
        // Baud register: speed × 2^32 / 16 MHz, rounded.
        let baud = (u64::from(line.baud) << 32) / 16_000_000;
        write(UART_BAUDRATE, u32::try_from(baud).unwrap_or(u32::MAX));
        match line.parity {
            Parity::Even => write(UART_CONFIG, 0xE),
            Parity::None => write(UART_CONFIG, 0),
            Parity::Odd => {}
        }
    }

    /// Shows segments, and lights the glass.
    pub fn show(&mut self, segments: u128, backlight: bool) {
        // SAFETY: a valid, aligned field of our own; volatile so that the work of drawing is not left out.
        unsafe { write_volatile(&raw mut self.shown, (segments, backlight)) }
    }
}

/// A meter that has come to harm stands still and lets its watchdog start it anew.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
