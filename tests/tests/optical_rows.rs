//! The infrared window of every model that has one: the read-out to the character, each register of either map read by
//! its address, each setting written as far as its range goes, and every refusal by its number.

mod common;

use std::path::Path;

use commission::optical::writable;
use common::Meter;
use device::PortOutput;
use expect_test::expect_file;
use iec62056::control::{ACK, ETX, SOH, STX};
use iec62056::{Bcc, MESSAGE_BUFFER, Message};
use models::{ALL, Entry};
use schema::{
    Access, Argument, Codec, Kind, ModelDef, ObisDef, OpticalDef, OpticalRefusal, PortId, RegisterDef,
    SettingDef, Source,
};
use units::decimal::Decimal;
use units::{Duration, LineParams};

const WINDOW: PortId = PortId::Optical;

/// The models with an infrared window, and what they say there.
fn with_window() -> impl Iterator<Item = (&'static Entry, OpticalDef)> {
    ALL.iter().filter_map(|entry| Some((entry, entry.def.optical?)))
}

/// A head on the window of a meter in which hardly a value is 0. No load time passes, so that no value changes but by a
/// write.
struct Window {
    meter: Meter,
}

impl Window {
    fn of(entry: &'static Entry) -> Self {
        let energies = "energy.forward=1234.56 energy.reverse.t2=7.89 energy.reactive.forward.t2=98765.43 \
                        energy.reactive.reverse=0.27 energy.trip=5.86";
        let load = "load=\"L1 231.4V 7.5A pf 0.83 lead export\"";
        let mut meter = Meter::of(&format!("{} {load} {energies}", entry.def.slug));
        // A power cut, so that there is something for each command to reset.
        let now = meter.now;
        meter.twin.device_mut().power(now, false);
        meter.twin.device_mut().power(now, true);
        meter.twin.device_mut().take_reading();
        Self { meter }
    }

    /// Sends characters and waits for two seconds at most: all that is answered.
    fn say(&mut self, characters: &[u8]) -> Vec<u8> {
        let now = self.meter.now;
        self.meter.twin.device_mut().rx(WINDOW, now, characters);
        let mut heard = Vec::new();
        for _ in 0..200 {
            self.meter.now += Duration::from_millis(10);
            let now = self.meter.now;
            self.meter.twin.poll(now, Duration::ZERO);
            loop {
                let mut sent = false;
                while let Some(output) = self.meter.twin.device_mut().port_poll(WINDOW, now) {
                    if let PortOutput::Transmit(bytes) = output {
                        heard.extend_from_slice(bytes);
                        sent = true;
                    }
                }
                if !sent {
                    break;
                }
                self.meter.twin.device_mut().tx_done(WINDOW, now);
            }
            if !heard.is_empty() {
                break;
            }
        }
        heard
    }

    /// What a message of the programming mode is answered with: `ACK`, or the data of a good answer.
    #[track_caller]
    fn message(&mut self, command: &[u8; 2], data: &str) -> String {
        let mut bytes = [0; MESSAGE_BUFFER];
        let n = Message { command: *command, data: Some(data) }.emit(&mut bytes).unwrap();
        let heard = self.say(&bytes[..n]);
        match heard.as_slice() {
            [ACK] => "ACK".into(),
            [STX, data @ .., ETX, check] => {
                let mut bcc = Bcc::of(data);
                bcc.add(ETX);
                assert_eq!(*check, bcc.value(), "{heard:02X?}");
                String::from_utf8(data.to_vec()).unwrap()
            }
            other => panic!("{} {data}: {other:02X?}", String::from_utf8_lossy(command)),
        }
    }

    /// Signs on and opens the programming mode.
    #[track_caller]
    fn open(&mut self) {
        assert!(!self.say(b"/?!\r\n").is_empty(), "signed on");
        let speed = self.proposed();
        let heard = self.say(&[&[ACK, b'0', speed][..], b"1\r\n"].concat());
        assert_eq!(heard.get(..3), Some(&[SOH, b'P', b'0'][..]), "{heard:02X?}");
    }

    /// The same, and gives the password.
    #[track_caller]
    fn unlock(&mut self) {
        self.open();
        assert_eq!(self.message(b"P1", "(0000)"), "ACK");
    }

