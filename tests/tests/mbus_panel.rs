//! A telegram as other hands decode it, beside the display of the meter that sent it: the same numbers.
//!
//! pyMeterBus is that of `tests/peers`; `cargo xtask test` brings what it needs.

mod common;

use std::process::Command;

use common::{Meter, matrix};
use device::PortOutput;
use m_bus_parser::WiredFrame;
use m_bus_parser::mbus_data::MbusData;
use m_bus_parser::user_data::data_information::DataType;
use mbus::{Control, Frame};
use schema::{PortId, RecordDef, RecordForm, Source};
use units::{Duration, EnergyKind, Point, What};

/// What the meter says when it is asked for its data.
fn telegram(meter: &mut Meter) -> Vec<u8> {
    let mut bytes = [0; 261];
    let n = Frame::Short { control: Control::REQ_UD2, address: 0 }.emit(&mut bytes).unwrap();
    let later = meter.now + Duration::from_millis(200);
    let device = meter.twin.device_mut();
    device.rx(PortId::Mbus, meter.now, &bytes[..n]);
    let mut answer = Vec::new();
    while let Some(output) = device.port_poll(PortId::Mbus, later) {
        if let PortOutput::Transmit(bytes) = output {
            answer = bytes.to_vec();
            device.tx_done(PortId::Mbus, later);
        }
    }
    meter.pass(Duration::from_millis(300));
    assert!(!answer.is_empty(), "no telegram");
    answer
}

/// The numbers of the records as m-bus-parser reads them, in the unit people read.
fn parsed(frame: &[u8], records: &[RecordDef]) -> Vec<Option<f64>> {
    let parsed = MbusData::<WiredFrame>::try_from(frame).expect("a frame");
    let all = parsed.data_records.into_iter().flatten().zip(records);
    all.map(|(record, def)| match record.expect("a record").value() {
        Some(DataType::Number(value) | DataType::LossyNumber(value)) => {
            Some(*value / 10f64.powi(def.decimals.into()))
        }
        _ => None,
    })
    .collect()
}

/// The values of the records as pyMeterBus reads them, in the unit people read; `None` for what it has no unit for.
fn pymeterbus(frame: &[u8], records: &[RecordDef]) -> Vec<Option<f64>> {
    let peers = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let path = std::env::temp_dir().join(format!("metertwin-panel-{}", std::process::id()));
    let hex: String = frame.iter().map(|byte| format!("{byte:02X}")).collect();
    std::fs::write(&path, format!("spoken meter {hex}\n")).unwrap();
    let python = std::env::var("METERTWIN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.arg(peers.join("decode_pymeterbus.py")).arg(&path).arg("values");
    let output = command.output().unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
    std::fs::remove_file(&path).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().count(), records.len(), "{said}");
    said.lines()
        .zip(records)
        .map(|(line, def)| {
            // Watt-hours and watts are its units; of what it calls reserved it gives digits only.
            let kilo = match def.source {
                Source::Point(Point::Energy { kind: EnergyKind::Active, .. })
                | Source::Point(Point::Now { what: What::P, .. }) => 1_000.0,
                Source::Point(Point::Now { what: What::U | What::I, .. }) => 1.0,
                _ => return None,
            };
            line.parse::<f64>().ok().map(|value| value / kilo)
        })
        .collect()
}

/// True where a record and a text of the display are the same number, each cut off behind its own digits.
fn agrees(def: &RecordDef, value: f64, text: &str) -> bool {
    let number: f64 = text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"));
    let decimals = text.split_once('.').map_or(0, |(_, behind)| behind.len());
    let finest = decimals.min(def.decimals.into());
    (number - value).abs() < 10f64.powi(-i32::try_from(finest).unwrap()) * 1.000_001
}

#[test]
fn other_hands_read_in_a_telegram_what_stands_on_the_display() {
    let energies = "energy.forward.t1=4812.736 energy.forward.t2=1270.095 energy.forward.t4=7.001 \
                    energy.reverse.t1=62.184 energy.reverse.t3=99.9 energy.reactive.forward=204.77";
    let loads =
        "load=\"L1 230.12V 2.5A pf 0.9 lag\" load=\"L2 229V 1A pf 0.8 lead\" load=\"L3 231V 3A export\"";
    let mut faces = 0;
    for entry in common::families() {
        let (Some(mbus), Some(def)) = (entry.def.mbus, entry.def.matrix) else { continue };
        let records = mbus.telegrams[0].records;
        // Energies while nothing is counted, readings while something flows.
        for (words, still) in [(energies, true), (loads, false)] {
            let mut meter = Meter::of(&format!("{} {words}", entry.def.slug));
            meter.pass(Duration::from_secs(2));
            let frame = telegram(&mut meter);
            let shown = matrix::shown(&mut meter, def);
            for (who, read) in
                [("m-bus-parser", parsed(&frame, records)), ("pyMeterBus", pymeterbus(&frame, records))]
            {
                let mut compared = 0;
                for (record, value) in records.iter().zip(read) {
                    let energy = matches!(record.source, Source::Point(Point::Energy { .. }));
                    let plain = record.form == RecordForm::Number;
                    let (Some(value), true) = (value, plain && energy == still) else { continue };
                    for (_, text) in shown.iter().filter(|(source, _)| *source == record.source) {
                        assert!(
                            agrees(record, value, text),
                            "{who} {:?}: {value}, not {text}",
                            record.source
                        );
                        compared += 1;
                    }
                }
                assert!(compared >= 8, "{who}: {compared} numbers on the display, {shown:?}");
            }
        }
        faces += 1;
    }
    assert!(faces > 0, "no meter with a dot matrix and an M-Bus");
}
