//! Transcripts of the slave with a clock of the test's own.

use super::*;
use crate::{Data, FRAME_BUFFER, Identity, Manufacturer, Place, RawRecord, Writer};
use proptest::prelude::*;

/// A meter that keeps what it is told.
#[derive(Clone, Debug)]
struct Meter {
    id: u32,
    address: u8,
    telegrams: u8,
    reading: i64,
    done: Vec<String>,
}

impl Meter {
    fn new() -> Self {
        Self { id: 0x1307_0001, address: 0, telegrams: 1, reading: 1_604_814, done: Vec::new() }
    }
}

impl RecordSource for Meter {
    fn identity(&self) -> Identity {
        Identity { id: self.id, manufacturer: Manufacturer::INM, version: 2, medium: 2 }
    }

    fn status(&self) -> u8 {
        0
    }

    fn telegram(&self, index: u8, into: &mut [u8]) -> Option<(usize, bool)> {
        if index >= self.telegrams {
            return None;
        }
        let mut writer = Writer::new(into);
        let value = self.reading + i64::from(index);
        writer.record(Place::default(), &[0x04], Data::Bcd { value, digits: 8 }).ok()?;
        Some((writer.len(), index + 1 < self.telegrams))
    }

    fn address(&self) -> u8 {
        self.address
    }

    fn check(&self, command: &Command<'_>) -> Result<(), Refused> {
        match command {
            Command::Record(record) => deed(record).map(drop).ok_or(Refused),
            Command::Baud(300..=9600) | Command::ApplicationReset(_) => Ok(()),
            Command::SelectTelegram(0xB1 | 0xB4) => Ok(()),
            _ => Err(Refused),
        }
    }

    fn write(&mut self, command: &Command<'_>) {
        let Command::Record(record) = command else {
            self.done.push(format!("{command:?}"));
            return;
        };
        match (record.vif, record.data) {
            ([0x79], &[a, b, c, d]) => self.id = u32::from_le_bytes([a, b, c, d]),
            ([0x7A], &[address]) => self.address = address,
            _ => {}
        }
        self.done.extend(deed(record));
    }
}

/// What a record of the manual's table asks for, where its value can be.
fn deed(record: &RawRecord<'_>) -> Option<String> {
    let number = record.number();
    match (record.vif, record.data.len(), number) {
        ([0x7A], 1, Some(address @ 0..=250)) => Some(format!("PrimaryAddress({address})")),
        ([0x79], 4, Some(id @ 0..)) => Some(format!("SecondaryAddress({id:08})")),
        ([0x7C], 1, Some(tariff @ 1..=2)) if record.bytes[1..4] == [0x7C, 1, b'T'] => {
            Some(format!("Tariff({tariff})"))
        }
        ([0xFD, 0x3A], 1, Some(code @ (1 | 4 | 5 | 6 | 9 | 10))) => Some(format!("CombinationCode({code})")),
        ([0xFD, 0x3A], 4, Some(rate @ (1 | 10 | 100 | 1000 | 10_000 | 100_000 | 200_000 | 1_000_000))) => {
            Some(format!("S0Rate({rate})"))
        }
        ([0x04], 4, _) => Some("ResetDayCounter".into()),
        ([0xFD, 0x60], 2, _) => Some("ResetPowerDownCounter".into()),
        _ => None,
    }
}

/// What came out of the slave, and when.
#[derive(Clone, Debug, PartialEq)]
enum Out {
    Sent(Vec<u8>),
    Line(u32),
    Event(Event),
}

struct Bench<'m> {
    slave: Slave<'m>,
    meter: Meter,
    now: Instant,
}

impl Bench<'_> {
    /// Lets time pass until nothing is due within `span`.
    fn run(&mut self, span: Duration) -> Vec<(u64, Out)> {
        let end = self.now + span;
        let mut all = Vec::new();
        while let Some(at) = self.slave.poll_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            while let Some(output) = self.slave.poll(self.now, &mut self.meter) {
                let out = match output {
                    Output::Transmit(bytes) => Out::Sent(bytes.to_vec()),
                    Output::Reconfigure(line) => Out::Line(line.baud),
                    Output::Event(event) => Out::Event(event),
                };
                let sent = matches!(out, Out::Sent(_));
                all.push((self.now.as_micros(), out));
                if sent {
                    self.slave.handle_tx_done(self.now);
                }
            }
        }
        self.now = end;
        all
    }

    /// Sends bytes and returns what was answered within 100 ms.
    fn ask(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.slave.handle_rx(self.now, bytes);
        let all = self.run(Duration::from_millis(100));
        all.into_iter()
            .filter_map(|(_, out)| if let Out::Sent(bytes) = out { Some(bytes) } else { None })
            .flatten()
            .collect()
    }

    fn short(&mut self, control: u8, to: u8) -> Vec<u8> {
        self.ask(&[0x10, control, to, control.wrapping_add(to), 0x16])
    }

    fn user(&mut self, to: u8, ci: u8, data: &[u8]) -> Vec<u8> {
        self.ask(&long(0x53, to, ci, data))
    }

    fn status(&mut self) -> u8 {
        self.short(0x5B, self.slave.address())[16]
    }
}