    /// The character of the speed that the meter proposes (IEC 62056-21 §6.3.14).
    fn proposed(&self) -> u8 {
        let baud = self.def().optical.unwrap().baud;
        let place = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200].iter().position(|it| *it == baud);
        b'0' + u8::try_from(place.unwrap()).unwrap()
    }

    #[track_caller]
    fn read(&mut self, address: &str) -> String {
        self.message(b"R1", &format!("{address}()"))
    }

    #[track_caller]
    fn write(&mut self, address: &str, value: &str) -> String {
        self.message(b"W1", &format!("{address}({value})"))
    }

    fn line(&self) -> LineParams {
        self.meter.twin.device().port_line(WINDOW).unwrap()
    }

    fn def(&self) -> &'static ModelDef {
        self.meter.twin.entry().def
    }

    fn settings(&self) -> Vec<Option<i32>> {
        self.def().all_settings().map(|setting| self.meter.twin.device().setting(setting.id)).collect()
    }

    /// The value that a line shows, in the unit and with the decimals that it has there.
    fn value(&self, line: &ObisDef) -> i64 {
        self.def().unit(line.source).at(self.meter.twin.device().works().source(line.source), line.decimals)
    }

    /// The words of a row, encoded from the meter's value.
    fn words(&self, row: &RegisterDef) -> Vec<u16> {
        let value = self.meter.twin.device().works().source(row.source);
        let words = row.codec.encode(value, self.def().unit(row.source));
        words[..usize::from(row.codec.words())].to_vec()
    }
}

/// Characters as a golden file has them: a line each, control characters by their names.
fn text(characters: &[u8]) -> String {
    let mut text = String::new();
    for character in characters {
        match *character {
            b'\r' => {}
            b'\n' => text.push('\n'),
            STX => text.push_str("<STX>"),
            ETX => text.push_str("<ETX>"),
            printed @ b' '..=b'~' => text.push(char::from(printed)),
            other => text.push_str(&format!("<{other:02X}>")),
        }
    }
    text
}

/// What stands in registers, as a data set says it.
fn said(codec: Codec, words: &[u16]) -> String {
    match (codec, words) {
        (Codec::U16, [word]) => word.to_string(),
        (Codec::Bcd16, [word]) => format!("{word:X}"),
        (Codec::Hex16, [word]) => format!("{word:04X}"),
        (Codec::Bcd32 | Codec::Hex32, [high, low]) => format!("{high:04X}{low:04X}"),
        (Codec::F32 { decimals }, [high, low]) => {
            let real = f32::from_bits(u32::from(*high) << 16 | u32::from(*low));
            format!("{real:.*}", usize::from(decimals))
        }
        (Codec::Direction { .. }, [0]) => "0".into(),
        (Codec::Direction { .. }, [word]) => String::from_utf8(word.to_be_bytes().to_vec()).unwrap(),
        (codec, words) => panic!("no data set is known for {codec:?} {words:04X?}"),
    }
}

fn refusal(why: OpticalRefusal) -> String {
    format!("(ERR{:02})", why.number())
}

/// Every row of either map, and the row whose value it shows.
fn rows(def: &'static ModelDef) -> Vec<(&'static RegisterDef, &'static RegisterDef)> {
    let all = def.registers.iter().flat_map(|block| block.rows);
    all.map(|row| match row.source {
        Source::Same(addr) => (row, def.register(addr).unwrap().1),
        _ => (row, row),
    })
    .collect()
}

/// A value of a setting that it does not have now, and one that is none of its values.
fn good_and_bad(setting: &SettingDef, now: i32) -> (i64, i64) {
    let (good, bad) = match setting.kind {
        Kind::Int { min, max } => (if now == max { min } else { max }, i64::from(max) + 1),
        Kind::OneOf(choices) => {
            let other = choices.iter().rev().map(|choice| choice.value).find(|value| *value != now);
            (other.unwrap(), choices.iter().map(|choice| i64::from(choice.value)).max().unwrap() + 1)
        }
        Kind::Ratio => (if now == 55 { 11 } else { 55 }, 7),
        Kind::Digits(count) => (13_070_042 % 10i32.pow(count.into()), 10i64.pow(count.into())),
    };
    (good.into(), bad)
}

/// A value as a head writes it.
fn written(setting: &SettingDef, value: i64) -> String {
    Decimal { value, decimals: setting.unit.decimals() }.to_string()
}

