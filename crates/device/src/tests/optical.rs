//! The infrared window: sign-on, read-out, and the register map through the programming mode.

use iec62056::control::{ACK, ETX, NAK, SOH, STX};
use iec62056::{LineParams, MESSAGE_BUFFER, Message};
use schema::OpticalRefusal;

use super::*;

const IR: PortId = PortId::Optical;

/// A head before the window, and the wired bus beside it.
impl<N: Nv> Line<N> {
    /// Sends characters and takes what comes back, at the speeds at which it came.
    fn light(&mut self, bytes: &[u8]) -> (Vec<u8>, Vec<u32>) {
        self.device.rx(IR, self.now, bytes);
        let (mut heard, mut speeds) = (Vec::new(), Vec::new());
        for _ in 0..40 {
            self.pass(Duration::from_millis(10));
            let mut sent = true;
            while sent {
                sent = false;
                while let Some(output) = self.device.port_poll(IR, self.now) {
                    match output {
                        PortOutput::Transmit(bytes) => {
                            heard.extend_from_slice(bytes);
                            sent = true;
                        }
                        PortOutput::Reconfigure(line) => speeds.push(line.baud),
                        PortOutput::Event => {}
                    }
                }
                if sent {
                    self.device.tx_done(IR, self.now);
                }
            }
        }
        (heard, speeds)
    }

    #[track_caller]
    fn message(&mut self, command: &[u8; 2], data: &str) -> String {
        let mut bytes = [0; MESSAGE_BUFFER];
        let n = Message { command: *command, data: Some(data) }.emit(&mut bytes).unwrap();
        let (heard, _) = self.light(&bytes[..n]);
        match heard.as_slice() {
            [] => "silence".into(),
            [ACK] => "ACK".into(),
            [NAK] => "NAK".into(),
            [SOH, ..] => {
                let message = Message::parse(&heard).unwrap();
                let data = message.data.unwrap_or_default();
                format!("{}{data}", String::from_utf8_lossy(&message.command))
            }
            [STX, data @ .., ETX, _] => String::from_utf8(data.to_vec()).unwrap(),
            other => format!("{other:02X?}"),
        }
    }

    /// Signs on and opens the programming mode.
    #[track_caller]
    fn open(&mut self) {
        let (heard, _) = self.light(b"/?!\r\n");
        assert_eq!(heard, b"/INM5SMALL-2.18\r\n");
        let (heard, speeds) = self.light(b"\x06051\r\n");
        assert_eq!(&heard[..heard.len() - 1], b"\x01P0\x02(13070001)\x03");
        assert_eq!(speeds, [9_600]);
    }

    #[track_caller]
    fn unlock(&mut self) {
        self.open();
        assert_eq!(self.message(b"P1", "(0000)"), "ACK");
    }
}

#[test]
fn the_buffers_take_a_message() {
    assert_eq!(SIZES.optical, MESSAGE_BUFFER);
}

#[test]
fn a_read_out_has_the_lines_of_the_description() {
    let mut line = Line::new(device());
    line.device.set_load(load(-3_600));
    line.pass(Duration::from_secs(10));
    assert_eq!(line.light(b"/?12345678!\r\n").0, [], "another meter is called");
    assert_eq!(line.device.port_line(IR), Some(LineParams::optical(300)));
    assert_eq!(line.light(b"/?13070001!\r\n").0, b"/INM5SMALL-2.18\r\n");
    let (heard, speeds) = line.light(b"\x06050\r\n");
    let text = String::from_utf8(heard).unwrap();
    let lines = "\x020.0.0(13070001)\r\n1.8.0(000000.00*kWh)\r\n1.7.0(-03.600*kW)\r\n!\r\n\x03";
    assert_eq!(&text[..text.len() - 1], lines);
    assert_eq!(speeds, [9_600]);
    // An acknowledgement ends it.
    assert_eq!(line.light(b"\x06").1, [300]);
}

