//! Masters that know nothing of us read and set what we serve: the probe, mbpoll, pymodbus and libmodbus.
//!
//! A pseudo-terminal carries no parity, so they open it with none.

mod common;
mod peers;

use common::{Folder, Served};
use peers::mbpoll::Mbpoll;
use peers::{Answer, Line, Master, Running, python, read, said, write, write_many};
use rig::MeterSpec;
use schema::{ModelDef, Rule};
use units::Instant;

const TCP: &str = "tcp://127.0.0.1:0";
const MODBUS_TCP: &str = "modbus-tcp://127.0.0.1:0";

/// A meter whose values are asymmetric and stay what they are for minutes: what it exports takes the Wh between two
/// hundredths from the totals that count down first.
const METER: &str = "pro1-mod load=\"L1 230.1V 0.5A pf 0.9 lead export\" energy.forward=1234.565 \
                     energy.reverse.t2=7.894 energy.reactive.forward=98765.435 s0-rate=0.01 combination-code=9";

/// The words that masters are to find from an address on: the tables, encoded from a meter of the same birth.
fn image(first: u16) -> Vec<u16> {
    let mut twin = MeterSpec::parse(METER).unwrap().build(None, Instant::ZERO).unwrap();
    twin.device_mut().take_reading();
    let model: &ModelDef = twin.entry().def;
    let block = model.registers.iter().find(|block| block.first() == first).unwrap();
    assert_eq!(block.rule, Rule::Contiguous);
    let mut words = Vec::new();
    for row in block.rows {
        assert_eq!(usize::from(row.addr - first), words.len(), "no hole in this map");
        let value = twin.device().works().source(row.source);
        let encoded = row.codec.encode(value, model.unit(row.source));
        words.extend_from_slice(&encoded[..usize::from(row.codec.words())]);
    }
    words
}

#[test]
fn no_row_of_the_probe_differs() {
    let folder = Folder::new();
    let pty = folder.text("meter");
    let lines = [("rtutcp", TCP.to_owned()), ("pty", format!("pty:{pty}")), ("tcp", MODBUS_TCP.to_owned())];
    // The probe waits for silence most of the time: all three at once.
    let running: Vec<_> = lines
        .into_iter()
        .map(|(kind, port)| {
            let served = Served::start(&["--model", common::model(), "--port", &port], 1);
            let mut probe = python("modbus_conformance.py");
            probe.args([kind, if kind == "pty" { &pty } else { served.address(0) }]);
            if kind != "tcp" {
                probe.arg("--unit0-answers");
            }
            let child = probe.stdout(std::process::Stdio::piped()).spawn().unwrap();
            (kind, served, child)
        })
        .collect();
    for (kind, _served, child) in running {
        let output = child.wait_with_output().unwrap();
        let text = said(&output);
        assert!(output.status.success() && text.contains("; 0 differs;"), "{kind}: {text}");
        let rows = if kind == "tcp" { "26 as expected" } else { "38 as expected" };
        assert!(text.contains(rows), "{kind}: {text}");
    }
}

#[test]
fn mbpoll_reads_and_sets() {
    let folder = Folder::new();
    let pty = folder.text("meter");
    let args = ["--meter", METER, "--port", &format!("pty:{pty}"), "--port", MODBUS_TCP, "--port", TCP];
    let served = Served::start(&args, 3);
    let bridge = folder.text("bridge");
    let ends = [&format!("pty,raw,echo=0,link={bridge}"), &format!("tcp:{}", served.address(2))];
    let _socat = Running::socat([ends[0], ends[1]], &[folder.path("bridge")]);
    let lines = [Mbpoll::rtu(&pty), Mbpoll::tcp(served.address(1)), Mbpoll::rtu(&bridge)];
    for (time, line) in ["1", "2", "3"].into_iter().zip(&lines) {
        assert_eq!(line.read("4:hex", 0x4000, "2"), ["0x1307", "0x0001"]);
        assert_eq!(line.read("4:float", 0x5000, "2"), ["230.1", "230.1"]);
        assert_eq!(line.read("4:float", 0x500A, "1"), ["-0.5"]);
        assert_eq!(line.read("4:float", 0x5012, "1"), ["-0.104"]);
        assert_eq!(line.read("3:float", 0x5012, "1"), ["-0.104"], "function 04 is answered as 03");
        assert_eq!(line.read("4:float", 0x600C, "1"), ["1234.56"]);
        // Scroll time is decimal digits, the pulse rate a float that only function 16 can carry.
        let (text, good) = line.poll("4:hex", 0x4010, &[&format!("0x2{time}")]);
        assert!(good && text.contains("Written 1 references"), "{text}");
        assert_eq!(line.read("4:hex", 0x4010, "1"), [format!("0x002{time}")]);
        let (text, good) =
            line.poll("4:float", 0x400D, &[&format!("1{}", "0".repeat(time.parse().unwrap()))]);
        assert!(good && text.contains("Written 1 references"), "{text}");
        assert_eq!(line.read("4:float", 0x400D, "1"), [format!("1{}", "0".repeat(time.parse().unwrap()))]);
        line.refused("4:hex", 0x0100, &["-c", "2"], "Illegal data address");
        line.refused("4:hex", 0x4010, &["0x31"], "Illegal data value");
        line.refused("4:float", 0x400D, &["11"], "Illegal data value");
        line.refused("4:float", 0x5000, &["11"], "Illegal data address");
        assert_eq!(line.read("4:hex", 0x4010, "1"), [format!("0x002{time}")]);
    }
}