#[test]
fn golden_read_out() {
    for (entry, def) in with_window() {
        let mut window = Window::of(entry);
        assert_eq!(window.line(), LineParams::optical(def.sign_on_baud));
        let mut session = text(&window.say(b"/?!\r\n"));
        let speed = window.proposed();
        session.push_str(&text(&window.say(&[&[ACK, b'0', speed][..], b"0\r\n"].concat())));
        session.push('\n');
        assert_eq!(window.line(), LineParams::optical(def.baud));
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(entry.def.slug);
        expect_file![golden.join("read-out.txt")].assert_eq(&session);
        // Staying at the speed of the sign-on gives the same characters.
        window.say(&[ACK]);
        let mut slow = text(&window.say(b"/?!\r\n"));
        slow.push_str(&text(&window.say(&[&[ACK][..], b"000\r\n"].concat())));
        assert_eq!(window.line(), LineParams::optical(def.sign_on_baud));
        assert_eq!(format!("{slow}\n"), session);
    }
}

#[test]
fn every_line_says_what_its_row_says() {
    for (entry, def) in with_window() {
        let mut window = Window::of(entry);
        window.say(b"/?!\r\n");
        let heard = window.say(&[&[ACK, b'0', window.proposed()][..], b"0\r\n"].concat());
        let [STX, body @ .., ETX, check] = heard.as_slice() else { panic!("{heard:02X?}") };
        assert_eq!(*check, {
            let mut bcc = Bcc::of(body);
            bcc.add(ETX);
            bcc.value()
        });
        let body = String::from_utf8(body.to_vec()).unwrap();
        let mut lines: Vec<&str> = body.split_terminator("\r\n").collect();
        assert_eq!(lines.pop(), Some("!"));
        assert_eq!(lines.len(), def.lines.len());
        for (line, row) in lines.iter().zip(def.lines) {
            let value = window.value(row);
            let (code, rest) = line.split_once('(').unwrap();
            let inner = rest.strip_suffix(')').unwrap();
            let (number, unit) = inner.split_once('*').unwrap_or((inner, ""));
            assert_eq!((code, unit), (row.code, row.unit), "{line}");
            let (whole, behind) = number.split_once('.').unwrap_or((number, ""));
            assert_eq!(whole.trim_start_matches('-').len(), usize::from(row.digits), "{line}");
            assert_eq!(behind.len(), usize::from(row.decimals), "{line}");
            assert_eq!(format!("{whole}{behind}").parse(), Ok(value), "{line}");
        }
        // One by one, by their codes.
        let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
        window.say(&[ACK]);
        window.open();
        for (line, row) in lines.iter().zip(def.lines) {
            assert_eq!(window.read(row.code), *line);
        }
    }
}

#[test]
fn every_register_of_either_map_is_read_by_its_address() {
    for (entry, _) in with_window() {
        let mut window = Window::of(entry);
        window.open();
        for (row, shown) in rows(entry.def) {
            let address = format!("{:04X}", row.addr);
            let expected = format!("{address}({})", said(row.codec, &window.words(shown)));
            assert_eq!(window.read(&address), expected);
            assert_eq!(
                window.read(&address.to_lowercase()),
                expected.replacen(&address, &address.to_lowercase(), 1)
            );
        }
    }
}

#[test]
fn between_the_registers_nothing_stands() {
    for (entry, _) in with_window() {
        let mut window = Window::of(entry);
        window.unlock();
        let begins = |addr: u16| rows(entry.def).iter().any(|(row, _)| row.addr == addr);
        let unknown = refusal(OpticalRefusal::Unknown);
        let mut asked = 0;
        for (row, _) in rows(entry.def) {
            for addr in [row.addr - 1, row.addr + 1].into_iter().filter(|addr| !begins(*addr)) {
                assert_eq!(window.read(&format!("{addr:04X}")), unknown, "{addr:04X}");
                assert_eq!(window.write(&format!("{addr:04X}"), "1"), unknown, "{addr:04X}");
                asked += 1;
            }
        }
        assert!(asked > 100, "{asked}");
    }
}

