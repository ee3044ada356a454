use crate::input::Input;
use crate::meter::{self, Image};
use device::{Device, Door, PortOutput};
use iec62056::Bcc;
use mbus::{Control, Frame};
use metering::{Load, PhaseReading};
use modbus::crc;
use schema::{CommandId, PortId, SettingId};
use units::{Duration, EnergyKind, Flow, Instant, LineError, Phase, Point, Tariff};

/// One input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let entry = input.pick(models::ALL);
    let mut image = meter::blank(entry.def);
    let mut now = Instant::from_millis(1);
    // Loads so large that counters roll over, which is the one way in which they fall.
    let huge = input.byte() & 7 == 7;
    let mut before = (!huge).then(Vec::new);
    // A meter that is made anew from what the one before it left, as after new software.
    for _ in 0..4 {
        meter::start(entry.def, &mut image, now, |meter| story(meter, &mut input, &mut now, &mut before));
        if input.is_empty() {
            break;
        }
    }
}

fn story(
    meter: &mut Device<'_, Image<'_>>,
    input: &mut Input<'_>,
    now: &mut Instant,
    before: &mut Option<Vec<Option<i64>>>,
) {
    grow(before, meter);
    while !input.is_empty() {
        let mut metered = Duration::ZERO;
        let op = input.byte();
        match op % 16 {
            0 => meter.key_down(*now, key(meter, input)),
            1 => meter.key_up(*now, key(meter, input)),
            2 => meter.key_cancel(*now, key(meter, input)),
            // A press of up to 25 s.
            3 => {
                let key = key(meter, input);
                meter.key_down(*now, key);
                *now += Duration::from_millis(u64::from(input.byte()) * 100);
                meter.poll(*now, Duration::ZERO);
                meter.key_up(*now, key);
            }
            4 => metered = Duration::from_millis(input.u16().into()),
            // Up to 182 days at once.
            5 => metered = Duration::from_secs(u64::from(input.u16()) * if before.is_none() { 240 } else { 3 }),
            6 => meter.set_load(load(input, before.is_none())),
            7 => meter.power(*now, op & 16 != 0),
            8 => {
                meter.power(*now, false);
                *now += Duration::from_secs(1);
                meter.power(*now, true);
            }
            9 => {
                let port = port(meter, op);
                meter.rx(port, *now, input.counted());
            }
            10 => {
                let port = port(meter, op);
                let frame = whole(meter, port, op, input.counted());
                meter.rx(port, *now, &frame);
            }
            11 => {
                let id = input.pick(SettingId::ALL);
                let value = input.u32().cast_signed() >> (op & 0x10);
                let door = input.pick(&[Door::Panel, Door::Bus, Door::Optical, Door::Radio, Door::Factory]);
                let old = meter.setting(id);
                if meter.apply(door, &[(id, value.into())]).is_err() {
                    assert_eq!(meter.setting(id), old, "what was refused changes nothing");
                }
            }
            12 => {
                let command = input.pick(&[CommandId::ResetTrip, CommandId::ResetPowerDowns]);
                let _ = meter.command(command);
            }
            13 => {
                let port = port(meter, op);
                meter.line_error(port, *now, input.pick(&[LineError::Parity, LineError::Break]));
            }
            14 if op & 16 != 0 => meter.set_tariff_input(op & 32 != 0),
            14 => *now = meter.poll_at(*now).map_or(*now, |at| (*now).max(at)),
            _ => break,
        }
        *now += metered;
        meter.poll(*now, metered);
        ports(meter, now);
        look(meter, *now);
        grow(before, meter);
    }
    // Its memory is only whole after the warning that the supply goes.
    meter.power(*now, false);
}

/// One of the ports that the meter has.
fn port(meter: &Device<'_, Image<'_>>, op: u8) -> PortId {
    let ports: Vec<PortId> = PortId::ALL.into_iter().filter(|port| meter.model().has(*port)).collect();
    ports[usize::from(op >> 5) % ports.len()]
}

/// A good frame for the meter that carries `body`.
fn whole(meter: &Device<'_, Image<'_>>, port: PortId, op: u8, body: &[u8]) -> Vec<u8> {
    let own = meter.address(port).map_or(0, |(_, address)| address);
    match port {
        PortId::Modbus | PortId::Radio => {
            let mut frame = vec![if op & 16 == 0 { own } else { 0 }];
            frame.extend_from_slice(body);
            frame.extend(crc::wire(&frame));
            frame
        }
        PortId::Mbus => {
            let mut frame = [0; 300];
            let address = if op & 16 == 0 { own } else { 0xFD };
            let made = match body {
                [] => Frame::Short { control: Control(0x7B), address },
                [ci, data @ ..] => Frame::Long { control: Control(0x53), address, ci: *ci, data },
            };
            let n = made.emit(&mut frame).unwrap_or(0);
            frame[..n].to_vec()
        }
        PortId::Optical if op & 16 == 0 => b"/?!\r\n".to_vec(),
        PortId::Optical => {
            let mut message = vec![iec62056::control::SOH];
            message.extend(body.iter().map(|byte| byte & 0x7F));
            message.push(iec62056::control::ETX);
            message.push(Bcc::of(message.get(1..).unwrap_or_default()).value());
            message
        }
    }
}