/// Writes that are taken, in this order: the step, and the words that stand there afterwards.
fn taken() -> Vec<(String, String, Vec<u16>)> {
    let one = |addr, word, after| (write(addr, word), read(addr, 1), vec![after]);
    let many = |addr, words: &[u16]| (write_many(addr, words), read(addr, words.len()), words.to_vec());
    vec![
        one(0x4010, 0x0025, 0x0025),
        many(0x4010, &[0x0030]),
        many(0x400D, &[0x461C, 0x4000]),
        // The nearest float to 0.1, and one bit beside it.
        (write_many(0x400D, &[0x3DCC, 0xCCCE]), read(0x400D, 2), vec![0x3DCC, 0xCCCD]),
        one(0x400F, 0x000A, 0x000A),
        one(0x4011, 3, 3),
        one(0x4016, 0x1234, 0),
        one(0x6048, 2, 2),
        one(0x6048, 12, 12),
        many(0x6049, &[0, 0]),
        many(0x400F, &[5, 0x0012, 2]),
        // Tariff and resettable counter stand side by side.
        many(0x6048, &[1, 0, 0]),
    ]
}

/// Writes that are refused, with the exception; the words that must not change are those of all settings.
fn refused() -> Vec<(String, u8)> {
    let mut steps: Vec<(String, u8)> = [
        // Out of range: id, speed, pulse rate by half, code, scroll time, parity, tariff.
        (0x4003, 0),
        (0x4003, 248),
        (0x4004, 600),
        (0x4004, 9_601),
        (0x400D, 0x447A),
        (0x400E, 0x0000),
        (0x400F, 0),
        (0x400F, 11),
        (0x4010, 0),
        (0x4010, 0x0031),
        (0x4010, 0x001A),
        (0x4011, 0),
        (0x4011, 4),
        (0x6048, 0),
        (0x6048, 3),
        (0x6049, 0),
        (0x604A, 0),
    ]
    .map(|(addr, word)| (write(addr, word), 3))
    .to_vec();
    // Nothing to be written there: identity, readings, energies, what only the sister has, the older map, nothing.
    for addr in [0x4000, 0x4002, 0x400B, 0x400C, 0x4012, 0x401F, 0x5000, 0x6000, 0x1018, 0x0100, 0xFFFF] {
        steps.push((write(addr, 0), 2));
    }
    steps.extend([
        (write_many(0x4000, &[0x1307, 0x0002]), 2),
        (write_many(0x400D, &[0x4130, 0x0000]), 3),
        (write_many(0x6049, &[0x3F80, 0x0000]), 3),
        // All or nothing: a good one before a bad one, before a hole, and behind half a value.
        (write_many(0x4010, &[0x0015, 4]), 3),
        (write_many(0x4003, &[7, 4_801]), 3),
        (write_many(0x4003, &[7, 4_800, 0x404C, 0xCCCD]), 2),
        (write_many(0x4011, &[1, 0]), 2),
        (write_many(0x400E, &[0, 1]), 3),
        (write_many(0x6048, &[2, 0]), 3),
        (write_many(0x604A, &[0, 0]), 3),
    ]);
    steps
}

