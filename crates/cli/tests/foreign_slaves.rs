//! `metertwin read` and `metertwin set` as masters of what is not ours: a slave of pymodbus, slaves that do not as they
//! are told, and a meter behind a bad adapter.

mod common;
mod peers;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use common::{Folder, Run, Served, run};
use peers::{Answer, Line, Master, Running, pty_pair, python, read};

const TCP: &str = "tcp://127.0.0.1:0";
const MODBUS_TCP: &str = "modbus-tcp://127.0.0.1:0";

/// A meter whose values stay what they are for minutes: 0.01 kWh takes six.
const METER: &str = "pro1-mod load=\"L1 230.1V 0.5A pf 0.9 lead export\" energy.forward=1234.56 \
                     energy.reverse.t2=7.89 modbus-id=1 reply-delay=0ms";

/// The blocks of the present map.
const BLOCKS: [(u16, usize); 3] = [(0x4000, 32), (0x5000, 50), (0x6000, 75)];

/// What a foreign master finds in a meter: words by the address of the first.
type Image = BTreeMap<u16, Vec<u16>>;

fn image(address: &str) -> Image {
    let steps = BLOCKS.map(|(first, count)| read(first, count));
    let answers = Master::Libmodbus.run(Line::ModbusTcp(address), 1, &steps);
    let words = answers.into_iter().map(|answer| match answer {
        Answer::Registers(words) => words,
        other => panic!("{other:?}"),
    });
    BLOCKS.iter().map(|(first, _)| *first).zip(words).collect()
}

/// The image as the slave of pymodbus reads it.
fn json(image: &Image) -> String {
    let blocks: Vec<String> =
        image.iter().map(|(first, words)| format!("\"0x{first:04X}\": {words:?}")).collect();
    format!("{{{}}}", blocks.join(", "))
}

fn csv(link: &str) -> Run {
    run(&["read", "--link", link, "--format", "csv"])
}

/// The whole read-out, which must be there, without the time of each line: two are never of the same moment.
#[track_caller]
fn values(link: &str) -> String {
    let read = csv(link);
    assert_eq!(read.code, 0, "{link}: {}", read.err);
    read.out
        .lines()
        .filter_map(|line| line.rsplit_once(','))
        .map(|(line, _time)| format!("{line}\n"))
        .collect()
}

fn set(link: &str, change: &str) -> Run {
    run(&["set", "--link", link, change, "--yes"])
}

/// One value of a read-out.
#[track_caller]
fn value<'a>(csv: &'a str, key: &str) -> &'a str {
    let row = csv.lines().find(|line| line.starts_with(&format!("{key},")));
    row.and_then(|line| line.split(',').nth(2)).unwrap_or_else(|| panic!("no {key}: {csv}"))
}

#[test]
fn a_slave_of_pymodbus_is_read_and_set() {
    let folder = Folder::new();
    let served = Served::start(&["--meter", METER, "--port", MODBUS_TCP], 1);
    let image = folder.write("image.json", &json(&image(served.address(0))));
    let wanted = values(served.link(0));
    assert_eq!(value(&wanted, "energy.forward"), "1234.56");
    assert_eq!(value(&wanted, "power"), "-0.104");
    let (_socat, left, right) = pty_pair(&folder);
    for (kind, place, link) in
        [("tcp", "0", "modbus-tcp://"), ("rtutcp", "0", "tcp://"), ("pty", left.as_str(), "serial:")]
    {
        let mut slave = python("slave_pymodbus.py");
        slave.args([kind, place, &image]);
        let (_slave, address) = Running::start(slave);
        let link = format!("{link}{}", if kind == "pty" { &right } else { &address });
        assert_eq!(values(&link), wanted, "{kind}");
        for (change, key, after, sentence) in [
            ("scroll-time=15", "scroll-time", "15", "Scroll time is 15 s, read back from the meter.\n"),
            (
                "s0-rate=0.01",
                "s0-rate",
                "0.01",
                "Pulse output rate is 0.01 imp/kWh, read back from the meter.\n",
            ),
            (
                "combination-code=9",
                "combination-code",
                "9",
                "Combination code is 9, read back from the meter.\n",
            ),
        ] {
            let set = set(&link, change);
            assert_eq!((set.code, set.out.as_str()), (0, sentence), "{kind}: {}", set.err);
            assert_eq!(value(&values(&link), key), after, "{kind}");
        }
        // What the register has no place for is refused before anything is sent.
        let set = set(&link, "scroll-time=31");
        assert!(set.code == 2 && set.err.contains("expected 1 to 30 s"), "{kind}: {}", set.err);
        assert_eq!(value(&values(&link), "scroll-time"), "15", "{kind}");
    }
}

