use mbus::link::{self, FrameLen};
use mbus::{Application, Data, Frame, Header, Mask, Place, Record, Records, Value, Writer};

/// One input.
pub fn run(data: &[u8]) {
    frame(data);
    // The same bytes as the user data of a good frame.
    if let [control, address, ci, data @ ..] = data {
        let frame = Frame::Long { control: mbus::Control(*control), address: *address, ci: *ci, data };
        let mut out = [0; 300];
        if let Ok(n) = frame.emit(&mut out) {
            assert_eq!(Frame::parse(&out[..n]), Ok(frame));
            assert_eq!(link::frame_len(&out[..n]), FrameLen::Exactly(n));
            for cut in 0..n {
                assert!(Frame::parse(&out[..cut]).is_err(), "a part of a frame is none");
            }
        }
        application(*ci, data);
    }
}

fn frame(data: &[u8]) {
    let Ok(frame) = Frame::parse(data) else { return };
    let mut out = [0; 300];
    let n = frame.emit(&mut out).unwrap();
    assert_eq!((&out[..n], frame.emitted_len()), (data, n));
    assert_eq!(link::frame_len(data), FrameLen::Exactly(n));
}

fn application(ci: u8, data: &[u8]) {
    match Application::parse(ci, data) {
        Ok(Application::Variable { header, records: found }) => {
            if header.identity.is_some() {
                assert_eq!(Header::parse_long(header.long()), header);
            }
            if let Some(identity) = header.identity {
                let exact = Mask::exactly(identity).matches(identity);
                assert!(exact && Mask::ANY.matches(identity));
                let _ = identity.to_string();
            }
            records(found);
        }
        Ok(Application::Fixed(fixed)) => {
            let _ = (fixed.identity(), format!("{fixed:?}"));
        }
        Ok(_) => {}
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
}

fn records(mut records: Records<'_>) {
    let before = records.rest();
    let mut told = 0;
    while let Some(next) = records.next() {
        assert!(records.rest().len() <= before.len() - told, "the rest only shrinks");
        match next {
            Ok(record) => {
                told += record.bytes.len();
                record_accessors(&record);
                again(&record);
            }
            Err(fault) => {
                assert!(!fault.to_string().is_empty());
                assert!(records.next().is_none(), "nothing is read behind a fault");
                break;
            }
        }
    }
    assert!(told <= before.len());
    let _ = (records.more_follows(), records.manufacturer_data(), records.rest());
}

fn record_accessors(record: &Record<'_>) {
    assert!(record.bytes.starts_with(record.dib()));
    assert!(record.modifiers().count() <= record.vifes.len());
    let _ = (record.value.as_int(), record.text.chars().count(), record.text.to_string());
    let _ = format!("{record:?} {} {:?} {:?}", record.unit.text(), record.direction, record.phase);
}

/// What can be written of a record reads back as the same.
fn again(record: &Record<'_>) {
    let data = match record.value {
        Value::None if record.data.is_empty() => Data::None,
        Value::Int(value) => Data::Int { value, bytes: u8::try_from(record.data.len()).unwrap() },
        Value::Bcd { value, digits } => Data::Bcd { value, digits },
        Value::Real(value) if !value.is_nan() => Data::Real(value),
        _ => return,
    };
    let place =
        Place { function: record.function, storage: record.storage, tariff: record.tariff, subunit: record.subunit };
    let vib = &record.bytes[record.dib().len()..record.bytes.len() - record.data.len()];
    let mut buffer = [0; 300];
    let mut writer = Writer::new(&mut buffer);
    if writer.record(place, vib, data).is_err() {
        assert!(writer.is_empty(), "what was refused leaves nothing behind");
        return;
    }
    let written = Records::new(writer.bytes()).next().expect("a record was written").expect("it reads back");
    assert_eq!(written.value, record.value);
    assert_eq!((written.vif, written.vifes, written.text), (record.vif, record.vifes, record.text));
    assert_eq!(
        (written.function, written.storage, written.tariff, written.subunit),
        (record.function, record.storage, record.tariff, record.subunit)
    );
    assert_eq!((written.unit, written.scale, written.error), (record.unit, record.scale, record.error));
}

/// Frames of each kind, and an answer with records of many.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let header = [0x01, 0x00, 0x07, 0x13, 0xCD, 0x25, 0x02, 0x02, 0x05, 0x00, 0x00, 0x00];
    let records: &[&[u8]] = &[
        &[0x0C, 0x78, 0x01, 0x00, 0x07, 0x13],
        &[0x04, 0x03, 0x10, 0x27, 0x00, 0x00],
        &[0x84, 0x10, 0x83, 0x3B, 0x10, 0x27, 0x00, 0x00],
        &[0x02, 0xFD, 0xC8, 0xFC, 0x01, 0xFD, 0x08],
        &[0x05, 0x2B, 0x00, 0x00, 0x80, 0x3F],
        &[0x0C, 0x04, 0x34, 0x12, 0x00, 0xF0],
        &[0x04, 0x6D, 0x2D, 0x0C, 0x75, 0x2B],
        &[0x0D, 0xFD, 0x11, 0x03, b'c', b'b', b'a'],
        &[0x01, 0x7C, 0x01, b'T', 0x02],
        &[0x2F, 0x2F, 0x1F, 0x01, 0x02],
    ];
    let mut seeds = vec![vec![0xE5], vec![0x10, 0x7B, 0x01, 0x7C, 0x16], vec![0x10, 0x40, 0xFD, 0x3D, 0x16]];
    for record in records {
        seeds.push([&[0x08, 0x01, 0x72][..], &header, record].concat());
    }
    seeds.push([&[0x08, 0x01, 0x72][..], &header, &records.concat()].concat());
    seeds.push([&[0x08, 0x01, 0x73][..], &[0x78, 0x56, 0x34, 0x12, 0x0A, 0x00, 0xE9, 0x7E], &[0x01, 0, 0, 0, 0x35, 1, 0, 0]].concat());
    let select = Frame::Long { control: mbus::Control::SND_UD, address: 0xFD, ci: 0x52, data: &[0xFF; 8] };
    let mut out = [0; 32];
    let n = select.emit(&mut out).unwrap();
    seeds.push(out[..n].to_vec());
    seeds
}