/// The whole map, every write, every refusal, and at last a new id and speed, by one master on one line.
#[track_caller]
fn whole_round(master: Master, line: Line<'_>) {
    let context = format!("{master:?} {line:?}");
    let settings = [read(0x4003, 2), read(0x400D, 5), read(0x6048, 1)];
    // The whole map in the fewest requests: one a block.
    let blocks = [0x4000u16, 0x5000, 0x6000].map(|first| (first, image(first)));
    let reads: Vec<String> = blocks.iter().map(|(first, words)| read(*first, words.len())).collect();
    for (answer, (first, words)) in master.run(line, 1, &reads).into_iter().zip(&blocks) {
        assert_eq!(answer, Answer::Registers(words.clone()), "{context} {first:04X}h");
    }
    let taken = taken();
    let steps: Vec<String> = taken.iter().flat_map(|(step, back, _)| [step.clone(), back.clone()]).collect();
    for (answers, (step, _, after)) in master.run(line, 1, &steps).chunks(2).zip(&taken) {
        let count = step.split(',').count();
        assert_eq!(answers[0], Answer::Written(u16::try_from(count).unwrap()), "{context} {step}");
        assert_eq!(answers[1], Answer::Registers(after.clone()), "{context} {step}");
    }
    let refused = refused();
    let mut steps = settings.to_vec();
    steps.extend(refused.iter().map(|(step, _)| step.clone()));
    steps.extend(settings.to_vec());
    let answers = master.run(line, 1, &steps);
    for (answer, (step, exception)) in answers[settings.len()..].iter().zip(&refused) {
        assert_eq!(*answer, Answer::Exception(*exception), "{context} {step}");
    }
    assert_eq!(answers[..settings.len()], answers[answers.len() - settings.len()..], "{context}");
    // The answer leaves at the old id and speed; then nothing is heard there any more.
    let moved = master.run(line, 1, &[write_many(0x4003, &[5, 4_800]), read(0x4003, 2)]);
    assert_eq!(moved[0], Answer::Written(2), "{context}");
    assert!(matches!(moved[1], Answer::Nothing(_)), "{context}: {:?}", moved[1]);
    let there = if let Line::Pty(path, _) = line { Line::Pty(path, 4_800) } else { line };
    if matches!(line, Line::Pty(..)) {
        let at_old_speed = master.run(line, 5, &[read(0x4003, 2)]);
        assert!(matches!(at_old_speed[0], Answer::Nothing(_)), "{context}: {:?}", at_old_speed[0]);
    }
    assert_eq!(master.run(there, 5, &[read(0x4003, 2)]), [Answer::Registers(vec![5, 4_800])], "{context}");
}

#[test]
fn pymodbus_reads_and_sets_over_the_bytes_of_the_bus() {
    let served = Served::start(&["--meter", METER, "--port", TCP], 1);
    whole_round(Master::Pymodbus, Line::RtuTcp(served.address(0)));
}

#[test]
fn pymodbus_reads_and_sets_over_modbus_tcp() {
    let served = Served::start(&["--meter", METER, "--port", MODBUS_TCP], 1);
    whole_round(Master::Pymodbus, Line::ModbusTcp(served.address(0)));
}

#[test]
fn libmodbus_reads_and_sets_over_modbus_tcp() {
    let served = Served::start(&["--meter", METER, "--port", MODBUS_TCP], 1);
    whole_round(Master::Libmodbus, Line::ModbusTcp(served.address(0)));
}

#[test]
fn both_read_and_set_over_a_pty() {
    for master in [Master::Pymodbus, Master::Libmodbus] {
        let folder = Folder::new();
        let pty = folder.text("meter");
        let _served = Served::start(&["--meter", METER, "--port", &format!("pty:{pty}")], 1);
        whole_round(master, Line::Pty(&pty, 9_600));
    }
}

/// The single that two registers hold, high word first.
fn float(words: &[u16]) -> f32 {
    f32::from_bits(u32::from(words[0]) << 16 | u32::from(words[1]))
}

#[test]
fn a_float_is_never_torn_while_the_counters_run() {
    // 10.35 kW, 3600 times faster than the clock: every millisecond the counters show another word.
    let meter = "pro1-mod load=\"L1 230V 45A\" energy.forward=0.5 reply-delay=0ms combination-code=5";
    let served = Served::start(&["--meter", meter, "--port", MODBUS_TCP, "--speed", "3600"], 1);
    // Total, forward, its tariff 1 and the rest of the block: counted alike, they are of one sample.
    let steps = vec![read(0x6000, 75); 400];
    let mut last = 0.0;
    let mut changes = 0;
    // A fast machine reads many times between two changes: it goes on until it has seen enough of them.
    for _ in 0..100 {
        for answer in Master::Libmodbus.run(Line::ModbusTcp(served.address(0)), 1, &steps) {
            let Answer::Registers(words) = answer else { panic!("{answer:?}") };
            let [total, total_t1, forward, forward_t1, trip] =
                [0, 2, 0x0C, 0x0E, 0x49].map(|at| float(&words[at..]));
            assert_eq!([total, total_t1, forward_t1], [forward; 3]);
            assert!((forward - 0.5 - trip).abs() < 0.011, "{forward} is not 0.5 kWh and {trip}");
            assert!(forward >= last && forward < 10_000.0, "{forward} after {last}");
            changes += u32::from(forward > last);
            last = forward;
        }
        if changes > 20 {
            return;
        }
    }
    panic!("the counters stood nearly still: {changes} changes");
}