/// The registers of a meter in use, as another program read them; where they come from stands in the file.
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/peers/pro380_image.csv");

#[test]
fn a_slave_with_the_registers_of_a_real_meter_is_known_by_its_code_and_read_out() {
    let folder = Folder::new();
    let (_socat, left, right) = pty_pair(&folder);
    for (kind, place, link) in
        [("tcp", "0", "modbus-tcp://"), ("rtutcp", "0", "tcp://"), ("pty", left.as_str(), "serial:")]
    {
        let mut slave = python("slave_pymodbus.py");
        slave.args([kind, place, RECORDED]);
        let (_slave, address) = Running::start(slave);
        let link = format!("{link}{}", if kind == "pty" { &right } else { &address });
        let read = values(&link);
        for (key, wanted) in [
            ("serial", "22091039"),
            ("meter-code", "0102"),
            ("amps", "100"),
            ("protocol-version", "3.20"),
            ("software-version", "2.18"),
            ("hardware-version", "1.32"),
            ("checksum", "0D012D35"),
            ("ct-mode", "5"),
            ("combination-code", "1"),
            ("scroll-time", "10"),
            ("parity", "even"),
            ("s0-rate", "1000"),
            ("power-downs", "12"),
            ("status", "00110111"),
            ("direction.l1", "forward"),
            ("direction.l2", "reverse"),
            ("direction.l3", "reverse"),
            ("quadrant", "4"),
            ("quadrant.l1", "4"),
            ("quadrant.l2", "3"),
            ("quadrant.l3", "3"),
            ("voltage.l1", "234.3"),
            ("voltage.l3", "234.4"),
            ("frequency", "49.98"),
            ("current.l1", "4.05"),
            ("current.l2", "-1.62"),
            ("current.l3", "-2.15"),
            ("power", "0.175"),
            ("power.l1", "0.900"),
            ("power.l2", "-0.232"),
            ("power.l3", "-0.492"),
            ("reactive-power", "-0.569"),
            ("apparent-power", "1.777"),
            ("power-factor", "0.29"),
            ("power-factor.l2", "0.67"),
            ("energy.total", "15062.03"),
            ("energy.forward", "15062.03"),
            ("energy.forward.l3", "4620.54"),
            ("energy.reverse", "20257.91"),
            ("energy.reverse.l1", "6733.89"),
            ("energy.reactive.reverse", "12538.79"),
            ("energy.trip", "15056.17"),
        ] {
            assert_eq!(value(&read, key), wanted, "{kind}: {key}");
        }
        // Whose registers they are, the program says by itself, and so does not have to be told.
        let told = run(&["read", "--link", &link]).err;
        assert!(told.contains("PRO380-Mod, serial 22091039, software 2.18"), "{kind}: {told}");
    }
}

/// What a slave does with a write.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// Answers as if it were done, and does nothing.
    Ignores,
    /// Answers with an exception, and does nothing.
    Refuses(u8),
    /// Answers with an exception, and does it all the same.
    RefusesAndDoes(u8),
    /// Does it, but a new id is a number to it like any other: it goes on answering at id 1.
    StaysAtItsId,
    /// Takes another value than the one it was given.
    TakesAnother,
    /// Does it, and hangs up instead of an answer.
    HangsUp,
    /// Does it, and hangs up on every read from then on.
    HangsUpAfterwards,
}

/// A slave over Modbus TCP, made by hand: it ends with the test program.
fn slave(image: Image, manner: Manner) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut words: BTreeMap<u16, u16> = BTreeMap::new();
    for (first, block) in image {
        words.extend((first..).zip(block));
    }
    thread::spawn(move || {
        let mut written = false;
        for stream in listener.incoming() {
            let _ = serve(stream.unwrap(), &mut words, manner, &mut written);
        }
    });
    address
}