#[test]
fn the_lines_show_what_the_registers_show() {
    let mut line = Line::new(device());
    line.device.set_load(load(3_600));
    line.pass(Duration::from_millis(1_235_900));
    line.open();
    // 1236 to 1239 Wh, cut off as a counter is.
    assert_eq!(line.message(b"R1", "1.8.0()"), "1.8.0(000001.23*kWh)");
    assert_eq!(line.message(b"R1", "6000()"), "6000(1.23)");
    assert_eq!(line.message(b"R1", "5000()"), "5000(3.600)");
}

#[test]
fn registers_are_read_by_their_addresses() {
    let mut line = Line::new(device());
    line.open();
    for (address, value) in
        [("4000", "13070001"), ("4002", "0101"), ("4004", "9600"), ("400D", "1000.00"), ("1018", "1")]
    {
        assert_eq!(line.message(b"R1", &format!("{address}()")), format!("{address}({value})"));
    }
    assert_eq!(line.message(b"R1", "400d(1)"), "400d(1000.00)");
    for nowhere in ["4001", "4005", "FFFF", "", "x", "04000", "+400", "9.9.9"] {
        assert_eq!(line.message(b"R1", &format!("{nowhere}()")), "(ERR01)", "{nowhere}");
    }
}

#[test]
fn writes_want_the_password_and_a_value_of_the_setting() {
    let mut line = Line::new(device());
    line.open();
    assert_eq!(line.message(b"W1", "4010(25)"), "(ERR04)");
    line.message(b"P1", "(1234)");
    assert_eq!(line.message(b"W1", "4010(25)"), "silence", "the session is over");
    line.unlock();
    assert_eq!(line.message(b"W1", "4010(25)"), "ACK");
    assert_eq!(line.message(b"R1", "4010()"), "4010(25)");
    assert_eq!(line.device.setting(SettingId::ScrollTime), Some(25));
    for (data, refusal) in [
        ("4010(31)", OpticalRefusal::Range),
        ("4010(+5)", OpticalRefusal::Range),
        ("4010()", OpticalRefusal::Range),
        ("4010(12.5)", OpticalRefusal::Range),
        ("400D(11)", OpticalRefusal::Range),
        ("6049(1)", OpticalRefusal::Range),
        ("4011(1)(2)", OpticalRefusal::Range),
        ("4002(0101)", OpticalRefusal::ReadOnly),
        ("4002(x)", OpticalRefusal::ReadOnly),
        ("5000(1)", OpticalRefusal::ReadOnly),
        ("1.8.0(0)", OpticalRefusal::ReadOnly),
        ("4001(1)", OpticalRefusal::Unknown),
    ] {
        let before = line.device.nv().clone();
        assert_eq!(line.message(b"W1", data), format!("(ERR{:02})", refusal.number()), "{data}");
        assert_eq!(line.device.nv(), &before, "{data}");
    }
    for (data, id, value) in [
        ("4000(13070042)", SettingId::Serial, 13_070_042),
        ("400D(10)", SettingId::S0Rate, 1_000),
        ("400D(1000.00)", SettingId::S0Rate, 100_000),
        ("6048(2)", SettingId::Tariff, 2),
        ("1018(5)", SettingId::ModbusId, 5),
    ] {
        assert_eq!(line.message(b"W1", data), "ACK", "{data}");
        assert_eq!(line.device.setting(id), Some(value), "{data}");
    }
}

#[test]
fn commands_are_given_by_their_registers() {
    let mut line = Line::new(device());
    line.device.set_load(load(3_600));
    line.pass(Duration::from_secs(100));
    line.device.power(line.now, false);
    line.device.power(line.now, true);
    line.device.set_load(load(0));
    line.unlock();
    assert_eq!(line.message(b"R1", "6049()"), "6049(0.10)");
    assert_eq!(line.message(b"W1", "6049(0)"), "ACK");
    assert_eq!(line.message(b"R1", "6049()"), "6049(0.00)");
    assert_eq!(line.message(b"W1", "4016(7)"), "ACK");
    assert_eq!(line.message(b"R1", "4016()"), "4016(0)");
}

