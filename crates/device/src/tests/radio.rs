//! The radio: it hears only while it is on, sends in packets, and writes only after the password.

use units::LineParams;

use super::face;
use super::*;

const RADIO: PortId = PortId::Radio;
const LOCK: u16 = 0x7000;

/// What a master at the radio has to do with.
struct Phone {
    line: face::Meter,
    /// The length of each packet of the last answer.
    packets: Vec<usize>,
}

impl Phone {
    fn new() -> Self {
        Self { line: face::start(RamNv::new()), packets: Vec::new() }
    }

    /// The same with the radio on.
    fn on() -> Self {
        let mut phone = Self::new();
        phone.line.touch("H*<");
        assert!(phone.line.device.bluetooth(phone.line.now));
        phone
    }

    /// Sends a frame without its CRC in chunks and returns the answer without its CRC; empty for silence.
    fn ask_in(&mut self, frame: &[u8], chunk: usize) -> Vec<u8> {
        let bytes = [frame, &crc::wire(frame)].concat();
        for part in bytes.chunks(chunk) {
            self.line.device.rx(RADIO, self.line.now, part);
            self.line.pass(Duration::from_millis(100));
        }
        let mut answer = Vec::new();
        self.packets.clear();
        for _ in 0..600 {
            let mut sent = false;
            while let Some(output) = self.line.device.port_poll(RADIO, self.line.now) {
                if let PortOutput::Transmit(packet) = output {
                    assert!(!sent, "one packet after the other");
                    answer.extend_from_slice(packet);
                    self.packets.push(packet.len());
                    sent = true;
                }
            }
            if sent {
                self.line.device.tx_done(RADIO, self.line.now);
            }
            self.line.pass(Duration::from_millis(1));
        }
        if !answer.is_empty() {
            assert!(crc::holds(&answer));
            answer.truncate(answer.len() - 2);
        }
        answer
    }

    fn ask(&mut self, frame: &[u8]) -> Vec<u8> {
        self.ask_in(frame, 20)
    }

    fn unlock(&mut self, digits: u16) -> Vec<u8> {
        let ([a, b], [c, d]) = (LOCK.to_be_bytes(), digits.to_be_bytes());
        self.ask(&[1, 0x10, a, b, 0, 1, 2, c, d])
    }
}

const READ: [u8; 6] = [1, 3, 0x40, 0x10, 0, 1];
const WRITE: [u8; 6] = [1, 6, 0x40, 0x10, 0, 0x25];

#[test]
fn nothing_is_heard_while_it_is_off() {
    let mut phone = Phone::new();
    assert_eq!(phone.ask(&READ), []);
    assert_eq!(phone.line.device.port_poll_at(RADIO), None);
    let mut phone = Phone::on();
    assert_eq!(phone.ask(&READ), [1, 3, 2, 0, 5]);
    phone.line.touch("H*");
    assert!(!phone.line.device.bluetooth(phone.line.now), "switched off at the keys");
    assert_eq!(phone.ask(&READ), []);
}

#[test]
fn frames_come_whole_out_of_packets_of_any_size_and_leave_in_packets() {
    let mut phone = Phone::on();
    for chunk in [1, 3, 7, 20] {
        assert_eq!(phone.ask_in(&READ, chunk), [1, 3, 2, 0, 5], "{chunk}");
        assert_eq!(phone.packets, [7]);
    }
    // 41 bytes of values, three of head and two of check: three packets.
    let mut rows = vec![1, 3, 0x40, 0x0F, 0, 19];
    let answer = phone.ask(&rows);
    assert_eq!((answer.len(), &phone.packets[..]), (41, &[20, 20, 3][..]));
    rows[1] = 0x2B;
    assert_eq!(phone.ask(&rows), [1, 0xAB, 1], "an unknown function, judged when nothing more comes");
}

#[test]
fn use_keeps_it_on_and_silence_lets_it_go_off() {
    let mut phone = Phone::on();
    for _ in 0..4 {
        phone.line.pass(Duration::from_secs(100));
        assert_eq!(phone.ask(&READ).len(), 5);
        assert!(!phone.line.lines().contains("telephone"), "that sign is of the buses");
    }
    phone.line.pass(Duration::from_secs(60));
    assert_eq!(phone.ask(&[9, 3, 0x40, 0x10, 0, 1]), [], "another meter is meant");
    phone.line.pass(Duration::from_secs(60));
    assert!(!phone.line.device.bluetooth(phone.line.now), "what is not answered is no use");
    assert_eq!(phone.ask(&READ), []);
}