fn serve(
    mut stream: TcpStream,
    words: &mut BTreeMap<u16, u16>,
    manner: Manner,
    written: &mut bool,
) -> std::io::Result<()> {
    loop {
        let mut head = [0; 7];
        stream.read_exact(&mut head)?;
        let mut pdu = vec![0; usize::from(u16::from_be_bytes([head[4], head[5]])) - 1];
        stream.read_exact(&mut pdu)?;
        if head[6] != 1 {
            continue;
        }
        let word = |at: usize| u16::from_be_bytes([pdu[at], pdu[at + 1]]);
        let answer = match pdu[0] {
            3 if *written && matches!(manner, Manner::HangsUpAfterwards) => return Ok(()),
            3 => {
                let range = (word(1)..).take(usize::from(word(3)));
                let found: Option<Vec<u16>> = range.map(|at| words.get(&at).copied()).collect();
                match found {
                    Some(found) => {
                        let mut answer = vec![3, u8::try_from(found.len() * 2).unwrap()];
                        answer.extend(found.into_iter().flat_map(u16::to_be_bytes));
                        answer
                    }
                    None => vec![0x83, 2],
                }
            }
            function @ (6 | 16) => {
                *written = true;
                let data =
                    if function == 6 { vec![word(3)] } else { (6..pdu.len()).step_by(2).map(word).collect() };
                let does = !matches!(manner, Manner::Ignores | Manner::Refuses(_));
                for (at, word) in (word(1)..).zip(data).filter(|_| does) {
                    words.insert(
                        at,
                        if matches!(manner, Manner::TakesAnother) { word ^ 0x0003 } else { word },
                    );
                }
                match manner {
                    Manner::HangsUp => return Ok(()),
                    Manner::Refuses(exception) | Manner::RefusesAndDoes(exception) => {
                        vec![function | 0x80, exception]
                    }
                    _ => pdu[..5].to_vec(),
                }
            }
            other => vec![other | 0x80, 1],
        };
        let length = u16::try_from(answer.len() + 1).unwrap().to_be_bytes();
        stream.write_all(&[&head[..4], &length, &head[6..], &answer].concat())?;
    }
}

#[test]
fn what_a_slave_did_not_do_is_never_called_done() {
    let served = Served::start(&["--meter", METER, "--port", MODBUS_TCP], 1);
    let image = image(served.address(0));
    let cases: &[(Manner, &str, &str)] = &[
        (Manner::Ignores, "10", "but it reports 10 s. Not confirmed"),
        (
            Manner::Refuses(3),
            "10",
            "refused to set scroll time to 15 s. It still has 10 s. Allowed: 1 to 30 s. (exception 03)",
        ),
        (
            Manner::Refuses(4),
            "10",
            "refused to set scroll time to 15 s. It still has 10 s. Allowed: 1 to 30 s. (exception 04)",
        ),
        (Manner::TakesAnother, "16", "but it reports 16 s. Not confirmed"),
    ];
    for (manner, reads, sentence) in cases {
        let link = format!("modbus-tcp://{}", slave(image.clone(), *manner));
        let set = set(&link, "scroll-time=15");
        let said = format!("{manner:?}: {} {}{}", set.code, set.out, set.err);
        assert_eq!(set.code, 5, "{said}");
        assert!(set.out.contains(sentence), "{said}");
        assert!(!set.out.contains("is 15 s, read back"), "{said}");
        assert!(set.err.contains("0 of 1 changes are confirmed"), "{said}");
        assert_eq!(value(&values(&link), "scroll-time"), *reads, "{said}");
    }
}

#[test]
fn what_a_slave_did_without_saying_so_is_proven_or_unknown() {
    let served = Served::start(&["--meter", METER, "--port", MODBUS_TCP], 1);
    let image = image(served.address(0));
    for manner in [Manner::RefusesAndDoes(4), Manner::HangsUp, Manner::HangsUpAfterwards] {
        let link = format!("modbus-tcp://{}", slave(image.clone(), manner));
        let set = set(&link, "scroll-time=15");
        let said = format!("{manner:?}: {} {}{}", set.code, set.out, set.err);
        // Whoever says that it is done has read it.
        match manner {
            Manner::RefusesAndDoes(_) => {
                assert_eq!(set.code, 0, "{said}");
                assert_eq!(set.out, "Scroll time is 15 s, read back from the meter.\n");
            }
            _ => {
                assert_eq!(set.code, 5, "{said}");
                assert!(set.out.contains("It could not be read back."), "{said}");
                assert!(set.out.contains("If the meter took it, it has 15 s; if not, 10 s."), "{said}");
                assert!(set.err.contains("0 of 1 changes are confirmed"), "{said}");
            }
        }
    }
}

