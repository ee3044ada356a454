//! A meter with time, spoken to over its bus byte by byte.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod glass;
pub mod matrix;

use device::PortOutput;
use models::Entry;
use rig::{MeterSpec, Twin};
use schema::PortId;
use units::{Duration, Instant};

/// CRC-16/MODBUS, low byte first, bit by bit (Modbus over serial line V1.02 §6.2.2).
pub fn crc(bytes: &[u8]) -> [u8; 2] {
    let mut register = 0xFFFFu16;
    for byte in bytes {
        register ^= u16::from(*byte);
        for _ in 0..8 {
            register = if register & 1 == 1 { register >> 1 ^ 0xA001 } else { register >> 1 };
        }
    }
    register.to_le_bytes()
}

/// The bytes of hexadecimal text.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// What a request that no exception met brought, or the exception's code.
pub type Answer = Result<Vec<u16>, u8>;

/// Every model.
pub fn families() -> impl Iterator<Item = &'static Entry> + Clone {
    models::ALL.iter()
}

/// A meter.
pub struct Meter {
    pub twin: Twin,
    pub now: Instant,
}

impl Meter {
    /// As from the factory.
    pub fn new(entry: &'static Entry) -> Self {
        Self { twin: Twin::new(entry, None, Instant::ZERO), now: Instant::ZERO }
    }

    /// The meter of a description such as `pro1-mod modbus-id=2`.
    pub fn of(text: &str) -> Self {
        let twin = MeterSpec::parse(text).unwrap().build(None, Instant::ZERO).unwrap();
        let mut meter = Self { twin, now: Instant::ZERO };
        meter.twin.device_mut().take_reading();
        meter
    }

    /// Lets time pass.
    pub fn pass(&mut self, span: Duration) {
        self.now += span;
        self.twin.poll(self.now, span);
    }

    /// Sends bytes to its wired bus; what is answered, and nothing for silence.
    pub fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        let port = self.twin.entry().def.wired().unwrap_or(PortId::Modbus);
        let now = self.now;
        self.twin.device_mut().rx(port, now, bytes);
        let mut answer = Vec::new();
        // 3.5 characters at 300 Bd, before which no answer begins, are 128 ms.
        for round in 0..14 {
            if round >= 6 && !answer.is_empty() {
                break;
            }
            self.pass(Duration::from_millis(15));
            let now = self.now;
            let mut sent = false;
            while let Some(output) = self.twin.device_mut().port_poll(port, now) {
                if let PortOutput::Transmit(bytes) = output {
                    answer.extend_from_slice(bytes);
                    sent = true;
                }
            }
            if sent {
                self.twin.device_mut().tx_done(port, now);
                while self.twin.device_mut().port_poll(port, now).is_some() {}
            }
        }
        answer
    }

    /// Asks the meter at its own id; the answer without id and CRC, which are checked.
    #[track_caller]
    pub fn ask(&mut self, pdu: &[u8]) -> Vec<u8> {
        let (_, unit) = self.twin.device().address(PortId::Modbus).unwrap();
        let mut frame = vec![unit];
        frame.extend_from_slice(pdu);
        frame.extend(crc(&frame));
        let answer = self.send(&frame);
        let (body, check) = answer.split_at_checked(answer.len().wrapping_sub(2)).expect("an answer");
        assert_eq!(check, crc(body), "{answer:02X?}");
        assert_eq!(body[0], unit);
        body[1..].to_vec()
    }

    /// Reads by function 03 or 04.
    #[track_caller]
    pub fn read_by(&mut self, function: u8, addr: u16, count: u16) -> Answer {
        let [a, b] = addr.to_be_bytes();
        let [c, d] = count.to_be_bytes();
        let answer = self.ask(&[function, a, b, c, d]);
        if answer[0] == function | 0x80 {
            return Err(answer[1]);
        }
        assert_eq!((answer[0], usize::from(answer[1])), (function, answer.len() - 2));
        Ok(answer[2..].chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect())
    }

    /// Reads by function 03.
    #[track_caller]
    pub fn read(&mut self, addr: u16, count: u16) -> Answer {
        self.read_by(3, addr, count)
    }

    /// Writes one word by function 06.
    #[track_caller]
    pub fn write(&mut self, addr: u16, word: u16) -> Result<(), u8> {
        let ([a, b], [c, d]) = (addr.to_be_bytes(), word.to_be_bytes());
        let answer = self.ask(&[6, a, b, c, d]);
        if answer[0] == 0x86 {
            return Err(answer[1]);
        }
        assert_eq!(answer, [6, a, b, c, d], "the answer is the request");
        Ok(())
    }

    /// Writes words by function 16.
    #[track_caller]
    pub fn write_many(&mut self, addr: u16, words: &[u16]) -> Result<(), u8> {
        let [a, b] = addr.to_be_bytes();
        let count = u8::try_from(words.len()).unwrap();
        let mut pdu = vec![16, a, b, 0, count, count.wrapping_mul(2)];
        pdu.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        let answer = self.ask(&pdu);
        if answer[0] == 0x90 {
            return Err(answer[1]);
        }
        assert_eq!(answer, [16, a, b, 0, count]);
        Ok(())
    }
}