#[test]
fn writes_need_the_password_of_this_connection() {
    let mut phone = Phone::on();
    let scroll = |phone: &Phone| phone.line.device.setting(SettingId::ScrollTime);
    let unlocked =
        |phone: &Phone| phone.line.device.ports().radio.as_ref().is_some_and(RadioPort::is_unlocked);
    assert_eq!(phone.ask(&WRITE), [1, 0x86, 1], "locked");
    assert_eq!(phone.unlock(0x1234), [1, 0x90, 3], "a wrong password");
    assert_eq!(phone.unlock(0x000A), [1, 0x90, 3], "no digits");
    assert_eq!((phone.ask(&WRITE), scroll(&phone)), (vec![1, 0x86, 1], Some(5)));
    assert_eq!(phone.unlock(0), [1, 0x10, 0x70, 0, 0, 1]);
    assert!(unlocked(&phone));
    assert_eq!((phone.ask(&WRITE), scroll(&phone)), (WRITE.to_vec(), Some(25)));
    assert_eq!(phone.ask(&[1, 6, 0x40, 0x10, 0, 0x31]), [1, 0x86, 3], "out of range");
    assert_eq!(phone.ask(&[1, 3, 0x70, 0, 0, 1]), [1, 0x83, 2], "the password cannot be read");
    // Locked again by a wrong one, by the end of the connection, and by the radio.
    phone.unlock(0x4321);
    assert_eq!(phone.ask(&WRITE), [1, 0x86, 1]);
    phone.unlock(0);
    phone.line.device.hang_up();
    assert_eq!(phone.ask(&WRITE), [1, 0x86, 1]);
    phone.unlock(0);
    assert!(unlocked(&phone));
    phone.line.pass(Duration::from_secs(120));
    assert!(!unlocked(&phone));
    phone.line.touch("H*<");
    assert_eq!(phone.ask(&WRITE), [1, 0x86, 1]);
    phone.unlock(0);
    phone.line.device.power(phone.line.now, false);
    phone.line.device.power(phone.line.now, true);
    phone.line.touch("H*<");
    assert_eq!(phone.ask(&WRITE), [1, 0x86, 1]);
}

#[test]
fn the_password_of_the_keys_is_that_of_the_radio() {
    let mut phone = Phone::on();
    phone.line.device.apply(Door::Panel, &[(SettingId::Password, 1_907)]).unwrap();
    assert_eq!(phone.unlock(0), [1, 0x90, 3]);
    assert_eq!(phone.unlock(0x1907).len(), 6);
    assert!(phone.line.device.apply(Door::Radio, &[(SettingId::Password, 1)]).is_err());
}

#[test]
fn on_the_bus_there_is_no_password() {
    let mut phone = Phone::on();
    assert_eq!(phone.line.ask(&WRITE), WRITE);
    assert_eq!(phone.line.ask(&[1, 0x10, 0x70, 0, 0, 1, 2, 0, 0]), [1, 0x90, 2]);
}

#[test]
fn a_new_id_holds_when_the_answer_has_left_whoever_changed_it() {
    let mut phone = Phone::on();
    phone.unlock(0);
    let change = [1, 6, 0x40, 0x03, 0, 7];
    assert_eq!(phone.ask(&change), change, "answered by the id that was asked");
    assert_eq!(phone.ask(&READ), []);
    let mut read = READ;
    read[0] = 7;
    assert_eq!(phone.ask(&read).len(), 5);
    phone.line.device.apply(Door::Bus, &[(SettingId::ModbusId, 9)]).unwrap();
    assert_eq!(phone.line.device.port_poll_at(RADIO), Some(Instant::ZERO));
    assert_eq!(phone.line.device.port_poll(RADIO, phone.line.now), None);
    read[0] = 9;
    assert_eq!(phone.ask(&read).len(), 5);
    assert_eq!(phone.line.device.address(RADIO), Some((LineParams::RADIO, 9)));
}