fn long(control: u8, to: u8, ci: u8, data: &[u8]) -> Vec<u8> {
    let mut buffer = [0; FRAME_BUFFER];
    let n = Frame::Long { control: Control(control), address: to, ci, data }.emit(&mut buffer).unwrap();
    buffer[..n].to_vec()
}

fn with<R>(config: SlaveConfig, test: impl FnOnce(&mut Bench<'_>) -> R) -> R {
    let (mut rx, mut tx) = ([0; FRAME_BUFFER], [0; FRAME_BUFFER]);
    let slave = Slave::new(config, &mut rx, &mut tx);
    test(&mut Bench { slave, meter: Meter::new(), now: Instant::from_millis(1000) })
}

fn at(address: u8) -> SlaveConfig {
    SlaveConfig::new(address, LineParams::even(9600))
}

const E5: &[u8] = &[0xE5];

#[test]
fn a_telegram_with_the_header_and_a_fresh_access_number() {
    with(at(0), |bench| {
        bench.slave.set_access(0xFF);
        let golden = [
            0x68, 0x15, 0x15, 0x68, 0x08, 0x00, 0x72, 0x01, 0x00, 0x07, 0x13, 0xCD, 0x25, 0x02, 0x02, 0xFF,
            0x00, 0x00, 0x00, 0x0C, 0x04, 0x14, 0x48, 0x60, 0x01, 0x57, 0x16,
        ];
        assert_eq!(bench.short(0x5B, 0), golden);
        assert_eq!(bench.short(0x5B, 0)[15], 0, "the access number wraps");
    });
}

#[test]
fn the_answer_keeps_its_distance() {
    for (bits, micros) in [(0, 1146), (33, 3438), (999, 34_375)] {
        with(SlaveConfig { reply_bits: bits, ..at(1) }, |bench| {
            bench.slave.handle_rx(bench.now, &[0x10, 0x40, 0x01, 0x41, 0x16]);
            let all = bench.run(Duration::from_millis(100));
            assert_eq!(all[0], (1_000_000 + micros, Out::Sent(E5.to_vec())));
            assert_eq!(all[1].1, Out::Event(Event::Executed { control: Control::SND_NKE, refused: false }));
        });
    }
}

#[test]
fn whom_an_address_means() {
    with(at(7), |bench| {
        assert_eq!(bench.short(0x40, 7), E5);
        assert_eq!(bench.short(0x40, 8), [0u8; 0]);
        assert_eq!(bench.short(0x40, 0xFE), E5);
        assert_eq!(bench.short(0x40, 0xFF), [0u8; 0]);
        assert_eq!(bench.short(0x40, 0xFD), [0u8; 0], "not selected");
        assert_eq!(bench.short(0x5A, 7), E5, "no alarms");
        assert_eq!(bench.short(0x5B, 0xFE)[5], 7, "answers with its own address");
        assert_eq!(bench.short(0x5B, 0xFF), [0u8; 0]);
        assert_eq!(bench.short(0x49, 7), [0u8; 0], "a request nobody knows");
        // Everybody obeys FF in silence; FE serves reading only.
        assert_eq!(bench.user(0xFF, 0x51, &[0x09, 0x7C, 0x01, 0x54, 0x02]), [0u8; 0]);
        assert_eq!(bench.user(0xFE, 0x51, &[0x09, 0x7C, 0x01, 0x54, 0x01]), [0u8; 0]);
        assert_eq!(bench.meter.done, ["Tariff(2)"]);
    });
}

#[test]
fn selection_by_secondary_address() {
    with(at(0), |bench| {
        let select = |bench: &mut Bench<'_>, mask: [u8; 8]| bench.user(0xFD, 0x52, &mask);
        let own = [0x01, 0x00, 0x07, 0x13, 0xCD, 0x25, 0x02, 0x02];
        assert_eq!(select(bench, own), E5);
        assert_eq!(bench.short(0x7B, 0xFD)[5], 0);
        assert_eq!(bench.user(0xFD, 0x51, &[0x09, 0x7C, 0x01, 0x54, 0x02]), E5);
        // Another meter is selected: this one falls silent without a word.
        assert_eq!(select(bench, [0x02, 0x00, 0x07, 0x13, 0xCD, 0x25, 0x02, 0x02]), [0u8; 0]);
        assert_eq!(bench.short(0x7B, 0xFD), [0u8; 0]);
        assert_eq!(select(bench, [0xF1, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0x02]), E5);
        assert_eq!(bench.short(0x40, 0xFD), E5, "deselects");
        assert_eq!(bench.short(0x7B, 0xFD), [0u8; 0]);
        assert_eq!(select(bench, [0xFF; 8]), E5);
        assert_eq!(bench.user(0xFD, 0x52, &[0xFF; 7]), [0u8; 0]);
        assert!(!bench.slave.is_selected());
        assert_eq!(bench.user(0, 0x52, &own), [0u8; 0], "selection goes to FD only");
    });
}

#[test]
fn every_write_of_the_manual() {
    let writes: [(&[u8], &str); 8] = [
        (&[0x01, 0x7A, 0x05], "PrimaryAddress(5)"),
        (&[0x0C, 0x79, 0x15, 0x01, 0x23, 0x45], "SecondaryAddress(45230115)"),
        (&[0x09, 0x7C, 0x01, 0x54, 0x02], "Tariff(2)"),
        (&[0x09, 0xFD, 0x3A, 0x10], "CombinationCode(10)"),
        (&[0x0C, 0xFD, 0x3A, 0x00, 0x00, 0x01, 0x00], "S0Rate(10000)"),
        (&[0x0C, 0x04, 0x00, 0x00, 0x00, 0x00], "ResetDayCounter"),
        (&[0x0C, 0x04, 0xAB, 0xCD, 0x00, 0x12], "ResetDayCounter"),
        (&[0x0A, 0xFD, 0x60, 0x99, 0x99], "ResetPowerDownCounter"),
    ];
    for (data, done) in writes {
        with(at(1), |bench| {
            assert_eq!(bench.user(1, 0x51, data), E5);
            assert_eq!(bench.meter.done, [done]);
            assert_eq!(bench.status(), 0);
        });
    }
    with(at(1), |bench| {
        bench.user(1, 0x51, writes[0].0);
        assert_eq!(bench.short(0x40, 5), E5, "the new address holds from then on");
        bench.user(5, 0x51, writes[1].0);
        assert_eq!(bench.meter.id, 0x4523_0115, "low byte first, as it is read");
        assert_eq!(bench.user(5, 0x50, &[]), E5);
        assert_eq!(bench.user(5, 0x50, &[0x10]), E5);
        assert_eq!(bench.user(5, 0xB1, &[]), E5);
        assert_eq!(
            bench.meter.done[2..],
            ["ApplicationReset(None)", "ApplicationReset(Some(16))", "SelectTelegram(177)"]
        );
    });
}

#[test]
fn a_refused_value_is_acknowledged_and_shows_once_in_the_status() {
    let bad: [&[u8]; 7] = [
        &[0x01, 0x7A, 0xFB],
        &[0x09, 0x7C, 0x01, 0x54, 0x03],
        &[0x09, 0xFD, 0x3A, 0x1A],
        &[0x0C, 0xFD, 0x3A, 0x00, 0x00, 0x02, 0x00],
        &[0x0C, 0x79, 0x15, 0x01, 0x23, 0xF5],
        &[0x01, 0xFD, 0x0E, 0x07],
        // One bad record spoils its good neighbour.
        &[0x09, 0x7C, 0x01, 0x54, 0x02, 0x09, 0xFD, 0x3A, 0x03],
    ];
    for data in bad {
        with(at(1), |bench| {
            assert_eq!(bench.user(1, 0x51, data), E5);
            assert!(bench.meter.done.is_empty(), "{data:02X?}");
            assert_eq!((bench.status(), bench.status()), (2, 0));
        });
    }
    with(at(1), |bench| {
        assert_eq!(bench.user(1, 0x51, &[0x0C, 0x79, 0x15]), [0u8; 0], "a record cut short");
        assert_eq!(bench.user(1, 0x51, &[0x0F, 0x01]), E5, "the maker's own data: refused here");
        assert_eq!(bench.status(), 2);
    });
}

#[test]
fn the_speed_changes_behind_the_answer() {
    with(at(1), |bench| {
        bench.slave.handle_rx(bench.now, &[0x68, 3, 3, 0x68, 0x53, 0x01, 0xBB, 0x0F, 0x16]);
        let all: Vec<_> = bench.run(Duration::from_millis(100)).into_iter().map(|(_, out)| out).collect();
        let executed = Out::Event(Event::Executed { control: Control::SND_UD, refused: false });
        assert_eq!(all, [Out::Sent(E5.to_vec()), executed, Out::Line(2400)]);
        assert_eq!(bench.meter.done, ["Baud(2400)"]);
        assert_eq!(bench.user(1, 0xBE, &[]), [0u8; 0], "19200 is none of its speeds");
        assert_eq!(bench.user(1, 0x5C, &[]), [0u8; 0], "an unknown CI");
        // To everybody: no answer, at once.
        bench.slave.handle_rx(bench.now, &long(0x53, 0xFF, 0xB8, &[]));
        let all = bench.run(Duration::from_millis(100));
        assert!(
            all.iter().any(|(_, out)| *out == Out::Line(300))
                && !all.iter().any(|(_, out)| matches!(out, Out::Sent(_)))
        );
    });
}

#[test]
fn a_new_speed_nobody_speaks_is_given_up() {
    let trial = SlaveConfig { baud_trial: Some(Duration::from_secs(30)), ..at(1) };
    with(trial, |bench| {
        bench.user(1, 0xBB, &[]);
        let all = bench.run(Duration::from_secs(31));
        assert_eq!(all.last().map(|(_, out)| out.clone()), Some(Out::Line(9600)));
        assert_eq!(bench.meter.done, ["Baud(2400)", "Baud(9600)"]);
    });
    with(trial, |bench| {
        bench.user(1, 0xBB, &[]);
        assert_eq!(bench.short(0x40, 1), E5);
        assert_eq!(bench.run(Duration::from_secs(31)), []);
        assert_eq!(bench.slave.config().line.baud, 2400);
    });
    // A selection proves the speed only to the meter it selects.
    for (mask, baud) in [([0xFF; 8], 2400), ([0; 8], 9600)] {
        with(trial, |bench| {
            bench.user(1, 0xBB, &[]);
            bench.user(0xFD, 0x52, &mask);
            bench.run(Duration::from_secs(31));
            assert_eq!(bench.slave.config().line.baud, baud);
        });
    }
}

#[test]
fn masters_that_never_toggle_get_fresh_data() {
    for control in [0x5B, 0x7B] {
        with(at(1), |bench| {
            let first = bench.short(control, 1);
            bench.meter.reading += 1;
            let second = bench.short(control, 1);
            assert_eq!((first[21], second[21]), (0x14, 0x15));
            assert_eq!((first[15], second[15]), (0, 1));
        });
    }
}

#[test]
fn several_telegrams_follow_the_frame_count_bit() {
    with(at(1), |bench| {
        bench.meter.telegrams = 3;
        assert_eq!(bench.short(0x40, 1), E5);
        let first = bench.short(0x7B, 1);
        assert_eq!((first[21], first[25]), (0x14, 0x1F), "more records follow");
        assert_eq!(bench.short(0x7B, 1), first, "the same bytes again");
        assert_eq!(bench.short(0x5B, 1)[21], 0x15);
        let last = bench.short(0x7B, 1);
        assert_eq!((last[21], last[25]), (0x16, last[25]));
        assert_eq!(last[1], first[1] - 1, "nothing follows");
        assert_eq!(bench.short(0x7B, 1), last);
        assert_eq!(bench.short(0x5B, 1)[21], 0x14, "from the beginning");
        // The same bit after two seconds is another read-out, not a repeat.
        bench.run(Duration::from_secs(3));
        bench.meter.reading += 4;
        assert_eq!(bench.short(0x5B, 1)[21], 0x18);
        assert_eq!(bench.short(0x7B, 1)[21], 0x19);
        assert_eq!(bench.short(0x40, 1), E5);
        assert_eq!(bench.short(0x7B, 1)[21], 0x18, "SND_NKE: the first again");
        assert_eq!(bench.user(1, 0x50, &[]), E5);
        assert_eq!(bench.short(0x5B, 1)[21], 0x18, "application reset: the first again");
    });
}

#[test]
fn what_was_written_in_between_ends_a_read_out() {
    with(at(1), |bench| {
        (bench.meter.telegrams, bench.meter.address) = (3, 1);
        let old = bench.short(0x7B, 1);
        assert_eq!(bench.user(1, 0x51, &[0x0C, 0x79, 0x15, 0x01, 0x23, 0x45]), E5);
        let new = bench.short(0x7B, 1);
        assert_ne!(old, new, "not the telegram of before, though the frame count bit is the same");
        assert_eq!(new[7..11], [0x15, 0x01, 0x23, 0x45]);
        assert_eq!(bench.user(1, 0x51, &[0x01, 0x7A, 0xFB]), E5);
        assert_eq!(bench.short(0x7B, 1)[16], 2, "the status says at once that a value was refused");
    });
}

#[test]
fn damage_costs_silence() {
    with(at(1), |bench| {
        assert_eq!(bench.ask(&[0x10, 0x40, 0x01, 0x42, 0x16]), [0u8; 0]);
        assert_eq!(bench.ask(&[0x68, 3, 4, 0x68, 0x53, 0x01, 0xBB, 0x0F, 0x16]), [0u8; 0]);
        assert_eq!(bench.ask(&[0x10, 0x40, 0x01]), [0u8; 0]);
        bench.slave.handle_rx(bench.now, &[0x10, 0x40]);
        bench.slave.handle_line_error(bench.now, LineError::Parity);
        assert_eq!(bench.ask(&[0x01, 0x41, 0x16]), [0u8; 0]);
        assert_eq!(bench.short(0x40, 1), E5, "a pause heals");
        // Somebody else's answer goes by.
        assert_eq!(bench.ask(&long(0x08, 1, 0x72, &[0; 12])), [0u8; 0]);
        assert_eq!(bench.ask(E5), [0u8; 0]);
    });
}

#[test]
fn bytes_at_300_baud_one_by_one_make_a_frame() {
    with(SlaveConfig::new(1, LineParams::even(300)), |bench| {
        for byte in [0x10, 0x40, 0x01, 0x41, 0x16] {
            bench.slave.handle_rx(bench.now, &[byte]);
            bench.now += LineParams::even(300).char_time();
        }
        let all = bench.run(Duration::from_secs(1));
        assert!(all.iter().any(|(_, out)| *out == Out::Sent(E5.to_vec())));
    });
}

#[test]
fn small_buffers_cost_records_or_requests_only() {
    let (mut rx, mut tx) = ([0; 9], [0; 22]);
    let slave = Slave::new(at(1), &mut rx, &mut tx);
    let mut bench = Bench { slave, meter: Meter::new(), now: Instant::from_millis(5) };
    assert_eq!(bench.short(0x5B, 1)[1], 15, "a header alone");
    assert_eq!(bench.user(1, 0x51, &[0x09, 0x7C, 0x01, 0x54, 0x02]), [0u8; 0]);
    assert_eq!(bench.short(0x40, 1), E5);
}

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let short = (
        prop::sample::select(vec![0x40u8, 0x5B, 0x7B, 0x5A]),
        prop::sample::select(vec![1u8, 2, 0xFD, 0xFE, 0xFF]),
    )
        .prop_map(|(c, a)| vec![0x10, c, a, c.wrapping_add(a), 0x16]);
    let long =
        (prop::sample::select(vec![0x51u8, 0x52, 0x50, 0xB1]), prop::collection::vec(any::<u8>(), 0..12))
            .prop_map(|(ci, data)| long(0x73, 1, ci, &data));
    let junk = prop::collection::vec(any::<u8>(), 0..20);
    prop_oneof![3 => short, 2 => long, 1 => junk]
}