#[test]
fn another_password_opens_once_the_setting_has_changed() {
    let mut line = Line::new(device());
    line.device.apply(Door::Panel, &[(SettingId::Password, 70)]).unwrap();
    for wrong in ["(0000)", "(70)", "(00000070)", "(+070)", "()"] {
        line.open();
        assert_eq!(line.message(b"P1", wrong), "B0", "{wrong}");
        assert!(!line.device.ports().optical.as_ref().unwrap().is_open());
    }
    line.open();
    assert_eq!(line.message(b"P1", "(0070)"), "ACK");
}

#[test]
fn a_new_id_holds_on_the_wired_bus_at_once() {
    let mut line = Line::new(device());
    line.unlock();
    assert_eq!(line.message(b"W1", "4003(9)"), "ACK");
    assert_eq!(line.device.port_poll_at(PortId::Modbus), Some(Instant::ZERO));
    assert_eq!(line.ask(&[1, 3, 0x40, 0x03, 0, 1]), []);
    assert_eq!(line.ask(&[9, 3, 0x40, 0x03, 0, 1]), [9, 3, 2, 0, 9]);
    assert_eq!(line.message(b"W1", "4004(4800)"), "ACK");
    while line.device.port_poll(PortId::Modbus, line.now).is_some() {}
    assert_eq!(line.device.port_line(PortId::Modbus).unwrap().baud, 4_800);
}

#[test]
fn a_change_waits_for_an_answer_on_the_wired_bus() {
    let mut line = Line::new(device());
    line.unlock();
    let frame = [1, 3, 0x40, 0x03, 0, 1];
    line.device.rx(PortId::Modbus, line.now, &[&frame[..], &crc::wire(&frame)].concat());
    line.pass(Duration::from_millis(30));
    assert!(matches!(line.device.port_poll(PortId::Modbus, line.now), Some(PortOutput::Transmit(_))));
    assert_eq!(line.message(b"W1", "4004(4800)"), "ACK");
    assert_eq!(line.device.port_line(PortId::Modbus).unwrap().baud, 9_600, "the answer is still on its way");
    line.device.tx_done(PortId::Modbus, line.now);
    while line.device.port_poll(PortId::Modbus, line.now).is_some() {}
    assert_eq!(line.device.port_line(PortId::Modbus).unwrap().baud, 4_800);
}

#[test]
fn a_power_cut_ends_the_session() {
    let mut line = Line::new(device());
    line.unlock();
    assert_eq!(line.message(b"W1", "4010(25)"), "ACK");
    line.device.power(line.now, false);
    assert_eq!(line.message(b"R1", "4010()"), "silence");
    line.device.power(line.now, true);
    assert_eq!(line.light(b"").1, [300]);
    assert_eq!(line.message(b"R1", "4010()"), "silence");
    line.open();
    assert_eq!(line.message(b"R1", "4010()"), "4010(25)");
    assert_eq!(line.message(b"W1", "4010(26)"), "(ERR04)");
}

#[test]
fn a_stopped_meter_can_be_read_and_not_written() {
    let mut line = Line::new(device());
    line.unlock();
    line.device.set_program_good(false);
    assert_eq!(line.message(b"R1", "4010()"), "4010(10)");
    assert_eq!(line.message(b"W1", "4010(25)"), "(ERR05)");
    assert_eq!(line.message(b"W1", "6049(0)"), "(ERR05)");
    assert_eq!(line.device.setting(SettingId::ScrollTime), Some(10));
}

#[test]
fn the_reaction_time_is_the_descriptions_until_somebody_sets_it() {
    let mut line = Line::new(device());
    line.device.rx(IR, line.now, b"/?!\r\n");
    assert_eq!(line.device.port_poll_at(IR), Some(line.now + Duration::from_millis(200)));
    line.device.power(line.now, false);
    line.device.power(line.now, true);
    line.device.ports_mut().optical.as_mut().unwrap().set_reaction(Duration::from_millis(800));
    line.device.rx(IR, line.now, b"/?!\r\n");
    assert_eq!(line.device.port_poll_at(IR), Some(line.now + Duration::from_millis(800)));
}