/// Everything a meter has to say at its terminals, until it falls silent.
fn ports(meter: &mut Device<'_, Image<'_>>, now: &mut Instant) {
    for port in PortId::ALL {
        let mut turns = 0;
        while let Some(output) = meter.port_poll(port, *now) {
            let sending = match output {
                PortOutput::Transmit(frame) => {
                    assert!(port != PortId::Modbus || crc::holds(frame), "a meter sends whole frames");
                    assert!(port != PortId::Mbus || Frame::parse(frame).is_ok(), "a meter sends whole frames");
                    assert!(!frame.is_empty());
                    true
                }
                _ => false,
            };
            if sending {
                meter.tx_done(port, *now);
            }
            turns += 1;
            assert!(turns < 400, "a meter that never falls silent");
        }
    }
}

/// Everything a person can look at.
fn look(meter: &Device<'_, Image<'_>>, now: Instant) {
    let frame = meter.frame(now);
    assert!(meter.powered() || frame == Default::default(), "a meter without supply is dark");
    let _ = (meter.view(now), meter.backlight(now), meter.blink_on(now), meter.led(), meter.letting_go(now));
    if let Some(view) = meter.matrix_view(now) {
        assert!(!view.to_string().is_empty());
        let mut bits = vec![0; 128 * 160 / 8];
        assert!(lcd::Mono::new(128, 160, &mut bits).is_some_and(|mut mono| meter.picture(now, &mut mono)));
    }
    for key in meter.model().keys {
        let _ = meter.would(now, key.id);
    }
    let _ = meter.bluetooth(now);
    for at in PortId::ALL.into_iter().filter_map(|port| meter.port_poll_at(port)) {
        assert!(at <= now + Duration::from_secs(400 * 86_400));
    }
}

/// No energy goes backwards, whatever happens; the resettable counter is none of these.
fn grow(before: &mut Option<Vec<Option<i64>>>, meter: &Device<'_, Image<'_>>) {
    let Some(before) = before else { return };
    let flows = [Flow::Forward, Flow::Reverse];
    let tariffs = [Tariff::All, Tariff::T1, Tariff::T2];
    let mut at = 0;
    for kind in [EnergyKind::Active, EnergyKind::Reactive] {
        for flow in flows {
            for tariff in tariffs {
                let point = Point::Energy { kind, flow, phase: Phase::All, tariff };
                let value = meter.value(point);
                if at == before.len() {
                    before.push(value);
                }
                assert!(value >= before[at], "{point} went from {:?} to {value:?}", before[at]);
                before[at] = value;
                at += 1;
            }
        }
    }
}

fn key(meter: &Device<'_, Image<'_>>, input: &mut Input<'_>) -> schema::KeyId {
    let keys: Vec<schema::KeyId> = meter.model().keys.iter().map(|key| key.id).collect();
    input.pick(&keys)
}

fn load(input: &mut Input<'_>, huge: bool) -> Load {
    let mut load = Load { frequency_mhz: input.u16().into(), ..Load::default() };
    for phase in &mut load.phases {
        let more = input.byte();
        let size = more % if huge { 40 } else { 8 };
        *phase = PhaseReading {
            voltage_mv: u32::from(input.u16()) * 10,
            current_ma: u32::from(input.u16()) * 4,
            active_mw: i64::from(input.u16().cast_signed()) << size,
            reactive_mvar: i64::from(input.u16().cast_signed()) << size,
        };
        if more < 0x80 {
            break;
        }
    }
    load
}

/// A walk through the menus, an hour of load with a power cut, reads and writes on the bus.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let load = [6, 0xC3, 0x50, 12, 0x59, 0xD8, 0x04, 0xE2, 0x01, 0x1F, 0x00, 0x80];
    let mut seeds = Vec::new();
    for model in 0..u8::try_from(models::ALL.len()).unwrap_or(u8::MAX) {
        seeds.push([&[model, 0][..], &[3, 0, 1, 3, 0, 1, 3, 0, 35, 3, 0, 1, 3, 0, 35, 3, 0, 1, 14, 14]].concat());
        seeds.push([&[model, 0][..], &load, &[5, 0, 15, 8, 5, 0, 15, 7, 4, 1, 0, 23, 15, 4, 0xFF, 0xFF]].concat());
        seeds.push([&[model, 0][..], &load, &[4, 0x10, 0, 10, 5, 3, 0x50, 0, 0, 10, 14, 10, 5, 6, 0x40, 0x10, 0, 0x25, 14, 14]].concat());
        // The radio of a dot matrix is switched on; a read, the password and a write go over it.
        let radio = [3, 1, 35, 3, 1, 1, 74, 5, 3, 0x40, 0, 0, 2, 14, 74, 8, 0x10, 0x40, 0x34, 0, 1, 2, 0, 0, 14];
        seeds.push([&[model, 0][..], &radio, &[74, 5, 6, 0x40, 0x10, 0, 0x25, 14, 5, 0, 15, 14]].concat());
        seeds.push([&[model, 7][..], &[27, 2, 0, 9, 0, 0, 2, 14, 12, 0, 12, 1, 13, 0, 9, 3, 1, 2, 3, 14]].concat());
    }
    seeds
}