#[test]
fn every_setting_that_the_window_may_write_takes_a_good_value_and_refuses_a_bad_one() {
    for (entry, _) in with_window() {
        let mut taken = Vec::new();
        for (row, shown) in rows(entry.def) {
            let Source::Setting(id) = shown.source else { continue };
            let (_, setting) = entry.def.setting(id).unwrap();
            let mut window = Window::of(entry);
            window.unlock();
            let address = format!("{:04X}", row.addr);
            let before = window.settings();
            let (good, bad) = good_and_bad(setting, window.meter.twin.device().setting(id).unwrap());
            let context = format!("{} at {address}", id.key());
            if !writable(entry).any(|(it, _)| it.id == id) {
                assert_eq!(
                    window.write(&address, &written(setting, good)),
                    refusal(OpticalRefusal::ReadOnly)
                );
                assert_eq!(window.settings(), before, "{context}");
                continue;
            }
            for bad in [&written(setting, bad), "", "x", "-1"] {
                assert_eq!(window.write(&address, bad), refusal(OpticalRefusal::Range), "{context}: {bad}");
                assert_eq!(window.settings(), before, "{context}: {bad}");
            }
            assert_eq!(window.write(&address, &written(setting, good)), "ACK", "{context}");
            let kept = window.meter.twin.device().setting(id).map(i64::from);
            assert_eq!(kept, Some(good), "{context}");
            let expected = format!("{address}({})", said(row.codec, &window.words(shown)));
            assert_eq!(window.read(&address), expected, "{context}");
            let changed = window.settings().iter().zip(&before).filter(|(now, before)| now != before).count();
            assert_eq!(changed, 1, "{context} and nothing else");
            taken.push(id);
        }
        for (setting, _) in writable(entry) {
            assert!(taken.contains(&setting.id), "{}: {}", entry.def.slug, setting.id.key());
        }
        assert!(taken.len() >= 6, "{}: {taken:?}", entry.def.slug);
    }
}

#[test]
fn what_is_no_setting_is_read_and_not_written_and_commands_are_done() {
    for (entry, def) in with_window() {
        let mut window = Window::of(entry);
        window.unlock();
        let before = window.settings();
        let read_only = refusal(OpticalRefusal::ReadOnly);
        for line in def.lines {
            assert_eq!(window.write(line.code, "1"), read_only, "{}", line.code);
        }
        let mut commands = 0;
        for (row, shown) in rows(entry.def) {
            let address = format!("{:04X}", row.addr);
            let was = window.words(shown);
            match shown.access {
                Access::Command(_, argument) => {
                    commands += 1;
                    assert_ne!(was, vec![0; was.len()], "{address}");
                    if argument == Argument::Zero {
                        assert_eq!(window.write(&address, "1"), refusal(OpticalRefusal::Range), "{address}");
                        assert_eq!(window.words(shown), was, "{address}");
                    }
                    assert_eq!(window.write(&address, "0"), "ACK", "{address}");
                    assert_eq!(window.words(shown), vec![0; was.len()], "{address}");
                }
                _ if matches!(shown.source, Source::Setting(_)) => {}
                _ => {
                    assert_eq!(window.write(&address, "1"), read_only, "{address}");
                    assert_eq!(window.words(shown), was, "{address}");
                }
            }
        }
        assert!(commands > 0);
        assert_eq!(window.settings(), before);
    }
}

#[test]
fn nothing_is_written_before_the_password_or_with_a_damaged_memory() {
    for (entry, _) in with_window() {
        let mut window = Window::of(entry);
        window.open();
        let before = window.settings();
        let write_each = |window: &mut Window, why: OpticalRefusal| {
            for (row, shown) in rows(entry.def) {
                let value = match shown.source {
                    Source::Setting(id) => {
                        let (_, setting) = entry.def.setting(id).unwrap();
                        written(setting, i64::from(window.meter.twin.device().setting(id).unwrap()))
                    }
                    _ => "0".into(),
                };
                let writes = writable(entry).any(|(it, _)| shown.source == Source::Setting(it.id))
                    || matches!(shown.access, Access::Command(..));
                if writes || why == OpticalRefusal::Locked {
                    assert_eq!(
                        window.write(&format!("{:04X}", row.addr), &value),
                        refusal(why),
                        "{:04X}",
                        row.addr
                    );
                }
            }
        };
        write_each(&mut window, OpticalRefusal::Locked);
        assert_eq!(window.settings(), before);
        assert_eq!(window.message(b"P1", "(0000)"), "ACK");
        window.meter.twin.device_mut().set_program_good(false);
        write_each(&mut window, OpticalRefusal::Memory);
        assert_eq!(window.settings(), before);
    }
}