#[test]
fn a_slave_that_stays_at_its_id_is_not_said_to_have_moved() {
    let served = Served::start(&["--meter", METER, "--port", MODBUS_TCP], 1);
    let image = image(served.address(0));
    let link = format!("modbus-tcp://{}", slave(image, Manner::StaysAtItsId));
    let set = set(&link, "modbus-id=5");
    let said = format!("{} {}{}", set.code, set.out, set.err);
    assert_eq!(set.code, 5, "{said}");
    assert!(!set.out.contains("from now on") && !set.out.contains("found again at id 5"), "{said}");
    assert!(set.err.contains("0 of 1 changes are confirmed"), "{said}");
    let still = "The meter reports 5 but still answers as id 1 at 9600 8E1.";
    assert!(set.out.contains(still), "{said}");
}

/// A meter over tcp and a pseudo-terminal to it through an adapter with a fault.
fn behind(fault: &str, folder: &Folder) -> (Served, Running, String) {
    let served = Served::start(&["--meter", METER, "--port", TCP], 1);
    let path = folder.text("adapter");
    let mut line = python("bad_line.py");
    line.args([&path, served.address(0), fault]);
    let (running, _) = Running::start(line);
    (served, running, format!("serial:{path}"))
}

#[test]
fn a_bad_adapter_changes_nothing() {
    // They wait most of the time: several at once, but no more than leave each its place in real time.
    for faults in [&["clean", "chunk", "gap40"][..], &["echo", "noise"], &["tail", "late"]] {
        thread::scope(|scope| {
            for fault in faults {
                scope.spawn(move || survives(fault));
            }
        });
    }
}

fn survives(fault: &str) {
    let folder = Folder::new();
    let (served, line, link) = behind(fault, &folder);
    let found = run(&["find", "--link", &link, "--speeds", "9600", "--formats", "8E1,8N1", "--ids", "1-12"]);
    let said = format!("{fault}: {} {}{}", found.code, found.out, found.err);
    assert_eq!(found.code, 0, "{said}");
    let rows: Vec<Vec<&str>> =
        found.out.lines().skip(1).map(|line| line.split_ascii_whitespace().collect()).collect();
    assert!(rows.len() == 1 && rows[0].starts_with(&["Modbus", "9600", "8E1", "1"]), "{said}");
    assert_eq!(found.err.contains(commission::ECHO_SEEN), fault == "echo", "{said}");
    // A search so short that a late answer comes behind its last question finds the same.
    let short = run(&["find", "--link", &link, "--speeds", "9600", "--formats", "8E1", "--ids", "1"]);
    assert_eq!(short.out, found.out, "{fault}: {}", short.err);
    let read = values(&link);
    assert_eq!(value(&read, "energy.forward"), "1234.56", "{fault}");
    assert_eq!(value(&read, "voltage"), "230.1", "{fault}");
    assert_eq!(value(&read, "scroll-time"), "10", "{fault}");
    let set = set(&link, "scroll-time=15");
    assert_eq!(set.code, 0, "{fault}: {}{}", set.out, set.err);
    assert_eq!(set.out, "Scroll time is 15 s, read back from the meter.\n", "{fault}");
    drop(line);
    assert_eq!(value(&values(served.link(0)), "scroll-time"), "15", "{fault}");
}

#[test]
fn an_adapter_that_loses_answers_proves_nothing() {
    for fault in ["lost", "spoilt"] {
        let folder = Folder::new();
        let (served, line, link) = behind(fault, &folder);
        let read = csv(&link);
        assert_eq!((read.code, read.out.as_str()), (4, ""), "{fault}: {}", read.err);
        let set = set(&link, "scroll-time=15");
        assert_eq!((set.code, set.out.as_str()), (4, ""), "{fault}: {}", set.err);
        drop(line);
        assert_eq!(
            value(&values(served.link(0)), "scroll-time"),
            "10",
            "{fault}: no serial number, no write"
        );
    }
}