proptest! {
    #[test]
    fn any_bytes_at_any_time_are_survived(
        feed in prop::collection::vec((0u64..60_000, prop::collection::vec(any::<u8>(), 0..300)), 0..20),
    ) {
        with(at(1), |bench| {
            for (pause, bytes) in feed {
                bench.run(Duration::from_micros(pause));
                bench.slave.handle_rx(bench.now, &bytes);
            }
            bench.run(Duration::from_secs(1));
            bench.slave.reset();
            assert_eq!(bench.short(0x40, bench.slave.address()), E5);
        });
    }

    #[test]
    fn any_split_of_the_same_bytes_gives_the_same_answers(
        bursts in prop::collection::vec(frames(), 1..6),
        cuts in prop::collection::vec(0usize..30, 0..8),
    ) {
        let answers = |split: bool| with(at(1), |bench| {
            let mut all = Vec::new();
            for burst in &bursts {
                let mut from = 0;
                if split {
                    for cut in &cuts {
                        let to = (from + cut).min(burst.len());
                        bench.slave.handle_rx(bench.now, &burst[from..to]);
                        from = to;
                    }
                }
                bench.slave.handle_rx(bench.now, &burst[from..]);
                all.extend(bench.run(Duration::from_millis(200)).into_iter().filter(|(_, out)| matches!(out, Out::Sent(_))));
            }
            (all, bench.meter.done.clone())
        });
        prop_assert_eq!(answers(true), answers(false));
    }
}
